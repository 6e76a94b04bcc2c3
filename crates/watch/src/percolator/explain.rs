//! Which part of a query matched, and at which words.

use std::ops::Range;

use groundswell_query::LeafId;

use super::code::{
    ARG, OP_AND, OP_NEAR, OP_NOT, OP_OR, OP_PHRASE, OP_TERM, children, near_alternatives, near_arguments, op,
};
use super::{Percolator, Scratch, Span, WatchId, for_each_occurrence};
use crate::doc::Doc;

/// A leaf that made its query match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseMatch {
    /// Which leaf of the query.
    pub leaf: LeafId,
    /// The words at which it stands, as ranges of [`Analysis::words`](groundswell_text::Analysis::words), ascending.
    /// Empty for fields, and for hashtags that only the record lists.
    pub words: Vec<Range<u32>>,
}

impl Percolator {
    /// Which leaves made the watch match, and where; empty if it does not match.
    ///
    /// Of an AND all parts are told, of an OR those that hold, of a NEAR the places that are near enough, of NOT nothing.
    pub fn explain(&self, watch: WatchId, doc: &Doc<'_>, scratch: &mut Scratch) -> Vec<ClauseMatch> {
        self.gather(doc, scratch);
        let mut found: Vec<(u16, Option<Span>)> = Vec::new();
        let mut spans = std::mem::take(&mut scratch.spans);
        let first = self.roots.partition_point(|root| root.0 < watch);
        for (_, root) in self.roots[first..].iter().take_while(|root| root.0 == watch) {
            if self.holds(*root as usize, scratch, &mut spans) {
                self.tell(*root as usize, doc, scratch, &mut spans, &mut found);
            }
        }
        scratch.spans = spans;
        scratch.clear();
        found.sort_unstable();
        found.dedup();
        let mut out: Vec<ClauseMatch> = Vec::new();
        for (leaf, span) in found {
            let leaf = LeafId(leaf);
            if out.last().is_none_or(|last| last.leaf != leaf) {
                out.push(ClauseMatch { leaf, words: Vec::new() });
            }
            if let (Some((start, end)), Some(last)) = (span, out.last_mut()) {
                last.words.push(start..end);
            }
        }
        out
    }

    /// Tells of an operation that holds.
    fn tell(
        &self,
        at: usize,
        doc: &Doc<'_>,
        scratch: &Scratch,
        spans: &mut (Vec<Span>, Vec<Span>),
        found: &mut Vec<(u16, Option<Span>)>,
    ) {
        let code = &*self.code;
        match op(code[at]) {
            OP_TERM => {
                let (leaf, id) = (self.leaves[at], code[at] & ARG);
                found.push((leaf, None));
                for (position, word) in (0_u32..).zip(&scratch.words) {
                    if *word == id {
                        found.push((leaf, Some((position, position + 1))));
                    }
                }
                for (prefix, position) in &scratch.prefixes {
                    if *prefix == id {
                        found.push((leaf, Some((*position, *position + 1))));
                    }
                }
                for tag in &doc.analysis.hashtags {
                    if self.table.get(crate::term::tag_key(tag.hash)).id == id {
                        found.extend(hashtag_words(doc, tag.hash).map(|span| (leaf, Some(span))));
                    }
                }
            }
            OP_AND | OP_OR => {
                for child in children(code, at) {
                    if self.holds(child, scratch, spans) {
                        self.tell(child, doc, scratch, spans, found);
                    }
                }
            }
            OP_PHRASE => {
                let leaf = self.leaves[at];
                for_each_occurrence(&code[at + 1..=at + (code[at] & ARG) as usize], scratch, &mut |span| {
                    found.push((leaf, Some(span)));
                    false
                });
            }
            OP_NEAR => self.near_places(at, scratch, spans, &mut |at, span| found.push((self.leaves[at], Some(span)))),
            _ => debug_assert_eq!(op(code[at]), OP_NOT, "an operation that is not told of"),
        }
    }

    /// Where the sides of a NEAR stand that are near enough to the other: the alternative's first word of code, and the place.
    pub(super) fn near_places(
        &self,
        at: usize,
        scratch: &Scratch,
        spans: &mut (Vec<Span>, Vec<Span>),
        each: &mut dyn FnMut(usize, Span),
    ) {
        let code = &*self.code;
        let (ordered, distance) = near_arguments(code[at]);
        self.near_spans(at, scratch, spans);
        let near = |a: &Span, b: &Span| {
            (b.0 >= a.1 && b.0 - a.1 <= distance) || (!ordered && a.0 >= b.1 && a.0 - b.1 <= distance)
        };
        for right in [false, true] {
            for elements in near_alternatives(code, at, right) {
                let first = elements.start;
                for_each_occurrence(&code[elements], scratch, &mut |span| {
                    let partner = if right {
                        spans.0.iter().any(|other| near(other, &span))
                    } else {
                        spans.1.iter().any(|other| near(&span, other))
                    };
                    if partner {
                        each(first, span);
                    }
                    false
                });
            }
        }
    }
}

/// Where a hashtag stands among the words: words of its hash with a `#` right before them.
fn hashtag_words<'d>(doc: &'d Doc<'_>, hash: u64) -> impl Iterator<Item = Span> + 'd {
    (0_u32..).zip(&doc.analysis.words).filter_map(move |(position, word)| {
        let before = doc.text.get(..word.raw.0 as usize).unwrap_or_default();
        (word.hash == hash && before.ends_with(['#', '＃'])).then_some((position, position + 1))
    })
}
