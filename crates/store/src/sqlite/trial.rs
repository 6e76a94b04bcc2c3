//! What a feed would have told: its selection, over what was detected already.
//!
//! Nothing is counted that could not be read one by one at `/api/v1/detections`. A burst is held against the selection as it stands at
//! last, so it counts on the day on which it was detected first, also where the feed would have had it only later.

use std::collections::{BTreeMap, HashMap};

use groundswell_gate::{DetectionRow, FeedTrial, FeedTrialDay, K, Released};
use groundswell_sketch::{Rfc3339, Step};
use sqlx::{Row as _, SqlitePool};

use super::detections;
use crate::feeds::{FeedSelection, TRIAL_DAYS_MAX, TRIAL_DETECTIONS_MAX, Trial};
use crate::{DetectionQuery, ReadError};

/// Detections read at once.
const PAGE: usize = 1_000;

/// What is counted on the way through the detections, latest first.
struct Counting {
    days: BTreeMap<i64, u64>,
    seen: usize,
    taken: u64,
    useful: u64,
    noise: u64,
    newest: Vec<Released<DetectionRow>>,
}

impl Counting {
    /// Counts a detection; whether there is still room for more.
    fn count(&mut self, row: Released<DetectionRow>, takes: bool, useful: Option<bool>, newest_max: usize) -> bool {
        let day = row.detected_at.0.div_euclid(Step::Day.seconds());
        let newest_day = self.days.last_key_value().map_or(day, |(newest, _)| *newest);
        if self.seen == TRIAL_DETECTIONS_MAX || newest_day - day >= TRIAL_DAYS_MAX as i64 {
            return false;
        }
        self.seen += 1;
        // Also a day on which the feed would have told nothing is a day.
        *self.days.entry(day).or_default() += u64::from(takes);
        if takes {
            self.taken += 1;
            self.useful += u64::from(useful == Some(true));
            self.noise += u64::from(useful == Some(false));
            if self.newest.len() < newest_max {
                self.newest.push(row);
            }
        }
        true
    }

    fn told(self, complete: bool) -> Trial {
        let hundredths = |number: f64| (number * 100.0).round() / 100.0;
        let days = match (self.days.first_key_value(), self.days.last_key_value()) {
            (Some((first, _)), Some((last, _))) => (*first..=*last)
                .map(|day| {
                    let detections = self.days.get(&day).copied().unwrap_or(0);
                    let day = Rfc3339(day * Step::Day.seconds()).to_string().chars().take(10).collect();
                    Released::operational(FeedTrialDay { day, detections })
                })
                .collect(),
            _ => Vec::new(),
        };
        let precision = detections::precision(self.useful, self.noise);
        let trial = Released::operational(FeedTrial {
            detections: self.taken,
            a_day: if days.is_empty() { 0.0 } else { hundredths(self.taken as f64 / days.len() as f64) },
            days,
            useful: self.useful,
            noise: self.noise,
            precision: precision.map(|(share, _)| share),
            precision_interval: precision.map(|(_, interval)| interval),
            complete,
        });
        Trial { trial, newest: self.newest }
    }
}

/// What editors of feeds in force made of the detections of a stretch: where they disagree, the most; where these are even, nothing.
async fn marks(pool: &SqlitePool, from: i64, to: i64) -> Result<HashMap<String, bool>, ReadError> {
    let rows = sqlx::query(
        "SELECT d.id, sum(2 * i.useful - 1) FROM detections d JOIN feed_items i ON i.seq = d.seq \
         JOIN feeds f ON f.id = i.feed_id WHERE d.detected_at >= ? AND d.detected_at < ? AND i.useful IS NOT NULL \
         AND f.removed_at IS NULL GROUP BY d.seq ORDER BY d.detected_at DESC LIMIT ?",
    )
    .bind(from)
    .bind(to)
    .bind(TRIAL_DETECTIONS_MAX as i64)
    .fetch_all(pool)
    .await?;
    let mut marks = HashMap::with_capacity(rows.len());
    for row in rows {
        let more: i64 = row.try_get(1)?;
        if more != 0 {
            marks.insert(row.try_get(0)?, more > 0);
        }
    }
    Ok(marks)
}

/// Goes through what was detected, latest first.
pub(super) async fn run(
    pool: &SqlitePool,
    k: K,
    selection: &FeedSelection,
    (from, to): (Option<i64>, Option<i64>),
    newest: usize,
) -> Result<Trial, ReadError> {
    let marks = marks(pool, from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)).await?;
    let mut query = DetectionQuery { from, to, limit: PAGE, ..DetectionQuery::default() };
    let mut counting = Counting { days: BTreeMap::new(), seen: 0, taken: 0, useful: 0, noise: 0, newest: Vec::new() };
    loop {
        let page = detections::list(pool, k, &query).await?;
        for row in page.items {
            let (takes, useful) = (selection.takes(&row), marks.get(&row.id).copied());
            if !counting.count(row, takes, useful, newest) {
                return Ok(counting.told(false));
            }
        }
        query.after = page.next;
        if query.after.is_none() {
            return Ok(counting.told(true));
        }
    }
}
