//! The sum of a text's rows, lane by lane: the only hot loop, in a portable form and in one for AVX2.
//!
//! A weight is four bits, eight being nothing. Lower and upper half-bytes are added apart, in a byte each, which holds
//! [`ROWS_IN_BYTES`] rows, and these in sixteen bits. Both forms are the same additions of
//! the same integers, so they cannot differ but by a fault of a compiler (`tests::both_paths_add_up_the_same`).

use crate::{
    features::ROWS_AT_ONCE,
    languages::Group,
    letters::{CHARS_MAX, room},
};

/// What four bits without weight hold.
pub(crate) const ZERO: u8 = 8;

/// A text's symbols end at most two n-grams each, and the sum of so many half-bytes is within sixteen bits.
const _: () = assert!(room(CHARS_MAX) * 2 * 15 <= i16::MAX as usize);

/// A byte holds the sum of so many half-bytes, and sixteen bits of [`ROWS_AT_ONCE`].
const ROWS_IN_BYTES: usize = 16;

/// Lanes of the widest group.
pub(crate) const LANES_MAX: usize = 64;

/// Adds rows up.
pub(crate) struct Sum<'a> {
    table: &'a [u8],
    row_bytes: usize,
    rows: u32,
    totals: [u16; LANES_MAX],
    add: Add,
}

type Add = fn(&[u8], &[u32], usize, &mut [u16; LANES_MAX]);

impl<'a> Sum<'a> {
    /// Of rows in a group's part of the table, by what this processor does best.
    pub(crate) fn new(group: &Group, table: &'a [u8]) -> Self {
        Self { table, row_bytes: group.row_bytes(), rows: 0, totals: [0; LANES_MAX], add: fastest() }
    }

    /// The same by the form that every processor has.
    pub(crate) fn portable(group: &Group, table: &'a [u8]) -> Self {
        Self { add, ..Self::new(group, table) }
    }

    /// At most [`ROWS_AT_ONCE`].
    #[inline]
    pub(crate) fn add(&mut self, rows: &[u32]) {
        (self.add)(self.table, rows, self.row_bytes, &mut self.totals);
        self.rows += rows.len() as u32;
    }

    /// The scores, lane by lane, and how many rows they are the sum of.
    pub(crate) fn finish(&self) -> ([i16; LANES_MAX], u32) {
        let nothing = self.rows as i16 * i16::from(ZERO);
        (self.totals.map(|total| total as i16 - nothing), self.rows)
    }
}

/// Asks for what will be added soon.
#[inline]
#[allow(unsafe_code, reason = "a hint to the processor, which reads nothing")]
pub(crate) fn prefetch(table: &[u8], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 has it, and it cannot fault, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(table.as_ptr().wrapping_add(at).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (table, at);
}

/// At most [`ROWS_AT_ONCE`] rows.
fn add(table: &[u8], rows: &[u32], row_bytes: usize, totals: &mut [u16; LANES_MAX]) {
    by_width(table, rows, row_bytes, totals);
}

#[allow(clippy::inline_always, reason = "it must be compiled anew inside the function for AVX2")]
#[inline(always)]
fn by_width(table: &[u8], rows: &[u32], row_bytes: usize, totals: &mut [u16; LANES_MAX]) {
    debug_assert!(rows.len() <= ROWS_AT_ONCE);
    match row_bytes {
        32 => of_width::<32, 16>(table, rows, totals),
        8 => of_width::<8, 4>(table, rows, totals),
        _ => debug_assert!(false, "a group has 16 or 64 lanes"),
    }
}

#[allow(clippy::inline_always, reason = "it must be compiled anew inside the function for AVX2")]
#[inline(always)]
fn of_width<const BYTES: usize, const PAIRS: usize>(table: &[u8], rows: &[u32], totals: &mut [u16; LANES_MAX]) {
    let (table, _) = table.as_chunks::<BYTES>();
    // Of the half-bytes 0, 1, 2 and 3 in each 16 bits, a sum each.
    let mut sums = [[0_u16; PAIRS]; 4];
    for few in rows.chunks(ROWS_IN_BYTES) {
        let (mut lower, mut upper) = ([0_u8; BYTES], [0_u8; BYTES]);
        for &row in few {
            let Some(row) = table.get(row as usize) else { continue };
            for place in 0..BYTES {
                lower[place] += row[place] & 15;
                upper[place] += row[place] >> 4;
            }
        }
        let (lower, _) = lower.as_chunks::<2>();
        let (upper, _) = upper.as_chunks::<2>();
        for pair in 0..PAIRS {
            let (lower, upper) = (u16::from_le_bytes(lower[pair]), u16::from_le_bytes(upper[pair]));
            sums[0][pair] += lower & 0xff;
            sums[1][pair] += upper & 0xff;
            sums[2][pair] += lower >> 8;
            sums[3][pair] += upper >> 8;
        }
    }
    for (total, sum) in totals.iter_mut().zip(sums.as_flattened()) {
        *total += sum;
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
fn with_avx2(table: &[u8], rows: &[u32], row_bytes: usize, totals: &mut [u16; LANES_MAX]) {
    #[target_feature(enable = "avx2")]
    fn add(table: &[u8], rows: &[u32], row_bytes: usize, totals: &mut [u16; LANES_MAX]) {
        by_width(table, rows, row_bytes, totals);
    }
    // SAFETY: `fastest` alone hands this function out, after the processor said that it has AVX2. What it calls is safe code.
    unsafe { add(table, rows, row_bytes, totals) }
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
            let table: Vec<u8> = (0..count * group.row_bytes()).map(|_| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                match state >> 62 { 0 => 0, 1 => 255, _ => (state >> 40) as u8 }
            }).collect();
            let (mut fast, mut slow) = (Sum::new(group, &table), Sum::portable(group, &table));
            let mut model = [0_i16; LANES_MAX];
            let rows: Vec<u32> = rows.into_iter().map(|row| row % count as u32).collect();
            for rows in rows.chunks(ROWS_AT_ONCE) {
                fast.add(rows);
                slow.add(rows);
            }
            for row in &rows {
                for (lane, weight) in model.iter_mut().enumerate().take(group.lanes) {
                    let place = group.half_byte_of(lane);
                    let byte = table[*row as usize * group.row_bytes() + place / 2];
                    *weight += i16::from(byte >> (place % 2 * 4) & 15) - i16::from(ZERO);
                }
            }
            let (fast, slow) = (fast.finish(), slow.finish());
            prop_assert_eq!(&fast, &slow);
            prop_assert_eq!(&fast.0[..group.lanes], &model[..group.lanes]);
            prop_assert_eq!(fast.1 as usize, rows.len());
        }
    }
}
