//! [`Bursts`]: one shard's subjects, minute by minute.

use std::fmt;

use groundswell_gate::{AuthorBits, BurstType};
use groundswell_sketch::{CellKey, PARTITIONS, TextBits, partition_of};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::{Deserialize, Serialize};

use super::config::{BurstConfig, BurstCounters, LIFE_MINUTES_MAX, OPEN_BELOW, Reach, Scale};
use super::exposure::Exposure;
use super::subject::{Earlier, Expected, Kept, Lately, Look, SCATTERS, Scatter, ScatterSum, Slot, Subject};
use super::tail::log10_at_least;
use super::texts::TextsOf;

mod often;
mod saved;

use often::Often;
pub use saved::SavedBursts;

/// Covered blocks of two hours before anything is looked at for five minutes or an hour, and for a day. What swings with the day (a
/// language, the whole) has to be seen for two days first.
const WARM_BLOCKS: f64 = 2.2;
const WARM_DAY_BLOCKS: f64 = 21.0;
/// A day is looked at once in so many minutes.
const DAY_LOOK_EVERY: u32 = 10;
/// An open burst goes on while its looks are less likely than this.
const HOT_BELOW: f64 = 1e-3;
/// Of how unlikely a look is, in decades, so much its authors must carry: one account's posts carry none of it. Not all, since who writes
/// twice is seen where there is much to read, and so a burst has fewer authors a post than everyday talk.
const CARRIED: f64 = 0.75;
/// Posts of a subject in a look by mere chance, at least, for it to be counted among those that could raise a false alert: of less loud
/// ones k authors come together by accident less than once in a billion looks.
const LOOKED_AT_MEAN: f64 = 0.3;
/// A subject that has burst before is told of again where it is louder than then: less likely than this at the same level, which may
/// itself be off by a third.
const RECORD_BELOW: f64 = 0.01;
const RECORD_SHAPE: f64 = 10.0;
/// Bursts less likely than this are remembered.
const RECORDED_BELOW: f64 = 1e-7;
/// Posts from which on a subject is followed; before, they are only counted, in sixteen bytes.
const YOUNG_POSTS: u32 = 4;
/// Of phrases that come once an hour, the counts of late ([`Often`]) do not come to so many.
const UNFOLLOWED_AN_HOUR: f64 = 1.0;
/// Scatter that is taken for granted before any is measured, and how many looks' worth it is.
const SCATTER_PRIOR: f64 = 0.05;
const SCATTER_PRIOR_WORTH: f64 = 20.0;
/// While less than this of what there is can be heard, no burst of the whole begins: how much is missed is a guess.
const HEARD_MIN: f32 = 0.5;
/// Blocks between two counts of the subjects that are looked at.
const BLOCK_MINUTES: u32 = super::exposure::BLOCK_MINUTES;

/// What was counted of a subject in a closed minute, over all workers.
#[derive(Clone, Copy)]
pub struct Counted<'a> {
    /// Of kind and value, the same in every process.
    pub hash: u64,
    /// What kind of thing.
    pub kind: BurstType,
    /// Which.
    pub value: &'a str,
    /// All posts.
    pub posts: u64,
    /// Distinct authors.
    pub authors: u64,
    /// The same as bits.
    pub bits: AuthorBits,
    /// Which posts.
    pub key: CellKey,
    /// How many different texts, where that is known.
    pub texts: TextBits,
}

impl fmt::Debug for Counted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted(redacted)")
    }
}

