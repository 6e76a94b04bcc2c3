//! [`CellTable`]: the cells of one window, to be merged into.

use std::fmt;

use crate::{Authors, Cell, CellRef, Summary};

/// A map (dimension, value) → [`Cell`], found by the hash that comes with each cell. Open addressing over a flat array of
/// cells, whose order is the order of arrival; values lie one after the other.
#[derive(Clone, Default)]
pub struct CellTable {
    /// Upper half: the hash's upper half; lower half: index of the cell plus one; zero is free. A power of two long.
    slots: Vec<u64>,
    entries: Vec<Entry>,
    values: String,
    authors_bytes: usize,
}

#[derive(Clone)]
struct Entry {
    hash: u64,
    cell: Cell,
    value_start: u32,
    value_bytes: u16,
    dimension: u8,
}

/// What [`CellTable::prune`] took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Cells.
    pub cells: u64,
    /// Posts in these cells.
    pub posts: u64,
}

const SLOTS_MIN: usize = 64;
/// Cells whose places are read ahead together.
const WARMED: usize = 32;

impl CellTable {
    /// No cell, no memory.
    pub const fn new() -> Self {
        Self { slots: Vec::new(), entries: Vec::new(), values: String::new(), authors_bytes: 0 }
    }

    /// Adds all cells of a summary of the same window, or of a finer window within it.
    pub fn merge(&mut self, summary: &Summary) {
        let mut cells = summary.iter();
        let mut hashes = summary.hashes();
        while self.warm(hashes.by_ref().take(WARMED)) > 0 {
            cells.by_ref().take(WARMED).for_each(|cell| self.merge_cell(&cell));
        }
    }

    /// Adds one cell of a summary.
    pub fn merge_cell(&mut self, cell: &CellRef<'_>) {
        let CellRef { hash, dimension, value, posts, publisher_posts, authors } = *cell;
        self.add(hash, dimension, value, posts, publisher_posts, Add::Authors(authors));
    }

    /// Adds all cells of another table.
    pub fn merge_table(&mut self, other: &Self) {
        for entries in other.entries.chunks(WARMED) {
            self.warm(entries.iter().map(|entry| entry.hash));
            for entry in entries {
                let Entry { hash, cell, dimension, .. } = entry;
                let authors = Add::Distinct(&cell.authors);
                self.add(*hash, *dimension, other.value(entry), cell.posts, cell.publisher_posts, authors);
            }
        }
    }

    /// Takes all cells of another table, which is then empty.
    pub fn absorb(&mut self, other: &mut Self) {
        if self.is_empty() {
            std::mem::swap(self, other);
            return;
        }
        let (mut entries, values) = (std::mem::take(&mut other.entries), std::mem::take(&mut other.values));
        for entries in entries.chunks_mut(WARMED) {
            self.warm(entries.iter().map(|entry| entry.hash));
            for Entry { hash, cell, value_start, value_bytes, dimension } in entries {
                let value = &values[*value_start as usize..][..usize::from(*value_bytes)];
                let authors = Add::Owned(std::mem::take(&mut cell.authors));
                self.add(*hash, *dimension, value, cell.posts, cell.publisher_posts, authors);
            }
        }
        entries.clear();
        (other.entries, other.values) = (entries, values);
        other.clear();
    }

