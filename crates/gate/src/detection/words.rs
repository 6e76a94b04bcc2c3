//! How findings are said: titles as a person would write them, in English, from released numbers and words alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use groundswell_sketch::{Rfc3339, Step};

use super::{QUOTED_CHARS_MAX, SubjectType, ToneClass};
use crate::amplification::ObjectType;
use crate::burst::PHRASE_SAMPLE;
use crate::emoji::emoji_name;
use crate::volume::OTHER;

/// A baseline of the same hours goes back so far.
const SEASON_SECONDS: i64 = 28 * 86_400;

/// A window of this length is a day's, as far as words go.
const DAY_SECONDS_MIN: i64 = 12 * 3_600;

/// What counts of phrases are counts of.
pub(super) const SAMPLE: &str = "a sample of one post in four";
const _: () = assert!(PHRASE_SAMPLE == 4, "it is said so");

/// What a burst's title is made from.
pub(super) struct BurstWords<'a> {
    pub(super) subject: SubjectType,
    pub(super) value: &'a str,
    pub(super) observed: u64,
    pub(super) expected: f64,
    /// The window that the numbers are of: first second, and the first one after it.
    pub(super) window: (i64, i64),
    /// The level is that of the same hours of other weeks.
    pub(super) seasonal: bool,
    pub(super) languages: &'a BTreeMap<String, f64>,
}

/// `'dam failure' is 14 times its usual Tuesday-evening level, mostly in Portuguese`.
pub(super) fn burst_title(burst: &BurstWords<'_>) -> String {
    let (name, many) = subject(burst.subject, burst.value);
    let (is, its) = if many { ("are", "their") } else { ("is", "its") };
    let (start, end) = burst.window;
    let level = level(burst.seasonal, burst.window);
    let ratio = burst.observed as f64 / burst.expected;
    // Of a few posts a ratio says little, and of none nothing.
    let said = if burst.expected < 1.0 {
        let sample = if burst.subject == SubjectType::Phrase { format!(" in {SAMPLE}") } else { String::new() };
        let length = duration(end - start);
        format!("{name}: {} posts in {length}{sample}, where there are usually hardly any", burst.observed)
    } else if ratio >= 1.0 {
        format!("{name} {is} {} {its} usual {level}", times(ratio))
    } else {
        format!("{name} {is} at {:.0} % of {its} usual {level}", ratio * 100.0)
    };
    let languages = if burst.subject == SubjectType::Language { String::new() } else { mostly(burst.languages) };
    format!("{said}{languages}")
}

/// What a level is called: by its hours only where it is theirs.
fn level(seasonal: bool, (start, end): (i64, i64)) -> String {
    match (seasonal, end - start >= DAY_SECONDS_MIN) {
        (false, _) => "level".to_owned(),
        (true, true) => format!("{} level", weekday(start)),
        (true, false) => format!("{}-{} level", weekday(start), part_of_day(start)),
    }
}

/// What a level is called where a share is told beside it: `for a Tuesday evening 12 % is usual`.
fn of_level(seasonal: bool, (start, _): (i64, i64)) -> String {
    if seasonal { format!("for a {} {} ", weekday(start), part_of_day(start)) } else { String::new() }
}

/// What the title of a silence or of a shift is made from.
pub(super) struct Usual<'a> {
    pub(super) subject: SubjectType,
    pub(super) value: &'a str,
    pub(super) window: (i64, i64),
    pub(super) seasonal: bool,
}

impl Usual<'_> {
    /// `Talk in Portuguese is at 8 % of its usual Tuesday-evening level`.
    pub(super) fn title(&self, observed: u64, expected: f64) -> String {
        let (name, many) = subject(self.subject, self.value);
        let (is, its) = if many { ("are", "their") } else { ("is", "its") };
        let share = observed as f64 / expected.max(0.01) * 100.0;
        format!("{name} {is} at {share:.0} % of {its} usual {}", level(self.seasonal, self.window))
    }

    /// `Talk in Portuguese has nearly stopped: fewer than 10 authors in 60 minutes, where there are usually 233`.
    pub(super) fn silence_title(&self, k: u64, usually: u64) -> String {
        let (name, many) = subject(self.subject, self.value);
        let has = if many { "have" } else { "has" };
        let (start, end) = self.window;
        format!(
            "{name} {has} nearly stopped: fewer than {k} authors in {}, where there are usually {usually}",
            duration(end - start)
        )
    }
}

