//! [`Features`]: what of a post its narrative is told by.

use std::fmt;

use groundswell_edge::EdgePost;
use groundswell_text::names::{HashtagWords, NameSpan, is_unspaced};
use groundswell_text::{Analysis, Language, Word, has_term_shape, hash_word, is_stop_word_in};

use super::config::POST_FEATURES_MAX;

/// Words are told apart by this many letters: a stemmer that needs no language. Measured: better than five, seven and none.
const STEM_CHARS: usize = 6;

/// A word of so many letters may be told by itself.
const WHOLE_CHARS: usize = 10;

/// Keeps a link apart from a word of the same hash.
const LINK_SALT: u64 = 0x9e37_79b9_7f4a_7c15;
/// Keeps a domain apart from a word of the same hash.
const DOMAIN_SALT: u64 = 0xd6e8_feb8_6659_fd93;
/// Keeps a word that stood in a name apart from the same word alone.
const NAME_SALT: u64 = 0xa076_1d64_78bd_642f;
/// Keeps a word that stood in a hashtag apart from the same word alone.
const PART_SALT: u64 = 0xe703_7ed1_a0b4_28db;

/// What a feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum FeatureKind {
    /// A word, by its first letters.
    Word,
    /// A hashtag that is no word of the text, or that is one.
    Hashtag,
    /// The address of a link: evidence, never shown.
    Link,
    /// The registrable domain of a link: shown, no evidence (people of all stories link to the same few).
    Domain,
}

/// One feature of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Feature {
    pub(super) hash: u64,
    /// Of a long word, which is told by itself where too many words have its first letters; zero for others.
    pub(super) whole: u64,
    /// Of the whole form: words of one stem differ, and so does what stood in a name.
    pub(super) form_hash: u64,
    /// Of the form alone, whether it stood in a name or not; zero where there is no form to show.
    pub(super) spelling: u64,
    pub(super) kind: FeatureKind,
    /// Byte range in [`Features::text`]; empty for links.
    pub(super) text: (u32, u32),
}

/// One post as the clusterer sees it. Its buffers are reused from post to post.
#[derive(Clone, Default)]
pub struct Features {
    /// Event time in seconds.
    pub(super) time: i64,
    /// Post key, or what stands for it.
    pub(super) key: u64,
    /// The record had a key.
    pub(super) has_key: bool,
    /// Author token; absent for publishers' items too.
    pub(super) author: Option<u64>,
    pub(super) language: [u8; 2],
    /// Each once.
    pub(super) list: Vec<Feature>,
    /// As bits: which of them are words that stand, in the text, next to the one before them in the list.
    pub(super) beside: u64,
    pub(super) text: String,
    /// Of all words in their order: the same for the same text.
    pub(super) text_hash: u64,
    pub(super) left_out: u64,
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Features({}, redacted)", self.list.len())
    }
}

impl Features {
    /// No post.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a post and what looks like a name in it. What was there before is gone.
    ///
    /// A word of a name is evidence like any other, and nobody is counted for having written it: a story about a private person
    /// does not become a story told by half of the person's name. So are the words of a hashtag (`#ClimateActionNow`): nobody has
    /// written them.
    pub fn read(&mut self, post: &EdgePost, analysis: &Analysis, names: &[NameSpan], apart: &HashtagWords) {
        self.list.clear();
        self.text.clear();
        self.beside = 0;
        self.left_out = 0;
        self.time = post.time.unix();
        self.author = post.author.filter(|_| post.publisher.is_none()).map(groundswell_edge::AuthorToken::bits);
        self.language = code_of(analysis.language);
        self.text_hash = 0;
        let mut names = names.iter().peekable();
        // The word before, if it is a feature, and which.
        let mut before: Option<(usize, usize)> = None;
        for (index, word) in analysis.words.iter().enumerate() {
            while names.next_if(|span| span.words().end <= index).is_some() {}
            let of_name = names.peek().is_some_and(|span| span.words().contains(&index));
            self.text_hash = self.text_hash.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ word.hash;
            let value = analysis.word(word);
            if has_term_shape(value) && !is_stop_word_in(analysis.language, word.hash) {
                let kind = if analysis.hashtags.iter().any(|tag| tag.hash == word.hash) {
                    FeatureKind::Hashtag
                } else {
                    FeatureKind::Word
                };
                let form_hash = if of_name { word.hash ^ NAME_SALT } else { word.hash };
                let hashes = (stem_hash(value, word.hash), whole_hash(value, word.hash));
                let known = self.list.len();
                let place = self.push(hashes, form_hash, word.hash, kind, value);
                if place == Some(known)
                    && before.is_some_and(|(word, place)| (word + 1, place + 1) == (index, known))
                    && is_beside(&post.text, &analysis.words[index - 1], word)
                {
                    self.beside |= 1 << known;
                }
                before = place.map(|place| (index, place));
            }
        }
        for tag in &analysis.hashtags {
            let value = analysis.hashtag(tag);
            let hashes = (stem_hash(value, tag.hash), whole_hash(value, tag.hash));
            self.push(hashes, tag.hash, tag.hash, FeatureKind::Hashtag, value);
        }
        for tag in &analysis.hashtags {
            apart.of(analysis, tag, &mut |word| {
                let hash = hash_word(word);
                if has_term_shape(word) && !is_stop_word_in(analysis.language, hash) {
                    let hashes = (stem_hash(word, hash), whole_hash(word, hash));
                    self.push(hashes, hash ^ PART_SALT, hash, FeatureKind::Word, word);
                }
            });
        }
        for link in &post.links {
            if let Some(url) = &link.url {
                let hash = hash_word(url) ^ LINK_SALT;
                self.push((hash, 0), hash, 0, FeatureKind::Link, "");
            }
            if !link.domain.is_empty() {
                let hash = hash_word(&link.domain) ^ DOMAIN_SALT;
                self.push((hash, 0), hash, hash, FeatureKind::Domain, &link.domain);
            }
        }
        let of_list = self.list.iter().fold(self.text_hash, |sum, feature| sum.wrapping_add(feature.hash));
        self.has_key = post.key.is_some();
        self.key = post.key.map_or(of_list, groundswell_edge::PostKey::bits);
    }

