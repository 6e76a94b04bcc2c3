//! Opens a file and finds out what it is.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use groundswell_post::{EventTime, Record};

use super::compression::{Compression, Content, Tap};
use super::csv::{self, CsvHeader, HeaderProblem};
use super::cut::{BLOCK_BYTES, CutError, Cutter, Piece};
use super::error::FileError;
use super::fingerprint::{Fingerprint, fingerprint_file};
use super::parquet::ParquetReader;
use super::pipe::Pipe;
use crate::block::{Block, Payload};
use crate::channel::Stop;
use crate::decode::{DecodeOptions, DecodeScratch, decode};
use crate::map::{FieldMap, Slot};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values with a header.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Nothing at all.
    Empty,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ndjson => "NDJSON",
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
            Self::Empty => "empty",
        })
    }
}

/// How much of a file is looked at to find out what it is.
const DETECT_BYTES: usize = BLOCK_BYTES;

/// A file that is being read.
pub(crate) struct OpenFile {
    path: PathBuf,
    inner: Inner,
    /// Blocks that were read before their turn.
    ahead: Option<(u64, Payload)>,
}

enum Inner {
    Text {
        content: Content,
        cutter: Cutter,
        header: Option<Arc<CsvHeader>>,
        format: Format,
        /// The file behind the content, where it can be gone to any of its bytes.
        file: Option<File>,
    },
    Parquet {
        reader: Box<ParquetReader<File>>,
        progress: Arc<AtomicU64>,
        counted: u64,
        bytes: u64,
    },
}

impl OpenFile {
    /// Opens a file, or stdin for `-`. What may keep it waiting for ever is given up at a stop.
    pub(crate) fn open(path: &Path, map: &FieldMap, progress: &Arc<AtomicU64>, stop: &Stop) -> Result<Self, FileError> {
        let opening = |error| FileError::Open { path: path.to_owned(), error };
        if path.as_os_str() == "-" {
            let stdin = Pipe::new(|| Ok(Box::new(io::stdin())), stop).map_err(opening)?;
            return Self::stream(path, Box::new(stdin), map, progress);
        }
        let metadata = std::fs::metadata(path).map_err(opening)?;
        if metadata.is_dir() {
            return Err(FileError::Directory { path: path.to_owned() });
        }
        if !metadata.is_file() {
            let pipe = path.to_owned();
            let open = move || File::open(pipe).map(|file| Box::new(file) as Box<dyn Read>);
            let pipe = Pipe::new(open, stop).map_err(opening)?;
            return Self::stream(path, Box::new(pipe), map, progress);
        }
        let mut file = File::open(path).map_err(opening)?;
        let mut magic = Vec::with_capacity(4);
        (&mut file).take(4).read_to_end(&mut magic).map_err(opening)?;
        io::Seek::rewind(&mut file).map_err(opening)?;
        if magic == *b"PAR1" {
            let reader = Box::new(ParquetReader::open(path, file, map)?);
            let inner = Inner::Parquet { reader, progress: Arc::clone(progress), counted: 0, bytes: metadata.len() };
            return Ok(Self { path: path.to_owned(), inner, ahead: None });
        }
        let handle = file.try_clone().map_err(opening)?;
        let mut opened = Self::stream(path, Box::new(file), map, progress)?;
        if let Inner::Text { content, file, .. } = &mut opened.inner
            && content.compression() == Compression::Plain
        {
            *file = Some(handle);
        }
        Ok(opened)
    }

    /// Takes what is read from a pipe, or from any file that is no Parquet.
    pub(crate) fn stream(
        path: &Path,
        input: Box<dyn Read + Send>,
        map: &FieldMap,
        progress: &Arc<AtomicU64>,
    ) -> Result<Self, FileError> {
        let reading = |error| FileError::Read { path: path.to_owned(), byte: 0, error };
        let mut content = Content::new(Tap::new(input, Arc::clone(progress))).map_err(reading)?;
        let mut cutter = Cutter::new(Vec::new());
        cutter.fill(&mut content, DETECT_BYTES);
        let head = cutter.buffer();
        if head.starts_with(b"PAR1") {
            let how = match content.compression() {
                Compression::Plain => "from a pipe".to_owned(),
                compression => format!("inside {compression}"),
            };
            return Err(FileError::ParquetStream { path: path.to_owned(), how });
        }
        let bom = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let (format, header, cutter) = match detect(&head[bom..], map) {
            Detected::Empty => (Format::Empty, None, cutter.without(bom)),
            Detected::Ndjson => (Format::Ndjson, None, cutter.without(bom)),
            Detected::Csv { header, bytes, lines } => {
                (Format::Csv, Some(Arc::new(header)), cutter.without(bom).into_csv(bytes, lines))
            }
            Detected::BadHeader(problem) => {
                return Err(match problem {
                    HeaderProblem::Twice(slot) => {
                        FileError::ColumnTwice { path: path.to_owned(), column: map.column(slot) }
                    }
                    HeaderProblem::Missing(slot) => FileError::MissingColumn {
                        path: path.to_owned(),
                        format: "CSV",
                        column: map.column(slot),
                        field: slot.as_str(),
                    },
                    HeaderProblem::NotUtf8 => unknown(path, map),
                });
            }
            Detected::Unknown => {
                // Nothing could be decompressed, or what could is nothing we know.
                let mut cutter = cutter;
                return Err(match cutter.take_failure() {
                    Some(error) => io_error(path, &content, error),
                    None => unknown(path, map),
                });
            }
        };
        let inner = Inner::Text { content, cutter, header, format, file: None };
        Ok(Self { path: path.to_owned(), inner, ahead: None })
    }

