//! Detections: what a detector found, told so that a person understands it and can check it.
//!
//! A detection is made of things that were released already, and of nothing else: its numbers are theirs, digit by digit, so it can
//! tell nobody more than they do. The ways in are the `from_…` functions here, one a kind, and each takes `&Released<…>`. What they
//! have in common is a `Finding`, which only this crate can fill.
//!
//! Severity, titles and the command that recomputes the numbers are rules that stand in `docs/methods/detections.md`.

mod anomaly;
mod finding;
mod mix;
mod silence;
mod tone;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use groundswell_sketch::Rfc3339;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::amplification::ObjectType;
use crate::emoji::emoji_name;
use crate::released::{Released, sealed};
use crate::{K, NotReleasable};

pub use anomaly::AnomalousHour;
use finding::Finding;
pub use finding::NARRATIVE_GROWTH_MIN;
pub use mix::MixCandidate;
pub use silence::SilenceCandidate;
pub use tone::ToneCandidate;

/// Longest title, in characters; a value that would make it longer is cut.
pub const TITLE_CHARS_MAX: usize = 300;

/// Longest value of a subject that is quoted in a title, in characters.
pub const QUOTED_CHARS_MAX: usize = 80;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word used in commands and outputs.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Reads the word used in commands and outputs.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What kind of thing was found.
    DetectionKind {
        /// More than usual of something.
        Burst = "burst",
        /// One text, link or hashtag by many.
        Amplification = "amplification",
        /// A story that grows.
        Narrative = "narrative",
        /// Something else than usual: silence, another mix.
        Anomaly = "anomaly",
    }
}

words! {
    /// How much it matters, by a rule over what is shown ([`Severity::of`]).
    Severity {
        /// Little.
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much.
        High = "high",
    }
}

words! {
    /// What a detection is about.
    SubjectType {
        /// A word.
        Term = "term",
        /// A hashtag without `#`.
        Hashtag = "hashtag",
        /// Words that stand together.
        Phrase = "phrase",
        /// Registrable domain of links.
        Domain = "domain",
        /// A watch, by name.
        Watch = "watch",
        /// A narrative, by id.
        Narrative = "narrative",
        /// ISO 639-1 or `und`.
        Language = "language",
        /// All posts.
        Total = "total",
        /// A source, by name.
        Source = "source",
        /// A text that many posted.
        Text = "text",
        /// A link.
        Link = "link",
    }
}

words! {
    /// How far the method that found it can be relied upon.
    Maturity {
        /// Measured on little, or found wanting; read it as a hint.
        Experimental = "experimental",
        /// Measured against labelled and simulated data, with figures in the documentation.
        Measured = "measured",
        /// Measured, and in use for long.
        Proven = "proven",
    }
}

impl Severity {
    /// From how many times what was expected is there (`strength`; the lower end, where there is an interval; of an amplification
    /// its synchrony) and how many authors carry it. Each gives nought to two points: 3 and 10 times, 50 and 500 authors. Three points are high, two are medium.
    pub fn of(strength: f64, authors: u64) -> Self {
        let points =
            u8::from(strength >= 3.0) + u8::from(strength >= 10.0) + u8::from(authors >= 50) + u8::from(authors >= 500);
        match points {
            0 | 1 => Self::Low,
            2 => Self::Medium,
            _ => Self::High,
        }
    }
}

/// What a detection is about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Subject {
    /// What kind of thing.
    pub r#type: SubjectType,
    /// Which one.
    pub value: String,
}

impl Subject {
    /// What an emoji is called, in English.
    pub fn name(&self) -> Option<&'static str> {
        emoji_name(&self.value).filter(|_| self.r#type == SubjectType::Term)
    }
}

/// With its name beside it, where it has one.
impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.name();
        let mut subject = serializer.serialize_struct("Subject", 2 + usize::from(name.is_some()))?;
        subject.serialize_field("type", &self.r#type)?;
        subject.serialize_field("value", &self.value)?;
        if let Some(name) = name {
            subject.serialize_field("name", name)?;
        }
        subject.end()
    }
}

/// What was expected, and from what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// How it was made.
    pub method: String,
    /// Of so many windows.
    pub windows: u64,
}

/// What computed the numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// Its name, which is that of its page in `docs/methods`.
    pub name: String,
    /// Its version: the same version gives the same numbers.
    pub version: u32,
}

/// A stretch of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Inclusive.
    pub start: Rfc3339,
    /// Exclusive; none while it goes on.
    pub end: Option<Rfc3339>,
}

/// How often a clause of a watch matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseCount {
    /// The clause, as the watch prints it.
    pub clause: String,
    /// Posts.
    pub posts: u64,
}

/// How posts sound that there are more or fewer of than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToneClass {
    /// Displeased.
    Negative,
    /// Pleased.
    Positive,
}

impl fmt::Display for ToneClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negative => "negative",
            Self::Positive => "positive",
        })
    }
}

