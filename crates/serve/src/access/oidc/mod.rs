//! Signing in with another service's account: OpenID Connect's authorization code flow with PKCE (RFC 7636), state and nonce.
//!
//! What comes back counts only in the browser that was sent away, once, and within ten minutes. The role is what the configured claim
//! says; who has none of the configured values has no role here.

mod jwt;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Duration, Instant};
use zeroize::Zeroizing;

use super::network::{Network, PublicUrl};
use super::register::random;
use super::role::{AccountName, Role};
use super::session::{self, cookie};
use super::signin::{self, FormPage, Onward, Peer};
use super::speech::{Said, words};
use crate::ServerState;
use crate::problem::{Code, Problem};
use jwt::{Expected, Keys, Refused};

/// Where a browser is sent away from, and where it comes back to.
pub(crate) const START: &str = "/signin/oidc";
/// See [`START`].
pub(crate) const CALLBACK: &str = "/signin/oidc/callback";

/// Browsers that were sent away and have not come back; one more forgets the one that has been away longest.
pub const SIGN_INS_AWAY_MAX: usize = 1_024;

/// How long one may be away.
const AWAY_SECONDS_MAX: u64 = 600;

/// Conversations with the provider at the same time.
const CONVERSATIONS_MAX: usize = 8;

/// How long one may take; below what a request may.
const CONVERSATION_SECONDS_MAX: u64 = 8;

/// The longest answer of a provider.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Keys are asked for again, because a token names one that is not known, at most so often.
const KEYS_SECONDS_MIN: u64 = 60;

/// A provider, and what its claims mean here.
pub struct OidcConfig {
    /// Its address, exactly as it names itself.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// The proof of it, where it wants one.
    pub client_secret: Option<Zeroizing<String>>,
    /// Where readers reach this service.
    pub public_url: PublicUrl,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that names the account.
    pub name_claim: String,
    /// The claim that holds one value or several; dots lead into objects.
    pub role_claim: String,
    /// Which value is which role. Where several are there, the first in the order admin, editor, viewer, auditor counts.
    pub roles: Vec<(String, Role)>,
}

impl fmt::Debug for OidcConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcConfig").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Where the provider says that things are.
#[derive(Clone, Debug, Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// What is wanted of what a provider gives for a code.
#[derive(Deserialize)]
struct Tokens {
    id_token: Zeroizing<String>,
}

/// A browser that was sent away.
struct Away {
    nonce: String,
    verifier: Zeroizing<String>,
    since: Instant,
    /// Where they go on to when they come back.
    onward: Onward,
}

/// The way to a provider.
pub(crate) struct Oidc {
    config: OidcConfig,
    client: reqwest::Client,
    discovered: Mutex<Option<Discovered>>,
    keys: Mutex<(Option<Instant>, Arc<Keys>)>,
    away: Mutex<BTreeMap<[u8; 32], Away>>,
    conversations: Semaphore,
}

