//! Tells a supervisor that speaks systemd's protocol (`sd_notify(3)`) how the service stands. Where none listens, nothing is said.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;

/// What can be said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum State {
    /// The page answers.
    Ready,
    /// It ends.
    Stopping,
}

/// Says it. A supervisor that cannot be reached is no reason to fail: it will notice by itself.
pub(crate) fn tell(state: State) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let message: &[u8] = match state {
        State::Ready => b"READY=1",
        State::Stopping => b"STOPPING=1",
    };
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(Path::new(&socket)),
    };
    let told = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(message, &address));
    if let Err(error) = told {
        tracing::warn!(target: "groundswell", "the supervisor cannot be told how the service stands: {error}");
    }
}
