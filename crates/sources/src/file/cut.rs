//! Cuts a file's content into blocks of whole records, on the reader's thread.

use std::io::{self, Read};

use groundswell_post::{Field, Rejection, RejectionKind};

use super::csv;
use crate::decode::RECORD_BYTES_MAX;

/// How many bytes of content a block has, unless one record is longer: large enough that the channel's cost vanishes, small
/// enough that two workers share a small file and a block stays in the second-level cache.
pub const BLOCK_BYTES: usize = 256 << 10;

/// How many unclosed quotes a CSV file may have. Each is passed over at the end of its line, at the cost of looking through up
/// to [`RECORD_BYTES_MAX`] again.
pub(crate) const UNCLOSED_QUOTES_MAX: u32 = 1_000;

/// What the cutter found next.
#[derive(Debug)]
pub(crate) enum Piece {
    Records { first_line: u64, bytes: Vec<u8> },
    Rejected { line: u64, rejection: Rejection },
}

/// Why cutting ended early.
#[derive(Debug)]
pub(crate) enum CutError {
    Io(io::Error),
    UnclosedQuotes { count: u32, line: u64 },
}

/// The state of one file.
#[derive(Debug)]
pub(crate) struct Cutter {
    csv: bool,
    /// Content not handed out yet; starts at a record's start.
    buffer: Vec<u8>,
    /// The line at which `buffer` starts.
    line: u64,
    /// Inside a line that is too long.
    skipping: bool,
    ended: bool,
    failure: Option<io::Error>,
    unclosed: u32,
}

impl Cutter {
    /// Cuts lines; `buffer` is what was read already.
    pub(crate) fn new(buffer: Vec<u8>) -> Self {
        Self { csv: false, buffer, line: 1, skipping: false, ended: false, failure: None, unclosed: 0 }
    }

    /// Cuts CSV records from now on, after the header's `lines` lines and `bytes` bytes.
    pub(crate) fn into_csv(mut self, bytes: usize, lines: u64) -> Self {
        self.csv = true;
        self.buffer.drain(..bytes.min(self.buffer.len()));
        self.line += lines;
        self
    }

    /// Drops a byte order mark.
    pub(crate) fn without(mut self, bytes: usize) -> Self {
        self.buffer.drain(..bytes);
        self
    }

    /// How much of the content was read and not handed out; `None` in the middle of a line.
    pub(crate) fn ahead(&self) -> Option<usize> {
        (!self.skipping).then_some(self.buffer.len())
    }

    /// Goes on at a line, to which the content was taken.
    pub(crate) fn restart(&mut self, line: u64) {
        *self = Self { csv: self.csv, line, unclosed: self.unclosed, ..Self::new(Vec::new()) };
    }

    /// Why the first reading failed, if it did.
    pub(crate) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    pub(crate) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Reads until the buffer holds `wanted` bytes or there are no more. An error is kept for later: what came before counts.
    pub(crate) fn fill(&mut self, content: &mut impl Read, wanted: usize) {
        let missing = wanted.saturating_sub(self.buffer.len());
        if self.ended || missing == 0 {
            return;
        }
        self.buffer.reserve(missing);
        match content.take(missing as u64).read_to_end(&mut self.buffer) {
            Ok(count) => self.ended = count < missing,
            Err(error) => {
                self.ended = true;
                self.failure = Some(error);
            }
        }
    }

    /// The next piece; `None` at the end.
    pub(crate) fn next(&mut self, content: &mut impl Read) -> Result<Option<Piece>, CutError> {
        let mut wanted = BLOCK_BYTES;
        loop {
            self.fill(content, wanted);
            if self.skipping {
                if let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                    self.buffer.drain(..=end);
                    self.skipping = false;
                    self.line += 1;
                } else {
                    self.buffer.clear();
                    if self.ended {
                        self.skipping = false;
                    }
                }
                if self.ended && self.buffer.is_empty() {
                    return self.end();
                }
                continue;
            }
            let whole = self.whole();
            if whole > 0 {
                return Ok(Some(self.take(whole)));
            }
            if self.ended {
                if self.failure.is_some() || self.buffer.trim_ascii().is_empty() {
                    // The record in which the file was cut off is no record.
                    return self.end();
                }
                if self.csv && csv::record_end(&self.buffer, 0) == Err(true) {
                    return self.unclosed(RejectionKind::Invalid).map(Some);
                }
                return Ok(Some(self.take(self.buffer.len())));
            }
            if self.buffer.len() > RECORD_BYTES_MAX {
                if self.csv && memchr::memchr(b'\n', &self.buffer).is_some() {
                    return self.unclosed(RejectionKind::TooLong).map(Some);
                }
                self.buffer.clear();
                self.skipping = true;
                return Ok(Some(self.rejected(RejectionKind::TooLong)));
            }
            wanted = self.buffer.len() + BLOCK_BYTES;
        }
    }

    fn end(&mut self) -> Result<Option<Piece>, CutError> {
        self.buffer.clear();
        self.failure.take().map_or(Ok(None), |error| Err(CutError::Io(error)))
    }

    /// How many bytes of the buffer are whole records.
    fn whole(&self) -> usize {
        if !self.csv {
            return memchr::memrchr(b'\n', &self.buffer).map_or(0, |end| end + 1);
        }
        let mut start = 0;
        while let Ok(end) = csv::record_end(&self.buffer, start) {
            start = end + 1;
        }
        start
    }

    fn take(&mut self, count: usize) -> Piece {
        let rest = self.buffer.split_off(count);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        let first_line = self.line;
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        Piece::Records { first_line, bytes }
    }

    fn rejected(&self, kind: RejectionKind) -> Piece {
        Piece::Rejected { line: self.line, rejection: Rejection::new(Field::Record, kind) }
    }

    /// A quote that nothing closes would swallow the rest of the file: pass over its line only.
    fn unclosed(&mut self, kind: RejectionKind) -> Result<Piece, CutError> {
        self.unclosed += 1;
        if self.unclosed > UNCLOSED_QUOTES_MAX {
            return Err(CutError::UnclosedQuotes { count: self.unclosed, line: self.line });
        }
        let piece = self.rejected(kind);
        let end = memchr::memchr(b'\n', &self.buffer).map_or(self.buffer.len(), |end| end + 1);
        self.buffer.drain(..end);
        self.line += 1;
        Ok(piece)
    }
}
