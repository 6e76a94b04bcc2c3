//! How well the scrubber does on labelled posts: precision, recall and F2 a type (CONTRACT section 6).
//!
//! ```
//! use groundswell_edge::scrub::eval::{Evaluation, LabelledSpan};
//!
//! let mut evaluation = Evaluation::new();
//! let span = LabelledSpan { kind: "EMAIL_ADDRESS".into(), start: 9, end: 25 };
//! let scrubbed = evaluation.add("write to jane@example.com", &[span]);
//! assert_eq!(scrubbed, "write to ⟨email⟩");
//! assert_eq!(evaluation.finish().types["EMAIL_ADDRESS"].recall, Some(1.0));
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Detection, Kind, LinkSink, Scrubber};

/// The part of a labelled street address that must be covered for it to count as found: labels take in towns and countries,
/// which are no personal data by themselves. Everything else must be covered whole.
pub const ADDRESS_COVERED_MIN: f64 = 0.5;

/// The part of a detection that must be labelled for it to count as right.
pub const DETECTION_LABELLED_MIN: f64 = 0.5;

/// A labelled stretch of a text, in characters (not bytes), end exclusive.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelledSpan {
    /// The set's name of the type, such as `EMAIL_ADDRESS`.
    #[serde(rename = "type")]
    pub kind: String,
    /// First character.
    pub start: usize,
    /// One after the last character.
    pub end: usize,
}

/// Figures of one type.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TypeReport {
    /// Labelled stretches.
    pub labelled: u64,
    /// Labelled stretches that were covered, by whatever kind of detection.
    pub found: u64,
    /// Labelled stretches of which every letter and digit was covered.
    pub found_whole: u64,
    /// Detections of the kinds that belong to this type.
    pub detected: u64,
    /// Detections that lie on something labelled as personal data, of whatever type.
    pub right: u64,
    /// Share of the labelled characters that were covered.
    pub characters_covered: Option<f64>,
    /// `found / labelled`.
    pub recall: Option<f64>,
    /// `right / detected`.
    pub precision: Option<f64>,
    /// F-measure that weighs recall twice.
    pub f2: Option<f64>,
}

/// What an evaluation found. Holds no text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Posts read.
    pub posts: u64,
    /// Figures by the set's types; links (`DOMAIN_NAME`) are apart from `overall`.
    pub types: BTreeMap<String, TypeReport>,
    /// All types that the rules attempt, links aside.
    pub overall: TypeReport,
    /// Labelled stretches of types that PRIVACY section 3 leaves to others (names, places, dates …), by type.
    pub not_attempted: BTreeMap<String, u64>,
}

/// The set's types that the rules attempt, and the kinds that answer to them.
const TYPES: &[(&str, &[Kind])] = &[
    ("EMAIL_ADDRESS", &[Kind::Email]),
    ("PHONE_NUMBER", &[Kind::Phone]),
    ("CREDIT_CARD", &[Kind::Card]),
    ("IBAN_CODE", &[Kind::Iban]),
    ("IP_ADDRESS", &[Kind::Ip]),
    ("MAC_ADDRESS", &[Kind::Mac]),
    ("US_SSN", &[Kind::IdNumber]),
    ("STREET_ADDRESS", &[Kind::Address]),
    ("CRYPTO", &[Kind::Crypto]),
    ("HANDLE", &[Kind::Handle, Kind::Did]),
    ("COORDINATES", &[Kind::Coordinates]),
    ("SECRET", &[Kind::Secret]),
    (LINKS, &[Kind::Link, Kind::Profile]),
];

const LINKS: &str = "DOMAIN_NAME";

fn attempted(kind: &str) -> Option<&'static str> {
    let kind = match kind {
        "EMAIL" => "EMAIL_ADDRESS",
        "PHONE" => "PHONE_NUMBER",
        "IBAN" => "IBAN_CODE",
        "URL" => LINKS,
        "LOCATION_ADDRESS" | "ADDRESS" => "STREET_ADDRESS",
        "ID_NUMBER" | "SSN" => "US_SSN",
        other => other,
    };
    TYPES.iter().map(|(name, _)| *name).find(|name| *name == kind)
}

#[derive(Default)]
struct Tally {
    report: TypeReport,
    characters: u64,
    characters_covered: u64,
}

/// Counts over labelled posts.
#[derive(Default)]
pub struct Evaluation {
    scrubber: Scrubber,
    posts: u64,
    tallies: BTreeMap<&'static str, Tally>,
    not_attempted: BTreeMap<String, u64>,
}

impl std::fmt::Debug for Evaluation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evaluation({} posts)", self.posts)
    }
}

