//! Bursts from posts to released rows: found, over once, and the same on any number of workers.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_detect::burst::BurstConfig;
use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{
    Checkpoint, Closed, Counters, CoverageBoard, EngineConfig, Heard, ReleaseSink, SourceConfig, Totals, WatchBoard,
};
use groundswell_gate::{BurstRow, Gate, K, Outward as _};
use groundswell_post::{EventTime, Portion};
use groundswell_sketch::Step;
use groundswell_sources::jetstream::HiddenAccounts;
use groundswell_sources::{BlockReceiver, DecodeOptions, ManualClock, PartitionSpec, Payload, SourceIx, Stop, channel};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};

/// A Monday.
const START: i64 = 1_767_571_200;
const HOURS: i64 = 13;
/// The minutes in which everybody writes of a flood.
const FLOOD: std::ops::Range<i64> = 660..690;
/// And those in which one account does.
const ALONE: std::ops::Range<i64> = 720..740;

fn messages(minutes: std::ops::Range<i64>) -> Vec<u8> {
    let mut text = String::new();
    for minute in minutes {
        let mut write = |author: i64, nth: i64, words: &str| {
            writeln!(
                text,
                r#"{{"did":"did:plc:a{author}","time_us":{}000000,"kind":"commit","commit":{{"collection":"app.bsky.feed.post","rkey":"{minute}x{nth}","operation":"create","record":{{"text":"{words}","langs":["en"]}}}}}}"#,
                START + minute * 60 + nth,
            )
            .unwrap();
        };
        for nth in 0..20 {
            // Numbers that do not go together with the minute: no two authors keep time.
            let author = (minute * 7_919 + nth * 104_729) % 1_009;
            write(author, nth, if nth % 7 == minute % 7 { "meadow river" } else { "meadow cloud" });
        }
        if FLOOD.contains(&minute) {
            (0..6).for_each(|nth| write(2_000 + minute * 6 + nth, 30 + nth, "flood everywhere"));
        }
        if ALONE.contains(&minute) {
            (0..9).for_each(|nth| write(9_999, 40 + nth, "lonely shout"));
        }
    }
    text.into_bytes()
}

#[derive(Clone, Default)]
struct Kept {
    rows: Arc<Mutex<Vec<BurstRow>>>,
    checkpoint: Arc<Mutex<Option<Checkpoint>>>,
    /// End of the last minute that has closed.
    closed: Arc<AtomicI64>,
}

impl ReleaseSink for Kept {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let minutes = closed.windows.iter().filter(|window| window.step == Step::Minute);
        if let Some(end) = minutes.map(|window| window.end()).max() {
            self.closed.store(end, Ordering::Release);
        }
        self.rows.lock().unwrap().extend(closed.bursts.iter().map(|row| (**row).clone()));
        // They can be written down.
        closed.bursts.iter().for_each(|row| drop(row.to_json()));
        Ok(())
    }

    fn checkpoint(&mut self, checkpoint: Checkpoint) -> Result<(), anyhow::Error> {
        *self.checkpoint.lock().unwrap() = Some(Checkpoint::from_bytes(&checkpoint.to_bytes())?);
        Ok(())
    }
}

fn run(workers: usize) -> (Totals, Vec<BurstRow>) {
    let (totals, rows, _) = run_part(workers, 0..HOURS * 60, CoverageBoard::default(), None, false);
    (totals, rows)
}

/// Runs these minutes, after what an earlier run left. `stop`: when all have been read and all minutes but the last two are closed it is
/// asked to stop, and it leaves a checkpoint.
fn run_part(
    workers: usize,
    minutes: std::ops::Range<i64>,
    coverage: CoverageBoard,
    resume: Option<Checkpoint>,
    stopped: bool,
) -> (Totals, Vec<BurstRow>, Option<Checkpoint>) {
    let (feed, blocks) = channel(HOURS as usize + 1, Duration::from_hours(10_000));
    let mut sender = feed.sender(SourceIx(0));
    let stop = Stop::default();
    let spec =
        PartitionSpec { name: "bluesky".to_owned(), head_time: None, live: true, lateness: Duration::from_mins(1) };
    let mut partition = sender.partition(spec, &stop);
    let hidden = Arc::<HiddenAccounts>::default();
    let mut line = 1;
    for first in minutes.clone().step_by(60) {
        let bytes = messages(first..(first + 60).min(minutes.end));
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
        let payload = Payload::Jetstream { hidden: Arc::clone(&hidden), bytes };
        partition.send_portion(line, payload, None, Portion::ALL).unwrap();
        line += lines;
    }
    let names = ["bluesky".to_owned()];
    if let Some(resume) = &resume {
        let closed_before = resume.closed_before.map(EventTime::from_unix);
        blocks.clocks().restore(resume.clocks(&names).collect::<Vec<_>>(), closed_before);
    }
    if !stopped {
        partition.finish();
        drop((sender, feed));
        return finish(config(workers, coverage, resume), blocks, stop, None);
    }
    // What is open at a checkpoint is gone on with without who wrote, and what it says of bursts is found later. So the moment of the
    // stop must not be left to chance.
    let closed = START + (minutes.end - 2) * 60;
    let all = finish(config(workers, coverage, resume), blocks, stop, Some(closed));
    drop((partition, sender, feed));
    all
}

