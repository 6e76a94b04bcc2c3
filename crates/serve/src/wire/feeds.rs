//! Detections and feeds on the wire. The gate's crate writes the rows; what stands here describes them.

use std::collections::BTreeMap;

use groundswell_gate::{DetectionRow, FeedEntry, FeedMarks, FeedTrial, Released};
use groundswell_store::Trial;
use serde::Serialize;
use utoipa::ToSchema;

use crate::feeds::DeliveryMessage;

/// What kind of thing was found.
#[derive(Debug, ToSchema)]
#[schema(as = DetectionKind, rename_all = "lowercase")]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) enum DetectionKindName {
    /// More than usual of something.
    Burst,
    /// One text by many.
    Amplification,
    /// A story that grows.
    Narrative,
    /// Something else than usual.
    Anomaly,
}

/// How much it matters.
#[derive(Debug, ToSchema)]
#[schema(as = Severity, rename_all = "lowercase")]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) enum SeverityName {
    Low,
    Medium,
    High,
}

/// How far the method that found it can be relied upon.
#[derive(Debug, ToSchema)]
#[schema(as = Maturity, rename_all = "lowercase")]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) enum MaturityName {
    Experimental,
    Measured,
    Proven,
}

/// What a detection is about.
#[derive(Debug, ToSchema)]
#[schema(as = DetectionSubject)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct SubjectSchema {
    /// `term`, `hashtag`, `phrase`, `domain`, `watch`, `narrative`, `language`, `total`, `source`, `text` or `link`.
    r#type: String,
    /// Which one.
    value: String,
    /// Of an emoji: what it is called in English, by Unicode CLDR.
    #[schema(required = false, nullable = false, value_type = String)]
    name: Option<String>,
}

/// What was expected, and from what.
#[derive(Debug, ToSchema)]
#[schema(as = Baseline)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct BaselineSchema {
    method: String,
    /// Of so many windows.
    windows: u64,
}

/// What computed the numbers.
#[derive(Debug, ToSchema)]
#[schema(as = Method)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct MethodSchema {
    name: String,
    version: u64,
}

/// A stretch of event time.
#[derive(Debug, ToSchema)]
#[schema(as = Stretch)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct StretchSchema {
    /// Inclusive.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    /// Exclusive; null while it goes on.
    #[schema(value_type = Option<String>, format = DateTime)]
    end: Option<String>,
}

/// How often a clause of a watch matched.
#[derive(Debug, ToSchema)]
#[schema(as = ClauseCount)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct ClauseSchema {
    clause: String,
    posts: u64,
}

/// What part of all posts something has.
#[derive(Debug, ToSchema)]
#[schema(as = Share)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct ShareSchema {
    /// By released counts; absent where its own is held back.
    #[schema(required = false, nullable = false, value_type = f64)]
    observed: Option<f64>,
    /// Which was to be expected.
    expected: f64,
    /// In 95 of 100 such stretches it is between these two.
    expected_interval: Vec<f64>,
    /// All posts of the stretch, as released.
    of: u64,
}

