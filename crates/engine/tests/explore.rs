//! A query that is tried over the text that is held counts what a watch of it counts: the whole engine, from bytes to released rows.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{
    Closed, Counters, CoverageBoard, EngineConfig, ExploreIndex, ReleaseSink, SourceConfig, WatchBoard,
};
use groundswell_gate::{Dimension, Gate, K, Released, VolumeRow};
use groundswell_post::EventTime;
use groundswell_sketch::Step;
use groundswell_sources::{DecodeOptions, ManualClock, PartitionSpec, Payload, SourceIx, Stop, channel};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};

/// Midnight.
const START: i64 = 1_800_057_600;
const QUERIES: [&str; 6] = [
    "flood*",
    "\"heavy rain\" AND NOT river",
    "#storm OR domain:example.org",
    "lang:de AND regen",
    "relation:reply AND flood",
    "quagga",
];

type Hours = BTreeMap<(String, i64), Option<(u64, u64)>>;

struct Kept(Arc<Mutex<Hours>>);

fn hour(row: &VolumeRow, name: &str) -> ((String, i64), Option<(u64, u64)>) {
    ((name.to_owned(), row.window.start), row.figures.map(|figures| (figures.posts, figures.authors)))
}

impl ReleaseSink for Kept {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let rows = closed.rows.into_iter().map(Released::into_inner);
        let rows = rows.filter(|row| row.dimension == Dimension::Watch && row.window.step == Step::Hour);
        self.0.lock().unwrap().extend(rows.map(|row| hour(&row, &row.value)));
        Ok(())
    }
}

/// A pseudo-random number below `below`.
fn draw(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

/// Four hours of posts, some of which are deleted in the minute in which they were written.
fn records() -> Vec<u8> {
    let words = ["flood", "floods", "heavy rain", "river", "#storm", "regen", "see", "https://example.org/a", "tea"];
    let (mut text, mut seed) = (String::new(), 7);
    for number in 0..6_000_i64 {
        let time = START + number * 4 * 3_600 / 6_000;
        let said: Vec<&str> = (0..4).map(|_| words[draw(&mut seed, words.len() as u64) as usize]).collect();
        let lang = ["en", "de"][draw(&mut seed, 2) as usize];
        let reply = draw(&mut seed, 2) == 0;
        let author = draw(&mut seed, 400);
        let said = said.join(" ");
        let relation = if reply { "reply" } else { "post" };
        writeln!(
            text,
            r#"{{"time":{time},"id":"{number}","author":"a{author}","text":"{said}","lang":"{lang}","relation":"{relation}"}}"#
        )
        .unwrap();
        if draw(&mut seed, 10) == 0 {
            writeln!(text, r#"{{"delete":true,"id":"{number}","time":{time}}}"#).unwrap();
        }
    }
    text.into_bytes()
}

fn tried_and_watched(workers: usize) -> (Hours, Hours) {
    let queries: Vec<_> = QUERIES.iter().map(|text| groundswell_query::parse(text).unwrap()).collect();
    let compiled = |queries: &[groundswell_query::Query]| {
        Percolator::compile(queries, &mut Analyzer::new(), &Frequencies::builtin()).unwrap()
    };
    let (feed, blocks) = channel(64, Duration::from_secs(30));
    let mut sender = feed.sender(SourceIx(0));
    let lateness = Duration::from_mins(10);
    let spec = PartitionSpec { name: "file".to_owned(), head_time: None, live: false, lateness };
    let stop = Stop::default();
    let mut partition = sender.partition(spec, &stop);
    let records = records();
    let lines: Vec<&[u8]> = records.split_inclusive(|byte| *byte == b'\n').collect();
    let mut line = 1;
    for part in lines.chunks(200) {
        partition.send(line, Payload::Ndjson(part.concat())).unwrap();
        line += part.len() as u64;
    }
    partition.finish();
    drop((sender, feed));
    let index = Arc::new(ExploreIndex::new(workers, 16 << 20));
    let names: Arc<[String]> = QUERIES.iter().map(|&text| text.to_owned()).collect();
    let config = EngineConfig {
        workers,
        cluster: None,
        sources: vec![SourceConfig { name: "file".to_owned(), decode: DecodeOptions::default() }],
        edge: EdgeConfig { root_key: Some([7; 32]), opt_outs: None },
        watches: WatchBoard::new(Arc::new(compiled(&queries)), names),
        coverage: CoverageBoard::default(),
        volume: VolumeConfig::default(),
        narratives: None,
        bursts: None,
        amplify: None,
        explore: Some(Arc::clone(&index)),
        gate: Gate::exact(K::DEFAULT),
        stage_times: None,
        checkpoint_every: None,
        resume: None,
    };
    let clock = Arc::new(ManualClock::at(EventTime::from_unix(START + 5 * 3_600)));
    let watched = Arc::new(Mutex::new(Hours::new()));
    let sink = Box::new(Kept(Arc::clone(&watched)));
    let totals = groundswell_engine::run(config, blocks, clock, sink, stop, Arc::new(Counters::new(1))).unwrap();
    assert_eq!(totals.records.accepted, 6_000);
    assert!(totals.forgotten > 400, "{}", totals.forgotten);
    let mut tried = Hours::new();
    let now = EventTime::from_unix(START + 5 * 3_600);
    for (query, &text) in queries.iter().zip(&QUERIES) {
        let one = compiled(std::slice::from_ref(query));
        let trial = index.trial(index.ticket(now).unwrap(), &one, text, &Gate::exact(K::DEFAULT), now);
        assert_eq!(trial.one_in, 1);
        tried.extend(trial.hours.iter().map(|row| hour(row, text)));
    }
    let watched = std::mem::take(&mut *watched.lock().unwrap());
    (tried, watched)
}

#[test]
fn a_trial_counts_what_a_watch_counts_at_any_number_of_workers() {
    let (tried, watched) = tried_and_watched(1);
    assert_eq!(tried.len(), QUERIES.len() * 4);
    assert!(tried.values().filter(|figures| figures.is_some()).count() >= 20, "{tried:?}");
    assert_eq!(tried, watched);
    for workers in [2, 3] {
        assert_eq!(tried_and_watched(workers), (tried.clone(), watched.clone()), "{workers} workers");
    }
}
