use std::collections::BTreeMap;

use proptest::prelude::*;

use super::finding::{AmplificationFacts, BurstFacts};
use super::*;
use crate::amplification::ObjectType;
use crate::{
    BurstBaseline, BurstMethod, BurstOf, BurstRow, BurstScale, BurstType, BurstWindow, NarrativeRow, NarrativeState,
    NotReleasable, Outward, TimelineBucket,
};

const START: i64 = 1_474_588_800;

/// A narrative whose buckets of five minutes held so many posts.
fn narrative(posts: &[u64]) -> Released<NarrativeRow> {
    let bucket = |n: usize, posts: u64| TimelineBucket {
        start: Rfc3339(START + 300 * n as i64),
        end: Rfc3339(START + 300 * (n as i64 + 1)),
        posts,
    };
    let timeline: Vec<TimelineBucket> = posts.iter().enumerate().map(|(n, posts)| bucket(n, *posts)).collect();
    let end = timeline.last().map_or(Rfc3339(START), |bucket| bucket.end);
    Released::new(NarrativeRow {
        id: "n1a2".to_owned(),
        state: NarrativeState::Growing,
        first_seen: Rfc3339(START),
        last_seen: end,
        as_of: end,
        label: "dam failure, river".to_owned(),
        terms: Vec::new(),
        phrases: Vec::new(),
        hashtags: Vec::new(),
        domains: vec!["example.org".to_owned()],
        languages: BTreeMap::from([("pt".to_owned(), 0.8)]),
        posts: posts.iter().sum(),
        authors: 120,
        growth: 8.0,
        growth_interval: [5.0, 13.0],
        timeline,
        parents: Vec::new(),
        merged_into: None,
        related: Vec::new(),
    })
}

fn changed(row: &Released<NarrativeRow>, change: impl FnOnce(&mut NarrativeRow)) -> Released<NarrativeRow> {
    let mut row = (**row).clone();
    change(&mut row);
    Released::new(row)
}

#[test]
fn a_growing_narrative_is_told_with_its_numbers() {
    let row = narrative(&[10, 10, 12, 60, 90, 110]);
    let told = Released::from_narrative(&row, 15).unwrap();
    insta::assert_snapshot!(told.to_json());
    assert_eq!((told.evidence.observed, told.evidence.expected), (260, Some(32.0)));
}

#[test]
fn what_does_not_grow_surely_or_cannot_be_named_is_not_told() {
    let row = narrative(&[10, 10, 12, 60, 90, 110]);
    assert!(Released::from_narrative(&changed(&row, |row| row.growth_interval[0] = 2.9), 15).is_none());
    assert!(Released::from_narrative(&changed(&row, |row| row.label.clear()), 15).is_none());
    for state in NarrativeState::ALL {
        let told = Released::from_narrative(&changed(&row, |row| row.state = state), 15);
        assert_eq!(told.is_some(), matches!(state, NarrativeState::Emerging | NarrativeState::Growing), "{state:?}");
    }
}

#[test]
fn a_story_is_one_detection_however_it_goes_on() {
    let early = Released::from_narrative(&narrative(&[10, 10, 12, 60]), 15).unwrap();
    let late = Released::from_narrative(&narrative(&[10, 10, 12, 60, 90, 110, 130]), 15).unwrap();
    assert_eq!(early.id, late.id);
    let fresh = Released::from_narrative(&narrative(&[60, 60, 60]), 15).unwrap();
    assert!(fresh.title.contains("after hardly any"), "{}", fresh.title);
}

#[test]
fn severity_is_the_published_rule() {
    for (strength, authors, severity) in [
        (2.9, 49, Severity::Low),
        (3.0, 49, Severity::Low),
        (2.9, 500, Severity::Medium),
        (3.0, 50, Severity::Medium),
        (10.0, 49, Severity::Medium),
        (10.0, 50, Severity::High),
        (3.0, 500, Severity::High),
        (f64::INFINITY, 500, Severity::High),
        (f64::NAN, 10, Severity::Low),
    ] {
        assert_eq!(Severity::of(strength, authors), severity, "{strength} {authors}");
    }
}

#[test]
fn a_raised_k_holds_back_and_what_is_read_back_is_what_was_written() {
    let told = Released::from_narrative(&narrative(&[10, 10, 12, 60]), 15).unwrap();
    let back: DetectionRow = serde_json::from_str(&told.to_json()).unwrap();
    assert_eq!(readmit_detection(back.clone(), 10, K::DEFAULT).unwrap(), told);
    let higher = K::new(11).unwrap();
    assert_eq!(readmit_detection(back.clone(), 10, higher), Err(NotReleasable::DetectionBelowK { k: 11 }));
    let few = DetectionRow { evidence: Evidence { authors: 9, ..back.evidence.clone() }, ..back };
    assert_eq!(readmit_detection(few, 10, K::DEFAULT), Err(NotReleasable::DetectionBelowK { k: 10 }));
}

