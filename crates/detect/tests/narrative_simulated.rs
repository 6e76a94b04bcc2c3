//! Planted stories in simulated streams: which are found, how soon, under how many names, and what else is found.
//!
//! `SEEDS=1,2,3 cargo test -p groundswell-detect --release --test narrative_simulated -- --ignored --nocapture`. `HOURS`,
//! `RATE`, `STORIES` (planted) and `SCENARIO` choose the stream. Posts carry the label of what they were planted for, so that
//! a narrative is about that of which most of its posts are.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot read its input fails")]

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use groundswell_detect::narrative::{
    EventKind, LocalId, NarrativeConfig, NarrativeEvent, NarrativeId, NarrativeObserver, Narratives, Reason,
};
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_post::EventTime;
use groundswell_sim::{SimConfig, Simulator, TruthRecord};
use groundswell_text::{Analysis, Analyzer, hash_word};

#[path = "narrative/links.rs"]
mod links;

const K: u64 = 10;
/// Planted narratives of so many authors are asked for.
const AUTHORS_ASKED: u64 = 50;
/// Seconds that a minute is waited for.
const LATENESS: i64 = 5;

fn setting<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// What a label is of: both strands of a story are that story.
fn whole(label: &str) -> &str {
    if label.starts_with("narrative") { label.trim_end_matches(['a', 'b']) } else { label }
}

#[derive(Default)]
struct Found {
    born: i64,
    ended: Option<Reason>,
    authors: u64,
    copies: f64,
    terms: Vec<String>,
    posts: BTreeMap<String, u64>,
}

impl Found {
    /// What most of its posts were planted for.
    fn about(&self) -> Option<&str> {
        let mut wholes: BTreeMap<&str, u64> = BTreeMap::new();
        self.posts.iter().for_each(|(label, posts)| *wholes.entry(whole(label)).or_default() += posts);
        let all: u64 = wholes.values().sum();
        let (label, posts) = wholes.into_iter().max_by_key(|(_, posts)| *posts)?;
        (posts * 2 >= all && label != "background").then_some(label)
    }
}

#[derive(Default)]
struct Sums {
    asked: usize,
    recalled: usize,
    delays: Vec<i64>,
    stories: usize,
    one_name: usize,
    one_name_in_log: usize,
    /// The same, but that a planted merge may be a merge of the log.
    one_name_or_merge: usize,
    /// And a planted split a split of the log.
    one_name_or_turn: usize,
    one_name_of_splits: usize,
    narratives: usize,
    planted: usize,
    of_fifty: usize,
    planted_of_fifty: usize,
    copied: usize,
    turns: [(usize, usize); 2],
    /// Of those, where both strands have [`AUTHORS_ASKED`] authors.
    large_turns: [(usize, usize); 2],
    /// Merges and splits of the log where one was planted, and all of them.
    told_turns: [(usize, usize); 2],
    ended_planted: usize,
    early: (usize, usize),
    links: links::Judged,
}

#[test]
#[ignore = "takes a minute a seed, optimised"]
fn planted_stories_are_found() {
    let seeds = std::env::var("SEEDS").unwrap_or_else(|_| "1".to_owned());
    let mut sums = Sums::default();
    for seed in seeds.split(',').map(|seed| seed.parse().unwrap()) {
        one_stream(seed, &mut sums);
    }
    sums.delays.sort_unstable();
    let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
    println!(
        "ALL recall {:.3} ({}/{}) precision {:.3} ({}/{}), of {AUTHORS_ASKED} authors {:.3} ({}/{}), copied text besides {} \
         delay {:?} s, one name {:.3} ({}/{}), where planted merges are followed {} and splits {}, with merges of the log followed {}, splits too {}, \
         merges {:?} splits {:?}, of two strands of {AUTHORS_ASKED} authors {:?} {:?}, of the log's merges and splits planted {:?} {:?}, planted ended early {}; born while little was seen: {:?}",
        share(sums.recalled, sums.asked),
        sums.recalled,
        sums.asked,
        share(sums.planted, sums.narratives),
        sums.planted,
        sums.narratives,
        share(sums.planted_of_fifty, sums.of_fifty),
        sums.planted_of_fifty,
        sums.of_fifty,
        sums.copied,
        sums.delays.get(sums.delays.len() / 2),
        share(sums.one_name, sums.stories),
        sums.one_name,
        sums.stories,
        sums.one_name_or_merge,
        sums.one_name_or_turn,
        sums.one_name_in_log,
        sums.one_name_of_splits,
        sums.turns[0],
        sums.turns[1],
        sums.large_turns[0],
        sums.large_turns[1],
        sums.told_turns[0],
        sums.told_turns[1],
        sums.ended_planted,
        sums.early,
    );
    println!("ALL {}", sums.links);
}

