//! A text as the codes of its letters, word by word.

use crate::script::{SCRIPTS, Script};

/// How much of a text is read, in characters: by then a language is either plain or will not become so.
pub const CHARS_MAX: usize = 400;

/// Stands at both ends of each word. No letter has this code.
pub(crate) const EDGE: u16 = 1;

/// Bits of a letter's code; above them is the script.
pub(crate) const CODE_BITS: u32 = 12;
const CODE_MASK: u16 = (1 << CODE_BITS) - 1;

const KIND_MARK: u16 = 13;
const KIND_OTHER_LETTER: u16 = 14;
const KIND_GAP: u16 = 15;

/// Characters below this have an entry each: script or kind above, code of the lower-case letter below ([`CODE_BITS`]).
const TABLED: usize = 0x2000;

#[repr(C, align(64))]
struct Aligned<Bytes: ?Sized>(Bytes);

static LETTERS: &Aligned<[u8; TABLED * 2]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/letters.bin")));
static COMPOSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/composed.bin"));

#[inline]
fn entry(c: char) -> u16 {
    let at = c as usize;
    match LETTERS.0.get(at * 2..at * 2 + 2) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => beyond(c),
    }
}

/// Letters above the table.
#[cold]
fn beyond(c: char) -> u16 {
    match c {
        // Full-width letters are the narrow ones.
        '\u{ff21}'..='\u{ff3a}' => (c as u32 - 0xff21 + 0x61) as u16,
        '\u{ff41}'..='\u{ff5a}' => (c as u32 - 0xff41 + 0x61) as u16,
        // Zero-width characters and selectors leave a word whole.
        '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => {
            KIND_MARK << CODE_BITS
        }
        // Presentation forms tell the script, and no more.
        '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => (2 << CODE_BITS) | 0x6ff,
        _ if Script::of_its_own(c).is_some() => KIND_OTHER_LETTER << CODE_BITS,
        _ => KIND_GAP << CODE_BITS,
    }
}

/// The code of a letter followed by an accent written apart.
#[cold]
fn compose(base: u16, mark: char) -> Option<u16> {
    let mark = u16::try_from(u32::from(mark)).ok()?;
    let (rows, _) = COMPOSED.as_chunks::<6>();
    let key = |row: &[u8; 6]| (u16::from_le_bytes([row[0], row[1]]), u16::from_le_bytes([row[2], row[3]]));
    rows.binary_search_by_key(&(base, mark), key).ok().map(|at| u16::from_le_bytes([rows[at][4], rows[at][5]]))
}

/// The letters of a text: each word with an [`EDGE`] before it and one behind it that the next word shares.
pub(crate) struct Letters {
    /// Codes with their script above [`CODE_BITS`]; an edge has none.
    buffer: [u16; Self::SIZE],
    length: usize,
    /// How many of each script, by [`Script::weight`].
    pub(crate) counts: [u32; SCRIPTS],
    /// How many Han characters are Japanese alone.
    pub(crate) japanese: u32,
}

impl Letters {
    /// A letter may bring an edge with it, where the script changes.
    const SIZE: usize = CHARS_MAX * 2 + 2;

    pub(crate) fn of(text: &str) -> Self {
        let mut letters = Self { buffer: [EDGE; Self::SIZE], length: 1, counts: [0; SCRIPTS], japanese: 0 };
        letters.read(text);
        letters
    }

    /// Codes and edges, an edge first and last.
    pub(crate) fn symbols(&self) -> &[u16] {
        &self.buffer[..self.length]
    }

    #[inline]
    fn push(&mut self, symbol: u16) {
        self.buffer[self.length] = symbol;
        self.length += 1;
    }

