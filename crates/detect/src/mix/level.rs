//! [`Level`]: what share of all posts a subject usually has at an hour of the week, and how far that scatters.

use serde::{Deserialize, Serialize};

use super::tail::{logit, share_of};
use crate::anomaly::{LATE_KEPT, Scatter, Season, USUAL_WORTH, hour_of_week};

/// Scatter of log-odds of what has not been seen for a week: a week-end has another mix than a working day.
const SCATTER_IN_FIRST_WEEK: f64 = 0.15;
/// Nothing is steadier than to a twentieth.
const SCATTER_MIN: f64 = 0.002_5;
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

#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Level {
    /// Shares.
    season: Season,
    /// How far log-odds of late were from the usual ones, added up, and of how many hours.
    late: f64,
    late_hours: f64,
    scatter: Scatter,
    /// Log-odds of its share of authors less those of its share of posts.
    authors: f64,
}

impl Level {
    /// Log-odds as the hours of the week have them.
    fn usual(&self, hour: usize) -> f64 {
        logit(self.season.usual(hour))
    }

    /// What the hour that begins at a second should have; `None` while that hour of the day is not known.
    pub(super) fn expected(&self, start: i64) -> Option<Expected> {
        let hour = hour_of_week(start);
        let times = self.season.times(hour)?;
        let (usual, seasonal) = (self.usual(hour), self.season.is_seasonal(hour));
        let scatter = self.scatter.doubted(SCATTER_MIN, seasonal, SCATTER_IN_FIRST_WEEK);
        Some(Expected {
            usual,
            best: usual + self.late / (self.late_hours + USUAL_WORTH),
            of_authors: self.authors,
            scatter: scatter + scatter / times,
            seasonal,
            windows: times.round() as u32,
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
            let off = logit((seen.authors + 0.5) / (seen.of_authors + 1.0))
                - logit((seen.posts + 0.5) / (seen.of_posts + 1.0));
            self.authors += (off - self.authors) * AUTHORS_LEARNT.max(1.0 / (1.0 + self.season.hours_seen()));
        }
        self.season.learn(hour_of_week(start), share_of(joins));
    }

    /// How far an hour was off; its log-odds, as far as they are believed.
    fn learn_scatter(&mut self, hour: usize, expected: Expected, seen: Seen) -> f64 {
        let share = (expected.share() / seen.share).clamp(1e-6, 1.0 - 1e-6);
        let rarer = seen.of_posts * share.min(1.0 - share);
        let noise = 1.0 / (seen.of_posts * share * (1.0 - share)).max(1e-9);
        let width = CLIP * (self.scatter.measured() + noise).sqrt();
        let off = (logit(seen.share_of_all()) - expected.best).clamp(-width, width);
        let weight = (rarer / (1.0 + rarer)).powi(2);
        self.scatter.learn((off * off - noise).clamp(-SCATTER_MAX, SCATTER_MAX), weight, self.season.is_seasonal(hour));
        expected.best + off
    }
}

impl Seen {
    /// Its share of all posts, as far as one can tell from its part of them.
    fn share_of_all(&self) -> f64 {
        (self.posts + 0.5) / (self.of_posts + 1.0) * self.share
    }
}