    pub(crate) fn format(&self) -> (Format, Compression) {
        match &self.inner {
            Inner::Text { content, format, .. } => (*format, content.compression()),
            Inner::Parquet { .. } => (Format::Parquet, Compression::Plain),
        }
    }

    /// The next block's first line and bytes; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Payload)>, FileError> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        match &mut self.inner {
            Inner::Text { content, cutter, header, .. } => match cutter.next(content) {
                Ok(None) => Ok(None),
                Ok(Some(Piece::Rejected { line, rejection })) => Ok(Some((line, Payload::Rejected(rejection)))),
                Ok(Some(Piece::Records { first_line, bytes })) => Ok(Some((
                    first_line,
                    match header {
                        Some(header) => Payload::Csv { header: Arc::clone(header), bytes },
                        None => Payload::Ndjson(bytes),
                    },
                ))),
                Err(CutError::Io(error)) => Err(io_error(&self.path, content, error)),
                Err(CutError::UnclosedQuotes { count, line }) => {
                    Err(FileError::UnclosedQuotes { path: self.path.clone(), count, line })
                }
            },
            Inner::Parquet { reader, progress, counted, bytes } => {
                let next = reader.next()?;
                let (read, total) = reader.progress();
                let now =
                    (u128::from(*bytes) * u128::from(read) / u128::from(total.max(1))).min(u128::from(*bytes)) as u64;
                let now = if next.is_none() { *bytes } else { now };
                progress.fetch_add(now.saturating_sub(*counted), std::sync::atomic::Ordering::Relaxed);
                *counted = now.max(*counted);
                Ok(next.map(|(first_row, rows)| (first_row, Payload::Parquet(rows))))
            }
        }
    }

    /// Passes over everything before a line (in Parquet a row).
    pub(crate) fn skip_to(&mut self, line: u64) -> Result<(), FileError> {
        while let Some((first_line, payload)) = self.next()? {
            let end = first_line + payload.lines();
            if end > line {
                let passed = line.saturating_sub(first_line);
                self.ahead = Some((first_line + passed, payload.without_lines(passed)));
                break;
            }
        }
        Ok(())
    }

    /// The byte at which the record after the last block begins, where [`Self::seek_to`] could go to it.
    pub(crate) fn byte(&self) -> Option<u64> {
        match &self.inner {
            Inner::Text { content, cutter, file: Some(_), .. } => Some(content.tap().used() - cutter.ahead()? as u64),
            _ => None,
        }
    }

    /// Goes to a byte at which a line begins, without reading what is before it.
    pub(crate) fn seek_to(&mut self, byte: u64, line: u64) -> Result<(), FileError> {
        let Inner::Text { content, cutter, file: Some(file), .. } = &mut self.inner else { return self.skip_to(line) };
        content.seek(file, byte).map_err(|error| FileError::Read { path: self.path.clone(), byte, error })?;
        cutter.restart(line);
        self.ahead = None;
        Ok(())
    }

    /// The event time of the first post, where the first block has one. The block is kept for [`Self::next`].
    pub(crate) fn head_time(
        &mut self,
        options: &DecodeOptions,
        now: EventTime,
    ) -> Result<Option<EventTime>, FileError> {
        let Some((first_line, payload)) = self.next()? else { return Ok(None) };
        let block = Block::alone(first_line, payload);
        let mut head = None;
        decode(&block, options, now, &mut DecodeScratch::default(), &mut |_, record| {
            if let (None, Ok(Record::Post(post))) = (head, record) {
                head = Some(post.time);
            }
        });
        self.ahead = Some((first_line, block.payload));
        Ok(head)
    }

    /// Of the whole file, once it is read.
    pub(crate) fn fingerprint(&self) -> Result<Fingerprint, FileError> {
        let known = match &self.inner {
            Inner::Text { content, .. } => content.tap().fingerprint(),
            Inner::Parquet { .. } => None,
        };
        let reading = |error| FileError::Read { path: self.path.clone(), byte: 0, error };
        known.map_or_else(|| fingerprint_file(&self.path).map_err(reading), Ok)
    }
}

