//! [`Checkpoint`]: what is needed to go on after a restart, and how all workers of a process agree on one.
//!
//! Every so often all workers stop between two blocks. Each block that was handed out has then been counted, so the places in
//! the sources and the counts belong together. The workers close what the watermark has passed, up to the sink, then each adds
//! up its minutes that are still open and each shard writes down what it holds, as numbers. One of them sends the whole to the
//! sink, behind all windows that were released before it, and everybody goes on. Nothing is in flight at that moment, so
//! nothing needs to be kept of it. `council.rs` has the same for the workers of several processes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bincode::Options as _;
use groundswell_detect::amplify::SavedAmplifications;
use groundswell_detect::volume::SavedShard;
use groundswell_post::EventTime;
use groundswell_sketch::{Summary, Window};
use groundswell_sources::{Block, Positions, SavedClock, SourceIx};
use serde::{Deserialize, Serialize};

use crate::counters::Totals;
use crate::operators::release::SavedBudget;

/// First bytes of every checkpoint.
const MAGIC: &[u8; 8] = b"GSWELLCP";
/// Changes whenever what follows changes its meaning or its form.
/// 2: posts that were thinned are counted. 3: narratives are counted. 4: cells have keys. 5: which publishers carried which names.
/// 6: bursts and amplifications are counted, and minutes know how many posts they had in all.
/// 7: what the burst and amplification detectors know. 8: what the silence detector knows. 9: hashtags that were spelt as names,
/// what is known of shares, and of the scatter of ten minutes. 10: clauses of watches
/// and countries that are mentioned; subjects of bursts are packed. 11: links and hashtags that k authors wrote are known, and counted,
/// and how posts sound that watches match. 12: how they usually sound, and two more looks
/// at subjects of bursts. 13: how far their days scatter. 14: kinds of subjects. 15: how far minutes scatter about their hours, phrases,
/// and names of the day before. 16: how a subject stood before the burst that is open.
const FORMAT: u32 = 16;
/// Room for what whoever encrypts the bytes in their place appends.
const SEAL_BYTES: usize = 64;

/// Where one source was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSource {
    /// Its name in the configuration.
    pub name: String,
    /// Where it goes on, by its own keys.
    pub positions: Positions,
    /// The newest event time of each of its partitions, by their names.
    pub clocks: BTreeMap<String, Option<i64>>,
}

/// A consistent moment of all workers of a process. Holds numbers and places, and of texts that k authors posted the words that k authors
/// wrote: no post, no token, no key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Everything before this Unix second is closed and released.
    pub closed_before: Option<i64>,
    /// The sources.
    pub sources: Vec<SavedSource>,
    /// What was counted about records.
    pub totals: Totals,
    shards: Vec<SavedShard>,
    /// Open bursts, of the process that has the gate.
    bursts: Option<SavedBudget>,
    /// Families of copies, of the process that owns them.
    copies: Option<SavedAmplifications>,
}

/// Why a checkpoint cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Something else.
    #[error("this is no checkpoint")]
    Unknown,
    /// Written by a program that wrote another form.
    #[error("the checkpoint is of format {found}, this program reads format {FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// A cluster's, read by a process that is alone.
    #[error("this is one process's share of a cluster's checkpoint, and this process is alone")]
    OfACluster,
    /// Of a process that was alone, read by a cluster.
    #[error("this is the checkpoint of a process that was alone, and this one is in a cluster")]
    OfOneProcess,
    /// Cut off or altered.
    #[error("the checkpoint is damaged")]
    Damaged,
}

impl Checkpoint {
    /// As bytes. They are not encrypted: whoever writes them down must.
    ///
    /// # Panics
    /// Never: numbers and texts can always be written.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Its size is known before it is written, mostly of blocks of bytes: what grows to it would be there twice meanwhile.
        let size = bincode::DefaultOptions::new().serialized_size(self).expect("what can be written has a size");
        let mut bytes = Vec::with_capacity(MAGIC.len() + size_of_val(&FORMAT) + size as usize + SEAL_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bincode::DefaultOptions::new().serialize_into(&mut bytes, self).expect("memory takes what is written");
        bytes
    }

