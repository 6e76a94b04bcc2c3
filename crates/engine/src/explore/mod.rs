//! The *Explore* index (PRIVACY section 8): scrubbed text of the last day or two, in memory only, over which somebody can try a
//! query before it becomes a watch. Off unless asked for.
//!
//! - **What it holds** is what a query can see of a post, packed ([`block`]); no id, no link but its domain. It is in no checkpoint
//!   and no file, so a restart begins with nothing.
//! - **How long**: posts of the watermark's UTC day and of the day before. The keys of earlier days are wiped, so a deletion could
//!   not find what is older; 72 hours after it was read a post goes in any case, also where the stream has stopped.
//! - **How much**: where its bytes are used up, every second post goes, by the last bits of its post key, so that what stays is
//!   a fair sample: one post in 2, 4, 8. Posts stand by [`level`] for that, so that halving drops lists and copies nothing.
//! - **Deletions** reach it within [`SWEEP_SECONDS`] and before each answer. A deletion may have been read before its post, by
//!   another worker: each is looked for over [`DELETED_SECONDS`].
//! - **Answers** are rows of closed hours from the gate. Each query is one more look at whoever may be in it, so there are at most
//!   [`TRIALS_A_DAY`] (the bound is in docs/methods/release.md).

mod block;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use groundswell_edge::{AuthorToken, DeleteKey, EdgePost, PostKey};
use groundswell_gate::{CandidateCell, Dimension, Gate, Released, VolumeCandidate, VolumeRow};
use groundswell_post::{EventTime, Kind};
use groundswell_sketch::{Cell, CellKey, Step, Window};
use groundswell_text::{Analysis, Analyzer, hash_word};
use groundswell_watch::{Doc, Percolator, Scratch};

use self::block::{Blocks, Packed};
use crate::deletions::DELETIONS_MAX;

/// Queries that may be tried in a UTC day. A post is held for two days of event time, so three of the clock's at most.
pub const TRIALS_A_DAY: u32 = 32;

/// How often what was deleted is looked for.
const SWEEP_SECONDS: i64 = 20;

/// How long a deletion is looked for after it was read.
const DELETED_SECONDS: i64 = 300;

/// How long a post is held at most after it was read (PRIVACY section 8).
const HELD_SECONDS: i64 = 72 * 3_600;

/// No sample is thinner than one post in so many, as a power of two.
const LEVEL_MAX: u32 = 20;

/// A worker's part: its posts by level.
type Shard = [Blocks; LEVEL_MAX as usize + 1];

#[derive(Default)]
struct Deleted {
    /// With the second at which each was read.
    keys: VecDeque<(i64, DeleteKey)>,
    swept_at: i64,
}

#[derive(Default)]
struct Trials {
    day: i64,
    made: u32,
}

/// See the module's documentation.
pub struct ExploreIndex {
    shards: Box<[Mutex<Shard>]>,
    /// Bytes that a worker may hold.
    shard_bytes_max: usize,
    /// Posts of a lower level are not held.
    level: AtomicU32,
    /// Everything before this second is closed.
    closed_before: AtomicI64,
    /// Start of the earliest day that is held.
    first: AtomicI64,
    deleted: Mutex<Deleted>,
    trials: Mutex<Trials>,
    trying: Mutex<()>,
}

impl fmt::Debug for ExploreIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExploreIndex(redacted)")
    }
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Closed hours, earliest first, as a watch of this query would have been counted over the posts that are held. Of the first
    /// hour some may be missing.
    pub hours: Vec<Released<VolumeRow>>,
    /// One post in so many is held.
    pub one_in: u64,
    /// Trials that are left today.
    pub left: u32,
}

/// One of the day's trials. Whoever has it may have one query counted.
#[derive(Debug)]
#[must_use]
pub struct TrialTicket {
    left: u32,
}

/// There were [`TRIALS_A_DAY`] today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{TRIALS_A_DAY} queries were tried today, which is all that one day has; the next day begins at midnight UTC")]
pub struct TrialsSpent;

/// How many times in a row a fair coin fell on one side, from a post's key: half of all posts have level 0, a quarter 1.
fn level(bits: u64) -> u32 {
    bits.trailing_zeros().min(LEVEL_MAX)
}

impl ExploreIndex {
    /// An index for so many workers that holds at most so many bytes.
    pub fn new(workers: usize, bytes_max: usize) -> Self {
        Self {
            shards: (0..workers.max(1)).map(|_| Mutex::default()).collect(),
            shard_bytes_max: bytes_max / workers.max(1),
            level: AtomicU32::new(0),
            closed_before: AtomicI64::new(i64::MIN),
            first: AtomicI64::new(i64::MIN),
            deleted: Mutex::default(),
            trials: Mutex::default(),
            trying: Mutex::default(),
        }
    }

    /// Takes in a post that was accepted.
    pub(crate) fn push(&self, worker: usize, post: &EdgePost, now: EventTime) {
        // What has no key stands by who wrote it and what it says.
        let unkeyed = || hash_word(&post.text) ^ post.author.map_or(0, AuthorToken::bits);
        let level = level(post.key.map_or_else(unkeyed, PostKey::bits));
        if level < self.level.load(Ordering::Relaxed) {
            return;
        }
        let Some(shard) = self.shards.get(worker) else { return };
        let mut shard = lock(shard);
        shard[level as usize].push(post, now.unix());
        // Lists that another worker's lack of room has given up go here, too.
        let mut least = self.level.load(Ordering::Relaxed);
        drop_below(&mut shard, least);
        while least < LEVEL_MAX && shard.iter().map(Blocks::held).sum::<usize>() > self.shard_bytes_max {
            least += 1;
            self.level.fetch_max(least, Ordering::Relaxed);
            drop_below(&mut shard, least);
        }
    }

