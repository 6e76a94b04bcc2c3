//! `replay`: reads files to the end in event time, as fast as it can.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use groundswell_engine::{Checkpoint, Totals};
use groundswell_post::EventTime;
use groundswell_serve::FeedDesk;
use groundswell_sources::file::{FileReport, FileSetConfig, fingerprint_file};
use groundswell_sources::{Clock, DecodeOptions, FieldMap, FileSet, MapError, Stop, SystemClock};
use groundswell_store::{Reader, Retention, Store};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;

use crate::args::{Common, Replay};
use crate::audit::{Asked, AuditDesk, Trail};
use crate::checkpoints::{Agreed, Checkpoints, Wishes, going_on};
use crate::detections::Detections;
use crate::failure::{DONE, FAILED, Failure, Outcome, REJECTED};
use crate::feeds::Desk;
use crate::pipeline::{self, Feed, Plan, StoreSink};
use crate::status::{Shown, ShownSource, Watched};
use crate::watches::{self, Watches};
use crate::{deliver, logging, output, proc, settings, signals, status};

/// Reads files into the store.
pub(crate) fn replay(common: &Common, arguments: &Replay) -> Outcome {
    let runtime = pipeline::runtime()?;
    // First of all: a signal in the middle of starting ends in order as well.
    let interrupted = Stop::default();
    signals::stop_on_signal(runtime.handle(), interrupted.clone())?;
    let settings = settings::load(common)?.settings;
    logging::apply(common, &settings.log);
    let workers = settings.worker_count();
    let cluster = pipeline::cluster(&arguments.cluster)?;
    let map = field_map(arguments.map.as_deref())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let shown = watches::names_shown(&settings, runtime.handle())?;
    let watches = Arc::new(Watches::load(arguments.watches.as_deref(), Vec::new(), &shown, clock.as_ref())?);
    watches.report(common);
    pipeline::make_data_dir(&settings.data)?;
    let options = pipeline::store_options(settings.gate.k, false)?;
    let (mut writer, reader) = runtime.block_on(Store::open(&settings.data, &options))?;
    let trail = Trail::open(&settings, &clock)?;
    let serving = if arguments.serve {
        let address = arguments.listen.unwrap_or(settings.listen);
        let serving = status::serve(&runtime, address, &settings, &trail, Arc::clone(&clock))?;
        serving.state.replace_reader(reader.clone(), false);
        serving.state.open_audit(AuditDesk::new(&settings.data));
        serving.state.open_previews(deliver::Previews::new(&settings, &clock));
        // Acts stand beside the writer and wait for their turn, as in a service. What is found is delivered to nobody all the same.
        let desk = Desk::new(&settings.data, settings.gate.k, Arc::clone(&trail), Arc::clone(&clock))?;
        serving.state.open_feeds(desk as Arc<dyn FeedDesk>);
        Some(serving)
    } else {
        None
    };

    // Whole files round robin over the processes; each remembers its own.
    let (process, processes) = cluster.as_ref().map_or((0, 1), |cluster| (cluster.process, cluster.addresses.len()));
    let mut files = Vec::new();
    for file in arguments.files.iter().skip(process).step_by(processes) {
        if !arguments.again && was_read(&runtime, &reader, file)? {
            output::note(common, &format!("{}: was read to the end before; --again reads it again", file.display()));
        } else {
            files.push(file.clone());
        }
    }
    let set = FileSet::new(
        FileSetConfig { map: map.clone(), lateness: arguments.late, ..FileSetConfig::new(files) },
        Arc::clone(&clock),
    );
    // What comes from a pipe cannot be read twice.
    let can_go_on = arguments.files.iter().all(|file| file.as_os_str() != "-");
    let of_these = |left: &Checkpoint| {
        left.source(groundswell_sources::Source::name(&set)).is_some_and(|saved| {
            // A process of a cluster may have had nothing to read.
            set.can_resume(&saved.positions) || cluster.is_some() && saved.positions.is_empty()
        })
    };
    let fits = |left: &Checkpoint| {
        let fits = !arguments.again && of_these(left);
        if !fits && !arguments.again {
            output::note(common, "the last run that was interrupted read other files; its open windows are given up");
        }
        fits
    };
    let (joined, checkpoints, resume) = match &cluster {
        Some(cluster) => {
            let wishes = Wishes { cluster, workers, checkpoints: can_go_on, fits: &fits };
            let data = &settings.data;
            let agreed = Checkpoints::join(&wishes, &settings, data, &mut writer, runtime.handle(), &interrupted)?;
            let Some(Agreed { joined, checkpoints, left }) = agreed else {
                output::note(common, "stopped before all processes of the cluster were there");
                return Ok(DONE);
            };
            (Some(joined), checkpoints, left)
        }
        None => match Checkpoints::open(&settings, &settings.data, &mut writer, runtime.handle())? {
            Some((checkpoints, left)) if can_go_on => (None, Some(checkpoints), left.filter(fits)),
            _ => (None, None, None),
        },
    };
    if let Some(resume) = &resume {
        trail.goes_on_from(Asked::of(&resume.totals.records));
        output::note(common, &going_on(resume));
    }
    let report = set.report();
    let detected = Arc::new(AtomicU64::new(0));
    let sink = StoreSink {
        // Old posts are no news.
        deliver: None,
        clock: Arc::clone(&clock),
        detections: Detections::default(),
        detected: Arc::clone(&detected),
        runtime: runtime.handle().clone(),
        writer,
        retention: Retention::FOR_EVER,
        live: serving.as_ref().map(|serving| serving.state.live().clone()),
        finished: Some(Arc::clone(&report)),
        checkpoints,
        kept: None,
    };
    let checkpoint_every = sink.checkpoints.as_ref().map(|checkpoints| checkpoints.every);
    trail.started("replay", &settings, &watches, false)?;
    let began = Instant::now();
    let running = pipeline::start(
        Plan {
            workers,
            cluster: joined,
            gate: pipeline::gate(settings.gate.k)?,
            watches: Arc::clone(&watches),
            narratives: settings.narratives.enabled,
            bursts: settings.bursts.enabled,
            amplification: settings.amplification.enabled,
            explore: None,
            stage_times: None,
            clock,
            feeds: vec![Feed { decode: DecodeOptions { map }, source: Box::new(set) }],
            spare: Vec::new(),
            data: Some(settings.data.clone()),
            checkpoint_every,
            resume,
        },
        Box::new(sink),
    )?;
    if let Some(serving) = &serving {
        serving.board.show(Shown {
            counters: Arc::clone(&running.counters),
            sources: vec![ShownSource::new("file", Watched::Files(Arc::clone(&report)), &running.counters, 0)],
            watches: Arc::clone(&watches),
            k: settings.gate.k,
            workers,
            simulated: false,
            settings: status::told(&settings, false, true, false),
        });
        serving.state.set_running(true);
        serving.announce(common);
    }
    follow(common, &running, &report, &interrupted, &trail);
    // Also by another process of the cluster.
    let stopped = running.stop.stopped();
    let (totals, errors) = running.join()?;
    let seconds = began.elapsed().as_secs_f64();

    let failures = report.failures();
    for (path, error) in &failures {
        let path = path.display().to_string();
        output::complain(&if error.contains(&path) { error.clone() } else { format!("{path}: {error}") });
    }
    for error in &errors {
        output::complain(error);
    }
    if stopped {
        let open = if checkpoint_every.is_some() { "are kept" } else { "were dropped" };
        output::note(common, &format!("stopped; windows still open {open}, the same command reads on"));
    }
    // The counters of a cluster are added up on process 0; the others have nothing to say on stdout.
    if process == 0 {
        let detected = detected.load(Ordering::Relaxed);
        summarise(common, arguments, &totals, detected, seconds, workers * processes)?;
    }
    if let Some(serving) = serving {
        if !stopped {
            serving.announce(common);
            while !interrupted.stopped() {
                std::thread::sleep(Duration::from_millis(50));
                trail.look(|| Asked::of(&totals.records));
            }
        }
        serving.end(&runtime);
    }
    trail.stopped("replay", Asked::of(&totals.records));
    let failed = !failures.is_empty() || !errors.is_empty();
    Ok(match (failed, arguments.strict && totals.records.rejected > 0) {
        (true, _) => FAILED,
        (false, true) => REJECTED,
        (false, false) => DONE,
    })
}

