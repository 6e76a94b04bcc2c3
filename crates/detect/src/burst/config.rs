//! Settings, bounds, and what is counted when a bound is reached.

use groundswell_gate::BurstScale;
use groundswell_sketch::PARTITIONS;
use serde::{Deserialize, Serialize};

use crate::counters::counters;

/// Subjects that are followed, all shards together. Of six times as many, with hardly a post, the number of posts is kept.
/// They are divided by their hash into [`groundswell_sketch::PARTITIONS`] parts; when one holds more than its share, the quietest go, down
/// to three quarters (`subjects_evicted`), and what comes back is taken to have been as loud as the loudest that went.
pub const SUBJECTS_MAX: usize = 1 << 18;
/// Of these, so many that were seen last take 1.3 kB each, divided in the same way; the others lie packed, in less than three hundred
/// bytes. Few are written of every minute.
pub const AWAKE_MAX: usize = SUBJECTS_MAX / 8;
/// So many with hardly a post there may be for each subject that is followed. Of a power of two of subjects, a table of eight times as many
/// places takes seven before it doubles: one is left for those that come in a minute, at whose end too many go.
const YOUNG_A_SUBJECT: usize = 6;
/// Beside them, one phrase is followed for so many subjects.
const SUBJECTS_A_PHRASE: usize = 4;
/// Bursts that are open at once, in each part. More are not opened and counted (`bursts_left_out`).
pub const OPEN_MAX: usize = 1 << 10;
/// A burst that has not ended after so many minutes is no burst but how things are now: it ends, and the baseline begins anew.
pub const LIFE_MINUTES_MAX: u32 = 3 * 24 * 60;
/// False alerts a day up to which bursts are proposed: the largest budget that a feed can have.
pub const BUDGET_MAX: f64 = 20.0;
/// Subjects that are told of as parts of one burst. Texts of an event have more words than that; more are joined, so that they are no
/// bursts of their own, and not told.
pub const RELATED_MAX: usize = 16;
/// Phrases that are told of beside them, likewise.
pub const RELATED_PHRASES_MAX: usize = 4;
/// A subject's chance of being so loud by accident, in one look: less likely than this, it is watched as a burst. What is told of is
/// decided later and more strictly, when the number of looks is known.
pub const OPEN_BELOW: f64 = 3e-5;

/// Settings of the burst detector.
#[derive(Clone, Debug, PartialEq)]
pub struct BurstConfig {
    /// Distinct authors that a window must have to be looked at: the gate's k.
    pub k: u64,
    /// See [`SUBJECTS_MAX`].
    pub subjects_max: usize,
    /// See [`AWAKE_MAX`].
    pub awake_max: usize,
    /// See [`OPEN_MAX`].
    pub open_max: usize,
    /// See [`BUDGET_MAX`].
    pub budget: f64,
}

impl BurstConfig {
    /// Subjects of a part that are followed.
    pub(super) fn part_max(&self) -> usize {
        (self.subjects_max / PARTITIONS).max(8)
    }

    /// Subjects of a part that are not packed.
    pub(super) fn part_awake_max(&self) -> usize {
        self.awake_max / PARTITIONS
    }

    /// Phrases of a part that are followed, and those of them that are not packed.
    pub(super) fn part_phrases_max(&self) -> usize {
        (self.part_max() / SUBJECTS_A_PHRASE).max(8)
    }

    pub(super) fn part_phrases_awake_max(&self) -> usize {
        self.part_awake_max() / SUBJECTS_A_PHRASE
    }

    /// Subjects of a part that are only counted.
    pub(super) fn young_max(&self) -> usize {
        self.part_max() * YOUNG_A_SUBJECT
    }
}

impl Default for BurstConfig {
    fn default() -> Self {
        Self { k: 10, subjects_max: SUBJECTS_MAX, awake_max: AWAKE_MAX, open_max: OPEN_MAX, budget: BUDGET_MAX }
    }
}

counters! {
    BurstCounters {
        /// Subjects that were forgotten because their part was full.
        subjects_evicted,
        /// Bursts that were not followed because too many were open.
        bursts_left_out,
        /// Bursts that were open for so long that they are how things are now.
        bursts_outlived,
    }
}

/// How long a look is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scale {
    /// Five minutes.
    Minutes,
    /// An hour, or up to ten minutes less.
    Hour,
    /// A day, or up to two hours less.
    Day,
}

impl Scale {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Minutes, Self::Hour, Self::Day];

    /// Minutes of the grid on which its end is told.
    pub(super) const fn grid_minutes(self) -> u32 {
        let told = match self {
            Self::Minutes => BurstScale::Minutes,
            Self::Hour => BurstScale::Hour,
            Self::Day => BurstScale::Day,
        };
        (told.grid() / 60) as u32
    }

    /// Minutes of quiet after which a burst of this length is over.
    pub(super) const fn quiet_minutes(self) -> u32 {
        match self {
            Self::Minutes => 15,
            Self::Hour => 60,
            Self::Day => 240,
        }
    }
}

/// How far back a look reaches. What rises for a quarter of an hour or for three hours is drowned in an hour or a day, and has too few
/// posts in less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Five minutes.
    FiveMinutes,
    /// Ten to twenty minutes.
    Quarter,
    /// Fifty to sixty minutes.
    Hour,
    /// Two to four hours.
    Hours,
    /// 22 to 24 hours.
    Day,
}

impl Reach {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::FiveMinutes, Self::Quarter, Self::Hour, Self::Hours, Self::Day];

    /// As what a burst is told that is loudest in such a look; its slots are the look's.
    pub const fn scale(self) -> Scale {
        match self {
            Self::FiveMinutes => Scale::Minutes,
            Self::Quarter | Self::Hour => Scale::Hour,
            Self::Hours | Self::Day => Scale::Day,
        }
    }

    /// Minutes, on average.
    pub const fn minutes(self) -> f64 {
        match self {
            Self::FiveMinutes => 5.0,
            Self::Quarter => 15.0,
            Self::Hour => 60.0,
            Self::Hours => 180.0,
            Self::Day => 1_440.0,
        }
    }

    /// How many independent looks a day come to the same as all that are taken: looks that overlap fail together. Set on quiet
    /// streams (`benches/burst.rs`): 1.4 to 8 times as many as lie side by side, the more the longer they are.
    pub const fn looks_a_day(self) -> f64 {
        match self {
            Self::FiveMinutes | Self::Quarter => 400.0,
            Self::Hour => 120.0,
            Self::Hours => 60.0,
            Self::Day => 8.0,
        }
    }

    /// Slots of its scale that it goes over.
    pub(super) const fn slots(self) -> u32 {
        match self {
            Self::FiveMinutes => 5,
            Self::Quarter | Self::Hours => 2,
            Self::Hour => 6,
            Self::Day => 12,
        }
    }
}
