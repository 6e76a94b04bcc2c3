//! What the owner proposes: narratives and events, with the evidence that the gate needs to judge them.

use std::fmt;

use groundswell_gate::{AuthorBits, NarrativeBucket, NarrativeId};
use groundswell_sketch::{CellKey, Distinct};
use serde::{Deserialize, Serialize};

use super::State;
use super::life::Growth;

/// Bits of the number within the minute.
const NUMBER_BITS: u32 = 24;

/// A name that is never given twice: the minute of the birth and a number within it.
pub(super) fn name_of(minute: i64, number: u32) -> NarrativeId {
    NarrativeId((minute.div_euclid(60) as u64) << NUMBER_BITS | u64::from(number) & ((1 << NUMBER_BITS) - 1))
}

/// A term, hashtag or domain that a label may be made of; the gate decides by its authors.
#[derive(Clone, PartialEq, Eq)]
pub struct LabelPart {
    /// Its normal form, as most spell it.
    pub form: String,
    /// In thousandths of the weightiest: how often it occurs here, times how much it sets apart.
    pub weight: u32,
    /// Posts of the narrative that have it.
    pub posts: u64,
    /// At least so many authors wrote it here on one day, told apart up to [`TERM_AUTHORS_MAX`](super::TERM_AUTHORS_MAX).
    pub authors: u64,
}

/// A narrative as it stands at the close of a minute.
#[derive(Clone, PartialEq)]
pub struct NarrativeCandidate {
    /// Its name.
    pub id: NarrativeId,
    /// Start of the minute that closed.
    pub minute: i64,
    /// Where it is in its life.
    pub state: State,
    /// Start of the minute of its first post.
    pub first_seen: i64,
    /// Start of the minute of its last post.
    pub last_seen: i64,
    /// Posts since it began.
    pub posts: u64,
    /// Of them, near copies of one before.
    pub copies: u64,
    /// Their authors: on the day that had most.
    pub authors: u64,
    /// Posts of this minute.
    pub minute_posts: u64,
    /// Their authors.
    pub minute_authors: u64,
    /// How it grows.
    pub growth: Growth,
    /// Words that set it apart, weightiest first.
    pub terms: Vec<LabelPart>,
    /// Words that stand next to each other, weightiest first; all of them are among the terms.
    pub phrases: Vec<LabelPart>,
    /// Hashtags, most posts first.
    pub hashtags: Vec<LabelPart>,
    /// Domains, most posts first.
    pub domains: Vec<LabelPart>,
    /// Stretches of whole minutes that k authors carried, oldest first.
    pub buckets: Vec<NarrativeBucket>,
    /// Authors when the last bucket closed, on the day that had most.
    pub bucket_authors: u64,
    /// Which posts the buckets hold.
    pub bucket_key: CellKey,
    /// Authors by language, on the day that had most.
    pub language_authors: Vec<([u8; 2], AuthorBits)>,
    /// Posts by language, most first.
    pub languages: Vec<([u8; 2], u64)>,
    /// Those that it came from.
    pub parents: Vec<NarrativeId>,
    /// The one that it is part of.
    pub merged_into: Option<NarrativeId>,
    /// Those that are near it and told of, the nearest first; each with its authors of whom was told.
    pub related: Vec<(NarrativeId, u64)>,
}

/// What was told of a narrative in a minute, to be compared with what is usual.
#[derive(Clone, PartialEq, Eq)]
pub struct NarrativeCount {
    /// Its name.
    pub id: NarrativeId,
    /// Posts.
    pub posts: u64,
    /// Who wrote them.
    pub authors: Distinct,
    /// Which these are.
    pub key: CellKey,
    /// Those that are nearly identical to none before.
    pub originals: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Enough authors carry it.
    Birth,
    /// It became part of another one.
    Merge,
    /// It came from another one, which held two stories.
    Split,
    /// It fell silent, or was written to again, or grows or fades: see the reason.
    State,
    /// Nothing more will come.
    End,
}

/// Why it happened: the figures that decided. They are not yet gated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reason {
    /// So many authors; so many were asked for.
    Authors {
        /// Found.
        authors: u64,
        /// Asked for.
        asked: u64,
    },
    /// So alike; so much was asked for (in thousandths).
    Likeness {
        /// Found.
        likeness: u32,
        /// Asked for.
        asked: u32,
    },
    /// Workers found that so many of its posts belong to the other one.
    Posts {
        /// Posts of the clusters that moved.
        moved: u64,
        /// Posts of all its living clusters.
        of: u64,
    },
    /// Two groups of leading words never met in a post, or no longer do.
    WordsApart,
    /// Minutes without a post.
    Silence {
        /// Minutes.
        minutes: u64,
    },
    /// From one state to another, by its growth.
    State {
        /// Before.
        from: State,
        /// Now.
        to: State,
        /// The figures.
        growth: Growth,
    },
    /// Its leading words do not stand together: a topic, no story.
    NoCore,
    /// There were too many.
    NoRoom,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authors { authors, asked } => write!(f, "{authors} authors, {asked} asked for"),
            Self::Likeness { likeness, asked } => {
                write!(f, "likeness {:.3}, {:.3} asked for", f64::from(*likeness) / 1e3, f64::from(*asked) / 1e3)
            }
            Self::Posts { moved, of } => write!(f, "{moved} of {of} posts moved"),
            Self::WordsApart => f.write_str("two groups of leading words do not meet in posts"),
            Self::Silence { minutes } => write!(f, "no post for {minutes} minutes"),
            Self::State { from, to, growth } => {
                write!(
                    f,
                    "{} to {}: ratio {:.2} ({:.2} to {:.2})",
                    from.as_str(),
                    to.as_str(),
                    growth.ratio,
                    growth.low,
                    growth.high
                )
            }
            Self::NoCore => f.write_str("its leading words do not stand together"),
            Self::NoRoom => f.write_str("too many narratives"),
        }
    }
}

/// An entry of the event log.
#[derive(Clone, Debug, PartialEq)]
pub struct NarrativeEvent {
    /// End of the minute at whose close it was found.
    pub time: i64,
    /// What happened.
    pub event: EventKind,
    /// To whom.
    pub id: NarrativeId,
    /// Who else had part in it.
    pub others: Vec<NarrativeId>,
    /// Why.
    pub reason: Reason,
}

impl fmt::Debug for LabelPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabelPart({} posts, redacted)", self.posts)
    }
}

impl fmt::Debug for NarrativeCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NarrativeCount({}, {} posts, redacted)", self.id, self.posts)
    }
}

impl fmt::Debug for NarrativeCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NarrativeCandidate({}, {:?}, {} posts, redacted)", self.id, self.state, self.posts)
    }
}
