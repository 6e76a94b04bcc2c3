//! Shifts of a mix at the gate: a language, a source or a domain whose share of all posts is another than usual.
//!
//! Like a silence, a shift is worked out from released volumes and from nothing else (`groundswell_detect::mix`), so it can betray no more
//! than they do. Its share is the released count of the one by the released count of all. What it rests on has k authors: a share that
//! rose has them in that hour, one that fell has them usually; how few wrote in the hour itself is said only where that was released.

use std::fmt;

use groundswell_sketch::{Rfc3339, Step};

use super::finding::{Finding, empty};
use super::{
    Baseline, DetectionKind, DetectionRow, Evidence, Maturity, Method, Share, Stretch, Subject, SubjectType, words,
};
use crate::burst::{BurstMethod, step_up, two_digits};
use crate::perturb::family;
use crate::released::Released;
use crate::volume::{Dimension, Figures, Gate};

/// A shift as found in released volumes, before the gate.
#[derive(Clone, PartialEq)]
pub struct MixCandidate {
    /// What it is counted by: a language, a source or a domain.
    pub dimension: Dimension,
    /// The value of the dimension.
    pub value: String,
    /// First second of the first hour of the shift.
    pub start: i64,
    /// Where the share was back, or the shift became how things are.
    pub end: Option<i64>,
    /// End of the hour by which it was found.
    pub detected_at: i64,
    /// Everything before this second was looked at.
    pub as_of: i64,
    /// First second of its least likely hour.
    pub hour: i64,
    /// What was released of that hour; `None`: fewer than k authors wrote, or it is a part of "other".
    pub shown: Option<Figures>,
    /// What was released of all in that hour.
    pub total: Figures,
    /// The share of all posts that was to be expected in it.
    pub expected: f64,
    /// In 95 of 100 such hours it is between these.
    pub interval: [f64; 2],
    /// Authors that were to be expected in it.
    pub expected_authors: f64,
    /// Whether the share is larger than usual.
    pub rises: bool,
    /// Whether shifts of others in the same hour are allowed for.
    pub beside_others: bool,
    /// Whether it is known how this hour of the week usually is, and not only this hour of the day.
    pub seasonal: bool,
    /// Hours that the expectation rests on.
    pub windows: u32,
    /// False alerts a day that come with alerts as unlikely as this, decimal logarithm.
    pub log10_q: f64,
    /// Share of what should have been listened to in that hour that was.
    pub coverage: f64,
}

impl fmt::Debug for MixCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MixCandidate(redacted)")
    }
}

/// What all posts are divided by, or linked with.
const fn subject_of(dimension: Dimension) -> Option<SubjectType> {
    match dimension {
        Dimension::Language => Some(SubjectType::Language),
        Dimension::Source => Some(SubjectType::Source),
        Dimension::Domain => Some(SubjectType::Domain),
        _ => None,
    }
}

impl Gate {
    /// Says of a shift what may be said; `None` where too few carry it for it to be spoken of.
    pub fn release_mix(&self, candidate: MixCandidate) -> Option<Released<DetectionRow>> {
        let k = self.k().get();
        let subject = subject_of(candidate.dimension)?;
        let authors =
            if candidate.rises { candidate.shown?.authors } else { candidate.expected_authors.floor().max(0.0) as u64 };
        let below = candidate.shown.is_some_and(|shown| shown.authors < k) || candidate.total.authors < k;
        let window = (candidate.hour, candidate.hour + Step::Hour.seconds());
        if authors < k || below || candidate.hour < candidate.start || window.1 > candidate.as_of {
            return None;
        }
        Some(Released::told(finding(candidate, subject, authors, window, k)))
    }
}

/// To a thousandth: no share of released counts is known better.
fn thousandths(share: f64) -> f64 {
    (share.clamp(0.0, 1.0) * 1_000.0).round() / 1_000.0
}

