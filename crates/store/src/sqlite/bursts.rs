//! Bursts in `SQLite`.

use groundswell_gate::{BurstRow, K, NotReleasable, Outward as _, Released, readmit_burst};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row as _, SqlitePool};

use crate::model::PAGE_ROWS_MAX;
use crate::{BurstQuery, Cursor, Page, ReadError, ReleaseBatch, WriteError};

/// A later moment replaces an earlier one; the same or an earlier one again changes nothing.
const PUT: &str = "INSERT INTO bursts (id, type, value, start, \"end\", as_of, q, released_k, authors, body) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET \"end\" = excluded.\"end\", \
     as_of = excluded.as_of, q = excluded.q, released_k = excluded.released_k, authors = excluded.authors, \
     body = excluded.body WHERE excluded.as_of > bursts.as_of";

/// Latest first. An open one goes on to where it was last looked at.
const LIST: &str = "SELECT body, released_k, start, id FROM bursts \
     WHERE start < ?2 AND coalesce(\"end\", as_of) > ?1 AND (?3 IS NULL OR type = ?3) AND (?4 IS NULL OR value = ?4) \
     AND q <= ?5 AND (?6 IS NULL OR id = ?6) AND (start < ?7 OR (start = ?7 AND id > ?8)) \
     ORDER BY start DESC, id LIMIT ?9";

/// Writes the bursts of a batch.
pub(super) async fn put(connection: &mut SqliteConnection, batch: &ReleaseBatch, k: K) -> Result<(), WriteError> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for row in &batch.bursts {
        readmit_burst((**row).clone(), k.get(), k)?;
        sqlx::query(PUT)
            .bind(row.id.as_str())
            .bind(row.subject.kind.as_str())
            .bind(row.subject.value.as_str())
            .bind(row.start.0)
            .bind(row.end.map(|end| end.0))
            .bind(row.as_of.0)
            .bind(row.q)
            .bind(number(k.get()))
            .bind(number(row.authors))
            .bind(row.to_json())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn list(pool: &SqlitePool, k: K, query: &BurstQuery) -> Result<Page<Released<BurstRow>>, ReadError> {
    let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
    let after = query.after.as_ref();
    let rows = sqlx::query(LIST)
        .bind(query.from.unwrap_or(i64::MIN))
        .bind(query.to.unwrap_or(i64::MAX))
        .bind(query.kind.map(groundswell_gate::BurstType::as_str))
        .bind(query.value.as_deref())
        .bind(query.q.unwrap_or(f64::MAX))
        .bind(query.id.as_deref())
        .bind(after.map_or(i64::MAX, |cursor| cursor.start))
        .bind(after.map_or("", |cursor| cursor.value.as_str()))
        .bind(limit as i64 + 1)
        .fetch_all(pool)
        .await?;
    let next = match rows.get(limit) {
        Some(_) => Some(Cursor { start: rows[limit - 1].try_get(2)?, value: rows[limit - 1].try_get(3)? }),
        None => None,
    };
    let mut items = Vec::with_capacity(rows.len().min(limit));
    for row in rows.iter().take(limit) {
        let body: BurstRow = serde_json::from_str(row.try_get(0)?).map_err(|_| ReadError::Impossible)?;
        let by = u64::try_from(row.try_get::<i64, _>(1)?).map_err(|_| ReadError::Impossible)?;
        match readmit_burst(body, by, k) {
            Ok(row) => items.push(row),
            // A k that was raised since holds it back.
            Err(NotReleasable::BurstBelowK { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Page { items, next })
}
