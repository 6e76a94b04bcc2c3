//! Narratives through the whole dataflow: what is told of them does not depend on how many workers there are.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_detect::narrative::NarrativeConfig;
use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{
    Checkpoint, Closed, Counters, CoverageBoard, EngineConfig, ReleaseSink, SourceConfig, Totals, WatchBoard,
};
use groundswell_gate::{Gate, K};
use groundswell_post::{EventTime, Portion};
use groundswell_sim::{Faults, SimConfig, Simulator};
use groundswell_sources::{DecodeOptions, ManualClock, PartitionSpec, Payload, SourceIx, Stop, channel};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};

const MINUTES: u64 = 100;
/// So small that the posts of a story are spread over all workers.
const BLOCK_BYTES: usize = 8 << 10;

/// Everyday posts and stories, some of which begin when the usual is known.
fn stream() -> (Vec<Vec<u8>>, EventTime) {
    let config = SimConfig {
        rate: 20.0,
        duration: Duration::from_mins(MINUTES),
        scenario: "default".to_owned(),
        narratives: Some(12),
        // A deletion takes effect where it comes between two minutes: that is no matter of workers.
        faults: Some(Faults::default()),
        ..SimConfig::default()
    };
    let end = EventTime::from_unix(config.start.unix() + MINUTES as i64 * 60);
    let mut simulator = Simulator::new(config).unwrap();
    let mut blocks = Vec::new();
    while !simulator.ended() {
        let mut bytes = Vec::new();
        simulator.fill_block(BLOCK_BYTES, None, &mut bytes);
        blocks.push(bytes);
    }
    (blocks, end)
}

/// What was told of narratives, and what of their log, each in its order.
#[derive(Clone, Debug, Default, PartialEq)]
struct Lines {
    rows: Vec<String>,
    events: Vec<String>,
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Lines>>);

impl ReleaseSink for Told {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let mut told = self.0.lock().unwrap();
        told.rows.extend(closed.narratives.iter().map(|row| format!("{:?}", **row)));
        told.events.extend(closed.narrative_events.iter().map(|event| format!("{:?}", **event)));
        Ok(())
    }

    fn checkpoint(&mut self, _: Checkpoint) -> Result<(), anyhow::Error> {
        Ok(())
    }
}

fn run(workers: usize, narratives: NarrativeConfig, bytes: &[Vec<u8>], end: EventTime) -> (Totals, Lines) {
    let (feed, blocks) = channel(bytes.len() + 1, Duration::from_hours(10_000));
    let mut sender = feed.sender(SourceIx(0));
    let stop = Stop::default();
    let spec =
        PartitionSpec { name: "simulated".to_owned(), head_time: None, live: true, lateness: Duration::from_mins(1) };
    let mut partition = sender.partition(spec, &stop);
    let mut line = 1;
    for bytes in bytes {
        partition.send_portion(line, Payload::Ndjson(bytes.clone()), None, Portion::ALL).unwrap();
        line += bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
    }
    partition.finish();
    drop((sender, feed));
    let config = EngineConfig {
        workers,
        cluster: None,
        sources: vec![SourceConfig { name: "simulated".to_owned(), decode: DecodeOptions::default() }],
        edge: EdgeConfig { root_key: Some([7; 32]), opt_outs: None },
        watches: WatchBoard::new(
            Arc::new(Percolator::compile([], &mut Analyzer::new(), &Frequencies::builtin()).unwrap()),
            Arc::from([]),
        ),
        coverage: CoverageBoard::default(),
        volume: VolumeConfig::default(),
        narratives: Some(narratives),
        amplify: None,
        explore: None,
        bursts: None,
        gate: Gate::exact(K::DEFAULT),
        stage_times: None,
        checkpoint_every: None,
        resume: None,
    };
    let (told, counters) = (Told::default(), Arc::new(Counters::new(1)));
    let clock = Arc::new(ManualClock::at(end));
    let totals = groundswell_engine::run(config, blocks, clock, Box::new(told.clone()), stop, counters).unwrap();
    let rows = std::mem::take(&mut *told.0.lock().unwrap());
    (totals, rows)
}

#[test]
fn narratives_are_the_same_on_any_number_of_workers() {
    let (blocks, end) = stream();
    let (totals, told) = run(1, NarrativeConfig::default(), &blocks, end);
    let births = told.events.iter().filter(|event| event.contains("event: Birth")).count();
    assert!(births >= 3, "{births} births");
    for workers in [2, 4] {
        let (again, same) = run(workers, NarrativeConfig::default(), &blocks, end);
        let differ = told.rows.iter().zip(&same.rows).chain(told.events.iter().zip(&same.events));
        for (one, other) in differ {
            assert_eq!(one, other, "{workers} workers");
        }
        assert!(same == told, "{workers} workers: some are missing");
        assert_eq!(again.narratives, totals.narratives, "{workers} workers");
    }
}

/// Of a flood, minutes are clustered piece by piece, in whatever order workers come; nothing is lost and nobody waits for ever.
#[test]
fn full_logs_are_clustered_early_and_whole() {
    let (blocks, end) = stream();
    let narratives = NarrativeConfig { log_bytes_max: 64 << 10, ..NarrativeConfig::default() };
    for workers in [1, 3] {
        let (totals, told) = run(workers, narratives.clone(), &blocks, end);
        assert_eq!(totals.narratives.posts_clustered, totals.records.accepted, "{workers} workers");
        assert!(totals.narratives.posts_clustered_early > 0 && !told.rows.is_empty(), "{workers} workers");
    }
}
