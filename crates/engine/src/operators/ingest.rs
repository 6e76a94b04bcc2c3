//! `ingest`: the whole way of a post up to its counts, in one operator, so that a post is never copied between workers.
//!
//! A worker takes a block, decodes all of it, publishes the block's newest event time, waits until the blocks before it have
//! published theirs, and then takes each record through edge, text, percolator and observer. Lateness is thereby judged as a
//! sequential reading of the partition would judge it, however many workers there are.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use groundswell_detect::amplify::{AmplifyCounters, AmplifyLogs};
use groundswell_detect::narrative::{NarrativeCounters, NarrativeLogs};
use groundswell_detect::volume::{Matched, Observer, VolumeCounters};
use groundswell_edge::{Admission, DeleteKey, Edge, EdgePost};
use groundswell_post::{EventTime, Record};
use groundswell_sources::{Block, DecodeScratch, decode};
use groundswell_text::{Analysis, Analyzer};
use groundswell_watch::{ClauseId, Doc, Percolator, Scratch, WatchId};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::{OutputBuilderSession, source};
use timely::dataflow::{Scope, StreamVec};

use super::{Minute, Part, Seen, minute_of};
use crate::counters::BlockCounts;
use crate::dataflow::Shared;
use crate::deletions::{DELETIONS_MAX, Posted};
use crate::stages::{Lap, SAMPLE_EVERY, Stage};

/// What the worker's loop hands to the operator.
pub(crate) struct Inbox {
    /// The watches that are matched from the next block on.
    pub(crate) percolator: Arc<Percolator>,
    pub(crate) blocks: Vec<Block>,
    /// No block will come any more.
    pub(crate) ended: bool,
    /// A checkpoint is being made: deletions reach what is buffered before it is written down.
    pub(crate) sweep: bool,
    /// No minute from this one on is closed: other processes of the cluster may still tell of deletions.
    pub(crate) heard: Minute,
    /// Deletions that were read here and that the other processes have not been told of; empty where there are none.
    pub(crate) deletions: Vec<Posted>,
    /// The operator has sent its last part.
    pub(crate) done: bool,
    /// The first minute that it may still send parts of.
    pub(crate) open: Minute,
    /// How many parts it has sent to each shard.
    pub(crate) sent: Vec<u64>,
}

impl Inbox {
    pub(crate) fn new(percolator: Arc<Percolator>, shards: usize) -> Self {
        Self {
            percolator,
            blocks: Vec::new(),
            ended: false,
            sweep: false,
            heard: Minute::MAX,
            deletions: Vec::new(),
            done: false,
            open: 0,
            sent: vec![0; shards],
        }
    }
}

/// So many buffered records are looked through for deletions at any time.
const SWEPT_AT_ONCE: u64 = 4_096;
/// More than that, when there have been enough posts since for each of them to pay for so many.
const SWEPT_A_POST: u64 = 4;

/// A worker's numbers.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    /// In the process.
    pub(crate) local: usize,
    /// In the cluster.
    pub(crate) global: usize,
}

type Output<'a> = OutputBuilderSession<'a, Minute, CapacityContainerBuilder<Vec<Seen>>>;

/// Builds the operator; returns its parts and its address for waking it.
pub(crate) fn ingest(
    scope: Scope<'_, Minute>,
    shared: Arc<Shared>,
    worker: Numbers,
    edge: Edge,
    inbox: Rc<RefCell<Inbox>>,
    observer: Rc<RefCell<Observer>>,
) -> (StreamVec<'_, Minute, Seen>, Rc<[usize]>) {
    let mut address = None;
    let parts = source(scope, "Ingest", |mut capability, info| {
        address = Some(info.address.clone());
        if let Some(before) = shared.config.resume.as_ref().and_then(|resume| resume.closed_before) {
            // What an earlier run closed stays closed.
            capability.downgrade(&minute_of(before));
        }
        let mut ingest = Ingest::new(shared, worker, edge, capability, observer);
        move |output: &mut Output<'_>| {
            let mut inbox = inbox.borrow_mut();
            if inbox.done {
                return;
            }
            let Inbox { percolator, blocks, deletions, .. } = &mut *inbox;
            for block in blocks.drain(..) {
                ingest.block(&block, percolator, deletions);
            }
            inbox.done = ingest.advance(output, &mut inbox);
            inbox.open = ingest.open();
        }
    });
    (parts, address.expect("the constructor has run"))
}

