//! The normal form of a word: NFKC, lower case, accents kept, nothing invisible.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{CodePointSetData, CodePointSetDataBorrowed, props::DefaultIgnorableCodePoint};

const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Brings words into their normal form.
///
/// In this order: invisible characters (Unicode `Default_Ignorable_Code_Point`) go, because a word that looks the same
/// is the same word; of these the joiners ZWNJ and ZWJ stay inside a word, where Persian and Indic spelling needs them.
/// Then NFKC, lower case (with Greek final sigma), and NFKC again, since lower-casing can bring two characters
/// together that compose.
///
/// This is the definition, and slow. What nearly all words go through is `Chars::push_plain`, which gives the same for
/// characters on which none of this acts.
#[derive(Debug)]
pub(crate) struct Normalizer {
    nfkc: ComposingNormalizerBorrowed<'static>,
    invisible: CodePointSetDataBorrowed<'static>,
}

impl Normalizer {
    pub(crate) const fn new() -> Self {
        Self {
            nfkc: ComposingNormalizerBorrowed::new_nfkc(),
            invisible: CodePointSetData::new::<DefaultIgnorableCodePoint>(),
        }
    }

    /// Appends the normal form of `raw` to `out`.
    pub(crate) fn push(&self, raw: &str, out: &mut String) {
        let visible: String = raw.chars().filter(|c| JOINERS.contains(c) || !self.invisible.contains(*c)).collect();
        let lower = self.nfkc.normalize(visible.trim_matches(JOINERS)).to_lowercase();
        out.push_str(&self.nfkc.normalize(&lower));
    }

    /// Whether a character alone is its own NFKC and visible.
    pub(crate) fn keeps(&self, c: char) -> bool {
        !self.invisible.contains(c) && self.nfkc.is_normalized(c.encode_utf8(&mut [0; 4]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chars::Chars;

    fn normal(raw: &str) -> String {
        let mut out = String::new();
        Normalizer::new().push(raw, &mut out);
        out
    }

    #[test]
    fn normal_forms_case_by_case() {
        for (raw, expected) in [
            ("ÉtÉ", "été"),
            ("E\u{301}", "é"),
            ("ＦＬＯＯＤ", "flood"),
            ("ΟΔΟΣ", "οδος"),
            ("J\u{30c}", "ǰ"),
            ("Straße", "straße"),
            ("İ", "i\u{307}"),
            ("так\u{ad}же", "также"),
            ("flood\u{200f}", "flood"),
            ("می\u{200c}خواهم\u{200c}", "می\u{200c}خواهم"),
            ("ｶﾞ", "ガ"),
            ("\u{3164}", ""),
            ("𝓕𝓵𝓸𝓸𝓭", "flood"),
        ] {
            assert_eq!(normal(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn the_table_agrees_on_every_character() {
        let chars = Chars::shared();
        let mut plain = 0;
        for c in '\0'..=char::MAX {
            let raw = c.to_string();
            let mut out = String::new();
            if chars.push_plain(&raw, &mut out) {
                plain += 1;
                assert_eq!(out, normal(&raw), "{c:?}");
            }
        }
        assert!(plain > 100_000, "{plain}");
    }

    fn character() -> impl Strategy<Value = char> {
        prop_oneof![
            proptest::sample::select(
                "aZéÅßİΣςσJ\u{30c}\u{301}\u{316}\u{345}\u{94d}\u{93c}कि각\u{1100}\u{1161}\u{11a8}ｶﾞำ\u{ad}"
                    .chars()
                    .collect::<Vec<_>>()
            ),
            proptest::sample::select(
                ('\u{300}'..'\u{370}').chain('\u{5b0}'..'\u{5c8}').chain('\u{64b}'..'\u{660}').collect::<Vec<_>>()
            ),
            any::<char>(),
            (0xa0_u32..0x3400).prop_filter_map("a character", char::from_u32),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_table_agrees_on_random_words(chars in proptest::collection::vec(character(), 0..8)) {
            let raw: String = chars.into_iter().collect();
            let mut out = String::from("before");
            if Chars::shared().push_plain(&raw, &mut out) {
                prop_assert_eq!(&out["before".len()..], normal(&raw));
            } else {
                prop_assert_eq!(out, "before");
            }
        }

        #[test]
        fn a_normal_form_is_its_own_normal_form(chars in proptest::collection::vec(character(), 0..8)) {
            let once = normal(&chars.into_iter().collect::<String>());
            prop_assert_eq!(normal(&once), once);
        }
    }
}
