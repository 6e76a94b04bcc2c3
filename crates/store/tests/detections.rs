//! Detections, the feeds they go into, what editors do with them, and what is still to be delivered.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use groundswell_gate::{
    AnomalousHour, BurstCandidate, BurstExperience, BurstId, BurstMethod, BurstScale, BurstSubject, BurstType,
    DetectionKind, DetectionRow, Dimension, Gate, K, NarrativeBucket, NarrativeCandidate, NarrativeId,
    NarrativeLanguage, NarrativePart, NarrativeState, Outward as _, Released, Severity, SilenceCandidate, SubjectType,
};
use groundswell_sketch::CellKey;
use groundswell_store::{
    DetectionQuery, FEED_BACKFILL_MAX, FILE_NAME, FeedEdit, FeedError, FeedSelection, FeedStore, NOTES_MAX,
    OUTBOX_WAITING_MAX, Outbox, PINS_MAX, Pruned, Reader, Receiver, ReleaseBatch, ReleaseWriter as _,
    ReleasedReader as _, Retention, Store, StoreOptions, TRIAL_DAYS_MAX, Writer,
};

use common::options;

const START: i64 = 1_474_588_800;
const NOW: i64 = 1_800_000_000;

/// A story that grows, in a language, carried by so many.
fn detection(id: u64, language: &str, authors: u64) -> Released<DetectionRow> {
    let bucket = |n: i64| NarrativeBucket {
        start: START + n * 300,
        end: START + (n + 1) * 300,
        posts: if n < 3 { authors } else { 20 * authors },
        authors,
        key: CellKey::default(),
    };
    let part =
        |value: &str| NarrativePart { value: value.to_owned(), weight: 1.0, authors, name_like: false, publishers: 0 };
    let mut bits = groundswell_gate::AuthorBits::default();
    (0..1_000).for_each(|token| bits.insert(token));
    let candidate = NarrativeCandidate {
        id: NarrativeId(id),
        state: NarrativeState::Growing,
        as_of: START + 1_800 + 60 * id as i64,
        buckets: (0..6).map(bucket).collect(),
        authors,
        // So that half of it is recent, whichever minute it is told in.
        growth_minutes: 15 + id as i64,
        terms: vec![part("dam")],
        phrases: vec![part("dam failure")],
        hashtags: Vec::new(),
        domains: Vec::new(),
        languages: vec![NarrativeLanguage { value: language.to_owned(), posts: 100, authors: bits }],
        parents: Vec::new(),
        merged_into: None,
        related: Vec::new(),
    };
    let row = Gate::exact(K::DEFAULT).release_narrative(candidate).unwrap();
    Released::from_narrative(&row, 15 + id as i64).unwrap()
}

/// A burst as it stands: how many posts, how unlikely, and whether it is over.
fn burst(posts: u64, log10_q: f64, end: Option<i64>) -> Released<DetectionRow> {
    let subject =
        |authors| BurstSubject { kind: BurstType::Hashtag, value: "flood".to_owned(), authors, name_publishers: None };
    let candidate = BurstCandidate {
        id: BurstId::of(BurstType::Hashtag, "flood", START),
        detected_at: START + 300,
        as_of: START + 3_600,
        subject: subject(posts / 2),
        start: START,
        peak: START,
        end,
        scale: BurstScale::Minutes,
        from: START,
        to: START + 300,
        posts,
        key: CellKey::default(),
        expected: 2.0,
        expected_of_one: 0.01,
        shape: 10.0,
        method: BurstMethod::Recent,
        windows: 30,
        log10_q,
        log10_q_of_one: -0.1,
        experience: BurstExperience::default(),
        coverage: 1.0,
        related: Vec::new(),
    };
    Released::from_burst(&Gate::exact(K::DEFAULT).release_burst(candidate).unwrap(), [], None).unwrap()
}

fn batch(detections: Vec<Released<DetectionRow>>) -> ReleaseBatch {
    ReleaseBatch { detections, now: NOW, deliver: true, ..ReleaseBatch::default() }
}

fn query() -> DetectionQuery {
    DetectionQuery { limit: 100, ..DetectionQuery::default() }
}

struct Desk {
    folder: tempfile::TempDir,
    writer: Writer,
    reader: Reader,
    feeds: FeedStore,
    outbox: Outbox,
}

async fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let (writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let feeds = FeedStore::open(folder.path(), &options()).await.unwrap();
    let outbox = Outbox::open(folder.path(), &options()).await.unwrap();
    Desk { folder, writer, reader, feeds, outbox }
}

fn receiver(name: &str, feed: &str) -> Receiver {
    Receiver { name: name.to_owned(), feed: feed.to_owned() }
}

async fn ids(reader: &Reader, feed: &str) -> Vec<String> {
    let items = reader.feed_newest(feed, 100).await.unwrap().unwrap();
    items.into_iter().map(|item| item.row.id.clone()).collect()
}

