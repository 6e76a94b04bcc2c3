//! [`Distinct`]: how many different authors.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hyperloglog::HyperLogLog;

/// Up to this many authors a count is exact; beyond it is an estimate with a standard error of 1.63 %.
/// Far above every k, so that no decision of the gate ever rests on an estimate.
pub const EXACT_MAX: usize = 1_024;

/// A set of author tokens, as far as counting needs it: the tokens themselves up to [`EXACT_MAX`], then a HyperLogLog.
/// One and two authors, which most cells have, take no allocation.
///
/// Tokens of an earlier epoch (before a restart) cannot be compared with today's. Of these only their number is kept, as a
/// *floor*: the count over several epochs is the largest of them, never their sum.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Distinct {
    tokens: Repr,
    floor: u32,
}

#[derive(Clone, Default, PartialEq, Eq)]
enum Repr {
    #[default]
    Empty,
    One(u64),
    /// Ascending.
    Two(u64, u64),
    /// Three to `EXACT_MAX`, ascending.
    Many(Vec<u64>),
    /// More.
    Estimated(Box<HyperLogLog>),
}

/// What crosses processes.
#[derive(Serialize, Deserialize)]
enum Wire {
    Exact(u32, Vec<u64>),
    Estimated(u32, Box<HyperLogLog>),
}

impl From<Distinct> for Wire {
    fn from(distinct: Distinct) -> Self {
        let floor = distinct.floor;
        match distinct.tokens {
            Repr::Estimated(sketch) => Self::Estimated(floor, sketch),
            Repr::Many(tokens) => Self::Exact(floor, tokens),
            small => Self::Exact(floor, Distinct::from(small).exact().unwrap_or_default().to_vec()),
        }
    }
}

impl TryFrom<Wire> for Distinct {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        match wire {
            Wire::Exact(_, tokens) if tokens.len() > EXACT_MAX || !is_sorted_unique(&tokens) => {
                Err("a distinct count's tokens are not sorted, not unique, or too many")
            }
            Wire::Exact(floor, tokens) => Ok(Self { floor, ..Self::from_sorted_unique(&tokens) }),
            Wire::Estimated(floor, sketch) => Ok(Self { tokens: Repr::Estimated(sketch), floor }),
        }
    }
}

pub(crate) fn is_sorted_unique(tokens: &[u64]) -> bool {
    tokens.windows(2).all(|pair| pair[0] < pair[1])
}

impl From<Repr> for Distinct {
    fn from(tokens: Repr) -> Self {
        Self { tokens, floor: 0 }
    }
}

impl Distinct {
    /// No author.
    pub const fn new() -> Self {
        Self { tokens: Repr::Empty, floor: 0 }
    }

    /// This many authors, of whom nothing else is known: of an epoch that is over, or where only the number is asked for.
    pub fn of_number(authors: u64) -> Self {
        Self { tokens: Repr::Empty, floor: u32::try_from(authors).unwrap_or(u32::MAX) }
    }

    /// The set of these tokens, which must ascend without repetition.
    pub fn from_sorted_unique(tokens: &[u64]) -> Self {
        debug_assert!(is_sorted_unique(tokens));
        Self::from(match *tokens {
            [] => Repr::Empty,
            [one] => Repr::One(one),
            [one, two] => Repr::Two(one, two),
            _ if tokens.len() <= EXACT_MAX => Repr::Many(tokens.to_vec()),
            _ => Repr::Estimated(Box::new(sketch_of(tokens))),
        })
    }

    pub(crate) fn estimated(sketch: HyperLogLog) -> Self {
        Self::from(Repr::Estimated(Box::new(sketch)))
    }

    /// Adds one author.
    pub fn insert(&mut self, token: u64) {
        match &mut self.tokens {
            Repr::Estimated(sketch) => sketch.insert(token),
            Repr::Many(tokens) if tokens.len() < EXACT_MAX => {
                if let Err(at) = tokens.binary_search(&token) {
                    tokens.insert(at, token);
                }
            }
            _ => self.merge_sorted_unique(&[token]),
        }
    }

    /// Adds all authors of another count.
    pub fn merge(&mut self, other: &Self) {
        self.floor = self.floor.max(other.floor);
        match (&mut self.tokens, &other.tokens) {
            (_, Repr::Empty) => {}
            (Repr::Empty, tokens) => self.tokens = tokens.clone(),
            (Repr::Estimated(mine), Repr::Estimated(theirs)) => mine.merge(theirs),
            (_, Repr::Estimated(theirs)) => {
                let mut sketch = theirs.clone();
                for token in self.exact().unwrap_or_default().as_slice() {
                    sketch.insert(*token);
                }
                self.tokens = Repr::Estimated(sketch);
            }
            _ => self.merge_sorted_unique(other.exact().unwrap_or_default().as_slice()),
        }
    }

    /// Takes all authors of another count.
    pub(crate) fn absorb(&mut self, other: Self) {
        if matches!(self.tokens, Repr::Empty) {
            *self = Self { floor: self.floor.max(other.floor), tokens: other.tokens };
        } else {
            self.merge(&other);
        }
    }

