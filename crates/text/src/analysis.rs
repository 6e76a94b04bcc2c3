//! [`Analysis`]: one post's reading. Its buffers are reused from post to post.

/// ISO 639-1 in lower case, or `und`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(pub(crate) [u8; 2]);

impl Language {
    /// Not determined.
    pub const UND: Self = Self([0, 0]);

    /// From two lower-case ASCII letters.
    pub const fn from_code(code: [u8; 2]) -> Self {
        Self(code)
    }

    /// `en`, `pt`, …, or `und`.
    pub fn as_str(&self) -> &str {
        if *self == Self::UND { "und" } else { std::str::from_utf8(&self.0).unwrap_or("und") }
    }
}

/// One word: its normal form (NFKC, lower case) in [`Analysis::normal`] and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// [`hash_word`] of the normal form: what the percolator and the counters look up.
    pub hash: u64,
    /// Byte range of the normal form in [`Analysis::normal`].
    pub normal: (u32, u32),
    /// Byte range of the spelling in the post's text, for showing which words matched.
    pub raw: (u32, u32),
}

/// One hashtag, without `#`, normalised like a word. One that stands in the text is also among the words, as its
/// spelling is segmented; one that only the record lists is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashtag {
    /// [`hash_word`] of the normal form.
    pub hash: u64,
    /// Byte range of the normal form in [`Analysis::normal`].
    pub normal: (u32, u32),
    /// Byte range of its spelling in [`Analysis::spellings`] where that has a capital behind a small letter or a low line, which the
    /// normal form does not tell; else empty.
    pub spelt: (u32, u32),
}

/// One emoji, a sequence of characters that is drawn as one sign. It takes no place among the words: what stands on both sides of it is
/// next to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emoji {
    /// [`hash_word`] of the normal form.
    pub hash: u64,
    /// Byte range of the normal form in [`Analysis::normal`].
    pub normal: (u32, u32),
}

/// One post's reading: language, words in order, hashtags and emoji (each once).
#[derive(Clone, Debug)]
pub struct Analysis {
    /// Declared where valid, else detected, else `und`.
    pub language: Language,
    /// Of a text that is long enough and in two languages, these, the one of the larger part first, as they are detected, whatever is
    /// declared.
    pub languages: Option<[Language; 2]>,
    /// The normal forms of words, hashtags and emoji, one after the other, each followed by a space.
    pub normal: String,
    /// Spellings of hashtags, one after the other, of those that capitals part (`JaneDoe`).
    pub spellings: String,
    /// Words in the order of the text. Links and placeholders hold no words and leave no gap.
    pub words: Vec<Word>,
    /// Distinct hashtags of text and record.
    pub hashtags: Vec<Hashtag>,
    /// Distinct emoji of the text, skin tones left aside.
    pub emoji: Vec<Emoji>,
    /// A bound was reached ([`TEXT_BYTES_MAX`](crate::TEXT_BYTES_MAX), [`WORDS_MAX`](crate::WORDS_MAX),
    /// [`HASHTAGS_MAX`](crate::HASHTAGS_MAX), [`EMOJI_MAX`](crate::EMOJI_MAX) or [`WORD_BYTES_MAX`](crate::WORD_BYTES_MAX)) and something was not read.
    pub truncated: bool,
}

impl Analysis {
    /// An empty reading, to be filled again and again.
    pub fn new() -> Self {
        Self {
            language: Language::UND,
            languages: None,
            normal: String::new(),
            spellings: String::new(),
            words: Vec::new(),
            hashtags: Vec::new(),
            emoji: Vec::new(),
            truncated: false,
        }
    }

    /// Empties the reading and keeps its buffers.
    pub fn clear(&mut self) {
        self.language = Language::UND;
        self.languages = None;
        self.normal.clear();
        self.spellings.clear();
        self.words.clear();
        self.hashtags.clear();
        self.emoji.clear();
        self.truncated = false;
    }

    /// The normal form of a word.
    pub fn word(&self, word: &Word) -> &str {
        &self.normal[word.normal.0 as usize..word.normal.1 as usize]
    }

    /// The normal form of a hashtag, without `#`.
    pub fn hashtag(&self, tag: &Hashtag) -> &str {
        &self.normal[tag.normal.0 as usize..tag.normal.1 as usize]
    }

    /// The normal form of an emoji.
    pub fn emoji(&self, emoji: &Emoji) -> &str {
        &self.normal[emoji.normal.0 as usize..emoji.normal.1 as usize]
    }

    /// The spelling of a hashtag, without `#`, where its capitals part it.
    pub fn hashtag_spelling(&self, tag: &Hashtag) -> Option<&str> {
        (tag.spelt.1 > tag.spelt.0).then(|| &self.spellings[tag.spelt.0 as usize..tag.spelt.1 as usize])
    }
}

impl Default for Analysis {
    fn default() -> Self {
        Self::new()
    }
}

/// The 64-bit hash by which a normal form is looked up everywhere behind `text` (rapidhash, fixed seed).
pub fn hash_word(normal: &str) -> u64 {
    rapidhash::v3::rapidhash_v3(normal.as_bytes())
}
