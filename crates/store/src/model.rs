//! What goes in and what comes out, independent of the database.

use std::future::Future;

use groundswell_gate::{
    AmplificationRow, BurstRow, BurstType, Coverage, CoverageGap, DetectionKind, DetectionRow, Dimension, FeedEntry,
    FeedMarks, NarrativeEvent, NarrativeRow, NarrativeState, Released, Severity, SubjectType, ToneRow, VolumeRow,
};
use groundswell_sketch::{Step, Window};

use crate::{CoverageBatch, CoverageQuery, Entered, FeedItem, FeedSelection, LedgerEnd, ReadError, Trial, WriteError};

/// BLAKE3 of a file's content. The store keeps this and never a name.
pub type Fingerprint = [u8; 32];

/// A file that was read to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// What it held.
    pub fingerprint: Fingerprint,
    /// How long it was.
    pub bytes: u64,
    /// When its end was reached, Unix seconds.
    pub finished_at: i64,
}

/// What is committed at once: all of it or nothing.
#[derive(Debug, Default)]
pub struct ReleaseBatch {
    /// Windows that closed, also those without rows.
    pub windows: Vec<Window>,
    /// Rows of those windows.
    pub rows: Vec<Released<VolumeRow>>,
    /// How watches' posts sound in hours among those windows.
    pub tones: Vec<Released<ToneRow>>,
    /// Narratives that have changed.
    pub narratives: Vec<Released<NarrativeRow>>,
    /// What happened to narratives.
    pub narrative_events: Vec<Released<NarrativeEvent>>,
    /// Bursts that began, changed or ended.
    pub bursts: Vec<Released<BurstRow>>,
    /// Amplifications that are new or have changed.
    pub amplifications: Vec<Released<AmplificationRow>>,
    /// What was found in them.
    pub detections: Vec<Released<DetectionRow>>,
    /// The installation's clock, Unix seconds: since when detections wait to be delivered.
    pub now: i64,
    /// Whether what is found goes to the receivers of feeds: it does in a service, and not where old files are read.
    pub deliver: bool,
    /// Files whose end was reached with these windows.
    pub files: Vec<FileRead>,
}

/// What became of a batch's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that stood there already with the same numbers.
    pub unchanged: u64,
    /// Rows that stood there already with other numbers: what was released first stays.
    pub conflicting: u64,
    /// Detections that are new.
    pub detections: u64,
    /// Deliveries that wait since.
    pub deliveries: u64,
}

/// How long things are kept, in days of event time; [`Retention::FOR_EVER`] drops nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Minute rows of volumes; hours and days stay.
    pub minutes_days: u32,
    /// Detections that are pinned in no feed and wait for no receiver.
    pub detections_days: u32,
}

impl Retention {
    /// Nothing is dropped.
    pub const FOR_EVER: Self = Self { minutes_days: u32::MAX, detections_days: u32::MAX };
}

/// What was dropped since it was too old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Minute rows.
    pub minutes: u64,
    /// Detections.
    pub detections: u64,
}

impl Committed {
    pub(crate) fn add(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.unchanged += other.unchanged;
        self.conflicting += other.conflicting;
        self.detections += other.detections;
        self.deliveries += other.deliveries;
    }
}

/// Where a page ends: the next one begins after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Start of the last row's window.
    pub start: i64,
    /// Value of the last row.
    pub value: String,
}

