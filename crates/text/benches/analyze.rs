//! Nanoseconds a post: the scanner beside ICU4X alone, by script, and language detection.
//!
//! `cargo bench -p groundswell-text`; each figure is for the number of posts in its `items`. Texts are those of
//! `../shared/data`, with links and mentions replaced as the edge does.

use std::{io::Read, path::PathBuf};

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use groundswell_edge::EdgePost;
use groundswell_text::countries::CountryFinder;
use groundswell_text::{
    Analysis, Analyzer, detect_language, detect_two_languages,
    names::{About, NameFinder},
    reference::Reference,
};

const POSTS: usize = 1_000;

fn main() {
    divan::main();
}

const SETS: [&str; 6] = ["troll-en", "troll-ru", "zh", "ja", "th", "ar"];

fn posts(set: &str) -> Vec<EdgePost> {
    let (file, language) = match set {
        "troll-en" => ("troll/troll-slice.ndjson.zst", "en"),
        "troll-ru" => ("troll/troll-slice.ndjson.zst", "ru"),
        language => ("langid/lingua-short.ndjson.zst", language),
    };
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    let file = std::fs::File::open(path).expect("the benchmark needs ../shared/data");
    let mut lines = String::new();
    let decoder = zstd::Decoder::new(file).expect("a zstd file");
    decoder.take(60_000_000).read_to_string(&mut lines).expect("UTF-8");
    let texts: Vec<String> = lines
        .split('\n')
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|post| post["lang"] == language && post["kind"] != "single-words" && post["kind"] != "word-pairs")
        .filter_map(|post| post["text"].as_str().map(scrubbed))
        .take(POSTS)
        .collect();
    assert!(!texts.is_empty());
    texts
        .iter()
        .cycle()
        .take(POSTS)
        .map(|text| EdgePost { text: text.clone(), language: Some(*b"xx"), ..EdgePost::default() })
        .collect()
}

fn scrubbed(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        if word.starts_with("http") {
            "⟨link⟩"
        } else if word.starts_with('@') {
            "⟨mention⟩"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The posts, read.
fn read(posts: &[EdgePost]) -> Vec<Analysis> {
    let mut analyzer = Analyzer::new();
    let read = |post| {
        let mut analysis = Analysis::new();
        analyzer.analyze(post, &mut analysis);
        analysis
    };
    posts.iter().map(read).collect()
}

fn bytes(posts: &[EdgePost]) -> usize {
    posts.iter().map(|post| post.text.len()).sum()
}

#[divan::bench(args = SETS)]
fn analyze(bencher: Bencher, set: &str) {
    let posts = posts(set);
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    bencher.counter(ItemsCount::new(posts.len())).counter(BytesCount::new(bytes(&posts))).bench_local(|| {
        let mut words = 0;
        for post in &posts {
            analyzer.analyze(post, &mut analysis);
            words += analysis.words.len();
        }
        words
    });
}

#[divan::bench(args = SETS)]
fn icu_alone(bencher: Bencher, set: &str) {
    let posts = posts(set);
    let reference = Reference::new();
    bencher
        .counter(ItemsCount::new(posts.len()))
        .counter(BytesCount::new(bytes(&posts)))
        .bench_local(|| posts.iter().map(|post| reference.words(&post.text).len()).sum::<usize>());
}

/// Word boundaries of ICU4X and nothing else: no normal form, no hash.
#[divan::bench(args = SETS)]
fn icu_boundaries(bencher: Bencher, set: &str) {
    let posts = posts(set);
    let segmenter =
        icu_segmenter::WordSegmenter::new_dictionary(icu_segmenter::options::WordBreakInvariantOptions::default());
    bencher
        .counter(ItemsCount::new(posts.len()))
        .counter(BytesCount::new(bytes(&posts)))
        .bench_local(|| posts.iter().map(|post| segmenter.segment_str(&post.text).count()).sum::<usize>());
}

/// The name finder alone, on posts that are read.
#[divan::bench(args = SETS)]
fn names(bencher: Bencher, set: &str) {
    let posts = posts(set);
    let read = read(&posts);
    let (mut finder, mut spans) = (NameFinder::new(), Vec::new());
    bencher.counter(ItemsCount::new(posts.len())).bench_local(|| {
        let mut found = 0;
        for (post, analysis) in posts.iter().zip(&read) {
            finder.find(&post.text, analysis, &mut spans);
            found += spans.len();
        }
        found
    });
}

/// The same where it is remembered what is known of each word, as the engine does.
#[divan::bench(args = SETS)]
fn names_remembered(bencher: Bencher, set: &str) {
    let posts = posts(set);
    let mut finder = NameFinder::new();
    let with_about = |analysis: Analysis| {
        let about: Vec<About> =
            analysis.words.iter().map(|word| finder.about(analysis.word(word), word.hash)).collect();
        (analysis, about)
    };
    let read: Vec<_> = read(&posts).into_iter().map(with_about).collect();
    let mut spans = Vec::new();
    bencher.counter(ItemsCount::new(posts.len())).bench_local(|| {
        let mut found = 0;
        for (post, (analysis, about)) in posts.iter().zip(&read) {
            finder.find_about(&post.text, analysis, about, &mut spans);
            found += spans.len();
        }
        found
    });
}

/// Countries that posts talk about, where it is remembered which words can name one.
#[divan::bench(args = SETS)]
fn countries(bencher: Bencher, set: &str) {
    let posts = posts(set);
    let mut finder = CountryFinder::new();
    let with_places = |analysis: Analysis| {
        let places: Vec<usize> =
            (0..analysis.words.len()).filter(|at| finder.may_name(analysis.words[*at].hash)).collect();
        (analysis, places)
    };
    let read: Vec<_> = read(&posts).into_iter().map(with_places).collect();
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(posts.len())).bench_local(|| {
        let mut found = 0;
        for (post, (analysis, places)) in posts.iter().zip(&read) {
            out.clear();
            finder.find(&post.text, analysis, places, &[], &mut out);
            found += out.len();
        }
        found
    });
}

#[divan::bench(args = SETS)]
fn detect(bencher: Bencher, set: &str) {
    let posts = posts(set);
    bencher.counter(ItemsCount::new(posts.len())).bench_local(|| {
        posts.iter().map(|post| usize::from(detect_language(&post.text).as_str() == "en")).sum::<usize>()
    });
}

/// What a second language costs a post whose language is declared: those that are long enough are asked. A post on average.
#[divan::bench(args = SETS)]
fn second_language(bencher: Bencher, set: &str) {
    let posts = posts(set);
    let mut analyzer = Analyzer::new();
    let read: Vec<Analysis> = posts
        .iter()
        .map(|post| {
            let mut analysis = Analysis::new();
            analyzer.analyze(post, &mut analysis);
            analysis
        })
        .collect();
    bencher.counter(ItemsCount::new(posts.len())).bench_local(|| {
        posts.iter().zip(&read).filter(|(post, read)| detect_two_languages(&post.text, &read.words).is_some()).count()
    });
}

#[divan::bench]
fn first_analyzer(bencher: Bencher) {
    // The table is made once a process; later ones cost what this shows.
    bencher.bench(Analyzer::new);
}
