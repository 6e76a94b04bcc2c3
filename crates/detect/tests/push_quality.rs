//! How well pushed links and hashtags are told from what spreads by itself: prints the table of `docs/methods/amplification.md`.
//!
//! `cargo test -p groundswell-detect --test push_quality -- --ignored --nocapture`. `SEED` is the first of `DAYS` days, `PROCESSES` the processes.
//! `RATE` are the everyday posts a second (20 if not set): they are the clock, and a fifth has a link or hashtag of its own. What is planted is
//! as much at any rate. After the day come six hours in which what began before midnight goes on, under other tokens.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot read its input fails")]

#[path = "amplify/talk.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod talk;

use std::collections::{BTreeMap, HashMap};

use groundswell_detect::amplify::{Amplifications, AmplifyConfig, AmplifyObserver};
use groundswell_edge::{EdgePost, Link};
use groundswell_gate::AmplificationObject;
use groundswell_text::{Analysis, Analyzer};
use talk::{Language, Seeded, post, published};

const DAY: i64 = 86_400;
/// A Monday at midnight.
const START: i64 = 1_767_571_200;

/// What is planted: a name, how many a day, and whether it is a push.
const KINDS: [(&str, usize, bool); 11] = [
    ("links pushed", 100, true),
    ("hashtags pushed", 100, true),
    ("hashtags pushed that a few use anyway", 50, true),
    ("hashtags pushed that many use anyway", 50, true),
    ("hashtags in use all day", 400, false),
    ("hashtags of an hour of the day", 20, false),
    ("stories, their publisher a source", 500, false),
    ("stories, their publisher none", 300, false),
    ("hashtags of news", 150, false),
    ("hashtags of a broadcast", 20, false),
    ("crazes", 20, false),
];

fn rhythm(second: i64) -> f64 {
    1.0 + 0.6 * ((second - START) as f64 / DAY as f64 * std::f64::consts::TAU - 2.2).sin()
}

fn by_rhythm(seeded: &mut Seeded) -> i64 {
    loop {
        let second = START + seeded.below(DAY as usize) as i64;
        if seeded.chance(rhythm(second) / 1.6) {
            return second;
        }
    }
}

/// An object's name, by which it is found again.
fn name(kind: usize, nth: usize) -> String {
    let is_link = [0, 6, 7].contains(&kind);
    if is_link { format!("https://site{kind}x{nth}.example/a/{nth}") } else { format!("tag{kind}x{nth}") }
}

fn carrying(time: i64, author: u64, name: &str, language: &Language, seeded: &mut Seeded) -> EdgePost {
    let length = 3 + seeded.below(20);
    let text = language.text(length, seeded).join(" ");
    let key = seeded.next();
    let bare = post(time, author, key, text, None);
    if let Some(rest) = name.strip_prefix("https://") {
        let domain = rest.split('/').next().unwrap().to_owned();
        EdgePost { links: vec![Link { domain, url: Some(name.to_owned()) }], ..bare }
    } else {
        EdgePost { hashtags: vec![name.to_owned()], ..bare }
    }
}

/// A day's posts, and how many authors each planted object has.
fn a_day(language: &Language, seed: u64, rate: f64) -> (Vec<EdgePost>, HashMap<String, (usize, u64)>) {
    let mut seeded = Seeded(seed);
    let (mut posts, mut things) = (Vec::new(), HashMap::new());
    for (kind, (_, count, is_push)) in KINDS.into_iter().enumerate() {
        for nth in 0..count {
            let name = name(kind, nth);
            let authors = match kind {
                0..=3 => seeded.log_between(10.0, 150.0),
                4 => seeded.log_between(20.0, 5_000.0),
                5 => seeded.log_between(100.0, 2_000.0),
                6 | 7 => seeded.log_between(5.0, 400.0),
                8 => seeded.log_between(10.0, 1_500.0),
                9 => seeded.log_between(50.0, 2_000.0),
                _ => seeded.log_between(10.0, 400.0),
            } as u64;
            let begin = by_rhythm(&mut seeded);
            let life = seeded.log_between(600.0, 3_600.0);
            let half_life = match kind {
                10 => seeded.log_between(900.0, 3_600.0),
                _ => seeded.log_between(3_600.0, 4.0 * 3_600.0),
            };
            let shown = seeded.log_between(1_800.0, 3.0 * 3_600.0);
            let others = match kind {
                2 => authors / 5,
                3 => authors * 3,
                _ => 0,
            };
            let id = (kind as u64) << 48 | (nth as u64) << 24;
            for author in 0..authors + others {
                let time = match kind {
                    0..=3 if author < authors => begin + (seeded.unit() * life) as i64,
                    2..=4 => by_rhythm(&mut seeded),
                    5 => START + 6 * 3_600 + ((0..3).map(|_| seeded.unit()).sum::<f64>() * 7_200.0) as i64,
                    // As long as it is shown, more at its end, and some afterwards.
                    9 if seeded.chance(0.85) => begin + (seeded.unit().sqrt() * shown) as i64,
                    9 => begin + shown as i64 + seeded.exponential(1_800.0) as i64,
                    _ => begin + 60 + seeded.exponential(half_life / std::f64::consts::LN_2) as i64,
                };
                for again in 0..=u64::from(is_push && seeded.chance(0.5)) {
                    let time = time + again as i64 * (60 + seeded.below(600) as i64);
                    // Tokens of the next day are others.
                    let author = id | author | u64::from(time >= START + DAY) << 59;
                    posts.push(carrying(time, author, &name, language, &mut seeded));
                }
            }
            if kind == 6 {
                let item = carrying(begin, 0, &name, language, &mut seeded);
                posts.push(published(item));
            }
            things.insert(name, (kind, authors));
        }
    }
    // Everyday posts: of ten, one has a hashtag by Zipf's law, and one a link, most of which are nobody else's.
    for nth in 0..(rate * DAY as f64 * 1.25) as u64 {
        // Of the next day there are six hours, in which what began before midnight goes on.
        let next = if seeded.chance(0.2) { DAY } else { 0 };
        let time = if next > 0 { START + DAY + seeded.below(DAY as usize / 4) as i64 } else { by_rhythm(&mut seeded) };
        let author = (1 << 60) | (seeded.next() % 10_000_000);
        let what = seeded.unit();
        let rank = (seeded.log_between(1.0, 50_000.0)) as u64;
        let name = if what < 0.1 {
            format!("word{rank}")
        } else if what < 0.2 {
            format!("https://everyday.example/{}", if rank < 2_000 { rank } else { 1_000_000 + nth })
        } else {
            posts.push(post(time, author, seeded.next(), "so it is".to_owned(), None));
            continue;
        };
        posts.push(carrying(time, author, &name, language, &mut seeded));
    }
    posts.sort_by_key(|post| post.time);
    (posts, things)
}

