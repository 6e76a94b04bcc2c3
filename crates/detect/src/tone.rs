//! How posts sound that a watch matches: each is read as it comes and counted in one of nine cells of its language, and of a whole hour
//! shares are estimated from these counts once the gate has changed them.
//!
//! Nothing is kept of a post but that its cell counts one more, and a deletion takes that back like every other count of an open minute.
//! The method is `groundswell_tone`'s; `docs/methods/tone.md` says what it can tell and what not.

use std::fmt;

use groundswell_edge::EdgePost;
use groundswell_gate::{TONE_CELLS, TONE_POSTS_MIN, ToneCounts};
use groundswell_text::hash_word;
use groundswell_tone::{Language, Prevalence, Tone, WordTone, cell, words};

const _: () = assert!(TONE_CELLS == groundswell_tone::CELLS && TONE_POSTS_MIN == groundswell_tone::POSTS_MIN);

/// Words whose scores a worker remembers: a newer one takes the place of an older one. 1.5 MiB.
const WORDS_REMEMBERED: usize = 1 << 16;

/// Reads posts. Remembers what it knows of their words, which costs most, by the hashes of words.
#[derive(Default)]
pub struct Reader {
    /// Words' hashes and scores, in pairs of places; empty until the first post is read.
    words: Vec<(u64, Option<WordTone>)>,
}

impl Reader {
    /// The language of a post and the cell that it is counted in; `None` where nothing is told: of publishers' items, which are no
    /// people's tone, and in languages for which the reader was not measured or reads too badly.
    #[inline]
    pub fn read(&mut self, post: &EdgePost, language: &str) -> Option<(Language, usize)> {
        let language = Language::from_code(language).filter(|language| language.is_told())?;
        if post.publisher.is_some() {
            return None;
        }
        let tone = Tone::of(words(&post.text).map(|word| self.word(word)), language);
        Some((language, cell(tone)))
    }

    /// Forgets all words.
    pub fn forget(&mut self) {
        self.words = Vec::new();
    }

    fn word(&mut self, word: &str) -> WordTone {
        if self.words.is_empty() {
            self.words = vec![(0, None); WORDS_REMEMBERED];
        }
        let hash = hash_word(word);
        // Two places for each word, the one that was asked for last first: words that share one do not drive each other out at once.
        let first = (hash as usize % WORDS_REMEMBERED) & !1;
        let known = |at: usize| self.words[at].1.filter(|_| self.words[at].0 == hash);
        if let Some(tone) = known(first) {
            return tone;
        }
        let tone = known(first + 1).unwrap_or_else(|| WordTone::of(word));
        self.words[first + 1] = self.words[first];
        self.words[first] = (hash, Some(tone));
        tone
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader(redacted)")
    }
}

/// Share, lower and upper end of negative, neutral and positive posts, from counts in a language as the gate has changed them: what
/// [`groundswell_gate::Gate::release_tone`] asks for.
pub fn shares(language: &str, counts: &ToneCounts) -> Option<[[f64; 3]; 3]> {
    let found = Prevalence::of_counts(Language::from_code(language)?, &counts.posts, counts.noise)?;
    Some(found.shares.map(|bar| [bar.share, bar.low, bar.high]))
}

#[cfg(test)]
mod tests {
    use groundswell_edge::PublisherItem;

    use super::*;

    fn post(text: &str) -> EdgePost {
        EdgePost { text: text.to_owned(), ..EdgePost::default() }
    }

    #[test]
    fn what_is_remembered_reads_as_what_is_not() {
        let texts = ["I love this so much, thank you!", "not good at all", "what a horrible day :(", "I love the day"];
        let mut reader = Reader::default();
        for _ in 0..2 {
            for text in texts {
                let cold = cell(Tone::of_text(text, Language::En));
                assert_eq!(reader.read(&post(text), "en"), Some((Language::En, cold)));
            }
        }
        reader.forget();
        assert!(reader.words.is_empty());
    }

    #[test]
    fn other_languages_and_publishers_have_no_tone() {
        let mut reader = Reader::default();
        for language in ["hi", "ja", "und", ""] {
            assert_eq!(reader.read(&post("I love this so much"), language), None);
        }
        let publisher = Some(PublisherItem::default());
        assert_eq!(reader.read(&EdgePost { publisher, ..post("I love this so much") }, "en"), None);
    }

    #[test]
    fn shares_are_told_of_a_hundred_posts_in_a_language_that_is_read_well() {
        let counts = |each| ToneCounts { posts: [each; TONE_CELLS], noise: 20.0 / 3.0 };
        assert!(shares("en", &counts(12)).is_some());
        assert_eq!(
            (shares("en", &counts(11)), shares("hi", &counts(12)), shares("ja", &counts(12))),
            (None, None, None)
        );
    }
}
