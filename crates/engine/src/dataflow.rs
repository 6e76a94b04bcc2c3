//! The dataflow: the same on one worker, on N threads, and over several processes.
//!
//! ```text
//! blocks ─▶ Ingest ═(summaries, by shard)═▶ Merge ═(candidates)═▶ Release ─▶ sink
//!           every worker                    owner of the shard     worker 0
//! ```
//!
//! Two things stop the workers. `stop` is the ordered one: sources end, a last checkpoint is made, and only then `halt` lets
//! go of what is open. Where no checkpoints are made, and when sink or worker have failed, both come at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use groundswell_detect::amplify::Amplifications;
use groundswell_detect::anomaly::Anomalies;
use groundswell_detect::burst::Arbiter;
use groundswell_detect::narrative::Narratives;
use groundswell_detect::volume::{Merger, Observer, VolumeConfig};
use groundswell_edge::{Edge, EdgeShared};
use groundswell_post::EventTime;
use groundswell_sources::{Block, BlockReceiver, Clock, Clocks, DecodeOptions, SourceIx, Stop};
use timely::WorkerConfig;
use timely::communication::Config as Communication;
use timely::dataflow::ProbeHandle;
use timely::worker::Worker;

use crate::checkpoint::{Checkpoint, Checkpoints, Step};
use crate::cluster;
use crate::config::{EngineConfig, EngineError};
use crate::council::{Delegate, Desk};
use crate::counters::{Counters, Totals};
use crate::deletions::DeletionBoard;
#[cfg(debug_assertions)]
use crate::inspect::Inspector;
use crate::joint::{Clusters, Copies, Joint};
use crate::operators::ingest::{Inbox, Numbers, ingest};
use crate::operators::merge::{Owner, merge};
use crate::operators::release::{OpenBursts, release};
use crate::operators::{Minute, minute_of};
use crate::rendezvous::Links;
use crate::sink::{ReleaseSink, Report, ToSink};
use crate::stages::StageTimes;

/// How many closed batches may wait for the sink before the dataflow waits for it.
pub const CLOSED_QUEUE_MAX: usize = 16;

/// How long a worker sleeps when there is neither a block nor a message.
const IDLE_WAIT: Duration = Duration::from_millis(5);

/// What all workers of a process share.
pub(crate) struct Shared {
    pub(crate) config: EngineConfig,
    pub(crate) blocks: BlockReceiver,
    pub(crate) clocks: Arc<Clocks>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stop: Stop,
    /// Workers drop what is open.
    pub(crate) halt: Stop,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) counters: Arc<Counters>,
    pub(crate) deletions: DeletionBoard,
    pub(crate) volume: VolumeConfig,
    pub(crate) stage_times: Option<Arc<StageTimes>>,
    #[cfg(debug_assertions)]
    inspector: Option<Arc<Inspector>>,
    /// What became of the connections to the other processes.
    links: Arc<Links>,
    /// What the sink's thread says, in a cluster.
    reports: Receiver<Report>,
    /// Where narratives are looked for.
    pub(crate) clusters: Option<Joint<Clusters>>,
    /// Where copies are looked for.
    pub(crate) copies: Option<Joint<Copies>>,
    edge: OnceLock<Arc<EdgeShared>>,
    /// The last watermark of the clocks.
    clocked: AtomicI64,
    /// By worker: the first second whose author keys it may still need.
    keys_needed: Vec<AtomicI64>,
    closed: Mutex<Option<Sender<ToSink>>>,
}

impl Shared {
    pub(crate) fn decode_options(&self, source: SourceIx) -> &DecodeOptions {
        &self.config.sources[usize::from(source.0)].decode
    }

    pub(crate) fn default_source(&self, source: SourceIx) -> &str {
        &self.config.sources[usize::from(source.0)].name
    }

    /// The watermark, or while a checkpoint is made the one that all workers close up to.
    pub(crate) fn watermark(&self) -> Option<EventTime> {
        match self.checkpoints.pinned() {
            Some(unix) => Some(EventTime::from_unix(unix)),
            None => self.clocked(),
        }
    }

