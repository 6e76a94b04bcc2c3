//! [`Pushes`]: the owner's part: all links and hashtags of a day, as numbers, and which of them are pushed.

use std::collections::BTreeSet;

use groundswell_gate::{
    AmplificationCandidate, AmplificationDomain, AmplificationId, AmplificationObject, AuthorBits, SharedWord,
    words_of_link,
};
use groundswell_sketch::{CellKey, Distinct};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::{Deserialize, Serialize};

use super::super::config::{
    AmplifyCounters, OBJECTS_ALONE_MAX, OBJECTS_BYTES_MAX, OBJECTS_MAX, PUSH_Q_MAX, SCAN_A_DAY_MAX, WINDOW_SECONDS,
};
use super::super::delta::{FamilyDelta, LanguageDelta, LocalId};
use super::super::judge::Minutes;
use super::super::owned::{Owned, SavedFamily};
use super::delta::{ObjectDelta, Value};
use super::rule::{Verdict, judge};

/// Two pushes that end so near each other may be one.
const NEAR_SECONDS: i64 = 30 * 60;
/// Share of their authors that two pushes of one have in common.
const SAME_AUTHORS: f64 = 0.8;
/// Each is looked at every minute while it may be one, but its looks are alike: as if there were so many.
const LOOKS: f64 = 10.0;
/// What has been used for so long is judged every fourth minute.
const OLD_SECONDS: i64 = 3 * 3_600;

/// An object that one author wrote so far: no value.
struct Alone {
    author: Option<u64>,
    minute: i64,
    last: i64,
    posts: u32,
    copies: u32,
    language: [u8; 2],
    key: CellKey,
    publishers: u32,
}

impl Alone {
    fn new(delta: &ObjectDelta, minute: i64) -> Self {
        Self {
            author: first_of(&delta.authors),
            minute,
            last: minute,
            posts: delta.posts,
            copies: delta.copies,
            language: delta.languages.first().map_or([0; 2], |language| language.language),
            key: delta.key,
            publishers: delta.publishers,
        }
    }

    /// Whether nobody else is in a delta; then takes it in.
    fn take(&mut self, delta: &ObjectDelta, minute: i64) -> bool {
        let first = first_of(&delta.authors);
        let same = match (self.author, delta.authors.count()) {
            (_, 0) | (None, 1) => true,
            (Some(_), 1) => self.author == first,
            _ => false,
        };
        if same {
            self.author = self.author.or(first);
            self.posts += delta.posts;
            self.copies += delta.copies;
            self.key.add(delta.key);
            self.publishers += delta.publishers;
            self.last = minute;
        }
        same
    }

    /// As it would have been told.
    fn delta(&self, object: u64) -> ObjectDelta {
        let mut authors = AuthorBits::default();
        self.author.into_iter().for_each(|author| authors.insert(author));
        ObjectDelta {
            object,
            posts: self.posts,
            copies: self.copies,
            key: self.key,
            authors: self.author.map_or_else(Distinct::new, |author| Distinct::from_sorted_unique(&[author])),
            languages: vec![LanguageDelta { language: self.language, posts: self.posts, authors }],
            publishers: self.publishers,
            ..ObjectDelta::default()
        }
    }
}

/// One of these authors, while they are counted exactly.
fn first_of(authors: &Distinct) -> Option<u64> {
    let mut first = None;
    authors.each_exact(|token| first = first.or(Some(token)));
    first
}

/// An object of several authors. What is counted of it is counted as of a family of copies.
#[derive(Default)]
struct Push {
    owned: Owned,
    value: Option<Value>,
    copies: u64,
    q: Option<f64>,
}

impl Push {
    fn absorb(&mut self, delta: &ObjectDelta, minute: i64) {
        let before = self.owned.authors.of_day(minute).map_or(0, Distinct::count);
        self.owned.absorb(
            &FamilyDelta {
                id: LocalId(delta.object),
                sequence: Vec::new(),
                timeline: if delta.posts > 0 { vec![(minute, delta.posts, 0)] } else { Vec::new() },
                key: delta.key,
                authors: delta.authors.clone(),
                words: Vec::new(),
                languages: delta.languages.clone(),
                domains: Vec::new(),
                reposts: delta.reposts,
                repost_authors: delta.repost_authors,
                repost_key: delta.repost_key,
                publishers: delta.publishers,
            },
            minute,
            &[],
        );
        // Who comes again is counted once a day.
        let after = self.owned.authors.of_day(minute).map_or(0, Distinct::count);
        self.owned.minutes.add(minute, 0, after.saturating_sub(before));
        self.copies += u64::from(delta.copies);
        if self.value.is_none() {
            self.value.clone_from(&delta.value);
        }
    }

