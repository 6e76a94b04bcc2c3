//! [`ObjectDelta`]: what a link or hashtag gained in a minute.

use std::fmt;

use groundswell_gate::AuthorBits;
use groundswell_sketch::{CellKey, Distinct};
use serde::{Deserialize, Serialize};

use super::super::delta::LanguageDelta;

/// A link, or a hashtag where there is no domain.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Value {
    pub(in super::super) text: String,
    pub(in super::super) domain: String,
}

/// What one process saw of an object in a minute; those of several can be added up.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(in super::super) struct ObjectDelta {
    /// Of kind and value.
    pub(in super::super) object: u64,
    /// Only where two authors wrote it in this process.
    pub(in super::super) value: Option<Value>,
    pub(in super::super) posts: u32,
    /// Of them, copies of another text.
    pub(in super::super) copies: u32,
    pub(in super::super) key: CellKey,
    pub(in super::super) authors: Distinct,
    pub(in super::super) languages: Vec<LanguageDelta>,
    pub(in super::super) reposts: u32,
    pub(in super::super) repost_authors: AuthorBits,
    pub(in super::super) repost_key: CellKey,
    pub(in super::super) publishers: u32,
}

impl ObjectDelta {
    /// Adds what another process saw of it.
    pub(super) fn add(&mut self, other: &Self) {
        if self.value.is_none() {
            self.value.clone_from(&other.value);
        }
        self.posts += other.posts;
        self.copies += other.copies;
        self.key.add(other.key);
        self.authors.merge(&other.authors);
        for language in &other.languages {
            self.language(language.language).posts += language.posts;
            let known = self.language(language.language);
            known.authors = known.authors.union(language.authors);
        }
        self.reposts += other.reposts;
        self.repost_authors = self.repost_authors.union(other.repost_authors);
        self.repost_key.add(other.repost_key);
        self.publishers += other.publishers;
    }

    pub(super) fn language(&mut self, language: [u8; 2]) -> &mut LanguageDelta {
        let at = self.languages.partition_point(|known| known.language < language);
        if self.languages.get(at).is_none_or(|known| known.language != language) {
            self.languages.insert(at, LanguageDelta { language, posts: 0, authors: AuthorBits::default() });
        }
        &mut self.languages[at]
    }
}

impl fmt::Debug for ObjectDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ObjectDelta(redacted)")
    }
}
