//! Planted stories in a simulated stream: which are found, how soon, under how many names, and what else is found.
//!
//! `groundswell simulate --seed 1 --rate 40 --duration 3h --out s.ndjson --truth t.ndjson`, then
//! `SIM=s.ndjson TRUTH=t.ndjson cargo test -p groundswell-detect --test narrative_simulated -- --ignored --nocapture`.
//! Posts carry no label, so a narrative is taken for the planted one of which three of its leading terms are.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot read its input fails")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Instant;

use groundswell_detect::narrative::{
    EventKind, NarrativeCandidate, NarrativeConfig, NarrativeId, NarrativeObserver, Narratives,
};
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_post::EventTime;
use groundswell_text::{Analysis, Analyzer, hash_word};

struct Planted {
    id: String,
    words: HashSet<String>,
    tenth: i64,
    authors: u64,
}

fn lines(path: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.split('\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn seconds(value: &serde_json::Value) -> i64 {
    value.as_str().and_then(|text| EventTime::parse(text).ok()).map_or(0, EventTime::unix)
}

fn planted(path: &str) -> Vec<Planted> {
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    let mut all = Vec::new();
    for record in lines(path) {
        let kind = record["kind"].as_str().unwrap();
        let subject = record["subject"]["value"].as_str().unwrap_or_default();
        let texts: Vec<String> = match kind {
            "narrative" => {
                record["terms"].as_array().unwrap().iter().map(|term| term.as_str().unwrap().to_owned()).collect()
            }
            "campaign" => vec![record["shared_text"].as_str().unwrap().to_owned()],
            "burst" => vec![subject.to_owned()],
            _ => continue,
        };
        let mut words = HashSet::new();
        for text in texts {
            analyzer.tokenize(&text, &mut analysis);
            words.extend(analysis.words.iter().map(|word| analysis.word(word).to_owned()));
        }
        words.extend(["hashtag", "domain"].iter().filter_map(|name| record[*name].as_str()).map(str::to_lowercase));
        all.push(Planted {
            id: format!("{kind} {}", record["id"].as_str().unwrap()),
            words,
            tenth: seconds(&record["tenth_author"]),
            authors: record["authors"].as_u64().unwrap_or(0),
        });
    }
    all
}

/// The planted thing that a narrative is about.
fn about<'a>(narrative: &NarrativeCandidate, planted: &'a [Planted]) -> Option<&'a Planted> {
    let parts: BTreeSet<&str> = narrative
        .terms
        .iter()
        .take(8)
        .chain(narrative.hashtags.iter().take(2))
        .chain(narrative.domains.iter().take(2))
        .map(|part| part.form.as_str())
        .collect();
    let shared = |planted: &Planted| parts.iter().filter(|part| planted.words.contains(**part)).count();
    let asked = |planted: &Planted| if planted.id.starts_with("burst") { 1 } else { 3 };
    planted
        .iter()
        .filter(|planted| shared(planted) >= asked(planted))
        .max_by_key(|planted| (shared(planted), planted.authors))
}

#[test]
#[ignore = "needs a simulated stream"]
fn planted_stories_are_found() {
    let (Ok(sim), Ok(truth)) = (std::env::var("SIM"), std::env::var("TRUTH")) else {
        println!("SKIPPED: SIM and TRUTH are not set");
        return;
    };
    let planted = planted(&truth);
    let (mut scrubber, mut analyzer, mut analysis) = (Scrubber::new(), Analyzer::new(), Analysis::new());
    let mut observer = NarrativeObserver::new(NarrativeConfig::default());
    let mut owner = Narratives::new(NarrativeConfig::default(), 10);
    let mut latest: BTreeMap<NarrativeId, NarrativeCandidate> = BTreeMap::new();
    let mut births: BTreeMap<NarrativeId, i64> = BTreeMap::new();
    let mut events: BTreeMap<EventKind, usize> = BTreeMap::new();
    let (mut closed_to, mut spent, mut posts) = (0, 0.0, 0);
    for record in lines(&sim) {
        let Some(text) = record["text"].as_str() else { continue };
        let time = seconds(&record["time"]);
        let (mut scrubbed, mut links) = (String::new(), LinkSink::default());
        scrubber.scrub(text, &mut scrubbed, &mut links);
        let post = EdgePost {
            time: EventTime::from_unix(time),
            text: scrubbed,
            language: record["lang"].as_str().and_then(|code| code.as_bytes().try_into().ok()),
            links: links.links().to_vec(),
            author: record["author"].as_str().map(|author| AuthorToken::from_bits(hash_word(author))),
            key: record["id"].as_str().map(|id| PostKey::from_bits(hash_word(id))),
            ..EdgePost::default()
        };
        analyzer.analyze(&post, &mut analysis);
        let began = Instant::now();
        observer.observe(&post, &analysis, &[]);
        posts += 1;
        if time - 5 >= closed_to + 60 {
            closed_to = (time - 5).div_euclid(60) * 60;
            observer.close(closed_to, &mut |delta| owner.merge(0, delta));
            let closed = owner.close(closed_to);
            for event in closed.events {
                *events.entry(event.event).or_default() += 1;
                if event.event == EventKind::End {
                    latest.remove(&event.id);
                    births.remove(&event.id);
                }
                if event.event == EventKind::Birth {
                    births.insert(event.id, event.time);
                }
            }
            latest.extend(closed.candidates.into_iter().map(|candidate| (candidate.id, candidate)));
        }
        spent += began.elapsed().as_secs_f64();
    }
    println!(
        "{:.2} us a post beside the analysis; {} live; {events:?}",
        spent * 1e6 / f64::from(posts),
        observer.clusterer().live()
    );
    println!("{:?}\n{:?} bytes {:?}", observer.counters(), owner.counters(), observer.clusterer().bytes());
    let mut found: BTreeMap<&str, Vec<NarrativeId>> = BTreeMap::new();
    let mut nothing = Vec::new();
    for narrative in latest.values() {
        match about(narrative, &planted) {
            Some(planted) => found.entry(&planted.id).or_default().push(narrative.id),
            None => nothing.push(narrative),
        }
    }
    let (mut asked, mut recalled, mut delays) = (0, 0, Vec::new());
    for story in planted.iter().filter(|story| story.id.starts_with("narrative") && story.authors >= 10) {
        let ids = found.get(story.id.as_str()).cloned().unwrap_or_default();
        let first = ids.iter().map(|id| births.get(id).copied().unwrap_or(i64::MAX)).min();
        let delay = first.map(|first| first - story.tenth);
        println!("{} authors {}: {} ids, delay {delay:?}", story.id, story.authors, ids.len());
        if story.authors >= 50 {
            asked += 1;
            recalled += usize::from(!ids.is_empty());
            delays.extend(delay);
        }
    }
    delays.sort_unstable();
    println!("of 50 authors: {recalled} of {asked}, median delay {:?} s", delays.get(delays.len() / 2));
    println!("{} narratives, {} about nothing planted", latest.len(), nothing.len());
    nothing.sort_by_key(|narrative| std::cmp::Reverse(narrative.posts));
    for narrative in nothing.iter().take(25) {
        let terms: Vec<(&str, u32)> =
            narrative.terms.iter().take(6).map(|term| (term.form.as_str(), term.weight)).collect();
        println!(
            "  {} posts {} copies {} authors {:?} {:?}",
            narrative.posts,
            narrative.copies,
            narrative.authors,
            narrative.languages.first(),
            terms
        );
    }
}
