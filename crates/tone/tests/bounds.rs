//! Any text: bounded work, no panic, probabilities that add up, and the same answer from remembered words.

use std::collections::HashMap;

use groundswell_tone::{BYTES_MAX, Language, Tone, WORD_CHARS_MAX, WORDS_MAX, WordTone, words};
use proptest::prelude::*;

fn check(text: &str) {
    let read: Vec<&str> = words(text).collect();
    assert!(read.len() <= WORDS_MAX);
    assert!(read.iter().all(|word| !word.is_empty()) && read.iter().map(|word| word.len()).sum::<usize>() <= BYTES_MAX);
    // Each word once, as an interner would have it.
    let mut remembered: HashMap<&str, WordTone> = HashMap::new();
    // Two whose negations have nothing in common.
    for language in [Language::Ar, Language::En] {
        let cold = Tone::of_text(text, language);
        let warm =
            read.iter().map(|&word| *remembered.entry(word).or_insert_with(|| WordTone::of(word))).collect::<Vec<_>>();
        assert_eq!(cold, Tone::of(warm, language));
        assert!(cold.probabilities.iter().all(|probability| (0.0..=1.0).contains(probability)), "{cold:?}");
        assert!((cold.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        assert!(cold.probabilities.iter().all(|&probability| probability <= cold.probabilities[cold.label() as usize]));
    }
}

#[test]
fn every_code_point_in_company_and_alone() {
    let mut all = String::new();
    for c in '\0'..=char::MAX {
        all.push(c);
        if all.chars().count() == 1_000 {
            check(&all);
            all.clear();
        }
    }
    for c in '\0'..'\u{3000}' {
        WordTone::of(&c.to_string());
    }
}

#[test]
fn what_is_hostile_is_read_no_further_than_the_bound() {
    let unspaced = "abcdefghij".repeat(100_000);
    let marks: String = std::iter::once('e').chain(std::iter::repeat_n('\u{301}', 10_000)).collect();
    let open = "⟨".repeat(100_000);
    let links = "https://".repeat(100_000);
    let faces = ":(".repeat(100_000);
    let joined = "😀\u{200d}".repeat(100_000);
    for text in [&unspaced, &marks, &open, &links, &faces, &joined] {
        check(text);
        // Nothing beyond the bound has a say.
        assert!(words(text).eq(words(&text[..text.floor_char_boundary(BYTES_MAX)])));
    }
    let long: String = unspaced.chars().take(WORD_CHARS_MAX).collect();
    assert_eq!(WordTone::of(&unspaced), WordTone::of(&long));
}

#[test]
fn words_signs_faces_and_emoji_are_told_apart() {
    for (text, expected) in [
        ("", vec![]),
        ("I don't KNOW!!!!!", vec!["I", "don't", "KNOW", "!!!"]),
        ("see https://example.org/x?y :-) now", vec!["see", "http", ":-)", "now"]),
        ("@some_body ⟨handle⟩ ⟨link⟩ #Flood", vec!["http", "Flood"]),
        ("a⟨b &amp; c", vec!["a", "b", "&", "c"]),
        ("😀👍\u{1f3fd} ❤\u{fe0f}", vec!["😀", "👍", "❤"]),
        ("it's ok... नहीं", vec!["it's", "ok", "...", "नहीं"]),
    ] {
        let read: Vec<&str> = words(text).filter(|word| *word != "⟨").collect();
        assert_eq!(read, expected, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn case_makes_no_difference(word in "[a-zäéøñ']{0,40}") {
        prop_assert_eq!(WordTone::of(&word), WordTone::of(&word.to_uppercase()));
    }
}
