//! The door and the source behind it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender};
use groundswell_post::Rejection;

use super::durability::Durability;
use super::unpack::{Packing, UnpackError, unpack};
use crate::block::{Block, Payload, Position, Positions};
use crate::channel::{BlockSender, PartitionHandle, PartitionSpec, Stop};
use crate::clock::Clock;
use crate::counters::counters;
use crate::decode::{DecodeOptions, DecodeScratch, decode};
use crate::live::{LivePart, LiveStatus};
use crate::source::{Source, SourceError};

/// How many batches may wait between the door and the workers' channel.
pub const QUEUE_MAX: usize = 4;

/// How many streams there may be, over all runs whose positions are kept. One more is refused: to forget one would be to count
/// its last batch twice.
pub const STREAMS_MAX: usize = 1_024;

/// The longest name of a stream.
pub const STREAM_BYTES_MAX: usize = 64;

/// How many rejected lines are told one by one.
pub const REJECTIONS_SHOWN_MAX: usize = 100;

/// The stream of batches that name none. No name of a stream looks like it.
const NO_STREAM: &str = "~";

/// How often a source that waits for a batch looks whether it was asked to stop.
const STOP_POLL: Duration = Duration::from_millis(20);

/// Settings of the push source.
#[derive(Clone, Debug)]
pub struct PushConfig {
    /// The source's name.
    pub name: String,
    /// How far out of order the posts of a stream may be.
    pub lateness: Duration,
    /// How records are read.
    pub decode: DecodeOptions,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self { name: "push".to_owned(), lateness: Duration::from_mins(10), decode: DecodeOptions::default() }
    }
}

/// A batch's place in its stream: `stream/number`.
///
/// ```
/// use groundswell_sources::push::PushKey;
/// let key: PushKey = "shop-a.events/1042".parse()?;
/// assert_eq!((key.stream(), key.number()), ("shop-a.events", 1042));
/// assert!("1042".parse::<PushKey>().is_err());
/// # Ok::<(), groundswell_sources::push::PushError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushKey {
    stream: String,
    number: u64,
}

impl PushKey {
    /// The stream's name.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The batch's number in it.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl std::str::FromStr for PushKey {
    type Err = PushError;

    fn from_str(text: &str) -> Result<Self, PushError> {
        let (stream, number) = text.rsplit_once('/').ok_or(PushError::Key)?;
        let named = (1..=STREAM_BYTES_MAX).contains(&stream.len())
            && stream.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        let digits = (1..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        if !named || !digits {
            return Err(PushError::Key);
        }
        let number = number.parse().map_err(|_| PushError::Key)?;
        Ok(Self { stream: stream.to_owned(), number })
    }
}

/// Why a batch was not taken. Nothing of it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The key cannot be read.
    #[error(
        "expected STREAM/NUMBER: 1 to {STREAM_BYTES_MAX} letters, digits, dots, underscores and hyphens, a slash, and a number \
         below 2^64"
    )]
    Key,
    /// It cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// Another batch of the stream is being taken.
    #[error("another batch of this stream is being taken; send one after the other")]
    InWork,
    /// As many streams as there may be.
    #[error("there are {STREAMS_MAX} streams, as many as there may be")]
    TooManyStreams,
    /// The workers do not keep up.
    #[error("the engine does not keep up; send the batch again in a moment")]
    Full,
    /// The source is not running.
    #[error("the source is not running")]
    Stopped,
}

/// A line that was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownRejection {
    /// Its line, from 1.
    pub line: u64,
    /// Why.
    pub rejection: Rejection,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushReceipt {
    /// Its stream, for [`Durability`].
    pub stream: String,
    /// Its number in the stream; one that was given to it where it had none.
    pub number: u64,
    /// It was taken before: nothing of it is counted now.
    pub repeated: bool,
    /// Records, good and bad. Of a repeat nothing is read.
    pub lines: u64,
    /// Good ones.
    pub accepted: u64,
    /// Bad ones.
    pub rejected: u64,
    /// The first of the bad ones.
    pub shown: Vec<ShownRejection>,
}

/// What came through the door since the start.
#[derive(Debug, Default)]
pub struct PushCounts {
    batches: AtomicU64,
    bytes: AtomicU64,
    repeated: AtomicU64,
    refused_full: AtomicU64,
    streams_full: AtomicU64,
}

impl PushCounts {
    counters! {
        /// Batches taken.
        batches,
        /// Their bytes, unpacked.
        bytes,
        /// Batches that had been taken before.
        repeated,
        /// Batches refused because [`QUEUE_MAX`] were waiting.
        refused_full,
        /// Batches refused because there are [`STREAMS_MAX`] streams.
        streams_full,
    }
}

