//! Event time: when a post was made, to the second, by the source's clock.
//!
//! Reads RFC 3339 (the profile of ISO 8601; `T` or a space, `Z` or an offset, any fraction of a second) and Unix seconds or
//! milliseconds. Civil-date arithmetic after Howard Hinnant, "chrono-compatible low-level date algorithms".

use std::fmt;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventTime(i64);

/// Why a time could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// It is no time.
    Invalid,
    /// It is before [`EventTime::MIN`].
    TooOld,
}

impl EventTime {
    /// 2000-01-01T00:00:00Z. What claims to be older is a broken clock: no source here had posts then.
    pub const MIN: Self = Self(946_684_800);
    /// How far ahead of the clock a post may claim to be, in seconds (one day: clocks and zones are wrong).
    pub const FUTURE_SECONDS_MAX: i64 = 86_400;

    /// From seconds since 1970.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The number of the UTC day since 1970.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400)
    }

    /// From a number of Unix seconds, or milliseconds where it is too large to be seconds (from 10^11 on: the year 5138).
    pub fn from_number(number: f64) -> Result<Self, TimeError> {
        if !number.is_finite() || number.abs() >= 1e16 {
            return Err(TimeError::Invalid);
        }
        let seconds = if number.abs() >= 1e11 { number / 1000.0 } else { number };
        Self(seconds.floor() as i64).checked()
    }

    /// Reads RFC 3339, or a number in digits as [`Self::from_number`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let bytes = text.as_bytes();
        if bytes.len() >= 20 && bytes[4] == b'-' {
            return parse_rfc3339(bytes).map(Self).ok_or(TimeError::Invalid)?.checked();
        }
        if !bytes.is_empty() && bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-')) {
            return text.parse::<f64>().map_err(|_| TimeError::Invalid).and_then(Self::from_number);
        }
        Err(TimeError::Invalid)
    }

    fn checked(self) -> Result<Self, TimeError> {
        if self < Self::MIN { Err(TimeError::TooOld) } else { Ok(self) }
    }
}

impl fmt::Display for EventTime {
    /// RFC 3339 in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.day());
        let second = self.0.rem_euclid(86_400);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

fn parse_rfc3339(b: &[u8]) -> Option<i64> {
    if b[7] != b'-' || !matches!(b[10], b'T' | b't' | b' ') || b[13] != b':' || b[16] != b':' {
        return None;
    }
    let (year, month, day) = (digits(&b[0..4])?, digits(&b[5..7])?, digits(&b[8..10])?);
    let (hour, minute, second) = (digits(&b[11..13])?, digits(&b[14..16])?, digits(&b[17..19])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    // 60 is a leap second, which Unix time folds into the next one.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = &b[19..];
    if let [b'.', fraction @ ..] = rest {
        let length = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if length == 0 {
            return None;
        }
        rest = &fraction[length..];
    }
    let offset = match rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    Some(days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_forms_of_the_contract() {
        for (text, unix) in [
            ("2016-09-23T00:00:00Z", 1_474_588_800),
            ("2016-09-23t02:00:00.123+02:00", 1_474_588_800),
            ("2016-09-22 19:30:00-04:30", 1_474_588_800),
            ("2016-12-31T23:59:60Z", 1_483_228_800),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("1474588800", 1_474_588_800),
            ("1474588800123", 1_474_588_800),
            ("1474588800.9", 1_474_588_800),
        ] {
            assert_eq!(EventTime::parse(text), Ok(EventTime(unix)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2016-02-30T00:00:00Z",
            "2016-13-01T00:00:00Z",
            "2016-09-23T24:00:00Z",
            "2016-09-23T00:00:00",
            "2016-09-23T00:00:00.Z",
            "2016-09-23T00:00:00+0200",
            "2016-09-23",
            "1e9",
            "--5",
            "12.3.4",
        ] {
            assert_eq!(EventTime::parse(text), Err(TimeError::Invalid), "{text}");
        }
        assert_eq!(EventTime::parse("1970-01-01T00:00:00Z"), Err(TimeError::TooOld));
        assert_eq!(EventTime::parse("0"), Err(TimeError::TooOld));
    }

    proptest! {
        #[test]
        fn prints_what_it_reads(unix in 946_684_800_i64..4_102_444_800) {
            prop_assert_eq!(EventTime::parse(&EventTime(unix).to_string()), Ok(EventTime(unix)));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = EventTime::parse(&text);
        }
    }
}
