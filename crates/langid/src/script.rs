//! Which script a character belongs to, and the code of its lower-case letter.

/// A script that tells something: several languages share the first four, each of the others has one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Script {
    Latin,
    Cyrillic,
    Arabic,
    Devanagari,
    Greek,
    Hebrew,
    Armenian,
    Georgian,
    Bengali,
    Gurmukhi,
    Gujarati,
    Oriya,
    Tamil,
    Telugu,
    Kannada,
    Malayalam,
    Sinhala,
    Thai,
    Lao,
    Myanmar,
    Ethiopic,
    Khmer,
    Hangul,
    Kana,
    Han,
}

/// How many [`Script`]s there are.
pub(crate) const SCRIPTS: usize = Script::Han as usize + 1;

impl Script {
    pub(crate) const ALL: [Self; SCRIPTS] = [
        Self::Latin,
        Self::Cyrillic,
        Self::Arabic,
        Self::Devanagari,
        Self::Greek,
        Self::Hebrew,
        Self::Armenian,
        Self::Georgian,
        Self::Bengali,
        Self::Gurmukhi,
        Self::Gujarati,
        Self::Oriya,
        Self::Tamil,
        Self::Telugu,
        Self::Kannada,
        Self::Malayalam,
        Self::Sinhala,
        Self::Thai,
        Self::Lao,
        Self::Myanmar,
        Self::Ethiopic,
        Self::Khmer,
        Self::Hangul,
        Self::Kana,
        Self::Han,
    ];

    /// The script of a character outside the four scripts that several languages share, by block.
    pub(crate) const fn of_its_own(letter: char) -> Option<Self> {
        let script = match letter {
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Self::Greek,
            '\u{530}'..='\u{58f}' => Self::Armenian,
            '\u{590}'..='\u{5ff}' | '\u{fb1d}'..='\u{fb4f}' => Self::Hebrew,
            '\u{980}'..='\u{9ff}' => Self::Bengali,
            '\u{a00}'..='\u{a7f}' => Self::Gurmukhi,
            '\u{a80}'..='\u{aff}' => Self::Gujarati,
            '\u{b00}'..='\u{b7f}' => Self::Oriya,
            '\u{b80}'..='\u{bff}' => Self::Tamil,
            '\u{c00}'..='\u{c7f}' => Self::Telugu,
            '\u{c80}'..='\u{cff}' => Self::Kannada,
            '\u{d00}'..='\u{d7f}' => Self::Malayalam,
            '\u{d80}'..='\u{dff}' => Self::Sinhala,
            '\u{e00}'..='\u{e7f}' => Self::Thai,
            '\u{e80}'..='\u{eff}' => Self::Lao,
            '\u{1000}'..='\u{109f}' => Self::Myanmar,
            '\u{10a0}'..='\u{10ff}' | '\u{1c90}'..='\u{1cbf}' | '\u{2d00}'..='\u{2d2f}' => Self::Georgian,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => Self::Hangul,
            '\u{1200}'..='\u{139f}' => Self::Ethiopic,
            '\u{1780}'..='\u{17ff}' => Self::Khmer,
            '\u{3041}'..='\u{3096}'
            | '\u{309d}'..='\u{309f}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{30fd}'..='\u{30ff}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{ff66}'..='\u{ff9d}' => Self::Kana,
            '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => {
                Self::Han
            }
            _ => return None,
        };
        Some(script)
    }

    /// How many letters of an alphabet one character is worth, roughly.
    pub(crate) const fn weight(self) -> u32 {
        match self {
            Self::Han | Self::Kana => 3,
            Self::Hangul => 2,
            _ => 1,
        }
    }
}
