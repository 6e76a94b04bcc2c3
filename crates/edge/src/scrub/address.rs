//! Street addresses: a number, and the words before and after it.
//!
//! Each number of up to six digits is looked at once. The words of the languages are data (`rules/address.toml`); the orders in
//! which they stand are here: `12 Oak Street`, `12 rue de la Paix`, `Via Roma 12`, `Hauptstraße 12`, `Rákóczi út 12`,
//! `… Apt. 12`, `P.O. Box 12`, `APO AP 12345`, `1丁目2番3号`. What is attached (flat, post code, place, country) goes with it.

use hashbrown::{HashMap, HashSet};
use serde::Deserialize;

use super::fold::BARRIER;
use super::kind::Kind;
use super::scan::{Mark, char_at, is_letter};

/// The words of addresses as written in the rule file.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressText {
    after: Vec<String>,
    after_abbreviated: Vec<String>,
    after_weak: Vec<String>,
    before: Vec<String>,
    before_weak: Vec<String>,
    connectors: Vec<String>,
    after_last: Vec<String>,
    suffixes: Vec<String>,
    suffix_word_length_min: usize,
    units: Vec<String>,
    units_attached: Vec<String>,
    boxes: Vec<String>,
    contexts: Vec<String>,
    stop: Vec<String>,
}

const AFTER: u16 = 1;
const AFTER_ABBREVIATED: u16 = 1 << 1;
const AFTER_WEAK: u16 = 1 << 2;
const BEFORE: u16 = 1 << 3;
const BEFORE_WEAK: u16 = 1 << 4;
const CONNECTOR: u16 = 1 << 5;
const AFTER_LAST: u16 = 1 << 6;
const UNIT: u16 = 1 << 7;
const UNIT_ATTACHED: u16 = 1 << 8;
const BOX: u16 = 1 << 9;
const STOP: u16 = 1 << 10;

/// How many words on one side of a number are looked at.
const WORDS_MAX: usize = 6;
/// How many lines or parts between commas may hang on an address.
const TAIL_PARTS_MAX: usize = 5;
const WORD_BYTES_MAX: usize = 48;

/// The words, ready to look up.
pub(crate) struct Addresses {
    roles: HashMap<Box<[u8]>, u16>,
    suffixes: Vec<Vec<u8>>,
    /// The last bytes of all suffixes, so that most words are dismissed at once.
    suffix_ends: [bool; 256],
    suffix_word_length_min: usize,
    contexts: Vec<Vec<u8>>,
    countries: HashSet<Box<[u8]>>,
}

#[derive(Clone, Copy, Debug)]
struct Word {
    start: usize,
    end: usize,
    role: u16,
    capital: bool,
    suffix: bool,
}

impl Addresses {
    pub(crate) fn read(text: AddressText) -> Self {
        let mut roles: HashMap<Box<[u8]>, u16> = HashMap::new();
        for (words, role) in [
            (text.after, AFTER),
            (text.after_abbreviated, AFTER_ABBREVIATED),
            (text.after_weak, AFTER_WEAK),
            (text.before, BEFORE),
            (text.before_weak, BEFORE_WEAK),
            (text.connectors, CONNECTOR),
            (text.after_last, AFTER_LAST),
            (text.units, UNIT),
            (text.units_attached, UNIT_ATTACHED),
            (text.boxes, BOX),
            (text.stop, STOP),
        ] {
            for word in words {
                *roles.entry(word.into_bytes().into()).or_default() |= role;
            }
        }
        let suffixes: Vec<Vec<u8>> = text.suffixes.into_iter().map(String::into_bytes).collect();
        let mut suffix_ends = [false; 256];
        for suffix in &suffixes {
            suffix_ends[usize::from(suffix[suffix.len() - 1])] = true;
        }
        Self {
            roles,
            suffixes,
            suffix_ends,
            suffix_word_length_min: text.suffix_word_length_min,
            contexts: text.contexts.into_iter().map(String::into_bytes).collect(),
            countries: crate::codes::country_names().map(|name| name.as_bytes().into()).collect(),
        }
    }

    pub(crate) fn find(&self, bytes: &[u8], runs: &[(usize, usize)], found: &mut Vec<Mark>) {
        for (start, end) in runs {
            if end - start > 6 || end - start == 0 {
                continue;
            }
            if let Some(mark) = self.at_number(bytes, *start, *end) {
                found.push(mark);
            }
        }
    }

