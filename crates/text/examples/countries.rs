//! What posts mention which countries: `countries FILE.ndjson.zst [EVERY] [LANG]` prints every n-th match of a labelled set with its text,
//! for reading. `docs/methods/mentions.md` says what was found so.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use groundswell_edge::EdgePost;
use groundswell_text::countries::CountryFinder;
use groundswell_text::names::NameFinder;
use groundswell_text::{Analysis, Analyzer};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("a file of posts");
    let every: usize = arguments.next().map_or(1, |every| every.parse().expect("a number"));
    let wanted = arguments.next();
    let file = std::fs::File::open(file).expect("the file opens");
    let lines = BufReader::new(zstd::Decoder::new(file).expect("a zstd file")).split(b'\n');
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    let (mut names, mut spans) = (NameFinder::new(), Vec::new());
    let (mut finder, mut found) = (CountryFinder::new(), Vec::new());
    let (mut posts, mut matches, mut by_country) = (0, 0, BTreeMap::<String, u64>::new());
    for line in lines {
        let Ok(post) = serde_json::from_slice::<serde_json::Value>(&line.expect("the file is read")) else { continue };
        if wanted.as_ref().is_some_and(|wanted| post["lang"] != **wanted) {
            continue;
        }
        let Some(text) = post["text"].as_str() else { continue };
        posts += 1;
        let language = post["lang"].as_str().and_then(|code| <[u8; 2]>::try_from(code.as_bytes()).ok());
        let post = EdgePost { text: text.to_owned(), language, ..EdgePost::default() };
        analyzer.analyze(&post, &mut analysis);
        names.find(&post.text, &analysis, &mut spans);
        let may_name: Vec<usize> =
            (0..analysis.words.len()).filter(|at| finder.may_name(analysis.words[*at].hash)).collect();
        found.clear();
        finder.find(&post.text, &analysis, &may_name, &spans, &mut found);
        found.extend(analysis.hashtags.iter().filter_map(|tag| finder.of_hashtag(tag.hash, analysis.language)));
        found.sort_unstable();
        found.dedup();
        for country in &found {
            matches += 1;
            *by_country.entry(country.as_str().to_owned()).or_default() += 1;
            if matches % every == 0 {
                println!("{}\t{}", country.as_str(), post.text.replace(['\n', '\t'], " "));
            }
        }
    }
    eprintln!("{posts} posts, {matches} matches: {by_country:?}");
}
