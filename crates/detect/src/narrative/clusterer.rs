//! [`Clusterer`]: gives every post a cluster, at once, without looking at more than a few.

use std::fmt;

use super::cluster::{Cluster, First, Handle, LEADS, Leads, LocalId, Parting, Share, State, Top};
use super::config::{CLUSTER_TERMS_MAX, NarrativeConfig, NarrativeCounters, POSTINGS_VISITED_MAX};
use super::family::{Families, Keys};
use super::features::{Feature, FeatureKind, Features};
use super::terms::{Spelt, TermId, Terms, UNKNOWN};

/// Posts after which clusters are folded at the latest, and more if there are many clusters.
const FOLD_POSTS_MIN: u64 = 500;
/// Posts of a cluster from which on it is looked at for two stories.
const LEADS_FROM: u32 = 16;
/// Terms by which a cluster looks for a larger one.
const FOLD_TERMS_MAX: usize = 16;
/// Postings from which on it is worth a look whether they need to be read at all.
const LONG_POSTINGS: usize = 8;
/// Clusters that are looked at term by term for one post; there are rarely so many that can win.
const NEAR_MAX: usize = 8;
/// Clusters that are looked at for one that can give way.
const EVICTION_PROBES: usize = 32;
/// Everything is scaled down before the weight of the present is this large.
const SCALE_MAX: f64 = 1e6;

/// A post as the clusterer takes it.
pub(super) struct View<'a> {
    pub(super) time: i64,
    pub(super) author: Option<u64>,
    pub(super) language: [u8; 2],
    pub(super) features: &'a [Feature],
    pub(super) text: &'a str,
    /// By what texts like it are found.
    pub(super) family: Keys,
    /// The terms that the features are, as far as they were looked up before; brought up to date.
    pub(super) known: &'a mut Vec<TermId>,
}

/// A cluster as a search sees it.
#[derive(Clone, Copy, Default)]
struct Score {
    /// Of the vector that is looked for, as far as it was read; zero between searches.
    dot: f32,
    /// One over the length of the cluster's vector.
    inverse: f32,
    posts: u32,
}

impl Score {
    fn likeness(self) -> f32 {
        self.dot * self.inverse
    }
}

/// What became of clusters since the last look.
#[derive(Default)]
pub(super) struct Changes {
    /// Which became part of which; in order.
    pub(super) merged: Vec<(LocalId, LocalId)>,
    /// First posts of clusters of one post that became part of another.
    pub(super) origins: Vec<(Handle, First)>,
    /// Clusters that the owner knows and that are no more.
    pub(super) ended: Vec<LocalId>,
}

/// One worker's clusters.
///
/// A post is a vector of its terms, each with a weight that falls with the number of clusters over which the term is
/// spread; a cluster is the fading sum of its posts' unit vectors. A post joins the cluster that it is most alike, or the
/// one that a nearly identical text went to, or opens one. From time to time, small clusters become part of larger ones
/// ([`Self::fold`]), clusters that hold two stories are split, and silent ones end.
pub struct Clusterer {
    config: NarrativeConfig,
    terms: Terms,
    clusters: Vec<Cluster>,
    free: Vec<u32>,
    live: usize,
    families: Families,
    next_id: u64,
    /// The last second in which something was posted, and how many there were.
    now: i64,
    busy: u32,
    /// What a post of now weighs, and when that was one.
    present: f64,
    scaled_at: u32,
    /// Posts seen, fading.
    mass: f64,
    mass_at: u32,
    since_fold: u64,
    swept_at: u32,
    hand: usize,
    /// Written to since the last fold, and since the last telling.
    unfolded: Vec<u32>,
    touched: Vec<u32>,
    changes: Changes,
    counters: NarrativeCounters,
    // Scratch.
    vector: Vec<(TermId, f32)>,
    /// By slot: all that most clusters are looked at for.
    scores: Vec<Score>,
    found: Vec<u32>,
    /// Squares of the lengths of the vector from each place on.
    rest: Vec<f32>,
    /// Clusters that may be the most alike: dot product so far, likeness so far, slot.
    near: Vec<(f32, f32, u32)>,
    top: Top,
}

impl fmt::Debug for Clusterer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clusterer({} live, redacted)", self.live)
    }
}

