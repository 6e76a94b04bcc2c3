//! `/api/v1/session`: who am I, and the end of it.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::json;
use crate::ServerState;
use crate::access::{Caller, Via, cookie};
use crate::params::Params;
use crate::problem::{Problem, Wire};
use crate::wire::SessionAnswer;

/// Who the reader is, as far as this service asks.
#[utoipa::path(
    get, path = "/api/v1/session", operation_id = "session", tag = "session",
    responses(
        (status = 200, description = "who reads", body = SessionAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn session(
    State(state): State<ServerState>,
    caller: Option<Extension<Caller>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let caller = caller.map(|Extension(caller)| caller);
    let csrf = caller.as_ref().and_then(|caller| match &caller.via {
        Via::Session(session) => Some(session.csrf.clone()),
        Via::Token(_) => None,
    });
    Ok(json(&SessionAnswer {
        authentication: state.access().is_guarded(),
        account: caller.as_ref().map(|caller| caller.name.to_string()),
        role: caller.as_ref().map(|caller| caller.role.to_string()),
        csrf,
        notice: state.notice().map(str::to_owned),
    }))
}

/// Signs out: the session has ended, here and in the browser. Needs `X-Groundswell-CSRF` as the answer to GET gives it.
#[utoipa::path(
    delete, path = "/api/v1/session", operation_id = "signOut", tag = "session",
    params(("X-Groundswell-CSRF" = Option<String>, Header, description = "`csrf` of the session")),
    responses(
        (status = 204, description = "signed out"),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn sign_out(
    State(state): State<ServerState>,
    caller: Option<Extension<Caller>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(Extension(Caller { name, via: Via::Session(session), .. })) = caller {
        state.access().end(session.key);
        state.access().acts().signed_out(name);
        let secure = state.access().network().is_secure();
        response.headers_mut().insert(header::SET_COOKIE, cookie(None, secure));
    }
    Ok(response)
}
