//! Watches and posts made up from a list of words: the load of benchmarks and tests.
//!
//! The same seed, number and words give the same watches, whatever the machine.

use crate::date::Date;
use crate::file::{Purpose, Watch, WatchSet};

/// A small generator of random numbers (`SplitMix64`: Steele, Lea, Flood, 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to before `end`, which is not 0.
    pub const fn below(&mut self, end: usize) -> usize {
        ((self.bits() as u128 * end as u128) >> 64) as usize
    }

    /// From 0 to before 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Writes queries. Words are drawn by rank, evenly over the logarithm of it, so that common words are drawn far oftener than
/// rare ones but each magnitude as often as the next, as people choose search words.
#[derive(Debug)]
struct Writer<'w> {
    random: Random,
    words: Vec<&'w str>,
}

impl<'w> Writer<'w> {
    /// A word of rank `from` or later.
    fn word(&mut self, from: usize) -> &'w str {
        let last = self.words.len() - 1;
        let from = from.min(last) as f64 + 1.0;
        let rank = from * ((last + 1) as f64 / from).powf(self.random.unit());
        self.words[(rank as usize - 1).min(last)]
    }

    /// A word of a topic: the commonest hundred words are none.
    fn topic(&mut self) -> &'w str {
        self.word(100)
    }

    /// A word that by itself is worth a watch.
    fn rare(&mut self) -> &'w str {
        self.word(2_000.min(self.words.len() / 4))
    }

    fn prefix(&mut self) -> String {
        let word = self.rare();
        let length = word.chars().count();
        let kept = (length * 3 / 4).max(4.min(length)).max(2);
        let prefix: String = word.chars().take(kept).collect();
        if prefix.chars().filter(|c| c.is_alphanumeric()).count() < 2 { word.to_owned() } else { format!("{prefix}*") }
    }

    fn any_of(&mut self, count: usize) -> String {
        let words: Vec<String> = (0..count)
            .map(|_| match self.random.below(8) {
                0 => self.prefix(),
                1 => format!("\"{} {}\"", self.topic(), self.topic()),
                _ => self.rare().to_owned(),
            })
            .collect();
        format!("({})", words.join(" OR "))
    }

    fn field(&mut self) -> &'static str {
        const FIELDS: [&str; 8] = [
            "lang:en",
            "lang:en",
            "lang:es",
            "lang:ru",
            "relation:post",
            "kind:person",
            "relation:repost",
            "region:US",
        ];
        FIELDS[self.random.below(FIELDS.len())]
    }

    /// One query. The shares of the forms, in hundredths, are those of the arms.
    fn query(&mut self) -> String {
        match self.random.below(100) {
            0..20 => self.rare().to_owned(),
            20..38 => format!("{} {}", self.topic(), self.topic()),
            38..48 => format!("\"{} {}\"", self.topic(), self.topic()),
            48..60 => {
                let count = 2 + self.random.below(5);
                self.any_of(count)
            }
            60..70 => {
                let count = 2 + self.random.below(3);
                format!("{} AND {}", self.topic(), self.any_of(count))
            }
            70..76 => format!("{} NEAR/{} {}", self.topic(), 1 + self.random.below(8), self.topic()),
            76..80 => {
                let count = 2;
                format!("{} ONEAR/{} {}", self.any_of(count), 1 + self.random.below(5), self.topic())
            }
            80..85 => self.prefix(),
            85..89 => format!("#{}", self.rare()),
            89..93 => format!("{} AND {} AND NOT {}", self.topic(), self.topic(), self.topic()),
            93..97 => format!("{} AND {}", self.rare(), self.field()),
            _ => format!(
                "({} OR #{}) AND {} AND NOT \"{} {}\"",
                self.rare(),
                self.rare(),
                self.field(),
                self.topic(),
                self.topic()
            ),
        }
    }
}

