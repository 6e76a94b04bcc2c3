//! The scanner and the reference (ICU4X alone) find the same words, with the same normal forms.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers fail loudly and say what they skip")]
#![allow(clippy::unicode_not_nfc, reason = "texts that are not normalised are what is tested")]

use std::{io::Read, path::PathBuf, sync::OnceLock};

use groundswell_text::{Analysis, Analyzer, WORD_BYTES_MAX, WORDS_MAX, hash_word, reference::Reference};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{ExtendedPictographic, GeneralCategory, WordBreak},
};
use icu_segmenter::{WordSegmenter, options::WordBreakInvariantOptions};
use proptest::prelude::*;

/// Code points on which ICU's segmenter data and its property data are of different Unicode versions: the scanner
/// follows the newer one, the property data.
fn is_newer(c: char) -> bool {
    static NEWER: OnceLock<Vec<char>> = OnceLock::new();
    let newer = NEWER.get_or_init(|| {
        let segmenter = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
        let found: Vec<char> = ('\u{80}'..=char::MAX)
            .filter(|&c| {
                let joins = |text: String| segmenter.segment_str(&text).count() == 2;
                match CodePointMapData::<WordBreak>::new().get(c) {
                    WordBreak::ALetter => !joins(format!("a{c}")),
                    WordBreak::Katakana => !joins(format!("{c}{c}")),
                    WordBreak::Numeric => !joins(format!("1{c}")),
                    // Thai marks and their like never join ICU's way; those are no new ones.
                    WordBreak::Extend | WordBreak::Format => !c.is_alphabetic() && !joins(format!("a{c}")),
                    WordBreak::Other => {
                        let pictograph = CodePointSetData::new::<ExtendedPictographic>().contains(c);
                        matches!(c, '\u{2b81e}' | '\u{1b123}')
                            || joins(format!("a{c}"))
                            || pictograph != joins(format!("\u{200d}{c}"))
                    }
                    _ => false,
                }
            })
            .collect();
        assert!(found.len() < 700, "{} code points differ: more than a Unicode version explains", found.len());
        found
    });
    newer.binary_search(&c).is_ok()
}

/// ICU4X 2.4 parts katakana, a joiner and an underscore, against WB4 with `WB13a`.
fn is_misread_by_icu(text: &str) -> bool {
    let classes = CodePointMapData::<WordBreak>::new();
    let mut behind_katakana = false;
    text.chars().any(|c| match classes.get(c) {
        WordBreak::ZWJ => behind_katakana,
        WordBreak::Extend | WordBreak::Format => false,
        class => {
            behind_katakana = class == WordBreak::Katakana;
            false
        }
    })
}

fn fast(analyzer: &mut Analyzer, text: &str) -> Vec<(usize, usize, String)> {
    let mut analysis = Analysis::new();
    analyzer.tokenize(text, &mut analysis);
    for word in &analysis.words {
        assert_eq!(word.hash, hash_word(analysis.word(word)));
        assert_eq!(&analysis.normal[word.normal.1 as usize..=word.normal.1 as usize], " ");
    }
    analysis.words.iter().map(|w| (w.raw.0 as usize, w.raw.1 as usize, analysis.word(w).to_owned())).collect()
}

/// The reference's words, without what the bounds leave out.
fn slow(reference: &Reference, text: &str) -> Vec<(usize, usize, String)> {
    let mut words = reference.words(text);
    words.retain(|(start, end, normal)| end - start <= WORD_BYTES_MAX && normal.len() <= WORD_BYTES_MAX);
    words.truncate(WORDS_MAX);
    words
}

fn check(analyzer: &mut Analyzer, reference: &Reference, text: &str) {
    let (fast, slow) = (fast(analyzer, text), slow(reference, text));
    assert_eq!(fast, slow, "{text:?}");
}

#[test]
fn every_code_point_in_every_company() {
    let mut analyzer = Analyzer::new();
    let reference = Reference::new();
    let categories = CodePointMapData::<GeneralCategory>::new();
    let assigned = ('\0'..=char::MAX)
        .filter(|&c| !matches!(categories.get(c), GeneralCategory::Unassigned | GeneralCategory::PrivateUse));
    // Ideographs and Hangul syllables are 125,000 of the same kind: every 16th of those.
    let chosen =
        assigned.filter(|&c| !matches!(c, '\u{3400}'..='\u{d7a3}' | '\u{20000}'..) || (c as u32).is_multiple_of(16));
    for c in chosen.filter(|&c| !is_newer(c)) {
        // One text for many companies: the space parts them.
        let text = format!(
            "{c} a{c} {c}a a{c}a A{c}{c}A 1{c}1 a{c}1 _{c}_ é{c}é ア{c}ア 中{c}中 中{c} ก{c} א{c}א א\"{c}א a.{c}b 1,{c}1 a\u{200d}{c} я{c}Я"
        );
        check(&mut analyzer, &reference, &text);
    }
}

