//! Repeated deliveries: a bounded memory of post keys, shared by the workers of a process.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use hashbrown::HashSet;

use crate::PostKey;

const SHARDS: usize = 64;

/// Keys in one generation of one shard: 7/8 of 65,536, what a hash table of that many buckets holds.
const GENERATION_KEYS_MAX: usize = 57_344;

/// How many post keys the repeat filter remembers at most (7,340,032; 75 MB when full, at 9 bytes a bucket).
///
/// When a generation is full the older one is dropped, so at least the last half of this many posts is remembered. Counted
/// in [`crate::EdgeStats::repeat_generations_dropped`].
pub const REPEAT_KEYS_MAX: usize = SHARDS * 2 * GENERATION_KEYS_MAX;

/// Post keys are uniform already: hashing them again would only cost time.
#[derive(Default)]
struct Bits(u64);

impl Hasher for Bits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }
}

type Keys = HashSet<u64, BuildHasherDefault<Bits>>;

#[derive(Default)]
struct Generations {
    new: Keys,
    old: Keys,
}

pub(crate) struct RepeatFilter {
    shards: Vec<Mutex<Generations>>,
    generation_keys_max: usize,
    dropped: AtomicU64,
}

impl RepeatFilter {
    pub(crate) fn new() -> Self {
        Self::with_generation(GENERATION_KEYS_MAX)
    }

    fn with_generation(generation_keys_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            generation_keys_max,
            dropped: AtomicU64::new(0),
        }
    }

    /// Remembers a key; true where it was remembered already.
    pub(crate) fn seen(&self, key: PostKey) -> bool {
        // The table uses the top 7 bits and the low ones; the shard takes bits from the middle.
        let shard = (key.bits() >> 40) as usize % SHARDS;
        let mut generations = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if generations.old.contains(&key.bits()) {
            return true;
        }
        if !generations.new.insert(key.bits()) {
            return true;
        }
        if generations.new.len() >= self.generation_keys_max {
            let Generations { new, old } = &mut *generations;
            if !old.is_empty() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            // The dropped generation's memory becomes the new one's.
            std::mem::swap(new, old);
            new.clear();
        }
        false
    }

    pub(crate) fn generations_dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Within half the bound the filter is exact.
        #[test]
        fn agrees_with_a_set(keys in proptest::collection::vec(0_u64..500, 0..600)) {
            let filter = RepeatFilter::with_generation(600);
            let mut model = std::collections::BTreeSet::new();
            for key in keys {
                let bits = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                prop_assert_eq!(filter.seen(PostKey::from_bits(bits)), !model.insert(key));
            }
        }
    }

    #[test]
    fn forgets_the_oldest_generation_and_counts_it() {
        let filter = RepeatFilter::with_generation(10);
        // The shard is taken from bits 40 and up: these differ above them, so all fall into one shard.
        let keys: Vec<_> = (0..100).map(|n: u64| PostKey::from_bits(n << 48)).collect();
        for key in &keys {
            assert!(!filter.seen(*key));
        }
        assert!(filter.generations_dropped() >= 1);
        assert!(filter.seen(*keys.last().unwrap()));
        assert!(!filter.seen(keys[0]));
    }
}
