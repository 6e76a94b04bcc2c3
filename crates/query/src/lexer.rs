//! From characters to tokens. Everything about a single token is decided here: escapes, wildcards, fields, refusals.

use crate::error::{QueryError, QueryErrorKind, Span};
use crate::lint::{Lint, LintKind};
use crate::tree::{PhrasePart, Term};
use crate::{CHARACTERS_MAX, NEAR_MAX, PREFIX_LETTERS_MIN, field};

/// A token and its place.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) span: Span,
    pub(crate) kind: TokenKind,
}

#[derive(Clone, Debug)]
pub(crate) enum TokenKind {
    Open,
    Close,
    And,
    Or,
    Not,
    Near { ordered: bool, distance: u8 },
    Term(Term),
}

/// Any double quotation mark: straight, curly, low, angled, full width, CJK corner is none (it marks titles).
pub(crate) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '＂' | '〝' | '〞' | '〟')
}

/// Whether an unescaped bare word reads as an operator.
pub(crate) fn is_operator(word: &str) -> bool {
    matches!(word, "AND" | "OR" | "NOT" | "NEAR" | "ONEAR") || word.starts_with("NEAR/") || word.starts_with("ONEAR/")
}

/// One character of a bare word, and whether a `\` stood before it.
#[derive(Clone, Copy)]
struct Char {
    at: usize,
    c: char,
    escaped: bool,
}

impl Char {
    fn is(self, c: char) -> bool {
        self.c == c && !self.escaped
    }

    fn end(self) -> usize {
        self.at + self.c.len_utf8()
    }
}

pub(crate) struct Lexer<'q> {
    text: &'q str,
    at: usize,
    pub(crate) lints: Vec<Lint>,
}

