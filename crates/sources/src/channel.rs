//! The way of blocks from the sources' threads to the workers: one bounded channel of two lanes, numbered partitions.
//!
//! Sources that can wait (files, Kafka, push, feeds) share one lane, those that cannot (live streams) the other. So a backlog
//! that fills its lane takes no place from what would be lost, and live streams that fill theirs take at most
//! three of four turns from the backlog. A full lane makes the first wait and the second [thin](Thinning).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError, select};
use groundswell_post::{EventTime, Portion};

use crate::block::{Block, Payload, Position, Positions, SourceIx};
use crate::clocks::Clocks;
use crate::thinning::Thinning;

/// How many blocks may wait for a worker in each of the two lanes (about 512 KiB each). Then sources that can wait do, and
/// those that cannot are thinned.
pub const BLOCK_QUEUE_MAX: usize = 16;

/// Of so many blocks at least one comes from the sources that can wait, while they have any.
const TURNS: u64 = 4;

/// How often a source that waits for room looks whether it was asked to stop.
const STOP_POLL: Duration = Duration::from_millis(20);

/// One end of both lanes.
#[derive(Clone, Debug)]
struct Lanes<T> {
    /// Of sources that can wait.
    patient: T,
    /// Of sources that cannot.
    live: T,
}

/// Makes the channel; each of its lanes has room for `capacity` blocks. Each source gets its own sender by
/// [`BlockFeed::sender`]; when the feed and all senders are dropped, the receiver reports the end.
pub fn channel(capacity: usize, idle_after: Duration) -> (BlockFeed, BlockReceiver) {
    let (patient, patient_out) = crossbeam_channel::bounded(capacity.max(1));
    let (live, live_out) = crossbeam_channel::bounded(capacity.max(1));
    let clocks = Arc::new(Clocks::new(idle_after));
    let thinning = Arc::new(Thinning::default());
    let senders = Lanes { patient, live };
    let feed = BlockFeed { senders, clocks: Arc::clone(&clocks), thinning: Arc::clone(&thinning) };
    let receivers = Lanes { patient: patient_out, live: live_out };
    (feed, BlockReceiver { receivers, clocks, thinning, turns: Arc::default() })
}

/// Hands out senders.
#[derive(Debug)]
pub struct BlockFeed {
    senders: Lanes<Sender<Block>>,
    clocks: Arc<Clocks>,
    thinning: Arc<Thinning>,
}

impl BlockFeed {
    /// A sender for one source. Until it registers its first partitions (or is dropped) there is no watermark: make all
    /// senders before any source runs.
    pub fn sender(&self, source: SourceIx) -> BlockSender {
        self.clocks.hold();
        let (senders, clocks, thinning) = (self.senders.clone(), Arc::clone(&self.clocks), Arc::clone(&self.thinning));
        BlockSender { source, senders, clocks, thinning, sent: SentPositions::default(), holding: true }
    }
}

/// The workers' end, shared by all of them.
#[derive(Clone, Debug)]
pub struct BlockReceiver {
    receivers: Lanes<Receiver<Block>>,
    clocks: Arc<Clocks>,
    thinning: Arc<Thinning>,
    /// Counts the blocks that were asked for, by all workers.
    turns: Arc<AtomicU64>,
}

