//! What must hold of narratives whatever people write.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot read its input fails")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use groundswell_detect::narrative::{
    Closed, EventKind, LocalId, MinuteDelta, NarrativeCandidate, NarrativeConfig, NarrativeEvent, NarrativeId,
    NarrativeLogs, NarrativeObserver, Narratives, POSTINGS_MAX, RELATED_MAX, Reason, State,
};
use groundswell_edge::{AuthorToken, DeleteKey, EdgePost, PostKey};
use groundswell_gate::{Gate, K as GateK};
use groundswell_post::EventTime;
use groundswell_sketch::{Step, Window};
use groundswell_text::names::{NameFinder, NameSpan};
use groundswell_text::{Analysis, Analyzer};
use proptest::prelude::*;

const K: u64 = 10;

/// One worker and the owner, fed with texts.
struct Bench {
    analyzer: Analyzer,
    analysis: Analysis,
    names: NameFinder,
    spans: Vec<NameSpan>,
    observers: Vec<NarrativeObserver>,
    owner: Narratives,
    keys: u64,
    clusters: HashMap<u64, LocalId>,
    closed: Closed,
}

impl Bench {
    fn new(config: NarrativeConfig, workers: usize) -> Self {
        let mut owner = Narratives::new(config.clone(), K);
        owner.remember_all();
        Self {
            analyzer: Analyzer::new(),
            analysis: Analysis::new(),
            names: NameFinder::new(),
            spans: Vec::new(),
            observers: (0..workers).map(|_| NarrativeObserver::new(config.clone())).collect(),
            owner,
            keys: 0,
            clusters: HashMap::new(),
            closed: Closed::default(),
        }
    }

    fn post_to(&mut self, worker: usize, unix: i64, author: u64, text: &str) -> u64 {
        self.keys += 1;
        let post = EdgePost {
            time: EventTime::from_unix(unix),
            text: text.to_owned(),
            language: Some(*b"en"),
            author: Some(AuthorToken::from_bits(author)),
            key: Some(PostKey::from_bits(self.keys)),
            ..EdgePost::default()
        };
        self.analyzer.analyze(&post, &mut self.analysis);
        self.names.find(text, &self.analysis, &mut self.spans);
        self.observers[worker].observe(&post, &self.analysis, &self.spans);
        self.keys
    }

    fn post(&mut self, unix: i64, author: u64, text: &str) -> u64 {
        self.post_to(0, unix, author, text)
    }

    fn close(&mut self, before: i64) {
        for (worker, observer) in self.observers.iter_mut().enumerate() {
            let owner = &mut self.owner;
            let clusters = &mut self.clusters;
            observer.close_and_tell(
                before,
                &mut |key, cluster| {
                    clusters.insert(key, cluster);
                },
                &mut |delta| {
                    owner.merge(worker as u16, delta);
                },
            );
        }
        let closed = self.owner.close(before);
        self.closed.events.extend(closed.events);
        self.closed.candidates = closed.candidates;
    }

    fn narrative_of(&self, key: u64) -> (bool, u64) {
        self.owner.became(0, self.clusters[&key]).unwrap()
    }

    fn events(&self, kind: EventKind) -> Vec<&NarrativeEvent> {
        self.closed.events.iter().filter(|event| event.event == kind).collect()
    }
}

/// Pronounceable words that are no stop words.
fn word(number: usize) -> String {
    const PARTS: [&str; 20] = [
        "ba", "ce", "do", "fi", "gu", "ka", "le", "mo", "ni", "pu", "ra", "se", "to", "vi", "wu", "xa", "ye", "zo",
        "je", "hi",
    ];
    format!("{}{}{}n", PARTS[number % 20], PARTS[number / 20 % 20], PARTS[number / 400 % 20])
}

fn text(words: impl IntoIterator<Item = usize>) -> String {
    words.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % bound as u64) as usize
    }
}

/// Ten words of a story's fourteen, and one of anywhere.
fn story_text(seeded: &mut Seeded, story: usize) -> String {
    let own: Vec<usize> = (0..8).map(|_| 4_000 + story * 14 + seeded.below(14)).collect();
    text(own.into_iter().chain([seeded.below(4_000)]))
}

