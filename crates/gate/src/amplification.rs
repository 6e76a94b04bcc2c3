//! Amplifications at the gate: what may be said of a text that many accounts posted in short time, or of a link or hashtag that many
//! pushed in texts that differ.
//!
//! It is evidence about a text, a link or a hashtag. Accounts are counted and never named, listed, ranked or scored. The text passes word by word: a word
//! that fewer than k authors wrote at its place is an ellipsis, and what looks like a person's name is a placeholder unless publishers
//! carry it. Numbers rest on *buckets*, as those of a narrative do.

use std::collections::BTreeMap;
use std::fmt;

use groundswell_sketch::{CellKey, Rfc3339};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::burst::step_up;
use crate::narrative::{
    AuthorBits, NAME_PUBLISHERS, NarrativeBucket, NarrativeLanguage, TimelineBucket, hundredths, shares,
};
use crate::perturb::family;
use crate::released::{Released, sealed};
use crate::volume::{Figures, Gate};
use crate::{K, NotReleasable};

/// Stands for words that fewer than k authors wrote at this place.
pub const ELLIPSIS: &str = "…";
/// Stands for what looks like a person's name.
pub const NAME_PLACEHOLDER: &str = "⟨name⟩";
/// A text of which fewer words may be shown says nothing, and the amplification is not spoken of.
pub const SHOWN_WORDS_MIN: usize = 4;
/// Beyond this, more standard deviations say no more.
pub const SYNCHRONY_MAX: f64 = 99.0;

/// Of an amplification. Never changes and is never used again. Displays as `a` and hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AmplificationId(pub u64);

impl AmplificationId {
    /// Reads what [`fmt::Display`] prints.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(u64::from_str_radix(text.strip_prefix('a')?, 16).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for AmplificationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a{:x}", self.0)
    }
}

/// The word of most posts at a place of a shared text, before the gate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedWord {
    /// In its normal form.
    pub value: String,
    /// Distinct authors who wrote it at this place, or fewer.
    pub authors: u64,
    /// It is part of what looks like a person's name (PRIVACY section 4).
    pub name_like: bool,
    /// Publishers who carried that name in the last seven days.
    pub publishers: u32,
}

impl fmt::Debug for SharedWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedWord(redacted)")
    }
}

/// What was amplified, before the gate.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AmplificationObject {
    /// A text: its words are in the candidate.
    #[default]
    Text,
    /// A hashtag without its sign, in normal form. The candidate's words are the hashtag, for what is known of names.
    Hashtag(String),
    /// A link. The candidate's words are those of its path ([`words_of_link`]).
    Link {
        /// As the edge keeps it: no profile, no personal post, no fragment, no tracking parameter.
        url: String,
        /// Its registrable domain.
        domain: String,
    },
}

impl fmt::Debug for AmplificationObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AmplificationObject(redacted)")
    }
}

/// The words of a link behind its host, as they stand there and once more in small letters, parted by an empty one: where a name may be.
pub fn words_of_link(url: &str) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        text.split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let behind = behind_host(url);
    let small = behind.to_lowercase();
    let mut all = words(behind);
    if small != behind {
        all.push(String::new());
        all.extend(words(&small));
    }
    all
}

fn behind_host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("", |at| &rest[at..])
}

/// What was amplified, as it is released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectType {
    /// The same text, or nearly.
    #[default]
    Text,
    /// A link, in texts that differ.
    Link,
    /// A hashtag, in texts that differ.
    Hashtag,
}

/// A registrable domain that copies link to, before the gate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmplificationDomain {
    /// The domain.
    pub value: String,
    /// Distinct authors whose copies link to it, or fewer.
    pub authors: u64,
}

impl fmt::Debug for AmplificationDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AmplificationDomain(redacted)")
    }
}

/// Posts passed on by the platform's own button: they are no copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reposts {
    /// How many.
    pub posts: u64,
    /// Who, in the epoch that has the most.
    pub authors: AuthorBits,
    /// Which posts these are.
    pub key: CellKey,
}

/// A text, link or hashtag that many accounts posted, before the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AmplificationCandidate {
    /// Its id.
    pub id: AmplificationId,
    /// What it is.
    pub object: AmplificationObject,
    /// Everything before this second was looked at.
    pub as_of: i64,
    /// Stretches of whole minutes that k authors carried, oldest first. What came after the last one is in no number here.
    pub buckets: Vec<NarrativeBucket>,
    /// Distinct authors when the last bucket ended, in the epoch that has the most.
    pub authors: u64,
    /// The text, place by place.
    pub words: Vec<SharedWord>,
    /// Domains that copies link to.
    pub domains: Vec<AmplificationDomain>,
    /// All languages of the copies.
    pub languages: Vec<NarrativeLanguage>,
    /// What was passed on by the platform's own button.
    pub reposts: Reposts,
    /// Share of the copies that came in their densest stretch, 0 to 1.
    pub concentration: f64,
    /// Share of all posts of the time looked at that came in the same stretch, 0 to 1.
    pub chance: f64,
    /// Authors of it who carry other amplifications too.
    pub overlap: u64,
    /// Of a link or hashtag: how many a day would look so by chance, or of what spreads by itself.
    pub q: Option<f64>,
}

