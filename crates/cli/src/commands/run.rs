//! `run`: the service. Live sources feed the store; when none answers, the simulator stands in, in a store of its own, and says
//! so everywhere, until the first live event.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use groundswell_sources::{Clock, DecodeOptions, Stop, SystemClock};
use groundswell_store::{Reader, Store, WatchStore};

use crate::args::{Common, Run};
use crate::checkpoints::Checkpoints;
use crate::coverage::{Counted, Listened, Recorder};
use crate::failure::{DONE, Failure, Outcome};
use crate::inputs::{self, LiveFeed};
use crate::output;
use crate::pipeline::{self, Feed, Kept, Plan, Running, StoreSink};
use crate::push::OpenDoor;
use crate::settings::{self, Settings};
use crate::sim_source::SimSource;
use crate::status::{self, Serving, Shown, ShownSource, Watched};
use crate::watches::Watches;

/// Folder of the simulated store inside the data folder.
const SIMULATED_FOLDER: &str = "simulated";

/// How often it is looked whether anything has changed.
const LOOK: Duration = Duration::from_millis(50);

struct Service<'a> {
    common: &'a Common,
    settings: Settings,
    workers: usize,
    cluster: Option<groundswell_engine::Cluster>,
    watches: Arc<Watches>,
    clock: Arc<dyn Clock>,
    runtime: tokio::runtime::Runtime,
}

/// One of the two pipelines, with the store it writes.
struct Pipeline {
    running: Running,
    recorder: Recorder,
    reader: Reader,
    simulated: bool,
    /// Name and state of each live source, by its place among the pipeline's sources.
    live: Vec<(String, Watched)>,
    /// Records that an earlier run had read: what is more came in this one.
    read_before: u64,
}

/// Runs until it is told to stop.
pub(crate) fn run(common: &Common, arguments: &Run) -> Outcome {
    let settings = settings::load(common)?.settings;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    pipeline::make_data_dir(&settings.data)?;
    let runtime = pipeline::runtime()?;
    let options = pipeline::store_options(settings.gate.k, false)?;
    let stored = runtime.block_on(async {
        let mut store = WatchStore::open(&settings.data, &options).await?;
        let list = store.list().await?;
        store.close().await?;
        Ok::<_, anyhow::Error>(list)
    })?;
    let stored = stored.into_iter().filter(|watch| watch.removed_at.is_none()).collect();
    let watches = Arc::new(Watches::load(arguments.watches.as_deref(), stored, clock.as_ref())?);
    watches.report(common);
    let serving = status::serve(&runtime, arguments.listen.unwrap_or(settings.listen), Arc::clone(&clock))?;
    let stop = Stop::default();
    let on_signal = stop.clone();
    pipeline::stop_on_signal(runtime.handle(), move || on_signal.stop())?;
    let service = Service {
        common,
        workers: settings.worker_count(),
        cluster: pipeline::cluster(&arguments.cluster)?,
        settings,
        watches,
        clock,
        runtime,
    };
    let ended = service.serve(arguments.simulated, &serving, &stop);
    serving.end(&service.runtime);
    ended?;
    Ok(DONE)
}

