//! Bytes in, [`RawPost`](groundswell_post::RawPost) out, bad records counted.
//!
//! Second on a post's way. A [`Source`] runs on a thread of its own, decompresses, cuts its input into [`Block`]s of whole
//! records and sends them through one bounded [`channel`]; the workers [`decode`] them. So parsing scales with the workers, and
//! the thread that reads never parses.
//!
//! Main types:
//! - [`FileSet`]: files and stdin (NDJSON, CSV, Parquet; plain, gzip, zstd, told apart by content), read side by side in event
//!   time; its [`file::FileReport`] says what became of each file.
//! - [`Jetstream`]: Bluesky over a WebSocket; resumes by cursor, fails over between endpoints.
//! - [`Mastodon`]: instances of the fediverse, by WebSocket, server-sent events or asking; [`html`] makes text of their HTML.
//! - [`Feeds`]: RSS, Atom and JSON feeds as publishers' items. They are few and small, so this source reads them itself and sends
//!   NDJSON; its [`feed::FeedsStatus`] says what became of each.
//! - [`LiveStatus`]: what a live source is doing, its troubles in fixed phrases, and its gaps.
//! - [`Clocks`]: the event-time clock of each partition; what stood before a block, and the watermark.
//! - [`FieldMap`] is `--map`.
//! - [`Clock`]: the wall clock, injected; [`SystemClock`] is the only place of the workspace that reads the machine's.
//!
//! ```
//! use groundswell_post::{EventTime, Record};
//! use groundswell_sources::{Block, DecodeOptions, DecodeScratch, Payload, decode};
//!
//! let lines = b"{\"time\": 1474588800, \"author\": 7, \"text\": \"hello\"}\n{\"time\": 1474588801}\n".to_vec();
//! let block = Block::alone(1, Payload::Ndjson(lines));
//! let mut told = Vec::new();
//! let now = EventTime::from_unix(1_500_000_000);
//! decode(&block, &DecodeOptions::default(), now, &mut DecodeScratch::default(), &mut |line, record| {
//!     told.push(match record {
//!         Ok(Record::Post(post)) => format!("{line}: a post of {}", post.time),
//!         Ok(Record::Delete(_)) => format!("{line}: a deletion"),
//!         Err(rejection) => format!("{line}: {rejection}"),
//!     });
//! });
//! assert_eq!(told, ["1: a post of 2016-09-23T00:00:00Z", "2: text: missing"]);
//! ```
//!
//! Invariants:
//! - Every line is told exactly once, as a record or as a rejection with its line number; nothing in the input panics or stops
//!   what follows it (`file/tests.rs`, and one fuzz target a decoder).
//! - A message names a file, a line, a field and a kind of error, never a value.
//! - Blocks of a partition are numbered from 0 without gaps; what [`Clocks::prefix`] tells is what one sequential reader would
//!   know; [`Clocks::watermark`] never goes back and never passes a timely post (`tests/clocks.rs`).
//! - No clock is read but through [`Clock`], no randomness but from a seed.
//!
//! Bounds: [`RECORD_BYTES_MAX`], [`JSON_DEPTH_MAX`], [`BLOCK_QUEUE_MAX`], [`file::OPEN_FILES_MAX`], [`PREFIX_HISTORY_MAX`], [`BEHIND_MAX`],
//! [`jetstream::MESSAGE_BYTES_MAX`], [`jetstream::HIDDEN_ACCOUNTS_MAX`], [`mastodon::MESSAGE_BYTES_MAX`],
//! [`mastodon::BACKFILL_PAGES_MAX`], [`mastodon::STATUS_IDS_MAX`], [`live::GAPS_MAX`], [`PATH_PARTS_MAX`]; of feeds
//! [`feed::FEEDS_MAX`], [`feed::FETCHES_MAX`], [`feed::DOCUMENT_BYTES_MAX`], [`feed::ITEMS_MAX`], [`feed::DEPTH_MAX`],
//! [`feed::TEXT_BYTES_MAX`], [`feed::NAME_BYTES_MAX`], [`feed::GONE_ITEMS_MAX`], [`feed::REDIRECTS_MAX`],
//! [`feed::RETRY_AFTER_MAX`].
//!
//! Sources: RFC 8259 (JSON), RFC 4180 (CSV), RFC 1952 (gzip), RFC 8878 (zstd), the Parquet format, RFC 6455 (WebSocket), the
//! Jetstream README, docs.joinmastodon.org, RFC 4287 (Atom), rssboard.org, jsonfeed.org; watermarks after T. Akidau et al., "The Dataflow Model", VLDB 2015.
#![forbid(unsafe_code)]

mod block;
mod channel;
mod clock;
mod clocks;
mod counters;
mod decode;
mod draft;
pub mod feed;
pub mod file;
pub mod html;
pub mod jetstream;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod live;
mod map;
pub mod mastodon;
mod net;
pub mod push;
mod source;
mod thinning;

pub use block::{Block, Messages, Payload, Position, Positions, SourceIx};
pub use channel::{
    BLOCK_QUEUE_MAX, BlockFeed, BlockReceiver, BlockSender, PartitionHandle, PartitionSpec, SentPositions, Stop,
    Stopped, channel,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use clocks::{BEHIND_MAX, Clocks, IDLE_AFTER_DEFAULT, PREFIX_HISTORY_MAX, SavedClock};
pub use decode::{DecodeOptions, DecodeScratch, Each, JSON_DEPTH_MAX, RECORD_BYTES_MAX, decode};
pub use feed::{Feeds, FeedsConfig};
pub use file::{FileSet, FileSetConfig, parse_only};
pub use jetstream::{Jetstream, JetstreamConfig};
#[cfg(feature = "kafka")]
pub use kafka::{Kafka, KafkaConfig};
pub use live::{Gap, LivePart, LiveState, LiveStatus, PartStatus, Trouble};
pub use map::{FieldMap, MapError, PATH_PARTS_MAX};
pub use mastodon::{Mastodon, MastodonConfig};
pub use source::{Source, SourceError};
pub use thinning::Thinning;
