//! [`NarrativeObserver`]: logs of open minutes, and the clusterer that reads them when they close.

use std::collections::HashSet;
use std::fmt;

use groundswell_edge::{DeleteKey, EdgePost};
use groundswell_gate::AuthorBits;
use groundswell_sketch::{CellKey, Distinct, Window};
use groundswell_text::Analysis;
use groundswell_text::names::NameSpan;

use super::authors::{FewAuthors, same_day};
use super::cluster::{First, Handle, LocalId, Share};
use super::clusterer::{Changes, Clusterer, View};
use super::config::{DELTA_TERMS_MAX, FACETS_MAX, NarrativeConfig, NarrativeCounters};
use super::delta::{LocalDelta, MinuteDelta, TermDelta};
use super::features::{Feature, FeatureKind};
use super::log::MinuteLog;
use super::logs::{NarrativeLogs, NarrativeMinute};
use super::terms::{TermId, Terms, UNKNOWN};

/// Posts from which on a cluster is told to the owner.
const TOLD_POSTS_MIN: u32 = 2;

/// One process's part of the narrative detector: keeps the posts of open minutes, clusters a minute's posts in the order of
/// their time when it closes, and tells what became of the clusters.
pub struct NarrativeObserver {
    logs: NarrativeLogs,
    clusterer: Clusterer,
    /// What was clustered before its minute closed.
    early: Vec<MinuteDelta>,
    order: Vec<u32>,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    post: Vec<Feature>,
    /// The terms that the post's features are.
    known: Vec<TermId>,
    handles: Vec<Handle>,
    /// Whether each post of the log is nearly identical to one before.
    copies: Vec<bool>,
    touched: Vec<Handle>,
    /// By slot: number of the delta, plus one.
    numbers: Vec<u32>,
    top: Vec<Share>,
    /// By feature of the log; [`UNKNOWN`] where there is none.
    terms: Vec<TermId>,
    /// By delta, [`DELTA_TERMS_MAX`] each: the cluster's weightiest terms, in parts of its unit vector.
    tops: Vec<Share>,
    /// (delta, item, author, whether it is a copy) for every post that has the item.
    items: Vec<(u32, u32, Option<u64>, bool)>,
    authors: Vec<(u32, u64)>,
}

impl fmt::Debug for NarrativeObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NarrativeObserver({:?}, {:?})", self.logs, self.clusterer)
    }
}

