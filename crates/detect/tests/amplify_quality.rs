//! How well copies are found and amplifications told from what spreads by itself: prints the tables of
//! `docs/methods/amplification.md`.
//!
//! `cargo test -p groundswell-detect --test amplify_quality -- --ignored --nocapture`. Of the second table, `SEED` is the day, `PROCESSES` the
//! processes, and `RATE` the everyday posts a second (20 if not set): what is copied is as much as at 200, and texts without company are
//! remembered for as long.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot read its input fails")]

#[path = "amplify/talk.rs"]
mod talk;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use groundswell_detect::amplify::{Amplifications, AmplifyConfig, AmplifyObserver, LocalId, SINGLES_MAX};
use groundswell_edge::EdgePost;
use groundswell_text::{Analysis, Analyzer, hash_word};
use talk::{Language, Seeded, edited, post, published};

const DAY: i64 = 86_400;
/// A Monday at midnight.
const START: i64 = 1_767_571_200;

/// Posts of one stream with what each was planted for; 0: nothing.
#[derive(Default)]
struct Stream {
    posts: Vec<(EdgePost, u32)>,
}

impl Stream {
    fn push(&mut self, post: EdgePost, label: u32) {
        self.posts.push((post, label));
    }

    fn sort(&mut self) {
        self.posts.sort_by_key(|(post, _)| post.time);
    }
}

/// Precision, recall and their harmonic mean over all pairs of posts.
fn pairwise(labels: &[u32], predicted: &[u64]) -> (f64, f64, f64) {
    let pairs = |n: u64| n * n.saturating_sub(1) / 2;
    let (mut both, mut of_label, mut of_predicted) = (HashMap::new(), HashMap::new(), HashMap::new());
    for (label, predicted) in labels.iter().zip(predicted) {
        if *label > 0 {
            *of_label.entry(*label).or_insert(0_u64) += 1;
        }
        if *predicted > 0 {
            *of_predicted.entry(*predicted).or_insert(0_u64) += 1;
        }
        if *label > 0 && *predicted > 0 {
            *both.entry((*label, *predicted)).or_insert(0_u64) += 1;
        }
    }
    let sum = |counts: Vec<u64>| counts.into_iter().map(pairs).sum::<u64>() as f64;
    let hits = sum(both.into_values().collect());
    let precision = hits / sum(of_predicted.into_values().collect()).max(1.0);
    let recall = hits / sum(of_label.into_values().collect()).max(1.0);
    (precision, recall, 2.0 * precision * recall / (precision + recall).max(1e-12))
}

/// The detector's own families, over so many processes.
fn ours(stream: &Stream, processes: usize) -> Vec<u64> {
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    let mut observers: Vec<_> = (0..processes).map(|_| AmplifyObserver::new(AmplifyConfig::default())).collect();
    let mut owner = Amplifications::new(AmplifyConfig::default(), 10);
    let mut local: HashMap<u64, (u16, LocalId)> = HashMap::new();
    let mut closed_to = 0;
    let mut close = |before: i64, observers: &mut Vec<AmplifyObserver>, owner: &mut Amplifications| {
        for (process, observer) in (0..).zip(observers) {
            let mut tell = |key: u64, family: LocalId| {
                local.insert(key, (process, family));
            };
            observer.close_and_tell(before, &mut tell, &mut |delta| owner.merge(process, delta));
        }
        owner.close(before);
    };
    for (nth, (post, _)) in stream.posts.iter().enumerate() {
        let time = post.time.unix();
        if time >= closed_to + 60 {
            closed_to = time.div_euclid(60) * 60;
            close(closed_to, &mut observers, &mut owner);
        }
        analyzer.analyze(post, &mut analysis);
        observers[nth % processes].observe(post, &analysis);
    }
    close(i64::MAX, &mut observers, &mut owner);
    let name = |key: u64| {
        let (process, family) = local.get(&key)?;
        // What the owner never knew stands for itself.
        let of_process = 1 << 40 | u64::from(*process) << 32 | family.0;
        Some(owner.became(*process, *family).map_or(of_process, |at| at as u64 + 1))
    };
    stream.posts.iter().map(|(post, _)| name(post.key.unwrap().bits()).unwrap_or(0)).collect()
}

fn words_of(stream: &Stream) -> Vec<Vec<(u64, u32)>> {
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    let read = |(post, _): &(EdgePost, u32)| {
        analyzer.analyze(post, &mut analysis);
        analysis.words.iter().map(|word| (word.hash, word.normal.1 - word.normal.0)).collect()
    };
    stream.posts.iter().map(read).collect()
}

