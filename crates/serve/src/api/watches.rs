//! `/api/v1/watches`: the register, readable by everyone who can read anything (PRIVACY section 7), with numbers.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use groundswell_gate::{Dimension, Released, VolumeRow, clause_value};
use groundswell_sketch::{Step, Window};
use groundswell_store::{PAGE_ROWS_MAX, Reader, ReleasedReader as _, ToneQuery, VolumeQuery};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::feeds::{by, read};
use super::json;
use super::volumes::{after, write_cursor};
use crate::ServerState;
use crate::access::Caller;
use crate::params::{Params, bad, bad_body};
use crate::problem::{Code, Problem, Wire};
use crate::watches::{WatchAct, WatchTerms};
use crate::wire::tone::ToneListWire;
use crate::wire::watches::{ClauseListWire, ReadingWire, WatchTrialWire};
use crate::wire::{WatchList, spark_from};

/// Watches of a page, at most, and if not asked otherwise.
const LIMIT_MAX: usize = 1_000;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct WatchParams {
    /// Windows of the numbers: `minute` (default), `hour` or `day`.
    #[param(required = false, nullable = false, value_type = String, example = "minute")]
    step: Option<String>,
    /// Watches of the page, 1 to 1,000; 1,000 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "0.72697665722d666c6f6f6473")]
    cursor: Option<String>,
}

/// All watches with their purpose, their end and their numbers.
#[utoipa::path(
    get, path = "/api/v1/watches", operation_id = "watches", tag = "watches", params(WatchParams),
    responses(
        (status = 200, description = "watches by name", body = WatchList),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn watches(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["step", "limit", "cursor"])?;
    let step = params.step(Step::Minute)?;
    let limit = params.limit(LIMIT_MAX, LIMIT_MAX)?;
    let after = after(&params)?;
    let mut register = state.status().watches();
    register.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(after) = after {
        register.retain(|watch| watch.name > after.value);
    }
    let more = register.len() > limit;
    register.truncate(limit);
    let next = match register.last() {
        Some(last) if more => Some(write_cursor(&groundswell_store::Cursor { start: 0, value: last.name.clone() })),
        _ => None,
    };
    let reader = state.reader()?;
    let last = reader.latest_window(step).await?;
    let (latest, history) = match last {
        Some(window) => {
            let names: Vec<String> = register.iter().map(|watch| watch.name.clone()).collect();
            let history = reader.series(Dimension::Watch, step, &names, spark_from(window), window.end()).await?;
            (rows_of(&reader, window, &names).await?, history)
        }
        None => (Vec::new(), Vec::new()),
    };
    Ok(json(&WatchList::new(&register, last, latest, &history, next, state.notice())))
}

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct ClauseParams {
    /// Windows that are added up: `minute`, `hour` (default) or `day`.
    #[param(required = false, nullable = false, value_type = String, example = "hour")]
    step: Option<String>,
    /// Windows from this time on; if not given, the 24 before `to`. At most 1,000 windows.
    #[param(required = false, nullable = false, value_type = String, example = "2016-09-23T00:00:00Z")]
    from: Option<String>,
    /// Windows before this time; if not given, up to the one that closed last.
    #[param(required = false, nullable = false, value_type = String, example = "2016-09-24T00:00:00Z")]
    to: Option<String>,
}

/// Windows that are added up, or told of, if nobody says how many.
const CLAUSE_WINDOWS: i64 = 24;

