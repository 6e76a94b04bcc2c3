//! How well narratives agree with labelled posts: prints the table of `docs/methods/narratives.md`.
//!
//! `cargo test -p groundswell-detect --release --test narrative_quality -- --ignored --nocapture`; `SETS` chooses.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot read its input fails")]

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Instant;

use groundswell_detect::narrative::eval::{Report, compare};
use groundswell_detect::narrative::{LocalId, NarrativeConfig, NarrativeId, NarrativeObserver, Narratives};
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_post::EventTime;
use groundswell_text::{Analysis, Analyzer, hash_word};

#[path = "narrative/links.rs"]
mod links;

const K: u64 = 10;

struct Set {
    posts: Vec<(EdgePost, Analysis)>,
    labels: Vec<u32>,
}

fn read(name: &str) -> Option<Set> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(format!("{name}.ndjson.zst"));
    let Ok(file) = std::fs::File::open(&path) else {
        println!("SKIPPED: {} is not there", path.display());
        return None;
    };
    let bytes = zstd::decode_all(file).unwrap();
    let (mut scrubber, mut analyzer) = (Scrubber::new(), Analyzer::new());
    let mut numbers = HashMap::new();
    let mut set = Set { posts: Vec::new(), labels: Vec::new() };
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let record: serde_json::Value = serde_json::from_slice(line).unwrap();
        let (mut text, mut links) = (String::new(), LinkSink::default());
        scrubber.scrub(record["text"].as_str().unwrap(), &mut text, &mut links);
        let time = EventTime::parse(record["time"].as_str().unwrap()).unwrap();
        let language = record["lang"].as_str().and_then(|code| code.as_bytes().try_into().ok());
        let author = Some(AuthorToken::from_bits(hash_word(record["author"].as_str().unwrap())));
        let links = links.links().to_vec();
        let post = EdgePost { time, text, language, links, author, ..EdgePost::default() };
        let mut analysis = Analysis::new();
        analyzer.analyze(&post, &mut analysis);
        let next = numbers.len() as u32;
        set.labels.push(*numbers.entry(record["label"].as_str().unwrap().to_owned()).or_insert(next));
        set.posts.push((post, analysis));
    }
    Some(set)
}

/// Fisher and Yates, with splitmix64.
fn shuffle(set: &mut Set, seed: u64) {
    let mut state = seed;
    let times: Vec<EventTime> = set.posts.iter().map(|(post, _)| post.time).collect();
    for at in (1..set.posts.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let other = ((mixed ^ mixed >> 31) % (at as u64 + 1)) as usize;
        set.posts.swap(at, other);
        set.labels.swap(at, other);
    }
    for ((post, _), time) in set.posts.iter_mut().zip(times) {
        post.time = time;
    }
}

struct Run {
    arrival: Report,
    merged: Report,
    links: links::Judged,
    micros: f64,
}

/// Posts go to the processes in turns of this many.
const BLOCK: usize = 256;

fn run(set: &Set, processes: usize) -> Run {
    let began = Instant::now();
    let config = NarrativeConfig::default();
    let mut observers: Vec<_> = (0..processes).map(|_| NarrativeObserver::new(config.clone())).collect();
    let mut owner = Narratives::new(config, K);
    owner.remember_all();
    let mut arrival = vec![(0_u16, LocalId(0)); set.posts.len()];
    let mut now = i64::MIN;
    let mut post = EdgePost::default();
    let mut links = links::Links::default();
    // Posts by the label, of each narrative that was told of when they came.
    let mut of_name: BTreeMap<NarrativeId, BTreeMap<u32, u64>> = BTreeMap::new();
    let mut close = |before: i64, observers: &mut [NarrativeObserver], owner: &mut Narratives| {
        let mut rows = Vec::new();
        for (worker, observer) in observers.iter_mut().enumerate() {
            observer.close_and_tell(
                before,
                &mut |row, id| rows.push((row as usize, (worker as u16, id))),
                &mut |delta| {
                    owner.merge(worker as u16, delta);
                },
            );
        }
        owner.close(before).candidates.iter().for_each(|candidate| links.note(candidate, K));
        for (row, at) in rows {
            arrival[row] = at;
            if let Some(name) = owner.name_now(at.0, at.1) {
                *of_name.entry(name).or_default().entry(set.labels[row]).or_default() += 1;
            }
        }
    };
    for (row, (original, analysis)) in set.posts.iter().enumerate() {
        post.clone_from(original);
        if post.time.unix() > now {
            now = post.time.unix();
            close(now, &mut observers, &mut owner);
        }
        post.time = EventTime::from_unix(now);
        post.key = Some(PostKey::from_bits(row as u64));
        observers[row / BLOCK % processes].observe(&post, analysis, &[]);
    }
    close(i64::MAX, &mut observers, &mut owner);
    let micros = began.elapsed().as_secs_f64() * 1e6 / set.posts.len() as f64;
    let numbers: Vec<u64> = arrival.iter().map(|(worker, id)| u64::from(*worker) << 48 | id.0).collect();
    let merged: Vec<u64> = arrival
        .iter()
        .map(|(worker, id)| owner.became(*worker, *id).unwrap())
        .map(|(known, number)| u64::from(known) << 63 | number)
        .collect();
    if std::env::var("COUNTERS").is_ok() {
        println!("{:?}", observers[0].counters());
        println!("bytes: {:?}", observers[0].clusterer().bytes());
    }
    // A narrative is about that of which at least half of its posts are.
    let about = |id: NarrativeId| {
        let of_label = of_name.get(&id)?;
        let (label, posts) = of_label.iter().max_by_key(|(_, posts)| **posts)?;
        (posts * 2 >= of_label.values().sum::<u64>()).then(|| label.to_string())
    };
    let mut judged = links::Judged::default();
    links.judge(&about, &mut judged);
    Run { arrival: compare(&set.labels, &numbers), merged: compare(&set.labels, &merged), links: judged, micros }
}

#[test]
#[ignore = "takes minutes unoptimised; prints a table and holds a floor"]
fn agrees_with_labels() {
    let sets = std::env::var("SETS").unwrap_or_else(|_| {
        "clustering/tweets,clustering/tweets-t,clustering/tweets~1,clustering/tweets~2,clustering/tweets~3,\
         clustering/tweet-2472,crisis/crisislex-t26,crisis/crisislex-t26~1"
            .to_owned()
    });
    for name in sets.split(',') {
        let (file, seed) = name.split_once('~').map_or((name, None), |(file, seed)| (file, seed.parse().ok()));
        let Some(mut set) = read(file) else { return };
        if let Some(seed) = seed {
            shuffle(&mut set, seed);
        }
        for processes in std::env::var("P").map_or(vec![1, 2, 4], |processes| vec![processes.parse::<usize>().unwrap()])
        {
            let Run { arrival, merged, links, micros } = run(&set, processes);
            println!(
                "{name:26} {processes} AMI {:.3} ARI {:.3} NMI {:.3} (arrival {:.3} {:.3}) h {:.3} c {:.3} B3 {:.3} clusters {} of five {} labels {} {micros:.1} us",
                merged.ami,
                merged.ari,
                merged.nmi_geometric,
                arrival.ami,
                arrival.ari,
                merged.homogeneity,
                merged.completeness,
                merged.bcubed_f1,
                merged.clusters,
                merged.clusters_of_five,
                merged.labels_of_five
            );
            println!("  {links}");
            assert!(merged.ami > 0.6, "{name}");
        }
    }
}