impl Usual<'_> {
    /// `Portuguese makes up 31 % of posts; for a Tuesday evening 12 % is usual`.
    pub(super) fn share_title(&self, share: f64, expected: f64) -> String {
        let (name, many) = subject(self.subject, self.value);
        let has = match self.subject {
            SubjectType::Language if self.value == "und" => "Text in no known language makes up".to_owned(),
            SubjectType::Language => format!("{} makes up", language(self.value)),
            SubjectType::Source => format!("{name} brings"),
            _ if many => format!("{name} are in"),
            _ => format!("{name} is in"),
        };
        let usual = of_level(self.seasonal, self.window);
        format!("{has} {} of posts; {usual}{} is usual", percent(share), percent(expected))
    }

    /// `The watch water sounds more negative than usual: 61 % of posts in Portuguese; for a Tuesday evening 35 % is usual`.
    pub(super) fn tone_title(
        &self,
        class: ToneClass,
        in_language: &str,
        (share, expected): (f64, f64),
        rises: bool,
    ) -> String {
        let (name, many) = subject(self.subject, self.value);
        let sounds = if many { "sound" } else { "sounds" };
        let usual = of_level(self.seasonal, self.window);
        format!(
            "{name} {sounds} {} {class} than usual: {} of posts in {}; {usual}{} is usual",
            if rises { "more" } else { "less" },
            percent(share),
            language(in_language),
            percent(expected)
        )
    }

    /// `Links to example.org have nearly gone: fewer than 10 of 2900 authors, where 12 % of posts is usual`.
    pub(super) fn gone_title(&self, k: u64, authors: u64, expected: f64) -> String {
        let (name, many) = subject(self.subject, self.value);
        let has = if many { "have" } else { "has" };
        let usual = of_level(self.seasonal, self.window);
        format!(
            "{name} {has} nearly gone: fewer than {k} of {authors} authors, where {usual}{} of posts is usual",
            percent(expected)
        )
    }
}

/// What is spoken of, and whether it is many.
fn subject(subject: SubjectType, value: &str) -> (String, bool) {
    match subject {
        SubjectType::Term => (term(value), false),
        SubjectType::Phrase | SubjectType::Text | SubjectType::Link => (quoted(value), false),
        SubjectType::Hashtag => (format!("#{}", cut(&plain(value), QUOTED_CHARS_MAX)), false),
        SubjectType::Domain => (format!("Links to {}", cut(&plain(value), QUOTED_CHARS_MAX)), true),
        SubjectType::Watch => (format!("The watch {}", cut(&plain(value), QUOTED_CHARS_MAX)), false),
        SubjectType::Narrative => (format!("The story {}", quoted(value)), false),
        SubjectType::Language => (format!("Talk in {}", language(value)), false),
        SubjectType::Source => (format!("The source {}", cut(&plain(value), QUOTED_CHARS_MAX)), false),
        SubjectType::Total => ("All talk together".to_owned(), false),
    }
}

/// `'flood'`, `'🔥' (fire)`.
fn term(value: &str) -> String {
    let quoted = quoted(value);
    emoji_name(value).map_or_else(|| quoted.clone(), |name| format!("{quoted} ({name})"))
}

/// What was pushed in texts that differ, as it begins a title.
pub(super) fn pushed(object: ObjectType, shared: &str, domains: &[String]) -> String {
    match object {
        ObjectType::Text => quoted(shared),
        ObjectType::Hashtag => cut(&plain(shared), QUOTED_CHARS_MAX),
        ObjectType::Link => {
            let domain = domains.first().map_or(shared, String::as_str);
            format!("One link to {}", cut(&plain(domain), QUOTED_CHARS_MAX))
        }
    }
}

/// In quotation marks, cut where it is long.
pub(super) fn quoted(value: &str) -> String {
    format!("'{}'", cut(&plain(value), QUOTED_CHARS_MAX))
}

