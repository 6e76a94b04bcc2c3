//! What is told of what closed: detections, made of released rows alone and committed with them.

use std::collections::{HashMap, VecDeque};

use groundswell_detect::narrative::GROWTH_MINUTES;
use groundswell_engine::Closed;
use groundswell_gate::{DetectionRow, Dimension, NarrativeRow, Released, VolumeRow};
use groundswell_sketch::{Rfc3339, Step};

/// For so long a clause's minutes are remembered; a longer look is told of by its hours.
const MINUTES_KEPT: i64 = 3 * 3_600;
/// For so long its hours are: the longest look of a burst is a day.
const HOURS_KEPT: i64 = 26 * 3_600;
/// Rows that are remembered; beyond, the oldest are forgotten, and a burst is told of with fewer or no clauses.
const ROWS_MAX: usize = 200_000;
/// Narratives that are remembered; of more, those that were written to last.
const NARRATIVES_MAX: usize = 4_096;

/// Makes detections. Remembers released rows of watches' clauses, which say of a burst of a watch by what it came, and
/// narratives, which say what a burst of one is about.
#[derive(Default)]
pub(crate) struct Detections {
    minutes: VecDeque<Released<VolumeRow>>,
    hours: VecDeque<Released<VolumeRow>>,
    /// By id, as they were released last.
    narratives: HashMap<String, Released<NarrativeRow>>,
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
        for row in &closed.narratives {
            self.narratives.insert(row.id.clone(), row.clone());
        }
        forget_narratives(&mut self.narratives);
        let narratives = closed.narratives.iter().filter_map(|row| Released::from_narrative(row, GROWTH_MINUTES));
        let bursts = closed.bursts.iter().filter_map(|row| {
            let clauses = self.minutes.iter().chain(&self.hours);
            Released::from_burst(row, clauses, self.narratives.get(row.subject.value.as_str()))
        });
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

/// Forgets narratives that were not written to for longest, if they are too many.
fn forget_narratives(rows: &mut HashMap<String, Released<NarrativeRow>>) {
    if rows.len() <= NARRATIVES_MAX {
        return;
    }
    let mut last: Vec<(Rfc3339, String)> = rows.values().map(|row| (row.as_of, row.id.clone())).collect();
    last.sort_unstable();
    for (_, id) in &last[..rows.len() - NARRATIVES_MAX / 4 * 3] {
        rows.remove(id);
    }
}
