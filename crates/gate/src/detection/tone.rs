//! Shifts of tone at the gate: an hour in which the posts that a watch matches sound otherwise than they usually do.
//!
//! A shift is worked out from released shares and from nothing else (`groundswell_detect::tone`), so it can betray no more than they do:
//! what is said of the hour is a row of the table of tone, which k authors carry.

use std::collections::BTreeMap;
use std::fmt;

use super::anomaly::{AnomalousHour, Said};
use super::finding::Finding;
use super::{DetectionRow, Evidence, Share, SubjectType, ToneClass, words};
use crate::burst::two_digits;
use crate::released::Released;
use crate::tone::{TONE_POSTS_MIN, ToneShare};
use crate::volume::{Dimension, Gate};

/// A shift as found in released shares, before the gate.
#[derive(Clone, PartialEq)]
pub struct ToneCandidate {
    /// Of a watch; what is shown of it are the posts that were read.
    pub at: AnomalousHour,
    /// ISO 639-1.
    pub language: String,
    /// What its posts are more or less than usual.
    pub class: ToneClass,
    /// The share that was released, with its bar.
    pub share: ToneShare,
    /// The share that was to be expected.
    pub expected: f64,
    /// In 95 of 100 such hours it is between these.
    pub interval: [f64; 2],
    /// Whether the share is larger than usual.
    pub rises: bool,
}

impl fmt::Debug for ToneCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToneCandidate(redacted)")
    }
}

impl Gate {
    /// Says of a shift of tone what may be said; `None` where fewer than k authors carry the hour, or too few posts for it to have a tone.
    pub fn release_tone_shift(&self, candidate: ToneCandidate) -> Option<Released<DetectionRow>> {
        let at = &candidate.at;
        let shown = at.shown.filter(|shown| shown.posts >= TONE_POSTS_MIN)?;
        let may = at.dimension == Dimension::Watch && at.may_be_told(shown.authors, self.k().get());
        may.then(|| Released::told(finding(candidate, shown.posts, shown.authors)))
    }
}

