//! From a feed's bytes to text, in whatever encoding it is written.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into a document its declaration is looked for.
const DECLARATION_BYTES_MAX: usize = 256;

/// Decodes a document. What cannot be decoded becomes U+FFFD: one bad byte is no reason to lose a feed.
///
/// In this order: a byte order mark, the `charset` of the answer's type, the XML declaration, UTF-8 (RFC 7303 section 3). One
/// deviation: servers are often set up to say `iso-8859-1` of everything, so where a one-byte Western encoding is named and the
/// bytes are valid UTF-8 beyond ASCII, they are UTF-8. Text in Windows-1252 is practically never valid UTF-8 by chance.
pub(crate) fn decode<'b>(bytes: &'b [u8], content_type: Option<&str>) -> Cow<'b, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    let named = content_type.and_then(charset_of).or_else(|| declared(bytes)).unwrap_or(UTF_8);
    if named == WINDOWS_1252 && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
        return UTF_8.decode_without_bom_handling(bytes).0;
    }
    named.decode_without_bom_handling(bytes).0
}

/// The `charset` parameter of a media type.
fn charset_of(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then_some(())?;
        Encoding::for_label(value.trim().trim_matches(['"', '\'']).as_bytes())
    })
}

/// The encoding in an XML declaration.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    // Without a mark, UTF-16 shows by the zero bytes of its first `<` (XML 1.0, appendix F).
    match bytes {
        [b'<', 0, ..] => return Some(UTF_16LE),
        [0, b'<', ..] => return Some(UTF_16BE),
        _ => {}
    }
    let head = bytes[..bytes.len().min(DECLARATION_BYTES_MAX)].trim_ascii_start();
    let end = memchr::memchr(b'>', head)?;
    let head = std::str::from_utf8(&head[..end]).ok().filter(|head| head.starts_with("<?xml"))?;
    let value = head.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value[1..].split(quote).next()?;
    // A declaration that can be read as ASCII does not stand in UTF-16, whatever it says.
    Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_encoding_that_is_right() {
        let latin = |head: &str| [head.as_bytes(), b"caf\xe9"].concat();
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let decl = |label: &str| format!("<?xml version='1.0' encoding='{label}'?>");
        for (bytes, content_type, ends) in [
            (latin(&decl("ISO-8859-1")), None, "café"),
            (latin("<rss>"), Some("text/xml; charset=\"iso-8859-1\""), "café"),
            ("<rss>café".into(), None, "café"),
            // Said to be Latin and is not.
            ("<rss>café".into(), Some("text/xml;charset=ISO-8859-1"), "café"),
            (format!("{}café", decl("iso-8859-1")).into_bytes(), None, "café"),
            // The answer's word counts more than the document's.
            (latin(&decl("utf-8")), Some("text/xml; charset=windows-1252"), "café"),
            ([&b"\xef\xbb\xbf"[..], "<rss>café".as_bytes()].concat(), Some("text/xml; charset=koi8-r"), "café"),
            ([&b"\xff\xfe"[..], &utf16("<rss>café")].concat(), None, "café"),
            (utf16("<rss>café"), None, "café"),
            ([decl("windows-1251").as_bytes(), b"\xcf\xf0\xe8\xe2\xe5\xf2"].concat(), None, "Привет"),
            ([decl("Shift_JIS").as_bytes(), b"\x93\xfa\x96\x7b"].concat(), None, "日本"),
            // Bytes that are nothing.
            (latin("<rss>"), None, "caf\u{fffd}"),
            (latin(&decl("no-such-thing")), None, "caf\u{fffd}"),
            ([decl("utf-16").as_bytes(), "café".as_bytes()].concat(), None, "café"),
        ] {
            let text = decode(&bytes, content_type);
            assert!(text.ends_with(ends), "{text} does not end with {ends}");
        }
    }
}
