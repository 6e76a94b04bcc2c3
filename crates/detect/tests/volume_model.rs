//! The volume detector against a slow, obviously right count: sets of authors in a map, from the posts themselves.
//! Whatever the split over workers, whatever the order of closing, whatever is deleted: the same candidates.

#![allow(clippy::unwrap_used, clippy::format_push_string, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use groundswell_detect::volume::{Matched, Merger, Observer, SavedShard, VolumeConfig, VolumeCounters};
use groundswell_edge::{AuthorToken, DeleteKey, EdgePost, Link, PostKey, PublisherItem};
use groundswell_gate::{Dimension, Gate, K, VolumeCandidate, clause_value, tone_value};
use groundswell_post::{EventTime, Kind, Relation};
use groundswell_sketch::{Step, Summary, Window};
use groundswell_text::{Analysis, Emoji, Hashtag, Language, Word, hash_word};
use groundswell_tone::{Language as Measured, Tone, cell};
use groundswell_watch::{ClauseId, WatchId};
use proptest::prelude::*;

const WATCHES: [&str; 4] = ["zebra", "floods", "quiet", "harvest"];
/// 2016-09-22, two minutes before an hour and a day end.
const START: i64 = 1_474_588_800 - 120;

/// A post of a random stream.
#[derive(Clone, Debug)]
struct Post {
    seconds: i64,
    author: Option<u64>,
    key: Option<u64>,
    publisher: bool,
    words: Vec<u8>,
    tags: Vec<u8>,
    domains: Vec<u8>,
    watches: Vec<u32>,
    language: Option<[u8; 2]>,
    region: Option<[u8; 2]>,
    relation: Relation,
    source: u8,
    worker: usize,
    deleted: bool,
}

