//! The connection: one WebSocket after another.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt;
use groundswell_post::{EventTime, Field, Rejection, RejectionKind};
use memchr::memmem;
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::config::{JetstreamConfig, ZstdDictionary};
use super::hidden::HiddenAccounts;
use crate::block::{Payload, Positions};
use crate::channel::{BlockSender, PartitionSpec, Stop, Stopped};
use crate::clock::Clock;
use crate::live::{LivePart, LiveStatus, Trouble};
use crate::net::{self, BATCH_WAIT, Batch, Endpoints, Failure, Heartbeat};
use crate::source::{Source, SourceError};

/// The longest message. Servers are asked to leave out longer ones; one that comes all the same ends the connection, is counted
/// and is passed over.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// How far before the last message a new connection starts; the repeats are recognised at the edge.
pub const OVERLAP_SECONDS: i64 = 5;
/// A message that is older than this comes from what the server keeps, and it plays that back as slowly as it is read.
pub const PLAYBACK_SECONDS: i64 = 60;
/// The key of the one position that this source has: `time_us` of the newest message, in whole seconds, so that no message can be
/// told by it.
pub(crate) const CURSOR_KEY: &str = "cursor";

/// Bluesky's stream of posts and deletions.
#[derive(Debug)]
pub struct Jetstream {
    config: JetstreamConfig,
    clock: Arc<dyn Clock>,
    status: Arc<LiveStatus>,
    part: LivePart,
    cursor: Option<i64>,
    hidden: Arc<HiddenAccounts>,
}

impl Jetstream {
    /// A source that connects when it runs.
    pub fn new(config: JetstreamConfig, clock: Arc<dyn Clock>) -> Self {
        let status = LiveStatus::new(Arc::clone(&clock));
        let part = status.part(&config.name);
        Self { config, clock, status, part, cursor: None, hidden: Arc::default() }
    }

    /// Goes on with what an earlier source of this process learnt of accounts that do not want to be shown.
    #[must_use]
    pub fn knowing(mut self, hidden: Arc<HiddenAccounts>) -> Self {
        self.hidden = hidden;
        self
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

    fn resume(&mut self, positions: &Positions) {
        let cursor = positions.get(CURSOR_KEY).and_then(|text| text.parse().ok());
        self.cursor = cursor.filter(|&cursor| makes_sense(cursor, self.clock.now()));
        if let Some(cursor) = self.cursor {
            self.part.resumes_from(event_time(cursor));
        } else {
            tracing::warn!(
                target: "groundswell_sources::jetstream",
                "the stored position cannot be used; going on with the present"
            );
        }
    }

    fn run(self: Box<Self>, mut out: BlockSender, stop: Stop) -> Result<(), SourceError> {
        let Self { config, clock, part, cursor, hidden, status: _ } = *self;
        if config.endpoints.is_empty() {
            return Err(SourceError::Config(format!("{}: no endpoint to connect to", config.name)));
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(|error| {
                SourceError::System { name: config.name.clone(), action: "start its runtime", error }
            })?;
        let unpack = config.dictionary.as_ref().and_then(|dictionary| {
            let unpack = Unpack::new(dictionary);
            if unpack.is_err() {
                tracing::warn!(target: "groundswell_sources::jetstream", "the zstd dictionary cannot be used; going on uncompressed");
            }
            unpack.ok()
        });
        let spec = PartitionSpec { name: config.name.clone(), head_time: None, live: true, lateness: config.lateness };
        let partition = out.partition(spec, &stop);
        let wrap = Box::new(move |bytes| Payload::Jetstream { hidden: Arc::clone(&hidden), bytes });
        let batch = Batch::new(partition, CURSOR_KEY, config.batch_bytes, wrap);
        let endpoints = Endpoints::new(config.endpoints.len(), config.backoff_min, config.backoff_max, config.seed);
        let part_at_end = part.clone();
        let mut connection = Connection {
            config,
            clock,
            part,
            stop,
            endpoints,
            unpack,
            cursor,
            asked_from: None,
            poison: None,
            behind: false,
            batch,
        };
        runtime.block_on(connection.run());
        part_at_end.closed();
        Ok(())
    }
}

struct Connection {
    config: JetstreamConfig,
    clock: Arc<dyn Clock>,
    part: LivePart,
    stop: Stop,
    endpoints: Endpoints,
    unpack: Option<Unpack>,
    /// The newest `time_us` of all messages.
    cursor: Option<i64>,
    /// What the cursor was when this connection was made, until its first message has shown whether it goes back as far.
    asked_from: Option<i64>,
    /// The cursor at which a message could not be taken: when it happens there again, that message is jumped over.
    poison: Option<i64>,
    /// The server has what this has not read: nobody must take it for idle.
    behind: bool,
    batch: Batch,
}

/// Why a connection ended.
enum Ended {
    Stopped,
    Failed(Failure),
}

impl From<Stopped> for Ended {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble.into())
    }
}

