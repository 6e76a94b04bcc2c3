//! Detections, and what is in which feed, in `SQLite`. A detection, its places in the feeds and its deliveries are one transaction with
//! the windows that it rests on.

use std::collections::BTreeMap;

use groundswell_gate::{
    DetectionRow, FeedEntry, FeedMarks, FeedMute, K, Minute, NotReleasable, Outward as _, Released, readmit_detection,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, SqlitePool};

use crate::feeds::{FeedItem, FeedSelection, OUTBOX_WAITING_MAX};
use crate::model::PAGE_ROWS_MAX;
use crate::{Cursor, DetectionQuery, Page, ReadError, ReleaseBatch, WriteError};

const PUT: &str = "INSERT INTO detections (id, kind, detected_at, recorded_at, severity, released_k, authors, body) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

/// A burst or a silence grows and ends: its detection says how it stands, in the place where it was told first.
const RENEW: &str = "UPDATE detections SET severity = ?2, released_k = ?3, authors = ?4, body = ?5 \
     WHERE id = ?1 AND kind IN ('burst', 'anomaly') AND body <> ?5 RETURNING seq";

/// Whoever receives the feed now.
const ENQUEUE: &str = "INSERT INTO deliveries (receiver_id, seq, feed, state, due_at) \
     SELECT id, ?1, ?2, 'waiting', ?3 FROM receivers WHERE feed = ?2 AND removed_at IS NULL ON CONFLICT DO NOTHING";

/// Receivers of whom more is waiting than may.
const FULL: &str =
    "SELECT receiver_id, count(*) FROM deliveries WHERE state = 'waiting' GROUP BY receiver_id HAVING count(*) > ?";

/// A full outbox gives up what has waited longest.
const GIVE_UP: &str = "UPDATE deliveries SET state = 'dead', ended_at = ?1, trouble = 'too much was waiting' WHERE id IN \
     (SELECT id FROM deliveries WHERE receiver_id = ?2 AND state = 'waiting' ORDER BY id LIMIT ?3)";

const FEEDS_OF: &str = "(SELECT group_concat(f.name, ' ') FROM feed_items i JOIN feeds f ON f.id = i.feed_id \
     WHERE i.seq = d.seq AND f.removed_at IS NULL)";

/// Columns that [`row`] reads, in this order.
fn columns() -> String {
    format!("d.body, d.released_k, {FEEDS_OF}, d.detected_at, d.id, d.seq, d.recorded_at")
}

/// Writes the detections of a batch; gives how many are new.
pub(super) async fn put(connection: &mut SqliteConnection, batch: &ReleaseBatch, k: K) -> Result<u64, WriteError> {
    if batch.detections.is_empty() {
        return Ok(0);
    }
    sqlx::query("DELETE FROM feed_mutes WHERE until <= ?").bind(batch.now).execute(&mut *connection).await?;
    let feeds = in_force(connection).await?;
    let (mut new, mut enqueued) = (0, false);
    for detection in &batch.detections {
        readmit_detection((**detection).clone(), k.get(), k)?;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let body = detection.to_json();
        let done = sqlx::query(PUT)
            .bind(detection.id.as_str())
            .bind(detection.kind.as_str())
            .bind(detection.detected_at.0)
            .bind(batch.now)
            .bind(detection.severity.as_str())
            .bind(number(k.get()))
            .bind(number(detection.evidence.authors))
            .bind(body.as_str())
            .execute(&mut *connection)
            .await?;
        let seq = if done.rows_affected() > 0 {
            new += 1;
            done.last_insert_rowid()
        } else {
            let renewed: Option<i64> = sqlx::query_scalar(RENEW)
                .bind(detection.id.as_str())
                .bind(detection.severity.as_str())
                .bind(number(k.get()))
                .bind(number(detection.evidence.authors))
                .bind(body.as_str())
                .fetch_optional(&mut *connection)
                .await?;
            // Of all other kinds, what was told first stays.
            let Some(seq) = renewed else { continue };
            seq
        };
        let muted = muted(connection, detection).await?;
        for (id, name, selection) in &feeds {
            // A burst that has grown enters feeds that it was not enough for. Where it is already, it is not delivered again.
            if selection.takes(detection) && !muted.contains(id) && place(connection, *id, seq).await? && batch.deliver
            {
                sqlx::query(ENQUEUE).bind(seq).bind(name).bind(batch.now).execute(&mut *connection).await?;
                enqueued = true;
            }
        }
    }
    if enqueued {
        give_up(connection, batch.now).await?;
    }
    Ok(new)
}

