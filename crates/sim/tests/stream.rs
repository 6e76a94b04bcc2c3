//! What every stream promises: its bytes, its rate, its rhythm, its words.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use groundswell_post::EventTime;
use groundswell_sim::{Faults, Scenario, SimConfig, Simulator};
use proptest::prelude::*;
use serde_json::Value;

fn config(scenario: &str, rate: f64, seconds: u64) -> SimConfig {
    SimConfig { scenario: scenario.to_owned(), rate, duration: Duration::from_secs(seconds), ..SimConfig::default() }
}

fn stream(config: SimConfig) -> (Vec<u8>, Simulator) {
    let mut simulator = Simulator::new(config).unwrap();
    let mut out = Vec::new();
    while simulator.next_into(&mut out).is_some() {}
    assert!(simulator.ended());
    (out, simulator)
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Value> + '_ {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_slice(line).unwrap())
}

fn time(line: &Value) -> i64 {
    EventTime::parse(line["time"].as_str().unwrap()).unwrap().unix()
}

/// Words as the measuring script of `docs/methods/simulator.md` takes them: letters and digits, lower case, links apart.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace()
        .filter(|part| !part.contains("://"))
        .flat_map(|part| part.split(|letter: char| !letter.is_alphanumeric() && letter != '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// The slope of the logarithm of frequency over that of rank, from rank 10 to 10,000.
fn slope(counts: &HashMap<String, u32>) -> f64 {
    let mut sorted: Vec<u32> = counts.values().copied().collect();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let mut points = Vec::new();
    let mut rank = 10;
    while rank <= sorted.len().min(10_000) {
        points.push(((rank as f64).ln(), f64::from(sorted[rank - 1]).ln()));
        rank = rank * 13 / 10 + 1;
    }
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0 / count, sum.1 + point.1 / count));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    covariance / variance
}

#[test]
fn a_seed_is_one_stream_of_bytes() {
    let mut digests = String::new();
    for scenario in Scenario::NAMES {
        let mut simulator = Simulator::new(config(scenario, 20.0, 3600)).unwrap();
        let mut out = Vec::new();
        for _ in 0..10_000 {
            simulator.next_into(&mut out).unwrap();
        }
        writeln!(digests, "{scenario}: {}", blake3::hash(&out)).unwrap();
    }
    insta::assert_snapshot!(digests);
}

#[test]
fn every_line_of_every_scenario_is_a_record() {
    for scenario in Scenario::NAMES {
        let (out, simulator) = stream(config(scenario, 40.0, 1200));
        let (mut posts, mut deletions) = (0, 0);
        for line in lines(&out) {
            let text = |field: &str| line[field].as_str().map(str::len).unwrap_or_default();
            assert!(text("id") > 0 && text("time") == 20 && text("source") > 0, "{scenario}: {line}");
            if line["delete"] == true {
                deletions += 1;
                continue;
            }
            posts += 1;
            assert!(text("author") > 0 && text("text") > 0, "{scenario}: {line}");
            if text("publisher") > 0 {
                assert!(text("title") > 0 && text("url") > 0, "{scenario}: {line}");
            }
        }
        let totals = simulator.totals();
        assert_eq!((posts, deletions), (totals.posts + totals.repeated, totals.deletions), "{scenario}");
    }
}

#[test]
fn faults_come_as_often_as_asked_and_never_otherwise() {
    let faults = Faults { deletions: 0.01, repeats: 0.02, disorder: 0.03, disorder_seconds_max: 30 };
    let (out, simulator) = stream(SimConfig { faults: Some(faults), ..config("quiet", 50.0, 1200) });
    let totals = simulator.totals();
    for (found, asked) in [(totals.deletions, 0.01), (totals.repeated, 0.02), (totals.disordered, 0.03)] {
        let share = found as f64 / totals.posts as f64;
        assert!((share / asked - 1.0).abs() < 0.2, "{share} of {asked}");
    }
    let (mut seen, mut latest, mut late, mut twice) = (HashSet::new(), i64::MIN, 0_u64, 0_u64);
    for line in lines(&out) {
        let id = line["id"].as_str().unwrap().to_owned();
        if line["delete"] == true {
            assert!(seen.contains(&id), "a deletion names a post that was written");
            continue;
        }
        let at = time(&line);
        if !seen.insert(id) {
            twice += 1;
        } else if at < latest {
            late += 1;
            assert!(latest - at <= 30);
        }
        latest = latest.max(at);
    }
    assert_eq!(twice, totals.repeated);
    // The first post of a second may carry the time of the one before, and is then in order all the same.
    assert!((0.97..=1.0).contains(&(late as f64 / totals.disordered as f64)), "{late} of {}", totals.disordered);

    let (out, simulator) = stream(SimConfig { faults: Some(Faults::default()), ..config("default", 50.0, 1200) });
    let totals = simulator.totals();
    assert_eq!((totals.deletions, totals.repeated, totals.disordered), (0, 0, 0));
    let times: Vec<i64> = lines(&out).map(|line| time(&line)).collect();
    assert!(times.is_sorted());
}

