//! Nanoseconds a post of about 80 bytes, its words' scores remembered, and cold.
//!
//! `cargo bench -p groundswell-tone`; each figure is for the 1,000 posts in its `items`, read again and again, so warm.

use std::{hint::black_box, io::Read, path::PathBuf};

use divan::{Bencher, counter::ItemsCount};
use groundswell_tone::{Language, Tone, WordTone, words};

const POSTS: usize = 1_000;
const BYTES: usize = 80;

fn main() {
    divan::main();
}

fn posts(language: &str) -> Vec<String> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sentiment/xlmt-sentiment.ndjson.zst");
    let file = std::fs::File::open(path).expect("the benchmark needs ../shared/data");
    let mut lines = String::new();
    zstd::Decoder::new(file).expect("a zstd file").read_to_string(&mut lines).expect("UTF-8");
    lines
        .split('\n')
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|row| row["lang"] == language)
        .filter_map(|row| {
            let text = row["text"].as_str()?;
            (text.len() >= BYTES).then(|| text[..text.floor_char_boundary(BYTES)].to_owned())
        })
        .take(POSTS)
        .collect()
}

const SETS: [&str; 3] = ["en", "de", "ar"];

#[divan::bench(args = SETS)]
fn remembered(bencher: Bencher, code: &str) {
    let language = Language::from_code(code).expect("a measured language");
    let posts: Vec<Vec<WordTone>> = posts(code).iter().map(|text| words(text).map(WordTone::of).collect()).collect();
    bencher.counter(ItemsCount::new(posts.len())).bench_local(|| {
        posts.iter().for_each(|post| {
            black_box(Tone::of(post.iter().copied(), language));
        });
    });
}

#[divan::bench(args = SETS)]
fn cold(bencher: Bencher, code: &str) {
    let language = Language::from_code(code).expect("a measured language");
    let posts = posts(code);
    bencher.counter(ItemsCount::new(posts.len())).bench_local(|| {
        posts.iter().for_each(|text| {
            black_box(Tone::of_text(text, language));
        });
    });
}
