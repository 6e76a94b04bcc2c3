//! Bursts from posts to released rows: found, over once, and the same on any number of workers.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_detect::burst::BurstConfig;
use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{Closed, Counters, EngineConfig, ReleaseSink, SourceConfig, Totals, WatchBoard};
use groundswell_gate::{BurstRow, Gate, K, Outward as _};
use groundswell_post::{EventTime, Portion};
use groundswell_sources::jetstream::HiddenAccounts;
use groundswell_sources::{DecodeOptions, ManualClock, PartitionSpec, Payload, SourceIx, Stop, channel};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};

/// A Monday.
const START: i64 = 1_767_571_200;
const HOURS: i64 = 13;
/// The minutes in which everybody writes of a flood.
const FLOOD: std::ops::Range<i64> = 660..690;
/// And those in which one account does.
const ALONE: std::ops::Range<i64> = 720..740;

fn messages(hour: i64) -> Vec<u8> {
    let mut text = String::new();
    for minute in hour * 60..hour * 60 + 60 {
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

struct Kept(Arc<Mutex<Vec<BurstRow>>>);

impl ReleaseSink for Kept {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        self.0.lock().unwrap().extend(closed.bursts.iter().map(|row| (**row).clone()));
        // They can be written down.
        closed.bursts.iter().for_each(|row| drop(row.to_json()));
        Ok(())
    }
}

fn run(workers: usize) -> (Totals, Vec<BurstRow>) {
    let (feed, blocks) = channel(HOURS as usize, Duration::from_secs(30));
    let mut sender = feed.sender(SourceIx(0));
    let stop = Stop::default();
    let spec =
        PartitionSpec { name: "bluesky".to_owned(), head_time: None, live: true, lateness: Duration::from_mins(1) };
    let mut partition = sender.partition(spec, &stop);
    let hidden = Arc::<HiddenAccounts>::default();
    let mut line = 1;
    for hour in 0..HOURS {
        let bytes = messages(hour);
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
        let payload = Payload::Jetstream { hidden: Arc::clone(&hidden), bytes };
        partition.send_portion(line, payload, None, Portion::ALL).unwrap();
        line += lines;
    }
    partition.finish();
    drop((sender, feed));
    let config = EngineConfig {
        workers,
        cluster: None,
        sources: vec![SourceConfig { name: "bluesky".to_owned(), decode: DecodeOptions::default() }],
        edge: EdgeConfig { root_key: Some([7; 32]), opt_outs: None },
        watches: WatchBoard::new(
            Arc::new(Percolator::compile([], &mut Analyzer::new(), &Frequencies::builtin()).unwrap()),
            Arc::from([]),
        ),
        volume: VolumeConfig::default(),
        narratives: None,
        amplify: None,
        bursts: Some(BurstConfig::default()),
        gate: Gate::exact(K::DEFAULT),
        stage_times: None,
        checkpoint_every: None,
        resume: None,
    };
    let clock = Arc::new(ManualClock::at(EventTime::from_unix(START + HOURS * 3_600)));
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sink = Box::new(Kept(Arc::clone(&kept)));
    let totals = groundswell_engine::run(config, blocks, clock, sink, stop, Arc::new(Counters::new(1))).unwrap();
    let rows = std::mem::take(&mut *kept.lock().unwrap());
    (totals, rows)
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
