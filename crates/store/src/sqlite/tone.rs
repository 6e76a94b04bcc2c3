//! Tone in `SQLite`.

use groundswell_gate::{Figures, K, NotReleasable, Released, ToneRow, ToneShare, readmit_tone};
use groundswell_sketch::{Step, Window};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, SqlitePool};

use crate::codes::step_code;
use crate::model::PAGE_ROWS_MAX;
use crate::{Cursor, Page, ReadError, ReleaseBatch, ToneQuery, WriteError};

/// What was released first stays, and so does what was held back: an hour that closed before gets no tone.
const PUT: &str = "INSERT INTO tone (start, watch, language, posts, authors, negative, negative_low, negative_high, \
     neutral, neutral_low, neutral_high, positive, positive_low, positive_high) \
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14 \
     WHERE NOT EXISTS (SELECT 1 FROM windows_released WHERE step = ?15 AND start = ?1)";

const BY_ROW: &str = "SELECT start, watch, language, posts, authors, negative, negative_low, negative_high, \
     neutral, neutral_low, neutral_high, positive, positive_low, positive_high FROM tone \
     WHERE start >= ?1 AND start < ?2 AND (start, watch, language) > (?3, ?4, ?5) \
     ORDER BY start, watch, language LIMIT ?6";

/// One watch: one look-up in each closed hour.
const BY_ROW_OF_WATCH: &str = "SELECT t.start, t.watch, t.language, t.posts, t.authors, t.negative, t.negative_low, t.negative_high, \
     t.neutral, t.neutral_low, t.neutral_high, t.positive, t.positive_low, t.positive_high FROM windows_released w \
     CROSS JOIN tone t ON t.start = w.start AND t.watch = ?7 \
     WHERE w.step = ?8 AND w.start >= ?1 AND w.start < ?2 AND (t.start, t.watch, t.language) > (?3, ?4, ?5) \
     ORDER BY w.start, t.language LIMIT ?6";

/// Stands between watch and language in a cursor; neither can hold it.
const JOIN: char = '\u{1f}';

/// Writes the tones of a batch, before its windows are.
pub(super) async fn put(connection: &mut SqliteConnection, batch: &ReleaseBatch, k: K) -> Result<(), WriteError> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for row in &batch.tones {
        readmit_tone((**row).clone(), k)?;
        let mut statement = sqlx::query(PUT)
            .bind(row.window.start)
            .bind(row.watch.as_str())
            .bind(row.language.as_str())
            .bind(number(row.figures.posts))
            .bind(number(row.figures.authors));
        for ToneShare { share, low, high } in row.shares {
            statement = statement.bind(i64::from(share)).bind(i64::from(low)).bind(i64::from(high));
        }
        statement.bind(step_code(row.window.step)).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn list(pool: &SqlitePool, k: K, query: &ToneQuery) -> Result<Page<Released<ToneRow>>, ReadError> {
    let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
    let (start, watch, language) = match &query.after {
        Some(Cursor { start, value }) => {
            let (watch, language) = value.split_once(JOIN).unwrap_or((value, ""));
            (*start, watch, language)
        }
        None => (i64::MIN, "", ""),
    };
    let sql = if query.watch.is_some() { BY_ROW_OF_WATCH } else { BY_ROW };
    let mut statement = sqlx::query(sql)
        .bind(query.from.unwrap_or(i64::MIN).max(start))
        .bind(query.to.unwrap_or(i64::MAX))
        .bind(start)
        .bind(watch)
        .bind(language)
        .bind(limit as i64 + 1);
    if let Some(watch) = &query.watch {
        statement = statement.bind(watch.as_str()).bind(step_code(Step::Hour));
    }
    let rows = statement.fetch_all(pool).await?;
    let next = match rows.get(limit) {
        Some(_) => {
            let last = &rows[limit - 1];
            let (watch, language): (&str, &str) = (last.try_get(1)?, last.try_get(2)?);
            Some(Cursor { start: last.try_get(0)?, value: format!("{watch}{JOIN}{language}") })
        }
        None => None,
    };
    let mut items = Vec::with_capacity(rows.len().min(limit));
    for row in rows.iter().take(limit) {
        match readmit_tone(read(row)?, k) {
            Ok(row) => items.push(row),
            // A k that was raised since holds it back.
            Err(NotReleasable::ToneBelowK { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Page { items, next })
}

fn read(row: &SqliteRow) -> Result<ToneRow, ReadError> {
    fn number<T: TryFrom<i64>>(row: &SqliteRow, at: usize) -> Result<T, ReadError> {
        T::try_from(row.try_get::<i64, _>(at)?).map_err(|_| ReadError::Impossible)
    }
    let bar = |at| -> Result<ToneShare, ReadError> {
        Ok(ToneShare { share: number(row, at)?, low: number(row, at + 1)?, high: number(row, at + 2)? })
    };
    Ok(ToneRow {
        window: Window { step: Step::Hour, start: row.try_get(0)? },
        watch: row.try_get(1)?,
        language: row.try_get(2)?,
        figures: Figures { posts: number(row, 3)?, authors: number(row, 4)? },
        shares: [bar(5)?, bar(8)?, bar(11)?],
    })
}
