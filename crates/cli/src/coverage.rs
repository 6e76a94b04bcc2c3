//! Keeps the coverage ledger: when which live source was listened to (docs/architecture/coverage.md).
//!
//! The recorder is looked after by the service's loop. It reads what the sources say of their gaps, works out for each minute
//! of wall time how many of its seconds were missed, and writes that through the store's single writer. It sees connections and
//! counters, never a post.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use groundswell_engine::{CoverageBoard, Heard};
use groundswell_gate::{AtLeast, CoverageGap, CoverageMinute, K, Minute, Released};
use groundswell_post::EventTime;
use groundswell_sources::{Clock, LiveState, LiveStatus, Trouble};
use groundswell_store::{COVERAGE_DAYS, CoverageBatch, GapRecord, LedgerEnd, ReleaseWriter as _, WriteError, Writer};
use tokio::runtime::Handle;

/// How often it is looked, in milliseconds of the monotonic clock.
const LOOK_MILLIS: u64 = 1_000;

/// How often the minute that is running is written, in milliseconds: after a kill the ledger ends at most so much too early,
/// and what lies between is part of the gap.
const WRITE_MILLIS: u64 = 10_000;

/// How often what is too old is dropped, in milliseconds.
const PRUNE_MILLIS: u64 = 3_600_000;

/// Seconds by which the two clocks may differ between two looks before the wall clock counts as set anew.
const JUMP_SECONDS: i64 = 5;

/// How many minutes' counts are remembered: longer than detectors wait for posts that are late.
const LATELY_MAX: usize = 180;

/// What is left after a minute of what a source usually has: half after half a day.
const USUAL_KEPT: f64 = 0.999;

/// How many minutes of which only a part was listened to are remembered for a source: the newest.
const UNHEARD_MAX: usize = 64;

const MINUTE: i64 = 60;

const fn floor(unix: i64) -> i64 {
    unix - unix.rem_euclid(MINUTE)
}

const fn ceil(unix: i64) -> i64 {
    floor(unix + MINUTE - 1)
}

/// What the ledger tells of a source's records beside the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Posts.
    pub(crate) posts: u64,
    /// Records that could not be read.
    pub(crate) rejected: u64,
    /// Posts that came too late.
    pub(crate) late: u64,
    /// Posts that were left out because the workers did not keep up.
    pub(crate) thinned: u64,
}

impl Counted {
    /// Adds what came between two looks at counters that only grow.
    fn add_since(&mut self, before: &Self, now: &Self) {
        self.posts += now.posts.saturating_sub(before.posts);
        self.rejected += now.rejected.saturating_sub(before.rejected);
        self.late += now.late.saturating_sub(before.late);
        self.thinned += now.thinned.saturating_sub(before.thinned);
    }
}

/// A source's counters since the start.
pub(crate) type Counts = Box<dyn Fn() -> Counted + Send>;

/// A source as the recorder sees it.
pub(crate) struct Listened {
    /// Its configured name.
    pub(crate) name: String,
    /// Its connections; none where there is nothing that could break, as with the simulator.
    pub(crate) live: Option<Arc<LiveStatus>>,
    /// Its counters.
    pub(crate) counts: Counts,
}

/// A gap as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    part: Arc<str>,
    start: i64,
    end: Option<i64>,
    cause: Trouble,
    recovered: bool,
}

/// A gap that is not written as it stands.
struct Changed {
    source: String,
    run: i64,
    number: i64,
    seen: Seen,
}

/// A part of which the source itself does not say that it was away while nothing ran.
struct Away {
    part: Arc<str>,
    end: Option<i64>,
}

struct Source {
    listened: Listened,
    /// When it began, Unix seconds: with the number of a gap its name in the store.
    run: i64,
    /// Where the ledger of earlier runs ends.
    before: Option<LedgerEnd>,
    away: Vec<Away>,
    /// The gaps at the last look, and what of them was written.
    now: BTreeMap<i64, Seen>,
    written: BTreeMap<i64, Seen>,
    /// Minutes to write. Bounded by the days that are kept.
    dirty: BTreeSet<i64>,
    /// Seconds in which nothing was listened to and of which no gap speaks, one bit each: before the first run of all, and
    /// where the clock leapt.
    unheard: BTreeMap<i64, u64>,
    /// Counts of minutes that are not written to their end.
    counted: BTreeMap<i64, Counted>,
    last_counts: Counted,
    /// Counts of the last minutes.
    lately: BTreeMap<i64, Counted>,
    usual: Usual,
}

