//! `eval clustering`: the narrative detector as one worker and the owner run it, over labelled posts in the order of the file.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::Context as _;
use groundswell_detect::narrative::eval::compare;
use groundswell_detect::narrative::{LocalId, NarrativeConfig, NarrativeObserver, Narratives};
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_gate::K;
use groundswell_post::EventTime;
use groundswell_text::{Analysis, Analyzer, hash_word};
use serde::Deserialize;

use super::{Outcome, csv_out, finish};
use crate::args::EvalArgs;
use crate::labelled;

#[derive(Deserialize)]
struct Labelled {
    time: String,
    text: String,
    label: Option<String>,
    author: Option<String>,
    lang: Option<String>,
}

/// Posts as the edge would hand them on, and their labels as numbers.
fn read(arguments: &EvalArgs) -> anyhow::Result<(Vec<EdgePost>, Vec<u32>)> {
    let path = arguments.file.display();
    let bytes = labelled::read(&arguments.file, u64::MAX)?;
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let (mut posts, mut labels) = (Vec::new(), Vec::new());
    let mut scrubber = Scrubber::new();
    let mut now = EventTime::from_unix(i64::MIN);
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        // The errors are not passed on: they could quote a post.
        let record: Labelled = serde_json::from_slice(line)
            .map_err(|_| anyhow::anyhow!("{path}:{}: expected a labelled post", number + 1))?;
        let time = EventTime::parse(&record.time)
            .map_err(|_| anyhow::anyhow!("{path}:{}: time: expected RFC 3339", number + 1))?;
        let label = record.label.with_context(|| format!("{path}:{}: label: missing", number + 1))?;
        // The order of the file is what counts: where times go back, the clock stands still.
        now = now.max(time);
        let (mut text, mut links) = (String::new(), LinkSink::default());
        scrubber.scrub(&record.text, &mut text, &mut links);
        posts.push(EdgePost {
            time: now,
            text,
            language: record.lang.and_then(|code| code.as_bytes().try_into().ok()),
            links: links.links().to_vec(),
            author: record.author.map(|author| AuthorToken::from_bits(hash_word(&author))),
            key: Some(PostKey::from_bits(posts.len() as u64)),
            ..EdgePost::default()
        });
        let next = numbers.len() as u32;
        labels.push(*numbers.entry(label).or_insert(next));
    }
    anyhow::ensure!(!posts.is_empty(), "{path}: no posts");
    Ok((posts, labels))
}

pub(super) fn clustering(arguments: &EvalArgs) -> Outcome {
    let (posts, labels) = read(arguments)?;
    let mut out = csv_out(arguments.out.as_deref(), "predicted")?;
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    let mut observer = NarrativeObserver::new(NarrativeConfig::default());
    let mut owner = Narratives::new(NarrativeConfig::default(), K::DEFAULT.get());
    owner.remember_all();
    let mut clusters = vec![LocalId(0); posts.len()];
    let mut close = |before: i64, observer: &mut NarrativeObserver, owner: &mut Narratives| {
        observer.close_and_tell(before, &mut |row, cluster| clusters[row as usize] = cluster, &mut |delta| {
            owner.merge(0, delta);
        });
        owner.close(before);
    };
    let began = Instant::now();
    for post in &posts {
        close(post.time.unix(), &mut observer, &mut owner);
        analyzer.analyze(post, &mut analysis);
        observer.observe(post, &analysis, &[]);
    }
    close(i64::MAX, &mut observer, &mut owner);
    let seconds = began.elapsed().as_secs_f64();

    let on_arrival: Vec<u64> = clusters.iter().map(|cluster| cluster.0).collect();
    let narratives: Vec<u64> = clusters
        .iter()
        .map(|cluster| owner.became(0, *cluster).map_or(cluster.0, |(known, number)| u64::from(known) << 63 | number))
        .collect();
    // Short names in the order in which they come.
    let mut names: HashMap<u64, usize> = HashMap::new();
    for (row, narrative) in narratives.iter().enumerate() {
        let next = names.len() + 1;
        let name = *names.entry(*narrative).or_insert(next);
        if let Some(out) = &mut out {
            out.write_record([(row + 1).to_string(), name.to_string()])?;
        }
    }
    let mut report = serde_json::to_value(compare(&labels, &narratives))?;
    let arrival = compare(&labels, &on_arrival);
    if let Some(object) = report.as_object_mut() {
        object.insert("on_arrival".to_owned(), serde_json::json!({ "ami": arrival.ami, "ari": arrival.ari }));
    }
    finish(out, report, posts.len(), seconds)
}
