//! [`Summary`]: what one worker counted of one window, for one shard. Flat, so that building and sending it costs little.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::distinct::is_sorted_unique;
use crate::hyperloglog::HyperLogLog;
use crate::{Cell, CellKey, Distinct, EXACT_MAX, TextBits};

/// The longest value of a cell, in bytes. Longer ones cannot be told apart by a reader; whoever fills a summary leaves them
/// out and counts them.
pub const VALUE_BYTES_MAX: usize = 256;

/// Stands in [`Entry::authors`] for "the next of the estimates".
const ESTIMATED: u32 = u32::MAX;

/// Cells of one window, in no particular order, each with its own authors. Most have one post by one author, so nothing
/// here is allocated a cell: values and tokens lie one after the other.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Summary {
    entries: Vec<Entry>,
    values: String,
    tokens: Vec<u64>,
    estimates: Vec<HyperLogLog>,
    carried: Vec<Carried>,
    seen: u64,
    stretch: u64,
    beside: Option<Box<Self>>,
}

/// That a publisher's item carried a name, or that anybody spelt it as one: hashes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Carried {
    /// Of the name, however it is spelt.
    pub name: u64,
    /// Of the publisher's own name, or [`Carried::SPELT`].
    pub publisher: u64,
}

impl Carried {
    /// Instead of a publisher: somebody, no matter who, wrote a hashtag with capitals that part it into a name (`#JaneDoe`).
    pub const SPELT: u64 = 0;
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carried(redacted)")
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    hash: u64,
    posts: Posts,
    /// Number of tokens, or `ESTIMATED`.
    authors: u32,
    value_bytes: u16,
    dimension: u8,
}

/// The posts of a cell, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posts {
    /// All of them.
    pub all: u32,
    /// Those that are publishers' items.
    pub of_publishers: u32,
    /// Which ones they are.
    pub key: CellKey,
    /// How many different texts.
    pub texts: TextBits,
}

impl Posts {
    /// One post by each of these authors, of a text of their own.
    pub fn by(tokens: impl IntoIterator<Item = u64>) -> Self {
        let mut posts = Self::default();
        for token in tokens {
            posts.all += 1;
            posts.key.add(CellKey::of_author(token));
            posts.texts.insert(TextBits::place(token));
        }
        posts
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    entries: Vec<Entry>,
    values: String,
    tokens: Vec<u64>,
    estimates: Vec<HyperLogLog>,
    carried: Vec<Carried>,
    seen: u64,
    stretch: u64,
    beside: Option<WireCells>,
}

/// What is beside the cells: cells, and nothing beside those.
#[derive(Serialize, Deserialize)]
struct WireCells {
    entries: Vec<Entry>,
    values: String,
    tokens: Vec<u64>,
    estimates: Vec<HyperLogLog>,
}

impl From<Summary> for Wire {
    fn from(Summary { entries, values, tokens, estimates, carried, seen, stretch, beside }: Summary) -> Self {
        let beside = beside.map(|beside| {
            let Summary { entries, values, tokens, estimates, .. } = *beside;
            WireCells { entries, values, tokens, estimates }
        });
        Self { entries, values, tokens, estimates, carried, seen, stretch, beside }
    }
}

/// Whether cells have the values, tokens and estimates that they say.
fn check(entries: &[Entry], values: &str, tokens: &[u64], estimates: usize) -> Result<(), &'static str> {
    let (mut value, mut token, mut estimate) = (0, 0, 0);
    for entry in entries {
        value += usize::from(entry.value_bytes);
        if entry.authors == ESTIMATED {
            estimate += 1;
        } else {
            let end = token + entry.authors as usize;
            if !tokens.get(token..end).is_some_and(is_sorted_unique) {
                return Err("a summary's tokens are not sorted or are cut off");
            }
            token = end;
        }
        if !values.is_char_boundary(value) {
            return Err("a summary's values are cut off");
        }
    }
    if value != values.len() || token != tokens.len() || estimate != estimates {
        return Err("a summary's parts have different lengths");
    }
    Ok(())
}

impl TryFrom<Wire> for Summary {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let Wire { entries, values, tokens, estimates, carried, seen, stretch, beside } = wire;
        check(&entries, &values, &tokens, estimates.len())?;
        let beside = match beside {
            Some(WireCells { entries, values, tokens, estimates }) => {
                check(&entries, &values, &tokens, estimates.len())?;
                if !entries.is_sorted_by(|one, other| one.hash < other.hash) {
                    return Err("what is beside a summary's cells is not sorted");
                }
                Some(Box::new(Self { entries, values, tokens, estimates, ..Self::new() }))
            }
            None => None,
        };
        Ok(Self { entries, values, tokens, estimates, carried, seen, stretch, beside })
    }
}

