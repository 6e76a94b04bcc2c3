//! [`Memo`]: what was found out about the words seen last. A few thousand words make up most of what people write.

use std::cell::Cell;

/// One byte a word, by the word's hash alone; a word that comes later takes the place of an earlier one.
pub(super) struct Memo(Box<[Cell<u64>]>);

const VALUE: u64 = 0xff;

impl Memo {
    /// For so many words, 256 at least and a power of two, at eight bytes each.
    pub(super) fn new(words: usize) -> Self {
        // The place says the last bits of the hash, so that they can hold the value.
        debug_assert!(words.is_power_of_two() && words as u64 > VALUE);
        Self(vec![Cell::new(0); words].into())
    }

    /// What is remembered of a word, or what `find` says of it.
    #[inline]
    pub(super) fn or_find(&self, hash: u64, find: impl FnOnce() -> u8) -> u8 {
        let slot = &self.0[hash as usize & (self.0.len() - 1)];
        let seen = slot.get();
        // An empty place is that of one word in 2^56, and says what `find` says least often: nothing.
        if seen & !VALUE == hash & !VALUE {
            return (seen & VALUE) as u8;
        }
        let found = find();
        slot.set(hash & !VALUE | u64::from(found));
        found
    }
}