/// What waits for the source's thread.
struct Queued {
    stream: Arc<str>,
    number: u64,
    payload: Vec<u8>,
}

#[derive(Debug, Default)]
struct Stream {
    /// The number of the last batch that was taken.
    last: Option<u64>,
    /// A batch is being taken.
    in_work: bool,
}

struct Shared {
    config: PushConfig,
    clock: Arc<dyn Clock>,
    streams: Mutex<BTreeMap<Arc<str>, Stream>>,
    counts: PushCounts,
    durability: Durability,
    status: Arc<LiveStatus>,
    part: LivePart,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a source and the door to it.
pub fn push(config: PushConfig, clock: Arc<dyn Clock>) -> (PushDoor, PushSource) {
    let (sender, receiver) = crossbeam_channel::bounded(QUEUE_MAX);
    let status = LiveStatus::new(Arc::clone(&clock));
    let part = status.part(&config.name);
    let shared = Arc::new(Shared {
        config,
        clock,
        streams: Mutex::default(),
        counts: PushCounts::default(),
        durability: Durability::default(),
        status,
        part,
    });
    (PushDoor { shared: Arc::clone(&shared), sender }, PushSource { shared, receiver })
}

/// Where batches come in. Cheap to clone; any number of threads may push at once.
#[derive(Clone)]
pub struct PushDoor {
    shared: Arc<Shared>,
    sender: Sender<Queued>,
}

impl std::fmt::Debug for PushDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushDoor").field("counts", &self.shared.counts).finish_non_exhaustive()
    }
}

/// Gives the stream free again when a batch was taken or refused.
struct InWork<'a> {
    shared: &'a Shared,
    stream: Arc<str>,
    /// The number that was taken, if it was.
    taken: Option<u64>,
}

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        let mut streams = self.shared.lock();
        let Some(stream) = streams.get_mut(&self.stream) else { return };
        stream.in_work = false;
        stream.last = stream.last.max(self.taken);
        if stream.last.is_none() {
            // A stream of which nothing was ever taken takes no place.
            streams.remove(&self.stream);
        }
    }
}

impl PushDoor {
    /// Takes a batch: unpacks it, reads every line, and queues it; waits at most `patience` for room. Blocks: not for threads
    /// that must not.
    pub fn take(
        &self,
        key: Option<&PushKey>,
        bytes: Vec<u8>,
        packing: Packing,
        patience: Duration,
    ) -> Result<PushReceipt, PushError> {
        let shared = &*self.shared;
        let name = key.map_or(NO_STREAM, PushKey::stream);
        let mut work = match self.begin(name, key.map(PushKey::number))? {
            Ok(work) => work,
            Err(last) => {
                shared.counts.repeated.fetch_add(1, Ordering::Relaxed);
                let number = key.map_or(last, PushKey::number);
                return Ok(PushReceipt { stream: name.to_owned(), number, repeated: true, ..PushReceipt::default() });
            }
        };
        let plain = unpack(bytes, packing)?;
        let size = plain.len() as u64;
        let mut receipt = PushReceipt { stream: name.to_owned(), ..PushReceipt::default() };
        let payload = self.check(plain, &mut receipt);
        // Batches without a stream are taken side by side and numbered here, in the order in which they are queued.
        let mut streams = key.is_none().then(|| shared.lock());
        let number = match (key, &mut streams) {
            (Some(key), _) => key.number(),
            (None, Some(streams)) => streams.get(name).and_then(|stream| stream.last).map_or(0, |last| last + 1),
            (None, None) => unreachable!("locked where there is no key"),
        };
        receipt.number = number;
        let queued = Queued { stream: Arc::clone(&work.stream), number, payload };
        // With the lock in hand there is no waiting.
        let patience = if streams.is_some() { Duration::ZERO } else { patience };
        let sent = self.sender.send_timeout(queued, patience);
        if sent.is_ok()
            && let Some(streams) = &mut streams
            && let Some(stream) = streams.get_mut(name)
        {
            stream.last = Some(number);
        }
        drop(streams);
        match sent {
            Ok(()) => {}
            Err(SendTimeoutError::Timeout(_)) => {
                shared.counts.refused_full.fetch_add(1, Ordering::Relaxed);
                return Err(PushError::Full);
            }
            Err(SendTimeoutError::Disconnected(_)) => return Err(PushError::Stopped),
        }
        work.taken = Some(number);
        shared.counts.batches.fetch_add(1, Ordering::Relaxed);
        shared.counts.bytes.fetch_add(size, Ordering::Relaxed);
        shared.part.messages(receipt.lines, size as usize);
        Ok(receipt)
    }

