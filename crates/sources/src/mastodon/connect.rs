//! The connections: one task an instance, on one thread.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use groundswell_post::{EventTime, Field, Rejection, RejectionKind};
use reqwest::Client;
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::config::{InstanceConfig, MastodonConfig, StreamMode};
use super::decode::{DELETE, EDIT, UPDATE};
use super::http;
use super::ids::Instance;
use super::sse::{Parser, Told};
use crate::block::{Payload, Positions};
use crate::channel::{BlockSender, PartitionSpec, Stop, Stopped};
use crate::clock::Clock;
use crate::live::{LivePart, LiveStatus, Trouble};
use crate::net::{self, BATCH_WAIT, Backoff, Batch, Beat, Failure, Heartbeat};
use crate::source::{Source, SourceError};

/// The longest message. A longer one is counted and passed over.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// How many pages of 40 statuses are asked for at most to make up for what was missed; what lies beyond is a gap.
pub const BACKFILL_PAGES_MAX: usize = 50;
/// Statuses on a page, the most that Mastodon gives.
const PAGE: usize = 40;
/// The longest id that is kept as a position.
const ID_BYTES_MAX: usize = 64;
/// The target of its logs.
const LOG: &str = "groundswell_sources::mastodon";

/// The public timelines of instances of Mastodon.
#[derive(Debug)]
pub struct Mastodon {
    config: MastodonConfig,
    clock: Arc<dyn Clock>,
    status: Arc<LiveStatus>,
    parts: Vec<LivePart>,
    positions: Vec<Option<String>>,
}

impl Mastodon {
    /// A source that connects when it runs.
    pub fn new(config: MastodonConfig, clock: Arc<dyn Clock>) -> Self {
        let status = LiveStatus::new(Arc::clone(&clock));
        let parts = config.instances.iter().map(|instance| status.part(&instance.host_name())).collect();
        let positions = vec![None; config.instances.len()];
        Self { config, clock, status, parts, positions }
    }

    /// What the connections are doing, a part an instance.
    pub fn status(&self) -> Arc<LiveStatus> {
        Arc::clone(&self.status)
    }
}

/// The second in which a status was made, out of its id, where ids hold it: on Mastodon the milliseconds since 1970 stand
/// before 16 bits that tell statuses of one millisecond apart.
///
/// That is the position: it tells where to go on as well as the id would, and says nothing of which post was read.
fn second_of(id: &str, now: EventTime) -> Option<i64> {
    let second = (id.parse::<u64>().ok()? >> 16) / 1_000;
    let time = EventTime::from_unix(i64::try_from(second).ok()?);
    let sane = time >= EventTime::MIN && time.unix() <= now.unix().saturating_add(EventTime::FUTURE_SECONDS_MAX);
    sane.then_some(time.unix())
}

/// The id before all statuses of a second.
fn id_before(second: i64) -> String {
    (((second.unsigned_abs() * 1_000) << 16) - 1).to_string()
}

fn read_position(text: &str, now: EventTime) -> Option<EventTime> {
    let time = EventTime::from_unix(text.parse().ok()?);
    (time >= EventTime::MIN && time.unix() <= now.unix().saturating_add(EventTime::FUTURE_SECONDS_MAX)).then_some(time)
}