    /// Reads what adding cells with these hashes will read, and says how many they were. In a large table each of these
    /// reads waits for memory; here, where none depends on the one before, the processor waits for all of them at once.
    fn warm(&self, hashes: impl Iterator<Item = u64>) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slots = [0_u64; WARMED];
        let mut count = 0;
        for (hash, slot) in hashes.zip(&mut slots) {
            *slot = self.slots.get(hash as usize & mask).copied().unwrap_or(0);
            count += 1;
        }
        let read = |slot: &u64| {
            let entry = self.entries.get((*slot as u32).wrapping_sub(1) as usize);
            entry.map_or(0, |entry| entry.hash ^ entry.cell.posts ^ entry.cell.authors.first())
        };
        std::hint::black_box(slots[..count].iter().map(read).fold(0, |all, hash| all ^ hash));
        count
    }

    fn add(&mut self, hash: u64, dimension: u8, value: &str, posts: u64, publisher_posts: u64, authors: Add<'_>) {
        if (self.entries.len() + 1) * 3 > self.slots.len() * 2 {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let tag = hash >> 32;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                break;
            }
            if slot >> 32 == tag {
                let entry = &mut self.entries[slot as u32 as usize - 1];
                if entry.hash == hash && entry.dimension == dimension {
                    entry.cell.posts += posts;
                    entry.cell.publisher_posts += publisher_posts;
                    let before = entry.cell.authors.heap_bytes();
                    match authors {
                        Add::Authors(authors) => authors.add_to(&mut entry.cell.authors),
                        Add::Distinct(distinct) => entry.cell.authors.merge(distinct),
                        Add::Owned(distinct) => entry.cell.authors.merge(&distinct),
                    }
                    self.authors_bytes = self.authors_bytes + entry.cell.authors.heap_bytes() - before;
                    return;
                }
            }
            at = (at + 1) & mask;
        }
        let authors = match authors {
            Add::Authors(authors) => authors.to_distinct(),
            Add::Distinct(distinct) => distinct.clone(),
            Add::Owned(distinct) => distinct,
        };
        self.authors_bytes += authors.heap_bytes();
        let value_start =
            u32::try_from(self.values.len()).expect("a table is pruned long before its values take 4 GiB");
        self.values.push_str(value);
        let cell = Cell { posts, publisher_posts, authors };
        self.entries.push(Entry { hash, cell, value_start, value_bytes: value.len() as u16, dimension });
        self.slots[at] = tag << 32 | self.entries.len() as u64;
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(SLOTS_MIN);
        self.index(slots);
    }

    fn index(&mut self, slots: usize) {
        self.slots.clear();
        self.slots.resize(slots, 0);
        let mask = slots - 1;
        for (index, entry) in self.entries.iter().enumerate() {
            let mut at = entry.hash as usize & mask;
            while self.slots[at] != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at] = entry.hash >> 32 << 32 | (index as u64 + 1);
        }
    }

    /// The cell with this hash.
    pub fn get(&self, dimension: u8, hash: u64) -> Option<&Cell> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            let entry = &self.entries[slot as u32 as usize - 1];
            if entry.hash == hash && entry.dimension == dimension {
                return Some(&entry.cell);
            }
            at = (at + 1) & mask;
        }
    }

    /// Dimension, value, hash and cell of every cell, in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &str, u64, &Cell)> {
        self.entries.iter().map(|entry| (entry.dimension, self.value(entry), entry.hash, &entry.cell))
    }

    fn value(&self, entry: &Entry) -> &str {
        let start = entry.value_start as usize;
        &self.values[start..start + usize::from(entry.value_bytes)]
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Memory in use beyond the value itself (what is reserved may be up to twice as much).
    pub fn heap_bytes(&self) -> usize {
        self.slots.len() * size_of::<u64>()
            + self.entries.len() * size_of::<Entry>()
            + self.values.len()
            + self.authors_bytes
    }

    /// Forgets all cells and keeps the memory for the next window.
    pub fn clear(&mut self) {
        self.slots.fill(0);
        self.entries.clear();
        self.values.clear();
        self.authors_bytes = 0;
    }

    /// Takes away the cells with the fewest posts, of the dimensions for which `prunable` says so, until no more than
    /// `cells_max` cells and `bytes_max` bytes are left or nothing prunable is. Among equals those with the smallest hash
    /// go first, so the same content is always pruned the same way.
    pub fn prune(&mut self, cells_max: usize, bytes_max: usize, prunable: impl Fn(u8) -> bool) -> Pruned {
        /// From this many posts on, cells are ranked together.
        const RANKS: usize = 1_024;
        let bytes_of = |entry: &Entry| {
            // Its share of the slots included: at most four a cell, after pruning.
            size_of::<Entry>() + usize::from(entry.value_bytes) + 4 * size_of::<u64>() + entry.cell.authors.heap_bytes()
        };
        let rank_of = |entry: &Entry| entry.cell.posts.min(RANKS as u64 - 1) as usize;
        let (mut cells, mut bytes) = (self.entries.len(), self.entries.iter().map(bytes_of).sum::<usize>());
        if cells <= cells_max && bytes <= bytes_max {
            return Pruned::default();
        }
        let mut ranks = vec![(0_usize, 0_usize); RANKS];
        for entry in self.entries.iter().filter(|entry| prunable(entry.dimension)) {
            let (count, size) = &mut ranks[rank_of(entry)];
            *count += 1;
            *size += bytes_of(entry);
        }
        // All ranks below `partly` go, and of `partly` those below a hash.
        let mut partly = 0;
        while partly < RANKS - 1 && (cells - ranks[partly].0 > cells_max || bytes - ranks[partly].1 > bytes_max) {
            cells -= ranks[partly].0;
            bytes -= ranks[partly].1;
            partly += 1;
        }
        let mut last: Vec<(u64, usize)> = self
            .entries
            .iter()
            .filter(|entry| rank_of(entry) == partly && prunable(entry.dimension))
            .map(|entry| (entry.hash, bytes_of(entry)))
            .collect();
        last.sort_unstable();
        let mut gone = last.iter().take_while(|(_, size)| {
            let over = cells > cells_max || bytes > bytes_max;
            if over {
                cells -= 1;
                bytes -= size;
            }
            over
        });
        let up_to = gone.by_ref().last().map(|(hash, _)| *hash);
        let goes = |entry: &Entry| {
            prunable(entry.dimension)
                && (rank_of(entry) < partly
                    || rank_of(entry) == partly && up_to.is_some_and(|up_to| entry.hash <= up_to))
        };

        let mut pruned = Pruned::default();
        let mut kept = Vec::new();
        let mut values = String::new();
        for mut entry in std::mem::take(&mut self.entries) {
            if goes(&entry) {
                pruned.cells += 1;
                pruned.posts += entry.cell.posts;
                self.authors_bytes -= entry.cell.authors.heap_bytes();
            } else {
                let start = entry.value_start as usize;
                entry.value_start = values.len() as u32;
                values.push_str(&self.values[start..start + usize::from(entry.value_bytes)]);
                kept.push(entry);
            }
        }
        self.entries = kept;
        self.values = values;
        let slots = (self.entries.len() * 2).next_power_of_two().max(SLOTS_MIN);
        self.index(slots);
        pruned
    }
}