impl Evaluation {
    /// An evaluation of nothing yet, with the built-in rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Scrubs one labelled post, counts, and gives the scrubbed text.
    pub fn add(&mut self, text: &str, spans: &[LabelledSpan]) -> String {
        self.posts += 1;
        let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        starts.push(text.len());
        let byte = |char: usize| starts[char.min(starts.len() - 1)];
        let labelled: Vec<(Option<&'static str>, std::ops::Range<usize>)> = spans
            .iter()
            .map(|span| (attempted(&span.kind), byte(span.start)..byte(span.end.max(span.start))))
            .collect();
        let detections = self.scrubber.detections(text).to_vec();

        for ((name, range), span) in labelled.iter().zip(spans) {
            let Some(name) = *name else {
                *self.not_attempted.entry(span.kind.clone()).or_default() += 1;
                continue;
            };
            let tally = self.tallies.entry(name).or_default();
            let (all, covered) = covered(text, range, detections.iter().map(|d| &d.range));
            tally.characters += all;
            tally.characters_covered += covered;
            tally.report.labelled += 1;
            tally.report.found_whole += u64::from(covered == all);
            let enough = if name == "STREET_ADDRESS" { ADDRESS_COVERED_MIN } else { 1.0 };
            tally.report.found += u64::from(all == 0 || covered as f64 >= enough * all as f64);
        }
        for Detection { kind, range } in &detections {
            let Some((name, _)) = TYPES.iter().find(|(_, kinds)| kinds.contains(kind)) else { continue };
            let tally = self.tallies.entry(name).or_default();
            tally.report.detected += 1;
            // What is labelled as any type is personal data, so removing it under another name is no mistake.
            let (all, labelled) = covered(text, range, labelled.iter().map(|(_, range)| range));
            tally.report.right += u64::from(labelled as f64 >= DETECTION_LABELLED_MIN * all as f64);
        }
        let mut scrubbed = String::with_capacity(text.len());
        self.scrubber.scrub(text, &mut scrubbed, &mut LinkSink::default());
        scrubbed
    }

    /// The figures.
    pub fn finish(self) -> Report {
        let mut overall = Tally::default();
        let mut types = BTreeMap::new();
        for (name, mut tally) in self.tallies {
            if name != LINKS {
                overall.report.labelled += tally.report.labelled;
                overall.report.found += tally.report.found;
                overall.report.found_whole += tally.report.found_whole;
                overall.report.detected += tally.report.detected;
                overall.report.right += tally.report.right;
                overall.characters += tally.characters;
                overall.characters_covered += tally.characters_covered;
            }
            rate(&mut tally);
            types.insert(name.to_owned(), tally.report);
        }
        rate(&mut overall);
        Report { posts: self.posts, types, overall: overall.report, not_attempted: self.not_attempted }
    }
}

/// Letters and digits of a stretch, and how many of them lie in other stretches.
fn covered<'a>(
    text: &str,
    range: &std::ops::Range<usize>,
    others: impl Iterator<Item = &'a std::ops::Range<usize>>,
) -> (u64, u64) {
    let others: Vec<_> = others.collect();
    let (mut all, mut inside) = (0, 0);
    for (at, char) in text[range.clone()].char_indices() {
        if char.is_alphanumeric() {
            all += 1;
            inside += u64::from(others.iter().any(|other| other.contains(&(range.start + at))));
        }
    }
    (all, inside)
}

fn rate(tally: &mut Tally) {
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let report = &mut tally.report;
    report.characters_covered = share(tally.characters_covered, tally.characters);
    report.recall = share(report.found, report.labelled);
    report.precision = share(report.right, report.detected);
    report.f2 = match (report.precision, report.recall) {
        (Some(p), Some(r)) if p + r > 0.0 => Some(5.0 * p * r / (4.0 * p + r)),
        (Some(_), Some(_)) => Some(0.0),
        _ => None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(kind: &str, start: usize, end: usize) -> LabelledSpan {
        LabelledSpan { kind: kind.into(), start, end }
    }

    #[test]
    fn counts_hits_misses_false_finds_and_what_is_not_attempted() {
        let mut evaluation = Evaluation::new();
        // Characters, not bytes: the name before has two letters of two bytes.
        evaluation.add("Żółw jane@example.com", &[span("EMAIL_ADDRESS", 5, 21), span("PERSON", 0, 4)]);
        evaluation.add("card 4111111111111112", &[span("CREDIT_CARD", 5, 21)]);
        evaluation.add("not labelled 192.0.2.1", &[]);
        let report = evaluation.finish();
        assert_eq!(report.posts, 3);
        assert_eq!(report.types["EMAIL_ADDRESS"].recall, Some(1.0));
        assert_eq!(report.types["EMAIL_ADDRESS"].precision, Some(1.0));
        assert_eq!(report.types["CREDIT_CARD"].recall, Some(0.0));
        assert_eq!(report.types["IP_ADDRESS"].precision, Some(0.0));
        assert_eq!(report.not_attempted["PERSON"], 1);
        assert_eq!((report.overall.labelled, report.overall.found), (2, 1));
        assert_eq!((report.overall.detected, report.overall.right), (2, 1));
        let f2 = report.overall.f2.unwrap();
        assert!((f2 - 0.5).abs() < 1e-9, "{f2}");
    }

    #[test]
    fn half_a_number_is_not_found() {
        let mut evaluation = Evaluation::new();
        evaluation.add("x 4111111111111111 12 y", &[span("CREDIT_CARD", 2, 21)]);
        assert_eq!(evaluation.finish().types["CREDIT_CARD"].found, 0);
    }
}
