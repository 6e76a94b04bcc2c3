//! Names in scripts that are written without spaces: Chinese, Japanese, Thai and their neighbours.

use super::joined::{is_kana_and_ending, is_thai_name};
use super::lexicon::{Known, Lexicon};
use super::spans::{Case, Gap, Mark};
use super::together::Together;
use crate::Analysis;

/// Letters of a given name behind a family name, at most.
const GIVEN_LETTERS_MAX: usize = 3;
/// Pieces of which a Thai name may consist, as the dictionary cuts it.
const PIECES_MAX: usize = 8;
/// Letters of two Thai pieces between spaces that may be a name although no list has either.
const THAI_LETTERS: std::ops::RangeInclusive<usize> = 3..=14;
/// Letters of a Thai family name that no list knows, at most.
const FAMILY_LETTERS_MAX: usize = 24;

/// The end of a name that begins at a word.
pub(super) fn name_at(lexicon: &Lexicon, analysis: &Analysis, marks: &[Mark], at: usize) -> Option<usize> {
    let run = Run { lexicon, analysis, marks };
    let first = analysis.word(&analysis.words[at]).chars().next()?;
    match first {
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => run.thai(at),
        _ => run.dotted(at).or_else(|| run.family_first(at)),
    }
}

struct Run<'a> {
    lexicon: &'a Lexicon,
    analysis: &'a Analysis,
    marks: &'a [Mark],
}

impl Run<'_> {
    fn word(&self, at: usize) -> &str {
        self.analysis.word(&self.analysis.words[at])
    }

    /// What these words are, written together, if that is a name.
    fn name(&self, from: usize, to: usize) -> Known {
        let (first, last) = (self.word(from), self.word(to - 1));
        if first.len().min(last.len()) >= Lexicon::ENDS_BYTES && !self.lexicon.may_be_unspaced_name(first, last) {
            return Known::default();
        }
        Together::of((from..to).map(|at| self.word(at)))
            .map_or_else(Known::default, |all| self.lexicon.unspaced_name(all.as_str()))
    }

    fn letters(&self, from: usize, to: usize) -> usize {
        (from..to).map(|at| self.word(at).chars().count()).sum()
    }

    /// Whether a word follows the one before without a gap.
    fn follows(&self, at: usize) -> bool {
        self.marks.get(at).is_some_and(|mark| mark.gap == Gap::Nothing && mark.case == Case::Unspaced)
    }

    /// `ジョン・スミス`
    fn dotted(&self, at: usize) -> Option<usize> {
        let mut end = at + 1;
        while end < at + 4
            && self.marks.get(end).is_some_and(|mark| mark.gap == Gap::Dot && mark.case == Case::Unspaced)
        {
            end += 1;
        }
        (end > at + 1).then_some(end)
    }

    /// `王小明`, `田中裕子`, `田中さん`: a family name of one or two pieces, and what may be a given name or a title.
    fn family_first(&self, at: usize) -> Option<usize> {
        for pieces in [2, 1] {
            let end = at + pieces;
            if end > self.marks.len() || pieces == 2 && !self.follows(at + 1) {
                continue;
            }
            let known = match pieces {
                1 => self.marks[at].known,
                _ => self.lexicon.family(self.word(at), self.word(at + 1)),
            };
            if !known.is(Known::FAMILY) || known.is(Known::TOP) {
                continue;
            }
            if let Some(end) = self.given(self.letters(at, end), end) {
                return Some(end);
            }
        }
        None
    }

    fn given(&self, family_letters: usize, from: usize) -> Option<usize> {
        let spaced = self.marks.get(from).is_some_and(|mark| mark.case == Case::Unspaced && mark.gap == Gap::Close);
        if !self.follows(from) && !spaced {
            return None;
        }
        if self.marks[from].known.is(Known::HONORIFIC) {
            return Some(from + 1);
        }
        let mut best = None;
        let mut to = from;
        let mut given = Together::new();
        let mut letters = 0;
        while to < self.marks.len() && (to == from || self.follows(to)) {
            let piece = self.word(to);
            letters += piece.chars().count();
            let limit = if family_letters == 1 { 2 } else { GIVEN_LETTERS_MAX };
            if letters > limit || !given.push(piece) {
                break;
            }
            to += 1;
            let given = given.as_str();
            let known = self.lexicon.word(given);
            let spelt = is_kana_and_ending(given)
                || given.chars().all(|letter| {
                    let known = self.lexicon.word(letter.encode_utf8(&mut [0; 4]));
                    known.is(Known::GIVEN)
                });
            let is_kana = given.chars().all(|letter| ('\u{3040}'..='\u{30ff}').contains(&letter));
            // A piece of two letters that the dictionary has is a word; one that it does not have comes apart.
            let is_word = piece.chars().count() > 1 && known.is(Known::COMMON | Known::TOP) && !known.is(Known::GIVEN);
            if known.is(Known::GIVEN) && (letters > 1 || !is_kana) || spelt && !is_kana && !is_word {
                best = Some(to);
            }
        }
        best
    }

    /// `สมชาย ใจดี`: a given name at the end of what stands together, and a family name behind the space.
    fn thai(&self, at: usize) -> Option<usize> {
        let after_title = at > 0 && self.follows(at) && self.marks[at - 1].known.is(Known::HONORIFIC);
        let mut space = at + 1;
        while space < at + PIECES_MAX && self.follows(space) {
            space += 1;
        }
        // All that stands between two spaces or in a hashtag: `สมชายใจดี`.
        if !self.follows(at)
            && !self.follows(space)
            && Together::of((at..space).map(|at| self.word(at)))
                .is_some_and(|all| is_thai_name(self.lexicon, all.as_str()))
        {
            return Some(space);
        }
        let behind = self.marks.get(space)?;
        if behind.gap != Gap::Close || behind.case != Case::Unspaced {
            return None;
        }
        let known = after_title || self.name(at, space).is(Known::GIVEN);
        let mut end = space + 1;
        let mut known_end = None;
        while end < space + PIECES_MAX {
            if self.name(space, end).is(Known::FAMILY) {
                known_end = Some(end);
            }
            if !self.follows(end) {
                break;
            }
            end += 1;
        }
        let stands_alone = |from: usize, to: usize| {
            !self.follows(from)
                && !self.follows(to)
                && THAI_LETTERS.contains(&self.letters(from, to))
                && (from..to).all(|at| !crate::is_stop_word(self.analysis.words[at].hash))
        };
        if known {
            let whole = self.letters(space, end) <= FAMILY_LETTERS_MAX;
            return known_end.or(whole.then_some(end));
        }
        (known_end.is_some() && !self.follows(at) || stands_alone(at, space) && stands_alone(space, end))
            .then_some(known_end.unwrap_or(end))
    }
}
