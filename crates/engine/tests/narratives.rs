//! Narratives through the whole dataflow: what is told of them does not depend on how many workers there are.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_detect::burst::BurstConfig;
use groundswell_detect::narrative::NarrativeConfig;
use groundswell_engine::{Checkpoint, Closed, EngineConfig, ReleaseSink, Totals};
use groundswell_gate::{BurstRow, BurstType};
use groundswell_sim::{Faults, SimConfig};

use common::{Stream, simulated};

/// Everyday posts and stories, some of which begin when the usual is known.
fn stream() -> Stream {
    let (stream, _) = simulated(SimConfig {
        rate: 20.0,
        duration: Duration::from_mins(100),
        scenario: "default".to_owned(),
        narratives: Some(12),
        // A deletion takes effect where it comes between two minutes: that is no matter of workers.
        faults: Some(Faults::default()),
        ..SimConfig::default()
    });
    stream
}

/// What was told of narratives, what of their log, and what of bursts, each in its order.
#[derive(Clone, Debug, Default, PartialEq)]
struct Lines {
    rows: Vec<String>,
    events: Vec<String>,
    bursts: Vec<BurstRow>,
    names: BTreeSet<String>,
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Lines>>);

impl ReleaseSink for Told {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let mut told = self.0.lock().unwrap();
        told.rows.extend(closed.narratives.iter().map(|row| format!("{:?}", **row)));
        told.names.extend(closed.narratives.iter().map(|row| row.id.clone()));
        told.bursts.extend(closed.bursts.iter().map(|row| (**row).clone()));
        told.events.extend(closed.narrative_events.iter().map(|event| format!("{:?}", **event)));
        Ok(())
    }

    fn checkpoint(&mut self, _: Checkpoint) -> Result<(), anyhow::Error> {
        Ok(())
    }
}

fn run(workers: usize, narratives: NarrativeConfig, stream: &Stream) -> (Totals, Lines) {
    run_as(EngineConfig { narratives: Some(narratives), ..common::config(workers) }, stream)
}

fn run_as(config: EngineConfig, stream: &Stream) -> (Totals, Lines) {
    let told = Told::default();
    let totals = common::run(config, stream, told.clone());
    let lines = std::mem::take(&mut *told.0.lock().unwrap());
    (totals, lines)
}

#[test]
fn narratives_are_the_same_on_any_number_of_workers() {
    let stream = stream();
    let (totals, told) = run(1, NarrativeConfig::default(), &stream);
    let births = told.events.iter().filter(|event| event.contains("event: Birth")).count();
    assert!(births >= 3, "{births} births");
    for workers in [2, 4] {
        let (again, same) = run(workers, NarrativeConfig::default(), &stream);
        let differ = told.rows.iter().zip(&same.rows).chain(told.events.iter().zip(&same.events));
        for (one, other) in differ {
            assert_eq!(one, other, "{workers} workers");
        }
        assert!(same == told, "{workers} workers: some are missing");
        assert_eq!(again.narratives, totals.narratives, "{workers} workers");
    }
}

/// A burst of a story is one of something that is told of, and the words that make it are parts of it or it of them.
#[test]
fn a_story_that_rises_is_a_burst_on_any_number_of_workers() {
    let (stream, _) = simulated(SimConfig {
        rate: 4.0,
        duration: Duration::from_hours(14),
        scenario: "default".to_owned(),
        narratives: Some(6),
        faults: Some(Faults::default()),
        ..SimConfig::default()
    });
    let all = |workers| EngineConfig {
        narratives: Some(NarrativeConfig::default()),
        bursts: Some(BurstConfig::default()),
        ..common::config(workers)
    };
    let (_, told) = run_as(all(1), &stream);
    let subjects = |row: &BurstRow| std::iter::once(row.subject.clone()).chain(row.related.clone()).collect::<Vec<_>>();
    let stories: BTreeSet<String> =
        told.bursts.iter().flat_map(subjects).filter(|of| of.kind == BurstType::Narrative).map(|of| of.value).collect();
    assert!(!stories.is_empty() && stories.is_subset(&told.names), "each is released");
    let is_of_both = |row: &BurstRow| {
        [true, false].iter().all(|story| subjects(row).iter().any(|of| (of.kind == BurstType::Narrative) == *story))
    };
    assert!(told.bursts.iter().any(is_of_both), "a story and its words are one burst");
    let (_, same) = run_as(all(3), &stream);
    assert_eq!(same.bursts, told.bursts);
}

/// Of a flood, minutes are clustered piece by piece, in whatever order workers come; nothing is lost and nobody waits for ever.
#[test]
fn full_logs_are_clustered_early_and_whole() {
    let stream = stream();
    let narratives = NarrativeConfig { log_bytes_max: 64 << 10, ..NarrativeConfig::default() };
    for workers in [1, 3] {
        let (totals, told) = run(workers, narratives.clone(), &stream);
        assert_eq!(totals.narratives.posts_clustered, totals.records.accepted, "{workers} workers");
        assert!(totals.narratives.posts_clustered_early > 0 && !told.rows.is_empty(), "{workers} workers");
    }
}
