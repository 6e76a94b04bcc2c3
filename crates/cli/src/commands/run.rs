//! `run`: the service. Live sources feed the store; when none answers, the simulator stands in, in a store of its own, and says
//! so everywhere, until the first live event. SIGHUP reads configuration and watches again (`reload.rs` says what that can change).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use groundswell_deliver::Postman;
use groundswell_engine::{Checkpoint, ExploreIndex, Joined};
use groundswell_gate::{Gate, K};
use groundswell_serve::{FeedDesk, WatchDesk};
use groundswell_sources::{Clock, DecodeOptions, Stop, SystemClock};
use groundswell_store::{Reader, Retention, Store, WatchStore, Writer};
use tokio::runtime::Runtime;

use crate::args::{Common, Run};
use crate::audit::{Asked, AuditDesk, Trail};
use crate::checkpoints::{Agreed, Checkpoints, Wishes, going_on};
use crate::coverage::{Counted, Counts, Listened, Recorder};
use crate::deliver;
use crate::detections::Detections;
use crate::failure::{DONE, Failure, Outcome};
use crate::feeds::Desk;
use crate::inputs::{self, EXCHANGEABLE, LiveFeed, Maker, PUSH};
use crate::pipeline::{self, Feed, Kept, Plan, Running, StoreSink};
use crate::push::{self, OpenDoor};
use crate::reload::{self, Changes};
use crate::settings::{self, Settings};
use crate::signals::{self, Again};
use crate::sim_source::SimSource;
use crate::status::{self, Serving, Shown, ShownSource, Watched};
use crate::watches::{self, Watches};
use crate::{logging, output, supervisor, watch_desk};

/// Folder of the simulated store inside the data folder.
const SIMULATED_FOLDER: &str = "simulated";

/// How often it is looked whether anything has changed.
const LOOK: Duration = Duration::from_millis(50);

/// How long the end waits for what still runs in the background.
const BACKGROUND_WAIT: Duration = Duration::from_secs(1);

struct Service<'a> {
    common: &'a Common,
    settings: Settings,
    /// What the files held that the settings of each source name, when it was begun.
    contents: BTreeMap<&'static str, u64>,
    workers: usize,
    /// Simulated data is shown as it was counted.
    exact: bool,
    maker: Maker,
    /// The file of watches.
    watch_file: Option<PathBuf>,
    watches: Arc<Watches>,
    clock: Arc<dyn Clock>,
    runtime: &'a Runtime,
    door: Option<OpenDoor>,
    trail: Arc<Trail>,
    /// Takes detections to the receivers of feeds.
    postman: Option<Postman>,
    /// Where editors' acts go.
    desk: Arc<Desk>,
    /// Where their acts on watches go; the processes of a cluster have one register each, and change it by their files.
    watch_desk: Option<(Arc<watch_desk::Desk>, watch_desk::Changes)>,
}

/// The store of a pipeline, and what an earlier run left in it.
struct Left {
    writer: Writer,
    reader: Reader,
    /// The other processes of the cluster.
    joined: Option<Joined>,
    /// Where checkpoints are kept, where any are made.
    checkpoints: Option<Checkpoints>,
    resume: Option<Checkpoint>,
}

/// One of the two pipelines, with the store it writes.
struct Pipeline {
    running: Running,
    recorder: Recorder,
    reader: Reader,
    simulated: bool,
    /// What queries are tried over, and the gate that the answers pass.
    explore: Option<Arc<ExploreIndex>>,
    gate: Gate,
    /// Name and state of each live source, by its place among the pipeline's sources.
    live: BTreeMap<usize, (String, Watched)>,
    /// Sources that the ledger listens to once they have begun, by their places.
    waiting: BTreeMap<usize, Listened>,
    /// Records that an earlier run had read: what is more came in this one.
    read_before: u64,
}

