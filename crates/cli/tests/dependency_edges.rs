//! Which crate may name which. The table below is the rule; `ARCHITECTURE.md` prints it, and a test compares the two.
//!
//! Only normal dependencies are held to it: tests and benchmarks may reach further (a gate test needs posts to show that
//! they cannot pass).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// (crate, what it may name, why not more), in the order in which a post travels.
const ALLOWED: &[(&str, &[&str], &str)] = &[
    ("post", &[], "the vocabulary knows nothing"),
    ("net", &[], "a guard of addresses knows nobody who is guarded"),
    ("sources", &["post", "net"], "a source turns bytes into RawPost and knows nothing behind the edge"),
    ("edge", &["post"], "identities end here, so nothing else may look at a RawPost"),
    ("langid", &[], "an identifier of languages is of use to others, and knows no post"),
    ("tone", &[], "how texts sound is of use to others, and knows no post"),
    ("text", &["post", "edge", "langid"], "reads scrubbed text only"),
    ("sketch", &[], "counts know no post"),
    ("query", &[], "the watch language knows no post and no index, so that API and CLI can use it"),
    ("watch", &["edge", "text", "query"], "matches queries against scrubbed posts"),
    ("gate", &["sketch"], "small enough to be read by an outsider; never learns which detectors exist"),
    ("detect", &["edge", "tone", "text", "sketch", "watch", "gate"], "a detector is a plain struct without I/O"),
    ("audit", &[], "an outsider reads and verifies it without the rest"),
    ("store", &["sketch", "gate"], "holds Released things only"),
    (
        "engine",
        &["post", "sources", "edge", "text", "sketch", "watch", "gate", "detect"],
        "the only crate that names Timely",
    ),
    ("serve", &["sketch", "query", "gate", "store"], "nothing that could hand it a post"),
    ("deliver", &["net", "gate", "store"], "sends what was released, and knows no post and no page"),
    ("sim", &["post", "sources"], "makes posts and reads none"),
    (
        "cli",
        &[
            "post", "sources", "edge", "tone", "text", "sketch", "query", "watch", "gate", "detect", "audit", "store",
            "engine", "serve", "deliver", "sim",
        ],
        "wires all of it",
    ),
];

/// Crates that do no I/O and read no clock, with the dependencies that would let them.
const PURE: &[&str] = &["post", "langid", "tone", "text", "sketch", "query", "watch", "detect", "gate"];
const IMPURE_DEPENDENCIES: &[&str] =
    &["tokio", "sqlx", "axum", "timely", "tokio-tungstenite", "crossbeam-channel", "tracing-subscriber"];

fn workspace_edges() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata runs");
    let mut edges = BTreeMap::new();
    for package in &metadata.packages {
        let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
        edges.insert(package.name.to_string(), normal.map(|d| d.name.clone()).collect());
    }
    edges
}

#[test]
fn crates_name_only_what_the_table_allows() {
    let edges = workspace_edges();
    let mut wrong = Vec::new();
    for (package, dependencies) in &edges {
        let short = package.strip_prefix("groundswell-").expect("every package is named groundswell-…");
        let Some((_, allowed, why)) = ALLOWED.iter().find(|(name, ..)| *name == short) else {
            wrong.push(format!("{short}: not in the table of allowed edges"));
            continue;
        };
        for dependency in dependencies.iter().filter_map(|d| d.strip_prefix("groundswell-")) {
            if !allowed.contains(&dependency) {
                wrong.push(format!("{short} → {dependency}: not allowed ({why})"));
            }
        }
    }
    assert!(wrong.is_empty(), "crate edges outside the table:\n  {}", wrong.join("\n  "));
    assert_eq!(edges.len(), ALLOWED.len(), "a crate of the table is gone");
}

#[test]
fn pure_crates_take_no_dependency_that_does_io() {
    let edges = workspace_edges();
    for name in PURE {
        let dependencies = &edges[&format!("groundswell-{name}")];
        for impure in IMPURE_DEPENDENCIES {
            assert!(!dependencies.contains(*impure), "{name} → {impure}: {name} does no I/O");
        }
    }
    for (name, dependencies) in &edges {
        assert!(
            !dependencies.contains("timely") || name == "groundswell-engine",
            "{name} → timely: only engine names Timely"
        );
    }
}

#[test]
fn architecture_prints_the_table() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).expect("ARCHITECTURE.md is there");
    for (name, allowed, why) in ALLOWED {
        let names = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        let row = format!("| `{name}` | {names} | {why} |");
        assert!(text.contains(&row), "ARCHITECTURE.md lacks the row: {row}");
    }
}

/// Ways through the gate that types cannot close, because another crate needs them, and the files that may use them.
const DOORS: &[(&str, &[&str])] = &[
    // A stored row is released again.
    ("readmit", &["crates/gate/", "crates/store/src/sqlite/"]),
    // True counts: simulated data, and tests.
    (
        "Gate::exact",
        &[
            "crates/gate/",
            "crates/engine/src/explore/tests.rs",
            "crates/cli/src/commands/run.rs",
            "crates/cli/src/pipeline.rs",
        ],
    ),
    ("GROUNDSWELL_DEBUG_EXACT", &["crates/cli/src/pipeline.rs", "crates/cli/src/settings.rs"]),
];

#[test]
fn doors_of_the_gate_are_used_where_they_belong() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut used = BTreeSet::new();
    for entry in walk(&root.join("crates")) {
        let path = entry.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
        let (is_source, text) =
            (path.contains("/src/"), std::fs::read_to_string(&entry).expect("a source file is text"));
        // Lines of documentation may speak of them.
        let code = || text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
        for (door, places) in DOORS.iter().filter(|_| is_source) {
            if code().any(|line| line.contains(door)) {
                assert!(places.iter().any(|place| path.starts_with(place)), "{path} uses {door}");
                used.insert(*door);
            }
        }
    }
    assert_eq!(used.len(), DOORS.len(), "a door that nobody uses can be closed");
}

/// All Rust files below a folder.
fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
