//! Hashtags in a text.

use icu_properties::{CodePointMapData, props::GeneralCategory};

/// The hashtag whose sign (`#` or `＃`) stands at `sign`, without its sign: letters, marks, digits and underscores, at
/// least one of them a letter.
///
/// Not a hashtag: a sign right behind a letter, mark, digit, underscore or `&` (`a#b`, `&#39;`), numbers (`#1`), keycap
/// emoji. Joiners (ZWNJ, ZWJ) belong to a hashtag when it goes on behind them; variation selectors end it.
pub(crate) fn hashtag_at(text: &str, sign: usize) -> Option<&str> {
    let glued = text[..sign].chars().next_back().is_some_and(|c| c == '&' || Part::of(c) != Part::End);
    let mut rest = text[sign..].chars();
    rest.next();
    let rest = rest.as_str();
    let (mut end, mut has_letter) = (0, false);
    for (at, c) in rest.char_indices() {
        match Part::of(c) {
            Part::Letter => has_letter = true,
            Part::Other => {}
            Part::End if matches!(c, '\u{200c}' | '\u{200d}') => continue,
            Part::End => break,
        }
        end = at + c.len_utf8();
    }
    (has_letter && !glued).then(|| &rest[..end])
}

/// What a character means to a hashtag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Letter,
    Other,
    End,
}

impl Part {
    fn of(c: char) -> Self {
        use GeneralCategory as G;
        match c {
            'a'..='z' | 'A'..='Z' => return Self::Letter,
            '0'..='9' | '_' => return Self::Other,
            '\0'..='\u{7f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => return Self::End,
            _ => {}
        }
        match CodePointMapData::<G>::new().get(c) {
            G::UppercaseLetter | G::LowercaseLetter | G::TitlecaseLetter | G::ModifierLetter | G::OtherLetter => {
                Self::Letter
            }
            G::NonspacingMark | G::SpacingMark | G::EnclosingMark | G::DecimalNumber => Self::Other,
            _ => Self::End,
        }
    }
}
