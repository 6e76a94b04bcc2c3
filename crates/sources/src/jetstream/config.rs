//! Settings of the Jetstream source.

use std::time::Duration;

/// Bluesky's public Jetstream instances. The collection brings posts and deletions of posts; account events always come.
pub const ENDPOINTS_DEFAULT: [&str; 4] = [
    "wss://jetstream2.us-east.bsky.network/subscribe?wantedCollections=app.bsky.feed.post",
    "wss://jetstream1.us-east.bsky.network/subscribe?wantedCollections=app.bsky.feed.post",
    "wss://jetstream2.us-west.bsky.network/subscribe?wantedCollections=app.bsky.feed.post",
    "wss://jetstream1.us-west.bsky.network/subscribe?wantedCollections=app.bsky.feed.post",
];

/// Settings of the Jetstream source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JetstreamConfig {
    /// The source's name.
    pub name: String,
    /// Where to connect; after a failure the next one is tried.
    pub endpoints: Vec<String>,
    /// How far out of order a post may be.
    pub lateness: Duration,
    /// The ceiling of the first wait; it doubles with each failure in a row.
    pub backoff_min: Duration,
    /// The highest ceiling of a wait.
    pub backoff_max: Duration,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a connection may be silent before it is given up and made anew.
    pub silence_max: Duration,
    /// Seed of the jitter.
    pub seed: u64,
}

impl Default for JetstreamConfig {
    fn default() -> Self {
        Self {
            name: "bluesky".to_owned(),
            endpoints: ENDPOINTS_DEFAULT.map(str::to_owned).to_vec(),
            lateness: Duration::from_secs(30),
            backoff_min: Duration::from_secs(1),
            backoff_max: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
            silence_max: Duration::from_mins(1),
            seed: 0,
        }
    }
}
