//! [`OwnTerms`]: what a story holds of its terms. Most stories are of a few authors and never become anything, so that a term of theirs is
//! one small record.

use std::cmp::Ordering;
use std::ops::{Deref, DerefMut};

use super::authors::{Crowd, DAY, FewAuthors};
use super::config::FORMS_MAX;
use super::delta::TermDelta;
use super::features::FeatureKind;
use super::short::Short;

/// Half-lives of what is written now.
pub(super) const SCALES: usize = 2;
/// Posts, fading at each half-life.
pub(super) type Now = [f32; SCALES];

pub(super) fn times(now: Now, left: Now) -> Now {
    std::array::from_fn(|scale| now[scale] * left[scale])
}

pub(super) fn plus(now: Now, other: Now) -> Now {
    std::array::from_fn(|scale| now[scale] + other[scale])
}

/// Authors of a story who are known to its small records, as bits.
const AUTHORS_MAX: usize = u16::BITS as usize;
/// Places that are made when the first ones are full, of which there are as many as terms were told of first; and beyond them. Few sizes
/// are best: what is given back in one of them is no room for another.
const PLACES: usize = 32;
const MORE_PLACES: usize = 8;
/// Bytes for spellings that are made at once.
const TEXT_ROOM: usize = 128;
/// Bytes that all spellings of small records may take.
const TEXT_MAX: usize = 1 << 15;
/// And one of them.
const TEXT_LENGTH_MAX: usize = u8::MAX as usize;
/// In the place of a day: the term has no spelling; it is no small record.
const SPELT_NOWHERE: u8 = u8::MAX;
const LARGE: u8 = u8::MAX - 1;

#[derive(Clone, Copy)]
pub(super) struct OwnTerm {
    pub(super) hash: u64,
    /// Sum of its parts of unit vectors, over posts.
    pub(super) mass: f32,
    /// How much it sets apart, as last told.
    pub(super) weight: f32,
    /// Which part of all that was written with it stands here, as last told.
    pub(super) own: f32,
    /// How it rises, anywhere, as last told.
    pub(super) rise: f32,
    /// Of its posts that are no copies, fading: what is written now.
    pub(super) now: Now,
    pub(super) posts: u32,
    /// Of them, those that are no copies.
    pub(super) originals: u32,
    /// Where its one spelling stands, or, where there are several or many authors, its forms.
    at: u16,
    /// Who wrote it on the last day on which anybody did, as bits.
    authors: u16,
    /// That day, and the most authors of a day before it.
    day: u8,
    most: u8,
    pub(super) kind: FeatureKind,
}

const _: () = assert!(size_of::<OwnTerm>() == 48);

/// One spelling of a term, with those who wrote exactly that: words of one stem are one term, and one that is shown must have been
/// written by k authors itself.
#[derive(Clone)]
pub(super) struct Form {
    text: Short,
    authors: Crowd<FewAuthors>,
}

impl Form {
    /// What most wrote first; of equals, by the alphabet.
    fn most_written(&self, other: &Self) -> Ordering {
        let number = |form: &Self| form.authors.number();
        number(other).cmp(&number(self)).then_with(|| self.text.as_bytes().cmp(other.text.as_bytes()))
    }
}

/// Adds authors to a spelling. Of more than there is room for, the one with the fewest gives way.
fn add_form(forms: &mut Vec<Form>, text: &str, add: impl FnOnce(&mut Crowd<FewAuthors>)) {
    if let Some(known) = forms.iter_mut().find(|form| form.text == *text) {
        add(&mut known.authors);
        return;
    }
    let mut authors = Crowd::default();
    add(&mut authors);
    forms.push(Form { text: text.into(), authors });
    forms.sort_by(Form::most_written);
    forms.truncate(FORMS_MAX);
}

/// A story's terms.
///
/// A term with one spelling and few authors is a record of 48 bytes: its spelling stands with those of the others, and its authors are bits
/// of a list that all of them share. Any other has its forms beside it. Which of the two it is changes nothing that is said of it.
#[derive(Clone, Default)]
pub(super) struct OwnTerms {
    list: Vec<OwnTerm>,
    spelt: Spelt,
}

