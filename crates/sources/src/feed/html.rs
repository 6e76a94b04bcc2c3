//! HTML to the text that a reader sees.
//!
//! Other than [`crate::html`], which is for posts and keeps the addresses of links: in a publisher's item links are decoration, and
//! its own address is known. No parser of HTML: tags go, what separates words becomes a line break, entities are decoded, scripts and styles are left out.

use quick_xml::escape::resolve_html5_entity;

/// The longest name of an entity, in bytes; HTML's longest has 31.
pub(crate) const ENTITY_BYTES_MAX: usize = 32;

/// Elements whose content nobody reads.
const UNSEEN: [&str; 6] = ["script", "style", "template", "iframe", "svg", "noscript"];

/// Elements that stand inside a line of text. All others part words.
const INLINE: [&str; 24] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "ins", "kbd", "mark", "q", "ruby",
    "s", "samp", "small", "span", "strong", "sub", "sup", "u",
];

/// Appends the text of `html` to `out`, white space folded, at most `bytes_max` bytes of it.
pub(crate) fn to_text(html: &str, out: &mut String, bytes_max: usize) {
    let start = out.len();
    let mut text = Text { out, start, bytes_max, gap: Gap::None, quotes: true };
    let mut rest = html;
    while !text.full() {
        let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) else { break };
        text.push(&rest[..at]);
        rest = &rest[at..];
        rest = if rest.starts_with('&') { entity(rest, &mut text) } else { tag(rest, &mut text) };
    }
    text.push(rest);
}

/// Appends plain text to `out`, white space folded, at most `bytes_max` bytes of it.
pub(crate) fn fold(plain: &str, out: &mut String, bytes_max: usize) {
    let start = out.len();
    Text { out, start, bytes_max, gap: Gap::None, quotes: false }.push(plain);
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
}

struct Text<'o> {
    out: &'o mut String,
    start: usize,
    bytes_max: usize,
    gap: Gap,
    /// No quote was met so far that never closes. After one, quotes mean nothing any more: looking to the end of the text for
    /// each of them would take time that grows with its square.
    quotes: bool,
}

impl Text<'_> {
    fn full(&self) -> bool {
        self.out.len() - self.start >= self.bytes_max
    }

    fn push(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() || (c.is_control() && c != '\u{ad}') {
                self.gap = self.gap.max(Gap::Space);
                continue;
            }
            let gap = std::mem::replace(&mut self.gap, Gap::None);
            let gap = if self.out.len() == self.start { Gap::None } else { gap };
            if self.out.len() - self.start + usize::from(gap != Gap::None) + c.len_utf8() > self.bytes_max {
                // Full, and stays so.
                self.bytes_max = self.out.len() - self.start;
                return;
            }
            match gap {
                Gap::None => {}
                Gap::Space => self.out.push(' '),
                Gap::Line => self.out.push('\n'),
            }
            self.out.push(c);
        }
    }
}

/// Reads what begins with `&`; returns what follows.
fn entity<'h>(rest: &'h str, text: &mut Text<'_>) -> &'h str {
    let head = rest.as_bytes();
    let end = memchr::memchr(b';', &head[..head.len().min(ENTITY_BYTES_MAX + 2)]);
    if let Some(end) = end
        && let Some(resolved) = resolve(&rest[1..end])
    {
        text.push(&resolved);
        return &rest[end + 1..];
    }
    text.push("&");
    &rest[1..]
}

/// What an entity or a character reference, without `&` and `;`, stands for. None of HTML's stands for another entity, so
/// nothing can grow.
pub(crate) fn resolve(name: &str) -> Option<std::borrow::Cow<'static, str>> {
    let Some(number) = name.strip_prefix('#') else { return resolve_html5_entity(name).map(Into::into) };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    let c = match code {
        // Written by programs that took Windows-1252 for Latin-1 (HTML standard, "numeric character reference end state").
        0x80..=0x9f => encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[code as u8]).0.chars().next()?,
        0 => return None,
        code => char::from_u32(code)?,
    };
    Some(c.to_string().into())
}

/// Reads what begins with `<`; returns what follows.
fn tag<'h>(rest: &'h str, text: &mut Text<'_>) -> &'h str {
    if let Some(comment) = rest.strip_prefix("<!--") {
        return comment.find("-->").map_or("", |end| &comment[end + 3..]);
    }
    let inner = &rest[1..];
    let closing = inner.starts_with('/');
    let name_at = usize::from(closing);
    let name_end = inner[name_at..]
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-')))
        .map_or(inner.len(), |at| at + name_at);
    let name = inner[name_at..name_end].to_ascii_lowercase();
    if name.is_empty() && !inner.starts_with(['!', '?']) {
        // No tag: `a < b`.
        text.push("<");
        return inner;
    }
    let after = end_of_tag(inner, &mut text.quotes);
    if !INLINE.contains(&name.as_str()) {
        text.gap = Gap::Line;
    }
    if !closing && UNSEEN.contains(&name.as_str()) && !inner[..inner.len() - after.len()].ends_with("/>") {
        return after_closing(after, &name);
    }
    after
}

/// Behind the `>` that ends a tag, quoted values left out.
fn end_of_tag<'h>(inner: &'h str, quotes: &mut bool) -> &'h str {
    let mut quote = None;
    for (at, byte) in inner.bytes().enumerate().take_while(|_| *quotes) {
        match (quote, byte) {
            (None, b'>') => return &inner[at + 1..],
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    *quotes &= quote.is_none();
    inner.find('>').map_or("", |at| &inner[at + 1..])
}

/// Behind the tag that closes `name`.
fn after_closing<'h>(mut rest: &'h str, name: &str) -> &'h str {
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)) {
            return rest.find('>').map_or("", |at| &rest[at + 1..]);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(html: &str) -> String {
        let mut out = String::new();
        to_text(html, &mut out, 1 << 20);
        out
    }

    #[test]
    fn what_a_reader_sees() {
        for (html, expected) in [
            ("<p>One</p><p>two</p>", "One\ntwo"),
            ("a<b>b</b>c <i>d</i>", "abc d"),
            ("one<br/>two", "one\ntwo"),
            ("AT&amp;T &lt;3 &nbsp; caf&eacute; &#x2014; &#8217;&#146;", "AT&T <3 café — ’’"),
            ("a < b & c > d &unknown; &", "a < b & c > d &unknown; &"),
            ("<!-- no --><script>if (a<b) { x() }</SCRIPT>yes<style>p{}</style>", "yes"),
            ("<a href='x>y' title=\"a>b\">link</a>", "link"),
            ("<img alt=\"unclosed>after", "after"),
            ("  \n lots\t\tof   space \u{a0} ", "lots of space"),
            ("cut off <a hre", "cut off"),
            ("<!DOCTYPE html><?php x ?>t", "t"),
            ("中文<br>文字", "中文\n文字"),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    #[test]
    fn stops_at_its_bound() {
        let mut out = "before ".to_owned();
        to_text("<p>añb c", &mut out, 3);
        assert_eq!(out, "before añ");
        let mut out = String::new();
        fold(&"x ".repeat(1000), &mut out, 5);
        assert_eq!(out, "x x x");
    }

    proptest! {
        #[test]
        fn any_text_is_read(html in "(<[a-z]{0,6}|[&;#x/>\"'!-]|</script>|\\PC|é){0,60}", max in 0_usize..40) {
            let mut out = String::new();
            to_text(&html, &mut out, max);
            prop_assert!(out.len() <= max);
        }
    }
}
