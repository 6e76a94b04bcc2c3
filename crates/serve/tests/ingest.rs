//! The push door, with something simple behind it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use common::*;
use groundswell_serve::{
    IngestBatch, IngestDoor, IngestPacking, IngestReceipt, IngestRefusal, IngestRejection, PUSH_BODY_BYTES_MAX,
    PUSHES_MAX, Server, WRONG_TOKENS_MAX,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

const TOKEN: &str = "0123456789abcdef0123";

#[derive(Default)]
struct Room {
    taken: Mutex<Vec<(Option<String>, usize, IngestPacking)>>,
    refuse: Mutex<Option<IngestRefusal>>,
    durable: AtomicBool,
    calls: AtomicU64,
    changes: watch::Sender<u64>,
}

impl IngestDoor for Room {
    fn take(&self, batch: IngestBatch) -> Result<IngestReceipt, IngestRefusal> {
        if let Some(refusal) = self.refuse.lock().unwrap().clone() {
            return Err(refusal);
        }
        self.taken.lock().unwrap().push((batch.key, batch.body.len(), batch.packing));
        let shown = vec![IngestRejection { line: 3, field: "text", error: "missing" }];
        Ok(IngestReceipt {
            stream: "a".to_owned(),
            number: 1,
            lines: 3,
            accepted: 2,
            rejected: 1,
            shown,
            repeated: false,
        })
    }

    fn is_durable(&self, _: &IngestReceipt) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.durable.load(Ordering::SeqCst)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

async fn open() -> (Served, Arc<Room>) {
    let served = served().await;
    let room = Arc::new(Room::default());
    served.state.open_door(Arc::clone(&room) as Arc<dyn IngestDoor>, TOKEN);
    (served, room)
}

async fn send(served: &Served, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::post(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    served.send(request.body(body.into()).unwrap()).await
}

const PATH: &str = "/api/v1/ingest";
const RIGHT: (&str, &str) = ("authorization", "Bearer 0123456789abcdef0123");

#[tokio::test]
async fn a_batch_is_answered_by_line() {
    let (served, room) = open().await;
    let headers = [RIGHT, ("idempotency-key", "\"shop/7\""), ("content-encoding", "GZIP")];
    let answer = send(&served, PATH, &headers, "12345").await;
    assert_eq!(answer.status, StatusCode::OK);
    let expected = json!({
        "lines": 3, "accepted": 2, "rejected": [{"line": 3, "field": "text", "error": "missing"}], "rejected_total": 1,
        "repeated": false, "durable": false,
    });
    assert_eq!(answer.json(), expected);
    assert_eq!(*room.taken.lock().unwrap(), [(Some("shop/7".to_owned()), 5, IngestPacking::Gzip)]);
    let document: Value = serde_json::from_str(&groundswell_serve::openapi()).unwrap();
    let schema = &document["paths"][PATH]["post"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(differences(&answer.json(), schema, &document), Vec::<String>::new());
}

#[tokio::test]
async fn without_a_token_there_is_no_door() {
    let served = served().await;
    let answer = send(&served, PATH, &[RIGHT], "{}").await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (403, Some("push_off")));
    assert!(answer.body.contains("push.token_file"), "{}", answer.body);
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_many_are_not_even_told() {
    let (served, room) = open().await;
    let wrong: [&[(&str, &str)]; 7] = [
        &[],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer 0123456789abcdef012")],
        &[("authorization", "Bearer 0123456789abcdef01234")],
        &[("authorization", "Basic 0123456789abcdef0123")],
        &[("authorization", "0123456789abcdef0123")],
        &[RIGHT, RIGHT],
    ];
    for headers in wrong {
        let answer = send(&served, PATH, headers, "{}").await;
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"), "{headers:?}");
        assert!(!answer.body.contains("0123456789"), "the answer repeats what was sent");
    }
    for _ in 7..WRONG_TOKENS_MAX {
        assert_eq!(send(&served, PATH, &[], "{}").await.status.as_u16(), 401);
    }
    let answer = send(&served, PATH, &[], "{}").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "60"));
    assert_eq!(room.taken.lock().unwrap().len(), 0);
    assert_eq!(send(&served, PATH, &[RIGHT], "{}").await.status.as_u16(), 200, "the right one still works");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_held() {
    let (served, room) = open().await;
    let length = (PUSH_BODY_BYTES_MAX + 1).to_string();
    let announced = send(&served, PATH, &[RIGHT, ("content-length", &length)], "").await;
    assert_eq!(announced.status.as_u16(), 413);
    // Nobody said how much would come.
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 64 << 10]));
    let answer = send(&served, PATH, &[RIGHT], Body::from_stream(endless)).await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (413, Some("too_large")));
    let broken = futures_util::stream::iter([Ok(vec![b' ']), Err(std::io::Error::other("gone"))]);
    assert_eq!(send(&served, PATH, &[RIGHT], Body::from_stream(broken)).await.status.as_u16(), 400);
    assert_eq!(room.taken.lock().unwrap().len(), 0);
    assert_eq!(send(&served, PATH, &[RIGHT], vec![b' '; PUSH_BODY_BYTES_MAX]).await.status.as_u16(), 200);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let (served, room) = open().await;
    for (headers, path, status, code) in [
        (vec![RIGHT, ("content-encoding", "br")], PATH, 415, "bad_encoding"),
        (vec![RIGHT, ("content-encoding", "gzip"), ("content-encoding", "gzip")], PATH, 415, "bad_encoding"),
        (vec![RIGHT, ("idempotency-key", "a/1"), ("idempotency-key", "a/2")], PATH, 400, "bad_header"),
        (vec![RIGHT], "/api/v1/ingest?wait=forever", 400, "bad_parameter"),
        (vec![RIGHT], "/api/v1/ingest?stay=durable", 400, "unknown_parameter"),
    ] {
        let answer = send(&served, path, &headers, "{}").await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (status, Some(code)),
            "{path} {headers:?}"
        );
    }
    let text = || "words".to_owned();
    for (refusal, status, code, again) in [
        (IngestRefusal::Key(text()), 400, "bad_header", ""),
        (IngestRefusal::TooLarge(text()), 413, "too_large", ""),
        (IngestRefusal::Damaged(text()), 400, "bad_body", ""),
        (IngestRefusal::Conflict(text()), 409, "conflict", ""),
        (IngestRefusal::Busy(text()), 503, "busy", "2"),
    ] {
        *room.refuse.lock().unwrap() = Some(refusal.clone());
        let answer = send(&served, PATH, &[RIGHT], "{}").await;
        let found = (answer.status.as_u16(), answer.json()["code"].clone(), answer.header("retry-after").to_owned());
        assert_eq!(found, (status, json!(code), again.to_owned()), "{refusal:?}");
        assert_eq!(answer.json()["detail"], "words");
    }
    let get = served.get(PATH).await;
    assert_eq!((get.status.as_u16(), get.header("allow")), (405, "POST"));
}

