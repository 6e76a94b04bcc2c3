//! Silences at the gate: talk that is missing where a baseline foretells it.
//!
//! A silence is worked out from released volumes and from nothing else (`groundswell_detect::silence`), so whoever reads these can work
//! it out alike, and it can betray no more than they do. What it rests on is its usual hour: k authors must write in that. How many
//! wrote in the silent hour is said only where that was released; else it is said that it was fewer than k.

use std::fmt;

use super::anomaly::{AnomalousHour, Said};
use super::finding::Finding;
use super::{DetectionRow, Evidence, SubjectType, words};
use crate::burst::two_digits;
use crate::released::Released;
use crate::volume::{Dimension, Gate};

/// A silence as found in released volumes, before the gate.
#[derive(Clone, PartialEq)]
pub struct SilenceCandidate {
    /// Of the total, a watch, a language or a source.
    pub at: AnomalousHour,
    /// Posts that were to be expected in that hour.
    pub expected: f64,
    /// How far counts scatter: variance = mean + mean² / shape.
    pub shape: f64,
}

impl fmt::Debug for SilenceCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SilenceCandidate(redacted)")
    }
}

/// Small cells of other dimensions are absent or have a k of their own: that they are missing says nothing.
const fn subject_of(dimension: Dimension) -> Option<SubjectType> {
    match dimension {
        Dimension::Total => Some(SubjectType::Total),
        Dimension::Watch => Some(SubjectType::Watch),
        Dimension::Language => Some(SubjectType::Language),
        Dimension::Source => Some(SubjectType::Source),
        _ => None,
    }
}

impl Gate {
    /// Says of a silence what may be said; `None` where too few usually write for it to be spoken of.
    pub fn release_silence(&self, candidate: SilenceCandidate) -> Option<Released<DetectionRow>> {
        let k = self.k().get();
        let subject = subject_of(candidate.at.dimension)?;
        let authors = candidate.at.usual_authors();
        candidate.at.may_be_told(authors, k).then(|| Released::told(finding(candidate, subject, authors, k)))
    }
}

