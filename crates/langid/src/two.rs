//! Texts in two languages: one behind the other, to and fro, or each in a script of its own.

use crate::{
    Identified, Language, PROBABILITY_MIN, SHORT, confidence,
    features::{self, SYMBOLS_AT_ONCE},
    identify,
    languages::{GROUPS, Group},
    letters::{CHARS_MAX, EDGE, Letters, room},
    of_script,
    script::Script,
    script_of,
    sum::{LANES_MAX, Sum},
    table,
};

/// The two languages of a text, and how much of it is in which.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Two {
    /// The language of the larger part.
    pub first: Identified,
    /// That of the smaller part.
    pub second: Identified,
    /// The larger part's share of the letters of both.
    pub share: f32,
}

/// Fewer letters than this in the second language (a Han character or kana counts for three, Hangul for two) are a name, a title or a
/// loan. About five words.
pub const PART_LETTERS_MIN: u32 = 24;

/// Shorter texts, in bytes, are not asked for a second language.
pub const TWO_BYTES_MIN: usize = 2 * PART_LETTERS_MIN as usize;

/// Symbols of a piece, at least: pieces are whole words, and each is in one language.
const PIECE: usize = 16;
/// By how many steps of a score a change of language must pay for itself.
const CHANGE: i32 = 20;
/// By how many steps the languages of the pieces, each its likeliest, must explain a text better by the n-grams of three symbols than one
/// language does, for the text to be looked at any closer.
const SHORT_GAIN_MIN: i32 = 16;
/// By how many steps of a score two languages must explain a text better than one does, beyond what their changes cost. These four
/// were chosen on the labelled sentences that were looked at, glued and interleaved (`docs/methods/language.md`).
const GAIN_MIN: i32 = 40;
/// A part in a script of its own must be so probably in its language: names and titles are as often in another script as sentences are.
const SCRIPT_PROBABILITY_MIN: f32 = 0.8;

/// Languages that the table hardly tells apart: no text is in two of one line.
const KIN: [&[&str]; 3] = [&["bs", "hr"], &["id", "ms"], &["da", "nb", "nn"]];

/// What [`identify`] says of a text and, where a text is in two languages, which these are: one behind the other, to and fro by some words
/// at a time, or each in a script of its own. [`TWO_BYTES_MIN`] is the least that is asked, [`PART_LETTERS_MIN`] the least that is a part.
///
/// ```
/// use groundswell_langid::{identify, identify_two};
///
/// let text = "The river is rising and nobody came. Niemand weiß, wann das Wasser wieder fällt.";
/// let (language, two) = identify_two(text);
/// let two = two.unwrap();
/// assert_eq!((two.first.language.code(), two.second.language.code()), ("de", "en"));
/// assert!(two.share > 0.5 && two.share < 0.6);
/// assert_eq!(language, identify(text));
/// assert_eq!(identify_two("The river is rising and nobody came, not even to look.").1, None);
/// ```
pub fn identify_two(text: &str) -> (Identified, Option<Two>) {
    (identify(text), two_languages(text))
}

/// The two languages of a text that is in two, as [`identify_two`] tells them, for half as much as that takes: for texts whose first
/// language is known, or of no interest.
pub fn two_languages(text: &str) -> Option<Two> {
    if text.len() < TWO_BYTES_MIN || is_eastern(text.as_bytes()) {
        None
    } else if text.len() <= SHORT {
        two_in(text, &mut [EDGE; room(SHORT)])
    } else {
        two_in(text, &mut [EDGE; room(CHARS_MAX)])
    }
}

/// Whether what is no Han character or kana, or else no Hangul, is too little for a part: by the first bytes of characters, for posts in
/// Chinese, Japanese and Korean, which need not be read then.
fn is_eastern(bytes: &[u8]) -> bool {
    let mut counts = [0_u32; 3];
    for bytes in bytes.chunks(usize::from(u8::MAX)) {
        let mut few = [0_u8; 3];
        for &byte in bytes {
            few[0] += u8::from(matches!(byte, 0xe3..=0xe9));
            few[1] += u8::from(matches!(byte, 0xea..=0xed));
            few[2] += u8::from(byte.is_ascii_alphabetic() | matches!(byte, 0xc2..=0xe2 | 0xee..));
        }
        counts.iter_mut().zip(few).for_each(|(count, few)| *count += u32::from(few));
    }
    let [han, hangul, others] = counts;
    others + (han * Script::Han.weight()).min(hangul * Script::Hangul.weight()) < PART_LETTERS_MIN
}

#[inline]
fn two_in(text: &str, buffer: &mut [u16]) -> Option<Two> {
    let letters = Letters::of(text, buffer);
    let script = script_of(&letters)?;
    in_scripts(script, &letters).or_else(|| {
        let group = GROUPS.get(script as usize)?;
        let part = table::part(script as usize);
        may_be_two(group, part, letters.symbols()).then(|| Pieces::of(group, part, letters.symbols()).two())?
    })
}

