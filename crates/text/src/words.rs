//! Where words begin and end: UAX 29 in one pass over the bytes.
//!
//! Stretches of scripts that are written without spaces are cut by `dictionary`, Burmese and Khmer by ICU4X. For all else the word boundary
//! rules are spelled out here, as far as they decide about segments with a letter or digit in them (rule numbers in
//! the comments). `reference` does the same through ICU alone; tests hold that both find the same words.

use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed, options::WordBreakInvariantOptions};

use crate::{
    Analysis, EMOJI_MAX, Emoji, WORD_BYTES_MAX, WORDS_MAX, Word,
    chars::{Chars, Class, Info},
    dictionary::{self, Dictionary, Letter},
    emoji, hash_word,
    normal::Normalizer,
};

/// The longest name of a placeholder, in bytes. What stands between `⟨` and `⟩` beyond that is text.
const PLACEHOLDER_BYTES_MAX: usize = 64;

/// Whether a character parts words like a space: straight, curly (both ways) and full-width apostrophes.
///
/// The modifier letters U+02BB and U+02BC are letters of Hawaiian and Breton and part nothing.
pub(crate) const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{ff07}')
}

/// The length of the placeholder that `text` begins with, `⟨` and `⟩` included.
pub(crate) fn placeholder_len(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('⟨')?;
    let window = &inner.as_bytes()[..inner.len().min(PLACEHOLDER_BYTES_MAX + '⟩'.len_utf8())];
    let close = memchr::memmem::find(window, "⟩".as_bytes())?;
    let name = &inner[..close];
    (!name.is_empty() && !name.contains('⟨')).then_some('⟨'.len_utf8() + close + '⟩'.len_utf8())
}

/// What an ASCII byte means to the scanner.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ascii {
    /// Stands between words.
    Gap,
    /// Letter, digit or underscore: all of them join each other.
    Word,
    /// `.` `:` `,` `;`: joins what stands on both sides of it, depending on what that is.
    Mid,
    Hash,
}

const ASCII: [Ascii; 128] = {
    let mut table = [Ascii::Gap; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Ascii::Word,
            b'.' | b':' | b',' | b';' => Ascii::Mid,
            b'#' => Ascii::Hash,
            _ => Ascii::Gap,
        };
        byte += 1;
    }
    table
};

#[inline]
fn is_ascii_word(byte: u8) -> bool {
    byte < 128 && ASCII[byte as usize] == Ascii::Word
}

/// A bound was reached: read no further.
struct Stop;

/// Finds words and brings them into their normal form.
#[derive(Debug)]
pub(crate) struct Scanner {
    chars: &'static Chars,
    normalizer: Normalizer,
    by_icu: WordSegmenterBorrowed<'static>,
    /// The text with ASCII in lower case.
    lower: String,
    /// Where `#` and `＃` stand.
    hashes: Vec<u32>,
    /// The stretch that is cut by dictionary.
    letters: Vec<Letter>,
}

impl Scanner {
    pub(crate) fn new() -> Self {
        Self {
            chars: Chars::shared(),
            normalizer: Normalizer::new(),
            by_icu: WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()),
            lower: String::new(),
            hashes: Vec::new(),
            letters: Vec::new(),
        }
    }

    /// Where `#` and `＃` stood in the text scanned last, in order.
    pub(crate) fn hashes(&self) -> &[u32] {
        &self.hashes
    }

    /// Appends the normal form of a spelling that is one word to `out`.
    pub(crate) fn push_normal(&self, raw: &str, out: &mut String) {
        if !self.chars.push_plain(raw, out) {
            self.normalizer.push(raw, out);
        }
    }

    /// Appends the words of `text` to `out`.
    pub(crate) fn scan(&mut self, text: &str, out: &mut Analysis) {
        let mut lower = std::mem::take(&mut self.lower);
        let mut hashes = std::mem::take(&mut self.hashes);
        let mut letters = std::mem::take(&mut self.letters);
        lower.clear();
        lower.push_str(text);
        lower.make_ascii_lowercase();
        hashes.clear();
        let mut pass = Pass {
            scanner: self,
            text,
            lower: &lower,
            hashes: &mut hashes,
            letters: &mut letters,
            out,
            normal_start: 0,
            plain: true,
            ordered: false,
            has_word: false,
        };
        if pass.run().is_err() {
            out.truncated = true;
        }
        self.lower = lower;
        self.hashes = hashes;
        self.letters = letters;
    }
}