/// The live story as found among posts that are no part of it: its largest narrative and how much of it that is.
fn recall(bench: &Bench, keys: &[u64]) -> f64 {
    let mut counts: HashMap<(bool, u64), usize> = HashMap::new();
    keys.iter().for_each(|key| *counts.entry(bench.narrative_of(*key)).or_default() += 1);
    counts.values().max().copied().unwrap_or(0) as f64 / keys.len() as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn identical_and_nearly_identical_texts_land_together(
        seed in any::<u64>(),
        words in prop::collection::hash_set(0..4_000_usize, 9..20),
        changed in any::<prop::sample::Index>(),
        between in 0..400_usize,
        gap in 0..600_i64,
    ) {
        let words: Vec<usize> = words.into_iter().collect();
        let mut seeded = Seeded(seed);
        let mut bench = Bench::new(NarrativeConfig::default(), 1);
        for at in 0..100 {
            let noise = text((0..8).map(|_| seeded.below(4_000)));
            bench.post(at, seed ^ at as u64, &noise);
        }
        let first = bench.post(100, 1, &text(words.iter().copied()));
        for at in 0..between {
            // Others use its words, too, so that clusters compete for it.
            let stolen = words[seeded.below(words.len())];
            let noise = text((0..6).map(|_| seeded.below(4_000)).chain([stolen]));
            bench.post(101 + at as i64 * gap / 400, 7 + at as u64, &noise);
        }
        let same = bench.post(101 + gap, 2, &text(words.iter().copied()));
        let mut near = words.clone();
        let place = changed.index(words.len());
        near[place] = 7_999;
        let near = bench.post(102 + gap, 3, &text(near));
        bench.close(i64::MAX);
        prop_assert_eq!(bench.narrative_of(first), bench.narrative_of(same));
        prop_assert_eq!(bench.narrative_of(first), bench.narrative_of(near));
    }

    #[test]
    fn who_noted_a_post_does_not_matter(seed in any::<u64>(), workers in 1_usize..5, steps in prop::collection::vec(1_i64..4, 1..5)) {
        let mut seeded = Seeded(seed);
        let config = NarrativeConfig::default();
        let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
        let mut alone = NarrativeObserver::new(config.clone());
        let mut logs: Vec<_> = (0..workers).map(|_| NarrativeLogs::new(&config)).collect();
        for key in 0..300_u64 {
            let story = seeded.below(3);
            let post = EdgePost {
                time: EventTime::from_unix(seeded.below(240) as i64),
                text: story_text(&mut seeded, story) + if seeded.below(2) == 0 { " #dam" } else { "" },
                author: Some(AuthorToken::from_bits(seeded.below(60) as u64)),
                key: Some(PostKey::from_bits(key)),
                ..EdgePost::default()
            };
            analyzer.analyze(&post, &mut analysis);
            alone.observe(&post, &analysis, &[]);
            logs[seeded.below(workers)].observe(&post, &analysis, &[]);
        }
        let mut together = NarrativeObserver::new(config.clone());
        let (mut one, mut all) = (Narratives::new(config.clone(), K), Narratives::new(config, K));
        let (mut told, mut same) = (Vec::new(), Vec::new());
        // One closes minute by minute; of the others' some are over at once, and a quarter of an hour passes in silence.
        for minute in 1..=20 {
            alone.close(minute * 60, &mut |delta| one.merge(0, delta));
            told.extend(std::iter::from_fn(|| one.close_next(minute * 60)));
        }
        let mut minute = 0;
        for step in steps.into_iter().chain([20]) {
            minute += step;
            for log in logs.iter_mut().rev() {
                while let Some(noted) = log.hand_over(minute * 60) {
                    together.take_in(noted);
                }
            }
            together.close(minute * 60, &mut |delta| all.merge(0, delta));
            same.extend(std::iter::from_fn(|| all.close_next(minute.min(20) * 60)));
        }
        prop_assert!(told.iter().any(|(_, closed)| !closed.candidates.is_empty()));
        prop_assert_eq!(told, same);
    }

    #[test]
    fn neither_order_of_arrival_nor_of_workers_matters(seed in any::<u64>()) {
        let mut seeded = Seeded(seed);
        let posts: Vec<(usize, i64, u64, u64, String)> = (0..300_u64)
            .map(|key| {
                let story = seeded.below(3);
                let author = seeded.below(60) as u64;
                (seeded.below(3), seeded.below(240) as i64, key, author, story_text(&mut seeded, story))
            })
            .collect();
        let run = |order: &[usize], backward: bool| {
            let config = NarrativeConfig::default();
            let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
            let mut observers: Vec<_> = (0..3).map(|_| NarrativeObserver::new(config.clone())).collect();
            for index in order {
                let (worker, unix, key, author, text) = &posts[*index];
                let post = EdgePost {
                    time: EventTime::from_unix(*unix),
                    text: text.clone(),
                    author: Some(AuthorToken::from_bits(*author)),
                    key: Some(PostKey::from_bits(*key)),
                    ..EdgePost::default()
                };
                analyzer.analyze(&post, &mut analysis);
                observers[*worker].observe(&post, &analysis, &[]);
            }
            let mut deltas: Vec<(u16, MinuteDelta)> = Vec::new();
            for (worker, observer) in observers.iter_mut().enumerate() {
                observer.close(i64::MAX, &mut |delta| deltas.push((worker as u16, delta)));
            }
            if backward {
                deltas.reverse();
            }
            let mut owner = Narratives::new(config, K);
            deltas.into_iter().for_each(|(worker, delta)| owner.merge(worker, delta));
            (1..=5).map(|minute| owner.close(minute * 60)).collect::<Vec<Closed>>()
        };
        let order: Vec<usize> = (0..posts.len()).collect();
        let mut mixed = order.clone();
        for at in (1..mixed.len()).rev() {
            mixed.swap(at, seeded.below(at + 1));
        }
        let one = run(&order, false);
        prop_assert!(one.iter().any(|closed| !closed.candidates.is_empty()));
        prop_assert_eq!(&one, &run(&mixed, true));
    }
}

