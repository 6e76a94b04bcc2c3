//! Bluesky's Jetstream over a WebSocket: connects, reconnects with growing, jittered waits, and reads its messages.
//!
//! Only what a post or a deletion needs is read of a message. Sources: the Jetstream README
//! (github.com/bluesky-social/jetstream); the lexicons `app.bsky.feed.post`, `app.bsky.actor.profile`, `app.bsky.richtext.facet` and
//! `com.atproto.label.defs`.

mod config;
mod connect;
mod decode;
mod hidden;
#[cfg(test)]
mod tests;

pub use config::{ENDPOINTS_DEFAULT, JetstreamConfig, ZstdDictionary};
pub use connect::{Jetstream, MESSAGE_BYTES_MAX, OVERLAP_SECONDS, PLAYBACK_SECONDS};
pub(crate) use decode::{Scratch, decode_block};
pub use hidden::{HIDDEN_ACCOUNTS_MAX, HiddenAccounts};
