//! [`Percolator`]: many queries against one post. How and why: `DESIGN.md`.

mod build;
mod clauses;
mod code;
mod explain;
mod table;

use groundswell_query::FieldName;
use groundswell_text::Analyzer;

pub use build::{CompileError, PercolatorBuilder};
pub(crate) use clauses::clauses_of;
pub use clauses::{CLAUSES_TOLD_MAX, Clause, ClauseId};
pub use explain::ClauseMatch;

use crate::doc::Doc;
use crate::frequency::Frequencies;
use crate::term::{TermKey, field_key, prefix_key, source_key, tag_key};
use code::{
    ARG, OP_AND, OP_NEAR, OP_NOT, OP_OR, OP_PHRASE, OP_TERM, PREFIX, children, near_alternatives, near_arguments, op,
};
use table::{Entry, NO_LIST, PrefixLengths, TermTable};

/// Number of a term within one percolator; 0 is none.
type TermId = u32;

/// No further term is required.
const NONE: TermId = 0;
/// Set in [`Posting::also`] of the last entry of a term's list.
const LAST: TermId = 1 << 31;
/// The two terms of the posting prove the clause; there is nothing to run.
const DIRECT: u32 = u32::MAX;

/// Number of a watch, given by whoever compiles; in a [`WatchSet`](crate::WatchSet) its place from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WatchId(pub u32);

/// What stands in a term's list: a clause that may hold when a post has the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Posting {
    watch: WatchId,
    /// Where the clause's code begins, or [`DIRECT`].
    code: u32,
    /// A second term that the post must have, or [`NONE`]; with [`LAST`].
    also: TermId,
}

/// Which fields occur in any query: the others are not looked up.
#[derive(Clone, Copy, Debug, Default)]
struct FieldsUsed([bool; 6], bool);

impl FieldsUsed {
    fn note(&mut self, key: &TermKey) {
        match key {
            TermKey::Field { name, .. } => self.0[*name as usize] = true,
            TermKey::Tag { .. } => self.1 = true,
            TermKey::Word { .. } | TermKey::Prefix { .. } => {}
        }
    }

    fn has(self, name: FieldName) -> bool {
        self.0[name as usize]
    }

    fn has_tags(self) -> bool {
        self.1
    }
}

/// Many queries, compiled. Immutable and shared by all workers; what changes is in [`Scratch`].
#[derive(Debug)]
pub struct Percolator {
    table: TermTable,
    prefixes: PrefixLengths,
    fields: FieldsUsed,
    /// The lists of all terms, one after the other.
    postings: Box<[Posting]>,
    code: Box<[u32]>,
    leaves: Box<[u16]>,
    clauses: Box<[Clause]>,
    /// For each word of code the number of the clause that it came from.
    clause_of: Box<[u32]>,
    /// For each watch where its roots begin, if it has clauses that are told of.
    clause_roots: Box<[u32]>,
    /// Where a watch's code begins; sorted.
    roots: Box<[(WatchId, u32)]>,
    watches: usize,
    terms: usize,
}

/// Place to work in, one a worker, reused from post to post. Holds nothing of a post between calls.
#[derive(Debug, Default)]
pub struct Scratch {
    /// A bit for each term that the post has. Bit 0 ("none") is always set, so that "nothing further" needs no branch.
    seen: Vec<u64>,
    /// The terms whose bits are set.
    terms: Vec<TermId>,
    /// Where the lists of these terms begin, of those that have one.
    lists: Vec<u32>,
    /// Words that the filter let through.
    passed: Vec<u32>,
    /// For each word of the post its term, or 0.
    words: Vec<TermId>,
    /// Which prefixes match at which words.
    prefixes: Vec<(TermId, u32)>,
    spans: (Vec<Span>, Vec<Span>),
    /// Postings looked at since [`Scratch::new`].
    pub candidates: u64,
    /// Of these, how many had to run code.
    pub evaluations: u64,
}

/// Words from the first to before the second.
type Span = (u32, u32);

impl Scratch {
    /// Ready for any percolator.
    pub fn new() -> Self {
        Self::default()
    }

    #[inline]
    fn has(&self, id: TermId) -> bool {
        self.seen[(id / 64) as usize] & (1 << (id % 64)) != 0
    }

    #[inline]
    fn mark(&mut self, entry: Entry) {
        let word = &mut self.seen[(entry.id / 64) as usize];
        let bit = 1 << (entry.id % 64);
        if *word & bit == 0 {
            *word |= bit;
            self.terms.push(entry.id);
            if entry.list != NO_LIST {
                self.lists.push(entry.list);
            }
        }
    }

    fn clear(&mut self) {
        for id in self.terms.drain(..) {
            self.seen[(id / 64) as usize] &= !(1 << (id % 64));
        }
        self.lists.clear();
        self.words.clear();
        self.prefixes.clear();
    }
}