/// Runs until it is told to stop.
pub(crate) fn run(common: &Common, arguments: &Run) -> Outcome {
    let runtime = pipeline::runtime()?;
    // First of all: a signal in the middle of starting ends in order as well.
    let stop = Stop::default();
    signals::stop_on_signal(runtime.handle(), stop.clone())?;
    let again = signals::again_on_signal(runtime.handle(), stop.clone())?;
    let ran = run_until(common, arguments, &runtime, &stop, &again);
    // A look-up of a name that hangs must not hold up the end.
    runtime.shutdown_timeout(BACKGROUND_WAIT);
    ran?;
    Ok(DONE)
}

fn run_until(common: &Common, arguments: &Run, runtime: &Runtime, stop: &Stop, again: &Again) -> Result<(), Failure> {
    let settings = settings::load(common)?.settings;
    logging::apply(common, &settings.log);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    pipeline::make_data_dir(&settings.data)?;
    let watches = Arc::new(load_watches(&settings, arguments.watches.as_deref(), runtime, clock.as_ref())?);
    watches.report(common);
    if stop.stopped() {
        return Ok(());
    }
    let trail = Trail::open(&settings, &clock)?;
    let serving =
        status::serve(runtime, arguments.listen.unwrap_or(settings.listen), &settings, &trail, Arc::clone(&clock))?;
    serving.state.open_audit(AuditDesk::new(&settings.data));
    serving.state.open_previews(deliver::Previews::new(&settings, &clock));
    let (settings_data, k) = (settings.data.clone(), settings.gate.k);
    let mut service = Service {
        common,
        contents: BTreeMap::new(),
        workers: settings.worker_count(),
        exact: arguments.exact,
        maker: Maker::new(Arc::clone(&clock), pipeline::cluster(&arguments.cluster)?),
        settings,
        watch_file: arguments.watches.clone(),
        watches,
        clock: Arc::clone(&clock),
        runtime,
        door: None,
        desk: Desk::new(&settings_data, k, Arc::clone(&trail), Arc::clone(&clock))?,
        trail,
        postman: None,
        watch_desk: None,
    };
    if arguments.cluster.cluster.is_none() {
        service.open_watches(&serving)?;
    }
    serving.state.open_feeds(Arc::clone(&service.desk) as Arc<dyn FeedDesk>);
    let ended = service.serve(arguments.simulated, &serving, stop, again);
    if let Some(postman) = service.postman.take() {
        // What was on its way comes again, under the same key.
        runtime.block_on(postman.stop());
    }
    serving.end(runtime);
    ended
}

/// The watches of a file and of the register.
pub(crate) fn load_watches(
    settings: &Settings,
    file: Option<&std::path::Path>,
    runtime: &Runtime,
    clock: &dyn Clock,
) -> Result<Watches, Failure> {
    let options = pipeline::store_options(settings.gate.k, false)?;
    let stored = runtime.block_on(async {
        let mut store = WatchStore::open(&settings.data, &options).await?;
        let list = store.list().await?;
        store.close().await?;
        Ok::<_, anyhow::Error>(list)
    })?;
    let stored = stored.into_iter().filter(|watch| watch.removed_at.is_none()).collect();
    let shown = watches::names_shown(settings, runtime.handle())?;
    Watches::load(file, stored, &shown, clock)
}

