//! `/api/v1/sources`: how the sources stand.

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::json;
use crate::ServerState;
use crate::params::Params;
use crate::problem::{Problem, Wire};
use crate::wire::SourceList;

/// All configured sources and how they stand.
#[utoipa::path(
    get, path = "/api/v1/sources", operation_id = "sources", tag = "engine",
    responses(
        (status = 200, description = "all sources", body = SourceList),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn sources(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    Ok(json(&SourceList::new(state.status().sources(), state.notice())))
}
