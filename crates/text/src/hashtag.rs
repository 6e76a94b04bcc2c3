//! Hashtags in a text.

use icu_properties::{CodePointMapData, CodePointMapDataBorrowed, props::GeneralCategory};

use crate::words::placeholder_len;

/// Finds `#` or `＃` followed by letters, marks, digits and underscores, at least one of them a letter.
///
/// Not a hashtag: a `#` right behind a letter, digit, underscore or `&` (`a#b`, `&#39;`), numbers (`#1`), keycap emoji.
/// Joiners (ZWNJ, ZWJ) belong to a hashtag when it goes on behind them; variation selectors end it.
#[derive(Debug, Default)]
pub(crate) struct HashtagScanner;

/// What a character means to a hashtag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagClass {
    Letter,
    Other,
    End,
}

pub(crate) fn tag_class(categories: CodePointMapDataBorrowed<'static, GeneralCategory>, c: char) -> TagClass {
    use GeneralCategory as G;
    if matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}') {
        return TagClass::End;
    }
    match categories.get(c) {
        G::UppercaseLetter | G::LowercaseLetter | G::TitlecaseLetter | G::ModifierLetter | G::OtherLetter => TagClass::Letter,
        G::NonspacingMark | G::SpacingMark | G::EnclosingMark | G::DecimalNumber => TagClass::Other,
        _ if c == '_' => TagClass::Other,
        _ => TagClass::End,
    }
}

impl HashtagScanner {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Calls `each` with the spelling of every hashtag, without its `#`.
    pub(crate) fn scan(&mut self, text: &str, mut each: impl FnMut(&str)) {
        let categories = CodePointMapData::<GeneralCategory>::new();
        let mut from = 0;
        while let Some(found) = text[from..].find(['#', '＃']) {
            let sign = from + found;
            let begin = sign + text[sign..].chars().next().map_or(1, char::len_utf8);
            from = begin;
            let glued = text[..sign]
                .chars()
                .next_back()
                .is_some_and(|c| c == '&' || tag_class(categories, c) != TagClass::End);
            if glued {
                continue;
            }
            let (mut end, mut has_letter) = (begin, false);
            for (offset, c) in text[begin..].char_indices() {
                match tag_class(categories, c) {
                    TagClass::Letter => has_letter = true,
                    TagClass::Other => {}
                    TagClass::End if matches!(c, '\u{200c}' | '\u{200d}') => continue,
                    TagClass::End => break,
                }
                end = begin + offset + c.len_utf8();
            }
            if has_letter && placeholder_len(&text[begin..]).is_none() {
                each(&text[begin..end]);
            }
            from = end;
        }
    }
}
