//! What readers of the API see.

mod common;

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use common::*;
use groundswell_serve::{BindError, Live, REQUESTS_MAX, Server, ServerState};
use groundswell_store::ReleaseWriter as _;
use serde_json::Value;

#[tokio::test]
async fn bodies() {
    let served = served().await;
    for (name, path) in [
        ("volumes_total", "/api/v1/volumes?step=minute"),
        ("volumes_watch", "/api/v1/volumes?by=watch&step=minute&from=2016-09-23T00:02:00Z"),
        ("volumes_value", "/api/v1/volumes?by=hashtag&step=minute&value=river&to=2016-09-23T00:03:00Z"),
        ("volumes_nothing", "/api/v1/volumes?by=term&step=day"),
        ("top", "/api/v1/volumes/top?by=hashtag&step=minute"),
        ("top_at", "/api/v1/volumes/top?by=hashtag&step=minute&limit=1&at=2016-09-23T00:01:30Z"),
        ("top_nothing", "/api/v1/volumes/top?by=hashtag&step=minute&at=2020-01-01"),
        ("watches", "/api/v1/watches"),
        ("watch_clauses", "/api/v1/watches/river-floods/clauses?step=minute"),
        ("watch_clauses_nothing", "/api/v1/watches/heat/clauses?from=2020-01-01&to=2020-01-02"),
        ("watch_tone", "/api/v1/watches/river-floods/tone"),
        ("watch_tone_held_back", "/api/v1/watches/heat/tone"),
        ("watch_tone_nothing", "/api/v1/watches/heat/tone?from=2020-01-01&to=2020-01-02"),
        ("sources", "/api/v1/sources"),
        ("status", "/api/v1/status"),
        ("settings", "/api/v1/settings"),
        ("coverage", "/api/v1/coverage"),
        ("coverage_hour", "/api/v1/coverage?step=hour&source=bluesky"),
        ("coverage_nothing", "/api/v1/coverage?from=2020-01-01"),
    ] {
        let answer = served.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"), "{path}");
        insta::assert_snapshot!(name, answer.pretty());
    }
}

#[tokio::test]
async fn problems() {
    let served = served().await;
    for (name, path, status) in [
        ("unknown_parameter", "/api/v1/volumes?dimension=term", 400),
        ("unknown_parameter_none", "/api/v1/status?x=1", 400),
        ("bad_by", "/api/v1/volumes?by=author", 400),
        ("bad_step", "/api/v1/volumes?step=second", 400),
        ("bad_time", "/api/v1/volumes?from=yesterday", 400),
        ("bad_limit", "/api/v1/volumes?limit=1001", 400),
        ("bad_cursor", "/api/v1/volumes?cursor=x", 400),
        ("given_twice", "/api/v1/volumes?by=term&by=watch", 400),
        ("coverage_bad_cursor", "/api/v1/coverage?cursor=x", 400),
        ("top_by_missing", "/api/v1/volumes/top", 400),
        ("clauses_too_many", "/api/v1/watches/heat/clauses?step=minute&from=2016-09-23&to=2016-09-24", 400),
        ("clauses_of_nothing", "/api/v1/watches/no-such/clauses", 404),
        ("tone_too_many", "/api/v1/watches/heat/tone?from=2016-01-01&to=2016-09-24", 400),
        ("tone_of_nothing", "/api/v1/watches/no-such/tone", 404),
        ("not_found", "/api/v1/people", 404),
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert!(!answer.body.contains("yesterday"), "a problem repeats what was sent");
        insta::assert_snapshot!(name, answer.pretty());
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        for path in ["/api/v1/volumes", "/api/v1/unknown", "/metrics", "/"] {
            let request = Request::builder().method(method).uri(path).header("host", "localhost").body(Body::empty());
            let answer = served.send(request.unwrap()).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD"), "{method} {path}");
            assert_eq!(answer.json()["code"], "method_not_allowed");
            assert_eq!(answer.header("access-control-allow-origin"), "");
        }
    }
    let large = Request::get("/api/v1/status").header("host", "localhost").header("content-length", "20000");
    assert_eq!(served.send(large.body(Body::empty()).unwrap()).await.status.as_u16(), 413);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let served = served().await;
    let all = served.get("/api/v1/volumes?by=hashtag&step=minute").await.json();
    let mut items = Vec::new();
    let mut path = "/api/v1/volumes?by=hashtag&step=minute&limit=3".to_owned();
    loop {
        let page = served.get(&path).await.json();
        items.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/volumes?by=hashtag&step=minute&limit=3&cursor={next}");
    }
    assert_eq!(items.len(), 7);
    assert_eq!(Value::Array(items), all["items"]);

    let first = served.get("/api/v1/watches?limit=2").await.json();
    assert_eq!(first["items"][1]["name"], "heat");
    let next = first["next"].as_str().unwrap();
    let second = served.get(&format!("/api/v1/watches?limit=2&cursor={next}")).await.json();
    assert_eq!(second["items"][0]["name"], "river-floods");
    assert_eq!(second["items"][0]["latest"]["posts"], 15);
    assert!(second["next"].is_null());
}

