//! What is learnt from: words, pairs and runs of words of one language, and noise.

use std::collections::HashMap;

use groundswell_langid::training::{EDGE, letter};
use unicode_normalization::UnicodeNormalization;

use crate::{chain::Chain, random::Random};

/// Of samples, the share of noise, if the number of languages is as here.
const NOISE: f32 = 0.012;
/// Of samples, the share without accents.
const STRIPPED: f32 = 0.08;
/// Of words in longer samples, the share from other languages of the script.
const FOREIGN: f32 = 0.08;
/// Of samples of one or two words, the share with words of five letters and more only: short words are most of a text and
/// tell a language best, so they would be most of what is learnt.
const LONG: f32 = 0.75;
const LONG_LETTERS: usize = 5;

pub struct Sampler {
    chains: Vec<Chain>,
    bare: HashMap<u16, u16>,
    script: u16,
    alphabet: Vec<u16>,
}

impl Sampler {
    pub fn new(chains: Vec<Chain>, script: u16) -> Self {
        let mut bare = HashMap::new();
        for c in ('\u{80}'..='\u{1fff}').filter(|c| c.is_lowercase()) {
            let plain = match c {
                'đ' => Some('d'),
                'ł' => Some('l'),
                'ø' => Some('o'),
                'ı' => Some('i'),
                c => c.nfd().next(),
            };
            if let (Some(from), Some(to)) = (letter(c), plain.and_then(letter))
                && from != to
            {
                bare.insert(from, to);
            }
        }
        // Which letters noise is made of: those that words are.
        let mut random = Random::new(1);
        let mut counts: HashMap<u16, u32> = HashMap::new();
        let mut word = Vec::new();
        for chain in &chains {
            for _ in 0..500 {
                word.clear();
                chain.word(&mut random, 1, &mut word);
                word.iter().for_each(|code| *counts.entry(*code).or_default() += 1);
            }
        }
        let mut alphabet: Vec<u16> = counts.into_iter().filter(|(_, n)| *n > 20).map(|(code, _)| code).collect();
        alphabet.sort_unstable();
        Self { chains, bare, script, alphabet }
    }

    /// The n-grams of a language, with how often each is in its text.
    pub fn grams(&self, lane: usize) -> &[(u64, u8, f32)] {
        &self.chains[lane].grams
    }

    pub fn languages(&self) -> usize {
        self.chains.len()
    }

    /// Symbols of a sample into `out`; returns its lane, that of noise behind the languages.
    pub fn draw(&self, random: &mut Random, out: &mut Vec<u16>) -> usize {
        out.clear();
        out.push(EDGE);
        let noise = random.chance(NOISE);
        let lane = if noise { self.chains.len() } else { random.below(self.chains.len() as u32) as usize };
        let kind = random.below(100);
        let words = if kind < 40 {
            1
        } else if kind < 65 {
            2
        } else {
            3 + random.below(8)
        };
        let least = if words <= 2 && random.chance(LONG) { LONG_LETTERS } else { 1 };
        for _ in 0..words {
            if noise {
                self.noise(random, out);
            } else {
                let other = words > 2 && random.chance(FOREIGN);
                let of = if other { random.below(self.chains.len() as u32) as usize } else { lane };
                self.chains[of].word(random, least, out);
            }
            out.push(EDGE);
        }
        if random.chance(STRIPPED) {
            for symbol in out.iter_mut() {
                if let Some(plain) = self.bare.get(symbol) {
                    *symbol = *plain;
                }
            }
        }
        lane
    }

    /// What hands on a keyboard, machines and laughter make.
    fn noise(&self, random: &mut Random, out: &mut Vec<u16>) {
        let letters = 4 + random.below(10) as usize;
        let any = |random: &mut Random| self.alphabet[random.below(self.alphabet.len() as u32) as usize];
        match random.below(4) {
            0 => {
                const KEYS: [&str; 2] = ["qwertyuiop asdfghjkl zxcvbnm", "йцукенгшщзх фывапролджэ ячсмитьбю"];
                let keys: Vec<u16> = KEYS[usize::from(self.script == 1)].chars().filter_map(letter).collect();
                let mut at = random.below(keys.len() as u32) as i64;
                for _ in 0..letters {
                    out.push(keys[at as usize]);
                    at = (at + i64::from(random.below(7)) - 3).rem_euclid(keys.len() as i64);
                }
                if self.script > 1 {
                    out.truncate(out.len() - letters);
                    (0..letters).for_each(|_| out.push(any(random)));
                }
            }
            1 => {
                let latin: Vec<u16> = ('a'..='z').filter_map(letter).collect();
                for _ in 0..letters {
                    let from = if self.script == 0 { &latin } else { &self.alphabet };
                    out.push(from[random.below(from.len() as u32) as usize]);
                }
            }
            2 => {
                let from = out.len();
                self.chains[random.below(self.chains.len() as u32) as usize].word(random, 5, out);
                for at in (from + 1..out.len()).rev() {
                    let other = from + random.below((at - from + 1) as u32) as usize;
                    out.swap(at, other);
                }
            }
            _ => {
                let syllable: Vec<u16> = (0..1 + random.below(3)).map(|_| any(random)).collect();
                for at in 0..letters {
                    out.push(syllable[at % syllable.len()]);
                }
            }
        }
    }
}
