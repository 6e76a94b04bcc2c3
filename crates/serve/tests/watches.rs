//! What editors do with watches over HTTP, and how a query is read while it is written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::sync::{Arc, Mutex};

use common::differences;
use common::door::{Door, door};
use groundswell_gate::{Dimension, Gate};
use groundswell_serve::{
    AccountName, QueryCost, QueryPart, QueryReading, Role, WatchAct, WatchDesk, WatchDone, WatchFault, WatchNote,
    WatchReading, WatchTerms, WatchTrial,
};
use groundswell_sketch::{Step, Window};
use serde_json::{Value, json};

/// Remembers who asked for what, and refuses what asks for `jane`. Lets so many queries be tried.
#[derive(Default)]
struct Desk(Mutex<Vec<(Option<String>, WatchAct)>>, Mutex<u32>);

fn note() -> WatchNote {
    WatchNote { field: "query", message: "a name".to_owned(), help: "leave it out".to_owned(), place: Some((3, 7)) }
}

impl WatchDesk for Desk {
    fn check(&self, terms: WatchTerms) -> WatchDone<WatchReading> {
        let query = QueryReading {
            reading: format!("({})", terms.query),
            parts: vec![QueryPart { kind: "word", text: "river".to_owned(), place: (0, 5) }],
            lints: vec![WatchNote { place: None, ..note() }],
            cost: QueryCost { class: "low", sentence: "low: looked at for posts with river".to_owned() },
        };
        let refused = terms.query.contains("jane");
        let faults = if refused { vec![note()] } else { Vec::new() };
        Box::pin(async move { Ok(WatchReading { query: (!refused).then_some(query), faults }) })
    }

    fn try_query(&self, by: Option<AccountName>, terms: WatchTerms) -> WatchDone<WatchTrial> {
        if terms.query.contains("jane") {
            return Box::pin(async { Err(WatchFault::Refused(note())) });
        }
        let mut left = self.1.lock().unwrap();
        let Some(rest) = left.checked_sub(1) else {
            return Box::pin(async {
                Err(WatchFault::Spent { text: "2 queries were tried today".to_owned(), seconds: 90 })
            });
        };
        *left = rest;
        assert_eq!(by.unwrap().to_string(), "token/editor");
        let (window, value) = (Window::holding(Step::Hour, 1_800_000_000), format!("({})", terms.query));
        let row = Gate::suppressed(window, Dimension::Watch, value.clone()).unwrap();
        Box::pin(async move { Ok(WatchTrial { reading: value, hours: vec![row], one_in: 4, left: rest }) })
    }

    fn act(&self, by: Option<AccountName>, act: WatchAct) -> WatchDone<()> {
        if let WatchAct::Add(terms) | WatchAct::Change(terms) = &act
            && terms.query.contains("jane")
        {
            return Box::pin(async { Err(WatchFault::Refused(note())) });
        }
        if act == (WatchAct::Remove { name: "nothing".to_owned() }) {
            return Box::pin(async { Err(WatchFault::Missing { text: "there is no such watch".to_owned() }) });
        }
        self.0.lock().unwrap().push((by.map(|name| name.to_string()), act));
        Box::pin(async { Ok(()) })
    }
}

