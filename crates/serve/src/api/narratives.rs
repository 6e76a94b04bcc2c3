//! `/api/v1/narratives`: what people are saying, and `/api/v1/narratives/events`: what happened to it.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use groundswell_gate::{NarrativeId, NarrativeState};
use groundswell_store::{NarrativeEventQuery, NarrativeQuery, ReleasedReader as _};
use utoipa::IntoParams;

use super::json;
use super::volumes::{after, write_cursor};
use crate::ServerState;
use crate::params::{Params, bad};
use crate::problem::{Problem, Wire};
use crate::wire::{NarrativeEventPage, NarrativePage};

/// Narratives of a page, at most: each brings its timeline.
const LIMIT_MAX: usize = 200;
const LIMIT_DEFAULT: usize = 50;

/// Entries of a page, at most.
const EVENTS_MAX: usize = 1_000;
const EVENTS_DEFAULT: usize = 100;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct NarrativeParams {
    /// This narrative alone.
    #[param(required = false, nullable = false, value_type = String, example = "n1a2b3c")]
    id: Option<String>,
    /// `emerging`, `growing`, `steady`, `fading`, `dormant` or `merged`.
    #[param(required = false, nullable = false, value_type = String, example = "growing")]
    state: Option<String>,
    /// Carried after this time; UTC, or a day.
    #[param(required = false, nullable = false, value_type = String, example = "2026-01-31T12:00:00Z")]
    from: Option<String>,
    /// First carried before this time.
    #[param(required = false, nullable = false, value_type = String, example = "2026-02-01")]
    to: Option<String>,
    /// Narratives of the page, 1 to 200; 50 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 50)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "1474588800.6e31")]
    cursor: Option<String>,
}

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct NarrativeEventParams {
    /// Of this narrative alone.
    #[param(required = false, nullable = false, value_type = String, example = "n1a2b3c")]
    id: Option<String>,
    /// From this time; UTC, or a day.
    #[param(required = false, nullable = false, value_type = String, example = "2026-01-31T12:00:00Z")]
    from: Option<String>,
    /// Before this time.
    #[param(required = false, nullable = false, value_type = String, example = "2026-02-01")]
    to: Option<String>,
    /// Entries of the page, 1 to 1,000; 100 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "1474588800.6e31")]
    cursor: Option<String>,
}

fn id(params: &Params) -> Result<Option<String>, Problem> {
    let Some(text) = params.text("id") else { return Ok(None) };
    NarrativeId::parse(text)
        .map(|id| Some(id.to_string()))
        .ok_or_else(|| bad("id", "expected the id of a narrative, such as n1a2b3c"))
}

/// Narratives, the one carried last first.
#[utoipa::path(
    get, path = "/api/v1/narratives", operation_id = "narratives", tag = "narratives", params(NarrativeParams),
    responses(
        (status = 200, description = "a page of narratives by last_seen, latest first", body = NarrativePage),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn narratives(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["id", "state", "from", "to", "limit", "cursor"])?;
    let in_state = params
        .text("state")
        .map(|word| {
            NarrativeState::parse(word).ok_or_else(|| {
                let words: Vec<&str> = NarrativeState::ALL.into_iter().map(NarrativeState::as_str).collect();
                bad("state", &format!("expected one of {}", words.join(", ")))
            })
        })
        .transpose()?;
    let query = NarrativeQuery {
        id: id(&params)?,
        from: params.time("from")?,
        to: params.time("to")?,
        state: in_state,
        after: after(&params)?,
        limit: params.limit(LIMIT_DEFAULT, LIMIT_MAX)?,
    };
    let page = state.reader()?.narratives(&query).await?;
    let next = page.next.as_ref().map(write_cursor);
    Ok(json(&NarrativePage::new(page.items, next, state.notice())))
}

/// Births, merges, splits and ends, by time.
#[utoipa::path(
    get, path = "/api/v1/narratives/events", operation_id = "narrative_events", tag = "narratives",
    params(NarrativeEventParams),
    responses(
        (status = 200, description = "a page of the event log by time", body = NarrativeEventPage),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn events(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["id", "from", "to", "limit", "cursor"])?;
    let query = NarrativeEventQuery {
        id: id(&params)?,
        from: params.time("from")?,
        to: params.time("to")?,
        after: after(&params)?,
        limit: params.limit(EVENTS_DEFAULT, EVENTS_MAX)?,
    };
    let page = state.reader()?.narrative_events(&query).await?;
    let next = page.next.as_ref().map(write_cursor);
    Ok(json(&NarrativeEventPage::new(page.items, next, state.notice())))
}
