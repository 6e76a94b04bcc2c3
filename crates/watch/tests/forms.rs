//! Each form of the contract on real text, read by the real tokenizer.

use groundswell_edge::{EdgePost, Link};
use groundswell_text::{Analysis, Analyzer};
use groundswell_watch::{Doc, Frequencies, Percolator, Scratch, WatchId};

fn matches(query: &str, post: &EdgePost) -> bool {
    let mut analyzer = Analyzer::new();
    let parsed = groundswell_query::parse(query).unwrap_or_else(|error| panic!("{}", error.render(query)));
    let percolator = Percolator::compile([&parsed], &mut analyzer, &Frequencies::builtin())
        .unwrap_or_else(|error| panic!("{query}: {error}"));
    let mut analysis = Analysis::new();
    analyzer.analyze(post, &mut analysis);
    let mut out = Vec::new();
    percolator.matches(&Doc::new(post, &analysis), &mut Scratch::new(), &mut out);
    assert!(out.is_empty() || out == [WatchId(0)]);
    !out.is_empty()
}

fn check(query: &str, text: &str, expected: bool) {
    let post = EdgePost { text: text.to_owned(), ..EdgePost::default() };
    assert_eq!(matches(query, &post), expected, "{query} on {text}");
}

#[test]
fn words_are_those_of_the_contract() {
    check("trump", "Trump's tax", true);
    check("trump", "trumpet", false);
    check("Trump's", "the trump s", true);
    check("Trump's", "trump and s", false);
    check("eau", "l'eau", true);
    check("l’eau", "de l'eau froide", true);
    check("ete", "été", false);
    check("ÉTÉ", "un été", true);
    check("ｆｌｏｏｄ", "Flood", true);
    check("don't", "I dont", false);
    check("don't", "I DON’T", true);
    check("10:30", "at 10:30", true);
    check("AT\\&T", "AT&T", true);
    check("flood", "a ⟨link⟩ here", false);
    check("link", "a ⟨link⟩ here", false);
}

#[test]
fn scripts_without_spaces_are_parted_alike() {
    check("北京", "我爱北京天安门", true);
    check("北京天安门", "我爱北京天安门", true);
    check("北京天安门", "天安门和北京", false);
    check("#洪水", "今天 #洪水 来了", true);
}

#[test]
fn prefixes_begin_words() {
    check("flood*", "flooding", true);
    check("flood*", "FLOOD", true);
    check("flood*", "floo", false);
    check("flood*", "afloodx", false);
    check("пож*", "пожары в лесу", true);
    check("\"heavy rain*\"", "heavy rainfall", true);
    check("\"heavy rain*\"", "heavy and rainfall", false);
    check("l'ea*", "l'eau", true);
}

#[test]
fn phrases_are_next_to_each_other() {
    check("\"heavy rain\"", "Heavy... rain!", true);
    check("\"heavy rain\"", "rain heavy", false);
    check("\"a b a c\"", "a b a b a c", true);
    check("\"rain\"", "rain", true);
    // Placeholders leave no gap.
    check("\"heavy rain\"", "heavy ⟨link⟩ rain", true);
}

#[test]
fn near_counts_the_words_between() {
    check("a NEAR/0 b", "b a", true);
    check("a ONEAR/0 b", "b a", false);
    check("a ONEAR/1 b", "a x b", true);
    check("a ONEAR/1 b", "a x x b", false);
    check("a NEAR/1 b", "b x a", true);
    // From the end of one phrase to the beginning of the other.
    check("\"a a\" ONEAR/1 \"b b\"", "a a x b b", true);
    check("\"a a\" ONEAR/0 \"b b\"", "a a x b b", false);
    // The two sides may not share a word.
    check("a NEAR/5 a", "a", false);
    check("a NEAR/5 a", "a x a", true);
    check("\"a b\" NEAR/5 \"b c\"", "a b c", false);
    check("\"a b\" NEAR/5 \"b c\"", "a b c b c", true);
    // A longer alternative that begins earlier does not hide a shorter one.
    check("(a OR \"a b\") ONEAR/0 b", "a b", true);
}

#[test]
fn hashtags_stand_in_the_text_or_beside_it() {
    check("#Flood", "a #flood", true);
    check("#flood", "a flood", false);
    check("flood", "a #flood", true);
    let beside = EdgePost { text: "x".to_owned(), hashtags: vec!["Flood".to_owned()], ..EdgePost::default() };
    assert!(matches("#flood", &beside));
    assert!(matches("flood", &beside));
    assert!(!matches("flood*", &beside), "a prefix looks at words");
    assert!(!matches("x NEAR/5 flood", &beside), "what is beside the text is near nothing");
}

#[test]
fn fields_are_compared_whole() {
    let post = EdgePost {
        text: "x".to_owned(),
        source: "BlueSky".to_owned(),
        language: Some(*b"pt"),
        region: Some(*b"PT"),
        links: vec![
            Link { domain: "bbc.co.uk".to_owned(), url: None },
            Link { domain: "xn--mnchen-3ya.de".to_owned(), url: None },
        ],
        ..EdgePost::default()
    };
    for query in [
        "lang:pt",
        "region:pt",
        "source:bluesky",
        "kind:person",
        "relation:post",
        "domain:bbc.co.uk",
        "domain:münchen.de",
        "x AND NOT lang:en",
        "lang:pt AND x",
    ] {
        assert!(matches(query, &post), "{query}");
    }
    for query in [
        "lang:en",
        "region:BR",
        "source:blue",
        "kind:publisher",
        "relation:reply",
        "domain:example.com",
        "x AND NOT lang:pt",
    ] {
        assert!(!matches(query, &post), "{query}");
    }
}

#[test]
fn what_turns_out_to_be_no_word_is_refused_with_its_place() {
    let compile = |query: &str| {
        let parsed = groundswell_query::parse(query).unwrap();
        Percolator::compile([&parsed], &mut Analyzer::new(), &Frequencies::builtin())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let queries = ["flood 🔥", "a-b*", "domain:news.bbc.co.uk", "domain:co.uk"];
    insta::assert_snapshot!(queries.map(compile).join("\n"));
}
