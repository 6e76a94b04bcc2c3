//! Softmax regression on the features of posts, by Adagrad with the exact decay of every weight.

use std::collections::HashMap;

use groundswell_tone::{
    LANGUAGES, Language,
    training::{Kind, Of, features, features_of_word, length},
};

use crate::{data::Row, lexicon::Entry, random::Random};

pub struct Options {
    pub epochs: usize,
    pub rate: f32,
    pub decay: f32,
    pub seed: u64,
    /// Features in fewer posts than this (pairs, others) are not learnt.
    pub least: [u32; 2],
    /// How loudly whole words, bones, n-grams, pairs and lexica speak.
    pub loud: [f32; 5],
}

/// Columns that the words of lexica share: positive and negative, plain and in the reach of a negation.
const SHARED: usize = 4;

/// How often each class is, by language, and by source for the sources that are labelled from afar: what these say of the
/// classes' shares is of nobody's posts.
const BIASES: usize = LANGUAGES + SOURCES;

/// Sources labelled from afar.
pub const SOURCES: usize = 2;

pub struct Doc {
    pub row: Row,
    /// Features and how often, with their column.
    pub features: Vec<(u32, f32)>,
    pub weight: f32,
    pub fold: usize,
}

pub struct Features {
    pub of: Vec<(Of, u64)>,
    pub values: Vec<f32>,
    pub posts: Vec<u32>,
    /// Whole or negated word → column among `SHARED`, polarity.
    pub lexicon: HashMap<u64, (usize, f32)>,
    ids: HashMap<u64, u32>,
    loud_lexicon: f32,
}

pub type Weights = Vec<[f32; 3]>;

fn key(of: Of, hash: u64) -> u64 {
    hash ^ if of == Of::Pair { 0x5555_5555_5555_5555 } else { 0 }
}

impl Features {
    /// Of all texts to learn from, and of lexica.
    pub fn new(rows: &[(Row, f32, Option<usize>)], lexicon: &[Entry], options: &Options) -> Self {
        let mut counts: HashMap<u64, (Of, u64, u32)> = HashMap::new();
        let mut by_language: HashMap<u64, [u32; LANGUAGES]> = HashMap::new();
        let mut seen: Vec<(u64, Of, u64)> = Vec::new();
        for (row, ..) in rows {
            seen.clear();
            features(&row.text, row.language, |of, hash| seen.push((key(of, hash), of, hash)));
            seen.sort_unstable_by_key(|it| it.0);
            seen.dedup_by_key(|it| it.0);
            for &(key, of, hash) in &seen {
                counts.entry(key).or_insert((of, hash, 0)).2 += 1;
                if of == Of::Word(Kind::Whole) {
                    by_language.entry(hash).or_default()[row.language as usize] += 1;
                }
            }
        }
        let mut words = HashMap::new();
        for entry in lexicon {
            let mut hashes = [0; 2];
            features_of_word(&entry.word, |kind, hash| match kind {
                Kind::Whole => hashes[0] = hash,
                Kind::Negated => hashes[1] = hash,
                _ => {}
            });
            // A word that other languages write more often is theirs.
            let counts = by_language.get(&hashes[0]).copied().unwrap_or_default();
            let own = entry.language.map_or(u32::MAX, |language| counts[language as usize]);
            if entry.polarity == 0.0 || counts.iter().any(|&count| count > own) {
                continue;
            }
            let column = usize::from(entry.polarity < 0.0);
            words.entry(hashes[0]).or_insert((column, entry.polarity.abs()));
            words.entry(hashes[1]).or_insert((column + 2, entry.polarity.abs()));
        }
        let mut kept: Vec<(Of, u64, u32)> = counts
            .into_values()
            .filter(|&(of, _, posts)| posts >= options.least[usize::from(of != Of::Pair)])
            .collect();
        kept.sort_unstable_by_key(|&(of, hash, _)| key(of, hash));
        let all = rows.len() as f32;
        let mut this = Self {
            of: vec![(Of::Pair, 0); SHARED + BIASES],
            values: vec![1.0; SHARED + BIASES],
            posts: vec![0; SHARED + BIASES],
            lexicon: words,
            ids: HashMap::new(),
            loud_lexicon: options.loud[4],
        };
        for (of, hash, posts) in kept {
            let loud = match of {
                Of::Word(Kind::Whole | Kind::Negated) => options.loud[0],
                Of::Word(Kind::Bones) => options.loud[1],
                Of::Word(Kind::Gram) => options.loud[2],
                Of::Pair => options.loud[3],
            };
            this.ids.insert(key(of, hash), this.of.len() as u32);
            this.of.push((of, hash));
            this.values.push(loud * ((all / posts as f32).ln() + 1.0));
            this.posts.push(posts);
        }
        this
    }