#[tokio::test]
async fn a_detection_is_told_once_and_goes_where_it_belongs() {
    let mut desk = desk().await;
    let portuguese = FeedSelection { languages: vec!["pt".to_owned()], ..FeedSelection::default() };
    let bursts = FeedSelection { kinds: vec![DetectionKind::Burst], ..FeedSelection::default() };
    desk.feeds.add("portuguese", &portuguese, NOW).await.unwrap();
    desk.feeds.add("bursts", &bursts, NOW).await.unwrap();
    desk.outbox.register(&[receiver("desk", "portuguese"), receiver("all", "everything")], NOW).await.unwrap();
    let (one, two) = (detection(1, "pt", 20), detection(2, "en", 20));
    let committed = desk.writer.commit(&batch(vec![one.clone(), two.clone()])).await.unwrap();
    assert_eq!(committed.detections, 2);
    // The same again, as after a restart, changes nothing and is delivered to nobody again.
    assert_eq!(desk.writer.commit(&batch(vec![one.clone(), two])).await.unwrap().detections, 0);
    let page = desk.reader.detections(&query()).await.unwrap();
    assert_eq!(page.items.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["narrative-n2", "narrative-n1"]);
    assert_eq!(page.items[1].feeds, ["everything", "portuguese"]);
    assert_eq!(page.items[1].title, one.title);
    assert_eq!(ids(&desk.reader, "everything").await, ["narrative-n2", "narrative-n1"]);
    assert_eq!(ids(&desk.reader, "portuguese").await, ["narrative-n1"]);
    assert!(ids(&desk.reader, "bursts").await.is_empty());
    assert!(desk.reader.feed_newest("nothing", 9).await.unwrap().is_none());
    let due = desk.outbox.due("desk", NOW, 10).await.unwrap();
    assert_eq!(due.iter().map(|out| out.key.as_str()).collect::<Vec<_>>(), ["portuguese_narrative-n1"]);
    assert_eq!(desk.outbox.due("all", NOW, 10).await.unwrap().len(), 2);
    assert!(desk.outbox.due("all", NOW - 1, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_burst_that_grows_is_renewed_in_its_place_and_enters_feeds_that_it_was_not_enough_for() {
    let mut desk = desk().await;
    let strict = FeedSelection { budget: Some(1.0), ..FeedSelection::default() };
    desk.feeds.add("strict", &strict, NOW).await.unwrap();
    desk.outbox.register(&[receiver("desk", "strict"), receiver("all", "everything")], NOW).await.unwrap();
    let (small, large, over) = (burst(24, 1.0, None), burst(400, -6.0, None), burst(400, -6.0, Some(START + 1_800)));
    desk.writer.commit(&batch(vec![small, detection(1, "pt", 20)])).await.unwrap();
    assert!(ids(&desk.reader, "strict").await.iter().all(|id| id.starts_with("narrative")));
    for newer in [large.clone(), over.clone(), over.clone()] {
        assert_eq!(desk.writer.commit(&batch(vec![newer])).await.unwrap().detections, 0);
    }
    let page = desk.reader.detections(&DetectionQuery { kind: Some(DetectionKind::Burst), ..query() }).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].evidence, over.evidence);
    assert!(page.items[0].severity > Severity::Low && page.items[0].feeds == ["everything", "strict"]);
    // Each receiver hears of it once.
    let keys = |out: Vec<groundswell_store::Outgoing>| -> Vec<String> {
        out.into_iter().map(|out| out.key).filter(|key| key.contains("burst")).collect()
    };
    assert_eq!(keys(desk.outbox.due("desk", NOW, 10).await.unwrap()).len(), 1);
    assert_eq!(keys(desk.outbox.due("all", NOW, 10).await.unwrap()).len(), 1);
}

/// A silence of a language as it stands.
fn silence(hours: i64, end: Option<i64>) -> Released<DetectionRow> {
    let at = AnomalousHour {
        dimension: Dimension::Language,
        value: "pt".to_owned(),
        start: START,
        end,
        detected_at: START + 3_600,
        as_of: START + hours * 3_600,
        hour: START,
        shown: None,
        expected_authors: 200.0,
        seasonal: true,
        windows: 9,
        log10_q: -1.0,
        coverage: 1.0,
    };
    let candidate = SilenceCandidate { at, expected: 400.0, shape: 20.0 };
    Gate::new(K::DEFAULT).release_silence(candidate).unwrap()
}

#[tokio::test]
async fn a_silence_is_told_once_and_brought_up_to_date_until_it_ends() {
    let mut desk = desk().await;
    let anomalies =
        FeedSelection { kinds: vec![DetectionKind::Anomaly], budget: Some(1.0), ..FeedSelection::default() };
    desk.feeds.add("missing", &anomalies, NOW).await.unwrap();
    let over = silence(5, Some(START + 3 * 3_600));
    assert_eq!(desk.writer.commit(&batch(vec![silence(1, None)])).await.unwrap().detections, 1);
    assert_eq!(desk.writer.commit(&batch(vec![over.clone()])).await.unwrap().detections, 0);
    let page = desk.reader.detections(&DetectionQuery { kind: Some(DetectionKind::Anomaly), ..query() }).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!((&page.items[0].summary, page.items[0].evidence.suppressed), (&over.summary, true));
    assert_eq!(page.items[0].feeds, ["everything", "missing"]);
}

#[tokio::test]
async fn all_or_nothing() {
    let mut desk = desk().await;
    desk.outbox.register(&[receiver("all", "everything")], NOW).await.unwrap();
    // Released by a lower k than the store asks for.
    let low = StoreOptions { k: K::new(12).unwrap(), ..options() };
    let folder = tempfile::tempdir().unwrap();
    let (mut strict, _) = Store::open(folder.path(), &low).await.unwrap();
    let few = detection(1, "pt", 11);
    assert!(strict.commit(&batch(vec![few])).await.is_err());
    // A row of volumes that is refused takes the detections with it.
    let mut wrong = batch(vec![detection(1, "pt", 20)]);
    let window = common::minute(0);
    wrong.rows =
        common::released_at(K::new(5).unwrap(), groundswell_gate::Dimension::Hashtag, window, &[("flood", 7, 6)]);
    assert!(desk.writer.commit(&wrong).await.is_err());
    assert!(desk.reader.detections(&query()).await.unwrap().items.is_empty());
    assert!(desk.outbox.due("all", NOW, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_raised_k_holds_back_what_is_shown_and_what_is_delivered() {
    let mut desk = desk().await;
    desk.outbox.register(&[receiver("all", "everything")], NOW).await.unwrap();
    desk.writer.commit(&batch(vec![detection(1, "pt", 20)])).await.unwrap();
    let raised = StoreOptions { k: K::new(25).unwrap(), ..options() };
    let reader = Store::open_reader(desk.folder.path(), raised.k).await.unwrap();
    assert!(reader.detections(&query()).await.unwrap().items.is_empty());
    assert!(ids(&reader, "everything").await.is_empty());
    let mut outbox = Outbox::open(desk.folder.path(), &raised).await.unwrap();
    assert!(outbox.due("all", NOW, 10).await.unwrap().is_empty());
    assert_eq!(outbox.dead_letters(None, 10).await.unwrap()[0].trouble, "held back since");
}

#[tokio::test]
async fn pages_and_questions() {
    let mut desk = desk().await;
    desk.writer
        .commit(&batch((1..=7).map(|id| detection(id, "pt", if id == 3 { 600 } else { 20 })).collect()))
        .await
        .unwrap();
    let mut seen = Vec::new();
    let mut asked = DetectionQuery { limit: 3, ..query() };
    loop {
        let page = desk.reader.detections(&asked).await.unwrap();
        seen.extend(page.items.iter().map(|row| row.id.clone()));
        let Some(next) = page.next else { break };
        asked.after = Some(next);
    }
    assert_eq!(seen, (1..=7).rev().map(|id| format!("narrative-n{id}")).collect::<Vec<_>>());
    let of = async |query: DetectionQuery| desk.reader.detections(&query).await.unwrap().items.len();
    assert_eq!(of(DetectionQuery { severity: Some(Severity::High), ..query() }).await, 1);
    assert_eq!(of(DetectionQuery { kind: Some(DetectionKind::Burst), ..query() }).await, 0);
    assert_eq!(of(DetectionQuery { id: Some("narrative-n4".to_owned()), ..query() }).await, 1);
    assert_eq!(of(DetectionQuery { feed: Some("everything".to_owned()), ..query() }).await, 7);
    assert_eq!(
        of(DetectionQuery { from: Some(START + 1_800 + 180), to: Some(START + 1_800 + 300), ..query() }).await,
        2
    );
    let since = desk.reader.detections_since(Some("everything"), 4, 2).await.unwrap();
    assert_eq!(since.iter().map(|item| item.place).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(desk.reader.place_in_feed("everything", "narrative-n5").await.unwrap(), Some(5));
    assert_eq!(desk.reader.place_in_feed("nothing", "narrative-n5").await.unwrap(), None);
    assert_eq!(desk.reader.last_place().await.unwrap(), 7);
    // By what it is about; a total counts all pages, and nothing that a raised k holds back.
    let about = DetectionQuery { subject: Some(SubjectType::Narrative), value: Some("n3".to_owned()), ..query() };
    assert_eq!(of(about.clone()).await, 1);
    assert_eq!(of(DetectionQuery { subject: Some(SubjectType::Watch), ..query() }).await, 0);
    assert_eq!(desk.reader.detections_total(&about).await.unwrap(), 1);
    assert_eq!(desk.reader.detections_total(&DetectionQuery { limit: 1, ..asked }).await.unwrap(), 7);
    let mut connection = common::connect(desk.folder.path()).await;
    let high = "UPDATE detections SET released_k = 25 WHERE id = 'narrative-n3'";
    sqlx::raw_sql(sqlx::AssertSqlSafe(high)).execute(&mut connection).await.unwrap();
    let raised = Store::open_reader(desk.folder.path(), K::new(25).unwrap()).await.unwrap();
    assert_eq!(raised.detections_total(&query()).await.unwrap(), 1);
    assert_eq!(raised.detections_since(Some("everything"), 0, 1).await.unwrap()[0].row.id, "narrative-n3");
    assert_eq!(raised.entered_since(0, 1).await.unwrap()[0].row.id, "narrative-n3");
}

/// A burst is told first when it is small, and comes into a strict feed when it has grown: behind what came in meanwhile.
#[tokio::test]
async fn a_burst_that_comes_into_a_feed_late_comes_behind_what_was_there() {
    let mut desk = desk().await;
    let strict = FeedSelection { budget: Some(1.0), ..FeedSelection::default() };
    let severe = FeedSelection { severities: vec![Severity::High], ..FeedSelection::default() };
    desk.feeds.add("strict", &strict, NOW).await.unwrap();
    desk.feeds.add("severe", &severe, NOW).await.unwrap();
    desk.outbox.register(&[receiver("desk", "strict"), receiver("other", "severe")], NOW).await.unwrap();
    let small = burst(24, 1.0, None);
    assert!(small.severity < Severity::High, "so that the feed by severity does not take it either");
    desk.writer.commit(&batch(vec![small])).await.unwrap();
    desk.writer.commit(&batch(vec![detection(1, "pt", 20)])).await.unwrap();
    let (seen, end) = (desk.reader.last_place().await.unwrap(), Some(START + 1_800));
    let committed = desk.writer.commit(&batch(vec![burst(400, -6.0, None)])).await.unwrap();
    assert_eq!((committed.detections, committed.deliveries), (0, 2), "it wakes whoever delivers");
    let again = desk.writer.commit(&batch(vec![burst(400, -6.0, end)])).await.unwrap();
    assert_eq!((again.detections, again.deliveries), (0, 0));
    // Whoever listens hears of it once, in the feeds that it came into and in no other.
    let entered = desk.reader.entered_since(seen, 10).await.unwrap();
    assert_eq!(entered.len(), 1);
    assert_eq!(
        (entered[0].into.as_slice(), entered[0].row.kind),
        (&["severe".to_owned(), "strict".to_owned()][..], DetectionKind::Burst)
    );
    for feed in ["strict", "severe"] {
        let since = desk.reader.detections_since(Some(feed), seen, 10).await.unwrap();
        assert_eq!(since.iter().map(|item| item.row.kind).collect::<Vec<_>>(), [DetectionKind::Burst]);
        assert_eq!(ids(&desk.reader, feed).await[0], entered[0].row.id, "the newest stands first");
    }
    assert!(desk.reader.detections_since(Some("everything"), seen, 10).await.unwrap().is_empty());
    // Under one key, however often it is asked for and also when the program was killed before it was through.
    let key = |feed: &str| format!("{feed}_{}", entered[0].row.id);
    for _ in 0..2 {
        let mut outbox = Outbox::open(desk.folder.path(), &options()).await.unwrap();
        for (name, feed) in [("desk", "strict"), ("other", "severe")] {
            let keys: Vec<String> = outbox.due(name, NOW, 10).await.unwrap().into_iter().map(|out| out.key).collect();
            assert_eq!(keys.iter().filter(|one| **one == key(feed)).count(), 1, "{keys:?}");
        }
    }
    // A feed that is made now has it where it was told first, and says nothing of it to those who listen to others.
    desk.feeds.add("late", &strict, NOW).await.unwrap();
    assert!(desk.reader.entered_since(entered[0].place, 10).await.unwrap().is_empty());
    assert_eq!(desk.reader.place_in_feed("late", &entered[0].row.id).await.unwrap(), Some(1));
}

#[tokio::test]
async fn what_is_old_goes_but_not_what_is_pinned_or_awaited() {
    let mut desk = desk().await;
    desk.outbox.register(&[receiver("all", "everything")], NOW).await.unwrap();
    desk.writer.commit(&batch((1..=6).map(|id| detection(id, "pt", 20)).collect())).await.unwrap();
    let due = desk.outbox.due("all", NOW, 10).await.unwrap();
    let through: Vec<i64> = due.iter().filter(|out| out.row.id != "narrative-n4").map(|out| out.id).collect();
    desk.outbox.delivered(&through, NOW).await.unwrap();
    desk.feeds.add("ended", &FeedSelection::default(), NOW).await.unwrap();
    for (feed, id, edit) in [
        ("everything", "narrative-n1", FeedEdit::Mark(Some(true))),
        ("everything", "narrative-n2", FeedEdit::Mark(Some(false))),
        ("everything", "narrative-n2", FeedEdit::Note("a drill".to_owned())),
        ("everything", "narrative-n3", FeedEdit::Pin(true)),
        ("ended", "narrative-n1", FeedEdit::Pin(true)),
    ] {
        desk.feeds.edit(feed, id, &edit, NOW).await.unwrap();
    }
    desk.feeds.remove("ended", NOW).await.unwrap();
    // A day later, by the windows that closed; the last two were found less than a day before.
    let latest = common::minute(24 * 60 + 34);
    let day = Retention { detections_days: 1, ..Retention::FOR_EVER };
    assert_eq!(desk.writer.prune(&day).await.unwrap(), Pruned::default(), "no minute has closed");
    desk.writer.commit(&ReleaseBatch { windows: vec![latest], ..ReleaseBatch::default() }).await.unwrap();
    assert_eq!(desk.writer.prune(&day).await.unwrap(), Pruned { minutes: 0, detections: 2 });
    assert_eq!(desk.writer.prune(&day).await.unwrap(), Pruned::default());
    let left = ids(&desk.reader, "everything").await;
    assert_eq!(left, ["narrative-n3", "narrative-n6", "narrative-n5", "narrative-n4"]);
    assert_eq!(desk.reader.detections_total(&query()).await.unwrap(), 4);
    // The precision that was published holds.
    let feed = &desk.reader.feeds().await.unwrap()[0];
    assert_eq!((feed.items, feed.useful, feed.noise, feed.precision), (4, 1, 1, Some(0.5)));
    assert_eq!(desk.outbox.due("all", NOW, 10).await.unwrap().len(), 1);
    let mut connection = common::connect(desk.folder.path()).await;
    for (table, count) in [("feed_items", 4 + 4), ("feed_notes", 0), ("deliveries", 4)] {
        let sql = format!("SELECT count(*) FROM {table}");
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
        assert_eq!(found, count, "{table}");
    }
    // A place is never given twice, also when the last one is gone.
    let last = desk.reader.last_place().await.unwrap();
    desk.writer.prune(&Retention { detections_days: 0, ..Retention::FOR_EVER }).await.unwrap();
    desk.writer.commit(&batch(vec![detection(9, "pt", 20)])).await.unwrap();
    assert_eq!(desk.reader.place_in_feed("everything", "narrative-n9").await.unwrap(), Some(last + 1));
}

#[tokio::test]
async fn what_a_feed_would_have_told() {
    let mut desk = desk().await;
    let none = desk.reader.feed_trial(&FeedSelection::default(), None, None, 9).await.unwrap();
    assert_eq!((none.trial.detections, none.trial.days.len(), none.trial.complete), (0, 0, true));
    // One a day, but for the second day; every second one in Portuguese.
    let day = 86_400 / 60;
    let found = |id: u64| detection(1 + id * day, if id.is_multiple_of(2) { "pt" } else { "en" }, 20);
    let days = [0, 2, 3, 4];
    desk.writer.commit(&batch(days.map(found).to_vec())).await.unwrap();
    desk.feeds.add("second", &FeedSelection::default(), NOW).await.unwrap();
    desk.feeds.add("third", &FeedSelection::default(), NOW).await.unwrap();
    for (feed, id, useful) in [
        ("everything", 0, true),
        ("everything", 2, false),
        ("second", 2, false),
        ("third", 2, true),
        // Even: nobody knows.
        ("second", 4, true),
        ("third", 4, false),
    ] {
        desk.feeds.edit(feed, &found(id).id.clone(), &FeedEdit::Mark(Some(useful)), NOW).await.unwrap();
    }
    let portuguese = FeedSelection { languages: vec!["pt".to_owned()], ..FeedSelection::default() };
    let told = desk.reader.feed_trial(&portuguese, None, None, 2).await.unwrap();
    let trial = &told.trial;
    assert_eq!((trial.detections, trial.useful, trial.noise, trial.precision), (3, 1, 1, Some(0.5)));
    assert_eq!(trial.days.iter().map(|day| day.detections).collect::<Vec<_>>(), [1, 0, 1, 0, 1]);
    assert_eq!((trial.days[0].day.as_str(), trial.a_day, trial.complete), ("2016-09-23", 0.6, true));
    assert_eq!(
        told.newest.iter().map(|row| row.id.clone()).collect::<Vec<_>>(),
        [found(4).id.clone(), found(2).id.clone()]
    );
    // What it says is what the feed then begins with.
    assert_eq!(desk.feeds.add("pt", &portuguese, NOW).await.unwrap(), trial.detections);
    let (from, to) = (Some(START + 86_400), Some(START + 4 * 86_400));
    let part = desk.reader.feed_trial(&FeedSelection::default(), from, to, 9).await.unwrap();
    assert_eq!(part.trial.days.iter().map(|day| day.detections).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn a_trial_is_bounded_in_days() {
    let mut desk = desk().await;
    let day = 86_400 / 60;
    desk.writer
        .commit(&batch(vec![detection(1, "pt", 20), detection(1 + TRIAL_DAYS_MAX as u64 * day, "pt", 20)]))
        .await
        .unwrap();
    let told = desk.reader.feed_trial(&FeedSelection::default(), None, None, 9).await.unwrap();
    assert_eq!((told.trial.detections, told.trial.days.len(), told.trial.complete), (1, 1, false));
}

#[tokio::test]
async fn how_deliveries_stand_is_said_at_the_feed() {
    let mut desk = desk().await;
    desk.outbox.register(&[receiver("all", "everything"), receiver("idle", "everything")], NOW).await.unwrap();
    desk.writer.commit(&batch((1..=3).map(|id| detection(id, "pt", 20)).collect())).await.unwrap();
    let due = desk.outbox.due("all", NOW, 10).await.unwrap();
    desk.outbox.delivered(&[due[0].id], NOW + 60).await.unwrap();
    desk.outbox.failed(&[due[1].id], "it answered 500", NOW + 120, NOW + 900).await.unwrap();
    desk.outbox.give_up(&[due[2].id], "it answered 410", NOW + 180).await.unwrap();
    let feed = &desk.reader.feeds().await.unwrap()[0];
    assert_eq!(feed.receivers, ["all", "idle"]);
    assert_eq!(
        feed.deliveries.to_json(),
        r#"[{"name":"all","waiting":1,"dead":1,"delivered":"2027-01-15T08:01:00Z","failed":"2027-01-15T08:03:00Z","trouble":"it answered 410"},{"name":"idle","waiting":3,"dead":0,"delivered":null,"failed":null,"trouble":null}]"#
    );
    // What k holds back is no fault of the receiver.
    let raised = StoreOptions { k: K::new(25).unwrap(), ..options() };
    let mut outbox = Outbox::open(desk.folder.path(), &raised).await.unwrap();
    assert!(outbox.due("idle", NOW, 10).await.unwrap().is_empty());
    assert_eq!(desk.reader.feeds().await.unwrap()[0].deliveries[1].failed, None);
}

#[tokio::test]
async fn marks_are_listed_and_taken_back() {
    let mut desk = desk().await;
    desk.writer.commit(&batch(vec![detection(1, "pt", 20)])).await.unwrap();
    let said =
        async |reader: &Reader| reader.feed_marks("everything", "narrative-n1").await.unwrap().unwrap().to_json();
    let note = |text: &str| FeedEdit::Note(text.to_owned());
    for edit in [FeedEdit::Pin(true), FeedEdit::Mark(Some(true)), note("one"), note("two"), note("one")] {
        desk.feeds.edit("everything", "narrative-n1", &edit, NOW).await.unwrap();
    }
    assert_eq!(said(&desk.reader).await, r#"{"pinned":true,"mark":"useful","notes":["one","two","one"]}"#);
    for edit in [FeedEdit::Pin(false), FeedEdit::Mark(None), FeedEdit::RemoveNote("one".to_owned())] {
        desk.feeds.edit("everything", "narrative-n1", &edit, NOW).await.unwrap();
    }
    assert_eq!(said(&desk.reader).await, r#"{"pinned":false,"mark":null,"notes":["one","two"]}"#);
    for (feed, id) in [("nothing", "narrative-n1"), ("everything", "narrative-n2")] {
        assert!(desk.reader.feed_marks(feed, id).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn editors_pin_mute_mark_and_note() {
    let mut desk = desk().await;
    desk.writer.commit(&batch((1..=3).map(|id| detection(id, "pt", 20)).collect())).await.unwrap();
    let edits = [
        ("narrative-n1", FeedEdit::Pin(true)),
        ("narrative-n1", FeedEdit::Mark(Some(true))),
        ("narrative-n2", FeedEdit::Mark(Some(false))),
        ("narrative-n2", FeedEdit::Note("a drill of the fire brigade".to_owned())),
        ("narrative-n3", FeedEdit::Mark(Some(false))),
        ("narrative-n3", FeedEdit::Mark(None)),
    ];
    for (id, edit) in edits {
        desk.feeds.edit("everything", id, &edit, NOW).await.unwrap();
    }
    let items = desk.reader.feed_newest("everything", 10).await.unwrap().unwrap();
    let said: Vec<String> = items.iter().map(|item| format!("{} {}", item.row.id, item.marks.to_json())).collect();
    assert_eq!(
        said,
        [
            r#"narrative-n1 {"pinned":true,"mark":"useful","notes":[]}"#,
            r#"narrative-n3 {"pinned":false,"mark":null,"notes":[]}"#,
            r#"narrative-n2 {"pinned":false,"mark":"noise","notes":["a drill of the fire brigade"]}"#,
        ]
    );
    let feed = &desk.reader.feeds().await.unwrap()[0];
    assert_eq!((feed.items, feed.useful, feed.noise, feed.precision), (3, 1, 1, Some(0.5)));
    // What is muted goes into the other feeds alone, and is delivered to nobody of this one.
    desk.feeds.add("second", &FeedSelection::default(), NOW).await.unwrap();
    desk.outbox.register(&[receiver("all", "everything"), receiver("second", "second")], NOW).await.unwrap();
    let other = detection(9, "pt", 20);
    desk.writer.commit(&batch(vec![other.clone()])).await.unwrap();
    desk.feeds.edit("everything", &other.id, &FeedEdit::Mute(Some(NOW + 100)), NOW).await.unwrap();
    assert_eq!(desk.reader.feeds().await.unwrap()[0].muted.len(), 1);
    desk.feeds.edit("everything", &other.id, &FeedEdit::Mute(None), NOW).await.unwrap();
    assert!(desk.reader.feeds().await.unwrap()[0].muted.is_empty());
    // As if its subject had been told of before and muted then; what is over is over.
    let mut connection = common::connect(desk.folder.path()).await;
    let mutes =
        format!("INSERT INTO feed_mutes VALUES (1, 'narrative', 'n5', {}), (1, 'narrative', 'n6', {NOW})", NOW + 1);
    sqlx::raw_sql(sqlx::AssertSqlSafe(mutes)).execute(&mut connection).await.unwrap();
    desk.writer.commit(&batch(vec![detection(5, "pt", 20), detection(6, "pt", 20)])).await.unwrap();
    assert!(!ids(&desk.reader, "everything").await.contains(&"narrative-n5".to_owned()));
    assert!(ids(&desk.reader, "everything").await.contains(&"narrative-n6".to_owned()));
    assert!(ids(&desk.reader, "second").await.contains(&"narrative-n5".to_owned()));
    assert!(desk.outbox.due("all", NOW, 9).await.unwrap().iter().all(|out| out.row.id != "narrative-n5"));
    let unknown = desk.feeds.edit("everything", "narrative-n77", &FeedEdit::Pin(true), NOW).await.unwrap_err();
    assert!(matches!(unknown, FeedError::NotInFeed { .. }), "{unknown}");
    let unknown = desk.feeds.edit("nothing", "narrative-n1", &FeedEdit::Pin(true), NOW).await.unwrap_err();
    assert!(matches!(unknown, FeedError::Unknown { .. }), "{unknown}");
}

#[tokio::test]
async fn acts_are_bounded() {
    let mut desk = desk().await;
    desk.writer.commit(&batch((1..=PINS_MAX as u64 + 1).map(|id| detection(id, "pt", 20)).collect())).await.unwrap();
    for id in 1..=PINS_MAX {
        desk.feeds.edit("everything", &format!("narrative-n{id:x}"), &FeedEdit::Pin(true), NOW).await.unwrap();
    }
    let last = format!("narrative-n{:x}", PINS_MAX + 1);
    assert!(desk.feeds.edit("everything", &last, &FeedEdit::Pin(true), NOW).await.is_err());
    for _ in 0..NOTES_MAX {
        desk.feeds.edit("everything", &last, &FeedEdit::Note("x".to_owned()), NOW).await.unwrap();
    }
    assert!(desk.feeds.edit("everything", &last, &FeedEdit::Note("x".to_owned()), NOW).await.is_err());
}

#[tokio::test]
async fn the_register_of_feeds() {
    let mut desk = desk().await;
    desk.writer
        .commit(&batch((1..=4).map(|id| detection(id, if id < 3 { "pt" } else { "en" }, 20)).collect()))
        .await
        .unwrap();
    let selection = FeedSelection { languages: vec!["pt".to_owned()], budget: Some(2.0), ..FeedSelection::default() };
    assert_eq!(desk.feeds.add("pt", &selection, NOW).await.unwrap(), 2, "it begins with what there is");
    const { assert!(FEED_BACKFILL_MAX >= 4) };
    assert_eq!(desk.feeds.show("pt").await.unwrap().selection, selection);
    assert!(matches!(desk.feeds.add("pt", &selection, NOW).await, Err(FeedError::Exists { .. })));
    for name in ["", "Pt", "a.b", "../x", "-a", "a b", &"a".repeat(65)] {
        assert!(matches!(desk.feeds.add(name, &selection, NOW).await, Err(FeedError::NotAName)), "{name}");
    }
    for wrong in [
        FeedSelection { languages: vec!["Portuguese".to_owned()], ..FeedSelection::default() },
        FeedSelection { budget: Some(0.0), ..FeedSelection::default() },
        FeedSelection { budget: Some(f64::NAN), ..FeedSelection::default() },
    ] {
        assert!(matches!(desk.feeds.add("wrong", &wrong, NOW).await, Err(FeedError::Selection { .. })), "{wrong:?}");
    }
    desk.feeds.remove("pt", NOW).await.unwrap();
    assert!(desk.feeds.remove("pt", NOW).await.is_err());
    assert_eq!(desk.reader.detections(&query()).await.unwrap().items[3].feeds, ["everything"]);
    // Its name is free again.
    desk.feeds.add("pt", &FeedSelection::default(), NOW).await.unwrap();
    assert_eq!(ids(&desk.reader, "pt").await.len(), 4);
}

#[tokio::test]
async fn what_is_not_through_stays() {
    let mut desk = desk().await;
    desk.outbox.register(&[receiver("all", "everything")], NOW).await.unwrap();
    desk.writer.commit(&batch((1..=3).map(|id| detection(id, "pt", 20)).collect())).await.unwrap();
    let first = desk.outbox.due("all", NOW, 10).await.unwrap();
    desk.outbox.delivered(&[first[0].id], NOW).await.unwrap();
    desk.outbox.failed(&[first[1].id], "it answered 500", NOW, NOW + 60).await.unwrap();
    // The program is killed before it says that the third one is through.
    let Desk { folder, writer, reader, feeds, outbox } = desk;
    drop((writer, reader, feeds, outbox));
    let mut outbox = Outbox::open(folder.path(), &options()).await.unwrap();
    assert_eq!(outbox.register(&[receiver("all", "everything")], NOW).await.unwrap(), Vec::<String>::new());
    let again = outbox.due("all", NOW, 10).await.unwrap();
    assert_eq!(again, [first[2].clone()], "under the same key");
    let later = outbox.due("all", NOW + 60, 10).await.unwrap();
    assert_eq!(
        later.iter().map(|out| (out.id, out.attempts)).collect::<Vec<_>>(),
        [(first[1].id, 1), (first[2].id, 0)]
    );
    outbox.give_up(&[first[1].id], "it answered 500", NOW).await.unwrap();
    let dead = outbox.dead_letters(Some("all"), 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].detection.as_str(), dead[0].attempts), (1, "narrative-n2", 2));
    assert_eq!(outbox.revive("all", NOW).await.unwrap(), 1);
    assert_eq!(outbox.due("all", NOW, 10).await.unwrap().len(), 2);
    let count = &outbox.counts().await.unwrap()[0];
    assert_eq!((count.waiting, count.delivered, count.dead), (2, 1, 0));
}

#[tokio::test]
async fn a_bundle_is_the_same_until_it_is_through() {
    let mut desk = desk().await;
    desk.outbox.register(&[receiver("daily", "everything")], NOW).await.unwrap();
    assert!(desk.outbox.bundle("daily", NOW).await.unwrap().is_none());
    desk.writer.commit(&batch(vec![detection(1, "pt", 20), detection(2, "pt", 20)])).await.unwrap();
    let first = desk.outbox.bundle("daily", NOW).await.unwrap().unwrap();
    assert_eq!(first.items.len(), 2);
    desk.writer.commit(&batch(vec![detection(3, "pt", 20)])).await.unwrap();
    let mut outbox = Outbox::open(desk.folder.path(), &options()).await.unwrap();
    assert_eq!(outbox.bundle("daily", NOW).await.unwrap().unwrap(), first, "nothing joins it, also after a crash");
    let all: Vec<i64> = first.items.iter().map(|item| item.id).collect();
    outbox.delivered(&all, NOW).await.unwrap();
    let second = outbox.bundle("daily", NOW).await.unwrap().unwrap();
    assert_eq!(second.items.len(), 1);
    assert_ne!(second.key, first.key);
}

#[tokio::test]
async fn who_is_no_receiver_any_more_gets_nothing_and_what_waited_is_said() {
    let mut desk = desk().await;
    let without = desk.outbox.register(&[receiver("all", "everything"), receiver("x", "none")], NOW).await.unwrap();
    assert_eq!(without, ["none"]);
    desk.writer.commit(&batch(vec![detection(1, "pt", 20)])).await.unwrap();
    desk.outbox.register(&[receiver("x", "everything")], NOW).await.unwrap();
    assert!(desk.outbox.due("all", NOW, 10).await.unwrap().is_empty());
    assert_eq!(desk.outbox.dead_letters(Some("all"), 10).await.unwrap().len(), 1);
    // Who is new gets what comes from now on.
    assert!(desk.outbox.due("x", NOW, 10).await.unwrap().is_empty());
    desk.writer.commit(&batch(vec![detection(2, "pt", 20)])).await.unwrap();
    assert_eq!(desk.outbox.due("x", NOW, 10).await.unwrap().len(), 1);
    assert_eq!(desk.reader.feeds().await.unwrap()[0].receivers, ["x"]);
}

#[tokio::test]
async fn old_files_wake_nobody() {
    let mut desk = desk().await;
    desk.outbox.register(&[receiver("all", "everything")], NOW).await.unwrap();
    let replayed = ReleaseBatch { deliver: false, ..batch(vec![detection(1, "pt", 20)]) };
    assert_eq!(desk.writer.commit(&replayed).await.unwrap().detections, 1);
    assert_eq!(ids(&desk.reader, "everything").await.len(), 1);
    assert!(desk.outbox.due("all", NOW, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_full_outbox_gives_up_the_oldest() {
    let mut desk = desk().await;
    desk.outbox.register(&[receiver("slow", "everything")], NOW).await.unwrap();
    let some = 25;
    desk.writer.commit(&batch((1..=some).map(|id| detection(id, "pt", 20)).collect())).await.unwrap();
    // The rest is made up past the store, since so many detections take long to make.
    let mut connection = common::connect(desk.folder.path()).await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "WITH RECURSIVE n(x) AS (SELECT 1000 UNION ALL SELECT x + 1 FROM n WHERE x < 1000 + {} - 1) \
         INSERT INTO deliveries (receiver_id, seq, feed, state, due_at) SELECT 1, x, 'everything', 'waiting', 0 FROM n",
        OUTBOX_WAITING_MAX - some
    )))
    .execute(&mut connection)
    .await
    .unwrap();
    desk.writer.commit(&batch(vec![detection(some + 1, "pt", 20)])).await.unwrap();
    let count = &desk.outbox.counts().await.unwrap()[0];
    assert_eq!((count.waiting, count.dead), (OUTBOX_WAITING_MAX, 1));
    assert_eq!(desk.outbox.dead_letters(None, 10).await.unwrap()[0].detection, "narrative-n1");
}

/// A store from before there were places and subjects: what it holds is asked for and listened to like what comes.
#[tokio::test]
async fn detections_of_the_schema_before_are_found_in_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = std::fs::read_dir(migrations).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let create =
        sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join(FILE_NAME)).create_if_missing(true);
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&create).await.unwrap();
    for file in files.iter().take(10) {
        let sql = std::fs::read_to_string(file).unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    let old = detection(7, "pt", 20);
    sqlx::query(
        "INSERT INTO detections (seq, id, kind, detected_at, recorded_at, severity, released_k, authors, body) \
         VALUES (3, ?, 'narrative', ?, 0, 'medium', 10, 20, ?)",
    )
    .bind(old.id.clone())
    .bind(old.detected_at.0)
    .bind(old.to_json())
    .execute(&mut connection)
    .await
    .unwrap();
    let rest = "INSERT INTO feed_items (feed_id, seq, pinned) VALUES (1, 3, 1); \
         PRAGMA application_id = 1196652396; PRAGMA user_version = 10";
    sqlx::raw_sql(rest).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();

    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let about = DetectionQuery { subject: Some(SubjectType::Narrative), value: Some("n7".to_owned()), ..query() };
    assert_eq!(reader.detections(&about).await.unwrap().items[0].id, old.id);
    assert_eq!(reader.place_in_feed("everything", &old.id).await.unwrap(), Some(3));
    assert_eq!(reader.last_place().await.unwrap(), 3);
    writer.commit(&batch(vec![detection(8, "pt", 20)])).await.unwrap();
    assert_eq!(ids(&reader, "everything").await, ["narrative-n7", "narrative-n8"], "it is still pinned");
    assert_eq!(reader.place_in_feed("everything", "narrative-n8").await.unwrap(), Some(4));
}