/// The two scripts of most letters, if they are of two languages.
fn in_scripts(script: Script, letters: &Letters<'_>) -> Option<Two> {
    // Japanese has three scripts.
    let eastern = |script| matches!(script, Script::Han | Script::Kana);
    let others = Script::ALL.into_iter().filter(|&other| other != script && !(eastern(script) && eastern(other)));
    let other = others.max_by_key(|&other| letters.counts[other as usize])?;
    let count = |script: Script| letters.counts[script as usize];
    let (one, fewer) = if eastern(script) {
        (count(Script::Han) + count(Script::Kana), count(other))
    } else {
        (count(script), count(other))
    };
    if one.min(fewer) < PART_LETTERS_MIN {
        return None;
    }
    let read = |script, letters_of| (of_script(script, letters, Sum::new), letters_of);
    Two::of(read(script, one), read(other, fewer), SCRIPT_PROBABILITY_MIN)
}

/// Whole words of [`PIECE`] symbols and more. Each piece but the first lacks the edge that it begins with, which is the last of the piece
/// before. No more at once than `features` reads, so a word that would be no word is cut.
fn pieces(symbols: &[u16]) -> impl Iterator<Item = &[u16]> {
    let mut rest = symbols;
    // How many stand before the edge that a piece ends with.
    let mut least = PIECE;
    std::iter::from_fn(move || {
        let behind = rest.get(least..).unwrap_or_default();
        let edge = behind.iter().position(|&symbol| symbol == EDGE).map_or(rest.len(), |at| least + at + 1);
        least = PIECE - 1;
        let (piece, left) = rest.split_at(edge.min(SYMBOLS_AT_ONCE));
        rest = left;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Whether some pieces of a text are another language's by the n-grams of three symbols alone, whose rows stand in the nearest caches:
/// most texts are told to be in one language by them.
fn may_be_two(group: &Group, part: &'static [u8], symbols: &[u16]) -> bool {
    let languages = group.languages.len();
    let mut all = [0_i16; LANES_MAX];
    let mut each = 0;
    features::short_rows(group, pieces(symbols), |rows| {
        let mut sum = Sum::new(group, part);
        sum.add(rows);
        let (scores, _) = sum.finish();
        all.iter_mut().zip(&scores).for_each(|(all, score)| *all += score);
        each += i32::from(most(&scores[..languages]));
    });
    each - i32::from(most(&all[..languages])) >= SHORT_GAIN_MIN
}

#[inline]
fn most(scores: &[i16]) -> i16 {
    scores.iter().copied().fold(i16::MIN, i16::max)
}

impl Two {
    /// `None` where the parts are no two languages.
    fn of(one: (Identified, u32), other: (Identified, u32), probability_min: f32) -> Option<Self> {
        let ((first, letters), (second, fewer)) = if one.1 >= other.1 { (one, other) } else { (other, one) };
        let told = |found: Identified| found.language != Language::UND && found.probability >= probability_min;
        let are_kin = || KIN.iter().any(|kin| [first, second].iter().all(|found| kin.contains(&found.language.code())));
        let two =
            told(first) && told(second) && first.language != second.language && fewer >= PART_LETTERS_MIN && !are_kin();
        two.then(|| Self { first, second, share: letters as f32 / (letters + fewer) as f32 })
    }
}

/// Scores of a few words, or of several pieces.
#[derive(Clone)]
struct Piece {
    scores: [i16; LANES_MAX],
    rows: u32,
    letters: u32,
}

impl Piece {
    const NOTHING: Self = Self { scores: [0; LANES_MAX], rows: 0, letters: 0 };

    fn add(&mut self, other: &Self) {
        for (score, more) in self.scores.iter_mut().zip(&other.scores) {
            *score += more;
        }
        self.rows += other.rows;
        self.letters += other.letters;
    }

    /// The likeliest language, or noise.
    fn likeliest(&self, group: &Group) -> Identified {
        let (lane, probability) = confidence::likeliest(&self.scores, group.languages.len() + 1, self.rows);
        group.languages.get(lane).map_or(Identified::UND, |&language| Identified { language, probability })
    }

    /// The first lane of most, noise left aside.
    fn best(&self, group: &Group) -> usize {
        let languages = &self.scores[..group.languages.len()];
        let most = most(languages);
        languages.iter().position(|&score| score == most).unwrap_or(0)
    }
}

/// The words of a text in one script, some at a time: at most [`CHARS_MAX`] / [`PIECE`], and so some hundreds of pairs of languages, in
/// what is made to be slow. Of most texts all pieces have one winner.
struct Pieces<'g> {
    group: &'g Group,
    each: Vec<Piece>,
    all: Piece,
}

impl<'g> Pieces<'g> {
    fn of(group: &'g Group, part: &'static [u8], symbols: &[u16]) -> Self {
        let row_bytes = group.row_bytes();
        let mut read = Vec::with_capacity(symbols.len() / PIECE + 1);
        let mut all = Piece::NOTHING;
        let mut lengths = pieces(symbols);
        features::rows_of_pieces(
            group,
            pieces(symbols),
            |row| crate::sum::prefetch(part, row as usize * row_bytes),
            |rows| {
                let mut sum = Sum::new(group, part);
                sum.add(rows);
                let (scores, rows) = sum.finish();
                let letters = lengths.next().map_or(0, |symbols| group.letters(symbols));
                let piece = Piece { scores, rows, letters };
                all.add(&piece);
                read.push(piece);
            },
        );
        Self { group, each: read, all }
    }

    /// The two languages that it is in, if it is.
    fn two(&self) -> Option<Two> {
        if self.all.letters < 2 * PART_LETTERS_MIN {
            return None;
        }
        let alone = self.all.best(self.group);
        let mut winners: Vec<usize> = self.each.iter().map(|piece| piece.best(self.group)).collect();
        winners.push(alone);
        winners.sort_unstable();
        winners.dedup();
        let pairs =
            winners.iter().enumerate().flat_map(|(at, &one)| winners[..at].iter().map(move |&other| [one, other]));
        let (score, pair) =
            pairs.map(|pair| (self.score(pair), pair)).max_by_key(|&(score, pair)| (score, std::cmp::Reverse(pair)))?;
        if score - i32::from(self.all.scores[alone]) < GAIN_MIN {
            return None;
        }
        let parts = self.parts(pair);
        let read = |part: usize| {
            let found = parts[part].likeliest(self.group);
            (found.language == self.group.languages[pair[part]]).then_some((found, parts[part].letters))
        };
        Two::of(read(0)?, read(1)?, PROBABILITY_MIN)
    }

    /// What a pair of languages makes of the pieces, each in one of them, changes paid for (Viterbi's algorithm for two states).
    fn score(&self, [one, other]: [usize; 2]) -> i32 {
        let (in_one, in_other) = self.each.iter().fold((0, 0), |(in_one, in_other): (i32, i32), piece| {
            let of = |lane: usize| i32::from(piece.scores[lane]);
            (in_one.max(in_other - CHANGE) + of(one), in_other.max(in_one - CHANGE) + of(other))
        });
        in_one.max(in_other)
    }

    /// The pieces in each language of a pair, added up.
    fn parts(&self, [one, other]: [usize; 2]) -> [Piece; 2] {
        let (mut in_one, mut in_other) = (0, 0);
        let mut changed = Vec::with_capacity(self.each.len());
        for Piece { scores, .. } in &self.each {
            changed.push([in_other - CHANGE > in_one, in_one - CHANGE > in_other]);
            let of = |lane: usize| i32::from(scores[lane]);
            (in_one, in_other) = (in_one.max(in_other - CHANGE) + of(one), in_other.max(in_one - CHANGE) + of(other));
        }
        let mut parts = [Piece::NOTHING, Piece::NOTHING];
        let mut part = usize::from(in_other > in_one);
        for (piece, changed) in self.each.iter().zip(changed).rev() {
            parts[part].add(piece);
            if changed[part] {
                part = 1 - part;
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What is not read would not have been in two.
        #[test]
        fn what_is_passed_over_as_eastern_is_not_in_two(
            text in "([a-z]{1,8} |[а-я]{1,8}|[\u{3041}-\u{3096}]{1,9}|[\u{4e00}-\u{4fff}]{1,9}|[\u{ac00}-\u{ac80}]{1,9}|[\u{e01}-\u{e2e}]{1,4}|。|！){0,40}",
        ) {
            if is_eastern(text.as_bytes()) {
                prop_assert_eq!(two_in(&text, &mut [EDGE; room(CHARS_MAX)]), None);
            }
        }

        #[test]
        fn pieces_are_the_text(text in "([a-z]{1,120} |[а-я]{1,8}|é){0,40}") {
            let mut buffer = [EDGE; room(CHARS_MAX)];
            let letters = Letters::of(&text, &mut buffer);
            let all: Vec<&[u16]> = pieces(letters.symbols()).collect();
            prop_assert_eq!(all.concat(), letters.symbols());
            for (at, piece) in all.iter().enumerate() {
                prop_assert!(piece.len() <= SYMBOLS_AT_ONCE);
                prop_assert!(piece.len() >= PIECE || at + 1 == all.len());
            }
        }
    }
}
