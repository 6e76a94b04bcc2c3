//! The way in for people: a plain page with a form, which needs no script, and what takes the form.

use std::net::IpAddr;

use axum::body::{Body, to_bytes};
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Duration;
use zeroize::Zeroizing;

use super::Access;
use super::session::{self, cookie};
use super::speech::{Said, Words, words};
use crate::ServerState;
use crate::problem::{Code, Problem};

/// The largest form.
pub const SIGN_IN_BYTES_MAX: usize = 4_096;

/// How long a form may take to come.
const SIGN_IN_SECONDS_MAX: u64 = 5;

/// Where the form is.
pub(crate) const PATH: &str = "/signin";

/// Who is at the other end of the connection; absent where there is no connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Marks an answer that holds a form, whose policy must let the form be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormPage;

const STYLE: &str = include_str!("signin.css");
const PAGE: &str = include_str!("signin.html");
const GOING_ON: &str = "<!doctype html>\n<html lang=\"{lang}\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url={onward}\">\
    <title>Groundswell</title><link rel=\"stylesheet\" href=\"/signin.css\"><main><p>{signed_in} <a href=\"{onward}\">{go_on}</a></p></main></html>\n";

/// The longest address that is gone on to after signing in.
const ONWARD_BYTES_MAX: usize = 1_024;

/// Where somebody wanted to go who had to sign in first: an address of the page, on this host. Nothing else comes of any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Onward(String);

impl Default for Onward {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl Onward {
    /// From an address as it was asked for, or as it came back in a form; what is no page of this host becomes the first page.
    pub(crate) fn of(text: &str) -> Self {
        // `//host` and `/\host` would be other hosts; quotes, signs of HTML and what ends a header have no place in an address.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/?=&%:@+,!*()".contains(&byte);
        let is_page = text.len() <= ONWARD_BYTES_MAX
            && text.starts_with('/')
            && !text.starts_with("//")
            && text.bytes().all(plain)
            && !["/api/", "/signin", "/assets/"].iter().any(|other| text.starts_with(other));
        if is_page { Self(text.to_owned()) } else { Self::default() }
    }

    /// As it is asked for.
    pub(crate) fn of_query(query: Option<&str>) -> Self {
        form_urlencoded::parse(query.unwrap_or("").as_bytes())
            .find(|(name, _)| name == "onward")
            .map_or_else(Self::default, |(_, value)| Self::of(&value))
    }

    fn in_html(&self) -> String {
        self.0.replace('&', "&amp;")
    }

    fn in_query(&self) -> String {
        form_urlencoded::byte_serialize(self.0.as_bytes()).collect()
    }

    fn location(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("/"))
    }
}

/// The page, with what went wrong the last time, and where it leads on to.
pub(crate) fn page(status: StatusCode, said: Said, oidc: bool, onward: &Onward, words: &Words) -> Response {
    let said = words.said(said).map_or_else(String::new, |said| format!("<p role=\"alert\">{said}</p>"));
    let elsewhere = if oidc {
        let to = onward.in_query();
        format!("<p><a class=\"elsewhere\" href=\"/signin/oidc?onward={to}\">{}</a></p>", words.elsewhere)
    } else {
        String::new()
    };
    let text = PAGE
        .replace("<!-- said -->", &said)
        .replace("<!-- elsewhere -->", &elsewhere)
        .replace("{sign_in}", words.sign_in)
        .replace("{account}", words.account)
        .replace("{password}", words.password)
        .replace("{already}", words.already);
    let mut response = html(&text, onward, words);
    *response.status_mut() = status;
    response.extensions_mut().insert(FormPage);
    response
}

/// A page that leads on by itself, for who comes from another site and has just signed in.
pub(crate) fn going_on(onward: &Onward, words: &Words) -> Response {
    html(&GOING_ON.replace("{signed_in}", words.signed_in), onward, words)
}

/// What is left to be filled in comes last, so that nothing in an address is taken for a place to fill.
fn html(text: &str, onward: &Onward, words: &Words) -> Response {
    let text = text.replace("{lang}", words.lang).replace("{go_on}", words.go_on);
    let mut response = Response::new(Body::from(text.replace("{onward}", &onward.in_html())));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(words.lang));
    headers.append(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

/// Whether the reader is a browser that shows a page.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// `GET /signin`.
pub(crate) async fn form(State(state): State<ServerState>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    if !state.access().is_guarded() {
        return Problem::new(Code::NotFound)
            .detail("there is nobody to be: no authentication is configured")
            .into_response();
    }
    let oidc = state.access().oidc().is_some();
    page(StatusCode::OK, Said::Nothing, oidc, &Onward::of_query(query.as_deref()), words(&headers))
}

/// `GET /signin.css`.
pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

/// Refuses, as a page where a browser asks.
fn refuse(
    access: &Access,
    headers: &HeaderMap,
    problem: Problem,
    said: Said,
    wait: Option<Duration>,
    onward: &Onward,
) -> Response {
    if !wants_page(headers) {
        return problem.into_response();
    }
    let mut response = page(problem.code.entry().1, said, access.oidc().is_some(), onward, words(headers));
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait)));
    }
    response
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(1)
}

