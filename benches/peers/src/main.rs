//! The percolator beside what one would pick today. See README.md.

#[path = "../../../crates/watch/benches/support/mod.rs"]
mod support;
mod rival_tantivy;

use std::time::Instant;

use groundswell_query::{Node, Query};
use groundswell_text::Analyzer;
use groundswell_watch::{Percolator, Scratch};
use support::{Corpus, every_query};

/// Posts that tantivy sees.
const POSTS_SHARED: usize = 1_000;
/// Posts that tantivy indexes at a time. At a hundred posts a second a batch of 1,000 is ten seconds of delay.
const BATCHES: [usize; 2] = [100, 1_000];

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
    let corpus = Corpus::load();
    println!("{} posts ({}) for the percolator; others see fewer, times are per post", corpus.posts.len(), corpus.name);
    println!("{:>9} {:>14} {:>8} {:>9} {:>12} {:>14} {:>9}", "watches", "peer", "posts", "matches", "us/post", "posts/s", "times");
    let mut wrong = false;
    for watches in sizes {
        let queries = corpus.queries(watches);
        let all: Vec<&Query> = queries.iter().collect();
        let shared: Vec<&Query> = queries.iter().filter(|query| !has_near(&query.root)).collect();

        let (_, whole) = ours(&corpus, &all, corpus.posts.len());
        print_row(watches, "percolator", corpus.posts.len(), whole.0, whole.1, whole.1);

        // About ten seconds each, and whole batches for tantivy.
        let few = (20_000_000 / watches).clamp(50, corpus.posts.len());
        let found = every_query::run(&corpus, &all, few);
        let (matches, _) = ours(&corpus, &all, few);
        wrong |= differs("every query", found.0, matches);
        print_row(watches, "every query", few, found.0, found.1, whole.1);

        let (matches, shared_time) = ours(&corpus, &shared, POSTS_SHARED);
        print_row(shared.len(), "percolator", POSTS_SHARED, matches, shared_time.1, shared_time.1);
        for batch in BATCHES {
            let found = rival_tantivy::run(&corpus, &shared, POSTS_SHARED, batch);
            wrong |= differs("tantivy", found.0, matches);
            print_row(shared.len(), &format!("tantivy/{batch}"), POSTS_SHARED, found.0, found.1, shared_time.1);
        }
    }
    if wrong {
        std::process::exit(1);
    }
}

fn print_row(watches: usize, peer: &str, posts: usize, matches: u64, micros: f64, ours: f64) {
    println!("{watches:>9} {peer:>14} {posts:>8} {matches:>9} {micros:>12.3} {:>14.0} {:>8.0}x", 1e6 / micros, micros / ours);
}

fn differs(peer: &str, found: u64, matches: u64) -> bool {
    if found != matches {
        println!("WRONG: {peer} found {found} matches, the percolator {matches}");
    }
    found != matches
}

/// Matches of the first posts; then matches and microseconds a post of the best of many rounds.
fn ours(corpus: &Corpus, queries: &[&Query], posts: usize) -> (u64, (u64, f64)) {
    let percolator =
        Percolator::compile(queries.iter().copied(), &mut Analyzer::new(), &corpus.frequencies).expect("queries of words");
    let mut scratch = Scratch::new();
    let mut best = f64::MAX;
    let mut matches = 0;
    for _ in 0..50 {
        let start = Instant::now();
        matches = corpus.count(&percolator, &mut scratch, posts);
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / posts as f64);
    }
    (matches, (matches, best))
}

fn has_near(expr: &groundswell_query::Expr) -> bool {
    match &expr.node {
        Node::Near(_) => true,
        Node::And(children) | Node::Or(children) => children.iter().any(has_near),
        Node::Not(inner) => has_near(inner),
        Node::Leaf(_) => false,
    }
}
