//! Event-time clocks of all partitions of a process, and the watermark that follows from them.
//!
//! Workers decode blocks of one partition side by side and publish each block's newest event time. Two questions are answered
//! from that: what stood *before* a block ([`Clocks::prefix`], so that lateness is judged as one sequential reader would judge
//! it), and up to where no timely post can come any more ([`Clocks::watermark`]).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use groundswell_post::EventTime;

use crate::block::SourceIx;
use crate::channel::PartitionSpec;
use crate::clock::Clock;

/// How many blocks back [`Clocks::prefix`] can be asked. Far more than are ever in flight (the channel's capacity and one batch
/// a worker); a question about an older block is answered as if for the oldest one kept.
pub const PREFIX_HISTORY_MAX: usize = 4_096;

/// How long a live partition may be silent before it no longer holds the watermark back.
pub const IDLE_AFTER_DEFAULT: Duration = Duration::from_secs(30);

/// How long a partition that is known to have something unread may bring nothing before nobody waits for it any longer: what it
/// brings then into windows that have closed is late.
pub const BEHIND_MAX: Duration = Duration::from_mins(2);

/// How fast the wall clock is followed while nothing else drives the windows, as a multiple of the time that passes.
const WALL_SPEED_MAX: u64 = 2;

/// Shared by the sources, which register partitions, and the workers, which publish and ask.
#[derive(Debug)]
pub struct Clocks {
    inner: Mutex<Inner>,
    idle_after: Duration,
}

#[derive(Debug, Default)]
struct Inner {
    partitions: Vec<Partition>,
    /// Partitions that are not done, in order.
    open: Vec<u32>,
    /// Sources that have not registered their first partition yet.
    holds: usize,
    watermark: Option<EventTime>,
    lateness_max: i64,
    /// The wall clock as it is followed, and the monotonic clock at that moment; both in milliseconds.
    wall: Option<(i64, u64)>,
    /// The newest event time of partitions of an earlier run, by source and name.
    saved: BTreeMap<(SourceIx, String), EventTime>,
}

/// A partition's clock, for a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedClock {
    /// Its source.
    pub source: SourceIx,
    /// Its name.
    pub name: String,
    /// The newest event time in it.
    pub newest: Option<EventTime>,
}

#[derive(Debug)]
#[allow(clippy::option_option, reason = "not published, published without a post, published: three different things")]
struct Partition {
    name: String,
    head_time: Option<EventTime>,
    live: bool,
    lateness: i64,
    source: SourceIx,
    /// Blocks handed to the channel.
    sent: u64,
    /// No more will be sent.
    finished: bool,
    /// All blocks below this number are published.
    published: u64,
    /// Newest event time over the blocks below `published`.
    newest: Option<EventTime>,
    /// The newest event time before block `published - before.len() + 1 + i`.
    before: VecDeque<Option<EventTime>>,
    /// Blocks published ahead of their predecessors: `ahead[i]` is block `published + 1 + i`.
    ahead: VecDeque<Option<Option<EventTime>>>,
    /// How many published blocks held a post.
    posts: u64,
    /// `posts` when it was last seen to change, and when that was.
    seen: u64,
    seen_at: Option<u64>,
    /// It is known to have something unread.
    behind: bool,
    /// When that was first seen.
    behind_at: Option<u64>,
}

fn millis_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Partition {
    fn done(&self) -> bool {
        self.finished && self.published == self.sent
    }

    fn take(&mut self, newest: Option<EventTime>) {
        self.published += 1;
        self.posts += u64::from(newest.is_some());
        self.newest = self.newest.max(newest);
        if self.before.len() == PREFIX_HISTORY_MAX {
            self.before.pop_front();
        }
        self.before.push_back(self.newest);
    }

    /// Whether it has been without a post for so long that nobody waits for it. Blocks that bring none (a feed's position, a
    /// heartbeat) do not move its clock, so they must not make others wait for it either.
    fn idle(&mut self, millis: u64, idle_after: u64) -> bool {
        if self.seen != self.posts || self.seen_at.is_none() {
            self.seen = self.posts;
            self.seen_at = Some(millis);
        }
        let behind_since = self.behind.then(|| *self.behind_at.get_or_insert(millis));
        let since = self.seen_at.max(behind_since).unwrap_or(millis);
        let longest = if self.behind { millis_of(BEHIND_MAX).max(idle_after) } else { idle_after };
        let silent = millis.saturating_sub(since);
        // Blocks that are still on their way are no silence.
        self.live && self.sent == self.published && silent >= longest
    }
}

