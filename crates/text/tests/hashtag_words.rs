//! Hashtags that several words were run together for.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers fail loudly and say what they found")]

use std::collections::BTreeMap;
use std::io::Read as _;

use groundswell_edge::EdgePost;
use groundswell_text::names::{HASHTAG_WORDS_MAX, HashtagWords, NameFinder};
use groundswell_text::{Analysis, Analyzer};
use proptest::prelude::*;

fn words(apart: &HashtagWords, tag: &str) -> Vec<String> {
    let mut analysis = Analysis::new();
    let post = EdgePost { hashtags: vec![tag.to_owned()], ..EdgePost::default() };
    Analyzer::new().analyze(&post, &mut analysis);
    let mut words = Vec::new();
    if let Some(tag) = analysis.hashtags.first() {
        apart.of(&analysis, tag, &mut |word| words.push(word.to_owned()));
    }
    words
}

#[test]
fn hashtags_come_apart_by_capitals_and_by_words() {
    let apart = HashtagWords::new();
    for (tag, expected) in [
        ("ClimateActionNow", vec!["climate", "action", "now"]),
        ("climateActionNow", vec!["climate", "action", "now"]),
        ("climateactionnow", vec!["climate", "action", "now"]),
        ("EUReferendumNow", vec!["eu", "referendum", "now"]),
        ("Covid19VaccineNow", vec!["covid19", "vaccine", "now"]),
        ("save_the_planet", vec!["save", "the", "planet"]),
        ("ПолныйКонтакт", vec!["полный", "контакт"]),
        ("heavyrain", vec!["heavy", "rain"]),
        // One word, or not known to be several.
        ("flooding", vec![]),
        ("YouTube", vec![]),
        ("iPhone", vec![]),
        ("newyork", vec![]),
        ("qwrtzplk", vec![]),
        ("洪水警报", vec![]),
        ("", vec![]),
        // Names.
        ("JaneDoe", vec![]),
        ("janedoe", vec![]),
        ("jane_doe", vec![]),
        ("MariaDeLaCruz", vec![]),
        ("JаneDoe", vec![]),
    ] {
        assert_eq!(words(&apart, tag), expected, "{tag}");
    }
    let long = "ab".repeat(100);
    assert_eq!(words(&apart, &long), Vec::<String>::new());
    assert_eq!(words(&apart, &"OneTwo".repeat(5)), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What comes apart is the hashtag, in its order and whole; asked again it is the same; a name stays whole.
    #[test]
    fn the_words_are_the_hashtag(tag in prop_oneof![
        "[a-z]{1,30}", "([A-Z][a-z]{1,8}){1,6}", "[a-zA-Z0-9_é]{1,40}", "([А-Я][а-я]{1,6}){1,4}", "\\PC{0,30}",
        "(climate|action|now|rain|the|of|flood|jane|doe|maria){1,9}",
    ]) {
        let (apart, names) = (HashtagWords::new(), NameFinder::new());
        let mut analysis = Analysis::new();
        let post = EdgePost { hashtags: vec![tag.clone()], ..EdgePost::default() };
        Analyzer::new().analyze(&post, &mut analysis);
        let found = words(&apart, &tag);
        prop_assert_eq!(&found, &words(&apart, &tag));
        if let Some(tag) = analysis.hashtags.first().filter(|_| !found.is_empty()) {
            let value = analysis.hashtag(tag);
            prop_assert!((2..=HASHTAG_WORDS_MAX).contains(&found.len()));
            prop_assert_eq!(found.concat().replace('_', ""), value.replace('_', ""));
            prop_assert!(!names.joined(value) && !analysis.hashtag_spelling(tag).is_some_and(|spelling| names.spelt(spelling)));
        }
    }
}

/// Hashtags of a real stream that somebody spelt with capitals: what is found without them is compared with what they say.
#[test]
fn capitals_of_a_real_stream_agree() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/troll/troll-slice.ndjson.zst");
    let Ok(file) = std::fs::File::open(path) else {
        println!("SKIPPED: ../shared/data is absent");
        return;
    };
    let mut lines = String::new();
    zstd::Decoder::new(file).unwrap().read_to_string(&mut lines).unwrap();
    let (mut analyzer, mut analysis, apart) = (Analyzer::new(), Analysis::new(), HashtagWords::new());
    // By normal form: how many posts have it, and how often which spelling with capitals.
    let mut tags: BTreeMap<String, (u32, BTreeMap<String, u32>)> = BTreeMap::new();
    for line in lines.lines() {
        let post: serde_json::Value = serde_json::from_str(line).unwrap();
        let post = EdgePost { text: post["text"].as_str().unwrap().to_owned(), ..EdgePost::default() };
        analyzer.analyze(&post, &mut analysis);
        for tag in &analysis.hashtags {
            let counts = tags.entry(analysis.hashtag(tag).to_owned()).or_default();
            counts.0 += 1;
            if let Some(spelling) = analysis.hashtag_spelling(tag) {
                *counts.1.entry(spelling.to_owned()).or_default() += 1;
            }
        }
    }
    // Which words cost what was chosen by looking at one half of the hashtags; the other was kept aside.
    for half in [0, 1] {
        let (mut all, mut same, mut other, mut posts, mut posts_other) = (0, 0, 0, 0, 0);
        let (mut unspelt, mut taken_apart) = (0, 0);
        let of_half = |tag: &str| groundswell_text::hash_word(tag) % 2 == half;
        for (tag, (count, spellings)) in tags.iter().filter(|(tag, _)| of_half(tag)) {
            let found = words(&apart, tag);
            let Some((spelling, _)) = spellings.iter().max_by_key(|(_, count)| **count) else {
                unspelt += 1;
                taken_apart += u32::from(!found.is_empty());
                continue;
            };
            let said = words(&apart, spelling);
            if said.is_empty() {
                continue;
            }
            all += 1;
            if found == said {
                same += 1;
                posts += count;
            } else if !found.is_empty() {
                other += 1;
                posts_other += count;
            }
        }
        println!(
            "{}: of {all} hashtags that capitals part {same} come apart alike without them ({posts} posts), {other} otherwise \
             ({posts_other}); of {unspelt} that nobody spells with capitals {taken_apart} come apart",
            ["kept aside", "looked at"][half as usize],
        );
        assert!(same > other * 8, "{same} alike, {other} otherwise");
    }
}
