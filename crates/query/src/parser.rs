//! From tokens to a tree, by recursive descent.

use crate::error::{QueryError, QueryErrorKind, Span};
use crate::lexer::{Token, TokenKind, tokenize};
use crate::lint::{self, Lint, LintKind};
use crate::tree::{Expr, Leaf, LeafId, Near, Node, Query, Term};
use crate::{DEPTH_MAX, LEAVES_MAX};

/// Reads a query of the watch language.
pub fn parse(text: &str) -> Result<Query, QueryError> {
    let (tokens, lints) = tokenize(text)?;
    if tokens.is_empty() {
        return Err(QueryError::new(
            QueryErrorKind::Empty,
            Span::new(0, text.len()),
            "the query is empty",
            "write what to look for, for instance `flood* AND (river OR \"heavy rain\")`",
        ));
    }
    let mut parser = Parser { tokens: &tokens, at: 0, nesting: 0, lints };
    let mut root = parser.or()?;
    if let Some(token) = parser.peek() {
        // Everything else is consumed by `or`.
        return Err(QueryError::new(
            QueryErrorKind::Unbalanced,
            token.span,
            "this parenthesis closes nothing",
            "leave it out, or open one before it; write `\\)` for the character itself",
        ));
    }
    let mut lints = parser.lints;
    number_leaves(&mut root)?;
    if root.depth() > DEPTH_MAX {
        return Err(too_deep(root.span));
    }
    check_nots(&root, None)?;
    let mut leaves = 0;
    root.visit_leaves(&mut |_| leaves += 1);
    lint::lowercase_operators(&tokens, &mut lints);
    lint::tree(&root, &mut lints);
    lints.sort_by_key(|lint| (lint.span.start, lint.span.end));
    Ok(Query { root, lints, leaves })
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    nesting: usize,
    lints: Vec<Lint>,
}

/// Longest printed form that a lint repeats.
const SHOWN_BYTES_MAX: usize = 200;

/// An expression, and whether it stood between parentheses.
struct Parsed {
    expr: Expr,
    grouped: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// The token before the cursor, or the first one.
    fn previous(&self) -> &Token {
        &self.tokens[self.at.saturating_sub(1)]
    }

    fn or(&mut self) -> Result<Expr, QueryError> {
        let first = self.and()?;
        let mut children = vec![first];
        while self.peek().is_some_and(|token| matches!(token.kind, TokenKind::Or)) {
            self.at += 1;
            children.push(self.and()?);
        }
        if children.len() == 1 {
            return Ok(children.remove(0).expr);
        }
        let span = join(&children);
        let mixed = children.iter().any(|child| !child.grouped && matches!(child.expr.node, Node::And(_)));
        let children = flatten(children, |node| if let Node::Or(inner) = node { Ok(inner) } else { Err(node) });
        let expr = Expr { span, node: Node::Or(children) };
        if mixed {
            let printed = expr.to_string();
            let help = if printed.len() <= SHOWN_BYTES_MAX {
                format!("this reads as {printed}; add parentheses to say so or to change it")
            } else {
                "add parentheses to say so or to change it".to_owned()
            };
            self.lints.push(Lint::new(
                LintKind::MixedPrecedence,
                span,
                "AND binds tighter than OR, and words side by side mean AND",
                help,
            ));
        }
        Ok(expr)
    }

    fn and(&mut self) -> Result<Parsed, QueryError> {
        let mut children = vec![self.not()?];
        loop {
            match self.peek().map(|token| &token.kind) {
                Some(TokenKind::And) => self.at += 1,
                None | Some(TokenKind::Or | TokenKind::Close) => break,
                Some(TokenKind::Near { .. }) => return Err(self.chained_near()),
                Some(TokenKind::Open | TokenKind::Not | TokenKind::Term(_)) => {}
            }
            children.push(self.not()?);
        }
        if children.len() == 1 {
            return Ok(children.remove(0));
        }
        let span = join(&children);
        let children = flatten(children, |node| if let Node::And(inner) = node { Ok(inner) } else { Err(node) });
        Ok(Parsed { expr: Expr { span, node: Node::And(children) }, grouped: false })
    }

    fn not(&mut self) -> Result<Parsed, QueryError> {
        let Some(token) = self.peek() else { return Err(self.missing_operand()) };
        if !matches!(token.kind, TokenKind::Not) {
            return self.near();
        }
        let start = token.span;
        self.at += 1;
        self.enter(start)?;
        let inner = self.not()?;
        self.nesting -= 1;
        let span = start.join(inner.expr.span);
        Ok(Parsed { expr: Expr { span, node: Node::Not(Box::new(inner.expr)) }, grouped: false })
    }

