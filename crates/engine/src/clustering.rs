//! [`Clustering`]: the clusterer of narratives, one a process.
//!
//! Each worker notes its own posts. When all workers of the process have closed a minute, the last of them clusters the posts of all, in the
//! order of their time: so what is found does not depend on how many workers there are, nor on which of them read what. Workers
//! take their blocks from one queue, so that while one clusters the others read more.
//! Nothing about a post leaves the process: another process has its own clusters, and the owner compares them.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use groundswell_detect::narrative::{
    MinuteDelta, NarrativeConfig, NarrativeCounters, NarrativeLogs, NarrativeMinute, NarrativeObserver, NarrativeRoom,
};
use groundswell_edge::DeleteKey;
use groundswell_sketch::Window;

use crate::counters::Counters;

pub(crate) struct Clustering {
    waiting: Mutex<Waiting>,
    turn: Mutex<Turn>,
    turned: Condvar,
    /// Something of open minutes was handed over because a worker's logs were full, and can be deleted here.
    has_early: AtomicBool,
}

/// What was handed over of minutes that some worker has not closed yet.
struct Waiting {
    /// By worker.
    closed_to: Vec<i64>,
    minutes: BTreeMap<i64, Vec<NarrativeMinute>>,
    /// Of logs that were clustered, for the next ones: growing is copying.
    rooms: Vec<NarrativeRoom>,
    /// How often all workers have closed a minute: the turn of whoever was the last to.
    turns: u64,
}

struct Turn {
    next: u64,
    observer: NarrativeObserver,
    told: NarrativeCounters,
}

impl Clustering {
    pub(crate) fn new(workers: usize, config: &NarrativeConfig) -> Self {
        // What workers' logs have no room for lies here, as much again.
        let config = NarrativeConfig { log_bytes_max: config.log_bytes_max * workers, ..config.clone() };
        Self {
            waiting: Mutex::new(Waiting {
                closed_to: vec![i64::MIN; workers],
                minutes: BTreeMap::new(),
                rooms: Vec::new(),
                turns: 0,
            }),
            turn: Mutex::new(Turn {
                next: 0,
                observer: NarrativeObserver::new(config),
                told: NarrativeCounters::default(),
            }),
            turned: Condvar::new(),
            has_early: AtomicBool::new(false),
        }
    }

    /// A worker has closed all minutes before a second, and noted these posts of them. If it is the last, it clusters what all have noted,
    /// and hands out what the owner must know: of minutes that it could still send something of when it called.
    pub(crate) fn close(
        &self,
        worker: usize,
        before_unix: i64,
        logs: &mut NarrativeLogs,
        counters: &Counters,
        emit: &mut dyn FnMut(MinuteDelta),
    ) {
        let (turn, reached, complete) = {
            let mut waiting = lock(&self.waiting);
            while let Some(minute) = logs.hand_over(before_unix) {
                waiting.minutes.entry(minute.start()).or_default().push(minute);
                waiting.rooms.pop().into_iter().for_each(|room| logs.give_room(room));
            }
            let before = waiting.reached();
            waiting.closed_to[worker] = before_unix;
            let reached = waiting.reached();
            if reached == before {
                return;
            }
            let open = waiting.minutes.split_off(&reached.saturating_sub(59));
            let complete = std::mem::replace(&mut waiting.minutes, open);
            waiting.turns += 1;
            (waiting.turns - 1, reached, complete)
        };
        let mut mine = self.wait_for(turn);
        let Turn { observer, told, .. } = mine.turn();
        complete.into_values().flatten().for_each(|minute| observer.take_in(minute));
        observer.close(reached, emit);
        self.has_early.store(observer.records() > 0, Ordering::Release);
        let rooms = std::iter::from_fn(|| observer.take_room());
        {
            let mut waiting = lock(&self.waiting);
            waiting.rooms.extend(rooms);
            let workers = waiting.closed_to.len();
            waiting.rooms.truncate(workers);
        }
        let now = observer.counters();
        counters.add_narratives(&now.since(told));
        *told = now;
    }

    /// Takes what a worker's logs have no room for, though its minute is open.
    pub(crate) fn take_early(&self, minute: NarrativeMinute) {
        let mut turn = lock(&self.turn);
        self.has_early.store(true, Ordering::Release);
        turn.observer.take_in(minute);
        turn.observer.make_room();
    }

    /// Forgets what is named of an open minute, as far as it was taken early.
    pub(crate) fn delete(&self, minute: Window, keys: &HashSet<DeleteKey>) {
        if self.has_early.load(Ordering::Acquire) {
            lock(&self.turn).observer.delete(minute, keys);
        }
    }

    fn wait_for(&self, turn: u64) -> Mine<'_> {
        let guard = lock(&self.turn);
        let guard = self.turned.wait_while(guard, |now| now.next != turn).unwrap_or_else(PoisonError::into_inner);
        Mine { all: self, guard: Some(guard) }
    }
}

impl Waiting {
    /// All workers have closed all minutes that end at or before this second.
    fn reached(&self) -> i64 {
        self.closed_to.iter().copied().min().unwrap_or(i64::MAX)
    }
}

/// A turn. Passed on when it is dropped, also where its worker panics: the others must not wait for it.
struct Mine<'a> {
    all: &'a Clustering,
    guard: Option<MutexGuard<'a, Turn>>,
}

impl Mine<'_> {
    #[allow(clippy::expect_used, reason = "it is taken when this is dropped, and never before")]
    fn turn(&mut self) -> &mut Turn {
        self.guard.as_mut().expect("held until it is dropped")
    }
}

impl Drop for Mine<'_> {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            guard.next += 1;
        }
        self.all.turned.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
