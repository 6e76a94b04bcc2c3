//! [`MinuteLog`]: the posts of one open minute, as far as counting needs them; [`Tally`]: adds a log up.

use std::ops::Range;
use std::sync::Arc;

use groundswell_edge::EdgePost;
use groundswell_gate::Dimension;
use groundswell_sketch::{Carried, CellKey, Posts, Summary, TextBits, partition_of};
use groundswell_text::{Language, hash_word};

use super::cell::{PHRASE, cell_hash, owner_of, phrase_hash, shard_of};
use super::delete::Deletions;
use super::interner::{CellId, Interner};

/// What a post is besides its words, in one number: relation, kind, language, region, which text, and what is missing.
#[derive(Clone, Copy)]
struct Head(u32);

/// Names of relations by their number (`post::Relation`, which this crate may not name).
const RELATIONS: [&str; 4] = ["post", "reply", "repost", "quote"];
/// Codes of two letters, and 0 for none.
const CODES: usize = 26 * 26 + 1;

impl Head {
    const RELATION: u32 = 3;
    const PUBLISHER: u32 = 1 << 2;
    const NO_AUTHOR: u32 = 1 << 3;
    const NO_KEY: u32 = 1 << 4;
    const LANGUAGE_AT: u32 = 5;
    const REGION_AT: u32 = 15;
    const CODE: u32 = 1 << 10;
    const TEXT_AT: u32 = 25;

    fn new(post: &EdgePost, language: Language, text: u64) -> Self {
        let mut bits = post.relation as u32 & Self::RELATION;
        bits |= if post.publisher.is_some() { Self::PUBLISHER } else { 0 };
        bits |= if post.author.is_none() { Self::NO_AUTHOR } else { 0 };
        bits |= if post.key.is_none() { Self::NO_KEY } else { 0 };
        let language = if language == Language::UND { 0 } else { code_index(language.as_str().as_bytes(), b'a') };
        bits |= language << Self::LANGUAGE_AT;
        bits |= post.region.map_or(0, |region| code_index(&region, b'A')) << Self::REGION_AT;
        bits |= TextBits::place(text) << Self::TEXT_AT;
        Self(bits)
    }

    const fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    /// The place of its text among [`TextBits`].
    const fn text(self) -> u32 {
        self.0 >> Self::TEXT_AT & (TextBits::BITS - 1)
    }

    /// The cells that every post, or every post of a region, has one of: indexes into [`Tally::heads`].
    fn cells(self) -> [Option<usize>; 5] {
        let relation = (self.0 & Self::RELATION) as usize;
        let kind = usize::from(self.has(Self::PUBLISHER));
        let language = (self.0 >> Self::LANGUAGE_AT & (Self::CODE - 1)) as usize;
        let region = (self.0 >> Self::REGION_AT & (Self::CODE - 1)) as usize;
        [
            Some(TOTAL),
            Some(KINDS + kind),
            Some(RELATIONS_AT + relation),
            Some(LANGUAGES + language),
            (region != 0).then_some(REGIONS + region),
        ]
    }
}

const TOTAL: usize = 0;
const KINDS: usize = 1;
const RELATIONS_AT: usize = 3;
const LANGUAGES: usize = 7;
const REGIONS: usize = LANGUAGES + CODES;
const HEADS: usize = REGIONS + CODES;

/// Dimension and value of an index into [`Tally::heads`].
#[allow(clippy::match_overlapping_arm, reason = "the first place among the languages is und")]
fn head_name(index: usize) -> (Dimension, String) {
    match index {
        TOTAL => (Dimension::Total, "all".to_owned()),
        KINDS..RELATIONS_AT => (Dimension::Kind, ["person", "publisher"][index - KINDS].to_owned()),
        RELATIONS_AT..LANGUAGES => (Dimension::Relation, RELATIONS[index - RELATIONS_AT].to_owned()),
        LANGUAGES => (Dimension::Language, Language::UND.as_str().to_owned()),
        LANGUAGES..REGIONS => (Dimension::Language, code(index - LANGUAGES, b'a')),
        _ => (Dimension::Region, code(index - REGIONS, b'A')),
    }
}