/// A story of 200 posts among a flood of `flood` texts, within bounds; returns how much of the story is one narrative.
fn under_flood(flood: impl Fn(&mut Seeded, usize) -> String) -> f64 {
    let config = NarrativeConfig { clusters_max: 2_000, terms_max: 12_000, ..NarrativeConfig::default() };
    let mut bench = Bench::new(config.clone(), 1);
    let mut seeded = Seeded(5);
    let mut keys = Vec::new();
    for at in 0..10_000_usize {
        let unix = at as i64 / 50;
        let noise = flood(&mut seeded, at);
        bench.post(unix, 1_000_000 + at as u64 % 5_000, &noise);
        if at % 50 == 0 {
            let told = story_text(&mut seeded, 0);
            keys.push(bench.post(unix, at as u64, &told));
        }
        if at % 3_000 == 2_999 {
            bench.close(unix);
            assert!(bench.observers[0].clusterer().live() <= config.clusters_max);
        }
    }
    bench.close(i64::MAX);
    let counters = bench.observers[0].counters();
    assert_eq!(counters.posts_clustered, 10_200);
    assert!(bench.observers[0].clusterer().live() <= config.clusters_max);
    let (beside, terms) = bench.observers[0].clusterer().bytes();
    assert!(beside <= config.clusters_max * 1_024, "{beside}");
    assert!(terms < 40 << 20, "{terms}");
    recall(&bench, &keys)
}

#[test]
fn an_honest_story_is_found_under_every_flood() {
    let found = [
        ("one text", under_flood(|_, _| text(0..10))),
        ("random words", under_flood(|seeded, _| text((0..10).map(|_| seeded.below(4_000))))),
        (
            "new words",
            under_flood(|_, at| (0..10).map(|word| format!("q{}x{word}z", at * 31)).collect::<Vec<_>>().join(" ")),
        ),
        ("one word", under_flood(|_, _| ["bridge"; 40].join(" "))),
        (
            "glue",
            under_flood(|seeded, _| {
                let own = text((0..5).map(|_| 4_000 + seeded.below(14)));
                format!("{own} {}", text((0..5).map(|_| 4_000 + 14 + seeded.below(14))))
            }),
        ),
    ];
    println!("{found:?}");
    for (flood, recall) in found {
        assert!(recall >= 0.8, "{flood}: {recall}");
    }
}

#[test]
fn postings_stay_bounded_when_everyone_writes_one_word() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    for at in 0..3_000_usize {
        bench.post(0, at as u64, &format!("bridge {}", text((0..8).map(|word| 10 * at + word))));
    }
    bench.close(60);
    let counters = bench.observers[0].counters();
    assert!(counters.clusters_opened as usize <= POSTINGS_MAX || counters.postings_left_out > 0, "{counters:?}");
}

#[test]
fn a_life_from_birth_to_end() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let mut seeded = Seeded(9);
    let mut told = |bench: &mut Bench, minute: i64, posts: i64, from: u64| {
        for post in 0..posts {
            let text = story_text(&mut seeded, 0);
            bench.post(minute * 60 + post % 60, from + post as u64, &text);
        }
        bench.close(minute * 60 + 60);
    };
    told(&mut bench, 0, 5, 0);
    assert!(bench.closed.events.is_empty() && bench.closed.candidates.is_empty(), "five authors are no narrative");
    told(&mut bench, 1, 15, 100);
    let [birth] = bench.events(EventKind::Birth)[..] else { panic!("{:?}", bench.closed) };
    let id = birth.id;
    assert_eq!(birth.time, 120);
    let born = bench.closed.candidates[0].clone();
    assert_eq!((born.state, born.posts, born.authors, born.minute_posts), (State::Emerging, 20, 20, 15));
    assert!(born.terms.iter().any(|term| term.authors >= K) && born.languages == [(*b"en", 20)]);
    let mut states = BTreeSet::new();
    for minute in 2..240 {
        let posts = match minute {
            2..=80 => 4,
            81..=110 => 4 + (minute - 80),
            111..=150 => (40 - (minute - 110)).max(1),
            _ => 0,
        };
        told(&mut bench, minute, posts, minute as u64 * 100);
        bench.closed.candidates.iter().filter(|candidate| candidate.id == id).for_each(|candidate| {
            states.insert(candidate.state);
        });
    }
    let expected = [State::Emerging, State::Growing, State::Steady, State::Fading, State::Dormant];
    assert_eq!(states.into_iter().collect::<Vec<_>>(), expected, "{:?}", bench.events(EventKind::State));
    for minute in (240..2_000).step_by(10) {
        bench.post(minute * 60, 1, &text([minute as usize, minute as usize + 7]));
        bench.close(minute * 60 + 60);
    }
    let ends = bench.events(EventKind::End);
    assert!(ends.len() == 1 && ends[0].id == id, "{ends:?}");
}

