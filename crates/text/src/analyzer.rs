//! [`Analyzer`]: a post's text in, its [`Analysis`] out.

use groundswell_edge::EdgePost;

use crate::{
    Analysis, Hashtag, Language, Word, detect_language, hash_word,
    hashtag::HashtagScanner,
    normal::Normalizer,
    words::IcuWords,
};

/// How much of a text is read, in bytes. The rest is not read, and [`Analysis::truncated`] says so.
pub const TEXT_BYTES_MAX: usize = 65_536;

/// How many words of a post are kept. Later ones are not read, and [`Analysis::truncated`] says so.
pub const WORDS_MAX: usize = 4_096;

/// How many distinct hashtags of a post are kept. Later ones are left out, and [`Analysis::truncated`] says so.
pub const HASHTAGS_MAX: usize = 64;

/// The longest word or hashtag, in bytes, as spelled and in its normal form. Longer ones are left out as if they held
/// nothing (a word of more is no word that people search for), and [`Analysis::truncated`] says so.
pub const WORD_BYTES_MAX: usize = 256;

/// Reads posts. Holds scratch space, so each worker has its own.
#[derive(Debug)]
pub struct Analyzer {
    words: IcuWords,
    normalizer: Normalizer,
    hashtags: HashtagScanner,
}

impl Analyzer {
    /// Ready to read.
    pub fn new() -> Self {
        Self { words: IcuWords::new(), normalizer: Normalizer::new(), hashtags: HashtagScanner::new() }
    }

    /// Reads a post: language, words and hashtags. What `out` held before is gone.
    pub fn analyze(&mut self, post: &EdgePost, out: &mut Analysis) {
        self.tokenize(&post.text, out);
        let text = bounded(&post.text);
        let mut spans = std::mem::take(&mut self.hashtags);
        spans.scan(text, |tag| self.push_hashtag(tag, out));
        self.hashtags = spans;
        for tag in &post.hashtags {
            // Records list them without `#`; some services leave it there.
            self.push_hashtag(tag.trim_start_matches(['#', '＃']), out);
        }
        out.language = match post.language {
            Some(code) => Language::from_code(code),
            None => detect_language(text),
        };
    }

    /// Reads words only: for queries, whose words must come out exactly as those of posts do. A query's word may become
    /// several words (Chinese), which then stand for the phrase.
    pub fn tokenize(&mut self, text: &str, out: &mut Analysis) {
        out.clear();
        let read = bounded(text);
        out.truncated = read.len() < text.len();
        let normalizer = &self.normalizer;
        self.words.scan(read, &mut |start, end| {
            if out.words.len() == WORDS_MAX {
                out.truncated = true;
                return false;
            }
            if let Some((hash, normal)) = push_normal(normalizer, &read[start..end], out) {
                out.words.push(Word { hash, normal, raw: (start as u32, end as u32) });
            }
            true
        });
    }

    fn push_hashtag(&self, spelling: &str, out: &mut Analysis) {
        let before = out.normal.len();
        let Some((hash, normal)) = push_normal(&self.normalizer, spelling, out) else { return };
        let known = out.hashtags.iter().any(|known| known.hash == hash);
        if known || out.hashtags.len() == HASHTAGS_MAX {
            out.normal.truncate(before);
            out.truncated |= !known;
            return;
        }
        out.hashtags.push(Hashtag { hash, normal });
    }
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new()
    }
}

/// What of a text is read.
fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

/// Appends a normal form and the space behind it; `None` where nothing visible is left or it is too long.
fn push_normal(normalizer: &Normalizer, spelling: &str, out: &mut Analysis) -> Option<(u64, (u32, u32))> {
    let start = out.normal.len();
    if spelling.len() <= WORD_BYTES_MAX {
        normalizer.push(spelling, &mut out.normal);
    }
    let end = out.normal.len();
    if spelling.len() > WORD_BYTES_MAX || end - start > WORD_BYTES_MAX {
        out.truncated = true;
        out.normal.truncate(start);
        return None;
    }
    if start == end {
        return None;
    }
    let hash = hash_word(&out.normal[start..end]);
    out.normal.push(' ');
    Some((hash, (start as u32, end as u32)))
}
