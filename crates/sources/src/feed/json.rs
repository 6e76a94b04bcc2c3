//! JSON Feed 1.0 and 1.1. Authors are not among the fields that are read.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::date;
use super::document::{Document, Draft, ITEMS_MAX, NAME_BYTES_MAX, ParseError, TEXT_BYTES_MAX, name, readable};
use crate::decode::too_deep;

/// A string, or a number as its digits; anything else is nothing.
#[derive(Default)]
struct Loose(Option<String>);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose(Some(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Loose, E> {
        Ok(Loose(None))
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Loose, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }
}

#[derive(Deserialize)]
struct JsonFeed {
    #[serde(default)]
    version: Loose,
    #[serde(default)]
    title: Loose,
    #[serde(default)]
    language: Loose,
    items: Option<Vec<JsonItem>>,
}

#[derive(Deserialize)]
struct JsonItem {
    #[serde(default)]
    id: Loose,
    #[serde(default)]
    url: Loose,
    #[serde(default)]
    external_url: Loose,
    #[serde(default)]
    title: Loose,
    #[serde(default)]
    summary: Loose,
    #[serde(default)]
    content_html: Loose,
    #[serde(default)]
    content_text: Loose,
    #[serde(default)]
    date_published: Loose,
    #[serde(default)]
    date_modified: Loose,
    #[serde(default)]
    language: Loose,
}

/// Reads a JSON Feed.
pub(crate) fn parse(text: &str, address: &Url) -> Result<Document, ParseError> {
    if too_deep(text.as_bytes()) {
        return Err(ParseError::TooDeep);
    }
    let feed: JsonFeed = sonic_rs::from_str(text).map_err(|_| ParseError::Json)?;
    let named = feed.version.0.is_some_and(|version| version.contains("jsonfeed.org"));
    let Some(items) = feed.items.filter(|_| named) else { return Err(ParseError::NoFeed) };
    Ok(Document {
        title: readable(&feed.title.0.unwrap_or_default(), true, NAME_BYTES_MAX),
        language: feed.language.0.and_then(name),
        interval: None,
        cut: items.len().saturating_sub(ITEMS_MAX),
        items: items.into_iter().take(ITEMS_MAX).map(|item| item.draft().finish(address)).collect(),
        broken: None,
    })
}

impl JsonItem {
    fn draft(self) -> Draft {
        let content = match (self.content_text.0, self.content_html.0) {
            (Some(text), _) => readable(&text, false, TEXT_BYTES_MAX),
            (None, Some(html)) => readable(&html, true, TEXT_BYTES_MAX),
            (None, None) => String::new(),
        };
        Draft {
            id: self.id.0,
            id_is_link: true,
            link: self.url.0,
            other_link: self.external_url.0,
            // Plain text by the specification, but much of the software that writes feeds escapes it for HTML.
            title: readable(&self.title.0.unwrap_or_default(), true, NAME_BYTES_MAX),
            summary: readable(&self.summary.0.unwrap_or_default(), false, TEXT_BYTES_MAX),
            content,
            published: self.date_published.0.as_deref().and_then(date::parse),
            updated: self.date_modified.0.as_deref().and_then(date::parse),
            language: self.language.0.and_then(name),
        }
    }
}
