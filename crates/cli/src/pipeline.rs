//! Wiring: sources feed the engine, the engine's sink is the store, and both say what they do to whoever watches.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use groundswell_detect::amplify::AmplifyConfig;
use groundswell_detect::burst::BurstConfig;
use groundswell_detect::narrative::NarrativeConfig;
use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{
    Checkpoint, Closed, Cluster, Counters, CoverageBoard, EngineConfig, ExploreIndex, Joined, ReleaseSink, Share,
    SourceConfig, StageTimes, Totals, WatchBoard,
};
use groundswell_gate::{Gate, K};
use groundswell_post::EventTime;
use groundswell_sketch::Step;
use groundswell_sources::file::FileReport;
use groundswell_sources::{BLOCK_QUEUE_MAX, Clock, DecodeOptions, Positions, Source, Stop, SystemClock, channel};
use groundswell_store::{FileRead, ReleaseBatch, ReleaseWriter as _, Retention, Writer};
use tokio::runtime::Handle;

use crate::args::ClusterArgs;
use crate::checkpoints::Checkpoints;
use crate::detections::Detections;
use crate::failure::Failure;
use crate::patience::patiently;
use crate::slots::Slots;
use crate::watches::Watches;

/// The gate of real data. A debug build shows true counts where a test asks for them, so that the test can compare them to the
/// digit; what is built for use has no such door.
pub(crate) fn gate(k: u32) -> Result<Gate, Failure> {
    let k = K::new(k).map_err(Failure::usage)?;
    #[cfg(debug_assertions)]
    if std::env::var_os("GROUNDSWELL_DEBUG_EXACT").is_some() {
        return Ok(Gate::exact(k));
    }
    Ok(Gate::new(k))
}

/// A source on its way into the engine.
pub(crate) struct Feed {
    /// How its records are read.
    pub(crate) decode: DecodeOptions,
    /// The source itself.
    pub(crate) source: Box<dyn Source>,
}

/// What a pipeline is made of.
pub(crate) struct Plan {
    pub(crate) workers: usize,
    /// The other processes, which wait for this one to begin.
    pub(crate) cluster: Option<Joined>,
    pub(crate) gate: Gate,
    pub(crate) watches: Arc<Watches>,
    /// Whether narratives are found.
    pub(crate) narratives: bool,
    /// Whether bursts are found.
    pub(crate) bursts: bool,
    /// Whether amplifications are.
    pub(crate) amplification: bool,
    /// Where text is held for queries that somebody tries; `None`: nowhere.
    pub(crate) explore: Option<Arc<ExploreIndex>>,
    pub(crate) stage_times: Option<Arc<StageTimes>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) feeds: Vec<Feed>,
    /// Names of sources that may be begun later, after those of `feeds`. Where there are some, the dataflow goes on without
    /// sources until it is stopped.
    pub(crate) spare: Vec<String>,
    /// Folder of the store, where opt-outs are kept too.
    pub(crate) data: Option<PathBuf>,
    /// How often a checkpoint is made; `None`: never.
    pub(crate) checkpoint_every: Option<Duration>,
    /// What an earlier run left.
    pub(crate) resume: Option<Checkpoint>,
}

/// A running dataflow with its sources.
pub(crate) struct Running {
    pub(crate) counters: Arc<Counters>,
    pub(crate) stop: Stop,
    /// The sources, each in its place.
    pub(crate) slots: Slots,
    /// The watches in force.
    pub(crate) watches: WatchBoard,
    /// Where whoever listens says how much was heard.
    pub(crate) coverage: CoverageBoard,
    engine: JoinHandle<Result<Totals, groundswell_engine::EngineError>>,
}

