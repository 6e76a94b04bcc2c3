//! One error type an operation. Texts name the folder or file and what to do; they never quote a value from a post.

use std::path::{Path, PathBuf};

use groundswell_gate::{Dimension, NotReleasable};
use thiserror::Error;

/// Primary result codes of `SQLite` (<https://www.sqlite.org/rescode.html>); the higher bits refine them.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

/// What went wrong in the database, independent of which database it is.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// Someone else held the database for longer than the busy timeout.
    #[error("the store is busy: another process kept it locked for {} seconds", crate::sqlite::BUSY_SECONDS)]
    Busy(#[source] sqlx::Error),
    /// No space is left.
    #[error("the disk is full; make room and start again, nothing that was committed is lost")]
    DiskFull(#[source] sqlx::Error),
    /// It may only be read.
    #[error("the store may only be read; give this user the right to write to its folder")]
    ReadOnly(#[source] sqlx::Error),
    /// It is damaged.
    #[error("the store is damaged; move the file away, or restore it from a backup")]
    Damaged(#[source] sqlx::Error),
    /// Anything else.
    #[error("the database refused")]
    Other(#[source] sqlx::Error),
}

impl DatabaseError {
    /// Whether the same again may succeed with nothing changed.
    pub fn retry_helps(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|extended| extended & 0xff)
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        match primary_code(&error) {
            Some(code::BUSY | code::LOCKED) => Self::Busy(error),
            Some(code::FULL) => Self::DiskFull(error),
            Some(code::READONLY) => Self::ReadOnly(error),
            Some(code::CORRUPT | code::NOTADB) => Self::Damaged(error),
            _ => Self::Other(error),
        }
    }
}

/// Why a store could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no store there yet, and this operation only reads.
    #[error("{}: there is no store here yet; `groundswell run` or `groundswell replay` makes one", .folder.display())]
    Missing {
        /// The data folder.
        folder: PathBuf,
    },
    /// The folder could not be made.
    #[error("{}: the data folder could not be made", .folder.display())]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder or the file may not be written.
    #[error("{}: not writable; give this user the right to write there, or choose another folder with --data", .path.display())]
    ReadOnly {
        /// The folder or file.
        path: PathBuf,
    },
    /// The file is no database.
    #[error("{}: not a Groundswell store; move it away, or choose another folder with --data", .path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes to it.
    #[error("{}: another groundswell process is writing to this folder; stop it, or choose another folder with --data", .folder.display())]
    Locked {
        /// The data folder.
        folder: PathBuf,
    },
    /// It was written by a later version.
    #[error("{}: written by a newer groundswell (schema {found}, this one knows up to {known}); use that version or a newer one", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// It was written by an earlier version and is only being read.
    #[error("{}: written by an older groundswell (schema {found}, this one needs {known}); `groundswell run` or `replay` brings it up to date", .path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The version that this program needs.
        known: i64,
    },
    /// Anything else that the database said.
    #[error("{}: the store could not be opened", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: DatabaseError,
    },
}

impl OpenError {
    pub(crate) fn from_io(folder: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path: folder.to_owned() }
            }
            _ => Self::Folder { folder: folder.to_owned(), source },
        }
    }

    pub(crate) fn from_sqlx(path: &Path, error: sqlx::Error) -> Self {
        let path = path.to_owned();
        match primary_code(&error) {
            Some(code::NOTADB) => Self::NotAStore { path },
            Some(code::READONLY | code::CANTOPEN) => Self::ReadOnly { path },
            _ => Self::Database { path, source: error.into() },
        }
    }
}

/// Why a batch could not be written. Nothing of it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A row that the gate must not have let through. A defect of this program.
    #[error("defect: {0}; nothing of its batch was stored")]
    NotReleasable(#[from] NotReleasable),
    /// A count that no database can hold.
    #[error("defect: a row by {dimension} has impossible numbers; nothing of its batch was stored")]
    Impossible {
        /// What it was counted by.
        dimension: Dimension,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Why released rows could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A row that the gate never let through: the file was changed by something else than this program.
    #[error("{0}: something else than groundswell has written to the store")]
    NotReleasable(#[from] NotReleasable),
    /// A row that cannot be read.
    #[error("the store holds a row with impossible numbers: something else than groundswell has written to it")]
    Impossible,
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Why the register of watches could not be changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WatchStoreError {
    /// One of that name is in force.
    #[error("{name}: a watch of this name exists; `groundswell watch remove` ends it")]
    Exists {
        /// The name.
        name: String,
    },
    /// None of that name is in force.
    #[error("{name}: no such watch; `groundswell watch list` shows those in force")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The bound on watches is reached.
    #[error("{max} watches are in force, which is the most; remove one first")]
    TooMany {
        /// The bound.
        max: usize,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for WatchStoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Why the register of feeds, or the outbox, could not be changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FeedError {
    /// One of that name is in force.
    #[error("{name}: a feed of this name exists; `groundswell feed remove` ends it")]
    Exists {
        /// The name.
        name: String,
    },
    /// None of that name is in force.
    #[error("{name}: no such feed; `groundswell feed list` shows those in force")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The feed has no such detection.
    #[error("{detection}: no such detection in feed {feed}; `groundswell feed show {feed}` lists the newest")]
    NotInFeed {
        /// The feed.
        feed: String,
        /// The detection's id.
        detection: String,
    },
    /// A text that cannot be a name.
    #[error(
        "expected a name of small letters a to z, digits, '_' and '-', beginning with a letter or digit, at most {} long",
        crate::FEED_NAME_BYTES_MAX
    )]
    NotAName,
    /// The selection cannot be.
    #[error("{text}")]
    Selection {
        /// What is wrong.
        text: String,
    },
    /// A bound is reached.
    #[error("{max} {what}, which is the most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// What is stored cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl FeedError {
    /// Whether what was asked for was wrong, and not the store.
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Read(_) | Self::Database(_))
    }
}

impl From<sqlx::Error> for FeedError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