fn may_be_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl Source for Mastodon {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn resume(&mut self, positions: &Positions) {
        let now = self.clock.now();
        for ((instance, part), slot) in self.config.instances.iter().zip(&self.parts).zip(&mut self.positions) {
            let Some(text) = positions.get(&instance.host_name()) else { continue };
            if let Some(time) = read_position(text, now) {
                *slot = Some(id_before(time.unix()));
                part.resumes_from(time);
            } else {
                tracing::warn!(target: LOG, instance = %part.name(), "the stored position cannot be used; going on with the present");
            }
        }
    }

    fn run(self: Box<Self>, mut out: BlockSender, stop: Stop) -> Result<(), SourceError> {
        let Self { config, clock, parts, positions, status: _ } = *self;
        if config.instances.is_empty() {
            return Err(SourceError::Config(format!("{}: no instance to read", config.name)));
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(|error| {
                SourceError::System { name: config.name.clone(), action: "start its runtime", error }
            })?;
        let client = http::client(config.connect_timeout)
            .map_err(|_| SourceError::Config(format!("{}: the HTTP client cannot be made", config.name)))?;
        let specs: Vec<PartitionSpec> = parts
            .iter()
            .map(|part| PartitionSpec {
                name: format!("{} {}", config.name, part.name()),
                head_time: None,
                live: true,
                lateness: config.lateness,
            })
            .collect();
        let handles = out.partitions(&specs, &stop);
        let ended = parts.clone();
        let config = Arc::new(config);
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for (number, ((handle, part), last)) in handles.into_iter().zip(parts).zip(positions).enumerate() {
                let shared = Arc::new(Instance::new(part.name()));
                let wrap = {
                    let instance = Arc::clone(&shared);
                    Box::new(move |bytes| Payload::Mastodon { instance: Arc::clone(&instance), bytes })
                };
                let seed = config.seed.wrapping_add(number as u64);
                let mut reader = Reader {
                    batch: Batch::new(handle, part.name(), config.batch_bytes, wrap),
                    backoff: Backoff::new(config.backoff_min, config.backoff_max, seed),
                    number,
                    config: Arc::clone(&config),
                    clock: Arc::clone(&clock),
                    client: client.clone(),
                    part,
                    shared,
                    streaming: None,
                    last,
                    // Only a reader that knows where it was can have missed something.
                    behind: true,
                };
                let stop = stop.clone();
                tasks.spawn(async move {
                    tokio::select! {
                        Err(Stopped) = reader.run() => {}
                        () = net::stopped(&stop) => {}
                    }
                    // What waits is sent on as long as somebody takes it.
                    let _ = reader.batch.flush();
                });
            }
            while tasks.join_next().await.is_some() {}
        });
        for part in ended {
            part.closed();
        }
        Ok(())
    }
}

/// One way to read an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    WebSocket,
    Sse,
    Poll,
}

fn ways(mode: StreamMode) -> &'static [Way] {
    match mode {
        StreamMode::Auto => &[Way::WebSocket, Way::Sse, Way::Poll],
        StreamMode::WebSocket => &[Way::WebSocket],
        StreamMode::Sse => &[Way::Sse],
        StreamMode::Poll => &[Way::Poll],
    }
}

struct Reader {
    config: Arc<MastodonConfig>,
    number: usize,
    clock: Arc<dyn Clock>,
    client: Client,
    part: LivePart,
    shared: Arc<Instance>,
    batch: Batch,
    backoff: Backoff,
    /// Where its streams are, once it has told.
    streaming: Option<String>,
    /// The newest status' id.
    last: Option<String>,
    /// There may be statuses after `last` that no stream will bring any more.
    behind: bool,
}

/// Why a connection ended.
enum Ended {
    Stopped,
    Failed(Failure),
    /// It has polled long enough: perhaps its streams are open again.
    TryStreams,
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

/// What comes over a WebSocket.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    event: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    payload: Option<Cow<'a, str>>,
}

/// What an instance says of itself (`/api/v2/instance`).
#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow, default)]
    domain: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    configuration: Option<Configuration<'a>>,
}

#[derive(Deserialize)]
struct Configuration<'a> {
    #[serde(borrow, default)]
    urls: Option<Urls<'a>>,
}

#[derive(Deserialize)]
struct Urls<'a> {
    #[serde(borrow, default)]
    streaming: Option<Cow<'a, str>>,
}

impl Reader {
    fn instance(&self) -> &InstanceConfig {
        &self.config.instances[self.number]
    }

