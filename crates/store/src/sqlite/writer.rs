//! The single writer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::sync::{Arc, LazyLock};

use groundswell_gate::{Dimension, Figures, K, Released, VolumeRow, readmit};
use groundswell_sketch::{Step, Window};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments as _, Connection as _, Row as _};
use tokio::sync::Mutex;

use crate::codes::{dimension_code, step_code};
use crate::{
    Committed, CoverageBatch, FileRead, LedgerEnd, Pruned, ReleaseBatch, ReleaseWriter, Retention, WriteError,
};

/// Rows of one multi-row statement: enough that the way to the connection's thread does not count, few enough that the
/// arguments stay in the cache.
const ROWS_PER_STATEMENT: usize = 512;

const COLUMNS: usize = 8;

static INSERT_MANY: LazyLock<String> = LazyLock::new(|| insert(ROWS_PER_STATEMENT));
static INSERT_SOME: LazyLock<String> = LazyLock::new(|| insert(16));
static INSERT_ONE: LazyLock<String> = LazyLock::new(|| insert(1));

fn insert(rows: usize) -> String {
    let mut sql =
        "INSERT INTO volumes (dimension, step, start, value, posts, authors, publisher_only, name_publishers) VALUES "
            .to_owned();
    for row in 0..rows {
        let _ = write!(sql, "{}(?,?,?,?,?,?,?,?)", if row > 0 { "," } else { "" });
    }
    sql.push_str(" ON CONFLICT DO NOTHING");
    sql
}

/// The single writer of a store's released tables. Clones are handles to the same one and take turns. The folder stays
/// locked as long as one of them lives.
#[derive(Clone, Debug)]
pub struct SqliteWriter {
    inner: Arc<Mutex<Inner>>,
    k: K,
}

#[derive(Debug)]
struct Inner {
    connection: SqliteConnection,
    /// The set of watches that was asked for last, and its id: it seldom changes.
    last_asked: Option<([u8; 32], i64)>,
    _lock: File,
}

impl SqliteWriter {
    pub(super) fn new(connection: SqliteConnection, k: K, lock: File) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { connection, last_asked: None, _lock: lock })), k }
    }
}

/// What stands in a row beside its key.
type Stored = (Option<i64>, Option<i64>, bool);

fn stored(row: &VolumeRow) -> Result<Stored, WriteError> {
    let Some(Figures { posts, authors }) = row.figures else { return Ok((None, None, row.publisher_only)) };
    let number = |count| i64::try_from(count).map_err(|_| WriteError::Impossible { dimension: row.dimension });
    Ok((Some(number(posts)?), Some(number(authors)?), row.publisher_only))
}

/// The row is one that says of a watch that nothing can be said; these are kept as sets, not as rows.
fn is_quiet_watch(row: &VolumeRow) -> bool {
    row.dimension == Dimension::Watch && row.figures.is_none()
}

fn bind(arguments: &mut SqliteArguments, row: &VolumeRow) -> Result<(), WriteError> {
    let (posts, authors, publisher_only) = stored(row)?;
    let failed = |error| WriteError::from(sqlx::Error::Encode(error));
    arguments.add(dimension_code(row.dimension)).map_err(failed)?;
    arguments.add(step_code(row.window.step)).map_err(failed)?;
    arguments.add(row.window.start).map_err(failed)?;
    arguments.add(row.value.as_str()).map_err(failed)?;
    arguments.add(posts).map_err(failed)?;
    arguments.add(authors).map_err(failed)?;
    arguments.add(i64::from(publisher_only)).map_err(failed)?;
    arguments.add(row.name_publishers.map(i64::from)).map_err(failed)?;
    Ok(())
}