fn config(workers: usize, coverage: CoverageBoard, resume: Option<Checkpoint>) -> EngineConfig {
    EngineConfig {
        workers,
        cluster: None,
        sources: vec![SourceConfig { name: "bluesky".to_owned(), decode: DecodeOptions::default() }],
        edge: EdgeConfig { root_key: Some([7; 32]), opt_outs: None },
        watches: WatchBoard::new(
            Arc::new(Percolator::compile([], &mut Analyzer::new(), &Frequencies::builtin()).unwrap()),
            Arc::from([]),
        ),
        coverage,
        volume: VolumeConfig::default(),
        narratives: None,
        amplify: None,
        explore: None,
        bursts: Some(BurstConfig::default()),
        gate: Gate::exact(K::DEFAULT),
        stage_times: None,
        checkpoint_every: Some(Duration::from_hours(10_000)),
        resume,
    }
}

/// Runs to the end, or until the minutes up to this moment have closed.
fn finish(
    config: EngineConfig,
    blocks: BlockReceiver,
    stop: Stop,
    until: Option<i64>,
) -> (Totals, Vec<BurstRow>, Option<Checkpoint>) {
    let clock = Arc::new(ManualClock::at(EventTime::from_unix(START + HOURS * 3_600)));
    let (kept, counters) = (Kept::default(), Arc::new(Counters::new(1)));
    let engine = std::thread::spawn({
        let (sink, stop, counters) = (Box::new(kept.clone()), stop.clone(), Arc::clone(&counters));
        move || groundswell_engine::run(config, blocks, clock, sink, stop, counters).unwrap()
    });
    if let Some(until) = until {
        let since = std::time::Instant::now();
        while kept.closed.load(Ordering::Acquire) < until {
            assert!(since.elapsed() < Duration::from_mins(1), "{:?}", counters.totals());
            std::thread::yield_now();
        }
        stop.stop();
    }
    let totals = engine.join().unwrap();
    let rows = std::mem::take(&mut *kept.rows.lock().unwrap());
    let checkpoint = kept.checkpoint.lock().unwrap().take();
    (totals, rows, checkpoint)
}

#[test]
fn a_restart_in_the_middle_of_a_burst_goes_on_with_it() {
    let (_, whole) = run(1);
    let of = |rows: &[BurstRow]| -> Vec<_> {
        let told = |row: &BurstRow| (row.id.clone(), row.start.0, row.end.map(|end| end.0), row.subject.value.clone());
        let mut bursts: Vec<_> = rows.iter().filter(|row| row.end.is_some()).map(told).collect();
        bursts.sort();
        bursts
    };
    let all = 0..HOURS * 60;
    for (before, after) in [(1, 2), (2, 1)] {
        // In the middle of the flood, and before it.
        for at in [FLOOD.start + 12, FLOOD.start - 30] {
            let (_, mut rows, checkpoint) = run_part(before, all.start..at, CoverageBoard::default(), None, true);
            let checkpoint = checkpoint.expect("a stop leaves a checkpoint");
            let (_, more, _) = run_part(after, at..all.end, CoverageBoard::default(), Some(checkpoint), false);
            rows.extend(more);
            assert_eq!(of(&rows), of(&whole), "{before} to {after} at {at}");
        }
    }
}

#[test]
fn a_burst_says_how_much_was_heard() {
    let board = CoverageBoard::default();
    (FLOOD.start - 2..FLOOD.end).for_each(|minute| board.put(START + minute * 60, Heard { usual: 20.0, heard: 12.0 }));
    let of = |workers, board: &CoverageBoard| run_part(workers, 0..HOURS * 60, board.clone(), None, false).1;
    let rows = of(1, &board);
    assert!(!rows.is_empty() && rows.iter().all(|row| (row.coverage - 0.6).abs() < 0.001), "{rows:?}");
    assert_eq!(of(3, &board), rows);
    assert!(run(1).1.iter().all(|row| (row.coverage - 1.0).abs() < 1e-9));
}

#[test]
fn a_burst_is_found_on_any_number_of_workers_alike() {
    let (totals, rows) = run(1);
    let of = |value: &str| rows.iter().filter(|row| row.subject.value == value).collect::<Vec<_>>();
    let told: Vec<&str> = rows.iter().map(|row| row.subject.value.as_str()).collect();
    // Whichever of the two words comes first, the other is its related one.
    let (flood, everywhere) = (of("flood"), of("everywhere"));
    let (of_it, other) = if flood.is_empty() { (everywhere, "flood") } else { (flood, "everywhere") };
    let (first, last) = (of_it.first().expect("told"), of_it.last().expect("told"));
    let start = START + FLOOD.start * 60;
    assert!(first.end.is_none() && first.detected_at.0 > start && first.detected_at.0 <= start + 300, "{first:?}");
    assert!(last.end.is_some_and(|end| (end.0 - START - FLOOD.end * 60).abs() <= 600), "{last:?}");
    assert!(last.related.iter().any(|subject| subject.value == other), "{last:?}");
    assert!(of_it.iter().all(|row| row.id == first.id), "one event");
    assert!(!told.contains(&"lonely") && !told.contains(&"shout"), "one account is no burst: {told:?}");
    assert!(!told.contains(&"meadow"), "{told:?}");
    assert!(totals.bursts_released >= 1);
    for workers in [2, 3] {
        assert_eq!(run(workers).1, rows, "{workers} workers");
    }
}
