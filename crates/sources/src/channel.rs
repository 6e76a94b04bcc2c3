//! The way of blocks from the sources' threads to the workers: one bounded channel, numbered partitions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError};
use groundswell_post::EventTime;

use crate::block::{Block, Payload, Position, Positions, SourceIx};
use crate::clocks::Clocks;

/// How many blocks may wait for a worker before the sources wait (about 512 KiB each).
pub const BLOCK_QUEUE_MAX: usize = 16;

/// How often a source that waits for room looks whether it was asked to stop.
const STOP_POLL: Duration = Duration::from_millis(20);

/// Makes the channel. Each source gets its own sender by [`BlockFeed::sender`]; when the feed and all senders are dropped, the
/// receiver reports the end.
pub fn channel(capacity: usize, idle_after: Duration) -> (BlockFeed, BlockReceiver) {
    let (sender, receiver) = crossbeam_channel::bounded(capacity.max(1));
    let clocks = Arc::new(Clocks::new(idle_after));
    (BlockFeed { sender, clocks: Arc::clone(&clocks) }, BlockReceiver { receiver, clocks })
}

/// Hands out senders.
#[derive(Debug)]
pub struct BlockFeed {
    sender: Sender<Block>,
    clocks: Arc<Clocks>,
}

impl BlockFeed {
    /// A sender for one source. Until it registers its first partitions (or is dropped) there is no watermark: make all
    /// senders before any source runs.
    pub fn sender(&self, source: SourceIx) -> BlockSender {
        self.clocks.hold();
        BlockSender {
            source,
            sender: self.sender.clone(),
            clocks: Arc::clone(&self.clocks),
            sent: SentPositions::default(),
            holding: true,
        }
    }
}

/// The workers' end, shared by all of them.
#[derive(Clone, Debug)]
pub struct BlockReceiver {
    receiver: Receiver<Block>,
    clocks: Arc<Clocks>,
}

impl BlockReceiver {
    /// The next block, or why there is none.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Block, RecvTimeoutError> {
        self.receiver.recv_timeout(timeout)
    }

    /// The next block if one is waiting.
    pub fn try_recv(&self) -> Result<Block, TryRecvError> {
        self.receiver.try_recv()
    }

    /// The clocks of the partitions that come through this channel.
    pub fn clocks(&self) -> Arc<Clocks> {
        Arc::clone(&self.clocks)
    }

    /// How many blocks are waiting.
    pub fn waiting(&self) -> usize {
        self.receiver.len()
    }
}

/// What is known of a partition when it is registered.
#[derive(Clone, Debug)]
pub struct PartitionSpec {
    /// For messages: a path or an endpoint.
    pub name: String,
    /// The event time of its first record, where it can be known beforehand.
    pub head_time: Option<EventTime>,
    /// It has no end and may fall silent.
    pub live: bool,
    /// How far out of order a post may be.
    pub lateness: Duration,
}

/// The receiving end is gone, or a stop was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// The latest position of each key that one sender has put into the channel. What is in the channel will be counted, so once the
/// sender's source has ended, another one goes on from here without a loss and without a repeat.
#[derive(Clone, Debug, Default)]
pub struct SentPositions(Arc<Mutex<Positions>>);

impl SentPositions {
    /// The positions now.
    pub fn now(&self) -> Positions {
        self.lock().clone()
    }

