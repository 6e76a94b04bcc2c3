//! Tone in the volume detector against a slow, obviously right count: whatever the split over workers, whatever is deleted, a watch's
//! hour is counted in the cells in which its posts are read one by one, and only people's posts and whole hours are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use groundswell_detect::tone::shares;
use groundswell_detect::volume::{Merger, Observer, SavedShard, VolumeConfig};
use groundswell_edge::{AuthorToken, DeleteKey, EdgePost, PostKey, PublisherItem};
use groundswell_gate::{Dimension, Gate, K, VolumeCandidate, tone_value};
use groundswell_post::EventTime;
use groundswell_sketch::{Step, Window};
use groundswell_text::{Analysis, Language};
use groundswell_tone::{Language as Measured, Tone, cell};
use groundswell_watch::WatchId;
use proptest::prelude::*;

/// A whole hour, and the last of a day.
const START: i64 = 1_474_588_800 - 3_600;
const WATCHES: [&str; 3] = ["floods", "heat", "gone"];
const TEXTS: [&str; 6] = [
    "I love this so much, thank you!",
    "what a horrible, horrible day :(",
    "the train leaves at ten",
    "not good at all",
    "merci beaucoup, c'est génial",
    "je déteste la pluie",
];
const LANGUAGES: [&[u8; 2]; 4] = [b"en", b"fr", b"hi", b"ja"];

#[derive(Clone, Debug)]
struct Post {
    seconds: i64,
    author: Option<u64>,
    publisher: bool,
    text: usize,
    language: usize,
    watches: Vec<u32>,
    worker: usize,
    deleted: bool,
}

fn post() -> impl Strategy<Value = Post> {
    let watches = proptest::sample::subsequence(vec![0_u32, 1, 2], 0..=3);
    let who = (proptest::option::weighted(0.9, 0_u64..40), proptest::bool::weighted(0.1), 0_usize..3);
    (0_i64..7_200, who, 0..TEXTS.len(), 0..LANGUAGES.len(), watches, proptest::bool::weighted(0.2)).prop_map(
        |(seconds, (author, publisher, worker), text, language, watches, deleted)| {
            let author = author.filter(|_| !publisher);
            Post { seconds, author, publisher, text, language, watches, worker, deleted }
        },
    )
}

fn names(names: &[&str]) -> Arc<[String]> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

type Counts = BTreeMap<(i64, String), (u64, BTreeSet<u64>)>;

/// Of each hour and value, its posts and authors.
fn model(posts: &[Post]) -> Counts {
    let mut counts = Counts::new();
    for post in posts.iter().filter(|post| !post.deleted && !post.publisher) {
        let code = std::str::from_utf8(LANGUAGES[post.language]).unwrap();
        let Some(language) = Measured::from_code(code).filter(|language| *language != Measured::Hi) else { continue };
        let nth = cell(Tone::of_text(TEXTS[post.text], language));
        for watch in post.watches.iter().map(|watch| WATCHES[*watch as usize]).filter(|watch| *watch != "gone") {
            for value in [tone_value(watch, code, None), tone_value(watch, code, Some(nth))] {
                let hour = START + post.seconds - post.seconds % 3_600;
                let (count, authors) = counts.entry((hour, value)).or_default();
                *count += 1;
                authors.extend(post.author);
            }
        }
    }
    counts
}

