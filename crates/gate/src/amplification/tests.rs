use proptest::prelude::*;

use super::*;
use crate::{Outward, PERTURBATION_MAX};

const START: i64 = 1_474_588_800;

fn bits(authors: u64) -> AuthorBits {
    let mut bits = AuthorBits::default();
    (0..authors).for_each(|author| bits.insert(author));
    bits
}

fn word(value: &str, authors: u64) -> SharedWord {
    SharedWord { value: value.to_owned(), authors, name_like: false, publishers: 0 }
}

fn language(value: &str, posts: u64, authors: u64) -> NarrativeLanguage {
    NarrativeLanguage { value: value.to_owned(), posts, authors: bits(authors) }
}

fn candidate() -> AmplificationCandidate {
    let bucket = |minute: i64, posts: u64, authors: u64| NarrativeBucket {
        start: START + minute * 60,
        end: START + minute * 60 + 60,
        posts,
        authors,
        key: CellKey::of_author(minute as u64),
    };
    AmplificationCandidate {
        id: AmplificationId(0x17_7800),
        object: AmplificationObject::Text,
        as_of: START + 600,
        buckets: vec![bucket(0, 12, 10), bucket(4, 48, 31)],
        authors: 40,
        words: ["the", "dam", "is", "safe", "they", "lied", "says", "jane", "doe"]
            .map(|value| SharedWord { name_like: ["jane", "doe"].contains(&value), ..word(value, 30) })
            .to_vec(),
        domains: vec![
            AmplificationDomain { value: "example.org".to_owned(), authors: 10 },
            AmplificationDomain { value: "rare.example".to_owned(), authors: 9 },
        ],
        languages: vec![language("en", 50, 30), language("de", 10, 12)],
        reposts: Reposts { posts: 25, authors: bits(12), key: CellKey::of_author(9) },
        concentration: 0.83,
        chance: 0.04,
        overlap: 20,
        q: None,
    }
}

fn release(candidate: AmplificationCandidate) -> Option<Released<AmplificationRow>> {
    Gate::exact(K::DEFAULT).release_amplification(candidate)
}

#[test]
fn says_what_k_authors_wrote_and_nothing_else() {
    insta::assert_snapshot!(
        release(candidate()).unwrap().to_json(),
        @r#"{"id":"a177800","start":"2016-09-23T00:00:00Z","end":"2016-09-23T00:05:00Z","as_of":"2016-09-23T00:10:00Z","object":"text","shared_text":"the dam is safe they lied says ⟨name⟩","posts":60,"authors":40,"copies_per_author":1.5,"domains":["example.org"],"languages":{"de":0.17,"en":0.83},"timeline":[{"start":"2016-09-23T00:00:00Z","end":"2016-09-23T00:01:00Z","posts":12},{"start":"2016-09-23T00:04:00Z","end":"2016-09-23T00:05:00Z","posts":48}],"synchrony":32.0,"family_overlap":0.5,"reposts":25,"q":null}"#
    );
}

#[test]
fn what_fewer_than_k_carry_is_not_spoken_of() {
    assert_eq!(release(AmplificationCandidate { authors: 9, ..candidate() }), None);
    assert_eq!(release(AmplificationCandidate { buckets: Vec::new(), ..candidate() }), None);
    let mut few = candidate();
    few.buckets[1].authors = 9;
    assert_eq!(release(few), None, "a bucket of fewer is a detector's mistake");
    let mut wordless = candidate();
    wordless.words.iter_mut().skip(3).for_each(|word| word.authors = 9);
    assert_eq!(release(wordless), None, "three words are no text");
}

#[test]
fn words_that_differ_are_an_ellipsis_and_names_need_publishers() {
    let mut told = candidate();
    told.words[1].authors = 9;
    told.words[2].authors = 1;
    let text = |told: &AmplificationCandidate| release(told.clone()).unwrap().shared_text.clone();
    assert_eq!(text(&told), "the … safe they lied says ⟨name⟩");
    told.words.iter_mut().for_each(|word| word.publishers = 2);
    assert_eq!(text(&told), "the … safe they lied says ⟨name⟩");
    told.words.iter_mut().for_each(|word| word.publishers = 3);
    assert_eq!(text(&told), "the … safe they lied says jane doe");
}

