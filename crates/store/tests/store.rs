//! What the store promises, one promise a test.

mod common;

use common::*;
use groundswell_gate::{CandidateCell, Dimension, Gate, K, VolumeCandidate};
use groundswell_sketch::{Step, Window};
use groundswell_store::{
    Cursor, FILE_NAME, FileRead, OpenError, Pruned, ReleaseBatch, ReleaseWriter as _, ReleasedReader as _, Retention,
    SCHEMA_VERSION, Store, StoreOptions, VolumeQuery, WatchRecord, WatchStore, WatchStoreError, WriteError,
};
use sqlx::Connection as _;

fn watches(n: i64, cells: &[(&str, u64, u64)]) -> ReleaseBatch {
    batch(released(Dimension::Watch, minute(n), cells))
}

#[tokio::test]
async fn what_is_committed_is_read_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let mut rows = Vec::new();
    for n in 0..3 {
        rows.extend(released(Dimension::Hashtag, minute(n), &[("a", 12, 10), ("b", 30, 20), ("c", 14, 11)]));
    }
    let all = batch(rows);
    assert_eq!(writer.commit(&all).await.unwrap(), counts(9, 0, 0));

    let mut query = VolumeQuery { limit: 4, ..VolumeQuery::new(Dimension::Hashtag, Step::Minute) };
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page = reader.volumes(&query).await.unwrap();
        seen.extend(page.items);
        pages += 1;
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!((pages, &seen), (3, &all.rows));

    // `to` is exclusive, `from` inclusive.
    let some = VolumeQuery {
        from: Some(minute(1).start),
        to: Some(minute(2).start),
        ..VolumeQuery::new(Dimension::Hashtag, Step::Minute)
    };
    assert_eq!(lines(&reader.volumes(&some).await.unwrap().items), ["1 a 12 10", "1 b 30 20", "1 c 14 11"]);
    let one = VolumeQuery { value: Some("b".to_owned()), ..VolumeQuery::new(Dimension::Hashtag, Step::Minute) };
    assert_eq!(lines(&reader.volumes(&one).await.unwrap().items), ["0 b 30 20", "1 b 30 20", "2 b 30 20"]);
    let after = VolumeQuery { after: Some(Cursor { start: minute(1).start, value: "b".to_owned() }), ..one };
    assert_eq!(lines(&reader.volumes(&after).await.unwrap().items), ["2 b 30 20"]);

    assert_eq!(lines(&reader.top(Dimension::Hashtag, minute(1), 2).await.unwrap()), ["1 b 30 20", "1 c 14 11"]);
    let series = reader
        .series(Dimension::Hashtag, Step::Minute, &["c".to_owned(), "a".to_owned()], minute(1).start, minute(3).start)
        .await
        .unwrap();
    assert_eq!(lines(&series), ["1 c 14 11", "2 c 14 11", "1 a 12 10", "2 a 12 10"]);
    assert_eq!(reader.latest_window(Step::Minute).await.unwrap(), Some(minute(2)));
    assert_eq!(reader.latest_window(Step::Day).await.unwrap(), None);
    assert_eq!(reader.windows(Step::Minute).await.unwrap(), Some((minute(0), minute(2))));
    assert!(reader.window_closed(minute(1)).await.unwrap());
    assert!(!reader.window_closed(minute(3)).await.unwrap());
}

