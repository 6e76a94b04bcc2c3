//! Which language a short text is in: 83 languages, for single words as well as for posts, with a probability that means
//! what it says and an honest [`und`](Language::UND).
//!
//! For any program that reads short texts: it depends on nothing, takes about half a microsecond a post, and has nothing to do when it
//! starts. In Groundswell `text` asks it about posts whose source declares no language.
//!
//! - [`identify`] gives a language and its probability, `und` below [`PROBABILITY_MIN`]; [`likeliest`] has no such threshold.
//! - [`identify_two`] also tells the two languages of a text that is in two, and how much of it is in the first; [`two_languages`] tells
//!   these alone.
//! - [`Language::all`] lists what can be answered.
//!
//! ```
//! use groundswell_langid::identify;
//!
//! assert_eq!(identify("The river is rising and nobody came").language.code(), "en");
//! assert_eq!(identify("Річка піднімається, і ніхто не прийшов").language.code(), "uk");
//! assert_eq!(identify("😀 2016 https://example.org").language.code(), "und");
//! assert!(identify("A subida das águas obrigou à evacuação").probability > 0.9);
//! ```
//!
//! # How
//!
//! *Script first*: most letters decide. A script that one language of ours uses is that language; kana are Japanese, Han
//! alone is Chinese unless it has what Japanese alone writes. Four scripts are shared (Latin by 49 languages, Cyrillic by 8,
//! Arabic by 3, Devanagari by 2): for each, n-grams of three and five symbols within a word, its edges being symbols, are
//! hashed to rows of four-bit weights, one a language and one for noise; their sum goes through a softmax whose temperature
//! depends on how many there were. The table (11.2 MB, 4.0 MB in the repository) was learnt from the n-gram counts of
//! `lingua`'s language models (Hindi and Marathi: from Tesseract's words) by `train/`; `data/README.md` has its provenance, licence and checksum, and
//! `docs/methods/language.md` the figures and what it must not be used for.
//!
//! # Invariants
//!
//! - Any text: bounded time (the first [`CHARS_MAX`] characters), no panic (`tests/bounds.rs`; fuzz target `langid`).
//! - The answer is the same with AVX2 and without (`sum::tests::both_paths_add_up_the_same`, `tests/bounds.rs`).
//! - Case makes no difference, nor whether accents are written apart (`tests/bounds.rs`).
//! - The table is what its checksum says (`tests/table.rs`).
//!
//! # Sources
//!
//! Joulin et al., "Bag of tricks for efficient text classification" (2016), for hashed n-grams and a linear model; Guo et al.,
//! "On calibration of modern neural networks" (2017), for temperatures; `lingua` (Apache-2.0), whose counts are from the
//! Wortschatz corpora of Leipzig University.

#![deny(unsafe_code)]

mod confidence;
mod features;
mod han;
mod languages;
mod letters;
mod script;
mod sum;
mod table;
mod two;

use languages::{ALONE, GROUPS, Group};
use letters::Letters;
use script::{SCRIPTS, Script};
use sum::Sum;

pub use languages::Language;
pub use letters::CHARS_MAX;
pub use two::{PART_LETTERS_MIN, TWO_BYTES_MIN, Two, identify_two, two_languages};

/// What training shares with identifying.
#[doc(hidden)]
pub mod training {
    pub use crate::{
        languages::{GROUPS, Group},
        letters::letter,
    };

    /// Stands at both ends of each word.
    pub const EDGE: u16 = crate::letters::EDGE;
    /// What four bits without weight hold.
    pub const ZERO: u8 = crate::sum::ZERO;
    /// Weights to a unit of a score.
    pub const STEPS: f32 = crate::table::STEPS;

    /// A text's letters with the edges of its words, and the group that its script is, by its place in [`GROUPS`].
    pub fn symbols(text: &str) -> (Vec<u16>, Option<usize>) {
        let mut buffer = [EDGE; crate::letters::room(crate::CHARS_MAX)];
        let letters = crate::letters::Letters::of(text, &mut buffer);
        let place = crate::script_of(&letters).map(|script| script as usize).filter(|&place| place < GROUPS.len());
        (letters.symbols().to_vec(), place)
    }
}

/// Fewer letters than this (a Han character or kana counts for three, Hangul for two) are [`Language::UND`].
pub const LETTERS_MIN: u32 = 3;

