//! The API's own types. Core types are not serialisable on purpose; what stands here is a promise to strangers. Numbers
//! that come from posts can be put in only as [`Released`]: the fields are private to this module.

pub(crate) mod audit;
pub(crate) mod feeds;
pub(crate) mod tone;
pub(crate) mod watches;

use std::collections::BTreeMap;

use groundswell_gate::{
    AmplificationRow, BurstRow, Coverage, CoverageGap, CoverageState, Dimension, EngineSettings, EngineStatus,
    NarrativeEvent, NarrativeRow, Outward, Released, SourceStatus, VolumeRow, WatchEntry, emoji_name,
};
use groundswell_sketch::{Rfc3339, Step, Window};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ingest::IngestReceipt;
use crate::metrics::RECORD_STATES;

/// Windows of a sparkline, the last of which is the one shown beside it.
pub const SPARK_WINDOWS: usize = 30;

/// The length of a window.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Step)]
pub(crate) enum StepName {
    Minute,
    Hour,
    Day,
}

impl From<Step> for StepName {
    fn from(step: Step) -> Self {
        match step {
            Step::Minute => Self::Minute,
            Step::Hour => Self::Hour,
            Step::Day => Self::Day,
        }
    }
}

/// A row of the released table **volumes**: posts and distinct authors of a closed window, or `suppressed` in their place
/// where the subject was asked for by name and is held back (it may be zero or anything below k). The gate's crate writes
/// it; this describes it.
#[derive(Debug, ToSchema)]
#[schema(as = VolumeRow)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct VolumeRowSchema {
    /// First moment of the window, inclusive.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    step: StepName,
    /// One dimension and its value: `{"watch":"river-floods"}`.
    by: BTreeMap<String, String>,
    /// Posts in the window.
    #[schema(required = false, nullable = false, value_type = u64)]
    posts: Option<u64>,
    /// Distinct authors among persons in the window.
    #[schema(required = false, nullable = false, value_type = u64)]
    authors: Option<u64>,
    /// `true` where the two numbers are held back.
    #[schema(required = false, nullable = false, value_type = bool)]
    suppressed: Option<bool>,
}

/// A page of rows.
#[derive(Serialize, ToSchema)]
#[schema(as = VolumePage)]
pub(crate) struct VolumePage {
    /// By (start, value).
    #[schema(value_type = Vec<VolumeRowSchema>)]
    items: Vec<Released<VolumeRow>>,
    /// Give it back as `cursor` to go on; null at the end.
    next: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl VolumePage {
    pub(crate) fn new(items: Vec<Released<VolumeRow>>, next: Option<String>, notice: Option<&'static str>) -> Self {
        Self { items, next, notice }
    }
}

/// Where a narrative is in its life.
#[derive(Debug, ToSchema)]
#[schema(as = NarrativeState, rename_all = "lowercase")]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) enum NarrativeStateName {
    /// New.
    Emerging,
    /// More posts than before.
    Growing,
    /// About as many.
    Steady,
    /// Fewer.
    Fading,
    /// None for long.
    Dormant,
    /// Part of another one.
    Merged,
}

/// A word of a narrative.
#[derive(Debug, ToSchema)]
#[schema(as = WeightedTerm)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct WeightedTermSchema {
    term: String,
    /// How far it sets the narrative apart, 0 to 1.
    weight: f64,
}

/// A stretch of whole minutes in which at least k authors carried a narrative.
#[derive(Debug, ToSchema)]
#[schema(as = NarrativeBucket)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct NarrativeBucketSchema {
    /// Inclusive.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: String,
    posts: u64,
}