/// The name that a narrative goes by in the end, by the merges of the log.
fn last_name(merges: &[(NarrativeId, NarrativeId)], mut name: NarrativeId) -> NarrativeId {
    while let Some((_, into)) = merges.iter().find(|(from, _)| *from == name) {
        name = *into;
    }
    name
}

/// When a story or the one that it is a strand of begins.
fn start_of(records: &[TruthRecord], id: &str) -> i64 {
    let of_story = records.iter().filter_map(|record| match record {
        TruthRecord::Narrative(story) if whole(&story.id) == whole(id) => Some(story.start.unix()),
        _ => None,
    });
    of_story.min().unwrap_or(i64::MAX)
}

/// What was planted of a story's strands: that they become one, or two.
fn planted_turn<'a>(records: &'a [TruthRecord], id: &str) -> Option<&'a str> {
    records.iter().find_map(|record| match record {
        TruthRecord::Event(turn) if turn.one == whole(id) => Some(turn.event),
        _ => None,
    })
}

fn authors_of(records: &[TruthRecord], id: &str) -> u64 {
    let of_story = |record: &TruthRecord| match record {
        TruthRecord::Narrative(story) if story.id == id => Some(story.authors),
        _ => None,
    };
    records.iter().find_map(of_story).unwrap_or(0)
}