    /// The watermark of the clocks. Once the sources are asked to stop it stands: what ends then is not at its end, and what a
    /// partition has not read yet would be late when it is gone on with.
    pub(crate) fn clocked(&self) -> Option<EventTime> {
        let watermark = self.clocks.watermark(self.clock.as_ref());
        // Asked only now: a source ends after it was asked to.
        if self.stop.stopped() {
            return Some(self.clocked.load(Ordering::Acquire))
                .filter(|unix| *unix > i64::MIN)
                .map(EventTime::from_unix);
        }
        if let Some(time) = watermark {
            self.clocked.fetch_max(time.unix(), Ordering::AcqRel);
        }
        watermark
    }

    /// Whether no block will come any more because the sources have ended by themselves.
    pub(crate) fn all_done(&self) -> bool {
        self.clocks.all_done() && !self.stop.stopped()
    }

    /// A checkpoint without its shards: how far everything is closed, where the sources are, what was counted.
    pub(crate) fn moment(&self, watermark: Option<i64>) -> Checkpoint {
        let names: Vec<String> = self.config.sources.iter().map(|source| source.name.clone()).collect();
        let resume = self.config.resume.as_ref();
        let closed_before = watermark.map(|unix| minute_of(unix) as i64 * 60);
        let closed_before = closed_before.max(resume.and_then(|resume| resume.closed_before));
        let earlier = resume.map_or(&[][..], |resume| &resume.sources);
        self.checkpoints.moment(closed_before, &names, &self.clocks.save(), self.counters.totals(), earlier)
    }

    /// A worker needs no author key of a time before this second any more. Keys that none needs are wiped: the watermark alone
    /// would not do, since it may have passed posts that another worker has decoded and not yet counted.
    pub(crate) fn forget_keys_before(&self, worker: usize, unix: i64) {
        if let Some(needed) = self.keys_needed.get(worker) {
            needed.store(unix, Ordering::Release);
        }
        let first = self.keys_needed.iter().map(|needed| needed.load(Ordering::Acquire)).min();
        if let (Some(edge), Some(first)) = (self.edge.get(), first) {
            edge.forget_before(EventTime::from_unix(first));
        }
        if let (Some(explore), Some(first)) = (&self.config.explore, first.filter(|first| *first > i64::MIN)) {
            explore.closed(first);
        }
    }

    /// Brings the counters of the edge's bounds up to date.
    pub(crate) fn tell_edge_limits(&self) {
        if let Some(edge) = self.edge.get() {
            self.counters.set_edge(edge.stats());
        }
    }

    /// The worker that owns all narratives and all families of copies: the last one, since the first has the gate.
    pub(crate) fn narratives_owner(&self) -> u64 {
        self.volume.shards as u64 - 1
    }

    pub(crate) fn partition_name(&self, block: &Block) -> String {
        self.clocks.name(block.partition)
    }
}

/// Runs the dataflow until its sources have ended or `stop` stops it; returns the counters (of the whole cluster on
/// process 0).
pub fn run(
    config: EngineConfig,
    blocks: BlockReceiver,
    clock: Arc<dyn Clock>,
    sink: Box<dyn ReleaseSink>,
    stop: Stop,
    counters: Arc<Counters>,
) -> Result<Totals, EngineError> {
    run_with(config, blocks, clock, sink, stop, counters, Hooks::default())
}

/// [`run`], with somebody who may look at what the workers hold. Not in release builds.
#[cfg(debug_assertions)]
pub fn run_inspected(
    config: EngineConfig,
    blocks: BlockReceiver,
    clock: Arc<dyn Clock>,
    sink: Box<dyn ReleaseSink>,
    stop: Stop,
    counters: Arc<Counters>,
    inspector: Arc<Inspector>,
) -> Result<Totals, EngineError> {
    run_with(config, blocks, clock, sink, stop, counters, Hooks { inspector: Some(inspector) })
}

/// What tests may hang in. A release build has nothing in it.
#[derive(Default)]
struct Hooks {
    #[cfg(debug_assertions)]
    inspector: Option<Arc<Inspector>>,
}

