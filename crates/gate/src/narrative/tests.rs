use groundswell_sketch::{CellKey, Distinct};
use proptest::prelude::*;

use super::*;
use crate::{Outward, PERTURBATION_MAX};

const START: i64 = 1_474_588_800;

fn bits(authors: u64) -> AuthorBits {
    let mut bits = AuthorBits::default();
    // Golden-ratio steps: each author has a bit of its own, up to 64.
    (0..authors).for_each(|author| bits.insert(author));
    bits
}

fn part(value: &str, weight: f32, authors: u64) -> NarrativePart {
    NarrativePart { value: value.to_owned(), weight, authors, name_like: false, publishers: 0 }
}

fn language(value: &str, posts: u64, authors: u64) -> NarrativeLanguage {
    NarrativeLanguage { value: value.to_owned(), posts, authors: bits(authors) }
}

const fn near(id: u64, authors: u64) -> NarrativeNear {
    NarrativeNear { id: NarrativeId(id), authors }
}

fn candidate() -> NarrativeCandidate {
    let bucket = |minute: i64, minutes: i64, posts: u64, authors: u64| NarrativeBucket {
        start: START + minute * 60,
        end: START + (minute + minutes) * 60,
        posts,
        authors,
        key: CellKey::of_author(minute as u64),
    };
    NarrativeCandidate {
        id: NarrativeId(0x17_7800),
        state: NarrativeState::Growing,
        as_of: START + 600,
        buckets: vec![bucket(0, 3, 12, 10), bucket(4, 1, 40, 31)],
        authors: 38,
        growth_minutes: 6,
        terms: vec![part("bridge", 0.91, 30), part("Flood", 0.8, 12), part("rare", 0.7, 9), part("river", 0.5, 10)],
        phrases: vec![part("river bank", 0.6, 11), part("my street", 0.4, 3)],
        hashtags: vec![part("flood", 0.9, 20), part("few", 0.2, 9)],
        domains: vec![part("example.org", 0.3, 10)],
        languages: vec![language("en", 40, 30), language("de", 10, 12), language("fr", 2, 2)],
        parents: vec![NarrativeId(1)],
        merged_into: None,
        related: vec![near(2, 10), near(3, 9), near(4, 0), near(5, 40)],
    }
}

fn release(candidate: NarrativeCandidate) -> Option<Released<NarrativeRow>> {
    Gate::exact(K::DEFAULT).release_narrative(candidate)
}

#[test]
fn says_what_k_authors_said_and_nothing_else() {
    insta::assert_snapshot!(release(candidate()).unwrap().to_json());
}

#[test]
fn a_narrative_below_k_is_not_spoken_of() {
    assert_eq!(release(NarrativeCandidate { authors: 9, ..candidate() }), None);
    assert_eq!(release(NarrativeCandidate { buckets: Vec::new(), ..candidate() }), None);
    let mut few = candidate();
    few.buckets[1].authors = 9;
    assert_eq!(release(few), None, "a bucket of fewer is a detector's mistake");
}

#[test]
fn a_name_needs_publishers_however_many_repeat_it() {
    let mut named = candidate();
    let name = |publishers| NarrativePart { name_like: true, publishers, ..part("Jane Doe", 1.0, 500) };
    named.phrases = vec![name(2)];
    named.terms = vec![NarrativePart { value: "doe".to_owned(), ..name(0) }];
    let row = release(named.clone()).unwrap();
    assert!(row.phrases.is_empty() && row.terms.is_empty() && row.label.is_empty());
    named.phrases = vec![name(3)];
    assert_eq!(release(named).unwrap().label, "Jane Doe");
}

#[test]
fn a_label_says_nothing_twice() {
    let parts = |values: &[&str]| values.iter().map(|value| part(value, 1.0, 99)).collect::<Vec<_>>();
    let terms = parts(&["River", "bridge", "flood", "mud", "rain"]);
    assert_eq!(label(&terms, &parts(&["river bank"])), "river bank, bridge, flood, mud");
    assert_eq!(label(&[], &[]), "");
    // Neither a word that two phrases have, nor one that is a phrase run together, nor one of a phrase that has no spaces.
    let said = |terms: &[&str], phrases: &[&str]| label(&parts(terms), &parts(phrases));
    assert_eq!(
        said(&["york", "NewYorkCity", "flood"], &["new york city", "new york", "high water"]),
        "new york city, high water, flood"
    );
    assert_eq!(said(&["大坝", "垮塌", "水"], &["大坝垮塌"]), "大坝垮塌, 水");
}