/// Charikar's SimHash with 64 bits, words weighted by their length; each post joins the nearest leader within a distance.
fn simhash(words: &[Vec<(u64, u32)>], distance: u32) -> Vec<u64> {
    let sketch = |words: &Vec<(u64, u32)>| {
        let mut sums = [0_i64; 64];
        for (hash, weight) in words {
            for (bit, sum) in sums.iter_mut().enumerate() {
                *sum += if hash >> bit & 1 == 1 { i64::from(*weight) } else { -i64::from(*weight) };
            }
        }
        (0..64).fold(0_u64, |sketch, bit| sketch | u64::from(sums[bit] > 0) << bit)
    };
    let mut leaders: Vec<u64> = Vec::new();
    let mut name = |sketch: u64| {
        let nearest = (0..leaders.len()).min_by_key(|at| (leaders[*at] ^ sketch).count_ones());
        if let Some(at) = nearest.filter(|at| (leaders[*at] ^ sketch).count_ones() <= distance) {
            return at as u64 + 1;
        }
        leaders.push(sketch);
        leaders.len() as u64
    };
    words.iter().map(sketch).map(&mut name).collect()
}

fn exact(words: &[Vec<(u64, u32)>]) -> Vec<u64> {
    let mut names = HashMap::new();
    words
        .iter()
        .map(|words| {
            let next = names.len() as u64 + 1;
            *names.entry(words.iter().map(|word| word.0).collect::<Vec<_>>()).or_insert(next)
        })
        .collect()
}

/// Families of 10 to 100 authors in an hour of everyday posts, each copy with a share of its characters changed.
fn planted(share: f64, mixed: bool, families: u32, everyday: usize, language: &Language) -> Stream {
    let mut seeded = Seeded(hash_word(&format!("{share} {mixed}")));
    let mut stream = Stream::default();
    for label in 1..=families {
        let text = language.text(10 + seeded.below(16), &mut seeded);
        let authors = seeded.log_between(10.0, 100.0) as u64;
        let life = seeded.log_between(600.0, 3_600.0);
        let begin = seeded.unit() * (3_600.0 - life).max(1.0);
        for author in 0..authors {
            let time = START + (begin + seeded.unit() * life) as i64;
            let text = edited(&text, share, mixed, language, &mut seeded);
            stream.push(post(time, u64::from(label) << 32 | author, seeded.next(), text, None), label);
        }
    }
    for _ in 0..everyday {
        let length = 5 + seeded.below(25);
        let text = language.text(length, &mut seeded).join(" ");
        let (time, author) = (START + seeded.below(3_600) as i64, seeded.next() % 1_000_000);
        stream.push(post(time, author, seeded.next(), text, None), 0);
    }
    stream.sort();
    stream
}

/// Families of at least ten authors of which one predicted family holds ten authors or more and is mostly theirs.
fn recalled(stream: &Stream, predicted: &[u64]) -> f64 {
    let mut authors: BTreeMap<(u32, u64), std::collections::BTreeSet<u64>> = BTreeMap::new();
    let mut whole: BTreeMap<u64, u64> = BTreeMap::new();
    let mut of_label: BTreeMap<(u32, u64), u64> = BTreeMap::new();
    for ((post, label), predicted) in stream.posts.iter().zip(predicted).filter(|(_, predicted)| **predicted > 0) {
        *whole.entry(*predicted).or_default() += 1;
        *of_label.entry((*label, *predicted)).or_default() += 1;
        authors.entry((*label, *predicted)).or_default().insert(post.author.unwrap().bits());
    }
    let labels: std::collections::BTreeSet<u32> =
        stream.posts.iter().map(|(_, label)| *label).filter(|l| *l > 0).collect();
    let found = |label: &&u32| {
        authors.iter().any(|((of, predicted), authors)| {
            of == *label && authors.len() >= 10 && of_label[&(*of, *predicted)] * 2 > whole[predicted]
        })
    };
    labels.iter().filter(found).count() as f64 / labels.len().max(1) as f64
}

#[test]
#[ignore = "prints a table"]
fn copies_are_found() {
    let language = Language::new();
    println!(
        "changed | edits | ours P R F1 recalled | 2 processes F1 recalled | 4 processes F1 recalled | SimHash-64 best F1 (distance) recalled | exact F1 recalled"
    );
    for mixed in [true, false] {
        for share in [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4] {
            let stream = planted(share, mixed, 60, 8_000, &language);
            let labels: Vec<u32> = stream.posts.iter().map(|(_, label)| *label).collect();
            let one = ours(&stream, 1);
            let (precision, recall, f1) = pairwise(&labels, &one);
            let (two, four) = (ours(&stream, 2), ours(&stream, 4));
            let words = words_of(&stream);
            let best = (0..=20)
                .step_by(2)
                .map(|distance| {
                    let predicted = simhash(&words, distance);
                    (pairwise(&labels, &predicted).2, distance, recalled(&stream, &predicted))
                })
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .unwrap();
            let exact = exact(&words);
            println!(
                "{:>5.0} % | {} | {precision:.3} {recall:.3} {f1:.3} {:.3} | {:.3} {:.3} | {:.3} {:.3} | {:.3} ({}) {:.3} | {:.3} {:.3}",
                share * 100.0,
                if mixed { "mixed" } else { "words" },
                recalled(&stream, &one),
                pairwise(&labels, &two).2,
                recalled(&stream, &two),
                pairwise(&labels, &four).2,
                recalled(&stream, &four),
                best.0,
                best.1,
                best.2,
                pairwise(&labels, &exact).2,
                recalled(&stream, &exact),
            );
        }
    }
}

