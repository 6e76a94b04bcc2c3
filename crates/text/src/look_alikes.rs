//! Letters written for others that look like them: `раypal` with a Cyrillic `р` and `а`.
//!
//! By the confusables of Unicode (UTS 39), as far as they are letters of one design: Latin, Cyrillic, Greek, Armenian, Cherokee,
//! Coptic, Lisu. `data/look-alikes.txt` has them, `tests/look_alikes.rs` makes it.
//!
//! A *skeleton* in the sense of UTS 39 makes words equal that nobody mistook for each other (`cop` and the Russian `сор`), so words
//! are not compared by it. A word gets a further reading, in one alphabet, where its letters are of several.

use std::borrow::Cow;

use icu_properties::{CodePointMapData, props::Script};

use crate::{
    chars::{Chars, Info},
    normal::Normalizer,
};

const TABLE: &str = include_str!("../data/look-alikes.txt");

/// Letters of a word that is read so, at most. What has more is no word that people search for, but may be a key or an address that
/// one letter kept from being scrubbed.
const LETTERS_MAX: usize = 24;
/// Of a word with digits, letters and digits, and digits: `сovid19`, and no number or key of anybody.
const WITH_DIGITS_MAX: usize = 12;
const DIGITS_MAX: usize = 3;

/// What foreign letters can be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    Latin,
    Cyrillic,
    Greek,
}

impl Alphabet {
    pub(crate) const ALL: [Self; 3] = [Self::Latin, Self::Cyrillic, Self::Greek];

    pub(crate) const fn script(self) -> Script {
        match self {
            Self::Latin => Script::Latin,
            Self::Cyrillic => Script::Cyrillic,
            Self::Greek => Script::Greek,
        }
    }
}

/// What a letter can be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Like {
    pub(crate) letter: char,
    /// That stands on it.
    pub(crate) mark: Option<char>,
    /// By Unicode; else because a small letter of Cyrillic looks like a small capital.
    pub(crate) is_exact: bool,
}

/// Which letter looks like which of an alphabet: by Unicode, and by the shape of its capital.
pub(crate) struct LookAlikes([[Vec<(char, char)>; 2]; 3]);

impl LookAlikes {
    pub(crate) fn new() -> Self {
        let mut lines = TABLE.lines();
        let pair = |text: &str| {
            let mut letters = text.chars();
            letters.next().zip(letters.next()).filter(|_| letters.next().is_none())
        };
        // They are in order, which a test holds.
        let mut pairs = |heads| lines.next().unwrap_or_default().split(' ').skip(heads).filter_map(pair).collect();
        Self(Alphabet::ALL.map(|_| [pairs(1), pairs(3)]))
    }

    pub(crate) fn get(&self, c: char, alphabet: Alphabet) -> Option<Like> {
        let [exact, by_capitals] = &self.0[alphabet as usize];
        let find = |pairs: &[(char, char)], is_exact| {
            let at = pairs.binary_search_by_key(&c, |pair| pair.0).ok()?;
            Some(Like { letter: pairs[at].1, mark: None, is_exact })
        };
        find(exact, true).or_else(|| find(by_capitals, false))
    }
}

/// How much says that a word was written with letters of another script than it is meant in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mixture {
    /// Its letters are of several scripts.
    Mixed,
    /// All are of one script, and all look like letters of another. Words of honest Russian are like that, too.
    Whole,
}