    fn near(&mut self) -> Result<Parsed, QueryError> {
        let left = self.atom()?;
        let Some(&Token { kind: TokenKind::Near { ordered, distance }, span }) = self.peek() else { return Ok(left) };
        self.at += 1;
        if self.peek().is_some_and(|token| matches!(token.kind, TokenKind::Not)) {
            return Err(QueryError::new(
                QueryErrorKind::Near,
                self.tokens[self.at].span,
                "NEAR stands between things that are there, so NOT cannot be one of its sides",
                "put the NOT in front: `a AND NOT (a NEAR/5 b)`",
            ));
        }
        let right = self.atom()?;
        check_operand(&left.expr, span)?;
        check_operand(&right.expr, span)?;
        let span = left.expr.span.join(right.expr.span);
        let near = Near { ordered, distance, left: left.expr, right: right.expr };
        Ok(Parsed { expr: Expr { span, node: Node::Near(Box::new(near)) }, grouped: false })
    }

    fn atom(&mut self) -> Result<Parsed, QueryError> {
        let Some(token) = self.peek() else { return Err(self.missing_operand()) };
        let span = token.span;
        match &token.kind {
            TokenKind::Term(term) => {
                let leaf = Leaf { id: LeafId(0), span, term: term.clone() };
                self.at += 1;
                Ok(Parsed { expr: Expr { span, node: Node::Leaf(leaf) }, grouped: false })
            }
            TokenKind::Open => {
                self.at += 1;
                self.enter(span)?;
                if let Some(close) = self.peek()
                    && matches!(close.kind, TokenKind::Close)
                {
                    return Err(QueryError::new(
                        QueryErrorKind::Empty,
                        span.join(close.span),
                        "there is nothing between these parentheses",
                        "leave them out, or write something between them",
                    ));
                }
                if self.peek().is_none() {
                    return Err(unclosed(span));
                }
                let mut expr = self.or()?;
                let Some(close) = self.peek() else { return Err(unclosed(span)) };
                // `or` stops only at the end or at a closing parenthesis.
                expr.span = span.join(close.span);
                self.at += 1;
                self.nesting -= 1;
                Ok(Parsed { expr, grouped: true })
            }
            _ => Err(self.missing_operand()),
        }
    }

    fn enter(&mut self, span: Span) -> Result<(), QueryError> {
        self.nesting += 1;
        if self.nesting > DEPTH_MAX { Err(too_deep(span)) } else { Ok(()) }
    }

    /// An operand was expected at the cursor, and there is none.
    fn missing_operand(&self) -> QueryError {
        let dangling = |token: &Token, side: &str| {
            let name = operator_name(&token.kind);
            QueryError::new(
                QueryErrorKind::Dangling,
                token.span,
                format!("`{name}` has nothing on its {side}"),
                format!("write something there, or `\\{name}` if the word itself is meant"),
            )
        };
        let previous = self.previous();
        let is_operator =
            |token: &Token| !matches!(token.kind, TokenKind::Open | TokenKind::Close | TokenKind::Term(_));
        match self.peek() {
            // `a AND )`, `a AND`: the operator before is the one that lacks a side. `a AND OR b`: likewise the first.
            _ if self.at > 0 && is_operator(previous) => dangling(previous, "right"),
            Some(token) if is_operator(token) => dangling(token, "left"),
            Some(token) => QueryError::new(
                QueryErrorKind::Unbalanced,
                token.span,
                "this parenthesis closes nothing",
                "leave it out, or open one before it; write `\\)` for the character itself",
            ),
            None => QueryError::new(
                QueryErrorKind::Empty,
                previous.span,
                "something is missing here",
                "write what to look for",
            ),
        }
    }

    /// A second NEAR after a finished one, or a NEAR after NOT's operand.
    fn chained_near(&self) -> QueryError {
        QueryError::new(
            QueryErrorKind::Near,
            self.tokens[self.at].span,
            "NEAR joins two things and cannot be chained",
            "write `a NEAR/5 b AND b NEAR/5 c`",
        )
    }
}

fn operator_name(kind: &TokenKind) -> String {
    match kind {
        TokenKind::And => "AND".to_owned(),
        TokenKind::Or => "OR".to_owned(),
        TokenKind::Not => "NOT".to_owned(),
        TokenKind::Near { ordered, distance } => format!("{}/{distance}", if *ordered { "ONEAR" } else { "NEAR" }),
        TokenKind::Open => "(".to_owned(),
        TokenKind::Close => ")".to_owned(),
        TokenKind::Term(term) => term.to_string(),
    }
}

fn join(children: &[Parsed]) -> Span {
    children.iter().map(|child| child.expr.span).reduce(Span::join).unwrap_or_default()
}

/// Children that are the same operator are taken apart into their parent: `a AND (b AND c)` is `a AND b AND c`.
fn flatten(children: Vec<Parsed>, open: impl Fn(Node) -> Result<Vec<Expr>, Node>) -> Vec<Expr> {
    let mut out = Vec::with_capacity(children.len());
    for Parsed { expr: Expr { span, node }, .. } in children {
        match open(node) {
            Ok(inner) => out.extend(inner),
            Err(node) => out.push(Expr { span, node }),
        }
    }
    out
}

