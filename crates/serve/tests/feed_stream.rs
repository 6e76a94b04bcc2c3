//! A feed, live: nothing is missed, nothing comes twice, and nobody waits for anybody.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

mod common;

use std::time::Duration;

use common::*;
use groundswell_serve::{FEED_STREAMS_MAX, Server};
use groundswell_store::{FeedSelection, FeedStore, ReleaseBatch, ReleaseWriter as _, StoreOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

struct Running {
    served: Served,
    address: std::net::SocketAddr,
    task: JoinHandle<std::io::Result<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn running() -> Running {
    let served = served().await;
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), served.state.clone()).await.unwrap();
    let address = server.address();
    let task = tokio::spawn(server.run(std::future::pending()));
    Running { served, address, task }
}

impl Running {
    async fn commit(&mut self, batch: ReleaseBatch) {
        self.served.writer.commit(&batch).await.unwrap();
        self.served.state.live().committed(&batch);
    }
}

struct Listener {
    socket: TcpStream,
    text: String,
}

impl Listener {
    async fn try_connect(address: std::net::SocketAddr, feed: &str, last: Option<&str>) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let last = last.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
        let request = format!("GET /feeds/{feed}/stream HTTP/1.1\r\nhost: {address}\r\n{last}\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut listener = Self { socket, text: String::new() };
        assert!(listener.until("\r\n\r\n").await, "{}", listener.text);
        listener
    }

    async fn connect(running: &Running, feed: &str, last: Option<&str>) -> Self {
        let mut listener = Self::try_connect(running.address, feed, last).await;
        assert!(listener.until("event: about").await, "{}", listener.text);
        listener
    }

    /// Reads until a text has come; `false` if the stream ended before.
    async fn until(&mut self, wanted: &str) -> bool {
        let mut buffer = vec![0; 65_536];
        while !self.text.contains(wanted) {
            let read = tokio::time::timeout(Duration::from_mins(1), self.socket.read(&mut buffer))
                .await
                .unwrap_or_else(|_| panic!("{wanted:?} did not come within a minute"));
            match read {
                Ok(0) | Err(_) => return false,
                Ok(read) => self.text.push_str(&String::from_utf8_lossy(&buffer[..read])),
            }
        }
        true
    }

    /// Ids of what has come so far.
    fn ids(&self) -> Vec<&str> {
        self.text.lines().filter_map(|line| line.strip_prefix("id: ")).collect()
    }
}

