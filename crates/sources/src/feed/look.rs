//! One feed from look to look: what is remembered of it, which of its items count, and when it is looked at again.
//!
//! No I/O and no clock, so that a test can drive it by hand.
//!
//! Which items count. A feed is looked at every few minutes, and the windows of those minutes may be closed by then. So:
//! - An item that was there at an earlier look does not count again. It is recognised by its id, else its link, else its content;
//!   and where a feed makes up new ids, by title, link and date together.
//! - At a *first look* (never seen before, or not for three intervals) only items count that are not older than the lateness.
//!   All others are remembered: they belong to windows that nobody waits for any more, and would all fall on one minute.
//! - At any other look, an item that was not there before counts if it is not older than [`FRESH_MAX`].
//! - It counts at its own time where that is within half the lateness, else half the lateness ago: it cannot be late. A date that
//!   is ahead of the clock by more than [`AHEAD_MAX`] is not believed, and an item without a date counts when it is found.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use groundswell_post::EventTime;
use serde::{Deserialize, Serialize};
use url::Url;

use super::config::{FRESH_MAX, FeedsConfig, RETRY_AFTER_MAX};
use super::document::{Document, Item};
use super::fetch::{Failure, Outcome, Validators};
use super::list::{FeedSpec, ListError};

/// How many redirections one look follows.
pub const REDIRECTS_MAX: u32 = 5;

/// How far ahead of the clock a date is believed: publishers' clocks and ours differ.
pub const AHEAD_MAX: Duration = Duration::from_mins(10);

/// How many items are remembered that are not in the feed any more; some feeds drop an item and bring it back.
pub const GONE_ITEMS_MAX: usize = 64;

/// After so many failures in a row a remembered move is forgotten, and the configured address is tried again.
const MOVE_FAILURES_MAX: u32 = 3;

/// Hashes of an item: by its name (id, else link, else content), and by title, link and date together.
type Marks = [u64; 2];

fn hash(parts: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let first: [u8; 8] = hasher.finalize().as_bytes()[..8].try_into().expect("a hash has 32 bytes");
    u64::from_le_bytes(first)
}

fn marks(item: &Item) -> Marks {
    let link = item.link.as_deref().unwrap_or_default();
    let name = match (&item.id, &item.link) {
        (Some(id), _) => hash(&["id", id]),
        (None, Some(link)) => hash(&["link", link]),
        (None, None) => hash(&["content", &item.title, &item.text]),
    };
    let look = match item.date {
        Some(date) => hash(&["dated", &item.title, link, &date.unix().to_string()]),
        None => hash(&["undated", &item.title, link, &item.text]),
    };
    [name, look]
}

/// What happens to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It counts at this time.
    Counts {
        time: EventTime,
        /// By its own date.
        dated: bool,
    },
    /// It is remembered and does not count.
    Old,
}

/// Judges an item that was not there before.
pub(crate) fn judge(date: Option<EventTime>, first_look: bool, now: EventTime, lateness: Duration) -> Verdict {
    let now = now.unix();
    let back = |duration: Duration| now.saturating_sub(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 4));
    let believed = date.map(EventTime::unix).filter(|date| date - now <= AHEAD_MAX.as_secs() as i64);
    match believed {
        Some(date) if date >= back(if first_look { lateness } else { FRESH_MAX.max(lateness) }) => {
            Verdict::Counts { time: EventTime::from_unix(date.clamp(back(lateness / 2), now)), dated: true }
        }
        None if !first_look => Verdict::Counts { time: EventTime::from_unix(now), dated: false },
        _ => Verdict::Old,
    }
}

/// A redirection in progress.
#[derive(Clone, Debug)]
struct Hop {
    url: Url,
    count: u32,
    /// All of them so far are permanent.
    permanent: bool,
}

/// What is written of a feed so that a later run goes on where this one was. Nothing that an item says: of items only hashes.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Saved {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// Where it has moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ended: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    failures: u32,
    /// When it was last read, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read: Option<i64>,
    /// When it is due, in Unix seconds.
    next: i64,
    /// Two hashes an item, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    seen: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The version of [`Saved`].
const SAVED_VERSION: u32 = 1;

/// What a feed is to be asked, and where.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) url: Url,
    pub(crate) known: Validators,
}

/// What follows from an answer.
#[derive(Debug)]
pub(crate) struct Step {
    /// Items that count, with their times.
    pub(crate) items: Vec<(Item, EventTime)>,
    /// Their feed's title and language.
    pub(crate) title: String,
    pub(crate) language: Option<String>,
    /// How long until the next request; `None`: never.
    pub(crate) wait: Option<Duration>,
    /// How long the host rests.
    pub(crate) host_rest: Duration,
    /// The look is not over: the next request follows a redirection.
    pub(crate) hop: bool,
    pub(crate) tally: Tally,
    pub(crate) told: Told,
}

