//! What a live source is doing, in one form for all of them: for the page, for `/readyz`, for metrics, for the coverage ledger.
//!
//! A source has one [`LiveStatus`]; each of its connections (Jetstream has one, Mastodon one an instance) tells what happens to
//! it through a [`LivePart`] of its own. Errors are fixed phrases ([`Trouble`]), never what a server said: a server's words may
//! hold a post.
//!
//! A **gap** is a stretch of wall time in which a part was not connected. It begins when something was last heard (not when the
//! break was noticed: a half-open connection is noticed late) and ends when the next connection stands. A gap is `recovered`
//! once a source that can go back has been given everything since the gap's start; what is not recovered was missed.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use groundswell_post::EventTime;

use crate::clock::Clock;
use crate::counters::counters;

/// How many gaps a status remembers. When there are more, the oldest that has ended is left out and counted in
/// [`LiveStatus::gaps_left_out`].
pub const GAPS_MAX: usize = 1_024;

/// What went wrong with a connection: a kind, a phrase, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Trouble {
    /// The service itself did not run: known from the position it went on from.
    NotRunning,
    /// The name has no address.
    NoAddress,
    /// Nothing listens there.
    Refused,
    /// The network gave up: no route, no host.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The certificate or the handshake was not accepted.
    Tls,
    /// 401 or 403.
    Unauthorized,
    /// Another 4xx, or an answer that is no stream: the server does not offer what was asked for.
    NotOffered,
    /// 429.
    RateLimited,
    /// 5xx.
    ServerError,
    /// The bytes break the protocol: a bad frame, text that is no UTF-8, an answer that cannot be read.
    BadAnswer,
    /// The messages cannot be decompressed.
    BadCompression,
    /// A message is longer than the bound.
    TooLong,
    /// The connection broke in the middle.
    Broken,
    /// The server ended the connection.
    Ended,
    /// Nothing was heard, not even an answer to a ping.
    Silent,
    /// The connection stands and nothing comes that should.
    Stalled,
    /// A new connection does not go back as far as was missed.
    TooFarBack,
}

impl Trouble {
    /// All of them, for documents and tests.
    pub const ALL: [Self; 18] = [
        Self::NotRunning,
        Self::NoAddress,
        Self::Refused,
        Self::Unreachable,
        Self::TimedOut,
        Self::Tls,
        Self::Unauthorized,
        Self::NotOffered,
        Self::RateLimited,
        Self::ServerError,
        Self::BadAnswer,
        Self::BadCompression,
        Self::TooLong,
        Self::Broken,
        Self::Ended,
        Self::Silent,
        Self::Stalled,
        Self::TooFarBack,
    ];

    /// One word for counters and for the ledger. Never renamed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotRunning => "not-running",
            Self::NoAddress => "no-address",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::Tls => "tls",
            Self::Unauthorized => "unauthorized",
            Self::NotOffered => "not-offered",
            Self::RateLimited => "rate-limited",
            Self::ServerError => "server-error",
            Self::BadAnswer => "bad-answer",
            Self::BadCompression => "bad-compression",
            Self::TooLong => "too-long",
            Self::Broken => "broken",
            Self::Ended => "ended",
            Self::Silent => "silent",
            Self::Stalled => "stalled",
            Self::TooFarBack => "too-far-back",
        }
    }

    /// Reads [`Trouble::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == word)
    }

    /// What happened, for people.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::NotRunning => "the service was not running",
            Self::NoAddress => "the name has no address",
            Self::Refused => "the connection was refused",
            Self::Unreachable => "the network does not reach the server",
            Self::TimedOut => "no answer in time",
            Self::Tls => "the server's certificate or TLS handshake was not accepted",
            Self::Unauthorized => "the server does not accept the token",
            Self::NotOffered => "the server does not offer this stream",
            Self::RateLimited => "the server asks to slow down",
            Self::ServerError => "the server has an error of its own",
            Self::BadAnswer => "the server's answer cannot be read",
            Self::BadCompression => "the messages cannot be decompressed",
            Self::TooLong => "a message is longer than the bound",
            Self::Broken => "the connection broke",
            Self::Ended => "the server ended the connection",
            Self::Silent => "nothing was heard, not even an answer to a ping",
            Self::Stalled => "the connection stands and nothing comes",
            Self::TooFarBack => "the server no longer has what was missed",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NotRunning | Self::Ended | Self::Broken | Self::Silent | Self::Stalled => {
                "nothing: it connects again by itself; if this is often, look at the network between here and the server"
            }
            Self::NoAddress => "check the name in the configuration, and DNS",
            Self::Refused => "check host and port in the configuration, and whether the server runs",
            Self::Unreachable | Self::TimedOut => "check network, proxy and firewall",
            Self::Tls => {
                "check the machine's clock and the host's name; a proxy that looks into TLS needs an exception for this host"
            }
            Self::Unauthorized => {
                "make a new token with the right to read, and put it where the configuration names it"
            }
            Self::NotOffered => {
                "check the address in the configuration; perhaps the server has closed this stream to the public"
            }
            Self::RateLimited => {
                "nothing: it waits as long as the server asks; do not run several services from one address"
            }
            Self::ServerError => "nothing: it tries again with growing waits; the server's operator has to mend it",
            Self::BadAnswer => "check that the address is that of the right service",
            Self::BadCompression => {
                "name the server's own dictionary in the configuration, or none; it goes on uncompressed"
            }
            Self::TooLong => "nothing: the message is passed over and counted",
            Self::TooFarBack => "nothing can bring back what was missed; the gap is declared",
        }
    }

    /// Whether trying again soon is of no use: somebody has to change something first.
    pub fn needs_someone(self) -> bool {
        matches!(self, Self::Unauthorized | Self::NotOffered)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}