impl NarrativeObserver {
    /// An observer that has seen nothing.
    pub fn new(config: NarrativeConfig) -> Self {
        Self {
            logs: NarrativeLogs::new(&config),
            clusterer: Clusterer::new(config),
            early: Vec::new(),
            order: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Notes a post. `names` are the spans of it that look like a person's name: their words are not told one by one.
    pub fn observe(&mut self, post: &EdgePost, analysis: &Analysis, names: &[NameSpan]) {
        self.logs.observe(post, analysis, names);
        self.make_room();
    }

    /// Takes what other workers have noted of a minute. Whose posts of it come when makes no difference, as long as it is before the
    /// minute closes.
    pub fn take_in(&mut self, minute: NarrativeMinute) {
        self.logs.add(minute);
    }

    /// Forgets what is named in an open minute; returns how many posts that were. What was clustered early is out of reach.
    pub fn delete(&mut self, minute: Window, keys: &HashSet<DeleteKey>) -> u64 {
        self.logs.delete(minute, keys)
    }

    /// Posts of open minutes.
    pub fn records(&self) -> usize {
        self.logs.records()
    }

    /// The clusters.
    pub fn clusterer(&self) -> &Clusterer {
        &self.clusterer
    }

    /// Which bounds were reached.
    pub fn counters(&self) -> NarrativeCounters {
        let mut counters = self.clusterer.counters();
        counters.add(&self.logs.counters());
        counters
    }

    /// Clusters the posts of all minutes that end at or before a second, oldest first, and hands out what the owner must know.
    pub fn close(&mut self, before_unix: i64, emit: &mut dyn FnMut(MinuteDelta)) {
        self.close_and_tell(before_unix, &mut |_, _| {}, emit);
    }

    /// [`Self::close`] that also says which cluster each post went to, by post key: for evaluations.
    pub fn close_and_tell(
        &mut self,
        before_unix: i64,
        tell: &mut dyn FnMut(u64, LocalId),
        emit: &mut dyn FnMut(MinuteDelta),
    ) {
        std::mem::take(&mut self.early).into_iter().for_each(&mut *emit);
        while let Some(NarrativeMinute { minute, log }) = self.logs.hand_over(before_unix) {
            emit(self.cluster(minute, &log, tell));
            self.logs.reuse(log);
        }
    }

    /// Makes room in the logs: the oldest minutes first.
    pub fn make_room(&mut self) {
        while let Some(NarrativeMinute { minute, log }) = self.logs.hand_over_early() {
            self.clusterer.counters_mut().posts_clustered_early += log.len() as u64;
            let delta = self.cluster(minute, &log, &mut |_, _| {});
            self.early.push(delta);
        }
    }

    fn cluster(&mut self, minute: i64, log: &MinuteLog, tell: &mut dyn FnMut(u64, LocalId)) -> MinuteDelta {
        log.order(&mut self.order);
        let Scratch { post, known, terms, handles, copies, touched, .. } = &mut self.scratch;
        handles.clear();
        handles.resize(log.len(), Handle::NONE);
        copies.clear();
        copies.resize(log.len(), false);
        terms.clear();
        terms.resize(log.features(), UNKNOWN);
        let stood_for = |terms: &Terms| (terms.evicted, terms.exchanged);
        let before = stood_for(self.clusterer.terms());
        for &index in &self.order {
            let record = log.record(index as usize);
            let ids = log.ids_of(index as usize);
            post.clear();
            post.extend(ids.iter().map(|id| *log.feature(*id)));
            known.clear();
            known.extend(ids.iter().map(|id| terms[*id as usize]));
            let (handle, is_copy) = self.clusterer.take(&mut View {
                time: record.time,
                author: record.author,
                language: record.language,
                features: post,
                text: log.text(),
                text_hash: record.text_hash,
                known,
            });
            ids.iter().zip(known.iter()).for_each(|(id, term)| terms[*id as usize] = *term);
            handles[index as usize] = handle;
            copies[index as usize] = is_copy;
            tell(record.key, LocalId(self.clusterer.cluster(handle).id));
        }
        if stood_for(self.clusterer.terms()) != before {
            // Some of what was looked up may be another term by now.
            for (id, term) in (0..).zip(terms.iter_mut()) {
                *term = self.clusterer.terms().find_feature(log.feature(id)).unwrap_or(UNKNOWN);
            }
        }
        self.clusterer.fold();
        self.clusterer.sweep();
        let changes = self.clusterer.changes(touched);
        self.delta(minute, log, changes)
    }

    /// What the owner must know of a minute.
    fn delta(&mut self, minute: i64, log: &MinuteLog, changes: Changes) -> MinuteDelta {
        let Scratch { handles, copies, touched, numbers, top, terms, tops, items, authors, .. } = &mut self.scratch;
        let clusterer = &mut self.clusterer;
        let mut locals: Vec<LocalDelta> = Vec::with_capacity(touched.len());
        let mut origins: Vec<(u32, First)> = Vec::new();
        // Of which clusters all terms are told: the owner knows them not yet, or they changed without a post.
        let mut whole: Vec<bool> = Vec::new();
        tops.clear();
        authors.clear();
        items.clear();
        for handle in touched.iter() {
            if clusterer.cluster(*handle).posts < TOLD_POSTS_MIN {
                continue;
            }
            let slot = handle.slot as usize;
            if numbers.len() <= slot {
                numbers.resize(slot + 1, 0);
            }
            numbers[slot] = locals.len() as u32 + 1;
            let cluster = clusterer.cluster_mut(*handle);
            whole.push(!cluster.told);
            cluster.told = true;
            if let Some(origin) = cluster.origin.take().filter(|origin| origin.minute != minute) {
                origins.push((locals.len() as u32, origin));
            }
            let split_from = cluster.split_from.take().map(LocalId);
            cluster.top(DELTA_TERMS_MAX, top);
            let length = cluster.norm2.sqrt().max(f32::MIN_POSITIVE);
            tops.extend(top.iter().map(|share| Share { mass: share.mass / length, ..*share }));
            tops.resize((locals.len() + 1) * DELTA_TERMS_MAX, Share { term: UNKNOWN, mass: 0.0, count: 0.0 });
            let (id, posts_total, copies_total) = (LocalId(cluster.id), cluster.posts, cluster.copies);
            locals.push(LocalDelta {
                id,
                split_from,
                posts_total,
                copies_total,
                originals: 0,
                counts: Vec::new(),
                key: CellKey::default(),
                authors: Distinct::new(),
                languages: Vec::new(),
                language_authors: Vec::new(),
                terms: Vec::new(),
                facets: Vec::new(),
            });
        }
        let number_of = |handle: Handle, clusterer: &Clusterer| {
            let handle = clusterer.resolve(handle)?;
            numbers.get(handle.slot as usize).copied().filter(|number| *number > 0).map(|number| number - 1)
        };
        for (handle, origin) in changes.origins.iter().filter(|(_, origin)| origin.minute != minute) {
            origins.extend(number_of(*handle, clusterer).map(|number| (number, *origin)));
        }
        for (number, origin) in origins {
            let local = &mut locals[number as usize];
            add_count(&mut local.counts, origin.minute);
            local.originals += 1;
            local.key.add(origin.author.map_or_else(CellKey::default, CellKey::of_author));
            add_count(&mut local.languages, origin.language);
            add_author(&mut local.language_authors, origin.language, origin.author);
            authors.extend(origin.author.filter(|_| same_day(origin.minute, minute)).map(|author| (number, author)));
        }

        for (index, handle) in handles.iter().enumerate() {
            let Some(number) = number_of(*handle, clusterer) else { continue };
            let record = log.record(index);
            let local = &mut locals[number as usize];
            add_count(&mut local.counts, minute);
            local.originals += u32::from(!copies[index]);
            local.key.add(record.author.map_or_else(CellKey::default, CellKey::of_author));
            add_count(&mut local.languages, record.language);
            add_author(&mut local.language_authors, record.language, record.author);
            authors.extend(record.author.map(|author| (number, author)));
            let top = &tops[number as usize * DELTA_TERMS_MAX..][..DELTA_TERMS_MAX];
            let mut seen = 0_u32;
            for &id in log.ids_of(index) {
                let (feature, term) = (log.feature(id), terms[id as usize]);
                if term != UNKNOWN
                    && let Some(place) = top.iter().position(|share| share.term == term)
                    && seen & 1 << place == 0
                {
                    // Two long words of the post may be this term; the post is one.
                    seen |= 1 << place;
                    let is_shown = clusterer.terms().spelling(term) == feature.form_hash;
                    items.push((number, place as u32, record.author.filter(|_| is_shown), copies[index]));
                }
                if matches!(feature.kind, FeatureKind::Hashtag | FeatureKind::Domain) {
                    items.push((number, DELTA_TERMS_MAX as u32 + id, record.author, copies[index]));
                }
            }
        }
        for handle in touched.iter() {
            if let Some(number) = numbers.get_mut(handle.slot as usize) {
                *number = 0;
            }
        }
        authors.sort_unstable();
        authors.dedup();
        let mut tokens = Vec::new();
        for run in authors.chunk_by(|a, b| a.0 == b.0) {
            tokens.clear();
            tokens.extend(run.iter().map(|(_, author)| *author));
            locals[run[0].0 as usize].authors = Distinct::from_sorted_unique(&tokens);
        }
        items.sort_unstable();
        for run in items.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (number, item, ..) = run[0];
            tokens.clear();
            tokens.extend(run.iter().filter_map(|(_, _, author, _)| *author));
            tokens.dedup();
            let (posts, found) = (run.len() as u32, FewAuthors::from_sorted_unique(&tokens));
            let originals = run.iter().filter(|(.., is_copy)| !is_copy).count() as u32;
            let local = &mut locals[number as usize];
            if let Some(id) = item.checked_sub(DELTA_TERMS_MAX as u32) {
                let feature = log.feature(id);
                local.facets.push(TermDelta {
                    hash: feature.hash,
                    stem: 0,
                    kind: feature.kind,
                    form: log.text_of(id).to_owned(),
                    part: 0.0,
                    weight: 0.0,
                    own: 0.0,
                    rise: 0.0,
                    posts,
                    originals,
                    authors: found,
                });
            } else {
                let top = tops[number as usize * DELTA_TERMS_MAX + item as usize];
                local.terms.push(term_delta(clusterer.terms(), top, (posts, originals), found));
            }
        }
        // Nothing of the minute stays here.
        authors.clear();
        items.clear();
        let mut left_out = 0;
        for ((local, top), whole) in locals.iter_mut().zip(tops.chunks_exact(DELTA_TERMS_MAX)).zip(whole) {
            if whole || local.terms.is_empty() {
                let told: Vec<u64> = local.terms.iter().map(|term| term.hash).collect();
                let silent = top.iter().filter(|share| share.term != UNKNOWN);
                let silent = silent.filter(|share| !told.contains(&clusterer.terms().get(share.term).hash));
                local
                    .terms
                    .extend(silent.map(|top| term_delta(clusterer.terms(), *top, (0, 0), FewAuthors::default())));
                local.terms.sort_by(|a, b| b.part.total_cmp(&a.part));
            }
            left_out += keep_largest(&mut local.facets);
            local.counts.sort_unstable();
            local.languages.sort_unstable();
            local.language_authors.sort_unstable_by_key(|(language, _)| *language);
        }
        clusterer.counters_mut().facets_left_out += left_out;
        let has_history = clusterer.terms().has_history();
        MinuteDelta { minute, has_history, locals, merged: changes.merged, ended: changes.ended }
    }
}

/// A term of a cluster, as it is told; its mass is its part of the cluster's unit vector.
fn term_delta(terms: &Terms, share: Share, (posts, originals): (u32, u32), authors: FewAuthors) -> TermDelta {
    let term = terms.get(share.term);
    let form = terms.form(share.term).to_owned();
    let own = (f64::from(share.count) / term.spread.sum().max(f64::MIN_POSITIVE)).min(1.0) as f32;
    let rise = terms.rise(share.term);
    TermDelta {
        hash: term.hash,
        stem: terms.alone_of(share.term),
        kind: term.kind,
        form,
        part: share.mass,
        weight: term.weight,
        own,
        rise,
        posts,
        originals,
        authors,
    }
}

fn add_count<T: PartialEq>(counts: &mut Vec<(T, u32)>, value: T) {
    match counts.iter_mut().find(|(known, _)| *known == value) {
        Some((_, count)) => *count += 1,
        None => counts.push((value, 1)),
    }
}

fn add_author(authors: &mut Vec<([u8; 2], AuthorBits)>, language: [u8; 2], author: Option<u64>) {
    let Some(author) = author else { return };
    let at = authors.iter().position(|(known, _)| *known == language).unwrap_or_else(|| {
        authors.push((language, AuthorBits::default()));
        authors.len() - 1
    });
    authors[at].1.insert(author);
}

/// Keeps the hashtags and the domains with most posts, [`FACETS_MAX`] of each; returns how many went.
fn keep_largest(facets: &mut Vec<TermDelta>) -> u64 {
    facets.sort_unstable_by(|a, b| (a.kind, b.posts, &a.form).cmp(&(b.kind, a.posts, &b.form)));
    let before = facets.len();
    let (mut kind, mut kept) = (None, 0);
    facets.retain(|facet| {
        kept = if kind == Some(facet.kind) { kept + 1 } else { 1 };
        kind = Some(facet.kind);
        kept <= FACETS_MAX
    });
    (before - facets.len()) as u64
}