#[tokio::test]
async fn quiet_watches_are_shown_as_held_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    for n in 0..3 {
        let loud = if n == 1 { 12 } else { 3 };
        let rows = watches(n, &[("flood", loud, loud), ("heat", 20, 20), ("none", 0, 0)]);
        assert_eq!(writer.commit(&rows).await.unwrap(), counts(3, 0, 0));
        assert_eq!(writer.commit(&rows).await.unwrap(), counts(0, 3, 0));
    }
    let mut query = VolumeQuery { limit: 2, ..VolumeQuery::new(Dimension::Watch, Step::Minute) };
    let mut seen = Vec::new();
    loop {
        let page = reader.volumes(&query).await.unwrap();
        seen.extend(lines(&page.items));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(
        seen,
        [
            "0 flood -",
            "0 heat 20 20",
            "0 none -",
            "1 flood 12 12",
            "1 heat 20 20",
            "1 none -",
            "2 flood -",
            "2 heat 20 20",
            "2 none -"
        ]
    );
    let one = VolumeQuery { value: Some("flood".to_owned()), ..VolumeQuery::new(Dimension::Watch, Step::Minute) };
    assert_eq!(lines(&reader.volumes(&one).await.unwrap().items), ["0 flood -", "1 flood 12 12", "2 flood -"]);
    assert_eq!(lines(&reader.top(Dimension::Watch, minute(1), 9).await.unwrap()), ["1 heat 20 20", "1 flood 12 12"]);
}

#[tokio::test]
async fn what_was_held_back_stays_held_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    writer.commit(&watches(0, &[("flood", 3, 3), ("heat", 20, 20)])).await.unwrap();
    // The same window with other numbers, and with one more watch.
    let again = watches(0, &[("flood", 15, 15), ("heat", 2, 2), ("storm", 11, 11)]);
    assert_eq!(writer.commit(&again).await.unwrap(), counts(1, 0, 2));
    assert_eq!(writer.commit(&again).await.unwrap(), counts(0, 1, 2));
    let page = reader.volumes(&VolumeQuery::new(Dimension::Watch, Step::Minute)).await.unwrap();
    assert_eq!(lines(&page.items), ["0 flood -", "0 heat 20 20", "0 storm 11 11"]);
    // Likewise the total.
    writer.commit(&batch(released(Dimension::Total, minute(0), &[("all", 9, 9)]))).await.unwrap();
    let louder = batch(released(Dimension::Total, minute(0), &[("all", 90, 90)]));
    assert_eq!(writer.commit(&louder).await.unwrap(), counts(0, 0, 1));
    let page = reader.volumes(&VolumeQuery::new(Dimension::Total, Step::Minute)).await.unwrap();
    assert_eq!(lines(&page.items), ["0 all -"]);
}

#[tokio::test]
async fn what_was_released_first_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let cells: Vec<(String, u64, u64)> = (0..1_200).map(|n| (format!("tag{n:04}"), 12, 10)).collect();
    let refer = |cells: &[(String, u64, u64)]| {
        let cells: Vec<(&str, u64, u64)> = cells.iter().map(|(v, p, a)| (v.as_str(), *p, *a)).collect();
        batch(released(Dimension::Hashtag, minute(0), &cells))
    };
    assert_eq!(writer.commit(&refer(&cells[..1_100])).await.unwrap(), counts(1_100, 0, 0));
    let mut other = cells.clone();
    other[7].1 = 99;
    assert_eq!(writer.commit(&refer(&other)).await.unwrap(), counts(100, 1_099, 1));
    let top = reader.top(Dimension::Hashtag, minute(0), 1).await.unwrap();
    assert_eq!(lines(&top), ["0 tag0000 12 10"]);
}

#[tokio::test]
async fn k_is_asserted_on_the_way_in() {
    let folder = tempfile::tempdir().unwrap();
    let strict = StoreOptions { k: K::new(20).unwrap(), ..options() };
    let (mut writer, reader) = Store::open(folder.path(), &strict).await.unwrap();
    let rows = released(Dimension::Hashtag, minute(0), &[("a", 30, 30), ("b", 12, 12)]);
    let error = writer.commit(&batch(rows)).await.unwrap_err();
    assert!(matches!(error, WriteError::NotReleasable(_)), "{error}");
    assert_eq!(
        error.to_string(),
        "defect: a stored row of dimension hashtag rests on fewer than 20 authors; nothing of its batch was stored"
    );
    assert_eq!(reader.latest_window(Step::Minute).await.unwrap(), None);
}

