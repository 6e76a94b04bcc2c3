//! Deletions on their way to what is still buffered, by any worker of the process; `across.rs` takes them to other processes.
//!
//! A deletion may be read by one worker and its post buffered by another, so decoded deletions go on a board that all workers
//! of the process read. They are put there *before* the block's clock is published: a window closes only when the watermark
//! has passed it, the watermark rests on published clocks, and so every deletion that a sequential reading would have seen by
//! then is on the board. Which deletions a window honours is decided by event time alone and not by who was faster: those
//! made after `start − lateness` and before `end + lateness`. A live source's deletion is honoured by every open window that
//! it can be of, also where another source that lags holds a window open for longer: nobody reads a live source twice, and
//! who deletes a post need not wait for others.

pub(crate) mod across;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use groundswell_edge::DeleteKey;
use groundswell_post::EventTime;
use groundswell_sketch::Window;

/// How many deletions the board holds, and each worker of those that it has read (24 MiB at most); the oldest go first when
/// more come, and are counted: windows that are still open do not honour them.
pub const DELETIONS_MAX: usize = 1 << 20;

/// One deletion on the board.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posted {
    pub(crate) time: EventTime,
    pub(crate) key: DeleteKey,
    /// From a live source.
    pub(crate) live: bool,
}

impl Posted {
    /// Whether a window honours it.
    pub(crate) fn is_for(&self, window: Window, lateness: i64) -> bool {
        let time = self.time.unix();
        time >= window.start - lateness && (self.live || time < window.end() + lateness)
    }
}

#[derive(Debug)]
struct Entries {
    /// Number of entries ever dropped from the front.
    dropped: u64,
    queue: VecDeque<Posted>,
    /// Of each worker of the process: how many entries it has read.
    read: Vec<u64>,
}

/// Shared by the workers of a process. An entry stays until every one of them has read it: a worker that is further on must not
/// take from another what its open windows need.
#[derive(Debug)]
pub(crate) struct DeletionBoard {
    entries: Mutex<Entries>,
}

impl DeletionBoard {
    /// A board for so many workers.
    pub(crate) fn new(workers: usize) -> Self {
        let entries = Entries { dropped: 0, queue: VecDeque::new(), read: vec![0; workers] };
        Self { entries: Mutex::new(entries) }
    }

    /// Takes deletions; tells how many older ones had to go.
    pub(crate) fn post(&self, deletions: &[Posted]) -> u64 {
        if deletions.is_empty() {
            return 0;
        }
        let mut entries = self.lock();
        entries.queue.extend(deletions);
        let over = entries.queue.len().saturating_sub(DELETIONS_MAX);
        entries.queue.drain(..over);
        entries.dropped += over as u64;
        over as u64
    }

    /// Appends what was posted since this worker last read; says how many were ever posted.
    pub(crate) fn read(&self, worker: usize, into: &mut Vec<Posted>) -> u64 {
        let mut entries = self.lock();
        let Some(read) = entries.read.get(worker).copied() else { return 0 };
        let skip = read.saturating_sub(entries.dropped) as usize;
        into.extend(entries.queue.iter().skip(skip));
        let end = entries.dropped + entries.queue.len() as u64;
        entries.read[worker] = end;
        let all_read = entries.read.iter().copied().min().unwrap_or(end);
        let gone = all_read.saturating_sub(entries.dropped) as usize;
        entries.queue.drain(..gone);
        entries.dropped += gone as u64;
        end
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use groundswell_edge::PostKey;

    use super::*;

    fn posted(numbers: std::ops::Range<u64>) -> Vec<Posted> {
        let posted = |number| Posted {
            time: EventTime::default(),
            key: DeleteKey::Post(PostKey::from_bits(number)),
            live: false,
        };
        numbers.map(posted).collect()
    }

    #[test]
    fn every_worker_reads_every_deletion_however_far_the_others_are() {
        let board = DeletionBoard::new(2);
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for round in 0..10 {
            assert_eq!(board.post(&posted(round * 10..round * 10 + 10)), 0);
            board.read(0, &mut one);
            assert_eq!(one.len() as u64, round * 10 + 10);
        }
        board.read(1, &mut other);
        assert_eq!(
            one.iter().map(|posted| posted.key).collect::<Vec<_>>(),
            other.iter().map(|posted| posted.key).collect::<Vec<_>>()
        );
        assert!(board.lock().queue.is_empty(), "what all have read is kept by none");
        board.read(1, &mut other);
        assert_eq!(other.len(), 100);
    }

    #[test]
    fn the_board_is_bounded_and_tells_what_had_to_go() {
        let board = DeletionBoard::new(2);
        assert_eq!(board.post(&posted(0..DELETIONS_MAX as u64)), 0);
        assert_eq!(board.post(&posted(0..7)), 7);
        let mut read = Vec::new();
        board.read(1, &mut read);
        assert_eq!(read.len(), DELETIONS_MAX);
    }
}