/// All that a detection rests on. What a kind has no use for is absent.
#[derive(Debug, ToSchema)]
#[schema(as = Evidence)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct EvidenceSchema {
    /// Posts in the stretch that was looked at, as released.
    observed: u64,
    /// It is held back how many these were: fewer than k authors wrote, and `observed` is 0. Else absent.
    #[schema(required = false, nullable = false, value_type = bool)]
    suppressed: Option<bool>,
    /// How many were to be expected there.
    #[schema(required = false, nullable = false, value_type = f64)]
    expected: Option<f64>,
    /// In 95 of 100 such stretches there would be between these two.
    #[schema(required = false, nullable = false, value_type = Vec<f64>)]
    expected_interval: Option<Vec<f64>>,
    /// Observed over expected.
    #[schema(required = false, nullable = false, value_type = f64)]
    ratio: Option<f64>,
    /// The ratio lies between these two most likely (95 %).
    #[schema(required = false, nullable = false, value_type = Vec<f64>)]
    interval: Option<Vec<f64>>,
    #[schema(required = false, nullable = false, value_type = ShareSchema)]
    share: Option<ShareSchema>,
    #[schema(required = false, nullable = false, value_type = BaselineSchema)]
    baseline: Option<BaselineSchema>,
    /// The detector's own measure.
    #[schema(required = false, nullable = false, value_type = f64)]
    score: Option<f64>,
    /// False alerts a day of a feed that tells everything down to this one.
    #[schema(required = false, nullable = false, value_type = f64)]
    q: Option<f64>,
    method: MethodSchema,
    /// The stretches that were compared, the one that was looked at first.
    windows: Vec<StretchSchema>,
    /// Posts of the whole thing, where that is more than what was looked at.
    #[schema(required = false, nullable = false, value_type = u64)]
    posts: Option<u64>,
    /// Distinct authors; of a silence or a share that fell, those that usually write in such an hour.
    authors: u64,
    /// Below 1: a source had a gap then.
    #[schema(required = false, nullable = false, value_type = f64)]
    coverage: Option<f64>,
    /// Share of posts by language.
    #[schema(required = false, nullable = false, value_type = BTreeMap<String, f64>)]
    languages: Option<BTreeMap<String, f64>>,
    /// Registrable domains of links.
    #[schema(required = false, nullable = false, value_type = Vec<String>)]
    domains: Option<Vec<String>>,
    /// Narratives that it belongs to.
    #[schema(required = false, nullable = false, value_type = Vec<String>)]
    narratives: Option<Vec<String>>,
    /// Other subjects of the same burst.
    #[schema(required = false, nullable = false, value_type = Vec<SubjectSchema>)]
    related: Option<Vec<SubjectSchema>>,
    /// Of a watch: which clauses matched how often.
    #[schema(required = false, nullable = false, value_type = Vec<ClauseSchema>)]
    clauses: Option<Vec<ClauseSchema>>,
    /// Of a shift of tone: what there is more or less of than usual, `negative` or `positive`.
    #[schema(required = false, nullable = false, value_type = String)]
    tone: Option<String>,
    /// Of an amplification: what it is of, `text`, `link` or `hashtag`.
    #[schema(required = false, nullable = false, value_type = String)]
    object: Option<String>,
    /// Copies an author.
    #[schema(required = false, nullable = false, value_type = f64)]
    copies_per_author: Option<f64>,
    /// The text that was shared; of a hashtag or link, this.
    #[schema(required = false, nullable = false, value_type = String)]
    shared_text: Option<String>,
    /// How far its densest stretch stands above chance, in standard deviations.
    #[schema(required = false, nullable = false, value_type = f64)]
    synchrony: Option<f64>,
    /// The share of its authors that also carry other amplifications.
    #[schema(required = false, nullable = false, value_type = f64)]
    family_overlap: Option<f64>,
    /// Path of the page that shows it.
    page: String,
    /// The command that shows the numbers it was computed from.
    command: String,
}

/// A row of the released table **detections**. The gate's crate writes it; this describes it.
#[derive(Debug, ToSchema)]
#[schema(as = Detection)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct DetectionSchema {
    /// The same finding always has the same.
    id: String,
    kind: DetectionKindName,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    time: String,
    /// End of the window by which it was found, in event time: this less `time` is the delay.
    #[schema(value_type = String, format = DateTime)]
    detected_at: String,
    /// One line, as a person would say it.
    title: String,
    /// The numbers, in a few sentences.
    summary: String,
    severity: SeverityName,
    subject: SubjectSchema,
    evidence: EvidenceSchema,
    /// The feeds that it went into.
    feeds: Vec<String>,
    maturity: MaturityName,
}

/// A page of detections.
#[derive(Serialize, ToSchema)]
#[schema(as = DetectionPage)]
pub(crate) struct DetectionPage {
    /// By `detected_at`, latest first.
    #[schema(value_type = Vec<DetectionSchema>)]
    items: Vec<Released<DetectionRow>>,
    /// How many there are on all pages together; 100,000 says that there are at least so many.
    total: u64,
    /// Give it back as `cursor` to go on; null at the end.
    next: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl DetectionPage {
    pub(crate) fn new(
        items: Vec<Released<DetectionRow>>,
        total: u64,
        next: Option<String>,
        notice: Option<&'static str>,
    ) -> Self {
        Self { items, total, next, notice }
    }
}

/// A subject that a feed does not speak of for a time.
#[derive(Debug, ToSchema)]
#[schema(as = FeedMute)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct FeedMuteSchema {
    /// What kind of thing.
    subject: String,
    /// Which one.
    value: String,
    #[schema(value_type = String, format = DateTime)]
    until: String,
}

/// A feed: a named selection of detections.
#[derive(Debug, ToSchema)]
#[schema(as = Feed)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct FeedSchema {
    name: String,
    /// Kinds of detections; empty means all.
    kinds: Vec<String>,
    /// Watches that a detection must be about; empty means that it need not be.
    watches: Vec<String>,
    /// Languages, one of which must carry it; empty means all.
    languages: Vec<String>,
    /// Severities; empty means all.
    severities: Vec<String>,
    /// False alerts a day that it may bring; null: whatever the detectors tell.
    budget: Option<f64>,
    #[schema(value_type = String, format = DateTime)]
    created: String,
    /// Detections in it.
    items: u64,
    /// How many of them editors found useful.
    useful: u64,
    /// How many of them editors found to be noise.
    noise: u64,
    /// Useful over useful and noise; null where nothing was marked.
    precision: Option<f64>,
    /// The share of useful ones lies between these two most likely (95 %, Wilson).
    precision_interval: Option<Vec<f64>>,
    /// What it does not speak of at present.
    muted: Vec<FeedMuteSchema>,
    /// Who receives it, by the names in the configuration.
    receivers: Vec<String>,
    /// How their deliveries stand, in the same order.
    deliveries: Vec<FeedReceiverSchema>,
}

