//! A language: its words by rank, how often each comes, its themes and its hashtags.
//!
//! The lists in `words/` hold function words, common words and a dozen words a theme, as people use them. A tail of made-up
//! compounds and derivations continues them to the length that a real stream has. Word frequencies follow Zipf and
//! Mandelbrot: the word of rank r (from 0) comes in proportion to (r + 2.7)^(-9/8). Nothing here depends on the seed of a
//! stream, so a watch made for one stream fits all.

use std::collections::HashSet;

use crate::names;
use crate::rng::Rng;

/// Slots of a language's frequency table: a power of two, so that a draw is a mask and a multiplication.
const SLOTS: usize = 8192;
/// Mandelbrot's shift: with it the most frequent word is about 3 % of all words, as in the troll slice (English 2.7 %, Russian 4.1 %).
const SHIFT: f64 = 2.7;
/// Slots of a theme's table.
pub(crate) const THEME_SLOTS: usize = 256;
/// Hashtags of a theme in a language.
pub(crate) const THEME_TAGS: usize = 32;
/// Hashtags of a language that belong to no theme.
pub(crate) const COMMON_TAGS: usize = 256;
/// Words of the tail that each theme takes as its own.
const THEME_TAIL: usize = 150;
/// Bytes after the last word, so that a short word can be copied as 16 bytes and cut.
const PADDING: usize = 16;

/// A word's place in the arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

/// A run of ranks that share one slot of the table evenly.
#[derive(Clone, Copy, Debug)]
struct Slot {
    first: u32,
    width: u32,
}

/// What people talk about in a language.
#[derive(Debug)]
pub(crate) struct Theme {
    /// Ranks of its words, each as often as it comes.
    pub(crate) table: Vec<u32>,
    /// Its hashtags, without `#`.
    pub(crate) tags: Vec<Span>,
}

/// One language.
#[derive(Debug)]
pub(crate) struct Language {
    pub(crate) code: &'static str,
    /// Whether its words are parted by spaces.
    pub(crate) spaced: bool,
    arena: Vec<u8>,
    words: Vec<Span>,
    chances: Vec<f32>,
    slots: Vec<Slot>,
    /// Ranks that no theme uses, so that how often they come is known to the last digit. Ascending.
    pub(crate) themeless: Vec<u32>,
    pub(crate) themes: Vec<Theme>,
    pub(crate) tags: Vec<Span>,
    pub(crate) greetings: Vec<Span>,
}

/// The sections of a list.
#[derive(Debug, Default)]
struct Lists<'a> {
    function: Vec<&'a str>,
    common: Vec<&'a str>,
    greetings: Vec<&'a str>,
    suffixes: Vec<&'a str>,
    themes: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Lists<'a> {
    fn parse(text: &'a str) -> Self {
        let mut lists = Self::default();
        let mut section = "";
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
                continue;
            }
            let words = line.split_whitespace();
            match section {
                "function" => lists.function.extend(words),
                "common" => lists.common.extend(words),
                "greeting" => lists.greetings.push(line),
                "suffix" => lists.suffixes.extend(words),
                theme => match lists.themes.iter_mut().find(|(name, _)| *name == theme) {
                    Some((_, list)) => list.extend(words),
                    None => lists.themes.push((theme, words.collect())),
                },
            }
        }
        lists
    }
}

/// Words on their way into a [`Language`].
#[derive(Default)]
struct Arena {
    bytes: Vec<u8>,
    words: Vec<Span>,
    known: HashSet<String>,
}

impl Arena {
    fn keep(&mut self, text: &str) -> Span {
        let span = Span { start: self.bytes.len() as u32, length: text.len() as u32 };
        self.bytes.extend_from_slice(text.as_bytes());
        span
    }

    /// Adds a word at the next rank, where it is new.
    fn add(&mut self, word: &str) -> Option<u32> {
        if !self.known.insert(word.to_owned()) {
            return None;
        }
        let span = self.keep(word);
        self.words.push(span);
        Some(self.words.len() as u32 - 1)
    }
}