/// A row of the released table **narratives**. The gate's crate writes it; this describes it.
#[derive(Debug, ToSchema)]
#[schema(as = Narrative)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct NarrativeSchema {
    /// Never changes and is never used again.
    id: String,
    state: NarrativeStateName,
    /// Start of its first bucket.
    #[schema(value_type = String, format = DateTime)]
    first_seen: String,
    /// End of its last bucket.
    #[schema(value_type = String, format = DateTime)]
    last_seen: String,
    /// Everything before this was looked at.
    #[schema(value_type = String, format = DateTime)]
    as_of: String,
    /// The few words that set it apart; empty where none may be said.
    label: String,
    /// Words that set it apart, heaviest first.
    terms: Vec<WeightedTermSchema>,
    /// Words that stand together.
    phrases: Vec<String>,
    /// Hashtags without `#`.
    hashtags: Vec<String>,
    /// Registrable domains of links.
    domains: Vec<String>,
    /// Share of posts by language, to whole percents.
    languages: BTreeMap<String, f64>,
    /// Posts in its buckets.
    posts: u64,
    /// Distinct authors when its last bucket ended.
    authors: u64,
    /// Posts a minute now, divided by those of the time before.
    growth: f64,
    /// Between these two it lies most likely (95 %).
    growth_interval: Vec<f64>,
    timeline: Vec<NarrativeBucketSchema>,
    /// Narratives that became part of it, or of which it was a part.
    parents: Vec<String>,
    /// The one of which it became a part.
    merged_into: Option<String>,
    /// Others that are like it.
    related: Vec<String>,
}

/// A page of narratives.
#[derive(Serialize, ToSchema)]
#[schema(as = NarrativePage)]
pub(crate) struct NarrativePage {
    /// By `last_seen`, latest first.
    #[schema(value_type = Vec<NarrativeSchema>)]
    items: Vec<Released<NarrativeRow>>,
    /// Give it back as `cursor` to go on; null at the end.
    next: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl NarrativePage {
    pub(crate) fn new(items: Vec<Released<NarrativeRow>>, next: Option<String>, notice: Option<&'static str>) -> Self {
        Self { items, next, notice }
    }
}

/// A row of the released table **amplifications**. The gate's crate writes it; this describes it.
#[derive(Debug, ToSchema)]
#[schema(as = Amplification)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct AmplificationSchema {
    /// Never changes and is never used again.
    id: String,
    /// Start of its first bucket.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    /// End of its last bucket.
    #[schema(value_type = String, format = DateTime)]
    end: String,
    /// Everything before this was looked at.
    #[schema(value_type = String, format = DateTime)]
    as_of: String,
    /// What was amplified: `text`, or, in texts that differ, a `link` or `hashtag`.
    object: String,
    /// What k authors wrote, word by word; `…` stands for words that differ, `⟨name⟩` for what looks like a person's name. Of a
    /// hashtag the hashtag with its sign; of a link the link, with `…` for its path where that may hold a name.
    shared_text: String,
    /// Copies in its buckets; reposts are none.
    posts: u64,
    /// Distinct authors when its last bucket ended.
    authors: u64,
    /// Copies an author.
    copies_per_author: f64,
    /// Registrable domains that copies link to.
    domains: Vec<String>,
    /// Share of copies by language, to whole percents.
    languages: BTreeMap<String, f64>,
    timeline: Vec<NarrativeBucketSchema>,
    /// How many standard deviations the copies of the densest stretch stand above what chance would bring.
    synchrony: f64,
    /// Share of its authors that carry other amplifications too; null where that are fewer than k.
    family_overlap: Option<f64>,
    /// Posts passed on by the platform's own button; null where they rest on fewer than k authors.
    reposts: Option<u64>,
    /// Of a link or hashtag: how many a day would look so by chance, or of what spreads by itself; null of a text.
    q: Option<f64>,
}

/// A page of amplifications.
#[derive(Serialize, ToSchema)]
#[schema(as = AmplificationPage)]
pub(crate) struct AmplificationPage {
    /// By `end`, latest first.
    #[schema(value_type = Vec<AmplificationSchema>)]
    items: Vec<Released<AmplificationRow>>,
    /// Give it back as `cursor` to go on; null at the end.
    next: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl AmplificationPage {
    pub(crate) fn new(
        items: Vec<Released<AmplificationRow>>,
        next: Option<String>,
        notice: Option<&'static str>,
    ) -> Self {
        Self { items, next, notice }
    }
}

/// What can happen to a narrative.
#[derive(Debug, ToSchema)]
#[schema(as = NarrativeEventKind, rename_all = "lowercase")]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) enum NarrativeEventKindName {
    /// It got its id.
    Birth,
    /// It became part of another one.
    Merge,
    /// It came out of another one.
    Split,
    /// It went silent.
    End,
}

