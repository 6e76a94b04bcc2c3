//! The dashboard, from inside the binary.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::access::ROUTES;
use crate::problem::{Code, Problem};

struct Embedded {
    path: &'static str,
    bytes: &'static [u8],
    /// The same, packed; none where that is not smaller.
    gzip: Option<&'static [u8]>,
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

/// Whether a reader takes what is packed with gzip (RFC 9110, section 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let mut any = None;
    for word in headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|words| words.to_str().ok())
        .flat_map(|words| words.split(','))
    {
        let (name, weight) = word.split_once(';').unwrap_or((word, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        let wanted = weight.is_ok_and(|weight| weight > 0.0);
        match name.trim() {
            name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => return wanted,
            "*" => any = Some(wanted),
            _ => {}
        }
    }
    any.unwrap_or(false)
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
    let packed = file.gzip.filter(|_| takes_gzip(request.headers()));
    // Another tag: the bytes differ.
    let etag =
        if packed.is_some() { format!("{}-gzip\"", file.etag.trim_end_matches('"')) } else { file.etag.to_owned() };
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().any(|tags| {
        tags.to_str().is_ok_and(|tags| {
            tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*")
        })
    });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(packed.unwrap_or(file.bytes)));
        if packed.is_some() {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::ETAG, HeaderValue::from_str(&etag).expect("hexadecimal digits in quotes"));
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

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::body::to_bytes;

    use super::*;

    fn accepts(words: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for word in words {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_str(word).unwrap());
        }
        takes_gzip(&headers)
    }

    #[test]
    fn who_takes_gzip_says_so() {
        for yes in [
            &["gzip"][..],
            &["gzip, deflate, br"],
            &["br;q=1.0, GZIP;q=0.5"],
            &["*"],
            &["identity", "x-gzip"],
            &["*;q=0, gzip"],
        ] {
            assert!(accepts(yes), "{yes:?}");
        }
        for no in [
            &[][..],
            &["br"],
            &["gzip;q=0"],
            &["gzip;q=0.000, *"],
            &["*;q=0"],
            &["identity"],
            &["gzip;q=x"],
            &["agzip"],
        ] {
            assert!(!accepts(no), "{no:?}");
        }
    }

    /// Packed or not, a reader has the same bytes, under tags of their own, and is told that the two differ.
    #[tokio::test]
    async fn every_file_is_the_same_packed() {
        for file in FILES {
            let ask = |encoding: &str, tag: &str| {
                let request = Request::get(format!("/{}", file.path));
                page(
                    request
                        .header("accept-encoding", encoding)
                        .header("if-none-match", tag)
                        .body(Body::empty())
                        .unwrap(),
                )
            };
            let (plain, packed) = (ask("identity", "none").await, ask("gzip, br", "none").await);
            assert_eq!(plain.headers()["vary"], "accept-encoding");
            assert!(!plain.headers().contains_key("content-encoding"));
            assert_eq!(packed.headers().contains_key("content-encoding"), file.gzip.is_some(), "{}", file.path);
            let tags = [&plain, &packed].map(|answer| answer.headers()["etag"].to_str().unwrap().to_owned());
            assert_eq!(tags[0] == tags[1], file.gzip.is_none());
            assert_eq!(ask("gzip", &tags[1]).await.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(ask("identity", &tags[1]).await.status() == StatusCode::NOT_MODIFIED, file.gzip.is_none());
            let bytes = to_bytes(packed.into_body(), usize::MAX).await.unwrap();
            let mut unpacked = Vec::new();
            if file.gzip.is_some() {
                flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap();
            } else {
                unpacked = bytes.to_vec();
            }
            assert_eq!(unpacked, file.bytes, "{}", file.path);
        }
    }
}