/// Without what would change the line it stands in: control characters, and marks that turn its direction.
fn plain(value: &str) -> String {
    let turns =
        |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    value
        .chars()
        .filter(|letter| !turns(*letter))
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// At most so many characters; what was cut shows.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// `14 times`, `2.5 times`; what is known no better than to the half is not said better.
pub(super) fn times(ratio: f64) -> String {
    if ratio >= 1_000.0 {
        "more than 1,000 times".to_owned()
    } else if ratio >= 9.5 {
        format!("{ratio:.0} times")
    } else {
        let tenths = format!("{ratio:.1}");
        format!("{} times", tenths.strip_suffix(".0").unwrap_or(&tenths))
    }
}

/// What was expected, no finer than it is known.
pub(super) fn expectation(expected: f64) -> String {
    if expected < 1.0 { "fewer than 1".to_owned() } else { times(expected).replace(" times", "") }
}

/// `31 %`, `8.7 %`: small shares to a tenth of a per cent.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 9.95 {
        format!("{percent:.0} %")
    } else {
        let tenths = format!("{percent:.1}");
        format!("{} %", tenths.strip_suffix(".0").unwrap_or(&tenths))
    }
}

pub(super) fn hundredths(number: f64) -> f64 {
    let rounded = (number * 100.0).round() / 100.0;
    if rounded.is_finite() { rounded } else { 0.0 }
}

/// `40 minutes`, `3 hours`, `2 days`: rounded up, so that it is within.
pub(super) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(60);
    let (count, unit) = if seconds <= 90 * 60 {
        ((seconds + 59) / 60, "minute")
    } else if seconds <= 48 * 3_600 {
        ((seconds + 3_599) / 3_600, "hour")
    } else {
        ((seconds + 86_399) / 86_400, "day")
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `9 Oct 2016` and `22:37`, of an event time.
fn date_and_time(unix: i64) -> (String, String) {
    let written = Rfc3339(unix).to_string();
    let (date, time) = written.split_once('T').unwrap_or((&written, ""));
    let mut parts = date.rsplitn(3, '-');
    let (day, month, year) = (parts.next(), parts.next(), parts.next());
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<usize>().ok()).unwrap_or(0);
    let month = MONTHS.get(number(month).wrapping_sub(1)).copied().unwrap_or("?");
    (format!("{} {month} {}", number(day), year.unwrap_or("")), time.chars().take(5).collect())
}

/// `9 Oct 2016, 22:37 UTC`.
pub(super) fn moment(unix: i64) -> String {
    let (date, time) = date_and_time(unix);
    format!("{date}, {time} UTC")
}

/// `9 Oct 2016, 22:37 to 23:53 UTC`; with the second day where it is another.
pub(super) fn stretch(from: i64, to: i64) -> String {
    let ((date, from), (last, to)) = (date_and_time(from), date_and_time(to));
    let last = if last == date { String::new() } else { format!("{last}, ") };
    format!("{date}, {from} to {last}{to} UTC")
}

/// What is rarer is not told apart: no detector has seen ten years of a stream.
const OFTEN_MIN: f64 = 1.0 / 3_650.0;

/// `once a day`, `12 times a day`, `once in 20 days`, from so many a day.
pub(super) fn often(a_day: f64) -> String {
    let rounded = |number: f64| if number < 10.0 { hundredths(number) } else { number.round() };
    if a_day <= 0.0 {
        "never".to_owned()
    } else if a_day < OFTEN_MIN {
        "less than once in ten years".to_owned()
    } else if a_day < 0.995 {
        format!("once in {} days", rounded(1.0 / a_day))
    } else if a_day < 1.005 {
        "once a day".to_owned()
    } else {
        format!("{} times a day", rounded(a_day))
    }
}

/// `, mostly in Portuguese`; nothing where no one or two languages lead.
pub(super) fn mostly(languages: &BTreeMap<String, f64>) -> String {
    let mut named: Vec<(&str, f64)> = languages
        .iter()
        .filter(|(code, _)| code.as_str() != OTHER && code.as_str() != "und")
        .map(|(code, share)| (code.as_str(), *share))
        .collect();
    named.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    match named.as_slice() {
        [(first, share), ..] if *share >= 0.6 => format!(", mostly in {}", language(first)),
        [(first, one), (second, other), ..] if one + other >= 0.75 => {
            format!(", mostly in {} and {}", language(first), language(second))
        }
        _ => String::new(),
    }
}

