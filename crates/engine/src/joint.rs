//! [`Joint`]: what looks at the posts of all workers of a process together, one a process: the clusterer of narratives, and the finder of
//! copies.
//!
//! Each worker notes its own posts. When all workers of the process have closed a minute, the last of them takes the posts of all, in the
//! order of their time: so what is found does not depend on how many workers there are, nor on which of them read what. Workers
//! take their blocks from one queue, so that while one is at it the others read more.
//! Nothing about a post leaves the process: another process finds its own, and the owner compares.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use groundswell_detect::amplify::{
    AmplifyConfig, AmplifyCounters, AmplifyDelta, AmplifyLogs, AmplifyMinute, AmplifyObserver,
};
use groundswell_detect::narrative::{
    MinuteDelta, NarrativeConfig, NarrativeCounters, NarrativeLogs, NarrativeMinute, NarrativeObserver, NarrativeRoom,
};
use groundswell_edge::DeleteKey;
use groundswell_sketch::Window;

use crate::counters::Counters;
use crate::deletions::Posted;

/// Looks at the posts of closed minutes.
pub(crate) trait Finder {
    /// One worker's notes of open minutes.
    type Logs;
    /// What it noted of one of them.
    type Minute;
    /// Room for the notes of another one.
    type Room;
    /// What the owner must know of a minute.
    type Delta;

    fn hand_over(logs: &mut Self::Logs, before_unix: i64) -> Option<Self::Minute>;
    fn give_room(logs: &mut Self::Logs, room: Self::Room);
    fn start(minute: &Self::Minute) -> i64;
    fn bytes(minute: &Self::Minute) -> usize;
    fn take_in(&mut self, minute: Self::Minute);
    /// Of a minute that is open, but of which a worker's logs hold too much.
    fn take_early(&mut self, minute: Self::Minute);
    fn close(&mut self, before_unix: i64, emit: &mut dyn FnMut(Self::Delta));
    fn take_room(&mut self) -> Option<Self::Room>;
    /// Posts that were taken early, are of open minutes still, and were not looked at yet.
    fn open_records(&self) -> usize {
        0
    }
    /// Counts what came since the last time.
    fn count(&mut self, counters: &Counters);
}

/// A finder, and what was handed over to it.
pub(crate) struct Joint<F: Finder> {
    /// Of what was handed over and waits. With more, workers wait while one of them looks at what came before.
    bytes_max: usize,
    waiting: Mutex<Waiting<F>>,
    turn: Mutex<Turn<F>>,
    turned: Condvar,
    /// Posts of open minutes lie with the finder, and can be deleted there.
    has_early: AtomicBool,
}

/// What was handed over of minutes that some worker has not closed yet.
struct Waiting<F: Finder> {
    /// By worker.
    closed_to: Vec<i64>,
    /// By worker: how many of the board's deletions it has honoured.
    honoured: Vec<u64>,
    minutes: BTreeMap<i64, Vec<F::Minute>>,
    /// Of logs that were read, for the next ones: growing is copying.
    rooms: Vec<F::Room>,
    /// How many turns were given.
    turns: u64,
}

struct Turn<F> {
    next: u64,
    finder: F,
}

impl<F: Finder> Joint<F> {
    fn over(workers: usize, bytes_max: usize, finder: F) -> Self {
        Self {
            bytes_max,
            waiting: Mutex::new(Waiting {
                closed_to: vec![i64::MIN; workers],
                honoured: vec![0; workers],
                minutes: BTreeMap::new(),
                rooms: Vec::new(),
                turns: 0,
            }),
            turn: Mutex::new(Turn { next: 0, finder }),
            turned: Condvar::new(),
            has_early: AtomicBool::new(false),
        }
    }