async fn desk() -> (Door, Arc<Desk>) {
    let door = door().await;
    let desk = Arc::new(Desk::default());
    door.served.state.open_watches(Arc::clone(&desk) as Arc<dyn WatchDesk>);
    (door, desk)
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn terms(name: &str, query: &str) -> Value {
    json!({"name": name, "query": query, "category": "research", "sentence": "See what is said of rivers.", "sunset": "2027-02-01"})
}

#[tokio::test]
async fn a_query_is_read_as_the_document_says() {
    let (door, desk) = desk().await;
    let editor = door.bearer(Role::Editor);
    let headers = [("authorization", editor.as_str()), JSON];
    let document: Value = serde_json::from_str(&groundswell_serve::openapi()).unwrap();
    let schema =
        &document["paths"]["/api/v1/watch-check"]["post"]["responses"]["200"]["content"]["application/json"]["schema"];
    for body in [terms("rivers", "river"), json!({"query": "river"}), json!({"query": "or jane"})] {
        let answer = door.ask(1, "POST", "/api/v1/watch-check", &headers, &body.to_string()).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
        assert_eq!(differences(&answer.json(), schema, &document), Vec::<String>::new());
        assert_eq!(answer.json()["query"].is_null(), body["query"] == "or jane");
    }
    let answer = door.ask(1, "POST", "/api/v1/watch-check", &headers, r#"{"query":"or jane"}"#).await.json();
    assert_eq!((&answer["faults"][0]["start"], &answer["faults"][0]["end"]), (&json!(3), &json!(7)));
    assert!(desk.0.lock().unwrap().is_empty(), "nothing was done");
}

#[tokio::test]
async fn a_query_is_tried_as_the_document_says_and_not_without_end() {
    let (door, desk) = desk().await;
    *desk.1.lock().unwrap() = 2;
    let editor = door.bearer(Role::Editor);
    let headers = [("authorization", editor.as_str()), JSON];
    let document: Value = serde_json::from_str(&groundswell_serve::openapi()).unwrap();
    let schema =
        &document["paths"]["/api/v1/watch-trials"]["post"]["responses"]["200"]["content"]["application/json"]["schema"];
    let ask = async |query: &str| {
        door.ask(1, "POST", "/api/v1/watch-trials", &headers, &terms("rivers", query).to_string()).await
    };
    for left in [1, 0] {
        let answer = ask("river").await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
        assert_eq!(differences(&answer.json(), schema, &document), Vec::<String>::new());
        assert_eq!((&answer.json()["left"], &answer.json()["hours"][0]["suppressed"]), (&json!(left), &json!(true)));
        assert!(answer.json()["hours"][0]["posts"].is_null());
    }
    assert_eq!(ask("or jane").await.status.as_u16(), 400);
    let spent = ask("river").await;
    assert_eq!((spent.status.as_u16(), spent.json()["code"].as_str()), (429, Some("too_many_requests")));
    assert!(spent.body.contains("2 queries were tried today"), "{}", spent.body);
}

#[tokio::test]
async fn an_editor_makes_changes_and_ends_watches() {
    let (door, desk) = desk().await;
    let editor = door.bearer(Role::Editor);
    let headers = [("authorization", editor.as_str()), JSON];
    let ask = async |method: &str, path: &str, body: &Value| {
        let answer = door.ask(1, method, path, &headers, &body.to_string()).await;
        (answer.status.as_u16(), answer.body)
    };
    assert_eq!(ask("POST", "/api/v1/watches", &terms("rivers", "river")).await.0, 201);
    assert_eq!(ask("PUT", "/api/v1/watches/rivers", &terms("rivers", "river OR lake")).await.0, 204);
    assert_eq!(ask("PUT", "/api/v1/watches/rivers", &terms("lakes", "lake")).await.0, 400, "a watch keeps its name");
    assert_eq!(ask("DELETE", "/api/v1/watches/rivers", &json!({})).await.0, 204);
    assert_eq!(ask("DELETE", "/api/v1/watches/nothing", &json!({})).await.0, 404);
    let (status, said) = ask("POST", "/api/v1/watches", &terms("jane", "or jane")).await;
    assert_eq!(status, 400);
    assert!(said.contains("a name; leave it out") && said.contains("\"field\":\"query\""), "{said}");
    // The stand-in's register has this one, in whatever letters.
    let (status, said) = ask("POST", "/api/v1/watches", &terms("River-Floods", "river")).await;
    assert_eq!(status, 409, "{said}");
    for wrong in [json!({}), json!({"query": 1}), json!({"query": "a", "author": "b"})] {
        assert_eq!(ask("POST", "/api/v1/watches", &wrong).await.0, 400, "{wrong}");
    }
    let told = desk.0.lock().unwrap();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|(by, _)| by.as_deref() == Some("token/editor")));
    assert!(matches!(&told[1].1, WatchAct::Change(terms) if terms.sunset.as_deref() == Some("2027-02-01")));
}

#[tokio::test]
async fn no_viewer_and_no_other_site_does() {
    let (door, desk) = desk().await;
    let viewer = door.bearer(Role::Viewer);
    let body = terms("rivers", "river").to_string();
    for path in ["/api/v1/watches", "/api/v1/watch-check", "/api/v1/watch-trials"] {
        let refused = door.ask(1, "POST", path, &[("authorization", &viewer), JSON], &body).await;
        assert_eq!(refused.status.as_u16(), 403);
        let cookie = door.sign_in(2, "editor").await;
        let headers = [("cookie", cookie.as_str()), ("origin", "https://evil.example"), JSON];
        assert_eq!(door.ask(2, "POST", path, &headers, &body).await.status.as_u16(), 403);
    }
    assert!(desk.0.lock().unwrap().is_empty());
}
