//! [`Held`]: what a detector holds of posts, for tests that search it. There is none of it in a release build.

use std::collections::HashSet;

use groundswell_sketch::{CellTable, Summary};

/// Everything that could tell of a post.
#[derive(Clone, Default)]
pub struct Held {
    /// Post keys.
    pub keys: HashSet<u64>,
    /// Author tokens.
    pub authors: HashSet<u64>,
    /// Words, hashtags, domains and names, in no order.
    pub values: String,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Held({} keys, {} authors, redacted)", self.keys.len(), self.authors.len())
    }
}

impl Held {
    pub(super) fn add_summary(&mut self, summary: &Summary) {
        for cell in summary.iter().chain(summary.beside().into_iter().flat_map(Summary::iter)) {
            self.values.push_str(cell.value);
            self.values.push('\n');
            self.authors.extend(cell.authors.to_distinct().tokens());
        }
    }

    pub(super) fn add_table(&mut self, table: &CellTable) {
        for (_, value, _, cell) in table.iter().chain(table.iter_folded()) {
            self.values.push_str(value);
            self.values.push('\n');
            self.authors.extend(cell.authors.tokens());
        }
    }
}
