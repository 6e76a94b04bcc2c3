//! [`NameFinder::joined`]: a name run together in one word (`janedoe`, `doe_jane`, `김민수`, `王小明`).

use std::cell::OnceCell;

use super::lexicon::{Known, Lexicon, ends_like_family};
use super::spans::is_unspaced;
use super::{NameFinder, looks, model};
use crate::{hash_word, is_stop_word_everywhere};

/// Letters of a name run together, at least and at most.
const LETTERS: std::ops::RangeInclusive<usize> = 6..=48;
/// Letters of each part.
const PART_LETTERS_MIN: usize = 3;
/// In quarters, as `Lexicon::score` counts: two names, even if both are also everyday words.
const PARTS_NEED: i32 = 16;
/// Where the word can also be read as two everyday ones.
const PARTS_NEED_OF_WORDS: i32 = 28;
/// Two names, not side by side, of which neither is also an everyday word.
const SURE_NEEDS: i32 = 28;
/// Letters of a name beside which the rest may be unknown, and of that rest.
const ALONE_LETTERS_MIN: usize = 4;
/// What the model must say of such a rest, in sixteenths; beside a long name that is nothing else.
const REST_NEEDS: i32 = 8;
const REST_NEEDS_LONG: i32 = -8;
const LONG_LETTERS_MIN: usize = 5;
/// What two words side by side need; two that an underscore joins, of which one is a name: hardly anything else is written so.
const PHRASE_NEEDS: i32 = 12;
const UNDERSCORED_NEED: i32 = 6;
const UNLISTED_NEED: i32 = 2;

/// Letters of a given and a family name run together, where the end of a family name is all that is known.
const WITH_FAMILY_LETTERS_MIN: usize = 12;

/// Letters of a Thai word, vowels and marks counted; what is longer and stands without a space is several.
const THAI_WORD_LETTERS: usize = 8;
/// Letters beside a known Thai name.
const THAI_REST_LETTERS_MIN: usize = 4;

/// What stands behind a Korean name in the same word.
const KOREAN_ENDS: [&str; 40] = [
    "",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "와",
    "과",
    "도",
    "만",
    "씨",
    "님",
    "양",
    "군",
    "씨는",
    "씨가",
    "씨를",
    "씨의",
    "씨와",
    "씨도",
    "에게",
    "한테",
    "에게서",
    "이다",
    "입니다",
    "이는",
    "이가",
    "랑",
    "이랑",
    "하고",
    "으로",
    "로",
    "에서",
    "까지",
    "부터",
    "보다",
    "야",
];

impl NameFinder {
    /// Whether one word, or a hashtag without its sign, is a name run together. Takes its normal form.
    pub fn joined(&self, value: &str) -> bool {
        // Asked of the same words each minute.
        let is_name = || {
            self.comes_together(value)
                || looks::readings(value).iter().any(|reading| self.comes_together(&reading.word))
        };
        self.joined.or_find(hash_word(value), || u8::from(is_name())) != 0
    }

    fn comes_together(&self, value: &str) -> bool {
        let Some(first) = value.chars().next() else { return false };
        if value.contains('_') {
            return self.underscored(value);
        }
        let value = value.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let letters = value.chars().count();
        match first {
            '가'..='힣' => self.korean(value),
            '\u{e01}'..='\u{e4e}' if letters > THAI_WORD_LETTERS => is_thai_name(self.lexicon, value),
            _ if is_unspaced(first) => self.ideographs(value),
            _ => {
                LETTERS.contains(&letters)
                    && !self.lexicon.word(value).is_word()
                    && !self.lexicon.word(value).is(Known::PHRASE)
                    && value.chars().all(char::is_alphabetic)
                    && (self.comes_apart(value) || letters >= WITH_FAMILY_LETTERS_MIN && ends_with_family(value))
            }
        }
    }