impl Service<'_> {
    fn serve(&mut self, simulated_only: bool, serving: &Serving, stop: &Stop, again: &Again) -> Result<(), Failure> {
        let (feeds, door) = if simulated_only { (Vec::new(), None) } else { self.maker.all(&self.settings)? };
        self.remember_contents();
        if !feeds.is_empty() {
            self.postman = deliver::start(&self.settings, self.runtime, &self.clock, &self.trail)?;
        }
        let kept = door.as_ref().map(OpenDoor::kept);
        let mut live = None;
        if !feeds.is_empty() {
            live = self.start_live(feeds, kept, serving, stop)?;
            if live.is_none() {
                // Stopped before all processes of the cluster were there.
                return Ok(());
            }
        }
        if let Some(door) = &door {
            door.open(&serving.state);
        }
        self.door = door;
        let mut simulated = None;
        if let Some(live) = &live {
            self.show(serving, live, None);
        } else if !stop.stopped() {
            let pipeline = self.start_simulated(serving, "no live source is configured")?;
            self.show(serving, &pipeline, None);
            simulated = Some(pipeline);
        }
        self.trail.started("run", &self.settings, &self.watches, true)?;
        serving.announce(self.common);
        supervisor::tell(supervisor::State::Ready);
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
            if again.asked() {
                match self.reload(live.as_mut(), simulated.as_ref(), serving) {
                    Ok(()) => match (&simulated, &live) {
                        (Some(shown), beside) => self.show(serving, shown, beside.as_ref()),
                        (None, Some(shown)) => self.show(serving, shown, None),
                        (None, None) => {}
                    },
                    Err(failure) => tracing::error!(
                        target: "groundswell",
                        "the configuration was read again and is refused, what was in force stays: {failure}"
                    ),
                }
            }
            self.look(live.as_ref(), simulated.as_ref(), serving);
            self.take_up_watches(live.as_ref(), simulated.as_ref(), serving);
            serving.board.look();
            for pipeline in [&mut live, &mut simulated].into_iter().flatten() {
                pipeline.look()?;
                if pipeline.running.ended() {
                    stop.stop();
                }
            }
        }
        serving.state.set_running(false);
        // From here on no change is taken up, and nobody shall wait for that.
        self.watch_desk = None;
        output::note(self.common, "stopping");
        supervisor::tell(supervisor::State::Stopping);
        serving.stop();
        let asked = live.as_ref().map(asked).unwrap_or_default();
        for pipeline in [simulated, live.take()].into_iter().flatten() {
            end(pipeline)?;
        }
        self.trail.stopped("run", asked);
        Ok(())
    }

    /// Lets editors make, change and end watches.
    fn open_watches(&mut self, serving: &Serving) -> Result<(), Failure> {
        let (desk, changes) = watch_desk::Desk::new(
            self.settings.data.clone(),
            pipeline::store_options(self.settings.gate.k, false)?,
            Arc::clone(&self.trail),
            Arc::clone(&self.clock),
            watches::names_shown_now(&self.settings, self.runtime.handle()),
        );
        serving.state.open_watches(Arc::clone(&desk) as Arc<dyn WatchDesk>);
        self.watch_desk = Some((desk, changes));
        Ok(())
    }

    /// Takes up what editors did to watches.
    fn take_up_watches(&mut self, live: Option<&Pipeline>, simulated: Option<&Pipeline>, serving: &Serving) {
        let waiting = self.watch_desk.as_mut().map(|(_, changes)| changes.made()).unwrap_or_default();
        if waiting.is_empty() {
            return;
        }
        match load_watches(&self.settings, self.watch_file.as_deref(), self.runtime, self.clock.as_ref()) {
            Ok(watches) => {
                self.put_in_force(watches, live.into_iter().chain(simulated), serving);
                self.trail.reloaded(&self.settings, &[], &self.watches);
            }
            Err(failure) => tracing::error!(
                target: "groundswell",
                "the watches were changed and cannot be read, what was in force stays: {failure}"
            ),
        }
        drop(waiting);
    }

    /// What the hours and days bring: heads of the audit log, and sunsets.
    fn look(&mut self, live: Option<&Pipeline>, simulated: Option<&Pipeline>, serving: &Serving) {
        self.trail.look(|| live.map(asked).unwrap_or_default());
        let today = watches::today(self.clock.as_ref());
        if today == self.watches.today() {
            return;
        }
        match self.watches.on(today) {
            Ok(watches) => {
                self.put_in_force(watches, live.into_iter().chain(simulated), serving);
                self.trail.reloaded(&self.settings, &[], &self.watches);
            }
            Err(failure) => tracing::error!(target: "groundswell", "watches whose sunset came match on: {failure}"),
        }
    }

    /// Lets these watches match from the next block of posts on.
    fn put_in_force<'p>(&mut self, watches: Watches, pipelines: impl Iterator<Item = &'p Pipeline>, serving: &Serving) {
        self.watches = Arc::new(watches);
        for pipeline in pipelines {
            let board = &pipeline.running.watches;
            board.exchange(Arc::clone(&self.watches.percolator), Arc::clone(&self.watches.names));
        }
        serving.board.show_watches(&self.watches);
    }

    fn remember_contents(&mut self) {
        let names = EXCHANGEABLE.into_iter().chain([PUSH]);
        self.contents = names.map(|name| (name, inputs::contents(&self.settings, name))).collect();
    }

    /// Reads configuration and watches again. Everything is checked and made first; an error has changed nothing.
    fn reload(
        &mut self,
        live: Option<&mut Pipeline>,
        simulated: Option<&Pipeline>,
        serving: &Serving,
    ) -> Result<(), Failure> {
        let read = settings::load(self.common)?.settings;
        let pushed = self.door.is_some();
        let changes = Changes::between(&self.settings, &read, pushed);
        let mut now = reload::in_force(&self.settings, &read, pushed);
        let watches = load_watches(&now, self.watch_file.as_deref(), self.runtime, self.clock.as_ref())?;
        let mut changed = reload::changed_sources(&self.settings, &now, |name| self.contents.get(name).copied());
        let mut restart = changes.restart;
        if live.is_none() {
            // Without a live pipeline there is no place for a live source.
            restart.extend(changes.at_once.iter().filter(|key| !key.starts_with("log.")).cloned());
            now = Settings { log: now.log, ..self.settings.clone() };
            changed.clear();
        }
        let mut sources = Vec::new();
        for name in changed.iter().copied().filter(|name| *name != PUSH) {
            sources.push((name, self.maker.one(&now, name)?));
        }
        let token = push::token(&now.push)?;
        // The last that can be refused, since it is in force when it is not.
        serving.reload_tls(&now)?;

        // From here on nothing is refused.
        logging::apply(self.common, &now.log);
        let (new, other, gone) = watches.since(&self.watches);
        if (new, other, gone) != (0, 0, 0) {
            self.put_in_force(watches, live.as_deref().into_iter().chain(simulated), serving);
        }
        if let Some(pipeline) = live {
            for (name, source) in sources {
                pipeline.exchange(name, source);
            }
        }
        if changed.contains(&PUSH)
            && let Some(door) = &mut self.door
        {
            door.exchange(token, &serving.state);
        }
        self.settings = now;
        serving.board.show_settings(&self.settings);
        self.remember_contents();
        let at_once: Vec<String> = changes.at_once.into_iter().filter(|key| !restart.contains(key)).collect();
        self.trail.reloaded(&self.settings, &at_once, &self.watches);
        let list = |what: Vec<String>| if what.is_empty() { "nothing".to_owned() } else { what.join(", ") };
        tracing::info!(
            target: "groundswell",
            "the configuration was read again; changed: {}; begun anew: {}; watches: {new} new, {other} changed, {gone} gone",
            list(at_once),
            list(changed.into_iter().map(str::to_owned).collect()),
        );
        if !restart.is_empty() {
            tracing::warn!(target: "groundswell", "needs a restart: {}", restart.join(", "));
        }
        Ok(())
    }

    /// `None`: stopped before all processes of the cluster were there.
    fn start_live(
        &self,
        feeds: Vec<LiveFeed>,
        kept: Option<Kept>,
        serving: &Serving,
        stop: &Stop,
    ) -> Result<Option<Pipeline>, Failure> {
        let (mut sources, mut live) = (Vec::new(), BTreeMap::new());
        for (index, source) in feeds.into_iter().enumerate() {
            live.insert(index, (source.feed.source.name().to_owned(), source.watched()));
            sources.push(source.feed);
        }
        let store = self.open_store(&self.settings.data, false)?;
        let Some(left) = self.left(&self.settings.data, store, stop)? else { return Ok(None) };
        self.start(sources, live, left, false, kept, serving).map(Some)
    }

    fn open_store(&self, folder: &std::path::Path, simulated: bool) -> Result<(Writer, Reader), Failure> {
        pipeline::make_data_dir(folder)?;
        let options = pipeline::store_options(self.settings.gate.k, simulated)?;
        Ok(self.runtime.block_on(Store::open(folder, &options))?)
    }

    /// What an earlier run left; in a cluster all processes agree on it first. `None`: stopped before all were there.
    fn left(
        &self,
        folder: &std::path::Path,
        (mut writer, reader): (Writer, Reader),
        stop: &Stop,
    ) -> Result<Option<Left>, Failure> {
        let (settings, runtime) = (&self.settings, self.runtime.handle());
        let Some(cluster) = &self.maker.cluster else {
            let left = Checkpoints::open(settings, folder, &mut writer, runtime)?;
            let (checkpoints, resume) = left.map_or((None, None), |(checkpoints, resume)| (Some(checkpoints), resume));
            return Ok(Some(Left { writer, reader, joined: None, checkpoints, resume }));
        };
        let wishes = Wishes { cluster, workers: self.workers, checkpoints: true, fits: &|_| true };
        let agreed = Checkpoints::join(&wishes, settings, folder, &mut writer, runtime, stop)?;
        Ok(agreed.map(|Agreed { joined, checkpoints, left }| Left {
            writer,
            reader,
            joined: Some(joined),
            checkpoints,
            resume: left,
        }))
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
        // Made-up posts are made up anew at each start, by each process for itself.
        let (writer, reader) = self.open_store(&folder, true)?;
        let left = Left { writer, reader, joined: None, checkpoints: None, resume: None };
        self.start(vec![feed], BTreeMap::new(), left, true, None, serving)
    }

    fn start(
        &self,
        feeds: Vec<Feed>,
        live: BTreeMap<usize, (String, Watched)>,
        left: Left,
        simulated: bool,
        kept: Option<Kept>,
        serving: &Serving,
    ) -> Result<Pipeline, Failure> {
        let Left { writer, reader, joined, checkpoints, resume } = left;
        let checkpoint_every = checkpoints.as_ref().map(|checkpoints| checkpoints.every);
        let ledger = writer.clone();
        let names: Vec<String> = feeds.iter().map(|feed| feed.source.name().to_owned()).collect();
        // What is not configured now can be switched on later; the simulator is alone.
        let spare = EXCHANGEABLE.into_iter().filter(|name| !simulated && !names.iter().any(|other| other == name));
        let spare = spare.map(str::to_owned).collect();
        let sink = StoreSink {
            // What is made up goes to nobody.
            deliver: self.postman.as_ref().filter(|_| !simulated).map(Postman::news),
            clock: Arc::clone(&self.clock),
            detections: Detections::default(),
            detected: Arc::default(),
            runtime: self.runtime.handle().clone(),
            writer,
            retention: Retention {
                minutes_days: self.settings.store.minutes_kept_days,
                detections_days: self.settings.store.detections_kept_days,
            },
            live: Some(serving.state.live().clone()),
            finished: None,
            checkpoints,
            kept,
        };
        if let Some(resume) = &resume {
            self.trail.goes_on_from(Asked::of(&resume.totals.records));
            tracing::info!(target: "groundswell", "{}", going_on(resume));
        }
        let gate = if simulated && self.exact {
            Gate::exact(K::new(self.settings.gate.k).map_err(Failure::usage)?)
        } else {
            pipeline::gate(self.settings.gate.k)?
        };
        if joined.is_some() && self.settings.explore.index_mib > 0 {
            tracing::warn!(target: "groundswell", "explore.index_mib: a process of a cluster holds no text, since none has read all posts");
        }
        let bytes = self.settings.explore.bytes(simulated).filter(|_| joined.is_none());
        let explore = bytes.map(|bytes| Arc::new(ExploreIndex::new(self.workers, bytes)));
        let read_before = resume.as_ref().map_or(0, |resume| resume.totals.records.read());
        let plan = Plan {
            workers: self.workers,
            cluster: joined,
            gate,
            watches: Arc::clone(&self.watches),
            narratives: self.settings.narratives.enabled,
            bursts: self.settings.bursts.enabled,
            amplification: self.settings.amplification.enabled,
            explore: explore.clone(),
            stage_times: None,
            clock: Arc::clone(&self.clock),
            feeds,
            spare,
            data: Some(self.settings.data.clone()),
            checkpoint_every,
            resume,
        };
        let running = pipeline::start(plan, Box::new(sink))?;
        let coverage = running.coverage.clone();
        // After the sources were told where to go on, so that they have said since when they were away.
        let listened = names.into_iter().enumerate().map(|(index, name)| Listened {
            live: live.get(&index).and_then(|(_, watched)| watched.live()),
            name,
            counts: counts(&running, index),
        });
        let recorder = Recorder::start(
            listened.collect(),
            ledger,
            coverage,
            K::new(self.settings.gate.k).map_err(Failure::usage)?,
            Arc::clone(&self.clock),
            self.runtime.handle().clone(),
        )
        .context("the coverage ledger cannot be gone on with")?;
        Ok(Pipeline {
            running,
            recorder,
            reader,
            simulated,
            explore,
            gate,
            live,
            waiting: BTreeMap::new(),
            read_before,
        })
    }

    /// Shows a pipeline, and the state of a live one that is being tried beside it.
    fn show(&self, serving: &Serving, pipeline: &Pipeline, beside: Option<&Pipeline>) {
        let mut sources = Vec::new();
        for pipeline in [Some(pipeline), beside].into_iter().flatten() {
            let counters = &pipeline.running.counters;
            if pipeline.simulated {
                sources.push(ShownSource::new("simulator", Watched::Simulator, counters, 0));
            }
            for (index, (name, watched)) in &pipeline.live {
                sources.push(ShownSource::new(name, watched.clone(), counters, *index));
            }
        }
        serving.board.show(Shown {
            counters: Arc::clone(&pipeline.running.counters),
            sources,
            watches: Arc::clone(&self.watches),
            k: self.settings.gate.k,
            workers: self.workers,
            simulated: pipeline.simulated,
            settings: status::told(&self.settings, pipeline.simulated && self.exact, false, pipeline.explore.is_some()),
        });
        if let Some((desk, _)) = &self.watch_desk {
            desk.try_over(pipeline.explore.clone(), pipeline.gate);
        }
        serving.state.replace_reader(pipeline.reader.clone(), pipeline.simulated);
        let folder =
            if pipeline.simulated { self.settings.data.join(SIMULATED_FOLDER) } else { self.settings.data.clone() };
        self.desk.edit(&folder);
        serving.state.set_running(true);
    }
}

