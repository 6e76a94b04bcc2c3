//! From released rows to what is told of them, one function a kind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use groundswell_sketch::{Rfc3339, Step};

use super::words;
use super::{
    Baseline, ClauseCount, DetectionKind, DetectionRow, Evidence, Maturity, Method, Stretch, Subject, SubjectType,
};
use crate::amplification::{AmplificationRow, ObjectType};
use crate::burst::{BurstMethod, BurstOf, BurstRow, BurstType};
use crate::narrative::{NarrativeRow, NarrativeState, posts_within};
use crate::released::Released;
use crate::volume::{Dimension, VolumeRow, clause_of_value};

/// A narrative is told when it is hardly below this many times what it was (the lower end of its growth's interval). Two may be a
/// coincidence of a busy quarter of an hour; three is not.
pub const NARRATIVE_GROWTH_MIN: f64 = 3.0;
/// Clauses that are told of with a burst, at most.
const CLAUSES_TOLD_MAX: usize = 20;

/// What was found, before it is told: filled in this crate, from released rows alone.
pub(super) struct Finding {
    pub(super) kind: DetectionKind,
    /// The id of what was released. One is told once.
    pub(super) of: String,
    /// When it began, Unix seconds.
    pub(super) start: i64,
    /// End of the window by which it was found.
    pub(super) detected_at: i64,
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) subject: Subject,
    pub(super) evidence: Evidence,
    /// Observed over expected, the lower end where there is an interval.
    pub(super) strength: f64,
    pub(super) maturity: Maturity,
}

