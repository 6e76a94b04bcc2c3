//! [`Phrases`]: which of a story's leading words people write next to each other.

use std::cmp::Reverse;

use groundswell_text::names::is_unspaced;

use super::authors::{Crowd, FewAuthors};
use super::candidate::LabelPart;
use super::config::PHRASES_MAX;
use super::delta::{LocalDelta, MinuteDelta};

/// A phrase stands in this part of the posts that have its rarest word …
const PHRASE_SHARE: f64 = 0.25;
/// … and its words in no other order half as often.
const ORDER_MIN: u64 = 2;
/// Places for phrases that are made at once.
const PLACES: usize = 8;
/// Three words are one phrase if they stand together in this part of the posts in which two of them do.
const CHAIN_SHARE: f64 = 0.6;

#[derive(Clone)]
struct Phrase {
    /// As it is spelt, parted by spaces in any script.
    words: Box<str>,
    posts: u32,
    /// Of them, those that are no copies.
    originals: u32,
    /// Those who wrote it so.
    authors: Crowd<FewAuthors>,
}

impl Phrase {
    fn words(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.words.split(' ')
    }

    /// Whether another phrase's words are a stretch of its own.
    fn holds(&self, other: &Self) -> bool {
        let (all, some): (Vec<&str>, Vec<&str>) = (self.words().collect(), other.words().collect());
        all.len() > some.len() && all.windows(some.len()).any(|stretch| stretch == some)
    }

    fn is_part(&self, share: f64, posts: u64) -> bool {
        f64::from(self.originals) >= share * posts as f64
    }

    /// As it is written.
    fn shown(&self) -> String {
        let mut shown = String::new();
        for word in self.words() {
            let ends = [shown.chars().next_back(), word.chars().next()];
            let is_spaced = !shown.is_empty() && !ends.into_iter().flatten().all(is_unspaced);
            shown.extend(is_spaced.then_some(' '));
            shown.push_str(word);
        }
        shown
    }
}

/// Phrases of two and three words; at most twice [`PHRASES_MAX`], of which those in most posts stay.
#[derive(Clone, Default)]
pub(super) struct Phrases(Vec<Phrase>);

impl Phrases {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Memory beyond the value itself.
    pub(super) fn bytes(&self) -> usize {
        let beside = |phrase: &Phrase| phrase.words.len() + phrase.authors.last_day().bytes();
        self.0.capacity() * size_of::<Phrase>() + self.0.iter().map(beside).sum::<usize>()
    }

    /// Adds what a worker saw.
    pub(super) fn absorb(&mut self, delta: &MinuteDelta, local: &LocalDelta, minute: i64) {
        for told in delta.phrases_of(local) {
            let mut authors = Crowd::default();
            authors.add(minute, &FewAuthors::from_sorted_unique(delta.authors_of_phrase(told)));
            self.add(delta.words_of(told), (told.posts, told.originals), &authors);
        }
    }

    /// Adds those of a story that became part of this one.
    pub(super) fn take(&mut self, other: &Self) {
        other.0.iter().for_each(|phrase| self.add(&phrase.words, (phrase.posts, phrase.originals), &phrase.authors));
    }