/// One row of the released table **amplifications** (CONTRACT section 5).
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct AmplificationRow {
    /// Its id.
    pub id: String,
    /// Start of its first bucket.
    pub start: Rfc3339,
    /// End of its last bucket.
    pub end: Rfc3339,
    /// Everything before this was looked at.
    pub as_of: Rfc3339,
    /// What was amplified.
    #[serde(default)]
    pub object: ObjectType,
    /// What k authors wrote, word by word; [`ELLIPSIS`] and [`NAME_PLACEHOLDER`] stand for the rest. Of a hashtag the hashtag with its
    /// sign, of a link the link, with [`ELLIPSIS`] for its path where that may hold a name.
    pub shared_text: String,
    /// Copies in its buckets; reposts are none.
    pub posts: u64,
    /// Distinct authors.
    pub authors: u64,
    /// Copies an author.
    pub copies_per_author: f64,
    /// Registrable domains that copies link to.
    pub domains: Vec<String>,
    /// Share of copies by language, to whole percents.
    pub languages: BTreeMap<String, f64>,
    /// Its buckets.
    pub timeline: Vec<TimelineBucket>,
    /// How many standard deviations the copies in the densest stretch stand above what chance would bring.
    pub synchrony: f64,
    /// Share of its authors that carry other amplifications too; absent where that are fewer than k.
    pub family_overlap: Option<f64>,
    /// Posts passed on by the platform's own button; absent where they rest on fewer than k.
    pub reposts: Option<u64>,
    /// Of a link or hashtag: false alerts a day of whoever is told of all down to this one.
    #[serde(default)]
    pub q: Option<f64>,
}

impl sealed::Item for AmplificationRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("AmplificationRow", 16)?;
        row.serialize_field("id", &self.id)?;
        row.serialize_field("start", &self.start)?;
        row.serialize_field("end", &self.end)?;
        row.serialize_field("as_of", &self.as_of)?;
        row.serialize_field("object", &self.object)?;
        row.serialize_field("shared_text", &self.shared_text)?;
        row.serialize_field("posts", &self.posts)?;
        row.serialize_field("authors", &self.authors)?;
        row.serialize_field("copies_per_author", &self.copies_per_author)?;
        row.serialize_field("domains", &self.domains)?;
        row.serialize_field("languages", &self.languages)?;
        row.serialize_field("timeline", &self.timeline)?;
        row.serialize_field("synchrony", &self.synchrony)?;
        row.serialize_field("family_overlap", &self.family_overlap)?;
        row.serialize_field("reposts", &self.reposts)?;
        row.serialize_field("q", &self.q)?;
        row.end()
    }
}

/// How many standard deviations a number of copies in a stretch stands above its mean, if each of `copies` came at the time of a
/// random post: (share − p) · √n / √(p · (1 − p)), with n copies of which `share` came in the stretch that holds the share p of all
/// posts.
pub fn synchrony(copies: u64, share: f64, chance: f64) -> f64 {
    let spread = (chance * (1.0 - chance)).sqrt();
    if spread > 0.0 { (share - chance) * (copies as f64).sqrt() / spread } else { 0.0 }
}

