//! [`NarrativeObserver`]: logs of open minutes, and the clusterer that reads them when they close.

use std::collections::HashSet;
use std::fmt;

use groundswell_edge::{DeleteKey, EdgePost};
use groundswell_sketch::Window;
use groundswell_text::Analysis;
use groundswell_text::names::NameSpan;

use super::cluster::{Handle, LocalId};
use super::clusterer::{Clusterer, View};
use super::config::{NarrativeConfig, NarrativeCounters};
use super::delta::MinuteDelta;
use super::family::Keys;
use super::features::{Feature, FeatureKind};
use super::log::MinuteLog;
use super::logs::{NarrativeLogs, NarrativeMinute, NarrativeRoom};
use super::tell::{Clustered, Teller};
use super::terms::{TermId, Terms, UNKNOWN};

/// So many posts ahead it is looked up which terms a post has, less one.
const LOOK_UP_AHEAD: usize = 8;
/// So many posts ahead terms and families are read …
const READ_TERMS_AHEAD: usize = 4;
/// … and the clusters that are found through the terms.
const READ_POSTINGS_AHEAD: usize = 2;

/// One process's part of the narrative detector: keeps the posts of open minutes, clusters a minute's posts in the order of
/// their time when it closes, and tells what became of the clusters.
pub struct NarrativeObserver {
    logs: NarrativeLogs,
    clusterer: Clusterer,
    /// What was clustered before its minute closed.
    early: Vec<MinuteDelta>,
    order: Vec<u32>,
    scratch: Scratch,
    teller: Teller,
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
    /// By feature of the log; [`UNKNOWN`] where there is none.
    terms: Vec<TermId>,
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
            teller: Teller::default(),
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

    /// The room of a log that was clustered, for whoever hands the next one over.
    pub fn take_room(&mut self) -> Option<NarrativeRoom> {
        self.logs.take_room()
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
        let Scratch { post, known, terms, handles, copies, touched } = &mut self.scratch;
        handles.clear();
        handles.resize(log.len(), Handle::NONE);
        copies.clear();
        copies.resize(log.len(), false);
        terms.clear();
        terms.resize(log.features(), UNKNOWN);
        let stood_for = |terms: &Terms| (terms.evicted, terms.exchanged);
        let before = stood_for(self.clusterer.terms());
        let mut families = [Keys::default(); LOOK_UP_AHEAD];
        for at in 0..self.order.len() + LOOK_UP_AHEAD {
            // What posts need is spread over all memory. It is asked for some posts ahead, in three steps of which each needs the one
            // before, so that nobody waits for it; nothing is changed by that.
            if let Some(&index) = self.order.get(at) {
                post.clear();
                for &id in log.ids_of(index as usize) {
                    let feature = log.feature(id);
                    post.push(*feature);
                    let known = &mut terms[id as usize];
                    if *known == UNKNOWN && feature.kind != FeatureKind::Domain {
                        *known = self.clusterer.terms().find(feature.hash).unwrap_or(UNKNOWN);
                    }
                }
                families[at % LOOK_UP_AHEAD] = Keys::read(post, log.record(index as usize).text_hash);
            }
            let Some(now) = at.checked_sub(LOOK_UP_AHEAD - 1) else { continue };
            let looked_up: &[TermId] = terms;
            let known_of = |ahead: usize| {
                let ids = self.order.get(now + ahead).map_or(&[][..], |index| log.ids_of(*index as usize));
                ids.iter().map(move |id| looked_up[*id as usize])
            };
            let of_terms = known_of(READ_TERMS_AHEAD).fold(0, |sum, id| sum ^ self.clusterer.terms().fetch(id));
            let of_family = self.clusterer.fetch_family(families[(now + READ_TERMS_AHEAD) % LOOK_UP_AHEAD]);
            let postings =
                known_of(READ_POSTINGS_AHEAD).fold(0, |sum, id| sum ^ self.clusterer.terms().fetch_postings(id));
            std::hint::black_box((of_terms, of_family, postings));
            let Some(&index) = self.order.get(now) else { break };
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
                family: families[now % LOOK_UP_AHEAD],
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
        let of = Clustered { minute, log, handles, copies, terms, touched };
        self.teller.tell(&of, changes, &mut self.clusterer)
    }
}