#[test]
fn two_workers_clusters_of_one_story_are_one_narrative() {
    let mut bench = Bench::new(NarrativeConfig::default(), 2);
    let mut seeded = Seeded(3);
    for at in 0..200_u64 {
        let told = story_text(&mut seeded, at as usize % 2);
        bench.post_to(at as usize / 2 % 2, at as i64, at, &told);
        if at % 20 == 19 {
            bench.close(at as i64 / 60 * 60);
        }
    }
    bench.close(i64::MAX);
    let alive: Vec<_> = bench.closed.candidates.iter().filter(|candidate| candidate.merged_into.is_none()).collect();
    let posts: Vec<u64> = alive.iter().map(|candidate| candidate.posts).collect();
    assert!(posts.iter().filter(|posts| **posts >= 90).count() == 2, "{posts:?}");
    // What had a name and became part of another says so once, and its name is not given again.
    let mut born = HashSet::new();
    assert!(bench.events(EventKind::Birth).iter().all(|event| born.insert(event.id)));
    for event in bench.events(EventKind::Merge) {
        assert!(born.contains(&event.id) && born.contains(&event.others[0]) && event.id != event.others[0]);
    }
}

#[test]
fn what_held_two_stories_is_split() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let mut seeded = Seeded(4);
    let of = |seeded: &mut Seeded, story: usize| {
        text((0..6).map(|_| 4_000 + story * 6 + seeded.below(6)).collect::<Vec<_>>())
    };
    // First everyone writes of both, then some of one and some of the other.
    for minute in 0..20_i64 {
        for post in 0..20_u64 {
            let told = if minute < 3 {
                format!("{} {}", of(&mut seeded, 0), of(&mut seeded, 1))
            } else {
                of(&mut seeded, post as usize % 2)
            };
            bench.post(minute * 60 + post as i64, minute as u64 * 20 + post, &told);
        }
        bench.close(minute * 60 + 60);
    }
    assert!(bench.observers[0].counters().clusters_split > 0, "{:?}", bench.observers[0].counters());
    let splits = bench.events(EventKind::Split);
    let births: Vec<NarrativeId> = bench.events(EventKind::Birth).iter().map(|event| event.id).collect();
    assert!(splits.len() == 1 && births.contains(&splits[0].id) && births.contains(&splits[0].others[0]), "{splits:?}");
}

/// A story of which two strands are told together at first, and each by itself from a minute on: the log has a split soon.
#[test]
fn a_story_that_becomes_two_is_split_in_the_log() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let (mut seeded, mut author) = (Seeded(5), 0);
    for minute in 0..60_i64 {
        for post in 0..10_usize {
            let mut words: Vec<usize> = Vec::new();
            for _ in 0..6 {
                let strand = if minute >= 30 { post % 2 } else { seeded.below(2) };
                words.push(4_000 + strand * 9 + seeded.below(9));
            }
            words.push(seeded.below(4_000));
            author += 1;
            bench.post(minute * 60 + post as i64 * 5, author, &text(words));
        }
        bench.close(minute * 60 + 60);
        assert!(
            minute >= 30 || bench.events(EventKind::Split).is_empty(),
            "split in minute {minute}, when nothing was"
        );
    }
    let births: Vec<NarrativeId> = bench.events(EventKind::Birth).iter().map(|event| event.id).collect();
    let splits = bench.events(EventKind::Split);
    let [split] = splits[..] else { panic!("{births:?} {splits:?}") };
    assert!(births.contains(&split.id) && births.contains(&split.others[0]), "{births:?} {split:?}");
    assert!(split.time <= 40 * 60, "after a hundred posts at most: {split:?}");
}