/// How far a post moves its partition's clock: not beyond now. One that claims to be of tomorrow is counted tomorrow, and must not
/// make all that come after it late.
fn clock_time(time: EventTime, now: EventTime) -> EventTime {
    time.min(now)
}

struct Ingest {
    shared: Arc<Shared>,
    worker: Numbers,
    edge: Edge,
    analyzer: Analyzer,
    /// Shared with the worker's loop, which looks into it for a checkpoint.
    observer: Rc<RefCell<Observer>>,
    narratives: Option<NarrativeLogs>,
    copies: Option<AmplifyLogs>,
    /// `None` once everything is sent.
    capability: Option<Capability<Minute>>,
    /// Deletions that an open window may still need.
    deletions: Vec<Posted>,
    /// How many were ever posted when they were read.
    deletions_read: u64,
    /// How many of `deletions` the open minutes have already been swept for.
    deletions_swept: usize,
    /// `posts_seen` at that time.
    posts_swept: u64,
    // Buffers reused from post to post.
    decode: DecodeScratch,
    post: EdgePost,
    analysis: Analysis,
    scratch: Scratch,
    matches: Vec<WatchId>,
    clauses: Vec<ClauseId>,
    keys: Vec<DeleteKey>,
    posts_seen: u64,
    /// What the counters were told of the observer's bounds.
    limits_told: VolumeCounters,
    narrative_limits_told: NarrativeCounters,
    copies_limits_told: AmplifyCounters,
}

impl Ingest {
    fn new(
        shared: Arc<Shared>,
        worker: Numbers,
        edge: Edge,
        capability: Capability<Minute>,
        observer: Rc<RefCell<Observer>>,
    ) -> Self {
        Self {
            worker,
            edge,
            analyzer: Analyzer::new(),
            observer,
            narratives: shared.config.narratives.as_ref().map(NarrativeLogs::new),
            copies: shared.config.amplify.as_ref().map(AmplifyLogs::new),
            capability: Some(capability),
            deletions: Vec::new(),
            deletions_read: 0,
            deletions_swept: 0,
            posts_swept: 0,
            decode: DecodeScratch::default(),
            post: EdgePost::default(),
            analysis: Analysis::new(),
            scratch: Scratch::new(),
            matches: Vec::new(),
            clauses: Vec::new(),
            keys: Vec::new(),
            posts_seen: 0,
            limits_told: VolumeCounters::default(),
            narrative_limits_told: NarrativeCounters::default(),
            copies_limits_told: AmplifyCounters::default(),
            shared,
        }
    }

