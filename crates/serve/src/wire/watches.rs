//! What is said about a query, on the wire: how it is read, which holds nothing but what follows from the question, and how often its
//! clauses matched, from released rows.

use std::collections::BTreeMap;

use groundswell_gate::{Released, VolumeRow, clause_of_value};
use groundswell_sketch::{Rfc3339, Step};
use serde::Serialize;
use utoipa::ToSchema;

use crate::watches::{QueryPart, WatchNote, WatchReading, WatchTrial};
use crate::wire::VolumeRowSchema;

/// Something to be said about a watch.
#[derive(Serialize, ToSchema)]
#[schema(as = WatchNote)]
pub(crate) struct NoteWire {
    /// `name`, `query`, `purpose.category`, `purpose.sentence`, `created` or `sunset`.
    field: &'static str,
    /// What is wrong, or looks odd.
    message: String,
    /// What to write instead.
    help: String,
    /// Of a query: where it begins, in characters (Unicode code points).
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<usize>,
    /// One past where it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
}

impl From<WatchNote> for NoteWire {
    fn from(note: WatchNote) -> Self {
        let WatchNote { field, message, help, place } = note;
        Self { field, message, help, start: place.map(|place| place.0), end: place.map(|place| place.1) }
    }
}

/// A part of a query that is looked for by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = QueryPart)]
pub(crate) struct PartWire {
    /// `word`, `prefix`, `phrase`, `hashtag` or `field`.
    kind: &'static str,
    /// As it is understood.
    text: String,
    /// Where it begins, in characters (Unicode code points).
    start: usize,
    /// One past where it ends.
    end: usize,
}

/// What a query asks of the engine.
#[derive(Serialize, ToSchema)]
#[schema(as = QueryCost)]
pub(crate) struct CostWire {
    /// `low`, `medium` or `high`.
    class: &'static str,
    /// In a sentence.
    sentence: String,
}

/// A query as it is understood.
#[derive(Serialize, ToSchema)]
#[schema(as = QueryReading)]
pub(crate) struct QueryWire {
    /// In parentheses.
    reading: String,
    /// Its parts, in the order of the text.
    parts: Vec<PartWire>,
    /// What is accepted, but probably not meant.
    lints: Vec<NoteWire>,
    cost: CostWire,
}

/// What there is to say about a watch that is being written.
#[derive(Serialize, ToSchema)]
#[schema(as = WatchReading)]
pub(crate) struct ReadingWire {
    /// The query; null where it is refused.
    query: Option<QueryWire>,
    /// Why this would be refused; empty: it would be taken.
    faults: Vec<NoteWire>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl ReadingWire {
    pub(crate) fn new(reading: WatchReading, notice: Option<&'static str>) -> Self {
        let part = |QueryPart { kind, text, place: (start, end) }| PartWire { kind, text, start, end };
        let query = reading.query.map(|query| QueryWire {
            reading: query.reading,
            parts: query.parts.into_iter().map(part).collect(),
            lints: query.lints.into_iter().map(NoteWire::from).collect(),
            cost: CostWire { class: query.cost.class, sentence: query.cost.sentence },
        });
        Self { query, faults: reading.faults.into_iter().map(NoteWire::from).collect(), notice }
    }
}

/// What a query would have counted, by the hour.
#[derive(Serialize, ToSchema)]
#[schema(as = WatchTrial)]
pub(crate) struct WatchTrialWire {
    /// The query in parentheses.
    reading: String,
    /// Closed hours of which text is held, earliest first, as a watch of this query would have been counted over it: changed and
    /// held back like all others. Of the first hour some may be missing.
    #[schema(value_type = Vec<VolumeRowSchema>)]
    hours: Vec<Released<VolumeRow>>,
    /// One post in so many is held, chosen by chance; what was posted is about so many times what is counted here.
    one_in: u64,
    /// How many queries can still be tried today (UTC), by everybody together.
    left: u32,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl WatchTrialWire {
    pub(crate) fn new(trial: WatchTrial, notice: Option<&'static str>) -> Self {
        let WatchTrial { reading, hours, one_in, left } = trial;
        Self { reading, hours, one_in, left, notice }
    }
}

/// How often a clause of a watch was in posts that the watch matched.
#[derive(Serialize, ToSchema)]
#[schema(as = ClauseVolume)]
pub(crate) struct ClauseWire {
    /// As the query language writes it.
    #[schema(example = "flood*")]
    clause: String,
    /// Posts in the windows in which k authors wrote it; null: there was none, and it may be zero or anything below.
    posts: Option<u64>,
    /// Authors of the fullest of these windows: over several they cannot be added up.
    authors: Option<u64>,
    /// How many windows these were.
    windows: u64,
}

/// How often the clauses of a watch matched.
#[derive(Serialize, ToSchema)]
#[schema(as = ClauseList)]
pub(crate) struct ClauseListWire {
    watch: String,
    /// `minute`, `hour` or `day`.
    step: &'static str,
    /// Windows from here on.
    #[schema(value_type = String, format = DateTime)]
    from: Rfc3339,
    /// Windows before this.
    #[schema(value_type = String, format = DateTime)]
    to: Rfc3339,
    /// The first eight in the order of the query; empty for a query of one clause, which is counted as the watch.
    items: Vec<ClauseWire>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl ClauseListWire {
    pub(crate) fn new(
        watch: &str,
        clauses: &[String],
        step: Step,
        (from, to): (i64, i64),
        rows: &[Released<VolumeRow>],
        notice: Option<&'static str>,
    ) -> Self {
        let mut sums: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
        for (row, figures) in rows.iter().filter_map(|row| Some((row, row.figures?))) {
            let (posts, authors, windows) = sums.entry(clause_of_value(&row.value).1).or_default();
            *posts += figures.posts;
            *authors = figures.authors.max(*authors);
            *windows += 1;
        }
        let items = clauses
            .iter()
            .map(|clause| {
                let sum = sums.get(clause.as_str());
                ClauseWire {
                    clause: clause.clone(),
                    posts: sum.map(|sum| sum.0),
                    authors: sum.map(|sum| sum.1),
                    windows: sum.map_or(0, |sum| sum.2),
                }
            })
            .collect();
        Self { watch: watch.to_owned(), step: step.as_str(), from: Rfc3339(from), to: Rfc3339(to), items, notice }
    }
}
