//! `/api/v1/audit`: the tamper-evident log, its newest head and proofs, readable by everyone who can read anything (PRIVACY
//! section 10). What a reader does with them is in `docs/methods/audit.md`.

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use utoipa::IntoParams;

use super::json;
use crate::ServerState;
use crate::params::{Params, bad};
use crate::problem::{Problem, Wire};
use crate::wire::audit::{AuditConsistencyAnswer, AuditInclusionAnswer, AuditPage};

/// Entries of a page, at most.
const LIMIT_MAX: usize = 1_000;
const LIMIT_DEFAULT: usize = 100;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct AuditEntryParams {
    /// First entry of the page, counted from 0; 0 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 0)]
    first: Option<u64>,
    /// So many of the newest entries, 1 to 1,000, where neither `first` nor `cursor` is given.
    #[param(required = false, nullable = false, value_type = u64, example = 10)]
    newest: Option<u64>,
    /// Entries of the page, 1 to 1,000; 100 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "100")]
    cursor: Option<String>,
}

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct AuditInclusionParams {
    /// The entry, counted from 0.
    #[param(value_type = u64, example = 0)]
    entry: u64,
    /// Size of the log that it is in; that of the newest head if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 1)]
    size: Option<u64>,
}

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct AuditConsistencyParams {
    /// Size of the earlier log.
    #[param(value_type = u64, example = 1)]
    from: u64,
    /// Size of the later log; that of the newest head if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 2)]
    to: Option<u64>,
}

fn number(params: &Params, name: &'static str) -> Result<Option<u64>, Problem> {
    let Some(text) = params.text(name) else { return Ok(None) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let read = if digits { text.parse().ok() } else { None };
    read.map(Some).ok_or_else(|| bad(name, "expected a whole number"))
}

fn needed(params: &Params, name: &'static str) -> Result<u64, Problem> {
    number(params, name)?.ok_or_else(|| bad(name, "it is needed"))
}

/// The newest head, as a signed note.
#[utoipa::path(
    get, path = "/api/v1/audit/checkpoint", operation_id = "audit_checkpoint", tag = "audit",
    responses(
        (status = 200, description = "C2SP tlog-checkpoint", body = String, content_type = "text/plain"),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn checkpoint(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let head = state.ask_audit("size", |audit| audit.head()).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], head.note.clone()).into_response())
}

/// What was done, entry by entry, with the newest head.
#[utoipa::path(
    get, path = "/api/v1/audit/entries", operation_id = "audit_entries", tag = "audit", params(AuditEntryParams),
    responses(
        (status = 200, description = "a page of entries by number", body = AuditPage),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn entries(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["first", "newest", "limit", "cursor"])?;
    let limit = params.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let (first, newest) = (number(&params, "first")?, number(&params, "newest")?);
    if newest.is_some_and(|newest| !(1..=LIMIT_MAX as u64).contains(&newest)) {
        return Err(bad("newest", &format!("expected a number from 1 to {LIMIT_MAX}")));
    }
    let cursor = number(&params, "cursor").map_err(|_| bad("cursor", "expected `next` of a page before"))?;
    let (head, items) = state
        .ask_audit("first", move |audit| {
            let head = audit.head()?;
            let (first, limit) = match (cursor.or(first), newest) {
                (Some(first), _) => (first, limit),
                (None, Some(newest)) => (head.size.saturating_sub(newest), newest as usize),
                (None, None) => (0, limit),
            };
            let items = audit.entries(first, limit)?;
            Ok((head, items))
        })
        .await?;
    let next = items.last().map(|last| last.number + 1).filter(|next| *next < head.size);
    Ok(json(&AuditPage::new(head, items, next.map(|next| next.to_string()), state.notice())))
}

/// That an entry is in the log.
#[utoipa::path(
    get, path = "/api/v1/audit/proof/inclusion", operation_id = "audit_inclusion", tag = "audit",
    params(AuditInclusionParams),
    responses(
        (status = 200, description = "an audit path (RFC 6962, section 2.1.1)", body = AuditInclusionAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn inclusion(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["entry", "size"])?;
    let (entry, size) = (needed(&params, "entry")?, number(&params, "size")?);
    let proof = state.ask_audit("entry", move |audit| audit.inclusion(entry, size)).await?;
    Ok(json(&AuditInclusionAnswer::new(proof, state.notice())))
}

/// That an earlier log is the beginning of a later one.
#[utoipa::path(
    get, path = "/api/v1/audit/proof/consistency", operation_id = "audit_consistency", tag = "audit",
    params(AuditConsistencyParams),
    responses(
        (status = 200, description = "a consistency proof (RFC 6962, section 2.1.2)", body = AuditConsistencyAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn consistency(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["from", "to"])?;
    let (from, to) = (needed(&params, "from")?, number(&params, "to")?);
    let proof = state.ask_audit("from", move |audit| audit.consistency(from, to)).await?;
    Ok(json(&AuditConsistencyAnswer::new(proof, state.notice())))
}
