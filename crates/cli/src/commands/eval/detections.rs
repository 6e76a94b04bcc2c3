//! `eval detections`: bursts in a store against what the simulator planted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Context as _;
use groundswell_gate::{BurstOf, BurstRow, BurstType, K, Released};
use groundswell_post::EventTime;
use groundswell_store::{BurstQuery, NarrativeQuery, ReleasedReader as _, Store};
use serde::Deserialize;

use super::Outcome;
use crate::args::{Common, EvalDetections};
use crate::failure::{DONE, Failure};
use crate::{labelled, output, pipeline, settings};

/// A burst is found while it lasts, or until the shortest look no longer reaches back to it.
const AFTER_SECONDS: i64 = 600;

/// A record of the truth: only what this reads.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Truth {
    Config {
        start: String,
        duration_seconds: i64,
    },
    Burst {
        id: String,
        subject: Subject,
        start: String,
        end: String,
        factor: f64,
        baseline_per_hour: f64,
    },
    Narrative {
        start: String,
        end: String,
        terms: Vec<String>,
        phrases: Vec<String>,
        hashtag: String,
        domain: String,
    },
    Campaign {
        start: String,
        end: String,
        shared_text: String,
        hashtag: String,
        domain: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

/// Something planted: its names, and when it was there.
struct Planted {
    id: String,
    kind: String,
    names: Vec<String>,
    start: i64,
    end: i64,
    factor: f64,
    baseline_per_hour: f64,
}

impl Planted {
    /// Whether a row tells of it: by one of its names, at its time.
    fn is_told_by(&self, row: &BurstRow, stories: &Stories) -> bool {
        let at = row.detected_at.0;
        let in_time = at > self.start && at <= self.end + AFTER_SECONDS;
        in_time && std::iter::once(&row.subject).chain(&row.related).any(|subject| self.is_named(subject, stories))
    }

    fn is_named(&self, subject: &BurstOf, stories: &Stories) -> bool {
        match subject.kind {
            BurstType::Term | BurstType::Phrase | BurstType::Hashtag | BurstType::Domain => {
                let value = plain(&subject.value);
                self.names.contains(&value)
            }
            BurstType::Narrative => {
                stories.get(&subject.value).is_some_and(|words| words.iter().any(|word| self.names.contains(word)))
            }
            BurstType::Total | BurstType::Language | BurstType::Watch => false,
        }
    }
}

/// Narratives that are read at once.
const PAGE_ROWS: usize = 1_000;

/// Without spaces: the words of a phrase are parted by one, also where its language has none.
fn plain(name: &str) -> String {
    name.trim_start_matches('#').to_lowercase().split_whitespace().collect()
}

/// A phrase is told by itself, or by its words.
fn names<'a>(values: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut names = Vec::new();
    for value in values {
        names.push(plain(value));
        names.extend(value.split_whitespace().map(plain));
    }
    names
}

/// By the id of a narrative, what it is known by: its words, hashtags and domains.
type Stories = HashMap<String, Vec<String>>;

struct Read {
    bursts: Vec<Planted>,
    /// Stories and campaigns: what bursts because of them is no false alert, and no burst that was to be found either.
    others: Vec<Planted>,
    days: f64,
}

fn read(arguments: &EvalDetections) -> anyhow::Result<Read> {
    let path = arguments.truth.display();
    let bytes = labelled::read(&arguments.truth, u64::MAX)?;
    let time = |text: &str, line: usize| {
        EventTime::parse(text)
            .map(EventTime::unix)
            .map_err(|_| anyhow::anyhow!("{path}:{line}: expected RFC 3339 times"))
    };
    let mut read = Read { bursts: Vec::new(), others: Vec::new(), days: 0.0 };
    for (number, record) in bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        let line = number + 1;
        let record: Truth = serde_json::from_slice(record)
            .map_err(|_| anyhow::anyhow!("{path}:{line}: expected a record of `simulate --truth`"))?;
        let other = |names: Vec<String>, start: &str, end: &str| -> anyhow::Result<Planted> {
            let (start, end) = (time(start, line)?, time(end, line)?);
            Ok(Planted {
                id: String::new(),
                kind: String::new(),
                names,
                start,
                end,
                factor: 0.0,
                baseline_per_hour: 0.0,
            })
        };
        match record {
            Truth::Config { start, duration_seconds } => {
                time(&start, line)?;
                read.days = duration_seconds as f64 / 86_400.0;
            }
            Truth::Burst { id, subject, start, end, factor, baseline_per_hour } => {
                let names = names([&subject.value]);
                let (start, end) = (time(&start, line)?, time(&end, line)?);
                read.bursts.push(Planted { id, kind: subject.kind, names, start, end, factor, baseline_per_hour });
            }
            Truth::Narrative { start, end, terms, phrases, hashtag, domain } => {
                let names = names(terms.iter().chain(&phrases).chain([&hashtag, &domain]));
                read.others.push(other(names, &start, &end)?);
            }
            Truth::Campaign { start, end, shared_text, hashtag, domain } => {
                read.others.push(other(names([&shared_text, &hashtag, &domain]), &start, &end)?);
            }
            Truth::Other => {}
        }
    }
    anyhow::ensure!(read.days > 0.0, "{path}: expected a record of kind config");
    Ok(read)
}

