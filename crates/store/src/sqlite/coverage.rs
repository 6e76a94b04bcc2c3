//! The coverage ledger in `SQLite`.

use groundswell_gate::{AtLeast, Coverage, CoverageGap, CoverageMinute, CoverageState, K, Minute, Released};
use groundswell_sketch::Step;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, SqlitePool};

use crate::coverage::{COVERAGE_DAYS, COVERAGE_GAPS_MAX, GAPS_ANSWER_MAX};
use crate::model::PAGE_ROWS_MAX;
use crate::{CoverageBatch, CoverageQuery, Cursor, GapRecord, LedgerEnd, Page, ReadError, WriteError};

/// Minutes that are not over are left out: what is said of a window does not change any more, except that a gap in it is
/// made up for.
const WINDOWS: &str = "SELECT m.start / ?1 * ?1 AS w, m.source AS name, count(*), sum(m.blind), sum(m.partly), \
       sum(m.rejected), sum(m.late), sum(m.thinned), s.recorded_until \
     FROM coverage_minutes m CROSS JOIN coverage_sources s ON s.source = m.source \
     WHERE m.start >= ?2 AND m.start < ?3 AND m.start + 60 <= s.recorded_until AND (?4 IS NULL OR m.source = ?4) \
     GROUP BY w, name HAVING (w, name) > (?5, ?6) ORDER BY w, name LIMIT ?7";

const GAPS: &str = "SELECT source, part, start, until, seconds, cause, phrase, recovered FROM coverage_gaps \
     WHERE start < ?1 AND (until IS NULL OR until > ?2) AND (?3 IS NULL OR source = ?3) \
     ORDER BY start DESC, source, part, run DESC, number DESC LIMIT ?4";

const INSERT_MINUTE: &str = "INSERT INTO coverage_minutes (start, source, blind, partly, rejected, late, thinned) \
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET blind = excluded.blind, partly = excluded.partly, \
     rejected = max(rejected, excluded.rejected), late = max(late, excluded.late), \
     thinned = max(thinned, excluded.thinned)";

const INSERT_GAP: &str = "INSERT INTO coverage_gaps (source, run, number, part, start, until, seconds, cause, phrase, recovered) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET start = excluded.start, until = excluded.until, \
     seconds = excluded.seconds, recovered = excluded.recovered";

/// Whoever delivers everything since a moment makes up for every gap since then.
const RECOVER_WITHIN: &str = "UPDATE coverage_gaps SET recovered = 1 \
     WHERE source = ? AND part = ? AND start >= ? AND until <= ? AND recovered = 0";

/// The first second of the first window that starts at or after a second.
fn first_from(step: Step, second: i64) -> i64 {
    let length = step.seconds();
    second.saturating_add(length - 1).div_euclid(length).saturating_mul(length)
}

fn count(row: &SqliteRow, column: usize) -> Result<u64, ReadError> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| ReadError::Impossible)
}

fn window(row: &SqliteRow, step: Step, k: K) -> Result<Released<Coverage>, ReadError> {
    let start: i64 = row.try_get(0)?;
    let (minutes, blind, partly) = (count(row, 2)?, count(row, 3)?, count(row, 4)?);
    let thinned = AtLeast::rounded(count(row, 7)?, k);
    let recorded_until: i64 = row.try_get(8)?;
    // A window that is not over can have as many minutes as are over.
    let over = (start + step.seconds()).min(recorded_until - recorded_until.rem_euclid(60)) - start;
    let known = i64::try_from(minutes).is_ok_and(|minutes| minutes * 60 >= over);
    let state = match () {
        () if partly == 0 && known && thinned.get() == 0 => CoverageState::Covered,
        () if blind >= minutes * 60 => CoverageState::Gap,
        () => CoverageState::Partly,
    };
    Ok(Released::operational(Coverage {
        source: row.try_get(1)?,
        start: Minute::containing(start),
        step,
        state,
        blind_seconds: blind,
        rejected: AtLeast::rounded(count(row, 5)?, k),
        late: AtLeast::rounded(count(row, 6)?, k),
        thinned,
    }))
}

pub(super) async fn windows(
    pool: &SqlitePool,
    k: K,
    query: &CoverageQuery,
) -> Result<Page<Released<Coverage>>, ReadError> {
    let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
    let after = query.after.as_ref();
    let from = query.from.unwrap_or(i64::MIN).max(after.map_or(i64::MIN, |cursor| cursor.start));
    let rows = sqlx::query(WINDOWS)
        .bind(query.step.seconds())
        .bind(first_from(query.step, from.max(0)))
        .bind(query.to.map_or(i64::MAX, |to| first_from(query.step, to)))
        .bind(query.source.as_deref())
        .bind(after.map_or(i64::MIN, |cursor| cursor.start))
        .bind(after.map_or("", |cursor| cursor.value.as_str()))
        .bind(limit as i64 + 1)
        .fetch_all(pool)
        .await?;
    let next = match rows.get(limit) {
        Some(_) => Some(Cursor { start: rows[limit - 1].try_get(0)?, value: rows[limit - 1].try_get(1)? }),
        None => None,
    };
    let items: Result<_, _> = rows.iter().take(limit).map(|row| window(row, query.step, k)).collect();
    Ok(Page { items: items?, next })
}

