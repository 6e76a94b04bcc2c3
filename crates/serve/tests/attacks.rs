//! Attacks on the HTTP surface, as bytes on a socket: two readings of one request, too much, too slowly, and strings that mean
//! something to somebody behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::net::SocketAddr;

use common::door::*;
use groundswell_serve::{CONNECTIONS_MAX, HEADER_BYTES_MAX, REQUEST_BODY_BYTES_MAX, Role, SIGN_IN_BYTES_MAX};
use proptest::prelude::*;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Duration;

/// Everything that comes back on one connection until it is closed, or until nothing comes for a while.
async fn answers(address: SocketAddr, from: u16, bytes: &[u8]) -> String {
    let mut stream = connect(address, from).await;
    // It may be closed before all of it was sent.
    let _ = stream.write_all(bytes).await;
    let mut all = Vec::new();
    let mut part = vec![0; 4_096];
    while let Ok(Ok(length)) = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut part)).await {
        if length == 0 {
            break;
        }
        all.extend_from_slice(&part[..length]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn statuses(text: &str) -> Vec<u16> {
    text.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)?.parse().ok()).collect()
}

/// The request that is hidden in another's body has the attacker's path, and no answer to it may come back.
#[tokio::test]
async fn no_request_hides_in_another() {
    let door = door().await;
    let (host, bearer) = (door.address, door.bearer(Role::Viewer));
    let hidden =
        format!("GET /api/v1/status HTTP/1.1\r\nhost: {host}\r\nauthorization: {bearer}\r\nx-hidden: 1\r\n\r\n");
    let head = |more: &str| format!("POST /signin HTTP/1.1\r\nhost: {host}\r\n{more}\r\n");
    let length = hidden.len();
    let attacks = [
        ("CL.TE", head("content-length: 4\r\ntransfer-encoding: chunked\r\n") + "0\r\n\r\n" + &hidden),
        ("TE.CL", head("transfer-encoding: chunked\r\ncontent-length: 4\r\n") + "0\r\n\r\n" + &hidden),
        ("TE twice", head("transfer-encoding: chunked\r\ntransfer-encoding: x\r\n") + "0\r\n\r\n" + &hidden),
        ("TE unknown", head("transfer-encoding: xchunked\r\n") + "0\r\n\r\n" + &hidden),
        ("TE hidden by a tab", head("transfer-encoding:\tchunked\r\ncontent-length: 0\r\n") + "0\r\n\r\n" + &hidden),
        ("TE with a space in its name", head("transfer-encoding : chunked\r\n") + "0\r\n\r\n" + &hidden),
        (
            "TE in HTTP/1.0",
            head("transfer-encoding: chunked\r\n").replace("HTTP/1.1", "HTTP/1.0") + "0\r\n\r\n" + &hidden,
        ),
        ("CL twice, not the same", head(&format!("content-length: 0\r\ncontent-length: {length}\r\n")) + &hidden),
        ("CL as a list", head(&format!("content-length: 0, {length}\r\n")) + &hidden),
        ("CL with a sign", head("content-length: +0\r\n") + &hidden),
        ("CL below zero", head("content-length: -1\r\n") + &hidden),
        ("CL in hexadecimal", head("content-length: 0x0\r\n") + &hidden),
        ("CL beyond all numbers", head("content-length: 99999999999999999999\r\n") + &hidden),
        ("folded field", head(&format!("x: y\r\n content-length: 0\r\ncontent-length: {length}\r\n")) + &hidden),
        ("chunk of another size", head("transfer-encoding: chunked\r\n") + "0x0\r\n\r\n" + &hidden),
        ("chunk without end", head("transfer-encoding: chunked\r\n") + "ffffffffffffffffff\r\n" + &hidden),
        ("line feed in a chunk's extension", head("transfer-encoding: chunked\r\n") + "0;a\nb\r\n\r\n" + &hidden),
        ("chunk's extension", head("transfer-encoding: chunked\r\n") + "0;a=b\r\n\r\n" + &hidden),
        ("field name with a NUL", head("x\0y: z\r\n") + &hidden),
        ("field without a name", head(": z\r\n") + &hidden),
        ("two targets", format!("GET /healthz /metrics HTTP/1.1\r\nhost: {host}\r\n\r\n") + &hidden),
        ("bare carriage return", head("x: y\rcontent-length: 0\r\n") + &hidden),
    ];
    for (number, (attack, bytes)) in attacks.iter().enumerate() {
        let text = answers(door.address, number as u16, bytes.as_bytes()).await;
        let statuses = statuses(&text);
        assert!(statuses.len() <= 1, "{attack}: {statuses:?}");
        assert!(statuses.iter().all(|status| *status >= 400), "{attack}: {statuses:?}");
        assert!(!text.contains("\"version\""), "{attack}: the hidden request was answered");
    }
    // The same length twice is one length (RFC 9110, 8.6): the form is refused for what it is, once.
    let text = answers(door.address, 90, head("content-length: 0\r\ncontent-length: 0\r\n").as_bytes()).await;
    assert_eq!(statuses(&text), [403], "{text}");
    // A line that ends with a line feed alone ends (RFC 9112, 2.2): the body is the body.
    let bare = format!("GET /healthz HTTP/1.1\nhost: {host}\ncontent-length: {length}\n\n{hidden}");
    let text = answers(door.address, 91, bare.as_bytes()).await;
    assert!(!text.contains("\"version\"") && statuses(&text).len() <= 1, "{text}");
    // And a connection that does nothing wrong is used again.
    let twice = format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n").repeat(2);
    assert_eq!(statuses(&answers(door.address, 92, twice.as_bytes()).await), [200, 200]);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_held() {
    let door = door().await;
    let host = door.address;
    let long = "x".repeat(HEADER_BYTES_MAX);
    for (number, head) in [
        format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\nx: {long}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\n{}\r\n", "x: y\r\n".repeat(100)),
    ]
    .into_iter()
    .enumerate()
    {
        let text = answers(door.address, number as u16, head.as_bytes()).await;
        assert!(matches!(statuses(&text)[..], [414 | 431]), "{text}");
    }
    let bearer = door.bearer(Role::Viewer);
    let body = "x".repeat(REQUEST_BODY_BYTES_MAX as usize + 1);
    let answer = door.ask(3, "POST", "/api/v1/status", &[("authorization", &bearer)], &body).await;
    assert_eq!(answer.status.as_u16(), 413);
    let form = format!("account=viewer&password={}", "x".repeat(SIGN_IN_BYTES_MAX));
    let origin = door.origin();
    let headers = [("origin", origin.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(door.ask(3, "POST", "/signin", &headers, &form).await.status.as_u16(), 413);
    // A length that was not announced, without end.
    let endless = format!(
        "POST /signin HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         transfer-encoding: chunked\r\n\r\n{}",
        format!("1000\r\n{}\r\n", "x".repeat(0x1000)).repeat(64)
    );
    assert_eq!(statuses(&answers(door.address, 4, endless.as_bytes()).await), [413]);
}

/// Two thousand that send half a head, or nothing, or half a form, while others are served.
#[tokio::test]
async fn thousands_of_slow_clients_keep_nobody_out() {
    let door = door().await;
    let host = door.address;
    let mut slow = Vec::new();
    for number in 0..CONNECTIONS_MAX as u16 + 488 {
        let mut stream = connect(door.address, 1_000 + number % 31).await;
        let part = match number % 3 {
            0 => String::new(),
            1 => format!("GET /api/v1/status HTTP/1.1\r\nhost: {host}\r\nx: "),
            _ => format!(
                "POST /signin HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\ncontent-length: 30\r\n\
                 content-type: application/x-www-form-urlencoded\r\n\r\nacc"
            ),
        };
        let _ = stream.write_all(part.as_bytes()).await;
        slow.push(stream);
        if number % 100 == 99 {
            let answer = door.get(1, "/api/v1/status", &[("authorization", &door.bearer(Role::Viewer))]).await;
            assert_eq!(answer.status.as_u16(), 200, "after {number}");
            door.sign_in(2, "viewer").await;
        }
    }
    assert!(slow.len() > CONNECTIONS_MAX);
    let metrics = door.get(1, "/metrics", &[("authorization", &door.bearer(Role::Viewer))]).await.body;
    let metric = |name: &str| -> u64 {
        metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok()).unwrap()
    };
    assert!(
        metric("groundswell_connections") <= CONNECTIONS_MAX as u64 + 64,
        "those that end are soon gone: {metrics}"
    );
    assert!(metric("groundswell_connections_ended_total") >= 400, "{metrics}");
    // They are ended, and not only kept waiting: the first to come were the first to go.
    let mut part = vec![0; 1_024];
    let first = tokio::time::timeout(Duration::from_secs(30), slow[0].read(&mut part)).await;
    assert!(matches!(first, Ok(Ok(0) | Err(_))), "{first:?}");
}

#[tokio::test]
async fn no_path_leads_out_of_the_page() {
    let door = door().await;
    let cookie = door.sign_in(1, "admin").await;
    let page = door.get(1, "/", &[("cookie", &cookie)]).await.body;
    for (number, path) in [
        "/../Cargo.toml",
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/..%5c..%5cCargo.toml",
        "/assets/%2e%2e%2f%2e%2e%2fCargo.toml",
        "/assets/....//....//Cargo.toml",
        "//etc/passwd",
        "/etc/passwd",
        "/.git/config",
        "/access.json",
        "/groundswell.sqlite",
        "/%00",
        "/index.html%00.js",
        "/assets/%c0%ae%c0%ae/Cargo.toml",
        "/file:///etc/passwd",
    ]
    .into_iter()
    .enumerate()
    {
        let answer = door.get(number as u16, path, &[("cookie", &cookie)]).await;
        let status = answer.status.as_u16();
        // The page's own addresses lead to the page, and everything else nowhere.
        assert!(status == 404 || status == 400 || status == 200 && answer.body == page, "{path}: {status}");
        assert!(!answer.body.contains("[package]") && !answer.body.contains("root:"), "{path}");
    }
}

/// Through every parameter of the document: refused, or nothing found, and the table is still there.
#[tokio::test]
async fn no_parameter_reaches_the_store_as_sql() {
    let served = common::served().await;
    let document: Value = serde_json::from_str(&groundswell_serve::openapi()).unwrap();
    let before = served.get("/api/v1/volumes?step=minute").await.body;
    let attacks = [
        "' OR '1'='1",
        "'; DROP TABLE volumes; --",
        "\" OR \"\"=\"",
        "1 UNION SELECT * FROM sqlite_master",
        "') UNION SELECT name FROM sqlite_master--",
        "%' OR 1=1 --",
        "_%",
        "\0",
        "1e999",
        "-1",
        "9223372036854775808",
        "1474588800.27204f5220313d31",
        "𝕏\u{202e}",
    ];
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(parameters) = item["get"]["parameters"].as_array() else { continue };
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
            for attack in attacks {
                let encoded: String = form_urlencoded::byte_serialize(attack.as_bytes()).collect();
                let needed = if path.ends_with("/top") && parameter["name"] != "by" { "by=term&" } else { "" };
                let answer =
                    served.get(&format!("{path}?{needed}{}={encoded}", parameter["name"].as_str().unwrap())).await;
                let status = answer.status.as_u16();
                // What is asked of one thing may say that there is no such thing.
                let fits = matches!(status, 200 | 400) || status == 404 && path.contains('{');
                assert!(fits, "{path} {} {attack:?}: {status}", parameter["name"]);
                assert!(!answer.body.contains("sqlite") && !answer.body.contains("syntax"), "{}", answer.body);
                if status == 200 {
                    // Nothing was found, or the word is a value like another: an empty page or a page without a filter's leak.
                    let items = answer.json()["items"].as_array().map_or(0, Vec::len);
                    let narrows = ["value", "source", "id"].contains(&parameter["name"].as_str().unwrap());
                    assert!(!narrows || items == 0, "{path} {attack:?} found {items}");
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 250, "{asked}");
    assert_eq!(served.get("/api/v1/volumes?step=minute").await.body, before);
}

const MARKUP: &str = "<img/src=x/onerror=alert(1)></script><script>alert(2)</script>";

/// What a text of the outside looks like never decides how an answer is read.
#[tokio::test]
async fn markup_is_text_everywhere() {
    let mut served = common::served().await;
    let mut batch = groundswell_store::ReleaseBatch::default();
    let window = common::minute(60);
    batch.windows.push(window);
    for dimension in
        [groundswell_gate::Dimension::Term, groundswell_gate::Dimension::Source, groundswell_gate::Dimension::Watch]
    {
        batch.rows.extend(common::released(dimension, window, &[(MARKUP, 50, 50)]));
    }
    groundswell_store::ReleaseWriter::commit(&mut served.writer, &batch).await.unwrap();
    let mut found = 0;
    let encoded: String = form_urlencoded::byte_serialize(MARKUP.as_bytes()).collect();
    for path in [
        "/api/v1/volumes?by=term&step=minute".to_owned(),
        "/api/v1/volumes/top?by=term&step=minute".to_owned(),
        "/api/v1/volumes?by=watch&step=minute".to_owned(),
        "/api/v1/volumes?by=source&step=minute".to_owned(),
        format!("/api/v1/volumes?by={encoded}"),
        format!("/api/v1/volumes?{encoded}=1"),
        format!("/api/v1/{encoded}"),
        format!("/api/v1/coverage?source={encoded}"),
        "/metrics".to_owned(),
    ] {
        let answer = served.get(&path).await;
        let kind = answer.header("content-type");
        assert!(
            ["application/json", "application/problem+json"].contains(&kind) || kind.starts_with("text/plain"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        found += usize::from(answer.body.contains("onerror"));
    }
    assert!(found >= 4, "the markup is there, as text: {found}");
}

fn anything() -> impl Strategy<Value = (String, String, Vec<(String, String)>, String)> {
    let document: Value = serde_json::from_str(&groundswell_serve::openapi()).unwrap();
    let mut paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    for path in [
        "/",
        "/metrics",
        "/api/openapi.json",
        "/signin",
        "/signin.css",
        "/healthz",
        "/readyz",
        "/assets/a.js",
        "/index.html",
    ] {
        paths.push(path.to_owned());
    }
    let path = prop_oneof![
        prop::sample::select(paths.clone()),
        "/[a-z0-9/.%_-]{0,24}",
        (prop::sample::select(paths), "[?][a-z=&]{0,12}").prop_map(|(path, query)| path + &query),
    ];
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"]);
    let header = prop_oneof![
        Just(("authorization".to_owned(), "Bearer gsw_0000".to_owned())),
        "[a-zA-Z ]{1,20}".prop_map(|text| ("authorization".to_owned(), text)),
        "[0-9a-f]{64}".prop_map(|text| ("cookie".to_owned(), format!("groundswell={text}"))),
        Just(("origin".to_owned(), "null".to_owned())),
        Just(("sec-fetch-site".to_owned(), "same-origin".to_owned())),
        Just(("x-forwarded-for".to_owned(), "127.0.0.1".to_owned())),
        Just(("x-groundswell-csrf".to_owned(), "1".to_owned())),
        Just(("x-http-method-override".to_owned(), "GET".to_owned())),
        Just(("x-original-url".to_owned(), "/api/v1/status".to_owned())),
        Just(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())),
        Just(("accept".to_owned(), "text/html".to_owned())),
        Just(("if-none-match".to_owned(), "*".to_owned())),
    ];
    let body = prop_oneof![Just(String::new()), "account=[a-z]{1,8}&password=[a-z]{12,20}", "[a-z{}\":]{0,40}"];
    (method.prop_map(str::to_owned), path, prop::collection::vec(header, 0..4), body)
}

/// Whatever is asked in whatever order: who is nobody is told so, and gets nothing but the page to become somebody on.
#[test]
fn no_sequence_of_requests_without_credentials_gets_anything() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let door = runtime.block_on(door());
    let style = runtime.block_on(door.get(0, "/signin.css", &[])).body;
    let from = std::cell::Cell::new(1_u16);
    let check = |requests: Vec<(String, String, Vec<(String, String)>, String)>| {
        from.set(from.get() + 1);
        runtime.block_on(async {
            for (method, path, headers, body) in requests {
                let headers: Vec<(&str, &str)> = headers.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                let answer = door.ask(from.get(), &method, &path, &headers, &body).await;
                let status = answer.status.as_u16();
                let refused = matches!(status, 401 | 403 | 429);
                let sign_in = answer.body.contains("action=\"/signin\"");
                let open = status == 200
                    && (sign_in || answer.body == style || ["ok\n", "ready\n", ""].contains(&answer.body.as_str()));
                // What is said of a form before it is looked at.
                let form = path.starts_with("/signin") && matches!(status, 415);
                prop_assert!(refused || open || form, "{method} {path}: {status} {}", answer.body);
                prop_assert_eq!(answer.header("set-cookie"), "");
                prop_assert!(!answer.body.contains("\"items\"") && !answer.body.contains("groundswell_"));
            }
            Ok(())
        })
    };
    proptest!(ProptestConfig::with_cases(150), |(requests in prop::collection::vec(anything(), 1..12))| check(requests)?);
}