    /// A worker has closed all minutes before a second, and noted these posts of them. If it is the last, it looks at what all have noted,
    /// and hands out what the owner must know: of minutes that it could still send something of when it called.
    pub(crate) fn close(
        &self,
        worker: usize,
        before_unix: i64,
        logs: &mut F::Logs,
        counters: &Counters,
        emit: &mut dyn FnMut(F::Delta),
    ) {
        let (turn, reached, complete) = {
            let mut waiting = lock(&self.waiting);
            while let Some(minute) = F::hand_over(logs, before_unix) {
                waiting.minutes.entry(F::start(&minute)).or_default().push(minute);
                waiting.rooms.pop().into_iter().for_each(|room| F::give_room(logs, room));
            }
            let before = waiting.reached();
            waiting.closed_to[worker] = before_unix;
            let reached = waiting.reached();
            if reached == before {
                let (full, given) = (waiting.bytes() > self.bytes_max, waiting.turns);
                drop(waiting);
                if full {
                    drop(self.wait_until(|next| next >= given));
                }
                return;
            }
            let open = waiting.minutes.split_off(&reached.saturating_sub(59));
            let complete = std::mem::replace(&mut waiting.minutes, open);
            (waiting.next_turn(), reached, complete)
        };
        let mut mine = self.wait_for(turn);
        let finder = &mut mine.turn().finder;
        complete.into_values().flatten().for_each(|minute| finder.take_in(minute));
        finder.close(reached, emit);
        self.has_early.store(finder.open_records() > 0, Ordering::Release);
        let rooms = std::iter::from_fn(|| finder.take_room());
        {
            let mut waiting = lock(&self.waiting);
            waiting.rooms.extend(rooms);
            let workers = waiting.closed_to.len();
            waiting.rooms.truncate(workers);
        }
        finder.count(counters);
    }

    /// Takes what a worker's logs have no room for, though its minute is open.
    pub(crate) fn take_early(&self, minute: F::Minute) {
        let mut turn = lock(&self.turn);
        turn.finder.take_early(minute);
        self.has_early.store(turn.finder.open_records() > 0, Ordering::Release);
    }

    fn wait_for(&self, turn: u64) -> Mine<'_, F> {
        Mine { all: self, guard: Some(self.wait_until(|next| next == turn)) }
    }

    fn wait_until(&self, mut is_time: impl FnMut(u64) -> bool) -> MutexGuard<'_, Turn<F>> {
        let guard = lock(&self.turn);
        self.turned.wait_while(guard, |now| !is_time(now.next)).unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Finder> Waiting<F> {
    /// All workers have closed all minutes that end at or before this second.
    fn reached(&self) -> i64 {
        self.closed_to.iter().copied().min().unwrap_or(i64::MAX)
    }

    fn bytes(&self) -> usize {
        self.minutes.values().flatten().map(F::bytes).sum()
    }

    /// So many deletions all workers have honoured.
    fn all_honoured(&self) -> u64 {
        self.honoured.iter().copied().min().unwrap_or(0)
    }

    fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns - 1
    }
}

/// A turn. Passed on when it is dropped, also where its worker panics: the others must not wait for it.
struct Mine<'a, F: Finder> {
    all: &'a Joint<F>,
    guard: Option<MutexGuard<'a, Turn<F>>>,
}

impl<F: Finder> Mine<'_, F> {
    #[allow(clippy::expect_used, reason = "it is taken when this is dropped, and never before")]
    fn turn(&mut self) -> &mut Turn<F> {
        self.guard.as_mut().expect("held until it is dropped")
    }
}

impl<F: Finder> Drop for Mine<'_, F> {
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

/// The clusterer of narratives.
pub(crate) struct Clusters {
    observer: NarrativeObserver,
    told: NarrativeCounters,
}

impl Joint<Clusters> {
    /// Narratives, for so many workers.
    pub(crate) fn of_narratives(workers: usize, config: &NarrativeConfig) -> Self {
        // What workers' logs have no room for lies here, as much again.
        let bytes_max = config.log_bytes_max * workers;
        let config = NarrativeConfig { log_bytes_max: bytes_max, ..config.clone() };
        let clusters = Clusters { observer: NarrativeObserver::new(config), told: NarrativeCounters::default() };
        Self::over(workers, bytes_max, clusters)
    }

    /// Forgets what is named of an open minute, as far as it was taken early.
    pub(crate) fn delete(&self, minute: Window, keys: &HashSet<DeleteKey>) {
        if self.has_early.load(Ordering::Acquire) {
            lock(&self.turn).finder.observer.delete(minute, keys);
        }
    }
}

impl Finder for Clusters {
    type Logs = NarrativeLogs;
    type Minute = NarrativeMinute;
    type Room = NarrativeRoom;
    type Delta = MinuteDelta;

    fn hand_over(logs: &mut NarrativeLogs, before_unix: i64) -> Option<NarrativeMinute> {
        logs.hand_over(before_unix)
    }

    fn give_room(logs: &mut NarrativeLogs, room: NarrativeRoom) {
        logs.give_room(room);
    }

    fn start(minute: &NarrativeMinute) -> i64 {
        minute.start()
    }

    fn bytes(minute: &NarrativeMinute) -> usize {
        minute.bytes()
    }

    fn take_in(&mut self, minute: NarrativeMinute) {
        self.observer.take_in(minute);
    }

