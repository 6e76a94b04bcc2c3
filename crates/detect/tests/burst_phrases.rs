//! Phrases as subjects of bursts: counted the same however posts are spread over workers, told only where k people wrote the phrase
//! itself, never across a stop word or a name, and nowhere in the volumes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeSet, HashSet};

use groundswell_detect::burst::{Arbiter, BurstConfig, BurstNews, RELATED_PHRASES_MAX, ShardMinute};
use groundswell_detect::volume::{Merger, Observer, SavedShard, VolumeConfig};
use groundswell_edge::{AuthorToken, DeleteKey, EdgePost, PostKey, PublisherItem};
use groundswell_gate::{BurstCandidate, BurstType, K};
use groundswell_post::{EventTime, Kind};
use groundswell_text::{Analysis, Analyzer};
use proptest::prelude::*;

/// Six hours before midnight.
const START: i64 = 1_474_588_800 + 18 * 3_600;
const MINUTES: i64 = 13 * 60;
const BURST_MINUTE: i64 = 12 * 60 + 3;

/// Minute, author and text.
type Wrote = (i64, u64, String);

/// Twelve hours in which not much is said.
fn background() -> Vec<Wrote> {
    let words = ["harbour", "morning", "window", "garden", "coffee", "station", "kitchen"];
    let text = |nth: i64| format!("{} {}", words[nth as usize % 7], words[(nth / 7) as usize % 7]);
    (0..MINUTES)
        .flat_map(|minute| [2 * minute, 2 * minute + 1].map(|nth| (minute, nth as u64 % 97, text(nth))))
        .collect()
}

/// In four minutes, so many people each write a text.
fn crowd(people: u64, text: &str) -> Vec<Wrote> {
    let of_minute = |minute| (0..people).map(move |nth| (minute, 1_000 + nth + 100 * minute as u64, text.to_owned()));
    (BURST_MINUTE..BURST_MINUTE + 4).flat_map(of_minute).collect()
}

fn post(nth: usize, (minute, author, text): &Wrote) -> EdgePost {
    EdgePost {
        time: EventTime::from_unix(START + minute * 60 + nth as i64 % 60),
        source: "test".to_owned(),
        author: Some(AuthorToken::from_bits((author + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))),
        key: Some(PostKey::from_bits(nth as u64 + 1)),
        language: Some(*b"en"),
        text: text.clone(),
        ..EdgePost::default()
    }
}

#[derive(Default)]
struct Told {
    news: Vec<BurstNews>,
    candidates: Vec<BurstCandidate>,
    /// Values of all volumes.
    volumes: HashSet<String>,
}

impl Told {
    fn phrases(&self) -> Vec<&BurstNews> {
        self.news.iter().filter(|news| news.kind == BurstType::Phrase).collect()
    }

    fn values(&self) -> HashSet<&str> {
        self.phrases().into_iter().map(|news| news.value.as_str()).collect()
    }

    fn told_of(&self, value: &str) -> bool {
        let of = |candidate: &BurstCandidate| {
            std::iter::once(&candidate.subject).chain(&candidate.related).any(|subject| subject.value == value)
        };
        self.candidates.iter().any(of)
    }
}

/// How it is run.
#[derive(Clone, Copy)]
struct How {
    workers: usize,
    /// A checkpoint looks at every minute before it closes.
    looks: bool,
    /// After so many minutes a new process goes on from what was saved while the minute was open, with so many workers.
    restart: Option<(i64, usize)>,
}

const ONE: How = How { workers: 1, looks: false, restart: None };

