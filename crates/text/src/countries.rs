//! Countries that a text talks about: names, demonyms and capitals in 29 languages, and flags. Never where its author is.
//!
//! [`CountryFinder::may_name`] says whether a word can begin such a name at all, which few can; who keeps the answer beside the word
//! asks [`CountryFinder::find`] about the others only. `docs/methods/mentions.md` says what is found and how well;
//! `scripts/mentions/build.py` makes the table.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use crate::names::NameSpan;
use crate::{Analysis, Analyzer, Language, Word};

const TABLE: &str = include_str!("../data/countries.txt");

/// A country by its two letters of ISO 3166-1, or `XK`, which it leaves to its users and which CLDR uses for Kosovo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// `PT`
    pub fn as_str(&self) -> &str {
        // Only letters are read from the table.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

const UNITED_STATES: Country = Country(*b"US");

/// Where a name counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// However it is written.
    Any,
    /// Where it does not begin with a small letter: `Polish`.
    Capital,
    /// In capitals, in a text most of which is not: `US`.
    Capitals,
    /// With a capital, beside another country: `Turkey and Syria`. Not beside the United States, which has such a word on every farm
    /// and a state of Georgia.
    Beside,
}

#[derive(Clone, Copy)]
struct Entry {
    /// The words that it is known by: [`key_of`].
    key: u64,
    /// `None`: a longer phrase in which no country is meant (`New Mexico`).
    country: Option<Country>,
    mark: Mark,
    /// Bits of [`Table::languages`]; all where it counts in every language.
    languages: u32,
}

/// A name, or a word that begins one.
#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    /// Where its entries begin, and how many there are.
    start: u32,
    entries: u8,
    /// Of a word: how many words the longest name has that begins with it.
    longest: u8,
}

impl Slot {
    fn is_free(self) -> bool {
        self.entries == 0 && self.longest == 0
    }
}

struct Table {
    /// By key, open addressing: one look-up a name.
    slots: Box<[Slot]>,
    /// Those of one key lie together.
    entries: Box<[Entry]>,
    languages: Vec<Language>,
    countries: Vec<Country>,
}

/// Words of one name, at most.
const WORDS_MAX: usize = 12;

/// A word's hash, so that of one word nothing need be worked out; of several, a mixture.
fn key_of(words: &[Word]) -> u64 {
    let mix = |key: u64, word: &Word| key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ word.hash;
    words.iter().fold(0, mix)
}

