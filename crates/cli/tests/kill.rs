//! What survives a `kill -9`: a replay that is killed again and again releases what an undisturbed one does.
//!
//! `GROUNDSWELL_KILLS=50 cargo test -p groundswell-cli --test kill` for as many kills as one likes. Not of a released build, which
//! changes the numbers that are compared here.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop, and says what it did"
)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::cuts::{Cuts, WATCH, ended_before, rows};
use common::{Seeded, groundswell, read_text, setting, shared_data, succeed};

/// Kills a test run, unless more are asked for.
const KILLS: u64 = 6;
/// Kills of one replay before it is let to its end.
const KILLS_A_REPLAY: u64 = 3;

fn replay(input: &Path, watches: &Path, folder: &Path, workers: u64) -> Command {
    let mut command = groundswell();
    command.args(["replay", "--summary", "json", "--workers", &workers.to_string(), "--watches"]).arg(watches);
    command.arg("--data").arg(folder.join("data")).arg(input);
    command.env("GROUNDSWELL_STORE_CHECKPOINT_SECONDS", "0.15");
    command.env("GROUNDSWELL_STORE_CHECKPOINT_KEY", folder.join("key"));
    command
}

#[test]
fn a_replay_that_is_killed_releases_what_an_undisturbed_one_does() {
    let Some(input) = shared_data("troll/troll-slice.ndjson.zst") else { return };
    let folder = tempfile::tempdir().unwrap();
    let watches = folder.path().join("watches.toml");
    std::fs::write(&watches, WATCH).unwrap();
    let kills = setting("GROUNDSWELL_KILLS", KILLS);
    // The gate takes a third of the posts, so that it ends soon.
    let one_in = if kills > KILLS { 1 } else { 3 };
    let posts = folder.path().join("posts.ndjson");
    std::fs::write(&posts, read_text(&input).split_inclusive('\n').step_by(one_in).collect::<String>()).unwrap();
    let input = posts;
    let undisturbed = folder.path().join("undisturbed");
    let began = std::time::Instant::now();
    let summary = succeed(&mut replay(&input, &watches, &undisturbed, 2));
    let took = began.elapsed();
    let expected: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let whole = rows(&undisturbed.join("data"));
    assert!(whole.len() > 5_000 && expected["posts"]["accepted"].as_u64().unwrap() > 300_000 / one_in as u64);

    let mut random = Seeded(kills);
    let (mut killed, mut resumed, mut absent, mut fewer, mut at_the_end) = (0, 0, 0, 0, 0);
    let mut round = 0;
    while killed < kills {
        round += 1;
        let folder = folder.path().join(format!("round{round}"));
        let (mut cuts, mut cut) = (Cuts::default(), 0);
        let summary = loop {
            let mut command = replay(&input, &watches, &folder, 1 + random.below(2));
            let left = kills - killed;
            if left == 0 || cut >= KILLS_A_REPLAY {
                let finished = common::finish(&mut command);
                assert_eq!(finished.code, 0, "{}", finished.stderr);
                resumed += u64::from(cuts.note(&[&finished.stderr]));
                break finished.stdout;
            }
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            // Moments are spread over a whole replay, so some come after its end.
            let moment = Duration::from_millis(random.below(took.as_millis() as u64));
            ended_before(moment, std::slice::from_mut(&mut child));
            let ended = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            resumed += u64::from(cuts.note(&[&String::from_utf8_lossy(&output.stderr)]));
            if ended {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                break String::from_utf8(output.stdout).unwrap();
            }
            killed += 1;
            cut += 1;
            cuts.killed();
        };
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        if summary["posts"]["read"] == 0 {
            // The kill came when all was stored and only the end was to be said: nothing is read again, and the numbers below decide.
            at_the_end += 1;
        }
        for field in ["posts", "rejected_by", "event_time"].into_iter().filter(|_| summary["posts"]["read"] != 0) {
            assert_eq!(summary[field], expected[field], "every record is counted once, over all runs");
        }
        let disturbed = rows(&folder.join("data"));
        let (lost, held) = cuts.compare(&whole, &disturbed);
        fewer += lost;
        absent += held;
    }
    eprintln!(
        "{killed} kills in {round} replays, {resumed} resumed, {at_the_end} at the very end; {fewer} cells with fewer authors, {absent} below k"
    );
    assert!(at_the_end < round, "no replay was cut off before its end");
    assert!(resumed > 0, "no run went on from a checkpoint: nothing was tested");
}
