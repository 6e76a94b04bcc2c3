//! Query parameters: what is not known is refused by name, so that a typing error is not taken for an empty answer.

use std::collections::BTreeMap;

use groundswell_gate::Dimension;
use groundswell_sketch::{Rfc3339, Step};

use crate::problem::{Code, Problem};

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads a query string; only these names may occur, each once.
    pub(crate) fn parse(query: Option<&str>, allowed: &[&str]) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
            if !allowed.contains(&name.as_ref()) {
                let detail = if allowed.is_empty() {
                    "this takes no query parameters".to_owned()
                } else {
                    format!("known here: {}", allowed.join(", "))
                };
                return Err(Problem::new(Code::UnknownParameter).detail(detail).field(name));
            }
            if values.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(bad(&name, "it may be given once"));
            }
        }
        Ok(Self(values))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn by(&self) -> Result<Dimension, Problem> {
        let Some(word) = self.text("by") else { return Ok(Dimension::Total) };
        Dimension::parse(word).ok_or_else(|| {
            let words: Vec<&str> = Dimension::ALL.into_iter().map(Dimension::as_str).collect();
            bad("by", &format!("expected one of {}", words.join(", ")))
        })
    }

    pub(crate) fn step(&self, default: Step) -> Result<Step, Problem> {
        let Some(word) = self.text("step") else { return Ok(default) };
        Step::parse(word).ok_or_else(|| bad("step", "expected minute, hour or day"))
    }

    /// A time: `2026-01-31T12:00:00Z`, or a day, which means its first second.
    pub(crate) fn time(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        moment(text).map(Some).ok_or_else(|| bad(name, MOMENT))
    }

    pub(crate) fn limit(&self, default: usize, max: usize) -> Result<usize, Problem> {
        let Some(text) = self.text("limit") else { return Ok(default) };
        text.parse()
            .ok()
            .filter(|limit| (1..=max).contains(limit))
            .ok_or_else(|| bad("limit", &format!("expected a number from 1 to {max}")))
    }
}

/// What a time is expected to be.
pub(crate) const MOMENT: &str = "expected a UTC time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31";

/// A time, or the first second of a day.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let day = format!("{text}T00:00:00Z");
    let whole = if text.len() == 10 { day.as_str() } else { text };
    Rfc3339::parse(whole).ok().map(|time| time.0)
}

/// A body that is not as it should be.
pub(crate) fn bad_body(detail: &str) -> Problem {
    Problem::new(Code::BadBody).detail(detail)
}

pub(crate) fn bad(field: &str, detail: &str) -> Problem {
    Problem::new(Code::BadParameter).detail(detail).field(field)
}
