//! [`Merger`]: the owner of one shard adds up what all workers saw, proposes, and rolls up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use groundswell_gate::{
    AmplificationCandidate, AuthorBits, BurstType, CandidateCell, Dimension, K, NarrativeCandidate, NarrativePart,
    SharedWord, VolumeCandidate, clause_of_value, tone_of_value,
};
use groundswell_sketch::{
    Authors, Carried, Cell, CellKey, CellRef, CellTable, Distinct, PARTITIONS, SavedCell, SavedCells, Step, Summary,
    TextBits, Window, partition_of,
};
use groundswell_text::names::{NameFinder, name_key};
use groundswell_text::{Analysis, Analyzer, hash_word};
use serde::{Deserialize, Serialize};

use super::carriers::Known;
use super::cell::{name_of_phrase, owner_of, shard_of};
use super::config::{VolumeConfig, VolumeCounters};
use crate::anomaly::HeardHour;
use crate::burst::{BurstConfig, BurstCounters, Bursts, Counted, SavedBursts, ShardMinute};
use crate::narrative::NarrativeCount;

/// One shard's part of the volume detector: merges the workers' summaries of a minute, proposes candidates of closed
/// minutes, hours and days, and keeps the hours and days that are still open.
pub struct Merger {
    /// Cells of open-ended dimensions with fewer authors are not proposed.
    k: u64,
    /// Watches that are asked for, sorted.
    watch_names: Vec<String>,
    /// Of one partition of the cells of a day.
    cells_max: usize,
    bytes_max: usize,
    minutes: BTreeMap<i64, Vec<Summary>>,
    /// What an earlier run counted of minutes that are still open.
    restored: BTreeMap<i64, Looked>,
    /// The hour into which the last minute fell. Minutes close in their order, so there is one at a time.
    hour: Option<Window>,
    /// The day of that hour.
    day: Option<Window>,
    /// What was counted of both.
    table: CellTable,
    /// Where the summaries of a minute are added up.
    minute: CellTable,
    /// Which publishers carried which names, and what was spelt as one.
    carriers: Known,
    /// Hashes of the names of the day before that were written as such, sorted.
    named_before: Vec<u64>,
    carried_names_max: usize,
    spelt_names_max: usize,
    names: NameFinder,
    /// What checkpoints have added up of open minutes.
    looked: BTreeMap<i64, Looked>,
    /// Of open minutes: what would usually be heard in all processes, and what of it could be.
    heard: BTreeMap<i64, (u64, u64)>,
    /// Where bursts are looked for, and what it told since it was last asked.
    bursts: Option<Bursts>,
    told: Vec<ShardMinute>,
    /// What was told of narratives in minutes that are not closed here yet.
    narrated: BTreeMap<i64, Vec<NarrativeCount>>,
    /// Where the hour begins that is told of next, and what was heard of it and later ones. Begins anew with each run: the hour in which
    /// a run began was not heard as a whole.
    listening: Option<i64>,
    tells_hours: bool,
    heard_hours: BTreeMap<i64, (u64, u64)>,
    hours: Vec<HeardHour>,
    closed_before: i64,
    counters: VolumeCounters,
}

/// What was counted of an open minute by an earlier run, or for a checkpoint: the next one and the close of the minute go on from it, and
/// a summary that is in it need not be added again.
#[derive(Clone)]
struct Looked {
    /// Numbers of the stretches of this run that are in it.
    stretches: BTreeSet<u64>,
    table: CellTable,
    /// Of an earlier run alone: summaries have theirs by hash, and are as small as a table of them would be large.
    phrases: CellTable,
    carried: Vec<Carried>,
    /// Posts in all shards.
    seen: u64,
    /// All of it, written down.
    saved: Option<SavedMinute>,
}

impl Looked {
    fn new() -> Self {
        Self {
            stretches: BTreeSet::new(),
            table: new_table(),
            phrases: CellTable::new(),
            carried: Vec::new(),
            seen: 0,
            saved: None,
        }
    }

    fn has(&self, part: &Summary) -> bool {
        self.stretches.contains(&part.stretch())
    }

    /// Phrases of these parts, all there are of this run, and of an earlier one.
    fn save_phrases(&self, parts: &[&Summary]) -> SavedCells {
        if self.phrases.is_empty() {
            return SavedCells::sums_unnamed(phrases_of(parts));
        }
        let mut all = self.phrases.clone();
        phrases_of(parts).for_each(|phrases| all.merge(phrases));
        all.save_unnamed()
    }

