//! What the engine counts about records, never about people. Workers add to these once a block, not once a post.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use groundswell_detect::amplify::AmplifyCounters;
use groundswell_detect::anomaly::AnomalyCounters;
use groundswell_detect::burst::BurstCounters;
use groundswell_detect::narrative::NarrativeCounters;
use groundswell_detect::volume::VolumeCounters;
use groundswell_edge::{AuthorToken, EdgePost, EdgeStats};
use groundswell_gate::{AmplificationRow, AtLeast, Gate, K, Released, VolumeRow};
use groundswell_post::{EventTime, Kind, Rejection};
use serde::{Deserialize, Serialize};

use crate::told::{Now, People, Told, ToldSource};

/// Counts of records by what became of them. `read` is their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// Went past the edge.
    pub accepted: u64,
    /// Could not be read.
    pub rejected: u64,
    /// Came after their window had closed.
    pub late: u64,
    /// Dropped because the author or the platform asked for it.
    pub opted_out: u64,
    /// Deletions.
    pub deleted: u64,
    /// Delivered before.
    pub repeated: u64,
    /// Left out of a live source that brought more than the workers could take.
    pub thinned: u64,
}

impl Records {
    /// What becomes of records, by name (CONTRACT section 3).
    const NAMES: [&'static str; 7] = ["accepted", "rejected", "late", "opted_out", "deleted", "repeated", "thinned"];

    /// All records.
    pub fn read(&self) -> u64 {
        self.accepted + self.rejected + self.late + self.opted_out + self.deleted + self.repeated + self.thinned
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.late += other.late;
        self.opted_out += other.opted_out;
        self.deleted += other.deleted;
        self.repeated += other.repeated;
        self.thinned += other.thinned;
    }
}

/// All counters at one moment; what a process sends to process 0 of its cluster at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Records by what became of them.
    pub records: Records,
    /// Rejected records by `field: kind`.
    pub rejected_by: BTreeMap<String, u64>,
    /// Event time of the earliest and the latest accepted post, Unix seconds.
    pub event_time: Option<(i64, i64)>,
    /// Posts that a deletion reached while they were still buffered.
    pub forgotten: u64,
    /// Volume rows released with numbers.
    pub released: u64,
    /// Cells held back: absent, folded away or shown as suppressed.
    pub suppressed: u64,
    /// Texts that were read only up to a bound of `text`.
    pub texts_truncated: u64,
    /// Deletions that had to go for newer ones ([`crate::DELETIONS_MAX`]).
    pub deletions_left_out: u64,
    /// Counters of the edge's bounds.
    pub edge: EdgeStats,
    /// Counters of the volume detector's bounds.
    pub volume: VolumeCounters,
    /// Counters of the narrative detector, and of its bounds.
    pub narratives: NarrativeCounters,
    /// Narratives that were released.
    pub narratives_released: u64,
    /// Candidates of narratives that were held back, by the minute.
    pub narratives_suppressed: u64,
    /// Counters of the burst detector's bounds.
    pub bursts: BurstCounters,
    /// Bursts that were released.
    pub bursts_released: u64,
    /// Candidates of bursts that were held back, each time they had changed.
    pub bursts_suppressed: u64,
    /// Counters of the bounds of what looks for anomalies.
    pub anomalies: AnomalyCounters,
    /// Counters of the amplification detector, and of its bounds.
    pub copies: AmplifyCounters,
    /// Amplifications that were released.
    pub amplifications_released: u64,
    /// Candidates of amplifications that were held back, by the minute.
    pub amplifications_suppressed: u64,
}

impl Totals {
    /// Adds another process's counters.
    pub fn add(&mut self, other: &Self) {
        self.records.add(&other.records);
        for (key, count) in &other.rejected_by {
            *self.rejected_by.entry(key.clone()).or_default() += count;
        }
        self.event_time = match (self.event_time, other.event_time) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.forgotten += other.forgotten;
        self.released += other.released;
        self.suppressed += other.suppressed;
        self.texts_truncated += other.texts_truncated;
        self.deletions_left_out += other.deletions_left_out;
        self.edge.add(&other.edge);
        self.volume.add(&other.volume);
        self.narratives.add(&other.narratives);
        self.narratives_released += other.narratives_released;
        self.narratives_suppressed += other.narratives_suppressed;
        self.bursts.add(&other.bursts);
        self.bursts_released += other.bursts_released;
        self.bursts_suppressed += other.bursts_suppressed;
        self.anomalies.add(&other.anomalies);
        self.copies.add(&other.copies);
        self.amplifications_released += other.amplifications_released;
        self.amplifications_suppressed += other.amplifications_suppressed;
    }

