//! [`Date`]: a UTC day. Watches begin and end with days.

use std::fmt;

/// A UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    days: i64,
}

impl Date {
    /// The day in which a moment falls, in seconds since 1970. The caller reads the clock; this crate reads none.
    pub const fn from_unix(seconds: i64) -> Self {
        Self { days: seconds.div_euclid(86_400) }
    }

    /// From year, month (1 to 12) and day; `None` if there is no such day.
    pub fn from_civil(year: i64, month: i64, day: i64) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        // Howard Hinnant, "chrono-compatible low-level date algorithms".
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let yoe = y - era * 400;
        let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let date = Self { days: era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468 };
        // The 30th of February would come back as another day.
        (date.civil() == (year, month, day)).then_some(date)
    }

    /// Reads `2027-02-01`, or the day of an RFC 3339 time.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        if !(rest.is_empty() || rest.starts_with(['T', 't', ' '])) {
            return None;
        }
        let number = |range: std::ops::Range<usize>| {
            let digits = date.get(range)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<i64>().ok()).flatten()
        };
        let dashes = date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
        if dashes { Self::from_civil(number(0..4)?, number(5..7)?, number(8..10)?) } else { None }
    }

    /// So many days later.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self { days: self.days + days }
    }

    /// Days from `earlier` to this.
    pub const fn days_since(self, earlier: Self) -> i64 {
        self.days - earlier.days
    }

    fn civil(self) -> (i64, i64, i64) {
        let z = self.days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z - era * 146_097;
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_days() {
        for (text, unix) in [("1970-01-01", 0), ("2000-02-29", 951_782_400), ("2027-02-01", 1_801_440_000)] {
            assert_eq!(Date::parse(text), Some(Date::from_unix(unix)), "{text}");
            assert_eq!(Date::from_unix(unix + 86_399).to_string(), text);
        }
        assert_eq!(Date::parse("2027-02-01T23:00:00Z"), Date::parse("2027-02-01"));
        for text in [
            "",
            "2027-02-30",
            "2027-13-01",
            "2027-2-1",
            "tomorrow!!",
            "2027-02-01x",
            "2027/02/01",
            "+027-02-01",
            "äääääääääää",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }
}
