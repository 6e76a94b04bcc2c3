//! Bursts at the gate: what the detector would like to say of a subject that is talked of more than usual, and what may be said.
//!
//! A burst is shown by one window, that of its peak: how many posts were in it, by how many authors, and how many were to be expected.
//! The two counts are perturbed like any cell's. What is expected rests on counts of windows that may each have had too few authors
//! to be shown, so it is taken to rest on k posts at least and is rounded; score, q and interval are worked out from the shown numbers
//! and not from the true ones, so they tell no more than these.

use std::fmt;

use groundswell_sketch::{CellKey, Rfc3339, Step, Window};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::perturb::family;
use crate::released::{Released, sealed};
use crate::volume::{Dimension, Figures, Gate, may_be_named};

/// Phrases are counted in one post of so many: what is told of their bursts are counts of this sample, at all places alike.
pub const PHRASE_SAMPLE: u64 = 4;

/// What can burst (CONTRACT section 5).
///
/// Not all that is counted: countries have a k of their own, and of sources, kinds and relations small cells are folded; countries that
/// are mentioned are told by their words; posts in two languages and tone are no subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BurstType {
    /// All posts; its one value is `all`.
    Total,
    /// A watch, by name.
    Watch,
    /// ISO 639-1 or `und`.
    Language,
    /// Hashtag without `#`, normal form.
    Hashtag,
    /// Registrable domain of a link.
    Domain,
    /// A word or an emoji, normal form.
    Term,
    /// Two words that stand next to each other, normal form.
    Phrase,
    /// A narrative, by its id.
    Narrative,
}

impl BurstType {
    /// All, in the order of their [`index`](Self::index).
    pub const ALL: [Self; 8] = [
        Self::Total,
        Self::Watch,
        Self::Language,
        Self::Hashtag,
        Self::Domain,
        Self::Term,
        Self::Phrase,
        Self::Narrative,
    ];

    /// The one that is counted by a dimension, if it can burst.
    pub const fn of(dimension: Dimension) -> Option<Self> {
        match dimension {
            Dimension::Total => Some(Self::Total),
            Dimension::Watch => Some(Self::Watch),
            Dimension::Language => Some(Self::Language),
            Dimension::Hashtag => Some(Self::Hashtag),
            Dimension::Domain => Some(Self::Domain),
            Dimension::Term => Some(Self::Term),
            _ => None,
        }
    }

    /// The word used in commands and outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Watch => "watch",
            Self::Language => "language",
            Self::Hashtag => "hashtag",
            Self::Domain => "domain",
            Self::Term => "term",
            Self::Phrase => "phrase",
            Self::Narrative => "narrative",
        }
    }

    /// Reads the word used in commands and outputs.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Its place in [`Self::ALL`]. Fixed: checkpoints hold it.
    pub const fn index(self) -> u8 {
        self as u8
    }

    /// Whether it has values without end, or very many.
    pub const fn is_open_ended(self) -> bool {
        matches!(self, Self::Hashtag | Self::Domain | Self::Term | Self::Phrase | Self::Narrative)
    }
}
use crate::{K, NotReleasable};

/// The lowest q that is told: below it the distribution of real counts is nobody's knowledge.
pub const Q_MIN: f64 = 1e-9;

/// A burst is said to begin at a multiple of so many seconds: to the minute, its beginning would betray single posts.
pub const BURST_START_GRID: i64 = 300;

/// Of a burst: from its subject and its start, no finer than [`BURST_START_GRID`]. Displays as `b` and sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BurstId(u64);

impl BurstId {
    /// The same in every run. Two bursts of one subject never begin so near each other that they would have the same one.
    pub fn of(kind: BurstType, value: &str, start: i64) -> Self {
        let start = down(start, BURST_START_GRID);
        Self(family(&[b"burst", kind.as_str().as_bytes(), value.as_bytes(), &start.to_le_bytes()]))
    }
}

impl fmt::Display for BurstId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b{:016x}", self.0)
    }
}

