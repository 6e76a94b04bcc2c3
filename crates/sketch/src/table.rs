//! [`CellTable`]: the cells of one window, to be merged into and, when it is full, pruned.
//!
//! A table can count two windows at once, a longer one and the part of it that is still open: [`CellTable::fold`] ends the
//! part. So an hour and its day share the places and the names of their cells.
//!
//! Cells that may be pruned belong to one of [`PARTITIONS`] partitions, chosen by the upper bits of their hash. Each is pruned
//! by itself and for what is in it, so it does not matter which tables hold which partitions: what one worker prunes of all of
//! them, many prune together.

use std::fmt;

use crate::saved::{Counts, SavedCell, SavedCells};
use crate::{Authors, Cell, CellKey, CellRef, Summary, TextBits};

/// A map (dimension, value) → [`Cell`], found by the hash that comes with each cell. Open addressing over a flat array of
/// cells, whose order is the order of arrival; values lie one after the other.
#[derive(Clone, Default)]
pub struct CellTable {
    /// Upper half: the hash's upper half; lower half: index of the cell plus one; zero is free. A power of two long.
    slots: Vec<u64>,
    entries: Vec<Entry>,
    /// What the first entries counted before the last fold; entries beyond its end had counted nothing by then.
    folded: Vec<Cell>,
    values: String,
    /// Dimensions whose cells may be pruned, a bit each.
    prunable: u32,
    /// Dimensions that nobody asks for after a fold.
    passing: u32,
    /// What is in each partition; empty as long as nothing prunable came.
    loads: Vec<Load>,
}

/// What a partition holds.
#[derive(Clone, Copy, Default)]
struct Load {
    cells: usize,
    bytes: usize,
}

#[derive(Clone)]
struct Entry {
    hash: u64,
    cell: Cell,
    value_start: u32,
    value_bytes: u16,
    dimension: u8,
    /// Something was added since the last fold.
    open: bool,
}

/// What [`CellTable::prune`] took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Cells.
    pub cells: u64,
    /// Posts in these cells.
    pub posts: u64,
}

/// How many parts the cells that may be pruned are divided into. Fixed for ever: what is pruned depends on it.
pub const PARTITIONS: usize = 64;

/// The partition of a cell: the upper bits of its hash. The lower ones choose its place in a table and must stay uniform
/// within a partition.
#[inline]
pub const fn partition_of(hash: u64) -> usize {
    (hash >> (64 - PARTITIONS.trailing_zeros())) as usize
}

const SLOTS_MIN: usize = 64;
/// Cells whose places are read ahead together.
const WARMED: usize = 32;

impl Entry {
    /// What a cell takes, its share of the slots (at most three a cell) and a place among the folded ones included.
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + size_of::<Cell>()
            + 3 * size_of::<u64>()
            + usize::from(self.value_bytes)
            + self.cell.authors.heap_bytes()
    }
}

impl CellTable {
    /// No cell, no memory; nothing may be pruned.
    pub const fn new() -> Self {
        Self::pruning(0)
    }

    /// No cell, no memory; cells of the dimensions whose bit is set may be pruned.
    pub const fn pruning(dimensions: u32) -> Self {
        Self {
            slots: Vec::new(),
            entries: Vec::new(),
            folded: Vec::new(),
            values: String::new(),
            prunable: dimensions,
            passing: 0,
            loads: Vec::new(),
        }
    }

    /// Of these dimensions a fold keeps nothing: a bit each.
    #[must_use]
    pub const fn passing(mut self, dimensions: u32) -> Self {
        self.passing = dimensions;
        self
    }

    #[inline]
    fn may_be_pruned(&self, dimension: u8) -> bool {
        self.prunable >> dimension & 1 == 1
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
        let CellRef { hash, dimension, value, posts, publisher_posts, key, texts, authors } = *cell;
        self.add(
            hash,
            dimension,
            value,
            Add { posts, publisher_posts, key, texts, authors: AddAuthors::Part(authors) },
        );
    }

