//! Watches: what is looked for, why and until when; and the percolator, which looks for all of them in every post.
//!
//! On a post's way it stands between `text`, which reads a post into words, and `detect`, which counts what matched. It does no
//! I/O and reads no clock: files come as text, today comes from the caller.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`Percolator`] | many queries, compiled; immutable, shared by workers |
//! | [`Scratch`] | what one worker needs beside it |
//! | [`Doc`] | what of a post a query can see |
//! | [`ClauseMatch`] | which part of a query matched, at which words |
//! | [`Frequencies`] | how common words are: decides the cost, never the result |
//! | [`WatchSet`], [`Watch`] | a file of watches, checked; [`Checker`] checks single ones and queries |
//! | [`generate`] | watches and posts made up for benchmarks and tests |
//!
//! ```
//! use groundswell_edge::EdgePost;
//! use groundswell_text::{Analysis, Analyzer};
//! use groundswell_watch::{Date, Doc, Frequencies, Scratch, WatchId, WatchSet};
//!
//! let today = Date::from_civil(2026, 11, 25).unwrap();
//! let watches = WatchSet::parse("watches.toml", r#"
//!     [[watch]]
//!     name = "river-floods"
//!     query = 'flood* AND (river OR "heavy rain") AND NOT metaphor*'
//!     purpose = { category = "crisis-response", sentence = "See where flooding is discussed." }
//!     sunset = "2027-02-01"
//! "#, today).unwrap();
//!
//! let mut analyzer = Analyzer::new();
//! let percolator = watches.percolator(today, &mut analyzer, &Frequencies::builtin()).unwrap();
//!
//! let post = EdgePost { text: "Heavy rain again, and flooding downtown".into(), ..EdgePost::default() };
//! let mut analysis = Analysis::new();
//! analyzer.analyze(&post, &mut analysis);
//! let (mut scratch, mut matches) = (Scratch::new(), Vec::new());
//! percolator.matches(&Doc::new(&post, &analysis), &mut scratch, &mut matches);
//! assert_eq!(matches, [WatchId(0)]);
//!
//! // `flood*` at the fifth word, "heavy rain" at the first two.
//! let told = percolator.explain(WatchId(0), &Doc::new(&post, &analysis), &mut scratch);
//! assert_eq!((told[0].leaf.0, &told[0].words), (0, &vec![4..5]));
//! assert_eq!((told[1].leaf.0, &told[1].words), (2, &vec![0..2]));
//! ```
//!
//! # Invariants
//! - What matches, and where, is what a slow and obviously right model says (`tests/model.rs`).
//! - Neither the order of watches, nor repetition, nor [`Frequencies`] change what matches (`tests/model.rs`).
//! - Whatever the edge takes out of posts cannot be looked for (`tests/files.rs`).
//! - An expired watch matches nothing and is still listed (`tests/files.rs`).
//! - [`Scratch`] holds nothing of a post once a call has returned, and no call allocates once its buffers have grown.
//!
//! # Sources
//! `DESIGN.md` beside this crate starts from the textbook and explains each departure. Yan and Garcia-Molina, "Index structures
//! for selective dissemination of information under the Boolean model" (ACM TODS 19, 1994): the ranked-key method, which
//! indexes each profile under its rarest word. PRIVACY section 7 for what a watch must say and may not look for.
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
    SENTENCE_CHARACTERS_MIN, Watch, WatchDraft, WatchError, WatchFileError, WatchFileProblem, WatchSet, WatchState,
    to_toml,
};
pub use frequency::Frequencies;
pub use percolator::{
    CLAUSES_TOLD_MAX, Clause, ClauseId, ClauseMatch, CompileError, Percolator, PercolatorBuilder, Scratch, Stats,
    WatchId,
};
pub use privacy::NameShown;

/// Most watches in one set, and in one percolator. More are refused.
pub const WATCHES_MAX: usize = 1_000_000;
/// How long a watch lives when its file does not say, in days.
pub const SUNSET_DAYS: i64 = 90;
/// How long a watch may live at most, in days. Renewing is a new act.
pub const SUNSET_DAYS_MAX: i64 = 180;