/// What a connection is doing now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LiveState {
    /// Not started, or stopped.
    #[default]
    Closed,
    /// Making a connection.
    Connecting,
    /// The connection stands.
    Connected,
    /// Waiting before the next try.
    Waiting {
        /// What went wrong.
        reason: Trouble,
        /// How long the wait is in all.
        wait: Duration,
    },
}

/// A stretch of wall time in which a part was not connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Counts the gaps of a source from 0; a reader that comes again finds the gap by it.
    pub number: u64,
    /// The part's name.
    pub part: Arc<str>,
    /// When something was last heard before it.
    pub start: EventTime,
    /// When the next connection stood; `None` while the gap is open.
    pub end: Option<EventTime>,
    /// What began it.
    pub cause: Trouble,
    /// Everything since `start` was delivered after all.
    pub recovered: bool,
}

/// What one connection is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartStatus {
    /// Its name: never changes.
    pub name: Arc<str>,
    /// Where it is, or was last, connected to.
    pub endpoint: Arc<str>,
    /// What it is doing.
    pub state: LiveState,
    /// Since when it is connected.
    pub connected_since: Option<EventTime>,
    /// When a message last came, by the wall clock.
    pub last_event: Option<EventTime>,
    /// How long nothing has been heard, not even a sign of life; `None` before the first.
    pub silent: Option<Duration>,
    /// What last went wrong.
    pub last_error: Option<Trouble>,
}

/// Shared between a source's thread and whoever watches.
#[derive(Debug)]
pub struct LiveStatus {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    messages: AtomicU64,
    bytes: AtomicU64,
    connections: AtomicU64,
    failures: AtomicU64,
    too_long: AtomicU64,
    gaps_left_out: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    parts: Vec<Arc<Part>>,
    gaps: VecDeque<Gap>,
    next_gap: u64,
}

/// What one part's thread writes often is atomic, what changes seldom is behind a lock.
#[derive(Debug)]
struct Part {
    name: Arc<str>,
    slow: Mutex<Slow>,
    /// Unix seconds of the last message; `i64::MIN`: none.
    last_event: AtomicI64,
    /// Unix seconds and milliseconds of the monotonic clock at which something was last heard.
    heard_at: AtomicI64,
    heard_millis: AtomicU64,
    /// A connection stands and no message has come on it yet.
    unproved: AtomicBool,
}

#[derive(Debug, Default)]
struct Slow {
    endpoint: Arc<str>,
    state: LiveState,
    connected_since: Option<EventTime>,
    last_error: Option<Trouble>,
    /// The number of the gap that is open, or that ended when a connection came to stand on which nothing was heard yet.
    gap: Option<u64>,
    /// The number of the gap before the connection that stands, once something was heard on it.
    before: Option<u64>,
}

