//! What is proposed to the gate: a candidate in the gate's own form.
//!
//! Every number in it comes from closed buckets, so that what one person wrote since is in none of them.

use groundswell_gate as gate;
use groundswell_sketch::CellKey;

use super::candidate::{EventKind, LabelPart, NarrativeCandidate, NarrativeEvent, Reason};
use super::life::GROWTH_MINUTES;

impl From<LabelPart> for gate::NarrativePart {
    fn from(part: LabelPart) -> Self {
        Self {
            value: part.form,
            weight: part.weight as f32 / 1_000.0,
            authors: part.authors,
            name_like: false,
            publishers: 0,
        }
    }
}

impl From<NarrativeCandidate> for gate::NarrativeCandidate {
    fn from(candidate: NarrativeCandidate) -> Self {
        let as_of = candidate.minute + 60;
        let parts = |parts: Vec<LabelPart>| parts.into_iter().map(Into::into).collect();
        let language = |(code, posts): ([u8; 2], u64)| gate::NarrativeLanguage {
            value: std::str::from_utf8(&code).ok().filter(|_| code != [0, 0]).unwrap_or("und").to_owned(),
            posts,
            authors: candidate
                .language_authors
                .iter()
                .find(|(known, _)| *known == code)
                .map_or_else(gate::AuthorBits::default, |(_, bits)| *bits),
        };
        Self {
            id: candidate.id,
            state: candidate.state,
            as_of,
            authors: candidate.bucket_authors,
            growth_minutes: GROWTH_MINUTES,
            languages: candidate.languages.iter().copied().map(language).collect(),
            buckets: candidate.buckets,
            terms: parts(candidate.terms),
            phrases: parts(candidate.phrases),
            hashtags: parts(candidate.hashtags),
            domains: parts(candidate.domains),
            parents: candidate.parents,
            merged_into: candidate.merged_into,
            related: candidate.related.into_iter().map(|(id, authors)| gate::NarrativeNear { id, authors }).collect(),
        }
    }
}

impl NarrativeEvent {
    /// In the gate's form, of a narrative with so many authors. `None` for a change of state: the narrative itself says it.
    pub fn for_gate(&self, authors: u64, key: CellKey) -> Option<gate::NarrativeEventCandidate> {
        let kind = match self.event {
            EventKind::Birth => gate::NarrativeEventKind::Birth,
            EventKind::Merge => gate::NarrativeEventKind::Merge,
            EventKind::Split => gate::NarrativeEventKind::Split,
            EventKind::End => gate::NarrativeEventKind::End,
            EventKind::State => return None,
        };
        let thousandths = |number: u32| number as f32 / 1_000.0;
        let reason = match self.reason {
            Reason::Authors { authors, .. } => gate::NarrativeReason::Carried { authors },
            Reason::Likeness { likeness, asked } => {
                gate::NarrativeReason::Alike { similarity: thousandths(likeness), needed: thousandths(asked) }
            }
            Reason::Posts { moved, of } => gate::NarrativeReason::Moved { share: moved as f32 / of.max(1) as f32 },
            Reason::WordsApart => gate::NarrativeReason::WordsApart,
            Reason::Silence { minutes } => gate::NarrativeReason::Silent { minutes },
            Reason::NoCore => gate::NarrativeReason::NoCore,
            Reason::NoRoom => gate::NarrativeReason::NoRoom,
            Reason::State { .. } => return None,
        };
        Some(gate::NarrativeEventCandidate {
            time: self.time,
            kind,
            id: self.id,
            others: self.others.clone(),
            reason,
            authors,
            key,
        })
    }
}
