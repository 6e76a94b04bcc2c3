//! [`Cost`]: what a query asks of the percolator, as far as that shows without posts.

use std::fmt;

use crate::field::FieldName;
use crate::lint::is_common;
use crate::tree::{Expr, Leaf, Node, PhrasePart, Query, Term};

/// How often a post will make the percolator look at the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CostClass {
    /// Only posts with a word, hashtag or domain that is probably rare.
    Low,
    /// Posts with a short or common word, or with words of a short beginning.
    Medium,
    /// A large part of all posts.
    High,
}

impl CostClass {
    /// `low`, `medium` or `high`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a query asks of the percolator. Its `Display` is a sentence for `watch check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Words and hashtags.
    pub words: u32,
    /// Prefixes, those in phrases included.
    pub prefixes: u32,
    /// Phrases.
    pub phrases: u32,
    /// `NEAR` and `ONEAR`.
    pub nears: u32,
    /// Fields.
    pub fields: u32,
    /// Exclusions.
    pub nots: u32,
    /// How often it will be looked at.
    pub class: CostClass,
    /// One for each alternative: the part by which posts are chosen for a closer look.
    pub anchors: Vec<String>,
}

impl Cost {
    pub(crate) fn of(query: &Query) -> Self {
        let (class, leaves) = anchor(&query.root).unwrap_or((CostClass::High, Vec::new()));
        let anchors = leaves.iter().map(|leaf| leaf.term.to_string()).collect();
        let mut cost = Self { words: 0, prefixes: 0, phrases: 0, nears: 0, fields: 0, nots: 0, class, anchors };
        cost.count(&query.root);
        cost
    }

    fn count(&mut self, expr: &Expr) {
        match &expr.node {
            Node::And(children) | Node::Or(children) => children.iter().for_each(|child| self.count(child)),
            Node::Not(inner) => {
                self.nots += 1;
                self.count(inner);
            }
            Node::Near(near) => {
                self.nears += 1;
                self.count(&near.left);
                self.count(&near.right);
            }
            Node::Leaf(leaf) => match &leaf.term {
                Term::Word(_) | Term::Hashtag(_) => self.words += 1,
                Term::Prefix(_) => self.prefixes += 1,
                Term::Phrase(parts) => {
                    self.phrases += 1;
                    self.prefixes += parts.iter().filter(|part| matches!(part, PhrasePart::Prefix(_))).count() as u32;
                }
                Term::Field(..) => self.fields += 1,
            },
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN_MAX: usize = 8;
        write!(f, "{}: looked at for posts with ", self.class.as_str())?;
        for (i, anchor) in self.anchors.iter().take(SHOWN_MAX).enumerate() {
            if i > 0 {
                f.write_str(" or ")?;
            }
            f.write_str(anchor)?;
        }
        if self.anchors.len() > SHOWN_MAX {
            write!(f, " or {} more", self.anchors.len() - SHOWN_MAX)?;
        }
        let parts: Vec<String> = [
            (self.words, "word", "words"),
            (self.prefixes, "prefix", "prefixes"),
            (self.phrases, "phrase", "phrases"),
            (self.nears, "NEAR", "NEAR"),
            (self.fields, "field", "fields"),
            (self.nots, "NOT", "NOT"),
        ]
        .into_iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
        write!(f, " ({})", parts.join(", "))
    }
}

fn word_class(word: &str) -> CostClass {
    let letters = word.chars().count();
    match () {
        () if is_common(word) => CostClass::High,
        () if word.is_ascii() && letters <= 3 => CostClass::Medium,
        () => CostClass::Low,
    }
}

fn prefix_class(prefix: &str) -> CostClass {
    match (prefix.is_ascii(), prefix.chars().count()) {
        (true, ..=2) => CostClass::High,
        (true, 3) => CostClass::Medium,
        _ => CostClass::Low,
    }
}

/// The rule of the percolator: of a conjunction its rarest part, of an alternative every part, of NOT nothing.
fn anchor(expr: &Expr) -> Option<(CostClass, Vec<&Leaf>)> {
    match &expr.node {
        Node::Not(_) => None,
        Node::And(children) => children.iter().filter_map(anchor).min_by_key(|(class, leaves)| (*class, leaves.len())),
        Node::Or(children) => {
            let mut all = (CostClass::Low, Vec::new());
            for child in children {
                let (class, leaves) = anchor(child)?;
                all.0 = all.0.max(class);
                all.1.extend(leaves);
            }
            Some(all)
        }
        Node::Near(near) => [&near.left, &near.right]
            .into_iter()
            .filter_map(anchor)
            .min_by_key(|(class, leaves)| (*class, leaves.len())),
        Node::Leaf(leaf) => {
            let class = match &leaf.term {
                Term::Word(word) => word_class(word),
                Term::Prefix(prefix) => prefix_class(prefix),
                Term::Phrase(parts) => parts
                    .iter()
                    .map(|part| match part {
                        PhrasePart::Word(word) => word_class(word),
                        PhrasePart::Prefix(prefix) => prefix_class(prefix),
                    })
                    .min()
                    .unwrap_or(CostClass::High),
                Term::Hashtag(_) | Term::Field(FieldName::Domain, _) => CostClass::Low,
                Term::Field(FieldName::Region, _) => CostClass::Medium,
                Term::Field(..) => CostClass::High,
            };
            Some((class, vec![leaf]))
        }
    }
}
