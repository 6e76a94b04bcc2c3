//! [`MinuteLog`]: the posts of one open minute, as far as clustering needs them, so that a deletion can reach them and the
//! order in which they came does not matter.

use groundswell_edge::EdgePost;

use super::features::{Feature, Features};
use super::terms::IdentityMap;
use crate::volume::Deletions;

/// One post.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) time: i64,
    pub(super) key: u64,
    pub(super) author: Option<u64>,
    pub(super) text_hash: u64,
    pub(super) language: [u8; 2],
    /// As [`Features::beside`].
    pub(super) beside: u64,
    has_key: bool,
    ids_start: u32,
    /// The sum of its features: with the hash of its words, all that it says.
    said: u64,
}

/// The posts of a minute; each feature's text is kept once.
#[derive(Default)]
pub(super) struct MinuteLog {
    records: Vec<Record>,
    ids: Vec<u32>,
    numbers: IdentityMap<u32>,
    features: Vec<Feature>,
    text: String,
}

impl MinuteLog {
    /// Forgets everything and keeps the room: minutes are much alike, and growing is copying.
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.ids.clear();
        self.numbers.clear();
        self.features.clear();
        self.text.clear();
    }

    pub(super) fn push(&mut self, post: &Features) {
        let ids_start = self.ids.len() as u32;
        for feature in &post.list {
            let id = self.number(feature, &post.text);
            self.ids.push(id);
        }
        self.records.push(Record {
            time: post.time,
            key: post.key,
            author: post.author,
            text_hash: post.text_hash,
            language: post.language,
            beside: post.beside,
            has_key: post.has_key,
            ids_start,
            said: post.list.iter().fold(0, |sum, feature| sum.wrapping_add(feature.hash)),
        });
    }

    /// Adds what another log of the same minute has; gives back the one that is of no more use, for the room in it.
    pub(super) fn join(&mut self, mut other: Self) -> Self {
        if other.records.len() > self.records.len() {
            std::mem::swap(self, &mut other);
        }
        let mut numbers = Vec::with_capacity(other.features.len());
        for feature in &other.features {
            numbers.push(self.number(feature, &other.text));
        }
        let shift = self.ids.len() as u32;
        self.ids.extend(other.ids.iter().map(|id| numbers[*id as usize]));
        self.records
            .extend(other.records.iter().map(|record| Record { ids_start: record.ids_start + shift, ..*record }));
        other
    }

    /// The number of a feature, which stands somewhere in `text`.
    fn number(&mut self, feature: &Feature, text: &str) -> u32 {
        let key = feature.form_hash ^ (feature.kind as u64) << 60;
        *self.numbers.entry(key).or_insert_with(|| {
            let start = self.text.len() as u32;
            self.text.push_str(&text[feature.text.0 as usize..feature.text.1 as usize]);
            self.features.push(Feature { text: (start, self.text.len() as u32), ..*feature });
            self.features.len() as u32 - 1
        })
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// For how many features of posts there is room.
    pub(super) fn room(&self) -> usize {
        self.ids.capacity()
    }

    pub(super) fn bytes(&self) -> usize {
        self.records.len() * size_of::<Record>()
            + self.ids.len() * size_of::<u32>()
            + self.features.len() * (size_of::<Feature>() + 24)
            + self.text.len()
    }

    pub(super) fn record(&self, index: usize) -> &Record {
        &self.records[index]
    }

    pub(super) fn ids_of(&self, index: usize) -> &[u32] {
        let end = self.records.get(index + 1).map_or(self.ids.len(), |next| next.ids_start as usize);
        &self.ids[self.records[index].ids_start as usize..end]
    }

    pub(super) fn feature(&self, id: u32) -> &Feature {
        &self.features[id as usize]
    }

    pub(super) fn features(&self) -> usize {
        self.features.len()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn text_of(&self, id: u32) -> &str {
        let (start, end) = self.features[id as usize].text;
        &self.text[start as usize..end as usize]
    }

    /// The posts in the order of their time; those of one second by what they say. Keys and authors decide nothing: they are others in
    /// each run, and the same input must give the same narratives.
    pub(super) fn order(&self, out: &mut Vec<u32>) {
        out.clear();
        out.extend(0..self.records.len() as u32);
        out.sort_by_cached_key(|index| {
            let record = &self.records[*index as usize];
            (record.time, record.text_hash, record.said, record.language)
        });
    }

    /// Forgets the posts that are named: neither key nor author nor a word that only they have stays. Returns how many they
    /// were.
    pub(super) fn delete(&mut self, deletions: &Deletions) -> u64 {
        let is_named = |record: &Record| deletions.names(record.has_key.then_some(record.key), record.author);
        if !self.records.iter().any(is_named) {
            return 0;
        }
        // Written anew, so that nothing stays in spare room either.
        let old = std::mem::take(self);
        let mut post = Features::new();
        for index in 0..old.records.len() {
            let record = old.records[index];
            if is_named(&record) {
                continue;
            }
            post.list.clear();
            post.text.clear();
            for id in old.ids_of(index) {
                let start = post.text.len() as u32;
                post.text.push_str(old.text_of(*id));
                post.list.push(Feature { text: (start, post.text.len() as u32), ..*old.feature(*id) });
            }
            post.time = record.time;
            post.key = record.key;
            post.has_key = record.has_key;
            post.author = record.author;
            post.text_hash = record.text_hash;
            post.language = record.language;
            post.beside = record.beside;
            self.push(&post);
        }
        (old.records.len() - self.records.len()) as u64
    }
}

/// The minute into which a post falls.
pub(super) fn minute_of(post: &EdgePost) -> i64 {
    post.time.unix().div_euclid(60) * 60
}
