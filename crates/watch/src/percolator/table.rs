//! Finding a term by its key: a bitmap that says no, then an open-addressed table that says which.

use super::TermId;

/// What a look-up gives, and its key beside it: one cache line holds it all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    key: u64,
    /// 0: no such term.
    pub(super) id: TermId,
    /// Where the term's list begins, or [`NO_LIST`].
    pub(super) list: u32,
}

/// The term is an anchor of nothing.
pub(super) const NO_LIST: u32 = u32::MAX;

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
    /// From each term's key, id and the beginning of its list.
    pub(super) fn new(terms: impl ExactSizeIterator<Item = (u64, TermId, u32)>) -> Self {
        let bits = (terms.len() * FILTER_BITS_PER_TERM).next_power_of_two().clamp(64, FILTER_BITS_MAX);
        let capacity = (terms.len() * 2).next_power_of_two().max(4);
        let mut table = Self {
            filter: vec![0; bits / 64],
            filter_mask: bits as u64 - 1,
            entries: vec![Entry::default(); capacity],
            shift: 64 - capacity.trailing_zeros(),
        };
        for (key, id, list) in terms {
            let bit = key & table.filter_mask;
            table.filter[(bit / 64) as usize] |= 1 << (bit % 64);
            let mut at = (key >> table.shift) as usize;
            while table.entries[at].id != 0 {
                at = (at + 1) % capacity;
            }
            table.entries[at] = Entry { key, id, list };
        }
        table
    }

    /// Whether there may be such a term.
    #[inline]
    pub(super) fn maybe(&self, key: u64) -> bool {
        let bit = key & self.filter_mask;
        self.filter[(bit / 64) as usize] & (1 << (bit % 64)) != 0
    }

    /// The term, or an entry with the id 0.
    #[inline]
    pub(super) fn get(&self, key: u64) -> Entry {
        if self.maybe(key) { self.find(key) } else { Entry::default() }
    }

    /// As [`Self::get`], for a key that the filter has let through.
    #[inline]
    pub(super) fn find(&self, key: u64) -> Entry {
        let mask = self.entries.len() - 1;
        let mut at = (key >> self.shift) as usize;
        loop {
            let entry = self.entries[at];
            if entry.id == 0 || entry.key == key {
                return entry;
            }
            at = (at + 1) & mask;
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.filter.capacity() * 8 + self.entries.capacity() * size_of::<Entry>()
    }
}

/// Which beginnings of a word to look up: by its first four bytes, the lengths that prefixes with this head have. The few
/// prefixes that are shorter have lists by their first two bytes.
#[derive(Debug, Default)]
pub(super) struct PrefixLengths {
    long: Heads<4>,
    short: Heads<2>,
}

impl PrefixLengths {
    pub(super) fn new<'p>(prefixes: impl Iterator<Item = &'p str>) -> Self {
        let (long, short): (Vec<&str>, Vec<&str>) = prefixes.partition(|prefix| prefix.len() >= 4);
        Self { long: Heads::new(&long), short: Heads::new(&short) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.long.lengths.is_empty() && self.short.lengths.is_empty()
    }

    /// Whether [`Self::for_each`] may have something to say of the word that begins at `start`. What follows the word in
    /// `text` is taken for a part of it, so that a short word needs no branch: that lets some through in vain.
    #[inline]
    pub(super) fn maybe(&self, text: &[u8], start: usize) -> bool {
        self.long.maybe(text, start) | self.short.maybe(text, start)
    }

    /// Calls `each` with the beginnings of `word` that may be prefixes.
    #[inline]
    pub(super) fn for_each(&self, word: &str, mut each: impl FnMut(&str)) {
        self.long.for_each(word, &mut each);
        self.short.for_each(word, &mut each);
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.long.memory_bytes() + self.short.memory_bytes()
    }
}

/// Lists of lengths by a hash of the first `N` bytes. Two heads with one hash share a list: a length too many costs a look-up.
#[derive(Debug, Default)]
struct Heads<const N: usize> {
    /// A bit for each of 2^16 hashes: most words of a post end here, within 8 kB.
    filter: Vec<u64>,
    /// Where the list begins, by the upper bits of the hash.
    starts: Vec<u32>,
    shift: u32,
    /// Lists of ascending lengths in bytes, each ended by 0. The first list is empty.
    lengths: Vec<u16>,
}