#[cfg_attr(not(debug_assertions), allow(unused_variables, reason = "there are no hooks in a release build"))]
fn run_with(
    mut config: EngineConfig,
    blocks: BlockReceiver,
    clock: Arc<dyn Clock>,
    sink: Box<dyn ReleaseSink>,
    stop: Stop,
    counters: Arc<Counters>,
    hooks: Hooks,
) -> Result<Totals, EngineError> {
    let links = Arc::new(Links::default());
    let (builders, guard) = match &mut config.cluster {
        None if config.workers == 1 => Communication::Thread.try_build().map_err(EngineError::Cluster)?,
        None => Communication::Process(config.workers).try_build().map_err(EngineError::Cluster)?,
        Some(joined) => joined.builders(&links)?,
    };
    let addresses = config.cluster.as_ref().map_or_else(Vec::new, |joined| joined.cluster().addresses.clone());
    if config.cluster.as_ref().is_some_and(|joined| !joined.saves()) {
        config.checkpoint_every = None;
    }
    // Without checkpoints there is nothing to do between the two.
    let halt = if config.checkpoint_every.is_some() { Stop::default() } else { stop.clone() };
    let (reporter, reports) = unbounded();
    let (closed, sink_thread) = start_sink(sink, &stop, &halt, config.cluster.is_some().then_some(reporter))?;
    if let Some(resume) = &config.resume {
        counters.replace(resume.totals.clone());
    }
    let shared = Arc::new(Shared {
        volume: VolumeConfig {
            shards: config.workers * addresses.len().max(1),
            phrases: config.bursts.is_some(),
            ..config.volume.clone()
        },
        stage_times: config.stage_times.clone(),
        clocks: blocks.clocks(),
        blocks,
        clock,
        stop: stop.clone(),
        halt,
        checkpoints: Checkpoints::new(config.workers),
        counters: Arc::clone(&counters),
        deletions: DeletionBoard::new(config.workers),
        #[cfg(debug_assertions)]
        inspector: hooks.inspector,
        links: Arc::clone(&links),
        reports,
        clusters: config.narratives.as_ref().map(|narratives| Joint::of_narratives(config.workers, narratives)),
        copies: config.amplify.as_ref().map(|amplify| Joint::of_copies(config.workers, amplify)),
        edge: OnceLock::new(),
        clocked: AtomicI64::new(i64::MIN),
        keys_needed: (0..config.workers).map(|_| AtomicI64::new(i64::MIN)).collect(),
        closed: Mutex::new(Some(closed)),
        config,
    });
    let for_workers = Arc::clone(&shared);
    let guards = timely::execute::execute_from(builders, guard, WorkerConfig::default(), move |worker| {
        work(worker, &for_workers);
    })
    .map_err(EngineError::Cluster)?;
    let panicked = guards.join().into_iter().find_map(Result::err);
    // The sink's thread ends when the last sender is gone.
    shared.closed.lock().unwrap_or_else(PoisonError::into_inner).take();
    let sunk = sink_thread.join();
    if let Some(panic) = panicked {
        let gone: Vec<String> =
            links.gone().into_iter().map(|process| format!("process {process} ({})", addresses[process])).collect();
        return Err(if gone.is_empty() { EngineError::Worker(panic) } else { EngineError::Gone(gone.join(", ")) });
    }
    sunk.map_err(|_| EngineError::Worker("the sink's thread panicked".to_owned()))?.map_err(EngineError::Sink)?;
    Ok(counters.totals())
}

type SinkThread = std::thread::JoinHandle<Result<(), anyhow::Error>>;

