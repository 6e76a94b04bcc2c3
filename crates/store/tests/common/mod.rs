//! Rows as the gate releases them.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use groundswell_gate::{CandidateCell, Dimension, Gate, K, Released, VolumeCandidate, VolumeRow};
use groundswell_sketch::{CellKey, Distinct, Step, Window};
use groundswell_store::{Committed, ReleaseBatch, StoreOptions};

pub(crate) fn options() -> StoreOptions {
    StoreOptions { version: "test".to_owned(), ..StoreOptions::default() }
}

pub(crate) fn minute(n: i64) -> Window {
    Window { step: Step::Minute, start: 1_474_588_800 + 60 * n }
}

pub(crate) fn cell(value: &str, posts: u64, authors: u64) -> CandidateCell {
    let tokens: Vec<u64> = (0..authors).collect();
    let authors = Distinct::from_sorted_unique(&tokens);
    let key = CellKey::default();
    CandidateCell { value: value.to_owned(), posts, publisher_posts: 0, key, authors, name_publishers: None }
}

/// What the gate says about cells of `(value, posts, authors)`.
pub(crate) fn released(dimension: Dimension, window: Window, cells: &[(&str, u64, u64)]) -> Vec<Released<VolumeRow>> {
    released_at(K::DEFAULT, dimension, window, cells)
}

pub(crate) fn released_at(
    k: K,
    dimension: Dimension,
    window: Window,
    cells: &[(&str, u64, u64)],
) -> Vec<Released<VolumeRow>> {
    let cells = cells.iter().map(|(value, posts, authors)| cell(value, *posts, *authors)).collect();
    Gate::exact(k).release(VolumeCandidate { window, dimension, cells })
}

pub(crate) fn batch(rows: Vec<Released<VolumeRow>>) -> ReleaseBatch {
    ReleaseBatch { windows: rows.iter().map(|row| row.window).collect(), rows, ..ReleaseBatch::default() }
}

pub(crate) fn counts(inserted: u64, unchanged: u64, conflicting: u64) -> Committed {
    Committed { inserted, unchanged, conflicting, ..Committed::default() }
}

/// `minute value posts authors`, or `minute value -` where held back.
pub(crate) fn lines(rows: &[Released<VolumeRow>]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let minute = (row.window.start - 1_474_588_800) / 60;
            match row.figures {
                Some(figures) => format!("{minute} {} {} {}", row.value, figures.posts, figures.authors),
                None => format!("{minute} {} -", row.value),
            }
        })
        .collect()
}

/// A connection past the store, to do what it would not.
pub(crate) async fn connect(folder: &std::path::Path) -> sqlx::SqliteConnection {
    use sqlx::Connection as _;
    let file = folder.join(groundswell_store::FILE_NAME);
    sqlx::SqliteConnection::connect_with(&sqlx::sqlite::SqliteConnectOptions::new().filename(file)).await.unwrap()
}