fn code_index(letters: &[u8], first: u8) -> u32 {
    match letters {
        [a, b] if (first..first + 26).contains(a) && (first..first + 26).contains(b) => {
            u32::from(a - first) * 26 + u32::from(b - first) + 1
        }
        _ => 0,
    }
}

fn code(index: usize, first: u8) -> String {
    let letter = |nth: usize| char::from(first + nth as u8);
    [letter((index - 1) / 26), letter((index - 1) % 26)].iter().collect()
}

#[derive(Clone, Copy)]
struct Record {
    key: u64,
    author: u64,
    /// Where its cells begin in `ids`; they end where the next one's begin.
    ids_start: u32,
    head: Head,
}

/// A name that a publisher's item carries, or a hashtag that a post spells as one, and the post's key, by which it can be deleted.
#[derive(Clone, Copy)]
struct CarriedBy {
    post: Option<u64>,
    carried: Carried,
}

/// Marks in a log the cell of a word that stands right beside the word of the cell before it: the two are a phrase.
const BESIDE: CellId = 1 << 31;

/// What a full log grows by, at least.
const GROWN_MIN: usize = 256;

/// What stands where a deleted post stood, until something else does.
const NOTHING: Record = Record { key: 0, author: 0, ids_start: 0, head: Head(0) };

/// What a stretch of posts was added up to, a summary a shard.
pub(super) type Parts = Vec<Arc<Summary>>;

/// A stretch of posts that was added up while their minute went on, for a checkpoint. The posts stay, so that a deletion reaches
/// them; if none does, they need not be added up again.
struct Stretch {
    /// Where it ends among the records, and among what they carry; it begins where the one before ends.
    records: usize,
    carried: usize,
    /// `None` once a deletion took something out of it.
    parts: Option<Parts>,
}

/// The posts of one open minute.
#[derive(Default)]
pub(super) struct MinuteLog {
    records: Vec<Record>,
    ids: Vec<CellId>,
    carried: Vec<CarriedBy>,
    stretches: Vec<Stretch>,
    /// A deletion took something out of what was added up.
    spoiled: bool,
    /// A post was seen since the log was last emptied, also where it was deleted.
    seen: bool,
}

impl MinuteLog {
    /// Begins a post with the text of this number; its cells follow by [`Self::push`].
    #[inline]
    pub(super) fn begin(&mut self, post: &EdgePost, language: Language, text: u64) {
        self.seen = true;
        // Memory that doubles is half empty at times.
        if self.records.len() == self.records.capacity() {
            self.records.reserve_exact(GROWN_MIN + self.records.len() / 4);
        }
        self.records.push(Record {
            key: post.key.map_or(0, groundswell_edge::PostKey::bits),
            author: post.author.map_or(0, groundswell_edge::AuthorToken::bits),
            ids_start: self.ids.len() as u32,
            head: Head::new(post, language, text),
        });
    }

    /// One cell of the post begun last.
    #[inline]
    pub(super) fn push(&mut self, id: CellId) {
        if self.ids.len() == self.ids.capacity() {
            self.ids.reserve_exact(GROWN_MIN + self.ids.len() / 4);
        }
        self.ids.push(id);
    }

    /// [`Self::push`] of a word that stands right beside the one pushed last.
    #[inline]
    pub(super) fn push_beside(&mut self, id: CellId) {
        self.push(id | BESIDE);
    }

    /// A name that the post begun last carries, which is a publisher's, or a hashtag that it spells as one.
    pub(super) fn carry(&mut self, post: &EdgePost, carried: Carried) {
        self.carried.push(CarriedBy { post: post.key.map(groundswell_edge::PostKey::bits), carried });
    }