fn finding(candidate: SilenceCandidate, subject: SubjectType, authors: u64, k: u64) -> Finding {
    let at = candidate.at;
    let expected = two_digits(candidate.expected);
    let spread = 1.96 * (expected + expected * expected / candidate.shape.max(0.01)).sqrt();
    let usual = at.usual(subject);
    let (title, seen) = match at.shown {
        Some(shown) => {
            (usual.title(shown.posts, expected), format!("{} posts by {} authors", shown.posts, shown.authors))
        }
        None => (usual.silence_title(k, authors), format!("Fewer than {k} authors wrote")),
    };
    let summary = format!(
        "{seen} in the hour from {}, where {expected} posts by about {authors} authors were expected ({}, {} hours). {}",
        words::moment(at.hour),
        at.method(),
        at.windows,
        at.course(),
    );
    let ratio = at.shown.map(|shown| words::hundredths(shown.posts as f64 / expected.max(0.01)));
    // Of what is held back, as many authors as may be held back.
    let strength = at.shown.map_or_else(
        || authors as f64 / k.saturating_sub(1).max(1) as f64,
        |shown| expected / shown.posts.max(1) as f64,
    );
    let command = words::hours_command(subject, &at.value, at.window(), at.as_of);
    let said = Said { method: "silences", family: "silence", subject, authors, title, summary, strength, command };
    at.finding(said, |common| Evidence {
        expected: Some(expected),
        expected_interval: Some([two_digits((expected - spread).max(0.0)), two_digits(expected + spread)]),
        ratio,
        ..common
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{DetectionKind, Figures, K, Outward as _};

    /// 2026-11-24, a Tuesday, at 19:00:00 UTC.
    const TUESDAY_EVENING: i64 = 1_795_546_800;

    fn candidate() -> SilenceCandidate {
        SilenceCandidate {
            at: AnomalousHour {
                dimension: Dimension::Language,
                value: "pt".to_owned(),
                start: TUESDAY_EVENING,
                end: None,
                detected_at: TUESDAY_EVENING + 3_600,
                as_of: TUESDAY_EVENING + 3_600,
                hour: TUESDAY_EVENING,
                shown: Some(Figures { posts: 31, authors: 22 }),
                expected_authors: 233.9,
                seasonal: true,
                windows: 9,
                log10_q: -2.2,
                coverage: 1.0,
            },
            expected: 412.4,
            shape: 25.0,
        }
    }

    fn at(change: impl FnOnce(&mut AnomalousHour)) -> SilenceCandidate {
        let mut candidate = candidate();
        change(&mut candidate.at);
        candidate
    }

    fn release(candidate: SilenceCandidate) -> Option<Released<DetectionRow>> {
        Gate::new(K::DEFAULT).release_silence(candidate)
    }

    #[test]
    fn says_what_is_missing_and_what_it_is_missed_by() {
        let told = release(candidate()).unwrap();
        assert_eq!(told.title, "Talk in Portuguese is at 8 % of its usual Tuesday-evening level");
        assert_eq!((told.kind, told.evidence.authors, told.evidence.q), (DetectionKind::Anomaly, 233, Some(0.01)));
        assert_eq!(
            told.summary,
            "31 posts by 22 authors in the hour from 24 Nov 2026, 19:00 UTC, where 410 posts by about 233 authors were expected \
             (seasonal, 9 hours). It began on 24 Nov 2026, 19:00 UTC and goes on."
        );
        assert!(!told.to_json().contains("suppressed"));
        assert_eq!(
            told.evidence.command,
            "groundswell export volumes --by language --step hour --value pt --from 2026-10-27T19:00:00Z --to 2026-11-24T20:00:00Z"
        );
    }

    #[test]
    fn an_hour_that_is_held_back_is_not_told_as_nought() {
        let told = release(at(|hour| hour.shown = None)).unwrap();
        assert_eq!(
            told.title,
            "Talk in Portuguese has nearly stopped: fewer than 10 authors in 60 minutes, where there are usually 233"
        );
        assert!(told.to_json().contains(r#""observed":0,"suppressed":true"#), "{}", told.to_json());
        assert_eq!(told.evidence.ratio, None);
        let back: DetectionRow = serde_json::from_str(&told.to_json()).unwrap();
        assert_eq!(back, told.into_inner());
    }

    #[test]
    fn is_the_same_one_until_it_ends() {
        let later = at(|hour| {
            hour.end = Some(TUESDAY_EVENING + 7_200);
            hour.as_of = TUESDAY_EVENING + 10_800;
            hour.hour = TUESDAY_EVENING + 3_600;
        });
        assert_eq!(release(later).unwrap().id, release(candidate()).unwrap().id);
        let other = at(|hour| hour.dimension = Dimension::Watch);
        assert_ne!(release(other).unwrap().id, release(candidate()).unwrap().id);
    }

    #[test]
    fn words_and_countries_are_not_missed() {
        for dimension in Dimension::ALL {
            let told = release(at(|hour| hour.dimension = dimension));
            assert_eq!(told.is_some(), subject_of(dimension).is_some(), "{dimension}");
        }
        assert!(release(at(|hour| hour.dimension = Dimension::Term)).is_none());
    }

    proptest! {
        #[test]
        fn none_rests_on_fewer_than_k(
            expected_authors in 0.0_f64..40.0,
            shown in proptest::option::of((0_u64..40, 0_u64..40)),
            k in 5_u32..20,
        ) {
            let shown = shown.map(|(posts, authors)| Figures { posts, authors });
            let told = Gate::new(K::new(k).unwrap()).release_silence(at(|hour| {
                (hour.shown, hour.expected_authors) = (shown, expected_authors);
            }));
            let k = u64::from(k);
            let may = expected_authors >= k as f64 && shown.is_none_or(|shown| shown.authors >= k);
            prop_assert_eq!(told.is_some(), may);
            prop_assert!(told.is_none_or(|told| told.evidence.authors >= k));
        }
    }
}
