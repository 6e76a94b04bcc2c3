//! What is said about a query, on the wire. It holds nothing but what follows from the question.

use serde::Serialize;
use utoipa::ToSchema;

use crate::watches::{QueryPart, WatchNote, WatchReading};

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
