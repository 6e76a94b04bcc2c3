//! `/api/v1/settings`: what this installation runs with, as far as a reader of its numbers must know it.

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::json;
use crate::ServerState;
use crate::params::Params;
use crate::problem::{Code, Problem, Wire};
use crate::wire::SettingsAnswer;

/// The gate's rule, detectors, how long things are kept, version and hash. No secret, no path, no address.
#[utoipa::path(
    get, path = "/api/v1/settings", operation_id = "settings", tag = "engine",
    responses(
        (status = 200, description = "what is in force", body = SettingsAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn settings(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let settings = state
        .status()
        .settings()
        .ok_or_else(|| Problem::new(Code::StoreUnavailable).detail("nothing is in force yet; try again in a moment"))?;
    Ok(json(&SettingsAnswer::new(&settings, state.notice())))
}
