//! Settings of the feed source.

use std::time::Duration;

use super::list::FeedSpec;

/// How often a feed is read that asks for nothing.
pub const INTERVAL_DEFAULT: Duration = Duration::from_mins(15);
/// No feed is read more often, whatever it asks for.
pub const INTERVAL_MIN: Duration = Duration::from_mins(5);
/// No feed is read more seldom, whatever it asks for: a typing error should not silence it for a year.
pub const INTERVAL_MAX: Duration = Duration::from_hours(6);
/// The longest time for which a server may ask to be left alone (`Retry-After`).
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);
/// How old an item may be when it is first seen and still count.
pub const FRESH_MAX: Duration = Duration::from_hours(24);
/// How many feeds are fetched side by side.
pub const FETCHES_MAX: usize = 32;

/// Settings of the feed source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedsConfig {
    /// The source's name.
    pub name: String,
    /// Which feeds.
    pub feeds: Vec<FeedSpec>,
    /// How to reach who runs this: an address of mail or web, told to every server. Empty: nobody is named.
    pub contact: String,
    /// How often a feed is read that asks for nothing.
    pub interval: Duration,
    /// No feed is read more often.
    pub interval_min: Duration,
    /// No feed is read more seldom.
    pub interval_max: Duration,
    /// How far back an item's own time counts; an older item counts half of this ago. Also the partition's lateness.
    pub lateness: Duration,
    /// How long a host is left alone after a request.
    pub host_gap: Duration,
    /// How many feeds are fetched side by side.
    pub fetches_max: usize,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long an answer may stand still.
    pub read_timeout: Duration,
    /// How long one request may take in all.
    pub request_timeout: Duration,
    /// The ceiling of the wait after a first failure; it doubles with each failure in a row.
    pub backoff_min: Duration,
    /// The highest ceiling of a wait.
    pub backoff_max: Duration,
    /// Whether this machine and private networks may be fetched from.
    pub private_addresses: bool,
    /// Seed of the jitter.
    pub seed: u64,
}

impl Default for FeedsConfig {
    fn default() -> Self {
        Self {
            name: "feeds".to_owned(),
            feeds: super::list::publishers(),
            contact: String::new(),
            interval: INTERVAL_DEFAULT,
            interval_min: INTERVAL_MIN,
            interval_max: INTERVAL_MAX,
            lateness: Duration::from_secs(30),
            host_gap: Duration::from_secs(1),
            fetches_max: FETCHES_MAX,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_mins(1),
            backoff_min: Duration::from_mins(2),
            backoff_max: Duration::from_hours(6),
            private_addresses: false,
            seed: 0,
        }
    }
}

impl FeedsConfig {
    /// What every server is told about who asks.
    pub fn user_agent(&self) -> String {
        let contact = self.contact.trim();
        let contact = if contact.is_empty() { String::new() } else { format!("; contact: {contact}") };
        format!("Groundswell/{} (+{}{contact})", env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_REPOSITORY"))
    }
}