/// Which parts of a watch's query matched, and how often.
#[utoipa::path(
    get, path = "/api/v1/watches/{watch}/clauses", operation_id = "watchClauses", tag = "watches",
    params(("watch" = String, Path, description = "the watch's name", example = "river-floods"), ClauseParams),
    responses(
        (status = 200, description = "the clauses in the order of the query", body = ClauseListWire),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn clauses(
    State(state): State<ServerState>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["step", "from", "to"])?;
    let step = params.step(Step::Hour)?;
    let watch = state.status().watches().into_iter().find(|watch| watch.name == name);
    let watch = watch.ok_or_else(|| Problem::new(Code::NotFound))?;
    let reader = state.reader()?;
    let to = match params.time("to")? {
        Some(to) => to,
        None => reader.latest_window(step).await?.map_or(0, Window::end),
    };
    let from = params.time("from")?.unwrap_or(to - CLAUSE_WINDOWS * step.seconds());
    if (to - from) / step.seconds() > LIMIT_MAX as i64 {
        return Err(bad("from", &format!("at most {LIMIT_MAX} windows are added up; ask for a larger step")));
    }
    let values: Vec<String> = watch.clauses.iter().map(|clause| clause_value(&name, clause)).collect();
    let rows = reader.series(Dimension::Clause, step, &values, from, to).await?;
    Ok(json(&ClauseListWire::new(&name, &watch.clauses, step, (from, to), &rows, state.notice())))
}

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct ToneParams {
    /// Hours from this time on; if not given, the 24 before `to`. At most 1,000 hours.
    #[param(required = false, nullable = false, value_type = String, example = "2016-09-23T00:00:00Z")]
    from: Option<String>,
    /// Hours before this time; if not given, up to the one that closed last.
    #[param(required = false, nullable = false, value_type = String, example = "2016-09-24T00:00:00Z")]
    to: Option<String>,
}

/// How negative, neutral and positive a watch's posts are in sum, by hour and language. Never of a post or a person: each row rests on
/// k authors and a hundred posts at least.
#[utoipa::path(
    get, path = "/api/v1/watches/{watch}/tone", operation_id = "watchTone", tag = "watches",
    params(("watch" = String, Path, description = "the watch's name", example = "river-floods"), ToneParams),
    responses(
        (status = 200, description = "shares with their error bars, by hour and language", body = ToneListWire),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn tone(
    State(state): State<ServerState>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["from", "to"])?;
    let is_known = state.status().watches().into_iter().any(|watch| watch.name == name);
    is_known.then_some(()).ok_or_else(|| Problem::new(Code::NotFound))?;
    let reader = state.reader()?;
    let to = match params.time("to")? {
        Some(to) => to,
        None => reader.latest_window(Step::Hour).await?.map_or(0, Window::end),
    };
    let from = params.time("from")?.unwrap_or(to - CLAUSE_WINDOWS * Step::Hour.seconds());
    if (to - from) / Step::Hour.seconds() > LIMIT_MAX as i64 {
        return Err(bad("from", &format!("at most {LIMIT_MAX} hours are told of at once")));
    }
    let (some_from, some_to) = (Some(from), Some(to));
    let hours = VolumeQuery {
        from: some_from,
        to: some_to,
        value: Some(name.clone()),
        limit: PAGE_ROWS_MAX,
        ..VolumeQuery::new(Dimension::Watch, Step::Hour)
    };
    let hours = reader.volumes(&hours).await?.items;
    let query =
        ToneQuery { watch: Some(name.clone()), from: some_from, to: some_to, after: None, limit: PAGE_ROWS_MAX };
    let rows = reader.tone(&query).await?.items;
    Ok(json(&ToneListWire::new(&name, (from, to), &hours, rows, state.notice())))
}

/// The rows of these watches (sorted) in one window, with or without numbers.
async fn rows_of(reader: &Reader, window: Window, names: &[String]) -> Result<Vec<Released<VolumeRow>>, Problem> {
    let (Some(first), Some(last)) = (names.first(), names.last()) else { return Ok(Vec::new()) };
    let mut query = VolumeQuery {
        from: Some(window.start),
        to: Some(window.end()),
        limit: PAGE_ROWS_MAX,
        ..VolumeQuery::new(Dimension::Watch, window.step)
    };
    let mut rows = Vec::new();
    loop {
        let page = reader.volumes(&query).await?;
        let done = page.items.last().is_none_or(|row| row.value >= *last);
        rows.extend(page.items.into_iter().filter(|row| row.value >= *first && row.value <= *last));
        query.after = page.next;
        if done || query.after.is_none() {
            return Ok(rows);
        }
    }
}

