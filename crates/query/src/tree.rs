//! The tree of a query, and its printed form.

use std::fmt;

use crate::cost::Cost;
use crate::error::Span;
use crate::field::FieldName;
use crate::lexer::{is_operator, is_quote};
use crate::lint::Lint;

/// A query that was accepted.
#[derive(Clone, Debug)]
pub struct Query {
    /// The tree.
    pub root: Expr,
    /// What is probably not meant, in the order of the text.
    pub lints: Vec<Lint>,
    /// Number of leaves; their ids are `0..leaves`.
    pub leaves: u16,
}

impl Query {
    /// What it will cost, as far as that shows without posts.
    pub fn cost(&self) -> Cost {
        Cost::of(self)
    }

    /// Whether both have the same tree, wherever its parts stood in their texts.
    pub fn same_structure(&self, other: &Self) -> bool {
        self.root.same_structure(&other.root)
    }

    /// Every leaf, in the order of the text (so by id).
    pub fn leaves(&self) -> Vec<&Leaf> {
        let mut leaves = Vec::with_capacity(usize::from(self.leaves));
        self.root.visit_leaves(&mut |leaf| leaves.push(leaf));
        leaves
    }
}

/// The fully parenthesised form.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

/// A node and its place in the text.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Where it stands, with its parentheses.
    pub span: Span,
    /// What it is.
    pub node: Node,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Node {
    /// All of them. At least two, none of them an `And`, at least one positive.
    And(Vec<Expr>),
    /// Any of them. At least two, none of them an `Or` or a `Not`.
    Or(Vec<Expr>),
    /// Not this. Only ever a child of `And`.
    Not(Box<Expr>),
    /// Two things close to each other.
    Near(Box<Near>),
    /// Something to be looked up.
    Leaf(Leaf),
}

/// `left NEAR/distance right`: at most `distance` words between them.
#[derive(Clone, Debug)]
pub struct Near {
    /// `ONEAR`: left before right.
    pub ordered: bool,
    /// Most words between the two.
    pub distance: u8,
    /// A word, prefix or phrase, or an `Or` of these.
    pub left: Expr,
    /// Likewise.
    pub right: Expr,
}

/// Number of a leaf within its query, in the order of the text, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeafId(pub u16);

/// Something to be looked up in a post.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its number.
    pub id: LeafId,
    /// Where it stands.
    pub span: Span,
    /// What is looked up.
    pub term: Term,
}

/// What a leaf looks up. Texts are as written, escapes resolved; the percolator normalises them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// A word.
    Word(String),
    /// Words that begin so.
    Prefix(String),
    /// Words next to each other, in this order. At least one.
    Phrase(Vec<PhrasePart>),
    /// A hashtag, without `#`.
    Hashtag(String),
    /// A field has this value (in its one spelling).
    Field(FieldName, String),
}

/// One part of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhrasePart {
    /// A word.
    Word(String),
    /// Words that begin so.
    Prefix(String),
}

impl Expr {
    /// Whether something must be there for it to hold.
    pub fn is_positive(&self) -> bool {
        !matches!(self.node, Node::Not(_))
    }

    /// Levels of operators above its deepest leaf.
    pub fn depth(&self) -> usize {
        match &self.node {
            Node::And(children) | Node::Or(children) => 1 + children.iter().map(Self::depth).max().unwrap_or(0),
            Node::Not(inner) => 1 + inner.depth(),
            Node::Near(near) => 1 + near.left.depth().max(near.right.depth()),
            Node::Leaf(_) => 0,
        }
    }

    /// Calls `each` for every leaf, in the order of the text.
    pub fn visit_leaves<'e>(&'e self, each: &mut dyn FnMut(&'e Leaf)) {
        match &self.node {
            Node::And(children) | Node::Or(children) => children.iter().for_each(|child| child.visit_leaves(each)),
            Node::Not(inner) => inner.visit_leaves(each),
            Node::Near(near) => {
                near.left.visit_leaves(each);
                near.right.visit_leaves(each);
            }
            Node::Leaf(leaf) => each(leaf),
        }
    }