/// What is new of a burst that is open or has just ended.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct BurstNews {
    /// Of kind and value.
    pub hash: u64,
    /// What kind of thing.
    pub kind: BurstType,
    /// Which.
    pub value: String,
    /// Of what looks like a person's name: how many publishers carried it.
    pub name_publishers: Option<u32>,
    /// Where it began to rise, Unix seconds.
    pub start: i64,
    /// The busiest stretch of the look that was least likely.
    pub peak: i64,
    /// When it was last above its baseline, once it is over.
    pub end: Option<i64>,
    /// That look.
    pub scale: Scale,
    /// Its first second.
    pub from: i64,
    /// Exclusive.
    pub to: i64,
    /// Posts in it.
    pub posts: u64,
    /// Distinct authors in it, or fewer.
    pub authors: u64,
    /// The same as bits, to see whether two bursts are the same people's.
    pub bits: AuthorBits,
    /// Which posts.
    pub key: CellKey,
    /// What the baseline foretold for it.
    pub expected: f64,
    /// What one post in the baseline adds to that.
    pub expected_of_one: f64,
    /// How far counts scatter: variance = mean + mean² / shape.
    pub shape: f64,
    /// Posts that the baseline rests on.
    pub known: f64,
    /// Covered blocks of two hours that the baseline rests on.
    pub windows: u32,
    /// How likely it is by accident, decimal logarithm.
    pub log10_p: f64,
    /// What one post more changes in that.
    pub log10_p_of_one: f64,
    /// Least coverage of a minute since the look's beginning.
    pub coverage: f32,
}

impl fmt::Debug for BurstNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BurstNews(redacted)")
    }
}

/// What one shard says of one closed minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardMinute {
    /// First second of the minute.
    pub minute: i64,
    /// Looks a day at subjects that could raise a false alert, overlapping ones counted for what they are worth.
    pub looks_a_day: f64,
    /// Bursts that opened, changed or ended.
    pub news: Vec<BurstNews>,
    /// Texts of those that are open, by hash of the subject: of this minute, and of one that has opened of some before it as well.
    pub texts: Vec<(u64, TextsOf)>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Open {
    hash: u64,
    /// When it was found.
    since: u32,
    /// The minute after the last in which it was hot.
    hot_end: u32,
    /// The scale at which it was found, or a longer one once it has lasted so long.
    scale: Scale,
    news: BurstNews,
    changed: bool,
    /// Posts for an exposure where it was loudest, by reach of the look.
    loudest: [f32; Reach::ALL.len()],
    /// How its subject stood before it, as the look that found it had it.
    before: Option<Lately>,
}

impl Open {
    fn note_loudest(&mut self, look: &Look, exposure: &Exposure, minute: u32) {
        let exposed = exposure.between(look.first, minute);
        let loudest = &mut self.loudest[look.reach as usize];
        *loudest = loudest.max((f64::from(look.sum.posts) / exposed.max(1e-9)) as f32);
    }
}

/// Of one partition, of the phrases of one partition, or of the kinds that are not spread.
struct Part {
    /// How many are followed, and how many of these are not packed.
    max: usize,
    awake_max: usize,
    subjects: HashMap<u64, Kept>,
    /// Those that are not packed.
    awake: Vec<u64>,
    /// Those with hardly a post yet: most words come once.
    young: HashMap<u64, Young>,
    /// In place of that, of phrases: there are many more of them, of which next to all come once.
    often: Option<Often>,
    pools: [Pool; POOLS],
    open: Vec<Open>,
    /// After a restart, for a day: how many authors subjects had before it.
    earlier: HashMap<u64, Earlier>,
    /// Posts for an exposure of the loudest subject that was forgotten.
    floor: f64,
}

#[derive(Clone, Copy)]
struct Young {
    /// The last minute in which it was seen.
    last: u32,
    posts: u32,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Pool {
    scatter: [f64; SCATTERS],
    weight: [f64; SCATTERS],
    now: Scatter,
    coming: ScatterSum,
}

impl Pool {
    fn start() -> Self {
        let mut pool = Self {
            scatter: [SCATTER_PRIOR * SCATTER_PRIOR_WORTH; SCATTERS],
            weight: [SCATTER_PRIOR_WORTH; SCATTERS],
            ..Self::default()
        };
        pool.settle();
        pool
    }

    /// What was noted in this minute counts from the next on.
    fn settle(&mut self) {
        const UNIT: f64 = (1 << 20) as f64;
        let coming = std::mem::take(&mut self.coming);
        for which in 0..SCATTERS {
            self.scatter[which] += coming.scatter[which] as f64 / UNIT;
            self.weight[which] += coming.weight[which] as f64 / UNIT;
        }
        let of = |which: usize| (self.scatter[which] / self.weight[which].max(1e-9)).clamp(0.0, 20.0);
        self.now = Scatter { ten_minutes: of(0), block: of(1), day: of(2), in_block: of(3) };
    }

