//! What an entry may say: [`Word`]s of this program and [`Wording`]s of the operator. Neither can be made to hold what leads to a
//! person, whoever calls: what is not plain is left out and said to be.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Longest word, in bytes.
pub const WORD_BYTES_MAX: usize = 128;

/// Longest wording, in bytes: a query has 4,096 characters at most.
pub const WORDING_BYTES_MAX: usize = 16_384;

/// What stands where something was left out.
pub const WITHHELD: &str = "(withheld)";

/// So many digits together are a number that could be someone's.
const DIGITS_MAX: usize = 6;

/// A name of this program's own making: a version, a table, a setting, a route's template. ASCII letters, digits and
/// `.`, `_`, `-`, `/`, `{`, `}`, `:`, `*`, `(`, `)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Word(String);

/// What the operator wrote and everyone may read: an account's name, a watch's name, query and purpose. It was checked where it
/// was taken in (a query that asks for a person is refused there); what still looks like a way to a person is left out here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Wording(String);

impl Word {
    /// Takes a word, or leaves it out.
    pub fn new(text: &str) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/{}:*()".contains(&byte);
        let fits = !text.is_empty() && text.len() <= WORD_BYTES_MAX && text.bytes().all(plain);
        Self(if fits { text } else { WITHHELD }.to_owned())
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Wording {
    /// Takes a wording, or leaves it out.
    pub fn new(text: &str) -> Self {
        let plain = text.len() <= WORDING_BYTES_MAX && !text.chars().any(char::is_control) && !leads_to_a_person(text);
        Self(if plain { text } else { WITHHELD }.to_owned())
    }

    /// Where nobody is asked who they are. The name of the system's user is not read.
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// The wording.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Addresses, handles, links and long numbers. Coarse on purpose: the real check is the scrubber's, before this.
fn leads_to_a_person(text: &str) -> bool {
    text.contains(['@', '＠']) || text.contains("://") || text.contains("did:") || has_long_number(text)
}

/// Digits with nothing but the usual separators between them.
fn has_long_number(text: &str) -> bool {
    let mut digits = 0;
    for letter in text.chars() {
        if letter.is_numeric() {
            digits += 1;
            if digits > DIGITS_MAX {
                return true;
            }
        } else if !matches!(letter, ' ' | '\u{a0}' | '.' | '-' | '/' | '(' | ')' | '+' | '\u{2011}') {
            digits = 0;
        }
    }
    false
}

macro_rules! texts {
    ($($type:ty),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::new(&String::deserialize(deserializer)?))
            }
        }
    )*};
}

texts!(Word, Wording);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{WITHHELD, Word, Wording};

    #[test]
    fn what_leads_to_a_person_is_left_out() {
        for plain in
            ["flood* AND (river OR \"heavy rain\")", "See where flooding is discussed.", "covid-19 2024", "überflutung"]
        {
            assert_eq!(Wording::new(plain).as_str(), plain);
        }
        for personal in [
            "jane@example.org",
            "@jane",
            "https://example.org/jane",
            "did:plc:abc",
            "+49 30 5557788",
            "030/555-77-88",
            "DE89 3704 0044 0532 0130 00",
            "4111 1111 1111 1111",
            "٠٣٠٥٥٥٧٧٨٨",
            "two\nlines",
        ] {
            assert_eq!(Wording::new(personal).as_str(), WITHHELD, "{personal}");
        }
        assert_eq!(Wording::new(&"a".repeat(20_000)).as_str(), WITHHELD);
        for word in ["/api/v1/volumes", "0.1.0", "gate.k", "jsonl", "/x/{id}"] {
            assert_eq!(Word::new(word).as_str(), word);
        }
        for other in ["", "two words", "ü", "a@b", "say \"it\""] {
            assert_eq!(Word::new(other).as_str(), WITHHELD, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_wording_holds_an_address_or_a_long_number(text in "\\PC*", digits in "[0-9]{7,20}", at in 0_usize..40) {
            let cut = text.char_indices().nth(at).map_or(text.len(), |(index, _)| index);
            let planted = format!("{}{digits}{}", &text[..cut], &text[cut..]);
            prop_assert!(!Wording::new(&planted).as_str().contains(&digits));
            prop_assert!(!Wording::new(&text).as_str().contains('@'));
        }
    }
}
