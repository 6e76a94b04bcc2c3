//! [`Lint`]: accepted, but probably not what was meant. Each is here because someone would otherwise read the result wrong.

use crate::error::{Span, render};
use crate::field::FieldName;
use crate::lexer::{Token, TokenKind};
use crate::tree::{Expr, Leaf, Node, PhrasePart, Term};

/// Which doubt it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LintKind {
    /// `and`, `or`, `not`, `near` in small letters are words.
    LowercaseOperator,
    /// AND and OR side by side without parentheses.
    MixedPrecedence,
    /// The same thing twice.
    Duplicate,
    /// A part that another part already covers.
    Redundant,
    /// It asks for a thing and for its absence.
    Contradiction,
    /// Two letters and a star.
    BroadPrefix,
    /// A word that is in a large part of all posts, and nothing beside it.
    BroadWord,
    /// No word at all: every post of a language, source or kind.
    NoWords,
    /// Quotes around one word.
    OneWordPhrase,
    /// `"…”`.
    MixedQuotes,
    /// `'…'`.
    Apostrophe,
    /// A code that names no language or country.
    UnknownCode,
}

/// Accepted, but probably not what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// Which doubt.
    pub kind: LintKind,
    /// Where.
    pub span: Span,
    /// What looks odd: one line, lower case, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Lint {
    pub(crate) fn new(kind: LintKind, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, span, message: message.into(), help: help.into() }
    }

    /// The lint with a caret under its place, for a terminal. No colours; ends with a newline.
    pub fn render(&self, query: &str) -> String {
        render("lint", &self.message, self.span, &self.help, query)
    }
}

/// Words that are in a large part of all posts of their language. Only for lints; the percolator counts by itself.
const COMMON: &str = "a an and are as at be but by for from has have he i if in is it me my no not of on or our rt she so that the \
    they this to was we were what who will with you your \
    de la que el en y los se del las un por con no una su para es al lo como le les des du et est il elle je ne pas que qui sur une \
    der die das und ist nicht ein eine ich zu den mit von im auf für e o do da em os um uma não com i di il per che non è sono \
    и в не на я с что он как это по но";

pub(crate) fn is_common(word: &str) -> bool {
    let lower = word.to_lowercase();
    COMMON.split_whitespace().any(|common| common == lower)
}

/// `and` between words.
pub(crate) fn lowercase_operators(tokens: &[Token], lints: &mut Vec<Lint>) {
    let starts = |token: Option<&Token>| token.is_some_and(|t| matches!(t.kind, TokenKind::Term(_) | TokenKind::Open));
    let ends = |token: Option<&Token>| token.is_some_and(|t| matches!(t.kind, TokenKind::Term(_) | TokenKind::Close));
    for (i, token) in tokens.iter().enumerate() {
        let TokenKind::Term(Term::Word(word)) = &token.kind else { continue };
        let lower = word.to_ascii_lowercase();
        let near = lower == "near" || lower.starts_with("near/") || lower.starts_with("onear/");
        if !(matches!(lower.as_str(), "and" | "or" | "not") || near) {
            continue;
        }
        let before = i > 0 && ends(tokens.get(i - 1));
        let after = starts(tokens.get(i + 1));
        if after && (before || lower == "not") {
            let mut operator = lower.to_ascii_uppercase();
            if operator == "NEAR" {
                operator.push_str("/5");
            }
            lints.push(Lint::new(
                LintKind::LowercaseOperator,
                token.span,
                format!("`{word}` is a word here, since operators are written in capitals"),
                format!("write `{operator}` if the operator is meant, `\"{word}\"` if the word is"),
            ));
        }
    }
}

