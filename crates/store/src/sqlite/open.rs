//! Opening the file: folder, single writer, schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use groundswell_gate::K;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use super::{BUSY_SECONDS, SqliteReader, SqliteWriter};
use crate::OpenError;

/// The database's name in the data folder.
pub const FILE_NAME: &str = "groundswell.sqlite";
/// Held locked by the one process that writes.
pub const LOCK_FILE_NAME: &str = "groundswell.lock";

/// `PRAGMA application_id` of our files: `GSwl`.
const APPLICATION_ID: i64 = 0x4753_776c;

/// Migrations in order; the n-th brings the schema to version n. Never edited once released, only added to.
const MIGRATIONS: [&str; 12] = [
    include_str!("../../migrations/0001_released.sql"),
    include_str!("../../migrations/0002_watches.sql"),
    include_str!("../../migrations/0003_checkpoint.sql"),
    include_str!("../../migrations/0004_coverage.sql"),
    include_str!("../../migrations/0005_thinned.sql"),
    include_str!("../../migrations/0006_narratives.sql"),
    include_str!("../../migrations/0007_names.sql"),
    include_str!("../../migrations/0008_bursts.sql"),
    include_str!("../../migrations/0009_amplifications.sql"),
    include_str!("../../migrations/0010_detections.sql"),
    include_str!("../../migrations/0011_places.sql"),
    include_str!("../../migrations/0012_tone.sql"),
];

/// The schema that this program writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// Connections of one reader; a request that finds none waits for up to [`BUSY_SECONDS`].
const READ_CONNECTIONS_MAX: u32 = 4;

/// Size of the file's pages in bytes.
const PAGE_BYTES: u32 = 8_192;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// What the gate asks for; rows below it are refused.
    pub k: K,
    /// The program's version, kept in the file that it makes.
    pub version: String,
    /// Whether what will be written is simulated. The file stays marked, see [`SqliteReader::is_simulated`].
    pub simulated: bool,
    /// How large the file may become; at this size writing fails as on a full disk. `None`: as large as the disk allows.
    pub bytes_max: Option<u64>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { k: K::DEFAULT, version: env!("CARGO_PKG_VERSION").to_owned(), simulated: false, bytes_max: None }
    }
}

/// The store in a data folder.
#[derive(Debug)]
pub struct Store;

impl Store {
    /// Opens the store for writing and reading, making folder and file where they are missing. Refused while another
    /// process writes.
    pub async fn open(folder: &Path, options: &StoreOptions) -> Result<(SqliteWriter, SqliteReader), OpenError> {
        let lock = lock_folder(folder)?;
        let path = folder.join(FILE_NAME);
        let mut connection = connect_for_writing(&path, options).await?;
        migrate(&mut connection, &path, options).await?;
        let reader = SqliteReader::new(read_pool(&path)?, options.k);
        Ok((SqliteWriter::new(connection, options.k, lock), reader))
    }

    /// Opens the store for reading only, also while another process writes.
    pub async fn open_reader(folder: &Path, k: K) -> Result<SqliteReader, OpenError> {
        let path = folder.join(FILE_NAME);
        if !path.is_file() {
            return Err(OpenError::Missing { folder: folder.to_owned() });
        }
        let pool = read_pool(&path)?;
        let mut connection = pool.acquire().await.map_err(|error| OpenError::from_sqlx(&path, error))?;
        let found = schema_version(&mut connection, &path).await?;
        drop(connection);
        if found < SCHEMA_VERSION {
            return Err(OpenError::Older { path, found, known: SCHEMA_VERSION });
        }
        Ok(SqliteReader::new(pool, k))
    }
}