/// How busy an hour of the day is, one on average.
fn rhythm(second: i64) -> f64 {
    1.0 + 0.6 * ((second - START) as f64 / DAY as f64 * std::f64::consts::TAU - 2.2).sin()
}

/// A second of the day by its rhythm.
fn by_rhythm(seeded: &mut Seeded) -> i64 {
    loop {
        let second = START + seeded.below(DAY as usize) as i64;
        if seeded.chance(rhythm(second) / 1.6) {
            return second;
        }
    }
}

const KINDS: [&str; 8] = [
    "campaigns",
    "memes",
    "memes with a slot",
    "quotes",
    "greetings",
    "headlines with their publisher",
    "headlines without",
    "crazes",
];

/// A day of what people copy by themselves, as much as may be at 200 posts a second, and campaigns beside it.
fn a_day(language: &Language, seed: u64, rate: f64) -> (Stream, Vec<(usize, u64)>) {
    let mut seeded = Seeded(seed);
    let mut stream = Stream::default();
    // Kind and authors by label.
    let mut things: Vec<(usize, u64)> = vec![(0, 0)];
    let mut plant = |kind: usize, count: usize, seeded: &mut Seeded, stream: &mut Stream| {
        for _ in 0..count {
            let label = things.len() as u32;
            let length = match kind {
                0 => 10 + seeded.below(14),
                4 => 4 + seeded.below(4),
                5 | 6 => 7 + seeded.below(8),
                _ => 6 + seeded.below(14),
            };
            let text = language.text(length, seeded);
            let own = format!("site{label}.example");
            let (authors, domain) = match kind {
                0 => (seeded.log_between(10.0, 150.0), Some(own.as_str())),
                1 => (seeded.log_between(10.0, 1_500.0), None),
                2 => (seeded.log_between(10.0, 800.0), None),
                3 => (seeded.log_between(5.0, 80.0), None),
                4 => (seeded.log_between(100.0, 1_500.0), None),
                5 | 6 => (seeded.log_between(5.0, 300.0), Some(own.as_str())),
                _ => (seeded.log_between(10.0, 400.0), None),
            };
            let authors = authors as u64;
            let begin = by_rhythm(seeded);
            let life = seeded.log_between(600.0, 3_600.0);
            let edits = if seeded.chance(0.15) { 0.0 } else { seeded.log_between(0.02, 0.2) };
            let half_life = match kind {
                5 | 6 => seeded.log_between(3_600.0, 4.0 * 3_600.0),
                _ => seeded.log_between(900.0, 3_600.0),
            };
            if kind == 5 {
                stream.push(published(post(begin, 0, seeded.next(), text.join(" "), Some(&own))), label);
            }
            things.push((kind, authors));
            for author in 0..authors {
                let time = match kind {
                    0 => begin + (seeded.unit() * life) as i64,
                    1..=3 => by_rhythm(seeded),
                    // Mornings: six hours, most in the middle.
                    4 => START + 6 * 3_600 + ((0..3).map(|_| seeded.unit()).sum::<f64>() * 7_200.0) as i64,
                    _ => begin + 60 + seeded.exponential(half_life / std::f64::consts::LN_2) as i64,
                };
                let text = match kind {
                    0 => edited(&text, edits, true, language, seeded),
                    2 => {
                        let mut text = text.clone();
                        let slot = seeded.below(2) + 2;
                        language.word(seeded).clone_into(&mut text[slot]);
                        text.join(" ")
                    }
                    _ if seeded.chance(0.2) => edited(&text, 0.1, true, language, seeded),
                    _ => text.join(" "),
                };
                let copies = if kind == 0 { 1 + seeded.below(2) } else { 1 };
                for copy in 0..copies {
                    let time = time + copy as i64 * (60 + seeded.below(600) as i64);
                    if time < START + DAY {
                        let author = u64::from(label) << 32 | author;
                        stream.push(post(time, author, seeded.next(), text.clone(), domain), label);
                    }
                }
            }
        }
    };
    for (kind, count) in [200, 150, 60, 400, 20, 500, 150, 20].into_iter().enumerate() {
        plant(kind, count, &mut seeded, &mut stream);
    }
    for _ in 0..(rate * DAY as f64) as u64 {
        let length = 3 + seeded.below(25);
        let text = language.text(length, &mut seeded).join(" ");
        let (time, author) = (by_rhythm(&mut seeded), seeded.next() % 10_000_000);
        stream.push(post(time, author, seeded.next(), text, None), 0);
    }
    stream.sort();
    (stream, things)
}

