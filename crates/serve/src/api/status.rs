//! `/api/v1/status`: how the engine stands.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use groundswell_sketch::Step;

use super::json;
use crate::ServerState;
use crate::params::Params;
use crate::problem::{Problem, Wire};
use crate::wire::Status;

/// Version, k, counters and the time that is covered.
#[utoipa::path(
    get, path = "/api/v1/status", operation_id = "status", tag = "engine",
    responses(
        (status = 200, description = "the running engine", body = Status),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn status(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let mut closed: Option<(i64, i64)> = None;
    if let Ok(reader) = state.reader() {
        for step in Step::ALL {
            if let Some((first, last)) = reader.windows(step).await? {
                let (from, to) = closed.unwrap_or((i64::MAX, i64::MIN));
                closed = Some((from.min(first.start), to.max(last.end())));
            }
        }
    }
    let engine = state.status().status();
    Ok(json(&Status::new(&engine, closed, state.is_simulated(), state.notice())))
}
