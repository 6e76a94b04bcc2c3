//! [`Silences`]: all subjects that can be missed, hour by hour.

use std::collections::{BTreeMap, BTreeSet};

use groundswell_gate::{
    AnomalousHour, BurstExperience, Dimension, Figures, OTHER, Released, SilenceCandidate, VolumeRow,
};
use serde::{Deserialize, Serialize};

use super::SILENCE_SUBJECTS_MAX;
use super::level::{Expected, Level};
use crate::anomaly::{
    ANOMALY_BUDGET_MAX, AtMost, Episode, GAP_DOUBT, Gaps, HEARD_MIN, HOUR, HeardHour, HourRows, Key, LOOKS_A_DAY,
    LOW_BELOW, Told, Unlikely, saved_subjects,
};
use crate::burst::experience::Experience;
use crate::burst::tail::log10_at_most;

/// In this order: what of a part is missing because a larger thing is silent is no silence of its own.
const ORDER: [Dimension; 4] = [Dimension::Total, Dimension::Source, Dimension::Language, Dimension::Watch];
/// A silence has no more than this share of what was to be expected.
const SHARE_MAX: f64 = 0.5;
/// Counts that scatter more than this foretell nothing.
const SCATTER_MAX: f64 = 1.0;
/// A subject that had nothing for so long is forgotten.
const FORGOTTEN_HOURS: i64 = 28 * 24;

/// Finds silences in released volumes.
pub struct Silences {
    k: u64,
    subjects: BTreeMap<Key, Subject>,
    experience: Experience,
    /// Subjects of the last hour that could have been missed.
    looked_at: f64,
    gaps: Gaps,
    /// What was released of the hour that has not ended.
    hour: HourRows,
    /// What was silent for so long that it is how things are, since the last hour.
    settled: BTreeSet<Key>,
    left_out: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct Subject {
    level: Level,
    /// The last hour in which there was something.
    seen: i64,
    silence: Option<Episode<Hour>>,
}

/// An hour that is less than it should be.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Hour {
    start: i64,
    /// Posts and authors as shown; `None`: held back.
    shown: Option<(u64, u64)>,
    expected: f64,
    expected_authors: f64,
    scatter: f64,
    seasonal: bool,
    windows: u32,
    coverage: f64,
    log10_q: f64,
}

impl Unlikely for Hour {
    fn log10_q(&self) -> f64 {
        self.log10_q
    }
}

impl Silences {
    /// One that has seen nothing. `k`: the gate's.
    pub fn new(k: u64) -> Self {
        Self {
            k,
            subjects: BTreeMap::new(),
            experience: Experience::new(),
            looked_at: 0.0,
            gaps: Gaps::default(),
            hour: HourRows::default(),
            settled: BTreeSet::new(),
            left_out: 0,
        }
    }

    /// Subjects that were not followed because too many were.
    pub fn subjects_left_out(&self) -> u64 {
        self.left_out
    }

    /// Looks a day, by the last hour: what the budget is divided by.
    pub fn looks_a_day(&self) -> f64 {
        self.looked_at
    }

    /// What is silent now.
    pub(crate) fn open(&self) -> BTreeSet<Key> {
        self.subjects.iter().filter(|(_, subject)| subject.silence.is_some()).map(|(key, _)| key.clone()).collect()
    }

    /// What became how things are at the last hour.
    pub(crate) fn settled(&self) -> BTreeSet<Key> {
        self.settled.clone()
    }

    /// Takes a released row of the hour that comes to its end next. Others' rows are passed over.
    pub fn observe(&mut self, row: &Released<VolumeRow>) {
        self.hour.take(row, &ORDER);
    }

    /// Ends an hour, later than the one before, of which all rows were observed. `looks_beside`: those of others a day that have the same
    /// budget.
    pub fn end(&mut self, heard: HeardHour, looks_beside: f64, emit: &mut dyn FnMut(SilenceCandidate)) {
        let rows = std::mem::take(&mut self.hour);
        self.settled.clear();
        if heard.coverage < HEARD_MIN {
            return;
        }
        for _ in 0..HOUR / 60 {
            self.experience.pass();
        }
        self.meet(&rows, heard.start);
        let learnt = self.gaps.may_learn(heard);
        let mut judged = Judged::new((self.looked_at + looks_beside).max(1.0), heard, learnt);
        let budget = ANOMALY_BUDGET_MAX.log10();
        let open: Vec<(Key, f64)> = self
            .subjects
            .iter()
            .filter_map(|(key, subject)| Some((key.clone(), budget - subject.silence.as_ref()?.least().log10_q)))
            .collect();
        for dimension in ORDER {
            let keys: Vec<Key> = self.subjects.keys().filter(|key| key.0 == dimension).cloned().collect();
            for key in keys {
                let Some(at_most) = rows.at_most(&key, self.k) else {
                    // A watch that is in no register any more.
                    self.subjects.remove(&key);
                    continue;
                };
                let others = open.iter().filter(|(other, _)| *other != key).map(|(_, decades)| *decades);
                let curve = self.experience.curve(budget, others);
                let Some(subject) = self.subjects.get_mut(&key) else { continue };
                let told = subject.judge(&key, at_most, &mut judged, self.k, &curve);
                told.into_iter().for_each(&mut *emit);
                if let Some(log10_q) = judged.over.take() {
                    self.experience.note(budget - log10_q);
                }
                if std::mem::take(&mut judged.settled) {
                    self.settled.insert(key);
                }
            }
        }
        self.looked_at = LOOKS_A_DAY * f64::from(judged.looked_at);
        self.subjects.retain(|_, subject| subject.seen + FORGOTTEN_HOURS * HOUR > heard.start);
    }