/// How many posts a source has in a minute in which it is listened to.
#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    posts: f64,
    minutes: f64,
}

impl Usual {
    fn add(&mut self, posts: u64) {
        self.posts = self.posts * USUAL_KEPT + posts as f64;
        self.minutes = self.minutes * USUAL_KEPT + 1.0;
    }

    fn a_minute(self) -> f64 {
        if self.minutes > 0.0 { self.posts / self.minutes } else { 0.0 }
    }
}

/// Writes the ledger of one store.
pub(crate) struct Recorder {
    clock: Arc<dyn Clock>,
    runtime: Handle,
    writer: Writer,
    /// Where detectors learn how much was heard.
    board: CoverageBoard,
    k: K,
    /// The latest name of a run: when it began, Unix seconds.
    run: i64,
    sources: Vec<Source>,
    /// Where the ledgers of sources end that are not listened to.
    ended: BTreeMap<String, LedgerEnd>,
    /// Wall and monotonic clock at the last look.
    looked: (i64, u64),
    written_at: u64,
    pruned_at: Option<u64>,
    failing: bool,
}

impl Recorder {
    /// Begins a run. The sources have been told by now where to go on.
    pub(crate) fn start(
        listened: Vec<Listened>,
        mut writer: Writer,
        board: CoverageBoard,
        k: K,
        clock: Arc<dyn Clock>,
        runtime: Handle,
    ) -> Result<Self, WriteError> {
        let run = clock.now().unix();
        let mut ends: BTreeMap<String, LedgerEnd> = runtime
            .block_on(writer.resume_coverage(run))?
            .into_iter()
            // A ledger that ends in the future was written under a wrong clock; it cannot be gone on with.
            .filter(|end| end.recorded_until <= run)
            .map(|end| (end.source.clone(), end))
            .collect();
        let sources = listened
            .into_iter()
            .map(|listened| {
                let before = ends.remove(&listened.name);
                let was_away = before.as_ref().is_some_and(|end| end.recorded_until < run);
                Source::new(before, was_away, listened, run)
            })
            .collect();
        let millis = clock.millis();
        let looked = (run, millis);
        Ok(Self {
            clock,
            runtime,
            writer,
            board,
            k,
            run,
            sources,
            ended: ends,
            looked,
            written_at: millis,
            pruned_at: None,
            failing: false,
        })
    }

    /// Looks, if it is time to, and writes, if there is something to say. A store that cannot be written now is tried again:
    /// nothing of the ledger is lost by it.
    pub(crate) fn look(&mut self) {
        if self.clock.millis().saturating_sub(self.looked.1) >= LOOK_MILLIS {
            self.record(false);
        }
    }

    /// Listens to another source of the same name from now on, or to none: what is open of the one before ends here.
    pub(crate) fn exchange(&mut self, name: &str, listened: Option<Listened>) {
        self.record(true);
        let now = self.clock.now().unix();
        let mut counts = None;
        if let Some(at) = self.sources.iter().position(|source| source.listened.name == name) {
            let mut source = self.sources.remove(at);
            let open = source.gaps().into_iter().filter(|(_, gap)| gap.end.is_none());
            let gaps: Vec<GapRecord> = open
                .map(|(number, gap)| record(name, source.run, number, &Seen { end: Some(now.max(gap.start)), ..gap }))
                .collect();
            let batch = CoverageBatch { sources: Vec::new(), recorded_until: now, minutes: Vec::new(), gaps };
            if let Err(error) = self.runtime.block_on(self.writer.record_coverage(&batch)) {
                tracing::warn!(target: "groundswell", "a gap of the source {name} stays open in the coverage ledger: {error}");
            }
            let last_minute = source.missed(floor(now), &source.part_names(), now);
            self.ended.insert(name.to_owned(), LedgerEnd { source: name.to_owned(), recorded_until: now, last_minute });
            counts = Some((std::mem::take(&mut source.counted), source.last_counts, source.usual));
        }
        let Some(listened) = listened else { return };
        self.run = now.max(self.run + 1);
        let before = self.ended.remove(name);
        let mut source = Source::new(before, true, listened, now);
        source.run = self.run;
        if let Some((counted, last_counts, usual)) = counts {
            (source.counted, source.last_counts, source.usual) = (counted, last_counts, usual);
        }
        self.sources.push(source);
    }

    /// Writes what there is: the last act of a run.
    pub(crate) fn finish(&mut self) {
        self.record(true);
    }