impl Language {
    /// Builds the language `code` from its list, with a vocabulary of `types` words.
    pub(crate) fn new(code: &'static str, spaced: bool, text: &str, types: usize) -> Self {
        let lists = Lists::parse(text);
        let mut rng =
            Rng::new(u64::from_be_bytes([0, 0, 0, 0, 0, 0, code.as_bytes()[0], code.as_bytes()[1]]), 0x0001_A265);
        let mut arena = Arena::default();
        for word in &lists.function {
            arena.add(word);
        }
        let mut themeless = Vec::new();
        let mut theme_words: Vec<Vec<u32>> = vec![Vec::new(); lists.themes.len()];
        // Two common words, then one of a theme, the themes in turn: so every theme has frequent and less frequent words.
        let longest = lists.themes.iter().map(|(_, words)| words.len()).max().unwrap_or(0);
        let mut of_themes = (0..longest)
            .flat_map(|at| {
                lists.themes.iter().enumerate().map(move |(theme, (_, words))| (theme, words.get(at).copied()))
            })
            .filter_map(|(theme, word)| word.map(|word| (theme, word)));
        for (index, word) in lists.common.iter().enumerate() {
            themeless.extend(arena.add(word));
            if index % 2 == 1
                && let Some((theme, word)) = of_themes.next()
            {
                theme_words[theme].extend(arena.add(word));
            }
        }
        for (theme, word) in of_themes {
            theme_words[theme].extend(arena.add(word));
        }

        let stems: Vec<&str> = lists
            .common
            .iter()
            .copied()
            .chain(lists.themes.iter().flat_map(|(_, words)| words.iter().copied()))
            .collect();
        let mut theme = 0;
        while arena.words.len() < types {
            let word = tail_word(&mut rng, &stems, &lists.suffixes, spaced);
            let Some(rank) = arena.add(&word) else { continue };
            // Every fourth rare word is a theme's own, until each theme has its share.
            if rank % 4 == 0 && theme < THEME_TAIL * theme_words.len() {
                let count = theme_words.len();
                theme_words[theme % count].push(rank);
                theme += 1;
            } else {
                themeless.push(rank);
            }
        }

        let themes = lists
            .themes
            .iter()
            .zip(theme_words)
            .map(|((_, words), ranks)| {
                let mut tags = Vec::with_capacity(THEME_TAGS);
                for index in 0..THEME_TAGS {
                    let tag = match words.get(index) {
                        Some(word) if index < 8 => (*word).to_owned(),
                        _ => format!("{}{}", rng.pick(words), rng.pick(&stems)),
                    };
                    tags.push(arena.keep(&tag));
                }
                Theme { table: theme_table(&ranks), tags }
            })
            .collect();
        let mut tags = Vec::with_capacity(COMMON_TAGS);
        for _ in 0..COMMON_TAGS {
            // Never a common word alone: how often that comes must stay known.
            let tag = format!("{}{}", rng.pick(&stems), rng.pick(&stems));
            tags.push(arena.keep(&tag));
        }
        let greetings = lists.greetings.iter().map(|text| arena.keep(text)).collect();
        arena.bytes.extend_from_slice(&[b' '; PADDING]);
        let (slots, chances) = frequencies(arena.words.len());
        Self {
            code,
            spaced,
            arena: arena.bytes,
            words: arena.words,
            chances,
            slots,
            themeless,
            themes,
            tags,
            greetings,
        }
    }

    /// How many words it has.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// A rank, drawn by the 45 lowest bits.
    #[inline]
    pub(crate) fn draw(&self, bits: u64) -> u32 {
        let slot = self.slots[(bits as usize) & (SLOTS - 1)];
        slot.first + (((bits >> 13 & 0xFFFF_FFFF) * u64::from(slot.width)) >> 32) as u32
    }

    /// How likely [`Self::draw`] is to give this rank.
    pub(crate) fn chance(&self, rank: u32) -> f64 {
        f64::from(self.chances[rank as usize])
    }

    /// The themeless, non-function rank whose chance is nearest to `chance`.
    pub(crate) fn rank_of_chance(&self, chance: f64) -> u32 {
        let at = self.themeless.partition_point(|rank| self.chance(*rank) > chance);
        self.themeless[at.min(self.themeless.len() - 1)]
    }

    /// The word of a rank.
    pub(crate) fn word(&self, rank: u32) -> &str {
        self.text(self.words[rank as usize])
    }

