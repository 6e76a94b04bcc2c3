//! [`Mixes`]: the shares of all that posts are told apart by, hour by hour.

use std::collections::{BTreeMap, BTreeSet};

use groundswell_gate::{AnomalousHour, Dimension, Figures, MixCandidate, OTHER, PERTURBATION_MAX, Released, VolumeRow};
use serde::{Deserialize, Serialize};

use super::level::{Expected, Level, Seen};
use super::tail::{log10_share_at_least, log10_share_at_most};
use super::{MIX_COMPARED_MAX, MIX_FOLLOWED_SHARE_MIN, MIX_SHIFTS_AT_ONCE_MAX, MIX_SUBJECTS_MAX};
use crate::anomaly::{
    ANOMALY_BUDGET_MAX, AtMost, EXPLAINED_MAX, Episode, Explained, GAP_DOUBT, Gaps, HEARD_MIN, HOUR, HeardHour,
    HourRows, Key, LOOKS_A_DAY, LOW_BELOW, SCATTER_MAX, Told, Unlikely, logit, saved_subjects, share_of,
};
use crate::burst::experience::Experience;

/// In this order: what a source's shift explains is no shift of a language, and what either explains is none of a domain.
const ORDER: [Dimension; 3] = [Dimension::Source, Dimension::Language, Dimension::Domain];
/// What is read.
const READ: [Dimension; 4] = [Dimension::Total, Dimension::Source, Dimension::Language, Dimension::Domain];
/// A shift changes the odds by at least this factor …
const ODDS_MIN: f64 = 4.0 / 3.0;
/// … and moves this share of all posts.
const MOVED_MIN: f64 = 0.02;
/// Of both, what is enough for one that is open to go on.
const GOES_ON: f64 = 0.5;
/// And it goes on while its hours are less likely than this: one that is hardly found would come and go otherwise.
const GOES_ON_BELOW: f64 = 0.05;
/// Hours of which others' shifts explain more than this are not learnt.
const EXPLAINED_LEARNT_MAX: f64 = 0.02;
/// A subject that has not had enough to be followed for so long is forgotten.
const FORGOTTEN_HOURS: i64 = 14 * 24;