fn weekday(unix: i64) -> &'static str {
    // 1970-01-01 was a Thursday.
    const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    DAYS[unix.div_euclid(86_400).rem_euclid(7) as usize]
}

/// In UTC, as all times here.
fn part_of_day(unix: i64) -> &'static str {
    match unix.rem_euclid(86_400) / 3_600 {
        5..=11 => "morning",
        12..=16 => "afternoon",
        17..=21 => "evening",
        _ => "night",
    }
}

/// The command that shows the numbers: of the windows themselves and of four weeks before them.
pub(super) fn command(subject: SubjectType, value: &str, window: (i64, i64), until: i64) -> String {
    if subject == SubjectType::Narrative {
        return format!("groundswell export narratives --id {}", argument(value));
    }
    if subject == SubjectType::Phrase {
        // There are no volumes of phrases; their bursts have the counts and what was expected.
        let (from, to) = (Rfc3339(window.0), Rfc3339(until));
        return format!("groundswell export bursts --type phrase --value {} --from {from} --to {to}", argument(value));
    }
    // Windows of a burst begin where they begin: minutes show them, and hours those of a day.
    let (start, end) = window;
    let step = if end - start > Step::Hour.seconds() { Step::Hour } else { Step::Minute };
    volumes(subject, value, step, (start - SEASON_SECONDS, until))
}

/// The command that shows the hours of a subject: of that hour and of four weeks before it.
pub(super) fn hours_command(subject: SubjectType, value: &str, (start, _): (i64, i64), until: i64) -> String {
    volumes(subject, value, Step::Hour, (start - SEASON_SECONDS, until))
}

/// The commands that show the hours of a subject, and of all posts.
pub(super) fn share_command(subject: SubjectType, value: &str, window: (i64, i64), until: i64) -> String {
    let [of, all] = [subject, SubjectType::Total].map(|subject| hours_command(subject, value, window, until));
    format!("{of} && {all}")
}

/// The command that shows how a watch's posts in a language sounded: in that hour and in four weeks before it.
pub(super) fn tone_command(watch: &str, language: &str, (start, _): (i64, i64), until: i64) -> String {
    format!(
        "groundswell export tone --watch {} --language {} --from {} --to {}",
        argument(watch),
        argument(language),
        Rfc3339(start - SEASON_SECONDS),
        Rfc3339(until)
    )
}

fn volumes(subject: SubjectType, value: &str, step: Step, (from, to): (i64, i64)) -> String {
    let mut command = format!("groundswell export volumes --by {} --step {step}", subject.as_str());
    if subject != SubjectType::Total {
        let _ = write!(command, " --value {}", argument(value));
    }
    let _ = write!(command, " --from {} --to {}", Rfc3339(from), Rfc3339(to));
    command
}

/// A value as a shell takes it for one word.
fn argument(value: &str) -> String {
    let bare = !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
        && !value.starts_with('-');
    if bare { value.to_owned() } else { format!("'{}'", plain(value).replace('\'', r"'\''")) }
}

/// A language's name in English; its code where no name is known.
fn language(code: &str) -> &str {
    NAMES.binary_search_by(|(known, _)| known.cmp(&code)).map_or(code, |at| NAMES[at].1)
}

