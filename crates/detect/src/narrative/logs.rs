//! [`NarrativeLogs`]: one worker's notes of the posts of open minutes, for whoever clusters them.

use std::collections::HashSet;
use std::collections::btree_map::Entry;
use std::fmt;

use groundswell_edge::{DeleteKey, EdgePost};
use groundswell_sketch::Window;
use groundswell_text::Analysis;
use groundswell_text::names::{HashtagWords, NameSpan};

use super::config::{NarrativeConfig, NarrativeCounters};
use super::features::Features;
use super::log::{MinuteLog, minute_of};
use crate::open::{OpenMinutes, PostLog};
use crate::volume::Deletions;

/// One worker's part of the narrative detector: keeps the posts of open minutes, where a deletion reaches them, and hands them over
/// when their minute closes.
pub struct NarrativeLogs {
    features: Features,
    apart: HashtagWords,
    open: OpenMinutes<MinuteLog>,
    /// Empty logs, for the room in them.
    spares: Vec<MinuteLog>,
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
        write!(f, "NarrativeLogs({} open minutes)", self.open.minutes.len())
    }
}

impl NarrativeLogs {
    /// Logs of nothing.
    pub fn new(config: &NarrativeConfig) -> Self {
        Self {
            features: Features::new(),
            apart: HashtagWords::new(),
            open: OpenMinutes::new(config.log_bytes_max),
            spares: Vec::new(),
            counters: NarrativeCounters::default(),
        }
    }

    /// Notes a post. `names` are the spans of it that look like a person's name: their words are not told one by one.
    pub fn observe(&mut self, post: &EdgePost, analysis: &Analysis, names: &[NameSpan]) {
        self.features.read(post, analysis, names, &self.apart);
        self.counters.features_left_out += self.features.left_out;
        let spares = &mut self.spares;
        let log = self.open.minutes.entry(minute_of(post)).or_insert_with(|| spares.pop().unwrap_or_default());
        let before = log.bytes();
        log.push(&self.features);
        self.open.bytes += log.bytes() - before;
    }

    /// Forgets what is named in an open minute; returns how many posts that were. What was handed over is out of reach.
    pub fn delete(&mut self, minute: Window, keys: &HashSet<DeleteKey>) -> u64 {
        // The last post may be one of them.
        self.features = Features::new();
        self.open.delete(minute, keys)
    }

    /// Posts of open minutes.
    pub fn records(&self) -> usize {
        self.open.records()
    }

    /// What was counted.
    pub fn counters(&self) -> NarrativeCounters {
        self.counters
    }

    /// The posts of the oldest minute, if it ends at or before a second.
    pub fn hand_over(&mut self, before_unix: i64) -> Option<NarrativeMinute> {
        self.open.take_closed(before_unix).map(|(minute, log)| NarrativeMinute { minute, log })
    }

    /// The posts of the oldest minute, if the logs hold more than they may. To be asked until it says `None`.
    pub fn hand_over_early(&mut self) -> Option<NarrativeMinute> {
        self.open.take_beyond().map(|(minute, log)| NarrativeMinute { minute, log })
    }

    /// More posts of a minute, by another worker.
    pub(super) fn add(&mut self, NarrativeMinute { minute, log }: NarrativeMinute) {
        match self.open.minutes.entry(minute) {
            Entry::Vacant(free) => self.open.bytes += free.insert(log).bytes(),
            Entry::Occupied(known) => {
                let known = known.into_mut();
                let before = known.bytes();
                let used = known.join(log);
                self.open.bytes += known.bytes() - before;
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
}
