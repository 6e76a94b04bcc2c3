//! Names in volumes: counted as a whole and not word by word, and told to the gate with the number of publishers that carried them, the
//! same however posts are spread over workers and after a restart.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, HashSet};

use groundswell_detect::volume::{Merger, Observer, SavedShard, VolumeConfig};
use groundswell_edge::{AuthorToken, DeleteKey, EdgePost, PostKey, PublisherItem};
use groundswell_gate::{
    AmplificationCandidate, AmplificationId, AmplificationObject, Dimension, Gate, K, NarrativeCandidate, NarrativeId,
    NarrativePart, NarrativeState, Reposts, SharedWord, VolumeCandidate, words_of_link,
};
use groundswell_post::{EventTime, Kind};
use groundswell_sketch::{Step, Window};
use groundswell_text::{Analysis, Analyzer};
use proptest::prelude::*;

/// The start of a day.
const START: i64 = 1_474_588_800;
const DAY: i64 = 86_400;

fn person(seconds: i64, author: u64, text: &str) -> EdgePost {
    EdgePost {
        time: EventTime::from_unix(START + seconds),
        source: "test".to_owned(),
        author: Some(AuthorToken::from_bits((author + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))),
        key: Some(PostKey::from_bits(author + 1)),
        language: Some(*b"en"),
        text: text.to_owned(),
        ..EdgePost::default()
    }
}

fn press(seconds: i64, name: &str, title: &str) -> EdgePost {
    EdgePost {
        time: EventTime::from_unix(START + seconds),
        source: "feeds".to_owned(),
        kind: Kind::Publisher,
        publisher: Some(PublisherItem { name: name.to_owned(), title: Some(title.to_owned()), url: None }),
        key: Some(PostKey::from_bits(name.len() as u64 + 1_000)),
        language: Some(*b"en"),
        ..EdgePost::default()
    }
}

/// Twelve people write of one person, in two ways, and of floods.
fn crowd(seconds: i64) -> Vec<EdgePost> {
    (0..12).map(|author| person(seconds, author, "was Jane Kowalczyk in the floods again? #janekowalczyk")).collect()
}

/// Runs posts through so many workers, each the owner of a shard, with a restart before a second.
fn run(posts: &[EdgePost], workers: usize, restart: Option<i64>, deleted: &HashSet<DeleteKey>) -> Vec<VolumeCandidate> {
    let config = VolumeConfig { shards: workers, ..VolumeConfig::default() };
    let mut observers: Vec<_> = (0..workers).map(|_| Observer::new(config.clone())).collect();
    let mut mergers: Vec<_> = (0..workers).map(|_| Merger::new(config.clone(), K::DEFAULT)).collect();
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    let mut candidates = Vec::new();
    for (nth, post) in posts.iter().enumerate() {
        analyzer.analyze(post, &mut analysis);
        observers[nth % workers].observe(post, &analysis, &[]);
    }
    let close =
        |observers: &mut Vec<Observer>, mergers: &mut Vec<Merger>, before: i64, out: &mut Vec<VolumeCandidate>| {
            for observer in observers {
                observer.close(before, &mut |shard, minute, summary| mergers[shard].merge(minute, summary));
            }
            for merger in mergers {
                merger.close(before, &mut |candidate| out.push(candidate));
            }
        };
    for observer in &mut observers {
        for minute in observer.open_minutes() {
            observer.delete(minute, deleted);
        }
    }
    if let Some(restart) = restart {
        close(&mut observers, &mut mergers, restart, &mut candidates);
        let minutes: Vec<Window> =
            observers.iter().flat_map(Observer::open_minutes).collect::<HashSet<_>>().into_iter().collect();
        let mut parts: BTreeMap<(usize, i64), Vec<_>> = BTreeMap::new();
        for observer in &mut observers {
            for minute in &minutes {
                observer
                    .look(*minute, &mut |shard, summary| parts.entry((shard, minute.start)).or_default().push(summary));
            }
        }
        let saved: Vec<SavedShard> = (0..workers)
            .map(|shard| {
                let merger = &mut mergers[shard];
                let saved = minutes.iter().map(|minute| {
                    let own = parts.get(&(shard, minute.start)).into_iter().flatten().map(AsRef::as_ref);
                    (minute.start, merger.save_minute(*minute, own))
                });
                let saved = saved.collect();
                merger.save(saved)
            })
            .collect();
        observers = (0..workers).map(|_| Observer::new(config.clone())).collect();
        mergers = (0..workers).map(|_| Merger::new(config.clone(), K::DEFAULT)).collect();
        for (shard, merger) in mergers.iter_mut().enumerate() {
            merger.restore(&saved, shard, workers);
        }
    }
    close(&mut observers, &mut mergers, i64::MAX, &mut candidates);
    candidates
}

