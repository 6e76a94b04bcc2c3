//! What a source hands to the workers: undecoded bytes, in numbered pieces.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use groundswell_post::{Portion, Rejection};

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
    /// How much of its posts is kept. Said when it is sent, so that the workers that read it need not agree on anything.
    pub portion: Portion,
    /// The bytes.
    pub payload: Payload,
}

impl Block {
    /// Records by themselves: of no source and no partition, all of them kept.
    pub fn alone(first_line: u64, payload: Payload) -> Self {
        Self { source: SourceIx(0), partition: 0, seq: 0, first_line, position: None, portion: Portion::ALL, payload }
    }
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

/// Messages end to end, each with the number that its log gives it.
///
/// ```
/// use groundswell_sources::Messages;
/// let mut messages = Messages::default();
/// assert!(messages.push(40, b"{\"time\":1,\n\"text\":\"a\"}"));
/// assert!(messages.push(43, b"{}"));
/// assert_eq!(messages.first(), Some(40));
/// assert_eq!(messages.iter().map(|(number, bytes)| (number, bytes.len())).collect::<Vec<_>>(), [(40, 22), (43, 2)]);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Messages {
    bytes: Vec<u8>,
    /// Number of the first message.
    first: u64,
    /// Of each message: its number less that of the first, and where it ends.
    ends: Vec<(u32, u32)>,
}

impl Messages {
    /// Room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), first: 0, ends: Vec::new() }
    }

    /// Takes a message whose number is above those before. False where it does not fit (4 GiB of bytes or of numbers): it is
    /// not taken then, and belongs into the next block.
    #[must_use]
    pub fn push(&mut self, number: u64, message: &[u8]) -> bool {
        if self.ends.is_empty() {
            self.first = number;
        }
        let after = number.checked_sub(self.first).and_then(|after| u32::try_from(after).ok());
        let (Some(after), Ok(end)) = (after, u32::try_from(self.bytes.len() + message.len())) else { return false };
        self.bytes.extend_from_slice(message);
        self.ends.push((after, end));
        true
    }

    /// The number of the first message.
    pub fn first(&self) -> Option<u64> {
        (!self.ends.is_empty()).then_some(self.first)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All messages end to end.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Each message with its number.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(after, end)| {
            let message = &self.bytes[start..end as usize];
            start = end as usize;
            (self.first + u64::from(after), message)
        })
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Messages(redacted, {} from {}, {} bytes)", self.len(), self.first, self.bytes.len())
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
    /// Messages of a log, each one JSON object that may hold line breaks of its own.
    Messages(Messages),
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
            Self::Messages(messages) => messages.bytes().len(),
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
            Self::Messages(messages) => messages.len() as u64,
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
            Self::Messages(_) => "Messages",
            Self::Mastodon { .. } => "Mastodon",
            Self::Rejected(rejection) => return write!(f, "Rejected({rejection})"),
        };
        write!(f, "{name}(redacted, {} bytes)", self.len())
    }
}