#[test]
fn small_parts_are_absent() {
    let row = release(AmplificationCandidate {
        overlap: 9,
        reposts: Reposts { posts: 90, authors: bits(9), key: CellKey::default() },
        languages: vec![language("en", 50, 30), language("de", 10, 2)],
        ..candidate()
    })
    .unwrap();
    assert_eq!((row.family_overlap, row.reposts), (None, None));
    assert_eq!(row.languages.clone().into_iter().collect::<Vec<_>>(), [("other".to_owned(), 1.0)]);
    // Two who do not would be told by a share of 0.95.
    assert_eq!(release(AmplificationCandidate { overlap: 38, ..candidate() }).unwrap().family_overlap, Some(1.0));
}

fn pushed(object: AmplificationObject) -> AmplificationCandidate {
    let words = match &object {
        AmplificationObject::Text => Vec::new(),
        AmplificationObject::Hashtag(tag) => vec![tag.clone()],
        AmplificationObject::Link { url, .. } => words_of_link(url),
    };
    let words = words.iter().map(|value| word(value, 40)).collect();
    AmplificationCandidate { object, words, q: Some(0.031), ..candidate() }
}

fn link(url: &str) -> AmplificationCandidate {
    pushed(AmplificationObject::Link { url: url.to_owned(), domain: "example.org".to_owned() })
}

