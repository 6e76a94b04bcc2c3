//! The only place where a clock is read.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use groundswell_post::EventTime;

/// A clock that can be injected.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock: refuses posts from the future, and drives windows while all live sources are silent.
    fn now(&self) -> EventTime;
    /// Milliseconds since some fixed moment; never goes back.
    fn millis(&self) -> u64;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock; everything else is given a Clock"
    )]
    fn now(&self) -> EventTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        EventTime::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that is moved by hand, for tests and for simulated time.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicI64,
    millis: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: EventTime) -> Self {
        Self { now: AtomicI64::new(now.unix()), millis: AtomicU64::new(0) }
    }

    /// Sets the wall clock, as an operator or a time server does; what runs on is not touched.
    pub fn set(&self, now: EventTime) {
        self.now.store(now.unix(), Ordering::Release);
    }

    /// Moves both hands forward.
    pub fn advance_millis(&self, millis: u64) {
        let before = self.millis.fetch_add(millis, Ordering::AcqRel);
        let seconds = (before + millis) / 1000 - before / 1000;
        self.now.fetch_add(i64::try_from(seconds).unwrap_or(0), Ordering::AcqRel);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> EventTime {
        EventTime::from_unix(self.now.load(Ordering::Acquire))
    }

    fn millis(&self) -> u64 {
        self.millis.load(Ordering::Acquire)
    }
}
