//! Why a record could not be read: a field and a kind of error, never the value.

use std::fmt;

/// The part of a record that was bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The record as a whole.
    Record,
    /// `time`.
    Time,
    /// `author`.
    Author,
    /// `text`.
    Text,
    /// `id`.
    Id,
    /// `lang`.
    Lang,
    /// `source`.
    Source,
    /// `relation` (alias `kind`).
    Relation,
    /// `publisher`, `title` or `url`.
    Publisher,
    /// `region`.
    Region,
    /// `links`.
    Links,
    /// `delete`.
    Delete,
}

impl Field {
    /// The word used in messages and counters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Time => "time",
            Self::Author => "author",
            Self::Text => "text",
            Self::Id => "id",
            Self::Lang => "lang",
            Self::Source => "source",
            Self::Relation => "relation",
            Self::Publisher => "publisher",
            Self::Region => "region",
            Self::Links => "links",
            Self::Delete => "delete",
        }
    }
}

/// What was wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RejectionKind {
    /// A field that must be there is not.
    Missing,
    /// The value has another type than the field.
    WrongType,
    /// The value has the right type and cannot be read as what the field means.
    Invalid,
    /// The time is before [`crate::EventTime::MIN`].
    TooOld,
    /// The time is after the clock's now plus [`crate::EventTime::FUTURE_SECONDS_MAX`].
    InFuture,
    /// The record is no JSON.
    NotJson,
    /// The record is JSON and no object.
    NotObject,
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The record is longer than the bound of its decoder.
    TooLong,
    /// A CSV row with another number of fields than the header.
    Ragged,
    /// The same field stands twice.
    Duplicate,
}

impl RejectionKind {
    /// The words used in messages and counters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::WrongType => "wrong type",
            Self::Invalid => "invalid",
            Self::TooOld => "too old",
            Self::InFuture => "in the future",
            Self::NotJson => "not JSON",
            Self::NotObject => "not an object",
            Self::NotUtf8 => "not UTF-8",
            Self::TooLong => "too long",
            Self::Ragged => "ragged row",
            Self::Duplicate => "duplicate",
        }
    }
}

/// One bad record. Displays as `time: missing`, the key of `rejected_by`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rejection {
    /// The part that was bad.
    pub field: Field,
    /// What was wrong with it.
    pub kind: RejectionKind,
}

impl Rejection {
    /// Names a bad part and what was wrong with it.
    pub fn new(field: Field, kind: RejectionKind) -> Self {
        Self { field, kind }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field.as_str(), self.kind.as_str())
    }
}

impl std::error::Error for Rejection {}