/// What to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) known: usize,
    pub(crate) old: usize,
    pub(crate) undated: usize,
    pub(crate) cut: usize,
    pub(crate) moved: bool,
    pub(crate) unchanged: bool,
}

/// What to say of the feed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Read,
    Broken(String),
    Failing(String),
    Ended,
}

/// One feed.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) spec: FeedSpec,
    /// The key of its positions: the address as configured.
    pub(crate) key: Arc<str>,
    configured: Url,
    /// Where it is now.
    url: Url,
    hop: Option<Hop>,
    validators: Validators,
    seen: Vec<Marks>,
    read_at: Option<EventTime>,
    pub(crate) failures: u32,
    pub(crate) ended: bool,
    /// What the document asked for.
    asked: Option<Duration>,
    /// For the jitter.
    seed: u64,
    draws: u64,
}

impl Feed {
    pub(crate) fn new(spec: FeedSpec, seed: u64) -> Result<Self, ListError> {
        let url = spec.address()?;
        let key: Arc<str> = Arc::from(spec.url.trim());
        Ok(Self {
            seed: seed ^ hash(&["jitter", &key]),
            key,
            spec,
            configured: url.clone(),
            url,
            hop: None,
            validators: Validators::default(),
            seen: Vec::new(),
            read_at: None,
            failures: 0,
            ended: false,
            asked: None,
            draws: 0,
        })
    }

    pub(crate) fn question(&self) -> Question {
        let url = self.hop.as_ref().map_or(&self.url, |hop| &hop.url).clone();
        Question { url, known: self.validators.clone() }
    }

    /// The host that the next request goes to.
    pub(crate) fn host(&self) -> Arc<str> {
        let url = self.hop.as_ref().map_or(&self.url, |hop| &hop.url);
        Arc::from(url.host_str().unwrap_or_default())
    }

