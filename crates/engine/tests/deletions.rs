//! A deletion reaches everything that is still buffered, within 60 seconds of event time: posts are planted, deleted, and looked
//! for in what the operators hold and in the checkpoint, before it is encrypted. The way to look is in debug builds only.
#![cfg(debug_assertions)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fmt::Write as _;
use std::net::TcpListener;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use groundswell_detect::amplify::AmplifyConfig;
use groundswell_detect::burst::BurstConfig;
use groundswell_detect::volume::{Held, VolumeConfig};
use groundswell_edge::{Edge, EdgeConfig, EdgePost, EdgeShared};
use groundswell_engine::{
    Checkpoint, Closed, Cluster, Counters, CoverageBoard, EngineConfig, EngineError, Inspector, Joined, ReleaseSink,
    Share, SourceConfig, Totals, WatchBoard, run_inspected,
};
use groundswell_gate::{Gate, K};
use groundswell_post::{EventTime, RawPost};
use groundswell_sources::{
    BlockSender, DecodeOptions, ManualClock, PartitionHandle, PartitionSpec, Payload, SourceIx, Stop, channel,
};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_mins(1);
/// Noon: no day ends while the test runs.
const START: i64 = 1_767_614_400;
const LATENESS: Duration = Duration::from_mins(10);
const CHECKPOINT_EVERY: Duration = Duration::from_hours(1);
const ROOT_KEY: [u8; 32] = [7; 32];
/// Planted posts, each with an author and a word of its own.
const PLANTED: u64 = 40;

/// Hands checkpoints to the test, as they are before they are encrypted.
struct Sink(Mutex<mpsc::Sender<Vec<u8>>>);

impl ReleaseSink for Sink {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let words = closed.rows.iter().any(|row| row.value.starts_with("quagga"));
        anyhow::ensure!(!words, "a word of one author was released");
        Ok(())
    }

    fn checkpoint(&mut self, checkpoint: Checkpoint) -> Result<(), anyhow::Error> {
        // A test that has ended takes no more.
        let _ = self.0.lock().unwrap().send(checkpoint.to_bytes());
        Ok(())
    }

    fn prepare(&mut self, share: Share) -> Result<bool, anyhow::Error> {
        let _ = self.0.lock().unwrap().send(share.to_bytes());
        Ok(true)
    }
}

struct Bench {
    partition: PartitionHandle,
    /// Another one, which lags and holds windows open.
    slow: Option<PartitionHandle>,
    /// Dropped at the end: the source ends with it.
    sender: BlockSender,
    clock: Arc<ManualClock>,
    counters: Arc<Counters>,
    inspector: Arc<Inspector>,
    checkpoints: mpsc::Receiver<Vec<u8>>,
    stop: Stop,
    engine: JoinHandle<Result<Totals, EngineError>>,
    line: u64,
}

impl Bench {
    fn new(workers: usize, live: bool, slow: bool) -> Self {
        Self::of(workers, live, slow, None)
    }

    /// Two processes of a cluster.
    fn pair(workers: usize) -> [Self; 2] {
        let listeners = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses: Vec<String> = listeners.iter().map(|at| at.local_addr().unwrap().to_string()).collect();
        drop(listeners);
        [0, 1].map(|process| Self::of(workers, true, false, Some(Cluster { addresses: addresses.clone(), process })))
    }

