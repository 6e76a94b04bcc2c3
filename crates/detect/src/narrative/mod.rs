//! Narratives: what people are saying, found and followed as it grows.
//!
//! Each worker has a [`NarrativeObserver`]. It keeps the posts of every minute that is still open, so that a deletion can
//! reach them; at a minute's close its [`Clusterer`] gives each post a cluster, and a [`MinuteDelta`] says what the clusters
//! gained. The owner, [`Narratives`], adds up all workers' deltas: clusters of several workers become one narrative, which
//! is born when enough authors carry it, merges, splits, fades and ends, each as an entry of the event log.
//! `docs/methods/narratives.md` has the method, its sources and its figures.
//!
//! ```
//! use groundswell_detect::narrative::{NarrativeConfig, NarrativeObserver, Narratives, State};
//! use groundswell_edge::{AuthorToken, EdgePost};
//! use groundswell_text::{Analysis, Analyzer};
//!
//! let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
//! let mut observer = NarrativeObserver::new(NarrativeConfig::default());
//! let mut owner = Narratives::new(NarrativeConfig::default(), 10);
//! for person in 0..12 {
//!     let text = format!("The old bridge at Tarnow collapsed into the river, seen by {person}");
//!     let post = EdgePost { text, author: Some(AuthorToken::from_bits(person)), ..EdgePost::default() };
//!     analyzer.analyze(&post, &mut analysis);
//!     observer.observe(&post, &analysis, &[]);
//! }
//! observer.close(60, &mut |delta| owner.merge(0, delta));
//! let closed = owner.close(60);
//! let [narrative] = closed.candidates.as_slice() else { panic!() };
//! assert_eq!((narrative.state, narrative.posts, narrative.authors), (State::Emerging, 12, 12));
//! assert_eq!(closed.events[0].reason.to_string(), "12 authors, 10 asked for");
//! ```

pub(crate) mod authors;
pub(crate) mod buckets;
mod candidate;
mod cluster;
mod clusterer;
mod config;
mod delta;
pub mod eval;
mod family;
mod features;
mod life;
mod locals;
mod log;
mod logs;
mod narratives;
mod observer;
mod own;
mod phrases;
mod related;
mod short;
mod stories;
mod story;
mod tell;
mod terms;
mod told;

pub use authors::FewAuthors;
pub use candidate::{EventKind, LabelPart, NarrativeCandidate, NarrativeCount, NarrativeEvent, Reason};
pub use cluster::LocalId;
pub use clusterer::Clusterer;
pub use config::{
    CLUSTER_TERMS_MAX, CLUSTERS_MAX, DELTA_TERMS_MAX, FACETS_MAX, FAMILY_KEYS_MAX, LANGUAGES_MAX, LOG_BYTES_MAX,
    NARRATIVES_MAX, NarrativeConfig, NarrativeCounters, POST_FEATURES_MAX, POSTINGS_MAX, POSTINGS_VISITED_MAX,
    RELATED_MAX, TERM_AUTHORS_MAX, TERMS_MAX, TIMELINE_MAX,
};
pub use delta::{LanguageDelta, LocalDelta, MinuteDelta, PhraseDelta, Span, TermDelta};
pub use features::{FeatureKind, Features};
pub use groundswell_gate::{NarrativeId, NarrativeState as State};
pub use life::{DORMANT_MINUTES, EMERGING_MINUTES, ENDED_MINUTES, GROWTH_MINUTES, Growth, STATE_MINUTES};
pub use logs::{NarrativeLogs, NarrativeMinute, NarrativeRoom};
pub use narratives::{Closed, Narratives};
pub use observer::NarrativeObserver;