/// What happened to a narrative, and why.
#[derive(Debug, ToSchema)]
#[schema(as = NarrativeEvent)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct NarrativeEventSchema {
    /// The end of the minute in which it was found.
    #[schema(value_type = String, format = DateTime)]
    time: String,
    event: NarrativeEventKindName,
    /// To which narrative.
    id: String,
    /// Which others were part of it.
    others: Vec<String>,
    /// In words and numbers.
    reason: String,
    /// Distinct authors of the narrative.
    authors: u64,
}

/// A page of the narratives' event log.
#[derive(Serialize, ToSchema)]
#[schema(as = NarrativeEventPage)]
pub(crate) struct NarrativeEventPage {
    /// By time.
    #[schema(value_type = Vec<NarrativeEventSchema>)]
    items: Vec<Released<NarrativeEvent>>,
    /// Give it back as `cursor` to go on; null at the end.
    next: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl NarrativeEventPage {
    pub(crate) fn new(
        items: Vec<Released<NarrativeEvent>>,
        next: Option<String>,
        notice: Option<&'static str>,
    ) -> Self {
        Self { items, next, notice }
    }
}

/// What a burst is of.
#[derive(Debug, ToSchema)]
#[schema(as = BurstSubject)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct BurstSubjectSchema {
    /// `term`, `hashtag`, `phrase`, `domain`, `watch`, `narrative`, `language` or `total`.
    r#type: String,
    value: String,
}

/// What `expected` rests on.
#[derive(Debug, ToSchema)]
#[schema(as = BurstBaseline)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct BurstBaselineSchema {
    /// `seasonal`, `recent` or `new`.
    method: String,
    /// Windows of two hours.
    windows: u32,
}

/// From and to.
#[derive(Debug, ToSchema)]
#[schema(as = BurstWindow)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct BurstWindowSchema {
    /// Inclusive.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: String,
}

/// A row of the released table **bursts**. The gate's crate writes it; this describes it.
#[derive(Debug, ToSchema)]
#[schema(as = Burst)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct BurstSchema {
    id: String,
    subject: BurstSubjectSchema,
    /// Where it began to rise.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    /// Its busiest stretch.
    #[schema(value_type = String, format = DateTime)]
    peak: String,
    /// Where it was over; null while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    end: Option<String>,
    /// Posts in the window of the peak.
    observed: u64,
    /// Posts that were to be expected there; rests on k posts at least, to two digits.
    expected: f64,
    /// In 95 of 100 such windows there would be so many.
    interval: Vec<f64>,
    baseline: BurstBaselineSchema,
    /// Observed by expected.
    score: f64,
    /// False alerts a day that come with alerts as unlikely as this.
    q: f64,
    /// Distinct authors in the window of the peak, or fewer.
    authors: u64,
    /// Share of what should have been listened to that was.
    coverage: f64,
    /// The length of that window: `minutes`, `hour` or `day`.
    scale: String,
    window: BurstWindowSchema,
    /// Everything before this had been looked at when it was first told of.
    #[schema(value_type = String, format = DateTime)]
    detected_at: String,
    /// Everything before this was looked at.
    #[schema(value_type = String, format = DateTime)]
    as_of: String,
    /// Other subjects of the same burst.
    related: Vec<BurstSubjectSchema>,
}

