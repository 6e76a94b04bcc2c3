//! Volumes at the gate: what a detector would like to say, and what may be said.

use groundswell_sketch::Window;
use serde::{Deserialize, Serialize};

/// What a volume is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// All posts; its one value is `all`.
    Total,
    /// A watch, by name.
    Watch,
    /// ISO 639-1 or `und`.
    Language,
    /// Name of the origin.
    Source,
    /// `person` or `publisher`.
    Kind,
    /// `post`, `reply`, `repost`, `quote`.
    Relation,
    /// Country, ISO 3166-1 alpha-2.
    Region,
    /// Hashtag without `#`, normal form.
    Hashtag,
    /// Registrable domain of a link.
    Domain,
    /// A word, normal form.
    Term,
}

/// One cell as counted, before the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateCell {
    /// The value of the dimension.
    pub value: String,
    /// All posts.
    pub posts: u64,
    /// Those of them that are publishers' items.
    pub publisher_posts: u64,
    /// Distinct authors among persons.
    pub authors: u64,
}

/// A whole table of one window as counted (open-ended dimensions may come in several parts).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeCandidate {
    /// The closed window.
    pub window: Window,
    /// What it is counted by.
    pub dimension: Dimension,
    /// The cells, sorted by value.
    pub cells: Vec<CandidateCell>,
}

/// The two numbers of a released cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Posts in the window.
    pub posts: u64,
    /// Distinct authors among persons in the window.
    pub authors: u64,
}

/// One row of the released table **volumes** (CONTRACT section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeRow {
    /// The closed window.
    pub window: Window,
    /// What it is counted by.
    pub dimension: Dimension,
    /// The value of the dimension.
    pub value: String,
    /// `None` says that the cell is held back: it may be zero or anything below k.
    pub figures: Option<Figures>,
}
