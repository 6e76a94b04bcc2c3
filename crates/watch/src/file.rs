//! Watches and the file that holds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use groundswell_query::{Query, QueryError};
use groundswell_text::Analyzer;
use serde::Deserialize;
use toml::Spanned;

use crate::date::Date;
use crate::frequency::Frequencies;
use crate::percolator::{CompileError, Percolator, PercolatorBuilder, WatchId, clauses_of};
use crate::privacy::{Guard, NameShown};
use crate::{SUNSET_DAYS, SUNSET_DAYS_MAX, WATCHES_MAX};

/// Longest name, in characters.
pub const NAME_CHARACTERS_MAX: usize = 64;
/// Longest category, in characters.
pub const CATEGORY_CHARACTERS_MAX: usize = 64;
/// Shortest sentence that says what a watch is for, in characters.
pub const SENTENCE_CHARACTERS_MIN: usize = 10;
/// Longest such sentence, in characters.
pub const SENTENCE_CHARACTERS_MAX: usize = 500;

/// What a watch is for (PRIVACY section 7). Everyone who can read any output can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// One of a few words of the operator's own choosing, as `crisis-response`: by this watches are sorted in the register.
    pub category: String,
    /// A sentence.
    pub sentence: String,
}

/// A query that is looked for in every post, with its reason and its end.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Its name, unique without regard to case.
    pub name: String,
    /// The query as written.
    pub text: String,
    /// The query as read.
    pub query: Query,
    /// What it is for.
    pub purpose: Purpose,
    /// First day.
    pub created: Date,
    /// The day from whose beginning it no longer matches.
    pub sunset: Date,
}

/// Whether a watch still matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WatchState {
    /// It matches.
    Active,
    /// Its sunset has come. It is kept and shown, and matches nothing until it is renewed.
    Expired,
}

impl WatchState {
    /// `active` or `expired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
        }
    }
}

impl Watch {
    /// Whether it matches on that day, by the real clock (also in a replay of old posts).
    pub fn state(&self, today: Date) -> WatchState {
        if today < self.sunset { WatchState::Active } else { WatchState::Expired }
    }

    /// The parts of its query that are told of one by one ([`crate::Clause`]), at most [`crate::CLAUSES_TOLD_MAX`]; none where it has only
    /// one.
    pub fn clauses(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        clauses_of(WatchId(0), &self.query, &mut clauses);
        clauses.into_iter().map(|clause| clause.text.into()).collect()
    }

    /// The watch as it stands in a file.
    pub fn to_toml(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        format!(
            "[[watch]]\nname = {}\nquery = {}\npurpose = {{ category = {}, sentence = {} }}\ncreated = {}\nsunset = {}\n",
            quoted(&self.name),
            quoted(&self.text),
            quoted(&self.purpose.category),
            quoted(&self.purpose.sentence),
            quoted(&self.created.to_string()),
            quoted(&self.sunset.to_string()),
        )
    }
}

/// A watch that nobody has checked yet.
#[derive(Clone, Debug, Default)]
pub struct WatchDraft {
    /// See [`Watch::name`].
    pub name: String,
    /// The query as written.
    pub query: String,
    /// See [`Purpose::category`].
    pub category: String,
    /// See [`Purpose::sentence`].
    pub sentence: String,
    /// `None`: today.
    pub created: Option<Date>,
    /// `None`: [`SUNSET_DAYS`] after `created`.
    pub sunset: Option<Date>,
}

/// What is wrong with a field of a watch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct WatchError {
    /// `name`, `query`, `purpose.category`, `purpose.sentence`, `created` or `sunset`.
    pub field: &'static str,
    /// What is wrong: one line, lower case, no full stop.
    pub message: String,
    /// The cure.
    pub help: String,
    /// For a query: the error with its place.
    pub query: Option<Box<QueryError>>,
}

impl WatchError {
    fn new(field: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { field, message: message.into(), help: help.into(), query: None }
    }
}

/// Checks watches one by one: names, purposes, days, and that no query looks for a person.
#[derive(Debug)]
pub struct Checker {
    today: Date,
    analyzer: Analyzer,
    guard: Guard,
}

impl Checker {
    /// Checks as of that day.
    pub fn new(today: Date) -> Self {
        Self { today, analyzer: Analyzer::new(), guard: Guard::new(None) }
    }

    /// The same where it is known which names the gate has let through: these may be watched.
    pub fn knowing(today: Date, shown: NameShown) -> Self {
        Self { today, analyzer: Analyzer::new(), guard: Guard::new(Some(shown)) }
    }

    /// Checks a query alone: what it says, that every word of it is one, that it holds nothing personal.
    pub fn query(&mut self, text: &str) -> Result<Query, QueryError> {
        self.query_of(text, self.today)
    }

