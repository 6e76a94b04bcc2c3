//! `docs/architecture/faults.md` against the code: every test that it names is there, and no fault or source is without a row.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;
use std::path::Path;

/// Each fault, and what must have a row under it (a part of the row's first cell, or of its text).
const FAULTS: [(&str, &[&str]); 19] = [
    ("Connection refused", &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"]),
    (
        "Reset in the middle of a frame",
        &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"],
    ),
    ("TLS certificate invalid", &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"]),
    ("429 with Retry-After", &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"]),
    ("A storm of 5xx", &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"]),
    (
        "Half-open connection: nothing arrives for minutes",
        &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push", "coverage ledger"],
    ),
    ("Fragments", &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"]),
    ("A frame of 100 MB", &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"]),
    ("Invalid UTF-8", &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"]),
    ("Unknown kinds of events", &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"]),
    (
        "Deliveries that are doubled and out of order",
        &["Jetstream", "WebSocket", "events", "poll", "feeds", "Kafka", "files", "push"],
    ),
    (
        "The clock jumps by ±1 h",
        &["Jetstream", "Mastodon", "feeds", "Kafka", "files", "push", "windows", "coverage ledger"],
    ),
    ("Disk full while a checkpoint is written", &["checkpoint", "store"]),
    ("Store locked by another process", &["at the start, by another groundswell", "while it runs"]),
    ("Read-only folder", &["data folder"]),
    ("SIGTERM in start-up", &["service"]),
    ("Broker restarted", &["Kafka"]),
    ("Partition added", &["Kafka"]),
    ("XML bombs and external entities", &["feeds"]),
];

fn crates() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The first cells of the rows under each heading, and everything between backticks that looks like a test.
fn read() -> (BTreeMap<String, Vec<String>>, Vec<String>) {
    let text = std::fs::read_to_string(crates().join("../docs/architecture/faults.md")).unwrap();
    let (mut rows, mut tests): (BTreeMap<String, Vec<String>>, _) = (BTreeMap::new(), Vec::new());
    let mut heading = String::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut heading);
        } else if let Some(row) =
            line.strip_prefix("| ").filter(|row| !row.starts_with("where") && !row.starts_with("---"))
        {
            let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
            assert!(cells.len() == 3 && cells.iter().all(|cell| !cell.is_empty()), "{heading}: {row}");
            assert!(cells[2].contains("::"), "{heading}: no test holds this row: {row}");
            rows.entry(heading.clone()).or_default().push(cells[0].to_owned());
        }
        tests.extend(line.split('`').skip(1).step_by(2).filter(|word| word.contains("::")).map(str::to_owned));
    }
    (rows, tests)
}

#[test]
fn every_test_that_the_table_names_is_there() {
    let (_, tests) = read();
    assert!(tests.len() > 60, "the table is read wrongly: {} tests", tests.len());
    for named in tests {
        let (file, name) = named.split_once("::").unwrap();
        let text = std::fs::read_to_string(crates().join(file)).unwrap_or_else(|error| panic!("{named}: {error}"));
        let at = text.find(&format!("fn {name}(")).unwrap_or_else(|| panic!("{named} is not there"));
        // A test, or a law that `conformance!` makes a test of.
        let before = text[..at].rsplit("\n\n").next().unwrap();
        let is_test = before.contains("#[test]") || before.contains("#[tokio::test") || text.contains("proptest! {");
        let is_law = file == "sources/tests/conformance/harness.rs" && text.matches(name).count() > 1;
        assert!(is_test || is_law, "{named} is no test");
    }
}

#[test]
fn every_fault_has_a_row_for_everything_that_it_can_happen_to() {
    let (rows, _) = read();
    let missing: Vec<String> = FAULTS
        .iter()
        .flat_map(|(fault, places)| places.iter().map(move |place| (fault, place)))
        .filter(|(fault, place)| !rows.get(**fault).is_some_and(|rows| rows.iter().any(|row| row.contains(**place))))
        .map(|(fault, place)| format!("{fault}: {place}"))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
    assert_eq!(rows.len(), FAULTS.len(), "{:?}", rows.keys());
}
