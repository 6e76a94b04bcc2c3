//! What survives a `kill -9` in a cluster: two processes that replay together, one or both of them killed again and again,
//! release what an undisturbed process does, and whoever is left alone says so and ends.
//!
//! `GROUNDSWELL_KILLS=50 cargo test -p groundswell-cli --test kill_cluster`
//! for as many kills as one likes; not of a released build, which changes the numbers that are compared here.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop, and says what it did"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::cuts::{Cuts, Rows, WATCH, ended_before, rows};
use common::{Seeded, groundswell, read_text, setting, shared_data, signal, succeed};

/// Kills a test run, unless more are asked for.
const KILLS: u64 = 4;
/// Kills of one replay before it is let to its end.
const KILLS_A_REPLAY: u64 = 4;
/// How soon a process ends that another one has left alone.
const ALONE: Duration = Duration::from_secs(15);
/// How long anything may take that must happen.
const PATIENCE: Duration = Duration::from_mins(3);

struct Case {
    folder: tempfile::TempDir,
    files: Vec<PathBuf>,
    watches: PathBuf,
    /// What one undisturbed process says and releases.
    summary: serde_json::Value,
    whole: Rows,
    took: Duration,
}

impl Case {
    /// One in so many real posts in three files that interleave in time: process 0 reads two of them, process 1 one.
    fn new(one_in: usize) -> Option<Self> {
        let input = shared_data("troll/troll-slice.ndjson.zst")?;
        let folder = tempfile::tempdir().unwrap();
        let text = read_text(&input);
        let files: Vec<PathBuf> = (0..3).map(|number| folder.path().join(format!("{number}.ndjson"))).collect();
        for (number, path) in files.iter().enumerate() {
            let part: String = text.split_inclusive('\n').step_by(one_in).skip(number).step_by(3).collect();
            std::fs::write(path, part).unwrap();
        }
        let watches = folder.path().join("watches.toml");
        std::fs::write(&watches, WATCH).unwrap();
        let mut case =
            Self { folder, files, watches, summary: serde_json::Value::Null, whole: Rows::new(), took: PATIENCE };
        let undisturbed = case.folder.path().join("undisturbed");
        let began = Instant::now();
        let summary = succeed(&mut case.replay(&undisturbed, 2));
        case.took = began.elapsed();
        case.summary = serde_json::from_str(&summary).unwrap();
        case.whole = rows(&undisturbed.join("data"));
        assert!(
            case.whole.len() > 5_000 && case.summary["posts"]["accepted"].as_u64().unwrap() > 300_000 / one_in as u64
        );
        Some(case)
    }

    fn replay(&self, folder: &Path, workers: u64) -> Command {
        let mut command = groundswell();
        command.args(["replay", "--summary", "json", "--workers", &workers.to_string(), "--watches"]);
        command.arg(&self.watches).arg("--data").arg(folder.join("data")).args(&self.files);
        command.env("GROUNDSWELL_STORE_CHECKPOINT_SECONDS", "0.15");
        command.env("GROUNDSWELL_STORE_CHECKPOINT_KEY", folder.join("key"));
        command
    }

    fn start(&self, folder: &Path, workers: u64) -> [Child; 2] {
        std::fs::create_dir_all(folder).unwrap();
        let hosts = folder.join("hosts");
        common::hosts(&hosts, 2);
        [0, 1].map(|process| {
            let mut command = self.replay(&folder.join(format!("process{process}")), workers);
            command.args(["--process", &process.to_string(), "--cluster"]).arg(&hosts);
            let log = std::fs::File::create(folder.join(format!("log{process}"))).unwrap();
            command.stdout(Stdio::piped()).stderr(log).spawn().unwrap()
        })
    }

    fn assert_counted_once(&self, stdout: &[u8]) {
        let summary: serde_json::Value = serde_json::from_slice(stdout).unwrap();
        for field in ["posts", "rejected_by", "event_time"] {
            assert_eq!(summary[field], self.summary[field], "every record is counted once, over all runs");
        }
    }
}

/// What the processes have said so far.
fn said(folder: &Path) -> [String; 2] {
    [0, 1].map(|process| std::fs::read_to_string(folder.join(format!("log{process}"))).unwrap())
}

fn wait_until(what: &str, folder: &Path, check: impl Fn() -> bool) {
    let began = Instant::now();
    while !check() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}\n{}", said(folder).concat());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until both have ended, which they must in this time.