    /// Whether words that stand side by side, in small letters, are a name: for queries, which have no capitals. Takes normal forms.
    pub fn phrase(&self, words: &[&str]) -> bool {
        let read: Vec<_> = words.iter().map(|word| self.as_it_looks(word)).collect();
        let read: Vec<&str> = read.iter().map(|word| &**word).collect();
        self.is_phrase_of_names(&read, PHRASE_NEEDS)
    }

    fn is_phrase_of_names(&self, words: &[&str], need: i32) -> bool {
        let mut words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
        if words.len() > 2 {
            let inner = 1..words.len() - 1;
            let mut at = 0;
            words.retain(|word| {
                at += 1;
                !inner.contains(&(at - 1)) || !self.lexicon.word(word).is(Known::PARTICLE)
            });
        }
        match words.as_slice() {
            [] => false,
            [one] => self.joined(one),
            words => {
                let joined: String = words.concat();
                if words
                    .iter()
                    .all(|word| word.chars().all(|letter| is_unspaced(letter) || ('가'..='힣').contains(&letter)))
                {
                    return self.joined(&joined);
                }
                !self.lexicon.word(&joined).is(Known::PHRASE)
                    && words.windows(2).all(|pair| self.is_pair(pair[0], pair[1], need))
            }
        }
    }

    /// Whether two words that stand side by side may be a name, written by everybody in small letters: where one may be a given name and
    /// the other a name, whatever else they may be, and where no list has one of them and the other may be a name or is in none either.
    /// Takes normal forms. For who has only the words, and would rather say nothing of `mark price` than the name of a person.
    pub fn may_be_pair(&self, one: &str, other: &str) -> bool {
        let (one, other) = (&*self.as_it_looks(one), &*self.as_it_looks(other));
        let (known_one, known_other) = (self.lexicon.word(one), self.lexicon.word(other));
        let is_unlisted = |word: &str, known: Known| !known.is_word() && word.starts_with(char::is_lowercase);
        let may_be_one = |word: &str, known: Known| known.is(Known::NAME) || is_unlisted(word, known);
        let is_either = |word: &str, known: Known, beside: &str, known_beside: Known| {
            is_unlisted(word, known) && may_be_one(beside, known_beside)
        };
        (both_orders(known_one, known_other)
            || is_either(one, known_one, other, known_other)
            || is_either(other, known_other, one, known_one))
            && !self.lexicon.word(&[one, other].concat()).is(Known::PHRASE)
    }

    /// Whether two words that need not stand side by side are a given name and a family name, in either order, of which neither is also
    /// an everyday word. Takes normal forms.
    pub fn surely_pair(&self, one: &str, other: &str) -> bool {
        let (one, other) = (&*self.as_it_looks(one), &*self.as_it_looks(other));
        let (known_one, known_other) = (self.lexicon.word(one), self.lexicon.word(other));
        both_orders(known_one, known_other)
            && value_of(one, known_one) + value_of(other, known_other) >= SURE_NEEDS
            && !self.lexicon.word(&[one, other].concat()).is(Known::PHRASE)
    }

    fn is_pair(&self, one: &str, other: &str, need: i32) -> bool {
        let is_initial = |word: &str| word.chars().count() == 1;
        let title =
            |word: &str| self.lexicon.word(word).is(Known::HONORIFIC) && !self.lexicon.word(word).is(Known::NAME);
        let alone = |word: &str| {
            value(self.lexicon, word).is_some_and(|value| value >= 12) && self.lexicon.word(word).is(Known::NAME)
        };
        if is_initial(one) || title(one) {
            return alone(other);
        }
        if is_initial(other) {
            return alone(one);
        }
        match (value(self.lexicon, one), value(self.lexicon, other)) {
            (Some(a), Some(b)) => {
                let is_listed = |word: &str| self.lexicon.word(word).is(Known::NAME);
                // Two that no list has and that both look like one.
                let like_names =
                    || need == UNDERSCORED_NEED && a.min(b) >= UNLISTED_NEED && !is_listed(one) && !is_listed(other);
                a + b >= PHRASE_NEEDS || a + b >= need && (is_listed(one) || is_listed(other)) || like_names()
            }
            _ => false,
        }
    }

