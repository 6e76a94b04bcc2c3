//! [`Terms`]: how much a term says *now*, and which clusters are found through it.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use super::config::POSTINGS_MAX;
use super::features::{Feature, FeatureKind};
use super::short::Short;

/// The number of a term within one worker.
pub(super) type TermId = u32;
/// No term's number: it was not looked up yet.
pub(super) const UNKNOWN: TermId = TermId::MAX;

/// Hashes of words are spread already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

pub(super) type IdentityMap<V> = HashMap<u64, V, BuildHasherDefault<IdentityHasher>>;

/// x ln x, of which the sum over clusters tells a term's entropy.
#[inline]
pub(super) fn x_ln_x(x: f64) -> f64 {
    if x > 0.0 { x * x.ln() } else { 0.0 }
}

/// How a term is spread over clusters. Its entropy is ln n - s/n, with n the sum and s the sum of x ln x of what each
/// cluster holds; both follow every change in constant time, and one scale for all changes nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Spread {
    n: f64,
    s: f64,
}

impl Spread {
    /// A cluster's part went from one amount to another.
    #[inline]
    pub(super) fn change(&mut self, from: f64, to: f64) {
        self.n += to - from;
        self.s += x_ln_x(to) - x_ln_x(from);
    }

    /// Posts that had the term; older ones count less.
    pub(super) fn sum(&self) -> f64 {
        self.n
    }

    /// Two clusters' parts became one.
    pub(super) fn unite(&mut self, one: f64, other: f64) {
        self.s += x_ln_x(one + other) - x_ln_x(one) - x_ln_x(other);
    }

    pub(super) fn scale(&mut self, factor: f64) {
        self.s = (self.s + self.n * factor.ln()) * factor;
        self.n *= factor;
    }

    /// What a term of this spread says: 1 if it lives in one cluster.
    #[inline]
    pub(super) fn weight(&self, spread: f32) -> f32 {
        if self.n <= 0.0 {
            return 1.0;
        }
        let entropy = (self.n.ln() - self.s / self.n).max(0.0) as f32;
        (-entropy / spread).exp()
    }
}

/// A cluster that holds the term, and how much of it.
#[derive(Clone, Copy)]
pub(super) struct Posting {
    pub(super) slot: u32,
    pub(super) mass: f32,
}

/// A term; one line of a cache, because a post touches a dozen of them and little else of the table is near.
#[repr(align(64))]
pub(super) struct Term {
    pub(super) hash: u64,
    pub(super) kind: FeatureKind,
    pub(super) spread: Spread,
    pub(super) weight: f32,
    /// Live clusters that hold it.
    pub(super) held: u32,
    /// Of them, those in which it weighs most.
    pub(super) postings: Vec<Posting>,
    /// No posting weighs less.
    floor: f32,
}

const _: () = assert!(size_of::<Term>() == 64);

/// What is noted of each post that has a term; a line of a cache as well.
#[derive(Clone)]
#[repr(align(64))]
struct Notes {
    /// How that is written.
    form: Short,
    /// The spelling that most posts have, by Boyer and Moore's vote.
    spelling: u64,
    votes: u32,
    /// Posts in all, in the last stretch in which it was written, and in the stretch before that one.
    posts: u32,
    recent: u32,
    before: u32,
    stretch: u32,
    /// Which of 64 kinds of spelling were seen, by their hashes: about how many words have the same first letters.
    spellings: u64,
    /// A long word that stands for itself, because too many have its first letters: the term of those; else zero.
    alone_of: u64,
}

const _: () = assert!(size_of::<Notes>() == 64);

/// A stretch of time: 2^10 busy seconds. What is *recent* is this one and the one before.
const STRETCH_BITS: u32 = 10;
/// So many spellings with the same first letters are no longer forms of one word.
const CROWD: u32 = 4;
/// A word that has this part of what was written with its first letters takes over what clusters hold of them.
const MOSTLY: f32 = 0.9;
/// Busy seconds that must have been seen before what is recent, or nothing can be said to rise.
const HISTORY_MIN: u32 = 1_800;
/// Recent posts of a term below which a rise is an accident.
const RISE_POSTS_MIN: u32 = 4;

