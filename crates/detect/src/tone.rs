//! How posts sound that a watch matches: each is read as it comes and counted in one of nine cells of its language, and of a whole hour
//! shares are estimated from these counts once the gate has changed them.
//!
//! Nothing is kept of a post but that its cell counts one more, and a deletion takes that back like every other count of an open minute.
//! The method is `groundswell_tone`'s; `docs/methods/tone.md` says what it can tell and what not.

pub mod shifts;

use std::fmt;

use groundswell_edge::EdgePost;
use groundswell_gate::{TONE_CELLS, TONE_POSTS_MIN, ToneCounts};
use groundswell_text::hash_word;
use groundswell_tone::{Language, Prevalence, Tone, WordTone, cell, words};

const _: () = assert!(TONE_CELLS == groundswell_tone::CELLS && TONE_POSTS_MIN == groundswell_tone::POSTS_MIN);

/// Pairs of words whose scores a worker remembers: a newer one takes the place of an older one. 8 MiB.
const PAIRS_REMEMBERED: usize = 1 << 17;
/// Words that are looked up at once: what one waits for in memory, the others wait for as well.
const AT_ONCE: usize = 32;

/// Two words' hashes and scores, the one that was asked for last first: words that share a place do not drive each other out at
/// once. One line of memory.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Remembered([(u64, Option<WordTone>); 2]);

/// Reads posts. Remembers what it knows of their words, which costs most, by the hashes of words.
#[derive(Default)]
pub struct Reader {
    /// By hash; empty until the first post is read.
    words: Vec<Remembered>,
    /// Of the post in work.
    scores: Vec<WordTone>,
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
        self.look_up(&post.text);
        let tone = Tone::of(self.scores.iter().copied(), language);
        Some((language, cell(tone)))
    }

    /// Forgets all words.
    pub fn forget(&mut self) {
        self.words = Vec::new();
        self.scores = Vec::new();
    }

    /// The scores of a text's words, in order.
    fn look_up(&mut self, text: &str) {
        if self.words.is_empty() {
            self.words = vec![Remembered::default(); PAIRS_REMEMBERED];
        }
        self.scores.clear();
        let mut read = words(text);
        let mut hashed = [(0_u64, ""); AT_ONCE];
        loop {
            let mut count = 0;
            for (place, word) in hashed.iter_mut().zip(&mut read) {
                *place = (hash_word(word), word);
                count += 1;
            }
            for &(hash, word) in &hashed[..count] {
                let Remembered(place) = &mut self.words[hash as usize % PAIRS_REMEMBERED];
                let known = |(of, tone): (u64, Option<WordTone>)| tone.filter(|_| of == hash);
                let [first, second] = *place;
                let tone = known(first).unwrap_or_else(|| {
                    let tone = known(second).unwrap_or_else(|| WordTone::of(word));
                    *place = [(hash, Some(tone)), first];
                    tone
                });
                self.scores.push(tone);
            }
            if count < AT_ONCE {
                return;
            }
        }
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
