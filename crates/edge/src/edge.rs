//! [`Edge`]: a worker's edge. [`EdgeShared`]: what the workers of a process share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use groundswell_post::{DeleteTarget, Deletion, EventTime, Kind, Portion, RawPost};
use serde::{Deserialize, Serialize};

use crate::codes;
use crate::keys::{DayKeys, EpochKeys};
use crate::opt_out::OptOutList;
use crate::post::{AuthorToken, DeleteKey, EdgePost, PostKey, PublisherItem};
use crate::repeat::RepeatFilter;
use crate::scrub::{LinkSink, Scrubber};
use crate::source_names::SourceNames;

/// How many hashtags of a record's own list are kept; the rest is counted in [`EdgeStats::hashtags_cut`].
pub const HASHTAGS_MAX: usize = 64;

/// The longest hashtag of a record's own list, in bytes; a longer one is left out and counted in
/// [`EdgeStats::hashtags_cut`].
pub const HASHTAG_BYTES_MAX: usize = 256;

/// How many days' keys a worker keeps at hand.
const DAYS_AT_HAND: usize = 4;

/// The longest name of an origin that is looked at at all; a longer one is not remembered.
const RAW_SOURCE_BYTES_MAX: usize = 1_024;

/// The edge's settings.
#[derive(Clone, Default)]
pub struct EdgeConfig {
    /// The root of the epoch keys, so that the processes of a cluster agree; `None` draws one. Never write it down.
    pub root_key: Option<[u8; 32]>,
    /// Who is dropped before counting.
    pub opt_outs: Option<Arc<OptOutList>>,
}

impl fmt::Debug for EdgeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgeConfig").field("opt_outs", &self.opt_outs).finish_non_exhaustive()
    }
}

/// What became of a post at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// `out` holds it, without identities.
    Accepted,
    /// Its author or platform asked that it not be read; `out` holds nothing of it.
    OptedOut,
    /// It was delivered before; `out` holds nothing of it.
    Repeated,
    /// Not all can be kept, and its key is not among those that are; `out` holds nothing of it.
    Thinned,
}

/// Bounds that were reached, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeStats {
    /// Half-memories of the repeat filter that were dropped for a newer one ([`crate::REPEAT_KEYS_MAX`]).
    pub repeat_generations_dropped: u64,
    /// Posts whose origin's name became `other` ([`crate::SOURCE_NAMES_MAX`]).
    pub source_names_folded: u64,
    /// Posts of days whose key was wiped: counted without author, and neither deletable nor recognised as repeated.
    pub posts_without_key: u64,
    /// Listed hashtags left out ([`HASHTAGS_MAX`], [`HASHTAG_BYTES_MAX`], or held personal data).
    pub hashtags_cut: u64,
    /// Links left out ([`crate::scrub::LINKS_MAX`]).
    pub links_cut: u64,
}

impl EdgeStats {
    /// Adds another process's.
    pub fn add(&mut self, other: &Self) {
        self.repeat_generations_dropped += other.repeat_generations_dropped;
        self.source_names_folded += other.source_names_folded;
        self.posts_without_key += other.posts_without_key;
        self.hashtags_cut += other.hashtags_cut;
        self.links_cut += other.links_cut;
    }

    /// Names and numbers, for metrics.
    pub fn named(&self) -> [(&'static str, u64); 5] {
        [
            ("repeat_generations_dropped", self.repeat_generations_dropped),
            ("source_names_folded", self.source_names_folded),
            ("posts_without_key", self.posts_without_key),
            ("hashtags_cut", self.hashtags_cut),
            ("links_cut", self.links_cut),
        ]
    }
}

/// What the workers of a process share: epoch keys, repeat filter, opt-outs, names of origins.
pub struct EdgeShared {
    keys: EpochKeys,
    repeats: RepeatFilter,
    opt_outs: Arc<OptOutList>,
    sources: SourceNames,
    posts_without_key: AtomicU64,
    hashtags_cut: AtomicU64,
    links_cut: AtomicU64,
}

impl fmt::Debug for EdgeShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EdgeShared(redacted)")
    }
}