/// By ISO 639-1 code.
const NAMES: [(&str, &str); 91] = [
    ("af", "Afrikaans"),
    ("am", "Amharic"),
    ("ar", "Arabic"),
    ("az", "Azerbaijani"),
    ("be", "Belarusian"),
    ("bg", "Bulgarian"),
    ("bn", "Bengali"),
    ("bs", "Bosnian"),
    ("ca", "Catalan"),
    ("cs", "Czech"),
    ("cy", "Welsh"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("eo", "Esperanto"),
    ("es", "Spanish"),
    ("et", "Estonian"),
    ("eu", "Basque"),
    ("fa", "Persian"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("ga", "Irish"),
    ("gl", "Galician"),
    ("gu", "Gujarati"),
    ("ha", "Hausa"),
    ("he", "Hebrew"),
    ("hi", "Hindi"),
    ("hr", "Croatian"),
    ("hu", "Hungarian"),
    ("hy", "Armenian"),
    ("id", "Indonesian"),
    ("is", "Icelandic"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ka", "Georgian"),
    ("kk", "Kazakh"),
    ("km", "Khmer"),
    ("kn", "Kannada"),
    ("ko", "Korean"),
    ("ku", "Kurdish"),
    ("la", "Latin"),
    ("lg", "Ganda"),
    ("lo", "Lao"),
    ("lt", "Lithuanian"),
    ("lv", "Latvian"),
    ("mi", "Maori"),
    ("mk", "Macedonian"),
    ("ml", "Malayalam"),
    ("mn", "Mongolian"),
    ("mr", "Marathi"),
    ("ms", "Malay"),
    ("my", "Burmese"),
    ("nb", "Norwegian Bokmål"),
    ("ne", "Nepali"),
    ("nl", "Dutch"),
    ("nn", "Norwegian Nynorsk"),
    ("no", "Norwegian"),
    ("or", "Odia"),
    ("pa", "Punjabi"),
    ("pl", "Polish"),
    ("ps", "Pashto"),
    ("pt", "Portuguese"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("si", "Sinhala"),
    ("sk", "Slovak"),
    ("sl", "Slovenian"),
    ("sn", "Shona"),
    ("so", "Somali"),
    ("sq", "Albanian"),
    ("sr", "Serbian"),
    ("st", "Sotho"),
    ("sv", "Swedish"),
    ("sw", "Swahili"),
    ("ta", "Tamil"),
    ("te", "Telugu"),
    ("tg", "Tajik"),
    ("th", "Thai"),
    ("tl", "Tagalog"),
    ("tn", "Tswana"),
    ("tr", "Turkish"),
    ("ts", "Tsonga"),
    ("uk", "Ukrainian"),
    ("ur", "Urdu"),
    ("uz", "Uzbek"),
    ("vi", "Vietnamese"),
    ("xh", "Xhosa"),
    ("yo", "Yoruba"),
    ("zh", "Chinese"),
    ("zu", "Zulu"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24, a Tuesday, at 19:00:00 UTC.
    const TUESDAY_EVENING: i64 = 1_795_546_800;

    fn title(subject: SubjectType, value: &str, observed: u64, expected: f64) -> String {
        let languages = BTreeMap::from([("pt".to_owned(), 0.83), ("es".to_owned(), 0.1), (OTHER.to_owned(), 0.07)]);
        burst_title(&BurstWords {
            subject,
            value,
            observed,
            expected,
            window: (TUESDAY_EVENING, TUESDAY_EVENING + 3_600),
            seasonal: true,
            languages: &languages,
        })
    }

    #[test]
    fn titles_are_what_a_person_would_write() {
        assert_eq!(
            title(SubjectType::Phrase, "dam failure", 412, 29.4),
            "'dam failure' is 14 times its usual Tuesday-evening level, mostly in Portuguese"
        );
        assert_eq!(
            title(SubjectType::Phrase, "dam failure", 42, 0.03),
            "'dam failure': 42 posts in 60 minutes in a sample of one post in four, where there are usually hardly any, mostly in Portuguese"
        );
        assert_eq!(
            title(SubjectType::Domain, "example.org", 50, 20.0),
            "Links to example.org are 2.5 times their usual Tuesday-evening level, mostly in Portuguese"
        );
        assert_eq!(
            title(SubjectType::Hashtag, "flood", 42, 0.03),
            "#flood: 42 posts in 60 minutes, where there are usually hardly any, mostly in Portuguese"
        );
        assert_eq!(
            title(SubjectType::Language, "pt", 40, 20.0),
            "Talk in Portuguese is 2 times its usual Tuesday-evening level"
        );
        assert_eq!(
            title(SubjectType::Total, "all", 40, 160.0),
            "All talk together is at 25 % of its usual Tuesday-evening level, mostly in Portuguese"
        );
    }

    #[test]
    fn an_emoji_is_called_by_its_name() {
        let named = |kind, value| subject(kind, value).0;
        assert_eq!(named(SubjectType::Term, "🔥"), "'🔥' (fire)");
        assert_eq!(named(SubjectType::Term, "🇵🇹"), "'🇵🇹' (flag: Portugal)");
        assert_eq!(named(SubjectType::Term, "fire"), "'fire'");
        assert_eq!(named(SubjectType::Hashtag, "🔥"), "#🔥");
    }

    #[test]
    fn a_level_is_called_by_its_hours_only_where_it_is_theirs() {
        let none = BTreeMap::new();
        let with = |seconds, seasonal| {
            let words = BurstWords {
                subject: SubjectType::Watch,
                value: "river-floods",
                observed: 40,
                expected: 4.0,
                window: (TUESDAY_EVENING, TUESDAY_EVENING + seconds),
                seasonal,
                languages: &none,
            };
            burst_title(&words)
        };
        assert_eq!(with(3_600, false), "The watch river-floods is 10 times its usual level");
        assert_eq!(with(80_000, true), "The watch river-floods is 10 times its usual Tuesday level");
    }

    #[test]
    fn what_is_quoted_stays_in_its_line_and_its_place() {
        assert_eq!(quoted("a\nb\u{202e}c\u{7}"), "'a bc '");
        let long = quoted(&"ß".repeat(1_000));
        assert_eq!(long.chars().count(), QUOTED_CHARS_MAX + 2);
        assert!(long.ends_with("…'"));
        assert_eq!(argument("it's; rm -rf"), r"'it'\''s; rm -rf'");
        assert_eq!(argument("-x"), "'-x'");
        assert_eq!(argument("river-floods"), "river-floods");
    }

    #[test]
    fn languages_are_named_where_they_lead() {
        let of =
            |shares: &[(&str, f64)]| mostly(&shares.iter().map(|(code, share)| ((*code).to_owned(), *share)).collect());
        assert_eq!(of(&[("en", 0.6), ("de", 0.4)]), ", mostly in English");
        assert_eq!(of(&[("en", 0.5), ("de", 0.4)]), ", mostly in English and German");
        assert_eq!(of(&[("en", 0.4), ("de", 0.3)]), "");
        assert_eq!(of(&[("und", 0.9), (OTHER, 0.1)]), "");
        assert_eq!(of(&[("xx", 0.9)]), ", mostly in xx");
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0), "looked up by halves");
    }

    #[test]
    fn times_are_written_as_people_write_them() {
        let minutes = |minutes: i64| 1_476_052_620 + 60 * minutes;
        assert_eq!(moment(minutes(0)), "9 Oct 2016, 22:37 UTC");
        assert_eq!(stretch(minutes(0), minutes(76)), "9 Oct 2016, 22:37 to 23:53 UTC");
        assert_eq!(stretch(minutes(0), minutes(90)), "9 Oct 2016, 22:37 to 10 Oct 2016, 00:07 UTC");
        let said = [0.0, 1e-9, 0.0003, 0.05, 0.3, 0.998, 1.0, 1.004, 1.5, 12.3].map(often);
        assert_eq!(
            said,
            [
                "never",
                "less than once in ten years",
                "once in 3333 days",
                "once in 20 days",
                "once in 3.33 days",
                "once a day",
                "once a day",
                "once a day",
                "1.5 times a day",
                "12 times a day",
            ]
        );
    }

    #[test]
    fn lengths_are_rounded_up() {
        for (seconds, said) in
            [(0, "1 minute"), (61, "2 minutes"), (5_400, "90 minutes"), (5_401, "2 hours"), (172_801, "3 days")]
        {
            assert_eq!(duration(seconds), said);
        }
    }

    #[test]
    fn the_command_shows_the_numbers_it_came_from() {
        let command = |subject| {
            command(subject, "dam failure", (TUESDAY_EVENING, TUESDAY_EVENING + 3_600), TUESDAY_EVENING + 3_600)
        };
        assert_eq!(
            command(SubjectType::Hashtag),
            "groundswell export volumes --by hashtag --step minute --value 'dam failure' --from 2026-10-27T19:00:00Z --to 2026-11-24T20:00:00Z"
        );
        assert_eq!(
            command(SubjectType::Phrase),
            "groundswell export bursts --type phrase --value 'dam failure' --from 2026-11-24T19:00:00Z --to 2026-11-24T20:00:00Z"
        );
    }
}
