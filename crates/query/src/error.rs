//! [`QueryError`], places in a query, and the drawing of a caret under them.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// A place in a query: a range of bytes, on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` to before `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Why a query was refused, for programs. The words for people are in [`QueryError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueryErrorKind {
    /// Nothing in it, or nothing between parentheses or quotes.
    Empty,
    /// Over one of the limits.
    TooLarge,
    /// A parenthesis or quotation mark without its partner.
    Unbalanced,
    /// An operator without a side.
    Dangling,
    /// `NOT` without something positive beside it.
    OnlyNot,
    /// `NEAR` without a distance, with too large a one, or between things it cannot take.
    Near,
    /// A `*` or `?` where none can stand, or too short a prefix.
    Wildcard,
    /// `-word`, `||` and other foreign syntax.
    Foreign,
    /// A field that does not exist.
    UnknownField,
    /// A field's value that cannot be.
    Value,
    /// A hashtag that cannot be.
    Hashtag,
    /// It would look for a person or a place below a country (PRIVACY section 7).
    Private,
    /// A word in which no word is left once punctuation is taken away.
    NoWord,
}

/// A query that was refused: where, why, and how to put it right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// The kind of fault.
    pub kind: QueryErrorKind,
    /// Where.
    pub span: Span,
    /// What is wrong: one line, lower case, no full stop.
    pub message: String,
    /// The cure.
    pub help: String,
}

impl QueryError {
    /// A new error.
    pub fn new(kind: QueryErrorKind, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, span, message: message.into(), help: help.into() }
    }

    /// The error with its line of the query and a caret under the place, for a terminal. No colours; ends with a newline.
    pub fn render(&self, query: &str) -> String {
        render("error", &self.message, self.span, &self.help, query)
    }
}

/// Most columns of the query that [`render`] shows.
const COLUMNS_MAX: usize = 96;

/// Draws `message` with the line of `query` at `span` and a caret under it, aligned by display width.
/// A line of more than about a hundred columns is cut around the place.
pub fn render(severity: &str, message: &str, span: Span, help: &str, query: &str) -> String {
    let start = floor_boundary(query, span.start);
    let end = floor_boundary(query, span.end.max(start));
    let line_start = query[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = query[start..].find('\n').map_or(query.len(), |at| start + at);
    let line_number = query[..line_start].matches('\n').count() + 1;
    let end = end.clamp(start, line_end);

    // One cell a character: what is shown and how wide it is.
    let cells: Vec<(usize, char, usize)> = query[line_start..line_end]
        .char_indices()
        .map(|(at, c)| match c.width() {
            Some(width) => (line_start + at, c, width),
            None => (line_start + at, ' ', 1), // tabs and control characters
        })
        .collect();
    let width = |cells: &[(usize, char, usize)]| cells.iter().map(|cell| cell.2).sum::<usize>();
    let first = cells.partition_point(|cell| cell.0 < start);
    let last = cells.partition_point(|cell| cell.0 < end);

    let (mut from, mut to) = (0, cells.len());
    if width(&cells) > COLUMNS_MAX {
        from = first;
        while from > 0 && width(&cells[from - 1..first]) <= COLUMNS_MAX / 3 {
            from -= 1;
        }
        to = from;
        while to < cells.len() && width(&cells[from..=to]) <= COLUMNS_MAX {
            to += 1;
        }
    }
    let (cut_before, cut_after) = (from > 0, to < cells.len());
    let indent = width(&cells[from..first]) + usize::from(cut_before);
    let carets = width(&cells[first..last.min(to).max(first)]).max(1);

    let mut shown = String::new();
    if cut_before {
        shown.push('…');
    }
    shown.extend(cells[from..to].iter().map(|cell| cell.1));
    if cut_after {
        shown.push('…');
    }
    let number = line_number.to_string();
    let margin = " ".repeat(number.len());
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{severity}: {message}");
    let _ = writeln!(out, "{margin} |");
    let _ = writeln!(out, "{number} | {}", shown.trim_end());
    let _ = writeln!(out, "{margin} | {}{}", " ".repeat(indent), "^".repeat(carets));
    if !help.is_empty() {
        let _ = writeln!(out, "{margin} = help: {help}");
    }
    out
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
