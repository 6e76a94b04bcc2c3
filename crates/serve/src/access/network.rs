//! Under which names the service is known, and whether a request comes from its own page.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use thiserror::Error;

/// Where the service is reached: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    host: String,
    port: Option<u16>,
}

/// A text that is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected https://HOST or http://HOST, with or without a port, and nothing after it")]
pub struct NotAPublicUrl;

impl FromStr for PublicUrl {
    type Err = NotAPublicUrl;

    fn from_str(text: &str) -> Result<Self, NotAPublicUrl> {
        let (https, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            _ => return Err(NotAPublicUrl),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = host_and_port(rest).ok_or(NotAPublicUrl)?;
        Ok(Self { https, host, port: port.filter(|port| *port != default_port(https)) })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl PublicUrl {
    /// Whether the way there is encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    fn is(&self, host: &str, port: Option<u16>) -> bool {
        self.host == host && self.port == port.filter(|port| *port != default_port(self.https))
    }
}

const fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

/// Host in small letters, and port, of an authority without user; `None` for everything else.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    if text.contains('@') {
        return None;
    }
    let authority: Authority = text.parse().ok()?;
    let host = authority.host().to_ascii_lowercase();
    let rest = &text[authority.host().len()..];
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        Some(port) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        _ => return None,
    };
    let good = |host: &str| {
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match inner {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')),
        }
    };
    good(&host).then_some((host, port))
}

fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok()
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(drop),
        _ => Err(()),
    }
}

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How the service is reached.
#[derive(Debug, Default)]
pub struct Network {
    /// Where readers reach it, if not at the address that it listens on.
    pub public_url: Option<PublicUrl>,
    /// The proxy before it, whose word is taken for where a request came from.
    pub trusted_proxy: Option<IpAddr>,
    /// Whether it speaks TLS itself.
    pub tls: bool,
    /// Whether it listens on more than loopback.
    beyond_loopback: AtomicBool,
}

impl Network {
    /// Reached so.
    pub fn new(public_url: Option<PublicUrl>, trusted_proxy: Option<IpAddr>, tls: bool) -> Self {
        Self { public_url, trusted_proxy, tls, beyond_loopback: AtomicBool::new(false) }
    }

    pub(crate) fn listens_on(&self, address: SocketAddr) {
        self.beyond_loopback.store(!address.ip().to_canonical().is_loopback(), Ordering::Relaxed);
    }

    /// Whether the way to the reader is encrypted.
    pub(crate) fn is_secure(&self) -> bool {
        self.tls || self.public_url.as_ref().is_some_and(PublicUrl::is_https)
    }

    /// Whether a request names this service. A page elsewhere whose name was pointed at this address (DNS rebinding) names another;
    /// it can take any name, but neither a local one nor an address.
    pub(crate) fn is_ours(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let Ok(Some(host)) = one(headers, &header::HOST) else { return false };
        // Where the target names a host as well, that one counts (RFC 9112, 3.2.2): both must be ours.
        uri.authority().is_none_or(|authority| self.is_our_host(authority.as_str())) && self.is_our_host(host)
    }

    fn is_our_host(&self, host: &str) -> bool {
        let Some((host, port)) = host_and_port(host) else { return false };
        if is_local(&host) {
            return true;
        }
        match &self.public_url {
            Some(url) => url.is(&host, port),
            None => self.beyond_loopback.load(Ordering::Relaxed) && is_address(&host),
        }
    }

    /// Whether a request that changes something comes from a page of this service, by what the browser says of it; what no browser
    /// vouches for does not. [`Network::is_ours`] must have been asked before.
    pub(crate) fn is_from_own_page(&self, headers: &HeaderMap) -> bool {
        let (Ok(site), Ok(origin)) = (one(headers, &FETCH_SITE), one(headers, &header::ORIGIN)) else { return false };
        let site_is_fine = site.is_none_or(|site| site == "same-origin");
        let origin_is_fine = origin.is_none_or(|origin| self.is_own_origin(origin, headers));
        site_is_fine && origin_is_fine && (site.is_some() || origin.is_some())
    }

    /// Whether a browser says that a page of somebody else sends it. What says nothing of the kind is no browser.
    pub(crate) fn is_from_elsewhere(&self, headers: &HeaderMap) -> bool {
        let from_a_browser = headers.contains_key(FETCH_SITE) || headers.contains_key(header::ORIGIN);
        from_a_browser && !self.is_from_own_page(headers)
    }

    /// Scheme, host and port under which a request reached the service. [`Network::is_ours`] must have been asked before.
    pub(crate) fn base(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.public_url {
            return url.to_string();
        }
        let host = one(headers, &header::HOST).ok().flatten().unwrap_or("localhost");
        format!("{}://{host}", if self.tls { "https" } else { "http" })
    }

    fn is_own_origin(&self, origin: &str, headers: &HeaderMap) -> bool {
        // A browser puts no path behind an origin.
        let Ok(origin) = PublicUrl::from_str(origin.strip_suffix('/').map_or(origin, |_| "")) else { return false };
        if self.public_url.as_ref() == Some(&origin) {
            return true;
        }
        let Ok(Some(host)) = one(headers, &header::HOST) else { return false };
        // Where there is a public address, a page of that name without its TLS is somebody else's.
        let named = |host: &str| self.public_url.is_none() || is_local(host);
        origin.https == self.tls
            && host_and_port(host).is_some_and(|(host, port)| named(&host) && origin.is(&host, port))
    }

