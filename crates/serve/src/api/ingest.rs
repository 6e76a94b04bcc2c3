//! `/api/v1/ingest`: the only way in. What it answers is about what its sender has just sent.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use utoipa::IntoParams;

use super::json;
use crate::ServerState;
use crate::ingest::{
    Door, IngestBatch, IngestPacking, IngestReceipt, IngestRefusal, PUSH_BODY_BYTES_MAX, PUSH_BODY_SECONDS_MAX,
    PUSH_DURABLE_SECONDS_MAX, Token,
};
use crate::params::{Params, bad};
use crate::problem::{Code, Problem, Wire};
use crate::wire::IngestAnswer;

/// Where it is.
pub(crate) const PATH: &str = "/api/v1/ingest";

/// How long a batch may wait for room before its sender is asked to come again.
const PATIENCE: Duration = Duration::from_secs(2);

/// When to come again, in seconds.
const RETRY_AFTER: u64 = 2;

/// Parameters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Params` reads")]
pub(crate) struct IngestParams {
    /// `durable`: answer when a crash can no longer take the batch, or after 90 seconds with `"durable": false`. `taken` (default):
    /// answer at once.
    #[param(required = false, nullable = false, value_type = String, example = "durable")]
    wait: Option<String>,
}

/// Takes posts: one JSON object a line, in the file format of the contract, plain, gzip or zstd (`Content-Encoding`), at most
/// 8 MiB packed and unpacked. Needs `Authorization: Bearer TOKEN`; without a configured token there is no door.
///
/// With `Idempotency-Key: STREAM/NUMBER` a batch is counted once however often it is sent, also across a crash: a stream's
/// batches are sent one after the other with growing numbers, and one whose number is not above the last that was taken is
/// answered with `"repeated": true`. Without the key it is counted each time.
#[utoipa::path(
    post, path = "/api/v1/ingest", operation_id = "ingest", tag = "ingest", params(
        IngestParams,
        ("Idempotency-Key" = Option<String>, Header, description = "the batch's stream and number", example = "shop-a/1042"),
        ("Content-Encoding" = Option<String>, Header, description = "`gzip` or `zstd`"),
    ),
    request_body(content = String, content_type = "application/x-ndjson", description = "one post a line"),
    responses(
        (status = 200, description = "what became of each line", body = IngestAnswer),
        (status = "default", description = "a problem: nothing of the batch was taken", body = Wire,
         content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ingest(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let Some(door) = state.door() else {
        return Err(Problem::new(Code::PushOff)
            .detail("no token is configured: name a file that holds one in `push.token_file`, and start again"));
    };
    authorize(&door, request.headers())?;
    let wait_durable = match Params::parse(query.as_deref(), &["wait"])?.text("wait") {
        None | Some("taken") => false,
        Some("durable") => true,
        Some(_) => return Err(bad("wait", "expected taken or durable")),
    };
    let packing = packing(request.headers())?;
    let key = key(request.headers())?;
    let busy = |detail: String| Problem::new(Code::Busy).detail(detail).retry_after(RETRY_AFTER);
    let place = door.places.try_acquire().map_err(|_| busy("too many batches at the same time".to_owned()))?;
    let reading = to_bytes(request.into_body(), PUSH_BODY_BYTES_MAX);
    let body = match tokio::time::timeout(Duration::from_secs(PUSH_BODY_SECONDS_MAX), reading).await {
        Ok(Ok(body)) => Vec::from(body),
        Ok(Err(error)) if is_length_limit(&error) => {
            return Err(Problem::new(Code::TooLarge)
                .detail(format!("a batch has at most {PUSH_BODY_BYTES_MAX} bytes; send several")));
        }
        Ok(Err(_)) => return Err(Problem::new(Code::BadBody).detail("the body did not come to its end")),
        Err(_) => {
            return Err(
                Problem::new(Code::BadBody).detail(format!("the body took longer than {PUSH_BODY_SECONDS_MAX} s"))
            );
        }
    };
    let behind = std::sync::Arc::clone(&door.behind);
    let batch = IngestBatch { key, body, packing, patience: PATIENCE };
    let taken = tokio::task::spawn_blocking(move || behind.take(batch)).await;
    let receipt = match taken {
        Ok(Ok(receipt)) => receipt,
        Ok(Err(IngestRefusal::Key(detail))) => {
            return Err(Problem::new(Code::BadHeader).detail(detail).field("Idempotency-Key"));
        }
        Ok(Err(IngestRefusal::TooLarge(detail))) => return Err(Problem::new(Code::TooLarge).detail(detail)),
        Ok(Err(IngestRefusal::Damaged(detail))) => return Err(Problem::new(Code::BadBody).detail(detail)),
        Ok(Err(IngestRefusal::Conflict(detail))) => return Err(Problem::new(Code::Conflict).detail(detail)),
        Ok(Err(IngestRefusal::Busy(detail))) => return Err(busy(detail)),
        Err(error) => {
            tracing::error!(%error, "a batch could not be taken");
            return Err(busy("the batch could not be taken".to_owned()));
        }
    };
    let durable = if wait_durable { wait(&state, &door, &receipt).await } else { door.behind.is_durable(&receipt) };
    drop(place);
    Ok(json(&IngestAnswer::new(&receipt, durable, state.notice())))
}

/// Waits until a batch is durable; false where it took too long or the service is being stopped.
async fn wait(state: &ServerState, door: &Door, receipt: &IngestReceipt) -> bool {
    let mut changes = door.behind.changes();
    let mut stopping = state.stopping();
    let deadline = tokio::time::sleep(Duration::from_secs(PUSH_DURABLE_SECONDS_MAX));
    tokio::pin!(deadline);
    loop {
        if door.behind.is_durable(receipt) {
            return true;
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return false },
            _ = stopping.wait_for(|stopping| *stopping) => return false,
            () = &mut deadline => return false,
        }
    }
}

fn authorize(door: &Door, headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let token = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        }),
        _ => None,
    };
    match door.check(token) {
        Token::Right => Ok(()),
        Token::Wrong => {
            Err(Problem::new(Code::Unauthorized).detail("send `Authorization: Bearer TOKEN` with the configured token"))
        }
        Token::TooMany => {
            Err(Problem::new(Code::TooManyWrong).detail("too many wrong tokens; try again in a minute").retry_after(60))
        }
    }
}

fn packing(headers: &HeaderMap) -> Result<IngestPacking, Problem> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let word = match (values.next(), values.next()) {
        (None, _) => return Ok(IngestPacking::Plain),
        (Some(value), None) => value.to_str().unwrap_or_default().trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    match word.as_str() {
        "identity" => Ok(IngestPacking::Plain),
        "gzip" | "x-gzip" => Ok(IngestPacking::Gzip),
        "zstd" => Ok(IngestPacking::Zstd),
        _ => Err(Problem::new(Code::BadEncoding)
            .detail("expected one of gzip and zstd, or none")
            .field("Content-Encoding")),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        // A structured field (RFC 8941) puts its string in quotes; most senders do not.
        (Some(value), None) if value.to_str().is_ok() => {
            Ok(value.to_str().ok().map(|value| value.trim().trim_matches('"').to_owned()))
        }
        _ => Err(Problem::new(Code::BadHeader).detail("expected STREAM/NUMBER, once").field("Idempotency-Key")),
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
