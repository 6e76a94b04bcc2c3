//! `/api/v1/amplifications`: texts that many accounts posted in short time.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use groundswell_gate::AmplificationId;
use groundswell_store::{AmplificationQuery, ReleasedReader as _};
use utoipa::IntoParams;

use super::json;
use super::volumes::{after, write_cursor};
use crate::ServerState;
use crate::params::{Params, bad};
use crate::problem::{Problem, Wire};
use crate::wire::AmplificationPage;

/// Amplifications of a page, at most: each brings its timeline.
const LIMIT_MAX: usize = 200;
const LIMIT_DEFAULT: usize = 50;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct AmplificationParams {
    /// This amplification alone.
    #[param(required = false, nullable = false, value_type = String, example = "a1a2b3c")]
    id: Option<String>,
    /// Carried after this time; UTC, or a day.
    #[param(required = false, nullable = false, value_type = String, example = "2026-01-31T12:00:00Z")]
    from: Option<String>,
    /// Begun before this time.
    #[param(required = false, nullable = false, value_type = String, example = "2026-02-01")]
    to: Option<String>,
    /// Amplifications of the page, 1 to 200; 50 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 50)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "1474588800.6131")]
    cursor: Option<String>,
}

/// Amplifications, the one carried last first.
#[utoipa::path(
    get, path = "/api/v1/amplifications", operation_id = "amplifications", tag = "amplifications",
    params(AmplificationParams),
    responses(
        (status = 200, description = "a page of amplifications by end, latest first", body = AmplificationPage),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn amplifications(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["id", "from", "to", "limit", "cursor"])?;
    let id = match params.text("id") {
        None => None,
        Some(text) => Some(
            AmplificationId::parse(text)
                .ok_or_else(|| bad("id", "expected the id of an amplification, such as a1a2b3c"))?
                .to_string(),
        ),
    };
    let query = AmplificationQuery {
        id,
        from: params.time("from")?,
        to: params.time("to")?,
        after: after(&params)?,
        limit: params.limit(LIMIT_DEFAULT, LIMIT_MAX)?,
    };
    let page = state.reader()?.amplifications(&query).await?;
    let next = page.next.as_ref().map(write_cursor);
    Ok(json(&AmplificationPage::new(page.items, next, state.notice())))
}
