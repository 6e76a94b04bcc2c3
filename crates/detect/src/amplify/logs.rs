//! [`AmplifyLogs`]: one worker's notes of the posts of open minutes, for whoever looks for copies in them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use groundswell_edge::{DeleteKey, EdgePost};
use groundswell_sketch::Window;
use groundswell_text::{Analysis, Analyzer};

use super::config::{AmplifyConfig, AmplifyCounters};
use super::log::{MinuteLog, minute_of};
use super::words::Reading;
use crate::volume::Deletions;

/// One worker's part of the amplification detector: keeps the posts of open minutes, where a deletion reaches them, and hands them over
/// when their minute closes.
pub struct AmplifyLogs {
    bytes_max: usize,
    reading: Reading,
    analyzer: Analyzer,
    /// Of a publisher's title.
    title: Analysis,
    minutes: BTreeMap<i64, MinuteLog>,
    bytes: usize,
    counters: AmplifyCounters,
}

/// What one worker noted of the posts of a minute. It has no form in which it could leave the process.
pub struct AmplifyMinute {
    pub(super) minute: i64,
    pub(super) log: MinuteLog,
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
        write!(f, "AmplifyLogs({} open minutes)", self.minutes.len())
    }
}

impl AmplifyLogs {
    /// Logs of nothing.
    pub fn new(config: &AmplifyConfig) -> Self {
        Self {
            bytes_max: config.log_bytes_max,
            reading: Reading::default(),
            analyzer: Analyzer::new(),
            title: Analysis::new(),
            minutes: BTreeMap::new(),
            bytes: 0,
            counters: AmplifyCounters::default(),
        }
    }

    /// Notes a post.
    pub fn observe(&mut self, post: &EdgePost, analysis: &Analysis) {
        self.reading.read(analysis);
        self.counters.texts_too_short += u64::from(self.reading.exact == 0);
        let log = self.minutes.entry(minute_of(post.time.unix())).or_default();
        self.bytes += log.push(post, analysis, &self.reading);
        let (bytes, too_long) = log.push_objects(post, analysis);
        self.bytes += bytes;
        self.counters.links_too_long += too_long;
        if let Some(title) = post.publisher.as_ref().and_then(|item| item.title.as_deref()) {
            self.analyzer.tokenize(title, &mut self.title);
            self.reading.read(&self.title);
            self.bytes += log.push_title(post, title, &self.reading);
            self.title.clear();
        }
    }

    /// Forgets what is named in an open minute; returns how many posts that were.
    pub fn delete(&mut self, minute: Window, keys: &HashSet<DeleteKey>) -> u64 {
        // The last post may be one of them.
        self.reading = Reading::default();
        let Some(log) = self.minutes.get_mut(&minute.start).filter(|_| !keys.is_empty()) else { return 0 };
        let before = log.bytes();
        let deleted = log.delete(&Deletions::new(keys));
        self.bytes -= before - log.bytes();
        deleted
    }

    /// Posts of open minutes that are long enough to be of a family.
    pub fn records(&self) -> usize {
        self.minutes.values().map(MinuteLog::len).sum()
    }

    /// What was counted.
    pub fn counters(&self) -> AmplifyCounters {
        self.counters
    }

    /// The posts of the oldest minute, if it ends at or before a second.
    pub fn hand_over(&mut self, before_unix: i64) -> Option<AmplifyMinute> {
        let minute = *self.minutes.first_key_value()?.0;
        if minute.saturating_add(60) > before_unix { None } else { self.pop() }
    }

    /// The posts of the oldest minute, if the logs hold more than they may. To be asked until it says `None`.
    pub fn hand_over_early(&mut self) -> Option<AmplifyMinute> {
        if self.bytes > self.bytes_max { self.pop() } else { None }
    }

    /// More posts of a minute, by another worker.
    pub(super) fn add(&mut self, AmplifyMinute { minute, log }: AmplifyMinute) {
        self.bytes += log.bytes();
        match self.minutes.entry(minute) {
            Entry::Vacant(free) => _ = free.insert(log),
            Entry::Occupied(mut known) => known.get_mut().join(log),
        }
    }

    /// Memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub(super) fn held(&self, held: &mut crate::volume::Held) {
        self.minutes.values().for_each(|log| log.held(held));
    }

    fn pop(&mut self) -> Option<AmplifyMinute> {
        let (minute, log) = self.minutes.pop_first()?;
        self.bytes -= log.bytes();
        Some(AmplifyMinute { minute, log })
    }
}
