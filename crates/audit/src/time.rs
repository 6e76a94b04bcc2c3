//! Times and days as entries write them: RFC 3339 in UTC, to the second. This crate reads no clock; whoever appends says when.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DAY_SECONDS: i64 = 86_400;
/// 9999-12-31, the last day with a year of four digits.
const DAY_MAX: i64 = 2_932_896;

/// A second of UTC, as Unix time. What lies outside the years 1970 to 9999 becomes the nearest that does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A day of UTC, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Time {
    /// From Unix seconds.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(0, (DAY_MAX + 1) * DAY_SECONDS - 1))
    }

    /// Unix seconds.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Reads exactly what is written.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, rest) = text.split_at_checked(10)?;
        let clock = rest.strip_prefix('T')?.strip_suffix('Z')?;
        let mut parts = clock.split(':');
        let mut part = |below: i64| number(parts.next()?, 2).filter(|value| *value < below);
        let (hours, minutes, seconds) = (part(24)?, part(60)?, part(60)?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self(Day::parse(day)?.0 * DAY_SECONDS + hours * 3_600 + minutes * 60 + seconds))
    }
}

impl Day {
    /// From days since 1970-01-01.
    pub fn from_days(days: i64) -> Self {
        Self(days.clamp(0, DAY_MAX))
    }

    /// Reads exactly what is written.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
        if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let found = Self(days_of(year, month, day));
        // The 31st of a month of 30 days is written as another day.
        (found.to_string() == text).then_some(found)
    }
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date of a day since 1970-01-01; the same source.
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0 % DAY_SECONDS;
        let day = Day(self.0 / DAY_SECONDS);
        write!(f, "{day}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
    }
}

macro_rules! as_text {
    ($type:ty, $expected:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom($expected))
            }
        }
    };
}

as_text!(Time, "expected a time such as 2026-01-31T12:00:00Z");
as_text!(Day, "expected a day such as 2026-01-31");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DAY_MAX, Day, Time};

    #[test]
    fn known_times_and_no_others() {
        assert_eq!(Time::from_unix(1_474_588_859).to_string(), "2016-09-23T00:00:59Z");
        assert_eq!(Day::from_days(DAY_MAX).to_string(), "9999-12-31");
        assert_eq!(Day::parse("2024-02-29").map(|day| day.to_string()).as_deref(), Some("2024-02-29"));
        for wrong in ["2023-02-29", "2026-1-05", "2026-01-05T00:00:00", "2026-01-05T24:00:00Z", "1969-12-31", "", "ä"]
        {
            assert!(Day::parse(wrong).is_none() && Time::parse(wrong).is_none(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0_i64..253_402_300_800) {
            let time = Time::from_unix(seconds);
            prop_assert_eq!(Time::parse(&time.to_string()), Some(time));
            prop_assert_eq!(time.unix(), seconds);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,24}") {
            let _ = (Time::parse(&text), Day::parse(&text));
        }
    }
}
