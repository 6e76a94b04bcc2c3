//! [`Narratives`]: the owner. Adds up what all workers saw of each minute, and follows narratives over their life.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hashbrown::HashMap;

use groundswell_gate::NarrativeId;

use super::State;
use super::candidate::{EventKind, NarrativeCandidate, NarrativeCount, NarrativeEvent, Reason, name_of};
use super::cluster::LocalId;
use super::config::{NarrativeConfig, NarrativeCounters};
use super::delta::{LocalDelta, MinuteDelta};
use super::life::{ENDED_MINUTES, Growth, state_of};
use super::related::Near;
use super::stories::{Stories, StoryKey};
use super::story::{Boilerplate, Seen, Story};
use super::terms::IdentityMap;

/// A cluster of a worker.
type LocalKey = (u16, LocalId);

/// Stories that are found through one term.
const FOUND_MAX: usize = 64;
/// Terms of a cluster by which its story is looked for.
const LOOKED_FOR_MAX: usize = 8;
/// What is asked of a cluster that comes back to a story to which nobody writes any more.
const RETURN_LIKENESS: f32 = 0.8;
/// No more than this is ever asked for: clusters of one text must become one.
const LIKENESS_MAX: f32 = 0.95;
/// Minutes in which what was split is not compared with what it was split from.
const SPLIT_MINUTES: i64 = 30;
/// A candidate to which nobody wrote for so many minutes, and which no worker holds, is forgotten.
const CANDIDATE_MINUTES: i64 = 60;

/// So many clusters ahead stories are read, and their terms.
const READ_STORIES_AHEAD: usize = 6;
const READ_TERMS_AHEAD: usize = 3;

/// A cluster's story, and how much of it the cluster is.
#[derive(Clone, Copy)]
struct Part {
    story: StoryKey,
    posts: u64,
}

/// Keys of stories as a set: those of a minute are many and come in any order, so they are put in order once.
#[derive(Default)]
struct Keys(Vec<StoryKey>);

impl Keys {
    fn push(&mut self, key: StoryKey) {
        self.0.push(key);
    }

    /// Each once, ascending.
    fn sorted(&mut self) -> &[StoryKey] {
        if !self.0.is_sorted_by(|a, b| a < b) {
            self.0.sort_unstable();
            self.0.dedup();
        }
        &self.0
    }
}

/// The minute in which a candidate that no worker holds may be forgotten, if nobody writes to it.
fn forgotten_at(story: &Story) -> i64 {
    story.last.saturating_add((CANDIDATE_MINUTES + 1) * 60)
}

/// What the close of minutes gave.
#[derive(Debug, Default, PartialEq)]
pub struct Closed {
    /// Narratives that were written to or whose state changed, by their ids.
    pub candidates: Vec<NarrativeCandidate>,
    /// How much was told of each in the last minute, by their ids.
    pub counts: Vec<NarrativeCount>,
    /// What happened, in order.
    pub events: Vec<NarrativeEvent>,
}

/// The owner of all narratives.
///
/// Give it the deltas of all workers of a minute, in any order, and close the minute. A worker has already compared its
/// clusters with each other; the owner compares clusters of *different* workers, and new clusters with stories that no
/// worker of theirs holds any more. What it says depends on the deltas and their workers' numbers alone.
pub struct Narratives {
    config: NarrativeConfig,
    k: u64,
    /// Deltas of minutes that are not closed.
    open: BTreeMap<i64, Vec<(u16, MinuteDelta)>>,
    closed_before: i64,
    stories: Stories,
    /// Those that have a name: time alone changes their state.
    named: BTreeSet<StoryKey>,
    /// Candidates of which no cluster is left, by the minute in which they may be forgotten; what is there is looked at once more then.
    forsaken: BTreeMap<i64, Vec<StoryKey>>,
    parts: HashMap<LocalKey, Part>,
    /// Stories by their leading terms.
    found: IdentityMap<Vec<StoryKey>>,
    /// Those that ended in the minutes being closed, as they are told for the last time.
    parting: Vec<NarrativeCandidate>,
    /// Room for those that are looked at when a minute is over, and whether they were written to.
    looked_at: Vec<(StoryKey, bool)>,
    /// Those that became part of another one in the minutes being closed.
    merged: Vec<StoryKey>,
    /// Those that came from another one.
    split: Vec<StoryKey>,
    /// Those that have others near than before, in the minutes being closed.
    relinked: Vec<StoryKey>,
    /// The first minute of which anything was told.
    since: Option<i64>,
    /// Posts that were told of so far.
    told: u64,
    /// Whether all workers have seen enough to say what rises.
    has_history: bool,
    /// Who told anything so far.
    workers: BTreeSet<u16>,
    counters: NarrativeCounters,
    links: Option<Links>,
}

