//! [`ToneShifts`]: hours in which the posts that a watch matches sound otherwise than they usually do.
//!
//! What is read are the shares that the gate released, with their error bars, and nothing else. `docs/methods/tone-shifts.md` has the
//! formulas, the figures and what it cannot do.

use std::collections::BTreeMap;

use groundswell_gate::{
    AnomalousHour, Dimension, Figures, Released, ToneCandidate, ToneClass, ToneRow, ToneShare, tone_value,
};
use serde::{Deserialize, Serialize};

use crate::anomaly::{
    ANOMALY_BUDGET_MAX, EXPLAINED_MAX, Episode, Explained, GAP_DOUBT, Gaps, HEARD_MIN, HOUR, HeardHour, Key,
    LOOKS_A_DAY, LOW_BELOW, Odds, SCATTER_MAX, SeenOdds, Told, Unlikely, log10_normal_above, logit, saved_subjects,
    share_of,
};
use crate::burst::experience::Experience;

/// Watches and languages that are followed.
pub const TONE_SUBJECTS_MAX: usize = 4_096;
/// What may shift. Neutral is what these two leave.
const CLASSES: [ToneClass; 2] = [ToneClass::Negative, ToneClass::Positive];
/// Ways in which an hour may be otherwise, of which the least likely is told: two classes, up or down.
const WAYS: f64 = 4.0;
/// A shift moves this share of the posts …
const MOVED_MIN: f64 = 0.15;
/// … of which this part is enough for one that is open to go on.
const GOES_ON: f64 = 0.5;
/// And it goes on while its hours are less likely than this.
const GOES_ON_BELOW: f64 = 0.05;
/// A bar holds 95 of 100.
const BAR: f64 = 1.96;
/// By how much a hundredth of the posts moves a share, at most: what is read is not always meant, and shares are estimated so that what
/// the reading gets wrong is made good.
const MOVES_MAX: f64 = 3.0;
/// Shares are told in hundredths.
const ROUNDED: f64 = 0.005;
/// What an hour says of how many posts an author usually writes, at least.
const POSTS_LEARNT: f64 = 0.05;
/// A watch that had no tone for so long is forgotten.
const FORGOTTEN_HOURS: i64 = 14 * 24;

/// Finds shifts of tone in released shares.
pub struct ToneShifts {
    k: u64,
    subjects: BTreeMap<Key, Subject>,
    experience: Experience,
    /// Looks a day, by the subjects of the last hour that could have shifted.
    looked_at: f64,
    gaps: Gaps,
    /// What was released of the hour that has not ended.
    hour: BTreeMap<Key, Seen>,
    left_out: u64,
}

/// What was released of an hour.
#[derive(Clone, Copy)]
struct Seen {
    figures: Figures,
    /// By [`CLASSES`].
    shares: [ToneShare; 2],
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Subject {
    /// Their shares, by [`CLASSES`].
    levels: [Odds; 2],
    /// Posts by one author in an hour, usually: the logarithm, and how many hours that rests on.
    posts_each: f64,
    hours: f64,
    /// The last hour in which it had a tone.
    seen: i64,
    shift: Option<Episode<Hour>>,
}

/// An hour in which posts sound otherwise.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Hour {
    start: i64,
    class: ToneClass,
    rises: bool,
    /// Posts and authors as shown.
    shown: (u64, u64),
    share: ToneShare,
    expected: f64,
    /// In 95 of 100 such hours the share is between these.
    interval: [f64; 2],
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

/// What all subjects of an hour are looked at with.
#[derive(Clone, Copy)]
struct Look {
    heard: HeardHour,
    log10_looks: f64,
}

impl ToneShifts {
    /// One that has seen nothing. `k`: the gate's.
    pub fn new(k: u64) -> Self {
        Self {
            k,
            subjects: BTreeMap::new(),
            experience: Experience::new(),
            looked_at: 0.0,
            gaps: Gaps::default(),
            hour: BTreeMap::new(),
            left_out: 0,
        }
    }

    /// Watches and languages that were not followed because too many were.
    pub fn subjects_left_out(&self) -> u64 {
        self.left_out
    }

    /// Looks a day, by the last hour: what the budget is divided by.
    pub fn looks_a_day(&self) -> f64 {
        self.looked_at
    }

