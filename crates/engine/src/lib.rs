//! The engine: a Timely dataflow that takes posts from bytes to released numbers.
//!
//! Stands behind every crate that looks at posts and before the store: it wraps `sources`, `edge`, `text`, `watch`, `detect`
//! and `gate` in operators and adds what none of them knows: workers, time and order. It is the only crate that names Timely.
//!
//! - [`run`] runs the dataflow; [`EngineConfig`] is all it needs; [`ReleaseSink`] takes what is released.
//! - [`Counters`] counts records and says what may be told of them while they grow, `Stop` of `sources` stops.
//!
//! Invariants:
//! - Only summaries are exchanged between workers, never posts.
//! - The gate stands after the merge: what it sees is the whole window, whatever the number of workers.
//! - Lateness, deletions and window closing depend on event time alone, so counts are the same at any worker count.
//! - A window that input ended in the middle of by an ordered stop is saved in the last checkpoint where there is one, and
//!   never released half-full.
//! - Of counts that grow nothing is told that fewer than k people moved (`told::tests`).
//! - What a checkpoint holds is what was counted of the blocks up to the places that it names, no more and no less.
//!
//! Sources: D. G. Murray et al., "Naiad: a timely dataflow system", SOSP 2013 (frontiers, capabilities); T. Akidau et al.,
//! "The Dataflow Model", VLDB 2015 (event time, watermarks, allowed lateness).

#![forbid(unsafe_code)]

mod checkpoint;
mod cluster;
mod config;
mod council;
mod counters;
mod coverage;
mod dataflow;
mod deletions;
mod explore;
#[cfg(debug_assertions)]
mod inspect;
mod joint;
mod operators;
mod rendezvous;
mod sink;
mod stages;
mod told;
mod watches;

pub use checkpoint::{Checkpoint, CheckpointError, Mark, SavedSource, Share};
pub use config::{Cluster, EngineConfig, EngineError, SourceConfig};
pub use counters::{Counters, Records, SourceCounters, Totals};
pub use coverage::{COVERED_MINUTES_MAX, CoverageBoard, Heard};
#[cfg(debug_assertions)]
pub use dataflow::run_inspected;
pub use dataflow::{CLOSED_QUEUE_MAX, run};
pub use deletions::DELETIONS_MAX;
pub use explore::{ExploreIndex, TRIALS_A_DAY, Trial, TrialTicket, TrialsSpent};
#[cfg(debug_assertions)]
pub use inspect::Inspector;
pub use rendezvous::Joined;
pub use sink::{Closed, ReleaseSink, ToSink};
pub use stages::{SAMPLE_EVERY, Stage, StageTimes};
pub use told::ToldSource;
pub use watches::{WatchBoard, WatchesInForce};
