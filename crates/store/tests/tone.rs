//! What the store promises of tone.

mod common;

use common::*;
use groundswell_gate::{
    CandidateCell, Dimension, Gate, K, Outward as _, Released, TONE_CELLS, ToneRow, VolumeCandidate, tone_value,
};
use groundswell_sketch::{CellKey, Distinct, Step, Window};
use groundswell_store::{
    FILE_NAME, ReadError, ReleaseBatch, ReleaseWriter as _, ReleasedReader as _, Store, StoreOptions, ToneQuery,
};

fn hour(n: i64) -> Window {
    Window { step: Step::Hour, start: 1_474_588_800 + n * 3_600 }
}

/// Of each (watch, language, authors) three hundred posts.
fn tones(n: i64, of: &[(&str, &str, u64)]) -> Vec<Released<ToneRow>> {
    let cells = of
        .iter()
        .flat_map(|(watch, language, authors)| {
            let cell = |cell: Option<usize>, posts| CandidateCell {
                value: tone_value(watch, language, cell),
                posts,
                publisher_posts: 0,
                key: CellKey::default(),
                authors: Distinct::of_number(*authors),
                name_publishers: None,
            };
            [cell(None, 300), cell(Some(0), 150), cell(Some(TONE_CELLS - 1), 150)]
        })
        .collect();
    let candidate = VolumeCandidate { window: hour(n), dimension: Dimension::Tone, cells };
    Gate::exact(K::DEFAULT).release_tone(candidate, |_, _| Some([[0.5, 0.4, 0.6], [0.1, 0.0, 0.2], [0.4, 0.3, 0.5]]))
}

fn batch_of(n: i64, tones: Vec<Released<ToneRow>>) -> ReleaseBatch {
    ReleaseBatch { windows: vec![hour(n)], tones, ..ReleaseBatch::default() }
}

fn all() -> ToneQuery {
    ToneQuery { watch: None, from: None, to: None, after: None, limit: 1_000 }
}

fn lines(rows: &[Released<ToneRow>]) -> Vec<String> {
    let hours = |row: &ToneRow| (row.window.start - hour(0).start) / 3_600;
    rows.iter().map(|row| format!("{} {} {} {}", hours(row), row.watch, row.language, row.figures.authors)).collect()
}

#[tokio::test]
async fn what_is_committed_is_read_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let mut rows = Vec::new();
    for n in 0..3 {
        let released = tones(n, &[("floods", "en", 30), ("floods", "fr", 20), ("heat", "en", 15)]);
        writer.commit(&batch_of(n, released.clone())).await.unwrap();
        rows.extend(released);
    }
    for limit in [1, 2, 1_000] {
        let (mut query, mut seen) = (ToneQuery { limit, ..all() }, Vec::new());
        loop {
            let page = reader.tone(&query).await.unwrap();
            seen.extend(page.items);
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(seen, rows, "{limit}");
        let (mut query, mut seen) = (ToneQuery { watch: Some("floods".to_owned()), ..query }, Vec::new());
        loop {
            let page = reader.tone(&query).await.unwrap();
            seen.extend(page.items);
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        let floods: Vec<_> = rows.iter().filter(|row| row.watch == "floods").cloned().collect();
        assert_eq!(seen, floods, "{limit}");
    }
    let one = ToneQuery { from: Some(hour(1).start), to: Some(hour(2).start), ..all() };
    let page = reader.tone(&one).await.unwrap();
    assert_eq!(lines(&page.items), ["1 floods en 30", "1 floods fr 20", "1 heat en 15"]);
    assert!(page.items[0].to_json().contains(r#""negative":{"share":0.5,"low":0.4,"high":0.6}"#));
}

#[tokio::test]
async fn what_was_released_or_held_back_first_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    writer.commit(&batch_of(0, tones(0, &[("floods", "en", 30)]))).await.unwrap();
    // After a crash the hour comes again, with other numbers.
    writer.commit(&batch_of(0, tones(0, &[("floods", "en", 31), ("heat", "en", 31)]))).await.unwrap();
    assert_eq!(lines(&reader.tone(&all()).await.unwrap().items), ["0 floods en 30"]);
}

#[tokio::test]
async fn k_is_asserted_on_the_way_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    writer.commit(&batch_of(0, tones(0, &[("floods", "en", 30), ("heat", "en", 15)]))).await.unwrap();
    drop((writer, reader));
    let strict = StoreOptions { k: K::new(20).unwrap(), ..options() };
    let (mut writer, reader) = Store::open(folder.path(), &strict).await.unwrap();
    assert_eq!(lines(&reader.tone(&all()).await.unwrap().items), ["0 floods en 30"]);
    writer.commit(&batch_of(1, tones(1, &[("heat", "en", 15)]))).await.unwrap_err();
    assert_eq!(reader.latest_window(Step::Hour).await.unwrap(), Some(hour(0)), "nothing of the batch is there");
}

#[tokio::test]
async fn an_altered_file_gives_nothing_that_no_gate_released() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    writer.commit(&batch_of(0, tones(0, &[("floods", "en", 30)]))).await.unwrap();
    let mut connection = connect(folder.path()).await;
    sqlx::raw_sql("UPDATE tone SET negative = 51").execute(&mut connection).await.unwrap();
    assert!(reader.tone(&all()).await.unwrap().items.is_empty(), "{FILE_NAME}: shares that are none");
    sqlx::raw_sql("UPDATE tone SET negative = 700").execute(&mut connection).await.unwrap();
    assert!(matches!(reader.tone(&all()).await, Err(ReadError::Impossible)));
    assert!(sqlx::raw_sql("UPDATE tone SET authors = 4").execute(&mut connection).await.is_err());
}
