//! The simulator as a source: made-up posts whose event time runs with the clock, after a stretch of made-up past so that a
//! first page is not empty.

use std::sync::Arc;
use std::time::Duration;

use groundswell_post::EventTime;
use groundswell_sim::{SimConfig, Simulator};
use groundswell_sources::{BlockSender, Clock, PartitionSpec, Payload, Source, SourceError, Stop};

use crate::settings::SimulatorSettings;

/// How often new posts are made while the stream runs with the clock.
const TICK: Duration = Duration::from_millis(250);

/// Block size while the past is made up.
const BLOCK_BYTES: usize = 256 * 1024;

/// Longer than any run: a stream as long as this is one without end (see `groundswell_sim::OPEN_ENDED`).
const NO_END: Duration = Duration::from_hours(100 * 365 * 24);

/// A seeded crowd, live.
pub(crate) struct SimSource {
    settings: SimulatorSettings,
    clock: Arc<dyn Clock>,
}

impl SimSource {
    /// A crowd as configured.
    pub(crate) fn new(settings: SimulatorSettings, clock: Arc<dyn Clock>) -> Self {
        Self { settings, clock }
    }
}

impl Source for SimSource {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn run(self: Box<Self>, mut out: BlockSender, stop: Stop) -> Result<(), SourceError> {
        let back = i64::from(self.settings.backfill_minutes) * 60;
        let start = EventTime::from_unix(self.clock.now().unix() - back);
        let mut simulator = Simulator::new(SimConfig {
            seed: self.settings.seed,
            rate: self.settings.rate,
            start,
            duration: NO_END,
            scenario: self.settings.scenario.clone(),
            ..SimConfig::default()
        })
        .map_err(|error| SourceError::Config(error.to_string()))?;
        let spec = PartitionSpec {
            name: "simulator".to_owned(),
            head_time: Some(start),
            live: true,
            lateness: Duration::from_secs(2),
        };
        let mut partition = out.partition(spec, &stop);
        let mut line = 1;
        while !stop.stopped() {
            let mut bytes = Vec::with_capacity(BLOCK_BYTES + 4_096);
            let filled = simulator.fill_block(BLOCK_BYTES, Some(self.clock.now()), &mut bytes);
            if filled.lines > 0 {
                if partition.send(line, Payload::Ndjson(bytes)).is_err() {
                    break;
                }
                line += filled.lines;
            }
            if filled.ended {
                break;
            }
            if filled.lines == 0 || filled.last_time.is_none_or(|time| time >= self.clock.now()) {
                std::thread::sleep(TICK);
            }
        }
        partition.finish();
        Ok(())
    }
}
