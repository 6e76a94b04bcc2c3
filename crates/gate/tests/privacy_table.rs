//! `docs/privacy.md` names for each rule the files it lives in and the tests that hold it: all of them are there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Commands and titles that stand in the columns of files and tests.
const NEITHER: &[&str] = &["Debug"];
/// Rows that the table has at least: fewer, and it was not read.
const ROWS_MIN: usize = 60;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The functions behind an attribute that makes them tests, and the laws that a macro makes tests of.
fn tests(source: &str) -> Vec<&str> {
    let mut is_test = false;
    let mut found = Vec::new();
    if source.contains("fn $") {
        found.extend(source.split(|letter: char| !letter.is_alphanumeric() && letter != '_'));
    }
    for line in source.lines().map(str::trim_start) {
        is_test |= line.starts_with("#[") && line.contains("test") && !line.contains("cfg(");
        if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
            found.extend(rest.split(['(', '<']).next());
            is_test = false;
        }
    }
    found
}

#[test]
fn each_rule_names_files_and_tests_that_are_there() {
    let mut paths = Vec::new();
    files(&root().join("crates"), &mut paths);
    files(&root().join("web/browser"), &mut paths);
    let is_there = |name: &str| {
        let (start, end) = name.split_once('*').unwrap_or(("", name));
        let start = start.trim_end_matches('/');
        paths.iter().any(|path| {
            let path = path.to_string_lossy();
            // A file, or a folder that one is in.
            path.contains(start) && (path.ends_with(end) || path.contains(&format!("/{}/", end.trim_matches('/'))))
        })
    };
    let sources: Vec<String> = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let tests: BTreeSet<&str> = sources.iter().flat_map(|source| tests(source)).collect();
    let functions: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.split("fn ").skip(1))
        .filter_map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next())
        .collect();

    let page = std::fs::read_to_string(root().join("docs/privacy.md")).unwrap();
    let rows = page
        .lines()
        .skip_while(|line| !line.starts_with("| section |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").collect::<Vec<_>>());
    let mut count = 0;
    for row in rows {
        let [_, rule, places, held_by] = row[..] else { panic!("a row has four cells: {row:?}") };
        count += 1;
        let mut names_a_test = false;
        for (cell, is_tests) in [(places, false), (held_by, true)] {
            for name in cell.split('`').skip(1).step_by(2).filter(|name| !NEITHER.contains(name)) {
                if name.contains(' ') {
                    continue;
                }
                if name.contains(['/', '.']) {
                    assert!(is_there(name), "{rule}: there is no {name}");
                    names_a_test |= is_tests && name.contains("test");
                } else if is_tests {
                    assert!(tests.contains(name), "{rule}: no test is called {name}");
                    names_a_test = true;
                } else {
                    assert!(functions.contains(name), "{rule}: no function is called {name}");
                }
            }
        }
        assert!(names_a_test || places.contains("**not yet**"), "{rule}: no test holds it");
    }
    assert!(count >= ROWS_MIN, "{count} rows were read");

    // How well they hold is measured by tests that are there, too.
    let measured = page.split("## How good").nth(1).unwrap().split("\n## ").next().unwrap();
    for name in measured.split('`').skip(1).step_by(2).filter(|name| !name.contains([' ', '/', '.'])) {
        assert!(tests.contains(name), "no test is called {name}");
    }
}