/// `reporter`: where it says what it has kept, in a cluster.
fn start_sink(
    mut sink: Box<dyn ReleaseSink>,
    stop: &Stop,
    halt: &Stop,
    reporter: Option<Sender<Report>>,
) -> Result<(Sender<ToSink>, SinkThread), EngineError> {
    let (sender, receiver) = bounded::<ToSink>(CLOSED_QUEUE_MAX);
    let (stop, halt) = (stop.clone(), halt.clone());
    let thread = std::thread::Builder::new()
        .name("sink".to_owned())
        .spawn(move || {
            // Nobody listens where there is no cluster, or no longer.
            let report = |report| {
                let _ = reporter.as_ref().map(|reporter| reporter.send(report));
            };
            let mut finished = false;
            for message in receiver {
                let kept = match message {
                    ToSink::Closed(closed) => sink.commit(closed),
                    ToSink::Checkpoint(checkpoint) => sink.checkpoint(*checkpoint),
                    ToSink::Share(share) => {
                        let number = share.mark.number;
                        sink.prepare(*share).map(|whole| report(Report::Written { number, whole }))
                    }
                    ToSink::Settle(number) => sink.settle(number).map(|()| report(Report::Settled { number })),
                    ToSink::Finish => {
                        finished = true;
                        sink.finish().map(|()| report(Report::Finished))
                    }
                };
                if let Err(error) = kept {
                    stop.stop();
                    halt.stop();
                    report(Report::Failed);
                    return Err(error);
                }
            }
            if stop.stopped() || finished { Ok(()) } else { sink.finish() }
        })
        .map_err(EngineError::Thread)?;
    Ok((sender, thread))
}

/// A worker that panics lets the others of its process go, and the other processes.
struct Fall<'a>(&'a Shared);

impl Drop for Fall<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.links.fail();
            self.0.stop.stop();
            self.0.halt.stop();
        }
    }
}

