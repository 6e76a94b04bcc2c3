//! Narratives at the gate: what the detector would like to say of a story, and what may be said.
//!
//! A story is told in *buckets*: stretches of whole minutes, each long enough that k distinct authors carried it. Nothing that is
//! released rests on a shorter stretch, so two releases of the same narrative differ by whole buckets and never by what one
//! person wrote. Each term, phrase, hashtag and domain must have been written by k authors of the narrative itself.

use std::collections::BTreeMap;
use std::fmt;

use groundswell_sketch::{CellKey, Rfc3339};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::perturb::family;
use crate::released::{Released, sealed};
use crate::volume::{Figures, Gate, OTHER};
use crate::{K, NotReleasable};

/// Publisher items of different publishers that must carry a name-like phrase.
pub const NAME_PUBLISHERS: u32 = 3;

/// Parts of a label, at most.
pub const LABEL_PARTS_MAX: usize = 4;

/// Of a narrative. Never changes and is never used again. Displays as `n` and hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NarrativeId(pub u64);

impl NarrativeId {
    /// Reads what [`fmt::Display`] prints.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(u64::from_str_radix(text.strip_prefix('n')?, 16).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for NarrativeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{:x}", self.0)
    }
}

/// Where a narrative is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NarrativeState {
    /// New.
    Emerging,
    /// More posts than before, and that is no accident.
    Growing,
    /// Neither more nor fewer, or nobody can tell.
    Steady,
    /// Fewer posts than before, and that is no accident.
    Fading,
    /// None for long.
    Dormant,
    /// Part of another one.
    Merged,
}

impl NarrativeState {
    /// All states.
    pub const ALL: [Self; 6] = [Self::Emerging, Self::Growing, Self::Steady, Self::Fading, Self::Dormant, Self::Merged];

    /// The word used in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emerging => "emerging",
            Self::Growing => "growing",
            Self::Steady => "steady",
            Self::Fading => "fading",
            Self::Dormant => "dormant",
            Self::Merged => "merged",
        }
    }

    /// Reads the word used in outputs.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Distinct authors in eight bytes: each sets one of 64 bits by its token. As many bits are set as there are authors, or fewer, never
/// more: it can say "at least" and errs towards silence. Tokens of different epochs must not meet in one.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorBits(u64);

impl AuthorBits {
    /// Of so many authors that every bit is set.
    pub const FULL: Self = Self(u64::MAX);

    /// So many authors, or of more than 64 so many, of whom nothing else is known. Not to be united with others: they may be the same.
    pub const fn of_number(authors: u64) -> Self {
        if authors >= 64 { Self::FULL } else { Self((1 << authors) - 1) }
    }

    /// Notes an author by token.
    pub const fn insert(&mut self, token: u64) {
        // Tokens are random; the multiplication guards against bits that are not (simulated ones).
        self.0 |= 1 << (token.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
    }

    /// Those of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// There are so many authors, or more.
    pub const fn at_least(self) -> u64 {
        self.0.count_ones() as u64
    }
}

impl fmt::Debug for AuthorBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorBits(redacted)")
    }
}

/// A word, phrase, hashtag or domain of a narrative, before the gate.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct NarrativePart {
    /// As people spelt it.
    pub value: String,
    /// How far it sets the narrative apart from everything else, 0 to 1.
    pub weight: f32,
    /// Distinct authors of the narrative who wrote it, or fewer.
    pub authors: u64,
    /// It looks like a person's name, by itself or beside another part (PRIVACY section 4).
    pub name_like: bool,
    /// Publishers who carried it in the last seven days.
    pub publishers: u32,
}

impl NarrativePart {
    fn passes(&self, k: u64) -> bool {
        self.authors >= k && (!self.name_like || self.publishers >= NAME_PUBLISHERS)
    }
}

impl fmt::Debug for NarrativePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NarrativePart(redacted)")
    }
}

/// Posts of a narrative in one language, before the gate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NarrativeLanguage {
    /// ISO 639-1 or `und`.
    pub value: String,
    /// Posts.
    pub posts: u64,
    /// Who wrote them, in the epoch that has the most.
    pub authors: AuthorBits,
}

impl fmt::Debug for NarrativeLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NarrativeLanguage(redacted)")
    }
}

/// A stretch of whole minutes in which enough authors carried a narrative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NarrativeBucket {
    /// First second, of a whole minute.
    pub start: i64,
    /// Exclusive.
    pub end: i64,
    /// Posts.
    pub posts: u64,
    /// Distinct authors.
    pub authors: u64,
    /// Which posts these are.
    pub key: CellKey,
}

