//! Shifts of a mix at the gate: a language, a source or a domain whose share of all posts is another than usual.
//!
//! Like a silence, a shift is worked out from released volumes and from nothing else (`groundswell_detect::mix`), so it can betray no more
//! than they do. Its share is the released count of the one by the released count of all. What it rests on has k authors: a share that
//! rose has them in that hour, one that fell has them usually; how few wrote in the hour itself is said only where that was released.

use std::fmt;

use super::anomaly::{AnomalousHour, Said};
use super::finding::Finding;
use super::{DetectionRow, Evidence, Share, SubjectType, words};
use crate::burst::two_digits;
use crate::released::Released;
use crate::volume::{Dimension, Figures, Gate};

/// A shift as found in released volumes, before the gate.
#[derive(Clone, PartialEq)]
pub struct MixCandidate {
    /// Of a language, a source or a domain.
    pub at: AnomalousHour,
    /// What was released of all in that hour.
    pub total: Figures,
    /// The share of all posts that was to be expected in it.
    pub expected: f64,
    /// In 95 of 100 such hours it is between these.
    pub interval: [f64; 2],
    /// Whether the share is larger than usual.
    pub rises: bool,
    /// Whether shifts of others in the same hour are allowed for.
    pub beside_others: bool,
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
        let at = &candidate.at;
        let subject = subject_of(at.dimension)?;
        let authors = if candidate.rises { at.shown?.authors } else { at.usual_authors() };
        let may = candidate.total.authors >= k && at.may_be_told(authors, k);
        may.then(|| Released::told(finding(candidate, subject, authors, k)))
    }
}

/// To a thousandth: no share of released counts is known better.
fn thousandths(share: f64) -> f64 {
    (share.clamp(0.0, 1.0) * 1_000.0).round() / 1_000.0
}

fn finding(candidate: MixCandidate, subject: SubjectType, authors: u64, k: u64) -> Finding {
    let MixCandidate { at, total, rises, .. } = candidate;
    let of_posts = |share: f64| two_digits(share * total.posts as f64);
    let expected = two_digits(candidate.expected);
    let interval = candidate.interval.map(|share| two_digits(share.clamp(0.0, 1.0)));
    let observed = at.shown.map(|shown| thousandths(shown.posts as f64 / total.posts.max(1) as f64));
    let usual = at.usual(subject);
    let title = match observed {
        Some(share) => usual.share_title(share, expected),
        None => usual.gone_title(k, total.authors, expected),
    };
    let seen = match at.shown {
        Some(shown) => {
            format!("{} of {} posts, by {} of {} authors,", shown.posts, total.posts, shown.authors, total.authors)
        }
        None => format!("No count that may be shown, of {} posts by {} authors,", total.posts, total.authors),
    };
    let others =
        if candidate.beside_others { " Others shifted or were silent in that hour, which is allowed for." } else { "" };
    let summary = format!(
        "{seen} in the hour from {}, where {} were expected, between {} and {} in 95 of 100 such hours ({}, {} hours). {}{others}",
        words::moment(at.hour),
        words::percent(expected),
        words::percent(interval[0]),
        words::percent(interval[1]),
        at.method(),
        at.windows,
        at.course(),
    );
    // Of what is held back, as many authors as may be held back.
    let strength = match observed {
        Some(share) if rises => share / expected.max(1e-6),
        Some(share) => expected / share.max(1e-3),
        None => at.expected_authors / k.saturating_sub(1).max(1) as f64,
    };
    let command = words::share_command(subject, &at.value, at.window(), at.as_of);
    let said = Said { method: "mix-shifts", family: "mix", subject, authors, title, summary, strength, command };
    at.finding(said, |common| Evidence {
        expected: Some(of_posts(candidate.expected)),
        expected_interval: Some(candidate.interval.map(of_posts)),
        ratio: observed.map(|share| words::hundredths(share / expected.max(1e-6))),
        share: Some(Share { observed, expected, expected_interval: interval, of: total.posts }),
        ..common
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{DetectionKind, K, Outward as _};

    /// 2026-11-24, a Tuesday, at 19:00:00 UTC.
    const TUESDAY_EVENING: i64 = 1_795_546_800;

    fn candidate() -> MixCandidate {
        MixCandidate {
            at: AnomalousHour {
                dimension: Dimension::Language,
                value: "pt".to_owned(),
                start: TUESDAY_EVENING,
                end: None,
                detected_at: TUESDAY_EVENING + 3_600,
                as_of: TUESDAY_EVENING + 3_600,
                hour: TUESDAY_EVENING,
                shown: Some(Figures { posts: 1_629, authors: 840 }),
                expected_authors: 351.0,
                seasonal: true,
                windows: 9,
                log10_q: -2.2,
                coverage: 1.0,
            },
            total: Figures { posts: 5_260, authors: 2_900 },
            expected: 0.121,
            interval: [0.0871, 0.163],
            rises: true,
            beside_others: false,
        }
    }

    fn at(change: impl FnOnce(&mut AnomalousHour)) -> MixCandidate {
        let mut candidate = candidate();
        change(&mut candidate.at);
        candidate
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
            "1629 of 5260 posts, by 840 of 2900 authors, in the hour from 24 Nov 2026, 19:00 UTC, where 12 % were expected, between 8.7 % \
             and 16 % in 95 of 100 such hours (seasonal, 9 hours). It began on 24 Nov 2026, 19:00 UTC and goes on."
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
            let of = at(|hour| {
                (hour.dimension, hour.value, hour.shown, hour.seasonal) = (dimension, value, shown, false);
            });
            release(MixCandidate { rises, ..of }).unwrap().title.clone()
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
        let told = release(MixCandidate { rises: false, ..at(|hour| hour.shown = None) }).unwrap();
        assert!(told.to_json().contains(r#""observed":0,"suppressed":true"#), "{}", told.to_json());
        assert!(!told.to_json().contains(r#""share":{"observed""#), "{}", told.to_json());
        assert_eq!(told.evidence.ratio, None);
        let back: DetectionRow = serde_json::from_str(&told.to_json()).unwrap();
        assert_eq!(back, told.into_inner());
        assert!(release(at(|hour| hour.shown = None)).is_none(), "nothing rises unseen");
    }

    #[test]
    fn is_the_same_one_until_it_ends_and_no_silence() {
        let later = at(|hour| {
            hour.end = Some(TUESDAY_EVENING + 7_200);
            hour.as_of = TUESDAY_EVENING + 10_800;
            hour.hour = TUESDAY_EVENING + 3_600;
        });
        assert_eq!(release(later).unwrap().id, release(candidate()).unwrap().id);
        assert!(release(candidate()).unwrap().id.starts_with("anomaly-m"));
        let other = at(|hour| hour.dimension = Dimension::Source);
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
            let of = at(|hour| (hour.shown, hour.expected_authors) = (shown, expected_authors));
            let told = Gate::new(K::new(k).unwrap()).release_mix(MixCandidate { total, rises, ..of });
            let k = u64::from(k);
            let carried = if rises { shown.is_some() } else { expected_authors >= k as f64 };
            let may = carried && total.authors >= k && shown.is_none_or(|shown| shown.authors >= k);
            prop_assert_eq!(told.is_some(), may);
            prop_assert!(told.is_none_or(|told| told.evidence.authors >= k));
        }
    }
}
