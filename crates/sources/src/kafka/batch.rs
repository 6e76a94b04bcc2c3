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
        // Until Kafka has said that there is nothing.
        open.behind(true);
        open.send(next, Payload::Messages(Messages::default()))?;
        Ok(open)
    }

    /// Goes on elsewhere.
    pub(crate) fn go_to(&mut self, next: i64) -> Result<(), Stopped> {
        self.flush()?;
        self.next = next;
        self.send(next, Payload::Messages(Messages::default()))
    }

    /// Whether Kafka has messages of it that were not taken. What was taken must have been sent by now.
    pub(crate) fn behind(&mut self, behind: bool) {
        debug_assert!(behind || self.batch.is_empty(), "what waits in a batch is not read yet");
        self.handle.behind(behind);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::block::SourceIx;
    use crate::channel::{BlockReceiver, PartitionSpec, Stop, channel};

    fn open() -> (Open, BlockReceiver) {
        let (feed, blocks) = channel(64, Duration::from_secs(30));
        let mut sender = feed.sender(SourceIx(0));
        let lateness = Duration::from_secs(1);
        let spec = PartitionSpec { name: "posts/0".to_owned(), head_time: None, live: true, lateness };
        let handle = sender.partition(spec, &Stop::default());
        (Open::begin("posts/0".to_owned(), handle, 5).unwrap(), blocks)
    }

    /// Line, position and payload of what was sent.
    fn sent(blocks: &BlockReceiver) -> Vec<String> {
        std::iter::from_fn(|| blocks.try_recv().ok())
            .map(|block| format!("{} {} {:?}", block.first_line, block.position.unwrap().value, block.payload))
            .collect()
    }

    #[test]
    fn what_has_no_post_is_passed_over_and_moves_the_position() {
        let (mut open, blocks) = open();
        let long = [vec![b' '; RECORD_BYTES_MAX], b"{}".to_vec()].concat();
        for (offset, value, expected) in [
            (5, Some(b"{}".as_slice()), Taken::Kept),
            (5, Some(b"{}"), Taken::Repeated),
            (4, Some(b"{}"), Taken::Repeated),
            (6, None, Taken::Empty),
            (7, Some(b" \n"), Taken::Empty),
            (9, Some(long.as_slice()), Taken::TooLong),
            (10, Some(b"{}"), Taken::Kept),
            (12, None, Taken::Empty),
        ] {
            assert_eq!(open.take(offset, value).unwrap(), expected, "offset {offset}");
        }
        open.flush().unwrap();
        open.flush().unwrap();
        insta::assert_snapshot!(sent(&blocks).join("\n"), @r"
        5 5 Messages(redacted, 0 bytes)
        5 8 Messages(redacted, 2 bytes)
        9 10 Rejected(record: too long)
        10 13 Messages(redacted, 2 bytes)
        ");
    }

    #[test]
    fn a_block_is_sent_when_it_is_full_and_where_numbers_leap() {
        let (mut open, blocks) = open();
        let half = vec![b'1'; BLOCK_BYTES / 2];
        open.take(5, Some(&half)).unwrap();
        open.take(6, Some(&half)).unwrap();
        open.take(7, Some(b"{}")).unwrap();
        // Further than a block can say.
        open.take(7 + (1 << 33), Some(b"{}")).unwrap();
        open.flush().unwrap();
        insta::assert_snapshot!(sent(&blocks).join("\n"), @r"
        5 5 Messages(redacted, 0 bytes)
        5 7 Messages(redacted, 262144 bytes)
        7 8 Messages(redacted, 2 bytes)
        8589934599 8589934600 Messages(redacted, 2 bytes)
        ");
    }
}
