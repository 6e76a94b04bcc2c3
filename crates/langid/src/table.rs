//! The weights, part by part, as the linker lays them out: aligned to cache lines, with nothing to do at start.

use crate::languages::GROUPS;

/// Bytes of all parts.
const SIZE: usize = GROUPS[0].size() + GROUPS[1].size() + GROUPS[2].size() + GROUPS[3].size();

/// Weights to a unit of a score: a difference of so many between two languages makes one e times as likely, before
/// [`confidence`](crate::confidence) cools it.
pub(crate) const STEPS: f32 = 3.0;

#[repr(C, align(64))]
struct Aligned<Bytes: ?Sized>(Bytes);

static TABLE: &Aligned<[u8; SIZE]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/table.bin")));

/// The part of a group, by its place in [`GROUPS`].
#[inline]
pub(crate) fn part(group: usize) -> &'static [u8] {
    let from: usize = GROUPS[..group].iter().map(super::languages::Group::size).sum();
    &TABLE.0[from..from + GROUPS[group].size()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_start_at_cache_lines() {
        for (at, group) in GROUPS.iter().enumerate() {
            assert_eq!(part(at).as_ptr() as usize % 64, 0);
            assert_eq!(part(at).len(), group.size());
        }
    }

    #[test]
    fn the_table_fits() {
        const { assert!(SIZE <= 12_000_000) };
        const { assert!(include_bytes!("../data/table.zst").len() <= 5_000_000) };
    }
}
