//! Silences: a watch, a language, a source or the whole far below what its hours foretell, within a budget of false alerts.
//!
//! [`Silences`] stands where the gate is and reads what the gate has released of each closed hour, and nothing else: what it finds, every
//! reader of the volumes could find. [`HeardHour`] says how much of an hour could be heard at all, so that a gap is no silence.
//!
//! `docs/methods/silences.md` has the formulas, the figures and what is known to fail.

mod level;
mod silences;

use serde::{Deserialize, Serialize};

use crate::counters::counters;

pub use silences::{SavedSilences, Silences};

/// Subjects whose hours are remembered: some two kibibytes each. More are not followed and counted (`silence_subjects_left_out`).
pub const SILENCE_SUBJECTS_MAX: usize = 4_096;
/// False alerts a day up to which silences are told: the largest budget that a feed can have.
pub const SILENCE_BUDGET_MAX: f64 = crate::burst::BUDGET_MAX;
/// A silence that has lasted for so many hours is how things are now: it ends, and the baseline begins anew.
pub const SILENCE_HOURS_MAX: i64 = 72;

/// A closed hour, and what share of what is usually heard could be heard in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeardHour {
    /// First second of the hour.
    pub start: i64,
    /// 1 where nobody says otherwise.
    pub coverage: f64,
}

counters! {
    SilenceCounters {
        /// Subjects that were not followed because too many were.
        silence_subjects_left_out,
    }
}
