//! The percolator: thousands of queries against each post.
#![forbid(unsafe_code)]

mod date;
mod doc;
mod file;
mod frequency;
pub mod generate;
mod percolator;
mod plan;
mod privacy;
mod term;

pub use date::Date;
pub use doc::Doc;
pub use file::{
    CATEGORY_CHARACTERS_MAX, Checker, NAME_CHARACTERS_MAX, PROBLEMS_MAX, Purpose, SENTENCE_CHARACTERS_MAX,
    SENTENCE_CHARACTERS_MIN, Watch, WatchDraft, WatchError, WatchFileError, WatchFileProblem, WatchSet, WatchState, to_toml,
};
pub use frequency::Frequencies;
pub use percolator::{ClauseMatch, CompileError, Percolator, PercolatorBuilder, Scratch, Stats, WatchId};

/// Most watches in one set, and in one percolator. More are refused.
pub const WATCHES_MAX: usize = 1_000_000;
/// How long a watch lives when its file does not say, in days.
pub const SUNSET_DAYS: i64 = 90;
/// How long a watch may live at most, in days. Renewing is a new act.
pub const SUNSET_DAYS_MAX: i64 = 180;
