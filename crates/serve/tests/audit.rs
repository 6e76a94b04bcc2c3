//! The audit log over HTTP: pages, the head as it was signed, proofs, what is said where there is none, and refusals as the log is told them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use common::served;
use groundswell_serve::{Access, ActSink, HttpAct, Live, Network, ServerState, StatusSource, router};

fn numbers(body: &serde_json::Value) -> Vec<u64> {
    body["items"].as_array().unwrap().iter().map(|entry| entry["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn pages_follow_one_another_to_the_head() {
    let served = served().await;
    let mut seen = Vec::new();
    let mut path = "/api/v1/audit/entries?limit=2".to_owned();
    loop {
        let page = served.get(&path).await.json();
        seen.extend(numbers(&page));
        assert_eq!(page["head"]["size"], 3);
        match page["next"].as_str() {
            Some(next) => path = format!("/api/v1/audit/entries?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [0, 1, 2]);
    assert_eq!(numbers(&served.get("/api/v1/audit/entries?newest=2").await.json()), [1, 2]);
    assert_eq!(numbers(&served.get("/api/v1/audit/entries?newest=9").await.json()), [0, 1, 2]);
    assert_eq!(numbers(&served.get("/api/v1/audit/entries?first=2").await.json()), [2]);
    assert!(numbers(&served.get("/api/v1/audit/entries?first=18446744073709551615").await.json()).is_empty());
    for wrong in ["first=-1", "first=+1", "first=", "newest=0", "newest=1001", "cursor=x", "limit=0"] {
        let answer = served.get(&format!("/api/v1/audit/entries?{wrong}")).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("bad_parameter")), "{wrong}");
    }
}

#[tokio::test]
async fn the_head_is_handed_out_as_it_was_signed() {
    let served = served().await;
    let answer = served.get("/api/v1/audit/checkpoint").await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert!(answer.body.starts_with("example.org/ours\n3\n") && answer.body.ends_with("AAAA\n"), "{}", answer.body);
}

#[tokio::test]
async fn what_is_not_there_is_said_and_why_it_cannot_be_read_is_not() {
    let served = served().await;
    for (path, field) in [
        ("/api/v1/audit/proof/inclusion?entry=3", "entry"),
        ("/api/v1/audit/proof/inclusion", "entry"),
        ("/api/v1/audit/proof/consistency?from=4", "from"),
        ("/api/v1/audit/proof/consistency?to=1", "from"),
    ] {
        let answer = served.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.json()["field"].as_str()), (400, Some(field)), "{path}");
    }
    served.log.broken.store(true, Ordering::Relaxed);
    for path in ["/api/v1/audit/entries", "/api/v1/audit/checkpoint", "/api/v1/audit/proof/inclusion?entry=0"] {
        let answer = served.get(path).await;
        assert_eq!(answer.json()["code"], "store_unavailable");
        assert!(!answer.body.contains("secret"), "{}", answer.body);
    }
    let without = ServerState::new(Arc::clone(&served.status) as Arc<dyn StatusSource>, Live::new());
    let request = Request::get("/api/v1/audit/entries").header("host", "localhost").body(Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(router(without), request).await.unwrap();
    assert_eq!(answer.status().as_u16(), 404);
}

/// Routes and statuses of the refusals that were told.
#[derive(Default)]
struct Told(Mutex<Vec<(&'static str, u16)>>);

impl ActSink for Told {
    fn act(&self, act: HttpAct) {
        let HttpAct::Denied { route, status, .. } = act else { return };
        self.0.lock().unwrap().push((route, status));
    }
}

#[tokio::test]
async fn refusals_are_told_by_route_and_never_by_address() {
    let told = Arc::new(Told::default());
    let network = Network::new(None, None, false);
    let served = common::served_with(Access::open(network, Arc::clone(&told) as Arc<dyn ActSink>)).await;
    for path in ["/api/v1/volumes?value=someone", "/someone/else", "/api/v1/audit/entries"] {
        let request = Request::get(path).header("host", "evil.example").body(Body::empty()).unwrap();
        assert_eq!(served.send(request).await.status.as_u16(), 421);
    }
    let push = Request::post("/api/v1/ingest").header("host", "localhost").body(Body::empty()).unwrap();
    assert_eq!(served.send(push).await.status.as_u16(), 403);
    // What is merely wrong is no refusal.
    served.get("/api/v1/volumes?nothing=1").await;
    served.get("/nowhere").await;
    let expected = [("/api/v1/volumes", 421), ("(page)", 421), ("/api/v1/audit/entries", 421), ("/api/v1/ingest", 403)];
    assert_eq!(*told.0.lock().unwrap(), expected);
}
