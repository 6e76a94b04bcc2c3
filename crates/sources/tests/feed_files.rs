//! What is read of fifty real and deliberately broken feeds, and of their halves.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "tests have no readers of their docs, and panics are how they fail"
)]

use std::fmt::Write as _;
use std::path::PathBuf;

use groundswell_sources::feed::{Document, ParseError, parse};
use url::Url;

fn files() -> Option<Vec<PathBuf>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/feeds/rss-atom");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("SKIPPED: ../shared/data is absent");
        return None;
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files)
}

fn read(bytes: &[u8]) -> Result<Document, ParseError> {
    parse(bytes, None, &Url::parse("https://feeds.example/news/feed.xml").unwrap())
}

/// The first characters, so that the snapshot is about reading and not about the feeds.
fn head(text: &str) -> String {
    let head: String = text.chars().take(48).collect();
    let more = if head.len() < text.len() { format!("… ({} bytes)", text.len()) } else { String::new() };
    format!("{head:?}{more}")
}

#[test]
fn every_file_gives_items_or_a_clear_error() {
    let Some(files) = files() else { return };
    let mut told = String::new();
    let (mut good, mut bad) = (0, 0);
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy();
        match read(&std::fs::read(file).unwrap()) {
            Ok(document) => {
                assert!(!document.items.is_empty(), "{name}: neither items nor an error");
                good += 1;
                tell(&name, &document, &mut told);
            }
            Err(error) => {
                bad += 1;
                writeln!(told, "{name}: {error}").unwrap();
            }
        }
    }
    // Two files are XML and no feed.
    assert_eq!((good, bad), (files.len() - 2, 2));
    insta::assert_snapshot!(told);
}

fn tell(name: &str, document: &Document, told: &mut String) {
    let Document { title, language, interval, items, cut, broken } = document;
    writeln!(told, "{name}: {title:?} {} {interval:?} cut {cut} {broken:?}", language.as_deref().unwrap_or("-"))
        .unwrap();
    for item in items.iter().take(3) {
        let date = item.date.map_or_else(|| "undated".to_owned(), |date| date.to_string());
        writeln!(told, "  {date} {}", item.link.as_deref().unwrap_or("-")).unwrap();
        writeln!(told, "    id {}", item.id.as_deref().unwrap_or("-")).unwrap();
        writeln!(told, "    {} {}", head(&item.title), head(&item.text)).unwrap();
    }
    if items.len() > 3 {
        writeln!(told, "  … {} items", items.len()).unwrap();
    }
}

/// Feeds name people in elements of their own; no such name may be among what is read. The files' e-mail addresses and Reddit
/// users are pseudonyms that all begin alike.
#[test]
fn no_author_is_read() {
    let Some(files) = files() else { return };
    let mut seen = 0;
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        seen += usize::from(String::from_utf8_lossy(&bytes).contains("user-"));
        let Ok(document) = read(&bytes) else { continue };
        for item in document.items {
            // An address may lead through a user's page; it is the edge that decides what is kept of addresses.
            for field in [Some(&item.title), item.id.as_ref()].into_iter().flatten() {
                assert!(!field.contains("user-"), "{}", file.display());
            }
            assert!(!item.text.contains("@example.org"), "{}", file.display());
        }
    }
    assert!(seen > 5, "the files do name authors");
}

/// A connection that breaks off gives half a document: what came whole is read, and it is told that something is missing.
#[test]
fn of_half_a_document_the_whole_items_are_read() {
    let Some(files) = files() else { return };
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let Ok(whole) = read(&bytes) else { continue };
        for cut in (0..bytes.len()).step_by(bytes.len().div_ceil(97)) {
            let Ok(part) = read(&bytes[..cut]) else { continue };
            assert!(part.items.len() <= whole.items.len(), "{} at {cut}", file.display());
            let told = part.broken.is_some() || part.items.len() == whole.items.len();
            assert!(told, "{} at {cut}: items are missing and nobody says so", file.display());
            // Character encodings and the language of the feed may be told differently by what is missing, items are not.
            for (part, whole) in part.items.iter().zip(&whole.items) {
                assert_eq!(part.title, whole.title, "{} at {cut}", file.display());
            }
        }
    }
}
