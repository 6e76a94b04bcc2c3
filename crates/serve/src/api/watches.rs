//! `/api/v1/watches`: the register, readable by everyone who can read anything (PRIVACY section 7), with numbers.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use groundswell_gate::{Dimension, Released, VolumeRow};
use groundswell_sketch::{Step, Window};
use groundswell_store::{PAGE_ROWS_MAX, Reader, ReleasedReader as _, VolumeQuery};
use utoipa::IntoParams;

use super::json;
use super::volumes::{after, write_cursor};
use crate::ServerState;
use crate::params::Params;
use crate::problem::{Problem, Wire};
use crate::wire::{WatchList, spark_from};

/// Watches of a page, at most, and if not asked otherwise.
const LIMIT_MAX: usize = 1_000;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct WatchParams {
    /// Windows of the numbers: `minute` (default), `hour` or `day`.
    #[param(required = false, nullable = false, value_type = String, example = "minute")]
    step: Option<String>,
    /// Watches of the page, 1 to 1,000; 1,000 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "0.72697665722d666c6f6f6473")]
    cursor: Option<String>,
}

/// All watches with their purpose, their end and their numbers.
#[utoipa::path(
    get, path = "/api/v1/watches", operation_id = "watches", tag = "watches", params(WatchParams),
    responses(
        (status = 200, description = "watches by name", body = WatchList),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn watches(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["step", "limit", "cursor"])?;
    let step = params.step(Step::Minute)?;
    let limit = params.limit(LIMIT_MAX, LIMIT_MAX)?;
    let after = after(&params)?;
    let mut register = state.status().watches();
    register.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(after) = after {
        register.retain(|watch| watch.name > after.value);
    }
    let more = register.len() > limit;
    register.truncate(limit);
    let next = match register.last() {
        Some(last) if more => Some(write_cursor(&groundswell_store::Cursor { start: 0, value: last.name.clone() })),
        _ => None,
    };
    let reader = state.reader()?;
    let last = reader.latest_window(step).await?;
    let (latest, history) = match last {
        Some(window) => {
            let names: Vec<String> = register.iter().map(|watch| watch.name.clone()).collect();
            let history = reader.series(Dimension::Watch, step, &names, spark_from(window), window.end()).await?;
            (rows_of(&reader, window, &names).await?, history)
        }
        None => (Vec::new(), Vec::new()),
    };
    Ok(json(&WatchList::new(&register, last, latest, &history, next, state.notice())))
}

/// The rows of these watches (sorted) in one window, with or without numbers.
async fn rows_of(reader: &Reader, window: Window, names: &[String]) -> Result<Vec<Released<VolumeRow>>, Problem> {
    let (Some(first), Some(last)) = (names.first(), names.last()) else { return Ok(Vec::new()) };
    let mut query = VolumeQuery {
        from: Some(window.start),
        to: Some(window.end()),
        limit: PAGE_ROWS_MAX,
        ..VolumeQuery::new(Dimension::Watch, window.step)
    };
    let mut rows = Vec::new();
    loop {
        let page = reader.volumes(&query).await?;
        let done = page.items.last().is_none_or(|row| row.value >= *last);
        rows.extend(page.items.into_iter().filter(|row| row.value >= *first && row.value <= *last));
        query.after = page.next;
        if done || query.after.is_none() {
            return Ok(rows);
        }
    }
}
