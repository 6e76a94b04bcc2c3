//! Amplifications: what is released later replaces what was released earlier, and a raised k holds back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use groundswell_gate::{
    AmplificationCandidate, AmplificationId, AmplificationObject, AmplificationRow, AuthorBits, Gate, K,
    NarrativeBucket, NarrativeLanguage, Released, Reposts, SharedWord,
};
use groundswell_sketch::CellKey;
use groundswell_store::{AmplificationQuery, ReleaseBatch, ReleaseWriter as _, ReleasedReader as _, Store};

use common::options;

const START: i64 = 1_474_588_800;

/// An amplification that was carried for so many minutes.
fn amplification(id: u64, minutes: i64) -> Released<AmplificationRow> {
    let bucket = |minute: i64| NarrativeBucket {
        start: START + minute * 60,
        end: START + minute * 60 + 60,
        posts: 20,
        authors: 12,
        key: CellKey::default(),
    };
    let word = |value: &str| SharedWord { value: value.to_owned(), authors: 12, name_like: false, publishers: 0 };
    let candidate = AmplificationCandidate {
        id: AmplificationId(id),
        object: AmplificationObject::Text,
        as_of: START + minutes * 60,
        buckets: (0..minutes).map(bucket).collect(),
        authors: 12,
        words: ["the", "dam", "is", "safe"].map(word).to_vec(),
        domains: Vec::new(),
        languages: vec![NarrativeLanguage { value: "en".to_owned(), posts: 20, authors: AuthorBits::default() }],
        reposts: Reposts::default(),
        concentration: 1.0,
        chance: 0.05,
        overlap: 0,
        q: None,
    };
    Gate::exact(K::DEFAULT).release_amplification(candidate).unwrap()
}

fn batch(amplifications: Vec<Released<AmplificationRow>>) -> ReleaseBatch {
    ReleaseBatch { amplifications, ..ReleaseBatch::default() }
}

fn all() -> AmplificationQuery {
    AmplificationQuery { id: None, from: None, to: None, after: None, limit: 100 }
}

#[tokio::test]
async fn what_is_later_replaces_what_is_earlier_and_never_the_other_way() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let (early, late) = (amplification(1, 2), amplification(1, 5));
    writer.commit(&batch(vec![early.clone()])).await.unwrap();
    assert_eq!(reader.amplifications(&all()).await.unwrap().items, std::slice::from_ref(&early));
    writer.commit(&batch(vec![late.clone()])).await.unwrap();
    writer.commit(&batch(vec![early])).await.unwrap();
    let one = AmplificationQuery { id: Some("a1".to_owned()), ..all() };
    assert_eq!(reader.amplifications(&one).await.unwrap().items, [late]);
    let other = AmplificationQuery { id: Some("a2".to_owned()), ..all() };
    assert!(reader.amplifications(&other).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn pages_go_from_the_latest_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    writer.commit(&batch((1..=7).map(|id| amplification(id, 1 + id as i64 / 2)).collect())).await.unwrap();
    let mut ids = Vec::new();
    let mut query = AmplificationQuery { limit: 2, ..all() };
    loop {
        let page = reader.amplifications(&query).await.unwrap();
        ids.extend(page.items.iter().map(|row| row.id.clone()));
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    assert_eq!(ids.join(" "), "a6 a7 a4 a5 a2 a3 a1");
    let from = AmplificationQuery { from: Some(START + 180), ..all() };
    assert_eq!(reader.amplifications(&from).await.unwrap().items.len(), 2);
    let before = AmplificationQuery { to: Some(START), ..all() };
    assert!(reader.amplifications(&before).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_raised_k_holds_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    writer.commit(&batch(vec![amplification(1, 2)])).await.unwrap();
    assert_eq!(reader.amplifications(&all()).await.unwrap().items.len(), 1);
    let raised = Store::open_reader(folder.path(), K::new(12).unwrap()).await.unwrap();
    assert!(raised.amplifications(&all()).await.unwrap().items.is_empty());
}
