//! Bytes of a file, counted, hashed, and decompressed by what they are.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, Read, Seek as _, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::fingerprint::{Fingerprint, Hasher};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip (RFC 1952), one member or many.
    Gzip,
    /// zstd (RFC 8878), one frame or many.
    Zstd,
}

impl Compression {
    /// By the first bytes. A zstd file may begin with a skippable frame.
    pub(crate) fn detect(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

const TAP_BYTES: usize = 128 << 10;

/// Reads from the file, and knows at each moment how many bytes of it were used.
pub(crate) struct Tap {
    inner: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    used: u64,
    hasher: Hasher,
    /// Read from its beginning, so that the hash is that of the file.
    whole: bool,
    progress: Arc<AtomicU64>,
}

impl Tap {
    pub(crate) fn new(inner: Box<dyn Read + Send>, progress: Arc<AtomicU64>) -> Self {
        let (buffer, hasher) = (Vec::with_capacity(TAP_BYTES), Hasher::default());
        Self { inner, buffer, start: 0, used: 0, hasher, whole: true, progress }
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let before = self.buffer.len();
        let room = TAP_BYTES.saturating_sub(before).max(1);
        self.buffer.resize(before + room, 0);
        let read = loop {
            match self.inner.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = *read.as_ref().unwrap_or(&0);
        self.buffer.truncate(before + count);
        self.hasher.update(&self.buffer[before..]);
        self.progress.fetch_add(count as u64, Ordering::Relaxed);
        read
    }

    /// The next `count` bytes without using them; fewer only at the end.
    pub(crate) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.start < count && self.read_more()? > 0 {}
        Ok(&self.buffer[self.start..])
    }

    /// How many bytes were used.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// Goes on at a byte, to which the file behind it was taken.
    fn restart(&mut self, byte: u64) {
        let read = self.used + (self.buffer.len() - self.start) as u64;
        self.progress.fetch_add(byte.saturating_sub(read), Ordering::Relaxed);
        self.buffer.clear();
        (self.start, self.used, self.whole) = (0, byte, false);
    }

    /// Of all bytes read so far; `None` where some were passed over.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        self.whole.then(|| self.hasher.finish())
    }
}

impl BufRead for Tap {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
            self.read_more()?;
        }
        Ok(&self.buffer[self.start..])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.buffer.len());
        self.used += count as u64;
    }
}

impl Read for Tap {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(out.len());
        out[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// A file's content.
pub(crate) enum Content {
    Plain(Box<Tap>),
    Gzip(Box<MultiGzDecoder<Tap>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Tap>>),
}

impl Content {
    pub(crate) fn new(mut tap: Tap) -> io::Result<Self> {
        Ok(match Compression::detect(tap.peek(4)?) {
            Compression::Plain => Self::Plain(Box::new(tap)),
            Compression::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(tap))),
            Compression::Zstd => Self::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(tap)?)),
        })
    }

    /// Goes on at a byte of a plain file, given as the handle that it is read by.
    pub(crate) fn seek(&mut self, file: &mut File, byte: u64) -> io::Result<()> {
        let Self::Plain(tap) = self else { return Err(io::ErrorKind::NotSeekable.into()) };
        file.seek(SeekFrom::Start(byte))?;
        tap.restart(byte);
        Ok(())
    }

    pub(crate) fn compression(&self) -> Compression {
        match self {
            Self::Plain(_) => Compression::Plain,
            Self::Gzip(_) => Compression::Gzip,
            Self::Zstd(_) => Compression::Zstd,
        }
    }

    pub(crate) fn tap(&self) -> &Tap {
        match self {
            Self::Plain(tap) => tap,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Zstd(decoder) => decoder.get_ref(),
        }
    }
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tap) => tap.read(out),
            Self::Gzip(decoder) => decoder.read(out),
            Self::Zstd(decoder) => decoder.read(out),
        }
    }
}
