//! How often the weights are right on labelled rows, and how sure they may be.

use std::{collections::BTreeMap, path::Path};

use groundswell_langid::{
    likeliest,
    training::{GROUPS, STEPS, ZERO, symbols},
};
use unicode_normalization::UnicodeNormalization;

pub struct Row {
    pub label: String,
    pub kind: String,
    pub text: String,
}

/// A third of the rows, which nobody looks at before the end.
pub fn is_held_back(text: &str) -> bool {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        >> 32
        < (1 << 32) / 3
}

pub fn read(path: &Path) -> Vec<Row> {
    let file = std::fs::File::open(path).expect("the labelled rows are readable");
    let bytes = zstd::decode_all(file).expect("zstd");
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let row: serde_json::Value = serde_json::from_slice(line).expect("JSON");
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            Row { label: text("lang"), kind: text("kind"), text: text("text") }
        })
        .collect()
}

/// What is known of one row: whether its script has a part in the table, scores, how many n-grams.
struct Scored {
    lane: usize,
    scores: Vec<f64>,
    rows: u32,
}

pub fn without_accents(text: &str) -> String {
    text.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).collect()
}

/// Prints accuracy by kind, plain and without accents, and fits the cooling.
pub fn check(parts: &[Vec<u8>], rows: &[Row], by_language: bool) {
    const SIXTEEN: [&str; 16] =
        ["ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "nl", "pt", "ru", "sv", "tr", "vi", "zh"];
    let mut languages: BTreeMap<&str, BTreeMap<&str, (u32, u32)>> = BTreeMap::new();
    let mut bare: BTreeMap<&str, BTreeMap<&str, (u32, u32)>> = BTreeMap::new();
    let mut scored: Vec<(&str, Scored)> = Vec::new();
    let mut confusions: BTreeMap<(String, String), u32> = BTreeMap::new();
    for row in rows {
        let (answer, scores) = answer(parts, &row.text, &row.label);
        let cell = languages.entry(&row.kind).or_default().entry(&row.label).or_default();
        cell.0 += 1;
        cell.1 += u32::from(answer == row.label);
        if answer != row.label {
            *confusions.entry((row.label.clone(), answer)).or_default() += 1;
        }
        let cell = bare.entry(&row.kind).or_default().entry(&row.label).or_default();
        cell.0 += 1;
        cell.1 += u32::from(self::answer(parts, &without_accents(&row.text), &row.label).0 == row.label);
        scored.extend(scores.map(|scores| (row.kind.as_str(), scores)));
    }
    let mean = |cells: &BTreeMap<&str, (u32, u32)>, only: Option<&[&str]>| {
        let shares: Vec<f64> = cells
            .iter()
            .filter(|(language, _)| only.is_none_or(|only| only.contains(language)))
            .map(|(_, (all, right))| f64::from(*right) / f64::from(*all))
            .collect();
        100.0 * shares.iter().sum::<f64>() / shares.len() as f64
    };
    for (kind, cells) in &languages {
        println!(
            "{kind:>14}: all {:.2}  sixteen {:.2}  without accents {:.2}",
            mean(cells, None),
            mean(cells, Some(&SIXTEEN)),
            mean(&bare[kind], None)
        );
    }
    if by_language {
        for language in languages.values().flat_map(BTreeMap::keys).collect::<std::collections::BTreeSet<_>>() {
            let of = |kind: &str| {
                languages
                    .get(kind)
                    .and_then(|cells| cells.get(*language))
                    .map_or(String::new(), |(all, right)| format!("{right}/{all}"))
            };
            println!("  {language} {:>8} {:>8} {:>8}", of("single-words"), of("word-pairs"), of("sentences"));
        }
        let mut worst: Vec<_> = confusions.into_iter().collect();
        worst.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        println!("  {:?}", &worst[..worst.len().min(30)]);
    }
    cool(&scored);
}

/// The likeliest language by these weights.
fn answer(parts: &[Vec<u8>], text: &str, label: &str) -> (String, Option<Scored>) {
    let (symbols, place) = symbols(text);
    let Some(place) = place else { return (likeliest(text).language.code().to_owned(), None) };
    let group = &GROUPS[place];
    let classes = group.languages.len() + 1;
    let mut sums = vec![0_i32; classes];
    let mut rows = 0;
    group.rows_of(&symbols, |row| {
        rows += 1;
        let row = &parts[place][row as usize * group.row_bytes()..];
        for (lane, sum) in sums.iter_mut().enumerate() {
            let half = group.half_byte_of(lane);
            *sum += i32::from(row[half / 2] >> (half % 2 * 4) & 15) - i32::from(ZERO);
        }
    });
    let best = (0..classes).max_by_key(|&lane| (sums[lane], std::cmp::Reverse(lane))).unwrap_or(0);
    let lane = group.languages.iter().position(|language| language.code() == label).unwrap_or(classes - 1);
    let answer = group.languages.get(best).map_or("und", |language| language.code()).to_owned();
    (answer, Some(Scored { lane, scores: sums.iter().map(|&sum| f64::from(sum) / f64::from(STEPS)).collect(), rows }))
}

/// By number of n-grams, what to divide scores by so that the labels are likeliest; and how far off the confidence then is.
fn cool(scored: &[(&str, Scored)]) {
    const UP_TO: [u32; 9] = [8, 12, 16, 24, 40, 80, 120, 200, u32::MAX];
    let probability = |scores: &Scored, by: f64| {
        let most = scores.scores.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = scores.scores.iter().map(|score| ((score - most) / by).exp()).sum();
        (((scores.scores[scores.lane] - most) / by).exp() / total, 1.0 / total, scores.scores[scores.lane] >= most)
    };
    let mut from = 0;
    let mut fitted = Vec::new();
    for up_to in UP_TO {
        let bucket: Vec<&Scored> = scored.iter().map(|(_, s)| s).filter(|s| s.rows > from && s.rows <= up_to).collect();
        let loss = |by: f64| -> f64 { bucket.iter().map(|s| -(0.001 + 0.999 * probability(s, by).0).ln()).sum() };
        let best =
            (10..=80).map(|step| f64::from(step) * 0.05).min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0);
        println!("  up to {up_to} rows: {} texts, cool by {best:.2}", bucket.len());
        fitted.push((up_to, best));
        from = up_to;
    }
    let mut kinds: BTreeMap<&str, [(u32, f64, u32); 10]> = BTreeMap::new();
    let mut low: BTreeMap<(&str, u32), (u32, u32)> = BTreeMap::new();
    for (kind, scores) in scored {
        let by = fitted.iter().find(|(up_to, _)| scores.rows <= *up_to).map_or(1.0, |(_, by)| *by);
        let (_, sure, right) = probability(scores, by);
        let bin = &mut kinds.entry(kind).or_default()[((sure * 10.0) as usize).min(9)];
        bin.0 += 1;
        bin.1 += sure;
        bin.2 += u32::from(right);
        let cell = low.entry((kind, (sure * 20.0) as u32)).or_default();
        cell.0 += 1;
        cell.1 += u32::from(right);
    }
    for (kind, bins) in kinds {
        let all: u32 = bins.iter().map(|bin| bin.0).sum();
        let error: f64 = bins.iter().map(|bin| (bin.1 - f64::from(bin.2)).abs()).sum::<f64>() / f64::from(all);
        println!("  {kind}: calibration error {error:.4} (shared scripts)");
    }
    println!(
        "  below .3, by twentieths (texts, right): {:?}",
        low.iter().filter(|((_, bin), _)| *bin < 6).collect::<Vec<_>>()
    );
}
