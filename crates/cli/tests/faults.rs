//! Faults of the machine under the whole program: disks that are full, stores that are locked, folders that may only be read,
//! pipes on which nothing comes. The table of all faults is in `docs/architecture/faults.md`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop, and says what it skips"
)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{Finished, export, finish, groundswell, handles_signals, signal};
use sqlx::Connection as _;

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_mins(2);

/// A post, a quarter of a second after the one before: enough authors that every minute passes the gate.
fn post(number: usize) -> String {
    let time = 1_767_614_400 + number / 4;
    // Words that come once make the store and the checkpoint grow.
    format!(
        r#"{{"id":"p{number}","time":{time},"author":"a{}","text":"the river rises at bridge w{}x #flood{}","lang":"en"}}"#,
        number % 97,
        number % 61,
        number % 7
    )
}

fn posts(numbers: std::ops::Range<usize>) -> String {
    numbers.fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{}", post(number));
        text
    })
}

fn replay(data: &Path, input: &Path) -> Command {
    let mut command = groundswell();
    command.args(["replay", "--summary", "json", "--workers", "2", "--data"]).arg(data).arg(input);
    command.env("GROUNDSWELL_STORE_CHECKPOINT_SECONDS", "0.05");
    command
}

/// Posts by window and value: what no fault may change.
fn counted(data: &Path) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for (by, step) in
        [("total", "minute"), ("total", "hour"), ("hashtag", "hour"), ("term", "hour"), ("language", "day")]
    {
        for row in export(data, by, step) {
            let key = format!("{by} {step} {} {}", row["start"], row["by"][by]);
            counted.insert(key, row["posts"].as_u64().unwrap_or(0));
        }
    }
    counted
}

/// A file system of its own, of so many kilobytes.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new(kilobytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self { folder });
        }
        eprintln!("SKIPPED: this user may not mount a file system");
        None
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.path()).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

fn bytes_in(folder: &Path) -> u64 {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn a_full_disk_ends_a_run_that_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("posts.ndjson");
    std::fs::write(&input, posts(0..60_000)).unwrap();
    let whole = folder.path().join("whole");
    let key = folder.path().join("key");
    let run = |data: &Path| finish(replay(data, &input).env("GROUNDSWELL_STORE_CHECKPOINT_KEY", &key));
    assert_eq!(run(&whole).code, 0);
    let needed = bytes_in(&whole) / 1_024;
    // Room for a part of it.
    for part in [3, 2] {
        let Some(disk) = Disk::new(usize::try_from(needed * part / 5).unwrap().max(200)) else { return };
        let data = disk.path().join("data");
        let finished = run(&data);
        assert_eq!(finished.code, 1, "{}", finished.stderr);
        assert!(finished.stderr.contains("the disk is full; make room and start again"), "{}", finished.stderr);
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
        disk.remount("size=256m");
        let finished = run(&data);
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        assert_eq!(counted(&data), counted(&whole), "{part} fifths: {}", finished.stderr);
    }
}

#[test]
fn a_disk_that_is_full_for_a_checkpoint_alone_costs_that_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (data, key) = (folder.path().join("data"), folder.path().join("key"));
    std::fs::create_dir(&data).unwrap();
    // What is written to this device finds no space.
    std::os::unix::fs::symlink("/dev/full", data.join("checkpoint.new")).unwrap();
    let input = folder.path().join("posts.ndjson");
    std::fs::write(&input, posts(0..60_000)).unwrap();
    let finished = finish(replay(&data, &input).env("GROUNDSWELL_STORE_CHECKPOINT_KEY", &key));
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let said = "the checkpoint was not written, the one before stays";
    assert_eq!(finished.stderr.matches(said).count(), 1, "once, and then there is room: {}", finished.stderr);
    assert!(finished.stderr.contains("No space left on device"), "{}", finished.stderr);
    let summary: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(summary["posts"]["accepted"], 60_000);
    let left: Vec<_> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("checkpoint")), "{left:?}");
}