fn run(posts: &[EdgePost], deleted: &HashSet<DeleteKey>, how: How) -> Told {
    let mut workers = how.workers;
    let start = |workers: usize, saved: &[SavedShard]| {
        let config = VolumeConfig { shards: workers, ..VolumeConfig::default() };
        let observers: Vec<_> = (0..workers).map(|worker| Observer::new(config.clone()).numbered(worker)).collect();
        let bursts = BurstConfig { subjects_max: 1 << 12, ..BurstConfig::default() };
        let mergers = (0..workers).map(|shard| {
            let mut merger = Merger::new(config.clone(), K::DEFAULT).with_bursts(Some(bursts.clone()));
            merger.restore(saved, shard, workers);
            merger
        });
        (observers, mergers.collect::<Vec<_>>())
    };
    let (mut observers, mut mergers) = start(workers, &[]);
    let mut arbiter = Arbiter::new(BurstConfig::default(), workers);
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    let mut told = Told::default();
    for minute in 0..MINUTES {
        let first = START + minute * 60;
        let of_minute = posts.iter().enumerate().filter(|(_, post)| post.time.unix().div_euclid(60) * 60 == first);
        for (nth, post) in of_minute {
            analyzer.analyze(post, &mut analysis);
            observers[nth % workers].observe(post, &analysis, &[]);
        }
        let restarts = how.restart.filter(|(at, _)| *at == minute);
        if how.looks || restarts.is_some() {
            let mut saved = Vec::new();
            for (shard, merger) in mergers.iter_mut().enumerate() {
                let mut minutes = Vec::new();
                let open: BTreeSet<_> = observers.iter().flat_map(Observer::open_minutes).collect();
                for window in open {
                    let mut parts = Vec::new();
                    observers.iter_mut().for_each(|observer| {
                        observer.look(window, &mut |of, part| parts.extend((of == shard).then_some(part)));
                    });
                    minutes.push((window.start, merger.save_minute(window, parts.iter().map(AsRef::as_ref))));
                }
                saved.push(merger.save(minutes));
            }
            if let Some((_, now)) = restarts {
                let bytes = bincode::serialize(&saved).unwrap();
                assert!(!bytes.windows(11).any(|bytes| bytes == b"dam failure"), "words of a phrase are not written");
                workers = now;
                (observers, mergers) = start(workers, &bincode::deserialize::<Vec<SavedShard>>(&bytes).unwrap());
                let saved = arbiter.save();
                arbiter = Arbiter::new(BurstConfig::default(), workers);
                arbiter.restore(&saved);
            }
        }
        for observer in &mut observers {
            for window in observer.open_minutes() {
                observer.delete(window, deleted);
            }
            for window in observer.take_spoiled() {
                mergers.iter_mut().for_each(|merger| merger.forget_looked(window));
            }
        }
        for observer in &mut observers {
            observer.close(first + 60, &mut |shard, minute, summary| mergers[shard].merge(minute, summary));
        }
        for merger in &mut mergers {
            merger.close(first + 60, &mut |candidate| {
                told.volumes.extend(candidate.cells.into_iter().map(|cell| cell.value));
            });
            for of_shard in merger.take_bursts() {
                let ShardMinute { news, .. } = &of_shard;
                told.news.extend(news.iter().cloned());
                arbiter.take(of_shard, &mut |candidate| told.candidates.push(candidate));
            }
        }
    }
    told.news.sort_by(|a, b| (a.kind, &a.value, a.to, a.end, a.posts).cmp(&(b.kind, &b.value, b.to, b.end, b.posts)));
    told
}

fn run_wrote(wrote: &[Wrote], how: How) -> Told {
    let posts: Vec<EdgePost> = wrote.iter().enumerate().map(|(nth, wrote)| post(nth, wrote)).collect();
    run(&posts, &HashSet::new(), how)
}

fn with_background(crowd: Vec<Wrote>) -> Vec<Wrote> {
    [background(), crowd].concat()
}

/// So many that of each minute more than k are in the sample.
const MANY: u64 = 80;

#[test]
fn a_phrase_that_many_write_is_told_and_is_in_no_volume() {
    let told = run_wrote(&with_background(crowd(MANY, "the dam failure again")), ONE);
    assert_eq!(told.values(), HashSet::from(["dam failure"]));
    let most = told.phrases().into_iter().max_by_key(|news| news.posts).unwrap();
    // One in four, and each of them once.
    let drawn = most.posts as f64 / (4 * MANY) as f64;
    assert!((0.17..0.33).contains(&drawn) && most.authors <= most.posts && most.name_publishers.is_none(), "{drawn}");
    assert!(told.told_of("dam failure") && told.told_of("dam") && told.volumes.contains("dam"));
    assert!(told.volumes.iter().all(|value| !value.contains(' ')), "{:?}", told.volumes);
}

#[test]
fn fewer_than_k_in_the_sample_tell_nothing() {
    // Twelve write the words, and of these some three are in the sample.
    let in_one_minute = crowd(12, "the dam failure again").into_iter().filter(|(minute, ..)| *minute == BURST_MINUTE);
    let told = run_wrote(&with_background(in_one_minute.collect()), ONE);
    assert!(told.phrases().is_empty() && told.told_of("dam"));
}

