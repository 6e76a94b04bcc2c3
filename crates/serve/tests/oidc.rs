//! Signing in with another service's account, against a provider that this test is: a small one, which keeps to the standard until it is
//! told not to.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::Answer;
use common::door::*;
use groundswell_serve::{HttpAct, Network, OidcConfig, Role};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

const SECRET: &str = "s3cret: of the client & of nobody else";

type Change = fn(&mut Value, &mut Value);

struct Inner {
    issuer: String,
    keys: Mutex<BTreeMap<&'static str, EcdsaKeyPair>>,
    /// By code: what the browser came with.
    codes: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
    claims: Mutex<Value>,
    /// What is wrong with the next token: header and claims.
    change: Mutex<Change>,
    /// The key that signs, whatever the header says.
    signs: Mutex<&'static str>,
    asked: Mutex<Vec<&'static str>>,
    named: Mutex<String>,
}

#[derive(Clone)]
struct Provider(Arc<Inner>);

fn pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

fn parsed(query: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

async fn discovery(State(Provider(inner)): State<Provider>) -> Json<Value> {
    inner.asked.lock().unwrap().push("discovery");
    let issuer = &inner.issuer;
    Json(json!({
        "issuer": *inner.named.lock().unwrap(), "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
    }))
}

async fn keys(State(Provider(inner)): State<Provider>) -> Json<Value> {
    inner.asked.lock().unwrap().push("keys");
    let keys: Vec<Value> = inner
        .keys
        .lock()
        .unwrap()
        .iter()
        .filter(|(kid, _)| **kid != "thief")
        .map(|(kid, pair)| {
            let point = pair.public_key().as_ref();
            let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": text(&point[1..33]), "y": text(&point[33..])})
        })
        .collect();
    Json(json!({"keys": keys}))
}

async fn token(State(Provider(inner)): State<Provider>, headers: HeaderMap, body: String) -> Response {
    inner.asked.lock().unwrap().push("token");
    let form = parsed(&body);
    let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", part("groundswell"), part(SECRET))));
    // A code is good once, for whoever has the secret, the verifier and the same address.
    let came = inner.codes.lock().unwrap().remove(form.get("code").map_or("", String::as_str));
    let Some(came) = came else { return StatusCode::BAD_REQUEST.into_response() };
    let challenge =
        URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, form["code_verifier"].as_bytes()));
    let good = headers.get("authorization").is_some_and(|sent| sent.as_bytes() == basic.as_bytes())
        && form["grant_type"] == "authorization_code"
        && came["code_challenge_method"] == "S256"
        && came["code_challenge"] == challenge
        && form["code_verifier"].len() >= 43
        && came["redirect_uri"] == form["redirect_uri"];
    if !good {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut header = json!({"alg": "ES256", "kid": "one"});
    let mut claims = inner.claims.lock().unwrap().clone();
    claims["nonce"] = Value::from(came["nonce"].clone());
    (inner.change.lock().unwrap())(&mut header, &mut claims);
    let text = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", text(&header), text(&claims));
    let signature = if header["alg"] == "none" {
        String::new()
    } else {
        let keys = inner.keys.lock().unwrap();
        let pair = &keys[*inner.signs.lock().unwrap()];
        URL_SAFE_NO_PAD.encode(pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap())
    };
    Json(json!({"access_token": "x", "token_type": "Bearer", "id_token": format!("{message}.{signature}")}))
        .into_response()
}

async fn provider() -> Provider {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}/realms/one", listener.local_addr().unwrap());
    let claims = json!({
        "iss": issuer, "aud": "groundswell", "sub": "4711", "iat": NOW, "exp": NOW + 300, "preferred_username": "Ada",
        "realm_access": {"roles": ["staff", "newsroom"]},
    });
    let provider = Provider(Arc::new(Inner {
        named: Mutex::new(issuer.clone()),
        issuer,
        keys: Mutex::new(BTreeMap::from([("one", pair()), ("thief", pair())])),
        codes: Mutex::default(),
        claims: Mutex::new(claims),
        change: Mutex::new(|_, _| {}),
        signs: Mutex::new("one"),
        asked: Mutex::default(),
    }));
    let app = Router::new()
        .route("/realms/one/.well-known/openid-configuration", get(discovery))
        .route("/realms/one/keys", get(keys))
        .route("/realms/one/token", post(token))
        .with_state(provider.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    provider
}

impl Provider {
    async fn door(&self) -> Door {
        let public_url: groundswell_serve::PublicUrl = "https://watch.example".parse().unwrap();
        let oidc = OidcConfig {
            issuer: self.0.issuer.clone(),
            client_id: "groundswell".to_owned(),
            client_secret: Some(SECRET.to_owned().into()),
            public_url: public_url.clone(),
            scopes: vec!["profile".to_owned()],
            name_claim: "preferred_username".to_owned(),
            role_claim: "realm_access.roles".to_owned(),
            roles: vec![("newsroom".to_owned(), Role::Viewer), ("desk".to_owned(), Role::Editor)],
        };
        door_of(Network::new(Some(public_url), None, false), Some(oidc)).await
    }

