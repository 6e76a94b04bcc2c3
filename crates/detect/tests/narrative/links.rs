//! How right it is that narratives are told to be near each other, where it is known what each is about.

use std::collections::{BTreeMap, BTreeSet};

use groundswell_detect::narrative::{NarrativeCandidate, NarrativeId};

/// What was told of narratives that are near each other.
#[derive(Default)]
pub(crate) struct Links {
    told: BTreeMap<NarrativeId, [u8; 2]>,
    pairs: BTreeSet<(NarrativeId, NarrativeId)>,
    gone: BTreeSet<NarrativeId>,
}

/// Of pairs: how many are of one thing, of two, with one that nobody planted, and of two of those.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Judged {
    right: usize,
    wrong: usize,
    half: usize,
    unknown: usize,
    /// Of those that are right, in two languages.
    of_languages: usize,
    /// Pairs of one thing that are told of and did not become one; and those in two languages.
    asked: usize,
    asked_of_languages: usize,
}

impl Links {
    pub(crate) fn note(&mut self, candidate: &NarrativeCandidate, k: u64) {
        if candidate.bucket_authors < k {
            return;
        }
        self.told.insert(candidate.id, candidate.languages.first().map_or([0; 2], |(language, _)| *language));
        let pair = |other: NarrativeId| (candidate.id.min(other), candidate.id.max(other));
        self.pairs.extend(candidate.related.iter().filter(|(_, authors)| *authors >= k).map(|(other, _)| pair(*other)));
        self.gone.extend(candidate.merged_into.map(|_| candidate.id));
    }

    /// Those that are still two; `about` says what each narrative is about.
    pub(crate) fn judge(&self, about: &dyn Fn(NarrativeId) -> Option<String>, sum: &mut Judged) {
        let is_two = |one: NarrativeId, other: NarrativeId| !self.gone.contains(&one) && !self.gone.contains(&other);
        let two_languages = |one: &NarrativeId, other: &NarrativeId| self.told.get(one) != self.told.get(other);
        for (one, other) in self.pairs.iter().filter(|(one, other)| is_two(*one, *other)) {
            match (about(*one), about(*other)) {
                (Some(a), Some(b)) if a == b => {
                    sum.right += 1;
                    sum.of_languages += usize::from(two_languages(one, other));
                }
                (Some(_), Some(_)) => sum.wrong += 1,
                (None, None) => sum.unknown += 1,
                _ => sum.half += 1,
            }
        }
        let ids: Vec<NarrativeId> = self.told.keys().copied().collect();
        for (place, one) in ids.iter().enumerate() {
            for other in ids[..place].iter().filter(|other| is_two(*one, **other)) {
                if about(*one).is_some() && about(*one) == about(*other) {
                    sum.asked += 1;
                    sum.asked_of_languages += usize::from(two_languages(one, other));
                }
            }
        }
    }
}

impl std::fmt::Display for Judged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { right, wrong, half, unknown, of_languages, asked, asked_of_languages } = self;
        write!(
            f,
            "links of one thing {right}, of two {wrong}, of one and what was not planted {half}, of two such {unknown}: precision {:.3}, or {:.3} where those count as wrong; of {asked} pairs of one thing {:.3}; in two languages {of_languages} of {asked_of_languages}",
            share(*right, right + wrong),
            share(*right, right + wrong + half),
            share(*right, *asked),
        )
    }
}

fn share(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}
