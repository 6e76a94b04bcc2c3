//! [`Singles`]: texts without company, in a ring: a new one takes the place of the oldest.
//!
//! Most posts are one, and are compared with others like them. So the words of all lie side by side, sorted as they are compared, and
//! neither is anything allocated for a text nor looked up through it.

use super::words::{Sorted, Token};
#[cfg(debug_assertions)]
use crate::volume::Held;

/// Texts whose words lie in one piece of memory.
const CHUNK: usize = 1 << 12;

/// A text without company.
#[derive(Clone, Copy, Default)]
pub(super) struct Single {
    /// Zero: free.
    pub(super) exact: u64,
    pub(super) key: u64,
    pub(super) author: Option<u64>,
    pub(super) minute: i64,
    pub(super) language: [u8; 2],
    pub(super) publisher: bool,
    /// The family that it became, by its place plus one.
    pub(super) family: u32,
}

/// A text, and where its words are in its chunk.
#[derive(Clone, Copy, Default)]
struct Kept {
    single: Single,
    start: u32,
    words: u8,
}

/// The words of [`CHUNK`] texts: of each sorted, and beside them which place in the text each had.
#[derive(Default)]
struct Words {
    tokens: Vec<Token>,
    places: Vec<u8>,
}

pub(super) struct Singles {
    most: usize,
    list: Vec<Kept>,
    chunks: Vec<Words>,
    /// Of the chunk that is written to, what was there before: the words of those whose turn to go has not come.
    leaving: Words,
    next: usize,
}

impl Singles {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), list: Vec::new(), chunks: Vec::new(), leaving: Words::default(), next: 0 }
    }

    pub(super) fn get(&self, at: usize) -> Option<&Single> {
        self.list.get(at).map(|kept| &kept.single)
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Memory in use.
    pub(super) fn bytes(&self) -> usize {
        let words = |words: &Words| words.tokens.len() * size_of::<Token>() + words.places.len();
        self.list.len() * size_of::<Kept>() + self.chunks.iter().chain([&self.leaving]).map(words).sum::<usize>()
    }

    /// Keeps a text in place of the oldest one; says where, and whether one had to go that was still without company.
    pub(super) fn push(&mut self, single: Single, words: &Sorted) -> (usize, bool) {
        let at = self.next;
        if self.chunks.len() <= at / CHUNK {
            self.chunks.push(Words::default());
        }
        let chunk = &mut self.chunks[at / CHUNK];
        let kept = Kept { single, start: chunk.tokens.len() as u32, words: words.tokens().len() as u8 };
        chunk.tokens.extend_from_slice(words.tokens());
        chunk.places.extend(words.places());
        let gone = if let Some(oldest) = self.list.get_mut(at) {
            std::mem::replace(oldest, kept).single.exact != 0
        } else {
            self.list.push(kept);
            false
        };
        self.next = (at + 1) % self.most;
        if self.next.is_multiple_of(CHUNK)
            && let Some(chunk) = self.chunks.get_mut(self.next / CHUNK)
        {
            std::mem::swap(chunk, &mut self.leaving);
            chunk.tokens.clear();
            chunk.places.clear();
        }
        (at, gone)
    }

    fn words(&self, at: usize) -> &Words {
        let chunk = at / CHUNK;
        if chunk == self.next / CHUNK && at >= self.next { &self.leaving } else { &self.chunks[chunk] }
    }

    fn words_mut(&mut self, at: usize) -> &mut Words {
        let chunk = at / CHUNK;
        if chunk == self.next / CHUNK && at >= self.next { &mut self.leaving } else { &mut self.chunks[chunk] }
    }

    /// A text's words, sorted.
    pub(super) fn sorted(&self, at: usize) -> &[Token] {
        let Kept { start, words, .. } = self.list[at];
        &self.words(at).tokens[start as usize..][..usize::from(words)]
    }

    /// Frees a place, with the family that its text became, or none. The text is handed out, its words in their order.
    pub(super) fn take(&mut self, at: usize, family: u32) -> (Single, Vec<Token>) {
        let next = Kept { single: Single { family, ..Single::default() }, ..Kept::default() };
        let Kept { single, start, words: count } = std::mem::replace(&mut self.list[at], next);
        let words = self.words_mut(at);
        let range = start as usize..start as usize + usize::from(count);
        let mut tokens = vec![Token::default(); range.len()];
        for (token, place) in words.tokens[range.clone()].iter_mut().zip(&mut words.places[range]) {
            tokens[usize::from(std::mem::take(place))] = std::mem::take(token);
        }
        (single, tokens)
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub(super) fn held(&self, held: &mut Held) {
        for single in self.list.iter().map(|kept| &kept.single).filter(|single| single.exact != 0) {
            held.keys.insert(single.key);
            held.authors.extend(single.author);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(number: u64) -> Vec<Token> {
        (0..number % 7 + 4).map(|word| Token::new(super::super::words::mix(number * 31 + word % 5), 5)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        /// Beside a list of texts, each a box of its own.
        #[test]
        fn a_ring_holds_the_latest_texts_as_they_were(
            most in prop::sample::select(vec![1, 3, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5]),
            posts in 0..4 * CHUNK as u64, taken in prop::collection::vec(0..4 * CHUNK as u64, 0..20)
        ) {
            let mut singles = Singles::new(most);
            let mut model: Vec<Option<u64>> = vec![None; most];
            let mut sorted = Sorted::default();
            for number in 0..posts {
                let place = number as usize % most;
                sorted.read(&text(number));
                let (at, gone) = singles.push(Single { exact: number + 1, ..Single::default() }, &sorted);
                prop_assert_eq!((at, gone), (place, model[place].is_some()));
                model[place] = Some(number);
                if taken.contains(&number) {
                    let other = (number * 7 % posts) as usize % most;
                    if let Some(known) = model[other].take() {
                        let (single, words) = singles.take(other, 0);
                        prop_assert_eq!((single.exact, words), (known + 1, text(known)));
                    }
                }
            }
            for (at, known) in model.iter().enumerate().filter_map(|(at, known)| known.map(|known| (at, known))) {
                let mut words = text(known);
                words.sort_unstable();
                prop_assert_eq!(singles.get(at).map(|single| single.exact), Some(known + 1));
                prop_assert_eq!(singles.sorted(at), &words);
            }
        }
    }
}