#[test]
fn a_folder_that_may_only_be_read_is_a_clear_message() {
    let Some(disk) = Disk::new(10_000) else { return };
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("posts.ndjson");
    std::fs::write(&input, posts(0..1_000)).unwrap();
    let (empty, used) = (disk.path().join("empty"), disk.path().join("used"));
    std::fs::create_dir(&empty).unwrap();
    assert_eq!(finish(&mut replay(&used, &input)).code, 0);
    let before = counted(&used);
    disk.remount("ro");
    for data in [&empty, &used, &disk.path().join("new")] {
        let finished = finish(replay(data, &input).arg("--again"));
        assert_eq!(finished.code, 1, "{}", finished.stderr);
        let named = finished.stderr.contains(&data.display().to_string());
        assert!(named && !finished.stderr.contains("panicked"), "{}", finished.stderr);
        let why = finished.stderr.contains("not writable") || finished.stderr.contains("Read-only file system");
        assert!(why, "{}", finished.stderr);
    }
    // A disk that may be written again is as it was.
    disk.remount("rw");
    assert_eq!(counted(&used), before);
}

/// A replay of what is written into it, piece by piece.
struct Fed {
    child: Child,
    stdin: Option<ChildStdin>,
    said: mpsc::Receiver<String>,
    stderr: String,
}

impl Fed {
    fn new(data: &Path) -> Self {
        let mut command = groundswell();
        command.args(["replay", "-", "--summary", "json", "--workers", "2", "--late", "1s", "--data"]).arg(data);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sent, said) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sent.send(line)));
        Self { stdin: child.stdin.take(), child, said, stderr: String::new() }
    }

    fn feed(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Waits until it says something.
    fn until_said(&mut self, what: &str) {
        let since = Instant::now();
        while !self.stderr.contains(what) {
            match self.said.recv_timeout(PATIENCE.saturating_sub(since.elapsed())) {
                Ok(line) => self.stderr = format!("{}{line}\n", self.stderr),
                Err(error) => panic!("waited for {what:?} in vain ({error}):\n{}", self.stderr),
            }
        }
    }

    /// Waits until it has a handler for SIGTERM.
    fn until_listening(&self) {
        let since = Instant::now();
        while !handles_signals(self.child.id()).unwrap() {
            assert!(since.elapsed() < PATIENCE, "it does not listen for signals");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn terminate(&self) {
        signal("TERM", self.child.id());
    }

    /// Waits for its end, at most so long.
    fn end(&mut self, patience: Duration) -> Finished {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(since.elapsed() < patience, "it does not end:\n{}", self.stderr);
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.stderr.extend(self.said.iter().map(|line| line + "\n"));
        Finished { code: status.code().unwrap_or(-1), stdout, stderr: std::mem::take(&mut self.stderr) }
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_pipe_on_which_nothing_comes_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    for before in ["", "half a line"] {
        let data = folder.path().join("data");
        let mut fed = Fed::new(&data);
        fed.feed(before);
        fed.until_listening();
        fed.terminate();
        let finished = fed.end(Duration::from_secs(10));
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        assert!(finished.stderr.contains("stopped"), "{}", finished.stderr);
    }
}

async fn connect(data: &Path) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(data.join("groundswell.sqlite"))
        .busy_timeout(Duration::from_secs(10));
    sqlx::SqliteConnection::connect_with(&options).await.unwrap()
}

#[test]
fn a_store_that_is_locked_at_the_start_is_a_clear_message() {
    let folder = tempfile::tempdir().unwrap();
    let (data, input) = (folder.path().join("data"), folder.path().join("posts.ndjson"));
    std::fs::write(&input, posts(0..1_000)).unwrap();
    // By another groundswell, which has locked the store before it brings its schema up to date.
    let mut other = Fed::new(&data);
    other.until_said("the store's schema was brought up to date");
    let finished = finish(&mut replay(&data, &input));
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let said = format!("{}: another groundswell process is writing to this folder", data.display());
    assert!(finished.stderr.contains(&said), "{}", finished.stderr);
    other.feed(&posts(0..1_000));
    drop(other.stdin.take());
    assert_eq!(other.end(PATIENCE).code, 0, "who came first is not disturbed");
    // By something else that holds the database.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut holder = runtime.block_on(connect(&data));
    runtime.block_on(sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut holder)).unwrap();
    let finished = finish(&mut replay(&data, &input));
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    assert!(finished.stderr.contains("the store is busy: another process kept it locked"), "{}", finished.stderr);
    runtime.block_on(sqlx::raw_sql("ROLLBACK").execute(&mut holder)).unwrap();
    assert_eq!(finish(&mut replay(&data, &input)).code, 0);
}

#[test]
fn a_store_that_is_locked_for_a_while_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, whole) = (folder.path().join("data"), folder.path().join("whole"));
    let input = folder.path().join("posts.ndjson");
    std::fs::write(&input, posts(0..40_000)).unwrap();
    assert_eq!(finish(&mut replay(&whole, &input)).code, 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut fed = Fed::new(&data);
    fed.feed(&posts(0..20_000));
    let since = Instant::now();
    let mut holder = loop {
        assert!(since.elapsed() < PATIENCE, "nothing is committed");
        std::thread::sleep(Duration::from_millis(50));
        if !data.join("groundswell.sqlite").exists() {
            continue;
        }
        let mut connection = runtime.block_on(connect(&data));
        let rows = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM windows_released");
        if runtime.block_on(rows.fetch_one(&mut connection)).is_ok_and(|rows| rows > 0) {
            break connection;
        }
    };
    runtime.block_on(sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut holder)).unwrap();
    let text = posts(20_000..40_000);
    let writer = std::thread::scope(|scope| {
        // The pipe may be full while the store is locked: whoever writes waits, as it should.
        let mut stdin = fed.stdin.take().unwrap();
        scope.spawn(move || stdin.write_all(text.as_bytes()).unwrap());
        fed.until_said("the store is busy: another process kept it locked for 10 seconds; it is tried on");
        runtime.block_on(sqlx::raw_sql("ROLLBACK").execute(&mut holder))
    });
    writer.unwrap();
    let finished = fed.end(PATIENCE);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(counted(&data), counted(&whole));
}