    fn at_number(&self, bytes: &[u8], start: usize, run_end: usize) -> Option<Mark> {
        let before = start.checked_sub(1).map_or(b' ', |at| bytes[at]);
        // Parts of other numbers, sums, hashtags, words.
        if is_letter(before) && !before.is_ascii() && is_cjk_before(bytes, start) || is_cjk_counter(bytes, run_end) {
            return cjk(bytes, start, run_end);
        }
        if is_letter(before) || matches!(before, b'$' | b'#' | b'%' | b'_' | b'-' | b'@' | b'+' | b'=' | b'&') {
            return None;
        }
        if matches!(before, b'.' | b',' | b':' | b'/') && start >= 2 && bytes[start - 2].is_ascii_digit() {
            return None;
        }
        let next = bytes.get(run_end).copied().unwrap_or(b' ');
        if matches!(next, b'%' | b'$')
            || matches!(next, b'.' | b',' | b':') && bytes.get(run_end + 1).is_some_and(u8::is_ascii_digit)
        {
            return None;
        }
        let end = house_number_end(bytes, run_end);
        // `42nd`: an ordinal is part of a street's name, no house number.
        if bytes.get(end).is_some_and(|b| is_letter(*b)) {
            return None;
        }
        let digits = run_end - start;
        if let Some(end) = self.number_first(bytes, start, end, digits) {
            let start = extend_left_number(bytes, start);
            return Some(Mark { start, end: self.tail(bytes, end), kind: Kind::Address });
        }
        let begins = self.number_last(bytes, start, end, digits)?;
        let boxed = self.word_before(bytes, trim_spaces(bytes, start)).is_some_and(|word| is_box(bytes, word));
        let end = if boxed { box_end(bytes, end) } else { end };
        Some(Mark { start: begins, end: self.tail(bytes, end), kind: Kind::Address })
    }

    /// `12 Oak Street`, `12, rue de la Paix`: where the street ends.
    fn number_first(&self, bytes: &[u8], start: usize, end: usize, digits: usize) -> Option<usize> {
        let mut at = end;
        if bytes.get(at) == Some(&b',') {
            at += 1;
        }
        let first = self.word_after(bytes, at)?;
        let abbreviated = first.end - first.start > 2
            || match bytes.get(first.end) {
                Some(b'/') => true,
                Some(b'.') => first.end - first.start > 1,
                _ => false,
            };
        if first.role & (BEFORE | BEFORE_WEAK) != 0 && abbreviated {
            let second = self.word_after(bytes, after_dot(bytes, first.end));
            if let Some(second) = second
                && (first.role & BEFORE != 0 && second.capital && second.role & STOP == 0
                    || second.role & CONNECTOR != 0)
                && let Some(name_end) = self.name_after(bytes, after_dot(bytes, first.end))
                && !(digits == 4 && is_year(bytes, start))
            {
                return Some(name_end);
            }
        }
        let mut word = first;
        let mut lower = 0;
        for index in 0..5 {
            let previous_end = word.end;
            if index > 0 {
                let street = word.role & (AFTER | AFTER_ABBREVIATED | AFTER_WEAK);
                if street != 0 && self.ends_street(bytes, word, index, lower, digits, start) {
                    return Some(after_dot(bytes, word.end).max(self.direction(bytes, word.end)));
                }
            }
            if word.role & STOP != 0 || digits == 4 && is_year(bytes, start) && index == 0 && !word.capital {
                return None;
            }
            lower += usize::from(!word.capital);
            if lower > 1 {
                return None;
            }
            // A dot ends a sentence unless it ends an abbreviation: `12 St. James Street`, `12 N. Oak Street`.
            let next = if bytes.get(previous_end) == Some(&b'.') && previous_end - word.start <= 3 {
                previous_end + 1
            } else {
                previous_end
            };
            word = self.word_after(bytes, next)?;
        }
        None
    }

    /// Whether a word for a street really ends one.
    fn ends_street(&self, bytes: &[u8], word: Word, index: usize, lower: usize, digits: usize, start: usize) -> bool {
        let after = after_dot(bytes, word.end);
        let follows = self.word_after(bytes, after);
        let line_ends = ends_here(bytes, after);
        let unit = follows.is_some_and(|word| word.role & (UNIT | UNIT_ATTACHED) != 0)
            || bytes[after..].trim_ascii_start().starts_with(b"#");
        if word.role & AFTER != 0 {
            // "10 bike lane", "26 city road": with small letters only where nothing else goes on.
            return if lower > 0 || !word.capital {
                (line_ends || unit) && digits >= 2 && index <= 2
            } else {
                // "2 ACT STREET FIGHT": one digit before a headline in capitals is no house.
                let headline = digits == 1 && follows.is_some_and(|word| word.capital);
                line_ends || unit || index <= 3 && !headline
            };
        }
        if lower > 0 && !unit {
            return false;
        }
        if word.role & AFTER_ABBREVIATED != 0 {
            let name_follows = follows.is_some_and(|word| word.capital && word.role & (UNIT | UNIT_ATTACHED) == 0);
            return word.capital && (!name_follows || line_ends || digits >= 3 && !is_year(bytes, start)) || unit;
        }
        let small_follows = line_ends || follows.is_some_and(|word| !word.capital);
        word.capital
            && !is_year(bytes, start)
            && (unit || index <= 2 && line_ends && digits >= 2 || index == 1 && small_follows && digits >= 3)
    }