#[test]
fn a_phrase_of_a_word_that_may_not_be_said_is_not_said() {
    let mut told = candidate();
    told.phrases = vec![part("rare bridge", 0.9, 40), part("river bridge", 0.8, 40), part("the Rare", 0.7, 40)];
    assert_eq!(release(told.clone()).unwrap().phrases, ["river bridge"]);
    // A name of one word, and a phrase of the same letters.
    told.terms.push(NarrativePart { name_like: true, ..part("riverbridge", 0.9, 40) });
    assert!(release(told).unwrap().phrases.is_empty());
}

#[test]
fn small_languages_go_together_or_are_left_out() {
    let shown = |languages: &[(&str, u64, u64)]| {
        let languages = languages.iter().map(|(value, posts, authors)| language(value, *posts, *authors)).collect();
        shares(languages, 10).into_iter().map(|(value, share)| format!("{value} {share}")).collect::<Vec<_>>()
    };
    assert_eq!(shown(&[("en", 90, 60), ("de", 10, 12)]), ["de 0.1", "en 0.9"]);
    // Two authors of French alone would be seen: the smallest of the others goes with them.
    assert_eq!(shown(&[("en", 80, 60), ("de", 15, 12), ("fr", 5, 2)]), ["en 0.8", "other 0.2"]);
    assert_eq!(shown(&[("en", 80, 9), ("fr", 5, 2)]), [""; 0]);
}

#[test]
fn events_say_why() {
    let event = |kind, reason, authors| {
        let candidate = NarrativeEventCandidate {
            time: START,
            kind,
            id: NarrativeId(7),
            others: vec![NarrativeId(9)],
            reason,
            authors,
            key: CellKey::default(),
        };
        Gate::exact(K::DEFAULT).release_narrative_event(&candidate).map(|event| event.to_json())
    };
    let all = [
        event(NarrativeEventKind::Birth, NarrativeReason::Carried { authors: 12 }, 12),
        event(NarrativeEventKind::Merge, NarrativeReason::Alike { similarity: 0.411, needed: 0.25 }, 40),
        event(NarrativeEventKind::Split, NarrativeReason::WordsApart, 40),
        event(NarrativeEventKind::Merge, NarrativeReason::Moved { share: 0.625 }, 40),
        event(NarrativeEventKind::End, NarrativeReason::Silent { minutes: 1_447 }, 40),
        event(NarrativeEventKind::End, NarrativeReason::NoRoom, 40),
    ];
    insta::assert_snapshot!(all.map(Option::unwrap).join("\n"));
    assert_eq!(event(NarrativeEventKind::End, NarrativeReason::Silent { minutes: 360 }, 9), None);
    assert_eq!(event(NarrativeEventKind::Birth, NarrativeReason::Carried { authors: 9 }, 40), None);
}

#[test]
fn what_was_stored_comes_back_unless_k_was_raised() {
    let row = release(candidate()).unwrap();
    let read: NarrativeRow = serde_json::from_str(&row.to_json()).unwrap();
    assert_eq!(readmit_narrative(read.clone(), 10, K::DEFAULT).unwrap(), row);
    let raised = K::new(20).unwrap();
    assert_eq!(readmit_narrative(read.clone(), 10, raised), Err(NotReleasable::NarrativeBelowK { k: 20 }));
    assert!(readmit_narrative(NarrativeRow { authors: 3, ..read }, 10, K::DEFAULT).is_err());
}

