//! One request: what is asked, how much of an answer is taken, and what it means.
//!
//! Sources: RFC 9110 (HTTP semantics, conditional requests, `Retry-After`), RFC 9111 (caching), RFC 6585 (429).

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode};
use tokio::sync::Semaphore;
use url::Url;

use super::config::FeedsConfig;
use super::date;
use super::document::{self, Document};
use super::guard::Guard;
use crate::clock::Clock;

/// The longest document that is read, in bytes, before and after decompression; a longer one is a failure of its feed.
pub const DOCUMENT_BYTES_MAX: usize = 8 << 20;

/// A document longer than this has to wait for one of [`LARGE_MAX`] places, so that many large ones do not come at once.
const LARGE_BYTES: usize = 1 << 20;

/// How many documents over [`LARGE_BYTES`] are in memory at once.
const LARGE_MAX: usize = 4;

/// The longest validator (`ETag`, `Last-Modified`) that is remembered, in bytes.
const VALIDATOR_BYTES_MAX: usize = 256;

/// What is decompressed at a time.
const CHUNK: usize = 64 << 10;

const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, \
                      text/xml;q=0.9, application/json;q=0.8, */*;q=0.5";

/// What a server gives to recognise a document by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<String>,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A feed.
    Read { document: Document, validators: Validators, fresh_for: Option<Duration> },
    /// The feed is as it was.
    Unchanged { fresh_for: Option<Duration> },
    /// It is somewhere else.
    Moved { to: Url, permanent: bool },
    /// It is gone for good.
    Gone,
    /// No feed could be read.
    Failed(Failure),
}

/// What went wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// In words, without anything that the document says.
    pub(crate) error: String,
    /// How long the server wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// It says so of all requests of ours, and not of this feed.
    pub(crate) limited: bool,
}

impl From<String> for Failure {
    fn from(error: String) -> Self {
        Self { error, retry_after: None, limited: false }
    }
}

/// Makes requests.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    client: Client,
    guard: Guard,
    large: Arc<Semaphore>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl Fetcher {
    pub(crate) fn new(config: &FeedsConfig, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let guard = Guard { private_addresses: config.private_addresses };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let user_agent = HeaderValue::from_str(&config.user_agent())
            .map_err(|_| "feeds.contact: expected printable ASCII".to_owned())?;
        let client = Client::builder()
            .user_agent(user_agent)
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(guard))
            // Redirections are requests of their own: they are counted, checked, and wait for their host's turn.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // A proxy would look names up by itself, behind the guard's back.
            .no_proxy()
            // Minutes pass between two requests to a host: an open connection would only cost both sides a socket.
            .pool_max_idle_per_host(0)
            .connect_timeout(config.connect_timeout)
            .read_timeout(config.read_timeout)
            .build()
            .map_err(|error| root_cause(&error))?;
        Ok(Self { client, guard, large: Arc::new(Semaphore::new(LARGE_MAX)), timeout: config.request_timeout, clock })
    }

    /// Fetches and reads one document.
    pub(crate) async fn fetch(&self, url: Url, known: Validators) -> Outcome {
        if let Err(error) = self.guard.check(&url) {
            return Outcome::Failed(error.to_string().into());
        }
        match tokio::time::timeout(self.timeout, self.request(url, known)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Outcome::Failed(error.into()),
            Err(_) => Outcome::Failed("the answer took too long".to_owned().into()),
        }
    }

    async fn request(&self, url: Url, known: Validators) -> Result<Outcome, String> {
        let mut request = self
            .client
            .get(url.clone())
            .header(header::ACCEPT, ACCEPT)
            .header(header::ACCEPT_ENCODING, "gzip, deflate");
        let conditional = known.etag.is_some() || known.modified.is_some();
        if let Some(etag) = known.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(modified) = known.modified {
            request = request.header(header::IF_MODIFIED_SINCE, modified);
        }
        let response = request.send().await.map_err(told)?;
        let status = response.status();
        let headers = response.headers();
        match status {
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {}
            StatusCode::NOT_MODIFIED if conditional => {
                return Ok(Outcome::Unchanged { fresh_for: self.fresh_for(headers) });
            }
            StatusCode::GONE => return Ok(Outcome::Gone),
            StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT => return moved(&url, headers, true),
            StatusCode::FOUND | StatusCode::SEE_OTHER | StatusCode::TEMPORARY_REDIRECT => {
                return moved(&url, headers, false);
            }
            _ => {
                return Ok(Outcome::Failed(Failure {
                    error: format!("the server answers {}", status.as_u16()),
                    retry_after: text(headers, &header::RETRY_AFTER).and_then(|after| self.until(after)),
                    limited: status == StatusCode::TOO_MANY_REQUESTS,
                }));
            }
        }
        let validators = Validators {
            etag: validator(headers, &header::ETAG),
            modified: validator(headers, &header::LAST_MODIFIED),
        };
        let fresh_for = self.fresh_for(headers);
        let content_type = text(headers, &header::CONTENT_TYPE).map(str::to_owned);
        let encoding = text(headers, &header::CONTENT_ENCODING).unwrap_or_default().trim().to_ascii_lowercase();
        let mut place = Place { large: &self.large, taken: None };
        let body = take(response, &mut place).await?;
        let body = decompress(body, &encoding, &mut place).await?;
        match document::parse(&body, content_type.as_deref(), &url) {
            Ok(document) => Ok(Outcome::Read { document, validators, fresh_for }),
            Err(error) => Err(error.to_string()),
        }
    }

    /// For how long the answer says that it stays as it is.
    fn fresh_for(&self, headers: &HeaderMap) -> Option<Duration> {
        if let Some(control) = text(headers, &header::CACHE_CONTROL) {
            let age = control.split(',').find_map(|part| part.trim().strip_prefix("max-age="));
            if let Some(seconds) = age.and_then(|age| age.trim_matches('"').parse().ok()) {
                return Some(Duration::from_secs(seconds));
            }
        }
        text(headers, &header::EXPIRES).and_then(|expires| self.until(expires))
    }

    /// Seconds, or the time until a date.
    fn until(&self, value: &str) -> Option<Duration> {
        if let Ok(seconds) = value.trim().parse() {
            return Some(Duration::from_secs(seconds));
        }
        let seconds = date::parse(value)?.unix() - self.clock.now().unix();
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }
}

/// A place among the large documents, taken when it is needed and held until the document is read.
struct Place<'s> {
    large: &'s Semaphore,
    taken: Option<tokio::sync::SemaphorePermit<'s>>,
}

impl Place<'_> {
    async fn need(&mut self, bytes: usize) -> Result<(), String> {
        if bytes > DOCUMENT_BYTES_MAX {
            return Err(format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes"));
        }
        if bytes > LARGE_BYTES && self.taken.is_none() {
            self.taken = self.large.acquire().await.ok();
        }
        Ok(())
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn validator(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    text(headers, name).filter(|value| !value.is_empty() && value.len() <= VALIDATOR_BYTES_MAX).map(str::to_owned)
}

fn moved(url: &Url, headers: &HeaderMap, permanent: bool) -> Result<Outcome, String> {
    let to = text(headers, &header::LOCATION).and_then(|location| url.join(location).ok());
    match to.filter(|to| matches!(to.scheme(), "http" | "https") && to.has_host()) {
        // Anybody on the way can answer over plain HTTP: that is followed once and never remembered.
        Some(to) => {
            Ok(Outcome::Moved { permanent: permanent && !(url.scheme() == "https" && to.scheme() == "http"), to })
        }
        None => Err("the server redirects to nowhere".to_owned()),
    }
}

/// Takes the answer as it comes over the wire.
async fn take(mut response: reqwest::Response, place: &mut Place<'_>) -> Result<Vec<u8>, String> {
    let announced = response.content_length().unwrap_or(0);
    place.need(usize::try_from(announced).unwrap_or(usize::MAX)).await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(told)? {
        place.need(body.len() + chunk.len()).await?;
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn decompress(body: Vec<u8>, encoding: &str, place: &mut Place<'_>) -> Result<Vec<u8>, String> {
    let mut decoder: Box<dyn std::io::Read + Send> = match encoding {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => Box::new(MultiGzDecoder::new(std::io::Cursor::new(body))),
        // By the standard zlib's form; some servers send the bare stream.
        "deflate" if body.first().is_some_and(|first| first & 0x0f == 8) => {
            Box::new(ZlibDecoder::new(std::io::Cursor::new(body)))
        }
        "deflate" => Box::new(DeflateDecoder::new(std::io::Cursor::new(body))),
        _ => return Err("the answer is compressed in a way that was not asked for".to_owned()),
    };
    let mut out = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match decoder.read(&mut chunk) {
            Ok(0) => return Ok(out),
            Ok(read) => {
                place.need(out.len() + read).await?;
                out.extend_from_slice(&chunk[..read]);
            }
            // What was whole before is read like any document that breaks off.
            Err(_) if !out.is_empty() => return Ok(out),
            Err(_) => return Err("the compressed answer is broken".to_owned()),
        }
    }
}

/// What went wrong with a request, without the address: that is said beside it, without its query.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let cause = root_cause(&error);
    if error.is_connect() {
        return format!("cannot connect: {cause}");
    }
    if error.is_body() || error.is_decode() {
        return format!("the answer broke off: {cause}");
    }
    cause
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
