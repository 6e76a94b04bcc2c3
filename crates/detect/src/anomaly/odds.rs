//! [`Odds`]: a share that an hour of the week usually has, as log-odds, and how far that scatters.

use std::f64::consts::{LN_10, TAU};

use serde::{Deserialize, Serialize};

use super::{LATE_KEPT, Scatter, Season, USUAL_WORTH, hour_of_week};

/// Shares nearer to nothing or to all are taken for these.
pub(crate) const SHARE_EDGE: f64 = 1e-6;
/// Scatter of log-odds of what has not been seen for a week: a week-end has another mix than a working day.
const SCATTER_IN_FIRST_WEEK: f64 = 0.15;
/// Nothing is steadier than to a twentieth.
const SCATTER_MIN: f64 = 0.002_5;
/// One hour's, at most; what scatters more foretells nothing.
pub(crate) const SCATTER_MAX: f64 = 1.0;
/// Standard deviations from what was expected up to which an hour is learnt.
const CLIP: f64 = 3.0;

pub(crate) fn logit(share: f64) -> f64 {
    let share = share.clamp(SHARE_EDGE, 1.0 - SHARE_EDGE);
    (share / (1.0 - share)).ln()
}

pub(crate) fn share_of(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// The decimal logarithm of the chance that a normal number is so many standard deviations above its mean, by Sampford's bound: some
/// per cent above the true tail, and never below it.
pub(crate) fn log10_normal_above(z: f64) -> f64 {
    if z <= 0.0 {
        return 0.0;
    }
    let mills = 4.0 / (3.0 * z + (z * z + 8.0).sqrt());
    (-z * z / 2.0 - TAU.sqrt().ln() + mills.ln()) / LN_10
}

/// What share an hour should have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpectedOdds {
    /// Log-odds as the hours of the week have them.
    pub(crate) usual: f64,
    /// The same with how it stood of late: the best guess.
    pub(crate) best: f64,
    /// Variance of the log-odds beyond chance.
    pub(crate) scatter: f64,
    /// Whether this hour of the week was seen.
    pub(crate) seasonal: bool,
    /// Hours that it rests on.
    pub(crate) windows: u32,
}

impl ExpectedOdds {
    pub(crate) fn share(&self) -> f64 {
        share_of(self.best)
    }
}

/// What an hour had.
#[derive(Clone, Copy)]
pub(crate) struct SeenOdds {
    pub(crate) log_odds: f64,
    /// Their variance by chance alone.
    pub(crate) noise: f64,
    /// How much it says of the scatter, 0 to 1.
    pub(crate) weight: f64,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Odds {
    /// Shares.
    season: Season,
    /// How far log-odds of late were from the usual ones, added up, and of how many hours.
    late: f64,
    late_hours: f64,
    scatter: Scatter,
}

impl Odds {
    /// What the hour that begins at a second should have; `None` while that hour of the day is not known.
    pub(crate) fn expected(&self, start: i64) -> Option<ExpectedOdds> {
        let hour = hour_of_week(start);
        let times = self.season.times(hour)?;
        let (usual, seasonal) = (logit(self.season.usual(hour)), self.season.is_seasonal(hour));
        let scatter = self.scatter.doubted(SCATTER_MIN, seasonal, SCATTER_IN_FIRST_WEEK);
        Some(ExpectedOdds {
            usual,
            best: usual + self.late / (self.late_hours + USUAL_WORTH),
            scatter: scatter + scatter / times,
            seasonal,
            windows: times.round() as u32,
        })
    }

    /// Hours that were seen, as far as they are remembered.
    pub(crate) fn hours_seen(&self) -> f64 {
        self.season.hours_seen()
    }

    /// Learns an hour. Of an anomaly (`None`), what was to be expected is learnt: it is in no baseline.
    pub(crate) fn learn(&mut self, start: i64, seen: Option<SeenOdds>) {
        let expected = self.expected(start);
        let joins = match (&expected, seen) {
            (Some(expected), Some(seen)) => self.learn_scatter(hour_of_week(start), expected, seen),
            (Some(expected), None) => expected.best,
            (None, Some(seen)) => seen.log_odds,
            (None, None) => return,
        };
        // As it stands now: the scatter has no part in it.
        if let Some(ExpectedOdds { usual, .. }) = expected {
            self.late = self.late * LATE_KEPT + joins - usual;
            self.late_hours = self.late_hours * LATE_KEPT + 1.0;
        }
        self.season.learn(hour_of_week(start), share_of(joins));
    }

    /// How far an hour was off; its log-odds, as far as they are believed.
    fn learn_scatter(&mut self, hour: usize, expected: &ExpectedOdds, seen: SeenOdds) -> f64 {
        let SeenOdds { log_odds, noise, weight } = seen;
        let width = CLIP * (self.scatter.measured() + noise).sqrt();
        let off = (log_odds - expected.best).clamp(-width, width);
        self.scatter.learn((off * off - noise).clamp(-SCATTER_MAX, SCATTER_MAX), weight, self.season.is_seasonal(hour));
        expected.best + off
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_tail_is_hardly_above_the_true_one() {
        for (z, tail) in [(1.0, 0.158_655_25_f64), (2.0, 0.022_750_13), (4.0, 3.167_124e-5), (8.0, 6.220_96e-16)] {
            let bound = log10_normal_above(z);
            assert!(bound >= tail.log10() && bound - tail.log10() < 0.02, "{z}: {bound}");
        }
    }
}