    /// `… Street NW`: where the direction ends.
    fn direction(&self, bytes: &[u8], end: usize) -> usize {
        match self.word_after(bytes, end) {
            Some(word)
                if matches!(
                    &bytes[word.start..word.end],
                    b"N" | b"S" | b"E" | b"W" | b"NW" | b"NE" | b"SW" | b"SE" | b"North" | b"South" | b"East" | b"West"
                ) =>
            {
                word.end
            }
            _ => end,
        }
    }

    /// The end of a street's name behind its word: small words and at least one with a capital.
    fn name_after(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let mut at = at;
        let mut end = None;
        for _ in 0..5 {
            let Some(word) = self.word_after(bytes, at) else { break };
            if word.capital && word.role & (STOP | UNIT) == 0 {
                end = Some(word.end);
            } else if word.role & CONNECTOR == 0 {
                break;
            }
            at = if word.end - word.start <= 2 { after_dot(bytes, word.end) } else { word.end };
        }
        end
    }

    /// `Via Roma 12`, `Hauptstraße 12`, `P.O. Box 12`, `Suite 12`: where the address begins.
    fn number_last(&self, bytes: &[u8], start: usize, end: usize, digits: usize) -> Option<usize> {
        if digits == 5
            && let Some(begins) = self.military(bytes, start)
        {
            return Some(begins);
        }
        // "Calle Mayor, 5", "nº 5", "д. 5", "No. 5"
        let mut at = start;
        while at > 0 && matches!(bytes[at - 1], b' ' | b',' | b'.')
            || at > 1 && (bytes[..at].ends_with("º".as_bytes()) || bytes[..at].ends_with("°".as_bytes()))
        {
            at -= if bytes[at - 1] < 0x80 { 1 } else { 2 };
            if start - at > 4 {
                break;
            }
        }
        if at == start && start > 0 {
            return None;
        }
        let mut word = self.word_before(bytes, at)?;
        if bytes[at..start].contains(&b'.') && !is_short(bytes, word) && !bytes[..at].ends_with(b"str") {
            return None;
        }
        if word.role & UNIT != 0 {
            return Some(self.before_unit(bytes, word.start));
        }
        if is_box(bytes, word) {
            return Some(self.box_start(bytes, word));
        }
        let text = &bytes[word.start..word.end];
        if matches!(text, b"no" | b"No" | b"n" | b"N" | b"nr" | b"Nr" | b"NR" | b"number")
            || text == "д".as_bytes()
            || text == "дом".as_bytes()
            || text == "буд".as_bytes()
        {
            let mut at = word.start;
            while at > 0 && matches!(bytes[at - 1], b' ' | b',') {
                at -= 1;
            }
            word = self.word_before(bytes, at)?;
        } else if start - word.end > 2 {
            return None;
        }
        let year = digits == 4 && is_year(bytes, start);
        if digits > 4 || !ends_number(bytes, end) {
            return None;
        }
        let comma = bytes[word.end..start].contains(&b',');
        // Hauptstraße 12
        if word.suffix && word.capital && !year && !comma {
            return Some(self.extend_left(bytes, word.start));
        }
        // Rákóczi út 12
        let before = self.word_before(bytes, trim_spaces(bytes, word.start));
        if word.role & AFTER_LAST != 0
            && !year
            && !comma
            && let Some(name) = before
            && name.capital
            && name.role & STOP == 0
            && (word.end - word.start > 4 || !word.capital || matches!(&bytes[word.start..word.end], b"Str" | b"Weg"))
        {
            return Some(self.extend_left(bytes, name.start));
        }
        // Via Roma 12: the street's word up to five words before.
        let mut at = word;
        let mut names = 0;
        for _ in 0..WORDS_MAX {
            if names > 0 && at.role & (BEFORE | BEFORE_WEAK) != 0 {
                let strong = at.role & BEFORE != 0;
                // "c/" and "av." need their sign.
                let text = &bytes[at.start..at.end];
                let short = text.len() == 1
                    || text.len() == 2 && (at.role & CONNECTOR != 0 || !at.capital)
                    || ["ш", "пр", "пл"].iter().any(|known| text == known.as_bytes());
                let dotted = matches!(bytes.get(at.end), Some(b'.' | b'/'));
                // Without a capital "via" is a street only where Italian says so.
                let placed = strong || at.capital && !self.is_news(bytes, at) || self.italian_before(bytes, at);
                if placed && (!short || dotted && text.len() > 1 || bytes.get(at.end) == Some(&b'/')) && !year {
                    return Some(extend_left_number(bytes, at.start));
                }
                return None;
            }
            if at.capital && at.role & STOP == 0 {
                names += 1;
            } else if at.role & CONNECTOR == 0 {
                break;
            }
            let mut left = trim_spaces(bytes, at.start);
            let dotted = left > 0 && matches!(bytes[left - 1], b'.' | b'/');
            left -= usize::from(dotted);
            match self.word_before(bytes, left) {
                // A dot behind a longer word ends a sentence.
                Some(previous) if !dotted || is_short(bytes, previous) => at = previous,
                _ => break,
            }
        }
        self.after_context(bytes, word, year).or_else(|| self.between_numbers(bytes, word, end, year))
    }

