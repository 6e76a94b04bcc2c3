//! [`Families`]: one process's texts: those without company, in a ring, and families of the same or nearly the same text.

use groundswell_gate::AuthorBits;
use groundswell_sketch::{CellKey, Distinct};

use super::config::{
    ALONE_MINUTES_MAX, AmplifyConfig, AmplifyCounters, DOMAINS_MAX, LANGUAGES_MAX, MEMBERS_MAX, NEAR_WORDS_MIN,
    WINDOW_SECONDS,
};
use super::delta::{DomainDelta, FamilyDelta, LanguageDelta, LocalId, WordDelta};
use super::index::{Index, Place, Slot};
use super::log::{At, MinuteLog};
use super::places::{Form, Places};
use super::singles::{Single, Singles};
use super::words::{Aligner, Sketch, Sorted, Token, may_share, shared, sketch_of};
use crate::narrative::FewAuthors;
use crate::narrative::authors::same_day;
use crate::volume::Deletions;
#[cfg(debug_assertions)]
use crate::volume::Held;

/// Texts that one is compared with: those that share most keys with it.
const COMPARED_MAX: usize = 4;
/// Texts that are looked at for one post.
const FOUND_MAX: usize = 24;

/// A post as families see it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) minute: i64,
    /// Zero: it has none.
    pub(super) key: u64,
    pub(super) author: Option<u64>,
    pub(super) exact: u64,
    pub(super) language: [u8; 2],
    pub(super) repost: bool,
    pub(super) publisher: bool,
    pub(super) tokens: &'a [Token],
    /// Where the rest is, which only those that join a family are asked for.
    pub(super) log: &'a MinuteLog,
    pub(super) at: At,
}

/// Reads the words of a post that joins a family: their normal forms, and which of them look like a name.
pub(super) trait Reader {
    fn forms<'a>(&'a mut self, text: &str, out: &mut Vec<Form<'a>>);
}

struct Member {
    key: u64,
    author: Option<u64>,
}

/// What the owner has not been told.
#[derive(Default)]
struct Untold {
    counts: Vec<(i64, u32)>,
    /// By minute; one author's posts one after the other are one.
    authors: Vec<(i64, u64)>,
    key: CellKey,
    languages: Vec<LanguageDelta>,
    domains: Vec<DomainDelta>,
    reposts: u32,
    repost_authors: AuthorBits,
    repost_key: CellKey,
    publishers: u32,
}

struct Family {
    id: LocalId,
    /// Of its first post; zero once that was deleted.
    exact: u64,
    places: Places,
    members: Vec<Member>,
    posts: u32,
    /// The day of the authors in `places`.
    day: i64,
    /// Minute of the last post.
    last: i64,
    /// The one author, as long as there is no other.
    only: Option<u64>,
    /// More than one author: the owner is told.
    several: bool,
    known_to_owner: bool,
    touched: bool,
    /// Its memory, when it was last measured.
    bytes: usize,
    untold: Untold,
}

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Alone,
    Joined(LocalId),
    /// The text before it, without company until now, is of the family, too: that post's key.
    Opened(LocalId, u64),
}

pub(super) struct Families {
    config: AmplifyConfig,
    index: Index,
    singles: Singles,
    list: Vec<Option<Family>>,
    free: Vec<u32>,
    touched: Vec<u32>,
    next_id: u64,
    /// Memory of all families, as they were measured.
    list_bytes: usize,
    ended: Vec<LocalId>,
    counters: AmplifyCounters,
    aligner: Aligner,
    pairs: Vec<(u16, u16)>,
    found: Vec<(u32, Slot)>,
    /// Of the post that is looked at, once something is compared with it.
    sorted: Sorted,
}

impl Families {
    pub(super) fn new(config: AmplifyConfig) -> Self {
        Self {
            // A text has a dozen keys, and a bucket's four places are taken by the latest.
            index: Index::new(config.singles_max.max(64) * 8),
            singles: Singles::new(config.singles_max),
            list: Vec::new(),
            free: Vec::new(),
            touched: Vec::new(),
            next_id: 1,
            list_bytes: 0,
            ended: Vec::new(),
            counters: AmplifyCounters::default(),
            aligner: Aligner::default(),
            pairs: Vec::new(),
            found: Vec::new(),
            sorted: Sorted::default(),
            config,
        }
    }

    pub(super) fn counters(&self) -> AmplifyCounters {
        self.counters
    }

