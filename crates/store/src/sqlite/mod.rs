//! The released tables in one `SQLite` file.

mod amplifications;
mod bursts;
mod coverage;
mod detections;
mod feeds;
mod narratives;
mod open;
mod outbox;
mod reader;
mod tone;
mod trial;
mod watches;
mod writer;

pub use feeds::FeedStore;
pub use open::{FILE_NAME, LOCK_FILE_NAME, SCHEMA_VERSION, Store, StoreOptions};
pub use outbox::Outbox;
pub use reader::SqliteReader;
pub use watches::{WATCHES_MAX, WatchRecord, WatchStore};
pub use writer::SqliteWriter;

/// How long to wait for another process that holds the database, before [`crate::DatabaseError::Busy`].
pub(crate) const BUSY_SECONDS: u64 = 10;
