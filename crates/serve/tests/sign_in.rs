//! Signing in, being somebody, and ceasing to be: passwords, sessions, API tokens, and what others may not do with them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::sync::atomic::Ordering;

use common::door::*;
use groundswell_serve::{
    ATTEMPTS_FREE, Access, AccessConfig, BindError, HttpAct, Network, NoActs, PEER_ATTEMPTS_FREE, PasswordCost,
    Register, RegisterError, Role, STRANGER_REQUESTS_BURST, Server, Tls,
};
use tokio::io::AsyncWriteExt as _;
use tokio::time::Duration;

#[tokio::test]
async fn who_signs_in_is_somebody_until_they_sign_out() {
    let door = door().await;
    let cookie = door.sign_in(1, "editor").await;
    let me = door.get(1, "/api/v1/session", &[("cookie", &cookie)]).await.json();
    assert_eq!((me["account"].as_str(), me["role"].as_str()), (Some("editor"), Some("editor")));
    assert_eq!(me["authentication"], true);
    let csrf = me["csrf"].as_str().unwrap();
    let origin = door.origin();
    let out = [("cookie", cookie.as_str()), ("origin", &origin), ("x-groundswell-csrf", csrf)];
    let ended = door.ask(1, "DELETE", "/api/v1/session", &out, "").await;
    assert_eq!(ended.status.as_u16(), 204);
    assert!(ended.header("set-cookie").contains("Max-Age=0"), "{}", ended.header("set-cookie"));
    assert_eq!(door.get(1, "/api/v1/status", &[("cookie", &cookie)]).await.status.as_u16(), 401);
    let acts = door.told.take();
    assert_eq!(
        acts,
        [
            HttpAct::SignedIn { account: name("editor"), role: Role::Editor },
            HttpAct::SignedOut { account: name("editor") },
            HttpAct::Denied { account: None, method: "GET", route: "/api/v1/status", status: 401, times: 1 },
        ]
    );
    let token = door.get(1, "/api/v1/session", &[("authorization", &door.bearer(Role::Auditor))]).await.json();
    assert_eq!((token["account"].as_str(), token["role"].as_str()), (Some("token/auditor"), Some("auditor")));
    assert!(token["csrf"].is_null());
}

#[tokio::test]
async fn a_browser_that_is_nobody_sees_the_page_to_sign_in_on() {
    let door = door().await;
    for path in ["/", "/watches/river-floods"] {
        let answer = door.get(1, path, &[("accept", "text/html,*/*")]).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (401, "text/html; charset=utf-8"));
        assert!(answer.body.contains("action=\"/signin\""));
        assert!(answer.body.contains(&format!("name=\"onward\" value=\"{path}\"")), "{}", answer.body);
        assert!(answer.header("content-security-policy").contains("form-action 'self'"));
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
        // Else a browser says of the form that it comes from nowhere.
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let asset = door.get(1, "/api/v1/status", &[("accept", "text/html")]).await;
    assert_eq!(asset.json()["code"], "sign_in_needed");
    let cookie = door.sign_in(1, "auditor").await;
    let page = door.get(1, "/", &[("cookie", &cookie), ("accept", "text/html")]).await;
    assert_eq!(page.status.as_u16(), 200);
    assert!(page.header("content-security-policy").contains("form-action 'none'"));
    let denied = door.get(1, "/api/v1/status", &[("cookie", &cookie)]).await;
    assert_eq!((denied.status.as_u16(), denied.json()["code"].as_str()), (403, Some("forbidden")));
    assert!(door.told.take().contains(&HttpAct::Denied {
        account: Some(name("auditor")),
        method: "GET",
        route: "/api/v1/status",
        status: 403,
        times: 1
    }));
}

