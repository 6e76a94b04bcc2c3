//! [`MinuteLog`]: the posts of one open minute, so that a deletion can reach them and the order in which they came does not matter.

use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_text::Analysis;

use super::push::ObjectLog;
use super::words::{Reading, Token};
use crate::volume::Deletions;

/// A post passed on by the platform's own button (`post::Relation`, which this crate may not name).
pub(crate) const REPOST: &str = "repost";

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

/// Posts of a chunk. Memory that grows by doubling is half empty at times; of many chunks only the last one is.
const CHUNK_POSTS: usize = 1 << 14;

/// The posts of a minute that are long enough to be of a family, and how many there were in all.
#[derive(Default)]
pub(super) struct MinuteLog {
    /// None has more than [`CHUNK_POSTS`]. Of several workers, each its own.
    chunks: Vec<Chunk>,
    /// All posts of persons.
    pub(super) posts: u64,
    /// Links and hashtags of all posts, long enough or not.
    pub(super) objects: ObjectLog,
}

/// Some of a minute's posts.
#[derive(Default)]
struct Chunk {
    records: Vec<Record>,
    tokens: Vec<Token>,
    text: String,
    /// Each followed by a space.
    domains: String,
}

impl MinuteLog {
    /// The chunk that the next post goes to.
    fn last(&mut self) -> &mut Chunk {
        if self.chunks.last().is_none_or(|last| last.records.len() >= CHUNK_POSTS) {
            // The next one takes about as much room, and need not grow to it step by step.
            let next = self.chunks.last_mut().map_or_else(Chunk::default, |full| {
                full.shrink();
                full.as_large()
            });
            self.chunks.push(next);
        }
        let last = self.chunks.len() - 1;
        &mut self.chunks[last]
    }

    /// Notes the links and hashtags of a post; returns the memory that they take, and how many links were too long.
    pub(super) fn push_objects(&mut self, post: &EdgePost, analysis: &Analysis) -> (usize, u64) {
        let before = self.objects.bytes();
        let too_long = self.objects.push(post, analysis, post.relation.as_str() == REPOST);
        (self.objects.bytes() - before, too_long)
    }

    /// Adds a post; returns the memory that it takes.
    pub(super) fn push(&mut self, post: &EdgePost, analysis: &Analysis, reading: &Reading) -> usize {
        self.posts += u64::from(post.publisher.is_none());
        if reading.exact == 0 {
            return 0;
        }
        let chunk = self.last();
        let before = chunk.bytes();
        let repost = post.relation.as_str() == REPOST;
        chunk.records.push(Record {
            time: post.time.unix(),
            key: post.key.map_or(0, PostKey::bits),
            author: post.author.filter(|_| post.publisher.is_none()).map(AuthorToken::bits),
            exact: reading.exact,
            language: analysis.language.as_str().as_bytes().try_into().unwrap_or([0; 2]),
            repost,
            publisher: post.publisher.is_some(),
            tokens_start: chunk.tokens.len() as u32,
            text_start: chunk.text.len() as u32,
            domains_start: chunk.domains.len() as u32,
        });
        chunk.tokens.extend_from_slice(&reading.tokens);
        // Of what is passed on, nothing but that it was is told.
        if !repost {
            chunk.text.push_str(&post.text);
            for link in post.links.iter().filter(|link| !link.domain.is_empty()) {
                chunk.domains.push_str(&link.domain);
                chunk.domains.push(' ');
            }
        }
        chunk.bytes() - before
    }