/// Id, name and selection of all feeds in force.
pub(super) async fn in_force(
    connection: &mut SqliteConnection,
) -> Result<Vec<(i64, String, FeedSelection)>, sqlx::Error> {
    let rows = sqlx::query("SELECT id, name, selection FROM feeds WHERE removed_at IS NULL ORDER BY id")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let selection = serde_json::from_str(row.try_get(2)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
            Ok((row.try_get(0)?, row.try_get(1)?, selection))
        })
        .collect()
}

async fn muted(connection: &mut SqliteConnection, detection: &DetectionRow) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT feed_id FROM feed_mutes WHERE subject = ? AND value = ?")
        .bind(detection.subject.r#type.as_str())
        .bind(detection.subject.value.as_str())
        .fetch_all(connection)
        .await
}

/// Puts a detection into a feed; whether it was not there.
pub(super) async fn place(connection: &mut SqliteConnection, feed: i64, seq: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("INSERT INTO feed_items (feed_id, seq) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(feed)
        .bind(seq)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn give_up(connection: &mut SqliteConnection, now: i64) -> Result<(), sqlx::Error> {
    let full = sqlx::query(FULL).bind(OUTBOX_WAITING_MAX as i64).fetch_all(&mut *connection).await?;
    for row in full {
        let (receiver, waiting): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        sqlx::query(GIVE_UP)
            .bind(now)
            .bind(receiver)
            .bind(waiting - OUTBOX_WAITING_MAX as i64)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// A row as released; `None` where a k that was raised since holds it back.
pub(super) fn row(row: &SqliteRow, k: K) -> Result<Option<Released<DetectionRow>>, ReadError> {
    let mut body: DetectionRow = serde_json::from_str(row.try_get(0)?).map_err(|_| ReadError::Impossible)?;
    let by = u64::try_from(row.try_get::<i64, _>(1)?).map_err(|_| ReadError::Impossible)?;
    let feeds: Option<String> = row.try_get(2)?;
    body.feeds = feeds.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    body.feeds.sort_unstable();
    match readmit_detection(body, by, k) {
        Ok(row) => Ok(Some(row)),
        Err(NotReleasable::DetectionBelowK { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Detections, the one found last first. A cursor's start is the `detected_at` of its row.
pub(super) async fn list(
    pool: &SqlitePool,
    k: K,
    query: &DetectionQuery,
) -> Result<Page<Released<DetectionRow>>, ReadError> {
    let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
    let after = query.after.as_ref();
    let sql = format!(
        "SELECT {} FROM detections d WHERE d.detected_at >= ?1 AND d.detected_at < ?2 \
         AND (?3 IS NULL OR d.kind = ?3) AND (?4 IS NULL OR d.severity = ?4) AND (?5 IS NULL OR d.id = ?5) \
         AND (?6 IS NULL OR EXISTS (SELECT 1 FROM feed_items i JOIN feeds f ON f.id = i.feed_id \
              WHERE i.seq = d.seq AND f.name = ?6 AND f.removed_at IS NULL)) \
         AND (d.detected_at < ?7 OR (d.detected_at = ?7 AND d.id > ?8)) ORDER BY d.detected_at DESC, d.id LIMIT ?9",
        columns()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(query.from.unwrap_or(i64::MIN))
        .bind(query.to.unwrap_or(i64::MAX))
        .bind(query.kind.map(groundswell_gate::DetectionKind::as_str))
        .bind(query.severity.map(groundswell_gate::Severity::as_str))
        .bind(query.id.as_deref())
        .bind(query.feed.as_deref())
        .bind(after.map_or(i64::MAX, |cursor| cursor.start))
        .bind(after.map_or("", |cursor| cursor.value.as_str()))
        .bind(limit as i64 + 1)
        .fetch_all(pool)
        .await?;
    let next = match rows.get(limit) {
        Some(_) => Some(Cursor { start: rows[limit - 1].try_get(3)?, value: rows[limit - 1].try_get(4)? }),
        None => None,
    };
    let mut items = Vec::with_capacity(rows.len().min(limit));
    for found in rows.iter().take(limit) {
        items.extend(row(found, k)?);
    }
    Ok(Page { items, next })
}

/// The newest detections of a feed, pinned ones first; `None`: there is no such feed.
pub(super) async fn newest(
    pool: &SqlitePool,
    k: K,
    feed: &str,
    limit: usize,
) -> Result<Option<Vec<FeedItem>>, ReadError> {
    let Some(id) = feed_id(pool, feed).await? else { return Ok(None) };
    let sql = format!(
        "SELECT {}, i.pinned, i.useful FROM feed_items i JOIN detections d ON d.seq = i.seq WHERE i.feed_id = ?1 \
         ORDER BY i.pinned DESC, i.seq DESC LIMIT ?2",
        columns()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(limit as i64).fetch_all(pool).await?;
    items(pool, k, Some(id), &rows).await.map(Some)
}

/// What came after a place in the order of commits, oldest first; of one feed or of all.
pub(super) async fn since(
    pool: &SqlitePool,
    k: K,
    feed: Option<&str>,
    seq: u64,
    limit: usize,
) -> Result<Vec<FeedItem>, ReadError> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let (id, sql) = match feed {
        None => {
            (None, format!("SELECT {}, 0, NULL FROM detections d WHERE d.seq > ?1 ORDER BY d.seq LIMIT ?2", columns()))
        }
        Some(feed) => {
            let Some(id) = feed_id(pool, feed).await? else { return Ok(Vec::new()) };
            let sql = format!(
                "SELECT {}, i.pinned, i.useful FROM feed_items i JOIN detections d ON d.seq = i.seq \
                 WHERE i.seq > ?1 AND i.feed_id = ?3 ORDER BY i.seq LIMIT ?2",
                columns()
            );
            (Some(id), sql)
        }
    };
    let mut statement = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(seq).bind(limit as i64);
    if let Some(id) = id {
        statement = statement.bind(id);
    }
    let rows = statement.fetch_all(pool).await?;
    items(pool, k, id, &rows).await
}

async fn feed_id(pool: &SqlitePool, name: &str) -> Result<Option<i64>, ReadError> {
    Ok(sqlx::query_scalar("SELECT id FROM feeds WHERE name = ? AND removed_at IS NULL")
        .bind(name)
        .fetch_optional(pool)
        .await?)
}

/// Where a detection stands in the order of commits.
pub(super) async fn seq_of(pool: &SqlitePool, id: &str) -> Result<Option<u64>, ReadError> {
    let seq: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM detections WHERE id = ?").bind(id).fetch_optional(pool).await?;
    Ok(seq.and_then(|seq| u64::try_from(seq).ok()))
}

/// The last place in the order of commits.
pub(super) async fn last_seq(pool: &SqlitePool) -> Result<u64, ReadError> {
    let seq: Option<i64> = sqlx::query_scalar("SELECT max(seq) FROM detections").fetch_one(pool).await?;
    Ok(seq.and_then(|seq| u64::try_from(seq).ok()).unwrap_or(0))
}

async fn items(pool: &SqlitePool, k: K, feed: Option<i64>, rows: &[SqliteRow]) -> Result<Vec<FeedItem>, ReadError> {
    let mut notes: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    if let Some(feed) = feed
        && !rows.is_empty()
    {
        // Notes are few: those of the whole feed cost less than one look-up an item.
        let found = sqlx::query("SELECT seq, text FROM feed_notes WHERE feed_id = ? ORDER BY id")
            .bind(feed)
            .fetch_all(pool)
            .await?;
        for note in found {
            notes.entry(note.try_get(0)?).or_default().push(note.try_get(1)?);
        }
    }
    let mut items = Vec::with_capacity(rows.len());
    for found in rows {
        let Some(released) = row(found, k)? else { continue };
        let seq: i64 = found.try_get(5)?;
        let useful: Option<i64> = found.try_get(8)?;
        items.push(FeedItem {
            seq: u64::try_from(seq).map_err(|_| ReadError::Impossible)?,
            recorded_at: found.try_get(6)?,
            row: released,
            marks: Released::operational(FeedMarks {
                pinned: found.try_get::<i64, _>(7)? == 1,
                mark: useful.map(|useful| if useful == 1 { "useful" } else { "noise" }.to_owned()),
                notes: notes.remove(&seq).unwrap_or_default(),
            }),
        });
    }
    Ok(items)
}

/// All feeds in force, by name, with what their editors made of them.
pub(super) async fn feeds(pool: &SqlitePool) -> Result<Vec<Released<FeedEntry>>, ReadError> {
    let rows = sqlx::query(
        "SELECT f.id, f.name, f.selection, f.created, \
           (SELECT count(*) FROM feed_items i WHERE i.feed_id = f.id), \
           (SELECT count(*) FROM feed_items i WHERE i.feed_id = f.id AND i.useful = 1), \
           (SELECT count(*) FROM feed_items i WHERE i.feed_id = f.id AND i.useful = 0) \
         FROM feeds f WHERE f.removed_at IS NULL ORDER BY f.name",
    )
    .fetch_all(pool)
    .await?;
    let mut feeds = Vec::with_capacity(rows.len());
    for row in rows {
        let (id, name): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        let selection: FeedSelection = serde_json::from_str(row.try_get(2)?).map_err(|_| ReadError::Impossible)?;
        let count = |index: usize| -> Result<u64, ReadError> {
            u64::try_from(row.try_get::<i64, _>(index)?).map_err(|_| ReadError::Impossible)
        };
        let (items, useful, noise) = (count(4)?, count(5)?, count(6)?);
        let muted =
            sqlx::query("SELECT subject, value, until FROM feed_mutes WHERE feed_id = ? ORDER BY subject, value")
                .bind(id)
                .fetch_all(pool)
                .await?;
        let mut mutes = Vec::with_capacity(muted.len());
        for mute in muted {
            mutes.push(Released::operational(FeedMute {
                subject: mute.try_get(0)?,
                value: mute.try_get(1)?,
                until: Minute::containing(mute.try_get(2)?),
            }));
        }
        let receivers: Vec<String> =
            sqlx::query_scalar("SELECT name FROM receivers WHERE feed = ? AND removed_at IS NULL ORDER BY name")
                .bind(name.as_str())
                .fetch_all(pool)
                .await?;
        feeds.push(Released::operational(FeedEntry {
            name,
            kinds: selection.kinds.iter().map(ToString::to_string).collect(),
            watches: selection.watches,
            languages: selection.languages,
            severities: selection.severities.iter().map(ToString::to_string).collect(),
            budget: selection.budget,
            created: Minute::containing(row.try_get(3)?),
            items,
            useful,
            noise,
            precision: precision(useful, noise).map(|(share, _)| share),
            precision_interval: precision(useful, noise).map(|(_, interval)| interval),
            muted: mutes,
            receivers,
        }));
    }
    Ok(feeds)
}

/// The share of useful marks, and its interval by Wilson (1927), which is right for few marks too. To hundredths.
pub(crate) fn precision(useful: u64, noise: u64) -> Option<(f64, [f64; 2])> {
    const Z: f64 = 1.96;
    let n = (useful + noise) as f64;
    if n == 0.0 {
        return None;
    }
    let share = useful as f64 / n;
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let hundredths = |number: f64| (number.clamp(0.0, 1.0) * 100.0).round() / 100.0;
    Some((hundredths(share), [hundredths((middle - half) / scale), hundredths((middle + half) / scale)]))
}

#[cfg(test)]
mod tests {
    use super::precision;

    #[test]
    fn precision_is_wilsons() {
        assert_eq!(precision(0, 0), None);
        // Newcombe (1998), table I: 15 of 148 is 0.1014, from 0.0624 to 0.1605; 0 of 20 is 0, up to 0.1611.
        assert_eq!(precision(15, 133), Some((0.1, [0.06, 0.16])));
        assert_eq!(precision(0, 20), Some((0.0, [0.0, 0.16])));
        assert_eq!(precision(1, 0), Some((1.0, [0.21, 1.0])));
    }
}