/// Finds shifts of mixes in released volumes.
pub struct Mixes {
    k: u64,
    subjects: BTreeMap<Key, Subject>,
    experience: Experience,
    /// Looks a day, by the subjects of the last hour that could have shifted.
    looked_at: f64,
    gaps: Gaps,
    /// What was released of the hour that has not ended.
    hour: HourRows,
    left_out: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct Subject {
    level: Level,
    /// The last hour in which it had enough to be followed.
    seen: i64,
    shift: Option<Episode<Hour>>,
}

/// An hour in which a share is another than it should be.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Hour {
    start: i64,
    /// Posts and authors as shown; `None`: held back.
    shown: Option<(u64, u64)>,
    /// The same of all.
    total: (u64, u64),
    /// What share of all posts it should have, and between which two it is in 95 of 100 such hours.
    expected: f64,
    interval: [f64; 2],
    expected_authors: f64,
    rises: bool,
    /// Shifts of others are allowed for.
    beside_others: bool,
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

impl Mixes {
    /// One that has seen nothing. `k`: the gate's.
    pub fn new(k: u64) -> Self {
        Self {
            k,
            subjects: BTreeMap::new(),
            experience: Experience::new(),
            looked_at: 0.0,
            gaps: Gaps::default(),
            hour: HourRows::default(),
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

    /// Takes a released row of the hour that comes to its end next. Others' rows are passed over.
    pub fn observe(&mut self, row: &Released<VolumeRow>) {
        self.hour.take(row, &READ);
    }

    /// Ends an hour, later than the one before, of which all rows were observed.
    pub fn end(&mut self, heard: HeardHour, beside: &Beside, emit: &mut dyn FnMut(MixCandidate)) {
        let rows = std::mem::take(&mut self.hour);
        if heard.coverage < HEARD_MIN {
            return;
        }
        for _ in 0..HOUR / 60 {
            self.experience.pass();
        }
        let learnt = self.gaps.may_learn(heard);
        let Some(total) = rows.total().filter(|total| total.posts > 0 && total.authors > 0) else { return };
        self.meet(&rows, total, heard.start);
        let mut judged = Judged {
            k: self.k as f64,
            looks_a_day: (self.looked_at + beside.looks_a_day).max(1.0),
            heard,
            learnt,
            total,
            explained: Explained { lost: GAP_DOUBT * (1.0 - heard.coverage), gained: 0.0 },
            by_others: 0.0,
            anew: false,
            looked_at: 0,
        };
        for dimension in ORDER {
            self.judge(dimension, &rows, beside, &mut judged, emit);
        }
        self.looked_at = LOOKS_A_DAY * f64::from(judged.looked_at);
        self.subjects.retain(|_, subject| subject.seen + FORGOTTEN_HOURS * HOUR > heard.start);
    }

    /// Follows what is new and large enough.
    fn meet(&mut self, rows: &HourRows, total: Figures, start: i64) {
        for (key, figures) in rows.iter().filter(|(key, _)| ORDER.contains(&key.0)) {
            let Some(figures) = figures.filter(|_| !(key.1 == OTHER && key.0.is_folded())) else { continue };
            if (figures.posts as f64) < MIX_FOLLOWED_SHARE_MIN * total.posts as f64 {
                continue;
            }
            if let Some(subject) = self.subjects.get_mut(key) {
                subject.seen = start;
            } else if self.subjects.len() < MIX_SUBJECTS_MAX {
                self.subjects.insert(key.clone(), Subject { level: Level::default(), seen: start, shift: None });
            } else {
                self.left_out += 1;
            }
        }
    }

    /// Looks at all shares of one kind, and learns them.
    fn judge(
        &mut self,
        dimension: Dimension,
        rows: &HourRows,
        beside: &Beside,
        judged: &mut Judged,
        emit: &mut dyn FnMut(MixCandidate),
    ) {
        let start = judged.heard.start;
        judged.anew |= beside.settled.iter().any(|(of, _)| *of == dimension);
        if judged.anew {
            self.begin_anew(dimension);
        }
        let mut parts: Vec<Part> = self
            .subjects
            .iter()
            .filter(|(key, _)| key.0 == dimension)
            .filter_map(|(key, subject)| {
                Some(Part {
                    key: key.clone(),
                    at_most: rows.at_most(key, self.k)?,
                    expected: subject.level.expected(start),
                    open: subject.shift.as_ref().map(|shift| shift.least().rises),
                    silent: beside.silent.contains(key),
                    looked: None,
                })
            })
            .collect();
        // A post may have links to several domains or to none: their shares are no parts of one whole.
        let rest = judged.look(&mut parts, dimension != Dimension::Domain);
        judged.looked_at += parts.iter().filter(|part| part.looked.is_some_and(|look| look.is_known)).count() as u32;
        let budget = ANOMALY_BUDGET_MAX.log10();
        let open: Vec<(Key, f64)> = self
            .subjects
            .iter()
            .filter_map(|(key, subject)| Some((key.clone(), budget - subject.shift.as_ref()?.least().log10_q)))
            .collect();
        let mut outlived = false;
        for part in &parts {
            let others = open.iter().filter(|(other, _)| *other != part.key).map(|(_, decades)| *decades);
            let curve = self.experience.curve(budget, others);
            let Some(subject) = self.subjects.get_mut(&part.key) else { continue };
            let look = part.looked.unwrap_or_default();
            let low = look.hour.filter(|hour| part.open.is_none_or(|rises| rises == hour.rises));
            // What is told as a silence is over as a shift; of what may be a part of "other" it is not known whether it is back.
            let is_known = part.silent || judged.anew || look.is_known && part.at_most.shown.is_some();
            let turn = Episode::turn(&mut subject.shift, start, low, is_known, &curve);
            if let Some(told) = turn.told {
                emit(candidate(&part.key, told, start + HOUR));
            }
            if let Some(log10_q) = turn.over {
                self.experience.note(budget - log10_q);
            }
            if turn.outlived {
                subject.level = Level::default();
                outlived = true;
            }
            let taken_away = look.hour.is_some_and(|hour| hour.log10_q <= budget);
            let as_expected = part.silent || subject.shift.is_some() || taken_away;
            if subject.level.expected(start).is_none() || judged.learns() && part.may_be_learnt(self.k) {
                subject.level.learn(start, (!as_expected).then(|| rest.of(part)));
            }
        }
        if outlived && dimension != Dimension::Domain {
            judged.anew = true;
            self.begin_anew(dimension);
        }
        judged.explain(rest);
    }

    /// What one has for good the others lack for good: all shares of a kind are learnt anew, and those of the kinds that follow.
    fn begin_anew(&mut self, dimension: Dimension) {
        let of_kind = self.subjects.iter_mut().filter(|(key, _)| key.0 == dimension);
        of_kind.for_each(|(_, subject)| subject.level = Level::default());
    }
}

/// What else is known of the hour.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Looks of others a day that have the same budget.
    pub looks_a_day: f64,
    /// What is told as a silence, and so is no shift.
    pub silent: BTreeSet<(Dimension, String)>,
    /// What was silent for so long that from this hour on it is how things are.
    pub settled: BTreeSet<(Dimension, String)>,
}

/// What is known of an hour while its shares are gone through.
struct Judged {
    k: f64,
    looks_a_day: f64,
    heard: HeardHour,
    /// Whether all was heard, as far as it usually is.
    learnt: bool,
    total: Figures,
    /// What may explain that a share is another one.
    explained: Explained,
    /// How much of it is by shifts and silences, and not by a gap.
    by_others: f64,
    /// What one has for good the others lack for good: all are learnt anew.
    anew: bool,
    looked_at: u32,
}

/// One share of an hour.
struct Part {
    key: Key,
    at_most: AtMost,
    expected: Option<Expected>,
    /// Whether a shift of it is open, and which way.
    open: Option<bool>,
    silent: bool,
    looked: Option<Look>,
}

/// What a look at it says.
#[derive(Clone, Copy, Default)]
struct Look {
    /// Whether anything can be said of it.
    is_known: bool,
    /// The hour, where it is otherwise.
    hour: Option<Hour>,
}

impl Part {
    /// What may be the greater part of "other" is not learnt as nothing.
    fn may_be_learnt(&self, k: u64) -> bool {
        self.at_most.shown.is_some() || self.at_most.authors < 2.0 * k as f64
    }
}

/// What is left of the whole when those that shifted are taken away.
#[derive(Clone, Copy)]
struct Rest {
    posts: f64,
    authors: f64,
    /// What share of all posts it should have.
    share: f64,
    /// Posts that were taken away beyond what those should have, and that these lack.
    gained: f64,
    lost: f64,
    removed: bool,
}

impl Rest {
    fn of(&self, part: &Part) -> Seen {
        Seen {
            posts: part.at_most.posts_to_learn().min(self.posts),
            authors: part.at_most.authors_to_learn().min(self.authors),
            of_posts: self.posts,
            of_authors: self.authors,
            share: self.share,
        }
    }

