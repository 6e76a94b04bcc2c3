//! From the HTML of a post to its text: paragraphs and breaks become lines, links become the address that they point to, what
//! is hidden stays hidden.
//!
//! Written for what servers of the fediverse send (sanitised HTML of few elements) and safe with anything else: one pass,
//! linear in the input, never longer than it. It is no HTML5 parser: what a browser would repair, it passes over.
//!
//! A link's text is left out where it is the address itself, shortened or with parts hidden, as Mastodon writes it; where it is
//! words, the words stay before the address. Mentions and hashtags are links too, and stay what they show.

use memchr::{memchr, memchr2, memmem};

/// The longest name of an entity that is looked at.
const ENTITY_BYTES_MAX: usize = 32;

/// Appends the text of a piece of HTML.
pub fn to_text(html: &str, out: &mut String) {
    let mut writer = Writer { start: out.len(), out, gap: Gap::None, after_link: false };
    let mut reader = Reader { spans: 0, invisible: None, pre: 0, link: None };
    let mut rest = html;
    while let Some(at) = memchr2(b'<', b'&', rest.as_bytes()) {
        reader.text(&rest[..at], &mut writer);
        rest = &rest[at..];
        if rest.as_bytes()[0] == b'&' {
            let (character, length) = entity(rest);
            let mut buffer = [0; 4];
            reader.text(character.encode_utf8(&mut buffer), &mut writer);
            rest = &rest[length..];
            continue;
        }
        match tag(rest) {
            Tag::None => {
                reader.text("<", &mut writer);
                rest = &rest[1..];
            }
            Tag::Skip(length) => rest = &rest[length..],
            Tag::Unended => {
                rest = "";
            }
            Tag::Open { name, attributes, length } => {
                rest = &rest[length..];
                reader.open(name, attributes, &mut writer);
                if name.eq_ignore_ascii_case("script") || name.eq_ignore_ascii_case("style") {
                    rest = after_close(rest, name);
                }
            }
            Tag::Close { name, length } => {
                rest = &rest[length..];
                reader.close(name, &mut writer);
            }
        }
    }
    reader.text(rest, &mut writer);
    reader.end_link(&mut writer);
}

/// What stands between two pieces of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Paragraph,
}

struct Writer<'o> {
    out: &'o mut String,
    start: usize,
    gap: Gap,
    /// What follows must not be taken for a part of the link.
    after_link: bool,
}

impl Writer<'_> {
    fn widen(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// Text whose runs of white space are one space.
    fn collapsed(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.trim_start_matches(is_space);
            if word.len() < rest.len() {
                self.widen(Gap::Space);
            }
            let end = word.find(is_space).unwrap_or(word.len());
            self.piece(&word[..end]);
            rest = &word[end..];
        }
    }

    /// Text as it is.
    fn piece(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.after_link {
            self.widen(Gap::Space);
            self.after_link = false;
        }
        let gap = std::mem::take(&mut self.gap);
        if self.out.len() > self.start {
            self.out.push_str(match gap {
                Gap::None => "",
                Gap::Space => " ",
                Gap::Line => "\n",
                Gap::Paragraph => "\n\n",
            });
        }
        self.out.push_str(text);
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}' | '\u{a0}')
}

struct Link {
    href: String,
    /// What is seen of its text, and all of it.
    label: String,
    whole: String,
}

struct Reader {
    /// How many spans are open, and the one from which on nothing is seen.
    spans: u32,
    invisible: Option<u32>,
    pre: u32,
    link: Option<Link>,
}