    fn of(workers: usize, live: bool, slow: bool, cluster: Option<Cluster>) -> Self {
        let (feed, receiver) = channel(4, Duration::from_hours(10_000));
        let mut sender = feed.sender(SourceIx(0));
        drop(feed);
        let stop = Stop::default();
        let spec = |name: &str| PartitionSpec { name: name.to_owned(), head_time: None, live, lateness: LATENESS };
        let specs = [spec("a"), spec("b")];
        let mut partitions = sender.partitions(&specs[..=usize::from(slow)], &stop).into_iter();
        let (partition, slow) = (partitions.next().unwrap(), partitions.next());
        let mut config = EngineConfig {
            workers,
            cluster: None,
            sources: vec![SourceConfig { name: "file".to_owned(), decode: DecodeOptions::default() }],
            edge: EdgeConfig { root_key: Some(ROOT_KEY), opt_outs: None },
            watches: WatchBoard::new(
                Arc::new(Percolator::compile([], &mut Analyzer::new(), &Frequencies::builtin()).unwrap()),
                Arc::from([]),
            ),
            coverage: CoverageBoard::default(),
            volume: VolumeConfig::default(),
            narratives: None,
            // What they write down must hold nothing of a deleted post either.
            bursts: Some(BurstConfig::default()),
            amplify: Some(AmplifyConfig { singles_max: 1 << 10, owned_max: 1 << 10, ..AmplifyConfig::default() }),
            explore: None,
            gate: Gate::exact(K::DEFAULT),
            stage_times: None,
            checkpoint_every: Some(CHECKPOINT_EVERY),
            resume: None,
        };
        let clock = Arc::new(ManualClock::at(EventTime::from_unix(START + 3_600)));
        let (counters, inspector) = (Arc::new(Counters::new(1)), Arc::new(Inspector::new(workers)));
        let (sent, checkpoints) = mpsc::channel();
        let engine = thread::spawn({
            let (clock, stop) = (Arc::clone(&clock), stop.clone());
            let (counters, inspector) = (Arc::clone(&counters), Arc::clone(&inspector));
            move || {
                if let Some(cluster) = cluster {
                    let (joined, resumed) = Joined::join(&cluster, workers, true, &stop, |_| None)?.unwrap();
                    assert!(resumed.is_none());
                    config.cluster = Some(joined);
                }
                run_inspected(config, receiver, clock, Box::new(Sink(Mutex::new(sent))), stop, counters, inspector)
            }
        });
        Self { partition, slow, sender, clock, counters, inspector, checkpoints, stop, engine, line: 1 }
    }

    /// Sends a block of one record, so that any worker may take it.
    fn send(&mut self, record: &str) {
        self.partition.send(self.line, Payload::Ndjson(format!("{record}\n").into_bytes())).unwrap();
        self.line += 1;
    }

    fn post(&mut self, number: u64, seconds: i64) {
        self.send(&format!(
            r#"{{"id":"{}","author":"{}","time":{},"text":"the river rises {}","lang":"en"}}"#,
            id(number),
            author(number),
            START + seconds,
            word(number)
        ));
    }

    /// Somebody else's post, which moves event time on.
    fn bystander(&mut self, seconds: i64) {
        self.send(&format!(
            r#"{{"id":"b{seconds}","author":"b{seconds}","time":{},"text":"the river rises","lang":"en"}}"#,
            START + seconds
        ));
    }

