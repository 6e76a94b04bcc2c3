//! Links and hashtags that are told as pushed from the start of a simulated stream on, hour by hour: of a stream that is young the usual is
//! not known. Prints figures of `docs/methods/amplification.md`; `SEED`, `RATE`, `HOURS` and `SCENARIO` are the stream.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that prints a table")]

use std::collections::BTreeMap;
use std::time::Duration;

use groundswell_detect::amplify::{Amplifications, AmplifyConfig, AmplifyObserver};
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_edge::{AuthorToken, EdgePost, PostKey, PublisherItem};
use groundswell_gate::{AmplificationObject, K};
use groundswell_post::{EventTime, Relation};
use groundswell_sim::{SimConfig, Simulator, TruthRecord};
use groundswell_text::{Analysis, Analyzer, hash_word};

const HOUR: i64 = 3_600;

/// What was told: the value, and the second since the start at which it was.
struct Told {
    value: String,
    second: i64,
    authors: u64,
    q: f64,
}

struct Stream {
    told: Vec<Told>,
    truth: Vec<TruthRecord>,
    posts: u64,
}

/// Of each post its links and hashtags alone, so that no text has company.
fn run(config: SimConfig) -> Stream {
    let start = config.start.unix();
    let mut simulator = Simulator::new(config).unwrap();
    let (mut scrubber, mut analyzer, mut analysis) = (Scrubber::new(), Analyzer::new(), Analysis::new());
    let mut observer = AmplifyObserver::new(AmplifyConfig::default());
    let mut owner = Amplifications::new(AmplifyConfig::default(), K::DEFAULT.get());
    let mut told: BTreeMap<_, Told> = BTreeMap::new();
    let (mut closed_to, mut posts, mut line) = (start, 0, Vec::new());
    loop {
        line.clear();
        if simulator.next_into(&mut line).is_none() {
            break;
        }
        let record: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let Some(said) = record["text"].as_str() else { continue };
        let time = EventTime::parse(record["time"].as_str().unwrap()).unwrap();
        // Some come late by two seconds.
        if time.unix() - 2 >= closed_to + 60 {
            closed_to = (time.unix() - 2).div_euclid(60) * 60;
            observer.close(closed_to, &mut |delta| owner.merge(0, delta));
            for found in owner.close(closed_to) {
                let value = match found.object {
                    AmplificationObject::Text => continue,
                    AmplificationObject::Hashtag(tag) => format!("#{tag}"),
                    AmplificationObject::Link { url, .. } => url,
                };
                let (authors, q) = (found.authors, found.q.unwrap());
                told.entry(found.id).or_insert(Told { value, second: closed_to - start, authors, q });
            }
        }
        posts += 1;
        let kept = |word: &&str| word.starts_with('#') || word.contains("://");
        let said = said.split_whitespace().filter(kept).collect::<Vec<_>>().join(" ");
        let (mut text, mut links) = (String::new(), LinkSink::default());
        scrubber.scrub(&said, &mut text, &mut links);
        for link in record["links"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str) {
            scrubber.scrub(link, &mut String::new(), &mut links);
        }
        let publisher = record["publisher"].as_str().map(|name| PublisherItem {
            name: name.to_owned(),
            url: record["url"].as_str().map(str::to_owned),
            ..PublisherItem::default()
        });
        let post = EdgePost {
            time,
            publisher,
            text,
            language: record["lang"].as_str().and_then(|code| code.as_bytes().try_into().ok()),
            links: links.links().to_vec(),
            author: record["author"].as_str().map(|author| AuthorToken::from_bits(hash_word(author))),
            key: record["id"].as_str().map(|id| PostKey::from_bits(hash_word(id))),
            relation: if record["relation"] == "repost" { Relation::Repost } else { Relation::Post },
            ..EdgePost::default()
        };
        analyzer.analyze(&post, &mut analysis);
        observer.observe(&post, &analysis);
    }
    Stream { told: told.into_values().collect(), truth: simulator.truth().records, posts }
}

/// Whether something that was told was planted.
fn is_planted(value: &str, truth: &[TruthRecord]) -> bool {
    let tag = value.trim_start_matches('#');
    let is_it = |hashtag: &str| hashtag.to_lowercase() == tag;
    truth.iter().any(|record| match record {
        TruthRecord::Campaign(campaign) => is_it(&campaign.hashtag) || value.contains(&campaign.domain),
        TruthRecord::Narrative(story) => is_it(&story.hashtag) || value.contains(&story.domain),
        TruthRecord::Burst(burst) => is_it(&burst.subject.value),
        _ => false,
    })
}

fn number(name: &str, or: f64) -> f64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
}

/// Hashtags that lead for three quarters of an hour each, several times a day: of the first hours alone, each seems to be pushed once.
#[test]
fn little_is_told_before_the_usual_is_known() {
    let config = SimConfig {
        rate: 20.0,
        duration: Duration::from_hours(3),
        scenario: "lively".to_owned(),
        ..SimConfig::default()
    };
    let told = run(config).told;
    assert!(told.len() <= 1, "{}", told.len());
}

#[test]
#[ignore = "prints a table"]
fn what_is_told_hour_by_hour() {
    let config = SimConfig {
        seed: number("SEED", 1.0) as u64,
        rate: number("RATE", 150.0),
        duration: Duration::from_secs_f64(number("HOURS", 4.0) * HOUR as f64),
        scenario: std::env::var("SCENARIO").unwrap_or_else(|_| "default".to_owned()),
        ..SimConfig::default()
    };
    let Stream { told, truth, posts } = run(config);
    let mut hours: BTreeMap<i64, [usize; 2]> = BTreeMap::new();
    for told in &told {
        let planted = is_planted(&told.value, &truth);
        hours.entry(told.second.div_euclid(HOUR)).or_default()[usize::from(planted)] += 1;
        if std::env::var("LIST").is_ok() {
            println!(
                "{} | {} authors | q {} | {} | planted: {planted}",
                told.second / 60,
                told.authors,
                told.q,
                told.value
            );
        }
    }
    println!("{posts} posts; hour: [nobody planted it, planted] {hours:?}");
}
