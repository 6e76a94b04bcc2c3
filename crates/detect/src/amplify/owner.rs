//! [`Amplifications`]: the owner. Puts the processes' families together and says which of them are amplifications.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use groundswell_gate::{AmplificationCandidate, AmplificationId};
use groundswell_sketch::Distinct;

use super::config::{AmplifyConfig, AmplifyCounters, NEAR_WORDS_MIN, WINDOW_SECONDS, WORDS_MIN};
use super::delta::{AmplifyDelta, FamilyDelta};
use super::index::{Index, Place, Slot};
use super::judge::{Minutes, Verdict, judge, measure};
use super::owned::{LocalKey, Owned};
use super::push::{Pushes, in_both};
use super::words::{Aligner, Token, mix, sketch_of, weight_of};

mod saved;

pub use saved::SavedAmplifications;

/// Bits of the number within the minute.
const NUMBER_BITS: u32 = 24;
/// Families that one is compared with.
const COMPARED_MAX: usize = 4;

/// The owner of all families.
///
/// Give it the deltas of all processes of a minute, in any order, and close the minute. What it says depends on the deltas and their
/// processes' numbers alone.
pub struct Amplifications {
    config: AmplifyConfig,
    k: u64,
    /// Deltas of minutes that are not closed.
    open: BTreeMap<i64, Vec<(u16, AmplifyDelta)>>,
    closed_before: i64,
    families: Vec<Option<Owned>>,
    /// Memory of all of them, as they were measured.
    bytes: usize,
    free: Vec<usize>,
    locals: BTreeMap<LocalKey, usize>,
    index: Index,
    /// Posts of everybody.
    all: Minutes,
    /// Families that enough authors carry and that are not judged yet, or were and go on.
    waiting: BTreeSet<usize>,
    amplified: BTreeSet<usize>,
    /// Links and hashtags.
    pushes: Pushes,
    counters: AmplifyCounters,
    aligner: Aligner,
    pairs: Vec<(u16, u16)>,
}

impl fmt::Debug for Amplifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amplifications({} families, redacted)", self.len())
    }
}

impl Amplifications {
    /// Knows no family. One can be an amplification when `k` authors carry it.
    pub fn new(config: AmplifyConfig, k: u64) -> Self {
        Self {
            index: Index::new(config.owned_max * 16),
            config,
            k,
            open: BTreeMap::new(),
            closed_before: i64::MIN,
            families: Vec::new(),
            bytes: 0,
            free: Vec::new(),
            locals: BTreeMap::new(),
            all: Minutes::default(),
            waiting: BTreeSet::new(),
            amplified: BTreeSet::new(),
            pushes: Pushes::default(),
            counters: AmplifyCounters::default(),
            aligner: Aligner::default(),
            pairs: Vec::new(),
        }
    }

    /// Takes what one process saw of a minute.
    pub fn merge(&mut self, process: u16, delta: AmplifyDelta) {
        if delta.minute.saturating_add(60) <= self.closed_before {
            self.counters.family_deltas_late += 1;
            return;
        }
        self.open.entry(delta.minute).or_default().push((process, delta));
    }

    /// Families that are known.
    pub fn len(&self) -> usize {
        self.families.len() - self.free.len()
    }

