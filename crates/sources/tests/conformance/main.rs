//! Every source against the one contract of docs/architecture/sources.md. To put a new source to it: a file here with a
//! [`harness::Subject`] and `conformance!`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests have no readers of their docs, panics are how they fail, and what is skipped must be said"
)]

mod feed;
mod file;
mod harness;
mod jetstream;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "kafka")]
#[path = "../kafka/broker.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests of Kafka use the rest")]
mod kafka_broker;
mod mastodon;
#[path = "../support/mastodon_server.rs"]
mod mastodon_server;
mod push;
