//! The source: one thread that polls librdkafka and cuts what comes into blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, Statistics, TopicPartitionList};

use super::batch::{Open, Taken};
use super::config::{KafkaConfig, StartAt};
use super::plan::{Begin, Place, begin, new_places};
use super::status::{KafkaReport, trouble_of};
use crate::block::Positions;
use crate::channel::{BlockSender, PartitionSpec, Stop, Stopped};
use crate::clock::Clock;
use crate::live::Trouble;
use crate::source::{Source, SourceError};

/// How many partitions one process reads; more are left out, and counted.
pub const PARTITIONS_MAX: usize = 1_024;

/// What librdkafka may hold of messages that we have not polled yet.
pub const QUEUED_KIB_MAX: u32 = 32 << 10;

/// What may wait over all partitions for its block to be sent; more, and all is sent.
pub const BATCH_BYTES_MAX: usize = 16 << 20;

/// A block is sent after this time at the latest.
const BATCH_WAIT: Duration = Duration::from_millis(100);

/// The longest wait for a message before it is looked whether to stop.
const POLL_WAIT: Duration = Duration::from_millis(20);

/// Messages between two looks at the clock.
const MESSAGES_PER_LOOK: u32 = 256;

/// How long a broker may take to answer a question.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// How soon to ask again after a question that was not answered.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How long the other sources wait at the start until the partitions are known.
const HOLD_MAX: Duration = Duration::from_secs(30);

/// The same where positions are kept: what follows them would be late once the others have gone on.
const HOLD_RESUMED_MAX: Duration = Duration::from_mins(5);

/// Reads topics of Kafka.
#[derive(Debug)]
pub struct Kafka {
    config: KafkaConfig,
    positions: Positions,
    report: Arc<KafkaReport>,
}

impl Kafka {
    /// A source that is not connected yet.
    pub fn new(config: KafkaConfig, clock: Arc<dyn Clock>) -> Self {
        let report = Arc::new(KafkaReport::new(&config.name, clock));
        Self { config, positions: Positions::new(), report }
    }

    /// What it is doing.
    pub fn report(&self) -> Arc<KafkaReport> {
        Arc::clone(&self.report)
    }
}

impl Source for Kafka {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn resume(&mut self, positions: &Positions) {
        self.positions.clone_from(positions);
    }

    fn run(self: Box<Self>, out: BlockSender, stop: Stop) -> Result<(), SourceError> {
        let wrong = |error: &dyn std::fmt::Display| SourceError::Config(format!("{}: {error}", self.config.name));
        self.config.check().map_err(|error| wrong(&error))?;
        let context = Context { report: Arc::clone(&self.report) };
        let consumer = self.config.client().create_with_context(context).map_err(|error| wrong(&error))?;
        let shown = shown(&self.config.brokers);
        self.report.part.connecting(&shown);
        let report = Arc::clone(&self.report);
        let mut reader = Reader {
            config: self.config,
            positions: self.positions,
            report: self.report,
            told: Told::Connecting,
            consumer,
            out,
            stop,
            open: Vec::new(),
            index: BTreeMap::new(),
            topics_seen: BTreeSet::new(),
            missing: Vec::new(),
            waiting: 0,
            came: (0, 0),
            holding: true,
        };
        // Being stopped is success.
        let Err(Stopped) = reader.read();
        report.part.closed();
        Ok(())
    }
}

/// What librdkafka tells from its own threads.
struct Context {
    report: Arc<KafkaReport>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        tracing::debug!(target: "groundswell_sources::kafka", ?level, facility, "{text}");
    }

    fn stats(&self, statistics: Statistics) {
        self.report.take(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "groundswell_sources::kafka", %error, "{reason}");
        // That all brokers are down is said after why each of them is.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.report.set_trouble(Some(trouble_of(error.rdkafka_error_code(), reason)));
        }
    }
}

impl ConsumerContext for Context {}

/// What was last told of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Connecting,
    Connected,
    Failed(Trouble),
}

/// An endless loop that only a stop ends.
enum Never {}

struct Reader {
    config: KafkaConfig,
    positions: Positions,
    report: Arc<KafkaReport>,
    told: Told,
    consumer: BaseConsumer<Context>,
    out: BlockSender,
    stop: Stop,
    open: Vec<(Place, Open)>,
    /// Of each topic: which of `open` is its partition of a number.
    index: BTreeMap<String, Vec<Option<usize>>>,
    /// Topics whose partitions have been seen in this run.
    topics_seen: BTreeSet<String>,
    /// What the last look did not find, and why.
    missing: Vec<(String, RDKafkaErrorCode)>,
    /// Bytes that wait in all batches.
    waiting: usize,
    /// Messages and bytes that have not been reported yet.
    came: (u64, usize),
    /// The other sources wait for our partitions.
    holding: bool,
}

