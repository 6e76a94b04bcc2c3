//! Posts a second of one core, written to memory: `cargo bench -p groundswell-sim`.

use groundswell_sim::{SimConfig, Simulator};

fn main() {
    divan::main();
}

const POSTS: u32 = 200_000;

#[divan::bench(args = ["load", "default", "canaries"], sample_count = 10)]
fn to_memory(bencher: divan::Bencher<'_, '_>, scenario: &str) {
    let rate = if scenario == "load" { 10_000.0 } else { 200.0 };
    bencher
        .counter(divan::counter::ItemsCount::new(POSTS))
        .with_inputs(|| {
            let config = SimConfig {
                rate,
                scenario: scenario.to_owned(),
                duration: std::time::Duration::from_hours(24),
                ..SimConfig::default()
            };
            (Simulator::new(config).expect("the configuration is right"), Vec::with_capacity(1 << 20))
        })
        .bench_local_refs(|(simulator, out)| {
            for _ in 0..POSTS {
                if out.len() > 900_000 {
                    out.clear();
                }
                simulator.next_into(out);
            }
        });
}
