//! Anomalies: what is otherwise than its hours foretell without being a burst. There are three kinds, [silences](crate::silence),
//! [shifts of a mix](crate::mix) and [shifts of tone](crate::tone::shifts), and one budget of false alerts for all.
//!
//! [`Anomalies`] stands where the gate is and reads what the gate has released of each closed hour, and nothing else: what it finds, every
//! reader of the volumes and of the table of tone could find. [`HeardHour`] says how much of an hour could be heard at all, so that a gap is no anomaly.

mod episode;
mod explained;
mod odds;
mod rows;
mod saved;
mod season;

use std::fmt;

use groundswell_gate::{MixCandidate, Released, SilenceCandidate, ToneCandidate, ToneRow, VolumeRow};
use serde::{Deserialize, Serialize};

use crate::counters::counters;
use crate::mix::{Beside, Mixes, SavedMixes};
use crate::silence::{SavedSilences, Silences};
use crate::tone::shifts::{SavedToneShifts, ToneShifts};

pub(crate) use episode::{Episode, Told, Unlikely};
pub(crate) use explained::{EXPLAINED_MAX, Explained};
pub(crate) use odds::{ExpectedOdds, Odds, SCATTER_MAX, SHARE_EDGE, SeenOdds, log10_normal_above, logit, share_of};
pub(crate) use rows::{AtMost, HourRows, Key};
pub(crate) use saved::saved_subjects;
pub(crate) use season::{Scatter, Season};

pub(crate) const HOUR: i64 = 3_600;
/// Hours of a week.
pub(crate) const WEEK: usize = 168;
/// Hours that a subject is looked at in a day.
pub(crate) const LOOKS_A_DAY: f64 = 24.0;
/// While less than this of what there is can be heard, nothing is said and nothing learnt.
pub(crate) const HEARD_MIN: f64 = 0.5;
/// From here on an hour was heard as a whole, and is learnt.
const HEARD_ALL: f64 = 0.99;
/// A gap that lasts longer is how things are, and learnt all the same.
const GAP_HOURS_MAX: u32 = 24;
/// What is missed in a gap is a guess: it counts for so many times as many.
pub(crate) const GAP_DOUBT: f64 = 2.0;
/// What is left of how a subject stood of late after an hour: half after a day.
pub(crate) const LATE_KEPT: f64 = 0.971_5;
/// Hours that "as usual" is worth beside how it stood of late.
pub(crate) const USUAL_WORTH: f64 = 6.0;
/// An anomaly goes on while its hours are less likely than this.
pub(crate) const LOW_BELOW: f64 = 1e-2;

/// Which hour of a week begins at a second.
pub(crate) fn hour_of_week(start: i64) -> usize {
    start.div_euclid(HOUR).rem_euclid(WEEK as i64) as usize
}

/// False alerts a day up to which anomalies are told: the largest budget that a feed can have.
pub const ANOMALY_BUDGET_MAX: f64 = crate::burst::BUDGET_MAX;
/// An anomaly that has lasted for so many hours is how things are now: it ends, and the baseline begins anew.
pub const ANOMALY_HOURS_MAX: i64 = 72;

/// A closed hour, and what share of what is usually heard could be heard in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeardHour {
    /// First second of the hour.
    pub start: i64,
    /// 1 where nobody says otherwise.
    pub coverage: f64,
}

/// Hours up to now of which a part was not heard.
#[derive(Default)]
pub(crate) struct Gaps(u32);

impl Gaps {
    /// Whether an hour may be learnt: all was heard, or as much as has been for long.
    pub(crate) fn may_learn(&mut self, heard: HeardHour) -> bool {
        let whole = heard.coverage >= HEARD_ALL;
        self.0 = if whole { 0 } else { self.0.saturating_add(1) };
        whole || self.0 > GAP_HOURS_MAX
    }
}

/// What was found, before the gate.
#[derive(Clone, Debug, PartialEq)]
pub enum AnomalyCandidate {
    /// Talk that is missing.
    Silence(SilenceCandidate),
    /// A share that is another than usual.
    Mix(MixCandidate),
    /// A watch whose posts sound otherwise than usual.
    Tone(ToneCandidate),
}

counters! {
    AnomalyCounters {
        /// Subjects whose silence would not be found because too many were followed.
        silence_subjects_left_out,
        /// Subjects whose share was not followed because too many were.
        mix_subjects_left_out,
        /// Watches, by language, whose tone was not followed because too many were.
        tone_subjects_left_out,
    }
}

/// Finds all anomalies in released volumes.
pub struct Anomalies {
    silences: Silences,
    mixes: Mixes,
    tones: ToneShifts,
}

impl Anomalies {
    /// One that has seen nothing. `k`: the gate's.
    pub fn new(k: u64) -> Self {
        Self { silences: Silences::new(k), mixes: Mixes::new(k), tones: ToneShifts::new(k) }
    }

    /// Which bounds were reached.
    pub fn counters(&self) -> AnomalyCounters {
        AnomalyCounters {
            silence_subjects_left_out: self.silences.subjects_left_out(),
            mix_subjects_left_out: self.mixes.subjects_left_out(),
            tone_subjects_left_out: self.tones.subjects_left_out(),
        }
    }

    /// Takes a released row of the hour that comes to its end next. Others' rows are passed over.
    pub fn observe(&mut self, row: &Released<VolumeRow>) {
        self.silences.observe(row);
        self.mixes.observe(row);
    }

    /// Takes a released row of how a watch's posts sounded in the hour that comes to its end next.
    pub fn observe_tone(&mut self, row: &Released<ToneRow>) {
        self.tones.observe(row);
    }

    /// Ends an hour, later than the one before, of which all rows were observed.
    pub fn end(&mut self, heard: HeardHour, emit: &mut dyn FnMut(AnomalyCandidate)) {
        // Whoever reads anomalies has one budget for all kinds.
        let (of_silences, of_mixes) = (self.silences.looks_a_day(), self.mixes.looks_a_day());
        let of_tones = self.tones.looks_a_day();
        self.silences.end(heard, of_mixes + of_tones, &mut |silence| emit(AnomalyCandidate::Silence(silence)));
        let (silent, settled) = (self.silences.open(), self.silences.settled());
        let beside = Beside { looks_a_day: of_silences + of_tones, silent, settled };
        self.mixes.end(heard, &beside, &mut |mix| emit(AnomalyCandidate::Mix(mix)));
        self.tones.end(heard, of_silences + of_mixes, &mut |tone| emit(AnomalyCandidate::Tone(tone)));
    }

    /// What it knows between two hours.
    pub fn save(&self) -> SavedAnomalies {
        SavedAnomalies { silences: self.silences.save(), mixes: self.mixes.save(), tones: self.tones.save() }
    }

    /// Takes back what was saved, before the first hour.
    pub fn restore(&mut self, saved: &SavedAnomalies) {
        self.silences.restore(&saved.silences);
        self.mixes.restore(&saved.mixes);
        self.tones.restore(&saved.tones);
    }
}

impl fmt::Debug for Anomalies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Anomalies({:?}, {:?}, {:?})", self.silences, self.mixes, self.tones)
    }
}

/// [`Anomalies`] in a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedAnomalies {
    silences: SavedSilences,
    mixes: SavedMixes,
    tones: SavedToneShifts,
}
