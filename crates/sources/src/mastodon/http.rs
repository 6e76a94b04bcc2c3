//! Questions to an instance.

use std::error::Error;
use std::io;
use std::time::Duration;

use groundswell_post::EventTime;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Response, redirect};

use super::config::Token;
use crate::live::Trouble;
use crate::net::{self, Failure, RETRY_AFTER_MAX};

/// The longest answer that is read whole: a page of 40 statuses has about 200 kB.
const ANSWER_BYTES_MAX: usize = 8 << 20;

pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(net::tls().as_ref().clone())
        .user_agent(net::USER_AGENT)
        .connect_timeout(timeout)
        // The token is for this host and no other.
        .redirect(redirect::Policy::none())
        .build()
}

/// An answer of 200, whose body has not been read yet.
pub(crate) async fn ask(
    client: &Client,
    url: &str,
    token: Option<&Token>,
    accept: &'static str,
    timeout: Duration,
    now: EventTime,
) -> Result<Response, Failure> {
    let mut request = client.get(url).header(ACCEPT, accept);
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&token.header()).map_err(|_| Trouble::Unauthorized)?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let answer = tokio::time::timeout(timeout, request.send()).await.map_err(|_| Trouble::TimedOut)?;
    let answer = answer.map_err(|error| of_error(&error))?;
    if answer.status().as_u16() != 200 {
        let mut failure = Failure::of_answer(answer.status(), answer.headers(), now);
        if failure.trouble == Trouble::RateLimited && failure.retry_after.is_none() {
            failure.retry_after = rate_limit_reset(answer.headers(), now);
        }
        return Err(failure);
    }
    Ok(answer)
}

/// Reads an answer whole.
pub(crate) async fn whole(mut answer: Response, timeout: Duration) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let reading = async {
        while let Some(piece) = answer.chunk().await.map_err(|error| of_error(&error))? {
            if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(Failure::from(Trouble::TooLong));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(())
    };
    tokio::time::timeout(timeout, reading).await.map_err(|_| Trouble::TimedOut)??;
    Ok(bytes)
}

/// How long to wait where no question is left in this stretch of time.
pub(crate) fn rate_limit_wait(headers: &HeaderMap, now: EventTime) -> Option<Duration> {
    let remaining = headers.get("x-ratelimit-remaining")?.to_str().ok()?.trim().parse::<u64>().ok()?;
    if remaining == 0 { rate_limit_reset(headers, now) } else { None }
}

fn rate_limit_reset(headers: &HeaderMap, now: EventTime) -> Option<Duration> {
    let reset = EventTime::parse(headers.get("x-ratelimit-reset")?.to_str().ok()?.trim()).ok()?;
    let seconds = u64::try_from(reset.unix() - now.unix()).ok()?;
    Some(Duration::from_secs(seconds.saturating_add(1)).min(RETRY_AFTER_MAX))
}

/// What an error of the client means, by what lies at its bottom.
pub(crate) fn of_error(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Trouble::TimedOut.into();
    }
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return Trouble::Tls.into();
        }
        // hyper-util's words for a name that could not be resolved; it keeps the type to itself.
        if error.to_string() == "dns error" {
            return Trouble::NoAddress.into();
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            let failure = Failure::of_io(io);
            if failure.trouble != Trouble::Broken {
                return failure;
            }
        }
        cause = error.source();
    }
    if error.is_builder() { Trouble::NotOffered.into() } else { Trouble::Broken.into() }
}