/// Whether a file was read to the end into this store. What cannot be read is left to the source, which says why.
fn was_read(runtime: &Runtime, reader: &Reader, file: &Path) -> Result<bool, Failure> {
    // A size that was never read spares reading the file for its fingerprint. Neither stdin nor a pipe is read here.
    let Some(metadata) = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file) else { return Ok(false) };
    if file.as_os_str() == "-" || !runtime.block_on(reader.file_of_size_was_read(metadata.len()))? {
        return Ok(false);
    }
    let Ok(fingerprint) = fingerprint_file(file) else { return Ok(false) };
    Ok(runtime.block_on(reader.file_was_read(&fingerprint.hash))?)
}

/// Reads `--map`.
pub(crate) fn field_map(map: Option<&str>) -> Result<FieldMap, Failure> {
    match map {
        None => Ok(FieldMap::default()),
        Some(map) => map.parse().map_err(|error: MapError| Failure::usage(error).context("--map")),
    }
}

/// Shows progress on a terminal until the dataflow has ended, or until it is interrupted and then has ended.
fn follow(common: &Common, running: &pipeline::Running, report: &FileReport, interrupted: &Stop, trail: &Trail) {
    let show = !common.quiet && std::io::stderr().is_terminal();
    let bar = if show { ProgressBar::new(report.progress().1) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {bytes}/{total_bytes}  {msg}  {eta} left") {
        bar.set_style(style);
    }
    let began = Instant::now();
    while !running.ended() {
        std::thread::sleep(Duration::from_millis(if show { 100 } else { 2 }));
        if interrupted.stopped() {
            running.stop.stop();
        }
        trail.look(|| Asked::of(&running.counters.totals().records));
        if show {
            let read = running.counters.totals().records.read();
            let (done, all) = report.progress();
            bar.set_length(all);
            bar.set_position(done);
            bar.set_message(format!("{read} posts, {:.0}/s", read as f64 / began.elapsed().as_secs_f64()));
        }
    }
    bar.finish_and_clear();
}

