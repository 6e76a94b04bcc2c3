//! [`NameFinder::find`]: scripts that part words by spaces.

use super::lexicon::{Known, Lexicon};
use super::looks::is_apart;
use super::{About, CARRIED_KEYS_MAX, NameFinder, NameSpan, SPAN_WORDS_MAX, name_key, unspaced};
use crate::{
    Analysis, Language, WORD_BYTES_MAX, Word, hash_word, is_stop_word, is_stop_word_everywhere, is_stop_word_in,
};

/// How a word is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// Small letters, or nothing to tell.
    Lower,
    /// A capital first.
    Capital,
    /// Capitals only, two or more.
    Capitals,
    /// One letter, or several with full stops: `J`, `J.R.R`.
    Initial,
    /// One small letter: `j`.
    SmallInitial,
    /// A script without capitals.
    None,
    /// Ideographs, kana, Thai and their like, which are written without spaces.
    Unspaced,
}

/// What stands between a word and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// A space, hyphen or apostrophe.
    Close,
    /// Nothing: a script without spaces.
    Nothing,
    /// A full stop and a space: `J. Doe`.
    Stop,
    /// A comma and a space: `Doe, Jane`.
    Comma,
    /// A dot between foreign names: `ジョン・スミス`.
    Dot,
    /// What has no width, within a word: `Ja\u{200b}ne`.
    Parted,
    /// Anything else parts two phrases.
    Apart,
}

/// A word as the finder sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) known: Known,
    pub(super) case: Case,
    pub(super) gap: Gap,
    /// Its capital may be due to its place.
    begins: bool,
    about: About,
    /// What it says for a name; `NOT` where it cannot be part of one.
    score: i32,
}

const NOT: i32 = i32::MIN;
/// What [`Lexicon::score`] says of what is a given name and nothing else.
const GIVEN: i32 = 16;
/// And of a family name.
const FAMILY: i32 = 12;
/// Not looked at yet.
const LATER: i32 = i32::MIN + 1;

/// What capitals say in a text that has small letters too, in quarters like [`Lexicon::score`].
const CAPITAL: i32 = 8;
const CAPITAL_OF_SENTENCE: i32 = 4;
const LOWER: i32 = -2;
/// An everyday word that is a name elsewhere, where no capital says which it is.
const EVERYDAY: i32 = -4;
const EVERYDAY_CAPITAL: i32 = -8;
/// What a capitalised everyday word needs beside it: a name that is nothing else, or nearly so.
const EVERYDAY_NEEDS: i32 = 16;
/// English stop words that people are called by.
const NAMED_BY_STOP_WORDS: [&str; 3] = ["will", "don", "may"];
/// Two capitalised words that no list knows are enough.
const CAPITALS_NEED: i32 = 0;
/// A given name and a word that may well be a name, without the help of capitals.
const WORDS_NEED: i32 = 12;
/// Beside what is certainly a given name; beside any name, in languages of which fewer everyday words are known.
const NAMED_NEED: i32 = 6;
/// Beside any name, in scripts that have no capitals to help.
const CASELESS_NEED: i32 = 0;
/// Behind an initial or a title.
const ALONE_NEEDS: i32 = 8;
const ALONE_NEEDS_LOWER: i32 = 12;

const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// Bytes before an apostrophe that is part of a name.
const APOSTROPHE_BYTES_MAX: u32 = 2;

/// How much capitals say in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Capitals {
    Tell,
    /// A headline, a shout, or nothing but small letters.
    TellNothing,
}

impl NameFinder {
    /// Marks the name-like spans of a text that was read into an analysis; in order, none within another. What `out` held before is
    /// gone.
    pub fn find(&mut self, text: &str, analysis: &Analysis, out: &mut Vec<NameSpan>) {
        let about = self.about_all(analysis);
        self.find_about(text, analysis, &about, out);
    }

    /// What is known of each word.
    fn about_all(&self, analysis: &Analysis) -> Vec<About> {
        analysis.words.iter().map(|word| self.about(analysis.word(word), word.hash)).collect()
    }

