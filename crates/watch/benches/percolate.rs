//! Nanoseconds a post, at 1,000 to 1,000,000 watches. `cargo bench -p groundswell-watch`.
//!
//! `-- --quick` prints the best of many short rounds in place of statistics, for busy machines, `--only=10000` at one size; `--made-up` takes made-up posts
//! where real ones are at hand too.
//!
//! Each run counts the matches and compares with the count pinned below: a wrong answer is no result. When the tokenizer or
//! the generator changes on purpose, the pins change with it; the property tests say whether matching is right.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::sync::LazyLock;

use divan::counter::ItemsCount;
use groundswell_watch::Scratch;
use support::{Corpus, POSTS};

const WATCHES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Matches of [`POSTS`] posts by number of watches, as in [`WATCHES`].
const EXPECTED: [(&str, [u64; 4]); 2] =
    [("troll", [362, 4_876, 50_225, 483_068]), ("made-up", [582, 7_280, 77_194, 789_353])];

static CORPUS: LazyLock<Corpus> = LazyLock::new(Corpus::load);

fn expected(watches: usize) -> u64 {
    let at = WATCHES.iter().position(|n| *n == watches).expect("one of the sizes");
    EXPECTED.iter().find(|(name, _)| *name == CORPUS.name).expect("one of the corpora").1[at]
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
        let matches = CORPUS.count(&percolator, &mut scratch);
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
        if matches != expected(watches) {
            println!("WRONG: {} matches expected", expected(watches));
        }
        if quick {
            let mut best = f64::MAX;
            for _ in 0..1_000 {
                let start = std::time::Instant::now();
                divan::black_box(CORPUS.count(&percolator, &mut scratch));
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
    bencher.counter(ItemsCount::new(CORPUS.posts.len())).bench_local(|| {
        let matches = CORPUS.count(&percolator, &mut scratch);
        assert_eq!(matches, expected(watches), "a wrong answer is no result");
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
