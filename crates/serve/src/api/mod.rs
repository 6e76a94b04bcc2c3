//! `/api/v1`: one file a resource.

pub(crate) mod amplifications;
pub(crate) mod audit;
pub(crate) mod bursts;
pub(crate) mod coverage;
pub(crate) mod detections;
pub(crate) mod feeds;
pub(crate) mod ingest;
pub(crate) mod narratives;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod sources;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod top;
pub(crate) mod volumes;
pub(crate) mod watches;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer in JSON. Only this crate's wire types are given to it, and they take released things only.
fn json(body: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(body).expect("wire types have string keys and finite numbers only");
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}