    /// Takes all cells of another table, which was never folded and is then empty.
    pub fn absorb(&mut self, other: &mut Self) {
        debug_assert!(other.folded.is_empty());
        if self.is_empty() && (self.prunable, self.passing) == (other.prunable, other.passing) {
            std::mem::swap(self, other);
            return;
        }
        let (mut entries, values) = (std::mem::take(&mut other.entries), std::mem::take(&mut other.values));
        for entries in entries.chunks_mut(WARMED) {
            self.warm(entries.iter().map(|entry| entry.hash));
            for Entry { hash, cell, value_start, value_bytes, dimension, .. } in entries {
                let value = &values[*value_start as usize..][..usize::from(*value_bytes)];
                self.add(*hash, *dimension, value, Add::whole(std::mem::take(cell)));
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

    fn add(&mut self, hash: u64, dimension: u8, value: &str, add: Add<'_>) {
        let Add { posts, publisher_posts, key, texts, authors } = add;
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
                    entry.open = true;
                    entry.cell.posts += posts;
                    entry.cell.publisher_posts += publisher_posts;
                    entry.cell.key.add(key);
                    entry.cell.texts = entry.cell.texts.union(texts);
                    let before = entry.cell.authors.heap_bytes();
                    match authors {
                        AddAuthors::Part(authors) => authors.add_to(&mut entry.cell.authors),
                        AddAuthors::Whole(distinct) => entry.cell.authors.merge(&distinct),
                    }
                    let after = entry.cell.authors.heap_bytes();
                    if after != before && self.may_be_pruned(dimension) {
                        let bytes = &mut self.loads[partition_of(hash)].bytes;
                        *bytes = *bytes + after - before;
                    }
                    return;
                }
            }
            at = (at + 1) & mask;
        }
        let authors = match authors {
            AddAuthors::Part(authors) => authors.to_distinct(),
            AddAuthors::Whole(distinct) => distinct,
        };
        let value_start =
            u32::try_from(self.values.len()).expect("a table is pruned long before its values take 4 GiB");
        self.values.push_str(value);
        let cell = Cell { posts, publisher_posts, key, texts, authors };
        let entry = Entry { hash, cell, value_start, value_bytes: value.len() as u16, dimension, open: true };
        if self.may_be_pruned(dimension) {
            if self.loads.is_empty() {
                self.loads.resize(PARTITIONS, Load::default());
            }
            let load = &mut self.loads[partition_of(hash)];
            load.cells += 1;
            load.bytes += entry.bytes();
        }
        self.entries.push(entry);
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

    /// Dimension, value, hash and cell of everything counted since the last fold, in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &str, u64, &Cell)> {
        let open = self.entries.iter().filter(|entry| entry.open);
        open.map(|entry| (entry.dimension, self.value(entry), entry.hash, &entry.cell))
    }

    /// Dimension, value, hash and cell of everything counted before the last fold, in order of arrival.
    pub fn iter_folded(&self) -> impl Iterator<Item = (u8, &str, u64, &Cell)> {
        let entries = self.entries.iter().zip(&self.folded);
        entries.map(|(entry, cell)| (entry.dimension, self.value(entry), entry.hash, cell))
    }

    /// What it counted, as numbers.
    pub fn save(&self) -> SavedCells {
        self.save_as(|value| value)
    }

    /// [`Self::save`] without the values: what is taken back of it has none.
    pub fn save_unnamed(&self) -> SavedCells {
        self.save_as(|_| "")
    }

    fn save_as(&self, name: impl Fn(&str) -> &str) -> SavedCells {
        let mut saved = SavedCells::with_room_for(self.entries.len());
        for (index, entry) in self.entries.iter().enumerate() {
            let folded = self.folded.get(index).map(|before| {
                let mut folded = Counts::of(before);
                if entry.open {
                    let mut whole = before.authors.clone();
                    whole.merge(&entry.cell.authors);
                    folded.authors = whole.count();
                }
                folded
            });
            let open = entry.open.then(|| Counts::of(&entry.cell));
            let value = name(self.value(entry));
            saved.push(SavedCell { hash: entry.hash, dimension: entry.dimension, value, open, folded });
        }
        saved
    }

    /// Takes back one cell that [`Self::save`] wrote, into a table that does not have it yet.
    pub fn restore(&mut self, saved: &SavedCell<'_>) {
        let SavedCell { hash, dimension, value, open, folded } = *saved;
        debug_assert!(self.get(dimension, hash).is_none());
        let index = self.entries.len();
        let cell = open.map_or_else(Cell::default, Counts::cell);
        self.add(hash, dimension, value, Add::whole(cell));
        self.entries[index].open = open.is_some();
        if let Some(folded) = folded {
            self.folded.resize(index, Cell::default());
            self.folded.push(folded.cell());
        }
    }