    /// Memory of the families, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Memory of links and hashtags, roughly.
    pub fn pushes_bytes(&self) -> usize {
        self.pushes.bytes()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was counted.
    pub fn counters(&self) -> AmplifyCounters {
        self.counters
    }

    /// The number of the family that a process's is part of, for evaluations: families that were forgotten have none.
    pub fn became(&self, process: u16, local: super::LocalId) -> Option<usize> {
        self.locals.get(&(process, local)).copied()
    }

    /// The amplification that a process's family is part of, for evaluations.
    pub fn amplification_of(&self, process: u16, local: super::LocalId) -> Option<AmplificationId> {
        self.families.get(self.became(process, local)?)?.as_ref()?.id
    }

    /// Closes all minutes that end at or before a second, and proposes what is an amplification, by minute and id. It is the same however
    /// many minutes are closed at once.
    pub fn close(&mut self, before_unix: i64) -> Vec<AmplificationCandidate> {
        let mut proposed = Vec::new();
        while let Some(minute) = self.next_minute(before_unix) {
            let mut changed = BTreeSet::new();
            if let Some(mut parts) = self.open.remove(&minute) {
                // A process's deltas of one minute stay in their order.
                parts.sort_by_key(|(process, _)| *process);
                self.close_minute(minute, &parts, &mut changed);
            }
            self.decide(minute, &mut changed);
            proposed.extend(self.propose(minute, &changed));
            self.closed_before = self.closed_before.max(minute + 60);
        }
        self.closed_before = self.closed_before.max(before_unix);
        proposed
    }

    /// The next minute of which something came; while time may decide about something, also one in which nobody wrote.
    fn next_minute(&self, before_unix: i64) -> Option<i64> {
        let came = self.open.first_key_value().map(|(minute, _)| *minute).filter(|minute| minute + 60 <= before_unix);
        let is_undecided = !(self.waiting.is_empty() && self.pushes.is_decided());
        let passes = is_undecided && self.closed_before > i64::MIN && before_unix < i64::MAX;
        let next = passes.then(|| self.closed_before.div_euclid(60) * 60).filter(|minute| minute + 60 <= before_unix);
        came.into_iter().chain(next).min()
    }

    fn close_minute(&mut self, minute: i64, parts: &[(u16, AmplifyDelta)], changed: &mut BTreeSet<usize>) {
        let mut touched = BTreeSet::new();
        for (process, delta) in parts {
            self.all.add(minute, delta.posts, 0);
            for family in &delta.families {
                let at = self.place((*process, family.id), family, minute);
                touched.insert(at);
            }
        }
        for at in touched.clone() {
            if let Some(into) = self.look_for_others(at) {
                touched.remove(&at);
                touched.insert(into);
            }
        }
        for (process, delta) in parts {
            for local in &delta.ended {
                self.forget_local((*process, *local));
            }
        }
        for at in &touched {
            let Some(family) = &mut self.families[*at] else { continue };
            let authors = family.authors.number();
            family.buckets.close(minute, self.k, authors);
            if authors >= self.k && family.id.is_none() {
                self.waiting.insert(*at);
            }
        }
        touched.iter().for_each(|at| self.measure(*at));
        changed.extend(touched);
        self.make_room(minute);
        let objects = parts.iter().flat_map(|(_, delta)| &delta.objects);
        self.pushes.close_minute(minute, objects, self.k, &mut self.counters);
    }

    /// Adds a process's family to the one that it is part of.
    fn place(&mut self, local: LocalKey, delta: &FamilyDelta, minute: i64) -> usize {
        let at = if let Some(at) = self.locals.get(&local) {
            *at
        } else {
            let at = self.find(&delta.sequence, None).unwrap_or_else(|| self.open_family(local));
            self.locals.insert(local, at);
            if let Some(family) = &mut self.families[at] {
                family.locals.push(local);
            }
            at
        };
        let mut places = Vec::new();
        if let Some(family) = &self.families[at] {
            if family.axis == Some(local) {
                let own =
                    delta.sequence.iter().map(|(place, _)| *place).chain(delta.words.iter().map(|word| word.place));
                places.extend(own.map(|place| (place, place)));
            } else {
                map(&delta.sequence, &family.sequence(), &mut self.aligner, &mut self.pairs, &mut places);
            }
        }
        if let Some(family) = &mut self.families[at] {
            family.absorb(delta, minute, &places);
        }
        at
    }

    /// Takes into account how large a family has become.
    fn measure(&mut self, at: usize) {
        if let Some(family) = self.families.get_mut(at).and_then(Option::as_mut) {
            let bytes = family.measure();
            self.bytes = self.bytes - std::mem::replace(&mut family.bytes, bytes) + bytes;
        }
    }

    fn open_family(&mut self, axis: LocalKey) -> usize {
        self.counters.families_opened += 1;
        let family = Some(Owned::new(axis));
        if let Some(at) = self.free.pop() {
            self.families[at] = family;
            at
        } else {
            self.families.push(family);
            self.families.len() - 1
        }
    }

    /// The family with a text like this, but for one: identical, or with enough of the shorter in the same order.
    fn find(&mut self, sequence: &[(u16, Token)], but: Option<usize>) -> Option<usize> {
        let tokens: Vec<Token> = sequence.iter().map(|(_, token)| *token).collect();
        let mut found: Vec<(u32, usize)> = Vec::new();
        for key in keys_for(&tokens) {
            for (slot, _) in self.index.find(key) {
                let Place::Single(at) = slot.place() else { continue };
                if Some(at) == but || self.families.get(at).is_none_or(Option::is_none) {
                    continue;
                }
                match found.iter_mut().find(|(_, known)| *known == at) {
                    Some(known) => known.0 += 1,
                    None => found.push((1, at)),
                }
            }
        }
        found.sort_unstable_by_key(|(keys, at)| (std::cmp::Reverse(*keys), *at));
        found.truncate(COMPARED_MAX);
        let mut best: Option<(f32, usize)> = None;
        for (_, at) in found {
            let Some(family) = &self.families[at] else { continue };
            let other: Vec<Token> = family.sequence().into_iter().map(|(_, token)| token).collect();
            let likeness = self.likeness(&tokens, &other);
            if likeness >= self.config.unite && best.is_none_or(|(most, _)| likeness > most) {
                best = Some((likeness, at));
            }
        }
        best.map(|(_, at)| at)
    }

    /// The weight of the words that stand in both in the same order, of that of the shorter.
    fn likeness(&mut self, one: &[Token], other: &[Token]) -> f32 {
        if one == other {
            return 1.0;
        }
        self.aligner.align(one.len(), other.len(), &|a, b| one[a] == other[b], &mut self.pairs);
        if self.pairs.len() < NEAR_WORDS_MIN / 2 + 1 {
            return 0.0;
        }
        let common: u32 = self.pairs.iter().map(|(at, _)| one[usize::from(*at)].weight()).sum();
        common as f32 / weight_of(one).min(weight_of(other)).max(1) as f32
    }

    /// Notes a family under its keys, after having looked whether another one has the same text: then the smaller becomes part of the
    /// larger, which is given back.
    fn look_for_others(&mut self, at: usize) -> Option<usize> {
        let sequence = self.families[at].as_ref()?.sequence();
        if sequence.len() < WORDS_MIN {
            return None;
        }
        let tokens: Vec<Token> = sequence.iter().map(|(_, token)| *token).collect();
        if let Some(other) = self.find(&sequence, Some(at)) {
            return self.unite(at, other);
        }
        for key in keys_for(&tokens) {
            self.index.note(key, Slot::single(at), 0);
        }
        None
    }

    fn unite(&mut self, one: usize, other: usize) -> Option<usize> {
        let rank = |at: usize| {
            self.families[at].as_ref().map(|family| (family.id.is_some(), family.posts, std::cmp::Reverse(at)))
        };
        let (from, into) = if rank(one) > rank(other) { (other, one) } else { (one, other) };
        let gone = self.families[from].take()?;
        self.bytes -= gone.bytes;
        self.free.push(from);
        self.waiting.remove(&from);
        self.amplified.remove(&from);
        self.counters.families_united += 1;
        for local in &gone.locals {
            self.locals.insert(*local, into);
        }
        let mut places = Vec::new();
        let stays = self.families[into].as_mut()?;
        map(&gone.sequence(), &stays.sequence(), &mut self.aligner, &mut self.pairs, &mut places);
        stays.take(gone, &places);
        Some(into)
    }

    fn forget_local(&mut self, local: LocalKey) {
        if let Some(at) = self.locals.remove(&local)
            && let Some(family) = &mut self.families[at]
        {
            family.locals.retain(|known| *known != local);
        }
    }

    /// Judges those that enough authors carry.
    fn decide(&mut self, minute: i64, changed: &mut BTreeSet<usize>) {
        let mut decided = Vec::new();
        let mut births = 0_u64;
        let mut number = || {
            births += 1;
            let number = (births - 1) & ((1 << NUMBER_BITS) - 1);
            AmplificationId((minute.div_euclid(60) as u64) << NUMBER_BITS | number)
        };
        let is_day_known = self.all.known(minute) >= WINDOW_SECONDS;
        for at in &self.waiting {
            let Some(family) = &mut self.families[*at] else {
                decided.push(*at);
                continue;
            };
            match judge(&family.minutes, &self.all, family.publishers, minute + 60) {
                Verdict::Open => {}
                Verdict::Amplified(stretch) => {
                    family.id = Some(number());
                    family.stretch = Some(stretch);
                    decided.push(*at);
                    self.amplified.insert(*at);
                    changed.insert(*at);
                }
                // How large a part of all came in its time is not known before a day is: what seems a third of everything in the first
                // hours after a start is a hundredth a day later.
                Verdict::ByChance if !is_day_known => {}
                verdict => {
                    // Until somebody writes to it again.
                    decided.push(*at);
                    self.counters.families_held += 1;
                    self.counters.families_of_publishers += u64::from(verdict == Verdict::OfPublisher);
                }
            }
        }
        decided.iter().for_each(|at| {
            self.waiting.remove(at);
        });
        // What goes on is measured anew as long as it is of short time.
        for at in changed.iter() {
            if let Some(family) = self.families[*at].as_mut().filter(|family| family.id.is_some())
                && let Verdict::Amplified(stretch) = measure(&family.minutes, &self.all, minute + 60)
            {
                family.stretch = Some(stretch);
            }
        }
        let told = self.amplified.iter().filter_map(|at| self.families[*at].as_ref());
        let told: Vec<_> = told.map(|family| (family.last, family.authors.last_day())).collect();
        self.pushes.decide(minute, &self.all, &told, &mut number, &mut self.counters);
    }

    fn propose(&mut self, minute: i64, changed: &BTreeSet<usize>) -> Vec<AmplificationCandidate> {
        let mut proposed = Vec::new();
        for at in changed.intersection(&self.amplified).copied().collect::<Vec<_>>() {
            let overlap = self.overlap(at, minute);
            let Some(family) = &mut self.families[at] else { continue };
            let buckets = family.buckets.closed().len();
            // What is said rests on whole buckets: without a new one there is nothing new to say.
            if buckets == family.proposed {
                continue;
            }
            family.proposed = buckets;
            proposed.extend(family.candidate(minute, overlap));
        }
        let texts: Vec<&Distinct> =
            self.amplified.iter().filter_map(|at| self.families[*at].as_ref()?.authors.of_day(minute)).collect();
        proposed.extend(self.pushes.propose(minute, &texts));
        proposed.sort_by_key(|candidate| candidate.id);
        proposed
    }

    /// How many of a family's authors of the day carry others that are amplifications.
    fn overlap(&self, at: usize, minute: i64) -> u64 {
        let authors_of = |at: &usize| self.families[*at].as_ref().and_then(|family| family.authors.of_day(minute));
        let Some(own) = authors_of(&at) else { return 0 };
        let mut others = Distinct::new();
        for other in self.amplified.iter().filter(|other| **other != at) {
            if let Some(authors) = authors_of(other) {
                others.merge(authors);
            }
        }
        self.pushes.crowds(minute).for_each(|(_, authors)| others.merge(authors));
        in_both(own, &others)
    }

    fn drop_family(&mut self, at: usize) {
        if let Some(family) = self.families[at].take() {
            self.bytes -= family.bytes;
            self.free.push(at);
            self.waiting.remove(&at);
            self.amplified.remove(&at);
            family.locals.iter().for_each(|local| {
                self.locals.remove(local);
            });
        }
    }

    /// Families of which nobody has written for a day go; if there are too many, or they take too much memory, those that were silent
    /// for longest, of those with fewer than k authors first.
    fn make_room(&mut self, minute: i64) {
        if minute.rem_euclid(3_600) == 0 {
            for at in 0..self.families.len() {
                if self.families[at].as_ref().is_some_and(|family| family.last < minute - WINDOW_SECONDS) {
                    self.drop_family(at);
                }
            }
        }
        if self.len() <= self.config.owned_max && self.bytes <= self.config.owned_bytes_max {
            return;
        }
        let mut order: Vec<(bool, i64, u64, usize)> = (0..)
            .zip(&self.families)
            .filter_map(|(at, family)| {
                let family = family.as_ref()?;
                // What enough authors carry is told of once its time is known: it stays the longest.
                Some((family.id.is_some() || family.authors.number() >= self.k, family.last, family.posts, at))
            })
            .collect();
        order.sort_unstable();
        let (most, bytes_most) = (self.config.owned_max / 4 * 3, self.config.owned_bytes_max / 4 * 3);
        for (.., at) in order {
            if self.len() <= most && self.bytes <= bytes_most {
                break;
            }
            self.counters.families_evicted += 1;
            self.drop_family(at);
        }
    }
}

/// The keys of a text, and one of all its words in their order.
fn keys_for(tokens: &[Token]) -> impl Iterator<Item = u64> {
    sketch_of(tokens).keys.into_iter().filter(|key| *key != 0).chain([whole_of(tokens)])
}

/// Of all words of a text in their order; never 0.
fn whole_of(tokens: &[Token]) -> u64 {
    tokens.iter().fold(tokens.len() as u64, |sum, token| mix(sum ^ token.bits())) | 1
}

/// Where the places of one text are in another.
fn map(
    one: &[(u16, Token)],
    other: &[(u16, Token)],
    aligner: &mut Aligner,
    pairs: &mut Vec<(u16, u16)>,
    out: &mut Vec<(u16, u16)>,
) {
    aligner.align(one.len(), other.len(), &|a, b| one[a].1 == other[b].1, pairs);
    out.extend(pairs.iter().map(|(a, b)| (one[usize::from(*a)].0, other[usize::from(*b)].0)));
}