    fn fade(&mut self, kept: f64) {
        for which in 0..SCATTERS {
            self.scatter[which] = self.scatter[which] * kept + (1.0 - kept) * SCATTER_PRIOR * SCATTER_PRIOR_WORTH;
            self.weight[which] = self.weight[which] * kept + (1.0 - kept) * SCATTER_PRIOR_WORTH;
        }
    }
}

/// One shard's subjects and their bursts.
pub struct Bursts {
    config: BurstConfig,
    parts: Vec<Part>,
    /// All posts, for everything but the total.
    posts: Exposure,
    /// Covered minutes, for the total.
    covered: Exposure,
    minute: Option<u32>,
    /// Least coverage of late.
    coverage: f32,
    /// Coverage of the minute that has begun.
    heard: f32,
    looks_a_day: f64,
    counters: BurstCounters,
    /// Of the minute that has begun.
    texts: Vec<(u64, TextsOf)>,
    /// Where subjects are packed.
    packing: Vec<u8>,
}

/// The parts of kinds that are not spread: few, and with shard 0; of narratives, which are with their owner and begin anew after a
/// restart, under other ids; and the first of the parts of phrases, which so push nothing else out.
const FEW_PART: usize = PARTITIONS;
const NARRATIVES_PART: usize = PARTITIONS + 1;
const PHRASES_PART: usize = PARTITIONS + 2;
const PARTS: usize = PHRASES_PART + PARTITIONS;

fn part_of(kind: BurstType, hash: u64) -> usize {
    match kind {
        BurstType::Narrative => NARRATIVES_PART,
        BurstType::Phrase => PHRASES_PART + partition_of(hash),
        kind if kind.is_open_ended() => partition_of(hash),
        _ => FEW_PART,
    }
}

/// A pool for each kind of subject, by index. Fixed: checkpoints hold them.
const POOLS: usize = BurstType::ALL.len();

impl Bursts {
    /// One that has seen nothing.
    pub fn new(config: BurstConfig) -> Self {
        // All the room at once: a table that doubles holds twice its room for a while, and memory is to be as large in the first hour as in
        // the hundredth. Of what is never written to, the system gives none.
        let part = |number| {
            let is_of_phrases = number >= PHRASES_PART;
            let (max, awake_max) = if is_of_phrases {
                (config.part_phrases_max(), config.part_phrases_awake_max())
            } else {
                (config.part_max(), config.part_awake_max())
            };
            Part {
                max,
                awake_max,
                subjects: HashMap::with_capacity(max),
                awake: Vec::new(),
                young: HashMap::with_capacity(if is_of_phrases { 0 } else { config.young_max() }),
                often: is_of_phrases.then(|| Often::new(max)),
                pools: [Pool::start(); POOLS],
                open: Vec::new(),
                earlier: HashMap::default(),
                floor: 0.0,
            }
        };
        Self {
            parts: (0..PARTS).map(part).collect(),
            config,
            posts: Exposure::new(0),
            covered: Exposure::new(0),
            minute: None,
            coverage: 1.0,
            heard: 1.0,
            looks_a_day: 0.0,
            counters: BurstCounters::default(),
            texts: Vec::new(),
            packing: Vec::new(),
        }
    }

    /// Which bounds were reached.
    pub fn counters(&self) -> BurstCounters {
        self.counters
    }

    /// Subjects that it follows.
    pub fn subjects(&self) -> usize {
        self.parts.iter().map(|part| part.subjects.len()).sum()
    }

    /// Subjects of which it only knows that they have been seen.
    pub fn young(&self) -> usize {
        self.parts.iter().map(|part| part.young.len()).sum()
    }