    async fn run(&mut self) -> Result<Infallible, Stopped> {
        let ways = ways(self.instance().stream);
        let mut rung = 0;
        loop {
            self.part.connecting(self.part.name().clone().as_ref());
            if self.streaming.is_none() {
                self.ask_about().await;
            }
            let Err(ended) = match ways[rung] {
                Way::WebSocket => self.web_socket().await,
                Way::Sse => self.events().await,
                Way::Poll => self.poll(ways.len() > 1).await,
            };
            self.batch.flush()?;
            let failure = match ended {
                Ended::Stopped => return Err(Stopped),
                Ended::TryStreams => {
                    rung = 0;
                    continue;
                }
                Ended::Failed(failure) => failure,
            };
            self.behind = true;
            // One way that is closed for good is no reason to wait with the next.
            let next = failure.trouble.needs_someone() && rung + 1 < ways.len();
            let wait = if next { Duration::ZERO } else { self.backoff.after(failure) };
            tracing::warn!(
                target: LOG,
                instance = %self.part.name(),
                way = ?ways[rung],
                wait_ms = wait.as_millis() as u64,
                "{}",
                failure.trouble
            );
            self.part.failed(failure.trouble, wait);
            rung = if next {
                rung + 1
            } else if ways[rung] == Way::Poll {
                0
            } else {
                rung
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Asks where the streams are and what the instance's accounts are called. What cannot be told is guessed.
    async fn ask_about(&mut self) {
        let base = self.instance().base();
        let url = format!("{base}/api/v2/instance");
        let timeout = self.config.connect_timeout;
        let answer = http::ask(&self.client, &url, None, "application/json", timeout, self.clock.now()).await;
        let Ok(answer) = answer else { return };
        let Ok(bytes) = http::whole(answer, timeout).await else { return };
        let Ok(about) = sonic_rs::from_slice::<About<'_>>(&bytes) else { return };
        if let Some(domain) = about.domain.as_deref().filter(|domain| may_be_domain(domain)) {
            self.shared.set_domain(domain);
        }
        let told = about.configuration.and_then(|configuration| configuration.urls).and_then(|urls| urls.streaming);
        self.streaming = Some(
            told.filter(|url| may_stream_for(&base, url))
                .map_or_else(|| base.replacen("http", "ws", 1), |url| url.trim_end_matches('/').to_owned()),
        );
    }

    /// Where the streams are, with `ws` or `wss`.
    fn streaming(&self) -> String {
        self.streaming.clone().unwrap_or_else(|| self.instance().base().replacen("http", "ws", 1))
    }

    async fn web_socket(&mut self) -> Result<Infallible, Ended> {
        let local = if self.instance().local { "public:local" } else { "public" };
        let url = format!("{}/api/v1/streaming?stream={local}", self.streaming());
        let mut request = url.into_client_request().map_err(|_| Trouble::NotOffered)?;
        let headers = request.headers_mut();
        headers.insert("user-agent", net::USER_AGENT.parse().expect("a name of plain letters"));
        if let Some(token) = &self.config.instances[self.number].token {
            headers.insert("authorization", token.header().parse().map_err(|_| Trouble::Unauthorized)?);
        }
        let mut socket =
            net::connect(request, MESSAGE_BYTES_MAX, self.config.connect_timeout, self.clock.now()).await?;
        self.stands(Way::WebSocket);
        self.make_up().await?;
        let mut heartbeat = Heartbeat::new(self.config.ping_after, self.config.silence_max);
        let mut tick = tokio::time::interval(BATCH_WAIT);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    self.batch.flush()?;
                    heartbeat.beat(&mut socket).await?;
                }
                message = socket.next() => {
                    let message = match message {
                        Some(Ok(message)) => message,
                        Some(Err(error)) => {
                            let failure = Failure::of_web_socket(&error, self.clock.now());
                            self.passed_over(failure.trouble)?;
                            return Err(failure.into());
                        }
                        None => return Err(Trouble::Ended.into()),
                    };
                    heartbeat.heard();
                    self.part.sign_of_life();
                    match &message {
                        Message::Text(text) => self.wire(text)?,
                        Message::Close(_) => return Err(Trouble::Ended.into()),
                        _ => {}
                    }
                }
            }
        }
    }

