//! What the scanner knows about a character, in one table lookup.

use std::{fmt, sync::OnceLock};

use icu_normalizer::properties::{CanonicalCombiningClassMapBorrowed, CanonicalDecompositionBorrowed, Decomposed};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{ExtendedPictographic, GeneralCategory, LineBreak, Script, WordBreak},
};

use crate::{normal::Normalizer, words::is_apostrophe};

/// Code points that the table holds: the Basic and the Supplementary Multilingual Plane. Others are looked up in ICU's
/// tries each time (rare ideographs).
const TABLE_LEN: usize = 0x2_0000;

/// How a character takes part in word boundaries: `Word_Break` of UAX 29, as far as it decides about words, with
/// what this crate adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    /// Joins nothing.
    Other,
    /// `Extend` and `Format`: belong to what stands before them.
    Extend,
    /// The zero-width joiner: like `Extend`, and joins a pictograph behind it.
    Zwj,
    /// `ALetter`.
    Letter,
    /// `Hebrew_Letter`.
    Hebrew,
    /// `Numeric`.
    Digit,
    /// `Katakana`.
    Katakana,
    /// `ExtendNumLet`, the underscore and its like.
    Connector,
    /// `MidLetter`.
    MidLetter,
    /// `MidNum`.
    MidNum,
    /// `MidNumLet`, without the apostrophes.
    MidBoth,
    /// `Double_Quote`.
    Quote,
    /// Written without spaces: cut by dictionary.
    Dictionary,
    /// `#` or `＃`.
    Hash,
    /// `⟨`, which may open a placeholder.
    Open,
}

const CLASSES: [Class; 15] = [
    Class::Other,
    Class::Extend,
    Class::Zwj,
    Class::Letter,
    Class::Hebrew,
    Class::Digit,
    Class::Katakana,
    Class::Connector,
    Class::MidLetter,
    Class::MidNum,
    Class::MidBoth,
    Class::Quote,
    Class::Dictionary,
    Class::Hash,
    Class::Open,
];

/// One character's entry: lower case in bits 0 to 15, class in bits 16 to 19, flags above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Info(u32);

impl Info {
    const CLASS_SHIFT: u32 = 16;
    /// Alone and between others of its kind, its normal form is [`Info::lower`].
    const PLAIN: u32 = 1 << 20;
    /// A mark that canonical ordering may move: plain unless it stands behind another such mark.
    const ORDERED: u32 = 1 << 21;
    /// Letter or digit: makes a segment a word.
    const MAKES_WORD: u32 = 1 << 22;
    /// `Extended_Pictographic`.
    const PICTOGRAPH: u32 = 1 << 23;
    /// A word can begin with it.
    const BEGINS: u32 = 1 << 24;

    #[inline]
    pub(crate) fn class(self) -> Class {
        CLASSES[(self.0 >> Self::CLASS_SHIFT) as usize & 0xf]
    }

    #[inline]
    pub(crate) const fn is_plain(self) -> bool {
        self.0 & Self::PLAIN != 0
    }

    #[inline]
    pub(crate) const fn is_ordered(self) -> bool {
        self.0 & Self::ORDERED != 0
    }

    #[inline]
    pub(crate) const fn makes_word(self) -> bool {
        self.0 & Self::MAKES_WORD != 0
    }

    #[inline]
    pub(crate) const fn is_pictograph(self) -> bool {
        self.0 & Self::PICTOGRAPH != 0
    }

    #[inline]
    pub(crate) const fn begins(self) -> bool {
        self.0 & Self::BEGINS != 0
    }

    /// The lower case of a plain character. Beyond the Basic Multilingual Plane only caseless characters are plain.
    #[inline]
    pub(crate) fn lower(self, c: char) -> char {
        if c as u32 >= 0x1_0000 { c } else { char::from_u32(self.0 & 0xffff).unwrap_or(c) }
    }
}

/// The table and what it was made from.
pub(crate) struct Chars {
    table: Box<[Info]>,
    source: Source,
}

impl fmt::Debug for Chars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chars({} code points)", self.table.len())
    }
}

impl Chars {
    /// The one table of the process, made at the first call (some tens of milliseconds).
    pub(crate) fn shared() -> &'static Self {
        static CHARS: OnceLock<Chars> = OnceLock::new();
        CHARS.get_or_init(|| {
            let source = Source::new();
            let table = (0..TABLE_LEN as u32)
                .map(|code| char::from_u32(code).map_or(Info(0), |c| source.info(c)))
                .collect::<Vec<_>>()
                .into_boxed_slice();
            Self { table, source }
        })
    }

    #[inline]
    pub(crate) fn info(&self, c: char) -> Info {
        match self.table.get(c as usize) {
            Some(&info) => info,
            None => self.source.info(c),
        }
    }

    /// Appends the normal form of `raw` if all its characters are plain; else appends nothing and says `false`.
    #[inline]
    pub(crate) fn push_plain(&self, raw: &str, out: &mut String) -> bool {
        let start = out.len();
        let mut ordered = false;
        for c in raw.chars() {
            let info = self.info(c);
            if !info.is_plain() || ordered && info.is_ordered() {
                out.truncate(start);
                return false;
            }
            ordered = info.is_ordered();
            out.push(info.lower(c));
        }
        true
    }
}

