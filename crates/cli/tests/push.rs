//! The push door of the real binary: a batch that its sender was told is durable survives a `kill -9`, and pushed again it is
//! counted once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{groundswell, perturbed};
use serde_json::Value;

const TOKEN: &str = "a-token-of-a-test-long-enough";

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running service. Dropping it kills it, as a power cut would.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(folder: &Path) -> Self {
        Self::start_as(groundswell(), folder)
    }

    fn start_as(mut command: Command, folder: &Path) -> Self {
        let token = folder.join("token");
        std::fs::write(&token, TOKEN).unwrap();
        let mut child = command
            .args(["run", "--listen", "127.0.0.1:0", "--workers", "2", "--data"])
            .arg(folder.join("data"))
            .env("GROUNDSWELL_BLUESKY_ENABLED", "false")
            .env("GROUNDSWELL_FEEDS_ENABLED", "false")
            .env("GROUNDSWELL_SIMULATOR_FALLBACK", "false")
            .env("GROUNDSWELL_PUSH_TOKEN_FILE", &token)
            .env("GROUNDSWELL_PUSH_LATE_SECONDS", "0")
            .env("GROUNDSWELL_STORE_CHECKPOINT_SECONDS", "0.2")
            .env("GROUNDSWELL_STORE_CHECKPOINT_KEY", folder.join("key"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                let _ = child.kill();
                panic!("the service did not start: {said}");
            };
            if let Some(address) = line.trim().strip_prefix("http://") {
                break address.trim_end_matches('/').to_owned();
            }
            writeln!(said, "{line}").unwrap();
        };
        // What it says further is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn ask(&self, head: &str, body: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "{head}Host: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", self.address, body.len())
            .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn push(&self, key: &str, wait: &str, body: &str) -> Value {
        let head = format!(
            "POST /api/v1/ingest?wait={wait} HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nIdempotency-Key: {key}\r\n"
        );
        let (status, answer) = self.ask(&head, body.as_bytes());
        assert_eq!(status, 200, "{answer}");
        answer
    }

    fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(&format!("GET {path} HTTP/1.1\r\n"), b"");
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Asks until an answer is as it must be.
    fn until(&self, path: &str, is: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            let answer = self.get(path);
            if is(&answer) {
                return answer;
            }
            assert!(since.elapsed() < PATIENCE, "{path}: waited in vain: {answer}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Posts of as many authors, all of one second.
fn batch(posts: std::ops::Range<u32>, time: i64) -> String {
    posts.fold(String::new(), |mut text, number| {
        writeln!(text, r#"{{"id":"p{number}","author":"a{number}","time":{time},"text":"word {number}"}}"#).unwrap();
        text
    })
}

fn seconds() -> i64 {
    common::now().as_secs() as i64
}

#[test]
fn a_batch_that_is_durable_survives_a_kill_and_pushed_again_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let minute = (seconds() - 1_200).div_euclid(60) * 60;
    let (first, second) = (batch(0..30, minute + 10), batch(30..45, minute + 20));

    let service = Service::start(folder.path());
    let answer = service.push("shop/1", "durable", &first);
    assert_eq!(
        (&answer["durable"], &answer["accepted"], &answer["repeated"]),
        (&true.into(), &30.into(), &false.into())
    );
    service.kill();

    // Its sender heard nothing of it and does what it must: the same again.
    let service = Service::start(folder.path());
    let answer = service.push("shop/1", "durable", &first);
    assert_eq!((&answer["durable"], &answer["repeated"]), (&true.into(), &true.into()));
    // Taken and not durable: lost with the process, or not; the same again tells.
    let answer = service.push("shop/2", "taken", &second);
    assert_eq!(answer["repeated"], false);
    service.kill();

    let service = Service::start(folder.path());
    service.push("shop/2", "durable", &second);
    // Later posts let the minute close.
    let answer = service.push("shop/3", "durable", &batch(45..46, minute + 600));
    assert_eq!((&answer["durable"], &answer["repeated"]), (&true.into(), &false.into()));
    let status = service.until("/api/v1/status", |status| status["counters"]["accepted"] == 46);
    assert_eq!((&status["counters"]["read"], &status["counters"]["late"]), (&46.into(), &0.into()));
    let start = groundswell_sketch::Rfc3339(minute).to_string();
    let volumes = service.until("/api/v1/volumes?by=total&step=minute", |volumes| {
        volumes["items"].as_array().is_some_and(|items| items.iter().any(|item| item["start"] == *start))
    });
    let rows: Vec<&Value> =
        volumes["items"].as_array().unwrap().iter().filter(|item| item["start"] == *start).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["posts"], 45, "every post of the three runs once");
    // A restart begins an epoch: the larger of the counts, never their sum.
    assert!((30..=45).contains(&rows[0]["authors"].as_u64().unwrap()), "{}", rows[0]);
}

#[test]
fn without_the_token_nothing_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    for head in ["", "Authorization: Bearer another-token-of-a-test\r\n"] {
        let (status, answer) =
            service.ask(&format!("POST /api/v1/ingest HTTP/1.1\r\n{head}"), batch(0..1, seconds()).as_bytes());
        assert_eq!(status, 401, "{answer}");
        assert!(!answer.to_string().contains("word"));
    }
    assert_eq!(service.get("/api/v1/status")["counters"]["read"], 0);
}

/// The attack on counters of a run: somebody reads all of them before and after one person writes in a quiet source.
#[test]
fn one_post_in_a_quiet_source_shows_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start_as(perturbed(), folder.path());
    service.push("shop/1", "durable", &batch(0..5, seconds()));
    // What goes on by the clock, and what counts who reads.
    let by_the_clock = ["watermark", "event_time", "http_requests", "groundswell_connections"];
    let told = || {
        let lines = |path: &str| {
            let answer = common::get(service.address.as_str(), path).unwrap();
            let body = answer.split_once("\r\n\r\n").unwrap().1.replace(",\"", "\n\"");
            let kept: Vec<String> = body
                .lines()
                .filter(|line| !by_the_clock.iter().any(|word| line.contains(word)))
                .map(str::to_owned)
                .collect();
            assert!(kept.len() > 5, "{path}: {body}");
            kept
        };
        ["/metrics", "/api/v1/status", "/api/v1/sources"].map(lines)
    };
    let before = told();
    service.push("shop/2", "durable", &batch(5..6, seconds()));
    assert_eq!(told(), before);
    let requests = common::get(service.address.as_str(), "/metrics").unwrap();
    // This one is counted once it is answered.
    let reads = 2 * before.len() as u64;
    let counted = common::metric(&requests, "groundswell_http_requests_total{status=\"200\"}");
    assert_eq!(counted, Some(reads), "pushes are not in it");
}