/// What part of all posts something has; of a shift of tone, what part of a watch's posts in a language sounds so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// By released counts; none where its own is held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<f64>,
    /// Which was to be expected.
    pub expected: f64,
    /// In 95 of 100 such stretches it is between these.
    pub expected_interval: [f64; 2],
    /// All these posts of the stretch, as released.
    pub of: u64,
}

/// All that a detection rests on. What a kind has no use for is absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Posts in the stretch that was looked at, as released.
    pub observed: u64,
    /// It is held back how many these were: fewer than k authors wrote, and `observed` is 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suppressed: bool,
    /// How many were to be expected there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    /// In 95 of 100 such stretches there would be so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_interval: Option<[f64; 2]>,
    /// Observed over expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// The ratio lies between these most likely (95 %).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Of a shift of a mix: its share of all posts. Of a shift of tone: the share of posts that sound so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// Of a shift of tone: what there is more or less of than usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<ToneClass>,
    /// What was expected, and from what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// The detector's own measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// False alerts a day of a feed that tells everything down to this one: what a feed's budget is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<f64>,
    /// What computed it.
    pub method: Method,
    /// The stretches that were compared, the one that was looked at first.
    pub windows: Vec<Stretch>,
    /// Posts of the whole thing, where that is more than what was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posts: Option<u64>,
    /// Distinct authors; of a silence or a share that fell, those that usually write in such an hour.
    pub authors: u64,
    /// Below 1: a source had a gap then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// Share of posts by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub languages: BTreeMap<String, f64>,
    /// Registrable domains of links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Narratives that it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub narratives: Vec<String>,
    /// Other subjects of the same burst.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Subject>,
    /// Of a watch: which clauses matched how often.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<ClauseCount>,
    /// Of an amplification: what it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectType>,
    /// Of an amplification: copies an author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies_per_author: Option<f64>,
    /// The text that was shared; of a hashtag or link, this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_text: Option<String>,
    /// Of an amplification: how far its densest stretch stands above chance, in standard deviations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synchrony: Option<f64>,
    /// Of an amplification: the share of its authors that also carry others, as one number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_overlap: Option<f64>,
    /// Path of the page that shows it.
    pub page: String,
    /// The command that shows the numbers it was computed from.
    pub command: String,
}

/// One row of the released table **detections** (CONTRACT section 5).
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DetectionRow {
    /// Its id: the same finding always has the same.
    pub id: String,
    /// What kind of thing was found.
    pub kind: DetectionKind,
    /// When it began.
    pub time: Rfc3339,
    /// End of the window by which it was found, in event time: this less `time` is the delay.
    pub detected_at: Rfc3339,
    /// One line, as a person would say it.
    pub title: String,
    /// The numbers, in a few sentences.
    pub summary: String,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// What it rests on.
    pub evidence: Evidence,
    /// The feeds that it went into.
    pub feeds: Vec<String>,
    /// How far the method can be relied upon.
    pub maturity: Maturity,
}

impl DetectionRow {
    /// Whether a language carries at least `share` of it, or is what it is about.
    pub fn speaks(&self, language: &str, share: f64) -> bool {
        let is_subject = self.subject.r#type == SubjectType::Language && self.subject.value == language;
        is_subject || self.evidence.languages.get(language).is_some_and(|part| *part >= share)
    }
}

impl sealed::Item for DetectionRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("DetectionRow", 11)?;
        row.serialize_field("id", &self.id)?;
        row.serialize_field("kind", &self.kind)?;
        row.serialize_field("time", &self.time)?;
        row.serialize_field("detected_at", &self.detected_at)?;
        row.serialize_field("title", &self.title)?;
        row.serialize_field("summary", &self.summary)?;
        row.serialize_field("severity", &self.severity)?;
        row.serialize_field("subject", &self.subject)?;
        row.serialize_field("evidence", &self.evidence)?;
        row.serialize_field("feeds", &self.feeds)?;
        row.serialize_field("maturity", &self.maturity)?;
        row.end()
    }
}

impl Released<DetectionRow> {
    /// The one way in for all kinds: what was found, told by the rules of `docs/methods/detections.md`.
    fn told(finding: Finding) -> Self {
        let Finding { kind, of, start, detected_at, title, summary, subject, mut evidence, strength, maturity } =
            finding;
        let id = format!("{kind}-{of}");
        evidence.page = format!("/detections/{id}");
        Self::new(DetectionRow {
            id,
            kind,
            time: Rfc3339(start),
            detected_at: Rfc3339(detected_at),
            title: words::cut(&title, TITLE_CHARS_MAX),
            summary,
            severity: Severity::of(strength, evidence.authors),
            subject,
            evidence,
            feeds: Vec::new(),
            maturity,
        })
    }
}

/// Takes back a detection that was released by the k `by`. Its parts carry no numbers by which they could be checked again, so with
/// a k that was raised since it is held back.
pub fn readmit_detection(row: DetectionRow, by: u64, k: K) -> Result<Released<DetectionRow>, NotReleasable> {
    if by < k.get() || row.evidence.authors < k.get() {
        return Err(NotReleasable::DetectionBelowK { k: k.get() });
    }
    Ok(Released::new(row))
}

#[cfg(test)]
mod tests;