/// What a percolator holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Watches.
    pub watches: usize,
    /// Distinct words, prefixes, hashtags and field values.
    pub terms: usize,
    /// Entries in the lists of terms.
    pub postings: usize,
    /// Of these, how many are decided by one or two terms alone.
    pub direct: usize,
    /// Longest list of a term.
    pub longest_list: usize,
    /// Memory of all arrays.
    pub memory_bytes: usize,
}

impl Percolator {
    /// Compiles queries; each one's [`WatchId`] is its place from 0.
    pub fn compile<'q>(
        queries: impl IntoIterator<Item = &'q groundswell_query::Query>,
        analyzer: &mut Analyzer,
        frequencies: &Frequencies,
    ) -> Result<Self, CompileError> {
        let mut builder = PercolatorBuilder::new(analyzer, frequencies);
        for (i, query) in queries.into_iter().enumerate() {
            builder.add(WatchId(u32::try_from(i).unwrap_or(u32::MAX)), query)?;
        }
        Ok(builder.build())
    }

    /// Number of watches.
    pub fn len(&self) -> usize {
        self.watches
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.watches == 0
    }

    /// Memory of all arrays, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.table.memory_bytes()
            + self.prefixes.memory_bytes()
            + self.postings.len() * size_of::<Posting>()
            + self.code.len() * size_of::<u32>()
            + self.leaves.len() * size_of::<u16>()
            + (self.clause_of.len() + self.clause_roots.len()) * size_of::<u32>()
            + self.clauses.iter().map(|clause| size_of::<Clause>() + clause.text.len()).sum::<usize>()
            + self.roots.len() * size_of::<(WatchId, u32)>()
    }

    /// What it holds.
    pub fn stats(&self) -> Stats {
        Stats {
            watches: self.watches,
            terms: self.terms,
            postings: self.postings.len(),
            direct: self.postings.iter().filter(|posting| posting.code == DIRECT).count(),
            longest_list: self.postings.chunk_by(|a, _| a.also & LAST == 0).map(<[Posting]>::len).max().unwrap_or(0),
            memory_bytes: self.memory_bytes(),
        }
    }

    /// Fills `out` with the watches that match, ascending, each once. What `out` held before is gone.
    pub fn matches(&self, doc: &Doc<'_>, scratch: &mut Scratch, out: &mut Vec<WatchId>) {
        self.find(doc, scratch, out);
        scratch.clear();
    }

    /// The same; what was found of the post stays in `scratch`.
    fn find(&self, doc: &Doc<'_>, scratch: &mut Scratch, out: &mut Vec<WatchId>) {
        out.clear();
        self.gather(doc, scratch);
        let mut candidates = 0;
        let mut evaluations = 0;
        let mut spans = std::mem::take(&mut scratch.spans);
        for &list in &scratch.lists {
            for posting in &self.postings[list as usize..] {
                candidates += 1;
                if scratch.has(posting.also & !LAST) {
                    if posting.code == DIRECT {
                        out.push(posting.watch);
                    } else {
                        evaluations += 1;
                        if self.holds(posting.code as usize, scratch, &mut spans) {
                            out.push(posting.watch);
                        }
                    }
                }
                if posting.also & LAST != 0 {
                    break;
                }
            }
        }
        scratch.spans = spans;
        scratch.candidates += candidates;
        scratch.evaluations += evaluations;
        if out.len() > 1 {
            out.sort_unstable();
            out.dedup();
        }
    }

    /// Finds every term of the post.
    fn gather(&self, doc: &Doc<'_>, scratch: &mut Scratch) {
        let bits = self.terms / 64 + 1;
        if scratch.seen.len() < bits {
            scratch.seen.resize(bits, 0);
        }
        scratch.seen[0] |= 1;
        let analysis = doc.analysis;
        // First the filter for all words, without a branch that depends on the word; then the table for those that passed. A
        // branch for each word would be guessed wrong every other time.
        let words = &analysis.words;
        scratch.words.resize(words.len(), 0);
        scratch.passed.resize(words.len() + 1, 0);
        let mut passed = 0;
        for (at, word) in (0_u32..).zip(words) {
            scratch.passed[passed] = at;
            passed += usize::from(self.table.maybe(word.hash));
        }
        for i in 0..passed {
            let at = scratch.passed[i] as usize;
            let entry = self.table.find(words[at].hash);
            if entry.id != 0 {
                scratch.words[at] = entry.id;
                scratch.mark(entry);
            }
        }
        if !self.prefixes.is_empty() {
            // Likewise: the filter of beginnings for all words, then the lengths of those that passed.
            let normal = analysis.normal.as_bytes();
            let mut passed = 0;
            for (at, word) in (0_u32..).zip(words) {
                scratch.passed[passed] = at;
                passed += usize::from(self.prefixes.maybe(normal, word.normal.0 as usize));
            }
            for i in 0..passed {
                let at = scratch.passed[i];
                self.prefixes.for_each(analysis.word(&words[at as usize]), |beginning| {
                    let entry = self.table.get(prefix_key(beginning));
                    if entry.id != 0 {
                        scratch.mark(entry);
                        scratch.prefixes.push((entry.id, at));
                    }
                });
            }
        }
        for tag in &analysis.hashtags {
            // A word matches the hashtag of exactly that word, also where only the record lists it.
            self.mark_key(tag.hash, scratch);
            if self.fields.has_tags() {
                self.mark_key(tag_key(tag.hash), scratch);
            }
        }
        if self.fields.has(FieldName::Lang) {
            self.mark_key(field_key(FieldName::Lang, analysis.language.as_str()), scratch);
        }
        if self.fields.has(FieldName::Source) {
            self.mark_key(source_key(doc.source), scratch);
        }
        if self.fields.has(FieldName::Kind) {
            self.mark_key(field_key(FieldName::Kind, doc.kind), scratch);
        }
        if self.fields.has(FieldName::Relation) {
            self.mark_key(field_key(FieldName::Relation, doc.relation), scratch);
        }
        if self.fields.has(FieldName::Region)
            && let Some(region) = doc.region
            && let Ok(region) = std::str::from_utf8(&region)
        {
            self.mark_key(field_key(FieldName::Region, region), scratch);
        }
        if self.fields.has(FieldName::Domain) {
            for link in doc.links {
                self.mark_key(field_key(FieldName::Domain, &link.domain), scratch);
            }
        }
    }

    fn mark_key(&self, key: u64, scratch: &mut Scratch) {
        let entry = self.table.get(key);
        if entry.id != 0 {
            scratch.mark(entry);
        }
    }

    /// Runs the operation at `at`. Recursion is as deep as the query, so at most `groundswell_query::DEPTH_MAX` and two.
    fn holds(&self, at: usize, scratch: &Scratch, spans: &mut (Vec<Span>, Vec<Span>)) -> bool {
        let code = &*self.code;
        match op(code[at]) {
            OP_TERM => scratch.has(code[at] & ARG),
            OP_AND => children(code, at).all(|child| self.holds(child, scratch, spans)),
            OP_OR => children(code, at).any(|child| self.holds(child, scratch, spans)),
            OP_NOT => !self.holds(at + 2, scratch, spans),
            OP_PHRASE => {
                let elements = &code[at + 1..=at + (code[at] & ARG) as usize];
                for_each_occurrence(elements, scratch, &mut |_| true)
            }
            OP_NEAR => {
                self.near_spans(at, scratch, spans);
                let (ordered, distance) = near_arguments(code[at]);
                let (left, right) = spans;
                follows(left, right, distance) || (!ordered && follows(right, left, distance))
            }
            _ => false,
        }
    }

    /// Where the two sides of a NEAR stand, each sorted.
    fn near_spans(&self, at: usize, scratch: &Scratch, spans: &mut (Vec<Span>, Vec<Span>)) {
        for (right, out) in [(false, &mut spans.0), (true, &mut spans.1)] {
            out.clear();
            for elements in near_alternatives(&self.code, at, right) {
                for_each_occurrence(&self.code[elements], scratch, &mut |span| {
                    out.push(span);
                    false
                });
            }
            out.sort_unstable();
        }
    }
}