    /// Whether there is nothing in it that is not in these parts.
    fn is_of(&self, parts: &[&Summary]) -> bool {
        let there: BTreeSet<u64> = parts.iter().map(|part| part.stretch()).collect();
        self.stretches.is_subset(&there)
    }

    fn add(&mut self, part: &Summary) {
        self.table.merge(part);
        self.carried.extend_from_slice(part.carried());
        self.seen += part.seen();
        self.stretches.insert(part.stretch());
        self.saved = None;
    }
}

/// A longer stretch in which nothing closes is none that was listened to, and its hours are not told of.
const HOURS_AT_ONCE_MAX: i64 = 48;

/// A table whose open-ended dimensions may be pruned. Tone is told by the hour, so a day keeps nothing of it.
fn new_table() -> CellTable {
    let open_ended = Dimension::ALL.into_iter().filter(|dimension| dimension.is_open_ended());
    let pruned = open_ended.fold(0, |bits, dimension| bits | 1 << dimension.index());
    CellTable::pruning(pruned).passing(1 << Dimension::Tone.index())
}

impl Merger {
    /// A merger that has seen nothing.
    pub fn new(config: VolumeConfig, k: K) -> Self {
        Self {
            k: k.get(),
            watch_names: sorted(&config.watch_names),
            cells_max: config.day_cells_max / PARTITIONS,
            bytes_max: config.day_bytes_max / PARTITIONS,
            minutes: BTreeMap::new(),
            restored: BTreeMap::new(),
            hour: None,
            day: None,
            table: new_table(),
            minute: new_table(),
            carriers: Known::default(),
            named_before: Vec::new(),
            carried_names_max: config.carried_names_max,
            spelt_names_max: config.spelt_names_max,
            names: NameFinder::new(),
            looked: BTreeMap::new(),
            heard: BTreeMap::new(),
            bursts: None,
            told: Vec::new(),
            narrated: BTreeMap::new(),
            listening: None,
            tells_hours: false,
            heard_hours: BTreeMap::new(),
            hours: Vec::new(),
            closed_before: i64::MIN,
            counters: VolumeCounters::default(),
        }
    }

    /// Has bursts looked for in what is merged here.
    #[must_use]
    pub fn with_bursts(mut self, config: Option<BurstConfig>) -> Self {
        self.bursts = config.map(|config| Bursts::new(BurstConfig { k: self.k, ..config }));
        self
    }

    /// Takes what was told of narratives in a minute that is not closed here yet: they are subjects of bursts as well.
    pub fn narrate(&mut self, minute: i64, counts: Vec<NarrativeCount>) {
        if self.bursts.is_some() && !counts.is_empty() {
            self.narrated.insert(minute, counts);
        }
    }

    /// What there is to say of bursts in the minutes that were closed since this was last called. All shards say something of the
    /// same minutes.
    pub fn take_bursts(&mut self) -> Vec<ShardMinute> {
        std::mem::take(&mut self.told)
    }

    /// Has it tell of hours that are over: one shard, the one that has the total.
    #[must_use]
    pub const fn with_hours(mut self, tells_hours: bool) -> Self {
        self.tells_hours = tells_hours;
        self
    }

    /// The hours that were over since this was last called, and how much of each could be heard.
    pub fn take_hours(&mut self) -> Vec<HeardHour> {
        std::mem::take(&mut self.hours)
    }

    /// Which bounds of the burst detector were reached.
    pub fn burst_counters(&self) -> BurstCounters {
        self.bursts.as_ref().map(Bursts::counters).unwrap_or_default()
    }

