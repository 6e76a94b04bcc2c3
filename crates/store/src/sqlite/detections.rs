//! Detections, and what is in which feed, in `SQLite`. A detection, its places in the feeds and its deliveries are one transaction with
//! the windows that it rests on.

use std::collections::BTreeMap;

use groundswell_gate::{
    DetectionRow, FeedEntry, FeedMarks, FeedMute, FeedReceiver, K, Minute, NotReleasable, Outward as _, Released,
    readmit_detection,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, SqlitePool};

use crate::feeds::{DETECTIONS_COUNTED_MAX, Entered, FeedItem, FeedSelection, OUTBOX_WAITING_MAX};
use crate::model::PAGE_ROWS_MAX;
use crate::{Cursor, DetectionQuery, Page, ReadError, ReleaseBatch, WriteError};

const PUT: &str = "INSERT INTO detections \
     (id, kind, detected_at, recorded_at, severity, released_k, authors, body, subject, value) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

/// A burst or an anomaly grows and ends: its detection says how it stands, in the place where it was told first.
const RENEW: &str = "UPDATE detections SET severity = ?2, released_k = ?3, authors = ?4, body = ?5 \
     WHERE id = ?1 AND kind IN ('burst', 'anomaly') AND body <> ?5 RETURNING seq";

/// The next number of the row from which places are drawn. It is there: something was told before.
const NEXT_PLACE: &str = "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'detections' RETURNING seq";

/// What is too old and neither pinned nor awaited. Says the same until the detections themselves go.
const OLD: &str = "SELECT d.seq FROM detections d WHERE d.detected_at < ?1 \
     AND NOT EXISTS (SELECT 1 FROM feed_items i JOIN feeds f ON f.id = i.feed_id \
       WHERE i.seq = d.seq AND i.pinned = 1 AND f.removed_at IS NULL) \
     AND d.seq NOT IN (SELECT seq FROM deliveries WHERE state = 'waiting')";

/// What a question asks for, wherever the page begins.
const ASKED: &str = "d.detected_at >= ?1 AND d.detected_at < ?2 \
     AND (?3 IS NULL OR d.kind = ?3) AND (?4 IS NULL OR d.severity = ?4) AND (?5 IS NULL OR d.id = ?5) \
     AND (?6 IS NULL OR EXISTS (SELECT 1 FROM feed_items i JOIN feeds f ON f.id = i.feed_id \
       WHERE i.seq = d.seq AND f.name = ?6 AND f.removed_at IS NULL)) \
     AND (?7 IS NULL OR d.subject = ?7) AND (?8 IS NULL OR d.value = ?8)";

/// What no k that was raised since (`?3`) holds back, so that a page is full or the last.
const SHOWN: &str = "d.released_k >= ?3 AND d.authors >= ?3";

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

fn number(k: K) -> i64 {
    i64::try_from(k.get()).unwrap_or(i64::MAX)
}

/// Columns that [`row`] reads, in this order.
fn columns() -> String {
    format!("d.body, d.released_k, {FEEDS_OF}, d.detected_at, d.id, d.seq, d.recorded_at")
}

