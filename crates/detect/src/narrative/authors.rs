//! Sets of authors that live longer than a day.

use std::fmt;

use groundswell_sketch::Distinct;
use serde::{Deserialize, Serialize};

use super::config::TERM_AUTHORS_MAX;

pub(super) const DAY: i64 = 86_400;

/// Authors as far as a gate needs them: told apart up to [`TERM_AUTHORS_MAX`]; of more, the smallest tokens are kept, so
/// that the order in which sets are united does not matter. One and two, which most words of most stories have, take no
/// allocation.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<u64>", into = "Vec<u64>")]
pub struct FewAuthors(Tokens);

/// Ascending; as many as fit without an allocation stand without one, so that equal sets are equal values.
#[derive(Clone, Default, PartialEq, Eq)]
enum Tokens {
    #[default]
    None,
    One([u64; 1]),
    Two([u64; 2]),
    Many(Vec<u64>),
}

impl fmt::Debug for FewAuthors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FewAuthors({}, redacted)", self.len())
    }
}

impl From<Vec<u64>> for FewAuthors {
    fn from(tokens: Vec<u64>) -> Self {
        tokens.into_iter().collect()
    }
}

impl From<FewAuthors> for Vec<u64> {
    fn from(authors: FewAuthors) -> Self {
        authors.as_slice().to_vec()
    }
}

impl FewAuthors {
    /// From tokens that ascend without repetition.
    pub(crate) fn from_sorted_unique(tokens: &[u64]) -> Self {
        Self(match *tokens {
            [] => Tokens::None,
            [one] => Tokens::One([one]),
            [one, two] => Tokens::Two([one, two]),
            _ => Tokens::Many(tokens[..tokens.len().min(TERM_AUTHORS_MAX)].to_vec()),
        })
    }

    #[inline]
    fn as_slice(&self) -> &[u64] {
        match &self.0 {
            Tokens::None => &[],
            Tokens::One(tokens) => tokens,
            Tokens::Two(tokens) => tokens,
            Tokens::Many(tokens) => tokens,
        }
    }

    /// Adds an author; whether that changed anything.
    pub(crate) fn insert(&mut self, token: u64) -> bool {
        let Err(place) = self.as_slice().binary_search(&token) else { return false };
        if place >= TERM_AUTHORS_MAX {
            return false;
        }
        match &mut self.0 {
            Tokens::None => self.0 = Tokens::One([token]),
            Tokens::One([one]) => self.0 = Tokens::Two([token.min(*one), token.max(*one)]),
            Tokens::Two(two) => {
                let mut tokens = Vec::with_capacity(4);
                tokens.extend_from_slice(two);
                tokens.insert(place, token);
                self.0 = Tokens::Many(tokens);
            }
            Tokens::Many(tokens) => {
                tokens.insert(place, token);
                tokens.truncate(TERM_AUTHORS_MAX);
            }
        }
        true
    }

    /// Takes an author out; whether they were there.
    pub(crate) fn remove(&mut self, token: u64) -> bool {
        let known = self.as_slice().binary_search(&token);
        if let Ok(place) = known {
            let mut tokens = self.as_slice().to_vec();
            tokens.remove(place);
            *self = Self::from_sorted_unique(&tokens);
        }
        known.is_ok()
    }

    pub(crate) fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Memory beyond the value itself.
    pub(crate) fn bytes(&self) -> usize {
        match &self.0 {
            Tokens::Many(tokens) => tokens.capacity() * size_of::<u64>(),
            _ => 0,
        }
    }

    #[cfg(debug_assertions)]
    pub(crate) fn tokens(&self) -> &[u64] {
        self.as_slice()
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.0, Tokens::None)
    }
}

impl FromIterator<u64> for FewAuthors {
    fn from_iter<I: IntoIterator<Item = u64>>(tokens: I) -> Self {
        let mut authors = Self::default();
        tokens.into_iter().for_each(|token| {
            authors.insert(token);
        });
        authors
    }
}

/// A set of authors that can be united and counted.
pub(crate) trait Authors: Clone + Default {
    fn unite(&mut self, other: &Self);
    fn number(&self) -> u64;
}