/// Starts sources and engine, each on threads of their own.
pub(crate) fn start(plan: Plan, sink: Box<dyn ReleaseSink>) -> Result<Running, Failure> {
    let mut edge = EdgeConfig::default();
    if let Some(data) = &plan.data {
        edge.opt_outs = Some(Arc::new(groundswell_edge::OptOutList::load(data)?));
    }
    let watches = WatchBoard::new(Arc::clone(&plan.watches.percolator), Arc::clone(&plan.watches.names));
    let coverage = CoverageBoard::default();
    let keep_open = !plan.spare.is_empty();
    let running =
        plan.feeds.iter().map(|feed| SourceConfig { name: feed.source.name().to_owned(), decode: feed.decode.clone() });
    let spare = plan.spare.into_iter().map(|name| SourceConfig { name, decode: DecodeOptions::default() });
    let config = EngineConfig {
        workers: plan.workers,
        cluster: plan.cluster,
        sources: running.chain(spare).collect(),
        edge,
        watches: watches.clone(),
        coverage: coverage.clone(),
        volume: VolumeConfig::default(),
        narratives: plan.narratives.then(NarrativeConfig::default),
        bursts: plan.bursts.then(BurstConfig::default),
        amplify: plan.amplification.then(AmplifyConfig::default),
        explore: plan.explore,
        gate: plan.gate,
        stage_times: plan.stage_times,
        checkpoint_every: plan.checkpoint_every,
        resume: plan.resume,
    };
    let stop = Stop::default();
    let counters = Arc::new(Counters::told_by(config.gate, config.sources.len()));
    let (feed, receiver) = channel(BLOCK_QUEUE_MAX, groundswell_sources::IDLE_AFTER_DEFAULT);
    let names: Vec<String> = config.sources.iter().map(|source| source.name.clone()).collect();
    if let Some(resume) = &config.resume {
        receiver.clocks().restore(resume.clocks(&names), resume.closed_before.map(EventTime::from_unix));
    }
    let left = |name: &str| config.resume.as_ref().and_then(|resume| resume.source(name));
    let places = names
        .iter()
        .map(|name| (name.clone(), left(name).map_or_else(Positions::new, |saved| saved.positions.clone())));
    let mut slots = Slots::new(feed, stop.clone(), places.collect());
    slots.begin(plan.feeds.into_iter().map(|feed| feed.source).collect())?;
    if !keep_open {
        slots.close();
    }
    let engine = {
        let (clock, stop, counters) = (plan.clock, stop.clone(), Arc::clone(&counters));
        std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || groundswell_engine::run(config, receiver, clock, sink, stop, counters))
            .context("cannot start a thread")?
    };
    Ok(Running { counters, stop, slots, watches, coverage, engine })
}

impl Running {
    /// Whether the dataflow has ended.
    pub(crate) fn ended(&self) -> bool {
        self.engine.is_finished()
    }

    /// Waits for the end. An error of one source does not hide the counts: it comes beside them.
    pub(crate) fn join(self) -> Result<(Totals, Vec<String>), Failure> {
        let totals = self.engine.join().map_err(|_| anyhow::anyhow!("the engine panicked"))??;
        self.stop.stop();
        let errors = self.slots.join();
        Ok((totals, errors))
    }
}

/// Told of checkpoints that are kept.
pub(crate) type Kept = Box<dyn Fn(&Checkpoint) + Send>;

/// The store as the engine's sink.
pub(crate) struct StoreSink {
    pub(crate) runtime: Handle,
    pub(crate) writer: Writer,
    pub(crate) retention: Retention,
    pub(crate) live: Option<groundswell_serve::Live>,
    /// Told where something is to be delivered; `None`: what is found goes to no receiver, as where old files are read.
    pub(crate) deliver: Option<tokio::sync::watch::Sender<()>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) detections: Detections,
    /// Detections that are new.
    pub(crate) detected: Arc<AtomicU64>,
    /// Files to remember as read once everything they held is committed.
    pub(crate) finished: Option<Arc<FileReport>>,
    /// Where checkpoints are kept, if any are made.
    pub(crate) checkpoints: Option<Checkpoints>,
    /// Told of each checkpoint that is kept: what is before its positions survives a kill.
    pub(crate) kept: Option<Kept>,
}

