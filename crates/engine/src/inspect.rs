//! [`Inspector`]: what the workers hold of posts, for tests that search it. There is none of it in a release build.

use std::sync::{Condvar, Mutex, PoisonError};

use groundswell_detect::volume::{Held, Merger, Observer};

/// Asks all workers of a process what they hold.
#[derive(Debug)]
pub struct Inspector {
    workers: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Questions so far.
    asked: u64,
    /// By worker: the last question answered.
    answered: Vec<u64>,
    held: Vec<Held>,
}

impl Inspector {
    /// For an engine of so many workers.
    pub fn new(workers: usize) -> Self {
        let state = State { answered: vec![0; workers], ..State::default() };
        Self { workers, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// What observers and mergers of all workers hold, each between two of its blocks. Waits for them; an engine that has ended
    /// never answers.
    pub fn ask(&self) -> Vec<Held> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked += 1;
        state.held.clear();
        while state.answered.iter().any(|answered| *answered < state.asked) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut state.held)
    }

    /// A worker's answer, if a question is open.
    pub(crate) fn answer(&self, worker: usize, look: impl FnOnce() -> [Held; 2]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if worker < self.workers && state.answered[worker] < state.asked {
            state.answered[worker] = state.asked;
            state.held.extend(look());
            self.changed.notify_all();
        }
    }

    pub(crate) fn look(observer: &Observer, merger: &Merger) -> [Held; 2] {
        [observer.held(), merger.held()]
    }
}