    /// Takes a released row of the hour that comes to its end next.
    pub fn observe(&mut self, row: &Released<ToneRow>) {
        let [negative, _, positive] = row.shares;
        let key = (Dimension::Tone, tone_value(&row.watch, &row.language, None));
        self.hour.insert(key, Seen { figures: row.figures, shares: [negative, positive] });
    }

    /// Ends an hour, later than the one before, of which all rows were observed. `looks_a_day`: of others that have the same budget.
    pub fn end(&mut self, heard: HeardHour, looks_a_day: f64, emit: &mut dyn FnMut(ToneCandidate)) {
        let rows = std::mem::take(&mut self.hour);
        if heard.coverage < HEARD_MIN {
            return;
        }
        for _ in 0..HOUR / 60 {
            self.experience.pass();
        }
        let learns = self.gaps.may_learn(heard);
        for (key, seen) in &rows {
            if seen.figures.authors < self.k || seen.figures.posts == 0 {
                continue;
            }
            if self.subjects.len() < TONE_SUBJECTS_MAX || self.subjects.contains_key(key) {
                self.subjects.entry(key.clone()).or_default().seen = heard.start;
            } else {
                self.left_out += 1;
            }
        }
        let look = Look { heard, log10_looks: (self.looked_at + looks_a_day).max(1.0).log10() };
        let budget = ANOMALY_BUDGET_MAX.log10();
        let open: Vec<(Key, f64)> = self
            .subjects
            .iter()
            .filter_map(|(key, subject)| Some((key.clone(), budget - subject.shift.as_ref()?.least().log10_q)))
            .collect();
        let mut looked_at = 0_u32;
        for (key, subject) in &mut self.subjects {
            let others = open.iter().filter(|(other, _)| other != key).map(|(_, decades)| *decades);
            let curve = self.experience.curve(budget, others);
            let seen = rows.get(key).filter(|_| subject.seen == heard.start);
            let found = seen.map(|seen| look.at(subject, seen)).unwrap_or_default();
            looked_at += u32::from(found.is_known);
            let turn = Episode::turn(&mut subject.shift, heard.start, found.hour, found.is_known, &curve);
            if let Some(told) = turn.told {
                emit(candidate(key, told, heard.start + HOUR));
            }
            if let Some(log10_q) = turn.over {
                self.experience.note(budget - log10_q);
            }
            if turn.outlived {
                subject.levels = Default::default();
            }
            if let Some(seen) = seen.filter(|_| learns) {
                let is_otherwise = subject.shift.is_some() || found.hour.is_some_and(|hour| hour.log10_q <= budget);
                subject.learn(heard.start, seen, is_otherwise);
            }
        }
        self.looked_at = LOOKS_A_DAY * f64::from(looked_at);
        self.subjects.retain(|_, subject| subject.seen + FORGOTTEN_HOURS * HOUR > heard.start);
    }
}

/// What a look says.
#[derive(Clone, Copy, Default)]
struct Found {
    /// Whether anything can be said of it.
    is_known: bool,
    /// The hour, where it is otherwise.
    hour: Option<Hour>,
}

impl Look {
    fn at(&self, subject: &Subject, seen: &Seen) -> Found {
        let open = subject.shift.as_ref().map(|shift| (shift.least().class, shift.least().rises));
        let mut found = Found::default();
        for (class, (level, share)) in CLASSES.into_iter().zip(subject.levels.iter().zip(seen.shares)) {
            let Some(expected) = level.expected(self.heard.start).filter(|expected| expected.scatter <= SCATTER_MAX)
            else {
                continue;
            };
            found.is_known = true;
            // Of what was not heard nobody knows how it sounded.
            let lost = (GAP_DOUBT * (1.0 - self.heard.coverage)).min(EXPLAINED_MAX);
            let (low, high) = Explained { lost, gained: 0.0 }
                .range(share_of(expected.usual.min(expected.best)), share_of(expected.usual.max(expected.best)));
            for rises in [true, false] {
                let goes_on = open == Some((class, rises));
                if open.is_some() && !goes_on {
                    continue;
                }
                let from = if rises { high } else { low };
                let to = subject.least(seen, share, rises);
                let noise = deviation(share, rises).powi(2);
                let off = if rises { logit(to) - logit(from) } else { logit(from) - logit(to) };
                let log10_p = (log10_normal_above(off / (expected.scatter + noise).sqrt()) + WAYS.log10()).min(0.0);
                let (enough, below) = if goes_on { (GOES_ON, GOES_ON_BELOW) } else { (1.0, LOW_BELOW) };
                let moved = if rises { to - from } else { from - to };
                let log10_q = log10_p + self.log10_looks;
                let least_likely = found.hour.is_none_or(|hour| log10_q < hour.log10_q);
                if log10_p <= below.log10() && moved >= enough * MOVED_MIN && least_likely {
                    let width = BAR * (expected.scatter + noise).sqrt();
                    found.hour = Some(Hour {
                        start: self.heard.start,
                        class,
                        rises,
                        shown: (seen.figures.posts, seen.figures.authors),
                        share,
                        expected: expected.share(),
                        interval: [share_of(logit(low) - width), share_of(logit(high) + width)],
                        seasonal: expected.seasonal,
                        windows: expected.windows,
                        coverage: self.heard.coverage,
                        log10_q,
                    });
                }
            }
        }
        found
    }
}

impl Subject {
    /// A class's share, as near to what is usual as it may be: it is told in hundredths, and the posts that so many authors do not usually
    /// write may all be one account's.
    fn least(&self, seen: &Seen, share: ToneShare, rises: bool) -> f64 {
        let posts = seen.figures.posts as f64;
        let usually = seen.figures.authors as f64 * self.posts_each.exp();
        let surplus = (1.0 - usually / posts).max(0.0);
        let (share, off) = (f64::from(share.share) / 100.0, ROUNDED + MOVES_MAX * surplus);
        if rises { (share - off).max(0.0) } else { (share + off).min(1.0) }
    }

