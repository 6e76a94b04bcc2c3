//! The register of feeds and what editors do with them.

use std::path::Path;

use groundswell_gate::{K, SubjectType};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::StoreOptions;
use super::open::{FILE_NAME, connect_for_writing, migrate};
use crate::feeds::{
    FEED_BACKFILL_MAX, FEEDS_MAX, FeedEdit, FeedRecord, FeedSelection, MUTES_MAX, NOTES_MAX, PINS_MAX, is_feed_name,
};
use crate::{FeedError, OpenError, ReadError};

/// The register of feeds. Works beside a running writer: changes are short and wait for their turn.
#[derive(Debug)]
pub struct FeedStore {
    connection: SqliteConnection,
    k: K,
}

impl FeedStore {
    /// Opens the register in a data folder, making folder and file where they are missing.
    pub async fn open(folder: &Path, options: &StoreOptions) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::from_io(folder, source))?;
        let path = folder.join(FILE_NAME);
        let mut connection = connect_for_writing(&path, options).await?;
        migrate(&mut connection, &path, options).await?;
        Ok(Self { connection, k: options.k })
    }

    /// The feed of this name that is in force.
    pub async fn show(&mut self, name: &str) -> Result<FeedRecord, FeedError> {
        let row = sqlx::query("SELECT selection, created FROM feeds WHERE name = ? AND removed_at IS NULL")
            .bind(name)
            .fetch_optional(&mut self.connection)
            .await?
            .ok_or_else(|| FeedError::Unknown { name: name.to_owned() })?;
        let selection = serde_json::from_str(row.try_get(0)?).map_err(|_| ReadError::Impossible)?;
        Ok(FeedRecord { name: name.to_owned(), selection, created: row.try_get(1)? })
    }

    /// Makes a feed. It begins with the newest detections that it selects, of [`FEED_BACKFILL_MAX`]; nothing of these is delivered.
    /// Gives how many it begins with.
    pub async fn add(&mut self, name: &str, selection: &FeedSelection, now: i64) -> Result<u64, FeedError> {
        if !is_feed_name(name) {
            return Err(FeedError::NotAName);
        }
        selection.check()?;
        let text = serde_json::to_string(selection).map_err(|_| ReadError::Impossible)?;
        let k = self.k;
        let mut transaction = sqlx::Connection::begin_with(&mut self.connection, "BEGIN IMMEDIATE").await?;
        let feeds = super::detections::in_force(&mut transaction).await?;
        if feeds.iter().any(|(_, known, _)| known == name) {
            return Err(FeedError::Exists { name: name.to_owned() });
        }
        if feeds.len() >= FEEDS_MAX {
            return Err(FeedError::TooMany { what: "feeds are in force", max: FEEDS_MAX });
        }
        let id = sqlx::query("INSERT INTO feeds (name, selection, created) VALUES (?, ?, ?)")
            .bind(name)
            .bind(text)
            .bind(now)
            .execute(&mut *transaction)
            .await?
            .last_insert_rowid();
        let rows = sqlx::query("SELECT body, released_k, NULL, seq FROM detections ORDER BY seq DESC LIMIT ?")
            .bind(FEED_BACKFILL_MAX as i64)
            .fetch_all(&mut *transaction)
            .await?;
        let mut begun = 0;
        for row in rows {
            let seq = row.try_get(3)?;
            if super::detections::row(&row, k)?.is_some_and(|row| selection.takes(&row)) {
                // In the order in which they were told; listeners of other feeds hear nothing of it.
                super::detections::place(&mut transaction, id, seq, seq).await?;
                begun += 1;
            }
        }
        transaction.commit().await?;
        Ok(begun)
    }

    /// Ends a feed. It stays in the register as removed; what waits for its receivers still goes out.
    pub async fn remove(&mut self, name: &str, now: i64) -> Result<(), FeedError> {
        let done = sqlx::query("UPDATE feeds SET removed_at = ? WHERE name = ? AND removed_at IS NULL")
            .bind(now)
            .bind(name)
            .execute(&mut self.connection)
            .await?;
        if done.rows_affected() == 0 { Err(FeedError::Unknown { name: name.to_owned() }) } else { Ok(()) }
    }

    /// Does something with a detection of a feed. The same again changes nothing, but for notes.
    pub async fn edit(&mut self, feed: &str, detection: &str, edit: &FeedEdit, now: i64) -> Result<(), FeedError> {
        let mut transaction = sqlx::Connection::begin_with(&mut self.connection, "BEGIN IMMEDIATE").await?;
        let found = sqlx::query(
            "SELECT f.id, i.seq, d.body, d.released_k FROM feeds f LEFT JOIN (feed_items i JOIN detections d ON d.seq = i.seq AND d.id = ?2) \
             ON i.feed_id = f.id WHERE f.name = ?1 AND f.removed_at IS NULL",
        )
        .bind(feed)
        .bind(detection)
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or_else(|| FeedError::Unknown { name: feed.to_owned() })?;
        let (id, seq): (i64, Option<i64>) = (found.try_get(0)?, found.try_get(1)?);
        let seq = seq.ok_or_else(|| FeedError::NotInFeed { feed: feed.to_owned(), detection: detection.to_owned() })?;
        match edit {
            FeedEdit::Pin(pinned) => pin(&mut transaction, id, seq, *pinned).await?,
            FeedEdit::Mute(until) => {
                let row: groundswell_gate::DetectionRow =
                    serde_json::from_str(found.try_get(2)?).map_err(|_| ReadError::Impossible)?;
                mute(&mut transaction, id, (row.subject.r#type, &row.subject.value), *until, now).await?;
            }
            FeedEdit::Mark(useful) => {
                sqlx::query("UPDATE feed_items SET useful = ? WHERE feed_id = ? AND seq = ?")
                    .bind(useful.map(i64::from))
                    .bind(id)
                    .bind(seq)
                    .execute(&mut *transaction)
                    .await?;
            }
            FeedEdit::Note(text) => note(&mut transaction, id, seq, text).await?,
            FeedEdit::RemoveNote(text) => remove_note(&mut transaction, id, seq, text).await?,
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Lets go of the file.
    pub async fn close(self) -> Result<(), FeedError> {
        sqlx::Connection::close(self.connection).await?;
        Ok(())
    }
}

async fn count(connection: &mut SqliteConnection, sql: &'static str, one: i64, other: i64) -> Result<usize, FeedError> {
    let count: i64 = sqlx::query_scalar(sql).bind(one).bind(other).fetch_one(connection).await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

async fn pin(connection: &mut SqliteConnection, feed: i64, seq: i64, pinned: bool) -> Result<(), FeedError> {
    let others = "SELECT count(*) FROM feed_items WHERE feed_id = ? AND pinned = 1 AND seq <> ?";
    if pinned && count(connection, others, feed, seq).await? >= PINS_MAX {
        return Err(FeedError::TooMany { what: "detections of this feed are pinned", max: PINS_MAX });
    }
    sqlx::query("UPDATE feed_items SET pinned = ? WHERE feed_id = ? AND seq = ?")
        .bind(i64::from(pinned))
        .bind(feed)
        .bind(seq)
        .execute(connection)
        .await?;
    Ok(())
}

async fn mute(
    connection: &mut SqliteConnection,
    feed: i64,
    (subject, value): (SubjectType, &str),
    until: Option<i64>,
    now: i64,
) -> Result<(), FeedError> {
    let Some(until) = until else {
        sqlx::query("DELETE FROM feed_mutes WHERE feed_id = ? AND subject = ? AND value = ?")
            .bind(feed)
            .bind(subject.as_str())
            .bind(value)
            .execute(connection)
            .await?;
        return Ok(());
    };
    if count(connection, "SELECT count(*) FROM feed_mutes WHERE feed_id = ? AND until > ?", feed, now).await?
        >= MUTES_MAX
    {
        return Err(FeedError::TooMany { what: "subjects are muted in this feed", max: MUTES_MAX });
    }
    sqlx::query(
        "INSERT INTO feed_mutes (feed_id, subject, value, until) VALUES (?, ?, ?, ?) \
         ON CONFLICT (feed_id, subject, value) DO UPDATE SET until = excluded.until",
    )
    .bind(feed)
    .bind(subject.as_str())
    .bind(value)
    .bind(until)
    .execute(connection)
    .await?;
    Ok(())
}

async fn note(connection: &mut SqliteConnection, feed: i64, seq: i64, text: &str) -> Result<(), FeedError> {
    let notes = "SELECT count(*) FROM feed_notes WHERE feed_id = ? AND seq = ?";
    if count(connection, notes, feed, seq).await? >= NOTES_MAX {
        return Err(FeedError::TooMany { what: "notes stand at this detection", max: NOTES_MAX });
    }
    sqlx::query("INSERT INTO feed_notes (feed_id, seq, text) VALUES (?, ?, ?)")
        .bind(feed)
        .bind(seq)
        .bind(text)
        .execute(connection)
        .await?;
    Ok(())
}

/// One of these words: the newest, where the same was written twice.
async fn remove_note(connection: &mut SqliteConnection, feed: i64, seq: i64, text: &str) -> Result<(), FeedError> {
    sqlx::query(
        "DELETE FROM feed_notes WHERE id = (SELECT max(id) FROM feed_notes WHERE feed_id = ? AND seq = ? AND text = ?)",
    )
    .bind(feed)
    .bind(seq)
    .bind(text)
    .execute(connection)
    .await?;
    Ok(())
}
