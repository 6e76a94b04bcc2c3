//! Settings, bounds, and what is counted when a bound is reached.

use serde::{Deserialize, Serialize};

use crate::counters::counters;

/// Words of a text that are looked at; what comes later is read for exact copies only.
pub const WORDS_MAX: usize = 64;
/// A text of fewer words is in no family: everyone writes it (`texts_too_short`).
pub const WORDS_MIN: usize = 4;
/// A text of fewer words is of a family only if all its words are the same.
pub const NEAR_WORDS_MIN: usize = 8;
/// Texts without company that one process remembers. A newer one takes the place of the oldest (`singles_forgotten`): two copies
/// that are further apart do not find each other.
pub const SINGLES_MAX: usize = 1 << 19;
/// Families of one process; when there are more, a quarter goes, those not written to for longest (`families_evicted`).
pub const FAMILIES_MAX: usize = 1 << 16;
/// Families that the owner knows; likewise (`families_evicted`).
pub const OWNED_MAX: usize = 1 << 16;
/// Memory of one process's families, roughly; when they take more, likewise. Most of them are two texts that are alike by chance.
pub const FAMILIES_BYTES_MAX: usize = 96 << 20;
/// Memory of the families that the owner knows, roughly; likewise.
pub const OWNED_BYTES_MAX: usize = 96 << 20;
/// Minutes that are remembered of a family as long as one account alone wrote it; of earlier ones its posts are left out
/// (`family_minutes_left_out`).
pub const ALONE_MINUTES_MAX: usize = 60;
/// A family to which nobody wrote for so long is forgotten, in seconds.
pub const WINDOW_SECONDS: i64 = 24 * 60 * 60;
/// Posts of a family that can be found again by their key when they are deleted. Later ones leave no word of their own.
pub const MEMBERS_MAX: usize = 64;
/// Words at one place of a family's text that are told apart.
pub const CHOICES_MAX: usize = 4;
/// Domains of a family that are kept; more are left out (`family_domains_left_out`).
pub const DOMAINS_MAX: usize = 8;
/// Languages of a family that are kept apart.
pub const LANGUAGES_MAX: usize = 8;
/// Memory of one worker's logs of open minutes. When it is reached, the oldest minutes are read early, so that deletions reach of
/// their posts only what families and singles hold (`posts_read_early`).
pub const LOG_BYTES_MAX: usize = 96 << 20;

/// Longer links are in no push (`links_too_long`).
pub const LINK_BYTES_MAX: usize = 512;
/// Links of a post that are looked at.
pub const POST_LINKS_MAX: usize = 8;
/// Links and hashtags of which one process remembers how they are written. When there are more, those not written for longest go, down to
/// three quarters (`values_forgotten`).
pub const VALUES_MAX: usize = 1 << 17;
/// For so long they are remembered, in seconds.
pub const OBJECT_SECONDS: i64 = 2 * 60 * 60;
/// Posts of one of them that can be found again when they are deleted.
pub const VALUE_MEMBERS_MAX: usize = 16;
/// Links and hashtags of one author that the owner knows, as a hash and numbers; likewise (`objects_evicted`).
pub const OBJECTS_ALONE_MAX: usize = 1 << 18;
/// Links and hashtags of several authors that the owner knows; likewise.
pub const OBJECTS_MAX: usize = 1 << 15;
/// Memory of those, roughly; likewise.
pub const OBJECTS_BYTES_MAX: usize = 64 << 20;
/// So many pushes a day the clock alone may bring: what is likelier is held.
pub const SCAN_A_DAY_MAX: f64 = 0.01;
/// So many a day what spreads by itself, or what a day yet unknown would show to be usual, may bring: what is likelier waits for a longer
/// silence and for more of the day.
pub const PUSH_Q_MAX: f64 = 1.0;

/// Settings of the amplification detector, measured in `docs/methods/amplification.md`.
#[derive(Clone, Debug)]
pub struct AmplifyConfig {
    /// The least part that a text must share with a family's to join it, by weight of words.
    pub join: f32,
    /// The least part of the shorter that families of several processes must share, in order, to be one.
    pub unite: f32,
    /// See [`SINGLES_MAX`].
    pub singles_max: usize,
    /// See [`FAMILIES_MAX`].
    pub families_max: usize,
    /// See [`OWNED_MAX`].
    pub owned_max: usize,
    /// See [`FAMILIES_BYTES_MAX`].
    pub families_bytes_max: usize,
    /// See [`OWNED_BYTES_MAX`].
    pub owned_bytes_max: usize,
    /// See [`LOG_BYTES_MAX`].
    pub log_bytes_max: usize,
}

impl Default for AmplifyConfig {
    fn default() -> Self {
        Self {
            join: 0.5,
            unite: 0.6,
            singles_max: SINGLES_MAX,
            families_max: FAMILIES_MAX,
            owned_max: OWNED_MAX,
            families_bytes_max: FAMILIES_BYTES_MAX,
            owned_bytes_max: OWNED_BYTES_MAX,
            log_bytes_max: LOG_BYTES_MAX,
        }
    }
}

counters! {
    AmplifyCounters {
        /// Posts that were looked at.
        posts_read,
        /// Posts of too few words to be of a family.
        texts_too_short,
        /// Posts that were copies of an earlier one.
        copies,
        /// Reposts by a platform's own button that carry a family's text.
        reposts,
        /// Families that were opened.
        families_opened,
        /// Families that became part of another one, at the owner.
        families_united,
        /// Families held back by the rule at the close of a minute although enough authors carry them.
        families_held,
        /// Of them, those that a publisher carries: headlines.
        families_of_publishers,
        /// Posts that were read before their minute closed, because the logs were full.
        posts_read_early,
        /// Texts without company that gave way to newer ones.
        singles_forgotten,
        /// Families that gave way because there were too many, or they took too much memory.
        families_evicted,
        /// Domains beyond [`DOMAINS_MAX`].
        family_domains_left_out,
        /// Minutes beyond [`ALONE_MINUTES_MAX`] of families that one account alone wrote.
        family_minutes_left_out,
        /// Links beyond [`LINK_BYTES_MAX`].
        links_too_long,
        /// Values beyond [`VALUES_MAX`].
        values_forgotten,
        /// Links and hashtags that gave way because there were too many, or they took too much memory.
        objects_evicted,
        /// Links and hashtags held back although enough authors wrote them in short time: by chance, for one of the two reasons below, or
        /// because they are part of what was told already.
        pushes_held,
        /// Of them, links of a publisher's item.
        pushes_of_publishers,
        /// Of them, those that come with one text: an amplification of that text, if any.
        pushes_of_texts,
        /// Deltas that came for a minute already closed, and were not used.
        family_deltas_late,
    }
}

impl AmplifyCounters {
    /// Those of them that say how often a bound was reached.
    pub fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> {
        const BOUNDS: [&str; 9] = [
            "posts_read_early",
            "singles_forgotten",
            "families_evicted",
            "family_domains_left_out",
            "family_minutes_left_out",
            "links_too_long",
            "values_forgotten",
            "objects_evicted",
            "family_deltas_late",
        ];
        self.named().filter(|(name, _)| BOUNDS.contains(name))
    }
}
