//! Made-up talk for the amplification tests: everyday posts by Zipf's law, copies with edits, and what spreads by itself.

use groundswell_edge::{AuthorToken, EdgePost, Link, PostKey, PublisherItem};
use groundswell_post::{EventTime, Kind};

pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Between two bounds, evenly on a scale of logarithms.
    pub(crate) fn log_between(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.unit())
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

/// 20,000 words, the frequent ones short, with ranks by Mandelbrot's law.
pub(crate) struct Language {
    words: Vec<String>,
    sums: Vec<f64>,
}

impl Language {
    pub(crate) fn new() -> Self {
        let mut seeded = Seeded(11);
        let mut known = std::collections::HashSet::new();
        let mut words = Vec::new();
        while words.len() < 20_000 {
            let least = match words.len() {
                0..40 => 1,
                40..200 => 2,
                200..2_000 => 3,
                _ => 4,
            };
            let length = least + seeded.below(least + 2);
            let word: String = (0..length)
                .map(|at| {
                    let letters = if at % 2 == 0 { "bdfgklmnprstvz" } else { "aeiou" };
                    char::from(letters.as_bytes()[seeded.below(letters.len())])
                })
                .collect();
            if known.insert(word.clone()) {
                words.push(word);
            }
        }
        let mut sum = 0.0;
        let weights = (0..words.len()).map(|rank| {
            sum += 1.0 / (rank as f64 + 2.7);
            sum
        });
        Self { sums: weights.collect(), words }
    }

    pub(crate) fn word(&self, seeded: &mut Seeded) -> &str {
        let at = seeded.unit() * self.sums[self.sums.len() - 1];
        &self.words[self.sums.partition_point(|sum| *sum <= at).min(self.words.len() - 1)]
    }

    pub(crate) fn text(&self, words: usize, seeded: &mut Seeded) -> Vec<String> {
        (0..words).map(|_| self.word(seeded).to_owned()).collect()
    }
}

const EMOJI: [&str; 6] = ["😀", "🔥", "👏🏽", "🇧🇷", "💔", "🚨"];
/// What a link and a mention are counted as, in characters.
const LINK: usize = 23;
const MENTION: usize = 10;

/// A copy of a text in which about a share of the characters is changed: words exchanged, swapped, dropped and put in; and where
/// `mixed`, emoji, links and mentions changed as well.
pub(crate) fn edited(words: &[String], share: f64, mixed: bool, language: &Language, seeded: &mut Seeded) -> String {
    let mut words: Vec<String> = words.to_vec();
    let length: usize = words.iter().map(|word| word.chars().count() + 1).sum::<usize>() + LINK;
    let due = (length as f64 * share).round() as usize;
    let (mut changed, mut before, mut behind) = (0, String::new(), String::from(" ⟨link⟩"));
    while changed < due {
        // An edit that is larger than what is left is made as often as keeps the mean.
        let act = seeded.below(if mixed { 20 } else { 14 });
        let at = seeded.below(words.len());
        let size = match act {
            0..8 => words[at].len(),
            8..10 => words[at].len() + words[(at + 1) % words.len()].len() + 1,
            10..12 => words[at].len() + 1,
            12..14 => 5,
            14..17 => 2,
            17 => LINK,
            _ => MENTION,
        };
        if changed + size > due && !seeded.chance((due - changed) as f64 / size as f64) {
            break;
        }
        changed += size;
        match act {
            0..8 => language.word(seeded).clone_into(&mut words[at]),
            8..10 => {
                let next = (at + 1) % words.len();
                words.swap(at, next);
            }
            10..12 if words.len() > 4 => {
                words.remove(at);
            }
            10..14 => words.insert(at, language.word(seeded).to_owned()),
            14..17 => behind.push_str(EMOJI[seeded.below(EMOJI.len())]),
            17 => behind.push_str(" ⟨link⟩"),
            _ => before.push_str("⟨handle⟩ "),
        }
    }
    format!("{before}{}{behind}", words.join(" "))
}

pub(crate) fn post(time: i64, author: u64, key: u64, text: String, domain: Option<&str>) -> EdgePost {
    let link = |domain: &str| Link { domain: domain.to_owned(), url: None };
    EdgePost {
        time: EventTime::from_unix(time),
        text,
        language: Some(*b"en"),
        links: domain.map(link).into_iter().collect(),
        author: Some(AuthorToken::from_bits(author)),
        key: Some(PostKey::from_bits(key)),
        ..EdgePost::default()
    }
}

pub(crate) fn published(post: EdgePost) -> EdgePost {
    EdgePost { author: None, kind: Kind::Publisher, publisher: Some(PublisherItem::default()), ..post }
}