    /// Begins a closed minute, later than the one before: how many posts of persons all shards have of it, and what share of what
    /// should have been listened to was.
    pub fn begin(&mut self, start_unix: i64, posts: u64, coverage: f32) {
        let minute = u32::try_from(start_unix.div_euclid(60)).unwrap_or(0);
        let last = if let Some(last) = self.minute {
            last
        } else {
            // A day before the first one, so that looks back find nothing.
            let before = minute.saturating_sub(2_048);
            (self.posts, self.covered) = (Exposure::new(before), Exposure::new(before));
            before
        };
        self.minute = Some(minute);
        let coverage = coverage.clamp(0.0, 1.0);
        self.heard = coverage;
        self.posts.add(minute, posts as f64);
        self.covered.add(minute, f64::from(coverage));
        // Forgets a gap slowly: it says "a source had a gap then", and a look may reach a day back.
        self.coverage = coverage.min(self.coverage + (1.0 - self.coverage) * 0.05);
        if minute / BLOCK_MINUTES != last / BLOCK_MINUTES {
            let kept = self.posts.scatter_kept();
            self.parts.iter_mut().flat_map(|part| &mut part.pools).for_each(|pool| pool.fade(kept));
            let blocks = minute / BLOCK_MINUTES - last / BLOCK_MINUTES;
            self.parts.iter_mut().filter_map(|part| part.often.as_mut()).for_each(|often| often.fade(blocks));
            self.count_looks();
            for part in self.parts.iter_mut().filter(|part| !part.earlier.is_empty()) {
                part.earlier.retain(|_, earlier| !earlier.is_over(minute));
            }
        }
    }

