//! Stop words of about sixty languages, and which words are worth counting as terms.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::OnceLock,
};

use crate::{Language, Word, hash_word, language::table};

/// The longest term, in characters.
const TERM_CHARS_MAX: usize = 64;

const LISTS: &str = include_str!("../data/stop-words.txt");

/// Hashes of [`hash_word`] are spread already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 keys are hashed");
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Which words are stop words, and where.
struct StopWords {
    /// By some bits of the hash: most words are told apart by these 16 kB and never looked up.
    may_be: Box<[u64]>,
    /// Word → the set of languages (bits of [`table`]) in which it is a stop word.
    languages: HashMap<u64, u128, BuildHasherDefault<IdentityHasher>>,
}

const MAY_BE_BITS: usize = 1 << 17;

impl StopWords {
    /// Word and bit in `may_be`.
    #[inline]
    fn place(hash: u64) -> (usize, u64) {
        let bit = (hash >> 20) as usize % MAY_BE_BITS;
        (bit / 64, 1 << (bit % 64))
    }
}

fn table_of_words() -> &'static StopWords {
    static STOP_WORDS: OnceLock<StopWords> = OnceLock::new();
    STOP_WORDS.get_or_init(|| {
        let mut words = StopWords { may_be: vec![0; MAY_BE_BITS / 64].into(), languages: HashMap::default() };
        for line in LISTS.lines() {
            let mut fields = line.split(' ');
            let bit = fields.next().and_then(|code| code.as_bytes().try_into().ok()).and_then(table::index_of);
            let bit = bit.expect("a test holds that the table has every language of the list");
            for word in fields {
                let hash = hash_word(word);
                let (at, place) = StopWords::place(hash);
                words.may_be[at] |= place;
                *words.languages.entry(hash).or_insert(0) |= 1 << bit;
            }
        }
        words
    })
}

/// The hashes of all of them.
pub(crate) fn stop_words() -> impl Iterator<Item = u64> {
    table_of_words().languages.keys().copied()
}

/// The languages (bits of [`table`]) in which a word is a stop word.
pub(crate) fn stop_languages(hash: u64) -> u128 {
    let words = table_of_words();
    let (at, place) = StopWords::place(hash);
    if words.may_be[at] & place == 0 { 0 } else { words.languages.get(&hash).copied().unwrap_or(0) }
}

/// Words of a piece of a text, which is asked for stop words by itself.
const PIECE_WORDS: usize = 3;

/// Whether a text is in one language, as far as can be told by stop words: some language has one in every few words, and others at most
/// one there that it lacks; or it lacks none, and no two pieces in a row have none. Most texts in one language are, and about one in fifty
/// in two.
pub(crate) fn are_of_one_language(words: &[Word]) -> bool {
    // The languages of which the first is so, and the second.
    let (mut everywhere, mut alone) = (u128::MAX, u128::MAX);
    let mut had_none = false;
    let mut pieces = words.chunks(PIECE_WORDS).peekable();
    while let Some(piece) = pieces.next() {
        // What is left at the end is no piece.
        let rest = pieces.next_if(|next| next.len() < PIECE_WORDS).unwrap_or_default();
        // The languages that have one of its stop words, that lack one, that lack two.
        let (mut have, mut lack, mut lack_two) = (0, 0, 0);
        for word in piece.iter().chain(rest) {
            let languages = stop_languages(word.hash);
            if languages != 0 {
                have |= languages;
                lack_two |= lack & !languages;
                lack |= !languages;
            }
        }
        let has_none = have == 0;
        everywhere &= have & !lack_two;
        if !has_none {
            alone &= have & !lack;
        } else if had_none {
            alone = 0;
        }
        had_none = has_none;
        if everywhere | alone == 0 {
            return false;
        }
    }
    true
}

/// Whether a word is a stop word in any language. Takes [`hash_word`] of the normal form.
///
/// Where the post's language is known, [`is_stop_word_in`] is better: `war` is a stop word only in German.
pub fn is_stop_word(hash: u64) -> bool {
    stop_languages(hash) != 0
}

/// Whether a word is a stop word in `language` or in English (labels are wrong often enough, and most often for
/// English); in any language where `language` is [`Language::UND`].
pub fn is_stop_word_in(language: Language, hash: u64) -> bool {
    let languages = stop_languages(hash);
    if languages == 0 {
        return false;
    }
    if language == Language::UND {
        return true;
    }
    let own = table::index_of(language.0).map_or(0, |bit| 1_u128 << bit);
    languages & (own | 1 << table::ENGLISH) != 0
}