/// An answer less probable than this, of which about one in five would be right, is [`Language::UND`].
pub const PROBABILITY_MIN: f32 = 0.15;

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identified {
    /// The language, or [`Language::UND`].
    pub language: Language,
    /// How probable it is that the text is in it, if it is in one that is known here; 0 for [`Language::UND`].
    pub probability: f32,
}

impl Identified {
    const UND: Self = Self { language: Language::UND, probability: 0.0 };
}

/// The language of a text, [`Language::UND`] where it is less probable than [`PROBABILITY_MIN`].
pub fn identify(text: &str) -> Identified {
    let likeliest = likeliest(text);
    if likeliest.probability < PROBABILITY_MIN { Identified::UND } else { likeliest }
}

/// The likeliest language of a text, be it ever so improbable; [`Language::UND`] for noise and for what has no letters.
pub fn likeliest(text: &str) -> Identified {
    decide(text, Sum::new)
}

/// [`likeliest`] without what only some processors have: to compare and to measure.
#[doc(hidden)]
pub fn likeliest_portable(text: &str) -> Identified {
    decide(text, Sum::portable)
}

fn decide(text: &str, sum: fn(&Group, &'static [u8]) -> Sum<'static>) -> Identified {
    // Most posts are short, and a small buffer is sooner made.
    if text.len() <= SHORT {
        decide_in(text, sum, &mut [letters::EDGE; letters::room(SHORT)])
    } else {
        decide_in(text, sum, &mut [letters::EDGE; letters::room(CHARS_MAX)])
    }
}

/// Bytes of a short text.
const SHORT: usize = 150;

#[inline]
fn decide_in(text: &str, sum: fn(&Group, &'static [u8]) -> Sum<'static>, buffer: &mut [u16]) -> Identified {
    let letters = Letters::of(text, buffer);
    script_of(&letters).map_or(Identified::UND, |script| of_script(script, &letters, sum))
}

/// The likeliest language of a text's letters in one script.
#[inline]
fn of_script(script: Script, letters: &Letters<'_>, sum: fn(&Group, &'static [u8]) -> Sum<'static>) -> Identified {
    let place = script as usize;
    let Some(group) = GROUPS.get(place) else { return alone(script, letters) };
    let part = table::part(place);
    let mut sum = sum(group, part);
    let row_bytes = group.row_bytes();
    features::rows(group, letters.symbols(), |row| sum::prefetch(part, row as usize * row_bytes), |rows| sum.add(rows));
    let (scores, rows) = sum.finish();
    let (lane, probability) = confidence::likeliest(&scores, group.languages.len() + 1, rows);
    group.languages.get(lane).map_or(Identified::UND, |&language| Identified { language, probability })
}

/// A script that one language of ours uses.
fn alone(script: Script, letters: &Letters<'_>) -> Identified {
    let Some(&(_, language)) = ALONE.iter().find(|&&(alone, _)| alone == script) else { return Identified::UND };
    let japanese =
        script == Script::Han && letters.japanese * 6 >= letters.counts[Script::Han as usize] / Script::Han.weight();
    let language = if japanese { ALONE[ALONE.len() - 2].1 } else { language };
    Identified { language, probability: ALONE_PROBABILITY }
}

/// What is said of a text whose script one language of ours uses.
const ALONE_PROBABILITY: f32 = 0.99;

/// The script of most letters. Kana tell Japanese from Chinese, which it shares the rest with.
fn script_of(letters: &Letters<'_>) -> Option<Script> {
    if !letters.others {
        let (mut script, mut most) = (Script::Latin, letters.counts[0]);
        for (other, &count) in Script::ALL.into_iter().zip(&letters.counts).take(GROUPS.len()) {
            if count > most {
                (script, most) = (other, count);
            }
        }
        return (most >= LETTERS_MIN).then_some(script);
    }
    let mut counts: [u32; SCRIPTS] = letters.counts;
    let (kana, han) = (counts[Script::Kana as usize], counts[Script::Han as usize]);
    if kana > 0 && kana * 10 >= han {
        counts[Script::Kana as usize] += han;
    }
    let script = Script::ALL.into_iter().max_by_key(|&script| (counts[script as usize], std::cmp::Reverse(script)))?;
    (counts[script as usize] >= LETTERS_MIN).then_some(script)
}
