//! Lists of words with a polarity, read from `data/`.

use std::path::Path;

use groundswell_tone::Language;

pub struct Entry {
    /// `None` for what every language writes: emoji.
    pub language: Option<Language>,
    pub word: String,
    /// From -1 to 1.
    pub polarity: f32,
}

/// `lexicon.tsv`: language or `-`, word, polarity.
pub fn read(path: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).expect("the lexicon is readable");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let (language, word, polarity) = (fields.next()?, fields.next()?, fields.next()?.parse().ok()?);
            Some(Entry { language: Language::from_code(language), word: word.to_owned(), polarity })
        })
        .collect()
}
