//! Live updates over a real socket.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

mod common;

use std::time::Duration;

use common::*;
use groundswell_serve::{EVENTS_KEPT_MAX, Server};
use groundswell_store::{ReleaseBatch, ReleaseWriter as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Running {
    served: Served,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

async fn running() -> Running {
    let served = served().await;
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), served.state.clone()).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server.run(async move { drop(stopped.await) }));
    Running { served, address, stop, task }
}

struct Listener {
    socket: TcpStream,
    text: String,
}

impl Listener {
    async fn connect(running: &Running, last: Option<&str>) -> Self {
        Self::connect_to("/api/v1/stream", running, last).await
    }

    async fn connect_to(path: &str, running: &Running, last: Option<&str>) -> Self {
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        let last = last.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{last}\r\n", running.address);
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut listener = Self { socket, text: String::new() };
        assert!(listener.until("\r\n\r\n").await, "{}", listener.text);
        listener
    }

    /// Reads until a text has come; `false` if the stream ended before.
    async fn until(&mut self, wanted: &str) -> bool {
        let mut buffer = [0; 4_096];
        let mut searched = 0;
        while !self.text.as_bytes()[searched..].windows(wanted.len()).any(|window| window == wanted.as_bytes()) {
            searched = self.text.len().saturating_sub(wanted.len());
            let read = tokio::time::timeout(Duration::from_secs(20), self.socket.read(&mut buffer))
                .await
                .unwrap_or_else(|_| panic!("{wanted:?} did not come within 20 s"))
                .unwrap();
            if read == 0 {
                return false;
            }
            self.text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        true
    }
}

fn one(n: i64) -> ReleaseBatch {
    let rows = released(groundswell_gate::Dimension::Total, minute(n), &[("all", 40, 20)]);
    ReleaseBatch { windows: vec![minute(n)], rows, ..ReleaseBatch::default() }
}

#[tokio::test]
async fn windows_and_totals_come_live() {
    let running = running().await;
    let mut listener = Listener::connect(&running, None).await;
    assert!(listener.text.contains("content-type: text/event-stream"));
    running.served.state.live().committed(&one(9));
    assert!(listener.until("event: volume").await);
    assert!(
        listener
            .until(
                r#"data: {"start":"2016-09-23T00:09:00Z","step":"minute","by":{"total":"all"},"posts":40,"authors":20}"#
            )
            .await
    );
    assert!(listener.text.contains("event: window"));
    assert!(
        listener
            .text
            .contains(r#"data: {"step":"minute","start":"2016-09-23T00:09:00Z","end":"2016-09-23T00:10:00Z"}"#)
    );
    // It comes back after the first of the two events and gets the second, once.
    let first = listener.text.split("id: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    drop(listener);
    let mut again = Listener::connect(&running, Some(&first)).await;
    assert!(again.until("event: volume").await);
    assert!(!again.text.contains("event: window"));
    // From another run, or from too far back: told to read anew.
    let mut unknown = Listener::connect(&running, Some("00000000-7")).await;
    assert!(unknown.until("event: reset").await);

    // The states of the sources come by themselves.
    assert!(again.until("event: sources").await);
    assert!(again.until(r#""name":"bluesky""#).await);

    // Told to stop, the server ends the streams and itself.
    running.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), running.task).await.unwrap().unwrap().unwrap();
    assert!(!again.until("no such text").await);
}

#[tokio::test]
async fn detections_come_live_once() {
    let mut running = running().await;
    // A feed's stream says when what is found is being read.
    let mut feed = Listener::connect_to("/feeds/everything/stream", &running, None).await;
    assert!(feed.until("event: about").await);
    let mut listener = Listener::connect(&running, None).await;
    for batch in [found([1]), found([1]), found([2])] {
        running.served.writer.commit(&batch).await.unwrap();
        running.served.state.live().committed(&batch);
    }
    assert!(listener.until(r#""id":"narrative-n2""#).await);
    assert_eq!(listener.text.matches("event: detection").count(), 2, "{}", listener.text);
    assert!(listener.text.contains(r#"data: {"id":"narrative-n1","kind":"narrative""#));
}

#[tokio::test]
async fn simulated_data_say_so_at_the_beginning() {
    let running = running().await;
    running.served.state.replace_reader(running.served.reader.clone(), true);
    let mut listener = Listener::connect(&running, None).await;
    assert!(listener.text.contains("x-groundswell-notice: SIMULATED DATA"));
    assert!(listener.until("data: {\"notice\":\"SIMULATED DATA\"}").await);
}

#[tokio::test]
async fn a_slow_listener_is_dropped_and_counted() {
    let running = running().await;
    let mut slow = Listener::connect(&running, None).await;
    let live = running.served.state.live();
    // It does not read. More than its socket and the ring can hold is published; the loop gives the server time to write.
    for n in 0..200 {
        for minute in 0..EVENTS_KEPT_MAX as i64 {
            live.committed(&one(n * 2_000 + minute));
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        if live.dropped() > 0 {
            break;
        }
    }
    assert_eq!(live.dropped(), 1);
    // What was on its way still comes, then the last chunk of the answer; others are served.
    assert!(slow.until("\r\n0\r\n\r\n").await);
    let mut other = Listener::connect(&running, None).await;
    live.committed(&one(7));
    assert!(other.until("event: volume").await);
}