/// Where every cluster and every story went: for evaluations only, since it grows without bound.
#[derive(Default)]
struct Links {
    clusters: HashMap<LocalKey, StoryKey>,
    became: HashMap<LocalKey, LocalId>,
    stories: HashMap<StoryKey, StoryKey>,
}

impl fmt::Debug for Narratives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Narratives({} with candidates, redacted)", self.stories.len())
    }
}

impl Narratives {
    /// Knows no narrative. A candidate becomes one when `k` authors carry it.
    pub fn new(config: NarrativeConfig, k: u64) -> Self {
        Self {
            config,
            k,
            open: BTreeMap::new(),
            closed_before: i64::MIN,
            stories: Stories::default(),
            named: BTreeSet::new(),
            forsaken: BTreeMap::new(),
            parts: HashMap::new(),
            found: IdentityMap::default(),
            parting: Vec::new(),
            looked_at: Vec::new(),
            merged: Vec::new(),
            split: Vec::new(),
            relinked: Vec::new(),
            since: None,
            told: 0,
            has_history: false,
            workers: BTreeSet::new(),
            counters: NarrativeCounters::default(),
            links: None,
        }
    }

    /// Takes what one worker saw of a minute.
    pub fn merge(&mut self, worker: u16, delta: MinuteDelta) {
        if delta.minute.saturating_add(60) <= self.closed_before {
            self.counters.deltas_late += 1;
            return;
        }
        if self.workers.insert(worker) && self.workers.len() == 2 {
            // From now on any story may be looked for.
            let mut keys: Vec<StoryKey> = self.stories.iter().map(|(key, _)| key).collect();
            keys.sort_unstable();
            keys.into_iter().for_each(|key| self.index(key));
        }
        self.open.entry(delta.minute).or_default().push((worker, delta));
    }

    /// Closes all minutes that end at or before a second, in their order.
    pub fn close(&mut self, before_unix: i64) -> Closed {
        let mut closed = Closed::default();
        let mut changed = Keys::default();
        let mut last = None;
        // Time passes also where nobody posts.
        let until = (before_unix < i64::MAX).then(|| before_unix.div_euclid(60) * 60 - 60);
        while let Some(entry) = self.open.first_entry() {
            let minute = *entry.key();
            if minute.saturating_add(60) > before_unix {
                break;
            }
            let mut parts = entry.remove();
            // A worker's deltas of one minute stay in their order.
            parts.sort_by_key(|(worker, _)| *worker);
            self.close_minute(minute, &parts, &mut changed, &mut closed.events);
            last = Some(minute);
        }
        if let Some(until) = until.filter(|until| *until > last.unwrap_or(self.closed_before.saturating_sub(60))) {
            self.grow_old(until, &mut changed, &mut closed.events);
            last = Some(until);
        }
        if let Some(minute) = last {
            changed.0.append(&mut self.relinked);
            let propose = |key: &StoryKey| self.stories.get(*key)?.candidate(minute);
            closed.candidates = changed.sorted().iter().filter_map(propose).collect();
            let count = |key: &StoryKey| self.stories.get(*key)?.counted(minute);
            closed.counts = changed.sorted().iter().filter_map(count).collect();
            closed.counts.sort_by_key(|count| count.id);
            closed.candidates.append(&mut self.parting);
            closed.candidates.sort_by_key(|candidate| candidate.id);
            self.forget_merged();
        }
        self.closed_before = self.closed_before.max(before_unix);
        closed
    }

    /// Closes one minute, the next that ends at or before a second, and says which; to be asked until it says `None`. Minutes in which nobody
    /// posts are closed as well, while something lives: what is told does not depend on how many minutes are over at once.
    pub fn close_next(&mut self, before_unix: i64) -> Option<(i64, Closed)> {
        let posted = self.open.first_key_value().map(|(minute, _)| *minute);
        let silent = (self.stories.len() > 0 && before_unix < i64::MAX).then_some(self.closed_before);
        let minute = posted.into_iter().chain(silent).min()?;
        (minute.saturating_add(60) <= before_unix).then(|| (minute, self.close(minute + 60)))
    }

    /// Narratives and candidates that are known.
    pub fn len(&self) -> usize {
        self.stories.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.stories.len() == 0
    }

    /// Bytes in use by stories beside their terms, and by terms and all that is found through them; roughly.
    pub fn bytes(&self) -> (usize, usize) {
        let (mut beside, mut terms) = (self.stories.bytes(), 0);
        for (_, story) in self.stories.iter() {
            let (of_story, of_terms) = story.bytes();
            (beside, terms) = (beside + of_story, terms + of_terms);
        }
        let found = self.found.values().map(|list| list.capacity() * size_of::<StoryKey>()).sum::<usize>();
        let entry = size_of::<(u64, Vec<StoryKey>)>() + 1;
        (
            beside + self.parts.capacity() * (size_of::<(LocalKey, Part)>() + 1),
            terms + found + self.found.capacity() * entry,
        )
    }

