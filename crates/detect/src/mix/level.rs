//! [`Level`]: what share of all posts a subject usually has at an hour of the week, and how far that scatters.

use serde::{Deserialize, Serialize};

use super::tail::{logit, share_of};
use crate::anomaly::{WEEK, hour_of_week};
use crate::packed::array;

const DAY: usize = 24;
/// What is left of an hour of the week after a week, and of an hour of the day after a day.
const WEEK_KEPT: f32 = 0.75;
const DAY_KEPT: f32 = 0.9;
/// What is left of how it stood of late after an hour: half after a day.
const LATE_KEPT: f64 = 0.971_5;
/// Hours that "as usual" is worth beside how it stood of late.
const USUAL_WORTH: f64 = 6.0;
/// Of an hour of the day, how many times "like a mean hour" is worth; of an hour of the week, how many times "like that hour of all days".
const DAY_PRIOR: f64 = 0.3;
const WEEK_PRIOR: f64 = 0.7;
/// Times that an hour of the day was seen before it is known.
const DAYS_MIN: f32 = 1.8;
/// Times that an hour of the week was seen before it is known that it is not another one: a Saturday is no Friday.
const WEEKS_MIN: f32 = 0.5;
/// Scatter of log-odds of what has not been seen for a week: a week-end has another mix than a working day.
const SCATTER_IN_FIRST_WEEK: f64 = 0.15;
/// Scatter before any was measured, and how many hours' worth that is.
const SCATTER_PRIOR: f64 = 0.05;
const SCATTER_PRIOR_WORTH: f64 = 24.0;
/// It is measured with an error of about a quarter, and far out in the tail too little costs more than too much.
const SCATTER_DOUBT: f64 = 1.4;
/// Nothing is steadier than to a twentieth.
const SCATTER_MIN: f64 = 0.002_5;
/// What is left of it after an hour: half after four days, and after one while the seasons are being learnt.
const SCATTER_KEPT: f64 = 0.993;
const SCATTER_KEPT_EARLY: f64 = 0.97;
/// One hour's, at most.
const SCATTER_MAX: f64 = 1.0;
/// Standard deviations from what was expected up to which an hour is learnt.
const CLIP: f64 = 3.0;
/// What an hour says of authors beside posts, at least.
const AUTHORS_LEARNT: f64 = 0.05;

/// What share an hour should have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// Log-odds as the hours of the week have them.
    pub(super) usual: f64,
    /// The same with how it stood of late: the best guess.
    pub(super) best: f64,
    /// What is to be added for its share of authors.
    pub(super) of_authors: f64,
    /// Variance of the log-odds beyond chance.
    pub(super) scatter: f64,
    /// Whether this hour of the week was seen.
    pub(super) seasonal: bool,
    /// Hours that it rests on.
    pub(super) windows: u32,
}

impl Expected {
    pub(super) fn share(&self) -> f64 {
        share_of(self.best)
    }
}

/// What an hour had: of so many posts and authors, which should have `share` of all.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) posts: f64,
    pub(super) authors: f64,
    pub(super) of_posts: f64,
    pub(super) of_authors: f64,
    pub(super) share: f64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Level {
    /// Shares by hour of the week, added up, and how often it was seen.
    #[serde(with = "array")]
    week: [f32; WEEK],
    #[serde(with = "array")]
    weeks: [f32; WEEK],
    /// The same by hour of the day.
    day: [f32; DAY],
    days: [f32; DAY],
    /// How far log-odds of late were from the usual ones, added up, and of how many hours.
    late: f64,
    late_hours: f64,
    scatter: f64,
    scatter_weight: f64,
    /// Log-odds of its share of authors less those of its share of posts.
    authors: f64,
}

impl Default for Level {
    fn default() -> Self {
        Self {
            week: [0.0; WEEK],
            weeks: [0.0; WEEK],
            day: [0.0; DAY],
            days: [0.0; DAY],
            late: 0.0,
            late_hours: 0.0,
            scatter: 0.0,
            scatter_weight: 0.0,
            authors: 0.0,
        }
    }
}