    /// Asks for other watches in windows that close from now on. What was counted of those that are gone is not proposed any more.
    pub fn set_watch_names(&mut self, names: &[String]) {
        self.watch_names = sorted(names);
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

    /// Takes what a process says of a minute: posts that it would usually hear in it, and what of them it could. A minute of which
    /// nobody says anything was heard in full. All shards are told the same.
    pub fn cover(&mut self, minute: i64, usual: f64, heard: f64) {
        if minute.saturating_add(60) <= self.closed_before {
            return;
        }
        // Whole numbers: the order in which processes say so must not matter.
        let whole = |posts: f64| (posts * 1_024.0).round() as u64;
        let all = self.heard.entry(minute).or_default();
        *all = (all.0.saturating_add(whole(usual)), all.1.saturating_add(whole(heard)));
    }

    /// Proposes all minutes, hours and days that end at or before a second, in the order in which they end.
    pub fn close(&mut self, before_unix: i64, emit: &mut dyn FnMut(VolumeCandidate)) {
        while let Some(start) = self.first_open() {
            let minute = Window { step: Step::Minute, start };
            if minute.end() > before_unix {
                break;
            }
            let parts = self.minutes.remove(&start).unwrap_or_default();
            // The hour and the day before this minute are complete.
            self.close_longer(minute.start, emit);
            self.close_minute(minute, &parts, emit);
        }
        self.close_longer(before_unix, emit);
        self.looked.retain(|start, _| start + Step::Minute.seconds() > before_unix);
        self.closed_before = self.closed_before.max(before_unix);
        self.hear(before_unix);
    }

    /// Tells of the hours that are over. An hour may be over in which nothing was seen at all; the end of all input ends none.
    fn hear(&mut self, before_unix: i64) {
        const HOUR: i64 = Step::Hour.seconds();
        let open = self.heard.split_off(&self.closed_before);
        for (minute, (usual, heard)) in std::mem::replace(&mut self.heard, open) {
            let hour = self.heard_hours.entry(minute - minute.rem_euclid(HOUR)).or_default();
            *hour = (hour.0.saturating_add(usual), hour.1.saturating_add(heard));
        }
        if before_unix == i64::MAX {
            return;
        }
        while let Some(hour) = self.listening.filter(|hour| hour + HOUR <= before_unix) {
            if before_unix - hour > HOURS_AT_ONCE_MAX * HOUR {
                self.listening = None;
                break;
            }
            let coverage = match self.heard_hours.get(&hour) {
                Some((usual, heard)) if *usual > 0 => (*heard as f64 / *usual as f64).min(1.0),
                _ => 1.0,
            };
            self.hours.push(HeardHour { start: hour, coverage });
            self.listening = Some(hour + HOUR);
        }
        let next = self.listening.unwrap_or(before_unix - HOUR);
        self.heard_hours = self.heard_hours.split_off(&(next - next.rem_euclid(HOUR)));
    }

    /// Proposes everything that is still open: nothing more will come.
    pub fn finish(&mut self, emit: &mut dyn FnMut(VolumeCandidate)) {
        self.close(i64::MAX, emit);
    }

    /// Whether one word or hashtag is a person's name, by its letters or because somebody spelt it so.
    fn is_name_in_one(&self, value: &str, before_unix: i64) -> bool {
        self.names.joined(value) || self.carriers.is_spelt(name_key(value), before_unix)
    }

    /// Marks what of a narrative looks like a person's name: hashtags and words that are one run together, and words that are one
    /// together, in either order. Each with the number of publishers that carried the whole name by now.
    pub fn mark_names(&self, narrative: &mut NarrativeCandidate) {
        let carried = |name: &str| self.carriers.publishers(name_key(name), narrative.as_of);
        let mark = |part: &mut NarrativePart, publishers: u32| {
            part.publishers = if part.name_like { part.publishers.max(publishers) } else { publishers };
            part.name_like = true;
        };
        for part in narrative.terms.iter_mut().chain(&mut narrative.hashtags) {
            if self.is_name_in_one(&part.value, narrative.as_of) {
                let publishers = carried(&part.value);
                mark(part, publishers);
            }
        }
        for part in &mut narrative.phrases {
            let words: Vec<&str> = part.value.split(' ').collect();
            let is_name = |words: &[&str]| {
                self.names.phrase(words) || self.carriers.is_spelt(name_key(&words.concat()), narrative.as_of)
            };
            // Two of three words may be one.
            let named = (1..=words.len()).flat_map(|length| words.windows(length)).filter(|words| is_name(words));
            if let Some(publishers) = named.map(|words| carried(&words.concat())).min() {
                mark(part, publishers);
            }
        }
        for one in 0..narrative.terms.len() {
            for other in 0..one {
                let pair = [one, other].map(|at| narrative.terms[at].value.clone());
                if self.names.surely_pair(&pair[0], &pair[1]) {
                    let publishers = carried(&pair.concat()).max(carried(&format!("{}{}", pair[1], pair[0])));
                    mark(&mut narrative.terms[one], publishers);
                    mark(&mut narrative.terms[other], publishers);
                }
            }
        }
    }

    /// Marks what of a shared text looks like a person's name: runs of words that workers saw as one, words that are a name run
    /// together, and what looks like a name in the text as it would be shown, which nobody need have written. Each with the number of
    /// publishers that carried the whole name by now.
    pub fn mark_shared_text(&self, candidate: &mut AmplificationCandidate) {
        let carried = |name: &str| self.carriers.publishers(name_key(name), candidate.as_of);
        mark_names_in(&mut candidate.words);
        for word in &mut candidate.words {
            word.name_like |= self.is_name_in_one(&word.value, candidate.as_of);
        }
        let is_name: Vec<bool> = candidate.words.iter().map(|word| word.name_like).collect();
        let mut from = 0;
        for run in is_name.chunk_by(|a, b| a == b) {
            let to = from + run.len();
            if run[0] {
                let values: Vec<&str> = candidate.words[from..to].iter().map(|word| word.value.as_str()).collect();
                let publishers = carried(&values.join(" "));
                candidate.words[from..to].iter_mut().for_each(|word| word.publishers = publishers);
            }
            from = to;
        }
    }

    /// Which bounds were reached.
    pub fn counters(&self) -> VolumeCounters {
        self.counters
    }

    /// The start of the first minute of which something is here.
    fn first_open(&self) -> Option<i64> {
        first(&self.minutes).into_iter().chain(first(&self.restored)).min()
    }

    fn close_minute(&mut self, minute: Window, parts: &[Summary], emit: &mut dyn FnMut(VolumeCandidate)) {
        self.hour = Some(minute.within(Step::Hour));
        self.day = Some(minute.within(Step::Day));
        if self.tells_hours {
            self.listening.get_or_insert(minute.within(Step::Hour).end());
        }
        let all: Vec<&Summary> = parts.iter().collect();
        let restored = self.restored.remove(&minute.start);
        // What a checkpoint has added up is not added up again.
        let looked = self.looked.remove(&minute.start).filter(|looked| looked.is_of(&all));
        let known = looked.or(restored);
        let is_fresh = |part: &&Summary| known.as_ref().is_none_or(|known| !known.has(part));
        let fresh: Vec<&Summary> = all.iter().copied().filter(is_fresh).collect();
        let carried = known.iter().flat_map(|known| &known.carried).copied();
        let carried = carried.chain(fresh.iter().flat_map(|part| part.carried()).copied());
        let forgotten = self.carriers.note(minute.start, carried, self.carried_names_max, self.spelt_names_max);
        self.counters.carried_names_forgotten += forgotten.carried;
        self.counters.spelt_names_forgotten += forgotten.spelt;
        let mut proposal = Proposal::new(self.k, minute, &self.names, &self.carriers);
        let seen = fresh.iter().fold(known.as_ref().map_or(0, |known| known.seen), |seen, part| seen + part.seen());
        let coverage = match self.heard.get(&minute.start) {
            Some((usual, heard)) if *usual > 0 => (*heard as f64 / *usual as f64) as f32,
            _ => 1.0,
        };
        // Of a minute in which nothing was seen no shard says anything.
        let mut bursts = self.bursts.as_mut().filter(|_| seen > 0);
        if let Some(bursts) = &mut bursts {
            bursts.begin(minute.start, seen, coverage);
        }
        if let ([only], None) = (&fresh[..], &known) {
            for cell in only.iter() {
                let CellRef { dimension, value, posts, publisher_posts, key, texts, authors, hash } = cell;
                if let (Some(bursts), Some(kind)) = (&mut bursts, burst_type(dimension)) {
                    observe(bursts, hash, kind, value, (posts, key, texts), Set::Part(authors));
                }
                proposal.add(
                    dimension,
                    value,
                    Posts { all: posts, of_publishers: publisher_posts, key },
                    Set::Part(authors),
                );
            }
            if let Some(bursts) = &mut bursts {
                observe_phrases(bursts, &all);
            }
            self.table.merge(only);
        } else {
            let known_phrases = known.map(|known| {
                self.minute = known.table;
                known.phrases
            });
            if known_phrases.is_none() {
                self.minute.clear();
            }
            fresh.iter().for_each(|part| self.minute.merge(part));
            if let Some(bursts) = &mut bursts {
                let mut observe = |kind, (_, value, hash, cell): (u8, &str, u64, &Cell)| {
                    observe(bursts, hash, kind, value, (cell.posts, cell.key, cell.texts), Set::Whole(&cell.authors));
                };
                for cell in self.minute.iter() {
                    burst_type(cell.0).into_iter().for_each(|kind| observe(kind, cell));
                }
                if let Some(mut phrases) = known_phrases.filter(|phrases| !phrases.is_empty()) {
                    phrases_of(&all).for_each(|part| phrases.merge(part));
                    phrases.iter().for_each(|cell| observe(BurstType::Phrase, cell));
                } else {
                    observe_phrases(bursts, &all);
                }
            }
            proposal.add_cells(self.minute.iter());
            self.table.absorb(&mut self.minute);
        }
        let pruned = self.table.prune(self.cells_max, self.bytes_max);
        self.counters.cells_pruned += pruned.cells;
        self.counters.posts_pruned += pruned.posts;
        let narrated = self.narrated.remove(&minute.start);
        if let Some(bursts) = bursts {
            for NarrativeCount { id, posts, authors, key, originals } in narrated.into_iter().flatten() {
                let value = id.to_string();
                let hash = hash_word(&value);
                // Which texts they are is not told: no original is one of any other minute.
                let first = hash.wrapping_add((minute.start as u64) << 20);
                let enough = 8 * u64::from(TextBits::BITS);
                let texts = (0..originals.clamp(1, enough)).map(|nth| first.wrapping_add(nth)).collect();
                observe(bursts, hash, BurstType::Narrative, &value, (posts, key, texts), Set::Whole(&authors));
            }
            let (table, named_before) = (&self.table, &self.named_before);
            self.told.push(bursts.end(&mut |kind, value| {
                // What somebody writes as a name is one for all who write it in small letters.
                let is_written_as_name = || {
                    let hash = name_of_phrase(value);
                    table.get(Dimension::Term.index(), hash).is_some() || named_before.binary_search(&hash).is_ok()
                };
                let is_name = kind == BurstType::Phrase && is_written_as_name();
                proposal.name_publishers(kind, value).or_else(|| is_name.then(|| proposal.carried(value)))
            }));
        }
        proposal.emit(minute, &self.watch_names, emit);
    }

    fn close_longer(&mut self, before_unix: i64, emit: &mut dyn FnMut(VolumeCandidate)) {
        if let Some(hour) = self.hour.take_if(|hour| hour.end() <= before_unix) {
            let mut proposal = Proposal::new(self.k, hour, &self.names, &self.carriers);
            proposal.add_cells(self.table.iter());
            proposal.emit(hour, &self.watch_names, emit);
            self.table.fold();
        }
        if let Some(day) = self.day.take_if(|day| day.end() <= before_unix) {
            let mut proposal = Proposal::new(self.k, day, &self.names, &self.carriers);
            proposal.add_cells(self.table.iter_folded());
            proposal.emit(day, &self.watch_names, emit);
            let is_name = |dimension, value: &str| dimension == Dimension::Term.index() && value.contains(' ');
            let named = self.table.iter_folded().filter(|(dimension, value, ..)| is_name(*dimension, value));
            self.named_before = named.map(|(_, _, hash, _)| hash).collect();
            self.named_before.sort_unstable();
            self.table.clear();
        }
    }
}

/// Distinct authors above which the bits that stand for them are as good as all set.
const BITS_AUTHORS_MAX: u64 = 320;

fn burst_type(dimension: u8) -> Option<BurstType> {
    Dimension::from_index(dimension).and_then(BurstType::of)
}

fn observe(
    bursts: &mut Bursts,
    hash: u64,
    kind: BurstType,
    value: &str,
    (posts, key, texts): (u64, CellKey, TextBits),
    authors: Set<'_>,
) {
    let of = |tokens: &[u64]| {
        let mut bits = AuthorBits::default();
        tokens.iter().for_each(|token| bits.insert(*token));
        bits
    };
    let (count, bits) = match authors {
        Set::Part(authors) => {
            let exact = authors.exact().filter(|tokens| tokens.len() as u64 <= BITS_AUTHORS_MAX);
            (authors.count(), exact.map_or(AuthorBits::FULL, of))
        }
        Set::Whole(distinct) if distinct.count() <= BITS_AUTHORS_MAX => {
            let mut bits = AuthorBits::default();
            distinct.each_exact(|token| bits.insert(token));
            (distinct.count(), bits)
        }
        Set::Whole(distinct) => (distinct.count(), AuthorBits::FULL),
    };
    bursts.observe(&Counted { hash, kind, value, posts, authors: count, bits, key, texts });
}

fn phrases_of<'a>(parts: &[&'a Summary]) -> impl Iterator<Item = &'a Summary> + Clone {
    parts.iter().filter_map(|part| part.beside())
}