    /// The same for who remembers what is known of each word ([`Self::about`]).
    pub fn find_about(&mut self, text: &str, analysis: &Analysis, about: &[About], out: &mut Vec<NameSpan>) {
        debug_assert_eq!(about.len(), analysis.words.len());
        out.clear();
        if analysis.words.len() < 2 {
            return;
        }
        let capitals = self.mark(text, analysis, about);
        if self.has_parted_words {
            self.find_in_whole_words(text, analysis, out);
        } else {
            self.find_marked(analysis, capitals, out);
        }
    }

    /// Where zero-width spaces part words of alphabets (`Ja\u{200b}ne D\u{200b}oe`), which is nobody's spelling: reads them as if they
    /// did not. In scripts without spaces these stand between words, and say so.
    fn find_in_whole_words(&mut self, text: &str, analysis: &Analysis, out: &mut Vec<NameSpan>) {
        let (mut whole, mut starts) = (Analysis::new(), Vec::new());
        whole.language = analysis.language;
        for (at, word) in analysis.words.iter().enumerate() {
            let normal = analysis.word(word);
            let goes_on = whole.words.last().is_some_and(|last: &Word| {
                let between = text.get(last.raw.1 as usize..word.raw.0 as usize).unwrap_or_default();
                !between.is_empty()
                    && between.chars().all(|space| space == ZERO_WIDTH_SPACE)
                    && !normal.starts_with(is_unspaced)
                    && word.raw.1 - last.raw.0 <= WORD_BYTES_MAX as u32
            });
            let from = match whole.words.last_mut().filter(|_| goes_on) {
                Some(last) => {
                    whole.normal.pop();
                    last.normal.0
                }
                None => whole.normal.len() as u32,
            };
            whole.normal.push_str(normal);
            let joined = (from, whole.normal.len() as u32);
            whole.normal.push(' ');
            let hash = hash_word(&whole.normal[joined.0 as usize..joined.1 as usize]);
            if goes_on && let Some(last) = whole.words.last_mut() {
                *last = Word { hash, normal: joined, raw: (last.raw.0, word.raw.1) };
            } else {
                starts.push(at);
                whole.words.push(Word { hash, normal: joined, raw: word.raw });
            }
        }
        starts.push(analysis.words.len());
        let about = self.about_all(&whole);
        let capitals = self.mark(text, &whole, &about);
        self.find_marked(&whole, capitals, out);
        // A name run together whose parts are.
        for at in 0..whole.words.len() {
            let is_in_one = out.iter().any(|span| span.words().contains(&at));
            if starts[at + 1] - starts[at] > 1 && !is_in_one && self.joined(whole.word(&whole.words[at])) {
                out.push(NameSpan::new(at, at + 1));
            }
        }
        out.sort_unstable();
        for span in out {
            *span = NameSpan::new(starts[span.from as usize], starts[span.to as usize]);
        }
        // What comes after looks at marks of the words as they are.
        self.marks.clear();
    }

    fn find_marked(&mut self, analysis: &Analysis, capitals: Capitals, out: &mut Vec<NameSpan>) {
        let reader = Reader { lexicon: self.lexicon, analysis, capitals };
        let mut at = 0;
        while at < self.marks.len() {
            let end = match self.marks[at].case {
                Case::Unspaced => unspaced::name_at(self.lexicon, analysis, &self.marks, at),
                Case::None if self.is_korean_pair(analysis, at) => Some(at + 2),
                _ if !reader.may_begin(&self.marks, at) => None,
                _ => reader.name_at(&mut self.marks, at),
            };
            match end {
                Some(end) => {
                    out.push(NameSpan::new(at, end));
                    at = end;
                }
                None => at += 1,
            }
        }
    }