#[tokio::test]
async fn who_waits_is_answered_when_the_batch_is_durable() {
    let (served, room) = open().await;
    let told = async {
        // Asked once, and found not to be; then something else is committed, then this.
        while room.calls.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        room.changes.send_modify(|generation| *generation += 1);
        while room.calls.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        room.durable.store(true, Ordering::SeqCst);
        room.changes.send_modify(|generation| *generation += 1);
    };
    let (answer, ()) = tokio::join!(send(&served, "/api/v1/ingest?wait=durable", &[RIGHT], "{}"), told);
    assert_eq!((answer.status, &answer.json()["durable"]), (StatusCode::OK, &json!(true)));
}

/// Senders that break off in the middle of a batch, over real sockets: nothing of theirs is taken, and they keep nobody's place.
#[tokio::test]
async fn senders_that_break_off_cost_nobody_anything() {
    let (served, room) = open().await;
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), served.state.clone()).await.unwrap();
    let address = server.address();
    let running = tokio::spawn(server.run(std::future::pending()));
    let head = |length: usize| {
        format!(
            "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    for number in 0..PUSHES_MAX * 2 {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(head(5_000).as_bytes()).await.unwrap();
        socket.write_all(b"{\"time\":1474588800,").await.unwrap();
        if number % 2 == 0 {
            // A reset, and not the end.
            socket.set_zero_linger().unwrap();
        }
    }
    // A whole batch, byte by byte; it may have to wait until the places of those before are free.
    let body = b"{\"time\":1474588800,\"text\":\"words\"}\n";
    loop {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        socket.write_all(head(body.len()).as_bytes()).await.unwrap();
        for byte in body {
            // Who was refused at the head is read from below.
            if socket.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        let mut answer = String::new();
        let _ = socket.read_to_string(&mut answer).await;
        if answer.starts_with("HTTP/1.1 200 ") {
            break;
        }
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    assert_eq!(*room.taken.lock().unwrap(), [(None, body.len(), IngestPacking::Plain)]);
    running.abort();
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let (served, room) = open().await;
    // From here on time passes as soon as nothing else can happen.
    tokio::time::pause();
    for _ in 0..=PUSHES_MAX {
        let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let answer = send(&served, PATH, &[RIGHT], Body::from_stream(never)).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("bad_body")));
        assert!(answer.body.contains("the body took longer than 30 s"), "{}", answer.body);
    }
    assert_eq!(room.taken.lock().unwrap().len(), 0);
    assert_eq!(send(&served, PATH, &[RIGHT], "{}").await.status.as_u16(), 200, "no place is lost to them");
}