    fn take_early(&mut self, minute: NarrativeMinute) {
        self.observer.take_in(minute);
        self.observer.make_room();
    }

    fn close(&mut self, before_unix: i64, emit: &mut dyn FnMut(MinuteDelta)) {
        self.observer.close(before_unix, emit);
    }

    fn take_room(&mut self) -> Option<NarrativeRoom> {
        self.observer.take_room()
    }

    fn open_records(&self) -> usize {
        self.observer.records()
    }

    fn count(&mut self, counters: &Counters) {
        let now = self.observer.counters();
        counters.add_narratives(&now.since(&self.told));
        self.told = now;
    }
}

/// The finder of copies.
pub(crate) struct Copies {
    observer: AmplifyObserver,
    told: AmplifyCounters,
}

impl Joint<Copies> {
    /// Copies, for so many workers.
    pub(crate) fn of_copies(workers: usize, config: &AmplifyConfig) -> Self {
        let copies = Copies { observer: AmplifyObserver::new(config.clone()), told: AmplifyCounters::default() };
        Self::over(workers, config.log_bytes_max * workers, copies)
    }

    /// A worker's logs have honoured these deletions, the last of the board's first `read`. What the last worker to honour them finds
    /// named of minutes that were handed over is forgotten: what is handed over later has no post that they name.
    pub(crate) fn forget(&self, worker: usize, fresh: &[Posted], read: u64) {
        let (turn, keys) = {
            let mut waiting = lock(&self.waiting);
            let before = waiting.all_honoured();
            waiting.honoured[worker] = read;
            // This worker was the last, so all that are new are among its own.
            let (new, later) = (waiting.all_honoured() - before, read - waiting.all_honoured());
            let end = fresh.len().saturating_sub(later as usize);
            let keys = &fresh[end.saturating_sub(new as usize)..end];
            if keys.is_empty() {
                return;
            }
            let keys: HashSet<DeleteKey> = keys.iter().map(|posted| posted.key).collect();
            waiting.minutes.values_mut().flatten().for_each(|minute| _ = minute.delete(&keys));
            (waiting.next_turn(), keys)
        };
        self.wait_for(turn).turn().finder.observer.delete_held(&keys);
    }
}

impl Finder for Copies {
    type Logs = AmplifyLogs;
    type Minute = AmplifyMinute;
    type Room = Infallible;
    type Delta = AmplifyDelta;

    fn hand_over(logs: &mut AmplifyLogs, before_unix: i64) -> Option<AmplifyMinute> {
        logs.hand_over(before_unix)
    }

    fn give_room(_: &mut AmplifyLogs, room: Infallible) {
        match room {}
    }

    fn start(minute: &AmplifyMinute) -> i64 {
        minute.start()
    }

    fn bytes(minute: &AmplifyMinute) -> usize {
        minute.bytes()
    }

    fn take_in(&mut self, minute: AmplifyMinute) {
        self.observer.take_in(minute);
    }

    fn take_early(&mut self, minute: AmplifyMinute) {
        self.observer.take_early(minute);
    }

    fn close(&mut self, before_unix: i64, emit: &mut dyn FnMut(AmplifyDelta)) {
        self.observer.close(before_unix, emit);
    }

    fn take_room(&mut self) -> Option<Infallible> {
        None
    }

