//! Which words negate what follows, and which signs end that.

use crate::languages::Language;

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

/// The languages that a word negates in, a bit each, and whether it ends a reach.
pub(crate) fn of(word: &[u32]) -> (u8, bool) {
    let ends = word.first().is_some_and(|&code| {
        matches!(char::from_u32(code), Some('.' | '!' | '?' | ',' | ';' | ':' | '؟' | '،' | '؛' | '।' | '\n'))
    });
    let mut negates = 0;
    for (language, words) in &NEGATIONS {
        // Folded as the words of posts are, since Arabic spellings are.
        if words
            .iter()
            .any(|other| other.chars().filter_map(crate::letters::fold).map(u32::from).eq(word.iter().copied()))
        {
            negates |= 1 << *language as u8;
        }
    }
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
