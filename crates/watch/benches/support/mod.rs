//! Posts, words and watches for the percolator's benchmarks, here and in `benches/peers`.
//!
//! Real posts where `../shared/data` is present, else made-up ones; the first line of output says which.

pub(crate) mod every_query;

use std::collections::HashMap;
use std::io::BufRead as _;

use groundswell_edge::EdgePost;
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_query::Query;
use groundswell_text::{Analysis, Analyzer};
use groundswell_watch::{Doc, Frequencies, Percolator, Scratch, generate};

/// Posts that are matched against the watches: so few that they stay in the second cache, as the one post that the engine has
/// just read does. With 20,000 the time to fetch each post from memory would be measured too.
pub(crate) const POSTS: usize = 2_000;
/// Seed of the watches.
pub(crate) const SEED: u64 = 4;
/// Words that watches are made of, from the commonest on.
const WORDS: usize = 60_000;

pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    pub(crate) posts: Vec<(EdgePost, Analysis)>,
    /// By frequency.
    pub(crate) words: Vec<String>,
    pub(crate) frequencies: Frequencies,
}

impl Corpus {
    pub(crate) fn load() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/troll/troll-slice.ndjson.zst");
        let (name, posts) = if std::env::args().any(|argument| argument == "--made-up") {
            ("made-up", made_up())
        } else if let Ok(file) = std::fs::File::open(path) {
            ("troll", real(file))
        } else {
            println!("SKIPPED: ../shared/data is absent; the posts are made up");
            ("made-up", made_up())
        };
        // Words are counted on all posts read, matched against a sample of them.
        let mut counts: HashMap<String, (u64, usize)> = HashMap::new();
        for (i, (_, analysis)) in posts.iter().enumerate() {
            for word in &analysis.words {
                let word = analysis.word(word);
                if let Some(count) = counts.get_mut(word) {
                    if count.1 != i {
                        *count = (count.0 + 1, i);
                    }
                } else {
                    counts.insert(word.to_owned(), (1, i));
                }
            }
        }
        let mut words: Vec<(String, u64)> = counts.into_iter().map(|(word, (count, _))| (word, count)).collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        words.truncate(WORDS);
        let frequencies =
            Frequencies::from_counts(posts.len() as u64, words.iter().map(|(word, count)| (word.as_str(), *count)));
        let step = (posts.len() / POSTS).max(1);
        let posts = posts.into_iter().step_by(step).take(POSTS).collect();
        Self { name, posts, words: words.into_iter().map(|(word, _)| word).collect(), frequencies }
    }

    pub(crate) fn queries(&self, count: usize) -> Vec<Query> {
        generate::queries(SEED, count, &self.words)
            .iter()
            .map(|text| groundswell_query::parse(text).expect("a query"))
            .collect()
    }

    pub(crate) fn percolator(&self, count: usize) -> Percolator {
        Percolator::compile(&self.queries(count), &mut Analyzer::new(), &self.frequencies)
            .expect("queries of plain words")
    }

    /// Matches of the first posts: the result that makes a time worth something.
    pub(crate) fn count(&self, percolator: &Percolator, scratch: &mut Scratch, posts: usize) -> u64 {
        let mut out = Vec::new();
        let mut matches = 0;
        for (post, analysis) in &self.posts[..posts] {
            percolator.matches(&Doc::new(post, analysis), scratch, &mut out);
            matches += out.len() as u64;
        }
        matches
    }
}

fn real(file: std::fs::File) -> Vec<(EdgePost, Analysis)> {
    /// Of 390,687 posts every third is read, over all of the time that they cover.
    const STEP: usize = 3;
    let reader = std::io::BufReader::new(zstd::Decoder::new(file).expect("a zstd file"));
    let (mut scrubber, mut links, mut analyzer) = (Scrubber::new(), LinkSink::default(), Analyzer::new());
    let mut posts = Vec::new();
    for line in reader.lines().step_by(STEP) {
        let value: serde_json::Value = serde_json::from_str(&line.expect("UTF-8")).expect("JSON");
        let text = |field: &str| value[field].as_str().unwrap_or_default();
        let mut post = EdgePost { source: "file".to_owned(), ..EdgePost::default() };
        links.clear();
        scrubber.scrub(text("text"), &mut post.text, &mut links);
        post.links = links.links().to_vec();
        post.language = <[u8; 2]>::try_from(text("lang").as_bytes()).ok();
        if let Some(relation) = groundswell_post::Relation::parse(text("kind")) {
            post.relation = relation;
        }
        post.region = (text("region") == "United States").then_some(*b"US");
        let mut analysis = Analysis::new();
        analyzer.analyze(&post, &mut analysis);
        posts.push((post, analysis));
    }
    posts
}

fn made_up() -> Vec<(EdgePost, Analysis)> {
    let mut analyzer = Analyzer::new();
    let words = generate::vocabulary(1, WORDS);
    generate::texts(2, POSTS * 3, &words)
        .into_iter()
        .map(|text| {
            let post = EdgePost { source: "file".to_owned(), text, language: Some(*b"en"), ..EdgePost::default() };
            let mut analysis = Analysis::new();
            analyzer.analyze(&post, &mut analysis);
            (post, analysis)
        })
        .collect()
}