    /// Reads [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        if bytes.starts_with(SHARE_MAGIC) {
            return Err(CheckpointError::OfACluster);
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or(CheckpointError::Unknown)?;
        let (format, rest) = rest.split_first_chunk::<4>().ok_or(CheckpointError::Damaged)?;
        let found = u32::from_le_bytes(*format);
        if found != FORMAT {
            return Err(CheckpointError::Format { found });
        }
        // No length in it can ask for more memory than it has bytes.
        let options = bincode::DefaultOptions::new().with_limit(bytes.len() as u64 * 8);
        options.deserialize(rest).map_err(|_| CheckpointError::Damaged)
    }

    /// The saved place of a source of this name.
    pub fn source(&self, name: &str) -> Option<&SavedSource> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// The clocks of the partitions of these sources.
    pub fn clocks<'a>(&'a self, names: &'a [String]) -> impl Iterator<Item = SavedClock> + 'a {
        (0..).zip(names).filter_map(|(index, name)| Some((SourceIx(index), self.source(name)?))).flat_map(
            |(source, saved)| {
                saved.clocks.iter().map(move |(name, newest)| SavedClock {
                    source,
                    name: name.clone(),
                    newest: newest.map(EventTime::from_unix),
                })
            },
        )
    }

    /// The places alone: what is told to a source when the checkpoint is kept.
    #[must_use]
    pub fn places(&self) -> Self {
        Self { sources: self.sources.clone(), ..Self::default() }
    }

    pub(crate) fn shards(&self) -> &[SavedShard] {
        &self.shards
    }

    pub(crate) fn bursts(&self) -> Option<&SavedBudget> {
        self.bursts.as_ref()
    }

    pub(crate) fn copies(&self) -> Option<&SavedAmplifications> {
        self.copies.as_ref()
    }
}

/// First bytes of a process's share of a cluster's checkpoint.
const SHARE_MAGIC: &[u8; 8] = b"GSWELLCS";
/// Changes whenever the head of a share changes its meaning or its form.
const SHARE_FORMAT: u32 = 1;

/// Which checkpoint of a cluster: a number that grows, and one drawn by lot, so that two that were once given the same number are
/// not taken for parts of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its number.
    pub number: u64,
    /// Its lot.
    pub lot: u64,
}

/// What one process of a cluster keeps of a checkpoint: its own sources, its own counters, its own workers' shards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Share {
    /// The same in all processes.
    pub mark: Mark,
    /// Whose share it is.
    pub process: usize,
    /// How many processes there were.
    pub processes: usize,
    /// How many workers each of them had.
    pub workers: usize,
    /// What is in it.
    pub checkpoint: Checkpoint,
}

impl Share {
    /// As bytes, which whoever writes them down must encrypt.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = SHARE_MAGIC.to_vec();
        bytes.extend_from_slice(&SHARE_FORMAT.to_le_bytes());
        let head = [self.mark.number, self.mark.lot, self.process as u64, self.processes as u64, self.workers as u64];
        head.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        bytes.append(&mut self.checkpoint.to_bytes());
        bytes
    }

    /// Reads [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        if bytes.starts_with(MAGIC) {
            return Err(CheckpointError::OfOneProcess);
        }
        let rest = bytes.strip_prefix(SHARE_MAGIC).ok_or(CheckpointError::Unknown)?;
        let (format, mut rest) = rest.split_first_chunk::<4>().ok_or(CheckpointError::Damaged)?;
        let found = u32::from_le_bytes(*format);
        if found != SHARE_FORMAT {
            return Err(CheckpointError::Format { found });
        }
        let mut number = || {
            let (number, left) = rest.split_first_chunk::<8>().ok_or(CheckpointError::Damaged)?;
            rest = left;
            Ok(u64::from_le_bytes(*number))
        };
        let mark = Mark { number: number()?, lot: number()? };
        let mut size = || usize::try_from(number()?).map_err(|_| CheckpointError::Damaged);
        let (process, processes, workers) = (size()?, size()?, size()?);
        Ok(Self { mark, process, processes, workers, checkpoint: Checkpoint::from_bytes(rest)? })
    }
}

/// The latest place that counted blocks carried, by source and key, with the block that carried it: its partition's number and
/// its own. A partition that is begun anew in the same run has the larger number.
type Places = BTreeMap<(SourceIx, Arc<str>), ((u32, u64), Box<str>)>;

/// What one worker does for all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Says up to which watermark everybody closes.
    Pin = 0,
    /// Puts the checkpoint together.
    Assemble = 1,
}

