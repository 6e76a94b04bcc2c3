//! Plans as flat words of 32 bits, and how they are walked.
//!
//! | operation | words |
//! | --- | --- |
//! | `TERM id` | one |
//! | `AND n` / `OR n` | length of the body; `n` operations |
//! | `NOT` | length of the body; one operation |
//! | `PHRASE n` | `n` elements |
//! | `NEAR ordered, distance` | length of the body; number of alternatives left and right; each: number of elements, elements |
//!
//! An element is a term's id, with [`PREFIX`] set where it is a prefix. Beside every word stands the number of the leaf it
//! came from, in an array of its own that only `explain` reads.

use super::TermId;
use crate::plan::{Phrase, Plan};
use crate::term::TermKey;

const OP_SHIFT: u32 = 28;
/// The lower bits of an operation: its id or count.
pub(super) const ARG: u32 = (1 << OP_SHIFT) - 1;
/// Set in an element that is a prefix. Ids stay below it.
pub(super) const PREFIX: u32 = 1 << 27;
const ORDERED: u32 = 1 << 8;

pub(super) const OP_TERM: u32 = 0;
pub(super) const OP_AND: u32 = 1;
pub(super) const OP_OR: u32 = 2;
pub(super) const OP_NOT: u32 = 3;
pub(super) const OP_PHRASE: u32 = 4;
pub(super) const OP_NEAR: u32 = 5;

pub(super) const fn op(word: u32) -> u32 {
    word >> OP_SHIFT
}

/// How many words the operation at `at` takes, with all below it.
pub(super) fn size(code: &[u32], at: usize) -> usize {
    match op(code[at]) {
        OP_TERM => 1,
        OP_PHRASE => 1 + (code[at] & ARG) as usize,
        _ => 2 + code[at + 1] as usize,
    }
}

/// Where the operations below an AND, OR or NOT begin.
pub(super) fn children(code: &[u32], at: usize) -> impl Iterator<Item = usize> + '_ {
    let end = at + size(code, at);
    let mut next = at + 2;
    std::iter::from_fn(move || {
        (next < end).then(|| {
            let child = next;
            next += size(code, child);
            child
        })
    })
}

/// A side of NEAR: where its alternatives' elements are.
pub(super) fn near_alternatives(
    code: &[u32],
    at: usize,
    right: bool,
) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let (lefts, rights) = (code[at + 2] as usize, code[at + 3] as usize);
    let mut next = at + 4;
    let (skipped, taken) = if right { (lefts, rights) } else { (0, lefts) };
    for _ in 0..skipped {
        next += 1 + code[next] as usize;
    }
    (0..taken).map(move |_| {
        let elements = next + 1..next + 1 + code[next] as usize;
        next = elements.end;
        elements
    })
}

/// Whether NEAR is ordered, and its distance.
pub(super) const fn near_arguments(word: u32) -> (bool, u32) {
    (word & ORDERED != 0, word & 0xff)
}

/// Calls `each` with every word of code that names a term: for giving terms their final ids.
pub(super) fn for_each_term(code: &mut [u32], each: &mut dyn FnMut(&mut u32)) {
    let mut at = 0;
    while at < code.len() {
        match op(code[at]) {
            OP_TERM => {
                each(&mut code[at]);
                at += 1;
            }
            OP_PHRASE => {
                let n = (code[at] & ARG) as usize;
                code[at + 1..=at + n].iter_mut().for_each(&mut *each);
                at += 1 + n;
            }
            OP_NEAR => {
                let alternatives = code[at + 2] + code[at + 3];
                at += 4;
                for _ in 0..alternatives {
                    let n = code[at] as usize;
                    code[at + 1..=at + n].iter_mut().for_each(&mut *each);
                    at += 1 + n;
                }
            }
            // AND, OR and NOT hold their operations in line.
            _ => at += 2,
        }
    }
}

/// Code under construction.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) words: Vec<u32>,
    pub(super) leaves: Vec<u16>,
}

impl Code {
    fn push(&mut self, word: u32, leaf: u16) {
        self.words.push(word);
        self.leaves.push(leaf);
    }

    /// Appends a plan. `intern` gives each term an id.
    pub(super) fn plan(&mut self, plan: &Plan, intern: &mut dyn FnMut(&TermKey) -> TermId) {
        match plan {
            Plan::Term { term, leaf } => {
                let id = intern(term);
                self.push((OP_TERM << OP_SHIFT) | id, *leaf);
            }
            Plan::Phrase(phrase) => {
                self.push((OP_PHRASE << OP_SHIFT) | phrase.elements.len() as u32, phrase.leaf);
                self.elements(phrase, intern);
            }
            Plan::Near { ordered, distance, left, right } => {
                let order = if *ordered { ORDERED } else { 0 };
                let start = self.open((OP_NEAR << OP_SHIFT) | order | u32::from(*distance));
                self.push(left.len() as u32, 0);
                self.push(right.len() as u32, 0);
                for phrase in left.iter().chain(right) {
                    self.push(phrase.elements.len() as u32, phrase.leaf);
                    self.elements(phrase, intern);
                }
                self.close(start);
            }
            Plan::And(plans) => self.list(OP_AND, plans, intern),
            Plan::Or(plans) => self.list(OP_OR, plans, intern),
            Plan::Not(inner) => self.list(OP_NOT, std::slice::from_ref(inner), intern),
        }
    }

    fn list(&mut self, op: u32, plans: &[Plan], intern: &mut dyn FnMut(&TermKey) -> TermId) {
        let start = self.open((op << OP_SHIFT) | plans.len() as u32);
        for plan in plans {
            self.plan(plan, intern);
        }
        self.close(start);
    }

    fn open(&mut self, word: u32) -> usize {
        self.push(word, 0);
        self.push(0, 0);
        self.words.len()
    }

    fn close(&mut self, start: usize) {
        self.words[start - 1] = (self.words.len() - start) as u32;
    }

    fn elements(&mut self, phrase: &Phrase, intern: &mut dyn FnMut(&TermKey) -> TermId) {
        for element in &phrase.elements {
            let id = intern(element);
            let prefix = if matches!(element, TermKey::Prefix { .. }) { PREFIX } else { 0 };
            self.push(id | prefix, phrase.leaf);
        }
    }
}
