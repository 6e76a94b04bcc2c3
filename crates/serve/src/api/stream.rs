//! `/api/v1/stream`: live updates as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::ServerState;
use crate::access::{Access, Caller};
use crate::live::{Event, Subscription};
use crate::params::Params;
use crate::problem::{Code, Problem};

/// A comment is sent after so much silence, so that neither side takes the other for gone.
pub(crate) const HEARTBEAT_SECONDS: u64 = 15;

/// How often it is looked whether the listener may still listen: a session ends, a token is revoked.
const LOOK_SECONDS: u64 = 5;

struct Listening {
    subscription: Subscription,
    greeting: Option<SseEvent>,
    stopping: watch::Receiver<bool>,
    who: Option<(Access, Caller)>,
}

/// Comes when the listener may listen no more.
pub(crate) async fn no_longer(who: Option<&(Access, Caller)>) {
    let Some((access, caller)) = who else { return std::future::pending().await };
    loop {
        tokio::time::sleep(Duration::from_secs(LOOK_SECONDS)).await;
        if !access.is_still(caller) {
            return;
        }
    }
}

fn sse(event: &Event) -> SseEvent {
    SseEvent::default().id(&event.id).event(event.name).data(&event.data)
}

async fn next(mut listening: Listening) -> Option<(Result<SseEvent, Infallible>, Listening)> {
    if let Some(greeting) = listening.greeting.take() {
        return Some((Ok(greeting), listening));
    }
    if listening.subscription.lost {
        listening.subscription.lost = false;
        return Some((Ok(SseEvent::default().event("reset").data("{}")), listening));
    }
    if let Some(event) = listening.subscription.missed.pop_front() {
        return Some((Ok(sse(&event)), listening));
    }
    let received: Result<Arc<Event>, RecvError> = tokio::select! {
        received = listening.subscription.receiver.recv() => received,
        _ = listening.stopping.wait_for(|stopping| *stopping) => return None,
        () = no_longer(listening.who.as_ref()) => return None,
    };
    // Where much comes, the sleep above never ends.
    if let Some((access, caller)) = &listening.who
        && !access.is_still(caller)
    {
        return None;
    }
    match received {
        Ok(event) => Some((Ok(sse(&event)), listening)),
        Err(RecvError::Lagged(_)) => {
            // Ended rather than sent a stream with holes: it comes back and asks for what it missed.
            listening.subscription.count_dropped();
            None
        }
        Err(RecvError::Closed) => None,
    }
}

/// Live updates.
///
/// Events: `window` (`{"step","start","end"}`, a window has closed and can be read), `volume` (its row by total),
/// `detection` (its row, once, when it was told first), `sources` (as `/api/v1/sources`), `notice` (`{"notice":"SIMULATED DATA"}` at the beginning where data are made up),
/// `reset` (more was missed than is kept: read anew). With `Last-Event-ID` the stream goes on after that event.
#[utoipa::path(
    get, path = "/api/v1/stream", operation_id = "stream", tag = "live",
    params(("Last-Event-ID" = Option<String>, Header, description = "id of the last event that was seen")),
    responses(
        (status = 200, description = "a stream of events", body = String, content_type = "text/event-stream"),
        (status = "default", description = "a problem", body = crate::problem::Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn stream(
    State(state): State<ServerState>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or(""));
    let subscription = state.live().subscribe(last).ok_or_else(|| Problem::new(Code::TooManyStreams))?;
    let greeting =
        state.notice().map(|notice| SseEvent::default().event("notice").data(format!("{{\"notice\":\"{notice}\"}}")));
    let who = caller.map(|Extension(caller)| (state.access().clone(), caller));
    let listening = Listening { subscription, greeting, stopping: state.stopping(), who };
    let heartbeat = KeepAlive::new().interval(Duration::from_secs(HEARTBEAT_SECONDS)).text("heartbeat");
    Ok(Sse::new(stream::unfold(listening, next)).keep_alive(heartbeat).into_response())
}