/// Whether some `b` begins after some `a` has ended, with at most `distance` words between. `second` is sorted.
fn follows(first: &[Span], second: &[Span], distance: u32) -> bool {
    first.iter().any(|a| {
        let next = second.partition_point(|b| b.0 < a.1);
        second.get(next).is_some_and(|b| b.0 - a.1 <= distance)
    })
}

fn element_at(element: u32, at: u32, scratch: &Scratch) -> bool {
    if element & PREFIX == 0 {
        scratch.words.get(at as usize) == Some(&element)
    } else {
        scratch.prefixes.contains(&(element & (PREFIX - 1), at))
    }
}

/// Calls `each` where the elements stand next to each other, until it says true; whether it did.
fn for_each_occurrence(elements: &[u32], scratch: &Scratch, each: &mut dyn FnMut(Span) -> bool) -> bool {
    let Some((&first, rest)) = elements.split_first() else { return false };
    let mut from = |at: u32| {
        (1..).zip(rest).all(|(offset, element)| element_at(*element, at + offset, scratch))
            && each((at, at + elements.len() as u32))
    };
    if first & PREFIX == 0 {
        scratch.words.iter().enumerate().any(|(at, word)| *word == first && from(at as u32))
    } else {
        let first = first & (PREFIX - 1);
        scratch.prefixes.iter().any(|(id, at)| *id == first && from(*at))
    }
}
