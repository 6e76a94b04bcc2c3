//! Texts glued from two languages' sentences, and texts in one: how often two are told, and rightly.
//!
//! The threshold was chosen on the rows that were looked at; the figures of `docs/methods/language.md` are of the third kept
//! aside (`accuracy.rs`).

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers fail loudly and say what they skip")]

use std::{io::Read, path::PathBuf};

use groundswell_langid::{Language, identify, identify_two};
use proptest::prelude::*;

proptest! {
    #[test]
    fn two_are_told_apart_and_shared_out(
        text in "([a-zéü]{1,9} |[а-я]{1,9} |[\u{621}-\u{64a}]{1,9} |[\u{3041}-\u{3096}\u{4e00}-\u{4fff}]{1,4} |[\u{e01}-\u{e2e}]{1,9} ){0,40}",
    ) {
        let two = identify_two(&text);
        if two.second.language == Language::UND {
            prop_assert_eq!(two.first, identify(&text));
            prop_assert!((two.share - 1.0).abs() < f32::EPSILON && two.second.probability == 0.0);
        } else {
            prop_assert_ne!(two.first.language, two.second.language);
            prop_assert_ne!(two.first.language, Language::UND);
            prop_assert!((0.5..1.0).contains(&two.share));
            prop_assert!(two.first.probability > 0.0 && two.second.probability > 0.0);
        }
    }
}

/// The third kept aside, as in `accuracy.rs`.
fn is_held_back(text: &str) -> bool {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 < (1 << 32) / 3
}

#[test]
fn glued_sentences() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/langid/lingua-short.ndjson.zst");
    let Ok(file) = std::fs::File::open(path) else {
        println!("SKIPPED: ../shared/data is absent");
        return;
    };
    let mut lines = String::new();
    zstd::Decoder::new(file).unwrap().read_to_string(&mut lines).unwrap();
    let rows: Vec<(String, String)> = lines
        .split('\n')
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|row| row["kind"] == "sentences")
        .map(|row| (row["lang"].as_str().unwrap().to_owned(), row["text"].as_str().unwrap().to_owned()))
        .collect();
    for held_back in [false, true] {
        let rows: Vec<_> = rows.iter().filter(|row| is_held_back(&row.1) == held_back).collect();
        let alone = rows.iter().filter(|row| identify_two(&row.1).second.language != Language::UND).count();
        let (mut pairs, mut told, mut right, mut close) = (0, 0, 0, 0);
        for (at, one) in rows.iter().enumerate() {
            // Another row far from this one: the rows are in no order of languages.
            let other = rows[(at * 7 + 1_000) % rows.len()];
            if one.0 == other.0 {
                continue;
            }
            // A post's length: up to 80 bytes of each.
            let cut = |text: &str| text[..text.floor_char_boundary(80)].to_owned();
            let (one_text, other_text) = (cut(&one.1), cut(&other.1));
            let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count() as f32;
            let share = letters(&one_text) / (letters(&one_text) + letters(&other_text));
            let two = identify_two(&format!("{one_text} {other_text}"));
            pairs += 1;
            told += usize::from(two.second.language != Language::UND);
            let codes = [two.first.language.code(), two.second.language.code()];
            if codes.contains(&one.0.as_str()) && codes.contains(&other.0.as_str()) {
                right += 1;
                close += usize::from((two.share - share.max(1.0 - share)).abs() <= 0.1);
            }
        }
        println!(
            "held back {held_back}: {alone} of {} in one language said to be in two; of {pairs} in two, {told} said so, {right} with both languages, {close} of these with a share within .1",
            rows.len()
        );
        assert!(alone * 20 < rows.len() && right * 3 > pairs * 2);
    }
}
