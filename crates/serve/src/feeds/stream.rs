//! `/feeds/NAME/stream`: a feed's detections as they are committed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use groundswell_store::{Reader, ReleasedReader as _};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::document::about;
use super::hub::{FeedEvent, Given, Hub, PAGE, Place};
use crate::ServerState;
use crate::access::{Access, Caller};
use crate::api::stream::{HEARTBEAT_SECONDS, no_longer};
use crate::params::Params;
use crate::problem::{Code, Problem};

struct Listening {
    feed: String,
    reader: Reader,
    place: Place,
    /// What is said before anything else.
    greetings: VecDeque<SseEvent>,
    /// Everything up to this place has been sent, or was before the stream began.
    sent: u64,
    /// Read from the store and not sent yet.
    missed: VecDeque<Arc<FeedEvent>>,
    /// The store may have more that was missed.
    behind: bool,
    stopping: watch::Receiver<bool>,
    who: Option<(Access, Caller)>,
}

fn sse(event: &FeedEvent) -> SseEvent {
    SseEvent::default().id(&event.id).event("detection").data(&event.data)
}

/// The next event; `None` ends the stream, and whoever wants more comes back.
async fn next(mut listening: Listening) -> Option<(Result<SseEvent, Infallible>, Listening)> {
    if let Some(greeting) = listening.greetings.pop_front() {
        return Some((Ok(greeting), listening));
    }
    loop {
        if let Some(event) = listening.missed.pop_front() {
            listening.sent = event.place;
            return Some((Ok(sse(&event)), listening));
        }
        if listening.behind {
            // Bounded by a page, however far behind it is.
            let items = listening.reader.detections_since(Some(&listening.feed), listening.sent, PAGE).await.ok()?;
            listening.behind = items.len() == PAGE;
            listening.missed = items.iter().map(|item| Arc::new(FeedEvent::in_feed(&listening.feed, item))).collect();
            continue;
        }
        let given = tokio::select! {
            given = listening.place.receiver.recv() => given,
            _ = listening.stopping.wait_for(|stopping| *stopping) => return None,
            () = no_longer(listening.who.as_ref()) => return None,
        };
        if let Some((access, caller)) = &listening.who
            && !access.is_still(caller)
        {
            return None;
        }
        match given {
            Ok(Given::Found(event)) if event.place > listening.sent => {
                listening.sent = event.place;
                if event.feeds.contains(&listening.feed) {
                    return Some((Ok(sse(&event)), listening));
                }
            }
            Ok(Given::Found(_)) => {}
            Ok(Given::OtherStore) | Err(RecvError::Closed) => return None,
            Err(RecvError::Lagged(_)) => {
                // What it missed is in the store, and is read from there as fast as it reads: that costs nobody else anything.
                listening.place.count_behind();
                listening.behind = true;
            }
        }
    }
}

/// A feed, live.
///
/// Events: `about` (once, at the beginning: version, build and the audit log's head), `detection` (its row; `id` is the detection's),
/// `notice` (`{"notice":"SIMULATED DATA"}` at the beginning where data are made up), `reset` (`Last-Event-ID` is not in this feed: read
/// it anew). A burst that is enough for the feed only when it has grown comes then. With `Last-Event-ID` the stream goes on after that
/// detection, however long ago it was.
#[utoipa::path(
    get, path = "/feeds/{feed}/stream", operation_id = "feedStream", tag = "feeds",
    params(
        ("feed" = String, Path, description = "the feed's name", example = "everything"),
        ("Last-Event-ID" = Option<String>, Header, description = "id of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "a stream of events", body = String, content_type = "text/event-stream"),
        (status = "default", description = "a problem", body = crate::problem::Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn stream(
    State(state): State<ServerState>,
    caller: Option<Extension<Caller>>,
    Path(feed): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let (reader, generation) = state.reader_and_generation()?;
    if reader.feed_newest(&feed, 0).await?.is_none() {
        return Err(Problem::new(Code::NotFound).detail("there is no such feed; /api/v1/feeds lists them"));
    }
    let place = Hub::take(&state, generation).await.ok_or_else(|| Problem::new(Code::TooManyStreams))?;
    let mut greetings = VecDeque::new();
    if let Some(notice) = state.notice() {
        greetings.push_back(SseEvent::default().event("notice").data(format!("{{\"notice\":\"{notice}\"}}")));
    }
    greetings.push_back(SseEvent::default().event("about").data(about(&state).await.to_json()));
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or(""));
    let seen = match last {
        Some(last) => reader.place_in_feed(&feed, last).await?,
        None => None,
    };
    let sent = match (last, seen) {
        (_, Some(seen)) => seen,
        (last, None) => {
            if last.is_some() {
                greetings.push_back(SseEvent::default().event("reset").data("{}"));
            }
            reader.last_place().await?
        }
    };
    let who = caller.map(|Extension(caller)| (state.access().clone(), caller));
    let stopping = state.stopping();
    let missed = VecDeque::new();
    let listening = Listening { feed, reader, place, greetings, sent, missed, behind: seen.is_some(), stopping, who };
    let heartbeat = KeepAlive::new().interval(Duration::from_secs(HEARTBEAT_SECONDS)).text("heartbeat");
    Ok(Sse::new(stream::unfold(listening, next)).keep_alive(heartbeat).into_response())
}
