//! Narratives and their event log: what is released later replaces what was released earlier, and nothing goes back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use groundswell_gate::{
    Gate, K, NarrativeBucket, NarrativeCandidate, NarrativeEventCandidate, NarrativeEventKind, NarrativeId,
    NarrativePart, NarrativeReason, NarrativeRow, NarrativeState, Outward, Released,
};
use groundswell_sketch::CellKey;
use groundswell_store::{
    NarrativeEventQuery, NarrativeQuery, ReleaseBatch, ReleaseWriter as _, ReleasedReader as _, Store,
};

use common::options;

const START: i64 = 1_474_588_800;

/// A narrative that was carried until a minute.
fn narrative(id: u64, minutes: i64, state: NarrativeState) -> Released<NarrativeRow> {
    let bucket = |n: i64| NarrativeBucket {
        start: START + n * 60,
        end: START + n * 60 + 60,
        posts: 20,
        authors: 12,
        key: CellKey::default(),
    };
    let candidate = NarrativeCandidate {
        id: NarrativeId(id),
        state,
        as_of: START + minutes * 60,
        buckets: (0..minutes).map(bucket).collect(),
        authors: 15,
        growth_minutes: 30,
        terms: vec![NarrativePart {
            value: "flood".to_owned(),
            weight: 1.0,
            authors: 12,
            name_like: false,
            publishers: 0,
        }],
        phrases: Vec::new(),
        hashtags: Vec::new(),
        domains: Vec::new(),
        languages: Vec::new(),
        parents: Vec::new(),
        merged_into: None,
        related: Vec::new(),
    };
    Gate::exact(K::DEFAULT).release_narrative(candidate).unwrap()
}

fn batch(narratives: Vec<Released<NarrativeRow>>) -> ReleaseBatch {
    ReleaseBatch { narratives, ..ReleaseBatch::default() }
}

fn all() -> NarrativeQuery {
    NarrativeQuery { id: None, from: None, to: None, state: None, after: None, limit: 100 }
}

#[tokio::test]
async fn what_is_later_replaces_what_is_earlier_and_never_the_other_way() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let (early, late) = (narrative(1, 2, NarrativeState::Emerging), narrative(1, 5, NarrativeState::Growing));
    writer.commit(&batch(vec![early.clone()])).await.unwrap();
    let one = NarrativeQuery { id: Some("n1".to_owned()), ..all() };
    assert_eq!(reader.narratives(&one).await.unwrap().items, std::slice::from_ref(&early));
    writer.commit(&batch(vec![late.clone()])).await.unwrap();
    writer.commit(&batch(vec![early])).await.unwrap();
    assert_eq!(reader.narratives(&one).await.unwrap().items, std::slice::from_ref(&late));
    assert_eq!(reader.narratives(&all()).await.unwrap().items, [late]);
    let other = NarrativeQuery { id: Some("n2".to_owned()), ..all() };
    assert!(reader.narratives(&other).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn they_come_in_pages_the_one_seen_last_first() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let rows = (1..=7).map(|id| {
        let state = if id % 2 == 0 { NarrativeState::Fading } else { NarrativeState::Steady };
        // Two and two end at the same time.
        narrative(id, 1 + id as i64 / 2, state)
    });
    writer.commit(&batch(rows.collect())).await.unwrap();
    let mut query = NarrativeQuery { limit: 2, ..all() };
    let mut ids = Vec::new();
    loop {
        let page = reader.narratives(&query).await.unwrap();
        ids.extend(page.items.iter().map(|row| row.id.clone()));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_eq!(ids, ["n6", "n7", "n4", "n5", "n2", "n3", "n1"]);
    let ids = async |query: NarrativeQuery| {
        let page = reader.narratives(&query).await.unwrap();
        page.items.iter().map(|row| row.id.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids(NarrativeQuery { state: Some(NarrativeState::Fading), ..all() }).await, "n6 n4 n2");
    assert_eq!(ids(NarrativeQuery { from: Some(START + 180), ..all() }).await, "n6 n7");
    assert_eq!(ids(NarrativeQuery { to: Some(START), ..all() }).await, "");
}

#[tokio::test]
async fn events_stand_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let event = |minute: i64, id: u64, kind, reason| {
        let candidate = NarrativeEventCandidate {
            time: START + minute * 60,
            kind,
            id: NarrativeId(id),
            others: vec![NarrativeId(id + 1)],
            reason,
            authors: 20,
            key: CellKey::default(),
        };
        Gate::exact(K::DEFAULT).release_narrative_event(&candidate).unwrap()
    };
    let birth = NarrativeReason::Carried { authors: 12 };
    let events = vec![
        event(3, 2, NarrativeEventKind::Merge, NarrativeReason::Alike { similarity: 0.5, needed: 0.3 }),
        event(1, 2, NarrativeEventKind::Birth, birth),
        event(1, 1, NarrativeEventKind::Birth, birth),
    ];
    let batch = ReleaseBatch { narrative_events: events, ..ReleaseBatch::default() };
    writer.commit(&batch).await.unwrap();
    writer.commit(&batch).await.unwrap();
    let mut query = NarrativeEventQuery { from: None, to: None, id: None, after: None, limit: 2 };
    let first = reader.narrative_events(&query).await.unwrap();
    query.after = first.next;
    let second = reader.narrative_events(&query).await.unwrap();
    let told: Vec<String> = first.items.iter().chain(&second.items).map(Outward::to_json).collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(second.next.is_none());
    query = NarrativeEventQuery { id: Some("n1".to_owned()), after: None, ..query };
    assert_eq!(reader.narrative_events(&query).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_raised_k_holds_back_until_they_are_released_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    writer.commit(&batch(vec![narrative(1, 2, NarrativeState::Steady)])).await.unwrap();
    assert_eq!(reader.narratives(&all()).await.unwrap().items.len(), 1);
    // 15 authors: enough for the row by a k of 12, but nobody knows whether its words have as many.
    let raised = Store::open_reader(folder.path(), K::new(12).unwrap()).await.unwrap();
    assert!(raised.narratives(&all()).await.unwrap().items.is_empty());
}