impl Reader {
    fn read(&mut self) -> Result<Never, Stopped> {
        let began = Instant::now();
        let hold = if self.positions.is_empty() { HOLD_MAX } else { HOLD_RESUMED_MAX };
        let (mut look_at, mut flush_at) = (began, began);
        let mut last = 0;
        let mut count = 0;
        loop {
            let error = match self.consumer.poll(POLL_WAIT) {
                Some(Ok(message)) => {
                    let (waiting, bytes) = take(&message, &mut self.open, &self.index, &mut last, &self.report)?;
                    self.waiting += waiting;
                    self.came = (self.came.0 + u64::from(bytes > 0), self.came.1 + bytes);
                    count += 1;
                    if count < MESSAGES_PER_LOOK && self.waiting < BATCH_BYTES_MAX {
                        continue;
                    }
                    None
                }
                Some(Err(error)) => Some(error),
                None => None,
            };
            if let Some(error) = error {
                self.trouble(&error)?;
            }
            if self.stop.stopped() {
                return Err(Stopped);
            }
            let now = Instant::now();
            if count > 0 {
                self.report.set_trouble(None);
            }
            count = 0;
            if now >= flush_at || self.waiting >= BATCH_BYTES_MAX {
                for (_, open) in &mut self.open {
                    open.flush()?;
                }
                self.waiting = 0;
                // Only now that all is sent which was taken: else what waits could be overtaken by the watermark.
                for (topic, partition, behind) in self.report.take_behind() {
                    let number = usize::try_from(partition).unwrap_or(usize::MAX);
                    let at = self.index.get(&topic).and_then(|of_topic| *of_topic.get(number)?);
                    if let Some((_, open)) = at.and_then(|at| self.open.get_mut(at)) {
                        open.behind(behind);
                    }
                }
                flush_at = now + BATCH_WAIT;
                self.tell();
            }
            if now >= look_at {
                let answered = self.look()?;
                look_at = Instant::now() + if answered { self.config.look_every } else { ASK_AGAIN };
                if self.holding && (!self.open.is_empty() || now - began >= hold) {
                    self.holding = false;
                    self.out.partitions(&[], &self.stop);
                }
            }
        }
    }
}

impl Reader {
    /// Looks for partitions that are not read yet, and begins them. False where the broker did not answer everything.
    fn look(&mut self) -> Result<bool, Stopped> {
        let mut found = Vec::new();
        let mut seen = Vec::new();
        let mut answered = true;
        self.missing.clear();
        for topic in &self.config.topics {
            if self.stop.stopped() {
                return Err(Stopped);
            }
            let metadata = match self.consumer.fetch_metadata(Some(topic), ANSWER_WAIT) {
                Ok(metadata) => metadata,
                Err(error) => {
                    // Why no broker answers is known from the connections themselves.
                    if self.report.trouble().is_none() {
                        self.report.set_trouble(Some(trouble_of(error.rdkafka_error_code(), "")));
                    }
                    answered = false;
                    break;
                }
            };
            for of in metadata.topics().iter().filter(|of| of.name() == topic) {
                if let Some(error) = of.error().map(RDKafkaErrorCode::from) {
                    self.missing.push((topic.clone(), error));
                    if error == RDKafkaErrorCode::UnknownTopicOrPartition {
                        // All of it will be new once it is there.
                        self.topics_seen.insert(topic.clone());
                    }
                    // A topic that is about to be made is asked for as often as a broker that does not answer.
                    answered = false;
                    continue;
                }
                seen.push(topic.clone());
                found.extend(of.partitions().iter().map(|p| Place { topic: topic.clone(), partition: p.id() }));
            }
        }
        self.report
            .set_missing(self.missing.iter().map(|(topic, error)| format!("topic `{topic}`: {error}")).collect());
        let open: BTreeSet<Place> = self.open.iter().map(|(place, _)| place.clone()).collect();
        let mut new = new_places(&open, &found, |partition| self.config.is_ours(partition));
        let room = PARTITIONS_MAX.saturating_sub(self.open.len());
        if new.len() > room {
            KafkaReport::add(&self.report.partitions_full, (new.len() - room) as u64);
            tracing::warn!(
                target: "groundswell_sources::kafka",
                "{}: {} partitions are left out: one process reads at most {PARTITIONS_MAX}", self.config.name, new.len() - room
            );
            new.truncate(room);
        }
        let mut begun = Vec::new();
        for place in new {
            if self.stop.stopped() {
                return Err(Stopped);
            }
            match self.offset_of(&place) {
                Ok(offset) => begun.push((place, offset)),
                Err(error) => {
                    tracing::debug!(target: "groundswell_sources::kafka", "{}: {error}", place.key());
                    self.report.set_trouble(Some(trouble_of(error.rdkafka_error_code(), "")));
                    answered = false;
                    break;
                }
            }
        }
        if !begun.is_empty() {
            self.begin(begun)?;
        }
        if answered {
            // Only now: a partition that could not be begun is none that appears later.
            self.topics_seen.extend(seen);
        }
        Ok(answered)
    }

