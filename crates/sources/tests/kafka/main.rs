//! The Kafka source against a broker that the test starts itself.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail and speak like tests")]

mod broker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use broker::{Broker, Door, Mock, Server, Way, wait_until};
use groundswell_post::{EventTime, Record};
use groundswell_sources::kafka::{Kafka, KafkaConfig, KafkaReport, StartAt, Tls};
use groundswell_sources::{
    BlockReceiver, DecodeOptions, DecodeScratch, LiveState, Positions, Source as _, SourceError, SourceIx, Stop,
    SystemClock, Trouble, channel, decode,
};

const TOPIC: &str = "posts";
const NOW: EventTime = EventTime::from_unix(1_800_000_000);

/// A source that runs, and what came of it.
struct Reading {
    blocks: BlockReceiver,
    report: Arc<KafkaReport>,
    stop: Stop,
    thread: Option<JoinHandle<Result<(), SourceError>>>,
    /// Ids of the posts by partition, in the order in which they came.
    ids: BTreeMap<String, Vec<u64>>,
    rejected: Vec<String>,
    positions: Positions,
}

impl Reading {
    fn start(config: KafkaConfig, positions: &Positions) -> Self {
        let (feed, blocks) = channel(4, Duration::from_secs(30));
        let sender = feed.sender(SourceIx(0));
        let mut source = Box::new(Kafka::new(config, Arc::new(SystemClock::default())));
        source.resume(positions);
        let (report, stop) = (source.report(), Stop::default());
        let told = stop.clone();
        let thread = std::thread::spawn(move || source.run(sender, told));
        let (ids, rejected, positions) = (BTreeMap::new(), Vec::new(), positions.clone());
        Self { blocks, report, stop, thread: Some(thread), ids, rejected, positions }
    }

    /// Takes one block if one comes soon.
    fn take(&mut self) -> bool {
        let Ok(block) = self.blocks.recv_timeout(Duration::from_millis(20)) else { return false };
        let name = self.blocks.clocks().name(block.partition);
        decode(
            &block,
            &DecodeOptions::default(),
            NOW,
            &mut DecodeScratch::default(),
            &mut |line, record| match record {
                Ok(Record::Post(post)) => {
                    let id = post.id.as_deref().unwrap().parse().unwrap();
                    self.ids.entry(name.clone()).or_default().push(id);
                }
                Ok(Record::Delete(_)) => panic!("no deletion was sent"),
                Err(rejection) => self.rejected.push(format!("{name}:{line}: {rejection}")),
            },
        );
        let position = block.position.expect("every block of Kafka says where to go on");
        assert_eq!(*position.key, *name, "the key is the partition's name");
        self.positions.insert(position.key.to_string(), position.value.into());
        true
    }

    fn count(&self) -> usize {
        self.ids.values().map(Vec::len).sum()
    }

    fn take_until(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        wait_until(what, || {
            self.take();
            is(self)
        });
    }

    fn end(mut self) -> Ended {
        self.stop.stop();
        self.thread.take().unwrap().join().unwrap().unwrap();
        assert_eq!(self.report.live().state(), LiveState::Closed);
        Ended { ids: std::mem::take(&mut self.ids), positions: std::mem::take(&mut self.positions) }
    }

