//! What can be asked for: tables' subjects and steps, and what a running service answers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;

pub(crate) const SUBJECTS: [&str; 13] = [
    "total",
    "watch",
    "language",
    "source",
    "kind",
    "relation",
    "region",
    "hashtag",
    "domain",
    "term",
    "clause",
    "mentioned",
    "languages",
];
pub(crate) const STEPS: [&str; 3] = ["minute", "hour", "day"];

/// Every page and answer that is asked for without a value.
pub(crate) fn paths() -> Vec<String> {
    let mut paths: Vec<String> = [
        "/",
        "/metrics",
        "/healthz",
        "/readyz",
        "/api/openapi.json",
        "/api/v1/status",
        "/api/v1/sources",
        "/api/v1/watches",
        "/api/v1/audit/entries?limit=1000",
        "/api/v1/audit/checkpoint",
        "/api/v1/bursts",
        "/api/v1/narratives",
        "/api/v1/narratives/events",
        "/api/v1/amplifications",
        "/api/v1/detections",
        "/api/v1/feeds",
        "/feeds/everything.atom",
        "/feeds/everything.json",
    ]
    .map(str::to_owned)
    .to_vec();
    for by in SUBJECTS {
        for step in STEPS {
            paths.push(format!("/api/v1/volumes?by={by}&step={step}&limit=1000"));
            paths.push(format!("/api/v1/volumes/top?by={by}&step={step}&limit=100"));
        }
    }
    paths
}

/// What a service answers, with its head, whatever its status: refusals must hold nobody either.
pub(crate) fn get(address: &str, path: &str) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(answer)
}

/// A process that ends with the test.
pub(crate) struct Service(pub(crate) Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