/// How a story's terms are spelt, and by whom.
#[derive(Clone, Default)]
struct Spelt {
    /// Spellings of small records: of each how many bytes it has, and itself.
    text: Vec<u8>,
    /// Their authors, at most [`AUTHORS_MAX`].
    tokens: Vec<u64>,
    /// Forms of the other terms; empty ones are free.
    large: Vec<Vec<Form>>,
    /// The day from which their days are counted.
    since: i64,
    /// Whether there may be authors of whom no record knows any more.
    untidy: bool,
}

impl Deref for OwnTerms {
    type Target = [OwnTerm];

    fn deref(&self) -> &[OwnTerm] {
        &self.list
    }
}

impl DerefMut for OwnTerms {
    fn deref_mut(&mut self) -> &mut [OwnTerm] {
        &mut self.list
    }
}

impl OwnTerms {
    /// Reads what is beside the records, so that it is near when it is needed.
    pub(super) fn fetch(&self) -> u64 {
        let records = self.list.iter().step_by(64 / size_of::<OwnTerm>() + 1).fold(0, |sum, term| sum ^ term.hash);
        let text = self.spelt.text.iter().step_by(64).fold(0, |sum, byte| sum ^ *byte);
        let large = self.spelt.large.iter().flatten().fold(0, |sum, form| sum ^ form.authors.number());
        records ^ u64::from(text) ^ self.spelt.tokens.first().copied().unwrap_or(0) ^ large
    }

    /// Memory beyond the value itself.
    pub(super) fn bytes(&self) -> usize {
        let Spelt { text, tokens, large, .. } = &self.spelt;
        let form = |form: &Form| size_of::<Form>() + form.text.bytes() + form.authors.last_day().bytes();
        self.list.capacity() * size_of::<OwnTerm>()
            + text.capacity()
            + tokens.capacity() * size_of::<u64>()
            + large.capacity() * size_of::<Vec<Form>>()
            + large.iter().flatten().map(form).sum::<usize>()
    }

    /// Makes places for the first terms.
    pub(super) fn reserve(&mut self, terms: usize) {
        if self.list.is_empty() {
            self.list.reserve_exact(terms);
        }
    }

    fn push(&mut self, term: OwnTerm) {
        if self.list.len() == self.list.capacity() {
            let more = PLACES.checked_sub(self.list.len()).filter(|more| *more > 0).unwrap_or(MORE_PLACES);
            self.list.reserve_exact(more);
        }
        self.list.push(term);
    }

    /// Adds what was told of a term: in how much it stands, and who wrote it so.
    pub(super) fn add(&mut self, told: &TermDelta, form: &str, authors: &[u64], mass: f32, minute: i64) {
        let mut place = self.list.iter().position(|known| known.hash == told.hash);
        if place.is_none() && told.stem != 0 {
            // So far it was told as its first letters.
            let of_stem = |known: &OwnTerm| known.hash == told.stem && self.is_shown_as(known, form);
            place = self.list.iter().position(of_stem);
            place.into_iter().for_each(|place| self.list[place].hash = told.hash);
        }
        let place = place.unwrap_or_else(|| {
            self.push(OwnTerm::new(told.hash, told.kind));
            self.list.len() - 1
        });
        let term = &mut self.list[place];
        term.mass += mass;
        term.weight = told.weight;
        term.own = told.own;
        term.rise = told.rise;
        term.posts = term.posts.saturating_add(told.posts);
        term.originals = term.originals.saturating_add(told.originals);
        term.now = plus(term.now, [told.originals as f32; SCALES]);
        if !self.spelt.add(term, form, authors, minute) {
            let add = |known: &mut Crowd<FewAuthors>| known.add(minute, &FewAuthors::from_sorted_unique(authors));
            self.spelt.change(term, |forms| add_form(forms, form, add));
        }
    }

    /// Adds those of a story that became part of this one; what is written there now has faded to a part.
    pub(super) fn take(&mut self, other: &Self, left: Now) {
        for term in &other.list {
            let place = self.list.iter().position(|known| known.hash == term.hash);
            let place = if let Some(place) = place {
                let known = &mut self.list[place];
                known.mass += term.mass;
                known.posts = known.posts.saturating_add(term.posts);
                known.originals = known.originals.saturating_add(term.originals);
                known.now = plus(known.now, times(term.now, left));
                place
            } else {
                self.push(OwnTerm { now: times(term.now, left), ..term.unspelt() });
                self.list.len() - 1
            };
            let more = other.spelt.forms(term);
            self.spelt.change(&mut self.list[place], |forms| {
                for form in &more {
                    add_form(forms, form.text.as_str(), |authors| authors.unite(&form.authors));
                }
            });
        }
    }