    pub fn first(&self) -> usize {
        SHARED + BIASES
    }

    /// A text's features with their values, lengths included, each once.
    pub fn of_text(&self, text: &str, language: Language, source: Option<usize>) -> Vec<(u32, f32)> {
        let mut found: Vec<(u32, f32)> = Vec::new();
        let read = features(text, language, |of, hash| {
            if let Some(&id) = self.ids.get(&key(of, hash)) {
                found.push((id, self.values[id as usize]));
            }
            if let Of::Word(Kind::Whole | Kind::Negated) = of
                && let Some(&(column, polarity)) = self.lexicon.get(&hash)
            {
                found.push((column as u32, self.loud_lexicon * polarity));
            }
        });
        found.sort_unstable_by_key(|it| it.0);
        let mut merged: Vec<(u32, f32)> = Vec::with_capacity(found.len() + 1);
        let scale = length(read);
        for (id, value) in found {
            match merged.last_mut() {
                Some(last) if last.0 == id => last.1 += value * scale,
                _ => merged.push((id, value * scale)),
            }
        }
        let bias = source.map_or(language as usize, |source| LANGUAGES + source);
        merged.push(((SHARED + bias) as u32, 1.0));
        merged
    }

    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// What a feature adds to a sum: its weights against neutral, with what its word has by lexicon.
    pub fn export(&self, weights: &Weights) -> Vec<(Of, u64, [f32; 2], f32)> {
        let against = |w: [f32; 3], by: f32| [(w[0] - w[1]) * by, (w[2] - w[1]) * by];
        let mut rows: Vec<(Of, u64, [f32; 2], f32)> = Vec::new();
        let mut left: HashMap<u64, (usize, f32)> = self.lexicon.clone();
        for id in self.first()..self.len() {
            let (of, hash) = self.of[id];
            let mut sum = against(weights[id], self.values[id]);
            if let Of::Word(Kind::Whole | Kind::Negated) = of
                && let Some((column, polarity)) = left.remove(&hash)
            {
                let more = against(weights[column], self.loud_lexicon * polarity);
                sum = [sum[0] + more[0], sum[1] + more[1]];
            }
            rows.push((of, hash, sum, self.posts[id] as f32));
        }
        let mut left: Vec<_> = left.into_iter().collect();
        left.sort_unstable_by_key(|it| it.0);
        for (hash, (column, polarity)) in left {
            rows.push((Of::Word(Kind::Whole), hash, against(weights[column], self.loud_lexicon * polarity), 1.0));
        }
        rows
    }
}

pub fn scores(weights: &Weights, features: &[(u32, f32)]) -> [f32; 3] {
    let mut scores = [0.0; 3];
    for &(id, value) in features {
        let row = weights[id as usize];
        (0..3).for_each(|class| scores[class] += row[class] * value);
    }
    scores
}

pub fn softmax(scores: [f32; 3]) -> [f32; 3] {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let parts = scores.map(|score| (score - most).exp());
    let total: f32 = parts.iter().sum();
    parts.map(|part| part / total)
}

/// The weights by all posts but those of one fold.
pub fn learn(features: usize, docs: &[Doc], without: Option<usize>, options: &Options) -> Weights {
    let mut weights: Weights = vec![[0.0; 3]; features];
    let mut squares: Weights = vec![[1e-3; 3]; features];
    let mut when: Vec<u32> = vec![0; features];
    let mut order: Vec<u32> = (0..docs.len() as u32).filter(|&at| without != Some(docs[at as usize].fold)).collect();
    let mut random = Random::new(options.seed);
    let steps = (order.len() * options.epochs) as f32;
    let mut step = 0_u32;
    for _ in 0..options.epochs {
        for at in (1..order.len()).rev() {
            order.swap(at, random.below(at as u32 + 1) as usize);
        }
        for &at in &order {
            let doc = &docs[at as usize];
            step += 1;
            let rate = options.rate * (1.0 - (step as f32 - 1.0) / steps);
            let mut errors = softmax(scores(&weights, &doc.features));
            errors[doc.row.label] -= 1.0;
            let errors = errors.map(|error| error * doc.weight);
            for &(id, value) in &doc.features {
                let id = id as usize;
                let since = (step - when[id]) as f32;
                when[id] = step;
                for class in 0..3 {
                    let gradient = errors[class] * value;
                    squares[id][class] += gradient * gradient;
                    let by = rate / squares[id][class].sqrt();
                    let weight = &mut weights[id][class];
                    // As many steps' decay as were left out, by as much as one step goes.
                    *weight = (*weight - by * gradient) / (1.0 + by * options.decay * since);
                }
            }
        }
    }
    weights
}
