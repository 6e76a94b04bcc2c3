//! The role matrix: every route of the document, every method, everybody. A new route is in it because the document is read, and one
//! that says of itself nothing about who may use it fails here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::collections::BTreeSet;

use common::door::*;
use groundswell_serve::Role;
use serde_json::Value;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

/// Routes that are no part of the API's document, and what they ask for.
const OTHERS: [(&str, &str, &str); 9] = [
    ("GET", "/", "any role"),
    ("GET", "/watches/river-floods", "any role"),
    ("GET", "/assets/nothing.js", "any role"),
    ("GET", "/api/v1/people", "any role"),
    ("GET", "/api/openapi.json", "any role"),
    ("GET", "/metrics", "viewer"),
    ("GET", "/healthz", "nothing"),
    ("GET", "/readyz", "nothing"),
    ("GET", "/signin", "nothing"),
];

/// Who may, said once more and apart from the code.
fn may(need: &str, role: Role) -> bool {
    match need {
        "nothing" | "any role" | "viewer or auditor" => true,
        "viewer" => role != Role::Auditor,
        "editor" => matches!(role, Role::Editor | Role::Admin),
        "admin" => role == Role::Admin,
        _ => panic!("nobody knows who may where {need:?} is needed"),
    }
}

/// A path with what it must be asked with.
fn whole(path: &str) -> String {
    let query = match path.rsplit('/').next() {
        Some("top") => "?by=term",
        Some("consistency") => "?from=0",
        Some("inclusion") => "?entry=0",
        Some("marks" | "preview") => "?detection=narrative-n1",
        _ => "",
    };
    format!("{path}{query}")
}

/// Path, method and need of everything.
fn everything() -> Vec<(String, String, String)> {
    let document: Value = serde_json::from_str(&groundswell_serve::openapi()).unwrap();
    let mut all: Vec<_> =
        OTHERS.map(|(method, path, need)| (path.to_owned(), method.to_owned(), need.to_owned())).into();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let need = operation["x-groundswell-needs"].as_str().unwrap_or("nobody");
            assert_ne!(need, "nobody", "{method} {path} is not in the table of access/routes.rs");
            let schemes: BTreeSet<&str> = operation["security"]
                .as_array()
                .unwrap_or_else(|| panic!("{method} {path} names no security scheme"))
                .iter()
                .flat_map(|one| one.as_object().unwrap().keys().map(String::as_str))
                .collect();
            let expected = if need == "ingest token" { vec!["ingestToken"] } else { vec!["apiToken", "session"] };
            assert_eq!(schemes.into_iter().collect::<Vec<_>>(), expected, "{method} {path}");
            all.push((path.clone(), method.to_uppercase(), need.to_owned()));
        }
    }
    for scheme in ["apiToken", "ingestToken", "session"] {
        assert!(document["components"]["securitySchemes"][scheme].is_object(), "{scheme}");
    }
    all
}

#[tokio::test]
async fn every_route_every_method_every_role() {
    let door = door().await;
    let all = everything();
    let paths: BTreeSet<&String> = all.iter().map(|(path, ..)| path).collect();
    assert!(paths.len() > 15);
    let need = |path: &str, method: &str| {
        let method = if method == "HEAD" { "GET" } else { method };
        all.iter().find(|(known, word, _)| known == path && word == method).map(|(.., need)| need.as_str())
    };
    let mut asked = 0;
    for (number, role) in Role::ALL.into_iter().enumerate() {
        let cookie = door.sign_in(number as u16, role.as_str()).await;
        for path in paths.iter().filter(|path| need(path, "POST") != Some("ingest token")) {
            for method in METHODS {
                let bearer = door.bearer(role);
                let query = whole(path);
                let headers = [("authorization", bearer.as_str())];
                let ask = || door.ask(number as u16, method, &query, &headers, "");
                let mut answer = ask().await;
                while answer.status.as_u16() == 429 {
                    // All routes together are more than one account may ask for at once.
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    answer = ask().await;
                }
                let status = answer.status.as_u16();
                let expected: &[u16] = match need(path, method) {
                    // The form, which only the own page may send; see `tests/sign_in.rs`.
                    None if method == "POST" && *path == "/signin" => &[403],
                    None => &[405],
                    Some(need) if !may(need, role) => &[403],
                    Some(_) if matches!(method, "GET" | "HEAD") => &[200, 204, 404],
                    // Who may is told that there is no such feed, or that nothing was sent.
                    Some(_) => &[204, 400, 404],
                };
                assert!(expected.contains(&status), "{role} {method} {path}: {status}");
                asked += 1;
                // Reading with a session is reading with a token.
                if method == "GET" {
                    let by_session = door.get(number as u16, &query, &[("cookie", &cookie)]).await;
                    assert_eq!(by_session.status.as_u16(), status, "{role} {path}");
                }
            }
        }
    }
    assert!(asked > 400, "{asked}");
}