    fn record(&mut self, last: bool) {
        let (now, millis) = (self.clock.now().unix(), self.clock.millis());
        let (looked, looked_millis) = self.looked;
        self.looked = (now, millis);
        let passed = i64::try_from(millis.saturating_sub(looked_millis) / 1_000).unwrap_or(i64::MAX);
        // Minutes that a clock leaps over were not listened to: nothing is known of them.
        let leapt = (now - looked - passed).abs() > JUMP_SECONDS;
        let since = if leapt { now } else { looked.min(now) };
        let mut gaps = Vec::new();
        for source in &mut self.sources {
            source.count(now);
            // Of a clock that leaps nothing can be learnt.
            if !leapt {
                minutes(looked.min(now), floor(now)).for_each(|minute| source.learn(minute, now));
            }
            if leapt && now > looked {
                source.mark_unheard(floor(looked), looked, now);
                source.mark_unheard(floor(now), looked, now - passed);
            }
            source.dirty.extend(minutes(since, now + 1));
            gaps.extend(source.changed(now));
        }
        let due = millis.saturating_sub(self.written_at) >= WRITE_MILLIS || floor(now) != floor(looked);
        if !(last || due || !gaps.is_empty()) {
            return;
        }
        self.tell_detectors(now);
        let batch = CoverageBatch {
            sources: self.sources.iter().map(|source| source.listened.name.clone()).collect(),
            recorded_until: now,
            minutes: self.sources.iter().flat_map(|source| source.minutes(now, self.k)).collect(),
            gaps: gaps.iter().map(|gap| record(&gap.source, gap.run, gap.number, &gap.seen)).collect(),
        };
        self.written_at = millis;
        match self.runtime.block_on(self.writer.record_coverage(&batch)) {
            Ok(()) => {
                self.failing = false;
                for source in &mut self.sources {
                    source.was_written(now);
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(target: "groundswell", "the coverage ledger is not written, it is tried again: {error}");
                }
                return;
            }
        }
        if self.pruned_at.is_none_or(|at| millis.saturating_sub(at) >= PRUNE_MILLIS) {
            self.pruned_at = Some(millis);
            if let Err(error) = self.runtime.block_on(self.writer.prune_coverage(now)) {
                tracing::warn!(target: "groundswell", "the coverage ledger keeps what is too old: {error}");
            }
        }
    }
}

impl Recorder {
    /// Puts on the board what of the minutes that may have changed was heard, by what each source usually has.
    fn tell_detectors(&self, now: i64) {
        let oldest = floor(now) - LATELY_MAX as i64 * MINUTE;
        let changed: BTreeSet<i64> =
            self.sources.iter().flat_map(|source| source.dirty.range(oldest..)).copied().collect();
        let parts: Vec<Vec<Arc<str>>> = self.sources.iter().map(Source::part_names).collect();
        for minute in changed {
            let mut all = Heard::default();
            for (source, parts) in self.sources.iter().zip(&parts) {
                let of = source.heard(minute, parts, now);
                all = Heard { usual: all.usual + of.usual, heard: all.heard + of.heard };
            }
            self.board.put(minute, all);
        }
    }
}

/// The minutes that a stretch touches.
fn minutes(from: i64, to: i64) -> impl Iterator<Item = i64> {
    (floor(from)..to).step_by(MINUTE as usize)
}

/// One bit a second of a minute.
fn bits(minute: i64, from: i64, to: i64) -> u64 {
    let (from, to) = ((from - minute).clamp(0, MINUTE), (to - minute).clamp(0, MINUTE));
    if from >= to { 0 } else { ((1_u64 << (to - from)) - 1) << from }
}

fn record(source: &str, run: i64, number: i64, seen: &Seen) -> GapRecord {
    let gap = CoverageGap {
        source: source.to_owned(),
        part: seen.part.to_string(),
        start: Minute::containing(seen.start),
        // Rounded outwards: what is outside was listened to.
        end: seen.end.map(|end| Minute::containing(ceil(end))),
        seconds: seen.end.map(|end| (end - seen.start).max(0).unsigned_abs()),
        cause: seen.cause.as_str().to_owned(),
        phrase: seen.cause.phrase().to_owned(),
        recovered: seen.recovered,
    };
    GapRecord { run, number, gap: Released::operational(gap) }
}