impl Authors for FewAuthors {
    fn unite(&mut self, other: &Self) {
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        for token in other.as_slice() {
            self.insert(*token);
        }
    }

    fn number(&self) -> u64 {
        self.len() as u64
    }
}

impl Authors for Distinct {
    fn unite(&mut self, other: &Self) {
        self.merge(other);
    }

    fn number(&self) -> u64 {
        self.count()
    }
}

/// Authors over several days. Tokens of one UTC day cannot be compared with those of another, so the number is the largest
/// of any one day, never their sum (PRIVACY section 2).
#[derive(Clone, Default)]
pub(crate) struct Crowd<T> {
    day: i64,
    now: T,
    most: u64,
}

impl<T: Authors> Crowd<T> {
    /// So many authors before a restart, of whom nothing else is known.
    pub(crate) fn of_number(authors: u64) -> Self {
        Self { day: 0, now: T::default(), most: authors }
    }

    /// Adds authors of a minute; those of a day before the last one are not added.
    pub(crate) fn add(&mut self, minute: i64, authors: &T) {
        let day = minute.div_euclid(DAY);
        if day > self.day {
            self.most = self.number();
            self.now = T::default();
            self.day = day;
        }
        if day == self.day {
            self.now.unite(authors);
        }
    }

    pub(crate) fn unite(&mut self, other: &Self) {
        self.most = self.most.max(other.most);
        if other.day < self.day {
            self.most = self.most.max(other.number());
        } else {
            self.add(other.day * DAY, &other.now);
        }
    }

    /// Those of its last day, if that is the day of this minute.
    pub(crate) fn of_day(&self, minute: i64) -> Option<&T> {
        (self.day == minute.div_euclid(DAY)).then_some(&self.now)
    }

    pub(crate) fn number(&self) -> u64 {
        self.most.max(self.now.number())
    }

    /// Those of its last day.
    pub(crate) const fn last_day(&self) -> &T {
        &self.now
    }
}

impl Crowd<FewAuthors> {
    /// Authors of one day, and the most of a day before.
    pub(super) fn of_days(day: i64, now: FewAuthors, most: u64) -> Self {
        Self { day, now, most }
    }

    /// What [`Self::of_days`] takes.
    pub(super) fn days(&self) -> (i64, &[u64], u64) {
        (self.day, self.now.as_slice(), self.most)
    }
}

/// Whether tokens of both minutes can be compared.
pub(crate) fn same_day(one: i64, other: i64) -> bool {
    one.div_euclid(DAY) == other.div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_in_any_order() {
        let set = |start: u64| FewAuthors::from_sorted_unique(&(0..20).map(|n| n * 97 + start).collect::<Vec<_>>());
        let (mut up, mut down) = (FewAuthors::default(), FewAuthors::default());
        (0..10).for_each(|start| up.unite(&set(start)));
        (0..10).rev().for_each(|start| down.unite(&set(start)));
        assert!(up == down && up.number() == TERM_AUTHORS_MAX as u64);
    }

    #[test]
    fn days_do_not_add_up() {
        let mut crowd: Crowd<Distinct> = Crowd::default();
        crowd.add(DAY - 60, &Distinct::from_sorted_unique(&[1, 2, 3]));
        crowd.add(DAY, &Distinct::from_sorted_unique(&[11, 12]));
        assert_eq!(crowd.number(), 3);
        crowd.add(DAY + 60, &Distinct::from_sorted_unique(&[13, 14]));
        assert_eq!(crowd.number(), 4);
        let mut other: Crowd<Distinct> = Crowd::default();
        other.add(DAY, &Distinct::from_sorted_unique(&[12, 15]));
        let mut early: Crowd<Distinct> = Crowd::default();
        early.add(0, &Distinct::from_sorted_unique(&[1, 2, 3, 4, 5, 6]));
        crowd.unite(&other);
        assert_eq!(crowd.number(), 5);
        early.unite(&crowd);
        assert_eq!(early.number(), 6);
        crowd.unite(&early);
        assert_eq!(crowd.number(), 6);
    }
}