#[tokio::test]
async fn posts_of_the_ledger_are_what_was_released() {
    let served = served().await;
    let told = async |query: &str| {
        let answer = served.get(&format!("/api/v1/coverage?source=bluesky&{query}")).await.json();
        let items = answer["items"].as_array().unwrap();
        items.iter().map(|item| (item["posts"].clone(), item["suppressed"].clone())).collect::<Vec<_>>()
    };
    // In minute 1 four authors wrote there: held back, and no number of theirs in the ledger either.
    let (shown, held_back) = ((Value::from(90), Value::Null), (Value::Null, Value::from(true)));
    assert_eq!(told("step=minute").await, [shown.clone(), held_back.clone(), shown.clone(), shown]);
    // The hour closed without a row by source.
    assert_eq!(told("step=hour").await, [held_back]);
    // Where nothing has closed, nothing is said.
    assert_eq!(told("step=day").await, [(Value::Null, Value::Null)]);
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let mut served = served().await;
    served.writer.commit(&found([1, 2])).await.unwrap();
    served.state.open_previews(std::sync::Arc::new(Previews));
    let document: Value = serde_json::from_str(&groundswell_serve::openapi()).unwrap();
    assert_eq!(served.get("/api/openapi.json").await.json(), document);
    let mut paths = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        // What is sent is held to the document in `tests/ingest.rs`, `tests/feeds.rs` and `tests/watches.rs`.
        if item["get"].is_null() {
            assert!(
                matches!(
                    path.as_str(),
                    "/api/v1/ingest"
                        | "/api/v1/feeds/{feed}/edits"
                        | "/api/v1/trials"
                        | "/api/v1/watch-check"
                        | "/api/v1/watch-trials"
                        | "/api/v1/watches/{watch}"
                ),
                "{path}"
            );
            continue;
        }
        let path = &path.replace("{feed}", "everything").replace("{watch}", "river-floods");
        let responses = &item["get"]["responses"];
        let problem = &responses["default"]["content"]["application/problem+json"]["schema"];
        let wrong = served.get(&format!("{path}?no-such-parameter=1")).await;
        assert_eq!(wrong.json()["code"], "unknown_parameter", "{path}");
        assert_eq!(differences(&wrong.json(), problem, &document), Vec::<String>::new(), "{path}");
        let Some(schema) = responses["200"]["content"]["application/json"].get("schema") else { continue };
        paths += 1;
        // Every parameter of the document is understood, with its own example.
        let parameters: Vec<&Value> = item["get"]["parameters"].as_array().into_iter().flatten().collect();
        let parameters: Vec<&Value> = parameters.into_iter().filter(|parameter| parameter["in"] != "path").collect();
        let query = |wanted: &dyn Fn(&Value) -> bool| {
            let all: Vec<String> = parameters
                .iter()
                .filter(|parameter| wanted(parameter))
                .map(|parameter| {
                    let example = &parameter["example"];
                    let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                    format!("{}={example}", parameter["name"].as_str().unwrap())
                })
                .collect();
            format!("{path}?{}", all.join("&"))
        };
        let required = |parameter: &Value| parameter["required"] == true;
        for path in [query(&required), query(&|_| true), format!("{}&step=minute", query(&required))] {
            let answer = served.get(&path).await;
            if path.contains("step=minute") && !parameters.iter().any(|parameter| parameter["name"] == "step") {
                assert_eq!(answer.status.as_u16(), 400);
                continue;
            }
            assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.body);
            assert_eq!(differences(&answer.json(), schema, &document), Vec::<String>::new(), "{path}");
        }
    }
    assert_eq!(paths, 22);
    // The validator can say no.
    let row = &document["components"]["schemas"]["VolumeRow"];
    let wrong = serde_json::json!({"start": 1, "step": "second", "by": {}, "name": "x"});
    assert_eq!(differences(&wrong, row, &document).len(), 3);
}

#[tokio::test]
async fn simulated_data_say_so() {
    let served = served().await;
    assert_eq!(served.get("/api/v1/status").await.header("x-groundswell-notice"), "");
    // Either the engine says so, or whoever put the store there.
    served.status.simulated.store(true, Ordering::Relaxed);
    let document: Value = served.get("/api/openapi.json").await.json();
    let check = async |simulated: bool| {
        let json = |path: &&String| !path.ends_with("/stream") && !path.ends_with("/checkpoint");
        for path in document["paths"].as_object().unwrap().keys().filter(json) {
            for path in [format!("{path}?by=hashtag"), path.clone(), format!("{path}?nothing=1")] {
                let answer = served.get(&path).await;
                let (notice, header) = if simulated { ("SIMULATED DATA", "SIMULATED DATA") } else { ("", "") };
                assert_eq!(answer.json()["notice"].as_str().unwrap_or(""), notice, "{path}");
                assert_eq!(answer.header("x-groundswell-notice"), header, "{path}");
            }
        }
    };
    check(true).await;
    served.status.simulated.store(false, Ordering::Relaxed);
    check(false).await;
    served.state.replace_reader(served.reader.clone(), true);
    check(true).await;
    // The live source came up.
    served.state.replace_reader(served.reader.clone(), false);
    check(false).await;
}

