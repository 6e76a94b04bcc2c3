//! Sets of authors that live longer than a day.

use std::fmt;

use groundswell_sketch::Distinct;
use serde::{Deserialize, Serialize};

use super::config::TERM_AUTHORS_MAX;

const DAY: i64 = 86_400;

/// Authors as far as a gate needs them: told apart up to [`TERM_AUTHORS_MAX`]; of more, the smallest tokens are kept, so
/// that the order in which sets are united does not matter.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FewAuthors(Vec<u64>);

impl fmt::Debug for FewAuthors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FewAuthors({}, redacted)", self.0.len())
    }
}

impl FewAuthors {
    /// From tokens that ascend without repetition.
    pub(crate) fn from_sorted_unique(tokens: &[u64]) -> Self {
        Self(tokens[..tokens.len().min(TERM_AUTHORS_MAX)].to_vec())
    }

    /// Adds an author; whether that changed anything.
    pub(crate) fn insert(&mut self, token: u64) -> bool {
        let Err(place) = self.0.binary_search(&token) else { return false };
        if place >= TERM_AUTHORS_MAX {
            return false;
        }
        self.0.insert(place, token);
        self.0.truncate(TERM_AUTHORS_MAX);
        true
    }

    /// Takes an author out; whether they were there.
    pub(crate) fn remove(&mut self, token: u64) -> bool {
        let known = self.0.binary_search(&token);
        if let Ok(place) = known {
            self.0.remove(place);
        }
        known.is_ok()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Memory beyond the value itself.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<u64>()
    }

    #[cfg(debug_assertions)]
    pub(crate) fn tokens(&self) -> &[u64] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        if other.0.is_empty() || self.0 == other.0 {
            return;
        }
        self.0.extend_from_slice(&other.0);
        self.0.sort_unstable();
        self.0.dedup();
        self.0.truncate(TERM_AUTHORS_MAX);
    }

    fn number(&self) -> u64 {
        self.0.len() as u64
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