impl Clusterer {
    /// A clusterer that has seen nothing.
    pub fn new(config: NarrativeConfig) -> Self {
        Self {
            terms: Terms::new(config.terms_max),
            clusters: Vec::new(),
            free: Vec::new(),
            live: 0,
            families: Families::new(config.family_keys_max),
            next_id: 0,
            now: i64::MIN,
            busy: 0,
            present: 1.0,
            scaled_at: 0,
            mass: 0.0,
            mass_at: 0,
            since_fold: 0,
            swept_at: 0,
            hand: 0,
            unfolded: Vec::new(),
            touched: Vec::new(),
            changes: Changes::default(),
            counters: NarrativeCounters::default(),
            vector: Vec::new(),
            scores: Vec::new(),
            found: Vec::new(),
            rest: Vec::new(),
            near: Vec::new(),
            top: Top::default(),
            config,
        }
    }

    /// Gives a post its cluster. Posts should come in the order of their time.
    pub fn assign(&mut self, features: &Features) -> LocalId {
        let (handle, _) = self.take(&mut View {
            time: features.time,
            author: features.author,
            language: features.language,
            features: &features.list,
            text: &features.text,
            family: Keys::read(&features.list, features.text_hash),
            known: &mut Vec::new(),
        });
        LocalId(self.clusters[handle.slot as usize].id)
    }

    /// Clusters that are alive.
    pub fn live(&self) -> usize {
        self.live
    }

    /// Which bounds were reached.
    pub fn counters(&self) -> NarrativeCounters {
        self.counters
    }

    pub(super) fn counters_mut(&mut self) -> &mut NarrativeCounters {
        &mut self.counters
    }

    /// Bytes in use by clusters beside their terms, and by terms and all that is found through them; roughly.
    pub fn bytes(&self) -> (usize, usize) {
        let leads = self.clusters.iter().filter(|cluster| cluster.leads.is_some()).count() * size_of::<Leads>();
        let shares: usize = self.clusters.iter().map(|cluster| cluster.shares.capacity() * size_of::<Share>()).sum();
        let clusters = self.clusters.capacity() * (size_of::<Cluster>() + size_of::<Score>() + 2 * size_of::<u32>());
        (clusters + leads, shares + self.terms.bytes())
    }

    /// Reads a cluster's terms, so that they are near when they are needed.
    #[inline]
    fn fetch_terms(&self, slot: u32) -> TermId {
        let shares = self.clusters.get(slot as usize).map_or(&[][..], |cluster| cluster.shares.as_slice());
        shares.iter().step_by(64 / size_of::<Share>()).fold(0, |sum, share| sum ^ share.term)
    }

    /// Likewise, of a cluster that is to be told.
    pub(super) fn fetch(&self, handle: Handle) -> u64 {
        u64::from(self.fetch_terms(handle.slot))
    }

    /// Reads where texts like one went, so that it is near when it is needed.
    pub(super) fn fetch_family(&self, family: Keys) -> u64 {
        self.families.fetch(family)
    }

    pub(super) fn terms(&self) -> &Terms {
        &self.terms
    }

    pub(super) fn cluster(&self, handle: Handle) -> &Cluster {
        &self.clusters[handle.slot as usize]
    }

    pub(super) fn cluster_mut(&mut self, handle: Handle) -> &mut Cluster {
        &mut self.clusters[handle.slot as usize]
    }

    /// The living cluster that a handle leads to.
    pub(super) fn resolve(&self, mut handle: Handle) -> Option<Handle> {
        loop {
            let cluster = self.clusters.get(handle.slot as usize)?;
            if cluster.id as u32 != handle.check {
                return None;
            }
            match cluster.state {
                State::Live => return Some(handle),
                State::Moved(to) => handle = to,
                State::Free => return None,
            }
        }
    }

    fn handle_of(&self, slot: u32) -> Handle {
        Handle { slot, check: self.clusters[slot as usize].id as u32 }
    }

