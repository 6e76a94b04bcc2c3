//! The coverage ledger: what goes in and how it is asked for. What is in it rests on no post.

use groundswell_gate::{CoverageGap, CoverageMinute, Released};
use groundswell_sketch::Step;

use crate::Cursor;

/// How long the ledger is kept: a row a minute and source, about 40 bytes each.
pub const COVERAGE_DAYS: u32 = 90;

/// The most gaps that are kept; the oldest that have ended go first.
pub const COVERAGE_GAPS_MAX: usize = 100_000;

/// The most gaps in one answer: the newest.
pub const GAPS_ANSWER_MAX: usize = 1_000;

/// A gap with what tells it from others.
#[derive(Clone, Debug)]
pub struct GapRecord {
    /// When the service that saw it started, Unix seconds.
    pub run: i64,
    /// Its number within the run and the source.
    pub number: i64,
    /// The gap as it stands now.
    pub gap: Released<CoverageGap>,
}

/// What is written into the ledger at once.
#[derive(Clone, Debug, Default)]
pub struct CoverageBatch {
    /// Sources of which everything up to `recorded_until` is recorded with this.
    pub sources: Vec<String>,
    /// How far the ledger then goes, Unix seconds.
    pub recorded_until: i64,
    /// Minutes, also some that are not over or that stand there already.
    pub minutes: Vec<Released<CoverageMinute>>,
    /// Gaps that are new or have changed.
    pub gaps: Vec<GapRecord>,
}

/// Where the ledger of a source ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEnd {
    /// The source.
    pub source: String,
    /// How far the ledger goes, Unix seconds.
    pub recorded_until: i64,
    /// Blind and partly blind seconds of the minute in which it ends.
    pub last_minute: (u64, u64),
}

/// Which part of the ledger.
#[derive(Clone, Debug)]
pub struct CoverageQuery {
    /// The length of the windows.
    pub step: Step,
    /// Windows that start at this second or later.
    pub from: Option<i64>,
    /// Windows that start before this second.
    pub to: Option<i64>,
    /// This source alone.
    pub source: Option<String>,
    /// Only what stands after it; its value is a source.
    pub after: Option<Cursor>,
    /// At most so many rows, and at most [`crate::PAGE_ROWS_MAX`].
    pub limit: usize,
}

impl CoverageQuery {
    /// All of the ledger, from the beginning, in pages of 1,000.
    pub fn new(step: Step) -> Self {
        Self { step, from: None, to: None, source: None, after: None, limit: 1_000 }
    }
}
