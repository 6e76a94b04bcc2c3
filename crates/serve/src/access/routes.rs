//! The one table of what each route asks for. A route that is not in it is for nobody, and a test compares it with the document.

use axum::http::Method;

use super::role::Need;

/// Method, template, and what it asks for. HEAD is GET.
pub(crate) const ROUTES: [(&str, &str, Need); 46] = [
    ("GET", "/healthz", Need::Open),
    ("GET", "/readyz", Need::Open),
    ("GET", "/signin", Need::Open),
    ("POST", "/signin", Need::Open),
    ("GET", "/signin.css", Need::Open),
    ("GET", "/signin/oidc", Need::Open),
    ("GET", "/signin/oidc/callback", Need::Open),
    ("POST", "/api/v1/ingest", Need::Own),
    ("GET", "/api/openapi.json", Need::AnyRole),
    // Whoever can read any output can check what was done (PRIVACY section 10).
    ("GET", "/api/v1/audit/checkpoint", Need::Log),
    ("GET", "/api/v1/audit/entries", Need::Log),
    ("GET", "/api/v1/audit/proof/consistency", Need::Log),
    ("GET", "/api/v1/audit/proof/inclusion", Need::Log),
    ("GET", "/api/v1/session", Need::AnyRole),
    ("DELETE", "/api/v1/session", Need::AnyRole),
    ("GET", "/metrics", Need::Read),
    ("GET", "/api/v1/amplifications", Need::Read),
    ("GET", "/api/v1/bursts", Need::Read),
    ("GET", "/api/v1/coverage", Need::Read),
    ("GET", "/api/v1/detections", Need::Read),
    ("GET", "/api/v1/feeds", Need::Read),
    ("POST", "/api/v1/feeds", Need::Edit),
    ("GET", "/api/v1/feeds/{feed}", Need::Read),
    ("DELETE", "/api/v1/feeds/{feed}", Need::Edit),
    ("POST", "/api/v1/feeds/{feed}/edits", Need::Edit),
    ("GET", "/api/v1/feeds/{feed}/marks", Need::Read),
    ("GET", "/api/v1/feeds/{feed}/preview", Need::Read),
    ("GET", "/api/v1/narratives", Need::Read),
    ("GET", "/api/v1/narratives/events", Need::Read),
    ("GET", "/api/v1/settings", Need::Read),
    ("GET", "/api/v1/sources", Need::Read),
    ("GET", "/api/v1/status", Need::Read),
    ("GET", "/api/v1/stream", Need::Read),
    ("POST", "/api/v1/trials", Need::Edit),
    ("GET", "/api/v1/volumes", Need::Read),
    ("GET", "/api/v1/volumes/top", Need::Read),
    ("GET", "/api/v1/watches", Need::Read),
    ("POST", "/api/v1/watches", Need::Edit),
    ("POST", "/api/v1/watch-check", Need::Edit),
    ("POST", "/api/v1/watch-trials", Need::Edit),
    ("GET", "/api/v1/watches/{watch}/clauses", Need::Read),
    ("GET", "/api/v1/watches/{watch}/tone", Need::Read),
    ("PUT", "/api/v1/watches/{watch}", Need::Edit),
    ("DELETE", "/api/v1/watches/{watch}", Need::Edit),
    ("GET", "/feeds/{feed}", Need::Read),
    ("GET", "/feeds/{feed}/stream", Need::Read),
];

/// What is no route: the page and its files, which hold no number, and what is not there.
pub(crate) const PAGE: &str = "(page)";

/// A route of a request: its template, and what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) template: &'static str,
    pub(crate) need: Need,
}

/// What a request asks for. `template`: where it was led to; `None`: to no route.
pub(crate) fn route(method: &Method, template: Option<&str>) -> Route {
    let Some(template) = template else { return Route { template: PAGE, need: Need::AnyRole } };
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let mut of_path = ROUTES.iter().filter(|(_, path, _)| *path == template).peekable();
    let Some((_, known, _)) = of_path.peek() else { return Route { template: "(other)", need: Need::Nobody } };
    // A method that does not work there is told so only to whoever is somebody.
    let need = of_path.find(|(word, ..)| *word == method.as_str()).map_or(Need::AnyRole, |(.., need)| *need);
    Route { template: known, need }
}

/// A method's word, from a closed list.
pub(crate) fn method_word(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"];
    known.into_iter().find(|word| *word == method.as_str()).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_table_is_for_nobody() {
        assert_eq!(route(&Method::GET, Some("/api/v1/people")).need, Need::Nobody);
        assert_eq!(route(&Method::GET, None).need, Need::AnyRole);
        assert_eq!(route(&Method::HEAD, Some("/metrics")).need, Need::Read);
        assert_eq!(route(&Method::POST, Some("/metrics")), Route { template: "/metrics", need: Need::AnyRole });
        assert_eq!(method_word(&Method::from_bytes(b"BREW").unwrap()), "OTHER");
    }
}
