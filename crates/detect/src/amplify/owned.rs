//! [`Owned`]: what the owner knows of one family.

use groundswell_gate::{
    AmplificationCandidate, AmplificationDomain, AmplificationId, AmplificationObject, AuthorBits, NarrativeLanguage,
    Reposts, SharedWord,
};
use groundswell_sketch::{CellKey, Distinct};

use super::config::{CHOICES_MAX, DOMAINS_MAX, LANGUAGES_MAX};
use super::delta::{FamilyDelta, LocalId, WordDelta};
use super::judge::{Minutes, Stretch};
use super::words::Token;
use crate::narrative::FewAuthors;
use crate::narrative::authors::Crowd;
use crate::narrative::buckets::Buckets;

mod saved;

pub(super) use saved::SavedFamily;

/// A family of a process.
pub(super) type LocalKey = (u16, LocalId);

struct Word {
    token: Token,
    form: String,
    posts: u64,
    authors: Crowd<FewAuthors>,
    name_like: bool,
}

#[derive(Default)]
struct Spot {
    words: Vec<Word>,
    /// While no word of it is known: what the process that has these places says most have.
    token: Option<Token>,
}

impl Spot {
    fn leading(&self) -> Option<&Word> {
        self.words.iter().rev().max_by_key(|word| word.posts)
    }

    fn token(&self) -> Option<Token> {
        self.leading().map(|word| word.token).or(self.token)
    }
}

/// A family of copies over all processes.
#[derive(Default)]
pub(super) struct Owned {
    pub(super) id: Option<AmplificationId>,
    pub(super) posts: u64,
    pub(super) authors: Crowd<Distinct>,
    pub(super) minutes: Minutes,
    pub(super) last: i64,
    pub(super) publishers: u64,
    pub(super) locals: Vec<LocalKey>,
    /// The process's family whose places these are.
    pub(super) axis: Option<LocalKey>,
    pub(super) stretch: Option<Stretch>,
    /// Buckets that were proposed.
    pub(super) proposed: usize,
    pub(super) buckets: Buckets,
    spots: Vec<Spot>,
    languages: Vec<([u8; 2], u64)>,
    domains: Vec<(String, Crowd<FewAuthors>)>,
    reposts: u64,
    repost_authors: (i64, AuthorBits, AuthorBits),
    repost_key: CellKey,
    /// Its memory, when it was last measured.
    pub(super) bytes: usize,
}

impl Owned {
    /// Its memory, roughly.
    pub(super) fn measure(&self) -> usize {
        let word = |word: &Word| size_of::<Word>() + word.form.len() + word.authors.last_day().bytes();
        let spot = |spot: &Spot| size_of::<Spot>() + spot.words.iter().map(word).sum::<usize>();
        size_of::<Option<Self>>()
            + self.spots.iter().map(spot).sum::<usize>()
            + self.minutes.bytes()
            + self.buckets.bytes()
            + self.locals.capacity() * size_of::<LocalKey>()
            + self.languages.capacity() * size_of::<([u8; 2], u64)>()
            + self.domains.capacity() * size_of::<(String, Crowd<FewAuthors>)>()
    }

    /// Of a process's family, whose places become its own.
    pub(super) fn new(axis: LocalKey) -> Self {
        Self { axis: Some(axis), ..Self::default() }
    }

    /// Its text as most have it: place and word.
    pub(super) fn sequence(&self) -> Vec<(u16, Token)> {
        (0..).zip(&self.spots).filter_map(|(place, spot)| Some((place, spot.token()?))).collect()
    }

    /// Adds what a process saw. `places` says where its places are here.
    pub(super) fn absorb(&mut self, delta: &FamilyDelta, minute: i64, places: &[(u16, u16)]) {
        let posts: u64 = delta.timeline.iter().map(|(_, posts, _)| u64::from(*posts)).sum();
        self.posts += posts;
        self.authors.add(minute, &delta.authors);
        let first = delta.timeline.iter().map(|(of, ..)| *of).min();
        if let Some(first) = first {
            self.buckets.add(first, minute, posts, delta.key, &delta.authors);
            self.last = self.last.max(minute);
        }
        for (of, posts, authors) in &delta.timeline {
            self.minutes.add(*of, u64::from(*posts), u64::from(*authors));
        }
        for language in &delta.languages {
            self.add_language(language.language, u64::from(language.posts));
            self.buckets.add_language(language.language, minute, language.authors);
        }
        for domain in &delta.domains {
            let mut authors = Crowd::default();
            authors.add(minute, &domain.authors);
            self.add_domain(&domain.domain, &authors);
        }
        self.reposts += u64::from(delta.reposts);
        self.repost_key.add(delta.repost_key);
        self.add_repost_authors(minute.div_euclid(86_400), delta.repost_authors);
        self.publishers += u64::from(delta.publishers);
        for (place, token) in &delta.sequence {
            if let Some(spot) = self.spot(*place, places) {
                spot.token = Some(*token);
            }
        }
        for word in &delta.words {
            if let Some(spot) = self.spot(word.place, places) {
                spot.add(word, minute);
            }
        }
    }

    fn spot(&mut self, place: u16, places: &[(u16, u16)]) -> Option<&mut Spot> {
        let here = usize::from(places.iter().find(|(from, _)| *from == place)?.1);
        if self.spots.len() <= here {
            self.spots.resize_with(here + 1, Spot::default);
        }
        self.spots.get_mut(here)
    }

