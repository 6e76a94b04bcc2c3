//! Nanoseconds a text of about 80 bytes, with AVX2 where the processor has it and without, beside `whichlang`, in one run.
//!
//! `cargo bench -p groundswell-langid`; each figure is for the 1,000 texts in its `items`, read again and again, so warm.

use std::{hint::black_box, io::Read, path::PathBuf};

use divan::{Bencher, counter::ItemsCount};
use groundswell_langid::{identify, likeliest_portable, two_languages};

const TEXTS: usize = 1_000;
const BYTES: usize = 80;

fn main() {
    divan::main();
}

/// Sentences of all languages whose script is Latin, or of one language, cut to so many bytes.
fn texts(set: &str, bytes: usize) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/langid/lingua-short.ndjson.zst");
    let file = std::fs::File::open(path).expect("the benchmark needs ../shared/data");
    let mut lines = String::new();
    zstd::Decoder::new(file).expect("a zstd file").read_to_string(&mut lines).expect("UTF-8");
    let texts: Vec<String> = lines
        .split('\n')
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|row| row["kind"] == "sentences")
        .filter_map(|row| {
            let text = row["text"].as_str()?;
            let wanted = match set {
                "latin" => text.chars().filter(|c| c.is_alphabetic()).all(|c| c < '\u{250}'),
                language => row["lang"] == language,
            };
            (wanted && text.len() >= bytes).then(|| text[..text.floor_char_boundary(bytes)].to_owned())
        })
        .collect();
    texts.into_iter().cycle().take(TEXTS).collect()
}

const SETS: [&str; 5] = ["latin", "ru", "ar", "hi", "zh"];

#[divan::bench(args = SETS)]
fn ours(bencher: Bencher, set: &str) {
    let texts = texts(set, BYTES);
    bencher.counter(ItemsCount::new(TEXTS)).bench_local(|| {
        texts.iter().for_each(|text| {
            black_box(identify(text));
        });
    });
}

/// Two readings of the same texts: for a language, and for two.
#[divan::bench(args = [(40, false), (40, true), (80, false), (80, true), (140, false), (140, true)])]
fn one_and_two(bencher: Bencher, (bytes, two): (usize, bool)) {
    let texts = texts("latin", bytes);
    bencher.counter(ItemsCount::new(TEXTS)).bench_local(|| {
        texts.iter().for_each(|text| {
            if two {
                black_box(two_languages(text));
            } else {
                black_box(identify(text));
            }
        });
    });
}

#[divan::bench(args = SETS)]
fn ours_portable(bencher: Bencher, set: &str) {
    let texts = texts(set, BYTES);
    bencher.counter(ItemsCount::new(TEXTS)).bench_local(|| {
        texts.iter().for_each(|text| {
            black_box(likeliest_portable(text));
        });
    });
}

#[divan::bench(args = SETS)]
fn whichlang(bencher: Bencher, set: &str) {
    let texts = texts(set, BYTES);
    bencher.counter(ItemsCount::new(TEXTS)).bench_local(|| {
        texts.iter().for_each(|text| {
            black_box(whichlang::detect_language(text));
        });
    });
}