    /// Gives a post its cluster, and says whether it is nearly identical to one before.
    pub(super) fn take(&mut self, post: &mut View<'_>) -> (Handle, bool) {
        self.pass_time(post.time);
        self.counters.posts_clustered += 1;
        if self.since_fold >= FOLD_POSTS_MIN.max(self.live as u64 / 8) {
            self.fold();
        }
        self.since_fold += 1;
        self.mass += 1.0;
        self.read_vector(post);
        let of_family = self.families.find(post.family).find_map(|handle| self.resolve(handle));
        self.counters.posts_without_features += u64::from(self.vector.is_empty());
        let handle = if let Some(handle) = of_family {
            self.counters.posts_of_families += 1;
            self.clusters[handle.slot as usize].copies += 1;
            handle
        } else {
            match self.search(u32::MAX, self.config.join + self.chance()) {
                Some((slot, _)) => self.handle_of(slot),
                None => self.open(post),
            }
        };
        self.add(handle.slot, of_family.is_some());
        self.families.note(post.family, handle);
        (handle, of_family.is_some())
    }

    /// What is asked beyond the least likeness where there are many clusters: the largest of so many accidental likenesses
    /// grows with the logarithm of their number.
    fn chance(&self) -> f32 {
        self.config.join_per_ln * (self.live as f32 / self.config.few).max(1.0).ln()
    }

    fn pass_time(&mut self, time: i64) {
        if time <= self.now {
            return;
        }
        self.now = time;
        self.busy += 1;
        self.terms.busy = self.busy;
        self.present = (f64::from(self.busy - self.scaled_at) / self.config.half_life).exp2();
        if self.present > SCALE_MAX {
            let factor = (1.0 / self.present) as f32;
            self.terms.scale(factor);
            self.scores.iter_mut().for_each(|score| score.inverse /= factor);
            for cluster in &mut self.clusters {
                cluster.norm2 *= factor * factor;
                for share in &mut cluster.shares {
                    share.mass *= factor;
                    share.count *= factor;
                }
            }
            self.present = 1.0;
            self.scaled_at = self.busy;
        }
    }

    /// The post's terms and their part of a unit vector, weightiest first.
    fn read_vector(&mut self, post: &mut View<'_>) {
        self.vector.clear();
        post.known.resize(post.features.len(), UNKNOWN);
        for (feature, known) in post.features.iter().zip(post.known.iter_mut()) {
            if feature.kind == FeatureKind::Domain {
                continue;
            }
            let form = Spelt { hash: feature.spelling, text: post.text, place: feature.text };
            match self.terms.intern_feature(*known, feature, form) {
                Some(id) => {
                    *known = id;
                    // Two long words may have the same first letters.
                    if feature.whole == 0 || self.vector.iter().all(|(other, _)| *other != id) {
                        self.vector.push((id, self.terms.get(id).weight));
                    }
                }
                None => self.counters.terms_left_out += 1,
            }
        }
        let length = self.vector.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        self.vector.iter_mut().for_each(|(_, weight)| *weight /= length);
        self.vector.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    }