    /// Takes what was counted of a subject in the minute that has begun. Each subject once.
    pub fn observe(&mut self, counted: &Counted<'_>) {
        let Some(minute) = self.minute.filter(|_| counted.posts > 0) else { return };
        let part = &mut self.parts[part_of(counted.kind, counted.hash)];
        let exposure = if counted.kind == BurstType::Total { &self.covered } else { &self.posts };
        let pool = &mut part.pools[usize::from(counted.kind.index())];
        let subject = match part.subjects.entry(counted.hash) {
            Entry::Occupied(known) => known.into_mut().wake(&mut part.awake),
            Entry::Vacant(new) => {
                let now = u32::try_from(counted.posts).unwrap_or(u32::MAX);
                let mut floor = part.floor;
                let before = if let Some(often) = &mut part.often {
                    let before = often.posts(counted.hash);
                    if before.saturating_add(now) < YOUNG_POSTS {
                        often.note(counted.hash, now);
                        return;
                    }
                    // So often it may have come for weeks, and it would not have been followed.
                    floor = floor.max(UNFOLLOWED_AN_HOUR / (60.0 * exposure.a_minute()).max(1.0));
                    before
                } else {
                    let before = part.young.get(&counted.hash).map_or(0, |young| young.posts);
                    let posts = before.saturating_add(now);
                    if posts < YOUNG_POSTS {
                        part.young.insert(counted.hash, Young { last: minute, posts });
                        return;
                    }
                    part.young.remove(&counted.hash);
                    before
                };
                let index = counted.kind.index();
                let subject = Subject::new(counted.hash, index, minute, exposure, floor, before);
                part.awake.push(counted.hash);
                new.insert(Kept::new(subject)).wake(&mut part.awake)
            }
        };
        subject.roll(minute, exposure, pool.now, &mut pool.coming);
        let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let (posts, authors) = (narrow(counted.posts), narrow(counted.authors));
        subject.add(&Slot {
            bits: counted.bits,
            texts: counted.texts,
            posts,
            authors,
            key: counted.key.bits(),
            most: authors,
        });
        let swings = !counted.kind.is_open_ended();
        let warm = if swings { exposure.slow_blocks >= WARM_DAY_BLOCKS } else { exposure.fast_blocks >= WARM_BLOCKS };
        let guessed = counted.kind == BurstType::Total && self.heard < HEARD_MIN;
        if !warm || guessed {
            return;
        }
        let scatter = pool.now;
        let open = subject.open.then(|| part.open.iter_mut().find(|open| open.hash == counted.hash)).flatten();
        if open.is_some() {
            self.texts.push((counted.hash, TextsOf { minute, texts: counted.texts }));
        }
        let held = open.as_ref().and_then(|open| open.before);
        let looks = looks(subject, part.earlier.get(&counted.hash), exposure, scatter, self.config.k, held);
        let is_news = |best: &&Best| {
            subject.open
                || best.log10_p <= OPEN_BELOW.log10() && {
                    // What it did before it may do again.
                    let record = subject.record(&best.look, exposure);
                    record <= 0.0
                        || log10_at_least(f64::from(best.look.sum.posts), record, RECORD_SHAPE) <= RECORD_BELOW.log10()
                }
        };
        let least = looks.iter().flatten().filter(is_news).min_by(|a, b| a.log10_p.total_cmp(&b.log10_p));
        let Some(best) = least else { return };
        if subject.open {
            let Some(open) = open else { return };
            let lasted = minute - (open.news.start / 60) as u32;
            for hot in looks.iter().flatten() {
                open.note_loudest(&hot.look, exposure, minute);
                // What is a burst for minutes is loud for the whole hour; it is an hour's burst when it has lasted for one.
                let scale = hot.look.reach.scale();
                let long_enough = match scale {
                    Scale::Minutes => 0,
                    Scale::Hour => 45,
                    Scale::Day => 20 * 60,
                };
                if lasted >= long_enough || scale <= open.scale {
                    open.scale = open.scale.max(scale);
                    open.hot_end = open.hot_end.max(hot.last_hot(subject));
                }
            }
            if best.log10_p < open.news.log10_p {
                best.tell(subject, exposure, self.coverage, self.config.k, &mut open.news);
                open.changed = true;
            }
        } else if counted.value.is_empty() {
            // A phrase whose words a checkpoint has not kept: it is found in the next minute.
        } else if part.open.len() < self.config.open_max {
            let start = best.onset(subject, self.config.k);
            let mut news = BurstNews {
                hash: counted.hash,
                kind: counted.kind,
                value: counted.value.to_owned(),
                name_publishers: None,
                start: i64::from(start) * 60,
                peak: 0,
                end: None,
                scale: best.look.reach.scale(),
                from: 0,
                to: 0,
                posts: 0,
                authors: 0,
                bits: AuthorBits::default(),
                key: CellKey::default(),
                expected: 0.0,
                expected_of_one: 0.0,
                shape: 1.0,
                known: 0.0,
                windows: 0,
                log10_p: 0.0,
                log10_p_of_one: 0.0,
                coverage: 1.0,
            };
            best.tell(subject, exposure, self.coverage, self.config.k, &mut news);
            subject.begin_burst(start);
            let (hash, scale) = (counted.hash, best.look.reach.scale());
            let mut open = Open {
                hash,
                since: minute,
                hot_end: minute + 1,
                scale,
                news,
                changed: true,
                loudest: [0.0; Reach::ALL.len()],
                before: best.expected.lately,
            };
            looks.iter().flatten().for_each(|hot| open.note_loudest(&hot.look, exposure, minute));
            part.open.push(open);
            self.texts.extend(subject.texts().map(|texts| (hash, texts)));
        } else {
            self.counters.bursts_left_out += 1;
        }
    }