/// How long the windows are in which a burst shows best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BurstScale {
    /// Five minutes.
    Minutes,
    /// Ten to twenty minutes, or fifty to sixty.
    Hour,
    /// Two to four hours, or 22 to 24.
    Day,
}

impl BurstScale {
    /// Peaks and ends are told at multiples of so many seconds.
    pub const fn grid(self) -> i64 {
        match self {
            Self::Minutes => BURST_START_GRID,
            Self::Hour => 600,
            Self::Day => 7_200,
        }
    }

    /// The word used in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// What a baseline rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BurstMethod {
    /// The subject's own hours of the week, and how it stood of late.
    Seasonal,
    /// How it stood of late: there is less than a week of history.
    Recent,
    /// It is new: what is known of subjects in general.
    New,
}

impl BurstMethod {
    /// The word used in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seasonal => "seasonal",
            Self::Recent => "recent",
            Self::New => "new",
        }
    }
}

/// What is talked of, before the gate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurstSubject {
    /// What kind of thing.
    pub kind: BurstType,
    /// Which.
    pub value: String,
    /// Distinct authors in the window of its peak, or fewer.
    pub authors: u64,
    /// Where it looks like a person's name: how many publishers carried it.
    pub name_publishers: Option<u32>,
}

impl BurstSubject {
    fn passes(&self, k: u64) -> bool {
        self.authors >= k && may_be_named(self.name_publishers)
    }

    fn named(self) -> BurstOf {
        BurstOf { kind: self.kind, value: self.value }
    }
}

impl fmt::Debug for BurstSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BurstSubject(redacted)")
    }
}

/// A burst as found, before the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BurstCandidate {
    /// Its id.
    pub id: BurstId,
    /// Everything before this second had been looked at when it was found.
    pub detected_at: i64,
    /// Everything before this second was looked at.
    pub as_of: i64,
    /// What is talked of.
    pub subject: BurstSubject,
    /// Where it began to rise.
    pub start: i64,
    /// The busiest stretch.
    pub peak: i64,
    /// Where it was over.
    pub end: Option<i64>,
    /// The length of the window of the peak.
    pub scale: BurstScale,
    /// First second of that window.
    pub from: i64,
    /// Exclusive.
    pub to: i64,
    /// Posts in it.
    pub posts: u64,
    /// Which.
    pub key: CellKey,
    /// Posts that were to be expected in it.
    pub expected: f64,
    /// What one post in the baseline adds to that.
    pub expected_of_one: f64,
    /// How far counts scatter: variance = mean + mean² / shape.
    pub shape: f64,
    /// What the baseline rests on.
    pub method: BurstMethod,
    /// Windows of two hours in the baseline.
    pub windows: u32,
    /// False alerts a day that come with alerts as unlikely as this, decimal logarithm.
    pub log10_q: f64,
    /// What one post more changes in that.
    pub log10_q_of_one: f64,
    /// How often this stream has bursts as unlikely as this.
    pub experience: BurstExperience,
    /// Share of what should have been listened to that was.
    pub coverage: f32,
    /// Other subjects of the same burst.
    pub related: Vec<BurstSubject>,
}

/// How many bursts a day a stream has had that were as unlikely as this or more so: a curve over what the model says.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BurstExperience {
    /// Decimal logarithms of the model's q, rising, and of bursts a day.
    points: Vec<[f32; 2]>,
}

impl BurstExperience {
    /// From points whose first numbers rise.
    pub fn new(points: Vec<[f32; 2]>) -> Self {
        debug_assert!(points.is_sorted_by(|a, b| a[0] < b[0]));
        Self { points }
    }

    /// The larger of what the model says and of what the stream has shown.
    pub fn log10_q(&self, model: f64) -> f64 {
        let points = self.points.as_slice();
        let after = points.partition_point(|point| f64::from(point[0]) < model);
        let between = |from: [f32; 2], to: [f32; 2]| {
            let along = (model - f64::from(from[0])) / f64::from(to[0] - from[0]);
            f64::from(from[1]) + along * f64::from(to[1] - from[1])
        };
        let shown = match (after.checked_sub(1).map(|at| points[at]), points.get(after)) {
            (Some(from), Some(to)) => between(from, *to),
            (Some(last), None) => f64::from(last[1]),
            // Less likely than all there were: it is the only one.
            (None, Some(first)) => f64::from(first[1]),
            (None, None) => f64::NEG_INFINITY,
        };
        model.max(shown)
    }
}

