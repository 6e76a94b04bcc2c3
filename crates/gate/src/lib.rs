//! The release gate.
//! (Skeleton: the types below are fixed in shape; the gate helper writes the rest.)

mod volume;

pub use volume::{CandidateCell, Dimension, Figures, VolumeCandidate, VolumeRow};