impl LiveStatus {
    /// A status without parts.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            inner: Mutex::default(),
            messages: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            too_long: AtomicU64::new(0),
            gaps_left_out: AtomicU64::new(0),
        })
    }

    /// Adds a part; its thread tells what happens through what is returned.
    pub fn part(self: &Arc<Self>, name: &str) -> LivePart {
        let part = Arc::new(Part {
            name: Arc::from(name),
            slow: Mutex::default(),
            last_event: AtomicI64::new(i64::MIN),
            heard_at: AtomicI64::new(self.clock.now().unix()),
            heard_millis: AtomicU64::new(u64::MAX),
            unproved: AtomicBool::new(false),
        });
        self.lock().parts.push(Arc::clone(&part));
        LivePart { status: Arc::clone(self), part }
    }

    /// What the source is doing as a whole: connected if any part is; else what the part nearest to it is doing.
    pub fn state(&self) -> LiveState {
        let rank = |state: &LiveState| match state {
            LiveState::Connected => 3,
            LiveState::Connecting => 2,
            LiveState::Waiting { .. } => 1,
            LiveState::Closed => 0,
        };
        self.parts().into_iter().map(|part| part.state).max_by_key(rank).unwrap_or_default()
    }

    /// All parts, in the order in which they were added.
    pub fn parts(&self) -> Vec<PartStatus> {
        let parts = self.lock().parts.clone();
        parts.iter().map(|part| part.status(self.clock.as_ref())).collect()
    }

    /// The gaps that are remembered, oldest first.
    pub fn gaps(&self) -> Vec<Gap> {
        self.lock().gaps.iter().cloned().collect()
    }

    counters! {
        /// Messages received since the start.
        messages,
        /// Bytes received since the start.
        bytes,
        /// How often a connection was made.
        connections,
        /// How often a connection failed or broke.
        failures,
        /// Messages over the bound.
        too_long,
        /// Gaps that are remembered no more ([`GAPS_MAX`]).
        gaps_left_out,
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_gap(&self, part: &Arc<str>, start: EventTime, cause: Trouble) -> u64 {
        let mut inner = self.lock();
        if inner.gaps.len() >= GAPS_MAX {
            let oldest = inner.gaps.iter().position(|gap| gap.end.is_some()).unwrap_or(0);
            inner.gaps.remove(oldest);
            self.gaps_left_out.fetch_add(1, Ordering::Relaxed);
        }
        let number = inner.next_gap;
        inner.next_gap += 1;
        inner.gaps.push_back(Gap { number, part: Arc::clone(part), start, end: None, cause, recovered: false });
        number
    }

    fn change_gap(&self, number: u64, change: impl FnOnce(&mut Gap)) {
        if let Some(gap) = self.lock().gaps.iter_mut().rev().find(|gap| gap.number == number) {
            change(gap);
        }
    }
}

impl Part {
    fn lock(&self) -> std::sync::MutexGuard<'_, Slow> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self, clock: &dyn Clock) -> PartStatus {
        let last_event = self.last_event.load(Ordering::Relaxed);
        let heard = self.heard_millis.load(Ordering::Relaxed);
        let slow = self.lock();
        PartStatus {
            name: Arc::clone(&self.name),
            endpoint: Arc::clone(&slow.endpoint),
            state: slow.state,
            connected_since: slow.connected_since,
            last_event: (last_event != i64::MIN).then(|| EventTime::from_unix(last_event)),
            silent: (heard != u64::MAX).then(|| Duration::from_millis(clock.millis().saturating_sub(heard))),
            last_error: slow.last_error,
        }
    }
}

/// The end of a [`LiveStatus`] that one connection's thread holds.
#[derive(Clone, Debug)]
pub struct LivePart {
    status: Arc<LiveStatus>,
    part: Arc<Part>,
}

impl LivePart {
    /// The part's name.
    pub fn name(&self) -> &Arc<str> {
        &self.part.name
    }

    /// A connection is being made. `endpoint` is shown: it must hold no token and no query.
    pub fn connecting(&self, endpoint: &str) {
        let mut slow = self.part.lock();
        if *slow.endpoint != *endpoint {
            slow.endpoint = Arc::from(endpoint);
        }
        slow.state = LiveState::Connecting;
    }