#[tokio::test]
async fn a_name_comes_out_with_its_proof_and_not_without() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let named = CandidateCell { name_publishers: Some(3), ..cell("public figure", 30, 12) };
    let candidate = VolumeCandidate { window: minute(0), dimension: Dimension::Term, cells: vec![named] };
    writer.commit(&batch(Gate::exact(K::DEFAULT).release(candidate))).await.unwrap();
    let query = VolumeQuery::new(Dimension::Term, Step::Minute);
    assert_eq!(lines(&reader.volumes(&query).await.unwrap().items), ["0 public figure 30 12"]);
    for (name, since, shown) in [("public figure", 0, true), ("public figure", 1, false), ("private figure", 0, false)]
    {
        assert_eq!(reader.name_was_shown(name, minute(since).start).await.unwrap(), shown, "{name} {since}");
    }
    let mut connection = connect(folder.path()).await;
    let fewer = sqlx::raw_sql("UPDATE volumes SET name_publishers = 2").execute(&mut connection).await;
    assert!(fewer.is_err(), "the schema refuses fewer");
    sqlx::raw_sql("UPDATE volumes SET name_publishers = NULL").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert!(reader.volumes(&query).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_raised_k_holds_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    writer.commit(&watches(0, &[("flood", 12, 12), ("heat", 20, 20)])).await.unwrap();
    writer.commit(&batch(released(Dimension::Term, minute(0), &[("x", 12, 12), ("y", 20, 20)]))).await.unwrap();
    reader.close().await;
    let reader = Store::open_reader(folder.path(), K::new(15).unwrap()).await.unwrap();
    let page = reader.volumes(&VolumeQuery::new(Dimension::Watch, Step::Minute)).await.unwrap();
    assert_eq!(lines(&page.items), ["0 flood -", "0 heat 20 20"]);
    let page = reader.volumes(&VolumeQuery::new(Dimension::Term, Step::Minute)).await.unwrap();
    assert_eq!(lines(&page.items), ["0 y 20 20"]);
    assert_eq!(lines(&reader.top(Dimension::Watch, minute(0), 9).await.unwrap()), ["0 heat 20 20"]);
}

#[tokio::test]
async fn a_batch_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    // The schema's own check refuses what no gate would let through; make one row of a batch meet it.
    let mut connection = connect(folder.path()).await;
    sqlx::raw_sql(
        "CREATE TRIGGER refuse BEFORE INSERT ON volumes WHEN new.value = 'z' \
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let mut all = watches(0, &[("flood", 12, 12)]);
    all.rows.extend(released(Dimension::Term, minute(0), &[("a", 12, 12), ("z", 12, 12)]));
    all.files.push(FileRead { fingerprint: [7; 32], bytes: 1, finished_at: 0 });
    writer.commit(&all).await.unwrap_err();
    assert_eq!(reader.latest_window(Step::Minute).await.unwrap(), None);
    assert!(!reader.file_was_read(&[7; 32]).await.unwrap());
    let page = reader.volumes(&VolumeQuery::new(Dimension::Watch, Step::Minute)).await.unwrap();
    assert!(page.items.is_empty());
    // And the writer goes on.
    sqlx::raw_sql("DROP TRIGGER refuse").execute(&mut connection).await.unwrap();
    assert_eq!(writer.commit(&all).await.unwrap(), counts(3, 0, 0));
    assert!(reader.file_was_read(&[7; 32]).await.unwrap());
    assert!(reader.file_of_size_was_read(1).await.unwrap());
    assert!(!reader.file_of_size_was_read(2).await.unwrap());
    let page = reader.volumes(&VolumeQuery::new(Dimension::Watch, Step::Minute)).await.unwrap();
    assert_eq!(lines(&page.items), ["0 flood 12 12"]);
}

#[tokio::test]
async fn the_schema_itself_refuses_less_than_the_floor() {
    let folder = tempfile::tempdir().unwrap();
    let (_writer, _reader) = Store::open(folder.path(), &options()).await.unwrap();
    let mut connection = connect(folder.path()).await;
    let insert = "INSERT INTO volumes VALUES (9, 0, 0, 'x', 9, 4, 0)";
    assert!(sqlx::query(insert).execute(&mut connection).await.is_err());
}