#[tokio::test]
async fn nobody_gets_anything() {
    let door = door().await;
    let all = everything();
    let forged = format!("groundswell={}", "0".repeat(64));
    let (revoked, expired) = (format!("Bearer {}", door.revoked), format!("Bearer {}", door.expired));
    let good = door.bearer(Role::Admin);
    let doubled = format!("{good}, {good}");
    let wrong = format!("{}{}", &good[..good.len() - 1], if good.ends_with('0') { '1' } else { '0' });
    let basic = good.replace("Bearer", "Basic");
    let nobody: [&[(&str, &str)]; 9] = [
        &[],
        &[("cookie", &forged)],
        &[("authorization", &revoked)],
        &[("authorization", &expired)],
        &[("authorization", &wrong)],
        &[("authorization", &basic)],
        &[("authorization", &doubled)],
        &[("authorization", &good), ("authorization", &good)],
        &[("authorization", "Bearer")],
    ];
    let mut from = 0;
    let mut bodies = BTreeSet::new();
    for headers in nobody {
        for (number, path) in all.iter().map(|(path, ..)| path).enumerate() {
            if number % 7 == 0 {
                // Before strangers of this address are slowed down.
                from += 1;
            }
            for method in METHODS {
                let needs = |word: &str| all.iter().any(|(known, _, need)| known == path && need == word);
                if needs("ingest token") {
                    continue;
                }
                let open = needs("nothing") && matches!(method, "GET" | "HEAD" | "POST");
                let answer = door.ask(from, method, path, headers, "").await;
                let status = answer.status.as_u16();
                if open && method != "POST" {
                    assert_eq!(status, 200, "{method} {path}");
                    bodies.insert(answer.body);
                } else {
                    assert!(matches!(status, 401 | 403), "{method} {path} {headers:?}: {status}");
                    assert!(answer.body.is_empty() || answer.json()["code"].is_string());
                    assert!(status != 401 || answer.header("www-authenticate") == "Bearer");
                    assert!(!answer.body.contains(&good[7..]) && !answer.body.contains(&door.expired));
                }
            }
        }
    }
    // What is open says three things, whoever asks: well, ready, and the page to sign in on.
    assert_eq!(bodies.into_iter().filter(|body| !body.is_empty()).count(), 3);
}

#[tokio::test]
async fn the_ingest_door_keeps_its_own_lock() {
    let door = door().await;
    let bearer = door.bearer(Role::Admin);
    for headers in [&[][..], &[("authorization", bearer.as_str())]] {
        let answer = door.ask(1, "POST", "/api/v1/ingest", headers, "{}").await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (403, Some("push_off")));
    }
}

#[tokio::test]
async fn without_authentication_nothing_is_asked() {
    let served = common::served().await;
    for (path, method, _) in everything() {
        if method == "GET" && path != "/api/v1/stream" && path != "/signin" {
            let path = whole(&path);
            let answer = served.get(&path).await;
            assert!(matches!(answer.status.as_u16(), 200 | 404), "{path}: {}", answer.status);
        }
    }
    assert_eq!(served.get("/signin").await.status.as_u16(), 404);
    let session = served.get("/api/v1/session").await.json();
    assert_eq!(session, serde_json::json!({"authentication": false}));
}
