//! Silences at the gate: talk that is missing where a baseline foretells it.
//!
//! A silence is worked out from released volumes and from nothing else (`groundswell_detect::silence`), so whoever reads these can work
//! it out alike, and it can betray no more than they do. What it rests on is its usual hour: k authors must write in that. How many
//! wrote in the silent hour is said only where that was released; else it is said that it was fewer than k.

use std::fmt;

use groundswell_sketch::{Rfc3339, Step};

use super::finding::{Finding, empty};
use super::{Baseline, DetectionKind, DetectionRow, Evidence, Maturity, Method, Stretch, Subject, SubjectType, words};
use crate::burst::{BurstMethod, step_up, two_digits};
use crate::perturb::family;
use crate::released::Released;
use crate::volume::{Dimension, Figures, Gate};

/// A silence as found in released volumes, before the gate.
#[derive(Clone, PartialEq)]
pub struct SilenceCandidate {
    /// What it is counted by: the total, a watch, a language or a source.
    pub dimension: Dimension,
    /// The value of the dimension.
    pub value: String,
    /// First second of the first silent hour.
    pub start: i64,
    /// Where talk was back, or the silence became how things are.
    pub end: Option<i64>,
    /// End of the hour by which it was found.
    pub detected_at: i64,
    /// Everything before this second was looked at.
    pub as_of: i64,
    /// First second of its least likely hour.
    pub hour: i64,
    /// What was released of that hour; `None`: fewer than k authors wrote.
    pub shown: Option<Figures>,
    /// Posts that were to be expected in it.
    pub expected: f64,
    /// Authors that were to be expected in it.
    pub expected_authors: f64,
    /// How far counts scatter: variance = mean + mean² / shape.
    pub shape: f64,
    /// Whether it is known how this hour of the week usually is, and not only this hour of the day.
    pub seasonal: bool,
    /// Hours that the expectation rests on.
    pub windows: u32,
    /// False alerts a day that come with alerts as unlikely as this, decimal logarithm.
    pub log10_q: f64,
    /// Share of what should have been listened to in that hour that was.
    pub coverage: f64,
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
        let subject = subject_of(candidate.dimension)?;
        let authors = candidate.expected_authors.floor().max(0.0) as u64;
        let window = (candidate.hour, candidate.hour + Step::Hour.seconds());
        let below = candidate.shown.is_some_and(|shown| shown.authors < k);
        if authors < k || below || candidate.hour < candidate.start || window.1 > candidate.as_of {
            return None;
        }
        Some(Released::told(finding(candidate, subject, authors, window, k)))
    }
}

