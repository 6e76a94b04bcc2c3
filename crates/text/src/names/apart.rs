//! [`HashtagWords`]: the words that a hashtag was run together from, by its capitals or by the words that lists know.

use std::cell::Cell;
use std::fmt;

use super::NameFinder;
use super::lexicon::Known;
use crate::normal::Normalizer;
use crate::{Analysis, Hashtag};

/// Words of a hashtag, at most; what has more is left whole.
pub const HASHTAG_WORDS_MAX: usize = 8;
/// Letters of a hashtag, and of a word in it.
const LETTERS_MAX: usize = 48;
const WORD_LETTERS_MAX: usize = 16;
/// Letters of a hashtag without capitals, at least.
const LETTERS_MIN: usize = 6;
/// Hashtags of which is remembered how they come apart. A later one takes the place of an earlier one.
const REMEMBERED: usize = 4_096;

/// Where the words of a hashtag begin that stand behind its first, in bytes of its normal form; then zeros.
type Cuts = [u8; HASHTAG_WORDS_MAX - 1];

/// Takes hashtags apart. Remembers how those of late come apart, by their hashes alone, so each worker has its own.
pub struct HashtagWords {
    names: NameFinder,
    normalizer: Normalizer,
    cuts: Box<[Cell<(u64, Cuts)>]>,
}

impl HashtagWords {
    /// Ready. The first one of a process reads the lexicon.
    pub fn new() -> Self {
        Self { names: NameFinder::new(), normalizer: Normalizer::new(), cuts: vec![Cell::default(); REMEMBERED].into() }
    }

    /// Gives the words of a hashtag of an analysis in normal form, in order, two at least; none where it is one word, is not known to be
    /// several, or looks like a person's name.
    pub fn of(&self, analysis: &Analysis, tag: &Hashtag, each: &mut dyn FnMut(&str)) {
        let (value, spelling) = (analysis.hashtag(tag), analysis.hashtag_spelling(tag));
        let Some(spelling) = spelling.or_else(|| value.contains('_').then_some(value)) else {
            return self.without_capitals(tag.hash, value, each);
        };
        let parts = by_capitals(spelling);
        if !self.is_one(value) && !self.names.spelt(spelling) && are_words(&parts) {
            let mut normal = String::new();
            for part in parts {
                normal.clear();
                self.normalizer.push(part, &mut normal);
                each(&normal);
            }
        }
    }

    fn without_capitals(&self, hash: u64, value: &str, each: &mut dyn FnMut(&str)) {
        let slot = &self.cuts[hash as usize % REMEMBERED];
        let mut known = slot.get();
        if known.0 != hash {
            known = (hash, self.cuts_of(value));
            slot.set(known);
        }
        let mut from = 0;
        for to in known.1.into_iter().map(usize::from).take_while(|to| *to > 0) {
            each(&value[from..to]);
            from = to;
        }
        if from > 0 {
            each(&value[from..]);
        }
    }

    fn cuts_of(&self, value: &str) -> Cuts {
        let mut cuts = Cuts::default();
        let parts = if self.is_one(value) { Vec::new() } else { by_words(&self.names, value) };
        if are_words(&parts) {
            let mut at = 0;
            for (cut, part) in cuts.iter_mut().zip(&parts[..parts.len() - 1]) {
                at += part.len();
                *cut = at as u8;
            }
        }
        cuts
    }

    /// Whether it is one word, or a name.
    fn is_one(&self, value: &str) -> bool {
        let known = self.names.lexicon.word(value);
        known.is_word() || known.is(Known::PHRASE) || value.chars().count() > LETTERS_MAX || self.names.joined(value)
    }
}

impl Default for HashtagWords {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HashtagWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashtagWords")
    }
}

/// Whether the parts of a hashtag are words: `iPhone` has none.
fn are_words(parts: &[&str]) -> bool {
    (2..=HASHTAG_WORDS_MAX).contains(&parts.len()) && parts.iter().all(|part| part.chars().nth(1).is_some())
}

/// `ClimateActionNow`, `EUReferendumNow`, `Covid19VaccineNow`, `climateAction`, `2024Elections`.
fn by_capitals(spelling: &str) -> Vec<&str> {
    let letters: Vec<(usize, char)> = spelling.char_indices().collect();
    let mut starts = vec![0];
    for index in 1..letters.len() {
        let (before, (at, letter)) = (letters[index - 1].1, letters[index]);
        let behind = letters.get(index + 1).map(|behind| behind.1);
        let begins = if letter.is_uppercase() {
            !before.is_uppercase() || behind.is_some_and(char::is_lowercase)
        } else {
            letter != '_' && before == '_'
        };
        if begins {
            starts.push(at);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([spelling.len()]);
    let parts = starts.iter().zip(ends).map(|(from, to)| spelling[*from..to].trim_matches('_'));
    parts.filter(|part| !part.is_empty()).collect()
}

/// The everyday words that make up a hashtag, at the least cost; of as dear ones, those of which the shortest is longest.
fn by_words<'v>(names: &NameFinder, value: &'v str) -> Vec<&'v str> {
    let starts: Vec<usize> = value.char_indices().map(|(at, _)| at).chain([value.len()]).collect();
    let letters = starts.len() - 1;
    if letters < LETTERS_MIN || !value.chars().all(char::is_alphabetic) {
        return Vec::new();
    }
    // What it costs to get to each place, the letters of the shortest word on the way, and where the last one begins.
    let mut best: Vec<Option<(u32, usize, usize)>> = vec![None; starts.len()];
    best[0] = Some((0, usize::MAX, 0));
    for to in 2..=letters {
        for from in to.saturating_sub(WORD_LETTERS_MAX)..to - 1 {
            let Some((cost, shortest, _)) = best[from] else { continue };
            let Some(of_word) = cost_of(names, &value[starts[from]..starts[to]], to - from) else { continue };
            let here = (cost + of_word, shortest.min(to - from), from);
            if best[to].is_none_or(|known| (here.0, usize::MAX - here.1) < (known.0, usize::MAX - known.1)) {
                best[to] = Some(here);
            }
        }
    }
    let mut parts = Vec::new();
    let mut at = letters;
    while let Some((_, _, from)) = best[at].filter(|_| at > 0) {
        parts.push(&value[starts[from]..starts[at]]);
        at = from;
    }
    parts.reverse();
    parts
}

/// Words of two letters that hashtags have in them.
const SHORT: [&str; 25] = [
    "an", "as", "at", "be", "by", "do", "go", "he", "hi", "if", "in", "is", "it", "me", "my", "no", "of", "on", "or",
    "so", "to", "uk", "up", "us", "we",
];

/// What a word costs: the more, the less likely it is that it stands in a hashtag. `None`: it is no word that we know.
fn cost_of(names: &NameFinder, word: &str, letters: usize) -> Option<u32> {
    let known = names.lexicon.word(word);
    let is_everyday = known.is(Known::COMMON | Known::PLACE);
    match letters {
        2 => SHORT.contains(&word).then_some(COST_SHORT),
        3 => known.is(Known::TOP).then_some(COST_THREE),
        _ if known.is(Known::TOP) => Some(COST_TOP),
        4 => None,
        _ if is_everyday && !known.is(Known::GIVEN) => Some(COST_LONG),
        _ => is_everyday.then_some(COST_NAME),
    }
}

const COST_SHORT: u32 = 12;
const COST_THREE: u32 = 11;
const COST_TOP: u32 = 10;
const COST_LONG: u32 = 13;
const COST_NAME: u32 = 14;
