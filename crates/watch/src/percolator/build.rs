//! Compiling: from plans to the flat arrays of [`Percolator`].

use groundswell_query::{Query, QueryError};
use groundswell_text::Analyzer;
use hashbrown::HashMap;

use super::clauses::{Clause, ClauseId, NO_CLAUSE, clause_roots, clauses_of};
use super::code::{
    ARG, Code, OP_AND, OP_NEAR, OP_OR, OP_PHRASE, OP_TERM, PREFIX, children, for_each_term, near_alternatives, op,
};
use super::table::{NO_LIST, PrefixLengths, TermTable};
use super::{DIRECT, FieldsUsed, LAST, NONE, Percolator, Posting, TermId, WatchId};
use crate::frequency::Frequencies;
use crate::plan::{Plan, Planner};
use crate::term::TermKey;

/// Why a query could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The query holds something that is no word, found only when it was read as posts are read.
    #[error("watch {}: {error}", watch.0)]
    Query {
        /// Which watch.
        watch: WatchId,
        /// What and where.
        error: QueryError,
    },
    /// More than [`WATCHES_MAX`](crate::WATCHES_MAX) watches, or more terms than fit (2^27).
    #[error("{found} {what}, more than {limit}")]
    TooMany {
        /// Watches or terms.
        what: &'static str,
        /// How many there were.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

struct TermInfo {
    bits: u64,
    share: f32,
    prefix: Option<Box<str>>,
}

/// Collects queries for a [`Percolator`]. The order of adding does not change what matches.
pub struct PercolatorBuilder<'a> {
    planner: Planner<'a>,
    frequencies: &'a Frequencies,
    ids: HashMap<u64, TermId>,
    terms: Vec<TermInfo>,
    fields: FieldsUsed,
    code: Code,
    roots: Vec<(WatchId, u32)>,
    clauses: Vec<Clause>,
    /// For each word of code the clause that it came from.
    clause_of: Vec<u32>,
}

impl std::fmt::Debug for PercolatorBuilder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PercolatorBuilder({} watches)", self.roots.len())
    }
}

impl<'a> PercolatorBuilder<'a> {
    /// Nothing yet. `frequencies` decide by which of its terms a query is found.
    pub fn new(analyzer: &'a mut Analyzer, frequencies: &'a Frequencies) -> Self {
        let none = TermInfo { bits: 0, share: f32::INFINITY, prefix: None };
        Self {
            planner: Planner::new(analyzer),
            frequencies,
            ids: HashMap::new(),
            terms: vec![none], // id 0 is no term
            fields: FieldsUsed::default(),
            code: Code::default(),
            roots: Vec::new(),
            clauses: Vec::new(),
            clause_of: Vec::new(),
        }
    }

    /// Adds a query. An id that is added twice matches when either of its queries does. Ids are best places from 0: a table is as long as
    /// the largest of them.
    pub fn add(&mut self, watch: WatchId, query: &Query) -> Result<(), CompileError> {
        let plan = self.planner.plan(query).map_err(|error| CompileError::Query { watch, error })?;
        let limit = crate::WATCHES_MAX;
        if self.roots.len() >= limit {
            return Err(CompileError::TooMany { what: "watches", found: self.roots.len() + 1, limit });
        }
        self.push(watch, plan)?;
        let first = self.clauses.len();
        let by_leaf = clauses_of(watch, query, &mut self.clauses);
        let of_leaf = |leaf: &u16| match by_leaf.get(usize::from(*leaf)) {
            Some(Some(nth)) => ClauseId((first + usize::from(*nth)) as u32).0,
            _ => NO_CLAUSE,
        };
        self.clause_of.extend(self.code.leaves[self.clause_of.len()..].iter().map(of_leaf));
        Ok(())
    }

    fn push(&mut self, watch: WatchId, mut plan: Plan) -> Result<(), CompileError> {
        rarest_first(&mut plan, self.frequencies);
        self.roots.push((watch, self.code.words.len() as u32));
        let Self { ids, terms, fields, frequencies, code, .. } = self;
        code.plan(&plan, &mut |key| {
            *ids.entry(key.bits()).or_insert_with(|| {
                fields.note(key);
                let prefix = if let TermKey::Prefix { normal } = key { Some(normal.as_str().into()) } else { None };
                terms.push(TermInfo { bits: key.bits(), share: frequencies.estimate(key), prefix });
                terms.len() as TermId - 1
            })
        });
        let limit = PREFIX as usize - 1;
        if self.terms.len() > limit {
            return Err(CompileError::TooMany { what: "terms", found: self.terms.len(), limit });
        }
        Ok(())
    }

