//! A feed as read: what RSS, Atom and JSON Feed have in common, and nothing about anybody who wrote it.

use std::fmt;
use std::time::Duration;

use groundswell_post::EventTime;
use url::Url;

use super::{charset, html, json, xml};

/// How many items of one document are read; what follows is counted as cut. Feeds put the newest first, and few hold more than
/// a hundred.
pub const ITEMS_MAX: usize = 500;

/// The longest text of an item, in bytes, after its markup is gone; the rest is cut off.
pub const TEXT_BYTES_MAX: usize = 4 << 10;

/// The longest title, id or language, in bytes. A title is cut off there; a longer id or address is taken for none.
pub const NAME_BYTES_MAX: usize = 1 << 10;

/// How much of one field is read before its markup is gone, in bytes; the rest is passed over.
pub(crate) const FIELD_BYTES_MAX: usize = 64 << 10;

/// A document that was read.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The feed's title.
    pub title: String,
    /// The feed's language.
    pub language: Option<String>,
    /// How often the feed asks to be read (`ttl`, `sy:updatePeriod`).
    pub interval: Option<Duration>,
    /// Its items, in its order.
    pub items: Vec<Item>,
    /// Items over [`ITEMS_MAX`].
    pub cut: usize,
    /// What was wrong behind the last item, where the document breaks off.
    pub broken: Option<ParseError>,
}

/// One item.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// `guid` or `id`.
    pub id: Option<String>,
    /// Its address, absolute.
    pub link: Option<String>,
    /// Its title, without markup.
    pub title: String,
    /// Its summary, else its content, without markup.
    pub text: String,
    /// When it was published, else when it was last changed.
    pub date: Option<EventTime>,
    /// Its language, where it names one of its own.
    pub language: Option<String>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document(redacted, {} items)", self.items.len())
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item(redacted, {} bytes of text)", self.text.len())
    }
}

/// Why a document is no feed, or where it breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// No document at all.
    #[error("the document is empty")]
    Empty,
    /// A web page, for instance of an error or a consent wall.
    #[error("a web page and no feed")]
    WebPage,
    /// XML or JSON that is something else.
    #[error("neither RSS, Atom nor JSON Feed")]
    NoFeed,
    /// XML that cannot be read on.
    #[error("broken XML at byte {0}")]
    Xml(u64),
    /// JSON that cannot be read.
    #[error("broken JSON")]
    Json,
    /// Elements over [`super::DEPTH_MAX`].
    #[error("nested too deeply")]
    TooDeep,
}

/// Reads a document in any of the formats, whatever it says it is. `address` is where it was found: links may be relative to it.
pub fn parse(bytes: &[u8], content_type: Option<&str>, address: &Url) -> Result<Document, ParseError> {
    let text = charset::decode(bytes, content_type);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
    match text.as_bytes() {
        [] => Err(ParseError::Empty),
        [b'{', ..] => json::parse(text, address),
        // Programs that print a warning before the document are common enough.
        _ => match text.find('<') {
            Some(at) => xml::parse(&text[at..], address),
            None => Err(ParseError::NoFeed),
        },
    }
}

/// What an item's fields say as they were found, before links are resolved and markup is taken out.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<String>,
    /// Whether the id may stand for the link.
    pub(crate) id_is_link: bool,
    pub(crate) link: Option<String>,
    /// A link of another relation, where there is no better one.
    pub(crate) other_link: Option<String>,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) content: String,
    pub(crate) published: Option<EventTime>,
    pub(crate) updated: Option<EventTime>,
    pub(crate) language: Option<String>,
}

impl Draft {
    /// The item. It may say nothing at all; it is told all the same, as every record is.
    pub(crate) fn finish(self, base: &Url) -> Item {
        let id = self.id.and_then(name);
        let address = |text: String| absolute(&text, base);
        let link = self.link.and_then(address).or_else(|| {
            let permalink = id.as_ref().filter(|id| self.id_is_link && id.contains("://"));
            permalink.and_then(|id| absolute(id, base))
        });
        let link = link.or_else(|| self.other_link.and_then(address));
        let text = if self.summary.is_empty() { self.content } else { self.summary };
        Item { id, link, title: self.title, text, date: self.published.or(self.updated), language: self.language }
    }
}

/// Text that names something: without white space around it, absent where empty or too long.
pub(crate) fn name(text: String) -> Option<String> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.len() > NAME_BYTES_MAX {
        return None;
    }
    Some(if trimmed.len() == text.len() { text } else { trimmed.to_owned() })
}

/// A web address, made absolute.
pub(crate) fn absolute(text: &str, base: &Url) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > NAME_BYTES_MAX {
        return None;
    }
    let url = base.join(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    web.then(|| url.into())
}

/// A title or text whose source is HTML or plain.
pub(crate) fn readable(text: &str, is_html: bool, bytes_max: usize) -> String {
    let mut out = String::new();
    if is_html {
        html::to_text(text, &mut out, bytes_max);
    } else {
        html::fold(text, &mut out, bytes_max);
    }
    out
}
