//! Which feeds: the publishers that come with the program, lists of the same form, and OPML.

use std::collections::BTreeSet;
use std::fmt;

use quick_xml::events::Event;
use quick_xml::reader::Reader;
use serde::Deserialize;
use url::Url;

use super::charset;
use super::document::NAME_BYTES_MAX;
use super::xml::attribute;

/// How many feeds one source reads at most; more are a fault of the configuration.
pub const FEEDS_MAX: usize = 20_000;

/// The publishers that are read without any configuration.
const PUBLISHERS: &str = include_str!("../../data/publishers.toml");

/// One feed as configured.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSpec {
    /// The publisher's name; without one, the feed's title.
    pub name: Option<String>,
    /// Where the feed is.
    pub url: String,
    /// Its language, BCP 47, where it is known better than the feed says it.
    pub language: Option<String>,
}

impl FeedSpec {
    /// A feed by its address alone.
    pub fn new(url: impl Into<String>) -> Self {
        Self { name: None, url: url.into(), language: None }
    }

    /// Its address, if it is one that can be read.
    pub fn address(&self) -> Result<Url, ListError> {
        let url = Url::parse(self.url.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.filter(Url::has_host).ok_or_else(|| ListError::Address(self.url.clone()))
    }
}

impl fmt::Debug for FeedSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FeedSpec({})", self.address().map_or_else(|_| "invalid".to_owned(), |url| shown(&url)))
    }
}

/// An address as it may be shown: without user, password and query, which may hold a key.
pub(crate) fn shown(url: &Url) -> String {
    format!("{}{}", url.host_str().unwrap_or_default(), url.path())
}

/// Why a list of feeds cannot be read. Lists are the operator's own writing, so they may be quoted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// No web address.
    #[error("{0}: expected an address that begins with http:// or https://")]
    Address(String),
    /// No list of publishers.
    #[error("{0}")]
    Toml(#[from] Box<toml::de::Error>),
    /// XML, and no OPML.
    #[error("no OPML: expected an `opml` element with `outline` elements that have an `xmlUrl`")]
    NoOpml,
    /// Broken XML.
    #[error("broken XML at byte {0}")]
    Xml(u64),
    /// More than [`FEEDS_MAX`].
    #[error("{0} feeds: expected at most {FEEDS_MAX}")]
    TooMany(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublisherFile {
    publisher: Vec<FeedSpec>,
}

/// The publishers that are read without any configuration: well-known news, in more than ten languages.
pub fn publishers() -> Vec<FeedSpec> {
    read_publishers(PUBLISHERS).expect("the list that comes with the program is held by a test")
}

/// The text of [`publishers`], for who wants to see it or begin a list of their own with it.
pub fn publishers_text() -> &'static str {
    PUBLISHERS
}

/// Reads a list in TOML: `[[publisher]]` tables with `url`, and where wanted `name` and `language`.
pub fn read_publishers(text: &str) -> Result<Vec<FeedSpec>, ListError> {
    let file: PublisherFile = toml::from_str(text).map_err(Box::new)?;
    for feed in &file.publisher {
        feed.address()?;
    }
    Ok(file.publisher)
}

/// Reads the feeds of an OPML file, as readers of feeds export it. Folders are passed through; what has no address is no feed.
pub fn read_opml(bytes: &[u8]) -> Result<Vec<FeedSpec>, ListError> {
    let text = charset::decode(bytes, None);
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut feeds = Vec::new();
    let mut is_opml = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start) | Event::Empty(start)) => {
                let name = start.name().into_inner();
                is_opml |= name.eq_ignore_ascii_case("opml");
                if !name.eq_ignore_ascii_case("outline") {
                    continue;
                }
                let Some(url) = attribute(&start, "xmlUrl").filter(|url| !url.trim().is_empty()) else { continue };
                let named =
                    |name| attribute(&start, name).filter(|text| !text.is_empty() && text.len() <= NAME_BYTES_MAX);
                let feed = FeedSpec {
                    name: named("title").or_else(|| named("text")),
                    url: url.trim().to_owned(),
                    language: named("language"),
                };
                feed.address()?;
                feeds.push(feed);
                if feeds.len() > FEEDS_MAX {
                    return Err(ListError::TooMany(feeds.len()));
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(_) => return Err(ListError::Xml(reader.error_position())),
        }
    }
    if is_opml && !feeds.is_empty() { Ok(feeds) } else { Err(ListError::NoOpml) }
}

/// Leaves out what stands twice; the first counts.
pub fn once_each(feeds: Vec<FeedSpec>) -> Vec<FeedSpec> {
    let mut known = BTreeSet::new();
    feeds.into_iter().filter(|feed| known.insert(feed.url.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_list_that_comes_with_the_program_is_sound() {
        let feeds = publishers();
        let mut languages: BTreeMap<&str, usize> = BTreeMap::new();
        for feed in &feeds {
            assert!(feed.name.is_some(), "{feed:?} has no name");
            assert_eq!(feed.address().unwrap().scheme(), "https", "{feed:?}");
            *languages.entry(feed.language.as_deref().unwrap()).or_default() += 1;
        }
        assert!(languages.len() >= 10, "{languages:?}");
        // The gate asks for items of three different publishers.
        assert!(languages.values().all(|count| *count >= 3), "{languages:?}");
        assert_eq!(once_each(feeds.clone()), feeds, "an address stands twice");
    }

    #[test]
    fn reads_opml_as_readers_write_it() {
        let text = r#"<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
            <opml version="2.0"><head><title>Mine</title></head><body>
            <outline text="News">
              <outline type="rss" text="a" title="A &amp; B" xmlUrl="https://a.example/feed?x=1&amp;y=2" language="de"/>
              <outline type="rss" text="only text" xmlurl=" http://b.example/feed "></outline>
            </outline>
            <outline text="a link" url="https://c.example/"/>
            </body></opml>"#;
        let feeds = read_opml(text.as_bytes()).unwrap();
        let told: Vec<_> = feeds.iter().map(|f| (f.name.as_deref(), f.url.as_str(), f.language.as_deref())).collect();
        assert_eq!(
            told,
            [
                (Some("A & B"), "https://a.example/feed?x=1&y=2", Some("de")),
                (Some("only text"), "http://b.example/feed", None),
            ]
        );
    }

    #[test]
    fn what_is_no_list_is_refused_with_the_reason() {
        let told = |result: Result<Vec<FeedSpec>, ListError>| result.unwrap_err().to_string();
        assert!(told(read_opml(b"<html></html>")).starts_with("no OPML"));
        assert!(told(read_opml(b"<opml><body/></opml>")).starts_with("no OPML"));
        assert!(told(read_opml(b"<opml><outline xmlUrl='gopher://x/'/></opml>")).contains("gopher://x/"));
        assert!(told(read_opml(b"<opml><!-- ")).starts_with("broken XML"));
        assert!(told(read_publishers("[[publisher]]\nname = 'x'\n")).contains("url"));
        assert!(told(read_publishers("[[publisher]]\nurl = 'ftp://x/'\n")).contains("ftp://x/"));
    }

    #[test]
    fn what_may_hold_a_key_is_not_shown() {
        let feed = FeedSpec::new("https://user:secret@a.example/feed?key=secret");
        assert_eq!(format!("{feed:?}"), "FeedSpec(a.example/feed)");
    }
}
