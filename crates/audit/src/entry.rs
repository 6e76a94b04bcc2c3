//! [`Entry`]: one line of the log. Its bytes, without the line feed, are what is hashed.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Act, Hash, Time, Wording};

/// Longest entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = 65_536;

/// One entry: its number, when, who, what, and the hash of the entry before.
///
/// The hash adds nothing to what the tree proves. It says *where* a copy was altered, with nothing but the copy at hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0.
    #[serde(rename = "n")]
    pub number: u64,
    /// When it was written.
    pub time: Time,
    /// The account that did it; `local` where nobody is asked who they are.
    pub by: Wording,
    /// What was done.
    #[serde(flatten)]
    pub act: Act,
    /// Hash of the entry before; zeros for the first.
    pub prev: Hash,
}

/// What every entry says, also one of a later version whose act is not known here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Marks {
    /// Its number.
    #[serde(rename = "n")]
    pub number: u64,
    /// When.
    pub time: Time,
    /// Who.
    pub by: Wording,
    /// The act's name.
    pub act: String,
    /// Hash of the entry before.
    pub prev: Hash,
}

/// Why a line is no entry.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryError {
    /// Too long.
    #[error("a line of more than {ENTRY_BYTES_MAX} bytes")]
    TooLong,
    /// No JSON object with the fields that every entry has.
    #[error("no entry: column {column}")]
    Form {
        /// Where, in bytes from 1.
        column: usize,
    },
    /// It is an entry and not written as this program writes it.
    #[error("an entry in another spelling")]
    Spelling,
}

fn form(error: serde_json::Error) -> EntryError {
    EntryError::Form { column: error.column() }
}

impl Entry {
    /// The line, without a line feed.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("an entry has string keys and whole numbers only")
    }

    /// Reads a line that this version understands, and no other spelling of it.
    pub fn parse(line: &[u8]) -> Result<Self, EntryError> {
        if line.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong);
        }
        let entry: Self = serde_json::from_slice(line).map_err(form)?;
        if entry.line().as_bytes() == line { Ok(entry) } else { Err(EntryError::Spelling) }
    }
}

impl Marks {
    /// Reads what every entry has.
    pub fn parse(line: &[u8]) -> Result<Self, EntryError> {
        if line.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong);
        }
        serde_json::from_slice(line).map_err(form)
    }
}
