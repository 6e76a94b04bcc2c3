//! What a source hands to the workers: undecoded bytes, in numbered pieces.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use groundswell_post::Rejection;

use crate::file::{CsvHeader, ParquetRows};
use crate::jetstream::HiddenAccounts;
use crate::mastodon::Instance;

/// A configured source, by its place in the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceIx(pub u16);

/// Undecoded records of one partition, in order.
#[derive(Debug)]
pub struct Block {
    /// The source that read it.
    pub source: SourceIx,
    /// The partition (one file, one connection), numbered over all sources of the process.
    pub partition: u32,
    /// Its place in the partition, from 0 without gaps.
    pub seq: u64,
    /// The line (in Parquet the row) of its first record, from 1.
    pub first_line: u64,
    /// Where the source goes on once this block is counted; `None` where it cannot tell.
    pub position: Option<Position>,
    /// The bytes.
    pub payload: Payload,
}

/// Where a source goes on after a restart, once everything up to and including a block is counted.
///
/// A source may have many positions (a file, a feed, a topic's partition each): `key` says of what, and a later value for a
/// key replaces the one before. Neither may hold anything about a post or a person: the file of a path, an offset, a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Of what, within the source.
    pub key: Arc<str>,
    /// Where, in the source's own words.
    pub value: Box<str>,
}

impl Position {
    /// A position.
    pub fn new(key: &Arc<str>, value: impl Into<Box<str>>) -> Self {
        Self { key: Arc::clone(key), value: value.into() }
    }
}

/// The positions of one source from which it goes on, by their keys.
pub type Positions = BTreeMap<String, String>;

/// The bytes of a block and how they are to be read.
pub enum Payload {
    /// Whole lines, each a JSON object.
    Ndjson(Vec<u8>),
    /// Whole CSV records.
    Csv {
        /// What the columns mean.
        header: Arc<CsvHeader>,
        /// The records.
        bytes: Vec<u8>,
    },
    /// Rows of a Parquet file, decompressed and not yet looked at.
    Parquet(ParquetRows),
    /// Whole Jetstream messages, one a line.
    Jetstream {
        /// Accounts that were seen to ask not to be shown to the public.
        hidden: Arc<HiddenAccounts>,
        /// The messages.
        bytes: Vec<u8>,
    },
    /// Events of one Mastodon instance, one a line, as its reader wrote them down.
    Mastodon {
        /// Where they come from.
        instance: Arc<Instance>,
        /// The events.
        bytes: Vec<u8>,
    },
    /// One record that the reader had to pass over (too long to be held).
    Rejected(Rejection),
}

impl Payload {
    /// How many bytes of input it holds, for progress.
    pub fn len(&self) -> usize {
        match self {
            Self::Ndjson(bytes)
            | Self::Csv { bytes, .. }
            | Self::Jetstream { bytes, .. }
            | Self::Mastodon { bytes, .. } => bytes.len(),
            Self::Parquet(rows) => rows.bytes(),
            Self::Rejected(_) => 0,
        }
    }

    /// How many lines of its file (in Parquet rows) it spans.
    pub(crate) fn lines(&self) -> u64 {
        match self {
            Self::Ndjson(bytes)
            | Self::Csv { bytes, .. }
            | Self::Jetstream { bytes, .. }
            | Self::Mastodon { bytes, .. } => {
                let ends = memchr::memchr_iter(b'\n', bytes).count();
                (ends + usize::from(!bytes.is_empty() && !bytes.ends_with(b"\n"))) as u64
            }
            Self::Parquet(rows) => rows.rows() as u64,
            Self::Rejected(_) => 1,
        }
    }

    /// The same without its first lines. Rows of Parquet stay together: they are always cut at the same places.
    pub(crate) fn without_lines(self, count: u64) -> Self {
        let rest = |mut bytes: Vec<u8>| {
            let ends = memchr::memchr_iter(b'\n', &bytes).take(count as usize);
            let start = ends.last().map_or(0, |end| end + 1);
            bytes.drain(..start);
            bytes
        };
        match self {
            Self::Ndjson(bytes) => Self::Ndjson(rest(bytes)),
            Self::Csv { header, bytes } => Self::Csv { header, bytes: rest(bytes) },
            other => other,
        }
    }

    /// Whether it holds no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Ndjson(_) => "Ndjson",
            Self::Csv { .. } => "Csv",
            Self::Parquet(_) => "Parquet",
            Self::Jetstream { .. } => "Jetstream",
            Self::Mastodon { .. } => "Mastodon",
            Self::Rejected(rejection) => return write!(f, "Rejected({rejection})"),
        };
        write!(f, "{name}(redacted, {} bytes)", self.len())
    }
}
