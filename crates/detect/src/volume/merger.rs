//! [`Merger`]: the owner of one shard adds up what all workers saw, proposes, and rolls up.

use std::collections::BTreeMap;
use std::fmt;

use groundswell_gate::{CandidateCell, Dimension, K, VolumeCandidate};
use groundswell_sketch::{Authors, CellTable, Distinct, Step, Summary, Window};

use super::config::{VolumeConfig, VolumeCounters};

/// One shard's part of the volume detector: merges the workers' summaries of a minute, proposes candidates of closed
/// minutes, hours and days, and keeps the hours and days that are still open.
pub struct Merger {
    /// Cells of open-ended dimensions with fewer authors are not proposed.
    k: u64,
    /// Watches that are asked for, sorted.
    watch_names: Vec<String>,
    hour_max: Bounds,
    day_max: Bounds,
    minutes: BTreeMap<i64, Vec<Summary>>,
    hours: BTreeMap<i64, CellTable>,
    days: BTreeMap<i64, CellTable>,
    /// Where the summaries of a minute are added up.
    minute: CellTable,
    closed_before: i64,
    counters: VolumeCounters,
}

#[derive(Clone, Copy)]
struct Bounds {
    cells: usize,
    bytes: usize,
}

impl Bounds {
    fn enforce(self, table: &mut CellTable, counters: &mut VolumeCounters) {
        if table.len() > self.cells || table.heap_bytes() > self.bytes {
            let prunable = |index| Dimension::from_index(index).is_some_and(Dimension::is_open_ended);
            let pruned = table.prune(self.cells / 4 * 3, self.bytes / 4 * 3, prunable);
            counters.cells_pruned += pruned.cells;
            counters.posts_pruned += pruned.posts;
        }
    }
}

impl Merger {
    /// A merger that has seen nothing.
    pub fn new(config: VolumeConfig, k: K) -> Self {
        let shards = config.shards.max(1);
        let mut watch_names = config.watch_names.to_vec();
        watch_names.sort_unstable();
        watch_names.dedup();
        Self {
            k: k.get(),
            watch_names,
            hour_max: Bounds { cells: config.hour_cells_max / shards, bytes: config.hour_bytes_max / shards },
            day_max: Bounds { cells: config.day_cells_max / shards, bytes: config.day_bytes_max / shards },
            minutes: BTreeMap::new(),
            hours: BTreeMap::new(),
            days: BTreeMap::new(),
            minute: CellTable::new(),
            closed_before: i64::MIN,
            counters: VolumeCounters::default(),
        }
    }

    /// Takes one worker's summary of a minute.
    pub fn merge(&mut self, minute: Window, summary: Summary) {
        debug_assert_eq!(minute.step, Step::Minute);
        if minute.end() <= self.closed_before {
            // Whoever drives this has closed too early; better a lost part than a window released twice.
            self.counters.summaries_late += 1;
            return;
        }
        self.minutes.entry(minute.start).or_default().push(summary);
    }

    /// Proposes all minutes, hours and days that end at or before a second, in the order in which they end.
    pub fn close(&mut self, before_unix: i64, emit: &mut dyn FnMut(VolumeCandidate)) {
        while let Some(entry) = self.minutes.first_entry() {
            let minute = Window { step: Step::Minute, start: *entry.key() };
            if minute.end() > before_unix {
                break;
            }
            let parts = entry.remove();
            // Hours and days before this minute are complete: close them first, so that few are open at once.
            self.close_longer(minute.start, emit);
            self.close_minute(minute, &parts, emit);
        }
        self.close_longer(before_unix, emit);
        self.closed_before = self.closed_before.max(before_unix);
    }

    /// Proposes everything that is still open: nothing more will come.
    pub fn finish(&mut self, emit: &mut dyn FnMut(VolumeCandidate)) {
        self.close(i64::MAX, emit);
    }

    /// Which bounds were reached.
    pub fn counters(&self) -> VolumeCounters {
        self.counters
    }

    fn close_minute(&mut self, minute: Window, parts: &[Summary], emit: &mut dyn FnMut(VolumeCandidate)) {
        let hour = self.hours.entry(minute.within(Step::Hour).start).or_default();
        let mut proposal = Proposal::new(self.k);
        if let [only] = parts {
            for cell in only.iter() {
                proposal.add(cell.dimension, cell.value, cell.posts, cell.publisher_posts, Set::Part(cell.authors));
            }
            hour.merge(only);
        } else {
            self.minute.clear();
            parts.iter().for_each(|part| self.minute.merge(part));
            proposal.add_table(&self.minute);
            hour.absorb(&mut self.minute);
        }
        self.hour_max.enforce(hour, &mut self.counters);
        proposal.emit(minute, &self.watch_names, emit);
    }

