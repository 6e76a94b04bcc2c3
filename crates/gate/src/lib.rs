//! The release gate: candidate in, released out. What does not pass here does not leave the engine.
//!
//! On a post's way: after the merge of all workers' summaries, before store, API, page and exports. A detector fills in a
//! [`VolumeCandidate`]; [`Gate::release`] gives back what may be said as [`Released`] rows; every output asks for
//! [`Outward`], which only released things are.
//!
//! Main types: [`K`], [`Gate`], [`VolumeCandidate`], [`VolumeRow`], [`Released`], [`Outward`]. Things that rest on no
//! post's content (the state of a source, the register of watches, the engine's counters) are released by
//! [`Released::operational`].
//!
//! ```
//! use groundswell_gate::{CandidateCell, Dimension, Gate, K, Outward, VolumeCandidate};
//! use groundswell_sketch::{CellKey, Distinct, Step, Window};
//!
//! let cell = |value: &str, authors: u64| CandidateCell {
//!     value: value.to_owned(),
//!     posts: authors + 2,
//!     publisher_posts: 0,
//!     key: CellKey::default(),
//!     authors: Distinct::from_sorted_unique(&(0..authors).collect::<Vec<_>>()),
//!     name_publishers: None,
//! };
//! let candidate = VolumeCandidate {
//!     window: Window::containing(Step::Minute, 1_474_588_800),
//!     dimension: Dimension::Hashtag,
//!     cells: vec![cell("flood", 12), cell("rare", 9)],
//! };
//! // True counts, as simulated data may be shown; `Gate::new` changes each a little.
//! let released = Gate::exact(K::DEFAULT).release(candidate);
//! assert_eq!(
//!     released.iter().map(Outward::to_json).collect::<Vec<_>>(),
//!     [r#"{"start":"2016-09-23T00:00:00Z","step":"minute","by":{"hashtag":"flood"},"posts":14,"authors":12}"#],
//! );
//! ```
//!
//! Invariants, each with the test that holds it:
//! - Only this crate builds [`Released`] and implements [`Outward`] (`tests/fail/*.rs`).
//! - No released row rests on persons fewer than k (`volume::tests::nothing_rests_on_fewer_than_k`), and a row that is read
//!   back from the store is checked again ([`readmit`]).
//! - One author more or less changes released rows only across k or by that author's own counts
//!   (`volume::tests::one_author_changes_no_other_row`).
//!
//! - A shown count is at most [`PERTURBATION_MAX`] from the true one, right on average, never below k, and always the same
//!   for the same posts (`perturb::tests`).
//!
//! - What looks like a person's name passes only where [`NAME_PUBLISHERS`] publishers carried it, however many people wrote it
//!   (`volume::tests::no_name_passes_that_publishers_do_not_carry`). Whether it looks like one is said by whoever proposes it.
//!
//! - A shared text passes word by word: what fewer than k authors wrote at a place is left out
//!   (`amplification::tests::nothing_rests_on_fewer_than_k`).
//!
//! - Of tone, shares of a watch's hour are told, estimated from counts that were changed before, from [`TONE_POSTS_MIN`] posts and k
//!   authors on (`tone::tests`).
//!
//! Sources: `PRIVACY.md` sections 1, 4 and 5; Fraser and Wooton, "A proposed method for confidentialising tabular output
//! to protect against differencing" (2005).

#![forbid(unsafe_code)]

mod amplification;
mod burst;
mod detection;
mod emoji;
mod k;
mod narrative;
mod operational;
mod perturb;
mod released;
mod tone;
mod volume;

pub use amplification::{
    AmplificationCandidate, AmplificationDomain, AmplificationId, AmplificationObject, AmplificationRow, ELLIPSIS,
    NAME_PLACEHOLDER, ObjectType, Reposts, SHOWN_WORDS_MIN, SYNCHRONY_MAX, SharedWord, readmit_amplification,
    synchrony, words_of_link,
};
pub use burst::{
    BURST_START_GRID, BurstBaseline, BurstCandidate, BurstExperience, BurstId, BurstMethod, BurstOf, BurstRow,
    BurstScale, BurstSubject, BurstType, BurstWindow, PHRASE_SAMPLE, Q_MIN, readmit_burst,
};
pub use detection::{
    AnomalousHour, Baseline, ClauseCount, DetectionKind, DetectionRow, Evidence, Maturity, Method, MixCandidate,
    NARRATIVE_GROWTH_MIN, QUOTED_CHARS_MAX, Severity, Share, SilenceCandidate, Stretch, Subject, SubjectType,
    TITLE_CHARS_MAX, ToneCandidate, ToneClass, readmit_detection,
};
pub use emoji::emoji_name;
pub use k::{K, KTooLow};
pub use narrative::{
    AuthorBits, Growth, LABEL_PARTS_MAX, NAME_PUBLISHERS, NarrativeBucket, NarrativeCandidate, NarrativeEvent,
    NarrativeEventCandidate, NarrativeEventKind, NarrativeId, NarrativeLanguage, NarrativeNear, NarrativePart,
    NarrativeReason, NarrativeRow, NarrativeState, TimelineBucket, WeightedTerm, readmit_narrative,
    readmit_narrative_event,
};
pub use operational::{
    AtLeast, AuditConsistency, AuditEntry, AuditHead, AuditInclusion, Coverage, CoverageGap, CoverageMinute,
    CoverageState, EngineSettings, EngineStatus, FeedEntry, FeedMarks, FeedMute, FeedReceiver, FeedTrial, FeedTrialDay,
    GapTotals, Minute, Operational, ReportSource, SourceStatus, TransparencyReport, WatchEntry,
};
pub use perturb::PERTURBATION_MAX;
pub use released::{Outward, Released};
pub use tone::{TONE_CELLS, TONE_POSTS_MIN, ToneCounts, ToneRow, ToneShare, readmit_tone, tone_of_value, tone_value};
pub use volume::{
    CandidateCell, Dimension, Figures, Gate, NotReleasable, OTHER, REGION_K, VolumeCandidate, VolumeRow,
    clause_of_value, clause_value, languages_value, readmit,
};