    /// Gives the keys of all that a publisher's text carries and that may be a name: in scripts with capitals each run of two to
    /// four words of which none is small, but for particles, whether or not it looks like a name; else what [`Self::find`] finds,
    /// and the parts of it; and each single word, since a name may be one word elsewhere (`#janedoe`).
    pub fn carried(&mut self, text: &str, analysis: &Analysis, each: &mut dyn FnMut(u64)) {
        let mut spans = Vec::new();
        let about = self.about_all(analysis);
        self.find_about(text, analysis, &about, &mut spans);
        if self.marks.len() != analysis.words.len() {
            self.mark(text, analysis, &about);
        }
        let mut left = CARRIED_KEYS_MAX;
        let mut value = String::new();
        let mut give = |from: usize, to: usize| {
            if left > 0 && to > from {
                left -= 1;
                value.clear();
                NameFinder::push_value(analysis, NameSpan::new(from, to), &mut value);
                each(name_key(&value));
            }
        };
        for span in &spans {
            for from in span.words() {
                (from + 1..=span.to as usize).for_each(|to| give(from, to));
            }
        }
        for from in 0..self.marks.len() {
            let mark = self.marks[from];
            let has_no_case = matches!(mark.case, Case::None | Case::Unspaced);
            if (has_no_case || mark.may_be_carried()) && self.joined(analysis.word(&analysis.words[from])) {
                give(from, from + 1);
            }
            if !mark.may_be_carried() {
                continue;
            }
            for to in from + 2..=(from + 4).min(self.marks.len()) {
                let last = self.marks[to - 1];
                if matches!(last.gap, Gap::Apart | Gap::Parted)
                    || !last.may_be_carried() && !last.known.is(Known::PARTICLE)
                {
                    break;
                }
                if last.may_be_carried() {
                    give(from, to);
                }
            }
        }
        for tag in &analysis.hashtags {
            if left > 0 {
                left -= 1;
                each(name_key(analysis.hashtag(tag)));
            }
        }
    }

    /// `김 민수가`
    fn is_korean_pair(&self, analysis: &Analysis, at: usize) -> bool {
        let word = |at: usize| analysis.word(&analysis.words[at]);
        let is_hangul = |word: &str| word.starts_with(|letter| ('가'..='힣').contains(&letter));
        self.marks.get(at + 1).is_some_and(|next| next.gap == Gap::Close)
            && is_hangul(word(at))
            && is_hangul(word(at + 1))
            && word(at).chars().count() <= 2
            && self.joined(&[word(at), word(at + 1)].concat())
    }

    /// Looks at each word once, and says how much capitals tell.
    fn mark(&mut self, text: &str, analysis: &Analysis, about: &[About]) -> Capitals {
        self.marks.clear();
        self.has_parted_words = false;
        let (mut lower, mut capital, mut shouted) = (0_u32, 0_u32, 0_u32);
        let (mut start, mut end) = (0, 0);
        for (word, &about) in analysis.words.iter().zip(about) {
            let raw = text.get(word.raw.0 as usize..word.raw.1 as usize).unwrap_or_default();
            let normal = analysis.word(word);
            let case = case_of(raw, normal);
            match case {
                Case::Lower => lower += 1,
                Case::Capital => capital += 1,
                Case::Capitals => shouted += 1,
                _ => {}
            }
            let (gap, begins) = gap_before(text, end - start, end, word.raw.0);
            self.has_parted_words |= gap == Gap::Parted;
            (start, end) = word.raw;
            let known = self.lexicon.known(about);
            self.marks.push(Mark { known, case, gap, begins, about, score: LATER });
        }
        let all = lower + capital + shouted;
        if lower == 0 && all > 3
            || capital + shouted == 0
            || shouted * 10 > all * 6
            || capital * 10 > all * 7 && all > 3
        {
            Capitals::TellNothing
        } else {
            Capitals::Tell
        }
    }
}

impl Mark {
    fn is_capital(self) -> bool {
        matches!(self.case, Case::Capital | Case::Capitals)
    }

    fn may_be_carried(self) -> bool {
        self.is_capital() || matches!(self.case, Case::Initial)
    }
}

/// Reads the words of one text.
struct Reader<'a> {
    lexicon: &'static Lexicon,
    analysis: &'a Analysis,
    capitals: Capitals,
}

