//! Scripts that are written without spaces: how often the dictionary cuts a word in company as it does alone.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers fail loudly and say what they found")]

use std::collections::BTreeSet;
use std::io::Read as _;

use groundswell_text::{Analysis, Analyzer, is_han};

fn words(analyzer: &mut Analyzer, text: &str) -> Vec<String> {
    let mut analysis = Analysis::new();
    analyzer.tokenize(text, &mut analysis);
    analysis.words.iter().map(|word| analysis.word(word).to_owned()).collect()
}

#[test]
fn words_of_texts_are_found_in_others() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/langid/lingua-short.ndjson.zst");
    let Ok(file) = std::fs::File::open(path) else {
        println!("SKIPPED: ../shared/data is absent");
        return;
    };
    let mut lines = String::new();
    zstd::Decoder::new(file).unwrap().read_to_string(&mut lines).unwrap();
    let mut analyzer = Analyzer::new();
    for (language, least) in [("zh", 95), ("ja", 70), ("th", 45)] {
        let texts: Vec<String> = lines
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .filter(|post| post["lang"] == language)
            .map(|post| post["text"].as_str().unwrap().to_owned())
            .collect();
        let read: Vec<(String, Vec<String>)> =
            texts.iter().map(|text| words(&mut analyzer, text)).map(|words| (words.join("\0"), words)).collect();
        let known: BTreeSet<&String> = read
            .iter()
            .flat_map(|(_, words)| words)
            .filter(|word| word.chars().count() >= 2 && !word.is_ascii())
            .collect();
        for of_han in [false, true] {
            let chosen =
                known.iter().filter(|word| word.chars().filter(|c| is_han(*c)).count() >= if of_han { 2 } else { 0 });
            let (mut count, mut contained, mut found, mut missed) = (0_u32, 0_u32, 0_u32, BTreeSet::new());
            for word in chosen {
                count += 1;
                let alone = words(&mut analyzer, word);
                for (cut, words) in &read {
                    if cut.replace('\0', "").contains(word.as_str()) {
                        contained += 1;
                        if words.windows(alone.len()).any(|window| window == alone) {
                            found += 1;
                        } else {
                            missed.insert(format!(
                                "{word} in {}",
                                words
                                    .iter()
                                    .filter(|w| word.chars().any(|c| w.contains(c)))
                                    .map(String::as_str)
                                    .collect::<Vec<_>>()
                                    .join("|")
                            ));
                        }
                    }
                }
            }
            println!(
                "{language}: {count} words{}, {contained} times contained, {found} times found",
                if of_han { " of two ideographs" } else { "" }
            );
            if std::env::var_os("MISSED").is_some() && of_han {
                println!("{}", missed.into_iter().collect::<Vec<_>>().join("; "));
            }
            assert!(found * 100 >= contained * least, "{language}");
        }
    }
}
