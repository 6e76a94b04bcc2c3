//! Dates as feeds write them.
//!
//! RFC 822 and its heirs (RFC 2822, RFC 1123, RFC 850, asctime), RFC 3339 and the shorter forms of ISO 8601, and the usual
//! misspellings: no zone, a zone by name, a weekday that is wrong or in another language, no seconds, a year of two digits, a
//! full month's name. What names no zone is taken for UTC.

use groundswell_post::{EventTime, TimeError};

/// The longest text that can be a date.
const DATE_BYTES_MAX: usize = 64;

/// Reads a date; `None` where it is none. One before [`EventTime::MIN`] is [`EventTime::MIN`]: old, whatever it was.
pub(crate) fn parse(text: &str) -> Option<EventTime> {
    let text = text.trim();
    if text.len() > DATE_BYTES_MAX || !text.is_ascii() {
        return None;
    }
    let bytes = text.as_bytes();
    let iso = bytes.len() >= 4 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes.get(4).is_none_or(|b| *b == b'-');
    let civil = if iso { iso_8601(text) } else { rfc_822(text) }?;
    match EventTime::parse(&civil.to_rfc_3339()) {
        Ok(time) => Some(time),
        Err(TimeError::TooOld) => Some(EventTime::MIN),
        Err(TimeError::Invalid) => None,
    }
}

/// Fields as found; [`EventTime::parse`] checks them.
#[derive(Default)]
struct Civil {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    /// Minutes east of UTC.
    offset: i32,
}

impl Civil {
    fn to_rfc_3339(&self) -> String {
        let Self { year, month, day, hour, minute, second, offset } = self;
        let sign = if *offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.unsigned_abs() / 60, offset.unsigned_abs() % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}")
    }
}

