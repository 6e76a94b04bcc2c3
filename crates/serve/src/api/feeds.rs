//! `/api/v1/feeds`: which feeds there are, and what their editors do.

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use groundswell_store::{DetectionQuery, FeedEdit, FeedSelection, ReleasedReader as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::json;
use crate::ServerState;
use crate::access::Caller;
use crate::feeds::FeedAct;
use crate::guard::REQUEST_BODY_BYTES_MAX;
use crate::params::{MOMENT, Params, bad, bad_body, moment};
use crate::problem::{Code, Problem, Wire};
use crate::wire::feeds::{FeedAnswer, FeedList, FeedMarksAnswer, FeedPreviewAnswer, FeedTrialAnswer};

/// Detections of an answer that says what a feed would have told.
const TRIAL_ITEMS_MAX: usize = 100;

/// All feeds, with what they select, their marks and their precision.
#[utoipa::path(
    get, path = "/api/v1/feeds", operation_id = "feeds", tag = "feeds",
    responses(
        (status = 200, description = "feeds by name", body = FeedList),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn feeds(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let items = state.reader()?.feeds().await?;
    Ok(json(&FeedList::new(items, state.notice())))
}

/// One feed.
#[utoipa::path(
    get, path = "/api/v1/feeds/{feed}", operation_id = "feedEntry", tag = "feeds",
    params(("feed" = String, Path, description = "the feed's name", example = "everything")),
    responses(
        (status = 200, description = "the feed", body = FeedAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn feed(
    State(state): State<ServerState>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let found = state.reader()?.feeds().await?.into_iter().find(|feed| feed.name == name);
    let feed = found.ok_or_else(|| Problem::new(Code::NotFound).detail("there is no such feed"))?;
    Ok(json(&FeedAnswer::new(feed, state.notice())))
}

/// A feed to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFeed {
    /// Small letters, digits, `_` and `-`.
    #[schema(example = "portuguese")]
    name: String,
    /// `burst`, `amplification`, `narrative`, `anomaly`; none: all.
    #[serde(default)]
    kinds: Vec<String>,
    /// Names of watches; none: it need not be about one.
    #[serde(default)]
    watches: Vec<String>,
    /// ISO 639-1; none: all.
    #[serde(default)]
    languages: Vec<String>,
    /// `low`, `medium`, `high`; none: all.
    #[serde(default)]
    severities: Vec<String>,
    /// False alerts a day that it may bring.
    #[serde(default)]
    budget: Option<f64>,
}

/// What an editor does with a detection of a feed: exactly one thing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEdit {
    /// The detection's id.
    detection: String,
    /// It stands first (true), or no longer does.
    #[serde(default)]
    pin: Option<bool>,
    /// Until when (RFC 3339) nothing is told of its subject; an empty text ends that.
    #[serde(default)]
    mute_until: Option<String>,
    /// `useful`, `noise`, or `none` to take it back.
    #[serde(default)]
    mark: Option<String>,
    /// A note, which everybody can read who can read the feed.
    #[serde(default)]
    note: Option<String>,
    /// The words of a note that is to go.
    #[serde(default)]
    remove_note: Option<String>,
}

/// A feed that is tried before it is made, and over which time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTrial {
    /// `burst`, `amplification`, `narrative`, `anomaly`; none: all.
    #[serde(default)]
    kinds: Vec<String>,
    /// Names of watches; none: it need not be about one.
    #[serde(default)]
    watches: Vec<String>,
    /// ISO 639-1; none: all.
    #[serde(default)]
    languages: Vec<String>,
    /// `low`, `medium`, `high`; none: all.
    #[serde(default)]
    severities: Vec<String>,
    /// False alerts a day that it may bring.
    #[serde(default)]
    budget: Option<f64>,
    /// Detected at this time or later; UTC, or a day.
    #[serde(default)]
    #[schema(example = "2026-01-01")]
    from: Option<String>,
    /// Detected before this time.
    #[serde(default)]
    #[schema(example = "2026-02-01")]
    to: Option<String>,
}

pub(super) async fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json"));
    if !is_json {
        return Err(bad_body("send it as application/json"));
    }
    let bytes = to_bytes(body, REQUEST_BODY_BYTES_MAX as usize).await.map_err(|_| Problem::new(Code::TooLarge))?;
    // The parser's own message would quote what was sent.
    serde_json::from_slice(&bytes).map_err(|error| {
        bad_body(&format!("not as the document says, at line {} column {}", error.line(), error.column()))
    })
}

pub(super) fn by(caller: Option<Extension<Caller>>) -> Option<crate::AccountName> {
    caller.map(|Extension(caller)| caller.name)
}