#[test]
fn a_phrase_names_what_its_words_are_about() {
    let leads = |wrote: Vec<Wrote>| {
        let told = run_wrote(&with_background(wrote), ONE);
        let with_phrase = told.candidates.iter().find(|candidate| {
            std::iter::once(&candidate.subject).chain(&candidate.related).any(|of| of.value == "dam failure")
        });
        with_phrase.unwrap().subject.value.clone()
    };
    assert_eq!(leads(crowd(MANY, "the dam failure again")), "dam failure");
    // Where most write of something else with one of the words, that one is it.
    let others = crowd(4 * MANY, "a dam for what").into_iter();
    let others = others.map(|(minute, author, text)| (minute, author + MANY, text));
    assert_eq!(leads(crowd(MANY, "the dam failure again").into_iter().chain(others).collect()), "dam");
}

#[test]
fn what_many_write_in_the_same_words_is_one_burst_however_many_phrases_it_has() {
    let text =
        "dam failure flood river bridge rescue valley warning siren turbine spillway hydraulic concrete gate reservoir";
    // As it is, it is one text, and what spreads is not told of as many that write.
    let passed_on = run_wrote(&with_background(crowd(MANY, text)), ONE);
    assert!(passed_on.news.is_empty(), "{:?}", passed_on.values());
    let mut wrote = crowd(MANY, text);
    wrote.iter_mut().enumerate().for_each(|(nth, (_, _, text))| *text = format!("{text} of{nth}"));
    let told = run_wrote(&with_background(wrote), ONE);
    assert!(told.values().len() >= 10, "{:?}", told.values());
    let of: HashSet<_> = told.candidates.iter().map(|candidate| candidate.id).collect();
    assert_eq!(of.len(), 1, "{:?}", told.candidates.iter().map(|one| &one.subject.value).collect::<HashSet<_>>());
    let phrases = |one: &BurstCandidate| one.related.iter().filter(|part| part.kind == BurstType::Phrase).count();
    assert!(told.candidates.iter().all(|one| phrases(one) <= RELATED_PHRASES_MAX));
}

#[test]
fn one_account_is_no_crowd() {
    let mut wrote = crowd(4 * MANY, "the dam failure again");
    wrote.iter_mut().for_each(|(_, author, _)| *author = 7);
    let told = run_wrote(&with_background(wrote), ONE);
    assert_eq!(told.phrases(), [] as [&BurstNews; 0]);
}

#[test]
fn a_phrase_goes_over_nothing() {
    for text in [
        "dam of failure",
        "dam. Failure",
        "dam\nfailure",
        "dam, failure",
        "#dam #failure",
        "dam 7 failure",
        "dam Jane Kowalczyk failure",
        "failure dam",
        "dam failures",
    ] {
        let told = run_wrote(&with_background(crowd(MANY, text)), ONE);
        assert!(!told.values().contains("dam failure"), "{text}");
        assert!(
            told.news.iter().any(|news| news.value == "dam"),
            "{text}: {:?}",
            told.news.iter().map(|n| &n.value).collect::<Vec<_>>()
        );
    }
}

/// Three papers carry a name at the beginning.
fn papers(name: &str) -> Vec<EdgePost> {
    let paper = |nth: usize| EdgePost {
        kind: Kind::Publisher,
        author: None,
        publisher: Some(PublisherItem {
            name: format!("paper{nth}"),
            title: Some(format!("What {name} Said")),
            url: None,
        }),
        ..post(100_000 + nth, &(60, 0, String::new()))
    };
    (0..3).map(paper).collect()
}

fn told_with(wrote: Vec<Wrote>, more: Vec<EdgePost>) -> Told {
    let mut posts: Vec<EdgePost> =
        with_background(wrote).iter().enumerate().map(|(nth, wrote)| post(nth, wrote)).collect();
    posts.extend(more);
    run(&posts, &HashSet::new(), How { workers: 2, ..ONE })
}

/// Names in small letters, in texts that have others, so that they are seen in no post: of listed names, of everyday words, of names that
/// are stop words too, and of what no list has.
const NAMES: [&str; 9] = [
    "Jane Kowalczyk",
    "Mark Price",
    "Rose Hunter",
    "Grace Field",
    "Zorvan Qelimat",
    "Hamsu Otervain",
    "Ola Nordmann",
    "Zorvan Hill",
    "Otervain Fisher",
];

#[test]
fn a_phrase_that_is_a_name_is_held_until_publishers_carry_it() {
    let mut held = 0;
    for name in NAMES {
        let small = name.to_lowercase();
        let wrote = crowd(MANY, &format!("Look there, {small} said No"));
        let told = told_with(wrote.clone(), Vec::new());
        assert!(!told.told_of(&small), "{name}");
        // Counted as a phrase, or as a name already by the finder.
        let phrases = told.phrases().into_iter().filter(|news| news.value == small);
        held += usize::from(phrases.clone().count() > 0);
        assert!(phrases.clone().all(|news| news.name_publishers == Some(0)), "{name}");
        let carried = told_with(wrote, papers(name));
        let phrases: Vec<_> = carried.phrases().into_iter().filter(|news| news.value == small).collect();
        assert!(phrases.iter().all(|news| news.name_publishers == Some(3)), "{name}");
        assert!(phrases.is_empty() || carried.told_of(&small), "{name}");
    }
    assert!(held >= 4, "most of them are no names to the finder: {held}");
}

