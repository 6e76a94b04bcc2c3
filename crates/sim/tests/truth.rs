//! The truth is counted again from the stream.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use groundswell_post::EventTime;
use groundswell_sim::{SimConfig, Simulator, TruthRecord};
use serde_json::Value;

struct Line {
    time: i64,
    author: String,
    text: String,
    label: String,
    whole: String,
}

fn run(scenario: &str, rate: f64, seconds: u64) -> (Vec<Line>, Simulator) {
    let mut simulator = Simulator::new(SimConfig {
        scenario: scenario.to_owned(),
        rate,
        duration: Duration::from_secs(seconds),
        labels: true,
        ..SimConfig::default()
    })
    .unwrap();
    let mut out = Vec::new();
    while !simulator.ended() {
        simulator.fill_block(1 << 16, None, &mut out);
    }
    let lines = out
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let value: Value = serde_json::from_slice(line).unwrap();
            let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            Line {
                time: EventTime::parse(&field("time")).unwrap().unix(),
                author: field("author"),
                text: field("text"),
                label: field("label"),
                whole: String::from_utf8(line.to_vec()).unwrap(),
            }
        })
        .collect();
    (lines, simulator)
}

/// Posts and distinct authors by label.
fn by_label(lines: &[Line]) -> HashMap<&str, (u64, u64)> {
    let mut groups: BTreeMap<&str, (u64, HashSet<&str>)> = BTreeMap::new();
    for line in lines {
        let group = groups.entry(&line.label).or_default();
        group.0 += 1;
        group.1.insert(&line.author);
    }
    groups.into_iter().map(|(label, (posts, authors))| (label, (posts, authors.len() as u64))).collect()
}

#[test]
fn every_planted_thing_is_in_the_stream_as_often_as_the_truth_says() {
    for (scenario, rate, seconds) in [
        ("default", 60.0, 7200),
        ("bursts", 40.0, 21_600),
        ("campaigns", 60.0, 3600),
        ("canaries", 60.0, 3600),
        ("news-day", 60.0, 7200),
    ] {
        let (lines, simulator) = run(scenario, rate, seconds);
        let found = by_label(&lines);
        let (mut things, mut events) = (0, 0);
        for record in simulator.truth().records {
            let (id, posts, authors) = match record {
                TruthRecord::Burst(burst) => (burst.id, burst.posts, burst.authors),
                TruthRecord::Narrative(story) => (story.id, story.posts, story.authors),
                TruthRecord::Campaign(campaign) => (campaign.id, campaign.posts, campaign.authors),
                TruthRecord::Canary(canary) => (canary.id, canary.posts, canary.authors),
                TruthRecord::Event(event) => {
                    events += 1;
                    assert_eq!(event.two.len(), 2);
                    continue;
                }
                _ => continue,
            };
            things += 1;
            assert_eq!(found.get(id.as_str()).copied().unwrap_or_default(), (posts, authors), "{scenario}: {id}");
        }
        assert!(things >= 4, "{scenario}: {things} things, {events} events");
    }
}

#[test]
fn a_novel_subject_stands_nowhere_but_where_the_truth_says() {
    let (lines, simulator) = run("bursts", 60.0, 21_600);
    let mut checked = 0;
    for record in simulator.truth().records {
        let TruthRecord::Burst(burst) = record else { continue };
        if burst.in_background {
            continue;
        }
        let needle = match burst.subject.kind {
            "hashtag" => format!("#{}", burst.subject.value),
            _ => burst.subject.value.clone(),
        };
        let (start, end) = (burst.start.unix(), burst.end.unix());
        let with: Vec<&Line> = lines.iter().filter(|line| line.text.contains(&needle)).collect();
        let during = with.iter().filter(|line| (start..end).contains(&line.time)).count() as u64;
        // A phrase may come about by chance.
        let slack = if burst.subject.kind == "phrase" { 2 } else { 0 };
        assert!((burst.posts..=burst.posts + slack).contains(&during), "{}: {during} of {}", burst.id, burst.posts);
        // Its usual posts come at the foretold rate outside.
        let outside = with.len() as f64 - during as f64;
        let hours = (21_600 - (end.min(lines[lines.len() - 1].time) - start)) as f64 / 3600.0;
        let foretold = burst.baseline_per_hour * hours;
        assert!(
            (outside - foretold).abs() < 0.8 * foretold + 6.0 * foretold.sqrt() + 6.0,
            "{}: {outside} outside, foretold {foretold}",
            burst.id
        );
        checked += 1;
    }
    assert!(checked > 0);
}