impl Reader<'_> {
    /// Whether [`Self::name_at`] needs to be asked. Most words end here: everyday words, and words beside which stands nothing that could
    /// be a name.
    #[inline]
    fn may_begin(&self, marks: &[Mark], at: usize) -> bool {
        let first = marks[at];
        first.known.is(Known::HONORIFIC)
            || matches!(first.case, Case::Initial | Case::SmallInitial)
            || self.has_parts(marks, at)
    }

    #[inline]
    fn has_parts(&self, marks: &[Mark], at: usize) -> bool {
        self.may_be_part(marks[at]) && marks.get(at + 1).is_some_and(|next| self.may_follow(*next))
    }

    /// The end of a name that begins at a word.
    fn name_at(&self, marks: &mut [Mark], at: usize) -> Option<usize> {
        let first = marks[at];
        if first.known.is(Known::HONORIFIC) && !first.known.is(Known::NAME)
            || first.known.is(Known::HONORIFIC) && marks.get(at + 1).is_some_and(|next| next.gap == Gap::Stop)
        {
            return self.behind_title(marks, at);
        }
        if matches!(first.case, Case::Initial | Case::SmallInitial) {
            return self.behind_initials(marks, at);
        }
        if !self.has_parts(marks, at) {
            return None;
        }
        if self.score(marks, at) == NOT && !(self.helps(first) && !first.begins && first.known.is(Known::COMMON)) {
            return None;
        }
        let mut end = at + 1;
        let mut words = 1;
        let mut last = at;
        let mut has_given = first.known.is(Known::GIVEN);
        while words < SPAN_WORDS_MAX {
            let Some(next) = self.next_part(marks, last) else { break };
            let goes_on = words > 1 && self.goes_on(marks, next);
            if !goes_on && !self.is_pair(marks, last, next)
                || words > 1 && has_given && Self::begins_anew(marks, last, next)
            {
                break;
            }
            words += 1;
            has_given |= marks[next].known.is(Known::GIVEN);
            last = next;
            end = next + 1;
        }
        // `Doe J.`, `Doe, J.`
        if words == 1
            && let Some(next) = marks.get(end)
            && next.case == Case::Initial
            && matches!(next.gap, Gap::Close | Gap::Comma)
            && marks.get(end + 1).is_none_or(|after| matches!(after.gap, Gap::Stop))
            && first.known.is(Known::NAME)
            && self.total(marks, at) >= ALONE_NEEDS_LOWER
        {
            return Some(end + 1);
        }
        (words > 1).then_some(end)
    }

    /// Whether a word could be part of a name, by what is known of it alone.
    #[inline]
    fn may_be_part(&self, mark: Mark) -> bool {
        mark.known.is(Known::NAME) || !mark.known.is_word() || self.helps(mark) && mark.known.is(Known::COMMON)
    }

    #[inline]
    fn may_follow(&self, mark: Mark) -> bool {
        !matches!(mark.gap, Gap::Apart | Gap::Parted | Gap::Dot | Gap::Stop)
            && (self.may_be_part(mark)
                || mark.known.is(Known::PARTICLE)
                || matches!(mark.case, Case::Initial | Case::SmallInitial))
    }

    /// `Mr. Doe`
    fn behind_title(&self, marks: &mut [Mark], at: usize) -> Option<usize> {
        let name = at + 1;
        let mark = *marks.get(name)?;
        if !matches!(mark.gap, Gap::Close | Gap::Stop) || mark.case == Case::Unspaced {
            return None;
        }
        if let Some(end) = self.name_at(marks, name) {
            return Some(end);
        }
        let need = if self.helps(mark) { ALONE_NEEDS } else { ALONE_NEEDS_LOWER };
        (self.score(marks, name) != NOT && self.total(marks, name) >= need).then_some(name + 1)
    }

    /// `J. Doe`, `J. R. R. Tolkien`, `JK Rowling`
    fn behind_initials(&self, marks: &mut [Mark], at: usize) -> Option<usize> {
        let mut name = at + 1;
        while marks.get(name).is_some_and(|mark| {
            matches!(mark.case, Case::Initial | Case::SmallInitial)
                && matches!(mark.gap, Gap::Stop | Gap::Close | Gap::Nothing)
        }) {
            name += 1;
            if name - at > 3 {
                return None;
            }
        }
        let mark = *marks.get(name)?;
        if !matches!(mark.gap, Gap::Stop | Gap::Close | Gap::Nothing) {
            return None;
        }
        // `S. van den Eijssel`
        if mark.known.is(Known::PARTICLE) && mark.gap == Gap::Stop {
            let last = self.next_part(marks, name)?;
            return (self.score(marks, last) != NOT || self.helps(marks[last])).then_some(last + 1);
        }
        let word = &self.analysis.words[at];
        // Without a full stop, a single letter may be a word: `I`, `a`, `y`, `в`.
        let dotted =
            marks[at + 1..=name].iter().any(|mark| mark.gap == Gap::Stop) || self.analysis.word(word).contains('.');
        if !dotted
            && (marks[at].case == Case::SmallInitial && self.capitals == Capitals::Tell || is_stop_word(word.hash))
        {
            return None;
        }
        if let Some(end) = self.name_at(marks, name) {
            return Some(end);
        }
        // `M. Carrière`: a capital behind an initial, if the word is not one of the most frequent.
        if dotted && self.helps(mark) && !mark.known.is(Known::TOP) {
            // `M. Serna Font`
            let second =
                marks.get(name + 1).is_some_and(|_| self.has_two_family_names() && self.goes_on(marks, name + 1));
            return Some(name + 1 + usize::from(second));
        }
        if self.score(marks, name) == NOT {
            return None;
        }
        let need = if self.helps(mark) && dotted { ALONE_NEEDS } else { ALONE_NEEDS_LOWER };
        (self.total(marks, name) >= need).then_some(name + 1)
    }

    /// The next word of a name: the one behind, or behind particles or an initial.
    fn next_part(&self, marks: &[Mark], last: usize) -> Option<usize> {
        let mut next = last + 1;
        let mut skipped = 0;
        while let Some(mark) = marks.get(next) {
            let close = match mark.gap {
                Gap::Close | Gap::Nothing => true,
                // Behind a middle initial.
                Gap::Stop => next > last + 1 && marks[next - 1].case == Case::Initial,
                Gap::Comma => skipped == 0,
                Gap::Dot | Gap::Parted | Gap::Apart => false,
            };
            if !close || mark.case == Case::Unspaced {
                return None;
            }
            let between = mark.known.is(Known::PARTICLE) && marks.get(next + 1).is_some()
                || mark.case == Case::Initial
                // `sean o'doherty`; `o` is a word of other languages.
                || mark.case == Case::SmallInitial
                    && self.word(next) == "o"
                    && (self.is_english() || self.analysis.language == Language::UND);
            if !between
                || skipped == 3
                || mark.known.is(Known::PARTICLE) && self.helps(*mark) && mark.known.is(Known::NAME)
            {
                return (!matches!(mark.case, Case::Initial | Case::SmallInitial)).then_some(next);
            }
            skipped += 1;
            next += 1;
        }
        None
    }

    /// Whether two words stand together as a name.
    fn is_pair(&self, marks: &mut [Mark], one: usize, other: usize) -> bool {
        let is_capital_word = |mark: Mark| {
            self.helps(mark)
                && !mark.begins
                && mark.known.is(Known::COMMON)
                && !mark.known.is(Known::TOP | Known::PLACE)
        };
        // `Lemuel Preta`, `Katrijn van den Oever`: everybody's word, with a capital, beside what is only a given name.
        let is_close = marks[one + 1..=other].iter().all(|mark| mark.gap == Gap::Close);
        if is_close && marks[one + 1..other].iter().all(|mark| mark.known.is(Known::PARTICLE)) {
            let (a, b) = (self.score(marks, one), self.score(marks, other));
            if a == GIVEN && b == NOT && self.helps(marks[one]) && is_capital_word(marks[other])
                || b == GIVEN && a == NOT && self.helps(marks[other]) && is_capital_word(marks[one])
            {
                return true;
            }
        }
        if self.score(marks, one) == NOT || self.score(marks, other) == NOT {
            return false;
        }
        let (a, b) = (marks[one], marks[other]);
        if b.gap == Gap::Comma {
            // `Doe, Jane`, and not a list of names.
            return a.known.is(Known::FAMILY)
                && b.known.is(Known::GIVEN)
                && !(a.known.is(Known::GIVEN) && b.known.is(Known::FAMILY))
                && self.total(marks, one) + self.total(marks, other) >= WORDS_NEED;
        }
        let is_phrase = || self.lexicon.is_phrase(self.word(one), self.word(other));
        let both_capital = self.helps(a) && self.helps(b);
        // A capital beside a small word that is no certain name, where capitals tell: `vu Klaudia`.
        let beside =
            |one: Mark, other: Mark| self.helps(one) && other.case == Case::Lower && other.score < ALONE_NEEDS_LOWER;
        if beside(a, b) || beside(b, a) {
            return false;
        }
        // `Trump Tower`: two family names of which one is also a word.
        let only_family = |mark: Mark| mark.known.is(Known::FAMILY) && !mark.known.is(Known::GIVEN);
        // Not `Mena Olivares Merche`.
        let before_given = || {
            self.has_two_family_names()
                && self.helps(b)
                && marks
                    .get(other + 1)
                    .is_some_and(|next| next.gap == Gap::Close && next.known.is(Known::GIVEN) && self.helps(*next))
        };
        if only_family(a)
            && only_family(b)
            && !before_given()
            && (a.known.is(Known::COMMON | Known::TOP | Known::PLACE)
                || b.known.is(Known::COMMON | Known::TOP | Known::PLACE))
        {
            return false;
        }
        let sum = self.total(marks, one) + self.total(marks, other);
        let given = a.known.is(Known::GIVEN) && a.score == GIVEN || b.known.is(Known::GIVEN) && b.score == GIVEN;
        // What no list has and ends like a family name is one.
        let is_named = |mark: Mark| mark.known.is(Known::NAME) || !mark.known.is_word() && mark.score >= FAMILY;
        let named = is_named(a) || is_named(b);
        let need = match (a.case, b.case) {
            _ if both_capital && (self.is_everyday(a, one) || self.is_everyday(b, other)) => EVERYDAY_NEEDS,
            // However little they look like a name: the rule of PRIVACY section 4 asks no more.
            _ if both_capital && !a.known.is_word() && !b.known.is_word() && !self.nouns_have_capitals() => i32::MIN,
            _ if both_capital => CAPITALS_NEED,
            // A word that no list has beside a family name: Arabic has everyday words that are family names, too.
            (Case::None, Case::None) if named && (given || a.known.is(Known::NAME) && b.known.is(Known::NAME)) => {
                CASELESS_NEED
            }
            (Case::None, Case::None) => WORDS_NEED,
            _ if given || named && !self.is_english() => NAMED_NEED,
            _ => WORDS_NEED,
        };
        // Behind particles, words that are no names are no names: `de la maison`. In Arabic and its neighbours a word that no list has
        // is one: `نائل بن قضاعة`.
        let particles = other > one + 1 && !both_capital;
        let both_names = a.known.is(Known::NAME) && b.known.is(Known::NAME)
            || a.score == GIVEN
            || matches!((a.case, b.case), (Case::None, Case::None)) && named;
        sum >= need && (!particles || both_names) && !is_phrase()
    }

    fn is_everyday(&self, mark: Mark, at: usize) -> bool {
        mark.known.is(Known::TOP) || self.is_stop(mark, &self.analysis.words[at])
    }

    fn is_english(&self) -> bool {
        self.analysis.language == Language::from_code(*b"en")
    }

    /// German's: there a capital says little of a word that no list has.
    fn nouns_have_capitals(&self) -> bool {
        self.analysis.language == Language::from_code(*b"de")
    }

    /// `Santana Portero` behind a given name: everybody's word, with a capital; `mir palau` without one, where people have two family
    /// names.
    fn goes_on(&self, marks: &[Mark], next: usize) -> bool {
        let mark = marks[next];
        let is_place = mark.known.is(Known::PLACE) && !mark.known.is(Known::NAME);
        mark.gap == Gap::Close
            && !mark.known.is(Known::HONORIFIC)
            && (self.helps(mark) && !mark.known.is(Known::TOP) && !is_place
                || mark.known.is(Known::FAMILY)
                    && self.has_two_family_names()
                    && !self.is_stop(mark, &self.analysis.words[next]))
    }

    fn has_two_family_names(&self) -> bool {
        [*b"es", *b"pt", *b"ca", *b"gl"].map(Language::from_code).contains(&self.analysis.language)
    }

    /// `… Clinton | Donald …`: another person.
    fn begins_anew(marks: &[Mark], last: usize, next: usize) -> bool {
        let (last, next) = (marks[last].known, marks[next].known);
        last.is(Known::FAMILY) && !last.is(Known::GIVEN) && next.is(Known::GIVEN) && !next.is(Known::FAMILY)
    }

    fn word(&self, at: usize) -> &str {
        self.analysis.word(&self.analysis.words[at])
    }

    /// Its capital speaks for a name.
    #[inline]
    fn helps(&self, mark: Mark) -> bool {
        self.capitals == Capitals::Tell && mark.is_capital()
    }

    /// What a word says with its capital.
    fn total(&self, marks: &[Mark], at: usize) -> i32 {
        let mark = marks[at];
        mark.score
            + match mark.case {
                _ if self.capitals == Capitals::TellNothing => 0,
                Case::Capital if mark.begins => CAPITAL_OF_SENTENCE,
                Case::Capital => CAPITAL,
                Case::Capitals => CAPITAL_OF_SENTENCE,
                Case::Lower => LOWER,
                Case::Initial | Case::SmallInitial | Case::None | Case::Unspaced => 0,
            }
    }

    fn is_stop(&self, mark: Mark, word: &Word) -> bool {
        // Where the language is not known, only English's: a stop word of any language is a name in many others.
        mark.known.is(Known::STOP)
            && match self.analysis.language {
                Language::UND => is_stop_word_everywhere(word.hash),
                language => is_stop_word_in(language, word.hash),
            }
    }

    fn score(&self, marks: &mut [Mark], at: usize) -> i32 {
        if marks[at].score == LATER {
            let mark = marks[at];
            let word = &self.analysis.words[at];
            let no_name = match mark.case {
                Case::Initial | Case::SmallInitial | Case::Unspaced => true,
                // An unknown word in small letters is an everyday one in most languages: it needs a name beside it, which
                // is what the sum asks for.
                _ => mark.known.is_word() && !mark.known.is(Known::NAME),
            };
            marks[at].score = if no_name {
                NOT
            } else {
                let is_stop = self.is_stop(mark, word);
                let is_everyday = is_stop || mark.known.is(Known::TOP);
                let score = Lexicon::score_about(mark.about, mark.known, is_stop);
                match score {
                    Some(_)
                        if mark.known.is(Known::STOP)
                            && is_stop_word_everywhere(word.hash)
                            && !(self.helps(mark) && NAMED_BY_STOP_WORDS.contains(&self.analysis.word(word))) =>
                    {
                        NOT
                    }
                    Some(score) if is_everyday => score + if self.helps(mark) { EVERYDAY_CAPITAL } else { EVERYDAY },
                    Some(score) => score,
                    None => NOT,
                }
            };
        }
        marks[at].score
    }
}