#[test]
fn a_line_of_a_hundred_megabytes_is_counted_and_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let input: PathBuf = folder.path().join("posts.ndjson");
    let mut file = std::fs::File::create(&input).unwrap();
    writeln!(file, "{}", post(0)).unwrap();
    file.write_all(br#"{"time":1767614400,"text":""#).unwrap();
    for _ in 0..100 {
        file.write_all(&vec![b'x'; 1 << 20]).unwrap();
    }
    writeln!(file, "\"}}\n{}", post(1)).unwrap();
    drop(file);
    let finished = finish(&mut replay(&folder.path().join("data"), &input));
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let summary: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((&summary["posts"]["accepted"], &summary["rejected_by"]["record: too long"]), (&2.into(), &1.into()));
}

/// What comes twice, and out of order within the allowed lateness, is counted as if it had come once and in order.
#[test]
fn doubled_and_shuffled_deliveries_count_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (straight, mixed) = (folder.path().join("straight.ndjson"), folder.path().join("mixed.ndjson"));
    let lines: Vec<String> = (0..8_000).map(post).collect();
    std::fs::write(&straight, lines.join("\n")).unwrap();
    // Each line moves by up to 1,000 places, 250 seconds, and comes again up to as much later.
    let mut keyed: Vec<(usize, &String)> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        keyed.push((number + random % 1_000, line));
        keyed.push((number + (random >> 11) % 1_000, line));
    }
    keyed.sort_by_key(|(at, _)| *at);
    let text: Vec<&str> = keyed.iter().map(|(_, line)| line.as_str()).collect();
    std::fs::write(&mixed, text.join("\n")).unwrap();
    let expected = {
        let data = folder.path().join("straight");
        assert_eq!(finish(&mut replay(&data, &straight)).code, 0);
        counted(&data)
    };
    for workers in ["1", "2"] {
        let data = folder.path().join(format!("mixed{workers}"));
        let mut command = groundswell();
        command.args(["replay", "--summary", "json", "--workers", workers, "--data"]).arg(&data).arg(&mixed);
        let finished = finish(&mut command);
        let summary: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        let posts = &summary["posts"];
        assert_eq!(posts["accepted"], 8_000, "{posts}");
        assert_eq!((&posts["repeated"], &posts["late"]), (&8_000.into(), &0.into()), "{posts}");
        assert_eq!(counted(&data), expected, "{workers} workers");
    }
}