/// How fast a narrative grows: posts of the last minutes, divided by those of as many minutes before. The interval holds the true
/// ratio of two Poisson rates in about 95 of 100 cases (normal for the logarithm, half a post added to both counts).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// The best guess.
    pub ratio: f64,
    /// It is hardly below this (95 %).
    pub low: f64,
    /// It is hardly above this (95 %).
    pub high: f64,
}

impl Growth {
    /// 95 % of a normal distribution lie within so many standard errors.
    const Z: f64 = 1.96;

    /// Of two counts.
    pub fn of(recent: u64, before: u64) -> Self {
        let (a, b) = (recent as f64 + 0.5, before as f64 + 0.5);
        let error = Self::Z * (1.0 / a + 1.0 / b).sqrt();
        let ratio = a / b;
        Self { ratio, low: ratio * (-error).exp(), high: ratio * error.exp() }
    }

    /// Posts of the last `minutes`, over those of as many minutes before.
    fn of_buckets(buckets: &[NarrativeBucket], as_of: i64, minutes: i64) -> Self {
        let stretch = |back: i64| {
            let buckets = buckets.iter().map(|bucket| (bucket.start, bucket.end, bucket.posts));
            posts_within(buckets, as_of - (back + 1) * minutes * 60, as_of - back * minutes * 60)
        };
        Self::of(stretch(0), stretch(1))
    }
}

/// Posts of buckets (start, end, posts) that fall into a stretch, if those of a bucket came evenly: a story that took three hours to
/// find k authors did not come in its last minute.
pub(crate) fn posts_within(buckets: impl Iterator<Item = (i64, i64, u64)>, from: i64, to: i64) -> u64 {
    let of_bucket = |(start, end, posts): (i64, i64, u64)| {
        let both = (end.min(to) - start.max(from)).max(0);
        posts as f64 * both as f64 / (end - start).max(1) as f64
    };
    buckets.map(of_bucket).sum::<f64>().round() as u64
}

/// A narrative as followed, before the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NarrativeCandidate {
    /// Its id.
    pub id: NarrativeId,
    /// Where it is in its life.
    pub state: NarrativeState,
    /// Everything before this second was looked at.
    pub as_of: i64,
    /// Its buckets, oldest first. What came after the last one belongs to none yet and is in no number here.
    pub buckets: Vec<NarrativeBucket>,
    /// Distinct authors when the last bucket ended, in the epoch that has the most.
    pub authors: u64,
    /// Its growth is that of so many minutes over as many before them.
    pub growth_minutes: i64,
    /// Words, heaviest first.
    pub terms: Vec<NarrativePart>,
    /// Words that stand together, heaviest first.
    pub phrases: Vec<NarrativePart>,
    /// Hashtags without `#`.
    pub hashtags: Vec<NarrativePart>,
    /// Registrable domains of links.
    pub domains: Vec<NarrativePart>,
    /// All its languages.
    pub languages: Vec<NarrativeLanguage>,
    /// Narratives that became part of it, or of which it was a part.
    pub parents: Vec<NarrativeId>,
    /// The one of which it became a part.
    pub merged_into: Option<NarrativeId>,
    /// Others that are like it, the nearest first.
    pub related: Vec<NarrativeNear>,
}

/// A narrative that is like another one, before the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NarrativeNear {
    /// Its id.
    pub id: NarrativeId,
    /// Its distinct authors as they were told of last; zero where nothing was told of it.
    pub authors: u64,
}

/// A word and its weight, from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedTerm {
    /// The word.
    pub term: String,
    /// How far it sets the narrative apart.
    pub weight: f64,
}

/// A stretch of time and the posts in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineBucket {
    /// Inclusive.
    pub start: Rfc3339,
    /// Exclusive.
    pub end: Rfc3339,
    /// Posts.
    pub posts: u64,
}

