//! Which clauses of the watches that match are in a post: how often each part of a query matches is evidence that readers are shown.

use groundswell_query::Query;

use super::code::{OP_AND, OP_NEAR, OP_OR, OP_PHRASE, OP_TERM, children, op};
use super::{Percolator, Scratch, Span, WatchId};
use crate::doc::Doc;

/// Of a word of code that came from no clause that is told of.
pub(super) const NO_CLAUSE: u32 = u32::MAX;

/// Clauses of one watch that are told of, at most: the first of its query. Each is one more look at the same people, and of a query
/// that says one thing in many ways they would be many looks at the same posts, whose changes cancel out (`engine/tests/differencing.rs`).
pub const CLAUSES_TOLD_MAX: usize = 8;

/// Number of a clause within one percolator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClauseId(pub u32);

/// A word, prefix, phrase, hashtag or field that a watch of several looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Whose it is.
    pub watch: WatchId,
    /// As the query language writes it.
    pub text: Box<str>,
}

/// Appends the clauses of a query that are told of, each text once; for each leaf, which of them it is. A query of one clause has none: it would be told
/// of twice. What stands behind a `NOT` makes nothing match.
pub(crate) fn clauses_of(watch: WatchId, query: &Query, clauses: &mut Vec<Clause>) -> Vec<Option<u16>> {
    let first = clauses.len();
    let mut by_leaf = vec![None; usize::from(query.leaves)];
    query.root.visit_wanted_leaves(&mut |leaf| {
        let text = leaf.term.to_string().into_boxed_str();
        let known = clauses[first..].iter().position(|clause| clause.text == text);
        let nth = known.unwrap_or(clauses.len() - first);
        if nth == CLAUSES_TOLD_MAX {
            return;
        }
        if known.is_none() {
            clauses.push(Clause { watch, text });
        }
        by_leaf[usize::from(leaf.id.0)] = Some(nth as u16);
    });
    if clauses.len() - first < 2 {
        clauses.truncate(first);
        by_leaf.fill(None);
    }
    by_leaf
}

/// For each watch, by its number, where its roots begin, which are sorted; [`NO_CLAUSE`] where it has no clauses.
pub(super) fn clause_roots(roots: &[(WatchId, u32)], clauses: &[Clause]) -> Box<[u32]> {
    let length = clauses.iter().map(|clause| clause.watch.0 as usize + 1).max().unwrap_or(0);
    let mut first = vec![NO_CLAUSE; length];
    for clause in clauses {
        first[clause.watch.0 as usize] = roots.partition_point(|root| root.0 < clause.watch) as u32;
    }
    first.into_boxed_slice()
}

impl Percolator {
    /// All clauses that are told of, by their numbers.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Fills `out` as [`Self::matches`] does, and `told` with those of their clauses that are in the post, ascending, each once: of an
    /// AND all, of an OR those that hold, of a NEAR those that stand near enough.
    pub fn matches_with_clauses(
        &self,
        doc: &Doc<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<WatchId>,
        told: &mut Vec<ClauseId>,
    ) {
        told.clear();
        self.find(doc, scratch, out);
        if !out.is_empty() && !self.clauses.is_empty() {
            let mut spans = std::mem::take(&mut scratch.spans);
            for watch in &*out {
                let first = self.clause_roots.get(watch.0 as usize).map_or(NO_CLAUSE, |first| *first);
                // Of a watch of one clause nothing is told, and nothing but this table is looked at.
                if first == NO_CLAUSE {
                    continue;
                }
                for (_, root) in self.roots[first as usize..].iter().take_while(|root| root.0 == *watch) {
                    self.tell_clauses(*root as usize, scratch, &mut spans, told);
                }
            }
            scratch.spans = spans;
            told.sort_unstable();
            told.dedup();
        }
        scratch.clear();
    }

    /// Tells of what holds at and below an operation.
    fn tell_clauses(&self, at: usize, scratch: &Scratch, spans: &mut (Vec<Span>, Vec<Span>), told: &mut Vec<ClauseId>) {
        let code = &*self.code;
        let mut tell = |at: usize| told.extend((self.clause_of[at] != NO_CLAUSE).then(|| ClauseId(self.clause_of[at])));
        match op(code[at]) {
            // Within an OR, what does not hold is not told of, and nothing of an AND that does not hold.
            OP_TERM | OP_PHRASE | OP_AND if !self.holds(at, scratch, spans) => {}
            OP_TERM | OP_PHRASE => tell(at),
            OP_NEAR => self.near_places(at, scratch, spans, &mut |at, _| tell(at)),
            OP_AND | OP_OR => children(code, at).for_each(|child| self.tell_clauses(child, scratch, spans, told)),
            _ => {}
        }
    }
}
