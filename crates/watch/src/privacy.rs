//! What no query may look for (PRIVACY section 7): whatever the scrubber takes out of posts.

use groundswell_edge::scrub::{Kind, Scrubber};
use groundswell_query::{Expr, FieldName, Node, PhrasePart, Query, QueryError, QueryErrorKind, Span, Term};

/// Holds a query against the scrubber.
#[derive(Debug)]
pub(crate) struct Guard {
    scrubber: Scrubber,
}

impl Guard {
    pub(crate) fn new() -> Self {
        Self { scrubber: Scrubber::new() }
    }

    /// What kind of personal thing, or link, is in `text`, if any.
    pub(crate) fn finds(&mut self, text: &str) -> Option<Kind> {
        self.scrubber.detections(text).first().map(|found| found.kind)
    }

    /// Refuses a query that holds something personal, in one leaf or in leaves that stand side by side.
    pub(crate) fn check_query(&mut self, query: &Query) -> Result<(), QueryError> {
        for leaf in query.leaves() {
            if let Some(text) = text_of(&leaf.term) {
                self.check(&text, leaf.span)?;
            }
        }
        self.check_runs(&query.root)
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