    fn note(&self, position: Position) {
        let mut sent = self.lock();
        match sent.get_mut(&*position.key) {
            Some(value) => *value = position.value.into_string(),
            None => {
                sent.insert(position.key.to_string(), position.value.into_string());
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Positions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One source's way into the channel.
#[derive(Debug)]
pub struct BlockSender {
    source: SourceIx,
    sender: Sender<Block>,
    clocks: Arc<Clocks>,
    sent: SentPositions,
    holding: bool,
}

impl BlockSender {
    /// Registers partitions, all in one step.
    pub fn partitions(&mut self, specs: &[PartitionSpec], stop: &Stop) -> Vec<PartitionHandle> {
        let first = self.clocks.register(self.source, specs, std::mem::take(&mut self.holding));
        (first..)
            .zip(specs)
            .map(|(partition, _)| PartitionHandle {
                source: self.source,
                partition,
                seq: 0,
                sender: self.sender.clone(),
                clocks: Arc::clone(&self.clocks),
                positions: self.sent.clone(),
                stop: stop.clone(),
            })
            .collect()
    }

    /// Registers one partition.
    pub fn partition(&mut self, spec: PartitionSpec, stop: &Stop) -> PartitionHandle {
        self.partitions(&[spec], stop).pop().expect("one specification gives one handle")
    }

    /// The clocks that the workers publish to.
    pub fn clocks(&self) -> &Arc<Clocks> {
        &self.clocks
    }

    /// What has been sent so far; stays readable when the sender is gone.
    pub fn sent(&self) -> SentPositions {
        self.sent.clone()
    }

    /// The source that this sender belongs to.
    pub fn source(&self) -> SourceIx {
        self.source
    }
}

impl Drop for BlockSender {
    fn drop(&mut self) {
        if self.holding {
            self.clocks.release();
        }
    }
}

/// Sends the blocks of one partition. Dropping it ends the partition.
#[derive(Debug)]
pub struct PartitionHandle {
    source: SourceIx,
    partition: u32,
    seq: u64,
    sender: Sender<Block>,
    clocks: Arc<Clocks>,
    positions: SentPositions,
    stop: Stop,
}

impl PartitionHandle {
    /// Its number.
    pub fn partition(&self) -> u32 {
        self.partition
    }

    /// How many blocks were sent.
    pub fn sent(&self) -> u64 {
        self.seq
    }

    /// Sends the next block; waits while the channel is full.
    pub fn send(&mut self, first_line: u64, payload: Payload) -> Result<(), Stopped> {
        self.send_at(first_line, payload, None)
    }

    /// Sends the next block with the place at which the source goes on after it; waits while the channel is full.
    pub fn send_at(&mut self, first_line: u64, payload: Payload, position: Option<Position>) -> Result<(), Stopped> {
        let (source, partition, seq) = (self.source, self.partition, self.seq);
        let after = position.clone();
        let mut block = Block { source, partition, seq, first_line, position, payload };
        // Counted before it is sent: a worker may publish it before this thread runs again.
        self.clocks.sent(partition, seq + 1);
        loop {
            if self.stop.stopped() {
                break;
            }
            match self.sender.send_timeout(block, STOP_POLL) {
                Ok(()) => {
                    self.seq += 1;
                    if let Some(after) = after {
                        self.positions.note(after);
                    }
                    return Ok(());
                }
                Err(SendTimeoutError::Timeout(back)) => block = back,
                Err(SendTimeoutError::Disconnected(_)) => break,
            }
        }
        self.clocks.sent(partition, seq);
        Err(Stopped)
    }

    /// Ends the partition: no more blocks will come.
    pub fn finish(self) {}
}

impl Drop for PartitionHandle {
    fn drop(&mut self) {
        self.clocks.finished(self.partition);
    }
}

/// A request to stop, shared by whoever asks and all who must obey.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    asked: AtomicBool,
    /// Who obeys this one obeys that one too.
    above: Option<Stop>,
}

impl Stop {
    /// A request of its own for one of those who obey this one: it stops with this one or alone.
    #[must_use]
    pub fn part(&self) -> Self {
        Self(Arc::new(Flag { asked: AtomicBool::new(false), above: Some(self.clone()) }))
    }

    /// Asks everybody who holds a clone, or a part, to stop.
    pub fn stop(&self) {
        self.0.asked.store(true, Ordering::Release);
    }

    /// Whether a stop was asked for.
    pub fn stopped(&self) -> bool {
        self.0.asked.load(Ordering::Acquire) || self.0.above.as_ref().is_some_and(Self::stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stops_with_the_whole_or_alone() {
        let whole = Stop::default();
        let (one, other) = (whole.part(), whole.part());
        one.stop();
        assert!(one.stopped() && !other.stopped() && !whole.stopped());
        whole.stop();
        assert!(other.stopped());
    }

    #[test]
    fn what_was_sent_is_where_another_goes_on() {
        let (feed, receiver) = channel(1, Duration::from_secs(30));
        let stop = Stop::default();
        let mut sender = feed.sender(SourceIx(0));
        let sent = sender.sent();
        let spec = PartitionSpec { name: "a".to_owned(), head_time: None, live: true, lateness: Duration::ZERO };
        let mut handle = sender.partition(spec, &stop);
        let key = Arc::from("a");
        let mut send = |value: &str| handle.send_at(1, Payload::Ndjson(Vec::new()), Some(Position::new(&key, value)));
        send("1").expect("there is room");
        // The channel is full and nobody takes: what could not be sent is no position.
        stop.stop();
        assert_eq!(send("2"), Err(Stopped));
        drop((handle, sender));
        assert_eq!(sent.now(), Positions::from([("a".to_owned(), "1".to_owned())]));
        drop(receiver);
    }
}
