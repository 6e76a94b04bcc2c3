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

/// Knows how long nothing was heard.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    ping_after: Duration,
    silence_max: Duration,
    heard: Instant,
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
        Self { ping_after, silence_max, heard: Instant::now(), pinged: false }
    }

    pub(crate) fn heard(&mut self) {
        self.heard = Instant::now();
        self.pinged = false;
    }

    pub(crate) fn look(&mut self) -> Beat {
        let silent = self.heard.elapsed();
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