#[test]
#[ignore = "prints a table"]
fn pushes_are_told_from_what_spreads_by_itself() {
    let number = |name: &str, or: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or);
    let (first, days, processes) = (number("SEED", 5), number("DAYS", 4), number("PROCESSES", 2) as usize);
    let rate = number("RATE", 20) as f64;
    let language = Language::new();
    let mut rows: Vec<(usize, Vec<usize>)> = vec![(0, Vec::new()); KINDS.len() + 1];
    let mut by_size: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for seed in first..first + days {
        let (posts, things) = a_day(&language, seed, rate);
        let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
        let mut observers: Vec<_> = (0..processes).map(|_| AmplifyObserver::new(AmplifyConfig::default())).collect();
        let mut owner = Amplifications::new(AmplifyConfig::default(), 10);
        let mut found: HashMap<String, f64> = HashMap::new();
        let mut closed_to = START;
        for nth in 0..=posts.len() {
            let time = posts.get(nth).map_or(i64::MAX, |post| post.time.unix());
            if time >= closed_to + 60 {
                closed_to = if time >= START + 5 * DAY / 4 { START + 5 * DAY / 4 } else { time.div_euclid(60) * 60 };
                for (process, observer) in (0..).zip(&mut observers) {
                    observer.close(closed_to, &mut |delta| owner.merge(process, delta));
                }
                for candidate in owner.close(closed_to) {
                    let name = match candidate.object {
                        AmplificationObject::Text => continue,
                        AmplificationObject::Hashtag(tag) => tag,
                        AmplificationObject::Link { url, .. } => url,
                    };
                    found.insert(name, candidate.q.unwrap());
                }
            }
            let Some(post) = posts.get(nth).filter(|_| closed_to < START + 5 * DAY / 4) else { break };
            analyzer.analyze(post, &mut analysis);
            observers[nth % processes].observe(post, &analysis);
        }
        let kind_of = |name: &String| things.get(name).map_or(KINDS.len(), |(kind, _)| *kind);
        for (kind, row) in rows.iter_mut().enumerate() {
            row.0 += things.values().filter(|(of, authors)| *of == kind && *authors >= 10).count();
            row.1.push(found.keys().filter(|name| kind_of(name) == kind).count());
        }
        for (name, (kind, authors)) in things.iter().filter(|(_, (kind, _))| *kind < 2) {
            let size = match authors {
                0..=14 => "10 to 14 authors",
                15..=29 => "15 to 29",
                30..=59 => "30 to 59",
                _ => "60 to 150",
            };
            let counted = by_size.entry(size).or_default();
            counted.0 += usize::from(found.contains_key(name) && *kind < 2);
            counted.1 += 1;
        }
        let is_false = |name: &&String| KINDS.get(kind_of(name)).is_none_or(|(_, _, is_push)| !is_push);
        let q: f64 = found.iter().filter(|(name, _)| !is_false(name)).map(|(_, q)| q).fold(0.0, |a, b| a.max(*b));
        println!(
            "seed {seed}: {} posts, {} told, {} of them false, largest q of a push {q:.2}; {:?}",
            posts.len(),
            found.len(),
            found.keys().filter(is_false).count(),
            owner.counters()
        );
    }
    println!("kind | from 10 authors on, a day | told each day");
    let names = KINDS.iter().map(|(name, ..)| *name).chain(["everyday"]);
    for (name, (asked, told)) in names.zip(&rows) {
        println!("{name} | {} | {told:?}", asked / days as usize);
    }
    println!("{by_size:?}");
}
