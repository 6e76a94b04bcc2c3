//! The normal form of a word: NFKC, lower case, accents kept, nothing invisible.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData, CodePointSetData, CodePointSetDataBorrowed,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';

/// Brings words into their normal form.
///
/// In this order: invisible characters (Unicode `Default_Ignorable_Code_Point`) go, because a word that looks the same
/// is the same word; of these the joiners ZWNJ and ZWJ stay inside a word, where Persian and Indic spelling needs them.
/// Then NFKC, lower case (with Greek final sigma), and NFKC again, since lower-casing can bring two characters
/// together that compose.
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
        let raw = raw.trim_end_matches([ZWNJ, ZWJ]);
        let visible: String = raw.chars().filter(|&c| c == ZWNJ || c == ZWJ || !self.invisible.contains(c)).collect();
        let lower = self.nfkc.normalize(visible.trim_end_matches([ZWNJ, ZWJ])).to_lowercase();
        out.push_str(&self.nfkc.normalize(&lower));
    }

    /// What one code point becomes when neighbours cannot matter, for building the table of the fast path.
    pub(crate) fn is_plain(&self, c: char) -> bool {
        let category = CodePointMapData::<GeneralCategory>::new().get(c);
        let mark =
            matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark | GeneralCategory::EnclosingMark);
        let jamo = ('\u{1100}'..='\u{11ff}').contains(&c);
        !mark && !jamo && !self.invisible.contains(c) && self.nfkc.is_normalized(c.encode_utf8(&mut [0; 4]))
    }
}