impl Notes {
    fn new(form: Spelt<'_>) -> Self {
        let spelling = form.hash;
        Self {
            form: form.form().into(),
            spelling,
            votes: 1,
            posts: 0,
            recent: 0,
            before: 0,
            stretch: 0,
            spellings: 1 << (spelling >> 58),
            alone_of: 0,
        }
    }

    fn is_alone(&self) -> bool {
        self.alone_of != 0
    }

    /// Whether so many words have these first letters that they say little.
    fn is_crowded(&self) -> bool {
        self.spellings.count_ones() >= CROWD
    }

    fn count(&mut self, stretch: u32) {
        if stretch != self.stretch {
            self.before = if stretch == self.stretch + 1 { self.recent } else { 0 };
            self.recent = 0;
            self.stretch = stretch;
        }
        self.posts = self.posts.saturating_add(1);
        self.recent = self.recent.saturating_add(1);
    }

    /// How many times as often it is written recently as it was before. Before, one post more is taken for granted.
    fn rise(&self, busy: u32) -> f32 {
        let stretch = busy >> STRETCH_BITS;
        let recent = match stretch - self.stretch.min(stretch) {
            0 => self.recent + self.before,
            1 => self.recent,
            _ => 0,
        };
        let seconds = (busy & ((1 << STRETCH_BITS) - 1)) + 1 + (1 << STRETCH_BITS);
        let history = busy.saturating_sub(seconds);
        if history < HISTORY_MIN || recent < RISE_POSTS_MIN {
            return 0.0;
        }
        let before = self.posts.saturating_sub(recent) + 1;
        (recent as f32 / seconds as f32) / (before as f32 / history as f32)
    }
}

/// How a post spells a term: a hash of it, and where it stands. It is seldom read.
#[derive(Clone, Copy)]
pub(super) struct Spelt<'a> {
    pub(super) hash: u64,
    pub(super) text: &'a str,
    pub(super) place: (u32, u32),
}

impl<'a> Spelt<'a> {
    fn form(self) -> &'a str {
        &self.text[self.place.0 as usize..self.place.1 as usize]
    }
}

impl<'a> From<(u64, &'a str)> for Spelt<'a> {
    fn from((hash, text): (u64, &'a str)) -> Self {
        Self { hash, text, place: (0, text.len() as u32) }
    }
}

/// All terms that a worker knows.
pub(super) struct Terms {
    ids: IdentityMap<TermId>,
    list: Vec<Term>,
    /// Beside the terms, by number: a vote is taken for each word of each post, the spelling is seldom read.
    notes: Vec<Notes>,
    room: usize,
    hand: usize,
    /// How many gave way.
    pub(super) evicted: u64,
    /// How often two changed what they stand for.
    pub(super) exchanged: u64,
    /// Busy seconds so far.
    pub(super) busy: u32,
}

/// How many terms are looked at for one that can go.
const EVICTION_PROBES: usize = 32;

impl Terms {
    pub(super) fn new(room: usize) -> Self {
        Self {
            ids: IdentityMap::default(),
            list: Vec::new(),
            notes: Vec::new(),
            room,
            hand: 0,
            evicted: 0,
            exchanged: 0,
            busy: 0,
        }
    }

    #[inline]
    pub(super) fn get(&self, id: TermId) -> &Term {
        &self.list[id as usize]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: TermId) -> &mut Term {
        &mut self.list[id as usize]
    }

    pub(super) fn find(&self, hash: u64) -> Option<TermId> {
        self.ids.get(&hash).copied()
    }

    /// Reads what a post with this term will read, so that it is near by then.
    #[inline]
    pub(super) fn fetch(&self, id: TermId) -> u64 {
        let at = id as usize;
        match (self.list.get(at), self.notes.get(at)) {
            (Some(term), Some(notes)) => term.hash ^ notes.spelling,
            _ => 0,
        }
    }

    /// Likewise, of the clusters that are found through the term: their places must be near already.
    #[inline]
    pub(super) fn fetch_postings(&self, id: TermId) -> u32 {
        let postings = self.list.get(id as usize).map_or(&[][..], |term| term.postings.as_slice());
        postings.iter().step_by(64 / size_of::<Posting>()).take(4).fold(0, |sum, posting| sum ^ posting.slot)
    }

