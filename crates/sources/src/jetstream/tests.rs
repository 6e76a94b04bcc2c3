//! The connection against a real server on this machine.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use super::*;
use crate::block::{Payload, SourceIx};
use crate::channel::{BlockReceiver, Stop, channel};
use crate::source::Source;

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn message(number: u64) -> String {
    let time_us = 1_783_175_888_000_000 + number * 10_000_000;
    format!(r#"{{"did":"did:plc:a","time_us":{time_us},"kind":"identity"}}"#)
}

/// What the server does with one connection.
#[derive(Clone, Copy)]
enum Act {
    /// Sends so many messages and drops the connection without a word.
    SendAndDrop(u64),
    /// Sends so many messages and stays.
    SendAndStay(u64),
    /// Sends a message over the bound.
    TooLong,
}

/// Serves one connection after another; tells the query of each.
fn serve(listener: std::net::TcpListener, acts: Vec<Act>) -> mpsc::Receiver<String> {
    let (told, queries) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            listener.set_nonblocking(true).unwrap();
            let listener = TcpListener::from_std(listener).unwrap();
            let mut number = 0;
            let mut stay = Vec::new();
            for act in acts {
                let (stream, _) = listener.accept().await.unwrap();
                let mut socket = accept(stream, &told).await;
                match act {
                    Act::SendAndDrop(count) | Act::SendAndStay(count) => {
                        for _ in 0..count {
                            socket.send(Message::text(message(number))).await.unwrap();
                            number += 1;
                        }
                    }
                    Act::TooLong => {
                        let _ = socket.send(Message::text("x".repeat(MESSAGE_BYTES_MAX + 1))).await;
                        while let Some(Ok(_)) = socket.next().await {}
                    }
                }
                if matches!(act, Act::SendAndStay(_)) {
                    stay.push(socket);
                }
            }
            tokio::time::sleep(PATIENCE).await;
        });
    });
    queries
}

async fn accept(stream: TcpStream, told: &mpsc::Sender<String>) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    let told = Mutex::new(told.clone());
    #[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
    let callback = move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        told.lock().unwrap().send(query).unwrap();
        Ok(response)
    };
    tokio_tungstenite::accept_hdr_async(stream, callback).await.unwrap()
}

struct Running {
    status: Arc<LiveStatus>,
    stop: Stop,
    receiver: BlockReceiver,
    thread: thread::JoinHandle<()>,
}

fn start(address: SocketAddr) -> Running {
    let config = JetstreamConfig {
        endpoints: vec![format!("ws://{address}/subscribe?wantedCollections=app.bsky.feed.post")],
        backoff_min: Duration::from_millis(20),
        backoff_max: Duration::from_millis(50),
        ..JetstreamConfig::default()
    };
    let source = Box::new(Jetstream::new(config));
    let status = source.status();
    let (feed, receiver) = channel(64, Duration::from_secs(30));
    let sender = feed.sender(SourceIx(0));
    let stop = Stop::default();
    let thread = thread::spawn({
        let stop = stop.clone();
        move || source.run(sender, stop).unwrap()
    });
    Running { status, stop, receiver, thread }
}

impl Running {
    /// Waits for so many messages and checks that lines are numbered without gaps.
    fn messages(&self, count: usize) -> Vec<String> {
        let (mut found, mut line) = (Vec::new(), 1);
        let since = Instant::now();
        while found.len() < count {
            assert!(since.elapsed() < PATIENCE, "{} of {count} messages in time", found.len());
            let Ok(block) = self.receiver.recv_timeout(Duration::from_millis(50)) else { continue };
            assert_eq!(block.first_line, line);
            let Payload::Jetstream(bytes) = block.payload else { panic!("another payload") };
            let text = String::from_utf8(bytes).unwrap();
            line += text.lines().count() as u64;
            found.extend(text.lines().map(str::to_owned));
        }
        found
    }

    fn until(&self, what: &str, check: impl Fn(&LiveStatus) -> bool) {
        let since = Instant::now();
        while !check(&self.status) {
            assert!(since.elapsed() < PATIENCE, "waited for {what} in vain");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn stop(self) {
        self.stop.stop();
        self.thread.join().unwrap();
        assert_eq!(self.status.state(), LiveState::Stopped);
    }
}

#[test]
fn connects_when_the_server_comes_up_and_again_when_it_drops() {
    // A port that refuses: bound, noted, and closed again.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let running = start(address);
    running.until("a refused connection", |status| status.failures() >= 2);
    assert_eq!(running.status.connections(), 0);

    let listener = std::net::TcpListener::bind(address).unwrap();
    let queries = serve(listener, vec![Act::SendAndDrop(3), Act::SendAndStay(2)]);
    let found = running.messages(5);
    assert_eq!(found, (0..5).map(message).collect::<Vec<_>>());
    running.until("the second connection", |status| {
        status.connections() == 2 && matches!(status.state(), LiveState::Live { .. })
    });
    let (first, second) = (queries.recv_timeout(PATIENCE).unwrap(), queries.recv_timeout(PATIENCE).unwrap());
    assert_eq!(first, "wantedCollections=app.bsky.feed.post&maxMessageSizeBytes=1048576");
    // Goes on where it was, less the overlap: 2 × 10 s after the first message, 5 s back.
    assert_eq!(second, format!("{first}&cursor={}", 1_783_175_888_000_000_u64 + 20_000_000 - 5_000_000));
    running.stop();
}

#[test]
fn a_message_that_is_too_long_ends_its_connection_and_is_counted() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let running = start(listener.local_addr().unwrap());
    let queries = serve(listener, vec![Act::SendAndDrop(1), Act::TooLong, Act::SendAndStay(1)]);
    running.messages(2);
    assert_eq!(running.status.too_long(), 1);
    let queries: Vec<String> = (0..3).map(|_| queries.recv_timeout(PATIENCE).unwrap()).collect();
    assert!(queries[1].contains("cursor="));
    assert!(!queries[2].contains("cursor="), "from the cursor the same message would come again");
    running.stop();
}

#[test]
fn stops_while_it_waits_to_try_again() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let running = start(address);
    running.until("a failure", |status| matches!(status.state(), LiveState::Retrying { .. }));
    let LiveState::Retrying { error, .. } = running.status.state() else {
        // It is trying again already: no matter, it stops all the same.
        return running.stop();
    };
    assert!(error.starts_with("cannot connect: "), "{error}");
    running.stop();
}
