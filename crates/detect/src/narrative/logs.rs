//! [`NarrativeLogs`]: one worker's notes of the posts of open minutes, for whoever clusters them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use groundswell_edge::{DeleteKey, EdgePost};
use groundswell_sketch::Window;
use groundswell_text::Analysis;
use groundswell_text::names::{HashtagWords, NameSpan};

use super::config::{NarrativeConfig, NarrativeCounters};
use super::features::Features;
use super::log::{MinuteLog, minute_of};
use crate::volume::Deletions;

/// One worker's part of the narrative detector: keeps the posts of open minutes, where a deletion reaches them, and hands them over
/// when their minute closes.
pub struct NarrativeLogs {
    bytes_max: usize,
    features: Features,
    apart: HashtagWords,
    minutes: BTreeMap<i64, MinuteLog>,
    /// Empty logs, for the room in them.
    spares: Vec<MinuteLog>,
    bytes: usize,
    counters: NarrativeCounters,
}

/// What one worker noted of the posts of a minute. It has no form in which it could leave the process.
pub struct NarrativeMinute {
    pub(super) minute: i64,
    pub(super) log: MinuteLog,
}

/// An empty log, for the room in it.
pub struct NarrativeRoom(MinuteLog);

impl fmt::Debug for NarrativeRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NarrativeRoom({})", self.0.room())
    }
}

/// Empty logs that are kept, at most.
const SPARES_MAX: usize = 4;

impl NarrativeMinute {
    /// Where the minute starts, in seconds.
    pub fn start(&self) -> i64 {
        self.minute
    }

    /// Memory in use.
    pub fn bytes(&self) -> usize {
        self.log.bytes()
    }
}

impl fmt::Debug for NarrativeMinute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NarrativeMinute({}, {} posts)", self.minute, self.log.len())
    }
}

impl fmt::Debug for NarrativeLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NarrativeLogs({} open minutes)", self.minutes.len())
    }
}

impl NarrativeLogs {
    /// Logs of nothing.
    pub fn new(config: &NarrativeConfig) -> Self {
        Self {
            bytes_max: config.log_bytes_max,
            features: Features::new(),
            apart: HashtagWords::new(),
            minutes: BTreeMap::new(),
            spares: Vec::new(),
            bytes: 0,
            counters: NarrativeCounters::default(),
        }
    }

    /// Notes a post. `names` are the spans of it that look like a person's name: their words are not told one by one.
    pub fn observe(&mut self, post: &EdgePost, analysis: &Analysis, names: &[NameSpan]) {
        self.features.read(post, analysis, names, &self.apart);
        self.counters.features_left_out += self.features.left_out;
        let spares = &mut self.spares;
        let log = self.minutes.entry(minute_of(post)).or_insert_with(|| spares.pop().unwrap_or_default());
        let before = log.bytes();
        log.push(&self.features);
        self.bytes += log.bytes() - before;
    }

    /// Forgets what is named in an open minute; returns how many posts that were. What was handed over is out of reach.
    pub fn delete(&mut self, minute: Window, keys: &HashSet<DeleteKey>) -> u64 {
        // The last post may be one of them.
        self.features = Features::new();
        let Some(log) = self.minutes.get_mut(&minute.start).filter(|_| !keys.is_empty()) else { return 0 };
        let before = log.bytes();
        let deleted = log.delete(&Deletions::new(keys));
        self.bytes -= before - log.bytes();
        deleted
    }

    /// Posts of open minutes.
    pub fn records(&self) -> usize {
        self.minutes.values().map(MinuteLog::len).sum()
    }

    /// What was counted.
    pub fn counters(&self) -> NarrativeCounters {
        self.counters
    }

    /// The posts of the oldest minute, if it ends at or before a second.
    pub fn hand_over(&mut self, before_unix: i64) -> Option<NarrativeMinute> {
        let minute = *self.minutes.first_key_value()?.0;
        if minute.saturating_add(60) > before_unix { None } else { self.pop() }
    }

    /// The posts of the oldest minute, if the logs hold more than they may. To be asked until it says `None`.
    pub fn hand_over_early(&mut self) -> Option<NarrativeMinute> {
        if self.bytes > self.bytes_max { self.pop() } else { None }
    }

    /// More posts of a minute, by another worker.
    pub(super) fn add(&mut self, NarrativeMinute { minute, log }: NarrativeMinute) {
        match self.minutes.entry(minute) {
            Entry::Vacant(free) => self.bytes += free.insert(log).bytes(),
            Entry::Occupied(known) => {
                let known = known.into_mut();
                let before = known.bytes();
                let used = known.join(log);
                self.bytes += known.bytes() - before;
                self.reuse(used);
            }
        }
    }

    /// Gives the room of a log back: minutes are much alike, and growing is copying.
    pub(super) fn reuse(&mut self, mut log: MinuteLog) {
        log.clear();
        self.spares.push(log);
        // One of nearly no room is of no use, and of two logs of a minute only one is needed.
        self.spares.sort_unstable_by_key(MinuteLog::room);
        self.spares.drain(..self.spares.len().saturating_sub(SPARES_MAX));
    }

    /// The room of a log that was handed over to others before.
    pub fn give_room(&mut self, NarrativeRoom(log): NarrativeRoom) {
        self.reuse(log);
    }

    pub(super) fn take_room(&mut self) -> Option<NarrativeRoom> {
        self.spares.pop().map(NarrativeRoom)
    }

    fn pop(&mut self) -> Option<NarrativeMinute> {
        let (minute, log) = self.minutes.pop_first()?;
        self.bytes -= log.bytes();
        Some(NarrativeMinute { minute, log })
    }
}