    pub(super) fn counters_mut(&mut self) -> &mut AmplifyCounters {
        &mut self.counters
    }

    /// Families that live.
    pub(super) fn live(&self) -> usize {
        self.list.len() - self.free.len()
    }

    /// Memory of the families alone, roughly.
    pub(super) fn list_bytes(&self) -> usize {
        self.list_bytes
    }

    /// Memory of the tables, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.index.bytes() + self.singles.bytes() + self.list_bytes
    }

    /// Sketches a text that will be taken soon, and brings in what will be looked at then. The platform's button passes on the very text:
    /// of that, nothing near is looked for.
    pub(super) fn sketch(&self, tokens: &[Token], exact: u64, repost: bool) -> Sketch {
        let sketch = if repost { Sketch::default() } else { sketch_of(tokens) };
        self.index.bring(sketch.keys.into_iter().chain([exact]));
        sketch
    }

    /// Takes the next post.
    pub(super) fn take(&mut self, view: &View<'_>, sketch: &Sketch, reader: &mut dyn Reader) -> Taken {
        self.counters.posts_read += 1;
        self.sorted.clear();
        match self.find(view, sketch).map(Slot::place) {
            Some(Place::Family(at)) => {
                let Some(family) = &mut self.list[at] else { return Taken::Alone };
                let id = family.id;
                if view.repost {
                    self.counters.reposts += 1;
                    family.repost(view);
                } else {
                    self.counters.copies += u64::from(!view.publisher);
                    self.join(at, view, reader);
                    self.note(sketch, view.exact, Slot::family(at));
                }
                self.touch(at);
                Taken::Joined(id)
            }
            Some(Place::Single(_)) if view.repost => Taken::Alone,
            Some(Place::Single(single)) => {
                let (at, first) = self.open(single);
                self.counters.copies += u64::from(!view.publisher);
                self.join(at, view, reader);
                self.note(sketch, view.exact, Slot::family(at));
                self.touch(at);
                Taken::Opened(self.list[at].as_ref().map_or(LocalId(0), |family| family.id), first)
            }
            None => {
                if !view.repost {
                    let at = self.remember(view);
                    self.note(sketch, view.exact, Slot::single(at));
                }
                Taken::Alone
            }
        }
    }

    fn note(&mut self, sketch: &Sketch, exact: u64, slot: Slot) {
        self.index.note(exact, slot, sketch.bits);
        for key in sketch.keys.iter().filter(|key| **key != 0) {
            self.index.note(*key, slot, sketch.bits);
        }
    }

    /// Where a slot leads now.
    fn resolve(&self, slot: Slot) -> Option<Slot> {
        match slot.place() {
            Place::Family(at) => self.list.get(at)?.is_some().then_some(slot),
            Place::Single(at) => {
                let single = self.singles.get(at)?;
                match single.family {
                    0 if single.exact == 0 => None,
                    0 => Some(slot),
                    family => self.resolve(Slot::family(family as usize - 1)),
                }
            }
        }
    }

    /// The text that a post is a copy of.
    fn find(&mut self, view: &View<'_>, sketch: &Sketch) -> Option<Slot> {
        self.found.clear();
        for (slot, _) in self.index.find(view.exact) {
            let Some(slot) = self.resolve(slot) else { continue };
            let exact = match slot.place() {
                Place::Family(at) => self.list[at].as_ref().map_or(0, |family| family.exact),
                Place::Single(at) => self.singles.get(at).map_or(0, |single| single.exact),
            };
            if exact == view.exact {
                return Some(slot);
            }
        }
        if view.tokens.len() < NEAR_WORDS_MIN {
            return None;
        }
        for key in std::iter::once(&view.exact).chain(&sketch.keys).filter(|key| **key != 0) {
            for (slot, bits) in self.index.find(*key) {
                if !view.repost && !may_share(sketch.bits, bits) {
                    continue;
                }
                let Some(slot) = self.resolve(slot) else { continue };
                if let Some(known) = self.found.iter_mut().find(|(_, other)| *other == slot) {
                    known.0 += 1;
                } else if self.found.len() < FOUND_MAX {
                    self.found.push((1, slot));
                }
            }
        }
        let mut found = std::mem::take(&mut self.found);
        // A family has noted the keys of all its posts, so of as many it is the likelier one.
        found.sort_unstable_by(|a, b| b.cmp(a));
        let mut best: Option<(f32, Slot)> = None;
        for (_, slot) in found.iter().take(COMPARED_MAX) {
            if self.sorted.tokens().is_empty() {
                self.sorted.read(view.tokens);
            }
            let other = match slot.place() {
                Place::Family(at) => self.list[at].as_ref().map_or(&[][..], |family| family.places.sorted()),
                Place::Single(at) => {
                    Some(self.singles.sorted(at)).filter(|words| words.len() >= NEAR_WORDS_MIN).unwrap_or_default()
                }
            };
            let part = shared(self.sorted.tokens(), other);
            if part >= self.config.join && best.is_none_or(|(most, _)| part > most) {
                best = Some((part, *slot));
            }
        }
        self.found = found;
        best.map(|(_, slot)| slot)
    }

    /// Keeps a text without company, in place of the oldest one.
    fn remember(&mut self, view: &View<'_>) -> usize {
        if self.sorted.tokens().is_empty() {
            self.sorted.read(view.tokens);
        }
        let single = Single {
            exact: view.exact,
            key: view.key,
            author: view.author,
            minute: view.minute,
            language: view.language,
            publisher: view.publisher,
            ..Single::default()
        };
        let (at, forgotten) = self.singles.push(single, &self.sorted);
        self.counters.singles_forgotten += u64::from(forgotten);
        at
    }

    /// Makes a family of a text that has got company; says where it is, and the text's key.
    fn open(&mut self, single: usize) -> (usize, u64) {
        let at = if let Some(at) = self.free.pop() {
            at as usize
        } else {
            self.list.push(None);
            self.list.len() - 1
        };
        let (first, tokens) = self.singles.take(single, at as u32 + 1);
        let mut family = Family {
            id: LocalId(self.next_id),
            exact: first.exact,
            places: Places::first(&tokens, first.author),
            members: vec![Member { key: first.key, author: first.author }],
            posts: 0,
            day: first.minute.div_euclid(86_400),
            last: first.minute,
            only: first.author,
            several: false,
            known_to_owner: false,
            touched: false,
            bytes: 0,
            untold: Untold::default(),
        };
        if first.publisher {
            family.untold.publishers = 1;
        } else {
            family.count(first.minute, first.author, first.language);
        }
        self.next_id += 1;
        self.counters.families_opened += 1;
        self.list[at] = Some(family);
        (at, first.key)
    }

    fn join(&mut self, at: usize, view: &View<'_>, reader: &mut dyn Reader) {
        let Some(family) = &mut self.list[at] else { return };
        let day = view.minute.div_euclid(86_400);
        if day > family.day {
            family.day = day;
            family.places.new_day();
            // Tokens of two days must not meet.
            family.untold.domains.iter_mut().for_each(|domain| domain.authors = FewAuthors::default());
            family.untold.languages.iter_mut().for_each(|language| language.authors = AuthorBits::default());
            family.untold.repost_authors = AuthorBits::default();
        }
        family.last = family.last.max(view.minute);
        if view.publisher {
            family.untold.publishers += 1;
            return;
        }
        let author = view.author.filter(|_| day == family.day);
        if family.members.len() < MEMBERS_MAX {
            family.members.push(Member { key: view.key, author: view.author });
            let mut forms = Vec::new();
            reader.forms(view.log.text_of(view.at), &mut forms);
            family.places.add(view.tokens, author, Some(&forms), &mut self.aligner, &mut self.pairs);
        } else {
            family.places.add(view.tokens, author, None, &mut self.aligner, &mut self.pairs);
        }
        family.several |= match (family.only, view.author) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        };
        family.only = family.only.or(view.author);
        family.count(view.minute, view.author, view.language);
        for domain in view.log.domains_of(view.at) {
            let known = family.untold.domains.iter().position(|known| known.domain == domain);
            let known = known.or_else(|| {
                let room = family.untold.domains.len() < DOMAINS_MAX;
                if room {
                    family
                        .untold
                        .domains
                        .push(DomainDelta { domain: domain.to_owned(), authors: FewAuthors::default() });
                } else {
                    self.counters.family_domains_left_out += 1;
                }
                room.then(|| family.untold.domains.len() - 1)
            });
            if let (Some(known), Some(author)) = (known, author) {
                family.untold.domains[known].authors.insert(author);
            }
        }
    }

    fn touch(&mut self, at: usize) {
        if let Some(family) = self.list[at].as_mut().filter(|family| !family.touched) {
            family.touched = true;
            self.touched.push(at as u32);
        }
    }

    /// Forgets what is held of posts that are named: texts without company; of families of which the post can still be found the
    /// words that only its author wrote. What was told to the owner stays: only words of two authors were.
    pub(super) fn delete(&mut self, deletions: &Deletions) {
        let key_of = |key: u64| Some(key).filter(|key| *key != 0);
        for at in 0..self.singles.len() {
            let named = |single: &&Single| single.exact != 0 && deletions.names(key_of(single.key), single.author);
            if self.singles.get(at).as_ref().is_some_and(named) {
                let (single, tokens) = self.singles.take(at, 0);
                let keys = sketch_of(&tokens).keys;
                for key in keys.iter().chain([&single.exact]).filter(|key| **key != 0) {
                    self.index.forget(*key, Slot::single(at));
                }
            }
        }
        for at in 0..self.list.len() {
            let Some(family) = &mut self.list[at] else { continue };
            let named = |member: &Member| deletions.names(key_of(member.key), member.author);
            if !family.members.iter().any(named) {
                continue;
            }
            if family.members.first().is_some_and(named) && family.places.leading().len() >= NEAR_WORDS_MIN {
                family.exact = 0;
            }
            let is_whole = family.members.len() < MEMBERS_MAX;
            let (gone, left): (Vec<_>, Vec<_>) = std::mem::take(&mut family.members).into_iter().partition(named);
            family.members = left;
            for author in gone.iter().filter_map(|member| member.author) {
                if family.members.iter().all(|member| member.author != Some(author)) {
                    family.places.forget(author);
                    family.only = family.only.filter(|only| *only != author);
                    family.untold.authors.retain(|(_, told)| *told != author);
                    family.untold.domains.iter_mut().for_each(|domain| {
                        domain.authors.remove(author);
                    });
                    family.untold.domains.retain(|domain| !domain.authors.is_empty());
                }
            }
            if family.members.len() < 2 && is_whole {
                self.drop_family(at);
            }
        }
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub(super) fn held(&self, held: &mut Held) {
        self.singles.held(held);
        for family in self.list.iter().flatten() {
            held.keys.extend(family.members.iter().map(|member| member.key));
            held.authors.extend(family.members.iter().filter_map(|member| member.author));
            held.authors.extend(family.only);
            held.authors.extend(family.untold.authors.iter().map(|(_, author)| *author));
            for choice in family.places.all() {
                held.authors.extend(choice.authors.tokens().iter().copied());
                held.values.push_str(choice.form.as_deref().unwrap_or_default());
                held.values.push('\n');
            }
            for domain in &family.untold.domains {
                held.authors.extend(domain.authors.tokens().iter().copied());
                held.values.push_str(&domain.domain);
                held.values.push('\n');
            }
        }
    }

    fn drop_family(&mut self, at: usize) {
        if let Some(family) = self.list[at].take() {
            self.free.push(at as u32);
            self.list_bytes -= family.bytes;
            if family.known_to_owner {
                self.ended.push(family.id);
            }
        }
    }

    /// What the owner must know of the families that were written to in a minute; then makes room.
    pub(super) fn tell(&mut self, minute: i64) -> (Vec<FamilyDelta>, Vec<LocalId>) {
        let mut told = Vec::new();
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        for at in touched.drain(..) {
            let Some(family) = &mut self.list[at as usize] else { continue };
            family.touched = false;
            if family.several {
                family.known_to_owner = true;
                told.push(family.tell(minute));
            } else {
                self.counters.family_minutes_left_out += family.untold.shorten();
            }
            let bytes = family.measure();
            self.list_bytes = self.list_bytes - std::mem::replace(&mut family.bytes, bytes) + bytes;
        }
        self.touched = touched;
        self.make_room(minute);
        (told, std::mem::take(&mut self.ended))
    }

    fn make_room(&mut self, minute: i64) {
        let before = minute - WINDOW_SECONDS;
        // Once an hour is often enough for what is a day old.
        if minute.rem_euclid(3_600) == 0 {
            for at in 0..self.list.len() {
                if self.list[at].as_ref().is_some_and(|family| family.last < before) {
                    self.drop_family(at);
                }
            }
        }
        if self.live() <= self.config.families_max && self.list_bytes <= self.config.families_bytes_max {
            return;
        }
        // Families of one author go first.
        let mut order: Vec<(bool, i64, u64, usize)> = (0..)
            .zip(&self.list)
            .filter_map(|(at, family)| family.as_ref().map(|family| (family.several, family.last, family.id.0, at)))
            .collect();
        order.sort_unstable();
        let (most, bytes_most) = (self.config.families_max / 4 * 3, self.config.families_bytes_max / 4 * 3);
        for (.., at) in order {
            if self.live() <= most && self.list_bytes <= bytes_most {
                break;
            }
            self.counters.families_evicted += 1;
            self.drop_family(at);
        }
    }
}