/// Characters that matter to a rule come far more often than by chance.
fn tricky() -> impl Strategy<Value = char> {
    prop_oneof![
        8 => proptest::sample::select("aZ19_ .:,;'\"#\u{2019}\u{2018}＇\u{200d}\u{200c}\u{ad}\u{feff}\u{301}\u{308}\u{307}\u{345}⟨⟩\r\n\u{3000}".chars().collect::<Vec<_>>()),
        6 => proptest::sample::select("яЩéÅßİΣςσοK℃ﬁⅧ①½ªאבשׁ״׳ابتةِّकि्हงกำัເຂាកမြか゛がカーﾞｶ々〆中国洪水警报日本한국각각Ǆǅ𝓐𐐀🇩🇪😀❤️ℹⓂ©".chars().collect::<Vec<_>>()),
        2 => any::<char>(),
        2 => (0x20_u32..0x2000).prop_filter_map("a character", char::from_u32),
        1 => (0x2000_u32..0x3_0000).prop_filter_map("a character", char::from_u32),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_text(chars in proptest::collection::vec(tricky(), 0..40)) {
        let text: String = chars.into_iter().filter(|&c| !is_newer(c)).collect();
        prop_assume!(!is_misread_by_icu(&text));
        check(&mut Analyzer::new(), &Reference::new(), &text);
    }
}

/// Letters of one of the scripts that are cut by dictionary, some of them of pieces that are words, so that words begin and break off.
fn without_spaces() -> impl Strategy<Value = String> {
    let any_of = |from: u32, to: u32| (from..to).prop_filter_map("a character", char::from_u32).prop_map(String::from);
    let piece = |pieces: &'static str| {
        let pieces: Vec<String> = pieces.split(' ').map(str::to_owned).collect();
        (proptest::sample::select(pieces), 0_usize..8)
            .prop_map(|(piece, len)| piece.chars().take(len + 1).collect::<String>())
    };
    let chinese = prop_oneof![
        8 => piece("洪水 警报 中华人民共和国 龟山岛 新型冠状病毒 东京都 経済産業省 食べられません ありがとうございます について なければならない"),
        3 => any_of(0x4e00, 0xa000),
        3 => any_of(0x3041, 0x3100),
        1 => any_of(0x2e80, 0x3400),
        1 => any_of(0xf900, 0xfb00),
        1 => any_of(0x16fe0, 0x17000),
        1 => any_of(0x1b000, 0x1b180),
        1 => any_of(0x2_0000, 0x3_4000),
    ];
    let thai = prop_oneof![
        8 => piece("ผู้ใช้ สามารถ ติดตั้ง โปรแกรม คอมพิวเตอร์ ได้ด้วยตนเอง น้ำท่วม กรุงเทพมหานคร ความเป็นส่วนตัว"),
        4 => any_of(0xe01, 0xe5c),
        1 => Just("\u{301}".to_owned()),
        1 => Just("\u{200d}".to_owned()),
    ];
    let lao = prop_oneof![8 => piece("ປະເທດ ລາວ ພາສາ ພົນລະເມືອງ ປະມານ ນະຄອນຫຼວງວຽງຈັນ"), 4 => any_of(0xe81, 0xee0)];
    let others =
        prop_oneof![piece("မြန်မာ နိုင်ငံ ကမ္ဘာ ភាសាខ្មែរ ព្រះរាជាណាចក្រ"), any_of(0x1000, 0x10a0), any_of(0x1780, 0x17f0)];
    let pieces = || prop_oneof![4 => chinese.clone(), 4 => thai.clone(), 2 => lao.clone(), 1 => others.clone()];
    prop_oneof![
        proptest::collection::vec(chinese.clone(), 0..30),
        proptest::collection::vec(thai.clone(), 0..30),
        proptest::collection::vec(lao.clone(), 0..30),
        proptest::collection::vec(pieces(), 0..30),
    ]
    .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_text_without_spaces(text in without_spaces()) {
        let text: String = text.chars().filter(|&c| !is_newer(c)).collect();
        prop_assume!(!is_misread_by_icu(&text));
        // One of each for the whole test would remember nothing either; making them costs more than the check.
        thread_local! { static BOTH: std::cell::RefCell<(Analyzer, Reference)> = std::cell::RefCell::default(); }
        BOTH.with_borrow_mut(|(analyzer, reference)| check(analyzer, reference, &text));
    }
}

/// The texts of a set of `../shared/data`, at most `max`, spread over it.
fn texts(path: &str, every: usize) -> Option<Vec<String>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    let Ok(file) = std::fs::File::open(path) else {
        println!("SKIPPED: ../shared/data is absent");
        return None;
    };
    let mut lines = String::new();
    zstd::Decoder::new(file).unwrap().read_to_string(&mut lines).unwrap();
    let texts = lines.split('\n').step_by(every).filter(|line| !line.is_empty()).map(|line| {
        let post: serde_json::Value = serde_json::from_str(line).unwrap();
        post["text"].as_str().unwrap().to_owned()
    });
    Some(texts.collect())
}

#[test]
fn real_texts() {
    let mut analyzer = Analyzer::new();
    let reference = Reference::new();
    for (path, every) in [
        ("troll/troll-slice.ndjson.zst", 20),
        ("langid/lingua-short.ndjson.zst", 1),
        ("sentiment/xlmt-sentiment.ndjson.zst", 1),
    ] {
        let Some(texts) = texts(path, every) else { return };
        assert!(texts.len() > 10_000, "{path}");
        for text in texts {
            check(&mut analyzer, &reference, &text);
        }
    }
}
