//! [`SavedCells`]: what a table counted, as numbers only, for a checkpoint.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Cell, Distinct, VALUE_BYTES_MAX};

/// What was counted of a cell in one window. Authors are a number: the key under which they could be told apart is gone when
/// this is read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All posts.
    pub posts: u64,
    /// Those of them that are publishers' items.
    pub publisher_posts: u64,
    /// Distinct authors among persons.
    pub authors: u64,
}

impl Counts {
    pub(crate) fn of(cell: &Cell) -> Self {
        Self { posts: cell.posts, publisher_posts: cell.publisher_posts, authors: cell.authors.count() }
    }

    pub(crate) fn cell(self) -> Cell {
        let authors = Distinct::of_number(self.authors);
        Cell { posts: self.posts, publisher_posts: self.publisher_posts, authors }
    }
}

/// Cells of a table as numbers, one after the other without an allocation each.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct SavedCells {
    entries: Vec<Entry>,
    values: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    hash: u64,
    dimension: u8,
    value_bytes: u16,
    open: Option<Counts>,
    folded: Option<Counts>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    entries: Vec<Entry>,
    values: String,
}

impl From<SavedCells> for Wire {
    fn from(SavedCells { entries, values }: SavedCells) -> Self {
        Self { entries, values }
    }
}

impl TryFrom<Wire> for SavedCells {
    type Error = &'static str;

    fn try_from(Wire { entries, values }: Wire) -> Result<Self, Self::Error> {
        let mut end = 0;
        for entry in &entries {
            end += usize::from(entry.value_bytes);
            if usize::from(entry.value_bytes) > VALUE_BYTES_MAX || !values.is_char_boundary(end) {
                return Err("a saved table's values are cut off");
            }
        }
        if end != values.len() {
            return Err("a saved table's parts have different lengths");
        }
        Ok(Self { entries, values })
    }
}

/// One cell of a saved table.
#[derive(Clone, Copy)]
pub struct SavedCell<'a> {
    /// Its hash, the same in every process.
    pub hash: u64,
    /// Which dimension, as its owner numbers them.
    pub dimension: u8,
    /// The value of the dimension.
    pub value: &'a str,
    /// Counted since the last fold.
    pub open: Option<Counts>,
    /// Counted before the last fold; its authors are those of the whole longer window, the open part included.
    pub folded: Option<Counts>,
}

impl fmt::Debug for SavedCell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedCell(dimension {}, redacted)", self.dimension)
    }
}

impl SavedCells {
    pub(crate) fn push(&mut self, cell: SavedCell<'_>) {
        let SavedCell { hash, dimension, value, open, folded } = cell;
        self.values.push_str(value);
        self.entries.push(Entry { hash, dimension, value_bytes: value.len() as u16, open, folded });
    }

    /// The cells, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = SavedCell<'_>> {
        let mut start = 0;
        self.entries.iter().map(move |entry| {
            let end = start + usize::from(entry.value_bytes);
            let value = &self.values[start..end];
            start = end;
            let Entry { hash, dimension, open, folded, .. } = *entry;
            SavedCell { hash, dimension, value, open, folded }
        })
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl fmt::Debug for SavedCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedCells({} cells, redacted)", self.len())
    }
}
