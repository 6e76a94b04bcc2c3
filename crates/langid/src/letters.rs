//! A text as the codes of its letters, word by word.

use crate::script::{SCRIPTS, Script};

/// How much of a text is read, in characters: by then a language is either plain or will not become so.
pub const CHARS_MAX: usize = 400;

/// Stands at both ends of each word. No letter has this code.
pub(crate) const EDGE: u16 = 1;

/// Bits of a letter's code; above them is the script.
pub(crate) const CODE_BITS: u32 = 12;
const CODE_MASK: u16 = (1 << CODE_BITS) - 1;

const KIND_FORM: u16 = 12;
const KIND_MARK: u16 = 13;
const KIND_OTHER_LETTER: u16 = 14;
const KIND_GAP: u16 = 15;

/// Characters below this have an entry each: script or kind above, code of the lower-case letter below ([`CODE_BITS`]).
const TABLED: usize = 0x2000;

#[repr(C, align(64))]
struct Aligned<Bytes: ?Sized>(Bytes);

static LETTERS: &Aligned<[u8; TABLED * 2]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/letters.bin")));
static FORMS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/forms.bin"));
static COMPOSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/composed.bin"));

/// What stands for a colon and an at sign, behind which something may have to be passed over.
const SIGN: u16 = 0;

/// The symbols of ASCII.
static ASCII: [u16; 128] = {
    let mut symbols = [EDGE; 128];
    let mut byte = 0;
    while byte < 128 {
        let entry = u16::from_le_bytes([LETTERS.0[byte * 2], LETTERS.0[byte * 2 + 1]]);
        if entry >> CODE_BITS == 0 {
            symbols[byte] = entry;
        }
        byte += 1;
    }
    symbols[b':' as usize] = SIGN;
    symbols[b'@' as usize] = SIGN;
    symbols
};

#[inline]
fn entry(c: char) -> u16 {
    let at = c as usize;
    match LETTERS.0.get(at * 2..at * 2 + 2) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => beyond(c),
    }
}

/// Letters above the table.
fn beyond(c: char) -> u16 {
    match c {
        _ if crate::han::is_common(c) => KIND_OTHER_LETTER << CODE_BITS,
        // Full-width letters are the narrow ones.
        '\u{ff21}'..='\u{ff3a}' => (c as u32 - 0xff21 + 0x61) as u16,
        '\u{ff41}'..='\u{ff5a}' => (c as u32 - 0xff41 + 0x61) as u16,
        // Zero-width characters and selectors leave a word whole.
        '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => {
            KIND_MARK << CODE_BITS
        }
        '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => KIND_FORM << CODE_BITS,
        _ if Script::of_its_own(c).is_some() => KIND_OTHER_LETTER << CODE_BITS,
        _ => KIND_GAP << CODE_BITS,
    }
}

/// The letters of a form that Arabic letters have at a place in a word: one, the first two of a ligature, or none but zeros.
#[cold]
fn form(c: char) -> [u16; 2] {
    const BETWEEN: usize = 0xfe70 - 0xfe00;
    let place = c as usize - 0xfb50;
    let place = if c < '\u{fe70}' { place } else { place - BETWEEN };
    FORMS
        .as_chunks::<4>()
        .0
        .get(place)
        .map_or([0; 2], |&[a, b, c, d]| [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])])
}

/// The code of a letter followed by an accent written apart.
#[cold]
fn compose(base: u16, mark: char) -> Option<u16> {
    let mark = u16::try_from(u32::from(mark)).ok()?;
    let (rows, _) = COMPOSED.as_chunks::<6>();
    let key = |row: &[u8; 6]| (u16::from_le_bytes([row[0], row[1]]), u16::from_le_bytes([row[2], row[3]]));
    rows.binary_search_by_key(&(base, mark), key).ok().map(|at| u16::from_le_bytes([rows[at][4], rows[at][5]]))
}

/// Room for the symbols of texts up to so many characters: each may bring an edge with it, where the script changes, and every other one
/// may be a ligature.
pub(crate) const fn room(chars: usize) -> usize {
    chars * 5 / 2 + 2
}

/// The letters of a text: each word with an [`EDGE`] before it and one behind it that the next word shares.
pub(crate) struct Letters<'a> {
    /// Codes with their script above [`CODE_BITS`]; an edge has none.
    buffer: &'a mut [u16],
    length: usize,
    /// How many of each script, by [`Script::weight`].
    pub(crate) counts: [u32; SCRIPTS],
    /// Whether there are letters of scripts that one language uses.
    pub(crate) others: bool,
    /// How many Han characters are Japanese alone.
    pub(crate) japanese: u32,
}

impl<'a> Letters<'a> {
    /// In a buffer of edges, with room for [`CHARS_MAX`] characters or for the whole text.
    pub(crate) fn of(text: &str, buffer: &'a mut [u16]) -> Self {
        let mut letters = Self { buffer, length: 1, counts: [0; SCRIPTS], others: false, japanese: 0 };
        letters.read(text);
        letters.count();
        letters
    }

    /// Codes and edges, an edge first and last.
    pub(crate) fn symbols(&self) -> &[u16] {
        &self.buffer[..self.length]
    }

