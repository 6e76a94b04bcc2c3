//! Every source against the one contract of docs/architecture/sources.md. To put a new source to it: a file here with a
//! [`harness::Subject`] and `conformance!`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests have no readers of their docs, and panics are how they fail"
)]

mod file;
mod harness;
mod jetstream;
mod mastodon;
#[path = "../support/mastodon_server.rs"]
mod mastodon_server;