pub(crate) fn tokenize(text: &str) -> Result<(Vec<Token>, Vec<Lint>), QueryError> {
    if let Some((at, _)) = text.char_indices().nth(CHARACTERS_MAX) {
        let count = text.chars().count();
        return Err(QueryError::new(
            QueryErrorKind::TooLarge,
            Span::new(at, text.len()),
            format!("the query has {count} characters, more than {CHARACTERS_MAX}"),
            "split it into several watches, or use prefixes in place of long lists",
        ));
    }
    let mut lexer = Lexer { text, at: 0, lints: Vec::new() };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok((tokens, lexer.lints))
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Result<Option<Token>, QueryError> {
        while let Some(c) = self.peek()
            && c.is_whitespace()
        {
            self.at += c.len_utf8();
        }
        let start = self.at;
        let Some(c) = self.peek() else { return Ok(None) };
        let kind = match c {
            '(' => {
                self.at += 1;
                TokenKind::Open
            }
            ')' => {
                self.at += 1;
                TokenKind::Close
            }
            c if is_quote(c) => TokenKind::Term(self.phrase()?),
            _ => self.bare()?,
        };
        Ok(Some(Token { span: Span::new(start, self.at), kind }))
    }

    /// Reads the character at the cursor, resolving `\`.
    fn take(&mut self) -> Result<Option<Char>, QueryError> {
        let at = self.at;
        let Some(c) = self.peek() else { return Ok(None) };
        self.at += c.len_utf8();
        if c != '\\' {
            return Ok(Some(Char { at, c, escaped: false }));
        }
        let inner = self.at;
        let Some(c) = self.peek() else {
            return Err(QueryError::new(
                QueryErrorKind::Dangling,
                Span::new(at, self.at),
                "a `\\` at the end escapes nothing",
                "leave it out, or write `\\\\` for the character itself",
            ));
        };
        self.at += c.len_utf8();
        Ok(Some(Char { at: inner, c, escaped: true }))
    }

    /// Reads up to the closing quotation mark; the cursor stands on the opening one.
    fn quoted(&mut self) -> Result<Vec<Char>, QueryError> {
        let open = self.at;
        let open_mark = self.peek().unwrap_or('"');
        self.at += open_mark.len_utf8();
        let mut chars = Vec::new();
        while let Some(c) = self.take()? {
            if !c.escaped && is_quote(c.c) {
                // „…“ and »…« close with what opens elsewhere; only a straight mark against another one is a slip.
                if (c.c == '"') != (open_mark == '"') {
                    self.lints.push(Lint::new(
                        LintKind::MixedQuotes,
                        Span::new(open, self.at),
                        "opened with one kind of quotation mark and closed with another",
                        "any double quotation mark closes a phrase; write `\\\"` for one that belongs to it",
                    ));
                }
                return Ok(chars);
            }
            chars.push(c);
        }
        Err(QueryError::new(
            QueryErrorKind::Unbalanced,
            Span::new(open, open + open_mark.len_utf8()),
            "this quotation mark is never closed",
            "close it with `\"`, or write `\\\"` for the character itself",
        ))
    }

    fn phrase(&mut self) -> Result<Term, QueryError> {
        let start = self.at;
        let chars = self.quoted()?;
        let span = Span::new(start, self.at);
        let mut parts = Vec::new();
        for part in chars.split(|c| !c.escaped && c.c.is_whitespace()).filter(|part| !part.is_empty()) {
            let part_span = span_of(part);
            refuse_handle(part, part_span)?;
            if let Some(star) = part.iter().position(|c| c.is('*')) {
                parts.push(PhrasePart::Prefix(read_prefix(part, star, part_span)?));
            } else {
                let word: String = part.iter().map(|c| c.c).collect();
                // Lone punctuation inside a phrase holds no word and leaves no gap, in posts as in queries.
                if has_word(&word) {
                    parts.push(PhrasePart::Word(word));
                }
            }
        }
        if parts.is_empty() {
            return Err(QueryError::new(
                QueryErrorKind::Empty,
                span,
                "there is no word between these quotation marks",
                "write the words of the phrase, or leave the marks out",
            ));
        }
        if let [PhrasePart::Word(word)] = &parts[..] {
            self.lints.push(Lint::new(
                LintKind::OneWordPhrase,
                span,
                "a phrase of one word is that word",
                format!("quotes do not make a word exact, words always are; write {}", Term::Word(word.clone())),
            ));
        }
        Ok(Term::Phrase(parts))
    }

    /// A bare word, an operator, a hashtag or a field.
    fn bare(&mut self) -> Result<TokenKind, QueryError> {
        let start = self.at;
        let mut chars: Vec<Char> = Vec::new();
        while let Some(c) = self.peek() {
            if c.is_whitespace() || matches!(c, '(' | ')') || is_quote(c) {
                break;
            }
            let Some(c) = self.take()? else { break };
            if c.is(':') && is_field_name(&chars) {
                return self.field(&chars, start);
            }
            chars.push(c);
        }
        let span = Span::new(start, self.at);
        let word: String = chars.iter().map(|c| c.c).collect();
        if chars.iter().all(|c| !c.escaped)
            && let Some(operator) = read_operator(&word, span)?
        {
            return Ok(operator);
        }
        refuse_handle(&chars, span)?;
        if let Some(first) = chars.first()
            && (first.is('#') || first.is('＃'))
        {
            return read_hashtag(&chars[1..], span).map(TokenKind::Term);
        }
        if let Some(at) = chars.iter().position(|c| c.is('?')) {
            return Err(QueryError::new(
                QueryErrorKind::Wildcard,
                span_of(&chars[at..=at]),
                "`?` for any one character is not supported",
                "list the forms, as in `(organise OR organize)`, or write `\\?` for the character itself",
            ));
        }
        if let Some(star) = chars.iter().position(|c| c.is('*')) {
            return read_prefix(&chars, star, span).map(|prefix| TokenKind::Term(Term::Prefix(prefix)));
        }
        if let [first, second, ..] = &chars[..]
            && (first.is('-') || first.is('!'))
            && second.c.is_alphabetic()
        {
            let rest: String = chars[1..].iter().map(|c| c.c).collect();
            return Err(QueryError::new(
                QueryErrorKind::Foreign,
                span_of(&chars[..1]),
                format!("`{}` does not exclude a word here", first.c),
                format!("write `NOT {rest}`, or `\\{}{rest}` for the word", first.c),
            ));
        }
        if !has_word(&word) {
            let help = match word.as_str() {
                "&" | "&&" | "+" => "write `AND`, or nothing: words side by side mean AND",
                "|" | "||" | "/" => "write `OR`",
                "!" | "-" => "write `NOT`",
                _ => "punctuation holds no word; leave it out",
            };
            return Err(QueryError::new(QueryErrorKind::NoWord, span, "there is no word here", help));
        }
        if matches!(chars[0].c, '\'' | '‘' | '‚' | '‹' | '`') && !chars[0].escaped {
            self.lints.push(Lint::new(
                LintKind::Apostrophe,
                span_of(&chars[..1]),
                "single quotation marks do not make a phrase",
                "use double ones: `\"heavy rain\"`",
            ));
        }
        Ok(TokenKind::Term(Term::Word(word)))
    }

    /// A field's value; the cursor stands after the colon.
    fn field(&mut self, name: &[Char], start: usize) -> Result<TokenKind, QueryError> {
        let name_span = Span::new(start, self.at);
        let name: String = name.iter().map(|c| c.c).collect();
        let field = field::read_name(&name, name_span)?;
        let value_start = self.at;
        let value: String = match self.peek() {
            Some(c) if is_quote(c) => self.quoted()?.iter().map(|c| c.c).collect(),
            Some('(') => {
                let name = field.as_str();
                return Err(QueryError::new(
                    QueryErrorKind::Value,
                    Span::new(value_start, value_start + 1),
                    format!("`{name}:` takes one value, not a group"),
                    format!("repeat the field: `({name}:… OR {name}:…)`"),
                ));
            }
            _ => {
                let mut value = String::new();
                while let Some(c) = self.peek()
                    && !(c.is_whitespace() || matches!(c, '(' | ')') || is_quote(c))
                {
                    let Some(c) = self.take()? else { break };
                    if c.is('*') || c.is('?') {
                        return Err(QueryError::new(
                            QueryErrorKind::Value,
                            span_of(&[c]),
                            "a field's value cannot have wildcards",
                            "write the whole value, or several with OR",
                        ));
                    }
                    value.push(c.c);
                }
                value
            }
        };
        let span = if value.is_empty() { name_span } else { Span::new(value_start, self.at) };
        let value = field::read_value(field, &value, span, &mut self.lints)?;
        Ok(TokenKind::Term(Term::Field(field, value)))
    }
}

