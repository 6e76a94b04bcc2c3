//! The dataflow: the same on one worker, on N threads, and over several processes.
//!
//! ```text
//! blocks ─▶ Ingest ═(summaries, by shard)═▶ Merge ═(candidates)═▶ Release ─▶ sink
//!           every worker                    owner of the shard     worker 0
//! ```

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use groundswell_detect::volume::{Merger, VolumeConfig};
use groundswell_edge::{Edge, EdgeShared};
use groundswell_post::EventTime;
use groundswell_sources::{Block, BlockReceiver, Clock, Clocks, DecodeOptions, SourceIx, Stop};
use groundswell_watch::Percolator;
use timely::WorkerConfig;
use timely::communication::Config as Communication;
use timely::dataflow::ProbeHandle;
use timely::worker::Worker;

use crate::config::{EngineConfig, EngineError};
use crate::counters::{Counters, Totals};
use crate::deletions::DeletionBoard;
use crate::operators::Minute;
use crate::operators::ingest::{Inbox, ingest};
use crate::operators::merge::merge;
use crate::operators::release::release;
use crate::sink::{Closed, ReleaseSink};
use crate::stages::StageTimes;
use crate::{cluster, rendezvous};

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
    pub(crate) counters: Arc<Counters>,
    pub(crate) deletions: DeletionBoard,
    pub(crate) percolator: Arc<Percolator>,
    pub(crate) volume: VolumeConfig,
    pub(crate) stage_times: Option<Arc<StageTimes>>,
    edge: OnceLock<Arc<EdgeShared>>,
    closed: Mutex<Option<Sender<Closed>>>,
}

impl Shared {
    pub(crate) fn decode_options(&self, source: SourceIx) -> &DecodeOptions {
        &self.config.sources[usize::from(source.0)].decode
    }

    pub(crate) fn default_source(&self, source: SourceIx) -> &str {
        &self.config.sources[usize::from(source.0)].name
    }

    /// Wipes author keys that no open window can need.
    pub(crate) fn forget_keys_before(&self, watermark: EventTime) {
        if let Some(edge) = self.edge.get() {
            edge.forget_before(watermark);
        }
    }

    /// Brings the counters of the edge's bounds up to date.
    pub(crate) fn tell_edge_limits(&self) {
        if let Some(edge) = self.edge.get() {
            self.counters.set_edge(edge.stats());
        }
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
    let (builders, guard) = match &config.cluster {
        None if config.workers == 1 => Communication::Thread.try_build().map_err(EngineError::Cluster)?,
        None => Communication::Process(config.workers).try_build().map_err(EngineError::Cluster)?,
        Some(cluster) => rendezvous::connect(cluster, config.workers)?,
    };
    let processes = config.cluster.as_ref().map_or(1, |cluster| cluster.addresses.len());
    let (closed, sink_thread) = start_sink(sink, &stop)?;
    let shared = Arc::new(Shared {
        volume: VolumeConfig { shards: config.workers * processes, ..config.volume.clone() },
        percolator: Arc::clone(&config.percolator),
        stage_times: config.stage_times.clone(),
        clocks: blocks.clocks(),
        blocks,
        clock,
        stop: stop.clone(),
        counters: Arc::clone(&counters),
        deletions: DeletionBoard::default(),
        edge: OnceLock::new(),
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
        return Err(EngineError::Worker(panic));
    }
    sunk.map_err(|_| EngineError::Worker("the sink's thread panicked".to_owned()))?.map_err(EngineError::Sink)?;
    Ok(counters.totals())
}

type SinkThread = std::thread::JoinHandle<Result<(), anyhow::Error>>;

fn start_sink(mut sink: Box<dyn ReleaseSink>, stop: &Stop) -> Result<(Sender<Closed>, SinkThread), EngineError> {
    let (sender, receiver) = bounded::<Closed>(CLOSED_QUEUE_MAX);
    let stop = stop.clone();
    let thread = std::thread::Builder::new()
        .name("sink".to_owned())
        .spawn(move || {
            for closed in receiver {
                if let Err(error) = sink.commit(closed) {
                    stop.stop();
                    return Err(error);
                }
            }
            if stop.stopped() { Ok(()) } else { sink.finish() }
        })
        .map_err(EngineError::Thread)?;
    Ok((sender, thread))
}

fn work(worker: &mut Worker, shared: &Arc<Shared>) {
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

    let inbox = Rc::new(RefCell::new(Inbox::default()));
    let probe = ProbeHandle::new();
    let address = worker.dataflow::<Minute, _, _>(|scope| {
        let (parts, address) = ingest(scope, Arc::clone(shared), Edge::new(edge_shared), Rc::clone(&inbox));
        let merger = Merger::new(shared.volume.clone(), shared.config.gate.k());
        let candidates = merge(parts, merger, shared.stop.clone(), Arc::clone(&shared.counters));
        let candidates = timely::dataflow::operators::Probe::probe_with(candidates, &probe);
        release(candidates, shared.config.gate, closed, shared.stop.clone(), Arc::clone(&shared.counters));
        address
    });
    let activator = worker.activator_for(address);
    while !inbox.borrow().done {
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
    while !probe.done() {
        worker.step_or_park(Some(IDLE_WAIT));
    }
    cluster::gather_totals(worker, &shared.config, &shared.counters);
}