impl Source {
    fn new(before: Option<LedgerEnd>, was_away: bool, listened: Listened, run: i64) -> Self {
        let mut away = Vec::new();
        if let (Some(live), Some(_), true) = (&listened.live, &before, was_away) {
            let told = live.gaps();
            for part in live.parts() {
                if !told.iter().any(|gap| gap.part == part.name && gap.cause == Trouble::NotRunning) {
                    away.push(Away { part: part.name, end: None });
                }
            }
        }
        let last_counts = (listened.counts)();
        let mut source = Self {
            listened,
            run,
            before,
            away,
            now: BTreeMap::new(),
            written: BTreeMap::new(),
            dirty: BTreeSet::new(),
            unheard: BTreeMap::new(),
            counted: BTreeMap::new(),
            last_counts,
            lately: BTreeMap::new(),
            usual: Usual::default(),
        };
        if source.before.is_none() {
            source.mark_unheard(floor(run), floor(run), run);
        }
        source
    }

    fn mark_unheard(&mut self, minute: i64, from: i64, to: i64) {
        *self.unheard.entry(minute).or_default() |= bits(minute, from, to);
        self.dirty.insert(minute);
        while self.unheard.len() > UNHEARD_MAX {
            self.unheard.pop_first();
        }
    }

    fn recorded_until(&self) -> Option<i64> {
        self.before.as_ref().map(|end| end.recorded_until)
    }

    fn parts(&self) -> usize {
        self.listened.live.as_ref().map_or(1, |live| live.parts().len().max(1))
    }

    /// Adds what was counted since the last look to the minute that is running.
    fn count(&mut self, now: i64) {
        let counts = (self.listened.counts)();
        self.counted.entry(floor(now)).or_default().add_since(&self.last_counts, &counts);
        self.lately.entry(floor(now)).or_default().add_since(&self.last_counts, &counts);
        while self.lately.len() > LATELY_MAX {
            self.lately.pop_first();
        }
        self.last_counts = counts;
    }

    /// A minute is over: if all of it was listened to, what it had is what is usual.
    fn learn(&mut self, minute: i64, now: i64) {
        if let Some(counted) = self.lately.get(&minute)
            && self.missed(minute, &self.part_names(), now) == (0, 0)
        {
            self.usual.add(counted.posts + counted.thinned);
        }
    }

    /// What it would usually have had in a minute, and what of that could be heard.
    fn heard(&self, minute: i64, parts: &[Arc<str>], now: i64) -> Heard {
        let usual = self.usual.a_minute();
        let (blind, partly) = self.missed(minute, parts, now);
        let lost = blind as f64 + partly.saturating_sub(blind) as f64 / parts.len().max(1) as f64;
        let Counted { posts, thinned, .. } = self.lately.get(&minute).copied().unwrap_or_default();
        let kept = if thinned == 0 { 1.0 } else { posts as f64 / (posts + thinned) as f64 };
        Heard { usual, heard: usual * (1.0 - lost / MINUTE as f64).max(0.0) * kept }
    }

    /// All gaps as they stand now: what the source says, and that nothing ran before this run where it does not say so.
    fn gaps(&mut self) -> BTreeMap<i64, Seen> {
        let Some(live) = &self.listened.live else { return BTreeMap::new() };
        let told = live.gaps();
        let until = self.before.as_ref().map(|end| end.recorded_until);
        let mut gaps = BTreeMap::new();
        for gap in &told {
            let (mut start, end) = (gap.start.unix(), gap.end.map(EventTime::unix));
            if let (Trouble::NotRunning, false, Some(until)) = (gap.cause, gap.recovered, until) {
                // The place it went on from is older than the last thing that the ledger saw delivered.
                start = start.max(until).min(end.unwrap_or(i64::MAX));
            }
            let seen = Seen { part: Arc::clone(&gap.part), start, end, cause: gap.cause, recovered: gap.recovered };
            gaps.insert(i64::try_from(gap.number).unwrap_or(i64::MAX), seen);
        }
        if let Some(start) = until
            && !self.away.is_empty()
        {
            let parts = live.parts();
            for (index, away) in self.away.iter_mut().enumerate() {
                if away.end.is_none() {
                    let next = told.iter().filter(|gap| gap.part == away.part).map(|gap| gap.start.unix()).min();
                    let stands = parts
                        .iter()
                        .find(|part| part.name == away.part && part.state == LiveState::Connected)
                        .and_then(|part| part.connected_since)
                        .map(EventTime::unix);
                    away.end = next.into_iter().chain(stands).min().map(|end| end.max(start));
                }
                let seen = Seen {
                    part: Arc::clone(&away.part),
                    start,
                    end: away.end,
                    cause: Trouble::NotRunning,
                    recovered: false,
                };
                gaps.insert(-1 - index as i64, seen);
            }
        }
        gaps
    }