    /// Takes a part away.
    fn remove(&mut self, part: &Part) {
        let Some(expected) = part.expected else { return };
        let share = expected.odds.share().min(self.share * 0.999);
        let posts = part.at_most.posts_to_learn().min(self.posts - 1.0).max(0.0);
        // What it would have, were all others as they are.
        let usual = share * (self.posts - posts) / (self.share - share).max(1e-9);
        if posts > usual {
            self.gained += posts - usual;
        } else {
            self.lost += usual - posts;
        }
        self.posts -= posts;
        self.authors = (self.authors - part.at_most.authors_to_learn()).max(1.0);
        self.share -= share;
        self.removed = true;
    }
}

impl Judged {
    const fn learns(&self) -> bool {
        self.learnt && self.by_others <= EXPLAINED_LEARNT_MAX
    }

    /// Looks at all parts. Where they are parts of one whole, one after the other is taken away until none is otherwise than the rest of
    /// them foretells.
    fn look(&self, parts: &mut [Part], of_one_whole: bool) -> Rest {
        let mut rest = Rest {
            posts: self.total.posts as f64,
            authors: self.total.authors as f64,
            share: 1.0,
            gained: 0.0,
            lost: 0.0,
            removed: false,
        };
        if of_one_whole {
            for part in parts.iter().filter(|part| part.silent) {
                rest.remove(part);
            }
            for _ in 0..MIX_SHIFTS_AT_ONCE_MAX {
                let Some((at, look)) = self.what_explains_most(parts, &rest) else { break };
                parts[at].looked = Some(look);
                rest.remove(&parts[at]);
            }
        }
        for part in parts.iter_mut().filter(|part| part.looked.is_none() && !part.silent) {
            part.looked = Some(self.look_at(part, &rest));
        }
        rest
    }

