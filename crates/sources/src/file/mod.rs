//! Posts in files and on stdin: NDJSON, CSV and Parquet; plain, gzip and zstd, told apart by content and not by name.
//!
//! [`FileSet`] is the source. It decompresses and cuts at record boundaries on its own thread; records are decoded by whoever
//! takes the blocks.

mod compression;
pub(crate) mod csv;
mod cut;
mod error;
mod fingerprint;
pub(crate) mod ndjson;
mod open;
mod parquet;
mod pipe;
mod report;
mod set;

#[cfg(test)]
mod tests;

pub use compression::Compression;
pub use csv::CsvHeader;
pub use cut::BLOCK_BYTES;
pub use error::FileError;
pub use fingerprint::{Fingerprint, fingerprint_file};
pub use ndjson::parse_only;
pub use open::Format;
pub use parquet::{PARQUET_ROWS, ParquetRows};
pub use report::{FileReport, FileState, FileStatus};
pub use set::{FileSet, FileSetConfig, OPEN_FILES_MAX, Share};

/// What the fuzz targets need and nobody else does.
#[doc(hidden)]
pub mod fuzzing {
    use groundswell_post::EventTime;

    use crate::map::FieldMap;

    /// Cuts and decodes bytes as if they were a file; returns how many records and rejections came out.
    pub fn read_all(bytes: &[u8], map: &FieldMap, now: EventTime) -> (u64, u64) {
        super::open::read_all_for_fuzzing(bytes, map, now)
    }

    /// The same for bytes that are taken for a Parquet file whatever they begin with.
    pub fn read_parquet(bytes: &[u8], now: EventTime) -> (u64, u64) {
        super::open::read_parquet_for_fuzzing(bytes, now)
    }
}