impl Connection {
    async fn run(&mut self) {
        self.behind = self.cursor.is_some();
        if self.batch.behind(self.behind).is_err() {
            return;
        }
        while !self.stop.stopped() {
            let url = self.config.endpoints[self.endpoints.current()].clone();
            let shown = shown(&url);
            self.part.connecting(&shown);
            let Err(ended) = self.connection(&url).await;
            let flushed = self.batch.flush();
            let (Ended::Failed(failure), Ok(())) = (ended, flushed) else { return };
            // What comes until it is connected again can be asked for then.
            self.behind = self.cursor.is_some();
            if self.passes_over(failure.trouble).is_err() || self.batch.behind(self.behind).is_err() {
                return;
            }
            let wait = self.endpoints.failed(failure);
            tracing::warn!(
                target: "groundswell_sources::jetstream",
                endpoint = %shown,
                wait_ms = wait.as_millis() as u64,
                "{}",
                failure.trouble
            );
            self.part.failed(failure.trouble, wait);
            if net::wait(wait, &self.stop).await {
                return;
            }
        }
    }

    /// A message that cannot be taken is counted. From the cursor it would come again for ever, so at the second time at the
    /// same place the source goes on with the present.
    fn passes_over(&mut self, trouble: Trouble) -> Result<(), Stopped> {
        let rejection = match trouble {
            Trouble::TooLong => Rejection::new(Field::Record, RejectionKind::TooLong),
            Trouble::BadAnswer => Rejection::new(Field::Record, RejectionKind::NotUtf8),
            Trouble::BadCompression => {
                // Uncompressed from now on.
                self.unpack = None;
                return Ok(());
            }
            _ => return Ok(()),
        };
        if self.cursor.is_some() && self.poison == self.cursor {
            self.cursor = None;
        }
        self.poison = self.cursor;
        self.batch.reject(rejection)
    }

    fn url(&self, endpoint: &str) -> String {
        let mut url = endpoint.to_owned();
        let mut add = |name: &str, value: &str| {
            if !url.contains(&format!("{name}=")) {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.push_str(name);
                url.push('=');
                url.push_str(value);
            }
        };
        add("maxMessageSizeBytes", &MESSAGE_BYTES_MAX.to_string());
        if self.unpack.is_some() {
            add("compress", "true");
        }
        if let Some(cursor) = self.cursor {
            add("cursor", &(cursor - OVERLAP_SECONDS * 1_000_000).to_string());
        }
        url
    }