impl BlockReceiver {
    /// The next block, or why there is none.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Block, RecvTimeoutError> {
        let Lanes { patient, live } = &self.receivers;
        match self.try_recv() {
            Ok(block) => return Ok(block),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {}
        }
        // A lane whose senders are gone would wake us at once and for nothing: then the other is waited for alone.
        select! {
            recv(live) -> block => block.or_else(|_| patient.recv_timeout(timeout)),
            recv(patient) -> block => block.or_else(|_| live.recv_timeout(timeout)),
            default(timeout) => Err(RecvTimeoutError::Timeout),
        }
    }

    /// The next block if one is waiting: of a live source where there is one, but of the others in one turn of four.
    pub fn try_recv(&self) -> Result<Block, TryRecvError> {
        let Lanes { patient, live } = &self.receivers;
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        let (first, second) = if turn.is_multiple_of(TURNS) { (patient, live) } else { (live, patient) };
        first.try_recv().or_else(|first| match second.try_recv() {
            // Ended is only what has ended on both lanes.
            Err(TryRecvError::Disconnected) => Err(first),
            other => other,
        })
    }

    /// The clocks of the partitions that come through this channel.
    pub fn clocks(&self) -> Arc<Clocks> {
        Arc::clone(&self.clocks)
    }

    /// How much is kept of the sources that cannot wait.
    pub fn thinning(&self) -> Arc<Thinning> {
        Arc::clone(&self.thinning)
    }

    /// How many blocks are waiting.
    pub fn waiting(&self) -> usize {
        self.receivers.patient.len() + self.receivers.live.len()
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
    senders: Lanes<Sender<Block>>,
    clocks: Arc<Clocks>,
    sent: SentPositions,
    thinning: Arc<Thinning>,
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
                senders: self.senders.clone(),
                live: false,
                behind: false,
                clocks: Arc::clone(&self.clocks),
                positions: self.sent.clone(),
                thinning: Arc::clone(&self.thinning),
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
    senders: Lanes<Sender<Block>>,
    /// Its blocks go through the lane of the sources that cannot wait.
    live: bool,
    behind: bool,
    clocks: Arc<Clocks>,
    positions: SentPositions,
    thinning: Arc<Thinning>,
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

    /// From its first block on, it goes through the lane of the sources that cannot wait. A partition stays in one lane, so that
    /// its blocks are taken in their order.
    #[must_use]
    pub fn cannot_wait(mut self) -> Self {
        debug_assert_eq!(self.seq, 0, "a partition stays in one lane");
        self.live = true;
        self
    }

    /// Whether the partition is known to have something unread. Then it is not idle, and the watermark waits for it, up to
    /// [`crate::BEHIND_MAX`]. To be called after what was read has been sent.
    pub fn behind(&mut self, behind: bool) {
        if self.behind != behind {
            self.behind = behind;
            self.clocks.behind(self.partition, behind);
        }
    }

    /// Sends the next block; waits while its lane is full.
    pub fn send(&mut self, first_line: u64, payload: Payload) -> Result<(), Stopped> {
        self.send_at(first_line, payload, None)
    }

    /// Sends the next block with the place at which the source goes on after it; waits while its lane is full. All of its posts
    /// are kept.
    pub fn send_at(&mut self, first_line: u64, payload: Payload, position: Option<Position>) -> Result<(), Stopped> {
        self.send_portion(first_line, payload, position, Portion::ALL)
    }

    /// Sends the next block, of which this share is kept whatever room there is; waits while its lane is full.
    pub fn send_portion(
        &mut self,
        first_line: u64,
        payload: Payload,
        position: Option<Position>,
        portion: Portion,
    ) -> Result<(), Stopped> {
        let block = self.block(first_line, payload, position, portion);
        self.wait_for_room(block)
    }

    /// Sends the next block of a source that cannot wait: of its posts only as many are kept as there is room for, and where
    /// there is none, fewer from now on. It waits all the same then, since a block holds what is never left out.
    pub fn send_or_thin(
        &mut self,
        first_line: u64,
        payload: Payload,
        position: Option<Position>,
    ) -> Result<(), Stopped> {
        let block = self.block(first_line, payload, position, self.thinning.portion());
        let lane = if self.live { &self.senders.live } else { &self.senders.patient };
        let after = block.position.clone();
        match lane.try_send(block) {
            Ok(()) => {
                if let Some(after) = after {
                    self.positions.note(after);
                }
                let places = lane.capacity().unwrap_or(usize::MAX);
                self.thinning.room(places.saturating_sub(lane.len()), places);
                self.seq += 1;
                Ok(())
            }
            Err(TrySendError::Full(mut block)) => {
                block.portion = self.thinning.no_room();
                self.wait_for_room(block)
            }
            Err(TrySendError::Disconnected(_)) => Err(self.not_sent()),
        }
    }

    fn block(&self, first_line: u64, payload: Payload, position: Option<Position>, portion: Portion) -> Block {
        let (source, partition, seq) = (self.source, self.partition, self.seq);
        // Counted before it is sent: a worker may publish it before this thread runs again.
        self.clocks.sent(partition, seq + 1);
        Block { source, partition, seq, first_line, position, portion, payload }
    }

    fn not_sent(&self) -> Stopped {
        self.clocks.sent(self.partition, self.seq);
        Stopped
    }

    fn wait_for_room(&mut self, mut block: Block) -> Result<(), Stopped> {
        let after = block.position.clone();
        let lane = if self.live { &self.senders.live } else { &self.senders.patient };
        loop {
            if self.stop.stopped() {
                break;
            }
            match lane.send_timeout(block, STOP_POLL) {
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
        Err(self.not_sent())
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
