//! [`MinuteLog`]: the posts of one open minute, so that a deletion can reach them and the order in which they came does not matter.

use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_text::Analysis;

use super::words::{Reading, Token};
use crate::volume::Deletions;

/// A post passed on by the platform's own button (`post::Relation`, which this crate may not name).
const REPOST: &str = "repost";

/// One post.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) time: i64,
    /// Zero where the record had none.
    pub(super) key: u64,
    /// Absent for publishers' items too.
    pub(super) author: Option<u64>,
    pub(super) exact: u64,
    pub(super) language: [u8; 2],
    /// By the platform's own button.
    pub(super) repost: bool,
    pub(super) publisher: bool,
    tokens_start: u32,
    text_start: u32,
    domains_start: u32,
}

/// The posts of a minute that are long enough to be of a family, and how many there were in all.
#[derive(Default)]
pub(super) struct MinuteLog {
    records: Vec<Record>,
    tokens: Vec<Token>,
    text: String,
    /// Each followed by a space.
    domains: String,
    /// All posts of persons.
    pub(super) posts: u64,
}

impl MinuteLog {
    pub(super) fn push(&mut self, post: &EdgePost, analysis: &Analysis, reading: &Reading) {
        self.posts += u64::from(post.publisher.is_none());
        if reading.exact == 0 {
            return;
        }
        self.records.push(Record {
            time: post.time.unix(),
            key: post.key.map_or(0, PostKey::bits),
            author: post.author.filter(|_| post.publisher.is_none()).map(AuthorToken::bits),
            exact: reading.exact,
            language: analysis.language.as_str().as_bytes().try_into().unwrap_or([0; 2]),
            repost: post.relation.as_str() == REPOST,
            publisher: post.publisher.is_some(),
            tokens_start: self.tokens.len() as u32,
            text_start: self.text.len() as u32,
            domains_start: self.domains.len() as u32,
        });
        self.tokens.extend_from_slice(&reading.tokens);
        self.text.push_str(&post.text);
        for link in post.links.iter().filter(|link| !link.domain.is_empty()) {
            self.domains.push_str(&link.domain);
            self.domains.push(' ');
        }
    }

    /// Adds a publisher's title: what people pass on of an item.
    pub(super) fn push_title(&mut self, post: &EdgePost, title: &str, reading: &Reading) {
        if reading.exact == 0 {
            return;
        }
        self.records.push(Record {
            time: post.time.unix(),
            key: post.key.map_or(0, PostKey::bits),
            author: None,
            exact: reading.exact,
            language: [0; 2],
            repost: false,
            publisher: true,
            tokens_start: self.tokens.len() as u32,
            text_start: self.text.len() as u32,
            domains_start: self.domains.len() as u32,
        });
        self.tokens.extend_from_slice(&reading.tokens);
        self.text.push_str(title);
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.records.len() * size_of::<Record>()
            + self.tokens.len() * size_of::<Token>()
            + self.text.len()
            + self.domains.len()
    }

    pub(super) fn record(&self, index: usize) -> &Record {
        &self.records[index]
    }

    pub(super) fn tokens_of(&self, index: usize) -> &[Token] {
        let end = self.records.get(index + 1).map_or(self.tokens.len(), |next| next.tokens_start as usize);
        &self.tokens[self.records[index].tokens_start as usize..end]
    }

    pub(super) fn text_of(&self, index: usize) -> &str {
        let end = self.records.get(index + 1).map_or(self.text.len(), |next| next.text_start as usize);
        &self.text[self.records[index].text_start as usize..end]
    }

    pub(super) fn domains_of(&self, index: usize) -> impl Iterator<Item = &str> {
        let end = self.records.get(index + 1).map_or(self.domains.len(), |next| next.domains_start as usize);
        self.domains[self.records[index].domains_start as usize..end].split_terminator(' ')
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub(super) fn held(&self, held: &mut crate::volume::Held) {
        held.keys.extend(self.records.iter().map(|record| record.key));
        held.authors.extend(self.records.iter().filter_map(|record| record.author));
        held.values.push_str(&self.text);
        held.values.push_str(&self.domains);
    }

    /// The posts in the order of their time; those of one second by what they say. Keys and authors decide nothing: they are
    /// others in each run.
    pub(super) fn order(&self, out: &mut Vec<u32>) {
        out.clear();
        out.extend(0..self.records.len() as u32);
        out.sort_by_cached_key(|index| {
            let record = &self.records[*index as usize];
            (record.time, record.exact, record.language)
        });
    }

    /// Forgets the posts that are named: neither key nor author nor a word stays. Returns how many they were.
    pub(super) fn delete(&mut self, deletions: &Deletions) -> u64 {
        let is_named = |record: &Record| deletions.names(Some(record.key).filter(|key| *key != 0), record.author);
        if !self.records.iter().any(is_named) {
            return 0;
        }
        // Written anew, so that nothing stays in spare room either.
        let old = std::mem::take(self);
        for index in (0..old.records.len()).filter(|index| !is_named(&old.records[*index])) {
            self.records.push(Record {
                tokens_start: self.tokens.len() as u32,
                text_start: self.text.len() as u32,
                domains_start: self.domains.len() as u32,
                ..old.records[index]
            });
            self.tokens.extend_from_slice(old.tokens_of(index));
            self.text.push_str(old.text_of(index));
            for domain in old.domains_of(index) {
                self.domains.push_str(domain);
                self.domains.push(' ');
            }
        }
        let deleted = (old.records.len() - self.records.len()) as u64;
        let of_persons = old.records.iter().filter(|record| !record.publisher && is_named(record)).count();
        self.posts = old.posts.saturating_sub(of_persons as u64);
        deleted
    }
}

/// The minute into which a post falls.
pub(super) fn minute_of(unix: i64) -> i64 {
    unix.div_euclid(60) * 60
}
