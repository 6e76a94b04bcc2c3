//! Names that look like names and are spelt with other letters: `Jаne Dоe` with Cyrillic vowels, `ᴊᴀɴᴇ`, struck through by marks.
//!
//! By the confusables of Unicode (UTS 39), as far as they are letters of one design. For names alone: what is counted, shown and watched is the
//! word as it is spelt, of which a name-like span is then made or not.

use std::sync::OnceLock;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Two lines an alphabet, by Unicode and by the shape of capitals: pairs of a letter and what it looks like.
const TABLE: &str = include_str!("../../data/look-alikes.txt");
/// Small capitals, which UTS 39 has only in part: phonetic letters that people write fancy names with.
const SMALL_CAPITALS: &str = "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz";
/// Small letters of Latin whose capitals look like those of another alphabet, where the small ones look like none or like a rare one: `НИНА`
/// with a Latin `H` is `hинa` in small letters.
const CYRILLIC_BY_CAPITALS: &str = "bв hн kк mм tт";
const GREEK_BY_CAPITALS: &str = "bβ hη kκ mμ nν tτ xχ yυ zζ";
/// Letters of a word that is read so, marks not counted; a name is no longer.
const LETTERS_MAX: usize = 48;

/// What foreign letters can be read as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Latin,
    Cyrillic,
    Greek,
}

const ALPHABETS: [Alphabet; 3] = [Alphabet::Latin, Alphabet::Cyrillic, Alphabet::Greek];

impl Alphabet {
    /// Whether a letter without marks is one that it has names in.
    fn has(self, letter: char) -> bool {
        match self {
            Self::Latin => matches!(letter, 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{2af}' | '\u{1e00}'..='\u{1eff}'),
            Self::Cyrillic => matches!(letter, '\u{400}'..='\u{52f}'),
            Self::Greek => matches!(letter, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}'),
        }
    }
}

/// Of each alphabet, what looks like which of its letters, and whether it does so by Unicode.
struct Looks([Vec<(char, char, bool)>; 3]);

impl Looks {
    fn shared() -> &'static Self {
        static LOOKS: OnceLock<Looks> = OnceLock::new();
        LOOKS.get_or_init(|| {
            let pairs = |line: &'static str, by_unicode| {
                line.split(' ').filter_map(move |pair| {
                    let mut letters = pair.chars();
                    let pair = (letters.next()?, letters.next()?);
                    // What the lines are called is no pair: `latin by capitals`.
                    (letters.next().is_none() && pair != ('b', 'y')).then_some((pair.0, pair.1, by_unicode))
                })
            };
            let mut lines = TABLE.lines();
            let mut line = || lines.next().unwrap_or_default();
            Self(ALPHABETS.map(|alphabet| {
                let (by_unicode, by_capitals) = (line(), line());
                let ours = match alphabet {
                    Alphabet::Latin => SMALL_CAPITALS,
                    Alphabet::Cyrillic => CYRILLIC_BY_CAPITALS,
                    Alphabet::Greek => GREEK_BY_CAPITALS,
                };
                let mut all: Vec<_> = [(ours, false), (by_unicode, true), (by_capitals, false)]
                    .into_iter()
                    .flat_map(|(line, by_unicode)| pairs(line, by_unicode))
                    .collect();
                // Ours first, where there are two.
                all.sort_by_key(|pair| pair.0);
                all.dedup_by_key(|pair| pair.0);
                all
            }))
        })
    }

    fn get(&self, letter: char, alphabet: Alphabet) -> Option<(char, bool)> {
        let pairs = &self.0[alphabet as usize];
        let at = pairs.binary_search_by_key(&letter, |pair| pair.0).ok()?;
        Some((pairs[at].1, pairs[at].2))
    }
}

impl Looks {
    /// Whether by Unicode it looks like a letter of Latin, with a mark or without.
    fn looks_latin(&self, letter: char) -> bool {
        let by_unicode = |letter| self.get(letter, Alphabet::Latin).is_some_and(|like| like.1);
        by_unicode(letter) || without_marks(letter.encode_utf8(&mut [0; 4])).chars().next().is_some_and(by_unicode)
    }
}

/// A reading of a word.
pub(super) struct Reading {
    pub(super) word: String,
    /// The word is certainly no honest one: it mixes alphabets, or has marks that belong to no letter. Else all its letters are of one
    /// other alphabet, as those of `сор` are.
    pub(super) is_certain: bool,
}

