//! Narratives: what people are saying, found and followed as it grows.

mod cluster;
mod clusterer;
mod config;
mod delta;
pub mod eval;
mod family;
mod features;
mod log;
mod observer;
mod terms;

pub use cluster::LocalId;
pub use clusterer::Clusterer;
pub use config::*;
pub use delta::{LocalDelta, MinuteDelta, TermDelta};
pub use features::{FeatureKind, Features};
pub use observer::NarrativeObserver;