/// Which rows of the table **volumes**.
#[derive(Clone, Debug)]
pub struct VolumeQuery {
    /// What they are counted by.
    pub dimension: Dimension,
    /// The length of their windows.
    pub step: Step,
    /// First second, inclusive.
    pub from: Option<i64>,
    /// Last second, exclusive: of windows that *start* before it.
    pub to: Option<i64>,
    /// This value alone.
    pub value: Option<String>,
    /// Only what stands after it.
    pub after: Option<Cursor>,
    /// At most so many rows, and at most [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

impl VolumeQuery {
    /// All rows by a dimension, from the beginning, in pages of 1,000.
    pub fn new(dimension: Dimension, step: Step) -> Self {
        Self { dimension, step, from: None, to: None, value: None, after: None, limit: 1_000 }
    }
}

/// Which rows of the table **tone**.
#[derive(Clone, Debug)]
pub struct ToneQuery {
    /// Of this watch alone.
    pub watch: Option<String>,
    /// First second, inclusive.
    pub from: Option<i64>,
    /// Last second, exclusive: of hours that *start* before it.
    pub to: Option<i64>,
    /// Only what stands after it.
    pub after: Option<Cursor>,
    /// At most so many rows, and at most [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

/// Which narratives.
#[derive(Clone, Debug)]
pub struct NarrativeQuery {
    /// This one alone.
    pub id: Option<String>,
    /// Seen after this second.
    pub from: Option<i64>,
    /// First seen before this second.
    pub to: Option<i64>,
    /// In this state.
    pub state: Option<NarrativeState>,
    /// Only what stands after it. Narratives go on while pages are read: one that is seen again moves to the front.
    pub after: Option<Cursor>,
    /// At most so many, and at most [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

/// Which entries of the narratives' event log.
#[derive(Clone, Debug)]
pub struct NarrativeEventQuery {
    /// First second, inclusive.
    pub from: Option<i64>,
    /// Last second, exclusive.
    pub to: Option<i64>,
    /// Of this narrative alone.
    pub id: Option<String>,
    /// Only what stands after it.
    pub after: Option<Cursor>,
    /// At most so many, and at most [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

/// Which bursts.
#[derive(Clone, Debug)]
pub struct BurstQuery {
    /// This one alone.
    pub id: Option<String>,
    /// Not over before this second.
    pub from: Option<i64>,
    /// Begun before this second.
    pub to: Option<i64>,
    /// Of subjects of this kind.
    pub kind: Option<BurstType>,
    /// Of this subject alone.
    pub value: Option<String>,
    /// With so many false alerts a day, at most.
    pub q: Option<f64>,
    /// Only what stands after it.
    pub after: Option<Cursor>,
    /// At most so many, and at most [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

impl BurstQuery {
    /// All of them, in pages of 1,000.
    pub const fn all() -> Self {
        Self { id: None, from: None, to: None, kind: None, value: None, q: None, after: None, limit: 1_000 }
    }
}

/// Which amplifications.
#[derive(Clone, Debug)]
pub struct AmplificationQuery {
    /// This one alone.
    pub id: Option<String>,
    /// Carried after this second.
    pub from: Option<i64>,
    /// Begun before this second.
    pub to: Option<i64>,
    /// Only what stands after it.
    pub after: Option<Cursor>,
    /// At most so many, and at most [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

/// Which detections.
#[derive(Clone, Debug, Default)]
pub struct DetectionQuery {
    /// This one alone.
    pub id: Option<String>,
    /// Of this kind.
    pub kind: Option<DetectionKind>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// About this kind of thing.
    pub subject: Option<SubjectType>,
    /// About this one.
    pub value: Option<String>,
    /// In this feed.
    pub feed: Option<String>,
    /// Found from this second on.
    pub from: Option<i64>,
    /// Found before this second.
    pub to: Option<i64>,
    /// Only what stands after it.
    pub after: Option<Cursor>,
    /// At most so many, and at most [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

/// The most rows in one page, whatever was asked for. More is cut; the cursor says that there is more.
pub const PAGE_ROWS_MAX: usize = 10_000;

/// Some rows, and where to go on.
#[derive(Debug)]
pub struct Page<T> {
    /// The rows, by (start, value).
    pub items: Vec<T>,
    /// Where the next page begins; `None` if this was the last.
    pub next: Option<Cursor>,
}

/// Reads released tables: all that `serve` is given.
pub trait ReleasedReader: Send + Sync {
    /// A page of rows by (start, value).
    fn volumes(&self, query: &VolumeQuery)
    -> impl Future<Output = Result<Page<Released<VolumeRow>>, ReadError>> + Send;