impl fmt::Debug for BurstExperience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BurstExperience({} points)", self.points.len())
    }
}

/// What is talked of (CONTRACT section 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurstOf {
    /// What kind of thing.
    #[serde(rename = "type")]
    pub kind: BurstType,
    /// Which.
    pub value: String,
}

/// What `expected` rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurstBaseline {
    /// In a word.
    pub method: BurstMethod,
    /// Windows of two hours.
    pub windows: u32,
}

/// Inclusive start, exclusive end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurstWindow {
    /// Inclusive.
    pub start: Rfc3339,
    /// Exclusive.
    pub end: Rfc3339,
}

/// One row of the released table **bursts** (CONTRACT section 5).
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct BurstRow {
    /// Its id.
    pub id: String,
    /// What is talked of.
    pub subject: BurstOf,
    /// Where it began to rise.
    pub start: Rfc3339,
    /// Its busiest stretch.
    pub peak: Rfc3339,
    /// Where it was over; `None` while it is open.
    pub end: Option<Rfc3339>,
    /// Posts in the window of the peak.
    pub observed: u64,
    /// Posts that were to be expected there.
    pub expected: f64,
    /// In 95 of 100 windows there would be so many.
    pub interval: [f64; 2],
    /// What that rests on.
    pub baseline: BurstBaseline,
    /// Observed by expected.
    pub score: f64,
    /// False alerts a day that come with alerts as unlikely as this.
    pub q: f64,
    /// Distinct authors in the window of the peak, or fewer.
    pub authors: u64,
    /// Share of what should have been listened to that was.
    pub coverage: f64,
    /// How long that window is.
    pub scale: BurstScale,
    /// That window.
    pub window: BurstWindow,
    /// Everything before this had been looked at when it was first told of.
    pub detected_at: Rfc3339,
    /// Everything before this was looked at.
    pub as_of: Rfc3339,
    /// Other subjects of the same burst.
    pub related: Vec<BurstOf>,
}

impl sealed::Item for BurstRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("BurstRow", 18)?;
        row.serialize_field("id", &self.id)?;
        row.serialize_field("subject", &self.subject)?;
        row.serialize_field("start", &self.start)?;
        row.serialize_field("peak", &self.peak)?;
        row.serialize_field("end", &self.end)?;
        row.serialize_field("observed", &self.observed)?;
        row.serialize_field("expected", &self.expected)?;
        row.serialize_field("interval", &self.interval)?;
        row.serialize_field("baseline", &self.baseline)?;
        row.serialize_field("score", &self.score)?;
        row.serialize_field("q", &self.q)?;
        row.serialize_field("authors", &self.authors)?;
        row.serialize_field("coverage", &self.coverage)?;
        row.serialize_field("scale", &self.scale)?;
        row.serialize_field("window", &self.window)?;
        row.serialize_field("detected_at", &self.detected_at)?;
        row.serialize_field("as_of", &self.as_of)?;
        row.serialize_field("related", &self.related)?;
        row.end()
    }
}

