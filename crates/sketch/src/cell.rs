//! [`Cell`]: one value of one dimension in one window.

use serde::{Deserialize, Serialize};

use crate::{CellKey, Distinct, TextBits};

/// What is counted for one value of one dimension in one window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// All posts.
    pub posts: u64,
    /// Those of them that are publishers' items.
    pub publisher_posts: u64,
    /// Which posts these are.
    pub key: CellKey,
    /// How many different texts they are; of what an earlier run counted this is not known.
    #[serde(skip)]
    pub texts: TextBits,
    /// Distinct authors among persons.
    pub authors: Distinct,
}

impl Cell {
    /// Adds what another worker, or a finer window of the same epoch, counted.
    pub fn merge(&mut self, other: &Self) {
        self.posts += other.posts;
        self.publisher_posts += other.publisher_posts;
        self.key.add(other.key);
        self.texts = self.texts.union(other.texts);
        self.authors.merge(&other.authors);
    }
}
