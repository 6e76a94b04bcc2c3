//! [`Analyzer`]: a post's text in, its [`Analysis`] out.

use groundswell_edge::EdgePost;

use crate::{
    Analysis, Hashtag, Language, detect_language, detect_two_languages, hash_word, hashtag::hashtag_at, words::Scanner,
};

/// How much of a text is read, in bytes. The rest is not read, and [`Analysis::truncated`] says so.
pub const TEXT_BYTES_MAX: usize = 65_536;

/// How many words of a post are kept. Later ones are not read, and [`Analysis::truncated`] says so.
pub const WORDS_MAX: usize = 4_096;

/// How many distinct hashtags of a post are kept. Later ones are left out, and [`Analysis::truncated`] says so.
pub const HASHTAGS_MAX: usize = 64;

/// How many distinct emoji of a post are kept. Later ones are left out, and [`Analysis::truncated`] says so.
pub const EMOJI_MAX: usize = 64;

/// The longest word or hashtag, in bytes, as spelled and in its normal form. Longer ones are left out as if they held
/// nothing (a word of more is no word that people search for), and [`Analysis::truncated`] says so.
pub const WORD_BYTES_MAX: usize = 256;

/// Reads posts. Holds scratch space, so each worker has its own.
#[derive(Debug)]
pub struct Analyzer {
    scanner: Scanner,
}

impl Analyzer {
    /// Ready to read. The first one of a process builds the character table.
    pub fn new() -> Self {
        Self { scanner: Scanner::new() }
    }

    /// Reads a post: language, words and hashtags. What `out` held before is gone.
    pub fn analyze(&mut self, post: &EdgePost, out: &mut Analysis) {
        self.tokenize(&post.text, out);
        let text = bounded(&post.text);
        for &sign in self.scanner.hashes() {
            if let Some(tag) = hashtag_at(text, sign as usize) {
                self.push_hashtag(tag, out);
            }
        }
        for tag in &post.hashtags {
            // Records list them without `#`; some services leave it there.
            self.push_hashtag(tag.trim_start_matches(['#', '＃']), out);
        }
        out.language = post.language.map_or_else(|| detect_language(text), Language::from_code);
        out.languages = detect_two_languages(text, &out.words);
    }

    /// Reads words only: for queries, whose words must come out exactly as those of posts do. A query's word may become
    /// several words (Chinese), which then stand for the phrase, or none (`⟨link⟩`, punctuation).
    pub fn tokenize(&mut self, text: &str, out: &mut Analysis) {
        out.clear();
        let read = bounded(text);
        out.truncated = read.len() < text.len();
        self.scanner.scan(read, out);
    }

    fn push_hashtag(&self, spelling: &str, out: &mut Analysis) {
        if spelling.len() > WORD_BYTES_MAX {
            out.truncated = true;
            return;
        }
        let start = out.normal.len();
        self.scanner.push_normal(spelling, &mut out.normal);
        let normal = (start as u32, out.normal.len() as u32);
        let len = out.normal.len() - start;
        let hash = hash_word(&out.normal[start..]);
        let known = out.hashtags.iter().position(|known| known.hash == hash);
        let fits = len <= WORD_BYTES_MAX && out.hashtags.len() < HASHTAGS_MAX;
        if let Some(known) = known {
            out.normal.truncate(start);
            // `#janedoe #JaneDoe`
            if out.hashtags[known].spelt == (0, 0) {
                out.hashtags[known].spelt = push_spelling(spelling, &mut out.spellings);
            }
            return;
        }
        if len == 0 || !fits {
            out.normal.truncate(start);
            out.truncated |= len > 0;
            return;
        }
        out.normal.push(' ');
        let spelt = push_spelling(spelling, &mut out.spellings);
        out.hashtags.push(Hashtag { hash, normal, spelt });
    }
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new()
    }
}

/// Keeps the spelling of a hashtag that capitals part; returns where, or an empty range.
fn push_spelling(spelling: &str, out: &mut String) -> (u32, u32) {
    let mut before = None;
    let parts = |letter: char| {
        let before = before.replace(letter);
        letter.is_uppercase() && before.is_some_and(|before| before == '_' || before.is_lowercase())
    };
    if !spelling.chars().any(parts) {
        return (0, 0);
    }
    let start = out.len() as u32;
    out.push_str(spelling);
    (start, out.len() as u32)
}

/// What of a text is read.
fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}