/// Takes what was counted of phrases. Summaries have them by hash, so no table is needed to add them up, and those of one partition come
/// one after the other.
fn observe_phrases(bursts: &mut Bursts, parts: &[&Summary]) {
    Summary::each_by_hash(phrases_of(parts), &mut |parts| {
        if let [CellRef { hash, value, posts, key, texts, authors, .. }] = *parts {
            observe(bursts, hash, BurstType::Phrase, value, (posts, key, texts), Set::Part(authors));
        } else if let Some(CellRef { hash, value, .. }) = parts.first() {
            let Cell { posts, key, texts, authors, .. } = CellRef::sum(parts);
            observe(bursts, *hash, BurstType::Phrase, value, (posts, key, texts), Set::Whole(&authors));
        }
    });
}

/// Marks what looks like a name in a text as it would be shown. Words at which nothing may be shown part the others.
fn mark_names_in(words: &mut [SharedWord]) {
    let (mut analyzer, mut analysis, mut finder) = (Analyzer::new(), Analysis::new(), NameFinder::new());
    let mut spans = Vec::new();
    for stretch in words.split_mut(|word| word.value.is_empty()) {
        let mut text = String::new();
        let places: Vec<(usize, usize)> = stretch
            .iter()
            .map(|word| {
                text.extend((!text.is_empty()).then_some(' '));
                let from = text.len();
                text.push_str(&word.value);
                (from, text.len())
            })
            .collect();
        analyzer.tokenize(&text, &mut analysis);
        finder.find(&text, &analysis, &mut spans);
        // By the letters and not by the number of the word: words can be cut otherwise here than where they were written, above all
        // where none are parted by spaces.
        for span in &spans {
            let named = &analysis.words[span.words()];
            let (Some(first), Some(last)) = (named.first(), named.last()) else { continue };
            let (from, to) = (first.raw.0 as usize, last.raw.1 as usize);
            for (word, _) in stretch.iter_mut().zip(&places).filter(|(_, place)| place.0 < to && from < place.1) {
                word.name_like = true;
            }
        }
    }
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    names
}