    /// `5850 Jana Nerudy 894`, where a post code, country or state hangs on: too many numbers for anything else.
    fn between_numbers(&self, bytes: &[u8], word: Word, end: usize, year: bool) -> Option<usize> {
        let attached = matches!(bytes.get(end), Some(b',' | b'\n' | b'\r'));
        if year || !word.capital || !attached || self.tail(bytes, end) == end {
            return None;
        }
        let mut first = word;
        for _ in 0..4 {
            let begins = extend_left_number(bytes, first.start);
            if begins < first.start {
                return Some(begins);
            }
            first = self
                .word_before(bytes, trim_spaces(bytes, first.start))
                .filter(|word| word.capital && word.role & STOP == 0)?;
        }
        None
    }

    /// "lives at Maneeži 75": what stands behind a phrase that introduces an address.
    fn after_context(&self, bytes: &[u8], word: Word, year: bool) -> Option<usize> {
        if year || !word.capital {
            return None;
        }
        let mut first = word.start;
        for _ in 0..4 {
            let left = trim_spaces(bytes, first);
            match self.word_before(bytes, left) {
                Some(previous) if previous.capital && !bytes[previous.end..first].contains(&b'\n') => {
                    first = previous.start;
                }
                _ => break,
            }
        }
        let begins = extend_left_number(bytes, first);
        let lead = &bytes[..begins];
        let lead = lead.trim_ascii_end();
        let tail = lead[lead.len().saturating_sub(32)..].to_ascii_lowercase();
        self.contexts
            .iter()
            .any(|context| {
                tail.ends_with(context)
                    && tail.len().checked_sub(context.len() + 1).is_none_or(|at| !tail[at].is_ascii_alphanumeric())
            })
            .then_some(begins)
    }

    /// The beginning of what `Suite 12` is the end of: a number, words and a number before it, on this line or the one before.
    fn before_unit(&self, bytes: &[u8], unit: usize) -> usize {
        let mut at = unit;
        while at > 0
            && (bytes[at - 1].is_ascii_whitespace() || matches!(bytes[at - 1], b',' | b'>' | b'.'))
            && unit - at < 12
        {
            at -= 1;
        }
        if let Some((number, begins)) = number_before(bytes, at)
            && begins
            && let Some(word) = self.word_before(bytes, trim_spaces(bytes, number))
        {
            let mut first = word.start;
            let mut words = 1;
            while words < 5 {
                let left = trim_spaces(bytes, first);
                match self.word_before(bytes, if left > 0 && bytes[left - 1] == b'.' { left - 1 } else { left }) {
                    // In a text with capitals a small word is no part of a name unless names have it.
                    Some(previous) if previous.capital || !word.capital || previous.role & CONNECTOR != 0 => {
                        first = previous.start;
                    }
                    _ => break,
                }
                words += 1;
                if number_before(bytes, trim_spaces(bytes, first)).is_some() {
                    break;
                }
            }
            if number_before(bytes, trim_spaces(bytes, first)).is_some() {
                return extend_left_number(bytes, first);
            }
            return self.extend_left(bytes, word.start);
        }
        // 12 Oak Street Flat 3 is found from its own number.
        let mut first = at;
        for _ in 0..5 {
            match self.word_before(bytes, trim_spaces(bytes, first)) {
                Some(word) => first = word.start,
                None => break,
            }
            if number_before(bytes, trim_spaces(bytes, first)).is_some() {
                return extend_left_number(bytes, first);
            }
        }
        unit
    }

    /// Over a street's further words, where a number stands before them; else only over a number directly before.
    fn extend_left(&self, bytes: &[u8], start: usize) -> usize {
        let direct = extend_left_number(bytes, start);
        if direct < start {
            return direct;
        }
        let mut first = start;
        for _ in 0..3 {
            match self.word_before(bytes, trim_spaces(bytes, first)) {
                Some(word) if word.capital => first = word.start,
                _ => break,
            }
            let further = extend_left_number(bytes, first);
            if further < first {
                return further;
            }
        }
        start
    }