impl Gate {
    /// Says of an amplification what may be said; `None` where that is nothing.
    pub fn release_amplification(&self, candidate: AmplificationCandidate) -> Option<Released<AmplificationRow>> {
        let k = self.k().get();
        let AmplificationCandidate { buckets, authors, .. } = &candidate;
        let (start, end) = (buckets.first()?.start, buckets.last()?.end);
        if *authors < k || buckets.iter().any(|bucket| bucket.authors < k) {
            return None;
        }
        let (object, shared_text) = match &candidate.object {
            AmplificationObject::Text => (ObjectType::Text, shared_text(&candidate.words, k)?),
            AmplificationObject::Hashtag(tag) => (ObjectType::Hashtag, shared_hashtag(tag, &candidate.words)?),
            AmplificationObject::Link { url, domain } => (ObjectType::Link, shared_link(url, domain, &candidate.words)),
        };
        let id = candidate.id.0.to_le_bytes();
        let mut key = CellKey::default();
        buckets.iter().for_each(|bucket| key.add(bucket.key));
        let posts = buckets.iter().map(|bucket| bucket.posts).sum();
        let whole = self.shown(Figures { posts, authors: *authors }, key, family(&[b"amplification", &id]), k);
        let timeline = buckets.iter().map(|bucket| {
            let family = family(&[b"amplification", &id, &bucket.start.to_le_bytes()]);
            let figures = Figures { posts: bucket.posts, authors: bucket.authors };
            let posts = self.shown(figures, bucket.key, family, k).posts;
            TimelineBucket { start: Rfc3339(bucket.start), end: Rfc3339(bucket.end), posts }
        });
        // From shown numbers and rounded ones: the true ones would be given away.
        let share = (candidate.concentration * 20.0).round() / 20.0;
        let synchrony = synchrony(whole.posts, share, candidate.chance).round().clamp(-SYNCHRONY_MAX, SYNCHRONY_MAX);
        let reposts = (candidate.reposts.authors.at_least() >= k).then(|| {
            let figures = Figures { posts: candidate.reposts.posts, authors: k };
            self.shown(figures, candidate.reposts.key, family(&[b"amplification reposts", &id]), k).posts
        });
        let passing = |domain: AmplificationDomain| (domain.authors >= k).then_some(domain.value);
        Some(Released::new(AmplificationRow {
            id: candidate.id.to_string(),
            start: Rfc3339(start),
            end: Rfc3339(end),
            as_of: Rfc3339(candidate.as_of),
            object,
            shared_text,
            posts: whole.posts,
            authors: whole.authors,
            copies_per_author: hundredths(whole.posts as f64 / whole.authors as f64),
            timeline: timeline.collect(),
            synchrony: if synchrony.is_finite() { synchrony } else { 0.0 },
            family_overlap: self.overlap(candidate.overlap, *authors, whole.authors, key, &id),
            reposts,
            domains: candidate.domains.into_iter().filter_map(passing).collect(),
            languages: shares(candidate.languages, k),
            q: candidate.q.filter(|q| q.is_finite()).map(|q| step_up(q.log10())),
        }))
    }

    /// The share of authors that carry other amplifications too. Where all but a few do, all do.
    fn overlap(self, overlap: u64, authors: u64, shown: u64, key: CellKey, id: &[u8]) -> Option<f64> {
        let k = self.k().get();
        if overlap < k {
            return None;
        }
        if authors.saturating_sub(overlap) < k {
            return Some(1.0);
        }
        let figures = Figures { posts: overlap, authors: overlap };
        let both = self.shown(figures, key, family(&[b"amplification overlap", id]), k).authors;
        Some(hundredths((both as f64 / shown as f64).min(1.0)))
    }
}

/// What looks like a person's name and is not carried by publishers.
fn holds_name(words: &[SharedWord]) -> bool {
    words.iter().any(|word| word.name_like && word.publishers < NAME_PUBLISHERS)
}

/// A hashtag that k authors wrote; `None` where it looks like a name.
fn shared_hashtag(tag: &str, words: &[SharedWord]) -> Option<String> {
    (!tag.is_empty() && !holds_name(words)).then(|| format!("#{tag}"))
}

/// A link that k authors wrote; its domain alone where the rest may hold a name, or is written so that none can be seen in it.
fn shared_link(url: &str, domain: &str, words: &[SharedWord]) -> String {
    let known = words.iter().map(|word| word.value.as_str()).eq(words_of_link(url).iter().map(String::as_str));
    if known && !url.contains('%') && !holds_name(words) { url.to_owned() } else { format!("{domain}/{ELLIPSIS}") }
}

/// What may be shown of a text; `None` where that is too little to be one.
fn shared_text(words: &[SharedWord], k: u64) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let mut shown = 0;
    for word in words {
        let part = match word {
            _ if word.authors < k => ELLIPSIS,
            _ if word.name_like && word.publishers < NAME_PUBLISHERS => NAME_PLACEHOLDER,
            _ => {
                shown += 1;
                word.value.as_str()
            }
        };
        // Neither how many words nor how long a name is left out is told.
        if parts.last() != Some(&part) || ![ELLIPSIS, NAME_PLACEHOLDER].contains(&part) {
            parts.push(part);
        }
    }
    (shown >= SHOWN_WORDS_MIN).then(|| parts.join(" "))
}

/// Takes back an amplification that was released, by this k, and stored. Its parts carry no numbers by which they could be checked
/// again, so with a k that was raised since it is held back.
pub fn readmit_amplification(
    row: AmplificationRow,
    by: u64,
    k: K,
) -> Result<Released<AmplificationRow>, NotReleasable> {
    if by < k.get() || row.authors < k.get() {
        return Err(NotReleasable::AmplificationBelowK { k: k.get() });
    }
    Ok(Released::new(row))
}

#[cfg(test)]
mod tests;