/// Words that can stand in a query as they are: letters and digits, at least two, no bare operator.
fn usable(word: &str) -> bool {
    word.chars().all(char::is_alphanumeric)
        && word.chars().nth(1).is_some()
        && !matches!(word, "AND" | "OR" | "NOT" | "NEAR" | "ONEAR")
}

/// So many queries from `words`, which are ordered from the commonest to the rarest. Words that cannot stand in a query as they
/// are are passed over; without any usable word there are no queries.
pub fn queries(seed: u64, count: usize, words: &[impl AsRef<str>]) -> Vec<String> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).filter(|word| usable(word)).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let mut writer = Writer { random: Random::new(seed), words };
    (0..count).map(|_| writer.query()).collect()
}

/// Watches with these queries, named `generated-0000001` and so on, that end 90 days after `today`.
pub fn watches(seed: u64, count: usize, words: &[impl AsRef<str>], today: Date) -> WatchSet {
    let purpose = Purpose { category: "load-test".to_owned(), sentence: "Made up to measure speed.".to_owned() };
    let watches = (1..)
        .zip(queries(seed, count.min(crate::WATCHES_MAX), words))
        .filter_map(|(number, text)| {
            // What the generator writes is within the language; the property of its own test.
            let query = groundswell_query::parse(&text).ok()?;
            Some(Watch {
                name: format!("generated-{number:07}"),
                text,
                query,
                purpose: purpose.clone(),
                created: today,
                sunset: today.plus_days(crate::SUNSET_DAYS),
            })
        })
        .collect();
    WatchSet::new(watches).unwrap_or_default()
}

/// Texts of about sixteen words drawn as Zipf's law has it, for when no real posts are at hand.
pub fn texts(seed: u64, count: usize, words: &[impl AsRef<str>]) -> Vec<String> {
    let mut random = Random::new(seed);
    if words.is_empty() {
        return vec![String::new(); count];
    }
    // The rank of which a share `u` of all occurrences lies below: for exponent 1, n^u.
    let n = words.len() as f64;
    (0..count)
        .map(|_| {
            let length = 6 + random.below(21);
            let mut text = String::new();
            for i in 0..length {
                let rank = (n.powf(random.unit()) as usize - 1).min(words.len() - 1);
                if i > 0 {
                    text.push(' ');
                }
                if random.below(20) == 0 {
                    text.push('#');
                }
                text.push_str(words[rank].as_ref());
            }
            text
        })
        .collect()
}

/// Made-up words, from short to long, for when no list is at hand.
pub fn vocabulary(seed: u64, count: usize) -> Vec<String> {
    const ONSETS: [&str; 16] = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pl"];
    const VOWELS: [&str; 6] = ["a", "e", "i", "o", "u", "ai"];
    let mut random = Random::new(seed);
    let mut known = std::collections::BTreeSet::new();
    let mut words = Vec::with_capacity(count);
    while words.len() < count {
        // Rarer words are longer: a syllable more for each tenfold rank.
        let syllables = 1 + (words.len() as f64 + 10.0).log10() as usize / 2 + random.below(3);
        let mut word = String::new();
        for _ in 0..syllables {
            word.push_str(ONSETS[random.below(ONSETS.len())]);
            word.push_str(VOWELS[random.below(VOWELS.len())]);
        }
        if random.below(2) == 0 {
            word.push_str(ONSETS[random.below(13)]);
        }
        if known.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_query_is_one_and_the_same_again() {
        let words = vocabulary(1, 5_000);
        let made = queries(7, 3_000, &words);
        assert_eq!(made, queries(7, 3_000, &words));
        assert_ne!(made, queries(8, 3_000, &words));
        for text in &made {
            if let Err(error) = groundswell_query::parse(text) {
                panic!("{}", error.render(text));
            }
        }
        let today = Date::from_civil(2026, 11, 25).unwrap();
        assert_eq!(watches(7, 3_000, &words, today).len(), 3_000);
        assert!(queries(7, 3, &["-", "a b"]).is_empty());
    }
}
