//! What one word says, whatever stands around it: the part that a caller may remember.

use crate::{features, role, table};

/// The scores of one word: eighteen bytes of numbers that depend on nothing but the word, to be kept beside its number in an
/// interner. Then n-grams are paid for once a word, and a post costs additions and one look-up for each pair of neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordTone {
    /// Negative and positive against neutral, in steps of the table.
    pub(crate) plain: [i16; 2],
    /// The same within the reach of a negation.
    pub(crate) negated: [i16; 2],
    /// For pairs.
    pub(crate) hash: u32,
    /// In which of the measured languages it negates, a bit each.
    pub(crate) negates: u8,
    /// Whether it ends the reach of a negation, as a full stop does.
    pub(crate) ends: bool,
}

impl WordTone {
    /// Of one word (or sign, or emoji) as [`words`](crate::words) gives it, in any case. Takes about a microsecond; reads the
    /// first [`WORD_CHARS_MAX`](crate::WORD_CHARS_MAX) characters.
    pub fn of(word: &str) -> Self {
        Self::with(&table::TABLE, word)
    }

    /// By the weights of another table: for training.
    pub(crate) fn with(table: &table::Table, word: &str) -> Self {
        let letters = features::Letters::of(word);
        let mut plain = [0_i32; 2];
        let mut negated = [0_i32; 2];
        letters.features(|feature| {
            let weights = table.of_word(feature.hash);
            if feature.kind != features::Kind::Negated {
                add(&mut plain, weights);
            }
            if feature.kind != features::Kind::Whole {
                add(&mut negated, weights);
            }
        });
        let whole = letters.whole();
        let (negates, ends) = role::of(letters.as_slice(), whole);
        Self { plain: plain.map(clamp), negated: negated.map(clamp), hash: (whole >> 32) as u32, negates, ends }
    }
}

#[inline]
fn add(sum: &mut [i32; 2], weights: [i8; 2]) {
    sum[0] += i32::from(weights[0]);
    sum[1] += i32::from(weights[1]);
}

fn clamp(sum: i32) -> i16 {
    sum.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
