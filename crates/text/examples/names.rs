//! What the name finder does to a file of posts: `cargo run --release -p groundswell-text --example names < posts.ndjson`. Prints how
//! many posts have a span, which frequent words and hashtags would vanish or fall, and the time a post. Spans of real posts are printed
//! with `--spans` only, to be read and not to be kept.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for whoever changes the finder")]

use std::collections::HashMap;
use std::io::BufRead;
use std::time::Instant;

use groundswell_edge::EdgePost;
use groundswell_text::names::NameFinder;
use groundswell_text::{Analysis, Analyzer, has_term_shape, is_stop_word_in};

/// `--joined`: of words, one a line, prints those that would pass for a name run together.
fn print_joined() {
    let finder = NameFinder::new();
    std::io::stdin()
        .lock()
        .lines()
        .map(Result::unwrap)
        .filter(|word| finder.joined(word))
        .for_each(|word| println!("{word}"));
}

fn main() {
    if std::env::args().any(|arg| arg == "--joined") {
        return print_joined();
    }
    let show = std::env::args().any(|arg| arg == "--spans");
    let (mut analyzer, mut analysis, mut finder, mut spans) =
        (Analyzer::new(), Analysis::new(), NameFinder::new(), Vec::new());
    let (mut posts, mut with, mut nanos) = (0_u64, 0_u64, 0_u128);
    let mut terms: HashMap<String, (u32, u32)> = HashMap::new();
    // How many posts have a hashtag, how many spell it as a name by its capitals, and one such spelling.
    let mut tags: HashMap<String, (u32, u32, String)> = HashMap::new();
    let mut phrases: HashMap<String, u32> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let value: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = value["text"].as_str().unwrap_or_default();
        let language = value["lang"].as_str().and_then(|lang| lang.as_bytes().try_into().ok());
        let post = EdgePost { text: text.to_owned(), language, ..EdgePost::default() };
        analyzer.analyze(&post, &mut analysis);
        let start = Instant::now();
        finder.find(text, &analysis, &mut spans);
        nanos += start.elapsed().as_nanos();
        posts += 1;
        with += u64::from(!spans.is_empty());
        let mut seen = std::collections::HashSet::new();
        for (at, word) in analysis.words.iter().enumerate() {
            let value = analysis.word(word);
            if !has_term_shape(value) || is_stop_word_in(analysis.language, word.hash) || !seen.insert(value) {
                continue;
            }
            let counts = terms.entry(value.to_owned()).or_default();
            counts.0 += 1;
            counts.1 += u32::from(!spans.iter().any(|span| span.words().contains(&at)));
        }
        for tag in &analysis.hashtags {
            let counts = tags.entry(analysis.hashtag(tag).to_owned()).or_default();
            counts.0 += 1;
            if let Some(spelling) = analysis.hashtag_spelling(tag).filter(|spelling| finder.spelt(spelling)) {
                counts.1 += 1;
                spelling.clone_into(&mut counts.2);
            }
        }
        for span in &spans {
            let mut value = String::new();
            NameFinder::push_value(&analysis, *span, &mut value);
            *phrases.entry(value).or_default() += 1;
        }
    }
    println!(
        "{posts} posts, {:.1} % with a span, {} ns a post",
        with as f64 * 100.0 / posts as f64,
        nanos / u128::from(posts.max(1))
    );
    let mut terms: Vec<_> = terms.into_iter().collect();
    terms.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.0));
    let fallen: Vec<String> = terms
        .iter()
        .take(200)
        .filter(|(word, counts)| finder.joined(word) || counts.1 * 2 < counts.0)
        .map(|(word, counts)| {
            format!("{word} {}→{}{}", counts.0, counts.1, if finder.joined(word) { " (joined)" } else { "" })
        })
        .collect();
    println!("of 200 terms: {}", fallen.join(", "));
    let joined: Vec<&str> =
        terms.iter().take(20_000).filter(|(word, _)| finder.joined(word)).map(|(word, _)| word.as_str()).collect();
    println!(
        "joined among 20,000 terms: {}: {}",
        joined.len(),
        joined.iter().take(150).copied().collect::<Vec<_>>().join(" ")
    );
    let mut tags: Vec<_> = tags.into_iter().collect();
    tags.sort_by_key(|(tag, counts)| (std::cmp::Reverse(counts.0), tag.clone()));
    let vanished: Vec<&str> =
        tags.iter().take(1_000).filter(|(tag, _)| finder.joined(tag)).map(|(tag, _)| tag.as_str()).collect();
    let top = tags.iter().take(200).filter(|(tag, _)| finder.joined(tag)).count();
    println!("of 200 hashtags {top}, of 1,000 {}: {}", vanished.len(), vanished.join(" "));
    for most in [200, 1_000, 5_000, tags.len()] {
        let spelt: Vec<String> = tags
            .iter()
            .take(most)
            .filter(|(tag, counts)| counts.1 > 0 && !finder.joined(tag))
            .map(|(_, (count, as_name, spelling))| format!("{spelling} {as_name}/{count}"))
            .collect();
        let all = tags.iter().take(most).filter(|(tag, counts)| counts.1 > 0 || finder.joined(tag)).count();
        println!(
            "of {most} hashtags {all} are held back, {} by capitals alone: {}",
            spelt.len(),
            spelt.iter().take(400).map(String::as_str).collect::<Vec<_>>().join(", ")
        );
    }
    if show {
        let mut phrases: Vec<_> = phrases.into_iter().collect();
        phrases.sort_by_key(|(phrase, count)| (std::cmp::Reverse(*count), phrase.clone()));
        for (phrase, count) in phrases.iter().take(150).chain(phrases.iter().skip(150).step_by(phrases.len() / 200 + 1))
        {
            println!("{count} {phrase}");
        }
    }
}