#[test]
fn bursts_of_common_words_rise_above_the_level_that_the_truth_foretells() {
    let (lines, simulator) = run("default", 100.0, 10_800);
    let mut checked = 0;
    for record in simulator.truth().records {
        let TruthRecord::Burst(burst) = record else { continue };
        // Words that stand apart from others by spaces; a word of an unspaced language is in the middle of others.
        if !burst.in_background || ["ja", "zh", "th"].contains(&burst.lang) {
            continue;
        }
        let with = |line: &&Line| {
            line.text
                .split(|letter: char| letter.is_whitespace() || ",.!?\\".contains(letter))
                .any(|word| word.to_lowercase() == burst.subject.value)
        };
        // Half an hour around the burst, by its label: what is left is the background's own.
        let (start, end) = (burst.start.unix() - 1800, burst.end.unix() + 1800);
        let window: Vec<&Line> = lines.iter().filter(|line| (start..end).contains(&line.time)).filter(with).collect();
        let background = window.iter().filter(|line| line.label != burst.id).count() as f64;
        let (first, last) = (lines[0].time.max(start), lines[lines.len() - 1].time.min(end));
        let foretold = burst.baseline_per_hour * (last - first) as f64 / 3600.0;
        assert!(
            (0.6..1.6).contains(&(background / foretold)),
            "{}: {background} in the background, foretold {foretold}",
            burst.id
        );
        checked += 1;
    }
    println!("{checked} bursts of common words");
}

#[test]
fn a_canary_stands_in_its_own_posts_and_nowhere_else() {
    let (lines, simulator) = run("canaries", 24.0, 3600);
    let truth = simulator.truth();
    let mut kinds = HashSet::new();
    for record in &truth.records {
        let TruthRecord::Canary(canary) = record else { continue };
        kinds.insert(canary.kind);
        assert!(canary.posts > 0, "{}: {} was never written", canary.id, canary.kind);
        assert!((1..5).contains(&canary.authors), "{}: {} authors", canary.id, canary.authors);
        let mut hits = 0;
        for line in &lines {
            if line.whole.contains(&canary.value) {
                hits += 1;
            }
            if line.label != canary.id {
                for needle in &canary.needles {
                    assert!(
                        !line.whole.contains(needle.as_str()),
                        "{}: {} stands in {}",
                        canary.id,
                        canary.kind,
                        line.label
                    );
                }
            }
        }
        assert_eq!(hits, canary.posts, "{}: {}", canary.id, canary.kind);
    }
    assert_eq!(kinds.len(), 22, "{kinds:?}");
    assert!(truth.needles().len() >= 240);

    let personal: Vec<_> = truth
        .records
        .iter()
        .filter_map(|record| if let TruthRecord::Pii(pii) = record { Some(pii) } else { None })
        .collect();
    assert!(personal.len() > 500, "{}", personal.len());
    let texts: HashMap<String, &str> = lines
        .iter()
        .filter_map(|line| {
            let value: Value = serde_json::from_str(&line.whole).unwrap();
            Some((value["id"].as_str()?.to_owned(), line.text.as_str()))
        })
        .filter(|(_, text)| !text.is_empty())
        .collect();
    for pii in personal {
        assert!(texts[&pii.post].contains(&pii.value), "{}", pii.kind);
    }
}

#[test]
fn quiet_streams_hold_nothing_planted() {
    for scenario in ["quiet", "lively", "load"] {
        let (lines, simulator) = run(scenario, 50.0, 600);
        assert_eq!(simulator.totals().planted, 0);
        assert_eq!(simulator.truth().records.len(), 2, "configuration and totals");
        // A deletion has no label.
        assert!(lines.iter().all(|line| line.label == "background" || line.label.is_empty()));
    }
}

#[test]
fn a_default_stream_has_something_to_see_in_its_first_minutes() {
    let (lines, _) = run("default", 150.0, 1200);
    // The tenth minute: hashtags and words of at least ten authors.
    let (from, until) = (lines[0].time + 540, lines[0].time + 600);
    let mut tags: HashMap<&str, HashSet<&str>> = HashMap::new();
    for line in lines.iter().filter(|line| (from..until).contains(&line.time)) {
        for tag in line.text.split_whitespace().filter(|word| word.starts_with('#')) {
            tags.entry(tag).or_default().insert(&line.author);
        }
    }
    let shown = tags.values().filter(|authors| authors.len() >= 10).count();
    assert!(shown >= 20, "{shown} hashtags with ten authors in one minute");
}

#[test]
fn a_truth_file_reads_as_it_is_described() {
    let (_, simulator) = run("default", 20.0, 3600);
    let truth = simulator.truth();
    let mut bytes = Vec::new();
    truth.write(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.lines().count(), truth.records.len());
    let mut first_of_kind: BTreeMap<String, Value> = BTreeMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        first_of_kind.entry(value["kind"].as_str().unwrap().to_owned()).or_insert(value);
    }
    insta::assert_json_snapshot!(first_of_kind);
}
