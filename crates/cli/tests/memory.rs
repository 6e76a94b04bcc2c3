//! A running service's memory after a deletion: what a debugger, or whoever reads the swap, would find of a post that was deleted.
//!
//! The operators hold nothing of it (`crates/engine/tests/deletions.rs`). Memory that was given back is not wiped, so bytes of it may
//! lie in free memory until something else is written over them: this test says how many such places there are, and holds that the
//! checkpoint and the data folder have none.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop, and says what it found"
)]

mod common;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::groundswell;
use groundswell_store::CheckpointFolder;

const PATIENCE: Duration = Duration::from_mins(1);
const TOKEN: &str = "0123456789abcdef0123";
/// An hour that has not passed when the test runs: the posts' own time, two hours back.
const LATE_SECONDS: &str = "30";

struct Service {
    child: Child,
    address: String,
    batch: u64,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    /// Sends a batch and waits until a checkpoint holds it.
    fn push(&mut self, body: &str) {
        self.batch += 1;
        let since = Instant::now();
        loop {
            assert!(since.elapsed() < PATIENCE, "the service does not take a batch");
            let answer = self.try_push(body).unwrap_or_default();
            if answer.contains("\"durable\":true") {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn try_push(&self, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        write!(
            stream,
            "POST /api/v1/ingest?wait=durable HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\
             Idempotency-Key: test/{}\r\nContent-Length: {}\r\n\r\n{body}",
            self.batch,
            body.len()
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// How often each needle stands in the memory that the process may write.
    fn search(&self, needles: &[&str]) -> Vec<usize> {
        let pid = self.child.id();
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        let mut memory = File::open(format!("/proc/{pid}/mem")).unwrap();
        let mut found = vec![0; needles.len()];
        for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw"))) {
            let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let (start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
            // Stretches that were never touched are read as zeros; a mapping that cannot be read is the kernel's.
            let mut bytes = vec![0; usize::try_from(end - start).unwrap().min(1 << 30)];
            if memory.seek(SeekFrom::Start(start)).is_err() || memory.read_exact(&mut bytes).is_err() {
                continue;
            }
            for (needle, found) in needles.iter().zip(&mut found) {
                *found += memchr::memmem::find_iter(&bytes, needle.as_bytes()).count();
            }
        }
        found
    }
}

/// Others' posts, one a second.
fn bystanders(from: u64, count: u64) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let time = from + number;
        let _ = writeln!(
            text,
            r#"{{"id":"b{time}","author":"b{}","time":{time},"text":"the river rises, says w{}x, and bridges close","lang":"en"}}"#,
            number % 50,
            number % 977
        );
        text
    })
}

fn in_folder(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        path.is_file() && memchr::memmem::find(&std::fs::read(path).unwrap(), needle).is_some()
    })
}

/// The content of the checkpoint, decrypted.
fn checkpoint(data: &Path, key: &Path) -> Vec<u8> {
    let folder = CheckpointFolder::open(data, key).unwrap();
    let since = Instant::now();
    // One is replaced by the next while it is looked for.
    loop {
        assert!(since.elapsed() < PATIENCE, "no checkpoint");
        let numbers = std::fs::read_dir(data)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_prefix("checkpoint-")?.parse::<u64>().ok());
        if let Some(content) = numbers.max().and_then(|number| folder.read(number).ok().flatten()) {
            return content;
        }
    }
}

#[test]
fn what_lies_in_memory_after_a_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let (data, key) = (folder.path().join("data"), folder.path().join("keys").join("key"));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut command = groundswell();
    command.args(["run", "--listen", &address, "--workers", "2", "--data"]).arg(&data);
    for (name, value) in [
        ("BLUESKY_ENABLED", "false"),
        ("FEEDS_ENABLED", "false"),
        ("SIMULATOR_FALLBACK", "false"),
        ("PUSH_TOKEN", TOKEN),
        ("PUSH_LATE_SECONDS", LATE_SECONDS),
        ("STORE_CHECKPOINT_SECONDS", "0.2"),
    ] {
        command.env(format!("GROUNDSWELL_{name}"), value);
    }
    command.env("GROUNDSWELL_STORE_CHECKPOINT_KEY", &key);
    let log = folder.path().join("log");
    let child = command.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
    let mut service = Service { child, address, batch: 0 };

    let (word, author, id) = ("quaggazebrafinchwombat", "author-of-the-deleted-post", "id-of-the-deleted-post");
    let needles = [word, author, id];
    let start = common::now().as_secs() - 7_200;
    let planted = format!(
        r#"{{"id":"{id}","author":"{author}","time":{},"text":"the river rises {word}","lang":"en"}}"#,
        start + 10
    );
    service.push(&format!("{}{planted}\n{}", bystanders(start, 10), bystanders(start + 11, 9)));
    let before = service.search(&needles);
    assert!(before[0] > 0, "the search finds what is there: {before:?}");
    assert!(memchr::memmem::find(&checkpoint(&data, &key), word.as_bytes()).is_some(), "the open minute is saved");

    service.push(&format!("{{\"delete\":true,\"id\":\"{id}\",\"time\":{}}}\n", start + 20));
    // 60 s of event time, and the close of the minute before last.
    service.push(&bystanders(start + 21, 61 + 30));
    let after = service.search(&needles);
    assert!(memchr::memmem::find(&checkpoint(&data, &key), word.as_bytes()).is_none(), "it is still in the checkpoint");
    // Some more of everyday's traffic.
    for hundred in 0..20 {
        service.push(&bystanders(start + 200 + hundred * 100, 100));
    }
    let later = service.search(&needles);
    for needle in needles {
        assert!(!in_folder(&data, needle.as_bytes()), "{needle} is in a file");
        assert!(!in_folder(folder.path(), needle.as_bytes()), "{needle} is in the log");
    }
    eprintln!(
        "places in memory (word, author, id): {before:?} while the post is counted, {after:?} 61 s after its deletion, \
         {later:?} after 2,000 more posts"
    );
}
