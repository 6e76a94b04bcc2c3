//! [`OpenMinutes`]: one worker's logs of open minutes, where a deletion reaches them, within a bound.

use std::collections::{BTreeMap, HashSet};

use groundswell_edge::DeleteKey;
use groundswell_sketch::Window;

use crate::volume::Deletions;

/// Posts of one minute.
pub(crate) trait PostLog {
    /// Memory in use.
    fn bytes(&self) -> usize;
    /// How many posts.
    fn posts(&self) -> usize;
    /// Forgets the posts that are named; returns how many they were.
    fn delete(&mut self, deletions: &Deletions) -> u64;
}

/// Logs by the start of their minute, and the memory that they take.
pub(crate) struct OpenMinutes<L> {
    pub(crate) minutes: BTreeMap<i64, L>,
    pub(crate) bytes: usize,
    bytes_max: usize,
}

impl<L: PostLog> OpenMinutes<L> {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { minutes: BTreeMap::new(), bytes: 0, bytes_max }
    }

    /// Forgets what is named in an open minute; returns how many posts that were.
    pub(crate) fn delete(&mut self, minute: Window, keys: &HashSet<DeleteKey>) -> u64 {
        let Some(log) = self.minutes.get_mut(&minute.start).filter(|_| !keys.is_empty()) else { return 0 };
        let before = log.bytes();
        let deleted = log.delete(&Deletions::new(keys));
        self.bytes -= before - log.bytes();
        deleted
    }

    /// Posts of open minutes.
    pub(crate) fn records(&self) -> usize {
        self.minutes.values().map(PostLog::posts).sum()
    }

    /// The oldest minute, if it ends at or before a second.
    pub(crate) fn take_closed(&mut self, before_unix: i64) -> Option<(i64, L)> {
        let minute = *self.minutes.first_key_value()?.0;
        if minute.saturating_add(60) > before_unix { None } else { self.take_oldest() }
    }

    /// The oldest minute, if there is more than there may be.
    pub(crate) fn take_beyond(&mut self) -> Option<(i64, L)> {
        if self.bytes > self.bytes_max { self.take_oldest() } else { None }
    }

    fn take_oldest(&mut self) -> Option<(i64, L)> {
        let (minute, log) = self.minutes.pop_first()?;
        self.bytes -= log.bytes();
        Some((minute, log))
    }
}