    /// Of those that are otherwise, the one without which the others are the most as they should be: one that has doubled, and not all
    /// those that have lost by it.
    fn what_explains_most(&self, parts: &[Part], rest: &Rest) -> Option<(usize, Look)> {
        let budget = ANOMALY_BUDGET_MAX.log10();
        let mut otherwise: Vec<(usize, Look, f64)> = Vec::new();
        for (at, part) in parts.iter().enumerate().filter(|(_, part)| part.looked.is_none() && !part.silent) {
            let look = self.look_at(part, rest);
            let Some(hour) = look.hour else { continue };
            if part.open == Some(hour.rises) || hour.log10_q <= budget {
                otherwise.push((at, look, hour.log10_q));
            }
        }
        otherwise.sort_by(|a, b| a.2.total_cmp(&b.2));
        otherwise.truncate(MIX_COMPARED_MAX);
        // What goes on comes first: which of two explains more may change from hour to hour.
        let goes_on = |at: usize| parts[at].open.is_some();
        let unexplained = |without: usize| -> f64 {
            let mut rest = *rest;
            rest.remove(&parts[without]);
            let decades = otherwise.iter().filter(|(at, ..)| *at != without).map(|(at, ..)| {
                self.look_at(&parts[*at], &rest).hour.map_or(0.0, |hour| (budget - hour.log10_q).max(0.0))
            });
            decades.sum()
        };
        let ranked =
            otherwise.iter().map(|(at, look, log10_q)| ((!goes_on(*at), unexplained(*at), *log10_q), *at, *look));
        ranked.min_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal)).map(|(_, at, look)| (at, look))
    }