    /// Gaps that are not written as they stand; their minutes are worked out anew.
    fn changed(&mut self, now: i64) -> Vec<Changed> {
        self.now = self.gaps();
        let one_part = self.parts() == 1;
        let first = self.recorded_until().map_or(i64::MIN, floor);
        let oldest = floor(now) - i64::from(COVERAGE_DAYS) * 24 * 60 * MINUTE;
        // While the store cannot be written, no more is kept for it than it would keep.
        self.dirty = self.dirty.split_off(&oldest);
        self.counted = self.counted.split_off(&oldest);
        let mut changed = Vec::new();
        for (number, seen) in &self.now {
            let before = self.written.get(number);
            if before == Some(seen) {
                continue;
            }
            for gap in before.into_iter().chain([seen]) {
                let end = gap.end.unwrap_or(now + 1).min(now + 1);
                // What earlier runs wrote stays, unless all of the minute was delivered after all.
                let back = if gap.recovered && one_part { ceil(gap.start) } else { i64::MAX };
                self.dirty
                    .extend(minutes(gap.start.max(oldest), end).filter(|minute| *minute >= first || *minute >= back));
            }
            let source = self.listened.name.clone();
            changed.push(Changed { source, run: self.run, number: *number, seen: seen.clone() });
        }
        changed
    }

    /// Blind and partly blind seconds of a minute.
    fn missed(&self, minute: i64, parts: &[Arc<str>], now: i64) -> (u64, u64) {
        let unheard = self.unheard.get(&minute).copied().unwrap_or(0);
        let (mut all, mut any) = (u64::MAX, 0);
        for part in parts {
            let of_part = self
                .now
                .values()
                .filter(|gap| gap.part == *part && !gap.recovered)
                .fold(unheard, |seconds, gap| seconds | bits(minute, gap.start, gap.end.unwrap_or(now)));
            all &= of_part;
            any |= of_part;
        }
        if parts.is_empty() {
            (all, any) = (unheard, unheard);
        }
        let mut missed = (u64::from(all.count_ones()), u64::from(any.count_ones()));
        if let Some(end) = &self.before
            && floor(end.recorded_until) == minute
            && !self.now.values().any(|gap| gap.recovered && gap.start <= minute)
        {
            missed.0 = (missed.0 + end.last_minute.0).min(60);
            missed.1 = (missed.1 + end.last_minute.1).clamp(missed.0, 60);
        }
        missed
    }

    fn part_names(&self) -> Vec<Arc<str>> {
        let live = self.listened.live.as_ref();
        live.map_or_else(Vec::new, |live| live.parts().into_iter().map(|part| part.name).collect())
    }

    fn minutes(&self, now: i64, k: K) -> Vec<Released<CoverageMinute>> {
        let parts = self.part_names();
        self.dirty
            .iter()
            .map(|minute| {
                let (blind, partly) = self.missed(*minute, &parts, now);
                let Counted { rejected, late, thinned, .. } = self.counted.get(minute).copied().unwrap_or_default();
                Released::operational(CoverageMinute {
                    source: self.listened.name.clone(),
                    start: Minute::containing(*minute),
                    blind_seconds: blind,
                    partly_seconds: partly,
                    rejected: AtLeast::rounded(rejected, k),
                    late: AtLeast::rounded(late, k),
                    thinned: AtLeast::rounded(thinned, k),
                })
            })
            .collect()
    }

