//! Detectors: plain structs that observe posts, merge what several workers observed, and propose candidates of closed
//! windows to the gate. There are five, [`volume`], [`narrative`], [`burst`], [`anomaly`] and [`amplify`].
//!
//! On a post's way: after the percolator, before the gate. Detectors do no I/O and read no clock: time comes from the
//! posts, and "this window is closed" from whoever drives them (`engine`).
//!
//! ```
//! use groundswell_detect::volume::{Merger, Observer, VolumeConfig};
//! use groundswell_edge::{AuthorToken, EdgePost};
//! use groundswell_gate::{Dimension, Gate, K};
//! use groundswell_sketch::Step;
//! use groundswell_text::Analysis;
//!
//! let config = VolumeConfig::default();
//! let mut observer = Observer::new(config.clone());
//! let mut merger = Merger::new(config, K::DEFAULT);
//! for person in 0..12 {
//!     let author = Some(AuthorToken::from_bits(person));
//!     observer.observe(&EdgePost { author, ..EdgePost::default() }, &Analysis::new(), &[]);
//! }
//! observer.close(60, &mut |_shard, minute, summary| merger.merge(minute, summary));
//! let mut totals = Vec::new();
//! merger.finish(&mut |candidate| {
//!     if candidate.dimension == Dimension::Total {
//!         totals.extend(Gate::exact(K::DEFAULT).release(candidate));
//!     }
//! });
//! let read: Vec<_> = totals.iter().map(|row| (row.window.step, row.figures.unwrap().authors)).collect();
//! assert_eq!(read, [(Step::Minute, 12), (Step::Hour, 12), (Step::Day, 12)]);
//! ```
//!
//! Invariants:
//! - Counts do not depend on how posts are split over workers (`tests/volume_model.rs`).
//! - Author tokens end here, in the summaries of `sketch`; candidates carry them to the gate and no further.
//! - Every table has a bound; what a bound costs is counted ([`volume::VolumeCounters`]).
//!
//! Sources: `DESIGN.md` beside this crate; `docs/methods/volumes.md` and `narratives.md` for what the figures mean.

#![forbid(unsafe_code)]

pub mod amplify;
pub mod anomaly;
pub mod burst;
mod counters;
pub mod mix;
pub mod narrative;
mod open;
mod packed;
pub mod silence;
pub mod tone;
pub mod volume;