impl Untold {
    /// Forgets the earliest minutes beyond [`ALONE_MINUTES_MAX`]; says how many.
    fn shorten(&mut self) -> u64 {
        let over = self.counts.len().saturating_sub(ALONE_MINUTES_MAX);
        if over > 0 {
            self.counts.sort_unstable();
            self.counts.drain(..over);
            let first = self.counts.first().map_or(i64::MIN, |(minute, _)| *minute);
            self.authors.retain(|(minute, _)| *minute >= first);
        }
        over as u64
    }
}

impl Family {
    /// Its memory, roughly.
    fn measure(&self) -> usize {
        let Untold { counts, authors, languages, domains, .. } = &self.untold;
        size_of::<Option<Self>>()
            + self.places.bytes()
            + self.members.capacity() * size_of::<Member>()
            + counts.capacity() * size_of::<(i64, u32)>()
            + authors.capacity() * size_of::<(i64, u64)>()
            + languages.capacity() * size_of::<LanguageDelta>()
            + domains.capacity() * size_of::<DomainDelta>()
    }

    fn count(&mut self, minute: i64, author: Option<u64>, language: [u8; 2]) {
        self.posts += 1;
        let untold = &mut self.untold;
        match untold.counts.iter_mut().find(|(of, _)| *of == minute) {
            Some((_, posts)) => *posts += 1,
            None => untold.counts.push((minute, 1)),
        }
        if let Some(author) = author {
            untold.key.add(CellKey::of_author(author));
            if untold.authors.last() != Some(&(minute, author)) {
                untold.authors.push((minute, author));
            }
        }
        let known = untold.languages.iter().position(|known| known.language == language).or_else(|| {
            (untold.languages.len() < LANGUAGES_MAX).then(|| {
                untold.languages.push(LanguageDelta { language, posts: 0, authors: AuthorBits::default() });
                untold.languages.len() - 1
            })
        });
        if let Some(known) = known {
            untold.languages[known].posts += 1;
            // Tokens of another day must not meet those of the day that is told.
            if let Some(author) = author.filter(|_| minute.div_euclid(86_400) == self.day) {
                untold.languages[known].authors.insert(author);
            }
        }
    }