fn token(author: u64) -> u64 {
    (author + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The hashtag beside which an emoji stands.
const EMOJI_OF: u8 = 2;

fn word(number: u8) -> String {
    match number {
        // A stop word, and no term.
        19 => "the".to_owned(),
        6 => "portugal".to_owned(),
        // Mentions the same, so that a post may do so twice.
        5 => "portuguese".to_owned(),
        4 => "deutschland".to_owned(),
        _ => format!("wort{number}"),
    }
}

impl Post {
    fn edge(&self) -> EdgePost {
        EdgePost {
            time: EventTime::from_unix(START + self.seconds),
            source: format!("source{}", self.source),
            kind: if self.publisher { Kind::Publisher } else { Kind::Person },
            relation: self.relation,
            region: self.region,
            author: self.author.map(|author| AuthorToken::from_bits(token(author))),
            key: self.key.map(PostKey::from_bits),
            publisher: self.publisher.then(PublisherItem::default),
            links: self.domains.iter().map(|n| Link { domain: format!("d{n}.example"), url: None }).collect(),
            ..EdgePost::default()
        }
    }

    /// Who replies to a post in their language writes in a second one, too.
    fn languages(&self) -> Option<[[u8; 2]; 2]> {
        self.language.filter(|_| self.relation == Relation::Reply).map(|language| [language, *b"eo"])
    }

    /// Who writes a certain hashtag adds a sign to it.
    fn emoji(&self) -> impl Iterator<Item = &'static str> {
        self.tags.iter().filter(|tag| **tag == EMOJI_OF).map(|_| "👩‍🚒")
    }

    fn analysis(&self) -> Analysis {
        let mut analysis = Analysis::new();
        analysis.language = self.language.map_or(Language::UND, Language::from_code);
        analysis.languages = self.languages().map(|pair| pair.map(Language::from_code));
        let mut add = |text: String| {
            let start = analysis.normal.len() as u32;
            analysis.normal.push_str(&text);
            analysis.normal.push(' ');
            (hash_word(&text), (start, start + text.len() as u32))
        };
        let words: Vec<_> = self.words.iter().map(|number| add(word(*number))).collect();
        let tags: Vec<_> = self.tags.iter().map(|number| add(word(*number))).collect();
        let emoji: Vec<_> = self.emoji().map(|emoji| add(emoji.to_owned())).collect();
        analysis.words = words.into_iter().map(|(hash, normal)| Word { hash, normal, raw: (0, 0) }).collect();
        analysis.emoji = emoji.into_iter().map(|(hash, normal)| Emoji { hash, normal }).collect();
        analysis.hashtags = tags.into_iter().map(|(hash, normal)| Hashtag { hash, normal, spelt: (0, 0) }).collect();
        analysis
    }

    /// Every cell that it belongs to, each once.
    fn cells(&self) -> BTreeSet<(Dimension, String)> {
        let mut cells = BTreeSet::from([
            (Dimension::Total, "all".to_owned()),
            (Dimension::Kind, if self.publisher { "publisher" } else { "person" }.to_owned()),
            (Dimension::Relation, self.relation.as_str().to_owned()),
            (Dimension::Source, format!("source{}", self.source)),
            (
                Dimension::Language,
                self.language.map_or("und".to_owned(), |code| String::from_utf8(code.to_vec()).unwrap()),
            ),
        ]);
        cells.extend(self.region.map(|code| (Dimension::Region, String::from_utf8(code.to_vec()).unwrap())));
        cells.extend(self.words.iter().filter(|word| **word != 19).map(|number| (Dimension::Term, word(*number))));
        cells.extend(self.tags.iter().map(|number| (Dimension::Hashtag, word(*number))));
        cells.extend(self.emoji().map(|emoji| (Dimension::Term, emoji.to_owned())));
        let mentioned = |number: &u8| match number {
            5 | 6 => Some((Dimension::Mentioned, "PT".to_owned())),
            4 => Some((Dimension::Mentioned, "DE".to_owned())),
            _ => None,
        };
        cells.extend(self.words.iter().chain(&self.tags).filter_map(mentioned));
        let pair = |pair: [[u8; 2]; 2]| pair.map(|code| String::from_utf8(code.to_vec()).unwrap()).join("+");
        cells.extend(self.languages().map(|languages| (Dimension::Languages, pair(languages))));
        cells.extend(self.domains.iter().map(|number| (Dimension::Domain, format!("d{number}.example"))));
        cells.extend(self.watches.iter().map(|id| (Dimension::Watch, WATCHES[*id as usize].to_owned())));
        if let Some(language) = self.language.filter(|_| !self.publisher) {
            let code = String::from_utf8(language.to_vec()).unwrap();
            let nth = cell(Tone::of_text("", Measured::from_code(&code).unwrap()));
            for watch in self.watches.iter().map(|id| WATCHES[*id as usize]) {
                cells.extend([None, Some(nth)].map(|cell| (Dimension::Tone, tone_value(watch, &code, cell))));
            }
        }
        cells
    }
}

type Model = BTreeMap<(Window, Dimension, String), (u64, u64, BTreeSet<u64>)>;

/// Counts what is not deleted. A window in which anything was seen has a total and all watches.
fn model(posts: &[Post]) -> Model {
    let mut model = Model::new();
    for post in posts {
        for step in Step::ALL {
            let window = Window::containing(step, START + post.seconds);
            model.entry((window, Dimension::Total, "all".to_owned())).or_default();
            for watch in WATCHES {
                model.entry((window, Dimension::Watch, watch.to_owned())).or_default();
            }
            for (dimension, value) in if post.deleted { BTreeSet::new() } else { post.cells() } {
                // Of tone there are hours only.
                if dimension == Dimension::Tone && step != Step::Hour {
                    continue;
                }
                let (count, publisher_posts, authors) = model.entry((window, dimension, value)).or_default();
                *count += 1;
                *publisher_posts += u64::from(post.publisher);
                authors.extend(post.author.filter(|_| !post.publisher).map(token));
            }
        }
    }
    model
}

/// What the detector may leave out: cells of open-ended dimensions that cannot pass.
fn proposed(model: Model, k: u64) -> Model {
    let could_pass = |(posts, publisher_posts, authors): &(u64, u64, BTreeSet<u64>)| {
        posts == publisher_posts || authors.len() as u64 >= k
    };
    model.into_iter().filter(|((_, dimension, _), cell)| !dimension.is_open_ended() || could_pass(cell)).collect()
}

struct Run {
    candidates: Vec<VolumeCandidate>,
    observed: VolumeCounters,
    merged: VolumeCounters,
    deleted: u64,
}

/// The whole detector over some workers. Each closes when `close_every` posts have passed, if the stream allows it.
///
/// After every `look_every` posts a checkpoint looks at what is open, and every other time deletions come just before.
fn run_all(posts: &[Post], workers: usize, config: &VolumeConfig, k: K, close_every: usize, look_every: usize) -> Run {
    let config = VolumeConfig { shards: workers, watch_names: WATCHES.map(str::to_owned).into(), ..config.clone() };
    let mut observers: Vec<_> = (0..workers).map(|worker| Observer::new(config.clone()).numbered(worker)).collect();
    let mut mergers: Vec<_> = (0..workers).map(|_| Merger::new(config.clone(), k)).collect();
    let mut candidates = Vec::new();
    let (mut deleted, mut deleted_early) = (0, 0);
    let keys: HashSet<DeleteKey> = posts
        .iter()
        .filter(|post| post.deleted)
        .filter_map(|post| post.key)
        .map(|key| DeleteKey::Post(PostKey::from_bits(key)))
        .collect();
    let mut close = |observers: &mut Vec<Observer>, mergers: &mut Vec<Merger>, before: i64| {
        for observer in observers.iter_mut() {
            for minute in observer.open_minutes().into_iter().filter(|minute| minute.end() <= before) {
                // What was looked at before is of no more use, whether somebody says so or not.
                deleted += observer.delete(minute, &keys);
                assert_eq!(observer.delete(minute, &keys), 0, "what is deleted is deleted once");
            }
            observer.close(before, &mut |shard, minute, summary| mergers[shard].merge(minute, summary));
        }
        for merger in mergers.iter_mut() {
            merger.close(before, &mut |candidate| candidates.push(candidate));
        }
    };
    for (nth, post) in posts.iter().enumerate() {
        observers[post.worker % workers].observe(
            &post.edge(),
            &post.analysis(),
            &post.watches.iter().map(|id| WatchId(*id)).collect::<Vec<_>>(),
        );
        if nth % look_every == look_every - 1 {
            let mut open: BTreeMap<Window, Vec<(usize, Arc<Summary>)>> = BTreeMap::new();
            for observer in &mut observers {
                for minute in observer.open_minutes() {
                    if nth / look_every % 2 == 1 {
                        deleted_early += observer.delete(minute, &keys);
                    }
                    observer.look(minute, &mut |shard, part| open.entry(minute).or_default().push((shard, part)));
                }
                for minute in observer.take_spoiled() {
                    mergers.iter_mut().for_each(|merger| merger.forget_looked(minute));
                }
            }
            for (shard, merger) in mergers.iter_mut().enumerate() {
                for (minute, parts) in &open {
                    let own = parts.iter().filter(|part| part.0 == shard).map(|(_, part)| part.as_ref());
                    let saved = merger.save_minute(*minute, own.clone());
                    assert!(
                        saved == merger.save_minute(*minute, own),
                        "what is written down once is what is written down"
                    );
                }
            }
        }
        if nth % close_every == close_every - 1 {
            let before = posts[nth + 1..].iter().map(|post| START + post.seconds).min().unwrap_or(START);
            close(&mut observers, &mut mergers, before);
        }
    }
    close(&mut observers, &mut mergers, i64::MAX);
    let mut counters = (VolumeCounters::default(), VolumeCounters::default());
    observers.iter().for_each(|observer| counters.0.add(&observer.counters()));
    mergers.iter().for_each(|merger| counters.1.add(&merger.counters()));
    Run { candidates, observed: counters.0, merged: counters.1, deleted: deleted + deleted_early }
}

/// The detector over `before` workers, saved in the middle, and gone on with over `after` workers that know authors by other
/// tokens.
fn run_restarted(
    first: &[Post],
    rest: &[Post],
    before: usize,
    after: usize,
    k: K,
    close_every: usize,
) -> Vec<VolumeCandidate> {
    let config = |workers| VolumeConfig {
        shards: workers,
        watch_names: WATCHES.map(str::to_owned).into(),
        ..VolumeConfig::default()
    };
    let start_of = |posts: &[Post]| posts.iter().map(|post| START + post.seconds).min().unwrap_or(i64::MAX);
    let mut candidates = Vec::new();
    let mut saved: Vec<SavedShard> = Vec::new();
    for (part, later, workers, other_epoch) in [(first, rest, before, false), (rest, &[][..], after, true)] {
        let mut observers: Vec<_> =
            (0..workers).map(|worker| Observer::new(config(workers)).numbered(worker)).collect();
        let mut mergers: Vec<_> = (0..workers).map(|_| Merger::new(config(workers), k)).collect();
        for (shard, merger) in mergers.iter_mut().enumerate() {
            merger.restore(&saved, shard, workers);
        }
        let mut close = |observers: &mut Vec<Observer>, mergers: &mut Vec<Merger>, until: i64| {
            for observer in observers {
                observer.close(until, &mut |shard, minute, summary| mergers[shard].merge(minute, summary));
            }
            for merger in mergers {
                merger.close(until, &mut |candidate| candidates.push(candidate));
            }
        };
        for (nth, post) in part.iter().enumerate() {
            let mut edge = post.edge();
            if other_epoch {
                edge.author = edge.author.map(|author| AuthorToken::from_bits(author.bits().rotate_left(17)));
            }
            let watches: Vec<_> = post.watches.iter().map(|id| WatchId(*id)).collect();
            observers[post.worker % workers].observe(&edge, &post.analysis(), &watches);
            if nth % close_every == close_every - 1 {
                let until = start_of(&part[nth + 1..]).min(start_of(later));
                // Nothing more is to come only at the very end.
                if until < i64::MAX {
                    close(&mut observers, &mut mergers, until);
                }
            }
        }
        if other_epoch {
            close(&mut observers, &mut mergers, i64::MAX);
            break;
        }
        // One worker's clocks may be ahead of the others': it has closed what they have not.
        observers[0].close(i64::MAX, &mut |shard, minute, summary| mergers[shard].merge(minute, summary));
        let observed = observers.iter().flat_map(Observer::open_minutes);
        let minutes: BTreeSet<Window> = observed.chain(mergers.iter().flat_map(Merger::open_minutes)).collect();
        let mut saved_minutes = vec![Vec::new(); workers];
        for minute in minutes {
            let mut open: Vec<(usize, Arc<Summary>)> = Vec::new();
            for observer in &mut observers {
                observer.look(minute, &mut |shard, summary| open.push((shard, summary)));
            }
            for (shard, minutes) in saved_minutes.iter_mut().enumerate() {
                let own = open.iter().filter(|part| part.0 == shard).map(|(_, summary)| summary.as_ref());
                minutes.push((minute.start, mergers[shard].save_minute(minute, own)));
            }
        }
        saved = mergers.iter_mut().zip(saved_minutes).map(|(merger, minutes)| merger.save(minutes)).collect();
    }
    candidates
}

/// Candidates as the model's map; asserts on the way what a consumer relies on.
fn content(candidates: &[VolumeCandidate]) -> BTreeMap<(Window, Dimension, String), (u64, u64, u64)> {
    let mut content = BTreeMap::new();
    for candidate in candidates {
        assert!(candidate.cells.windows(2).all(|pair| pair[0].value < pair[1].value), "sorted by value");
        for cell in &candidate.cells {
            let key = (candidate.window, candidate.dimension, cell.value.clone());
            let figures = (cell.posts, cell.publisher_posts, cell.authors.count());
            assert!(content.insert(key, figures).is_none(), "a cell is in one candidate");
        }
    }
    let mut whole = BTreeSet::new();
    for candidate in candidates.iter().filter(|candidate| !candidate.dimension.is_open_ended()) {
        assert!(whole.insert((candidate.window, candidate.dimension)), "a table that may fold comes whole");
    }
    content
}

fn expected(model: Model) -> BTreeMap<(Window, Dimension, String), (u64, u64, u64)> {
    let figures = |(key, (posts, publisher, authors)): (_, (u64, u64, BTreeSet<u64>))| {
        (key, (posts, publisher, authors.len() as u64))
    };
    model.into_iter().map(figures).collect()
}

fn posts(count: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<Post>> {
    let numbers =
        |max: u8, count: usize| proptest::collection::vec((0..max, 0..max).prop_map(|(a, b)| a.min(b)), 0..count);
    let who = (proptest::option::weighted(0.95, 0_u64..30), any::<bool>(), proptest::bool::weighted(0.1));
    let what = (numbers(20, 12), numbers(6, 4), numbers(5, 4), proptest::collection::btree_set(0_u32..3, 0..3));
    let head = (
        proptest::option::of(prop_oneof![Just(*b"en"), Just(*b"de"), Just(*b"pt")]),
        proptest::option::of(prop_oneof![Just(*b"BR"), Just(*b"DE")]),
        0_usize..4,
        0_u8..3,
    );
    let how = (0_usize..3, proptest::bool::weighted(0.15), 0_i64..400);
    let post = (who, what, head, how).prop_map(
        |(
            (author, has_key, publisher),
            (words, tags, domains, watches),
            (language, region, relation, source),
            (worker, deleted, seconds),
        )| {
            Post {
                seconds,
                author,
                key: has_key.then_some(0),
                publisher,
                words,
                tags: tags.into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
                domains,
                watches: watches.into_iter().collect(),
                language,
                region,
                relation: Relation::ALL[relation],
                source,
                worker,
                deleted: deleted && has_key,
            }
        },
    );
    proptest::collection::vec(post, count).prop_map(|mut posts| {
        for (number, post) in (1..).zip(&mut posts) {
            post.key = post.key.map(|_| number);
        }
        posts
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn counts_as_the_model_does(
        posts in posts(0..250), close_every in 20_usize..120, look_every in 5_usize..90, k in 5_u32..12
    ) {
        let k = K::new(k).unwrap();
        let expected = expected(proposed(model(&posts), k.get()));
        for workers in 1..=3 {
            let run = run_all(&posts, workers, &VolumeConfig::default(), k, close_every, look_every);
            prop_assert_eq!(&content(&run.candidates), &expected, "{} workers", workers);
            prop_assert_eq!(run.deleted, posts.iter().filter(|post| post.deleted).count() as u64);
            prop_assert_eq!((run.observed, run.merged), Default::default());
        }
    }

    #[test]
    fn released_rows_rest_on_k(posts in posts(100..400), workers in 1_usize..4) {
        let gate = Gate::exact(K::new(6).unwrap());
        let counted = model(&posts);
        let run = run_all(&posts, workers, &VolumeConfig::default(), gate.k(), 100, 40);
        for row in run.candidates.into_iter().flat_map(|candidate| gate.release(candidate)) {
            let Some(figures) = row.figures else { continue };
            if row.value == groundswell_gate::OTHER {
                prop_assert!(figures.authors >= 6);
                continue;
            }
            let (posts, publisher_posts, authors) = &counted[&(row.window, row.dimension, row.value.clone())];
            prop_assert_eq!((figures.posts, figures.authors), (*posts, authors.len() as u64));
            prop_assert!(authors.len() >= 6 || posts == publisher_posts);
        }
    }

    #[test]
    fn small_bounds_change_no_count(posts in posts(50..300), close_every in 20_usize..120) {
        // Without deletions: what was summed up early is out of their reach.
        let posts: Vec<Post> = posts.into_iter().map(|post| Post { deleted: false, ..post }).collect();
        let k = K::new(5).unwrap();
        let config = VolumeConfig { log_bytes_max: 2_000, interned_max: 24, ..VolumeConfig::default() };
        let expected = expected(proposed(model(&posts), k.get()));
        let run = run_all(&posts, 2, &config, k, close_every, 30);
        prop_assert_eq!(&content(&run.candidates), &expected);
        prop_assert!(run.observed.records_compacted_early > 0 && run.observed.interner_rebuilt > 0);
    }

    #[test]
    fn a_restart_loses_no_post_and_overcounts_no_author(
        posts in posts(2..250), cut in 0.0..1.0, before in 1_usize..4, after in 1_usize..4, close_every in 20_usize..120
    ) {
        let posts: Vec<Post> = posts.into_iter().map(|post| Post { deleted: false, ..post }).collect();
        let k = K::new(5).unwrap();
        let cut = (posts.len() as f64 * cut) as usize;
        let (first, rest) = posts.split_at(cut);
        let candidates = run_restarted(first, rest, before, after, k, close_every);
        let counted = content(&candidates);
        let whole = model(&posts);
        for (key, (posts, publisher_posts, authors)) in &counted {
            let (all_posts, all_publisher_posts, all_authors) = &whole[key];
            prop_assert_eq!((posts, publisher_posts), (all_posts, all_publisher_posts), "{:?}", key);
            prop_assert!(*authors <= all_authors.len() as u64, "{:?}", key);
        }
        // The largest epoch counts: no minute is below what one part alone shows.
        for (key, (_, _, authors)) in [model(first), model(rest)].into_iter().flatten() {
            let shown = !key.1.is_open_ended() || authors.len() as u64 >= k.get();
            if shown && key.0.step == Step::Minute {
                prop_assert!(counted[&key].2 >= authors.len() as u64, "{:?}", key);
            }
        }
    }

    #[test]
    fn a_full_table_loses_only_the_smallest_and_says_so(posts in posts(150..300)) {
        let k = K::new(5).unwrap();
        let bound = groundswell_sketch::PARTITIONS;
        let config = VolumeConfig { day_cells_max: bound, ..VolumeConfig::default() };
        let all = content(&run_all(&posts, 1, &VolumeConfig::default(), k, 100, 40).candidates);
        let run = run_all(&posts, 1, &config, k, 100, 40);
        prop_assert!(run.merged.cells_pruned > 0);
        let kept = content(&run.candidates);
        for workers in 2..=4 {
            let again = run_all(&posts, workers, &config, k, 100, 40);
            prop_assert_eq!(&content(&again.candidates), &kept, "{} workers", workers);
            prop_assert_eq!(again.merged, run.merged);
        }
        for (key, (posts, _, authors)) in &all {
            match kept.get(key) {
                // A cell that was pruned and came again has been undercounted, never overcounted.
                Some((p, _, a)) => prop_assert!(p <= posts && a <= authors),
                None => prop_assert!(key.1.is_open_ended() && key.0.step != Step::Minute),
            }
            if !key.1.is_open_ended() || key.0.step == Step::Minute {
                prop_assert_eq!(kept.get(key).map(|cell| cell.0), Some(*posts));
            }
        }
    }
}

#[test]
fn deleting_an_author_takes_all_their_posts_of_the_minute() {
    let post = |author, seconds| EdgePost {
        time: EventTime::from_unix(START + seconds),
        author: Some(AuthorToken::from_bits(author)),
        ..EdgePost::default()
    };
    let mut observer = Observer::new(VolumeConfig::default());
    for (author, seconds) in [(1, 0), (2, 1), (1, 2), (1, 61)] {
        observer.observe(&post(author, seconds), &Analysis::new(), &[]);
    }
    let minutes = observer.open_minutes();
    let keys = HashSet::from([DeleteKey::Author(AuthorToken::from_bits(1)), DeleteKey::Post(PostKey::from_bits(2))]);
    assert_eq!((minutes.len(), observer.delete(minutes[0], &keys)), (2, 2));
    let mut totals = Vec::new();
    observer.close(i64::MAX, &mut |_, minute, summary| {
        let total = summary.iter().find(|cell| cell.dimension == Dimension::Total.index()).unwrap();
        totals.push((minute.start - START, total.posts));
    });
    assert_eq!(totals, [(0, 1), (60, 1)]);
}

/// What was deleted is nowhere in what the detector holds, from the next close on; what others hold of it stays theirs.
#[cfg(debug_assertions)]
#[test]
fn of_a_deleted_post_nothing_is_held() {
    let post = |author: u64, seconds: i64, words: &[u8], tag: u8, domain: u8| Post {
        seconds,
        author: Some(author),
        key: Some(1_000 + author),
        publisher: false,
        words: words.to_vec(),
        tags: vec![tag],
        domains: vec![domain],
        watches: vec![0],
        language: Some(*b"en"),
        region: None,
        relation: Relation::Post,
        source: 0,
        worker: 0,
        deleted: false,
    };
    // The second is deleted: its first word is another's too, the others nobody else's.
    let posts = [post(1, 0, &[1, 2], 1, 1), post(2, 5, &[1, 17], 16, 15), post(3, 10, &[2, 3], 2, 2)];
    let rare = ["wort17", "wort16", "d15.example"];
    let shared = ["wort2", "d1.example", "source0", "zebra"];
    let mut observer =
        Observer::new(VolumeConfig { watch_names: WATCHES.map(str::to_owned).into(), ..Default::default() });
    let mut merger = Merger::new(VolumeConfig::default(), K::DEFAULT);
    for post in &posts {
        observer.observe(&post.edge(), &post.analysis(), &[WatchId(0)]);
    }
    // A checkpoint looks before the deletion comes.
    observer.look(observer.open_minutes()[0], &mut |_, _| {});
    let held = observer.held();
    assert!(held.keys.contains(&1_002) && held.authors.contains(&token(2)), "the search finds what is there");
    assert!(rare.iter().chain(&shared).all(|value| held.values.contains(value)));

    let minute = observer.open_minutes()[0];
    assert_eq!(observer.delete(minute, &HashSet::from([DeleteKey::Post(PostKey::from_bits(1_002))])), 1);
    let held = observer.held();
    assert_eq!((held.keys.contains(&1_002), held.authors.contains(&token(2))), (false, false), "at once");
    observer.close(START, &mut |_, _, _| panic!("nothing closes yet"));
    let held = observer.held();
    assert!(!rare.iter().any(|value| held.values.contains(value)), "at the next close");
    assert!(shared.iter().all(|value| held.values.contains(value)), "what others said stays");
    assert!(held.keys.contains(&1_001) && held.authors.contains(&token(3)));

    // It comes again, from somebody else, and is counted as ever.
    observer.observe(&post(4, 20, &[17], 16, 15).edge(), &post(4, 20, &[17], 16, 15).analysis(), &[]);
    let mut counted = BTreeMap::new();
    observer.close(START + 60, &mut |_, minute, summary| {
        for cell in summary.iter() {
            counted.insert(cell.value.to_owned(), (cell.posts, cell.authors.count()));
        }
        merger.merge(minute, summary);
    });
    assert_eq!([counted["wort17"], counted["wort1"], counted["all"]], [(1, 1), (1, 1), (3, 3)]);
    merger.close(START + 60, &mut |_| {});
    let held = merger.held();
    assert!(held.authors.contains(&token(1)) && !held.authors.contains(&token(2)));
}

#[test]
fn a_minute_whose_posts_were_all_deleted_is_still_told() {
    let mut observer = Observer::new(VolumeConfig::default());
    let key = Some(PostKey::from_bits(7));
    observer.observe(
        &EdgePost { key, time: EventTime::from_unix(START), ..EdgePost::default() },
        &Analysis::new(),
        &[],
    );
    let minute = observer.open_minutes()[0];
    assert_eq!(observer.delete(minute, &HashSet::from([DeleteKey::Post(PostKey::from_bits(7))])), 1);
    let mut cells = Vec::new();
    observer
        .close(i64::MAX, &mut |_, _, summary| cells.extend(summary.iter().map(|cell| (cell.dimension, cell.posts))));
    assert_eq!(cells, [(Dimension::Total.index(), 0)]);
}

/// Deletions without end make no memory grow: forgotten words take room until the numbers are given anew.
#[test]
fn words_of_deleted_posts_do_not_pile_up() {
    let mut observer = Observer::new(VolumeConfig { interned_max: 64, ..VolumeConfig::default() });
    for number in 0..1_000_u64 {
        let mut post = EdgePost { key: Some(PostKey::from_bits(number)), ..EdgePost::default() };
        post.links.push(Link { domain: format!("d{number}.example"), url: None });
        observer.observe(&post, &Analysis::new(), &[]);
        let minute = observer.open_minutes()[0];
        assert_eq!(observer.delete(minute, &HashSet::from([DeleteKey::Post(PostKey::from_bits(number))])), 1);
        observer.close(0, &mut |_, _, _| panic!("nothing closes yet"));
    }
    assert!(observer.counters().interner_rebuilt >= 10, "{:?}", observer.counters());
}

#[test]
fn watches_that_are_exchanged_in_the_middle_of_a_minute_keep_their_counts() {
    let names = |names: [&str; 2]| -> Arc<[String]> { names.map(str::to_owned).into() };
    let config = VolumeConfig { watch_names: names(["gone", "stays"]), ..VolumeConfig::default() };
    let mut observer = Observer::new(config.clone());
    let mut merger = Merger::new(config, K::DEFAULT);
    // Each by twelve authors, enough to be proposed.
    let see = |observer: &mut Observer, watches: &[u32]| {
        let watches: Vec<WatchId> = watches.iter().copied().map(WatchId).collect();
        for author in 0..12 {
            let author = Some(AuthorToken::from_bits(token(author)));
            let post = EdgePost { time: EventTime::from_unix(START), author, ..EdgePost::default() };
            observer.observe(&post, &Analysis::new(), &watches);
        }
    };
    see(&mut observer, &[0, 1]);
    see(&mut observer, &[1]);
    // The same watch under another id, and a new one under its old id.
    observer.set_watches(names(["stays", "new"]), Arc::from([]));
    see(&mut observer, &[0]);
    see(&mut observer, &[0, 1]);
    merger.set_watch_names(&names(["stays", "new"]));
    observer.close(START + 60, &mut |_, minute, summary| merger.merge(minute, summary));
    let mut counted = Vec::new();
    merger.close(START + 60, &mut |candidate| {
        if candidate.dimension == Dimension::Watch {
            counted.extend(candidate.cells.iter().map(|cell| (cell.value.clone(), cell.posts)));
        }
    });
    assert_eq!(counted, [("new".into(), 12), ("stays".into(), 48)], "nothing of a watch that is in no register");
}

#[test]
fn clauses_are_counted_beside_their_watch_and_go_with_it() {
    let names = |names: &[&str]| -> Arc<[String]> { names.iter().map(|name| (*name).to_owned()).collect() };
    let clauses: Arc<[String]> = [("floods", "dam"), ("floods", "river"), ("gone", "dam")]
        .map(|(watch, clause)| clause_value(watch, clause))
        .into();
    let config =
        VolumeConfig { watch_names: names(&["floods", "gone"]), watch_clauses: clauses, ..VolumeConfig::default() };
    let mut observer = Observer::new(config.clone());
    let mut merger = Merger::new(config, K::DEFAULT);
    for author in 0..24 {
        let post = EdgePost {
            time: EventTime::from_unix(START),
            author: Some(AuthorToken::from_bits(token(author))),
            ..EdgePost::default()
        };
        // All have the dam, every other one the river.
        let clauses = [ClauseId(0), ClauseId(2), ClauseId(1)];
        let clauses = &clauses[..if author % 2 == 0 { 3 } else { 2 }];
        observer.observe(&post, &Analysis::new(), Matched { watches: &[WatchId(0), WatchId(1)], clauses });
    }
    merger.set_watch_names(&names(&["floods"]));
    observer.close(START + 60, &mut |_, minute, summary| merger.merge(minute, summary));
    let mut counted = Vec::new();
    merger.close(START + 60, &mut |candidate| {
        if candidate.dimension == Dimension::Clause {
            counted.extend(candidate.cells.iter().map(|cell| (cell.value.clone(), cell.posts, cell.authors.count())));
        }
    });
    let counts = [(clause_value("floods", "dam"), 24, 24), (clause_value("floods", "river"), 12, 12)];
    assert_eq!(counted, counts, "nothing of a watch that is in no register");
}

#[test]
fn a_summary_for_a_closed_minute_is_counted_and_not_released_twice() {
    let mut observer = Observer::new(VolumeConfig::default());
    let mut merger = Merger::new(VolumeConfig::default(), K::DEFAULT);
    let mut candidates = 0;
    for _ in 0..2 {
        let post = EdgePost { time: EventTime::from_unix(START), ..EdgePost::default() };
        observer.observe(&post, &Analysis::new(), &[]);
        observer.close(START + 60, &mut |_, minute, summary| merger.merge(minute, summary));
        merger.close(START + 60, &mut |_| candidates += 1);
    }
    // Total, language, source, kind, relation of one minute.
    assert_eq!((candidates, merger.counters().summaries_late), (5, 1));
}

#[test]
fn more_domains_than_the_bound_are_left_out_and_counted() {
    let links = (0..70).map(|n| Link { domain: format!("d{n}.example"), url: None }).collect();
    let mut observer = Observer::new(VolumeConfig { watch_names: Arc::from([]), ..VolumeConfig::default() });
    observer.observe(&EdgePost { links, ..EdgePost::default() }, &Analysis::new(), &[]);
    assert_eq!(observer.counters().domains_left_out, 6);
    observer.close(i64::MAX, &mut |_, _, summary| {
        assert_eq!(summary.iter().filter(|cell| cell.dimension == Dimension::Domain.index()).count(), 64);
    });
}

#[test]
fn nothing_prints_what_it_holds() {
    let mut observer = Observer::new(VolumeConfig::default());
    let post = EdgePost { source: "canary".to_owned(), ..EdgePost::default() };
    observer.observe(&post, &Analysis::new(), &[]);
    let mut merger = Merger::new(VolumeConfig::default(), K::DEFAULT);
    let mut printed = format!("{observer:?}");
    observer.close(i64::MAX, &mut |_, minute, summary| {
        printed += &format!("{summary:?}");
        merger.merge(minute, summary);
    });
    printed += &format!("{merger:?}");
    merger.finish(&mut |candidate| printed += &format!("{candidate:?}"));
    assert!(!printed.contains("canary"), "{printed}");
}
