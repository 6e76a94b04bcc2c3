//! The connection: one WebSocket after another.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use memchr::memmem;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};

use super::backoff::Backoff;
use super::config::JetstreamConfig;
use super::status::{LiveState, LiveStatus};
use crate::block::Payload;
use crate::channel::{BlockSender, PartitionHandle, PartitionSpec, Stop};
use crate::source::{Source, SourceError};

/// A block is sent when it is this old,
pub(crate) const BATCH_WAIT: Duration = Duration::from_millis(100);
/// or has this many bytes.
pub(crate) const BATCH_BYTES: usize = 256 << 10;
/// The longest message. Servers are asked to leave out longer ones; one that comes all the same ends the connection and is
/// counted.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// How far before the last message a new connection starts; the repeats are recognised at the edge.
pub const OVERLAP_SECONDS: i64 = 5;
/// How long without a message a connection counts as idle.
const IDLE_AFTER: Duration = Duration::from_secs(10);

/// Bluesky's stream of posts and deletions.
#[derive(Debug)]
pub struct Jetstream {
    config: JetstreamConfig,
    status: Arc<LiveStatus>,
}

impl Jetstream {
    /// A source that connects when it runs.
    pub fn new(config: JetstreamConfig) -> Self {
        Self { config, status: Arc::default() }
    }

    /// What the connection is doing.
    pub fn status(&self) -> Arc<LiveStatus> {
        Arc::clone(&self.status)
    }
}

impl Source for Jetstream {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn run(self: Box<Self>, mut out: BlockSender, stop: Stop) -> Result<(), SourceError> {
        let Self { config, status } = *self;
        if config.endpoints.is_empty() {
            return Err(SourceError::Config(format!("{}: no endpoint to connect to", config.name)));
        }
        // Fails only where a provider is installed already, and any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(|error| {
                SourceError::System { name: config.name.clone(), action: "start its runtime", error }
            })?;
        let spec = PartitionSpec { name: config.name.clone(), head_time: None, live: true, lateness: config.lateness };
        let partition = out.partition(spec, &stop);
        let backoff = Backoff::new(config.backoff_min, config.backoff_max, config.seed);
        let mut connection = Connection {
            config,
            status: Arc::clone(&status),
            partition,
            stop,
            backoff,
            cursor: None,
            lines: 0,
            batch: Vec::with_capacity(BATCH_BYTES + 4096),
            batch_lines: 0,
        };
        runtime.block_on(connection.run());
        status.set(LiveState::Stopped);
        Ok(())
    }
}

struct Connection {
    config: JetstreamConfig,
    status: Arc<LiveStatus>,
    partition: PartitionHandle,
    stop: Stop,
    backoff: Backoff,
    /// `time_us` of the last message.
    cursor: Option<i64>,
    /// Messages sent on.
    lines: u64,
    batch: Vec<u8>,
    batch_lines: u64,
}

/// Why a connection ended.
enum Ended {
    Stopped,
    Failed(String),
}

impl Connection {
    async fn run(&mut self) {
        let mut endpoint = 0;
        while !self.stop.stopped() {
            let url = self.config.endpoints[endpoint % self.config.endpoints.len()].clone();
            let shown = shown(&url);
            self.status.set(LiveState::Connecting { endpoint: shown.clone() });
            match self.connection(&url, &shown).await {
                Ended::Stopped => return,
                Ended::Failed(error) => {
                    if self.flush().is_err() {
                        return;
                    }
                    self.status.count_failure();
                    let wait = self.backoff.next();
                    tracing::warn!(target: "groundswell_sources::jetstream", endpoint = %shown, wait_ms = wait.as_millis() as u64, "{error}");
                    self.status.set(LiveState::Retrying { endpoint: shown, wait, error });
                    endpoint += 1;
                    if self.wait(wait).await {
                        return;
                    }
                }
            }
        }
    }

    /// Waits; true if a stop was asked for meanwhile.
    async fn wait(&self, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        while Instant::now() < end && !self.stop.stopped() {
            tokio::time::sleep_until(end.min(Instant::now() + BATCH_WAIT)).await;
        }
        self.stop.stopped()
    }

