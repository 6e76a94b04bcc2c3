//! RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0.
//!
//! A tokenizer (quick-xml) and a stack of our own, so that a document is read as far as it makes sense: end tags that are
//! missing or wrong, entities that XML does not know, lone ampersands and unescaped markup cost at most the field they stand in.
//! A document type is passed over unread: no entity that it declares is ever expanded, and nothing that it names is fetched.
//! Elements about authors are passed over like any other that is not asked for.

use std::time::Duration;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use url::Url;

use super::date;
use super::document::{
    Document, Draft, FIELD_BYTES_MAX, ITEMS_MAX, NAME_BYTES_MAX, ParseError, TEXT_BYTES_MAX, name, readable,
};
use super::html;

/// How deep elements may nest; the document breaks off where one is deeper.
pub const DEPTH_MAX: usize = 128;

/// How many namespaces may be declared at one place.
const NAMESPACES_MAX: usize = 64;

/// The families of elements that are told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// RSS in all its versions, and what has no namespace.
    Rss,
    Atom,
    Dc,
    Content,
    Syndication,
    Rdf,
    Other,
}

fn family_of(namespace: &str) -> Family {
    let lower = namespace.trim().to_ascii_lowercase();
    match lower.trim_start_matches("http://").trim_start_matches("https://").trim_end_matches('/') {
        "www.w3.org/2005/atom" | "purl.org/atom/ns#" => Family::Atom,
        ""
        | "purl.org/rss/1.0"
        | "my.netscape.com/rdf/simple/0.9"
        | "channel.netscape.com/rdf/simple/0.9"
        | "purl.org/net/rss1.1#"
        | "backend.userland.com/rss"
        | "backend.userland.com/rss2"
        | "blogs.law.harvard.edu/tech/rss" => Family::Rss,
        "purl.org/dc/elements/1.1" | "purl.org/dc/terms" => Family::Dc,
        "purl.org/rss/1.0/modules/content" => Family::Content,
        "purl.org/rss/1.0/modules/syndication" => Family::Syndication,
        "www.w3.org/1999/02/22-rdf-syntax-ns#" => Family::Rdf,
        _ => Family::Other,
    }
}

/// What a prefix usually means, for documents that forget to declare it.
fn family_of_prefix(prefix: &str) -> Family {
    match prefix {
        "" => Family::Rss,
        "atom" | "a10" | "atom10" => Family::Atom,
        "dc" | "dcterms" => Family::Dc,
        "content" => Family::Content,
        "sy" | "syn" => Family::Syndication,
        "rdf" => Family::Rdf,
        _ => Family::Other,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    Link,
    Id,
    Summary,
    Content,
    Published,
    Updated,
    Language,
    Ttl,
    Period,
    Frequency,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `rss`, `rdf:RDF`.
    Root,
    /// `channel`, `feed`.
    Feed,
    /// `item`, `entry`.
    Item,
    /// A field that is being read.
    Field,
    /// Anything else, and all that stands in it.
    Other,
}

struct Frame<'x> {
    name: &'x str,
    place: Place,
    /// How many namespaces were known before it.
    namespaces: usize,
    /// How many base addresses were known before it.
    bases: usize,
}

/// How the text of a field is to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Plain,
    /// Escaped HTML.
    Html,
    /// HTML as elements.
    Xhtml,
}

struct Capture {
    field: Field,
    mode: Mode,
    /// The stack's height with the field's own frame on it.
    height: usize,
    text: String,
}

impl Capture {
    /// Takes text whose XML escapes are undone.
    fn push(&mut self, text: &str) {
        if self.mode == Mode::Xhtml {
            for c in text.chars() {
                match c {
                    '&' => self.raw("&amp;"),
                    '<' => self.raw("&lt;"),
                    c => self.raw(c.encode_utf8(&mut [0; 4])),
                }
            }
        } else {
            self.raw(text);
        }
    }

    fn raw(&mut self, text: &str) {
        let room = FIELD_BYTES_MAX.saturating_sub(self.text.len());
        let end = if text.len() <= room { text.len() } else { text.floor_char_boundary(room) };
        self.text.push_str(&text[..end]);
    }