fn unknown(path: &Path, map: &FieldMap) -> FileError {
    FileError::UnknownFormat { path: path.to_owned(), time: map.column(Slot::Time), text: map.column(Slot::Text) }
}

fn io_error(path: &Path, content: &Content, error: io::Error) -> FileError {
    let (path, byte, compression) = (path.to_owned(), content.tap().used(), content.compression());
    match (compression, error.kind()) {
        (Compression::Plain, _) => FileError::Read { path, byte, error },
        (_, io::ErrorKind::UnexpectedEof) => FileError::Truncated { path, byte, compression },
        _ => FileError::Damaged { path, byte, compression, error },
    }
}

enum Detected {
    Empty,
    Ndjson,
    Csv { header: CsvHeader, bytes: usize, lines: u64 },
    BadHeader(HeaderProblem),
    Unknown,
}

fn detect(head: &[u8], map: &FieldMap) -> Detected {
    let Some(first) = head.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return if head.len() < DETECT_BYTES { Detected::Empty } else { Detected::Ndjson };
    };
    if head[first] == b'{' {
        return Detected::Ndjson;
    }
    // Empty lines before the header are passed over, like those behind it.
    let start = memchr::memrchr(b'\n', &head[..first]).map_or(0, |end| end + 1);
    let end = csv::record_end(head, start).unwrap_or(head.len());
    let record = &head[start..end];
    let header = CsvHeader::parse(record.strip_suffix(b"\r").unwrap_or(record), map);
    if let Ok(header) = header {
        let bytes = (end + 1).min(head.len());
        let lines = memchr::memchr_iter(b'\n', &head[..bytes]).count() as u64;
        return Detected::Csv { header, bytes, lines };
    }
    // A bad first line must not hide an NDJSON file.
    if head.split(|&byte| byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"{")) {
        return Detected::Ndjson;
    }
    match header {
        Err(problem @ HeaderProblem::Twice(_)) => Detected::BadHeader(problem),
        // One of the two is there: a CSV file that lacks the other.
        Err(problem @ HeaderProblem::Missing(_)) if looks_like_header(record, map) => Detected::BadHeader(problem),
        _ => Detected::Unknown,
    }
}

/// Whether at least one column has a name that we look for, beside others.
fn looks_like_header(record: &[u8], map: &FieldMap) -> bool {
    let Ok(record) = simdutf8::basic::from_utf8(record) else { return false };
    let mut fields = Vec::new();
    csv::split(record, &mut fields);
    fields.len() > 1
        && fields.iter().any(|field| Slot::ALL.into_iter().any(|slot| map.column(slot) == field.text().trim()))
}

/// Decodes everything that `next` gives.
fn drain(file: &mut OpenFile, map: &FieldMap, now: EventTime) -> (u64, u64) {
    let options = DecodeOptions { map: map.clone() };
    let (mut records, mut rejections) = (0, 0);
    while let Ok(Some((first_line, payload))) = file.next() {
        let block = Block::alone(first_line, payload);
        decode(&block, &options, now, &mut DecodeScratch::default(), &mut |_, record| match record {
            Ok(_) => records += 1,
            Err(_) => rejections += 1,
        });
    }
    (records, rejections)
}

pub(crate) fn read_all_for_fuzzing(bytes: &[u8], map: &FieldMap, now: EventTime) -> (u64, u64) {
    let input = Box::new(io::Cursor::new(bytes.to_vec()));
    OpenFile::stream(Path::new("-"), input, map, &Arc::default()).map_or((0, 0), |mut file| drain(&mut file, map, now))
}

pub(crate) fn read_parquet_for_fuzzing(bytes: &[u8], now: EventTime) -> (u64, u64) {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let Ok(mut reader) = ParquetReader::new(Path::new("-"), bytes, &FieldMap::default()) else { return (0, 0) };
    let (mut records, mut rejections) = (0, 0);
    while let Ok(Some((first_row, rows))) = reader.next() {
        rows.decode(first_row, now, &mut |_, record| match record {
            Ok(_) => records += 1,
            Err(_) => rejections += 1,
        });
    }
    (records, rejections)
}