fn finding(candidate: ToneCandidate, posts: u64, authors: u64) -> Finding {
    let ToneCandidate { at, language, class, share, rises, .. } = candidate;
    let observed = f64::from(share.share) / 100.0;
    let expected = two_digits(candidate.expected);
    let interval = candidate.interval.map(|share| two_digits(share.clamp(0.0, 1.0)));
    let title = at.usual(SubjectType::Watch).tone_title(class, &language, (observed, expected), rises);
    let summary = format!(
        "{} of {posts} posts by {authors} authors sounded {class} in the hour from {}, between {} and {} with what the reading of posts \
         gets wrong; {} were expected, between {} and {} in 95 of 100 such hours ({}, {} hours). {}",
        words::percent(observed),
        words::moment(at.hour),
        words::percent(f64::from(share.low) / 100.0),
        words::percent(f64::from(share.high) / 100.0),
        words::percent(expected),
        words::percent(interval[0]),
        words::percent(interval[1]),
        at.method(),
        at.windows,
        at.course(),
    );
    let strength = if rises { observed / expected.max(0.01) } else { expected / observed.max(0.01) };
    let command = words::tone_command(&at.value, &language, at.window(), at.as_of);
    // Two shifts of one watch that begin at once, in two languages, are two.
    let family = format!("tone-{class}-{language}");
    let said = Said {
        method: "tone-shifts",
        family: &family,
        subject: SubjectType::Watch,
        authors,
        title,
        summary,
        strength,
        command,
    };
    at.finding(said, |common| Evidence {
        ratio: Some(words::hundredths(observed / expected.max(0.01))),
        share: Some(Share { observed: Some(observed), expected, expected_interval: interval, of: posts }),
        tone: Some(class),
        languages: BTreeMap::from([(language, 1.0)]),
        ..common
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::volume::Figures;
    use crate::{DetectionKind, K, Outward as _};

    /// 2026-11-24, a Tuesday, at 19:00:00 UTC.
    const TUESDAY_EVENING: i64 = 1_795_546_800;

    fn candidate() -> ToneCandidate {
        ToneCandidate {
            at: AnomalousHour {
                dimension: Dimension::Watch,
                value: "water".to_owned(),
                start: TUESDAY_EVENING,
                end: None,
                detected_at: TUESDAY_EVENING + 3_600,
                as_of: TUESDAY_EVENING + 3_600,
                hour: TUESDAY_EVENING,
                shown: Some(Figures { posts: 812, authors: 640 }),
                expected_authors: 640.0,
                seasonal: true,
                windows: 9,
                log10_q: -2.2,
                coverage: 1.0,
            },
            language: "pt".to_owned(),
            class: ToneClass::Negative,
            share: ToneShare { share: 61, low: 55, high: 67 },
            expected: 0.348,
            interval: [0.26, 0.449],
            rises: true,
        }
    }

    fn release(change: impl FnOnce(&mut ToneCandidate)) -> Option<Released<DetectionRow>> {
        let mut candidate = candidate();
        change(&mut candidate);
        Gate::new(K::DEFAULT).release_tone_shift(candidate)
    }

    #[test]
    fn says_how_it_sounds_and_how_it_usually_does() {
        let told = release(|_| {}).unwrap();
        assert_eq!(
            told.title,
            "The watch water sounds more negative than usual: 61 % of posts in Portuguese; for a Tuesday evening 35 % is usual"
        );
        assert_eq!(
            told.summary,
            "61 % of 812 posts by 640 authors sounded negative in the hour from 24 Nov 2026, 19:00 UTC, between 55 % and 67 % with what \
             the reading of posts gets wrong; 35 % were expected, between 26 % and 45 % in 95 of 100 such hours (seasonal, 9 hours). It \
             began on 24 Nov 2026, 19:00 UTC and goes on."
        );
        assert_eq!((told.kind, told.evidence.authors, told.evidence.q), (DetectionKind::Anomaly, 640, Some(0.01)));
        assert_eq!(
            told.evidence.command,
            "groundswell export tone --watch water --language pt --from 2026-10-27T19:00:00Z --to 2026-11-24T20:00:00Z"
        );
        let json: serde_json::Value = serde_json::from_str(&told.to_json()).unwrap();
        assert_eq!(json["evidence"]["tone"], "negative");
        assert_eq!(
            json["evidence"]["share"],
            serde_json::json!({"observed": 0.61, "expected": 0.35, "expected_interval": [0.26, 0.45], "of": 812})
        );
        assert!(told.id.starts_with("anomaly-t"));
        let back: DetectionRow = serde_json::from_str(&told.to_json()).unwrap();
        assert_eq!(back, told.into_inner());
    }

    #[test]
    fn a_share_that_fell_is_less_than_usual() {
        let told = release(|at| {
            (at.class, at.rises, at.at.seasonal) = (ToneClass::Positive, false, false);
            at.share = ToneShare { share: 9, low: 4, high: 15 };
        });
        assert_eq!(
            told.unwrap().title,
            "The watch water sounds less positive than usual: 9 % of posts in Portuguese; 35 % is usual"
        );
    }

    #[test]
    fn is_the_same_one_until_it_ends_and_another_in_each_language() {
        let first = release(|_| {}).unwrap();
        let later = release(|at| (at.at.end, at.at.as_of) = (Some(TUESDAY_EVENING + 3_600), TUESDAY_EVENING + 7_200));
        assert_eq!(later.unwrap().id, first.id);
        let others: [&dyn Fn(&mut ToneCandidate); 3] =
            [&|at| at.language = "es".to_owned(), &|at| at.class = ToneClass::Positive, &|at| {
                at.at.value = "fire".to_owned();
            }];
        for other in others {
            assert_ne!(release(other).unwrap().id, first.id);
        }
    }

    proptest! {
        #[test]
        fn none_rests_on_fewer_than_k_or_a_hundred_posts(
            shown in proptest::option::of((0_u64..300, 0_u64..40)), k in 5_u32..20, rises in any::<bool>(),
        ) {
            let shown = shown.map(|(posts, authors)| Figures { posts, authors });
            let mut candidate = candidate();
            (candidate.at.shown, candidate.rises) = (shown, rises);
            let told = Gate::new(K::new(k).unwrap()).release_tone_shift(candidate);
            let may = shown.is_some_and(|shown| shown.authors >= u64::from(k) && shown.posts >= TONE_POSTS_MIN);
            prop_assert_eq!(told.is_some(), may);
        }
    }
}
