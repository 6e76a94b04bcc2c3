//! [`MinuteDelta`]: what one worker tells the owner of one minute: numbers, terms, and authors in sketches.

use std::fmt;

use groundswell_gate::AuthorBits;
use groundswell_sketch::{CellKey, Distinct};
use serde::{Deserialize, Serialize};

use super::cluster::LocalId;
use super::features::FeatureKind;

/// A stretch of one of a [`MinuteDelta`]'s lists.
///
/// A minute has tens of thousands of clusters with a dozen terms each; with a list for each of them, making, reading and freeing
/// them cost more than all that is done with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// From a place in a list up to what is its end now.
    pub(super) fn since<T>(start: usize, list: &[T]) -> Self {
        Self { start: start as u32, end: list.len() as u32 }
    }

    /// The stretch; nothing where the list has no such stretch.
    fn of<T>(self, list: &[T]) -> &[T] {
        list.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// A term, hashtag or domain of a cluster.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct TermDelta {
    /// Of the term, the same at every worker.
    pub hash: u64,
    /// Of a long word that stands for itself, the term of its first letters, as which it was told before; else zero.
    pub stem: u64,
    /// Its normal form, as most spell it: [`MinuteDelta::form_of`].
    pub form: Span,
    /// Authors of those that have it in this form, a stretch of the delta's list of them.
    pub authors: Span,
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
    /// What it is.
    pub kind: FeatureKind,
}

/// Leading words of a cluster that stand next to each other.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct PhraseDelta {
    /// Its words as most spell them, parted by spaces: [`MinuteDelta::words_of`].
    pub form: Span,
    /// Authors of those that have it so, a stretch of the delta's list of them.
    pub authors: Span,
    /// Posts of the minute that have it so.
    pub posts: u32,
    /// Of them, those that are no copies.
    pub originals: u32,
}

/// Posts of a cluster in one language.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct LanguageDelta {
    /// Which.
    pub language: [u8; 2],
    /// How many.
    pub posts: u32,
    /// Their authors; nobody where the posts have none.
    pub authors: AuthorBits,
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
    /// Posts by the minute's start: mostly one entry; earlier ones of what was not told before. [`MinuteDelta::counts_of`].
    pub counts: Span,
    /// Posts by language: [`MinuteDelta::languages_of`].
    pub languages: Span,
    /// Those of its weightiest terms that its posts of the minute have, weightiest first; all of them where the owner does
    /// not know the cluster yet, or it has no post of the minute. [`MinuteDelta::terms_of`].
    pub terms: Span,
    /// Hashtags and domains of the minute: [`MinuteDelta::facets_of`].
    pub facets: Span,
    /// Phrases of the minute: [`MinuteDelta::phrases_of`].
    pub phrases: Span,
    /// Which posts these are.
    pub key: CellKey,
    /// Authors of these posts, as far as they are of the minute's day.
    pub authors: Distinct,
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
    pub(super) counts: Vec<(i64, u32)>,
    pub(super) languages: Vec<LanguageDelta>,
    pub(super) terms: Vec<TermDelta>,
    pub(super) phrases: Vec<PhraseDelta>,
    pub(super) authors: Vec<u64>,
    pub(super) text: String,
}

impl MinuteDelta {
    /// A cluster's posts by the minute's start.
    pub fn counts_of(&self, local: &LocalDelta) -> &[(i64, u32)] {
        local.counts.of(&self.counts)
    }

    /// A cluster's posts by language.
    pub fn languages_of(&self, local: &LocalDelta) -> &[LanguageDelta] {
        local.languages.of(&self.languages)
    }

    /// A cluster's terms.
    pub fn terms_of(&self, local: &LocalDelta) -> &[TermDelta] {
        local.terms.of(&self.terms)
    }

    /// A cluster's hashtags and domains.
    pub fn facets_of(&self, local: &LocalDelta) -> &[TermDelta] {
        local.facets.of(&self.terms)
    }

    /// A cluster's phrases.
    pub fn phrases_of(&self, local: &LocalDelta) -> &[PhraseDelta] {
        local.phrases.of(&self.phrases)
    }

    /// The words of a phrase, parted by spaces.
    pub fn words_of(&self, phrase: &PhraseDelta) -> &str {
        self.text.get(phrase.form.start as usize..phrase.form.end as usize).unwrap_or_default()
    }

    /// Who wrote a phrase, as of terms.
    pub(super) fn authors_of_phrase(&self, phrase: &PhraseDelta) -> &[u64] {
        phrase.authors.of(&self.authors)
    }

    /// How a term is spelt.
    pub fn form_of(&self, term: &TermDelta) -> &str {
        self.text.get(term.form.start as usize..term.form.end as usize).unwrap_or_default()
    }

    /// Who wrote a term in this form: tokens that ascend without repetition, at most
    /// [`TERM_AUTHORS_MAX`](super::TERM_AUTHORS_MAX).
    pub(super) fn authors_of(&self, term: &TermDelta) -> &[u64] {
        term.authors.of(&self.authors)
    }

    pub(super) fn push_form(&mut self, form: &str) -> Span {
        let start = self.text.len() as u32;
        self.text.push_str(form);
        Span { start, end: self.text.len() as u32 }
    }
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
redacted!(PhraseDelta, posts);
redacted!(LanguageDelta, posts);
redacted!(LocalDelta, posts_total);

impl fmt::Debug for MinuteDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MinuteDelta({} clusters, redacted)", self.locals.len())
    }
}
