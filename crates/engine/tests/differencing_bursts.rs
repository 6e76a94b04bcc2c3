//! The differencer against bursts (PRIVACY sections 0 and 11): does what is said of a burst say whether one person took part in it?
//!
//! The attacker knows everything: every post of everyone else, the program, and what the person would have written and when. The detector
//! works on true counts, so the attacker can run it with and without the person and compare what is released with both. Counts are
//! perturbed, with a key that the attacker does not have; *when* a burst begins, peaks and ends, and whether it is told of at all, is
//! not, but is told on a grid. What is measured is in how many worlds these give the person away, and in how many of them it is because
//! the burst was found at the minute in which k people had come together, which PRIVACY section 11 lets show. The figures stand in
//! `docs/methods/release.md`.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test, which prints what attackers gain")]

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_detect::burst::BurstConfig;
use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{Closed, Counters, CoverageBoard, EngineConfig, ReleaseSink, SourceConfig, WatchBoard};
use groundswell_gate::{BurstRow, Gate, K};
use groundswell_post::EventTime;
use groundswell_sources::{DecodeOptions, ManualClock, PartitionSpec, Payload, SourceIx, Stop, channel};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};

/// A Monday.
const START: i64 = 1_767_571_200;
/// The burst comes when something is known of how things are.
const QUIET_MINUTES: i64 = 660;
const MINUTES: i64 = 720;
/// Worlds that are tried.
const WORLDS: u64 = 60;
/// The part of the worlds in which times may give the person away beyond the boundary of k: what a number gives, and three standard
/// deviations.
const BOUND: f64 = 0.23;

fn mix(number: u64) -> u64 {
    let z = (number ^ 0x5851_f42d_4c95_7f2d).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (z ^ z >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 17
}

struct Kept(Arc<Mutex<Vec<BurstRow>>>);

impl ReleaseSink for Kept {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        self.0.lock().unwrap().extend(closed.bursts.iter().map(|row| (**row).clone()));
        Ok(())
    }
}

/// Everybody's posts, and perhaps the person's: twelve a minute about everyday things, and 10 to 60 about the flood, each by somebody
/// else, within 5 to 30 minutes.
fn posts(world: u64, took_part: bool) -> String {
    let crowd = 10 + mix(world) % 51;
    let minutes = 5 + mix(world << 8) % 26;
    let mut posts: Vec<(i64, u64, &str)> = Vec::new();
    for minute in 0..MINUTES {
        for nth in 0..12 {
            let author = mix((world << 32) | (minute as u64 * 12 + nth)) % 2_000;
            posts.push((minute * 60 + nth as i64 * 5, author, "meadow cloud"));
        }
    }
    let within = |author: u64| QUIET_MINUTES * 60 + (mix((world << 40) | author) % (minutes * 60)) as i64;
    posts.extend((0..crowd).map(|author| (within(author), 5_000 + author, "the flood rises")));
    if took_part {
        posts.push((within(99_999), 99_999, "the flood rises"));
    }
    posts.sort_unstable();
    posts.iter().fold(String::new(), |mut text, (second, author, words)| {
        writeln!(text, r#"{{"time":{},"author":"a{author}","text":"{words}","lang":"en"}}"#, START + second).unwrap();
        text
    })
}

fn bursts(world: u64, took_part: bool) -> Vec<BurstRow> {
    let (feed, blocks) = channel(4, Duration::from_secs(30));
    let mut sender = feed.sender(SourceIx(0));
    let spec =
        PartitionSpec { name: "file".to_owned(), head_time: None, live: false, lateness: Duration::from_mins(1) };
    let stop = Stop::default();
    let mut partition = sender.partition(spec, &stop);
    partition.send(1, Payload::Ndjson(posts(world, took_part).into_bytes())).unwrap();
    partition.finish();
    drop((sender, feed));
    let mut root_key = [0; 32];
    root_key[..8].copy_from_slice(&world.to_le_bytes());
    let config = EngineConfig {
        workers: 1,
        cluster: None,
        sources: vec![SourceConfig { name: "file".to_owned(), decode: DecodeOptions::default() }],
        edge: EdgeConfig { root_key: Some(root_key), opt_outs: None },
        watches: WatchBoard::new(
            Arc::new(Percolator::compile([], &mut Analyzer::new(), &Frequencies::builtin()).unwrap()),
            Arc::from([]),
        ),
        volume: VolumeConfig::default(),
        narratives: None,
        amplify: None,
        explore: None,
        bursts: Some(BurstConfig::default()),
        coverage: CoverageBoard::default(),
        // So that the boundary can be told: times do not depend on how counts are changed.
        gate: Gate::exact(K::DEFAULT),
        stage_times: None,
        checkpoint_every: None,
        resume: None,
    };
    let clock = Arc::new(ManualClock::at(EventTime::from_unix(START + 86_400)));
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sink = Box::new(Kept(Arc::clone(&kept)));
    groundswell_engine::run(config, blocks, clock, sink, stop, Arc::new(Counters::new(1))).unwrap();
    Arc::into_inner(kept).unwrap().into_inner().unwrap()
}

/// What is said of bursts beside numbers: which, and when.
fn times(rows: &[BurstRow]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let BurstRow { subject, start, peak, end, window, detected_at, as_of, .. } = row;
            format!("{} {start:?} {peak:?} {end:?} {window:?} {detected_at:?} {as_of:?}", subject.value)
        })
        .collect()
}

/// Whether a burst was found at the minute in which k people had come together, so that one person more shows by that.
fn at_the_boundary(one: &[BurstRow], other: &[BurstRow]) -> bool {
    let at_k = |rows: &[BurstRow]| rows.first().is_some_and(|row| row.authors == K::DEFAULT.get());
    times(one).first() != times(other).first() && (at_k(one) || at_k(other))
}

#[test]
fn what_times_of_bursts_say_of_one_person() {
    let (mut told, mut existence, mut by_times, mut boundary) = (0, 0, 0, 0);
    for world in 0..WORLDS {
        let [without, with] = [false, true].map(|took_part| bursts(world, took_part));
        told += u32::from(!without.is_empty());
        existence += u32::from(without.is_empty() != with.is_empty());
        if times(&without) != times(&with) {
            *if at_the_boundary(&without, &with) { &mut boundary } else { &mut by_times } += 1;
        }
    }
    eprintln!(
        "of {WORLDS} bursts of 10 to 60 posts {told} are told; whether they are gives one person away in {existence}, \
         when they are in {by_times}, and in {boundary} at the boundary of k"
    );
    assert!(told * 2 > WORLDS as u32, "the attack is on bursts that are told of");
    assert!(f64::from(existence.max(by_times)) <= WORLDS as f64 * BOUND, "more than docs/methods/release.md says");
}