    fn trouble(&self) -> Option<Trouble> {
        match self.report.live().state() {
            LiveState::Waiting { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // A test that fails leaves no thread behind that talks to a broker which is taken down.
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Ended {
    ids: BTreeMap<String, Vec<u64>>,
    positions: Positions,
}

fn config(broker: &impl Server) -> KafkaConfig {
    KafkaConfig {
        brokers: vec![broker.address()],
        topics: vec![TOPIC.to_owned()],
        start: StartAt::Earliest,
        look_every: Duration::from_millis(200),
        ..KafkaConfig::default()
    }
}

fn post(id: u64) -> Vec<u8> {
    // Every other one over several lines: a message may hold line breaks, a line of a file may not.
    let gap = if id.is_multiple_of(2) { "\n  " } else { "" };
    format!("{{\"time\":1474588800,{gap}\"author\":\"a{}\",\"text\":\"words of {id}\",\"id\":{id}}}", id % 97)
        .into_bytes()
}

/// Sends posts of these ids, spread over partitions.
fn produce(broker: &impl Server, ids: std::ops::Range<u64>, partitions: u64) {
    let posts: Vec<Vec<u8>> = ids.clone().map(post).collect();
    broker.produce(TOPIC, false, ids.zip(&posts).map(|(id, post)| ((id % partitions) as i32, Some(post.as_slice()))));
}

/// Every id came once, and in the order of its partition.
fn assert_once(parts: &[&BTreeMap<String, Vec<u64>>], expected: std::ops::Range<u64>) {
    let mut all: Vec<u64> = Vec::new();
    for part in parts {
        for (name, ids) in *part {
            assert!(ids.is_sorted(), "{name} came out of order");
            all.extend(ids);
        }
    }
    all.sort_unstable();
    let repeated = all.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert_eq!(repeated, 0, "posts came twice");
    assert!(all.iter().copied().eq(expected.clone()), "{} of {} came", all.len(), expected.end - expected.start);
}

#[test]
fn all_partitions_are_read_exactly_once() {
    let Some(broker) = Broker::start() else { return };
    broker.create_topic(TOPIC, 4);
    produce(&broker, 0..20_000, 4);
    let mut reading = Reading::start(config(&broker), &Positions::new());
    reading.take_until("all posts came", |reading| reading.count() >= 20_000);
    // What comes while it is running, too.
    produce(&broker, 20_000..24_000, 4);
    reading.take_until("the new posts came", |reading| reading.count() >= 24_000);
    assert_eq!(reading.report.partitions(), 4);
    wait_until("all are reported", || reading.report.live().messages() == 24_000);
    let ended = reading.end();
    assert_once(&[&ended.ids], 0..24_000);
    let expected: Positions = (0..4).map(|i| (format!("{TOPIC}/{i}"), "6000".to_owned())).collect();
    assert_eq!(ended.positions, expected);
}

#[test]
fn it_goes_on_where_its_blocks_were_counted() {
    let broker = Mock::start(TOPIC, 3);
    produce(&broker, 0..30_000, 3);
    let mut positions = Positions::new();
    let mut parts = Vec::new();
    // Ends at any block, as a kill does: what was fetched and not taken is lost with the process.
    for taken in [1, 5, 4, 6, 5] {
        let mut reading = Reading::start(config(&broker), &positions);
        let mut blocks = 0;
        while blocks < taken {
            blocks += usize::from(reading.take());
        }
        let ended = reading.end();
        positions.clone_from(&ended.positions);
        parts.push(ended.ids);
    }
    let before: usize = parts.iter().flat_map(BTreeMap::values).map(Vec::len).sum();
    let mut reading = Reading::start(config(&broker), &positions);
    reading.take_until("the rest came", |reading| before + reading.count() >= 30_000);
    parts.push(reading.end().ids);
    assert_once(&parts.iter().collect::<Vec<_>>(), 0..30_000);
}

#[test]
fn a_partition_without_posts_goes_on_from_where_it_was_too() {
    let broker = Mock::start(TOPIC, 2);
    produce(&broker, 0..10, 2);
    let latest = KafkaConfig { start: StartAt::Latest, ..config(&broker) };
    let mut reading = Reading::start(latest.clone(), &Positions::new());
    reading.take_until("both partitions have a position", |reading| reading.positions.len() == 2);
    let ended = reading.end();
    assert!(ended.ids.is_empty(), "what was there before is not asked for");
    // While nobody reads:
    produce(&broker, 10..20, 2);
    let mut reading = Reading::start(latest, &ended.positions);
    reading.take_until("what came meanwhile was read", |reading| reading.count() >= 10);
    assert_once(&[&reading.end().ids], 10..20);
}

#[test]
fn processes_of_a_cluster_share_the_partitions() {
    let Some(broker) = Broker::start() else { return };
    broker.create_topic(TOPIC, 5);
    produce(&broker, 0..5_000, 5);
    let mut readings: Vec<Reading> = (0..2)
        .map(|process| Reading::start(KafkaConfig { share: (process, 2), ..config(&broker) }, &Positions::new()))
        .collect();
    wait_until("all posts came", || {
        readings.iter_mut().for_each(|reading| {
            reading.take();
        });
        readings.iter().map(Reading::count).sum::<usize>() >= 5_000
    });
    let parts: Vec<_> = readings.into_iter().map(|reading| reading.end().ids).collect();
    let names = |part: &BTreeMap<String, Vec<u64>>| part.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&parts[0]), ["posts/0", "posts/2", "posts/4"]);
    assert_eq!(names(&parts[1]), ["posts/1", "posts/3"]);
    assert_once(&parts.iter().collect::<Vec<_>>(), 0..5_000);
}

#[test]
fn a_broker_that_goes_away_and_comes_back_costs_nothing() {
    let Some(broker) = Broker::start() else { return };
    broker.create_topic(TOPIC, 4);
    produce(&broker, 0..20_000, 4);
    let mut reading = Reading::start(config(&broker), &Positions::new());
    let mut sent = 20_000;
    for _ in 0..3 {
        let before = reading.count();
        reading.take_until("some came", |reading| reading.count() > before);
        broker.set_way(Way::Cut);
        reading.take_until("it says that the broker is gone", |reading| reading.trouble().is_some());
        broker.set_way(Way::Open);
        produce(&broker, sent..sent + 1_000, 4);
        sent += 1_000;
    }
    reading.take_until("all posts came", |reading| reading.count() as u64 >= sent);
    wait_until("it says that all is well", || reading.report.live().state() == LiveState::Connected);
    let gaps = reading.report.live().gaps();
    assert!(!gaps.is_empty() && gaps.iter().all(|gap| gap.end.is_some() && gap.recovered), "{gaps:?}");
    assert_once(&[&reading.end().ids], 0..sent);
}

#[test]
fn a_partition_that_was_added_meanwhile_is_read_from_its_first_message() {
    let broker = Mock::start(TOPIC, 3);
    produce(&broker, 0..300, 3);
    // The run before knew two partitions, and had read them. No broker that can be had here adds partitions to a topic; that
    // they are noticed while running is the same path as a topic that appears, and `plan.rs` tests what is decided.
    let kept = Positions::from([("posts/0".to_owned(), "100".to_owned()), ("posts/1".to_owned(), "100".to_owned())]);
    let latest = KafkaConfig { start: StartAt::Latest, ..config(&broker) };
    let mut reading = Reading::start(latest, &kept);
    reading.take_until("the posts of the new partition came", |reading| reading.count() >= 100);
    let ended = reading.end();
    assert_eq!(ended.ids.keys().collect::<Vec<_>>(), ["posts/2"]);
    assert_eq!(ended.positions["posts/2"], "100");
}

/// A broker goes away and comes back with a partition more, while the source runs: what stood in the others is not read again,
/// and the new one is read from its first message.
#[test]
fn a_broker_that_comes_back_with_one_partition_more_is_read_whole() {
    let before = Mock::start(TOPIC, 2);
    produce(&before, 0..200, 2);
    let door = Door::to(&before);
    let latest = KafkaConfig { brokers: vec![door.address()], ..config(&before) };
    let mut reading = Reading::start(latest, &Positions::new());
    reading.take_until("all posts came", |reading| reading.count() >= 200);
    // The same log, somewhat longer, in another process's place: no broker that can be had here adds partitions to a topic.
    let after = Mock::start(TOPIC, 3);
    produce(&after, 0..240, 2);
    let posts: Vec<Vec<u8>> = (240..300).map(post).collect();
    after.produce(TOPIC, false, posts.iter().map(|post| (2, Some(post.as_slice()))));
    door.lead_to(&after);
    drop(before);
    reading.take_until("all posts came", |reading| reading.count() >= 300);
    let ended = reading.end();
    assert_eq!(ended.ids.keys().collect::<Vec<_>>(), ["posts/0", "posts/1", "posts/2"]);
    assert_eq!(ended.ids["posts/2"].len(), 60);
    assert_once(&[&ended.ids], 0..300);
}

/// A broker that answers with errors for a while: what it did not give is asked for again, and comes once.
#[test]
fn a_storm_of_errors_passes() {
    let broker = Mock::start(TOPIC, 2);
    let error = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN;
    let unavailable = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    let slow = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
    let gone = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT;
    let mut reading = Reading::start(config(&broker), &Positions::new());
    let mut sent = 0;
    for errors in [[error, slow, error], [gone, slow, gone], [unavailable, error, gone]] {
        for asked in [rdkafka::types::RDKafkaApiKey::Fetch, rdkafka::types::RDKafkaApiKey::Metadata] {
            broker.0.request_errors(asked, &errors);
        }
        // Who sends is told the same, and waits as well.
        produce(&broker, sent..sent + 1_000, 2);
        sent += 1_000;
        reading.take_until("all posts came", |reading| reading.count() as u64 >= sent);
    }
    assert_once(&[&reading.end().ids], 0..sent);
}

/// The way carries nothing any more and nobody says so.
#[test]
fn a_broker_that_falls_silent_is_noticed_and_costs_nothing() {
    let Some(broker) = Broker::start() else { return };
    broker.create_topic(TOPIC, 2);
    produce(&broker, 0..1_000, 2);
    let mut reading = Reading::start(config(&broker), &Positions::new());
    reading.take_until("all posts came", |reading| reading.count() >= 1_000);
    broker.set_way(Way::Still);
    reading.take_until("it says that nothing is heard", |reading| reading.trouble().is_some());
    broker.set_way(Way::Open);
    produce(&broker, 1_000..2_000, 2);
    reading.take_until("all posts came", |reading| reading.count() >= 2_000);
    wait_until("it says that all is well", || reading.report.live().state() == LiveState::Connected);
    assert_once(&[&reading.end().ids], 0..2_000);
}

#[test]
fn a_log_that_is_shorter_than_our_position_is_read_anew_and_told() {
    let broker = Mock::start(TOPIC, 2);
    produce(&broker, 0..100, 2);
    let kept = Positions::from([("posts/0".to_owned(), "7000".to_owned()), ("posts/1".to_owned(), "50".to_owned())]);
    let mut reading = Reading::start(config(&broker), &kept);
    reading.take_until("what there is was read", |reading| reading.count() >= 50);
    assert_eq!((reading.report.begun_anew(), reading.report.gone()), (1, 0));
    let ended = reading.end();
    assert_eq!(ended.ids.keys().collect::<Vec<_>>(), ["posts/0"]);
    assert_eq!(ended.positions["posts/0"], "50");
}

#[test]
fn what_kafka_dropped_before_it_was_read_is_counted() {
    let broker = Mock::start(TOPIC, 1);
    // More than the broker keeps.
    let text = "x".repeat(4_000);
    let posts: Vec<Vec<u8>> =
        (0..3_000).map(|id| format!("{{\"time\":1474588800,\"text\":\"{text}\",\"id\":{id}}}").into_bytes()).collect();
    let mut sent = 0;
    let mut produce = |count: usize| {
        broker.produce(TOPIC, false, posts[sent..sent + count].iter().map(|post| (0, Some(post.as_slice()))));
        sent += count;
    };
    produce(100);
    let mut reading = Reading::start(config(&broker), &Positions::new());
    reading.take_until("the first came", |reading| reading.count() >= 100);
    let ended = reading.end();
    // While nobody reads:
    produce(2_900);
    let mut reading = Reading::start(config(&broker), &ended.positions);
    reading.take_until("the newest came", |reading| reading.ids.values().any(|ids| ids.last() == Some(&2_999)));
    let came = reading.count() as u64;
    assert!(came < 2_900, "the broker kept everything");
    assert_eq!(reading.report.gone(), 2_900 - came);
    assert_eq!(reading.report.begun_anew(), 0);
    assert_once(&[&reading.end().ids], 3_000 - came..3_000);
}

#[test]
fn what_is_no_post_is_told_with_partition_and_offset() {
    let broker = Mock::start(TOPIC, 1);
    let good = post(1);
    let deep = [b"{\"text\":".to_vec(), b"[".repeat(2_000)].concat();
    let messages: Vec<Option<&[u8]>> = vec![
        Some(&good),
        None,
        Some(b"not json"),
        Some(b"  \n "),
        Some(b"{\"time\":1474588800,\"id\":7}"),
        // A character cut in two by the border between two messages is none.
        Some(b"{\"time\":1474588800,\"text\":\"\xc3"),
        Some(b"\xa9\"}"),
        Some(&deep),
        Some(b"[1]"),
    ];
    broker.produce(TOPIC, false, messages.into_iter().map(|message| (0, message)));
    let mut reading = Reading::start(config(&broker), &Positions::new());
    reading.take_until("all came", |reading| reading.rejected.len() >= 6);
    assert_eq!(
        reading.rejected,
        [
            "posts/0:2: record: not JSON",
            "posts/0:4: text: missing",
            "posts/0:5: record: not UTF-8",
            "posts/0:6: record: not UTF-8",
            "posts/0:7: record: invalid",
            "posts/0:8: record: not an object"
        ]
    );
    assert_eq!((reading.count(), reading.report.empty()), (1, 2));
    assert_eq!(reading.end().positions["posts/0"], "9");
}

#[test]
fn it_begins_with_the_newest_or_at_a_time_where_asked() {
    let broker = Mock::start(TOPIC, 2);
    produce(&broker, 0..100, 2);
    let start = StartAt::Time(EventTime::from_unix(4_000_000_000));
    for start in [StartAt::Latest, start] {
        let config = KafkaConfig { start, ..config(&broker) };
        let mut reading = Reading::start(config, &Positions::new());
        reading.take_until("both have a position", |reading| reading.positions.len() == 2);
        assert!(reading.positions.values().all(|value| value == "50"), "{start:?}: {:?}", reading.positions);
        assert!(reading.end().ids.is_empty());
    }
}

#[test]
fn while_nobody_takes_blocks_nothing_more_is_fetched_and_nothing_is_lost() {
    let broker = Mock::start(TOPIC, 4);
    produce(&broker, 0..40_000, 4);
    let mut reading = Reading::start(config(&broker), &Positions::new());
    wait_until("the channel is full", || reading.blocks.waiting() == 4);
    let fetched = reading.report.live().messages();
    assert!(fetched < 40_000);
    reading.take_until("all posts came", |reading| reading.count() >= 40_000);
    wait_until("it knows that nothing waits", || reading.report.lag() == Some(0));
    assert_once(&[&reading.end().ids], 0..40_000);
}

#[test]
fn a_stop_is_obeyed_while_the_channel_is_full() {
    let broker = Mock::start(TOPIC, 4);
    produce(&broker, 0..40_000, 4);
    let reading = Reading::start(config(&broker), &Positions::new());
    wait_until("the channel is full", || reading.blocks.waiting() == 4);
    reading.end();
}

#[test]
fn a_broker_that_refuses_is_named_and_found_once_it_answers() {
    let broker = Mock::start(TOPIC, 1);
    produce(&broker, 0..10, 1);
    broker.0.broker_down(1).unwrap();
    let mut reading = Reading::start(config(&broker), &Positions::new());
    reading.take_until("it says that the broker refuses", |reading| reading.trouble() == Some(Trouble::Refused));
    broker.0.broker_up(1).unwrap();
    reading.take_until("all posts came", |reading| reading.count() >= 10);
    assert_once(&[&reading.end().ids], 0..10);
}

#[test]
fn a_certificate_that_nobody_signed_is_refused_and_one_that_is_trusted_is_taken() {
    let (acceptor, pem) = broker::certificate();
    let Some(broker) = Broker::start_with(Some(acceptor)) else { return };
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, pem).unwrap();
    let with = |tls: Tls| KafkaConfig { tls: Some(tls), ..config(&broker) };
    let mut reading = Reading::start(with(Tls::default()), &Positions::new());
    reading.take_until("the certificate is refused", |reading| reading.trouble() == Some(Trouble::Tls));
    reading.end();
    let trusting = with(Tls { authorities: Some(trusted), ..Tls::default() });
    let mut reading = Reading::start(trusting, &Positions::new());
    // The topic is not there, which only a broker can say.
    reading.take_until("the broker answers", |reading| reading.trouble() == Some(Trouble::NotOffered));
    reading.end();
    // A file that is not there is a fault of the configuration, and said at once.
    let (feed, _blocks) = channel(4, Duration::from_secs(30));
    let nowhere = Tls { authorities: Some(folder.path().join("none.pem")), ..Tls::default() };
    let refused = Box::new(Kafka::new(with(nowhere), Arc::new(SystemClock::default())))
        .run(feed.sender(SourceIx(0)), Stop::default());
    assert!(matches!(&refused, Err(SourceError::Config(text)) if text.contains("none.pem")), "{refused:?}");
}

#[test]
fn a_topic_that_is_not_there_is_named_and_read_from_its_first_message_once_it_is() {
    let Some(broker) = Broker::start() else { return };
    let latest = KafkaConfig { start: StartAt::Latest, ..config(&broker) };
    let mut reading = Reading::start(latest, &Positions::new());
    reading.take_until("the topic is named", |reading| reading.trouble() == Some(Trouble::NotOffered));
    let missing = reading.report.missing().join("");
    assert!(missing.to_lowercase().starts_with("topic `posts`: ") && missing.contains("nknown topic"), "{missing}");
    broker.create_topic(TOPIC, 2);
    produce(&broker, 0..100, 2);
    reading.take_until("all posts came", |reading| reading.count() >= 100);
    wait_until("it says that all is well", || reading.report.live().state() == LiveState::Connected);
    assert_eq!(reading.report.missing(), Vec::<String>::new());
    assert_once(&[&reading.end().ids], 0..100);
}
