//! From a query's tree to a plan: words in their normal form, everything looked up by key.

use groundswell_edge::EdgePost;
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_query::{Expr, FieldName, Leaf, Node, PhrasePart, Query, QueryError, QueryErrorKind, Span, Term};
use groundswell_text::{Analysis, Analyzer};

use crate::term::TermKey;

/// A query whose words are normalised.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// The post has this term.
    Term {
        term: TermKey,
        leaf: u16,
    },
    /// The post has these words next to each other. At least two, or one that is a prefix within a longer leaf.
    Phrase(Phrase),
    /// One of `left` within `distance` words of one of `right`.
    Near {
        ordered: bool,
        distance: u8,
        left: Vec<Phrase>,
        right: Vec<Phrase>,
    },
    And(Vec<Plan>),
    Or(Vec<Plan>),
    Not(Box<Plan>),
}

/// Words and prefixes next to each other.
#[derive(Clone, Debug)]
pub(crate) struct Phrase {
    pub(crate) elements: Vec<TermKey>,
    pub(crate) leaf: u16,
}

/// Reads queries as posts are read.
pub(crate) struct Planner<'a> {
    pub(crate) analyzer: &'a mut Analyzer,
    analysis: Analysis,
    post: EdgePost,
    /// Made when the first domain is read.
    scrubber: Option<Scrubber>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(analyzer: &'a mut Analyzer) -> Self {
        Self { analyzer, analysis: Analysis::new(), post: EdgePost::default(), scrubber: None }
    }

    pub(crate) fn plan(&mut self, query: &Query) -> Result<Plan, QueryError> {
        self.expr(&query.root)
    }

    fn expr(&mut self, expr: &Expr) -> Result<Plan, QueryError> {
        match &expr.node {
            Node::And(children) => {
                Ok(Plan::And(children.iter().map(|child| self.expr(child)).collect::<Result<_, _>>()?))
            }
            Node::Or(children) => {
                Ok(Plan::Or(children.iter().map(|child| self.expr(child)).collect::<Result<_, _>>()?))
            }
            Node::Not(inner) => Ok(Plan::Not(Box::new(self.expr(inner)?))),
            Node::Near(near) => Ok(Plan::Near {
                ordered: near.ordered,
                distance: near.distance,
                left: self.operand(&near.left)?,
                right: self.operand(&near.right)?,
            }),
            Node::Leaf(leaf) => self.leaf(leaf),
        }
    }

    /// A side of NEAR, as the alternatives it consists of.
    fn operand(&mut self, expr: &Expr) -> Result<Vec<Phrase>, QueryError> {
        match &expr.node {
            Node::Or(children) => {
                let mut all = Vec::new();
                for child in children {
                    all.extend(self.operand(child)?);
                }
                Ok(all)
            }
            Node::Leaf(leaf) => Ok(vec![Phrase { elements: self.elements(leaf)?, leaf: leaf.id.0 }]),
            // The parser lets nothing else through; a tree made by hand gets the same answer.
            _ => Err(QueryError::new(
                QueryErrorKind::Near,
                expr.span,
                "NEAR takes words, prefixes, phrases, or OR-groups of these",
                "for instance `(flood OR flooding) NEAR/5 \"heavy rain\"`",
            )),
        }
    }

    fn leaf(&mut self, leaf: &Leaf) -> Result<Plan, QueryError> {
        let id = leaf.id.0;
        match &leaf.term {
            Term::Hashtag(tag) => Ok(Plan::Term { term: self.tag(tag, leaf.span)?, leaf: id }),
            Term::Field(FieldName::Domain, value) => {
                let value = self.domain(value, leaf.span)?;
                Ok(Plan::Term { term: TermKey::Field { name: FieldName::Domain, value }, leaf: id })
            }
            Term::Field(name, value) => {
                Ok(Plan::Term { term: TermKey::Field { name: *name, value: value.clone() }, leaf: id })
            }
            Term::Word(_) | Term::Prefix(_) | Term::Phrase(_) => {
                let mut elements = self.elements(leaf)?;
                if elements.len() == 1 {
                    return Ok(Plan::Term { term: elements.remove(0), leaf: id });
                }
                let phrase = Plan::Phrase(Phrase { elements, leaf: id });
                match &leaf.term {
                    // A word that the tokenizer parts, as Chinese, may still stand as one hashtag.
                    Term::Word(word) if word.chars().all(|c| c.is_alphanumeric() || !c.is_ascii() || c == '_') => {
                        match self.tag(word, leaf.span) {
                            Ok(term) => Ok(Plan::Or(vec![phrase, Plan::Term { term, leaf: id }])),
                            Err(_) => Ok(phrase),
                        }
                    }
                    _ => Ok(phrase),
                }
            }
        }
    }

    /// The words of a word, prefix or phrase, in order.
    fn elements(&mut self, leaf: &Leaf) -> Result<Vec<TermKey>, QueryError> {
        let mut out = Vec::new();
        match &leaf.term {
            Term::Word(word) => self.words(word, &mut out),
            Term::Prefix(prefix) => self.prefix(prefix, leaf.span, &mut out)?,
            Term::Phrase(parts) => {
                for part in parts {
                    match part {
                        PhrasePart::Word(word) => self.words(word, &mut out),
                        PhrasePart::Prefix(prefix) => self.prefix(prefix, leaf.span, &mut out)?,
                    }
                }
            }
            Term::Hashtag(_) | Term::Field(..) => {}
        }
        if out.is_empty() {
            return Err(no_word(leaf.span));
        }
        Ok(out)
    }

    fn words(&mut self, text: &str, out: &mut Vec<TermKey>) {
        self.analyzer.tokenize(text, &mut self.analysis);
        for word in &self.analysis.words {
            out.push(TermKey::Word { hash: word.hash, normal: self.analysis.word(word).to_owned() });
        }
    }

    fn prefix(&mut self, text: &str, span: Span, out: &mut Vec<TermKey>) -> Result<(), QueryError> {
        let before = out.len();
        self.words(text, out);
        match out.pop() {
            Some(TermKey::Word { normal, .. }) if out.len() >= before && normal.len() >= 2 => {
                out.push(TermKey::Prefix { normal });
                Ok(())
            }
            Some(_) if out.len() >= before => Err(QueryError::new(
                QueryErrorKind::Wildcard,
                span,
                "what stands before the `*` is parted into words, and the last one has a single letter",
                "write more of the word; one letter would match a large part of all posts",
            )),
            _ => Err(no_word(span)),
        }
    }

    /// A domain as posts' links have it: registrable, in ASCII. The edge decides, so that both sides agree.
    fn domain(&mut self, value: &str, span: Span) -> Result<String, QueryError> {
        let scrubber = self.scrubber.get_or_insert_with(Scrubber::new);
        let mut links = LinkSink::default();
        scrubber.link(&format!("https://{value}"), &mut links);
        let labels = |domain: &str| domain.split('.').count();
        match links.links().first() {
            Some(link) if labels(&link.domain) == labels(value) => Ok(link.domain.clone()),
            Some(link) => Err(QueryError::new(
                QueryErrorKind::Value,
                span,
                "`domain:` takes the registrable domain, without what stands before it",
                format!("write `domain:{}`", link.domain),
            )),
            None => Err(QueryError::new(
                QueryErrorKind::Value,
                span,
                "this is no domain that anyone can register",
                "write what stands before the public suffix too, as in `domain:bbc.co.uk`",
            )),
        }
    }

    fn tag(&mut self, tag: &str, span: Span) -> Result<TermKey, QueryError> {
        // The record's own list of hashtags is the way by which a spelling becomes a hashtag whatever stands around it.
        self.post.hashtags.clear();
        self.post.hashtags.push(tag.to_owned());
        self.analyzer.analyze(&self.post, &mut self.analysis);
        match &self.analysis.hashtags[..] {
            [tag] => Ok(TermKey::Tag { hash: tag.hash, normal: self.analysis.hashtag(tag).to_owned() }),
            _ => Err(QueryError::new(
                QueryErrorKind::Hashtag,
                span,
                "this can be no hashtag",
                "a hashtag has letters, digits and `_`",
            )),
        }
    }
}

fn no_word(span: Span) -> QueryError {
    QueryError::new(
        QueryErrorKind::NoWord,
        span,
        "there is no word here: punctuation, signs and emoji are not looked for",
        "write a word, or leave this out",
    )
}