impl EdgeShared {
    /// Starts an edge. Without a root key in `config`, nothing that another start made can be recognised.
    pub fn new(config: EdgeConfig) -> Self {
        Self {
            keys: EpochKeys::new(config.root_key),
            repeats: RepeatFilter::new(),
            opt_outs: config.opt_outs.unwrap_or_default(),
            sources: SourceNames::default(),
            posts_without_key: AtomicU64::new(0),
            hashtags_cut: AtomicU64::new(0),
            links_cut: AtomicU64::new(0),
        }
    }

    /// Wipes the keys that no open window and no deletion can need any more: those of days before the watermark's day and
    /// the day before it. Call it when the watermark moves on; it costs nothing within a day.
    pub fn forget_before(&self, watermark: EventTime) {
        if self.keys.oldest() < watermark.day() - 1 {
            self.keys.forget_before(watermark.day() - 1);
        }
    }

    /// Bounds that were reached since the start.
    pub fn stats(&self) -> EdgeStats {
        EdgeStats {
            repeat_generations_dropped: self.repeats.generations_dropped(),
            source_names_folded: self.sources.folded(),
            posts_without_key: self.posts_without_key.load(Ordering::Relaxed),
            hashtags_cut: self.hashtags_cut.load(Ordering::Relaxed),
            links_cut: self.links_cut.load(Ordering::Relaxed),
        }
    }
}

/// A worker's edge: the only place that reads the identities in a [`RawPost`]. Reuses its buffers and those of `out`.
pub struct Edge {
    shared: Arc<EdgeShared>,
    scrubber: Scrubber,
    links: LinkSink,
    /// For links that are to be left out.
    discard: LinkSink,
    days: [Option<DayKeys>; DAYS_AT_HAND],
    next_day: usize,
    hash_input: Vec<u8>,
    /// The last origin as the record named it, and what it is called.
    last_source: (String, Arc<str>),
    spare_hashtags: Vec<String>,
    scrubbed: String,
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edge(redacted)")
    }
}

impl Edge {
    /// A worker's edge over what it shares with the others.
    pub fn new(shared: Arc<EdgeShared>) -> Self {
        Self {
            shared,
            scrubber: Scrubber::new(),
            links: LinkSink::default(),
            discard: LinkSink::default(),
            days: [const { None }; DAYS_AT_HAND],
            next_day: 0,
            hash_input: Vec::new(),
            last_source: (String::new(), Arc::from("")),
            spare_hashtags: Vec::new(),
            scrubbed: String::new(),
        }
    }

    /// Takes a post over the edge: `out` gets what PRIVACY section 2 keeps. `default_source` names the origin where the
    /// record does not.
    pub fn admit(&mut self, raw: &RawPost<'_>, default_source: &str, out: &mut EdgePost) -> Admission {
        self.admit_portion(raw, default_source, Portion::ALL, out)
    }