/// What the gate says of terms and hashtags of one step.
fn said(candidates: &[VolumeCandidate], step: Step) -> Vec<String> {
    let mut said: Vec<String> = candidates
        .iter()
        .filter(|candidate| candidate.window.step == step && candidate.dimension.is_open_ended())
        .flat_map(|candidate| Gate::exact(K::DEFAULT).release(candidate.clone()))
        .map(|row| format!("{}:{}", row.dimension, row.value))
        .collect();
    said.sort();
    said.dedup();
    said
}

/// The same for all: whole candidates by window and dimension.
fn told(candidates: &[VolumeCandidate]) -> BTreeMap<(Step, i64, Dimension, String), (u64, Option<u32>)> {
    let open = candidates.iter().filter(|candidate| candidate.dimension.is_open_ended());
    open.flat_map(|candidate| {
        let VolumeCandidate { window, dimension, cells } = candidate;
        cells.iter().map(|cell| {
            ((window.step, window.start, *dimension, cell.value.clone()), (cell.posts, cell.name_publishers))
        })
    })
    .collect()
}

/// A text by many of these words, of which nobody has said yet which are names.
fn shared_text(as_of: i64, words: impl IntoIterator<Item = impl Into<String>>) -> AmplificationCandidate {
    let word = |value: String| SharedWord { value, authors: 40, name_like: false, publishers: 0 };
    AmplificationCandidate {
        id: AmplificationId(1),
        object: AmplificationObject::Text,
        as_of,
        buckets: Vec::new(),
        authors: 40,
        words: words.into_iter().map(Into::into).map(word).collect(),
        domains: Vec::new(),
        languages: Vec::new(),
        reposts: Reposts::default(),
        concentration: 0.0,
        chance: 0.0,
        overlap: 0,
        q: None,
    }
}

#[test]
fn no_crowd_makes_a_private_person_a_term() {
    for workers in 1..=3 {
        let candidates = run(&crowd(0), workers, None, &HashSet::new());
        for step in [Step::Minute, Step::Hour, Step::Day] {
            assert_eq!(said(&candidates, step), ["term:floods"], "{workers} workers");
        }
    }
}

#[test]
fn three_publishers_make_a_name_public() {
    let mut posts = vec![
        press(0, "a", "Jane Kowalczyk wins"),
        press(1, "b", "Why Jane Kowalczyk Won"),
        press(2, "b", "Kowalczyk again"),
    ];
    posts.extend(crowd(3));
    assert_eq!(said(&run(&posts, 2, None, &HashSet::new()), Step::Minute), ["term:floods"], "two are not three");
    posts.insert(0, press(0, "ccc", "A word with Jane Kowalczyk"));
    let public = ["hashtag:janekowalczyk", "term:floods", "term:jane kowalczyk", "term:janekowalczyk"];
    for workers in 1..=3 {
        for restart in [None, Some(START)] {
            let candidates = run(&posts, workers, restart, &HashSet::new());
            assert_eq!(said(&candidates, Step::Hour), public, "{workers} workers, {restart:?}");
        }
    }
    // An item that is taken back in time carries nothing.
    let deleted = HashSet::from([DeleteKey::Post(PostKey::from_bits(1_003))]);
    assert_eq!(said(&run(&posts, 2, None, &deleted), Step::Minute), ["term:floods"]);
}

