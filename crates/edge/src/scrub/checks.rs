//! Checks of digits and letters that rules name.

use std::ops::Range;

/// Given what a pattern matched, the part of it that is good; `None` where nothing is.
pub(crate) type Check = fn(&[u8]) -> Option<Range<usize>>;

/// The check with this name.
pub(crate) fn by_name(_name: &str) -> Option<Check> {
    None
}