#[inline]
fn case_of(raw: &str, normal: &str) -> Case {
    // Most words.
    if raw.as_bytes().first().is_some_and(u8::is_ascii_lowercase) {
        return if raw.len() == 1 { Case::SmallInitial } else { Case::Lower };
    }
    case_of_others(raw, normal)
}

fn case_of_others(raw: &str, normal: &str) -> Case {
    if raw.is_ascii() {
        case_of_letters(raw.chars(), normal)
    } else {
        // `J` struck through is an initial, too.
        case_of_letters(raw.chars().filter(|letter| !is_apart(*letter)), normal)
    }
}

#[inline]
fn case_of_letters(mut letters: impl Iterator<Item = char> + Clone, normal: &str) -> Case {
    let Some(first) = letters.next() else { return Case::Lower };
    if is_unspaced(first) {
        return Case::Unspaced;
    }
    let one_letter = letters.clone().next().is_none();
    if one_letter && first.is_alphabetic() && (first.is_uppercase() || first.is_lowercase()) {
        return if first.is_uppercase() { Case::Initial } else { Case::SmallInitial };
    }
    if matches!(first, '\u{10a0}'..='\u{10ff}') {
        return Case::None;
    }
    if first.is_uppercase() {
        let dotted = letters
            .clone()
            .enumerate()
            .all(|(at, letter)| if at % 2 == 0 { letter == '.' } else { letter.is_uppercase() });
        if dotted {
            return Case::Initial;
        }
        let shouted = letters.all(|letter| !letter.is_lowercase());
        return if shouted { Case::Capitals } else { Case::Capital };
    }
    if first.is_lowercase() || first.is_numeric() || first == '_' || normal.is_empty() {
        Case::Lower
    } else {
        Case::None
    }
}

