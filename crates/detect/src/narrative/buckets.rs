//! [`Buckets`]: the stretches of a story's life that may be spoken of, each carried by k authors.

use groundswell_gate::{AuthorBits, NarrativeBucket};
use groundswell_sketch::{CellKey, Distinct};
use serde::{Deserialize, Serialize};

use super::authors::Crowd;
use super::config::LANGUAGES_MAX;

/// Buckets of a story. When there are more, the older half are put together by twos: far back, time is coarser.
pub(crate) const BUCKETS_MAX: usize = 256;

/// A story's buckets, and what belongs to none yet: it waits until enough authors have come together.
#[derive(Clone, Default)]
pub(crate) struct Buckets {
    closed: Vec<NarrativeBucket>,
    /// Start of the first minute that waits.
    start: Option<i64>,
    posts: u64,
    key: CellKey,
    waiting: Crowd<Distinct>,
    authors: u64,
    languages: Vec<([u8; 2], BitsByDay)>,
}

/// The most authors of any one day: tokens of two days cannot be compared.
#[derive(Clone, Copy, Default)]
struct BitsByDay {
    day: i64,
    now: AuthorBits,
    most: AuthorBits,
}

impl BitsByDay {
    fn add(&mut self, day: i64, bits: AuthorBits) {
        if day > self.day {
            self.most = self.best();
            (self.day, self.now) = (day, AuthorBits::default());
        }
        if day == self.day {
            self.now = self.now.union(bits);
        }
    }

    fn best(&self) -> AuthorBits {
        if self.now.at_least() >= self.most.at_least() { self.now } else { self.most }
    }
}

impl Buckets {
    /// Forgets what was told; what waits goes on waiting.
    pub(crate) fn begin_anew(&mut self) {
        self.closed.clear();
        self.authors = 0;
    }

    /// Adds what came in a minute, of which the first post may be older.
    pub(crate) fn add(&mut self, first: i64, minute: i64, posts: u64, key: CellKey, authors: &Distinct) {
        self.start = Some(self.start.map_or(first, |start| start.min(first)));
        self.posts += posts;
        self.key.add(key);
        self.waiting.add(minute, authors);
    }

    pub(crate) fn add_language(&mut self, language: [u8; 2], minute: i64, bits: AuthorBits) {
        let day = minute.div_euclid(86_400);
        if let Some((_, known)) = self.languages.iter_mut().find(|(known, _)| *known == language) {
            known.add(day, bits);
        } else if self.languages.len() < LANGUAGES_MAX {
            let mut by_day = BitsByDay::default();
            by_day.add(day, bits);
            // Most stories are in one.
            self.languages.reserve_exact(1);
            self.languages.push((language, by_day));
        }
    }

    /// Reads what is beside it, so that it is near when it is needed.
    pub(crate) fn fetch(&self) -> u64 {
        self.languages.first().map_or(0, |(_, bits)| bits.day as u64)
    }

    /// Authors that wait for the next bucket.
    pub(crate) fn waiting(&self) -> &Distinct {
        self.waiting.last_day()
    }

    /// Closes a bucket with this minute, if enough authors wait. `authors` of the whole story are known from then on.
    pub(crate) fn close(&mut self, minute: i64, k: u64, authors: u64) {
        let (Some(start), waiting) = (self.start, self.waiting.number()) else { return };
        if waiting < k {
            return;
        }
        // A post that came late does not reach back into what was told.
        let start = self.closed.last().map_or(start, |last| start.max(last.end)).min(minute);
        self.closed.push(NarrativeBucket {
            start,
            end: minute + 60,
            posts: self.posts,
            authors: waiting,
            key: self.key,
        });
        (self.start, self.posts, self.key, self.waiting) = (None, 0, CellKey::default(), Crowd::default());
        self.authors = authors;
        if self.closed.len() > BUCKETS_MAX {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        let half = BUCKETS_MAX / 2;
        let older = self.closed[..half].chunks(2).map(|pair| NarrativeBucket {
            start: pair[0].start,
            end: pair[pair.len() - 1].end,
            posts: pair.iter().map(|bucket| bucket.posts).sum(),
            // At least so many.
            authors: pair.iter().map(|bucket| bucket.authors).max().unwrap_or(0),
            key: sum(pair),
        });
        self.closed = older.chain(self.closed[half..].iter().copied()).collect();
    }

    /// Adds those of a story that became part of this one. Stretches of the two may overlap.
    pub(crate) fn take(&mut self, other: &Self) {
        self.closed.extend_from_slice(&other.closed);
        self.closed.sort_by_key(|bucket| (bucket.start, bucket.end));
        while self.closed.len() > BUCKETS_MAX {
            self.coarsen();
        }
        self.start = match (self.start, other.start) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        self.posts += other.posts;
        self.key.add(other.key);
        self.waiting.unite(&other.waiting);
        self.authors = self.authors.max(other.authors);
        for (language, bits) in &other.languages {
            if let Some((_, known)) = self.languages.iter_mut().find(|(known, _)| known == language) {
                known.add(bits.day, bits.now);
            } else if self.languages.len() < LANGUAGES_MAX {
                self.languages.push((*language, *bits));
            }
        }
    }

    /// Which posts the closed ones hold.
    /// Memory beyond the value itself, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.closed.capacity() * size_of::<NarrativeBucket>()
            + self.languages.capacity() * size_of::<([u8; 2], BitsByDay)>()
    }