    fn add(&mut self, words: &str, (posts, originals): (u32, u32), authors: &Crowd<FewAuthors>) {
        if let Some(known) = self.0.iter_mut().find(|known| *known.words == *words) {
            known.posts = known.posts.saturating_add(posts);
            known.originals = known.originals.saturating_add(originals);
            known.authors.unite(authors);
            return;
        }
        if self.0.len() == 2 * PHRASES_MAX {
            self.0.sort_by(|a, b| (b.originals, &a.words).cmp(&(a.originals, &b.words)));
            self.0.truncate(PHRASES_MAX);
        }
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(PLACES);
        }
        self.0.push(Phrase { words: words.into(), posts, originals, authors: authors.clone() });
    }

    /// Those that people really write, heaviest first; longer ones before those that they hold. Of each word that may be said, `known`
    /// says its weight and in how many posts that are no copies it stands.
    pub(super) fn label(&self, known: &dyn Fn(&str) -> Option<(u32, u64)>) -> Vec<LabelPart> {
        let mut found: Vec<(u32, &Phrase)> = Vec::new();
        for phrase in &self.0 {
            let Some(words) = phrase.words().map(known).collect::<Option<Vec<_>>>() else { continue };
            let rarest = words.iter().map(|(_, originals)| *originals).min().unwrap_or(0);
            let weight = words.iter().map(|(weight, _)| *weight).max().unwrap_or(0);
            if phrase.originals > 0
                && phrase.is_part(PHRASE_SHARE, rarest)
                && self.is_in_order(phrase)
                && self.is_whole(phrase)
            {
                found.push((weight, phrase));
            }
        }
        let length = |phrase: &Phrase| phrase.words().count();
        found.sort_by_key(|(weight, phrase)| {
            (Reverse(*weight), Reverse(length(phrase)), Reverse(phrase.originals), &*phrase.words)
        });
        found
            .into_iter()
            .map(|(weight, phrase)| LabelPart {
                form: phrase.shown(),
                weight,
                posts: phrase.posts.into(),
                authors: phrase.authors.number(),
            })
            .collect()
    }

    fn is_in_order(&self, phrase: &Phrase) -> bool {
        let turned = self.0.iter().find(|other| phrase.words().rev().eq(other.words()));
        turned.is_none_or(|turned| u64::from(phrase.originals) >= ORDER_MIN * u64::from(turned.originals))
    }

    fn is_whole(&self, phrase: &Phrase) -> bool {
        self.0
            .iter()
            .filter(|other| phrase.holds(other))
            .all(|other| phrase.is_part(CHAIN_SHARE, other.originals.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(told: &[(&str, u32)]) -> Phrases {
        let mut phrases = Phrases::default();
        for (words, originals) in told {
            let mut authors = Crowd::default();
            authors.add(0, &FewAuthors::from_sorted_unique(&(0..u64::from(*originals)).collect::<Vec<_>>()));
            phrases.add(words, (*originals, *originals), &authors);
        }
        phrases
    }

    fn told(phrases: &Phrases) -> Vec<String> {
        phrases.label(&|word| (word != "unsaid").then_some((500, 40))).into_iter().map(|part| part.form).collect()
    }

    #[test]
    fn what_people_write_is_a_phrase_and_what_chance_puts_together_is_none() {
        let some = phrases(&[("dam failure", 30), ("failure dam", 15), ("river valley", 9), ("high unsaid", 40)]);
        assert_eq!(told(&some), ["dam failure"]);
        assert!(told(&phrases(&[("dam failure", 20), ("failure dam", 11)])).is_empty());
    }

    #[test]
    fn three_words_are_one_phrase_where_two_of_them_seldom_stand_alone() {
        let city = [("new york", 30), ("york city", 20), ("new york city", 20)];
        assert_eq!(told(&phrases(&city)), ["new york city", "new york", "york city"]);
        let few = [("new york", 40), ("york city", 12), ("new york city", 12)];
        assert_eq!(told(&phrases(&few)), ["new york", "york city"]);
    }

    #[test]
    fn a_script_without_spaces_has_none() {
        let spelt = |words: &str| phrases(&[(words, 20)]).0[0].shown();
        assert_eq!(
            [spelt("大坝 垮塌"), spelt("iphone 手机"), spelt("댐 붕괴")],
            ["大坝垮塌", "iphone 手机", "댐 붕괴"]
        );
    }

    proptest::proptest! {
        #[test]
        fn those_in_most_posts_stay(told in proptest::collection::vec((0_u32..60, 1_u32..30), 0..200)) {
            let mut phrases = Phrases::default();
            let mut sums = std::collections::BTreeMap::<String, u32>::new();
            for (number, posts) in &told {
                let words = format!("w{number} v");
                *sums.entry(words.clone()).or_default() += posts;
                phrases.add(&words, (*posts, *posts), &Crowd::default());
            }
            proptest::prop_assert!(phrases.0.len() <= 2 * PHRASES_MAX);
            for phrase in &phrases.0 {
                proptest::prop_assert!(phrase.originals <= sums[&*phrase.words] && phrase.posts == phrase.originals);
            }
            // Nothing is lost while there is room.
            proptest::prop_assert!(sums.len() > 2 * PHRASES_MAX || phrases.0.len() == sums.len());
        }
    }
}
