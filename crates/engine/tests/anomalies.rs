//! Anomalies from posts to released detections: hours are handed on, and what is told of them is the same on any number of workers.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_detect::burst::BurstConfig;
use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{Closed, Counters, CoverageBoard, EngineConfig, Heard, ReleaseSink, SourceConfig, WatchBoard};
use groundswell_gate::{DetectionRow, Gate, K, Outward as _};
use groundswell_post::{EventTime, Portion};
use groundswell_sketch::Step;
use groundswell_sources::jetstream::HiddenAccounts;
use groundswell_sources::{DecodeOptions, ManualClock, PartitionSpec, Payload, SourceIx, Stop, channel};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};

/// A Monday.
const START: i64 = 1_767_571_200;
const HOURS: i64 = 56;
/// Hours in which most write Portuguese, where one in five does usually.
const SHIFTED: std::ops::Range<i64> = 50..53;
/// Posts a minute.
const POSTS: i64 = 5;

/// What is written in an hour: the text and the language of its posts, by minute and number.
type Writes = fn(hour: i64, minute: i64, nth: i64) -> (&'static str, &'static str);

fn mix_that_shifts(hour: i64, minute: i64, nth: i64) -> (&'static str, &'static str) {
    let few = nth % 5 == minute % 5;
    ("meadow river", if few == SHIFTED.contains(&hour) { "en" } else { "pt" })
}

/// One in five complains, and most do in those hours.
fn tone_that_shifts(hour: i64, minute: i64, nth: i64) -> (&'static str, &'static str) {
    let few = nth % 5 == minute % 5;
    let complains = few != SHIFTED.contains(&hour);
    let text = if complains {
        "the river is horrible, I hate this awful dirty water, worst day ever"
    } else {
        "I love this river, beautiful clean water, thank you, what a lovely day"
    };
    (text, "en")
}

fn messages(hour: i64, writes: Writes) -> Vec<u8> {
    let mut text = String::new();
    for nth in 0..60 * POSTS {
        let minute = hour * 60 + nth / POSTS;
        let author = (minute * 7_919 + nth * 104_729) % 1_009;
        let (said, language) = writes(hour, minute, nth);
        writeln!(
            text,
            r#"{{"did":"did:plc:a{author}","time_us":{}000000,"kind":"commit","commit":{{"collection":"app.bsky.feed.post","rkey":"{minute}x{nth}","operation":"create","record":{{"text":"{said}","langs":["{language}"]}}}}}}"#,
            START + minute * 60 + nth % POSTS,
        )
        .unwrap();
    }
    text.into_bytes()
}

/// What was told, and the end of the last minute that has closed.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<DetectionRow>>>, Arc<AtomicI64>);

impl ReleaseSink for Kept {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        self.0.lock().unwrap().extend(closed.anomalies.iter().map(|row| (**row).clone()));
        // They can be written down.
        closed.anomalies.iter().for_each(|row| drop(row.to_json()));
        let minutes = closed.windows.iter().filter(|window| window.step == Step::Minute);
        if let Some(end) = minutes.map(|window| window.end()).max() {
            self.1.store(end, Ordering::Release);
        }
        Ok(())
    }
}

