//! [`Lexicon`]: which words are names, and which are everyday words, in one small table.

use std::sync::OnceLock;

use super::looks::without_marks;
use super::spans::is_unspaced;
use super::together::Together;
use super::{About, model};
use crate::hash_word;
use crate::stop::stop_words;

/// `scripts/names/build.py` makes it; `data/README.md` says from what.
const WORDS: &str = include_str!("../../data/names.txt");

/// Begins a line of what only the source of the test's names has.
const MARKED: char = 'x';

/// What a word is known as; nothing where it is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(u16);

impl Known {
    pub(super) const GIVEN: u16 = 1;
    pub(super) const FAMILY: u16 = 1 << 1;
    /// An everyday word of some language.
    pub(super) const COMMON: u16 = 1 << 2;
    /// One of the few thousand most frequent of English.
    pub(super) const TOP: u16 = 1 << 3;
    /// A country, city, month or day.
    pub(super) const PLACE: u16 = 1 << 4;
    /// `mr`, `doña`, `さん`.
    pub(super) const HONORIFIC: u16 = 1 << 5;
    /// `van`, `de la`, `bin`.
    pub(super) const PARTICLE: u16 = 1 << 6;
    /// Not a word: two or three, joined, that are no person (`newyork`).
    pub(super) const PHRASE: u16 = 1 << 7;
    /// A stop word of some language.
    pub(super) const STOP: u16 = 1 << 8;
    pub(super) const NAME: u16 = Self::GIVEN | Self::FAMILY;

    pub(super) const fn is(self, what: u16) -> bool {
        self.0 & what != 0
    }

    /// It was found at all, as a word.
    pub(super) const fn is_word(self) -> bool {
        self.0 & !(Self::PHRASE | Self::STOP) != 0
    }

    fn letter(letter: char) -> u16 {
        match letter {
            'g' => Self::GIVEN,
            'f' => Self::FAMILY,
            'c' => Self::COMMON,
            't' => Self::TOP,
            'p' => Self::PLACE,
            'h' => Self::HONORIFIC,
            'd' => Self::PARTICLE,
            _ => Self::PHRASE,
        }
    }
}

/// From here on an [`About`] is the score of a word that no list has, above the lowest.
const UNLISTED: u8 = 224;
const UNLISTED_LOWEST: i32 = -8;
/// A word that no list has and that is no name.
const NO_NAME: u8 = u8::MAX;

const KNOWN_BITS: u32 = 9;
const KNOWN_MASK: u32 = (1 << KNOWN_BITS) - 1;

/// Four bytes a word: 23 bits of its hash and what it is. With the place in the table, 42 bits tell words apart: among all words
/// of a language, about one in five million is taken for another.
pub(super) struct Lexicon {
    slots: Box<[u32]>,
    phrases: Ends,
    /// What the lexicon and the stop words say together of any word, each once: what an [`About`] stands for.
    kinds: Vec<Known>,
    /// Of each kind its number.
    numbers: Box<[u8]>,
    /// Family names of scripts without spaces.
    families: Ends,
    /// Given names of scripts without spaces.
    givens: Ends,
    /// Second and third syllables of Korean names.
    syllables: [Vec<char>; 2],
}