    /// The offset at which a partition begins.
    fn offset_of(&self, place: &Place) -> Result<i64, KafkaError> {
        let bounds = self.consumer.fetch_watermarks(&place.topic, place.partition, ANSWER_WAIT)?;
        let kept = self.positions.get(&place.key()).and_then(|value| value.parse().ok());
        let of_topic = format!("{}/", place.topic);
        let known_before =
            self.positions.range(of_topic.clone()..).next().is_some_and(|(key, _)| key.starts_with(&of_topic));
        let appeared = known_before || self.topics_seen.contains(&place.topic);
        match begin(kept, bounds, self.config.start, appeared) {
            Begin::At(offset) => Ok(offset),
            Begin::Time => self.offset_at_time(place, bounds.1),
            other => Ok(self.tell_loss(&place.key(), other)),
        }
    }

    fn offset_at_time(&self, place: &Place, next: i64) -> Result<i64, KafkaError> {
        let StartAt::Time(time) = self.config.start else { return Ok(next) };
        let mut asked = TopicPartitionList::new();
        let millis = time.unix().saturating_mul(1000);
        asked.add_partition_offset(&place.topic, place.partition, Offset::Offset(millis))?;
        let told = self.consumer.offsets_for_times(asked, ANSWER_WAIT)?;
        let offset = told.find_partition(&place.topic, place.partition).map(|told| told.offset());
        // `End`: nothing is as new as that yet.
        Ok(if let Some(Offset::Offset(offset)) = offset { offset } else { next })
    }

    /// Counts and tells what is lost; returns where to go on.
    fn tell_loss(&self, key: &str, begin: Begin) -> i64 {
        let name = &self.config.name;
        match begin {
            Begin::At(offset) => offset,
            Begin::Expired { oldest, gone } => {
                KafkaReport::add(&self.report.gone, gone);
                tracing::warn!(
                    target: "groundswell_sources::kafka",
                    "{name}: {key}: {gone} messages before offset {oldest} are gone from Kafka and were not read; \
                     keep messages longer than the longest stop"
                );
                oldest
            }
            Begin::Anew { oldest } => {
                KafkaReport::add(&self.report.begun_anew, 1);
                tracing::warn!(
                    target: "groundswell_sources::kafka",
                    "{name}: {key}: the log ends before the place where we were, so the topic was made anew; reading from \
                     offset {oldest}"
                );
                oldest
            }
            Begin::Time => unreachable!("a time is looked up before"),
        }
    }

    /// Registers partitions, all in one step, and has them fetched.
    fn begin(&mut self, begun: Vec<(Place, i64)>) -> Result<(), Stopped> {
        let specs: Vec<PartitionSpec> = begun
            .iter()
            .map(|(place, _)| PartitionSpec {
                name: place.key(),
                head_time: None,
                live: true,
                lateness: self.config.lateness,
            })
            .collect();
        let handles = self.out.partitions(&specs, &self.stop);
        self.holding = false;
        let mut assigned = TopicPartitionList::new();
        for ((place, offset), handle) in begun.into_iter().zip(handles) {
            let added = assigned.add_partition_offset(&place.topic, place.partition, Offset::Offset(offset));
            debug_assert!(added.is_ok(), "an offset of a log can be assigned");
            let of_topic = self.index.entry(place.topic.clone()).or_default();
            let number = usize::try_from(place.partition).expect("`is_ours` takes no negative number");
            if of_topic.len() <= number {
                of_topic.resize(number + 1, None);
            }
            of_topic[number] = Some(self.open.len());
            let open = Open::begin(place.key(), handle, offset)?;
            self.open.push((place, open));
        }
        self.report.partitions.store(self.open.len() as u64, Ordering::Relaxed);
        if let Err(error) = self.consumer.incremental_assign(&assigned) {
            self.report.set_trouble(Some(trouble_of(error.rdkafka_error_code(), "")));
        }
        Ok(())
    }