impl Gate {
    /// Says of a burst what may be said; `None` where that is nothing.
    pub fn release_burst(&self, candidate: BurstCandidate) -> Option<Released<BurstRow>> {
        let k = self.k().get();
        if !candidate.subject.passes(k) || candidate.from >= candidate.to || candidate.to > candidate.as_of {
            return None;
        }
        let true_figures = Figures { posts: candidate.posts, authors: candidate.subject.authors };
        let shown = self.shown(true_figures, candidate.key, family_of(&candidate), k);
        let at_least = candidate.expected_of_one.max(0.0) * k as f64;
        let expected = two_digits(candidate.expected.max(at_least));
        let more = shown.posts as f64 - candidate.posts as f64;
        let log10_q = candidate.experience.log10_q(candidate.log10_q + candidate.log10_q_of_one * more);
        let spread = 1.96 * (expected + expected * expected / candidate.shape.max(0.01)).sqrt();
        let (start, grid) = (down(candidate.start, BURST_START_GRID), candidate.scale.grid());
        Some(Released::new(BurstRow {
            id: candidate.id.to_string(),
            start: Rfc3339(start),
            peak: Rfc3339(down(candidate.peak, grid).max(start)),
            end: candidate.end.map(|end| Rfc3339(down(end + grid - 1, grid))),
            observed: shown.posts,
            expected,
            interval: [two_digits((expected - spread).max(0.0)), two_digits(expected + spread)],
            baseline: BurstBaseline { method: candidate.method, windows: candidate.windows },
            score: two_digits(shown.posts as f64 / expected.max(0.01)),
            q: step_up(log10_q),
            authors: shown.authors,
            coverage: (f64::from(candidate.coverage) * 100.0).floor() / 100.0,
            scale: candidate.scale,
            window: BurstWindow { start: Rfc3339(candidate.from), end: Rfc3339(candidate.to) },
            detected_at: Rfc3339(candidate.detected_at),
            as_of: Rfc3339(candidate.as_of),
            related: candidate
                .related
                .into_iter()
                .filter(|subject| subject.passes(k))
                .map(BurstSubject::named)
                .collect(),
            subject: candidate.subject.named(),
        }))
    }
}

/// The last multiple that is not after a second.
const fn down(unix: i64, grid: i64) -> i64 {
    unix - unix.rem_euclid(grid)
}

/// A window that is an hour's or a day's cell is that cell, and shows the same change.
fn family_of(candidate: &BurstCandidate) -> u64 {
    let BurstSubject { kind, value, .. } = &candidate.subject;
    let cell = [Step::Hour, Step::Day].into_iter().find(|step| {
        Window::containing(*step, candidate.from) == Window { step: *step, start: candidate.from }
            && candidate.to - candidate.from == step.seconds()
    });
    match cell {
        Some(step) => family(&[kind.as_str().as_bytes(), step.as_str().as_bytes(), value.as_bytes()]),
        None => family(&[b"burst", kind.as_str().as_bytes(), candidate.scale.as_str().as_bytes(), value.as_bytes()]),
    }
}

/// Rounded to two significant digits.
pub(crate) fn two_digits(number: f64) -> f64 {
    if !(number.is_finite() && number > 0.0) {
        return 0.0;
    }
    let unit = 10_f64.powi(number.log10().floor() as i32 - 1);
    // Through text: 0.1 * 3 is not 0.3.
    let rounded = (number / unit).round() * unit;
    format!("{rounded:.6}").parse().unwrap_or(rounded)
}

/// The next of 1, 2, 5, 10, 20 … above, so that no single post can be read from it.
pub(crate) fn step_up(log10: f64) -> f64 {
    let log10 = log10.clamp(Q_MIN.log10(), 3.0);
    let decade = log10.floor();
    let rest = log10 - decade;
    let digit = if rest <= 1e-9 {
        1
    } else if rest <= 2_f64.log10() {
        2
    } else if rest <= 5_f64.log10() {
        5
    } else {
        10
    };
    format!("{digit}e{decade}").parse().unwrap_or(f64::from(digit) * 10_f64.powf(decade))
}

/// Takes back a burst that was released, by this k, and stored. Of the counts behind it nothing is kept by which it could be checked
/// again, so with a k that was raised since it is held back.
pub fn readmit_burst(row: BurstRow, by: u64, k: K) -> Result<Released<BurstRow>, NotReleasable> {
    if by < k.get() || row.authors < k.get() {
        return Err(NotReleasable::BurstBelowK { k: k.get() });
    }
    Ok(Released::new(row))
}

#[cfg(test)]
mod tests;
