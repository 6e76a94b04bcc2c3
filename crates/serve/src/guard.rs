//! What every request passes: the host it names, bounds, who sends it and whether they may, and on the way back the headers that keep a
//! page to itself.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::ServerState;
use crate::access::signin::{self, FormPage, Peer};
use crate::access::speech::{Said, words};
use crate::access::{Caller, Need, Route, Via, method_word, route};
use crate::problem::{Code, Problem};

/// The longest that an answer may take to begin.
pub const REQUEST_SECONDS_MAX: u64 = 10;

/// The largest body that a request may bring along, but to the push door. Nothing else here reads more.
pub const REQUEST_BODY_BYTES_MAX: u64 = 16_384;

const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page with a form has nothing but the form.
const FORM_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Sent with every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// For a year, as browsers ask for before they believe it.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

const NOTICE: HeaderName = HeaderName::from_static("x-groundswell-notice");

/// What a page of this service sends with everything that changes something; no form and no other site can.
pub(crate) const CSRF: HeaderName = HeaderName::from_static("x-groundswell-csrf");

/// Whether a request that uses a session and changes something comes from our own page.
fn changes_by_itself(state: &ServerState, caller: &Caller, request: &Request) -> Result<(), Problem> {
    let Via::Session(session) = &caller.via else { return Ok(()) };
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let headers = request.headers();
    let mut sent = headers.get_all(CSRF).iter();
    let token_is_right = match (sent.next(), sent.next()) {
        // Hashes are compared in constant time.
        (Some(token), None) => blake3::hash(token.as_bytes()) == blake3::hash(session.csrf.as_bytes()),
        _ => false,
    };
    if token_is_right && state.access().network().is_from_own_page(headers) {
        Ok(())
    } else {
        Err(Problem::new(Code::CrossSite)
            .detail("send X-Groundswell-CSRF as /api/v1/session gives it, from a page of this service"))
    }
}

/// Who sends it, and whether they may.
fn admit(state: &ServerState, route: Route, request: &Request) -> Result<Option<Caller>, Problem> {
    let access = state.access();
    if !access.is_guarded() && matches!(route.need, Need::Edit | Need::Administer) {
        // Nobody is asked who they are, but no page of somebody else acts for whoever sits at this machine.
        if access.network().is_from_elsewhere(request.headers()) {
            return Err(Problem::new(Code::CrossSite).detail("this is changed by its own page, or by a program"));
        }
    }
    if !access.is_guarded() || route.need == Need::Own {
        return Ok(None);
    }
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let peer = access.network().peer(peer, request.headers());
    if route.need == Need::Open {
        access.take(None, peer)?;
        return Ok(None);
    }
    let caller = match access.caller(request.headers()) {
        Ok(caller) => caller,
        Err(problem) => {
            // Who is nobody is slowed down before being told so.
            access.take(None, peer)?;
            return Err(problem);
        }
    };
    access.take(caller.as_ref(), peer)?;
    if let Some(caller) = &caller {
        if !caller.role.may(route.need) {
            return Err(Problem::new(Code::Forbidden).detail(format!("this needs {}", route.need.as_str())));
        }
        changes_by_itself(state, caller, request)?;
    }
    Ok(caller)
}

async fn answer(
    state: &ServerState,
    route: Route,
    who: &mut Option<Caller>,
    mut request: Request,
    next: Next,
) -> Response {
    if !state.access().network().is_ours(request.uri(), request.headers()) {
        return Problem::new(Code::HostNotAllowed)
            .detail("use http://localhost or http://127.0.0.1 with the port; another name is set as server.public_url")
            .into_response();
    }
    let pushes = route.template == crate::api::ingest::PATH;
    let length_max = if pushes { crate::ingest::PUSH_BODY_BYTES_MAX as u64 } else { REQUEST_BODY_BYTES_MAX };
    let length: Option<u64> =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.unwrap_or(0) > length_max {
        return Problem::new(Code::TooLarge).into_response();
    }
    match admit(state, route, &request) {
        Ok(None) => {}
        Ok(Some(caller)) => {
            *who = Some(caller.clone());
            request.extensions_mut().insert(caller);
        }
        Err(problem) => {
            let reads = matches!(*request.method(), Method::GET | Method::HEAD);
            let is_page = route.need == Need::AnyRole && route.template == crate::access::PAGE;
            if problem.code == Code::SignInNeeded && reads && is_page && signin::wants_page(request.headers()) {
                let onward = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
                let onward = signin::Onward::of(onward);
                let oidc = state.access().oidc().is_some();
                let words = words(request.headers());
                return signin::page(StatusCode::UNAUTHORIZED, Said::Nothing, oidc, &onward, words);
            }
            if problem.code == Code::Forbidden {
                *who = state.access().caller(request.headers()).ok().flatten();
            }
            return problem.into_response();
        }
    }
    if pushes || route.template == signin::PATH {
        // They have bounds of their own, and must not take the places of readers while a body comes.
        return next.run(request).await;
    }
    let Ok(_permit) = state.requests().try_acquire() else {
        return Problem::new(Code::Busy).detail("try again in a moment").into_response();
    };
    match tokio::time::timeout(Duration::from_secs(REQUEST_SECONDS_MAX), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(Code::TimedOut)
            .detail(format!("it was given up after {REQUEST_SECONDS_MAX} seconds; ask for less"))
            .into_response(),
    }
}

/// The outermost layer.
pub(crate) async fn guard(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    let template = request.extensions().get::<MatchedPath>().cloned();
    let route = route(request.method(), template.as_ref().map(MatchedPath::as_str));
    let method = method_word(request.method());
    // A body whose length nobody said ends the connection: what comes after it cannot be taken for another request.
    let ends = request.headers().contains_key(header::TRANSFER_ENCODING) && request.version() == Version::HTTP_11;
    let mut who = None;
    let mut response = answer(&state, route, &mut who, request, next).await;
    let status = response.status();
    if matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::MISDIRECTED_REQUEST
    ) {
        state.access().acts().denied(who.map(|caller| caller.name), method, route.template, status.as_u16());
    }
    let notice = state.notice();
    if let Some(problem) = response.extensions().get::<Problem>() {
        let allow = response.headers().get(header::ALLOW).cloned();
        response = problem.render(notice);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    let has_form = response.extensions().get::<FormPage>().is_some();
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if has_form {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FORM_POLICY));
        // With `no-referrer` a browser would say of its own form that it comes from nowhere.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
    if state.access().network().is_secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT_SECURITY));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if state.access().is_guarded() {
        // Files of the page may be kept, but by nobody between.
        let shared = headers.get(header::CACHE_CONTROL).is_some_and(|cache| cache.as_bytes().starts_with(b"public"));
        if shared {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
        }
    }
    if ends {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(notice) = notice {
        headers.insert(NOTICE, HeaderValue::from_static(notice));
    }
    // What is pushed is counted as records: a push may be one post, and no answer says to the second that it came.
    if route.template != crate::api::ingest::PATH || !response.status().is_success() {
        state.http().count(response.status().as_u16());
    }
    response
}
