//! Makes `data/table.zst`. The same seed makes the same table.

mod check;
mod data;
mod learn;
mod lexicon;
mod measure;
// One generator for both programs that make tables.
#[expect(dead_code, reason = "the other one asks for more of it")]
#[path = "../../../langid/train/src/random.rs"]
mod random;

use std::path::PathBuf;

use data::Row;
use groundswell_tone::{
    LANGUAGES, Language,
    training::{STEPS, length, pack, sums},
};
use learn::{Doc, Options};
use measure::Unseen;

fn option<T: std::str::FromStr>(name: &str, default: T) -> T {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    arguments.next().and_then(|value| value.parse().ok()).unwrap_or(default)
}

const FOLDS: usize = 5;

fn main() {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shared = option("--data", manifest.join("../../../../shared/data/sentiment"));
    let set = |name: &str| shared.join(format!("{name}.ndjson.zst"));
    let options = Options {
        epochs: option("--epochs", 8),
        rate: option("--rate", 0.3),
        decay: option("--decay", 7e-5),
        seed: option("--seed", 2026),
        least: [option("--least-pair", 2), option("--least", 2)],
        loud: [
            option("--word", 0.10),
            option("--bones", 0.05),
            option("--gram", 0.04),
            option("--pair", 0.10),
            option("--lexicon", 1.0),
        ],
    };
    let val = data::read(&set("xlmt-sentiment"), "val", data::tone);
    let english = data::read(&set("tweeteval-sentiment"), "val", data::tone);
    let train = data::read(&set("xlmt-sentiment"), "train", data::tone);
    let all = train.len();
    // Most of XLM-T's English is TweetEval's. A table to be measured on TweetEval must not have seen it.
    let overlap = option("--with-overlap", true);
    let measured: Vec<&[Row]> = if overlap { vec![&val] } else { vec![&val, &english] };
    let train = data::without(train, &measured);
    println!("{all} posts, {} without what is measured", train.len());
    // Each class of each language counts the same, whatever was left of it.
    let mut counts = [[0.0_f32; 3]; LANGUAGES];
    train.iter().for_each(|row| counts[row.language as usize][row.label] += 1.0);
    println!("English: {:?}", counts[Language::En as usize]);
    let balance = |row: &Row| {
        let counts = counts[row.language as usize];
        counts.iter().sum::<f32>() / (3.0 * counts[row.label])
    };
    let mut rows: Vec<(Row, f32, Option<usize>)> = train.iter().map(|row| (row.clone(), balance(row), None)).collect();
    let own = rows.len();
    let afar: [(&str, fn(&str) -> Option<usize>, f32, usize); learn::SOURCES] =
        [("emotion", data::emotion, 0.3, 1), ("emoji", data::emoji, 0.0, 3)];
    for (source, (name, class, default, every)) in afar.into_iter().enumerate() {
        let weight = option(&format!("--{name}"), default);
        if weight > 0.0 {
            let more = data::read(&set(&format!("tweeteval-{name}")), "train", class);
            let more = data::without(more, &measured);
            rows.extend(more.into_iter().step_by(every).map(|row| (row, weight, Some(source))));
        }
    }
    let lexicon = lexicon::read(&option("--lexica", manifest.join("data/lexicon.tsv")));
    let features = learn::Features::new(&rows, &lexicon, &options);
    println!("{} texts, {} features, {} words of lexica", rows.len(), features.len(), features.lexicon.len() / 2);
    let mut random = random::Random::new(options.seed ^ 1);
    let docs: Vec<Doc> = rows
        .into_iter()
        .enumerate()
        .map(|(at, (row, weight, source))| {
            let fold = if at < own { random.below(FOLDS as u32) as usize } else { FOLDS };
            Doc { features: features.of_text(&row.text, row.language, source), row, weight, fold }
        })
        .collect();
    let folds = option("--folds", FOLDS);
    let mut unseen: Vec<Unseen> = Vec::new();
    for fold in 0..folds {
        let weights = learn::learn(features.len(), &docs, Some(fold), &options);
        unseen.extend(docs.iter().filter(|doc| doc.fold == fold).map(|doc| {
            // The last feature is the language's bias, which is fitted here instead.
            let scores = learn::scores(&weights, &doc.features[..doc.features.len() - 1]);
            let scores = [scores[0] - scores[1], scores[2] - scores[1]];
            Unseen { language: doc.row.language, label: doc.row.label, scores, weight: doc.weight }
        }));
    }
    let fitted = measure::fit(&unseen);
    let mut figures = check::Figures::default();
    for post in &unseen {
        figures.add(post.language, post.label, measure::probabilities(&fitted, post.language, post.scores));
    }
    if folds > 0 {
        figures.print("folds");
    }
    let weights = learn::learn(features.len(), &docs, None, &options);
    let rows = features.export(&weights).into_iter().filter_map(|(of, hash, sum, posts)| {
        let steps = sum.map(|weight| (weight * STEPS).round().clamp(-127.0, 127.0) as i8);
        (steps != [0; 2]).then_some((of, hash, steps, posts * (sum[0].abs() + sum[1].abs())))
    });
    let rows: Vec<_> = rows.collect();
    let clipped = rows.iter().filter(|row| row.2.iter().any(|step| step.unsigned_abs() == 127)).count();
    println!("{} features say something, {clipped} clipped", rows.len());
    let table = pack(rows);
    // What is left of TweetEval when the posts that were learnt from are taken out.
    let apart = data::without(english.clone(), &[&train]);
    println!("TweetEval apart: {} posts", apart.len());
    for (name, rows) in [("val", &val), ("TweetEval", &english), ("apart", &apart)] {
        let mut exact = check::Figures::default();
        let mut packed = check::Figures::default();
        for row in rows {
            let found = features.of_text(&row.text, row.language, None);
            let scores = learn::scores(&weights, &found[..found.len() - 1]);
            let scores = [scores[0] - scores[1], scores[2] - scores[1]];
            exact.add(row.language, row.label, measure::probabilities(&fitted, row.language, scores));
            let (sums, read) = sums(&table, &row.text, row.language);
            let scores = sums.map(|sum| sum as f32 * length(read) / STEPS);
            packed.add(row.language, row.label, measure::probabilities(&fitted, row.language, scores));
        }
        exact.print(&format!("{name} exact"));
        packed.print(name);
    }
    let out = option("--out", PathBuf::new());
    if !out.as_os_str().is_empty() {
        let packed = zstd_pack(table.as_bytes());
        println!("{} bytes packed", packed.len());
        std::fs::write(out, packed).expect("--out can be written");
        std::fs::write(option("--measured", manifest.join("../src/measured.rs")), measure::source(&fitted, &unseen))
            .expect("--measured can be written");
    }
}

fn zstd_pack(table: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 19).expect("level");
    encoder.include_checksum(true).expect("setting");
    std::io::Write::write_all(&mut encoder, table).expect("memory");
    encoder.finish().expect("memory")
}
