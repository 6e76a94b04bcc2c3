//! `/api/v1/volumes/top`: what most was about in one window, and how that moved.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use groundswell_sketch::{Step, Window};
use groundswell_store::ReleasedReader as _;
use utoipa::IntoParams;

use super::json;
use crate::ServerState;
use crate::params::{Params, bad};
use crate::problem::{Problem, Wire};
use crate::wire::{TopAnswer, is_ranked, spark_from};

/// Values of an answer, at most.
const LIMIT_MAX: usize = 100;
const LIMIT_DEFAULT: usize = 10;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct TopParams {
    /// `watch`, `language`, `source`, `kind`, `relation`, `region`, `hashtag`, `domain`, `term`, `clause`, `mentioned` or `languages`.
    #[param(value_type = String, example = "hashtag")]
    by: String,
    /// `minute`, `hour` (default) or `day`.
    #[param(required = false, nullable = false, value_type = String, example = "hour")]
    step: Option<String>,
    /// Values, 1 to 100; 10 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 10)]
    limit: Option<u64>,
    /// The window that holds this time; the one that closed last if not given.
    #[param(required = false, nullable = false, value_type = String, example = "2026-01-31T12:00:00Z")]
    at: Option<String>,
}

/// The values with the most posts in one closed window.
#[utoipa::path(
    get, path = "/api/v1/volumes/top", operation_id = "volumesTop", tag = "volumes", params(TopParams),
    responses(
        (status = 200, description = "the values with the most posts, most first", body = TopAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn top(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["by", "step", "limit", "at"])?;
    let dimension = params.by()?;
    if params.text("by").is_none() || !is_ranked(dimension) {
        return Err(bad("by", "expected what to rank, such as hashtag, term, domain or language"));
    }
    let step = params.step(Step::Hour)?;
    let limit = params.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let at = params.time("at")?;
    let reader = state.reader()?;
    let window = match at {
        Some(at) => {
            let window = Window::containing(step, at);
            reader.window_closed(window).await?.then_some(window)
        }
        None => reader.latest_window(step).await?,
    };
    let Some(window) = window else { return Ok(json(&TopAnswer::empty(state.notice()))) };
    let rows = reader.top(dimension, window, limit).await?;
    let values: Vec<String> = rows.iter().map(|row| row.value.clone()).collect();
    let history = reader.series(dimension, step, &values, spark_from(window), window.end()).await?;
    Ok(json(&TopAnswer::new(window, &rows, &history, state.notice())))
}
