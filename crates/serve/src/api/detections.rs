//! `/api/v1/detections`: what was found, with what it rests on.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use groundswell_gate::{DetectionKind, Severity, SubjectType};
use groundswell_store::{DetectionQuery, ReleasedReader as _};
use utoipa::IntoParams;

use super::json;
use super::volumes::{after, write_cursor};
use crate::ServerState;
use crate::params::{Params, bad};
use crate::problem::{Problem, Wire};
use crate::wire::feeds::DetectionPage;

/// Detections of a page, at most.
const LIMIT_MAX: usize = 200;
const LIMIT_DEFAULT: usize = 50;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct DetectionParams {
    /// This detection alone.
    #[param(required = false, nullable = false, value_type = String, example = "narrative-n1a2b3c")]
    id: Option<String>,
    /// `burst`, `amplification`, `narrative` or `anomaly`.
    #[param(required = false, nullable = false, value_type = String, example = "narrative")]
    kind: Option<String>,
    /// `low`, `medium` or `high`.
    #[param(required = false, nullable = false, value_type = String, example = "medium")]
    severity: Option<String>,
    /// About a `term`, `hashtag`, `phrase`, `domain`, `watch`, `narrative`, `language`, `total`, `source` or `text`.
    #[param(required = false, nullable = false, value_type = String, example = "watch")]
    r#type: Option<String>,
    /// About this one.
    #[param(required = false, nullable = false, value_type = String, example = "river-floods")]
    value: Option<String>,
    /// In this feed.
    #[param(required = false, nullable = false, value_type = String, example = "everything")]
    feed: Option<String>,
    /// Detected at this time or later; UTC, or a day.
    #[param(required = false, nullable = false, value_type = String, example = "2016-01-31T12:00:00Z")]
    from: Option<String>,
    /// Detected before this time.
    #[param(required = false, nullable = false, value_type = String, example = "2026-02-01")]
    to: Option<String>,
    /// Detections of the page, 1 to 200; 50 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 50)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "1474588800.6e31")]
    cursor: Option<String>,
}

fn word<T: Copy>(
    params: &Params,
    name: &str,
    all: &[T],
    parse: impl Fn(&str) -> Option<T>,
    say: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    let Some(text) = params.text(name) else { return Ok(None) };
    parse(text).map(Some).ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|one| say(*one)).collect();
        bad(name, &format!("expected one of {}", words.join(", ")))
    })
}

/// Detections, the one found last first.
#[utoipa::path(
    get, path = "/api/v1/detections", operation_id = "detections", tag = "detections", params(DetectionParams),
    responses(
        (status = 200, description = "a page of detections by detected_at, latest first", body = DetectionPage),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn detections(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let known = ["id", "kind", "severity", "type", "value", "feed", "from", "to", "limit", "cursor"];
    let params = Params::parse(query.as_deref(), &known)?;
    let query = DetectionQuery {
        id: params.text("id").map(str::to_owned),
        kind: word(&params, "kind", DetectionKind::ALL, DetectionKind::parse, DetectionKind::as_str)?,
        severity: word(&params, "severity", Severity::ALL, Severity::parse, Severity::as_str)?,
        subject: word(&params, "type", SubjectType::ALL, SubjectType::parse, SubjectType::as_str)?,
        value: params.text("value").map(str::to_owned),
        feed: params.text("feed").map(str::to_owned),
        from: params.time("from")?,
        to: params.time("to")?,
        after: after(&params)?,
        limit: params.limit(LIMIT_DEFAULT, LIMIT_MAX)?,
    };
    let reader = state.reader()?;
    let page = reader.detections(&query).await?;
    let total = reader.detections_total(&query).await?;
    let next = page.next.as_ref().map(write_cursor);
    Ok(json(&DetectionPage::new(page.items, total, next, state.notice())))
}