    pub(crate) fn key(&self) -> CellKey {
        sum(&self.closed)
    }

    pub(crate) fn closed(&self) -> &[NarrativeBucket] {
        &self.closed
    }

    pub(crate) fn authors(&self) -> u64 {
        self.authors
    }

    pub(crate) fn languages(&self) -> Vec<([u8; 2], AuthorBits)> {
        self.languages.iter().map(|(language, bits)| (*language, bits.best())).collect()
    }
}

/// [`Buckets`] in a checkpoint: without who wrote.
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedBuckets {
    closed: Vec<NarrativeBucket>,
    start: Option<i64>,
    posts: u64,
    key: CellKey,
    waiting: u64,
    authors: u64,
    languages: Vec<([u8; 2], u64)>,
}

impl Buckets {
    pub(crate) fn save(&self) -> SavedBuckets {
        SavedBuckets {
            closed: self.closed.clone(),
            start: self.start,
            posts: self.posts,
            key: self.key,
            waiting: self.waiting.number(),
            authors: self.authors,
            languages: self.languages.iter().map(|(language, bits)| (*language, bits.best().at_least())).collect(),
        }
    }
}

impl From<SavedBuckets> for Buckets {
    fn from(saved: SavedBuckets) -> Self {
        // Bits of another epoch: they count, and are united with none.
        let bits = |authors| BitsByDay { day: 0, now: AuthorBits::default(), most: AuthorBits::of_number(authors) };
        Self {
            closed: saved.closed,
            start: saved.start,
            posts: saved.posts,
            key: saved.key,
            waiting: Crowd::of_number(saved.waiting),
            authors: saved.authors,
            languages: saved.languages.into_iter().map(|(language, authors)| (language, bits(authors))).collect(),
        }
    }
}

fn sum(buckets: &[NarrativeBucket]) -> CellKey {
    let mut key = CellKey::default();
    buckets.iter().for_each(|bucket| key.add(bucket.key));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: CellKey = CellKey::from_bits(3);

    fn crowd(tokens: std::ops::Range<u64>) -> Distinct {
        Distinct::from_sorted_unique(&tokens.collect::<Vec<_>>())
    }

    #[test]
    fn waits_until_enough_have_come_together() {
        let mut buckets = Buckets::default();
        buckets.add(0, 60, 5, KEY, &crowd(0..4));
        buckets.close(60, 10, 4);
        // The same four again are still four.
        buckets.add(120, 120, 5, KEY, &crowd(0..4));
        buckets.close(120, 10, 4);
        assert!(buckets.closed().is_empty() && buckets.authors() == 0);
        buckets.add(180, 180, 7, KEY, &crowd(2..12));
        buckets.close(180, 10, 12);
        assert_eq!(
            buckets.closed(),
            [NarrativeBucket { start: 0, end: 240, posts: 17, authors: 12, key: CellKey::from_bits(9) }]
        );
        assert_eq!(buckets.authors(), 12);
        buckets.add(240, 240, 1, KEY, &crowd(90..91));
        buckets.close(240, 10, 13);
        assert_eq!((buckets.closed().len(), buckets.authors()), (1, 12), "who waits is in no number");
    }

    #[test]
    fn authors_of_two_days_are_not_added_up() {
        let day = 86_400;
        let mut buckets = Buckets::default();
        buckets.add(day - 60, day - 60, 6, KEY, &crowd(0..6));
        buckets.add(day, day, 6, KEY, &crowd(100..106));
        buckets.close(day, 10, 6);
        assert!(buckets.closed().is_empty());
        let bits = |tokens: std::ops::Range<u64>| {
            let mut bits = AuthorBits::default();
            tokens.for_each(|token| bits.insert(token));
            bits
        };
        buckets.add_language(*b"en", day - 60, bits(0..6));
        buckets.add_language(*b"en", day, bits(100..106));
        assert!(buckets.languages()[0].1.at_least() <= 6);
    }

    #[test]
    fn far_back_time_is_coarser_and_no_post_is_lost() {
        let mut buckets = Buckets::default();
        for minute in 0..3_000 {
            buckets.add(minute * 60, minute * 60, 20, KEY, &crowd(0..10));
            buckets.close(minute * 60, 10, 10);
        }
        assert!(buckets.closed().len() <= BUCKETS_MAX);
        assert_eq!(buckets.closed().iter().map(|bucket| bucket.posts).sum::<u64>(), 60_000);
        assert_eq!(buckets.key(), CellKey::from_bits(9_000));
        assert!(buckets.closed().windows(2).all(|pair| pair[0].end == pair[1].start));
        let newest = buckets.closed().last().unwrap();
        assert_eq!(newest.end - newest.start, 60);
    }
}
