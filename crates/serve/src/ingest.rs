//! What stands behind the push door, as far as HTTP needs to know it. This crate must not know sources, so the binary puts one
//! behind this trait.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Batches in work at the same time; one more is answered with `busy`. They do not count as requests: one that waits until it
/// is durable must not keep a reader from the page.
pub const PUSHES_MAX: usize = 8;

/// The largest body of a batch, as it comes.
pub const PUSH_BODY_BYTES_MAX: usize = 8 << 20;

/// How long a batch's body may take to come.
pub const PUSH_BODY_SECONDS_MAX: u64 = 30;

/// How long a batch may wait until it is durable; then the answer says that it is not yet.
pub const PUSH_DURABLE_SECONDS_MAX: u64 = 90;

/// Wrong tokens in a minute, after which wrong ones are not even told that they are wrong. Right ones still work.
pub const WRONG_TOKENS_MAX: u32 = 60;

/// The shortest token that is taken.
pub const TOKEN_BYTES_MIN: usize = 16;

/// How a batch is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IngestPacking {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// A batch as it came.
pub struct IngestBatch {
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// How it is packed.
    pub packing: IngestPacking,
    /// How long to wait for room.
    pub patience: Duration,
}

impl std::fmt::Debug for IngestBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IngestBatch")
            .field("bytes", &self.body.len())
            .field("packing", &self.packing)
            .finish_non_exhaustive()
    }
}

/// A bad line: where, which field, what kind of error; never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IngestRejection {
    /// Its line, from 1.
    pub line: u64,
    /// The part that was bad.
    pub field: &'static str,
    /// What was wrong with it.
    pub error: &'static str,
}

/// What became of a batch. All of it is about what its sender has just sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestReceipt {
    /// Its stream and number, for [`IngestDoor::is_durable`].
    pub stream: String,
    /// See `stream`.
    pub number: u64,
    /// It was taken before.
    pub repeated: bool,
    /// Records, good and bad.
    pub lines: u64,
    /// Good ones.
    pub accepted: u64,
    /// Bad ones.
    pub rejected: u64,
    /// The first of the bad ones.
    pub shown: Vec<IngestRejection>,
}

/// Why a batch was not taken; the text says what to do and holds nothing of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IngestRefusal {
    /// The key cannot be read.
    Key(String),
    /// Too much comes out of it.
    TooLarge(String),
    /// It cannot be unpacked.
    Damaged(String),
    /// It cannot be taken beside what is in work, or at all.
    Conflict(String),
    /// Try again in a moment.
    Busy(String),
}

/// The door. The binary puts a source behind it.
pub trait IngestDoor: Send + Sync {
    /// Takes a batch. May block.
    fn take(&self, batch: IngestBatch) -> Result<IngestReceipt, IngestRefusal>;
    /// Whether a crash can no longer take a batch.
    fn is_durable(&self, receipt: &IngestReceipt) -> bool;
    /// Changes when [`IngestDoor::is_durable`] may have changed.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// A door with its lock.
pub(crate) struct Door {
    pub(crate) behind: Arc<dyn IngestDoor>,
    /// Not the token itself: a dump of memory or a comparison that takes longer the more is right would tell it.
    token: blake3::Hash,
    wrong: Mutex<(Option<Instant>, u32)>,
    pub(crate) places: Semaphore,
}

/// What is thought of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Right,
    Wrong,
    /// Wrong, and one of too many.
    TooMany,
}

impl Door {
    pub(crate) fn new(behind: Arc<dyn IngestDoor>, token: &str) -> Self {
        Self {
            behind,
            token: blake3::hash(token.as_bytes()),
            wrong: Mutex::default(),
            places: Semaphore::new(PUSHES_MAX),
        }
    }

    pub(crate) fn check(&self, token: Option<&str>) -> Token {
        // Hashes are compared in constant time, and nothing is known of a hash that could be tried byte by byte.
        if token.is_some_and(|token| blake3::hash(token.as_bytes()) == self.token) {
            return Token::Right;
        }
        let now = Instant::now();
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.0.is_none_or(|since| now - since >= Duration::from_mins(1)) {
            *wrong = (Some(now), 0);
        }
        wrong.1 = wrong.1.saturating_add(1);
        if wrong.1 > WRONG_TOKENS_MAX {
            return Token::TooMany;
        }
        if wrong.1 == 1 {
            tracing::warn!("a batch was pushed with a wrong token or without one; told once a minute");
        }
        Token::Wrong
    }
}
