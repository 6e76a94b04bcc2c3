//! What is found in the troll slice, where every account is of one operation: prints the largest amplifications as they would be
//! released, the reposts by the platform's own button kept apart. With `INPUT` in a file of posts of ours instead (`groundswell
//! simulate --scenario campaigns`).
//!
//! `cargo test -p groundswell-detect --test amplify_troll -- --ignored --nocapture`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot read its input fails")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use groundswell_detect::amplify::{Amplifications, AmplifyConfig, AmplifyObserver};
use groundswell_detect::volume::{Merger, VolumeConfig};
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_edge::{AuthorToken, EdgePost, PostKey, PublisherItem};
use groundswell_gate::{AmplificationRow, Gate, K, Released};
use groundswell_post::{EventTime, Relation};
use groundswell_text::{Analysis, Analyzer, hash_word};

#[test]
#[ignore = "prints a table"]
fn the_largest_families_of_the_troll_slice() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/troll/troll-slice.ndjson.zst");
    let own = std::env::var("INPUT").ok();
    let Ok(file) = std::fs::File::open(own.as_ref().map_or(path.clone(), PathBuf::from)) else {
        println!("SKIPPED: {} is not there", path.display());
        return;
    };
    let bytes =
        if own.is_some() { std::io::read_to_string(file).unwrap().into() } else { zstd::decode_all(file).unwrap() };
    let (mut scrubber, mut analyzer, mut analysis) = (Scrubber::new(), Analyzer::new(), Analysis::new());
    let mut observer = AmplifyObserver::new(AmplifyConfig::default());
    let mut owner = Amplifications::new(AmplifyConfig::default(), K::DEFAULT.get());
    // No publisher is among the sources, so every name is held back.
    let merger = Merger::new(VolumeConfig::default(), K::DEFAULT);
    let mut rows: BTreeMap<String, Released<AmplificationRow>> = BTreeMap::new();
    let (mut closed_to, mut posts, mut held_back) = (0, 0, 0);
    let mut close = |before: i64, observer: &mut AmplifyObserver| {
        observer.close(before, &mut |delta| owner.merge(0, delta));
        for mut candidate in owner.close(before) {
            merger.mark_shared_text(&mut candidate);
            match Gate::new(K::DEFAULT).release_amplification(candidate) {
                Some(row) => drop(rows.insert(row.id.clone(), row)),
                None => held_back += 1,
            }
        }
        owner.counters()
    };
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let record: serde_json::Value = serde_json::from_slice(line).unwrap();
        let Some(said) = record["text"].as_str() else { continue };
        let (mut text, mut links) = (String::new(), LinkSink::default());
        scrubber.scrub(said, &mut text, &mut links);
        let repost = record["kind"] == "repost" || record["relation"] == "repost";
        let title = record["title"].as_str().map(str::to_owned);
        let publisher = record["publisher"].as_str();
        let publisher =
            publisher.map(|name| PublisherItem { name: name.to_owned(), title, ..PublisherItem::default() });
        let post = EdgePost {
            time: EventTime::parse(record["time"].as_str().unwrap()).unwrap(),
            text,
            language: record["lang"].as_str().and_then(|code| code.as_bytes().try_into().ok()),
            links: links.links().to_vec(),
            author: record["author"].as_str().map(|author| AuthorToken::from_bits(hash_word(author))),
            key: record["id"].as_str().map(|id| PostKey::from_bits(hash_word(id))),
            publisher,
            relation: if repost { Relation::Repost } else { Relation::Post },
            ..EdgePost::default()
        };
        let minute = post.time.unix().div_euclid(60) * 60;
        if minute > closed_to {
            closed_to = minute;
            close(minute, &mut observer);
        }
        analyzer.analyze(&post, &mut analysis);
        observer.observe(&post, &analysis);
        posts += 1;
    }
    let counted = close(closed_to + 6 * 3_600, &mut observer);
    println!(
        "{posts} posts: {} amplifications, {held_back} held back\n{:?}\n{counted:?}",
        rows.len(),
        observer.counters()
    );
    let mut days: BTreeMap<String, u32> = BTreeMap::new();
    rows.values().for_each(|row| *days.entry(row.start.to_string()[..10].to_owned()).or_default() += 1);
    println!("by day: {days:?}");
    let mut largest: Vec<_> = rows.values().collect();
    largest.sort_by_key(|row| (std::cmp::Reverse(row.authors), row.start));
    for row in largest.into_iter().take(25) {
        println!(
            "{} | {} authors | {} posts | {} reposts | z {} | {}",
            row.start,
            row.authors,
            row.posts,
            row.reposts.map_or_else(|| "-".to_owned(), |reposts| reposts.to_string()),
            row.synchrony,
            row.shared_text
        );
    }
}
