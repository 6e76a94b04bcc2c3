//! The view that rules look at: the text with disguises taken off, and a map back.
//!
//! `＠`, `２`, `٣`, a zero-width space inside a number, a non-breaking hyphen: what reads as ASCII to people is ASCII in the
//! view. What was found already, and placeholders of an earlier pass, stand as [`BARRIER`] bytes, which no rule matches.

use unicode_normalization::char::decompose_compatible;

use super::kind::Kind;

/// Stands for what is replaced; occurs in no UTF-8.
pub(crate) const BARRIER: u8 = 0xFF;

/// The zeros of the decimal digits outside ASCII that Unicode does not map to ASCII by itself (category Nd).
const ZEROS: &[u32] = &[
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x11066, 0x1E950,
];

#[derive(Default)]
pub(crate) struct View {
    pub(crate) bytes: Vec<u8>,
    /// For each byte of the view and its end, where its character begins in the text. Empty where the view is the text.
    map: Vec<u32>,
    /// Angle brackets in the text that are no placeholder, to be replaced by `<` and `>`: positions in the text.
    pub(crate) brackets: Vec<u32>,
}

impl View {
    pub(crate) fn load(&mut self, text: &str) {
        self.bytes.clear();
        self.map.clear();
        self.brackets.clear();
        if text.is_ascii() || !needs_folding(text.as_bytes()) {
            self.bytes.extend_from_slice(text.as_bytes());
            return;
        }
        self.fold(text);
    }

    fn fold(&mut self, text: &str) {
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let length = c.len_utf8();
            if c == '⟨'
                && let Some(length) = Kind::placeholder_at(&text.as_bytes()[at..])
            {
                self.push(&[BARRIER], at);
                at += length;
                continue;
            }
            match c {
                _ if c.is_ascii() => self.push(&[c as u8], at),
                '⟨' | '⟩' => {
                    self.brackets.push(at as u32);
                    self.push(if c == '⟨' { b"<" } else { b">" }, at);
                }
                // Joined to what stands before: a character's map entry is where it begins.
                // The selector and the joiner of pictures, but not between what a rule reads.
                '\u{FE0F}' | '\u{200D}' if self.bytes.last().is_some_and(|b| (0x80..BARRIER).contains(b)) => {
                    self.push(&text.as_bytes()[at..at + length], at);
                }
                _ if is_invisible(c) => {}
                '\u{2012}'..='\u{2015}' if !beside_digit(self.bytes.last(), text[at + length..].chars().next()) => {
                    self.push(&text.as_bytes()[at..at + length], at);
                }
                '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' => self.push(b"-", at),
                '\u{3002}' | '\u{FF61}' => self.push(b".", at),
                _ => {
                    let digit = ZEROS.iter().find(|zero| (u32::from(c)).wrapping_sub(**zero) < 10);
                    if let Some(zero) = digit {
                        self.push(&[b'0' + (u32::from(c) - zero) as u8], at);
                    } else {
                        let mut ascii = [0; 16];
                        let mut count = 0;
                        let mut all = true;
                        if may_decompose(c) {
                            decompose_compatible(c, |part| {
                                if (part.is_ascii_graphic() || part == ' ') && count < ascii.len() {
                                    ascii[count] = part as u8;
                                    count += 1;
                                } else {
                                    all = false;
                                }
                            });
                        } else {
                            all = false;
                        }
                        if all {
                            self.push(&ascii[..count], at);
                        } else {
                            self.push(&text.as_bytes()[at..at + length], at);
                        }
                    }
                }
            }
            at += length;
        }
        self.map.push(text.len() as u32);
    }

    fn push(&mut self, bytes: &[u8], at: usize) {
        self.bytes.extend_from_slice(bytes);
        self.map.extend(std::iter::repeat_n(at as u32, bytes.len()));
    }

    /// The stretch of the text that a stretch of the view stands for: whole characters.
    pub(crate) fn in_text(&self, start: usize, end: usize) -> (usize, usize) {
        if self.map.is_empty() {
            return (start, end);
        }
        let last = self.map[end - 1];
        let after = self.map[end..].iter().find(|at| **at > last).copied().unwrap_or(last);
        (self.map[start] as usize, after as usize)
    }
}

/// First bytes of characters that the view may show differently.
static SUSPECT: [bool; 256] = {
    let mut suspect = [false; 256];
    let mut byte = 0xC0;
    while byte < 256 {
        suspect[byte] =
            !matches!(byte, 0xC3..=0xCB | 0xCE..=0xD7 | 0xDA | 0xDC..=0xDE | 0xE4..=0xE9 | 0xEB..=0xEE | 0xF1 | 0xF2);
        byte += 1;
    }
    suspect
};

