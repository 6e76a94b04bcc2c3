//! A small model of what names look like, for words that no list has: logistic regression over hashed groups of two, three and four
//! letters. `scripts/names/model.py` trains it on the lexicon's names and on everyday words of eleven languages.

/// In sixteenths of log odds: the bias, then one weight a bucket.
const WEIGHTS: &[u8] = include_bytes!("../../data/names-model.bin");
const BUCKETS: u32 = 1 << 14;
/// Letters that are looked at.
const LETTERS_MAX: usize = 32;

const fn step(value: u32, letter: char) -> u32 {
    (value ^ letter as u32).wrapping_mul(0x0100_0193)
}

#[inline]
fn weight(index: u32) -> i32 {
    i32::from(WEIGHTS[index as usize].cast_signed())
}

/// In sixteenths of log odds; above zero it looks more like a name. `None` for scripts of which it has seen too few everyday words.
pub(super) fn score(word: &str) -> Option<i32> {
    if !word.starts_with(|letter| matches!(letter, '\0'..='\u{24f}' | '\u{400}'..='\u{52f}' | '\u{600}'..='\u{6ff}' | '\u{1e00}'..='\u{1eff}')) {
        return None;
    }
    let mut letters = ['\0'; LETTERS_MAX + 2];
    letters[0] = '^';
    let mut len = 1;
    for letter in word.chars().take(LETTERS_MAX) {
        letters[len] = letter;
        len += 1;
    }
    letters[len] = '$';
    len += 1;
    let mut sum = weight(0);
    for start in 0..len {
        let mut value = 0x811c_9dc5;
        for (order, &letter) in letters[start..len.min(start + 4)].iter().enumerate() {
            value = step(value, letter);
            if order > 0 {
                sum += weight(1 + (value ^ value >> 15) % BUCKETS);
            }
        }
    }
    Some(sum)
}
