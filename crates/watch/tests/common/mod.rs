//! A slow model of what a query means, and random queries and posts of a small vocabulary.

use std::ops::Range;

use groundswell_edge::{EdgePost, Link};
use groundswell_post::Relation;
use groundswell_query::{Expr, FieldName, Leaf, Node, PhrasePart, Query, Term};
use groundswell_text::{Analysis, Analyzer};
use proptest::prelude::*;

/// A post of plain words, some of them hashtags.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// The words; true: written as a hashtag.
    pub(crate) words: Vec<(String, bool)>,
    pub(crate) record_tags: Vec<String>,
    pub(crate) lang: Option<&'static str>,
    pub(crate) source: &'static str,
    pub(crate) domain: Option<&'static str>,
    pub(crate) region: Option<&'static str>,
    /// Place in `Relation::ALL`.
    pub(crate) relation: usize,
}

impl Post {
    pub(crate) fn read(&self, analyzer: &mut Analyzer) -> (EdgePost, Analysis) {
        let code = |text: &str| [text.as_bytes()[0], text.as_bytes()[1]];
        let mut text = String::new();
        for (word, tag) in &self.words {
            if *tag {
                text.push('#');
            }
            text.push_str(word);
            text.push(' ');
        }
        let mut post = EdgePost {
            text,
            source: self.source.to_owned(),
            hashtags: self.record_tags.clone(),
            language: Some(code(self.lang.unwrap_or("xx"))),
            region: self.region.map(code),
            links: self.domain.iter().map(|domain| Link { domain: (*domain).to_owned(), url: None }).collect(),
            ..EdgePost::default()
        };
        post.relation = Relation::ALL[self.relation];
        let mut analysis = Analysis::new();
        analyzer.analyze(&post, &mut analysis);
        (post, analysis)
    }
}

pub(crate) struct Model<'p> {
    post: &'p Post,
    words: Vec<&'p str>,
}

/// Leaf and word range; `None`: the leaf holds, wherever.
type Found = Vec<(u16, Option<Range<u32>>)>;

impl<'p> Model<'p> {
    pub(crate) fn new(post: &'p Post) -> Self {
        Self { post, words: post.words.iter().map(|(word, _)| word.as_str()).collect() }
    }

    pub(crate) fn matches(&self, query: &Query) -> bool {
        self.expr(&query.root).is_some()
    }

    pub(crate) fn explain(&self, query: &Query) -> Vec<(u16, Vec<Range<u32>>)> {
        let mut found = self.expr(&query.root).unwrap_or_default();
        found.sort_by_key(|(leaf, words)| (*leaf, words.as_ref().map(|w| (w.start, w.end))));
        found.dedup();
        let mut out: Vec<(u16, Vec<Range<u32>>)> = Vec::new();
        for (leaf, words) in found {
            if out.last().is_none_or(|last| last.0 != leaf) {
                out.push((leaf, Vec::new()));
            }
            out.last_mut().expect("one was pushed").1.extend(words);
        }
        out
    }

    /// What of the expression holds, or `None` if it does not.
    fn expr(&self, expr: &Expr) -> Option<Found> {
        match &expr.node {
            Node::And(children) => {
                let mut all = Vec::new();
                for child in children {
                    all.extend(self.expr(child)?);
                }
                Some(all)
            }
            Node::Or(children) => {
                let held: Vec<Found> = children.iter().filter_map(|child| self.expr(child)).collect();
                if held.is_empty() { None } else { Some(held.concat()) }
            }
            Node::Not(inner) => {
                if self.expr(inner).is_some() {
                    None
                } else {
                    Some(Vec::new())
                }
            }
            Node::Leaf(leaf) => self.leaf(leaf),
            Node::Near(near) => {
                let mut found = Vec::new();
                for (left_leaf, left) in self.places(&near.left) {
                    for (right_leaf, right) in self.places(&near.right) {
                        let limit = u32::from(near.distance);
                        let in_order = right.start >= left.end && right.start - left.end <= limit;
                        let reversed = left.start >= right.end && left.start - right.end <= limit;
                        if in_order || (reversed && !near.ordered) {
                            found.push((left_leaf, Some(left.clone())));
                            found.push((right_leaf, Some(right.clone())));
                        }
                    }
                }
                if found.is_empty() { None } else { Some(found) }
            }
        }
    }