    /// Adds a publisher's title: what people pass on of an item. Returns the memory that it takes.
    pub(super) fn push_title(&mut self, post: &EdgePost, title: &str, reading: &Reading) -> usize {
        if reading.exact == 0 {
            return 0;
        }
        let chunk = self.last();
        let before = chunk.bytes();
        chunk.records.push(Record {
            time: post.time.unix(),
            key: post.key.map_or(0, PostKey::bits),
            author: None,
            exact: reading.exact,
            language: [0; 2],
            repost: false,
            publisher: true,
            tokens_start: chunk.tokens.len() as u32,
            text_start: chunk.text.len() as u32,
            domains_start: chunk.domains.len() as u32,
        });
        chunk.tokens.extend_from_slice(&reading.tokens);
        chunk.text.push_str(title);
        chunk.bytes() - before
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.records.len()).sum()
    }

    /// Memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.iter().map(Chunk::bytes).sum::<usize>() + self.objects.bytes()
    }

    pub(super) fn record(&self, at: At) -> &Record {
        &self.chunks[at.chunk()].records[at.index()]
    }

    pub(super) fn tokens_of(&self, at: At) -> &[Token] {
        self.chunks[at.chunk()].tokens_of(at.index())
    }

    /// Reads a record, and of another post a word, for no other reason than that they are at hand then.
    pub(super) fn bring(&self, record: Option<&At>, words: Option<&At>) {
        std::hint::black_box(record.map_or(0, |at| self.record(*at).exact));
        std::hint::black_box(words.and_then(|at| self.tokens_of(*at).first()));
    }

    pub(super) fn text_of(&self, at: At) -> &str {
        self.chunks[at.chunk()].text_of(at.index())
    }

    pub(super) fn domains_of(&self, at: At) -> impl Iterator<Item = &str> {
        self.chunks[at.chunk()].domains_of(at.index())
    }

    /// Adds what another log of the same minute has.
    pub(super) fn join(&mut self, other: Self) {
        self.chunks.extend(other.chunks);
        self.posts += other.posts;
        self.objects.join(other.objects);
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub(super) fn held(&self, held: &mut crate::volume::Held) {
        self.objects.held(held);
        for chunk in &self.chunks {
            held.keys.extend(chunk.records.iter().map(|record| record.key));
            held.authors.extend(chunk.records.iter().filter_map(|record| record.author));
            held.values.push_str(&chunk.text);
            held.values.push_str(&chunk.domains);
        }
    }

    /// The posts in the order of their time; those of one second by what they say, and only where all of that is the same by their keys: in
    /// each run these are others. So it does not matter who noted which post.
    pub(super) fn order(&self, out: &mut Vec<At>) {
        out.clear();
        for (chunk, of) in self.chunks.iter().enumerate() {
            out.extend((0..of.records.len()).map(|index| At::new(chunk, index)));
        }
        let words = |at: &At| {
            let record = self.record(*at);
            (record.time, record.exact, record.language)
        };
        out.sort_by_cached_key(words);
        // Hardly any post has the words of another one in the same second.
        for same in out.chunk_by_mut(|one, other| words(one) == words(other)).filter(|same| same.len() > 1) {
            same.sort_by(|one, other| self.all_of(*one).cmp(&self.all_of(*other)));
        }
    }

    /// All of a post that its words do not say: what does not differ from run to run first.
    fn all_of(&self, at: At) -> impl Ord + '_ {
        let record = self.record(at);
        let chunk = &self.chunks[at.chunk()];
        let said = (record.publisher, record.repost, chunk.text_of(at.index()), chunk.all_domains_of(at.index()));
        (said, record.author, record.key)
    }

    /// Forgets the posts that are named: neither key nor author nor a word stays. Returns how many they were.
    pub(super) fn delete(&mut self, deletions: &Deletions) -> u64 {
        let is_named = |record: &Record| deletions.names(Some(record.key).filter(|key| *key != 0), record.author);
        let (mut deleted, mut of_persons) = (0, 0);
        for chunk in &mut self.chunks {
            let named = chunk.records.iter().filter(|record| is_named(record)).count();
            if named > 0 {
                deleted += named as u64;
                of_persons += chunk.records.iter().filter(|record| !record.publisher && is_named(record)).count();
                *chunk = chunk.without(&is_named);
            }
        }
        self.posts = self.posts.saturating_sub(of_persons as u64);
        self.objects.delete(deletions);
        deleted
    }
}

impl Chunk {
    fn bytes(&self) -> usize {
        self.records.len() * size_of::<Record>()
            + self.tokens.len() * size_of::<Token>()
            + self.text.len()
            + self.domains.len()
    }

    /// An empty one with room for as much and an eighth more.
    fn as_large(&self) -> Self {
        let more = |len: usize| len + len / 8;
        Self {
            records: Vec::with_capacity(CHUNK_POSTS),
            tokens: Vec::with_capacity(more(self.tokens.len())),
            text: String::with_capacity(more(self.text.len())),
            domains: String::with_capacity(more(self.domains.len())),
        }
    }

    fn shrink(&mut self) {
        self.records.shrink_to_fit();
        self.tokens.shrink_to_fit();
        self.text.shrink_to_fit();
        self.domains.shrink_to_fit();
    }

    fn tokens_of(&self, index: usize) -> &[Token] {
        let end = self.records.get(index + 1).map_or(self.tokens.len(), |next| next.tokens_start as usize);
        &self.tokens[self.records[index].tokens_start as usize..end]
    }

    fn text_of(&self, index: usize) -> &str {
        let end = self.records.get(index + 1).map_or(self.text.len(), |next| next.text_start as usize);
        &self.text[self.records[index].text_start as usize..end]
    }

    fn domains_of(&self, index: usize) -> impl Iterator<Item = &str> {
        self.all_domains_of(index).split_terminator(' ')
    }

    fn all_domains_of(&self, index: usize) -> &str {
        let end = self.records.get(index + 1).map_or(self.domains.len(), |next| next.domains_start as usize);
        &self.domains[self.records[index].domains_start as usize..end]
    }

    /// Written anew, so that nothing of those that are named stays in spare room either.
    fn without(&self, is_named: &dyn Fn(&Record) -> bool) -> Self {
        let mut new = Self::default();
        for index in (0..self.records.len()).filter(|index| !is_named(&self.records[*index])) {
            new.records.push(Record {
                tokens_start: new.tokens.len() as u32,
                text_start: new.text.len() as u32,
                domains_start: new.domains.len() as u32,
                ..self.records[index]
            });
            new.tokens.extend_from_slice(self.tokens_of(index));
            new.text.push_str(self.text_of(index));
            for domain in self.domains_of(index) {
                new.domains.push_str(domain);
                new.domains.push(' ');
            }
        }
        new
    }
}

/// Where a post is in a log.
#[derive(Clone, Copy)]
pub(super) struct At(u32);

impl At {
    const fn new(chunk: usize, index: usize) -> Self {
        Self((chunk * CHUNK_POSTS + index) as u32)
    }

    const fn chunk(self) -> usize {
        self.0 as usize / CHUNK_POSTS
    }

    const fn index(self) -> usize {
        self.0 as usize % CHUNK_POSTS
    }
}

/// The minute into which a post falls.
pub(super) fn minute_of(unix: i64) -> i64 {
    unix.div_euclid(60) * 60
}