impl Service<'_> {
    fn serve(&self, simulated_only: bool, serving: &Serving, stop: &Stop) -> Result<(), Failure> {
        let (feeds, door) = if simulated_only {
            (Vec::new(), None)
        } else {
            inputs::live(&self.settings, self.cluster.as_ref(), &self.clock)?
        };
        let kept = door.as_ref().map(OpenDoor::kept);
        let mut live = if feeds.is_empty() { None } else { Some(self.start_live(feeds, kept, serving)?) };
        if let Some(door) = door {
            door.open(&serving.state);
        }
        let mut simulated = None;
        if let Some(live) = &live {
            self.show(serving, live, None);
        } else {
            let pipeline = self.start_simulated(serving, "no live source is configured")?;
            self.show(serving, &pipeline, None);
            simulated = Some(pipeline);
        }
        serving.announce(self.common);
        let began = Instant::now();
        let patience = Duration::from_secs(u64::from(self.settings.simulator.after_seconds));
        let mut came = false;
        while !stop.stopped() {
            std::thread::sleep(LOOK);
            if let Some(live) = &live
                && !came
            {
                came = live.running.counters.totals().records.read() > live.read_before;
                if came && let Some(pipeline) = simulated.take() {
                    tracing::info!(target: "groundswell", "a live source answers; simulated data is shown no more");
                    self.show(serving, live, None);
                    end(pipeline)?;
                }
                if !came && simulated.is_none() && self.settings.simulator.fallback && began.elapsed() >= patience {
                    let pipeline = self.start_simulated(serving, "no live event came")?;
                    self.show(serving, &pipeline, Some(live));
                    simulated = Some(pipeline);
                }
            }
            for pipeline in [&mut live, &mut simulated].into_iter().flatten() {
                pipeline.recorder.look();
                if pipeline.running.ended() {
                    stop.stop();
                }
            }
        }
        serving.state.set_running(false);
        output::note(self.common, "stopping");
        for pipeline in [simulated, live.take()].into_iter().flatten() {
            end(pipeline)?;
        }
        Ok(())
    }

    fn start_live(&self, feeds: Vec<LiveFeed>, kept: Option<Kept>, serving: &Serving) -> Result<Pipeline, Failure> {
        let (mut sources, mut live) = (Vec::new(), Vec::new());
        for source in feeds {
            live.push((source.feed.source.name().to_owned(), source.watched()));
            sources.push(source.feed);
        }
        self.start(sources, live, &self.settings.data, false, kept, serving)
    }

    fn start_simulated(&self, serving: &Serving, why: &str) -> Result<Pipeline, Failure> {
        tracing::warn!(target: "groundswell", "SIMULATED DATA: {why}, so the page shows made-up posts; live sources are tried on");
        let feed = Feed {
            decode: DecodeOptions::default(),
            source: Box::new(SimSource::new(self.settings.simulator.clone(), Arc::clone(&self.clock))),
        };
        let folder = self.settings.data.join(SIMULATED_FOLDER);
        // Made-up past is made up anew at each start: what an earlier start made up would contradict it.
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        self.start(vec![feed], Vec::new(), &folder, true, None, serving)
    }

    fn start(
        &self,
        feeds: Vec<Feed>,
        live: Vec<(String, Watched)>,
        folder: &std::path::Path,
        simulated: bool,
        kept: Option<Kept>,
        serving: &Serving,
    ) -> Result<Pipeline, Failure> {
        pipeline::make_data_dir(folder)?;
        let options = pipeline::store_options(self.settings.gate.k, simulated)?;
        let (mut writer, reader) = self.runtime.block_on(Store::open(folder, &options))?;
        // Made-up posts are made up anew at each start, and a cluster makes no checkpoints yet.
        let left = if simulated || self.cluster.is_some() {
            None
        } else {
            Checkpoints::open(&self.settings, folder, &mut writer, self.runtime.handle())?
        };
        let (checkpoints, resume) = left.map_or((None, None), |(checkpoints, resume)| (Some(checkpoints), resume));
        let checkpoint_every = checkpoints.as_ref().map(|checkpoints| checkpoints.every);
        let ledger = writer.clone();
        let names: Vec<String> = feeds.iter().map(|feed| feed.source.name().to_owned()).collect();
        let sink = StoreSink {
            runtime: self.runtime.handle().clone(),
            writer,
            minutes_kept_days: self.settings.store.minutes_kept_days,
            live: Some(serving.state.live().clone()),
            finished: None,
            checkpoints,
            kept,
        };
        let read_before = resume.as_ref().map_or(0, |resume| resume.totals.records.read());
        let plan = Plan {
            workers: self.workers,
            // The simulator is each process's own; a cluster shares live sources only.
            cluster: self.cluster.clone().filter(|_| !simulated),
            k: self.settings.gate.k,
            watches: Arc::clone(&self.watches),
            stage_times: None,
            clock: Arc::clone(&self.clock),
            feeds,
            data: Some(self.settings.data.clone()),
            checkpoint_every,
            resume,
        };
        let running = pipeline::start(plan, Box::new(sink))?;
        // After the sources were told where to go on, so that they have said since when they were away.
        let listened = names.into_iter().enumerate().map(|(index, name)| {
            let counters = Arc::clone(&running.counters);
            Listened {
                live: live.get(index).and_then(|(_, watched)| watched.live()),
                name,
                counts: Box::new(move || {
                    counters.source(index).map_or_else(Counted::default, |source| Counted {
                        rejected: source.rejected(),
                        late: source.late(),
                        thinned: source.thinned(),
                    })
                }),
            }
        });
        let recorder = Recorder::start(
            listened.collect(),
            ledger,
            groundswell_gate::K::new(self.settings.gate.k).map_err(Failure::usage)?,
            Arc::clone(&self.clock),
            self.runtime.handle().clone(),
        )
        .context("the coverage ledger cannot be gone on with")?;
        Ok(Pipeline { running, recorder, reader, simulated, live, read_before })
    }

    /// Shows a pipeline, and the state of a live one that is being tried beside it.
    fn show(&self, serving: &Serving, pipeline: &Pipeline, beside: Option<&Pipeline>) {
        let mut sources = Vec::new();
        for pipeline in [Some(pipeline), beside].into_iter().flatten() {
            let counters = &pipeline.running.counters;
            if pipeline.simulated {
                sources.push(ShownSource::new("simulator", Watched::Simulator, counters, 0));
            }
            for (index, (name, watched)) in pipeline.live.iter().enumerate() {
                sources.push(ShownSource::new(name, watched.clone(), counters, index));
            }
        }
        serving.board.show(Shown {
            counters: Arc::clone(&pipeline.running.counters),
            sources,
            watches: Arc::clone(&self.watches),
            k: self.settings.gate.k,
            workers: self.workers,
            simulated: pipeline.simulated,
        });
        serving.state.replace_reader(pipeline.reader.clone(), pipeline.simulated);
        serving.state.set_running(true);
    }
}

fn end(mut pipeline: Pipeline) -> Result<(), Failure> {
    pipeline.recorder.finish();
    pipeline.running.stop.stop();
    let (_, errors) = pipeline.running.join()?;
    for error in errors {
        output::complain(&error);
    }
    Ok(())
}