    fn learn(&mut self, start: i64, seen: &Seen, is_otherwise: bool) {
        for (level, share) in self.levels.iter_mut().zip(seen.shares) {
            let noise = f64::midpoint(deviation(share, true), deviation(share, false)).powi(2);
            let log_odds = logit(f64::from(share.share).clamp(0.5, 99.5) / 100.0);
            // The wider the bar, the less it says of how far hours stray.
            let weight = 1.0 / (1.0 + noise);
            level.learn(start, (!is_otherwise).then_some(SeenOdds { log_odds, noise, weight }));
        }
        if !is_otherwise {
            let each = (seen.figures.posts as f64 / seen.figures.authors.max(1) as f64).ln();
            self.posts_each += (each - self.posts_each) * POSTS_LEARNT.max(1.0 / (1.0 + self.hours));
            self.hours += 1.0;
        }
    }
}

/// How far a share's log-odds may be off, as its bar has it on the side on which the usual one lies.
fn deviation(bar: ToneShare, rises: bool) -> f64 {
    let of = |hundredths: u8| logit(f64::from(hundredths).clamp(0.5, 99.5) / 100.0);
    let width = if rises { of(bar.share) - of(bar.low) } else { of(bar.high) - of(bar.share) };
    width / BAR
}

fn candidate((_, value): &Key, told: Told<Hour>, as_of: i64) -> ToneCandidate {
    let Hour { start, class, rises, shown: (posts, authors), share, expected, interval, .. } = told.least;
    let (watch, language, _) = groundswell_gate::tone_of_value(value);
    ToneCandidate {
        at: AnomalousHour {
            dimension: Dimension::Watch,
            value: watch.to_owned(),
            start: told.start,
            end: told.end,
            detected_at: told.detected_at,
            as_of,
            hour: start,
            shown: Some(Figures { posts, authors }),
            expected_authors: authors as f64,
            seasonal: told.least.seasonal,
            windows: told.least.windows,
            log10_q: told.log10_q,
            coverage: told.least.coverage,
        },
        language: language.to_owned(),
        class,
        share,
        expected,
        interval,
        rises,
    }
}

saved_subjects! {
    /// How watches sound and how that has shifted, and how many shifts the stream has had, in a checkpoint.
    SavedToneShifts of ToneShifts and its Subject, at most TONE_SUBJECTS_MAX
}