    /// Ends the minute. `publishers` says of a subject that looks like a person's name how many publishers carried it.
    pub fn end(&mut self, publishers: &mut dyn FnMut(BurstType, &str) -> Option<u32>) -> ShardMinute {
        let minute = self.minute.unwrap_or_default();
        let mut told = ShardMinute {
            minute: i64::from(minute) * 60,
            looks_a_day: self.looks_a_day,
            news: Vec::new(),
            texts: std::mem::take(&mut self.texts),
        };
        for part in &mut self.parts {
            let max = part.max;
            part.pools.iter_mut().for_each(Pool::settle);
            part.often.iter_mut().for_each(Often::settle);
            let (subjects, counters) = (&mut part.subjects, &mut self.counters);
            part.open.retain_mut(|open| {
                let outlived = minute >= open.since + LIFE_MINUTES_MAX;
                // When it is found to be over must say no more than the end that is told.
                let end = open.hot_end.next_multiple_of(open.news.scale.grid_minutes());
                if outlived || minute + 1 >= end + open.scale.quiet_minutes() {
                    open.news.end = Some(i64::from(open.hot_end) * 60);
                    if let Some(Kept::Awake(subject)) = subjects.get_mut(&open.hash) {
                        // What was hardly more than chance is no record.
                        let sure = open.news.log10_p <= RECORDED_BELOW.log10();
                        subject.end_burst(open.hot_end, if sure { open.loudest } else { Default::default() });
                        if outlived {
                            counters.bursts_outlived += 1;
                            let total = open.news.kind == BurstType::Total;
                            subject.settle(if total { &self.covered } else { &self.posts });
                        }
                    }
                }
                if open.changed || open.news.end.is_some() {
                    open.changed = false;
                    open.news.name_publishers = publishers(open.news.kind, &open.news.value);
                    told.news.push(open.news.clone());
                }
                open.news.end.is_none()
            });
            let young_max = self.config.young_max();
            if part.young.len() > young_max {
                self.counters.subjects_evicted += part.forget_young(minute, young_max);
            }
            if part.subjects.len() > max {
                self.counters.subjects_evicted += part.evict(max, &self.posts);
            }
            if part.awake.len() > part.awake_max {
                part.pack(part.awake_max, &mut self.packing);
            }
        }
        told.news.sort_by(|a, b| (a.kind, &a.value).cmp(&(b.kind, &b.value)));
        told.texts.sort_by_key(|(hash, _)| *hash);
        told
    }

    /// How many subjects are loud enough to be taken for a burst by accident, by scale.
    fn count_looks(&mut self) {
        let mut counts = [0_u64; Reach::ALL.len()];
        for part in &self.parts {
            for subject in part.subjects.values() {
                let (kind, rate) = subject.rate();
                let total = kind == BurstType::Total.index();
                let a_minute = f64::from(rate) * if total { &self.covered } else { &self.posts }.a_minute();
                for (count, reach) in counts.iter_mut().zip(Reach::ALL) {
                    *count += u64::from(a_minute * reach.minutes() >= LOOKED_AT_MEAN);
                }
            }
        }
        self.looks_a_day =
            Reach::ALL.into_iter().zip(counts).map(|(reach, count)| reach.looks_a_day() * count as f64).sum();
    }
}

impl fmt::Debug for Bursts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bursts({} subjects, redacted)", self.subjects())
    }
}

impl Part {
    /// Forgets those of a few posts that have not been seen for a day, or if these are too few, all.
    fn forget_young(&mut self, minute: u32, max: usize) -> u64 {
        let before = self.young.len();
        self.young.retain(|_, young| young.last + 24 * 60 > minute);
        if self.young.len() > max {
            self.young.clear();
        }
        (before - self.young.len()) as u64
    }

    /// Packs those that have not been seen for longest, until three quarters of so many are awake.
    fn pack(&mut self, max: usize, bytes: &mut Vec<u8>) {
        let Self { subjects, awake, .. } = self;
        let mut by_last: Vec<(u32, u64)> = awake
            .iter()
            .filter_map(|hash| match subjects.get(hash)? {
                Kept::Awake(subject) => Some((subject.last, *hash)),
                Kept::Packed { .. } => None,
            })
            .collect();
        by_last.sort_unstable();
        let packed = by_last.len().saturating_sub(max / 4 * 3);
        awake.clear();
        for (place, (_, hash)) in by_last.into_iter().enumerate() {
            let Some(kept) = subjects.get_mut(&hash) else { continue };
            if place < packed {
                kept.pack(bytes);
            }
            if matches!(kept, Kept::Awake(_)) {
                awake.push(hash);
            }
        }
    }