    /// `PSC 0725, Box 6031 APO AP 99241`, `USNS Bergman FPO AP 93757`.
    fn military(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let is =
            |word: Word, known: &[&[u8]]| known.iter().any(|k| bytes[word.start..word.end].eq_ignore_ascii_case(k));
        let state =
            self.word_before(bytes, trim_spaces(bytes, start)).filter(|word| is(*word, &[b"AP", b"AE", b"AA"]))?;
        let office = self
            .word_before(bytes, trim_spaces(bytes, state.start))
            .filter(|word| is(*word, &[b"APO", b"FPO", b"DPO"]))?;
        let mut at = office.start;
        while at > 0 && (bytes[at - 1].is_ascii_whitespace() || bytes[at - 1] == b',') {
            at -= 1;
        }
        // The line before: a box or a ship.
        let line = bytes[..at]
            .iter()
            .rposition(|b| matches!(*b, b'\n' | BARRIER))
            .map_or(0, |at| at + 1)
            .max(at.saturating_sub(60));
        let lower = bytes[line..at].to_ascii_lowercase();
        let begins = [&b"psc "[..], b"unit ", b"cmr ", b"usns ", b"uscgc ", b"usnv ", b"uss ", b"usav "]
            .iter()
            .filter_map(|known| memchr::memmem::rfind(&lower, known))
            .max();
        Some(begins.map_or(office.start, |begins| line + begins))
    }

    fn box_start(&self, bytes: &[u8], word: Word) -> usize {
        let mut start = word.start;
        if bytes[word.start..word.end].eq_ignore_ascii_case(b"box") {
            start = trim_spaces(bytes, start);
            while start > 0 && (bytes[start - 1].is_ascii_alphabetic() || bytes[start - 1] == b'.') {
                start -= 1;
            }
            if bytes[start..].starts_with(b"ffice") || bytes[start..].to_ascii_lowercase().starts_with(b"office") {
                start = self.word_before(bytes, trim_spaces(bytes, start)).map_or(start, |word| word.start);
            }
        }
        extend_left_number(bytes, start)
    }

    /// "via Fox News 10": an agency is named, no street.
    fn is_news(&self, bytes: &[u8], word: Word) -> bool {
        self.word_after(bytes, word.end).is_some_and(|name| {
            bytes[name.start..name.end].iter().all(u8::is_ascii_uppercase)
                || [&b"Fox"[..], b"Sky", b"News", b"The", b"Reuters", b"Twitter", b"YouTube"]
                    .contains(&&bytes[name.start..name.end])
        })
    }

    fn italian_before(&self, bytes: &[u8], word: Word) -> bool {
        self.word_before(bytes, trim_spaces(bytes, word.start)).is_some_and(|word| {
            [&b"in"[..], b"abito", b"abita", b"sito", b"sita", b"alla", b"di"].contains(&&bytes[word.start..word.end])
        })
    }

    /// What hangs on an address: flats, then lines or parts that end in a post code, a country or a state.
    fn tail(&self, bytes: &[u8], end: usize) -> usize {
        let mut best = end;
        for _ in 0..3 {
            let Some(unit_end) = self.unit(bytes, best) else { break };
            best = unit_end;
        }
        let mut at = best;
        for part in 0..TAIL_PARTS_MAX {
            let (next, separated) = separators(bytes, at);
            if next >= bytes.len() || next == at {
                break;
            }
            // A post code may follow after a blank; a place needs a comma or a line.
            let digits = bytes[next].is_ascii_digit();
            if !separated && !digits && part > 0 {
                break;
            }
            let (part_end, good) = self.part(bytes, next, separated);
            if part_end == next {
                break;
            }
            if good {
                best = part_end;
            }
            at = part_end;
        }
        best
    }

    /// One part of a tail: up to four words with capitals, and numbers. Good where it ends in something that ends addresses.
    fn part(&self, bytes: &[u8], start: usize, separated: bool) -> (usize, bool) {
        let mut at = start;
        let (mut good, mut code_first) = (false, false);
        for index in 0..5 {
            let from = if index == 0 { at } else { skip_spaces(bytes, at) };
            if from > at + 2 {
                break;
            }
            let token = bytes[from..].iter().take(12).take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
            let code = &bytes[from..from + token];
            let digits = code.iter().filter(|b| b.is_ascii_digit()).count();
            if digits >= 2
                && (3..=10).contains(&token)
                && digits * 2 >= token
                && !code.iter().any(u8::is_ascii_lowercase)
                && memchr::memchr_iter(b'-', code).count() <= 1
            {
                // A post code, but no year and no number that goes on.
                if digits == token && token == 4 && is_year(bytes, from) && !good || !ends_number(bytes, from + token) {
                    break;
                }
                at = from + token;
                good = true;
                code_first = index == 0;
                continue;
            }
            let Some(word) = self.word_after(bytes, from) else { break };
            let text = &bytes[word.start..word.end];
            if text == b"nan" {
                at = word.end;
                good = true;
                continue;
            }
            let state = text.len() == 2 && text.iter().all(u8::is_ascii_uppercase);
            let country = self.country_end(bytes, word);
            if let Some(end) = country {
                at = end;
                good = true;
                continue;
            }
            if !word.capital || word.role & STOP != 0 && !state {
                break;
            }
            if good && !state {
                // `10115 Berlin`: one word behind the code. Anything else begins something new.
                if index == 1 && code_first && from == at + 1 {
                    at = word.end;
                }
                break;
            }
            at = after_dot_in_word(bytes, word);
            good = state && (separated || index > 0);
        }
        (at, good)
    }