    /// How often each bound was reached, by its name.
    pub fn limits(&self) -> BTreeMap<&'static str, u64> {
        let own = [("texts_truncated", self.texts_truncated), ("deletions_left_out", self.deletions_left_out)];
        own.into_iter()
            .chain(self.edge.named())
            .chain(self.volume.named())
            .chain(self.bursts.named())
            .chain(self.anomalies.named())
            .chain(self.narratives.limits())
            .chain(self.copies.limits())
            .collect()
    }
}

/// One source's counters.
#[derive(Debug, Default)]
pub struct SourceCounters {
    accepted: AtomicU64,
    /// Those of `accepted` that are publishers' items.
    published: AtomicU64,
    rejected: AtomicU64,
    late: AtomicU64,
    thinned: AtomicU64,
    newest: AtomicI64,
    newest_published: AtomicI64,
    pub(crate) told: Mutex<Told>,
}

impl SourceCounters {
    /// Posts of this source that went past the edge.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Records of this source that could not be read.
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// Posts of this source that came after their window had closed.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }

    /// Posts of this source that were left out because the workers did not keep up.
    pub fn thinned(&self) -> u64 {
        self.thinned.load(Ordering::Relaxed)
    }

    pub(crate) fn now(&self) -> Now {
        let time = |newest: &AtomicI64| match newest.load(Ordering::Relaxed) {
            0 => None,
            unix => Some(EventTime::from_unix(unix)),
        };
        let published = self.published.load(Ordering::Relaxed);
        Now {
            // Never below what is read of its part, which a worker may be adding to.
            accepted: self.accepted().max(published),
            published,
            rejected: self.rejected(),
            late: self.late(),
            thinned: self.thinned(),
            newest: time(&self.newest),
            newest_published: time(&self.newest_published),
        }
    }
}

/// Ids of amplifications that are remembered so that each is counted once. Beyond, one that goes on is counted again.
const AMPLIFICATIONS_TOLD_MAX: usize = 1 << 16;

/// Shared between the workers of a process and whoever shows the counters.
///
/// [`Self::totals`], [`Self::source`] are for the program itself: what is told to anybody of a run that goes on comes from
/// [`Self::told`] and [`Self::told_source`].
#[derive(Debug)]
pub struct Counters {
    /// Says how exactly counts are told.
    gate: Gate,
    sources: Vec<SourceCounters>,
    totals: Mutex<Totals>,
    /// Records that no source of this process has counted: those of earlier runs and of other processes.
    elsewhere: Mutex<Records>,
    told: Mutex<ToldTotals>,
    /// Amplifications that were released, by id: a row replaces the one before and is counted once. At most [`AMPLIFICATIONS_TOLD_MAX`].
    amplifications: Mutex<HashSet<String>>,
    /// Everything before this Unix second is closed.
    watermark: AtomicI64,
}

impl Counters {
    /// Counters for as many sources as are configured.
    pub fn new(sources: usize) -> Self {
        Self::told_by(Gate::new(K::DEFAULT), sources)
    }

    /// The same, told as exactly as a gate allows.
    pub fn told_by(gate: Gate, sources: usize) -> Self {
        let source = |_| SourceCounters { told: Mutex::new(Told::new(gate)), ..SourceCounters::default() };
        Self {
            gate,
            sources: (0..sources).map(source).collect(),
            totals: Mutex::new(Totals::default()),
            elsewhere: Mutex::default(),
            told: Mutex::new(ToldTotals { people: 0, counters: not_by_source(&Totals::default(), gate) }),
            amplifications: Mutex::new(HashSet::new()),
            watermark: AtomicI64::new(0),
        }
    }

    /// The counters now.
    pub fn totals(&self) -> Totals {
        self.lock().clone()
    }

    /// One source's counters, by its index in the configuration.
    pub fn source(&self, index: usize) -> Option<&SourceCounters> {
        self.sources.get(index)
    }

    /// What may be told of a source at a Unix second of wall time.
    pub fn told_source(&self, index: usize, unix: i64) -> Option<ToldSource> {
        Some(self.source(index)?.told(unix, self.gate))
    }

