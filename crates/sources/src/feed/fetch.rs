//! One request: what is asked, how much of an answer is taken, and what it means.
//!
//! Sources: RFC 9110 (HTTP semantics, conditional requests, `Retry-After`), RFC 9111 (caching), RFC 6585 (429).

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use groundswell_net::{Guard, NoAddress, NotPublic};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode};
use tokio::sync::Semaphore;
use url::Url;

use super::config::FeedsConfig;
use super::date;
use super::document::{self, Document};
use crate::clock::Clock;
use crate::live::Trouble;
use crate::net;

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
    Read {
        document: Document,
        validators: Validators,
        fresh_for: Option<Duration>,
        /// As they came over the wire.
        bytes: usize,
    },
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
    /// Its kind.
    pub(crate) trouble: Trouble,
    /// In words, none of them the server's.
    pub(crate) error: String,
    /// How long the server wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// It says so of all requests of ours, and not of this feed.
    pub(crate) limited: bool,
}

impl Failure {
    pub(crate) fn new(trouble: Trouble, error: impl Into<String>) -> Self {
        Self { trouble, error: error.into(), retry_after: None, limited: false }
    }

    /// By a document that came and is no feed.
    fn bad(error: impl Into<String>) -> Self {
        Self::new(Trouble::BadAnswer, error)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::new(trouble, trouble.phrase())
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
        let user_agent = HeaderValue::from_str(&config.user_agent())
            .map_err(|_| "feeds.contact: expected printable ASCII".to_owned())?;
        let client = Client::builder()
            .user_agent(user_agent)
            .tls_backend_preconfigured(net::tls().as_ref().clone())
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
            .map_err(|error| format!("cannot make an HTTP client: {error}"))?;
        Ok(Self { client, guard, large: Arc::new(Semaphore::new(LARGE_MAX)), timeout: config.request_timeout, clock })
    }

    /// Fetches and reads one document.
    pub(crate) async fn fetch(&self, url: Url, known: Validators) -> Outcome {
        if self.guard.check(&url).is_err() {
            return Outcome::Failed(not_public());
        }
        match tokio::time::timeout(self.timeout, self.request(url, known)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(failure)) => Outcome::Failed(failure),
            Err(_) => Outcome::Failed(Failure::new(Trouble::TimedOut, "the answer took too long")),
        }
    }

    async fn request(&self, url: Url, known: Validators) -> Result<Outcome, Failure> {
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
        let response = request.send().await.map_err(|error| told(&error))?;
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
                return Err(Failure {
                    trouble: net::Failure::of_answer(status, headers, self.clock.now()).trouble,
                    error: format!("the server answers {}", status.as_u16()),
                    retry_after: text(headers, &header::RETRY_AFTER).and_then(|after| self.until(after)),
                    limited: status == StatusCode::TOO_MANY_REQUESTS,
                });
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
        let bytes = body.len();
        let body = decompress(body, &encoding, &mut place).await?;
        match document::parse(&body, content_type.as_deref(), &url) {
            Ok(document) => Ok(Outcome::Read { document, validators, fresh_for, bytes }),
            Err(error) => Err(Failure::bad(error.to_string())),
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
    async fn need(&mut self, bytes: usize) -> Result<(), Failure> {
        if bytes > DOCUMENT_BYTES_MAX {
            let error = format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes");
            return Err(Failure::new(Trouble::TooLong, error));
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

fn moved(url: &Url, headers: &HeaderMap, permanent: bool) -> Result<Outcome, Failure> {
    let to = text(headers, &header::LOCATION).and_then(|location| url.join(location).ok());
    match to.filter(|to| matches!(to.scheme(), "http" | "https") && to.has_host()) {
        // Anybody on the way can answer over plain HTTP: that is followed once and never remembered.
        Some(to) => {
            Ok(Outcome::Moved { permanent: permanent && !(url.scheme() == "https" && to.scheme() == "http"), to })
        }
        None => Err(Failure::bad("the server redirects to nowhere")),
    }
}

/// Takes the answer as it comes over the wire.
async fn take(mut response: reqwest::Response, place: &mut Place<'_>) -> Result<Vec<u8>, Failure> {
    let announced = response.content_length().unwrap_or(0);
    place.need(usize::try_from(announced).unwrap_or(usize::MAX)).await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| told(&error))? {
        place.need(body.len() + chunk.len()).await?;
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn decompress(body: Vec<u8>, encoding: &str, place: &mut Place<'_>) -> Result<Vec<u8>, Failure> {
    let mut decoder: Box<dyn std::io::Read + Send> = match encoding {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => Box::new(MultiGzDecoder::new(std::io::Cursor::new(body))),
        // By the standard zlib's form; some servers send the bare stream.
        "deflate" if body.first().is_some_and(|first| first & 0x0f == 8) => {
            Box::new(ZlibDecoder::new(std::io::Cursor::new(body)))
        }
        "deflate" => Box::new(DeflateDecoder::new(std::io::Cursor::new(body))),
        _ => return Err(compressed("the answer is compressed in a way that was not asked for")),
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
            Err(_) => return Err(compressed("the compressed answer is broken")),
        }
    }
}

fn compressed(error: &str) -> Failure {
    Failure::new(Trouble::BadCompression, error)
}

/// What went wrong with a request: found by looking for what is known in the chain of causes, so that no word of a server's gets
/// through.
fn told(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Trouble::TimedOut.into();
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(failure) = known(error) {
            return failure;
        }
        cause = error.source();
    }
    if error.is_body() || error.is_decode() {
        return Trouble::Broken.into();
    }
    Trouble::BadAnswer.into()
}

/// An address of this machine or of a private network, and which setting allows it.
fn not_public() -> Failure {
    Failure::new(Trouble::NotOffered, format!("{NotPublic} (feeds.private_addresses allows it)"))
}

/// What an error means, where it is one of those that are known.
fn known(error: &(dyn std::error::Error + 'static)) -> Option<Failure> {
    if error.is::<NotPublic>() {
        return Some(not_public());
    }
    if error.is::<NoAddress>() {
        return Some(Trouble::NoAddress.into());
    }
    if error.is::<rustls::Error>() {
        return Some(Trouble::Tls.into());
    }
    let error = error.downcast_ref::<std::io::Error>()?;
    // An error of TLS comes wrapped in one of these, or in two; its `source` would pass over what it wraps.
    let wrapped = error.get_ref().and_then(|wrapped| known(wrapped));
    Some(wrapped.unwrap_or_else(|| net::Failure::of_io(error).trouble.into()))
}
