//! Finding a term by its key: a bitmap that says no, then an open-addressed table that says which.

use super::TermId;

/// Key and id side by side, so that a look-up touches one cache line.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    key: u64,
    id: TermId,
}

/// Terms by key. Ids start at 1; 0 means none.
#[derive(Debug, Default)]
pub(super) struct TermTable {
    /// A bit for each key, at the place its low bits name. Most words of a post are in no query and end here.
    filter: Vec<u64>,
    filter_mask: u64,
    /// Linear probing at a load of at most a half, from the place its high bits name.
    entries: Vec<Entry>,
    shift: u32,
}

/// Bits of the filter for each term, before rounding up to a power of two.
const FILTER_BITS_PER_TERM: usize = 8;
/// Largest filter: 2^23 bits are 1 MiB, what a core's second cache holds beside the rest.
const FILTER_BITS_MAX: usize = 1 << 23;

impl TermTable {
    pub(super) fn new(terms: impl ExactSizeIterator<Item = (u64, TermId)>) -> Self {
        let bits = (terms.len() * FILTER_BITS_PER_TERM).next_power_of_two().clamp(64, FILTER_BITS_MAX);
        let capacity = (terms.len() * 2).next_power_of_two().max(4);
        let mut table = Self {
            filter: vec![0; bits / 64],
            filter_mask: bits as u64 - 1,
            entries: vec![Entry::default(); capacity],
            shift: 64 - capacity.trailing_zeros(),
        };
        for (key, id) in terms {
            let bit = key & table.filter_mask;
            table.filter[(bit / 64) as usize] |= 1 << (bit % 64);
            let mut at = (key >> table.shift) as usize;
            while table.entries[at].id != 0 {
                at = (at + 1) % capacity;
            }
            table.entries[at] = Entry { key, id };
        }
        table
    }

    /// The term's id, or 0.
    #[inline]
    pub(super) fn get(&self, key: u64) -> TermId {
        let bit = key & self.filter_mask;
        if self.filter[(bit / 64) as usize] & (1 << (bit % 64)) == 0 {
            return 0;
        }
        self.find(key)
    }

    fn find(&self, key: u64) -> TermId {
        let mask = self.entries.len() - 1;
        let mut at = (key >> self.shift) as usize;
        loop {
            let entry = self.entries[at];
            if entry.id == 0 || entry.key == key {
                return entry.id;
            }
            at = (at + 1) & mask;
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.filter.capacity() * 8 + self.entries.capacity() * size_of::<Entry>()
    }
}

/// Which beginnings of a word to look up: for each pair of first bytes, the lengths that occur among the prefixes.
#[derive(Debug, Default)]
pub(super) struct PrefixLengths {
    /// By the first two bytes: where in `lengths` the list begins; 0 for none. Empty when there are no prefixes.
    starts: Vec<u32>,
    /// Lists of ascending lengths in bytes, each ended by 0.
    lengths: Vec<u16>,
}

impl PrefixLengths {
    pub(super) fn new<'p>(prefixes: impl Iterator<Item = &'p str>) -> Self {
        let mut pairs: Vec<(u16, u16)> = prefixes
            .map(|prefix| {
                let bytes = prefix.as_bytes();
                // Longer than any word of a post can be: such a prefix is never found.
                (u16::from_be_bytes([bytes[0], bytes[1]]), u16::try_from(bytes.len()).unwrap_or(u16::MAX))
            })
            .collect();
        if pairs.is_empty() {
            return Self::default();
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0; 1 << 16];
        let mut lengths = vec![0];
        for (i, (stem, length)) in pairs.iter().enumerate() {
            if i == 0 || pairs[i - 1].0 != *stem {
                starts[usize::from(*stem)] = lengths.len() as u32;
            }
            lengths.push(*length);
            if pairs.get(i + 1).is_none_or(|next| next.0 != *stem) {
                lengths.push(0);
            }
        }
        Self { starts, lengths }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Calls `each` with the beginnings of `word` that have the length of a prefix with the same first two bytes.
    #[inline]
    pub(super) fn for_each(&self, word: &str, mut each: impl FnMut(&str)) {
        let [first, second, ..] = word.as_bytes() else { return };
        let mut at = self.starts[usize::from(u16::from_be_bytes([*first, *second]))] as usize;
        if at == 0 {
            return;
        }
        loop {
            let length = usize::from(self.lengths[at]);
            if length == 0 || length > word.len() {
                return;
            }
            // A length within a character belongs to a prefix of other letters.
            if let Some(beginning) = word.get(..length) {
                each(beginning);
            }
            at += 1;
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.starts.capacity() * 4 + self.lengths.capacity() * 2
    }
}
