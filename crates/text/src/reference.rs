//! UAX 29 through ICU4X alone, and normal forms through the normaliser alone: slow and obviously right.
//!
//! Not part of the API. Tests and benchmarks compare the scanner with it.

use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed, options::WordBreakInvariantOptions};

use crate::{
    chars::{Chars, makes_word},
    normal::Normalizer,
    words::{is_apostrophe, placeholder_len},
};

/// The slow way.
#[derive(Debug)]
pub struct Reference {
    segmenter: WordSegmenterBorrowed<'static>,
    normalizer: Normalizer,
}

impl Reference {
    /// Ready.
    pub fn new() -> Self {
        Self {
            segmenter: WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()),
            normalizer: Normalizer::new(),
        }
    }

    /// Byte range and normal form of every word: the text is cut at apostrophes and placeholders, each stretch is
    /// segmented by itself, and segments with a letter or digit are words.
    pub fn words(&self, text: &str) -> Vec<(usize, usize, String)> {
        let mut found = Vec::new();
        let (mut start, mut at) = (0, 0);
        while let Some(c) = text[at..].chars().next() {
            let parted = if is_apostrophe(c) { Some(c.len_utf8()) } else { placeholder_len(&text[at..]) };
            if let Some(len) = parted {
                self.stretch(text, start, at, &mut found);
                at += len;
                start = at;
            } else {
                at += c.len_utf8();
            }
        }
        self.stretch(text, start, at, &mut found);
        found
    }

    fn stretch(&self, text: &str, start: usize, end: usize, found: &mut Vec<(usize, usize, String)>) {
        let stretch = &text[start..end];
        let mut from = 0;
        for to in self.segmenter.segment_str(stretch) {
            // ICU's own `is_word_like` is no help: to it, underscores alone are a word and `é` in two code points is none.
            if stretch[from..to].chars().any(makes_word) {
                // By WB3c a joiner draws what stands before it to a pictograph behind it, and `ℹ` is a letter as well:
                // `" \u{200d}ℹ"` is one segment. The word in it begins at the letter.
                let begin = stretch[from..to].find(|c| Chars::shared().info(c).begins()).map_or(from, |at| from + at);
                let mut normal = String::new();
                self.normalizer.push(&stretch[begin..to], &mut normal);
                if !normal.is_empty() {
                    found.push((start + begin, start + to, normal));
                }
            }
            from = to;
        }
    }
}

impl Default for Reference {
    fn default() -> Self {
        Self::new()
    }
}
