//! Narratives and their event log in `SQLite`.

use groundswell_gate::{
    K, NarrativeEvent, NarrativeRow, NotReleasable, Outward as _, Released, readmit_narrative, readmit_narrative_event,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, SqlitePool};

use crate::model::PAGE_ROWS_MAX;
use crate::{Cursor, NarrativeEventQuery, NarrativeQuery, Page, ReadError, ReleaseBatch, WriteError};

/// A later moment replaces an earlier one; the same or an earlier one again changes nothing.
const PUT: &str = "INSERT INTO narratives (id, state, first_seen, last_seen, as_of, released_k, authors, body) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state, \
     first_seen = excluded.first_seen, last_seen = excluded.last_seen, as_of = excluded.as_of, \
     released_k = excluded.released_k, authors = excluded.authors, body = excluded.body \
     WHERE excluded.as_of > narratives.as_of";

const PUT_EVENT: &str = "INSERT INTO narrative_events (time, key, id, released_k, authors, body) \
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

/// Latest first. A cursor's start is the `last_seen` of its row.
const LIST: &str = "SELECT body, released_k, last_seen, id FROM narratives \
     WHERE last_seen > ?1 AND first_seen < ?2 AND (?3 IS NULL OR state = ?3) AND (?7 IS NULL OR id = ?7) \
     AND (last_seen < ?4 OR (last_seen = ?4 AND id > ?5)) ORDER BY last_seen DESC, id LIMIT ?6";

const EVENTS: &str = "SELECT body, released_k, time, key FROM narrative_events \
     WHERE time >= ?1 AND time < ?2 AND (time, key) > (?3, ?4) ORDER BY time, key LIMIT ?5";

const EVENTS_OF_ONE: &str = "SELECT body, released_k, time, key FROM narrative_events \
     WHERE time >= ?1 AND time < ?2 AND (time, key) > (?3, ?4) AND id = ?6 ORDER BY time, key LIMIT ?5";

/// Writes the narratives and events of a batch.
pub(super) async fn put(connection: &mut SqliteConnection, batch: &ReleaseBatch, k: K) -> Result<(), WriteError> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for row in &batch.narratives {
        readmit_narrative((**row).clone(), k.get(), k)?;
        sqlx::query(PUT)
            .bind(row.id.as_str())
            .bind(row.state.as_str())
            .bind(row.first_seen.0)
            .bind(row.last_seen.0)
            .bind(row.as_of.0)
            .bind(number(k.get()))
            .bind(number(row.authors))
            .bind(row.to_json())
            .execute(&mut *connection)
            .await?;
    }
    for event in &batch.narrative_events {
        readmit_narrative_event((**event).clone(), k.get(), k)?;
        let body = event.to_json();
        let key = format!("{} {} {}", event.id, event.event.as_str(), event.others.join(" "));
        sqlx::query(PUT_EVENT)
            .bind(event.time.0)
            .bind(key)
            .bind(event.id.as_str())
            .bind(number(k.get()))
            .bind(number(event.authors))
            .bind(body)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// A row as released; `None` where a k that was raised since holds it back.
pub(super) fn admitted<T>(readmitted: Result<Released<T>, NotReleasable>) -> Result<Option<Released<T>>, ReadError> {
    match readmitted {
        Ok(row) => Ok(Some(row)),
        Err(NotReleasable::NarrativeBelowK { .. } | NotReleasable::AmplificationBelowK { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn body<T: serde::de::DeserializeOwned>(row: &SqliteRow) -> Result<(T, u64), ReadError> {
    let body = serde_json::from_str(row.try_get(0)?).map_err(|_| ReadError::Impossible)?;
    Ok((body, u64::try_from(row.try_get::<i64, _>(1)?).map_err(|_| ReadError::Impossible)?))
}

pub(super) fn page<T>(
    rows: &[SqliteRow],
    limit: usize,
    mut admit: impl FnMut(&SqliteRow) -> Result<Option<Released<T>>, ReadError>,
) -> Result<Page<Released<T>>, ReadError> {
    let next = match rows.get(limit) {
        Some(_) => Some(Cursor { start: rows[limit - 1].try_get(2)?, value: rows[limit - 1].try_get(3)? }),
        None => None,
    };
    let mut items = Vec::with_capacity(rows.len().min(limit));
    for row in rows.iter().take(limit) {
        items.extend(admit(row)?);
    }
    Ok(Page { items, next })
}

pub(super) async fn list(
    pool: &SqlitePool,
    k: K,
    query: &NarrativeQuery,
) -> Result<Page<Released<NarrativeRow>>, ReadError> {
    let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
    let after = query.after.as_ref();
    let rows = sqlx::query(LIST)
        .bind(query.from.unwrap_or(i64::MIN))
        .bind(query.to.unwrap_or(i64::MAX))
        .bind(query.state.map(groundswell_gate::NarrativeState::as_str))
        .bind(after.map_or(i64::MAX, |cursor| cursor.start))
        .bind(after.map_or("", |cursor| cursor.value.as_str()))
        .bind(limit as i64 + 1)
        .bind(query.id.as_deref())
        .fetch_all(pool)
        .await?;
    page(&rows, limit, |row| {
        let (body, by) = body(row)?;
        admitted(readmit_narrative(body, by, k))
    })
}

pub(super) async fn events(
    pool: &SqlitePool,
    k: K,
    query: &NarrativeEventQuery,
) -> Result<Page<Released<NarrativeEvent>>, ReadError> {
    let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
    let after = query.after.as_ref();
    let mut statement = sqlx::query(if query.id.is_some() { EVENTS_OF_ONE } else { EVENTS })
        .bind(query.from.unwrap_or(i64::MIN))
        .bind(query.to.unwrap_or(i64::MAX))
        .bind(after.map_or(i64::MIN, |cursor| cursor.start))
        .bind(after.map_or("", |cursor| cursor.value.as_str()))
        .bind(limit as i64 + 1);
    if let Some(id) = &query.id {
        statement = statement.bind(id.as_str());
    }
    page(&statement.fetch_all(pool).await?, limit, |row| {
        let (body, by) = body(row)?;
        admitted(readmit_narrative_event(body, by, k))
    })
}
