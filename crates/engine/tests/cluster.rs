//! Two processes of a cluster, each in a thread of its own: what their sinks are told of checkpoints, and in which order.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{
    Closed, Cluster, Counters, CoverageBoard, EngineConfig, EngineError, Joined, Mark, ReleaseSink, Share,
    SourceConfig, Totals, WatchBoard,
};
use groundswell_gate::{Gate, K, Released, VolumeRow};
use groundswell_sketch::Window;
use groundswell_sources::{
    BlockSender, DecodeOptions, PartitionHandle, PartitionSpec, Payload, SourceIx, Stop, SystemClock, channel,
};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};
use proptest::prelude::*;

const START: i64 = 1_474_588_800;
/// How long anything may take that must happen.
const PATIENCE: Duration = Duration::from_mins(2);

/// What both sinks were told, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Prepare { process: usize, number: u64, posts: u64, whole: bool },
    Settle { process: usize, number: u64 },
    Finish { process: usize },
}

#[derive(Clone, Default)]
struct Log(Arc<(Mutex<Vec<Told>>, Condvar)>);

impl Log {
    fn add(&self, told: Told) {
        self.0.0.lock().unwrap().push(told);
        self.0.1.notify_all();
    }

    /// Waits until something was told.
    fn until(&self, check: impl Fn(&Told) -> bool) {
        let told = self.0.0.lock().unwrap();
        let (told, late) = self.0.1.wait_timeout_while(told, PATIENCE, |told| !told.iter().any(&check)).unwrap();
        assert!(!late.timed_out(), "waited in vain: {told:?}");
    }

    fn told(&self) -> Vec<Told> {
        self.0.0.lock().unwrap().clone()
    }
}

type Prepared = fn(u64) -> Result<bool, anyhow::Error>;

struct Sink {
    process: usize,
    log: Log,
    /// What becomes of the share of a number.
    prepared: Prepared,
}

impl ReleaseSink for Sink {
    fn commit(&mut self, _closed: Closed) -> Result<(), anyhow::Error> {
        Ok(())
    }

    fn prepare(&mut self, share: Share) -> Result<bool, anyhow::Error> {
        assert_eq!((share.process, share.processes, share.workers), (self.process, 2, 2));
        let number = share.mark.number;
        let whole = (self.prepared)(number)?;
        let posts = share.checkpoint.totals.records.accepted;
        self.log.add(Told::Prepare { process: self.process, number, posts, whole });
        Ok(whole)
    }

    fn settle(&mut self, number: u64) -> Result<(), anyhow::Error> {
        self.log.add(Told::Settle { process: self.process, number });
        Ok(())
    }

    fn finish(&mut self) -> Result<(), anyhow::Error> {
        self.log.add(Told::Finish { process: self.process });
        Ok(())
    }
}

struct Process {
    stop: Stop,
    partitions: Vec<PartitionHandle>,
    sender: Option<BlockSender>,
    engine: JoinHandle<Result<Totals, EngineError>>,
}

impl Process {
    /// `cluster`: `None` where it is alone. `files`: how many partitions it reads.
    fn new(cluster: Option<Cluster>, workers: usize, files: usize, sink: Box<dyn ReleaseSink>) -> Self {
        let stop = Stop::default();
        let (feed, blocks) = channel(4, Duration::from_hours(10_000));
        let mut sender = feed.sender(SourceIx(0));
        drop(feed);
        let lateness = Duration::from_mins(10);
        let spec = |file| PartitionSpec { name: format!("p{file}"), head_time: None, live: false, lateness };
        let specs: Vec<_> = (0..files).map(spec).collect();
        let partitions = sender.partitions(&specs, &stop);
        let engine = std::thread::spawn({
            let stop = stop.clone();
            move || {
                let cluster = match cluster {
                    Some(cluster) => {
                        let joined = Joined::join(&cluster, workers, true, &stop, |mark| {
                            assert_eq!(mark, None::<Mark>);
                            None
                        })?;
                        let Some((joined, None)) = joined else { panic!("nobody was stopped, and nothing was left") };
                        Some(joined)
                    }
                    None => None,
                };
                let config = EngineConfig {
                    workers,
                    cluster,
                    sources: vec![SourceConfig { name: "file".to_owned(), decode: DecodeOptions::default() }],
                    edge: EdgeConfig::default(),
                    watches: WatchBoard::new(
                        Arc::new(Percolator::compile([], &mut Analyzer::new(), &Frequencies::builtin()).unwrap()),
                        Arc::from([]),
                    ),
                    coverage: CoverageBoard::default(),
                    volume: VolumeConfig::default(),
                    narratives: None,
                    bursts: None,
                    amplify: None,
                    explore: None,
                    gate: Gate::exact(K::DEFAULT),
                    stage_times: None,
                    checkpoint_every: Some(Duration::from_millis(5)),
                    resume: None,
                };
                let counters = Arc::new(Counters::new(1));
                groundswell_engine::run(config, blocks, Arc::new(SystemClock::default()), sink, stop, counters)
            }
        });
        Self { stop, partitions, sender: Some(sender), engine }
    }