impl Released<DetectionRow> {
    /// Tells of a narrative that grows: `None` where it does not grow surely enough ([`NARRATIVE_GROWTH_MIN`]), or where nothing of
    /// what it is about may be said. `growth_minutes` is the stretch that its growth compares with the one before it.
    ///
    /// A narrative is told once in its life: its id is that of the narrative.
    pub fn from_narrative(row: &Released<NarrativeRow>, growth_minutes: i64) -> Option<Self> {
        let row: &NarrativeRow = row;
        let tells = matches!(row.state, NarrativeState::Emerging | NarrativeState::Growing);
        let [low, high] = row.growth_interval;
        if !tells || low < NARRATIVE_GROWTH_MIN || row.label.is_empty() {
            return None;
        }
        let as_of = row.as_of.0;
        let stretch = |back: i64| Stretch {
            start: Rfc3339(as_of - (back + 1) * growth_minutes * 60),
            end: Some(Rfc3339(as_of - back * growth_minutes * 60)),
        };
        let posts = |back: i64| {
            let timeline = row.timeline.iter().map(|bucket| (bucket.start.0, bucket.end.0, bucket.posts));
            posts_within(timeline, as_of - (back + 1) * growth_minutes * 60, as_of - back * growth_minutes * 60)
        };
        let (observed, before) = (posts(0), posts(1));
        let (label, languages) = (words::quoted(&row.label), words::mostly(&row.languages));
        let grown = if before == 0 {
            "after hardly any".to_owned()
        } else {
            format!("{} as many as in the {growth_minutes} before", words::times(row.growth))
        };
        let (title, summary) = (
            format!("The story {label} grows: {observed} posts in {growth_minutes} minutes, {grown}{languages}"),
            format!(
                "{} posts by {} authors since {}. In the last {growth_minutes} minutes {observed} posts, in the \
                 {growth_minutes} before {before}: growth {}, most likely between {low} and {high}. It stands for a story found \
                 by the likeness of texts, and counts only stretches that enough authors carried.",
                row.posts, row.authors, row.first_seen, row.growth,
            ),
        );
        Some(Self::told(Finding {
            kind: DetectionKind::Narrative,
            of: row.id.clone(),
            start: row.first_seen.0,
            detected_at: as_of,
            title,
            summary,
            subject: Subject { r#type: SubjectType::Narrative, value: row.id.clone() },
            evidence: Evidence {
                observed,
                expected: Some(before as f64),
                ratio: Some(row.growth),
                interval: Some(row.growth_interval),
                baseline: Some(Baseline { method: "the stretch before".to_owned(), windows: 1 }),
                method: Method { name: "narratives".to_owned(), version: 1 },
                windows: vec![stretch(0), stretch(1)],
                posts: Some(row.posts),
                languages: row.languages.clone(),
                domains: row.domains.clone(),
                narratives: vec![row.id.clone()],
                ..empty(row.authors, format!("groundswell export narratives --id {}", row.id))
            },
            strength: low,
            maturity: Maturity::Experimental,
        }))
    }
}

impl Released<DetectionRow> {
    /// Tells of a burst, once in its life. `clauses`: released volumes by clause, of which those of the same watch and time say by what a
    /// watch rose. `narrative`: of a burst of a narrative, that narrative as it was released last; `None` comes of it where nothing of
    /// what it is about may be said.
    pub fn from_burst<'r>(
        row: &Released<BurstRow>,
        clauses: impl IntoIterator<Item = &'r Released<VolumeRow>>,
        narrative: Option<&Released<NarrativeRow>>,
    ) -> Option<Self> {
        let row: &BurstRow = row;
        let narrative: Option<&NarrativeRow> = match row.subject.kind {
            BurstType::Narrative => Some(narrative.filter(|known| known.id == row.subject.value)?),
            _ => None,
        };
        if narrative.is_some_and(|narrative| narrative.label.is_empty()) {
            return None;
        }
        let subjects = || std::iter::once(&row.subject).chain(&row.related);
        let narratives = subjects().filter(|of| of.kind == BurstType::Narrative).map(|of| of.value.clone());
        let unknown = BTreeMap::new();
        let facts = BurstFacts {
            id: &row.id,
            subject: subject_type(&row.subject),
            value: &row.subject.value,
            called: narrative.map_or(&row.subject.value, |narrative| &narrative.label),
            start: row.start.0,
            end: row.end.map(|end| end.0),
            detected_at: row.detected_at.0,
            window: (row.window.start.0, row.window.end.0),
            observed: row.observed,
            expected: row.expected,
            expected_interval: Some(row.interval),
            baseline: Baseline {
                method: row.baseline.method.as_str().to_owned(),
                windows: u64::from(row.baseline.windows),
            },
            seasonal: row.baseline.method == BurstMethod::Seasonal,
            score: row.score,
            q: row.q,
            authors: row.authors,
            coverage: row.coverage,
            // Of any other, only what is counted is known, and not in which languages it is said.
            languages: narrative.map_or(&unknown, |narrative| &narrative.languages),
            domains: narrative.map_or(&[], |narrative| &narrative.domains),
            narratives: narratives.collect(),
            related: row
                .related
                .iter()
                .filter(|related| related.kind != BurstType::Narrative)
                .map(|related| Subject { r#type: subject_type(related), value: related.value.clone() })
                .collect(),
            clauses: match row.subject.kind {
                BurstType::Watch => clauses_of(&row.subject.value, row.window.start.0, row.window.end.0, clauses),
                _ => Vec::new(),
            },
            method: Method {
                name: match row.subject.kind {
                    BurstType::Phrase => format!("bursts in {}", words::SAMPLE),
                    _ => "bursts".to_owned(),
                },
                version: 1,
            },
            maturity: Maturity::Experimental,
        };
        Some(Self::told(facts.finding()))
    }

    /// Tells of an amplification, once in its life.
    pub fn from_amplification(row: &Released<AmplificationRow>) -> Self {
        let row: &AmplificationRow = row;
        let facts = AmplificationFacts {
            id: &row.id,
            start: row.start.0,
            end: Some(row.end.0),
            detected_at: row.as_of.0,
            object: row.object,
            shared_text: &row.shared_text,
            posts: row.posts,
            authors: row.authors,
            copies_per_author: row.copies_per_author,
            synchrony: Some(row.synchrony),
            family_overlap: row.family_overlap,
            q: row.q,
            domains: &row.domains,
            languages: &row.languages,
            method: Method { name: "amplification".to_owned(), version: 2 },
            maturity: Maturity::Experimental,
        };
        Self::told(facts.finding())
    }
}

/// How often a watch's clauses were released in a stretch, most often first: by whole hours or by minutes, whichever says more.
fn clauses_of<'r>(
    watch: &str,
    from: i64,
    to: i64,
    rows: impl IntoIterator<Item = &'r Released<VolumeRow>>,
) -> Vec<ClauseCount> {
    let mut sums: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for row in rows {
        let (of, clause) = clause_of_value(&row.value);
        let within = row.window.start >= from && row.window.end() <= to;
        if let (true, Some(figures)) = (row.dimension == Dimension::Clause && of == watch && within, row.figures) {
            sums.entry(clause).or_default()[usize::from(row.window.step == Step::Minute)] += figures.posts;
        }
    }
    let count =
        |(clause, sums): (&str, [u64; 2])| ClauseCount { clause: clause.to_owned(), posts: sums[0].max(sums[1]) };
    let mut clauses: Vec<ClauseCount> = sums.into_iter().map(count).collect();
    clauses.sort_by(|a, b| b.posts.cmp(&a.posts).then_with(|| a.clause.cmp(&b.clause)));
    clauses.truncate(CLAUSES_TOLD_MAX);
    clauses
}

/// As what a burst's subject is told. A name of several words is counted as one term.
const fn subject_type(of: &BurstOf) -> SubjectType {
    match of.kind {
        BurstType::Term => SubjectType::Term,
        BurstType::Phrase => SubjectType::Phrase,
        BurstType::Hashtag => SubjectType::Hashtag,
        BurstType::Domain => SubjectType::Domain,
        BurstType::Watch => SubjectType::Watch,
        BurstType::Narrative => SubjectType::Narrative,
        BurstType::Language => SubjectType::Language,
        BurstType::Total => SubjectType::Total,
    }
}

/// Evidence with nothing in it but what all have.
pub(super) fn empty(authors: u64, command: String) -> Evidence {
    Evidence {
        observed: 0,
        suppressed: false,
        expected: None,
        ratio: None,
        expected_interval: None,
        interval: None,
        share: None,
        tone: None,
        baseline: None,
        score: None,
        q: None,
        method: Method { name: String::new(), version: 0 },
        windows: Vec::new(),
        posts: None,
        authors,
        coverage: None,
        languages: BTreeMap::new(),
        domains: Vec::new(),
        narratives: Vec::new(),
        related: Vec::new(),
        clauses: Vec::new(),
        object: None,
        copies_per_author: None,
        shared_text: None,
        synchrony: None,
        family_overlap: None,
        page: String::new(),
        command,
    }
}

/// What a released burst says of itself, as it is told.
pub(super) struct BurstFacts<'a> {
    pub(super) id: &'a str,
    pub(super) subject: SubjectType,
    pub(super) value: &'a str,
    /// Its value in words: the label of a narrative.
    pub(super) called: &'a str,
    /// First second, last window's end (none while it goes on), and end of the window by which it was found.
    pub(super) start: i64,
    pub(super) end: Option<i64>,
    pub(super) detected_at: i64,
    /// The window of its peak, which `observed` and `expected` are of: first second, and the first one after it.
    pub(super) window: (i64, i64),
    pub(super) observed: u64,
    pub(super) expected: f64,
    /// In 95 of 100 windows there would be so many.
    pub(super) expected_interval: Option<[f64; 2]>,
    pub(super) baseline: Baseline,
    /// Whether the baseline is of the same hours of other weeks, so that "its usual Tuesday-evening level" is true.
    pub(super) seasonal: bool,
    pub(super) score: f64,
    pub(super) q: f64,
    pub(super) authors: u64,
    pub(super) coverage: f64,
    pub(super) languages: &'a BTreeMap<String, f64>,
    pub(super) domains: &'a [String],
    /// Ids of those that burst, itself among them.
    pub(super) narratives: Vec<String>,
    /// Other subjects of the same burst.
    pub(super) related: Vec<Subject>,
    pub(super) clauses: Vec<ClauseCount>,
    pub(super) method: Method,
    pub(super) maturity: Maturity,
}