/// `POST /signin`. An unknown name and a wrong password are answered alike, after the same work.
pub(crate) async fn sign_in(State(state): State<ServerState>, request: Request) -> Response {
    let access = state.access().clone();
    let Some(guarded) = &access.inner.guarded else {
        return Problem::new(Code::NotFound).into_response();
    };
    let headers = request.headers().clone();
    let network = access.network();
    if !network.is_from_own_page(&headers) {
        return Problem::new(Code::CrossSite).detail("sign in on the page of this service itself").into_response();
    }
    let peer = network.peer(request.extensions().get::<Peer>().map(|peer| peer.0), &headers);
    let form = match read(request).await {
        Ok(form) => form,
        Err(problem) => return problem.into_response(),
    };
    let wrong = || Problem::new(Code::SignInFailed);
    let onward = onward(&form);
    let Some((name, secret)) = fields(&form) else {
        return refuse(&access, &headers, wrong(), Said::Needed, None, &onward);
    };
    let account_key = match guarded.attempt(&name, peer) {
        Ok(key) => key,
        Err(wait) => {
            let problem = Problem::new(Code::TooManySignIns).detail("wait, and try again").retry_after(seconds(wait));
            return refuse(&access, &headers, problem, Said::TooMany, Some(wait), &onward);
        }
    };
    let Ok(_place) = guarded.checks.acquire().await else {
        return Problem::new(Code::Busy).into_response();
    };
    // On a thread of its own: it takes a core for a while, and others must be answered meanwhile.
    let compared = {
        let (access, name) = (access.clone(), name.clone());
        tokio::task::spawn_blocking(move || {
            access.inner.guarded.as_ref().and_then(|guarded| guarded.compare(&name, &secret))
        })
        .await
    };
    let Ok(Some(account)) = compared else {
        let known = guarded.register().account(&name).map(|account| account.name.clone());
        access.acts().sign_in_failed(known);
        return refuse(&access, &headers, wrong(), Said::Wrong, None, &onward);
    };
    guarded.by_account.forgive(account_key);
    guarded.by_peer.forgive_one(guarded.keys.peer(peer));
    // Whatever session the browser came with has ended, and its secret is never used again.
    if let Some(before) = session::presented(&headers, network.is_secure()) {
        guarded.sessions.end(before);
    }
    let Some(secret) = guarded.sessions.begin(account.name.clone(), account.role, Some(account.stamp())) else {
        return Problem::new(Code::Busy).into_response();
    };
    access.acts().signed_in(account.name.clone(), account.role);
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, onward.location());
    response.headers_mut().insert(header::SET_COOKIE, cookie(Some(&secret), network.is_secure()));
    response
}

async fn read(request: Request) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::new(Code::BadEncoding).detail("expected a form").field("Content-Type"));
    }
    let reading = to_bytes(request.into_body(), SIGN_IN_BYTES_MAX);
    match tokio::time::timeout(Duration::from_secs(SIGN_IN_SECONDS_MAX), reading).await {
        Ok(Ok(body)) => Ok(Zeroizing::new(body.to_vec())),
        Ok(Err(_)) => Err(Problem::new(Code::TooLarge).detail(format!("a form has at most {SIGN_IN_BYTES_MAX} bytes"))),
        Err(_) => Err(Problem::new(Code::BadBody).detail(format!("the form took longer than {SIGN_IN_SECONDS_MAX} s"))),
    }
}

/// Where the form says that its sender wanted to go.
fn onward(form: &[u8]) -> Onward {
    form_urlencoded::parse(form)
        .find(|(field, _)| field == "onward")
        .map_or_else(Onward::default, |(_, value)| Onward::of(&value))
}

/// Account and password, each once.
fn fields(form: &[u8]) -> Option<(String, Zeroizing<String>)> {
    let (mut name, mut secret) = (None, None);
    for (field, value) in form_urlencoded::parse(form) {
        let value = value.into_owned();
        let before = match &*field {
            "account" => name.replace(value).is_some(),
            "password" => secret.replace(Zeroizing::new(value)).is_some(),
            _ => false,
        };
        if before {
            return None;
        }
    }
    Some((name?.trim().to_owned(), secret?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_account_and_password_once() {
        let read = |form: &str| fields(form.as_bytes()).map(|(name, secret)| (name, secret.to_string()));
        assert_eq!(read("account=ada&password=a%26b+c&x=y"), Some(("ada".to_owned(), "a&b c".to_owned())));
        for form in
            ["", "account=ada", "password=x", "account=a&account=b&password=x", "account=a&password=x&password=y"]
        {
            assert_eq!(read(form), None, "{form}");
        }
    }

    #[test]
    fn onward_leads_to_pages_of_this_host_alone() {
        for page in ["/", "/feed/portuguese", "/detections/burst-b7?from=2026-01-01&to=2026-01-02", "/watches/a%20b"] {
            assert_eq!(Onward::of(page).0, page);
            assert_eq!(Onward::of_query(Some(&format!("onward={}", Onward::of(page).in_query()))).0, page);
        }
        let long = format!("/{}", "x".repeat(ONWARD_BYTES_MAX));
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "evil",
            "/\"onload=x",
            "/<b>",
            "/a b",
            "/a\r\nset-cookie: x",
            "/api/v1/status",
            "/signin",
            "/signin/oidc",
            &long,
        ] {
            assert_eq!(Onward::of(other), Onward::default(), "{other}");
        }
        let said = page(StatusCode::OK, Said::Nothing, true, &Onward::of("/a?b=c&d=e"), words(&HeaderMap::new()));
        assert_eq!(said.status(), StatusCode::OK);
        assert_eq!(onward(b"account=a&onward=%2Ffeed%2Fx"), Onward::of("/feed/x"));
        assert_eq!(onward(b"account=a"), Onward::default());
    }

    #[test]
    fn the_page_needs_no_script_and_no_other_host() {
        assert!(!PAGE.contains("<script") && !PAGE.contains("http") && !PAGE.contains("style="));
        assert!(PAGE.contains("<!-- said -->") && PAGE.contains("method=\"post\" action=\"/signin\""));
        assert!(!STYLE.contains("url("));
    }
}
