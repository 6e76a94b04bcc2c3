//! Which language an undeclared text is in: scripts first, then `whichlang`, checked by letters and stop words.
//!
//! Simple on purpose; an identifier of our own is an issue of its own and would replace [`detect_language`].

pub mod eval;
mod script;
pub(crate) mod table;

use std::sync::OnceLock;

use self::{
    script::{SCRIPTS, Script},
    table::{ENGLISH, LANGUAGES},
};
use crate::{
    Language,
    chars::{Chars, Class},
    hash_word,
    stop::stop_languages,
    words::placeholder_len,
};

/// How much of a text the detector reads, in bytes.
const DETECT_BYTES_MAX: usize = 1_024;

/// Fewer letters than this (a Han character counts for three, kana and Hangul for two) are `und`.
const LETTERS_MIN: u32 = 3;

/// What `whichlang`'s answer (or being the script's most common language) is worth, in units of [`STOP_WORD_WEIGHT`].
const WHICHLANG_WEIGHT: i32 = 120;
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
    let mut prose = String::with_capacity(text.len().min(DETECT_BYTES_MAX));
    prose_of(text, &mut prose);
    let chars = Chars::shared();
    let mut letters = [0_u32; SCRIPTS];
    for c in prose.chars() {
        let info = chars.info(c);
        if info.makes_word()
            && info.class() != Class::Digit
            && let Some(script) = Script::of(c)
        {
            letters[script as usize] += script.weight();
        }
    }
    // Japanese is written in kana and Han together; kana alone tell it from Chinese.
    if letters[Script::Kana as usize] * 10 >= letters[Script::Han as usize] {
        letters[Script::Kana as usize] +=
            if letters[Script::Kana as usize] > 0 { letters[Script::Han as usize] } else { 0 };
    }
    let Some(script) =
        Script::ALL.into_iter().max_by_key(|&script| (letters[script as usize], std::cmp::Reverse(script)))
    else {
        return Language::UND;
    };
    if letters[script as usize] < LETTERS_MIN {
        return Language::UND;
    }
    match script {
        Script::Latin => among(script, whichlang_index(&prose), &prose),
        // Of these `whichlang` knows one language each.
        Script::Cyrillic => among(script, table::index_of(*b"ru"), &prose),
        Script::Arabic => among(script, table::index_of(*b"ar"), &prose),
        Script::Devanagari => among(script, table::index_of(*b"hi"), &prose),
        only => LANGUAGES.iter().find(|entry| entry.script == only).map_or(Language::UND, |entry| Language(entry.code)),
    }
}

/// Copies what tells about the language: no placeholders, no hashtags.
fn prose_of(text: &str, prose: &mut String) {
    let text = &text[..text.floor_char_boundary(DETECT_BYTES_MAX)];
    let mut rest = text;
    while let Some(at) = rest.find(['⟨', '#', '＃']) {
        prose.push_str(&rest[..at]);
        rest = &rest[at..];
        let skip = match placeholder_len(rest) {
            Some(len) => len,
            None if rest.starts_with('⟨') => '⟨'.len_utf8(),
            None => rest.find(|c: char| c.is_whitespace() || c == '⟨').unwrap_or(rest.len()),
        };
        prose.push(' ');
        rest = &rest[skip..];
    }
    prose.push_str(rest);
}

/// Chooses among the languages of a script that several use; `likely` is ahead before letters and words are looked at.
fn among(script: Script, likely: Option<usize>, prose: &str) -> Language {
    let chars = Chars::shared();
    let alphabets = alphabets();
    let mut scores = [0_i32; LANGUAGES.len()];
    if let Some(index) = likely {
        scores[index] += WHICHLANG_WEIGHT;
    }
    let mut word = String::with_capacity(64);
    let mut told = 0;
    for c in prose.chars().chain([' ']) {
        let info = chars.info(c);
        if info.makes_word() || info.class() == Class::Extend {
            let lower = if info.is_plain() { info.lower(c) } else { c };
            word.push(lower);
            if let Some(users) = alphabets.users(lower) {
                told += FOREIGN_LETTER_WEIGHT;
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
    let best = (0..LANGUAGES.len())
        .filter(|&index| LANGUAGES[index].script == script)
        .max_by_key(|&index| (scores[index], std::cmp::Reverse(index)));
    // `told` is what a language gets that uses every telling letter of the text.
    match best {
        Some(index) if scores[index] > told / 2 || (script != Script::Latin && scores[index] > 0) => {
            Language(LANGUAGES[index].code)
        }
        _ => Language::UND,
    }
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

fn whichlang_index(prose: &str) -> Option<usize> {
    use whichlang::Lang;
    let code = match whichlang::detect_language(prose) {
        Lang::Ara => b"ar",
        Lang::Cmn => b"zh",
        Lang::Deu => b"de",
        Lang::Eng => return Some(ENGLISH),
        Lang::Fra => b"fr",
        Lang::Hin => b"hi",
        Lang::Ita => b"it",
        Lang::Jpn => b"ja",
        Lang::Kor => b"ko",
        Lang::Nld => b"nl",
        Lang::Por => b"pt",
        Lang::Rus => b"ru",
        Lang::Spa => b"es",
        Lang::Swe => b"sv",
        Lang::Tur => b"tr",
        Lang::Vie => b"vi",
    };
    table::index_of(*code)
}