fn span_of(chars: &[Char]) -> Span {
    match chars {
        [] => Span::default(),
        [first, ..] => Span::new(first.at, chars[chars.len() - 1].end()),
    }
}

fn is_field_name(chars: &[Char]) -> bool {
    chars.first().is_some_and(|first| first.c.is_ascii_alphabetic())
        && chars.iter().all(|c| !c.escaped && (c.c.is_ascii_alphanumeric() || c.c == '_'))
}

/// Whether anything but ASCII punctuation is in it. What lies beyond ASCII is judged by the tokenizer, later.
pub(crate) fn has_word(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_alphanumeric() || !c.is_ascii())
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

fn read_operator(word: &str, span: Span) -> Result<Option<TokenKind>, QueryError> {
    match word {
        "AND" => return Ok(Some(TokenKind::And)),
        "OR" => return Ok(Some(TokenKind::Or)),
        "NOT" => return Ok(Some(TokenKind::Not)),
        _ if !is_operator(word) => return Ok(None),
        _ => {}
    }
    let ordered = word.starts_with("ONEAR");
    let name = if ordered { "ONEAR" } else { "NEAR" };
    let fail = |message: String, help: String| Err(QueryError::new(QueryErrorKind::Near, span, message, help));
    let Some((_, distance)) = word.split_once('/') else {
        return fail(
            format!("`{name}` needs a distance"),
            format!("write `{name}/5` for at most five words between; write `\\{name}` for the word itself"),
        );
    };
    match distance.parse::<u8>() {
        Ok(distance) if distance <= NEAR_MAX => Ok(Some(TokenKind::Near { ordered, distance })),
        _ if !distance.is_empty() && distance.bytes().all(|b| b.is_ascii_digit()) => fail(
            format!("the distance of `{name}` is at most {NEAR_MAX} words"),
            format!("write `{name}/{NEAR_MAX}`, or AND for anywhere in the post"),
        ),
        _ => fail(format!("the distance of `{name}` is a number from 0 to {NEAR_MAX}"), format!("write `{name}/5`")),
    }
}