/// A page of bursts.
#[derive(Serialize, ToSchema)]
#[schema(as = BurstPage)]
pub(crate) struct BurstPage {
    /// By `start`, latest first.
    #[schema(value_type = Vec<BurstSchema>)]
    items: Vec<Released<BurstRow>>,
    /// Give it back as `cursor` to go on; null at the end.
    next: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl BurstPage {
    pub(crate) fn new(items: Vec<Released<BurstRow>>, next: Option<String>, notice: Option<&'static str>) -> Self {
        Self { items, next, notice }
    }
}

/// A closed window.
#[derive(Serialize, ToSchema)]
#[schema(as = TopWindow)]
pub(crate) struct TopWindow {
    /// Inclusive.
    #[schema(value_type = String, format = DateTime)]
    start: Rfc3339,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Rfc3339,
    step: StepName,
}

/// The window before.
#[derive(Serialize, ToSchema)]
#[schema(as = TopPrevious)]
pub(crate) struct TopPrevious {
    /// Its posts.
    posts: u64,
}

/// A value with its numbers.
#[derive(Serialize, ToSchema)]
#[schema(as = TopItem)]
pub(crate) struct TopItem {
    value: String,
    /// Of an emoji: what it is called in English, by Unicode CLDR.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, value_type = String)]
    name: Option<&'static str>,
    /// Posts in the window.
    posts: u64,
    /// Distinct authors among persons in the window.
    authors: u64,
    /// The window before; null where it was held back, or nothing.
    previous: Option<TopPrevious>,
    /// Posts in the window divided by posts in the one before: 2.5 is two and a half times as many.
    change: Option<f64>,
    /// Posts in the last 30 windows, oldest first, the last being this one; null where held back, or nothing.
    spark: Vec<Option<u64>>,
}

/// The values with the most posts in one window.
#[derive(Serialize, ToSchema)]
#[schema(as = TopAnswer)]
pub(crate) struct TopAnswer {
    /// The window; null where none has closed there yet.
    window: Option<TopWindow>,
    /// Most posts first.
    items: Vec<TopItem>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl TopAnswer {
    pub(crate) fn empty(notice: Option<&'static str>) -> Self {
        Self { window: None, items: Vec::new(), notice }
    }

    /// From the rows of one window and the rows of these values in the windows before and in it.
    pub(crate) fn new(
        window: Window,
        rows: &[Released<VolumeRow>],
        history: &[Released<VolumeRow>],
        notice: Option<&'static str>,
    ) -> Self {
        let sparks = Sparks::new(window, history);
        let item = |row: &Released<VolumeRow>| {
            let figures = row.figures?;
            let spark = sparks.of(&row.value);
            let previous = spark[SPARK_WINDOWS - 2];
            Some(TopItem {
                value: row.value.clone(),
                name: emoji_name(&row.value).filter(|_| row.dimension == Dimension::Term),
                posts: figures.posts,
                authors: figures.authors,
                previous: previous.map(|posts| TopPrevious { posts }),
                change: previous.filter(|posts| *posts > 0).map(|before| figures.posts as f64 / before as f64),
                spark,
            })
        };
        Self {
            window: Some(TopWindow { start: window.start_text(), end: window.end_text(), step: window.step.into() }),
            items: rows.iter().filter_map(item).collect(),
            notice,
        }
    }
}

/// Posts of values over the last windows.
struct Sparks<'a> {
    last: Window,
    by_value: BTreeMap<&'a str, Vec<Option<u64>>>,
}

impl<'a> Sparks<'a> {
    fn new(last: Window, rows: &'a [Released<VolumeRow>]) -> Self {
        let mut by_value: BTreeMap<&str, Vec<Option<u64>>> = BTreeMap::new();
        for row in rows {
            let back = (last.start - row.window.start) / last.step.seconds();
            if row.window.step == last.step && (0..SPARK_WINDOWS as i64).contains(&back) {
                let spark = by_value.entry(&row.value).or_insert_with(|| vec![None; SPARK_WINDOWS]);
                spark[SPARK_WINDOWS - 1 - back as usize] = row.figures.map(|figures| figures.posts);
            }
        }
        Self { last, by_value }
    }