#[test]
fn publishers_count_for_seven_days() {
    let items = ["a", "b", "c"].map(|name| press(0, name, "Jane Kowalczyk wins"));
    for (days, shown) in [(6, true), (8, false)] {
        let mut posts = items.to_vec();
        posts.extend(crowd(days * DAY));
        for restart in [None, Some(START + DAY)] {
            let candidates = run(&posts, 2, restart, &HashSet::new());
            let of_the_crowd: Vec<_> =
                candidates.into_iter().filter(|candidate| candidate.window.start >= START + days * DAY).collect();
            assert_eq!(
                said(&of_the_crowd, Step::Minute).contains(&"term:jane kowalczyk".to_owned()),
                shown,
                "{days} days, {restart:?}"
            );
        }
    }
}

/// A name that no list has: its small letters say nothing.
fn in_small_letters(seconds: i64) -> Vec<EdgePost> {
    (0..40).map(|author| person(seconds, author, "floods again #zquillaravanterpoolski")).collect()
}

#[test]
fn who_spells_a_hashtag_as_a_name_holds_it_back_for_all() {
    let (tag, word) = ("hashtag:zquillaravanterpoolski", "term:zquillaravanterpoolski");
    assert_eq!(said(&run(&in_small_letters(0), 2, None, &HashSet::new()), Step::Minute), [tag, "term:floods", word]);
    let mut posts = vec![person(0, 99, "really? #ZquillaraVanterpoolski")];
    posts.extend(in_small_letters(1));
    for workers in 1..=3 {
        for restart in [None, Some(START)] {
            let candidates = run(&posts, workers, restart, &HashSet::new());
            for step in [Step::Minute, Step::Hour, Step::Day] {
                assert_eq!(said(&candidates, step), ["term:floods"], "{workers} workers, {restart:?}");
            }
        }
    }
    // Nobody has spelt it so: the post is taken back in time.
    let deleted = HashSet::from([DeleteKey::Post(PostKey::from_bits(100))]);
    assert_eq!(said(&run(&posts, 2, None, &deleted), Step::Minute), [tag, "term:floods", word]);
    // Publishers carry it.
    posts.splice(0..0, ["a", "bb", "ccc"].map(|name| press(0, name, "Zquillara Vanterpoolski wins")));
    assert_eq!(said(&run(&posts, 2, None, &HashSet::new()), Step::Minute), [tag, "term:floods", word]);
}

#[test]
fn narratives_and_shared_texts_take_the_same_decision() {
    let config = VolumeConfig::default();
    let (mut observer, mut merger) = (Observer::new(config.clone()), Merger::new(config, K::DEFAULT));
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    let mut posts = in_small_letters(1);
    posts.push(person(2, 99, "really? #ZquillaraVanterpoolski"));
    let mut marked = |posts: &[EdgePost], minutes: i64| {
        for post in posts {
            analyzer.analyze(post, &mut analysis);
            observer.observe(post, &analysis, &[]);
        }
        let as_of = START + minutes * 60;
        observer.close(as_of, &mut |_, minute, summary| merger.merge(minute, summary));
        merger.close(as_of, &mut |_| {});
        let parts = || vec![part("zquillaravanterpoolski")];
        let mut narrative = NarrativeCandidate { terms: parts(), hashtags: parts(), ..narrative(as_of) };
        merger.mark_names(&mut narrative);
        let mut shared = shared_text(as_of, ["floods", "again", "zquillaravanterpoolski"]);
        merger.mark_shared_text(&mut shared);
        let words: Vec<bool> = shared.words.iter().map(|word| word.name_like).collect();
        (narrative.terms[0].name_like, narrative.hashtags[0].name_like, words)
    };
    assert_eq!(marked(&[], 0), (false, false, vec![false, false, false]), "nobody has written it");
    assert_eq!(marked(&posts, 1), (true, true, vec![false, false, true]));
}