    /// Takes all records of a block up to the observer.
    fn block(&mut self, block: &Block, percolator: &Percolator, for_others: &mut Vec<Posted>) {
        let shared = Arc::clone(&self.shared);
        let times = shared.stage_times.as_deref();
        let mut lap = Lap::start(times);
        let people = shared.counters.people(usize::from(block.source.0));
        let mut counts = BlockCounts { people, ..BlockCounts::default() };
        let mut newest: Option<EventTime> = None;
        let mut records = Vec::with_capacity(1_024);
        let options = shared.decode_options(block.source);
        let now = shared.clock.now();
        decode(block, options, now, &mut self.decode, &mut |line, result| match result {
            Ok(record) => {
                if let Record::Post(raw) = &record {
                    newest = newest.max(Some(clock_time(raw.time, now)));
                }
                records.push(record);
            }
            Err(rejection) => {
                tracing::debug!(target: "groundswell_engine::rejected", "{}:{line}: {rejection}", shared.partition_name(block));
                counts.reject(rejection);
            }
        });
        lap.whole(Stage::Decode);

        let default_source = shared.default_source(block.source);
        let posted =
            self.post_deletions(&records, default_source, newest, shared.clocks.is_live(block.partition), &mut counts);
        if shared.config.cluster.is_some() {
            for_others.extend(posted);
        }
        shared.clocks.publish(block.partition, block.seq, newest);
        let Some(mut newest) = self.newest_before(block) else { return };

        let lateness = shared.clocks.lateness(block.partition);
        let observer = Rc::clone(&self.observer);
        let mut observer = observer.borrow_mut();
        let open = self.capability.as_ref().map_or(0, |capability| *capability.time());
        for record in &records {
            let Record::Post(raw) = record else { continue };
            let too_old = newest.is_some_and(|newest| raw.time.unix() < newest.unix() - lateness);
            if too_old || minute_of(raw.time.unix()) < open {
                counts.records.late += 1;
                continue;
            }
            newest = newest.max(Some(clock_time(raw.time, now)));
            self.posts_seen += 1;
            let mut lap = Lap::start(times.filter(|_| self.posts_seen.is_multiple_of(SAMPLE_EVERY)));
            match self.edge.admit_portion(raw, default_source, block.portion, &mut self.post) {
                Admission::OptedOut => counts.records.opted_out += 1,
                Admission::Repeated => counts.records.repeated += 1,
                Admission::Thinned => counts.records.thinned += 1,
                Admission::Accepted => {
                    lap.sampled(Stage::Edge);
                    self.analyzer.analyze(&self.post, &mut self.analysis);
                    lap.sampled(Stage::Text);
                    counts.texts_truncated += u64::from(self.analysis.truncated);
                    let doc = Doc::new(&self.post, &self.analysis);
                    percolator.matches_with_clauses(&doc, &mut self.scratch, &mut self.matches, &mut self.clauses);
                    lap.sampled(Stage::Watch);
                    let matched = Matched { watches: &self.matches, clauses: &self.clauses };
                    observer.observe(&self.post, &self.analysis, matched);
                    lap.sampled(Stage::Observe);
                    if let Some(narratives) = &mut self.narratives {
                        narratives.observe(&self.post, &self.analysis, observer.names());
                        while let (Some(full), Some(clusters)) = (narratives.hand_over_early(), &shared.clusters) {
                            clusters.take_early(full);
                        }
                        lap.sampled(Stage::Narrative);
                    }
                    if let Some(copies) = &mut self.copies {
                        copies.observe(&self.post, &self.analysis);
                        while let (Some(full), Some(joint)) = (copies.hand_over_early(), &shared.copies) {
                            joint.take_early(full);
                        }
                        lap.sampled(Stage::Copies);
                    }
                    if let Some(explore) = &shared.config.explore {
                        explore.push(self.worker.local, &self.post, now);
                        lap.sampled(Stage::Explore);
                    }
                    counts.accept(&self.post);
                }
            }
        }
        // The last post does not stay in the buffers until another one comes, which may be never.
        self.post = EdgePost::default();
        self.analysis = Analysis::new();
        shared.counters.add_block(usize::from(block.source.0), &counts);
        shared.checkpoints.counted(block);
    }