    fn leaf(&self, leaf: &Leaf) -> Option<Found> {
        let id = leaf.id.0;
        let tag_places = |tag: &str| -> Vec<(u16, Option<Range<u32>>)> {
            (0_u32..)
                .zip(&self.post.words)
                .filter(|(_, (word, is_tag))| *is_tag && word == tag)
                .map(|(at, _)| (id, Some(at..at + 1)))
                .collect()
        };
        let in_record = |tag: &str| self.post.record_tags.iter().any(|t| t == tag);
        let held = |holds: bool| holds.then(|| vec![(id, None)]);
        let places = || -> Found { self.occurrences(leaf).into_iter().map(|range| (id, Some(range))).collect() };
        let some = |found: Found| if found.is_empty() { None } else { Some(found) };
        match &leaf.term {
            Term::Word(word) => some(places()).or_else(|| held(in_record(word))),
            Term::Prefix(_) | Term::Phrase(_) => {
                // A phrase of one word is that word, hashtag of the record included.
                if let Term::Phrase(parts) = &leaf.term
                    && let [PhrasePart::Word(word)] = &parts[..]
                {
                    return some(places()).or_else(|| held(in_record(word)));
                }
                some(places())
            }
            Term::Hashtag(tag) => some(tag_places(tag)).or_else(|| held(in_record(tag))),
            Term::Field(name, value) => held(match name {
                FieldName::Lang => self.post.lang.unwrap_or("xx") == value,
                FieldName::Source => self.post.source.eq_ignore_ascii_case(value),
                FieldName::Domain => self.post.domain == Some(value),
                FieldName::Kind => value == "person",
                FieldName::Relation => ["post", "reply", "repost", "quote"][self.post.relation] == value,
                FieldName::Region => self.post.region == Some(value),
            }),
        }
    }

    /// Where a word, prefix or phrase stands.
    fn occurrences(&self, leaf: &Leaf) -> Vec<Range<u32>> {
        let parts: Vec<PhrasePart> = match &leaf.term {
            Term::Word(word) => vec![PhrasePart::Word(word.clone())],
            Term::Prefix(prefix) => vec![PhrasePart::Prefix(prefix.clone())],
            Term::Phrase(parts) => parts.clone(),
            Term::Hashtag(_) | Term::Field(..) => vec![],
        };
        (0..self.words.len())
            .filter(|start| {
                start + parts.len() <= self.words.len()
                    && parts.iter().zip(&self.words[*start..]).all(|(part, word)| match part {
                        PhrasePart::Word(wanted) => wanted == word,
                        PhrasePart::Prefix(prefix) => word.starts_with(prefix.as_str()),
                    })
            })
            .map(|start| start as u32..(start + parts.len()) as u32)
            .collect()
    }

    fn places(&self, expr: &Expr) -> Vec<(u16, Range<u32>)> {
        match &expr.node {
            Node::Or(children) => children.iter().flat_map(|child| self.places(child)).collect(),
            Node::Leaf(leaf) => self.occurrences(leaf).into_iter().map(|range| (leaf.id.0, range)).collect(),
            _ => unreachable!("the parser lets nothing else through"),
        }
    }
}

const WORDS: [&str; 9] = ["a", "b", "c", "ab", "abc", "abcd", "ba", "bab", "жар"];

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(&WORDS[..]).prop_map(str::to_owned)
}

pub(crate) fn post() -> impl Strategy<Value = Post> {
    (
        prop::collection::vec((word(), prop::bool::weighted(0.15)), 0..14),
        prop::collection::vec(word(), 0..2),
        prop::option::of(prop::sample::select(vec!["en", "pt"])),
        prop::sample::select(vec!["bluesky", "my feed"]),
        prop::option::of(prop::sample::select(vec!["example.org", "bbc.co.uk"])),
        prop::option::of(prop::sample::select(vec!["PT", "GB"])),
        0..4_usize,
    )
        .prop_map(|(words, record_tags, lang, source, domain, region, relation)| Post {
            words,
            record_tags,
            lang,
            source,
            domain,
            region,
            relation,
        })
}

fn placed() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => word(),
        1 => prop::sample::select(vec!["ab*", "ba*", "abc*", "жа*"]).prop_map(str::to_owned),
        2 => prop::collection::vec(prop_oneof![5 => word(), 1 => Just("ab*".to_owned())], 1..4)
            .prop_map(|words| format!("\"{}\"", words.join(" "))),
    ]
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => placed(),
        1 => word().prop_map(|word| format!("#{word}")),
        1 => prop::sample::select(vec![
            "lang:en", "lang:pt", "kind:person", "kind:publisher", "source:Bluesky", "source:\"my feed\"", "domain:bbc.co.uk", "region:PT",
            "relation:reply", "relation:post",
        ])
        .prop_map(str::to_owned),
        2 => (prop::collection::vec(placed(), 1..3), any::<bool>(), 0..5_u8, prop::collection::vec(placed(), 1..3)).prop_map(
            |(left, ordered, n, right)| {
                let operator = if ordered { "ONEAR" } else { "NEAR" };
                format!("({}) {operator}/{n} ({})", left.join(" OR "), right.join(" OR "))
            }
        ),
    ]
}

pub(crate) fn query() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|c| format!("({})", c.join(" OR "))),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|c| format!("({})", c.join(" AND "))),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("({a} AND NOT ({b}))")),
        ]
    })
}
