//! Reading any text: no panic, bounds hold, words are in order and hold no apostrophe.
#![no_main]

use groundswell_edge::EdgePost;
use groundswell_text::{Analysis, Analyzer, HASHTAGS_MAX, WORD_BYTES_MAX, WORDS_MAX};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut analysis = Analysis::new();
    let post = EdgePost { text: text.to_owned(), ..EdgePost::default() };
    Analyzer::new().analyze(&post, &mut analysis);
    assert!(analysis.words.len() <= WORDS_MAX && analysis.hashtags.len() <= HASHTAGS_MAX);
    let mut behind = 0;
    for word in &analysis.words {
        let raw = &text[word.raw.0 as usize..word.raw.1 as usize];
        assert!(word.raw.0 >= behind && !raw.is_empty() && !raw.contains(['\'', '\u{2019}']));
        assert!((1..=WORD_BYTES_MAX).contains(&analysis.word(word).len()));
        behind = word.raw.1;
    }
});