    fn url(&self, endpoint: &str) -> String {
        let mut url = endpoint.to_owned();
        let mut add = |name: &str, value: String| {
            if !url.contains(&format!("{name}=")) {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.push_str(name);
                url.push('=');
                url.push_str(&value);
            }
        };
        add("maxMessageSizeBytes", MESSAGE_BYTES_MAX.to_string());
        if let Some(cursor) = self.cursor {
            add("cursor", (cursor - OVERLAP_SECONDS * 1_000_000).to_string());
        }
        url
    }

    async fn connection(&mut self, endpoint: &str, shown: &str) -> Ended {
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let url = self.url(endpoint);
        let stop = self.stop.clone();
        let connecting = tokio_tungstenite::connect_async_with_config(url, Some(limits), true);
        let connected = tokio::select! {
            connected = tokio::time::timeout(self.config.connect_timeout, connecting) => connected,
            () = stopped(&stop) => return Ended::Stopped,
        };
        let mut socket = match connected {
            Ok(Ok((socket, _))) => socket,
            Ok(Err(error)) => return Ended::Failed(format!("cannot connect: {error}")),
            Err(_) => return Ended::Failed("cannot connect: no answer in time".to_owned()),
        };
        self.status.count_connection();
        tracing::info!(target: "groundswell_sources::jetstream", endpoint = %shown, "connected");
        self.status.set(LiveState::Idle { endpoint: shown.to_owned() });
        let mut tick = tokio::time::interval(BATCH_WAIT);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let mut live = false;
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    if self.stop.stopped() || self.flush().is_err() {
                        return Ended::Stopped;
                    }
                    let silent = heard.elapsed();
                    if silent >= self.config.silence_max {
                        return Ended::Failed(format!("no message for {} s", silent.as_secs()));
                    }
                    if live && silent >= IDLE_AFTER {
                        live = false;
                        self.status.set(LiveState::Idle { endpoint: shown.to_owned() });
                    }
                }
                message = socket.next() => {
                    let message = match message {
                        Some(Ok(message)) => message,
                        Some(Err(WebSocketError::Capacity(error))) => {
                            if matches!(error, CapacityError::MessageTooLong { .. }) {
                                self.status.count_too_long();
                            }
                            // From the cursor the same message would come again: go on with the present.
                            self.cursor = None;
                            return Ended::Failed(format!("a message is too long (bound: {MESSAGE_BYTES_MAX} bytes)"));
                        }
                        Some(Err(error)) => return Ended::Failed(format!("the connection broke: {error}")),
                        None => return Ended::Failed("the server ended the connection".to_owned()),
                    };
                    let text = match &message {
                        Message::Text(text) => text.as_bytes(),
                        Message::Close(_) => return Ended::Failed("the server closed the connection".to_owned()),
                        _ => continue,
                    };
                    heard = Instant::now();
                    if !live {
                        live = true;
                        self.backoff.reset();
                        self.status.set(LiveState::Live { endpoint: shown.to_owned() });
                    }
                    if self.take(text).is_err() {
                        return Ended::Stopped;
                    }
                }
            }
        }
    }

    fn take(&mut self, text: &[u8]) -> Result<(), crate::channel::Stopped> {
        self.status.count_message(text.len());
        self.cursor = time_us(text).or(self.cursor);
        let start = self.batch.len();
        self.batch.extend_from_slice(text);
        // A line break is white space in JSON, and here the end of a message.
        for byte in &mut self.batch[start..] {
            if *byte == b'\n' {
                *byte = b' ';
            }
        }
        self.batch.push(b'\n');
        self.batch_lines += 1;
        if self.batch.len() >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), crate::channel::Stopped> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_BYTES + 4096));
        let first = self.lines + 1;
        self.lines += std::mem::take(&mut self.batch_lines);
        self.partition.send(first, Payload::Jetstream(bytes))
    }
}

async fn stopped(stop: &Stop) {
    while !stop.stopped() {
        tokio::time::sleep(BATCH_WAIT).await;
    }
}

/// An endpoint as it is shown: without its query.
fn shown(url: &str) -> String {
    url.split('?').next().unwrap_or(url).to_owned()
}

/// The message's time without parsing the message.
fn time_us(text: &[u8]) -> Option<i64> {
    let at = memmem::find(text, b"\"time_us\":")? + b"\"time_us\":".len();
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).take(18);
    Some(digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))).filter(|&time| time > 0)
}
