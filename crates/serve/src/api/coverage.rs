//! `/api/v1/coverage`: when which source was listened to, and what was missed.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use groundswell_gate::Dimension;
use groundswell_sketch::Step;
use groundswell_store::{CoverageQuery, ReleasedReader as _};
use utoipa::IntoParams;

use super::json;
use super::volumes::{after, write_cursor};
use crate::ServerState;
use crate::params::Params;
use crate::problem::{Problem, Wire};
use crate::wire::{CoverageAnswer, CoverageItem};

/// Items of a page, at most.
const LIMIT_MAX: usize = 1_000;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct CoverageParams {
    /// `minute` (default), `hour` or `day`.
    #[param(required = false, nullable = false, value_type = String, example = "minute")]
    step: Option<String>,
    /// Windows that start at this time or later, and gaps that end after it; UTC, or a day.
    #[param(required = false, nullable = false, value_type = String, example = "2016-09-23T00:00:00Z")]
    from: Option<String>,
    /// Windows and gaps that start before this time.
    #[param(required = false, nullable = false, value_type = String, example = "2016-09-24")]
    to: Option<String>,
    /// This source alone, by its configured name.
    #[param(required = false, nullable = false, value_type = String, example = "bluesky")]
    source: Option<String>,
    /// Items of the page, 1 to 1,000; 1,000 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "1474588800.62")]
    cursor: Option<String>,
}

/// For every source and window of wall time whether it was listened to; and the gaps with start, end and cause.
///
/// What no item speaks of is not known: nothing was recorded then. Every page has the gaps of the whole stretch, the newest
/// 1,000.
#[utoipa::path(
    get, path = "/api/v1/coverage", operation_id = "coverage", tag = "engine", params(CoverageParams),
    responses(
        (status = 200, description = "a page of the ledger by (start, source), and the gaps", body = CoverageAnswer),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn coverage(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["step", "from", "to", "source", "limit", "cursor"])?;
    let after = after(&params)?;
    let query = CoverageQuery {
        step: params.step(Step::Minute)?,
        from: params.time("from")?,
        to: params.time("to")?,
        source: params.text("source").map(str::to_owned),
        after,
        limit: params.limit(LIMIT_MAX, LIMIT_MAX)?,
    };
    let reader = state.reader()?;
    let page = reader.coverage(&query).await?;
    let (from, to) = (query.from.unwrap_or(0), query.to.unwrap_or(i64::MAX));
    let gaps = reader.gaps(from, to, query.source.as_deref()).await?;
    // Posts seen are a volume by source: what the gate released, and nothing else.
    let mut volumes = Vec::new();
    if let (Some(first), Some(last)) = (page.items.first(), page.items.last()) {
        let mut sources: Vec<String> = page.items.iter().map(|item| item.source.clone()).collect();
        sources.sort();
        sources.dedup();
        let to = last.start.unix() + query.step.seconds();
        volumes = reader.series(Dimension::Source, query.step, &sources, first.start.unix(), to).await?;
    }
    let closed = reader.windows(query.step).await?;
    let items = CoverageItem::all(&page.items, &volumes, closed);
    let next = page.next.as_ref().map(write_cursor);
    Ok(json(&CoverageAnswer::new(items, gaps, next, state.notice())))
}