    /// Memory that it has for posts, in use or not.
    pub(super) fn room(&self) -> usize {
        self.records.capacity() * size_of::<Record>()
            + self.ids.capacity() * size_of::<CellId>()
            + self.carried.capacity() * size_of::<CarriedBy>()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Memory in use for posts; what they were added up to for a checkpoint takes about as much again.
    pub(super) fn bytes(&self) -> usize {
        self.records.len() * size_of::<Record>()
            + self.ids.len() * size_of::<CellId>()
            + self.carried.len() * size_of::<CarriedBy>()
    }

    /// Forgets the posts that are named: neither key nor author nor words of theirs stay. Returns how many they were; their
    /// cells are added to `gone`.
    pub(super) fn delete(&mut self, deletions: &Deletions, gone: &mut Vec<CellId>) -> u64 {
        let is_named = |record: &Record| {
            let key = (!record.head.has(Head::NO_KEY)).then_some(record.key);
            let author = (!record.head.has(Head::NO_AUTHOR)).then_some(record.author);
            deletions.names(key, author)
        };
        self.delete_carried(deletions);
        let Some(first) = self.records.iter().position(is_named) else { return 0 };
        let before = self.records.len();
        let (mut kept, mut ids_kept) = (first, self.records[first].ids_start as usize);
        let mut stretch = self.stretches.partition_point(|stretch| stretch.records <= first);
        for index in first..before {
            while self.stretches.get(stretch).is_some_and(|stretch| stretch.records == index) {
                self.stretches[stretch].records = kept;
                stretch += 1;
            }
            let record = self.records[index];
            let ids = record.ids_start as usize..self.ids_end(index);
            if is_named(&record) {
                if let Some(stretch) = self.stretches.get_mut(stretch) {
                    self.spoiled |= stretch.parts.take().is_some();
                }
                gone.extend(self.ids[ids].iter().map(|id| id & !BESIDE));
                continue;
            }
            self.records[kept] = Record { ids_start: ids_kept as u32, ..record };
            self.ids.copy_within(ids.clone(), ids_kept);
            kept += 1;
            ids_kept += ids.len();
        }
        self.stretches[stretch..].iter_mut().for_each(|stretch| stretch.records = kept);
        self.records[kept..].fill(NOTHING);
        self.records.truncate(kept);
        self.ids[ids_kept..].fill(0);
        self.ids.truncate(ids_kept);
        (before - kept) as u64
    }

    /// Whether a deletion has taken something out of what was added up, since this was last asked.
    pub(super) fn take_spoiled(&mut self) -> bool {
        std::mem::take(&mut self.spoiled)
    }

    /// What a publisher takes back, it does not carry.
    fn delete_carried(&mut self, deletions: &Deletions) {
        let (mut from, mut kept) = (0, 0);
        for stretch in &mut self.stretches {
            let to = stretch.carried;
            let left = self.carried[from..to].iter().filter(|by| !deletions.names(by.post, None)).count();
            if left < to - from {
                self.spoiled |= stretch.parts.take().is_some();
            }
            from = to;
            kept += left;
            stretch.carried = kept;
        }
        self.carried.retain(|by| !deletions.names(by.post, None));
    }

    /// Adds up what is not, stretch by stretch: neighbours that a deletion has reached, and what came since, become one.
    fn add_up(&mut self, add_up: &mut dyn FnMut(&Self, Range<usize>, &[CarriedBy]) -> Parts) {
        let mut old = std::mem::take(&mut self.stretches);
        let (records, carried) = (self.records.len(), self.carried.len());
        let last = old.last().map_or((0, 0), |last| (last.records, last.carried));
        if last < (records, carried) || old.is_empty() && self.seen {
            old.push(Stretch { records, carried, parts: None });
        }
        let mut new: Vec<Stretch> = Vec::with_capacity(old.len());
        for stretch in old {
            match new.last_mut() {
                Some(last) if last.parts.is_none() && stretch.parts.is_none() => *last = stretch,
                _ => new.push(stretch),
            }
        }
        let mut from = (0, 0);
        for Stretch { records, carried, parts } in &mut new {
            if parts.is_none() {
                *parts = Some(add_up(self, from.0..*records, &self.carried[from.1..*carried]));
            }
            from = (*records, *carried);
        }
        self.stretches = new;
    }

    pub(super) fn mark_needed(&self, needed: &mut [bool]) {
        self.ids.iter().for_each(|id| needed[(id & !BESIDE) as usize] = true);
    }

    pub(super) fn renumber(&mut self, new_ids: &[CellId]) {
        self.ids.iter_mut().for_each(|id| *id = *id & BESIDE | new_ids[(*id & !BESIDE) as usize]);
    }

    /// Forgets all posts; keeps the memory.
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.ids.clear();
        self.carried.clear();
        self.stretches.clear();
        self.seen = false;
    }