    /// `doe_jane`, `jane_doe_1985`
    fn underscored(&self, value: &str) -> bool {
        let is_digit = |letter: char| letter.is_ascii_digit();
        let parts: Vec<&str> =
            value.split('_').map(|part| part.trim_end_matches(is_digit)).filter(|part| !part.is_empty()).collect();
        parts.len() >= 2 && self.is_phrase_of_names(&parts, UNDERSCORED_NEED)
            || parts.len() == 1 && self.joined(parts[0])
    }

    /// Two known names, with a particle or another name between; or one, and a rest that looks like one.
    fn comes_apart(&self, value: &str) -> bool {
        let lexicon = self.lexicon;
        let splits = splits(value);
        // Asked only where a part is a name: most words have none.
        let read_as_words = OnceCell::new();
        let is_words = || *read_as_words.get_or_init(|| is_words(lexicon, value));
        let mut rest_needed = false;
        for &at in &splits {
            let (left, right) = value.split_at(at);
            let (known_left, known_right) = (lexicon.word(left), lexicon.word(right));
            let (a, b) = (value_of(left, known_left), value_of(right, known_right));
            if both_orders(known_left, known_right)
                && a + b >= PARTS_NEED
                && (a + b >= PARTS_NEED_OF_WORDS || !is_words())
            {
                return true;
            }
            if known_left.is(Known::NAME) && !is_words() && self.all_names(right, known_left.is(Known::GIVEN), 2) {
                return true;
            }
            rest_needed |= known_left.is(Known::NAME) || known_right.is(Known::NAME);
            if known_left.is(Known::NAME) && a >= 12 && self.with_middle(right, known_left, a) {
                return true;
            }
        }
        if !rest_needed || is_words() {
            return false;
        }
        splits.iter().any(|&at| {
            let (left, right) = value.split_at(at);
            self.is_name_and_rest(left, right) || self.is_name_and_rest(right, left)
        })
    }

    /// `cándidacisnerosbaró`: all parts are names, one of them a given one.
    fn all_names(&self, rest: &str, has_given: bool, parts_left: u32) -> bool {
        let known = self.lexicon.word(rest);
        if known.is(Known::NAME) && (has_given || known.is(Known::GIVEN)) {
            return true;
        }
        parts_left > 0
            && splits(rest).into_iter().any(|at| {
                let (left, right) = rest.split_at(at);
                let known = self.lexicon.word(left);
                known.is(Known::NAME) && self.all_names(right, has_given || known.is(Known::GIVEN), parts_left - 1)
            })
    }

    /// `maryjanedoe`, `mariadelacruz`: what stands behind a name is another, behind particles or a middle name.
    fn with_middle(&self, rest: &str, before: Known, value: i32) -> bool {
        let mut starts: Vec<usize> = rest.char_indices().map(|(at, _)| at).skip(1).collect();
        starts.retain(|at| {
            let middle = &rest[..*at];
            let known = self.lexicon.word(middle);
            known.is(Known::PARTICLE)
                || known.is(Known::GIVEN) && *at >= PART_LETTERS_MIN
                || matches!(middle, "dela" | "delos" | "vander" | "vanden" | "vonder")
        });
        starts.into_iter().any(|at| {
            let last = &rest[at..];
            let known = self.lexicon.word(last);
            last.chars().count() >= ALONE_LETTERS_MIN
                && both_orders(before, known)
                && value + value_of(last, known) >= PARTS_NEED
        })
    }