    /// The term that a feature is now, if it is known.
    pub(super) fn find_feature(&self, feature: &Feature) -> Option<TermId> {
        let whole = (feature.whole != 0).then(|| self.find(feature.whole)).flatten();
        whole.filter(|id| self.notes[*id as usize].is_alone()).or_else(|| self.find(feature.hash))
    }

    /// The number of the term that a feature is: its first letters, or, of a long word, itself where too many words have
    /// those. `known` is what it was before.
    #[inline]
    pub(super) fn intern_feature<'a>(
        &mut self,
        known: TermId,
        feature: &Feature,
        form: impl Into<Spelt<'a>>,
    ) -> Option<TermId> {
        let form = form.into();
        let Feature { hash, whole, kind, .. } = *feature;
        if whole == 0 {
            return self.intern(known, hash, kind, form);
        }
        // It is counted from the first time on that it is written: else it would be news when it first stands for itself.
        let whole = self.intern(known, whole, kind, form);
        if whole.is_some_and(|id| self.notes[id as usize].is_alone()) {
            return whole;
        }
        let stem = self.intern(known, hash, kind, form)?;
        match whole {
            Some(whole) if self.notes[stem as usize].is_crowded() => {
                self.notes[whole as usize].alone_of = hash;
                let posts = |id: TermId| self.notes[id as usize].posts as f32;
                if posts(whole) < MOSTLY * posts(stem) {
                    return Some(whole);
                }
                // The first letters were mostly this word: what clusters hold of them is what they hold of it.
                self.exchange(stem, whole);
                Some(stem)
            }
            _ => Some(stem),
        }
    }

    /// Lets two terms change what they stand for; what clusters hold of each stays.
    fn exchange(&mut self, one: TermId, other: TermId) {
        let (first, second) = (one as usize, other as usize);
        let (of_first, of_second) =
            ((self.list[first].hash, self.list[first].kind), (self.list[second].hash, self.list[second].kind));
        (self.list[first].hash, self.list[first].kind) = of_second;
        (self.list[second].hash, self.list[second].kind) = of_first;
        self.notes.swap(first, second);
        self.ids.insert(of_second.0, one);
        self.ids.insert(of_first.0, other);
        self.exchanged += 1;
    }

    /// Of a long word that stands for itself, the term of its first letters; else zero.
    pub(super) fn alone_of(&self, id: TermId) -> u64 {
        self.notes[id as usize].alone_of
    }

    pub(super) fn form(&self, id: TermId) -> &str {
        self.notes[id as usize].form.as_str()
    }

    /// What stands for the spelling in [`super::features::Feature::spelling`].
    pub(super) fn spelling(&self, id: TermId) -> u64 {
        self.notes[id as usize].spelling
    }

    /// How many times as often it is written recently as it was before; zero where too little is known.
    pub(super) fn rise(&self, id: TermId) -> f32 {
        self.notes[id as usize].rise(self.busy)
    }

    /// Whether enough was seen for anything to be said to rise.
    pub(super) fn has_history(&self) -> bool {
        self.busy >= HISTORY_MIN + (2 << STRETCH_BITS)
    }

    /// The number of a term, which was `known` before, written in one form (a hash of it, and itself); `None` if it is new
    /// and there is no room.
    #[inline]
    pub(super) fn intern<'a>(
        &mut self,
        known: TermId,
        hash: u64,
        kind: FeatureKind,
        form: impl Into<Spelt<'a>>,
    ) -> Option<TermId> {
        let form = form.into();
        // It may have given way to another one in the meantime.
        let still = self.list.get(known as usize).is_some_and(|term| term.hash == hash);
        let Some(id) = still.then_some(known).or_else(|| self.find(hash)) else { return self.add(hash, kind, form) };
        let notes = &mut self.notes[id as usize];
        notes.count(self.busy >> STRETCH_BITS);
        notes.spellings |= 1 << (form.hash >> 58);
        if notes.spelling == form.hash {
            notes.votes = notes.votes.saturating_add(1);
        } else if notes.votes > 0 {
            notes.votes -= 1;
        } else {
            (notes.spelling, notes.votes, notes.form) = (form.hash, 1, form.form().into());
        }
        Some(id)
    }

    fn add(&mut self, hash: u64, kind: FeatureKind, form: Spelt<'_>) -> Option<TermId> {
        let mut notes = Notes::new(form);
        notes.count(self.busy >> STRETCH_BITS);
        let id = if self.list.len() < self.room {
            self.list.push(Term {
                hash,
                kind,
                spread: Spread::default(),
                weight: 1.0,
                held: 0,
                postings: Vec::new(),
                floor: 0.0,
            });
            self.notes.push(notes);
            self.list.len() - 1
        } else {
            let id = self.make_room()?;
            let term = &mut self.list[id];
            self.ids.remove(&term.hash);
            self.evicted += 1;
            term.hash = hash;
            term.kind = kind;
            term.spread = Spread::default();
            term.weight = 1.0;
            term.floor = 0.0;
            term.postings.clear();
            self.notes[id] = notes;
            id
        } as TermId;
        self.ids.insert(hash, id);
        Some(id)
    }

    /// A term that no live cluster holds: of a few, the one that was seen least.
    fn make_room(&mut self) -> Option<usize> {
        let mut least: Option<usize> = None;
        for _ in 0..EVICTION_PROBES.min(self.list.len()) {
            self.hand = (self.hand + 1) % self.list.len();
            let term = &self.list[self.hand];
            if term.held == 0 && least.is_none_or(|least| term.spread.n < self.list[least].spread.n) {
                least = Some(self.hand);
            }
        }
        least
    }

    pub(super) fn scale(&mut self, factor: f32) {
        for term in &mut self.list {
            term.spread.scale(f64::from(factor));
            term.floor *= factor;
            term.postings.iter_mut().for_each(|posting| posting.mass *= factor);
        }
    }

    /// Bytes in use, roughly.
    pub(super) fn bytes(&self) -> usize {
        let postings: usize = self.list.iter().map(|term| term.postings.capacity() * size_of::<Posting>()).sum();
        let forms: usize = self.notes.iter().map(|notes| notes.form.bytes()).sum();
        self.list.len() * (size_of::<Term>() + size_of::<Notes>()) + postings + forms + self.ids.capacity() * 17
    }
}