    /// Says where it stands in the list, if it stands there as it is written.
    fn push(
        &mut self,
        (hash, whole): (u64, u64),
        form_hash: u64,
        spelling: u64,
        kind: FeatureKind,
        value: &str,
    ) -> Option<usize> {
        if let Some(place) = self.list.iter().position(|known| (known.hash, known.whole) == (hash, whole)) {
            let known = &mut self.list[place];
            if kind == FeatureKind::Hashtag {
                known.kind = kind;
            }
            return (known.form_hash == form_hash).then_some(place);
        }
        if self.list.len() == POST_FEATURES_MAX {
            self.left_out += 1;
            return None;
        }
        let start = self.text.len() as u32;
        self.text.push_str(value);
        self.list.push(Feature { hash, whole, form_hash, spelling, kind, text: (start, self.text.len() as u32) });
        Some(self.list.len() - 1)
    }

    /// How many features it has.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is nothing to cluster by.
    pub fn is_empty(&self) -> bool {
        self.list.iter().all(|feature| feature.kind == FeatureKind::Domain)
    }
}

const _: () = assert!(POST_FEATURES_MAX <= u64::BITS as usize, "a bit for each");

/// Whether a word stands next to the one before it: with spaces between them and nothing else, or with nothing where their script has
/// no spaces.
fn is_beside(text: &str, before: &Word, word: &Word) -> bool {
    let (from, to) = (before.raw.1 as usize, word.raw.0 as usize);
    let parts = (text.get(..from), text.get(from..to), text.get(to..));
    let (Some(left), Some(between), Some(right)) = parts else { return false };
    let is_joined = (left.chars().next_back().into_iter().chain(right.chars().next())).all(is_unspaced);
    if is_joined { between.is_empty() } else { !between.is_empty() && between.bytes().all(|byte| byte == b' ') }
}

fn code_of(language: Language) -> [u8; 2] {
    language.as_str().as_bytes().try_into().unwrap_or([0; 2])
}

/// The hash of a word's first letters.
#[inline]
fn stem_hash(value: &str, hash: u64) -> u64 {
    match value.char_indices().nth(STEM_CHARS) {
        Some((end, _)) => hash_word(&value[..end]),
        None => hash,
    }
}

/// What a long word is told by where too many words have its first letters; zero for others.
#[inline]
fn whole_hash(value: &str, hash: u64) -> u64 {
    if value.char_indices().nth(WHOLE_CHARS - 1).is_some() { hash } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_are_one_feature() {
        let mut analyzer = groundswell_text::Analyzer::new();
        let (mut analysis, mut features) = (Analysis::new(), Features::new());
        let language = Some(*b"en");
        let post = EdgePost {
            text: "Flooding, floodings and #flooding; wildfire wildfires".into(),
            language,
            ..EdgePost::default()
        };
        analyzer.analyze(&post, &mut analysis);
        features.read(&post, &analysis, &[], &HashtagWords::new());
        let kinds: Vec<_> = features.list.iter().map(|feature| feature.kind).collect();
        assert_eq!(kinds, [FeatureKind::Hashtag, FeatureKind::Word]);
        assert!(!format!("{features:?}").contains("flood"));
    }
}
