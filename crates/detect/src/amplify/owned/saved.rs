//! A family as it is written down: of one that k authors carry the words that k authors wrote, and numbers. Who they are is not
//! written, and what fewer wrote is not either.

use groundswell_gate::{AmplificationId, AuthorBits};
use groundswell_sketch::{CellKey, Distinct};
use serde::{Deserialize, Serialize};

use super::super::judge::{Minutes, Stretch};
use super::super::words::Token;
use super::{Owned, Spot, Word};
use crate::narrative::authors::{Authors, Crowd};
use crate::narrative::buckets::SavedBuckets;

#[derive(Serialize, Deserialize)]
pub(in super::super) struct SavedFamily {
    id: Option<AmplificationId>,
    posts: u64,
    authors: u64,
    minutes: Minutes,
    last: i64,
    publishers: u64,
    stretch: Option<Stretch>,
    proposed: u64,
    buckets: SavedBuckets,
    spots: Vec<Vec<SavedWord>>,
    languages: Vec<([u8; 2], u64)>,
    domains: Vec<(String, u64)>,
    reposts: u64,
    repost_authors: u64,
    repost_key: CellKey,
    /// Whether it is to be judged.
    pub(in super::super) waiting: bool,
}

#[derive(Serialize, Deserialize)]
struct SavedWord {
    token: Token,
    form: String,
    posts: u64,
    authors: u64,
    name_like: bool,
}

fn number<T: Authors>(crowd: &Crowd<T>) -> u64 {
    crowd.number()
}

impl Owned {
    /// `None` where fewer than `k` authors carry it.
    pub(in super::super) fn save(&self, k: u64, waiting: bool) -> Option<SavedFamily> {
        let authors = number(&self.authors);
        if authors < k {
            return None;
        }
        let word = |word: &Word| SavedWord {
            token: word.token,
            form: word.form.clone(),
            posts: word.posts,
            authors: number(&word.authors),
            name_like: word.name_like,
        };
        let words = |spot: &Spot| spot.words.iter().filter(|word| number(&word.authors) >= k).map(word).collect();
        let domains = self.domains.iter().map(|(domain, authors)| (domain.clone(), number(authors)));
        let (_, now, most) = self.repost_authors;
        Some(SavedFamily {
            id: self.id,
            posts: self.posts,
            authors,
            minutes: self.minutes.clone(),
            last: self.last,
            publishers: self.publishers,
            stretch: self.stretch,
            proposed: self.proposed as u64,
            buckets: self.buckets.save(),
            spots: self.spots.iter().map(words).collect(),
            languages: self.languages.clone(),
            domains: domains.filter(|(_, authors)| *authors >= k).collect(),
            reposts: self.reposts,
            repost_authors: now.at_least().max(most.at_least()),
            repost_key: self.repost_key,
            waiting,
        })
    }

    /// As it was, but that no process's family is a part of it yet.
    pub(in super::super) fn from_saved(saved: SavedFamily) -> Self {
        let word = |word: SavedWord| Word {
            token: word.token,
            form: word.form,
            posts: word.posts,
            authors: Crowd::of_number(word.authors),
            name_like: word.name_like,
        };
        let spot = |words: Vec<SavedWord>| Spot { words: words.into_iter().map(word).collect(), token: None };
        Self {
            bytes: 0,
            id: saved.id,
            posts: saved.posts,
            authors: Crowd::<Distinct>::of_number(saved.authors),
            minutes: saved.minutes,
            last: saved.last,
            publishers: saved.publishers,
            locals: Vec::new(),
            axis: None,
            stretch: saved.stretch,
            proposed: usize::try_from(saved.proposed).unwrap_or(usize::MAX),
            buckets: saved.buckets.into(),
            spots: saved.spots.into_iter().map(spot).collect(),
            languages: saved.languages,
            domains: saved.domains.into_iter().map(|(domain, authors)| (domain, Crowd::of_number(authors))).collect(),
            reposts: saved.reposts,
            repost_authors: (0, AuthorBits::default(), AuthorBits::of_number(saved.repost_authors)),
            repost_key: saved.repost_key,
        }
    }
}