#[tokio::test]
async fn only_local_names_are_answered() {
    let served = served().await;
    let ask = async |host: Option<&str>, path: &str| {
        let mut request = Request::get(path);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        served.send(request.body(Body::empty()).unwrap()).await
    };
    for path in ["/", "/api/v1/status", "/metrics", "/healthz"] {
        assert_eq!(ask(Some("[::1]:8750"), path).await.status.as_u16(), 200, "{path}");
        for host in [Some("evil.example:8750"), Some("127.0.0.1.evil.example"), None] {
            let answer = ask(host, path).await;
            assert_eq!(answer.status.as_u16(), 421, "{path} {host:?}");
            assert_eq!(answer.json()["code"], "host_not_allowed");
        }
    }
}

#[tokio::test]
async fn nothing_but_loopback_is_listened_to() {
    let served = served().await;
    for address in ["0.0.0.0:8750", "[::]:8750", "192.0.2.1:8750", "[::ffff:192.0.2.1]:8750"] {
        let error = Server::bind(address.parse().unwrap(), served.state.clone()).await.unwrap_err();
        assert!(matches!(error, BindError::NotLoopback { .. }));
        assert_eq!(
            error.to_string(),
            format!(
                "{address}: without authentication only loopback addresses are served; `groundswell account add NAME --role \
                 admin` makes an account, and with it every address can be listened to; or listen on 127.0.0.1:8750 and reach \
                 it from elsewhere with `ssh -L 8750:127.0.0.1:8750 HOST`"
            )
        );
    }
    let first = Server::bind("127.0.0.1:0".parse().unwrap(), served.state.clone()).await.unwrap();
    let taken = first.address();
    let error = Server::bind(taken, served.state.clone()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{taken}: the port is in use; stop the program that has it, or choose another with --listen")
    );
}

#[tokio::test]
async fn every_answer_keeps_to_itself() {
    let served = served().await;
    for path in ["/", "/api/v1/status", "/api/v1/nothing", "/metrics", "/assets/none.js"] {
        let answer = served.get(path).await;
        assert!(answer.header("content-security-policy").starts_with("default-src 'self';"), "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_ne!(answer.header("cache-control"), "", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
    assert_eq!(served.get("/api/v1/status").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_page_is_served_and_kept() {
    let served = served().await;
    let page = served.get("/").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "no-cache");
    // Addresses of the page's own lead to the page; files and API paths that are not there do not.
    assert_eq!(served.get("/watches/river-floods").await.body, page.body);
    assert_eq!(served.get("/assets/none.js").await.status.as_u16(), 404);
    assert_eq!(served.get("/api").await.status.as_u16(), 404);
    assert_eq!(served.get("/../Cargo.toml").await.status.as_u16(), 404);
    let again = Request::get("/").header("host", "localhost").header("if-none-match", page.header("etag"));
    let again = served.send(again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));
    // With the dashboard inside, its files are there and those with a hash in their name are kept for good.
    for asset in page.body.split('"').filter(|text| text.starts_with("/assets/") || text.starts_with("./assets/")) {
        let answer = served.get(asset.trim_start_matches('.')).await;
        assert_eq!(answer.status.as_u16(), 200, "{asset}");
        assert!(answer.header("cache-control").contains("immutable"), "{asset}");
    }
}

#[tokio::test]
async fn health_readiness_and_metrics() {
    let served = served().await;
    assert_eq!(served.get("/healthz").await.body, "ok\n");
    assert_eq!(served.get("/readyz").await.body, "ready\n");
    served.state.set_running(false);
    assert_eq!(served.get("/readyz").await.status.as_u16(), 503);
    served.state.set_running(true);
    served.get("/nothing.here").await;
    let metrics = served.get("/metrics").await;
    assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    insta::assert_snapshot!("metrics", metrics.body);

    // Without a store, health answers and the API says what is missing.
    let empty = ServerState::new(served.status.clone(), Live::new());
    let empty = Served { app: groundswell_serve::router(empty.clone()), state: empty, ..served };
    assert_eq!(empty.get("/healthz").await.status.as_u16(), 200);
    assert_eq!(empty.get("/readyz").await.status.as_u16(), 503);
    let answer = empty.get("/api/v1/volumes").await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (503, Some("store_unavailable")));
    assert_eq!(empty.get("/api/v1/status").await.status.as_u16(), 200);
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered() {
    let served = served().await;
    let paths = ["/api/v1/volumes/top?by=hashtag&step=minute", "/api/v1/watches", "/api/v1/status"];
    let answers = futures_util::future::join_all((0..REQUESTS_MAX).map(|n| served.get(paths[n % paths.len()]))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
}