/// Whether a text that is not all ASCII holds a character that the view shows differently. Most scripts have none.
fn needs_folding(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let lead = bytes[at];
        // Bytes within a character and the first bytes of most scripts say nothing.
        if !SUSPECT[usize::from(lead)] {
            at += 1;
            continue;
        }
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        let third = bytes.get(at + 2).copied().unwrap_or(0);
        match lead {
            0xC2 if matches!(next, 0xA0 | 0xAA | 0xAD | 0xB2 | 0xB3 | 0xB9 | 0xBA) => return true,
            0xCC | 0xCD if next == 0x8F => return true,
            0xD8 if next == 0x9C => return true,
            0xD9 if (0xA0..=0xA9).contains(&next) => return true,
            0xDB if next >= 0xB0 => return true,
            0xDF if next <= 0x89 => return true,
            0xE2 => match (next, third) {
                // Dashes stand between words everywhere; between digits they stand for a hyphen.
                (0x80, 0x92..=0x95)
                    if !beside_digit(
                        at.checked_sub(1).map(|at| &bytes[at]),
                        bytes.get(at + 3).map(|b| char::from(*b)),
                    ) => {}
                // Quotes, bullets and the ellipsis are everywhere and hide nothing; nor do arrows, symbols and pictures.
                (0x80, 0x98..=0xA3 | 0xA5..=0xA6 | 0xB2..=0xBB | 0xBD..=0xBF) | (0x86..=0x87 | 0x94..=0x9E, _) => {}
                // The joiner between two pictures.
                (0x80, 0x8D) if at > 0 && bytes[at - 1] >= 0x80 => {}
                _ => return true,
            },
            // The selector after a picture.
            0xEF if next == 0xB8 && third == 0x8F && at > 0 && bytes[at - 1] >= 0x80 => {}
            // Indic scripts and Thai have digits of their own; Myanmar and Khmer too. Han, Kana and Hangul have none.
            // Beyond the planes of scripts: tags and selectors.
            0xE0 | 0xE1 | 0xEA | 0xEF | 0xF3 => return true,
            0xE3 if next == 0x80 && matches!(third, 0x80 | 0x82) => return true,
            0xE3 if matches!(next, 0x88..=0x8F) => return true,
            // The Hangul filler, which shows nothing.
            0xE3 if next == 0x85 && third == 0xA4 => return true,
            0xF0 if matches!(next, 0x9D | 0x90 | 0x91 | 0x9E) => return true,
            // Enclosed letters, digits in segments.
            0xF0 if next == 0x9F && matches!(third, 0x84..=0x86 | 0xAF) => return true,
            _ => {}
        }
        at += match lead {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
    }
    false
}

/// Whether a dash stands beside a digit or a bracket of a number.
fn beside_digit(before: Option<&u8>, after: Option<char>) -> bool {
    before.is_some_and(|b| b.is_ascii_digit() || *b == b')')
        || after.is_some_and(|c| {
            c.is_ascii_digit() || c == '(' || !c.is_ascii() && (0xFF10..=0xFF19).contains(&u32::from(c))
        })
}

/// Characters that show nothing and may stand inside what a rule looks for.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{20E3}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Characters whose compatibility form may be ASCII. Letters of living alphabets (`ĳ`, `ŀ`) and the ellipsis stay as they
/// are: they disguise nothing.
fn may_decompose(c: char) -> bool {
    matches!(u32::from(c), 0xA0..=0xBE | 0x1D00..=0x1DBF | 0x2000..=0x2024 | 0x2027..=0x2BFF
        | 0x2C7C | 0x3000 | 0x3200..=0x33FF | 0xFB00..=0xFB06 | 0xFE10..=0xFE6B | 0xFF00..=0xFFEF | 0x1_D400..=0x1_D7FF
        | 0x1_F100..=0x1_F16F | 0x1_FBF0..=0x1_FBF9)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> String {
        let mut view = View::default();
        view.load(text);
        String::from_utf8_lossy(&view.bytes).into_owned()
    }

    #[test]
    fn disguises_come_off() {
        for (text, seen) in [
            ("a＠b．com", "a@b.com"),
            ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
            ("۰۱۲۳", "0123"),
            ("४१११", "4111"),
            ("5\u{200B}5\u{FEFF}5\u{00AD}1", "5551"),
            ("1\u{FE0F}\u{20E3}2\u{FE0F}\u{20E3}", "12"),
            ("555\u{2011}1234", "555-1234"),
            ("555\u{00A0}1234", "555 1234"),
            ("𝟏𝟐 ①② ２", "12 12 2"),
            ("ⓐ@ｂ", "a@b"),
            ("naïve “quote” — Привет 日本", "naïve “quote” — Привет 日本"),
            ("⟨email⟩", "\u{FFFD}"),
            ("⟨emai⟩", "<emai>"),
        ] {
            assert_eq!(folded(text), seen, "{text:?}");
        }
    }

    #[test]
    fn the_shortcut_knows_every_character() {
        let mut wrong = Vec::new();
        for c in '\u{80}'..=char::MAX {
            let text = format!("a{c}");
            let mut slow = View::default();
            slow.fold(&text);
            let mut fast = View::default();
            fast.load(&text);
            if fast.bytes != slow.bytes {
                wrong.push(format!("U+{:04X}", u32::from(c)));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    proptest! {
        /// The shortcut never says "no" where folding would change something that matters.
        #[test]
        fn the_shortcut_is_right(text in "\\PC{0,30}") {
            let mut slow = View::default();
            slow.fold(&text);
            let mut fast = View::default();
            fast.load(&text);
            prop_assert_eq!(fast.bytes, slow.bytes);
        }

        #[test]
        fn the_map_leads_back(text in "\\PC{0,30}", a in 0_usize..40, b in 0_usize..40) {
            let mut view = View::default();
            view.load(&text);
            let n = view.bytes.len();
            let (start, end) = (a.min(b).min(n), a.max(b).min(n));
            // The view's characters are what rules match; only whole ones are asked for.
            if start < end && view.map.len() > n {
                let (s, e) = view.in_text(start, end);
                prop_assert!(s < e && text.is_char_boundary(s) && text.is_char_boundary(e));
            }
        }
    }
}