    /// Remembers what is to be looked for.
    pub(crate) fn delete(&self, keys: &[DeleteKey], now: EventTime) {
        if keys.is_empty() {
            return;
        }
        let mut deleted = lock(&self.deleted);
        deleted.keys.extend(keys.iter().map(|key| (now.unix(), *key)));
        let over = deleted.keys.len().saturating_sub(DELETIONS_MAX);
        if over > 0 {
            // There is no telling any more what is to go.
            deleted.keys.drain(..over);
            self.shards.iter().for_each(|shard| *lock(shard) = Shard::default());
        }
    }

    /// All workers have closed everything before a second; [`i64::MAX`] where no post will come any more.
    pub(crate) fn closed(&self, before: i64) {
        self.closed_before.fetch_max(before, Ordering::AcqRel);
        if before < i64::MAX {
            let day = Window::holding(Step::Day, before).start;
            self.first.fetch_max(day - Step::Day.seconds(), Ordering::AcqRel);
        }
    }

    /// Lets go of what has to go, once in [`SWEEP_SECONDS`].
    pub(crate) fn tend(&self, now: EventTime) {
        let is_due = {
            let mut deleted = lock(&self.deleted);
            let is_due = now.unix() - deleted.swept_at >= SWEEP_SECONDS;
            if is_due {
                deleted.swept_at = now.unix();
            }
            is_due
        };
        if is_due {
            self.sweep(now);
        }
    }

    fn sweep(&self, now: EventTime) {
        let keys: HashSet<DeleteKey> = {
            let mut deleted = lock(&self.deleted);
            let keys = deleted.keys.iter().map(|(_, key)| *key).collect();
            deleted.keys.retain(|(read, _)| *read > now.unix() - DELETED_SECONDS);
            keys
        };
        let first = self.first.load(Ordering::Acquire);
        for shard in &self.shards {
            for level in 0..=LEVEL_MAX as usize {
                // List by list: a worker waits for one of them at most.
                lock(shard)[level].forget(&keys, first, now.unix() - HELD_SECONDS);
            }
        }
    }

    /// Counts a query over what is held. `query`: it alone; `reading`: as it was understood, under which it is counted. Takes about
    /// two microseconds of core time a post.
    pub fn trial(&self, ticket: TrialTicket, query: &Percolator, reading: &str, gate: &Gate, now: EventTime) -> Trial {
        // One after the other: the workers need their cores.
        let _alone = lock(&self.trying);
        self.sweep(now);
        let closed_before = self.closed_before.load(Ordering::Acquire);
        let (level, blocks) = self.held();
        let mut hours: BTreeMap<i64, Cell> = BTreeMap::new();
        let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
        let (mut scratch, mut matches) = (Scratch::new(), Vec::new());
        let mut post = EdgePost::default();
        for block in blocks {
            block.read(&mut post, &mut |head, post| {
                if head.hour() + Step::Hour.seconds() > closed_before {
                    return;
                }
                let cell = hours.entry(head.hour()).or_default();
                analyzer.analyze(post, &mut analysis);
                query.matches(&Doc::new(post, &analysis), &mut scratch, &mut matches);
                if matches.is_empty() {
                    return;
                }
                cell.posts += 1;
                if post.kind == Kind::Publisher {
                    cell.publisher_posts += 1;
                } else if let Some(author) = head.author() {
                    cell.key.add(CellKey::of_author(author.bits()));
                    cell.authors.insert(author.bits());
                }
            });
        }
        let hours = hours.into_iter().flat_map(|(start, cell)| {
            let Cell { posts, publisher_posts, key, authors, .. } = cell;
            let value = reading.to_owned();
            let cell = CandidateCell { value, posts, publisher_posts, key, authors, name_publishers: None };
            let window = Window::holding(Step::Hour, start);
            gate.release(VolumeCandidate { window, dimension: Dimension::Watch, cells: vec![cell] })
        });
        Trial { hours: hours.collect(), one_in: 1 << level, left: ticket.left }
    }

    /// All posts that are held, and the level that they have at least.
    fn held(&self) -> (u32, Vec<Arc<Packed>>) {
        loop {
            let level = self.level.load(Ordering::Acquire);
            let of =
                |shard: &Mutex<Shard>| lock(shard)[level as usize..].iter().flat_map(Blocks::all).collect::<Vec<_>>();
            let blocks = self.shards.iter().flat_map(of).collect();
            // Raised meanwhile, some workers' lists have fewer than others'.
            if self.level.load(Ordering::Acquire) == level {
                return (level, blocks);
            }
        }
    }

    /// Takes one of the day's trials. Apart from [`trial`](Self::trial), so that it can be written down between the two who had it.
    pub fn ticket(&self, now: EventTime) -> Result<TrialTicket, TrialsSpent> {
        let mut trials = lock(&self.trials);
        // A clock that is set back gives no further trials.
        if now.day() > trials.day {
            *trials = Trials { day: now.day(), made: 0 };
        }
        if trials.made >= TRIALS_A_DAY {
            return Err(TrialsSpent);
        }
        trials.made += 1;
        Ok(TrialTicket { left: TRIALS_A_DAY - trials.made })
    }
}

fn drop_below(shard: &mut Shard, level: u32) {
    for given_up in &mut shard[..level as usize] {
        if given_up.held() > 0 {
            *given_up = Blocks::default();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
