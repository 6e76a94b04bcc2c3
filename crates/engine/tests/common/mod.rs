//! A simulated stream through the whole dataflow, for tests of what is told at any number of workers.

use std::sync::Arc;
use std::time::Duration;

use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{Counters, CoverageBoard, EngineConfig, ReleaseSink, SourceConfig, Totals, WatchBoard};
use groundswell_gate::{Gate, K};
use groundswell_post::{EventTime, Portion};
use groundswell_sim::{SimConfig, Simulator, TruthRecord};
use groundswell_sources::{DecodeOptions, ManualClock, PartitionSpec, Payload, SourceIx, Stop, channel};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};

/// So small that the posts of one thing are spread over all workers.
const BLOCK_BYTES: usize = 8 << 10;

/// A stream that has an end.
pub(crate) struct Stream {
    pub(crate) blocks: Vec<Vec<u8>>,
    pub(crate) end: EventTime,
}

/// With what was planted in it.
pub(crate) fn simulated(config: SimConfig) -> (Stream, Vec<TruthRecord>) {
    let end = EventTime::from_unix(config.start.unix() + config.duration.as_secs() as i64);
    let mut simulator = Simulator::new(config).unwrap();
    let mut blocks = Vec::new();
    while !simulator.ended() {
        let mut bytes = Vec::new();
        simulator.fill_block(BLOCK_BYTES, None, &mut bytes);
        blocks.push(bytes);
    }
    (Stream { blocks, end }, simulator.truth().records)
}

/// All detectors but volumes off, and a gate that shows what was counted.
pub(crate) fn config(workers: usize) -> EngineConfig {
    EngineConfig {
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
        narratives: None,
        amplify: None,
        explore: None,
        bursts: None,
        gate: Gate::exact(K::DEFAULT),
        stage_times: None,
        checkpoint_every: None,
        resume: None,
    }
}

pub(crate) fn run(config: EngineConfig, stream: &Stream, sink: impl ReleaseSink + 'static) -> Totals {
    let (feed, blocks) = channel(stream.blocks.len() + 1, Duration::from_hours(10_000));
    let mut sender = feed.sender(SourceIx(0));
    let stop = Stop::default();
    let spec =
        PartitionSpec { name: "simulated".to_owned(), head_time: None, live: true, lateness: Duration::from_mins(1) };
    let mut partition = sender.partition(spec, &stop);
    let mut line = 1;
    for bytes in &stream.blocks {
        partition.send_portion(line, Payload::Ndjson(bytes.clone()), None, Portion::ALL).unwrap();
        line += bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
    }
    partition.finish();
    drop((sender, feed));
    let clock = Arc::new(ManualClock::at(stream.end));
    groundswell_engine::run(config, blocks, clock, Box::new(sink), stop, Arc::new(Counters::new(1))).unwrap()
}