fn number(text: &str) -> Option<u32> {
    (!text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `2003-12-13T18:30:02.25+01:00`, and anything from `2003` on that is cut off at a field.
fn iso_8601(text: &str) -> Option<Civil> {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let mut fields = date.split('-');
    let mut civil = Civil {
        year: number(fields.next()?)?,
        month: fields.next().map_or(Some(1), number)?,
        day: fields.next().map_or(Some(1), number)?,
        ..Civil::default()
    };
    if fields.next().is_some() {
        return None;
    }
    if !time.is_empty() {
        let end = time.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(time.len());
        clock(&time[..end], &mut civil)?;
        civil.offset = zone(time[end..].trim())?;
    }
    Some(civil)
}

/// `12:00`, `12:00:01`, `12:00:01.5`.
fn clock(text: &str, civil: &mut Civil) -> Option<()> {
    let whole = text.split(['.', ',']).next()?;
    let mut fields = whole.split(':');
    civil.hour = number(fields.next()?)?;
    civil.minute = number(fields.next()?)?;
    civil.second = fields.next().map_or(Some(0), number)?;
    fields.next().is_none().then_some(())
}

/// `Sat, 13 Dec 2003 18:30:02 GMT` and `Sat Dec 13 18:30:02 2003`.
fn rfc_822(text: &str) -> Option<Civil> {
    let mut civil = Civil::default();
    let (mut day, mut month, mut year, mut timed, mut zoned) = (None, None, None, false, false);
    for word in text.split(|c: char| c.is_ascii_whitespace() || c == ',').filter(|word| !word.is_empty()) {
        if timed && matches!(word.as_bytes()[0], b'+' | b'-') {
            civil.offset = zone(word)?;
            zoned = true;
        } else if word.contains(':') {
            // A zone may stick to the time.
            let end = word.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.'))).unwrap_or(word.len());
            clock(&word[..end], &mut civil)?;
            if end < word.len() {
                civil.offset = zone(&word[end..])?;
                zoned = true;
            }
            timed = true;
        } else if word.as_bytes()[0].is_ascii_digit() && word.contains('-') {
            // RFC 850: 13-Dec-03.
            let mut fields = word.split('-');
            day = Some(number(fields.next()?)?);
            month = Some(month_of(fields.next()?)?);
            year = Some(year_of(fields.next()?)?);
        } else if let Some(value) = number(word) {
            if day.is_none() {
                day = Some(value);
            } else if year.is_none() {
                year = Some(year_of(word)?);
            }
        } else if month.is_none() && day.is_some() | year.is_none() && month_of(word).is_some() {
            month = month_of(word);
        } else if timed && !zoned {
            // A name that nobody knows is no reason to lose the item: UTC is at most half a day off.
            civil.offset = zone(word).unwrap_or(0);
            zoned = true;
        }
    }
    (civil.day, civil.month, civil.year) = (day?, month?, year?);
    Some(civil)
}

fn year_of(text: &str) -> Option<u32> {
    let year = number(text)?;
    Some(match text.len() {
        // RFC 2822 section 4.3.
        2 if year < 50 => 2000 + year,
        2 | 3 => 1900 + year,
        _ => year,
    })
}

fn month_of(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let head = word.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().position(|month| *month == head).map(|at| at as u32 + 1)
}

/// Minutes east of UTC.
fn zone(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes() {
        [] => return Some(0),
        [b'+', ..] => (1, &text[1..]),
        [b'-', ..] => (-1, &text[1..]),
        _ => return named_zone(text),
    };
    // `+00:00`, `+0000`, `+00`.
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (number(&digits)?, 0),
        4 => (number(&digits[..2])?, number(&digits[2..])?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) as i32)
}

/// RFC 822 section 5.1, and names that feeds use beside them.
fn named_zone(name: &str) -> Option<i32> {
    let hours = match name.to_ascii_uppercase().trim_matches(['(', ')']) {
        "Z" | "UT" | "UTC" | "GMT" | "WET" => 0,
        "BST" | "IST+" | "CET" | "MEZ" | "WEST" | "WAT" => 1,
        "CEST" | "MESZ" | "EET" | "SAST" => 2,
        "EEST" | "MSK" | "TRT" | "AST+" => 3,
        "WIB" | "ICT" => 7,
        "HKT" | "SGT" | "AWST" | "PHT" => 8,
        "JST" | "KST" => 9,
        "AEST" => 10,
        "AEDT" => 11,
        "NZST" => 12,
        "NZDT" => 13,
        "IST" => return Some(330),
        "BRT" | "ART" | "ADT" => -3,
        "AST" | "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return None,
    };
    Some(hours * 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_feeds_write() {
        for (text, expected) in [
            ("Sat, 13 Dec 2003 18:30:02 GMT", "2003-12-13T18:30:02Z"),
            ("Sat, 13 Dec 2003 18:30:02 +0100", "2003-12-13T17:30:02Z"),
            ("Sat, 13 Dec 2003 18:30 EST", "2003-12-13T23:30:00Z"),
            ("Sam., 13 Dec 2003 18:30:02 -00:30", "2003-12-13T19:00:02Z"),
            ("13 December 2003 18:30:02 Z", "2003-12-13T18:30:02Z"),
            ("13 Dec 03 18:30:02", "2003-12-13T18:30:02Z"),
            ("Saturday, 13-Dec-03 18:30:02 GMT", "2003-12-13T18:30:02Z"),
            ("Sat Dec 13 18:30:02 2003", "2003-12-13T18:30:02Z"),
            ("Sat, 13 Dec 2003", "2003-12-13T00:00:00Z"),
            ("Mon, 03 Mar 2003 09:00:00 Mars/Olympus", "2003-03-03T09:00:00Z"),
            ("2003-12-13T18:30:02.25+01:00", "2003-12-13T17:30:02Z"),
            ("2003-12-13T18:30:02+0100", "2003-12-13T17:30:02Z"),
            ("2000-01-01T12:00+00:00", "2000-01-01T12:00:00Z"),
            ("2003-12-13 18:30:02", "2003-12-13T18:30:02Z"),
            ("2003-12-13", "2003-12-13T00:00:00Z"),
            ("2003-12", "2003-12-01T00:00:00Z"),
            ("Thu, 01 Jan 1970 00:00:00 GMT", "2000-01-01T00:00:00Z"),
        ] {
            assert_eq!(parse(text).map(|time| time.to_string()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "yesterday",
            "31 Feb 2003 10:00 GMT",
            "2003-13-01",
            "13:00",
            "Dec 2003",
            "１３ Dec 2003",
            "2003-12-13T",
        ] {
            let time = parse(text);
            assert!(time.is_none() || text == "2003-12-13T", "{text} was read as {time:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn nor_on_what_looks_like_dates(text in "[A-Za-z0-9:+., TZ-]{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn reads_what_the_clock_prints(unix in 946_684_800_i64..4_102_444_800) {
            let time = EventTime::from_unix(unix);
            prop_assert_eq!(parse(&time.to_string()), Some(time));
        }
    }
}