    fn tag(&mut self, name: &str, end: bool) {
        if self.mode == Mode::Plain {
            self.raw(" ");
        } else {
            self.raw(if end { "</" } else { "<" });
            self.raw(name);
            self.raw(">");
        }
    }
}

struct Parser<'x> {
    stack: Vec<Frame<'x>>,
    namespaces: Vec<(&'x str, Family)>,
    bases: Vec<Url>,
    capture: Option<Capture>,
    item: Option<Draft>,
    document: Document,
    /// How often a period is divided, and the period.
    period: Option<Duration>,
    frequency: u32,
    ttl: Option<Duration>,
    /// An element that only feeds have was seen.
    is_feed: bool,
    /// The first element's local name.
    root: Option<&'x str>,
}

/// Reads an XML feed.
pub(crate) fn parse(text: &str, address: &Url) -> Result<Document, ParseError> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut parser = Parser {
        stack: Vec::new(),
        namespaces: Vec::new(),
        bases: vec![address.clone()],
        capture: None,
        item: None,
        document: Document::default(),
        period: None,
        frequency: 1,
        ttl: None,
        is_feed: false,
        root: None,
    };
    loop {
        let read = match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => parser.event(event, text),
            Err(_) => Err(ParseError::Xml(reader.error_position())),
        };
        if let Err(error) = read {
            parser.document.broken = Some(error);
            break;
        }
    }
    parser.finish()
}

/// A name as it stands in the document.
fn slice<'x>(text: &'x str, part: &str) -> Option<&'x str> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    text.get(start..start + part.len())
}