fn counted(posts: &[Post], workers: usize, saved_at: Option<i64>) -> (Counts, Vec<VolumeCandidate>) {
    let config = VolumeConfig { watch_names: names(&WATCHES), shards: workers, ..VolumeConfig::default() };
    let mut observers: Vec<Observer> =
        (0..workers).map(|worker| Observer::new(config.clone()).numbered(worker)).collect();
    let mut mergers: Vec<Merger> = (0..workers).map(|_| Merger::new(config.clone(), K::DEFAULT)).collect();
    mergers.iter_mut().for_each(|merger| merger.set_watch_names(&names(&["floods", "heat"])));
    let mut candidates = Vec::new();
    for minute in 0..120 {
        let window = Window { step: Step::Minute, start: START + minute * 60 };
        let mut deleted = HashSet::new();
        for (nth, post) in posts.iter().enumerate().filter(|(_, post)| post.seconds / 60 == minute) {
            let key = PostKey::from_bits(nth as u64 + 1);
            let edge = EdgePost {
                time: EventTime::from_unix(START + post.seconds),
                author: post.author.map(|author| AuthorToken::from_bits(author + 1)),
                key: Some(key),
                text: TEXTS[post.text].to_owned(),
                publisher: post.publisher.then(PublisherItem::default),
                ..EdgePost::default()
            };
            let mut analysis = Analysis::new();
            analysis.language = Language::from_code(*LANGUAGES[post.language]);
            let watches: Vec<WatchId> = post.watches.iter().copied().map(WatchId).collect();
            observers[post.worker % workers].observe(&edge, &analysis, &watches);
            deleted.extend(post.deleted.then_some(DeleteKey::Post(key)));
        }
        if Some(minute) == saved_at {
            // A checkpoint is made, and a run goes on from it.
            observers.iter_mut().for_each(|observer| _ = observer.delete(window, &deleted));
            let mut parts: Vec<Vec<_>> = vec![Vec::new(); workers];
            observers.iter_mut().for_each(|observer| observer.look(window, &mut |shard, part| parts[shard].push(part)));
            let saved: Vec<SavedShard> = mergers
                .iter_mut()
                .zip(&parts)
                .map(|(merger, parts)| {
                    let minute = merger.save_minute(window, parts.iter().map(AsRef::as_ref));
                    merger.save(vec![(window.start, minute)])
                })
                .collect();
            observers = (0..workers).map(|worker| Observer::new(config.clone()).numbered(worker)).collect();
            mergers = (0..workers).map(|_| Merger::new(config.clone(), K::DEFAULT)).collect();
            for (shard, merger) in mergers.iter_mut().enumerate() {
                merger.set_watch_names(&names(&["floods", "heat"]));
                merger.restore(&saved, shard, workers);
            }
        }
        observers.iter_mut().for_each(|observer| {
            observer.delete(window, &deleted);
            observer.close(window.end(), &mut |shard, minute, summary| mergers[shard].merge(minute, summary));
        });
        mergers.iter_mut().for_each(|merger| merger.close(window.end(), &mut |candidate| candidates.push(candidate)));
    }
    mergers.iter_mut().for_each(|merger| merger.finish(&mut |candidate| candidates.push(candidate)));
    candidates.retain(|candidate| candidate.dimension == Dimension::Tone);
    let mut counts = Counts::new();
    for candidate in &candidates {
        assert_eq!(candidate.window.step, Step::Hour, "tone is told by the hour");
        for cell in &candidate.cells {
            let authors = (0..cell.authors.count()).collect();
            assert!(counts.insert((candidate.window.start, cell.value.clone()), (cell.posts, authors)).is_none());
        }
    }
    (counts, candidates)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn counts_as_reading_one_by_one_does(
        posts in proptest::collection::vec(post(), 0..300), workers in 1_usize..4,
        saved_at in proptest::option::of(0_i64..120)
    ) {
        let numbers = |counts: Counts| -> BTreeMap<_, _> {
            counts.into_iter().map(|(cell, (posts, authors))| (cell, (posts, authors.len()))).collect()
        };
        let (counts, _) = counted(&posts, workers, saved_at);
        let (counts, model) = (numbers(counts), numbers(model(&posts)));
        prop_assert!(counts.keys().eq(model.keys()), "{:?} {:?}", counts, model);
        for ((cell, (posts, authors)), (expected, all)) in counts.into_iter().zip(model.into_values()) {
            prop_assert_eq!(posts, expected, "{:?}", cell);
            // Authors of two runs are never added up: the larger number stands.
            prop_assert!(if saved_at.is_some() { authors <= all } else { authors == all }, "{:?}: {} of {}", cell, authors, all);
        }
    }
}

#[test]
fn an_hour_of_pleased_and_displeased_posts_is_told_apart() {
    // What the gate says of what is counted, through the whole of it: two hours with one watch each.
    let post = |nth: u64, hour: i64, text| Post {
        seconds: hour * 3_600 + nth as i64 % 3_600,
        author: Some(nth % 40),
        publisher: false,
        text,
        language: 0,
        watches: vec![0],
        worker: 0,
        deleted: false,
    };
    let mut posts: Vec<Post> = (0..400).map(|nth| post(nth, 0, 0)).collect();
    posts.extend((0..400).map(|nth| post(nth, 1, 1)));
    let (_, candidates) = counted(&posts, 1, None);
    let rows: Vec<_> = candidates
        .into_iter()
        .flat_map(|candidate| Gate::new(K::DEFAULT).release_tone(candidate, shares))
        .map(|row| row.into_inner().shares.map(|bar| bar.share))
        .collect();
    let [[_, _, pleased], [displeased, ..]] = rows[..] else { panic!("{rows:?}") };
    assert!(pleased > 80 && displeased > 80, "{rows:?}");
}
