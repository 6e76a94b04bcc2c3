//! Connections: how many, how slow, how large. `axum::serve` with bounds.
//!
//! Whoever opens many connections and sends nothing on them keeps nobody out: when all places are taken, the connection that has waited
//! longest for a request gives way to a new one.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};
use tower::ServiceExt as _;

use crate::ServerState;
use crate::access::signin::Peer;
use crate::server::router;
use crate::tls::Tls;

/// Connections at the same time: room for all live streams and as many others as there ever were. The binary asks the system for more
/// open files than this; where it gets fewer, a connection more waits until one ends.
pub const CONNECTIONS_MAX: usize = crate::FEED_STREAMS_MAX + 512;

/// How long the head of a request may take, from the first moment at which it could come; also how long a connection may be idle.
pub const HEADER_SECONDS_MAX: u64 = 10;

/// The largest head.
pub const HEADER_BYTES_MAX: usize = 32 * 1_024;

/// Fields of a head.
const HEADER_FIELDS_MAX: usize = 64;

/// How long TLS may take to begin.
const HANDSHAKE_SECONDS_MAX: u64 = 10;

/// How long an answer may take to be read, but for live streams: longer than any answer takes, so that this ends only connections whose
/// reader does not read.
const ANSWER_SECONDS_MAX: u64 = 180;

/// How often it is looked whether one has.
const SWEEP_SECONDS: u64 = 10;

/// How long to wait when no connection can be taken, such as when all files are open.
const ACCEPT_WAIT: Duration = Duration::from_millis(100);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    /// Waiting for a request, or for the rest of one's head.
    Waiting,
    /// Answering.
    Answering,
    /// Sending live updates, which end by bounds of their own.
    Streaming,
}

struct Place {
    doing: Doing,
    since: Instant,
    end: Arc<Notify>,
}

/// All connections, by number.
struct Places {
    state: ServerState,
    all: Mutex<(u64, BTreeMap<u64, Place>)>,
}

impl Places {
    fn new(state: ServerState) -> Self {
        Self { state, all: Mutex::default() }
    }

    /// Ends a connection that has to go.
    fn end(&self, place: &Place) {
        place.end.notify_one();
        self.state.connections().ended.fetch_add(1, Ordering::Relaxed);
    }

    /// A place for a new connection; who waited longest makes room.
    fn take(self: &Arc<Self>) -> Held {
        let end = Arc::new(Notify::new());
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.1.len() >= CONNECTIONS_MAX {
            let first = all.1.iter().min_by_key(|(_, place)| (place.doing, place.since)).map(|(number, _)| *number);
            if let Some(place) = first.and_then(|first| all.1.remove(&first)) {
                self.end(&place);
            }
        }
        all.0 += 1;
        let number = all.0;
        all.1.insert(number, Place { doing: Doing::Waiting, since: Instant::now(), end: Arc::clone(&end) });
        drop(all);
        self.state.connections().open.fetch_add(1, Ordering::Relaxed);
        Held { places: Arc::clone(self), number, end }
    }

    fn set(&self, number: u64, doing: Doing) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.1.get_mut(&number) {
            (place.doing, place.since) = (doing, Instant::now());
        }
    }

    /// Ends connections whose reader does not read.
    fn sweep(&self) {
        let now = Instant::now();
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.retain(|_, place| {
            let stuck = place.doing != Doing::Streaming && now - place.since >= Duration::from_secs(ANSWER_SECONDS_MAX);
            if stuck {
                self.end(place);
            }
            !stuck
        });
    }
}

/// A connection's place, given back when it is dropped.
struct Held {
    places: Arc<Places>,
    number: u64,
    end: Arc<Notify>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.places.all.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.number);
        self.places.state.connections().open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer's body, at whose end the connection waits again.