async fn insert_rows(connection: &mut SqliteConnection, mut rows: &[&VolumeRow]) -> Result<Committed, WriteError> {
    let mut committed = Committed::default();
    while !rows.is_empty() {
        let (size, sql) = match rows.len() {
            ROWS_PER_STATEMENT.. => (ROWS_PER_STATEMENT, INSERT_MANY.as_str()),
            16.. => (16, INSERT_SOME.as_str()),
            _ => (1, INSERT_ONE.as_str()),
        };
        let (chunk, rest) = rows.split_at(size);
        committed.add(insert_chunk(connection, chunk, sql).await?);
        rows = rest;
    }
    Ok(committed)
}

async fn insert_chunk(
    connection: &mut SqliteConnection,
    rows: &[&VolumeRow],
    sql: &'static str,
) -> Result<Committed, WriteError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(rows.len() * COLUMNS, 0);
    for row in rows {
        bind(&mut arguments, row)?;
    }
    let inserted = sqlx::query_with(sql, arguments).execute(&mut *connection).await?.rows_affected();
    let mut committed = Committed { inserted, ..Committed::default() };
    if inserted < rows.len() as u64 {
        // Some stood there before. How many of them say the same? Rows of this chunk that were inserted just now do, too.
        let mut same = 0;
        for row in rows {
            same += u64::from(find(connection, row).await? == Some(stored(row)?));
        }
        committed.unchanged = same - inserted;
        committed.conflicting = rows.len() as u64 - same;
    }
    Ok(committed)
}

async fn find(connection: &mut SqliteConnection, row: &VolumeRow) -> Result<Option<Stored>, WriteError> {
    let found = sqlx::query(
        "SELECT posts, authors, publisher_only FROM volumes \
         WHERE dimension = ? AND step = ? AND start = ? AND value = ?",
    )
    .bind(dimension_code(row.dimension))
    .bind(step_code(row.window.step))
    .bind(row.window.start)
    .bind(row.value.as_str())
    .fetch_optional(connection)
    .await?;
    let Some(found) = found else { return Ok(None) };
    Ok(Some((found.try_get(0)?, found.try_get(1)?, found.try_get::<i64, _>(2)? != 0)))
}

/// The watches that were asked for in a window before, with their numbers; `None` where they are held back.
async fn asked_before(
    connection: &mut SqliteConnection,
    window: Window,
) -> Result<BTreeMap<String, Option<Stored>>, WriteError> {
    let rows = sqlx::query(
        "SELECT a.value, v.posts, v.authors, v.publisher_only FROM windows_asked w \
         JOIN asked a ON a.set_id = w.set_id \
         LEFT JOIN volumes v ON v.dimension = ? AND v.step = w.step AND v.start = w.start AND v.value = a.value \
         WHERE w.step = ? AND w.start = ?",
    )
    .bind(dimension_code(Dimension::Watch))
    .bind(step_code(window.step))
    .bind(window.start)
    .fetch_all(connection)
    .await?;
    let mut asked = BTreeMap::new();
    for row in rows {
        let publisher_only: Option<i64> = row.try_get(3)?;
        let stored = match publisher_only {
            Some(publisher_only) => Some((row.try_get(1)?, row.try_get(2)?, publisher_only != 0)),
            None => None,
        };
        asked.insert(row.try_get(0)?, stored);
    }
    Ok(asked)
}