    fn of(&self, value: &str) -> Vec<Option<u64>> {
        debug_assert_eq!(self.last.start.rem_euclid(self.last.step.seconds()), 0);
        self.by_value.get(value).cloned().unwrap_or_else(|| vec![None; SPARK_WINDOWS])
    }
}

/// First second of the windows that a sparkline ending with this one shows.
pub(crate) const fn spark_from(last: Window) -> i64 {
    last.start - (SPARK_WINDOWS as i64 - 1) * last.step.seconds()
}

/// Why there is a watch.
#[derive(Serialize, ToSchema)]
#[schema(as = Purpose)]
pub(crate) struct Purpose {
    category: String,
    sentence: String,
}

/// A watch: its terms, which everyone can read, and its numbers.
#[derive(Serialize, ToSchema)]
#[schema(as = Watch)]
pub(crate) struct Watch {
    name: String,
    /// The query as written.
    query: String,
    /// The query as it is understood, in parentheses.
    reading: String,
    purpose: Purpose,
    created: String,
    sunset: String,
    /// `active` or `ended`.
    state: String,
    /// Posts in the last 30 windows, oldest first; null where held back.
    spark: Vec<Option<u64>>,
    /// Its row in the window that closed last; null where it was not asked for.
    #[schema(value_type = Option<VolumeRowSchema>)]
    latest: Option<Released<VolumeRow>>,
}

/// The register of watches.
#[derive(Serialize, ToSchema)]
#[schema(as = WatchList)]
pub(crate) struct WatchList {
    /// By name.
    items: Vec<Watch>,
    /// Give it back as `cursor` to go on; null at the end.
    next: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl WatchList {
    /// From the register, the rows of the window that closed last, and the rows of the windows before.
    pub(crate) fn new(
        watches: &[Released<WatchEntry>],
        last: Option<Window>,
        latest: Vec<Released<VolumeRow>>,
        history: &[Released<VolumeRow>],
        next: Option<String>,
        notice: Option<&'static str>,
    ) -> Self {
        let sparks = last.map(|window| Sparks::new(window, history));
        let mut latest: BTreeMap<String, Released<VolumeRow>> =
            latest.into_iter().map(|row| (row.value.clone(), row)).collect();
        let items = watches
            .iter()
            .map(|watch| Watch {
                name: watch.name.clone(),
                query: watch.query.clone(),
                reading: watch.parenthesised.clone(),
                purpose: Purpose { category: watch.category.clone(), sentence: watch.sentence.clone() },
                created: watch.created.clone(),
                sunset: watch.sunset.clone(),
                state: watch.state.clone(),
                spark: sparks.as_ref().map_or_else(|| vec![None; SPARK_WINDOWS], |sparks| sparks.of(&watch.name)),
                latest: latest.remove(&watch.name),
            })
            .collect();
        Self { items, next, notice }
    }
}

/// How a source stands.
#[derive(Debug, ToSchema)]
#[schema(as = SourceState)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct SourceStateSchema {
    name: String,
    /// `jetstream`, `file`, `simulator`, …
    kind: String,
    state: SourceStateName,
    /// What an operator should know.
    detail: Option<String>,
    /// Posts read: rounded down to a multiple of k, and moved on whole minutes in which k people have written since it moved last.
    posts: u64,
    /// Records that could not be read, rounded down to a multiple of k.
    rejected: u64,
    /// Connections made anew.
    reconnects: u64,
    /// The newest event time when `posts` moved last, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_event: Option<String>,
    /// How much `posts` moved in the last minute, a second.
    rate: f64,
    /// How far `last_event` is behind the clock, in seconds, both to the minute.
    lag_seconds: Option<u64>,
    /// What last went wrong; stays when it is over.
    last_error: Option<String>,
    /// What to do about what is wrong now.
    advice: Option<String>,
}

/// The states of a source.
#[derive(Debug, ToSchema)]
#[schema(as = SourceStateName, rename_all = "lowercase")]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) enum SourceStateName {
    /// The first connection is being made.
    Connecting,
    /// Posts come.
    Live,
    /// Connected, but fewer than k people wrote in ten minutes, or nobody.
    Idle,
    /// The connection was lost; it is tried again.
    Retrying,
    /// Files are being read.
    Reading,
    /// All was read to the end.
    Done,
    /// Some of it was given up.
    Failed,
    /// Told to stop.
    Stopped,
}