/// Reads a word, as it is spelt or in normal form, in an alphabet: appends the normal form of that, if it has foreign letters and each
/// of them looks like one of the alphabet's.
pub(crate) fn push_read_as(
    chars: &Chars,
    normalizer: &Normalizer,
    raw: &str,
    alphabet: Alphabet,
    out: &mut String,
) -> Option<Mixture> {
    let (mut letters, mut digits) = (0, 0);
    let (mut scripts, mut run, mut is_mixed) = (Scripts::None, Scripts::None, false);
    let (mut has_own, mut has_foreign, mut is_exact) = (false, false, true);
    let mut read = String::with_capacity(raw.len());
    for c in normalizer.composed(raw).chars() {
        let info = chars.info(c);
        if !info.is_of_a_script() {
            let is_digit = c.is_numeric();
            digits += usize::from(is_digit);
            // `нтв.ru` is of two scripts and mixes none.
            if !is_digit && !info.is_mark() {
                run = Scripts::None;
            }
            read.push(c);
            continue;
        }
        letters += 1;
        scripts = scripts.with(c);
        run = run.with(c);
        is_mixed |= run == Scripts::Several;
        if info.is_foreign(alphabet) {
            has_foreign = true;
            let like = chars.look_alike(c, alphabet)?;
            is_exact &= like.is_exact;
            read.push(like.letter);
            read.extend(like.mark);
        } else {
            has_own = true;
            read.push(c);
        }
    }
    let mixture = match scripts {
        Scripts::Several if is_mixed && (has_own || alphabet == Alphabet::Latin) => Mixture::Mixed,
        Scripts::One(_) if is_exact => Mixture::Whole,
        _ => return None,
    };
    let is_long = letters > LETTERS_MAX || digits > 0 && letters + digits > WITH_DIGITS_MAX || digits > DIGITS_MAX;
    if !has_foreign || is_long {
        return None;
    }
    normalizer.push(&read, out);
    Some(mixture)
}

/// The readings of a word in normal form whose letters are of several scripts.
pub(crate) fn readings_of_mixed(word: &str) -> impl Iterator<Item = String> {
    let (chars, normalizer) = (Chars::shared(), Normalizer::new());
    let seen = if word.is_ascii() {
        Info::default()
    } else {
        word.chars().fold(Info::default(), |seen, c| seen.or(chars.info(c)))
    };
    Alphabet::ALL.into_iter().filter(move |alphabet| seen.looks_like(*alphabet)).filter_map(move |alphabet| {
        let mut reading = String::new();
        let mixture = push_read_as(chars, &normalizer, word, alphabet, &mut reading)?;
        (mixture == Mixture::Mixed).then_some(reading)
    })
}

/// A word in normal form, or what it says where its letters are of several scripts.
pub(crate) fn as_read(word: &str) -> Cow<'_, str> {
    readings_of_mixed(word).next().map_or(Cow::Borrowed(word), Cow::Owned)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scripts {
    None,
    One(Script),
    Several,
}

impl Scripts {
    fn with(self, c: char) -> Self {
        let script = CodePointMapData::<Script>::new().get(c);
        match self {
            Self::None => Self::One(script),
            Self::One(known) if known == script => self,
            _ => Self::Several,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(word: &str) -> Vec<String> {
        readings_of_mixed(word).collect()
    }

    #[test]
    fn the_table_is_in_order_and_leads_to_letters_of_its_alphabet() {
        let table = LookAlikes::new();
        for alphabet in Alphabet::ALL {
            let [exact, by_capitals] = &table.0[alphabet as usize];
            assert!(exact.len() > 30, "{alphabet:?}");
            assert!([exact, by_capitals].iter().all(|pairs| pairs.is_sorted_by(|a, b| a.0 < b.0)), "{alphabet:?}");
            for (letter, like) in exact.iter().chain(by_capitals) {
                let script = |c: char| CodePointMapData::<Script>::new().get(c);
                assert!(script(*like) == alphabet.script() && script(*letter) != alphabet.script(), "{letter}{like}");
            }
        }
    }

    #[test]
    fn what_mixes_scripts_has_a_reading_where_all_of_it_looks_so() {
        for (word, expected) in [
            ("раypal", vec!["paypal"]),
            ("сovid19", vec!["covid19"]),
            ("Вitсоin", vec!["bitcoin"]),
            ("вitcoin", vec!["bitcoin"]),
            ("zеle\u{301}nskу", vec!["zelénsky"]),
            ("Рoccия", vec!["россия"]),
            ("ρrotest", vec!["protest"]),
            // Each letter has one of the other kind that looks like it.
            ("сop", vec!["cop", "сор"]),
            // Honest company of two scripts.
            ("μtorrent", vec![]),
            ("αlpha", vec!["alpha"]),
            ("youtubeда", vec![]),
            ("kpop을", vec![]),
            ("сор", vec![]),
            ("cop", vec![]),
            ("κόσμος", vec![]),
            ("нтв.ru", vec![]),
            ("сovid2019", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(readings(word), expected, "{word}");
        }
        assert!(readings(&format!("{}с", "a".repeat(LETTERS_MAX))).is_empty());
    }
}
