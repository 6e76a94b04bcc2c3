//! Settings, bounds, and what is counted when a bound is reached.

use serde::{Deserialize, Serialize};

use crate::counters::counters;

/// Features of one post that are looked at. Later ones are left out (`features_left_out`).
pub const POST_FEATURES_MAX: usize = 48;
/// Live clusters of one worker. When there are more, the least of a few that are looked at goes (`clusters_evicted`).
pub const CLUSTERS_MAX: usize = 1 << 17;
/// Terms that one worker knows. When there are more, one that no live cluster holds goes; if none of a few that are looked
/// at can, the new one is not used (`terms_left_out`).
pub const TERMS_MAX: usize = 1 << 20;
/// Terms that a cluster keeps; when it has more, those with the least weight go, down to three quarters (`terms_pruned`).
pub const CLUSTER_TERMS_MAX: usize = 128;
/// Clusters that are found through one term: those in which it weighs most (`postings_left_out`).
pub const POSTINGS_MAX: usize = 128;
/// Postings that are looked at for one post, those of its weightiest terms first. For the others, only the
/// clusters that were found by then are looked at (`searches_cut`).
pub const POSTINGS_VISITED_MAX: usize = 192;
/// Texts whose likes are recognised, as keys; each text has up to five. An older one gives way to a newer one.
pub const FAMILY_KEYS_MAX: usize = 1 << 18;
/// Memory of one worker's logs of open minutes. When it is reached, the oldest minutes are clustered early, so that
/// deletions no longer reach what was in them (`posts_clustered_early`).
pub const LOG_BYTES_MAX: usize = 96 << 20;
/// Terms of a cluster that are told to the owner.
pub const DELTA_TERMS_MAX: usize = 16;
/// Hashtags and domains of a cluster that are kept and told, each (`facets_left_out`).
pub const FACETS_MAX: usize = 8;
/// Languages of a narrative that are kept apart.
pub const LANGUAGES_MAX: usize = 8;
/// Narratives and candidates that the owner knows. When there are more, those that nobody has written to for longest go
/// (`narratives_evicted`).
pub const NARRATIVES_MAX: usize = 1 << 17;
/// Minutes of a narrative's timeline that are kept.
pub const TIMELINE_MAX: usize = 1_440;
/// Authors of one term that are told apart; more than any k that is in use needs to be known of.
pub const TERM_AUTHORS_MAX: usize = 64;
/// Leading words of a cluster of which it is counted which stand next to each other.
pub(super) const PHRASE_LEADS: usize = 8;
/// Phrases of a cluster that are told to the owner, and phrases that a story keeps: those that stand in most posts.
pub(super) const PHRASES_TOLD_MAX: usize = 8;
pub(super) const PHRASES_MAX: usize = 12;
/// Narratives that are told to be near one.
pub const RELATED_MAX: usize = 8;
/// Spellings of a term that a story tells apart; of more, those that fewest wrote are forgotten.
pub(super) const FORMS_MAX: usize = 3;

/// Settings of the narrative detector. The defaults were measured (`docs/methods/narratives.md`); they are the same for
/// every stream.
#[derive(Clone, Debug)]
pub struct NarrativeConfig {
    /// The least likeness (cosine) at which a post joins a cluster.
    pub join: f32,
    /// What is asked beyond `join` and `fold` for every e-fold of live clusters beyond `few`.
    pub join_per_ln: f32,
    /// So many live clusters are few.
    pub few: f32,
    /// The least likeness at which a cluster of one post becomes part of a larger one.
    pub fold: f32,
    /// What is asked beyond `fold` for every e-fold of the smaller one's posts.
    pub fold_per_ln: f32,
    /// The least likeness at which clusters of different workers become one narrative: more than `fold`, because two workers'
    /// clusters of one story are much alike. `fold_per_ln` is asked beyond it.
    pub unite: f32,
    /// How fast a term loses weight with the number of clusters that it is spread over: exp(-entropy / `spread`).
    pub spread: f32,
    /// While fewer posts than this were seen, little is known of terms, and clusters must be more alike to become one.
    pub warm_up: f32,
    /// Half-life of everything that is remembered, in busy seconds.
    pub half_life: f64,
    /// A cluster of one or two posts ends after this many busy seconds of silence.
    pub candidate_silence: u32,
    /// A larger one may end after this many …
    pub silence: u32,
    /// … if at its own pace so long a silence had a chance of less than exp(-`surprise`).
    pub surprise: f64,
    /// See [`CLUSTERS_MAX`].
    pub clusters_max: usize,
    /// See [`TERMS_MAX`].
    pub terms_max: usize,
    /// See [`LOG_BYTES_MAX`].
    pub log_bytes_max: usize,
    /// See [`FAMILY_KEYS_MAX`]; a power of two.
    pub family_keys_max: usize,
    /// See [`NARRATIVES_MAX`].
    pub narratives_max: usize,
}

impl Default for NarrativeConfig {
    fn default() -> Self {
        Self {
            join: 0.13,
            join_per_ln: 0.05,
            few: 1_000.0,
            fold: 0.15,
            fold_per_ln: 0.02,
            unite: 0.5,
            spread: 4.0,
            warm_up: 3_000.0,
            half_life: 20_000.0,
            candidate_silence: 2_000,
            silence: 1_000,
            surprise: 10.0,
            clusters_max: CLUSTERS_MAX,
            terms_max: TERMS_MAX,
            log_bytes_max: LOG_BYTES_MAX,
            family_keys_max: FAMILY_KEYS_MAX,
            narratives_max: NARRATIVES_MAX,
        }
    }
}

counters! {
    NarrativeCounters {
        /// Posts that were clustered.
        posts_clustered,
        /// Posts in which there was nothing to cluster by.
        posts_without_features,
        /// Posts that joined the cluster of a nearly identical one.
        posts_of_families,
        /// Posts that were clustered before their minute closed, because the logs were full.
        posts_clustered_early,
        /// Features beyond [`POST_FEATURES_MAX`].
        features_left_out,
        /// Clusters that were opened.
        clusters_opened,
        /// Clusters that became part of a larger one.
        clusters_folded,
        /// Clusters that held two stories.
        clusters_split,
        /// Clusters that ended in silence.
        clusters_ended,
        /// Clusters that gave way because there were [`CLUSTERS_MAX`].
        clusters_evicted,
        /// Terms that left a cluster because it had [`CLUSTER_TERMS_MAX`].
        terms_pruned,
        /// Terms that were not used because there were [`TERMS_MAX`].
        terms_left_out,
        /// Places of a cluster under a term that were not kept because there were [`POSTINGS_MAX`].
        postings_left_out,
        /// Posts and clusters for which not all places were looked at that should have been.
        searches_cut,
        /// Hashtags and domains beyond [`FACETS_MAX`].
        facets_left_out,
        /// Narratives and candidates that gave way because there were [`NARRATIVES_MAX`].
        narratives_evicted,
        /// Candidates that enough authors carried and that were held back as boilerplate, by minute.
        boilerplate_held,
        /// Deltas that came for a minute already closed, and were not used.
        deltas_late,
    }
}

impl NarrativeCounters {
    /// Those of them that say how often a bound was reached.
    pub fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> {
        const OTHERS: [&str; 8] = [
            "posts_clustered",
            "posts_without_features",
            "posts_of_families",
            "clusters_opened",
            "clusters_folded",
            "clusters_split",
            "clusters_ended",
            "boilerplate_held",
        ];
        self.named().filter(|(name, _)| !OTHERS.contains(name))
    }
}