/// Whoever comes by a link that somebody sent, and must sign in first, goes on to what the link is about; and to no other host.
#[tokio::test]
async fn the_page_speaks_french_to_who_asks_for_it() {
    let door = door().await;
    let french = ("accept-language", "fr-CA,fr;q=0.9,en;q=0.8");
    for (headers, lang, button) in [
        (vec![("accept", "text/html"), french], "fr", "Se connecter"),
        (vec![("accept", "text/html")], "en", "Sign in"),
    ] {
        let answer = door.get(1, "/watches", &headers).await;
        assert_eq!((answer.header("content-language"), answer.header("vary")), (lang, "accept-language"));
        assert!(answer.body.contains(&format!("<html lang=\"{lang}\">")) && answer.body.contains(button));
        assert!(!answer.body.contains("{s") && !answer.body.contains("{a"), "a place is not filled: {}", answer.body);
    }
    let origin = door.origin();
    let headers = [
        ("origin", origin.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
        french,
    ];
    let refused = door.ask(1, "POST", "/signin", &headers, "account=editor&password=wrong").await;
    assert!(refused.body.contains("<p role=\"alert\">Le compte ou le mot de passe est faux.</p>"), "{}", refused.body);
}

#[tokio::test]
async fn who_signs_in_goes_on_to_where_they_wanted_to_go() {
    let door = door().await;
    let link = "/detections/burst-b7?from=2026-01-01&to=2026-01-02";
    let page = door.get(1, link, &[("accept", "text/html")]).await;
    assert!(page.body.contains("value=\"/detections/burst-b7?from=2026-01-01&amp;to=2026-01-02\""), "{}", page.body);
    let asked = door.get(1, "/signin?onward=%2Ffeed%2Fportuguese", &[]).await;
    assert!(asked.body.contains("value=\"/feed/portuguese\""));
    let origin = door.origin();
    let send = async |onward: &str| {
        let pair = |name: &str, value: &str| {
            format!("{name}={}", form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>())
        };
        let form = [pair("account", "editor"), pair("password", PASSWORD), pair("onward", onward)].join("&");
        let headers = [("origin", origin.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let answer = door.ask(1, "POST", "/signin", &headers, &form).await;
        (answer.status.as_u16(), answer.header("location").to_owned())
    };
    assert_eq!(send(link).await, (303, link.to_owned()));
    for other in
        ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/api/v1/session", ""]
    {
        assert_eq!(send(other).await, (303, "/".to_owned()), "{other}");
    }
    let hostile = door.get(1, "/signin?onward=%22%3E%3Cscript%3E", &[]).await;
    assert!(hostile.body.contains("name=\"onward\" value=\"/\"") && !hostile.body.contains("<script"));
}

/// The same answer, byte for byte, after the same work; the work is counted, since a time measured here would say little.
#[tokio::test]
async fn an_unknown_account_is_told_apart_from_a_wrong_password_by_nothing() {
    let door = door().await;
    let compared = || door.served.state.access().passwords_compared();
    let mut answers = Vec::new();
    for account in ["viewer", "nobody", "no%20name", "VIEWER", ""] {
        for accept in ["text/html", "application/json"] {
            let before = compared();
            let answer = door.post_form(1, account, "wrong password here", &[("accept", accept)]).await;
            assert_eq!((answer.status.as_u16(), compared() - before), (401, 1), "{account}");
            let mut headers = answer.headers.clone();
            headers.remove("date");
            answers.push((accept, answer.body, format!("{headers:?}")));
        }
    }
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), 2, "one answer for browsers and one for programs: {answers:?}");
    // Names that are none are not told to the log: somebody may have typed the password there.
    let acts = door.told.take();
    let failed = |account: Option<&str>| HttpAct::SignInFailed { account: account.map(name), times: 1 };
    assert!(acts.contains(&failed(Some("viewer"))) && acts.contains(&failed(None)));
    assert!(!format!("{acts:?}").contains("nobody"));
}

#[tokio::test]
async fn attempts_are_slowed_down_by_account_and_by_peer() {
    let door = door().await;
    for _ in 0..ATTEMPTS_FREE {
        assert_eq!(door.post_form(1, "viewer", "wrong password here", &[]).await.status.as_u16(), 401);
    }
    // From elsewhere, and with the right password: the account waits, and nothing is compared.
    let before = door.served.state.access().passwords_compared();
    let slowed = door.post_form(2, "viewer", PASSWORD, &[]).await;
    assert_eq!((slowed.status.as_u16(), slowed.json()["code"].as_str()), (429, Some("too_many_sign_ins")));
    assert_eq!(slowed.header("content-type"), "application/problem+json");
    assert!(slowed.header("retry-after").parse::<u64>().unwrap() >= 1);
    let page = door.post_form(2, "viewer", PASSWORD, &[("accept", "text/html")]).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after").is_empty()), (429, false));
    assert_eq!(door.served.state.access().passwords_compared(), before);
    // Others are not slowed down, and neither is who has a token.
    door.sign_in(2, "editor").await;
    assert_eq!(
        door.get(1, "/api/v1/status", &[("authorization", &door.bearer(Role::Viewer))]).await.status.as_u16(),
        200
    );
    let mut last = 401;
    for number in 0..=PEER_ATTEMPTS_FREE {
        last = door.post_form(3, &format!("a{number}"), "wrong password here", &[]).await.status.as_u16();
    }
    assert_eq!(last, 429, "one peer, many names");
    door.sign_in(4, "admin").await;
}

#[tokio::test]
async fn requests_are_limited_by_account_and_by_peer() {
    let door = door().await;
    let mut statuses = Vec::new();
    for _ in 0..=STRANGER_REQUESTS_BURST + 20 {
        statuses.push(door.get(1, "/api/v1/status", &[]).await.status.as_u16());
    }
    assert!(statuses.starts_with(&[401; 50]) && statuses.contains(&429), "{statuses:?}");
    let slowed = door.get(1, "/healthz", &[]).await;
    assert_eq!((slowed.status.as_u16(), slowed.header("content-type")), (429, "application/problem+json"));
    assert!(slowed.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(door.get(2, "/healthz", &[]).await.status.as_u16(), 200, "others are not slowed down");
    // Who has a token has a bucket of their own, wherever they come from.
    assert_eq!(
        door.get(1, "/api/v1/status", &[("authorization", &door.bearer(Role::Viewer))]).await.status.as_u16(),
        200
    );
}

#[tokio::test]
async fn a_session_cannot_be_planted() {
    let door = door().await;
    let planted = format!("groundswell={}", "a".repeat(64));
    let answer = door.post_form(1, "viewer", PASSWORD, &[("cookie", &planted)]).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_ne!(cookie, planted);
    assert_eq!(door.get(1, "/api/v1/status", &[("cookie", &planted)]).await.status.as_u16(), 401);
    assert_eq!(door.get(1, "/api/v1/status", &[("cookie", &cookie)]).await.status.as_u16(), 200);
    // Two of the name: one of them was planted.
    let both = format!("{cookie}; {planted}");
    assert_eq!(door.get(1, "/api/v1/status", &[("cookie", &both)]).await.status.as_u16(), 401);
    // Signing in again ends the session before, and makes another.
    let again = door.post_form(1, "viewer", PASSWORD, &[("cookie", &cookie)]).await;
    let second = again.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_ne!(second, cookie);
    assert_eq!(door.get(1, "/api/v1/status", &[("cookie", &cookie)]).await.status.as_u16(), 401);
    assert_eq!(door.get(1, "/api/v1/status", &[("cookie", &second)]).await.status.as_u16(), 200);
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let door = door().await;
    let cookie = door.sign_in(1, "admin").await;
    let me = door.get(1, "/api/v1/session", &[("cookie", &cookie)]).await.json();
    let (csrf, own) = (me["csrf"].as_str().unwrap(), door.origin());
    let port = door.address.port();
    let other_port = format!("http://127.0.0.1:{}", port ^ 1);
    let tricked: [&[(&str, &str)]; 9] = [
        &[("origin", &own)],
        &[("x-groundswell-csrf", csrf)],
        &[("origin", &own), ("x-groundswell-csrf", "0")],
        &[("origin", "https://evil.example"), ("x-groundswell-csrf", csrf)],
        &[("origin", &other_port), ("x-groundswell-csrf", csrf)],
        &[("origin", "null"), ("x-groundswell-csrf", csrf)],
        &[("sec-fetch-site", "cross-site"), ("x-groundswell-csrf", csrf)],
        &[("sec-fetch-site", "same-site"), ("x-groundswell-csrf", csrf)],
        &[("origin", &own), ("x-groundswell-csrf", csrf), ("x-groundswell-csrf", csrf)],
    ];
    for headers in tricked {
        let mut headers = headers.to_vec();
        headers.push(("cookie", &cookie));
        let answer = door.ask(1, "DELETE", "/api/v1/session", &headers, "").await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (403, Some("cross_site")), "{headers:?}");
    }
    assert_eq!(door.get(1, "/api/v1/status", &[("cookie", &cookie)]).await.status.as_u16(), 200, "still signed in");
    // A form of another site does not sign anybody in (to see what they do in an account of the attacker's).
    for (field, value) in [("origin", "https://evil.example"), ("origin", "null"), ("origin", &other_port)] {
        let answer = door.post_form(1, "viewer", PASSWORD, &[(field, value)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (403, Some("cross_site")));
        assert_eq!(answer.header("set-cookie"), "");
    }
    let form = "account=viewer&password=x";
    let kinds = ["text/plain", "application/json", "multipart/form-data; boundary=x"];
    for kind in kinds {
        let answer = door.ask(1, "POST", "/signin", &[("origin", &own), ("content-type", kind)], form).await;
        assert_eq!(answer.status.as_u16(), 415, "{kind}");
    }
    // A name that was pointed at this address (DNS rebinding).
    let rebound = format!("evil.example:{port}");
    for headers in [&[("host", rebound.as_str())][..], &[("host", rebound.as_str()), ("cookie", cookie.as_str())]] {
        for path in ["/", "/signin", "/api/v1/status", "/healthz"] {
            assert_eq!(door.get(1, path, headers).await.status.as_u16(), 421, "{path}");
        }
    }
}

#[tokio::test]
async fn what_changes_in_the_register_counts_at_once() {
    let door = door().await;
    let status = async |headers: &[(&str, &str)]| door.get(1, "/api/v1/status", headers).await.status.as_u16();
    let (viewer, editor) = (door.sign_in(1, "viewer").await, door.sign_in(1, "editor").await);
    let bearer = door.bearer(Role::Viewer);
    Register::change(&door.register, |register| {
        register.remove_account(&name("viewer"))?;
        register.set_password(&name("editor"), "another long password", PasswordCost::TEST)?;
        register.revoke_token(&name("viewer"))
    })
    .unwrap();
    for headers in [("cookie", &viewer), ("cookie", &editor), ("authorization", &bearer)] {
        assert_eq!(status(&[(headers.0, headers.1.as_str())]).await, 401, "{headers:?}");
    }
    assert_eq!(door.post_form(1, "editor", PASSWORD, &[]).await.status.as_u16(), 401);
    assert_eq!(door.post_form(1, "editor", "another long password", &[]).await.status.as_u16(), 303);
    // A register that is gone lets nobody in; it does not open the door.
    let admin = door.bearer(Role::Admin);
    std::fs::remove_file(&door.register).unwrap();
    assert_eq!(status(&[("authorization", &admin)]).await, 401);
    assert_eq!(status(&[]).await, 401);
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let door = door().await;
    let bearer = door.bearer(Role::Viewer);
    let status = async || door.get(1, "/api/v1/status", &[("authorization", &bearer)]).await;
    door.now.store(NOW + 90 * 86_400 - 1, Ordering::Relaxed);
    assert_eq!(status().await.status.as_u16(), 200);
    door.now.store(NOW + 90 * 86_400, Ordering::Relaxed);
    let answer = status().await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (401, Some("token_expired")));
    assert!(door.told.take().contains(&HttpAct::TokenUsedAfterExpiry { token: name("viewer"), times: 1 }));
}

#[tokio::test]
async fn a_live_stream_ends_with_the_right_to_it() {
    let door = door().await;
    let mut stream = connect(door.address, 1).await;
    let head = format!(
        "GET /api/v1/stream HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\n\r\n",
        door.address,
        door.bearer(Role::Viewer)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream, true).await.unwrap().status.as_u16(), 200);
    // The states of the sources come once, and nothing after them: what ends the stream is then nothing that it has to send.
    let mut part = vec![0; 1_024];
    let mut seen = String::new();
    while !seen.contains("event: sources") {
        let length = tokio::io::AsyncReadExt::read(&mut stream, &mut part).await.unwrap();
        assert_ne!(length, 0);
        seen.push_str(&String::from_utf8_lossy(&part[..length]));
    }
    Register::change(&door.register, |register| register.revoke_token(&name("viewer"))).unwrap();
    // Its last chunk comes within seconds; a stream that went on would send a heartbeat instead, and time out here.
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_mins(1), async {
        while !rest.ends_with(b"0\r\n\r\n") {
            let length = tokio::io::AsyncReadExt::read(&mut stream, &mut part).await.unwrap();
            assert_ne!(length, 0);
            rest.extend_from_slice(&part[..length]);
        }
    })
    .await
    .unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("heartbeat"));
}