/// Two stories that are told by themselves at first, and together from a minute on: one narrative becomes part of the other, and
/// the log says why.
#[test]
fn stories_that_become_one_are_merged_in_the_log() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let (mut seeded, mut author) = (Seeded(5), 0);
    for minute in 0..60_i64 {
        for post in 0..10_usize {
            let mut words: Vec<usize> = Vec::new();
            for _ in 0..6 {
                let story = if minute < 30 { post % 2 } else { seeded.below(2) };
                words.push(4_000 + story * 9 + seeded.below(9));
            }
            words.push(seeded.below(4_000));
            author += 1;
            bench.post(minute * 60 + post as i64 * 5, author, &text(words));
        }
        bench.close(minute * 60 + 60);
        assert!(
            minute >= 30 || bench.events(EventKind::Merge).is_empty(),
            "merged in minute {minute}, when nothing was"
        );
    }
    let births: Vec<NarrativeId> = bench.events(EventKind::Birth).iter().map(|event| event.id).collect();
    let merges = bench.events(EventKind::Merge);
    let [merge] = merges[..] else { panic!("{births:?} {merges:?}") };
    assert!(births.contains(&merge.id) && births.contains(&merge.others[0]), "{births:?} {merge:?}");
    assert!(matches!(merge.reason, Reason::Likeness { likeness, asked } if likeness >= asked), "{merge:?}");
    assert!(merge.time <= 45 * 60, "a quarter of an hour later at most: {merge:?}");
}

/// A story that is told by a place and little else, until a fourth word with the place's first letters comes up and the place stands
/// for itself: its posts go where they went before.
#[test]
fn a_story_outlives_a_further_spelling_of_its_word() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let (mut seeded, mut author, mut of_story) = (Seeded(21), 0, Vec::new());
    for minute in 0..60_i64 {
        for second in 0..40_i64 {
            author += 1;
            let mut said = text((0..6).map(|_| seeded.below(2_000)));
            if minute == 30 && second < 3 {
                let _ = write!(said, " {}", ["northbridges", "northbrook", "northborough"][second as usize]);
            }
            bench.post(minute * 60 + second, author, &said);
        }
        for second in 40..44_i64 {
            author += 1;
            let said =
                format!("northbridge {} {}", word(5_000 + seeded.below(3)), text((0..4).map(|_| seeded.below(2_000))));
            of_story.push(bench.post(minute * 60 + second, author, &said));
        }
        bench.close(minute * 60 + 60);
    }
    let share = recall(&bench, &of_story);
    assert!(share > 0.9, "{share}");
}

/// A word that people write about many things, and among them a text that is passed on: no narrative, though ten authors and more
/// carry the cluster and the words of the text stand together in most of its posts.
#[test]
fn what_stands_together_in_copies_alone_is_no_narrative() {
    let told = |copied: bool| {
        let mut bench = Bench::new(NarrativeConfig::default(), 1);
        let (mut seeded, mut author) = (Seeded(11), 0);
        for minute in 0..120_i64 {
            for second in 0..20_i64 {
                author += 1;
                bench.post(minute * 60 + second, author, &text((0..5).map(|_| seeded.below(2_000))));
            }
            for number in 0..if minute < 100 { 0 } else { 4 } {
                author += 1;
                // Three of four have the words of the text: copied, or in words of their own.
                let said = if number == 0 {
                    format!("{} {}", word(5_000), text((0..4).map(|_| seeded.below(2_000))))
                } else if copied {
                    text(5_000..5_006)
                } else {
                    format!(
                        "{} {}",
                        text((0..5).map(|_| 5_000 + seeded.below(6))),
                        text((0..2).map(|_| seeded.below(2_000)))
                    )
                };
                bench.post(minute * 60 + 30 + number, author, &said);
            }
            bench.close(minute * 60 + 60);
        }
        bench.events(EventKind::Birth).len()
    };
    assert_eq!((told(true), told(false)), (0, 1));
}

#[test]
fn a_deleted_post_is_not_clustered_and_not_counted() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let mut seeded = Seeded(2);
    let mut keys = Vec::new();
    for author in 0..20 {
        let told = story_text(&mut seeded, 0);
        keys.push(bench.post(author as i64, author, &told));
    }
    let minute = Window { step: Step::Minute, start: 0 };
    let mut gone: HashSet<DeleteKey> = keys[..4].iter().map(|key| DeleteKey::Post(PostKey::from_bits(*key))).collect();
    gone.insert(DeleteKey::Author(AuthorToken::from_bits(19)));
    assert_eq!(bench.observers[0].delete(minute, &gone), 5);
    assert_eq!(bench.observers[0].delete(minute, &gone), 0);
    assert_eq!(bench.observers[0].records(), 15);
    bench.close(60);
    assert!(keys[..4].iter().all(|key| !bench.clusters.contains_key(key)));
    assert_eq!((bench.closed.candidates[0].posts, bench.closed.candidates[0].authors), (15, 15));
}