fn first<T>(minutes: &BTreeMap<i64, T>) -> Option<i64> {
    minutes.first_key_value().map(|(start, _)| *start)
}

/// What one shard has counted of windows that are still open, as numbers: a checkpoint's part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedShard {
    closed_before: Option<i64>,
    hour: Option<Window>,
    day: Option<Window>,
    table: SavedCells,
    minutes: Vec<(i64, SavedMinute)>,
    /// Every shard's is the same.
    carriers: Known,
    named_before: Vec<u64>,
    /// Where bursts are looked for.
    bursts: Option<SavedBursts>,
}

/// What one shard has counted of a minute that is still open, and the names that publishers carried in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedMinute {
    cells: SavedCells,
    /// Without their words: of pairs of words, whoever reads what is written could put posts together again.
    phrases: SavedCells,
    carried: Vec<Carried>,
    /// Posts in all shards.
    seen: u64,
}

impl Merger {
    /// The minutes of which something is here and which are still open: an earlier run counted it, or a worker has closed a
    /// minute that others have not.
    pub fn open_minutes(&self) -> impl Iterator<Item = Window> {
        self.restored.keys().chain(self.minutes.keys()).map(|start| Window { step: Step::Minute, start: *start })
    }

    /// What was counted of one open minute: what an earlier run left, what workers have closed, and the parts of those that
    /// have not. What was added up for the last checkpoint is gone on with, unless parts of it are no longer there. One at a time, so
    /// that a checkpoint needs the memory of one minute and not of all.
    pub fn save_minute<'a>(&mut self, minute: Window, parts: impl Iterator<Item = &'a Summary>) -> SavedMinute {
        let given: Vec<&Summary> = parts.collect();
        let closed = self.minutes.remove(&minute.start);
        let parts: Vec<&Summary> = closed.iter().flatten().chain(given).collect();
        let looked = self.looked.remove(&minute.start).filter(|looked| looked.is_of(&parts));
        let mut looked = looked.or_else(|| self.restored.get(&minute.start).cloned()).unwrap_or_else(Looked::new);
        for part in parts.iter().copied() {
            // Without a number it is not known again.
            if part.stretch() == 0 || !looked.has(part) {
                looked.add(part);
            }
        }
        looked.carried.sort_unstable();
        looked.carried.dedup();
        let saved = looked.saved.take().unwrap_or_else(|| SavedMinute {
            cells: looked.table.save(),
            phrases: looked.save_phrases(&parts),
            carried: looked.carried.clone(),
            seen: looked.seen,
        });
        looked.saved = Some(saved.clone());
        let stretches = &looked.stretches;
        if !stretches.is_empty() && !stretches.contains(&0) {
            self.looked.insert(minute.start, looked);
        }
        self.minutes.extend(closed.map(|closed| (minute.start, closed)));
        saved
    }

    /// Forgets what a checkpoint has added up of an open minute: something of it was deleted. The next one adds it up anew.
    pub fn forget_looked(&mut self, minute: Window) {
        self.looked.remove(&minute.start);
    }

    /// [`Self::forget_looked`] of all minutes: for a cluster, whose processes do not hear of each other's deletions.
    pub fn forget_all_looked(&mut self) {
        self.looked.clear();
    }

    /// What it has counted, with the minutes that [`Self::save_minute`] gave. Call it between two calls of [`Self::close`],
    /// when everything that the workers closed has been merged and closed here, too.
    pub fn save(&mut self, minutes: Vec<(i64, SavedMinute)>) -> SavedShard {
        // Not kept for the next checkpoint of the same minute, which would find it unchanged: it is as large as what it is written of.
        SavedShard {
            closed_before: Some(self.closed_before).filter(|before| *before > i64::MIN),
            hour: self.hour,
            day: self.day,
            table: self.table.save(),
            minutes,
            carriers: self.carriers.clone(),
            named_before: self.named_before.clone(),
            bursts: self.bursts.as_ref().map(Bursts::save),
        }
    }

    /// Takes back what an earlier run saved, before anything is merged: of every saved shard the cells that are now this
    /// one's, whatever the number of shards was then.
    pub fn restore(&mut self, saved: &[SavedShard], shard: usize, shards: usize) {
        let is_mine = |cell: &SavedCell<'_>| {
            Dimension::from_index(cell.dimension)
                .is_some_and(|dimension| shard_of(dimension, cell.hash, shards) == shard)
        };
        let is_my_hash = |hash: u64| owner_of(partition_of(hash), shards) == shard;
        for part in saved {
            self.closed_before = self.closed_before.max(part.closed_before.unwrap_or(i64::MIN));
            // Shards close minutes together, so all that saw the hour or the day name the same.
            self.hour = self.hour.max(part.hour);
            self.day = self.day.max(part.day);
            part.table.iter().filter(is_mine).for_each(|cell| self.table.restore(&cell));
            self.carriers.merge(&part.carriers);
            self.named_before.extend(part.named_before.iter().filter(|hash| is_my_hash(**hash)));
            if let (Some(bursts), Some(saved)) = (&mut self.bursts, &part.bursts) {
                bursts.restore(saved, shard == 0, &|partition| owner_of(partition, shards) == shard);
            }
            for (start, minute) in &part.minutes {
                let cells = || minute.cells.iter().filter(is_mine);
                let phrases = || minute.phrases.iter().filter(|phrase| is_my_hash(phrase.hash));
                let is_nothing = minute.seen == 0 && minute.carried.is_empty();
                if is_nothing && cells().chain(phrases()).next().is_none() {
                    continue;
                }
                let restored = self.restored.entry(*start).or_insert_with(Looked::new);
                // Every shard has seen as much.
                restored.seen = restored.seen.max(minute.seen);
                restored.carried.extend_from_slice(&minute.carried);
                cells().for_each(|cell| restored.table.restore(&cell));
                phrases().for_each(|phrase| restored.phrases.restore(&phrase));
            }
        }
        self.named_before.sort_unstable();
    }
}