impl Pipeline {
    /// Lets another source take the place of the one of its name, or none.
    fn exchange(&mut self, name: &str, source: Option<LiveFeed>) {
        let Some(index) = self.running.slots.place(name) else { return };
        let Some(source) = source else {
            self.live.remove(&index);
            self.waiting.remove(&index);
            self.running.slots.exchange(index, None);
            self.recorder.exchange(name, None);
            return;
        };
        let watched = source.watched();
        let counts = counts(&self.running, index);
        self.waiting.insert(index, Listened { name: name.to_owned(), live: watched.live(), counts });
        self.live.insert(index, (name.to_owned(), watched));
        self.running.slots.exchange(index, Some(source.feed.source));
    }

    /// Looks after sources and ledger.
    fn look(&mut self) -> Result<(), Failure> {
        for index in self.running.slots.look()? {
            // By now the source has said since when it was away.
            if let Some(listened) = self.waiting.remove(&index) {
                let name = listened.name.clone();
                self.recorder.exchange(&name, Some(listened));
            }
        }
        self.recorder.look();
        Ok(())
    }
}

/// Opt-outs and deletions of a live pipeline. Made-up ones are told nowhere.
fn asked(live: &Pipeline) -> Asked {
    Asked::of(&live.running.counters.totals().records)
}

/// Records of a source that could not be read, that came too late, and that there was no room for.
fn counts(running: &Running, index: usize) -> Counts {
    let counters = Arc::clone(&running.counters);
    Box::new(move || {
        counters.source(index).map_or_else(Counted::default, |source| Counted {
            posts: source.accepted(),
            rejected: source.rejected(),
            late: source.late(),
            thinned: source.thinned(),
        })
    })
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