    fn close_longer(&mut self, before_unix: i64, emit: &mut dyn FnMut(VolumeCandidate)) {
        while let Some(entry) = self.hours.first_entry() {
            let window = Window { step: Step::Hour, start: *entry.key() };
            if window.end() > before_unix {
                break;
            }
            let mut table = entry.remove();
            self.close_days(window.start, emit);
            self.propose(window, &table, emit);
            let day = self.days.entry(window.within(Step::Day).start).or_default();
            day.absorb(&mut table);
            self.day_max.enforce(day, &mut self.counters);
        }
        self.close_days(before_unix, emit);
    }

    fn close_days(&mut self, before_unix: i64, emit: &mut dyn FnMut(VolumeCandidate)) {
        while let Some(entry) = self.days.first_entry() {
            let window = Window { step: Step::Day, start: *entry.key() };
            if window.end() > before_unix {
                break;
            }
            let table = entry.remove();
            self.propose(window, &table, emit);
        }
    }

    fn propose(&self, window: Window, table: &CellTable, emit: &mut dyn FnMut(VolumeCandidate)) {
        let mut proposal = Proposal::new(self.k);
        proposal.add_table(table);
        proposal.emit(window, &self.watch_names, emit);
    }
}

impl fmt::Debug for Merger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Merger({} minutes, {} hours, {} days open, redacted)",
            self.minutes.len(),
            self.hours.len(),
            self.days.len()
        )
    }
}

#[derive(Clone, Copy)]
enum Set<'a> {
    Part(Authors<'a>),
    Whole(&'a Distinct),
}

/// Candidates of one window in the making.
struct Proposal {
    k: u64,
    /// By dimension.
    tables: [Vec<CandidateCell>; Dimension::ALL.len()],
}

impl Proposal {
    fn new(k: u64) -> Self {
        Self { k, tables: Default::default() }
    }

    fn add_table(&mut self, table: &CellTable) {
        for (dimension, value, _, cell) in table.iter() {
            self.add(dimension, value, cell.posts, cell.publisher_posts, Set::Whole(&cell.authors));
        }
    }

    #[inline]
    fn add(&mut self, dimension: u8, value: &str, posts: u64, publisher_posts: u64, authors: Set<'_>) {
        let Some(known) = Dimension::from_index(dimension) else { return };
        let could_pass = || {
            posts == publisher_posts
                || match authors {
                    Set::Part(authors) => authors.has_at_least(self.k),
                    Set::Whole(distinct) => distinct.has_at_least(self.k),
                }
        };
        if known.is_open_ended() && !could_pass() {
            return;
        }
        let authors = match authors {
            Set::Part(authors) => authors.to_distinct(),
            Set::Whole(distinct) => distinct.clone(),
        };
        let cell = CandidateCell { value: value.to_owned(), posts, publisher_posts, authors };
        self.tables[usize::from(dimension)].push(cell);
    }

    /// Hands out what there is, and a list of all watches where the total says that the window was seen here.
    fn emit(self, window: Window, watch_names: &[String], emit: &mut dyn FnMut(VolumeCandidate)) {
        let seen = !self.tables[usize::from(Dimension::Total.index())].is_empty();
        for (dimension, mut cells) in Dimension::ALL.into_iter().zip(self.tables) {
            cells.sort_unstable_by(|a, b| a.value.cmp(&b.value));
            if dimension == Dimension::Watch && seen {
                cells = with_quiet(cells, watch_names);
            }
            if !cells.is_empty() {
                emit(VolumeCandidate { window, dimension, cells });
            }
        }
    }
}

/// One cell for each watch; both lists are sorted.
fn with_quiet(cells: Vec<CandidateCell>, watch_names: &[String]) -> Vec<CandidateCell> {
    let mut counted = cells.into_iter().peekable();
    let mut all = Vec::with_capacity(watch_names.len());
    for name in watch_names {
        all.push(counted.next_if(|cell| cell.value == *name).unwrap_or_else(|| CandidateCell {
            value: name.clone(),
            posts: 0,
            publisher_posts: 0,
            authors: Distinct::new(),
        }));
    }
    all
}