    /// Which bounds were reached.
    pub fn counters(&self) -> NarrativeCounters {
        self.counters
    }

    /// Remembers from now on where everything went. For evaluations: this takes memory without bound.
    pub fn remember_all(&mut self) {
        self.links = Some(Links::default());
    }

    /// After [`Self::remember_all`]: a number for what a worker's cluster is part of, with all merges followed; two clusters
    /// have the same one if they are one narrative. What the owner never knew of stands for itself.
    pub fn became(&self, worker: u16, local: LocalId) -> Option<(bool, u64)> {
        let story = self.story_of(worker, local)?;
        Some(story.map_or_else(|local| (false, u64::from(worker) << 48 | local.0), |story| (true, story.number())))
    }

    /// The story that a cluster is part of, with all merges followed, or what the cluster became where there is none.
    fn story_of(&self, worker: u16, mut local: LocalId) -> Option<Result<StoryKey, LocalId>> {
        let links = self.links.as_ref()?;
        while let Some(next) = links.became.get(&(worker, local)) {
            local = *next;
        }
        let Some(mut story) = links.clusters.get(&(worker, local)).copied() else { return Some(Err(local)) };
        while let Some(next) = links.stories.get(&story) {
            story = *next;
        }
        Some(Ok(story))
    }

    /// After [`Self::remember_all`]: the name that a worker's cluster goes by now.
    pub fn name_now(&self, worker: u16, local: LocalId) -> Option<NarrativeId> {
        self.stories.get(self.story_of(worker, local)?.ok()?)?.id
    }

    fn close_minute(
        &mut self,
        minute: i64,
        parts: &[(u16, MinuteDelta)],
        changed: &mut Keys,
        events: &mut Vec<NarrativeEvent>,
    ) {
        let mut touched = Keys::default();
        self.since = self.since.or(Some(minute));
        self.has_history = parts.iter().all(|(_, delta)| delta.has_history);
        for (worker, delta) in parts {
            for (at, local) in delta.locals.iter().enumerate() {
                self.fetch(*worker, &delta.locals[at..]);
                let key = self.place(*worker, delta, local, minute);
                if let Some(story) = self.stories.get_mut(key) {
                    let before = story.posts;
                    story.absorb(delta, local, minute);
                    self.told += story.posts - before;
                    if story.id.is_some() && story.locals.as_slice().len() > 1 {
                        story.hear((*worker, local.id), delta, local, minute);
                    }
                }
                self.index(key);
                touched.push(key);
            }
        }
        self.follow_workers(minute, parts, &mut touched, events);
        self.compare_workers(minute, &mut touched, events);
        self.compare_presents(minute, &mut touched, events);
        self.part_voices(minute, &mut touched);
        for (worker, delta) in parts {
            for local in &delta.ended {
                if let Some(part) = self.parts.remove(&(*worker, *local)) {
                    self.lose(part.story, (*worker, *local));
                }
            }
        }
        for key in touched.sorted() {
            if let Some(story) = self.stories.get_mut(*key).filter(|story| story.id.is_some()) {
                let authors = story.authors.number();
                story.buckets.close(minute, self.k, authors);
            }
        }
        self.relate(minute, &mut touched);
        changed.0.append(&mut touched.0);
        self.grow_old(minute, changed, events);
        self.make_room(minute, events);
    }

    /// Reads what the next clusters' stories hold, so that it is near by then: it is spread over all memory.
    fn fetch(&self, worker: u16, locals: &[LocalDelta]) {
        let story_of = |ahead: usize| {
            let part = self.parts.get(&(worker, locals.get(ahead)?.id))?;
            self.stories.get(part.story)
        };
        let story = story_of(READ_STORIES_AHEAD).map_or(0, Story::fetch);
        std::hint::black_box(story ^ story_of(READ_TERMS_AHEAD).map_or(0, Story::fetch_terms));
    }

    /// A story has a cluster less.
    fn lose(&mut self, key: StoryKey, local: LocalKey) {
        self.stories.let_go(key);
        if let Some(story) = self.stories.get_mut(key) {
            story.locals.remove(local);
            if story.locals.is_empty() {
                self.forsaken.entry(forgotten_at(story)).or_default().push(key);
                self.index(key);
            }
        }
    }