/// The authors of a cell of a summary.
#[derive(Clone, Copy)]
pub struct Authors<'a>(Set<'a>);

#[derive(Clone, Copy)]
enum Set<'a> {
    Exact(&'a [u64]),
    Estimated(&'a HyperLogLog),
}

impl<'a> Authors<'a> {
    /// Whether there are at least this many. `least` is at most [`EXACT_MAX`].
    #[inline]
    pub fn has_at_least(self, least: u64) -> bool {
        debug_assert!(least <= EXACT_MAX as u64);
        match self.0 {
            Set::Exact(tokens) => tokens.len() as u64 >= least,
            Set::Estimated(_) => true,
        }
    }

    /// Their tokens, ascending, where they are exact.
    pub fn exact(self) -> Option<&'a [u64]> {
        match self.0 {
            Set::Exact(tokens) => Some(tokens),
            Set::Estimated(_) => None,
        }
    }

    /// How many: exact up to [`EXACT_MAX`], else an estimate, which is always above it.
    pub fn count(self) -> u64 {
        match self.0 {
            Set::Exact(tokens) => tokens.len() as u64,
            Set::Estimated(_) => self.to_distinct().count(),
        }
    }

    /// As a count that can grow.
    #[inline]
    pub fn to_distinct(self) -> Distinct {
        match self.0 {
            Set::Exact(tokens) => Distinct::from_sorted_unique(tokens),
            Set::Estimated(sketch) => Distinct::estimated(sketch.clone()),
        }
    }

    /// Adds these authors to a count.
    #[inline]
    pub fn add_to(self, distinct: &mut Distinct) {
        match self.0 {
            Set::Exact(tokens) => distinct.merge_sorted_unique(tokens),
            Set::Estimated(_) => distinct.merge(&self.to_distinct()),
        }
    }
}

impl fmt::Debug for Authors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authors(redacted)")
    }
}

/// One cell of a summary.
#[derive(Clone, Copy)]
pub struct CellRef<'a> {
    /// A hash of (dimension, value), the same in every process. Cells with the same hash and dimension are the same cell.
    pub hash: u64,
    /// Which dimension, as its owner numbers them.
    pub dimension: u8,
    /// The value of the dimension.
    pub value: &'a str,
    /// All posts.
    pub posts: u64,
    /// Those of them that are publishers' items.
    pub publisher_posts: u64,
    /// Which posts these are.
    pub key: CellKey,
    /// How many different texts.
    pub texts: TextBits,
    /// Distinct authors among persons.
    pub authors: Authors<'a>,
}

impl fmt::Debug for CellRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CellRef(dimension {}, redacted)", self.dimension)
    }
}

impl CellRef<'_> {
    /// What several summaries counted of one cell.
    pub fn sum(parts: &[Self]) -> Cell {
        let mut sum = Cell::default();
        for part in parts {
            sum.posts += part.posts;
            sum.publisher_posts += part.publisher_posts;
            sum.key.add(part.key);
            sum.texts = sum.texts.union(part.texts);
            part.authors.add_to(&mut sum.authors);
        }
        sum
    }
}