/// A watch to be made, changed or looked over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWatch {
    /// Letters, digits, `-`, `_` and `.`, beginning with a letter or digit.
    #[schema(example = "river-floods")]
    #[serde(default)]
    name: String,
    /// The query.
    #[schema(example = "flood* AND (river OR \"heavy rain\")")]
    query: String,
    /// What it is for, in a word or two; everybody who can read anything can read it.
    #[schema(example = "crisis-response")]
    #[serde(default)]
    category: String,
    /// The same in a sentence.
    #[serde(default)]
    sentence: String,
    /// The day on which it ends, within 180 days; none: in 90 days.
    #[schema(example = "2027-02-01")]
    #[serde(default)]
    sunset: Option<String>,
}

impl From<NewWatch> for WatchTerms {
    fn from(new: NewWatch) -> Self {
        let NewWatch { name, query, category, sentence, sunset } = new;
        Self { name, query, category, sentence, sunset }
    }
}

/// What there is to say about a watch while it is being written: how its query is read, what it costs, what looks odd, and why it
/// would be refused. Nothing is changed, kept or told.
#[utoipa::path(
    post, path = "/api/v1/watch-check", operation_id = "checkWatch", tag = "watches", request_body = NewWatch,
    responses(
        (status = 200, description = "how it is read", body = ReadingWire),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn check(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let new: NewWatch = read(&headers, body).await?;
    let reading = state.check_watch(new.into()).await?;
    Ok(json(&ReadingWire::new(reading, state.notice())))
}

/// What a query would have counted, had it been a watch for the last day or two: over scrubbed text that is held in memory for no
/// longer, where the installation has this switched on. It takes a purpose as a watch does, and the audit log has query and purpose.
/// 32 queries can be tried in a day, since each is one more look at whoever is counted by it.
#[utoipa::path(
    post, path = "/api/v1/watch-trials", operation_id = "tryWatch", tag = "watches", request_body = NewWatch,
    responses(
        (status = 200, description = "what it would have counted, by the hour", body = WatchTrialWire),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn try_query(
    State(state): State<ServerState>,
    caller: Option<Extension<Caller>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let new: NewWatch = read(&headers, body).await?;
    let trial = state.try_query(by(caller), new.into()).await?;
    Ok(json(&WatchTrialWire::new(trial, state.notice())))
}

/// Makes a watch. It counts from the next posts on.
#[utoipa::path(
    post, path = "/api/v1/watches", operation_id = "addWatch", tag = "watches", request_body = NewWatch,
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
    let new: NewWatch = read(&headers, body).await?;
    state.act_on_watches(by(caller), WatchAct::Add(new.into())).await?;
    Ok(StatusCode::CREATED.into_response())
}

/// Gives a watch other terms, or another end. What it released stays.
#[utoipa::path(
    put, path = "/api/v1/watches/{watch}", operation_id = "changeWatch", tag = "watches", request_body = NewWatch,
    params(("watch" = String, Path, description = "the watch's name", example = "river-floods")),
    responses(
        (status = 204, description = "changed"),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change(
    State(state): State<ServerState>,
    caller: Option<Extension<Caller>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let new: NewWatch = read(&headers, body).await?;
    if new.name != name {
        return Err(bad_body("a watch keeps its name: end this one and make another").field("name"));
    }
    state.act_on_watches(by(caller), WatchAct::Change(new.into())).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Ends a watch. What it released stays.
#[utoipa::path(
    delete, path = "/api/v1/watches/{watch}", operation_id = "removeWatch", tag = "watches",
    params(("watch" = String, Path, description = "the watch's name", example = "river-floods")),
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
    state.act_on_watches(by(caller), WatchAct::Remove { name }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