    /// Where a request came from: the peer, or what the trusted proxy says. The last entry is the proxy's own.
    pub(crate) fn peer(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let canonical = peer.map(|peer| peer.to_canonical());
        if canonical.is_none() || canonical != self.trusted_proxy.map(|proxy| proxy.to_canonical()) {
            return canonical;
        }
        let told = headers.get_all(FORWARDED_FOR).iter().next_back().and_then(|value| value.to_str().ok());
        told.and_then(|told| told.rsplit(',').next()?.trim().parse().ok()).or(canonical)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn ours(network: &Network, hosts: &[&str]) -> bool {
        let hosts: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
        network.is_ours(&Uri::from_static("/"), &headers(&hosts))
    }

    #[test]
    fn only_local_names_are_answered() {
        let network = Network::default();
        for host in ["localhost", "LOCALHOST:8750", "127.0.0.1", "127.0.0.1:8750", "[::1]", "[::1]:8750"] {
            assert!(ours(&network, &[host]), "{host}");
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
            "localhost@evil.example",
            "[::1]evil.example",
            "[::1",
            "10.0.0.1",
            "0.0.0.0",
            "localhost/x",
            "localhost, evil.example",
        ] {
            assert!(!ours(&network, &[host]), "{host}");
        }
        assert!(!ours(&network, &[]));
        assert!(!ours(&network, &["localhost", "evil.example"]));
        let local = headers(&[("host", "localhost")]);
        assert!(!network.is_ours(&Uri::from_static("http://evil.example/"), &local), "the target counts");
        assert!(network.is_ours(&Uri::from_static("http://localhost:8750/"), &local));
    }

    #[test]
    fn beyond_loopback_only_addresses_or_the_public_name_are_answered() {
        let network = Network::default();
        network.listens_on("0.0.0.0:8750".parse().unwrap());
        for (host, expected) in [
            ("192.0.2.1:8750", true),
            ("[2001:db8::1]:8750", true),
            ("localhost", true),
            ("evil.example:8750", false),
            ("192.0.2.1.evil.example", false),
        ] {
            assert_eq!(ours(&network, &[host]), expected, "{host}");
        }
        let named = Network::new(Some("https://Watch.example".parse().unwrap()), None, false);
        named.listens_on("0.0.0.0:8750".parse().unwrap());
        for (host, expected) in [
            ("watch.example", true),
            ("WATCH.example:443", true),
            ("watch.example:8750", false),
            ("192.0.2.1", false),
            ("evil.example", false),
        ] {
            assert_eq!(ours(&named, &[host]), expected, "{host}");
        }
    }

    #[test]
    fn only_the_own_page_may_change_anything() {
        let network = Network::new(Some("https://watch.example".parse().unwrap()), None, false);
        let from = |all: &[(&'static str, &str)]| {
            let mut all = all.to_vec();
            all.push(("host", "watch.example"));
            network.is_from_own_page(&headers(&all))
        };
        assert!(from(&[("origin", "https://watch.example")]));
        assert!(from(&[("sec-fetch-site", "same-origin")]));
        assert!(from(&[("origin", "https://watch.example:443"), ("sec-fetch-site", "same-origin")]));
        let wrong: [&[(&'static str, &str)]; 11] = [
            &[],
            &[("origin", "null")],
            &[("origin", "http://watch.example")],
            &[("origin", "https://watch.example.evil.example")],
            &[("origin", "https://watch.example:8443")],
            &[("origin", "https://watch.example/")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://watch.example")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
            &[("origin", "https://watch.example"), ("origin", "https://evil.example")],
        ];
        for all in wrong {
            assert!(!from(all), "{all:?}");
        }
        let local = Network::default();
        let with = |origin: &str, host: &str| local.is_from_own_page(&headers(&[("origin", origin), ("host", host)]));
        assert!(with("http://localhost:8750", "localhost:8750"));
        assert!(!with("http://localhost:9000", "localhost:8750"), "another program of this machine");
        assert!(!with("https://localhost:8750", "localhost:8750"));
    }

    #[test]
    fn only_the_trusted_proxy_says_where_a_request_came_from() {
        let proxied = Network::new(None, Some("10.0.0.2".parse().unwrap()), false);
        let told = headers(&[("x-forwarded-for", "198.51.100.7, 203.0.113.9")]);
        let peer = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(proxied.peer(peer("10.0.0.2"), &told), peer("203.0.113.9"), "the last is the proxy's own word");
        assert_eq!(proxied.peer(peer("::ffff:10.0.0.2"), &told), peer("203.0.113.9"));
        assert_eq!(proxied.peer(peer("10.0.0.3"), &told), peer("10.0.0.3"));
        assert_eq!(proxied.peer(peer("10.0.0.2"), &headers(&[("x-forwarded-for", "x")])), peer("10.0.0.2"));
        assert_eq!(Network::default().peer(peer("10.0.0.2"), &told), peer("10.0.0.2"));
    }

    #[test]
    fn public_addresses_are_read_and_printed() {
        for (text, printed) in [
            ("https://watch.example", "https://watch.example"),
            ("HTTPS://Watch.Example:443/", "https://watch.example"),
            ("http://192.0.2.1:8750", "http://192.0.2.1:8750"),
            ("http://[2001:db8::1]:80", "http://[2001:db8::1]"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().to_string(), printed);
        }
        for text in
            ["", "watch.example", "ftp://a", "https://", "https://a/b", "https://u@a", "https://a:x", "https://a b"]
        {
            assert_eq!(text.parse::<PublicUrl>(), Err(NotAPublicUrl), "{text}");
        }
    }
}