    fn query_of(&mut self, text: &str, created: Date) -> Result<Query, QueryError> {
        let query = groundswell_query::parse(text)?;
        crate::plan::Planner::new(&mut self.analyzer).plan(&query)?;
        self.guard.check_query(&query, created)?;
        Ok(query)
    }

    /// Checks everything about a watch; all faults, or the watch.
    pub fn watch(&mut self, draft: WatchDraft) -> Result<Watch, Vec<WatchError>> {
        let mut errors = Vec::new();
        check_name(&draft.name, &mut errors);
        check_purpose(&draft, &mut errors);
        for (field, text) in
            [("name", &draft.name), ("purpose.category", &draft.category), ("purpose.sentence", &draft.sentence)]
        {
            if let Some(found) = self.guard.finds(text) {
                errors.push(WatchError::new(
                    field,
                    format!("it holds what is taken out of posts: {}", found.as_str()),
                    "leave it out; the register of watches is open to everyone",
                ));
            }
        }
        let created = draft.created.unwrap_or(self.today);
        if created > self.today {
            errors.push(WatchError::new(
                "created",
                format!("{created} is still to come"),
                format!("write {} or leave it out", self.today),
            ));
        }
        let sunset = draft.sunset.unwrap_or(created.plus_days(SUNSET_DAYS));
        let latest = created.plus_days(SUNSET_DAYS_MAX);
        if sunset > latest {
            errors.push(WatchError::new(
                "sunset",
                format!("it is {} days after created, more than {SUNSET_DAYS_MAX}", sunset.days_since(created)),
                format!("write {latest} at the latest, and renew the watch when it is still needed then"),
            ));
        } else if sunset <= created {
            errors.push(WatchError::new(
                "sunset",
                "it is not after created",
                format!("write a day between {} and {latest}", created.plus_days(1)),
            ));
        }
        let query = match self.query_of(&draft.query, created) {
            Ok(query) => query,
            Err(error) => {
                errors.push(WatchError {
                    field: "query",
                    message: error.message.clone(),
                    help: error.help.clone(),
                    query: Some(Box::new(error)),
                });
                return Err(errors);
            }
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let purpose = Purpose { category: draft.category, sentence: draft.sentence };
        Ok(Watch { name: draft.name, text: draft.query, query, purpose, created, sunset })
    }
}

fn check_name(name: &str, errors: &mut Vec<WatchError>) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let help = "write letters, digits, `-`, `_` and `.`, beginning with a letter or digit, as in `river-floods`";
    if name.is_empty() {
        errors.push(WatchError::new("name", "it is missing", help));
    } else if name.chars().count() > NAME_CHARACTERS_MAX {
        let found = name.chars().count();
        errors.push(WatchError::new(
            "name",
            format!("it has {found} characters, more than {NAME_CHARACTERS_MAX}"),
            help,
        ));
    } else if !name.chars().all(allowed) || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        errors.push(WatchError::new("name", format!("{name:?} cannot be part of an address"), help));
    }
}

fn check_purpose(draft: &WatchDraft, errors: &mut Vec<WatchError>) {
    let category = draft.category.trim();
    let length = category.chars().count();
    if category.is_empty() {
        errors.push(WatchError::new(
            "purpose.category",
            "it is missing",
            "write a word or two, as in `crisis-response`",
        ));
    } else if length > CATEGORY_CHARACTERS_MAX || category.chars().any(char::is_control) {
        errors.push(WatchError::new(
            "purpose.category",
            format!("it has {length} characters, or ones that cannot be seen; at most {CATEGORY_CHARACTERS_MAX}"),
            "write a word or two, as in `crisis-response`",
        ));
    }
    let length = draft.sentence.trim().chars().count();
    if !(SENTENCE_CHARACTERS_MIN..=SENTENCE_CHARACTERS_MAX).contains(&length) {
        errors.push(WatchError::new(
            "purpose.sentence",
            format!("it has {length} characters, not {SENTENCE_CHARACTERS_MIN} to {SENTENCE_CHARACTERS_MAX}"),
            "say in a sentence what the watch is for, as in `See where flooding is discussed.`",
        ));
    }
}

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchFileProblem {
    /// Line of the file, from 1.
    pub line: usize,
    /// Byte range in the file.
    pub span: std::ops::Range<usize>,
    /// The watch's name, where it has one.
    pub watch: Option<String>,
    /// The field, where it is about one.
    pub field: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// The cure; may be empty.
    pub help: String,
    /// The query with a caret under the place, where it is about a query.
    pub drawing: Option<String>,
}

/// Why a file of watches was refused: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct WatchFileError {
    /// The file's name.
    pub file: String,
    /// At least one, in the order of the file. At most [`PROBLEMS_MAX`]; the rest would not be read.
    pub problems: Vec<WatchFileProblem>,
}

