//! The n-grams of words, hashed to rows.

use crate::letters::{CODE_BITS, EDGE};

/// Hashes of all n-grams of the words in `script`, a word's edges being symbols of it: those of three and of five symbols
/// and whole words of four. What a row is, is up to who asks: [`row`].
#[inline]
pub(crate) fn hashes(symbols: &[u16], script: u16, mut sink: impl FnMut(u32)) {
    let mut window = 0_u64;
    let mut length = 0_u32;
    for &symbol in symbols {
        if symbol != EDGE {
            // Words of other scripts have nothing to say in this one's table.
            if symbol >> CODE_BITS == script {
                if length == 0 {
                    window = EDGE.into();
                    length = 1;
                }
                window = (window << CODE_BITS | u64::from(symbol & CODE_MASK)) & MASK_5;
                length += 1;
                if length >= 3 {
                    sink(hash(window & MASK_3));
                    if length >= 5 {
                        sink(hash(window));
                    }
                }
            }
        } else if length > 0 {
            window = (window << CODE_BITS | u64::from(EDGE)) & MASK_5;
            length += 1;
            sink(hash(window & MASK_3));
            if length >= 4 {
                sink(hash(window));
            }
            length = 0;
        }
    }
}

const CODE_MASK: u16 = (1 << CODE_BITS) - 1;
const MASK_3: u64 = (1 << (3 * CODE_BITS)) - 1;
const MASK_5: u64 = (1 << (5 * CODE_BITS)) - 1;

#[inline]
fn hash(gram: u64) -> u32 {
    let mixed = (gram ^ gram >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32) as u32
}

/// The row of a hash in a table of so many.
#[inline]
pub(crate) fn row(hash: u32, rows: usize) -> usize {
    ((u64::from(hash) * rows as u64) >> 32) as usize
}

/// The hash of one n-gram, given whole.
pub(crate) fn hash_of(symbols: &[u16]) -> u32 {
    hash(symbols.iter().fold(0, |gram, &symbol| gram << CODE_BITS | u64::from(symbol & CODE_MASK)))
}
