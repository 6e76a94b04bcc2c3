//! Seeded crowds with planted truth: the first user's fallback, the load generator and the detectors' test.
//!
//! Stands beside a post's way, not on it: it writes bytes in the format of CONTRACT section 2, which `sources` read like any
//! file's. Names of people, accounts, places, domains and publishers are invented; nothing in a stream is anyone's.
//!
//! - [`SimConfig`] says what stream is wanted, [`Simulator`] writes it line by line or block by block, and
//!   [`Simulator::truth`] says what was planted in it.
//! - [`Scenario`] lists what can happen. `docs/methods/simulator.md` describes the model.
//!
//! ```
//! use groundswell_sim::{SimConfig, Simulator};
//!
//! let mut simulator = Simulator::new(SimConfig { seed: 7, rate: 20.0, ..SimConfig::default() })?;
//! let mut lines = Vec::new();
//! let mut posts = 0;
//! while simulator.next_into(&mut lines).is_some() {
//!     posts += 1;
//! }
//! assert!(posts > 60_000, "an hour at 20 posts a second");
//! assert!(!simulator.truth().needles().is_empty(), "the default scenario plants canaries");
//! # Ok::<(), groundswell_sim::ConfigError>(())
//! ```
//!
//! # Invariants
//! - One configuration is one stream of bytes, on every machine: integer and IEEE 754 arithmetic only, no hash order, no clock.
//! - Event time never falls, but for posts that [`Faults::disorder`] asks for.
//! - The counts in the truth are of what was written, not of what was meant.
//! - A canary's needles stand in its own posts and nowhere else, and it has fewer authors than the floor of k.
//!
//! # Sources
//! Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2019); Mandelbrot, "An informational theory of the
//! statistical structure of language" (1953), for the word frequencies.

#![forbid(unsafe_code)]

mod config;
mod language;
mod names;
mod personal;
mod plan;
mod rng;
mod simulator;
mod truth;
mod world;

pub use config::{ConfigError, Faults, OPEN_ENDED, PLANTED_MAX, RATE_MAX, Scenario, SimConfig};
pub use simulator::{FillResult, MODEL, PII_LISTED_MAX, Simulator};
pub use truth::{
    BurstTruth, CampaignTruth, CanaryTruth, ConfigTruth, EventTruth, NarrativeTruth, PiiTruth, Subject, Totals, Truth,
    TruthRecord,
};