    /// Adds the authors with these tokens, which must ascend without repetition.
    pub fn merge_sorted_unique(&mut self, tokens: &[u64]) {
        debug_assert!(is_sorted_unique(tokens));
        match (&mut self.tokens, tokens) {
            (_, []) => {}
            (Repr::Empty, _) => self.tokens = Self::from_sorted_unique(tokens).tokens,
            (Repr::Estimated(sketch), _) => tokens.iter().for_each(|token| sketch.insert(*token)),
            (Repr::One(mine), [theirs]) => match (*mine, *theirs) {
                (a, b) if a == b => {}
                (a, b) => self.tokens = Repr::Two(a.min(b), a.max(b)),
            },
            (Repr::Many(mine), _) if mine.len() >= tokens.len() * 8 && mine.len() + tokens.len() <= EXACT_MAX => {
                // A few into many: most are often there already.
                for token in tokens {
                    if let Err(at) = mine.binary_search(token) {
                        mine.insert(at, *token);
                    }
                }
            }
            _ => {
                let mine = self.exact().unwrap_or_default();
                let mut union = Vec::with_capacity(mine.as_slice().len() + tokens.len());
                union_into(mine.as_slice(), tokens, &mut union);
                self.tokens = match *union.as_slice() {
                    [one] => Repr::One(one),
                    [one, two] => Repr::Two(one, two),
                    _ if union.len() <= EXACT_MAX => {
                        union.shrink_to_fit();
                        Repr::Many(union)
                    }
                    _ => Repr::Estimated(Box::new(sketch_of(&union))),
                };
            }
        }
    }

    /// How many authors: exact up to [`EXACT_MAX`], else an estimate, which is always above it. After a restart a lower bound:
    /// the larger of what was counted before and since.
    pub fn count(&self) -> u64 {
        let since = match &self.tokens {
            Repr::Empty => 0,
            Repr::One(_) => 1,
            Repr::Two(..) => 2,
            Repr::Many(tokens) => tokens.len() as u64,
            Repr::Estimated(sketch) => (sketch.estimate().round() as u64).max(EXACT_MAX as u64 + 1),
        };
        since.max(u64::from(self.floor))
    }

    /// Whether there are at least this many authors, which costs less than counting. `least` is at most [`EXACT_MAX`].
    pub fn has_at_least(&self, least: u64) -> bool {
        debug_assert!(least <= EXACT_MAX as u64);
        matches!(self.tokens, Repr::Estimated(_)) || self.count() >= least
    }

    /// Whether [`Self::count`] is exact for its epoch, and not an estimate.
    pub fn is_exact(&self) -> bool {
        !matches!(self.tokens, Repr::Estimated(_))
    }

    /// Gives each token as long as the count is exact: for who makes a smaller sketch of the same authors.
    pub fn each_exact(&self, each: impl FnMut(u64)) {
        if let Some(tokens) = self.exact() {
            tokens.as_slice().iter().copied().for_each(each);
        }
    }

    /// The tokens as long as the count is exact, for tests that search them. Not in release builds.
    #[cfg(debug_assertions)]
    pub fn tokens(&self) -> Vec<u64> {
        self.exact().unwrap_or_default().to_vec()
    }

    /// Memory that it fills beyond the value itself. Depends on the number of authors alone, so that bounds that rest on it are
    /// reached at the same moment however the counts came together. Shrinks where an estimate takes the place of tokens.
    pub fn heap_bytes(&self) -> usize {
        match &self.tokens {
            Repr::Empty | Repr::One(_) | Repr::Two(..) => 0,
            Repr::Many(tokens) => tokens.len() * size_of::<u64>(),
            // But for a short list that depends on the tokens.
            Repr::Estimated(_) => HyperLogLog::BYTES,
        }
    }

    /// The first token, if they stand on the heap: reading it brings in what merging will read.
    pub(crate) fn first(&self) -> u64 {
        match &self.tokens {
            Repr::Many(tokens) => tokens.first().copied().unwrap_or(0),
            _ => 0,
        }
    }

    fn exact(&self) -> Option<Exact<'_>> {
        match &self.tokens {
            Repr::Empty => Some(Exact::Few([0; 2], 0)),
            Repr::One(one) => Some(Exact::Few([*one, 0], 1)),
            Repr::Two(one, two) => Some(Exact::Few([*one, *two], 2)),
            Repr::Many(tokens) => Some(Exact::Many(tokens)),
            Repr::Estimated(_) => None,
        }
    }
}

/// The tokens of an exact count as a slice.
enum Exact<'a> {
    Few([u64; 2], usize),
    Many(&'a [u64]),
}

impl Default for Exact<'_> {
    fn default() -> Self {
        Self::Few([0; 2], 0)
    }
}