    fn is_name_and_rest(&self, name: &str, rest: &str) -> bool {
        let known = self.lexicon.word(name);
        let (name_letters, rest_letters) = (name.chars().count(), rest.chars().count());
        if !name.starts_with(|letter: char| letter.is_lowercase()) {
            // Scripts without capitals, of whose everyday words few are known.
            return known.is(Known::NAME)
                && name_letters >= 3
                && rest_letters >= 3
                && !self.lexicon.word(rest).is(Known::TOP);
        }
        let needs =
            if known.is(Known::GIVEN) && name_letters >= LONG_LETTERS_MIN { REST_NEEDS_LONG } else { REST_NEEDS };
        known.is(Known::NAME)
            && value_of(name, known) >= if known.is(Known::GIVEN) { 16 } else { 12 }
            && name_letters >= if known.is(Known::GIVEN) { ALONE_LETTERS_MIN } else { ALONE_LETTERS_MIN + 1 }
            && rest_letters >= ALONE_LETTERS_MIN
            && !self.lexicon.word(rest).is_word()
            && model::score(rest).is_none_or(|score| score >= needs)
            && !is_words(self.lexicon, rest)
    }

    fn korean(&self, value: &str) -> bool {
        let letters: Vec<char> = value.chars().collect();
        if self.lexicon.word(value).is(Known::COMMON | Known::TOP | Known::PLACE) {
            return false;
        }
        (1..=2).any(|family| {
            if letters.len() < family + 2 {
                return false;
            }
            let (name, rest): (String, String) =
                (letters[..family].iter().collect(), letters[family + 2..].iter().collect());
            let whole: String = letters[..family + 2].iter().collect();
            self.lexicon.word(&name).is(Known::FAMILY)
                && KOREAN_ENDS.contains(&rest.as_str())
                && !self.lexicon.word(&whole).is(Known::COMMON | Known::TOP | Known::PLACE)
                && (self.lexicon.word(&letters[family..family + 2].iter().collect::<String>()).is(Known::GIVEN)
                    || self.lexicon.is_korean_given(letters[family], letters[family + 1]))
        })
    }

    /// Family name and given name in ideographs or kana, in one word.
    fn ideographs(&self, value: &str) -> bool {
        let letters: Vec<(usize, char)> = value.char_indices().collect();
        if !(2..=8).contains(&letters.len()) || self.lexicon.word(value).is_word() {
            return false;
        }
        letters.iter().skip(1).any(|&(at, _)| {
            let (left, right) = value.split_at(at);
            let given = self.lexicon.word(right);
            let count = right.chars().count();
            let is_kana = right.chars().all(|letter| ('\u{3040}'..='\u{30ff}').contains(&letter));
            let spelt = || {
                count <= 3
                    && !is_kana
                    && (is_kana_and_ending(right)
                        || right
                            .chars()
                            .all(|letter| self.lexicon.word(letter.encode_utf8(&mut [0; 4])).is(Known::GIVEN)))
            };
            let family = self.lexicon.word(left);
            family.is(Known::FAMILY)
                && (given.is(Known::GIVEN | Known::HONORIFIC) && (count > 1 || !is_kana)
                    || spelt() && (left.chars().count() > 1 || letters.len() <= 3))
                || left.chars().count() > 1 && family.is(Known::GIVEN) && given.is(Known::FAMILY) && count > 1
        })
    }
}

/// `くみ子`, `ゆう香`: two hiragana and an ideograph that women's names end in.
pub(super) fn is_kana_and_ending(given: &str) -> bool {
    let mut letters = given.chars();
    let mut is_hiragana = || letters.next().is_some_and(|letter| ('\u{3041}'..='\u{3096}').contains(&letter));
    is_hiragana()
        && is_hiragana()
        && letters.next().is_some_and(|last| "子美代江枝恵奈香".contains(last))
        && letters.next().is_none()
}