#[tokio::test]
async fn old_minutes_are_dropped_and_hours_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let hour = Window::containing(Step::Hour, minute(0).start);
    let mut rows = released(Dimension::Term, minute(0), &[("a", 12, 12)]);
    rows.extend(released(Dimension::Term, minute(1), &[("a", 12, 12)]));
    rows.extend(released(Dimension::Watch, minute(0), &[("quiet", 0, 0)]));
    rows.extend(released(Dimension::Term, hour, &[("a", 24, 12)]));
    rows.extend(released(Dimension::Term, minute(1_440), &[("a", 12, 12)]));
    writer.commit(&batch(rows)).await.unwrap();
    let day = Retention { minutes_days: 1, ..Retention::FOR_EVER };
    assert_eq!(writer.prune(&day).await.unwrap(), Pruned { minutes: 1, detections: 0 });
    let page = reader.volumes(&VolumeQuery::new(Dimension::Term, Step::Minute)).await.unwrap();
    assert_eq!(lines(&page.items), ["1 a 12 12", "1440 a 12 12"]);
    let page = reader.volumes(&VolumeQuery::new(Dimension::Term, Step::Hour)).await.unwrap();
    assert_eq!(lines(&page.items), ["0 a 24 12"]);
    assert!(reader.volumes(&VolumeQuery::new(Dimension::Watch, Step::Minute)).await.unwrap().items.is_empty());
    assert_eq!(writer.prune(&day).await.unwrap(), Pruned::default());
}

#[tokio::test]
async fn only_one_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let marks = writer.clone();
    assert!(matches!(Store::open(folder.path(), &options()).await, Err(OpenError::Locked { .. })));
    // Reading goes on beside it, and so does the register of watches.
    Store::open_reader(folder.path(), K::DEFAULT).await.unwrap().ping().await.unwrap();
    let mut register = WatchStore::open(folder.path(), &options()).await.unwrap();
    assert!(register.list().await.unwrap().is_empty());
    drop((writer, reader));
    assert!(matches!(Store::open(folder.path(), &options()).await, Err(OpenError::Locked { .. })));
    drop(marks);
    Store::open(folder.path(), &options()).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let shown = |error: OpenError| error.to_string().replace(&path.display().to_string(), "DIR");

    let error = Store::open_reader(path, K::DEFAULT).await.unwrap_err();
    assert_eq!(shown(error), "DIR: there is no store here yet; `groundswell run` or `groundswell replay` makes one");

    std::fs::write(path.join(FILE_NAME), "a letter, not a database. ".repeat(500)).unwrap();
    let error = Store::open(path, &options()).await.unwrap_err();
    assert_eq!(
        shown(error),
        "DIR/groundswell.sqlite: not a Groundswell store; move it away, or choose another folder with --data"
    );

    // Someone else's database.
    std::fs::remove_file(path.join(FILE_NAME)).unwrap();
    let other = sqlx::sqlite::SqliteConnectOptions::new().filename(path.join(FILE_NAME)).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&other).await.unwrap();
    sqlx::raw_sql("CREATE TABLE notes (text)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert!(matches!(Store::open(path, &options()).await, Err(OpenError::NotAStore { .. })));
    assert!(matches!(Store::open_reader(path, K::DEFAULT).await, Err(OpenError::NotAStore { .. })));

    // A later schema.
    std::fs::remove_file(path.join(FILE_NAME)).unwrap();
    drop(Store::open(path, &options()).await.unwrap());
    let mut connection = connect(path).await;
    sqlx::raw_sql("PRAGMA user_version = 999").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let error = Store::open(path, &options()).await.unwrap_err();
    assert_eq!(
        shown(error),
        format!(
            "DIR/groundswell.sqlite: written by a newer groundswell (schema 999, this one knows up to {SCHEMA_VERSION}); \
             use that version or a newer one"
        )
    );

    // A file in the folder's place.
    let file = path.join("file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&file, &options()).await.unwrap_err();
    assert_eq!(shown(error), "DIR/file: the data folder could not be made");
}

#[tokio::test]
async fn a_full_disk_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    // SQLite's own bound on the file's size answers as a full disk does.
    let small = StoreOptions { bytes_max: Some(400_000), ..options() };
    let (mut writer, reader) = Store::open(folder.path(), &small).await.unwrap();
    let cells: Vec<String> = (0..60_000).map(|n| format!("a-rather-long-value-number-{n:06}")).collect();
    let cells: Vec<(&str, u64, u64)> = cells.iter().map(|value| (value.as_str(), 12, 12)).collect();
    let error = writer.commit(&batch(released(Dimension::Term, minute(0), &cells))).await.unwrap_err();
    assert_eq!(error.to_string(), "the disk is full; make room and start again, nothing that was committed is lost");
    assert_eq!(reader.latest_window(Step::Minute).await.unwrap(), None);
}

