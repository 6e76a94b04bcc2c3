//! The n-grams of words, hashed to rows.

use crate::{
    languages::Group,
    letters::{CODE_BITS, EDGE},
};

/// Symbols that are hashed at once.
pub(crate) const SYMBOLS_AT_ONCE: usize = 96;

/// The most rows that are given at once: each symbol may end an n-gram of three and one of five.
pub(crate) const ROWS_AT_ONCE: usize = 2 * SYMBOLS_AT_ONCE;

/// The rows of all n-grams of the words in a group's script, a word's edges being symbols of it: those of three and of five
/// symbols and whole words of four. `ask` hears of each row (and of the first one, where there is none), `add` has them some
/// at a time, in order.
#[inline]
pub(crate) fn rows(group: &Group, symbols: &[u16], ask: impl Fn(u32), add: impl FnMut(&[u32])) {
    by_size::<true>(group, symbols.chunks(SYMBOLS_AT_ONCE), ask, add);
}

/// [`rows`], those of each piece of a text at once. A piece has at most [`SYMBOLS_AT_ONCE`], the edge that it begins with not among them
/// if there is a piece before it.
#[inline]
pub(crate) fn rows_of_pieces<'s>(
    group: &Group,
    pieces: impl Iterator<Item = &'s [u16]>,
    ask: impl Fn(u32),
    add: impl FnMut(&[u32]),
) {
    by_size::<true>(group, pieces, ask, add);
}

/// [`rows_of_pieces`] of three symbols only. Their rows are near, and need not be asked for.
#[inline]
pub(crate) fn short_rows<'s>(group: &Group, pieces: impl Iterator<Item = &'s [u16]>, add: impl FnMut(&[u32])) {
    by_size::<false>(group, pieces, |_| (), add);
}

/// So that the sizes are constants where it matters.
#[inline]
fn by_size<'s, const LONG: bool>(
    group: &Group,
    pieces: impl Iterator<Item = &'s [u16]>,
    ask: impl Fn(u32),
    add: impl FnMut(&[u32]),
) {
    match *group {
        Group { short_bits: 15, long_bits: 18, .. } => {
            rows_of::<LONG>(15, 18, group.script as u16, pieces, ask, add);
        }
        Group { short_bits, long_bits, .. } => {
            rows_of::<LONG>(short_bits, long_bits, group.script as u16, pieces, ask, add);
        }
    }
}

#[allow(clippy::inline_always, reason = "it must be compiled anew for each size")]
#[inline(always)]
fn rows_of<'s, const LONG: bool>(
    short_bits: u32,
    long_bits: u32,
    script: u16,
    pieces: impl Iterator<Item = &'s [u16]>,
    ask: impl Fn(u32),
    mut add: impl FnMut(&[u32]),
) {
    let mut window = 0_u64;
    // The last symbol's bit is the lowest; the bit is set where a symbol is an edge, or of another script and so no part of a
    // word in this one.
    let mut edges = u32::MAX;
    // One more than are given, for the row that is written before it is known to count: a word ends where no processor
    // foresees it, so that to ask is dearer than to write.
    let mut rows = [0; ROWS_AT_ONCE + 1];
    for symbols in pieces {
        let mut count = 0;
        let mut push = |row: u32, counts: bool| {
            ask(if counts { row } else { 0 });
            rows[count] = row;
            count += usize::from(counts);
        };
        for &symbol in symbols {
            let code = if symbol >> CODE_BITS == script { symbol & CODE_MASK } else { EDGE };
            edges = edges << 1 | u32::from(code == EDGE);
            window = window << CODE_BITS | u64::from(code);
            push(short_row(window & MASK_3, short_bits), edges & 0b010 == 0);
            if LONG {
                let whole = edges & 0b1111 == WHOLE_WORD_OF_TWO;
                let long = window & if whole { MASK_4 } else { MASK_5 };
                push(long_row(long, short_bits, long_bits), whole || edges & 0b1110 == 0);
            }
        }
        add(&rows[..count]);
    }
}

const CODE_MASK: u16 = (1 << CODE_BITS) - 1;
const MASK_3: u64 = (1 << (3 * CODE_BITS)) - 1;
const MASK_4: u64 = (1 << (4 * CODE_BITS)) - 1;
const MASK_5: u64 = (1 << (5 * CODE_BITS)) - 1;
/// Two letters between edges.
const WHOLE_WORD_OF_TWO: u32 = 0b1001;

/// The upper bits of one multiplication: a universal hash (Dietzfelbinger et al., 1997).
#[inline]
fn hash(gram: u64, bits: u32) -> u32 {
    (gram.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits)) as u32
}

/// N-grams of three stand together, so that they stay in the nearest caches.
#[inline]
fn short_row(gram: u64, short_bits: u32) -> u32 {
    hash(gram, short_bits)
}

#[inline]
fn long_row(gram: u64, short_bits: u32, long_bits: u32) -> u32 {
    (1 << short_bits) + hash(gram, long_bits)
}

/// The row of one n-gram, given whole.
pub(crate) fn row_of(group: &Group, symbols: &[u16]) -> u32 {
    let gram = symbols.iter().fold(0, |gram, &symbol| gram << CODE_BITS | u64::from(symbol & CODE_MASK));
    if symbols.len() == 3 {
        short_row(gram, group.short_bits)
    } else {
        long_row(gram, group.short_bits, group.long_bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::languages::GROUPS;

    /// Word by word, as the definition says it.
    fn plainly(group: &Group, symbols: &[u16]) -> Vec<u32> {
        let script = group.script as u16;
        let mut found = Vec::new();
        for word in
            symbols.split(|&symbol| symbol == EDGE || symbol >> CODE_BITS != script).filter(|word| !word.is_empty())
        {
            let word: Vec<u16> = [EDGE].iter().chain(word).chain([&EDGE]).copied().collect();
            found.extend(word.windows(3).map(|gram| row_of(group, gram)));
            found.extend(word.windows(5).map(|gram| row_of(group, gram)));
            if word.len() == 4 {
                found.push(row_of(group, &word));
            }
        }
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn rows_are_those_of_every_word(place in 0..GROUPS.len(), text in "[a-e чб\u{627}\u{915}é]{0,40}") {
            let group = &GROUPS[place];
            let mut buffer = [EDGE; crate::letters::room(crate::letters::CHARS_MAX)];
            let letters = crate::letters::Letters::of(&text, &mut buffer);
            let mut found = Vec::new();
            rows(group, letters.symbols(), |_| (), |rows| found.extend_from_slice(rows));
            found.sort_unstable();
            prop_assert_eq!(found, plainly(group, letters.symbols()));
        }
    }
}