fn unclosed(span: Span) -> QueryError {
    QueryError::new(
        QueryErrorKind::Unbalanced,
        span,
        "this parenthesis is never closed",
        "close it with `)`, or write `\\(` for the character itself",
    )
}

fn too_deep(span: Span) -> QueryError {
    QueryError::new(
        QueryErrorKind::TooLarge,
        span,
        format!("the query is nested deeper than {DEPTH_MAX} levels"),
        "take parentheses apart: `a AND (b AND c)` is `a AND b AND c`",
    )
}

fn check_operand(expr: &Expr, operator: Span) -> Result<(), QueryError> {
    let takes = |expr: &Expr| {
        matches!(&expr.node, Node::Leaf(Leaf { term: Term::Word(_) | Term::Prefix(_) | Term::Phrase(_), .. }))
    };
    let ok = match &expr.node {
        Node::Or(children) => children.iter().all(takes),
        _ => takes(expr),
    };
    if ok {
        return Ok(());
    }
    let (span, message) = match &expr.node {
        Node::Leaf(Leaf { term: Term::Hashtag(_), .. }) => {
            (expr.span, "NEAR counts words, and a hashtag asked for as `#tag` need not stand among them")
        }
        Node::Leaf(Leaf { term: Term::Field(..), .. }) => (expr.span, "NEAR counts words, and a field is none"),
        Node::Near(_) => (operator, "NEAR joins two things and cannot be chained"),
        _ => (expr.span, "NEAR takes words, prefixes, phrases, or OR-groups of these"),
    };
    let help = match &expr.node {
        Node::Leaf(Leaf { term: Term::Hashtag(tag), .. }) => {
            format!("write `{tag}`: the word of a hashtag counts as a word")
        }
        Node::Leaf(_) => "write it beside: `a NEAR/5 b AND lang:en`".to_owned(),
        Node::Near(_) => "write `a NEAR/5 b AND b NEAR/5 c`".to_owned(),
        _ => "for instance `(flood OR flooding) NEAR/5 \"heavy rain\"`".to_owned(),
    };
    Err(QueryError::new(QueryErrorKind::Near, span, message, help))
}

/// Numbers the leaves in the order of the text.
fn number_leaves(root: &mut Expr) -> Result<(), QueryError> {
    fn walk(expr: &mut Expr, next: &mut u16) -> Result<(), QueryError> {
        match &mut expr.node {
            Node::And(children) | Node::Or(children) => children.iter_mut().try_for_each(|child| walk(child, next)),
            Node::Not(inner) => walk(inner, next),
            Node::Near(near) => {
                walk(&mut near.left, next)?;
                walk(&mut near.right, next)
            }
            Node::Leaf(leaf) => {
                if usize::from(*next) >= LEAVES_MAX {
                    return Err(QueryError::new(
                        QueryErrorKind::TooLarge,
                        leaf.span,
                        format!("the query has more than {LEAVES_MAX} words, phrases and fields"),
                        "split it into several watches, or use prefixes in place of long lists",
                    ));
                }
                leaf.id = LeafId(*next);
                *next += 1;
                Ok(())
            }
        }
    }
    walk(root, &mut 0)
}

/// `NOT` stands only beside something positive in the same AND.
fn check_nots(expr: &Expr, parent: Option<&Node>) -> Result<(), QueryError> {
    match &expr.node {
        Node::Not(inner) => {
            match parent {
                Some(Node::And(_)) => {}
                Some(Node::Not(_)) => {
                    return Err(QueryError::new(
                        QueryErrorKind::OnlyNot,
                        expr.span,
                        "NOT of NOT says nothing new",
                        format!("write {inner}"),
                    ));
                }
                Some(Node::Or(_)) => {
                    return Err(QueryError::new(
                        QueryErrorKind::OnlyNot,
                        expr.span,
                        "NOT beside OR would match almost every post",
                        "put it beside something to be found: `(a OR b) AND NOT c`",
                    ));
                }
                _ => return Err(only_not(expr.span)),
            }
            check_nots(inner, Some(&expr.node))
        }
        Node::And(children) => {
            if !children.iter().any(Expr::is_positive) {
                return Err(only_not(expr.span));
            }
            children.iter().try_for_each(|child| check_nots(child, Some(&expr.node)))
        }
        Node::Or(children) => children.iter().try_for_each(|child| check_nots(child, Some(&expr.node))),
        Node::Near(_) | Node::Leaf(_) => Ok(()),
    }
}

fn only_not(span: Span) -> QueryError {
    QueryError::new(
        QueryErrorKind::OnlyNot,
        span,
        "there is only NOT here, and it would match almost every post",
        "put it beside something to be found: `flood AND NOT metaphor`",
    )
}
