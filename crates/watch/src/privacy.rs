//! What no query may look for (PRIVACY section 7): whatever the scrubber takes out of posts, and people by name, but for names that
//! the gate itself has let through: those of public figures.

use std::fmt;
use std::sync::Arc;

use groundswell_edge::scrub::{Kind, Scrubber};
use groundswell_query::{Expr, FieldName, Node, PhrasePart, Query, QueryError, QueryErrorKind, Span, Term};
use groundswell_text::names::NameFinder;

use crate::Date;

/// Whether the gate has let a name through since a day: as a term, its words parted by spaces, or as a hashtag.
pub type NameShown = Arc<dyn Fn(&str, Date) -> bool + Send + Sync>;

/// Days before a watch is made in which the gate must have let a name through (PRIVACY section 4).
const SHOWN_DAYS: i64 = 7;

/// Holds a query against the scrubber and the name finder.
pub(crate) struct Guard {
    scrubber: Scrubber,
    names: NameFinder,
    shown: NameShown,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl Guard {
    pub(crate) fn new(shown: Option<NameShown>) -> Self {
        Self {
            scrubber: Scrubber::new(),
            names: NameFinder::new(),
            shown: shown.unwrap_or_else(|| Arc::new(|_, _| false)),
        }
    }

    /// What kind of personal thing, or link, is in `text`, if any.
    pub(crate) fn finds(&mut self, text: &str) -> Option<Kind> {
        self.scrubber.detections(text).first().map(|found| found.kind)
    }

    /// Refuses a query that holds something personal, in one leaf or in leaves that stand side by side.
    /// `created` is the day on which it becomes a watch.
    pub(crate) fn check_query(&mut self, query: &Query, created: Date) -> Result<(), QueryError> {
        for leaf in query.leaves() {
            if let Some(text) = text_of(&leaf.term) {
                self.check(&text, leaf.span)?;
            }
        }
        self.check_runs(&query.root)?;
        match self.named(&query.root, created.plus_days(-SHOWN_DAYS)) {
            None => Ok(()),
            Some(span) => Err(QueryError::new(
                QueryErrorKind::Private,
                span,
                "this looks like a person's name, and a watch does not follow people",
                "ask for what is talked about: a place, an office, an event. A public figure can be watched once the name is among the \
                 terms or hashtags that this installation has shown in the last 7 days, since publishers carry it",
            )),
        }
    }

    /// Where a query looks for a person by name: a phrase, a hashtag or a word that is one, or words side by side that are one
    /// together. What a query excludes is no search, and what the gate has let through is public.
    fn named(&self, expr: &Expr, since: Date) -> Option<Span> {
        let is_shown = |words: &[&str]| (self.shown)(&words.join(" "), since);
        let is_pair = |one: &str, other: &str| {
            let (one, other) = (one.to_lowercase(), other.to_lowercase());
            self.names.surely_pair(&one, &other) && !is_shown(&[&one, &other]) && !is_shown(&[&other, &one])
        };
        let is_name = |text: &str| {
            let spelling = text.trim_start_matches('#');
            let text = spelling.to_lowercase();
            let words: Vec<&str> = text.split([' ', '\'', '’', '-']).collect();
            (self.names.phrase(&words) || self.names.spelt(spelling)) && !is_shown(&words)
        };
        match &expr.node {
            Node::Leaf(leaf) => match &leaf.term {
                Term::Word(_) | Term::Hashtag(_) | Term::Phrase(_) => {
                    text_of(&leaf.term).is_some_and(|text| is_name(&text)).then_some(expr.span)
                }
                Term::Prefix(_) | Term::Field(..) => None,
            },
            Node::And(children) => children.iter().find_map(|child| self.named(child, since)).or_else(|| {
                let are_pair = |pair: &[Expr]| match (word_of(&pair[0]), word_of(&pair[1])) {
                    (Some(one), Some(other)) => is_pair(one, other),
                    _ => false,
                };
                children.windows(2).find(|pair| are_pair(pair)).map(|pair| pair[0].span.join(pair[1].span))
            }),
            Node::Or(children) => children.iter().find_map(|child| self.named(child, since)),
            Node::Near(near) => match (word_of(&near.left), word_of(&near.right)) {
                (Some(one), Some(other)) if is_pair(one, other) => Some(expr.span),
                _ => self.named(&near.left, since).or_else(|| self.named(&near.right, since)),
            },
            Node::Not(_) => None,
        }
    }

    fn check(&mut self, text: &str, span: Span) -> Result<(), QueryError> {
        match self.finds(text) {
            None => Ok(()),
            Some(Kind::Link) => Err(QueryError::new(
                QueryErrorKind::Private,
                span,
                "this is a link, and links hold no words",
                "ask for posts that link to a site: `domain:example.org`",
            )),
            Some(found) => Err(QueryError::new(
                QueryErrorKind::Private,
                span,
                format!("`{}` is refused: it is taken out of posts before anything looks at them", found.as_str()),
                "leave it out; a watch asks what is said, never who says it or how to reach them",
            )),
        }
    }

    /// `4111 1111 AND 1111 1111` is a number as much as a phrase of it is.
    fn check_runs(&mut self, expr: &Expr) -> Result<(), QueryError> {
        match &expr.node {
            Node::And(children) => {
                let run: Vec<String> = children.iter().filter_map(leaf_text).collect();
                if run.len() > 1 {
                    self.check(&run.join(" "), expr.span)?;
                }
                children.iter().try_for_each(|child| self.check_runs(child))
            }
            Node::Or(children) => children.iter().try_for_each(|child| self.check_runs(child)),
            Node::Not(inner) => self.check_runs(inner),
            Node::Near(near) => match (leaf_text(&near.left), leaf_text(&near.right)) {
                (Some(left), Some(right)) => self.check(&format!("{left} {right}"), expr.span),
                _ => Ok(()),
            },
            Node::Leaf(_) => Ok(()),
        }
    }
}

/// The word that a leaf is.
fn word_of(expr: &Expr) -> Option<&str> {
    match &expr.node {
        Node::Leaf(leaf) => match &leaf.term {
            Term::Word(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn leaf_text(expr: &Expr) -> Option<String> {
    match &expr.node {
        Node::Leaf(leaf) => text_of(&leaf.term),
        _ => None,
    }
}

fn text_of(term: &Term) -> Option<String> {
    match term {
        Term::Word(text) | Term::Prefix(text) => Some(text.clone()),
        Term::Hashtag(tag) => Some(format!("#{tag}")),
        Term::Phrase(parts) => {
            let parts: Vec<&str> = parts
                .iter()
                .map(|part| match part {
                    PhrasePart::Word(text) | PhrasePart::Prefix(text) => text.as_str(),
                })
                .collect();
            Some(parts.join(" "))
        }
        Term::Field(FieldName::Source, name) => Some(name.clone()),
        Term::Field(..) => None,
    }
}