impl Exact<'_> {
    fn as_slice(&self) -> &[u64] {
        match self {
            Self::Few(tokens, count) => &tokens[..*count],
            Self::Many(tokens) => tokens,
        }
    }

    fn to_vec(&self) -> Vec<u64> {
        self.as_slice().to_vec()
    }
}

fn sketch_of(tokens: &[u64]) -> HyperLogLog {
    let mut sketch = HyperLogLog::new();
    tokens.iter().for_each(|token| sketch.insert(*token));
    sketch
}

fn union_into(mut a: &[u64], mut b: &[u64], union: &mut Vec<u64>) {
    while let ([first_a, rest_a @ ..], [first_b, rest_b @ ..]) = (a, b) {
        union.push(*first_a.min(first_b));
        if first_a <= first_b {
            a = rest_a;
        }
        if first_b <= first_a {
            b = rest_b;
        }
    }
    union.extend_from_slice(a);
    union.extend_from_slice(b);
}

impl fmt::Debug for Distinct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Distinct({}{}, tokens redacted)", if self.is_exact() { "" } else { "about " }, self.count())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Tokens are uniform hashes (SplitMix64's finish).
    fn uniform(i: u64) -> u64 {
        let z = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn of(tokens: &[u64]) -> Distinct {
        let mut distinct = Distinct::new();
        tokens.iter().for_each(|token| distinct.insert(*token));
        distinct
    }

    #[test]
    fn is_small() {
        assert_eq!(size_of::<Distinct>(), 32);
        assert_eq!(of(&[1, 2]).heap_bytes(), 0);
    }

    #[test]
    fn is_exact_to_the_bound_and_above_it_after() {
        let tokens: Vec<u64> = (0..=(EXACT_MAX as u64)).map(uniform).collect();
        let full = of(&tokens[..EXACT_MAX]);
        assert!(full.is_exact());
        assert_eq!(full.count(), EXACT_MAX as u64);
        let over = of(&tokens);
        assert!(!over.is_exact() && over.count() > EXACT_MAX as u64 && over.has_at_least(EXACT_MAX as u64));
    }

    #[test]
    fn prints_no_token() {
        assert_eq!(format!("{:?}", of(&[41, 42])), "Distinct(2, tokens redacted)");
    }

    /// Sets of very different sizes over few enough tokens that they overlap.
    fn sets() -> impl Strategy<Value = Vec<u64>> {
        let token = || (0_u64..4_000).prop_map(uniform);
        prop_oneof![
            4 => proptest::collection::vec(token(), 0..4),
            2 => proptest::collection::vec(token(), 0..60),
            2 => proptest::collection::vec(token(), 500..1_500),
            1 => proptest::collection::vec(token(), 1_500..6_000),
        ]
    }

    proptest! {
        #[test]
        fn merging_is_a_union(a in sets(), b in sets(), c in sets()) {
            let (x, y, z) = (of(&a), of(&b), of(&c));
            let set: BTreeSet<u64> = a.iter().chain(&b).chain(&c).copied().collect();
            let all = of(&set.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(&all, &Distinct::from_sorted_unique(&set.iter().copied().collect::<Vec<_>>()));
            let merged = |order: [&Distinct; 3]| {
                let mut sum = order[0].clone();
                sum.merge(order[1]);
                sum.merge(order[2]);
                sum
            };
            prop_assert_eq!(&merged([&x, &y, &z]), &all);
            prop_assert_eq!(&merged([&z, &x, &y]), &all);
            let mut right = y.clone();
            right.merge(&z);
            let mut grouped = x.clone();
            grouped.merge(&right);
            prop_assert_eq!(&grouped, &all, "associative");
            let mut again = all.clone();
            again.merge(&x);
            again.merge(&all);
            prop_assert_eq!(&again, &all, "idempotent");
            if set.len() <= EXACT_MAX {
                prop_assert_eq!(all.count(), set.len() as u64);
            } else {
                prop_assert!((all.count() as f64 / set.len() as f64 - 1.0).abs() < 0.05);
            }
            let back: Distinct = bincode::deserialize(&bincode::serialize(&all).unwrap()).unwrap();
            prop_assert_eq!(back, all);
        }
    }

    #[test]
    fn epochs_are_never_summed() {
        let mut count = Distinct::of_number(7);
        assert_eq!((count.count(), count.has_at_least(7), count.has_at_least(8)), (7, true, false));
        count.merge(&of(&[1, 2, 3]));
        assert_eq!(count.count(), 7);
        let nine: Vec<u64> = (0..9).collect();
        count.merge(&of(&nine));
        assert_eq!(count.count(), 9);
        let mut other = Distinct::of_number(8);
        other.merge(&count);
        assert_eq!(other.count(), 9);
        let back: Distinct = bincode::deserialize(&bincode::serialize(&other).unwrap()).unwrap();
        assert_eq!(back, other);
    }

    #[test]
    fn refuses_tokens_out_of_order() {
        let bytes = bincode::serialize(&Wire::Exact(0, vec![2, 1])).unwrap();
        assert!(bincode::deserialize::<Distinct>(&bytes).is_err());
    }
}
