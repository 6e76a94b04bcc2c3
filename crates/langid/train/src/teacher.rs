//! What each language makes of a word: the chain's own probabilities, where it has counted too little helped by shorter n-grams
//! (Witten & Bell, "The zero-frequency problem", 1991). Exact, and a hundred times what a program may carry: it teaches.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use groundswell_langid::training::EDGE;

use crate::chain::{Chain, Spread};

/// Lanes of a group at most.
pub const LANES: usize = 64;
const BITS: u32 = 12;
/// Symbols of an n-gram at most.
const ORDER: usize = 5;
/// Logarithms are kept in steps of so much.
const STEP: f32 = 1.0 / 1024.0;
/// Symbols that any language might use: what is in none of its counts is one of so many.
const SYMBOLS: f32 = 200.0;

type Lanes = [i16; LANES];

#[derive(Default)]
struct Rows {
    place: HashMap<u64, u32, BuildHasherDefault<Spread>>,
    lanes: Vec<Lanes>,
}

impl Rows {
    fn get(&self, gram: u64) -> Option<&Lanes> {
        self.place.get(&gram).map(|&place| &self.lanes[place as usize])
    }

    fn place(&mut self, gram: u64) -> &mut Lanes {
        let next = self.lanes.len() as u32;
        let place = *self.place.entry(gram).or_insert(next);
        if place == next {
            self.lanes.push([0; LANES]);
        }
        &mut self.lanes[place as usize]
    }
}

#[derive(Default)]
pub struct Teacher {
    languages: usize,
    /// ln P(last symbol | those before), by n-gram; index 0 unused.
    probabilities: [Rows; ORDER + 1],
    /// What is left for symbols that were never seen after these, by what stands before.
    left: [Rows; ORDER + 1],
    /// Of a symbol that nobody counted.
    unknown: f32,
}

fn tail(gram: u64, symbols: usize) -> u64 {
    gram & ((1 << ((symbols - 1) as u32 * BITS)) - 1)
}

impl Teacher {
    pub fn new(chains: &[Chain]) -> Self {
        let mut teacher = Self { languages: chains.len(), unknown: (1.0 / SYMBOLS).ln(), ..Self::default() };
        for symbols in 1..=ORDER {
            let mut rows = Rows::default();
            let mut left = Rows::default();
            // By language, what stands before: how often, and followed by how many different symbols.
            type Before = HashMap<u64, (f32, f32), BuildHasherDefault<Spread>>;
            let before: Vec<Before> = chains
                .iter()
                .map(|chain| {
                    let mut before = Before::default();
                    for &(packed, _, count) in chain.all.iter().filter(|gram| usize::from(gram.1) == symbols) {
                        let seen = before.entry(packed >> BITS).or_default();
                        *seen = (seen.0 + count, seen.1 + 1.0);
                        rows.place(packed);
                    }
                    before
                })
                .collect();
            for (lane, before) in before.iter().enumerate() {
                for (context, (count, different)) in before {
                    left.place(*context)[lane] = ((different / (count + different)).ln() / STEP) as i16;
                }
            }
            // What the language has not counted is as likely as by what is left and one symbol less.
            let grams: Vec<(u64, u32)> = rows.place.iter().map(|(gram, place)| (*gram, *place)).collect();
            for (gram, place) in grams {
                let mut shorter = [0.0; LANES];
                teacher.add(symbols - 1, tail(gram, symbols), &mut shorter);
                let context = left.get(gram >> BITS);
                for (lane, (to, shorter)) in rows.lanes[place as usize].iter_mut().zip(shorter).enumerate() {
                    let left = context.map_or(0.0, |context| f32::from(context[lane]) * STEP);
                    *to = ((shorter + left) / STEP).max(-32_000.0) as i16;
                }
            }
            for (lane, (chain, before)) in chains.iter().zip(&before).enumerate() {
                for &(packed, _, count) in chain.all.iter().filter(|gram| usize::from(gram.1) == symbols) {
                    let (all, different) = before[&(packed >> BITS)];
                    let lanes = rows.place(packed);
                    let backed = (f32::from(lanes[lane]) * STEP).exp();
                    lanes[lane] = ((count / (all + different) + backed).ln() / STEP).max(-32_000.0) as i16;
                }
            }
            teacher.probabilities[symbols] = rows;
            teacher.left[symbols] = left;
        }
        teacher
    }

    /// Adds ln P of the last symbol of an n-gram.
    fn add(&self, symbols: usize, gram: u64, to: &mut [f32; LANES]) {
        let (mut symbols, mut gram) = (symbols, gram);
        while symbols > 0 {
            let found = self.probabilities[symbols].get(gram);
            if let Some(lanes) = found.or_else(|| self.left[symbols].get(gram >> BITS)) {
                to.iter_mut().zip(lanes).for_each(|(to, lane)| *to += f32::from(*lane) * STEP);
            }
            if found.is_some() {
                return;
            }
            gram = tail(gram, symbols);
            symbols -= 1;
        }
        to.iter_mut().for_each(|to| *to += self.unknown);
    }

    /// ln P of a word, by language.
    pub fn word(&self, word: &[u16]) -> [f32; LANES] {
        let mut sum = [0.0; LANES];
        let mut gram = u64::from(EDGE);
        let mut symbols = 1;
        for symbol in word.iter().chain([&EDGE]) {
            gram = (gram << BITS | u64::from(symbol & ((1 << BITS) - 1))) & ((1 << (ORDER as u32 * BITS)) - 1);
            symbols = (symbols + 1).min(ORDER);
            self.add(symbols, gram, &mut sum);
        }
        sum
    }

    pub fn languages(&self) -> usize {
        self.languages
    }
}