/// Everything that shows in the tree.
pub(crate) fn tree(root: &Expr, lints: &mut Vec<Lint>) {
    walk(root, lints);
    let mut positive_words = 0;
    positive_leaves(root, &mut |leaf| {
        if !matches!(
            &leaf.term,
            Term::Field(
                FieldName::Lang | FieldName::Source | FieldName::Kind | FieldName::Relation | FieldName::Region,
                _
            )
        ) {
            positive_words += 1;
        }
    });
    if positive_words == 0 {
        lints.push(Lint::new(
            LintKind::NoWords,
            root.span,
            "no word is asked for, so this matches every post that the fields let through",
            "add the words that the watch is about",
        ));
    }
    root.visit_leaves(&mut |leaf| {
        let prefix = match &leaf.term {
            Term::Prefix(prefix) => Some(prefix),
            Term::Phrase(parts) => match &parts[..] {
                [PhrasePart::Prefix(prefix)] => Some(prefix),
                _ => None,
            },
            _ => None,
        };
        if let Some(prefix) = prefix
            && prefix.chars().filter(|c| c.is_alphanumeric()).count() <= 2
            && prefix.is_ascii()
        {
            lints.push(Lint::new(
                LintKind::BroadPrefix,
                leaf.span,
                "two letters begin very many words",
                "write more of the word before the `*`",
            ));
        }
    });
    // Alternatives that consist of one common word each stand for themselves.
    let alternatives = match &root.node {
        Node::Or(children) => &children[..],
        _ => std::slice::from_ref(root),
    };
    for alternative in alternatives {
        if let Node::Leaf(Leaf { term: Term::Word(word), span, .. }) = &alternative.node
            && (is_common(word) || (word.is_ascii() && word.len() == 1))
        {
            lints.push(Lint::new(
                LintKind::BroadWord,
                *span,
                format!("`{word}` alone is in a large part of all posts"),
                "add what the watch is about",
            ));
        }
    }
}

fn positive_leaves<'e>(expr: &'e Expr, each: &mut dyn FnMut(&'e Leaf)) {
    match &expr.node {
        Node::Not(_) => {}
        Node::And(children) | Node::Or(children) => children.iter().for_each(|child| positive_leaves(child, each)),
        Node::Near(_) | Node::Leaf(_) => expr.visit_leaves(each),
    }
}

fn same_term(a: &Expr, b: &Expr) -> bool {
    match (&a.node, &b.node) {
        (Node::Leaf(a), Node::Leaf(b)) => match (&a.term, &b.term) {
            (Term::Word(a), Term::Word(b))
            | (Term::Prefix(a), Term::Prefix(b))
            | (Term::Hashtag(a), Term::Hashtag(b)) => a.to_lowercase() == b.to_lowercase(),
            (a, b) => a == b,
        },
        (Node::Leaf(_), _) | (_, Node::Leaf(_)) => false,
        // Trees with operators are the same when they print the same: leaf numbers differ, texts do not.
        _ => a.to_string() == b.to_string(),
    }
}

fn word_of(expr: &Expr) -> Option<(&str, bool)> {
    match &expr.node {
        Node::Leaf(Leaf { term: Term::Word(word), .. }) => Some((word, false)),
        Node::Leaf(Leaf { term: Term::Hashtag(tag), .. }) => Some((tag, true)),
        _ => None,
    }
}

/// Children compared with each other: bounded, since 512 leaves in one list are 130,000 pairs at most.
fn walk(expr: &Expr, lints: &mut Vec<Lint>) {
    match &expr.node {
        Node::Leaf(_) | Node::Near(_) => {}
        Node::Not(inner) => walk(inner, lints),
        Node::And(children) | Node::Or(children) => {
            let is_and = matches!(expr.node, Node::And(_));
            for (i, child) in children.iter().enumerate() {
                let earlier = &children[..i];
                if earlier.iter().any(|other| same_term(other, child)) {
                    lints.push(Lint::new(LintKind::Duplicate, child.span, "this stands here twice", "leave one out"));
                    continue;
                }
                if is_and {
                    if let Node::Not(inner) = &child.node
                        && children.iter().any(|other| same_term(other, inner))
                    {
                        lints.push(Lint::new(
                            LintKind::Contradiction,
                            child.span,
                            "this is asked for and excluded at once, so the query matches nothing",
                            "leave one out",
                        ));
                    }
                } else if let Some((tag, true)) = word_of(child)
                    && let Some((word, _)) = children
                        .iter()
                        .filter_map(word_of)
                        .find(|(word, hashtag)| !hashtag && word.to_lowercase() == tag.to_lowercase())
                {
                    lints.push(Lint::new(
                        LintKind::Redundant,
                        child.span,
                        format!("`{word}` finds the hashtag `#{tag}` too"),
                        "leave the hashtag out, or the word to find only the hashtag",
                    ));
                } else if let Some((word, false)) = word_of(child) {
                    let lower = word.to_lowercase();
                    let covering = children.iter().find_map(|other| match &other.node {
                        Node::Leaf(Leaf { term: Term::Prefix(prefix), .. })
                            if lower.starts_with(&prefix.to_lowercase()) =>
                        {
                            Some(prefix)
                        }
                        _ => None,
                    });
                    if let Some(prefix) = covering {
                        lints.push(Lint::new(
                            LintKind::Redundant,
                            child.span,
                            format!("`{prefix}*` finds `{word}` too"),
                            "leave the word out",
                        ));
                    }
                }
                walk(child, lints);
            }
        }
    }
}
