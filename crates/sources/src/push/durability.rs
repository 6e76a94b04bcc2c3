//! Which batches a crash can no longer take: told by whoever commits positions, asked by whoever answers senders.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::block::Positions;

/// The numbers up to which each stream is committed.
#[derive(Debug, Default)]
pub struct Durability {
    committed: Mutex<BTreeMap<String, u64>>,
    changes: watch::Sender<u64>,
}

impl Durability {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called with the source's positions each time they have been committed together with what was counted up to them.
    /// A value that is no number, or below what was committed before, changes nothing.
    pub fn committed(&self, positions: &Positions) {
        let mut committed = self.lock();
        for (stream, value) in positions {
            let Ok(number) = value.parse() else { continue };
            let before = committed.entry(stream.clone()).or_insert(number);
            *before = number.max(*before);
        }
        drop(committed);
        self.changes.send_modify(|generation| *generation += 1);
    }

    /// Up to which number a stream is committed.
    pub fn number(&self, stream: &str) -> Option<u64> {
        self.lock().get(stream).copied()
    }

    /// Whether a batch is.
    pub fn is_committed(&self, stream: &str, number: u64) -> bool {
        self.number(stream).is_some_and(|committed| committed >= number)
    }

    /// Changes each time something was committed: look again then.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