impl ReleaseSink for StoreSink {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let day_closed = closed.windows.iter().any(|window| window.step == Step::Day);
        let detections = self.detections.of(&closed);
        let batch = ReleaseBatch {
            windows: closed.windows,
            rows: closed.rows,
            tones: closed.tones,
            narratives: closed.narratives,
            narrative_events: closed.narrative_events,
            bursts: closed.bursts,
            amplifications: closed.amplifications,
            detections,
            now: self.clock.now().unix(),
            deliver: self.deliver.is_some(),
            files: Vec::new(),
        };
        let committed = patiently(|| self.runtime.block_on(self.writer.commit(&batch)))?;
        if committed.conflicting > 0 {
            tracing::warn!(
                target: "groundswell",
                rows = committed.conflicting,
                "windows were released before with other numbers; what was released first stays"
            );
        }
        self.detected.fetch_add(committed.detections, Ordering::Relaxed);
        if let Some(live) = &self.live {
            live.committed(&batch);
        }
        // Also where nothing is new: a burst that grows comes into feeds that it was not enough for.
        if let Some(deliver) = self.deliver.as_ref().filter(|_| committed.deliveries > 0) {
            deliver.send_replace(());
        }
        if day_closed && self.retention != Retention::FOR_EVER {
            let pruned = patiently(|| self.runtime.block_on(self.writer.prune(&self.retention)))?;
            if let Some(live) = &self.live {
                live.pruned(pruned.detections);
            }
        }
        Ok(())
    }

    fn checkpoint(&mut self, checkpoint: Checkpoint) -> Result<(), anyhow::Error> {
        let Some(checkpoints) = &mut self.checkpoints else { return Ok(()) };
        if checkpoints.keep(&checkpoint, &mut self.writer, &self.runtime)?
            && let Some(kept) = &self.kept
        {
            kept(&checkpoint);
        }
        Ok(())
    }

    fn prepare(&mut self, share: Share) -> Result<bool, anyhow::Error> {
        self.checkpoints.as_mut().map_or(Ok(false), |checkpoints| checkpoints.prepare(&share))
    }

    fn settle(&mut self, number: u64) -> Result<(), anyhow::Error> {
        let Some(checkpoints) = &mut self.checkpoints else { return Ok(()) };
        if let Some(places) = checkpoints.settle(number, &mut self.writer, &self.runtime)?
            && let Some(kept) = &self.kept
        {
            kept(&places);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), anyhow::Error> {
        let Some(report) = &self.finished else { return Ok(()) };
        let finished_at = SystemClock::default().now().unix();
        let files: Vec<FileRead> = report
            .finished()
            .into_iter()
            .map(|(_, fingerprint)| FileRead { fingerprint: fingerprint.hash, bytes: fingerprint.bytes, finished_at })
            .collect();
        patiently(|| self.runtime.block_on(self.writer.finish_files(&files)))?;
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.clear()?;
        }
        Ok(())
    }
}

/// Reads `--cluster` and `--process`.
pub(crate) fn cluster(arguments: &ClusterArgs) -> Result<Option<Cluster>, Failure> {
    let (Some(path), Some(process)) = (&arguments.cluster, arguments.process) else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: cannot be read", path.display()))
        .map_err(Failure::usage)?;
    let mut addresses = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let port = line.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none() {
            return Err(Failure::usage_text(format!(
                "{}:{}: expected host:port, found {line}",
                path.display(),
                number + 1
            )));
        }
        addresses.push(line.to_owned());
    }
    if process >= addresses.len() {
        return Err(Failure::usage_text(format!(
            "--process {process}: {} names {} processes, counted from 0",
            path.display(),
            addresses.len()
        )));
    }
    Ok(Some(Cluster { addresses, process }))
}

/// Makes the data folder, with a message that names it.
pub(crate) fn make_data_dir(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).with_context(|| format!("{}: cannot be made", path.display())).map_err(Failure::from)
}

/// A runtime for the store and the server.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("serve")
        .enable_all()
        .build()
        .context("cannot start the runtime")?)
}

/// How the store is opened.
pub(crate) fn store_options(k: u32, simulated: bool) -> Result<groundswell_store::StoreOptions, Failure> {
    let k = K::new(k).map_err(Failure::usage)?;
    Ok(groundswell_store::StoreOptions { k, version: env!("CARGO_PKG_VERSION").to_owned(), simulated, bytes_max: None })
}