/// Writes the detections of a batch; gives how many are new, and how many deliveries wait since.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    batch: &ReleaseBatch,
    k: K,
) -> Result<(u64, u64), WriteError> {
    if batch.detections.is_empty() {
        return Ok((0, 0));
    }
    sqlx::query("DELETE FROM feed_mutes WHERE until <= ?").bind(batch.now).execute(&mut *connection).await?;
    let feeds = in_force(connection).await?;
    let (mut new, mut enqueued) = (0, 0);
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
            .bind(detection.subject.r#type.as_str())
            .bind(detection.subject.value.as_str())
            .execute(&mut *connection)
            .await?;
        // What is new comes into its feeds at once; the place of what comes later is drawn when it does.
        let (seq, mut drawn) = if done.rows_affected() > 0 {
            new += 1;
            (done.last_insert_rowid(), Some(done.last_insert_rowid()))
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
            (seq, None)
        };
        let muted = muted(connection, detection).await?;
        for (id, name, selection) in &feeds {
            if !selection.takes(detection) || muted.contains(id) || is_placed(connection, *id, seq).await? {
                // Where it is already, it is not delivered again.
                continue;
            }
            let at = match drawn {
                Some(at) => at,
                None => *drawn.insert(sqlx::query_scalar(NEXT_PLACE).fetch_one(&mut *connection).await?),
            };
            place(connection, *id, seq, at).await?;
            if batch.deliver {
                let done = sqlx::query(ENQUEUE).bind(seq).bind(name).bind(batch.now).execute(&mut *connection).await?;
                enqueued += done.rows_affected();
            }
        }
    }
    if enqueued > 0 {
        give_up(connection, batch.now).await?;
    }
    Ok((new, enqueued))
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

async fn is_placed(connection: &mut SqliteConnection, feed: i64, seq: i64) -> Result<bool, sqlx::Error> {
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM feed_items WHERE feed_id = ? AND seq = ?")
        .bind(feed)
        .bind(seq)
        .fetch_one(connection)
        .await?;
    Ok(found > 0)
}

/// Puts a detection into a feed where it is not yet.
pub(super) async fn place(
    connection: &mut SqliteConnection,
    feed: i64,
    seq: i64,
    place: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO feed_items (feed_id, seq, place) VALUES (?, ?, ?) ON CONFLICT (feed_id, seq) DO NOTHING")
        .bind(feed)
        .bind(seq)
        .bind(place)
        .execute(connection)
        .await?;
    Ok(())
}

/// Drops detections from before a moment of event time, with what was done with them; gives how many. Their marks still count for
/// the precision of their feeds.
pub(super) async fn prune(connection: &mut SqliteConnection, before: i64) -> Result<u64, WriteError> {
    let marks = format!(
        "UPDATE feeds SET \
           useful_gone = useful_gone + (SELECT count(*) FROM feed_items i WHERE i.feed_id = feeds.id AND i.useful = 1 AND i.seq IN ({OLD})), \
           noise_gone = noise_gone + (SELECT count(*) FROM feed_items i WHERE i.feed_id = feeds.id AND i.useful = 0 AND i.seq IN ({OLD}))"
    );
    sqlx::query(sqlx::AssertSqlSafe(marks)).bind(before).execute(&mut *connection).await?;
    for table in ["feed_notes", "feed_items", "deliveries"] {
        let sql = format!("DELETE FROM {table} WHERE seq IN ({OLD})");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before).execute(&mut *connection).await?;
    }
    let sql = format!("DELETE FROM detections WHERE seq IN ({OLD})");
    Ok(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before).execute(&mut *connection).await?.rows_affected())
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
        "SELECT {} FROM detections d WHERE {ASKED} \
         AND (d.detected_at < ?9 OR (d.detected_at = ?9 AND d.id > ?10)) ORDER BY d.detected_at DESC, d.id LIMIT ?11",
        columns()
    );
    let rows = asked(&sql, query)
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

/// A statement with what [`ASKED`] asks for.
fn asked<'q>(
    sql: &str,
    query: &'q DetectionQuery,
) -> sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(query.from.unwrap_or(i64::MIN))
        .bind(query.to.unwrap_or(i64::MAX))
        .bind(query.kind.map(groundswell_gate::DetectionKind::as_str))
        .bind(query.severity.map(groundswell_gate::Severity::as_str))
        .bind(query.id.as_deref())
        .bind(query.feed.as_deref())
        .bind(query.subject.map(groundswell_gate::SubjectType::as_str))
        .bind(query.value.as_deref())
}

/// How many detections a question asks for, as far as they are counted; what a raised k holds back is not.
pub(super) async fn total(pool: &SqlitePool, k: K, query: &DetectionQuery) -> Result<u64, ReadError> {
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM detections d WHERE {ASKED} \
         AND d.released_k >= ?9 AND d.authors >= ?9 LIMIT ?10)"
    );
    let count: i64 = asked(&sql, query)
        .bind(number(k))
        .bind(i64::try_from(DETECTIONS_COUNTED_MAX).unwrap_or(i64::MAX))
        .fetch_one(pool)
        .await?
        .try_get(0)?;
    u64::try_from(count).map_err(|_| ReadError::Impossible)
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
        "SELECT {}, i.pinned, i.useful, i.place FROM feed_items i JOIN detections d ON d.seq = i.seq WHERE i.feed_id = ?1 \
         ORDER BY i.pinned DESC, i.place DESC LIMIT ?2",
        columns()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(limit as i64).fetch_all(pool).await?;
    items(pool, k, Some(id), &rows).await.map(Some)
}

/// What came into a feed after a place, oldest first; without a feed, what was told first after it.
pub(super) async fn since(
    pool: &SqlitePool,
    k: K,
    feed: Option<&str>,
    place: u64,
    limit: usize,
) -> Result<Vec<FeedItem>, ReadError> {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    let (id, sql) = match feed {
        None => (
            None,
            format!(
                "SELECT {}, 0, NULL, d.seq FROM detections d WHERE d.seq > ?1 AND {SHOWN} ORDER BY d.seq LIMIT ?2",
                columns()
            ),
        ),
        Some(feed) => {
            let Some(id) = feed_id(pool, feed).await? else { return Ok(Vec::new()) };
            let sql = format!(
                "SELECT {}, i.pinned, i.useful, i.place FROM feed_items i JOIN detections d ON d.seq = i.seq \
                 WHERE i.place > ?1 AND i.feed_id = ?4 AND {SHOWN} ORDER BY i.place LIMIT ?2",
                columns()
            );
            (Some(id), sql)
        }
    };
    let mut statement = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place).bind(limit as i64).bind(number(k));
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

