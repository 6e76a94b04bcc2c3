//! The languages that tone is measured for.

/// A language whose error is known. For all others there is no answer: "not measured for this language".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Language {
    /// Arabic.
    Ar,
    /// German.
    De,
    /// English.
    En,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Hindi, mostly in Latin letters.
    Hi,
    /// Italian.
    It,
    /// Portuguese.
    Pt,
}

/// How many there are.
pub const LANGUAGES: usize = 8;

impl Language {
    /// All of them.
    pub const ALL: [Self; LANGUAGES] = [Self::Ar, Self::De, Self::En, Self::Es, Self::Fr, Self::Hi, Self::It, Self::Pt];

    /// From ISO 639-1; `None` says "not measured for this language".
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::De => "de",
            Self::En => "en",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::Hi => "hi",
            Self::It => "it",
            Self::Pt => "pt",
        }
    }
}
