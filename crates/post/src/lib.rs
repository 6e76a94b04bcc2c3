//! The vocabulary of what arrives: [`RawPost`], [`Deletion`], event time, and the ways in which a record can be bad.
//!
//! First on a post's way: `sources` decode bytes into these types, `edge` is the only crate that reads the identities
//! in them. Nothing here does I/O.
//!
//! Invariants:
//! - `Debug` of everything that carries what a person wrote or who they are prints a redaction (PRIVACY section 1).
//! - [`RawPost`] and [`Deletion`] implement no serialisation at all.

mod record;
mod rejection;
mod time;

pub use record::{DeleteTarget, Deletion, Kind, Publisher, RawPost, Record, Relation};
pub use rejection::{Field, Rejection, RejectionKind};
pub use time::{EventTime, TimeError};
