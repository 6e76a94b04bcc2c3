//! Texts glued and interleaved from two languages' sentences, and texts in one: how often two are told, and rightly.
//!
//! Thresholds were chosen on the rows that were looked at; the figures of `docs/methods/language.md` are of the third kept
//! aside (`accuracy.rs`).

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers fail loudly and say what they skip")]

use std::{collections::BTreeMap, io::Read, path::PathBuf};

use groundswell_langid::{Language, TWO_BYTES_MIN, Two, identify, identify_two};
use proptest::prelude::*;

proptest! {
    #[test]
    fn two_are_told_apart_and_the_text_as_a_whole_is_as_before(
        text in "([a-zéü]{1,9} |[а-я]{1,9} |[\u{621}-\u{64a}]{1,9} |[\u{3041}-\u{3096}\u{4e00}-\u{4fff}]{1,4} |[\u{e01}-\u{e2e}]{1,9} |@x |😀){0,60}",
    ) {
        let (language, two) = identify_two(&text);
        prop_assert_eq!(language, identify(&text));
        if let Some(Two { first, second, share }) = two {
            prop_assert!(text.len() >= TWO_BYTES_MIN);
            prop_assert_ne!(first.language, second.language);
            prop_assert!(first.language != Language::UND && second.language != Language::UND);
            prop_assert!((0.5..1.0).contains(&share));
            prop_assert!(first.probability > 0.0 && second.probability > 0.0);
        }
    }

    /// Which part comes first makes no difference to what the parts are, as long as no word changes.
    #[test]
    fn the_order_of_the_parts_is_no_matter(english_first in any::<bool>(), times in 1..3_usize) {
        let english = "the river is rising fast and nobody has come to help us tonight ".repeat(times);
        let polish = "rzeka szybko przybiera i nikt jeszcze nie przyszedł nam dzisiaj z pomocą ".repeat(times);
        let text = if english_first { english + &polish } else { polish + &english };
        let two = identify_two(&text).1.unwrap();
        let mut codes = [two.first.language.code(), two.second.language.code()];
        codes.sort_unstable();
        prop_assert_eq!(codes, ["en", "pl"]);
    }
}

#[test]
fn names_and_loans_are_no_second_language() {
    for text in [
        "George Clooney und Jennifer Lawrence kommen im Herbst nach Berlin, um den neuen Film vorzustellen.",
        "今日はPlayStationとNintendo Switchの新しいゲームを買いました。とても楽しいです。",
        "Вчера мы смотрели фильм The Matrix и ели пиццу, а потом долго гуляли по городу.",
    ] {
        assert_eq!(identify_two(text).1, None, "{text}");
    }
}

#[test]
fn to_and_fro_and_across_scripts() {
    for (text, first, second) in [
        (
            "I was going to call you last night, pero mi teléfono se quedó sin batería y luego me dormí, so let's talk later today",
            "en",
            "es",
        ),
        (
            "Прошлой ночью река вышла из берегов, и никто не пришёл. Please help us and share this with everyone!",
            "ru",
            "en",
        ),
        (
            "Please share this with everyone you know, we need help now! 昨夜川が氾濫して、誰も来ませんでした。",
            "en",
            "ja",
        ),
    ] {
        let two = identify_two(text).1.unwrap();
        let codes = [two.first.language.code(), two.second.language.code()];
        assert!(codes == [first, second] || codes == [second, first], "{text}: {codes:?}");
    }
}

/// The third kept aside, as in `accuracy.rs`.
fn is_held_back(text: &str) -> bool {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 < (1 << 32) / 3
}

/// Some words of a text, from the nth on; `None` where it has fewer.
fn words(text: &str, from: usize, count: usize) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().skip(from).take(count).collect();
    (words.len() == count).then(|| words.join(" "))
}

fn letters(text: &str) -> f32 {
    text.chars().filter(|c| c.is_alphabetic()).count() as f32
}

#[derive(Default)]
struct Told {
    texts: u32,
    two: u32,
    right: u32,
    close: u32,
}

impl Told {
    fn add(&mut self, [one, other]: [&(String, String); 2], [a, b]: [&str; 2], text: &str) {
        self.texts += 1;
        let Some(two) = identify_two(text).1 else { return };
        self.two += 1;
        let codes = [two.first.language.code(), two.second.language.code()];
        if codes.contains(&one.0.as_str()) && codes.contains(&other.0.as_str()) {
            let share = letters(a) / (letters(a) + letters(b));
            self.right += 1;
            self.close += u32::from((two.share - share.max(1.0 - share)).abs() <= 0.1);
        }
    }
}

#[test]
fn glued_and_interleaved_sentences() {
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
        let mut by_language: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        rows.iter().for_each(|row| by_language.entry(&row.0).or_default().push(&row.1));
        let alone = rows.iter().filter(|row| identify_two(&row.1).1.is_some()).count();
        let pairs = by_language.values().flat_map(|texts| texts.chunks_exact(2).map(|pair| pair.join(" ")));
        let (mut long, mut long_two) = (0, 0);
        for text in pairs {
            long += 1;
            long_two += usize::from(identify_two(&text).1.is_some());
        }
        println!(
            "held back {held_back}: of {} sentences in one language {alone} said to be in two, of {long} pairs of them {long_two}",
            rows.len()
        );
        assert!(alone * 100 < rows.len() && long_two * 50 < long, "one language said to be two");
        let mut told: BTreeMap<&str, Told> = BTreeMap::new();
        for (at, one) in rows.iter().enumerate() {
            // Another row far from this one: the rows are in no order of languages.
            let other = rows[(at * 7 + 1_000) % rows.len()];
            if one.0 == other.0 {
                continue;
            }
            for (kind, first, second) in [("8 words, 8 words", 8, 8), ("12, 12", 12, 12), ("16, 8", 16, 8)] {
                let (Some(a), Some(b)) = (words(&one.1, 0, first), words(&other.1, 0, second)) else { continue };
                told.entry(kind).or_default().add([one, other], [&a, &b], &format!("{a} {b}"));
            }
            for (kind, run) in [("12, 12, to and fro by 4", 4), ("12, 12, to and fro by 6", 6)] {
                let (Some(a), Some(b)) = (words(&one.1, 0, 12), words(&other.1, 0, 12)) else { continue };
                let text: Vec<String> =
                    (0..12).step_by(run).flat_map(|at| [words(&a, at, run), words(&b, at, run)]).flatten().collect();
                told.entry(kind).or_default().add([one, other], [&a, &b], &text.join(" "));
            }
        }
        for (kind, Told { texts, two, right, close }) in &told {
            println!(
                "  {kind}: of {texts} in two, {two} said so, {right} with both languages, {close} of these with a share within .1"
            );
            assert!(right * 2 > *texts, "{kind}");
        }
    }
}
