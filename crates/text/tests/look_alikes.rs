//! The table of letters that look alike, and texts that are made to trouble who reads names in it.
//!
//! Makes `data/look-alikes.txt` from the confusables of Unicode (UTS 39), and holds that it is what it makes:
//! `LOOK_ALIKES=write cargo test -p groundswell-text --test look_alikes` writes it anew.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers fail loudly and say what they did")]

use std::collections::BTreeMap;

use groundswell_text::names::{NameFinder, NameSpan};
use groundswell_text::{Analysis, Analyzer};
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, Script},
};
use proptest::prelude::*;

/// Alphabets whose letters are of one design, so that one can be written for another. Letters of other scripts that happen to look
/// like one (the Arabic heh like an `o`) stand beside Latin words in honest posts.
const ALPHABETS: [Script; 7] =
    [Script::Latin, Script::Cyrillic, Script::Greek, Script::Armenian, Script::Cherokee, Script::Coptic, Script::Lisu];

/// What letters are read as: those that people write whole languages in.
fn targets() -> [(&'static str, Script, Vec<char>); 3] {
    [
        ("latin", Script::Latin, ('A'..='Z').chain('a'..='z').collect()),
        (
            "cyrillic",
            Script::Cyrillic,
            ('Ѐ'..='џ').chain(['Ґ', 'ґ', 'Ғ', 'ғ', 'Қ', 'қ', 'Ң', 'ң', 'Ү', 'ү', 'Һ', 'һ']).collect(),
        ),
        ("greek", Script::Greek, ('Α'..='Ω').chain('α'..='ω').filter(|c| c.is_alphabetic()).collect()),
    ]
}

fn skeleton(c: char) -> String {
    unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).collect()
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

fn table() -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let script = |c: char| CodePointMapData::<Script>::new().get(c);
    let letters: Vec<char> = ('\0'..='\u{1ffff}')
        .filter(|&c| {
            ALPHABETS.contains(&script(c))
                && matches!(
                    CodePointMapData::<GeneralCategory>::new().get(c),
                    GeneralCategory::UppercaseLetter
                        | GeneralCategory::LowercaseLetter
                        | GeneralCategory::TitlecaseLetter
                        | GeneralCategory::OtherLetter
                )
                && nfkc.is_normalized(c.encode_utf8(&mut [0; 4]))
        })
        .collect();
    let mut out = String::new();
    for (name, own, basic) in targets() {
        let mut by_skeleton: BTreeMap<String, Vec<char>> = BTreeMap::new();
        for &letter in &basic {
            by_skeleton.entry(skeleton(letter)).or_default().push(letter);
        }
        // Of the same case (`I` and `l` look alike too); for letters without case, capitals.
        let looks_like = |c: char| -> Option<char> {
            let alike = by_skeleton.get(&skeleton(c))?;
            alike.iter().find(|like| like.is_lowercase() == c.is_lowercase()).copied()
        };
        // A small letter of Cyrillic has the shape of its capital: `вitcoin`. That is our reading and not Unicode's.
        let by_capital = |c: char| -> Option<char> {
            let c = Some(c).filter(|&c| script(c) == Script::Cyrillic)?;
            let upper = only(c.to_uppercase()).filter(|&upper| upper != c)?;
            only(looks_like(upper)?.to_lowercase())
        };
        let foreign: Vec<char> = letters.iter().copied().filter(|&c| script(c) != own).collect();
        for (kind, like) in [("", &looks_like as &dyn Fn(char) -> Option<char>), (" by capitals", &by_capital)] {
            out.push_str(name);
            out.push_str(kind);
            for &c in &foreign {
                match like(c) {
                    Some(_) if !kind.is_empty() && looks_like(c).is_some() => {}
                    Some(like) => out.extend([' ', c, like]),
                    None => {}
                }
            }
            out.push('\n');
        }
    }
    out
}

#[test]
fn the_table_is_that_of_unicode() {
    let made = table();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/look-alikes.txt");
    if std::env::var_os("LOOK_ALIKES").is_some() {
        std::fs::write(&path, &made).unwrap();
        println!("Unicode {:?}: {} pairs", unicode_security::UNICODE_VERSION, made.split(' ').count());
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made);
}

fn spans(text: &str) -> (Analysis, Vec<NameSpan>) {
    let (mut analysis, mut spans) = (Analysis::new(), Vec::new());
    Analyzer::new().tokenize(text, &mut analysis);
    NameFinder::new().find(text, &analysis, &mut spans);
    (analysis, spans)
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(vec!["Jane", "doe", "Иван", "Петров", "J.", "de", "王", "小明", "ᴊᴀɴᴇ", "ոսյան", "Ə"]).prop_map(str::to_owned),
        3 => proptest::sample::select(vec!["\u{200b}", "\u{200d}", "\u{336}", "\u{301}", "\u{feff}", "_", "#", "'"]).prop_map(str::to_owned),
        2 => Just(" ".to_owned()),
        1 => any::<char>().prop_map(String::from),
        1 => (0xc0_u32..0x600).prop_filter_map("a character", char::from_u32).prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spans_are_of_words_that_are_there_in_order_and_apart(text in hostile()) {
        let (analysis, spans) = spans(&text);
        prop_assert!(spans.iter().all(|span| span.from < span.to && span.to as usize <= analysis.words.len()));
        prop_assert!(spans.windows(2).all(|pair| pair[0].to <= pair[1].from));
        let finder = NameFinder::new();
        for word in &analysis.words {
            finder.joined(analysis.word(word));
            finder.spelt(&text[word.raw.0 as usize..word.raw.1 as usize]);
            finder.phrase(&[analysis.word(word), "doe"]);
        }
    }

    /// A space of no width between two letters changes nothing of what is a name.
    #[test]
    fn what_has_no_width_parts_no_name(at in 1_usize..17) {
        let plain = "ask Jane Kowalczyk about it";
        let written = format!("{}\u{200b}{}", &plain[..at], &plain[at..]);
        let covered = |text: &str| {
            let (analysis, spans) = spans(text);
            let span = spans.first().map(|span| {
                let (from, to) = (analysis.words[span.from as usize].raw.0, analysis.words[span.to as usize - 1].raw.1);
                text[from as usize..to as usize].replace('\u{200b}', "")
            });
            (spans.len(), span)
        };
        prop_assert_eq!(covered(&written), covered(plain));
    }
}

#[test]
fn masses_of_marks_and_of_what_is_invisible_take_bounded_time() {
    for text in [
        format!("Jane D{}oe", "\u{301}".repeat(10_000)),
        "J\u{200b}".repeat(250_000),
        "а\u{336}".repeat(250_000),
        "\u{200b}".repeat(300_000),
        format!("{} Doe", "jа".repeat(300_000)),
    ] {
        let (analysis, spans) = spans(&text);
        assert!(spans.len() <= analysis.words.len());
    }
}
