//! Writes a stream to stdout: `cargo run -p groundswell-sim --example stream -- SCENARIO RATE SECONDS [SEED [TRUTH]]`.

use std::io::Write;
use std::time::Duration;

use groundswell_sim::{SimConfig, Simulator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = |index: usize, default: &str| arguments.get(index).map_or(default, String::as_str).to_owned();
    let mut simulator = Simulator::new(SimConfig {
        scenario: word(0, "default"),
        rate: word(1, "100").parse()?,
        duration: Duration::from_secs(word(2, "60").parse()?),
        seed: word(3, "1").parse()?,
        labels: true,
        ..SimConfig::default()
    })?;
    let mut out = std::io::stdout().lock();
    let mut block = Vec::new();
    while !simulator.ended() {
        block.clear();
        simulator.fill_block(1 << 18, None, &mut block);
        out.write_all(&block)?;
    }
    if let Some(path) = arguments.get(4) {
        simulator.truth().write(&mut std::fs::File::create(path)?)?;
    }
    Ok(())
}
