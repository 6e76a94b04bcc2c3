//! [`AmplifyLogs`]: one worker's notes of the posts of open minutes, for whoever looks for copies in them.

use std::collections::HashSet;
use std::collections::btree_map::Entry;
use std::fmt;

use groundswell_edge::{DeleteKey, EdgePost};
use groundswell_sketch::Window;
use groundswell_text::{Analysis, Analyzer};

use super::config::{AmplifyConfig, AmplifyCounters};
use super::log::{MinuteLog, minute_of};
use super::words::Reading;
use crate::open::{OpenMinutes, PostLog};
use crate::volume::Deletions;

/// One worker's part of the amplification detector: keeps the posts of open minutes, where a deletion reaches them, and hands them over
/// when their minute closes.
pub struct AmplifyLogs {
    reading: Reading,
    analyzer: Analyzer,
    /// Of a publisher's title.
    title: Analysis,
    open: OpenMinutes<MinuteLog>,
    counters: AmplifyCounters,
}

/// What one worker noted of the posts of a minute. It has no form in which it could leave the process.
pub struct AmplifyMinute {
    pub(super) minute: i64,
    pub(super) log: MinuteLog,
}

impl PostLog for MinuteLog {
    fn bytes(&self) -> usize {
        Self::bytes(self)
    }

    fn posts(&self) -> usize {
        self.len()
    }

    fn delete(&mut self, deletions: &Deletions) -> u64 {
        Self::delete(self, deletions)
    }
}

impl AmplifyMinute {
    /// Where the minute starts, in seconds.
    pub fn start(&self) -> i64 {
        self.minute
    }

    /// Memory in use.
    pub fn bytes(&self) -> usize {
        self.log.bytes()
    }

    /// Forgets what is named; returns how many posts that were.
    pub fn delete(&mut self, keys: &HashSet<DeleteKey>) -> u64 {
        if keys.is_empty() { 0 } else { self.log.delete(&Deletions::new(keys)) }
    }
}

impl fmt::Debug for AmplifyMinute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AmplifyMinute({}, {} posts)", self.minute, self.log.len())
    }
}

impl fmt::Debug for AmplifyLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AmplifyLogs({} open minutes)", self.open.minutes.len())
    }
}

impl AmplifyLogs {
    /// Logs of nothing.
    pub fn new(config: &AmplifyConfig) -> Self {
        Self {
            reading: Reading::default(),
            analyzer: Analyzer::new(),
            title: Analysis::new(),
            open: OpenMinutes::new(config.log_bytes_max),
            counters: AmplifyCounters::default(),
        }
    }

    /// Notes a post.
    pub fn observe(&mut self, post: &EdgePost, analysis: &Analysis) {
        self.reading.read(analysis);
        self.counters.texts_too_short += u64::from(self.reading.exact == 0);
        let log = self.open.minutes.entry(minute_of(post.time.unix())).or_default();
        self.open.bytes += log.push(post, analysis, &self.reading);
        let (bytes, too_long) = log.push_objects(post, analysis);
        self.open.bytes += bytes;
        self.counters.links_too_long += too_long;
        if let Some(title) = post.publisher.as_ref().and_then(|item| item.title.as_deref()) {
            self.analyzer.tokenize(title, &mut self.title);
            self.reading.read(&self.title);
            self.open.bytes += log.push_title(post, title, &self.reading);
            self.title.clear();
        }
    }

    /// Forgets what is named in an open minute; returns how many posts that were.
    pub fn delete(&mut self, minute: Window, keys: &HashSet<DeleteKey>) -> u64 {
        // The last post may be one of them.
        self.reading = Reading::default();
        self.open.delete(minute, keys)
    }

    /// Posts of open minutes that are long enough to be of a family.
    pub fn records(&self) -> usize {
        self.open.records()
    }

    /// What was counted.
    pub fn counters(&self) -> AmplifyCounters {
        self.counters
    }

    /// The posts of the oldest minute, if it ends at or before a second.
    pub fn hand_over(&mut self, before_unix: i64) -> Option<AmplifyMinute> {
        self.open.take_closed(before_unix).map(|(minute, log)| AmplifyMinute { minute, log })
    }

    /// The posts of the oldest minute, if the logs hold more than they may. To be asked until it says `None`.
    pub fn hand_over_early(&mut self) -> Option<AmplifyMinute> {
        self.open.take_beyond().map(|(minute, log)| AmplifyMinute { minute, log })
    }

    /// More posts of a minute, by another worker.
    pub(super) fn add(&mut self, AmplifyMinute { minute, log }: AmplifyMinute) {
        self.open.bytes += log.bytes();
        match self.open.minutes.entry(minute) {
            Entry::Vacant(free) => _ = free.insert(log),
            Entry::Occupied(mut known) => known.get_mut().join(log),
        }
    }

    /// Memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.open.bytes
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub(super) fn held(&self, held: &mut crate::volume::Held) {
        self.open.minutes.values().for_each(|log| log.held(held));
    }
}