impl BurstFacts<'_> {
    /// A burst as it is told.
    pub(super) fn finding(self) -> Finding {
        let ratio = if self.expected > 0.0 { self.observed as f64 / self.expected } else { f64::INFINITY };
        let title = words::burst_title(&words::BurstWords {
            subject: self.subject,
            value: self.called,
            observed: self.observed,
            expected: self.expected,
            window: self.window,
            seasonal: self.seasonal,
            languages: self.languages,
        });
        let (from, to) = self.window;
        let peak = Stretch { start: Rfc3339(from), end: Some(Rfc3339(to)) };
        let gap = if self.coverage < 1.0 {
            format!(" {:.0} % of the time was listened to.", self.coverage * 100.0)
        } else {
            String::new()
        };
        let sample = match self.subject {
            SubjectType::Phrase => format!("In {}: ", words::SAMPLE),
            _ => String::new(),
        };
        let summary = format!(
            "{sample}{} posts by {} authors in {}, {}, where {} were expected ({}, {} windows). It began on {}{}.{gap}",
            self.observed,
            self.authors,
            words::duration(to - from),
            words::stretch(from, to),
            words::expectation(self.expected),
            self.baseline.method,
            self.baseline.windows,
            words::moment(self.start),
            self.end.map_or_else(|| " and goes on".to_owned(), |end| format!(" and ended on {}", words::moment(end))),
        );
        let command = words::command(self.subject, self.value, self.window, self.detected_at);
        Finding {
            kind: DetectionKind::Burst,
            of: self.id.to_owned(),
            start: self.start,
            detected_at: self.detected_at,
            title,
            summary,
            subject: Subject { r#type: self.subject, value: self.value.to_owned() },
            strength: ratio,
            maturity: self.maturity,
            evidence: Evidence {
                observed: self.observed,
                expected: Some(words::hundredths(self.expected)),
                expected_interval: self.expected_interval,
                ratio: ratio.is_finite().then(|| words::hundredths(ratio)),
                related: self.related,
                baseline: Some(self.baseline),
                score: Some(self.score),
                q: Some(self.q),
                method: self.method,
                windows: vec![peak],
                coverage: Some(self.coverage),
                languages: self.languages.clone(),
                domains: self.domains.to_vec(),
                narratives: self.narratives,
                clauses: self.clauses,
                ..empty(self.authors, command)
            },
        }
    }
}

