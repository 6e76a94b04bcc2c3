//! Which language an undeclared text is in: what [`groundswell_langid`] says of its prose; by stop words and letters where
//! a neighbour is meant that it does not know or hardly tells apart.

pub mod eval;
pub(crate) mod table;

use std::{borrow::Cow, sync::OnceLock};

use self::table::LANGUAGES;
use crate::{
    Language, Word,
    chars::{Chars, Class},
    hash_word,
    stop::{are_of_one_language, stop_languages},
    words::placeholder_len,
};

/// A text of fewer words is not asked for a second language.
pub const TWO_WORDS_MIN: usize = 12;

/// How much of a text the detector reads, in bytes.
const DETECT_BYTES_MAX: usize = 1_024;

/// What the identifier's answer is worth beside its neighbours, in units of [`STOP_WORD_WEIGHT`].
const IDENTIFIED_WEIGHT: i32 = 300;
/// What a stop word is worth that only one language has; shared ones are worth less.
const STOP_WORD_WEIGHT: i32 = 120;
/// What a letter costs a language that does not use it.
const FOREIGN_LETTER_WEIGHT: i32 = 160;

/// The language of a text, or `und`. Placeholders, links and hashtags do not count.
///
/// ```
/// use groundswell_text::detect_language;
/// assert_eq!(detect_language("The river is rising and nobody came").as_str(), "en");
/// assert_eq!(detect_language("Річка піднімається, і ніхто не прийшов").as_str(), "uk");
/// assert_eq!(detect_language("⟨link⟩ 😀 2016").as_str(), "und");
/// ```
pub fn detect_language(text: &str) -> Language {
    let prose = prose_of(text);
    match groundswell_langid::identify(&prose).language.letters() {
        Some(code) => checked(code, &prose),
        None => Language::UND,
    }
}

/// Of a text in two languages, given with its words, these, the one of the larger part first.
///
/// ```
/// use groundswell_text::{Analysis, Analyzer, detect_two_languages};
/// let text = "O rio está a subir muito depressa, please share this with everyone you know in town";
/// let mut analysis = Analysis::new();
/// Analyzer::new().tokenize(text, &mut analysis);
/// let two = detect_two_languages(text, &analysis.words);
/// assert_eq!(two.map(|two| two.map(|language| language.as_str().to_owned())), Some(["en".to_owned(), "pt".to_owned()]));
/// ```
pub fn detect_two_languages(text: &str, words: &[Word]) -> Option<[Language; 2]> {
    if words.len() < TWO_WORDS_MIN || are_of_one_language(words) {
        return None;
    }
    let prose = prose_of(text);
    let two = groundswell_langid::two_languages(&prose)?;
    let of = |found: groundswell_langid::Identified| found.language.letters().map(Language);
    Some([of(two.first)?, of(two.second)?])
}

/// Languages that the identifier takes for one of its own: it does not know the last ones of each row, or tells them apart
/// by little (Hindi and Marathi, whose vowel signs its table lacks).
const NEIGHBOURS: [&[[u8; 2]]; 5] = [
    &[*b"hi", *b"mr", *b"ne"],
    &[*b"ar", *b"fa", *b"ur", *b"ps"],
    &[*b"kk", *b"mn", *b"ru", *b"bg", *b"tg"],
    &[*b"es", *b"pt", *b"gl"],
    &[*b"tr", *b"az", *b"uz"],
];

/// The identified language, or a neighbour whose stop words and letters the text has.
fn checked(code: [u8; 2], prose: &str) -> Language {
    let identified = Language(code);
    let Some(neighbours) = NEIGHBOURS.iter().find(|neighbours| neighbours.contains(&code)) else { return identified };
    // Beside the identified one, those that it is no judge of.
    let unknown = neighbours[neighbours.len() - 1];
    let candidates = neighbours
        .iter()
        .filter(|&&other| other == code || other == unknown || (code != unknown && neighbours[0] == *b"hi"))
        .filter_map(|&other| table::index_of(other));
    among(candidates, table::index_of(code), prose).unwrap_or(identified)
}