#[test]
fn ids_are_read_as_printed() {
    assert_eq!(NarrativeId::parse("n177800"), Some(NarrativeId(0x17_7800)));
    for text in ["", "n", "177800", "n0177800", "n17780G", "N1", "n+1", "nffffffffffffffffff"] {
        assert_eq!(NarrativeId::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn bits_never_count_more_authors_than_there_are(
        tokens in prop::collection::vec(any::<u64>(), 0..200),
        more in prop::collection::vec(any::<u64>(), 0..50),
    ) {
        let mut authors = Distinct::new();
        let (mut one, mut other) = (AuthorBits::default(), AuthorBits::default());
        for token in &tokens {
            authors.insert(*token);
            one.insert(*token);
        }
        for token in &more {
            authors.insert(*token);
            other.insert(*token);
        }
        prop_assert!(one.union(other).at_least() <= authors.count());
        prop_assert_eq!(one.union(other), other.union(one));
    }

    #[test]
    fn nothing_rests_on_fewer_than_k(
        k in 5_u32..30,
        authors in 0_u64..60,
        buckets in prop::collection::vec((1_u64..50, 0_u64..40), 0..5),
        parts in prop::collection::vec((0_u64..40, any::<bool>(), 0_u32..5), 0..8),
        languages in prop::collection::vec((1_u64..100, 0_u64..30), 0..6),
        related in prop::collection::vec((0_u64..20, 0_u64..40), 0..9),
    ) {
        let mut told = candidate();
        told.authors = authors;
        told.buckets = (0..).zip(&buckets).map(|(at, (posts, authors))| NarrativeBucket {
            start: START + at * 60, end: START + at * 60 + 60, posts: *posts, authors: *authors, key: CellKey::of_author(at as u64),
        }).collect();
        let made = |(at, (authors, name_like, publishers)): (usize, &(u64, bool, u32))| NarrativePart {
            name_like: *name_like, publishers: *publishers, ..part(&format!("word{at}"), 0.5, *authors)
        };
        told.terms = parts.iter().enumerate().map(made).collect();
        told.phrases = told.terms.clone();
        told.languages = languages.iter().enumerate().map(|(at, (posts, n))| language(&format!("l{at}"), *posts, *n)).collect();
        told.related = related.iter().map(|(id, authors)| near(*id, *authors)).collect();
        let gate = Gate::new(K::new(k).unwrap());
        let k = u64::from(k);
        let Some(row) = gate.release_narrative(told.clone()) else {
            prop_assert!(buckets.is_empty() || authors < k || buckets.iter().any(|bucket| bucket.1 < k));
            return Ok(());
        };
        prop_assert!(row.authors >= k);
        let known: Vec<String> =
            related.iter().filter(|(_, authors)| *authors >= k).map(|(id, _)| NarrativeId(*id).to_string()).collect();
        prop_assert_eq!(&row.related, &known, "of what is not told, nobody is told that it is near");
        for term in row.terms.iter().map(|term| &term.term).chain(&row.phrases) {
            let part = told.terms.iter().find(|part| part.value == *term).unwrap();
            prop_assert!(part.authors >= k && (!part.name_like || part.publishers >= NAME_PUBLISHERS));
            prop_assert!(!row.label.is_empty());
        }
        // Whatever is shown of the languages, what is left when it is taken away has k authors or none.
        for shown in row.languages.keys().filter(|value| *value != OTHER) {
            prop_assert!(told.languages.iter().any(|language| language.value == *shown && language.authors.at_least() >= k));
        }
        let hidden: Vec<_> = told.languages.iter().filter(|language| !row.languages.contains_key(&language.value)).collect();
        if !hidden.is_empty() && !row.languages.is_empty() {
            let together = hidden.iter().fold(AuthorBits::default(), |all, language| all.union(language.authors));
            prop_assert!(together.at_least() >= k);
        }
    }
}

proptest! {
    #[test]
    fn what_is_shown_of_a_narrative_is_near_the_truth_and_rests_on_k(
        buckets in proptest::collection::vec((10_u64..60, 0_u64..60), 1..8), more in 0_u64..40
    ) {
        let mut told = candidate();
        told.buckets = (0..).zip(&buckets).map(|(at, (authors, more))| NarrativeBucket {
            start: START + at * 60, end: START + at * 60 + 60, posts: authors + more, authors: *authors,
            key: CellKey::of_author(at as u64 + authors),
        }).collect();
        told.authors = buckets.iter().map(|(authors, _)| *authors).max().unwrap_or_default() + more;
        let counted = release(told.clone()).unwrap();
        let shown = Gate::new(K::DEFAULT).release_narrative(told.clone()).unwrap();
        prop_assert_eq!(&shown, &Gate::new(K::DEFAULT).release_narrative(told).unwrap());
        prop_assert!(shown.authors >= 10 && shown.authors.abs_diff(counted.authors) <= PERTURBATION_MAX);
        prop_assert!(shown.posts.abs_diff(counted.posts) <= PERTURBATION_MAX);
        for (shown, counted) in shown.timeline.iter().zip(&counted.timeline) {
            prop_assert_eq!((shown.start, shown.end), (counted.start, counted.end));
            prop_assert!(shown.posts >= 10 && shown.posts.abs_diff(counted.posts) <= PERTURBATION_MAX);
        }
        // The growth is one that a reader of the shown buckets finds.
        let within = |from: i64, to: i64| {
            let buckets = shown.timeline.iter().map(|bucket| (bucket.start.0, bucket.end.0, bucket.posts));
            posts_within(buckets, shown.as_of.0 + from * 60, shown.as_of.0 + to * 60)
        };
        let (recent, before) = (within(-6, 0), within(-12, -6));
        prop_assert!((shown.growth - hundredths(Growth::of(recent, before).ratio)).abs() < 1e-9);
    }
}

#[test]
fn a_bucket_that_took_hours_did_not_come_in_its_last_minute() {
    let posts = |from, to| posts_within([(0, 10_000, 128), (10_000, 10_060, 30)].into_iter(), from, to);
    assert_eq!((posts(9_000, 10_000), posts(8_000, 9_000)), (13, 13));
    assert_eq!((posts(9_160, 10_060), posts(0, 20_000), posts(20_000, 30_000)), (41, 158, 0));
}
