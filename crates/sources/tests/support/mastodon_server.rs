//! A small server that speaks what the Mastodon source asks for: `/api/v2/instance`, streams by WebSocket and by server-sent
//! events, and the public timeline with `min_id`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "two test programs use it, neither uses all of it, and a panic is how it fails"
)]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

/// One thing that a stream says.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// An event and its payload.
    Event(&'static str, String),
    /// A text that is no event (WebSocket), bytes as they are (server-sent events).
    Raw(String),
}

/// What a stream does with one connection.
#[derive(Clone, Debug)]
pub(crate) enum Stream {
    /// Answers with this status and these headers.
    Closed(u16, &'static str),
    /// Says this and stays.
    Stay(Vec<Say>),
    /// Says this and drops the connection.
    Drop(Vec<Say>),
    /// Says this and neither reads nor writes any more.
    Hang(Vec<Say>),
    /// Says this, writes these bytes as they are, and resets the connection.
    Reset(Vec<Say>, Vec<u8>),
    /// Writes these bytes as they are, says this, and stays.
    Raw(Vec<u8>, Vec<Say>),
}

/// What the server does.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The answer of `/api/v2/instance`.
    pub(crate) about: Option<String>,
    /// By connection; the last one is repeated.
    pub(crate) web_socket: Vec<Stream>,
    pub(crate) sse: Vec<Stream>,
    /// Statuses by id, and how many more of them are there at each question; `None`: the timeline is closed.
    pub(crate) timeline: Option<(Vec<(u64, String)>, usize)>,
    /// Answers of the timeline that come before: status, headers, body.
    pub(crate) timeline_first: Vec<(u16, &'static str, String)>,
    /// Answers of the timeline before those: what stands where an answer should be, and whether the connection is reset behind it
    /// or left open without a word.
    pub(crate) timeline_raw: Vec<(Vec<u8>, bool)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            about: None,
            web_socket: vec![Stream::Closed(401, "")],
            sse: vec![Stream::Closed(401, "")],
            timeline: None,
            timeline_first: Vec::new(),
            timeline_raw: Vec::new(),
        }
    }
}

#[derive(Debug)]
struct Shared {
    plan: Mutex<Plan>,
    asked: Mutex<Vec<String>>,
    there: Mutex<usize>,
}

/// The running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    pub(crate) fn new(plan: Plan) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { plan: Mutex::new(plan), asked: Mutex::default(), there: Mutex::default() });
        let serving = Arc::clone(&shared);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { address, shared, _runtime: runtime }
    }

    /// Its host as it is configured.
    pub(crate) fn host(&self) -> String {
        format!("http://{}", self.address)
    }

    /// First lines of all requests so far, each with whether a token came.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }
}