    /// The story of a worker's cluster: the one it has, the one that it is alike, or a new one.
    fn place(&mut self, worker: u16, delta: &MinuteDelta, local: &LocalDelta, minute: i64) -> StoryKey {
        let name = (worker, local.id);
        let posts = u64::from(local.posts_total);
        if let Some(part) = self.parts.get_mut(&name)
            && self.stories.get(part.story).is_some()
        {
            part.posts = posts;
            self.stories.hold(part.story, worker);
            return part.story;
        }
        let parent = local.split_from.and_then(|from| self.parts.get(&(worker, from))).map(|part| part.story);
        // Most that is found is the worker's own, and there are hundreds of it: none of that is read.
        let is_own = |key: StoryKey| self.stories.is_held_by(key, worker);
        let known = self.most_alike(&vector_of(delta, local), is_own, |key, story| {
            if Some(key) == parent || story.locals.as_slice().iter().any(|(other, _)| *other == worker) {
                None
            } else if story.locals.is_empty() {
                Some(RETURN_LIKENESS)
            } else {
                Some(self.asked(posts.min(story.posts)))
            }
        });
        let key = known.map_or_else(
            || {
                let mut story = Story::new(minute, parent);
                let known = parent.and_then(|parent| self.stories.get(parent));
                story.of_narrative = known.is_some_and(|known| known.id.is_some());
                let key = self.stories.insert(story);
                self.split.extend(parent.map(|_| key));
                key
            },
            |(key, _)| key,
        );
        if let Some(links) = &mut self.links {
            links.clusters.insert(name, key);
        }
        self.parts.insert(name, Part { story: key, posts });
        if let Some(story) = self.stories.get_mut(key) {
            story.locals.insert(name);
        }
        self.stories.hold(key, worker);
        key
    }

    /// The likeness that is asked of two stories, by the posts of the smaller one.
    fn asked(&self, posts: u64) -> f32 {
        (self.config.unite + self.config.fold_per_ln * (posts.max(1) as f32).ln()).min(LIKENESS_MAX)
    }

    /// The story that a unit vector is most alike of those that are alike enough; `asked` says how much that is.
    fn most_alike(
        &self,
        vector: &[(u64, f32)],
        is_out: impl Fn(StoryKey) -> bool,
        asked: impl Fn(StoryKey, &Story) -> Option<f32>,
    ) -> Option<(StoryKey, f32)> {
        let mut seen: Vec<StoryKey> = Vec::new();
        for (term, _) in vector.iter().take(LOOKED_FOR_MAX) {
            seen.extend(self.found.get(term).into_iter().flatten().filter(|key| !is_out(**key)));
        }
        seen.sort_unstable();
        seen.dedup();
        let mut best: Option<(StoryKey, f32)> = None;
        for key in seen {
            let Some(story) = self.stories.get(key).filter(|story| story.merged_into.is_none()) else { continue };
            let Some(asked) = asked(key, story) else { continue };
            let likeness = story.likeness(vector);
            if likeness >= asked && best.is_none_or(|(_, most)| likeness > most) {
                best = Some((key, likeness));
            }
        }
        best
    }

    /// Lets a story be found through its leading terms, if anybody may look for it: it has a name, or no cluster, or there are clusters of
    /// other workers. Most stories are none of that for all their life.
    fn index(&mut self, key: StoryKey) {
        let is_alone = self.workers.len() < 2;
        let Some(story) = self.stories.get_mut(key) else { return };
        let new = story.newly_leading();
        let hashes = if story.is_listed {
            new
        } else if is_alone && story.id.is_none() && !story.locals.is_empty() {
            return;
        } else {
            story.is_listed = true;
            story.found_under()
        };
        for hash in hashes {
            let list = self.found.entry(hash).or_default();
            if !list.contains(&key) {
                if list.len() == FOUND_MAX {
                    // The oldest gives way: it has had its time to be found.
                    list.remove(0);
                    self.counters.postings_left_out += 1;
                }
                list.push(key);
            }
        }
    }

    fn unindex(&mut self, key: StoryKey, leading: &[u64]) {
        for hash in leading {
            if let Some(list) = self.found.get_mut(hash) {
                list.retain(|other| *other != key);
                if list.is_empty() {
                    self.found.remove(hash);
                }
            }
        }
    }

    /// Where workers let clusters become part of others, so do their stories, if they are most of the smaller one.
    fn follow_workers(
        &mut self,
        minute: i64,
        parts: &[(u16, MinuteDelta)],
        touched: &mut Keys,
        events: &mut Vec<NarrativeEvent>,
    ) {
        let mut moved: BTreeMap<(StoryKey, StoryKey), u64> = BTreeMap::new();
        for (worker, delta) in parts {
            for (from, into) in &delta.merged {
                if let Some(links) = &mut self.links {
                    links.became.insert((*worker, *from), *into);
                }
                let Some(part) = self.parts.remove(&(*worker, *from)) else { continue };
                self.lose(part.story, (*worker, *from));
                let target = if let Some(target) = self.parts.get_mut(&(*worker, *into)) {
                    target.posts += part.posts;
                    target.story
                } else {
                    // It has not been told of: what is known of the part goes on under its name.
                    self.parts.insert((*worker, *into), part);
                    if let Some(links) = &mut self.links {
                        links.clusters.insert((*worker, *into), part.story);
                    }
                    if let Some(story) = self.stories.get_mut(part.story) {
                        story.locals.insert((*worker, *into));
                    }
                    continue;
                };
                if target != part.story {
                    *moved.entry((part.story, target)).or_default() += part.posts;
                }
            }
        }
        for ((from, into), posts) in moved {
            let (from, into) = (self.survivor(from), self.survivor(into));
            if from == into {
                continue;
            }
            let left = self.posts_of_locals(from);
            if posts * 2 >= posts + left {
                let reason = Reason::Posts { moved: posts, of: posts + left };
                self.unite(from, into, minute, reason, touched, events);
            }
        }
    }

