//! [`Block`]: some hundred posts side by side, packed. What identifies a post stands apart from its text, so that looking for
//! what was deleted unpacks nothing.

use std::collections::HashSet;
use std::num::NonZeroU64;
use std::sync::Arc;

use groundswell_edge::{AuthorToken, DeleteKey, EdgePost, Link, PostKey};
use groundswell_post::{EventTime, Kind, Relation};
use groundswell_sketch::Step;

/// Posts of a block. Packing more at once saves little, and a deletion packs a whole block anew.
const POSTS_MAX: usize = 256;

/// Zstandard's fastest level that is worth it: about a third of the bytes.
const LEVEL: i32 = 1;

/// The most that a post's bytes unpack to: what the readers of texts read, and room for hashtags and links.
const POST_BYTES_MAX: usize = groundswell_text::TEXT_BYTES_MAX + 65_536;

/// What of a post counting and deleting need, in 24 bytes. A token or key of 0, one in 2^64, is taken for none.
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// Hours since 1970.
    hour: i32,
    author: Option<NonZeroU64>,
    key: Option<NonZeroU64>,
}

impl Head {
    fn of(post: &EdgePost) -> Self {
        Self {
            // Event times are of years that have four digits.
            hour: post.time.unix().div_euclid(Step::Hour.seconds()) as i32,
            author: post.author.and_then(|author| NonZeroU64::new(author.bits())),
            key: post.key.and_then(|key| NonZeroU64::new(key.bits())),
        }
    }

    /// Start of its hour.
    pub(super) fn hour(&self) -> i64 {
        i64::from(self.hour) * Step::Hour.seconds()
    }

    pub(super) fn author(&self) -> Option<AuthorToken> {
        self.author.map(|author| AuthorToken::from_bits(author.get()))
    }

    fn key(&self) -> Option<PostKey> {
        self.key.map(|key| PostKey::from_bits(key.get()))
    }

    fn is_named_by(&self, deleted: &HashSet<DeleteKey>) -> bool {
        self.author().is_some_and(|author| deleted.contains(&DeleteKey::Author(author)))
            || self.key().is_some_and(|key| deleted.contains(&DeleteKey::Post(key)))
    }
}

/// Full, and never changed: a trial may read it while the index goes on.
pub(super) struct Packed {
    heads: Box<[Head]>,
    bytes: Box<[u8]>,
    unpacked: usize,
}

impl Packed {
    /// Hands its posts on, one by one in `post`.
    pub(super) fn read(&self, post: &mut EdgePost, each: &mut dyn FnMut(&Head, &EdgePost)) {
        // What this process packed a moment ago unpacks; if memory is broken, nothing is counted rather than something wrong.
        let Ok(bytes) = zstd::bulk::decompress(&self.bytes, self.unpacked) else { return };
        read(&self.heads, &bytes, post, each);
    }
}

fn read(heads: &[Head], mut bytes: &[u8], post: &mut EdgePost, each: &mut dyn FnMut(&Head, &EdgePost)) {
    for head in heads {
        if decode(&mut bytes, post).is_none() {
            return;
        }
        post.time = EventTime::from_unix(head.hour());
        post.author = head.author();
        post.key = head.key();
        each(head, post);
    }
}

/// Posts that are being gathered, and full blocks.
#[derive(Default)]
pub(super) struct Blocks {
    heads: Vec<Head>,
    bytes: Vec<u8>,
    /// When the first of the gathered posts was read, in seconds.
    since: i64,
    /// With the time at which the first post of each was read.
    full: Vec<(i64, Arc<Packed>)>,
    held: usize,
}

impl Blocks {
    /// Bytes that are held.
    pub(super) fn held(&self) -> usize {
        self.held + self.bytes.len() + self.heads.len() * size_of::<Head>()
    }

    pub(super) fn push(&mut self, post: &EdgePost, received: i64) {
        if self.heads.is_empty() {
            self.since = received;
        }
        self.heads.push(Head::of(post));
        encode(post, &mut self.bytes);
        if self.heads.len() == POSTS_MAX {
            self.pack();
        }
    }

    fn pack(&mut self) {
        let (heads, since) = (std::mem::take(&mut self.heads), self.since);
        if let Some(packed) = pack(heads, &self.bytes) {
            self.held += size(&packed);
            self.full.push((since, Arc::new(packed)));
        }
        self.bytes.clear();
    }