    fn is_link(&self) -> bool {
        self.value.as_ref().is_some_and(|value| !value.domain.is_empty())
    }

    fn measure(&self) -> usize {
        self.owned.measure()
            + self.value.as_ref().map_or(0, |value| value.text.len() + value.domain.len())
            + size_of::<Self>()
    }

    fn candidate(&self, minute: i64, overlap: u64) -> Option<AmplificationCandidate> {
        let Value { text, domain } = self.value.clone()?;
        let candidate = self.owned.candidate(minute, overlap)?;
        let authors = candidate.authors;
        let (object, words, domains) = if domain.is_empty() {
            (AmplificationObject::Hashtag(text.clone()), vec![text], Vec::new())
        } else {
            let words = words_of_link(&text);
            let domains = vec![AmplificationDomain { value: domain.clone(), authors }];
            (AmplificationObject::Link { url: text, domain }, words, domains)
        };
        let word = |value: String| SharedWord { value, authors, name_like: false, publishers: 0 };
        Some(AmplificationCandidate {
            object,
            words: words.into_iter().map(word).collect(),
            domains,
            q: self.q,
            ..candidate
        })
    }
}

/// A push that k authors carry, in a checkpoint.
#[derive(Serialize, Deserialize)]
pub(in super::super) struct SavedPush {
    object: u64,
    value: Value,
    copies: u64,
    q: Option<f64>,
    family: SavedFamily,
}

/// All links and hashtags that the owner knows.
#[derive(Default)]
pub(in super::super) struct Pushes {
    alone: HashMap<u64, Alone>,
    known: HashMap<u64, Box<Push>>,
    bytes: usize,
    /// Those that enough authors wrote.
    carried: BTreeSet<u64>,
    /// Of them, those that are to be judged.
    waiting: BTreeSet<u64>,
    pushed: BTreeSet<u64>,
    changed: BTreeSet<u64>,
}

impl Pushes {
    /// Whether none is to be judged.
    pub(in super::super) fn is_decided(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Memory, roughly.
    pub(in super::super) fn bytes(&self) -> usize {
        self.bytes + self.alone.len() * size_of::<(u64, Alone)>() * 3 / 2
    }

    /// Adds up what all processes saw of a minute.
    pub(in super::super) fn close_minute<'a>(
        &mut self,
        minute: i64,
        parts: impl Iterator<Item = &'a ObjectDelta>,
        k: u64,
        counters: &mut AmplifyCounters,
    ) {
        let mut parts: Vec<&ObjectDelta> = parts.collect();
        parts.sort_by_key(|part| part.object);
        for of_object in parts.chunk_by(|a, b| a.object == b.object) {
            let object = of_object[0].object;
            match of_object {
                [alone] => self.add(object, alone, minute),
                [first, others @ ..] => {
                    let mut sum = (*first).clone();
                    others.iter().for_each(|other| sum.add(other));
                    self.add(object, &sum, minute);
                }
                [] => {}
            }
            let Some(push) = self.known.get_mut(&object) else { continue };
            let authors = push.owned.authors.number();
            push.owned.buckets.close(minute, k, authors);
            let bytes = push.measure();
            self.bytes = self.bytes - std::mem::replace(&mut push.owned.bytes, bytes) + bytes;
            if authors >= k {
                self.carried.insert(object);
                self.changed.insert(object);
                if push.owned.id.is_none() {
                    self.waiting.insert(object);
                }
            }
        }
        self.make_room(minute, k, counters);
    }

    fn add(&mut self, object: u64, delta: &ObjectDelta, minute: i64) {
        if let Some(push) = self.known.get_mut(&object) {
            push.absorb(delta, minute);
            return;
        }
        let alone = match self.alone.entry(object) {
            Entry::Occupied(mut known) => {
                if known.get_mut().take(delta, minute) {
                    return;
                }
                Some(known.remove())
            }
            Entry::Vacant(_) if delta.authors.count() >= 2 => None,
            Entry::Vacant(new) => {
                if delta.posts > 0 || delta.publishers > 0 {
                    new.insert(Alone::new(delta, minute));
                }
                return;
            }
        };
        let mut push = Box::<Push>::default();
        if let Some(alone) = alone {
            push.absorb(&alone.delta(object), alone.minute);
        }
        push.absorb(delta, minute);
        self.known.insert(object, push);
    }

