//! The sum of a text's rows, lane by lane: the only hot loop, in a portable form and in one for AVX2.
//!
//! A weight is a byte, 128 being nothing. Eight lanes stand in a `u64`; its even and its odd bytes are added apart, in
//! sixteen bits each, which hold [`ROWS_AT_ONCE`] rows. Both forms are the same additions of the same integers, so they
//! cannot differ but by a fault of a compiler (`tests::both_paths_add_up_the_same`).

use crate::languages::Group;

/// What a byte without weight holds.
pub(crate) const ZERO: u8 = 128;

/// Sixteen bits hold the sum of so many bytes.
pub(crate) const ROWS_AT_ONCE: usize = 256;

/// Lanes of the widest group.
pub(crate) const LANES_MAX: usize = 64;

/// Adds rows up.
pub(crate) struct Sum<'a> {
    table: &'a [u8],
    lanes: usize,
    pending: [u32; ROWS_AT_ONCE],
    waiting: usize,
    rows: u32,
    totals: [u32; LANES_MAX],
    add: Add,
}

type Add = fn(&[u8], &[u32], usize, &mut [u32; LANES_MAX]);

impl<'a> Sum<'a> {
    /// Of rows in a group's part of the table, by what this processor does best.
    pub(crate) fn new(group: &Group, table: &'a [u8]) -> Self {
        Self::with(group, table, fastest())
    }

    /// The same by the form that every processor has.
    pub(crate) fn portable(group: &Group, table: &'a [u8]) -> Self {
        Self::with(group, table, add)
    }

    fn with(group: &Group, table: &'a [u8], add: Add) -> Self {
        let (pending, totals) = ([0; ROWS_AT_ONCE], [0; LANES_MAX]);
        Self { table, lanes: group.lanes, pending, waiting: 0, rows: 0, totals, add }
    }

    #[inline]
    pub(crate) fn push(&mut self, row: usize) {
        if self.waiting == ROWS_AT_ONCE {
            self.flush();
        }
        prefetch(self.table, row * self.lanes);
        self.pending[self.waiting] = row as u32;
        self.waiting += 1;
    }

    fn flush(&mut self) {
        (self.add)(self.table, &self.pending[..self.waiting], self.lanes, &mut self.totals);
        self.rows += self.waiting as u32;
        self.waiting = 0;
    }

    /// The scores, lane by lane, and how many rows they are the sum of.
    pub(crate) fn finish(mut self) -> ([i32; LANES_MAX], u32) {
        self.flush();
        let nothing = i64::from(self.rows) * i64::from(ZERO);
        (self.totals.map(|total| (i64::from(total) - nothing) as i32), self.rows)
    }
}

/// Asks for what will be added soon.
#[inline]
#[allow(unsafe_code, reason = "a hint to the processor, which reads nothing")]
fn prefetch(table: &[u8], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(byte) = table.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 has it, it cannot fault, and the address is of the table.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(byte).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (table, at);
}

/// At most [`ROWS_AT_ONCE`] rows.
fn add(table: &[u8], rows: &[u32], lanes: usize, totals: &mut [u32; LANES_MAX]) {
    by_lanes(table, rows, lanes, totals);
}

#[allow(clippy::inline_always, reason = "it must be compiled anew inside the function for AVX2")]
#[inline(always)]
fn by_lanes(table: &[u8], rows: &[u32], lanes: usize, totals: &mut [u32; LANES_MAX]) {
    debug_assert!(rows.len() <= ROWS_AT_ONCE);
    match lanes {
        64 => words::<8>(table, rows, totals),
        16 => words::<2>(table, rows, totals),
        8 => words::<1>(table, rows, totals),
        _ => debug_assert!(false, "a group has 8, 16 or 64 lanes"),
    }
}

#[allow(clippy::inline_always, reason = "it must be compiled anew inside the function for AVX2")]
#[inline(always)]
fn words<const WORDS: usize>(table: &[u8], rows: &[u32], totals: &mut [u32; LANES_MAX]) {
    const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
    let (table, _) = table.as_chunks::<8>();
    let (table, _) = table.as_chunks::<WORDS>();
    let (mut even, mut odd) = ([0_u64; WORDS], [0_u64; WORDS]);
    for &row in rows {
        let Some(row) = table.get(row as usize) else { continue };
        for (word, bytes) in row.iter().enumerate() {
            let lanes = u64::from_le_bytes(*bytes);
            even[word] += lanes & BYTES;
            odd[word] += (lanes >> 8) & BYTES;
        }
    }
    for word in 0..WORDS {
        for pair in 0..4 {
            totals[word * 8 + pair * 2] += (even[word] >> (16 * pair)) as u32 & 0xffff;
            totals[word * 8 + pair * 2 + 1] += (odd[word] >> (16 * pair)) as u32 & 0xffff;
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn fastest() -> Add {
    if std::arch::is_x86_feature_detected!("avx2") { with_avx2 } else { add }
}

#[cfg(not(target_arch = "x86_64"))]
fn fastest() -> Add {
    add
}

/// [`add`], compiled for a processor with AVX2.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "the one call into code for a processor that has been asked")]
fn with_avx2(table: &[u8], rows: &[u32], lanes: usize, totals: &mut [u32; LANES_MAX]) {
    #[target_feature(enable = "avx2")]
    fn add(table: &[u8], rows: &[u32], lanes: usize, totals: &mut [u32; LANES_MAX]) {
        by_lanes(table, rows, lanes, totals);
    }
    // SAFETY: `fastest` alone hands this function out, after the processor said that it has AVX2. What it calls is safe code.
    unsafe { add(table, rows, lanes, totals) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::languages::GROUPS;

    proptest! {
        #[test]
        fn both_paths_add_up_the_same(
            group in 0..GROUPS.len(), rows in prop::collection::vec(any::<u32>(), 0..900), seed in any::<u64>(),
        ) {
            let group = &GROUPS[group];
            // A table of extremes and of anything, small enough to be made anew each time.
            let count = 61;
            let mut state = seed;
            let table: Vec<u8> = (0..count * group.lanes).map(|_| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                match state >> 62 { 0 => 0, 1 => 255, _ => (state >> 40) as u8 }
            }).collect();
            let (mut fast, mut slow) = (Sum::new(group, &table), Sum::portable(group, &table));
            let mut model = [0_i32; LANES_MAX];
            for row in &rows {
                let row = *row as usize % count;
                fast.push(row);
                slow.push(row);
                for (lane, weight) in table[row * group.lanes..][..group.lanes].iter().enumerate() {
                    model[lane] += i32::from(*weight) - i32::from(ZERO);
                }
            }
            let (fast, slow) = (fast.finish(), slow.finish());
            prop_assert_eq!(&fast, &slow);
            prop_assert_eq!(&fast.0[..group.lanes], &model[..group.lanes]);
            prop_assert_eq!(fast.1 as usize, rows.len());
        }
    }
}