/// Most faults that one reading of a file tells.
pub const PROBLEMS_MAX: usize = 20;

impl fmt::Display for WatchFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:{}", self.file, problem.line)?;
            if let Some(watch) = &problem.watch {
                write!(f, ": watch {watch:?}")?;
            }
            if let Some(field) = problem.field {
                write!(f, ": {field}")?;
            }
            write!(f, ": {}", problem.message)?;
            if let Some(drawing) = &problem.drawing {
                write!(f, "\n{}", drawing.trim_end())?;
            } else if !problem.help.is_empty() {
                write!(f, "\n  = help: {}", problem.help)?;
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    watch: Vec<Spanned<RawWatch>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWatch {
    name: Option<Spanned<String>>,
    query: Option<Spanned<String>>,
    purpose: Option<Spanned<RawPurpose>>,
    created: Option<Spanned<toml::Value>>,
    sunset: Option<Spanned<toml::Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPurpose {
    category: Option<Spanned<String>>,
    sentence: Option<Spanned<String>>,
}

/// Watches in the order of their file; a [`WatchId`] is a place in it.
#[derive(Clone, Debug, Default)]
pub struct WatchSet {
    watches: Vec<Watch>,
}

impl WatchSet {
    /// From watches that were checked. Refused when two have one name, or there are more than [`WATCHES_MAX`].
    pub fn new(watches: Vec<Watch>) -> Result<Self, WatchError> {
        if watches.len() > WATCHES_MAX {
            return Err(WatchError::new(
                "watch",
                format!("{} watches, more than {WATCHES_MAX}", watches.len()),
                "use fewer",
            ));
        }
        let mut names = BTreeSet::new();
        for watch in &watches {
            if !names.insert(watch.name.to_ascii_lowercase()) {
                return Err(taken(&watch.name));
            }
        }
        Ok(Self { watches })
    }

    /// Reads a file's text. `file` is its name in errors; `today` is by the real clock.
    pub fn parse(file: &str, text: &str, today: Date) -> Result<Self, WatchFileError> {
        Self::read(file, text, Checker::new(today))
    }

    /// The same with a checker that knows more.
    pub fn read(file: &str, text: &str, mut checker: Checker) -> Result<Self, WatchFileError> {
        let mut reader = Reader { text, problems: Vec::new() };
        let raw: RawFile = match toml::from_str(text) {
            Ok(raw) => raw,
            Err(error) => {
                let message = error.message().lines().next().unwrap_or("not TOML").trim_end_matches('.').to_owned();
                reader.problem(error.span().unwrap_or(0..0), None, None, message, String::new(), None);
                return Err(WatchFileError { file: file.to_owned(), problems: reader.problems });
            }
        };
        if raw.watch.len() > WATCHES_MAX {
            let message = format!("{} watches, more than {WATCHES_MAX}", raw.watch.len());
            reader.problem(0..0, None, None, message, String::new(), None);
            return Err(WatchFileError { file: file.to_owned(), problems: reader.problems });
        }
        let mut watches = Vec::with_capacity(raw.watch.len());
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for raw in raw.watch {
            if reader.problems.len() >= PROBLEMS_MAX {
                break;
            }
            if let Some(watch) = reader.watch(raw, &mut checker, &mut names) {
                watches.push(watch);
            }
        }
        if reader.problems.is_empty() {
            Ok(Self { watches })
        } else {
            reader.problems.truncate(PROBLEMS_MAX);
            Err(WatchFileError { file: file.to_owned(), problems: reader.problems })
        }
    }

    /// All watches, expired ones too.
    pub fn watches(&self) -> &[Watch] {
        &self.watches
    }

    /// One watch.
    pub fn get(&self, id: WatchId) -> Option<&Watch> {
        self.watches.get(id.0 as usize)
    }

    /// The watch of that name, without regard to case.
    pub fn find(&self, name: &str) -> Option<(WatchId, &Watch)> {
        (0..).map(WatchId).zip(&self.watches).find(|(_, watch)| watch.name.eq_ignore_ascii_case(name))
    }

    /// Number of watches, expired ones too.
    pub fn len(&self) -> usize {
        self.watches.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.watches.is_empty()
    }

    /// Watches whose sunset has come.
    pub fn expired(&self, today: Date) -> impl Iterator<Item = (WatchId, &Watch)> {
        (0..).map(WatchId).zip(&self.watches).filter(move |(_, watch)| watch.state(today) == WatchState::Expired)
    }

    /// Compiles the watches that have not expired. Ids are places in this set.
    pub fn percolator(
        &self,
        today: Date,
        analyzer: &mut Analyzer,
        frequencies: &Frequencies,
    ) -> Result<Percolator, CompileError> {
        let mut builder = PercolatorBuilder::new(analyzer, frequencies);
        for (id, watch) in (0..).map(WatchId).zip(&self.watches) {
            if watch.state(today) == WatchState::Active {
                builder.add(id, &watch.query)?;
            }
        }
        Ok(builder.build())
    }
}

fn taken(name: &str) -> WatchError {
    WatchError::new(
        "name",
        format!("there is another watch {name:?}"),
        "give each watch a name of its own; case makes no difference",
    )
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<WatchFileProblem>,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or(self.text).matches('\n').count() + 1
    }

    fn problem(
        &mut self,
        span: std::ops::Range<usize>,
        watch: Option<&str>,
        field: Option<&'static str>,
        message: String,
        help: String,
        drawing: Option<String>,
    ) {
        let line = self.line(span.start);
        self.problems.push(WatchFileProblem {
            line,
            span,
            watch: watch.map(str::to_owned),
            field,
            message,
            help,
            drawing,
        });
    }

    fn watch(
        &mut self,
        raw: Spanned<RawWatch>,
        checker: &mut Checker,
        names: &mut BTreeMap<String, usize>,
    ) -> Option<Watch> {
        let whole = raw.span();
        // A table's span may begin at its first key; what names the watch is enough.
        let raw = raw.into_inner();
        let mut places: BTreeMap<&'static str, std::ops::Range<usize>> = BTreeMap::new();
        let mut take = |field: &'static str, value: Option<Spanned<String>>| {
            value.map(|value| {
                places.insert(field, value.span());
                value.into_inner()
            })
        };
        let name = take("name", raw.name);
        let query = take("query", raw.query);
        let (category, sentence) = match raw.purpose {
            Some(purpose) => {
                let place = purpose.span();
                let purpose = purpose.into_inner();
                let found = (take("purpose.category", purpose.category), take("purpose.sentence", purpose.sentence));
                places.insert("purpose", place);
                found
            }
            None => (None, None),
        };
        let known = self.problems.len();
        let label = name.clone();
        let mut dates = [None, None];
        for (i, (field, value)) in [("created", raw.created), ("sunset", raw.sunset)].into_iter().enumerate() {
            let Some(value) = value else { continue };
            places.insert(field, value.span());
            let span = value.span();
            dates[i] = match value.into_inner() {
                toml::Value::String(text) => Date::parse(&text),
                toml::Value::Datetime(time) => Date::parse(&time.to_string()),
                _ => None,
            };
            if dates[i].is_none() {
                let help = "write a day, as in \"2027-02-01\"".to_owned();
                self.problem(span, label.as_deref(), Some(field), "expected a day".to_owned(), help, None);
            }
        }
        for (field, missing, help) in [
            ("name", name.is_none(), "name = \"river-floods\""),
            ("query", query.is_none(), "query = 'flood* AND river'"),
            (
                "purpose",
                category.is_none() || sentence.is_none(),
                "purpose = { category = \"crisis-response\", sentence = \"See where flooding is discussed.\" }",
            ),
        ] {
            if missing {
                let place = places.get(field).cloned().unwrap_or_else(|| whole.clone());
                let message = if field == "purpose" && places.contains_key("purpose") {
                    "it needs a category and a sentence".to_owned()
                } else {
                    "it is missing".to_owned()
                };
                self.problem(place, label.as_deref(), Some(field), message, help.to_owned(), None);
            }
        }
        let (Some(name), Some(query), Some(category), Some(sentence)) = (name, query, category, sentence) else {
            return None;
        };
        if let Some(place) = names.insert(name.to_ascii_lowercase(), places["name"].start) {
            let error = taken(&name);
            let message = format!("{} in line {}", error.message, self.line(place));
            self.problem(places["name"].clone(), Some(&name), Some("name"), message, error.help, None);
        }
        let draft = WatchDraft { name, query, category, sentence, created: dates[0], sunset: dates[1] };
        let text = draft.query.clone();
        match checker.watch(draft) {
            Ok(watch) => (self.problems.len() == known).then_some(watch),
            Err(errors) => {
                for error in errors {
                    let place = places.get(error.field).cloned().unwrap_or_else(|| whole.clone());
                    let drawing = error.query.as_ref().map(|query| {
                        let rendered = query.render(&text);
                        // The first line says what the problem's own line says.
                        rendered.split_once('\n').map_or(String::new(), |(_, rest)| rest.to_owned())
                    });
                    self.problem(place, label.as_deref(), Some(error.field), error.message, error.help, drawing);
                }
                None
            }
        }
    }
}

/// Several watches as a file's text.
pub fn to_toml(watches: &[Watch]) -> String {
    let mut out = String::new();
    for (i, watch) in watches.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let _ = write!(out, "{}", watch.to_toml());
    }
    out
}
