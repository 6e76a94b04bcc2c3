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
use crate::live::Trouble;

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
    let head = if item.title.is_empty() { &item.text } else { &item.title };
    let look = match item.date {
        // Items that say nothing look all alike.
        _ if head.is_empty() => name,
        Some(date) => hash(&["dated", head, link, &date.unix().to_string()]),
        None => hash(&["undated", head, link, &item.text]),
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
    /// What came over the wire.
    pub(crate) bytes: usize,
    pub(crate) tally: Tally,
    pub(crate) told: Told,
}

/// What to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The look was like a first one.
    pub(crate) first_look: bool,
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
    Failing(Trouble, String),
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

    /// When it was last read.
    pub(crate) fn read_at(&self) -> Option<EventTime> {
        self.read_at
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
            bytes: 0,
            tally: Tally::default(),
            told: Told::Read,
        };
        match outcome {
            Outcome::Moved { to, permanent } => {
                let (count, before) = self.hop.as_ref().map_or((0, true), |hop| (hop.count, hop.permanent));
                if count >= REDIRECTS_MAX {
                    let error = format!("more than {REDIRECTS_MAX} redirections");
                    self.fail(Failure::new(Trouble::BadAnswer, error), config, &mut step);
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
            Outcome::Read { document, validators, fresh_for, bytes } => {
                step.bytes = bytes;
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
                self.fail(Failure::new(Trouble::NotOffered, "what it moved to is gone"), config, &mut step);
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
        step.told = Told::Failing(failure.trouble, failure.error);
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
        step.tally.first_look = first_look;
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
        // What is older comes first, so that a block is in order like the stream of any other source.
        step.items.sort_by_key(|(_, time)| *time);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: EventTime = EventTime::from_unix(1_800_000_000);

    fn at(seconds: i64) -> EventTime {
        EventTime::from_unix(NOW.unix() + seconds)
    }

    fn feed() -> Feed {
        Feed::new(FeedSpec::new("https://a.example/feed"), 7).unwrap()
    }

    fn read(items: Vec<Item>) -> Outcome {
        let document = Document { items, ..Document::default() };
        Outcome::Read { document, validators: Validators::default(), fresh_for: None, bytes: 1 }
    }

    fn item(title: &str, date: Option<EventTime>) -> Item {
        Item { title: title.to_owned(), date, ..Item::default() }
    }

    fn titles(step: &Step) -> Vec<&str> {
        step.items.iter().map(|(item, _)| item.title.as_str()).collect()
    }

    #[test]
    fn an_item_counts_at_a_time_that_is_never_late_and_never_ahead() {
        let lateness = Duration::from_secs(30);
        let counts = |seconds| Verdict::Counts { time: at(seconds), dated: true };
        let undated = Verdict::Counts { time: NOW, dated: false };
        for (age, first, later) in [
            (Some(0), counts(0), counts(0)),
            (Some(-10), counts(-10), counts(-10)),
            (Some(-15), counts(-15), counts(-15)),
            (Some(-29), counts(-15), counts(-15)),
            (Some(-31), Verdict::Old, counts(-15)),
            (Some(-86_400), Verdict::Old, counts(-15)),
            (Some(-86_401), Verdict::Old, Verdict::Old),
            (Some(-800_000_000), Verdict::Old, Verdict::Old),
            // A little ahead is believed and counts now; far ahead is no date.
            (Some(600), counts(0), counts(0)),
            (Some(601), Verdict::Old, undated),
            (None, Verdict::Old, undated),
        ] {
            let date = age.map(at);
            assert_eq!(judge(date, true, NOW, lateness), first, "{age:?} at a first look");
            assert_eq!(judge(date, false, NOW, lateness), later, "{age:?} at a later look");
        }
    }

    #[test]
    fn a_look_after_a_gap_is_like_a_first_one() {
        let config = FeedsConfig::default();
        let mut feed = feed();
        feed.take(read(vec![item("a", None)]), NOW, &config);
        // Three intervals of a quarter of an hour are no gap; a second more is one.
        let step = feed.take(read(vec![item("b", Some(at(0)))]), at(2_700), &config);
        assert_eq!((titles(&step), step.tally.first_look), (vec!["b"], false));
        let step = feed.take(read(vec![item("c", Some(at(3_000))), item("d", Some(at(5_400)))]), at(5_401), &config);
        assert_eq!((titles(&step), step.tally.old, step.tally.first_look), (vec!["d"], 1, true));
        // And what stood there then is not news later.
        let step = feed.take(read(vec![item("c", Some(at(3_000)))]), at(5_500), &config);
        assert_eq!((titles(&step), step.tally.known), (vec![], 1));
    }

    #[test]
    fn items_are_known_again_by_id_link_or_content() {
        let config = FeedsConfig::default();
        let full = |id: Option<&str>, link: Option<&str>, title: &str, text: &str| Item {
            id: id.map(str::to_owned),
            link: link.map(str::to_owned),
            text: text.to_owned(),
            ..item(title, None)
        };
        for (first, again, known) in [
            // The same id: whatever has changed.
            (full(Some("1"), Some("x"), "a", "a"), full(Some("1"), Some("y"), "b", "b"), true),
            // A new id for the same thing.
            (full(Some("1"), Some("x"), "a", "a"), full(Some("2"), Some("x"), "a", "a"), true),
            (full(Some("1"), Some("x"), "a", "a"), full(Some("2"), Some("x"), "b", "b"), false),
            // No id.
            (full(None, Some("x"), "a", "a"), full(None, Some("x"), "b", "b"), true),
            (full(None, Some("x"), "a", "a"), full(None, Some("y"), "a", "a"), false),
            // Neither.
            (full(None, None, "a", "a"), full(None, None, "a", "a"), true),
            (full(None, None, "a", "a"), full(None, None, "a", "b"), false),
        ] {
            let mut feed = feed();
            feed.take(read(vec![first]), NOW, &config);
            let step = feed.take(read(vec![again]), at(1), &config);
            assert_eq!(step.tally.known == 1, known);
        }
    }

    #[test]
    fn intervals_are_as_asked_within_limits() {
        let config = FeedsConfig::default();
        let minutes = |minutes| Some(Duration::from_mins(minutes));
        let mut feed = feed();
        for (asked, fresh_for, expected) in [
            (None, None, 15),
            (minutes(10), None, 10),
            (minutes(1), None, 5),
            (minutes(60), None, 60),
            (minutes(60 * 24 * 365), None, 360),
            // What cannot have changed is not asked for, and what may have changed is no wish to be asked.
            (None, minutes(60), 60),
            (None, minutes(1), 15),
            (minutes(5), minutes(30), 30),
            (None, minutes(60 * 24 * 365), 360),
        ] {
            let document = Document { interval: asked, ..Document::default() };
            let outcome = Outcome::Read { document, validators: Validators::default(), fresh_for, bytes: 1 };
            let wait = feed.take(outcome, NOW, &config).wait.unwrap();
            let expected = Duration::from_mins(expected);
            assert!(wait >= expected && wait <= expected.mul_f64(1.1), "{asked:?} {fresh_for:?}: {wait:?}");
        }
    }

    #[test]
    fn waits_after_failures_double_and_obey() {
        let config = FeedsConfig::default();
        let mut feed = feed();
        let fail = |retry_after| Outcome::Failed(Failure { retry_after, ..Failure::from(Trouble::ServerError) });
        let mut expected = config.backoff_min;
        for _ in 0..12 {
            let wait = feed.take(fail(None), NOW, &config).wait.unwrap();
            assert!(wait >= expected / 2 && wait <= expected, "{wait:?} against {expected:?}");
            expected = (expected * 2).min(config.backoff_max);
        }
        let wait = feed.take(fail(Some(Duration::from_hours(12))), NOW, &config).wait.unwrap();
        assert_eq!(wait, Duration::from_hours(12));
        let wait = feed.take(fail(Some(Duration::from_hours(999))), NOW, &config).wait.unwrap();
        assert_eq!(wait, RETRY_AFTER_MAX);
        // One success, and the waits are short again.
        feed.take(read(Vec::new()), NOW, &config);
        assert!(feed.take(fail(None), NOW, &config).wait.unwrap() <= config.backoff_min);
    }

    #[test]
    fn a_move_to_nowhere_is_forgotten() {
        let config = FeedsConfig::default();
        let to = Url::parse("https://b.example/feed").unwrap();
        let moved = || Outcome::Moved { to: to.clone(), permanent: true };
        for lost in [0, MOVE_FAILURES_MAX] {
            let mut feed = feed();
            feed.take(moved(), NOW, &config);
            feed.take(read(Vec::new()), NOW, &config);
            assert_eq!(feed.question().url, to);
            if lost == 0 {
                feed.take(Outcome::Gone, NOW, &config);
            }
            for _ in 0..lost {
                assert_eq!(feed.question().url, to);
                feed.take(Outcome::Failed(Trouble::Refused.into()), NOW, &config);
            }
            assert_eq!(feed.question().url, feed.configured);
            assert!(!feed.ended);
        }
        // A move that is followed once is not remembered where a part of it is not for good.
        let mut feed = feed();
        feed.take(moved(), NOW, &config);
        feed.take(Outcome::Moved { to: to.clone(), permanent: false }, NOW, &config);
        feed.take(read(Vec::new()), NOW, &config);
        assert_eq!(feed.question().url, feed.configured);
    }

    #[test]
    fn memory_is_bounded() {
        let config = FeedsConfig::default();
        let mut feed = feed();
        for look in 0..20 {
            let items = (0..300).map(|number| item(&format!("{look} {number}"), None)).collect();
            feed.take(read(items), at(look), &config);
        }
        assert_eq!(feed.seen.len(), 300 + GONE_ITEMS_MAX);
        // What is gone for a look or two and comes back is known.
        let back = vec![item("18 3", None)];
        assert_eq!(feed.take(read(back), at(21), &config).tally.known, 1);
    }

    /// What a feed shows at a look: which of thirty items, and whether they are dated.
    fn looks() -> impl Strategy<Value = Vec<Vec<(u8, bool)>>> {
        prop::collection::vec(prop::collection::vec((0_u8..30, any::<bool>()), 0..12), 1..12)
    }

    proptest! {
        /// However a feed shuffles, drops and brings back its items, none counts twice, and a feed that was saved and restored
        /// between any two looks does as one that was not.
        #[test]
        fn nothing_counts_twice_with_or_without_a_restart(looks in looks(), restarts in prop::collection::vec(any::<bool>(), 12)) {
            let config = FeedsConfig::default();
            let (mut whole, mut cut) = (feed(), feed());
            let mut counted = BTreeSet::new();
            for (number, look) in looks.iter().enumerate() {
                let now = at(number as i64 * 600);
                let items: Vec<Item> = look
                    .iter()
                    .map(|(name, dated)| Item { id: Some(name.to_string()), ..item("t", dated.then_some(now)) })
                    .collect();
                if restarts[number] {
                    let saved = cut.save(now);
                    cut = feed();
                    prop_assert_eq!(cut.resume(&saved, now), Some(Duration::ZERO));
                }
                let step = whole.take(read(items.clone()), now, &config);
                let other = cut.take(read(items), now, &config);
                let ids = |step: &Step| step.items.iter().map(|(item, _)| item.id.clone()).collect::<Vec<_>>();
                prop_assert_eq!(ids(&step), ids(&other));
                for (item, time) in &step.items {
                    prop_assert!(counted.insert(item.id.clone()), "counted twice");
                    prop_assert!(*time <= now && *time >= EventTime::from_unix(now.unix() - 15));
                }
            }
        }

        #[test]
        fn any_text_as_a_position_is_used_or_refused(value in "\\PC{0,80}", seen in "[0-9a-fé]{0,70}") {
            let mut feed = feed();
            feed.resume(&value, NOW);
            let known = feed.resume(&format!("{{\"v\":1,\"next\":0,\"seen\":\"{seen}\"}}"), NOW);
            prop_assert_eq!(known.is_some(), seen.is_ascii() && seen.len().is_multiple_of(32));
        }
    }
}
