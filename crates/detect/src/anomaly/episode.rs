//! [`Episode`]: one anomaly from its first hour to its last. It is one event, however many hours it lasts.

use groundswell_gate::BurstExperience;
use serde::{Deserialize, Serialize};

use super::{ANOMALY_BUDGET_MAX, ANOMALY_HOURS_MAX, HOUR};

/// It is told again when it is so many decades less likely.
const TOLD_AGAIN_DECADES: f64 = 1.0;
/// One of which nothing could be said for so long is over.
const UNSEEN_HOURS_MAX: i64 = 24;

/// An hour that is otherwise than it should be.
pub(crate) trait Unlikely: Copy {
    /// False alerts a day that come with hours as unlikely as this, decimal logarithm.
    fn log10_q(&self) -> f64;
}

/// Hours that belong together.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Episode<H> {
    start: i64,
    /// The last hour that was otherwise.
    last: i64,
    detected_at: Option<i64>,
    told_log10_q: f64,
    /// Its least likely hour.
    least: H,
}

/// An episode as it is to be told.
pub(crate) struct Told<H> {
    pub(crate) start: i64,
    pub(crate) end: Option<i64>,
    pub(crate) detected_at: i64,
    pub(crate) log10_q: f64,
    pub(crate) least: H,
}

/// What an hour made of it.
pub(crate) struct Turn<H> {
    pub(crate) told: Option<Told<H>>,
    /// How unlikely the one was that is over.
    pub(crate) over: Option<f64>,
    /// It lasted so long that it is how things are.
    pub(crate) outlived: bool,
}

impl<H: Unlikely> Episode<H> {
    pub(crate) const fn least(&self) -> &H {
        &self.least
    }

    /// Begins, goes on with or ends an episode. `low`: the hour that begins at `start`, where it is unlikely. `is_known`: whether anything
    /// can be said of it: what cannot be looked at neither begins nor ends one.
    pub(crate) fn turn(
        open: &mut Option<Self>,
        start: i64,
        low: Option<H>,
        is_known: bool,
        curve: &BurstExperience,
    ) -> Turn<H> {
        let budget = ANOMALY_BUDGET_MAX.log10();
        if let Some(episode) = open {
            if let Some(hour) = low {
                episode.last = start;
                if hour.log10_q() < episode.least.log10_q() {
                    episode.least = hour;
                }
            }
            let outlived = start - episode.start >= ANOMALY_HOURS_MAX * HOUR;
            let unseen = start - episode.last > UNSEEN_HOURS_MAX * HOUR;
            if outlived || unseen || is_known && low.is_none() {
                let turn = Turn {
                    told: episode.told(Some(episode.last + HOUR)),
                    over: Some(episode.least.log10_q()),
                    outlived,
                };
                *open = None;
                return turn;
            }
        } else if let Some(least) = low.filter(|hour| hour.log10_q() <= budget) {
            *open = Some(Self { start, last: start, detected_at: None, told_log10_q: f64::MAX, least });
        }
        let told = open.as_mut().and_then(|episode| {
            let log10_q = curve.log10_q(episode.least.log10_q());
            let due = log10_q <= budget && log10_q <= episode.told_log10_q - TOLD_AGAIN_DECADES;
            if !due {
                return None;
            }
            episode.detected_at.get_or_insert(start + HOUR);
            episode.told_log10_q = log10_q;
            episode.told(None)
        });
        Turn { told, over: None, outlived: false }
    }

    /// As it stands; `None` where it was never enough to be told.
    fn told(&self, end: Option<i64>) -> Option<Told<H>> {
        self.detected_at.map(|detected_at| Told {
            start: self.start,
            end,
            detected_at,
            log10_q: self.told_log10_q.max(self.least.log10_q()),
            least: self.least,
        })
    }
}
