//! [`WatchBoard`]: the watches in force. They can be exchanged while the dataflow runs; each worker takes the new ones between two
//! blocks, so that a block is matched against one set of watches and never against two.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use groundswell_gate::clause_value;
use groundswell_watch::{Clause, Percolator};

/// Watches, compiled, with their names by id.
#[derive(Clone, Debug)]
pub struct WatchesInForce {
    /// The queries.
    pub percolator: Arc<Percolator>,
    /// The names, by the ids that the percolator gives; each name once.
    pub names: Arc<[String]>,
    /// What their clauses are counted by, by the percolator's numbers.
    pub clauses: Arc<[String]>,
}

impl WatchesInForce {
    fn new(percolator: Arc<Percolator>, names: Arc<[String]>) -> Self {
        let of = |clause: &Clause| clause_value(&names[clause.watch.0 as usize], &clause.text);
        let clauses = percolator.clauses().iter().map(of).collect();
        Self { percolator, names, clauses }
    }
}

/// Where the watches in force are put down and picked up. Clones are the same board.
#[derive(Clone, Debug)]
pub struct WatchBoard(Arc<Board>);

#[derive(Debug)]
struct Board {
    in_force: Mutex<WatchesInForce>,
    /// How often they were exchanged: workers look at this between two blocks, and at the lock only when it has changed.
    version: AtomicU64,
}

impl WatchBoard {
    /// A board with these watches.
    pub fn new(percolator: Arc<Percolator>, names: Arc<[String]>) -> Self {
        let in_force = Mutex::new(WatchesInForce::new(percolator, names));
        Self(Arc::new(Board { in_force, version: AtomicU64::new(0) }))
    }

    /// Puts other watches in force. A window that is open then counts a watch from the moment at which it came into force.
    pub fn exchange(&self, percolator: Arc<Percolator>, names: Arc<[String]>) {
        let watches = WatchesInForce::new(percolator, names);
        *self.lock() = watches;
        self.0.version.fetch_add(1, Ordering::Release);
    }

    /// The watches, if they are others than those of `version`, which is brought up to date.
    pub(crate) fn newer_than(&self, version: &mut u64) -> Option<WatchesInForce> {
        (self.0.version.load(Ordering::Acquire) != *version).then(|| self.now_at(version))
    }

    /// The watches now, and of which version they are.
    pub(crate) fn now_at(&self, version: &mut u64) -> WatchesInForce {
        // Read before the watches: what comes between is seen as newer once more, never missed.
        *version = self.0.version.load(Ordering::Acquire);
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, WatchesInForce> {
        self.0.in_force.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