    fn send(&mut self, file: usize, line: u64, record: String) {
        self.partitions[file].send(line, Payload::Ndjson(record.into_bytes())).unwrap();
    }

    fn post(&mut self, process: usize, number: i64) {
        let time = START + number;
        let post = format!(r#"{{"id":"{process}-{number}","author":"a{number}","time":{time},"text":"t"}}"#);
        self.send(0, number as u64 + 1, post);
    }

    /// Its sources have ended by themselves.
    fn end(&mut self) {
        self.partitions.drain(..).for_each(PartitionHandle::finish);
        self.sender.take();
    }
}

/// Free addresses for two processes.
fn addresses() -> Vec<String> {
    let listeners = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.iter().map(|listener| listener.local_addr().unwrap().to_string()).collect()
}

fn start(log: &Log, prepared: [Prepared; 2]) -> [Process; 2] {
    let addresses = addresses();
    [0, 1].map(|process| {
        let sink = Box::new(Sink { process, log: log.clone(), prepared: prepared[process] });
        Process::new(Some(Cluster { addresses: addresses.clone(), process }), 2, 1, sink)
    })
}

const KEPT: Prepared = |_| Ok(true);

/// The order in which one checkpoint's steps were told.
fn places(told: &[Told], number: u64) -> ([usize; 2], [usize; 2]) {
    let place = |wanted: &dyn Fn(&Told) -> bool| told.iter().position(wanted).unwrap_or(usize::MAX);
    let prepared = [0, 1].map(|of| {
        place(
            &|told| matches!(told, Told::Prepare { process, number: found, .. } if (*process, *found) == (of, number)),
        )
    });
    let settled = [0, 1].map(|of| place(&|told| *told == Told::Settle { process: of, number }));
    (prepared, settled)
}

#[test]
fn what_one_cannot_write_is_settled_by_none_and_the_next_by_process_0_first() {
    let log = Log::default();
    let mut processes = start(&log, [KEPT, |number| Ok(number != 1)]);
    for number in 0..10 {
        processes[0].post(0, number);
        processes[1].post(1, number);
    }
    log.until(|told| matches!(told, Told::Settle { process: 1, number } if *number >= 3));
    log.until(|told| matches!(told, Told::Prepare { process: 0, posts: 10, .. }));
    log.until(|told| matches!(told, Told::Prepare { process: 1, posts: 10, .. }));
    // One of them is stopped: all end, with a last checkpoint that holds everything.
    processes[1].stop.stop();
    for process in processes {
        process.engine.join().unwrap().unwrap();
        assert!(process.stop.stopped());
    }
    let told = log.told();
    let (prepared, settled) = places(&told, 1);
    assert!(prepared.iter().all(|place| *place < usize::MAX) && settled == [usize::MAX; 2], "{told:?}");
    let last = told.iter().filter_map(|told| if let Told::Settle { number, .. } = told { Some(*number) } else { None });
    let last = last.max().unwrap();
    for number in 2..=last {
        let (prepared, settled) = places(&told, number);
        assert!(prepared.iter().all(|place| *place < settled[0]) && settled[0] < settled[1], "{number} in {told:?}");
    }
    for process in [0, 1] {
        assert!(told.contains(&Told::Prepare { process, number: last, posts: 10, whole: true }), "{told:?}");
        assert!(!told.contains(&Told::Finish { process }), "stopped, not finished");
    }
}

#[test]
fn when_all_sources_have_ended_process_0_finishes_first() {
    let log = Log::default();
    let mut processes = start(&log, [KEPT, KEPT]);
    for (number, process) in processes.iter_mut().enumerate() {
        process.post(number, 0);
        process.end();
    }
    let [first, second] = processes.map(|process| process.engine.join().unwrap().unwrap());
    assert_eq!((first.records.accepted, second.records.accepted), (2, 1), "process 0 has those of all");
    let told = log.told();
    let finished: Vec<&Told> = told.iter().filter(|told| matches!(told, Told::Finish { .. })).collect();
    assert_eq!(finished, [&Told::Finish { process: 0 }, &Told::Finish { process: 1 }]);
}

#[test]
fn a_process_that_cannot_go_on_takes_the_others_along() {
    for broken in [0, 1] {
        let log = Log::default();
        let mut prepared: [Prepared; 2] = [KEPT, KEPT];
        prepared[broken] = |number| if number < 2 { Ok(true) } else { Err(anyhow::anyhow!("broken")) };
        let mut number = 0;
        let ended = start(&log, prepared).map(|process| {
            let ended = process.engine.join().unwrap();
            assert!(process.stop.stopped());
            let failed = matches!(ended, Err(EngineError::Sink(_)));
            assert!(failed || ended.is_ok());
            number += 1;
            (number - 1, failed)
        });
        assert_eq!(ended, [(0, broken == 0), (1, broken == 1)]);
        let told = log.told();
        assert!(!told.contains(&Told::Finish { process: 0 }) && !told.contains(&Told::Finish { process: 1 }));
        assert_eq!(places(&told, 2).1, [usize::MAX; 2], "what only one has is settled by none");
    }
}

/// Keeps the rows that were released, as text, and which windows they are of: each comes once, whole, whatever the shards had seen.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<(Vec<String>, BTreeSet<Window>)>>);

impl ReleaseSink for Rows {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let row =
            |row: &Released<VolumeRow>| format!("{:?} {:?} {} {:?}", row.window, row.dimension, row.value, row.figures);
        let mut kept = self.0.lock().unwrap();
        kept.0.extend(closed.rows.iter().map(row));
        for window in closed.windows {
            anyhow::ensure!(kept.1.insert(window), "{window:?} was released in two parts");
        }
        Ok(())
    }