/// Bits of a head's hash.
const HEAD_BITS: u32 = 16;

impl<const N: usize> Heads<N> {
    fn new(prefixes: &[&str]) -> Self {
        if prefixes.is_empty() {
            return Self::default();
        }
        let table = (prefixes.len() * 2).next_power_of_two().clamp(64, 1 << HEAD_BITS);
        let shift = HEAD_BITS - table.trailing_zeros();
        let mut filter = vec![0; (1 << HEAD_BITS) / 64];
        let mut pairs: Vec<(usize, u16)> = prefixes
            .iter()
            .filter_map(|prefix| {
                let hash = Self::hash(prefix.as_bytes())?;
                filter[hash / 64] |= 1 << (hash % 64);
                // Longer than any word of a post can be: such a prefix is never found.
                Some((hash >> shift, u16::try_from(prefix.len()).unwrap_or(u16::MAX)))
            })
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0; table];
        let mut lengths = vec![0];
        for list in pairs.chunk_by(|a, b| a.0 == b.0) {
            starts[list[0].0] = lengths.len() as u32;
            lengths.extend(list.iter().map(|pair| pair.1));
            lengths.push(0);
        }
        Self { filter, starts, shift, lengths }
    }

    fn hash(word: &[u8]) -> Option<usize> {
        let head: [u8; N] = *word.first_chunk()?;
        let mut four = [0; 4];
        four[..N].copy_from_slice(&head);
        // Fibonacci hashing (Knuth, volume 3, 6.4).
        Some((u32::from_le_bytes(four).wrapping_mul(0x9e37_79b9) >> (32 - HEAD_BITS)) as usize)
    }

    #[inline]
    fn maybe(&self, text: &[u8], start: usize) -> bool {
        let hash = text.get(start..).and_then(Self::hash).unwrap_or(0);
        self.filter.get(hash / 64).is_some_and(|bits| bits & (1 << (hash % 64)) != 0)
    }

    #[inline]
    fn for_each(&self, word: &str, each: &mut impl FnMut(&str)) {
        let Some(hash) = Self::hash(word.as_bytes()) else { return };
        if self.filter.get(hash / 64).is_none_or(|bits| bits & (1 << (hash % 64)) == 0) {
            return;
        }
        let mut at = self.starts[hash >> self.shift] as usize;
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

    fn memory_bytes(&self) -> usize {
        self.filter.capacity() * 8 + self.starts.capacity() * 4 + self.lengths.capacity() * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_of_a_word_is_among_its_beginnings() {
        let prefixes = ["ab", "abc", "abcd", "abcdef", "жа", "жар", "zz", "日本"];
        let lengths = PrefixLengths::new(prefixes.iter().copied());
        for word in ["a", "ab", "abc", "abcdefg", "жара", "ж", "zzz", "日本語", "日", ""] {
            let mut found = Vec::new();
            lengths.for_each(word, |beginning| found.push(beginning.to_owned()));
            assert!(found.is_empty() || lengths.maybe(word.as_bytes(), 0), "{word}");
            for prefix in prefixes {
                assert_eq!(
                    found.iter().any(|f| f == prefix),
                    word.starts_with(prefix),
                    "{prefix} of {word}: {found:?}"
                );
            }
        }
        assert!(PrefixLengths::new(std::iter::empty()).is_empty());
        PrefixLengths::default().for_each("word", |_| panic!("there are no prefixes"));
    }

    #[test]
    fn the_table_finds_what_is_in_it_and_nothing_else() {
        let keys: Vec<u64> = (1..2_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let table =
            TermTable::new((1..).zip(&keys).map(|(id, key)| (*key, id, id * 2)).collect::<Vec<_>>().into_iter());
        for (id, key) in (1..).zip(&keys) {
            let entry = table.get(*key);
            assert_eq!((entry.id, entry.list), (id, id * 2));
            assert_eq!(table.get(key ^ 1).id, 0);
        }
        assert_eq!(TermTable::new([].into_iter()).get(7).id, 0);
    }
}
