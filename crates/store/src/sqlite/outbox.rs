//! What is to be delivered: at least once, also after a crash. A delivery is made in the transaction that commits its detection, is
//! given out again and again until somebody says that it is through or given up, and always under the same key.

use std::path::Path;

use groundswell_gate::K;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::StoreOptions;
use super::open::{FILE_NAME, connect_for_writing, migrate};
use crate::feeds::{
    BUNDLE_MAX, Bundle, DEAD_LETTERS_MAX, DELIVERED_KEPT_MAX, DeadLetter, OutboxCount, Outgoing, Receiver, is_feed_name,
};
use crate::{FeedError, OpenError};

/// The outbox. Works beside a running writer: changes are short and wait for their turn.
#[derive(Debug)]
pub struct Outbox {
    connection: SqliteConnection,
    k: K,
}

/// Columns that [`Outbox::outgoing`] reads, in this order: first those that a detection is read from.
const OUTGOING: &str = "SELECT d.body, d.released_k, o.feed, o.id, o.attempts, d.id FROM deliveries o \
     JOIN receivers r ON r.id = o.receiver_id AND r.removed_at IS NULL AND r.name = ?1 \
     JOIN detections d ON d.seq = o.seq WHERE o.state = 'waiting'";

impl Outbox {
    /// Opens the outbox in a data folder, making folder and file where they are missing.
    pub async fn open(folder: &Path, options: &StoreOptions) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::from_io(folder, source))?;
        let path = folder.join(FILE_NAME);
        let mut connection = connect_for_writing(&path, options).await?;
        migrate(&mut connection, &path, options).await?;
        // Whoever gets a message twice was told so; whoever never gets it was not. What is through must be through after a power cut.
        sqlx::query("PRAGMA synchronous = FULL")
            .execute(&mut connection)
            .await
            .map_err(|error| OpenError::from_sqlx(&path, error))?;
        Ok(Self { connection, k: options.k })
    }

    /// Says who receives what from now on. What waits for others is given up; who is there already goes on. Gives the names of
    /// feeds that are received and do not exist.
    pub async fn register(&mut self, receivers: &[Receiver], now: i64) -> Result<Vec<String>, FeedError> {
        if receivers.iter().any(|receiver| !is_feed_name(&receiver.name) || !is_feed_name(&receiver.feed)) {
            return Err(FeedError::NotAName);
        }
        let mut transaction = sqlx::Connection::begin_with(&mut self.connection, "BEGIN IMMEDIATE").await?;
        let known = sqlx::query("SELECT id, name, feed FROM receivers WHERE removed_at IS NULL")
            .fetch_all(&mut *transaction)
            .await?;
        let mut there = Vec::new();
        for row in known {
            let (id, receiver): (i64, _) = (row.try_get(0)?, Receiver { name: row.try_get(1)?, feed: row.try_get(2)? });
            if receivers.contains(&receiver) {
                there.push(receiver);
                continue;
            }
            sqlx::query("UPDATE receivers SET removed_at = ? WHERE id = ?")
                .bind(now)
                .bind(id)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "UPDATE deliveries SET state = 'dead', ended_at = ?, trouble = 'the receiver is not configured any more' \
                 WHERE receiver_id = ? AND state = 'waiting'",
            )
            .bind(now)
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        }
        let mut without = Vec::new();
        for receiver in receivers {
            if !there.contains(receiver) {
                sqlx::query("INSERT INTO receivers (name, feed) VALUES (?, ?)")
                    .bind(receiver.name.as_str())
                    .bind(receiver.feed.as_str())
                    .execute(&mut *transaction)
                    .await?;
            }
            let feeds: i64 = sqlx::query_scalar("SELECT count(*) FROM feeds WHERE name = ? AND removed_at IS NULL")
                .bind(receiver.feed.as_str())
                .fetch_one(&mut *transaction)
                .await?;
            if feeds == 0 {
                without.push(receiver.feed.clone());
            }
        }
        transaction.commit().await?;
        Ok(without)
    }

    /// What is due for a receiver, oldest first.
    pub async fn due(&mut self, receiver: &str, now: i64, limit: usize) -> Result<Vec<Outgoing>, FeedError> {
        let sql = format!("{OUTGOING} AND o.due_at <= ?2 ORDER BY o.id LIMIT ?3");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(receiver)
            .bind(now)
            .bind(limit as i64)
            .fetch_all(&mut self.connection)
            .await?;
        self.outgoing(&rows, now).await
    }

    /// Everything that waits for a receiver, up to [`BUNDLE_MAX`], as one message. What was joined once stays joined until it is
    /// through, and nothing is added to it.
    pub async fn bundle(&mut self, receiver: &str, now: i64) -> Result<Option<Bundle>, FeedError> {
        let sql = format!("{OUTGOING} AND o.bundle IS NOT NULL ORDER BY o.id");
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(receiver).fetch_all(&mut self.connection).await?;
        if rows.is_empty() {
            let sql = format!("{OUTGOING} ORDER BY o.id LIMIT ?2");
            rows = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(receiver)
                .bind(BUNDLE_MAX as i64)
                .fetch_all(&mut self.connection)
                .await?;
            let mut transaction = sqlx::Connection::begin_with(&mut self.connection, "BEGIN IMMEDIATE").await?;
            for row in &rows {
                let (id, first): (i64, i64) = (row.try_get(3)?, rows[0].try_get(3)?);
                sqlx::query("UPDATE deliveries SET bundle = ? WHERE id = ?")
                    .bind(format!("{receiver}_{first}"))
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
        }
        let Some(first) = rows.first() else { return Ok(None) };
        let key = format!("{receiver}_{}", first.try_get::<i64, _>(3)?);
        let items = self.outgoing(&rows, now).await?;
        Ok((!items.is_empty()).then_some(Bundle { key, items }))
    }

    /// Reads what is to go out. What a raised k holds back since is given up, so that nobody waits for it.
    async fn outgoing(&mut self, rows: &[SqliteRow], now: i64) -> Result<Vec<Outgoing>, FeedError> {
        let mut outgoing = Vec::with_capacity(rows.len());
        for row in rows {
            let (feed, id): (String, i64) = (row.try_get(2)?, row.try_get(3)?);
            let attempts: i64 = row.try_get(4)?;
            let detection: String = row.try_get(5)?;
            if let Some(released) = super::detections::row(row, self.k)? {
                outgoing.push(Outgoing {
                    id,
                    key: format!("{feed}_{detection}"),
                    feed,
                    attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
                    row: released,
                });
            } else {
                self.end(&[id], "dead", Some("held back since"), now, false).await?;
                self.forget(id, "dead", DEAD_LETTERS_MAX).await?;
            }
        }
        Ok(outgoing)
    }

    /// These are through; all of one receiver.
    pub async fn delivered(&mut self, ids: &[i64], now: i64) -> Result<(), FeedError> {
        self.end(ids, "delivered", None, now, true).await?;
        for id in ids.iter().take(1) {
            self.forget(*id, "delivered", DELIVERED_KEPT_MAX).await?;
        }
        Ok(())
    }

    /// These, all of one receiver, are not through and are tried again at a moment.
    pub async fn failed(&mut self, ids: &[i64], trouble: &'static str, now: i64, due_at: i64) -> Result<(), FeedError> {
        let mut transaction = sqlx::Connection::begin_with(&mut self.connection, "BEGIN IMMEDIATE").await?;
        for id in ids {
            sqlx::query("UPDATE deliveries SET attempts = attempts + 1, due_at = ?, trouble = ? WHERE id = ? AND state = 'waiting'")
                .bind(due_at)
                .bind(trouble)
                .bind(*id)
                .execute(&mut *transaction)
                .await?;
        }
        told(&mut transaction, ids, Some(trouble), now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// These are dead letters.
    pub async fn give_up(&mut self, ids: &[i64], trouble: &'static str, now: i64) -> Result<(), FeedError> {
        self.end(ids, "dead", Some(trouble), now, true).await?;
        for id in ids.iter().take(1) {
            self.forget(*id, "dead", DEAD_LETTERS_MAX).await?;
        }
        Ok(())
    }

    async fn end(
        &mut self,
        ids: &[i64],
        state: &'static str,
        trouble: Option<&'static str>,
        now: i64,
        tried: bool,
    ) -> Result<(), FeedError> {
        let mut transaction = sqlx::Connection::begin_with(&mut self.connection, "BEGIN IMMEDIATE").await?;
        for id in ids {
            sqlx::query(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, ended_at = ?, trouble = ?, bundle = NULL \
                 WHERE id = ? AND state = 'waiting'",
            )
            .bind(state)
            .bind(now)
            .bind(trouble)
            .bind(*id)
            .execute(&mut *transaction)
            .await?;
        }
        if tried {
            told(&mut transaction, ids, trouble, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Of what ended for the receiver of a delivery, the newest are kept.
    async fn forget(&mut self, id: i64, state: &'static str, kept_max: u64) -> Result<(), FeedError> {
        sqlx::query(
            "DELETE FROM deliveries WHERE state = ?2 AND receiver_id = (SELECT receiver_id FROM deliveries WHERE id = ?1) \
             AND id <= (SELECT id FROM deliveries WHERE state = ?2 AND receiver_id = \
               (SELECT receiver_id FROM deliveries WHERE id = ?1) ORDER BY id DESC LIMIT 1 OFFSET ?3)",
        )
        .bind(id)
        .bind(state)
        .bind(kept_max as i64)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Dead letters, newest first; of one receiver or all.
    pub async fn dead_letters(&mut self, receiver: Option<&str>, limit: usize) -> Result<Vec<DeadLetter>, FeedError> {
        let rows = sqlx::query(
            "SELECT o.id, r.name, o.feed, d.id, o.attempts, o.trouble, o.ended_at FROM deliveries o \
             JOIN receivers r ON r.id = o.receiver_id JOIN detections d ON d.seq = o.seq \
             WHERE o.state = 'dead' AND (?1 IS NULL OR r.name = ?1) ORDER BY o.id DESC LIMIT ?2",
        )
        .bind(receiver)
        .bind(limit as i64)
        .fetch_all(&mut self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(DeadLetter {
                    id: row.try_get(0)?,
                    receiver: row.try_get(1)?,
                    feed: row.try_get(2)?,
                    detection: row.try_get(3)?,
                    attempts: u32::try_from(row.try_get::<i64, _>(4)?).unwrap_or(u32::MAX),
                    trouble: row.try_get::<Option<String>, _>(5)?.unwrap_or_default(),
                    ended_at: row.try_get::<Option<i64>, _>(6)?.unwrap_or(0),
                })
            })
            .collect()
    }

    /// Dead letters of a receiver that is still configured wait again, with all their tries before them. Gives how many.
    pub async fn revive(&mut self, receiver: &str, now: i64) -> Result<u64, FeedError> {
        let done = sqlx::query(
            "UPDATE deliveries SET state = 'waiting', attempts = 0, due_at = ?, ended_at = NULL, trouble = NULL \
             WHERE state = 'dead' AND receiver_id IN (SELECT id FROM receivers WHERE name = ? AND removed_at IS NULL)",
        )
        .bind(now)
        .bind(receiver)
        .execute(&mut self.connection)
        .await?;
        Ok(done.rows_affected())
    }

    /// How the deliveries of the receivers in force stand, by name.
    pub async fn counts(&mut self) -> Result<Vec<OutboxCount>, FeedError> {
        let rows = sqlx::query(
            "SELECT r.name, r.feed, \
               coalesce(sum(o.state = 'waiting'), 0), coalesce(sum(o.state = 'delivered'), 0), coalesce(sum(o.state = 'dead'), 0) \
             FROM receivers r LEFT JOIN deliveries o ON o.receiver_id = r.id WHERE r.removed_at IS NULL \
             GROUP BY r.id ORDER BY r.name",
        )
        .fetch_all(&mut self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                let count = |index: usize| -> Result<u64, FeedError> {
                    Ok(u64::try_from(row.try_get::<i64, _>(index)?).unwrap_or(0))
                };
                Ok(OutboxCount {
                    receiver: row.try_get(0)?,
                    feed: row.try_get(1)?,
                    waiting: count(2)?,
                    delivered: count(3)?,
                    dead: count(4)?,
                })
            })
            .collect()
    }

    /// Lets go of the file.
    pub async fn close(self) -> Result<(), FeedError> {
        sqlx::Connection::close(self.connection).await?;
        Ok(())
    }
}

/// Writes down at the receiver of these deliveries how the last try went; `trouble`: what was wrong.
async fn told(
    connection: &mut SqliteConnection,
    ids: &[i64],
    trouble: Option<&'static str>,
    now: i64,
) -> Result<(), FeedError> {
    let Some(id) = ids.first() else { return Ok(()) };
    let sql = match trouble {
        None => {
            "UPDATE receivers SET delivered_at = ?1 WHERE id = (SELECT receiver_id FROM deliveries WHERE id = ?2) AND ?3 IS NULL"
        }
        Some(_) => {
            "UPDATE receivers SET failed_at = ?1, trouble = ?3 WHERE id = (SELECT receiver_id FROM deliveries WHERE id = ?2)"
        }
    };
    sqlx::query(sql).bind(now).bind(*id).bind(trouble).execute(connection).await?;
    Ok(())
}
