//! What is told of what closed: detections, made of released rows alone and committed with them.

use std::collections::VecDeque;

use groundswell_detect::narrative::GROWTH_MINUTES;
use groundswell_engine::Closed;
use groundswell_gate::{DetectionRow, Dimension, Released, VolumeRow};
use groundswell_sketch::Step;

/// For so long a clause's minutes are remembered; a longer look is told of by its hours.
const MINUTES_KEPT: i64 = 3 * 3_600;
/// For so long its hours are: the longest look of a burst is a day.
const HOURS_KEPT: i64 = 26 * 3_600;
/// Rows that are remembered; beyond, the oldest are forgotten, and a burst is told of with fewer or no clauses.
const ROWS_MAX: usize = 200_000;

/// Makes detections. Remembers released rows of watches' clauses, which say of a burst of a watch by what it came.
#[derive(Default)]
pub(crate) struct Detections {
    minutes: VecDeque<Released<VolumeRow>>,
    hours: VecDeque<Released<VolumeRow>>,
}

impl Detections {
    /// The detections of what closed.
    pub(crate) fn of(&mut self, closed: &Closed) -> Vec<Released<DetectionRow>> {
        for row in closed.rows.iter().filter(|row| row.dimension == Dimension::Clause && row.figures.is_some()) {
            match row.window.step {
                Step::Minute => self.minutes.push_back(row.clone()),
                Step::Hour => self.hours.push_back(row.clone()),
                Step::Day => {}
            }
        }
        forget(&mut self.minutes, MINUTES_KEPT);
        forget(&mut self.hours, HOURS_KEPT);
        let narratives = closed.narratives.iter().filter_map(|row| Released::from_narrative(row, GROWTH_MINUTES));
        let bursts = closed.bursts.iter().map(|row| Released::from_burst(row, self.minutes.iter().chain(&self.hours)));
        let amplifications = closed.amplifications.iter().map(Released::from_amplification);
        let anomalies = closed.anomalies.iter().cloned();
        narratives.chain(bursts).chain(amplifications).chain(anomalies).collect()
    }
}

/// Forgets rows that are older than so many seconds before the newest, or too many.
fn forget(rows: &mut VecDeque<Released<VolumeRow>>, kept: i64) {
    let Some(newest) = rows.back().map(|row| row.window.start) else { return };
    while rows.len() > ROWS_MAX || rows.front().is_some_and(|row| row.window.start < newest - kept) {
        rows.pop_front();
    }
}