    /// Follows what is new.
    fn meet(&mut self, rows: &HourRows, start: i64) {
        for (key, figures) in rows.iter() {
            let has = figures.is_some_and(|figures| figures.posts > 0);
            if let Some(subject) = self.subjects.get_mut(key) {
                if has {
                    subject.seen = start;
                }
            } else if has && !(key.1 == OTHER && key.0.is_folded()) {
                if self.subjects.len() < SILENCE_SUBJECTS_MAX {
                    self.subjects.insert(key.clone(), Subject { level: Level::default(), seen: start, silence: None });
                } else {
                    self.left_out += 1;
                }
            }
        }
    }
}

/// What is known of an hour while its subjects are gone through.
struct Judged {
    looks_a_day: f64,
    heard: HeardHour,
    /// Whether the hour says how things are: one of which a part was not heard does not.
    learnt: bool,
    /// What the whole has by what it should have.
    share: f64,
    /// Posts that cannot be expected of anybody: a gap's, or of a larger thing that is silent.
    missing: f64,
    looked_at: u32,
    /// How unlikely a silence was that is over.
    over: Option<f64>,
    /// Whether it was so long that it is how things are.
    settled: bool,
}

impl Judged {
    const fn new(looks_a_day: f64, heard: HeardHour, learnt: bool) -> Self {
        Self { looks_a_day, heard, learnt, share: 1.0, missing: 0.0, looked_at: 0, over: None, settled: false }
    }
}

impl Subject {
    /// Looks at an hour, and learns it.
    fn judge(
        &mut self,
        key: &Key,
        at_most: AtMost,
        judged: &mut Judged,
        k: u64,
        curve: &BurstExperience,
    ) -> Option<SilenceCandidate> {
        let start = judged.heard.start;
        let expected = self.level.expected(start);
        let hour = expected.and_then(|expected| self.hour(key, expected, at_most, judged, k));
        // What may be a part of "other" is not known to be back.
        let is_known = hour.is_some() && at_most.shown.is_some();
        let turn =
            Episode::turn(&mut self.silence, start, hour.filter(|hour| hour.1).map(|hour| hour.0), is_known, curve);
        (judged.over, judged.settled) = (turn.over, turn.outlived);
        if turn.outlived {
            self.level = Level::default();
        }
        let told = turn.told.map(|told| candidate(key, told, start + HOUR));
        if key.0 == Dimension::Total
            && let Some(expected) = expected
        {
            // Of the total, too: how much a gap took depends on how much there usually is.
            judged.missing += GAP_DOUBT * (1.0 - judged.heard.coverage) * expected.mean;
            if let Some(shown) = at_most.posts {
                judged.share = (shown / expected.mean.max(1e-9)).min(1.0);
            } else {
                judged.share = (at_most.authors / (expected.mean * self.level.authors_share()).max(1e-9)).min(1.0);
            }
        } else if key.0 == Dimension::Source
            && self.silence.is_some()
            && let Some(expected) = expected
        {
            judged.missing += GAP_DOUBT * (expected.mean - at_most.posts_to_learn()).max(0.0);
        }
        let silent = self.silence.is_some();
        if judged.learnt || expected.is_none() {
            self.level.learn(start, at_most.posts_to_learn(), at_most.authors_to_learn(), silent);
        }
        told
    }

    /// The hour as it is looked at, and whether it is so low that a silence goes on; `None`: nothing can be said.
    fn hour(
        &self,
        key: &Key,
        expected: Expected,
        at_most: AtMost,
        judged: &mut Judged,
        k: u64,
    ) -> Option<(Hour, bool)> {
        let mean = if key.0 == Dimension::Total {
            expected.mean * (1.0 - GAP_DOUBT * (1.0 - judged.heard.coverage))
        } else {
            expected.mean * judged.share - judged.missing
        };
        let authors = mean * self.level.authors_share();
        if expected.scatter > SCATTER_MAX || authors < 2.0 * k as f64 {
            return None;
        }
        judged.looked_at += 1;
        let shape = 1.0 / expected.scatter;
        let of_authors = log10_at_most(at_most.authors, authors, shape);
        let of_posts = at_most.posts.map_or(f64::NEG_INFINITY, |posts| log10_at_most(posts, mean, shape));
        let log10_p = of_authors.max(of_posts);
        let share = (at_most.authors / authors).max(at_most.posts.map_or(0.0, |posts| posts / mean));
        let low = log10_p <= LOW_BELOW.log10() && share <= SHARE_MAX;
        let hour = Hour {
            start: judged.heard.start,
            shown: at_most.shown.map(|shown| (shown.posts, shown.authors)),
            expected: mean,
            expected_authors: authors,
            scatter: expected.scatter,
            seasonal: expected.seasonal,
            windows: expected.windows,
            coverage: judged.heard.coverage,
            log10_q: log10_p + judged.looks_a_day.log10(),
        };
        Some((hour, low))
    }
}

fn candidate(key: &Key, told: Told<Hour>, as_of: i64) -> SilenceCandidate {
    let Hour { start, shown, expected, expected_authors, scatter, seasonal, windows, coverage, .. } = told.least;
    SilenceCandidate {
        at: AnomalousHour {
            dimension: key.0,
            value: key.1.clone(),
            start: told.start,
            end: told.end,
            detected_at: told.detected_at,
            as_of,
            hour: start,
            shown: shown.map(|(posts, authors)| Figures { posts, authors }),
            expected_authors,
            seasonal,
            windows,
            log10_q: told.log10_q,
            coverage,
        },
        expected,
        shape: 1.0 / scatter.max(1e-6),
    }
}

saved_subjects! {
    /// The subjects and their silences, and how many the stream has had, in a checkpoint.
    SavedSilences of Silences and its Subject, at most SILENCE_SUBJECTS_MAX
}