    /// The end of a country's name that begins with this word.
    fn country_end(&self, bytes: &[u8], first: Word) -> Option<usize> {
        let mut end = first.end;
        let mut best = None;
        for _ in 0..4 {
            let name = lower(&bytes[first.start..end]);
            let name = name.as_slice();
            // Names and three letters everyone knows; two letters are words too often.
            if self.countries.contains(name) && (name.len() > 3 || matches!(&bytes[first.start..end], b"USA" | b"UAE"))
            {
                best = Some(end);
            }
            match self.word_after(bytes, end) {
                Some(next) => end = next.end,
                None => break,
            }
        }
        best
    }

    /// `, Apt. 12`, ` #12`: where it ends.
    fn unit(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let (next, separated) = separators(bytes, at);
        let mut from = next;
        if bytes.get(from) == Some(&b'#') {
            from += 1;
        } else {
            let word =
                self.word_after(bytes, from).filter(|word| word.role & UNIT != 0 || word.role & UNIT_ATTACHED != 0)?;
            if word.role & UNIT == 0 && word.end - word.start == 1 && !separated {
                return None;
            }
            from = after_dot(bytes, word.end);
            while from < bytes.len() && matches!(bytes[from], b' ' | b'#' | b':') {
                from += 1;
            }
        }
        let length = bytes[from..].iter().take(7).take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
        let id = &bytes[from..from + length];
        ((1..=6).contains(&length) && (id.iter().any(u8::is_ascii_digit) || length == 1)).then_some(from + length)
    }

    /// The word that begins at `at`, blanks skipped.
    fn word_after(&self, bytes: &[u8], at: usize) -> Option<Word> {
        let start = skip_spaces(bytes, at);
        if start > at + 2 {
            return None;
        }
        let mut end = start;
        while end < bytes.len() && end - start < WORD_BYTES_MAX {
            let byte = bytes[end];
            if byte.is_ascii_alphabetic() || byte.is_ascii_digit() && (end == start || bytes[end - 1].is_ascii_digit())
            {
                end += 1;
            } else if (0x80..BARRIER).contains(&byte) {
                match char_at(bytes, end) {
                    Some(c) if c.is_alphabetic() => end += c.len_utf8(),
                    _ => break,
                }
            } else if matches!(byte, b'-' | b'\'') && end > start && bytes.get(end + 1).is_some_and(|b| is_letter(*b)) {
                end += 1;
            } else {
                break;
            }
        }
        self.word(bytes, start, end)
    }

    /// The word that ends at `at`.
    fn word_before(&self, bytes: &[u8], at: usize) -> Option<Word> {
        let mut start = at;
        while start > 0 && at - start < WORD_BYTES_MAX {
            let byte = bytes[start - 1];
            if byte.is_ascii_alphabetic()
                || byte == b'\'' && start < at
                || byte == b'-' && start < at && start > 1 && is_letter(bytes[start - 2])
            {
                start -= 1;
            } else if (0x80..BARRIER).contains(&byte) {
                let mut first = start - 1;
                while first > 0 && bytes[first] & 0xC0 == 0x80 {
                    first -= 1;
                }
                match char_at(bytes, first) {
                    Some(c) if c.is_alphabetic() && first + c.len_utf8() == start => start = first,
                    _ => break,
                }
            } else {
                break;
            }
        }
        while start < at && matches!(bytes[start], b'\'' | b'-') {
            start += 1;
        }
        self.word(bytes, start, at)
    }

    fn word(&self, bytes: &[u8], start: usize, end: usize) -> Option<Word> {
        if start == end {
            return None;
        }
        let text = &bytes[start..end];
        let lower = lower(text);
        let lower = lower.as_slice();
        let suffix = self.suffix_ends[usize::from(lower[lower.len() - 1])]
            && lower.len() >= self.suffix_word_length_min
            && self.suffixes.iter().any(|suffix| lower.ends_with(suffix));
        let capital = text[0].is_ascii_uppercase()
            || text[0].is_ascii_digit()
            || text[0] >= 0x80 && char_at(text, 0).is_some_and(|c| !c.is_lowercase());
        Some(Word { start, end, role: self.roles.get(lower).copied().unwrap_or(0), capital, suffix })
    }
}

