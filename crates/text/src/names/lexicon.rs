//! [`Lexicon`]: which words are names, and which are everyday words, in one small table.

use std::sync::OnceLock;

use super::model;
use crate::hash_word;

/// `scripts/names/build.py` makes it; `data/README.md` says from what.
const WORDS: &str = include_str!("../../data/names.txt");

/// Begins a line of what only the source of the test's names has.
const MARKED: char = 'x';

/// What a word is known as; nothing where it is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(u8);

impl Known {
    pub(super) const GIVEN: u8 = 1;
    pub(super) const FAMILY: u8 = 1 << 1;
    /// An everyday word of some language.
    pub(super) const COMMON: u8 = 1 << 2;
    /// One of the few thousand most frequent of English.
    pub(super) const TOP: u8 = 1 << 3;
    /// A country, city, month or day.
    pub(super) const PLACE: u8 = 1 << 4;
    /// `mr`, `doña`, `さん`.
    pub(super) const HONORIFIC: u8 = 1 << 5;
    /// `van`, `de la`, `bin`.
    pub(super) const PARTICLE: u8 = 1 << 6;
    /// Not a word: two or three, joined, that are no person (`newyork`).
    pub(super) const PHRASE: u8 = 1 << 7;
    pub(super) const NAME: u8 = Self::GIVEN | Self::FAMILY;

    pub(super) const fn is(self, what: u8) -> bool {
        self.0 & what != 0
    }

    /// It was found at all, as a word.
    pub(super) const fn is_word(self) -> bool {
        self.0 & !Self::PHRASE != 0
    }

    fn letter(letter: char) -> u8 {
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

/// Four bytes a word: 24 bits of its hash and what it is. With the place in the table, 43 bits tell words apart: among all words
/// of a language, about one in ten million is taken for another.
pub(super) struct Lexicon {
    slots: Box<[u32]>,
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
        let count = WORDS.bytes().filter(|byte| *byte == b' ').count();
        let mut lexicon =
            Self { slots: vec![0; (count * 2).next_power_of_two()].into(), syllables: [Vec::new(), Vec::new()] };
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
            }
        }
        for list in &mut lexicon.syllables {
            list.sort_unstable();
            list.dedup();
        }
        lexicon
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

    fn add(&mut self, hash: u64, known: u8) {
        let (mut at, tag) = self.place(hash);
        while self.slots[at] != 0 && self.slots[at] >> 8 != tag {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] |= tag << 8 | u32::from(known);
    }

    #[inline]
    fn place(&self, hash: u64) -> (usize, u32) {
        // A tag of zero would look free with no flag; none has.
        (hash as usize & (self.slots.len() - 1), (hash >> 40) as u32)
    }

    /// What a word is, by [`hash_word`] of its normal form.
    #[inline]
    pub(super) fn get(&self, hash: u64) -> Known {
        let (mut at, tag) = self.place(hash);
        loop {
            let slot = self.slots[at];
            if slot >> 8 == tag || slot == 0 {
                return Known(slot as u8);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// What a word is, also where Arabic script spells it with marks or the article, or Cyrillic with ё.
    #[inline]
    pub(super) fn look(&self, word: &str, hash: u64) -> Known {
        let folds = match word.as_bytes().first() {
            Some(0xd0..=0xd3) => word.contains('ё'),
            Some(0xd8..=0xdb) => true,
            _ => false,
        };
        let folded = if folds { fold(word) } else { None };
        folded.map_or_else(|| self.get(hash), |folded| self.get(hash_word(&folded)))
    }

    /// What stands in the lexicon under these letters.
    pub(super) fn word(&self, word: &str) -> Known {
        self.look(word, hash_word(word))
    }

    /// Whether two syllables can be a Korean given name.
    pub(super) fn is_korean_given(&self, first: char, second: char) -> bool {
        self.syllables[0].binary_search(&first).is_ok() && self.syllables[1].binary_search(&second).is_ok()
    }

    /// How much it speaks for a name, in quarters: 16 for a given name that is nothing else. `None` for what is no name.
    pub(super) fn score(word: &str, known: Known, is_stop: bool) -> Option<i32> {
        if known.is(Known::NAME) {
            return Some(match known {
                _ if is_stop || known.is(Known::TOP) => 0,
                _ if known.is(Known::COMMON | Known::PLACE) => 8,
                _ if known.is(Known::GIVEN) => 16,
                _ => 12,
            });
        }
        if known.is_word() || is_stop || word.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(if ends_like_family(word) { 12 } else { model::score(word).map_or(0, |score| (score / 8).clamp(-8, 8)) })
    }
}

/// How family names end, where hardly anything else does.
const FAMILY_ENDS: [&str; 68] = [
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

fn ends_like_family(word: &str) -> bool {
    // Nearly all are told apart by their last byte.
    let last = word.as_bytes().last();
    let is_end = |end: &&str| {
        end.as_bytes().last() == last
            && word.strip_suffix(*end).is_some_and(|start| start.chars().count() >= END_LETTERS_MIN)
    };
    FAMILY_ENDS.iter().any(is_end)
}

/// Arabic script as people type it, without marks and the article, one alef and one ya; Cyrillic without ё. `None` where nothing
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
