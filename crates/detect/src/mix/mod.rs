//! Shifts of a mix: a language, a source or a domain whose share of all posts is another than its hours foretell, within the budget of
//! [anomalies](crate::anomaly).
//!
//! [`Mixes`] reads what the gate has released of each closed hour, and nothing else. Shares of one whole hang together: what one's shift
//! explains is no shift of the others.
//!
//! `docs/methods/mix-shifts.md` has the formulas, the figures and what is known to fail.

mod level;
mod mixes;
mod tail;

pub use mixes::{Beside, Mixes, SavedMixes};

/// Subjects whose shares are remembered: some two kibibytes each. More are not followed and counted (`mix_subjects_left_out`).
pub const MIX_SUBJECTS_MAX: usize = 1_024;
/// A subject is followed once it had this share of an hour's posts.
pub const MIX_FOLLOWED_SHARE_MIN: f64 = 0.002;
/// Shifts of one kind in one hour by which the rest is corrected. More are told, and the rest is not corrected by them.
pub const MIX_SHIFTS_AT_ONCE_MAX: usize = 8;
/// Of those that are otherwise in one hour, the least likely so many are tried as what explains the others.
pub const MIX_COMPARED_MAX: usize = 64;
