//! A WebSocket, and how it is known to be alive.

use std::time::Duration;

use futures_util::SinkExt;
use groundswell_post::EventTime;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::trouble::Failure;
use crate::live::Trouble;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Makes a connection whose messages and frames have at most `bytes_max` bytes.
pub(crate) async fn connect(
    request: Request,
    bytes_max: usize,
    timeout: Duration,
    now: EventTime,
) -> Result<Socket, Failure> {
    tokio::time::timeout(timeout, connect_without_end(request, bytes_max, now))
        .await
        .unwrap_or_else(|_| Err(Trouble::TimedOut.into()))
}

async fn connect_without_end(request: Request, bytes_max: usize, now: EventTime) -> Result<Socket, Failure> {
    let host = request.uri().host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let standard = if request.uri().scheme_str() == Some("ws") { 80 } else { 443 };
    let port = request.uri().port_u16().unwrap_or(standard);
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(|_| Trouble::NoAddress)?.collect();
    let stream = TcpStream::connect(&addresses[..]).await.map_err(|error| Failure::of_io(&error))?;
    // Only pings are written: they must not wait for more to come.
    let _ = stream.set_nodelay(true);
    let limits = WebSocketConfig::default().max_message_size(Some(bytes_max)).max_frame_size(Some(bytes_max));
    client_async_tls_with_config(request, stream, Some(limits), Some(Connector::Rustls(super::tls())))
        .await
        .map(|(socket, _)| socket)
        .map_err(|error| Failure::of_web_socket(&error, now))
}

/// Between two looks lies a tenth of a second, unless the source itself was held up (its channel was full): that time is not the
/// server's silence, what it sent meanwhile has not been read yet.
const HELD_UP: Duration = Duration::from_secs(1);

/// Knows how long nothing was heard.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    ping_after: Duration,
    silence_max: Duration,
    heard: Instant,
    message: Instant,
    looked: Instant,
    pinged: bool,
}

/// What a look at the heartbeat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Something was heard lately.
    Alive,
    /// It is time to ask.
    Ask,
    /// It was asked and did not answer.
    Dead,
}

impl Heartbeat {
    pub(crate) fn new(ping_after: Duration, silence_max: Duration) -> Self {
        let now = Instant::now();
        Self { ping_after, silence_max, heard: now, message: now, looked: now, pinged: false }
    }

    /// Something came.
    pub(crate) fn heard(&mut self) {
        self.heard = Instant::now();
        self.pinged = false;
    }

    /// A message came.
    pub(crate) fn message(&mut self) {
        self.message = Instant::now();
    }

    /// How long no message has come.
    pub(crate) fn without_message(&self) -> Duration {
        self.message.elapsed()
    }

    pub(crate) fn look(&mut self) -> Beat {
        let now = Instant::now();
        let since = now - self.looked;
        self.looked = now;
        if since >= HELD_UP {
            self.heard = (self.heard + since).min(now);
            self.message = (self.message + since).min(now);
        }
        let silent = now - self.heard;
        if silent >= self.silence_max {
            Beat::Dead
        } else if silent >= self.ping_after && !self.pinged {
            self.pinged = true;
            Beat::Ask
        } else {
            Beat::Alive
        }
    }

    /// Looks, and asks where it is time to.
    pub(crate) async fn beat(&mut self, socket: &mut Socket) -> Result<(), Failure> {
        match self.look() {
            Beat::Alive => Ok(()),
            Beat::Dead => Err(Trouble::Silent.into()),
            // A ping that cannot be sent is noticed as silence.
            Beat::Ask => {
                let _ = tokio::time::timeout(super::BATCH_WAIT, socket.send(Message::Ping(Vec::new().into()))).await;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_is_the_server_s_and_not_ours() {
        let tick = Duration::from_millis(100);
        let mut heartbeat = Heartbeat::new(Duration::from_secs(3), Duration::from_secs(9));
        let mut found = Vec::new();
        for _ in 0..100 {
            tokio::time::advance(tick).await;
            found.push(heartbeat.look());
        }
        let first = |beat| found.iter().position(|found| *found == beat);
        assert_eq!((first(Beat::Ask), first(Beat::Dead)), (Some(29), Some(89)));
        assert_eq!(found.iter().filter(|found| **found == Beat::Ask).count(), 1);
        // Held up for an hour by a full channel: what came meanwhile lies in the socket.
        let mut heartbeat = Heartbeat::new(Duration::from_secs(3), Duration::from_secs(9));
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(heartbeat.look(), Beat::Alive);
        assert_eq!(heartbeat.without_message(), Duration::ZERO);
    }
}