/// Han, kana, and the scripts of South-East Asia.
pub fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// What stands before a word, and whether a sentence begins with it.
#[inline]
fn gap_before(text: &str, before_bytes: u32, from: u32, to: u32) -> (Gap, bool) {
    if from == 0 {
        return (Gap::Apart, true);
    }
    // Most gaps.
    if to == from + 1 && text.as_bytes().get(from as usize) == Some(&b' ') {
        return (Gap::Close, false);
    }
    gap_of_others(text, before_bytes, from, to)
}

fn gap_of_others(text: &str, before_bytes: u32, from: u32, to: u32) -> (Gap, bool) {
    let Some(between) = text.get(from as usize..to as usize) else { return (Gap::Apart, true) };
    let (gap, begins) = gap_of(between, before_bytes);
    if gap == Gap::Apart && !between.is_ascii() && between.contains(is_apart) {
        // Without what is not seen.
        let seen: String = between.chars().filter(|letter| !is_apart(*letter)).collect();
        return if between.chars().all(|space| space == ZERO_WIDTH_SPACE) {
            (Gap::Parted, false)
        } else {
            gap_of(&seen, before_bytes)
        };
    }
    (gap, begins)
}

#[inline]
fn gap_of(between: &str, before_bytes: u32) -> (Gap, bool) {
    // Bytes, so that they are compared one by one and not by calls.
    let gap = match between.as_bytes() {
        b" " => return (Gap::Close, false),
        b"" => Gap::Nothing,
        b"-" | b"  " | b" '" => Gap::Close,
        // `O'Brien`, `d'Arc`, and not `Clinton's`.
        b"'" if before_bytes <= APOSTROPHE_BYTES_MAX => Gap::Close,
        b". " | b"." => Gap::Stop,
        b", " => Gap::Comma,
        [first, ..] if first.is_ascii() && *first != b' ' => Gap::Apart,
        _ => match between {
            "\u{a0}" | "\u{200c}" | "\u{2010}" | "\u{2011}" | "־" | " ’" => Gap::Close,
            "’" if before_bytes <= APOSTROPHE_BYTES_MAX => Gap::Close,
            "・" | "·" | "•" | "＝" => Gap::Dot,
            _ => Gap::Apart,
        },
    };
    let begins = match gap {
        Gap::Stop => true,
        Gap::Apart => between.contains(['.', '!', '?', ':', '\n', '"', '“', '«', '—', '…', '>', '¿', '¡', '⟩']),
        _ => false,
    };
    (gap, begins)
}