/// `สมชายใจดี`: a given name before a family name, or one of them and a rest that is no everyday word.
pub(super) fn is_thai_name(lexicon: &Lexicon, value: &str) -> bool {
    let letters = value.chars().count();
    if letters <= THAI_WORD_LETTERS || letters > *LETTERS.end() {
        return false;
    }
    let is_name = |part: &str, kind: u16| {
        let known = lexicon.unspaced_name(part);
        known.is(kind) && !known.is(Known::COMMON | Known::TOP) && part.chars().count() >= PART_LETTERS_MIN
    };
    let is_rest = |part: &str| part.chars().count() >= THAI_REST_LETTERS_MIN && !lexicon.word(part).is_word();
    let comes_apart = splits(value).into_iter().any(|at| {
        let (left, right) = value.split_at(at);
        let (given, family) = (is_name(left, Known::GIVEN), is_name(right, Known::FAMILY));
        given && (family || is_rest(right)) || family && is_rest(left)
    });
    comes_apart && !lexicon.word(value).is_word()
}

/// One is a given name, the other may be a family name.
fn both_orders(one: Known, other: Known) -> bool {
    one.is(Known::GIVEN) && other.is(Known::NAME) || one.is(Known::NAME) && other.is(Known::GIVEN)
}

/// Whether a word can be read as everyday words run together: `theartofwar`.
fn is_words(lexicon: &Lexicon, value: &str) -> bool {
    let starts: Vec<usize> = value.char_indices().map(|(at, _)| at).chain([value.len()]).collect();
    let mut reached = vec![false; starts.len()];
    reached[0] = true;
    for to in 2..starts.len() {
        reached[to] = (to.saturating_sub(WORD_LETTERS_MAX)..to - 1)
            .any(|from| reached[from] && is_everyday(lexicon, &value[starts[from]..starts[to]]));
    }
    reached[starts.len() - 1]
}

/// Letters of an everyday word that is looked for within another.
const WORD_LETTERS_MAX: usize = 16;

/// A word that is nobody's given name; of two letters only the most frequent ones.
fn is_everyday(lexicon: &Lexicon, word: &str) -> bool {
    let known = lexicon.word(word);
    match word.chars().count() {
        0 | 1 => false,
        2 => is_stop_word_everywhere(hash_word(word)),
        _ => known.is(Known::TOP) || known.is(Known::COMMON | Known::PLACE) && !known.is(Known::GIVEN),
    }
}

pub(super) fn value(lexicon: &Lexicon, word: &str) -> Option<i32> {
    let hash = hash_word(word);
    Lexicon::score(word, lexicon.word(word), is_stop_word_everywhere(hash))
}

/// What a known name is worth; nothing where it is none.
fn value_of(word: &str, known: Known) -> i32 {
    if known.is(Known::NAME) { Lexicon::score(word, known, false).unwrap_or(0) } else { 0 }
}

fn splits(value: &str) -> Vec<usize> {
    splits_from(value, PART_LETTERS_MIN)
}

/// Letters of a Cyrillic word that can come apart in parts of three.
const CYRILLIC_LETTERS: usize = 10;

/// `თეაარველაძე`: what is this long and ends like a family name has a given name before it. Of alphabets of which the model knows nothing
/// and other words do not end so.
fn ends_with_family(value: &str) -> bool {
    value.starts_with(
        |first: char| matches!(first, '\u{370}'..='\u{3ff}' | '\u{530}'..='\u{58f}' | '\u{10a0}'..='\u{10ff}'),
    ) && ends_like_family(value)
}

/// Where a word can come apart, with so many letters on either side.
fn splits_from(value: &str, least: usize) -> Vec<usize> {
    let starts: Vec<usize> = value.char_indices().map(|(at, _)| at).collect();
    // In Cyrillic, where fewer everyday words are known, short words do not come apart in short parts.
    let least = if starts.len() < CYRILLIC_LETTERS && value.starts_with(|c| ('\u{400}'..'\u{530}').contains(&c)) {
        least + 1
    } else {
        least
    };
    if starts.len() < 2 * least { Vec::new() } else { starts[least..=starts.len() - least].to_vec() }
}