    fn survivor(&self, mut key: StoryKey) -> StoryKey {
        while let Some(next) = self.stories.get(key).and_then(|story| story.merged_into) {
            key = next;
        }
        key
    }

    fn posts_of_locals(&self, key: StoryKey) -> u64 {
        let locals = self.stories.get(key).map_or(&[][..], |story| story.locals.as_slice());
        locals.iter().filter_map(|local| self.parts.get(local)).map(|part| part.posts).sum()
    }

    /// Compares stories with those of other workers.
    fn compare_workers(&mut self, minute: i64, touched: &mut Keys, events: &mut Vec<NarrativeEvent>) {
        if self.workers.len() < 2 {
            return;
        }
        let mut order: Vec<(u64, StoryKey)> = touched
            .sorted()
            .iter()
            .filter_map(|key| self.stories.get(*key).map(|story| (story, *key)))
            .filter(|(story, _)| story.merged_into.is_none() && !story.locals.is_empty())
            .filter(|(story, _)| story.posts >= story.compared_at)
            .map(|(story, key)| (story.posts, key))
            .collect();
        order.sort_unstable();
        for (_, key) in order {
            let Some(story) = self.stories.get(key).filter(|story| story.merged_into.is_none()) else { continue };
            let workers: BTreeSet<u16> = story.locals.as_slice().iter().map(|(worker, _)| *worker).collect();
            let posts = story.posts;
            let larger = self.most_alike(
                &story.vector(),
                |_| false,
                |other, larger| {
                    let apart = larger.locals.as_slice().iter().all(|(worker, _)| !workers.contains(worker));
                    let is_larger = other != key && (larger.posts, other) > (posts, key);
                    (apart && is_larger && !larger.locals.is_empty()).then(|| self.asked(posts))
                },
            );
            if let Some((into, likeness)) = larger {
                let thousandths = |value: f32| (value * 1e3) as u32;
                let reason =
                    Reason::Likeness { likeness: thousandths(likeness), asked: thousandths(self.asked(posts)) };
                self.unite(key, into, minute, reason, touched, events);
            } else if let Some(story) = self.stories.get_mut(key) {
                // What one post more says is little.
                story.compared_at = posts + posts / 4 + 1;
            }
        }
    }

    /// Narratives of which the posts now say the same become one, however unlike they began; and a candidate that is about to be
    /// born and says what a narrative says joins it.
    fn compare_presents(&mut self, minute: i64, touched: &mut Keys, events: &mut Vec<NarrativeEvent>) {
        let (k, seen) = (self.k, self.seen(minute));
        let speaks = |story: &Story| {
            story.merged_into.is_none()
                && story.authors.number() >= k
                && story.speaks(minute)
                && (story.id.is_some() || story.boilerplate(minute, &seen, k) == Boilerplate::No)
        };
        let mut order: Vec<(u64, StoryKey)> = touched
            .sorted()
            .iter()
            .filter_map(|key| self.stories.get(*key).map(|story| (story, *key)))
            .filter(|(story, _)| speaks(story))
            .map(|(story, key)| (story.posts, key))
            .collect();
        order.sort_unstable();
        for (_, key) in order {
            let Some(story) = self.stories.get(key).filter(|story| speaks(story)) else { continue };
            let mut near: Vec<StoryKey> = Vec::new();
            for term in story.leading_now() {
                near.extend(self.found.get(&term).into_iter().flatten());
            }
            near.sort_unstable();
            near.dedup();
            let mut best: Option<((f32, f32), StoryKey)> = None;
            for other in near.into_iter().filter(|other| *other != key) {
                let Some(known) = self.stories.get(other).filter(|known| known.id.is_some() && speaks(known)) else {
                    continue;
                };
                // What was just split has its parent's words.
                let of_one =
                    |one: &Story, of: StoryKey| one.split_from == Some(of) && minute - one.first < SPLIT_MINUTES * 60;
                if of_one(story, other) || of_one(known, key) {
                    continue;
                }
                let Some(found) = story.likeness_now(known, minute) else { continue };
                if best.is_none_or(|(most, _)| found.0 * most.1 > most.0 * found.1) {
                    best = Some((found, other));
                }
            }
            if let Some(((likeness, asked), into)) = best {
                let thousandths = |value: f32| (value * 1e3) as u32;
                let reason = Reason::Likeness { likeness: thousandths(likeness), asked: thousandths(asked) };
                self.unite(key, into, minute, reason, touched, events);
            }
        }
    }