/// One row of the released table **narratives** (CONTRACT section 5).
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct NarrativeRow {
    /// Its id.
    pub id: String,
    /// Where it is in its life.
    pub state: NarrativeState,
    /// Start of its first bucket.
    pub first_seen: Rfc3339,
    /// End of its last bucket.
    pub last_seen: Rfc3339,
    /// Everything before this was looked at.
    pub as_of: Rfc3339,
    /// The few words that set it apart; empty where none may be said.
    pub label: String,
    /// Words that set it apart.
    pub terms: Vec<WeightedTerm>,
    /// Words that stand together.
    pub phrases: Vec<String>,
    /// Hashtags without `#`.
    pub hashtags: Vec<String>,
    /// Registrable domains of links.
    pub domains: Vec<String>,
    /// Share of posts by language, to whole percents.
    pub languages: BTreeMap<String, f64>,
    /// Posts in its buckets.
    pub posts: u64,
    /// Distinct authors.
    pub authors: u64,
    /// Posts a minute now, divided by those of the time before.
    pub growth: f64,
    /// Between these it lies most likely (95 %).
    pub growth_interval: [f64; 2],
    /// Its buckets.
    pub timeline: Vec<TimelineBucket>,
    /// Narratives that became part of it, or of which it was a part.
    pub parents: Vec<String>,
    /// The one of which it became a part.
    pub merged_into: Option<String>,
    /// Others that are like it.
    pub related: Vec<String>,
}

impl sealed::Item for NarrativeRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("NarrativeRow", 20)?;
        row.serialize_field("id", &self.id)?;
        row.serialize_field("state", &self.state)?;
        row.serialize_field("first_seen", &self.first_seen)?;
        row.serialize_field("last_seen", &self.last_seen)?;
        row.serialize_field("as_of", &self.as_of)?;
        row.serialize_field("label", &self.label)?;
        row.serialize_field("terms", &self.terms)?;
        row.serialize_field("phrases", &self.phrases)?;
        row.serialize_field("hashtags", &self.hashtags)?;
        row.serialize_field("domains", &self.domains)?;
        row.serialize_field("languages", &self.languages)?;
        row.serialize_field("posts", &self.posts)?;
        row.serialize_field("authors", &self.authors)?;
        row.serialize_field("growth", &self.growth)?;
        row.serialize_field("growth_interval", &self.growth_interval)?;
        row.serialize_field("timeline", &self.timeline)?;
        row.serialize_field("parents", &self.parents)?;
        row.serialize_field("merged_into", &self.merged_into)?;
        row.serialize_field("related", &self.related)?;
        row.end()
    }
}

/// Why something happened to a narrative, with the numbers that decided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum NarrativeReason {
    /// Enough authors carried it.
    Carried {
        /// Distinct authors.
        authors: u64,
    },
    /// Two were more alike than they may be.
    Alike {
        /// Cosine of their words.
        similarity: f32,
        /// What was enough.
        needed: f32,
    },
    /// Workers found that this share of its posts belongs to the other one.
    Moved {
        /// From 0 to 1.
        share: f32,
    },
    /// One held two stories: two groups of leading words do not meet in posts.
    WordsApart,
    /// Nobody carried it any more.
    Silent {
        /// For so many minutes.
        minutes: u64,
    },
    /// Its leading words do not stand together: a topic, and no story.
    NoCore,
    /// There were too many narratives.
    NoRoom,
}

/// What happened to a narrative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NarrativeEventKind {
    /// It got its id.
    Birth,
    /// It became part of another one.
    Merge,
    /// It came out of another one.
    Split,
    /// It went silent.
    End,
}

impl NarrativeEventKind {
    /// The word used in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Birth => "birth",
            Self::Merge => "merge",
            Self::Split => "split",
            Self::End => "end",
        }
    }
}

/// Something that happened, before the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NarrativeEventCandidate {
    /// The end of the minute in which it was found.
    pub time: i64,
    /// What.
    pub kind: NarrativeEventKind,
    /// To which one.
    pub id: NarrativeId,
    /// Which others were part of it.
    pub others: Vec<NarrativeId>,
    /// Why.
    pub reason: NarrativeReason,
    /// Distinct authors of the narrative.
    pub authors: u64,
    /// Which posts the narrative had.
    pub key: CellKey,
}

/// One entry of the narratives' event log (CONTRACT section 5).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NarrativeEvent {
    /// The end of the minute in which it was found.
    pub time: Rfc3339,
    /// `birth`, `merge`, `split` or `end`.
    pub event: NarrativeEventKind,
    /// To which narrative.
    pub id: String,
    /// Which others were part of it.
    pub others: Vec<String>,
    /// Why, in words and numbers.
    pub reason: String,
    /// Distinct authors of the narrative. Kept so that the entry can be checked when it is read back.
    pub authors: u64,
}

