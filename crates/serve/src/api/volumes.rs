//! `/api/v1/volumes`: rows of the released table, in pages.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use groundswell_sketch::Step;
use groundswell_store::{Cursor, ReleasedReader as _, VolumeQuery};
use utoipa::IntoParams;

use super::json;
use crate::ServerState;
use crate::params::{Params, bad};
use crate::problem::{Problem, Wire};
use crate::wire::VolumePage;

/// Rows of a page, at most.
const LIMIT_MAX: usize = 1_000;
const LIMIT_DEFAULT: usize = 100;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads; a test compares the two")]
pub(crate) struct VolumeParams {
    /// `total` (default), `watch`, `language`, `source`, `kind`, `relation`, `region`, `hashtag`, `domain`, `term`, `clause`, `mentioned` or `languages`.
    #[param(required = false, nullable = false, value_type = String, example = "hashtag")]
    by: Option<String>,
    /// `minute`, `hour` (default) or `day`.
    #[param(required = false, nullable = false, value_type = String, example = "hour")]
    step: Option<String>,
    /// Windows that start at this time or later; UTC, or a day.
    #[param(required = false, nullable = false, value_type = String, example = "2026-01-31T12:00:00Z")]
    from: Option<String>,
    /// Windows that start before this time.
    #[param(required = false, nullable = false, value_type = String, example = "2026-02-01")]
    to: Option<String>,
    /// This value alone: a watch's name, a hashtag without `#`, …
    #[param(required = false, nullable = false, value_type = String, example = "flood")]
    value: Option<String>,
    /// Rows of the page, 1 to 1,000; 100 if not given.
    #[param(required = false, nullable = false, value_type = u64, example = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(required = false, nullable = false, value_type = String, example = "1474588800.666c6f6f64")]
    cursor: Option<String>,
}

/// A cursor's text: the start and the value in hexadecimal. Opaque to readers.
pub(crate) fn write_cursor(cursor: &Cursor) -> String {
    use std::fmt::Write as _;
    let mut text = format!("{}.", cursor.start);
    for byte in cursor.value.bytes() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Where a page begins: after the `cursor` that was given back.
pub(crate) fn after(params: &Params) -> Result<Option<Cursor>, Problem> {
    params
        .text("cursor")
        .map(|text| read_cursor(text).ok_or_else(|| bad("cursor", "expected `next` of a page before")))
        .transpose()
}

fn read_cursor(text: &str) -> Option<Cursor> {
    let (start, value) = text.split_once('.')?;
    if value.len() % 2 != 0 || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..value.len()).step_by(2).map(|at| u8::from_str_radix(&value[at..at + 2], 16).ok()).collect();
    Some(Cursor { start: start.parse().ok()?, value: String::from_utf8(bytes?).ok()? })
}

/// Posts and authors by window.
#[utoipa::path(
    get, path = "/api/v1/volumes", operation_id = "volumes", tag = "volumes", params(VolumeParams),
    responses(
        (status = 200, description = "a page of rows by (start, value)", body = VolumePage),
        (status = "default", description = "a problem", body = Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn volumes(State(state): State<ServerState>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = Params::parse(query.as_deref(), &["by", "step", "from", "to", "value", "limit", "cursor"])?;
    let after = after(&params)?;
    let query = VolumeQuery {
        dimension: params.by()?,
        step: params.step(Step::Hour)?,
        from: params.time("from")?,
        to: params.time("to")?,
        value: params.text("value").map(str::to_owned),
        after,
        limit: params.limit(LIMIT_DEFAULT, LIMIT_MAX)?,
    };
    let page = state.reader()?.volumes(&query).await?;
    let next = page.next.as_ref().map(write_cursor);
    Ok(json(&VolumePage::new(page.items, next, state.notice())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back() {
        for value in ["", "flood", "überschwemmung", "洪水", ".", "a.b"] {
            let cursor = Cursor { start: -60, value: value.to_owned() };
            assert_eq!(read_cursor(&write_cursor(&cursor)), Some(cursor));
        }
        for text in ["", "x", "1", "1.f", "1.zz", "x.66", "1.ff", "1.é", "1.+6"] {
            assert_eq!(read_cursor(text), None, "{text}");
        }
    }
}