/// What tells about the language: no placeholders, no hashtags. Most posts have neither and are not copied.
fn prose_of(text: &str) -> Cow<'_, str> {
    let text = &text[..text.floor_char_boundary(DETECT_BYTES_MAX)];
    let mut prose = String::new();
    let mut rest = text;
    // The first bytes of `⟨`, `#` and `＃`.
    for at in memchr::memchr3_iter(0xe2, b'#', 0xef, text.as_bytes()) {
        let read = text.len() - rest.len();
        // What has been skipped, or another character that begins so.
        if at < read || !text[at..].starts_with(['⟨', '#', '＃']) {
            continue;
        }
        prose.push_str(&text[read..at]);
        rest = &text[at..];
        let skip = match placeholder_len(rest) {
            Some(len) => len,
            None if rest.starts_with('⟨') => '⟨'.len_utf8(),
            None => rest.find(|c: char| c.is_whitespace() || c == '⟨').unwrap_or(rest.len()),
        };
        prose.push(' ');
        rest = &rest[skip..];
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    prose.push_str(rest);
    Cow::Owned(prose)
}

/// Chooses among some languages; `likely` is ahead before letters and words are looked at.
fn among(candidates: impl Iterator<Item = usize>, likely: Option<usize>, prose: &str) -> Option<Language> {
    let chars = Chars::shared();
    let alphabets = alphabets();
    let mut scores = [0_i32; LANGUAGES.len()];
    if let Some(index) = likely {
        scores[index] += IDENTIFIED_WEIGHT;
    }
    let mut word = String::with_capacity(64);
    for c in prose.chars().chain([' ']) {
        let info = chars.info(c);
        if info.makes_word() || info.class() == Class::Extend {
            let lower = if info.is_plain() { info.lower(c) } else { c };
            word.push(lower);
            if let Some(users) = alphabets.users(lower) {
                add(&mut scores, users, FOREIGN_LETTER_WEIGHT);
            }
        } else if !word.is_empty() {
            let languages = stop_languages(hash_word(&word));
            if languages != 0 {
                add(&mut scores, languages, STOP_WORD_WEIGHT / languages.count_ones() as i32);
            }
            word.clear();
        }
    }
    candidates
        .max_by_key(|&index| (scores[index], std::cmp::Reverse(index)))
        .map(|index| Language(LANGUAGES[index].code))
}

fn add(scores: &mut [i32; LANGUAGES.len()], mut languages: u128, weight: i32) {
    while languages != 0 {
        scores[languages.trailing_zeros() as usize] += weight;
        languages &= languages - 1;
    }
}

/// Letter → the languages (bits) that use it, for letters that some language of the same script does not use.
struct Alphabets(Vec<(char, u128)>);

impl Alphabets {
    fn users(&self, letter: char) -> Option<u128> {
        if letter.is_ascii() {
            return None;
        }
        self.0.binary_search_by_key(&letter, |&(known, _)| known).ok().map(|at| self.0[at].1)
    }
}

fn alphabets() -> &'static Alphabets {
    static ALPHABETS: OnceLock<Alphabets> = OnceLock::new();
    ALPHABETS.get_or_init(|| {
        let mut users = std::collections::BTreeMap::new();
        for (index, entry) in LANGUAGES.iter().enumerate() {
            for letter in entry.letters.chars() {
                *users.entry(letter).or_insert(0_u128) |= 1 << index;
            }
        }
        Alphabets(users.into_iter().collect())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Character by character, as the definition says it.
    fn plainly(text: &str) -> String {
        let mut prose = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let skip = match c {
                '⟨' => placeholder_len(rest).unwrap_or('⟨'.len_utf8()),
                '#' | '＃' => rest.find(|c: char| c.is_whitespace() || c == '⟨').unwrap_or(rest.len()),
                _ => 0,
            };
            prose.push(if skip > 0 { ' ' } else { c });
            rest = &rest[skip.max(c.len_utf8())..];
        }
        prose
    }

    proptest! {
        #[test]
        fn prose_has_neither_placeholders_nor_hashtags(text in "(⟨link⟩|⟨|⟩|#|＃|a|b| |！|…|⟩⟨x|é|字){0,30}") {
            prop_assert_eq!(prose_of(&text), plainly(&text));
        }
    }
}