/// Over one or two numbers (house, post code) directly before.
fn extend_left_number(bytes: &[u8], start: usize) -> usize {
    let mut start = start;
    for _ in 0..2 {
        let left = trim_spaces(bytes, start);
        match number_before(bytes, left) {
            Some((number, true)) if left < start => start = number,
            _ => break,
        }
    }
    start
}

fn is_box(bytes: &[u8], word: Word) -> bool {
    if word.role & BOX != 0 {
        return true;
    }
    if !bytes[word.start..word.end].eq_ignore_ascii_case(b"box") {
        return false;
    }
    let before = bytes[..word.start].trim_ascii_end();
    let tail = before[before.len().saturating_sub(12)..].to_ascii_lowercase();
    [&b"p.o."[..], b"po", b"p.o", b"p o", b"post office", b"gpo", b"postal"].iter().any(|known| {
        tail.ends_with(known)
            && tail.len().checked_sub(known.len() + 1).is_none_or(|at| !tail[at].is_ascii_alphanumeric())
    })
}

/// A word in lower case, on the stack where it is ASCII or short.
struct Lower {
    buffer: [u8; WORD_BYTES_MAX + 8],
    length: usize,
    long: Vec<u8>,
}

impl Lower {
    fn as_slice(&self) -> &[u8] {
        if self.long.is_empty() { &self.buffer[..self.length] } else { &self.long }
    }
}

fn lower(text: &[u8]) -> Lower {
    let mut lower = Lower { buffer: [0; WORD_BYTES_MAX + 8], length: 0, long: Vec::new() };
    if text.is_ascii() && text.len() <= lower.buffer.len() {
        lower.length = text.len();
        lower.buffer[..text.len()].copy_from_slice(text);
        lower.buffer[..text.len()].make_ascii_lowercase();
    } else {
        lower.long = String::from_utf8_lossy(text).to_lowercase().into_bytes();
    }
    lower
}

fn skip_spaces(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    while at < bytes.len() && bytes[at] == b' ' {
        at += 1;
    }
    at
}

fn trim_spaces(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    while at > 0 && bytes[at - 1] == b' ' {
        at -= 1;
    }
    at
}

fn after_dot(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at) == Some(&b'.') { at + 1 } else { at }
}

fn after_dot_in_word(bytes: &[u8], word: Word) -> usize {
    if word.end - word.start <= 2 && bytes.get(word.end) == Some(&b'.') && bytes.get(word.end + 1) == Some(&b' ') {
        word.end + 1
    } else {
        word.end
    }
}

/// Blanks, commas, lines and quote marks before the next part; whether there was more than blanks.
fn separators(bytes: &[u8], at: usize) -> (usize, bool) {
    let mut next = at;
    let mut separated = false;
    while next < bytes.len() && next - at < 12 {
        match bytes[next] {
            b' ' | b'\t' => {}
            b',' | b'\n' | b'\r' | b'>' => separated = true,
            b'.' if next == at && bytes.get(at + 1) == Some(&b'\n') => {}
            b'.' if next == at && bytes.get(at + 1) == Some(&b' ') => {}
            _ => break,
        }
        next += 1;
    }
    // A sentence's end is no separator.
    if bytes.get(at) == Some(&b'.')
        && !separated
        && !bytes[next..].starts_with(b"Apt")
        && !bytes[next..].starts_with(b"Suite")
    {
        return (at, false);
    }
    (next, separated)
}

/// Whether nothing of the sentence goes on behind `at`.
fn ends_here(bytes: &[u8], at: usize) -> bool {
    match bytes.get(skip_spaces(bytes, at)) {
        None => true,
        Some(byte) => matches!(*byte, b',' | b'.' | b'\n' | b'\r' | b';' | b')' | b'!' | b'?' | b':' | b'"' | BARRIER),
    }
}

/// A house number's letter, range or fraction: `12a`, `12-14`, `12/3`.
fn house_number_end(bytes: &[u8], end: usize) -> usize {
    let mut end = end;
    if bytes.get(end).is_some_and(u8::is_ascii_alphabetic) && !bytes.get(end + 1).is_some_and(|b| is_letter(*b)) {
        end += 1;
    }
    if matches!(bytes.get(end), Some(b'-' | b'/')) {
        let digits = bytes[end + 1..].iter().take(5).take_while(|b| b.is_ascii_digit()).count();
        if (1..=4).contains(&digits) {
            end += 1 + digits;
            if bytes.get(end).is_some_and(u8::is_ascii_alphabetic) && !bytes.get(end + 1).is_some_and(|b| is_letter(*b))
            {
                end += 1;
            }
        }
    }
    end
}

