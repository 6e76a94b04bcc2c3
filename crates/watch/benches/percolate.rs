//! Nanoseconds a post, at 1,000 to 1,000,000 watches. `cargo bench -p groundswell-watch`.
//!
//! `-- --quick` prints the best of many short rounds in place of statistics, for busy machines, `--only=10000` at one size; `--made-up` takes made-up posts
//! where real ones are at hand too.
//!
//! Each run counts the matches and compares with what running every query on every post finds: a wrong answer is no result.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::sync::LazyLock;

use divan::counter::ItemsCount;
use groundswell_watch::{Percolator, Scratch};
use support::{Corpus, POSTS};

const WATCHES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

static CORPUS: LazyLock<Corpus> = LazyLock::new(Corpus::load);

/// Of the first posts, as many as take about a second, every query is run on every post: what the percolator must find.
fn check(watches: usize, percolator: &Percolator) {
    let posts = (10_000_000 / watches).clamp(20, CORPUS.posts.len());
    let queries = CORPUS.queries(watches);
    let (expected, _) = support::every_query::run(&CORPUS, &queries.iter().collect::<Vec<_>>(), posts);
    let found = CORPUS.count(percolator, &mut Scratch::new(), posts);
    assert_eq!(found, expected, "a wrong answer is no result ({watches} watches, {posts} posts)");
}

fn main() {
    let words: usize = CORPUS.posts.iter().map(|(_, analysis)| analysis.words.len()).sum();
    println!(
        "{} posts ({}), {:.1} words each",
        CORPUS.posts.len(),
        CORPUS.name,
        words as f64 / CORPUS.posts.len() as f64
    );
    let quick = std::env::args().any(|argument| argument == "--quick");
    let only: Option<usize> = std::env::args().find_map(|argument| argument.strip_prefix("--only=")?.parse().ok());
    for watches in WATCHES.into_iter().filter(|watches| only.is_none_or(|only| only == *watches)) {
        let percolator = CORPUS.percolator(watches);
        let mut scratch = Scratch::new();
        let matches = CORPUS.count(&percolator, &mut scratch, POSTS);
        let stats = percolator.stats();
        println!(
            "{watches} watches: {} bytes ({:.0} a watch), {} terms, {} postings ({} direct), longest list {}; \
             {matches} matches ({:.2} a post), {:.1} candidates and {:.2} evaluations a post",
            stats.memory_bytes,
            stats.memory_bytes as f64 / watches as f64,
            stats.terms,
            stats.postings,
            stats.direct,
            stats.longest_list,
            matches as f64 / POSTS as f64,
            scratch.candidates as f64 / POSTS as f64,
            scratch.evaluations as f64 / POSTS as f64,
        );
        check(watches, &percolator);
        if quick {
            let mut best = f64::MAX;
            for _ in 0..1_000 {
                let start = std::time::Instant::now();
                divan::black_box(CORPUS.count(&percolator, &mut scratch, POSTS));
                best = best.min(start.elapsed().as_nanos() as f64 / POSTS as f64);
            }
            println!("  {best:.0} ns a post (best of 1,000)");
        }
    }
    if !quick {
        divan::main();
    }
}

/// All posts once; divide the time by the number of posts, or read the items a second.
#[divan::bench(args = WATCHES, sample_count = 20)]
fn posts(bencher: divan::Bencher<'_, '_>, watches: usize) {
    let percolator = CORPUS.percolator(watches);
    let mut scratch = Scratch::new();
    let expected = CORPUS.count(&percolator, &mut scratch, POSTS);
    bencher.counter(ItemsCount::new(CORPUS.posts.len())).bench_local(|| {
        let matches = CORPUS.count(&percolator, &mut scratch, POSTS);
        assert_eq!(matches, expected, "a wrong answer is no result");
        matches
    });
}

/// Compiling, analysis of the queries included.
#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 3)]
fn compile(bencher: divan::Bencher<'_, '_>, watches: usize) {
    let queries = CORPUS.queries(watches);
    bencher.counter(ItemsCount::new(watches)).bench_local(|| {
        groundswell_watch::Percolator::compile(&queries, &mut groundswell_text::Analyzer::new(), &CORPUS.frequencies)
    });
}
