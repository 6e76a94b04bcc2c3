//! Hostile input: bounds hold, nothing panics, and what a bound leaves out is said.

use groundswell_edge::EdgePost;
use groundswell_text::{Analysis, Analyzer, HASHTAGS_MAX, TEXT_BYTES_MAX, WORD_BYTES_MAX, WORDS_MAX, detect_language};

fn read(text: &str) -> Analysis {
    let mut analysis = Analysis::new();
    let post = EdgePost { text: text.to_owned(), ..EdgePost::default() };
    Analyzer::new().analyze(&post, &mut analysis);
    for word in &analysis.words {
        assert!(word.raw.0 < word.raw.1 && word.raw.1 as usize <= text.len());
        let normal = analysis.word(word);
        assert!(!normal.is_empty() && normal.len() <= WORD_BYTES_MAX);
        assert!(text.is_char_boundary(word.raw.0 as usize) && text.is_char_boundary(word.raw.1 as usize));
    }
    for pair in analysis.words.windows(2) {
        assert!(pair[0].raw.1 <= pair[1].raw.0 && pair[0].normal.1 < pair[1].normal.0);
    }
    assert!(analysis.words.len() <= WORDS_MAX && analysis.hashtags.len() <= HASHTAGS_MAX);
    analysis
}

#[test]
fn ten_thousand_combining_marks() {
    let analysis = read(&format!("before a{} after", "\u{301}".repeat(10_000)));
    assert_eq!(analysis.words.len(), 2);
    assert!(analysis.truncated);
    // At the start, where they belong to nothing.
    assert_eq!(read(&format!("{} after", "\u{301}".repeat(10_000))).words.len(), 1);
}

#[test]
fn a_megabyte_without_a_space() {
    for unit in ["a", "é", "я", "洪", "ก", "カ", "😀", "#", "⟨", "'", "a.", "\u{200d}", "_", "ﷺ", "#a", "⟨a⟩", "1:"]
    {
        let analysis = read(&unit.repeat(1_000_000 / unit.len()));
        assert!(analysis.truncated, "{unit}");
    }
}

#[test]
fn every_assigned_code_point_in_one_text_after_the_other() {
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    for chunk in all.chunks(10_000) {
        read(&chunk.iter().collect::<String>());
        read(&chunk.iter().flat_map(|&c| ['#', c, 'a', ' ']).collect::<String>());
    }
}

#[test]
fn bounds_are_reached_at_their_constant() {
    let words = "w ".repeat(WORDS_MAX);
    assert!(!read(&words).truncated);
    assert_eq!(read(&words).words.len(), WORDS_MAX);
    let more = read(&format!("{words}more"));
    assert!(more.truncated && more.words.len() == WORDS_MAX);

    let longest = "x".repeat(WORD_BYTES_MAX);
    assert_eq!((read(&longest).words.len(), read(&longest).truncated), (1, false));
    let longer = read(&format!("{longest}x {longest}é #{longest}x y"));
    assert_eq!((longer.words.len(), longer.hashtags.len(), longer.truncated), (1, 0, true));

    let tags = |count: usize| (0..count).fold(String::new(), |text, i| text + &format!("#t{i} "));
    assert_eq!((read(&tags(HASHTAGS_MAX)).hashtags.len(), read(&tags(HASHTAGS_MAX)).truncated), (HASHTAGS_MAX, false));
    let over = read(&tags(HASHTAGS_MAX + 1));
    assert_eq!((over.hashtags.len(), over.truncated), (HASHTAGS_MAX, true));
    // One that is known already is not left out.
    assert!(!read(&(tags(HASHTAGS_MAX) + "#t0")).truncated);

    let text = format!("a{}", " ".repeat(TEXT_BYTES_MAX - 1));
    assert!(!read(&text).truncated);
    let cut = read(&(text + "b"));
    assert!(cut.truncated && cut.words.len() == 1);
    // Cut in the middle of a character: not read, no panic.
    assert!(read(&format!("{}é", " ".repeat(TEXT_BYTES_MAX - 1))).words.is_empty());
}

#[test]
fn a_symbol_that_expands_beyond_the_bound_is_left_out() {
    // 18 characters each in NFKC, written with 3 bytes; a word of 80 of them.
    let analysis = read(&"ﷺ".repeat(80));
    assert!(analysis.words.is_empty() && analysis.truncated);
}

#[test]
fn detection_takes_any_text() {
    for text in ["", " ", "#", "⟨", "⟨⟩", "⟨a⟩", "\u{301}", "\0", "😀😀😀", "#only #tags", "ⅷ"] {
        assert_eq!(detect_language(text).as_str(), "und", "{text:?}");
    }
}
