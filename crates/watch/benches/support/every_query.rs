//! Every query on every post: each query a small tree of hashes, run until it is decided. Slow, simple, and made without a line of
//! the percolator: what it finds is what the percolator must find.

use std::time::Instant;

use groundswell_query::{Expr, FieldName, Leaf, Node, PhrasePart, Query, Term};
use groundswell_text::{Word, hash_word};
use groundswell_watch::Doc;

use super::Corpus;

enum Matcher {
    And(Vec<Matcher>),
    Or(Vec<Matcher>),
    Not(Box<Matcher>),
    Near { ordered: bool, distance: usize, left: Vec<Vec<Element>>, right: Vec<Vec<Element>> },
    Word(u64),
    Words(Vec<Element>),
    Tag(u64),
    Field(FieldName, String),
}

enum Element {
    Word(u64),
    Prefix(String),
}

/// Words of the benchmark are their own normal forms, but for case.
fn compile(expr: &Expr) -> Matcher {
    match &expr.node {
        Node::And(children) => Matcher::And(children.iter().map(compile).collect()),
        Node::Or(children) => Matcher::Or(children.iter().map(compile).collect()),
        Node::Not(inner) => Matcher::Not(Box::new(compile(inner))),
        Node::Near(near) => Matcher::Near {
            ordered: near.ordered,
            distance: usize::from(near.distance),
            left: operand(&near.left),
            right: operand(&near.right),
        },
        Node::Leaf(leaf) => match &leaf.term {
            Term::Word(word) => Matcher::Word(hash_word(word)),
            Term::Hashtag(tag) => Matcher::Tag(hash_word(tag)),
            Term::Field(name, value) => Matcher::Field(*name, value.clone()),
            Term::Prefix(_) | Term::Phrase(_) => Matcher::Words(elements(leaf)),
        },
    }
}

fn operand(expr: &Expr) -> Vec<Vec<Element>> {
    match &expr.node {
        Node::Or(children) => children.iter().flat_map(operand).collect(),
        Node::Leaf(leaf) => vec![elements(leaf)],
        _ => vec![],
    }
}

fn elements(leaf: &Leaf) -> Vec<Element> {
    match &leaf.term {
        Term::Word(word) => vec![Element::Word(hash_word(word))],
        Term::Prefix(prefix) => vec![Element::Prefix(prefix.clone())],
        Term::Phrase(parts) => parts
            .iter()
            .map(|part| match part {
                PhrasePart::Word(word) => Element::Word(hash_word(word)),
                PhrasePart::Prefix(prefix) => Element::Prefix(prefix.clone()),
            })
            .collect(),
        Term::Hashtag(_) | Term::Field(..) => vec![],
    }
}

impl Element {
    fn at(&self, word: &Word, doc: &Doc<'_>) -> bool {
        match self {
            Self::Word(hash) => word.hash == *hash,
            Self::Prefix(prefix) => doc.analysis.word(word).starts_with(prefix.as_str()),
        }
    }
}

fn places<'a>(elements: &'a [Element], doc: &'a Doc<'_>) -> impl Iterator<Item = (usize, usize)> + 'a {
    let words = &doc.analysis.words;
    (0..(words.len() + 1).saturating_sub(elements.len()))
        .filter(move |start| elements.iter().zip(&words[*start..]).all(|(element, word)| element.at(word, doc)))
        .map(|start| (start, start + elements.len()))
}

impl Matcher {
    fn matches(&self, doc: &Doc<'_>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|matcher| matcher.matches(doc)),
            Self::Or(any) => any.iter().any(|matcher| matcher.matches(doc)),
            Self::Not(inner) => !inner.matches(doc),
            Self::Word(hash) => {
                doc.analysis.words.iter().any(|word| word.hash == *hash)
                    || doc.analysis.hashtags.iter().any(|tag| tag.hash == *hash)
            }
            Self::Words(elements) => places(elements, doc).next().is_some(),
            Self::Tag(hash) => doc.analysis.hashtags.iter().any(|tag| tag.hash == *hash),
            Self::Near { ordered, distance, left, right } => left.iter().any(|left| {
                places(left, doc).any(|a| {
                    right.iter().any(|right| {
                        places(right, doc).any(|b| {
                            (b.0 >= a.1 && b.0 - a.1 <= *distance) || (!ordered && a.0 >= b.1 && a.0 - b.1 <= *distance)
                        })
                    })
                })
            }),
            Self::Field(name, value) => match name {
                FieldName::Lang => doc.analysis.language.as_str() == value,
                FieldName::Kind => doc.kind == value,
                FieldName::Relation => doc.relation == value,
                FieldName::Source => doc.source.eq_ignore_ascii_case(value),
                FieldName::Region => doc.region.is_some_and(|region| region == *value.as_bytes()),
                FieldName::Domain => doc.links.iter().any(|link| link.domain == *value),
            },
        }
    }
}

/// Matches, and microseconds a post.
pub(crate) fn run(corpus: &Corpus, queries: &[&Query], posts: usize) -> (u64, f64) {
    let matchers: Vec<Matcher> = queries.iter().map(|query| compile(&query.root)).collect();
    let start = Instant::now();
    let mut matches = 0;
    for (post, analysis) in &corpus.posts[..posts] {
        let doc = Doc::new(post, analysis);
        matches += matchers.iter().filter(|matcher| matcher.matches(&doc)).count() as u64;
    }
    (matches, start.elapsed().as_secs_f64() * 1e6 / posts as f64)
}
