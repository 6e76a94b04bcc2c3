//! [`Silences`]: all subjects that can be missed, hour by hour.

use std::collections::BTreeMap;
use std::fmt;

use groundswell_gate::{
    BurstExperience, Dimension, Figures, OTHER, PERTURBATION_MAX, Released, SilenceCandidate, VolumeRow,
};
use groundswell_sketch::Step;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::level::{Expected, Level};
use super::{HeardHour, SILENCE_BUDGET_MAX, SILENCE_HOURS_MAX, SILENCE_SUBJECTS_MAX, SilenceCounters};
use crate::burst::experience::Experience;
use crate::burst::tail::log10_at_most;
use crate::packed::{Bytes, put, take};

const HOUR: i64 = 3_600;
/// In this order: what of a part is missing because a larger thing is silent is no silence of its own.
const ORDER: [Dimension; 4] = [Dimension::Total, Dimension::Source, Dimension::Language, Dimension::Watch];
/// While less than this of what there is can be heard, nothing is said and nothing learnt.
const HEARD_MIN: f64 = 0.5;
/// From here on an hour was heard as a whole, and is learnt.
const HEARD_ALL: f64 = 0.99;
/// A gap that lasts longer is how things are, and learnt all the same.
const GAP_HOURS_MAX: u32 = 24;
/// What is missed in a gap is a guess: it counts for so many times as many.
const GAP_DOUBT: f64 = 2.0;
/// A silence has no more than this share of what was to be expected.
const SHARE_MAX: f64 = 0.5;
/// A silence goes on while its hours are less likely than this.
const LOW_BELOW: f64 = 1e-2;
/// Counts that scatter more than this foretell nothing.
const SCATTER_MAX: f64 = 1.0;
/// A silence is told again when it is so many decades less likely.
const TOLD_AGAIN_DECADES: f64 = 1.0;
/// A silence that has not been looked at for so long is over.
const UNSEEN_HOURS_MAX: i64 = 24;
/// A subject that had nothing for so long is forgotten.
const FORGOTTEN_HOURS: i64 = 28 * 24;
const LOOKS_A_DAY: f64 = 24.0;

type Key = (Dimension, String);

/// Finds silences in released volumes.
pub struct Silences {
    k: u64,
    subjects: BTreeMap<Key, Subject>,
    experience: Experience,
    /// Subjects of the last hour that could have been missed.
    looked_at: f64,
    /// Hours up to now of which a part was not heard.
    gap_hours: u32,
    /// What was released of the hour that has not ended; `None`: it is held back.
    hour: BTreeMap<Key, Option<Figures>>,
    counters: SilenceCounters,
}

