//! The weights: rows of four bytes, two to tell whose row it is, two of weights.

use std::hint::select_unpredictable;

/// Rows of features of words.
pub(crate) const WORD_ROWS: usize = 1 << 19;
/// Rows of pairs.
pub(crate) const PAIR_ROWS: usize = 1 << 18;
pub(crate) const SIZE: usize = (WORD_ROWS + PAIR_ROWS) * ROW;
pub(crate) const ROW: usize = 4;

/// Weights to a unit of a score, before lengths and temperatures.
pub(crate) const STEPS: f32 = 40.0;

/// The bytes, each row: check (low byte first), negative, positive.
#[repr(C, align(64))]
pub struct Table(pub(crate) [u8; SIZE]);

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

pub(crate) static TABLE: Table = Table(*include_bytes!(concat!(env!("OUT_DIR"), "/table.bin")));

/// Where a feature's row is, and what its check must be. No check is zero, so that an empty row is nobody's.
#[inline]
pub(crate) fn place(hash: u64, rows: usize) -> (usize, u16) {
    let row = (hash >> 32) as usize & (rows - 1);
    (row, (hash as u16).max(1))
}

impl Table {
    /// Without a branch: a word has dozens of features, most of them in nobody's row, and rows are far from each other in memory, so the
    /// processor must be free to ask for the next before this one is there.
    #[inline]
    fn row(&self, row: usize, check: u16) -> [i8; 2] {
        let at = row * ROW;
        let [low, high, negative, positive] = *self.0[at..].first_chunk().expect("a row is whole");
        let ours = u16::from_le_bytes([low, high]) == check;
        select_unpredictable(ours, u16::from_le_bytes([negative, positive]), 0).to_le_bytes().map(u8::cast_signed)
    }

    /// The weights of a feature of a word; nothing for those that training did not keep.
    #[inline]
    pub(crate) fn of_word(&self, hash: u64) -> [i8; 2] {
        let (row, check) = place(hash, WORD_ROWS);
        self.row(row, check)
    }

    #[inline]
    pub(crate) fn of_pair(&self, hash: u64) -> [i8; 2] {
        let (row, check) = place(hash, PAIR_ROWS);
        self.row(WORD_ROWS + row, check)
    }
}
