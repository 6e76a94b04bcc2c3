//! The released tables in a file: written once, read by everyone.
//!
//! On a post's way: after the gate. The engine hands over whole closed windows as [`ReleaseBatch`]es; `serve` and the
//! exports read them back. No post, text, token or identity ever comes this far; what is stored is what
//! [`groundswell_gate`] released, and each row goes through the gate's check again on the way in and on the way out.
//!
//! Main types: [`Store`] opens a data folder and gives the one [`Writer`] and any number of [`Reader`]s; they implement
//! [`ReleaseWriter`] and [`ReleasedReader`], which another database can share. [`WatchStore`] keeps the register of
//! watches, [`FeedStore`] that of feeds and what editors do with them; [`Outbox`] holds what is still to be delivered. [`CoverageBatch`] goes into the coverage ledger: when which source was listened to. The database is `SQLite` in WAL mode: readers and the writer do not wait for each other.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use groundswell_gate::{CandidateCell, Dimension, Gate, K, VolumeCandidate};
//! use groundswell_sketch::{CellKey, Distinct, Step, Window};
//! use groundswell_store::{ReleaseBatch, ReleaseWriter as _, ReleasedReader as _, Store, StoreOptions, VolumeQuery};
//!
//! let window = Window::containing(Step::Minute, 1_474_588_800);
//! let authors = Distinct::from_sorted_unique(&(0..12).collect::<Vec<_>>());
//! let (value, key) = ("flood".to_owned(), CellKey::default());
//! let cell = CandidateCell { value, posts: 14, publisher_posts: 0, key, authors, name_publishers: None };
//! let candidate = VolumeCandidate { window, dimension: Dimension::Hashtag, cells: vec![cell] };
//! let batch = ReleaseBatch { windows: vec![window], rows: Gate::exact(K::DEFAULT).release(candidate), ..ReleaseBatch::default() };
//!
//! let folder = tempfile::tempdir().unwrap();
//! let options = StoreOptions::default();
//! let (mut writer, reader) = Store::open(folder.path(), &options).await.unwrap();
//! assert_eq!(writer.commit(&batch).await.unwrap().inserted, 1);
//! assert_eq!(writer.commit(&batch).await.unwrap().unchanged, 1);
//! let page = reader.volumes(&VolumeQuery::new(Dimension::Hashtag, Step::Minute)).await.unwrap();
//! assert_eq!(page.items, batch.rows);
//! # });
//! ```
//!
//! Invariants, each with the test that holds it:
//! - The same batch again changes nothing, and what was released first stays (`tests/laws.rs`).
//! - A batch is in the store as a whole or not at all (`tests/store.rs`: `a_batch_is_all_or_nothing`).
//! - Nothing below k goes in or comes out (`tests/store.rs`: `k_is_asserted_on_the_way_in`, `a_raised_k_holds_back`).
//! - One process writes at a time (`tests/store.rs`: `only_one_writes`).
//! - A checkpoint is whole, unaltered and the one that belongs to what is released, or it is refused (`checkpoint.rs`:
//!   `what_was_altered_or_exchanged_is_refused`).
//! - The ledger holds no more than was written into it, once, and a gap finds its end (`tests/coverage.rs`).
//! - A detection, its places in feeds and its deliveries are there with the windows they rest on or not at all, and are told once
//!   (`tests/detections.rs`: `a_detection_is_told_once_and_goes_where_it_belongs`, `all_or_nothing`).
//! - What comes into a feed late has a place behind what was there, so that no listener misses it (`tests/detections.rs`:
//!   `a_burst_that_comes_into_a_feed_late_comes_behind_what_was_there`).
//! - What an editor pinned and what somebody waits for is not pruned (`tests/detections.rs`:
//!   `what_is_old_goes_but_not_what_is_pinned_or_awaited`).
//! - What is not acknowledged is still there after a crash, under the same key (`tests/detections.rs`: `what_is_not_through_stays`).
//! - Files of all earlier schemas can be opened (`tests/store.rs`: `old_files_open`).
//!
//! Sources: <https://www.sqlite.org/wal.html>, <https://www.sqlite.org/withoutrowid.html>,
//! <https://www.sqlite.org/rescode.html>.

#![forbid(unsafe_code)]

mod checkpoint;
mod codes;
mod coverage;
mod error;
mod feeds;
mod model;
mod sqlite;

pub use checkpoint::{CHECKPOINT_BYTES_MAX, CheckpointFileError, CheckpointFolder};
pub use coverage::{
    COVERAGE_DAYS, COVERAGE_GAPS_MAX, CoverageBatch, CoverageQuery, GAPS_ANSWER_MAX, GapRecord, LedgerEnd,
};
pub use error::{DatabaseError, FeedError, OpenError, ReadError, WatchStoreError, WriteError};
pub use feeds::{
    BUNDLE_MAX, Bundle, DEAD_LETTERS_MAX, DELIVERED_KEPT_MAX, DETECTIONS_COUNTED_MAX, DeadLetter, Entered,
    FEED_BACKFILL_MAX, FEED_NAME_BYTES_MAX, FEEDS_MAX, FeedEdit, FeedItem, FeedRecord, FeedSelection,
    LANGUAGE_SHARE_MIN, MUTES_MAX, NOTE_CHARS_MAX, NOTES_MAX, OUTBOX_WAITING_MAX, OutboxCount, Outgoing, PINS_MAX,
    Receiver, SELECTED_MAX, TRIAL_DAYS_MAX, TRIAL_DETECTIONS_MAX, Trial, is_feed_name,
};
pub use model::{
    AmplificationQuery, BurstQuery, Committed, Cursor, DetectionQuery, FileRead, Fingerprint, NarrativeEventQuery,
    NarrativeQuery, PAGE_ROWS_MAX, Page, Pruned, ReleaseBatch, ReleaseWriter, ReleasedReader, Retention, ToneQuery,
    VolumeQuery,
};
/// The reader of the database in use; `SQLite`'s, as long as there is no other.
pub type Reader = SqliteReader;
/// The writer of the database in use; `SQLite`'s, as long as there is no other.
pub type Writer = SqliteWriter;

pub use sqlite::{
    FILE_NAME, FeedStore, LOCK_FILE_NAME, Outbox, SCHEMA_VERSION, SqliteReader, SqliteWriter, Store, StoreOptions,
    WATCHES_MAX, WatchRecord, WatchStore,
};