impl Lexicon {
    /// The one table of the process, made at the first call (some tens of milliseconds).
    pub(super) fn shared() -> &'static Self {
        static LEXICON: OnceLock<Lexicon> = OnceLock::new();
        LEXICON.get_or_init(|| Self::read(true))
    }

    /// Without what is known from Faker alone, which the test's names are drawn from.
    pub(super) fn independent() -> &'static Self {
        static LEXICON: OnceLock<Lexicon> = OnceLock::new();
        LEXICON.get_or_init(|| Self::read(false))
    }

    fn read(with_marked: bool) -> Self {
        let count = WORDS.bytes().filter(|byte| *byte == b' ').count() + stop_words().count();
        let mut lexicon = Self {
            slots: vec![0; (count * 2).next_power_of_two()].into(),
            phrases: Ends::new(),
            kinds: Vec::new(),
            numbers: vec![0; 1 << KNOWN_BITS].into(),
            families: Ends::new(),
            givens: Ends::new(),
            syllables: [Vec::new(), Vec::new()],
        };
        for line in WORDS.lines() {
            let mut fields = line.split(' ');
            let letters = fields.next().unwrap_or_default();
            if letters.starts_with(MARKED) && !with_marked {
                continue;
            }
            let known = letters.trim_start_matches(MARKED).chars().fold(0, |all, letter| all | Known::letter(letter));
            for word in fields {
                lexicon.add(hash_word(word), known);
                if known & Known::GIVEN != 0 {
                    lexicon.note_syllables(word);
                }
                if known & Known::PHRASE != 0 {
                    lexicon.phrases.add(word);
                }
                if known & Known::FAMILY != 0 && word.starts_with(is_unspaced) {
                    lexicon.families.add(word);
                }
                if known & Known::GIVEN != 0 && word.starts_with(is_unspaced) {
                    lexicon.givens.add(word);
                }
            }
        }
        stop_words().for_each(|hash| lexicon.add(hash, Known::STOP));
        lexicon.number_kinds();
        for list in &mut lexicon.syllables {
            list.sort_unstable();
            list.dedup();
        }
        lexicon
    }

    /// Numbers all that [`Self::look`] can say.
    fn number_kinds(&mut self) {
        let mut said = vec![false; 1 << KNOWN_BITS];
        for slot in &self.slots {
            let known = (slot & KNOWN_MASK) as u16;
            // A word that is folded keeps its own place among the stop words.
            said[usize::from(known & !Known::STOP)] = true;
            said[usize::from(known | Known::STOP)] = true;
        }
        for known in (1..1 << KNOWN_BITS).filter(|known| said[usize::from(*known)]) {
            self.numbers[usize::from(known)] = self.kinds.len() as u8;
            self.kinds.push(Known(known));
        }
        assert!(
            self.kinds.len() <= usize::from(UNLISTED),
            "the lexicon tells more kinds of words than an `About` has room for"
        );
    }

    /// What is known of a word in normal form, and what it looks like where no list has it.
    pub(super) fn about(&self, word: &str, hash: u64) -> About {
        let known = self.look(word, self.get(hash));
        if known.0 != 0 {
            return About(self.numbers[usize::from(known.0)]);
        }
        // Scores lie between -8 and 12.
        About(Self::score_unlisted(word).map_or(NO_NAME, |score| UNLISTED + (score - UNLISTED_LOWEST) as u8))
    }

    /// Whether a list has the word.
    pub(super) const fn has(about: About) -> bool {
        about.0 < UNLISTED
    }

    /// What the lexicon has of a word.
    #[inline]
    pub(super) fn known(&self, about: About) -> Known {
        self.kinds.get(usize::from(about.0)).copied().unwrap_or_default()
    }

    /// How much a word that no list has speaks for a name.
    #[inline]
    pub(super) fn unlisted(about: About) -> Option<i32> {
        (about.0 != NO_NAME).then(|| i32::from(about.0) - i32::from(UNLISTED) + UNLISTED_LOWEST)
    }

    fn note_syllables(&mut self, word: &str) {
        let mut letters = word.chars();
        if let (Some(first @ '가'..='힣'), Some(second @ '가'..='힣'), None) =
            (letters.next(), letters.next(), letters.next())
        {
            self.syllables[0].push(first);
            self.syllables[1].push(second);
        }
    }

    fn add(&mut self, hash: u64, known: u16) {
        let (mut at, tag) = self.place(hash);
        while self.slots[at] != 0 && self.slots[at] >> KNOWN_BITS != tag {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] |= tag << KNOWN_BITS | u32::from(known);
    }

    #[inline]
    fn place(&self, hash: u64) -> (usize, u32) {
        // A tag of zero would look free with no flag; none has.
        (hash as usize & (self.slots.len() - 1), (hash >> (32 + KNOWN_BITS)) as u32)
    }

    /// What a word is, by [`hash_word`] of its normal form.
    #[inline]
    pub(super) fn get(&self, hash: u64) -> Known {
        let (mut at, tag) = self.place(hash);
        loop {
            let slot = self.slots[at];
            if slot >> KNOWN_BITS == tag || slot == 0 {
                return Known((slot & KNOWN_MASK) as u16);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// What a word is, also where Arabic script spells it with marks or the article, Hebrew with points, Cyrillic with ё, or Latin with
    /// accents that no list has (`Cándida`). `as_spelt` is what [`Self::get`] says.
    #[inline]
    pub(super) fn look(&self, word: &str, as_spelt: Known) -> Known {
        let folds = match word.as_bytes().first() {
            Some(0xd0..=0xd3) => word.contains('ё'),
            // Hebrew, with points.
            Some(0xd7) => word.contains(is_point),
            Some(0xd8..=0xdb) => true,
            Some(0..=0xc9) if !as_spelt.is_word() && !word.is_ascii() => {
                return self.look_without_accents(word, as_spelt);
            }
            _ => false,
        };
        let folded = if folds { fold(word) } else { None };
        folded
            .map_or(as_spelt, |folded| Known(self.get(hash_word(&folded)).0 & !Known::STOP | as_spelt.0 & Known::STOP))
    }

    /// A name that lists spell without accents, unless that is an everyday word as well.
    fn look_without_accents(&self, word: &str, as_spelt: Known) -> Known {
        let plain = without_marks(word).replace('ł', "l").replace('ø', "o").replace('ı', "i").replace('ə', "e");
        if !plain.is_ascii() {
            return as_spelt;
        }
        let known = self.get(hash_word(&plain));
        if known.is(Known::NAME) && !known.is(Known::COMMON | Known::TOP | Known::PLACE) {
            Known(known.0 & !Known::STOP | as_spelt.0 & Known::STOP)
        } else {
            as_spelt
        }
    }

    /// What stands in the lexicon under these letters.
    pub(super) fn word(&self, word: &str) -> Known {
        self.look(word, self.get(hash_word(word)))
    }

    /// What stands in the lexicon under these words, written together.
    pub(super) fn together<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Known {
        Together::of(words).map_or_else(Known::default, |all| self.word(all.as_str()))
    }

    /// Whether two words are a phrase that is no person (`new york`).
    pub(super) fn is_phrase(&self, one: &str, other: &str) -> bool {
        self.phrases.may_have(one, other) && self.together([one, other]).is(Known::PHRASE)
    }

    /// What a word of a script without spaces is, if that is a name.
    pub(super) fn unspaced_name(&self, word: &str) -> Known {
        if self.may_be_unspaced_name(word, "") { self.word(word) } else { Known::default() }
    }

    /// How much of a word [`Self::may_be_unspaced_name`] looks at, from either end.
    pub(super) const ENDS_BYTES: usize = 4;

    /// Whether what begins as the one and ends as the other could be a name of a script without spaces.
    pub(super) fn may_be_unspaced_name(&self, one: &str, other: &str) -> bool {
        let bit = Ends::bit(one, other);
        self.families.has(bit) || self.givens.has(bit)
    }

    /// What two pieces of a script without spaces are together, if that is a family name.
    pub(super) fn family(&self, one: &str, other: &str) -> Known {
        if self.families.may_have(one, other) { self.together([one, other]) } else { Known::default() }
    }

    /// Whether two syllables can be a Korean given name.
    pub(super) fn is_korean_given(&self, first: char, second: char) -> bool {
        self.syllables[0].binary_search(&first).is_ok() && self.syllables[1].binary_search(&second).is_ok()
    }

    /// How much it speaks for a name, in quarters: 16 for a given name that is nothing else. `None` for what is no name.
    pub(super) fn score(word: &str, known: Known, is_stop: bool) -> Option<i32> {
        if Self::is_listed(known, is_stop) { Self::score_listed(known, is_stop) } else { Self::score_unlisted(word) }
    }

    /// The same of a word of which is known what it looks like.
    #[inline]
    pub(super) fn score_about(about: About, known: Known, is_stop: bool) -> Option<i32> {
        if Self::is_listed(known, is_stop) { Self::score_listed(known, is_stop) } else { Self::unlisted(about) }
    }

    fn is_listed(known: Known, is_stop: bool) -> bool {
        known.is_word() || is_stop
    }

    fn score_listed(known: Known, is_stop: bool) -> Option<i32> {
        known.is(Known::NAME).then(|| match known {
            _ if is_stop || known.is(Known::TOP) => 0,
            _ if known.is(Known::COMMON | Known::PLACE) => 8,
            _ if known.is(Known::GIVEN) => 16,
            _ => 12,
        })
    }

    /// Of a word that no list has, by its letters.
    fn score_unlisted(word: &str) -> Option<i32> {
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(if ends_like_family(word) { 12 } else { model::score(word).map_or(0, |score| (score / 8).clamp(-8, 8)) })
    }
}

/// Which strings could be in a list, by how they begin and how they end: 8 kB that tell nearly all apart, before the list is asked.
struct Ends(Box<[u64]>);

const ENDS_BITS: usize = 1 << 16;

impl Ends {
    fn new() -> Self {
        Self(vec![0; ENDS_BITS / 64].into())
    }

    /// By the first and the last four bytes: one ideograph and a bit, or some letters.
    fn bit(one: &str, other: &str) -> usize {
        let (one, other) = (one.as_bytes(), other.as_bytes());
        // Two loads for most of what is asked.
        let last = if other.is_empty() { one } else { other };
        if let (Some(start), Some(end)) = (one.first_chunk(), last.last_chunk()) {
            return Self::mixed(u32::from_be_bytes(*start), u32::from_le_bytes(*end));
        }
        let start = one.iter().chain(other).take(4).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let end =
            other.iter().rev().chain(one.iter().rev()).take(4).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        Self::mixed(start, end)
    }

    fn mixed(start: u32, end: u32) -> usize {
        let mixed = start.wrapping_mul(0x9e37_79b1) ^ end.wrapping_mul(0x85eb_ca6b);
        (mixed >> 16) as usize % ENDS_BITS
    }

    fn add(&mut self, word: &str) {
        let bit = Self::bit(word, "");
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    /// Whether the two, written together, could be in the list.
    fn may_have(&self, one: &str, other: &str) -> bool {
        self.has(Self::bit(one, other))
    }

    fn has(&self, bit: usize) -> bool {
        self.0[bit / 64] >> (bit % 64) & 1 != 0
    }
}

/// How family names end, where hardly anything else does.
const FAMILY_ENDS: [&str; 80] = [
    "ović",
    "ević",
    "ovic",
    "evic",
    "escu",
    "opoulos",
    "poulou",
    "idis",
    "akis",
    "shvili",
    "dze",
    "yan",
    "yants",
    "sson",
    "dóttir",
    "dottir",
    "čič",
    "čić",
    "owski",
    "ewski",
    "owska",
    "ewska",
    "owicz",
    "ewicz",
    "ienė",
    "aitė",
    "auskas",
    "enko",
    "chuk",
    "oğlu",
    "oglu",
    "zadə",
    "zade",
    "zadeh",
    "pour",
    "yeva",
    "ovych",
    "ová",
    "ίδης",
    "ίδου",
    "άκης",
    "άκη",
    "όπουλος",
    "οπούλου",
    "ιδης",
    "ιδου",
    "ακης",
    "οπουλος",
    "οπουλου",
    "ούδης",
    "ιάδης",
    "ιάδου",
    "όγλου",
    "ογλου",
    "ούλης",
    "ούλη",
    "έλης",
    "έλλης",
    "άτος",
    "άτου",
    "енко",
    "чук",
    "ський",
    "ська",
    "швили",
    "дзе",
    "ович",
    "евич",
    "овна",
    "евна",
    "оски",
    "ески",
    "ոսյան",
    "յան",
    "յանց",
    "ძე",
    "შვილი",
    "უა",
    "ავა",
    "پور",
];
const END_LETTERS_MIN: usize = 3;

/// Of each byte, the endings that end in it, as bits: nearly all words are told apart by it.
const ENDS_BY_LAST: [u128; 256] = {
    let mut ends = [0; 256];
    let mut at = 0;
    while at < FAMILY_ENDS.len() {
        let bytes = FAMILY_ENDS[at].as_bytes();
        ends[bytes[bytes.len() - 1] as usize] |= 1 << at;
        at += 1;
    }
    ends
};

pub(super) fn ends_like_family(word: &str) -> bool {
    let mut ends = word.as_bytes().last().map_or(0, |last| ENDS_BY_LAST[usize::from(*last)]);
    while ends != 0 {
        let end = FAMILY_ENDS[ends.trailing_zeros() as usize];
        if word.strip_suffix(end).is_some_and(|start| start.chars().count() >= END_LETTERS_MIN) {
            return true;
        }
        ends &= ends - 1;
    }
    false
}

/// A vowel sign or accent of Hebrew, which everyday writing does without.
const fn is_point(letter: char) -> bool {
    matches!(letter, '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}')
}

/// Arabic script as people type it, without marks and the article, one alef and one ya; Hebrew without points; Cyrillic without ё. `None` where nothing
/// changes.
fn fold(word: &str) -> Option<String> {
    let mut out = String::with_capacity(word.len());
    let mut changed = false;
    for letter in word.chars() {
        let folded = match letter {
            '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{640}' => {
                changed = true;
                continue;
            }
            _ if is_point(letter) => {
                changed = true;
                continue;
            }
            'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
            'ى' | 'ئ' | 'ی' => 'ي',
            'ة' => 'ه',
            'ؤ' => 'و',
            'ک' => 'ك',
            'ё' => 'е',
            other => other,
        };
        changed |= folded != letter;
        out.push(folded);
    }
    if let Some(rest) = out.strip_prefix("ال")
        && rest.chars().count() >= 3
    {
        return Some(rest.to_owned());
    }
    changed.then_some(out)
}
