//! Bad input, from outside: each a clear message or a counted rejection, none a panic, none that stops the rest.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use common::{Finished, export, finish, groundswell};

/// A good record, one second after the one before.
fn good(number: usize) -> String {
    format!(
        r#"{{"id":"p{number}","time":"2026-01-05T10:{:02}:{:02}Z","author":"a{}","text":"the river rises"}}"#,
        number / 60 % 60,
        number % 60,
        number % 20
    )
}

struct Case {
    dir: tempfile::TempDir,
    files: Vec<PathBuf>,
}

impl Case {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), files: Vec::new() }
    }

    fn file(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        self.files.push(path);
        self
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn replay(&self, arguments: &[&str]) -> Finished {
        let finished = finish(
            groundswell()
                .arg("replay")
                .args(&self.files)
                .args(["--workers", "2", "--summary", "json", "--data"])
                .arg(self.data())
                .args(arguments),
        );
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
        finished
    }
}

fn summary(finished: &Finished) -> serde_json::Value {
    serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.stdout, finished.stderr))
}

#[test]
fn bad_lines_are_counted_by_field_and_kind_and_lose_nothing_else() {
    let long = format!(r#"{{"time":"2026-01-05T10:00:00Z","text":"{}"}}"#, "x".repeat(10_000_000));
    let bad: Vec<(Vec<u8>, &str)> = vec![
        (b"{\"time\":".to_vec(), "record: not JSON"),
        (b"[1,2]".to_vec(), "record: not an object"),
        (br#"{"text":"no time"}"#.to_vec(), "time: missing"),
        (br#"{"time":"2026-01-05T10:00:00Z"}"#.to_vec(), "text: missing"),
        (br#"{"time":true,"text":"x"}"#.to_vec(), "time: wrong type"),
        (br#"{"time":"2026-01-05T10:00:00Z","text":7}"#.to_vec(), "text: wrong type"),
        (br#"{"time":"yesterday","text":"x"}"#.to_vec(), "time: invalid"),
        (br#"{"time":"1970-01-01T00:00:00Z","text":"x"}"#.to_vec(), "time: too old"),
        (br#"{"time":"2100-01-01T00:00:00Z","text":"x"}"#.to_vec(), "time: in the future"),
        (b"{\"time\":\"2026-01-05T10:00:00Z\",\"text\":\"\xff\xfe\"}".to_vec(), "record: not UTF-8"),
        (b"\0\0\0\0".to_vec(), "record: not JSON"),
        (long.into_bytes(), "record: too long"),
        (br#"{"delete":true}"#.to_vec(), "delete: missing"),
        (br#"{"time":"2026-01-05T10:00:00Z","text":"x","relation":"sings"}"#.to_vec(), "relation: invalid"),
    ];
    let mut bytes = Vec::new();
    let mut expected = std::collections::BTreeMap::new();
    for (number, (line, key)) in bad.iter().enumerate() {
        bytes.extend_from_slice(good(number).as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
        *expected.entry((*key).to_owned()).or_insert(0_u64) += 1;
    }
    let case = Case::new().file("posts.ndjson", &bytes);
    let finished = case.replay(&[]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let summary = summary(&finished);
    assert_eq!(summary["posts"]["accepted"], bad.len(), "{summary}");
    assert_eq!(summary["posts"]["rejected"], bad.len(), "{summary}");
    let counted: std::collections::BTreeMap<String, u64> =
        serde_json::from_value(summary["rejected_by"].clone()).unwrap();
    assert_eq!(counted, expected);
    assert_eq!(case.replay(&["--strict", "--again"]).code, 3);
}

#[test]
fn verbose_names_the_line_and_never_the_value() {
    let text = format!("{}\n{{\"time\":\"my secret diary\",\"text\":\"x\"}}\n", good(0));
    let finished = Case::new().file("posts.ndjson", text).replay(&["-v"]);
    assert!(finished.stderr.contains("posts.ndjson:2: time: invalid"), "{}", finished.stderr);
    assert!(!finished.stderr.contains("diary"), "{}", finished.stderr);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn many(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{}", good(number));
        text
    })
}

#[test]
fn a_file_cut_in_the_middle_names_the_byte_and_what_came_before_counts() {
    // Text that does not compress away, so that the cut falls behind many records.
    let text = (0..20_000_u64).fold(String::new(), |mut text, n| {
        let noise = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let _ = writeln!(
            text,
            r#"{{"time":"2026-01-05T10:{:02}:{:02}Z","author":"a{n}","text":"{noise:x}"}}"#,
            n / 400 % 60,
            n / 7 % 60
        );
        text
    });
    for (name, mut bytes) in
        [("cut.gz", gzip(text.as_bytes())), ("cut.zst", zstd::encode_all(text.as_bytes(), 1).unwrap())]
    {
        bytes.truncate(bytes.len() * 3 / 4);
        let case = Case::new().file(name, &bytes).file("whole.ndjson", many(30));
        let finished = case.replay(&["--late", "1h"]);
        assert_eq!(finished.code, 1, "{}", finished.stderr);
        assert!(finished.stderr.contains(name) && finished.stderr.contains("byte"), "{}", finished.stderr);
        let read = summary(&finished)["posts"]["accepted"].as_u64().unwrap();
        assert!((5_030..20_030).contains(&read), "{name}: {read} records read");
    }
}

#[test]
fn odd_files_are_reported_and_passed_by() {
    let dir = tempfile::tempdir().unwrap();
    let case = Case::new()
        .file("empty.ndjson", "")
        .file("good.ndjson", many(30))
        .file("noise.bin", [0x89, b'P', b'N', b'G', 1, 2, 3]);
    let missing = dir.path().join("missing.ndjson");
    let finished = finish(
        groundswell()
            .arg("replay")
            .args(&case.files)
            .arg(dir.path())
            .arg(&missing)
            .args(["--summary", "json", "--data"])
            .arg(case.data()),
    );
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    assert_eq!(summary(&finished)["posts"]["accepted"], 30);
    for name in ["missing.ndjson", "noise.bin", &dir.path().display().to_string()] {
        assert!(finished.stderr.contains(name), "{name} is not named:\n{}", finished.stderr);
    }
    assert!(!finished.stderr.contains("empty.ndjson"), "an empty file is no error:\n{}", finished.stderr);
    assert!(!finished.stderr.contains("panicked"));
}

#[test]
fn a_ragged_csv_row_is_one_rejection() {
    let csv = "time,author,text\n\
               2026-01-05T10:00:00Z,a,\"one, with\na line break\"\n\
               2026-01-05T10:00:01Z,b\n\
               2026-01-05T10:00:02Z,c,three\n";
    let finished = Case::new().file("posts.csv", csv).replay(&["-v"]);
    let summary = summary(&finished);
    assert_eq!((&summary["posts"]["accepted"], &summary["posts"]["rejected"]), (&2.into(), &1.into()), "{summary}");
    assert_eq!(summary["rejected_by"]["record: ragged row"], 1);
    assert!(finished.stderr.contains("posts.csv:4: record: ragged row"), "{}", finished.stderr);
}

#[test]
fn a_read_only_data_folder_is_a_clear_message() {
    let dir = tempfile::tempdir().unwrap();
    // Root may write anywhere; a file where the folder should be stops it just the same.
    let blocked = dir.path().join("data");
    std::fs::write(&blocked, "").unwrap();
    let case = Case::new().file("posts.ndjson", many(3));
    let finished = finish(groundswell().arg("replay").args(&case.files).arg("--data").arg(&blocked));
    assert_eq!(finished.code, 1);
    assert!(finished.stderr.contains(&blocked.display().to_string()), "{}", finished.stderr);
    assert!(!finished.stderr.contains("panicked"));
}

#[test]
fn a_port_in_use_is_a_clear_message() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let finished = finish(groundswell().args(["run", "--listen", &address, "--data"]).arg(dir.path()));
    assert_eq!(finished.code, 1);
    assert!(finished.stderr.contains(&address), "{}", finished.stderr);
}

#[test]
fn listening_beyond_loopback_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let finished = finish(groundswell().args(["run", "--listen", "0.0.0.0:0", "--data"]).arg(dir.path()));
    assert_ne!(finished.code, 0);
    assert!(finished.stderr.contains("authentication"), "{}", finished.stderr);
}

#[test]
fn wrong_usage_is_exit_2_and_a_wrong_query_shows_the_place() {
    assert_eq!(finish(groundswell().args(["replay"])).code, 2);
    assert_eq!(finish(groundswell().args(["nonsense"])).code, 2);
    let finished = finish(groundswell().args(["watch", "check", "flood AND author:jane"]));
    assert_eq!(finished.code, 2);
    assert!(finished.stderr.contains('^') && finished.stderr.contains("author:"), "{}", finished.stderr);
}

#[test]
fn repeated_late_deleted_and_opted_out_records_are_counted_once_each() {
    let mut text = many(120);
    text.push_str(&good(119));
    text.push('\n');
    text.push_str("{\"time\":\"2026-01-05T09:00:00Z\",\"text\":\"too late\",\"author\":\"z\"}\n");
    text.push_str("{\"delete\":true,\"id\":\"p119\",\"time\":\"2026-01-05T10:02:00Z\"}\n");
    let case = Case::new().file("posts.ndjson", text);
    let summary = summary(&case.replay(&[]));
    assert_eq!(
        summary["posts"],
        serde_json::json!({"read":123,"accepted":120,"rejected":0,"late":1,"opted_out":0,"deleted":1,"repeated":1}),
    );
    // The minute of p119 holds p60 to p119; the deletion reached one of them while it was buffered.
    let minutes = export(&case.data(), "total", "minute");
    assert_eq!(minutes.iter().map(|row| row["posts"].as_u64().unwrap()).collect::<Vec<_>>(), [60, 59]);
}

#[test]
fn a_second_replay_reads_nothing_again_and_changes_nothing() {
    let case = Case::new().file("posts.ndjson", many(240));
    case.replay(&[]);
    let before = export(&case.data(), "term", "minute");
    assert!(!before.is_empty());
    assert_eq!(summary(&case.replay(&[]))["posts"]["read"], 0);
    assert_eq!(summary(&case.replay(&["--again"]))["posts"]["read"], 240);
    assert_eq!(export(&case.data(), "term", "minute"), before);
}

fn stdin_replay(bytes: &[u8], data: &Path, arguments: &[&str]) -> Finished {
    let mut child = groundswell()
        .args(["replay", "-", "--summary", "json", "--data"])
        .arg(data)
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    Finished {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn stdin_takes_what_files_take() {
    let dir = tempfile::tempdir().unwrap();
    let renamed = many(20).replace("\"time\":", "\"created_at\":").replace("\"author\":", "\"user\":{\"id\":");
    let renamed: String = renamed.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", line.replacen(",\"text\"", "},\"text\"", 1));
        text
    });
    for (number, bytes) in [renamed.clone().into_bytes(), gzip(renamed.as_bytes())].into_iter().enumerate() {
        let data = dir.path().join(number.to_string());
        let finished = stdin_replay(&bytes, &data, &["--map", "time=created_at,author=user.id"]);
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        assert_eq!(summary(&finished)["posts"]["accepted"], 20);
        assert_eq!(export(&data, "total", "hour")[0]["authors"], 20);
    }
    let finished = stdin_replay(b"", &dir.path().join("wrong"), &["--map", "tme=created_at"]);
    assert_eq!(finished.code, 2, "{}", finished.stderr);
}
