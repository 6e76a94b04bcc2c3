//! Feeds as documents, and what editors do with them over HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use common::door::{Door, PASSWORD, door};
use common::*;
use groundswell_serve::{AccountName, FEED_ITEMS_MAX, FeedAct, FeedDesk, FeedDone, FeedFault, Role};
use groundswell_store::{FeedEdit, FeedSelection, FeedStore, ReleaseBatch, ReleaseWriter as _, StoreOptions};
use serde_json::{Value, json};

async fn filled() -> Served {
    let mut served = served().await;
    served.writer.commit(&found(1..=3)).await.unwrap();
    let mut feeds = FeedStore::open(served.folder.path(), &StoreOptions::default()).await.unwrap();
    for edit in [FeedEdit::Pin(true), FeedEdit::Mark(Some(true)), FeedEdit::Note("a <drill> & no more".to_owned())] {
        feeds.edit("everything", "narrative-n1", &edit, 0).await.unwrap();
    }
    served
}

/// Whether a validator of somebody else's finds nothing to complain of; `None` where it is not there.
fn feedparser(document: &str) -> Option<Value> {
    const PROGRAM: &str = "import sys, json, feedparser\n\
        f = feedparser.parse(sys.stdin.buffer.read())\n\
        print(json.dumps({'bozo': bool(f.bozo), 'version': f.version, 'title': f.feed.title, 'id': f.feed.id, 'entries': \
        [{'id': e.id, 'title': e.title, 'link': e.link, 'summary': e.summary, 'tags': [t.term for t in e.tags]} for e in f.entries]}))";
    let mut python = Command::new("python3")
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    python.stdin.take()?.write_all(document.as_bytes()).ok()?;
    let output = python.wait_with_output().ok()?;
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn the_atom_document() {
    let served = filled().await;
    let answer = served.get("/feeds/everything.atom").await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/atom+xml; charset=utf-8");
    insta::assert_snapshot!("everything_atom", answer.body);
    let Some(read) = feedparser(&answer.body) else {
        println!("SKIPPED: python3 with feedparser is not there");
        return;
    };
    assert_eq!((read["bozo"].as_bool(), read["version"].as_str()), (Some(false), Some("atom10")));
    assert_eq!(read["id"], "urn:groundswell:530d903a:feed:everything");
    let entries = read["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0]["id"], "urn:groundswell:530d903a:detection:narrative-n1");
    assert!(entries[0]["title"].as_str().unwrap().contains("dam failure"));
    assert_eq!(entries[0]["link"], "http://localhost:8750/detections/narrative-n1");
    assert_eq!(entries[0]["tags"], json!(["narrative", "severity-medium", "pinned", "useful"]));
}

/// JSON Feed 1.1, by the words of its specification.
fn json_feed_faults(feed: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut need = |is: bool, what: &str| {
        if !is {
            faults.push(what.to_owned());
        }
    };
    need(feed["version"] == "https://jsonfeed.org/version/1.1", "version");
    need(feed["title"].is_string(), "title");
    let is_url =
        |value: &Value| value.as_str().is_some_and(|url| url.starts_with("http://") || url.starts_with("https://"));
    need(is_url(&feed["home_page_url"]) && is_url(&feed["feed_url"]), "urls");
    need(
        feed["authors"].as_array().is_some_and(|authors| authors.iter().all(|author| author["name"].is_string())),
        "authors",
    );
    let known = ["version", "title", "home_page_url", "feed_url", "description", "language", "authors", "items"];
    let extension = |name: &String| name.starts_with('_') && !name.contains('.');
    for name in feed.as_object().unwrap().keys() {
        need(known.contains(&name.as_str()) || extension(name), name);
    }
    let mut ids = std::collections::BTreeSet::new();
    for item in feed["items"].as_array().into_iter().flatten() {
        need(item["id"].as_str().is_some_and(|id| ids.insert(id.to_owned())), "an id of its own");
        need(item["content_html"].is_string() || item["content_text"].is_string(), "content");
        need(is_url(&item["url"]), "url of an item");
        for time in ["date_published", "date_modified"] {
            let parsed = item[time].as_str().map(groundswell_sketch::Rfc3339::parse);
            need(parsed.is_some_and(|parsed| parsed.is_ok()), time);
        }
        need(item["tags"].as_array().is_some_and(|tags| tags.iter().all(Value::is_string)), "tags");
        let known = ["id", "url", "title", "summary", "content_html", "date_published", "date_modified", "tags"];
        for name in item.as_object().unwrap().keys() {
            need(known.contains(&name.as_str()) || extension(name), name);
        }
    }
    need(feed["items"].is_array(), "items");
    faults
}

#[tokio::test]
async fn the_json_document() {
    let served = filled().await;
    let answer = served.get("/feeds/everything.json").await;
    assert_eq!(answer.header("content-type"), "application/feed+json; charset=utf-8");
    let feed = answer.json();
    assert_eq!(json_feed_faults(&feed), Vec::<String>::new());
    assert_eq!(json_feed_faults(&json!({"version": 1, "items": [{}]})).len(), 10, "it can say no");
    insta::assert_snapshot!("everything_json", answer.pretty());
    // Which program made it, and how its log stood.
    let ours = &feed["_groundswell"];
    assert_eq!((ours["version"].as_str(), ours["build"].as_str()), (Some("0.1.0"), Some("unknown")));
    assert!(ours["checkpoint"].as_str().unwrap().starts_with("example.org/ours\n3\n"));
    // The evidence is in it whole.
    let detection = &feed["items"][0]["_groundswell"]["detection"];
    let document: Value = serde_json::from_str(&groundswell_serve::openapi()).unwrap();
    assert_eq!(
        differences(detection, &document["components"]["schemas"]["Detection"], &document),
        Vec::<String>::new()
    );
    assert_eq!(detection["evidence"]["command"], "groundswell export narratives --id n1");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_known_already() {
    let served = filled().await;
    for (path, detail) in [
        ("/feeds/nothing.atom", "there is no such feed"),
        ("/feeds/everything.rss", "NAME.atom and NAME.json"),
        ("/feeds/everything", "there is no such feed"),
        ("/feeds/..%2F..%2Fetc.atom", "there is no such feed"),
        ("/feeds/nothing/stream", "there is no such feed"),
        ("/api/v1/feeds/nothing", "there is no such feed"),
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.status.as_u16(), 404, "{path}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(detail), "{path}: {}", answer.body);
    }
    let first = served.get("/feeds/everything.atom").await;
    let again = |tag: &str| {
        Request::get("/feeds/everything.atom").header("host", "localhost:8750").header("if-none-match", tag)
    };
    let known = served.send(again(first.header("etag")).body(Body::empty()).unwrap()).await;
    assert_eq!((known.status.as_u16(), known.body.as_str()), (304, ""));
    let other = served.send(again("\"x\"").body(Body::empty()).unwrap()).await;
    assert_eq!(other.status.as_u16(), 200);
    // Without a log a feed has no head, and says so by that.
    served.log.broken.store(true, std::sync::atomic::Ordering::Relaxed);
    let feed = served.get("/feeds/everything.json").await.json();
    assert!(feed["_groundswell"]["checkpoint"].is_null());
    assert_eq!(feed["_groundswell"]["id"], "urn:groundswell:local:feed:everything");
    // What is made up says so.
    served.state.replace_reader(served.reader.clone(), true);
    let feed = served.get("/feeds/everything.json").await.json();
    assert_eq!(feed["title"], "SIMULATED DATA: Groundswell: everything");
    assert!(served.get("/feeds/everything.atom").await.body.contains("<title>SIMULATED DATA: "));
}

#[tokio::test]
async fn a_document_is_bounded_and_the_newest_come_first() {
    let mut served = served().await;
    served.writer.commit(&found(1..=FEED_ITEMS_MAX as u64 + 5)).await.unwrap();
    let feed = served.get("/feeds/everything.json").await.json();
    let items = feed["items"].as_array().unwrap();
    assert_eq!(items.len(), FEED_ITEMS_MAX);
    assert_eq!(items[0]["_groundswell"]["detection"]["id"], format!("narrative-n{:x}", FEED_ITEMS_MAX + 5));
}

#[tokio::test]
async fn detections_come_in_pages() {
    let mut served = served().await;
    served.writer.commit(&found(1..=7)).await.unwrap();
    let all = served.get("/api/v1/detections").await.json();
    let (mut items, mut path) = (Vec::new(), "/api/v1/detections?limit=3".to_owned());
    loop {
        let page = served.get(&path).await.json();
        items.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/detections?limit=3&cursor={next}");
    }
    assert_eq!((items.len(), Value::Array(items)), (7, all["items"].clone()));
    for (query, count) in [
        ("kind=burst", 0),
        ("severity=medium", 7),
        ("feed=everything", 7),
        ("feed=none", 0),
        ("id=narrative-n3", 1),
        ("type=narrative&value=n4", 1),
        ("type=watch", 0),
    ] {
        let page = served.get(&format!("/api/v1/detections?{query}")).await.json();
        assert_eq!((page["items"].as_array().unwrap().len(), &page["total"]), (count, &json!(count)), "{query}");
    }
    // The total is that of all pages together.
    assert_eq!(served.get("/api/v1/detections?limit=1").await.json()["total"], 7);
    for wrong in ["kind=x", "type=person", "severity=x", "limit=201", "cursor=x", "from=x"] {
        assert_eq!(served.get(&format!("/api/v1/detections?{wrong}")).await.status.as_u16(), 400, "{wrong}");
    }
}

/// Does what it is asked for in the store, as the binary's does, and remembers who asked for what.
struct Desk {
    folder: std::path::PathBuf,
    told: Mutex<Vec<(Option<String>, FeedAct)>>,
}

impl FeedDesk for Desk {
    fn act(&self, by: Option<AccountName>, act: FeedAct) -> FeedDone {
        self.told.lock().unwrap().push((by.map(|name| name.to_string()), act.clone()));
        let folder = self.folder.clone();
        Box::pin(async move {
            let mut feeds = FeedStore::open(&folder, &StoreOptions::default()).await.unwrap();
            let done = match &act {
                FeedAct::Add { name, selection } => feeds.add(name, selection, 0).await.map(drop),
                FeedAct::Remove { name } => feeds.remove(name, 0).await,
                FeedAct::Edit { feed, detection, edit } => feeds.edit(feed, detection, edit, 0).await,
                _ => unreachable!("there are no others"),
            };
            done.map_err(|error| FeedFault::Missing { text: error.to_string() })
        })
    }
}

async fn desk() -> (Door, Arc<Desk>) {
    let mut door = door().await;
    door.served.writer.commit(&found([1])).await.unwrap();
    let desk = Arc::new(Desk { folder: door.served.folder.path().to_owned(), told: Mutex::default() });
    door.served.state.open_feeds(Arc::clone(&desk) as Arc<dyn FeedDesk>);
    (door, desk)
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn an_editor_makes_and_edits_feeds() {
    let (door, desk) = desk().await;
    let editor = door.bearer(Role::Editor);
    let headers = [("authorization", editor.as_str()), JSON];
    let body =
        json!({"name": "pt", "languages": ["pt"], "kinds": ["narrative"], "severities": ["medium"], "budget": 2.0});
    let made = door.ask(1, "POST", "/api/v1/feeds", &headers, &body.to_string()).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    let feed = door.get(1, "/api/v1/feeds/pt", &headers).await.json();
    assert_eq!((feed["feed"]["languages"].clone(), feed["feed"]["items"].clone()), (json!(["pt"]), json!(1)));
    let edits = [
        json!({"detection": "narrative-n1", "pin": true}),
        json!({"detection": "narrative-n1", "mark": "noise"}),
        json!({"detection": "narrative-n1", "mute_until": "2030-01-01T00:00:00Z"}),
        json!({"detection": "narrative-n1", "mute_until": ""}),
        json!({"detection": "narrative-n1", "note": "a drill"}),
        json!({"detection": "narrative-n1", "note": "no drill"}),
        json!({"detection": "narrative-n1", "remove_note": "a drill"}),
    ];
    for edit in &edits {
        let done = door.ask(1, "POST", "/api/v1/feeds/pt/edits", &headers, &edit.to_string()).await;
        assert_eq!(done.status.as_u16(), 204, "{}", done.body);
    }
    let feed = door.get(1, "/api/v1/feeds/pt", &headers).await.json();
    assert_eq!((feed["feed"]["noise"].clone(), feed["feed"]["precision"].clone()), (json!(1), json!(0.0)));
    let marks = door.get(1, "/api/v1/feeds/pt/marks?detection=narrative-n1", &headers).await.json();
    assert_eq!(marks["marks"], json!({"pinned": true, "mark": "noise", "notes": ["no drill"]}));
    assert_eq!(door.ask(1, "DELETE", "/api/v1/feeds/pt", &headers, "").await.status.as_u16(), 204);
    assert_eq!(door.ask(1, "DELETE", "/api/v1/feeds/pt", &headers, "").await.status.as_u16(), 404);
    let told = desk.told.lock().unwrap();
    assert!(told.iter().all(|(by, _)| by.as_deref() == Some("token/editor")));
    assert_eq!(told.len(), 10);
    assert!(
        matches!(&told[0].1, FeedAct::Add { name, selection: FeedSelection { budget: Some(_), .. } } if name == "pt")
    );
}

#[tokio::test]
async fn what_would_be_sent_is_shown_of_what_is_in_the_feed_alone() {
    let (door, _desk) = desk().await;
    let viewer = door.bearer(Role::Viewer);
    let headers = [("authorization", viewer.as_str())];
    let path = "/api/v1/feeds/everything/preview?detection=narrative-n1";
    assert_eq!(door.get(1, path, &headers).await.status.as_u16(), 404, "nothing is sent from there");
    door.served.state.open_previews(Arc::new(Previews));
    let shown = door.get(1, path, &headers).await.json();
    assert_eq!(shown["items"][0]["body"], "everything: narrative-n1");
    assert_eq!((shown["items"][0]["kind"].as_str(), shown["items"][0]["subject"].is_string()), (Some("email"), true));
    for missing in [
        "/api/v1/feeds/everything/preview?detection=narrative-n2",
        "/api/v1/feeds/nothing/preview?detection=narrative-n1",
    ] {
        assert_eq!(door.get(1, missing, &headers).await.status.as_u16(), 404, "{missing}");
    }
    assert_eq!(door.get(1, "/api/v1/feeds/everything/preview", &headers).await.status.as_u16(), 400);
}

/// What a feed would have told is said to an editor before it is made, and is what it then begins with.
#[tokio::test]
async fn a_feed_is_tried_before_it_is_made() {
    let (mut door, desk) = desk().await;
    let batch = ReleaseBatch { detections: vec![burst(400, -6.0)], now: 1_800_000_000, ..ReleaseBatch::default() };
    door.served.writer.commit(&batch).await.unwrap();
    let mut feeds = FeedStore::open(door.served.folder.path(), &StoreOptions::default()).await.unwrap();
    feeds.edit("everything", "narrative-n1", &FeedEdit::Mark(Some(true)), 0).await.unwrap();
    let editor = door.bearer(Role::Editor);
    let headers = [("authorization", editor.as_str()), JSON];
    let document: Value = serde_json::from_str(&groundswell_serve::openapi()).unwrap();
    let asked = [
        (json!({}), 2),
        (json!({"kinds": ["narrative"], "from": "2016-09-23", "to": "2016-09-24T00:00:00Z"}), 1),
        (json!({"kinds": ["narrative"], "to": "2016-09-23"}), 0),
        (json!({"kinds": ["burst"], "budget": 1.0}), 1),
        (json!({"watches": ["river-floods"]}), 0),
    ];
    for (body, count) in asked {
        let answer = door.ask(1, "POST", "/api/v1/trials", &headers, &body.to_string()).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
        let said = answer.json();
        assert_eq!(
            (&said["trial"]["detections"], said["newest"].as_array().unwrap().len()),
            (&json!(count), count),
            "{body}"
        );
        let schema =
            &document["paths"]["/api/v1/trials"]["post"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert_eq!(differences(&said, schema, &document), Vec::<String>::new());
    }
    let said = door.ask(1, "POST", "/api/v1/trials", &headers, r#"{"kinds":["narrative"]}"#).await.json();
    assert_eq!(said["trial"]["days"], json!([{"day": "2016-09-23", "detections": 1}]));
    assert_eq!((said["trial"]["useful"].clone(), said["trial"]["precision"].clone()), (json!(1), json!(1.0)));
    // It is for editors, and nothing was done by it.
    let viewer = door.bearer(Role::Viewer);
    let refused = door.ask(1, "POST", "/api/v1/trials", &[("authorization", &viewer), JSON], "{}").await;
    assert_eq!(refused.status.as_u16(), 403);
    assert!(desk.told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn marks_are_for_whoever_reads() {
    let served = filled().await;
    let said = served.get("/api/v1/feeds/everything/marks?detection=narrative-n1").await;
    assert_eq!(said.json()["marks"], json!({"pinned": true, "mark": "useful", "notes": ["a <drill> & no more"]}));
    for (path, status) in [
        ("/api/v1/feeds/everything/marks?detection=narrative-n99", 404),
        ("/api/v1/feeds/nothing/marks?detection=narrative-n1", 404),
        ("/api/v1/feeds/everything/marks", 400),
    ] {
        assert_eq!(served.get(path).await.status.as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn what_is_sent_wrongly_changes_nothing() {
    let (door, desk) = desk().await;
    let editor = door.bearer(Role::Editor);
    let headers = [("authorization", editor.as_str()), JSON];
    for (path, body) in [
        ("/api/v1/feeds", "{}"),
        ("/api/v1/feeds", "nonsense with a secret"),
        ("/api/v1/feeds", r#"{"name":"x","kind":["burst"]}"#),
        ("/api/v1/feeds", r#"{"name":"x","kinds":["people"]}"#),
        ("/api/v1/trials", r#"{"name":"x"}"#),
        ("/api/v1/trials", r#"{"kinds":["people"]}"#),
        ("/api/v1/trials", r#"{"from":"tomorrow"}"#),
        ("/api/v1/trials", r#"{"budget":-1}"#),
        ("/api/v1/trials", r#"{"languages":["people"]}"#),
        ("/api/v1/feeds/everything/edits", r#"{"detection":"narrative-n1"}"#),
        ("/api/v1/feeds/everything/edits", r#"{"detection":"narrative-n1","pin":true,"mark":"noise"}"#),
        ("/api/v1/feeds/everything/edits", r#"{"detection":"narrative-n1","mark":"great"}"#),
        ("/api/v1/feeds/everything/edits", r#"{"detection":"narrative-n1","mute_until":"tomorrow"}"#),
    ] {
        let answer = door.ask(1, "POST", path, &headers, body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("bad_body")), "{body}");
        assert!(
            !answer.body.contains("secret") && !answer.body.contains("people") && !answer.body.contains("tomorrow")
        );
    }
    let as_form = [("authorization", editor.as_str()), ("content-type", "text/plain")];
    let answer = door.ask(1, "POST", "/api/v1/feeds", &as_form, r#"{"name":"x"}"#).await;
    assert_eq!(answer.status.as_u16(), 400, "no form of another site has this type");
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(20_000));
    assert_eq!(door.ask(1, "POST", "/api/v1/feeds", &headers, &large).await.status.as_u16(), 413);
    assert!(desk.told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn no_other_site_edits_and_no_viewer_does() {
    let (door, desk) = desk().await;
    let body = r#"{"detection":"narrative-n1","pin":true}"#;
    let path = "/api/v1/feeds/everything/edits";
    let viewer = door.bearer(Role::Viewer);
    let refused = door.ask(1, "POST", path, &[("authorization", &viewer), JSON], body).await;
    assert_eq!(refused.status.as_u16(), 403);
    // With a session: from the own page, with its token.
    let _ = PASSWORD;
    let cookie = door.sign_in(2, "editor").await;
    let csrf = door.get(2, "/api/v1/session", &[("cookie", &cookie)]).await.json()["csrf"].as_str().unwrap().to_owned();
    let origin = door.origin();
    let own = [("cookie", cookie.as_str()), ("origin", origin.as_str()), JSON];
    let without = door.ask(2, "POST", path, &own, body).await;
    assert_eq!((without.status.as_u16(), without.json()["code"].as_str()), (403, Some("cross_site")));
    let with =
        [("cookie", cookie.as_str()), ("origin", "https://evil.example"), ("x-groundswell-csrf", csrf.as_str()), JSON];
    assert_eq!(door.ask(2, "POST", path, &with, body).await.status.as_u16(), 403);
    assert!(desk.told.lock().unwrap().is_empty());
    let with = [("cookie", cookie.as_str()), ("origin", origin.as_str()), ("x-groundswell-csrf", csrf.as_str()), JSON];
    assert_eq!(door.ask(2, "POST", path, &with, body).await.status.as_u16(), 204);
    assert_eq!(desk.told.lock().unwrap()[0].0.as_deref(), Some("editor"));
}

#[tokio::test]
async fn without_accounts_a_program_edits_and_no_other_site_does() {
    let served = filled().await;
    let desk = Arc::new(Desk { folder: served.folder.path().to_owned(), told: Mutex::default() });
    let send = async |headers: &[(&str, &str)]| {
        let mut request = Request::post("/api/v1/feeds/everything/edits").header("host", "localhost:8750");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = r#"{"detection":"narrative-n2","pin":true}"#;
        served.send(request.body(Body::from(body)).unwrap()).await
    };
    assert_eq!(send(&[JSON]).await.status.as_u16(), 404, "nobody has opened the desk");
    served.state.open_feeds(Arc::clone(&desk) as Arc<dyn FeedDesk>);
    for elsewhere in [
        &[JSON, ("origin", "https://evil.example")][..],
        &[JSON, ("sec-fetch-site", "cross-site")],
        &[JSON, ("origin", "null")],
    ] {
        let answer = send(elsewhere).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (403, Some("cross_site")));
    }
    assert!(desk.told.lock().unwrap().is_empty());
    assert_eq!(send(&[JSON]).await.status.as_u16(), 204);
    assert_eq!(send(&[JSON, ("origin", "http://localhost:8750")]).await.status.as_u16(), 204);
    assert_eq!(desk.told.lock().unwrap()[0].0, None);
}
