//! [`TextBits`]: how many different texts there are, about, in four bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A bit of 32 for each text: whatever is passed on a thousand times has one. By linear counting (Whang, Vander-Zanden, Taylor 1990)
/// they tell some hundred texts apart.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextBits(u32);

impl TextBits {
    /// Bits that there are.
    pub const BITS: u32 = u32::BITS;

    /// Which of the bits stands for a text, by a number that is the same wherever that text is: below [`Self::BITS`].
    #[inline]
    pub const fn place(text: u64) -> u32 {
        // The multiplication spreads what sums of hashes, and tokens of tests, have in their lower bits.
        (text.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - Self::BITS.trailing_zeros())) as u32
    }

    /// Notes the text with this place.
    #[inline]
    pub const fn insert(&mut self, place: u32) {
        self.0 |= 1 << (place % Self::BITS);
    }

    /// Of what nothing is known of: after a restart, or because nobody asked.
    pub const UNKNOWN: Self = Self(0);

    /// Those of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// There are so many texts, or more.
    pub const fn at_least(self) -> u32 {
        self.0.count_ones()
    }
}

impl FromIterator<u64> for TextBits {
    fn from_iter<T: IntoIterator<Item = u64>>(texts: T) -> Self {
        let mut bits = Self::UNKNOWN;
        texts.into_iter().for_each(|text| bits.insert(Self::place(text)));
        bits
    }
}

impl fmt::Debug for TextBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextBits(redacted)")
    }
}