struct Answer {
    body: Body,
    places: Arc<Places>,
    number: u64,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.places.set(self.number, Doing::Waiting);
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Takes connections until `stop` comes, then lets open answers end.
pub(crate) async fn serve(listener: TcpListener, tls: Option<Tls>, state: ServerState, stop: impl Future<Output = ()>) {
    let router = router(state.clone());
    let places = Arc::new(Places::new(state));
    let graceful = GracefulShutdown::new();
    let mut sweeps = tokio::time::interval(Duration::from_secs(SWEEP_SECONDS));
    tokio::pin!(stop);
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            _ = sweeps.tick() => {
                places.sweep();
                continue;
            }
            () = &mut stop => break,
        };
        let Ok((stream, peer)) = taken else {
            // Nothing is told of whose connection failed; that all files are open will show elsewhere.
            tokio::time::sleep(ACCEPT_WAIT).await;
            continue;
        };
        // Small answers are not held back; a socket that cannot do so works, too.
        let _ = stream.set_nodelay(true);
        let held = places.take();
        let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            let end = Arc::clone(&held.end);
            tokio::select! {
                () = connection(stream, tls, peer, router, &held, watcher) => {}
                () = end.notified() => {}
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn connection(
    stream: TcpStream,
    tls: Option<Tls>,
    peer: SocketAddr,
    router: Router,
    held: &Held,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let Some(tls) = tls else { return http(stream, peer, router, held, watcher).await };
    let handshake = tls.acceptor().accept(stream);
    // Whoever cannot or will not is told nothing.
    if let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_secs(HANDSHAKE_SECONDS_MAX), handshake).await {
        http(stream, peer, router, held, watcher).await;
    }
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    held: &Held,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (router, places, number) = (router.clone(), Arc::clone(&held.places), held.number);
        async move {
            places.set(number, Doing::Answering);
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer.ip()));
            let response: Response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            let streams = response
                .headers()
                .get(axum::http::header::CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
            if streams {
                places.set(number, Doing::Streaming);
            }
            Ok::<_, std::convert::Infallible>(response.map(|body| Answer { body, places, number }))
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_SECONDS_MAX))
        .max_header_size(HEADER_BYTES_MAX)
        .max_headers(HEADER_FIELDS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that broke is its peer's affair.
    let _ = watcher.watch(serving).await;
}

#[cfg(test)]
mod tests {
    use groundswell_gate::{EngineStatus, Released, SourceStatus, WatchEntry};

    use super::*;
    use crate::{Live, StatusSource};

    struct Nothing;

    impl StatusSource for Nothing {
        fn status(&self) -> Released<EngineStatus> {
            unreachable!("nobody asks")
        }

        fn sources(&self) -> Vec<Released<SourceStatus>> {
            Vec::new()
        }

        fn watches(&self) -> Vec<Released<WatchEntry>> {
            Vec::new()
        }
    }

    fn places() -> Arc<Places> {
        Arc::new(Places::new(ServerState::new(Arc::new(Nothing), Live::new())))
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_longest_makes_room_and_who_is_answered_does_not() {
        let places = places();
        let mut all = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            all.push(places.take());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        places.set(all[0].number, Doing::Answering);
        let newest = places.take();
        assert_eq!(places.all.lock().unwrap().1.len(), CONNECTIONS_MAX);
        let gone = |held: &Held| !places.all.lock().unwrap().1.contains_key(&held.number);
        assert!(!gone(&all[0]) && gone(&all[1]) && !gone(&all[2]) && !gone(&newest));
        all[1].end.notified().await;
        let counted = || {
            let counters = places.state.connections();
            (counters.open.load(Ordering::Relaxed), counters.ended.load(Ordering::Relaxed))
        };
        assert_eq!(counted(), (CONNECTIONS_MAX as u64 + 1, 1));
        drop(all);
        assert_eq!(counted(), (1, 1));
        assert_eq!(places.all.lock().unwrap().1.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_ended_and_who_listens_is_not() {
        let places = places();
        let (reader, listener) = (places.take(), places.take());
        places.set(reader.number, Doing::Answering);
        places.set(listener.number, Doing::Streaming);
        places.sweep();
        assert_eq!(places.all.lock().unwrap().1.len(), 2);
        tokio::time::advance(Duration::from_secs(ANSWER_SECONDS_MAX)).await;
        places.sweep();
        reader.end.notified().await;
        assert_eq!(places.all.lock().unwrap().1.len(), 1);
    }
}
