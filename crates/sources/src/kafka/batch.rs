//! Messages of one partition on their way into a block.

use std::sync::Arc;

use groundswell_post::{Field, Rejection, RejectionKind};

use crate::block::{Messages, Payload, Position};
use crate::channel::{PartitionHandle, Stopped};
use crate::decode::RECORD_BYTES_MAX;

/// A block is sent when it holds so much.
pub(crate) const BLOCK_BYTES: usize = 256 << 10;

/// An open partition.
#[derive(Debug)]
pub(crate) struct Open {
    key: Arc<str>,
    handle: PartitionHandle,
    batch: Messages,
    /// The offset that is expected next: all below it are in a block or passed over.
    next: i64,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// In a block.
    Kept,
    /// Nothing in it.
    Empty,
    /// Over the bound; its place is told.
    TooLong,
    /// Taken before.
    Repeated,
}

impl Open {
    /// Begins at an offset. The position goes ahead of the first message: a partition in which nothing has happened yet must
    /// go on from here too, and not from what is the newest then.
    pub(crate) fn begin(key: String, handle: PartitionHandle, next: i64) -> Result<Self, Stopped> {
        let mut open = Self { key: key.into(), handle, batch: Messages::default(), next };
        open.send(next, Payload::Messages(Messages::default()))?;
        Ok(open)
    }

    /// Goes on elsewhere.
    pub(crate) fn go_to(&mut self, next: i64) -> Result<(), Stopped> {
        self.flush()?;
        self.next = next;
        self.send(next, Payload::Messages(Messages::default()))
    }

    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// Bytes that wait for their block to be sent.
    pub(crate) fn waiting(&self) -> usize {
        self.batch.bytes().len()
    }

    pub(crate) fn take(&mut self, offset: i64, value: Option<&[u8]>) -> Result<Taken, Stopped> {
        if offset < self.next {
            return Ok(Taken::Repeated);
        }
        let Some(value) = value.filter(|value| !value.trim_ascii_start().is_empty()) else {
            self.next = offset + 1;
            return Ok(Taken::Empty);
        };
        if value.len() > RECORD_BYTES_MAX {
            self.flush()?;
            self.next = offset + 1;
            let rejection = Rejection::new(Field::Record, RejectionKind::TooLong);
            self.send(offset, Payload::Rejected(rejection))?;
            return Ok(Taken::TooLong);
        }
        if self.batch.is_empty() {
            self.batch = Messages::with_capacity(BLOCK_BYTES.min(value.len() * 64));
        }
        let number = offset as u64;
        if !self.batch.push(number, value) {
            self.flush()?;
            let fits = self.batch.push(number, value);
            debug_assert!(fits, "one message within the bound fits into an empty block");
        }
        self.next = offset + 1;
        if self.batch.bytes().len() >= BLOCK_BYTES {
            self.flush()?;
        }
        Ok(Taken::Kept)
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self) -> Result<(), Stopped> {
        let Some(first) = self.batch.first() else { return Ok(()) };
        let batch = std::mem::take(&mut self.batch);
        self.send(first as i64, Payload::Messages(batch))
    }

    fn send(&mut self, line: i64, payload: Payload) -> Result<(), Stopped> {
        let position = Position::new(&self.key, self.next.to_string());
        self.handle.send_at(line as u64, payload, Some(position))
    }
}
