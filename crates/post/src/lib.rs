//! The vocabulary of what arrives: [`RawPost`], [`Deletion`], event time, the ways in which a record can be bad, and which [`Portion`]
//! of posts is kept where not all can be.
//!
//! First on a post's way: `sources` decode bytes into these types, `edge` is the only crate that reads the identities
//! in them. Nothing here does I/O.
//!
//! Invariants:
//! - `Debug` of everything that carries what a person wrote or who they are prints a redaction (PRIVACY section 1).
//! - [`RawPost`] and [`Deletion`] implement no serialisation at all.

mod portion;
mod record;
mod rejection;
mod time;

pub use portion::Portion;
pub use record::{DeleteTarget, Deletion, Kind, Publisher, RawPost, Record, Relation};
pub use rejection::{Field, Rejection, RejectionKind};
pub use time::{EventTime, TimeError};
