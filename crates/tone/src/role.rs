//! Which words negate what follows, and which signs end that.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{features::Letters, languages::Language};

/// Words behind a negation that are in its reach, unless a sign ends it before.
pub(crate) const REACH: u8 = 3;

const NEGATIONS: [(Language, &[&str]); 8] = [
    (Language::Ar, &["لا", "ما", "مش", "لن", "لم", "ليس", "مو", "مافي", "غير", "ولا", "بدون", "مب", "ماهو"]),
    (
        Language::De,
        &["nicht", "nich", "nix", "kein", "keine", "keinen", "keiner", "keinem", "nie", "niemals", "nichts", "ohne"],
    ),
    (
        Language::En,
        &[
            "not",
            "no",
            "never",
            "don't",
            "can't",
            "isn't",
            "won't",
            "doesn't",
            "didn't",
            "wasn't",
            "cannot",
            "dont",
            "cant",
            "wont",
            "nothing",
            "ain't",
            "aint",
            "couldn't",
            "shouldn't",
            "wouldn't",
            "aren't",
            "weren't",
            "haven't",
            "hasn't",
            "without",
            "neither",
            "nor",
            "nobody",
            "didnt",
            "doesnt",
            "isnt",
        ],
    ),
    (Language::Es, &["no", "nunca", "ni", "nada", "sin", "jamás", "jamas", "tampoco", "ningún", "ninguna"]),
    (Language::Fr, &["ne", "pas", "jamais", "rien", "aucun", "aucune", "sans", "ni"]),
    (Language::Hi, &["नहीं", "मत", "ना", "नही", "न", "nahi", "nahin", "nhi", "nai", "na", "mat", "nahii", "bina"]),
    (Language::It, &["non", "mai", "niente", "nulla", "né", "senza", "nessuno", "nessuna"]),
    (Language::Pt, &["não", "nao", "nunca", "nem", "nada", "sem", "n", "ñ", "jamais", "nenhum", "nenhuma"]),
];

/// Every negation by the hash of its letters, in order, with the languages that it negates in. They are folded as the words of posts
/// are, since Arabic spellings are.
static BY_HASH: LazyLock<Vec<(u64, u8)>> = LazyLock::new(|| {
    let mut bits = BTreeMap::new();
    for (language, words) in &NEGATIONS {
        for word in *words {
            *bits.entry(Letters::of(word).whole()).or_default() |= 1 << *language as u8;
        }
    }
    bits.into_iter().collect()
});

/// The languages that a word negates in, a bit each, and whether it ends a reach. It is asked for each word that was never read before,
/// so negations are found by `whole`, the word's hash.
pub(crate) fn of(word: &[u32], whole: u64) -> (u8, bool) {
    let ends = word.first().is_some_and(|&code| {
        matches!(char::from_u32(code), Some('.' | '!' | '?' | ',' | ';' | ':' | '؟' | '،' | '؛' | '।' | '\n'))
    });
    let negates = BY_HASH.binary_search_by_key(&whole, |(hash, _)| *hash).map_or(0, |at| BY_HASH[at].1);
    (negates, ends)
}

/// How far the last negation still reaches.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scope(u8);

impl Scope {
    /// Whether the next word is in reach, and what it does to the reach.
    #[inline]
    pub(crate) fn step(&mut self, negates: bool, ends: bool) -> bool {
        if ends {
            self.0 = 0;
        }
        let inside = self.0 > 0;
        self.0 = if negates { REACH } else { self.0.saturating_sub(1) };
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: &str) -> (u8, bool) {
        let letters = Letters::of(word);
        of(letters.as_slice(), letters.whole())
    }

    #[test]
    fn negations_are_found_and_nothing_else() {
        for (language, words) in NEGATIONS {
            for word in words {
                assert_ne!(read(word).0 & 1 << language as u8, 0, "{word}");
            }
        }
        for word in ["", "note", "nic", "good", "।", "нет"] {
            assert_eq!(read(word).0, 0, "{word}");
        }
        assert_eq!((read("!").1, read("no").1), (true, false));
    }
}