    fn wire(&mut self, text: &str) -> Result<(), Stopped> {
        match sonic_rs::from_str::<Wire<'_>>(text) {
            Ok(Wire { event: Some(event), payload }) => self.event(&event, payload.as_deref().unwrap_or_default()),
            // Not for us, such as an answer to a subscription.
            Ok(_) => Ok(()),
            Err(_) => self.batch.reject(Rejection::new(Field::Record, RejectionKind::NotJson)),
        }
    }

    async fn events(&mut self) -> Result<Infallible, Ended> {
        let local = if self.instance().local { "/local" } else { "" };
        let url = format!("{}/api/v1/streaming/public{local}", self.streaming().replacen("ws", "http", 1));
        let mut answer = self.ask(&url, "text/event-stream").await?;
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("text/event-stream") {
            return Err(Trouble::NotOffered.into());
        }
        self.stands(Way::Sse);
        self.make_up().await?;
        // Nobody can be asked on this way: a server that says nothing, not even a comment, is gone.
        let mut heartbeat = Heartbeat::new(self.config.silence_max, self.config.silence_max);
        let mut parser = Parser::new(MESSAGE_BYTES_MAX);
        let mut tick = tokio::time::interval(BATCH_WAIT);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    self.batch.flush()?;
                    if heartbeat.look() == Beat::Dead {
                        return Err(Trouble::Silent.into());
                    }
                }
                piece = answer.chunk() => {
                    let Some(piece) = piece.map_err(|error| http::of_error(&error))? else {
                        return Err(Trouble::Ended.into());
                    };
                    heartbeat.heard();
                    self.part.sign_of_life();
                    parser.take(&piece, &mut |told| match told {
                        Told::Event(name, data) => match (std::str::from_utf8(name), std::str::from_utf8(data)) {
                            (Ok(name), Ok(data)) => self.event(name, data),
                            _ => self.batch.reject(Rejection::new(Field::Record, RejectionKind::NotUtf8)),
                        },
                        Told::TooLong => self.passed_over(Trouble::TooLong),
                    })?;
                }
            }
        }
    }

    /// Asks again and again. `for_want_of_streams`: only until they should be tried again.
    async fn poll(&mut self, for_want_of_streams: bool) -> Result<Infallible, Ended> {
        let since = Instant::now();
        let mut stands = false;
        loop {
            let caught_up = self.catch_up(&mut stands).await?;
            self.batch.flush()?;
            self.backoff.reset();
            if for_want_of_streams && since.elapsed() >= self.config.stream_again_after {
                return Err(Ended::TryStreams);
            }
            tokio::time::sleep(caught_up.unwrap_or_default().max(self.config.poll_every)).await;
            self.part.sign_of_life();
        }
    }

    /// A connection stands.
    fn stands(&mut self, way: Way) {
        self.batch.can_wait(way == Way::Poll);
        tracing::info!(target: LOG, instance = %self.part.name(), ?way, "connected");
        self.part.connected();
        self.backoff.reset();
    }

    /// After a break: what the stream did not bring is asked for, as far as the timeline is open.
    async fn make_up(&mut self) -> Result<(), Stopped> {
        if self.last.is_some() && self.behind {
            match self.catch_up(&mut true).await {
                Err(Ended::Stopped) => return Err(Stopped),
                Err(_) => tracing::warn!(
                    target: LOG,
                    instance = %self.part.name(),
                    "what was missed cannot be asked for: its public timeline is closed"
                ),
                Ok(_) => {}
            }
        }
        self.behind = false;
        // What was asked for is kept whole; what streams from here on cannot wait.
        self.batch.flush()?;
        self.batch.can_wait(false);
        Ok(())
    }

    /// Asks for all that is newer than the last status, oldest first. Tells how long the server wants to be left alone.
    async fn catch_up(&mut self, stands: &mut bool) -> Result<Option<Duration>, Ended> {
        let mut rest = None;
        for _ in 0..BACKFILL_PAGES_MAX {
            let first = self.last.is_none();
            let (count, wait) = self.page(stands).await?;
            rest = wait;
            // Without a place to go on from, the newest page is where it begins.
            if first || count < PAGE {
                if !first {
                    self.part.recovered();
                }
                self.behind = false;
                return Ok(rest);
            }
            if let Some(wait) = wait {
                self.batch.flush()?;
                tokio::time::sleep(wait).await;
            }
        }
        // Too much was missed: on with the present.
        tracing::warn!(target: LOG, instance = %self.part.name(), "{}", Trouble::TooFarBack);
        self.part.given_up();
        self.last = None;
        self.page(stands).await?;
        self.behind = false;
        Ok(rest)
    }

    /// One page of the timeline: how many statuses it has, and how long to wait before the next question.
    async fn page(&mut self, stands: &mut bool) -> Result<(usize, Option<Duration>), Ended> {
        let instance = self.instance();
        let mut url = format!("{}/api/v1/timelines/public?limit={PAGE}", instance.base());
        if instance.local {
            url.push_str("&local=true");
        }
        if let Some(last) = &self.last {
            url.push_str("&min_id=");
            url.push_str(last);
        }
        let answer = self.ask(&url, "application/json").await?;
        let wait = http::rate_limit_wait(answer.headers(), self.clock.now());
        let bytes = http::whole(answer, self.config.connect_timeout).await?;
        // One status that is no UTF-8 costs itself, and not the page, which would be the same at the next question.
        let text = String::from_utf8_lossy(&bytes);
        let broken = matches!(text, Cow::Owned(_));
        let statuses: Vec<sonic_rs::LazyValue<'_>> = sonic_rs::from_str(&text).map_err(|_| Trouble::BadAnswer)?;
        if !*stands {
            *stands = true;
            self.stands(Way::Poll);
        }
        // Newest first on the page, which the server keeps for whoever asks.
        self.batch.can_wait(true);
        for status in statuses.iter().rev() {
            let status = status.as_raw_str();
            if broken && status.contains(char::REPLACEMENT_CHARACTER) {
                self.note(status);
                self.batch.reject(Rejection::new(Field::Record, RejectionKind::NotUtf8))?;
            } else {
                self.event("update", status)?;
            }
        }
        Ok((statuses.len(), wait))
    }

    async fn ask(&self, url: &str, accept: &'static str) -> Result<reqwest::Response, Failure> {
        let token = self.instance().token.as_ref();
        http::ask(&self.client, url, token, accept, self.config.connect_timeout, self.clock.now()).await
    }

    fn event(&mut self, name: &str, payload: &str) -> Result<(), Stopped> {
        let kind = match name {
            "update" => UPDATE,
            "status.update" => EDIT,
            "delete" => DELETE,
            _ => return Ok(()),
        };
        self.part.message(payload.len());
        if kind == UPDATE {
            self.note(payload);
        }
        // Where ids do not hold the time (not every server is Mastodon), a restart goes on with the present.
        if let Some(second) = self.last.as_deref().and_then(|last| second_of(last, self.clock.now())) {
            self.batch.position(second.to_string());
        }
        self.batch.push(|bytes| {
            bytes.push(kind);
            bytes.extend_from_slice(payload.as_bytes());
        })
    }

    /// Notes how far it has come.
    fn note(&mut self, status: &str) {
        let id = sonic_rs::get_from_str(status, ["id"]).ok();
        let id = id.as_ref().and_then(|id| sonic_rs::JsonValueTrait::as_str(id)).filter(|id| may_be_id(id));
        if let Some(id) = id
            && self.last.as_deref().is_none_or(|last| newer(id, last))
        {
            self.last = Some(id.to_owned());
        }
    }

    fn passed_over(&mut self, trouble: Trouble) -> Result<(), Stopped> {
        let kind = match trouble {
            Trouble::TooLong => RejectionKind::TooLong,
            Trouble::BadAnswer => RejectionKind::NotUtf8,
            _ => return Ok(()),
        };
        self.batch.reject(Rejection::new(Field::Record, kind))
    }
}