#[cfg(debug_assertions)]
impl Merger {
    /// Everything that is held of closed minutes, hours and days.
    pub fn held(&self) -> super::Held {
        let mut held = super::Held::default();
        self.minutes.values().flatten().for_each(|summary| held.add_summary(summary));
        let open = self.restored.values().chain(self.looked.values());
        let open = open.flat_map(|looked| [&looked.table, &looked.phrases]);
        let tables = open.chain([&self.table, &self.minute]);
        tables.for_each(|table| held.add_table(table));
        held
    }
}

impl fmt::Debug for Merger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Merger({} minutes and {} cells open, redacted)", self.minutes.len(), self.table.len())
    }
}

#[derive(Clone, Copy)]
enum Set<'a> {
    Part(Authors<'a>),
    Whole(&'a Distinct),
}

#[derive(Clone, Copy)]
struct Posts {
    all: u64,
    of_publishers: u64,
    key: CellKey,
}

/// Candidates of one window in the making.
struct Proposal<'a> {
    k: u64,
    names: &'a NameFinder,
    known: &'a Known,
    before_unix: i64,
    tells_tone: bool,
    /// By dimension.
    tables: [Vec<CandidateCell>; Dimension::COUNTED],
}

impl<'a> Proposal<'a> {
    fn new(k: u64, window: Window, names: &'a NameFinder, known: &'a Known) -> Self {
        let tells_tone = window.step == Step::Hour;
        Self { k, names, known, before_unix: window.end(), tells_tone, tables: Default::default() }
    }