    /// Ends the shorter window: adds what was counted since the last fold to what was counted before.
    pub fn fold(&mut self) {
        self.folded.resize(self.entries.len(), Cell::default());
        self.loads.fill(Load::default());
        for (entry, folded) in self.entries.iter_mut().zip(&mut self.folded) {
            let Cell { posts, publisher_posts, key, texts, authors } = std::mem::take(&mut entry.cell);
            if self.passing >> entry.dimension & 1 == 1 {
                entry.open = false;
                continue;
            }
            folded.posts += posts;
            folded.publisher_posts += publisher_posts;
            folded.key.add(key);
            folded.texts = folded.texts.union(texts);
            folded.authors.absorb(authors);
            entry.open = false;
            if self.prunable >> entry.dimension & 1 == 1 {
                let load = &mut self.loads[partition_of(entry.hash)];
                load.cells += 1;
                load.bytes += entry.bytes() + folded.authors.heap_bytes();
            }
        }
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

    /// Forgets all cells and keeps the memory for the next window.
    pub fn clear(&mut self) {
        self.slots.fill(0);
        self.entries.clear();
        self.folded.clear();
        self.values.clear();
        self.loads.clear();
    }

    /// Takes away, of each partition that holds more than `cells_max` cells or `bytes_max` bytes, the prunable cells with the
    /// fewest posts, until it holds at most three quarters of both. Among equals those with the fewest posts since the last
    /// fold go first, then those with the smallest hash: what goes depends on the partition's content alone.
    pub fn prune(&mut self, cells_max: usize, bytes_max: usize) -> Pruned {
        let is_over = |load: &Load| load.cells > cells_max || load.bytes > bytes_max;
        if !self.loads.iter().any(is_over) {
            return Pruned::default();
        }
        // The cells of the partitions that are over, one partition after the other.
        let mut ranked: Vec<Rank> = (0..self.entries.len()).filter_map(|index| self.rank(index)).collect();
        ranked.retain(|rank| is_over(&self.loads[rank.partition]));
        ranked.sort_unstable();
        let mut goes = vec![false; self.entries.len()];
        let mut pruned = Pruned::default();
        for cells in ranked.chunk_by(|a, b| a.partition == b.partition) {
            let load = &mut self.loads[cells[0].partition];
            for rank in cells {
                if load.cells <= cells_max / 4 * 3 && load.bytes <= bytes_max / 4 * 3 {
                    break;
                }
                load.cells -= 1;
                load.bytes -= rank.bytes;
                pruned.cells += 1;
                pruned.posts += rank.posts;
                goes[rank.index as usize] = true;
            }
        }
        drop(ranked);

        // In place: at this moment there is no memory to spare.
        let mut values = std::mem::take(&mut self.values).into_bytes();
        let mut values_end = 0;
        let mut nth = 0..;
        self.folded.retain(|_| nth.next().is_some_and(|index| !goes[index]));
        let mut nth = 0..;
        self.entries.retain_mut(|entry| {
            if nth.next().is_some_and(|index| goes[index]) {
                return false;
            }
            let start = entry.value_start as usize;
            values.copy_within(start..start + usize::from(entry.value_bytes), values_end);
            entry.value_start = values_end as u32;
            values_end += usize::from(entry.value_bytes);
            true
        });
        values.truncate(values_end);
        self.values = String::from_utf8(values).expect("whole values were moved");
        self.index(self.slots.len());
        pruned
    }

    /// Where a cell stands among those of its partition; `None` if it may not be pruned.
    fn rank(&self, index: usize) -> Option<Rank> {
        let entry = self.entries.get(index).filter(|entry| self.may_be_pruned(entry.dimension))?;
        let folded = self.folded.get(index);
        Some(Rank {
            partition: partition_of(entry.hash),
            posts: entry.cell.posts + folded.map_or(0, |cell| cell.posts),
            open_posts: entry.cell.posts,
            hash: entry.hash,
            bytes: entry.bytes() + folded.map_or(0, |cell| cell.authors.heap_bytes()),
            index: index as u32,
        })
    }
}

/// Cells in the order in which they go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    partition: usize,
    posts: u64,
    open_posts: u64,
    hash: u64,
    bytes: usize,
    index: u32,
}

/// What is added to a cell.
struct Add<'a> {
    posts: u64,
    publisher_posts: u64,
    key: CellKey,
    texts: TextBits,
    authors: AddAuthors<'a>,
}

