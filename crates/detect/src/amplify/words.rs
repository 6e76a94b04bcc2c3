//! [`Reading`]: a text as families see it: its words in their order, its exact hash, and the keys under which its like is found.

use groundswell_text::Analysis;
use serde::{Deserialize, Serialize};

use super::config::{NEAR_WORDS_MIN, WORDS_MAX, WORDS_MIN};

/// Keys of a text: bins of one permutation (Li, Owen and Zhang 2012).
pub(super) const BINS: usize = 12;
/// Length of a word, in bytes, that is told apart.
const LENGTH_BITS: u32 = 4;
/// Words that are no longer than this are left out of keys: `of`, `the`, `и`. Everybody has their pairs, and to look at what everybody
/// has is what costs.
const SHORT_BYTES: u32 = 3;
/// Unless there are fewer others than this.
const LONG_WORDS_MIN: usize = 5;
/// Words that stand so far from each other are a pair: a word that was put in between does not part them.
const REACH: usize = 2;
/// How much of the larger of two word maps must be in both (numerator, denominator) for texts to be compared at all.
const BITS_SHARED: (u32, u32) = (2, 5);

/// A word: 28 bits of the hash of its normal form, and its length in bytes (1 to 15), which is its weight. Changing a tenth of a
/// text's characters changes about a tenth of its weight.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Token(u32);

impl Token {
    pub(super) fn new(hash: u64, bytes: usize) -> Self {
        let length = bytes.clamp(1, (1 << LENGTH_BITS) - 1) as u32;
        Self(((hash >> 36) as u32) << LENGTH_BITS | length)
    }

    pub(super) const fn weight(self) -> u32 {
        self.0 & ((1 << LENGTH_BITS) - 1)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0 as u64
    }

    /// One of 64 bits, by which most texts that share little are told apart.
    const fn bit(self) -> u64 {
        1 << (mix(self.0 as u64) >> 58)
    }
}

