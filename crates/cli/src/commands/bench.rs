//! `bench`: the speed of the whole path, from a source's bytes to the committed store (CONTRACT section 6).
//!
//! The input is a file, made by the simulator beforehand unless one is given, so that making posts costs the measured path
//! nothing. Core time is the process's own, user and system, over the measured stretch. `parse_ns_per_post` is measured in
//! the same run, before it, on one core: the same bytes, parsed by the same library and thrown away.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use groundswell_engine::{ExploreIndex, Stage, StageTimes, Totals};
use groundswell_post::EventTime;
use groundswell_sim::{SimConfig, Simulator};
use groundswell_sources::{DecodeOptions, FileSet, FileSetConfig, SystemClock, parse_only};
use groundswell_store::{Retention, Store};

use crate::args::{Bench, Common};
use crate::checkpoints::Checkpoints;
use crate::detections::Detections;
use crate::failure::{DONE, Failure, Outcome};
use crate::pipeline::{self, Feed, Plan, StoreSink};
use crate::settings::{Settings, StoreSettings};
use crate::watches::Watches;
use crate::{labelled, output, proc, settings};

/// Allowed lateness of the made input, which is in order but for the simulator's own disorder.
const LATE: Duration = Duration::from_mins(1);

/// What can be left out with `--without`.
const DETECTORS: [&str; 4] = ["volume", "narrative", "burst", "amplification"];

/// Measures the whole path.
pub(crate) fn bench(common: &Common, arguments: &Bench) -> Outcome {
    if let Some(unknown) = arguments.without.iter().find(|name| !DETECTORS.contains(&name.as_str())) {
        return Err(Failure::usage_text(format!("--without {unknown}: the detectors are {}", DETECTORS.join(", "))));
    }
    if arguments.without.iter().any(|name| name == "volume") {
        return Err(Failure::usage_text("--without volume: the path ends in its counts, so it is always on"));
    }
    let settings = settings::load(common)?.settings;
    // What a service has on.
    let on = |name: &&str| match *name {
        "narrative" => settings.narratives.enabled,
        "burst" => settings.bursts.enabled,
        "amplification" => settings.amplification.enabled,
        _ => true,
    };
    let without = |name: &&str| arguments.without.iter().any(|without| without == name);
    let detectors: Vec<&'static str> = DETECTORS.into_iter().filter(on).filter(|name| !without(name)).collect();
    let workers = settings.worker_count();
    let seed = common.seed.unwrap_or(1);
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let simulator = Simulator::new(sim_config(seed, arguments.posts, arguments.rate)).map_err(Failure::usage)?;
    let vocabulary = simulator.vocabulary();
    let (input, described) = if let Some(path) = &arguments.input {
        (path.clone(), path.display().to_string())
    } else {
        output::note(common, &format!("making {} posts …", arguments.posts));
        (make_input(simulator, arguments.posts, scratch.path())?, format!("simulated seed {seed}"))
    };
    output::note(common, "parsing alone …");
    let parse_ns = parse_alone(&input)?;
    output::note(common, &format!("compiling {} watches …", arguments.watches));
    let watches = Arc::new(Watches::generated(seed, arguments.watches, &vocabulary)?);
    output::note(common, &format!("the whole path on {workers} workers …"));

    let times = Arc::new(StageTimes::default());
    let data = scratch.path().join("data");
    let core_before = proc::core_time();
    let began = Instant::now();
    let (totals, source_core) = run(&input, &data, workers, &settings, &detectors, &watches, &times)?;
    let seconds = began.elapsed().as_secs_f64();
    let core = proc::core_time().saturating_sub(core_before);

    let posts = totals.records.read().max(1);
    let core_ns = core.as_nanos() as f64 / posts as f64;
    let stages: Vec<(String, f64)> = Stage::ALL
        .iter()
        .map(|stage| (stage.as_str().to_owned(), times.nanos(*stage) as f64 / posts as f64))
        .chain([("source and store threads".to_owned(), source_core.as_nanos() as f64 / posts as f64)])
        .collect();
    let known: f64 = stages.iter().map(|(_, ns)| ns).sum();
    let rest = ("merge, gate and the dataflow itself".to_owned(), (core_ns - known).max(0.0));
    let report = Report {
        seconds,
        posts,
        core_ns,
        parse_ns,
        stages: stages.into_iter().chain([rest]).collect(),
        workers,
        watches: arguments.watches,
        input: described,
        detectors,
        totals,
    };
    let text = if arguments.json { format!("{}\n", report.json()) } else { report.readable() };
    output::write_stdout(text.as_bytes())?;
    Ok(DONE)
}

fn sim_config(seed: u64, posts: u64, rate: f64) -> SimConfig {
    SimConfig {
        seed,
        rate,
        start: EventTime::from_unix(1_767_571_200),
        duration: Duration::from_secs_f64(posts as f64 / rate * 1.5 + 60.0),
        scenario: "load".to_owned(),
        ..SimConfig::default()
    }
}

fn make_input(mut simulator: Simulator, posts: u64, folder: &Path) -> Result<PathBuf, Failure> {
    let path = folder.join("posts.ndjson");
    let mut file = std::fs::File::create(&path).context("cannot make the input")?;
    let mut block = Vec::with_capacity(1 << 20);
    let mut made = 0;
    while made < posts {
        block.clear();
        let filled = simulator.fill_block(256 * 1024, None, &mut block);
        let mut bytes = &block[..];
        if made + filled.lines > posts {
            // Cut the last block after the last post that was asked for.
            let keep = (posts - made) as usize;
            let end = memchr::memchr_iter(b'\n', bytes).nth(keep - 1).map_or(bytes.len(), |at| at + 1);
            bytes = &bytes[..end];
        }
        file.write_all(bytes).context("cannot make the input")?;
        made += filled.lines;
        if filled.ended {
            break;
        }
    }
    Ok(path)
}