impl sealed::Item for NarrativeEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("NarrativeEvent", 6)?;
        row.serialize_field("time", &self.time)?;
        row.serialize_field("event", &self.event)?;
        row.serialize_field("id", &self.id)?;
        row.serialize_field("others", &self.others)?;
        row.serialize_field("reason", &self.reason)?;
        row.serialize_field("authors", &self.authors)?;
        row.end()
    }
}

impl Gate {
    /// Says of a narrative what may be said; `None` where that is nothing.
    pub fn release_narrative(&self, candidate: NarrativeCandidate) -> Option<Released<NarrativeRow>> {
        let k = self.k().get();
        let NarrativeCandidate { mut buckets, authors, .. } = candidate;
        let (start, end) = (buckets.first()?.start, buckets.last()?.end);
        if authors < k || buckets.iter().any(|bucket| bucket.authors < k) {
            return None;
        }
        let mut key = CellKey::default();
        buckets.iter().for_each(|bucket| key.add(bucket.key));
        let posts = buckets.iter().map(|bucket| bucket.posts).sum();
        let id = candidate.id.0.to_le_bytes();
        let whole = self.shown(Figures { posts, authors }, key, family(&[b"narrative", &id]), k);
        for NarrativeBucket { start, posts, authors, key, .. } in &mut buckets {
            let family = family(&[b"narrative", &id, &start.to_le_bytes()]);
            let shown = self.shown(Figures { posts: *posts, authors: *authors }, *key, family, k);
            (*posts, *authors) = (shown.posts, shown.authors);
        }
        // From the shown buckets: a ratio of true ones would give them away.
        let growth = Growth::of_buckets(&buckets, candidate.as_of, candidate.growth_minutes);
        let passing = |parts: Vec<NarrativePart>| parts.into_iter().filter(|part| part.passes(k)).collect::<Vec<_>>();
        let values = |parts: Vec<NarrativePart>| passing(parts).into_iter().map(|part| part.value).collect::<Vec<_>>();
        // A phrase of a word that may not be said may not be said; of a name, publishers decide as a whole.
        let unsaid: Vec<&NarrativePart> = candidate.terms.iter().filter(|part| !part.passes(k)).collect();
        let mut phrases = candidate.phrases;
        phrases.retain(|phrase| phrase.name_like || !unsaid.iter().any(|part| holds(&phrase.value, &part.value)));
        let (terms, phrases) = (passing(candidate.terms), passing(phrases));
        let text = |id: NarrativeId| id.to_string();
        Some(Released::new(NarrativeRow {
            id: candidate.id.to_string(),
            state: candidate.state,
            first_seen: Rfc3339(start),
            last_seen: Rfc3339(end),
            as_of: Rfc3339(candidate.as_of),
            label: label(&terms, &phrases),
            terms: terms
                .into_iter()
                .map(|part| WeightedTerm { term: part.value, weight: hundredths(part.weight.into()) })
                .collect(),
            phrases: phrases.into_iter().map(|part| part.value).collect(),
            hashtags: values(candidate.hashtags),
            domains: values(candidate.domains),
            languages: shares(candidate.languages, k),
            posts: whole.posts,
            authors: whole.authors,
            growth: hundredths(growth.ratio),
            growth_interval: [hundredths(growth.low), hundredths(growth.high)],
            timeline: buckets
                .iter()
                .map(|bucket| TimelineBucket {
                    start: Rfc3339(bucket.start),
                    end: Rfc3339(bucket.end),
                    posts: bucket.posts,
                })
                .collect(),
            parents: candidate.parents.into_iter().map(text).collect(),
            merged_into: candidate.merged_into.map(text),
            related: candidate.related.iter().filter(|near| near.authors >= k).map(|near| text(near.id)).collect(),
        }))
    }