#[tokio::test]
async fn cookies_and_headers_are_those_of_the_way_there() {
    let plain = door().await;
    let answer = plain.post_form(1, "viewer", PASSWORD, &[]).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("groundswell=") && cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(cookie.contains("Path=/") && !cookie.contains("Domain") && !cookie.contains("Secure"), "{cookie}");
    assert_eq!((answer.header("location"), answer.header("strict-transport-security")), ("/", ""));

    // Behind a proxy that speaks TLS.
    let network =
        Network::new(Some("https://watch.example".parse().unwrap()), Some("127.7.0.9".parse().unwrap()), false);
    let proxied = door_with(network).await;
    let more = [("host", "watch.example"), ("origin", "https://watch.example"), ("x-forwarded-for", "198.51.100.7")];
    let answer = proxied.post_form(9, "viewer", PASSWORD, &more).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-groundswell=") && cookie.contains("; Secure"), "{cookie}");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict") && cookie.contains("Path=/") && !cookie.contains("Domain"));
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let read = proxied.get(9, "/api/v1/status", &[("host", "watch.example"), ("cookie", &cookie)]).await;
    assert_eq!(read.status.as_u16(), 200);
    // The peer that is slowed down is the one behind the proxy, and nobody else's word for it is taken.
    let ask = async |from: u16, peer: &str| {
        proxied.get(from, "/healthz", &[("host", "watch.example"), ("x-forwarded-for", peer)]).await.status.as_u16()
    };
    let mut last = 200;
    for _ in 0..STRANGER_REQUESTS_BURST + 20 {
        last = ask(9, "203.0.113.1, 198.51.100.8").await;
    }
    assert_eq!((last, ask(9, "198.51.100.9").await), (429, 200));
    for number in 0..STRANGER_REQUESTS_BURST + 20 {
        last = ask(8, &format!("198.51.100.{number}")).await;
    }
    assert_eq!(last, 429, "a stranger who says to come from many places is still one");
}