/// One pass over one text.
struct Pass<'a> {
    scanner: &'a Scanner,
    text: &'a str,
    lower: &'a str,
    hashes: &'a mut Vec<u32>,
    letters: &'a mut Vec<Letter>,
    out: &'a mut Analysis,
    /// Where the normal form of the segment in work begins.
    normal_start: usize,
    /// So far its normal form is what [`Info::lower`] gives.
    plain: bool,
    /// The character before was [`Info::is_ordered`].
    ordered: bool,
    /// It holds a letter or digit.
    has_word: bool,
}

impl Pass<'_> {
    fn run(&mut self) -> Result<(), Stop> {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if byte < 128 {
                match ASCII[byte as usize] {
                    Ascii::Word => at = self.ascii_word(at)?,
                    Ascii::Hash => {
                        self.hashes.push(at as u32);
                        at += 1;
                    }
                    Ascii::Gap | Ascii::Mid => at += 1,
                }
                continue;
            }
            let c = first(&self.text[at..]);
            let info = self.scanner.chars.info(c);
            match info.class() {
                Class::Dictionary => at = self.dictionary_run(at)?,
                Class::Hash => {
                    self.hashes.push(at as u32);
                    at += c.len_utf8();
                }
                Class::Open => at += placeholder_len(&self.text[at..]).unwrap_or(c.len_utf8()),
                class if info.begins() => {
                    self.begin();
                    self.feed(c, info);
                    at = self.segment(at, at + c.len_utf8(), class)?;
                }
                _ if info.is_pictograph() || emoji::is_regional(c) => at += self.emoji(at).max(c.len_utf8()),
                class => {
                    if class == Class::Extend {
                        self.key(at, c);
                    }
                    at += c.len_utf8();
                }
            }
        }
        Ok(())
    }

    /// The emoji that stands here, if there is one; returns its length.
    fn emoji(&mut self, at: usize) -> usize {
        let start = self.out.normal.len();
        let len = emoji::push(&self.text[at..], &mut self.out.normal);
        self.keep_emoji(start);
        len
    }

    /// The key (`1️⃣`) that a character may have made of what stands before it.
    fn key(&mut self, at: usize, c: char) {
        if c == '\u{20e3}' {
            let start = self.out.normal.len();
            emoji::push_key(self.text, at, &mut self.out.normal);
            self.keep_emoji(start);
        }
    }

    /// Keeps the emoji whose normal form begins at `start`, unless it is known; nothing where there is none.
    fn keep_emoji(&mut self, start: usize) {
        let normal = &self.out.normal[start..];
        if normal.is_empty() {
            return;
        }
        let hash = hash_word(normal);
        let known = self.out.emoji.iter().any(|known| known.hash == hash);
        if known || self.out.emoji.len() == EMOJI_MAX {
            self.out.truncated |= !known;
            self.out.normal.truncate(start);
            return;
        }
        self.out.emoji.push(Emoji { hash, normal: (start as u32, self.out.normal.len() as u32) });
        self.out.normal.push(' ');
    }

    /// A segment that begins with an ASCII letter, digit or underscore. Returns where it ends.
    #[inline]
    fn ascii_word(&mut self, start: usize) -> Result<usize, Stop> {
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while bytes.get(end).is_some_and(|&byte| is_ascii_word(byte)) {
            end += 1;
        }
        let ends = match bytes.get(end) {
            None => true,
            Some(&byte) if byte < 128 => {
                ASCII[byte as usize] != Ascii::Mid
                    || !bytes.get(end + 1).is_some_and(|&next| next >= 128 || is_ascii_word(next))
            }
            Some(_) => false,
        };
        self.begin();
        let lower = &self.lower[start..end];
        if ends {
            if bytes[start] == b'_' && lower.bytes().all(|byte| byte == b'_') {
                return Ok(end);
            }
            if self.out.words.len() == WORDS_MAX {
                return Err(Stop);
            }
            if end - start > WORD_BYTES_MAX {
                self.out.truncated = true;
                return Ok(end);
            }
            self.out.normal.push_str(lower);
            self.push_word(start, end, hash_word(lower));
            return Ok(end);
        }
        self.out.normal.push_str(lower);
        self.has_word = bytes[start] != b'_' || lower.bytes().any(|byte| byte != b'_');
        let last = match bytes[end - 1] {
            b'_' => Class::Connector,
            b'0'..=b'9' => Class::Digit,
            _ => Class::Letter,
        };
        self.segment(start, end, last)
    }

    /// Goes on with a segment whose characters up to `at` are fed and whose last one that counts is of class `before`.
    fn segment(&mut self, start: usize, at: usize, mut before: Class) -> Result<usize, Stop> {
        let chars = self.scanner.chars;
        let mut rest = self.text[at..].chars();
        let mut joiner = false;
        let mut key = false;
        loop {
            let mut ahead = rest.clone();
            let Some(c) = ahead.next() else { break };
            let info = chars.info(c);
            let class = info.class();
            match (before, class) {
                // WB4: these belong to what stands before them.
                (_, Class::Extend | Class::Zwj) => {
                    self.feed(c, info);
                    key = c == '\u{20e3}';
                    joiner = class == Class::Zwj;
                    rest = ahead;
                    continue;
                }
                // WB3c; the dictionary run before a pictograph never reaches this.
                _ if joiner && info.is_pictograph() => {}
                // WB5, WB8, WB9, WB10
                (Class::Letter | Class::Hebrew | Class::Digit, Class::Letter | Class::Hebrew | Class::Digit)
                // WB13
                | (Class::Katakana, Class::Katakana)
                // WB13a
                | (Class::Letter | Class::Hebrew | Class::Digit | Class::Katakana | Class::Connector, Class::Connector)
                // WB13b
                | (Class::Connector, Class::Letter | Class::Hebrew | Class::Digit | Class::Katakana) => {}
                // WB6 and WB7, WB11 and WB12, WB7b and WB7c
                (Class::Letter | Class::Hebrew, Class::MidLetter | Class::MidBoth)
                | (Class::Digit, Class::MidNum | Class::MidBoth)
                | (Class::Hebrew, Class::Quote) => {
                    let mut beyond = ahead.clone();
                    let next = loop {
                        let Some(next) = beyond.next() else { break None };
                        let next_info = chars.info(next);
                        match next_info.class() {
                            Class::Extend | Class::Zwj => ahead = beyond.clone(),
                            next_class => break Some((next, next_info, next_class)),
                        }
                    };
                    let Some((next, next_info, next_class)) = next else { break };
                    let joins = match (before, class) {
                        (Class::Digit, _) => next_class == Class::Digit,
                        (_, Class::Quote) => next_class == Class::Hebrew,
                        _ => matches!(next_class, Class::Letter | Class::Hebrew),
                    };
                    if !joins {
                        break;
                    }
                    let between = rest.as_str().len() - ahead.as_str().len();
                    for c in rest.as_str()[..between].chars() {
                        self.feed(c, chars.info(c));
                    }
                    self.feed(next, next_info);
                    (joiner, key) = (false, false);
                    before = next_class;
                    rest = beyond;
                    continue;
                }
                _ => break,
            }
            self.feed(c, info);
            (joiner, key) = (false, false);
            before = class;
            rest = ahead;
        }
        let end = self.text.len() - rest.as_str().len();
        self.finish(start, end)?;
        // A key is all of what UAX 29 takes for a word.
        if key && end - start <= '\u{fe0f}'.len_utf8() + '\u{20e3}'.len_utf8() + 1 {
            self.key(end - '\u{20e3}'.len_utf8(), '\u{20e3}');
        }
        Ok(end)
    }

    /// A stretch of scripts that are written without spaces. Returns where it ends.
    fn dictionary_run(&mut self, start: usize) -> Result<usize, Stop> {
        let mut letters = std::mem::take(self.letters);
        letters.clear();
        let mut end = start;
        for letter in self.text[start..].chars() {
            let info = self.scanner.chars.info(letter);
            if info.class() != Class::Dictionary {
                break;
            }
            letters.push(Letter { value: letter, info, script: dictionary::script(letter), at: end as u32 });
            end += letter.len_utf8();
        }
        let cut = self.cut(&letters, start, end);
        *self.letters = letters;
        cut.map(|()| end)
    }

    /// Cuts a stretch by dictionary.
    fn cut(&mut self, letters: &[Letter], start: usize, end: usize) -> Result<(), Stop> {
        if letters.len() == 1 {
            return self.piece(letters, end);
        }
        if letters.iter().any(|letter| letter.script.is_none()) {
            return self.cut_by_icu(letters, start, end);
        }
        let mut rest = letters;
        while let Some(script) = rest.first().and_then(|first| first.script) {
            let len = rest.iter().take_while(|letter| letter.script == Some(script)).count();
            let (mut same, behind) = rest.split_at(len);
            rest = behind;
            let words = Dictionary::of(script);
            while !same.is_empty() {
                let (segment, behind) = same.split_at(words.segment(same));
                let next = behind.first().or(rest.first()).map_or(end, |next| next.at as usize);
                self.piece(segment, next)?;
                same = behind;
            }
        }
        Ok(())
    }

    fn cut_by_icu(&mut self, letters: &[Letter], start: usize, end: usize) -> Result<(), Stop> {
        let mut rest = letters;
        for to in self.scanner.by_icu.segment_str(&self.text[start..end]) {
            let len = rest.partition_point(|letter| (letter.at as usize) < start + to);
            if len > 0 {
                let (segment, behind) = rest.split_at(len);
                self.piece(segment, start + to)?;
                rest = behind;
            }
        }
        Ok(())
    }

    /// One segment that the dictionary found.
    fn piece(&mut self, letters: &[Letter], end: usize) -> Result<(), Stop> {
        self.begin();
        for letter in letters {
            self.feed(letter.value, letter.info);
        }
        self.finish(letters.first().map_or(end, |first| first.at as usize), end)
    }

    #[inline]
    fn begin(&mut self) {
        self.normal_start = self.out.normal.len();
        self.plain = true;
        self.ordered = false;
        self.has_word = false;
    }

    /// Takes one character into the segment in work.
    #[inline]
    fn feed(&mut self, c: char, info: Info) {
        self.has_word |= info.makes_word();
        if self.plain {
            if info.is_plain() && !(self.ordered && info.is_ordered()) {
                self.ordered = info.is_ordered();
                self.out.normal.push(info.lower(c));
            } else if let Some(parts) = parts(c) {
                self.ordered = false;
                self.out.normal.push_str(parts);
            } else {
                self.plain = false;
                self.out.normal.truncate(self.normal_start);
            }
        }
    }

    /// Ends the segment in work: a word, or nothing.
    fn finish(&mut self, start: usize, end: usize) -> Result<(), Stop> {
        if !self.has_word {
            self.out.normal.truncate(self.normal_start);
            return Ok(());
        }
        if self.out.words.len() == WORDS_MAX {
            self.out.normal.truncate(self.normal_start);
            return Err(Stop);
        }
        if !self.plain && end - start <= WORD_BYTES_MAX {
            self.scanner.normalizer.push(&self.text[start..end], &mut self.out.normal);
        }
        let len = self.out.normal.len() - self.normal_start;
        if len.max(end - start) > WORD_BYTES_MAX {
            self.out.truncated = true;
            self.out.normal.truncate(self.normal_start);
        } else if len > 0 {
            let hash = hash_word(&self.out.normal[self.normal_start..]);
            self.push_word(start, end, hash);
        }
        Ok(())
    }

    #[inline]
    fn push_word(&mut self, start: usize, end: usize, hash: u64) {
        let normal = (self.normal_start as u32, self.out.normal.len() as u32);
        self.out.words.push(Word { hash, normal, raw: (start as u32, end as u32) });
        self.out.normal.push(' ');
    }
}

/// What NFKC makes of the vowel `am` of Thai and Lao, which stands in many of their words: neither part is moved by, or composes with,
/// what stands beside it.
const fn parts(c: char) -> Option<&'static str> {
    match c {
        '\u{e33}' => Some("\u{e4d}\u{e32}"),
        '\u{eb3}' => Some("\u{ecd}\u{eb2}"),
        _ => None,
    }
}

/// The first character of what is not empty.
#[inline]
fn first(text: &str) -> char {
    text.chars().next().unwrap_or('\0')
}
