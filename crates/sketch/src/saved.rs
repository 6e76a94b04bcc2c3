//! [`SavedCells`]: what a table counted, as numbers only, for a checkpoint.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Cell, CellKey, CellRef, Distinct, Summary, VALUE_BYTES_MAX};

/// What was counted of a cell in one window. Authors are a number: the key under which they could be told apart is gone when
/// this is read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All posts.
    pub posts: u64,
    /// Those of them that are publishers' items.
    pub publisher_posts: u64,
    /// Which posts these are.
    pub key: CellKey,
    /// Distinct authors among persons.
    pub authors: u64,
}

impl Counts {
    pub(crate) fn of(cell: &Cell) -> Self {
        let Cell { posts, publisher_posts, key, texts: _, ref authors } = *cell;
        Self { posts, publisher_posts, key, authors: authors.count() }
    }

    pub(crate) fn cell(self) -> Cell {
        let authors = Distinct::of_number(self.authors);
        Cell { posts: self.posts, publisher_posts: self.publisher_posts, key: self.key, authors, ..Cell::default() }
    }
}

/// Cells of a table as numbers, packed: about thirty bytes a cell, and no allocation for one.
///
/// A cell is: dimension and flags (a byte each), the hash (8 bytes, little-endian), the value's length, the value, and three
/// numbers and the key (4 bytes) for each of the two windows that are there. Lengths and numbers are LEB128. A copy costs nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SavedCells {
    cells: usize,
    bytes: Arc<Vec<u8>>,
}

/// What a cell takes, roughly.
const CELL_BYTES: usize = 36;
/// And without its value, in one window.
const UNNAMED_BYTES: usize = 18;
const HAS_OPEN: u8 = 1;
const HAS_FOLDED: u8 = 2;

impl Serialize for SavedCells {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.bytes)
    }
}

impl<'de> Deserialize<'de> for SavedCells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Packed;

        impl Visitor<'_> for Packed {
            type Value = SavedCells;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("packed cells")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<SavedCells, E> {
                self.visit_byte_buf(bytes.to_vec())
            }

            fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<SavedCells, E> {
                // All of it is looked at now, so that going through it later cannot fail.
                let (mut rest, mut cells) = (bytes.as_slice(), 0);
                while !rest.is_empty() {
                    read_cell(&mut rest).ok_or_else(|| E::custom("a saved table is cut off or altered"))?;
                    cells += 1;
                }
                Ok(SavedCells { cells, bytes: Arc::new(bytes) })
            }
        }

        deserializer.deserialize_byte_buf(Packed)
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        if shift == 63 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn read_counts(rest: &mut &[u8]) -> Option<Counts> {
    let [posts, publisher_posts, authors] = [read_number(rest)?, read_number(rest)?, read_number(rest)?];
    let (key, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(Counts { posts, publisher_posts, key: CellKey::from_bits(u32::from_le_bytes(*key)), authors })
}

fn read_cell<'a>(rest: &mut &'a [u8]) -> Option<SavedCell<'a>> {
    let (&[dimension, flags], after) = rest.split_first_chunk::<2>()?;
    let (hash, after) = after.split_first_chunk::<8>()?;
    *rest = after;
    let len = usize::try_from(read_number(rest)?).ok().filter(|len| *len <= VALUE_BYTES_MAX)?;
    let (value, after) = rest.split_at_checked(len)?;
    *rest = after;
    let value = std::str::from_utf8(value).ok()?;
    let open = if flags & HAS_OPEN == 0 { None } else { Some(read_counts(rest)?) };
    let folded = if flags & HAS_FOLDED == 0 { None } else { Some(read_counts(rest)?) };
    (flags <= HAS_OPEN | HAS_FOLDED).then_some(SavedCell {
        hash: u64::from_le_bytes(*hash),
        dimension,
        value,
        open,
        folded,
    })
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
    /// No cell yet, and room for so many.
    pub(crate) fn with_room_for(cells: usize) -> Self {
        Self { cells: 0, bytes: Arc::new(Vec::with_capacity(cells * CELL_BYTES)) }
    }

    /// What summaries that have their cells by hash, ascending, counted together, without the values.
    pub fn sums_unnamed<'a>(summaries: impl Iterator<Item = &'a Summary> + Clone) -> Self {
        let most: usize = summaries.clone().map(Summary::len).sum();
        let mut saved = Self { cells: 0, bytes: Arc::new(Vec::with_capacity(most * UNNAMED_BYTES)) };
        Summary::each_by_hash(summaries, &mut |parts| {
            let CellRef { hash, dimension, posts, publisher_posts, key, authors, .. } = parts[0];
            let counts = if parts.len() == 1 {
                Counts { posts, publisher_posts, key, authors: authors.count() }
            } else {
                Counts::of(&CellRef::sum(parts))
            };
            saved.push(SavedCell { hash, dimension, value: "", open: Some(counts), folded: None });
        });
        saved
    }

    pub(crate) fn push(&mut self, cell: SavedCell<'_>) {
        let SavedCell { hash, dimension, value, open, folded } = cell;
        let flags = if open.is_some() { HAS_OPEN } else { 0 } | if folded.is_some() { HAS_FOLDED } else { 0 };
        self.cells += 1;
        let bytes = Arc::make_mut(&mut self.bytes);
        bytes.extend_from_slice(&[dimension, flags]);
        bytes.extend_from_slice(&hash.to_le_bytes());
        write_number(bytes, value.len() as u64);
        bytes.extend_from_slice(value.as_bytes());
        for Counts { posts, publisher_posts, key, authors } in open.into_iter().chain(folded) {
            [posts, publisher_posts, authors].into_iter().for_each(|number| write_number(bytes, number));
            bytes.extend_from_slice(&key.bits().to_le_bytes());
        }
    }

    /// The cells, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = SavedCell<'_>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || read_cell(&mut rest))
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.cells == 0
    }
}

impl fmt::Debug for SavedCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedCells({} cells, redacted)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prints_no_value() {
        let mut saved = SavedCells::default();
        saved.push(SavedCell { hash: 1, dimension: 7, value: "canary", open: None, folded: None });
        assert!(!format!("{saved:?} {:?}", saved.iter().next()).contains("canary"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let packed = bincode::serialize(&SavedCells { cells: 0, bytes: Arc::new(bytes) }).unwrap();
            if let Ok(saved) = bincode::deserialize::<SavedCells>(&packed) {
                prop_assert_eq!(saved.iter().count(), saved.len());
            }
        }

        #[test]
        fn numbers_come_back(numbers in proptest::collection::vec(any::<u64>(), 0..20)) {
            let mut bytes = Vec::new();
            numbers.iter().for_each(|number| write_number(&mut bytes, *number));
            let mut rest = bytes.as_slice();
            for number in numbers {
                prop_assert_eq!(read_number(&mut rest), Some(number));
            }
            prop_assert_eq!(read_number(&mut rest), None);
        }
    }
}