/// What a released amplification says of itself, as it is told.
#[derive(Clone)]
pub(super) struct AmplificationFacts<'a> {
    pub(super) id: &'a str,
    pub(super) start: i64,
    pub(super) end: Option<i64>,
    pub(super) detected_at: i64,
    pub(super) object: ObjectType,
    pub(super) shared_text: &'a str,
    pub(super) posts: u64,
    pub(super) authors: u64,
    pub(super) copies_per_author: f64,
    pub(super) synchrony: Option<f64>,
    pub(super) family_overlap: Option<f64>,
    pub(super) q: Option<f64>,
    pub(super) domains: &'a [String],
    pub(super) languages: &'a BTreeMap<String, f64>,
    pub(super) method: Method,
    pub(super) maturity: Maturity,
}

impl AmplificationFacts<'_> {
    /// A text by the id of its row, and what can be named by its name.
    fn subject(&self) -> Subject {
        let (r#type, value) = match self.object {
            ObjectType::Text => (SubjectType::Text, self.id),
            ObjectType::Hashtag => (SubjectType::Hashtag, self.shared_text.trim_start_matches('#')),
            ObjectType::Link => (SubjectType::Link, self.shared_text),
        };
        Subject { r#type, value: value.to_owned() }
    }

    /// An amplification as it is told. Its strength is how far its rhythm stands above chance, in standard deviations.
    pub(super) fn finding(self) -> Finding {
        let until = self.end.unwrap_or(self.detected_at);
        let (within, languages) = (words::duration(until - self.start), words::mostly(self.languages));
        let (posts, authors) = (self.posts, self.authors);
        let stretch = words::stretch(self.start, until);
        let each = self.copies_per_author;
        let (title, mut summary) = if self.object == ObjectType::Text {
            let text = words::quoted(self.shared_text);
            (
                format!("The same text in {posts} posts by {authors} authors within {within}: {text}{languages}"),
                format!(
                    "{posts} posts of one text, or nearly, by {authors} authors, {stretch}: {each:.1} copies an author."
                ),
            )
        } else {
            let what = words::pushed(self.object, self.shared_text, self.domains);
            (
                format!("{what} in {posts} posts by {authors} authors within {within}, in different words{languages}"),
                format!(
                    "{posts} posts with {} by {authors} authors, {stretch}, in words that differ: {each:.1} posts an author.",
                    self.shared_text
                ),
            )
        };
        if let Some(q) = self.q {
            let often = words::often(q);
            let _ = write!(summary, " By chance, or where something spreads by itself, something looks so {often}.");
        }
        if let Some(overlap) = self.family_overlap {
            let _ = write!(
                summary,
                " {:.0} % of the authors also carry other texts, links or hashtags that many spread.",
                overlap * 100.0
            );
        }
        summary.push_str(" This cannot tell a campaign from enthusiasm.");
        Finding {
            kind: DetectionKind::Amplification,
            of: self.id.to_owned(),
            start: self.start,
            detected_at: self.detected_at,
            title,
            summary,
            subject: self.subject(),
            strength: self.synchrony.unwrap_or(0.0),
            maturity: self.maturity,
            evidence: Evidence {
                observed: self.posts,
                object: Some(self.object),
                q: self.q,
                copies_per_author: Some(words::hundredths(self.copies_per_author)),
                method: self.method,
                windows: vec![Stretch { start: Rfc3339(self.start), end: self.end.map(Rfc3339) }],
                languages: self.languages.clone(),
                domains: self.domains.to_vec(),
                shared_text: Some(self.shared_text.to_owned()),
                synchrony: self.synchrony,
                family_overlap: self.family_overlap,
                ..empty(
                    self.authors,
                    format!("groundswell export amplifications --from {} --to {}", Rfc3339(self.start), Rfc3339(until)),
                )
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use groundswell_sketch::Window;

    use super::*;
    use crate::volume::{Figures, clause_value};

    fn clause(step: Step, start: i64, watch: &str, clause: &str, posts: u64) -> Released<VolumeRow> {
        Released::new(VolumeRow {
            window: Window::containing(step, start),
            dimension: Dimension::Clause,
            value: clause_value(watch, clause),
            figures: Some(Figures { posts, authors: posts }),
            publisher_only: false,
            name_publishers: None,
        })
    }

    #[test]
    fn clauses_are_those_of_the_watch_in_the_look() {
        const HOUR: i64 = 1_795_546_800;
        let rows = [
            clause(Step::Minute, HOUR, "floods", "dam", 12),
            clause(Step::Minute, HOUR + 60, "floods", "dam", 15),
            clause(Step::Minute, HOUR + 60, "floods", "river", 11),
            // Minutes below k are missing from the first sum, and not from this one.
            clause(Step::Hour, HOUR, "floods", "river", 90),
            clause(Step::Minute, HOUR + 3_600, "floods", "dam", 100),
            clause(Step::Minute, HOUR, "fires", "dam", 100),
            clause(Step::Minute, HOUR - 60, "floods", "dam", 100),
        ];
        let counts: Vec<(String, u64)> = clauses_of("floods", HOUR, HOUR + 3_600, &rows)
            .into_iter()
            .map(|count| (count.clause, count.posts))
            .collect();
        assert_eq!(counts, [("river".to_owned(), 90), ("dam".to_owned(), 27)]);
        // Of a look that is shorter than an hour, the hour says nothing.
        let counts = clauses_of("floods", HOUR, HOUR + 120, &rows);
        assert_eq!(counts.iter().map(|count| count.posts).collect::<Vec<_>>(), [27, 11]);
    }
}