    /// Finds narratives that are near others and not one with them, among those of which something is told already. Looks only at
    /// what was written to, and at what has a word of its present.
    fn relate(&mut self, minute: i64, touched: &mut Keys) {
        let k = self.k;
        // Of the others it may be said that they are near: they are told of.
        let is_told = |story: &Story| {
            story.id.is_some() && story.merged_into.is_none() && story.buckets.authors() >= k && story.speaks(minute)
        };
        let mut found: Vec<(StoryKey, StoryKey, u32)> = Vec::new();
        for key in touched.sorted() {
            let Some(story) = self.stories.get(*key).filter(|story| is_told(story)) else { continue };
            let mut near: Vec<StoryKey> = Vec::new();
            for term in story.leading_now() {
                near.extend(self.found.get(&term).into_iter().flatten().filter(|other| self.named.contains(other)));
            }
            near.sort_unstable();
            near.dedup();
            for other in near.into_iter().filter(|other| other != key) {
                let Some(known) = self.stories.get(other).filter(|known| is_told(known)) else { continue };
                let nearness = story.nearness(known, minute, k);
                found.extend(nearness.map(|likeness| (*key, other, likeness)));
            }
        }
        for (one, other, likeness) in found {
            self.link(one, other, likeness);
        }
    }

    /// Lets two narratives say that they are near: both do or neither does.
    fn link(&mut self, one: StoryKey, other: StoryKey, likeness: u32) {
        let near = |key: StoryKey| {
            let story = self.stories.get(key)?;
            Some(Near { key, id: story.id?, authors: story.buckets.authors(), likeness })
        };
        let (Some(one), Some(other)) = (near(one), near(other)) else { return };
        let takes = |of: Near, near: &Near| self.stories.get(of.key).is_some_and(|story| story.takes_near(near));
        if one.id == other.id || !takes(one, &other) || !takes(other, &one) {
            return;
        }
        for (of, near) in [(one, other), (other, one)] {
            let Some(story) = self.stories.get_mut(of.key) else { continue };
            let (is_new, gone) = story.related_mut().note(near);
            if is_new {
                self.relinked.push(of.key);
            }
            if let Some(gone) = gone {
                self.unlink(gone.key, of.id);
            }
        }
    }

    /// Lets a narrative, which is still there or is not, no longer say that another one is near.
    fn unlink(&mut self, of: StoryKey, id: NarrativeId) -> Option<Near> {
        let gone = self.stories.get_mut(of)?.related_mut().forget(id)?;
        self.relinked.push(of);
        Some(gone)
    }

    /// What was near a narrative that became part of another one is near that one.
    fn link_anew(&mut self, id: NarrativeId, related: &[Near], into: StoryKey) {
        for near in related {
            if let Some(gone) = self.unlink(near.key, id)
                && near.key != into
            {
                self.link(near.key, into, gone.likeness);
            }
        }
    }

    /// Clusters of a narrative that say now what none of its others says go on as a candidate that was split from it.
    fn part_voices(&mut self, minute: i64, touched: &mut Keys) {
        for key in touched.sorted() {
            let Some(story) = self.stories.get_mut(*key) else { continue };
            if story.id.is_none() || story.merged_into.is_some() {
                continue;
            }
            let parted = story.parted(minute);
            if parted.is_empty() {
                continue;
            }
            // That which says most stays, so that it is never forsaken by this.
            let mut of_child = Story::new(minute, Some(*key));
            of_child.of_narrative = true;
            parted.iter().for_each(|local| story.let_go(*local));
            of_child.locals.extend(&parted);
            self.stories.let_go(*key);
            let child = self.stories.insert(of_child);
            for local in parted {
                if let Some(part) = self.parts.get_mut(&local) {
                    part.story = child;
                }
                if let Some(links) = &mut self.links {
                    links.clusters.insert(local, child);
                }
            }
            self.split.push(child);
        }
    }

