//! Name-like phrases (PRIVACY section 4): which words of a post together look like a person's name.
//!
//! A lexicon of given and family names, particles and honorifics of some sixty languages, and of everyday words; a small model of
//! what names look like for words that no list has; and rules for how names are written: capitals, initials, particles, both
//! orders, scripts without capitals, scripts without spaces, and words run together (`janedoe`). `docs/methods/names.md` says how
//! well that works. In doubt it says "name": what is held back wrongly is missing, what is shown wrongly hurts someone.
//!
//! - [`NameFinder::find`] marks the spans of a post.
//! - [`NameFinder::joined`] says whether one word or hashtag is a name run together.
//! - [`NameFinder::spelt`] says whether the capitals of a hashtag part it into a name.
//! - [`NameFinder::carried`] gives the keys of what a publisher's item carries.
//! - [`HashtagWords`] takes hashtags apart that are no names, by the same lexicon.
//! - [`name_key`]: under what `Jane Doe`, `jane-doe` and `#JaneDoe` are the same.

mod apart;
mod joined;
mod lexicon;
mod looks;
mod memo;
mod model;
mod spans;
mod spelt;
mod together;
mod unspaced;

use std::borrow::Cow;
use std::fmt;

pub use apart::{HASHTAG_WORDS_MAX, HashtagWords};
pub use spans::is_unspaced;

use crate::{Analysis, hash_word};
use lexicon::{Known, Lexicon};
use memo::Memo;

/// Words of a name-like span, at most.
pub const SPAN_WORDS_MAX: usize = 5;
/// Keys that one publisher's item carries, at most. What comes later in it is not noted.
pub const CARRIED_KEYS_MAX: usize = 256;

/// Words of which is remembered whether they are names run together.
const JOINED: usize = 1 << 18;
/// Hashtags of which is remembered whether their capitals part them into a name.
const SPELT: usize = 1 << 12;

/// What is known of one word by itself, in a byte that means something to a [`NameFinder`] only. Who keeps it spares the next look-up
/// in a lexicon that is larger than a core's cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About(pub u8);

/// A name-like span: words `from` to `to` (exclusive) of an [`Analysis`]. At least two, except where a script needs no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameSpan {
    /// Index of its first word.
    pub from: u32,
    /// Index behind its last word.
    pub to: u32,
}

impl NameSpan {
    fn new(from: usize, to: usize) -> Self {
        Self { from: from as u32, to: to as u32 }
    }

    /// The indices of its words.
    pub fn words(self) -> std::ops::Range<usize> {
        self.from as usize..self.to as usize
    }
}

/// Finds name-like spans. Holds scratch space, so each worker has its own.
pub struct NameFinder {
    lexicon: &'static Lexicon,
    marks: Vec<spans::Mark>,
    /// Something of no width parts words of the text that was looked at last.
    has_parted_words: bool,
    /// Which words are names run together.
    joined: Memo,
    /// Which spellings of hashtags are.
    spelt: Memo,
}

impl NameFinder {
    /// Ready to find. The first one of a process reads the lexicon.
    pub fn new() -> Self {
        Self::knowing(Lexicon::shared())
    }

    /// One that does not know what only the source of the measured names has: for measuring how well the rest is found.
    #[doc(hidden)]
    pub fn independent() -> Self {
        Self::knowing(Lexicon::independent())
    }

    fn knowing(lexicon: &'static Lexicon) -> Self {
        Self { lexicon, marks: Vec::new(), has_parted_words: false, joined: Memo::new(JOINED), spelt: Memo::new(SPELT) }
    }

    /// What is known of a word. Takes its normal form and [`hash_word`] of it.
    pub fn about(&self, word: &str, hash: u64) -> About {
        let about = self.lexicon.about(word, hash);
        if Lexicon::has(about) || word.is_ascii() {
            return about;
        }
        // With letters of another script, or with marks, a name is still read as the name.
        let mut certain = None;
        for reading in looks::readings(word) {
            let read = self.lexicon.about(&reading.word, hash_word(&reading.word));
            if self.lexicon.known(read).is(Known::NAME | Known::PARTICLE | Known::HONORIFIC) {
                return read;
            }
            certain = certain.or(reading.is_certain.then_some(read));
        }
        certain.unwrap_or(about)
    }

    /// A word in normal form, or the name that it looks like.
    fn as_it_looks<'a>(&self, word: &'a str) -> Cow<'a, str> {
        if word.is_ascii() || Lexicon::has(self.lexicon.about(word, hash_word(word))) {
            return Cow::Borrowed(word);
        }
        let is_name = |word: &str| self.lexicon.word(word).is(Known::NAME | Known::PARTICLE | Known::HONORIFIC);
        let name = looks::readings(word).into_iter().find(|reading| is_name(&reading.word));
        name.map_or(Cow::Borrowed(word), |reading| Cow::Owned(reading.word))
    }

    /// Appends the value of a span as it is counted to `out`: the normal forms of its words, parted by spaces.
    pub fn push_value(analysis: &Analysis, span: NameSpan, out: &mut String) {
        for (nth, index) in span.words().enumerate() {
            if nth > 0 {
                out.push(' ');
            }
            out.push_str(analysis.word(&analysis.words[index]));
        }
    }
}

impl Default for NameFinder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for NameFinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameFinder")
    }
}

/// The key of a name, however its parts are joined: a hash of its normal form without what may stand between them.
pub fn name_key(value: &str) -> u64 {
    if !value.contains(stands_between) {
        return hash_word(value);
    }
    hash_word(&value.replace(stands_between, ""))
}

/// What joins the parts of a name or parts them.
fn stands_between(letter: char) -> bool {
    matches!(letter, ' ' | '_' | '-' | '.' | '·' | '・')
}

#[cfg(test)]
mod tests;
