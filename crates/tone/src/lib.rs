//! How negative, neutral and positive short texts are in sum: eight languages, a post in well under a microsecond once its words
//! are known, and shares of many posts with an error bar that holds the classifier's own measured error.
//!
//! For any program that counts short texts: it depends on nothing and has nothing to do when it starts. In Groundswell `detect` asks
//! it of posts that watches match, and `eval tone` measures it.
//!
//! - [`words`] cuts a text, [`WordTone::of`] says what one word says and may be remembered, [`Tone::of`] adds a post's up.
//! - [`Tally`] counts posts and answers for many of them by adjusted counting ([`Tally::prevalence`]).
//! - [`Language::from_code`] is `None` for what is "not measured for this language".
//!
//! ```
//! use groundswell_tone::{Label, Language, Tally, Tone, WordTone, words};
//!
//! let remembered: Vec<WordTone> = words("I love this so much, thank you!").map(WordTone::of).collect();
//! let tone = Tone::of(remembered, Language::En);
//! assert_eq!(tone.label(), Label::Positive);
//! // One post is no answer: nothing is said of fewer than a hundred.
//! let mut tally = Tally::default();
//! tally.add(Language::En, tone);
//! assert_eq!(tally.prevalence(Language::En), None);
//! assert_eq!(Language::from_code("ja"), None);
//! ```
//!
//! # How
//!
//! A linear model on hashed features. What a word says (whole, its consonants, its n-grams within its edges, its polarity by
//! lexicon) depends on the word alone; around it are pairs of neighbours, a small machine for negations, the root of the length
//! and a softmax by language. The table (3 MB, .7 MB in the repository) was learnt by `train/`; `data/README.md` has its
//! provenance, licences and checksum, `docs/methods/tone.md` the figures and what it must not be used for.
//!
//! # Invariants
//!
//! - Any text: bounded time ([`BYTES_MAX`], [`WORDS_MAX`], [`WORD_CHARS_MAX`]), no panic (`tests/bounds.rs`).
//! - Remembered words and cold ones give the same answer, bit by bit (`tests/bounds.rs`).
//! - Shares are shares, and their bars hold the truth (`prevalence::tests`).
//! - The table is what its checksum says (`tests/table.rs`).
//!
//! # Sources
//!
//! Joulin et al., "Bag of tricks for efficient text classification" (2016); Forman, "Quantifying counts and costs via
//! classification" (2008), for adjusted counting; Saerens et al., "Adjusting the outputs of a classifier to new a priori
//! probabilities" (2002), for the likeliest shares.

#![forbid(unsafe_code)]

mod confidence;
mod features;
mod languages;
mod letters;
mod measured;
mod post;
mod prevalence;
mod reading;
mod role;
mod table;
mod word;

pub use features::WORD_CHARS_MAX;
pub use languages::{LANGUAGES, Language};
pub use post::{Label, Tone};
pub use prevalence::{CELLS, POSTS_MIN, Prevalence, Share, Tally, cell};
pub use reading::{BYTES_MAX, LINK, WORDS_MAX, Words, words};
pub use word::WordTone;

/// What training shares with reading.
#[doc(hidden)]
pub mod training {
    use crate::{Language, WordTone, features, post, table, words};
    pub use crate::{features::Kind, table::Table};

    /// Weights to a unit of a score.
    pub const STEPS: f32 = table::STEPS;

    /// What a feature of a post is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Of {
        /// One of its words.
        Word(Kind),
        /// Two neighbours.
        Pair,
    }

    /// All features of a text that count, the words one by one, and how many words there are.
    pub fn features(text: &str, language: Language, mut sink: impl FnMut(Of, u64)) -> u32 {
        let read: Vec<&str> = words(text).collect();
        let mut at = 0;
        post::each(read.iter().map(|word| WordTone::of(word)), language, |_, inside, pair| {
            features::Letters::of(read[at]).features(|feature| {
                let counts = match feature.kind {
                    Kind::Whole => !inside,
                    Kind::Negated => inside,
                    Kind::Bones | Kind::Gram => true,
                };
                if counts {
                    sink(Of::Word(feature.kind), feature.hash);
                }
            });
            if let Some(pair) = pair {
                sink(Of::Pair, pair);
            }
            at += 1;
        });
        at as u32
    }

    /// The features of one word by itself.
    pub fn features_of_word(word: &str, mut sink: impl FnMut(Kind, u64)) {
        features::Letters::of(word).features(|feature| sink(feature.kind, feature.hash));
    }

    /// How a sum of so many words is scaled.
    pub fn length(read: u32) -> f32 {
        crate::confidence::length(read)
    }

    /// A text's sums by another table, and how many words they are of.
    pub fn sums(table: &Table, text: &str, language: Language) -> ([i32; 2], u32) {
        post::sums(table, words(text).map(|word| WordTone::with(table, word)), language)
    }

    #[expect(clippy::large_stack_arrays, reason = "a table is made in training only")]
    /// A table of the features that matter most, where two want the same row. Each: kind, hash, weights, importance.
    pub fn pack(features: impl IntoIterator<Item = (Of, u64, [i8; 2], f32)>) -> Box<Table> {
        let mut importance = vec![0_f32; table::SIZE / table::ROW];
        let mut packed = vec![0_u8; table::SIZE];
        for (of, hash, weights, matters) in features {
            let (row, check) = match of {
                Of::Word(_) => table::place(hash, table::WORD_ROWS),
                Of::Pair => {
                    let (row, check) = table::place(hash, table::PAIR_ROWS);
                    (table::WORD_ROWS + row, check)
                }
            };
            if matters > importance[row] {
                importance[row] = matters;
                let at = row * table::ROW;
                packed[at..at + 2].copy_from_slice(&check.to_le_bytes());
                packed[at + 2] = weights[0] as u8;
                packed[at + 3] = weights[1] as u8;
            }
        }
        let mut table = Box::new(Table([0; table::SIZE]));
        table.0.copy_from_slice(&packed);
        table
    }

    impl Table {
        /// As it is written.
        pub fn as_bytes(&self) -> &[u8] {
            &self.0
        }
    }
}