    /// Two stories become one. The name that stays is that of the one that has a name; of two, that of the larger.
    fn unite(
        &mut self,
        one: StoryKey,
        other: StoryKey,
        minute: i64,
        reason: Reason,
        touched: &mut Keys,
        events: &mut Vec<NarrativeEvent>,
    ) {
        let rank = |key: StoryKey| {
            self.stories.get(key).map(|story| (story.id.is_some(), story.posts, std::cmp::Reverse(key)))
        };
        let (from, into) = if rank(one) > rank(other) { (other, one) } else { (one, other) };
        let Some(gone) = self.stories.get_mut(from) else { return };
        gone.merged_into = Some(into);
        self.merged.push(from);
        self.named.remove(&from);
        if let Some(links) = &mut self.links {
            links.stories.insert(from, into);
        }
        let leading = gone.found_under();
        let locals = std::mem::take(&mut gone.locals);
        let gone = gone.clone();
        self.unindex(from, &leading);
        for local in locals.as_slice() {
            if let Some(part) = self.parts.get_mut(local) {
                part.story = into;
            }
        }
        if let Some(stays) = self.stories.get_mut(into) {
            stays.locals.extend(locals.as_slice());
            stays.take(&gone);
            self.split.extend(stays.split_from.map(|_| into));
            if let (Some(id), Some(into)) = (gone.id, stays.id) {
                stays.add_parent(id);
                events.push(NarrativeEvent {
                    time: minute + 60,
                    event: EventKind::Merge,
                    id,
                    others: vec![into],
                    reason,
                });
                if let Some(story) = self.stories.get_mut(from) {
                    story.set_merged_name(into);
                }
            }
        }
        if let Some(id) = gone.id {
            self.link_anew(id, gone.related(), into);
        }
        self.index(into);
        touched.push(from);
        touched.push(into);
    }

    fn seen(&self, minute: i64) -> Seen {
        Seen { since: self.since.unwrap_or(minute), has_history: self.has_history, told: self.told }
    }

    /// Births, states and ends. Only what was written to, has a name or may be forgotten is looked at: nothing else can change.
    fn grow_old(&mut self, minute: i64, changed: &mut Keys, events: &mut Vec<NarrativeEvent>) {
        let time = minute + 60;
        let seen = self.seen(minute);
        let mut births = 0;
        let mut gone = Vec::new();
        let mut born: Vec<(StoryKey, NarrativeId)> = Vec::new();
        let mut looked_at = std::mem::take(&mut self.looked_at);
        looked_at.clear();
        looked_at.extend(changed.sorted().iter().map(|key| (*key, true)));
        looked_at.extend(self.named.iter().map(|key| (*key, false)));
        while let Some(forsaken) = self.forsaken.first_entry().filter(|entry| *entry.key() <= minute) {
            looked_at.extend(forsaken.remove().into_iter().map(|key| (key, false)));
        }
        // Each once, in the order of their age; one that was written to as such.
        looked_at.sort_unstable_by_key(|(key, is_changed)| (*key, !is_changed));
        looked_at.dedup_by_key(|(key, _)| *key);
        for &(key, is_changed) in &looked_at {
            let Some(story) = self.stories.get_mut(key).filter(|story| story.merged_into.is_none()) else { continue };
            let silent = (minute - story.last).max(0) / 60;
            let Some(id) = story.id else {
                let authors = story.authors.number();
                if story.locals.is_empty() {
                    if silent > CANDIDATE_MINUTES {
                        gone.push(key);
                        continue;
                    }
                    // It may have been written to since, or not be its turn.
                    self.forsaken.entry(forgotten_at(story)).or_default().push(key);
                }
                if authors >= self.k && is_changed {
                    if story.boilerplate(minute, &seen, self.k) == Boilerplate::No {
                        let id = name_of(minute, births);
                        births += 1;
                        story.born(id, minute);
                        born.push((key, id));
                        let reason = Reason::Authors { authors, asked: self.k };
                        events.push(NarrativeEvent { time, event: EventKind::Birth, id, others: Vec::new(), reason });
                    } else {
                        self.counters.boilerplate_held += 1;
                    }
                }
                continue;
            };
            if is_changed && story.has_lost_its_core() {
                events.push(NarrativeEvent {
                    time,
                    event: EventKind::End,
                    id,
                    others: Vec::new(),
                    reason: Reason::NoCore,
                });
                self.parting.extend(story.at_the_end(minute));
                // Should it find a core again, that is a new narrative.
                story.begin_anew(minute);
                self.named.remove(&key);
                if story.locals.is_empty() {
                    self.forsaken.entry(forgotten_at(story)).or_default().push(key);
                }
                continue;
            }
            let growth = story.growth(minute);
            let from = story.life.state;
            if story.life.pass(state_of((minute - story.born_at) / 60, silent, &growth)) {
                changed.push(key);
                let to = story.life.state;
                let reason = if to == State::Dormant {
                    Reason::Silence { minutes: silent as u64 }
                } else {
                    Reason::State { from, to, growth }
                };
                events.push(NarrativeEvent { time, event: EventKind::State, id, others: Vec::new(), reason });
            }
            if silent >= ENDED_MINUTES {
                let reason = Reason::Silence { minutes: silent as u64 };
                events.push(NarrativeEvent { time, event: EventKind::End, id, others: Vec::new(), reason });
                if story.locals.is_empty() {
                    gone.push(key);
                } else {
                    // A worker still holds a cluster of it: what comes there is a new narrative.
                    story.begin_anew(minute);
                    self.named.remove(&key);
                }
            }
        }
        for (key, id) in born {
            self.named.insert(key);
            self.index(key);
            self.tell_split(key, id, time, events);
        }
        gone.into_iter().for_each(|key| self.drop_story(key));
        self.looked_at = looked_at;
    }

