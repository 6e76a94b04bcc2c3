//! The differencer (PRIVACY sections 0 and 11): somebody who may make watches and reads everything that is released wants to know
//! whether one person took part. Drives the whole engine, from bytes to released rows.
//!
//! The attacker knows everything: every post of everyone else, and the one word by which the person's post would be told apart. Each
//! attack is made on many worlds; in half of them the person took part. What an attack gains is its *advantage*: how much more often
//! it says "took part" where the person did than where not; 0 is guessing and 1 is knowing.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test, which prints what attackers gain")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{Closed, Counters, CoverageBoard, EngineConfig, ReleaseSink, SourceConfig, WatchBoard};
use groundswell_gate::{Dimension, Figures, Gate, K, ToneRow, clause_value};
use groundswell_post::EventTime;
use groundswell_sketch::Step;
use groundswell_sources::{DecodeOptions, ManualClock, PartitionSpec, Payload, SourceIx, Stop, channel};
use groundswell_text::Analyzer;
use groundswell_watch::{CLAUSES_TOLD_MAX, Frequencies, Percolator};

const START: i64 = 1_800_000_000 - 1_800_000_000 % 86_400;
/// People who talk of the topic whatever happens.
const CROWD: u64 = 300;
/// Writes five minutes after everyone else.
const LATER: u64 = 1_000;
/// Pairs of watches that an attacker makes at most.
const PAIRS: usize = 64;
/// Worlds of each kind in which each attack is tried.
const WORLDS: u64 = 300;

/// Released figures of a world.
type Released = BTreeMap<(Step, Dimension, String), Option<Figures>>;

/// Everything that is released of a world: figures, and how watches' posts sound.
#[derive(Default)]
struct Seen {
    figures: Released,
    tones: Vec<ToneRow>,
}

struct Kept(Arc<Mutex<Seen>>);

impl ReleaseSink for Kept {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let rows = closed.rows.into_iter().map(groundswell_gate::Released::into_inner);
        let rows = rows.map(|row| ((row.window.step, row.dimension, row.value), row.figures));
        let mut seen = self.0.lock().unwrap();
        seen.figures.extend(rows);
        seen.tones.extend(closed.tones.into_iter().map(groundswell_gate::Released::into_inner));
        Ok(())
    }
}

/// The figures that others see of these posts. `world` seeds the tokens' key, as the machine does at each start.
fn released(gate: Gate, workers: usize, world: u64, watches: &[String], posts: &[(u64, String)]) -> Released {
    seen(gate, workers, world, watches, posts).figures
}