#[test]
fn a_day_comes_to_the_rate_asked_for() {
    for scenario in Scenario::NAMES {
        let (_, simulator) = stream(config(scenario, 1.5, 86_400));
        let found = simulator.totals().posts as f64 / 86_400.0;
        assert!((found / 1.5 - 1.0).abs() < 0.03, "{scenario}: {found}");
    }
}

#[test]
fn days_have_a_rhythm() {
    let (out, _) = stream(config("quiet", 6.0, 2 * 86_400));
    let mut hours = [0_u32; 24];
    for line in lines(&out).filter(|line| line["lang"] == "ja") {
        hours[(time(&line) / 3600 + 9).rem_euclid(24) as usize] += 1;
    }
    assert!(hours[20] > 4 * hours[3] && hours[12] > 2 * hours[4], "{hours:?}");
}

#[test]
fn words_and_marks_are_as_frequent_as_in_real_sets() {
    let (out, _) = stream(config("lively", 100.0, 1200));
    let (mut counts, mut english) = (HashMap::new(), HashMap::new());
    let (mut posts, mut declared, mut links, mut hashtags, mut mentions) = (0, 0, 0, 0, 0);
    let (mut english_posts, mut english_words) = (0, 0);
    let mut relations: HashMap<String, u32> = HashMap::new();
    for line in lines(&out).filter(|line| line["text"].is_string()) {
        let text = line["text"].as_str().unwrap();
        posts += 1;
        declared += u32::from(line["lang"].is_string());
        links += u32::from(text.contains("://") || line["links"].is_array());
        hashtags += u32::from(text.contains(" #"));
        mentions += u32::from(text.contains('@'));
        *relations.entry(line["relation"].as_str().unwrap_or("post").to_owned()).or_default() += 1;
        for word in words(text) {
            *counts.entry(word).or_default() += 1;
        }
        if line["lang"] == "en" {
            english_posts += 1;
            for word in words(text) {
                english_words += 1;
                *english.entry(word).or_default() += 1;
            }
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(posts);
    assert!((share(declared) - 0.70).abs() < 0.04, "declared {}", share(declared));
    assert!((share(links) - 0.35).abs() < 0.06, "links {}", share(links));
    assert!((share(hashtags) - 0.25).abs() < 0.04, "hashtags {}", share(hashtags));
    assert!((share(mentions) - 0.20).abs() < 0.04, "mentions {}", share(mentions));
    for (relation, expected) in [("post", 0.47), ("reply", 0.30), ("repost", 0.15), ("quote", 0.08)] {
        assert!((share(relations[relation]) - expected).abs() < 0.04, "{relation} {}", share(relations[relation]));
    }
    let length = f64::from(english_words) / f64::from(english_posts);
    assert!((13.0..17.0).contains(&length), "words a post {length}");
    assert!((-1.1..-0.8).contains(&slope(&counts)), "slope {}", slope(&counts));

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/troll/troll-slice.ndjson.zst");
    let Ok(file) = std::fs::File::open(&path) else {
        println!("SKIPPED: ../shared/data is absent");
        return;
    };
    let mut real: HashMap<String, u32> = HashMap::new();
    for line in BufReader::new(zstd::Decoder::new(file).unwrap()).lines().take(100_000) {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if line["lang"] == "en" {
            for word in words(line["text"].as_str().unwrap()) {
                *real.entry(word).or_default() += 1;
            }
        }
    }
    let (made, real) = (slope(&english), slope(&real));
    assert!((made - real).abs() < 0.12, "slope of English: {made} here, {real} in the troll slice");
}

#[test]
fn the_vocabulary_foretells_how_often_words_come() {
    let (out, simulator) = stream(config("load", 200.0, 1200));
    let vocabulary = simulator.vocabulary();
    assert!(vocabulary.len() > 500_000);
    assert!(vocabulary.windows(2).all(|pair| pair[0].1 >= pair[1].1));
    let mut counts: HashMap<String, u32> = HashMap::new();
    let mut posts = 0;
    for line in lines(&out) {
        posts += 1;
        for word in words(line["text"].as_str().unwrap()) {
            *counts.entry(word).or_default() += 1;
        }
    }
    // English words that no theme has; the mix of languages of twenty minutes is not that of a week.
    let ratios: Vec<f64> = ["people", "school", "think", "never", "house", "money", "write", "offer"]
        .iter()
        .map(|word| {
            let foretold = vocabulary.iter().find(|(other, _)| other == word).unwrap().1;
            f64::from(counts[*word]) / f64::from(posts) / foretold
        })
        .collect();
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!((0.7..1.6).contains(&mean), "{ratios:?}");
    assert!(ratios.iter().all(|ratio| (ratio / mean - 1.0).abs() < 0.35), "{ratios:?}");
}

#[test]
fn a_stream_without_end_runs_with_the_clock() {
    let open = SimConfig { duration: Duration::from_hours(10 * 365 * 24), ..config("default", 30.0, 1) };
    let start = open.start.unix();
    let mut simulator = Simulator::new(open.clone()).unwrap();
    let mut pieces = Vec::new();
    for now in (0..5400).step_by(7) {
        let until = EventTime::from_unix(start + now);
        loop {
            let filled = simulator.fill_block(4096, Some(until), &mut pieces);
            assert!(!filled.ended && filled.last_time.is_none_or(|time| time <= until));
            if filled.lines == 0 {
                break;
            }
        }
    }
    let mut whole = Vec::new();
    Simulator::new(open).unwrap().fill_block(pieces.len(), None, &mut whole);
    assert!(whole == pieces, "how a stream is cut changes nothing");
    let truth = simulator.truth();
    let kinds = |kind: &str| {
        truth.records.iter().filter(|record| serde_json::to_value(record).unwrap()["kind"] == kind).count()
    };
    assert!(kinds("burst") >= 5 && kinds("narrative") >= 2 && kinds("campaign") >= 1 && kinds("canary") >= 5);
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let message = |config: SimConfig| Simulator::new(config).unwrap_err().to_string();
    assert_eq!(
        message(config("party", 1.0, 1)),
        "scenario: expected one of default, quiet, lively, bursts, campaigns, canaries, load, news-day, found \"party\""
    );
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
        assert!(message(config("quiet", rate, 1)).starts_with("rate: expected"));
    }
    assert_eq!(message(config("quiet", 1.0, 0)), "duration: expected at least one second");
    let early = SimConfig { start: EventTime::from_unix(0), ..config("quiet", 1.0, 1) };
    assert!(message(early).starts_with("start: expected 2000-01-01T00:00:00Z or later"));
    let faults = Faults { deletions: 1.5, ..Faults::default() };
    assert!(message(SimConfig { faults: Some(faults), ..config("quiet", 1.0, 1) }).starts_with("deletions: expected"));
    assert!(message(SimConfig { bursts: Some(100_000), ..config("quiet", 1.0, 1) }).starts_with("bursts: expected"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_configuration_gives_a_stream(
        seed: u64,
        scenario in prop::sample::select(Scenario::NAMES.to_vec()),
        rate in 0.001_f64..300.0,
        seconds in 1_u64..400,
        start in 946_684_800_i64..4_102_444_800,
        bursts in prop::option::of(0_u32..20),
        canaries in prop::option::of(0_u32..60),
    ) {
        let config = SimConfig {
            seed,
            start: EventTime::from_unix(start),
            bursts,
            canaries,
            narratives: bursts,
            campaigns: bursts,
            ..config(scenario, rate, seconds)
        };
        let (first, _) = stream(config.clone());
        let (second, _) = stream(config);
        prop_assert!(first == second);
        for line in lines(&first) {
            let at = time(&line);
            prop_assert!(at >= start && at < start + seconds as i64);
        }
    }
}

/// Words that are in at least twenty of an hour's posts, three times as often a post as in the day: how many hours of words there are.
fn risen(scenario: &str) -> usize {
    let (out, _) = stream(config(scenario, 3.0, 86_400));
    let (mut hours, mut of_day): (HashMap<(String, i64), u32>, HashMap<String, u32>) = Default::default();
    let (mut posts, mut all) = ([0_u32; 24], 0);
    for line in lines(&out).filter(|line| line["lang"] == "en" && line["text"].is_string()) {
        let hour = time(&line).rem_euclid(86_400) / 3600;
        posts[hour as usize] += 1;
        all += 1;
        for word in words(line["text"].as_str().unwrap()).collect::<BTreeSet<_>>() {
            *of_day.entry(word.clone()).or_default() += 1;
            *hours.entry((word, hour)).or_default() += 1;
        }
    }
    let rises = |((word, hour), count): (&(String, i64), &u32)| {
        let usual = f64::from(of_day[word]) / f64::from(all) * f64::from(posts[*hour as usize]);
        *count >= 20 && f64::from(*count) > 3.0 * usual
    };
    hours.iter().filter(|hour| rises(*hour)).count()
}

#[test]
fn hardly_anything_rises_in_a_quiet_stream_and_much_in_a_lively_one() {
    let (quiet, lively) = (risen("quiet"), risen("lively"));
    // Of forty thousand words an hour, some do by chance: a text is passed on by a few.
    assert!(quiet < 12 && lively > 10 * quiet, "{quiet} {lively}");
}