    /// What the provider's own page does: somebody signs in there, and is sent back with a code.
    fn authorize(&self, location: &str) -> (String, String) {
        let (address, query) = location.split_once('?').unwrap();
        assert_eq!(address, format!("{}/authorize", self.0.issuer));
        let query = parsed(query);
        assert_eq!((query["response_type"].as_str(), query["client_id"].as_str()), ("code", "groundswell"));
        assert_eq!(query["redirect_uri"], "https://watch.example/signin/oidc/callback");
        assert_eq!(query["scope"], "openid profile");
        let code = format!("code-{}", self.0.asked.lock().unwrap().len() + 7 * self.0.codes.lock().unwrap().len());
        let state = query["state"].clone();
        self.0.codes.lock().unwrap().insert(code.clone(), query);
        (code, state)
    }

    fn set(&self, change: Change) {
        *self.0.change.lock().unwrap() = change;
    }
}

const HOST: (&str, &str) = ("host", "watch.example");

/// Sends a browser away and back: what it is answered.
async fn round(provider: &Provider, door: &Door, from: u16) -> Answer {
    let (code, state, cookie) = away(provider, door, from).await;
    let path = format!("/signin/oidc/callback?code={code}&state={state}");
    door.get(from, &path, &[HOST, ("cookie", &cookie), ("sec-fetch-site", "cross-site")]).await
}

async fn away(provider: &Provider, door: &Door, from: u16) -> (String, String, String) {
    let answer = door.get(from, "/signin/oidc?onward=%2Ffeed%2Fportuguese", &[HOST]).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.body);
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-groundswell-away=") && cookie.contains("HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let (code, state) = provider.authorize(answer.header("location"));
    (code, state, cookie)
}

fn session(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    cookies
        .filter(|cookie| cookie.starts_with("__Host-groundswell="))
        .find_map(|cookie| cookie.split(';').next())
        .map(str::to_owned)
}

#[tokio::test]
async fn who_signs_in_elsewhere_is_somebody_here() {
    let provider = provider().await;
    let door = provider.door().await;
    let page = door.get(1, "/signin", &[HOST]).await;
    assert!(page.body.contains("href=\"/signin/oidc?onward=%2F\""));
    let answer = round(&provider, &door, 1).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    // Not a redirection, which would still be the other site's, but a page that leads on.
    assert!(answer.body.contains("http-equiv=\"refresh\" content=\"0;url=/feed/portuguese\""), "{}", answer.body);
    let cookie = session(&answer).unwrap();
    let set = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect::<Vec<_>>();
    assert!(set[0].contains("HttpOnly; SameSite=Strict; Secure") && set[1].contains("Max-Age=0"), "{set:?}");
    let me = door.get(1, "/api/v1/session", &[HOST, ("cookie", &cookie)]).await.json();
    assert_eq!((me["account"].as_str(), me["role"].as_str()), (Some("oidc/ada"), Some("viewer")));
    assert_eq!(door.get(1, "/api/v1/status", &[HOST, ("cookie", &cookie)]).await.status.as_u16(), 200);
    let signed_in = door.told.take();
    assert!(
        matches!(&signed_in[..], [HttpAct::SignedIn { account, role: Role::Viewer }] if account.as_str() == "oidc/ada"),
        "{signed_in:?}"
    );
    // The provider was asked once for what does not change.
    assert!(session(&round(&provider, &door, 1).await).is_some());
    assert_eq!(*provider.0.asked.lock().unwrap(), ["discovery", "token", "keys", "token"]);
    // Local accounts go on beside it.
    let origin = [HOST, ("origin", "https://watch.example")];
    assert_eq!(door.post_form(2, "viewer", PASSWORD, &origin).await.status.as_u16(), 303);
}