/// What came into feeds in force after a place, oldest first.
pub(super) async fn entered(pool: &SqlitePool, k: K, place: u64, limit: usize) -> Result<Vec<Entered>, ReadError> {
    let sql = format!(
        "SELECT {}, e.place, e.names FROM (SELECT i.place, i.seq, group_concat(f.name, ' ') AS names FROM feed_items i \
           JOIN feeds f ON f.id = i.feed_id JOIN detections d ON d.seq = i.seq \
           WHERE i.place > ?1 AND f.removed_at IS NULL AND {SHOWN} \
           GROUP BY i.place ORDER BY i.place LIMIT ?2) e JOIN detections d ON d.seq = e.seq ORDER BY e.place",
        columns()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(i64::try_from(place).unwrap_or(i64::MAX))
        .bind(limit as i64)
        .bind(number(k))
        .fetch_all(pool)
        .await?;
    let mut entered = Vec::with_capacity(rows.len());
    for found in &rows {
        let Some(released) = row(found, k)? else { continue };
        let names: String = found.try_get(8)?;
        let mut into: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
        into.sort_unstable();
        entered.push(Entered {
            place: u64::try_from(found.try_get::<i64, _>(7)?).map_err(|_| ReadError::Impossible)?,
            into,
            row: released,
        });
    }
    Ok(entered)
}

/// Where a detection stands in a feed.
pub(super) async fn place_of(pool: &SqlitePool, feed: &str, id: &str) -> Result<Option<u64>, ReadError> {
    let place: Option<i64> = sqlx::query_scalar(
        "SELECT i.place FROM detections d JOIN feed_items i ON i.seq = d.seq JOIN feeds f ON f.id = i.feed_id \
         WHERE d.id = ? AND f.name = ? AND f.removed_at IS NULL",
    )
    .bind(id)
    .bind(feed)
    .fetch_optional(pool)
    .await?;
    Ok(place.and_then(|place| u64::try_from(place).ok()))
}

/// The last place that was given away.
pub(super) async fn last_place(pool: &SqlitePool) -> Result<u64, ReadError> {
    let place: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'detections'").fetch_optional(pool).await?;
    Ok(place.and_then(|place| u64::try_from(place).ok()).unwrap_or(0))
}

/// What the editors of a feed did with a detection that is in it.
pub(super) async fn marks(
    pool: &SqlitePool,
    k: K,
    feed: &str,
    id: &str,
) -> Result<Option<Released<FeedMarks>>, ReadError> {
    let Some(feed) = feed_id(pool, feed).await? else { return Ok(None) };
    let sql = format!(
        "SELECT {}, i.pinned, i.useful, i.place FROM detections d JOIN feed_items i ON i.seq = d.seq AND i.feed_id = ?1 \
         WHERE d.id = ?2",
        columns()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(feed).bind(id).fetch_all(pool).await?;
    Ok(items(pool, k, Some(feed), &rows).await?.pop().map(|item| item.marks))
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
            place: u64::try_from(found.try_get::<i64, _>(9)?).map_err(|_| ReadError::Impossible)?,
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
           (SELECT count(*) FROM feed_items i WHERE i.feed_id = f.id AND i.useful = 1) + f.useful_gone, \
           (SELECT count(*) FROM feed_items i WHERE i.feed_id = f.id AND i.useful = 0) + f.noise_gone \
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
        let deliveries = receivers(pool, &name).await?;
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
            receivers: deliveries.iter().map(|receiver| receiver.name.clone()).collect(),
            deliveries,
        }));
    }
    Ok(feeds)
}

/// How the deliveries of a feed's receivers stand, by name.
async fn receivers(pool: &SqlitePool, feed: &str) -> Result<Vec<Released<FeedReceiver>>, ReadError> {
    let rows = sqlx::query(
        "SELECT r.name, (SELECT count(*) FROM deliveries o WHERE o.receiver_id = r.id AND o.state = 'waiting'), \
           (SELECT count(*) FROM deliveries o WHERE o.receiver_id = r.id AND o.state = 'dead'), \
           r.delivered_at, r.failed_at, r.trouble \
         FROM receivers r WHERE r.feed = ? AND r.removed_at IS NULL ORDER BY r.name",
    )
    .bind(feed)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let count = |index: usize| -> Result<u64, ReadError> {
                u64::try_from(row.try_get::<i64, _>(index)?).map_err(|_| ReadError::Impossible)
            };
            Ok(Released::operational(FeedReceiver {
                name: row.try_get(0)?,
                waiting: count(1)?,
                dead: count(2)?,
                delivered: row.try_get::<Option<i64>, _>(3)?.map(Minute::containing),
                failed: row.try_get::<Option<i64>, _>(4)?.map(Minute::containing),
                trouble: row.try_get(5)?,
            }))
        })
        .collect()
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