    /// Forgets posts and authors, and keeps which words these are.
    pub(super) fn begin_anew(&mut self) {
        for term in &mut self.list {
            *term = OwnTerm { posts: 0, originals: 0, now: Now::default(), ..term.unspelt() };
        }
        self.spelt = Spelt::default();
    }

    /// Puts them in order, the weightiest first; of more than there may be, so many stay.
    pub(super) fn keep(&mut self, max: usize, stay: usize) {
        let order = |a: &OwnTerm, b: &OwnTerm| b.mass.total_cmp(&a.mass).then(a.hash.cmp(&b.hash));
        if !self.list.is_sorted_by(|a, b| order(a, b).is_le()) {
            self.list.sort_unstable_by(order);
        }
        if self.list.len() > max {
            for gone in self.list.drain(stay..) {
                if gone.day == LARGE {
                    self.spelt.large[usize::from(gone.at)] = Vec::new();
                }
            }
            self.list.shrink_to(PLACES);
            self.spelt.tidy(&mut self.list);
        } else if self.spelt.untidy {
            self.spelt.tidy(&mut self.list);
        }
    }

    /// The spelling that most wrote, and how many at least, on one day.
    pub(super) fn shown(&self, term: &OwnTerm) -> Option<(&str, u64)> {
        match term.day {
            SPELT_NOWHERE => None,
            LARGE => self.spelt.most_written(term).map(|form| (form.text.as_str(), form.authors.number())),
            // It was one when it was put there.
            _ => Some((std::str::from_utf8(self.spelt.text_at(term.at)).unwrap_or_default(), term.number())),
        }
    }

    /// It as text; nothing where no spelling is known.
    pub(super) fn text(&self, term: &OwnTerm) -> &str {
        self.shown(term).map_or("", |(text, _)| text)
    }

    /// Whether that is its text.
    pub(super) fn is_shown_as(&self, term: &OwnTerm, text: &str) -> bool {
        let known = match term.day {
            SPELT_NOWHERE => None,
            LARGE => self.spelt.most_written(term).map(|form| form.text.as_bytes()),
            _ => Some(self.spelt.text_at(term.at)),
        };
        known.unwrap_or_default() == text.as_bytes()
    }

    /// Whether so many authors wrote one of its spellings.
    pub(super) fn is_known_by(&self, term: &OwnTerm, k: u64) -> bool {
        match term.day {
            SPELT_NOWHERE => false,
            LARGE => self.spelt.large[usize::from(term.at)].iter().any(|form| form.authors.number() >= k),
            _ => term.number() >= k,
        }
    }
}

impl OwnTerm {
    /// One that stands in no post so far.
    pub(super) fn new(hash: u64, kind: FeatureKind) -> Self {
        Self {
            hash,
            mass: 0.0,
            weight: 0.0,
            own: 0.0,
            rise: 0.0,
            now: Now::default(),
            posts: 0,
            originals: 0,
            at: 0,
            authors: 0,
            day: SPELT_NOWHERE,
            most: 0,
            kind,
        }
    }

    /// It without a spelling.
    fn unspelt(self) -> Self {
        Self { at: 0, authors: 0, day: SPELT_NOWHERE, most: 0, ..self }
    }

    /// Authors of a small record.
    fn number(&self) -> u64 {
        u64::from(self.most).max(self.authors.count_ones().into())
    }
}

impl Spelt {
    fn text_at(&self, at: u16) -> &[u8] {
        let at = usize::from(at);
        &self.text[at + 1..=at + usize::from(self.text[at])]
    }

    /// The form of a term that is no small record which most wrote.
    fn most_written(&self, term: &OwnTerm) -> Option<&Form> {
        self.large[usize::from(term.at)].iter().min_by(|a, b| a.most_written(b))
    }