fn burst(languages: &BTreeMap<String, f64>, observed: u64, expected: f64) -> BurstFacts<'_> {
    BurstFacts {
        id: "b7",
        subject: SubjectType::Phrase,
        value: "dam failure",
        called: "dam failure",
        start: 1_795_546_500,
        end: None,
        detected_at: 1_795_550_400,
        window: (1_795_546_800, 1_795_550_400),
        observed,
        expected,
        expected_interval: Some([20.0, 41.0]),
        baseline: Baseline { method: "hour of week".to_owned(), windows: 4 },
        seasonal: true,
        score: 41.0,
        q: 0.002,
        authors: 198,
        coverage: 0.9,
        languages,
        domains: &[],
        narratives: Vec::new(),
        related: vec![Subject { r#type: SubjectType::Hashtag, value: "dam".to_owned() }],
        clauses: Vec::new(),
        method: Method { name: "bursts".to_owned(), version: 1 },
        maturity: Maturity::Measured,
    }
}

#[test]
fn a_burst_of_a_story_is_told_by_its_label_and_not_where_it_has_none() {
    let of = |kind, value: &str| BurstOf { kind, value: value.to_owned() };
    let row = Released::new(BurstRow {
        id: "b7".to_owned(),
        subject: of(BurstType::Narrative, "n1a2"),
        start: Rfc3339(START),
        peak: Rfc3339(START),
        end: None,
        observed: 60,
        expected: 4.0,
        interval: [0.0, 9.0],
        baseline: BurstBaseline { method: BurstMethod::Recent, windows: 12 },
        score: 15.0,
        q: 0.01,
        authors: 55,
        coverage: 1.0,
        scale: BurstScale::Minutes,
        window: BurstWindow { start: Rfc3339(START), end: Rfc3339(START + 300) },
        detected_at: Rfc3339(START + 360),
        as_of: Rfc3339(START + 360),
        related: vec![of(BurstType::Term, "dam"), of(BurstType::Narrative, "n1a3")],
    });
    let story = narrative(&[10, 60]);
    let told = Released::from_burst(&row, [], Some(&story)).unwrap();
    insta::assert_snapshot!(told.to_json());
    assert_eq!(told.evidence.narratives, ["n1a2", "n1a3"]);
    assert!(Released::from_burst(&row, [], None).is_none(), "it is not released yet");
    assert!(Released::from_burst(&row, [], Some(&changed(&story, |row| row.label.clear()))).is_none());
    assert!(Released::from_burst(&row, [], Some(&changed(&story, |row| row.id = "n9".to_owned()))).is_none());
}

#[test]
fn bursts_and_amplifications_are_told_alike() {
    let languages = BTreeMap::from([("pt".to_owned(), 0.8)]);
    let told = Released::told(burst(&languages, 412, 29.4).finding());
    insta::assert_snapshot!(format!(
        "{} {} {}\n{}\n{}",
        told.id, told.severity, told.evidence.command, told.title, told.summary
    ));
    let facts = AmplificationFacts {
        id: "a9",
        start: START,
        end: Some(START + 5_000),
        detected_at: START + 6_000,
        object: ObjectType::Text,
        shared_text: "the very same words",
        posts: 412,
        authors: 198,
        copies_per_author: 2.08,
        synchrony: Some(6.0),
        family_overlap: Some(0.31),
        q: None,
        domains: &[],
        languages: &languages,
        method: Method { name: "amplification".to_owned(), version: 1 },
        maturity: Maturity::Measured,
    };
    let domains = ["example.org".to_owned()];
    let link = AmplificationFacts {
        object: ObjectType::Link,
        shared_text: "https://example.org/river",
        domains: &domains,
        q: Some(0.05),
        ..facts.clone()
    };
    let hashtag = AmplificationFacts { object: ObjectType::Hashtag, shared_text: "#river", ..facts.clone() };
    let told = Released::told(facts.finding());
    insta::assert_snapshot!(format!("{} {}\n{}\n{}", told.id, told.severity, told.title, told.summary));
    for (facts, subject) in [(link, "link https://example.org/river"), (hashtag, "hashtag river")] {
        let told = Released::told(facts.finding());
        assert_eq!(format!("{} {}", told.subject.r#type, told.subject.value), subject);
        insta::assert_snapshot!(format!("{} {:?}\n{}\n{}", told.id, told.evidence.q, told.title, told.summary));
    }
}

#[test]
fn an_emoji_has_its_name_beside_it_and_nothing_else_has() {
    let json = |r#type, value: &str| serde_json::to_string(&Subject { r#type, value: value.to_owned() }).unwrap();
    let fire = json(SubjectType::Term, "🔥");
    assert_eq!(fire, r#"{"type":"term","value":"🔥","name":"fire"}"#);
    assert_eq!(json(SubjectType::Term, "fire"), r#"{"type":"term","value":"fire"}"#);
    assert_eq!(json(SubjectType::Watch, "🔥"), r#"{"type":"watch","value":"🔥"}"#);
    let back: Subject = serde_json::from_str(&fire).unwrap();
    assert_eq!(back, Subject { r#type: SubjectType::Term, value: "🔥".to_owned() });
}

proptest! {
    /// Whatever the numbers are, there is a title of one line within its bound, and numbers that JSON can hold.
    #[test]
    fn any_numbers_can_be_told(observed: u64, expected in -1.0..1e18_f64, value in "\\PC{0,200}") {
        let languages = BTreeMap::new();
        let told = Released::told(BurstFacts { value: &value, called: &value, ..burst(&languages, observed, expected) }.finding());
        prop_assert!(told.title.chars().count() <= TITLE_CHARS_MAX);
        prop_assert!(!told.title.contains('\n'));
        let back: DetectionRow = serde_json::from_str(&told.to_json()).unwrap();
        prop_assert_eq!(back.title, told.title.clone());
    }
}
