//! Where words begin and end.

use icu_properties::{CodePointMapData, props::GeneralCategory};
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed, options::WordBreakInvariantOptions};

/// The longest name of a placeholder, in bytes. What stands between `⟨` and `⟩` beyond that is text.
const PLACEHOLDER_BYTES_MAX: usize = 64;

/// Whether a character parts words like a space: straight, curly (both ways) and full-width apostrophes.
///
/// The modifier letters U+02BB and U+02BC are letters of Hawaiian and Breton and part nothing.
pub(crate) const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{ff07}')
}

/// Whether a segment with this character in it is a word: letters (Unicode `Alphabetic`) and decimal digits, not other
/// numbers such as `½` or `①`.
pub(crate) fn makes_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || !c.is_ascii()
            && (c.is_alphabetic()
                || c.is_numeric()
                    && CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::DecimalNumber)
}

/// The length of the placeholder that `text` begins with, `⟨` and `⟩` included.
pub(crate) fn placeholder_len(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('⟨')?;
    let window = &inner.as_bytes()[..inner.len().min(PLACEHOLDER_BYTES_MAX + '⟩'.len_utf8())];
    let close = memchr::memmem::find(window, "⟩".as_bytes())?;
    let name = &inner[..close];
    (!name.is_empty() && !name.contains('⟨')).then_some('⟨'.len_utf8() + close + '⟩'.len_utf8())
}

/// UAX 29 through `icu_segmenter` alone: slow and right, the reference that the fast scanner is tested against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IcuWords {
    segmenter: WordSegmenterBorrowed<'static>,
}

impl IcuWords {
    pub(crate) fn new() -> Self {
        Self { segmenter: WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()) }
    }

    /// Calls `each` with the byte range of every word until it says `false`.
    pub(crate) fn scan(&self, text: &str, each: &mut dyn FnMut(usize, usize) -> bool) {
        let mut start = 0;
        let mut at = 0;
        while at < text.len() {
            let c = text[at..].chars().next().expect("`at` is a boundary before the end");
            let parted = if is_apostrophe(c) { Some(c.len_utf8()) } else { placeholder_len(&text[at..]) };
            match parted {
                Some(len) => {
                    if !self.stretch(text, start, at, each) {
                        return;
                    }
                    at += len;
                    start = at;
                }
                None => at += c.len_utf8(),
            }
        }
        self.stretch(text, start, at, each);
    }

    /// The words of one stretch that holds no apostrophe and no placeholder.
    fn stretch(&self, text: &str, start: usize, end: usize, each: &mut dyn FnMut(usize, usize) -> bool) -> bool {
        if start == end {
            return true;
        }
        let mut from = 0;
        let stretch = &text[start..end];
        for to in self.segmenter.segment_str(stretch) {
            // ICU's own `is_word_like` is no help: to it, underscores alone are a word and `é` in two code points is none.
            if stretch[from..to].chars().any(makes_word) && !each(start + from, start + to) {
                return false;
            }
            from = to;
        }
        true
    }
}
