//! Deletions on their way to what is still buffered.
//!
//! A deletion may be read by one worker and its post buffered by another, so decoded deletions go on a board that all workers
//! of the process read. They are put there *before* the block's clock is published: a window closes only when the watermark
//! has passed it, the watermark rests on published clocks, and so every deletion that a sequential reading would have seen by
//! then is on the board. Which deletions a window honours is decided by event time alone and not by who was faster: those
//! made after `start − lateness` and before `end + lateness`. A live source's deletion is honoured by every open window that
//! it can be of, also where another source that lags holds a window open for longer: nobody reads a live source twice, and
//! who deletes a post need not wait for others.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use groundswell_edge::DeleteKey;
use groundswell_post::EventTime;
use groundswell_sketch::Window;

/// How many deletions the board holds; the oldest go first when more come (24 MiB at most).
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

#[derive(Debug, Default)]
struct Entries {
    /// Number of entries ever dropped from the front.
    dropped: u64,
    queue: VecDeque<Posted>,
}

/// Shared by the workers of a process.
#[derive(Debug, Default)]
pub(crate) struct DeletionBoard {
    entries: Mutex<Entries>,
}

impl DeletionBoard {
    pub(crate) fn post(&self, deletions: &[Posted]) {
        if deletions.is_empty() {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.queue.extend(deletions);
        while entries.queue.len() > DELETIONS_MAX {
            entries.queue.pop_front();
            entries.dropped += 1;
        }
    }

    /// Appends what was posted since `cursor` and moves it.
    pub(crate) fn read_since(&self, cursor: &mut u64, into: &mut Vec<Posted>) {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = cursor.saturating_sub(entries.dropped) as usize;
        into.extend(entries.queue.iter().skip(skip));
        *cursor = entries.dropped + entries.queue.len() as u64;
    }

    /// Forgets what no open window can need.
    pub(crate) fn drop_before(&self, time: EventTime) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        while entries.queue.front().is_some_and(|posted| posted.time < time) {
            entries.queue.pop_front();
            entries.dropped += 1;
        }
    }
}
