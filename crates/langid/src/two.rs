//! Texts in two languages: one behind the other, to and fro, or each in a script of its own.

use crate::{
    Identified, Language, PROBABILITY_MIN, confidence, features, identify,
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
/// By how many steps of a score two languages must explain a text better than one does, beyond what their changes cost. These three
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
    if text.len() < TWO_BYTES_MIN {
        return (identify(text), None);
    }
    let mut buffer = [EDGE; room(CHARS_MAX)];
    let letters = Letters::of(text, &mut buffer);
    let Some(script) = script_of(&letters) else { return (Identified::UND, None) };
    let (likeliest, within) = match GROUPS.get(script as usize) {
        Some(group) => Pieces::of(group, script as usize, letters.symbols()).read(),
        None => (of_script(script, &letters, Sum::new), None),
    };
    let language = if likeliest.probability < PROBABILITY_MIN { Identified::UND } else { likeliest };
    (language, in_scripts(script, likeliest, &letters).or(within))
}

/// The two scripts of most letters, if they are of two languages.
fn in_scripts(script: Script, language: Identified, letters: &Letters<'_>) -> Option<Two> {
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
    Two::of((language, one), (of_script(other, letters, Sum::new), fewer), SCRIPT_PROBABILITY_MIN)
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
    scores: [i32; LANES_MAX],
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
        // Score and lane in one number, so that one pass without branches finds both.
        let lanes = self.scores[..group.languages.len()].iter().zip(0..);
        let most = lanes.map(|(&score, lane)| score * LANES_MAX as i32 - lane).fold(i32::MIN, i32::max);
        most.wrapping_neg().rem_euclid(LANES_MAX as i32) as usize
    }
}

/// The words of a text in one script, some at a time: at most [`CHARS_MAX`] / [`PIECE`], and so some hundreds of pairs of languages, in
/// what is made to be slow. Of most texts all pieces have one winner.
struct Pieces<'g> {
    group: &'g Group,
    pieces: Vec<Piece>,
}

impl<'g> Pieces<'g> {
    fn of(group: &'g Group, place: usize, symbols: &[u16]) -> Self {
        let part = table::part(place);
        let row_bytes = group.row_bytes();
        let mut pieces = Vec::with_capacity(symbols.len() / PIECE + 1);
        let mut began = 0;
        for (at, _) in symbols.iter().enumerate().filter(|&(_, &symbol)| symbol == EDGE) {
            if at - began < PIECE && at + 1 < symbols.len() {
                continue;
            }
            let words = &symbols[began..=at];
            let mut sum = Sum::new(group, part);
            features::rows(
                group,
                words,
                |row| crate::sum::prefetch(part, row as usize * row_bytes),
                |rows| sum.add(rows),
            );
            let (scores, rows) = sum.finish();
            pieces.push(Piece { scores, rows, letters: group.letters(words) });
            began = at;
        }
        Self { group, pieces }
    }

    /// What all of it is in, and the two languages that it is in, if it is.
    fn read(&self) -> (Identified, Option<Two>) {
        let mut all = Piece::NOTHING;
        self.pieces.iter().for_each(|piece| all.add(piece));
        (all.likeliest(self.group), self.two(&all))
    }

    fn two(&self, all: &Piece) -> Option<Two> {
        if all.letters < 2 * PART_LETTERS_MIN {
            return None;
        }
        let alone = all.best(self.group);
        let mut winners: Vec<usize> = self.pieces.iter().map(|piece| piece.best(self.group)).collect();
        winners.push(alone);
        winners.sort_unstable();
        winners.dedup();
        let pairs =
            winners.iter().enumerate().flat_map(|(at, &one)| winners[..at].iter().map(move |&other| [one, other]));
        let (score, pair) =
            pairs.map(|pair| (self.score(pair), pair)).max_by_key(|&(score, pair)| (score, std::cmp::Reverse(pair)))?;
        if score - all.scores[alone] < GAIN_MIN {
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
        let (in_one, in_other) = self.pieces.iter().fold((0, 0), |(in_one, in_other): (i32, i32), piece| {
            let scores = &piece.scores;
            (in_one.max(in_other - CHANGE) + scores[one], in_other.max(in_one - CHANGE) + scores[other])
        });
        in_one.max(in_other)
    }

    /// The pieces in each language of a pair, added up.
    fn parts(&self, [one, other]: [usize; 2]) -> [Piece; 2] {
        let (mut in_one, mut in_other) = (0, 0);
        let mut changed = Vec::with_capacity(self.pieces.len());
        for Piece { scores, .. } in &self.pieces {
            changed.push([in_other - CHANGE > in_one, in_one - CHANGE > in_other]);
            (in_one, in_other) =
                (in_one.max(in_other - CHANGE) + scores[one], in_other.max(in_one - CHANGE) + scores[other]);
        }
        let mut parts = [Piece::NOTHING, Piece::NOTHING];
        let mut part = usize::from(in_other > in_one);
        for (piece, changed) in self.pieces.iter().zip(changed).rev() {
            parts[part].add(piece);
            if changed[part] {
                part = 1 - part;
            }
        }
        parts
    }
}
