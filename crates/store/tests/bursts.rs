//! Bursts: what is released later replaces what was released earlier, pages are whole, and a k that was raised holds back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use groundswell_gate::{
    BurstCandidate, BurstId, BurstMethod, BurstRow, BurstScale, BurstSubject, BurstType, Gate, K, Outward, Released,
};
use groundswell_sketch::CellKey;
use groundswell_store::{BurstQuery, ReleaseBatch, ReleaseWriter as _, ReleasedReader as _, Store, StoreOptions};

use common::options;

const START: i64 = 1_474_588_800;

/// A burst that began in a minute, as it was known some minutes later.
fn burst(value: &str, minute: i64, known: i64, end: Option<i64>, log10_q: f64) -> Released<BurstRow> {
    let start = START + minute * 60;
    let candidate = BurstCandidate {
        id: BurstId::of(BurstType::Hashtag, value, start),
        detected_at: start + 300,
        as_of: start + known * 60,
        subject: BurstSubject { kind: BurstType::Hashtag, value: value.to_owned(), authors: 12, name_publishers: None },
        start,
        peak: start,
        end: end.map(|minutes| start + minutes * 60),
        scale: BurstScale::Minutes,
        from: start,
        to: start + 300,
        posts: 40,
        key: CellKey::default(),
        expected: 2.0,
        expected_of_one: 0.01,
        shape: 10.0,
        method: BurstMethod::Recent,
        windows: 30,
        log10_q,
        log10_q_of_one: -0.5,
        experience: groundswell_gate::BurstExperience::default(),
        coverage: 1.0,
        related: Vec::new(),
    };
    Gate::exact(K::DEFAULT).release_burst(candidate).unwrap()
}

fn batch(bursts: Vec<Released<BurstRow>>) -> ReleaseBatch {
    ReleaseBatch { bursts, ..ReleaseBatch::default() }
}

#[tokio::test]
async fn what_is_later_replaces_what_is_earlier_and_never_the_other_way() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let (open, over) = (burst("flood", 0, 5, None, -2.0), burst("flood", 0, 60, Some(40), -6.0));
    writer.commit(&batch(vec![open.clone()])).await.unwrap();
    let all = BurstQuery::all();
    assert_eq!(reader.bursts(&all).await.unwrap().items, std::slice::from_ref(&open));
    writer.commit(&batch(vec![over.clone()])).await.unwrap();
    writer.commit(&batch(vec![open])).await.unwrap();
    let items = reader.bursts(&all).await.unwrap().items;
    assert_eq!(items, std::slice::from_ref(&over), "an earlier moment again changes nothing");
    assert_eq!(items[0].to_json(), over.to_json());
}

#[tokio::test]
async fn is_asked_for_by_time_subject_and_budget_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let rows = (0..7).map(|nth| burst(&format!("tag{nth}"), nth * 100, 60, Some(40), -(nth as f64))).collect();
    writer.commit(&batch(rows)).await.unwrap();
    let values = |query: BurstQuery| {
        let reader = &reader;
        async move {
            let page = reader.bursts(&query).await.unwrap();
            (page.items.iter().map(|row| row.subject.value.clone()).collect::<Vec<_>>(), page.next)
        }
    };
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = values(BurstQuery { limit: 2, after, ..BurstQuery::all() }).await;
        assert!(page.len() <= 2);
        seen.extend(page);
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["tag6", "tag5", "tag4", "tag3", "tag2", "tag1", "tag0"], "latest first, each once");
    let (budget, _) = values(BurstQuery { q: Some(0.001), ..BurstQuery::all() }).await;
    assert_eq!(budget, ["tag6", "tag5", "tag4", "tag3"]);
    let (one, _) = values(BurstQuery { value: Some("tag2".to_owned()), ..BurstQuery::all() }).await;
    assert_eq!(one, ["tag2"]);
    let (none, _) = values(BurstQuery { kind: Some(BurstType::Term), ..BurstQuery::all() }).await;
    assert!(none.is_empty());
    let (then, _) =
        values(BurstQuery { from: Some(START + 120 * 60), to: Some(START + 300 * 60), ..BurstQuery::all() }).await;
    assert_eq!(then, ["tag2", "tag1"], "over after the one, begun before the other");
}

#[tokio::test]
async fn a_raised_k_holds_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    writer.commit(&batch(vec![burst("flood", 0, 5, None, -2.0)])).await.unwrap();
    drop((writer, reader));
    let raised = StoreOptions { k: K::new(20).unwrap(), ..options() };
    let (_writer, reader) = Store::open(folder.path(), &raised).await.unwrap();
    assert!(reader.bursts(&BurstQuery::all()).await.unwrap().items.is_empty());
}