    /// Judges those that enough authors wrote. `number` numbers what is told for the first time; `others` are the last minutes and authors of
    /// the amplified texts.
    pub(in super::super) fn decide(
        &mut self,
        minute: i64,
        all: &Minutes,
        others: &[(i64, &Distinct)],
        number: &mut dyn FnMut() -> AmplificationId,
        counters: &mut AmplifyCounters,
    ) {
        // Of a day of which little is known, as many more are to be expected.
        let known = all.known(minute + 60).max(60);
        let objects = self.carried.len().max(1) as f64 * WINDOW_SECONDS as f64 / known as f64;
        let tested = objects * LOOKS;
        for object in self.waiting.clone() {
            let Some(push) = self.known.get(&object) else {
                self.waiting.remove(&object);
                continue;
            };
            let old = push.owned.minutes.first().is_some_and(|first| first < minute - OLD_SECONDS);
            if old && (minute / 60).wrapping_add(object as i64).rem_euclid(4) > 0 {
                continue;
            }
            let (stretch, q) = match judge(&push.owned.minutes, all, minute + 60) {
                Verdict::Open => continue,
                // A longer silence makes it less likely.
                Verdict::Pushed { silence, .. } if tested * silence > PUSH_Q_MAX => continue,
                // And so does more of the day.
                Verdict::Pushed { spread, .. } if objects * spread > PUSH_Q_MAX => continue,
                Verdict::Pushed { stretch, scan, silence, spread } if tested * scan <= SCAN_A_DAY_MAX => {
                    // The hours that are not known are the same at each look.
                    (stretch, (tested * scan.max(silence)).max(objects * spread))
                }
                // How large a part of all came in its time is not known before a day is.
                Verdict::Pushed { .. } if known < WINDOW_SECONDS => continue,
                // Until somebody writes it again.
                verdict => {
                    self.waiting.remove(&object);
                    counters.pushes_held += u64::from(verdict != Verdict::Spread);
                    continue;
                }
            };
            self.waiting.remove(&object);
            let of_publisher = push.is_link() && push.owned.publishers > 0;
            let of_text = push.copies * 2 >= push.owned.posts;
            if of_publisher || of_text || push.value.is_none() || self.is_part_of_another(object, others) {
                counters.pushes_held += 1;
                counters.pushes_of_publishers += u64::from(of_publisher);
                counters.pushes_of_texts += u64::from(of_text && !of_publisher);
                continue;
            }
            if let Some(push) = self.known.get_mut(&object) {
                push.owned.id = Some(number());
                push.owned.stretch = Some(stretch);
                push.q = Some(q);
                self.pushed.insert(object);
                self.changed.insert(object);
            }
        }
    }

    /// Whether the same authors pushed something else at the same time, which is told already: a hashtag beside its link. It may be told on
    /// the day after, so each is asked for those of its own last day; of two days no author is in both.
    fn is_part_of_another(&self, object: u64, others: &[(i64, &Distinct)]) -> bool {
        let Some(push) = self.known.get(&object) else { return false };
        let own = push.owned.authors.last_day();
        let told = self.pushed.iter().filter_map(|other| self.known.get(other));
        let told = told.map(|other| (other.owned.last, other.owned.authors.last_day()));
        let near = |last: &i64| (last - push.owned.last).abs() <= NEAR_SECONDS;
        told.chain(others.iter().copied()).filter(|(last, _)| near(last)).any(|(_, authors)| {
            let both = in_both(own, authors) as f64;
            let either = (own.count() + authors.count()) as f64 - both;
            both >= SAME_AUTHORS * either
        })
    }

    /// Authors of the day of those that are pushed.
    pub(in super::super) fn crowds(&self, minute: i64) -> impl Iterator<Item = (u64, &Distinct)> {
        let of = move |object: &u64| Some((*object, self.known.get(object)?.owned.authors.of_day(minute)?));
        self.pushed.iter().filter_map(of)
    }

