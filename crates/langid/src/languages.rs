//! The languages, and which of them share a script.

use std::fmt;

use crate::{
    letters::{CODE_BITS, EDGE},
    script::Script,
};

/// A language by its ISO 639-1 code, or [`Language::UND`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language([u8; 2]);

impl Language {
    /// Not determined: no letters, too few of them, noise, or not sure enough.
    pub const UND: Self = Self(*b"  ");

    /// ISO 639-1, or `und`.
    pub fn code(&self) -> &str {
        if *self == Self::UND { "und" } else { std::str::from_utf8(&self.0).unwrap_or("und") }
    }

    /// The two letters of the code; `None` for [`Language::UND`].
    pub fn letters(self) -> Option<[u8; 2]> {
        (self != Self::UND).then_some(self.0)
    }

    /// All that [`identify`](crate::identify) can answer but [`Language::UND`].
    pub fn all() -> impl Iterator<Item = Self> {
        let shared = GROUPS.iter().flat_map(|group| group.languages.iter().copied());
        shared.chain(ALONE.iter().map(|&(_, language)| language))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

const fn list<const N: usize>(codes: [&str; N]) -> [Language; N] {
    let mut languages = [Language::UND; N];
    let mut at = 0;
    while at < N {
        let code = codes[at].as_bytes();
        languages[at] = Language([code[0], code[1]]);
        at += 1;
    }
    languages
}

/// Languages that share a script, and their part of the table.
#[derive(Debug)]
#[doc(hidden)]
pub struct Group {
    pub(crate) script: Script,
    /// In the order of their lanes. The lane behind the last one is noise.
    pub languages: &'static [Language],
    /// Weights in a row, a multiple of sixteen. Each 16 bits of a row hold four, which are a quarter of the lanes apart.
    pub lanes: usize,
    /// The first 2 to this are rows for n-grams of three.
    pub short_bits: u32,
    /// The other 2 to this are rows for those of five.
    pub long_bits: u32,
}

impl Group {
    /// Rows of its part of the table.
    pub const fn rows(&self) -> usize {
        (1 << self.short_bits) + (1 << self.long_bits)
    }

    /// Bytes of its part of the table.
    pub const fn size(&self) -> usize {
        self.rows() * self.row_bytes()
    }

    /// Bytes of a row.
    pub const fn row_bytes(&self) -> usize {
        self.lanes / 2
    }

    /// Which half-byte of a row a lane is.
    pub const fn half_byte_of(&self, lane: usize) -> usize {
        let apart = self.lanes / 4;
        lane % apart * 4 + lane / apart
    }

    /// How many of some symbols are letters of its script.
    pub(crate) fn letters(&self, symbols: &[u16]) -> u32 {
        let script = self.script as u16;
        symbols.iter().filter(|&&symbol| symbol != EDGE && symbol >> CODE_BITS == script).count() as u32
    }

    /// The row of one n-gram, given as its symbols.
    pub fn row_of(&self, symbols: &[u16]) -> u32 {
        crate::features::row_of(self, symbols)
    }

    /// The rows that a text touches, in order.
    pub fn rows_of(&self, symbols: &[u16], mut sink: impl FnMut(u32)) {
        crate::features::rows(self, symbols, |_| (), |rows| rows.iter().for_each(|&row| sink(row)));
    }
}

static LATIN: [Language; 49] = list([
    "af", "az", "bs", "ca", "cs", "cy", "da", "de", "en", "eo", "es", "et", "eu", "fi", "fr", "ga", "hr", "hu", "id",
    "is", "it", "la", "lg", "lt", "lv", "mi", "ms", "nb", "nl", "nn", "pl", "pt", "ro", "sk", "sl", "sn", "so", "sq",
    "st", "sv", "sw", "tl", "tn", "tr", "ts", "vi", "xh", "yo", "zu",
]);
static CYRILLIC: [Language; 8] = list(["be", "bg", "kk", "mk", "mn", "ru", "sr", "uk"]);
static ARABIC: [Language; 3] = list(["ar", "fa", "ur"]);
static DEVANAGARI: [Language; 2] = list(["hi", "mr"]);

/// In the order of the table's parts.
#[doc(hidden)]
pub static GROUPS: [Group; 4] = [
    Group { script: Script::Latin, languages: &LATIN, lanes: 64, short_bits: 15, long_bits: 18 },
    Group { script: Script::Cyrillic, languages: &CYRILLIC, lanes: 16, short_bits: 13, long_bits: 17 },
    Group { script: Script::Arabic, languages: &ARABIC, lanes: 16, short_bits: 13, long_bits: 15 },
    Group { script: Script::Devanagari, languages: &DEVANAGARI, lanes: 16, short_bits: 13, long_bits: 15 },
];

/// Scripts that one language of ours uses, and the languages. Others use some of them too, rarely.
pub(crate) static ALONE: [(Script, Language); 21] = [
    (Script::Greek, Language(*b"el")),
    (Script::Hebrew, Language(*b"he")),
    (Script::Armenian, Language(*b"hy")),
    (Script::Georgian, Language(*b"ka")),
    (Script::Bengali, Language(*b"bn")),
    (Script::Gurmukhi, Language(*b"pa")),
    (Script::Gujarati, Language(*b"gu")),
    (Script::Oriya, Language(*b"or")),
    (Script::Tamil, Language(*b"ta")),
    (Script::Telugu, Language(*b"te")),
    (Script::Kannada, Language(*b"kn")),
    (Script::Malayalam, Language(*b"ml")),
    (Script::Sinhala, Language(*b"si")),
    (Script::Thai, Language(*b"th")),
    (Script::Lao, Language(*b"lo")),
    (Script::Myanmar, Language(*b"my")),
    (Script::Ethiopic, Language(*b"am")),
    (Script::Khmer, Language(*b"km")),
    (Script::Hangul, Language(*b"ko")),
    (Script::Kana, Language(*b"ja")),
    (Script::Han, Language(*b"zh")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_two_letters_and_stand_once() {
        let mut all: Vec<_> = Language::all().collect();
        assert!(all.len() >= 75);
        assert!(all.iter().all(|language| language.code().bytes().all(|byte| byte.is_ascii_lowercase())));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), Language::all().count());
        assert_eq!(Language::UND.code(), "und");
    }

    #[test]
    fn every_group_has_a_lane_for_noise() {
        for group in &GROUPS {
            assert!(group.languages.len() < group.lanes && group.lanes % 16 == 0);
        }
    }
}
