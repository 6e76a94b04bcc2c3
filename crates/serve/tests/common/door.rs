//! A server that asks who reads it, over real sockets, and somebody who asks it. Each test may come from an address of its own
//! (127.0.x.y), so that no test is slowed down by what another did.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use groundswell_serve::{
    Access, AccessConfig, AccountName, ActSink, HttpAct, Network, OidcConfig, PasswordCost, Register, RegisterError,
    Role, Server,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Duration;

use super::{Answer, Served, served_with};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Where the clock stands.
pub(crate) const NOW: i64 = 1_800_000_000;

#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<HttpAct>>);

impl ActSink for Told {
    fn act(&self, act: HttpAct) {
        self.0.lock().unwrap().push(act);
    }
}

impl Told {
    /// What was told since this was last asked.
    pub(crate) fn take(&self) -> Vec<HttpAct> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

pub(crate) struct Door {
    pub(crate) served: Served,
    pub(crate) address: SocketAddr,
    pub(crate) told: Arc<Told>,
    pub(crate) now: Arc<AtomicI64>,
    pub(crate) register: PathBuf,
    /// A viewer's token that was revoked, and one whose time has passed.
    pub(crate) revoked: String,
    pub(crate) expired: String,
    /// By role.
    pub(crate) tokens: Vec<(Role, String)>,
    folder: tempfile::TempDir,
    running: JoinHandle<std::io::Result<()>>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.running.abort();
    }
}

pub(crate) fn name(text: &str) -> AccountName {
    AccountName::parse(text).unwrap()
}

/// An account and a token for each role, named like it.
fn fill(register: &mut Register) -> Result<(Vec<(Role, String)>, String, String), RegisterError> {
    let mut tokens = Vec::new();
    for role in Role::ALL {
        register.add_account(name(role.as_str()), role, PASSWORD, PasswordCost::TEST, NOW)?;
        tokens.push((role, register.add_token(name(role.as_str()), role, 90, NOW)?));
    }
    let expired = register.add_token(name("old"), Role::Admin, 1, NOW - 2 * 86_400)?;
    let revoked = register.add_token(name("gone"), Role::Admin, 90, NOW)?;
    register.revoke_token(&name("gone"))?;
    Ok((tokens, revoked, expired))
}

pub(crate) async fn door() -> Door {
    door_with(Network::default()).await
}

pub(crate) async fn door_with(network: Network) -> Door {
    door_of(network, None).await
}

pub(crate) async fn door_of(network: Network, oidc: Option<OidcConfig>) -> Door {
    let folder = tempfile::tempdir().unwrap();
    let register = folder.path().join("access.json");
    let (tokens, revoked, expired) = Register::change(&register, fill).unwrap();
    let (told, now) = (Arc::new(Told::default()), Arc::new(AtomicI64::new(NOW)));
    let clock = Arc::clone(&now);
    let config = AccessConfig {
        register: Some(register.clone()),
        oidc,
        idle: Duration::from_hours(1),
        absolute: Duration::from_hours(12),
        cost: PasswordCost::TEST,
        now: Arc::new(move || clock.load(Ordering::Relaxed)),
    };
    let access = Access::guarded(network, Arc::clone(&told) as Arc<dyn ActSink>, config).unwrap();
    let served = served_with(access).await;
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), served.state.clone()).await.unwrap();
    let address = server.address();
    let running = tokio::spawn(server.run(std::future::pending()));
    Door { served, address, told, now, register, revoked, expired, tokens, folder, running }
}

/// A connection from an address of its own.
pub(crate) async fn connect(address: SocketAddr, from: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let [high, low] = from.to_be_bytes();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 7, high, low), 0))).unwrap();
    socket.connect(address).await.unwrap()
}

/// Reads one answer. Of a live stream the head is all.
pub(crate) async fn read(stream: &mut (impl tokio::io::AsyncRead + Unpin), head_only: bool) -> Option<Answer> {
    let mut bytes = Vec::new();
    let mut part = vec![0; 16_384];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&part[..length]),
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status: u16 = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (field, value) = line.split_once(':').unwrap();
        headers.append(HeaderName::try_from(field).unwrap(), HeaderValue::from_str(value.trim()).unwrap());
    }
    let mut body = bytes.split_off(end + 4);
    let length = headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse::<usize>().unwrap());
    while !head_only && body.len() < length {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(more) => body.extend_from_slice(&part[..more]),
        }
    }
    let body = String::from_utf8(body).unwrap();
    Some(Answer { status: StatusCode::from_u16(status).unwrap(), headers, body })
}

impl Door {
    /// One request on a connection of its own; the host is the server's address unless one is given.
    pub(crate) async fn ask(
        &self,
        from: u16,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        let has = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !has("host") {
            let _ = write!(text, "host: {}\r\n", self.address);
        }
        for (field, value) in headers {
            let _ = write!(text, "{field}: {value}\r\n");
        }
        if !body.is_empty() || method == "POST" {
            let _ = write!(text, "content-length: {}\r\n", body.len());
        }
        text.push_str("connection: close\r\n\r\n");
        text.push_str(body);
        let mut stream = connect(self.address, from).await;
        stream.write_all(text.as_bytes()).await.unwrap();
        read(&mut stream, method == "HEAD").await.unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    pub(crate) async fn get(&self, from: u16, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(from, "GET", path, headers, "").await
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends the form as a browser would.
    pub(crate) async fn post_form(&self, from: u16, account: &str, password: &str, more: &[(&str, &str)]) -> Answer {
        let origin = self.origin();
        let mut headers =
            vec![("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        if !more.iter().any(|(field, _)| *field == "origin") {
            headers.push(("origin", &origin));
        }
        headers.extend_from_slice(more);
        let form = format!("account={account}&password={}", password.replace(' ', "+"));
        self.ask(from, "POST", "/signin", &headers, &form).await
    }

    /// Signs in and gives the cookie, as a browser sends it back.
    pub(crate) async fn sign_in(&self, from: u16, account: &str) -> String {
        let answer = self.post_form(from, account, PASSWORD, &[]).await;
        assert_eq!(answer.status.as_u16(), 303, "{}", answer.body);
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    pub(crate) fn bearer(&self, role: Role) -> String {
        let (_, token) = self.tokens.iter().find(|(known, _)| *known == role).unwrap();
        format!("Bearer {token}")
    }
}
