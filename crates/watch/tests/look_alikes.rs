//! Words that are written with letters of other scripts are found, and all that was found before still is.

#[allow(dead_code, reason = "the model itself is asked in another test")]
mod common;

use common::{Post, post, query};
use groundswell_edge::EdgePost;
use groundswell_query::parse;
use groundswell_text::{Analysis, Analyzer};
use groundswell_watch::{Doc, Frequencies, Percolator, Scratch, WatchId};
use proptest::prelude::*;

/// Cyrillic letters that look like those of the model's words.
fn other(letter: char) -> char {
    match letter {
        'a' => 'а',
        'b' => 'ь',
        'c' => 'с',
        letter => letter,
    }
}

/// The post with another letter here and there; words of one letter as they are, since such a word mixes nothing.
fn tricked(post: &Post, choices: &[bool]) -> Post {
    let mut choices = choices.iter().cycle();
    let mut word = |word: &String| -> String {
        let mut kept = false;
        let last = word.chars().count() - 1;
        let letters = word.chars().enumerate().map(|(at, letter)| {
            let may = choices.next().copied().unwrap_or_default() && (at < last || kept) && letter != 'b';
            kept |= !may;
            if may { other(letter) } else { letter }
        });
        letters.collect()
    };
    let mut post = post.clone();
    for (text, _) in &mut post.words {
        *text = word(text);
    }
    for tag in &mut post.record_tags {
        *tag = word(tag);
    }
    post
}

fn matches(percolator: &Percolator, post: &EdgePost, analysis: &Analysis) -> Vec<WatchId> {
    let mut found = Vec::new();
    percolator.matches(&Doc::new(post, analysis), &mut Scratch::new(), &mut found);
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    /// Words, prefixes, phrases, NEAR and hashtags: as if the honest letters stood there; and explained at the same places.
    #[test]
    fn what_is_written_with_other_letters_is_found_as_what_it_says(
        texts in prop::collection::vec(query(), 1..20),
        post in post(),
        choices in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let queries: Vec<_> = texts.iter().map(|text| parse(text).unwrap()).collect();
        let mut analyzer = Analyzer::new();
        let percolator = Percolator::compile(&queries, &mut analyzer, &Frequencies::builtin()).unwrap();
        let (honest, read) = post.read(&mut analyzer);
        let (written, read_again) = tricked(&post, &choices).read(&mut analyzer);
        let found = matches(&percolator, &honest, &read);
        prop_assert_eq!(matches(&percolator, &written, &read_again), found.clone(), "{:?} as {:?}", texts, written.text);
        let mut scratch = Scratch::new();
        for id in found {
            let told = percolator.explain(id, &Doc::new(&honest, &read), &mut scratch);
            let told_again = percolator.explain(id, &Doc::new(&written, &read_again), &mut scratch);
            prop_assert_eq!(told, told_again, "{:?} as {:?}", texts[id.0 as usize], written.text);
        }
    }

    /// What needs no further reading matches what it matched before there were any; and a query without NOT loses nothing by them.
    #[test]
    fn nothing_is_lost(
        texts in prop::collection::vec(query(), 1..20),
        post in post(),
        choices in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let texts: Vec<_> = texts.into_iter().filter(|text| !text.contains("NOT")).collect();
        let queries: Vec<_> = texts.iter().map(|text| parse(text).unwrap()).collect();
        let mut analyzer = Analyzer::new();
        let percolator = Percolator::compile(&queries, &mut analyzer, &Frequencies::builtin()).unwrap();
        let (_, read) = post.read(&mut analyzer);
        prop_assert!(read.word_readings.is_empty() && read.hashtag_readings.is_empty());
        let (written, with) = tricked(&post, &choices).read(&mut analyzer);
        let mut without = with.clone();
        without.word_readings.clear();
        without.hashtag_readings.clear();
        let more = matches(&percolator, &written, &with);
        prop_assert!(matches(&percolator, &written, &without).iter().all(|id| more.contains(id)));
    }
}

#[test]
fn letters_of_other_scripts_and_spaces_that_nobody_sees() {
    let found = |query: &str, text: &str| {
        let mut analyzer = Analyzer::new();
        let query = parse(query).unwrap();
        let percolator = Percolator::compile([&query], &mut analyzer, &Frequencies::builtin()).unwrap();
        let post = EdgePost { text: text.to_owned(), ..EdgePost::default() };
        let mut analysis = Analysis::new();
        analyzer.analyze(&post, &mut analysis);
        !matches(&percolator, &post, &analysis).is_empty()
    };
    for (query, text, expected) in [
        ("paypal", "my раypаl account", true),
        ("\"bitcoin giveaway\"", "free вitсоin gіvеaway", true),
        ("bitc*", "free вitсоin", true),
        ("#bitcoin", "free #вitсоin", true),
        ("flood AND NOT drill", "a flood, no drіll", false),
        ("россия", "Poccия и мир", true),
        // What is written is still found as it is written, also by those who ask for just that.
        ("раypal", "my раypal account", true),
        ("раypal", "my paypal account", false),
        // Honest words of two languages.
        ("cop", "сор из избы", false),
        ("сор", "cop it", false),
        ("flood", "fl\u{200b}o\u{200c}od", true),
        ("fl\u{200b}ood", "flood", true),
    ] {
        assert_eq!(found(query, text), expected, "{query} in {text}");
    }
}