/// Ids of one instance in their order: numbers by size, words of one length by letter.
fn newer(id: &str, than: &str) -> bool {
    (id.len(), id) > (than.len(), than)
}

fn may_be_domain(domain: &str) -> bool {
    (1..=253).contains(&domain.len())
        && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'))
}

/// Whether an instance may send us to this address with our token: to itself or to a host of its own, and never from TLS to
/// none.
fn may_stream_for(base: &str, url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let Some((base_scheme, base_host)) = base.split_once("://") else { return false };
    let host = rest.trim_end_matches('/');
    let inside = host == base_host || host.strip_suffix(base_host).is_some_and(|head| head.ends_with('.'));
    let clean = !host.contains(['/', '?', '#', '@', '\\']);
    inside && clean && (scheme == "wss" || scheme == "ws" && base_scheme == "http")
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_token_goes_to_the_instance_and_nowhere_else() {
        for (base, url, may) in [
            ("https://a.example", "wss://a.example", true),
            ("https://a.example", "wss://streaming.a.example/", true),
            ("https://a.example", "ws://a.example", false),
            ("https://a.example", "wss://evila.example", false),
            ("https://a.example", "wss://a.example.evil.example", false),
            ("https://a.example", "wss://evil.example/.a.example", false),
            ("https://a.example", "wss://evil.example?x.a.example", false),
            ("https://a.example", "wss://x@evil.example#.a.example", false),
            ("https://a.example", "https://a.example", false),
            ("http://127.0.0.1:9", "ws://127.0.0.1:9", true),
        ] {
            assert_eq!(may_stream_for(base, url), may, "{base} {url}");
        }
    }

    #[test]
    fn ids_have_an_order_and_positions_make_sense() {
        assert!(newer("100", "99") && newer("101", "100") && !newer("99", "100") && newer("AbD", "AbC"));
        let now = EventTime::from_unix(1_800_000_000);
        // Of the recorded statuses: 2020-04-16T16:45:08Z came at 17:04:30.
        assert_eq!(second_of("104009345973121628", now), Some(1_587_056_670));
        for id in ["", "17", "AbC", "99999999999999999999", &u64::MAX.to_string()] {
            assert_eq!(second_of(id, now), None, "{id}");
        }
        let before = id_before(1_587_056_670);
        assert!(newer("104009345973121628", &before));
        assert_eq!(second_of(&before, now), Some(1_587_056_669));
        assert_eq!(read_position("1799999999", now), Some(EventTime::from_unix(1_799_999_999)));
        for text in ["", "17", "1900000000", "-5", "x"] {
            assert_eq!(read_position(text, now), None, "{text}");
        }
    }
}
