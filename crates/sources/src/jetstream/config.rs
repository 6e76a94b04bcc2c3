//! Settings of the Jetstream source.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::net::BATCH_BYTES;

/// Bluesky's public Jetstream instances. The collection brings posts and deletions of posts; account events always come.
pub const ENDPOINTS_DEFAULT: [&str; 4] = [
    "wss://jetstream2.us-east.bsky.network/subscribe?wantedCollections=app.bsky.feed.post",
    "wss://jetstream1.us-east.bsky.network/subscribe?wantedCollections=app.bsky.feed.post",
    "wss://jetstream2.us-west.bsky.network/subscribe?wantedCollections=app.bsky.feed.post",
    "wss://jetstream1.us-west.bsky.network/subscribe?wantedCollections=app.bsky.feed.post",
];

/// The zstd dictionary with which an endpoint compresses its messages. It was trained on real posts, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ZstdDictionary(pub Arc<[u8]>);

impl fmt::Debug for ZstdDictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZstdDictionary(redacted, {} bytes)", self.0.len())
    }
}

/// Settings of the Jetstream source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JetstreamConfig {
    /// The source's name.
    pub name: String,
    /// Where to connect; after a failure the next one that need not be waited for is tried.
    pub endpoints: Vec<String>,
    /// How far out of order a post may be.
    pub lateness: Duration,
    /// Asks for compressed messages where it is given. Where messages cannot be decompressed, it goes on without.
    pub dictionary: Option<ZstdDictionary>,
    /// The ceiling of the first wait; it doubles with each failure in a row of one endpoint.
    pub backoff_min: Duration,
    /// The highest ceiling of a wait.
    pub backoff_max: Duration,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long nothing may be heard before the server is asked whether it is there,
    pub ping_after: Duration,
    /// and how long before the connection is given up.
    pub silence_max: Duration,
    /// How long a connection that answers may bring no message before another one is tried.
    pub stall_max: Duration,
    /// A block is sent when it has so many bytes, or a tenth of a second after its first message.
    pub batch_bytes: usize,
    /// Seed of the jitter.
    pub seed: u64,
}

impl Default for JetstreamConfig {
    fn default() -> Self {
        Self {
            name: "bluesky".to_owned(),
            endpoints: ENDPOINTS_DEFAULT.map(str::to_owned).to_vec(),
            lateness: Duration::from_secs(30),
            dictionary: None,
            backoff_min: Duration::from_secs(1),
            backoff_max: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
            ping_after: Duration::from_secs(15),
            silence_max: Duration::from_secs(45),
            stall_max: Duration::from_mins(5),
            batch_bytes: BATCH_BYTES,
            seed: 0,
        }
    }
}