/// Why nobody signed in: told in the log, as one of our own words.
#[derive(Debug)]
struct Failed(&'static str);

impl From<Refused> for Failed {
    fn from(Refused(part): Refused) -> Self {
        tracing::warn!(part, "an ID token was refused");
        Self("the ID token is not as it should be")
    }
}

/// Whether an address may be asked: by TLS, or on this machine.
fn may_be_asked(address: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let then = |rest: &str| rest.is_empty() || rest.starts_with([':', '/']);
    address.starts_with("https://") || local.iter().any(|local| address.strip_prefix(local).is_some_and(then))
}

impl Oidc {
    pub(crate) fn new(config: OidcConfig) -> Result<Self, String> {
        if !may_be_asked(&config.issuer) {
            return Err("expected https:// (or http:// of this machine)".to_owned());
        }
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| "no TLS".to_owned())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // A provider that sends us elsewhere would take the code or the secret there.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(Duration::from_secs(CONVERSATION_SECONDS_MAX))
            .build()
            .map_err(|_| "cannot make an HTTP client".to_owned())?;
        Ok(Self {
            config,
            client,
            discovered: Mutex::default(),
            keys: Mutex::default(),
            away: Mutex::default(),
            conversations: Semaphore::new(CONVERSATIONS_MAX),
        })
    }

    fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK}", self.config.public_url)
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, Failed> {
        let failed = |_| Failed("the provider does not answer as it should");
        let mut response = request.header("accept", "application/json").send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(Failed("the provider refuses"));
        }
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failed("the provider's answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| Failed("the provider's answer is not what was asked for"))
    }

    async fn discover(&self) -> Result<Discovered, Failed> {
        if let Some(known) = self.discovered.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(known);
        }
        let address = format!("{}/.well-known/openid-configuration", self.config.issuer.trim_end_matches('/'));
        let found: Discovered = self.json(self.client.get(address)).await?;
        let addresses = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        if found.issuer != self.config.issuer || !addresses.into_iter().all(|address| may_be_asked(address)) {
            return Err(Failed("the provider names itself otherwise, or addresses without TLS"));
        }
        *self.discovered.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }

    async fn keys_for(&self, token: &str, jwks_uri: &str) -> Result<Arc<Keys>, Failed> {
        let now = Instant::now();
        let known = {
            let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            let old = keys.0.is_none_or(|asked| now - asked >= Duration::from_secs(KEYS_SECONDS_MIN));
            (!old || keys.1.has_key_of(token)).then(|| Arc::clone(&keys.1))
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let keys: Arc<Keys> = Arc::new(self.json(self.client.get(jwks_uri)).await?);
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = (Some(now), Arc::clone(&keys));
        Ok(keys)
    }

    /// Sends a browser away: the address, and the state that it must bring back.
    async fn send_away(&self, onward: Onward) -> Result<(String, String), Failed> {
        let _place = self.conversations.try_acquire().map_err(|_| Failed("too many at the same time"))?;
        let found = self.discover().await?;
        let none = || Failed("no random bytes");
        let (state, nonce) = (random().ok_or_else(none)?, random().ok_or_else(none)?);
        let verifier = Zeroizing::new(random().ok_or_else(none)?);
        let challenge = URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()));
        let mut scope = "openid".to_owned();
        for more in &self.config.scopes {
            scope.push(' ');
            scope.push_str(more);
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("scope", &scope)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let joint = if found.authorization_endpoint.contains('?') { '&' } else { '?' };
        let since = Instant::now();
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.retain(|_, away| since - away.since < Duration::from_secs(AWAY_SECONDS_MAX));
        if away.len() >= SIGN_INS_AWAY_MAX
            && let Some(first) = away.iter().min_by_key(|(_, away)| away.since).map(|(state, _)| *state)
        {
            away.remove(&first);
        }
        away.insert(session::key(&state), Away { nonce, verifier, since, onward });
        Ok((format!("{}{joint}{query}", found.authorization_endpoint), state))
    }

    /// Takes back a browser: who it is, and where it goes on to.
    async fn take_back(&self, state: &str, code: &str, now: i64) -> Result<(AccountName, Role, Onward), Failed> {
        let _place = self.conversations.try_acquire().map_err(|_| Failed("too many at the same time"))?;
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner).remove(&session::key(state));
        let away = away
            .filter(|away| away.since.elapsed() < Duration::from_secs(AWAY_SECONDS_MAX))
            .ok_or(Failed("nobody was sent away with this state"))?;
        let found = self.discover().await?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("client_id", &self.config.client_id)
            .append_pair("code_verifier", &away.verifier)
            .finish();
        let mut request = self
            .client
            .post(&found.token_endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        if let Some(secret) = &self.config.client_secret {
            // RFC 6749, 2.3.1: both parts as in a form, then as Basic.
            let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = Zeroizing::new(format!("{}:{}", part(&self.config.client_id), part(secret)));
            request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        }
        let tokens: Tokens = self.json(request).await?;
        let keys = self.keys_for(&tokens.id_token, &found.jwks_uri).await?;
        let expected =
            Expected { issuer: &self.config.issuer, client_id: &self.config.client_id, nonce: &away.nonce, now };
        let claims = keys.claims(&tokens.id_token, &expected)?;
        let name = claims[self.config.name_claim.as_str()].as_str().unwrap_or("");
        let name =
            AccountName::of_oidc(name).ok_or(Failed("the claim of the name holds none that can be an account's"))?;
        let role = self.role(&claims).ok_or(Failed("the claim of the role holds none that is configured"))?;
        Ok((name, role, away.onward))
    }

    fn role(&self, claims: &Value) -> Option<Role> {
        let found = self.config.role_claim.split('.').try_fold(claims, |claims, name| claims.get(name))?;
        let has = |word: &str| match found {
            Value::String(one) => one == word,
            Value::Array(several) => several.iter().any(|one| one == word),
            _ => false,
        };
        let given = |role: Role| self.config.roles.iter().any(|(word, known)| *known == role && has(word));
        [Role::Admin, Role::Editor, Role::Viewer, Role::Auditor].into_iter().find(|role| given(*role))
    }
}

/// Ties what comes back to the browser that was sent away. `Lax`, since it comes back from elsewhere.
fn away_cookie(state: Option<&str>, network: &Network) -> HeaderValue {
    let secure = network.is_secure();
    let end = if state.is_none() { 0 } else { AWAY_SECONDS_MAX };
    let text = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax{}; Max-Age={end}",
        away_name(secure),
        state.unwrap_or(""),
        if secure { "; Secure" } else { "" }
    );
    HeaderValue::from_str(&text).expect("names, digits and punctuation")
}

fn away_name(secure: bool) -> &'static str {
    if secure { "__Host-groundswell-away" } else { "groundswell-away" }
}

