//! What is learnt from: words, pairs and runs of words of one language, and noise.

use std::collections::HashMap;

use groundswell_langid::training::{EDGE, letter};
use unicode_normalization::UnicodeNormalization;

use crate::{
    chain::Chain,
    random::Random,
    teacher::{LANES, Teacher},
};

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
/// Words of which the share of long ones is counted.
const LONG_OF: usize = 2_000;

pub struct Sampler {
    chains: Vec<Chain>,
    teacher: Teacher,
    /// By language, ln of the share of words that are long.
    long: [f32; LANES],
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
        let mut long = [0.0; LANES];
        for (chain, long) in chains.iter().zip(&mut long) {
            for _ in 0..LONG_OF {
                word.clear();
                chain.word(&mut random, 1, &mut word);
                *long += f32::from(u8::from(word.len() >= LONG_LETTERS)) / LONG_OF as f32;
                word.iter().for_each(|code| *counts.entry(*code).or_default() += 1);
            }
        }
        let mut alphabet: Vec<u16> = counts.into_iter().filter(|(_, n)| *n > 20).map(|(code, _)| code).collect();
        alphabet.sort_unstable();
        let teacher = Teacher::new(&chains);
        Self { chains, teacher, long: long.map(|share| share.max(1e-3).ln()), bare, script, alphabet }
    }

    /// The n-grams of a language, with how often each is in its text.
    pub fn grams(&self, lane: usize) -> &[(u64, u8, f32)] {
        &self.chains[lane].grams
    }

    pub fn languages(&self) -> usize {
        self.chains.len()
    }

    /// Symbols of a sample into `out`, and how likely it is each language's, that of noise behind the languages, into `shares`; returns
    /// the lane that it was drawn from.
    pub fn draw(&self, random: &mut Random, out: &mut Vec<u16>, shares: &mut [f32; LANES]) -> usize {
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
        if noise {
            *shares = [0.0; LANES];
            shares[lane] = 1.0;
        } else {
            self.judge(out, least > 1, shares);
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

    /// How likely the words are each language's, if one is as good as another.
    fn judge(&self, symbols: &[u16], long: bool, shares: &mut [f32; LANES]) {
        let languages = self.teacher.languages();
        let words = || symbols.split(|symbol| *symbol == EDGE).filter(|word| !word.is_empty());
        let mixed = words().count() > 2;
        let mut sums = [f32::MIN; LANES];
        sums[..languages].fill(0.0);
        for word in words() {
            let mut of = self.teacher.word(word);
            if long {
                of.iter_mut().zip(&self.long).for_each(|(of, long)| *of -= long);
            }
            if mixed {
                // Any word may be another's.
                let most = of[..languages].iter().copied().fold(f32::MIN, f32::max);
                let any = of[..languages].iter().map(|of| (of - most).exp()).sum::<f32>() / languages as f32;
                of.iter_mut().for_each(|of| *of = ((1.0 - FOREIGN) * (*of - most).exp() + FOREIGN * any).ln());
            }
            sums[..languages].iter_mut().zip(of).for_each(|(sum, of)| *sum += of);
        }
        let most = sums[..languages].iter().copied().fold(f32::MIN, f32::max);
        *shares = sums.map(|sum| (sum - most).exp());
        let all: f32 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= all);
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