fn end(children: [Child; 2], within: Duration, folder: &Path) -> [Output; 2] {
    let began = Instant::now();
    children.map(|mut child| {
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > within {
                child.kill().unwrap();
                panic!("not ended after {within:?}:\n{}", said(folder).join("---\n"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        child.wait_with_output().unwrap()
    })
}

#[test]
fn a_cluster_that_is_killed_releases_what_an_undisturbed_process_does() {
    let kills = setting("GROUNDSWELL_KILLS", KILLS);
    // All of them where many kills are asked for.
    let Some(case) = Case::new(if kills > KILLS { 1 } else { 3 }) else { return };
    let mut random = Seeded(kills);
    let (mut killed, mut resumed, mut alone, mut absent, mut fewer) = (0, 0, 0, 0, 0);
    let (mut round, mut took) = (0, case.took);
    while killed < kills {
        round += 1;
        let folder = case.folder.path().join(format!("round{round}"));
        let (mut cuts, mut cut, mut read_before) = (Cuts::default(), 0, false);
        loop {
            let mut children = case.start(&folder, 1 + random.below(2));
            let is_last = killed >= kills || cut >= KILLS_A_REPLAY;
            let mut victims = [false; 2];
            if !is_last && random.below(4) == 0 {
                // In the middle of finding each other. One that is alone then waits for the other to come again.
                std::thread::sleep(Duration::from_millis(random.below(300)));
                victims = [true; 2];
            } else if !is_last {
                wait_until("both are there", &folder, || said(&folder).iter().all(|said| said.contains("are here")));
                // Moments are spread over a whole replay, so some come after its end.
                let moment = Duration::from_millis(random.below(took.as_millis() as u64));
                let ended = ended_before(moment, &mut children);
                // The machine has less to do than when the first was measured. What was gone on with is no whole replay.
                if let Some(whole) = ended.filter(|_| cut == 0) {
                    took = took.min(whole.max(Duration::from_millis(1)));
                }
                victims = [[true, false], [false, true], [true, true]][random.below(3) as usize];
            }
            for (child, _) in children.iter_mut().zip(victims).filter(|(_, victim)| *victim) {
                child.kill().unwrap();
            }
            let outputs = end(children, if is_last { PATIENCE } else { ALONE }, &folder);
            let [first, second] = said(&folder);
            let went_on = cuts.note(&[&first, &second]);
            resumed += u64::from(went_on);
            // One that was killed as soon as it began said nothing; otherwise both go on or none does.
            let one_did = (first.clone() + &second).contains("closed up to ");
            assert!(went_on == one_did || victims != [false; 2], "{first}{second}");
            read_before |= first.contains("was read to the end before");
            for ((output, said), _) in outputs.iter().zip([&first, &second]).zip(victims).filter(|(_, victim)| !victim)
            {
                if output.status.success() {
                    continue;
                }
                assert_eq!(output.status.code(), Some(1), "{said}");
                assert!(said.contains("is gone; start the whole cluster again"), "{said}");
                alone += 1;
            }
            if outputs[0].status.success() {
                // Killed between the ends of both, process 1 would read its files again, alone, which changes nothing.
                if !read_before {
                    case.assert_counted_once(&outputs[0].stdout);
                }
                break;
            }
            assert!(!is_last, "{first}{second}");
            killed += 1;
            cut += 1;
            cuts.killed();
        }
        let (lost, held) = cuts.compare(&case.whole, &rows(&folder.join("process0").join("data")));
        fewer += lost;
        absent += held;
    }
    eprintln!(
        "{killed} kills in {round} replays, {resumed} resumed, {alone} left alone; {fewer} cells with fewer authors, \
         {absent} below k"
    );
    assert!(resumed > 0, "no run went on from a checkpoint: nothing was tested");
}

#[test]
fn one_process_that_is_stopped_takes_the_others_along_and_all_go_on_from_there() {
    let Some(case) = Case::new(3) else { return };
    let folder = case.folder.path().join("stopped");
    let [first, second] = case.start(&folder, 1);
    let settled = |process: u32| {
        let data = folder.join(format!("process{process}")).join("data");
        std::fs::read_dir(data).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("checkpoint-"))
        })
    };
    wait_until("a checkpoint", &folder, || settled(0) && settled(1));
    signal("TERM", second.id());
    let outputs = end([first, second], ALONE, &folder);
    for (output, said) in outputs.iter().zip(said(&folder)) {
        assert!(output.status.success(), "{said}");
        assert!(said.contains("windows still open are kept"), "{said}");
    }
    // Another number of workers: the shards have other owners, some in the other process.
    let outputs = end(case.start(&folder, 2), PATIENCE, &folder);
    let [first, second] = said(&folder);
    assert!(outputs.iter().all(|output| output.status.success()), "{first}{second}");
    assert!([&first, &second].iter().all(|said| said.contains("closed up to ")), "{first}{second}");
    case.assert_counted_once(&outputs[0].stdout);
    // Blocks that were already read were counted before the end, however far the watermark was behind them.
    Cuts::anywhere().compare(&case.whole, &rows(&folder.join("process0").join("data")));
}
