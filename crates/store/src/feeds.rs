//! Feeds: what they select, what is done with them, and what goes out, independent of the database.

use groundswell_gate::{DetectionKind, DetectionRow, FeedMarks, FeedTrial, Released, Severity, SubjectType};
use serde::{Deserialize, Serialize};

use crate::FeedError;

/// Feeds in force at a time; one more is refused.
pub const FEEDS_MAX: usize = 256;

/// Names of watches or languages of one feed; more are refused.
pub const SELECTED_MAX: usize = 1_000;

/// The newest detections that a feed begins with.
pub const FEED_BACKFILL_MAX: usize = 1_000;

/// Notes of one detection in one feed; one more is refused.
pub const NOTES_MAX: usize = 20;

/// Length of a note, in characters.
pub const NOTE_CHARS_MAX: usize = 1_000;

/// Pinned detections of a feed; one more is refused.
pub const PINS_MAX: usize = 20;

/// Subjects that a feed is silent about; one more is refused.
pub const MUTES_MAX: usize = 1_000;

/// Deliveries of one receiver that wait; of more the oldest become dead letters.
pub const OUTBOX_WAITING_MAX: u64 = 10_000;

/// Dead letters of one receiver that are kept; of more the oldest go.
pub const DEAD_LETTERS_MAX: u64 = 10_000;

/// Deliveries of one receiver that are remembered when they are through; of more the oldest go.
pub const DELIVERED_KEPT_MAX: u64 = 1_000;

/// Detections that go out as one message.
pub const BUNDLE_MAX: usize = 200;

/// Detections that are looked at to say what a feed would have told: the newest of the period.
pub const TRIAL_DETECTIONS_MAX: usize = 50_000;

/// Days of which is said how many detections a feed would have told: the newest.
pub const TRIAL_DAYS_MAX: usize = 400;

/// Detections that are counted to say how many there are; at this number there may be more.
pub const DETECTIONS_COUNTED_MAX: u64 = 100_000;

/// The longest name of a feed or receiver.
pub const FEED_NAME_BYTES_MAX: usize = 64;

/// A language must carry so much of a detection for a feed of that language to have it.
pub const LANGUAGE_SHARE_MIN: f64 = 0.25;

/// Whether a text can name a feed or a receiver: small letters, digits, `_` and `-`, beginning with a letter or digit. It stands in
/// addresses, file names and keys, and nothing else fits in there.
pub fn is_feed_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=FEED_NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| plain(byte) || matches!(byte, b'_' | b'-'))
        && text.bytes().next().is_some_and(plain)
}

/// Which detections a feed has. What is empty selects nothing away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedSelection {
    /// Their kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<DetectionKind>,
    /// The watches that they must be about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub watches: Vec<String>,
    /// Languages, one of which must carry at least [`LANGUAGE_SHARE_MIN`] of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Their severities.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<Severity>,
    /// False alerts a day that the feed may bring. Held against `q` of the evidence; kinds that have none are not held to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
}

impl FeedSelection {
    /// Whether a detection belongs to the feed.
    pub fn takes(&self, row: &DetectionRow) -> bool {
        let about = |watch: &String| row.subject.r#type == SubjectType::Watch && row.subject.value == *watch;
        (self.kinds.is_empty() || self.kinds.contains(&row.kind))
            && (self.severities.is_empty() || self.severities.contains(&row.severity))
            && (self.watches.is_empty() || self.watches.iter().any(about))
            && (self.languages.is_empty() || self.languages.iter().any(|code| row.speaks(code, LANGUAGE_SHARE_MIN)))
            && self.budget.is_none_or(|budget| row.evidence.q.is_none_or(|q| q <= budget))
    }

    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), FeedError> {
        let wrong = |text: &str| Err(FeedError::Selection { text: text.to_owned() });
        if self.watches.len() > SELECTED_MAX || self.languages.len() > SELECTED_MAX {
            return wrong("more than 1,000 watches or languages");
        }
        let is_language = |code: &String| {
            code == "und" || matches!(code.len(), 2 | 3) && code.bytes().all(|byte| byte.is_ascii_lowercase())
        };
        if !self.languages.iter().all(is_language) {
            return wrong("languages: expected codes of ISO 639-1 such as pt");
        }
        if !self.watches.iter().all(|name| (1..=256).contains(&name.len()) && !name.chars().any(char::is_control)) {
            return wrong("watches: expected their names");
        }
        if self.budget.is_some_and(|budget| !(budget > 0.0 && budget <= 10_000.0)) {
            return wrong("budget: expected false alerts a day, more than 0 and at most 10000");
        }
        Ok(())
    }
}

/// A feed in the register.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedRecord {
    /// Its name, one of a kind among those in force.
    pub name: String,
    /// What it selects.
    pub selection: FeedSelection,
    /// When it was made, Unix seconds; 0: it was there from the start.
    pub created: i64,
}

/// A detection in a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedItem {
    /// Where it stands in the order in which detections came into feeds. One that was told first comes in at once; a burst that grows
    /// comes in later, and stands behind what was there before.
    pub place: u64,
    /// The installation's clock when it was committed, Unix seconds.
    pub recorded_at: i64,
    /// The detection.
    pub row: Released<DetectionRow>,
    /// What editors did with it.
    pub marks: Released<FeedMarks>,
}

/// What an editor does with a detection of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedEdit {
    /// It stands first, or no longer does.
    Pin(bool),
    /// Nothing is told of its subject until a moment (Unix seconds); `None`: from now on it is again.
    Mute(Option<i64>),
    /// It was useful (true) or noise; `None` takes the mark back.
    Mark(Option<bool>),
    /// Something to be read beside it.
    Note(String),
    /// A note of these words goes.
    RemoveNote(String),
}

/// Someone who receives a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Its name in the configuration.
    pub name: String,
    /// The feed.
    pub feed: String,
}

/// Something that is to be delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// Its number in the outbox.
    pub id: i64,
    /// The feed by which it goes out.
    pub feed: String,
    /// Tries so far.
    pub attempts: u32,
    /// The same however often it is tried.
    pub key: String,
    /// The detection.
    pub row: Released<DetectionRow>,
}

/// A detection that came into feeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Entered {
    /// Where it stands in the order in which detections came into feeds.
    pub place: u64,
    /// The feeds that it came into there.
    pub into: Vec<String>,
    /// The detection.
    pub row: Released<DetectionRow>,
}

/// What a feed would have told.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// How much, how often, and how right.
    pub trial: Released<FeedTrial>,
    /// The newest of what it would have told, latest first.
    pub newest: Vec<Released<DetectionRow>>,
}

/// What goes out as one message: the same set however often it is tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The same however often it is tried.
    pub key: String,
    /// What is in it, in the order of the outbox.
    pub items: Vec<Outgoing>,
}

/// What could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number in the outbox.
    pub id: i64,
    /// Who should have received it.
    pub receiver: String,
    /// The feed.
    pub feed: String,
    /// The detection.
    pub detection: String,
    /// Tries.
    pub attempts: u32,
    /// What was wrong last, as a fixed phrase.
    pub trouble: String,
    /// When it was given up, Unix seconds.
    pub ended_at: i64,
}

/// How a receiver's deliveries stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxCount {
    /// The receiver.
    pub receiver: String,
    /// The feed.
    pub feed: String,
    /// Waiting.
    pub waiting: u64,
    /// Delivered, as far as that is remembered.
    pub delivered: u64,
    /// Dead letters.
    pub dead: u64,
}