#[tokio::test]
async fn what_is_committed_comes_and_goes_on_after_what_was_seen() {
    let mut running = running().await;
    running.commit(found([1])).await;
    let mut listener = Listener::connect(&running, "everything", None).await;
    assert!(listener.text.contains("content-type: text/event-stream"));
    assert!(listener.until("example.org/ours").await, "the head of the audit log");
    running.commit(found([2, 3])).await;
    assert!(listener.until("id: narrative-n3").await);
    assert_eq!(listener.ids(), ["narrative-n2", "narrative-n3"], "what was there before is in the document");
    assert!(listener.text.contains(r#""command":"groundswell export narratives --id n2""#));
    drop(listener);
    running.commit(found([4, 5])).await;
    let mut again = Listener::connect(&running, "everything", Some("narrative-n2")).await;
    assert!(again.until("id: narrative-n5").await);
    running.commit(found([6])).await;
    assert!(again.until("id: narrative-n6").await);
    assert_eq!(again.ids(), ["narrative-n3", "narrative-n4", "narrative-n5", "narrative-n6"]);
    let mut unknown = Listener::connect(&running, "everything", Some("narrative-nffff")).await;
    assert!(unknown.until("event: reset").await);
    assert!(unknown.ids().is_empty());
}

#[tokio::test]
async fn a_feed_brings_what_it_selects() {
    let mut running = running().await;
    let mut feeds = FeedStore::open(running.served.folder.path(), &StoreOptions::default()).await.unwrap();
    let german = FeedSelection { languages: vec!["de".to_owned()], ..FeedSelection::default() };
    let portuguese = FeedSelection { languages: vec!["pt".to_owned()], ..FeedSelection::default() };
    feeds.add("german", &german, 0).await.unwrap();
    feeds.add("portuguese", &portuguese, 0).await.unwrap();
    let mut one = Listener::connect(&running, "german", None).await;
    let mut other = Listener::connect(&running, "portuguese", None).await;
    running.commit(found([1, 2])).await;
    assert!(other.until("id: narrative-n2").await);
    feeds.remove("german", 0).await.unwrap();
    feeds.add("german", &FeedSelection::default(), 0).await.unwrap();
    running.commit(found([3])).await;
    assert!(one.until("id: narrative-n3").await);
    assert_eq!(one.ids(), ["narrative-n3"]);
}

/// A burst that grows comes into a strict feed later than it was told first. Whoever listens gets it then, once; and so does who was cut
/// meanwhile, after what it saw.
#[tokio::test]
async fn what_comes_into_a_feed_late_comes_to_its_listeners() {
    let mut running = running().await;
    let mut feeds = FeedStore::open(running.served.folder.path(), &StoreOptions::default()).await.unwrap();
    feeds.add("strict", &FeedSelection { budget: Some(1.0), ..FeedSelection::default() }, 0).await.unwrap();
    let mut strict = Listener::connect(&running, "strict", None).await;
    let mut everything = Listener::connect(&running, "everything", None).await;
    let of = |row| ReleaseBatch { detections: vec![row], now: 1_800_000_000, ..ReleaseBatch::default() };
    let (small, large) = (burst(24, 1.0), burst(400, -6.0));
    let id = small.id.clone();
    running.commit(of(small)).await;
    running.commit(found([1])).await;
    assert!(strict.until("id: narrative-n1\n").await);
    assert_eq!(strict.ids(), ["narrative-n1"], "it is not enough for the feed yet");
    let mut cut = Listener::connect(&running, "strict", Some("narrative-n1")).await;
    drop(cut);
    running.commit(of(large.clone())).await;
    // As after a restart, which tells it again.
    running.commit(of(large)).await;
    running.commit(found([2])).await;
    for listener in [&mut strict, &mut everything] {
        assert!(listener.until("id: narrative-n2\n").await);
    }
    assert_eq!(strict.ids(), ["narrative-n1", id.as_str(), "narrative-n2"]);
    assert_eq!(
        everything.ids(),
        [id.as_str(), "narrative-n1", "narrative-n2"],
        "where it was already it does not come again"
    );
    cut = Listener::connect(&running, "strict", Some("narrative-n1")).await;
    assert!(cut.until("id: narrative-n2\n").await);
    assert_eq!(cut.ids(), [id.as_str(), "narrative-n2"]);
    let mut again = Listener::connect(&running, "strict", Some(&id)).await;
    assert!(again.until("id: narrative-n2\n").await);
    assert_eq!(again.ids(), ["narrative-n2"]);
}

#[tokio::test]
async fn another_store_ends_the_streams_of_the_one_before() {
    let mut running = running().await;
    let mut listener = Listener::connect(&running, "everything", None).await;
    running.commit(found([1])).await;
    assert!(listener.until("id: narrative-n1").await);
    running.served.state.replace_reader(running.served.reader.clone(), true);
    assert!(!listener.until("no such text").await);
    let mut again = Listener::connect(&running, "everything", Some("narrative-n1")).await;
    assert!(again.text.contains("SIMULATED DATA"));
    running.commit(found([2])).await;
    assert!(again.until("id: narrative-n2").await);
}

/// A thousand, some of whom read nothing, get what is committed; one that comes back has missed nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_listen_and_nobody_waits_for_anybody() {
    let mut running = running().await;
    let mut listeners = Vec::new();
    for _ in 0..1_000 {
        listeners.push(Listener::connect(&running, "everything", None).await);
    }
    assert_eq!(running.served.state.live().feed_streams(), 1_000);
    // Every tenth never reads again.
    let (deaf, mut ears): (Vec<_>, Vec<_>) =
        listeners.into_iter().enumerate().partition(|(number, _)| number % 10 == 0);
    let count = 40_u64;
    for id in 1..=count {
        running.commit(found([id])).await;
    }
    let last = format!("id: narrative-n{count:x}");
    let expected: Vec<String> = (1..=count).map(|id| format!("narrative-n{id:x}")).collect();
    for (_, listener) in &mut ears {
        assert!(listener.until(&last).await, "{}", listener.text);
        assert_eq!(listener.ids(), expected);
    }
    // The program answers others meanwhile.
    let mut other = Listener::connect(&running, "everything", Some("narrative-n1")).await;
    assert!(other.until(&last).await);
    drop(deaf);
}

/// Who falls behind gets everything once it reads, in order and once; and so does who was cut meanwhile.
#[tokio::test]
async fn who_is_too_slow_misses_nothing() {
    let mut running = running().await;
    let mut slow = Listener::connect(&running, "everything", None).await;
    running.commit(found([1])).await;
    assert!(slow.until("id: narrative-n1\n").await);
    let mut id = 1;
    // It does not read. More than its socket and the ring can hold is committed.
    for _ in 0..15 {
        running.commit(found(id + 1..=id + 400)).await;
        id += 400;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let expected: Vec<String> = (1..=id).map(|id| format!("narrative-n{id:x}")).collect();
    assert!(slow.until("id: narrative-n100\n").await);
    let mut cut = Listener::connect(&running, "everything", Some("narrative-n100")).await;
    let last = format!("id: narrative-n{id:x}\n");
    assert!(slow.until(&last).await && cut.until(&last).await);
    assert!(running.served.state.live().feed_streams_behind() > 0, "the ring was never too short");
    assert_eq!(slow.ids(), expected);
    assert_eq!(cut.ids(), &expected[0x100..]);
}

#[tokio::test]
async fn streams_are_bounded_apart_from_others() {
    const { assert!(FEED_STREAMS_MAX >= 1_000) };
    let running = running().await;
    let mut all = Vec::new();
    for _ in 0..FEED_STREAMS_MAX {
        all.push(Listener::connect(&running, "everything", None).await);
    }
    let refused = Listener::try_connect(running.address, "everything", None).await;
    assert!(refused.text.starts_with("HTTP/1.1 503"), "{}", refused.text);
    let answer = running.served.get("/api/v1/status").await;
    assert_eq!(answer.status.as_u16(), 200);
    drop(all);
}
