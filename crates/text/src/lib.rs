//! Language, words and hashtags of scrubbed text: pure functions.

#![forbid(unsafe_code)]

mod analysis;
mod analyzer;
mod chars;
mod hashtag;
pub mod language;
mod normal;
#[doc(hidden)]
pub mod reference;
mod stop;
mod words;

pub use analysis::{Analysis, Hashtag, Language, Word, hash_word};
pub use analyzer::{Analyzer, HASHTAGS_MAX, TEXT_BYTES_MAX, WORD_BYTES_MAX, WORDS_MAX};
pub use language::detect_language;
pub use stop::{is_stop_word, is_stop_word_in, is_term, is_term_in};
