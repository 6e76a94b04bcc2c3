//! Reads released tables; several connections, none of which can write.

use groundswell_gate::{
    AmplificationRow, BurstRow, Coverage, CoverageGap, DetectionRow, Dimension, FeedEntry, FeedMarks, Figures, Gate, K,
    NarrativeEvent, NarrativeRow, NotReleasable, Released, ToneRow, VolumeRow, readmit,
};
use groundswell_sketch::{Step, Window};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};

use crate::codes::{dimension_code, step_code};
use crate::model::PAGE_ROWS_MAX;
use crate::{
    AmplificationQuery, BurstQuery, CoverageQuery, Cursor, DetectionQuery, Entered, FeedItem, FeedSelection,
    Fingerprint, NarrativeEventQuery, NarrativeQuery, Page, ReadError, ReleasedReader, ToneQuery, Trial, VolumeQuery,
};

/// A reader of released tables. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct SqliteReader {
    pool: SqlitePool,
    k: K,
}

/// Columns that [`SqliteReader::admit`] reads, in this order.
const BY_ROW: &str = "SELECT start, value, posts, authors, publisher_only, name_publishers FROM volumes \
     WHERE dimension = ?1 AND step = ?2 AND start >= ?3 AND start < ?4 AND (start, value) > (?5, ?6) \
     ORDER BY start, value LIMIT ?7";

/// One value: one look-up in each closed window.
const BY_ROW_OF_VALUE: &str = "SELECT w.start, v.value, v.posts, v.authors, v.publisher_only, v.name_publishers FROM windows_released w \
     CROSS JOIN volumes v ON v.dimension = ?1 AND v.step = w.step AND v.start = w.start AND v.value = ?8 \
     WHERE w.step = ?2 AND w.start >= ?3 AND w.start < ?4 AND (w.start, v.value) > (?5, ?6) \
     ORDER BY w.start LIMIT ?7";

/// Watches that were asked for, with or without numbers.
const BY_WATCH: &str = "SELECT w.start, a.value, v.posts, v.authors, v.publisher_only, v.name_publishers FROM windows_asked w \
     CROSS JOIN asked a ON a.set_id = w.set_id \
     LEFT JOIN volumes v ON v.dimension = ?1 AND v.step = w.step AND v.start = w.start AND v.value = a.value \
     WHERE w.step = ?2 AND w.start >= ?3 AND w.start < ?4 AND (w.start, a.value) > (?5, ?6) \
     ORDER BY w.start, a.value LIMIT ?7";

const BY_WATCH_OF_VALUE: &str = "SELECT w.start, a.value, v.posts, v.authors, v.publisher_only, v.name_publishers FROM windows_asked w \
     CROSS JOIN asked a ON a.set_id = w.set_id AND a.value = ?8 \
     LEFT JOIN volumes v ON v.dimension = ?1 AND v.step = w.step AND v.start = w.start AND v.value = a.value \
     WHERE w.step = ?2 AND w.start >= ?3 AND w.start < ?4 AND (w.start, a.value) > (?5, ?6) \
     ORDER BY w.start LIMIT ?7";

const TOP: &str = "SELECT start, value, posts, authors, publisher_only, name_publishers FROM volumes \
     WHERE dimension = ?1 AND step = ?2 AND start = ?3 AND posts IS NOT NULL ORDER BY posts DESC, value LIMIT ?4";

const SERIES: &str = "SELECT w.start, v.value, v.posts, v.authors, v.publisher_only, v.name_publishers FROM windows_released w \
     CROSS JOIN volumes v ON v.dimension = ?1 AND v.step = w.step AND v.start = w.start AND v.value = ?5 \
     WHERE w.step = ?2 AND w.start >= ?3 AND w.start < ?4 AND v.posts IS NOT NULL ORDER BY w.start";

