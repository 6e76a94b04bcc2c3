//! A batch's bytes as they came, made plain: never more of them than the bound, whatever they were packed from.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::decode::RECORD_BYTES_MAX;

/// The largest batch, unpacked: one block, and so no larger than the largest record.
pub const BATCH_BYTES_MAX: usize = RECORD_BYTES_MAX;

/// The largest window of a zstd frame, as a power of two: 8 MiB, what a frame of the largest batch can use. A larger one would
/// only make us take memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How a batch is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    #[default]
    Plain,
    /// gzip (RFC 1952), one member or many.
    Gzip,
    /// zstd (RFC 8878), one frame or many.
    Zstd,
}

/// Why a batch could not be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// More than [`BATCH_BYTES_MAX`] come out of it.
    #[error("a batch holds at most {BATCH_BYTES_MAX} bytes, unpacked")]
    TooLarge,
    /// It is not what it is said to be, or is cut off.
    #[error("the batch is damaged or cut off after {0} unpacked bytes")]
    Damaged(usize),
}

/// Unpacks a batch as a whole.
pub(crate) fn unpack(bytes: Vec<u8>, packing: Packing) -> Result<Vec<u8>, UnpackError> {
    match packing {
        Packing::Plain if bytes.len() > BATCH_BYTES_MAX => Err(UnpackError::TooLarge),
        Packing::Plain => Ok(bytes),
        Packing::Gzip => read(MultiGzDecoder::new(bytes.as_slice())),
        Packing::Zstd => {
            let mut decoder = zstd::Decoder::new(bytes.as_slice()).map_err(|_| UnpackError::Damaged(0))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| UnpackError::Damaged(0))?;
            read(decoder)
        }
    }
}

fn read(packed: impl Read) -> Result<Vec<u8>, UnpackError> {
    let mut plain = Vec::new();
    // One byte more than may come tells whether it ends there.
    match packed.take(BATCH_BYTES_MAX as u64 + 1).read_to_end(&mut plain) {
        Ok(_) if plain.len() > BATCH_BYTES_MAX => Err(UnpackError::TooLarge),
        Ok(_) => Ok(plain),
        Err(_) => Err(UnpackError::Damaged(plain.len())),
    }
}