#[test]
fn full_logs_are_clustered_early_and_counted() {
    let config = NarrativeConfig { log_bytes_max: 20_000, ..NarrativeConfig::default() };
    let mut bench = Bench::new(config, 1);
    let mut seeded = Seeded(2);
    for author in 0..600 {
        let told = story_text(&mut seeded, 0);
        bench.post(author as i64 / 3, author, &told);
    }
    bench.close(i64::MAX);
    assert!(bench.observers[0].counters().posts_clustered_early > 300);
    assert_eq!(bench.observers[0].counters().posts_clustered, 600);
    assert_eq!(bench.closed.candidates.iter().map(|candidate| candidate.posts).sum::<u64>(), 600);
}

#[test]
fn authors_of_two_days_do_not_add_up() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let mut seeded = Seeded(6);
    let midnight = 86_400;
    for post in 0..12_i64 {
        // Seven before midnight, five after: other tokens, whoever they are.
        let told = story_text(&mut seeded, 0);
        bench.post(midnight - 7 * 60 + post * 60, post as u64, &told);
    }
    bench.close(i64::MAX);
    assert!(bench.closed.events.is_empty(), "{:?}", bench.closed.events);
}

#[test]
fn nothing_prints_what_it_holds() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    for author in 0..20 {
        bench.post(author as i64, author, "the canary sings of Tarnow #canary");
    }
    let mut printed = format!("{:?}", bench.observers);
    bench.observers[0].close(60, &mut |delta| {
        let (local, terms) = (&delta.locals, delta.terms_of(&delta.locals[0]));
        assert!(terms.iter().any(|term| delta.form_of(term) == "canary"));
        write!(printed, "{delta:?} {local:?} {terms:?} {:?}", delta.languages_of(&local[0])).unwrap();
        bench.owner.merge(0, delta);
    });
    let closed = bench.owner.close(60);
    assert!(!closed.candidates.is_empty());
    write!(printed, "{closed:?} {:?} {:?}", bench.owner, closed.candidates[0].terms).unwrap();
    assert!(!printed.to_lowercase().contains("canary") && !printed.contains("tarnow"), "{printed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // Forms of one stem are one term to the clusterer; what is shown must have been written by k authors letter by letter.
    #[test]
    fn authors_of_a_shown_word_wrote_exactly_that_word(
        seed in any::<u64>(), forms in 1..5_usize, workers in 1..3_usize, minutes in 1..4_i64
    ) {
        let mut seeded = Seeded(seed);
        let mut bench = Bench::new(NarrativeConfig::default(), workers);
        let mut wrote: HashMap<String, HashSet<u64>> = HashMap::new();
        for minute in 0..minutes {
            for _ in 0..60 {
                let author = seeded.below(40) as u64;
                let mut words: Vec<String> = (0..6).map(|_| word(4_000 + seeded.below(8))).collect();
                // Seven letters are shared, and the ends are each author's choice.
                words.extend(["bridgew", "riverss"].map(|stem| format!("{stem}{}", ["", "ay", "ater", "orks", "alk"][seeded.below(forms)])));
                for word in &words {
                    wrote.entry(word.clone()).or_default().insert(author);
                }
                let worker = seeded.below(workers);
                bench.post_to(worker, minute * 60 + seeded.below(60) as i64, author, &words.join(" "));
            }
            bench.close((minute + 1) * 60);
        }
        for part in bench.closed.candidates.iter().flat_map(|candidate| &candidate.terms) {
            let truth = wrote.get(&part.form).map_or(0, HashSet::len) as u64;
            prop_assert!(part.authors <= truth, "{} of {truth} authors wrote {}", part.authors, part.form);
        }
    }
}

/// A story is not told by half of a private person's name, however many repeat it: its words are counted as a name.
#[test]
fn nobody_is_counted_for_a_word_of_a_name() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    for author in 0..200 {
        let text = match author % 3 {
            0 => "ask Quindara Hlavatsky about the flooded river",
            1 => "Gxqrabababa Fxqrabababa knew of the flooded river",
            _ => "the flooded river is what Terrenzo Okonkwari wanted",
        };
        bench.post(author as i64, author, text);
    }
    bench.close(240);
    let said: Vec<(&str, u64)> = bench
        .closed
        .candidates
        .iter()
        .flat_map(|story| story.terms.iter().map(|term| (term.form.as_str(), term.authors)))
        .collect();
    assert!(said.iter().any(|(word, authors)| *word == "river" && *authors >= K), "{said:?}");
    for part in ["quindara", "hlavatsky", "gxqrabababa", "fxqrabababa", "terrenzo", "okonkwari"] {
        let mut phrases = bench.closed.candidates.iter().flat_map(|story| &story.phrases);
        assert!(phrases.all(|phrase| !phrase.form.contains(part)), "{part}");
        assert!(said.iter().all(|(word, authors)| *word != part || *authors == 0), "{part}: {said:?}");
    }
}

