//! What tone costs a post that a watch matches, reading its words included. `cargo bench -p groundswell-detect --bench tone`; items are
//! posts of about 80 bytes, 1,000 of a language, read again and again: words that come again are remembered, as they are in a stream.

use std::hint::black_box;
use std::io::Read as _;
use std::path::PathBuf;

use divan::Bencher;
use divan::counter::ItemsCount;
use groundswell_detect::tone::Reader;
use groundswell_edge::EdgePost;

const POSTS: usize = 1_000;
const BYTES: usize = 80;

fn main() {
    divan::main();
}

fn posts(language: &str) -> Vec<EdgePost> {
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
            let text = text[..text.floor_char_boundary(BYTES)].to_owned();
            (text.len() > BYTES / 2).then(|| EdgePost { text, ..EdgePost::default() })
        })
        .take(POSTS)
        .collect()
}

#[divan::bench(args = ["en", "de", "ar"])]
fn read(bencher: Bencher<'_, '_>, language: &str) {
    let posts = posts(language);
    let mut reader = Reader::default();
    bencher.counter(ItemsCount::new(posts.len())).bench_local(|| {
        posts.iter().for_each(|post| {
            black_box(reader.read(post, language));
        });
    });
}