    fn look_at(&self, part: &Part, rest: &Rest) -> Look {
        let Some(expected) = part.expected.filter(|expected| expected.odds.scatter <= SCATTER_MAX) else {
            return Look::default();
        };
        let of_rest = |log_odds: f64| (share_of(log_odds) / rest.share).min(1.0);
        let authors_share = |share: f64| share_of(logit(share) + expected.of_authors);
        let usual_authors = rest.authors * authors_share(of_rest(expected.odds.best));
        if usual_authors < 2.0 * self.k {
            return Look::default();
        }
        let (low, high) = self.explained.of_part(rest.share).range(
            of_rest(expected.odds.usual.min(expected.odds.best)),
            of_rest(expected.odds.usual.max(expected.odds.best)),
        );
        let scale = rest.posts / self.total.posts as f64;
        let at_least = part.at_most.shown.map(|shown| {
            let least = |shown: u64| shown.saturating_sub(PERTURBATION_MAX) as f64;
            (least(shown.posts), least(shown.authors))
        });
        let authors = part.at_most.authors.min(rest.authors);
        let falls = Side {
            rises: false,
            log10_p: part
                .at_most
                .posts
                .map_or(f64::NEG_INFINITY, |posts| log10_share_at_most(posts, rest.posts, low, expected.odds.scatter))
                .max(log10_share_at_most(authors, rest.authors, authors_share(low), expected.odds.scatter)),
            from: if part.at_most.posts.is_some() { low } else { authors_share(low) },
            to: part.at_most.posts.map_or(authors / rest.authors, |posts| posts / rest.posts),
        };
        let rises =
            at_least.map(|(posts, authors)| Side {
                rises: true,
                log10_p: log10_share_at_least(posts, rest.posts, high, expected.odds.scatter)
                    .max(log10_share_at_least(authors, rest.authors, authors_share(high), expected.odds.scatter)),
                from: high,
                to: posts / rest.posts,
            });
        let side =
            [Some(falls), rises].into_iter().flatten().find(|side| side.is_shift(scale, part.open == Some(side.rises)));
        let hour = side.map(|side| {
            // Either way it would have been looked at.
            let log10_p = (side.log10_p + 2_f64.log10()).min(0.0);
            let share = of_rest(expected.odds.best);
            let width = 1.96 * (expected.odds.scatter + 1.0 / (rest.posts * share * (1.0 - share)).max(1e-9)).sqrt();
            Hour {
                start: self.heard.start,
                shown: part.at_most.shown.map(|shown| (shown.posts, shown.authors)),
                total: (self.total.posts, self.total.authors),
                expected: share * scale,
                interval: [share_of(logit(low) - width) * scale, share_of(logit(high) + width) * scale],
                expected_authors: usual_authors,
                rises: side.rises,
                beside_others: rest.removed || self.by_others > 0.0,
                seasonal: expected.odds.seasonal,
                windows: expected.odds.windows,
                coverage: self.heard.coverage,
                log10_q: log10_p + self.looks_a_day.log10(),
            }
        });
        Look { is_known: true, hour }
    }

    /// What the shifts and silences of one kind explain of the next.
    fn explain(&mut self, rest: Rest) {
        let posts = self.total.posts as f64;
        let lost = rest.lost / (posts - rest.gained + rest.lost).max(1.0);
        let gained = rest.gained / posts;
        self.by_others += lost + gained;
        self.explained.lost = (self.explained.lost + GAP_DOUBT * lost).min(EXPLAINED_MAX);
        self.explained.gained = (self.explained.gained + GAP_DOUBT * gained).min(EXPLAINED_MAX);
    }
}

/// A share seen from one side.
struct Side {
    rises: bool,
    log10_p: f64,
    from: f64,
    to: f64,
}

impl Side {
    /// Whether it is unlikely and large enough to be spoken of. `scale`: what these are shares of, as a share of all posts.
    fn is_shift(&self, scale: f64, goes_on: bool) -> bool {
        let (enough, below) = if goes_on { (GOES_ON, GOES_ON_BELOW) } else { (1.0, LOW_BELOW) };
        let odds = (logit(self.to) - logit(self.from)).abs();
        let beyond = if self.rises { self.to - self.from } else { self.from - self.to };
        self.log10_p + 2_f64.log10() <= below.log10()
            && odds >= enough * ODDS_MIN.ln()
            && beyond * scale >= enough * MOVED_MIN
    }
}

fn candidate(key: &Key, told: Told<Hour>, as_of: i64) -> MixCandidate {
    let Hour { start, shown, total, expected, interval, expected_authors, .. } = told.least;
    let figures = |(posts, authors): (u64, u64)| Figures { posts, authors };
    MixCandidate {
        at: AnomalousHour {
            dimension: key.0,
            value: key.1.clone(),
            start: told.start,
            end: told.end,
            detected_at: told.detected_at,
            as_of,
            hour: start,
            shown: shown.map(figures),
            expected_authors,
            seasonal: told.least.seasonal,
            windows: told.least.windows,
            log10_q: told.log10_q,
            coverage: told.least.coverage,
        },
        total: figures(total),
        expected,
        interval,
        rises: told.least.rises,
        beside_others: told.least.beside_others,
    }
}

saved_subjects! {
    /// The shares and their shifts, and how many the stream has had, in a checkpoint.
    SavedMixes of Mixes and its Subject, at most MIX_SUBJECTS_MAX
}