    fn read(&mut self, text: &str) {
        let mut chars = text.chars();
        let mut left = CHARS_MAX;
        // The two symbols behind, and where the word began that they are of: kept here, since the buffer is slow to ask.
        let (mut last, mut before, mut began) = (EDGE, EDGE, self.length);
        while left > 0 {
            let Some(c) = chars.next() else { break };
            left -= 1;
            let entry = entry(c);
            let kind = entry >> CODE_BITS;
            if kind < 4 {
                if last >> CODE_BITS != kind && last != EDGE {
                    self.end_word(began);
                    (last, before, began) = (EDGE, EDGE, self.length);
                }
                // A letter drawn out stands twice.
                if entry != last || entry != before {
                    self.push(entry);
                    (before, last) = (last, entry);
                }
                continue;
            }
            if kind == KIND_MARK {
                if last != EDGE
                    && let Some(code) = compose(last & CODE_MASK, c)
                {
                    last = (last & !CODE_MASK) | code;
                    self.buffer[self.length - 1] = last;
                }
                continue;
            }
            let address = c == ':' && self.is_scheme(began) && chars.as_str().starts_with("//");
            if address {
                self.length = began;
            }
            self.end_word(began);
            (last, before, began) = (EDGE, EDGE, self.length);
            if kind == KIND_OTHER_LETTER {
                if let Some(script) = Script::of_its_own(c) {
                    self.counts[script as usize] += script.weight();
                    self.japanese += u32::from(script == Script::Han && crate::han::is_japanese(c));
                }
            } else if address || c == '@' {
                // Addresses and the names of accounts say nothing about the language.
                for c in chars.by_ref().take(left) {
                    left -= 1;
                    if c.is_whitespace() || (!address && !c.is_alphanumeric() && !matches!(c, '_' | '.' | '-' | '@')) {
                        break;
                    }
                }
            }
        }
        self.end_word(began);
    }

    /// Puts an edge behind the word that began there, and counts its letters. No word, no edge.
    #[inline]
    fn end_word(&mut self, began: usize) {
        if self.length > began {
            self.counts[usize::from((self.buffer[began] >> CODE_BITS) & 3)] += (self.length - began) as u32;
            self.push(EDGE);
        }
    }

    /// Whether the word that began there is `http` or `https`.
    #[cold]
    fn is_scheme(&self, began: usize) -> bool {
        let word = &self.buffer[began..self.length];
        ["http", "https"].iter().any(|scheme| word.iter().copied().eq(scheme.bytes().map(u16::from)))
    }
}

/// What training needs: the code of a letter with its script, or `None` for what is no letter of a shared script.
#[doc(hidden)]
pub fn letter(c: char) -> Option<u16> {
    let entry = entry(c);
    (entry >> CODE_BITS < 4).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        Letters::of(text)
            .symbols()
            .iter()
            .map(|&symbol| match symbol & CODE_MASK {
                EDGE => '|',
                code => char::from_u32(if code >= 0xe00 { u32::from(code) - 0xe00 + 0x1e00 } else { code.into() })
                    .unwrap_or('?'),
            })
            .collect()
    }

    #[test]
    fn letters_are_lower_case_and_words_have_edges() {
        for (text, expected) in [
            ("", "|"),
            ("Été, L'eau!", "|été|l|eau|"),
            ("E\u{301}te\u{301}", "|été|"),
            // Marks out of their canonical order: what composes stays.
            ("Vie\u{323}\u{302}t vie\u{302}\u{323}t Việt", "|việt|viêt|việt|"),
            ("x1y ＡＢ", "|x|y|ab|"),
            ("sooooo goooool", "|soo|gool|"),
            ("миrон", "|ми|r|он|"),
            ("@some_body.net: see https://example.org/path?x=y now", "|see|now|"),
            ("http https: //x", "|http|https|x|"),
            ("Azərbaycan İSTANBUL", "|azərbaycan|istanbul|"),
            ("a\u{200d}b", "|ab|"),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn no_letter_has_the_code_of_an_edge() {
        for c in ('\0'..=char::MAX).filter_map(letter) {
            assert!(c & CODE_MASK > EDGE);
        }
    }
}