    fn put_text(&mut self, text: &str) -> Option<u16> {
        let at = self.text.len();
        if at + text.len() >= TEXT_MAX || text.len() > TEXT_LENGTH_MAX {
            self.untidy = true;
            return None;
        }
        if self.text.capacity() - at <= text.len() {
            self.text.reserve_exact(TEXT_ROOM.max(text.len() + 1));
        }
        self.text.push(text.len() as u8);
        self.text.extend_from_slice(text.as_bytes());
        Some(at as u16)
    }

    /// These authors as bits, if there is room for those that are new.
    fn bits_of(&mut self, authors: &[u64]) -> Option<u16> {
        if authors.len() > AUTHORS_MAX {
            return None;
        }
        let mut bits = 0;
        for author in authors {
            let known = self.tokens.iter().position(|token| token == author);
            let place = known.unwrap_or(self.tokens.len());
            if place == AUTHORS_MAX {
                self.untidy = true;
                return None;
            }
            if known.is_none() {
                self.tokens.push(*author);
            }
            bits |= 1 << place;
        }
        Some(bits)
    }

    /// A day as small records know it.
    fn day_of(&self, day: i64) -> Option<u8> {
        u8::try_from(day.checked_sub(self.since)?).ok().filter(|day| *day < LARGE)
    }

    /// Adds authors to a small record, or to one that has no spelling yet; `false`, and nothing done, if it cannot be one after that.
    fn add(&mut self, term: &mut OwnTerm, form: &str, authors: &[u64], minute: i64) -> bool {
        if term.day == LARGE {
            return false;
        }
        let is_new = term.day == SPELT_NOWHERE;
        // As of a crowd.
        let day = minute.div_euclid(DAY);
        if day < 0 || !is_new && self.text_at(term.at) != form.as_bytes() {
            return false;
        }
        if self.text.is_empty() {
            self.since = day;
        }
        let Some(day) = self.day_of(day) else { return false };
        if !is_new && day < term.day {
            return true;
        }
        let Some(bits) = self.bits_of(authors) else { return false };
        if is_new {
            let Some(at) = self.put_text(form) else { return false };
            (term.at, term.authors, term.day, term.most) = (at, bits, day, 0);
        } else if day > term.day {
            let most = term.most.max(term.authors.count_ones() as u8);
            (term.authors, term.day, term.most) = (bits, day, most);
            self.untidy = true;
        } else {
            term.authors |= bits;
        }
        true
    }

    /// A term's spellings, with their authors.
    fn forms(&self, term: &OwnTerm) -> Vec<Form> {
        match term.day {
            SPELT_NOWHERE => Vec::new(),
            LARGE => self.large[usize::from(term.at)].clone(),
            _ => {
                let known = self.tokens.iter().enumerate().filter(|(place, _)| term.authors >> place & 1 == 1);
                let authors = known.map(|(_, token)| *token).collect();
                let day = self.since + i64::from(term.day);
                let authors = Crowd::of_days(day, authors, term.most.into());
                let text = std::str::from_utf8(self.text_at(term.at)).unwrap_or_default();
                vec![Form { text: text.into(), authors }]
            }
        }
    }

    /// Changes a term's spellings, whatever it is; afterwards it is a small record if it can be one.
    fn change(&mut self, term: &mut OwnTerm, change: impl FnOnce(&mut Vec<Form>)) {
        if term.day == LARGE {
            let at = usize::from(term.at);
            change(&mut self.large[at]);
            if self.large[at].len() == 1 {
                let forms = std::mem::take(&mut self.large[at]);
                match self.small(term, &forms) {
                    Some(small) => *term = small,
                    None => self.large[at] = forms,
                }
            }
            return;
        }
        let mut forms = self.forms(term);
        change(&mut forms);
        if let Some(small) = self.small(term, &forms) {
            *term = small;
            return;
        }
        let free = self.large.iter().position(Vec::is_empty).unwrap_or_else(|| {
            self.large.push(Vec::new());
            self.large.len() - 1
        });
        self.large[free] = forms;
        (term.at, term.authors, term.day, term.most) = (free as u16, 0, LARGE, 0);
    }

