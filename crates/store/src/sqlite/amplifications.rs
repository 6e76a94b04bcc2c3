//! Amplifications in `SQLite`.

use groundswell_gate::{AmplificationRow, K, Outward as _, Released, readmit_amplification};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnection;

use super::narratives::{admitted, body, page};
use crate::model::PAGE_ROWS_MAX;
use crate::{AmplificationQuery, Page, ReadError, ReleaseBatch, WriteError};

/// A later moment replaces an earlier one; the same or an earlier one again changes nothing.
const PUT: &str = "INSERT INTO amplifications (id, start, \"end\", as_of, released_k, authors, body) \
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET start = excluded.start, \"end\" = excluded.\"end\", \
     as_of = excluded.as_of, released_k = excluded.released_k, authors = excluded.authors, body = excluded.body \
     WHERE excluded.as_of > amplifications.as_of";

/// Latest first. A cursor's start is the `end` of its row.
const LIST: &str = "SELECT body, released_k, \"end\", id FROM amplifications \
     WHERE \"end\" > ?1 AND start < ?2 AND (?3 IS NULL OR id = ?3) \
     AND (\"end\" < ?4 OR (\"end\" = ?4 AND id > ?5)) ORDER BY \"end\" DESC, id LIMIT ?6";

/// Writes the amplifications of a batch.
pub(super) async fn put(connection: &mut SqliteConnection, batch: &ReleaseBatch, k: K) -> Result<(), WriteError> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for row in &batch.amplifications {
        readmit_amplification((**row).clone(), k.get(), k)?;
        sqlx::query(PUT)
            .bind(row.id.as_str())
            .bind(row.start.0)
            .bind(row.end.0)
            .bind(row.as_of.0)
            .bind(number(k.get()))
            .bind(number(row.authors))
            .bind(row.to_json())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn list(
    pool: &SqlitePool,
    k: K,
    query: &AmplificationQuery,
) -> Result<Page<Released<AmplificationRow>>, ReadError> {
    let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
    let after = query.after.as_ref();
    let rows = sqlx::query(LIST)
        .bind(query.from.unwrap_or(i64::MIN))
        .bind(query.to.unwrap_or(i64::MAX))
        .bind(query.id.as_deref())
        .bind(after.map_or(i64::MAX, |cursor| cursor.start))
        .bind(after.map_or("", |cursor| cursor.value.as_str()))
        .bind(limit as i64 + 1)
        .fetch_all(pool)
        .await?;
    page(&rows, limit, |row| {
        let (body, by) = body(row)?;
        admitted(readmit_amplification(body, by, k))
    })
}