/// All sources.
#[derive(Serialize, ToSchema)]
#[schema(as = SourceList)]
pub(crate) struct SourceList {
    #[schema(value_type = Vec<SourceStateSchema>)]
    items: Vec<Released<SourceStatus>>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl SourceList {
    pub(crate) fn new(items: Vec<Released<SourceStatus>>, notice: Option<&'static str>) -> Self {
        Self { items, notice }
    }
}

/// What the coverage ledger says of a source in a window.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CoverageStateName)]
pub(crate) enum CoverageStateName {
    /// All its connections stood all the time, or what was missed was delivered after all.
    Covered,
    /// Some connections, or some of the time; or part of the window is not known.
    Partly,
    /// No connection at any time: silence here says nothing.
    Gap,
}

impl From<CoverageState> for CoverageStateName {
    fn from(state: CoverageState) -> Self {
        match state {
            CoverageState::Covered => Self::Covered,
            CoverageState::Partly => Self::Partly,
            CoverageState::Gap => Self::Gap,
        }
    }
}

/// One source in one window of wall time.
#[derive(Serialize, ToSchema)]
#[schema(as = CoverageItem)]
pub(crate) struct CoverageItem {
    source: String,
    #[schema(value_type = String, format = DateTime)]
    start: Rfc3339,
    step: StepName,
    state: CoverageStateName,
    /// Seconds in which no connection stood, and that were not made up for.
    blind_seconds: u64,
    /// Posts seen, as released by source in the window of event time with the same start.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, value_type = u64)]
    posts: Option<u64>,
    /// `true` where the posts are held back, or none. Neither this nor `posts` stands where the window has not closed, or is no
    /// longer kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, value_type = bool)]
    suppressed: Option<bool>,
    /// Records that could not be read, rounded down to a multiple of k: 0 is fewer than k.
    rejected: u64,
    /// Posts that came too late, rounded down to a multiple of k: 0 is fewer than k.
    late: u64,
    /// Posts that were left out because the workers did not keep up, rounded down to a multiple of k: 0 is fewer than k.
    thinned: u64,
}

impl CoverageItem {
    /// From the ledger, the released volumes by source, and the first and the last closed window.
    pub(crate) fn all(
        items: &[Released<Coverage>],
        volumes: &[Released<VolumeRow>],
        closed: Option<(Window, Window)>,
    ) -> Vec<Self> {
        let mut posts: BTreeMap<(&str, i64), u64> = BTreeMap::new();
        for row in volumes {
            if let Some(figures) = row.figures {
                posts.insert((&row.value, row.window.start), figures.posts);
            }
        }
        let item = |item: &Released<Coverage>| {
            let start = item.start.unix();
            let posts = posts.get(&(item.source.as_str(), start)).copied();
            let closed = closed.is_some_and(|(first, last)| (first.start..=last.start).contains(&start));
            Self {
                source: item.source.clone(),
                start: Rfc3339(start),
                step: item.step.into(),
                state: item.state.into(),
                blind_seconds: item.blind_seconds,
                posts,
                suppressed: (posts.is_none() && closed).then_some(true),
                rejected: item.rejected.get(),
                late: item.late.get(),
                thinned: item.thinned.get(),
            }
        };
        items.iter().map(item).collect()
    }
}

/// A stretch of wall time in which a connection of a source did not stand, to the minute, rounded outwards.
#[derive(Debug, ToSchema)]
#[schema(as = CoverageGap)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct CoverageGapSchema {
    source: String,
    /// Which of its connections.
    part: String,
    /// The minute in which something was last heard.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    /// The end of the minute in which the next connection stood; null while the gap is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    end: Option<String>,
    /// How long it was; null while it is open.
    seconds: Option<u64>,
    /// What began it: `not-running`, `refused`, `silent`, …
    cause: String,
    /// The same in a phrase.
    phrase: String,
    /// Everything was delivered after all.
    recovered: bool,
}