#[test]
fn nobody_is_counted_for_a_word_of_a_hashtag() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    for author in 0..200 {
        let text = match author % 2 {
            0 => "the flooded river #ClimateActionNow",
            _ => "river flooded again #climateactionnow",
        };
        bench.post(author as i64, author, text);
    }
    bench.close(240);
    let terms = || bench.closed.candidates.iter().flat_map(|story| story.terms.iter());
    let said: Vec<(&str, u64)> = terms().map(|term| (term.form.as_str(), term.authors)).collect();
    assert!(said.iter().any(|(word, authors)| *word == "climateactionnow" && *authors >= K), "{said:?}");
    for part in ["climate", "action"] {
        assert!(said.iter().all(|(word, authors)| *word != part || *authors == 0), "{part}: {said:?}");
    }
}

/// Posts that have nothing but a word of their hashtags in common land together.
#[test]
fn one_story_under_several_hashtags_is_one() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let tags = ["#BrumalandFlood", "#brumalandFlood", "#PrayForBrumaland", "#BrumalandStrong"];
    let posts: Vec<u64> = (0..40).map(|n| bench.post(n, n as u64, tags[n as usize % tags.len()])).collect();
    bench.close(240);
    let first = bench.narrative_of(posts[0]);
    let together = posts.iter().filter(|post| bench.narrative_of(**post) == first).count();
    assert!(together > 35, "{together} of 40");
}

/// A story that begins late in a young stream is born within a quarter of an hour, though all that write of it write one of four
/// texts.
#[test]
fn what_begins_late_in_a_young_stream_is_born() {
    const STORY: [&str; 4] = [
        "the dam at northbridge has failed and the valley is being evacuated",
        "northbridge dam failure, people in the valley told to evacuate now",
        "evacuation of the valley below northbridge after the dam failed",
        "water comes down the valley, the northbridge dam has failed, evacuate",
    ];
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let (mut seeded, mut author) = (Seeded(7), 0);
    let mut keys = Vec::new();
    for minute in 0..80 {
        for second in 0..20 {
            author += 1;
            let talk = text((0..5).map(|_| seeded.below(12)));
            bench.post(minute * 60 + second, author, &talk);
        }
        for number in 0..if minute < 60 { 0 } else { 4 } {
            author += 1;
            keys.push(bench.post(minute * 60 + 30 + number, author, STORY[number as usize]));
        }
        bench.close(minute * 60 + 60);
    }
    let name = bench.owner.name_now(0, bench.clusters[&keys[keys.len() - 1]]);
    let birth = bench.events(EventKind::Birth).into_iter().find(|event| Some(event.id) == name).map(|event| event.time);
    assert!(birth.is_some_and(|time| (3_600..4_500).contains(&time)), "{birth:?}");
    assert!(recall(&bench, &keys) > 0.9);
}

/// The stories that were told of by now, as they were told of last, and what must hold of those that are near each other.
#[derive(Default)]
struct Told(BTreeMap<NarrativeId, NarrativeCandidate>);

impl Told {
    fn note(&mut self, closed: &Closed) {
        self.0.extend(closed.candidates.iter().map(|candidate| (candidate.id, candidate.clone())));
        for event in closed.events.iter().filter(|event| matches!(event.event, EventKind::End | EventKind::Merge)) {
            self.0.remove(&event.id);
        }
        for (id, candidate) in &self.0 {
            assert!(candidate.related.len() <= RELATED_MAX);
            for (other, authors) in candidate.related.iter().filter(|(other, _)| self.0.contains_key(other)) {
                let other = &self.0[other];
                assert!(other.id != *id && *authors <= other.bucket_authors, "{candidate:?} {other:?}");
                assert!(other.related.iter().any(|(of, _)| of == id), "{candidate:?} {other:?}");
            }
        }
    }

    /// The one that has a word.
    fn with(&self, word: &str) -> &NarrativeCandidate {
        self.0.values().find(|candidate| candidate.terms.iter().any(|term| term.form == word)).unwrap()
    }
}