    /// The same where only a share of the posts is kept: which, is decided by post key, so that neither author nor time nor
    /// what is said matters, nobody outside can choose, and a post is decided once however often it is delivered. What has no
    /// key is kept.
    pub fn admit_portion(
        &mut self,
        raw: &RawPost<'_>,
        default_source: &str,
        portion: Portion,
        out: &mut EdgePost,
    ) -> Admission {
        let source = match raw.source.as_deref() {
            None | Some("") => default_source,
            Some(source) => source,
        };
        if raw.opted_out || raw.author.as_deref().is_some_and(|author| self.shared.opt_outs.contains(source, author)) {
            return Admission::OptedOut;
        }
        out.author = None;
        out.key = None;
        // An empty id names nobody: all posts without one would be one author.
        let author = raw.author.as_deref().filter(|author| !author.is_empty());
        let id = raw.id.as_deref().filter(|id| !id.is_empty());
        if author.is_some() || id.is_some() {
            let day = raw.time.day();
            if let Some(slot) = self.day_slot(day) {
                let Self { days, hash_input, .. } = self;
                let keys = days[slot].as_ref().expect("day_slot gives a filled slot");
                out.key = id.map(|id| PostKey(keys.post_bits(source, id, hash_input)));
                out.author = author.map(|author| AuthorToken(keys.author_bits(source, author, hash_input)));
            } else {
                self.shared.posts_without_key.fetch_add(1, Ordering::Relaxed);
            }
        }
        if let Some(key) = out.key {
            // Once only: a post that comes again is a repeat, whatever became of it and however much is kept by then.
            if self.shared.repeats.seen(key) {
                return Admission::Repeated;
            }
            if !portion.keeps(key.bits()) {
                return Admission::Thinned;
            }
        }

        out.time = raw.time;
        out.relation = raw.relation;
        self.name_source(source);
        if *out.source != *self.last_source.1 {
            out.source.clear();
            out.source.push_str(&self.last_source.1);
        }
        out.language = raw.lang.as_deref().and_then(codes::language);
        out.region = raw.region.as_deref().and_then(codes::region);

        self.links.refill(&mut out.links);
        out.text.clear();
        if let Some(listed) = &raw.links {
            self.scrubber.scrub(&raw.text, &mut out.text, &mut self.discard);
            self.discard.clear();
            for link in listed {
                self.scrubber.link(link, &mut self.links);
            }
        } else {
            self.scrubber.scrub(&raw.text, &mut out.text, &mut self.links);
        }
        self.hashtags(raw, out);
        self.publisher(raw, out);
        self.links.hand_over(&mut out.links);
        let cut = self.links.take_cut();
        if cut > 0 {
            self.shared.links_cut.fetch_add(cut, Ordering::Relaxed);
        }
        Admission::Accepted
    }

    /// The keys under which what a deletion names may still be buffered: those of the deletion's day, of the watermark's,
    /// and of the day before each.
    pub fn deletion(
        &mut self,
        deletion: &Deletion<'_>,
        default_source: &str,
        watermark: EventTime,
        out: &mut Vec<DeleteKey>,
    ) {
        let source = match deletion.source.as_deref() {
            None | Some("") => default_source,
            Some(source) => source,
        };
        let said = deletion.time.unwrap_or(watermark).day();
        let mut days = [said, said - 1, watermark.day(), watermark.day() - 1];
        days.sort_unstable();
        for (index, day) in days.iter().enumerate() {
            if index > 0 && days[index - 1] == *day {
                continue;
            }
            let Some(slot) = self.day_slot(*day) else { continue };
            let Self { days, hash_input, .. } = self;
            let keys = days[slot].as_ref().expect("day_slot gives a filled slot");
            out.push(match &deletion.target {
                DeleteTarget::Post(id) => DeleteKey::Post(PostKey(keys.post_bits(source, id, hash_input))),
                DeleteTarget::Author(id) => DeleteKey::Author(AuthorToken(keys.author_bits(source, id, hash_input))),
            });
        }
    }

    /// The slot that holds a day's keys, filled where it was not.
    fn day_slot(&mut self, day: i64) -> Option<usize> {
        if let Some(slot) = self.days.iter().position(|keys| keys.as_ref().is_some_and(|keys| keys.day == day)) {
            return Some(slot);
        }
        let keys = self.shared.keys.day(day)?;
        // Keys that the process has wiped are wiped here too, by the drop of what stood in the slot.
        let oldest = self.shared.keys.oldest();
        for slot in &mut self.days {
            if slot.as_ref().is_some_and(|keys| keys.day < oldest) {
                *slot = None;
            }
        }
        let slot = self.days.iter().position(Option::is_none).unwrap_or_else(|| {
            self.next_day = (self.next_day + 1) % DAYS_AT_HAND;
            self.next_day
        });
        self.days[slot] = Some(keys);
        Some(slot)
    }

    fn name_source(&mut self, source: &str) {
        if self.last_source.0 == source && !self.last_source.1.is_empty() {
            return;
        }
        if source.len() > RAW_SOURCE_BYTES_MAX {
            self.last_source = (String::new(), Arc::from(crate::OTHER_SOURCE));
            return;
        }
        self.last_source.1 = self.shared.sources.name(source, &mut self.scrubber);
        self.last_source.0.clear();
        self.last_source.0.push_str(source);
    }

