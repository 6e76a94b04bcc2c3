//! The way in for people: a plain page with a form, which needs no script, and what takes the form.

use std::net::IpAddr;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Duration;
use zeroize::Zeroizing;

use super::Access;
use super::session::{self, cookie};
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
const ELSEWHERE: &str =
    "<p><a class=\"elsewhere\" href=\"/signin/oidc\">Sign in with your organisation's account</a></p>";
const GOING_ON: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url=/\">\
    <title>Groundswell</title><link rel=\"stylesheet\" href=\"/signin.css\"><main><p>Signed in. <a href=\"/\">Go on.</a></p></main></html>\n";

/// The page, with what went wrong the last time.
pub(crate) fn page(status: StatusCode, said: &'static str, oidc: bool) -> Response {
    let said = if said.is_empty() { String::new() } else { format!("<p role=\"alert\">{said}</p>") };
    let elsewhere = if oidc { ELSEWHERE } else { "" };
    let text = PAGE.replace("<!-- said -->", &said).replace("<!-- elsewhere -->", elsewhere);
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.extensions_mut().insert(FormPage);
    response
}

/// A page that leads on by itself, for who comes from another site and has just signed in.
pub(crate) fn going_on() -> Response {
    let mut response = Response::new(Body::from(GOING_ON));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
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
pub(crate) async fn form(State(state): State<ServerState>) -> Response {
    if !state.access().is_guarded() {
        return Problem::new(Code::NotFound)
            .detail("there is nobody to be: no authentication is configured")
            .into_response();
    }
    page(StatusCode::OK, "", state.access().oidc().is_some())
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
    said: &'static str,
    wait: Option<Duration>,
) -> Response {
    if !wants_page(headers) {
        return problem.into_response();
    }
    let mut response = page(problem.code.entry().1, said, access.oidc().is_some());
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
    let Some((name, secret)) = fields(&form) else {
        return refuse(&access, &headers, wrong(), "Account and password are needed.", None);
    };
    let account_key = match guarded.attempt(&name, peer) {
        Ok(key) => key,
        Err(wait) => {
            let problem = Problem::new(Code::TooManySignIns).detail("wait, and try again").retry_after(seconds(wait));
            return refuse(&access, &headers, problem, "Too many attempts. Wait a while, and try again.", Some(wait));
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
        return refuse(&access, &headers, wrong(), "Account or password is wrong.", None);
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
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
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
    fn the_page_needs_no_script_and_no_other_host() {
        assert!(!PAGE.contains("<script") && !PAGE.contains("http") && !PAGE.contains("style="));
        assert!(PAGE.contains("<!-- said -->") && PAGE.contains("method=\"post\" action=\"/signin\""));
        assert!(!STYLE.contains("url("));
    }
}
