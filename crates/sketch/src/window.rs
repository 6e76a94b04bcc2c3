//! Closed intervals of event time: minutes, hours and days in UTC.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

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

    /// The window of this step that holds a second.
    pub const fn containing(step: Step, unix: i64) -> Self {
        Self::holding(step, unix)
    }

    /// The window of a step that holds this whole window; `step` must not be finer than its own.
    #[must_use]
    pub const fn within(self, step: Step) -> Self {
        debug_assert!(step.seconds() >= self.step.seconds());
        Self::holding(step, self.start)
    }

    /// Its first second in RFC 3339, UTC.
    pub const fn start_text(self) -> Rfc3339 {
        Rfc3339(self.start)
    }

    /// The first second after it, in RFC 3339, UTC.
    pub const fn end_text(self) -> Rfc3339 {
        Rfc3339(self.end())
    }

    /// Reads a start in RFC 3339, UTC, which must be a multiple of the step.
    pub fn parse(step: Step, start: &str) -> Result<Self, WindowError> {
        let start = Rfc3339::parse(start)?.0;
        if start.rem_euclid(step.seconds()) != 0 {
            return Err(WindowError::NotAligned { step });
        }
        Ok(Self { step, start })
    }

    /// The first second after it.
    pub const fn end(self) -> i64 {
        self.start + self.step.seconds()
    }
}

/// Why a window's start could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WindowError {
    /// It is no time of the form that is printed.
    #[error("expected a UTC time such as 2026-01-31T12:00:00Z")]
    NotATime,
    /// It does not begin where windows of this step do.
    #[error("expected the first second of a {step}")]
    NotAligned {
        /// The step asked for.
        step: Step,
    },
}

/// A second since 1970 that displays as `2026-01-31T12:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rfc3339(pub i64);

impl Rfc3339 {
    /// Reads exactly the form that is displayed. (Times of posts come in more forms; reading those is `post`'s.)
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        read(text.as_bytes()).map(Self).ok_or(WindowError::NotATime)
    }
}

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(86_400));
        let second = self.0.rem_euclid(86_400);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
    }
}

impl<'de> serde::Deserialize<'de> for Rfc3339 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("expected an RFC 3339 time in UTC"))
    }
}

impl Serialize for Rfc3339 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn read(b: &[u8]) -> Option<i64> {
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if b.len() != 20 || separators.iter().any(|&(at, separator)| b[at] != separator) {
        return None;
    }
    let number = |from: usize, to: usize| {
        b[from..to]
            .iter()
            .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    // A day that the month does not have comes back as another one.
    (civil_from_days(days) == (year, month, day)).then_some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_and_prints_starts() {
        for (text, unix) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:00:00Z", -3_600),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("2016-09-23T00:01:00Z", 1_474_588_860),
        ] {
            assert_eq!(Rfc3339::parse(text), Ok(Rfc3339(unix)));
            assert_eq!(Rfc3339(unix).to_string(), text);
        }
        let minute = Window { step: Step::Minute, start: 1_474_588_860 };
        assert_eq!(Window::parse(Step::Minute, "2016-09-23T00:01:00Z"), Ok(minute));
        assert_eq!(Window::parse(Step::Day, "2016-09-23T00:01:00Z"), Err(WindowError::NotAligned { step: Step::Day }));
        assert_eq!(minute.within(Step::Day).start_text().to_string(), "2016-09-23T00:00:00Z");
        for text in [
            "2016-02-30T00:00:00Z",
            "2016-13-01T00:00:00Z",
            "2016-09-23T24:00:00Z",
            "2016-09-23",
            "2016-09-23T00:00:00+",
            "",
        ] {
            assert_eq!(Rfc3339::parse(text), Err(WindowError::NotATime), "{text}");
        }
    }

    proptest! {
        #[test]
        fn windows_hold_their_seconds(unix in -4_000_000_000_i64..8_000_000_000) {
            for step in Step::ALL {
                let window = Window::containing(step, unix);
                prop_assert!(window.start <= unix && unix < window.end());
                prop_assert_eq!(Window::parse(step, &window.start_text().to_string()), Ok(window));
                prop_assert_eq!(window.end_text().to_string(), Rfc3339(window.end()).to_string());
            }
            let minute = Window::containing(Step::Minute, unix);
            prop_assert_eq!(minute.within(Step::Hour).within(Step::Day), Window::containing(Step::Day, unix));
        }

        #[test]
        fn never_panics(text in "[0-9TZ:-]{18,22}") {
            let _ = Rfc3339::parse(&text);
        }
    }
}