#[test]
#[ignore = "prints a table"]
fn amplifications_are_told_from_what_spreads_by_itself() {
    let rate = std::env::var("RATE").ok().and_then(|rate| rate.parse().ok()).unwrap_or(20.0);
    let processes = std::env::var("PROCESSES").ok().and_then(|processes| processes.parse().ok()).unwrap_or(2_usize);
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(5);
    let (stream, things) = a_day(&Language::new(), seed, rate);
    // At 200 posts a second as many are remembered, of ten times as many.
    let config =
        AmplifyConfig { singles_max: (SINGLES_MAX as f64 * rate / 200.0) as usize, ..AmplifyConfig::default() };
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    let mut observers: Vec<_> = (0..processes).map(|_| AmplifyObserver::new(config.clone())).collect();
    let mut owner = Amplifications::new(config, 10);
    // Labels by the process's families, and amplifications by label.
    let mut labels: HashMap<u64, u32> = HashMap::new();
    let mut of_local: BTreeMap<(u16, LocalId), BTreeMap<u32, u32>> = BTreeMap::new();
    let mut found: BTreeMap<u64, (u32, u64)> = BTreeMap::new();
    let (mut closed_to, mut spent) = (START, 0.0);
    let ends = stream.posts.iter().map(|(post, _)| post.time.unix()).chain([i64::MAX]);
    for (nth, time) in ends.enumerate() {
        if time >= closed_to + 60 {
            closed_to = if time == i64::MAX { time } else { time.div_euclid(60) * 60 };
            let began = Instant::now();
            let mut told = Vec::new();
            for (process, observer) in (0..).zip(&mut observers) {
                let mut tell = |key: u64, family: LocalId| told.push((key, process, family));
                observer.close_and_tell(closed_to, &mut tell, &mut |delta| owner.merge(process, delta));
            }
            let proposed = owner.close(closed_to);
            spent += began.elapsed().as_secs_f64();
            for (key, process, family) in told {
                let label = labels.get(&key).copied().unwrap_or(0);
                *of_local.entry((process, family)).or_default().entry(label).or_default() += 1;
            }
            for candidate in proposed {
                found.insert(candidate.id.0, (0, candidate.authors));
            }
        }
        let Some((post, label)) = stream.posts.get(nth) else { break };
        labels.insert(post.key.unwrap().bits(), *label);
        analyzer.analyze(post, &mut analysis);
        let began = Instant::now();
        observers[nth % processes].observe(post, &analysis);
        spent += began.elapsed().as_secs_f64();
    }
    // Which label an amplification has most posts of.
    let mut of_found: BTreeMap<u64, BTreeMap<u32, u32>> = BTreeMap::new();
    for ((process, family), counts) in &of_local {
        if let Some(id) = owner.amplification_of(*process, *family) {
            counts
                .iter()
                .for_each(|(label, count)| *of_found.entry(id.0).or_default().entry(*label).or_default() += count);
        }
    }
    let mut by_label: BTreeMap<u32, u32> = BTreeMap::new();
    for id in found.keys() {
        let most = of_found.get(id).and_then(|counts| counts.iter().max_by_key(|(_, count)| **count));
        *by_label.entry(most.map_or(0, |(label, _)| *label)).or_default() += 1;
    }
    println!(
        "{} posts, {:.2} us a post of detector (unoptimised build)",
        stream.posts.len(),
        spent * 1e6 / stream.posts.len() as f64
    );
    println!("{:?}\n{:?}", observers[0].counters(), owner.counters());
    println!("kind | families from 10 authors on | found | amplifications");
    for (kind, name) in KINDS.iter().enumerate() {
        let of_kind = |label: &u32| things[*label as usize].0 == kind && *label > 0;
        let asked = (1..things.len() as u32).filter(of_kind).filter(|label| things[*label as usize].1 >= 10).count();
        let hit = by_label.iter().filter(|(label, _)| of_kind(label));
        println!("{name} | {asked} | {} | {}", hit.clone().count(), hit.map(|(_, count)| count).sum::<u32>());
    }
    println!("everyday posts | 0 | {}", by_label.get(&0).copied().unwrap_or(0));
}