impl Table {
    /// The one table of the process, made at the first call (some tens of milliseconds).
    fn shared() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(Self::read)
    }

    fn read() -> Self {
        let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
        let (mut entries, mut languages, mut countries) = (Vec::new(), Vec::new(), Vec::new());
        let mut slots: BTreeMap<u64, Slot> = BTreeMap::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split('\t');
            let mut next = || fields.next().unwrap_or_default();
            let country = match next().as_bytes() {
                &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Country([a, b])),
                _ => None,
            };
            let mark = match next() {
                "^" => Mark::Capital,
                "!" => Mark::Capitals,
                "?" => Mark::Beside,
                _ => Mark::Any,
            };
            let spoken = match next() {
                "*" => u32::MAX,
                codes => codes.split(',').fold(0, |bits, code| bits | 1 << place_of(&mut languages, code)),
            };
            countries.extend(country);
            for name in fields {
                // As posts are read, so that they are cut alike.
                analyzer.tokenize(name, &mut analysis);
                let Some(first) = analysis.words.first().filter(|_| analysis.words.len() <= WORDS_MAX) else {
                    continue;
                };
                let slot = slots.entry(first.hash).or_default();
                slot.longest = slot.longest.max(analysis.words.len() as u8);
                entries.push(Entry { key: key_of(&analysis.words), country, mark, languages: spoken });
            }
        }
        entries.sort_by_key(|entry| entry.key);
        for (start, entry) in (0..).zip(&entries) {
            let slot = slots.entry(entry.key).or_default();
            if slot.entries == 0 {
                slot.start = start;
            }
            slot.entries += 1;
        }
        countries.sort_unstable();
        countries.dedup();
        let mut table = vec![Slot::default(); (slots.len() * 2).next_power_of_two()];
        let mask = table.len() - 1;
        for (key, slot) in slots {
            let mut at = key as usize & mask;
            while !table[at].is_free() {
                at = (at + 1) & mask;
            }
            table[at] = Slot { key, ..slot };
        }
        Self { slots: table.into(), entries: entries.into(), languages, countries }
    }

    /// What is under a key; nothing at all where it is not there.
    #[inline]
    fn slot(&self, key: u64) -> Slot {
        let mask = self.slots.len() - 1;
        let mut at = key as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.key == key || slot.is_free() {
                return slot;
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn entries(&self, slot: Slot) -> &[Entry] {
        &self.entries[slot.start as usize..slot.start as usize + usize::from(slot.entries)]
    }

    fn bit_of(&self, language: Language) -> u32 {
        self.languages.iter().position(|known| *known == language).map_or(0, |at| 1 << at)
    }
}

fn place_of(languages: &mut Vec<Language>, code: &str) -> usize {
    let language = match code.as_bytes() {
        &[a, b] => Language::from_code([a, b]),
        _ => Language::UND,
    };
    languages.iter().position(|known| *known == language).unwrap_or_else(|| {
        languages.push(language);
        languages.len() - 1
    })
}

/// Finds the countries that a post talks about. Holds scratch space, so each worker has its own.
pub struct CountryFinder {
    table: &'static Table,
    /// Those that count only beside another.
    beside: Vec<Country>,
}

impl CountryFinder {
    /// Ready to find. The first one of a process reads the table.
    pub fn new() -> Self {
        Self { table: Table::shared(), beside: Vec::new() }
    }

    /// Whether a word can name a country, or begin a name of several words, by [`hash_word`](crate::hash_word) of its normal form.
    #[inline]
    pub fn may_name(&self, hash: u64) -> bool {
        self.table.slot(hash).longest > 0
    }

    /// Adds the countries that a post talks about to `out`, in no order and some more than once. `may_name` are the places of its words
    /// of which [`Self::may_name`] says so, ascending; `names` the spans that look like a person's name, whose words name nobody else.
    pub fn find(
        &mut self,
        text: &str,
        analysis: &Analysis,
        may_name: &[usize],
        names: &[NameSpan],
        out: &mut Vec<Country>,
    ) {
        self.beside.clear();
        let shouted = OnceCell::new();
        let mut free = 0;
        for &at in may_name {
            if at < free {
                continue;
            }
            let first = self.table.slot(analysis.words[at].hash);
            let longest = usize::from(first.longest).min(analysis.words.len() - at);
            for len in (1..=longest).rev() {
                let words = &analysis.words[at..at + len];
                let slot = if len == 1 { first } else { self.table.slot(key_of(words)) };
                let Some((country, mark)) = self.meant(text, analysis, slot, words[0], &shouted) else { continue };
                free = at + len;
                match country {
                    Some(_) if is_in_name(names, at..at + len) => {}
                    Some(country) if mark == Mark::Beside => self.beside.push(country),
                    Some(country) => out.push(country),
                    None => {}
                }
                break;
            }
        }
        self.flags(text, out);
        self.beside.sort_unstable();
        self.beside.dedup();
        for country in self.beside.drain(..) {
            if out.iter().any(|other| *other != country && *other != UNITED_STATES) {
                out.push(country);
            }
        }
    }

    /// The country that a hashtag names. It may be one that the text does not hold, and people write it in small letters.
    pub fn of_hashtag(&self, hash: u64, language: Language) -> Option<Country> {
        let bit = self.table.bit_of(language);
        let counts = |entry: &&Entry| {
            matches!(entry.mark, Mark::Any | Mark::Capital)
                && (entry.languages == u32::MAX || entry.languages & bit != 0)
        };
        self.table.entries(self.table.slot(hash)).iter().find(counts)?.country
    }

    /// What a name means: a country, or none although it sounds like one. `None` where it is not in the table, or does not count as
    /// it is written.
    fn meant(
        &self,
        text: &str,
        analysis: &Analysis,
        slot: Slot,
        first: Word,
        shouted: &OnceCell<bool>,
    ) -> Option<(Option<Country>, Mark)> {
        let entries = self.table.entries(slot);
        let raw = text.get(first.raw.0 as usize..first.raw.1 as usize).unwrap_or_default();
        let counts = |entry: &&Entry| {
            (entry.languages == u32::MAX || entry.languages & self.table.bit_of(analysis.language) != 0)
                && match entry.mark {
                    Mark::Any => true,
                    Mark::Capital | Mark::Beside => !raw.starts_with(char::is_lowercase),
                    Mark::Capitals => {
                        !raw.contains(char::is_lowercase) && !shouted.get_or_init(|| is_shouted(text, analysis))
                    }
                }
        };
        entries.iter().find(counts).map(|entry| (entry.country, entry.mark))
    }

    /// Flags: two regional indicators each.
    fn flags(&self, text: &str, out: &mut Vec<Country>) {
        let bytes = text.as_bytes();
        let mut from = 0;
        // U+1F1E6 to U+1F1FF begin with it, as all emoji do.
        while let Some(at) = memchr::memchr(0xf0, &bytes[from..]) {
            let start = from + at;
            let letter = |at: usize| match bytes.get(at..at + 4) {
                Some(&[0xf0, 0x9f, 0x87, last @ 0xa6..=0xbf]) => Some(b'A' + (last - 0xa6)),
                _ => None,
            };
            from = start + 1;
            if let (Some(a), Some(b)) = (letter(start), letter(start + 4)) {
                let country = Country([a, b]);
                if self.table.countries.binary_search(&country).is_ok() {
                    out.push(country);
                }
                from = start + 8;
            }
        }
    }
}

/// Whether words are a part of a person's name, and not a country's that looks like one (`Bồ Đào Nha`). Spans are in the order of the text.
fn is_in_name(names: &[NameSpan], words: Range<usize>) -> bool {
    let first = names.partition_point(|span| span.words().end <= words.start);
    let mut near = names[first..].iter().map(|span| span.words()).take_while(|span| span.start < words.end);
    near.any(|span| span.start < words.start || words.end < span.end)
}

/// Whether most words are in capitals, so that they say nothing.
fn is_shouted(text: &str, analysis: &Analysis) -> bool {
    let is_small = |word: &&Word| {
        text.get(word.raw.0 as usize..word.raw.1 as usize).is_some_and(|raw| raw.contains(char::is_lowercase))
    };
    analysis.words.iter().filter(is_small).count() * 2 < analysis.words.len()
}

impl Default for CountryFinder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CountryFinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CountryFinder")
    }
}

#[cfg(test)]
mod tests;