    /// The cluster that the vector is most alike, if it is at least `asked` alike; `except` one and those that are not
    /// larger than it.
    ///
    /// Terms are read weightiest first, and only while a cluster that was not met yet could win: what the terms still to be
    /// read can add to any cosine is at most the length of their part of the vector (Cauchy and Schwarz; as in MaxScore).
    /// The few clusters that can still win are then looked at term by term.
    fn search(&mut self, except: u32, asked: f32) -> Option<(u32, f32)> {
        let asking = self.clusters.get(except as usize).map(|cluster| (cluster.posts, cluster.id));
        self.rest.clear();
        self.rest.resize(self.vector.len() + 1, 0.0);
        for place in (0..self.vector.len()).rev() {
            self.rest[place] = self.rest[place + 1] + self.vector[place].1 * self.vector[place].1;
        }
        let (mut left, mut read, mut least, mut looked_at) = (POSTINGS_VISITED_MAX, 0, asked, 0);
        while let Some((term, weight)) = self.vector.get(read) {
            if self.rest[read] < least * least {
                break;
            }
            let postings = &self.terms.get(*term).postings;
            if postings.len() > left {
                self.counters.searches_cut += 1;
                break;
            }
            if postings.len() > LONG_POSTINGS && self.found.len() > looked_at {
                // Before much is read: what was found so far may do.
                looked_at = self.found.len();
                for slot in &self.found {
                    let likeness = self.scores[*slot as usize].likeness();
                    if likeness > least && self.is_larger(*slot, except, asking) {
                        least = likeness;
                    }
                }
                if self.rest[read] < least * least {
                    break;
                }
            }
            left -= postings.len();
            // Whether a cluster is met for the first time is no better than a guess: it is written down in any case, and counted if so.
            let mut count = self.found.len();
            self.found.resize(count + postings.len(), 0);
            for posting in postings {
                let dot = &mut self.scores[posting.slot as usize].dot;
                self.found[count] = posting.slot;
                count += usize::from(*dot == 0.0);
                *dot += weight * posting.mass;
            }
            self.found.truncate(count);
            read += 1;
        }
        let rest = self.rest[read].sqrt();
        self.near.clear();
        let mut found = std::mem::take(&mut self.found);
        for slot in found.drain(..) {
            let score = &mut self.scores[slot as usize];
            let likeness = score.likeness();
            let dot = std::mem::take(&mut score.dot);
            if likeness + rest >= least && self.is_larger(slot, except, asking) {
                least = least.max(likeness);
                self.near.push((dot, likeness, slot));
            }
        }
        self.found = found;
        self.near.retain(|(_, likeness, _)| likeness + rest >= least);
        if read < self.vector.len() {
            self.near.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.2.cmp(&b.2)));
            self.near.truncate(NEAR_MAX);
        }
        if read < self.vector.len() {
            // All at once: they are far apart.
            std::hint::black_box(self.near.iter().fold(0, |sum, (.., slot)| sum ^ self.fetch_terms(*slot)));
        }
        let mut best: Option<(u32, f32)> = None;
        for (dot, _, slot) in &self.near {
            let (cluster, inverse) = (&self.clusters[*slot as usize], self.scores[*slot as usize].inverse);
            let mut dot = *dot;
            let mut may_win = true;
            for ((term, weight), rest) in self.vector.iter().zip(&self.rest).skip(read) {
                may_win = dot * inverse + rest.sqrt() >= least;
                if !may_win {
                    break;
                }
                if let Ok(place) = cluster.share(*term) {
                    dot += weight * cluster.shares[place].mass;
                }
            }
            let likeness = dot * inverse;
            if !may_win || likeness < least {
                continue;
            }
            // Of equals, the older one.
            if likeness > least || best.is_none_or(|(other, _)| cluster.id < self.clusters[other as usize].id) {
                least = likeness;
                best = Some((*slot, likeness));
            }
        }
        best
    }

    /// Whether a cluster that was found is another one and larger than the one that asks, if one does.
    fn is_larger(&self, slot: u32, except: u32, asking: Option<(u32, u64)>) -> bool {
        let posts = self.scores[slot as usize].posts;
        slot != except
            && asking.is_none_or(|(asked, id)| posts > asked || posts == asked && self.clusters[slot as usize].id > id)
    }

    fn open(&mut self, post: &View<'_>) -> Handle {
        // There is always one that can give way.
        let slot = self.new_slot().unwrap_or(0);
        let cluster = &mut self.clusters[slot as usize];
        cluster.first = self.busy;
        cluster.origin =
            Some(First { minute: post.time.div_euclid(60) * 60, author: post.author, language: post.language });
        self.handle_of(slot)
    }

    /// An empty living cluster.
    fn new_slot(&mut self) -> Option<u32> {
        if self.free.is_empty() && self.clusters.len() >= self.config.clusters_max {
            self.make_room();
        }
        let slot = self.free.pop().or_else(|| {
            (self.clusters.len() < self.config.clusters_max).then(|| {
                self.clusters.push(Cluster::default());
                self.scores.push(Score::default());
                self.clusters.len() as u32 - 1
            })
        })?;
        self.next_id += 1;
        self.live += 1;
        self.counters.clusters_opened += 1;
        let shares = std::mem::take(&mut self.clusters[slot as usize].shares);
        debug_assert!(shares.is_empty());
        self.clusters[slot as usize] =
            Cluster { id: self.next_id, state: State::Live, shares, last: self.busy, ..Cluster::default() };
        Some(slot)
    }

    fn touch(&mut self, slot: u32) {
        self.clusters[slot as usize].last = self.busy;
        self.mark(slot);
    }

    /// Notes that a cluster's vector has changed.
    fn mark(&mut self, slot: u32) {
        let cluster = &mut self.clusters[slot as usize];
        let score = &mut self.scores[slot as usize];
        score.inverse = 1.0 / cluster.norm2.sqrt().max(f32::MIN_POSITIVE);
        score.posts = cluster.posts;
        if !cluster.touched {
            cluster.touched = true;
            self.touched.push(slot);
        }
        if !cluster.unfolded {
            cluster.unfolded = true;
            self.unfolded.push(slot);
        }
    }

    /// Adds the vector to a cluster.
    fn add(&mut self, slot: u32, is_copy: bool) {
        let present = self.present as f32;
        let cluster = &mut self.clusters[slot as usize];
        cluster.posts += 1;
        for (id, weight) in &self.vector {
            let mass = weight * present;
            let term = self.terms.get_mut(*id);
            let (place, is_new) = match cluster.share(*id) {
                Ok(place) => (place, false),
                Err(place) => {
                    cluster.shares.insert(place, Share { term: *id, mass: 0.0, count: 0.0 });
                    term.held += 1;
                    (place, true)
                }
            };
            let share = &mut cluster.shares[place];
            let before = *share;
            share.mass += mass;
            share.count += present;
            cluster.norm2 += share.mass * share.mass - before.mass * before.mass;
            term.spread.change(f64::from(before.count), f64::from(share.count));
            term.weight = term.spread.weight(self.config.spread);
            self.counters.postings_left_out += u64::from(!term.post(slot, share.mass, is_new));
        }
        if cluster.shares.len() > CLUSTER_TERMS_MAX {
            self.counters.terms_pruned += prune(cluster, slot, &mut self.terms, &mut self.top);
        }
        if cluster.posts >= LEADS_FROM {
            let posts = cluster.posts;
            if cluster.leads.as_ref().is_none_or(|leads| posts >= leads.renew_at) {
                self.top.read(cluster, LEADS);
                cluster.leads = Some(Box::new(Leads::new(&self.top.shares, posts)));
            }
            let vector = &self.vector;
            if let Some(leads) = &mut cluster.leads {
                leads.note(is_copy, |term| vector.iter().any(|(id, _)| *id == term));
            }
        }
        self.touch(slot);
    }

    /// Lets a cluster become part of another one.
    fn unite(&mut self, from: u32, into: u32) {
        let shares = std::mem::take(&mut self.clusters[from as usize].shares);
        let target = &mut self.clusters[into as usize];
        for share in &shares {
            let term = self.terms.get_mut(share.term);
            term.unpost(from);
            let is_new = match target.share(share.term) {
                Ok(place) => {
                    let known = &mut target.shares[place];
                    term.spread.unite(f64::from(known.count), f64::from(share.count));
                    term.held -= 1;
                    target.norm2 += share.mass * (2.0 * known.mass + share.mass);
                    known.mass += share.mass;
                    known.count += share.count;
                    term.post(into, known.mass, false);
                    term.weight = term.spread.weight(self.config.spread);
                    continue;
                }
                Err(place) => {
                    target.shares.insert(place, *share);
                    target.norm2 += share.mass * share.mass;
                    true
                }
            };
            term.post(into, share.mass, is_new);
            term.weight = term.spread.weight(self.config.spread);
        }
        if target.shares.len() > CLUSTER_TERMS_MAX {
            self.counters.terms_pruned += prune(target, into, &mut self.terms, &mut self.top);
        }
        let to = self.handle_of(into);
        let source = &mut self.clusters[from as usize];
        source.shares = shares;
        source.shares.clear();
        source.shares.shrink_to(CLUSTER_TERMS_MAX / 4);
        source.state = State::Moved(to);
        source.leads = None;
        source.norm2 = 0.0;
        let (posts, first, last, copies, id) = (source.posts, source.first, source.last, source.copies, source.id);
        if let Some(origin) = source.origin.take() {
            self.changes.origins.push((to, origin));
        }
        let target = &mut self.clusters[into as usize];
        target.posts += posts;
        target.copies += copies;
        target.first = target.first.min(first);
        target.last = target.last.max(last);
        let target_id = target.id;
        self.live -= 1;
        self.counters.clusters_folded += 1;
        self.changes.merged.push((LocalId(id), LocalId(target_id)));
        self.mark(into);
    }

    /// Lets each cluster that was written to become part of the larger one that it is most alike, if it is alike enough:
    /// more for a larger one, and more while little is known of terms.
    pub fn fold(&mut self) {
        self.since_fold = 0;
        self.mass *= (-f64::from(self.busy - self.mass_at) / self.config.half_life).exp2();
        self.mass_at = self.busy;
        let chance = self.chance();
        let caution = 1.0 + (-(self.mass as f32) / self.config.warm_up).exp();
        let mut unfolded = std::mem::take(&mut self.unfolded);
        unfolded.sort_unstable();
        unfolded.dedup();
        unfolded.iter().for_each(|slot| self.clusters[*slot as usize].unfolded = false);
        let mut order: Vec<(u32, u64, u32)> = unfolded
            .iter()
            .map(|slot| (&self.clusters[*slot as usize], *slot))
            .filter(|(cluster, _)| cluster.state == State::Live && cluster.posts >= cluster.fold_at)
            .map(|(cluster, slot)| (cluster.posts, cluster.id, slot))
            .collect();
        order.sort_unstable();
        for (_, id, slot) in order {
            let cluster = &self.clusters[slot as usize];
            if cluster.state != State::Live || cluster.id != id {
                continue;
            }
            let length = cluster.norm2.sqrt().max(f32::MIN_POSITIVE);
            let asked =
                (self.config.fold + self.config.fold_per_ln * (cluster.posts.max(1) as f32).ln()) * caution + chance;
            self.top.read(cluster, FOLD_TERMS_MAX);
            self.vector.clear();
            self.vector.extend(self.top.shares.iter().map(|share| (share.term, share.mass / length)));
            let posts = cluster.posts;
            if let Some((into, _)) = self.search(slot, asked) {
                self.unite(slot, into);
            } else {
                self.clusters[slot as usize].fold_at = posts.saturating_add(posts / 2 + 1);
            }
        }
        if SPLITTING {
            self.split(&unfolded);
        }
    }

    /// Splits clusters in which two groups of leading terms never meet, or no longer do.
    fn split(&mut self, slots: &[u32]) {
        for &slot in slots {
            let cluster = &mut self.clusters[slot as usize];
            let Some(leads) = cluster.leads.as_ref().filter(|_| cluster.state == State::Live) else { continue };
            let Some(Parting { smaller, both, share: part }) = leads.stories() else { continue };
            let chosen: Vec<(TermId, f32)> = (0..leads.count)
                .filter(|lead| (smaller | both) >> lead & 1 == 1)
                .map(|lead| (leads.terms[lead], if both >> lead & 1 == 1 { part } else { 1.0 }))
                .collect();
            let (id, posts) = (cluster.id, (cluster.posts as f32 * part) as u32);
            cluster.leads = None;
            let Some(child) = self.new_slot().filter(|_| self.clusters[slot as usize].id == id) else { continue };
            let mut parts = Vec::with_capacity(chosen.len());
            let parent = &mut self.clusters[slot as usize];
            for (term, part) in chosen {
                let Ok(place) = parent.share(term) else { continue };
                let known = &mut parent.shares[place];
                let taken = Share { term, mass: known.mass * part, count: known.count * part };
                known.mass -= taken.mass;
                known.count -= taken.count;
                let left = *known;
                let entry = self.terms.get_mut(term);
                if part < 1.0 {
                    entry.spread.change(f64::from(left.count + taken.count), f64::from(left.count));
                    entry.spread.change(0.0, f64::from(taken.count));
                    entry.held += 1;
                    entry.post(slot, left.mass, false);
                } else {
                    parent.shares.remove(place);
                    entry.unpost(slot);
                }
                entry.post(child, taken.mass, true);
                parts.push(taken);
            }
            parent.norm2 = parent.shares.iter().map(|share| share.mass * share.mass).sum();
            parent.posts = parent.posts.saturating_sub(posts).max(1);
            let score = &mut self.scores[slot as usize];
            score.inverse = 1.0 / parent.norm2.sqrt().max(f32::MIN_POSITIVE);
            score.posts = parent.posts;
            let first = parent.first;
            parts.sort_unstable_by_key(|share| share.term);
            let new = &mut self.clusters[child as usize];
            new.norm2 = parts.iter().map(|share| share.mass * share.mass).sum();
            new.shares.extend_from_slice(&parts);
            new.posts = posts.max(2);
            new.first = first;
            new.split_from = Some(id);
            self.counters.clusters_split += 1;
            self.touch(child);
        }
    }

    /// Ends what has been silent for long, and forgets whither clusters went that became part of others long ago.
    pub(super) fn sweep(&mut self) {
        let quiet = self.config.silence.min(self.config.candidate_silence) / 16;
        if self.busy - self.swept_at < quiet {
            return;
        }
        self.swept_at = self.busy;
        for slot in 0..self.clusters.len() as u32 {
            let cluster = &self.clusters[slot as usize];
            let silent = self.busy - cluster.last;
            match cluster.state {
                State::Live if self.is_over(cluster, silent) => {
                    self.counters.clusters_ended += 1;
                    self.end(slot);
                }
                State::Moved(_) if silent > self.config.candidate_silence => self.vacate(slot),
                _ => {}
            }
        }
    }

    /// Whether so long a silence says that no more will come. With posts at a steady but unknown pace, the chance of none in
    /// `silent` seconds, after `posts` in `span` seconds, is (1 + silent / span)^(1 - posts).
    fn is_over(&self, cluster: &Cluster, silent: u32) -> bool {
        if cluster.posts <= 2 {
            return silent > self.config.candidate_silence;
        }
        let span = f64::from(cluster.last - cluster.first).max(1.0);
        silent > self.config.silence
            && f64::from(cluster.posts - 1) * (1.0 + f64::from(silent) / span).ln() > self.config.surprise
    }

    fn end(&mut self, slot: u32) {
        let cluster = &mut self.clusters[slot as usize];
        if cluster.told {
            self.changes.ended.push(LocalId(cluster.id));
        }
        for share in &cluster.shares {
            let term = self.terms.get_mut(share.term);
            term.unpost(slot);
            term.held -= 1;
        }
        self.live -= 1;
        self.vacate(slot);
    }

    fn vacate(&mut self, slot: u32) {
        let cluster = &mut self.clusters[slot as usize];
        cluster.state = State::Free;
        cluster.shares.clear();
        cluster.shares.shrink_to(CLUSTER_TERMS_MAX / 4);
        cluster.leads = None;
        cluster.origin = None;
        self.free.push(slot);
    }

    /// Lets one cluster give way: of a few, one that went elsewhere, else the one with the fewest posts, else the one that
    /// was silent for longest. One that was written to since the last telling only if there is no other.
    fn make_room(&mut self) {
        let mut least: Option<(bool, u32, u32, u32)> = None;
        for probe in 0..self.clusters.len() {
            self.hand = (self.hand + 1) % self.clusters.len();
            let cluster = &self.clusters[self.hand];
            if matches!(cluster.state, State::Moved(_)) && !cluster.touched {
                self.vacate(self.hand as u32);
                return;
            }
            if cluster.state == State::Live {
                let rank = (cluster.touched, cluster.posts, cluster.last, self.hand as u32);
                least = Some(least.map_or(rank, |least| least.min(rank)));
            }
            if probe + 1 >= EVICTION_PROBES {
                break;
            }
        }
        if let Some((_, _, _, slot)) = least {
            self.counters.clusters_evicted += 1;
            self.end(slot);
        }
    }

    /// Hands over what was touched and what became of clusters, and begins anew.
    pub(super) fn changes(&mut self, touched: &mut Vec<Handle>) -> Changes {
        touched.clear();
        self.touched.sort_unstable();
        self.touched.dedup();
        for slot in std::mem::take(&mut self.touched) {
            let cluster = &mut self.clusters[slot as usize];
            cluster.touched = false;
            if cluster.state == State::Live {
                touched.push(self.handle_of(slot));
            }
        }
        std::mem::take(&mut self.changes)
    }
}

/// Lets a cluster forget its least terms.
fn prune(cluster: &mut Cluster, slot: u32, terms: &mut Terms, least: &mut Top) -> u64 {
    least.keep(cluster, CLUSTER_TERMS_MAX * 3 / 4);
    for gone in &least.shares {
        let term = terms.get_mut(gone.term);
        term.unpost(slot);
        term.held -= 1;
        cluster.norm2 = (cluster.norm2 - gone.mass * gone.mass).max(0.0);
    }
    least.shares.len() as u64
}

/// Whether clusters are split (measured: see `docs/methods/narratives.md`).
const SPLITTING: bool = true;