fn rows(common: &Common, budget: f64) -> Result<(Vec<Released<BurstRow>>, Stories), Failure> {
    let settings = settings::load(common)?.settings;
    let k = K::new(settings.gate.k).map_err(Failure::usage)?;
    let runtime = pipeline::runtime()?;
    let reader = runtime.block_on(Store::open_reader(&settings.data, k))?;
    let mut stories = Stories::new();
    let mut query = NarrativeQuery { id: None, from: None, to: None, state: None, after: None, limit: PAGE_ROWS };
    loop {
        let page = runtime.block_on(reader.narratives(&query))?;
        for row in &page.items {
            let words = row.terms.iter().map(|term| &term.term).chain(&row.hashtags).chain(&row.domains);
            stories.insert(row.id.clone(), words.map(|word| plain(word)).collect());
        }
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    let mut query = BurstQuery { q: Some(budget), ..BurstQuery::all() };
    let mut rows = Vec::new();
    loop {
        let page = runtime.block_on(reader.bursts(&query))?;
        rows.extend(page.items);
        query.after = page.next;
        if query.after.is_none() {
            return Ok((rows, stories));
        }
    }
}

/// Evaluates a store's bursts.
pub(super) fn detections(common: &Common, arguments: &EvalDetections) -> Outcome {
    let read = read(arguments)?;
    let (rows, stories) = rows(common, arguments.budget)?;
    let mut out = super::csv_out(arguments.out.as_deref(), "planted")?;
    let mut first: BTreeMap<usize, i64> = BTreeMap::new();
    let (mut wrong, mut others) = (0_u64, 0_u64);
    for (number, row) in rows.iter().enumerate() {
        let told: Vec<usize> = (0..read.bursts.len()).filter(|at| read.bursts[*at].is_told_by(row, &stories)).collect();
        for at in &told {
            let found = first.entry(*at).or_insert(i64::MAX);
            *found = row.detected_at.0.min(*found);
        }
        if told.is_empty() {
            if read.others.iter().any(|other| other.is_told_by(row, &stories)) {
                others += 1;
            } else {
                wrong += 1;
            }
        }
        if let Some(out) = &mut out {
            let planted = told.first().map_or("", |at| read.bursts[*at].id.as_str());
            out.write_record([&(number + 1).to_string(), planted])?;
        }
    }
    if let Some(mut out) = out {
        out.flush().context("cannot write what was told of")?;
    }
    let of = |kind: &str| {
        let at: Vec<usize> =
            (0..read.bursts.len()).filter(|at| kind.is_empty() || read.bursts[*at].kind == kind).collect();
        let mut delays: Vec<i64> = at.iter().filter_map(|at| Some(first.get(at)? - read.bursts[*at].start)).collect();
        delays.sort_unstable();
        serde_json::json!({
            "planted": at.len(),
            "found": delays.len(),
            "recall": share(delays.len(), at.len()),
            "median_delay_seconds": delays.get(delays.len() / 2),
        })
    };
    let kinds: BTreeSet<&str> = read.bursts.iter().map(|planted| planted.kind.as_str()).collect();
    let mut report = of("");
    report["kind"] = "burst".into();
    report["precision"] = share(first.len(), first.len() + usize::try_from(wrong).unwrap_or(usize::MAX)).into();
    report["false_alerts_per_day"] = (wrong as f64 / read.days).into();
    report["told_of_other_planted_things"] = others.into();
    report["told"] = rows.len().into();
    report["by_type"] =
        kinds.iter().map(|kind| ((*kind).to_owned(), of(kind))).collect::<serde_json::Map<_, _>>().into();
    report["missed"] = (0..read.bursts.len())
        .filter(|at| !first.contains_key(at))
        .map(|at| {
            let planted = &read.bursts[at];
            serde_json::json!({"id": planted.id, "factor": planted.factor, "baseline_per_hour": planted.baseline_per_hour})
        })
        .collect::<Vec<_>>()
        .into();
    let report = serde_json::json!({"days": read.days, "budget": arguments.budget, "bursts": report});
    output::write_stdout(format!("{report}\n").as_bytes())?;
    Ok(DONE)
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
