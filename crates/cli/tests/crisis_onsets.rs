//! `CrisisLexT6` (Olteanu et al., 2014), four disasters of 2012 and 2013 laid one after the other: where one stream ends and the next
//! begins, what the next one is about must be told as a burst, and nothing of it before.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test, which prints what it finds")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use groundswell_post::EventTime;

/// Which words name an event, how many hours its stream runs before it happens, and within how many it must be told then. The first of
/// the four has no past to stand out from. The tornado touched down on 20 May 2013 at 19:56 UTC; the floods had begun with their streams.
const EVENTS: [(&str, &[&str], i64, i64); 4] = [
    ("2012_Sandy_Hurricane", &[], 0, 0),
    ("2013_Queensland_Floods", &["queensland", "qld", "bundaberg", "brisbane", "bigwet", "flood", "qldflood"], 0, 12),
    ("2013_Oklahoma_Tornado", &["oklahoma", "tornado", "moore", "okc", "prayforoklahoma"], 20, 6),
    ("2013_Alberta_Floods", &["alberta", "calgary", "yyc", "yycflood", "abflood"], 0, 24),
];
/// False alerts a day: what is told is less likely than this.
const BUDGET: f64 = 1.0;

/// Midnight, in Unix seconds: when the first of them begins here.
const START: i64 = 1_767_571_200;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn time_of(value: &serde_json::Value) -> i64 {
    EventTime::parse(value.as_str().unwrap()).unwrap().unix()
}

fn midnight(time: i64) -> i64 {
    time.div_euclid(DAY) * DAY
}

#[test]
fn the_onsets_of_crises_laid_one_after_the_other_are_told() {
    let Some(file) = common::shared_data("crisis/crisislex-t6.ndjson.zst") else { return };
    let text = common::read_text(&file);
    let mut by_event: BTreeMap<String, Vec<(i64, serde_json::Value)>> = BTreeMap::new();
    for line in text.lines() {
        let post: serde_json::Value = serde_json::from_str(line).unwrap();
        let event = post["event"].as_str().unwrap().to_owned();
        by_event.entry(event).or_default().push((time_of(&post["time"]), post));
    }
    // Each begins at the midnight after the last post of the one before, so that hours of the day stay what they were.
    let mut start = START;
    let mut laid = String::new();
    let mut begins = Vec::new();
    for (event, ..) in EVENTS {
        let posts = by_event.get_mut(event).unwrap();
        posts.sort_by_key(|(time, _)| *time);
        let shift = start - midnight(posts[0].0);
        begins.push(start);
        for (time, post) in posts.iter() {
            let post = serde_json::json!({
                "time": *time + shift, "author": post["author"], "text": post["text"], "lang": "en"
            });
            writeln!(laid, "{post}").unwrap();
        }
        start = midnight(posts.last().unwrap().0 + shift) + DAY;
    }
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("laid.ndjson");
    std::fs::write(&input, laid).unwrap();
    let data = dir.path().join("data");
    common::succeed(common::groundswell().arg("replay").arg(&input).arg("--data").arg(&data).arg("--quiet"));
    let told = common::succeed(common::groundswell().args(["export", "detections", "--data"]).arg(&data));
    let told: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // When it was told, what it was about, and how much louder than usual that was.
    let mut told: Vec<(i64, &str, f64)> = told
        .iter()
        .filter(|row| row["kind"] == "burst" && row["evidence"]["q"].as_f64().unwrap() <= BUDGET)
        .map(|row| {
            let score = row["evidence"]["score"].as_f64().unwrap();
            (time_of(&row["detected_at"]), row["subject"]["value"].as_str().unwrap(), score)
        })
        .collect();
    told.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(b.1)));
    eprintln!("{} bursts told within a budget of {BUDGET} a day", told.len());
    for ((event, words, quiet_hours, within), begins) in EVENTS.iter().zip(&begins).skip(1) {
        let happens = begins + quiet_hours * HOUR;
        let due = |time: i64| (happens..happens + within * HOUR).contains(&time);
        let first = told.iter().find(|(time, word, _)| due(*time) && words.contains(word));
        let Some((time, word, score)) = first else { panic!("{event} was not told within {within} hours") };
        let louder = told.iter().filter(|other| due(other.0) && other.2 > *score).count();
        let hours = (time - happens) as f64 / HOUR as f64;
        eprintln!(
            "{event}: {word}, {score} times what is usual, told after {hours:.1} hours; {louder} louder in {within}"
        );
    }
    // Before its stream begins, no word that is only its own is told of.
    for (own, begins) in [("oklahoma", begins[2]), ("yycflood", begins[3])] {
        let early = told.iter().find(|(time, word, _)| *word == own && *time < begins);
        assert!(early.is_none(), "{own} was told before anybody wrote it: {early:?}");
    }
}
