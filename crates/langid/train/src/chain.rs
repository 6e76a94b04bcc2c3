//! Words as a language makes them: a chain over n-grams of up to five letters, counted back from lingua's table, or counted in words.
//!
//! The table gives ln P(last letter | those before) of every n-gram inside a word, so count(g) is the product of the
//! conditionals. What a count lacks tells where words begin and end: starts(g) = count(g) − Σ count(xg),
//! ends after g = count(g) − Σ count(gx).

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    path::Path,
};

use fst::Streamer;
use groundswell_langid::training::letter;

use crate::random::Random;

/// Letters of a word at most; the chain of a language with long compounds could go on.
const WORD_LETTERS_MAX: usize = 40;
/// Twelve bits a letter, as in the crate.
const BITS: u32 = 12;
const CODE: u16 = (1 << BITS) - 1;
/// A letter of another script. Words with one are not drawn.
const FOREIGN: u16 = 2;

#[derive(Default)]
pub struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64");
    }
    fn write_u64(&mut self, value: u64) {
        let mixed = (value ^ (value >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

type Counts = HashMap<u64, f64, BuildHasherDefault<Spread>>;

/// One language's words.
pub struct Chain {
    /// Words of one to three letters and beginnings of four, with counts added up.
    starts: Vec<(u64, u8)>,
    starts_up_to: Vec<u32>,
    /// Of each four letters in order of `contexts`: where its followers begin, and its count.
    first: Vec<u32>,
    count: Vec<u32>,
    contexts: HashMap<u64, u32, BuildHasherDefault<Spread>>,
    follower: Vec<u16>,
    next: Vec<u32>,
    up_to: Vec<u32>,
    script: u16,
    /// N-grams with edges, as features have them: symbols packed, how many, count.
    pub grams: Vec<(u64, u8, f32)>,
    /// All n-grams of one to five symbols, edges among them; an edge alone is how many words there are.
    pub all: Vec<(u64, u8, f32)>,
}

impl Chain {
    pub fn read(path: &Path, script: u16) -> Self {
        let (mut counts, mut order, least) = Self::probabilities(path, script);
        // The rarest letter stood once.
        let all = 1.0 / least;
        for map in &mut counts {
            map.values_mut().for_each(|count| *count = (*count * all).round());
        }
        order.iter_mut().for_each(|(_, count)| *count = (*count * all).round());
        Self::of(&counts, order, script)
    }

    /// By words that each stood as often as the next one.
    pub fn of_words(words: &[Vec<u16>], script: u16) -> Self {
        let mut counts: [Counts; 6] = Default::default();
        for word in words {
            for letters in 1..=5_usize.min(word.len()) {
                for gram in word.windows(letters) {
                    let packed = gram.iter().fold(0, |packed, &symbol| packed << BITS | u64::from(symbol & CODE));
                    *counts[letters].entry(packed).or_default() += 1.0;
                }
            }
        }
        let mut order: Vec<(u64, f64)> = std::mem::take(&mut counts[5]).into_iter().collect();
        order.sort_unstable_by_key(|(gram, _)| *gram);
        Self::of(&counts, order, script)
    }

    /// How likely n-grams are, those of five letters in order of the file, and the rarest letter.
    fn probabilities(path: &Path, script: u16) -> ([Counts; 6], Vec<(u64, f64)>, f64) {
        let bytes = std::fs::read(path).expect("a language model is readable");
        let map = fst::Map::new(bytes).expect("a language model is an fst");
        let mut stream = map.stream();
        // Counts of n-grams of 1 to 5 letters, index 0 unused.
        let mut counts: [Counts; 6] = Default::default();
        let mut order: Vec<(u64, f64)> = Vec::new();
        let mut above = [1.0_f64; 6];
        let mut least = f64::MAX;
        while let Some((key, value)) = stream.next() {
            let gram = std::str::from_utf8(key).expect("keys are text");
            let letters = gram.chars().count();
            let (mut packed, probability) = (0_u64, f64::from_bits(value).exp());
            for c in gram.chars() {
                let code = letter(c).filter(|code| code >> BITS == script).map_or(FOREIGN, |code| code & CODE);
                packed = (packed << BITS) | u64::from(code);
            }
            above[letters] = if letters == 1 { probability } else { above[letters - 1] * probability };
            if letters == 1 {
                least = least.min(probability);
            }
            if letters == 5 {
                order.push((packed, above[5]));
            } else {
                *counts[letters].entry(packed).or_default() += above[letters];
            }
        }
        (counts, order, least)
    }

    /// By the counts of n-grams of one to four letters and of five.
    fn of(counts: &[Counts; 6], mut order: Vec<(u64, f64)>, script: u16) -> Self {
        // What stands before each n-gram, so that the rest is at a word's start.
        let mut before: [Counts; 6] = Default::default();
        for letters in 1..=4_usize {
            let mask = (1_u64 << (letters as u32 * BITS)) - 1;
            let longer: Vec<(u64, f64)> =
                if letters == 4 { order.clone() } else { counts[letters + 1].iter().map(|(k, v)| (*k, *v)).collect() };
            for (gram, count) in longer {
                *before[letters].entry(gram & mask).or_default() += count;
            }
        }
        let starts_of = |letters: usize| -> Counts {
            counts[letters]
                .iter()
                .map(|(gram, count)| (*gram, (count - before[letters].get(gram).unwrap_or(&0.0)).max(0.0)))
                .collect()
        };
        let by_length = [Counts::default(), starts_of(1), starts_of(2), starts_of(3), starts_of(4)];
        let mut starts: Vec<(u64, u8, f64)> = Vec::new();
        for letters in 1..=3_usize {
            let mut whole = by_length[letters].clone();
            for (gram, count) in &by_length[letters + 1] {
                if let Some(of_prefix) = whole.get_mut(&(gram >> BITS)) {
                    *of_prefix -= count;
                }
            }
            starts.extend(whole.into_iter().map(|(gram, count)| (gram, letters as u8, count)));
        }
        let mut grams = Vec::new();
        let mut gram = |packed: u64, symbols: u8, count: f64| {
            if count >= 1.0 {
                grams.push((packed, symbols, count as f32));
            }
        };
        const EDGE: u64 = groundswell_langid::training::EDGE as u64;
        let mut ends: [Counts; 5] =
            [Counts::default(), Counts::default(), counts[2].clone(), Counts::default(), counts[4].clone()];
        counts[3].iter().for_each(|(packed, count)| *ends[2].entry(packed >> BITS).or_default() -= count);
        order.iter().for_each(|(packed, count)| *ends[4].entry(packed >> BITS).or_default() -= count);
        order.iter().for_each(|(packed, count)| gram(*packed, 5, *count));
        counts[3].iter().for_each(|(packed, count)| gram(*packed, 3, *count));
        by_length[4].iter().for_each(|(packed, count)| gram((EDGE << (4 * BITS)) | packed, 5, *count));
        by_length[2].iter().for_each(|(packed, count)| gram((EDGE << (2 * BITS)) | packed, 3, *count));
        ends[4].iter().for_each(|(packed, count)| gram((packed << BITS) | EDGE, 5, *count));
        ends[2].iter().for_each(|(packed, count)| gram((packed << BITS) | EDGE, 3, *count));
        for (packed, letters, count) in &starts {
            gram((((EDGE << (u32::from(*letters) * BITS)) | packed) << BITS) | EDGE, letters + 2, *count);
        }
        let all = all_grams(counts, &order, &by_length, &starts);
        starts.extend(by_length[4].iter().map(|(gram, count)| (*gram, 4, *count)));
        starts.retain(|(_, _, count)| *count >= 1.0);
        starts.sort_by_key(|(gram, letters, _)| (*letters, *gram));
        let mut sum = 0.0;
        let starts_up_to = starts
            .iter()
            .map(|(_, _, count)| {
                sum += count;
                sum as u32
            })
            .collect();

        order.sort_by_key(|(gram, _)| *gram);
        let mut four: Vec<(u64, f64)> = counts[4].iter().map(|(gram, count)| (*gram, *count)).collect();
        four.sort_by_key(|(gram, _)| *gram);
        let contexts: HashMap<u64, u32, BuildHasherDefault<Spread>> =
            four.iter().enumerate().map(|(at, (gram, _))| (*gram, at as u32)).collect();
        let mut chain = Self {
            starts: starts.into_iter().map(|(gram, letters, _)| (gram, letters)).collect(),
            starts_up_to,
            first: Vec::with_capacity(four.len() + 1),
            count: four.iter().map(|(_, count)| *count as u32).collect(),
            contexts,
            follower: Vec::with_capacity(order.len()),
            next: Vec::with_capacity(order.len()),
            up_to: Vec::with_capacity(order.len()),
            script,
            grams,
            all,
        };
        let mut at = 0;
        for (gram, _) in &four {
            chain.first.push(chain.follower.len() as u32);
            let mut sum = 0.0;
            while at < order.len() && order[at].0 >> BITS <= *gram {
                if order[at].0 >> BITS == *gram {
                    sum += order[at].1;
                    chain.follower.push(order[at].0 as u16 & CODE);
                    let tail = order[at].0 & ((1 << (4 * BITS)) - 1);
                    chain.next.push(chain.contexts.get(&tail).copied().unwrap_or(u32::MAX));
                    chain.up_to.push(sum as u32);
                }
                at += 1;
            }
        }
        chain.first.push(chain.follower.len() as u32);
        chain
    }

    /// Appends a word of at least so many letters, with the script in its codes as in the crate.
    pub fn word(&self, random: &mut Random, letters_min: usize, out: &mut Vec<u16>) {
        let from = out.len();
        for _ in 0..200 {
            if self.try_word(random, out) && out.len() - from >= letters_min {
                return;
            }
            out.truncate(from);
        }
    }

    fn try_word(&self, random: &mut Random, out: &mut Vec<u16>) -> bool {
        let Some(&total) = self.starts_up_to.last() else { return false };
        let r = random.below(total);
        let at = self.starts_up_to.partition_point(|&up_to| up_to <= r);
        let (gram, letters) = self.starts[at];
        let from = out.len();
        for place in (0..u32::from(letters)).rev() {
            let code = (gram >> (place * BITS)) as u16 & CODE;
            if code == FOREIGN {
                return false;
            }
            self.push(code, out);
        }
        if letters < 4 {
            return true;
        }
        let Some(&context) = self.contexts.get(&gram) else { return false };
        let mut context = context as usize;
        while out.len() - from < WORD_LETTERS_MAX {
            let followers = self.first[context] as usize..self.first[context + 1] as usize;
            let r = random.below(self.count[context].max(1));
            let at = followers.start + self.up_to[followers.clone()].partition_point(|&up_to| up_to <= r);
            if at == followers.end {
                return true;
            }
            if self.follower[at] == FOREIGN || self.next[at] == u32::MAX {
                return false;
            }
            self.push(self.follower[at], out);
            context = self.next[at] as usize;
        }
        false
    }

    fn push(&self, code: u16, out: &mut Vec<u16>) {
        out.push((self.script << BITS) | code);
    }
}

/// N-grams of letters, and with a word's edges before, behind and around them. `starts`: whole words of one to three letters.
fn all_grams(
    counts: &[Counts; 6],
    order: &[(u64, f64)],
    by_length: &[Counts; 5],
    starts: &[(u64, u8, f64)],
) -> Vec<(u64, u8, f32)> {
    const EDGE: u64 = groundswell_langid::training::EDGE as u64;
    let mut all = Vec::new();
    let mut gram = |packed: u64, symbols: u8, count: f64| {
        if count >= 1.0 {
            all.push((packed, symbols, count as f32));
        }
    };
    gram(EDGE, 1, by_length[1].values().sum());
    for letters in 1..=4_u8 {
        let mut ends = counts[usize::from(letters)].clone();
        if letters == 4 {
            order.iter().for_each(|(packed, count)| *ends.entry(packed >> BITS).or_default() -= count);
        } else {
            let longer = &counts[usize::from(letters) + 1];
            longer.iter().for_each(|(packed, count)| *ends.entry(packed >> BITS).or_default() -= count);
        }
        let edge = EDGE << (u32::from(letters) * BITS);
        counts[usize::from(letters)].iter().for_each(|(packed, count)| gram(*packed, letters, *count));
        by_length[usize::from(letters)].iter().for_each(|(packed, count)| gram(edge | packed, letters + 1, *count));
        ends.iter().for_each(|(packed, count)| gram((packed << BITS) | EDGE, letters + 1, *count));
    }
    order.iter().for_each(|(packed, count)| gram(*packed, 5, *count));
    for (packed, letters, count) in starts {
        gram((((EDGE << (u32::from(*letters) * BITS)) | packed) << BITS) | EDGE, letters + 2, *count);
    }
    // The maps' order is nobody's; what is made of it must not be.
    all.sort_unstable_by_key(|(packed, symbols, _)| (*symbols, *packed));
    all
}
