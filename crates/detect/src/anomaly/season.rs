//! [`Season`] and [`Scatter`]: what is usual at an hour of the week, and how far hours stray from it.
//!
//! Both kinds of anomalies learn their subjects so: a silence in posts, a shift of a mix in shares.

use serde::{Deserialize, Serialize};

use super::WEEK;
use crate::packed::array;

const DAY: usize = 24;
/// What is left of an hour of the week after a week, and of an hour of the day after a day.
const WEEK_KEPT: f32 = 0.75;
const DAY_KEPT: f32 = 0.9;
/// Of an hour of the day, how many times "like a mean hour" is worth; of an hour of the week, how many times "like that hour of all days".
const DAY_PRIOR: f64 = 0.3;
const WEEK_PRIOR: f64 = 0.7;
/// Times that an hour of the day was seen before it is known.
const DAYS_MIN: f32 = 1.8;
/// Times that an hour of the week was seen before it is known that it is not another one: a Saturday is no Friday.
const WEEKS_MIN: f32 = 0.5;
/// Scatter before any was measured, and how many hours' worth that is.
const SCATTER_PRIOR: f64 = 0.05;
const SCATTER_PRIOR_WORTH: f64 = 24.0;
/// It is measured with an error of about a quarter, and far out in the tail too little costs more than too much.
const SCATTER_DOUBT: f64 = 1.4;
/// What is left of it after an hour: half after four days, and after one while the seasons are being learnt.
const SCATTER_KEPT: f64 = 0.993;
const SCATTER_KEPT_EARLY: f64 = 0.97;

/// What is usual, by hour of the week, in whatever is learnt.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Season {
    /// By hour of the week, added up, and how often it was seen.
    #[serde(with = "array")]
    week: [f32; WEEK],
    #[serde(with = "array")]
    weeks: [f32; WEEK],
    /// The same by hour of the day.
    day: [f32; DAY],
    days: [f32; DAY],
}

impl Default for Season {
    fn default() -> Self {
        Self { week: [0.0; WEEK], weeks: [0.0; WEEK], day: [0.0; DAY], days: [0.0; DAY] }
    }
}

impl Season {
    /// Hours that were seen, as far as they are remembered.
    pub(crate) fn hours_seen(&self) -> f64 {
        f64::from(self.days.iter().sum::<f32>())
    }

    /// Of a mean hour; 0 before anything was seen.
    pub(crate) fn mean(&self) -> f64 {
        f64::from(self.day.iter().sum::<f32>()) / self.hours_seen().max(1e-9)
    }

    /// Of an hour of the week.
    pub(crate) fn usual(&self, hour: usize) -> f64 {
        let of_day = hour % DAY;
        let (sum, times) = (f64::from(self.day[of_day]), f64::from(self.days[of_day]));
        let day = (sum + DAY_PRIOR * self.mean()) / (times + DAY_PRIOR);
        (f64::from(self.week[hour]) + WEEK_PRIOR * day) / (f64::from(self.weeks[hour]) + WEEK_PRIOR)
    }

    /// Times that what is usual at this hour rests on; `None` while that hour of the day is not known.
    pub(crate) fn times(&self, hour: usize) -> Option<f64> {
        let days = self.days[hour % DAY];
        (days >= DAYS_MIN).then(|| f64::from(days + self.weeks[hour]))
    }

    /// Whether this hour of the week was seen.
    pub(crate) fn is_seasonal(&self, hour: usize) -> bool {
        self.weeks[hour] >= WEEKS_MIN
    }

    pub(crate) fn learn(&mut self, hour: usize, value: f64) {
        let (of_day, value) = (hour % DAY, value as f32);
        self.week[hour] = self.week[hour] * WEEK_KEPT + value;
        self.weeks[hour] = self.weeks[hour] * WEEK_KEPT + 1.0;
        self.day[of_day] = self.day[of_day] * DAY_KEPT + value;
        self.days[of_day] = self.days[of_day] * DAY_KEPT + 1.0;
    }
}

/// Variance beyond chance, relative or of log-odds.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Scatter {
    sum: f64,
    weight: f64,
}

impl Scatter {
    pub(crate) fn measured(&self) -> f64 {
        ((self.sum + SCATTER_PRIOR * SCATTER_PRIOR_WORTH) / (self.weight + SCATTER_PRIOR_WORTH)).max(0.0)
    }

    /// What an hour is judged by: at least `least`, and at least `unseasonal` where its hour of the week was not seen.
    pub(crate) fn doubted(&self, least: f64, is_seasonal: bool, unseasonal: f64) -> f64 {
        let scatter = (SCATTER_DOUBT * self.measured()).max(least);
        if is_seasonal { scatter } else { scatter.max(unseasonal) }
    }

    /// Learns how far an hour was off, squared and less what chance makes. `weight`: what it says, 0 to 1.
    pub(crate) fn learn(&mut self, off: f64, weight: f64, is_seasonal: bool) {
        let kept = if is_seasonal { SCATTER_KEPT } else { SCATTER_KEPT_EARLY };
        self.sum = self.sum * kept + off * weight;
        self.weight = self.weight * kept + weight;
    }
}