/// What a word says where its letters are read as those they look like, without marks that belong to no letter and without what is
/// invisible. Of nearly all words nothing. Takes a normal form, or a spelling.
pub(super) fn readings(word: &str) -> Vec<Reading> {
    if !may_be_read(word) {
        return Vec::new();
    }
    read_all(word)
}

/// The same without asking first.
fn read_all(word: &str) -> Vec<Reading> {
    let mut readings: Vec<Reading> = Vec::new();
    let mut note = |word: String, is_certain| {
        if readings.iter().all(|reading| reading.word != word) {
            readings.push(Reading { word, is_certain });
        }
    };
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(word);
    let bare: String = composed.chars().filter(|letter| !is_apart(*letter)).collect();
    if bare.chars().count() > LETTERS_MAX {
        return Vec::new();
    }
    // Accents of a word that has others, too, are of the same kind.
    let has_marks = bare.len() < composed.len();
    for letters in [&bare, &without_marks(&bare)] {
        if has_marks && letters.chars().all(is_of_an_alphabet) {
            note(letters.clone(), true);
        }
        for alphabet in ALPHABETS {
            if let Some((read, is_mixed)) = read_as(letters, alphabet) {
                note(read, is_mixed || has_marks);
            }
        }
        if !has_marks {
            break;
        }
    }
    readings
}

/// What is known of a letter before it is looked up, by the constants below; in the three lowest bits, whose letter it is, by the place in
/// [`ALPHABETS`].
struct Kinds(Box<[u8]>);

/// No alphabet's, and looks like one of theirs.
const OTHER: u8 = 1 << 3;
const LIKE_LATIN: u8 = 1 << 4;
const SMALL_CAPITAL: u8 = 1 << 5;
const APART: u8 = 1 << 6;
/// Of a script that has nothing to do with this: Arabic, Thai, ideographs.
const UNLIKE: u8 = 1 << 7;

impl Kinds {
    fn shared() -> &'static Self {
        static KINDS: OnceLock<Kinds> = OnceLock::new();
        KINDS.get_or_init(|| {
            let looks = Looks::shared();
            let kind = |code| char::from_u32(code).map_or(0, |letter| looks.kind(letter));
            Self((0..0x1_0000).map(kind).collect())
        })
    }

    #[inline]
    fn get(&self, letter: char) -> u8 {
        self.0.get(letter as usize).copied().unwrap_or_else(|| Looks::shared().kind(letter))
    }
}

impl Looks {
    fn kind(&self, letter: char) -> u8 {
        if is_apart(letter) {
            return APART;
        }
        if !letter.is_alphabetic() {
            return 0;
        }
        let mut kind = match ALPHABETS.iter().position(|alphabet| alphabet.has(letter)) {
            Some(at) => 1 << at,
            None if ALPHABETS.iter().all(|alphabet| self.get(letter, *alphabet).is_none()) => UNLIKE,
            None => OTHER,
        };
        if kind == 1 << Alphabet::Latin as u8 || self.looks_latin(letter) {
            kind |= LIKE_LATIN;
        }
        if is_small_capital(letter) {
            kind |= LIKE_LATIN | SMALL_CAPITAL;
        }
        kind
    }
}

/// Whether a word could have a reading: tells nearly all honest ones by a look at each letter.
fn may_be_read(word: &str) -> bool {
    if word.is_ascii() {
        return false;
    }
    let kinds = Kinds::shared();
    let (mut all, mut like_latin) = (0, true);
    for letter in word.chars() {
        let kind = kinds.get(letter);
        if kind & (APART | UNLIKE) != 0 {
            return kind & APART != 0;
        }
        all |= kind;
        like_latin &= kind == 0 || kind & LIKE_LATIN != 0;
    }
    let own = all & (OTHER | (OTHER - 1));
    // Of Latin alone it says what it says, but for small capitals.
    own.count_ones() > 1 || like_latin && own != 0 && (own != 1 || all & SMALL_CAPITAL != 0)
}

