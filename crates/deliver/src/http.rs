//! Requests to receivers: no redirections, no private networks, nothing of an answer but its status.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use groundswell_net::{Guard, NoAddress, NotPublic};
use reqwest::header::{self, HeaderValue};
use reqwest::{Client, StatusCode};
use url::Url;

use crate::postman::Sent;
use crate::receiver::ReceiverError;

/// How long a connection may take to stand.
const CONNECT_SECONDS_MAX: u64 = 5;

/// The longest wait that a receiver is granted; one that asks for more is tried again after this.
const RETRY_AFTER_SECONDS_MAX: u64 = 3_600;

/// A client of one receiver.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    guard: Guard,
}

/// Headers of a signed message.
pub(crate) struct Signed {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) signature: String,
}

impl Http {
    pub(crate) fn new(guard: Guard, timeout: Duration) -> Result<Self, ReceiverError> {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| ReceiverError::Client)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder()
            .user_agent(concat!("groundswell/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(guard))
            // A receiver that has moved is to be configured anew: a redirection could lead anywhere, with what was signed.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // A proxy would look names up by itself, behind the guard's back.
            .no_proxy()
            // Hours may pass between two messages.
            .pool_max_idle_per_host(0)
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX).min(timeout))
            .timeout(timeout)
            .build()
            .map_err(|_| ReceiverError::Client)?;
        Ok(Self { client, guard })
    }

    /// Sends a body, and says what became of it.
    pub(crate) async fn post(&self, url: &Url, body: String, key: &str, signed: Option<Signed>) -> Sent {
        if self.guard.check(url).is_err() {
            return Sent::Never("the address is not public");
        }
        let mut request = self
            .client
            .post(url.clone())
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("idempotency-key", key);
        if let Some(Signed { id, timestamp, signature }) = signed {
            request = request
                .header("webhook-id", id)
                .header("webhook-timestamp", timestamp)
                .header("webhook-signature", signature);
        }
        match request.body(body).send().await {
            // Nobody reads what a receiver has to say beside its status; the connection ends here.
            Ok(response) => answered(response.status(), retry_after(response.headers())),
            Err(error) => Sent::Later { trouble: trouble(&error), after: None },
        }
    }
}

/// Seconds only: a date would be by a clock that nobody has compared with ours.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_SECONDS_MAX)))
}

/// What a status means.
fn answered(status: StatusCode, after: Option<Duration>) -> Sent {
    match status.as_u16() {
        200..=299 => Sent::Through,
        // Standard Webhooks: the receiver wants no more.
        410 => Sent::Never("it answered 410: it is gone"),
        300..=399 => Sent::NotThis("it answered with a redirection, and none is followed"),
        408 => Sent::Later { trouble: "it answered 408: it took too long", after },
        425 => Sent::Later { trouble: "it answered 425: too early", after },
        429 => Sent::Later { trouble: "it answered 429: too often", after },
        401 | 403 => Sent::Later { trouble: "it answered that this is not allowed", after },
        404 => Sent::Later { trouble: "it answered 404: there is nothing there", after },
        // It is there, and does not want this one.
        400..=499 => Sent::NotThis("it answered that it does not understand this"),
        500..=599 => Sent::Later { trouble: "it answered with an error of its own", after },
        _ => Sent::Later { trouble: "it answered something that is no answer", after },
    }
}

/// What went wrong, in fixed words: nothing of what a server says is told on.
fn trouble(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return "it did not answer in time";
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return "the address is not public";
        }
        if error.is::<NoAddress>() {
            return "the name has no address";
        }
        if error.is::<rustls::Error>() {
            return "its certificate is not good";
        }
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            if io.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) {
                return "its certificate is not good";
            }
            if io.kind() == std::io::ErrorKind::ConnectionRefused {
                return "the connection was refused";
            }
        }
        cause = error.source();
    }
    if error.is_connect() { "no connection could be made" } else { "the connection broke, or it answered garbage" }
}
