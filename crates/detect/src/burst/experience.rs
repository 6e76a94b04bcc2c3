//! [`Experience`]: how many bursts a day this stream has had, by how unlikely they were. Where it has many, they are how it is, and a
//! model of scatter cannot say how often they come: only they themselves can.

use std::fmt;

use groundswell_gate::BurstExperience;
use serde::{Deserialize, Serialize};

/// Levels of unlikeliness that are told apart.
const LEVELS: usize = 64;
/// Levels to a doubling.
const TO_A_DOUBLING: f64 = 8.0;
/// The first is so many decades wide.
const FIRST_DECADES: f64 = 2.0;
/// So many bursts a day are the stream's own way, whatever they are; of fewer, each may be news.
const LIVELY_A_DAY: f64 = 40.0;
/// How fast that belief falls with their number.
const LIVELY_POWER: i32 = 3;
/// Days that a stream is taken to have had none of before it began: the first burst is no rate.
const DAYS_BEFORE: f64 = 0.05;
/// The past says to about the half how the next day will be: some days are twice as busy, and all at once.
const DOUBT: f64 = 2.0;
/// Minutes after which a past burst counts half.
const HALVED_MINUTES: f64 = 7.0 * 1_440.0;

/// Past bursts by level, and in how much time.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Experience {
    /// Those that are over.
    over: Vec<f64>,
    days: f64,
}

impl Experience {
    pub(crate) fn new() -> Self {
        Self { over: vec![0.0; LEVELS], days: 0.0 }
    }

    /// Whether it can be what was saved.
    pub(crate) fn is_whole(&self) -> bool {
        self.over.len() == LEVELS && self.over.iter().chain([&self.days]).all(|number| number.is_finite())
    }

    /// A minute passes in which bursts could be found.
    pub(crate) fn pass(&mut self) {
        let kept = (-1.0 / HALVED_MINUTES).exp2();
        self.over.iter_mut().for_each(|count| *count *= kept);
        self.days = self.days * kept + 1.0 / 1_440.0;
    }

    /// A burst is over that was as unlikely as this at its height. `decades`: below the largest budget.
    pub(crate) fn note(&mut self, decades: f64) {
        self.over[level_of(decades)] += 1.0;
    }

    /// How many a day there are as unlikely as one more would be, with those `others` that are open. It knows nothing of that one, so
    /// what it says of it follows from what is shown of it.
    pub(crate) fn curve(&self, budget_log10: f64, others: impl Iterator<Item = f64>) -> BurstExperience {
        let mut counts = self.over.clone();
        others.for_each(|decades| counts[level_of(decades)] += 1.0);
        let days = self.days + DAYS_BEFORE;
        let a_day = (1.0 + counts.iter().sum::<f64>()) / days;
        let lively = (a_day / LIVELY_A_DAY).min(1.0).powi(LIVELY_POWER);
        let point = |level: usize, as_loud: f64| {
            [(budget_log10 - decades_of(level)) as f32, (DOUBT * lively * as_loud / days).log10() as f32]
        };
        let (mut points, mut as_loud): (Vec<[f32; 2]>, f64) = (Vec::new(), 1.0);
        for level in (0..LEVELS).rev().filter(|level| counts[*level] > 0.0) {
            let upper = point(level + 1, as_loud);
            if points.last().is_none_or(|last| last[0] < upper[0]) {
                points.push(upper);
            }
            as_loud += counts[level];
            points.push(point(level, as_loud));
        }
        BurstExperience::new(points)
    }
}

impl fmt::Debug for Experience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Experience({:.1} bursts in {:.1} days)", self.over.iter().sum::<f64>(), self.days)
    }
}

fn level_of(decades: f64) -> usize {
    let level = TO_A_DOUBLING * (1.0 + decades.max(0.0) / FIRST_DECADES).log2();
    (level as usize).min(LEVELS - 1)
}

/// The lower end of a level.
fn decades_of(level: usize) -> f64 {
    ((level as f64 / TO_A_DOUBLING).exp2() - 1.0) * FIRST_DECADES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(experience: &mut Experience, days: u32, bursts: &[f64]) {
        for minute in 0..days * 1_440 {
            experience.pass();
            if minute % 1_440 == 0 {
                bursts.iter().for_each(|decades| experience.note(*decades));
            }
        }
    }

    #[test]
    fn a_lively_stream_leaves_room_for_what_is_louder_than_all_but_a_few() {
        let mut experience = Experience::new();
        let of_day: Vec<f64> = (0..100).map(|nth| f64::from(nth) / 5.0).collect();
        days(&mut experience, 5, &of_day);
        let curve = experience.curve(1.3, std::iter::empty());
        let q = |decades: f64| 10_f64.powf(curve.log10_q(1.3 - decades));
        assert!((160.0..=210.0).contains(&q(0.2)), "{}", q(0.2));
        assert!((80.0..=120.0).contains(&q(10.0)), "{}", q(10.0));
        assert!(q(19.0) < 20.0 && q(30.0) < 1.0, "{} {}", q(19.0), q(30.0));
    }

    #[test]
    fn a_few_bursts_a_day_are_news_each() {
        let mut experience = Experience::new();
        let of_day: Vec<f64> = (0..12).map(f64::from).collect();
        days(&mut experience, 20, &of_day);
        let curve = experience.curve(1.3, std::iter::empty());
        for decades in [0.5, 3.0, 8.0] {
            let model = 1.3 - decades;
            assert!(curve.log10_q(model) <= model.max(0.0), "{decades}");
        }
    }

    #[test]
    fn levels_are_in_order() {
        for level in 0..LEVELS {
            assert!(level_of(decades_of(level) + 1e-6) == level);
        }
        assert_eq!(level_of(-3.0), 0);
        assert_eq!(level_of(1e9), LEVELS - 1);
    }
}