/// One story in two languages has a place's name in common, and little else; what has nothing in common is not near.
#[test]
fn one_story_in_two_languages_is_told_as_two_that_are_near() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let mut seeded = Seeded(11);
    let (mut told, mut author) = (Told::default(), 0);
    for minute in 0..20 {
        for post in 0..24 {
            author += 1;
            let story = post as usize % 3;
            let own = text((0..4).map(|_| 4_000 + story * 14 + seeded.below(9)));
            let place = if minute > 1 && story < 2 && seeded.below(10) < 7 { " #tarnow" } else { "" };
            bench.post(minute * 60 + post, author, &(own + place));
        }
        bench.close(minute * 60 + 60);
        told.note(&bench.closed);
        bench.closed.events.retain(|event| event.event == EventKind::Merge);
    }
    assert!(bench.closed.events.is_empty(), "they are not one");
    let [one, other, apart] = [0, 1, 2].map(|story| told.with(&word(4_000 + story * 14)));
    let near = |of: &NarrativeCandidate| of.related.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    assert_eq!([near(one), near(other), near(apart)], [vec![other.id], vec![one.id], vec![]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn two_are_near_each_other_or_neither_is(seed in any::<u64>(), stories in 2..14_usize, tags in 1..4_usize) {
        let mut bench = Bench::new(NarrativeConfig::default(), 1);
        let mut seeded = Seeded(seed);
        let mut told = Told::default();
        for minute in 0..8 {
            for _ in 0..stories * 8 {
                let story = seeded.below(stories);
                let own = text((0..4).map(|_| 4_000 + story * 14 + seeded.below(9)));
                let tag = format!(" #tag{}", story % tags);
                let tag = if minute > 0 && seeded.below(10) < 7 { &tag } else { "" };
                bench.post(minute * 60 + seeded.below(60) as i64, seeded.below(200) as u64, &(own + tag));
            }
            bench.close(minute * 60 + 60);
            told.note(&bench.closed);
            bench.closed.events.clear();
        }
    }
}

/// A label says what people write side by side as they write it, and none of its words by itself.
#[test]
fn a_label_has_the_phrase_that_people_write() {
    let mut bench = Bench::new(NarrativeConfig::default(), 1);
    let mut seeded = Seeded(3);
    for author in 0..300 {
        let other = text((0..4).map(|_| seeded.below(4_000)));
        let told = match author % 3 {
            0 => format!("{other} after the failure of the dam, the mill is gone"),
            1 => format!("a dam failure and {other}, the mill"),
            _ => format!("the mill {other} below the dam failure"),
        };
        bench.post(author as i64, author, &told);
        if author % 60 == 59 {
            bench.close(author as i64 + 1);
        }
    }
    let told = bench.closed.candidates[0].clone();
    assert!(told.phrases.iter().all(|phrase| phrase.form != "failure dam"), "stop words stand between these");
    let row = Gate::exact(GateK::DEFAULT).release_narrative(told.into()).unwrap();
    assert_eq!(row.phrases, ["dam failure"]);
    assert!(row.label.starts_with("dam failure, ") && row.label.contains("mill"), "{}", row.label);
    assert_eq!(row.label.matches("dam").count() + row.label.matches("failure").count(), 2, "{}", row.label);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // Whoever wrote the words apart, in another order, or in another form, has not written the phrase.
    #[test]
    fn authors_of_a_shown_phrase_wrote_exactly_that_phrase(
        seed in any::<u64>(), forms in 1..4_usize, workers in 1..3_usize, minutes in 1..4_i64, usual in 0..10_usize
    ) {
        let mut seeded = Seeded(seed);
        let mut bench = Bench::new(NarrativeConfig::default(), workers);
        let mut wrote: HashMap<String, HashSet<u64>> = HashMap::new();
        for minute in 0..minutes {
            for _ in 0..60 {
                let author = seeded.below(40) as u64;
                let mut words: Vec<String> = (0..6).map(|_| word(4_000 + seeded.below(8))).collect();
                let end = ["", "ay", "ater", "orks"][seeded.below(forms)];
                let phrase = if seeded.below(10) < usual { ["valley", "flooded"] } else { ["flooded", "valley"] };
                words.splice(2..2, phrase.map(|word| format!("{word}{end}")));
                let gap = if seeded.below(4) == 0 { ", " } else { " " };
                if gap == " " {
                    for length in [2, 3] {
                        words.windows(length).for_each(|phrase| {
                            wrote.entry(phrase.join(" ")).or_default().insert(author);
                        });
                    }
                }
                let worker = seeded.below(workers);
                bench.post_to(worker, minute * 60 + seeded.below(60) as i64, author, &words.join(gap));
            }
            bench.close((minute + 1) * 60);
        }
        for candidate in &bench.closed.candidates {
            for part in &candidate.phrases {
                let truth = wrote.get(&part.form).map_or(0, HashSet::len) as u64;
                prop_assert!(part.authors <= truth, "{} of {truth} authors wrote {}", part.authors, part.form);
                let is_term = |word: &str| candidate.terms.iter().any(|term| term.form == word);
                prop_assert!(part.form.split(' ').all(is_term), "{}", part.form);
            }
            let Some(row) = Gate::exact(GateK::DEFAULT).release_narrative(candidate.clone().into()) else { continue };
            for phrase in &row.phrases {
                prop_assert!(wrote[phrase].len() as u64 >= K);
                prop_assert!(phrase.split(' ').all(|word| row.terms.iter().any(|term| term.term == word)), "{phrase}");
            }
            let said: Vec<&str> = row.label.split([',', ' ']).filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(said.iter().collect::<BTreeSet<_>>().len(), said.len(), "{}", row.label);
        }
    }
}