fn words<T>(field: &str, texts: &[String], parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Problem> {
    texts.iter().map(|text| parse(text).ok_or_else(|| bad_body("a word that is not known here").field(field))).collect()
}

fn selection(
    kinds: &[String],
    severities: &[String],
    watches: Vec<String>,
    languages: Vec<String>,
    budget: Option<f64>,
) -> Result<FeedSelection, Problem> {
    Ok(FeedSelection {
        kinds: words("kinds", kinds, groundswell_gate::DetectionKind::parse)?,
        severities: words("severities", severities, groundswell_gate::Severity::parse)?,
        watches,
        languages,
        budget,
    })
}

/// What a feed would have told, before it is made.
///
/// The selection is held against what was detected already. Nothing is kept, nobody is told, and mutes do not count. A burst is held
/// against it as it stood at last, and counts on the day on which it was detected first.
#[utoipa::path(
    post, path = "/api/v1/trials", operation_id = "tryFeed", tag = "feeds", request_body = NewTrial,
    responses(
        (status = 200, description = "how much, how often, how right, and the newest of it", body = FeedTrialAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn trial(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let new: NewTrial = read(&headers, body).await?;
    let selection = selection(&new.kinds, &new.severities, new.watches, new.languages, new.budget)?;
    selection.check().map_err(|error| bad_body(&error.to_string()))?;
    let time = |field: &str, text: Option<&String>| {
        text.map(|text| moment(text).ok_or_else(|| bad_body(MOMENT).field(field))).transpose()
    };
    let (from, to) = (time("from", new.from.as_ref())?, time("to", new.to.as_ref())?);
    let found = state.reader()?.feed_trial(&selection, from, to, TRIAL_ITEMS_MAX).await?;
    Ok(json(&FeedTrialAnswer::new(found, state.notice())))
}

/// The detection that a query names, and nothing else.
fn asked_detection(query: Option<&str>) -> Result<String, Problem> {
    let params = Params::parse(query, &["detection"])?;
    let id = params.text("detection").ok_or_else(|| bad("detection", "expected the id of a detection"))?;
    Ok(id.to_owned())
}

fn not_in_feed() -> Problem {
    Problem::new(Code::NotFound).detail("there is no such feed, or it has no such detection")
}

/// What was done with one detection in one feed.
#[utoipa::path(
    get, path = "/api/v1/feeds/{feed}/marks", operation_id = "feedMarks", tag = "feeds",
    params(
        ("feed" = String, Path, description = "the feed's name", example = "everything"),
        ("detection" = String, Query, description = "the detection's id", example = "narrative-n1"),
    ),
    responses(
        (status = 200, description = "pin, mark and notes; `edits` takes each of them back", body = FeedMarksAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn marks(
    State(state): State<ServerState>,
    Path(feed): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let detection = asked_detection(query.as_deref())?;
    let marks = state.reader()?.feed_marks(&feed, &detection).await?.ok_or_else(not_in_feed)?;
    Ok(json(&FeedMarksAnswer::new(marks, state.notice())))
}

/// What receivers of each kind would get of one detection by one feed, as it would be sent now. Nothing is sent.
#[utoipa::path(
    get, path = "/api/v1/feeds/{feed}/preview", operation_id = "feedPreview", tag = "feeds",
    params(
        ("feed" = String, Path, description = "the feed's name", example = "everything"),
        ("detection" = String, Query, description = "the detection's id", example = "narrative-n1"),
    ),
    responses(
        (status = 200, description = "a message for each kind of receiver", body = FeedPreviewAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn preview(
    State(state): State<ServerState>,
    Path(feed): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let id = asked_detection(query.as_deref())?;
    let query = DetectionQuery { id: Some(id), feed: Some(feed.clone()), limit: 1, ..DetectionQuery::default() };
    let row = state.reader()?.detections(&query).await?.items.into_iter().next().ok_or_else(not_in_feed)?;
    let items = state.preview(feed, row).await?;
    Ok(json(&FeedPreviewAnswer::new(items, state.notice())))
}

/// Makes a feed.
#[utoipa::path(
    post, path = "/api/v1/feeds", operation_id = "addFeed", tag = "feeds", request_body = NewFeed,
    responses(
        (status = 201, description = "made"),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn add(
    State(state): State<ServerState>,
    caller: Option<Extension<Caller>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let new: NewFeed = read(&headers, body).await?;
    let selection = selection(&new.kinds, &new.severities, new.watches, new.languages, new.budget)?;
    state.act_on_feeds(by(caller), FeedAct::Add { name: new.name, selection }).await?;
    Ok(StatusCode::CREATED.into_response())
}

/// Ends a feed.
#[utoipa::path(
    delete, path = "/api/v1/feeds/{feed}", operation_id = "removeFeed", tag = "feeds",
    params(("feed" = String, Path, description = "the feed's name", example = "everything")),
    responses(
        (status = 204, description = "ended"),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(
    State(state): State<ServerState>,
    caller: Option<Extension<Caller>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    state.act_on_feeds(by(caller), FeedAct::Remove { name }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Pins, mutes, marks, or notes; and takes each of them back.
#[utoipa::path(
    post, path = "/api/v1/feeds/{feed}/edits", operation_id = "editFeed", tag = "feeds", request_body = NewEdit,
    params(("feed" = String, Path, description = "the feed's name", example = "everything")),
    responses(
        (status = 204, description = "done"),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn edit(
    State(state): State<ServerState>,
    caller: Option<Extension<Caller>>,
    Path(feed): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let NewEdit { detection, pin, mute_until, mark, note, remove_note } = read(&headers, body).await?;
    let edit = match (pin, mute_until, mark.as_deref(), note, remove_note) {
        (Some(pin), None, None, None, None) => FeedEdit::Pin(pin),
        (None, Some(until), None, None, None) if until.is_empty() => FeedEdit::Mute(None),
        (None, Some(until), None, None, None) => {
            let until = groundswell_sketch::Rfc3339::parse(&until)
                .map_err(|_| bad_body("expected a UTC time such as 2026-01-31T12:00:00Z").field("mute_until"))?;
            FeedEdit::Mute(Some(until.0))
        }
        (None, None, Some(mark), None, None) => FeedEdit::Mark(match mark {
            "useful" => Some(true),
            "noise" => Some(false),
            "none" => None,
            _ => return Err(bad_body("expected useful, noise or none").field("mark")),
        }),
        (None, None, None, Some(note), None) => FeedEdit::Note(note),
        (None, None, None, None, Some(note)) => FeedEdit::RemoveNote(note),
        _ => return Err(bad_body("expected exactly one of pin, mute_until, mark, note and remove_note")),
    };
    state.act_on_feeds(by(caller), FeedAct::Edit { feed, detection, edit }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