    /// What is pushed and has something new to say. `texts`: authors of the amplified texts.
    pub(in super::super) fn propose(&mut self, minute: i64, texts: &[&Distinct]) -> Vec<AmplificationCandidate> {
        let changed = std::mem::take(&mut self.changed);
        let mut proposed = Vec::new();
        for object in changed.intersection(&self.pushed) {
            let Some(push) = self.known.get(object) else { continue };
            let buckets = push.owned.buckets.closed().len();
            if buckets == push.owned.proposed {
                continue;
            }
            let overlap = push.owned.authors.of_day(minute).map_or(0, |own| {
                let mut others = Distinct::new();
                let pushes = self.crowds(minute).filter(|(other, _)| other != object).map(|(_, authors)| authors);
                pushes.chain(texts.iter().copied()).for_each(|authors| others.merge(authors));
                in_both(own, &others)
            });
            let candidate = push.candidate(minute, overlap);
            if let Some(push) = self.known.get_mut(object) {
                push.owned.proposed = buckets;
            }
            proposed.extend(candidate);
        }
        proposed
    }

    /// What nobody wrote for a day goes; if there are too many, or they take too much memory, those that were silent for longest, of those
    /// with fewer than k authors first.
    fn make_room(&mut self, minute: i64, k: u64, counters: &mut AmplifyCounters) {
        if minute.rem_euclid(3_600) == 0 {
            let before = minute - WINDOW_SECONDS;
            self.alone.retain(|_, alone| alone.last >= before);
            let gone: Vec<u64> =
                self.known.iter().filter(|(_, push)| push.owned.last < before).map(|(object, _)| *object).collect();
            gone.into_iter().for_each(|object| self.forget(object));
        }
        if self.alone.len() > OBJECTS_ALONE_MAX {
            let mut order: Vec<(i64, u64)> = self.alone.iter().map(|(object, alone)| (alone.last, *object)).collect();
            order.sort_unstable();
            let gone = self.alone.len() - OBJECTS_ALONE_MAX / 4 * 3;
            counters.objects_evicted += gone as u64;
            for (_, object) in &order[..gone] {
                self.alone.remove(object);
            }
        }
        if self.known.len() <= OBJECTS_MAX && self.bytes <= OBJECTS_BYTES_MAX {
            return;
        }
        let rank = |object: &u64, push: &Push| {
            (push.owned.id.is_some() || push.owned.authors.number() >= k, push.owned.last, *object)
        };
        let mut order: Vec<(bool, i64, u64)> = self.known.iter().map(|(object, push)| rank(object, push)).collect();
        order.sort_unstable();
        for (.., object) in order {
            if self.known.len() <= OBJECTS_MAX / 4 * 3 && self.bytes <= OBJECTS_BYTES_MAX / 4 * 3 {
                break;
            }
            counters.objects_evicted += 1;
            self.forget(object);
        }
    }

    fn forget(&mut self, object: u64) {
        if let Some(push) = self.known.remove(&object) {
            self.bytes -= push.owned.bytes;
        }
        for set in [&mut self.carried, &mut self.waiting, &mut self.pushed, &mut self.changed] {
            set.remove(&object);
        }
    }

    /// Those that k authors wrote, with what they wrote.
    pub(in super::super) fn save(&self, k: u64) -> Vec<SavedPush> {
        let save = |object: &u64, push: &Push| {
            Some(SavedPush {
                object: *object,
                value: push.value.clone()?,
                copies: push.copies,
                q: push.q,
                family: push.owned.save(k, self.waiting.contains(object))?,
            })
        };
        let mut saved: Vec<SavedPush> = self.known.iter().filter_map(|(object, push)| save(object, push)).collect();
        // Whichever way the map has them, a checkpoint is the same.
        saved.sort_unstable_by_key(|push| push.object);
        saved
    }

    /// Takes back what was saved, before anything is added.
    pub(in super::super) fn restore(&mut self, saved: Vec<SavedPush>) {
        for SavedPush { object, value, copies, q, family } in saved {
            let waiting = family.waiting;
            let mut push = Push { owned: Owned::from_saved(family), value: Some(value), copies, q };
            push.owned.bytes = push.measure();
            self.bytes += push.owned.bytes;
            self.carried.insert(object);
            if waiting {
                self.waiting.insert(object);
            }
            if push.owned.id.is_some() {
                self.pushed.insert(object);
            }
            self.known.insert(object, Box::new(push));
        }
    }
}

/// How many are in both: |A| + |B| − |A ∪ B|.
pub(in super::super) fn in_both(one: &Distinct, other: &Distinct) -> u64 {
    let mut either = one.clone();
    either.merge(other);
    (one.count() + other.count()).saturating_sub(either.count()).min(one.count())
}