    /// A term with these spellings as a small record.
    fn small(&mut self, term: &OwnTerm, forms: &[Form]) -> Option<OwnTerm> {
        let [form] = forms else {
            return forms.is_empty().then_some(term.unspelt());
        };
        let (day, authors, most) = form.authors.days();
        if authors.len() > AUTHORS_MAX {
            return None;
        }
        if self.text.is_empty() {
            self.since = day;
        }
        let (day, most) = (self.day_of(day)?, u8::try_from(most).ok()?);
        let bits = self.bits_of(authors)?;
        let is_there = term.day < LARGE && self.text_at(term.at) == form.text.as_bytes();
        let at = if is_there { term.at } else { self.put_text(form.text.as_str())? };
        Some(OwnTerm { at, authors: bits, day, most, ..*term })
    }

    /// Forgets spellings that no record has, and authors that none knows.
    fn tidy(&mut self, list: &mut [OwnTerm]) {
        self.untidy = false;
        let (text, tokens) = (std::mem::take(&mut self.text), std::mem::take(&mut self.tokens));
        let of_all = list.iter().filter(|term| term.day < LARGE).fold(0, |bits, term| bits | term.authors);
        let is_known = |place: usize| of_all >> place & 1 == 1;
        self.tokens.extend(tokens.iter().enumerate().filter(|(place, _)| is_known(*place)).map(|(_, token)| *token));
        self.text.reserve_exact(text.len().next_multiple_of(TEXT_ROOM));
        for term in list.iter_mut().filter(|term| term.day < LARGE) {
            let (at, start) = (self.text.len(), usize::from(term.at));
            self.text.extend_from_slice(&text[start..=start + usize::from(text[start])]);
            term.at = at as u16;
            if self.tokens.len() < tokens.len() {
                let places = (0..AUTHORS_MAX).filter(|place| is_known(*place)).enumerate();
                term.authors = places.fold(0, |bits, (to, from)| bits | (term.authors >> from & 1) << to);
            }
        }
        while self.large.last().is_some_and(Vec::is_empty) {
            self.large.pop();
        }
    }
}

#[cfg(test)]
impl OwnTerms {
    /// Adds a term that nobody has written so far.
    pub(super) fn put(&mut self, term: OwnTerm, text: &str) {
        let mut term = term.unspelt();
        self.spelt.add(&mut term, text, &[], 0);
        self.push(term);
    }

    pub(super) fn truncate(&mut self, stay: usize) {
        self.list.truncate(stay);
    }