impl Clocks {
    /// Clocks without partitions.
    pub fn new(idle_after: Duration) -> Self {
        Self { inner: Mutex::new(Inner::default()), idle_after }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn hold(&self) {
        self.lock().holds += 1;
    }

    pub(crate) fn release(&self) {
        let mut inner = self.lock();
        inner.holds = inner.holds.saturating_sub(1);
    }

    /// Registers partitions all at once, so that no watermark is ever computed from a part of them. Returns the first number.
    ///
    /// A partition that an earlier run read goes on with that run's newest event time, and a live one that a source before this
    /// one read in this run with what it had come to.
    pub(crate) fn register(&self, source: SourceIx, specs: &[PartitionSpec], release_hold: bool) -> u32 {
        let mut inner = self.lock();
        let first =
            u32::try_from(inner.partitions.len()).expect("fewer than 2^32 partitions: each has a name in memory");
        for spec in specs {
            let lateness = i64::try_from(spec.lateness.as_secs()).unwrap_or(i64::MAX / 4);
            inner.lateness_max = inner.lateness_max.max(lateness);
            let number = inner.partitions.len() as u32;
            inner.open.push(number);
            let earlier = inner
                .partitions
                .iter()
                .filter(|state| state.finished && state.source == source && state.name == spec.name);
            let newest =
                earlier.filter(|state| spec.live && state.live).fold(None, |newest, state| state.newest.max(newest));
            let newest = newest.max(inner.saved.get(&(source, spec.name.clone())).copied());
            inner.partitions.push(Partition {
                source,
                name: spec.name.clone(),
                head_time: spec.head_time,
                live: spec.live,
                lateness,
                sent: 0,
                finished: false,
                published: 0,
                newest,
                before: VecDeque::from([newest]),
                ahead: VecDeque::new(),
                posts: 0,
                seen: 0,
                seen_at: None,
                behind: false,
                behind_at: None,
            });
        }
        if release_hold {
            inner.holds = inner.holds.saturating_sub(1);
        }
        first
    }

    /// What the partitions have come to.
    pub fn save(&self) -> Vec<SavedClock> {
        let inner = self.lock();
        let saved =
            |state: &Partition| SavedClock { source: state.source, name: state.name.clone(), newest: state.newest };
        inner.partitions.iter().map(saved).collect()
    }

    /// Takes back what an earlier run saved, before any partition is registered; `watermark` is how far it had closed.
    pub fn restore(&self, saved: impl IntoIterator<Item = SavedClock>, watermark: Option<EventTime>) {
        let mut inner = self.lock();
        for SavedClock { source, name, newest } in saved {
            if let Some(newest) = newest {
                inner.saved.insert((source, name), newest);
            }
        }
        inner.watermark = inner.watermark.max(watermark);
    }

    pub(crate) fn sent(&self, partition: u32, blocks: u64) {
        self.lock().partitions[partition as usize].sent = blocks;
    }

    pub(crate) fn behind(&self, partition: u32, behind: bool) {
        let mut inner = self.lock();
        let state = &mut inner.partitions[partition as usize];
        state.behind_at = state.behind_at.filter(|_| behind && state.behind);
        state.behind = behind;
    }

    pub(crate) fn finished(&self, partition: u32) {
        let mut inner = self.lock();
        inner.partitions[partition as usize].finished = true;
        inner.close_if_done(partition);
    }

    /// Tells the newest event time in a decoded block (`None`: it held no post). Once for each block.
    pub fn publish(&self, partition: u32, seq: u64, newest: Option<EventTime>) {
        let mut inner = self.lock();
        let Some(state) = inner.partitions.get_mut(partition as usize) else { return };
        if seq > state.published {
            let at = (seq - state.published - 1) as usize;
            if state.ahead.len() <= at {
                state.ahead.resize(at + 1, None);
            }
            state.ahead[at] = Some(newest);
            return;
        }
        if seq < state.published {
            return;
        }
        state.take(newest);
        while let Some(first) = state.ahead.pop_front() {
            // `ahead` starts one after `published`, which has just moved: its first entry is the block due now.
            match first {
                Some(newest) => state.take(newest),
                None => break,
            }
        }
        inner.close_if_done(partition);
    }

    /// The newest event time in all blocks before `seq` (`Some(None)`: they hold no post), or `None` as long as one of them has
    /// not been published.
    #[allow(clippy::option_option, reason = "not known yet, nothing before, something before: three different things")]
    pub fn prefix(&self, partition: u32, seq: u64) -> Option<Option<EventTime>> {
        let inner = self.lock();
        let state = inner.partitions.get(partition as usize)?;
        if seq > state.published {
            return None;
        }
        let back = (state.published - seq) as usize;
        let at = (state.before.len() - 1).saturating_sub(back);
        Some(state.before[at])
    }

    /// No timely post before this time can come any more. `None`: nothing can be said yet. Never goes back.
    ///
    /// The smallest of (newest event time − lateness) over the partitions that are neither done nor idle; a partition that
    /// has published nothing counts with the time of its first record. A live partition that is known to be behind is not idle
    /// before [`BEHIND_MAX`]. When only idle live partitions are left, wall clock − lateness − idle time, so that windows close
    /// although nothing comes; a wall clock that leaps is followed slowly.
    pub fn watermark(&self, clock: &dyn Clock) -> Option<EventTime> {
        let (now, millis) = (clock.now(), clock.millis());
        let idle_after = millis_of(self.idle_after);
        let mut inner = self.lock();
        let inner = &mut *inner;
        let wall = inner.follow(now, millis);
        if inner.holds > 0 || inner.open.is_empty() {
            return inner.watermark;
        }
        let mut lowest: Option<i64> = None;
        let mut unknown = false;
        let mut idle_lateness: i64 = 0;
        for &number in &inner.open {
            let state = &mut inner.partitions[number as usize];
            if state.idle(millis, idle_after) {
                idle_lateness = idle_lateness.max(state.lateness);
                continue;
            }
            match state.newest.or(state.head_time) {
                Some(time) => {
                    let time = time.unix().saturating_sub(state.lateness);
                    lowest = Some(lowest.map_or(time, |lowest| lowest.min(time)));
                }
                None => unknown = true,
            }
        }
        if unknown {
            return inner.watermark;
        }
        let idle_seconds = i64::try_from(self.idle_after.as_secs()).unwrap_or(i64::MAX / 4);
        let next = lowest.unwrap_or_else(|| wall.saturating_sub(idle_lateness).saturating_sub(idle_seconds));
        inner.watermark = inner.watermark.max(Some(EventTime::from_unix(next)));
        inner.watermark
    }

    /// Whether every source has registered, every partition has ended, and all their blocks are published.
    pub fn all_done(&self) -> bool {
        let inner = self.lock();
        inner.holds == 0 && inner.open.is_empty()
    }

    /// A partition's newest published event time, else the time of its first record.
    pub fn newest(&self, partition: u32) -> Option<EventTime> {
        let inner = self.lock();
        inner.partitions.get(partition as usize).and_then(|state| state.newest.or(state.head_time))
    }

    /// A partition's allowed lateness in seconds.
    pub fn lateness(&self, partition: u32) -> i64 {
        self.lock().partitions.get(partition as usize).map_or(0, |state| state.lateness)
    }

    /// Whether a partition is live: without an end, and heard only once.
    pub fn is_live(&self, partition: u32) -> bool {
        self.lock().partitions.get(partition as usize).is_some_and(|state| state.live)
    }

    /// The largest allowed lateness of any partition registered so far, in seconds.
    pub fn lateness_max(&self) -> i64 {
        self.lock().lateness_max
    }

    /// A partition's name, for messages: a file's path or an endpoint, nothing about posts.
    pub fn name(&self, partition: u32) -> String {
        self.lock().partitions.get(partition as usize).map_or_else(String::new, |state| state.name.clone())
    }
}

impl Inner {
    /// The wall clock in seconds, for want of posts: it never goes back, and forward at most [`WALL_SPEED_MAX`] times as fast as
    /// time passes. A clock that is wrong by an hour for some minutes closes windows only as many minutes too early.
    fn follow(&mut self, now: EventTime, millis: u64) -> i64 {
        let told = now.unix().saturating_mul(1_000);
        let (wall, at) = self.wall.unwrap_or((told, millis));
        let passed = millis.saturating_sub(at).saturating_mul(WALL_SPEED_MAX);
        let latest = wall.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        if told > wall || self.wall.is_none() {
            self.wall = Some((told.min(latest), millis));
        }
        // A clock that was set back, or whose hand has not moved yet, is waited for; the time until then counts.
        self.wall.map_or(wall, |(wall, _)| wall).div_euclid(1_000)
    }

    fn close_if_done(&mut self, partition: u32) {
        if self.partitions[partition as usize].done() {
            self.open.retain(|&open| open != partition);
        }
    }
}
