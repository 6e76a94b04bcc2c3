//! What every request passes: the host it names, bounds, and on the way back the headers that keep a page to itself.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::ServerState;
use crate::problem::{Code, Problem};

/// The longest that an answer may take to begin.
pub const REQUEST_SECONDS_MAX: u64 = 10;

/// The largest body that a request may bring along, but to the push door. Nothing else here reads one.
pub const REQUEST_BODY_BYTES_MAX: u64 = 16_384;

const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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

const NOTICE: HeaderName = HeaderName::from_static("x-groundswell-notice");

/// Whether a request names this machine. A page elsewhere whose name was pointed at 127.0.0.1 (DNS rebinding) names another.
pub(crate) fn is_local_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    let name = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    let port = &host[name.len()..];
    let port_is_fine = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    port_is_fine && ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| name.eq_ignore_ascii_case(local))
}

async fn answer(state: &ServerState, request: Request, next: Next) -> Response {
    if !is_local_host(request.headers()) {
        return Problem::new(Code::HostNotAllowed)
            .detail("use http://localhost or http://127.0.0.1 with the port; from elsewhere, an SSH tunnel")
            .into_response();
    }
    let pushes = request.uri().path() == crate::api::ingest::PATH;
    let length_max = if pushes { crate::ingest::PUSH_BODY_BYTES_MAX as u64 } else { REQUEST_BODY_BYTES_MAX };
    let length: Option<u64> =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.unwrap_or(0) > length_max {
        return Problem::new(Code::TooLarge).into_response();
    }
    if pushes {
        // It has bounds of its own, and must not take the places of readers.
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
    let route = crate::audit::route_of(&request);
    let mut response = answer(&state, request, next).await;
    state.note_denied(&route, response.status());
    let notice = state.notice();
    if let Some(problem) = response.extensions().get::<Problem>() {
        let allow = response.headers().get(header::ALLOW).cloned();
        response = problem.render(notice);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(notice) = notice {
        headers.insert(NOTICE, HeaderValue::from_static(notice));
    }
    state.http().count(response.status().as_u16());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_names_are_answered() {
        let with = |hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
            }
            is_local_host(&headers)
        };
        for host in ["localhost", "LOCALHOST:8750", "127.0.0.1", "127.0.0.1:8750", "[::1]", "[::1]:8750"] {
            assert!(with(&[host]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8750",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "[::2]:8750",
            "localhost:",
            "localhost:80@evil.example",
            "[::1]evil.example",
            "[::1",
            "10.0.0.1",
            "0.0.0.0",
        ] {
            assert!(!with(&[host]), "{host}");
        }
        assert!(!with(&[]));
        assert!(!with(&["localhost", "evil.example"]));
    }
}