/// What forty authors wrote, before anything is known of names.
fn part(value: &str) -> NarrativePart {
    NarrativePart { value: value.to_owned(), weight: 1.0, authors: 40, name_like: false, publishers: 0 }
}

/// One of forty authors, of which nothing is said.
fn narrative(as_of: i64) -> NarrativeCandidate {
    NarrativeCandidate {
        id: NarrativeId(1),
        state: NarrativeState::Emerging,
        as_of,
        buckets: Vec::new(),
        authors: 40,
        growth_minutes: 1,
        terms: Vec::new(),
        phrases: Vec::new(),
        hashtags: Vec::new(),
        domains: Vec::new(),
        languages: Vec::new(),
        parents: Vec::new(),
        merged_into: None,
        related: Vec::new(),
    }
}

#[test]
fn a_phrase_that_is_a_name_or_holds_one_is_marked() {
    let mut merger = Merger::new(VolumeConfig::default(), K::DEFAULT);
    let marked = |merger: &Merger, value: &str, minutes: i64| {
        let mut narrative = NarrativeCandidate { phrases: vec![part(value)], ..narrative(START + minutes * 60) };
        merger.mark_names(&mut narrative);
        (narrative.phrases[0].name_like, narrative.phrases[0].publishers)
    };
    for phrase in ["jane kowalczyk", "kowalczyk jane", "jane kowalczyk arrested", "mayor jane kowalczyk"] {
        assert_eq!(marked(&merger, phrase, 0), (true, 0), "{phrase}");
    }
    for phrase in ["dam failure", "new york", "heavy rain", "new york city", "大坝垮塌"] {
        assert_eq!(marked(&merger, phrase, 0), (false, 0), "{phrase}");
    }
    // A name that publishers carried may be said.
    let (mut observer, mut analyzer, mut analysis) =
        (Observer::new(VolumeConfig::default()), Analyzer::new(), Analysis::new());
    for paper in 0..3 {
        let post = press(0, &format!("paper{paper}"), "What Jane Kowalczyk Said");
        analyzer.analyze(&post, &mut analysis);
        observer.observe(&post, &analysis, &[]);
    }
    observer.close(START + 60, &mut |_, minute, summary| merger.merge(minute, summary));
    merger.close(START + 60, &mut |_| {});
    assert_eq!(marked(&merger, "jane kowalczyk", 1), (true, 3));
}

#[test]
fn a_name_in_a_pushed_hashtag_or_link_is_seen() {
    let merger = Merger::new(VolumeConfig::default(), K::DEFAULT);
    let holds_name = |words: Vec<String>| {
        let mut pushed = shared_text(START, words);
        merger.mark_shared_text(&mut pushed);
        pushed.words.iter().any(|word| word.name_like)
    };
    for link in ["2026/jane-kowalczyk-arrested", "Jane_Kowalczyk", "a?who=jane+kowalczyk", "janekowalczyk"] {
        assert!(holds_name(words_of_link(&format!("https://news.example/{link}"))), "{link}");
    }
    for link in ["", "/2026/heavy-rain-and-floods", "/a?id=7&page=2", "/Heavy-Rain"] {
        assert!(!holds_name(words_of_link(&format!("https://news.example{link}"))), "{link}");
    }
    assert!(holds_name(vec!["janekowalczyk".to_owned()]) && !holds_name(vec!["savetheriver".to_owned()]));
}

