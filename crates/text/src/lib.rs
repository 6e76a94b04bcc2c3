//! What a post says, as far as counting and watching need it: its language, its words in order, its hashtags.
//!
//! Third on a post's way: `edge` hands over scrubbed text ([`EdgePost`](groundswell_edge::EdgePost)), and what comes
//! out, [`Analysis`], is what `watch` matches and `detect` counts. Pure functions: no I/O, no clock, no randomness.
//!
//! - [`Analyzer`] reads a post ([`Analyzer::analyze`]) or a query's words ([`Analyzer::tokenize`]) into an [`Analysis`]
//!   whose buffers are used again and again.
//! - [`detect_language`] for texts without a declared language, by `groundswell_langid`, and [`detect_two_languages`] for those in two;
//!   [`language::eval`] measures both.
//! - [`names::NameFinder`] marks what looks like a person's name.
//! - [`countries::CountryFinder`] says which countries a post talks about.
//! - [`has_term_shape`] and [`is_stop_word_in`] say which words are worth a place in a table of terms.
//!
//! ```
//! use groundswell_edge::EdgePost;
//! use groundswell_text::{Analysis, Analyzer};
//!
//! let mut analyzer = Analyzer::new();
//! let mut analysis = Analysis::new();
//! let post = EdgePost { text: "L'eau monte! ⟨link⟩ #Crue #crue 洪水警报".to_owned(), ..EdgePost::default() };
//! analyzer.analyze(&post, &mut analysis);
//! let words: Vec<&str> = analysis.words.iter().map(|word| analysis.word(word)).collect();
//! assert_eq!(words, ["l", "eau", "monte", "crue", "crue", "洪水", "警报"]);
//! assert_eq!(analysis.hashtags.len(), 1);
//! assert_eq!(analysis.hashtag(&analysis.hashtags[0]), "crue");
//! ```
//!
//! # What is a word
//!
//! Texts are cut at apostrophes (`'`, `‘`, `’`, `＇`) and at placeholders (`⟨link⟩`, …); each stretch is segmented by
//! UAX 29, with dictionary segmentation for Chinese, Japanese, Thai, Lao, Khmer and Burmese; a segment with a letter or
//! a decimal digit in it is a word. Hence `foo_bar`, `3.14`, `U.S.A` and `a:b` are one word each. Placeholders leave no
//! gap: the words on both sides of one are next to each other. The normal form drops what is invisible, then NFKC,
//! lower case, NFKC; accents stay.
//!
//! # What is a hashtag
//!
//! `#` or `＃`, not behind a letter, digit, underscore or `&`, and then letters, marks, digits and underscores with at
//! least one letter. [`Analysis::hashtags`] holds those of the text and those that the record lists beside it, each
//! once. A hashtag in the text is among the words too, as its spelling is segmented (`#foo_bar` is one word, `#洪水警报`
//! two). One that only the record lists is not: who matches the word `flood` must look for it among words *and* hashtags.
//!
//! # What is an emoji
//!
//! What UTS 51 draws as one sign, in colour: `👩🏽‍🚀` is one, `🇵🇹`, `1️⃣`; `©` is none, and `©️` is. [`Analysis::emoji`] holds each
//! once, in one form, skin tones left aside. It is no word and parts no words: queries do not see it.
//!
//! # Invariants
//!
//! - Words and normal forms are those of ICU4X alone, on every assigned code point, on random text of all scripts and on
//!   real posts (`tests/same_as_icu.rs`; two known differences are named there).
//! - A normal form is its own normal form (`normal.rs`).
//! - Any text takes bounded time and space: [`TEXT_BYTES_MAX`], [`WORDS_MAX`], [`HASHTAGS_MAX`], [`EMOJI_MAX`], [`WORD_BYTES_MAX`]; what a
//!   bound leaves out is said by [`Analysis::truncated`] (`tests/bounds.rs`).
//! - Queries and posts are read by the same code.
//!
//! # Sources
//!
//! UAX 29 (text segmentation), UTS 51 (emoji), UAX 15 (normalisation, quick check), ICU4X 2.4 for properties and dictionaries (held in another form, `dictionary.rs`);
//! stop words from the crate `stop-words` (`data/README.md`).

#![forbid(unsafe_code)]

mod analysis;
mod analyzer;
mod chars;
pub mod countries;
mod dictionary;
mod emoji;
mod hashtag;
pub mod language;
pub mod names;
mod normal;
#[doc(hidden)]
pub mod reference;
mod stop;
mod words;

pub use analysis::{Analysis, Emoji, Hashtag, Language, Word, hash_word};
pub use analyzer::{Analyzer, EMOJI_MAX, HASHTAGS_MAX, TEXT_BYTES_MAX, WORD_BYTES_MAX, WORDS_MAX};
pub use language::{TWO_WORDS_MIN, detect_language, detect_two_languages};
pub use stop::{has_term_shape, is_stop_word, is_stop_word_everywhere, is_stop_word_in};
