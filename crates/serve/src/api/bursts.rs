//! `/api/v1/bursts`: what is talked of more than usual.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use groundswell_gate::BurstType;
use groundswell_store::{BurstQuery, ReleasedReader as _};
use utoipa::IntoParams;

use super::json;
use super::volumes::{after, write_cursor};
use crate::ServerState;
use crate::params::{Params, bad};
use crate::problem::{Problem, Wire};
use crate::wire::BurstPage;

/// Bursts of a page, at most.
const LIMIT_MAX: usize = 1_000;
const LIMIT_DEFAULT: usize = 100;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct BurstParams {
    /// This burst alone.
    #[param(required = false, nullable = false, value_type = String, example = "b00ffee00ffee00ff")]
    id: Option<String>,
    /// `term`, `hashtag`, `domain`, `watch`, `language` or `total`.
    #[param(required = false, nullable = false, value_type = String, example = "hashtag")]
    r#type: Option<String>,
    /// Of this subject alone.
    #[param(required = false, nullable = false, value_type = String, example = "flood")]
    value: Option<String>,
    /// With so many false alerts a day, at most; 20 if not given.
    #[param(required = false, nullable = false, value_type = f64, example = 1)]
    q: Option<f64>,
    /// Not over before this time; UTC, or a day.
    #[param(required = false, nullable = false, value_type = String, example = "2026-01-31T12:00:00Z")]
    from: Option<String>,
    /// Begun before this time.
    #[param(required = false, nullable = false, value_type = String, example = "2026-02-01")]
    to: Option<String>,
    /// Bursts of the page, 1 to 1,000; 100 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "1474588800.6e31")]
    cursor: Option<String>,
}

/// Bursts, the latest begun first.
#[utoipa::path(
    get, path = "/api/v1/bursts", operation_id = "bursts", tag = "bursts", params(BurstParams),
    responses(
        (status = 200, description = "a page of bursts by start, latest first", body = BurstPage),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn bursts(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["id", "type", "value", "q", "from", "to", "limit", "cursor"])?;
    let kind = params
        .text("type")
        .map(|word| {
            BurstType::parse(word).ok_or_else(|| {
                bad("type", "expected term, hashtag, phrase, domain, watch, narrative, language or total")
            })
        })
        .transpose()?;
    let q = params
        .text("q")
        .map(|text| {
            let number = text.parse::<f64>().ok().filter(|q| q.is_finite() && *q > 0.0);
            number.ok_or_else(|| bad("q", "expected false alerts a day, a number above 0"))
        })
        .transpose()?;
    let query = BurstQuery {
        id: params.text("id").map(ToOwned::to_owned),
        from: params.time("from")?,
        to: params.time("to")?,
        kind,
        value: params.text("value").map(ToOwned::to_owned),
        q,
        after: after(&params)?,
        limit: params.limit(LIMIT_DEFAULT, LIMIT_MAX)?,
    };
    let page = state.reader()?.bursts(&query).await?;
    let next = page.next.as_ref().map(write_cursor);
    Ok(json(&BurstPage::new(page.items, next, state.notice())))
}