    /// The text at a place of the arena.
    pub(crate) fn text(&self, span: Span) -> &str {
        let bytes = &self.arena[span.start as usize..(span.start + span.length) as usize];
        std::str::from_utf8(bytes).expect("spans are made from whole strings")
    }

    /// Appends the word of a rank.
    #[inline]
    pub(crate) fn word_into(&self, rank: u32, out: &mut Vec<u8>) {
        self.text_into(self.words[rank as usize], out);
    }

    /// Appends the text at a place of the arena.
    #[inline]
    pub(crate) fn text_into(&self, span: Span, out: &mut Vec<u8>) {
        let (start, length) = (span.start as usize, span.length as usize);
        if length <= PADDING {
            // A copy of fixed length is two instructions; one of unknown length is a call.
            let end = out.len() + length;
            out.extend_from_slice(&self.arena[start..start + PADDING]);
            out.truncate(end);
        } else {
            out.extend_from_slice(&self.arena[start..start + length]);
        }
    }
}

/// A rare word: a derivation, a compound, a derived compound or an invention.
fn tail_word(rng: &mut Rng, stems: &[&str], suffixes: &[&str], spaced: bool) -> String {
    let mut word = String::from(rng.pick(stems));
    match rng.below(20) {
        0..4 => word.push_str(rng.pick(suffixes)),
        4..13 => word.push_str(rng.pick(stems)),
        13..17 => {
            word.push_str(rng.pick(stems));
            word.push_str(rng.pick(suffixes));
        }
        _ if spaced && word.is_ascii() => word = names::invented(rng) + rng.pick(suffixes),
        _ => {
            word.push_str(rng.pick(stems));
            word.push_str(rng.pick(stems));
        }
    }
    word
}

/// A theme's words as slots: the first words take most, the rest at least one each.
fn theme_table(ranks: &[u32]) -> Vec<u32> {
    let ranks = &ranks[..ranks.len().min(THEME_SLOTS)];
    let weights: Vec<f64> = (0..ranks.len()).map(|index| 1.0 / (index as f64 + 6.0)).collect();
    let total: f64 = weights.iter().sum();
    let spare = THEME_SLOTS - ranks.len();
    let mut table = Vec::with_capacity(THEME_SLOTS);
    for (rank, weight) in ranks.iter().zip(&weights) {
        let copies = 1 + (weight / total * spare as f64) as usize;
        table.extend(std::iter::repeat_n(*rank, copies));
    }
    while table.len() < THEME_SLOTS {
        table.push(ranks[table.len() % ranks.len().min(12)]);
    }
    table.truncate(THEME_SLOTS);
    table
}

/// Slots and the chance of each rank: frequent words own whole slots, rarer ones share one.
fn frequencies(types: usize) -> (Vec<Slot>, Vec<f32>) {
    // The eighth root by three square roots, which every machine takes alike.
    let weight = |rank: usize| {
        let place = rank as f64 + SHIFT;
        1.0 / (place * place.sqrt().sqrt().sqrt())
    };
    let total: f64 = (0..types).map(weight).sum();
    let mut slots = Vec::with_capacity(SLOTS);
    let mut rank = 0;
    while rank < types && weight(rank) / total * SLOTS as f64 >= 1.0 {
        let copies = (weight(rank) / total * SLOTS as f64 + 0.5) as usize;
        slots.extend(std::iter::repeat_n(Slot { first: rank as u32, width: 1 }, copies));
        rank += 1;
    }
    let shared = SLOTS - slots.len();
    let rest: f64 = (rank..types).map(weight).sum();
    let mut used = 0.0;
    for index in 0..shared {
        let first = rank;
        let goal = rest * (index + 1) as f64 / shared as f64;
        while rank < types && (rank == first || used < goal || index + 1 == shared) {
            used += weight(rank);
            rank += 1;
        }
        // Where the words have run out, the last one takes what is left.
        let (first, width) = if rank > first { (first, rank - first) } else { (types - 1, 1) };
        slots.push(Slot { first: first as u32, width: width as u32 });
    }
    let mut chances = vec![0.0_f32; types];
    for slot in &slots {
        for rank in slot.first..slot.first + slot.width {
            chances[rank as usize] += 1.0 / (SLOTS as f32 * slot.width as f32);
        }
    }
    (slots, chances)
}