    /// Forgets the quietest subjects, down to three quarters.
    fn evict(&mut self, max: usize, exposure: &Exposure) -> u64 {
        let mut by_loudness: Vec<(u64, u64)> = self
            .subjects
            .values()
            .filter_map(|subject| subject.read(|subject| (!subject.open).then(|| (subject.loudness(), subject.hash))))
            .collect();
        by_loudness.sort_unstable();
        let gone = self.subjects.len().saturating_sub(max / 4 * 3).min(by_loudness.len());
        for (loudness, hash) in &by_loudness[..gone] {
            self.subjects.remove(hash);
            let exposed = exposure.slow + exposure.fast;
            if exposed > 0.0 {
                self.floor = self.floor.max(*loudness as f64 / exposed);
            }
        }
        gone as u64
    }
}

/// A look that is unlikely by accident.
struct Best {
    look: Look,
    log10_p: f64,
    log10_p_of_one: f64,
    expected: Expected,
}

/// Looks of which fewer than one in a thousand are so loud by accident.
fn looks(
    subject: &Subject,
    earlier: Option<&Earlier>,
    exposure: &Exposure,
    pool: Scatter,
    k: u64,
    held: Option<Lately>,
) -> [Option<Best>; Reach::ALL.len()] {
    let mut found = [const { None }; Reach::ALL.len()];
    let enough_in_hour = subject.may_have(k);
    for (reach, found) in Reach::ALL.into_iter().zip(&mut found) {
        let slow = reach.scale() == Scale::Day;
        if !slow && !enough_in_hour {
            continue;
        }
        if slow {
            let turn = subject.last % DAY_LOOK_EVERY == (subject.hash % u64::from(DAY_LOOK_EVERY)) as u32;
            if !turn || reach == Reach::Day && exposure.slow_blocks < WARM_DAY_BLOCKS {
                continue;
            }
        }
        let look = subject.look(reach, earlier);
        if u64::from(look.sum.authors) < k || look.authors < k || !subject.open && look.first < subject.over {
            continue;
        }
        let expected = subject.expected(reach, look.first, exposure, pool, held);
        let posts = f64::from(look.sum.posts);
        // Nearer than three standard deviations nothing is less likely than one in a thousand.
        let above = posts - expected.mean;
        let variance = expected.mean + expected.mean * expected.mean / expected.shape;
        if above <= 0.0 || above * above < 8.0 * variance {
            continue;
        }
        let of_posts = log10_at_least(posts, expected.mean, expected.shape);
        if of_posts > HOT_BELOW.log10() {
            continue;
        }
        let mean_authors = expected.mean * subject.authors_share();
        let of_authors = log10_at_least(
            distinct(&look, subject.slots(reach).map(|(_, _, slot)| slot)),
            mean_authors,
            expected.shape,
        );
        let of_texts =
            log10_at_least(texts(subject.slots(reach).map(|(_, _, slot)| slot)), expected.mean, expected.shape);
        let log10_p = of_posts.max(of_authors / CARRIED).max(of_texts);
        if log10_p <= HOT_BELOW.log10() {
            let less = log10_at_least(posts - 1.0, expected.mean, expected.shape);
            *found = Some(Best { look, log10_p, log10_p_of_one: (of_posts - less).min(0.0), expected });
        }
    }
    found
}

/// Authors of a look: those of its minutes added up, but where 64 bits can still tell, in all of it or in each of its slots, hardly more
/// than there are people. One account that writes every minute is one.
fn distinct(look: &Look, slots: impl Iterator<Item = Slot>) -> f64 {
    let added = f64::from(look.sum.authors);
    let most = |people: f64, variance: f64| people + 2.0 * variance.sqrt() + 1.0;
    let of_all = people(look.sum.bits.at_least()).map_or(added, |(people, variance)| most(people, variance));
    let (mut sum, mut variance) = (0.0, 0.0);
    for slot in slots {
        let (of_slot, its_variance) = people(slot.authors_at_least()).unwrap_or((f64::from(slot.authors), 0.0));
        sum += of_slot;
        variance += its_variance;
    }
    // After a restart the bits begin anew, and only numbers are left of who wrote before.
    added.min(of_all.min(most(sum, variance)).max(look.authors as f64))
}