#[derive(Clone, Serialize, Deserialize)]
struct Subject {
    level: Level,
    /// The last hour in which there was something.
    seen: i64,
    silence: Option<Silence>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Silence {
    start: i64,
    /// The last hour in which it was silent.
    last: i64,
    detected_at: Option<i64>,
    told_log10_q: f64,
    /// Its least likely hour.
    least: Hour,
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

/// What an hour had at most.
#[derive(Clone, Copy)]
struct AtMost {
    shown: Option<Figures>,
    /// `None`: a few authors may have written any number.
    posts: Option<f64>,
    authors: f64,
}

impl AtMost {
    /// The shown numbers are off by so much at most.
    fn of(figures: Figures) -> Self {
        let most = |shown: u64| (shown + PERTURBATION_MAX) as f64;
        Self { shown: Some(figures), posts: Some(most(figures.posts)), authors: most(figures.authors) }
    }

    fn below(k: u64) -> Self {
        Self { shown: None, posts: None, authors: k.saturating_sub(1) as f64 }
    }

    /// Posts to learn: of what is held back, one an author.
    fn posts_to_learn(self) -> f64 {
        self.shown.map_or(self.authors / 2.0, |shown| shown.posts as f64)
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
            gap_hours: 0,
            hour: BTreeMap::new(),
            counters: SilenceCounters::default(),
        }
    }

    /// Which bounds were reached.
    pub fn counters(&self) -> SilenceCounters {
        self.counters
    }

    /// Takes a released row of the hour that comes to its end next. Others' rows are passed over.
    pub fn observe(&mut self, row: &Released<VolumeRow>) {
        if row.window.step == Step::Hour && ORDER.contains(&row.dimension) && !row.publisher_only {
            self.hour.insert((row.dimension, row.value.clone()), row.figures);
        }
    }

    /// Ends an hour, later than the one before, of which all rows were observed.
    pub fn end(&mut self, heard: HeardHour, emit: &mut dyn FnMut(SilenceCandidate)) {
        let rows = std::mem::take(&mut self.hour);
        if heard.coverage < HEARD_MIN {
            return;
        }
        for _ in 0..HOUR / 60 {
            self.experience.pass();
        }
        self.meet(&rows, heard.start);
        self.gap_hours = if heard.coverage >= HEARD_ALL { 0 } else { self.gap_hours.saturating_add(1) };
        let mut judged = Judged::new(self.looked_at.max(1.0), heard, self.gap_hours > GAP_HOURS_MAX);
        let budget = SILENCE_BUDGET_MAX.log10();
        let open: Vec<(Key, f64)> = self
            .subjects
            .iter()
            .filter_map(|(key, subject)| Some((key.clone(), budget - subject.silence.as_ref()?.least.log10_q)))
            .collect();
        for dimension in ORDER {
            let keys: Vec<Key> = self.subjects.keys().filter(|key| key.0 == dimension).cloned().collect();
            for key in keys {
                let Some(at_most) = self.at_most(&key, &rows) else {
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
            }
        }
        self.looked_at = LOOKS_A_DAY * f64::from(judged.looked_at);
        self.subjects.retain(|_, subject| subject.seen + FORGOTTEN_HOURS * HOUR > heard.start);
    }

    /// Follows what is new.
    fn meet(&mut self, rows: &BTreeMap<Key, Option<Figures>>, start: i64) {
        for (key, figures) in rows {
            let has = figures.is_some_and(|figures| figures.posts > 0);
            if let Some(subject) = self.subjects.get_mut(key) {
                if has {
                    subject.seen = start;
                }
            } else if has && !(key.1 == OTHER && key.0.is_folded()) {
                if self.subjects.len() < SILENCE_SUBJECTS_MAX {
                    self.subjects.insert(key.clone(), Subject { level: Level::default(), seen: start, silence: None });
                } else {
                    self.counters.silence_subjects_left_out += 1;
                }
            }
        }
    }

    /// What a subject had at most. Of what is in no row of its table it was less than k, or it is a part of "other".
    fn at_most(&self, key: &Key, rows: &BTreeMap<Key, Option<Figures>>) -> Option<AtMost> {
        let (dimension, _) = *key;
        let anything = rows.contains_key(&(Dimension::Total, "all".to_owned()));
        match rows.get(key) {
            Some(Some(figures)) => Some(AtMost::of(*figures)),
            Some(None) => Some(AtMost::below(self.k)),
            None if dimension == Dimension::Watch && anything => None,
            None => match rows.get(&(dimension, OTHER.to_owned())).filter(|_| dimension.is_folded()) {
                Some(Some(other)) => Some(AtMost { shown: None, ..AtMost::of(*other) }),
                _ => Some(AtMost::below(self.k)),
            },
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
}

impl Judged {
    const fn new(looks_a_day: f64, heard: HeardHour, in_long_gap: bool) -> Self {
        let learnt = in_long_gap || heard.coverage >= HEARD_ALL;
        Self { looks_a_day, heard, learnt, share: 1.0, missing: 0.0, looked_at: 0, over: None }
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
        let told = self.live(key, hour.filter(|hour| hour.1).map(|hour| hour.0), is_known, judged, curve);
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
            let authors = at_most.shown.map_or(at_most.authors / 2.0, |shown| shown.authors as f64);
            self.level.learn(start, at_most.posts_to_learn(), authors, silent);
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

    /// Begins, goes on with or ends a silence; what is to be told of it.
    fn live(
        &mut self,
        key: &Key,
        low: Option<Hour>,
        is_known: bool,
        judged: &mut Judged,
        curve: &BurstExperience,
    ) -> Option<SilenceCandidate> {
        let (start, as_of) = (judged.heard.start, judged.heard.start + HOUR);
        let budget = SILENCE_BUDGET_MAX.log10();
        if let Some(silence) = &mut self.silence {
            if let Some(hour) = low {
                silence.last = start;
                if hour.log10_q < silence.least.log10_q {
                    silence.least = hour;
                }
            }
            let outlived = start - silence.start >= SILENCE_HOURS_MAX * HOUR;
            let unseen = start - silence.last > UNSEEN_HOURS_MAX * HOUR;
            if outlived || unseen || is_known && low.is_none() {
                let end = silence.last + HOUR;
                let told = silence.detected_at.map(|_| candidate(key, silence, Some(end), as_of));
                judged.over = Some(silence.least.log10_q);
                self.silence = None;
                if outlived {
                    self.level = Level::default();
                }
                return told;
            }
        } else if let Some(hour) = low.filter(|hour| hour.log10_q <= budget) {
            self.silence = Some(Silence { start, last: start, detected_at: None, told_log10_q: f64::MAX, least: hour });
        }
        let silence = self.silence.as_mut()?;
        let log10_q = curve.log10_q(silence.least.log10_q);
        let due = log10_q <= budget && log10_q <= silence.told_log10_q - TOLD_AGAIN_DECADES;
        due.then(|| {
            silence.detected_at.get_or_insert(as_of);
            silence.told_log10_q = log10_q;
            candidate(key, silence, None, as_of)
        })
    }
}

fn candidate(key: &Key, silence: &Silence, end: Option<i64>, as_of: i64) -> SilenceCandidate {
    let Hour { start, shown, expected, expected_authors, scatter, seasonal, windows, coverage, log10_q } =
        silence.least;
    SilenceCandidate {
        dimension: key.0,
        value: key.1.clone(),
        start: silence.start,
        end,
        detected_at: silence.detected_at.unwrap_or(as_of),
        as_of,
        hour: start,
        shown: shown.map(|(posts, authors)| Figures { posts, authors }),
        expected,
        expected_authors,
        shape: 1.0 / scatter.max(1e-6),
        seasonal,
        windows,
        log10_q: if silence.told_log10_q < f64::MAX { silence.told_log10_q.max(log10_q) } else { log10_q },
        coverage,
    }
}

impl fmt::Debug for Silences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Silences({} subjects, redacted)", self.subjects.len())
    }
}

/// The subjects and their silences, and how many the stream has had, in a checkpoint. All of it rests on released numbers.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct SavedSilences(Bytes);

type Saved = (Vec<(Key, Subject)>, Experience, f64);

impl<'de> Deserialize<'de> for SavedSilences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = Self(Bytes::deserialize(deserializer)?);
        match saved.parts() {
            Some(_) => Ok(saved),
            None => Err(D::Error::custom("saved silences are cut off or altered")),
        }
    }
}

impl fmt::Debug for SavedSilences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedSilences({} bytes, redacted)", self.0.0.len())
    }
}

impl SavedSilences {
    fn parts(&self) -> Option<Saved> {
        let mut rest = self.0.0.as_slice();
        if rest.is_empty() {
            return Some((Vec::new(), Experience::new(), 0.0));
        }
        let parts: Saved = take(&mut rest)?;
        (rest.is_empty() && parts.1.is_whole() && parts.0.len() <= SILENCE_SUBJECTS_MAX).then_some(parts)
    }
}

impl Silences {
    /// What it knows between two hours.
    pub fn save(&self) -> SavedSilences {
        let subjects: Vec<(&Key, &Subject)> = self.subjects.iter().collect();
        let mut bytes = Vec::new();
        put(&mut bytes, &(subjects, &self.experience, self.looked_at));
        SavedSilences(Bytes(bytes.into()))
    }

    /// Takes back what was saved, before the first hour.
    pub fn restore(&mut self, saved: &SavedSilences) {
        if let Some((subjects, experience, looked_at)) = saved.parts() {
            (self.subjects, self.experience, self.looked_at) = (subjects.into_iter().collect(), experience, looked_at);
        }
    }
}