/// How much of the input is parsed alone: enough to be steady.
const PARSE_BYTES_MAX: u64 = 256 << 20;

/// Nanoseconds a record for parsing alone: the best of three passes over bytes in memory, on this thread.
fn parse_alone(input: &Path) -> Result<f64, Failure> {
    let mut bytes = labelled::read(input, PARSE_BYTES_MAX)?;
    // What was cut off in the middle is no record.
    bytes.truncate(memchr::memrchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1));
    let best = (0..3)
        .map(|_| {
            let began = Instant::now();
            let (records, _) = parse_only(&bytes);
            began.elapsed().as_nanos() as f64 / records.max(1) as f64
        })
        .fold(f64::INFINITY, f64::min);
    Ok(best)
}

fn run(
    input: &Path,
    data: &Path,
    workers: usize,
    settings: &Settings,
    detectors: &[&str],
    watches: &Arc<Watches>,
    times: &Arc<StageTimes>,
) -> Result<(Totals, Duration), Failure> {
    pipeline::make_data_dir(data)?;
    let runtime = pipeline::runtime()?;
    let (mut writer, _reader) =
        runtime.block_on(Store::open(data, &pipeline::store_options(settings.gate.k, true)?))?;
    let key = data.with_file_name("checkpoint.key");
    let store = StoreSettings { checkpoint_key: key, ..settings.store.clone() };
    let settings = Settings { store, ..settings.clone() };
    let checkpoints = Checkpoints::open(&settings, data, &mut writer, runtime.handle())?;
    let checkpoints = checkpoints.map(|(checkpoints, _)| checkpoints);
    let checkpoint_every = checkpoints.as_ref().map(|checkpoints| checkpoints.every);
    let clock = Arc::new(SystemClock::default());
    let config = FileSetConfig { lateness: LATE, ..FileSetConfig::new(vec![input.to_owned()]) };
    let set = FileSet::new(config, clock.clone());
    let sink = StoreSink {
        deliver: None,
        clock: Arc::new(groundswell_sources::SystemClock::default()),
        detections: Detections::default(),
        detected: Arc::default(),
        runtime: runtime.handle().clone(),
        writer,
        retention: Retention::FOR_EVER,
        live: None,
        finished: None,
        checkpoints,
        kept: None,
    };
    let plan = Plan {
        workers,
        cluster: None,
        gate: pipeline::gate(settings.gate.k)?,
        watches: Arc::clone(watches),
        narratives: detectors.contains(&"narrative"),
        bursts: detectors.contains(&"burst"),
        amplification: detectors.contains(&"amplification"),
        explore: settings.explore.bytes(false).map(|bytes| Arc::new(ExploreIndex::new(workers, bytes))),
        stage_times: Some(Arc::clone(times)),
        clock,
        feeds: vec![Feed { decode: DecodeOptions::default(), source: Box::new(set) }],
        spare: Vec::new(),
        data: None,
        checkpoint_every,
        resume: None,
    };
    let running = pipeline::start(plan, Box::new(sink))?;
    let mut threads = proc::ThreadTimes::default();
    while !running.ended() {
        std::thread::sleep(Duration::from_millis(20));
        threads.sample();
    }
    let (totals, errors) = running.join()?;
    if let Some(error) = errors.first() {
        return Err(anyhow::anyhow!("{error}").into());
    }
    Ok((totals, threads.sum_of(&["source", "sink", "serve", "sqlx"])))
}

struct Report {
    seconds: f64,
    posts: u64,
    core_ns: f64,
    parse_ns: f64,
    stages: Vec<(String, f64)>,
    workers: usize,
    watches: usize,
    input: String,
    detectors: Vec<&'static str>,
    totals: Totals,
}

impl Report {
    fn json(&self) -> serde_json::Value {
        let round = |x: f64| (x * 10.0).round() / 10.0;
        serde_json::json!({
            "posts": self.posts,
            "seconds": self.seconds,
            "posts_per_second": (self.posts as f64 / self.seconds).round(),
            "core_ns_per_post": round(self.core_ns),
            "parse_ns_per_post": round(self.parse_ns),
            "cost_in_parses": round(self.core_ns / self.parse_ns),
            "stages": self.stages.iter().map(|(name, ns)| serde_json::json!({"name": name, "core_ns_per_post": round(*ns)})).collect::<Vec<_>>(),
            "peak_rss_bytes": proc::peak_rss_bytes(),
            "workers": self.workers,
            "watches": self.watches,
            "detectors": self.detectors,
            "input": self.input,
            "released": {"volumes": self.totals.released, "narratives": self.totals.narratives_released, "bursts": self.totals.bursts_released, "amplifications": self.totals.amplifications_released},
            "suppressed": {"volumes": self.totals.suppressed},
            "posts_by_outcome": self.totals.records,
        })
    }

    fn readable(&self) -> String {
        let mut text = format!(
            "{} posts in {:.2} s on {} workers with {} watches ({})\n{:.0} posts/s, {:.0} ns of core time a post = {:.1} parses of {:.0} ns; peak memory {} MiB\n\n",
            self.posts,
            self.seconds,
            self.workers,
            self.watches,
            self.input,
            self.posts as f64 / self.seconds,
            self.core_ns,
            self.core_ns / self.parse_ns,
            self.parse_ns,
            proc::peak_rss_bytes() >> 20,
        );
        for (name, ns) in &self.stages {
            let _ = writeln!(text, "{name:<36} {ns:>8.0} ns  {:>5.1} %", ns / self.core_ns * 100.0);
        }
        text
    }
}