    /// What stretches of it were added up to.
    #[cfg(debug_assertions)]
    pub(super) fn added_up(&self) -> impl Iterator<Item = &Summary> {
        self.stretches.iter().filter_map(|stretch| stretch.parts.as_ref()).flatten().map(AsRef::as_ref)
    }

    /// Keys, authors and cells of all posts.
    #[cfg(debug_assertions)]
    pub(super) fn held(&self) -> (impl Iterator<Item = (u64, u64)>, &[CellId]) {
        (self.records.iter().map(|record| (record.key, record.author)), &self.ids)
    }

    fn ids_end(&self, index: usize) -> usize {
        self.records.get(index + 1).map_or(self.ids.len(), |next| next.ids_start as usize)
    }

    #[inline]
    fn ids_of(&self, index: usize) -> impl Iterator<Item = CellId> {
        self.ids[self.places_of(index)].iter().map(|id| id & !BESIDE)
    }

    /// Where a post's cells stand.
    #[inline]
    fn places_of(&self, index: usize) -> Range<usize> {
        self.records[index].ids_start as usize..self.ids_end(index)
    }
}

/// A cell while a log is added up.
#[derive(Clone, Copy, Default)]
struct State {
    posts: Posts,
    /// Its stretch of [`Tally::tokens`], and how much of it is filled.
    start: u32,
    authors: u32,
}

/// A cell of [`Head`] while a log is added up.
#[derive(Clone, Default)]
struct HeadState {
    posts: Posts,
    tokens: Vec<u64>,
}

/// Stands for the author of a post that no person wrote, or nobody knows who.
const NO_PERSON: u64 = 0;

/// A phrase of a post: the numbers of both words, the author or [`NO_PERSON`], and the place of the text. In this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PhraseOf(u128);

impl PhraseOf {
    const WORD_BITS: u32 = 29;
    const TEXT_BITS: u32 = TextBits::BITS.trailing_zeros();
    const WORDS_AT: u32 = 64 + Self::TEXT_BITS;

    fn new(words: [CellId; 2], author: u64, text: u32) -> Self {
        debug_assert!(words.iter().all(|id| id >> Self::WORD_BITS == 0), "numbers of cells are bounded");
        let [first, second] = words.map(u128::from);
        let words = first << Self::WORD_BITS | second;
        Self(words << Self::WORDS_AT | u128::from(author) << Self::TEXT_BITS | u128::from(text))
    }

    const fn phrase(self) -> u64 {
        (self.0 >> Self::WORDS_AT) as u64
    }

    fn words(self) -> [CellId; 2] {
        [self.phrase() >> Self::WORD_BITS, self.phrase() & ((1 << Self::WORD_BITS) - 1)].map(|id| id as CellId)
    }

    const fn author(self) -> u64 {
        (self.0 >> Self::TEXT_BITS) as u64
    }