/// The id of a set of watches, which is written if it is new.
async fn set_id(
    connection: &mut SqliteConnection,
    names: &BTreeSet<&str>,
    last: &mut Option<([u8; 32], i64)>,
) -> Result<i64, WriteError> {
    let mut hasher = blake3::Hasher::new();
    for name in names {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    let digest: [u8; 32] = *hasher.finalize().as_bytes();
    if let Some((known, id)) = *last
        && known == digest
    {
        return Ok(id);
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT id FROM asked_sets WHERE digest = ?")
        .bind(digest.to_vec())
        .fetch_optional(&mut *connection)
        .await?;
    let id = if let Some(id) = found {
        id
    } else {
        let id = sqlx::query("INSERT INTO asked_sets (digest) VALUES (?)")
            .bind(digest.to_vec())
            .execute(&mut *connection)
            .await?
            .last_insert_rowid();
        for name in names {
            sqlx::query("INSERT INTO asked (set_id, value) VALUES (?, ?)")
                .bind(id)
                .bind(*name)
                .execute(&mut *connection)
                .await?;
        }
        id
    };
    *last = Some((digest, id));
    Ok(id)
}

async fn insert_file(connection: &mut SqliteConnection, file: FileRead) -> Result<(), WriteError> {
    sqlx::query("INSERT INTO files_read (fingerprint, bytes, finished_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(file.fingerprint.to_vec())
        .bind(file.bytes as i64)
        .bind(file.finished_at)
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_batch(
    connection: &mut SqliteConnection,
    batch: &ReleaseBatch,
    last_asked: &mut Option<([u8; 32], i64)>,
) -> Result<Committed, WriteError> {
    let mut committed = Committed::default();
    let mut rows: Vec<&VolumeRow> = Vec::with_capacity(batch.rows.len());
    let mut watches: BTreeMap<Window, Vec<&VolumeRow>> = BTreeMap::new();
    for row in &batch.rows {
        let row: &VolumeRow = row;
        if row.dimension == Dimension::Watch {
            watches.entry(row.window).or_default().push(row);
        } else {
            rows.push(row);
        }
    }
    for (window, mut of_window) in watches {
        let names: BTreeSet<&str> = of_window.iter().map(|row| row.value.as_str()).collect();
        let before = asked_before(connection, window).await?;
        if !before.is_empty() {
            // Released before: what was said then stays, also that nothing could be said.
            for row in of_window.extract_if(.., |row| before.contains_key(&row.value)) {
                let same = match before.get(&row.value).copied().flatten() {
                    Some(numbers) => numbers == stored(row)?,
                    None => row.figures.is_none(),
                };
                committed.unchanged += u64::from(same);
                committed.conflicting += u64::from(!same);
            }
        }
        for row in of_window {
            if is_quiet_watch(row) {
                committed.inserted += 1;
            } else {
                rows.push(row);
            }
        }
        let id = set_id(connection, &names, last_asked).await?;
        sqlx::query("INSERT INTO windows_asked (step, start, set_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(step_code(window.step))
            .bind(window.start)
            .bind(id)
            .execute(&mut *connection)
            .await?;
    }
    // In the order of the primary key, pages are filled one after the other.
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    committed.add(insert_rows(connection, &rows).await?);
    let windows: BTreeSet<Window> =
        batch.windows.iter().copied().chain(batch.rows.iter().map(|row| row.window)).collect();
    for window in windows {
        sqlx::query("INSERT INTO windows_released (step, start) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(step_code(window.step))
            .bind(window.start)
            .execute(&mut *connection)
            .await?;
    }
    for file in &batch.files {
        insert_file(connection, *file).await?;
    }
    Ok(committed)
}

fn order(row: &VolumeRow) -> (i64, i64, i64, &str) {
    (dimension_code(row.dimension), step_code(row.window.step), row.window.start, row.value.as_str())
}

/// The store's half of the pair: the gate asserts k on the way out, the store on the way in.
fn assert_releasable(rows: &[Released<VolumeRow>], k: K) -> Result<(), WriteError> {
    for row in rows {
        readmit((**row).clone(), k)?;
    }
    Ok(())
}

impl ReleaseWriter for SqliteWriter {
    async fn commit(&mut self, batch: &ReleaseBatch) -> Result<Committed, WriteError> {
        assert_releasable(&batch.rows, self.k)?;
        let mut inner = self.inner.lock().await;
        let Inner { connection, last_asked, .. } = &mut *inner;
        // Forgotten until all is committed: the set may be new in what is then undone.
        let mut asked = last_asked.take();
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        super::tone::put(&mut transaction, batch, self.k).await?;
        let mut committed = insert_batch(&mut transaction, batch, &mut asked).await?;
        super::narratives::put(&mut transaction, batch, self.k).await?;
        super::bursts::put(&mut transaction, batch, self.k).await?;
        super::amplifications::put(&mut transaction, batch, self.k).await?;
        (committed.detections, committed.deliveries) = super::detections::put(&mut transaction, batch, self.k).await?;
        transaction.commit().await?;
        *last_asked = asked;
        Ok(committed)
    }

    async fn checkpoint(&mut self) -> Result<Option<u64>, WriteError> {
        let mut inner = self.inner.lock().await;
        let number: Option<i64> =
            sqlx::query_scalar("SELECT number FROM checkpoint").fetch_optional(&mut inner.connection).await?;
        Ok(number.map(|number| number as u64))
    }

    async fn set_checkpoint(&mut self, number: Option<u64>) -> Result<(), WriteError> {
        let mut inner = self.inner.lock().await;
        let connection = &mut inner.connection;
        // Before the checkpoint before it may go, this one and all windows behind it must be on the disk.
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
        let set = match number {
            Some(number) => {
                sqlx::query("INSERT OR REPLACE INTO checkpoint (id, number) VALUES (1, ?)").bind(number as i64)
            }
            None => sqlx::query("DELETE FROM checkpoint"),
        }
        .execute(&mut *connection)
        .await;
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *connection).await?;
        set?;
        Ok(())
    }

    async fn finish_files(&mut self, files: &[FileRead]) -> Result<(), WriteError> {
        let mut inner = self.inner.lock().await;
        let mut transaction = inner.connection.begin_with("BEGIN IMMEDIATE").await?;
        for file in files {
            insert_file(&mut transaction, *file).await?;
        }
        sqlx::query("DELETE FROM checkpoint").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn prune(&mut self, retention: &Retention) -> Result<Pruned, WriteError> {
        let mut inner = self.inner.lock().await;
        let connection = &mut inner.connection;
        let minute = step_code(Step::Minute);
        let latest: Option<i64> = sqlx::query_scalar("SELECT max(start) FROM windows_released WHERE step = ?")
            .bind(minute)
            .fetch_one(&mut *connection)
            .await?;
        let Some(latest) = latest else { return Ok(Pruned::default()) };
        let kept = |days: u32| latest + Step::Minute.seconds() - i64::from(days) * Step::Day.seconds();
        let before = kept(retention.minutes_days);
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut dropped = Pruned::default();
        for dimension in Dimension::ALL {
            dropped.minutes += sqlx::query("DELETE FROM volumes WHERE dimension = ? AND step = ? AND start < ?")
                .bind(dimension_code(dimension))
                .bind(minute)
                .bind(before)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        }
        for sql in [
            "DELETE FROM windows_released WHERE step = ? AND start < ?",
            "DELETE FROM windows_asked WHERE step = ? AND start < ?",
        ] {
            sqlx::query(sql).bind(minute).bind(before).execute(&mut *transaction).await?;
        }
        dropped.detections = super::detections::prune(&mut transaction, kept(retention.detections_days)).await?;
        transaction.commit().await?;
        Ok(dropped)
    }

    async fn resume_coverage(&mut self, run: i64) -> Result<Vec<LedgerEnd>, WriteError> {
        let mut inner = self.inner.lock().await;
        super::coverage::resume(&mut inner.connection, run).await
    }

    async fn record_coverage(&mut self, batch: &CoverageBatch) -> Result<(), WriteError> {
        let mut inner = self.inner.lock().await;
        let mut transaction = inner.connection.begin_with("BEGIN IMMEDIATE").await?;
        super::coverage::record(&mut transaction, batch).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn prune_coverage(&mut self, now: i64) -> Result<(), WriteError> {
        let mut inner = self.inner.lock().await;
        let mut transaction = inner.connection.begin_with("BEGIN IMMEDIATE").await?;
        super::coverage::prune(&mut transaction, now).await?;
        transaction.commit().await?;
        Ok(())
    }
}