    /// Puts the block's deletions on the board. They must be there before the block's clock is published.
    fn post_deletions(
        &mut self,
        records: &[Record<'_>],
        default_source: &str,
        newest: Option<EventTime>,
        live: bool,
        counts: &mut BlockCounts,
    ) -> Vec<Posted> {
        let mut posted = Vec::new();
        for record in records {
            let Record::Delete(deletion) = record else { continue };
            counts.records.deleted += 1;
            let time = deletion.time.or(newest).unwrap_or_else(|| self.shared.clock.now());
            self.keys.clear();
            self.edge.deletion(deletion, default_source, time, &mut self.keys);
            for key in &self.keys {
                if let DeleteKey::Author(author) = key {
                    self.shared.counters.forget(*author);
                }
            }
            if let Some(explore) = &self.shared.config.explore {
                explore.delete(&self.keys, self.shared.clock.now());
            }
            posted.extend(self.keys.iter().map(|key| Posted { time, key: *key, live }));
        }
        counts.deletions_left_out += self.shared.deletions.post(&posted);
        posted
    }

    /// The newest event time in the blocks before this one. `None` only when the engine was stopped meanwhile.
    #[allow(clippy::option_option, reason = "stopped, nothing before, something before: three different things")]
    fn newest_before(&self, block: &Block) -> Option<Option<EventTime>> {
        let mut tries = 0_u32;
        loop {
            if let Some(newest) = self.shared.clocks.prefix(block.partition, block.seq) {
                return Some(newest);
            }
            if self.shared.halt.stopped() {
                return None;
            }
            // The worker that holds the block before is decoding it: a matter of a millisecond.
            tries += 1;
            if tries < 64 { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
    }

    /// The first minute that parts may still be sent of.
    fn open(&self) -> Minute {
        self.capability.as_ref().map_or(Minute::MAX, |capability| *capability.time())
    }

    /// Closes what the watermark has passed, and of which no other process can still tell a deletion, and sends it, counted by
    /// shard. True when nothing will ever be sent again.
    fn advance(&mut self, output: &mut Output<'_>, inbox: &mut Inbox) -> bool {
        let Inbox { ended, sweep, heard, sent, .. } = inbox;
        let sweep = std::mem::take(sweep);
        let Some(capability) = &mut self.capability else { return true };
        if self.shared.halt.stopped() {
            self.capability = None;
            return true;
        }
        let shared = Arc::clone(&self.shared);
        let observer = Rc::clone(&self.observer);
        let mut observer = observer.borrow_mut();
        let sources_done = *ended && shared.all_done();
        let open = *capability.time();
        let watermark = shared.watermark();
        // Only now: whatever the watermark rests on had its deletions on the board before. Read earlier, those of a block that
        // another worker publishes meanwhile would be missed by the windows which that block closes.
        self.deletions_read = shared.deletions.read(self.worker.local, &mut self.deletions);
        let over = self.deletions.len().saturating_sub(DELETIONS_MAX);
        self.deletions.drain(..over);
        self.deletions_swept = self.deletions_swept.saturating_sub(over);
        let reached = if sources_done { Minute::MAX } else { watermark.map_or(open, |time| minute_of(time.unix())) };
        let next = reached.min(*heard).max(open);
        let all_done = next == Minute::MAX;
        let before = if all_done { i64::MAX } else { next as i64 * 60 };
        let closing = before > open as i64 * 60;
        // Deletions need not wait for a window to close: where little is buffered they reach it at once, else as soon as looking
        // through it costs each post since the last time no more than a few records.
        let sweeping = self.deletions.len() > self.deletions_swept
            && (sweep
                || observer.records() as u64 <= SWEPT_AT_ONCE + SWEPT_A_POST * (self.posts_seen - self.posts_swept));
        if closing {
            let mut lap = Lap::start(shared.stage_times.as_deref());
            // A deletion may have been read before its post: all of them once more, once a minute.
            let fresh = self.deletions_swept.min(self.deletions.len());
            Self::forget(&shared, &mut observer, self.narratives.as_mut(), self.copies.as_mut(), &self.deletions);
            Self::forget_held(&shared, self.worker, &self.deletions[fresh..], self.deletions_read);
            observer.close(before, &mut |shard, window, summary| {
                let minute = minute_of(window.start);
                let at = capability.delayed(&minute.max(open));
                output.session(&at).give(Seen::Volume(Part { shard: shard as u64, window, summary }));
                if let Some(sent) = sent.get_mut(shard) {
                    *sent += 1;
                }
            });
            // One worker speaks for its process, to all shards: they must hold the same of a minute.
            if self.worker.local == 0 && shared.config.bursts.is_some() {
                for (minute, heard) in shared.config.coverage.between(open, next) {
                    let at = capability.delayed(&minute.max(open));
                    for (shard, sent) in (0..).zip(sent.iter_mut()) {
                        output.session(&at).give(Seen::Coverage { shard, minute: minute as i64 * 60, heard });
                        *sent += 1;
                    }
                }
            }
            lap.whole(Stage::Close);
            // What workers of a process find together has the number of its first worker.
            let (owner, worker) = (shared.narratives_owner(), (self.worker.global - self.worker.local) as u16);
            if let (Some(narratives), Some(clusters)) = (&mut self.narratives, &shared.clusters) {
                clusters.close(self.worker.local, before, narratives, &shared.counters, &mut |delta| {
                    let at = capability.delayed(&minute_of(delta.minute).max(open));
                    output.session(&at).give(Seen::Narratives { owner, worker, delta });
                    if let Some(sent) = sent.get_mut(owner as usize) {
                        *sent += 1;
                    }
                });
                lap.whole(Stage::Cluster);
            }
            if let (Some(copies), Some(joint)) = (&mut self.copies, &shared.copies) {
                joint.close(self.worker.local, before, copies, &shared.counters, &mut |delta| {
                    let at = capability.delayed(&minute_of(delta.minute).max(open));
                    output.session(&at).give(Seen::Copies { owner, worker, delta });
                    if let Some(sent) = sent.get_mut(owner as usize) {
                        *sent += 1;
                    }
                });
                lap.whole(Stage::Families);
            }
        } else if sweeping {
            let fresh = &self.deletions[self.deletions_swept..];
            Self::forget(&shared, &mut observer, self.narratives.as_mut(), self.copies.as_mut(), fresh);
            Self::forget_held(&shared, self.worker, fresh, self.deletions_read);
        }
        if closing || sweeping {
            self.deletions_swept = self.deletions.len();
            self.posts_swept = self.posts_seen;
        }
        if all_done || next > open {
            let limits = observer.counters();
            shared.counters.add_volume(&limits.since(&self.limits_told));
            self.limits_told = limits;
            if let Some(narratives) = &self.narratives {
                let limits = narratives.counters();
                shared.counters.add_narratives(&limits.since(&self.narrative_limits_told));
                self.narrative_limits_told = limits;
            }
            if let Some(copies) = &self.copies {
                let limits = copies.counters();
                shared.counters.add_copies(&limits.since(&self.copies_limits_told));
                self.copies_limits_told = limits;
            }
            shared.tell_edge_limits();
        }
        if all_done {
            shared.forget_keys_before(self.worker.local, i64::MAX);
            self.capability = None;
            return true;
        }
        if next > open {
            capability.downgrade(&next);
            let unix = next as i64 * 60;
            shared.counters.advance_watermark(unix);
            shared.forget_keys_before(self.worker.local, unix);
            let needed = EventTime::from_unix(unix - 60 - shared.clocks.lateness_max());
            self.deletions.retain(|posted| posted.time >= needed);
            // All of them have just been swept for: a window has closed.
            self.deletions_swept = self.deletions.len();
        }
        false
    }

    /// Removes from what was handed over for copies to be found in it what deletions name, of which the open minutes hold nothing any more;
    /// once for each deletion.
    fn forget_held(shared: &Shared, worker: Numbers, fresh: &[Posted], read: u64) {
        if let Some(copies) = shared.copies.as_ref().filter(|_| !fresh.is_empty()) {
            copies.forget(worker.local, fresh, read);
        }
    }

    /// Removes from open minutes what deletions name, each minute by the deletions that its window honours.
    fn forget(
        shared: &Shared,
        observer: &mut Observer,
        mut narratives: Option<&mut NarrativeLogs>,
        mut copies: Option<&mut AmplifyLogs>,
        deletions: &[Posted],
    ) {
        if deletions.is_empty() {
            return;
        }
        let lateness = shared.clocks.lateness_max();
        let mut forgotten = 0;
        for minute in observer.open_minutes() {
            let honoured = deletions.iter().filter(|posted| posted.is_for(minute, lateness));
            let keys: HashSet<DeleteKey> = honoured.map(|posted| posted.key).collect();
            if !keys.is_empty() {
                forgotten += observer.delete(minute, &keys);
                if let Some(narratives) = &mut narratives {
                    narratives.delete(minute, &keys);
                }
                if let Some(clusters) = &shared.clusters {
                    clusters.delete(minute, &keys);
                }
                if let Some(copies) = &mut copies {
                    copies.delete(minute, &keys);
                }
            }
        }
        shared.counters.add_forgotten(forgotten);
        shared.checkpoints.spoil(observer.take_spoiled());
    }
}