fn summarise(
    common: &Common,
    arguments: &Replay,
    totals: &Totals,
    detected: u64,
    seconds: f64,
    workers: usize,
) -> Result<(), Failure> {
    let records = &totals.records;
    let rate = if seconds > 0.0 { records.read() as f64 / seconds } else { 0.0 };
    let time = |unix: i64| EventTime::from_unix(unix).to_string();
    if arguments.summary.is_some() {
        let summary = serde_json::json!({
            "posts": {
                "read": records.read(), "accepted": records.accepted, "rejected": records.rejected, "late": records.late,
                "opted_out": records.opted_out, "deleted": records.deleted, "repeated": records.repeated,
            },
            "rejected_by": totals.rejected_by,
            "event_time": {
                "first": totals.event_time.map(|(first, _)| time(first)),
                "last": totals.event_time.map(|(_, last)| time(last)),
            },
            "released": {"volumes": totals.released, "narratives": totals.narratives_released, "bursts": totals.bursts_released, "amplifications": totals.amplifications_released, "detections": detected},
            "suppressed": {"volumes": totals.suppressed, "narratives": totals.narratives_suppressed, "bursts": totals.bursts_suppressed, "amplifications": totals.amplifications_suppressed},
            "forgotten": totals.forgotten,
            "limits": totals.limits(),
            "seconds": seconds,
            "posts_per_second": rate.round(),
            "peak_rss_bytes": proc::peak_rss_bytes(),
            "workers": workers,
        });
        output::write_stdout(format!("{summary}\n").as_bytes())?;
    }
    output::note(
        common,
        &format!(
            "{} records in {seconds:.1} s ({rate:.0}/s): {} accepted, {} rejected, {} late, {} opted out, {} deletions, \
             {} repeated; {} volumes released, {} cells held back",
            records.read(),
            records.accepted,
            records.rejected,
            records.late,
            records.opted_out,
            records.deleted,
            records.repeated,
            totals.released,
            totals.suppressed,
        ),
    );
    for (rejection, count) in &totals.rejected_by {
        output::note(common, &format!("  rejected: {rejection}: {count}"));
    }
    for (limit, count) in totals.limits().into_iter().filter(|(_, count)| *count > 0) {
        output::note(common, &format!("  a bound was reached: {limit}: {count}"));
    }
    Ok(())
}
