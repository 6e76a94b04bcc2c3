//! [`MinuteDelta`]: what one worker tells the owner of one minute: numbers, terms, and authors in sketches.

use std::fmt;

use groundswell_gate::AuthorBits;
use groundswell_sketch::{CellKey, Distinct};
use serde::{Deserialize, Serialize};

use super::authors::FewAuthors;
use super::cluster::LocalId;
use super::features::FeatureKind;

/// A term, hashtag or domain of a cluster.
#[derive(Clone, Serialize, Deserialize)]
pub struct TermDelta {
    /// Of the term, the same at every worker.
    pub hash: u64,
    /// Of a long word that stands for itself, the term of its first letters, as which it was told before; else zero.
    pub stem: u64,
    /// What it is.
    pub kind: FeatureKind,
    /// Its normal form, as most spell it.
    pub form: String,
    /// Its part of the cluster's unit vector; zero for what is only shown.
    pub part: f32,
    /// How much it sets apart, now: 1 if it lives in one cluster, near 0 if everywhere.
    pub weight: f32,
    /// Which part of all that was written with it, now, stands in this cluster.
    pub own: f32,
    /// How many times as often it is written recently, anywhere, as it was before; zero where too little is known.
    pub rise: f32,
    /// Posts of the minute that have it, in any form.
    pub posts: u32,
    /// Of them, those that are no copies.
    pub originals: u32,
    /// Authors of those that have it in this form.
    pub authors: FewAuthors,
}

/// What a cluster gained in a minute, and what it is made of now.
#[derive(Clone, Serialize, Deserialize)]
pub struct LocalDelta {
    /// Of the cluster, within its worker.
    pub id: LocalId,
    /// The cluster that it was split from, if the owner does not know it yet.
    pub split_from: Option<LocalId>,
    /// Posts since it began.
    pub posts_total: u32,
    /// Of them, those that joined as nearly identical to one before.
    pub copies_total: u32,
    /// Of the posts that are told now, those that are no copies.
    pub originals: u32,
    /// Posts by the minute's start: mostly one entry; earlier ones of what was not told before.
    pub counts: Vec<(i64, u32)>,
    /// Which posts these are.
    pub key: CellKey,
    /// Authors of these posts, as far as they are of the minute's day.
    pub authors: Distinct,
    /// Posts by language.
    pub languages: Vec<([u8; 2], u32)>,
    /// Authors by language.
    pub language_authors: Vec<([u8; 2], AuthorBits)>,
    /// Those of its weightiest terms that its posts of the minute have, weightiest first; all of them where the owner does
    /// not know the cluster yet, or it has no post of the minute.
    pub terms: Vec<TermDelta>,
    /// Hashtags and domains of the minute.
    pub facets: Vec<TermDelta>,
}

/// What one worker tells of one minute.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct MinuteDelta {
    /// The minute's start.
    pub minute: i64,
    /// Whether enough was seen before to say that anything rises.
    pub has_history: bool,
    /// Clusters of at least two posts that were written to.
    pub locals: Vec<LocalDelta>,
    /// Clusters that became part of another, in order.
    pub merged: Vec<(LocalId, LocalId)>,
    /// Clusters that are no more.
    pub ended: Vec<LocalId>,
}

macro_rules! redacted {
    ($name:ident, $($field:ident).+) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}, redacted)"), self.$($field).+)
            }
        }
    };
}
redacted!(TermDelta, posts);
redacted!(LocalDelta, posts_total);

impl fmt::Debug for MinuteDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MinuteDelta({} clusters, redacted)", self.locals.len())
    }
}