    /// Marks a stream as in work, or tells the number of its last batch if this one was taken before.
    fn begin(&self, name: &str, number: Option<u64>) -> Result<Result<InWork<'_>, u64>, PushError> {
        let shared = &*self.shared;
        let mut streams = shared.lock();
        if !streams.contains_key(name) {
            if streams.len() >= STREAMS_MAX {
                shared.counts.streams_full.fetch_add(1, Ordering::Relaxed);
                return Err(PushError::TooManyStreams);
            }
            streams.insert(name.into(), Stream::default());
        }
        let (stream_name, _) = streams.get_key_value(name).expect("it was just put in");
        let stream_name = Arc::clone(stream_name);
        let stream = streams.get_mut(name).expect("it was just put in");
        if let Some(number) = number {
            if let Some(last) = stream.last.filter(|last| number <= *last) {
                return Ok(Err(last));
            }
            if stream.in_work {
                return Err(PushError::InWork);
            }
            stream.in_work = true;
        }
        drop(streams);
        Ok(Ok(InWork { shared, stream: stream_name, taken: None }))
    }

    /// Reads every line, as the workers will once more.
    fn check(&self, plain: Vec<u8>, receipt: &mut PushReceipt) -> Vec<u8> {
        let shared = &*self.shared;
        let block = Block::alone(1, Payload::Ndjson(plain));
        let now = shared.clock.now();
        decode(&block, &shared.config.decode, now, &mut DecodeScratch::default(), &mut |line, record| {
            receipt.lines += 1;
            match record {
                Ok(_) => receipt.accepted += 1,
                Err(rejection) => {
                    receipt.rejected += 1;
                    if receipt.shown.len() < REJECTIONS_SHOWN_MAX {
                        receipt.shown.push(ShownRejection { line, rejection });
                    }
                }
            }
        });
        match block.payload {
            Payload::Ndjson(plain) => plain,
            _ => unreachable!("it was put in above"),
        }
    }

    /// The number of the last batch of a stream that was taken.
    pub fn last(&self, stream: &str) -> Option<u64> {
        self.shared.lock().get(stream).and_then(|stream| stream.last)
    }

    /// Which batches are durable. Whoever commits positions tells it.
    pub fn durability(&self) -> &Durability {
        &self.shared.durability
    }

    /// The state of the door: connected while the source runs.
    pub fn status(&self) -> Arc<LiveStatus> {
        Arc::clone(&self.shared.status)
    }

    /// What came through the door.
    pub fn counts(&self) -> &PushCounts {
        &self.shared.counts
    }

    /// How many streams there are.
    pub fn streams(&self) -> usize {
        self.shared.lock().len()
    }
}

/// Hands batches to the workers, each stream a partition of its own.
pub struct PushSource {
    shared: Arc<Shared>,
    receiver: Receiver<Queued>,
}

impl std::fmt::Debug for PushSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushSource").field("name", &self.shared.config.name).finish_non_exhaustive()
    }
}

impl Source for PushSource {
    fn name(&self) -> &str {
        &self.shared.config.name
    }

    fn resume(&mut self, positions: &Positions) {
        self.shared.durability.committed(positions);
        let mut streams = self.shared.lock();
        for (name, value) in positions {
            let Ok(number) = value.parse() else { continue };
            let stream = streams.entry(name.as_str().into()).or_default();
            stream.last = stream.last.max(Some(number));
        }
    }

    fn run(self: Box<Self>, mut out: BlockSender, stop: Stop) -> Result<(), SourceError> {
        // Nobody waits for streams that may never come.
        out.partitions(&[], &stop);
        self.shared.part.connecting("POST /api/v1/ingest");
        self.shared.part.connected();
        // Of each stream: its partition, and the number of its next line.
        let mut partitions: BTreeMap<Arc<str>, (PartitionHandle, u64)> = BTreeMap::new();
        while !stop.stopped() {
            let queued = match self.receiver.recv_timeout(STOP_POLL) {
                Ok(queued) => queued,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let (partition, next) = partitions.entry(Arc::clone(&queued.stream)).or_insert_with(|| {
                let name = format!("{}/{}", self.shared.config.name, queued.stream);
                let lateness = self.shared.config.lateness;
                (out.partition(PartitionSpec { name, head_time: None, live: true, lateness }, &stop), 1)
            });
            let position = Position::new(&queued.stream, queued.number.to_string());
            let payload = Payload::Ndjson(queued.payload);
            let first_line = *next;
            *next += payload.lines();
            if partition.send_at(first_line, payload, Some(position)).is_err() {
                break;
            }
        }
        self.shared.part.closed();
        Ok(())
    }
}
