//! `simulate`: writes a seeded stream, and what was planted in it beside.

use std::io::Write as _;

use anyhow::Context as _;
use groundswell_post::EventTime;
use groundswell_sim::{SimConfig, Simulator};

use crate::args::{Common, Simulate};
use crate::failure::{DONE, Failure, Outcome};
use crate::output;

/// How much is written at once.
const BLOCK_BYTES: usize = 1 << 20;

/// Writes the stream.
pub(crate) fn simulate(common: &Common, arguments: &Simulate) -> Outcome {
    let start = EventTime::parse(&arguments.start)
        .map_err(|_| Failure::usage_text(format!("--start: expected an RFC 3339 time, found {}", arguments.start)))?;
    let config = SimConfig {
        seed: common.seed.unwrap_or(1),
        rate: arguments.rate,
        start,
        duration: arguments.duration,
        scenario: arguments.scenario.clone(),
        ..SimConfig::default()
    };
    let mut simulator = Simulator::new(config).map_err(Failure::usage)?;
    let mut out = output::open(arguments.out.as_deref())?;
    let mut block = Vec::with_capacity(BLOCK_BYTES + 4_096);
    let mut lines = 0;
    loop {
        block.clear();
        let filled = simulator.fill_block(BLOCK_BYTES, None, &mut block);
        out.write_all(&block).context("cannot write the stream")?;
        lines += filled.lines;
        if filled.ended {
            break;
        }
    }
    out.flush().context("cannot write the stream")?;
    if let Some(path) = &arguments.truth {
        let mut truth = output::open(Some(path))?;
        simulator.truth().write(&mut truth).context("cannot write the truth")?;
        truth.flush().context("cannot write the truth")?;
    }
    output::note(common, &format!("{lines} records written"));
    Ok(DONE)
}