/// The coverage ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = CoverageAnswer)]
pub(crate) struct CoverageAnswer {
    /// By (start, source).
    items: Vec<CoverageItem>,
    /// Newest first.
    #[schema(value_type = Vec<CoverageGapSchema>)]
    gaps: Vec<Released<CoverageGap>>,
    /// Give it back as `cursor` to go on; null at the end.
    next: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl CoverageAnswer {
    pub(crate) fn new(
        items: Vec<CoverageItem>,
        gaps: Vec<Released<CoverageGap>>,
        next: Option<String>,
        notice: Option<&'static str>,
    ) -> Self {
        Self { items, gaps, next, notice }
    }
}

/// Records by what became of them; `read` is the sum. Counts of records, not of people, rounded down to multiples of k, as of the
/// last whole minute in which k people had written. Further counters of the engine stand beside these.
#[derive(Serialize, ToSchema)]
#[schema(as = Counters)]
pub(crate) struct Counters {
    read: u64,
    /// Went past the edge.
    accepted: u64,
    /// Could not be read.
    rejected: u64,
    /// Came after their window had closed.
    late: u64,
    /// Dropped because author or platform asked for it.
    opted_out: u64,
    /// Deletions.
    deleted: u64,
    /// Delivered before.
    repeated: u64,
    /// Left out of live sources because the workers did not keep up.
    thinned: u64,
    #[serde(flatten)]
    more: BTreeMap<String, u64>,
}

/// Event time of the windows that have closed.
#[derive(Serialize, ToSchema)]
#[schema(as = EventTimes)]
pub(crate) struct EventTimes {
    /// Start of the first.
    #[schema(value_type = Option<String>, format = DateTime)]
    first: Option<Rfc3339>,
    /// End of the last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last: Option<Rfc3339>,
}

/// The running engine.
#[derive(Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct Status {
    version: String,
    /// Whether data are made up.
    simulated: bool,
    /// Distinct authors that a thing must rest on before it is shown.
    k: u64,
    /// Worker threads of the cluster.
    workers: u64,
    /// Event time before which everything is closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    watermark: Option<Rfc3339>,
    counters: Counters,
    event_time: EventTimes,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

/// What this installation runs with.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
pub(crate) struct SettingsAnswer {
    /// Version of the program.
    version: String,
    /// SHA-256 of the program's file, as `sha256sum` prints it; `unknown` where it cannot be read.
    build: String,
    /// SHA-256 of all settings, as the audit log has it under `settings_in_force`.
    hash: String,
    /// Distinct authors that a thing must rest on before it is shown.
    k: u64,
    /// Below this k cannot be set.
    k_floor: u64,
    /// How far a released count may be off; 0 where made-up data are shown as they are.
    perturbation: u64,
    /// Detectors by name, and whether they run.
    detectors: BTreeMap<String, bool>,
    /// False alerts a day up to which detections are told at all: no feed can have a larger budget.
    false_alerts_a_day_max: f64,
    /// Days of event time that minute rows are kept; null: for ever, as hours and days are.
    minutes_kept_days: Option<u32>,
    /// Days of event time that detections are kept, but for those that are pinned; null: for ever.
    detections_kept_days: Option<u32>,
    /// Days that a watch runs unless its maker says otherwise.
    watch_days: u32,
    /// Days that a watch runs at most.
    watch_days_max: u32,
    /// Whether scrubbed text is held for a day or two, so that a query can be tried before it becomes a watch.
    explore_index: bool,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl SettingsAnswer {
    pub(crate) fn new(settings: &Released<EngineSettings>, notice: Option<&'static str>) -> Self {
        Self {
            version: settings.version.clone(),
            build: settings.build.clone(),
            hash: settings.hash.clone(),
            k: settings.k,
            k_floor: settings.k_floor,
            perturbation: settings.perturbation,
            detectors: settings.detectors.clone(),
            false_alerts_a_day_max: settings.false_alerts_a_day_max,
            minutes_kept_days: settings.minutes_kept_days,
            detections_kept_days: settings.detections_kept_days,
            watch_days: settings.watch_days,
            watch_days_max: settings.watch_days_max,
            explore_index: settings.explore_index,
            notice,
        }
    }
}

impl Status {
    pub(crate) fn new(
        engine: &Released<EngineStatus>,
        closed: Option<(i64, i64)>,
        simulated: bool,
        notice: Option<&'static str>,
    ) -> Self {
        let count = |name: &str| engine.counters.get(name).map_or(0, |count| count.get());
        let read = engine.counters.get("read").map(|count| count.get());
        Self {
            version: engine.version.clone(),
            simulated,
            k: engine.k,
            workers: engine.workers as u64,
            watermark: engine.watermark.map(|minute| Rfc3339(minute.unix())),
            counters: Counters {
                read: read.unwrap_or_else(|| RECORD_STATES.iter().map(|name| count(name)).sum()),
                accepted: count("accepted"),
                rejected: count("rejected"),
                late: count("late"),
                opted_out: count("opted_out"),
                deleted: count("deleted"),
                repeated: count("repeated"),
                thinned: count("thinned"),
                more: engine
                    .counters
                    .iter()
                    .filter(|(name, _)| *name != "read" && !RECORD_STATES.contains(&name.as_str()))
                    .map(|(name, count)| (name.clone(), count.get()))
                    .collect(),
            },
            event_time: EventTimes {
                first: closed.map(|(first, _)| Rfc3339(first)),
                last: closed.map(|(_, last)| Rfc3339(last)),
            },
            notice,
        }
    }
}

// What is written as it is must have passed the gate.
const _: () = {
    const fn outward<T: Outward + ?Sized>() {}
    outward::<[Released<VolumeRow>]>();
    outward::<[Released<SourceStatus>]>();
    outward::<[Released<NarrativeRow>]>();
    outward::<[Released<NarrativeEvent>]>();
    outward::<[Released<BurstRow>]>();
    outward::<[Released<CoverageGap>]>();
    outward::<[Released<AmplificationRow>]>();
};

/// Whether a dimension can be ranked by value.
pub(crate) const fn is_ranked(dimension: Dimension) -> bool {
    !matches!(dimension, Dimension::Total)
}

/// A line of a pushed batch that could not be read.
#[derive(Serialize, ToSchema)]
#[schema(as = IngestRejection)]
pub(crate) struct IngestBadLine {
    /// From 1.
    line: u64,
    /// The part that was bad; `record` is the line as a whole.
    #[schema(value_type = String, example = "text")]
    field: &'static str,
    /// What was wrong with it.
    #[schema(value_type = String, example = "missing")]
    error: &'static str,
}

/// What became of a pushed batch. It goes to its sender alone and says nothing but what follows from the batch itself.
#[derive(Serialize, ToSchema)]
#[schema(as = IngestAnswer)]
pub(crate) struct IngestAnswer {
    /// Records, good and bad; empty lines are none.
    lines: u64,
    /// Good ones. What the edge finds about them later (late, repeated, opted out) is not known yet.
    accepted: u64,
    /// The first 100 bad ones.
    rejected: Vec<IngestBadLine>,
    /// Bad ones.
    rejected_total: u64,
    /// The batch was taken before, by its key; nothing of it is counted now, nor read.
    repeated: bool,
    /// A crash can no longer take it. If false, send it again after a crash, with the same key.
    durable: bool,
    /// `SIMULATED DATA` where what the page shows is made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, nullable = false)]
    notice: Option<&'static str>,
}

impl IngestAnswer {
    pub(crate) fn new(receipt: &IngestReceipt, durable: bool, notice: Option<&'static str>) -> Self {
        let line = |bad: &crate::IngestRejection| IngestBadLine { line: bad.line, field: bad.field, error: bad.error };
        Self {
            lines: receipt.lines,
            accepted: receipt.accepted,
            rejected: receipt.shown.iter().map(line).collect(),
            rejected_total: receipt.rejected,
            repeated: receipt.repeated,
            durable,
            notice,
        }
    }
}

/// Who reads.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionAnswer {
    /// Whether this service asks who reads it.
    pub(crate) authentication: bool,
    /// The account, or `token/` and the API token's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// `viewer`, `editor`, `admin` or `auditor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    /// What a request of this session that changes something sends as `X-Groundswell-CSRF`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) csrf: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notice: Option<String>,
}
