//! Batches of posts that others bring: what stands behind `POST /api/v1/ingest`.
//!
//! [`PushDoor`] takes a batch, checks every line and queues it; [`PushSource`] hands it to the workers. A batch is NDJSON in the
//! contract's format, plain, gzip or zstd, and always **one block**: it is counted as a whole or not at all.
//!
//! # Counted once
//! Who sends names a *stream* and a *number* with each batch. Numbers of a stream grow (they may leap: an offset in a file, a
//! time in milliseconds and a counter all do), and a stream's batches are sent one after the other. The number becomes the
//! block's [`Position`](crate::Position): key the stream's name, value the number. So one position a stream is enough to know
//! every batch that was counted before a kill: a batch whose number is not above the stream's last one is a repeat, is
//! answered as such and not counted again. A batch without stream and number is counted each time it is sent; it has a number
//! of its own nevertheless, so that it too can be waited for.
//!
//! Nothing is written to disk here: what was taken and is not durable yet is lost with the process, and its sender, who has not
//! been told that it is durable, sends it again.
//!
//! Bounds: [`BATCH_BYTES_MAX`], [`QUEUE_MAX`], [`STREAMS_MAX`], [`STREAM_BYTES_MAX`], [`REJECTIONS_SHOWN_MAX`].

mod door;
mod durability;
#[cfg(test)]
mod tests;
mod unpack;

pub use door::{
    PushConfig, PushCounts, PushDoor, PushError, PushKey, PushReceipt, PushSource, QUEUE_MAX, REJECTIONS_SHOWN_MAX,
    STREAM_BYTES_MAX, STREAMS_MAX, ShownRejection, push,
};
pub use durability::Durability;
pub use unpack::{BATCH_BYTES_MAX, Packing, UnpackError};