fn finding(candidate: SilenceCandidate, subject: SubjectType, authors: u64, window: (i64, i64), k: u64) -> Finding {
    let expected = two_digits(candidate.expected);
    let spread = 1.96 * (expected + expected * expected / candidate.shape.max(0.01)).sqrt();
    let usual = words::Usual { subject, value: &candidate.value, window, seasonal: candidate.seasonal };
    let title = match candidate.shown {
        Some(shown) => usual.title(shown.posts, expected),
        None => usual.silence_title(k, authors),
    };
    let until =
        candidate.end.map_or_else(|| " and goes on".to_owned(), |end| format!(" and ended at {}", Rfc3339(end)));
    let seen = match candidate.shown {
        Some(shown) => format!("{} posts by {} authors", shown.posts, shown.authors),
        None => format!("Fewer than {k} authors wrote"),
    };
    let gap = if candidate.coverage < 1.0 {
        format!(" {:.0} % of what is usually heard could be heard, which is allowed for.", candidate.coverage * 100.0)
    } else {
        String::new()
    };
    let method = if candidate.seasonal { BurstMethod::Seasonal } else { BurstMethod::Recent }.as_str();
    let summary = format!(
        "{seen} in the hour from {}, where {expected} posts by about {authors} authors were expected ({method}, {} hours). It began at \
         {}{until}.{gap}",
        Rfc3339(window.0),
        candidate.windows,
        Rfc3339(candidate.start),
    );
    let ratio = candidate.shown.map(|shown| words::hundredths(shown.posts as f64 / expected.max(0.01)));
    // Of what is held back, as many authors as may be held back.
    let at_most = candidate.shown.map_or_else(
        || authors as f64 / k.saturating_sub(1).max(1) as f64,
        |shown| expected / shown.posts.max(1) as f64,
    );
    let of = family(&[
        b"silence",
        candidate.dimension.as_str().as_bytes(),
        candidate.value.as_bytes(),
        &candidate.start.to_le_bytes(),
    ]);
    let command = words::hours_command(subject, &candidate.value, window, candidate.as_of);
    Finding {
        kind: DetectionKind::Anomaly,
        of: format!("s{of:016x}"),
        start: candidate.start,
        detected_at: candidate.detected_at,
        title,
        summary,
        subject: Subject { r#type: subject, value: candidate.value },
        strength: at_most,
        maturity: Maturity::Experimental,
        evidence: Evidence {
            observed: candidate.shown.map_or(0, |shown| shown.posts),
            suppressed: candidate.shown.is_none(),
            expected: Some(expected),
            expected_interval: Some([two_digits((expected - spread).max(0.0)), two_digits(expected + spread)]),
            ratio,
            baseline: Some(Baseline { method: method.to_owned(), windows: u64::from(candidate.windows) }),
            q: Some(step_up(candidate.log10_q)),
            method: Method { name: "silences".to_owned(), version: 1 },
            windows: vec![
                Stretch { start: Rfc3339(window.0), end: Some(Rfc3339(window.1)) },
                Stretch { start: Rfc3339(candidate.start), end: candidate.end.map(Rfc3339) },
            ],
            coverage: Some((candidate.coverage * 100.0).floor() / 100.0),
            ..empty(authors, command)
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{K, Outward as _};

    /// 2026-11-24, a Tuesday, at 19:00:00 UTC.
    const TUESDAY_EVENING: i64 = 1_795_546_800;

    fn candidate() -> SilenceCandidate {
        SilenceCandidate {
            dimension: Dimension::Language,
            value: "pt".to_owned(),
            start: TUESDAY_EVENING,
            end: None,
            detected_at: TUESDAY_EVENING + 3_600,
            as_of: TUESDAY_EVENING + 3_600,
            hour: TUESDAY_EVENING,
            shown: Some(Figures { posts: 31, authors: 22 }),
            expected: 412.4,
            expected_authors: 233.9,
            shape: 25.0,
            seasonal: true,
            windows: 9,
            log10_q: -2.2,
            coverage: 1.0,
        }
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
            "31 posts by 22 authors in the hour from 2026-11-24T19:00:00Z, where 410 posts by about 233 authors were expected \
             (seasonal, 9 hours). It began at 2026-11-24T19:00:00Z and goes on."
        );
        assert!(!told.to_json().contains("suppressed"));
        assert_eq!(
            told.evidence.command,
            "groundswell export volumes --by language --step hour --value pt --from 2026-10-27T19:00:00Z --to 2026-11-24T20:00:00Z"
        );
    }

    #[test]
    fn an_hour_that_is_held_back_is_not_told_as_nought() {
        let told = release(SilenceCandidate { shown: None, ..candidate() }).unwrap();
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
        let later = SilenceCandidate {
            end: Some(TUESDAY_EVENING + 7_200),
            as_of: TUESDAY_EVENING + 10_800,
            hour: TUESDAY_EVENING + 3_600,
            ..candidate()
        };
        assert_eq!(release(later).unwrap().id, release(candidate()).unwrap().id);
        let other = SilenceCandidate { dimension: Dimension::Watch, ..candidate() };
        assert_ne!(release(other).unwrap().id, release(candidate()).unwrap().id);
    }

    #[test]
    fn words_and_countries_are_not_missed() {
        for dimension in Dimension::ALL {
            let told = release(SilenceCandidate { dimension, ..candidate() });
            assert_eq!(told.is_some(), subject_of(dimension).is_some(), "{dimension}");
        }
        assert!(release(SilenceCandidate { dimension: Dimension::Term, ..candidate() }).is_none());
    }

    proptest! {
        #[test]
        fn none_rests_on_fewer_than_k(
            expected_authors in 0.0_f64..40.0,
            shown in proptest::option::of((0_u64..40, 0_u64..40)),
            k in 5_u32..20,
        ) {
            let shown = shown.map(|(posts, authors)| Figures { posts, authors });
            let told = Gate::new(K::new(k).unwrap())
                .release_silence(SilenceCandidate { shown, expected_authors, ..candidate() });
            let k = u64::from(k);
            let may = expected_authors >= k as f64 && shown.is_none_or(|shown| shown.authors >= k);
            prop_assert_eq!(told.is_some(), may);
            prop_assert!(told.is_none_or(|told| told.evidence.authors >= k));
        }
    }
}