    /// The connection stands: an open gap has ended.
    pub fn connected(&self) {
        self.status.connections.fetch_add(1, Ordering::Relaxed);
        let now = self.status.clock.now();
        self.sign_of_life();
        self.part.unproved.store(true, Ordering::Relaxed);
        let mut slow = self.part.lock();
        slow.state = LiveState::Connected;
        slow.connected_since = Some(now);
        if let Some(number) = slow.gap {
            self.status.change_gap(number, |gap| gap.end = Some(now.max(gap.start)));
        }
    }

    /// A message came.
    pub fn message(&self, bytes: usize) {
        self.messages(1, bytes);
    }

    /// Several messages came at once, of so many bytes in all.
    pub fn messages(&self, count: u64, bytes: usize) {
        self.status.messages.fetch_add(count, Ordering::Relaxed);
        self.status.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.sign_of_life();
        self.part.last_event.store(self.part.heard_at.load(Ordering::Relaxed), Ordering::Relaxed);
        // The connection has proved itself: the gap before it will not be opened again.
        if self.part.unproved.swap(false, Ordering::Relaxed) {
            let mut slow = self.part.lock();
            slow.before = slow.gap.take();
        }
    }

    /// Something came that is no message (an answer to a ping, a heartbeat).
    pub fn sign_of_life(&self) {
        self.part.heard_at.store(self.status.clock.now().unix(), Ordering::Relaxed);
        self.part.heard_millis.store(self.status.clock.millis(), Ordering::Relaxed);
    }

    /// What was missed has been delivered: the gap before this connection is none for the counts.
    pub fn recovered(&self) {
        if let Some(number) = self.gap_before() {
            self.status.change_gap(number, |gap| gap.recovered = true);
        }
    }

    fn gap_before(&self) -> Option<u64> {
        let slow = self.part.lock();
        slow.gap.or(slow.before)
    }

    /// The new connection does not go back as far as was missed: the gap ends where its first message begins.
    pub fn missed_until(&self, end: EventTime) {
        if let Some(number) = self.gap_before() {
            self.status.change_gap(number, |gap| gap.end = Some(end.max(gap.start)));
        }
    }

    /// What was missed before this connection is given up: whatever is caught up with later, that gap stays one.
    pub fn given_up(&self) {
        let mut slow = self.part.lock();
        (slow.gap, slow.before) = (slow.gap.filter(|_| slow.state != LiveState::Connected), None);
    }

    /// The source goes on from a position of an earlier run: what lies between is a gap until it is recovered.
    pub fn resumes_from(&self, last: EventTime) {
        let mut slow = self.part.lock();
        if slow.gap.is_none() {
            slow.gap = Some(self.status.open_gap(&self.part.name, last, Trouble::NotRunning));
        }
    }

    /// A connection could not be made, or broke; the next try comes after `wait`.
    pub fn failed(&self, trouble: Trouble, wait: Duration) {
        self.status.failures.fetch_add(1, Ordering::Relaxed);
        if trouble == Trouble::TooLong {
            self.status.too_long.fetch_add(1, Ordering::Relaxed);
        }
        let mut slow = self.part.lock();
        slow.state = LiveState::Waiting { reason: trouble, wait };
        slow.connected_since = None;
        slow.last_error = Some(trouble);
        slow.before = None;
        if let Some(number) = slow.gap {
            self.status.change_gap(number, |gap| (gap.end, gap.recovered) = (None, false));
        } else {
            let heard = EventTime::from_unix(self.part.heard_at.load(Ordering::Relaxed));
            slow.gap = Some(self.status.open_gap(&self.part.name, heard, trouble));
        }
    }