/// Texts of a look, each counted once: those of its slots added up, but hardly more than all of it can have. Where they are not known
/// (after a restart), or more than bits can tell, they are taken to be as many as posts.
fn texts(slots: impl Iterator<Item = Slot>) -> f64 {
    let most = |bits: TextBits, posts: f64| {
        let counted = linear(bits.at_least(), TextBits::BITS);
        counted.map_or(posts, |(texts, variance)| posts.min(texts + 2.0 * variance.sqrt()))
    };
    let (mut unknown, mut known, mut added, mut all) = (0.0, 0.0, 0.0, TextBits::UNKNOWN);
    for slot in slots {
        let posts = f64::from(slot.posts);
        if slot.texts == TextBits::UNKNOWN {
            unknown += posts;
        } else {
            known += posts;
            added += most(slot.texts, posts);
            all = all.union(slot.texts);
        }
    }
    unknown + most(all, known).min(added)
}

/// People of whom so many of 64 bits are set; none where hardly a bit is left.
fn people(bits: u64) -> Option<(f64, f64)> {
    if bits < 58 { linear(bits as u32, u64::BITS) } else { None }
}

/// How many there are if so many of all bits are set, and the variance of that, by linear counting (Whang, Vander-Zanden, Taylor 1990);
/// none where none is left.
fn linear(set: u32, bits: u32) -> Option<(f64, f64)> {
    if set >= bits {
        return None;
    }
    let size = f64::from(bits);
    let count = -size * (1.0 - f64::from(set) / size).ln();
    Some((count, (size * ((count / size).exp() - count / size - 1.0)).max(0.0)))
}

impl Best {
    /// The minute from which counts stand above what was expected, most clearly.
    fn onset(&self, subject: &Subject, k: u64) -> u32 {
        let slots: Vec<_> = subject.slots(self.look.reach).collect();
        let each = self.expected.mean / slots.len() as f64;
        let (mut sum, mut least, mut at) = (0.0, 0.0, 0);
        for (index, (_, _, slot)) in slots.iter().enumerate() {
            sum += f64::from(slot.posts) - 1.5 * each - 0.5;
            if sum <= least && index + 1 < slots.len() {
                (least, at) = (sum, index + 1);
            }
        }
        // A stretch is named where k people wrote in it; else the whole look is.
        let (first, _, slot) = slots[at];
        if slot.authors_at_least() >= k { first } else { self.look.first }
    }

    /// The minute after the last stretch that stood clearly above what was expected.
    fn last_hot(&self, subject: &Subject) -> u32 {
        let slots: Vec<_> = subject.slots(self.look.reach).collect();
        let each = self.expected.mean / slots.len() as f64;
        let hot = slots.iter().rev().find(|(_, _, slot)| f64::from(slot.posts) > 1.5 * each + 0.5);
        hot.map_or(self.look.end, |(first, minutes, _)| (first + minutes).min(self.look.end))
    }

    fn tell(&self, subject: &Subject, exposure: &Exposure, coverage: f32, k: u64, news: &mut BurstNews) {
        let busiest = subject
            .slots(self.look.reach)
            .filter(|(_, _, slot)| slot.authors_at_least() >= k)
            .max_by(|a, b| a.2.posts.cmp(&b.2.posts).then(b.0.cmp(&a.0)));
        let peak = busiest.map_or(self.look.first, |(first, _, _)| first);
        news.scale = self.look.reach.scale();
        news.peak = (i64::from(peak) * 60).max(news.start);
        news.from = i64::from(self.look.first) * 60;
        news.to = i64::from(self.look.end) * 60;
        news.posts = u64::from(self.look.sum.posts);
        news.authors = self.look.authors;
        news.bits = self.look.sum.bits;
        news.key = CellKey::from_bits(self.look.sum.key);
        news.expected = self.expected.mean;
        news.expected_of_one = self.expected.of_one;
        news.shape = self.expected.shape;
        news.known = self.expected.known;
        news.windows = (exposure.slow_blocks + exposure.fast_blocks) as u32;
        news.log10_p = self.log10_p;
        news.log10_p_of_one = self.log10_p_of_one;
        news.coverage = news.coverage.min(coverage);
    }
}
