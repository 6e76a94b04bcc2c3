//! [`Index`]: under which keys which texts were seen last. A bounded table without probing: a bucket of four is a cache line, and
//! the oldest of four gives way.

/// Texts under one bucket of keys.
const WAYS: usize = 4;

/// Where a text is: a single, or a family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

const FAMILY: u32 = 1 << 31;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Single(usize),
    Family(usize),
}

impl Slot {
    pub(super) const fn single(at: usize) -> Self {
        Self(at as u32)
    }

    pub(super) const fn family(at: usize) -> Self {
        Self(at as u32 | FAMILY)
    }

    pub(super) const fn place(self) -> Place {
        if self.0 & FAMILY == 0 { Place::Single(self.0 as usize) } else { Place::Family((self.0 & !FAMILY) as usize) }
    }
}

/// Texts under keys, latest first. Where it does not begin with a cache line, it would be in two.
#[derive(Clone, Default)]
#[repr(align(64))]
struct Bucket {
    /// Of their keys; zero: free. Side by side, so that all are compared at once.
    tags: [u32; WAYS],
    slots: [Slot; WAYS],
    /// Of the texts' words: nearly all texts that have only a key in common are told apart by it, without being looked at.
    bits: [u64; WAYS],
}

impl Bucket {
    /// Those with a tag: a bit each.
    #[inline]
    fn with(&self, tag: u32) -> u32 {
        (0..).zip(&self.tags).fold(0, |with, (at, other)| with | u32::from(*other == tag) << at)
    }

    #[inline]
    fn put(&mut self, at: usize, tag: u32, slot: Slot, bits: u64) {
        (self.tags[at], self.slots[at], self.bits[at]) = (tag, slot, bits);
    }
}

/// Keys and slots. What it says is a hint: slots are used again, so whoever looks up compares.
pub(super) struct Index {
    buckets: Vec<Bucket>,
}

impl Index {
    /// Room for so many keys.
    pub(super) fn new(keys: usize) -> Self {
        Self { buckets: vec![Bucket::default(); (keys / WAYS).next_power_of_two()] }
    }

    const fn parts(&self, key: u64) -> (usize, u32) {
        let mixed = key.wrapping_mul(0xd6e8_feb8_6659_fd93);
        let tag = mixed as u32 ^ (key >> 32) as u32;
        ((mixed >> 32) as usize & (self.buckets.len() - 1), if tag == 0 { 1 } else { tag })
    }

    /// Texts that were noted under a key, latest first, and the bits of their words.
    #[inline]
    pub(super) fn find(&self, key: u64) -> impl Iterator<Item = (Slot, u64)> + '_ {
        let (bucket, tag) = self.parts(key);
        let bucket = &self.buckets[bucket];
        let mut with = bucket.with(tag);
        std::iter::from_fn(move || {
            let at = (with != 0).then(|| with.trailing_zeros() as usize)?;
            with &= with - 1;
            Some((bucket.slots[at], bucket.bits[at]))
        })
    }

    /// Reads the buckets of some keys, for no other reason than that they are at hand then: one look-up after the other would wait for
    /// each.
    pub(super) fn bring(&self, keys: impl Iterator<Item = u64>) {
        let tags = keys.fold(0, |tags, key| tags ^ self.buckets[self.parts(key).0].tags[0]);
        std::hint::black_box(tags);
    }

    /// Notes a text under a key. A text is under a key once.
    pub(super) fn note(&mut self, key: u64, slot: Slot, bits: u64) {
        let (bucket, tag) = self.parts(key);
        let bucket = &mut self.buckets[bucket];
        let same = |at: &usize| bucket.tags[*at] == tag && bucket.slots[*at] == slot;
        let end = (0..WAYS).find(same).unwrap_or(WAYS - 1);
        for at in (0..end).rev() {
            bucket.put(at + 1, bucket.tags[at], bucket.slots[at], bucket.bits[at]);
        }
        bucket.put(0, tag, slot, bits);
    }

    /// A text is no longer under a key.
    pub(super) fn forget(&mut self, key: u64, slot: Slot) {
        let (bucket, tag) = self.parts(key);
        let bucket = &mut self.buckets[bucket];
        for at in 0..WAYS {
            if bucket.tags[at] == tag && bucket.slots[at] == slot {
                bucket.put(at, 0, Slot::default(), 0);
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.buckets.len() * size_of::<Bucket>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_of_a_bucket_stay() {
        let mut index = Index::new(4);
        for at in 0..6 {
            index.note(7, Slot::single(at), 0);
        }
        index.note(7, Slot::single(3), 0);
        let found: Vec<_> = index.find(7).map(|(slot, _)| slot).collect();
        assert_eq!(found, [3, 5, 4, 2].map(Slot::single));
        assert_eq!(index.find(8).count(), 0, "another key in the same bucket");
        assert_eq!(Slot::family(9).place(), Place::Family(9));
        assert_eq!(Slot::single(9).place(), Place::Single(9));
    }
}
