//! Silences: a watch, a language, a source or the whole far below what its hours foretell, within a budget of false alerts.
//!
//! [`Silences`] stands where the gate is and reads what the gate has released of each closed hour, and nothing else: what it finds, every
//! reader of the volumes could find.
//!
//! `docs/methods/silences.md` has the formulas, the figures and what is known to fail.

mod level;
mod silences;

pub use silences::{SavedSilences, Silences};

/// Subjects whose hours are remembered: some two kibibytes each. More are not followed and counted (`silence_subjects_left_out`).
pub const SILENCE_SUBJECTS_MAX: usize = 4_096;
