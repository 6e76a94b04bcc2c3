//! A text cut into words, signs and emoji: what tone is read from.

use std::ops::ControlFlow;

/// Words that are read of a post; what follows has no say.
pub const WORDS_MAX: usize = 256;

/// What stands for any link.
pub const LINK: &str = "http";

/// The words of a text, in order: words (apostrophes within them stay), runs of one sign, faces such as `:)`, emoji one by
/// one. Links are [`LINK`], names of accounts and other placeholders are left out. At most [`WORDS_MAX`], and no more than
/// [`BYTES_MAX`] of the text are read.
pub fn words(text: &str) -> Words<'_> {
    Words { rest: &text[..text.floor_char_boundary(BYTES_MAX)], left: WORDS_MAX }
}

/// What is read of a text, in bytes.
pub const BYTES_MAX: usize = 8_192;

/// What a scrubber writes for what it took out is no longer than this.
const PLACEHOLDER_BYTES_MAX: usize = 32;

/// See [`words`].
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a str,
    left: usize,
}

const FACES: [&str; 26] = [
    ":-)", ":-(", ":-d", ":-p", ":-/", ";-)", ":'(", ":')", ":))", ":((", "^_^", "-_-", "</3", ":)", ":(", ":d", ":p",
    ":/", ";)", ":o", "<3", "xd", "=)", "=(", "(:", ";(",
];

/// Letters that most posts are made of are known without a look into Unicode's tables, which costs more than all else here.
#[inline]
fn is_word(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphanumeric() || c == '_',
        '\u{d7}' | '\u{f7}' => false,
        '\u{c0}'..='\u{24f}' | '\u{620}'..='\u{64a}' => true,
        _ => is_word_by_tables(c),
    }
}

fn is_word_by_tables(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '\u{300}'..='\u{36f}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
            | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{955}'..='\u{957}' | '\u{962}' | '\u{963}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '＇')
}

impl<'a> Words<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (word, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        word
    }

    fn skip_to(&mut self, end: impl Fn(char) -> bool) {
        let bytes = self.rest.find(end).unwrap_or(self.rest.len());
        self.take(bytes);
    }

    /// The next word, or what was passed by.
    fn step(&mut self) -> ControlFlow<Option<&'a str>> {
        let Some(first) = self.rest.chars().next() else { return ControlFlow::Break(None) };
        if first.is_whitespace() || first.is_control() {
            self.take(first.len_utf8());
            return ControlFlow::Continue(());
        }
        if is_word(first) {
            return self.word();
        }
        match first {
            '@' => self.skip_to(char::is_whitespace),
            '#' | '＃' | '\u{fe0e}' | '\u{fe0f}' | '\u{200d}' | '\u{1f3fb}'..='\u{1f3ff}' => {
                self.take(first.len_utf8());
            }
            '⟨' => {
                let near = &self.rest[..self.rest.floor_char_boundary(PLACEHOLDER_BYTES_MAX)];
                let placeholder = near.find('⟩').map_or(first.len_utf8(), |at| at + '⟩'.len_utf8());
                if self.take(placeholder) == "⟨link⟩" {
                    return ControlFlow::Break(Some(LINK));
                }
            }
            _ => return ControlFlow::Break(Some(self.sign(first))),
        }
        ControlFlow::Continue(())
    }

    fn word(&mut self) -> ControlFlow<Option<&'a str>> {
        let ascii = self.rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let mut end = self.rest.len();
        let mut chars = self.rest[ascii..].char_indices().map(|(at, c)| (ascii + at, c)).peekable();
        while let Some((at, c)) = chars.next() {
            let apostrophe = at > 0 && is_apostrophe(c) && chars.peek().is_some_and(|&(_, next)| next.is_alphabetic());
            if !is_word(c) && !apostrophe {
                end = at;
                break;
            }
        }
        let word = self.take(end);
        if matches!(word, "http" | "https") {
            if self.rest.starts_with("://") {
                self.skip_to(char::is_whitespace);
            }
            return ControlFlow::Break(Some(LINK));
        }
        // `&amp;` and its like are how some sources write signs: the `&` was read, its name is not.
        if self.rest.starts_with(';') && matches!(word, "amp" | "lt" | "gt" | "quot") {
            self.take(1);
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(Some(word))
    }

    /// A face, a run of one sign (three at most are told apart), or one emoji.
    fn sign(&mut self, first: char) -> &'a str {
        let face = FACES.iter().filter(|_| matches!(first, ':' | ';' | '^' | '-' | '<' | '=' | '(')).find(|face| {
            self.rest.as_bytes().get(..face.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(face.as_bytes()))
        });
        if let Some(face) = face
            && !self.rest[face.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '/')
        {
            return self.take(face.len());
        }
        if !first.is_ascii_punctuation() {
            return self.take(first.len_utf8());
        }
        let run = self.rest.bytes().take_while(|&byte| byte == first as u8).count();
        let word = self.take(run);
        &word[..run.min(3)]
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        loop {
            if let ControlFlow::Break(word) = self.step() {
                return word;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_are_known_are_those_of_the_tables() {
        for c in '\0'..=char::MAX {
            assert_eq!(is_word(c), is_word_by_tables(c), "{c:?}");
        }
    }

    #[test]
    fn faces_are_found_by_how_they_begin() {
        // One of letters is read as a word, and says the same.
        for face in FACES {
            assert_eq!(words(face).collect::<Vec<_>>(), [face]);
        }
    }

    #[test]
    fn words_end_where_they_did() {
        let read = |text| words(text).collect::<Vec<_>>();
        assert_eq!(
            read("don't d'été été's _a1 'tis it' a’b c"),
            ["don't", "d'été", "été's", "_a1", "'", "tis", "it", "'", "a’b", "c"]
        );
        assert_eq!(read("abcé×def÷ كتاب"), ["abcé", "×", "def", "÷", "كتاب"]);
    }
}
