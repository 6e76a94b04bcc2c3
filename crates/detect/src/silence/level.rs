//! [`Level`]: how many posts a subject usually has at an hour of the week, and how far that scatters.

use serde::{Deserialize, Serialize};

use crate::anomaly::{WEEK, hour_of_week};
use crate::packed::array;

const DAY: usize = 24;
/// What is left of an hour of the week after a week, and of an hour of the day after a day.
const WEEK_KEPT: f32 = 0.75;
const DAY_KEPT: f32 = 0.9;
/// What is left of how it stood of late after an hour: half after a day.
const LATE_KEPT: f64 = 0.971_5;
/// Mean hours that "as usual" is worth beside how it stood of late.
const USUAL_WORTH: f64 = 6.0;
/// Of an hour of the day, how many times "like a mean hour" is worth; of an hour of the week, how many times "like that hour of all days".
const DAY_PRIOR: f64 = 0.3;
const WEEK_PRIOR: f64 = 0.7;
/// Times that an hour of the day was seen before it is known.
const DAYS_MIN: f32 = 1.8;
/// Times that an hour of the week was seen before it is known that it is not another one: a Saturday is no Friday.
const WEEKS_MIN: f32 = 0.5;
/// Scatter of what has not been seen for a week: a week-end has half of a working day.
const SCATTER_IN_FIRST_WEEK: f64 = 0.25;
/// Scatter before any was measured, and how many hours' worth that is.
const SCATTER_PRIOR: f64 = 0.05;
const SCATTER_PRIOR_WORTH: f64 = 24.0;
/// It is measured with an error of about a quarter, and far out in the tail too little costs more than too much.
const SCATTER_DOUBT: f64 = 1.4;
/// What is left of it after an hour: half after four days, and after one while the seasons are being learnt.
const SCATTER_KEPT: f64 = 0.993;
const SCATTER_KEPT_EARLY: f64 = 0.97;
/// One hour's, at most.
const SCATTER_MAX: f64 = 4.0;
/// Standard deviations above what was expected up to which an hour is learnt: the day after a burst is no silence.
const CLIP: f64 = 3.0;

/// What an hour should have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) mean: f64,
    /// Inverse of the negative binomial's shape.
    pub(super) scatter: f64,
    /// Whether this hour of the week was seen.
    pub(super) seasonal: bool,
    /// Hours that it rests on.
    pub(super) windows: u32,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Level {
    /// Posts by hour of the week, and how often it was seen.
    #[serde(with = "array")]
    week: [f32; WEEK],
    #[serde(with = "array")]
    weeks: [f32; WEEK],
    /// The same by hour of the day.
    day: [f32; DAY],
    days: [f32; DAY],
    /// Posts of late, and how many would have been usual.
    late: f64,
    late_usual: f64,
    scatter: f64,
    scatter_weight: f64,
    /// Authors a post.
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
            late_usual: 0.0,
            scatter: 0.0,
            scatter_weight: 0.0,
            authors: 1.0,
        }
    }
}

impl Level {
    /// Posts of a mean hour.
    pub(super) fn mean(&self) -> f64 {
        let (posts, times): (f32, f32) = (self.day.iter().sum(), self.days.iter().sum());
        if times > 0.0 { f64::from(posts / times) } else { 0.0 }
    }

    /// Authors a post.
    pub(super) fn authors_share(&self) -> f64 {
        self.authors
    }

    /// As the hours of the week have it, without how it stood of late.
    fn usual(&self, hour: usize) -> f64 {
        let of_day = hour % DAY;
        let (posts, times) = (f64::from(self.day[of_day]), f64::from(self.days[of_day]));
        let day = (posts + DAY_PRIOR * self.mean()) / (times + DAY_PRIOR);
        (f64::from(self.week[hour]) + WEEK_PRIOR * day) / (f64::from(self.weeks[hour]) + WEEK_PRIOR)
    }

    /// What the hour that begins at a second should have; `None` while that hour of the day is not known. No more than is usual: what was
    /// loud of late may be over.
    pub(super) fn expected(&self, start: i64) -> Option<Expected> {
        let hour = hour_of_week(start);
        let (days, weeks) = (self.days[hour % DAY], self.weeks[hour]);
        if days < DAYS_MIN {
            return None;
        }
        let worth = USUAL_WORTH * self.mean();
        let of_late = ((self.late + worth) / (self.late_usual + worth).max(1e-9)).min(1.0);
        let mean = self.usual(hour) * of_late;
        let seasonal = weeks >= WEEKS_MIN;
        let measured =
            (self.scatter + SCATTER_PRIOR * SCATTER_PRIOR_WORTH) / (self.scatter_weight + SCATTER_PRIOR_WORTH);
        let mut scatter = SCATTER_DOUBT * measured.max(0.0);
        if !seasonal {
            scatter = scatter.max(SCATTER_IN_FIRST_WEEK);
        }
        let known = f64::from(days + weeks);
        scatter += scatter / known + 1.0 / (mean * known).max(1.0);
        Some(Expected { mean, scatter, seasonal, windows: (days + weeks).round() as u32 })
    }

    /// Learns an hour. In a silence, what was to be expected is learnt of it: a silence is in no baseline.
    pub(super) fn learn(&mut self, start: i64, posts: f64, authors: f64, silent: bool) {
        let hour = hour_of_week(start);
        let of_day = hour % DAY;
        let mut joins = posts;
        if let Some(Expected { mean, .. }) = self.expected(start) {
            let measured = (self.scatter + SCATTER_PRIOR * SCATTER_PRIOR_WORTH)
                / (self.scatter_weight + SCATTER_PRIOR_WORTH).max(1e-9);
            let width = (mean + mean * mean * measured.max(0.0)).sqrt();
            joins = if silent { mean } else { posts.min(mean + CLIP * width + 2.0) };
            if !silent && mean > 0.0 {
                let off = ((joins - mean).powi(2) - mean) / (mean * mean);
                let weight = (mean / (1.0 + mean)).powi(2);
                let early = self.weeks[hour] < WEEKS_MIN;
                let kept = if early { SCATTER_KEPT_EARLY } else { SCATTER_KEPT };
                self.scatter = self.scatter * kept + off.clamp(-1.0, SCATTER_MAX) * weight;
                self.scatter_weight = self.scatter_weight * kept + weight;
            }
            let usual = self.usual(hour);
            self.late = self.late * LATE_KEPT + joins;
            self.late_usual = self.late_usual * LATE_KEPT + usual;
        }
        self.week[hour] = self.week[hour] * WEEK_KEPT + joins as f32;
        self.weeks[hour] = self.weeks[hour] * WEEK_KEPT + 1.0;
        self.day[of_day] = self.day[of_day] * DAY_KEPT + joins as f32;
        self.days[of_day] = self.days[of_day] * DAY_KEPT + 1.0;
        if !silent && posts > 0.0 {
            self.authors += ((authors / posts).min(1.0) - self.authors) * 0.05;
        }
    }
}