    /// All counters by name, as they may be told at a Unix second of wall time. What does not add up from sources is brought up to
    /// date when the posts of people move, which k of them make; else a lone post could be seen in what it left behind, such as
    /// the number of cells that were held back.
    pub fn told(&self, unix: i64) -> BTreeMap<String, AtLeast> {
        let sources: Vec<ToldSource> = self.sources.iter().map(|source| source.told(unix, self.gate)).collect();
        let elsewhere = *self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |of: fn(&ToldSource) -> AtLeast| sources.iter().map(|source| of(source).get()).sum::<u64>();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let people = sum(|source| source.people);
        if people > told.people || self.gate.is_exact() {
            *told = ToldTotals { people, counters: not_by_source(&self.lock(), self.gate) };
        }
        let mut counters = told.counters.clone();
        drop(told);
        for (name, elsewhere, here) in [
            ("accepted", elsewhere.accepted, sum(|source| source.posts)),
            ("rejected", elsewhere.rejected, sum(|source| source.rejected)),
            ("late", elsewhere.late, sum(|source| source.late)),
            ("thinned", elsewhere.thinned, sum(|source| source.thinned)),
        ] {
            counters.insert(name.to_owned(), self.gate.at_least(self.gate.at_least(elsewhere).get() + here));
        }
        let read = Records::NAMES.iter().filter_map(|name| counters.get(*name)).map(|count| count.get()).sum();
        counters.insert("read".to_owned(), self.gate.at_least(read));
        counters
    }

    /// Where a block of a source notes its people.
    pub(crate) fn people(&self, source: usize) -> People {
        self.sources.get(source).map(SourceCounters::people).unwrap_or_default()
    }

    /// Somebody's deletion came: nothing of them is kept.
    pub(crate) fn forget(&self, author: AuthorToken) {
        self.sources.iter().for_each(|source| source.forget(author));
    }

    /// Everything before this Unix second is closed; `None` before the first watermark.
    pub fn watermark(&self) -> Option<i64> {
        Some(self.watermark.load(Ordering::Relaxed)).filter(|unix| *unix > 0)
    }

    pub(crate) fn advance_watermark(&self, unix: i64) {
        self.watermark.fetch_max(unix, Ordering::Relaxed);
    }

    pub(crate) fn add_block(&self, source: usize, block: &BlockCounts) {
        if let Some(counters) = self.sources.get(source) {
            counters.accepted.fetch_add(block.records.accepted, Ordering::Relaxed);
            counters.published.fetch_add(block.published, Ordering::Relaxed);
            counters.rejected.fetch_add(block.records.rejected, Ordering::Relaxed);
            counters.late.fetch_add(block.records.late, Ordering::Relaxed);
            counters.thinned.fetch_add(block.records.thinned, Ordering::Relaxed);
            counters.newest.fetch_max(block.newest.0, Ordering::Relaxed);
            counters.newest_published.fetch_max(block.newest.1, Ordering::Relaxed);
            // After their posts were counted: else these could be told with the next people's only.
            counters.wrote(&block.people);
        }
        let mut totals = self.lock();
        totals.records.add(&block.records);
        totals.texts_truncated += block.texts_truncated;
        totals.deletions_left_out += block.deletions_left_out;
        for (rejection, count) in &block.rejected_by {
            *totals.rejected_by.entry(rejection.to_string()).or_default() += count;
        }
        totals.event_time = match (totals.event_time, block.event_time) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }

    pub(crate) fn add_deletions_left_out(&self, deletions: u64) {
        if deletions > 0 {
            self.lock().deletions_left_out += deletions;
        }
    }

    pub(crate) fn add_forgotten(&self, posts: u64) {
        if posts > 0 {
            self.lock().forgotten += posts;
        }
    }

    pub(crate) fn add_volume(&self, counters: &VolumeCounters) {
        self.lock().volume.add(counters);
    }

    pub(crate) fn add_narratives(&self, counters: &NarrativeCounters) {
        self.lock().narratives.add(counters);
    }

    pub(crate) fn add_released_narratives(&self, released: u64, suppressed: u64) {
        let mut totals = self.lock();
        totals.narratives_released += released;
        totals.narratives_suppressed += suppressed;
    }

    pub(crate) fn add_bursts(&self, counters: &BurstCounters) {
        self.lock().bursts.add(counters);
    }

