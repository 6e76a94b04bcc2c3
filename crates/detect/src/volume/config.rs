//! Settings, bounds, and what is counted when a bound is reached.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::carriers::{CARRIED_NAMES_MAX, SPELT_NAMES_MAX};
use crate::counters::counters;

/// Distinct domains that are counted of one post. More are left out and counted (`domains_left_out`).
pub const POST_DOMAINS_MAX: usize = 64;
/// Memory of one worker's logs of open minutes: about 1.2 million posts. When it is reached, the largest minutes are
/// summed up early, so that deletions no longer reach what was in them (`records_compacted_early`).
pub const LOG_BYTES_MAX: usize = 96 << 20;
/// Different cells that one worker knows by number. When it is reached, those not seen for longest are forgotten; they
/// are counted as before when they come again (`interner_rebuilt`).
pub const INTERNED_MAX: usize = 1 << 19;
/// Cells of hashtag, domain and term in one day, all shards together. They are divided by their hash into
/// [`groundswell_sketch::PARTITIONS`] parts; when one holds more than its share, those of its cells with the fewest posts go,
/// down to three quarters (`cells_pruned`, `posts_pruned`).
pub const DAY_CELLS_MAX: usize = 1 << 19;
/// Memory of these cells, all shards together. When a part takes more than its share, likewise.
pub const DAY_BYTES_MAX: usize = 128 << 20;

/// Settings of the volume detector.
#[derive(Clone, Debug)]
pub struct VolumeConfig {
    /// Number of shards: of workers in the cluster.
    pub shards: usize,
    /// Names of the watches that are asked for, by their ids; each name once.
    pub watch_names: Arc<[String]>,
    /// Values of the clauses of these watches, by the percolator's numbers ([`groundswell_gate::clause_value`]).
    pub watch_clauses: Arc<[String]>,
    /// Whether phrases are counted: only bursts are looked for in them.
    pub phrases: bool,
    /// See [`LOG_BYTES_MAX`].
    pub log_bytes_max: usize,
    /// See [`INTERNED_MAX`].
    pub interned_max: usize,
    /// See [`DAY_CELLS_MAX`].
    pub day_cells_max: usize,
    /// See [`DAY_BYTES_MAX`].
    pub day_bytes_max: usize,
    /// See [`CARRIED_NAMES_MAX`].
    pub carried_names_max: usize,
    /// See [`SPELT_NAMES_MAX`].
    pub spelt_names_max: usize,
}

impl Default for VolumeConfig {
    fn default() -> Self {
        Self {
            shards: 1,
            watch_names: Arc::from([]),
            watch_clauses: Arc::from([]),
            phrases: true,
            log_bytes_max: LOG_BYTES_MAX,
            interned_max: INTERNED_MAX,
            day_cells_max: DAY_CELLS_MAX,
            day_bytes_max: DAY_BYTES_MAX,
            carried_names_max: CARRIED_NAMES_MAX,
            spelt_names_max: SPELT_NAMES_MAX,
        }
    }
}

counters! {
    VolumeCounters {
        /// Posts that were summed up before their minute closed, because the logs were full.
        records_compacted_early,
        /// How often a worker forgot the numbers of cells not seen for longest.
        interner_rebuilt,
        /// Domains beyond [`POST_DOMAINS_MAX`] in one post.
        domains_left_out,
        /// Values (of hashtag, domain, source or watch) longer than a cell may have.
        values_too_long,
        /// Cells of hashtag, domain and term that left a day, and the hour that was open, because it was full.
        cells_pruned,
        /// Posts in these cells.
        posts_pruned,
        /// Names beyond [`CARRIED_NAMES_MAX`], of which it was forgotten who carried them, in each shard.
        carried_names_forgotten,
        /// Hashtags beyond [`SPELT_NAMES_MAX`], of which it was forgotten that somebody spelt them as a name, in each shard.
        spelt_names_forgotten,
        /// Summaries that came for a minute already closed, and were not counted.
        summaries_late,
    }
}