    async fn connection(&mut self, endpoint: &str) -> Result<std::convert::Infallible, Ended> {
        let now = self.clock.now();
        let mut request = self.url(endpoint).into_client_request().map_err(|_| Trouble::NotOffered)?;
        request.headers_mut().insert("user-agent", net::USER_AGENT.parse().expect("a name of plain letters"));
        self.asked_from = self.cursor;
        let mut socket = tokio::select! {
            connected = net::connect(request, MESSAGE_BYTES_MAX, self.config.connect_timeout, now) => connected?,
            () = net::stopped(&self.stop) => return Err(Ended::Stopped),
        };
        tracing::info!(target: "groundswell_sources::jetstream", endpoint = %shown(endpoint), "connected");
        self.part.connected();
        let mut heartbeat = Heartbeat::new(self.config.ping_after, self.config.silence_max);
        let mut tick = tokio::time::interval(BATCH_WAIT);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut proved = false;
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    self.batch.flush()?;
                    if self.stop.stopped() {
                        return Err(Ended::Stopped);
                    }
                    heartbeat.beat(&mut socket).await?;
                    if heartbeat.without_message() >= self.config.stall_max {
                        return Err(Trouble::Stalled.into());
                    }
                }
                message = socket.next() => {
                    let message = match message {
                        Some(Ok(message)) => message,
                        Some(Err(error)) => return Err(Failure::of_web_socket(&error, self.clock.now()).into()),
                        None => return Err(Trouble::Ended.into()),
                    };
                    heartbeat.heard();
                    self.part.sign_of_life();
                    match &message {
                        Message::Text(text) => self.take(text.as_bytes())?,
                        Message::Binary(packed) => {
                            let mut unpack = self.unpack.take().ok_or(Trouble::BadCompression)?;
                            let taken = match unpack.message(packed) {
                                Some(text) => self.take(text),
                                None => return Err(Trouble::BadCompression.into()),
                            };
                            self.unpack = Some(unpack);
                            taken?;
                        }
                        Message::Close(_) => return Err(Trouble::Ended.into()),
                        _ => continue,
                    }
                    heartbeat.message();
                    if !proved {
                        proved = true;
                        self.endpoints.proved();
                    }
                }
            }
        }
    }

    fn take(&mut self, text: &[u8]) -> Result<(), Stopped> {
        let now = self.clock.now();
        let time = time_us(text).filter(|&time| makes_sense(time, now));
        if let Some(time) = time {
            let played_back = event_time(time).unix() < now.unix() - PLAYBACK_SECONDS;
            self.batch.can_wait(played_back);
            if self.behind != played_back {
                self.behind = played_back;
                self.batch.behind(played_back)?;
            }
        }
        if let (Some(from), Some(time)) = (self.asked_from, time) {
            self.asked_from = None;
            // The overlap begins before the last message, so a server that still has it begins there too.
            if time <= from {
                self.part.recovered();
            } else {
                tracing::warn!(target: "groundswell_sources::jetstream", "{}", Trouble::TooFarBack);
                self.part.missed_until(event_time(time));
            }
        }
        self.part.message(text.len());
        self.cursor = self.cursor.max(time);
        if let Some(cursor) = self.cursor {
            self.batch.position((cursor - cursor.rem_euclid(1_000_000)).to_string());
        }
        self.batch.push(|bytes| bytes.extend_from_slice(text))
    }
}

/// Messages under zstd, each a frame of its own.
struct Unpack {
    decompressor: zstd::bulk::Decompressor<'static>,
    plain: Vec<u8>,
}

impl Unpack {
    fn new(dictionary: &ZstdDictionary) -> std::io::Result<Self> {
        let decompressor = zstd::bulk::Decompressor::with_dictionary(&dictionary.0)?;
        Ok(Self { decompressor, plain: Vec::with_capacity(MESSAGE_BYTES_MAX) })
    }

    /// `None`: no frame, another dictionary's frame, or one whose content is longer than the bound.
    fn message(&mut self, packed: &[u8]) -> Option<&[u8]> {
        self.plain.clear();
        self.decompressor.decompress_to_buffer(packed, &mut self.plain).ok()?;
        Some(&self.plain)
    }
}

impl fmt::Debug for Unpack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unpack(redacted)")
    }
}

/// An endpoint as it is shown: without its query.
fn shown(url: &str) -> String {
    url.split('?').next().unwrap_or(url).to_owned()
}

fn event_time(time_us: i64) -> EventTime {
    EventTime::from_unix(time_us.div_euclid(1_000_000))
}

/// Whether a time can be a cursor: one of the far future would be the newest for ever.
fn makes_sense(time_us: i64, now: EventTime) -> bool {
    let time = event_time(time_us);
    time >= EventTime::MIN && time.unix() <= now.unix().saturating_add(EventTime::FUTURE_SECONDS_MAX)
}

/// The message's time without parsing the message.
fn time_us(text: &[u8]) -> Option<i64> {
    let at = memmem::find(text, b"\"time_us\":")? + b"\"time_us\":".len();
    let digits = text[at..].iter().skip_while(|byte| **byte == b' ').take_while(|byte| byte.is_ascii_digit()).take(18);
    Some(digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))).filter(|&time| time > 0)
}