    /// Lets go of what was deleted, of what is of an hour before `first`, and of what was read before `received`.
    pub(super) fn forget(&mut self, deleted: &HashSet<DeleteKey>, first: i64, received: i64) {
        let goes = |head: &Head| head.hour() < first || head.is_named_by(deleted);
        let mut full = std::mem::take(&mut self.full);
        full.retain_mut(|(since, packed)| {
            if *since < received {
                return false;
            }
            if !packed.heads.iter().any(goes) {
                return true;
            }
            let (mut heads, mut bytes) = (Vec::new(), Vec::new());
            packed.read(&mut EdgePost::default(), &mut |head, post| {
                if !goes(head) {
                    heads.push(*head);
                    encode(post, &mut bytes);
                }
            });
            let left = pack(heads, &bytes);
            left.is_some_and(|left| {
                *packed = Arc::new(left);
                true
            })
        });
        self.held = full.iter().map(|(_, packed)| size(packed)).sum();
        self.full = full;
        if self.since < received {
            self.heads.clear();
            self.bytes.clear();
        } else if self.heads.iter().any(goes) {
            let (heads, bytes) = (std::mem::take(&mut self.heads), std::mem::take(&mut self.bytes));
            read(&heads, &bytes, &mut EdgePost::default(), &mut |head, post| {
                if !goes(head) {
                    self.heads.push(*head);
                    encode(post, &mut self.bytes);
                }
            });
        }
    }

    /// All that is held, for a reader who does not hold up the index.
    pub(super) fn all(&self) -> Vec<Arc<Packed>> {
        let gathered = pack(self.heads.clone(), &self.bytes).map(Arc::new);
        self.full.iter().map(|(_, packed)| Arc::clone(packed)).chain(gathered).collect()
    }
}

fn size(packed: &Packed) -> usize {
    packed.bytes.len() + packed.heads.len() * size_of::<Head>() + size_of::<Packed>()
}

fn pack(heads: Vec<Head>, bytes: &[u8]) -> Option<Packed> {
    if heads.is_empty() {
        return None;
    }
    let packed = zstd::bulk::compress(bytes, LEVEL).ok()?;
    Some(Packed { heads: heads.into(), bytes: packed.into(), unpacked: bytes.len() })
}

fn put(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// What a query can see of a post, and no more: no item of a publisher, of links the domain.
fn encode(post: &EdgePost, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(post.kind as u8);
    out.push(post.relation as u8);
    out.extend_from_slice(&post.language.unwrap_or_default());
    out.extend_from_slice(&post.region.unwrap_or_default());
    put(&post.source, out);
    let text = &post.text[..post.text.floor_char_boundary(groundswell_text::TEXT_BYTES_MAX)];
    put(text, out);
    let mut left = POST_BYTES_MAX - (out.len() - start).min(POST_BYTES_MAX);
    for list in [
        &mut post.hashtags.iter().map(String::as_str) as &mut dyn Iterator<Item = &str>,
        &mut post.links.iter().map(|link| link.domain.as_str()),
    ] {
        let at = out.len();
        out.push(0);
        for text in list.take(usize::from(u8::MAX)) {
            let takes = text.len() + 4;
            if takes > left {
                break;
            }
            left -= takes;
            put(text, out);
            out[at] += 1;
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    take(bytes, 1).map(|taken| taken[0])
}

fn text(bytes: &mut &[u8], out: &mut String) -> Option<()> {
    let length = u32::from_le_bytes(take(bytes, 4)?.try_into().ok()?);
    out.clear();
    out.push_str(std::str::from_utf8(take(bytes, length as usize)?).ok()?);
    Some(())
}

/// Two letters, or two zeros where there are none.
fn letters(bytes: &mut &[u8]) -> Option<[u8; 2]> {
    take(bytes, 2)?.try_into().ok()
}

fn decode(bytes: &mut &[u8], post: &mut EdgePost) -> Option<()> {
    post.kind = if byte(bytes)? == Kind::Publisher as u8 { Kind::Publisher } else { Kind::Person };
    let relation = byte(bytes)?;
    post.relation = Relation::ALL.into_iter().find(|one| *one as u8 == relation)?;
    post.language = Some(letters(bytes)?).filter(|code| *code != [0, 0]);
    post.region = Some(letters(bytes)?).filter(|code| *code != [0, 0]);
    text(bytes, &mut post.source)?;
    text(bytes, &mut post.text)?;
    let hashtags = byte(bytes)?;
    post.hashtags.resize_with(usize::from(hashtags), String::new);
    for hashtag in &mut post.hashtags {
        text(bytes, hashtag)?;
    }
    let links = byte(bytes)?;
    post.links.resize_with(usize::from(links), Link::default);
    for link in &mut post.links {
        text(bytes, &mut link.domain)?;
    }
    Some(())
}
