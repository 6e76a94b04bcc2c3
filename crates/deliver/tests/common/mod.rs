//! A store with detections, and receivers with every fault, over real sockets.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundswell_deliver::{How, Office, Pace, ReceiverConfig, Secret, Signer};
use groundswell_gate::{
    DetectionRow, Gate, K, NarrativeBucket, NarrativeCandidate, NarrativeId, NarrativePart, NarrativeState, Released,
};
use groundswell_sketch::CellKey;
use groundswell_store::{
    Outbox, OutboxCount, Reader, Receiver, ReleaseBatch, ReleaseWriter as _, Store, StoreOptions, Writer,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const START: i64 = 1_474_588_800;

pub(crate) fn detection(id: u64) -> Released<DetectionRow> {
    let bucket = |n: i64| NarrativeBucket {
        start: START + n * 300,
        end: START + (n + 1) * 300,
        posts: if n < 3 { 20 } else { 400 },
        authors: 20,
        key: CellKey::default(),
    };
    let part = |value: &str| NarrativePart {
        value: value.to_owned(),
        weight: 1.0,
        authors: 20,
        name_like: false,
        publishers: 0,
    };
    let candidate = NarrativeCandidate {
        id: NarrativeId(id),
        state: NarrativeState::Growing,
        as_of: START + 1_800,
        buckets: (0..6).map(bucket).collect(),
        authors: 20,
        growth_minutes: 15,
        terms: vec![part("<river> & *bridge*")],
        phrases: vec![part("dam failure")],
        hashtags: Vec::new(),
        domains: Vec::new(),
        languages: Vec::new(),
        parents: Vec::new(),
        merged_into: None,
        related: Vec::new(),
    };
    let row = Gate::exact(K::DEFAULT).release_narrative(candidate).unwrap();
    Released::from_narrative(&row, 15).unwrap()
}

/// A data folder in which detections are committed.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    writer: Writer,
    pub(crate) reader: Reader,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (writer, reader) = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
        Self { folder, writer, reader }
    }

    pub(crate) async fn outbox(&self) -> Outbox {
        Outbox::open(self.folder.path(), &StoreOptions::default()).await.unwrap()
    }

    /// The outbox with these receivers, all of the one feed.
    pub(crate) async fn registered(&self, names: &[&str]) -> Outbox {
        let mut outbox = self.outbox().await;
        let receivers: Vec<Receiver> =
            names.iter().map(|name| Receiver { name: (*name).to_owned(), feed: "everything".to_owned() }).collect();
        outbox.register(&receivers, NOW).await.unwrap();
        outbox
    }

    pub(crate) async fn commit(&mut self, ids: impl IntoIterator<Item = u64>) {
        let detections = ids.into_iter().map(detection).collect();
        let batch = ReleaseBatch { detections, now: NOW, deliver: true, ..ReleaseBatch::default() };
        self.writer.commit(&batch).await.unwrap();
    }

    pub(crate) async fn commit_batch(&mut self, batch: &ReleaseBatch) {
        self.writer.commit(batch).await.unwrap();
    }

    pub(crate) async fn count(&self, receiver: &str) -> OutboxCount {
        let counts = self.outbox().await.counts().await.unwrap();
        counts.into_iter().find(|count| count.receiver == receiver).unwrap()
    }

    /// Waits until something is so of a receiver's deliveries.
    pub(crate) async fn until(&self, receiver: &str, is: impl Fn(&OutboxCount) -> bool) -> OutboxCount {
        let mut outbox = self.outbox().await;
        for _ in 0..3_000 {
            let counts = outbox.counts().await.unwrap();
            let count = counts.into_iter().find(|count| count.receiver == receiver).unwrap();
            if is(&count) {
                return count;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it did not come to it within a minute: {:?}", outbox.counts().await.unwrap());
    }
}

pub(crate) fn office() -> Office {
    Office {
        now: Arc::new(|| NOW),
        checkpoint: Arc::new(|| Some("example.org/ours\n3\nCsUYapGG\n\n\u{2014} example.org/ours AAAA\n".to_owned())),
        version: "0.1.0".to_owned(),
        build: "abcdef".to_owned(),
        page: "https://watch.example".to_owned(),
        private_addresses: true,
        pace: Pace {
            waits: vec![Duration::from_millis(20), Duration::from_millis(60)],
            timeout: Duration::from_millis(700),
            look: Duration::from_millis(50),
        },
    }
}

pub(crate) fn webhook(name: &str, address: SocketAddr) -> ReceiverConfig {
    let url = Secret::new(format!("http://{address}/hook?secret=s3cret"));
    let how = How::Webhook { url, signer: Signer::parse(KEY).unwrap() };
    ReceiverConfig { name: name.to_owned(), feed: "everything".to_owned(), how }
}

/// What a receiver does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Takes,
    Answers(u16),
    /// 400 for one of these, 200 for all others.
    Dislikes(String),
    Redirects(String),
    /// Reads it and never says anything.
    Hangs,
    /// Reads it and hangs up.
    HangsUp,
    /// Hangs up before reading.
    HangsUpEarly,
    Garbage,
    /// A head that never ends.
    Drips,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A receiver over a real socket.
#[derive(Clone)]
pub(crate) struct Hook {
    pub(crate) address: SocketAddr,
    pub(crate) does: Arc<Mutex<Does>>,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
}

impl Hook {
    pub(crate) async fn new(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = Self {
            address: listener.local_addr().unwrap(),
            does: Arc::new(Mutex::new(does)),
            requests: Arc::default(),
        };
        let serving = hook.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let hook = serving.clone();
                tokio::spawn(async move { hook.answer(stream).await });
            }
        });
        hook
    }

    pub(crate) fn now_does(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    pub(crate) fn got(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.got().into_iter().map(|request| request.headers["idempotency-key"].clone()).collect()
    }

    async fn answer(&self, mut stream: TcpStream) -> Option<()> {
        let does = self.does.lock().unwrap().clone();
        if does == Does::HangsUpEarly {
            return None;
        }
        let request = read(&mut stream).await?;
        self.requests.lock().unwrap().push(request.clone());
        let status = match &does {
            Does::Takes => 200,
            Does::Answers(status) => *status,
            Does::Dislikes(what) => {
                if request.body.contains(what.as_str()) {
                    400
                } else {
                    200
                }
            }
            Does::Redirects(to) => {
                let answer = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
                return stream.write_all(answer.as_bytes()).await.ok();
            }
            Does::Hangs => return std::future::pending().await,
            Does::Garbage => return stream.write_all(b"\x16\x03\x01 nobody knows what this is\r\n\r\n").await.ok(),
            Does::Drips => loop {
                stream.write_all(b"HTTP/1.1 200 OK\r\nx: y\r\n").await.ok()?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            },
            Does::HangsUp | Does::HangsUpEarly => return None,
        };
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        stream.write_all(answer.as_bytes()).await.ok()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let (mut bytes, mut part) = (Vec::new(), vec![0; 16_384]);
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&part[..length]),
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(more) => body.extend_from_slice(&part[..more]),
        }
    }
    Some(Request { headers, body: String::from_utf8(body).unwrap() })
}