/// `GET /signin/oidc`.
pub(crate) async fn start(State(state): State<ServerState>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let access = state.access().clone();
    let Some(oidc) = access.oidc() else { return Problem::new(Code::NotFound).into_response() };
    match oidc.send_away(Onward::of_query(query.as_deref())).await {
        Ok((address, state)) => {
            let Ok(address) = HeaderValue::from_str(&address) else {
                return failed(&access, &headers, &Failed("the provider's address cannot be gone to"));
            };
            let mut response = StatusCode::SEE_OTHER.into_response();
            response.headers_mut().insert(header::LOCATION, address);
            response.headers_mut().insert(header::SET_COOKIE, away_cookie(Some(&state), access.network()));
            response
        }
        Err(why) => failed(&access, &headers, &why),
    }
}

/// Why is for the log; who tries learns that it failed.
fn failed(access: &super::Access, headers: &HeaderMap, Failed(why): &Failed) -> Response {
    tracing::warn!(why, "a sign-in by OIDC failed");
    access.acts().sign_in_failed(None);
    let mut response = signin::page(StatusCode::UNAUTHORIZED, Said::Failed, true, &Onward::default(), words(headers));
    response.headers_mut().insert(header::SET_COOKIE, away_cookie(None, access.network()));
    response
}

/// What came back: state and code, each once, and the issuer where it is named (RFC 9207).
fn came_back(query: Option<&str>) -> Option<(String, String, Option<String>)> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
        if found.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some((found.remove("state")?, found.remove("code")?, found.remove("iss")))
}

fn sent_away(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let mut found = None;
    for cookies in headers.get_all(header::COOKIE) {
        for pair in cookies.to_str().ok()?.split(';') {
            if let Some((name, value)) = pair.split_once('=')
                && name.trim() == away_name(secure)
                && found.replace(value.trim()).is_some()
            {
                return None;
            }
        }
    }
    found
}

/// `GET /signin/oidc/callback`.
pub(crate) async fn callback(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let access = state.access().clone();
    let (Some(oidc), Some(guarded)) = (access.oidc(), &access.inner.guarded) else {
        return Problem::new(Code::NotFound).into_response();
    };
    let network = access.network();
    let peer = network.peer(request.extensions().get::<Peer>().map(|peer| peer.0), request.headers());
    let key = guarded.keys.peer(peer);
    if let Err(wait) = guarded.by_peer.attempt(key) {
        let seconds = wait.as_secs().saturating_add(1);
        return Problem::new(Code::TooManySignIns).detail("wait, and try again").retry_after(seconds).into_response();
    }
    let Some((came, code, issuer)) = came_back(query.as_deref()) else {
        return failed(&access, request.headers(), &Failed("the provider sent nobody back"));
    };
    let secure = network.is_secure();
    let same = sent_away(request.headers(), secure)
        .is_some_and(|sent| blake3::hash(sent.as_bytes()) == blake3::hash(came.as_bytes()));
    if !same || issuer.is_some_and(|issuer| issuer != oidc.config.issuer) {
        return failed(&access, request.headers(), &Failed("another browser was sent away, or by another provider"));
    }
    let (name, role, onward) = match oidc.take_back(&came, &code, (guarded.config.now)()).await {
        Ok(who) => who,
        Err(why) => return failed(&access, request.headers(), &why),
    };
    guarded.by_peer.forgive_one(key);
    if let Some(before) = session::presented(request.headers(), secure) {
        guarded.sessions.end(before);
    }
    let Some(secret) = guarded.sessions.begin(name.clone(), role, None) else {
        return Problem::new(Code::Busy).into_response();
    };
    access.acts().signed_in(name, role);
    // A redirection would still be the other site's, and `SameSite=Strict` would keep the session from it: this page goes on by itself.
    let mut response = signin::going_on(&onward, words(request.headers()));
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookie(Some(&secret), secure));
    headers.append(header::SET_COOKIE, away_cookie(None, network));
    response.extensions_mut().insert(FormPage);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_this_machine_is_asked() {
        for (address, expected) in [
            ("https://id.example", true),
            ("http://127.0.0.1:8080/realms/x", true),
            ("http://localhost", true),
            ("http://id.example", false),
            ("http://localhost.id.example", false),
            ("http://127.0.0.1@id.example", false),
            ("ftp://id.example", false),
        ] {
            assert_eq!(may_be_asked(address), expected, "{address}");
        }
    }

    #[test]
    fn what_comes_back_is_read_once() {
        let read = |query| came_back(Some(query));
        assert_eq!(read("state=a&code=b"), Some(("a".to_owned(), "b".to_owned(), None)));
        assert_eq!(read("code=b&iss=c&state=a").unwrap().2.as_deref(), Some("c"));
        for query in ["", "state=a", "code=b", "state=a&state=b&code=c", "state=a&error=access_denied"] {
            assert_eq!(read(query), None, "{query}");
        }
    }
}
