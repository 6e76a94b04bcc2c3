//! Every dependency's licence is on the list of `deny.toml`: a whole-tree check that needs no installed tool.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use cargo_metadata::MetadataCommand;

/// The `allow` list of `deny.toml`, read from there so that there is one list.
fn allowed() -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deny.toml");
    let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let list = table["licenses"]["allow"].as_array().unwrap();
    list.iter().map(|licence| licence.as_str().unwrap().to_owned()).collect()
}

/// Whether an SPDX expression can be satisfied by the list: OR needs one side, AND both. `/` is an old spelling of OR.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.replace('/', " OR ");
    let bare = expression.trim();
    if let Some((left, right)) = split(bare, " OR ") {
        return satisfied(left, allowed) || satisfied(right, allowed);
    }
    if let Some((left, right)) = split(bare, " AND ") {
        return satisfied(left, allowed) && satisfied(right, allowed);
    }
    if let Some(inner) = bare.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return satisfied(inner, allowed);
    }
    allowed.iter().any(|licence| licence == bare)
}

/// Splits at the first operator outside parentheses.
fn split<'a>(text: &'a str, operator: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0_i32;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(operator) => {
                return Some((&text[..at], &text[at + operator.len()..]));
            }
            _ => {}
        }
    }
    None
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let allowed = allowed();
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).exec().expect("cargo metadata runs");
    let wrong: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| !package.license.as_deref().is_some_and(|licence| satisfied(licence, &allowed)))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();
    assert!(wrong.is_empty(), "licences outside deny.toml:\n  {}", wrong.join("\n  "));
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let allowed = ["MIT".to_owned(), "Zlib".to_owned()];
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-2.0", false),
        ("MIT OR GPL-2.0", true),
        ("MIT AND GPL-2.0", false),
        ("(GPL-2.0 OR MIT) AND Zlib", true),
        ("GPL-2.0/MIT", true),
    ] {
        assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
    }
}

/// The `sources` part of `deny.toml`, for where cargo-deny is not installed.
#[test]
fn every_dependency_comes_from_the_registry() {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).exec().expect("cargo metadata runs");
    let elsewhere: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| package.source.as_ref().is_some_and(|source| !source.is_crates_io()))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.source))
        .collect();
    assert!(elsewhere.is_empty(), "from elsewhere:\n  {}", elsewhere.join("\n  "));
    let own = metadata.packages.iter().filter(|package| package.source.is_none());
    assert!(own.count() == metadata.workspace_members.len(), "a path outside of the workspace");
}