#[tokio::test]
async fn tls_is_spoken_by_the_server_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let door = door_with(Network::new(None, None, true)).await;
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), door.served.state.clone()).await.unwrap();
    let address = server.address();
    let tls = Tls::read(&certificate, &key).unwrap();
    let running = tokio::spawn(server.with_tls(tls.clone()).run(std::future::pending()));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let ask = async || {
        let stream = connector.connect(name.clone(), connect(address, 1).await).await?;
        let mut stream = stream;
        let head = format!("GET /healthz HTTP/1.1\r\nhost: localhost:{}\r\n\r\n", address.port());
        stream.write_all(head.as_bytes()).await?;
        Ok::<_, std::io::Error>(read(&mut stream, false).await.unwrap())
    };
    let answer = ask().await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("strict-transport-security")), (200, "max-age=31536000"));
    // Plain HTTP gets no answer.
    let mut plain = connect(address, 1).await;
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(read(&mut plain, false).await.is_none());
    // Another certificate, from the next connection on.
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, other.cert.pem()).unwrap();
    std::fs::write(&key, other.signing_key.serialize_pem()).unwrap();
    tls.reload(&certificate, &key).unwrap();
    assert!(ask().await.is_err(), "nobody has signed that one");
    running.abort();
}

#[tokio::test]
async fn beyond_loopback_only_with_authentication() {
    let door = door().await;
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let server = Server::bind(everywhere, door.served.state.clone()).await.unwrap();
    assert!(server.address().ip().is_unspecified());
    let open = common::served().await;
    let error = Server::bind(everywhere, open.state).await.unwrap_err();
    assert!(matches!(error, BindError::NotLoopback { .. }) && error.to_string().contains("groundswell account add"));

    let config = |register| AccessConfig {
        register: Some(register),
        oidc: None,
        idle: Duration::from_hours(1),
        absolute: Duration::from_hours(12),
        cost: PasswordCost::TEST,
        now: std::sync::Arc::new(|| NOW),
    };
    let missing = door.register.with_file_name("missing.json");
    let error = Access::guarded(Network::default(), std::sync::Arc::new(NoActs), config(missing)).unwrap_err();
    assert!(matches!(error, RegisterError::Missing { .. }));
    std::fs::set_permissions(&door.register, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let register = door.register.clone();
    let error = Access::guarded(Network::default(), std::sync::Arc::new(NoActs), config(register)).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}
