//! The features of one word, each hashed to 64 bits: the whole word, the whole word negated, its consonants, its n-grams.

use crate::letters;

/// How much of a word is read, in characters: longer ones are addresses and noise.
pub const WORD_CHARS_MAX: usize = 32;

/// The longest n-gram, in characters, the edges of the word being two of them.
const GRAM_MAX: usize = 5;

/// Stands at both ends of a word.
const EDGE: u32 = 1;

/// What a feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The word as it is.
    Whole,
    /// The word within the reach of a negation.
    Negated,
    /// The word's consonants: what stays the same when it is spelt otherwise, drawn out or without accents.
    Bones,
    /// Two to five characters of it, its edges being characters.
    Gram,
}

/// A feature of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Feature {
    /// What it is.
    pub(crate) kind: Kind,
    /// Which one it is.
    pub(crate) hash: u64,
}

/// A word's characters, in lower case, without what is not told apart, an edge at both ends.
pub(crate) struct Letters {
    buffer: [u32; WORD_CHARS_MAX + 2],
    length: usize,
    /// Whether there is a letter in it: signs and emoji have no n-grams.
    lettered: bool,
}

impl Letters {
    pub(crate) fn of(word: &str) -> Self {
        let mut letters = Self { buffer: [EDGE; WORD_CHARS_MAX + 2], length: 1, lettered: false };
        for c in word.chars().take(WORD_CHARS_MAX) {
            let Some(c) = letters::fold(c) else { continue };
            letters.lettered |= c.is_alphanumeric();
            let code = u32::from(c);
            // What is drawn out stands three times.
            let drawn_out = letters.length > 3 && letters.buffer[letters.length - 3..letters.length] == [code; 3];
            if !drawn_out {
                letters.buffer[letters.length] = code;
                letters.length += 1;
            }
        }
        letters
    }

    /// Without the edges.
    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.buffer[1..self.length]
    }

    /// The feature of the whole word.
    pub(crate) fn whole(&self) -> u64 {
        hash_of(Kind::Whole, self.as_slice())
    }

    /// All features, each handed over once for every time that it is in the word.
    pub(crate) fn features(&self, mut sink: impl FnMut(Feature)) {
        let word = self.as_slice();
        if word.is_empty() {
            return;
        }
        for kind in [Kind::Whole, Kind::Negated] {
            sink(Feature { kind, hash: hash_of(kind, word) });
        }
        if !self.lettered {
            return;
        }
        if let Some(hash) = bones(word) {
            sink(Feature { kind: Kind::Bones, hash });
        }
        let symbols = &self.buffer[..=self.length];
        for from in 0..symbols.len() {
            let mut hash = seed(Kind::Gram);
            for (length, &symbol) in (1..=GRAM_MAX).zip(&symbols[from..]) {
                hash = mix(hash, symbol);
                // One letter between edges is the whole word.
                if length > 1 && !(length == 3 && symbols.len() == 3) {
                    sink(Feature { kind: Kind::Gram, hash: finish(hash) });
                }
            }
        }
    }
}

/// The consonants of a Latin word without accents, neighbours that are alike taken once; vowels count at the beginning only.
fn bones(word: &[u32]) -> Option<u64> {
    let (mut hash, mut last, mut length) = (seed(Kind::Bones), 0, 0);
    for (at, &code) in word.iter().enumerate() {
        let plain = letters::without_accent(code)?;
        if (at == 0 || !matches!(plain, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')) && plain != last {
            hash = mix(hash, plain.into());
            length += 1;
        }
        last = plain;
    }
    (length >= 2).then(|| finish(hash))
}

fn seed(kind: Kind) -> u64 {
    0x9e37_79b9_7f4a_7c15 ^ ((kind as u64 + 1) << 56)
}

#[inline]
fn mix(hash: u64, symbol: u32) -> u64 {
    let mixed = (hash ^ u64::from(symbol)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ mixed >> 32
}

#[inline]
fn finish(hash: u64) -> u64 {
    let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

fn hash_of(kind: Kind, symbols: &[u32]) -> u64 {
    finish(symbols.iter().fold(seed(kind), |hash, &symbol| mix(hash, symbol)))
}

/// The feature of two neighbours.
#[inline]
pub(crate) fn pair(first: u32, second: u32, negated: bool) -> u64 {
    finish(mix(mix(0x5851_f42d_4c95_7f2d ^ u64::from(negated), first), second))
}