impl Term {
    /// Says how much of it a cluster holds now; `false` if the cluster is not found through it.
    #[inline]
    pub(super) fn post(&mut self, slot: u32, mass: f32, is_new: bool) -> bool {
        if !is_new && let Some(known) = self.postings.iter_mut().find(|known| known.slot == slot) {
            known.mass = mass;
            return true;
        }
        if self.postings.len() < POSTINGS_MAX {
            self.floor = if self.postings.is_empty() { mass } else { self.floor.min(mass) };
            self.postings.push(Posting { slot, mass });
            return true;
        }
        if mass <= self.floor {
            return false;
        }
        let Some(least) =
            (0..self.postings.len()).min_by(|a, b| self.postings[*a].mass.total_cmp(&self.postings[*b].mass))
        else {
            return false;
        };
        self.floor = self.postings[least].mass;
        if mass <= self.floor {
            return false;
        }
        self.postings[least] = Posting { slot, mass };
        true
    }

    pub(super) fn unpost(&mut self, slot: u32) {
        if let Some(at) = self.postings.iter().position(|posting| posting.slot == slot) {
            self.postings.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_the_entropy() {
        let mut spread = Spread::default();
        assert!((spread.weight(4.0) - 1.0).abs() < 1e-6);
        for _ in 0..8 {
            spread.change(0.0, 1.0);
            spread.change(1.0, 3.0);
        }
        // Eight clusters alike: entropy ln 8.
        assert!((spread.weight(1.0) - 0.125).abs() < 1e-6);
        spread.scale(0.01);
        assert!((spread.weight(1.0) - 0.125).abs() < 1e-6);
        spread.unite(0.03, 0.03);
        assert!(spread.weight(1.0) > 0.125);
    }

    #[test]
    fn postings_are_bounded_and_keep_the_weightiest() {
        let mut terms = Terms::new(10);
        let id = terms.intern(UNKNOWN, 7, FeatureKind::Word, (0, "flood")).unwrap();
        let term = terms.get_mut(id);
        for slot in 0..1_000 {
            term.post(slot, slot as f32, true);
        }
        assert_eq!(term.postings.len(), POSTINGS_MAX);
        assert!(term.postings.iter().all(|posting| posting.slot >= 1_000 - POSTINGS_MAX as u32));
        assert!(!term.post(2_000, 0.5, true));
    }

    #[test]
    fn a_long_word_takes_over_what_was_held_of_its_first_letters() {
        let mut terms = Terms::new(20);
        let write = |terms: &mut Terms, word: u64| {
            let (spelling, kind) = (word << 58, FeatureKind::Word);
            let feature = Feature { hash: 1, whole: 10 + word, form_hash: spelling, spelling, kind, text: (0, 0) };
            terms.intern_feature(UNKNOWN, &feature, (spelling, "word")).unwrap()
        };
        let stem = write(&mut terms, 0);
        terms.get_mut(stem).post(5, 1.0, true);
        assert!((0..40).all(|_| write(&mut terms, 0) == stem));
        assert_eq!([write(&mut terms, 1), write(&mut terms, 2)], [stem; 2]);
        // The fourth spelling crowds the letters; it is itself, and little of them.
        let rare = write(&mut terms, 3);
        assert!(rare != stem && terms.get(rare).hash == 13 && terms.get(rare).postings.is_empty());
        // The first one is nearly all of them.
        assert_eq!(write(&mut terms, 0), stem);
        assert_eq!((terms.get(stem).hash, terms.get(stem).postings.len(), terms.alone_of(stem)), (10, 1, 1));
        assert_eq!((write(&mut terms, 0), terms.find(10)), (stem, Some(stem)));
        let letters = terms.find(1).unwrap();
        assert!(letters != stem && terms.get(letters).hash == 1 && terms.get(letters).postings.is_empty());
    }

    #[test]
    fn a_full_table_forgets_what_nobody_holds() {
        let mut terms = Terms::new(2);
        let held = terms.intern(UNKNOWN, 1, FeatureKind::Word, (1, "a")).unwrap();
        terms.get_mut(held).held = 1;
        let free = terms.intern(UNKNOWN, 2, FeatureKind::Word, (2, "b")).unwrap();
        assert_eq!(terms.intern(UNKNOWN, 3, FeatureKind::Word, (3, "c")), Some(free));
        assert_eq!(terms.find(2), None);
        terms.get_mut(free).held = 1;
        assert_eq!(terms.intern(UNKNOWN, 4, FeatureKind::Word, (4, "d")), None);
    }

    #[test]
    fn a_long_word_stands_for_itself_once_its_first_letters_are_crowded_and_that_is_no_news() {
        let mut terms = Terms::new(100);
        let feature = |whole: u64| Feature {
            hash: 1,
            whole,
            form_hash: whole,
            spelling: whole,
            kind: FeatureKind::Word,
            text: (0, 0),
        };
        // Spellings are told apart by their first bits.
        let words: Vec<u64> = (1..=u64::from(CROWD)).map(|number| number << 58).collect();
        let (mut known, mut before) = (UNKNOWN, UNKNOWN);
        for second in 0..8_000 {
            terms.busy = second;
            if second % 10 == 0 {
                known = terms.intern_feature(known, &feature(words[0]), (words[0], "northbridge")).unwrap();
                let crowded = second > 5_000;
                assert_eq!(terms.find_feature(&feature(words[0])), Some(known));
                assert_eq!(terms.get(known).hash, if crowded { words[0] } else { 1 }, "{second}");
                before = if crowded { before } else { known };
            }
            if second == 5_000 {
                for word in &words[1..] {
                    terms.intern_feature(UNKNOWN, &feature(*word), (*word, "northborough")).unwrap();
                }
            }
        }
        // It was nearly all that was written with those letters: what clusters hold of them is its own now.
        assert_eq!(known, before);
        assert!((0.8..1.2).contains(&terms.rise(known)), "{}", terms.rise(known));
    }

    #[test]
    fn the_spelling_is_the_one_that_most_have() {
        let mut terms = Terms::new(9);
        let mut id = UNKNOWN;
        for form in ["floods", "flood", "flooding", "flood", "flood"] {
            id = terms.intern(id, 1, FeatureKind::Word, (form.len() as u64, form)).unwrap();
        }
        assert_eq!(terms.form(id), "flood");
    }
}
