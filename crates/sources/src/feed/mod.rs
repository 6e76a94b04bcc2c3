//! RSS, Atom and JSON feeds as items of publishers.
//!
//! [`Feeds`] asks each feed when it is due (`schedule`), reads what has changed (`document`), and sends what was not there
//! before (`look`) as NDJSON in the contract's own format, so that no decoder had to be added behind it. All feeds are one
//! live partition. Each look ends in one block with the feed's position, also where it brought nothing new.
//!
//! Feeds are asked politely: conditional requests, one request at a time a host with a gap after each, intervals as the feed
//! wishes within limits, `Retry-After` and redirections obeyed, 410 final, and a user agent that says who asks.
//! Nothing is taken on trust: see `groundswell_net` for addresses, `fetch` for sizes, `xml` for documents.
//!
//! Authors of items are never read: no field of [`Item`] has a place for one.
//!
//! Sources: RSS 0.91 to 2.0 (rssboard.org), RSS 1.0 and its modules, RFC 4287 (Atom), Atom 0.3, JSON Feed 1.1, OPML 2.0,
//! RFC 9110 and 9111 (HTTP), RFC 7303 (XML media types), WHATWG Encoding.

mod charset;
mod config;
mod date;
mod document;
mod fetch;
mod html;
mod json;
mod list;
mod look;
mod run;
mod schedule;
mod status;
#[cfg(test)]
mod tests;
mod xml;

pub use config::{FETCHES_MAX, FRESH_MAX, FeedsConfig, INTERVAL_DEFAULT, INTERVAL_MAX, INTERVAL_MIN, RETRY_AFTER_MAX};
pub use document::{Document, ITEMS_MAX, Item, NAME_BYTES_MAX, ParseError, TEXT_BYTES_MAX, parse};
pub use fetch::DOCUMENT_BYTES_MAX;
pub use list::{FEEDS_MAX, FeedSpec, ListError, once_each, publishers, publishers_text, read_opml, read_publishers};
pub use look::{AHEAD_MAX, GONE_ITEMS_MAX, REDIRECTS_MAX};
pub use run::Feeds;
pub use status::{FeedState, FeedStatus, FeedsStatus, FeedsSummary};
pub use xml::DEPTH_MAX;