fn work(worker: &mut Worker, shared: &Arc<Shared>) {
    let _fall = Fall(shared);
    let root_key = cluster::shared_root_key(worker, &shared.config);
    let edge_shared = Arc::clone(shared.edge.get_or_init(|| {
        let mut edge = shared.config.edge.clone();
        if let Some(key) = root_key {
            edge.root_key = Some(key);
        }
        Arc::new(EdgeShared::new(edge))
    }));
    let closed = shared.closed.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(closed) = closed else { return };

    // The same watches for everything that this worker builds, also when they are exchanged at this moment.
    let mut watches_seen = 0;
    let watches = shared.config.watches.now_at(&mut watches_seen);
    let volume = VolumeConfig { watch_names: watches.names, watch_clauses: watches.clauses, ..shared.volume.clone() };
    let inbox = Rc::new(RefCell::new(Inbox::new(watches.percolator, shared.volume.shards)));
    let observer = Rc::new(RefCell::new(Observer::new(volume.clone()).numbered(worker.index())));
    let merger = Merger::new(volume, shared.config.gate.k())
        .with_bursts(shared.config.bursts.clone())
        // What the gate must see whole is with worker 0.
        .with_hours(shared.config.bursts.is_some() && worker.index() == 0);
    let merger = Rc::new(RefCell::new(merger));
    cluster::restore(worker, &shared.config, &merger, shared.volume.shards);
    let taken = Rc::new(Cell::new(0));
    let mut delegate = Delegate::new(worker, shared, &shared.reports);
    let probe = ProbeHandle::new();
    // Workers are numbered over all processes, the same number in each.
    let local = worker.index() % shared.config.workers.max(1);
    let numbers = Numbers { local, global: worker.index() };
    let owns = worker.index() as u64 == shared.narratives_owner();
    let k = shared.config.gate.k().get();
    let narratives = shared.config.narratives.clone().filter(|_| owns).map(|config| Narratives::new(config, k));
    let mut copies = shared.config.amplify.clone().filter(|_| owns).map(|config| Amplifications::new(config, k));
    let arbiter = shared.config.bursts.clone().filter(|_| worker.index() == 0);
    let anomalies = arbiter.is_some().then(|| Anomalies::new(k));
    let mut bursts = OpenBursts::new(arbiter.map(|config| Arbiter::new(config, shared.volume.shards)), anomalies);
    if let Some(resume) = &shared.config.resume {
        // Both are always with the same process, whatever the number of its workers.
        if let (Some(copies), Some(saved)) = (&mut copies, resume.copies()) {
            copies.restore(saved);
        }
        resume.bursts().into_iter().for_each(|saved| bursts.restore(saved));
    }
    let owner = Rc::new(RefCell::new(Owner { narratives, copies }));
    let bursts = Rc::new(RefCell::new(bursts));
    let address = worker.dataflow::<Minute, _, _>(|scope| {
        let (parts, address) =
            ingest(scope, Arc::clone(shared), numbers, Edge::new(edge_shared), Rc::clone(&inbox), Rc::clone(&observer));
        let (halt, counters) = (&shared.halt, &shared.counters);
        let candidates = merge(
            parts,
            Rc::clone(&merger),
            Rc::clone(&owner),
            Rc::clone(&taken),
            k,
            halt.clone(),
            Arc::clone(counters),
        );
        let (gate, stop) = (shared.config.gate, shared.stop.clone());
        let bursts = Rc::clone(&bursts);
        let sunk = release(candidates, gate, bursts, closed.clone(), stop, halt.clone(), Arc::clone(counters));
        timely::dataflow::operators::Probe::probe_with(sunk, &probe);
        address
    });
    let activator = worker.activator_for(address);
    let mut member = Member {
        shared,
        index: worker.index(),
        observer: &observer,
        merger: &merger,
        owner: &owner,
        bursts: &bursts,
        made: 0,
        last_at: shared.clock.millis(),
        spoiled_seen: 0,
    };
    loop {
        if let Some(delegate) = &mut delegate {
            delegate.exchange_deletions(&mut inbox.borrow_mut());
        }
        member.forget_spoiled();
        if let Some(explore) = shared.config.explore.as_ref().filter(|_| local == 0) {
            explore.tend(shared.clock.now());
        }
        if let Some(watches) = shared.config.watches.newer_than(&mut watches_seen) {
            merger.borrow_mut().set_watch_names(&watches.names);
            observer.borrow_mut().set_watches(watches.names, watches.clauses);
            inbox.borrow_mut().percolator = watches.percolator;
        }
        if member.is_due() {
            member.make(&closed, |done| {
                // Once at least: deletions that another worker has read reach what is buffered here.
                loop {
                    inbox.borrow_mut().sweep = true;
                    activator.activate();
                    worker.step();
                    if done(&probe) {
                        break;
                    }
                }
            });
        }
        if let Some(delegate) = &mut delegate {
            let all_released = inbox.borrow().done && probe.done();
            if let Some((mark, last)) = delegate.listen(&closed, all_released) {
                let desk = Desk {
                    inbox: &inbox,
                    observer: &observer,
                    merger: &merger,
                    owner: &owner,
                    bursts: &bursts,
                    taken: &taken,
                    ingest: &activator,
                    probe: &probe,
                    closed: &closed,
                };
                delegate.make(worker, &desk, mark, last);
            }
        }
        #[cfg(debug_assertions)]
        if let Some(inspector) = &shared.inspector {
            inspector.answer(local, || Inspector::look(&observer.borrow(), &merger.borrow()));
        }
        if inbox.borrow().done {
            if probe.done() && delegate.as_ref().is_none_or(Delegate::ended) {
                break;
            }
            worker.step_or_park(Some(IDLE_WAIT));
            continue;
        }
        if closed.is_full() {
            // The sink is behind. Only one worker waits at its door; the others would go on closing windows for it without end.
            worker.step_or_park(Some(IDLE_WAIT));
            continue;
        }
        match shared.blocks.recv_timeout(IDLE_WAIT) {
            Ok(block) => inbox.borrow_mut().blocks.push(block),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let mut inbox = inbox.borrow_mut();
                if inbox.ended {
                    std::thread::yield_now();
                }
                inbox.ended = true;
            }
        }
        activator.activate();
        worker.step();
    }
    drop((member, delegate));
    cluster::gather_totals(worker, &shared.config, &shared.counters);
    // Timely would do so itself, without `_fall`.
    while worker.has_dataflows() {
        worker.step_or_park(None);
    }
}

