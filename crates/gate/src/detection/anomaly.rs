//! What silences and shifts of a mix or of tone have in common: an hour of released numbers that is another than its baseline foretold.

use std::fmt;

use groundswell_sketch::{Rfc3339, Step};

use super::finding::{Finding, empty};
use super::words::{self, Usual};
use super::{Baseline, DetectionKind, Evidence, Maturity, Method, Stretch, Subject, SubjectType};
use crate::burst::{BurstMethod, step_up};
use crate::perturb::family;
use crate::volume::{Dimension, Figures};

/// The least likely hour of an anomaly, and its stretch, before the gate.
#[derive(Clone, PartialEq)]
pub struct AnomalousHour {
    /// What it is counted by.
    pub dimension: Dimension,
    /// The value of the dimension.
    pub value: String,
    /// First second of the first hour that was unusual.
    pub start: i64,
    /// Where it was as usual again, or became how things are.
    pub end: Option<i64>,
    /// End of the hour by which it was found.
    pub detected_at: i64,
    /// Everything before this second was looked at.
    pub as_of: i64,
    /// First second of its least likely hour.
    pub hour: i64,
    /// What was released of that hour; `None`: fewer than k authors wrote, or it is a part of "other".
    pub shown: Option<Figures>,
    /// Authors that were to be expected in it.
    pub expected_authors: f64,
    /// Whether it is known how this hour of the week usually is, and not only this hour of the day.
    pub seasonal: bool,
    /// Hours that the expectation rests on.
    pub windows: u32,
    /// False alerts a day that come with alerts as unlikely as this, decimal logarithm.
    pub log10_q: f64,
    /// Share of what should have been listened to in that hour that was.
    pub coverage: f64,
}

impl fmt::Debug for AnomalousHour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnomalousHour(redacted)")
    }
}

/// What one kind of anomaly says of its hour.
pub(super) struct Said<'f> {
    /// The method's name.
    pub(super) method: &'static str,
    /// What the id is made with, beside subject and beginning; its first letter begins it.
    pub(super) family: &'f str,
    pub(super) subject: SubjectType,
    pub(super) authors: u64,
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) strength: f64,
    pub(super) command: String,
}

impl AnomalousHour {
    pub(super) fn window(&self) -> (i64, i64) {
        (self.hour, self.hour + Step::Hour.seconds())
    }

    /// Whether it may be spoken of where it rests on so many authors: what is shown of the hour has k of them too, and the hour is over.
    pub(super) fn may_be_told(&self, authors: u64, k: u64) -> bool {
        let below = self.shown.is_some_and(|shown| shown.authors < k);
        authors >= k && !below && self.hour >= self.start && self.window().1 <= self.as_of
    }

    /// Authors that were to be expected, whole ones.
    pub(super) fn usual_authors(&self) -> u64 {
        self.expected_authors.floor().max(0.0) as u64
    }

    pub(super) fn usual(&self, subject: SubjectType) -> Usual<'_> {
        Usual { subject, value: &self.value, window: self.window(), seasonal: self.seasonal }
    }

    pub(super) const fn method(&self) -> &'static str {
        if self.seasonal { BurstMethod::Seasonal } else { BurstMethod::Recent }.as_str()
    }

    /// The end of a summary: since when, until when, and what could not be heard.
    pub(super) fn course(&self) -> String {
        let until =
            self.end.map_or_else(|| " and goes on".to_owned(), |end| format!(" and ended on {}", words::moment(end)));
        let gap = if self.coverage < 1.0 {
            format!(" {:.0} % of what is usually heard could be heard, which is allowed for.", self.coverage * 100.0)
        } else {
            String::new()
        };
        format!("It began on {}{until}.{gap}", words::moment(self.start))
    }

    /// `evidence`: what this kind alone has; the rest is filled in here.
    pub(super) fn finding(self, said: Said<'_>, evidence: impl FnOnce(Evidence) -> Evidence) -> Finding {
        let window = self.window();
        let of = family(&[
            said.family.as_bytes(),
            self.dimension.as_str().as_bytes(),
            self.value.as_bytes(),
            &self.start.to_le_bytes(),
        ]);
        let common = Evidence {
            observed: self.shown.map_or(0, |shown| shown.posts),
            suppressed: self.shown.is_none(),
            baseline: Some(Baseline { method: self.method().to_owned(), windows: u64::from(self.windows) }),
            q: Some(step_up(self.log10_q)),
            method: Method { name: said.method.to_owned(), version: 1 },
            windows: vec![
                Stretch { start: Rfc3339(window.0), end: Some(Rfc3339(window.1)) },
                Stretch { start: Rfc3339(self.start), end: self.end.map(Rfc3339) },
            ],
            coverage: Some((self.coverage * 100.0).floor() / 100.0),
            ..empty(said.authors, said.command)
        };
        Finding {
            kind: DetectionKind::Anomaly,
            of: format!("{}{of:016x}", &said.family[..1]),
            start: self.start,
            detected_at: self.detected_at,
            title: said.title,
            summary: said.summary,
            subject: Subject { r#type: said.subject, value: self.value },
            strength: said.strength,
            maturity: Maturity::Experimental,
            evidence: evidence(common),
        }
    }
}