impl<'x> Parser<'x> {
    fn event(&mut self, event: Event<'x>, text: &'x str) -> Result<(), ParseError> {
        match event {
            Event::Start(start) => self.start(&start, text, false),
            Event::Empty(start) => self.start(&start, text, true),
            Event::End(end) => {
                let name = end.name().into_inner();
                self.end(name);
                Ok(())
            }
            Event::Text(content) => {
                if let Some(capture) = &mut self.capture {
                    capture.push(&content);
                }
                Ok(())
            }
            Event::CData(content) => {
                if let Some(capture) = &mut self.capture {
                    capture.push(&content);
                }
                Ok(())
            }
            Event::GeneralRef(reference) => {
                if let Some(capture) = &mut self.capture {
                    match html::resolve(&reference) {
                        Some(resolved) => capture.push(&resolved),
                        // An entity of the document's own, or a typing error: never expanded.
                        None => capture.push(" "),
                    }
                }
                Ok(())
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, text: &'x str, empty: bool) -> Result<(), ParseError> {
        let Some(qname) = slice(text, start.name().into_inner()) else { return Ok(()) };
        if let Some(capture) = &mut self.capture {
            capture.tag(qname, false);
            if empty || is_void(qname) {
                return Ok(());
            }
            self.push(qname, Place::Other, self.namespaces.len(), self.bases.len())?;
            return Ok(());
        }
        let (namespaces, bases) = (self.namespaces.len(), self.bases.len());
        let mut language = None;
        for attribute in start.attributes().with_checks(false).flatten() {
            let key = attribute.key.into_inner();
            if key == "xmlns" || key.starts_with("xmlns:") {
                if self.namespaces.len() < NAMESPACES_MAX
                    && let Some(prefix) = slice(text, key.strip_prefix("xmlns:").unwrap_or(&key[..0]))
                {
                    self.namespaces.push((prefix, family_of(&attribute.value)));
                }
            } else if key == "xml:base" && attribute.value.len() <= NAME_BYTES_MAX {
                let base = self.bases.last().and_then(|base| base.join(attribute.value.trim()).ok());
                self.bases.extend(base.filter(|_| bases < DEPTH_MAX));
            } else if key == "xml:lang" {
                language = name(attribute.value.clone().into_owned());
            }
        }
        let (prefix, local) = qname.split_once(':').unwrap_or(("", qname));
        let family = self.family(prefix);
        let local = local.to_ascii_lowercase();
        self.root.get_or_insert(qname);
        let parent = self.stack.last().map_or(Place::Root, |frame| frame.place);
        let place = self.place(parent, family, &local);
        match place {
            Place::Feed if language.is_some() => self.document.language = language,
            Place::Root if self.document.language.is_none() => self.document.language = language,
            Place::Item => {
                if self.document.items.len() + self.document.cut >= ITEMS_MAX {
                    self.document.cut += 1;
                    self.item = None;
                } else {
                    let mut draft = Draft { language, id_is_link: true, ..Draft::default() };
                    // RSS 1.0 has the id in an attribute.
                    draft.id = attribute(start, "about");
                    self.item = Some(draft);
                }
            }
            Place::Field => {
                let field = field_of(family, &local).expect("a place is a field only where there is one");
                if field == Field::Link && family == Family::Atom {
                    self.atom_link(start, parent);
                } else if field == Field::Id
                    && attribute(start, "isPermaLink").is_some_and(|value| value == "false")
                    && let Some(item) = &mut self.item
                {
                    item.id_is_link = false;
                }
                if !empty {
                    let mode = mode_of(family, field, start);
                    self.push(qname, Place::Field, namespaces, bases)?;
                    self.capture = Some(Capture { field, mode, height: self.stack.len(), text: String::new() });
                    return Ok(());
                }
            }
            _ => {}
        }
        self.push(qname, place, namespaces, bases)?;
        if empty {
            self.end(qname);
        }
        Ok(())
    }

    fn push(&mut self, name: &'x str, place: Place, namespaces: usize, bases: usize) -> Result<(), ParseError> {
        if self.stack.len() >= DEPTH_MAX {
            return Err(ParseError::TooDeep);
        }
        self.stack.push(Frame { name, place, namespaces, bases });
        Ok(())
    }

    fn family(&self, prefix: &str) -> Family {
        let known = self.namespaces.iter().rev().find(|(known, _)| *known == prefix);
        known.map_or_else(|| family_of_prefix(prefix), |(_, family)| *family)
    }

    fn place(&mut self, parent: Place, family: Family, local: &str) -> Place {
        let core = matches!(family, Family::Rss | Family::Atom);
        let place = match (parent, local) {
            (Place::Root, "rss" | "rdf") => Place::Root,
            (Place::Root, "channel" | "feed") if core => Place::Feed,
            // In RSS 1.0 items stand beside the channel; a document may also be one entry.
            (Place::Root | Place::Feed, "item" | "entry") if core => Place::Item,
            (Place::Feed | Place::Item, _) if field_of(family, local).is_some() => Place::Field,
            _ => Place::Other,
        };
        self.is_feed |= match place {
            Place::Feed | Place::Item => true,
            Place::Root => local == "rss",
            Place::Field | Place::Other => false,
        };
        place
    }

    /// Atom's links say in an attribute what they are.
    fn atom_link(&mut self, start: &BytesStart<'_>, parent: Place) {
        let (Place::Item, Some(item)) = (parent, &mut self.item) else { return };
        let Some(address) = attribute(start, "href") else { return };
        let base = self.bases.last().expect("the document's own address is never taken off");
        let Some(address) = super::document::absolute(&address, base) else { return };
        match attribute(start, "rel").as_deref().map_or("alternate", str::trim) {
            "alternate" | "" => {
                item.link.get_or_insert(address);
            }
            "self" | "edit" | "hub" | "replies" | "enclosure" | "license" | "next" | "prev" | "previous" => {}
            _ => {
                item.other_link.get_or_insert(address);
            }
        }
    }

    fn end(&mut self, name: &str) {
        // An end tag that closes nothing is passed over; one that closes something further up closes all that is in it.
        let Some(at) = self.stack.iter().rposition(|frame| frame.name == name) else { return };
        if let Some(capture) = &mut self.capture
            && at + 1 > capture.height
        {
            capture.tag(name, true);
        }
        while self.stack.len() > at {
            self.pop();
        }
    }

    fn pop(&mut self) {
        if self.capture.as_ref().is_some_and(|capture| capture.height == self.stack.len()) {
            self.captured();
        }
        let Some(frame) = self.stack.pop() else { return };
        if frame.place == Place::Item
            && let Some(draft) = self.item.take()
        {
            let base = self.bases.last().expect("the document's own address is never taken off");
            self.document.items.push(draft.finish(base));
        }
        self.namespaces.truncate(frame.namespaces);
        self.bases.truncate(frame.bases.max(1));
    }

    /// A field has ended.
    fn captured(&mut self) {
        let Some(Capture { field, mode, text, .. }) = self.capture.take() else { return };
        let is_html = mode != Mode::Plain;
        let within = self.stack.iter().rev().nth(1).map(|frame| frame.place);
        if within == Some(Place::Item) {
            let Some(item) = &mut self.item else { return };
            let base = self.bases.last().expect("the document's own address is never taken off");
            match field {
                // Of two titles the first counts; an empty one is none.
                Field::Title if item.title.is_empty() => item.title = readable(&text, is_html, NAME_BYTES_MAX),
                Field::Summary if item.summary.is_empty() => item.summary = readable(&text, is_html, TEXT_BYTES_MAX),
                Field::Content if item.content.is_empty() => item.content = readable(&text, is_html, TEXT_BYTES_MAX),
                Field::Link if item.link.is_none() => item.link = super::document::absolute(&text, base),
                Field::Id => item.id = name(text).or(item.id.take()),
                Field::Published => item.published = item.published.or_else(|| date::parse(&text)),
                Field::Updated => item.updated = item.updated.or_else(|| date::parse(&text)),
                Field::Language => item.language = name(text).or(item.language.take()),
                _ => {}
            }
        } else {
            match field {
                Field::Title if self.document.title.is_empty() => {
                    self.document.title = readable(&text, is_html, NAME_BYTES_MAX);
                }
                Field::Language => self.document.language = name(text).or(self.document.language.take()),
                Field::Ttl => self.ttl = text.trim().parse().ok().map(minutes),
                Field::Period => self.period = period(text.trim()),
                Field::Frequency => self.frequency = text.trim().parse().unwrap_or(1),
                _ => {}
            }
        }
    }

    fn finish(mut self) -> Result<Document, ParseError> {
        // A document that breaks off within an item: what there is of it may be half a sentence.
        self.item = None;
        let Self { mut document, .. } = self;
        if !self.is_feed {
            let root = self.root.unwrap_or_default().to_ascii_lowercase();
            return Err(match document.broken {
                _ if root == "html" || root.ends_with(":html") => ParseError::WebPage,
                Some(error) => error,
                None => ParseError::NoFeed,
            });
        }
        if let Some(error) = document.broken
            && document.items.is_empty()
        {
            return Err(error);
        }
        // End tags that are missing at the end are no loss, but the reader should know.
        if document.broken.is_none() && !self.stack.is_empty() {
            document.broken = Some(ParseError::Xml(0));
        }
        let divided = self.period.map(|period| period / self.frequency.max(1));
        document.interval = divided.max(self.ttl);
        Ok(document)
    }
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

/// `sy:updatePeriod`.
fn period(word: &str) -> Option<Duration> {
    let hours = match word.to_ascii_lowercase().as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 7 * 24,
        "monthly" => 30 * 24,
        "yearly" => 365 * 24,
        _ => return None,
    };
    Some(Duration::from_secs(hours * 3600))
}

fn field_of(family: Family, local: &str) -> Option<Field> {
    Some(match (family, local) {
        (Family::Rss | Family::Atom | Family::Dc, "title") => Field::Title,
        (Family::Rss | Family::Atom, "link") => Field::Link,
        (Family::Rss, "guid") | (Family::Atom, "id") => Field::Id,
        (Family::Rss | Family::Dc, "description") | (Family::Atom, "summary") => Field::Summary,
        (Family::Content, "encoded") | (Family::Atom, "content") => Field::Content,
        (Family::Rss, "pubdate") | (Family::Atom, "published" | "issued") | (Family::Dc, "issued" | "created") => {
            Field::Published
        }
        (Family::Atom, "updated" | "modified") | (Family::Dc, "date" | "modified") => Field::Updated,
        (Family::Rss | Family::Dc, "language") => Field::Language,
        (Family::Rss, "ttl") => Field::Ttl,
        (Family::Syndication, "updateperiod") => Field::Period,
        (Family::Syndication, "updatefrequency") => Field::Frequency,
        _ => return None,
    })
}

fn mode_of(family: Family, field: Field, start: &BytesStart<'_>) -> Mode {
    if !matches!(field, Field::Title | Field::Summary | Field::Content) {
        return Mode::Plain;
    }
    if family != Family::Atom {
        // RSS does not say whether its texts are HTML, and they are.
        return Mode::Html;
    }
    let kind = attribute(start, "type").unwrap_or_default().to_ascii_lowercase();
    let escaped = attribute(start, "mode").is_some_and(|mode| mode.eq_ignore_ascii_case("escaped"));
    match kind.trim() {
        "" | "text" | "text/plain" => Mode::Plain,
        "html" | "text/html" => Mode::Html,
        // Atom 0.3.
        _ if escaped => Mode::Html,
        _ => Mode::Xhtml,
    }
}

/// An attribute's value by its local name, escapes undone.
pub(crate) fn attribute(start: &BytesStart<'_>, wanted: &str) -> Option<String> {
    start.attributes().with_checks(false).flatten().find_map(|attribute| {
        let key = attribute.key.into_inner();
        let local = key.split_once(':').map_or(key, |(_, local)| local);
        local.eq_ignore_ascii_case(wanted).then(|| unescape(&attribute.value))
    })
}

/// Undoes the escapes of an attribute's value; what is none stays.
fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // Looked for within a name's length only: a value may be millions of ampersands.
        let head = &rest.as_bytes()[..rest.len().min(html::ENTITY_BYTES_MAX + 2)];
        let end = memchr::memchr(b';', head).unwrap_or(0);
        if let Some(resolved) = rest.get(1..end).and_then(html::resolve) {
            out.push_str(&resolved);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// HTML elements that are never closed.
fn is_void(name: &str) -> bool {
    ["br", "hr", "img", "input", "wbr", "meta", "source"].iter().any(|void| name.eq_ignore_ascii_case(void))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Document, ParseError> {
        parse(text, &Url::parse("https://a.example/feed").unwrap())
    }

    /// The titles that are read.
    fn titles(text: &str) -> Vec<String> {
        read(text).unwrap().items.into_iter().map(|item| item.title).collect()
    }

    #[test]
    fn what_is_wrong_costs_its_field_at_most() {
        let item = |inside: &str| {
            format!("<rss><channel><item>{inside}</item><item><title>next</title></item></channel></rss>")
        };
        for (inside, expected) in [
            ("<title>AT&T & co</title>", "AT&T & co"),
            ("<title>caf&eacute; &unknown; x</title>", "café x"),
            ("<title>a &lt;b&gt;c&lt;/b&gt; &amp;amp; d</title>", "a c & d"),
            ("<title><![CDATA[a <i>b</i> &amp; c]]></title>", "a b & c"),
            ("<title>a<br>b</title>", "a\nb"),
            ("<title>a</p>b</title>", "ab"),
            ("<title>a <b>b</title>", "a b"),
            ("<title/><title>second</title>", "second"),
            ("<media:title>no</media:title><title>yes</title>", "yes"),
            ("<source><title>no</title></source><title>yes</title>", "yes"),
            ("<title>never closed", "never closed"),
            ("<title>wrongly closed</titel><link>/x</link>", "wrongly closed\n/x"),
            ("<TITLE>loud</TITLE>", "loud"),
        ] {
            assert_eq!(titles(&item(inside)), [expected, "next"], "{inside}");
        }
    }

    #[test]
    fn atom_says_what_its_texts_are() {
        let title = |attributes: &str, text: &str| {
            let text = format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title {attributes}>{text}</title></entry></feed>"
            );
            titles(&text).remove(0)
        };
        assert_eq!(title("", "a &lt;b&gt; c"), "a <b> c");
        assert_eq!(title("type='text'", "AT&amp;T"), "AT&T");
        assert_eq!(title("type='html'", "a &lt;b&gt;c&lt;/b&gt;"), "a c");
        let div = "<div xmlns='http://www.w3.org/1999/xhtml'>a <b>b</b> &lt;c&gt;</div>";
        assert_eq!(title("type='xhtml'", div), "a b <c>");
    }

    #[test]
    fn links_are_the_right_ones_and_absolute() {
        let link = |inside: &str| {
            let text = format!(
                "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://b.example/x/'>\
                 <entry xml:base='y/'><title>t</title>{inside}</entry></feed>"
            );
            read(&text).unwrap().items.remove(0).link
        };
        assert_eq!(link("<link href='z'/>").as_deref(), Some("https://b.example/x/y/z"));
        let several = "<link rel='self' href='/s'/><link rel='enclosure' href='/e'/><link rel='via' href='/v'/>";
        assert_eq!(link(several).as_deref(), Some("https://b.example/v"));
        assert_eq!(
            link(&format!("{several}<link rel='alternate' href='/a'/>")).as_deref(),
            Some("https://b.example/a")
        );
        assert_eq!(link("<link href='javascript:alert(1)'/>"), None);
        assert_eq!(link("<link href='https://user:secret@c.example/'/>"), None);
        let guid = |attribute: &str| {
            let text = format!("<rss><item><title>t</title><guid {attribute}>https://a.example/1</guid></item></rss>");
            read(&text).unwrap().items.remove(0).link
        };
        assert_eq!(guid("").as_deref(), Some("https://a.example/1"));
        assert_eq!(guid("isPermaLink='false'"), None);
    }

    #[test]
    fn wishes_are_read() {
        let interval = |inside: &str| read(&format!("<rss><channel>{inside}<item/></channel></rss>")).unwrap().interval;
        assert_eq!(interval(""), None);
        assert_eq!(interval("<ttl> 40 </ttl>"), Some(Duration::from_mins(40)));
        let sy = "<sy:updatePeriod>daily</sy:updatePeriod>";
        assert_eq!(interval(sy), Some(Duration::from_hours(24)));
        assert_eq!(interval(&format!("{sy}<sy:updateFrequency>4</sy:updateFrequency>")), Some(Duration::from_hours(6)));
        assert_eq!(
            interval(&format!("{sy}<sy:updateFrequency>0</sy:updateFrequency>")),
            Some(Duration::from_hours(24))
        );
        assert_eq!(interval("<ttl>-1</ttl>"), None);
    }

    #[test]
    fn what_is_over_a_bound_is_counted_or_cut() {
        let many = format!("<rss><channel>{}</channel></rss>", "<item><title>t</title></item>".repeat(ITEMS_MAX + 7));
        let document = read(&many).unwrap();
        assert_eq!((document.items.len(), document.cut), (ITEMS_MAX, 7));
        let long =
            format!("<rss><item><title>{}</title><description>{0}</description></item></rss>", "é".repeat(100_000));
        let item = read(&long).unwrap().items.remove(0);
        assert_eq!((item.title.len(), item.text.len()), (NAME_BYTES_MAX, TEXT_BYTES_MAX));
        let deep = format!("<rss><item><title>t</title></item>{}", "<a>".repeat(DEPTH_MAX));
        let document = read(&deep).unwrap();
        assert_eq!((document.items.len(), document.broken), (1, Some(ParseError::TooDeep)));
    }

    /// Each of these would take hours if the time were not linear in the length.
    #[test]
    fn time_is_linear_in_any_document() {
        let size = 4 << 20;
        for document in [
            format!("<rss><item><title a='{}'>t</title></item></rss>", "&".repeat(size)),
            format!("<rss><item><title>{}</title></item></rss>", "& ".repeat(size / 2)),
            format!("<rss>{}</rss>", "<item><title>&lt;a \"</title></item>".repeat(size / 40)),
            format!("<rss>{}</rss>", format!("<item><title>{}</title></item>", "&lt;a \"".repeat(16_000)).repeat(30)),
            format!("<rss>{}</rss>", format!("<item><title>{}</title></item>", "&lt;!--".repeat(16_000)).repeat(30)),
            format!("<rss {}><item/></rss>", "xmlns:a='b' ".repeat(size / 12)),
            format!("<rss>{}", "<a></b>".repeat(size / 7)),
            "<".repeat(size),
            format!("<rss>{}", "]]>".repeat(size / 3)),
        ] {
            let _ = read(&document);
        }
    }
}
