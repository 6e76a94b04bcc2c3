//! Messages of one partition on their way into blocks: one a line, sent when there are enough or when they are old enough.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use groundswell_post::Rejection;

use crate::block::{Payload, Position};
use crate::channel::{PartitionHandle, Stopped};

/// A block is sent when its first message has waited this long,
pub(crate) const BATCH_WAIT: Duration = Duration::from_millis(100);
/// or when it has this many bytes.
pub(crate) const BATCH_BYTES: usize = 256 << 10;

/// Makes the payload of a block's bytes.
type Wrap = Box<dyn Fn(Vec<u8>) -> Payload + Send + Sync>;

pub(crate) struct Batch {
    partition: PartitionHandle,
    /// What the positions are of.
    key: Arc<str>,
    wrap: Wrap,
    bytes_max: usize,
    bytes: Vec<u8>,
    /// Lines sent on, and lines waiting.
    sent: u64,
    waiting: u64,
    position: Option<Box<str>>,
    /// What it holds is kept by a server that can wait.
    can_wait: bool,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch(redacted, {} bytes)", self.bytes.len())
    }
}

impl Batch {
    pub(crate) fn new(partition: PartitionHandle, key: &str, bytes_max: usize, wrap: Wrap) -> Self {
        let partition = partition.cannot_wait();
        Self {
            partition,
            key: Arc::from(key),
            wrap,
            bytes_max,
            bytes: Vec::new(),
            sent: 0,
            waiting: 0,
            position: None,
            can_wait: false,
        }
    }

    /// Takes a message, written by `write`; line breaks in it are white space in JSON, and here would end it.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stopped> {
        let start = self.bytes.len();
        write(&mut self.bytes);
        for byte in &mut self.bytes[start..] {
            if *byte == b'\n' {
                *byte = b' ';
            }
        }
        self.bytes.push(b'\n');
        self.waiting += 1;
        if self.bytes.len() >= self.bytes_max { self.flush() } else { Ok(()) }
    }

    /// Whether what comes now is kept by its server as long as we like, such as a page that was asked for or a history that is
    /// played back: then nothing is left out of it, and it waits for room.
    pub(crate) fn can_wait(&mut self, can_wait: bool) {
        self.can_wait = can_wait;
    }

    /// Whether its server is known to have something that was not read. What was read must be on its way before it is said that
    /// there is no more.
    pub(crate) fn behind(&mut self, behind: bool) -> Result<(), Stopped> {
        if !behind {
            self.flush()?;
        }
        self.partition.behind(behind);
        Ok(())
    }

    /// Where the source goes on after the message before.
    pub(crate) fn position(&mut self, value: impl Into<Box<str>>) {
        self.position = Some(value.into());
    }

    /// Tells of a record that could not be held.
    pub(crate) fn reject(&mut self, rejection: Rejection) -> Result<(), Stopped> {
        self.flush()?;
        self.sent += 1;
        self.partition.send(self.sent, Payload::Rejected(rejection))
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self) -> Result<(), Stopped> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.bytes);
        let first = self.sent + 1;
        self.sent += std::mem::take(&mut self.waiting);
        let position = self.position.as_ref().map(|value| Position::new(&self.key, value.clone()));
        let payload = (self.wrap)(bytes);
        if self.can_wait {
            self.partition.send_at(first, payload, position)
        } else {
            self.partition.send_or_thin(first, payload, position)
        }
    }
}
