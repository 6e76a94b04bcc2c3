//! What can be wrong with a file as a whole.

use std::io;
use std::path::PathBuf;

use super::compression::Compression;

/// Why a file was not read to its end. What was read before counts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be opened.
    #[error("{path}: cannot be opened", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        error: io::Error,
    },
    /// It is a directory.
    #[error("{path}: is a directory; name the files in it", path = path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// Reading failed at a byte.
    #[error("{path}: cannot be read at byte {byte}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Where, counted in the file as it is on disk.
        byte: u64,
        /// The system's answer.
        #[source]
        error: io::Error,
    },
    /// The compressed stream ends in the middle.
    #[error("{path}: the {compression} stream is cut off at byte {byte}; what was read before it counts", path = path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Where, counted in the file as it is on disk.
        byte: u64,
        /// How it is compressed.
        compression: Compression,
    },
    /// The compressed stream is damaged.
    #[error("{path}: the {compression} stream is damaged near byte {byte}; what was read before it counts", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, counted in the file as it is on disk.
        byte: u64,
        /// How it is compressed.
        compression: Compression,
        /// The decompressor's answer.
        #[source]
        error: io::Error,
    },
    /// Neither of the formats.
    #[error(
        "{path}: expected NDJSON (one JSON object a line), CSV with the columns `{time}` and `{text}`, or Parquet; \
         found neither (if the fields have other names, see --map)",
        path = path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The name under which the time is looked for.
        time: String,
        /// The name under which the text is looked for.
        text: String,
    },
    /// A column that must be there is not.
    #[error("{path}: {format} without a column `{column}` for `{field}` (if it has another name, see --map)", path = path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// `CSV` or `Parquet`.
        format: &'static str,
        /// The column's expected name.
        column: String,
        /// The field that it holds.
        field: &'static str,
    },
    /// Two columns have one name.
    #[error("{path}: the column `{column}` stands twice", path = path.display())]
    ColumnTwice {
        /// The file.
        path: PathBuf,
        /// The column's name.
        column: String,
    },
    /// A column has a type that the field cannot have.
    #[error("{path}: the column `{column}` has the type {found}, expected {expected}", path = path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column's name.
        column: String,
        /// The Parquet type.
        found: String,
        /// What the field can be read from.
        expected: &'static str,
    },
    /// Quotes that nothing closes, again and again.
    #[error("{path}: gave up after {count} quotes that nothing closes, the last in line {line}", path = path.display())]
    UnclosedQuotes {
        /// The file.
        path: PathBuf,
        /// How many.
        count: u32,
        /// Where the last one opened.
        line: u64,
    },
    /// The Parquet file cannot be read.
    #[error("{path}: cannot be read as Parquet", path = path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The reader's answer.
        #[source]
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Parquet needs a file that can be read from both ends.
    #[error("{path}: Parquet cannot be read {how}; name an uncompressed file", path = path.display())]
    ParquetStream {
        /// The file.
        path: PathBuf,
        /// `from a pipe` or `inside gzip`.
        how: String,
    },
}