enum Add<'a> {
    Authors(Authors<'a>),
    Distinct(&'a crate::Distinct),
    Owned(crate::Distinct),
}

impl fmt::Debug for CellTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CellTable({} cells, redacted)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn hash(dimension: u8, value: u16) -> u64 {
        (u64::from(value) << 8 | u64::from(dimension)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    type Model = BTreeMap<(u8, String), (u64, u64, BTreeSet<u64>)>;

    fn content(table: &CellTable) -> Vec<(u8, String, Cell)> {
        let mut cells: Vec<_> =
            table.iter().map(|(dimension, value, _, cell)| (dimension, value.to_owned(), cell.clone())).collect();
        cells.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        cells
    }

    proptest! {
        #[test]
        fn merging_is_the_same_in_any_split(
            posts in proptest::collection::vec((0_u8..3, 0_u16..40, 0_u64..30, any::<bool>(), 0_usize..4), 0..300)
        ) {
            let mut model = Model::new();
            let mut parts: Vec<BTreeMap<(u8, u16), (u32, u32, BTreeSet<u64>)>> = vec![BTreeMap::new(); 4];
            for (dimension, value, author, publisher, part) in posts {
                let whole = model.entry((dimension, value.to_string())).or_default();
                let piece = parts[part].entry((dimension, value)).or_default();
                whole.0 += 1;
                piece.0 += 1;
                if publisher {
                    whole.1 += 1;
                    piece.1 += 1;
                } else {
                    whole.2.insert(author);
                    piece.2.insert(author);
                }
            }
            let summaries: Vec<Summary> = parts.iter().map(|part| {
                let mut summary = Summary::new();
                for ((dimension, value), (posts, publisher_posts, authors)) in part {
                    let tokens: Vec<u64> = authors.iter().copied().collect();
                    summary.push(hash(*dimension, *value), *dimension, &value.to_string(), *posts, *publisher_posts, &tokens);
                }
                summary
            }).collect();
            let mut straight = CellTable::new();
            summaries.iter().for_each(|summary| straight.merge(summary));
            let mut backward = CellTable::new();
            summaries.iter().rev().for_each(|summary| backward.merge(summary));
            let (mut left, mut right) = (CellTable::new(), CellTable::new());
            left.merge(&summaries[3]);
            left.merge(&summaries[0]);
            right.merge(&summaries[1]);
            right.merge(&summaries[2]);
            left.merge_table(&right);
            let (mut emptied, mut whole) = (right.clone(), CellTable::new());
            summaries[..1].iter().chain(&summaries[3..]).for_each(|summary| whole.merge(summary));
            whole.absorb(&mut emptied);
            prop_assert!(emptied.is_empty());
            prop_assert_eq!(content(&whole), content(&left));
            let expected: Vec<_> = model.into_iter().map(|((dimension, value), (posts, publisher_posts, authors))| {
                let tokens: Vec<u64> = authors.into_iter().collect();
                (dimension, value, Cell { posts, publisher_posts, authors: crate::Distinct::from_sorted_unique(&tokens) })
            }).collect();
            prop_assert_eq!(content(&straight), expected);
            prop_assert_eq!(content(&backward), content(&straight));
            prop_assert_eq!(content(&left), content(&straight));
            for (dimension, _, hash, cell) in straight.iter() {
                prop_assert_eq!(left.get(dimension, hash), Some(cell));
            }
            prop_assert_eq!(straight.get(9, 1), None);
        }

        #[test]
        fn pruning_keeps_the_largest(
            posts in proptest::collection::vec(1_u32..6, 1..200), keep in 0_usize..200, order in any::<bool>()
        ) {
            let mut summary = Summary::new();
            let mut cells: Vec<(u16, u32)> = (0..).zip(posts).collect();
            if order {
                cells.reverse();
            }
            for (value, posts) in &cells {
                let tokens: Vec<u64> = (0..u64::from(*posts)).collect();
                summary.push(hash(1, *value), 1, &value.to_string(), *posts, 0, &tokens);
            }
            summary.push(hash(0, 0), 0, "all", 1, 0, &[1]);
            let mut table = CellTable::new();
            table.merge(&summary);
            let pruned = table.prune(keep + 1, usize::MAX, |dimension| dimension != 0);
            let mut expected = cells.clone();
            expected.sort_by_key(|(value, posts)| (std::cmp::Reverse(*posts), std::cmp::Reverse(hash(1, *value))));
            let gone = expected.split_off(keep.min(expected.len()));
            prop_assert_eq!(pruned.cells, gone.len() as u64);
            prop_assert_eq!(pruned.posts, gone.iter().map(|(_, posts)| u64::from(*posts)).sum::<u64>());
            prop_assert!(table.get(0, hash(0, 0)).is_some(), "what may not be pruned stays");
            for (value, posts) in expected {
                prop_assert_eq!(table.get(1, hash(1, value)).map(|cell| cell.posts), Some(u64::from(posts)));
            }
            prop_assert_eq!(table.len(), keep.min(cells.len()) + 1);
            let authors: usize = table.iter().map(|(.., cell)| cell.authors.heap_bytes()).sum();
            prop_assert_eq!(table.authors_bytes, authors);
        }
    }

    #[test]
    fn pruning_by_bytes_gets_below_them() {
        let mut table = CellTable::new();
        let mut summary = Summary::new();
        for value in 0..3_000 {
            let tokens: Vec<u64> = (0..u64::from(value % 60)).collect();
            summary.push(hash(1, value), 1, &value.to_string(), u32::from(value % 60), 0, &tokens);
        }
        table.merge(&summary);
        let bytes = table.heap_bytes();
        let pruned = table.prune(usize::MAX, bytes / 2, |_| true);
        assert!(table.heap_bytes() <= bytes / 2 && pruned.cells > 0 && table.len() > 500);
        assert_eq!(table.prune(usize::MAX, bytes / 2, |_| true), Pruned::default(), "nothing left to prune");
    }

    #[test]
    fn clearing_forgets_all() {
        let mut summary = Summary::new();
        summary.push(hash(1, 1), 1, "a", 1, 0, &[1, 2, 3]);
        let mut table = CellTable::new();
        table.merge(&summary);
        table.clear();
        assert!(table.is_empty() && table.get(1, hash(1, 1)).is_none());
        table.merge(&summary);
        assert_eq!(table.get(1, hash(1, 1)).map(|cell| cell.authors.count()), Some(3));
    }
}
