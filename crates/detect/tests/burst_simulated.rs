//! Bursts of a simulated stream, from its text to what is told, without the rest of the engine: how often it is told of what nobody planted.
//!
//! `groundswell simulate --scenario lively --rate 6 --duration 4d --out s.ndjson`, then
//! `SIM=s.ndjson cargo test --release -p groundswell-detect --test burst_simulated -- --ignored --nocapture`.
//! With `NEWS=file` what the shard says of each minute is kept there, and taken from there when it is there.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot read its input fails")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};

use groundswell_detect::burst::{Arbiter, BurstConfig, ShardMinute};
use groundswell_detect::volume::{Merger, Observer, VolumeConfig};
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_gate::{BurstCandidate, K};
use groundswell_post::EventTime;
use groundswell_text::{Analysis, Analyzer, hash_word};

/// What one shard that has all of the stream says of its minutes.
fn minutes(stream: &str, told: &mut dyn FnMut(ShardMinute)) {
    let (mut scrubber, mut analyzer, mut analysis) = (Scrubber::new(), Analyzer::new(), Analysis::new());
    let mut observer = Observer::new(VolumeConfig { shards: 1, ..VolumeConfig::default() });
    let mut merger = Merger::new(VolumeConfig { shards: 1, ..VolumeConfig::default() }, K::new(10).unwrap())
        .with_bursts(Some(BurstConfig::default()));
    let mut closed_to = 0;
    for line in BufReader::new(File::open(stream).unwrap()).lines() {
        let record: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let Some(text) = record["text"].as_str() else { continue };
        let time = EventTime::parse(record["time"].as_str().unwrap()).unwrap();
        let (mut scrubbed, mut links) = (String::new(), LinkSink::default());
        scrubber.scrub(text, &mut scrubbed, &mut links);
        let post = EdgePost {
            time,
            text: scrubbed,
            language: record["lang"].as_str().and_then(|code| code.as_bytes().try_into().ok()),
            links: links.links().to_vec(),
            author: record["author"].as_str().map(|author| AuthorToken::from_bits(hash_word(author))),
            key: record["id"].as_str().map(|id| PostKey::from_bits(hash_word(id))),
            ..EdgePost::default()
        };
        analyzer.analyze(&post, &mut analysis);
        observer.observe(&post, &analysis, &[]);
        if time.unix() - 5 >= closed_to + 60 {
            closed_to = (time.unix() - 5).div_euclid(60) * 60;
            observer.close(closed_to, &mut |_, minute, summary| merger.merge(minute, summary));
            merger.close(closed_to, &mut |_| {});
            merger.take_bursts().into_iter().for_each(&mut *told);
        }
    }
}

#[test]
#[ignore = "needs a simulated stream"]
fn a_stream_is_told_of_within_its_budget() {
    let Ok(stream) = std::env::var("SIM") else {
        println!("SKIPPED: SIM is not set");
        return;
    };
    let mut arbiter = Arbiter::new(BurstConfig::default(), 1);
    let mut first: Option<i64> = None;
    let mut latest: BTreeMap<String, (i64, f64, BurstCandidate)> = BTreeMap::new();
    let mut take = |told: ShardMinute| {
        first.get_or_insert(told.minute);
        arbiter.take(told, &mut |candidate| {
            let q = candidate.experience.log10_q(candidate.log10_q);
            let entry =
                latest.entry(candidate.id.to_string()).or_insert_with(|| (candidate.as_of, q, candidate.clone()));
            entry.1 = entry.1.min(q);
            entry.2 = candidate;
        });
    };
    let kept = std::env::var("NEWS").ok();
    if let Some(file) = kept.as_deref().and_then(|kept| File::open(kept).ok()) {
        BufReader::new(file).lines().for_each(|line| take(serde_json::from_str(&line.unwrap()).unwrap()));
    } else {
        let mut out = kept.map(|kept| BufWriter::new(File::create(kept).unwrap()));
        minutes(&stream, &mut |told| {
            if let Some(out) = &mut out {
                serde_json::to_writer(&mut *out, &told).unwrap();
                out.write_all(b"\n").unwrap();
            }
            take(told);
        });
    }
    let first = first.unwrap();
    for budget in [1.0_f64, 5.0, 20.0] {
        let mut days: BTreeMap<i64, usize> = BTreeMap::new();
        for (at, q, _) in latest.values() {
            *days.entry((at - first) / 86_400).or_default() += usize::from(*q <= budget.log10());
        }
        println!("budget {budget}: by day {:?}", days.values().collect::<Vec<_>>());
    }
    if std::env::var_os("SHOW").is_some() {
        let mut told: Vec<_> = latest.values().collect();
        told.sort_by(|a, b| a.1.total_cmp(&b.1));
        for (at, q, candidate) in told {
            println!(
                "{} q {q:.1} {:?} {} {:?} {} of {:.2} authors {} start {} related {}",
                (at - first) / 60,
                candidate.subject.kind,
                candidate.subject.value,
                candidate.scale,
                candidate.posts,
                candidate.expected,
                candidate.subject.authors,
                (candidate.start - first) / 60,
                candidate.related.iter().map(|related| related.value.as_str()).collect::<Vec<_>>().join(" ")
            );
        }
    }
}