/// Whether a number ends at `end`: no letter, sign of money or further digits follow.
fn ends_number(bytes: &[u8], end: usize) -> bool {
    match bytes.get(end) {
        Some(byte) if is_letter(*byte) || byte.is_ascii_digit() || matches!(byte, b'%' | b'$') => false,
        Some(b'.' | b',' | b':') => !bytes.get(end + 1).is_some_and(u8::is_ascii_digit),
        _ => true,
    }
}

/// The number that ends at `at` (with a house number's letter): where it begins, and whether a word or line begins there.
fn number_before(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let mut end = at;
    if end > 1 && bytes[end - 1] == b'.' {
        end -= 1;
    }
    if end > 1 && bytes[end - 1].is_ascii_alphabetic() && bytes[end - 2].is_ascii_digit() {
        end -= 1;
    }
    let mut start = end;
    while start > 0 && bytes[start - 1].is_ascii_digit() {
        start -= 1;
    }
    if start == end || end - start > 6 {
        return None;
    }
    let begins = start == 0
        || !(is_letter(bytes[start - 1])
            || matches!(bytes[start - 1], b'.' | b',' | b'$' | b'#' | b'-' | b'/' | b':' | b'@'));
    Some((start, begins))
}

/// The second pair of `Postfach 12 34`.
fn box_end(bytes: &[u8], end: usize) -> usize {
    let pair = bytes.get(end) == Some(&b' ')
        && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
        && bytes.get(end + 2).is_some_and(u8::is_ascii_digit)
        && ends_number(bytes, end + 3)
        && bytes.get(end + 3).is_none_or(|b| !b.is_ascii_alphanumeric());
    if pair && bytes[end - 2..end].iter().all(u8::is_ascii_digit) && bytes[end - 3] == b' ' { end + 3 } else { end }
}

/// A word that may be abbreviated by a dot.
fn is_short(bytes: &[u8], word: Word) -> bool {
    bytes[word.start..word.end].iter().filter(|b| **b & 0xC0 != 0x80).count() <= 4 || word.role & UNIT != 0
}

fn is_year(bytes: &[u8], start: usize) -> bool {
    bytes[start..].starts_with(b"19") || bytes[start..].starts_with(b"20")
}

fn is_cjk_before(bytes: &[u8], start: usize) -> bool {
    start >= 3
        && char_at(bytes, start - 3).is_some_and(|c| {
            matches!(c, '路' | '街' | '巷' | '弄' | '段' | '道' | '로' | '길' | '목' | '番' | '目' | '号' | '丁')
        })
}

fn is_cjk_counter(bytes: &[u8], end: usize) -> bool {
    char_at(bytes, end).is_some_and(|c| matches!(c, '丁' | '号' | '號' | '番' | '번' | '弄' | '巷'))
}

/// `1丁目2番3号`, `南京路100号`, `세종대로 110`: a road's or block's sign with numbers at both sides, or a road and a number.
fn cjk(bytes: &[u8], start: usize, end: usize) -> Option<Mark> {
    let mut first = start;
    let road = is_cjk_before(bytes, start)
        && start >= 3
        && char_at(bytes, start - 3)
            .is_some_and(|c| matches!(c, '路' | '街' | '巷' | '弄' | '段' | '道' | '로' | '길'));
    if road {
        // The road's name: up to four signs of the same script.
        for _ in 0..4 {
            if first >= 3 && char_at(bytes, first - 3).is_some_and(|c| c >= '\u{3040}' && c.is_alphabetic()) {
                first -= 3;
            }
        }
    }
    let mut last = end;
    let mut numbers = 1;
    let mut blocks = 0;
    while let Some(c) = char_at(bytes, last) {
        match c {
            '丁' | '目' | '番' | '地' | '号' | '號' | '번' | '지' | '室' | '楼' | '樓' | '弄' | '巷' | '栋' | '호' =>
            {
                blocks += 1;
                last += c.len_utf8();
            }
            '0'..='9' => {
                let digits = bytes[last..].iter().take_while(|b| b.is_ascii_digit()).count();
                numbers += 1;
                last += digits;
            }
            '-' | 'の' if bytes.get(last + c.len_utf8()).is_some_and(u8::is_ascii_digit) => last += c.len_utf8(),
            _ => break,
        }
    }
    // "3号" alone is a third of anything.
    (road && (blocks > 0 || end - start <= 4 && numbers > 1) || blocks > 0 && numbers > 1).then_some(Mark {
        start: first,
        end: last,
        kind: Kind::Address,
    })
}
