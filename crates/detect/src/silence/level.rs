//! [`Level`]: how many posts a subject usually has at an hour of the week, and how far that scatters.

use serde::{Deserialize, Serialize};

use crate::anomaly::{LATE_KEPT, Scatter, Season, USUAL_WORTH, hour_of_week};

/// Scatter of what has not been seen for a week: a week-end has half of a working day.
const SCATTER_IN_FIRST_WEEK: f64 = 0.25;
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
    /// Posts.
    season: Season,
    /// Posts of late, and how many would have been usual.
    late: f64,
    late_usual: f64,
    scatter: Scatter,
    /// Authors a post.
    authors: f64,
}

impl Default for Level {
    fn default() -> Self {
        Self { season: Season::default(), late: 0.0, late_usual: 0.0, scatter: Scatter::default(), authors: 1.0 }
    }
}

impl Level {
    /// Posts of a mean hour.
    pub(super) fn mean(&self) -> f64 {
        self.season.mean()
    }

    /// Authors a post.
    pub(super) fn authors_share(&self) -> f64 {
        self.authors
    }

    /// What the hour that begins at a second should have; `None` while that hour of the day is not known. No more than is usual: what was
    /// loud of late may be over.
    pub(super) fn expected(&self, start: i64) -> Option<Expected> {
        let hour = hour_of_week(start);
        let times = self.season.times(hour)?;
        let worth = USUAL_WORTH * self.mean();
        let of_late = ((self.late + worth) / (self.late_usual + worth).max(1e-9)).min(1.0);
        let (mean, seasonal) = (self.season.usual(hour) * of_late, self.season.is_seasonal(hour));
        let mut scatter = self.scatter.doubted(0.0, seasonal, SCATTER_IN_FIRST_WEEK);
        scatter += scatter / times + 1.0 / (mean * times).max(1.0);
        Some(Expected { mean, scatter, seasonal, windows: times.round() as u32 })
    }

    /// Learns an hour. In a silence, what was to be expected is learnt of it: a silence is in no baseline.
    pub(super) fn learn(&mut self, start: i64, posts: f64, authors: f64, silent: bool) {
        let hour = hour_of_week(start);
        let mut joins = posts;
        if let Some(Expected { mean, .. }) = self.expected(start) {
            let width = (mean + mean * mean * self.scatter.measured()).sqrt();
            joins = if silent { mean } else { posts.min(mean + CLIP * width + 2.0) };
            if !silent && mean > 0.0 {
                let off = ((joins - mean).powi(2) - mean) / (mean * mean);
                let weight = (mean / (1.0 + mean)).powi(2);
                self.scatter.learn(off.clamp(-1.0, SCATTER_MAX), weight, self.season.is_seasonal(hour));
            }
            let usual = self.season.usual(hour);
            self.late = self.late * LATE_KEPT + joins;
            self.late_usual = self.late_usual * LATE_KEPT + usual;
        }
        self.season.learn(hour, joins);
        if !silent && posts > 0.0 {
            self.authors += ((authors / posts).min(1.0) - self.authors) * 0.05;
        }
    }
}
