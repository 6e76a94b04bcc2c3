//! Bytes in, [`RawPost`](groundswell_post::RawPost) out, bad records counted.
#![forbid(unsafe_code)]

mod block;
mod channel;
mod clock;
mod clocks;
mod decode;
mod draft;
pub mod file;
pub mod jetstream;
mod map;
mod source;

pub use block::{Block, Payload, SourceIx};
pub use channel::{BLOCK_QUEUE_MAX, BlockFeed, BlockReceiver, BlockSender, PartitionHandle, PartitionSpec, Stop, Stopped, channel};
pub use clock::{Clock, ManualClock, SystemClock};
pub use clocks::{Clocks, IDLE_AFTER_DEFAULT, PREFIX_HISTORY_MAX};
pub use decode::{DecodeOptions, DecodeScratch, Each, RECORD_BYTES_MAX, decode};
pub use file::{FileSet, FileSetConfig, parse_only};
pub use jetstream::{Jetstream, JetstreamConfig};
pub use map::{FieldMap, MapError, PATH_PARTS_MAX};
pub use source::{Source, SourceError};
