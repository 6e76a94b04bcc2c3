//! Posts in two languages: who is asked, and that the language of a post is what it was.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers fail loudly and say what they skip")]

use std::{collections::BTreeMap, io::Read, path::PathBuf};

use groundswell_edge::EdgePost;
use groundswell_text::{Analysis, Analyzer, TWO_WORDS_MIN, detect_language, detect_two_languages};
use proptest::prelude::*;

const MIXED: &str =
    "O rio está a subir muito depressa e ninguém veio, please share this with everyone you know in town";

fn read(text: &str, language: Option<[u8; 2]>) -> Analysis {
    let mut analysis = Analysis::new();
    analysis.languages = Some([groundswell_text::Language::UND; 2]);
    Analyzer::new().analyze(&EdgePost { text: text.to_owned(), language, ..EdgePost::default() }, &mut analysis);
    analysis
}

fn pair(analysis: &Analysis) -> Option<String> {
    analysis.languages.map(|[first, second]| format!("{}+{}", first.as_str(), second.as_str()))
}

#[test]
fn a_long_post_in_two_languages_says_so_whatever_it_declares() {
    let detected = read(MIXED, None);
    assert_eq!(pair(&detected).as_deref(), Some("pt+en"));
    let declared = read(MIXED, Some(*b"de"));
    assert_eq!((declared.language.as_str(), pair(&declared).as_deref()), ("de", Some("pt+en")));
}

#[test]
fn what_is_no_prose_has_no_part_in_it() {
    for text in [
        "The river is rising and nobody has come to help us ⟨mention⟩ #OrioEstáASubirDepressa #NinguémVeio #AjudemNos ⟨link⟩",
        "The river is rising and nobody has come to help us tonight, we are all waiting on the roof",
        "O rio sobe. Please share this with all",
    ] {
        assert_eq!(pair(&read(text, None)), None, "{text}");
    }
}

proptest! {
    #[test]
    fn short_posts_are_not_asked_and_the_language_is_what_it_was(
        text in "([a-zéãß]{1,8} |[а-я]{1,8} |#[a-z]{1,5} |⟨link⟩ |[ぁ-ん一-十]{1,6} ){0,40}",
    ) {
        let analysis = read(&text, None);
        prop_assert_eq!(analysis.language, detect_language(&text));
        prop_assert_eq!(analysis.languages, detect_two_languages(&text, &analysis.words));
        if analysis.words.len() < TWO_WORDS_MIN {
            prop_assert_eq!(analysis.languages, None);
        }
        // What is declared makes no difference.
        prop_assert_eq!(read(&text, Some(*b"xx")).languages, analysis.languages);
    }
}

/// The third kept aside, as in the tests of `groundswell_langid`.
fn is_held_back(text: &str) -> bool {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 < (1 << 32) / 3
}

/// What stop words spare: of the texts of twelve words and more in two languages that the identifier tells, how many are told still, and
/// of the others how many it is asked about. Glued as in the tests of `groundswell_langid`.
#[test]
fn stop_words_spare_most_and_lose_little() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/langid/lingua-short.ndjson.zst");
    let Ok(file) = std::fs::File::open(path) else {
        println!("SKIPPED: ../shared/data is absent");
        return;
    };
    let mut lines = String::new();
    zstd::Decoder::new(file).unwrap().read_to_string(&mut lines).unwrap();
    let rows = lines.split('\n').filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let rows: Vec<(String, Vec<String>, bool)> = rows
        .filter(|row| row["kind"] == "sentences")
        .map(|row| {
            let text = row["text"].as_str().unwrap();
            let words = text.split_whitespace().map(str::to_owned).collect();
            (row["lang"].as_str().unwrap().to_owned(), words, is_held_back(text))
        })
        .collect();
    let mut analyzer = Analyzer::new();
    let mut analysis = Analysis::new();
    for held_back in [false, true] {
        let rows: Vec<_> = rows.iter().filter(|row| row.2 == held_back).collect();
        // Kind → (told by the identifier, told still).
        let mut told: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        let mut read = |text: &str, kind| {
            analyzer.tokenize(text, &mut analysis);
            if analysis.words.len() >= TWO_WORDS_MIN && groundswell_langid::two_languages(text).is_some() {
                let told: &mut (u32, u32) = told.entry(kind).or_default();
                told.0 += 1;
                told.1 += u32::from(detect_two_languages(text, &analysis.words).is_some());
            }
        };
        for (at, (language, words, _)) in rows.iter().enumerate() {
            read(&words.join(" "), "one sentence");
            let (other, others, _) = rows[(at * 7 + 1_000) % rows.len()];
            if language == other {
                continue;
            }
            for (kind, first, second, run) in [
                ("8 words, 8 words", 8, 8, 8),
                ("12, 12", 12, 12, 12),
                ("16, 8", 16, 8, 16),
                ("12, 12, to and fro by 4", 12, 12, 4),
                ("12, 12, to and fro by 6", 12, 12, 6),
            ] {
                if let (Some(one), Some(other)) = (words.get(..first), others.get(..second)) {
                    let both = one.chunks(run).zip(other.chunks(run)).flat_map(|(one, other)| one.iter().chain(other));
                    read(&both.map(String::as_str).collect::<Vec<_>>().join(" "), kind);
                }
            }
        }
        for (kind, (all, still)) in &told {
            println!("held back {held_back}, {kind}: of {all} told by the identifier {still} told still");
            assert!(*kind == "one sentence" || still * 100 > all * 95, "{kind}");
        }
    }
}