fn finding(candidate: MixCandidate, subject: SubjectType, authors: u64, window: (i64, i64), k: u64) -> Finding {
    let total = candidate.total;
    let of_posts = |share: f64| two_digits(share * total.posts as f64);
    let expected = two_digits(candidate.expected);
    let interval = candidate.interval.map(|share| two_digits(share.clamp(0.0, 1.0)));
    let observed = candidate.shown.map(|shown| thousandths(shown.posts as f64 / total.posts.max(1) as f64));
    let usual = words::Usual { subject, value: &candidate.value, window, seasonal: candidate.seasonal };
    let title = match observed {
        Some(share) => usual.share_title(share, expected),
        None => usual.gone_title(k, total.authors, expected),
    };
    let seen = match candidate.shown {
        Some(shown) => {
            format!("{} of {} posts, by {} of {} authors,", shown.posts, total.posts, shown.authors, total.authors)
        }
        None => format!("No count that may be shown, of {} posts by {} authors,", total.posts, total.authors),
    };
    let until =
        candidate.end.map_or_else(|| " and goes on".to_owned(), |end| format!(" and ended at {}", Rfc3339(end)));
    let mut allowed = String::new();
    if candidate.coverage < 1.0 {
        let heard = candidate.coverage * 100.0;
        allowed = format!(" {heard:.0} % of what is usually heard could be heard, which is allowed for.");
    }
    if candidate.beside_others {
        allowed.push_str(" Others shifted or were silent in that hour, which is allowed for.");
    }
    let method = if candidate.seasonal { BurstMethod::Seasonal } else { BurstMethod::Recent }.as_str();
    let summary = format!(
        "{seen} in the hour from {}, where {} were expected, between {} and {} in 95 of 100 such hours ({method}, {} hours). It began at \
         {}{until}.{allowed}",
        Rfc3339(window.0),
        words::percent(expected),
        words::percent(interval[0]),
        words::percent(interval[1]),
        candidate.windows,
        Rfc3339(candidate.start),
    );
    // Of what is held back, as many authors as may be held back.
    let strength = match observed {
        Some(share) if candidate.rises => share / expected.max(1e-6),
        Some(share) => expected / share.max(1e-3),
        None => candidate.expected_authors / k.saturating_sub(1).max(1) as f64,
    };
    let of = family(&[
        b"mix",
        candidate.dimension.as_str().as_bytes(),
        candidate.value.as_bytes(),
        &candidate.start.to_le_bytes(),
    ]);
    let command = words::share_command(subject, &candidate.value, window, candidate.as_of);
    Finding {
        kind: DetectionKind::Anomaly,
        of: format!("m{of:016x}"),
        start: candidate.start,
        detected_at: candidate.detected_at,
        title,
        summary,
        subject: Subject { r#type: subject, value: candidate.value },
        strength,
        maturity: Maturity::Experimental,
        evidence: Evidence {
            observed: candidate.shown.map_or(0, |shown| shown.posts),
            suppressed: candidate.shown.is_none(),
            expected: Some(of_posts(candidate.expected)),
            expected_interval: Some(candidate.interval.map(of_posts)),
            ratio: observed.map(|share| words::hundredths(share / expected.max(1e-6))),
            share: Some(Share { observed, expected, expected_interval: interval, of: total.posts }),
            baseline: Some(Baseline { method: method.to_owned(), windows: u64::from(candidate.windows) }),
            q: Some(step_up(candidate.log10_q)),
            method: Method { name: "mix-shifts".to_owned(), version: 1 },
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

    fn candidate() -> MixCandidate {
        MixCandidate {
            dimension: Dimension::Language,
            value: "pt".to_owned(),
            start: TUESDAY_EVENING,
            end: None,
            detected_at: TUESDAY_EVENING + 3_600,
            as_of: TUESDAY_EVENING + 3_600,
            hour: TUESDAY_EVENING,
            shown: Some(Figures { posts: 1_629, authors: 840 }),
            total: Figures { posts: 5_260, authors: 2_900 },
            expected: 0.121,
            interval: [0.0871, 0.163],
            expected_authors: 351.0,
            rises: true,
            beside_others: false,
            seasonal: true,
            windows: 9,
            log10_q: -2.2,
            coverage: 1.0,
        }
    }

    fn release(candidate: MixCandidate) -> Option<Released<DetectionRow>> {
        Gate::new(K::DEFAULT).release_mix(candidate)
    }

    #[test]
    fn says_which_share_and_which_is_usual() {
        let told = release(candidate()).unwrap();
        assert_eq!(told.title, "Portuguese makes up 31 % of posts; for a Tuesday evening 12 % is usual");
        assert_eq!((told.kind, told.evidence.authors, told.evidence.q), (DetectionKind::Anomaly, 840, Some(0.01)));
        assert_eq!(
            told.summary,
            "1629 of 5260 posts, by 840 of 2900 authors, in the hour from 2026-11-24T19:00:00Z, where 12 % were expected, between 8.7 % \
             and 16 % in 95 of 100 such hours (seasonal, 9 hours). It began at 2026-11-24T19:00:00Z and goes on."
        );
        let json: serde_json::Value = serde_json::from_str(&told.to_json()).unwrap();
        assert_eq!(
            json["evidence"]["share"],
            serde_json::json!({"observed": 0.31, "expected": 0.12, "expected_interval": [0.087, 0.16], "of": 5_260})
        );
        assert_eq!(
            (json["evidence"]["observed"].as_u64(), json["evidence"]["expected"].as_f64()),
            (Some(1_629), Some(640.0))
        );
        let back: DetectionRow = serde_json::from_str(&told.to_json()).unwrap();
        assert_eq!(back, told.into_inner());
    }

    #[test]
    fn each_kind_is_said_as_a_person_would() {
        let title = |dimension, value: &str, rises, shown| {
            let value = value.to_owned();
            release(MixCandidate { dimension, value, rises, shown, seasonal: false, ..candidate() })
                .unwrap()
                .title
                .clone()
        };
        let few = Some(Figures { posts: 263, authors: 140 });
        assert_eq!(
            title(Dimension::Source, "harbour", false, few),
            "The source harbour brings 5 % of posts; 12 % is usual"
        );
        assert_eq!(
            title(Dimension::Domain, "example.org", false, few),
            "Links to example.org are in 5 % of posts; 12 % is usual"
        );
        assert_eq!(
            title(Dimension::Language, "und", false, few),
            "Text in no known language makes up 5 % of posts; 12 % is usual"
        );
        assert_eq!(
            title(Dimension::Domain, "example.org", false, None),
            "Links to example.org have nearly gone: fewer than 10 of 2900 authors, where 12 % of posts is usual"
        );
    }

    #[test]
    fn a_share_that_is_held_back_is_not_told_as_nought() {
        let told = release(MixCandidate { shown: None, rises: false, ..candidate() }).unwrap();
        assert!(told.to_json().contains(r#""observed":0,"suppressed":true"#), "{}", told.to_json());
        assert!(!told.to_json().contains(r#""share":{"observed""#), "{}", told.to_json());
        assert_eq!(told.evidence.ratio, None);
        let back: DetectionRow = serde_json::from_str(&told.to_json()).unwrap();
        assert_eq!(back, told.into_inner());
        assert!(release(MixCandidate { shown: None, ..candidate() }).is_none(), "nothing rises unseen");
    }

    #[test]
    fn is_the_same_one_until_it_ends_and_no_silence() {
        let later = MixCandidate {
            end: Some(TUESDAY_EVENING + 7_200),
            as_of: TUESDAY_EVENING + 10_800,
            hour: TUESDAY_EVENING + 3_600,
            ..candidate()
        };
        assert_eq!(release(later).unwrap().id, release(candidate()).unwrap().id);
        assert!(release(candidate()).unwrap().id.starts_with("anomaly-m"));
        let other = MixCandidate { dimension: Dimension::Source, ..candidate() };
        assert_ne!(release(other).unwrap().id, release(candidate()).unwrap().id);
    }

    #[test]
    fn the_command_asks_for_both_counts() {
        assert_eq!(
            release(candidate()).unwrap().evidence.command,
            "groundswell export volumes --by language --step hour --value pt --from 2026-10-27T19:00:00Z --to 2026-11-24T20:00:00Z \
             && groundswell export volumes --by total --step hour --from 2026-10-27T19:00:00Z --to 2026-11-24T20:00:00Z"
        );
    }

    proptest! {
        #[test]
        fn none_rests_on_fewer_than_k(
            expected_authors in 0.0_f64..40.0,
            shown in proptest::option::of((0_u64..40, 0_u64..40)),
            total in 0_u64..40,
            rises in any::<bool>(),
            k in 5_u32..20,
        ) {
            let shown = shown.map(|(posts, authors)| Figures { posts, authors });
            let total = Figures { posts: total * 2, authors: total };
            let told = Gate::new(K::new(k).unwrap())
                .release_mix(MixCandidate { shown, total, expected_authors, rises, ..candidate() });
            let k = u64::from(k);
            let carried = if rises { shown.is_some() } else { expected_authors >= k as f64 };
            let may = carried && total.authors >= k && shown.is_none_or(|shown| shown.authors >= k);
            prop_assert_eq!(told.is_some(), may);
            prop_assert!(told.is_none_or(|told| told.evidence.authors >= k));
        }
    }
}