fn run(workers: usize, coverage: CoverageBoard, writes: Writes) -> Vec<DetectionRow> {
    let (feed, blocks) = channel(HOURS as usize + 1, Duration::from_hours(10_000));
    let mut sender = feed.sender(SourceIx(0));
    let stop = Stop::default();
    let spec =
        PartitionSpec { name: "bluesky".to_owned(), head_time: None, live: true, lateness: Duration::from_mins(1) };
    let mut partition = sender.partition(spec, &stop);
    let hidden = Arc::<HiddenAccounts>::default();
    let mut line = 1;
    for hour in 0..HOURS {
        let payload = Payload::Jetstream { hidden: Arc::clone(&hidden), bytes: messages(hour, writes) };
        partition.send_portion(line, payload, None, Portion::ALL).unwrap();
        line += 60 * POSTS as u64;
    }
    let river = groundswell_query::parse("river").unwrap();
    let config = EngineConfig {
        workers,
        cluster: None,
        sources: vec![SourceConfig { name: "bluesky".to_owned(), decode: DecodeOptions::default() }],
        edge: EdgeConfig { root_key: Some([7; 32]), opt_outs: None },
        watches: WatchBoard::new(
            Arc::new(Percolator::compile(&[river], &mut Analyzer::new(), &Frequencies::builtin()).unwrap()),
            Arc::from(["water".to_owned()]),
        ),
        coverage,
        volume: VolumeConfig::default(),
        narratives: None,
        amplify: None,
        explore: None,
        bursts: Some(BurstConfig::default()),
        gate: Gate::exact(K::DEFAULT),
        stage_times: None,
        checkpoint_every: None,
        resume: None,
    };
    let clock = Arc::new(ManualClock::at(EventTime::from_unix(START + HOURS * 3_600)));
    let (kept, counters) = (Kept::default(), Arc::new(Counters::new(1)));
    let engine = std::thread::spawn({
        let sink = Box::new(kept.clone());
        move || groundswell_engine::run(config, blocks, clock, sink, stop, counters).unwrap()
    });
    // The end of the input ends no hour: those that are looked at must have closed before it.
    let since = std::time::Instant::now();
    while kept.1.load(Ordering::Acquire) < START + (HOURS - 1) * 3_600 {
        assert!(since.elapsed() < Duration::from_mins(1), "nothing closes");
        std::thread::yield_now();
    }
    partition.finish();
    drop((sender, feed));
    engine.join().unwrap();
    std::mem::take(&mut *kept.0.lock().unwrap())
}

#[test]
fn a_mix_that_shifts_is_told_on_any_number_of_workers_alike() {
    let rows = run(1, CoverageBoard::default(), mix_that_shifts);
    let first = rows.first().expect("told");
    let start = START + SHIFTED.start * 3_600;
    assert!(first.id.starts_with("anomaly-m") && ["en", "pt"].contains(&first.subject.value.as_str()), "{first:?}");
    assert_eq!((first.time.0, first.detected_at.0), (start, start + 3_600), "{first:?}");
    let share = first.evidence.share.expect("a shift has a share");
    assert!((share.observed.unwrap() - share.expected).abs() > 0.4, "{share:?}");
    assert!(rows.iter().all(|row| row.id == first.id), "one event: {rows:?}");
    let ended = rows.last().and_then(|row| row.evidence.windows[1].end);
    assert_eq!(ended.map(|end| end.0), Some(START + SHIFTED.end * 3_600), "{rows:?}");
    for workers in [2, 3] {
        assert_eq!(run(workers, CoverageBoard::default(), mix_that_shifts), rows, "{workers} workers");
    }
}

#[test]
fn a_tone_that_shifts_is_told_on_any_number_of_workers_alike() {
    let rows = run(1, CoverageBoard::default(), tone_that_shifts);
    let first = rows.first().expect("told");
    let start = START + SHIFTED.start * 3_600;
    assert!(first.id.starts_with("anomaly-t") && first.subject.value == "water", "{first:?}");
    assert_eq!((first.time.0, first.detected_at.0), (start, start + 3_600), "{first:?}");
    assert!(first.evidence.tone.is_some() && first.evidence.languages.contains_key("en"), "{first:?}");
    assert!(rows.iter().all(|row| row.id == first.id), "one event: {rows:?}");
    let ended = rows.last().and_then(|row| row.evidence.windows[1].end);
    assert_eq!(ended.map(|end| end.0), Some(START + SHIFTED.end * 3_600), "{rows:?}");
    for workers in [2, 3] {
        assert_eq!(run(workers, CoverageBoard::default(), tone_that_shifts), rows, "{workers} workers");
    }
}

#[test]
fn where_hardly_half_was_heard_no_shift_is_told() {
    let board = CoverageBoard::default();
    for minute in SHIFTED.start * 60..SHIFTED.end * 60 {
        board.put(START + minute * 60, Heard { usual: 10.0, heard: 6.0 });
    }
    assert!(run(2, board, mix_that_shifts).is_empty());
}