#[tokio::test]
async fn old_files_open() {
    // Fixtures of schemas that were in use; each is what its migration makes, with one row.
    for (name, version) in [("schema-1.sql", 1)] {
        let folder = tempfile::tempdir().unwrap();
        let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        let sql = std::fs::read_to_string(&fixture).unwrap();
        let create =
            sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join(FILE_NAME)).create_if_missing(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&create).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();

        let error = Store::open_reader(folder.path(), K::DEFAULT).await.unwrap_err();
        assert!(matches!(error, OpenError::Older { found, .. } if found == version), "{error}");
        let (_writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
        let page = reader.volumes(&VolumeQuery::new(Dimension::Hashtag, Step::Minute)).await.unwrap();
        assert_eq!(lines(&page.items), ["0 flood 14 12"]);
        let mut register = WatchStore::open(folder.path(), &options()).await.unwrap();
        register.add(&watch("river")).await.unwrap();
    }
}

fn watch(name: &str) -> WatchRecord {
    WatchRecord {
        name: name.to_owned(),
        query: "flood* AND river".to_owned(),
        category: "crisis-response".to_owned(),
        sentence: "See where flooding is discussed.".to_owned(),
        created: 1,
        sunset: 2,
        removed_at: None,
    }
}

#[tokio::test]
async fn the_register_of_watches() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = WatchStore::open(folder.path(), &options()).await.unwrap();
    register.add(&watch("river")).await.unwrap();
    register.add(&watch("coast")).await.unwrap();
    let error = register.add(&watch("river")).await.unwrap_err();
    assert_eq!(error.to_string(), "river: a watch of this name exists; `groundswell watch remove` ends it");
    // Renewed or changed it is made anew, in the place of what it was.
    let other = WatchRecord { query: "lake".to_owned(), created: 4, sunset: 9, ..watch("river") };
    register.change(&other).await.unwrap();
    assert_eq!(register.show("river").await.unwrap(), other);
    assert_eq!(register.list().await.unwrap().len(), 2);
    register.remove("river", 5).await.unwrap();
    assert!(matches!(register.show("river").await, Err(WatchStoreError::Unknown { .. })));
    assert!(matches!(register.remove("river", 5).await, Err(WatchStoreError::Unknown { .. })));
    assert!(matches!(register.change(&watch("nobody")).await, Err(WatchStoreError::Unknown { .. })));
    assert!(matches!(register.show("nobody").await, Err(WatchStoreError::Unknown { .. })), "and none was made");
    // The name is free again.
    register.add(&watch("river")).await.unwrap();
    let names: Vec<String> = register.list().await.unwrap().into_iter().map(|watch| watch.name).collect();
    assert_eq!(names, ["coast", "river"]);
}

#[tokio::test]
async fn simulated_rows_leave_a_mark() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    assert!(!reader.is_simulated().await.unwrap());
    drop((writer, reader));
    let simulated = StoreOptions { simulated: true, ..options() };
    drop(Store::open(folder.path(), &simulated).await.unwrap());
    let (_writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    assert!(reader.is_simulated().await.unwrap());
}