/// How the deliveries of a receiver stand.
#[derive(Debug, ToSchema)]
#[schema(as = FeedReceiver)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct FeedReceiverSchema {
    name: String,
    /// Deliveries that wait.
    waiting: u64,
    /// Dead letters that are kept.
    dead: u64,
    /// When something was delivered last, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered: Option<String>,
    /// When a try failed last, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    failed: Option<String>,
    /// What was wrong then.
    trouble: Option<String>,
}

/// What the editors of a feed did with one of its detections.
#[derive(Debug, ToSchema)]
#[schema(as = FeedMarks)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct FeedMarksSchema {
    /// It stands first.
    pinned: bool,
    /// `useful` or `noise`.
    mark: Option<String>,
    /// Oldest first.
    notes: Vec<String>,
}

/// What was done with a detection in a feed.
#[derive(Serialize, ToSchema)]
#[schema(as = FeedMarksAnswer)]
pub(crate) struct FeedMarksAnswer {
    #[schema(value_type = FeedMarksSchema)]
    marks: Released<FeedMarks>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl FeedMarksAnswer {
    pub(crate) fn new(marks: Released<FeedMarks>, notice: Option<&'static str>) -> Self {
        Self { marks, notice }
    }
}

/// A message as a receiver of one kind would get it.
#[derive(Serialize, ToSchema)]
#[schema(as = FeedMessage)]
pub(crate) struct FeedMessageWire {
    /// `slack`, `teams`, `email` or `webhook`, as the configuration calls them. Kafka gets what a webhook gets.
    #[schema(example = "slack")]
    kind: &'static str,
    /// Subject of a mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// Its whole body: JSON, or the text of a mail.
    body: String,
}

/// What receivers of each kind would get.
#[derive(Serialize, ToSchema)]
#[schema(as = FeedPreviewAnswer)]
pub(crate) struct FeedPreviewAnswer {
    items: Vec<FeedMessageWire>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl FeedPreviewAnswer {
    pub(crate) fn new(items: Vec<DeliveryMessage>, notice: Option<&'static str>) -> Self {
        let items = items
            .into_iter()
            .map(|DeliveryMessage { kind, subject, body }| FeedMessageWire { kind, subject, body })
            .collect();
        Self { items, notice }
    }
}

/// How many detections of a day a feed would have had.
#[derive(Debug, ToSchema)]
#[schema(as = FeedTrialDay)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct FeedTrialDaySchema {
    /// The day of event time, UTC.
    #[schema(example = "2026-01-31")]
    day: String,
    detections: u64,
}

/// What a feed would have told.
#[derive(Debug, ToSchema)]
#[schema(as = FeedTrial)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct FeedTrialSchema {
    detections: u64,
    /// From the first to the last day of which there is any detection, selected or not; the newest 400.
    days: Vec<FeedTrialDaySchema>,
    /// Detections over days.
    a_day: f64,
    /// How many editors found useful, in whichever feed.
    useful: u64,
    /// How many editors found to be noise.
    noise: u64,
    /// Useful over useful and noise; null where nothing was marked.
    precision: Option<f64>,
    /// The share of useful ones lies between these two most likely (95 %, Wilson).
    precision_interval: Option<Vec<f64>>,
    /// Whether all detections of the period were looked at; else only the newest 50,000 or those of the newest 400 days were.
    complete: bool,
}

/// What a feed would have told, and the newest of it.
#[derive(Serialize, ToSchema)]
#[schema(as = FeedTrialAnswer)]
pub(crate) struct FeedTrialAnswer {
    #[schema(value_type = FeedTrialSchema)]
    trial: Released<FeedTrial>,
    /// The newest, at most 100, latest first.
    #[schema(value_type = Vec<DetectionSchema>)]
    newest: Vec<Released<DetectionRow>>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl FeedTrialAnswer {
    pub(crate) fn new(trial: Trial, notice: Option<&'static str>) -> Self {
        Self { trial: trial.trial, newest: trial.newest, notice }
    }
}

/// All feeds.
#[derive(Serialize, ToSchema)]
#[schema(as = FeedList)]
pub(crate) struct FeedList {
    /// By name.
    #[schema(value_type = Vec<FeedSchema>)]
    items: Vec<Released<FeedEntry>>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl FeedList {
    pub(crate) fn new(items: Vec<Released<FeedEntry>>, notice: Option<&'static str>) -> Self {
        Self { items, notice }
    }
}

/// One feed.
#[derive(Serialize, ToSchema)]
#[schema(as = FeedAnswer)]
pub(crate) struct FeedAnswer {
    #[schema(value_type = FeedSchema)]
    feed: Released<FeedEntry>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl FeedAnswer {
    pub(crate) fn new(feed: Released<FeedEntry>, notice: Option<&'static str>) -> Self {
        Self { feed, notice }
    }
}