enum AddAuthors<'a> {
    Part(Authors<'a>),
    Whole(crate::Distinct),
}

impl Add<'_> {
    fn whole(Cell { posts, publisher_posts, key, texts, authors }: Cell) -> Self {
        Self { posts, publisher_posts, key, texts, authors: AddAuthors::Whole(authors) }
    }
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
    use crate::Posts;

    fn hash(dimension: u8, value: u16) -> u64 {
        (u64::from(value) << 8 | u64::from(dimension)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    type Model = BTreeMap<(u8, String), (u64, u64, CellKey, BTreeSet<u64>, TextBits)>;

    fn posts(all: u32) -> Posts {
        Posts { all, ..Posts::default() }
    }

    fn content(table: &CellTable) -> Vec<(u8, String, Cell)> {
        sorted(table.iter())
    }

    /// Counts (dimension, value, author): one post for each author of a value.
    fn summary_of(posts: Vec<(u8, u16, u64)>) -> Summary {
        let mut cells: BTreeMap<(u8, u16), BTreeSet<u64>> = BTreeMap::new();
        for (dimension, value, author) in posts {
            cells.entry((dimension, value)).or_default().insert(author);
        }
        let mut summary = Summary::new();
        for ((dimension, value), authors) in &cells {
            let tokens: Vec<u64> = authors.iter().copied().collect();
            summary.push(
                hash(*dimension, *value),
                *dimension,
                &value.to_string(),
                Posts::by(tokens.iter().copied()),
                &tokens,
            );
        }
        summary
    }

    fn sorted<'a>(cells: impl Iterator<Item = (u8, &'a str, u64, &'a Cell)>) -> Vec<(u8, String, Cell)> {
        let mut cells: Vec<_> =
            cells.map(|(dimension, value, _, cell)| (dimension, value.to_owned(), cell.clone())).collect();
        cells.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        cells
    }

    proptest! {
        #[test]
        fn merging_is_the_same_in_any_split(
            posts in proptest::collection::vec((0_u8..3, 0_u16..40, 0_u64..30, any::<bool>(), 0_usize..4), 0..300)
        ) {
            let mut model = Model::new();
            let mut parts: Vec<BTreeMap<(u8, u16), (Posts, BTreeSet<u64>)>> = vec![BTreeMap::new(); 4];
            for (dimension, value, author, publisher, part) in posts {
                let whole = model.entry((dimension, value.to_string())).or_default();
                let piece = parts[part].entry((dimension, value)).or_default();
                whole.0 += 1;
                piece.0.all += 1;
                for texts in [&mut whole.4, &mut piece.0.texts] {
                    texts.insert(TextBits::place(author));
                }
                if publisher {
                    whole.1 += 1;
                    piece.0.of_publishers += 1;
                } else {
                    for key in [&mut whole.2, &mut piece.0.key] {
                        key.add(CellKey::of_author(author));
                    }
                    whole.3.insert(author);
                    piece.1.insert(author);
                }
            }
            let summaries: Vec<Summary> = parts.iter().map(|part| {
                let mut summary = Summary::new();
                for ((dimension, value), (posts, authors)) in part {
                    let tokens: Vec<u64> = authors.iter().copied().collect();
                    summary.push(hash(*dimension, *value), *dimension, &value.to_string(), *posts, &tokens);
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
            left.absorb(&mut right.clone());
            let (mut emptied, mut whole) = (right.clone(), CellTable::new());
            summaries[..1].iter().chain(&summaries[3..]).for_each(|summary| whole.merge(summary));
            whole.absorb(&mut emptied);
            prop_assert!(emptied.is_empty());
            prop_assert_eq!(content(&whole), content(&left));
            let expected: Vec<_> = model.into_iter().map(|((dimension, value), (posts, publisher_posts, key, authors, texts))| {
                let tokens: Vec<u64> = authors.into_iter().collect();
                let authors = crate::Distinct::from_sorted_unique(&tokens);
                (dimension, value, Cell { posts, publisher_posts, key, texts, authors })
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
        fn pruning_keeps_the_largest_of_each_partition_however_they_are_spread(
            posts in proptest::collection::vec(1_u32..6, 1..400), max in 0_usize..8, tables in 1_usize..5, order in any::<bool>()
        ) {
            let mut cells: Vec<(u16, u32)> = (0..).zip(posts).collect();
            if order {
                cells.reverse();
            }
            let mut spread = vec![CellTable::pruning(1 << 1); tables];
            for (value, posts) in &cells {
                let tokens: Vec<u64> = (0..u64::from(*posts)).collect();
                let mut summary = Summary::new();
                summary.push(hash(1, *value), 1, &value.to_string(), self::posts(*posts), &tokens);
                spread[partition_of(hash(1, *value)) % tables].merge(&summary);
            }
            let mut summary = Summary::new();
            summary.push(hash(0, 0), 0, "all", self::posts(1), &[1]);
            spread[0].merge(&summary);

            let mut pruned = Pruned::default();
            for table in &mut spread {
                let gone = table.prune(max, usize::MAX);
                pruned.cells += gone.cells;
                pruned.posts += gone.posts;
            }
            let (mut expected, mut gone) = (Vec::new(), Vec::new());
            for partition in 0..PARTITIONS {
                let mut own: Vec<_> = cells.iter().copied().filter(|(value, _)| partition_of(hash(1, *value)) == partition).collect();
                own.sort_by_key(|(value, posts)| (std::cmp::Reverse(*posts), std::cmp::Reverse(hash(1, *value))));
                if own.len() > max {
                    gone.extend(own.split_off(max / 4 * 3));
                }
                expected.extend(own);
            }
            prop_assert_eq!(pruned.cells, gone.len() as u64);
            prop_assert_eq!(pruned.posts, gone.iter().map(|(_, posts)| u64::from(*posts)).sum::<u64>());
            prop_assert!(spread[0].get(0, hash(0, 0)).is_some(), "what may not be pruned stays");
            prop_assert_eq!(spread.iter().map(CellTable::len).sum::<usize>(), expected.len() + 1);
            for (value, posts) in expected {
                let table = &spread[partition_of(hash(1, value)) % tables];
                prop_assert_eq!(table.get(1, hash(1, value)).map(|cell| cell.posts), Some(u64::from(posts)));
                prop_assert!(table.iter().any(|(_, text, ..)| text == value.to_string()), "values moved with their cells");
            }
            for table in &spread {
                let loads: (usize, usize) = table.loads.iter().fold((0, 0), |sum, load| (sum.0 + load.cells, sum.1 + load.bytes));
                let own: Vec<_> = (0..table.entries.len()).filter_map(|index| table.rank(index)).map(|rank| rank.bytes).collect();
                prop_assert_eq!(loads, (own.len(), own.iter().sum()));
            }
        }
    }

    proptest! {
        #[test]
        fn folding_is_merging_apart(
            parts in proptest::collection::vec(proptest::collection::vec((0_u8..2, 0_u16..30, 0_u64..20), 0..60), 1..6)
        ) {
            let (mut table, mut longer) = (CellTable::pruning(1 << 1), CellTable::new());
            for part in parts {
                let summary = summary_of(part);
                let mut shorter = CellTable::new();
                shorter.merge(&summary);
                table.merge(&summary);
                prop_assert_eq!(content(&table), content(&shorter), "the open part");
                longer.merge(&summary);
                table.fold();
                prop_assert_eq!(table.iter().count(), 0);
                let folded: Vec<_> = sorted(table.iter_folded());
                prop_assert_eq!(folded, content(&longer), "the whole");
                let loads: (usize, usize) = table.loads.iter().fold((0, 0), |sum, load| (sum.0 + load.cells, sum.1 + load.bytes));
                let own: Vec<_> = (0..table.entries.len()).filter_map(|index| table.rank(index)).map(|rank| rank.bytes).collect();
                prop_assert_eq!(loads, (own.len(), own.iter().sum()));
            }
        }

        #[test]
        fn of_what_passes_nothing_is_left_after_a_fold(
            cells in proptest::collection::vec((0_u8..2, 0_u16..30, 0_u64..20), 0..60)
        ) {
            let mut table = CellTable::new().passing(1 << 1);
            table.merge(&summary_of(cells));
            let open = content(&table);
            table.fold();
            let folded: Vec<_> = sorted(table.iter_folded());
            for (cell, before) in folded.iter().zip(&open) {
                let is_left = cell == before;
                prop_assert!(if cell.0 == 1 { cell.2 == Cell::default() } else { is_left }, "{:?}", cell);
            }
        }

        #[test]
        fn pruning_takes_what_is_quiet_first(counts in proptest::collection::vec((1_u32..4, 0_u32..3), 30..200)) {
            let mut table = CellTable::pruning(1 << 1);
            for fold in [true, false] {
                let mut summary = Summary::new();
                for (value, (before, since)) in (0_u16..).zip(&counts) {
                    let posts = if fold { *before } else { *since };
                    if posts > 0 {
                        summary.push(hash(1, value), 1, &value.to_string(), self::posts(posts), &[u64::from(value)]);
                    }
                }
                table.merge(&summary);
                if fold {
                    table.fold();
                }
            }
            let rank_of = |value: u16| {
                let (before, since) = counts[usize::from(value)];
                (before + since, since, hash(1, value))
            };
            table.prune(1, usize::MAX);
            let left: BTreeSet<u16> = table.iter_folded().map(|(_, value, ..)| value.parse().unwrap()).collect();
            for gone in (0..counts.len() as u16).filter(|value| !left.contains(value)) {
                let partition = partition_of(hash(1, gone));
                for stays in left.iter().filter(|value| partition_of(hash(1, **value)) == partition) {
                    prop_assert!(rank_of(gone) < rank_of(*stays));
                }
            }
        }
    }

    #[test]
    fn pruning_by_bytes_gets_below_them() {
        let mut table = CellTable::pruning(1 << 1);
        let mut summary = Summary::new();
        for value in 0..3_000 {
            let tokens: Vec<u64> = (0..u64::from(value % 60)).collect();
            summary.push(hash(1, value), 1, &value.to_string(), posts(u32::from(value % 60)), &tokens);
        }
        table.merge(&summary);
        let bytes: usize = table.loads.iter().map(|load| load.bytes).sum();
        let max = bytes / PARTITIONS / 2;
        let pruned = table.prune(usize::MAX, max);
        assert!(table.loads.iter().all(|load| load.bytes <= max) && pruned.cells > 0 && table.len() > 500);
        assert_eq!(table.prune(usize::MAX, max), Pruned::default(), "nothing left to prune");
    }

    proptest! {
        #[test]
        fn what_is_saved_comes_back_as_numbers(
            parts in proptest::collection::vec(proptest::collection::vec((0_u8..2, 0_u16..30, 0_u64..20), 0..60), 1..4),
            more in proptest::collection::vec((0_u8..2, 0_u16..30, 0_u64..20), 0..60),
        ) {
            let mut table = CellTable::pruning(1 << 1);
            for part in parts {
                table.fold();
                table.merge(&summary_of(part));
            }
            let bytes = bincode::serialize(&table.save()).unwrap();
            let saved: SavedCells = bincode::deserialize(&bytes).unwrap();
            let mut restored = CellTable::pruning(1 << 1);
            saved.iter().for_each(|cell| restored.restore(&cell));
            let numbers = |cells: Vec<(u8, String, Cell)>| -> Vec<(u8, String, u64, u64, CellKey)> {
                cells.into_iter().map(|(d, value, cell)| (d, value, cell.posts, cell.authors.count(), cell.key)).collect()
            };
            prop_assert_eq!(numbers(content(&restored)), numbers(content(&table)), "the open part");
            // What comes later is added to posts, and can only raise authors, never above the truth.
            let more = summary_of(more);
            for table in [&mut table, &mut restored] {
                table.merge(&more);
                table.fold();
            }
            let (undisturbed, disturbed) = (sorted(table.iter_folded()), sorted(restored.iter_folded()));
            prop_assert_eq!(undisturbed.len(), disturbed.len());
            for (whole, cut) in undisturbed.iter().zip(&disturbed) {
                prop_assert_eq!((whole.0, &whole.1, whole.2.posts, whole.2.key), (cut.0, &cut.1, cut.2.posts, cut.2.key));
                prop_assert!(cut.2.authors.count() <= whole.2.authors.count());
            }
        }
    }

    #[test]
    fn clearing_forgets_all() {
        let mut summary = Summary::new();
        summary.push(hash(1, 1), 1, "a", posts(1), &[1, 2, 3]);
        let mut table = CellTable::new();
        table.merge(&summary);
        table.clear();
        assert!(table.is_empty() && table.get(1, hash(1, 1)).is_none());
        table.merge(&summary);
        assert_eq!(table.get(1, hash(1, 1)).map(|cell| cell.authors.count()), Some(3));
    }
}
