//! What survives a `kill -9`: a replay that is killed again and again releases what an undisturbed one does.
//!
//! Author keys are never written, so a restart begins an epoch: windows that were open then count the larger of what was seen
//! before and after. Posts are the same to the last one.
//!
//! `GROUNDSWELL_KILLS=50 GROUNDSWELL_TEST_BINARY=$PWD/target/release/groundswell cargo test -p groundswell-cli --test kill` for as
//! many kills as one likes, of the released build.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop, and says what it did"
)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Seeded, export, groundswell, setting, shared_data, succeed};

/// Kills a test run, unless more are asked for.
const KILLS: u64 = 6;
/// Kills of one replay before it is let to its end.
const KILLS_A_REPLAY: u64 = 3;
/// Allowed lateness: minutes this far behind the newest post are open.
const LATE_SECONDS: i64 = 600;

const TABLES: [(&str, &str); 7] = [
    ("total", "minute"),
    ("total", "day"),
    ("language", "hour"),
    ("language", "day"),
    ("hashtag", "day"),
    ("term", "hour"),
    ("watch", "day"),
];

type Rows = BTreeMap<(String, i64, String), Option<(u64, u64)>>;

fn rows(data: &Path) -> Rows {
    let mut rows = Rows::new();
    for (by, step) in TABLES {
        for row in export(data, by, step) {
            let start = unix(row["start"].as_str().unwrap());
            let figures = row["posts"].as_u64().map(|posts| (posts, row["authors"].as_u64().unwrap()));
            rows.insert((format!("{by} {step}"), start, row["by"][by].to_string()), figures);
        }
    }
    rows
}

fn unix(time: &str) -> i64 {
    groundswell_sketch::Rfc3339::parse(time).unwrap().0
}

fn replay(input: &Path, watches: &Path, folder: &Path, workers: u64) -> Command {
    let mut command = groundswell();
    command.args(["replay", "--summary", "json", "--workers", &workers.to_string(), "--watches"]).arg(watches);
    command.arg("--data").arg(folder.join("data")).arg(input);
    command.env("GROUNDSWELL_STORE_CHECKPOINT_SECONDS", "0.15");
    command.env("GROUNDSWELL_STORE_CHECKPOINT_KEY", folder.join("key"));
    command
}

fn seconds_of(step: &str) -> i64 {
    match step {
        "minute" => 60,
        "hour" => 3_600,
        _ => 86_400,
    }
}

/// Whether a window was open when one of the runs was cut off.
fn was_cut(table: &str, start: i64, cuts: &[i64]) -> bool {
    let end = start + seconds_of(table.split(' ').nth(1).unwrap());
    cuts.iter().any(|closed| end > *closed && start <= *closed + 2 * LATE_SECONDS)
}

#[test]
fn a_replay_that_is_killed_releases_what_an_undisturbed_one_does() {
    let Some(input) = shared_data("troll/troll-slice.ndjson.zst") else { return };
    let folder = tempfile::tempdir().unwrap();
    let watches = folder.path().join("watches.toml");
    let watch = "[[watch]]\nname = \"votes\"\nquery = 'vote* OR election'\n\
                 purpose = { category = \"research\", sentence = \"See what survives.\" }\n";
    std::fs::write(&watches, watch).unwrap();
    let undisturbed = folder.path().join("undisturbed");
    let began = std::time::Instant::now();
    let summary = succeed(&mut replay(&input, &watches, &undisturbed, 2));
    let took = began.elapsed();
    let expected: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let whole = rows(&undisturbed.join("data"));
    assert!(whole.len() > 10_000 && expected["posts"]["accepted"].as_u64().unwrap() > 300_000);

    let kills = setting("GROUNDSWELL_KILLS", KILLS);
    let mut random = Seeded(kills);
    let (mut killed, mut resumed, mut absent, mut fewer) = (0, 0, 0, 0);
    let mut round = 0;
    while killed < kills {
        round += 1;
        let folder = folder.path().join(format!("round{round}"));
        let mut cuts: Vec<i64> = Vec::new();
        let summary = loop {
            let mut command = replay(&input, &watches, &folder, 1 + random.below(2));
            let left = kills - killed;
            if left == 0 || cuts.len() as u64 >= KILLS_A_REPLAY {
                let finished = common::finish(&mut command);
                assert_eq!(finished.code, 0, "{}", finished.stderr);
                resumed += u64::from(note_cut(&finished.stderr, &mut cuts));
                break finished.stdout;
            }
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            // Moments are spread over a whole replay, so some come after its end.
            std::thread::sleep(Duration::from_millis(random.below(took.as_millis() as u64)));
            let ended = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            resumed += u64::from(note_cut(&String::from_utf8_lossy(&output.stderr), &mut cuts));
            if ended {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                break String::from_utf8(output.stdout).unwrap();
            }
            killed += 1;
            // Where it was cut is known when the next run says so; until then, one that had no checkpoint yet.
            cuts.push(i64::MIN);
        };
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        for field in ["posts", "rejected_by", "event_time"] {
            assert_eq!(summary[field], expected[field], "every record is counted once, over all runs");
        }
        let disturbed = rows(&folder.join("data"));
        for (key, figures) in &disturbed {
            let Some(Some((posts, authors))) = whole.get(key) else {
                // What fell below k by a cut can bring `other` to k, which then takes no further cell along.
                let spared = key.0.starts_with("language") && was_cut(&key.0, key.1, &cuts);
                assert!(figures.is_none() || spared, "{key:?} was released although an undisturbed run holds it back");
                continue;
            };
            let Some((cut_posts, cut_authors)) = figures else {
                assert!(was_cut(&key.0, key.1, &cuts), "{key:?} is held back without a cut");
                continue;
            };
            if key.2 == "\"other\"" && was_cut(&key.0, key.1, &cuts) {
                // What fell below k by the cut is in it.
                continue;
            }
            assert_eq!(cut_posts, posts, "{key:?}");
            assert!(cut_authors <= authors, "{key:?}: more authors than there were");
            if cut_authors < authors {
                assert!(was_cut(&key.0, key.1, &cuts), "{key:?} lost authors without a cut");
                fewer += 1;
            }
        }
        for key in whole.keys().filter(|key| !disturbed.contains_key(*key)) {
            assert!(was_cut(&key.0, key.1, &cuts), "{key:?} is missing without a cut");
            absent += 1;
        }
    }
    eprintln!(
        "{killed} kills in {round} replays, {resumed} resumed; {fewer} cells with fewer authors, {absent} below k"
    );
    assert!(resumed > 0, "no run went on from a checkpoint: nothing was tested");
}

/// Notes up to where the run before had closed, which this one says; whether it went on from a checkpoint.
fn note_cut(stderr: &str, cuts: &mut Vec<i64>) -> bool {
    let Some((_, closed)) = stderr.split_once("closed up to ") else { return false };
    let closed = closed.lines().next().unwrap().trim();
    cuts.retain(|cut| *cut > i64::MIN);
    if closed != "nothing" {
        cuts.push(unix(closed));
    }
    true
}
