//! [`SavedBursts`]: a shard's baselines and open bursts in a checkpoint.
//!
//! What is written are numbers, under the hash of a subject and not its name; only a burst that is open has its subject's name, which
//! k authors wrote. Sets of authors are not written, and neither are subjects with hardly a post yet: who would stay below k for ever.

use std::fmt;

use groundswell_gate::AuthorBits;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::exposure::{Exposure, WEEK_BLOCKS};
use super::super::subject::{Earlier, Kept, Subject, short};
use super::{BurstType, Bursts, NARRATIVES_PART, Open, PHRASES_PART, POOLS, Part, Pool};
use crate::packed::{Bytes, put, take};

/// What one shard knows of bursts: everything but who wrote.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SavedBursts {
    head: Bytes,
    parts: Vec<Bytes>,
}

/// What all shards have in common, but for the looks.
#[derive(Serialize, Deserialize)]
struct Head {
    minute: Option<u32>,
    coverage: f32,
    looks_a_day: f64,
    posts: Exposure,
    covered: Exposure,
}

/// What comes before a part's subjects.
#[derive(Serialize, Deserialize)]
struct PartHead {
    part: u32,
    floor: f64,
    pools: [Pool; POOLS],
    open: Vec<Open>,
    subjects: u64,
}

/// Of numbers most of which are small, the fastest level leaves as little as any.
const LEVEL: i32 = 1;
/// A part is never larger: so many subjects as one may have, with a kibibyte each, several times over.
const PART_BYTES_MAX: usize = 64 << 20;

type OneSubject = (Subject, Option<Earlier>);

impl Serialize for SavedBursts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.head, &self.parts).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SavedBursts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (head, parts) = <(Bytes, Vec<Bytes>)>::deserialize(deserializer)?;
        let saved = Self { head, parts };
        // All of it is looked at now, so that going through it later cannot fail.
        let whole = take_all::<Head>(&saved.head.0).is_some()
            && saved.parts.iter().all(|part| read_part(&part.0, &mut |_| {}).is_some());
        if whole { Ok(saved) } else { Err(D::Error::custom("saved bursts are cut off or altered")) }
    }
}

impl fmt::Debug for SavedBursts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedBursts({} bytes, redacted)", self.bytes())
    }
}

impl SavedBursts {
    /// How large it is.
    pub fn bytes(&self) -> usize {
        self.head.0.len() + self.parts.iter().map(|part| part.0.len()).sum::<usize>()
    }
}

fn take_all<T: serde::de::DeserializeOwned>(mut bytes: &[u8]) -> Option<T> {
    let taken = take(&mut bytes)?;
    bytes.is_empty().then_some(taken)
}

fn read_part(packed: &[u8], each: &mut dyn FnMut(OneSubject)) -> Option<PartHead> {
    let bytes = zstd::bulk::decompress(packed, PART_BYTES_MAX).ok()?;
    let mut bytes = bytes.as_slice();
    let head: PartHead = take(&mut bytes)?;
    for _ in 0..head.subjects {
        each(take(&mut bytes)?);
    }
    bytes.is_empty().then_some(head)
}

/// What subjects' weeks are held against: most have the same, or nearly.
fn weeks(posts: &Exposure, covered: &Exposure) -> [[u16; WEEK_BLOCKS]; 2] {
    [posts, covered].map(|exposure| exposure.week.map(short))
}

fn week_of<'a>(subject: &Subject, weeks: &'a [[u16; WEEK_BLOCKS]; 2]) -> &'a [u16; WEEK_BLOCKS] {
    &weeks[usize::from(subject.kind == BurstType::Total.index())]
}

impl Bursts {
    /// What it knows, between two minutes.
    pub fn save(&self) -> SavedBursts {
        let mut head = Vec::new();
        put(
            &mut head,
            &Head {
                minute: self.minute,
                coverage: self.coverage,
                looks_a_day: self.looks_a_day,
                posts: self.posts.clone(),
                covered: self.covered.clone(),
            },
        );
        let mut plain = Vec::new();
        let parts = (0..)
            .zip(&self.parts)
            .filter(|(number, _)| *number as usize != NARRATIVES_PART)
            .map(|(number, part)| self.save_part(number, part, &mut plain))
            .collect();
        SavedBursts { head: Bytes(head.into()), parts }
    }

    /// What is saved stays until it has been written to the disk, so it is packed. `plain` is used again from part to part: new memory is what takes
    /// longest here.
    fn save_part(&self, number: u32, part: &Part, plain: &mut Vec<u8>) -> Bytes {
        plain.clear();
        let open = part.open.iter().map(|open| {
            let mut open = open.clone();
            open.news.bits = AuthorBits::default();
            open
        });
        put(
            plain,
            &PartHead {
                part: number,
                floor: part.floor,
                pools: part.pools,
                open: open.collect(),
                subjects: part.subjects.len() as u64,
            },
        );
        let now = self.minute.unwrap_or_default();
        let weeks = weeks(&self.posts, &self.covered);
        for (hash, subject) in &part.subjects {
            subject.read(|subject| {
                let earlier = subject.earlier(part.earlier.get(hash), now);
                put(plain, &(subject.for_saving(week_of(subject, &weeks)), earlier));
            });
        }
        let packed = zstd::bulk::compress(plain, LEVEL).expect("memory takes what is packed");
        Bytes(packed.into())
    }

    /// Takes back what shards saved, before the first minute. `owns` says which parts are this one's now; `first` is true of one of
    /// all shards.
    pub fn restore(&mut self, saved: &SavedBursts, first: bool, owns: &dyn Fn(usize) -> bool) {
        let Some(head) = take_all::<Head>(&saved.head.0) else { return };
        if first {
            // Only their sum is asked for, and they are counted anew with the next block.
            self.looks_a_day += head.looks_a_day;
        }
        let weeks = weeks(&head.posts, &head.covered);
        if head.minute > self.minute || self.minute.is_none() {
            (self.minute, self.coverage) = (head.minute, head.coverage);
            (self.posts, self.covered) = (head.posts, head.covered);
        }
        for bytes in &saved.parts {
            let mut subjects = Vec::new();
            let Some(head) = read_part(&bytes.0, &mut |one| subjects.push(one)) else { continue };
            let number = head.part as usize;
            let partition = number.checked_sub(PHRASES_PART).unwrap_or(number);
            if !owns(partition) {
                continue;
            }
            let Some(part) = self.parts.get_mut(number) else { continue };
            // Every shard has an empty one of those that are not its own.
            if !part.subjects.is_empty() && subjects.is_empty() {
                continue;
            }
            (part.floor, part.pools, part.open) = (head.floor, head.pools, head.open);
            part.subjects.reserve(subjects.len());
            part.awake.extend(subjects.iter().map(|(subject, _)| subject.hash));
            for (subject, earlier) in subjects {
                let hash = subject.hash;
                let week = week_of(&subject, &weeks);
                part.subjects.insert(hash, Kept::new(subject.restored(week)));
                if let Some(earlier) = earlier {
                    part.earlier.insert(hash, earlier);
                }
            }
        }
    }
}
