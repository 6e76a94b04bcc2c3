//! Volumes: posts and distinct authors a minute, hour and day by total, watch, language, source, kind, relation, region,
//! hashtag, domain and term.
//!
//! Each worker has an [`Observer`], which keeps a compact log of the posts of every minute that is still open, so that a
//! deletion can reach them; at a minute's close the log becomes one [`groundswell_sketch::Summary`] a shard. The owner of a
//! shard has a [`Merger`], which adds up the workers' summaries, proposes what could pass the gate, and rolls minutes up
//! into hours and days. `DESIGN.md` says why it is built so.

mod carriers;
mod cell;
mod config;
mod delete;
#[cfg(debug_assertions)]
mod held;
mod interner;
mod log;
mod merger;
mod observer;

pub use carriers::{CARRIED_NAMES_MAX, NAME_CARRIED_SECONDS, SPELT_NAMES_MAX};
pub use cell::shard_of;
pub use config::{
    DAY_BYTES_MAX, DAY_CELLS_MAX, INTERNED_MAX, LOG_BYTES_MAX, POST_DOMAINS_MAX, VolumeConfig, VolumeCounters,
};
pub(crate) use delete::Deletions;
#[cfg(debug_assertions)]
pub use held::Held;
pub use merger::{Merger, SavedMinute, SavedShard};
pub use observer::{Matched, Observer};
