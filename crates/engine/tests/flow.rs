//! Thinning from blocks to released numbers: what is left out is counted, and the same whoever reads the block.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_detect::amplify::AmplifyConfig;
use groundswell_detect::narrative::NarrativeConfig;
use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_engine::{
    Closed, Counters, CoverageBoard, EngineConfig, ReleaseSink, SourceConfig, Totals, WatchBoard,
};
use groundswell_gate::{Gate, K};
use groundswell_post::{EventTime, Portion};
use groundswell_sources::jetstream::HiddenAccounts;
use groundswell_sources::{DecodeOptions, ManualClock, PartitionSpec, Payload, SourceIx, Stop, channel};
use groundswell_text::Analyzer;
use groundswell_watch::{Frequencies, Percolator};

const START: i64 = 1_800_000_000;
const BLOCKS: u64 = 24;
const POSTS_OF_A_BLOCK: u64 = 100;

/// The shares of the blocks: all, then less and less, then more again.
fn portion(block: u64) -> Portion {
    Portion::of_256([256, 192, 64, 16, 64, 192][(block / 4) as usize % 6])
}

/// A block of Jetstream messages: posts of many authors; one deletion for every tenth post; something that cannot be read, a
/// repeat, a post that comes too late, one whose author asked not to be shown.
fn messages(block: u64) -> Vec<u8> {
    let mut text = String::new();
    let commit = |text: &mut String, number: u64, time: i64, rest: &str| {
        writeln!(
            text,
            r#"{{"did":"did:plc:a{}","time_us":{time}000000,"kind":"commit","commit":{{"collection":"app.bsky.feed.post","rkey":"{number}",{rest}}}}}"#,
            number % 40,
        )
        .unwrap();
    };
    let create = r#""operation":"create","record":{"text":"a word or two"}"#;
    let time = START + block as i64 * 10;
    for number in block * POSTS_OF_A_BLOCK..(block + 1) * POSTS_OF_A_BLOCK {
        commit(&mut text, number, time, create);
        if number % 10 == 3 {
            commit(&mut text, number, time, r#""operation":"delete""#);
        }
    }
    let first = block * POSTS_OF_A_BLOCK;
    commit(&mut text, first, time, create);
    commit(&mut text, 1_000_000 + block, time, r#""operation":"create","record":{"text":5}"#);
    if block > 0 {
        commit(&mut text, 2_000_000 + block, START - 3_600, create);
    }
    let labels = r#""labels":{"values":[{"val":"!no-unauthenticated"}]}"#;
    let hidden = format!(r#""operation":"create","record":{{"text":"t",{labels}}}"#);
    commit(&mut text, 3_000_000 + block, time, &hidden);
    text.into_bytes()
}

struct Kept(Arc<Mutex<Vec<String>>>);

impl ReleaseSink for Kept {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let rows = closed.rows.iter().map(|row| {
            let figures = row.figures.map(|figures| (figures.posts, figures.authors));
            format!("{:?} {} {} {figures:?}", row.window, row.dimension.as_str(), row.value)
        });
        self.0.lock().unwrap().extend(rows);
        Ok(())
    }
}

/// Runs the blocks through the engine.
fn run(workers: usize, portion: impl Fn(u64) -> Portion) -> (Totals, Vec<String>, u64) {
    run_blocks(workers, (0..BLOCKS).map(|block| (messages(block), portion(block))).collect())
}

fn run_blocks(workers: usize, of: Vec<(Vec<u8>, Portion)>) -> (Totals, Vec<String>, u64) {
    let (feed, blocks) = channel(BLOCKS as usize, Duration::from_secs(30));
    let mut sender = feed.sender(SourceIx(0));
    let spec =
        PartitionSpec { name: "bluesky".to_owned(), head_time: None, live: true, lateness: Duration::from_secs(30) };
    let stop = Stop::default();
    let mut partition = sender.partition(spec, &stop).cannot_wait();
    let hidden = Arc::<HiddenAccounts>::default();
    let mut line = 1;
    for (bytes, portion) in of {
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
        let payload = Payload::Jetstream { hidden: Arc::clone(&hidden), bytes };
        partition.send_portion(line, payload, None, portion).unwrap();
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
        coverage: CoverageBoard::default(),
        volume: VolumeConfig::default(),
        narratives: Some(NarrativeConfig::default()),
        bursts: None,
        amplify: Some(AmplifyConfig::default()),
        explore: None,
        gate: Gate::exact(K::DEFAULT),
        stage_times: None,
        checkpoint_every: None,
        resume: None,
    };
    let clock = Arc::new(ManualClock::at(EventTime::from_unix(START + 3_600)));
    let counters = Arc::new(Counters::new(1));
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sink = Box::new(Kept(Arc::clone(&kept)));
    let totals = groundswell_engine::run(config, blocks, clock, sink, stop, Arc::clone(&counters)).unwrap();
    let mut rows = std::mem::take(&mut *kept.lock().unwrap());
    rows.sort();
    (totals, rows, counters.source(0).unwrap().thinned())
}

#[test]
fn what_is_left_out_is_counted_and_the_same_on_any_number_of_workers() {
    let (totals, rows, of_source) = run(1, portion);
    let records = totals.records;
    let (posts, blocks) = (BLOCKS * POSTS_OF_A_BLOCK, BLOCKS);
    // A post is counted once, whatever becomes of it, and deletions are never left out.
    assert_eq!(records.accepted + records.thinned, posts);
    assert_eq!((records.rejected, records.repeated, records.late), (blocks, blocks, blocks - 1));
    assert_eq!((records.opted_out, records.deleted), (blocks, posts / 10));
    assert_eq!(records.read(), posts + posts / 10 + 4 * blocks - 1);
    assert_eq!(of_source, records.thinned);
    // Evenly: 784 of 1,536 in 256ths, within five standard deviations.
    let expected: f64 = (0..BLOCKS).map(|block| f64::from(portion(block).parts()) / 256.0 * 100.0).sum();
    assert!((records.accepted as f64 - expected).abs() < 5.0 * f64::sqrt(posts as f64 / 4.0), "{}", records.accepted);
    // Every deletion of a post that was kept finds it.
    let (all, _, none) = run(1, |_| Portion::ALL);
    assert_eq!((all.records.accepted, all.records.thinned, none), (posts, 0, 0));
    assert_eq!(all.forgotten, posts / 10);
    assert!(totals.forgotten < all.forgotten && totals.forgotten > 0);
    for workers in [2, 3] {
        let (again, same, _) = run(workers, portion);
        assert_eq!((again.records, again.forgotten), (records, totals.forgotten), "{workers} workers");
        assert_eq!(same, rows, "{workers} workers");
    }
}

#[test]
fn a_post_from_the_future_makes_no_other_late() {
    let text = |number: u64, time: i64| {
        format!(
            r#"{{"did":"did:plc:a","time_us":{time}000000,"kind":"commit","commit":{{"collection":"app.bsky.feed.post","operation":"create","rkey":"{number}","record":{{"text":"t"}}}}}}"#
        ) + "\n"
    };
    // The wall clock stands at an hour after the start.
    let now = START + 3_600;
    let block = |first: u64, time: i64| {
        let ahead = text(first, time + 86_400).into_bytes();
        let bytes =
            (first + 1..first + 50).fold(ahead, |bytes, number| [bytes, text(number, time).into_bytes()].concat());
        (bytes, Portion::ALL)
    };
    let (totals, ..) = run_blocks(2, vec![block(0, now - 20), block(50, now - 10), block(100, now)]);
    assert_eq!((totals.records.accepted, totals.records.late), (150, 0));
    // More than a day ahead is refused.
    let (totals, ..) = run_blocks(1, vec![block(0, now + 1), block(50, now)]);
    assert_eq!((totals.records.rejected, totals.records.late, totals.records.accepted), (1, 0, 99));
    assert_eq!(totals.rejected_by.keys().collect::<Vec<_>>(), ["time: in the future"]);
}

#[test]
fn a_worker_that_is_ahead_takes_no_author_key_from_the_others() {
    // Blocks of many days each: what one worker has closed is days after what another has just decoded.
    let day = 86_400;
    let block = |number: i64| {
        let bytes = (0..200).fold(Vec::new(), |mut bytes: Vec<u8>, post| {
            let time = START + 3_600 - (16 - number) * 10 * day + post * day / 20;
            bytes.extend(
                format!(
                    r#"{{"did":"did:plc:a{post}","time_us":{time}000000,"kind":"commit","commit":{{"collection":"app.bsky.feed.post","operation":"create","rkey":"{number}-{post}","record":{{"text":"t"}}}}}}"#
                )
                .into_bytes(),
            );
            bytes.push(b'\n');
            bytes
        });
        (bytes, Portion::ALL)
    };
    for _ in 0..5 {
        let (totals, ..) = run_blocks(4, (0..16).map(block).collect());
        assert_eq!((totals.records.accepted, totals.records.late), (3_200, 0));
        assert!(totals.limits().iter().all(|(limit, count)| !limit.contains("without_key") || *count == 0));
    }
}