    /// Calls `each` for every leaf that can make it hold, so for none behind a `NOT`, in the order of the text.
    pub fn visit_wanted_leaves<'e>(&'e self, each: &mut dyn FnMut(&'e Leaf)) {
        match &self.node {
            Node::And(children) | Node::Or(children) => {
                children.iter().for_each(|child| child.visit_wanted_leaves(each));
            }
            Node::Not(_) => {}
            Node::Near(_) | Node::Leaf(_) => self.visit_leaves(each),
        }
    }

    /// Whether both are the same tree, wherever their parts stood in the text.
    pub fn same_structure(&self, other: &Self) -> bool {
        match (&self.node, &other.node) {
            (Node::And(a), Node::And(b)) | (Node::Or(a), Node::Or(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_structure(b))
            }
            (Node::Not(a), Node::Not(b)) => a.same_structure(b),
            (Node::Near(a), Node::Near(b)) => {
                a.ordered == b.ordered
                    && a.distance == b.distance
                    && a.left.same_structure(&b.left)
                    && a.right.same_structure(&b.right)
            }
            (Node::Leaf(a), Node::Leaf(b)) => a.id == b.id && a.term == b.term,
            _ => false,
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, children: &[Self], operator: &str| {
            f.write_str("(")?;
            for (i, child) in children.iter().enumerate() {
                if i > 0 {
                    f.write_str(operator)?;
                }
                child.fmt(f)?;
            }
            f.write_str(")")
        };
        match &self.node {
            Node::And(children) => list(f, children, " AND "),
            Node::Or(children) => list(f, children, " OR "),
            Node::Not(inner) => write!(f, "(NOT {inner})"),
            Node::Near(near) => {
                let operator = if near.ordered { "ONEAR" } else { "NEAR" };
                write!(f, "({} {operator}/{} {})", near.left, near.distance, near.right)
            }
            Node::Leaf(leaf) => leaf.term.fmt(f),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write_bare(f, word, true),
            Self::Prefix(prefix) => {
                write_bare(f, prefix, false)?;
                f.write_str("*")
            }
            Self::Hashtag(tag) => {
                f.write_str("#")?;
                write_bare(f, tag, false)
            }
            Self::Phrase(parts) => {
                f.write_str("\"")?;
                for (i, part) in parts.iter().enumerate() {
                    if i > 0 {
                        f.write_str(" ")?;
                    }
                    match part {
                        PhrasePart::Word(word) => write_quoted(f, word)?,
                        PhrasePart::Prefix(prefix) => {
                            write_quoted(f, prefix)?;
                            f.write_str("*")?;
                        }
                    }
                }
                f.write_str("\"")
            }
            Self::Field(name, value) => {
                write!(f, "{}:", name.as_str())?;
                if value.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')) {
                    f.write_str(value)
                } else {
                    f.write_str("\"")?;
                    for c in value.chars() {
                        if c == '\\' || is_quote(c) {
                            f.write_str("\\")?;
                        }
                        write!(f, "{c}")?;
                    }
                    f.write_str("\"")
                }
            }
        }
    }
}

fn write_bare(f: &mut fmt::Formatter<'_>, text: &str, operators: bool) -> fmt::Result {
    let operator = operators && is_operator(text);
    for (i, c) in text.chars().enumerate() {
        let anywhere = c.is_whitespace() || is_quote(c) || matches!(c, '\\' | '(' | ')' | '*' | '?' | ':');
        let in_front = i == 0 && (operator || matches!(c, '#' | '＃' | '-' | '!'));
        if anywhere || in_front {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    Ok(())
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        if c.is_whitespace() || is_quote(c) || matches!(c, '\\' | '*') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    Ok(())
}
