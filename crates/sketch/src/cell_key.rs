//! [`CellKey`]: which posts a cell holds, as one number that gives none of them away.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The wrapping sum of the *record keys* of a cell's posts: a pseudo-random number for each author, added once for each of
/// that author's posts. The gate picks from it how a released count is changed (cell-key method: Fraser and Wooton 2005), so
/// the same posts always show the same number, and one post more or less shows an unrelated one.
///
/// A sum, because sums merge: over workers, minutes and processes, in any order. The zero key is that of no post.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellKey(u32);

impl CellKey {
    /// The record key of a post by the author with this token. A token is a keyed hash already; a reader who knew how one is
    /// mixed here would still have to know the token.
    #[inline]
    pub const fn of_author(token: u64) -> Self {
        Self((mix(token) >> 32) as u32)
    }

    /// Adds other posts.
    #[inline]
    pub const fn add(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// Takes back what [`Self::bits`] gave.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// As a number, for a checkpoint.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Two uniform numbers of 32 bits that this key stands for in a family of cells, which share nothing with those of
    /// another key or family. A family multiplies every record key by an odd number of its own, and so their sum.
    pub const fn draw(self, family: u64) -> [u32; 2] {
        let factor = mix(family) as u32 | 1;
        let drawn = mix(self.0.wrapping_mul(factor) as u64 ^ mix(!family));
        [drawn as u32, (drawn >> 32) as u32]
    }
}

impl fmt::Debug for CellKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CellKey(redacted)")
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014) behind one step of its sequence.
#[inline]
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_uniform_and_share_nothing_between_neighbours() {
        // Keys that differ by one post, and families of one key: as many high bits agree as by chance.
        const KEYS: u32 = 40_000;
        let mut ones = [0_u32; 3];
        for nth in 0..KEYS {
            let (mut key, mut more) = (CellKey::of_author(u64::from(nth)), CellKey::of_author(u64::from(nth)));
            key.add(CellKey::of_author(7));
            more.add(CellKey::of_author(7));
            more.add(CellKey::of_author(11));
            let high = |draw: u32| draw >> 31;
            ones[0] += high(key.draw(3)[0]);
            ones[1] += high(key.draw(3)[0] ^ more.draw(3)[0]);
            ones[2] += high(key.draw(3)[1] ^ key.draw(4)[1]);
        }
        // Five standard deviations of a fair coin.
        let slack = 5 * (KEYS / 4).isqrt();
        assert!(ones.iter().all(|ones| ones.abs_diff(KEYS / 2) < slack), "{ones:?}");
    }

    #[test]
    fn prints_nothing() {
        assert_eq!(format!("{:?}", CellKey::of_author(1)), "CellKey(redacted)");
    }
}