    fn repost(&mut self, view: &View<'_>) {
        self.untold.reposts += 1;
        if let Some(author) = view.author {
            self.untold.repost_key.add(CellKey::of_author(author));
            if view.minute.div_euclid(86_400) == self.day {
                self.untold.repost_authors.insert(author);
            }
        }
    }

    fn tell(&mut self, minute: i64) -> FamilyDelta {
        let mut untold = std::mem::take(&mut self.untold);
        untold.authors.sort_unstable();
        untold.authors.dedup();
        let timeline = untold.counts.iter().map(|(of, posts)| {
            let authors = untold.authors.iter().filter(|(of_author, _)| of_author == of).count();
            (*of, *posts, authors as u32)
        });
        let timeline = timeline.collect();
        let of_day = untold.authors.iter().filter(|(of, _)| same_day(*of, minute));
        let mut tokens: Vec<u64> = of_day.map(|(_, author)| *author).collect();
        tokens.sort_unstable();
        tokens.dedup();
        let words = self
            .places
            .changed()
            .filter_map(|(place, choice)| {
                let form = choice.form.as_deref()?.to_owned();
                choice.changed = false;
                Some(WordDelta {
                    place,
                    token: choice.token,
                    form,
                    posts: choice.posts - std::mem::replace(&mut choice.told, choice.posts),
                    authors: choice.authors.clone(),
                    name_like: choice.name_like,
                })
            })
            .collect();
        FamilyDelta {
            id: self.id,
            sequence: self.places.common().collect(),
            timeline,
            key: untold.key,
            authors: Distinct::from_sorted_unique(&tokens),
            words,
            languages: untold.languages,
            domains: untold.domains,
            reposts: untold.reposts,
            repost_authors: untold.repost_authors,
            repost_key: untold.repost_key,
            publishers: untold.publishers,
        }
    }
}
