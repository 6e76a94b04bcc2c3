//! The dashboard, from inside the binary.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::access::ROUTES;
use crate::problem::{Code, Problem};

struct Embedded {
    path: &'static str,
    bytes: &'static [u8],
    content_type: &'static str,
    etag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Names of files below `assets/` hold a hash of what is in them, so they can be kept for good.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

fn find(path: &str) -> Option<&'static Embedded> {
    FILES.iter().find(|file| file.path == path)
}

/// Whether the dashboard is in this binary, or only a page that says how to build it.
pub fn has_dashboard() -> bool {
    FILES.len() > 1
}

/// What no other route takes: files of the page, and the page itself for its own addresses.
pub(crate) async fn page(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return method_not_allowed(request).await;
    }
    let path = request.uri().path().trim_start_matches('/');
    let file = if path.is_empty() { find("index.html") } else { find(path) };
    let is_api = path == "api" || path.starts_with("api/");
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let Some(file) = file.or_else(|| if is_api || is_file { None } else { find("index.html") }) else {
        let problem = Problem::new(Code::NotFound);
        return if is_api { problem.detail("/api/openapi.json lists what there is") } else { problem }.into_response();
    };
    let cache = if file.path.starts_with("assets/") { FOR_GOOD } else { ASK_AGAIN };
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().any(|tags| {
        tags.to_str().is_ok_and(|tags| {
            tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == file.etag || tag.trim() == "*")
        })
    });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(file.bytes));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::ETAG, HeaderValue::from_static(file.etag));
    response
}

pub(crate) async fn method_not_allowed(request: Request) -> Response {
    let path = request.uri().path();
    let words: Vec<&str> = ROUTES.iter().filter(|(_, known, _)| *known == path).map(|(word, ..)| *word).collect();
    // What is no route is the page.
    let words = if words.is_empty() { "GET".to_owned() } else { words.join(", ") };
    let allow = HeaderValue::from_str(&words.replace("GET", "GET, HEAD")).expect("words of methods");
    let mut response = Problem::new(Code::MethodNotAllowed).into_response();
    response.headers_mut().insert(header::ALLOW, allow);
    response
}