    pub(super) fn remove(&mut self, place: usize) {
        self.list.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::super::delta::Span;
    use super::*;

    fn told(hash: u64) -> TermDelta {
        TermDelta {
            hash,
            stem: 0,
            kind: FeatureKind::Word,
            form: Span::default(),
            part: 1.0,
            weight: 1.0,
            own: 1.0,
            rise: 1.0,
            posts: 1,
            originals: 1,
            authors: Span::default(),
        }
    }

    /// Terms by their forms alone.
    type Forms = BTreeMap<u64, Vec<Form>>;

    fn number(form: &Form) -> (String, u64) {
        (form.text.as_str().to_owned(), form.authors.number())
    }

    fn tokens(form: &Form) -> (String, Vec<u64>) {
        (form.text.as_str().to_owned(), form.authors.days().1.to_vec())
    }

    const TEXTS: [&str; 4] = ["bridge", "bridges", "Brücke", "a spelling of more bytes than stand in a short one"];

    /// What is told of one of two stories; or, rarely, the second becomes part of the first.
    fn story() -> impl Strategy<Value = (bool, u64, usize, Vec<u64>, i64)> {
        let text = prop_oneof![9 => Just(0_usize), 1 => 1..TEXTS.len()];
        let authors = prop_oneof![9 => btree_set(0_u64..9, 0..3), 1 => btree_set(0_u64..60, 0..30)];
        (any::<bool>(), 0_u64..6, text, authors, 0_i64..600).prop_map(|(is_first, hash, text, authors, minutes)| {
            (is_first, hash, text, authors.into_iter().collect(), minutes)
        })
    }

    proptest! {
        #[test]
        fn a_term_in_little_memory_says_what_its_forms_say(
            stories in vec(story(), 1..120), first_day in 0_i64..400, united_at in 0_usize..120, max in 3_usize..7,
        ) {
            let (mut terms, mut known) = ([OwnTerms::default(), OwnTerms::default()], [Forms::new(), Forms::new()]);
            let mut minute = first_day * DAY;
            for (number_of, (is_first, hash, text, authors, minutes)) in stories.into_iter().enumerate() {
                minute += minutes * 60;
                let story = usize::from(!is_first);
                let text = TEXTS[(text + hash as usize) % TEXTS.len()];
                terms[story].add(&told(hash), text, &authors, 1.0, minute);
                add_form(known[story].entry(hash).or_default(), text, |crowd| {
                    crowd.add(minute, &FewAuthors::from_sorted_unique(&authors));
                });
                if number_of == united_at {
                    let (gone, of_gone) = (std::mem::take(&mut terms[1]), std::mem::take(&mut known[1]));
                    terms[0].take(&gone, [1.0; SCALES]);
                    for (hash, forms) in of_gone {
                        for form in forms {
                            let add = |crowd: &mut Crowd<FewAuthors>| crowd.unite(&form.authors);
                            add_form(known[0].entry(hash).or_default(), form.text.as_str(), add);
                        }
                    }
                }
                for (terms, known) in terms.iter_mut().zip(&mut known) {
                    terms.keep(max, max - 1);
                    known.retain(|hash, _| terms.iter().any(|term| term.hash == *hash));
                    prop_assert_eq!(terms.len(), known.len());
                    for term in terms.iter() {
                        let forms = &known[&term.hash];
                        let most = forms.iter().min_by(|a, b| a.most_written(b)).map(number);
                        prop_assert_eq!(terms.shown(term).map(|(text, authors)| (text.to_owned(), authors)), most);
                        prop_assert!(terms.is_shown_as(term, terms.text(term)));
                        for k in [0, 1, 5, 20] {
                            let is_known = forms.iter().any(|form| form.authors.number() >= k);
                            prop_assert_eq!(terms.is_known_by(term, k), is_known);
                        }
                        // Also of those that are not shown, and of no author more.
                        let sorted = |forms: &[Form]| {
                            let mut forms: Vec<_> = forms.iter().map(tokens).collect();
                            forms.sort();
                            forms
                        };
                        prop_assert_eq!(sorted(&terms.spelt.forms(term)), sorted(forms));
                    }
                    prop_assert!(terms.spelt.tokens.len() <= AUTHORS_MAX);
                }
            }
        }

        #[test]
        fn nobody_is_known_of_whom_no_term_knows(days in vec((0_u64..4, btree_set(0_u64..12, 1..4)), 1..20)) {
            let mut terms = OwnTerms::default();
            for (day, (hash, authors)) in (0..).zip(days) {
                // Each day has other tokens.
                let authors: Vec<u64> = authors.into_iter().map(|author| day * 100 + author).collect();
                terms.add(&told(hash), "bridge", &authors, 1.0, day as i64 * DAY);
                terms.keep(3, 2);
                let mut known: Vec<u64> = terms.iter().flat_map(|term| terms.spelt.forms(term)).flat_map(|form| tokens(&form).1).collect();
                known.sort_unstable();
                let mut kept = terms.spelt.tokens.clone();
                kept.sort_unstable();
                prop_assert_eq!(kept, known);
            }
        }
    }

    #[test]
    fn most_terms_of_most_stories_take_little_memory() {
        let mut terms = OwnTerms::default();
        terms.reserve(24);
        for author in 0..AUTHORS_MAX as u64 {
            (0..24).for_each(|hash| terms.add(&told(hash), "bridges", &[author], 1.0, 0));
        }
        assert!(terms.spelt.large.is_empty() && terms.bytes() <= 24 * (48 + 16) + AUTHORS_MAX * 8, "{}", terms.bytes());
        // Of one more, all is kept at length; and as before on another day.
        terms.add(&told(0), "bridges", &[99], 1.0, 60);
        assert_eq!((terms.shown(&terms[0]), terms.spelt.large.len()), (Some(("bridges", 17)), 1));
        terms.add(&told(0), "bridges", &[100], 1.0, DAY);
        terms.keep(32, 24);
        let first = terms.iter().find(|term| term.hash == 0).unwrap();
        assert!(first.day == LARGE && terms.shown(first) == Some(("bridges", 17)));
    }
}