#[test]
fn what_somebody_writes_as_a_name_is_one_until_the_next_day_is_over() {
    // A title behind a name is none in small letters.
    for name in ["Otto Professor", "Mohammad Professor"] {
        let small = name.to_lowercase();
        let wrote = crowd(MANY, &format!("Look there, {small} said No"));
        assert!(told_with(wrote.clone(), Vec::new()).told_of(&small), "{name}");
        // One post, on this day or the one before.
        for minute in [BURST_MINUTE - 30, 100] {
            let as_name = vec![(minute, 3, format!("Today I met {name} again"))];
            let told = told_with([wrote.clone(), as_name.clone()].concat(), Vec::new());
            assert!(told.values().contains(small.as_str()) && !told.told_of(&small), "{name} at {minute}");
            assert!(told_with([wrote.clone(), as_name].concat(), papers(name)).told_of(&small), "{name} at {minute}");
        }
    }
}

#[test]
fn what_is_deleted_in_time_was_never_counted() {
    let wrote = with_background(crowd(MANY, "the dam failure again"));
    let posts: Vec<EdgePost> = wrote.iter().enumerate().map(|(nth, wrote)| post(nth, wrote)).collect();
    let crowd = posts.iter().filter(|post| post.text.contains("dam")).filter_map(|post| post.key);
    // Three of four.
    let deleted: HashSet<DeleteKey> =
        crowd.enumerate().filter(|(nth, _)| nth % 4 > 0).map(|(_, key)| DeleteKey::Post(key)).collect();
    for looks in [false, true] {
        let how = How { workers: 2, looks, ..ONE };
        assert_eq!(run(&posts, &HashSet::new(), how).values(), HashSet::from(["dam failure"]));
        let left: Vec<EdgePost> = posts
            .iter()
            .filter(|post| !post.key.is_some_and(|key| deleted.contains(&DeleteKey::Post(key))))
            .cloned()
            .collect();
        assert_eq!(run(&posts, &deleted, how).news, run(&left, &HashSet::new(), how).news);
    }
}

#[test]
fn a_restart_in_its_first_minute_does_not_lose_a_phrase() {
    let wrote = with_background(crowd(MANY, "the dam failure again"));
    let whole = run_wrote(&wrote, ONE);
    let how = How { workers: 2, looks: false, restart: Some((BURST_MINUTE, 3)) };
    let restarted = run_wrote(&wrote, how);
    assert_eq!(restarted.values(), HashSet::from(["dam failure"]));
    let most = |told: &Told| told.phrases().iter().map(|news| news.posts).max();
    assert_eq!(most(&restarted), most(&whole), "the posts of the minute in which it restarted are among them");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// Of many phrases, some of which come once and some of which many write.
    #[test]
    fn workers_and_order_do_not_matter(
        pairs in proptest::collection::vec((0_usize..7, 0_usize..7, 1_u64..120), 3..12),
        shuffle in any::<u64>(),
        looks in any::<bool>(),
    ) {
        let first = ["dam", "bridge", "river", "flood", "valley", "rescue", "failure"];
        let mut wrote = background();
        wrote.extend(crowd(100, "dam failure"));
        for (nth, (one, other, people)) in pairs.iter().enumerate() {
            let text = format!("{} {} {}", first[*one], first[*other], first[(one + other) % 7]);
            wrote.extend(crowd(*people, &text).into_iter().map(|(minute, author, text)| (minute, author + 7 * nth as u64, text)));
        }
        let mut posts: Vec<EdgePost> = wrote.iter().enumerate().map(|(nth, wrote)| post(nth, wrote)).collect();
        let whole = run(&posts, &HashSet::new(), ONE);
        // Which phrases are told differs: to the finder of names `flood dam` may be one, and is held back.
        prop_assert!(!whole.news.is_empty());
        for workers in [2, 4] {
            prop_assert_eq!(&whole.news, &run(&posts, &HashSet::new(), How { workers, looks, restart: None }).news);
        }
        posts.sort_by_key(|post| post.key.unwrap().bits().wrapping_mul(shuffle | 1));
        prop_assert_eq!(&whole.news, &run(&posts, &HashSet::new(), ONE).news);
    }
}
