//! [`NameFinder::spelt`]: a name run together whose capitals part it (`JaneDoe`), whether or not a list has its parts.

use super::joined::value;
use super::lexicon::Known;
use super::{NameFinder, looks};
use crate::hash_word;

/// Names of a hashtag that is a person's, at most: `#JuanPabloGarcíaMárquez`.
const NAMES_MAX: usize = 4;
/// Letters of a part that no list has.
const UNLISTED_LETTERS_MIN: usize = 3;
/// In quarters, as `Lexicon::score` counts: two listed names, one of them a given one.
const LISTED_NEED: i32 = 16;
/// What a listed name is worth that is an everyday word as well, but none of the most frequent.
const EVERYDAY_NAME: i32 = 8;
/// Several listed names and a part that no list has: what the model says of it may speak against a name a little, not much.
const LISTED_AND_UNLISTED_NEED: i32 = 8;
/// Three parts that no list has, or two in Cyrillic, of whose inflected everyday words few are listed: each must look like a name.
const UNLISTED_NEED: i32 = 2;
/// Behind an initial or a title.
const ALONE_NEEDS: i32 = 12;
/// Begin a family name, and are written with a capital behind them: `McDonald`.
const BEGINNINGS: [&str; 3] = ["mc", "mac", "fitz"];

/// What a part of a hashtag can be in a name.
enum Part {
    /// `J`, `Mr`
    Before,
    /// `De`, `Van`, `Mc`
    Particle,
    Listed {
        value: i32,
        is_given: bool,
    },
    Unlisted {
        value: i32,
    },
    /// No part of a name.
    No,
}

impl NameFinder {
    /// Whether a hashtag without its sign, as it is spelt, is parted by its capitals into what looks like a person's name.
    pub fn spelt(&self, spelling: &str) -> bool {
        // Asked of the same hashtags all day.
        let is_name =
            || self.is_spelt(spelling) || looks::readings(spelling).iter().any(|reading| self.is_spelt(&reading.word));
        self.spelt.or_find(hash_word(spelling), || u8::from(is_name())) != 0
    }

    fn is_spelt(&self, spelling: &str) -> bool {
        let Some(parts) = capital_parts(spelling) else { return false };
        let whole: String = parts.concat().to_lowercase();
        let known = self.lexicon.word(&whole);
        // `#YouTube`, `#NewYork`
        if known.is_word() || known.is(Known::PHRASE) {
            return false;
        }
        let (mut names, mut unlisted, mut sum, mut least, mut least_listed) = (0, 0, 0, i32::MAX, i32::MAX);
        let (mut has_given, mut before) = (false, false);
        let last = parts.len() - 1;
        for (at, part) in parts.iter().enumerate() {
            match self.part(part, at == last) {
                Part::No => return false,
                Part::Before => before = true,
                Part::Particle => {}
                Part::Listed { value, is_given } => {
                    names += 1;
                    sum += value;
                    least_listed = least_listed.min(value);
                    has_given |= is_given;
                }
                Part::Unlisted { value } => {
                    names += 1;
                    unlisted += 1;
                    sum += value;
                    least = least.min(value);
                }
            }
        }
        match (names, unlisted) {
            (1, 0) => before && sum >= ALONE_NEEDS,
            (0 | 1, _) => false,
            // `#WakeUpAmerica`: words that are people's names, too.
            (names, _) if names > NAMES_MAX || names > 2 && least_listed <= 0 => false,
            (_, 0) => has_given && sum >= LISTED_NEED,
            // However little they look like a name: the rule of PRIVACY section 4 asks no more, as in a text.
            (2, 1) if least_listed >= EVERYDAY_NAME => true,
            (names, unlisted) if names > unlisted => sum >= LISTED_AND_UNLISTED_NEED,
            (2, _) if !whole.starts_with(|letter| ('\u{400}'..'\u{530}').contains(&letter)) => true,
            (2 | 3, _) => least >= UNLISTED_NEED,
            _ => false,
        }
    }

    fn part(&self, part: &str, is_last: bool) -> Part {
        let letters = part.chars().count();
        if letters == 1 {
            return Part::Before;
        }
        // `#EUReferendum`
        if part.chars().all(char::is_uppercase) {
            return Part::No;
        }
        let word = part.to_lowercase();
        let known = self.lexicon.word(&word);
        if !is_last && (known.is(Known::PARTICLE) && !known.is(Known::GIVEN) || BEGINNINGS.contains(&word.as_str())) {
            return Part::Particle;
        }
        if known.is(Known::HONORIFIC) && !known.is(Known::NAME) {
            return Part::Before;
        }
        match value(self.lexicon, &word) {
            Some(value) if known.is(Known::NAME) => Part::Listed { value, is_given: known.is(Known::GIVEN) },
            Some(value) if !known.is_word() && letters >= UNLISTED_LETTERS_MIN => Part::Unlisted { value },
            _ => Part::No,
        }
    }
}

/// The parts of a hashtag, two at least, each with a capital first; `None` where capitals do not part it or it is not all letters.
fn capital_parts(spelling: &str) -> Option<Vec<&str>> {
    let spelling = spelling.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    let letters: Vec<(usize, char)> = spelling.char_indices().collect();
    let mut starts = Vec::new();
    for (index, &(at, letter)) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before].1);
        let behind = letters.get(index + 1).map(|behind| behind.1);
        let begins = match before {
            None | Some('_') => true,
            Some(before) => letter.is_uppercase() && (!before.is_uppercase() || behind.is_some_and(char::is_lowercase)),
        };
        if letter != '_' && !letter.is_alphabetic() || begins && letter != '_' && !letter.is_uppercase() {
            return None;
        }
        if begins && letter != '_' {
            starts.push(at);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([spelling.len()]);
    let parts: Vec<&str> =
        starts.iter().zip(ends).map(|(from, to)| spelling[*from..to].trim_end_matches('_')).collect();
    (parts.len() >= 2).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_part_a_hashtag() {
        for (spelling, parts) in [
            ("JaneDoe", Some(&["Jane", "Doe"][..])),
            ("Jane_Doe_1985", Some(&["Jane", "Doe"])),
            ("JFKennedy", Some(&["JF", "Kennedy"])),
            ("EUReferendum", Some(&["EU", "Referendum"])),
            ("ЯнаИванова", Some(&["Яна", "Иванова"])),
            ("janeDoe", None),
            ("Jane_doe", None),
            ("Jane", None),
            ("JANE", None),
            ("Covid19Vaccine", None),
            ("janedoe", None),
            ("_", None),
            ("", None),
        ] {
            assert_eq!(capital_parts(spelling).as_deref(), parts, "{spelling}");
        }
    }

    #[test]
    fn names_by_their_capitals_and_topics_that_are_none() {
        let finder = NameFinder::new();
        for name in [
            "JaneDoe",
            "Jane_Doe",
            "JaneVexlinova",
            "ZquillaraVanterpoolski",
            "MariaDeLaCruz",
            "JKowalczyk",
            "AlbertMiklavčič",
        ] {
            assert!(finder.spelt(name), "{name}");
        }
        for topic in [
            "ClimateActionNow",
            "BlackLivesMatter",
            "NewYork",
            "YouTube",
            "EUReferendum",
            "TrumpPence",
            "MakeAmericaGreatAgain",
            "HeavyRain",
            "WakeUpAmerica",
            "ПолныйКонтакт",
            "WorldCup",
            "janedoe",
        ] {
            assert!(!finder.spelt(topic), "{topic}");
        }
    }
}