pub(super) async fn gaps(
    pool: &SqlitePool,
    from: i64,
    to: i64,
    source: Option<&str>,
) -> Result<Vec<Released<CoverageGap>>, ReadError> {
    let rows = sqlx::query(GAPS).bind(to).bind(from).bind(source).bind(GAPS_ANSWER_MAX as i64).fetch_all(pool).await?;
    let gap = |row: &SqliteRow| {
        Ok(Released::operational(CoverageGap {
            source: row.try_get(0)?,
            part: row.try_get(1)?,
            start: Minute::containing(row.try_get(2)?),
            end: row.try_get::<Option<i64>, _>(3)?.map(Minute::containing),
            seconds: match row.try_get::<Option<i64>, _>(4)? {
                Some(seconds) => Some(u64::try_from(seconds).map_err(|_| ReadError::Impossible)?),
                None => None,
            },
            cause: row.try_get(5)?,
            phrase: row.try_get(6)?,
            recovered: row.try_get::<i64, _>(7)? != 0,
        }))
    };
    rows.iter().map(gap).collect()
}

pub(super) async fn resume(connection: &mut SqliteConnection, run: i64) -> Result<Vec<LedgerEnd>, WriteError> {
    // Where the earlier run ended; a gap that began and did not end in that minute ends with it.
    sqlx::query(
        "UPDATE coverage_gaps SET until = max(start, (s.recorded_until + 59) / 60 * 60), \
           seconds = max(0, s.recorded_until - start) \
         FROM coverage_sources s WHERE s.source = coverage_gaps.source AND until IS NULL AND run <> ?",
    )
    .bind(run)
    .execute(&mut *connection)
    .await?;
    let rows = sqlx::query(
        "SELECT s.source, s.recorded_until, coalesce(m.blind, 0), coalesce(m.partly, 0) FROM coverage_sources s \
         LEFT JOIN coverage_minutes m ON m.source = s.source AND m.start = s.recorded_until / 60 * 60 ORDER BY s.source",
    )
    .fetch_all(connection)
    .await?;
    let mut ends = Vec::with_capacity(rows.len());
    for row in rows {
        let seconds = (row.try_get::<i64, _>(2)?, row.try_get::<i64, _>(3)?);
        let last_minute = (seconds.0.unsigned_abs(), seconds.1.unsigned_abs());
        ends.push(LedgerEnd { source: row.try_get(0)?, recorded_until: row.try_get(1)?, last_minute });
    }
    Ok(ends)
}

async fn insert_minute(connection: &mut SqliteConnection, minute: &CoverageMinute) -> Result<(), WriteError> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    sqlx::query(INSERT_MINUTE)
        .bind(minute.start.unix())
        .bind(minute.source.as_str())
        .bind(number(minute.blind_seconds))
        .bind(number(minute.partly_seconds))
        .bind(number(minute.rejected.get()))
        .bind(number(minute.late.get()))
        .bind(number(minute.thinned.get()))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_gap(connection: &mut SqliteConnection, record: &GapRecord) -> Result<(), WriteError> {
    let gap = &record.gap;
    sqlx::query(INSERT_GAP)
        .bind(gap.source.as_str())
        .bind(record.run)
        .bind(record.number)
        .bind(gap.part.as_str())
        .bind(gap.start.unix())
        .bind(gap.end.map(Minute::unix))
        .bind(gap.seconds.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX)))
        .bind(gap.cause.as_str())
        .bind(gap.phrase.as_str())
        .bind(i64::from(gap.recovered))
        .execute(&mut *connection)
        .await?;
    if let (true, Some(end)) = (gap.recovered, gap.end) {
        sqlx::query(RECOVER_WITHIN)
            .bind(gap.source.as_str())
            .bind(gap.part.as_str())
            .bind(gap.start.unix())
            .bind(end.unix())
            .execute(connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn record(connection: &mut SqliteConnection, batch: &CoverageBatch) -> Result<(), WriteError> {
    for minute in &batch.minutes {
        insert_minute(connection, minute).await?;
    }
    for record in &batch.gaps {
        insert_gap(connection, record).await?;
    }
    for source in &batch.sources {
        sqlx::query(
            "INSERT INTO coverage_sources (source, recorded_until) VALUES (?, ?) \
             ON CONFLICT DO UPDATE SET recorded_until = max(recorded_until, excluded.recorded_until)",
        )
        .bind(source.as_str())
        .bind(batch.recorded_until)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn prune(connection: &mut SqliteConnection, now: i64) -> Result<(), WriteError> {
    let before = now - i64::from(COVERAGE_DAYS) * Step::Day.seconds();
    for sql in [
        "DELETE FROM coverage_minutes WHERE start < ?",
        "DELETE FROM coverage_gaps WHERE until < ?",
        "DELETE FROM coverage_sources WHERE recorded_until < ?",
    ] {
        sqlx::query(sql).bind(before).execute(&mut *connection).await?;
    }
    sqlx::query(
        "DELETE FROM coverage_gaps WHERE (source, run, number) IN (SELECT source, run, number FROM coverage_gaps \
         WHERE until IS NOT NULL ORDER BY start DESC LIMIT -1 OFFSET ?)",
    )
    .bind(COVERAGE_GAPS_MAX as i64)
    .execute(connection)
    .await?;
    Ok(())
}