/// Whether a word is a stop word in every post, whatever its language: [`is_stop_word_in`] says so of all of them.
pub fn is_stop_word_everywhere(hash: u64) -> bool {
    stop_languages(hash) & (1 << table::ENGLISH) != 0
}

/// Whether a word has the shape of a term: 2 to 64 characters, a letter among them. It is one in posts of whose language it
/// is no stop word ([`is_stop_word_in`]).
pub fn has_term_shape(word: &str) -> bool {
    let bytes = word.as_bytes();
    if bytes.is_ascii() {
        return (2..=TERM_CHARS_MAX).contains(&bytes.len()) && bytes.iter().any(u8::is_ascii_alphabetic);
    }
    let count = word.chars().take(TERM_CHARS_MAX + 1).count();
    match count {
        // One ideograph is mostly a piece of a word that the dictionary did not know, and says nothing by itself.
        0 | 1 => false,
        _ => count <= TERM_CHARS_MAX && word.chars().any(char::is_alphabetic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lang(code: &str) -> Language {
        Language::from_code(code.as_bytes().try_into().unwrap())
    }

    #[test]
    fn stop_words_tell_texts_in_one_language() {
        let mut analyzer = crate::Analyzer::new();
        let mut analysis = crate::Analysis::new();
        let mut one = |text: &str| {
            analyzer.tokenize(text, &mut analysis);
            are_of_one_language(&analysis.words)
        };
        let english = "it is not that I do not know what to do with all of this";
        let polish = "nie wiem co mam z tym zrobić, ale to nie jest już tak jak było";
        assert!(one(english) && one(polish));
        // A piece without any, and one with a word of another language.
        assert!(one("it is not that I do not know river banks flooding what to do with all of this"));
        assert!(one("it is not that I do nie know what to do with all of this"));
        assert!(!one(&format!("{english} {polish}")) && !one(&format!("{polish} {english}")));
        assert!(!one("it is not that I do not know nie wiem co mam z tym zrobić what to do with all of this"));
        assert!(!one("river banks flooding houses roofs people waiting boats nobody comes"));
    }

    #[test]
    fn every_list_belongs_to_a_language_of_the_table() {
        for line in LISTS.lines() {
            let code: [u8; 2] = line.as_bytes()[..2].try_into().unwrap();
            assert!(table::index_of(code).is_some(), "{}", &line[..2]);
        }
    }

    #[test]
    fn every_listed_word_is_in_normal_form_and_one_word() {
        let mut analyzer = crate::Analyzer::new();
        let mut analysis = crate::Analysis::new();
        let mut several = 0;
        let mut all = 0;
        for line in LISTS.lines() {
            for word in line.split(' ').skip(1) {
                analyzer.tokenize(word, &mut analysis);
                all += 1;
                match analysis.words.as_slice() {
                    [one] => assert_eq!(one.hash, hash_word(word), "{word}"),
                    // Dictionary segmentation cuts some Chinese, Japanese and Thai entries.
                    _ => several += 1,
                }
            }
        }
        assert!(all > 10_000 && several * 20 < all, "{several} of {all}");
    }

    #[test]
    fn stop_words_know_their_language() {
        for (code, word, expected) in [
            ("en", "the", true),
            ("en", "flood", false),
            ("en", "war", false),
            ("de", "war", true),
            ("de", "the", true),
            ("und", "war", true),
            ("ru", "что", true),
            ("fr", "l", true),
        ] {
            let language = if code == "und" { Language::UND } else { lang(code) };
            assert_eq!(is_stop_word_in(language, hash_word(word)), expected, "{code} {word}");
            assert!(!is_stop_word_everywhere(hash_word(word)) || expected, "{code} {word}");
        }
        assert!(is_stop_word(hash_word("war")) && !is_stop_word_everywhere(hash_word("war")));
        assert!(is_stop_word_everywhere(hash_word("the")));
    }

    #[test]
    fn terms_have_a_letter_and_a_length() {
        for (word, expected) in [
            ("flood", true),
            ("x", false),
            ("水", false),
            ("洪水", true),
            ("й", false),
            ("2016", false),
            ("covid19", true),
            ("__", false),
            ("", false),
        ] {
            assert_eq!(has_term_shape(word), expected, "{word}");
        }
        assert!(!has_term_shape(&"ab".repeat(33)));
    }
}