    /// The values of one window with the most posts, most first, equals by value.
    fn top(
        &self,
        dimension: Dimension,
        window: Window,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Released<VolumeRow>>, ReadError>> + Send;

    /// The rows with numbers of some values in windows that start in `from..to`, by (value, start).
    fn series(
        &self,
        dimension: Dimension,
        step: Step,
        values: &[String],
        from: i64,
        to: i64,
    ) -> impl Future<Output = Result<Vec<Released<VolumeRow>>, ReadError>> + Send;

    /// A page of how watches' posts sound, by (start, watch, language).
    fn tone(&self, query: &ToneQuery) -> impl Future<Output = Result<Page<Released<ToneRow>>, ReadError>> + Send;

    /// The closed window with the latest start.
    fn latest_window(&self, step: Step) -> impl Future<Output = Result<Option<Window>, ReadError>> + Send;

    /// Whether a window has closed.
    fn window_closed(&self, window: Window) -> impl Future<Output = Result<bool, ReadError>> + Send;

    /// A page of narratives, the one seen last first.
    fn narratives(
        &self,
        query: &NarrativeQuery,
    ) -> impl Future<Output = Result<Page<Released<NarrativeRow>>, ReadError>> + Send;

    /// A page of the narratives' event log by time.
    fn narrative_events(
        &self,
        query: &NarrativeEventQuery,
    ) -> impl Future<Output = Result<Page<Released<NarrativeEvent>>, ReadError>> + Send;

    /// A page of bursts, the latest begun first.
    fn bursts(&self, query: &BurstQuery) -> impl Future<Output = Result<Page<Released<BurstRow>>, ReadError>> + Send;

    /// A page of amplifications, the one carried last first.
    fn amplifications(
        &self,
        query: &AmplificationQuery,
    ) -> impl Future<Output = Result<Page<Released<AmplificationRow>>, ReadError>> + Send;

    /// A page of detections, the one found last first.
    fn detections(
        &self,
        query: &DetectionQuery,
    ) -> impl Future<Output = Result<Page<Released<DetectionRow>>, ReadError>> + Send;

    /// All feeds in force, by name.
    fn feeds(&self) -> impl Future<Output = Result<Vec<Released<FeedEntry>>, ReadError>> + Send;

    /// The newest detections of a feed, pinned ones first; `None`: there is no such feed.
    fn feed_newest(
        &self,
        feed: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Vec<FeedItem>>, ReadError>> + Send;

    /// How many detections there are, at most [`crate::DETECTIONS_COUNTED_MAX`], wherever a page begins. Those that a k which was raised
    /// since holds back do not count.
    fn detections_total(&self, query: &DetectionQuery) -> impl Future<Output = Result<u64, ReadError>> + Send;

    /// What came into a feed after a place, oldest first; of one feed, or of all that was told, in the order in which it was told first.
    fn detections_since(
        &self,
        feed: Option<&str>,
        place: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<FeedItem>, ReadError>> + Send;

    /// What came into any feed in force after a place, oldest first.
    fn entered_since(&self, place: u64, limit: usize) -> impl Future<Output = Result<Vec<Entered>, ReadError>> + Send;

    /// Where a detection stands in a feed.
    fn place_in_feed(&self, feed: &str, id: &str) -> impl Future<Output = Result<Option<u64>, ReadError>> + Send;

    /// The last place that was given away; 0: none was.
    fn last_place(&self) -> impl Future<Output = Result<u64, ReadError>> + Send;

    /// What the editors of a feed did with one of its detections; `None`: there is no such feed, or it has no such detection.
    fn feed_marks(
        &self,
        feed: &str,
        id: &str,
    ) -> impl Future<Output = Result<Option<Released<FeedMarks>>, ReadError>> + Send;

    /// What a feed of this selection would have told of what was detected in `from..to`, with the newest `newest` of it. Mutes do not
    /// count. At most [`crate::TRIAL_DETECTIONS_MAX`] detections of [`crate::TRIAL_DAYS_MAX`] days are looked at.
    fn feed_trial(
        &self,
        selection: &FeedSelection,
        from: Option<i64>,
        to: Option<i64>,
        newest: usize,
    ) -> impl Future<Output = Result<Trial, ReadError>> + Send;

    /// A page of the coverage ledger by (start, source): only windows of which at least a minute is over.
    fn coverage(
        &self,
        query: &CoverageQuery,
    ) -> impl Future<Output = Result<Page<Released<Coverage>>, ReadError>> + Send;

    /// The gaps that touch a stretch of wall time, newest first, at most [`crate::GAPS_ANSWER_MAX`]; of one source or all.
    fn gaps(
        &self,
        from: i64,
        to: i64,
        source: Option<&str>,
    ) -> impl Future<Output = Result<Vec<Released<CoverageGap>>, ReadError>> + Send;

    /// Whether the store answers.
    fn ping(&self) -> impl Future<Output = Result<(), ReadError>> + Send;
}

/// Writes what the gate released.
pub trait ReleaseWriter: Send {
    /// Commits a batch in one transaction. The same batch again changes nothing.
    fn commit(&mut self, batch: &ReleaseBatch) -> impl Future<Output = Result<Committed, WriteError>> + Send;

    /// The number of the checkpoint that belongs to what is released here.
    fn checkpoint(&mut self) -> impl Future<Output = Result<Option<u64>, WriteError>> + Send;

    /// Says which checkpoint belongs to what is released here, and brings it to the disk; `None`: none does.
    fn set_checkpoint(&mut self, number: Option<u64>) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// Remembers that files were read to the end, so that no checkpoint is needed to go on with them.
    fn finish_files(&mut self, files: &[FileRead]) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// Drops what is older than it is kept, counted from the latest minute.
    fn prune(&mut self, retention: &Retention) -> impl Future<Output = Result<Pruned, WriteError>> + Send;

    /// Begins a run of the ledger: gaps that earlier runs left open end where those runs ended. Gives back how far the ledger
    /// went, by source.
    fn resume_coverage(&mut self, run: i64) -> impl Future<Output = Result<Vec<LedgerEnd>, WriteError>> + Send;

    /// Writes into the ledger. The same again changes nothing; what is written later about a minute or a gap replaces what
    /// stood there, and counts of records only rise.
    fn record_coverage(&mut self, batch: &CoverageBatch) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// Drops what is older than [`crate::COVERAGE_DAYS`], and the oldest gaps over [`crate::COVERAGE_GAPS_MAX`].
    fn prune_coverage(&mut self, now: i64) -> impl Future<Output = Result<(), WriteError>> + Send;
}
