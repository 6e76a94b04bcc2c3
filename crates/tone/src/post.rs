//! What a post says, from what its words say.

use crate::{
    confidence,
    features::pair,
    languages::Language,
    reading::WORDS_MAX,
    role::Scope,
    table::{TABLE, Table},
    word::WordTone,
};

/// How probable it is that a reader would call a post negative, neutral, positive. They add up to one.
///
/// A number for adding up over many posts, not an answer about one: see [`Tally::prevalence`](crate::Tally::prevalence).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// In the order of [`Label::ALL`].
    pub probabilities: [f32; 3],
}

/// The three classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Label {
    /// Displeased.
    Negative,
    /// Neither, or both.
    Neutral,
    /// Pleased.
    Positive,
}

impl Label {
    /// In order of their probabilities in [`Tone`].
    pub const ALL: [Self; 3] = [Self::Negative, Self::Neutral, Self::Positive];

    /// As labelled data spell it.
    pub fn as_str(self) -> &'static str {
        ["negative", "neutral", "positive"][self as usize]
    }
}

impl Tone {
    /// Of a post's words in their order, in a language that is measured. [`WORDS_MAX`] of them are read.
    ///
    /// Costs additions and one look-up for each pair of neighbours; what words cost is [`WordTone::of`]'s and can be remembered.
    pub fn of(words: impl IntoIterator<Item = WordTone>, language: Language) -> Self {
        let (sums, read) = sums(&TABLE, words, language);
        Self { probabilities: confidence::probabilities(sums, read, language) }
    }

    /// Of a text, nothing remembered.
    pub fn of_text(text: &str, language: Language) -> Self {
        Self::of(crate::words(text).map(WordTone::of), language)
    }

    /// The likeliest class; the first of equals.
    pub fn label(self) -> Label {
        let [negative, neutral, positive] = self.probabilities;
        if negative >= neutral && negative >= positive {
            Label::Negative
        } else if neutral >= positive {
            Label::Neutral
        } else {
            Label::Positive
        }
    }
}

/// Negative and positive against neutral in steps of the table, and how many words they are of.
pub(crate) fn sums(table: &Table, words: impl IntoIterator<Item = WordTone>, language: Language) -> ([i32; 2], u32) {
    let (mut sums, mut read) = ([0_i32; 2], 0);
    each(words, language, |word, inside, before| {
        let scores = if inside { word.negated } else { word.plain };
        let pair = before.map_or([0, 0], |hash| table.of_pair(hash));
        for (sum, (score, pair)) in sums.iter_mut().zip(scores.into_iter().zip(pair)) {
            *sum += i32::from(score) + i32::from(pair);
        }
        read += 1;
    });
    (sums, read)
}

/// Each word, whether it is in the reach of a negation, and the pair that it makes with the one before.
#[inline]
pub(crate) fn each(
    words: impl IntoIterator<Item = WordTone>,
    language: Language,
    mut sink: impl FnMut(WordTone, bool, Option<u64>),
) {
    let bit = 1 << language as u8;
    let mut scope = Scope::default();
    let mut before = None;
    for word in words.into_iter().take(WORDS_MAX) {
        let inside = scope.step(word.negates & bit != 0, word.ends);
        sink(word, inside, before.map(|before| pair(before, word.hash, inside)));
        before = Some(word.hash);
    }
}