    /// The finished percolator.
    pub fn build(self) -> Percolator {
        let Self { terms, fields, code: Code { words: mut code, leaves }, mut roots, clauses, clause_of, .. } = self;

        // Terms get their ids by how common they are, so that what posts ask for most lies together. Ties fall by key, so
        // that the order of the watches changes nothing.
        let mut order: Vec<TermId> = (1..terms.len() as TermId).collect();
        order.sort_unstable_by(|a, b| {
            let (a, b) = (&terms[*a as usize], &terms[*b as usize]);
            b.share.total_cmp(&a.share).then(a.bits.cmp(&b.bits))
        });
        let mut renamed = vec![0; terms.len()];
        for (i, old) in order.iter().enumerate() {
            renamed[*old as usize] = i as TermId + 1;
        }
        for_each_term(&mut code, &mut |word| {
            let keep = *word & !(PREFIX - 1);
            *word = keep | renamed[(*word & (PREFIX - 1)) as usize];
        });
        let mut old: Vec<Option<TermInfo>> = terms.into_iter().map(Some).collect();
        let terms: Vec<TermInfo> =
            std::iter::once(&0).chain(&order).filter_map(|id| old[*id as usize].take()).collect();

        let mut compiler = Compiler { code: &code, terms: &terms, postings: Vec::new() };
        for &(watch, root) in &roots {
            compiler.watch(watch, root as usize);
        }
        let Compiler { mut postings, .. } = compiler;
        // By term; within one, those with the same second term lie together.
        postings.sort_unstable_by_key(|(term, posting)| (*term, posting.also, posting.watch, posting.code));
        postings.dedup();
        let mut lists = vec![NO_LIST; terms.len()];
        let mut flat: Vec<Posting> = Vec::with_capacity(postings.len());
        for list in postings.chunk_by(|a, b| a.0 == b.0) {
            lists[list[0].0 as usize] = flat.len() as u32;
            flat.extend(list.iter().map(|(_, posting)| *posting));
            if let Some(last) = flat.last_mut() {
                last.also |= LAST;
            }
        }

        let table = TermTable::new((1..terms.len()).map(|id| (terms[id].bits, id as TermId, lists[id])));
        let prefixes = PrefixLengths::new(terms.iter().filter_map(|term| term.prefix.as_deref()));
        roots.sort_unstable();
        let mut watches = roots.iter().map(|root| root.0).collect::<Vec<_>>();
        watches.dedup();
        let clause_roots = clause_roots(&roots, &clauses);
        code.shrink_to_fit();
        Percolator {
            table,
            prefixes,
            fields,
            postings: flat.into_boxed_slice(),
            code: code.into_boxed_slice(),
            leaves: leaves.into_boxed_slice(),
            clauses: clauses.into_boxed_slice(),
            clause_of: clause_of.into_boxed_slice(),
            clause_roots,
            roots: roots.into_boxed_slice(),
            watches: watches.len(),
            terms: terms.len() - 1,
        }
    }
}

/// How a plan is found: the share of posts that have one of its anchors. NOT has none.
fn share(plan: &Plan, frequencies: &Frequencies) -> Option<f32> {
    match plan {
        Plan::Term { term, .. } => Some(frequencies.estimate(term)),
        Plan::Phrase(phrase) => phrase.elements.iter().map(|e| frequencies.estimate(e)).reduce(f32::min),
        Plan::Near { left, right, .. } => [left, right]
            .into_iter()
            .map(|side| {
                side.iter().filter_map(|p| p.elements.iter().map(|e| frequencies.estimate(e)).reduce(f32::min)).sum()
            })
            .reduce(f32::min),
        Plan::And(plans) => plans.iter().filter_map(|plan| share(plan, frequencies)).reduce(f32::min),
        Plan::Or(plans) => plans.iter().map(|plan| share(plan, frequencies)).sum(),
        Plan::Not(_) => None,
    }
}

/// Puts what fails soonest and costs least first within every AND; the leaves keep their numbers.
fn rarest_first(plan: &mut Plan, frequencies: &Frequencies) {
    match plan {
        Plan::And(plans) => {
            for plan in plans.iter_mut() {
                rarest_first(plan, frequencies);
            }
            plans.sort_by(|a, b| {
                let rank = |plan: &Plan| match plan {
                    Plan::Term { .. } => 0,
                    Plan::Not(inner) if matches!(**inner, Plan::Term { .. }) => 1,
                    Plan::Or(_) => 2,
                    Plan::And(_) | Plan::Phrase(_) => 3,
                    Plan::Not(_) => 4,
                    Plan::Near { .. } => 5,
                };
                let share = |plan: &Plan| share(plan, frequencies).unwrap_or(1.0);
                rank(a).cmp(&rank(b)).then_with(|| share(a).total_cmp(&share(b)))
            });
        }
        Plan::Or(plans) => plans.iter_mut().for_each(|plan| rarest_first(plan, frequencies)),
        Plan::Not(inner) => rarest_first(inner, frequencies),
        Plan::Term { .. } | Plan::Phrase(_) | Plan::Near { .. } => {}
    }
}