#[test]
fn a_hashtag_or_link_is_said_as_it_is() {
    let row = release(pushed(AmplificationObject::Hashtag("savetheriver".to_owned()))).unwrap();
    assert_eq!((row.object, row.shared_text.as_str(), row.q), (ObjectType::Hashtag, "#savetheriver", Some(0.05)));
    let url = "https://news.example.org/The-River?id=7";
    let row = release(link(url)).unwrap();
    assert_eq!((row.object, row.shared_text.as_str()), (ObjectType::Link, url));
    assert!(
        row.to_json().contains(r#""object":"link""#) && row.to_json().ends_with(r#""q":0.05}"#),
        "{}",
        row.to_json()
    );
    assert_eq!(words_of_link(url), ["The", "River", "id", "7", "", "the", "river", "id", "7"]);
    assert!(words_of_link("https://example.org").is_empty());
    assert_eq!(release(pushed(AmplificationObject::Hashtag(String::new()))), None);
}

#[test]
fn a_name_in_a_hashtag_or_link_is_held_back() {
    let named = |told: AmplificationCandidate, publishers| {
        let words = told.words.iter().map(|word| SharedWord { name_like: true, publishers, ..word.clone() }).collect();
        release(AmplificationCandidate { words, ..told }).map(|row| row.shared_text.clone())
    };
    let tag = || pushed(AmplificationObject::Hashtag("janedoe".to_owned()));
    assert_eq!((named(tag(), 2), named(tag(), 3).as_deref()), (None, Some("#janedoe")));
    let url = "https://news.example.org/jane-doe";
    assert_eq!(named(link(url), 2).as_deref(), Some("example.org/…"));
    assert_eq!(named(link(url), 3).as_deref(), Some(url));
    // Nobody can see what stands there.
    assert_eq!(release(link("https://example.org/%D0%B8")).unwrap().shared_text, "example.org/…");
    // Its words were not looked at.
    assert_eq!(
        release(AmplificationCandidate { words: Vec::new(), ..link(url) }).unwrap().shared_text,
        "example.org/…"
    );
}

#[test]
fn a_hashtag_or_link_of_fewer_than_k_is_not_spoken_of() {
    for told in [pushed(AmplificationObject::Hashtag("river".to_owned())), link("https://example.org/river")] {
        assert_eq!(release(AmplificationCandidate { authors: 9, ..told.clone() }), None);
        assert_eq!(release(AmplificationCandidate { buckets: Vec::new(), ..told }), None);
    }
}

#[test]
fn rows_of_before_are_of_texts() {
    let json = release(candidate()).unwrap().to_json().replace(r#""object":"text","#, "").replace(r#","q":null"#, "");
    let read: AmplificationRow = serde_json::from_str(&json).unwrap();
    assert_eq!((read.object, read.q), (ObjectType::Text, None));
}

#[test]
fn synchrony_is_that_of_a_binomial() {
    // 36 of 60 where 6 are expected: 30 above, and the deviation is sqrt(60 · 0.1 · 0.9).
    assert!((synchrony(60, 0.6, 0.1) - 30.0 / 5.4_f64.sqrt()).abs() < 1e-9);
    assert!(synchrony(60, 0.1, 0.1).abs() < 1e-9);
    assert!(synchrony(60, 1.0, 1.0).abs() < 1e-9, "all of the time looked at says nothing");
}

#[test]
fn what_was_stored_comes_back_unless_k_was_raised() {
    let row = release(candidate()).unwrap();
    let read: AmplificationRow = serde_json::from_str(&row.to_json()).unwrap();
    assert_eq!(readmit_amplification(read.clone(), 10, K::DEFAULT).unwrap(), row);
    let raised = K::new(20).unwrap();
    assert_eq!(readmit_amplification(read, 10, raised), Err(NotReleasable::AmplificationBelowK { k: 20 }));
}

#[test]
fn ids_are_read_as_printed() {
    assert_eq!(AmplificationId::parse("a177800"), Some(AmplificationId(0x17_7800)));
    for text in ["", "a", "177800", "a0177800", "a17780G", "A1", "a+1", "affffffffffffffffff"] {
        assert_eq!(AmplificationId::parse(text), None, "{text}");
    }
}

#[test]
fn nothing_prints_what_it_holds() {
    let printed = format!("{:?}", candidate());
    assert!(!printed.contains("jane") && !printed.contains("example") && printed.contains("redacted"), "{printed}");
}

proptest! {
    #[test]
    fn nothing_rests_on_fewer_than_k(
        k in 5_u32..30,
        authors in 0_u64..60,
        buckets in prop::collection::vec((0_u64..40, 0_u64..40), 0..5),
        words in prop::collection::vec((0_u64..40, any::<bool>(), 0_u32..5), 0..12),
        domains in prop::collection::vec(0_u64..40, 0..5),
        reposts in 0_u64..40,
        overlap in 0_u64..60,
    ) {
        let mut told = candidate();
        let authors = authors.min(buckets.iter().map(|(authors, more)| authors + more).sum());
        told.authors = authors;
        told.buckets = (0..).zip(&buckets).map(|(at, (authors, more))| NarrativeBucket {
            start: START + at * 60, end: START + at * 60 + 60, posts: authors + more, authors: *authors,
            key: CellKey::of_author(at as u64),
        }).collect();
        told.words = words.iter().enumerate().map(|(at, (authors, name_like, publishers))| SharedWord {
            value: format!("word{at}"), authors: *authors, name_like: *name_like, publishers: *publishers,
        }).collect();
        told.domains = domains.iter().enumerate().map(|(at, authors)| AmplificationDomain {
            value: format!("d{at}.example"), authors: *authors,
        }).collect();
        told.reposts = Reposts { posts: reposts + 7, authors: bits(reposts), key: CellKey::default() };
        told.overlap = overlap.min(authors);
        let gate = Gate::new(K::new(k).unwrap());
        let k = u64::from(k);
        let passing = |word: &&SharedWord| word.authors >= k && (!word.name_like || word.publishers >= NAME_PUBLISHERS);
        let Some(row) = gate.release_amplification(told.clone()) else {
            let few = told.words.iter().filter(passing).count() < SHOWN_WORDS_MIN;
            prop_assert!(few || buckets.is_empty() || authors < k || buckets.iter().any(|bucket| bucket.0 < k));
            return Ok(());
        };
        prop_assert_eq!(&row, &gate.release_amplification(told.clone()).unwrap());
        prop_assert!(row.authors >= k && row.posts >= row.authors);
        prop_assert!(row.authors.abs_diff(authors) <= PERTURBATION_MAX);
        for shown in row.shared_text.split(' ').filter(|part| ![ELLIPSIS, NAME_PLACEHOLDER].contains(part)) {
            prop_assert!(told.words.iter().filter(passing).any(|word| word.value == shown));
        }
        for shown in &row.domains {
            prop_assert!(told.domains.iter().any(|domain| domain.value == *shown && domain.authors >= k));
        }
        for (shown, counted) in row.timeline.iter().zip(&told.buckets) {
            prop_assert!(shown.posts >= k && shown.posts.abs_diff(counted.posts) <= PERTURBATION_MAX);
        }
        prop_assert!(row.reposts.is_none_or(|_| bits(reposts).at_least() >= k));
        prop_assert!(row.family_overlap.is_none_or(|share| told.overlap >= k && (0.0..=1.0).contains(&share)));
    }
}