    fn read(&mut self, text: &str) {
        let text = &text[..bytes_read(text)];
        let bytes = text.as_bytes();
        let mut at = 0;
        let mut pen = Pen { length: self.length, last: EDGE, before: EDGE };
        while let Some(&byte) = bytes.get(at) {
            if byte < 0x80 {
                at += 1;
                // Letters are Latin here and have no bits above their code.
                let symbol = ASCII[usize::from(byte)];
                if pen.last >> CODE_BITS != 0 {
                    pen = pen.push(self.buffer, EDGE);
                }
                if symbol == SIGN {
                    let skipped;
                    (pen, skipped) = skip(self.buffer, pen, byte, &text[at..]);
                    at += skipped;
                } else {
                    pen = pen.push(self.buffer, symbol);
                }
                continue;
            }
            let Some(c) = text[at..].chars().next() else { break };
            at += c.len_utf8();
            let entry = entry(c);
            let kind = entry >> CODE_BITS;
            if kind < 4 {
                if pen.last >> CODE_BITS != kind {
                    pen = pen.push(self.buffer, EDGE);
                }
                pen = pen.push(self.buffer, entry);
            } else if kind == KIND_FORM {
                for symbol in form(c).into_iter().filter(|&symbol| symbol != 0) {
                    if pen.last >> CODE_BITS != symbol >> CODE_BITS {
                        pen = pen.push(self.buffer, EDGE);
                    }
                    pen = pen.push(self.buffer, symbol);
                }
            } else if kind == KIND_MARK {
                if pen.last != EDGE
                    && let Some(code) = compose(pen.last & CODE_MASK, c)
                {
                    pen.last = (pen.last & !CODE_MASK) | code;
                    self.buffer[pen.length - 1] = pen.last;
                }
            } else {
                pen = pen.push(self.buffer, EDGE);
                if kind == KIND_OTHER_LETTER {
                    self.other(c);
                }
            }
        }
        self.length = pen.push(self.buffer, EDGE).length;
    }

    /// A letter of a script that one language uses.
    #[inline]
    fn other(&mut self, c: char) {
        self.others = true;
        if crate::han::is_common(c) {
            self.counts[Script::Han as usize] += const { Script::Han.weight() };
            self.japanese += u32::from(crate::han::is_japanese(c));
        } else if let Some(script) = Script::of_its_own(c) {
            self.counts[script as usize] += script.weight();
        }
    }

    /// How many letters of each shared script there are.
    fn count(&mut self) {
        let mut counts = [0_u16; 4];
        let mut edges = 0_u16;
        for &symbol in &self.buffer[..self.length] {
            for (script, count) in counts.iter_mut().enumerate() {
                *count += u16::from(symbol >> CODE_BITS == script as u16);
            }
            edges += u16::from(symbol == EDGE);
        }
        counts[0] -= edges;
        for (count, of_script) in self.counts.iter_mut().zip(counts) {
            *count = of_script.into();
        }
    }
}

/// Where the next symbol goes, and the last two. Handed on by value, so that it stays in registers.
#[derive(Clone, Copy)]
struct Pen {
    length: usize,
    last: u16,
    before: u16,
}

impl Pen {
    /// A letter, or the edge of a word. A letter drawn out stands twice, and an edge once. Without branches: nothing about the
    /// letters of a text foretells where its words end.
    #[inline]
    fn push(self, buffer: &mut [u16], symbol: u16) -> Self {
        let again = symbol == self.last && (symbol == self.before || symbol == EDGE);
        buffer[self.length] = symbol;
        Self {
            length: self.length + usize::from(!again),
            last: symbol,
            before: if again { self.before } else { self.last },
        }
    }
}

/// How many bytes are passed over behind a colon or an at sign: addresses and the names of accounts say nothing about the
/// language.
#[cold]
fn skip(buffer: &mut [u16], pen: Pen, sign: u8, rest: &str) -> (Pen, usize) {
    let scheme = if sign == b':' && rest.starts_with("//") { scheme_began(&buffer[..pen.length]) } else { None };
    let pen = match scheme {
        Some(began) => Pen { length: began, last: EDGE, before: EDGE },
        None => pen.push(buffer, EDGE),
    };
    if scheme.is_none() && sign != b'@' {
        return (pen, 0);
    }
    let ends = |c: char| {
        c.is_whitespace() || (scheme.is_none() && !c.is_alphanumeric() && !matches!(c, '_' | '.' | '-' | '@'))
    };
    (pen, rest.char_indices().find(|&(_, c)| ends(c)).map_or(rest.len(), |(at, c)| at + c.len_utf8()))
}

/// Where the last word began, if it is `http` or `https`.
fn scheme_began(symbols: &[u16]) -> Option<usize> {
    let began = symbols.iter().rposition(|&symbol| symbol == EDGE).map_or(0, |edge| edge + 1);
    let is_scheme =
        ["http", "https"].iter().any(|scheme| symbols[began..].iter().copied().eq(scheme.bytes().map(u16::from)));
    is_scheme.then_some(began)
}

/// How many bytes the first [`CHARS_MAX`] characters take.
fn bytes_read(text: &str) -> usize {
    if text.len() <= CHARS_MAX {
        return text.len();
    }
    text.char_indices().nth(CHARS_MAX).map_or(text.len(), |(at, _)| at)
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
        let mut buffer = [EDGE; room(CHARS_MAX)];
        Letters::of(text, &mut buffer)
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
            // What Arabic letters look like where they stand, and a ligature.
            ("ﺍﻵﻥ ﻳﻨﻬﺾ ﭖ ﷲ", "|الآن|ينهض|پ|ال|"),
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
