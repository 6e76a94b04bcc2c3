//! [`ObjectLog`]: the links and hashtags of one open minute, where a deletion reaches them.

use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_text::{Analysis, hash_word};

use super::super::config::{LINK_BYTES_MAX, POST_LINKS_MAX};
use super::super::words::mix;
use crate::volume::Deletions;

/// Tells a link from a hashtag that is spelt alike.
const LINK: u64 = 0x6c69_6e6b;

/// One object of one post.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) object: u64,
    /// Zero where the record had none.
    pub(super) key: u64,
    /// Absent for publishers' items too.
    pub(super) author: Option<u64>,
    pub(super) language: [u8; 2],
    pub(super) repost: bool,
    pub(super) publisher: bool,
    start: u32,
    domain_bytes: u16,
    text_bytes: u16,
}

/// Of each post its links and hashtags, each once.
#[derive(Default)]
pub(in super::super) struct ObjectLog {
    pub(super) records: Vec<Record>,
    /// Of each record its domain and its value.
    values: String,
}

impl ObjectLog {
    /// Adds what a post has of them; says how many links were too long.
    pub(in super::super) fn push(&mut self, post: &EdgePost, analysis: &Analysis, repost: bool) -> u64 {
        let first = self.records.len();
        let record = Record {
            object: 0,
            key: post.key.map_or(0, PostKey::bits),
            author: post.author.filter(|_| post.publisher.is_none()).map(AuthorToken::bits),
            language: analysis.language.as_str().as_bytes().try_into().unwrap_or([0; 2]),
            repost,
            publisher: post.publisher.is_some(),
            start: 0,
            domain_bytes: 0,
            text_bytes: 0,
        };
        for tag in &analysis.hashtags {
            self.add(Record { object: mix(tag.hash), ..record }, "", analysis.hashtag(tag), first);
        }
        let own = post.publisher.as_ref().and_then(|item| item.url.as_deref()).map(|url| ("", url));
        let whole = post.links.iter().filter(|link| !link.domain.is_empty());
        let whole = whole.filter_map(|link| Some((link.domain.as_str(), link.url.as_deref()?)));
        let mut too_long = 0;
        for (domain, url) in whole.chain(own).take(POST_LINKS_MAX) {
            if url.len() > LINK_BYTES_MAX {
                too_long += 1;
            } else {
                self.add(Record { object: mix(hash_word(url) ^ LINK), ..record }, domain, url, first);
            }
        }
        too_long
    }

    fn add(&mut self, record: Record, domain: &str, text: &str, first: usize) {
        if self.records[first..].iter().any(|known| known.object == record.object) {
            return;
        }
        let start = self.values.len() as u32;
        self.values.push_str(domain);
        self.values.push_str(text);
        self.records.push(Record { start, domain_bytes: domain.len() as u16, text_bytes: text.len() as u16, ..record });
    }

    /// Adds what another log of the same minute has.
    pub(in super::super) fn join(&mut self, mut other: Self) {
        if other.records.len() > self.records.len() {
            std::mem::swap(self, &mut other);
        }
        let shift = self.values.len() as u32;
        self.values.push_str(&other.values);
        self.records.extend(other.records.iter().map(|record| Record { start: record.start + shift, ..*record }));
    }

    /// Domain and value.
    pub(super) fn value(&self, record: &Record) -> (&str, &str) {
        let start = record.start as usize;
        let (middle, end) = (
            start + usize::from(record.domain_bytes),
            start + usize::from(record.domain_bytes) + usize::from(record.text_bytes),
        );
        (&self.values[start..middle], &self.values[middle..end])
    }

    /// Memory in use.
    pub(in super::super) fn bytes(&self) -> usize {
        self.records.len() * size_of::<Record>() + self.values.len()
    }

    /// Forgets those of posts that are named. Written anew, so that nothing of them stays in spare room either.
    pub(in super::super) fn delete(&mut self, deletions: &Deletions) {
        let is_named = |record: &Record| deletions.names(Some(record.key).filter(|key| *key != 0), record.author);
        if !self.records.iter().any(is_named) {
            return;
        }
        let mut new = Self::default();
        for record in self.records.iter().filter(|record| !is_named(record)) {
            let (domain, text) = self.value(record);
            let first = new.records.len();
            new.add(*record, domain, text, first);
        }
        *self = new;
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub(in super::super) fn held(&self, held: &mut crate::volume::Held) {
        held.keys.extend(self.records.iter().map(|record| record.key));
        held.authors.extend(self.records.iter().filter_map(|record| record.author));
        held.values.push_str(&self.values);
    }
}
