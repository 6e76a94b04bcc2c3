//! Settings of the Mastodon source.

use std::fmt;
use std::time::Duration;

use crate::net::BATCH_BYTES;

/// An access token. It is sent to its instance and shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token as it stands in its file; white space around it is none of it. `None` where it is empty or cannot be a header.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// How an instance's public timeline is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamMode {
    /// By WebSocket; where that is closed by server-sent events; where those are closed by asking again and again.
    #[default]
    Auto,
    /// By WebSocket only.
    WebSocket,
    /// By server-sent events only.
    Sse,
    /// By asking again and again only.
    Poll,
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceConfig {
    /// Its host, as `mastodon.example`, or with a scheme where it is not https (a test).
    pub host: String,
    /// For streams, which nearly all instances close to those who have none.
    pub token: Option<Token>,
    /// How it is read.
    pub stream: StreamMode,
    /// Only what was posted on the instance itself.
    pub local: bool,
}

impl InstanceConfig {
    /// An instance, read as it allows.
    pub fn new(host: impl Into<String>) -> Self {
        Self { host: host.into(), token: None, stream: StreamMode::Auto, local: false }
    }

    /// Where its API is: scheme and host.
    pub(crate) fn base(&self) -> String {
        let host = self.host.trim_end_matches('/');
        if host.contains("://") { host.to_owned() } else { format!("https://{host}") }
    }

    /// Its host and port.
    pub(crate) fn host_name(&self) -> String {
        let base = self.base();
        base.split_once("://").map_or(base.clone(), |(_, host)| host.to_owned())
    }
}

/// Settings of the Mastodon source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MastodonConfig {
    /// The source's name, shared by all instances: post keys are computed over it.
    pub name: String,
    /// What is read.
    pub instances: Vec<InstanceConfig>,
    /// How far out of order a post may be: posts of other instances come some time after they were written.
    pub lateness: Duration,
    /// The ceiling of the first wait; it doubles with each failure in a row of one instance.
    pub backoff_min: Duration,
    /// The highest ceiling of a wait.
    pub backoff_max: Duration,
    /// How long a connection, or an answer to a question, may take.
    pub connect_timeout: Duration,
    /// How long nothing may be heard before the server is asked whether it is there,
    pub ping_after: Duration,
    /// and how long before the connection is given up. Servers send a sign of life every 15 or 30 seconds.
    pub silence_max: Duration,
    /// How often the timeline is asked for where it is not streamed. 300 questions in 5 minutes is what Mastodon allows.
    pub poll_every: Duration,
    /// How long an instance is polled before its streams are tried again.
    pub stream_again_after: Duration,
    /// A block is sent when it has so many bytes, or a tenth of a second after its first message.
    pub batch_bytes: usize,
    /// Seed of the jitter.
    pub seed: u64,
}

impl Default for MastodonConfig {
    fn default() -> Self {
        Self {
            name: "mastodon".to_owned(),
            instances: Vec::new(),
            lateness: Duration::from_mins(2),
            backoff_min: Duration::from_secs(1),
            backoff_max: Duration::from_mins(5),
            connect_timeout: Duration::from_secs(10),
            ping_after: Duration::from_secs(30),
            silence_max: Duration::from_secs(90),
            poll_every: Duration::from_secs(10),
            stream_again_after: Duration::from_hours(1),
            batch_bytes: BATCH_BYTES,
            seed: 0,
        }
    }
}