impl Reader {
    fn text(&mut self, text: &str, writer: &mut Writer<'_>) {
        if let Some(link) = &mut self.link {
            link.whole.push_str(text);
            if self.invisible.is_none() {
                link.label.push_str(text);
            }
        } else if self.invisible.is_some() {
        } else if self.pre == 0 {
            writer.collapsed(text);
        } else {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    self.line_break(writer);
                }
                writer.piece(line);
            }
        }
    }

    #[allow(clippy::unused_self, reason = "reads beside the others")]
    fn line_break(&self, writer: &mut Writer<'_>) {
        writer.widen(if writer.gap == Gap::Line { Gap::Paragraph } else { Gap::Line });
    }

    fn open(&mut self, name: &str, attributes: &str, writer: &mut Writer<'_>) {
        match lower(name).as_str() {
            "br" => match &mut self.link {
                Some(link) => link.label.push(' '),
                None => self.line_break(writer),
            },
            "p" | "div" | "blockquote" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "hr" => {
                self.block(Gap::Paragraph, writer);
            }
            "li" | "tr" => self.block(Gap::Line, writer),
            "td" | "th" => self.block(Gap::Space, writer),
            "pre" => {
                self.block(Gap::Paragraph, writer);
                self.pre += 1;
            }
            "span" => {
                self.spans += 1;
                if self.invisible.is_none() && has_word(attribute(attributes, "class").unwrap_or(""), "invisible") {
                    self.invisible = Some(self.spans);
                }
            }
            "a" => {
                self.end_link(writer);
                self.link = link_of(attributes);
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str, writer: &mut Writer<'_>) {
        match lower(name).as_str() {
            "p" | "div" | "blockquote" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.block(Gap::Paragraph, writer);
            }
            "li" | "tr" => self.block(Gap::Line, writer),
            "pre" => {
                self.block(Gap::Paragraph, writer);
                self.pre = self.pre.saturating_sub(1);
            }
            "span" => {
                if self.invisible == Some(self.spans) {
                    self.invisible = None;
                }
                self.spans = self.spans.saturating_sub(1);
            }
            "a" => {
                self.end_link(writer);
                self.invisible = None;
            }
            _ => {}
        }
    }

    /// The border of a block: what was left open inside of it ends.
    fn block(&mut self, gap: Gap, writer: &mut Writer<'_>) {
        self.end_link(writer);
        self.invisible = None;
        writer.widen(gap);
    }

    fn end_link(&mut self, writer: &mut Writer<'_>) {
        let Some(Link { href, label, whole }) = self.link.take() else { return };
        if !is_address(&whole, &href) && !is_address(&label, &href) {
            writer.collapsed(&label);
            if !label.trim_matches(is_space).is_empty() {
                writer.widen(Gap::Space);
            }
        } else if writer.gap == Gap::None && writer.out.ends_with(char::is_alphanumeric) {
            writer.gap = Gap::Space;
        } else if label.starts_with(is_space) {
            writer.widen(Gap::Space);
        }
        writer.piece(&href);
        writer.after_link = true;
    }
}

/// A link that points into the web and is neither a mention nor a hashtag.
fn link_of(attributes: &str) -> Option<Link> {
    let class = attribute(attributes, "class").unwrap_or("");
    if has_word(class, "mention")
        || has_word(class, "hashtag")
        || has_word(attribute(attributes, "rel").unwrap_or(""), "tag")
    {
        return None;
    }
    let mut href = String::new();
    decode_entities(attribute(attributes, "href")?.trim(), &mut href);
    let web = |scheme: &str| href.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let clean = !href.contains(|c: char| c.is_whitespace() || c.is_control());
    ((web("https://") || web("http://")) && clean).then(|| Link { href, label: String::new(), whole: String::new() })
}

/// Whether a link's text is its address, whole or with something left out at either end.
fn is_address(shown: &str, href: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim_matches(is_space);
        let text = text.split_once("://").map_or(text, |(_, rest)| rest);
        let text = text.strip_prefix("www.").unwrap_or(text);
        text.trim_end_matches(['…', '/']).trim_end_matches("...").to_ascii_lowercase()
    };
    let shown = bare(shown);
    !shown.is_empty() && bare(href).starts_with(&shown)
}

fn lower(name: &str) -> String {
    // Names that are asked for have at most ten letters: a longer one is none of them.
    if name.len() > 10 { String::new() } else { name.to_ascii_lowercase() }
}