    pub(crate) fn add_released_bursts(&self, released: u64, suppressed: u64) {
        if released + suppressed > 0 {
            let mut totals = self.lock();
            totals.bursts_released += released;
            totals.bursts_suppressed += suppressed;
        }
    }

    pub(crate) fn add_anomalies(&self, counters: AnomalyCounters) {
        self.lock().anomalies.add(&counters);
    }

    pub(crate) fn add_copies(&self, counters: &AmplifyCounters) {
        self.lock().copies.add(counters);
    }

    pub(crate) fn add_released_amplifications(&self, rows: &[Released<AmplificationRow>], suppressed: u64) {
        let mut told = self.amplifications.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= AMPLIFICATIONS_TOLD_MAX {
            told.clear();
        }
        let new = rows.iter().filter(|row| told.insert(row.id.clone())).count();
        let mut totals = self.lock();
        totals.amplifications_released += new as u64;
        totals.amplifications_suppressed += suppressed;
    }

    pub(crate) fn set_edge(&self, stats: EdgeStats) {
        self.lock().edge = stats;
    }

    pub(crate) fn add_released(&self, rows: &[Released<VolumeRow>], cells: usize) {
        let shown = rows.iter().filter(|row| row.figures.is_some()).count();
        let mut totals = self.lock();
        totals.released += shown as u64;
        totals.suppressed += cells.saturating_sub(shown) as u64;
    }

    /// Goes on from an earlier run's counters, or takes those of a whole cluster.
    pub(crate) fn replace(&self, totals: Totals) {
        let sum = |of: fn(&SourceCounters) -> u64| self.sources.iter().map(of).sum::<u64>();
        *self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner) = Records {
            accepted: totals.records.accepted.saturating_sub(sum(SourceCounters::accepted)),
            rejected: totals.records.rejected.saturating_sub(sum(SourceCounters::rejected)),
            late: totals.records.late.saturating_sub(sum(SourceCounters::late)),
            thinned: totals.records.thinned.saturating_sub(sum(SourceCounters::thinned)),
            ..Records::default()
        };
        self.told.lock().unwrap_or_else(PoisonError::into_inner).counters = not_by_source(&totals, self.gate);
        *self.lock() = totals;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Totals> {
        // A worker that panicked while it held the lock has added whole numbers or none: the counts are still usable.
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counters that do not add up from sources, as they were told last.
#[derive(Debug)]
struct ToldTotals {
    /// The posts of people that had been told of then.
    people: u64,
    counters: BTreeMap<String, AtLeast>,
}

fn not_by_source(totals: &Totals, gate: Gate) -> BTreeMap<String, AtLeast> {
    let records = &totals.records;
    let own = [
        ("opted_out", records.opted_out),
        ("deleted", records.deleted),
        ("repeated", records.repeated),
        ("forgotten", totals.forgotten),
        ("released", totals.released),
        ("suppressed", totals.suppressed),
    ];
    let all = own.into_iter().chain(totals.limits());
    all.map(|(name, count)| (name.to_owned(), gate.at_least(count))).collect()
}

/// What one block came to.
#[derive(Debug, Default)]
pub(crate) struct BlockCounts {
    pub(crate) records: Records,
    /// Publishers' items among what was accepted.
    pub(crate) published: u64,
    /// Who wrote, as far as that is still to be known.
    pub(crate) people: People,
    /// Unix seconds of the newest post of a person and of a publisher; 0: there was none.
    pub(crate) newest: (i64, i64),
    pub(crate) rejected_by: BTreeMap<Rejection, u64>,
    pub(crate) texts_truncated: u64,
    pub(crate) deletions_left_out: u64,
    pub(crate) event_time: Option<(i64, i64)>,
}

impl BlockCounts {
    pub(crate) fn reject(&mut self, rejection: Rejection) {
        self.records.rejected += 1;
        *self.rejected_by.entry(rejection).or_default() += 1;
    }

    pub(crate) fn accept(&mut self, post: &EdgePost) {
        self.records.accepted += 1;
        let unix = post.time.unix();
        match (post.kind, post.author) {
            (Kind::Publisher, _) => {
                self.published += 1;
                self.newest.1 = self.newest.1.max(unix);
            }
            (Kind::Person, author) => {
                self.newest.0 = self.newest.0.max(unix);
                if let Some(author) = author {
                    self.people.wrote(post.time, author);
                }
            }
        }
        self.event_time = Some(self.event_time.map_or((unix, unix), |(first, last)| (first.min(unix), last.max(unix))));
    }
}