    /// Says what happened to a narrative, where it may be spoken of.
    pub fn release_narrative_event(&self, candidate: &NarrativeEventCandidate) -> Option<Released<NarrativeEvent>> {
        if candidate.authors < self.k().get() {
            return None;
        }
        let family = family(&[b"narrative", &candidate.id.0.to_le_bytes()]);
        let shown =
            |authors| self.shown(Figures { posts: authors, authors }, candidate.key, family, self.k().get()).authors;
        let reason = match candidate.reason {
            // A count below k can only come from a detector that is wrong: then nothing is said.
            NarrativeReason::Carried { authors } if authors < self.k().get() => return None,
            NarrativeReason::Carried { authors } => format!("{} authors carried it", shown(authors)),
            NarrativeReason::Alike { similarity, needed } => {
                format!("likeness {similarity:.2}, {needed:.2} is enough")
            }
            NarrativeReason::Moved { share } => format!("{:.0} % of its posts belong to the other one", share * 100.0),
            NarrativeReason::WordsApart => "two stories in one: their leading words do not meet in posts".to_owned(),
            // To whole hours: the minute of the last post may be one person's.
            NarrativeReason::Silent { minutes } => format!("nobody carried it for {} h", minutes / 60),
            NarrativeReason::NoCore => "its leading words no longer stand together".to_owned(),
            NarrativeReason::NoRoom => "more narratives than there is room for".to_owned(),
        };
        Some(Released::new(NarrativeEvent {
            time: Rfc3339(candidate.time),
            event: candidate.kind,
            id: candidate.id.to_string(),
            others: candidate.others.iter().map(ToString::to_string).collect(),
            reason,
            authors: shown(candidate.authors),
        }))
    }
}

/// Phrases say more than their words, so they come first and their words not again.
fn label(terms: &[NarrativePart], phrases: &[NarrativePart]) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for (part, most) in
        phrases.iter().map(|part| (part, LABEL_PARTS_MAX / 2)).chain(terms.iter().map(|part| (part, LABEL_PARTS_MAX)))
    {
        let value = part.value.as_str();
        let said = parts.iter().any(|other| value.split_whitespace().chain([value]).any(|word| holds(other, word)));
        if parts.len() < most && !said {
            parts.push(value);
        }
    }
    parts.join(", ")
}

/// Whether a phrase has a word, or is what a word runs together. In scripts without spaces a word is a stretch of letters.
fn holds(phrase: &str, word: &str) -> bool {
    let (phrase, word) = (phrase.to_lowercase(), word.to_lowercase());
    let is_word = |part: &str| part == word || !word.is_ascii() && part.contains(&word);
    phrase.split_whitespace().any(is_word) || phrase.split_whitespace().collect::<String>() == word
}

pub(crate) fn hundredths(number: f64) -> f64 {
    let rounded = (number * 100.0).round() / 100.0;
    if rounded.is_finite() { rounded } else { 0.0 }
}

/// Shares by language, to whole percents. Those with fewer than k authors go together as "other"; where that is still too few, the
/// smallest of the rest joins, and where nothing is left to join, they are left out.
pub(crate) fn shares(languages: Vec<NarrativeLanguage>, k: u64) -> BTreeMap<String, f64> {
    let total: u64 = languages.iter().map(|language| language.posts).sum();
    let (mut passing, failing): (Vec<_>, Vec<_>) =
        languages.into_iter().partition(|language| language.value != OTHER && language.authors.at_least() >= k);
    passing.sort_by(|a, b| (b.posts, &a.value).cmp(&(a.posts, &b.value)));
    let mut other = NarrativeLanguage { value: OTHER.to_owned(), posts: 0, authors: AuthorBits::default() };
    let mut join = |language: &NarrativeLanguage| {
        other.posts += language.posts;
        other.authors = other.authors.union(language.authors);
        other.authors.at_least()
    };
    if !failing.is_empty() {
        let mut authors = 0;
        for language in &failing {
            authors = join(language);
        }
        while authors < k {
            let Some(smallest) = passing.pop() else { return BTreeMap::new() };
            authors = join(&smallest);
        }
        passing.push(other);
    }
    let share = |posts: u64| (posts as f64 * 100.0 / total.max(1) as f64).round() / 100.0;
    passing.into_iter().map(|language| (language.value, share(language.posts))).collect()
}

/// Takes back a narrative that was released, by this k, and stored. Its parts carry no numbers by which they could be checked
/// again, so with a k that was raised since it is held back until it is released anew.
pub fn readmit_narrative(row: NarrativeRow, by: u64, k: K) -> Result<Released<NarrativeRow>, NotReleasable> {
    if by < k.get() || row.authors < k.get() {
        return Err(NotReleasable::NarrativeBelowK { k: k.get() });
    }
    Ok(Released::new(row))
}

/// Takes back an entry of the event log that was released by this k.
pub fn readmit_narrative_event(
    event: NarrativeEvent,
    by: u64,
    k: K,
) -> Result<Released<NarrativeEvent>, NotReleasable> {
    if by < k.get() || event.authors < k.get() {
        return Err(NotReleasable::NarrativeBelowK { k: k.get() });
    }
    Ok(Released::new(event))
}

#[cfg(test)]
mod tests;