/// One look-up a window and spelling, latest windows first.
const NAME_SHOWN: &str = "SELECT 1 FROM windows_released w \
     CROSS JOIN volumes v ON v.dimension IN (?1, ?2) AND v.step = w.step AND v.start = w.start AND v.value IN (?3, ?4) \
     WHERE w.start >= ?5 AND v.name_publishers IS NOT NULL LIMIT 1";

impl SqliteReader {
    pub(super) fn new(pool: SqlitePool, k: K) -> Self {
        Self { pool, k }
    }

    /// Whether any of the store's rows may be simulated.
    pub async fn is_simulated(&self) -> Result<bool, ReadError> {
        let value: Option<String> =
            sqlx::query_scalar("SELECT value FROM meta WHERE key = 'simulated'").fetch_optional(&self.pool).await?;
        Ok(value.as_deref() == Some("true"))
    }

    /// Whether a file of this content was read to the end before.
    pub async fn file_was_read(&self, fingerprint: &Fingerprint) -> Result<bool, ReadError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM files_read WHERE fingerprint = ?")
            .bind(fingerprint.to_vec())
            .fetch_one(&self.pool)
            .await?;
        Ok(count > 0)
    }

    /// Whether a file of this size was read to the end before. If not, nobody needs its fingerprint.
    pub async fn file_of_size_was_read(&self, bytes: u64) -> Result<bool, ReadError> {
        let Ok(bytes) = i64::try_from(bytes) else { return Ok(false) };
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM files_read WHERE bytes = ?")
            .bind(bytes)
            .fetch_one(&self.pool)
            .await?;
        Ok(count > 0)
    }

    /// Whether the gate let a name through in a window that begins at or after a second: as a term, its words parted by spaces, or
    /// run together as a term or a hashtag.
    pub async fn name_was_shown(&self, name: &str, since_unix: i64) -> Result<bool, ReadError> {
        let shown = sqlx::query_scalar::<_, i64>(NAME_SHOWN)
            .bind(dimension_code(Dimension::Term))
            .bind(dimension_code(Dimension::Hashtag))
            .bind(name)
            .bind(name.replace(' ', ""))
            .bind(since_unix)
            .fetch_optional(&self.pool)
            .await?;
        Ok(shown.is_some())
    }

    /// The first and the last closed window of a step.
    pub async fn windows(&self, step: Step) -> Result<Option<(Window, Window)>, ReadError> {
        // Two look-ups at the ends of the index; min and max together would walk all of it.
        let row = sqlx::query(
            "SELECT (SELECT min(start) FROM windows_released WHERE step = ?1), \
                    (SELECT max(start) FROM windows_released WHERE step = ?1)",
        )
        .bind(step_code(step))
        .fetch_one(&self.pool)
        .await?;
        let (first, last): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
        Ok(first.zip(last).map(|(first, last)| (Window { step, start: first }, Window { step, start: last })))
    }

    /// Lets go of all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Takes a row back through the gate. What rests on too few by a k that was raised since is held back now.
    fn admit(
        &self,
        dimension: Dimension,
        step: Step,
        row: &SqliteRow,
    ) -> Result<Option<Released<VolumeRow>>, ReadError> {
        let window = Window { step, start: row.try_get(0)? };
        let value: String = row.try_get(1)?;
        let (posts, authors): (Option<i64>, Option<i64>) = (row.try_get(2)?, row.try_get(3)?);
        let publisher_only = row.try_get::<Option<i64>, _>(4)? == Some(1);
        let name_publishers =
            row.try_get::<Option<i64>, _>(5)?.map(|publishers| u32::try_from(publishers).unwrap_or(0));
        let figures = match posts.zip(authors) {
            Some((posts, authors)) => Some(Figures {
                posts: u64::try_from(posts).map_err(|_| ReadError::Impossible)?,
                authors: u64::try_from(authors).map_err(|_| ReadError::Impossible)?,
            }),
            None => None,
        };
        let row = VolumeRow { window, dimension, value: value.clone(), figures, publisher_only, name_publishers };
        match readmit(row, self.k) {
            Ok(row) => Ok(Some(row)),
            Err(NotReleasable::BelowK { .. } | NotReleasable::NameNotCarried { .. }) => {
                Ok(Gate::suppressed(window, dimension, value))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl ReleasedReader for SqliteReader {
    async fn volumes(&self, query: &VolumeQuery) -> Result<Page<Released<VolumeRow>>, ReadError> {
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
        let sql = match (query.dimension, &query.value) {
            (Dimension::Watch, None) => BY_WATCH,
            (Dimension::Watch, Some(_)) => BY_WATCH_OF_VALUE,
            (_, None) => BY_ROW,
            (_, Some(_)) => BY_ROW_OF_VALUE,
        };
        let from = query.from.unwrap_or(i64::MIN);
        // The cursor narrows the range as well, so that the index is entered where the page begins.
        let after = query.after.as_ref();
        let from = after.map_or(from, |cursor| from.max(cursor.start));
        let mut statement = sqlx::query(sql)
            .bind(dimension_code(query.dimension))
            .bind(step_code(query.step))
            .bind(from)
            .bind(query.to.unwrap_or(i64::MAX))
            .bind(after.map_or(i64::MIN, |cursor| cursor.start))
            .bind(after.map_or("", |cursor| cursor.value.as_str()))
            .bind(limit as i64 + 1);
        if let Some(value) = &query.value {
            statement = statement.bind(value.as_str());
        }
        let rows = statement.fetch_all(&self.pool).await?;
        let next = match rows.get(limit) {
            Some(_) => {
                let last = &rows[limit - 1];
                Some(Cursor { start: last.try_get(0)?, value: last.try_get(1)? })
            }
            None => None,
        };
        let mut items: Vec<Released<VolumeRow>> = Vec::with_capacity(rows.len().min(limit));
        for row in rows.iter().take(limit) {
            if let Some(item) = self.admit(query.dimension, query.step, row)? {
                // A watch may stand in several sets of the same window.
                let repeated = items.last().is_some_and(|last| last.window == item.window && last.value == item.value);
                if !repeated {
                    items.push(item);
                }
            }
        }
        Ok(Page { items, next })
    }

    async fn top(
        &self,
        dimension: Dimension,
        window: Window,
        limit: usize,
    ) -> Result<Vec<Released<VolumeRow>>, ReadError> {
        let rows = sqlx::query(TOP)
            .bind(dimension_code(dimension))
            .bind(step_code(window.step))
            .bind(window.start)
            .bind(limit.min(PAGE_ROWS_MAX) as i64)
            .fetch_all(&self.pool)
            .await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            items.extend(self.admit(dimension, window.step, row)?.filter(|row| row.figures.is_some()));
        }
        Ok(items)
    }

    async fn series(
        &self,
        dimension: Dimension,
        step: Step,
        values: &[String],
        from: i64,
        to: i64,
    ) -> Result<Vec<Released<VolumeRow>>, ReadError> {
        let mut connection = self.pool.acquire().await?;
        let mut items = Vec::new();
        for value in values {
            let rows = sqlx::query(SERIES)
                .bind(dimension_code(dimension))
                .bind(step_code(step))
                .bind(from)
                .bind(to)
                .bind(value.as_str())
                .fetch_all(&mut *connection)
                .await?;
            for row in rows.iter().take(PAGE_ROWS_MAX) {
                items.extend(self.admit(dimension, step, row)?.filter(|row| row.figures.is_some()));
            }
        }
        Ok(items)
    }

    async fn tone(&self, query: &ToneQuery) -> Result<Page<Released<ToneRow>>, ReadError> {
        super::tone::list(&self.pool, self.k, query).await
    }

    async fn latest_window(&self, step: Step) -> Result<Option<Window>, ReadError> {
        let start: Option<i64> = sqlx::query_scalar("SELECT max(start) FROM windows_released WHERE step = ?")
            .bind(step_code(step))
            .fetch_one(&self.pool)
            .await?;
        Ok(start.map(|start| Window { step, start }))
    }

    async fn window_closed(&self, window: Window) -> Result<bool, ReadError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM windows_released WHERE step = ? AND start = ?")
            .bind(step_code(window.step))
            .bind(window.start)
            .fetch_one(&self.pool)
            .await?;
        Ok(count > 0)
    }

    async fn narratives(&self, query: &NarrativeQuery) -> Result<Page<Released<NarrativeRow>>, ReadError> {
        super::narratives::list(&self.pool, self.k, query).await
    }

    async fn amplifications(&self, query: &AmplificationQuery) -> Result<Page<Released<AmplificationRow>>, ReadError> {
        super::amplifications::list(&self.pool, self.k, query).await
    }

    async fn narrative_events(&self, query: &NarrativeEventQuery) -> Result<Page<Released<NarrativeEvent>>, ReadError> {
        super::narratives::events(&self.pool, self.k, query).await
    }

    async fn bursts(&self, query: &BurstQuery) -> Result<Page<Released<BurstRow>>, ReadError> {
        super::bursts::list(&self.pool, self.k, query).await
    }

    async fn detections(&self, query: &DetectionQuery) -> Result<Page<Released<DetectionRow>>, ReadError> {
        super::detections::list(&self.pool, self.k, query).await
    }

    async fn feeds(&self) -> Result<Vec<Released<FeedEntry>>, ReadError> {
        super::detections::feeds(&self.pool).await
    }

    async fn feed_newest(&self, feed: &str, limit: usize) -> Result<Option<Vec<FeedItem>>, ReadError> {
        super::detections::newest(&self.pool, self.k, feed, limit.min(PAGE_ROWS_MAX)).await
    }

    async fn detections_total(&self, query: &DetectionQuery) -> Result<u64, ReadError> {
        super::detections::total(&self.pool, self.k, query).await
    }

    async fn detections_since(&self, feed: Option<&str>, place: u64, limit: usize) -> Result<Vec<FeedItem>, ReadError> {
        super::detections::since(&self.pool, self.k, feed, place, limit.min(PAGE_ROWS_MAX)).await
    }

    async fn entered_since(&self, place: u64, limit: usize) -> Result<Vec<Entered>, ReadError> {
        super::detections::entered(&self.pool, self.k, place, limit.min(PAGE_ROWS_MAX)).await
    }

    async fn place_in_feed(&self, feed: &str, id: &str) -> Result<Option<u64>, ReadError> {
        super::detections::place_of(&self.pool, feed, id).await
    }

    async fn last_place(&self) -> Result<u64, ReadError> {
        super::detections::last_place(&self.pool).await
    }

    async fn feed_marks(&self, feed: &str, id: &str) -> Result<Option<Released<FeedMarks>>, ReadError> {
        super::detections::marks(&self.pool, self.k, feed, id).await
    }

    async fn feed_trial(
        &self,
        selection: &FeedSelection,
        from: Option<i64>,
        to: Option<i64>,
        newest: usize,
    ) -> Result<Trial, ReadError> {
        super::trial::run(&self.pool, self.k, selection, (from, to), newest).await
    }

    async fn coverage(&self, query: &CoverageQuery) -> Result<Page<Released<Coverage>>, ReadError> {
        super::coverage::windows(&self.pool, self.k, query).await
    }

    async fn gaps(&self, from: i64, to: i64, source: Option<&str>) -> Result<Vec<Released<CoverageGap>>, ReadError> {
        super::coverage::gaps(&self.pool, from, to, source).await
    }

    async fn ping(&self) -> Result<(), ReadError> {
        sqlx::query("SELECT 1 FROM meta LIMIT 1").fetch_optional(&self.pool).await?;
        Ok(())
    }
}