impl Level {
    /// Log-odds as the hours of the week have them.
    fn usual(&self, hour: usize) -> f64 {
        let of_day = hour % DAY;
        let (all, all_times): (f32, f32) = (self.day.iter().sum(), self.days.iter().sum());
        let mean = f64::from(all) / f64::from(all_times).max(1e-9);
        let (shares, times) = (f64::from(self.day[of_day]), f64::from(self.days[of_day]));
        let day = (shares + DAY_PRIOR * mean) / (times + DAY_PRIOR);
        logit((f64::from(self.week[hour]) + WEEK_PRIOR * day) / (f64::from(self.weeks[hour]) + WEEK_PRIOR))
    }

    fn measured(&self) -> f64 {
        ((self.scatter + SCATTER_PRIOR * SCATTER_PRIOR_WORTH) / (self.scatter_weight + SCATTER_PRIOR_WORTH)).max(0.0)
    }

    /// What the hour that begins at a second should have; `None` while that hour of the day is not known.
    pub(super) fn expected(&self, start: i64) -> Option<Expected> {
        let hour = hour_of_week(start);
        let (days, weeks) = (self.days[hour % DAY], self.weeks[hour]);
        if days < DAYS_MIN {
            return None;
        }
        let usual = self.usual(hour);
        let seasonal = weeks >= WEEKS_MIN;
        let mut scatter = (SCATTER_DOUBT * self.measured()).max(SCATTER_MIN);
        if !seasonal {
            scatter = scatter.max(SCATTER_IN_FIRST_WEEK);
        }
        scatter += scatter / f64::from(days + weeks);
        Some(Expected {
            usual,
            best: usual + self.late / (self.late_hours + USUAL_WORTH),
            of_authors: self.authors,
            scatter,
            seasonal,
            windows: (days + weeks).round() as u32,
        })
    }

    /// Learns an hour. Of a shift (`None`), what was to be expected is learnt: a shift is in no baseline.
    pub(super) fn learn(&mut self, start: i64, seen: Option<Seen>) {
        let joins = match (self.expected(start), seen) {
            (Some(expected), Some(seen)) => self.learn_scatter(hour_of_week(start), expected, seen),
            (Some(expected), None) => expected.best,
            (None, Some(seen)) => logit(seen.share_of_all()),
            (None, None) => return,
        };
        if let Some(Expected { usual, .. }) = self.expected(start) {
            self.late = self.late * LATE_KEPT + joins - usual;
            self.late_hours = self.late_hours * LATE_KEPT + 1.0;
        }
        if let Some(seen) = seen {
            let times: f32 = self.days.iter().sum();
            let off = logit((seen.authors + 0.5) / (seen.of_authors + 1.0))
                - logit((seen.posts + 0.5) / (seen.of_posts + 1.0));
            self.authors += (off - self.authors) * AUTHORS_LEARNT.max(1.0 / (1.0 + f64::from(times)));
        }
        let (hour, joins) = (hour_of_week(start), share_of(joins) as f32);
        let of_day = hour % DAY;
        self.week[hour] = self.week[hour] * WEEK_KEPT + joins;
        self.weeks[hour] = self.weeks[hour] * WEEK_KEPT + 1.0;
        self.day[of_day] = self.day[of_day] * DAY_KEPT + joins;
        self.days[of_day] = self.days[of_day] * DAY_KEPT + 1.0;
    }

    /// How far an hour was off; its log-odds, as far as they are believed.
    fn learn_scatter(&mut self, hour: usize, expected: Expected, seen: Seen) -> f64 {
        let share = (expected.share() / seen.share).clamp(1e-6, 1.0 - 1e-6);
        let rarer = seen.of_posts * share.min(1.0 - share);
        let noise = 1.0 / (seen.of_posts * share * (1.0 - share)).max(1e-9);
        let width = CLIP * (self.measured() + noise).sqrt();
        let off = (logit(seen.share_of_all()) - expected.best).clamp(-width, width);
        let weight = (rarer / (1.0 + rarer)).powi(2);
        let kept = if self.weeks[hour] < WEEKS_MIN { SCATTER_KEPT_EARLY } else { SCATTER_KEPT };
        self.scatter = self.scatter * kept + (off * off - noise).clamp(-SCATTER_MAX, SCATTER_MAX) * weight;
        self.scatter_weight = self.scatter_weight * kept + weight;
        expected.best + off
    }
}

impl Seen {
    /// Its share of all posts, as far as one can tell from its part of them.
    fn share_of_all(&self) -> f64 {
        (self.posts + 0.5) / (self.of_posts + 1.0) * self.share
    }
}
