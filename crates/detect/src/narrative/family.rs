//! [`Families`]: which cluster identical and nearly identical texts went to.

use super::cluster::Handle;
use super::features::{Feature, FeatureKind};

/// A text's features are dealt to so many groups by their hashes. Who changes one word changes at most two groups, and is
/// found through the others.
const GROUPS: usize = 4;
/// With fewer features only identical texts are recognised: a group of one word would say too little.
const NEAR_FEATURES_MIN: usize = 6;
/// The least number of features in a group that is looked up.
const GROUP_FEATURES_MIN: u32 = 2;
/// Nearly identical: so much of both texts' bits must be the same (numerator, denominator).
const LIKENESS: (u32, u32) = (3, 4);

#[derive(Clone, Copy)]
struct Entry {
    /// Zero: free.
    key: u64,
    /// One bit a feature.
    bits: u64,
    handle: Handle,
}

const FREE: Entry = Entry { key: 0, bits: 0, handle: Handle::NONE };

/// By what a text is found; a key of zero is none.
#[derive(Clone, Copy, Default)]
pub(super) struct Keys {
    keys: [u64; GROUPS + 1],
    bits: u64,
}

/// Keys of texts, and where the texts went. A table without probing: an older key gives way.
pub(super) struct Families {
    entries: Vec<Entry>,
}

impl Families {
    pub(super) fn new(keys_max: usize) -> Self {
        Self { entries: vec![FREE; keys_max.next_power_of_two()] }
    }

    #[inline]
    fn place(&self, key: u64) -> usize {
        (key.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 20) as usize & (self.entries.len() - 1)
    }

    /// The clusters that texts like this one went to, the identical one first.
    pub(super) fn find(&self, of: Keys) -> impl Iterator<Item = Handle> + '_ {
        of.keys.into_iter().enumerate().rev().filter(|(_, key)| *key != 0).filter_map(move |(index, key)| {
            let entry = &self.entries[self.place(key)];
            let same = (entry.bits & of.bits).count_ones() * LIKENESS.1;
            let alike = index == GROUPS || same >= (entry.bits | of.bits).count_ones() * LIKENESS.0;
            (entry.key == key && alike).then_some(entry.handle)
        })
    }

    /// Remembers where the text went.
    pub(super) fn note(&mut self, of: Keys, handle: Handle) {
        for key in of.keys.into_iter().filter(|key| *key != 0) {
            let place = self.place(key);
            self.entries[place] = Entry { key, bits: of.bits, handle };
        }
    }

    /// Reads what [`Self::find`] will read, so that it is near by then.
    pub(super) fn fetch(&self, of: Keys) -> u64 {
        of.keys.iter().fold(0, |sum, key| sum ^ self.entries[self.place(*key)].key)
    }
}

impl Keys {
    /// Those of a text.
    pub(super) fn read(features: &[Feature], text_hash: u64) -> Self {
        let mut of = Self::default();
        let mut sums = [0_u64; GROUPS];
        let mut sizes = [0_u32; GROUPS];
        let (mut all, mut count) = (0_u64, 0);
        for feature in features.iter().filter(|feature| feature.kind != FeatureKind::Domain) {
            // Groups, bits and sums use different bits of the hash.
            let mixed = feature.hash.wrapping_mul(0xa076_1d64_78bd_642f);
            let group = (mixed >> 62) as usize;
            sums[group] = sums[group].wrapping_add(mixed ^ mixed >> 29);
            sizes[group] += 1;
            all = all.wrapping_add(mixed ^ mixed >> 31);
            of.bits |= 1 << (mixed >> 40 & 63);
            count += 1;
        }
        // Without features, the text itself is all there is to tell it by.
        of.keys[GROUPS] = if count == 0 { text_hash | 1 } else { all | 1 };
        if count >= NEAR_FEATURES_MIN {
            for group in 0..GROUPS {
                if sizes[group] >= GROUP_FEATURES_MIN {
                    let spread = (group as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    of.keys[group] = (sums[group] ^ spread) | 1;
                }
            }
        }
        of
    }
}