#[tokio::test]
async fn a_token_that_is_not_as_it_should_be_signs_nobody_in() {
    let provider = provider().await;
    let door = provider.door().await;
    let wrong: [(&str, Change); 16] = [
        ("another issuer", |_, claims| claims["iss"] = json!("https://evil.example")),
        ("for another client", |_, claims| claims["aud"] = json!("another")),
        ("for several, and not said for whom", |_, claims| claims["aud"] = json!(["groundswell", "another"])),
        ("another's turn", |_, claims| claims["nonce"] = json!("0")),
        ("no nonce", |_, claims| claims["nonce"] = Value::Null),
        ("over", |_, claims| claims["exp"] = json!(NOW - 61)),
        ("old", |_, claims| claims["iat"] = json!(NOW - 3_600)),
        ("of tomorrow", |_, claims| claims["iat"] = json!(NOW + 86_400)),
        ("nobody's", |_, claims| claims["sub"] = json!("")),
        ("unsigned", |header, _| header["alg"] = json!("none")),
        ("signed with what is no secret", |header, _| header["alg"] = json!("HS256")),
        ("by an unknown key", |header, _| header["kid"] = json!("two")),
        ("no name", |_, claims| claims["preferred_username"] = Value::Null),
        ("no name that can be one", |_, claims| claims["preferred_username"] = json!("Ada Lovelace <ada@example.org>")),
        ("no role", |_, claims| claims["realm_access"]["roles"] = json!(["staff"])),
        ("a role that is only like one", |_, claims| claims["realm_access"]["roles"] = json!("newsrooms")),
    ];
    for (number, (what, change)) in wrong.into_iter().enumerate() {
        provider.set(change);
        let answer = round(&provider, &door, number as u16).await;
        assert_eq!((answer.status.as_u16(), session(&answer)), (401, None), "{what}");
        assert!(!answer.body.contains("ada@example.org") && !answer.body.contains("nonce"), "{what}");
    }
    provider.set(|_, _| {});
    *provider.0.signs.lock().unwrap() = "thief";
    assert_eq!(session(&round(&provider, &door, 50).await), None, "signed by a key that is not the provider's");
    *provider.0.signs.lock().unwrap() = "one";
    assert!(session(&round(&provider, &door, 51).await).is_some());
    // The highest of several roles counts.
    provider.set(|_, claims| claims["realm_access"]["roles"] = json!(["newsroom", "desk"]));
    let cookie = session(&round(&provider, &door, 52).await).unwrap();
    assert_eq!(door.get(52, "/api/v1/session", &[HOST, ("cookie", &cookie)]).await.json()["role"], "editor");
}

#[tokio::test]
async fn only_the_browser_that_was_sent_away_comes_back_and_once() {
    let provider = provider().await;
    let door = provider.door().await;
    let ask = async |from: u16, query: &str, cookie: &str| {
        door.get(from, &format!("/signin/oidc/callback?{query}"), &[HOST, ("cookie", cookie)]).await
    };
    // Somebody else's code and state in my browser would make me act as them; and theirs in mine.
    let (code, state, cookie) = away(&provider, &door, 1).await;
    let (_, other_state, other_cookie) = away(&provider, &door, 1).await;
    let tokens = || provider.0.asked.lock().unwrap().iter().filter(|asked| **asked == "token").count();
    for (query, cookie) in [
        (format!("code={code}&state={state}"), ""),
        (format!("code={code}&state={state}"), other_cookie.as_str()),
        (format!("code={code}&state={other_state}"), cookie.as_str()),
        (format!("code={code}&state={state}&state={state}"), cookie.as_str()),
        (format!("code={code}"), cookie.as_str()),
        (format!("state={state}&error=access_denied"), cookie.as_str()),
        (format!("code={code}&state={state}&iss=https://evil.example"), cookie.as_str()),
        (format!("code={code}&state={state}"), &format!("{cookie}; {cookie}")),
    ] {
        let answer = ask(2, &query, cookie).await;
        assert_eq!((answer.status.as_u16(), session(&answer)), (401, None), "{query}");
    }
    assert_eq!(tokens(), 0, "the code was given to nobody");
    let right = format!("code={code}&state={state}&iss={}", provider.0.issuer);
    assert!(session(&ask(3, &right, &cookie).await).is_some());
    assert_eq!(session(&ask(3, &right, &cookie).await), None, "once");
    assert_eq!(tokens(), 1);
    // What browsers forget after ten minutes is forgotten here as well, and what was planted is not taken.
    let planted = "0".repeat(64);
    let answer = ask(4, &format!("code=x&state={planted}"), &format!("__Host-groundswell-away={planted}")).await;
    assert_eq!((answer.status.as_u16(), session(&answer)), (401, None));
}

#[tokio::test]
async fn keys_are_exchanged_and_a_provider_that_names_itself_otherwise_is_not_believed() {
    let first = provider().await;
    let door = first.door().await;
    assert!(session(&round(&first, &door, 1).await).is_some());
    // A key that nobody knew: asked for again, but not for each token that names one.
    first.0.keys.lock().unwrap().insert("two", pair());
    *first.0.signs.lock().unwrap() = "two";
    first.set(|header, _| header["kid"] = json!("two"));
    for _ in 0..5 {
        assert_eq!(session(&round(&first, &door, 1).await), None);
    }
    let asked = first.0.asked.lock().unwrap().iter().filter(|asked| **asked == "keys").count();
    assert_eq!(asked, 1);

    let second = provider().await;
    "https://evil.example".clone_into(&mut second.0.named.lock().unwrap());
    let door = second.door().await;
    let answer = door.get(1, "/signin/oidc", &[HOST]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (401, ""));
    // Without a provider there is no such way.
    let plain = common::door::door().await;
    for path in ["/signin/oidc", "/signin/oidc/callback?code=x&state=y"] {
        assert_eq!(plain.get(1, path, &[]).await.status.as_u16(), 404, "{path}");
    }
}