/// A word in an alphabet that it has foreign letters beside, or is foreign to as a whole; and whether its letters are of several.
fn read_as(word: &str, alphabet: Alphabet) -> Option<(String, bool)> {
    let looks = Looks::shared();
    let (mut has_own, mut has_foreign, mut by_unicode) = (false, false, true);
    let mut read = String::with_capacity(word.len());
    for letter in word.chars() {
        if alphabet.has(letter) && looks.get(letter, alphabet).is_none() || !letter.is_alphabetic() {
            has_own |= letter.is_alphabetic();
            read.push(letter);
            continue;
        }
        has_foreign = true;
        if let Some((like, is_by_unicode)) = looks.get(letter, alphabet) {
            by_unicode &= is_by_unicode;
            read.push(like);
            continue;
        }
        // `ё` is read as `ë`.
        let apart = DecomposingNormalizerBorrowed::new_nfd().normalize(letter.encode_utf8(&mut [0; 4])).into_owned();
        let mut parts = apart.chars();
        let (like, is_by_unicode) = looks.get(parts.next()?, alphabet)?;
        by_unicode &= is_by_unicode;
        read.push(like);
        read.extend(parts);
    }
    if !has_foreign {
        return None;
    }
    // By the shape of capitals everything looks like something: it takes company. A word that is Latin as a whole is what it says.
    let is_fancy = word.chars().all(is_small_capital);
    if !has_own && (alphabet != Alphabet::Latin || !by_unicode && !is_fancy) {
        return None;
    }
    Some((ComposingNormalizerBorrowed::new_nfc().normalize(&read).into_owned(), has_own || is_fancy))
}

/// Phonetic letters, of which no language writes words.
const fn is_small_capital(letter: char) -> bool {
    matches!(
        letter,
        '\u{1d00}'
            ..='\u{1d2b}'
                | '\u{262}'
                | '\u{26a}'
                | '\u{274}'
                | '\u{280}'
                | '\u{28f}'
                | '\u{299}'
                | '\u{29c}'
                | '\u{29f}'
                | '\u{a730}'
                | '\u{a731}'
    )
}

fn is_of_an_alphabet(letter: char) -> bool {
    !letter.is_alphabetic() || ALPHABETS.iter().any(|alphabet| alphabet.has(letter))
}

/// Marks that are left when all that compose have composed, and joiners.
#[inline]
pub(super) const fn is_apart(letter: char) -> bool {
    matches!(
        letter,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}'
            | '\u{feff}'
            | '\u{ad}'
    )
}

/// Without all marks, those that compose with their letter too.
pub(super) fn without_marks(word: &str) -> String {
    DecomposingNormalizerBorrowed::new_nfd().normalize(word).chars().filter(|letter| !is_apart(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn letter() -> impl Strategy<Value = char> {
        prop_oneof![
            4 => proptest::sample::select("aeopcxyjisnAEOPаеорсхуіјѕнглАВЕαονρσλᴊᴀɪəñйёօոսᎪꓐⲟ\u{301}\u{336}\u{200d}_1".chars().collect::<Vec<_>>()),
            1 => any::<char>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_not_read_has_no_reading(letters in proptest::collection::vec(letter(), 0..6)) {
            let word: String = letters.into_iter().collect();
            // As words come here: in normal form.
            let word = ComposingNormalizerBorrowed::new_nfkc().normalize(&word).into_owned();
            if !may_be_read(&word) {
                prop_assert!(read_all(&word).is_empty(), "{word}");
            }
        }
    }

    fn read(word: &str) -> Vec<(String, bool)> {
        readings(word).into_iter().map(|reading| (reading.word, reading.is_certain)).collect()
    }

    #[test]
    fn readings_of_words_that_look_so() {
        let certain = |word: &str| (word.to_owned(), true);
        for (word, expected) in [
            ("jаne", vec![certain("jane")]),
            ("ja\u{200d}ne", vec![certain("jane")]),
            ("j\u{336}a\u{336}n\u{336}e\u{336}", vec![certain("jane")]),
            ("ᴊᴀɴᴇ", vec![certain("jane")]),
            ("cергей", vec![certain("сергей")]),
            ("ѕаrа", vec![certain("sara"), certain("ѕага")]),
            // Honest words.
            ("раре", vec![("pape".to_owned(), false)]),
            ("josé", vec![]),
            ("москва", vec![]),
            ("kpop을", vec![]),
            ("محمد", vec![]),
            ("jane", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(read(word), expected, "{word}");
        }
        assert!(read(&"а\u{301}".repeat(10_000)).is_empty());
        assert_eq!(read(&format!("jane{}", "\u{301}".repeat(10_000))), [certain("jané"), certain("jane")]);
    }
}
