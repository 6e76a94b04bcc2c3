//! Closed intervals of event time: minutes, hours and days in UTC.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// 60 seconds: the finest that is ever released (PRIVACY section 4).
    Minute,
    /// 3,600 seconds.
    Hour,
    /// 86,400 seconds, from midnight UTC.
    Day,
}

impl Step {
    /// All steps, finest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Length in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// The word used in commands and outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Reads the word used in commands and outputs.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One window: `start` inclusive, `start + step` exclusive, aligned to its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// Its length.
    pub step: Step,
    /// Its first second, Unix time, a multiple of the step.
    pub start: i64,
}

impl Window {
    /// The window of this step that holds a second.
    pub const fn holding(step: Step, unix: i64) -> Self {
        Self { step, start: unix.div_euclid(step.seconds()) * step.seconds() }
    }

    /// The first second after it.
    pub const fn end(self) -> i64 {
        self.start + self.step.seconds()
    }
}