    fn add_language(&mut self, language: [u8; 2], posts: u64) {
        if let Some((_, known)) = self.languages.iter_mut().find(|(known, _)| *known == language) {
            *known += posts;
        } else if self.languages.len() < LANGUAGES_MAX {
            self.languages.push((language, posts));
        }
    }

    fn add_domain(&mut self, domain: &str, authors: &Crowd<FewAuthors>) {
        if let Some((_, known)) = self.domains.iter_mut().find(|(known, _)| known == domain) {
            known.unite(authors);
            return;
        }
        self.domains.push((domain.to_owned(), authors.clone()));
        if self.domains.len() > 2 * DOMAINS_MAX {
            self.domains.sort_by(|a, b| b.1.number().cmp(&a.1.number()).then_with(|| a.0.cmp(&b.0)));
            self.domains.truncate(DOMAINS_MAX);
        }
    }

    /// Of the day that has most: tokens of two days cannot be compared.
    fn add_repost_authors(&mut self, day: i64, bits: AuthorBits) {
        let (known, now, most) = &mut self.repost_authors;
        if day > *known {
            if now.at_least() > most.at_least() {
                *most = *now;
            }
            (*known, *now) = (day, AuthorBits::default());
        }
        if day == *known {
            *now = now.union(bits);
        }
    }

    /// Adds a family that turned out to be the same. `places` says where its places are here.
    pub(super) fn take(&mut self, other: Self, places: &[(u16, u16)]) {
        self.posts += other.posts;
        self.authors.unite(&other.authors);
        self.minutes.take(&other.minutes);
        self.last = self.last.max(other.last);
        self.publishers += other.publishers;
        self.locals.extend(other.locals);
        self.buckets.take(&other.buckets);
        other.languages.iter().for_each(|(language, posts)| self.add_language(*language, *posts));
        other.domains.iter().for_each(|(domain, authors)| self.add_domain(domain, authors));
        self.reposts += other.reposts;
        self.repost_key.add(other.repost_key);
        let (day, now, most) = other.repost_authors;
        self.add_repost_authors(day, now);
        if most.at_least() > self.repost_authors.2.at_least() {
            self.repost_authors.2 = most;
        }
        for (from, spot) in (0_u16..).zip(other.spots) {
            let Some(here) = self.spot(from, places) else { continue };
            for word in spot.words {
                here.unite(word);
            }
        }
    }

    /// As it is proposed, with those of its authors who carry other amplifications too.
    pub(super) fn candidate(&self, minute: i64, overlap: u64) -> Option<AmplificationCandidate> {
        let (id, stretch) = (self.id?, self.stretch?);
        let word = |spot: &Spot| {
            let leading = spot.leading();
            SharedWord {
                value: leading.map_or_else(String::new, |word| word.form.clone()),
                authors: leading.map_or(0, |word| word.authors.number()),
                name_like: leading.is_some_and(|word| word.name_like),
                publishers: 0,
            }
        };
        let language_authors = self.buckets.languages();
        let mut languages: Vec<NarrativeLanguage> = self
            .languages
            .iter()
            .map(|(code, posts)| NarrativeLanguage {
                value: std::str::from_utf8(code).ok().filter(|_| *code != [0, 0]).unwrap_or("und").to_owned(),
                posts: *posts,
                authors: language_authors
                    .iter()
                    .find(|(known, _)| known == code)
                    .map_or_else(AuthorBits::default, |(_, bits)| *bits),
            })
            .collect();
        languages.sort_by(|a, b| b.posts.cmp(&a.posts).then_with(|| a.value.cmp(&b.value)));
        let mut domains: Vec<AmplificationDomain> = self
            .domains
            .iter()
            .map(|(value, authors)| AmplificationDomain { value: value.clone(), authors: authors.number() })
            .collect();
        domains.sort_by(|a, b| b.authors.cmp(&a.authors).then_with(|| a.value.cmp(&b.value)));
        domains.truncate(DOMAINS_MAX);
        let (_, now, most) = self.repost_authors;
        let authors = if now.at_least() >= most.at_least() { now } else { most };
        Some(AmplificationCandidate {
            id,
            object: AmplificationObject::Text,
            as_of: minute + 60,
            buckets: self.buckets.closed().to_vec(),
            authors: self.buckets.authors(),
            words: self.spots.iter().map(word).collect(),
            domains,
            languages,
            reposts: Reposts { posts: self.reposts, authors, key: self.repost_key },
            concentration: stretch.share,
            chance: stretch.chance,
            overlap,
            q: None,
        })
    }
}

impl Spot {
    fn add(&mut self, told: &WordDelta, minute: i64) {
        let mut authors = Crowd::default();
        authors.add(minute, &told.authors);
        self.unite(Word {
            token: told.token,
            form: told.form.clone(),
            posts: u64::from(told.posts),
            authors,
            name_like: told.name_like,
        });
    }

    fn unite(&mut self, word: Word) {
        if let Some(known) = self.words.iter_mut().find(|known| known.form == word.form) {
            known.posts += word.posts;
            known.authors.unite(&word.authors);
            known.name_like |= word.name_like;
            return;
        }
        // Most places have one word or two, and there are many.
        self.words.reserve_exact(1);
        self.words.push(word);
        if self.words.len() > CHOICES_MAX {
            self.words.sort_by(|a, b| b.posts.cmp(&a.posts).then_with(|| a.form.cmp(&b.form)));
            self.words.truncate(CHOICES_MAX);
        }
    }
}