fn one_stream(seed: u64, sums: &mut Sums) {
    let config = SimConfig {
        seed,
        rate: setting("RATE", 40.0),
        duration: Duration::from_secs_f64(setting("HOURS", 3.0) * 3600.0),
        scenario: setting("SCENARIO", "default".to_owned()),
        narratives: std::env::var("STORIES").ok().and_then(|value| value.parse().ok()),
        labels: true,
        ..SimConfig::default()
    };
    let mut simulator = Simulator::new(config).unwrap();
    let (mut scrubber, mut analyzer, mut analysis) = (Scrubber::new(), Analyzer::new(), Analysis::new());
    let mut observer = NarrativeObserver::new(NarrativeConfig::default());
    let mut owner = Narratives::new(NarrativeConfig::default(), K);
    owner.remember_all();
    let mut found: BTreeMap<NarrativeId, Found> = BTreeMap::new();
    // Posts of clusters whose story has no name yet, by cluster.
    let mut waiting: HashMap<LocalId, BTreeMap<String, u64>> = HashMap::new();
    let mut labels: HashMap<u64, String> = HashMap::new();
    // Of each planted label: of each post, the close of its minute and the name that it went under.
    let mut names: BTreeMap<String, Vec<(i64, Option<NarrativeId>)>> = BTreeMap::new();
    let mut links = links::Links::default();
    let mut went: Vec<(String, LocalId)> = Vec::new();
    let mut merges: Vec<(NarrativeId, NarrativeId)> = Vec::new();
    let mut splits: Vec<(NarrativeId, NarrativeId)> = Vec::new();
    let mut events: BTreeMap<EventKind, usize> = BTreeMap::new();
    // Those of them that are no change of state.
    let mut log: Vec<NarrativeEvent> = Vec::new();
    let (mut closed_to, mut spent, mut posts, mut line) = (i64::MIN, 0.0, 0_u64, Vec::new());
    let (mut more, mut began_at) = (true, 0);
    while more {
        line.clear();
        more = simulator.next_into(&mut line).is_some();
        let record: serde_json::Value = serde_json::from_slice(&line).unwrap_or_default();
        let text = record["text"].as_str();
        if more && text.is_none() {
            continue;
        }
        let time =
            record["time"].as_str().and_then(|text| EventTime::parse(text).ok()).map_or(i64::MAX / 2, EventTime::unix);
        if closed_to == i64::MIN {
            closed_to = time.div_euclid(60) * 60;
            began_at = closed_to;
        }
        let began = Instant::now();
        if time - LATENESS >= closed_to + 60 {
            closed_to = if more { (time - LATENESS).div_euclid(60) * 60 } else { closed_to + 120 };
            let mut told: Vec<(u64, LocalId)> = Vec::new();
            observer.close_and_tell(closed_to, &mut |key, local| told.push((key, local)), &mut |delta| {
                owner.merge(0, delta);
            });
            let closed = owner.close(closed_to);
            spent += began.elapsed().as_secs_f64();
            for event in closed.events {
                *events.entry(event.event).or_default() += 1;
                match event.event {
                    EventKind::Birth => found.entry(event.id).or_default().born = event.time,
                    EventKind::Merge => merges.push((event.id, event.others[0])),
                    EventKind::Split => splits.push((event.id, event.others[0])),
                    EventKind::End => found.entry(event.id).or_default().ended = Some(event.reason),
                    EventKind::State => continue,
                }
                log.push(event);
            }
            for candidate in closed.candidates {
                links.note(&candidate, K);
                let entry = found.entry(candidate.id).or_default();
                entry.authors = candidate.authors;
                entry.copies = candidate.copies as f64 / candidate.posts.max(1) as f64;
                entry.terms = candidate.terms.iter().take(6).map(|part| part.form.clone()).collect();
            }
            for (key, local) in told {
                let Some(label) = labels.remove(&key) else { continue };
                let name = owner.name_now(0, local);
                went.push((label.clone(), local));
                names.entry(label.clone()).or_default().push((closed_to, name));
                if let Some(name) = name {
                    let of_name = &mut found.entry(name).or_default().posts;
                    for (label, posts) in waiting.remove(&local).into_iter().flatten() {
                        *of_name.entry(label).or_default() += posts;
                    }
                    *of_name.entry(label).or_default() += 1;
                } else {
                    *waiting.entry(local).or_default().entry(label).or_default() += 1;
                }
            }
        }
        let Some(text) = text else { continue };
        let (mut scrubbed, mut links) = (String::new(), LinkSink::default());
        scrubber.scrub(text, &mut scrubbed, &mut links);
        let key = hash_word(record["id"].as_str().unwrap());
        labels.insert(key, record["label"].as_str().unwrap().to_owned());
        let post = EdgePost {
            time: EventTime::from_unix(time),
            text: scrubbed,
            language: record["lang"].as_str().and_then(|code| code.as_bytes().try_into().ok()),
            links: links.links().to_vec(),
            author: record["author"].as_str().map(|author| AuthorToken::from_bits(hash_word(author))),
            key: Some(PostKey::from_bits(key)),
            ..EdgePost::default()
        };
        analyzer.analyze(&post, &mut analysis);
        let began = Instant::now();
        observer.observe(&post, &analysis, &[]);
        spent += began.elapsed().as_secs_f64();
        posts += 1;
    }
    println!(
        "seed {seed}: {posts} posts, {:.2} us a post beside the analysis; {} live; {events:?}",
        spent * 1e6 / posts as f64,
        observer.clusterer().live()
    );
    let truth = simulator.truth();
    // What begins before it can be told what rises is counted apart.
    let warm = began_at + setting("WARM", 65_i64) * 60;
    // Of each planted story, its names.
    let mut of_story: BTreeMap<&str, Vec<NarrativeId>> = BTreeMap::new();
    for (id, narrative) in &found {
        if let Some(about) = narrative.about() {
            of_story.entry(about).or_default().push(*id);
        }
    }
    let mut tenth: BTreeMap<String, i64> = BTreeMap::new();
    for record in &truth.records {
        let TruthRecord::Narrative(story) = record else { continue };
        if let Some(time) = story.tenth_author {
            if start_of(&truth.records, &story.id) < warm {
                continue;
            }
            let first = tenth.entry(whole(&story.id).to_owned()).or_insert(i64::MAX);
            *first = (*first).min(time.unix());
        }
    }
    for record in &truth.records {
        let TruthRecord::Narrative(story) = record else { continue };
        if story.authors < AUTHORS_ASKED || start_of(&truth.records, &story.id) < warm {
            continue;
        }
        // Found: most of what is written of it from the birth of a narrative about it on goes there.
        let ids = of_story.get(whole(&story.id)).cloned().unwrap_or_default();
        let born = ids.iter().map(|id| found[id].born).min().unwrap_or(i64::MAX);
        let (mut all, mut by_name) = (0, BTreeMap::<NarrativeId, u64>::new());
        for (_, name) in names.get(&story.id).into_iter().flatten().filter(|(closed, _)| *closed >= born) {
            all += 1;
            if let Some(name) = name.filter(|name| ids.contains(name)) {
                *by_name.entry(name).or_default() += 1;
            }
        }
        let (inside, most) = (by_name.values().sum::<u64>(), by_name.values().copied().max().unwrap_or(0));
        let is_found = inside * 2 >= all && inside > 0;
        sums.asked += 1;
        sums.recalled += usize::from(is_found);
        sums.stories += 1;
        // One name: nine tenths of what went under a name of it went under one.
        let is_one = inside > 0 && most * 10 >= inside * 9;
        sums.one_name += usize::from(is_one);
        // Who follows the log knows of two names of one story that they are one.
        let mut followed = BTreeMap::<NarrativeId, u64>::new();
        for (name, posts) in &by_name {
            *followed.entry(last_name(&merges, *name)).or_default() += posts;
        }
        // Who follows the log knows too that one was split from the other.
        let mut of_splits = BTreeMap::<NarrativeId, u64>::new();
        for (name, posts) in &by_name {
            let name = last_name(&merges, *name);
            let of = splits.iter().find(|(one, _)| *one == name).map_or(name, |(_, of)| last_name(&merges, *of));
            *of_splits.entry(of).or_default() += posts;
        }
        let in_log = followed.values().any(|most| inside > 0 && most * 10 >= inside * 9);
        sums.one_name_in_log += usize::from(in_log);
        let with_splits = of_splits.values().any(|most| inside > 0 && most * 10 >= inside * 9);
        let turn = planted_turn(&truth.records, &story.id);
        let by_merge = is_one || in_log && turn == Some("merge");
        sums.one_name_or_merge += usize::from(by_merge);
        sums.one_name_or_turn += usize::from(by_merge || with_splits && turn == Some("split"));
        sums.one_name_of_splits += usize::from(with_splits);
        println!(
            "  {} {:?} authors {} posts {}, {all} since birth, inside {inside} most {most} found {is_found} names {}",
            story.id,
            story.langs,
            story.authors,
            story.posts,
            ids.len()
        );
        if !is_found || !is_one {
            let mut under: BTreeMap<String, u64> = BTreeMap::new();
            for (_, name) in
                names.get(&story.id).into_iter().flatten().filter(|(closed, _)| *closed >= born || ids.is_empty())
            {
                let of = name.map(|name| format!("{} ({})", name, found[&name].about().unwrap_or("nothing")));
                *under.entry(of.unwrap_or_else(|| "no name".to_owned())).or_default() += 1;
            }
            println!("    planted turn {turn:?}; the log has, in minutes since the stream began:");
            for event in log.iter().filter(|event| ids.contains(&event.id)) {
                let others: Vec<String> = event.others.iter().map(ToString::to_string).collect();
                println!("      {} {:?} {} {others:?}", (event.time - began_at) / 60, event.event, event.id);
            }
            println!("    went under {under:?}; words {:?} #{}", &story.terms, story.hashtag);
            // Of each cluster of the end: its posts of this story, and of everything.
            let mut of_root: BTreeMap<_, (u64, u64)> = BTreeMap::new();
            for (label, local) in &went {
                let parts = of_root.entry(owner.became(0, *local)).or_default();
                parts.0 += u64::from(*label == story.id);
                parts.1 += 1;
            }
            let mut largest: Vec<(u64, u64)> = of_root.into_values().filter(|parts| parts.0 > 0).collect();
            largest.sort_unstable_by(|a, b| b.cmp(a));
            println!("    clusters {}: {:?}", largest.len(), &largest[..largest.len().min(6)]);
        }
    }
    for (story, time) in &tenth {
        let born = of_story.get(story.as_str()).into_iter().flatten().map(|id| found[id].born).min();
        sums.delays.extend(born.map(|born| born + LATENESS - time));
        println!("  {story} delay {:?}", born.map(|born| born + LATENESS - time));
    }
    for record in &truth.records {
        let TruthRecord::Event(event) = record else { continue };
        let (place, told) = if event.event == "merge" { (0, &merges) } else { (1, &splits) };
        if start_of(&truth.records, &event.one) < warm {
            continue;
        }
        let ids = of_story.get(event.one.as_str()).cloned().unwrap_or_default();
        sums.turns[place].1 += 1;
        let is_told = told.iter().any(|(one, other)| ids.contains(one) && ids.contains(other));
        sums.turns[place].0 += usize::from(is_told);
        let strands: Vec<u64> = event.two.iter().map(|strand| authors_of(&truth.records, strand)).collect();
        if strands.iter().all(|authors| *authors >= AUTHORS_ASKED) {
            sums.large_turns[place].1 += 1;
            sums.large_turns[place].0 += usize::from(is_told);
        }
        println!("  {} of {}, strands of {strands:?} authors, in the log {is_told}", event.event, event.one);
    }
    for event in log.iter().filter(|event| found.get(&event.id).is_some_and(|narrative| narrative.born >= warm)) {
        let (place, turn) = match event.event {
            EventKind::Merge => (0, "merge"),
            EventKind::Split => (1, "split"),
            _ => continue,
        };
        let about = found[&event.id].about();
        let is_planted = about.is_some_and(|about| planted_turn(&truth.records, about) == Some(turn));
        sums.told_turns[place].0 += usize::from(is_planted);
        sums.told_turns[place].1 += 1;
        if !is_planted {
            let of = event.others.first().and_then(|other| found.get(other)?.about());
            let minute = (event.time - began_at) / 60;
            println!(
                "  {turn} of {about:?} and {of:?} in minute {minute}, which was not planted: {:?}",
                found[&event.id].terms
            );
        }
    }
    let about = |id: NarrativeId| found.get(&id).and_then(Found::about).map(str::to_owned);
    let mut judged = links::Judged::default();
    links.judge(&about, &mut judged);
    links.judge(&about, &mut sums.links);
    println!("  {judged}");
    let mut nothing: Vec<&Found> = Vec::new();
    for narrative in found.values() {
        let planted = narrative.about().is_some();
        if narrative.born < warm {
            sums.early.0 += usize::from(planted);
            sums.early.1 += 1;
            continue;
        }
        sums.narratives += 1;
        sums.planted += usize::from(planted);
        sums.of_fifty += usize::from(narrative.authors >= AUTHORS_ASKED);
        sums.planted_of_fifty += usize::from(planted && narrative.authors >= AUTHORS_ASKED);
        sums.ended_planted += usize::from(planted && narrative.ended.is_some());
        if !planted {
            sums.copied += usize::from(narrative.copies >= 0.8);
            nothing.push(narrative);
        }
    }
    let mut hours: BTreeMap<i64, usize> = BTreeMap::new();
    nothing.iter().for_each(|narrative| *hours.entry((narrative.born - began_at) / 3600).or_default() += 1);
    nothing.sort_by_key(|narrative| std::cmp::Reverse(narrative.authors));
    println!("  {} narratives, {} about nothing planted, {:?} of them by hour", found.len(), nothing.len(), hours);
    for narrative in nothing.iter().take(setting("SHOW", 12)) {
        let posts: u64 = narrative.posts.values().sum();
        println!(
            "    posts {posts} authors {} copies {:.2} {:?}",
            narrative.authors, narrative.copies, narrative.terms
        );
    }
}