/// Unicode properties from ICU's tries.
struct Source {
    normalizer: Normalizer,
    combining: CanonicalCombiningClassMapBorrowed<'static>,
    /// Characters that can compose with one before them, sorted.
    composing: Vec<char>,
}

impl Source {
    fn new() -> Self {
        let decomposition = CanonicalDecompositionBorrowed::new();
        let mut composing: Vec<char> = (0..TABLE_LEN as u32)
            .filter_map(char::from_u32)
            .filter_map(|c| match decomposition.decompose(c) {
                Decomposed::Expansion(_, second) => Some(second),
                _ => None,
            })
            // Hangul vowels and final consonants compose by rule.
            .chain('\u{1160}'..='\u{11ff}')
            .collect();
        composing.sort_unstable();
        composing.dedup();
        Self { normalizer: Normalizer::new(), combining: CanonicalCombiningClassMapBorrowed::new(), composing }
    }

    /// Whether normalisation (NFKC) leaves it alone whatever stands beside it, and nothing is dropped.
    fn is_inert(&self, c: char) -> bool {
        self.normalizer.keeps(c) && self.composing.binary_search(&c).is_err()
    }

    fn info(&self, c: char) -> Info {
        let class = Self::class(c);
        let mut bits = class << Info::CLASS_SHIFT;
        if CodePointSetData::new::<ExtendedPictographic>().contains(c) {
            bits |= Info::PICTOGRAPH;
        }
        let category = CodePointMapData::<GeneralCategory>::new().get(c);
        if category == GeneralCategory::Unassigned || category == GeneralCategory::PrivateUse {
            return Info(bits);
        }
        let makes_word = makes_word(c);
        if makes_word {
            bits |= Info::MAKES_WORD;
        }
        let class = CLASSES[class as usize];
        if matches!(
            class,
            Class::Letter | Class::Hebrew | Class::Digit | Class::Katakana | Class::Connector | Class::Dictionary
        ) || class == Class::Other && makes_word
        {
            bits |= Info::BEGINS;
        }
        let mut lower = c.to_lowercase();
        let (first, second) = (lower.next().unwrap_or(c), lower.next());
        // Capital sigma has two lower cases, by position.
        let cased_simply =
            second.is_none() && c != 'Σ' && (first == c || (c as u32) < 0x1_0000 && (first as u32) < 0x1_0000);
        if cased_simply && self.is_inert(c) && self.is_inert(first) {
            bits |= Info::PLAIN | (if (c as u32) < 0x1_0000 { first as u32 } else { 0 });
        }
        if self.combining.get_u8(c) != 0 {
            bits |= Info::ORDERED;
        }
        Info(bits)
    }

    fn class(c: char) -> u32 {
        let class = match c {
            '#' | '＃' => Class::Hash,
            '⟨' => Class::Open,
            _ if is_apostrophe(c) => Class::Other,
            _ => {
                let word_break = CodePointMapData::<WordBreak>::new().get(c);
                let script = CodePointMapData::<Script>::new().get(c);
                // As in ICU's word rules: South-East Asian scripts by line breaking class, Han and hiragana by script.
                let south_east = CodePointMapData::<LineBreak>::new().get(c) == LineBreak::ComplexContext;
                match word_break {
                    _ if south_east => Class::Dictionary,
                    WordBreak::Other | WordBreak::ALetter | WordBreak::Extend
                        if matches!(script, Script::Han | Script::Hiragana) =>
                    {
                        Class::Dictionary
                    }
                    WordBreak::Extend | WordBreak::Format => Class::Extend,
                    WordBreak::ZWJ => Class::Zwj,
                    WordBreak::ALetter => Class::Letter,
                    WordBreak::HebrewLetter => Class::Hebrew,
                    WordBreak::Numeric => Class::Digit,
                    WordBreak::Katakana => Class::Katakana,
                    WordBreak::ExtendNumLet => Class::Connector,
                    WordBreak::MidLetter => Class::MidLetter,
                    WordBreak::MidNum => Class::MidNum,
                    WordBreak::MidNumLet => Class::MidBoth,
                    WordBreak::DoubleQuote => Class::Quote,
                    _ => Class::Other,
                }
            }
        };
        class as u32
    }
}

/// Letters and digits make a segment a word; other numbers (`½`, `①`), signs that count as alphabetic (`Ⓜ`) and what only
/// goes with a letter (the half-width voiced mark) do not.
pub(crate) fn makes_word(c: char) -> bool {
    use GeneralCategory as G;
    matches!(
        CodePointMapData::<G>::new().get(c),
        G::UppercaseLetter
            | G::LowercaseLetter
            | G::TitlecaseLetter
            | G::ModifierLetter
            | G::OtherLetter
            | G::LetterNumber
            | G::DecimalNumber
    ) && CodePointMapData::<WordBreak>::new().get(c) != WordBreak::Extend
}