/// The finaliser of SplitMix64.
pub(super) const fn mix(number: u64) -> u64 {
    let z = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// One text. Its buffers are reused.
#[derive(Clone, Default)]
pub(super) struct Reading {
    /// At most [`WORDS_MAX`]; none where the text is too short to be anyone's.
    pub(super) tokens: Vec<Token>,
    /// Of all words in their order; never 0.
    pub(super) exact: u64,
}

impl Reading {
    /// Reads a post's words: emoji, links, mentions and placeholders hold none, and case is folded.
    pub(super) fn read(&mut self, analysis: &Analysis) {
        self.tokens.clear();
        self.exact = 0;
        if analysis.words.len() < WORDS_MIN {
            return;
        }
        let mut exact = analysis.words.len() as u64;
        for (nth, word) in analysis.words.iter().enumerate() {
            exact = (exact.rotate_left(23) ^ word.hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            if nth < WORDS_MAX {
                self.tokens.push(Token::new(word.hash, (word.normal.1 - word.normal.0) as usize));
            }
        }
        self.exact = exact | 1;
    }
}

/// How a text is found: its keys, and what says at a glance how much it may share with another.
#[derive(Clone, Copy, Default)]
pub(super) struct Sketch {
    /// Its pairs of near words, in either order, dealt to bins by their hash; of each bin the smallest. Bins that hold none stay zero:
    /// keys are looked up one by one, so there is nothing that densification could repair. Of a text with fewer than
    /// [`NEAR_WORDS_MIN`] words there are none.
    pub(super) keys: [u64; BINS],
    /// One bit a word.
    pub(super) bits: u64,
}

/// Whether two texts may share enough, by the bits of their words.
#[inline]
pub(super) const fn may_share(one: u64, other: u64) -> bool {
    let (a, b) = (one.count_ones(), other.count_ones());
    let larger = if a > b { a } else { b };
    (one & other).count_ones() * BITS_SHARED.1 >= larger * BITS_SHARED.0
}

/// Sketches a text.
pub(super) fn sketch_of(tokens: &[Token]) -> Sketch {
    let mut long = [Token(0); WORDS_MAX];
    let mut count = 0;
    for token in tokens.iter().take(WORDS_MAX).filter(|token| token.weight() > SHORT_BYTES) {
        long[count] = *token;
        count += 1;
    }
    let words = if count >= LONG_WORDS_MIN { &long[..count] } else { tokens };
    let bits = words.iter().fold(0, |bits, token| bits | token.bit());
    let mut bins = [u64::MAX; BINS];
    if tokens.len() >= NEAR_WORDS_MIN {
        for (at, one) in words.iter().enumerate() {
            for other in &words[at + 1..words.len().min(at + 1 + REACH)] {
                if one == other {
                    continue;
                }
                let (low, high) = if one <= other { (one.0, other.0) } else { (other.0, one.0) };
                let hash = mix(u64::from(high) << 32 | u64::from(low));
                let bin = &mut bins[(((hash >> 32) * BINS as u64) >> 32) as usize];
                *bin = (*bin).min(hash);
            }
        }
    }
    Sketch { keys: bins.map(|hash| if hash == u64::MAX { 0 } else { hash | 1 }), bits }
}

/// A text's words in the order of their hashes, as texts are compared. Its buffers are reused.
#[derive(Default)]
pub(super) struct Sorted {
    /// Word and place, as one number.
    both: Vec<u64>,
    tokens: Vec<Token>,
}

impl Sorted {
    pub(super) fn clear(&mut self) {
        self.both.clear();
        self.tokens.clear();
    }

    /// Reads a text of at most [`WORDS_MAX`] words.
    pub(super) fn read(&mut self, tokens: &[Token]) {
        self.clear();
        self.both.extend(tokens.iter().zip(0_u64..).map(|(token, place)| token.bits() << 8 | place));
        self.both.sort_unstable();
        self.tokens.extend(self.both.iter().map(|both| Token((both >> 8) as u32)));
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Which place in the text each of [`Self::tokens`] has.
    pub(super) fn places(&self) -> impl Iterator<Item = u8> + '_ {
        self.both.iter().map(|both| *both as u8)
    }
}

/// How much of the heavier of two texts both share, by weight: 0 to 1. Both sorted.
pub(super) fn shared(one: &[Token], other: &[Token]) -> f32 {
    let (mut a, mut b, mut common) = (0, 0, 0);
    while a < one.len() && b < other.len() {
        // Which of two words comes first is a coin's toss: not a branch.
        let (x, y) = (one[a], other[b]);
        common += x.weight() * u32::from(x == y);
        a += usize::from(x <= y);
        b += usize::from(y <= x);
    }
    common as f32 / weight_of(one).max(weight_of(other)).max(1) as f32
}

pub(super) fn weight_of(tokens: &[Token]) -> u32 {
    tokens.iter().map(|token| token.weight()).sum()
}

/// Which words of one text stand in another, in order: pairs of places, both ascending (the longest common subsequence).
#[derive(Default)]
pub(super) struct Aligner {
    lengths: Vec<u8>,
}

impl Aligner {
    /// `same(a, b)` says whether the words at two places are the same. Both texts have at most [`WORDS_MAX`] words.
    pub(super) fn align(
        &mut self,
        one: usize,
        other: usize,
        same: &dyn Fn(usize, usize) -> bool,
        out: &mut Vec<(u16, u16)>,
    ) {
        out.clear();
        let width = other + 1;
        self.lengths.clear();
        self.lengths.resize((one + 1) * width, 0);
        for a in (0..one).rev() {
            for b in (0..other).rev() {
                let at = a * width + b;
                self.lengths[at] = if same(a, b) {
                    self.lengths[at + width + 1] + 1
                } else {
                    self.lengths[at + width].max(self.lengths[at + 1])
                };
            }
        }
        let (mut a, mut b) = (0, 0);
        while a < one && b < other {
            let at = a * width + b;
            if same(a, b) {
                out.push((a as u16, b as u16));
                (a, b) = (a + 1, b + 1);
            } else if self.lengths[at + width] >= self.lengths[at + 1] {
                a += 1;
            } else {
                b += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        text.split(' ').map(|word| Token::new(groundswell_text::hash_word(word), word.len())).collect()
    }

    fn sorted(text: &str) -> Vec<Token> {
        let mut tokens = tokens(text);
        tokens.sort_unstable();
        tokens
    }

    #[test]
    fn what_is_shared_goes_by_characters() {
        let one = sorted("the bridge at tarnow collapsed into the river");
        assert!((shared(&one, &one) - 1.0).abs() < f32::EPSILON);
        let other = sorted("the bridge at tarnow collapsed into a puddle");
        let part = shared(&one, &other);
        assert!((0.70..0.85).contains(&part), "{part}");
        assert!(shared(&one, &sorted("nothing of all this is in here")) < 0.1);
    }

    #[test]
    fn swapped_words_keep_most_keys_and_short_texts_have_none() {
        let keys = |text: &str| sketch_of(&tokens(text)).keys.into_iter().filter(|key| *key != 0).collect::<Vec<_>>();
        let one = keys("people everywhere should read this shocking report about rivers today");
        let other = keys("people everywhere should read shocking this report about rivers today");
        assert!(one.len() >= 8);
        let same = one.iter().filter(|key| other.contains(key)).count();
        assert!(same * 2 >= one.len(), "{same} of {}", one.len());
        assert!(keys("too short for near likeness").is_empty());
    }

    proptest! {
        #[test]
        fn an_alignment_is_the_longest_common_subsequence(
            one in prop::collection::vec(0_u8..6, 0..14), other in prop::collection::vec(0_u8..6, 0..14)
        ) {
            fn longest(one: &[u8], other: &[u8]) -> usize {
                match (one, other) {
                    ([a, rest @ ..], [b, more @ ..]) if a == b => 1 + longest(rest, more),
                    ([_, rest @ ..], [_, more @ ..]) => longest(rest, other).max(longest(one, more)),
                    _ => 0,
                }
            }
            let mut pairs = Vec::new();
            Aligner::default().align(one.len(), other.len(), &|a, b| one[a] == other[b], &mut pairs);
            prop_assert_eq!(pairs.len(), longest(&one, &other));
            prop_assert!(pairs.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1));
            prop_assert!(pairs.iter().all(|(a, b)| one[usize::from(*a)] == other[usize::from(*b)]));
        }
    }
}