    fn was_written(&mut self, now: i64) {
        self.dirty.clear();
        self.written.clone_from(&self.now);
        self.counted.retain(|minute, _| *minute >= floor(now));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use groundswell_gate::Coverage;
    use groundswell_sketch::Step;
    use groundswell_sources::{LivePart, ManualClock};
    use groundswell_store::{CoverageQuery, Reader, ReleasedReader as _, Store, StoreOptions};

    use super::*;

    const START: i64 = 1_800_000_000;

    struct Bench {
        folder: tempfile::TempDir,
        runtime: tokio::runtime::Runtime,
        clock: Arc<ManualClock>,
        /// Whether there is a small source beside the one that is looked at.
        small: bool,
        board: CoverageBoard,
        posts: Arc<AtomicU64>,
        rejected: Arc<AtomicU64>,
        thinned: Arc<AtomicU64>,
    }

    struct Run {
        recorder: Recorder,
        reader: Reader,
        status: Arc<LiveStatus>,
        parts: Vec<LivePart>,
    }

    impl Bench {
        fn new() -> Self {
            let start = EventTime::from_unix(floor(START));
            Self {
                folder: tempfile::tempdir().unwrap(),
                runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
                clock: Arc::new(ManualClock::at(start)),
                small: false,
                board: CoverageBoard::default(),
                posts: Arc::default(),
                rejected: Arc::default(),
                thinned: Arc::default(),
            }
        }

        /// A run of the service with one source of these parts.
        fn run(&self, names: &[&str], resume: Option<i64>) -> Run {
            let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
            let status = LiveStatus::new(Arc::clone(&clock));
            let parts: Vec<LivePart> = names.iter().map(|name| status.part(name)).collect();
            if let Some(from) = resume {
                parts[0].resumes_from(EventTime::from_unix(floor(START) + from));
            }
            let (posts, rejected, thinned) =
                (Arc::clone(&self.posts), Arc::clone(&self.rejected), Arc::clone(&self.thinned));
            let counts: Counts = Box::new(move || Counted {
                posts: posts.load(Ordering::Relaxed),
                rejected: rejected.load(Ordering::Relaxed),
                late: 0,
                thinned: thinned.load(Ordering::Relaxed),
            });
            let listened = Listened { name: "source".to_owned(), live: Some(Arc::clone(&status)), counts };
            let opened = self.runtime.block_on(Store::open(self.folder.path(), &StoreOptions::default()));
            let (writer, reader) = opened.unwrap();
            let handle = self.runtime.handle().clone();
            let recorder =
                Recorder::start(self.listened(listened), writer, self.board.clone(), K::DEFAULT, clock, handle)
                    .unwrap();
            Run { recorder, reader, status, parts }
        }

        /// A source, and perhaps a small one beside it that never breaks and has two posts a second.
        fn listened(&self, listened: Listened) -> Vec<Listened> {
            let clock = Arc::clone(&self.clock);
            let counts: Counts = Box::new(move || Counted {
                posts: (clock.now().unix() - floor(START)).unsigned_abs() * 2,
                ..Counted::default()
            });
            let small = Listened { name: "small".to_owned(), live: None, counts };
            [listened].into_iter().chain(self.small.then_some(small)).collect()
        }

        /// Lets seconds pass, looked at each.
        fn pass(&self, run: &mut Run, seconds: u64) {
            for _ in 0..seconds {
                self.clock.advance_millis(1_000);
                run.recorder.look();
            }
        }

        /// `minute state blind rejected`, of all minutes that are over.
        fn ledger(&self, run: &Run) -> Vec<String> {
            let page = self.runtime.block_on(run.reader.coverage(&CoverageQuery::new(Step::Minute))).unwrap();
            let line = |item: &Released<Coverage>| {
                let minute = (item.start.unix() - floor(START)) / 60;
                format!("{minute} {} {} {}", item.state.as_str(), item.blind_seconds, item.rejected.get())
            };
            page.items.iter().map(line).collect()
        }

        /// `part start–end seconds cause recovered`, newest first.
        fn gaps(&self, run: &Run) -> Vec<String> {
            let gaps = self.runtime.block_on(run.reader.gaps(0, i64::MAX, None)).unwrap();
            let minute = |minute: Minute| (minute.unix() - floor(START)) / 60;
            gaps.iter()
                .map(|gap| {
                    let (start, end) = (minute(gap.start), gap.end.map(minute));
                    format!("{} {start}–{end:?} {:?} {} {}", gap.part, gap.seconds, gap.cause, gap.recovered)
                })
                .collect()
        }
    }

    #[test]
    fn a_source_drops_and_comes_back() {
        let bench = Bench::new();
        let mut run = bench.run(&["one"], None);
        run.parts[0].connecting("there");
        run.parts[0].connected();
        run.parts[0].message(1);
        bench.rejected.store(25, Ordering::Relaxed);
        bench.pass(&mut run, 80);
        // Half-open: what was last heard was heard in the first second.
        run.parts[0].sign_of_life();
        bench.pass(&mut run, 70);
        assert_eq!(bench.ledger(&run), ["0 covered 0 20", "1 covered 0 0"]);
        run.parts[0].failed(Trouble::Silent, Duration::from_secs(1));
        bench.pass(&mut run, 1);
        // Noticed late, and said of the minutes before as well.
        assert_eq!(bench.gaps(&run), ["one 1–None None silent false"]);
        assert_eq!(bench.ledger(&run), ["0 covered 0 20", "1 partly 40 0"]);
        bench.pass(&mut run, 50);
        run.parts[0].connected();
        run.parts[0].message(1);
        bench.pass(&mut run, 60);
        assert_eq!(bench.gaps(&run), ["one 1–Some(4) Some(121) silent false"]);
        let expected = ["0 covered 0 20", "1 partly 40 0", "2 gap 60 0", "3 partly 21 0"];
        assert_eq!(bench.ledger(&run), expected);
        // Delivered after all.
        run.parts[0].recovered();
        bench.pass(&mut run, 1);
        assert_eq!(bench.gaps(&run), ["one 1–Some(4) Some(121) silent true"]);
        assert_eq!(bench.ledger(&run), ["0 covered 0 20", "1 covered 0 0", "2 covered 0 0", "3 covered 0 0"]);
    }

    #[test]
    fn detectors_are_told_what_was_heard_by_what_each_source_usually_has() {
        let bench = Bench { small: true, ..Bench::new() };
        let mut run = bench.run(&["one"], None);
        run.parts[0].connected();
        run.parts[0].message(1);
        let seconds = |run: &mut Run, count: u64, posts: u64| {
            for _ in 0..count {
                bench.posts.fetch_add(posts, Ordering::Relaxed);
                bench.pass(run, 1);
                if posts > 0 {
                    run.parts[0].message(1);
                }
            }
        };
        seconds(&mut run, 300, 18);
        run.parts[0].failed(Trouble::Refused, Duration::from_secs(1));
        seconds(&mut run, 180, 0);
        run.parts[0].connected();
        seconds(&mut run, 30, 18);
        bench.thinned.store(9 * 60, Ordering::Relaxed);
        seconds(&mut run, 60, 18);
        let share = |minute: i64| {
            let heard = bench.board.get(floor(START) + minute * 60).unwrap();
            heard.heard / heard.usual
        };
        // Nine of ten posts were its own.
        assert!((share(4) - 1.0).abs() < 0.02, "{}", share(4));
        assert!((share(6) - 0.1).abs() < 0.02 && (share(7) - 0.1).abs() < 0.02, "{} {}", share(6), share(7));
        // A third of what came in this minute was left out.
        assert!((share(8) - 0.7).abs() < 0.1, "{}", share(8));
    }

    #[test]
    fn posts_that_were_left_out_are_declared_and_their_minute_is_not_covered() {
        let bench = Bench::new();
        let mut run = bench.run(&["one"], None);
        run.parts[0].connected();
        run.parts[0].message(1);
        bench.pass(&mut run, 30);
        bench.thinned.store(129, Ordering::Relaxed);
        bench.pass(&mut run, 60);
        // Fewer than k is not told, and says nothing.
        bench.thinned.store(135, Ordering::Relaxed);
        bench.pass(&mut run, 60);
        let page = bench.runtime.block_on(run.reader.coverage(&CoverageQuery::new(Step::Minute))).unwrap();
        let told: Vec<_> = page.items.iter().map(|item| (item.state.as_str(), item.thinned.get())).collect();
        assert_eq!(told, [("partly", 120), ("covered", 0)]);
        let hours = bench.runtime.block_on(run.reader.coverage(&CoverageQuery::new(Step::Hour))).unwrap();
        assert_eq!((hours.items[0].state.as_str(), hours.items[0].thinned.get()), ("partly", 120));
    }

    #[test]
    fn one_of_two_parts_is_part() {
        let bench = Bench::new();
        let mut run = bench.run(&["one", "two"], None);
        for part in &run.parts {
            part.connected();
            part.message(1);
        }
        bench.pass(&mut run, 60);
        run.parts[0].sign_of_life();
        run.parts[0].failed(Trouble::Refused, Duration::from_secs(1));
        bench.pass(&mut run, 60);
        run.parts[1].sign_of_life();
        run.parts[1].failed(Trouble::Ended, Duration::from_secs(1));
        bench.pass(&mut run, 60);
        assert_eq!(bench.ledger(&run), ["0 covered 0 0", "1 partly 0 0", "2 gap 60 0"]);
        assert_eq!(run.status.gaps().len(), 2);
    }

    #[test]
    fn a_source_that_takes_the_place_of_another_goes_on_with_its_ledger() {
        let bench = Bench::new();
        let mut run = bench.run(&["one"], None);
        run.parts[0].connected();
        run.parts[0].message(1);
        bench.pass(&mut run, 70);
        run.parts[0].sign_of_life();
        run.parts[0].failed(Trouble::Refused, Duration::from_secs(1));
        bench.pass(&mut run, 10);
        // Second 80: another endpoint is configured; it stands ten seconds later.
        let other = LiveStatus::new(Arc::clone(&bench.clock) as Arc<dyn Clock>);
        let part = other.part("one");
        let listened = Listened { name: "source".to_owned(), live: Some(other), counts: Box::new(Counted::default) };
        run.recorder.exchange("source", Some(listened));
        bench.pass(&mut run, 10);
        assert_eq!(bench.gaps(&run), ["one 1–None None not-running false", "one 1–Some(2) Some(10) refused false"]);
        part.connected();
        part.message(1);
        bench.pass(&mut run, 60);
        assert_eq!(
            bench.gaps(&run),
            ["one 1–Some(2) Some(10) not-running false", "one 1–Some(2) Some(10) refused false"]
        );
        assert_eq!(bench.ledger(&run), ["0 covered 0 0", "1 partly 20 0"]);
        // Second 150: it is switched off, and a minute later on again.
        run.recorder.exchange("source", None);
        bench.pass(&mut run, 60);
        let again = LiveStatus::new(Arc::clone(&bench.clock) as Arc<dyn Clock>);
        again.part("one").connected();
        let listened = Listened { name: "source".to_owned(), live: Some(again), counts: Box::new(Counted::default) };
        run.recorder.exchange("source", Some(listened));
        bench.pass(&mut run, 60);
        assert_eq!(bench.gaps(&run)[0], "one 2–Some(4) Some(60) not-running false");
        assert_eq!(bench.ledger(&run)[2..], ["2 partly 30 0", "3 partly 30 0"]);
    }

    #[test]
    fn what_was_missed_while_nothing_ran_is_in_the_ledger() {
        let bench = Bench::new();
        bench.clock.advance_millis(30_000);
        let mut run = bench.run(&["one"], None);
        run.parts[0].connected();
        run.parts[0].message(1);
        bench.pass(&mut run, 45);
        run.parts[0].sign_of_life();
        run.parts[0].failed(Trouble::Refused, Duration::from_secs(1));
        bench.pass(&mut run, 15);
        // Before the first run nobody listened; the gap is open, and the run ends without a word.
        run.recorder.finish();
        assert_eq!(bench.ledger(&run), ["0 partly 30 0"]);
        drop(run);
        bench.clock.advance_millis(150_000);

        // Second 240: the source has no place to go on from.
        let mut run = bench.run(&["one"], None);
        bench.pass(&mut run, 10);
        assert_eq!(bench.gaps(&run), ["one 1–None None not-running false", "one 1–Some(2) Some(30) refused false"]);
        run.parts[0].connected();
        run.parts[0].message(1);
        bench.pass(&mut run, 50);
        assert_eq!(
            bench.gaps(&run),
            ["one 1–Some(5) Some(160) not-running false", "one 1–Some(2) Some(30) refused false"]
        );
        // Minute 1: 15 seconds of the first gap and 30 in which nothing ran.
        let expected = ["0 partly 30 0", "1 partly 45 0", "2 gap 60 0", "3 gap 60 0", "4 partly 10 0"];
        assert_eq!(bench.ledger(&run), expected);
        run.recorder.finish();
        drop(run);
        bench.clock.advance_millis(60_000);

        // Second 360: now it goes on from second 290, and delivers everything.
        let mut run = bench.run(&["one"], Some(290));
        bench.pass(&mut run, 5);
        assert_eq!(bench.gaps(&run)[0], "one 5–None None not-running false");
        run.parts[0].connected();
        run.parts[0].message(1);
        run.parts[0].recovered();
        bench.pass(&mut run, 55);
        assert_eq!(bench.gaps(&run)[0], "one 4–Some(7) Some(75) not-running true");
        assert_eq!(bench.ledger(&run)[4..], ["4 partly 10 0", "5 covered 0 0", "6 covered 0 0"]);
    }

    #[test]
    fn a_clock_that_leaps_leaves_minutes_of_which_nothing_is_known() {
        let bench = Bench::new();
        let mut run = bench.run(&["one"], None);
        run.parts[0].connected();
        run.parts[0].message(1);
        bench.pass(&mut run, 60);
        bench.clock.set(EventTime::from_unix(floor(START) + 600));
        bench.pass(&mut run, 60);
        assert_eq!(bench.ledger(&run), ["0 covered 0 0", "1 gap 60 0", "10 covered 0 0"]);
    }

    #[test]
    fn seconds_of_a_minute() {
        assert_eq!(bits(60, 0, 200).count_ones(), 60);
        assert_eq!(bits(60, 60, 61), 1);
        assert_eq!(bits(60, 119, 500), 1 << 59);
        assert_eq!(bits(60, 0, 60), 0);
        assert_eq!(minutes(59, 61).collect::<Vec<_>>(), [0, 60]);
        assert_eq!(minutes(60, 60).count(), 0);
    }
}