    /// Deletes what is planted, half of it as posts and half with its authors.
    fn delete_planted(&mut self, seconds: i64) {
        for number in 0..PLANTED {
            let target = if number % 2 == 0 {
                format!(r#""id":"{}""#, id(number))
            } else {
                format!(r#""author":"{}""#, author(number))
            };
            self.send(&format!(r#"{{"delete":true,{target},"time":{}}}"#, START + seconds));
        }
    }

    fn until(&self, what: &str, check: impl Fn(&Totals) -> bool) {
        let since = Instant::now();
        while !check(&self.counters.totals()) {
            assert!(since.elapsed() < PATIENCE, "waited in vain: {what}: {:?}", self.counters.totals().records);
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until what is held is as it should be. Event time stands still meanwhile: what is waited for is the workers' turn.
    fn until_held(&self, what: &str, check: impl Fn(&[Held]) -> bool) {
        let since = Instant::now();
        while !check(&self.inspector.ask()) {
            assert!(since.elapsed() < PATIENCE, "waited in vain: {what}");
        }
    }

    /// The next checkpoint.
    fn checkpoint(&self) -> Vec<u8> {
        self.clock.advance_millis(CHECKPOINT_EVERY.as_millis() as u64);
        self.checkpoints.recv_timeout(PATIENCE).unwrap()
    }

    /// Stops, and gives the last checkpoint.
    fn end(self) -> Vec<u8> {
        self.stop.stop();
        drop((self.partition, self.slow, self.sender));
        self.engine.join().unwrap().unwrap();
        self.checkpoints.into_iter().last().unwrap()
    }
}

fn id(number: u64) -> String {
    format!("planted-{number}")
}

fn author(number: u64) -> String {
    format!("author-{number}")
}

/// A word that nobody else has, of letters only: numbers are no terms.
fn word(number: u64) -> String {
    number.to_string().bytes().fold("quagga".to_owned(), |mut word, digit| {
        let _ = write!(word, "{}", char::from(b'k' + digit - b'0'));
        word
    }) + "z"
}

/// Key and token of a planted post, as the engine's edge makes them.
fn keys(number: u64) -> (u64, u64) {
    let mut edge = Edge::new(Arc::new(EdgeShared::new(EdgeConfig { root_key: Some(ROOT_KEY), opt_outs: None })));
    let (id, author) = (id(number), author(number));
    let raw = RawPost {
        id: Some(id.into()),
        author: Some(author.into()),
        time: EventTime::from_unix(START),
        ..RawPost::default()
    };
    let mut post = EdgePost::default();
    edge.admit(&raw, "file", &mut post);
    (post.key.unwrap().bits(), post.author.unwrap().bits())
}

/// How many of these posts are found: by key, by author, by word.
fn found(held: &[Held], numbers: impl Iterator<Item = u64>) -> (usize, usize, usize) {
    let mut found = (0, 0, 0);
    for number in numbers {
        let (key, token) = keys(number);
        found.0 += usize::from(held.iter().any(|held| held.keys.contains(&key)));
        found.1 += usize::from(held.iter().any(|held| held.authors.contains(&token)));
        found.2 += usize::from(held.iter().any(|held| held.values.contains(&word(number))));
    }
    found
}

fn in_bytes(bytes: &[u8], numbers: impl Iterator<Item = u64>) -> (usize, usize) {
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let mut found = (0, 0);
    for number in numbers {
        let (key, token) = keys(number);
        found.0 += usize::from(holds(word(number).as_bytes()));
        found.1 +=
            usize::from([key, token].iter().any(|bits| holds(&bits.to_le_bytes()) || holds(&bits.to_be_bytes())));
        let (id, author) = (id(number), author(number));
        assert!(!holds(id.as_bytes()) && !holds(author.as_bytes()), "an identity is in a checkpoint");
    }
    found
}

/// What a checkpoint has added up is gone before the next one is made, if that ever is.
#[test]
fn deletions_reach_what_a_checkpoint_has_added_up() {
    for workers in [1, 2] {
        let mut bench = Bench::new(workers, true, false);
        let all = PLANTED as usize;
        for number in 0..PLANTED {
            bench.post(number, number as i64);
            bench.bystander(number as i64);
        }
        bench.until("all posts are counted", |totals| totals.records.accepted == 2 * PLANTED);
        assert_eq!(in_bytes(&bench.checkpoint(), 0..PLANTED), (all, 0));
        for number in 0..PLANTED {
            bench.send(&format!(r#"{{"delete":true,"author":"{}","time":{}}}"#, author(number), START + 60));
        }
        bench.until("they are counted", |totals| totals.forgotten == PLANTED);
        bench.until_held("keys and authors are gone", |held| {
            let (keys, tokens, _) = found(held, 0..PLANTED);
            (keys, tokens) == (0, 0)
        });
        bench.end();
    }
}

fn deletions_reach_everything(workers: usize) {
    let mut bench = Bench::new(workers, true, false);
    let all = PLANTED as usize;
    for number in 0..PLANTED {
        bench.post(number, number as i64);
        bench.bystander(number as i64);
    }
    bench.until("all posts are counted", |totals| totals.records.accepted == 2 * PLANTED);
    // What is there is found: keys, authors, words, and the words in a checkpoint.
    assert_eq!(found(&bench.inspector.ask(), 0..PLANTED), (all, all, all));
    assert_eq!(in_bytes(&bench.checkpoint(), 0..PLANTED), (all, 0));

    bench.delete_planted(60);
    bench.until("all deletions are read", |totals| totals.records.deleted == PLANTED);
    // A checkpoint of this very moment holds nothing of them, whichever worker has read the deletion.
    assert_eq!(in_bytes(&bench.checkpoint(), 0..PLANTED), (0, 0));
    bench.until("they are counted", |totals| totals.forgotten == PLANTED);
    let (keys, tokens, _) = found(&bench.inspector.ask(), 0..PLANTED);
    assert_eq!((keys, tokens), (0, 0), "keys and authors are gone at once");
    // One whose deletion was read before it.
    let early = PLANTED + 1;
    bench.send(&format!(r#"{{"delete":true,"id":"{}","time":{}}}"#, id(early), START + 60));
    bench.until("the deletion is read", |totals| totals.records.deleted == PLANTED + 1);
    bench.post(early, 59);
    bench.until("its post is counted", |totals| totals.records.accepted == 2 * PLANTED + 1);

    // 60 s later.
    bench.bystander(60 + 60);
    bench.until_held("nothing is held", |held| found(held, 0..=early) == (0, 0, 0));
    bench.until("all were counted", |totals| totals.forgotten == PLANTED + 1);
    assert!(bench.inspector.ask().iter().any(|held| held.values.contains("river")), "what others said is there");
    assert_eq!(in_bytes(&bench.checkpoint(), 0..=early), (0, 0));

    // Nor does anything come back when the minute closes.
    bench.bystander(60 + 60 + LATENESS.as_secs() as i64);
    bench.until_held("the minute is closed", |held| found(held, 0..=early) == (0, 0, 0));
    assert_eq!(in_bytes(&bench.end(), 0..=early), (0, 0));
}

#[test]
fn deletions_reach_what_one_worker_holds() {
    deletions_reach_everything(1);
}

#[test]
fn deletions_reach_what_two_workers_hold() {
    deletions_reach_everything(2);
}

/// A source that lags holds windows open for an hour: a live source's deletion reaches what is buffered in them all the same. In
/// files, which may be read again, only event time decides: a window that ended long before the deletion keeps its post.
#[test]
fn deletions_reach_what_a_source_that_lags_holds_open() {
    for live in [true, false] {
        let mut bench = Bench::new(2, live, true);
        let first = format!(r#"{{"id":"s","author":"s","time":{START},"text":"the river rises"}}"#);
        bench.slow.as_mut().unwrap().send(1, Payload::Ndjson(first.into_bytes())).unwrap();
        bench.post(0, 5);
        bench.bystander(3_600);
        bench.until("all posts are counted", |totals| totals.records.accepted == 3);
        assert_eq!(found(&bench.inspector.ask(), 0..1), (1, 1, 1));
        bench.send(&format!(r#"{{"delete":true,"id":"{}","time":{}}}"#, id(0), START + 3_600));
        bench.until("the deletion is read", |totals| totals.records.deleted == 1);
        let saved = usize::from(!live);
        assert_eq!(in_bytes(&bench.checkpoint(), 0..1), (saved, 0), "live: {live}");
        let (keys, tokens, _) = found(&bench.inspector.ask(), 0..1);
        assert_eq!((keys, tokens), (saved, saved), "live: {live}");
        bench.end();
    }
}

/// One process of a cluster buffers posts, another reads that they are deleted: as posts, or with their authors.
#[test]
fn deletions_reach_what_another_process_holds() {
    for workers in [1, 2] {
        let [mut holds, mut reads] = Bench::pair(workers);
        let all = PLANTED as usize;
        for number in 0..PLANTED {
            holds.post(number, number as i64);
            holds.bystander(number as i64);
        }
        // By its own clock this process is through with the planted posts' minute; by the other's it is open.
        holds.bystander(120 + LATENESS.as_secs() as i64);
        reads.bystander(61);
        let sent = 2 * PLANTED + 1;
        holds.until("all posts are counted", |totals| totals.records.accepted == sent);
        reads.until("the other has one too", |totals| totals.records.accepted == 1);
        assert_eq!(found(&holds.inspector.ask(), 0..PLANTED), (all, all, all));

        reads.delete_planted(62);
        reads.until("all deletions are read", |totals| totals.records.deleted == PLANTED);
        // A checkpoint of this very moment holds nothing of them in either process.
        let first = holds.checkpoint();
        assert_eq!(in_bytes(&first, 0..PLANTED), (0, 0));
        assert_eq!(in_bytes(&reads.checkpoints.recv_timeout(PATIENCE).unwrap(), 0..PLANTED), (0, 0));
        holds.until("they are counted", |totals| totals.forgotten == PLANTED);
        let (keys, tokens, _) = found(&holds.inspector.ask(), 0..PLANTED);
        assert_eq!((keys, tokens), (0, 0), "keys and authors are gone at once");

        // One whose deletion was read before it, and elsewhere.
        let (early, after) = (PLANTED + 1, 121 + LATENESS.as_secs() as i64);
        reads.send(&format!(r#"{{"delete":true,"id":"{}","time":{}}}"#, id(early), START + after));
        reads.until("the deletion is read", |totals| totals.records.deleted == PLANTED + 1);
        holds.post(early, after);
        holds.until("its post is counted", |totals| totals.records.accepted == sent + 1);
        // Both go on: the minutes close.
        let end = 240 + 2 * LATENESS.as_secs() as i64;
        holds.bystander(end);
        reads.bystander(end);
        holds.until_held("nothing is held", |held| found(held, 0..=early) == (0, 0, 0));
        let rest = thread::spawn(move || holds.end());
        assert_eq!(in_bytes(&reads.end(), 0..=early), (0, 0));
        assert_eq!(in_bytes(&rest.join().unwrap(), 0..=early), (0, 0));
    }
}
