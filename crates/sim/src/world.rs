//! What is the same in every stream: languages and their shares, the rhythm of days and weeks, domains and publishers.

use std::sync::OnceLock;

use crate::language::Language;
use crate::names;
use crate::rng::Rng;

/// A language's place in the world.
#[derive(Debug)]
pub(crate) struct Nation {
    pub(crate) language: Language,
    /// Its share of all posts, averaged over a week.
    pub(crate) share: f64,
    /// Offsets from UTC in hours, with their weights, where its speakers live.
    zones: &'static [(i64, f64)],
    /// Countries its authors declare, the first more often.
    pub(crate) regions: &'static [&'static str],
}

/// The world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) nations: Vec<Nation>,
    /// Links' registrable domains, by rank.
    pub(crate) domains: Vec<String>,
    pub(crate) publishers: Vec<Publisher>,
    /// Names of the themes, the same in all languages.
    pub(crate) theme_count: usize,
}

/// An institution that publishes.
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) nation: usize,
}

/// How busy each local hour is, beside a mean of 1.
const HOURS: [f64; 24] = [
    0.62, 0.42, 0.30, 0.24, 0.24, 0.32, 0.52, 0.80, 1.00, 1.08, 1.12, 1.18, 1.26, 1.22, 1.16, 1.14, 1.18, 1.26, 1.36,
    1.48, 1.60, 1.62, 1.42, 1.06,
];
/// How busy each day is, Monday first, beside a mean of 1.
const DAYS: [f64; 7] = [1.02, 1.02, 1.02, 1.03, 1.04, 0.95, 0.92];

/// Domains that links point to.
pub(crate) const DOMAINS: usize = 1024;
/// The first of them are known everywhere: where videos and pictures lie.
pub(crate) const SHARED_DOMAINS: usize = 8;
const PUBLISHERS: usize = 64;
/// Vocabulary of the largest language; the others have a third of it.
const TYPES_MAX: usize = 120_000;

struct Entry {
    code: &'static str,
    share: f64,
    zones: &'static [(i64, f64)],
    regions: &'static [&'static str],
    spaced: bool,
    words: &'static str,
}

macro_rules! entry {
    ($code:literal, $share:literal, $zones:expr, $regions:expr, $spaced:literal) => {
        Entry {
            code: $code,
            share: $share,
            zones: &$zones,
            regions: &$regions,
            spaced: $spaced,
            words: include_str!(concat!("../words/", $code, ".txt")),
        }
    };
}

const ENTRIES: [Entry; 16] = [
    entry!("en", 0.36, [(-5, 0.45), (-8, 0.2), (0, 0.25), (10, 0.1)], ["US", "GB", "CA", "AU", "IE"], true),
    entry!("ja", 0.15, [(9, 1.0)], ["JP"], false),
    entry!("pt", 0.10, [(-3, 0.9), (0, 0.1)], ["BR", "PT"], true),
    entry!("es", 0.08, [(-6, 0.4), (-3, 0.3), (1, 0.3)], ["MX", "ES", "AR", "CO", "CL"], true),
    entry!("de", 0.06, [(1, 1.0)], ["DE", "AT", "CH"], true),
    entry!("fr", 0.04, [(1, 0.85), (-5, 0.15)], ["FR", "CA", "BE"], true),
    entry!("ko", 0.035, [(9, 1.0)], ["KR"], true),
    entry!("tr", 0.03, [(3, 1.0)], ["TR"], true),
    entry!("ru", 0.03, [(3, 1.0)], ["RU", "KZ", "UA"], true),
    entry!("it", 0.025, [(1, 1.0)], ["IT"], true),
    entry!("nl", 0.02, [(1, 1.0)], ["NL", "BE"], true),
    entry!("id", 0.02, [(7, 1.0)], ["ID"], true),
    entry!("ar", 0.02, [(3, 0.7), (1, 0.3)], ["EG", "SA", "MA", "AE"], true),
    entry!("zh", 0.015, [(8, 1.0)], ["TW", "SG", "HK"], false),
    entry!("th", 0.01, [(7, 1.0)], ["TH"], false),
    entry!("hi", 0.005, [(5, 1.0)], ["IN"], true),
];