fn has_word(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(word))
}

enum Tag<'h> {
    /// A `<` that begins no tag.
    None,
    /// A comment, a declaration.
    Skip(usize),
    /// One that has no end: what follows is a part of it.
    Unended,
    Open {
        name: &'h str,
        attributes: &'h str,
        length: usize,
    },
    Close {
        name: &'h str,
        length: usize,
    },
}

/// The tag at the start of `html`, which is a `<`.
fn tag(html: &str) -> Tag<'_> {
    let bytes = html.as_bytes();
    if html.starts_with("<!--") {
        return memmem::find(&bytes[4..], b"-->").map_or(Tag::Unended, |at| Tag::Skip(4 + at + 3));
    }
    let name_at = match bytes.get(1) {
        Some(b'!' | b'?') => return memchr(b'>', bytes).map_or(Tag::Unended, |at| Tag::Skip(at + 1)),
        Some(b'/') => 2,
        Some(byte) if byte.is_ascii_alphabetic() => 1,
        _ => return Tag::None,
    };
    let length = bytes[name_at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = &html[name_at..name_at + length];
    let Some(end) = tag_end(bytes, name_at + length) else { return Tag::Unended };
    if name_at == 2 {
        Tag::Close { name, length: end + 1 }
    } else {
        Tag::Open { name, attributes: &html[name_at + length..end], length: end + 1 }
    }
}

/// Where a tag's `>` stands: not within quotes, and quotes are such only after `=`.
fn tag_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut after_equals = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'>' => return Some(at),
            b'"' | b'\'' if after_equals => {
                at += 1 + memchr(byte, &bytes[at + 1..])?;
                after_equals = false;
            }
            b'=' => after_equals = true,
            byte if byte.is_ascii_whitespace() => {}
            _ => after_equals = false,
        }
        at += 1;
    }
    None
}

/// An attribute's value as it is written.
fn attribute<'h>(attributes: &'h str, wanted: &str) -> Option<&'h str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
        // A stray `=` is a name of its own, so that something is always taken.
        let end = if end == 0 { rest.chars().next().map_or(1, char::len_utf8) } else { end };
        let name = &rest[..end];
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            if let Some(quote @ ('"' | '\'')) = after.chars().next() {
                let close = after[1..].find(quote)?;
                value = &after[1..=close];
                rest = &after[close + 2..];
            } else {
                let close = after.find(|c: char| c.is_ascii_whitespace()).unwrap_or(after.len());
                value = &after[..close];
                rest = &after[close..];
            }
        }
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
    }
}

/// What follows the end of an element whose content is no text.
fn after_close<'h>(html: &'h str, name: &str) -> &'h str {
    for at in memmem::find_iter(html.as_bytes(), b"</") {
        let found = html.as_bytes().get(at + 2..at + 2 + name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
            return &html[at..];
        }
    }
    ""
}

fn decode_entities(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let (character, length) = entity(&rest[at..]);
        out.push(character);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
}