    /// Of what looks like a person's name, how many publishers carried it: terms of several words, which only names are, and terms
    /// and hashtags that are a name run together, or that somebody spelt so.
    fn name_publishers(&self, kind: BurstType, value: &str) -> Option<u32> {
        let is_one = |value: &str| self.names.joined(value) || self.known.is_spelt(name_key(value), self.before_unix);
        if kind == BurstType::Phrase {
            let words: Vec<&str> = value.split(' ').collect();
            let is_spelt = || self.known.is_spelt(name_key(&words.concat()), self.before_unix);
            let may_be_one = || matches!(words[..], [one, other] if self.names.may_be_pair(one, other));
            let together = self.names.phrase(&words) || may_be_one() || is_spelt();
            let named = words.iter().copied().filter(|word| is_one(word)).chain(together.then_some(value));
            return named.map(|name| self.carried(name)).min();
        }
        let in_one = || is_one(value);
        let is_name = match kind {
            BurstType::Term => value.contains(' ') || in_one(),
            BurstType::Hashtag => in_one(),
            _ => false,
        };
        is_name.then(|| self.carried(value))
    }

    /// How many publishers carried a name.
    fn carried(&self, name: &str) -> u32 {
        self.known.publishers(name_key(name), self.before_unix)
    }

    fn add_cells<'c>(&mut self, cells: impl Iterator<Item = (u8, &'c str, u64, &'c Cell)>) {
        for (dimension, value, _, cell) in cells {
            let Cell { posts, publisher_posts, key, ref authors, .. } = *cell;
            self.add(dimension, value, Posts { all: posts, of_publishers: publisher_posts, key }, Set::Whole(authors));
        }
    }

    #[inline]
    fn add(&mut self, dimension: u8, value: &str, posts: Posts, authors: Set<'_>) {
        let Posts { all: posts, of_publishers: publisher_posts, key } = posts;
        let Some(known) = Dimension::from_index(dimension) else { return };
        let could_pass = || {
            posts == publisher_posts
                || match authors {
                    Set::Part(authors) => authors.has_at_least(self.k),
                    Set::Whole(distinct) => distinct.has_at_least(self.k),
                }
        };
        if known.is_open_ended() && !could_pass() || known == Dimension::Tone && !self.tells_tone {
            return;
        }
        let authors = match (authors, known.is_folded()) {
            (Set::Part(authors), true) => authors.to_distinct(),
            (Set::Whole(distinct), true) => distinct.clone(),
            // Sets are large, and of these nobody asks for more than the number.
            (Set::Part(authors), false) => Distinct::of_number(authors.count()),
            (Set::Whole(distinct), false) => Distinct::of_number(distinct.count()),
        };
        let name_publishers = BurstType::of(known).and_then(|kind| self.name_publishers(kind, value));
        let cell = CandidateCell { value: value.to_owned(), posts, publisher_posts, key, authors, name_publishers };
        self.tables[usize::from(dimension)].push(cell);
    }

    /// Hands out what there is, and a list of all watches where the total says that the window was seen here.
    fn emit(self, window: Window, watch_names: &[String], emit: &mut dyn FnMut(VolumeCandidate)) {
        let seen = !self.tables[usize::from(Dimension::Total.index())].is_empty();
        let known = |name: &str| watch_names.binary_search_by(|known| known.as_str().cmp(name)).is_ok();
        for (dimension, mut cells) in (0..).map_while(Dimension::from_index).zip(self.tables) {
            cells.sort_unstable_by(|a, b| a.value.cmp(&b.value));
            match dimension {
                Dimension::Watch if seen => cells = with_quiet(cells, watch_names),
                // Nothing is said of a watch that is in no register, nor of its parts, nor of its tone.
                Dimension::Clause => cells.retain(|cell| known(clause_of_value(&cell.value).0)),
                Dimension::Tone => cells.retain(|cell| known(tone_of_value(&cell.value).0)),
                _ => {}
            }
            if !cells.is_empty() {
                emit(VolumeCandidate { window, dimension, cells });
            }
        }
    }
}

/// One cell for each watch; both lists are sorted. What was counted of a watch that is asked for no more (it was removed while the
/// window was open, by a reload or between two runs) is left out: nothing is said of a watch that is in no register.
fn with_quiet(cells: Vec<CandidateCell>, watch_names: &[String]) -> Vec<CandidateCell> {
    let mut counted = cells.into_iter().peekable();
    let mut all = Vec::with_capacity(watch_names.len());
    for name in watch_names {
        while counted.next_if(|cell| cell.value < *name).is_some() {}
        all.push(counted.next_if(|cell| cell.value == *name).unwrap_or_else(|| CandidateCell {
            value: name.clone(),
            posts: 0,
            publisher_posts: 0,
            key: CellKey::default(),
            authors: Distinct::new(),
            name_publishers: None,
        }));
    }
    all
}