    const fn text(self) -> u32 {
        self.0 as u32 & (TextBits::BITS - 1)
    }
}

/// Adds logs up; keeps its tables from one to the next.
pub(super) struct Tally {
    /// By cell number; all zero between logs.
    states: Vec<State>,
    /// The cells that occur, in the order in which they came.
    touched: Vec<CellId>,
    heads: Vec<HeadState>,
    touched_heads: Vec<u16>,
    /// Persons: author and index of the record, ascending.
    order: Vec<(u64, u32)>,
    /// Authors of all cells, one stretch each.
    tokens: Vec<u64>,
    phrases: Vec<PhraseOf>,
    /// Hash of each phrase, and which of these are of it.
    by_hash: Vec<(u64, u32, u32)>,
    /// The authors of one phrase.
    phrase_tokens: Vec<u64>,
    /// What is being added up, a summary a shard. They are handed out as large as they are, and stay as large as they were.
    summaries: Vec<Summary>,
    /// The number of the stretch of posts that was added up last; 0 if they have none.
    stretch: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            states: Vec::new(),
            touched: Vec::new(),
            heads: vec![HeadState::default(); HEADS],
            touched_heads: Vec::new(),
            order: Vec::new(),
            tokens: Vec::new(),
            phrases: Vec::new(),
            by_hash: Vec::new(),
            phrase_tokens: Vec::new(),
            summaries: Vec::new(),
            stretch: 0,
        }
    }

    /// Numbers what it adds up, from the next number on.
    pub(super) fn number_after(&mut self, stretch: u64) {
        self.stretch = stretch;
    }

    /// Adds a log up into summaries by shard, and empties it. The total comes always, even if all posts were deleted.
    pub(super) fn sum(&mut self, log: &mut MinuteLog, interner: &Interner, shards: usize) -> Vec<Parts> {
        drop(self.look(log, interner, shards));
        let stretches = std::mem::take(&mut log.stretches);
        log.clear();
        stretches.into_iter().filter_map(|stretch| stretch.parts).collect()
    }

    /// [`Self::sum`] of a log that goes on. What no deletion reaches in the meantime is not added up again.
    pub(super) fn look<'a>(
        &mut self,
        log: &'a mut MinuteLog,
        interner: &Interner,
        shards: usize,
    ) -> impl Iterator<Item = &'a Parts> {
        log.add_up(&mut |log, records, carried| self.add_up(log, records, carried, interner, shards));
        log.stretches.iter().filter_map(|stretch| stretch.parts.as_ref())
    }

    /// Adds up one stretch of a log.
    fn add_up(
        &mut self,
        log: &MinuteLog,
        records: Range<usize>,
        carried: &[CarriedBy],
        interner: &Interner,
        shards: usize,
    ) -> Parts {
        let seen = records.len() as u64;
        self.count(log, records.clone(), interner.ids());
        self.gather_authors(log);
        let mut summaries = std::mem::take(&mut self.summaries);
        summaries.resize_with(shards.max(1), Summary::new);
        self.count_phrases(log, records, interner, &mut summaries);
        for index in self.touched_heads.drain(..) {
            let (dimension, value) = head_name(usize::from(index));
            let state = &mut self.heads[usize::from(index)];
            let hash = cell_hash(dimension, hash_word(&value));
            summaries[0].push(hash, dimension.index(), &value, state.posts, &state.tokens);
            *state = HeadState { tokens: std::mem::take(&mut state.tokens), ..HeadState::default() };
            state.tokens.clear();
        }
        for id in self.touched.drain(..) {
            let state = std::mem::take(&mut self.states[id as usize]);
            let (dimension, hash, value) = interner.name(id);
            let tokens = &self.tokens[state.start as usize..][..state.authors as usize];
            let shard = shard_of(dimension, hash, summaries.len());
            summaries[shard].push(hash, dimension.index(), value, state.posts, tokens);
        }
        let mut carried: Vec<Carried> = carried.iter().map(|by| by.carried).collect();
        carried.sort_unstable();
        carried.dedup();
        // Every shard needs to know: a name and its hashtag may be with two of them.
        // And every shard measures what it has by how much there was in all.
        self.stretch += u64::from(self.stretch > 0);
        summaries.iter_mut().for_each(|summary| {
            summary.set_stretch(self.stretch);
            summary.carry(&carried);
            summary.see(seen);
        });
        // Nothing of a log stays here that may yet lose posts to a deletion.
        self.order.clear();
        self.tokens.clear();
        self.phrases.clear();
        self.phrase_tokens.clear();
        let parts = summaries.iter_mut().map(|summary| Arc::new(summary.hand_out())).collect();
        self.summaries = summaries;
        parts
    }

    /// Authors that it knows between two logs.
    #[cfg(debug_assertions)]
    pub(super) fn held(&self) -> impl Iterator<Item = u64> {
        let of_heads = self.heads.iter().flat_map(|head| &head.tokens);
        let of_rest = self.tokens.iter().chain(&self.phrase_tokens);
        self.order.iter().map(|(author, _)| author).chain(of_rest).chain(of_heads).copied()
    }

    /// Counts posts by cell, and finds the persons in the order of their tokens.
    fn count(&mut self, log: &MinuteLog, records: Range<usize>, ids: usize) {
        if self.states.len() < ids {
            self.states.resize(ids, State::default());
        }
        self.order.clear();
        self.touched_heads.push(TOTAL as u16);
        for index in records {
            let record = &log.records[index];
            let head = record.head;
            let publisher = u32::from(head.has(Head::PUBLISHER));
            let text = head.text();
            for cell in head.cells().into_iter().flatten() {
                let state = &mut self.heads[cell];
                if state.posts.all == 0 && cell != TOTAL {
                    self.touched_heads.push(cell as u16);
                }
                state.posts.all += 1;
                state.posts.of_publishers += publisher;
                state.posts.texts.insert(text);
            }
            for id in log.ids_of(index) {
                let state = &mut self.states[id as usize];
                if state.posts.all == 0 {
                    self.touched.push(id);
                }
                state.posts.all += 1;
                state.posts.of_publishers += publisher;
                state.posts.texts.insert(text);
            }
            if !head.has(Head::PUBLISHER | Head::NO_AUTHOR) {
                self.order.push((record.author, index as u32));
            }
        }
        self.order.sort_unstable();
    }

    /// Counts phrases, beside the cells. A post has each of its phrases once, since it has each of its words once.
    fn count_phrases(
        &mut self,
        log: &MinuteLog,
        records: Range<usize>,
        interner: &Interner,
        summaries: &mut [Summary],
    ) {
        let Self { phrases, by_hash, phrase_tokens, .. } = self;
        for index in records {
            let Record { author, head, .. } = log.records[index];
            let person = if head.has(Head::PUBLISHER | Head::NO_AUTHOR) { NO_PERSON } else { author };
            for pair in log.ids[log.places_of(index)].windows(2).filter(|pair| pair[1] & BESIDE != 0) {
                phrases.push(PhraseOf::new([pair[0] & !BESIDE, pair[1] & !BESIDE], person, head.text()));
            }
        }
        // Those of one phrase stand together then, in the order of their authors.
        phrases.sort_unstable();
        let shards = summaries.len();
        let shard_of_phrase = |hash: u64| owner_of(partition_of(hash), shards);
        // Put together twice rather than kept: words may be long, and pairs of them are many.
        let mut value = String::new();
        let words = |posts: &[PhraseOf], value: &mut String| {
            let [first, second] = posts[0].words().map(|id| interner.name(id).2);
            value.clear();
            value.extend([first, " ", second]);
        };
        // Cells, bytes of their values and authors at most, of each shard.
        let mut sizes = vec![(0, 0, 0); shards];
        let mut from = 0;
        for posts in phrases.chunk_by(|one, other| one.phrase() == other.phrase()) {
            words(posts, &mut value);
            let to = from + posts.len();
            let hash = phrase_hash(hash_word(&value));
            by_hash.push((hash, from as u32, to as u32));
            let (cells, value_bytes, authors) = &mut sizes[shard_of_phrase(hash)];
            *cells += 1;
            *value_bytes += value.len();
            *authors += posts.len();
            from = to;
        }
        for (summary, (cells, value_bytes, authors)) in summaries.iter_mut().zip(sizes).filter(|(_, size)| size.0 > 0) {
            summary.beside_mut().reserve(cells, value_bytes, authors);
        }
        // Whoever merges them goes through all workers' at once, and from partition to partition.
        by_hash.sort_unstable();
        for (hash, from, to) in by_hash.drain(..) {
            let posts = &phrases[from as usize..to as usize];
            let mut counted = Posts { all: posts.len() as u32, ..Posts::default() };
            phrase_tokens.clear();
            posts.iter().for_each(|post| counted.texts.insert(post.text()));
            for author in posts.iter().map(|post| post.author()).filter(|author| *author != NO_PERSON) {
                counted.key.add(CellKey::of_author(author));
                if phrase_tokens.last() != Some(&author) {
                    phrase_tokens.push(author);
                }
            }
            words(posts, &mut value);
            summaries[shard_of_phrase(hash)].beside_mut().push(hash, PHRASE, &value, counted, phrase_tokens);
        }
    }

    /// Gives each cell its authors. Since persons come in the order of their tokens, each cell's are sorted, and a repeated
    /// one is the one before.
    fn gather_authors(&mut self, log: &MinuteLog) {
        let mut start = 0;
        for id in &self.touched {
            let state = &mut self.states[*id as usize];
            state.start = start;
            start += state.posts.all - state.posts.of_publishers;
        }
        self.tokens.clear();
        self.tokens.resize(start as usize, 0);
        for &(author, index) in &self.order {
            let index = index as usize;
            let key = CellKey::of_author(author);
            for cell in log.records[index].head.cells().into_iter().flatten() {
                let HeadState { posts, tokens } = &mut self.heads[cell];
                posts.key.add(key);
                if tokens.last() != Some(&author) {
                    tokens.push(author);
                }
            }
            for id in log.ids_of(index) {
                let state = &mut self.states[id as usize];
                state.posts.key.add(key);
                let end = (state.start + state.authors) as usize;
                if state.authors == 0 || self.tokens[end - 1] != author {
                    self.tokens[end] = author;
                    state.authors += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use groundswell_post::Relation;

    use super::*;

    #[test]
    fn relations_are_named_as_in_post() {
        for relation in Relation::ALL {
            let post = EdgePost { relation, ..EdgePost::default() };
            let cells = Head::new(&post, Language::UND, 0).cells();
            assert_eq!(head_name(cells[2].unwrap()), (Dimension::Relation, relation.as_str().to_owned()));
        }
    }

    #[test]
    fn codes_come_back() {
        for (language, region) in [(*b"en", *b"BR"), (*b"aa", *b"AA"), (*b"zz", *b"ZZ")] {
            let post = EdgePost { region: Some(region), ..EdgePost::default() };
            let cells = Head::new(&post, Language::from_code(language), u64::MAX).cells();
            let names = cells.map(|cell| head_name(cell.unwrap()).1);
            assert_eq!(names[3..], [&language, &region].map(|code| String::from_utf8(code.to_vec()).unwrap()));
        }
        // What is no code is none.
        let post = EdgePost { region: Some(*b"b1"), ..EdgePost::default() };
        let cells = Head::new(&post, Language::from_code(*b"EN"), 0).cells();
        assert_eq!((head_name(cells[3].unwrap()).1.as_str(), cells[4]), ("und", None));
    }
}
