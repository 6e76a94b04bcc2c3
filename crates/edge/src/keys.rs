//! Epoch keys: one key a UTC day of event time, made by a ratchet from one random root, held in memory only.
//!
//! `key(day + 1)` is derived from `key(day)` by BLAKE3's `derive_key`, so all workers and processes with the same root agree
//! on every day's key whatever day they saw first, and a key that was wiped cannot be computed back from a later one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use groundswell_post::EventTime;
use zeroize::{Zeroize, ZeroizeOnDrop};

const RATCHET: &str = "groundswell 2026-11 epoch key ratchet";
const ROOT: &str = "groundswell 2026-11 epoch key root";
const AUTHOR: &str = "groundswell 2026-11 author token key";
const POST: &str = "groundswell 2026-11 post key";

/// How many days' keys are remembered beside the oldest one; further days are ratcheted anew each time.
const DAYS_REMEMBERED_MAX: usize = 64;

/// How far behind the oldest live key a day's key can lie: 300 years. Beyond, there is no key.
const DAYS_AHEAD_MAX: i64 = 110_000;

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Key([u8; 32]);

impl Key {
    fn next(&self) -> Self {
        Self(blake3::derive_key(RATCHET, &self.0))
    }
}

/// The two keys that a worker needs for one day.
#[derive(Clone, ZeroizeOnDrop)]
pub(crate) struct DayKeys {
    #[zeroize(skip)]
    pub(crate) day: i64,
    author: Key,
    post: Key,
}

impl DayKeys {
    fn derive(day: i64, key: &Key) -> Self {
        Self { day, author: Key(blake3::derive_key(AUTHOR, &key.0)), post: Key(blake3::derive_key(POST, &key.0)) }
    }

    pub(crate) fn author_bits(&self, source: &str, id: &str, scratch: &mut Vec<u8>) -> u64 {
        keyed_bits(&self.author.0, source, id, scratch)
    }

    pub(crate) fn post_bits(&self, source: &str, id: &str, scratch: &mut Vec<u8>) -> u64 {
        keyed_bits(&self.post.0, source, id, scratch)
    }
}

/// Length-prefixed, so that ("ab", "c") and ("a", "bc") differ.
pub(crate) fn keyed_input(source: &str, id: &str, scratch: &mut Vec<u8>) {
    scratch.clear();
    scratch.extend_from_slice(&(source.len() as u64).to_le_bytes());
    scratch.extend_from_slice(source.as_bytes());
    scratch.extend_from_slice(id.as_bytes());
}

fn keyed_bits(key: &[u8; 32], source: &str, id: &str, scratch: &mut Vec<u8>) -> u64 {
    keyed_input(source, id, scratch);
    let hash = blake3::keyed_hash(key, scratch);
    let mut bits = [0; 8];
    bits.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(bits)
}

struct Ratchet {
    /// The oldest day that still has a key.
    day: i64,
    key: Key,
    remembered: BTreeMap<i64, Key>,
}

/// All live keys of a process. See the module's documentation.
pub(crate) struct EpochKeys(Mutex<Ratchet>);

impl EpochKeys {
    /// Starts the ratchet at the day of [`EventTime::MIN`]. `None` draws a root from the operating system.
    pub(crate) fn new(root: Option<[u8; 32]>) -> Self {
        let mut root = root.unwrap_or_else(|| {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes)
                .expect("the operating system gives random bytes; without them there is no privacy");
            bytes
        });
        let key = Key(blake3::derive_key(ROOT, &root));
        root.zeroize();
        Self(Mutex::new(Ratchet { day: EventTime::MIN.day(), key, remembered: BTreeMap::new() }))
    }

    /// The keys of a day; `None` once they are wiped.
    pub(crate) fn day(&self, day: i64) -> Option<DayKeys> {
        let mut ratchet = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if day < ratchet.day || day - ratchet.day > DAYS_AHEAD_MAX {
            return None;
        }
        if let Some(key) = ratchet.remembered.get(&day) {
            return Some(DayKeys::derive(day, key));
        }
        let (mut at, mut key) = match ratchet.remembered.range(..day).next_back() {
            Some((near, key)) => (*near, key.clone()),
            None => (ratchet.day, ratchet.key.clone()),
        };
        while at < day {
            key = key.next();
            at += 1;
        }
        if ratchet.remembered.len() >= DAYS_REMEMBERED_MAX {
            ratchet.remembered.pop_first();
        }
        let keys = DayKeys::derive(day, &key);
        ratchet.remembered.insert(day, key);
        Some(keys)
    }

    /// Wipes all keys of days before `day`.
    pub(crate) fn forget_before(&self, day: i64) {
        let mut ratchet = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if day - ratchet.day > DAYS_AHEAD_MAX {
            return;
        }
        while ratchet.day < day {
            ratchet.key = ratchet.key.next();
            ratchet.day += 1;
        }
        ratchet.remembered = ratchet.remembered.split_off(&day);
    }

    /// The oldest day that still has a key.
    pub(crate) fn oldest(&self) -> i64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_day_came_first_the_keys_agree() {
        let (forward, backward) = (EpochKeys::new(Some([7; 32])), EpochKeys::new(Some([7; 32])));
        let mut scratch = Vec::new();
        let days = [17_000, 17_001, 17_002, 17_100];
        let first: Vec<_> = days.iter().map(|d| forward.day(*d).unwrap().author_bits("s", "a", &mut scratch)).collect();
        let mut second: Vec<_> =
            days.iter().rev().map(|d| backward.day(*d).unwrap().author_bits("s", "a", &mut scratch)).collect();
        second.reverse();
        assert_eq!(first, second);
        backward.forget_before(17_001);
        assert_eq!(backward.day(17_001).unwrap().author_bits("s", "a", &mut scratch), first[1]);
        assert_eq!(backward.oldest(), 17_001);
    }

    #[test]
    fn wiped_keys_are_gone_and_days_and_uses_differ() {
        let keys = EpochKeys::new(Some([1; 32]));
        let mut scratch = Vec::new();
        let (a, b) = (keys.day(17_000).unwrap(), keys.day(17_001).unwrap());
        assert_ne!(a.author_bits("s", "x", &mut scratch), b.author_bits("s", "x", &mut scratch));
        assert_ne!(a.author_bits("s", "x", &mut scratch), a.post_bits("s", "x", &mut scratch));
        assert_ne!(a.author_bits("ab", "c", &mut scratch), a.author_bits("a", "bc", &mut scratch));
        keys.forget_before(17_001);
        assert!(keys.day(17_000).is_none());
        assert!(keys.day(i64::MAX).is_none());
        assert!(keys.day(i64::MIN).is_none());
    }

    #[test]
    fn more_days_than_are_remembered_still_agree() {
        let keys = EpochKeys::new(Some([3; 32]));
        let mut scratch = Vec::new();
        let bits: Vec<_> = (17_000..17_200).map(|d| keys.day(d).unwrap().post_bits("", "x", &mut scratch)).collect();
        for (d, b) in (17_000..17_200).zip(bits) {
            assert_eq!(keys.day(d).unwrap().post_bits("", "x", &mut scratch), b);
        }
    }

    #[test]
    fn two_starts_without_a_root_share_nothing() {
        let mut scratch = Vec::new();
        let bits = |keys: &EpochKeys, scratch: &mut Vec<u8>| keys.day(17_000).unwrap().author_bits("s", "a", scratch);
        assert_ne!(bits(&EpochKeys::new(None), &mut scratch), bits(&EpochKeys::new(None), &mut scratch));
    }
}