    fn hashtags(&mut self, raw: &RawPost<'_>, out: &mut EdgePost) {
        self.spare_hashtags.append(&mut out.hashtags);
        let mut cut = 0;
        for hashtag in &raw.hashtags {
            let hashtag = hashtag.trim().trim_start_matches(['#', '＃']);
            if hashtag.is_empty() {
                continue;
            }
            if hashtag.len() > HASHTAG_BYTES_MAX || out.hashtags.len() >= HASHTAGS_MAX {
                cut += 1;
                continue;
            }
            let mut scrubbed = self.spare_hashtags.pop().unwrap_or_default();
            scrubbed.clear();
            self.scrubber.scrub(hashtag, &mut scrubbed, &mut self.discard);
            self.discard.clear();
            // A hashtag that held personal data is no hashtag any more.
            if scrubbed.contains('⟨') {
                cut += 1;
                self.spare_hashtags.push(scrubbed);
            } else {
                out.hashtags.push(scrubbed);
            }
        }
        if cut > 0 {
            self.shared.hashtags_cut.fetch_add(cut, Ordering::Relaxed);
        }
        self.spare_hashtags.truncate(HASHTAGS_MAX);
    }

    fn publisher(&mut self, raw: &RawPost<'_>, out: &mut EdgePost) {
        let Some(publisher) = &raw.publisher else {
            out.kind = Kind::Person;
            out.publisher = None;
            return;
        };
        out.kind = Kind::Publisher;
        let mut clean = |text: &str| {
            self.scrubbed.clear();
            self.scrubber.scrub(text, &mut self.scrubbed, &mut self.discard);
            self.discard.clear();
            self.scrubbed.clone()
        };
        let item = PublisherItem {
            name: clean(&publisher.name),
            title: publisher.title.as_deref().map(&mut clean),
            url: publisher.url.as_deref().and_then(|url| {
                self.scrubber.link(url, &mut self.discard);
                self.discard.first_url()
            }),
        };
        self.discard.clear();
        out.publisher = Some(item);
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use groundswell_post::{Publisher, Relation};

    use super::*;

    fn edge(seed: u8) -> Edge {
        Edge::new(Arc::new(EdgeShared::new(EdgeConfig { root_key: Some([seed; 32]), opt_outs: None })))
    }

    fn post<'a>(author: &'a str, id: &'a str, text: &'a str) -> RawPost<'a> {
        RawPost {
            time: EventTime::from_unix(1_474_588_800),
            author: (!author.is_empty()).then(|| Cow::from(author)),
            id: (!id.is_empty()).then(|| Cow::from(id)),
            text: text.into(),
            ..RawPost::default()
        }
    }

    #[test]
    fn an_admitted_post_keeps_what_is_kept_and_nothing_else() {
        let mut edge = edge(1);
        let mut out = EdgePost::default();
        let raw = RawPost {
            lang: Some("en-GB".into()),
            region: Some("United Kingdom".into()),
            relation: Relation::Quote,
            source: Some("Mastodon".into()),
            hashtags: vec!["#Foo".into(), "bar".into(), "mail@example.com".into()],
            ..post("alice", "1", "hi @bob see https://www.example.co.uk/a?utm_source=x&b=1#frag ok")
        };
        assert_eq!(edge.admit(&raw, "file", &mut out), Admission::Accepted);
        assert_eq!(out.text, "hi ⟨handle⟩ see ⟨link⟩ ok");
        assert_eq!(out.source, "Mastodon");
        assert_eq!((out.language, out.region), (Some(*b"en"), Some(*b"GB")));
        assert_eq!((out.kind, out.relation), (Kind::Person, Relation::Quote));
        assert_eq!(out.hashtags, ["Foo", "bar"]);
        assert_eq!(out.links.len(), 1);
        assert_eq!(out.links[0].domain, "example.co.uk");
        assert_eq!(out.links[0].url.as_deref(), Some("https://www.example.co.uk/a?b=1"));
        assert!(out.author.is_some() && out.key.is_some() && out.publisher.is_none());
        assert_eq!(edge.shared.stats().hashtags_cut, 1);
    }

    #[test]
    fn buffers_of_the_post_before_do_not_shine_through() {
        let mut edge = edge(1);
        let mut out = EdgePost::default();
        let full = RawPost {
            lang: Some("en".into()),
            region: Some("US".into()),
            hashtags: vec!["one".into(), "two".into()],
            publisher: Some(Publisher { name: "Paper".into(), title: Some("Title".into()), url: None }),
            source: Some("elsewhere".into()),
            ..post("alice", "1", "https://a.example.com https://b.example.org/x text")
        };
        edge.admit(&full, "file", &mut out);
        assert_eq!((out.links.len(), out.hashtags.len(), out.kind), (2, 2, Kind::Publisher));
        edge.admit(&post("", "", "plain"), "file", &mut out);
        assert_eq!(out.text, "plain");
        assert_eq!(out.source, "file");
        assert!(out.links.is_empty() && out.hashtags.is_empty());
        assert!(out.author.is_none() && out.key.is_none() && out.language.is_none() && out.region.is_none());
        assert!(out.publisher.is_none());
        assert_eq!(out.kind, Kind::Person);
        edge.admit(&post("bob", "2", "see www.c.example"), "file", &mut out);
        assert_eq!(out.links.len(), 1);
    }

    #[test]
    fn repeats_and_opt_outs() {
        let folder = tempfile::tempdir().unwrap();
        let mut list = OptOutList::load(folder.path()).unwrap();
        list.add("file", "carol").unwrap();
        let config = EdgeConfig { root_key: None, opt_outs: Some(Arc::new(list)) };
        let mut edge = Edge::new(Arc::new(EdgeShared::new(config)));
        let mut out = EdgePost::default();
        assert_eq!(edge.admit(&post("alice", "1", "a"), "file", &mut out), Admission::Accepted);
        assert_eq!(edge.admit(&post("alice", "1", "a"), "file", &mut out), Admission::Repeated);
        assert_eq!(edge.admit(&post("alice", "1", "a"), "elsewhere", &mut out), Admission::Accepted);
        assert_eq!(edge.admit(&post("alice", "", "a"), "file", &mut out), Admission::Accepted);
        assert_eq!(edge.admit(&post("alice", "", "a"), "file", &mut out), Admission::Accepted);
        assert_eq!(edge.admit(&post("carol", "2", "a"), "file", &mut out), Admission::OptedOut);
        assert_eq!(edge.admit(&post("carol", "3", "a"), "elsewhere", &mut out), Admission::Accepted);
        let asked = RawPost { opted_out: true, ..post("dave", "4", "a") };
        assert_eq!(edge.admit(&asked, "file", &mut out), Admission::OptedOut);
    }

    /// A crowd of posts, each with the author and the minute it belongs to.
    fn crowd() -> impl Iterator<Item = (u32, u32, RawPost<'static>)> {
        (0..40).flat_map(|author| {
            (0..400).map(move |number| {
                let minute = number % 20;
                let raw = RawPost {
                    time: EventTime::from_unix(1_474_588_800 + i64::from(minute) * 60),
                    author: Some(format!("author {author}").into()),
                    id: Some(format!("{author}/{number}").into()),
                    text: "t".into(),
                    ..RawPost::default()
                };
                (author, minute, raw)
            })
        })
    }

    #[test]
    fn thinning_is_even_over_authors_and_times() {
        for parts in [16, 64, 128, 224] {
            let (mut edge, mut out) = (edge(7), EdgePost::default());
            let (mut by_author, mut by_minute) = ([0_u32; 40], [0_u32; 20]);
            let portion = Portion::of_256(parts);
            for (author, minute, raw) in crowd() {
                match edge.admit_portion(&raw, "bluesky", portion, &mut out) {
                    Admission::Accepted => {
                        by_author[author as usize] += 1;
                        by_minute[minute as usize] += 1;
                    }
                    other => assert_eq!(other, Admission::Thinned),
                }
            }
            // Within five standard deviations of a fair draw, for each author and each minute.
            let p = f64::from(parts) / 256.0;
            for (kept, of) in by_author.map(|kept| (kept, 400.0)).into_iter().chain(by_minute.map(|kept| (kept, 800.0)))
            {
                let fair = 5.0 * f64::sqrt(of * p * (1.0 - p));
                assert!((f64::from(kept) - of * p).abs() < fair, "{kept} of {of} at {p}");
            }
        }
    }

    #[test]
    fn a_smaller_share_keeps_a_part_of_a_larger_and_the_same_on_every_worker() {
        let portions = [8, 64, 200, 256].map(Portion::of_256);
        let mut before: Vec<String> = Vec::new();
        for portion in portions {
            let kept = |seed| {
                let (mut edge, mut out) = (edge(seed), EdgePost::default());
                let mut kept: Vec<String> = Vec::new();
                for (_, _, raw) in crowd() {
                    if edge.admit_portion(&raw, "bluesky", portion, &mut out) == Admission::Accepted {
                        kept.push(raw.id.unwrap().into_owned());
                    }
                }
                kept
            };
            let now = kept(3);
            assert_eq!(now, kept(3), "another worker with the same keys decides alike");
            assert!(before.iter().all(|id| now.contains(id)) && now.len() > before.len());
            // Who does not know the key cannot tell, and so cannot choose, which posts are kept.
            assert!(portion == Portion::ALL || now != kept(4));
            before = now;
        }
        assert_eq!(before.len(), 16_000);
    }

    #[test]
    fn a_deletion_s_key_decides_as_its_post_does_and_a_repeat_is_decided_once() {
        let (mut edge, mut out) = (edge(9), EdgePost::default());
        let half = Portion::of_256(128);
        let (mut kept, mut thinned) = (0, 0);
        for (_, _, raw) in crowd().take(2_000) {
            let admission = edge.admit_portion(&raw, "bluesky", half, &mut out);
            let target = DeleteTarget::Post(raw.id.clone().unwrap());
            let mut keys = Vec::new();
            edge.deletion(&Deletion { time: Some(raw.time), source: None, target }, "bluesky", raw.time, &mut keys);
            let key = out.key.unwrap();
            assert!(keys.contains(&DeleteKey::Post(key)), "the deletion has the post's key, kept or not");
            assert_eq!(half.keeps(key.bits()), admission == Admission::Accepted);
            kept += u32::from(admission == Admission::Accepted);
            thinned += u32::from(admission == Admission::Thinned);
            for portion in [Portion::ALL, half, Portion::LEAST] {
                assert_eq!(edge.admit_portion(&raw, "bluesky", portion, &mut out), Admission::Repeated);
            }
        }
        assert_eq!(kept + thinned, 2_000);
        assert!(kept > 0 && thinned > 0);
        // What has no key cannot be decided by it.
        assert_eq!(
            edge.admit_portion(&post("alice", "", "a"), "bluesky", Portion::LEAST, &mut out),
            Admission::Accepted
        );
        let asked = RawPost { opted_out: true, ..post("alice", "new", "a") };
        assert_eq!(edge.admit_portion(&asked, "bluesky", Portion::LEAST, &mut out), Admission::OptedOut);
    }

    #[test]
    fn a_deletion_finds_post_and_author_within_its_days() {
        let mut edge = edge(5);
        let mut out = EdgePost::default();
        edge.admit(&post("alice", "1", "a"), "file", &mut out);
        for (hours, finds) in [(0, true), (23, true), (24, true), (47, true), (48, false)] {
            let watermark = EventTime::from_unix(1_474_588_800 + hours * 3600);
            let mut keys = Vec::new();
            let target = DeleteTarget::Post("1".into());
            edge.deletion(&Deletion { time: None, source: None, target }, "file", watermark, &mut keys);
            assert_eq!(keys.contains(&DeleteKey::Post(out.key.unwrap())), finds, "{hours}");
            keys.clear();
            let target = DeleteTarget::Author("alice".into());
            edge.deletion(&Deletion { time: None, source: Some("file".into()), target }, "x", watermark, &mut keys);
            assert_eq!(keys.contains(&DeleteKey::Author(out.author.unwrap())), finds, "{hours}");
            assert_eq!(keys.len(), 2);
        }
    }

    #[test]
    fn workers_and_processes_with_one_root_agree_and_epochs_do_not() {
        let (mut one, mut same, mut other) = (edge(1), edge(1), edge(2));
        let (mut x, mut y) = (EdgePost::default(), EdgePost::default());
        let later = RawPost { time: EventTime::from_unix(1_474_588_800 + 86_400), ..post("alice", "1", "") };
        same.admit(&later, "file", &mut y);
        one.admit(&post("alice", "1", ""), "file", &mut x);
        assert_ne!(x.author, y.author);
        same.admit(&post("alice", "1", ""), "file", &mut y);
        assert_eq!((x.author, x.key), (y.author, y.key));
        other.admit(&post("alice", "1", ""), "file", &mut y);
        assert_ne!(x.author, y.author);
    }

    #[test]
    fn a_post_of_a_wiped_day_has_no_author() {
        let mut edge = edge(1);
        let mut out = EdgePost::default();
        edge.shared.forget_before(EventTime::from_unix(1_474_588_800 + 2 * 86_400));
        assert_eq!(edge.admit(&post("alice", "1", ""), "file", &mut out), Admission::Accepted);
        assert!(out.author.is_none() && out.key.is_none());
        assert_eq!(edge.shared.stats().posts_without_key, 1);
    }

    #[test]
    fn names_of_origins_are_scrubbed_short_and_few() {
        let mut edge = edge(1);
        let mut out = EdgePost::default();
        edge.admit(&post("", "", ""), "feed of jane@example.com", &mut out);
        assert_eq!(out.source, "feed of ⟨email⟩");
        edge.admit(&post("", "", ""), &"ä".repeat(100), &mut out);
        assert_eq!(out.source, "ä".repeat(32));
        edge.admit(&post("", "", ""), &"x".repeat(10_000), &mut out);
        assert_eq!(out.source, "other");
        for n in 0..crate::SOURCE_NAMES_MAX + 10 {
            edge.admit(&post("", "", ""), &format!("origin-{n}"), &mut out);
        }
        assert_eq!(out.source, "other");
        assert!(edge.shared.stats().source_names_folded >= 10);
    }

    #[test]
    fn listed_links_take_the_place_of_those_in_the_text() {
        let mut edge = edge(1);
        let mut out = EdgePost::default();
        let raw = RawPost {
            links: Some(vec![
                "https://news.example.com/story".into(),
                "https://twitter.com/alice/status/1".into(),
                "no link".into(),
            ]),
            ..post("", "", "see https://t.co/abc")
        };
        edge.admit(&raw, "file", &mut out);
        assert_eq!(out.text, "see ⟨link⟩");
        let links: Vec<_> = out.links.iter().map(|l| (l.domain.as_str(), l.url.as_deref())).collect();
        assert_eq!(links, [("example.com", Some("https://news.example.com/story")), ("twitter.com", None)]);
    }

    #[test]
    fn a_publisher_item_keeps_name_title_and_address() {
        let mut edge = edge(1);
        let mut out = EdgePost::default();
        let raw = RawPost {
            publisher: Some(Publisher {
                name: "The Paper".into(),
                title: Some("Write to tips@example.com".into()),
                url: Some("https://paper.example.com/a?utm_medium=feed".into()),
            }),
            ..post("", "", "body")
        };
        edge.admit(&raw, "file", &mut out);
        assert_eq!(
            out.publisher,
            Some(PublisherItem {
                name: "The Paper".into(),
                title: Some("Write to ⟨email⟩".into()),
                url: Some("https://paper.example.com/a".into()),
            })
        );
    }
}