    /// The part is stopped for good. A gap that is open stays open: who restarts the service knows until when.
    pub fn closed(&self) {
        let mut slow = self.part.lock();
        slow.state = LiveState::Closed;
        slow.connected_since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const START: EventTime = EventTime::from_unix(1_800_000_000);

    fn at(seconds: i64) -> EventTime {
        EventTime::from_unix(START.unix() + seconds)
    }

    fn made() -> (Arc<ManualClock>, Arc<LiveStatus>, LivePart) {
        let clock = Arc::new(ManualClock::at(START));
        let status = LiveStatus::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let part = status.part("one");
        (clock, status, part)
    }

    #[test]
    fn a_gap_runs_from_what_was_last_heard_to_the_next_connection() {
        let (clock, status, part) = made();
        assert_eq!(status.state(), LiveState::Closed);
        part.connecting("here");
        assert_eq!(status.state(), LiveState::Connecting);
        part.connected();
        part.message(10);
        assert_eq!(status.gaps(), []);
        // Half-open: noticed a minute after the last message.
        clock.advance_millis(60_000);
        part.failed(Trouble::Silent, Duration::from_secs(1));
        let gap =
            Gap { number: 0, part: "one".into(), start: START, end: None, cause: Trouble::Silent, recovered: false };
        assert_eq!(status.gaps(), std::slice::from_ref(&gap));
        // A failed try does not begin another one, and a connection on which nothing was heard does not end it.
        part.connecting("there");
        part.failed(Trouble::Refused, Duration::from_secs(1));
        clock.advance_millis(5_000);
        part.connected();
        assert_eq!(status.gaps()[0].end, Some(at(65)));
        part.failed(Trouble::ServerError, Duration::from_secs(1));
        assert_eq!(status.gaps(), std::slice::from_ref(&gap));
        clock.advance_millis(5_000);
        part.connected();
        part.message(10);
        part.recovered();
        assert_eq!(status.gaps(), [Gap { end: Some(at(70)), recovered: true, ..gap }]);
        // The next break is a gap of its own.
        part.failed(Trouble::Broken, Duration::from_secs(1));
        assert_eq!(status.gaps().len(), 2);
        let seen = &status.parts()[0];
        assert_eq!((&*seen.name, &*seen.endpoint, seen.last_error), ("one", "there", Some(Trouble::Broken)));
        assert_eq!((seen.last_event, seen.connected_since), (Some(at(70)), None));
        assert_eq!((status.connections(), status.failures(), status.messages(), status.bytes()), (3, 4, 2, 20));
    }

    #[test]
    fn what_was_missed_while_nothing_ran_is_a_gap() {
        let (_, status, part) = made();
        part.resumes_from(at(-600));
        part.connected();
        part.missed_until(at(-60));
        part.message(1);
        let gap = &status.gaps()[0];
        assert_eq!(
            (gap.start, gap.end, gap.cause, gap.recovered),
            (at(-600), Some(at(-60)), Trouble::NotRunning, false)
        );
    }

    #[test]
    fn a_gap_that_was_given_up_is_not_made_up_for_by_what_comes_later() {
        let (clock, status, part) = made();
        part.resumes_from(at(-600));
        part.connected();
        part.message(1);
        part.given_up();
        part.recovered();
        assert!(!status.gaps()[0].recovered);
        // The next one is another.
        clock.advance_millis(5_000);
        part.failed(Trouble::Broken, Duration::ZERO);
        part.connected();
        part.message(1);
        part.recovered();
        let recovered: Vec<bool> = status.gaps().iter().map(|gap| gap.recovered).collect();
        assert_eq!(recovered, [false, true]);
    }

    #[test]
    fn gaps_are_bounded_and_what_is_left_out_is_counted() {
        let (clock, status, part) = made();
        let never = status.part("never");
        never.failed(Trouble::Refused, Duration::ZERO);
        for _ in 0..GAPS_MAX + 9 {
            part.connected();
            part.message(1);
            clock.advance_millis(1_000);
            part.failed(Trouble::Broken, Duration::ZERO);
        }
        assert_eq!(status.gaps().len(), GAPS_MAX);
        assert_eq!(status.gaps_left_out(), 10);
        assert_eq!(&*status.gaps()[0].part, "never", "a gap that is open is not left out");
    }

    #[test]
    fn a_source_is_connected_if_one_part_is() {
        let (_, status, part) = made();
        let other = status.part("other");
        part.failed(Trouble::Refused, Duration::from_secs(3));
        assert_eq!(status.state(), LiveState::Waiting { reason: Trouble::Refused, wait: Duration::from_secs(3) });
        other.connected();
        assert_eq!(status.state(), LiveState::Connected);
        other.closed();
        part.closed();
        assert_eq!(status.state(), LiveState::Closed);
    }

    #[test]
    fn every_trouble_has_a_word_of_its_own_a_phrase_and_advice() {
        for trouble in Trouble::ALL {
            assert_eq!(Trouble::parse(trouble.as_str()), Some(trouble));
            assert!(!trouble.phrase().is_empty() && !trouble.advice().is_empty());
            assert!(!trouble.phrase().ends_with('.') && !trouble.advice().ends_with('.'));
        }
    }
}