    fn count(&mut self, counters: &Counters) {
        let now = self.observer.counters();
        counters.add_copies(&now.since(&self.told));
        self.told = now;
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use groundswell_edge::{AuthorToken, EdgePost, PostKey};
    use groundswell_post::EventTime;
    use groundswell_text::{Analysis, Analyzer};

    use super::*;

    /// Two workers, of whose notes copies are looked for.
    struct Process {
        joint: Joint<Copies>,
        logs: [AmplifyLogs; 2],
        counters: Counters,
    }

    impl Process {
        fn new() -> Self {
            Self::with(AmplifyConfig { singles_max: 1 << 10, ..AmplifyConfig::default() })
        }

        fn with(config: AmplifyConfig) -> Self {
            Self {
                joint: Joint::of_copies(2, &config),
                logs: [0, 1].map(|_| AmplifyLogs::new(&config)),
                counters: Counters::new(1),
            }
        }

        /// A worker notes a post of the first minute.
        fn note(&mut self, worker: usize, key: u64) {
            // Of no family: of what two share more would have to go.
            let text: Vec<String> = (0..10).map(|at| format!("word{key}of{at}")).collect();
            let post = EdgePost {
                time: EventTime::from_unix(30),
                text: text.join(" "),
                key: Some(PostKey::from_bits(key)),
                author: Some(AuthorToken::from_bits(1_000 + key)),
                ..EdgePost::default()
            };
            let mut analysis = Analysis::new();
            Analyzer::new().analyze(&post, &mut analysis);
            self.logs[worker].observe(&post, &analysis);
        }

        /// A worker closes the first minutes.
        fn close(&mut self, worker: usize, minutes: i64) {
            self.joint.close(worker, minutes * 60, &mut self.logs[worker], &self.counters, &mut |_| {});
        }

        /// A worker honours deletions, the last of so many.
        fn forget(&mut self, worker: usize, keys: &[u64], read: u64) {
            let posted = |key: &u64| Posted {
                time: EventTime::from_unix(40),
                key: DeleteKey::Post(PostKey::from_bits(*key)),
                live: true,
            };
            let fresh: Vec<Posted> = keys.iter().map(posted).collect();
            let keys = fresh.iter().map(|posted| posted.key).collect();
            self.logs[worker].delete(Window::holding(groundswell_sketch::Step::Minute, 30), &keys);
            self.joint.forget(worker, &fresh, read);
        }

        /// The keys of posts that lie with the finder.
        fn held(&self) -> Vec<u64> {
            let mut held: Vec<u64> = lock(&self.joint.turn).finder.observer.held().keys.into_iter().collect();
            held.sort_unstable();
            held
        }
    }

    #[test]
    fn the_last_to_close_a_minute_looks_at_what_all_noted() {
        let mut process = Process::new();
        process.note(0, 1);
        process.note(1, 2);
        process.close(0, 3);
        assert!(process.held().is_empty(), "the other one has not closed it");
        process.close(1, 1);
        assert_eq!(process.held(), [1, 2]);
    }

    /// A worker that is looking at minutes would find more and more of them if the others went on reading all the while.
    #[test]
    fn who_is_far_ahead_waits() {
        for (log_bytes_max, waits) in [(1 << 20, false), (10, true)] {
            let mut process =
                Process::with(AmplifyConfig { log_bytes_max, singles_max: 1 << 10, ..AmplifyConfig::default() });
            process.note(0, 1);
            let Process { joint, logs: [mut logs, _], counters } = process;
            let turn = lock(&joint.waiting).next_turn();
            let turn = joint.wait_for(turn);
            std::thread::scope(|scope| {
                let ahead = scope.spawn(|| joint.close(0, 60, &mut logs, &counters, &mut |_| {}));
                if waits {
                    std::thread::sleep(std::time::Duration::from_millis(50));
                    assert!(!ahead.is_finished(), "it waits for nobody");
                    drop(turn);
                    ahead.join().unwrap();
                } else {
                    ahead.join().unwrap();
                    drop(turn);
                }
            });
        }
    }

    #[test]
    fn a_deletion_reaches_what_waits_for_another_worker() {
        let mut process = Process::new();
        process.note(0, 1);
        process.note(0, 2);
        process.close(0, 1);
        process.forget(0, &[1], 1);
        process.forget(1, &[1], 1);
        process.close(1, 1);
        assert_eq!(process.held(), [2]);
    }

    /// One worker has read a deletion and another one not yet, when it hands the post over.
    #[test]
    fn a_deletion_reaches_what_was_handed_over_by_one_that_had_not_read_it() {
        for closes_between in [false, true] {
            let mut process = Process::new();
            process.note(1, 1);
            process.note(1, 2);
            process.note(1, 3);
            process.forget(0, &[1, 2], 2);
            process.close(1, 1);
            if closes_between {
                process.close(0, 1);
                assert_eq!(process.held(), [1, 2, 3]);
            }
            // It reads them one by one; the first one has read more by now.
            process.forget(1, &[1], 1);
            process.forget(0, &[3], 3);
            process.forget(1, &[2], 2);
            process.close(0, 1);
            assert_eq!(process.held(), [3], "closes between: {closes_between}");
            process.forget(1, &[3], 3);
            assert!(process.held().is_empty());
        }
    }

    #[test]
    fn what_a_worker_has_no_room_for_is_read_at_once() {
        let mut process = Process::new();
        process.note(0, 1);
        let full = process.logs[0].hand_over(i64::MAX).unwrap();
        process.joint.take_early(full);
        assert_eq!(process.held(), [1]);
        process.note(1, 2);
        process.close(1, 1);
        process.close(0, 1);
        assert_eq!(process.held(), [1, 2]);
        assert_eq!(process.counters.totals().copies.posts_read_early, 1);
    }
}