#[test]
fn of_a_text_without_spaces_not_all_words_are_names() {
    let merger = Merger::new(VolumeConfig::default(), K::DEFAULT);
    let marked = |text: &str| {
        let mut shared = shared_text(START, text.split(' '));
        merger.mark_shared_text(&mut shared);
        let is_name = |word: SharedWord| word.name_like.then_some(word.value);
        shared.words.into_iter().filter_map(is_name).collect::<Vec<_>>()
    };
    // As it is cut where it was written; put together again with spaces, it is cut otherwise.
    let text =
        "ได้ที่ ข้อมูล ก๋วยเตี๋ยว ชิป มาก ยัง ชิป ภาษี บ้าน ได้ ชิป คือ ฉาก คําถาม หน้า จอ ๆ ผึ้ง อัปเดต จิ้งจอก เล็ก ฉัน ราคา เครือ ข่าย ใน";
    let names = marked(text);
    // Two words between spaces may be a name there; what is parted from them by others is none.
    assert!(names.len() + 8 <= text.split(' ').count(), "{names:?}");
    let names = marked(&format!("{text} นายสมชาย ใจดี"));
    assert!(names.iter().any(|name| name.contains("สมชาย")), "{names:?}");
    assert!(names.iter().any(|name| name.contains("ใจดี")), "{names:?}");
}

#[test]
fn how_a_hashtag_was_spelt_counts_for_seven_days() {
    for (days, shown) in [(6, false), (8, true)] {
        let mut posts = vec![person(0, 99, "really? #ZquillaraVanterpoolski")];
        posts.extend(in_small_letters(days * DAY));
        for restart in [None, Some(START + DAY)] {
            let said = said(&run(&posts, 2, restart, &HashSet::new()), Step::Minute);
            assert_eq!(said.len() == 3, shown, "{days} days, {restart:?}: {said:?}");
        }
    }
}

#[test]
fn a_topic_is_no_name_however_it_is_spelt() {
    let posts: Vec<EdgePost> =
        (0..12).map(|author| person(0, author, "#ClimateActionNow #BlackLivesMatter #EUReferendum")).collect();
    let said = said(&run(&posts, 2, None, &HashSet::new()), Step::Hour);
    for tag in ["hashtag:blacklivesmatter", "hashtag:climateactionnow", "hashtag:eureferendum"] {
        assert!(said.contains(&tag.to_owned()), "{said:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn workers_and_restarts_do_not_matter(
        posts in proptest::collection::vec((0_i64..400, 0_u64..30, 0_usize..5, 0_usize..6), 0..150), workers in 2_usize..4
    ) {
        let mut posts: Vec<EdgePost> = posts.iter().map(|(seconds, author, name, kind)| {
            let name = ["Jane Kowalczyk", "Dmitri Ivanov", "Maria de la Cruz", "Hans Müller", "Zquillara Vanterpoolski"][*name];
            match kind {
                0 => press(*seconds, &format!("paper{}", author % 4), &format!("What {name} Said")),
                1 => person(*seconds, *author, &format!("#{} again", name.replace(' ', ""))),
                2 => person(*seconds, *author, &format!("#{} again", name.replace(' ', "").to_lowercase())),
                _ => person(*seconds, *author, &format!("everyone talks about {name} today")),
            }
        }).collect();
        // Keys of their own, so that nothing is repeated.
        for (nth, post) in posts.iter_mut().enumerate() {
            post.key = Some(PostKey::from_bits(nth as u64 + 1));
        }
        let one = told(&run(&posts, 1, None, &HashSet::new()));
        prop_assert_eq!(&told(&run(&posts, workers, None, &HashSet::new())), &one);
        let restarted = told(&run(&posts, workers, Some(START + 180), &HashSet::new()));
        for (cell, (posts, publishers)) in &restarted {
            // Authors of before and after a restart are not added up, so fewer cells may be proposed; what is, is told alike.
            prop_assert_eq!(one.get(cell), Some(&(*posts, *publishers)));
        }
    }
}