fn seen(gate: Gate, workers: usize, world: u64, watches: &[String], posts: &[(u64, String)]) -> Seen {
    let (feed, blocks) = channel(64, Duration::from_secs(30));
    let mut sender = feed.sender(SourceIx(0));
    let spec =
        PartitionSpec { name: "file".to_owned(), head_time: None, live: false, lateness: Duration::from_mins(10) };
    let stop = Stop::default();
    let mut partition = sender.partition(spec, &stop);
    let mut line = 1;
    for part in posts.chunks(posts.len().div_ceil(8)) {
        let text = part.iter().fold(String::new(), |mut text, (author, words)| {
            let time = if *author == LATER { START + 300 } else { START + (author % 50) as i64 };
            writeln!(text, r#"{{"time":{time},"author":"a{author}","text":"{words}","lang":"en"}}"#).unwrap();
            text
        });
        partition.send(line, Payload::Ndjson(text.into_bytes())).unwrap();
        line += part.len() as u64;
    }
    partition.finish();
    drop((sender, feed));
    let queries: Vec<_> = watches.iter().map(|query| groundswell_query::parse(query).unwrap()).collect();
    let percolator = Percolator::compile(&queries, &mut Analyzer::new(), &Frequencies::builtin()).unwrap();
    let names: Arc<[String]> = (0..watches.len()).map(|nth| format!("w{nth}")).collect();
    let mut root_key = [0; 32];
    root_key[..8].copy_from_slice(&world.to_le_bytes());
    let config = EngineConfig {
        workers,
        cluster: None,
        sources: vec![SourceConfig { name: "file".to_owned(), decode: DecodeOptions::default() }],
        edge: EdgeConfig { root_key: Some(root_key), opt_outs: None },
        watches: WatchBoard::new(Arc::new(percolator), Arc::clone(&names)),
        coverage: CoverageBoard::default(),
        volume: VolumeConfig { watch_names: names, ..VolumeConfig::default() },
        narratives: None,
        bursts: None,
        amplify: None,
        explore: None,
        gate,
        stage_times: None,
        checkpoint_every: None,
        resume: None,
    };
    let clock = Arc::new(ManualClock::at(EventTime::from_unix(START + 86_400)));
    let kept = Arc::new(Mutex::new(Seen::default()));
    let sink = Box::new(Kept(Arc::clone(&kept)));
    groundswell_engine::run(config, blocks, clock, sink, stop, Arc::new(Counters::new(1))).unwrap();
    Arc::into_inner(kept).unwrap().into_inner().unwrap()
}

/// The crowd's posts, each with some of the words by which the attacker makes looks differ, and perhaps the person's.
fn posts(world: u64, took_part: bool) -> Vec<(u64, String)> {
    let mut posts: Vec<(u64, String)> = (0..CROWD)
        .map(|author| {
            // Which twentieth of the crowd says which filler word differs from world to world.
            let fillers = (0..PAIRS as u64).filter(|pair| mix(world << 20 | pair << 10 | author).is_multiple_of(20));
            let fillers = fillers.fold(String::new(), |mut words, pair| {
                write!(words, " filler{pair}").unwrap();
                words
            });
            (author, format!("the flood rises{fillers}"))
        })
        .collect();
    if took_part {
        posts.push((CROWD + 7, "the flood took my zanzibar".to_owned()));
    }
    posts
}

fn mix(number: u64) -> u64 {
    let z = (number ^ 0x5851_f42d_4c95_7f2d).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (z ^ z >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 17
}

/// Watches that leave out one filler word each, with and without the person.
fn pairs() -> Vec<String> {
    let with = |pair| format!("flood AND NOT filler{pair}");
    (0..PAIRS).flat_map(|pair| [with(pair), format!("{} AND NOT zanzibar", with(pair))]).collect()
}

fn watch(released: &Released, step: Step, nth: usize) -> Figures {
    released[&(step, Dimension::Watch, format!("w{nth}"))].unwrap()
}

/// Mean difference of the first pairs, in posts: what a person's post should add 1 to.
fn difference(released: &Released, pairs: usize) -> f64 {
    let sum: i64 = (0..pairs)
        .map(|pair| {
            let [with, without] = [2 * pair, 2 * pair + 1].map(|nth| watch(released, Step::Hour, nth).posts as i64);
            with - without
        })
        .sum();
    sum as f64 / pairs as f64
}

/// Abramowitz and Stegun 7.1.26: the normal distribution's share below `x`, to 1.5e-7.
fn normal_below(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs() / 2.0_f64.sqrt());
    let series = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let erf = 1.0 - series.iter().rev().fold(0.0, |sum, c| (sum + c) * t) * (-x * x / 2.0).exp();
    f64::midpoint(1.0, erf.copysign(x))
}

/// What the best use of so many looks gains that have nothing to do with each other.
fn look_bound(looks: usize) -> f64 {
    // The deviation of a difference of two numbers changed by the uniform row.
    let deviation = (2.0 * 60.0 / 9.0_f64).sqrt();
    2.0 * normal_below((looks as f64).sqrt() / (2.0 * deviation)) - 1.0
}

#[test]
fn subtracting_watches_tells_no_more_than_the_bound() {
    const LOOKS: [usize; 5] = [1, 4, 9, 25, PAIRS];
    let watches = pairs();
    let mut said = [[0_u64; 2]; LOOKS.len()];
    let mut said_by_equality = [0_u64; 2];
    for world in 0..2 * WORLDS {
        let took_part = world % 2 == 1;
        let released = released(Gate::new(K::DEFAULT), 1, world, &watches, &posts(world, took_part));
        for (pairs, said) in LOOKS.iter().zip(&mut said) {
            said[usize::from(took_part)] += u64::from(difference(&released, *pairs) > 0.5);
        }
        // Without the person both watches hold the same posts: would the same number say so?
        let differs = watch(&released, Step::Hour, 0) != watch(&released, Step::Hour, 1);
        said_by_equality[usize::from(took_part)] += u64::from(differs);
    }
    let advantage = |said: [u64; 2]| (said[1] as f64 - said[0] as f64) / WORLDS as f64;
    // The deviation of an advantage measured on so many worlds.
    let slack = 3.0 * (0.5 / WORLDS as f64).sqrt();
    for (pairs, said) in LOOKS.iter().zip(said) {
        let (advantage, bound) = (advantage(said), look_bound(*pairs));
        eprintln!("{pairs} pairs of watches: advantage {advantage:.3}, bound {bound:.3} (± {slack:.3})");
        assert!(advantage <= bound + slack, "{pairs} pairs");
        // And the attack is one: with many looks it does tell.
        assert!(*pairs < PAIRS || advantage > bound - slack, "the attacker is not as good as it could be");
    }
    eprintln!("whether a pair is equal: advantage {:.3} (± {slack:.3})", advantage(said_by_equality));
    assert!(advantage(said_by_equality) <= look_bound(1) + slack);
}

/// One pair of watches, whose query says one thing in as many ways as it can: each clause is a look at the same posts.
#[test]
fn clauses_of_a_watch_are_few_looks() {
    const WAYS: [&str; 10] = [
        "flood",
        "the",
        "flood*",
        "floo*",
        "\"the flood\"",
        "lang:en",
        "kind:person",
        "relation:post",
        "source:file",
        "\"the floo*\"",
    ];
    let query = WAYS.join(" AND ");
    let watches = [query.clone(), format!("{query} AND NOT zanzibar")];
    let mut said = [0_u64; 2];
    for world in 0..2 * WORLDS {
        let took_part = world % 2 == 1;
        let released = released(Gate::new(K::DEFAULT), 1, world, &watches, &posts(world, took_part));
        let looks = |nth: usize| {
            let watch = watch(&released, Step::Hour, nth).posts as i64;
            let clauses: Vec<i64> = WAYS
                .iter()
                .filter_map(|way| {
                    let value = clause_value(&format!("w{nth}"), way);
                    released.get(&(Step::Hour, Dimension::Clause, value)).map(|figures| figures.unwrap().posts as i64)
                })
                .collect();
            assert_eq!(clauses.len(), CLAUSES_TOLD_MAX, "no more are told, however many there are");
            watch + clauses.iter().sum::<i64>()
        };
        let mean = (looks(0) - looks(1)) as f64 / (CLAUSES_TOLD_MAX + 1) as f64;
        said[usize::from(took_part)] += u64::from(mean > 0.5);
    }
    let advantage = (said[1] as f64 - said[0] as f64) / WORLDS as f64;
    let slack = 3.0 * (0.5 / WORLDS as f64).sqrt();
    let bound = look_bound(CLAUSES_TOLD_MAX + 1);
    eprintln!("one pair of watches with all their clauses: advantage {advantage:.3}, bound {bound:.3} (± {slack:.3})");
    assert!(advantage <= bound + slack);
}

/// One pair of watches and how their posts sound. The person is the only one who is pleased, so that their post is alone in its cell; the
/// attacker knows how everybody else's is read.
#[test]
fn the_tone_of_a_watch_is_two_looks() {
    const LOOKS: usize = 3;
    let watches = ["flood".to_owned(), "flood AND NOT zanzibar".to_owned()];
    let world = |gate, world: u64| {
        let mut posts = posts(world, false);
        if world % 2 == 1 {
            posts.push((CROWD + 7, "I love this flood so much, wonderful, thank you zanzibar :)".to_owned()));
        }
        seen(gate, 1, world, &watches, &posts)
    };
    let tone = |seen: &Seen, nth: usize| {
        let name = format!("w{nth}");
        seen.tones.iter().find(|row| row.watch == name).cloned().expect("an hour of three hundred posts has a tone")
    };
    let (mut all, mut pleased, mut differs) = ([0_u64; 2], [0_u64; 2], [0_u64; 2]);
    for nth in 0..2 * WORLDS {
        let took_part = (nth % 2) as usize;
        let seen = world(Gate::new(K::DEFAULT), nth);
        let [with, without] = [0, 1].map(|nth| tone(&seen, nth));
        let posts = |nth| watch(&seen.figures, Step::Hour, nth).posts as f64;
        let of_tone = |row: &ToneRow| row.figures.posts as f64;
        // What the shares say of posts that are pleased.
        let of_shares = |row: &ToneRow| f64::from(row.shares[2].share) / 100.0 * CROWD as f64;
        let gained = posts(0) - posts(1) + of_tone(&with) - of_tone(&without) + of_shares(&with) - of_shares(&without);
        all[took_part] += u64::from(gained > LOOKS as f64 / 2.0);
        pleased[took_part] += u64::from(with.shares[2].share > without.shares[2].share);
        differs[took_part] += u64::from((with.figures, with.shares) != (without.figures, without.shares));
    }
    let advantage = |said: [u64; 2]| (said[1] as f64 - said[0] as f64) / WORLDS as f64;
    let slack = 3.0 * (0.5 / WORLDS as f64).sqrt();
    for (attack, said, looks) in [
        ("one pair of watches with their tone", all, LOOKS),
        ("the larger share of pleased posts", pleased, 1),
        ("whether the tone of a pair is equal", differs, 2),
    ] {
        let (advantage, bound) = (advantage(said), look_bound(looks));
        eprintln!("{attack}: advantage {advantage:.3}, bound {bound:.3} (± {slack:.3})");
        assert!(advantage <= bound + slack, "{attack}");
    }
    // Without perturbation it is an attack: posts say it, and nothing is told of the person's cell alone.
    for nth in 0..20 {
        let seen = world(Gate::exact(K::DEFAULT), nth);
        let gained = tone(&seen, 0).figures.posts - tone(&seen, 1).figures.posts;
        assert_eq!(gained, nth % 2);
    }
}

#[test]
fn an_hour_does_not_say_that_one_of_its_minutes_was_all() {
    // A viewer who knows that the crowd spoke in one minute compares the minute's number with the hour's.
    let mut said = [0_u64; 2];
    for world in 0..2 * WORLDS {
        let took_part = world % 2 == 1;
        let mut posts = posts(world, false);
        if took_part {
            // In another minute of the hour.
            posts.push((LATER, "the flood took my zanzibar".to_owned()));
        }
        let released = released(Gate::new(K::DEFAULT), 1, world, &[], &posts);
        let flood = |step| released.get(&(step, Dimension::Term, "flood".to_owned())).copied().flatten();
        assert!(flood(Step::Minute).is_some());
        said[usize::from(took_part)] += u64::from(flood(Step::Minute) != flood(Step::Hour));
    }
    let advantage = (said[1] as f64 - said[0] as f64) / WORLDS as f64;
    let slack = 3.0 * (0.5 / WORLDS as f64).sqrt();
    eprintln!("whether hour and minute are equal: advantage {advantage:.3} (± {slack:.3})");
    assert!(advantage <= 1.0 / 9.0 + slack);
}

#[test]
fn without_perturbation_one_pair_would_tell() {
    for world in 0..20 {
        let released = released(Gate::exact(K::DEFAULT), 1, world, &pairs(), &posts(world, world % 2 == 1));
        assert_eq!(difference(&released, 1) > 0.5, world % 2 == 1);
    }
}

#[test]
fn asking_again_shows_the_same_number() {
    let watches = ["flood".to_owned()];
    let [once, again] = [1, 1].map(|workers| released(Gate::new(K::DEFAULT), workers, 5, &watches, &posts(5, false)));
    assert_eq!(once, again);
}

#[test]
fn what_is_shown_is_the_same_on_any_number_of_workers() {
    let (watches, posts) = (pairs(), posts(3, true));
    let one = released(Gate::new(K::DEFAULT), 1, 3, &watches, &posts);
    let exact = released(Gate::exact(K::DEFAULT), 1, 3, &watches, &posts);
    assert!(one != exact && one.keys().eq(exact.keys()), "the same rows, with other numbers");
    for workers in [2, 3] {
        assert_eq!(released(Gate::new(K::DEFAULT), workers, 3, &watches, &posts), one, "{workers} workers");
    }
}

#[test]
fn a_person_below_k_leaves_no_trace_but_in_what_others_wrote_too() {
    // Everything that is released of a world where the person is alone with a word, with and without: the same rows, whatever their
    // numbers, and none that names the word.
    for world in 0..20 {
        let watches = ["zanzibar".to_owned(), "flood".to_owned()];
        let [without, with] = [false, true]
            .map(|took_part| released(Gate::new(K::DEFAULT), 1, world, &watches, &posts(world, took_part)));
        assert!(without.keys().eq(with.keys()), "{world}");
        assert!(with.iter().all(|((_, dimension, value), figures)| {
            *dimension == Dimension::Watch
                || !value.contains("zanzibar") && figures.is_some_and(|figures| figures.authors >= 10)
        }));
        let zanzibar = |released: &Released| released[&(Step::Hour, Dimension::Watch, "w0".to_owned())];
        assert_eq!((zanzibar(&without), zanzibar(&with)), (None, None), "zero and one look the same");
    }
}