fn lock_folder(folder: &Path) -> Result<File, OpenError> {
    std::fs::create_dir_all(folder).map_err(|source| OpenError::from_io(folder, source))?;
    let path = folder.join(LOCK_FILE_NAME);
    let lock = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(|source| OpenError::from_io(folder, source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(OpenError::Folder { folder: folder.to_owned(), source }),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(BUSY_SECONDS))
        .foreign_keys(false)
        // Statements are fixed; their text says nothing, and bound values must not reach a log.
        .disable_statement_logging()
}

pub(super) async fn connect_for_writing(path: &Path, wanted: &StoreOptions) -> Result<SqliteConnection, OpenError> {
    let pages_max = wanted.bytes_max.map_or(0xffff_fffe, |bytes| (bytes / u64::from(PAGE_BYTES)).clamp(1, 0xffff_fffe));
    let mut connection = options(path)
        .create_if_missing(true)
        .page_size(PAGE_BYTES)
        .pragma("max_page_count", pages_max.to_string())
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode: a power cut may lose the last commits and never damages the file. Windows that were lost are
        // released again, with the same numbers.
        .synchronous(SqliteSynchronous::Normal)
        // A commit writes to the ends of a few dozen ranges. More would fill for an hour, and commits are no faster.
        .pragma("cache_size", "-24576")
        .pragma("wal_autocheckpoint", "2000")
        .pragma("journal_size_limit", "67108864")
        .pragma("temp_store", "memory")
        .connect()
        .await
        .map_err(|error| OpenError::from_sqlx(path, error))?;
    // A database that may only be read opens without complaint; ask.
    let readonly = sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut connection).await;
    readonly.map_err(|error| OpenError::from_sqlx(path, error))?;
    Ok(connection)
}

fn read_pool(path: &Path) -> Result<sqlx::SqlitePool, OpenError> {
    let options = options(path).read_only(true).pragma("cache_size", "-16384").pragma("temp_store", "memory");
    if !path.exists() {
        return Err(OpenError::Missing { folder: path.parent().map_or_else(PathBuf::new, Path::to_owned) });
    }
    Ok(SqlitePoolOptions::new()
        .max_connections(READ_CONNECTIONS_MAX)
        .acquire_timeout(Duration::from_secs(BUSY_SECONDS))
        .connect_lazy_with(options))
}

async fn pragma(connection: &mut SqliteConnection, sql: &'static str, path: &Path) -> Result<i64, OpenError> {
    sqlx::query_scalar(sql).fetch_one(connection).await.map_err(|error| OpenError::from_sqlx(path, error))
}

/// The schema version of one of our files; 0 for an empty one.
pub(super) async fn schema_version(connection: &mut SqliteConnection, path: &Path) -> Result<i64, OpenError> {
    let id = pragma(connection, "PRAGMA application_id", path).await?;
    let found = pragma(connection, "PRAGMA user_version", path).await?;
    let tables = pragma(connection, "SELECT count(*) FROM sqlite_schema", path).await?;
    if id != APPLICATION_ID && (id != 0 || found != 0 || tables != 0) {
        return Err(OpenError::NotAStore { path: path.to_owned() });
    }
    if found > SCHEMA_VERSION {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: SCHEMA_VERSION });
    }
    Ok(found)
}

pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    path: &Path,
    options: &StoreOptions,
) -> Result<(), OpenError> {
    let failed = |error| OpenError::from_sqlx(path, error);
    let found = schema_version(connection, path).await?;
    if found < SCHEMA_VERSION {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        for (index, sql) in MIGRATIONS.iter().enumerate().skip(found as usize) {
            sqlx::raw_sql(*sql).execute(&mut *transaction).await.map_err(failed)?;
            tracing::info!(version = index + 1, "the store's schema was brought up to date");
        }
        let stamp = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(stamp)).execute(&mut *transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
    }
    for (key, value) in
        [("created_by", options.version.as_str()), ("simulated", if options.simulated { "true" } else { "false" })]
    {
        sqlx::query("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(key)
            .bind(value)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    if options.simulated {
        // Once simulated rows may be among them, the file stays marked.
        sqlx::query("UPDATE meta SET value = 'true' WHERE key = 'simulated' AND value <> 'true'")
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}