    /// An error in place of a message.
    fn trouble(&mut self, error: &KafkaError) -> Result<(), Stopped> {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) {
            return self.relocate();
        }
        tracing::debug!(target: "groundswell_sources::kafka", "{error}");
        Ok(())
    }

    /// Some partition stands where its log has nothing: finds which, and goes on with the oldest message there is.
    fn relocate(&mut self) -> Result<(), Stopped> {
        let mut moved = TopicPartitionList::new();
        let mut begins = Vec::new();
        for (at, (place, open)) in self.open.iter().enumerate() {
            let Ok(bounds) = self.consumer.fetch_watermarks(&place.topic, place.partition, ANSWER_WAIT) else {
                continue;
            };
            let begin = begin(Some(open.next()), bounds, self.config.start, true);
            if !matches!(begin, Begin::At(_)) {
                let offset = self.tell_loss(&place.key(), begin);
                let added = moved.add_partition_offset(&place.topic, place.partition, Offset::Offset(offset));
                debug_assert!(added.is_ok(), "an offset of a log can be assigned");
                begins.push((at, offset));
            }
        }
        if begins.is_empty() {
            return Ok(());
        }
        for (at, offset) in begins {
            self.open[at].1.go_to(offset)?;
        }
        // What was fetched for the old assignment is dropped by librdkafka with it.
        let changed =
            self.consumer.incremental_unassign(&moved).and_then(|()| self.consumer.incremental_assign(&moved));
        if let Err(error) = changed {
            self.report.set_trouble(Some(trouble_of(error.rdkafka_error_code(), "")));
        }
        Ok(())
    }

    /// Tells how the connection stands, and what came.
    fn tell(&mut self) {
        let (messages, bytes) = std::mem::take(&mut self.came);
        let connected = messages > 0 || self.report.brokers_up() > 0;
        let missing = self.missing.first().filter(|_| self.open.is_empty());
        let told = match (self.report.trouble(), missing) {
            (_, Some((_, error))) if connected => Told::Failed(trouble_of(Some(*error), "")),
            _ if connected => Told::Connected,
            (Some(trouble), _) => Told::Failed(trouble),
            (None, _) => self.told,
        };
        if told != self.told {
            self.told = told;
            match told {
                Told::Connecting => {}
                Told::Connected => {
                    self.report.part.connected();
                    // A log keeps what came meanwhile; what it did not keep is counted where it is found out.
                    self.report.part.recovered();
                }
                Told::Failed(trouble) => self.report.part.failed(trouble, ASK_AGAIN),
            }
        }
        if messages > 0 {
            self.report.part.messages(messages, bytes);
        }
    }
}

/// Puts a message into its partition's batch; returns how many bytes more wait, and how many were taken.
fn take(
    message: &BorrowedMessage<'_>,
    open: &mut [(Place, Open)],
    index: &BTreeMap<String, Vec<Option<usize>>>,
    last: &mut usize,
    report: &KafkaReport,
) -> Result<(usize, usize), Stopped> {
    let (topic, partition) = (message.topic(), message.partition());
    // Messages of a partition come in runs.
    let is = |at: usize| open.get(at).is_some_and(|(place, _)| place.partition == partition && place.topic == topic);
    if !is(*last) {
        let number = usize::try_from(partition).unwrap_or(usize::MAX);
        let Some(at) = index.get(topic).and_then(|of_topic| *of_topic.get(number)?) else { return Ok((0, 0)) };
        *last = at;
    }
    let open = &mut open[*last].1;
    let value = message.payload();
    let before = open.waiting();
    let mut bytes = 0;
    match open.take(message.offset(), value)? {
        Taken::Kept => bytes = value.map_or(0, <[u8]>::len),
        Taken::Empty => KafkaReport::add(&report.empty, 1),
        Taken::TooLong => KafkaReport::add(&report.too_long, 1),
        Taken::Repeated => {}
    }
    Ok((open.waiting().saturating_sub(before), bytes))
}

/// Brokers as they are shown.
fn shown(brokers: &[String]) -> String {
    match brokers {
        [] => String::new(),
        [one] => one.clone(),
        [first, more @ ..] => format!("{first} and {} more", more.len()),
    }
}