    /// A narrative whose cluster was split from one that has a name is told as a split.
    fn tell_split(&mut self, key: StoryKey, id: NarrativeId, time: i64, events: &mut Vec<NarrativeEvent>) {
        let parent = self.stories.get(key).and_then(|story| story.split_from).map(|parent| self.survivor(parent));
        // It may have taken back what was split from it before it was born.
        let parent = parent.filter(|parent| *parent != key);
        let Some(of) = parent.and_then(|parent| self.stories.get(parent)).and_then(|parent| parent.id) else { return };
        if let Some(story) = self.stories.get_mut(key) {
            story.add_parent(of);
        }
        events.push(NarrativeEvent { time, event: EventKind::Split, id, others: vec![of], reason: Reason::WordsApart });
    }

    fn drop_story(&mut self, key: StoryKey) {
        self.named.remove(&key);
        if let Some(story) = self.stories.remove(key) {
            self.unindex(key, &story.found_under());
            for local in story.locals.as_slice() {
                self.parts.remove(local);
            }
        }
    }

    /// Merged stories have been proposed once more, and are no longer needed.
    fn forget_merged(&mut self) {
        let merged = std::mem::take(&mut self.merged);
        if merged.is_empty() {
            return;
        }
        self.split.sort_unstable();
        self.split.dedup();
        let mut split = std::mem::take(&mut self.split);
        split.retain(|key| {
            let parent = self.stories.get(*key).and_then(|story| story.split_from);
            let survivor = parent.map(|parent| self.survivor(parent));
            if let Some(story) = self.stories.get_mut(*key) {
                // Those that were split from a merged one are now split from what it became.
                story.split_from = survivor;
            }
            parent.is_some()
        });
        self.split = split;
        for key in merged {
            self.stories.remove(key);
        }
    }

    /// Candidates give way first, then narratives; those that nobody has written to for longest.
    fn make_room(&mut self, minute: i64, events: &mut Vec<NarrativeEvent>) {
        let over = self.stories.len().saturating_sub(self.config.narratives_max);
        if over == 0 {
            return;
        }
        let mut order: Vec<(bool, i64, StoryKey)> = self
            .stories
            .iter()
            .filter(|(_, story)| story.merged_into.is_none())
            .map(|(key, story)| (story.id.is_some(), story.last, key))
            .collect();
        order.sort_unstable();
        for (_, _, key) in order.into_iter().take(over) {
            self.counters.narratives_evicted += 1;
            if let Some(id) = self.stories.get(key).and_then(|story| story.id) {
                let (time, event, others) = (minute + 60, EventKind::End, Vec::new());
                events.push(NarrativeEvent { time, event, id, others, reason: Reason::NoRoom });
                self.parting.extend(self.stories.get(key).and_then(|story| story.at_the_end(minute)));
            }
            self.drop_story(key);
        }
    }
}

/// A cluster's unit vector, as far as it was told.
fn vector_of(delta: &MinuteDelta, local: &LocalDelta) -> Vec<(u64, f32)> {
    delta.terms_of(local).iter().map(|term| (term.hash, term.part)).collect()
}

impl Story {
    fn growth(&self, minute: i64) -> Growth {
        let (recent, before) = self.recent(minute);
        Growth::of(recent, before)
    }

    /// As it is told for the last time.
    fn at_the_end(&self, minute: i64) -> Option<NarrativeCandidate> {
        Some(NarrativeCandidate { state: State::Dormant, ..self.candidate(minute)? })
    }

    fn candidate(&self, minute: i64) -> Option<NarrativeCandidate> {
        let id = self.id?;
        let (minute_posts, minute_authors) = self.of_minute(minute);
        Some(NarrativeCandidate {
            id,
            minute,
            state: if self.merged_into.is_some() { State::Merged } else { self.life.state },
            first_seen: self.first,
            last_seen: self.last,
            posts: self.posts,
            copies: self.copies(),
            authors: self.authors.number(),
            minute_posts,
            minute_authors,
            growth: self.growth(minute),
            terms: self.label_terms(),
            phrases: self.label_phrases(),
            hashtags: self.label_facets(super::FeatureKind::Hashtag),
            domains: self.label_facets(super::FeatureKind::Domain),
            buckets: self.buckets.closed().to_vec(),
            bucket_authors: self.buckets.authors(),
            bucket_key: self.buckets.key(),
            language_authors: self.buckets.languages(),
            languages: self.languages(),
            parents: self.parents().to_vec(),
            merged_into: self.merged_name(),
            related: self.related().iter().map(|near| (near.id, near.authors)).collect(),
        })
    }
}