impl Summary {
    /// No cell.
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
            values: String::new(),
            tokens: Vec::new(),
            estimates: Vec::new(),
            carried: Vec::new(),
            seen: 0,
            stretch: 0,
            beside: None,
        }
    }

    /// Adds a cell that is not there yet. `tokens` are its persons, ascending without repetition.
    ///
    /// # Panics
    /// When the value is longer than [`VALUE_BYTES_MAX`].
    #[inline]
    pub fn push(&mut self, hash: u64, dimension: u8, value: &str, posts: Posts, tokens: &[u64]) {
        assert!(value.len() <= VALUE_BYTES_MAX, "a cell's value is longer than the bound");
        debug_assert!(is_sorted_unique(tokens));
        let authors = if tokens.len() <= EXACT_MAX {
            self.tokens.extend_from_slice(tokens);
            tokens.len() as u32
        } else {
            let mut sketch = HyperLogLog::new();
            tokens.iter().for_each(|token| sketch.insert(*token));
            self.estimates.push(sketch);
            ESTIMATED
        };
        self.values.push_str(value);
        let value_bytes = value.len() as u16;
        self.entries.push(Entry { hash, posts, authors, value_bytes, dimension });
    }

    /// Hands out all of it in no more memory than it takes; it is empty then, and has the memory that it had.
    #[must_use]
    pub fn hand_out(&mut self) -> Self {
        let whole = Self {
            entries: self.entries.clone(),
            values: self.values.clone(),
            tokens: self.tokens.clone(),
            estimates: std::mem::take(&mut self.estimates),
            carried: std::mem::take(&mut self.carried),
            seen: std::mem::take(&mut self.seen),
            stretch: std::mem::take(&mut self.stretch),
            beside: self.beside.take(),
        };
        self.entries.clear();
        self.values.clear();
        self.tokens.clear();
        whole
    }

    /// Notes that publishers' items carried these names, or that somebody spelt them as such.
    pub fn carry(&mut self, carried: &[Carried]) {
        self.carried.extend_from_slice(carried);
    }

    /// Which publishers' items carried which names, and what was spelt as one.
    pub fn carried(&self) -> &[Carried] {
        &self.carried
    }

    /// Notes how many posts the worker has of the window, whatever shard their cells are in.
    pub const fn see(&mut self, posts: u64) {
        self.seen += posts;
    }

    /// Posts of the window that the worker has, in all shards.
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// The cells, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = CellRef<'_>> {
        let (mut value, mut token, mut estimate) = (0, 0, 0);
        self.entries.iter().map(move |entry| {
            let value_end = value + usize::from(entry.value_bytes);
            let text = &self.values[value..value_end];
            value = value_end;
            let set = if entry.authors == ESTIMATED {
                estimate += 1;
                Set::Estimated(&self.estimates[estimate - 1])
            } else {
                let token_end = token + entry.authors as usize;
                let tokens = &self.tokens[token..token_end];
                token = token_end;
                Set::Exact(tokens)
            };
            CellRef {
                hash: entry.hash,
                dimension: entry.dimension,
                value: text,
                posts: u64::from(entry.posts.all),
                publisher_posts: u64::from(entry.posts.of_publishers),
                key: entry.posts.key,
                texts: entry.posts.texts,
                authors: Authors(set),
            }
        })
    }

    /// The hashes of the cells, in the same order.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().map(|entry| entry.hash)
    }

    /// What is counted beside the cells, of the same posts, and is none of them; by hash, ascending.
    pub fn beside(&self) -> Option<&Self> {
        self.beside.as_deref()
    }

    /// [`Self::beside`], to add to, by hash.
    pub fn beside_mut(&mut self) -> &mut Self {
        self.beside.get_or_insert_default()
    }

    /// The cells of summaries that have them by hash, ascending: the parts of each at once.
    pub fn each_by_hash<'a>(summaries: impl Iterator<Item = &'a Self>, each: &mut dyn FnMut(&[CellRef<'a>])) {
        let mut left: Vec<_> = summaries.map(|summary| summary.iter().peekable()).collect();
        let firsts = left.iter_mut().enumerate().filter_map(|(at, cells)| Some(Reverse((cells.peek()?.hash, at))));
        let mut next: BinaryHeap<_> = firsts.collect();
        let mut parts = Vec::with_capacity(left.len());
        while let Some(Reverse((hash, _))) = next.peek().copied() {
            parts.clear();
            while let Some(mut first) = next.peek_mut().filter(|first| first.0.0 == hash) {
                let cells = &mut left[first.0.1];
                parts.extend(cells.next());
                match cells.peek() {
                    Some(cell) => first.0.0 = cell.hash,
                    None => drop(PeekMut::pop(first)),
                }
            }
            each(&parts);
        }
    }

    /// Makes room for so many more cells, bytes of their values and authors, and for no more than that.
    pub fn reserve(&mut self, cells: usize, value_bytes: usize, authors: usize) {
        self.entries.reserve_exact(cells);
        self.values.reserve_exact(value_bytes);
        self.tokens.reserve_exact(authors);
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Says which stretch of posts it counts, by a number that no other one has; 0 where nobody needs to know.
    pub const fn set_stretch(&mut self, stretch: u64) {
        self.stretch = stretch;
    }

    /// What [`Self::set_stretch`] said.
    pub const fn stretch(&self) -> u64 {
        self.stretch
    }

    /// Whether there is no cell, nothing beside them, nothing carried and nothing seen.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.carried.is_empty() && self.seen == 0 && self.beside.is_none()
    }
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Summary({} cells, redacted)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{CellTable, SavedCells};

    fn sample() -> Summary {
        let mut summary = Summary::new();
        summary.push(1, 0, "all", Posts { all: 3, of_publishers: 1, ..Posts::by([5, 6]) }, &[5, 6]);
        summary.push(2, 7, "überfall", Posts { all: 1, of_publishers: 1, ..Posts::default() }, &[]);
        let mut many: Vec<u64> = (1..3_000_u64).map(|i| (i * i).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        many.sort_unstable();
        summary.push(3, 7, "many", Posts { all: 5_000, ..Posts::default() }, &many);
        summary.push(4, 9, "word", Posts::by([9, 9]), &[9]);
        summary.beside_mut().push(5, 9, "two words", Posts::by([9]), &[9]);
        summary
    }

    #[test]
    fn gives_back_what_was_put_in() {
        let summary = sample();
        let cells: Vec<_> = summary
            .iter()
            .map(|c| (c.hash, c.dimension, c.value, c.posts, c.publisher_posts, c.authors.to_distinct()))
            .collect();
        assert_eq!(cells[0], (1, 0, "all", 3, 1, Distinct::from_sorted_unique(&[5, 6])));
        assert_eq!(cells[1], (2, 7, "überfall", 1, 1, Distinct::new()));
        assert!(cells[2].2 == "many" && !cells[2].5.is_exact() && (2_500..3_500).contains(&cells[2].5.count()));
        assert_eq!(cells[3], (4, 9, "word", 2, 0, Distinct::from_sorted_unique(&[9])));
        assert_eq!(
            sample().iter().map(|c| c.key).collect::<Vec<_>>(),
            [[5, 6].as_slice(), &[], &[], &[9, 9]].map(|by| Posts::by(by.iter().copied()).key)
        );
    }

    #[test]
    fn what_is_handed_out_is_all_of_it() {
        let mut summary = sample();
        assert!(summary.hand_out() == sample() && summary == Summary::new());
    }

    proptest! {
        /// Beside a table of the same summaries.
        #[test]
        fn cells_by_hash_add_up_as_in_a_table(
            given in prop::collection::vec(
                prop::collection::btree_map(0_u64..60, prop::collection::vec(0_u64..9, 0..5), 0..50), 1..6
            )
        ) {
            let (mut parts, mut table) = (Vec::new(), CellTable::new());
            for cells in given {
                let mut part = Summary::new();
                for (hash, mut tokens) in cells {
                    tokens.sort_unstable();
                    let posts = Posts { of_publishers: 1, ..Posts::by(tokens.iter().copied()) };
                    tokens.dedup();
                    part.push(hash, 9, &format!("value {hash}"), posts, &tokens);
                }
                table.merge(&part);
                parts.push(part);
            }
            let (mut seen, mut last) = (0, None);
            Summary::each_by_hash(parts.iter(), &mut |parts| {
                let CellRef { hash, value, .. } = parts[0];
                assert!(last < Some(hash) && value == format!("value {hash}"));
                assert_eq!(Some(&CellRef::sum(parts)), table.get(9, hash));
                (seen, last) = (seen + 1, Some(hash));
            });
            prop_assert_eq!(seen, table.len());
            let by_hash = |saved: SavedCells| {
                let mut cells: Vec<_> = saved.iter().map(|cell| (cell.hash, cell.value.to_owned(), cell.open)).collect();
                cells.sort_by_key(|cell| cell.0);
                cells
            };
            prop_assert_eq!(by_hash(SavedCells::sums_unnamed(parts.iter())), by_hash(table.save_unnamed()));
        }
    }

    #[test]
    fn crosses_processes() {
        let bytes = bincode::serialize(&sample()).unwrap();
        assert_eq!(bincode::deserialize::<Summary>(&bytes).unwrap(), sample());
    }

    #[test]
    fn refuses_parts_that_do_not_fit() {
        let broken: [fn(&mut Wire); 4] = [
            |wire| wire.values.truncate(5),
            |wire| wire.tokens.swap(0, 1),
            |wire| wire.estimates.clear(),
            |wire| {
                // Cuts the two bytes of the umlaut apart.
                wire.entries[0].value_bytes += 1;
                wire.entries[1].value_bytes -= 1;
            },
        ];
        for (nth, spoil) in broken.iter().enumerate() {
            let mut wire = Wire::from(sample());
            spoil(&mut wire);
            assert!(Summary::try_from(wire).is_err(), "{nth}");
        }
    }

    #[test]
    fn prints_no_value() {
        assert!(!format!("{:?} {:?}", sample(), sample().iter().next()).contains("all"));
    }
}
