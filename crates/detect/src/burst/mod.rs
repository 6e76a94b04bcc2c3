//! Bursts: subjects that are written about more than their baseline foretells, at three time scales, within a budget of false alerts.
//!
//! [`Bursts`] stands at the owner of a shard, takes the true counts of every closed minute and watches what is out of the ordinary;
//! [`Arbiter`] stands where the gate is, knows how many looks all shards took, keeps the budget and joins what bursts together.
//!
//! Nothing here depends on how subjects are spread over shards: a baseline is its subject's own, what is pooled is pooled by partition,
//! and what needs all shards is decided by the arbiter when all have told it of a minute.
//!
//! `docs/methods/bursts.md` has the formulas, the figures and what is known to fail.

mod arbiter;
mod bursts;
mod config;
pub(crate) mod experience;
mod exposure;
mod season;
mod subject;
pub(crate) mod tail;
mod texts;

pub(crate) use tail::ln_gamma;

pub use arbiter::{Arbiter, SavedArbiter};
pub use bursts::{BurstNews, Bursts, Counted, SavedBursts, ShardMinute};
pub use config::{
    AWAKE_MAX, BUDGET_MAX, BurstConfig, BurstCounters, LIFE_MINUTES_MAX, OPEN_BELOW, OPEN_MAX, RELATED_MAX,
    RELATED_PHRASES_MAX, Reach, SUBJECTS_MAX, Scale,
};
pub use texts::TextsOf;
