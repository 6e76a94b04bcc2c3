//! [`CoverageBoard`]: how much of what should have been heard in a minute was. Whoever listens puts it down; the burst detector takes a
//! gap for what it is. What nobody says anything about was heard in full: a replay of files has no gaps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::operators::{Minute, minute_of};

/// Minutes that are remembered, the newest: longer than any lateness.
pub const COVERED_MINUTES_MAX: usize = 2 * 24 * 60;

/// What one process would usually hear in a minute, and what of it it could hear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Posts that its sources usually have in a minute.
    pub usual: f64,
    /// The part of them that it could hear.
    pub heard: f64,
}

/// Where coverage is put down and picked up. Clones are the same board.
#[derive(Clone, Debug, Default)]
pub struct CoverageBoard(Arc<Mutex<BTreeMap<Minute, Heard>>>);

impl CoverageBoard {
    /// Says how much of the minute that holds a Unix second was heard. What is said of a minute that has closed is of no use any more.
    pub fn put(&self, unix: i64, heard: Heard) {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        minutes.insert(minute_of(unix), heard);
        while minutes.len() > COVERED_MINUTES_MAX {
            minutes.pop_first();
        }
    }

    /// What was said of the minute that holds a Unix second.
    pub fn get(&self, unix: i64) -> Option<Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&minute_of(unix)).copied()
    }

    /// What is known of the minutes from one up to another, which is left out.
    pub(crate) fn between(&self, from: Minute, to: Minute) -> Vec<(Minute, Heard)> {
        if from >= to {
            return Vec::new();
        }
        let minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        minutes.range(from..to).map(|(minute, heard)| (*minute, *heard)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered() {
        let board = CoverageBoard::default();
        let heard = |share| Heard { usual: 10.0, heard: 10.0 * share };
        for minute in 0..=COVERED_MINUTES_MAX as i64 {
            board.put(minute * 60 + 59, heard(0.5));
        }
        board.put(7 * 60, heard(0.25));
        assert_eq!(board.between(0, 3), [(1, heard(0.5)), (2, heard(0.5))]);
        assert_eq!(board.between(7, 8), [(7, heard(0.25))]);
        assert!(board.between(8, 8).is_empty() && board.between(9, 8).is_empty());
    }
}
