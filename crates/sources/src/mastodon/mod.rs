//! Mastodon and what speaks its API: several instances at once, each by WebSocket, by server-sent events, or by asking for the
//! public timeline again and again.
//!
//! All instances are one source, with a partition each. A status is known by its `uri`, which is the same wherever it is seen,
//! so one that two instances deliver is counted once (the edge knows repeats by it).
//!
//! Sources: docs.joinmastodon.org (`methods/streaming`, `methods/timelines`, `entities/Status`, `entities/Account`,
//! `api/rate-limits`); the HTML standard, section 9.2 (server-sent events).

mod config;
mod connect;
mod decode;
mod http;
mod ids;
mod sse;
#[cfg(test)]
mod tests;

pub use config::{InstanceConfig, MastodonConfig, StreamMode, Token};
pub use connect::{BACKFILL_PAGES_MAX, MESSAGE_BYTES_MAX, Mastodon};
pub(crate) use decode::{Scratch, decode_block};
pub use ids::{Instance, STATUS_IDS_MAX};