/// The character of the entity at the start of `text`, which is a `&`, and its length; `&` itself where there is none.
fn entity(text: &str) -> (char, usize) {
    let none = ('&', 1);
    let window = &text.as_bytes()[..text.len().min(ENTITY_BYTES_MAX)];
    let Some(end) = memchr(b';', window) else { return none };
    // `&` and `;` are characters of their own, so both ends are boundaries.
    let name = &text[1..end];
    let character = if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        };
        match code {
            Some(0) | None => return none,
            Some(code) => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
        }
    } else {
        match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => '\u{a0}',
            "hellip" => '…',
            "ndash" => '–',
            "mdash" => '—',
            "lsquo" => '‘',
            "rsquo" => '’',
            "ldquo" => '“',
            "rdquo" => '”',
            "laquo" => '«',
            "raquo" => '»',
            "euro" => '€',
            "copy" => '©',
            _ => return none,
        }
    };
    (character, end + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(html: &str) -> String {
        let mut out = String::new();
        to_text(html, &mut out);
        out
    }

    #[test]
    fn says_what_the_page_says() {
        for (html, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("<p>one</p><p>two<br>three<br/><br />four</p>", "one\n\ntwo\nthree\n\nfour"),
            ("<p>a  b\n c</p>", "a b c"),
            ("<p>a &amp; b &lt;c&gt; &#39;d&#x27; &quot;e&quot; &nope; &</p>", "a & b <c> 'd' \"e\" &nope; &"),
            ("<ul><li>one</li><li>two</li></ul>end", "one\ntwo\n\nend"),
            ("<blockquote><p>said</p></blockquote><p>so</p>", "said\n\nso"),
            ("<pre><code>a  b\n  c</code></pre>", "a  b\n  c"),
            ("1 < 2 <3 <", "1 < 2 <3 <"),
            ("a<!-- not this -->b<script>nor('<p>')</script>c<style>p{}</style>d", "abcd"),
            ("a<span", "a"),
            ("a<!-- b", "a"),
            ("<P CLASS=x>A<BR>B</P>", "A\nB"),
            ("<p title=\"a > b\">c</p>", "c"),
            ("x<span class=\"invisible\">no<span>nor</span></span>y", "xy"),
            ("<p>x<span class=\"invisible\">no</p><p>y</p>", "x\n\ny"),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    #[test]
    fn links_become_what_they_point_to() {
        for (html, expected) in [
            // As Mastodon writes it.
            (
                r#"see <a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener" target="_blank"><span class="invisible">https://www.</span><span class="ellipsis">example.org/a?b</span><span class="invisible">=1&amp;c=2</span></a>."#,
                "see https://example.org/a?b=1&c=2 .",
            ),
            (r#"<a href="https://example.org/">https://example.org</a>"#, "https://example.org/"),
            (r#"<a href="https://example.org/long/path">example.org/lo…</a>"#, "https://example.org/long/path"),
            (r#"<a href="https://example.org/">the <b>words</b></a> after"#, "the words https://example.org/ after"),
            ("(<a href='https://example.org/'></a>)", "(https://example.org/ )"),
            ("a<a href=https://example.org/x>https://example.org/x</a>b", "a https://example.org/x b"),
            (
                r#"<span class="h-card"><a href="https://a.example/@b" class="u-url mention">@<span>b</span></a></span> hi"#,
                "@b hi",
            ),
            (
                r#"<a href="https://a.example/tags/Rust" class="mention hashtag" rel="tag">#<span>Rust</span></a>"#,
                "#Rust",
            ),
            (r#"<a href="https://a.example/tag/x" rel="nofollow tag">#x</a>"#, "#x"),
            (r#"<a href="javascript:alert(1)">press</a> <a>none</a> <a href="/x">here</a>"#, "press none here"),
            (r#"<a href="https://a.example/ b">odd</a>"#, "odd"),
            (
                r#"<a href="https://a.example/">one<a href="https://b.example/">two"#,
                "one https://a.example/ two https://b.example/",
            ),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    fn escaped(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    }

    proptest! {
        #[test]
        fn escaped_words_come_back(words in proptest::collection::vec("[^ \t\n\r\u{c}\u{a0}]{1,12}", 1..12)) {
            let text_in = words.join(" ");
            let html = format!("<p>{}</p>", escaped(&text_in));
            prop_assert_eq!(text(&html), text_in);
        }

        #[test]
        fn anything_is_read_and_never_grows(html in "(<|>|/|\"|'|=|&|;|#|a|p|br|span|pre|script| |href=|class=|invisible|https://x|\\PC|\n){0,60}") {
            prop_assert!(text(&html).len() <= html.len(), "{} from {}", text(&html).len(), html.len());
        }

        #[test]
        fn what_stands_in_tags_is_not_said(secret in "[a-z]{6,12}") {
            let html = format!("<p data-x=\"{secret}\" {secret}='1'>a<!--{secret}--><{secret}x/></p>");
            prop_assert_eq!(text(&html), "a");
        }
    }
}