    fn prepare(&mut self, _share: Share) -> Result<bool, anyhow::Error> {
        Ok(true)
    }
}

impl Rows {
    fn sorted(&self) -> Vec<String> {
        let (mut rows, _) = std::mem::take(&mut *self.0.lock().unwrap());
        rows.sort_unstable();
        rows
    }
}

/// One of many that write, and what becomes of it.
#[derive(Clone, Debug)]
struct Written {
    author: u8,
    word: &'static str,
    file: usize,
    /// Seconds later, in this file; all that its author wrote, or this only.
    deleted: Option<(i64, usize, bool)>,
}

fn written() -> impl Strategy<Value = Vec<Written>> {
    let deleted = (0..1_500_i64, 0..2_usize, prop::bool::weighted(0.2));
    let one =
        (0..60_u8, prop::sample::select(&["river", "flood", "dam"]), 0..2_usize, prop::option::weighted(0.25, deleted));
    let one = one.prop_map(|(author, word, file, deleted)| Written { author, word, file, deleted });
    prop::collection::vec(one, 500..600)
}

/// Two files in which people write of the same minutes, and delete what stands in either.
fn files(written: &[Written]) -> [Vec<String>; 2] {
    let mut files = [Vec::new(), Vec::new()];
    for (number, written) in written.iter().enumerate() {
        let Written { author, word, file, deleted } = written;
        let time = START + number as i64 * 4;
        let post = format!(r#"{{"id":"{number}","author":"a{author}","time":{time},"text":"the {word}","lang":"en"}}"#);
        files[*file].push((time, post));
        if let Some((after, file, whole_author)) = *deleted {
            let what = if whole_author { format!(r#""author":"a{author}""#) } else { format!(r#""id":"{number}""#) };
            files[file].push((time + after, format!(r#"{{"delete":true,{what},"time":{}}}"#, time + after)));
        }
    }
    files.map(|mut file| {
        file.sort_by_key(|(time, _)| *time);
        file.into_iter().map(|(_, record)| record).collect()
    })
}

/// Reads both files side by side, each at a pace of its own.
fn read(files: &[Vec<String>; 2], pace: u32, mut send: impl FnMut(usize, u64, String)) {
    let mut lines = files.each_ref().map(|file| (1..).zip(file));
    let mut turn = 0;
    loop {
        turn += 1;
        let first = usize::from(turn % 10 < pace);
        let Some((file, line)) = [first, 1 - first].into_iter().find_map(|file| Some((file, lines[file].next()?)))
        else {
            break;
        };
        send(file, line.0, line.1.clone());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Which posts a deletion takes out is decided by event time, and neither by who read it nor by who was faster.
    #[test]
    fn what_another_process_deletes_is_counted_as_one_process_counts_it(
        written in written(),
        paces in (1..10_u32, 1..10_u32),
        workers in 1..3_usize,
    ) {
        let files = files(&written);
        let rows = Rows::default();
        let mut alone = Process::new(None, 1, 2, Box::new(rows.clone()));
        read(&files, paces.0, |file, line, record| alone.send(file, line, record));
        alone.end();
        let totals = alone.engine.join().unwrap().unwrap();
        prop_assert!(totals.forgotten > 20, "deletions must take something out: {}", totals.forgotten);
        let expected = rows.sorted();
        prop_assert!(expected.len() > 50, "{} rows", expected.len());

        let addresses = addresses();
        let mut both = [0, 1].map(|process| {
            let cluster = Cluster { addresses: addresses.clone(), process };
            Process::new(Some(cluster), workers, 1, Box::new(rows.clone()))
        });
        read(&files, paces.1, |file, line, record| both[file].send(0, line, record));
        both.iter_mut().for_each(Process::end);
        let [first, _] = both.map(|process| process.engine.join().unwrap().unwrap());
        prop_assert_eq!(first.forgotten, totals.forgotten);
        prop_assert_eq!(rows.sorted(), expected);
    }
}
