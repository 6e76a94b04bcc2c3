//! The percolator against a slow model that is obviously right, on random queries and posts, and both against orders and
//! duplicates that must not matter.

mod common;

use std::collections::BTreeSet;

use common::{Model, Post, post, query};
use groundswell_query::parse;
use groundswell_text::Analyzer;
use groundswell_watch::{CLAUSES_TOLD_MAX, Frequencies, Percolator, PercolatorBuilder, Scratch, WatchId};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

fn expected(queries: &[groundswell_query::Query], post: &Post) -> Vec<WatchId> {
    (0..).map(WatchId).zip(queries).filter(|(_, query)| Model::new(post).matches(query)).map(|(id, _)| id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn matches_what_the_model_matches(
        texts in prop::collection::vec(query(), 1..40),
        posts in prop::collection::vec(post(), 1..12),
        common_first in any::<bool>(),
    ) {
        let queries: Vec<_> = texts.iter().map(|text| parse(text).unwrap()).collect();
        let mut analyzer = Analyzer::new();
        // Frequencies choose how a query is found, so each run uses another choice.
        let frequencies = if common_first {
            Frequencies::builtin()
        } else {
            Frequencies::from_counts(100, [("a", 3), ("b", 90), ("ab", 50), ("abc", 10), ("c", 1)])
        };
        let percolator = Percolator::compile(&queries, &mut analyzer, &frequencies).unwrap();
        let mut scratch = Scratch::new();
        let mut found = Vec::new();
        for post in &posts {
            let (edge, analysis) = post.read(&mut analyzer);
            let doc = groundswell_watch::Doc::new(&edge, &analysis);
            percolator.matches(&doc, &mut scratch, &mut found);
            let wanted = expected(&queries, post);
            prop_assert_eq!(&found, &wanted, "{:?} on {:?}", texts, post);

            // Clauses are the leaves that the model explains a match by, by their texts; of a query of one there is none.
            let (mut again, mut clauses) = (Vec::new(), Vec::new());
            percolator.matches_with_clauses(&doc, &mut scratch, &mut again, &mut clauses);
            prop_assert_eq!(&again, &found);
            let clauses: BTreeSet<(WatchId, String)> = clauses
                .into_iter()
                .map(|id| &percolator.clauses()[id.0 as usize])
                .map(|clause| (clause.watch, clause.text.to_string()))
                .collect();
            let wanted: BTreeSet<(WatchId, String)> = found.iter().flat_map(|id| {
                let query = &queries[id.0 as usize];
                let leaves = query.leaves();
                let mut parts: Vec<String> = Vec::new();
                query.root.visit_wanted_leaves(&mut |leaf| {
                    let text = leaf.term.to_string();
                    if !parts.contains(&text) {
                        parts.push(text);
                    }
                });
                let told = Model::new(post).explain(query);
                let texts = told.into_iter().map(|(leaf, _)| leaves[usize::from(leaf)].term.to_string());
                let first = &parts[..parts.len().min(CLAUSES_TOLD_MAX)];
                texts.filter(|text| parts.len() > 1 && first.contains(text)).map(|text| (*id, text)).collect::<Vec<_>>()
            })
            .collect();
            prop_assert_eq!(clauses, wanted, "{:?} on {:?}", texts, post);

            for (id, query) in (0..).map(WatchId).zip(&queries) {
                let told: Vec<(u16, Vec<std::ops::Range<u32>>)> = percolator
                    .explain(id, &doc, &mut scratch)
                    .into_iter()
                    .map(|clause| (clause.leaf.0, clause.words))
                    .collect();
                let wanted = Model::new(post).explain(query);
                prop_assert_eq!(told, wanted, "{} on {:?}", query, post);
            }
        }
    }

    #[test]
    fn order_and_repetition_of_watches_do_not_matter(
        texts in prop::collection::vec(query(), 1..20),
        posts in prop::collection::vec(post(), 1..6),
        seed in any::<u64>(),
    ) {
        let queries: Vec<_> = texts.iter().map(|text| parse(text).unwrap()).collect();
        let mut analyzer = Analyzer::new();
        let frequencies = Frequencies::builtin();
        let straight = Percolator::compile(&queries, &mut analyzer, &frequencies).unwrap();
        let mut order: Vec<usize> = (0..queries.len()).chain(0..queries.len() / 2).collect();
        order.sort_by_key(|i| (*i as u64 + 1).wrapping_mul(seed | 1));
        let mut builder = PercolatorBuilder::new(&mut analyzer, &frequencies);
        for i in order {
            builder.add(WatchId(i as u32), &queries[i]).unwrap();
        }
        let shuffled = builder.build();
        prop_assert_eq!(straight.len(), shuffled.len());
        let mut scratch = Scratch::new();
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for post in &posts {
            let (edge, analysis) = post.read(&mut analyzer);
            let doc = groundswell_watch::Doc::new(&edge, &analysis);
            // One scratch for both: it holds nothing over from one percolator to the next.
            straight.matches(&doc, &mut scratch, &mut a);
            shuffled.matches(&doc, &mut scratch, &mut b);
            prop_assert_eq!(&a, &b);
        }
    }
}

#[test]
fn the_random_queries_hit_and_miss() {
    // Guards the properties above against a generator that never matches or always does.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut hits, mut all) = (0, 0);
    for _ in 0..400 {
        let text = query().new_tree(&mut runner).unwrap().current();
        let parsed = parse(&text).unwrap_or_else(|error| panic!("{text}\n{}", error.render(&text)));
        for _ in 0..5 {
            let post = post().new_tree(&mut runner).unwrap().current();
            hits += usize::from(Model::new(&post).matches(&parsed));
            all += 1;
        }
    }
    assert!(hits > all / 10 && hits < all * 7 / 10, "{hits} of {all}");
}