/// The terms by which an operation is found: at least one of them is in every post for which it holds.
struct Anchors {
    share: f32,
    terms: Vec<TermId>,
}

struct Compiler<'c> {
    code: &'c [u32],
    terms: &'c [TermInfo],
    postings: Vec<(TermId, Posting)>,
}

impl Compiler<'_> {
    /// Each alternative at the top is a clause of its own.
    fn watch(&mut self, watch: WatchId, root: usize) {
        if op(self.code[root]) == OP_OR {
            let code = self.code;
            for child in children(code, root) {
                self.watch(watch, child);
            }
        } else {
            self.clause(watch, root);
        }
    }

    fn clause(&mut self, watch: WatchId, at: usize) {
        // The parser lets no clause through that has nothing positive.
        let Some(anchors) = self.anchors(at) else { return };
        let mut required = Vec::new();
        self.required(at, &mut required);
        let share = |id: TermId| self.terms[id as usize].share;
        required.sort_unstable_by(|a, b| share(*a).total_cmp(&share(*b)).then(a.cmp(b)));
        required.dedup();
        for anchor in anchors.terms {
            let also = required.iter().copied().find(|id| *id != anchor).unwrap_or(NONE);
            let code = if self.proved(at, anchor, also) { DIRECT } else { at as u32 };
            self.postings.push((anchor, Posting { watch, code, also }));
        }
    }

    fn rarest(&self, elements: &[u32]) -> Option<(f32, TermId)> {
        elements
            .iter()
            .map(|element| element & (PREFIX - 1))
            .map(|id| (self.terms[id as usize].share, id))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
    }

    fn anchors(&self, at: usize) -> Option<Anchors> {
        let fewer = |a: Anchors, b: Anchors| if b.share < a.share { b } else { a };
        match op(self.code[at]) {
            OP_TERM => {
                let id = self.code[at] & ARG;
                Some(Anchors { share: self.terms[id as usize].share, terms: vec![id] })
            }
            OP_PHRASE => {
                let n = (self.code[at] & ARG) as usize;
                self.rarest(&self.code[at + 1..=at + n]).map(|(share, id)| Anchors { share, terms: vec![id] })
            }
            OP_NEAR => [false, true]
                .into_iter()
                .map(|right| {
                    let mut all = Anchors { share: 0.0, terms: Vec::new() };
                    for elements in near_alternatives(self.code, at, right) {
                        if let Some((share, id)) = self.rarest(&self.code[elements]) {
                            all.share += share;
                            all.terms.push(id);
                        }
                    }
                    all
                })
                .reduce(fewer),
            OP_AND => children(self.code, at).filter_map(|child| self.anchors(child)).reduce(fewer),
            OP_OR => {
                let mut all = Anchors { share: 0.0, terms: Vec::new() };
                for child in children(self.code, at) {
                    let anchors = self.anchors(child)?;
                    all.share += anchors.share;
                    all.terms.extend(anchors.terms);
                }
                all.terms.sort_unstable();
                all.terms.dedup();
                Some(all)
            }
            _ => None,
        }
    }

    /// Terms that are in every post for which the operation holds.
    fn required(&self, at: usize, out: &mut Vec<TermId>) {
        let elements = |range: std::ops::Range<usize>| self.code[range].iter().map(|element| element & (PREFIX - 1));
        match op(self.code[at]) {
            OP_TERM => out.push(self.code[at] & ARG),
            OP_PHRASE => out.extend(elements(at + 1..at + 1 + (self.code[at] & ARG) as usize)),
            OP_NEAR => {
                for right in [false, true] {
                    let mut alternatives = near_alternatives(self.code, at, right);
                    if let (Some(only), None) = (alternatives.next(), alternatives.next()) {
                        out.extend(elements(only));
                    }
                }
            }
            OP_AND => children(self.code, at).for_each(|child| self.required(child, out)),
            _ => {}
        }
    }

    /// Whether the operation holds for every post that has both terms.
    fn proved(&self, at: usize, anchor: TermId, also: TermId) -> bool {
        match op(self.code[at]) {
            OP_TERM => {
                let id = self.code[at] & ARG;
                id == anchor || id == also
            }
            OP_AND => children(self.code, at).all(|child| self.proved(child, anchor, also)),
            OP_OR => children(self.code, at).any(|child| self.proved(child, anchor, also)),
            _ => false,
        }
    }
}