/// One worker's part in making checkpoints. Dropping it leaves the others to themselves, also when the worker panics.
struct Member<'a> {
    shared: &'a Shared,
    index: usize,
    observer: &'a RefCell<Observer>,
    merger: &'a RefCell<Merger>,
    owner: &'a RefCell<Owner>,
    bursts: &'a RefCell<OpenBursts>,
    /// Checkpoints that it took part in.
    made: u64,
    last_at: u64,
    /// What it was told of [`Checkpoints::spoil`].
    spoiled_seen: u64,
}

impl Member<'_> {
    /// Whether a checkpoint is asked for; the first worker asks, when it is time or when everything is to stop.
    fn is_due(&mut self) -> bool {
        let shared = self.shared;
        let Some(every) = shared.config.checkpoint_every.filter(|_| shared.config.cluster.is_none()) else {
            return false;
        };
        if shared.halt.stopped() {
            return false;
        }
        if self.index == 0 && shared.checkpoints.asked() == self.made {
            let now = shared.clock.millis();
            let stopping = shared.stop.stopped();
            if stopping || u128::from(now.saturating_sub(self.last_at)) >= every.as_millis() {
                shared.checkpoints.ask(stopping);
                self.last_at = now;
            }
        }
        shared.checkpoints.asked() > self.made
    }

    /// Forgets what checkpoints have added up of minutes of which something was deleted since, by any worker of this process.
    fn forget_spoiled(&mut self) {
        let Some(minutes) = self.shared.checkpoints.spoiled_since(&mut self.spoiled_seen) else { return };
        let mut merger = self.merger.borrow_mut();
        minutes.into_iter().for_each(|minute| merger.forget_looked(minute));
    }

    /// Makes a checkpoint together with all other workers. `step_until` works until its argument says that it is enough.
    fn make(&mut self, closed: &Sender<ToSink>, mut step_until: impl FnMut(&dyn Fn(&ProbeHandle<Minute>) -> bool)) {
        let Shared { checkpoints, halt, .. } = self.shared;
        self.made += 1;
        // Everybody has counted the blocks that were handed out, and takes no other.
        checkpoints.meet();
        if checkpoints.first(Step::Pin, self.made) {
            checkpoints.pin(self.shared.clocked().map(EventTime::unix));
        }
        checkpoints.meet();
        let watermark = checkpoints.pinned();
        let open = watermark.map_or(0, minute_of);
        step_until(&|probe| halt.stopped() || !probe.less_than(&open));
        // Others may still need this worker's progress to see theirs.
        let arrived = checkpoints.arrive();
        step_until(&|_| checkpoints.all_arrived(arrived));
        // What was added up for the checkpoint before, and lost posts to a deletion since.
        self.forget_spoiled();
        let mut merger = self.merger.borrow_mut();
        checkpoints.put_minutes(self.observer.borrow().open_minutes());
        checkpoints.put_minutes(merger.open_minutes());
        checkpoints.meet();
        let mut minutes = Vec::new();
        for minute in checkpoints.minutes() {
            self.observer.borrow_mut().look(minute, &mut |shard, summary| checkpoints.put_open(shard, summary));
            checkpoints.meet();
            let parts = checkpoints.take_open(self.index);
            minutes.push((minute.start, merger.save_minute(minute, parts.iter().map(AsRef::as_ref))));
            // Parts of the next minute must not be taken for this one's.
            checkpoints.meet();
        }
        checkpoints.put_shard(self.index, merger.save(minutes));
        checkpoints.put_rest(self.bursts.borrow().save(), self.owner.borrow().save());
        // Before anybody takes another block: it would be in these numbers and in no shard.
        let moment = checkpoints.first(Step::Assemble, self.made).then(|| self.shared.moment(watermark));
        checkpoints.meet();
        if let Some(moment) = moment {
            checkpoints.pin(None);
            // If the sink has failed, it says why itself.
            let _ = closed.send(ToSink::Checkpoint(Box::new(checkpoints.complete(moment))));
        }
        if checkpoints.is_last() {
            halt.stop();
        }
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.shared.checkpoints.leave();
    }
}
