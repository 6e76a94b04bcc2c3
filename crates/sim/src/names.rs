//! Invented words: handles, domains, people and places that exist nowhere.

use crate::rng::Rng;

const OPENINGS: [&str; 24] = [
    "bra", "cal", "dor", "el", "fen", "gal", "hol", "ir", "jas", "kel", "lor", "mer", "nov", "or", "pel", "quin",
    "ros", "sel", "tar", "ul", "ver", "wil", "yor", "zan",
];
const MIDDLES: [&str; 16] =
    ["a", "be", "co", "da", "e", "fi", "go", "i", "ka", "lu", "mo", "ni", "o", "ra", "ti", "vu"];
const CLOSINGS: [&str; 20] = [
    "bar", "den", "fax", "gorn", "holm", "ka", "lin", "mont", "nor", "quel", "rik", "sby", "tan", "vale", "wick", "xa",
    "yard", "zen", "dale", "ro",
];
/// Syllables that the vocabularies never put side by side, for words that must be found by a search and by nothing else.
const RARE: [&str; 20] = [
    "zqu", "xov", "kwy", "vzo", "qix", "jzu", "wyx", "zvo", "xqa", "fzy", "qor", "vix", "zju", "kzo", "xwi", "qze",
    "yxo", "jqa", "wzu", "vqe",
];

/// A word that reads like a name, about 7,680 different ones.
pub(crate) fn invented(rng: &mut Rng) -> String {
    let mut word = String::from(rng.pick(&OPENINGS));
    word.push_str(rng.pick(&MIDDLES));
    word.push_str(rng.pick(&CLOSINGS));
    word
}

/// A word of `syllables` rare syllables: with five of them, 3.2 million different ones.
pub(crate) fn rare(rng: &mut Rng, syllables: usize) -> String {
    (0..syllables).map(|_| rng.pick(&RARE)).collect()
}

/// The same word with a capital.
pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Writes a handle's name for 64 random bits, without an `@`.
pub(crate) fn handle_into(bits: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(OPENINGS[(bits % 24) as usize].as_bytes());
    out.extend_from_slice(MIDDLES[(bits >> 8 & 15) as usize].as_bytes());
    out.extend_from_slice(CLOSINGS[((bits >> 16 & 0xFFFF) % 20) as usize].as_bytes());
    number_into((bits >> 32 & 0xFFFF) % 1000, out);
}

/// Writes a number in digits.
pub(crate) fn number_into(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Writes the lowest `5 × LENGTH` bits as base 32, the alphabet of a `did:plc:`.
pub(crate) fn base32_into<const LENGTH: usize>(mut bits: u64, out: &mut Vec<u8>) {
    let mut letters = [0_u8; LENGTH];
    for letter in letters.iter_mut().rev() {
        *letter = BASE32[(bits & 31) as usize];
        bits >>= 5;
    }
    out.extend_from_slice(&letters);
}