fn refuse_handle(chars: &[Char], span: Span) -> Result<(), QueryError> {
    // Also when escaped: no spelling makes a person's name searchable.
    let at_sign = |c: char| matches!(c, '@' | '＠' | '﹫');
    if chars.first().is_some_and(|first| at_sign(first.c)) && chars.len() > 1 {
        return Err(QueryError::new(
            QueryErrorKind::Private,
            span,
            "`@handle` is refused: a watch asks what is said, never who says it or to whom",
            "leave it out; handles are taken out of posts before anything looks at them",
        ));
    }
    Ok(())
}

fn read_prefix(chars: &[Char], star: usize, span: Span) -> Result<String, QueryError> {
    let fail = |span, message: &str, help: String| Err(QueryError::new(QueryErrorKind::Wildcard, span, message, help));
    if star + 1 < chars.len() {
        let rest: String = chars[star + 1..].iter().filter(|c| c.c != '*').map(|c| c.c).collect();
        if rest.is_empty() {
            return fail(span, "one `*` is enough", "write a single `*` after the beginning of the word".to_owned());
        }
        let message = if star == 0 {
            "words that end so cannot be looked for, only words that begin so"
        } else {
            "`*` can only stand at the end of a word"
        };
        return fail(
            span_of(&chars[star..=star]),
            message,
            "write the beginning of the word, as in `flood*`, or list the words with OR; `\\*` is the character itself"
                .to_owned(),
        );
    }
    let prefix: String = chars[..star].iter().map(|c| c.c).collect();
    if prefix.starts_with(['#', '＃']) && !chars[0].escaped {
        return fail(
            span,
            "hashtags cannot be looked for by their beginning",
            format!(
                "write `{}*`: it finds the words of hashtags too",
                &prefix[prefix.chars().next().map_or(0, char::len_utf8)..]
            ),
        );
    }
    if letters(&prefix) < PREFIX_LETTERS_MIN {
        return fail(
            span,
            "a prefix needs at least two letters before its `*`",
            "write more of the word; one letter would match a large part of all posts".to_owned(),
        );
    }
    if let Some(at) = chars[..star].iter().position(|c| c.is('?')) {
        return fail(
            span_of(&chars[at..=at]),
            "`?` for any one character is not supported",
            "list the forms with OR".to_owned(),
        );
    }
    Ok(prefix)
}

fn read_hashtag(chars: &[Char], span: Span) -> Result<Term, QueryError> {
    let tag: String = chars.iter().map(|c| c.c).collect();
    if let Some(star) = chars.iter().position(|c| c.is('*')) {
        let word: String = chars[..star].iter().map(|c| c.c).collect();
        return Err(QueryError::new(
            QueryErrorKind::Wildcard,
            span_of(&chars[star..=star]),
            "hashtags cannot be looked for by their beginning",
            format!("write `{word}*`: it finds the words of hashtags too"),
        ));
    }
    if !has_word(&tag) {
        return Err(QueryError::new(
            QueryErrorKind::Hashtag,
            span,
            "`#` needs a hashtag",
            "write it right after the sign: `#flood`",
        ));
    }
    if let Some(at) = chars.iter().position(|c| c.c.is_whitespace() || (c.c.is_ascii_punctuation() && c.c != '_')) {
        let kept: String = chars[..at].iter().map(|c| c.c).collect();
        let help = if kept.is_empty() {
            "write letters, digits and `_` right after the `#`".to_owned()
        } else {
            format!("in a post the hashtag would be `#{kept}`")
        };
        return Err(QueryError::new(
            QueryErrorKind::Hashtag,
            span_of(&chars[at..=at]),
            "a hashtag has only letters, digits and `_`",
            help,
        ));
    }
    Ok(Term::Hashtag(tag))
}