/// What the workers of a process share to agree on checkpoints.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    /// Checkpoints asked for so far.
    asked: AtomicU64,
    /// The last one: workers give up what is open after it.
    last: AtomicBool,
    /// While a checkpoint is made, the watermark up to which everybody closes; `i64::MIN` otherwise.
    pinned: AtomicI64,
    meeting: Meeting,
    /// How often each step was taken by somebody.
    taken: [AtomicU64; 2],
    places: Mutex<Places>,
    /// The open minutes of all workers.
    minutes: Mutex<BTreeSet<Window>>,
    /// The workers' parts of one open minute, by shard.
    open: Mutex<Vec<(usize, Arc<Summary>)>>,
    /// Minutes that lost posts which a checkpoint had added up, each with the number of the last time.
    spoiled: Mutex<BTreeMap<Window, u64>>,
    /// How often that was.
    spoils: AtomicU64,
    shards: Mutex<Vec<(usize, SavedShard)>>,
    bursts: Mutex<Option<SavedBudget>>,
    copies: Mutex<Option<SavedAmplifications>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Checkpoints {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            asked: AtomicU64::new(0),
            last: AtomicBool::new(false),
            pinned: AtomicI64::new(i64::MIN),
            meeting: Meeting::new(workers),
            taken: Default::default(),
            places: Mutex::default(),
            minutes: Mutex::default(),
            open: Mutex::default(),
            spoiled: Mutex::default(),
            spoils: AtomicU64::new(0),
            shards: Mutex::default(),
            bursts: Mutex::default(),
            copies: Mutex::default(),
        }
    }

    /// Notes that a block is counted.
    pub(crate) fn counted(&self, block: &Block) {
        let Some(position) = &block.position else { return };
        let at = (block.partition, block.seq);
        let mut places = lock(&self.places);
        let entry =
            places.entry((block.source, Arc::clone(&position.key))).or_insert_with(|| (at, position.value.clone()));
        // Blocks of a partition are counted side by side; a key belongs to one partition at a time.
        if entry.0 < at {
            *entry = (at, position.value.clone());
        }
    }

    /// Asks all workers for a checkpoint. `last`: they stop after it.
    pub(crate) fn ask(&self, last: bool) {
        self.last.fetch_or(last, Ordering::Release);
        self.asked.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }

    pub(crate) fn is_last(&self) -> bool {
        self.last.load(Ordering::Acquire)
    }

    pub(crate) fn pin(&self, watermark: Option<i64>) {
        self.pinned.store(watermark.unwrap_or(i64::MIN), Ordering::Release);
    }

    pub(crate) fn pinned(&self) -> Option<i64> {
        Some(self.pinned.load(Ordering::Acquire)).filter(|unix| *unix > i64::MIN)
    }

    /// Whether this worker is the first to take a step of a checkpoint, and so the one who does it for all.
    pub(crate) fn first(&self, step: Step, number: u64) -> bool {
        self.taken[step as usize].compare_exchange(number - 1, number, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Waits for all workers that have not left.
    pub(crate) fn meet(&self) {
        self.meeting.meet();
    }

    /// [`Self::meet`] in two halves, for a worker that has something to do while it waits.
    pub(crate) fn arrive(&self) -> u64 {
        self.meeting.arrive()
    }

    pub(crate) fn all_arrived(&self, round: u64) -> bool {
        lock(&self.meeting.state).round != round
    }

    pub(crate) fn leave(&self) {
        self.meeting.leave();
    }

    pub(crate) fn put_minutes(&self, minutes: impl IntoIterator<Item = Window>) {
        lock(&self.minutes).extend(minutes);
    }

    pub(crate) fn minutes(&self) -> Vec<Window> {
        lock(&self.minutes).iter().copied().collect()
    }

    /// Says that something was deleted of minutes which checkpoints had added up.
    pub(crate) fn spoil(&self, minutes: Vec<Window>) {
        if minutes.is_empty() {
            return;
        }
        let mut spoiled = lock(&self.spoiled);
        let number = self.spoils.load(Ordering::Relaxed) + 1;
        spoiled.extend(minutes.into_iter().map(|minute| (minute, number)));
        self.spoils.store(number, Ordering::Release);
    }

    /// The minutes that were spoilt since a worker last asked.
    pub(crate) fn spoiled_since(&self, seen: &mut u64) -> Option<Vec<Window>> {
        if self.spoils.load(Ordering::Acquire) == *seen {
            return None;
        }
        let spoiled = lock(&self.spoiled);
        let before = std::mem::replace(seen, self.spoils.load(Ordering::Relaxed));
        Some(spoiled.iter().filter(|(_, number)| **number > before).map(|(minute, _)| *minute).collect())
    }

    pub(crate) fn put_open(&self, shard: usize, summary: Arc<Summary>) {
        lock(&self.open).push((shard, summary));
    }

    /// Takes the parts of one shard.
    pub(crate) fn take_open(&self, shard: usize) -> Vec<Arc<Summary>> {
        lock(&self.open).extract_if(.., |part| part.0 == shard).map(|(_, summary)| summary).collect()
    }

    pub(crate) fn put_shard(&self, shard: usize, saved: SavedShard) {
        lock(&self.shards).push((shard, saved));
    }

    /// What the worker that has the gate knows of bursts, and the one that owns all families of copies of these.
    pub(crate) fn put_rest(&self, bursts: Option<SavedBudget>, copies: Option<SavedAmplifications>) {
        if bursts.is_some() {
            *lock(&self.bursts) = bursts;
        }
        if copies.is_some() {
            *lock(&self.copies) = copies;
        }
    }

    /// Where the sources are and what was counted, at a moment at which nobody counts.
    pub(crate) fn moment(
        &self,
        closed_before: Option<i64>,
        names: &[String],
        clocks: &[SavedClock],
        totals: Totals,
        earlier: &[SavedSource],
    ) -> Checkpoint {
        let mut sources: Vec<SavedSource> = names
            .iter()
            .map(|name| {
                // What has not been reached again yet is still where it was.
                let before = earlier.iter().find(|source| source.name == *name).cloned();
                SavedSource { name: name.clone(), ..before.unwrap_or_default() }
            })
            .collect();
        for ((source, key), (_, value)) in lock(&self.places).iter() {
            if let Some(source) = sources.get_mut(usize::from(source.0)) {
                source.positions.insert(key.to_string(), value.to_string());
            }
        }
        for clock in clocks {
            if let Some(source) = sources.get_mut(usize::from(clock.source.0)) {
                let newest = source.clocks.entry(clock.name.clone()).or_default();
                *newest = (*newest).max(clock.newest.map(EventTime::unix));
            }
        }
        Checkpoint { closed_before, sources, totals, ..Checkpoint::default() }
    }

    /// Adds the shards that were put down since the last time.
    pub(crate) fn complete(&self, moment: Checkpoint) -> Checkpoint {
        let open = std::mem::take(&mut *lock(&self.minutes));
        // Everybody has forgotten the others: they are closed.
        lock(&self.spoiled).retain(|minute, _| open.contains(minute));
        let mut shards = std::mem::take(&mut *lock(&self.shards));
        shards.sort_by_key(|(shard, _)| *shard);
        let (bursts, copies) = (lock(&self.bursts).take(), lock(&self.copies).take());
        Checkpoint { shards: shards.into_iter().map(|(_, saved)| saved).collect(), bursts, copies, ..moment }
    }
}

/// Where workers wait for each other. Unlike `std::sync::Barrier`, one of them can leave for good.
#[derive(Debug)]
struct Meeting {
    state: Mutex<MeetingState>,
    changed: Condvar,
}

#[derive(Debug)]
struct MeetingState {
    members: usize,
    waiting: usize,
    round: u64,
}

impl Meeting {
    fn new(members: usize) -> Self {
        let state = Mutex::new(MeetingState { members, waiting: 0, round: 0 });
        Self { state, changed: Condvar::new() }
    }

    /// Says that one more is there; returns the round that ends when all are.
    fn arrive(&self) -> u64 {
        let mut state = lock(&self.state);
        let round = state.round;
        state.waiting += 1;
        if state.waiting >= state.members {
            state.next_round();
            self.changed.notify_all();
        }
        round
    }

    fn meet(&self) {
        let round = self.arrive();
        let mut state = lock(&self.state);
        while state.round == round {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn leave(&self) {
        let mut state = lock(&self.state);
        state.members -= 1;
        if state.waiting > 0 && state.waiting >= state.members {
            state.next_round();
            self.changed.notify_all();
        }
    }
}

impl MeetingState {
    fn next_round(&mut self) {
        self.waiting = 0;
        self.round += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote_and_refuses_the_rest() {
        let source = SavedSource {
            name: "file".to_owned(),
            positions: BTreeMap::from([("a.ndjson".to_owned(), "12".to_owned())]),
            clocks: BTreeMap::from([("a.ndjson".to_owned(), Some(1_474_588_860)), ("b".to_owned(), None)]),
        };
        let checkpoint = Checkpoint {
            closed_before: Some(1_474_588_800),
            sources: vec![source],
            totals: Totals { released: 3, ..Totals::default() },
            shards: vec![SavedShard::default()],
            bursts: Some(SavedBudget::default()),
            copies: None,
        };
        let bytes = checkpoint.to_bytes();
        assert_eq!(Checkpoint::from_bytes(&bytes), Ok(checkpoint));
        for end in 0..bytes.len() {
            assert!(Checkpoint::from_bytes(&bytes[..end]).is_err(), "cut off after {end}");
        }
        let mut other = bytes.clone();
        other[8] = 99;
        assert_eq!(Checkpoint::from_bytes(&other), Err(CheckpointError::Format { found: 99 }));
        // What was written before the detectors' state was in it.
        other[8] = 6;
        let refused = Checkpoint::from_bytes(&other).expect_err("another format");
        assert_eq!(refused.to_string(), "the checkpoint is of format 6, this program reads format 16");
        assert_eq!(Checkpoint::from_bytes(b"something else"), Err(CheckpointError::Unknown));
        // A length that nothing backs.
        let mut long = bytes[..12].to_vec();
        long.extend_from_slice(&[0, 253, 255, 255, 255, 255, 255, 255, 255, 127]);
        assert_eq!(Checkpoint::from_bytes(&long), Err(CheckpointError::Damaged));
    }

    #[test]
    fn a_share_is_read_as_the_share_of_a_cluster_and_as_nothing_else() {
        let checkpoint = Checkpoint { shards: vec![SavedShard::default()], ..Checkpoint::default() };
        let mark = Mark { number: 7, lot: u64::MAX };
        let share = Share { mark, process: 1, processes: 2, workers: 4, checkpoint: checkpoint.clone() };
        let bytes = share.to_bytes();
        assert_eq!(Share::from_bytes(&bytes), Ok(share));
        for end in 0..bytes.len() {
            assert!(Share::from_bytes(&bytes[..end]).is_err(), "cut off after {end}");
        }
        let mut other = bytes.clone();
        other[8] = 9;
        assert_eq!(Share::from_bytes(&other), Err(CheckpointError::Format { found: 9 }));
        assert_eq!(Checkpoint::from_bytes(&bytes), Err(CheckpointError::OfACluster));
        assert_eq!(Share::from_bytes(&checkpoint.to_bytes()), Err(CheckpointError::OfOneProcess));
        // When this fails, what an earlier program wrote would be misread: raise `SHARE_FORMAT`.
        let head: Vec<u64> =
            bytes[12..52].as_chunks::<8>().0.iter().map(|number| u64::from_le_bytes(*number)).collect();
        assert_eq!((&bytes[..8], head), (&b"GSWELLCS"[..], vec![7, u64::MAX, 1, 2, 4]));
    }

    #[test]
    fn the_form_has_not_changed_without_its_number() {
        // When this fails, what an earlier program wrote would be misread: raise `FORMAT`, and read the older one or refuse it.
        let bytes = Checkpoint { shards: vec![SavedShard::default()], ..Checkpoint::default() }.to_bytes();
        let form = bytes.iter().fold(String::new(), |form, byte| form + &format!("{byte:02x}"));
        assert_eq!(form, FORM_OF_AN_EMPTY_ONE);
    }

    const FORM_OF_AN_EMPTY_ONE: &str = "475357454c4c4350100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000010000000000000000000000";

    #[test]
    fn those_who_stay_do_not_wait_for_those_who_left() {
        let meeting = Arc::new(Meeting::new(3));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let meeting = Arc::clone(&meeting);
                std::thread::spawn(move || (0..100).for_each(|_| meeting.meet()))
            })
            .collect();
        meeting.leave();
        for thread in threads {
            thread.join().expect("no panic");
        }
        let state = lock(&meeting.state);
        assert_eq!((state.round, state.waiting, state.members), (100, 0, 2));
    }
}
