//! From errors of the network to [`Trouble`].

use std::io;
use std::time::Duration;

use groundswell_post::EventTime;
use tokio_tungstenite::tungstenite::Error as WebSocketError;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::http::{HeaderMap, StatusCode};

use crate::live::Trouble;

/// The longest wait that a server is granted; one that asks for more is tried again after this.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// What went wrong, and how long the server asked to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) trouble: Trouble,
    pub(crate) retry_after: Option<Duration>,
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, retry_after: None }
    }
}

impl Failure {
    /// What an answer that is not the one hoped for means.
    pub(crate) fn of_answer(status: StatusCode, headers: &HeaderMap, now: EventTime) -> Self {
        let trouble = match status.as_u16() {
            401 | 403 => Trouble::Unauthorized,
            408 => Trouble::TimedOut,
            429 => Trouble::RateLimited,
            500..=599 => Trouble::ServerError,
            _ => Trouble::NotOffered,
        };
        Self { trouble, retry_after: retry_after(headers, now) }
    }

    pub(crate) fn of_io(error: &io::Error) -> Self {
        use io::ErrorKind::{
            ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable, TimedOut as ErrorTimedOut,
        };
        if let Some(inner) = error.get_ref() {
            if inner.is::<rustls::Error>() {
                return Trouble::Tls.into();
            }
            // A client puts its connection's error into one of its own.
            if let Some(inner) = inner.downcast_ref::<io::Error>() {
                return Self::of_io(inner);
            }
        }
        match error.kind() {
            ConnectionRefused => Trouble::Refused,
            HostUnreachable | NetworkDown | NetworkUnreachable => Trouble::Unreachable,
            ErrorTimedOut => Trouble::TimedOut,
            _ => Trouble::Broken,
        }
        .into()
    }

    pub(crate) fn of_web_socket(error: &WebSocketError, now: EventTime) -> Self {
        match error {
            WebSocketError::Http(answer) => Self::of_answer(answer.status(), answer.headers(), now),
            WebSocketError::Io(error) => Self::of_io(error),
            WebSocketError::Tls(_) => Trouble::Tls.into(),
            WebSocketError::Capacity(CapacityError::MessageTooLong { .. }) => Trouble::TooLong.into(),
            WebSocketError::ConnectionClosed | WebSocketError::AlreadyClosed => Trouble::Ended.into(),
            WebSocketError::Protocol(
                ProtocolError::ResetWithoutClosingHandshake | ProtocolError::HandshakeIncomplete,
            ) => Trouble::Broken.into(),
            _ => Trouble::BadAnswer.into(),
        }
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: EventTime) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(httpdate::parse_http_date(text).ok()?, now),
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

fn until(date: std::time::SystemTime, now: EventTime) -> Duration {
    let unix = date.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    unix.saturating_sub(Duration::from_secs(u64::try_from(now.unix()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_they_mean() {
        let now = EventTime::parse("2026-11-25T08:00:00Z").unwrap();
        let failure = |status: u16, retry: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(retry) = retry {
                headers.insert("retry-after", retry.parse().unwrap());
            }
            let failure = Failure::of_answer(StatusCode::from_u16(status).unwrap(), &headers, now);
            (failure.trouble, failure.retry_after.map(|wait| wait.as_secs()))
        };
        assert_eq!(failure(401, None), (Trouble::Unauthorized, None));
        assert_eq!(failure(404, None), (Trouble::NotOffered, None));
        assert_eq!(failure(200, None), (Trouble::NotOffered, None));
        assert_eq!(failure(503, Some("7")), (Trouble::ServerError, Some(7)));
        assert_eq!(failure(429, Some("Wed, 25 Nov 2026 08:00:30 GMT")), (Trouble::RateLimited, Some(30)));
        assert_eq!(failure(429, Some("Wed, 25 Nov 2026 07:00:00 GMT")), (Trouble::RateLimited, Some(0)));
        assert_eq!(failure(429, Some("999999999")), (Trouble::RateLimited, Some(3_600)));
        assert_eq!(failure(429, Some("-1")), (Trouble::RateLimited, None));
        assert_eq!(failure(429, Some("soon")), (Trouble::RateLimited, None));
    }
}