    /// A number from 0 to 1, the same for the same seed, feed and draw.
    fn random(&mut self) -> f64 {
        self.draws += 1;
        // splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
        let mut z = self.seed.wrapping_add(self.draws.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How often it is read: as often as it asks, within limits, and never before its answer says that it may have changed.
    fn interval(&self, fresh_for: Option<Duration>, config: &FeedsConfig) -> Duration {
        let base = self.asked.unwrap_or(config.interval);
        base.max(fresh_for.unwrap_or_default()).clamp(config.interval_min, config.interval_max.max(config.interval_min))
    }

    /// Takes an answer.
    pub(crate) fn take(&mut self, outcome: Outcome, now: EventTime, config: &FeedsConfig) -> Step {
        let mut step = Step {
            items: Vec::new(),
            title: String::new(),
            language: None,
            wait: None,
            host_rest: Duration::ZERO,
            hop: false,
            tally: Tally::default(),
            told: Told::Read,
        };
        match outcome {
            Outcome::Moved { to, permanent } => {
                let (count, before) = self.hop.as_ref().map_or((0, true), |hop| (hop.count, hop.permanent));
                if count >= REDIRECTS_MAX {
                    self.fail(format!("more than {REDIRECTS_MAX} redirections").into(), config, &mut step);
                } else {
                    self.hop = Some(Hop { url: to, count: count + 1, permanent: before && permanent });
                    step.hop = true;
                    step.wait = Some(Duration::ZERO);
                }
            }
            Outcome::Unchanged { fresh_for } => {
                step.tally.unchanged = true;
                self.arrived(&mut step);
                self.read_at = Some(now);
                step.wait = Some(self.jittered(fresh_for, config));
            }
            Outcome::Read { document, validators, fresh_for } => {
                self.arrived(&mut step);
                self.asked = document.interval;
                // What breaks off is to be read again as a whole.
                self.validators = if document.broken.is_none() { validators } else { Validators::default() };
                if let Some(error) = document.broken {
                    step.told = Told::Broken(error.to_string());
                }
                let wait = self.interval(fresh_for, config);
                self.document(document, now, wait, config, &mut step);
                self.read_at = Some(now);
                step.wait = Some(self.jittered(fresh_for, config));
            }
            Outcome::Gone if self.hop.is_some() || self.url != self.configured => {
                // What it moved to is gone; the address that was configured may have news of it.
                self.forget_move();
                self.fail("what it moved to is gone".to_owned().into(), config, &mut step);
            }
            Outcome::Gone => {
                self.ended = true;
                step.told = Told::Ended;
            }
            Outcome::Failed(failure) => self.fail(failure, config, &mut step),
        }
        step
    }

    /// An answer that settles where the feed is.
    fn arrived(&mut self, step: &mut Step) {
        self.failures = 0;
        if let Some(hop) = self.hop.take()
            && hop.permanent
        {
            self.url = hop.url;
            step.tally.moved = true;
        }
    }

    fn forget_move(&mut self) {
        self.url = self.configured.clone();
        self.validators = Validators::default();
    }

    fn fail(&mut self, failure: Failure, config: &FeedsConfig, step: &mut Step) {
        self.hop = None;
        self.failures = self.failures.saturating_add(1);
        if self.failures >= MOVE_FAILURES_MAX && self.url != self.configured {
            self.forget_move();
        }
        let doubled = config.backoff_min.saturating_mul(1 << (self.failures - 1).min(20)).min(config.backoff_max);
        // Between half and all of it, so that what failed together does not come back together.
        let backoff = doubled.mul_f64(0.5 + 0.5 * self.random());
        let asked = failure.retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
        if failure.limited {
            step.host_rest = asked;
        }
        step.wait = Some(backoff.max(asked));
        step.told = Told::Failing(failure.error);
    }

    fn jittered(&mut self, fresh_for: Option<Duration>, config: &FeedsConfig) -> Duration {
        let interval = self.interval(fresh_for, config);
        interval.mul_f64(1.0 + 0.1 * self.random())
    }

    /// Whether a look now is like a first one.
    fn is_first_look(&self, now: EventTime, interval: Duration) -> bool {
        let gap = i64::try_from(interval.as_secs().saturating_mul(3)).unwrap_or(i64::MAX);
        self.read_at.is_none_or(|read_at| now.unix().saturating_sub(read_at.unix()) > gap.max(1))
    }

    fn document(
        &mut self,
        document: Document,
        now: EventTime,
        interval: Duration,
        config: &FeedsConfig,
        step: &mut Step,
    ) {
        let first_look = self.is_first_look(now, interval);
        let mut known: BTreeSet<u64> = self.seen.iter().flatten().copied().collect();
        let mut there = Vec::with_capacity(document.items.len() + GONE_ITEMS_MAX);
        step.tally.cut = document.cut;
        for item in document.items {
            let marks = marks(&item);
            let is_known = marks.iter().any(|mark| known.contains(mark));
            // What stands twice in one document counts once.
            known.extend(marks);
            there.push(marks);
            if is_known {
                step.tally.known += 1;
                continue;
            }
            match judge(item.date, first_look, now, config.lateness) {
                Verdict::Counts { time, dated } => {
                    step.tally.undated += usize::from(!dated);
                    step.items.push((item, time));
                }
                Verdict::Old => step.tally.old += 1,
            }
        }
        step.title = document.title;
        step.language = document.language;
        let present: BTreeSet<Marks> = there.iter().copied().collect();
        there.extend(self.seen.iter().filter(|marks| !present.contains(*marks)).take(GONE_ITEMS_MAX));
        self.seen = there;
    }

    /// The position to write after a look.
    pub(crate) fn save(&self, next: EventTime) -> String {
        let mut seen = String::with_capacity(self.seen.len() * 32);
        for mark in self.seen.iter().flatten() {
            write!(seen, "{mark:016x}").expect("a string takes everything");
        }
        let saved = Saved {
            v: SAVED_VERSION,
            etag: self.validators.etag.clone(),
            modified: self.validators.modified.clone(),
            url: (self.url != self.configured).then(|| self.url.to_string()),
            ended: self.ended,
            failures: self.failures,
            read: self.read_at.map(EventTime::unix),
            next: next.unix(),
            seen,
        };
        sonic_rs::to_string(&saved).expect("strings and numbers are always JSON")
    }

    /// Goes on from a position. Returns how long to wait for the next look; `None` leaves the feed as it was.
    pub(crate) fn resume(&mut self, value: &str, now: EventTime) -> Option<Duration> {
        let saved: Saved = sonic_rs::from_str(value).ok()?;
        if saved.v != SAVED_VERSION || !saved.seen.is_ascii() || !saved.seen.len().is_multiple_of(32) {
            return None;
        }
        let mut seen = Vec::with_capacity(saved.seen.len() / 32);
        for item in saved.seen.as_bytes().chunks(32) {
            let mark = |digits: &[u8]| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
            seen.push([mark(&item[..16])?, mark(&item[16..])?]);
        }
        if let Some(url) = saved.url {
            self.url = FeedSpec::new(url).address().ok()?;
        }
        self.seen = seen;
        self.validators = Validators { etag: saved.etag, modified: saved.modified };
        self.ended = saved.ended;
        self.failures = saved.failures;
        self.read_at = saved.read.map(EventTime::from_unix);
        let wait = u64::try_from(saved.next.saturating_sub(now.unix())).unwrap_or(0);
        Some(Duration::from_secs(wait).min(RETRY_AFTER_MAX))
    }
}
