//! The language of watches: [`parse`] turns what a person wrote into a tree, or into an error that shows the place and
//! names the cure.
//!
//! It stands beside a post's way, not on it: it knows no post, no index and no tokenizer, so that API, command line and
//! percolator can all use it. What a *word* is (word boundaries, NFKC, lower case) is decided by the `text` crate when
//! `watch` compiles the tree; here a word is what stands between spaces.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`Query`] | the tree, its lints, its number of leaves; prints as the fully parenthesised form |
//! | [`Expr`], [`Node`], [`Leaf`], [`Term`] | the tree; every node knows its place in the text |
//! | [`QueryError`] | why a query was refused; [`QueryError::render`] draws the caret |
//! | [`Lint`] | accepted, but probably not what was meant |
//! | [`Cost`] | what the query will cost the percolator, as far as that shows without looking at posts |
//!
//! ```
//! let query = groundswell_query::parse(r#"flood* (river OR “heavy rain”) NOT metaphor*"#).unwrap();
//! assert_eq!(query.to_string(), r#"(flood* AND (river OR "heavy rain") AND (NOT metaphor*))"#);
//!
//! let error = groundswell_query::parse("flood AND from:someone").unwrap_err();
//! assert!(error.render("flood AND from:someone").contains("          ^^^^"));
//! ```
//!
//! # The grammar
//! ```text
//! or    = and { "OR" and }
//! and   = not { [ "AND" ] not }
//! not   = "NOT" not | near
//! near  = atom [ ( "NEAR/n" | "ONEAR/n" ) atom ]       both atoms: words, prefixes, phrases or OR-groups of these
//! atom  = "(" or ")" | word | prefix* | "a phrase" | #tag | field:value
//! ```
//! Operators are operators in capitals only, and never when escaped (`\AND`) or quoted. Any double quotation mark, straight
//! or curly, low or angled, opens a phrase and any closes it. `\` takes the next character as it is.
//!
//! # Invariants
//! - `parse(print(q))` has the structure of `q`, and printing that gives the same text (`tests/laws.rs`), as long as the
//!   printed form is within [`CHARACTERS_MAX`].
//! - No input makes it panic or recurse deeper than [`DEPTH_MAX`] (`tests/laws.rs`, `fuzz/fuzz_targets/query.rs`).
//! - Every `NOT` stands beside something positive in the same `AND`, so that each clause has something to be found by.
//! - Every [`Span`] of an error or lint lies on character boundaries of the query it came from.
//! - Leaves are numbered in the order of the text ([`LeafId`]): the number is how a match says which part of the query it was.
//!
//! # Sources
//! The operators are those that media-monitoring tools share (proximity as in CCL and Lucene's span queries); what they mean
//! here is fixed by `CONTRACT.md`, section 4, and what is refused by `PRIVACY.md`, section 7.
#![forbid(unsafe_code)]

mod cost;
mod error;
mod field;
mod lexer;
mod lint;
mod parser;
mod tree;

pub use cost::{Cost, CostClass};
pub use error::{QueryError, QueryErrorKind, Span, render};
pub use field::FieldName;
pub use lint::{Lint, LintKind};
pub use parser::parse;
pub use tree::{Expr, Leaf, LeafId, Near, Node, PhrasePart, Query, Term};

/// Longest query, in characters. A longer one is refused.
pub const CHARACTERS_MAX: usize = 4_096;
/// Most leaves (words, prefixes, phrases, hashtags, fields) in one query. More are refused.
pub const LEAVES_MAX: usize = 512;
/// Deepest nesting of parentheses and operators. Deeper is refused, which also bounds every recursion over the tree.
pub const DEPTH_MAX: usize = 32;
/// Largest distance of `NEAR/n` and `ONEAR/n`, in words between the two sides.
pub const NEAR_MAX: u8 = 30;
/// Fewest letters or digits before the `*` of a prefix.
pub const PREFIX_LETTERS_MIN: usize = 2;
/// Longest value of `source:`, in bytes: the longest name a source can have.
pub const SOURCE_BYTES_MAX: usize = 64;
