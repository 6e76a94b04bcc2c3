//! What went wrong, as `application/problem+json` (RFC 9457). One table of stable codes; texts for the log and texts for
//! the reader are apart.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use groundswell_store::ReadError;
use serde::Serialize;
use utoipa::ToSchema;

/// The codes that programs may rely on. Adding is free; renaming or removing one breaks the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    UnknownParameter,
    BadParameter,
    NotFound,
    MethodNotAllowed,
    TooLarge,
    HostNotAllowed,
    TooManyStreams,
    Busy,
    StoreUnavailable,
    TimedOut,
    PushOff,
    Unauthorized,
    TooManyWrong,
    BadHeader,
    BadEncoding,
    BadBody,
    Conflict,
    SignInNeeded,
    SignInFailed,
    TokenExpired,
    Forbidden,
    CrossSite,
    TooManyRequests,
    TooManySignIns,
    Exists,
}

impl Code {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 25] = [
        Self::UnknownParameter,
        Self::BadParameter,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::HostNotAllowed,
        Self::TooManyStreams,
        Self::Busy,
        Self::StoreUnavailable,
        Self::TimedOut,
        Self::PushOff,
        Self::Unauthorized,
        Self::TooManyWrong,
        Self::BadHeader,
        Self::BadEncoding,
        Self::BadBody,
        Self::Conflict,
        Self::SignInNeeded,
        Self::SignInFailed,
        Self::TokenExpired,
        Self::Forbidden,
        Self::CrossSite,
        Self::TooManyRequests,
        Self::TooManySignIns,
        Self::Exists,
    ];

    /// The table: code, status, title.
    pub(crate) const fn entry(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::UnknownParameter => ("unknown_parameter", StatusCode::BAD_REQUEST, "unknown query parameter"),
            Self::BadParameter => ("bad_parameter", StatusCode::BAD_REQUEST, "query parameter not understood"),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "there is nothing here"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "this method does not work here")
            }
            Self::TooLarge => ("too_large", StatusCode::PAYLOAD_TOO_LARGE, "the request is too large"),
            Self::HostNotAllowed => {
                ("host_not_allowed", StatusCode::MISDIRECTED_REQUEST, "this service has no such name")
            }
            Self::TooManyStreams => {
                ("too_many_streams", StatusCode::SERVICE_UNAVAILABLE, "too many live streams are open")
            }
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, "too many requests at the same time"),
            Self::StoreUnavailable => {
                ("store_unavailable", StatusCode::SERVICE_UNAVAILABLE, "the store does not answer")
            }
            Self::TimedOut => ("timed_out", StatusCode::GATEWAY_TIMEOUT, "the answer took too long"),
            Self::PushOff => ("push_off", StatusCode::FORBIDDEN, "posts are not taken here"),
            Self::Unauthorized => ("unauthorized", StatusCode::UNAUTHORIZED, "the token is missing or wrong"),
            Self::TooManyWrong => ("too_many_wrong", StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens"),
            Self::BadHeader => ("bad_header", StatusCode::BAD_REQUEST, "header not understood"),
            Self::BadEncoding => ("bad_encoding", StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoding not understood"),
            Self::BadBody => ("bad_body", StatusCode::BAD_REQUEST, "the body cannot be read"),
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "the batch cannot be taken as things stand"),
            Self::Exists => ("exists", StatusCode::CONFLICT, "it exists already, or there is no room"),
            Self::SignInNeeded => ("sign_in_needed", StatusCode::UNAUTHORIZED, "this service asks who reads"),
            Self::SignInFailed => ("sign_in_failed", StatusCode::UNAUTHORIZED, "account or password is wrong"),
            Self::TokenExpired => ("token_expired", StatusCode::UNAUTHORIZED, "the token's time has passed"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "your role may not do this"),
            Self::CrossSite => ("cross_site", StatusCode::FORBIDDEN, "this did not come from a page of this service"),
            Self::TooManyRequests => ("too_many_requests", StatusCode::TOO_MANY_REQUESTS, "too many requests"),
            Self::TooManySignIns => {
                ("too_many_sign_ins", StatusCode::TOO_MANY_REQUESTS, "too many attempts to sign in")
            }
        }
    }
}

/// A problem on its way to the reader. Becomes the body in [`Problem::render`], which knows whether data are simulated.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    detail: Option<String>,
    field: Option<String>,
    /// Seconds.
    retry_after: Option<u64>,
}

impl Problem {
    pub(crate) const fn new(code: Code) -> Self {
        Self { code, detail: None, field: None, retry_after: None }
    }

    pub(crate) fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    pub(crate) fn field(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The body.
    pub(crate) fn render(&self, notice: Option<&'static str>) -> Response {
        let (code, status, title) = self.code.entry();
        let wire = Wire {
            r#type: format!("urn:groundswell:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            code: code.to_owned(),
            field: self.field.clone(),
            notice: notice.map(str::to_owned),
        };
        let body = serde_json::to_vec(&wire).expect("strings and numbers can be written");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        match self.code {
            Code::Unauthorized | Code::SignInNeeded | Code::SignInFailed | Code::TokenExpired => {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::BadEncoding => {
                response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"));
            }
            _ => {}
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.entry().1.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        // The reader learns that it failed, the log why.
        tracing::error!(error = %error, "the store could not be read");
        Self::new(Code::StoreUnavailable)
    }
}

/// A problem (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Wire {
    /// `urn:groundswell:problem:` and the code.
    r#type: String,
    /// What kind of problem it is.
    title: String,
    /// The HTTP status.
    #[schema(value_type = i64)]
    status: u16,
    /// What to do in this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Stable code for programs.
    code: String,
    /// The query parameter, or field of the body, at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Code;

    #[test]
    fn every_code_is_its_own() {
        let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.entry().0).collect();
        assert_eq!(codes.len(), Code::ALL.len());
    }
}