/// What lies in the buffers is lost, and the client is told so.
fn throw_away(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

fn next(streams: &mut Vec<Stream>) -> Stream {
    if streams.len() > 1 { streams.remove(0) } else { streams[0].clone() }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut head = vec![0; 8_192];
    // The head comes in one piece on this machine; it stays in the socket for the handshake of a WebSocket.
    let length = stream.peek(&mut head).await.unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    let Some(path) = head.split(' ').nth(1).map(str::to_owned) else { return };
    let lower = head.to_ascii_lowercase();
    let token = if lower.contains("authorization: bearer ") { " with a token" } else { "" };
    shared.asked.lock().unwrap().push(format!("{path}{token}"));
    if lower.contains("upgrade: websocket") {
        let act = next(&mut shared.plan.lock().unwrap().web_socket);
        return web_socket(stream, act).await;
    }
    let mut sink = vec![0; length];
    if stream.read_exact(&mut sink).await.is_err() {
        return;
    }
    if path.starts_with("/api/v1/streaming") {
        let act = next(&mut shared.plan.lock().unwrap().sse);
        return events(stream, act).await;
    }
    let (status, headers, body) = if path == "/api/v2/instance" {
        let about = shared.plan.lock().unwrap().about.clone();
        about.map_or((404, "", String::new()), |body| (200, "", body))
    } else if path.starts_with("/api/v1/timelines/public") {
        let raw = {
            let raw = &mut shared.plan.lock().unwrap().timeline_raw;
            (!raw.is_empty()).then(|| raw.remove(0))
        };
        if let Some((bytes, reset)) = raw {
            let _ = stream.write_all(&bytes).await;
            return if reset { throw_away(&stream) } else { std::future::pending().await };
        }
        timeline(&path, &shared)
    } else {
        (404, "", String::new())
    };
    let answer = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn timeline(path: &str, shared: &Shared) -> (u16, &'static str, String) {
    let mut plan = shared.plan.lock().unwrap();
    if !plan.timeline_first.is_empty() {
        return plan.timeline_first.remove(0);
    }
    let Some((statuses, step)) = &plan.timeline else { return (401, "", String::new()) };
    let mut there = shared.there.lock().unwrap();
    *there = (*there + step).min(statuses.len());
    let min_id =
        path.split(['?', '&']).find_map(|pair| pair.strip_prefix("min_id=")).map(|id| id.parse::<u64>().unwrap());
    let page: Vec<&str> = match min_id {
        Some(min) => {
            let newer = statuses[..*there].iter().filter(|(id, _)| *id > min);
            newer.take(40).map(|(_, status)| status.as_str()).collect()
        }
        None => statuses[there.saturating_sub(40)..*there].iter().map(|(_, status)| status.as_str()).collect(),
    };
    let page: Vec<&str> = page.into_iter().rev().collect();
    (200, "", format!("[{}]", page.join(",")))
}

async fn web_socket(mut stream: TcpStream, act: Stream) {
    let (says, stay) = match act {
        Stream::Closed(status, headers) => {
            let _ = stream.write_all(format!("HTTP/1.1 {status} X\r\n{headers}\r\n").as_bytes()).await;
            return;
        }
        Stream::Stay(says) => (says, true),
        Stream::Drop(says) => (says, false),
        Stream::Hang(says) => {
            let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
            say(&mut socket, says).await;
            std::future::pending::<()>().await;
            return;
        }
        Stream::Reset(says, bytes) => {
            let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
            say(&mut socket, says).await;
            let _ = socket.get_mut().write_all(&bytes).await;
            return throw_away(socket.get_ref());
        }
        Stream::Raw(bytes, says) => {
            let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
            let _ = socket.get_mut().write_all(&bytes).await;
            say(&mut socket, says).await;
            while let Some(Ok(_)) = socket.next().await {}
            return;
        }
    };
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    say(&mut socket, says).await;
    if stay {
        while let Some(Ok(_)) = socket.next().await {}
    }
}

async fn say(socket: &mut tokio_tungstenite::WebSocketStream<TcpStream>, says: Vec<Say>) {
    for say in says {
        let text = match say {
            Say::Event(event, payload) => {
                let payload = serde_json::to_string(&payload).unwrap();
                format!(r#"{{"stream":["public"],"event":"{event}","payload":{payload}}}"#)
            }
            Say::Raw(text) => text,
        };
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
    }
}

async fn events(mut stream: TcpStream, act: Stream) {
    let (mut before, mut after) = (Vec::new(), None);
    let (says, stay) = match act {
        Stream::Closed(status, headers) => {
            let _ =
                stream.write_all(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{headers}\r\n").as_bytes()).await;
            return;
        }
        Stream::Stay(says) => (says, Some(true)),
        Stream::Hang(says) => (says, Some(false)),
        Stream::Drop(says) => (says, None),
        Stream::Reset(says, bytes) => {
            after = Some(bytes);
            (says, None)
        }
        Stream::Raw(bytes, says) => {
            before = bytes;
            (says, Some(true))
        }
    };
    let mut text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:)\n".to_owned();
    let head = text.len();
    for say in says {
        match say {
            Say::Event(event, payload) => {
                let _ = write!(text, "event: {event}\ndata: {payload}\n\n");
            }
            Say::Raw(raw) => text.push_str(&raw),
        }
    }
    let mut bytes = text.into_bytes();
    bytes.splice(head..head, before);
    // In pieces that end anywhere.
    for piece in bytes.chunks(1_009) {
        if stream.write_all(piece).await.is_err() {
            return;
        }
    }
    if let Some(bytes) = after {
        let _ = stream.write_all(&bytes).await;
        return throw_away(&stream);
    }
    match stay {
        Some(true) => {
            while stream.write_all(b":thump\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Some(false) => std::future::pending().await,
        None => {}
    }
}
