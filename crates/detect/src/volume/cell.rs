//! How a cell is identified: a hash of dimension and value that is the same in every process.

use groundswell_gate::Dimension;
use groundswell_sketch::{PARTITIONS, partition_of};

/// Keeps the same value apart in different dimensions.
const SALTS: [u64; Dimension::COUNTED] = [
    0x9ae1_6a3b_2f90_404f,
    0xc3a5_c85c_97cb_3127,
    0xb492_b66f_be98_f273,
    0x9e37_79b9_7f4a_7c15,
    0xd6e8_feb8_6659_fd93,
    0xa076_1d64_78bd_642f,
    0xe703_7ed1_a0b4_28db,
    0x8ebc_6af0_9c88_c6e3,
    0x5899_65cc_7537_4cc3,
    0x1d8e_4e27_c47d_124f,
    0xeb44_acca_b455_d165,
    0x2545_f491_4f6c_dd1d,
    0x94d0_49bb_1331_11eb,
    0xbf58_476d_1ce4_e5b9,
];

/// The hash of a cell, from [`groundswell_text::hash_word`] of its value.
#[inline]
pub(super) const fn cell_hash(dimension: Dimension, value_hash: u64) -> u64 {
    value_hash ^ SALTS[dimension.index() as usize]
}

/// What stands for phrases in place of a dimension, which they are none of.
pub(super) const PHRASE: u8 = Dimension::COUNTED as u8;
/// Leaves the upper bits as they are: a phrase is where a name of the same words is counted, so that it is known whether somebody has
/// spelt it as one.
const PHRASE_SALT: u64 = 0x0000_3c79_ac49_2ba7;

/// The hash of a phrase, from [`groundswell_text::hash_word`] of its words, parted by a space.
#[inline]
pub(super) const fn phrase_hash(value_hash: u64) -> u64 {
    cell_hash(Dimension::Term, value_hash) ^ PHRASE_SALT
}

/// The cell of a name of the same words.
#[inline]
pub(super) fn name_of_phrase(value: &str) -> u64 {
    cell_hash(Dimension::Term, groundswell_text::hash_word(value))
}

/// Which shard merges a cell. Open-ended dimensions are spread by hash; tables that the gate must see whole, and the
/// total, which says that a window was seen at all, are with shard 0. Depends on nothing else: the same in every process.
/// Beyond [`PARTITIONS`] shards, some own nothing.
#[inline]
pub fn shard_of(dimension: Dimension, cell_hash: u64, shards: usize) -> usize {
    if shards <= 1 || !dimension.is_open_ended() {
        return 0;
    }
    // Whole partitions, so that what a full table prunes is the same at any number of shards.
    owner_of(partition_of(cell_hash), shards)
}

/// The shard that has a partition of the open-ended dimensions; [`PARTITIONS`] stands for all others.
pub(super) const fn owner_of(partition: usize, shards: usize) -> usize {
    if shards <= 1 || partition >= PARTITIONS { 0 } else { partition * shards / PARTITIONS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_evenly_and_stays() {
        let mut counts = [0; 3];
        for i in 0..9_000_u64 {
            let hash = groundswell_text::hash_word(&i.to_string());
            counts[shard_of(Dimension::Term, cell_hash(Dimension::Term, hash), 3)] += 1;
            assert_eq!(shard_of(Dimension::Language, hash, 3), 0);
        }
        assert!(counts.iter().all(|count| (2_700..3_300).contains(count)), "{counts:?}");
        // Fixed for ever: workers of different builds must agree.
        let flood = cell_hash(Dimension::Hashtag, groundswell_text::hash_word("flood"));
        assert_eq!((shard_of(Dimension::Hashtag, flood, 2), shard_of(Dimension::Hashtag, flood, 64)), (1, 34));
    }
}