impl World {
    /// The world, built once a process.
    pub(crate) fn get() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::build)
    }

    fn build() -> Self {
        let total: f64 = ENTRIES.iter().map(|entry| entry.share).sum();
        let nations: Vec<Nation> = ENTRIES
            .iter()
            .map(|entry| Nation {
                language: Language::new(
                    entry.code,
                    entry.spaced,
                    entry.words,
                    if entry.code == "en" { TYPES_MAX } else { TYPES_MAX / 3 },
                ),
                share: entry.share / total,
                zones: entry.zones,
                regions: entry.regions,
            })
            .collect();
        let mut rng = Rng::new(0, 0x000D_0A11);
        let mut domains: Vec<String> = [
            "vidbarrel",
            "picmeadow",
            "longread",
            "clipharbor",
            "openwiki",
            "soundcellar",
            "codeshelf",
            "petitiontable",
        ]
        .iter()
        .map(|name| format!("{name}.example"))
        .collect();
        while domains.len() < DOMAINS {
            let name = names::invented(&mut rng);
            let ending = rng.pick(&["", "news", "blog", "shop", "tv", "daily"]);
            let domain = format!("{name}{ending}.example");
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        let publishers = (0..PUBLISHERS)
            .map(|index| {
                let place = names::invented(&mut rng);
                let kind = rng.pick(&["Herald", "Post", "Courier", "Observer", "Radio", "Gazette"]);
                Publisher {
                    name: format!("{} {kind}", names::capital(&place)),
                    domain: format!("{place}-{}.example", kind.to_lowercase()),
                    // Half of them write in the first language, the others in turn.
                    nation: if index % 2 == 0 { 0 } else { index / 2 % ENTRIES.len() },
                }
            })
            .collect();
        let theme_count = nations.iter().map(|nation| nation.language.themes.len()).min().unwrap_or(0);
        Self { nations, domains, publishers, theme_count }
    }
}

impl Nation {
    /// How busy its speakers are at a second since 1970, beside a mean of 1 over a week.
    pub(crate) fn rhythm(&self, second: i64) -> f64 {
        self.zones
            .iter()
            .map(|(hours, weight)| {
                let local = second + hours * 3600;
                let hour = local.rem_euclid(86_400) as f64 / 3600.0;
                let from = hour.floor();
                let part = hour - from;
                let (a, b) = (HOURS[from as usize % 24], HOURS[(from as usize + 1) % 24]);
                // 1970-01-01 was a Thursday.
                let day = DAYS[(local.div_euclid(86_400) + 3).rem_euclid(7) as usize];
                weight * day * (a + (b - a) * part)
            })
            .sum::<f64>()
            / HOURS_MEAN
    }
}

const HOURS_MEAN: f64 = {
    let mut sum = 0.0;
    let mut at = 0;
    while at < 24 {
        sum += HOURS[at];
        at += 1;
    }
    sum / 24.0
};

/// How much a theme is talked of at a second, beside a mean of about 1: interest drifts over hours.
pub(crate) fn interest(seed: u64, theme: usize, second: i64) -> f64 {
    const KNOT_SECONDS: i64 = 5400;
    // Themes do not all turn at the same time.
    let shifted = second + theme as i64 * 1117;
    let knot = shifted.div_euclid(KNOT_SECONDS);
    let part = shifted.rem_euclid(KNOT_SECONDS) as f64 / KNOT_SECONDS as f64;
    let value = |knot: i64| {
        let u = crate::rng::unit(crate::rng::mix(seed ^ crate::rng::mix(knot as u64 ^ ((theme as u64) << 48))));
        0.3 + 2.8 * u * u * u
    };
    let (a, b) = (value(knot), value(knot + 1));
    a + (b - a) * part
}
