//! The register of watches: what `groundswell watch` and editors on the page keep.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _};

use super::StoreOptions;
use super::open::{FILE_NAME, connect_for_writing, migrate};
use crate::{OpenError, WatchStoreError};

/// The most watches in force at a time; adding one more is refused.
pub const WATCHES_MAX: usize = 1_000_000;

/// A watch in the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchRecord {
    /// Its name, one of a kind among those in force.
    pub name: String,
    /// The query as written.
    pub query: String,
    /// The purpose's category.
    pub category: String,
    /// The purpose in a sentence.
    pub sentence: String,
    /// When it was made, Unix seconds.
    pub created: i64,
    /// When it ends, Unix seconds.
    pub sunset: i64,
    /// When it was removed, Unix seconds; `None` while in force.
    pub removed_at: Option<i64>,
}

/// The register of watches. Works beside a running writer: changes are short and wait for their turn.
#[derive(Debug)]
pub struct WatchStore {
    connection: SqliteConnection,
    path: PathBuf,
}

const INSERT: &str = "INSERT INTO watches (name, query, category, sentence, created, sunset) VALUES (?, ?, ?, ?, ?, ?) \
     ON CONFLICT DO NOTHING";
const LIST: &str = "SELECT name, query, category, sentence, created, sunset, removed_at FROM watches \
     WHERE removed_at IS NULL ORDER BY name";
const SHOW: &str = "SELECT name, query, category, sentence, created, sunset, removed_at FROM watches \
     WHERE removed_at IS NULL AND name = ?";

impl WatchStore {
    /// Opens the register in a data folder, making folder and file where they are missing.
    pub async fn open(folder: &Path, options: &StoreOptions) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::from_io(folder, source))?;
        let path = folder.join(FILE_NAME);
        let mut connection = connect_for_writing(&path, options).await?;
        migrate(&mut connection, &path, options).await?;
        Ok(Self { connection, path })
    }

    /// The file in which it is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a watch.
    pub async fn add(&mut self, watch: &WatchRecord) -> Result<(), WatchStoreError> {
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let in_force: i64 = sqlx::query_scalar("SELECT count(*) FROM watches WHERE removed_at IS NULL")
            .fetch_one(&mut *transaction)
            .await?;
        if in_force >= WATCHES_MAX as i64 {
            return Err(WatchStoreError::TooMany { max: WATCHES_MAX });
        }
        let added = sqlx::query(INSERT)
            .bind(&watch.name)
            .bind(&watch.query)
            .bind(&watch.category)
            .bind(&watch.sentence)
            .bind(watch.created)
            .bind(watch.sunset)
            .execute(&mut *transaction)
            .await?;
        if added.rows_affected() == 0 {
            return Err(WatchStoreError::Exists { name: watch.name.clone() });
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Those in force, by name. (Whether its sunset has passed is for the caller, who has a clock.)
    pub async fn list(&mut self) -> Result<Vec<WatchRecord>, WatchStoreError> {
        let rows = sqlx::query(LIST).fetch_all(&mut self.connection).await?;
        rows.iter().map(record).collect()
    }

    /// The one of this name that is in force.
    pub async fn show(&mut self, name: &str) -> Result<WatchRecord, WatchStoreError> {
        let row = sqlx::query(SHOW).bind(name).fetch_optional(&mut self.connection).await?;
        row.as_ref().map(record).transpose()?.ok_or_else(|| WatchStoreError::Unknown { name: name.to_owned() })
    }

    /// Puts this in the place of the watch of its name, which stays in the register as removed when this one was made.
    pub async fn change(&mut self, watch: &WatchRecord) -> Result<(), WatchStoreError> {
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let ended = sqlx::query("UPDATE watches SET removed_at = ? WHERE name = ? AND removed_at IS NULL")
            .bind(watch.created)
            .bind(&watch.name)
            .execute(&mut *transaction)
            .await?;
        found(&watch.name, ended.rows_affected())?;
        sqlx::query(INSERT)
            .bind(&watch.name)
            .bind(&watch.query)
            .bind(&watch.category)
            .bind(&watch.sentence)
            .bind(watch.created)
            .bind(watch.sunset)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends a watch. It stays in the register as removed.
    pub async fn remove(&mut self, name: &str, removed_at: i64) -> Result<(), WatchStoreError> {
        let done = sqlx::query("UPDATE watches SET removed_at = ? WHERE name = ? AND removed_at IS NULL")
            .bind(removed_at)
            .bind(name)
            .execute(&mut self.connection)
            .await?;
        found(name, done.rows_affected())
    }

    /// Lets go of the file.
    pub async fn close(self) -> Result<(), WatchStoreError> {
        self.connection.close().await?;
        Ok(())
    }
}

fn found(name: &str, rows: u64) -> Result<(), WatchStoreError> {
    if rows == 0 { Err(WatchStoreError::Unknown { name: name.to_owned() }) } else { Ok(()) }
}

fn record(row: &SqliteRow) -> Result<WatchRecord, WatchStoreError> {
    Ok(WatchRecord {
        name: row.try_get(0)?,
        query: row.try_get(1)?,
        category: row.try_get(2)?,
        sentence: row.try_get(3)?,
        created: row.try_get(4)?,
        sunset: row.try_get(5)?,
        removed_at: row.try_get(6)?,
    })
}
