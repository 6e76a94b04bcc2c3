//! Mail, to a server that speaks SMTP over a real socket, with and without TLS.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Desk, NOW, office};
use groundswell_deliver::{How, MailConfig, MailTls, Postman, ReceiverConfig, ReceiverError, Secret};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Takes,
    /// Says so at RCPT.
    Refuses(u16),
    /// After it has the text, and before it says so.
    HangsUp,
    Hangs,
}

#[derive(Clone, Debug, Default)]
struct Mail {
    tls: bool,
    login: String,
    to: Vec<String>,
    text: String,
}

#[derive(Clone)]
struct Server {
    address: SocketAddr,
    does: Arc<Mutex<Does>>,
    mails: Arc<Mutex<Vec<Mail>>>,
    tls: Option<TlsAcceptor>,
}

/// A certificate for `localhost`, and what somebody trusts who trusts it.
fn certificate() -> (TlsAcceptor, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem().into_bytes())
}

impl Server {
    /// `wrapped`: TLS from the first byte on.
    async fn new(does: Does, tls: Option<TlsAcceptor>, wrapped: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, does: Arc::new(Mutex::new(does)), mails: Arc::default(), tls };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move {
                    match (&server.tls, wrapped) {
                        (Some(tls), true) => {
                            let stream = tls.accept(stream).await.ok()?;
                            server.speak(stream, Mail { tls: true, ..Mail::default() }, true).await.map(drop)
                        }
                        (Some(tls), false) => {
                            let stream = server.speak(stream, Mail::default(), true).await?;
                            let stream = tls.accept(stream).await.ok()?;
                            server.speak(stream, Mail { tls: true, ..Mail::default() }, false).await.map(drop)
                        }
                        (None, _) => server.speak(stream, Mail::default(), true).await.map(drop),
                    }
                });
            }
        });
        server
    }

    fn got(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// Speaks until the end, or until the other side wants TLS: then the stream is given back.
    async fn speak<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, mut mail: Mail, greets: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        let say = async |stream: &mut BufReader<S>, text: &str| {
            stream.get_mut().write_all(text.as_bytes()).await.ok()?;
            stream.get_mut().flush().await.ok()
        };
        if greets {
            say(&mut stream, "220 localhost ESMTP\r\n").await?;
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let does = *self.does.lock().unwrap();
            let word = line.split([' ', '\r']).next().unwrap().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => {
                    let offers =
                        if self.tls.is_some() && !mail.tls { "250-STARTTLS\r\n" } else { "250-AUTH PLAIN\r\n" };
                    say(&mut stream, &format!("250-localhost\r\n{offers}250 8BITMIME\r\n")).await?;
                }
                "STARTTLS" => {
                    say(&mut stream, "220 go on\r\n").await?;
                    return Some(stream.into_inner());
                }
                "AUTH" => {
                    mail.login = line.trim().to_owned();
                    say(&mut stream, "235 welcome\r\n").await?;
                }
                "MAIL" if does == Does::Hangs => return std::future::pending().await,
                "RCPT" => {
                    if let Does::Refuses(code) = does {
                        say(&mut stream, &format!("{code} no\r\n")).await?;
                    } else {
                        mail.to.push(line.trim().to_owned());
                        say(&mut stream, "250 ok\r\n").await?;
                    }
                }
                "DATA" => {
                    say(&mut stream, "354 go on\r\n").await?;
                    loop {
                        let mut line = String::new();
                        if stream.read_line(&mut line).await.ok()? == 0 {
                            return None;
                        }
                        if line == ".\r\n" {
                            break;
                        }
                        mail.text.push_str(&line);
                    }
                    self.mails.lock().unwrap().push(mail.clone());
                    if does == Does::HangsUp {
                        return None;
                    }
                    say(&mut stream, "250 taken\r\n").await?;
                    (mail.to, mail.text) = (Vec::new(), String::new());
                }
                "QUIT" => {
                    say(&mut stream, "221 bye\r\n").await?;
                    return None;
                }
                _ => say(&mut stream, "250 ok\r\n").await?,
            }
        }
    }
}

fn config(server: &Server, tls: MailTls) -> MailConfig {
    MailConfig {
        host: "localhost".to_owned(),
        port: server.address.port(),
        tls,
        authority: None,
        account: None,
        from: "Groundswell <groundswell@watch.example>".to_owned(),
        to: vec!["desk@newsroom.example".to_owned(), "night@newsroom.example".to_owned()],
        digest: None,
    }
}

fn receiver(config: MailConfig) -> ReceiverConfig {
    ReceiverConfig { name: "desk".to_owned(), feed: "everything".to_owned(), how: How::Mail(Box::new(config)) }
}

fn message_id(mail: &Mail) -> String {
    mail.text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().trim().to_owned()
}

#[tokio::test]
async fn each_detection_at_once() {
    let mut desk = Desk::new().await;
    let server = Server::new(Does::Takes, None, false).await;
    let outbox = desk.registered(&["desk"]).await;
    let postman = Postman::start(vec![receiver(config(&server, MailTls::None))], outbox, &office()).unwrap();
    desk.commit([1, 2]).await;
    postman.news().send_replace(());
    desk.until("desk", |count| count.delivered == 2).await;
    let got = server.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].to.len(), 2);
    assert_eq!(message_id(&got[0]), "<everything_narrative-n1@watch.example>");
    let text = got[0].text.replace("=\r\n", "");
    assert!(text.contains("Subject: The story 'dam failure"), "{text}");
    assert!(text.contains("Recompute: groundswell export narratives --id n1"), "{text}");
    assert!(text.contains("https://watch.example/detections/narrative-n1") && text.contains("build abcdef"), "{text}");
    assert!(!text.to_ascii_lowercase().contains("user-agent"));
}

#[tokio::test]
async fn starttls_and_tls_with_an_account_and_an_authority_of_ones_own() {
    for (tls, wrapped) in [(MailTls::Starttls, false), (MailTls::Always, true)] {
        let mut desk = Desk::new().await;
        let (acceptor, authority) = certificate();
        let server = Server::new(Does::Takes, Some(acceptor), wrapped).await;
        let account = Some(("groundswell".to_owned(), Secret::new("hunter2".to_owned())));
        let config = MailConfig { authority: Some(authority), account, ..config(&server, tls) };
        assert!(!format!("{config:?}").contains("hunter2"));
        let outbox = desk.registered(&["desk"]).await;
        let postman = Postman::start(vec![receiver(config)], outbox, &office()).unwrap();
        desk.commit([1]).await;
        postman.news().send_replace(());
        desk.until("desk", |count| count.delivered == 1).await;
        let got = server.got();
        assert!(got[0].tls, "{tls:?}");
        // AUTH PLAIN of "\0groundswell\0hunter2".
        assert_eq!(got[0].login, "AUTH PLAIN AGdyb3VuZHN3ZWxsAGh1bnRlcjI=");
    }
}

#[tokio::test]
async fn a_server_that_is_not_known_or_offers_no_tls_gets_nothing() {
    let (acceptor, _) = certificate();
    for (server, tls) in [
        (Server::new(Does::Takes, Some(acceptor), false).await, MailTls::Starttls),
        (Server::new(Does::Takes, None, false).await, MailTls::Starttls),
        (Server::new(Does::Takes, None, false).await, MailTls::Always),
    ] {
        let mut desk = Desk::new().await;
        let outbox = desk.registered(&["desk"]).await;
        let postman = Postman::start(vec![receiver(config(&server, tls))], outbox, &office()).unwrap();
        desk.commit([1]).await;
        postman.news().send_replace(());
        desk.until("desk", |count| count.dead == 1).await;
        assert!(server.got().is_empty());
        postman.stop().await;
    }
}

#[tokio::test]
async fn what_is_in_a_digest_is_the_same_until_it_is_through() {
    let mut desk = Desk::new().await;
    let server = Server::new(Does::HangsUp, None, false).await;
    let outbox = desk.registered(&["desk"]).await;
    let hour = 3_600;
    let clock = Arc::new(AtomicI64::new(NOW));
    let mut office = office();
    let hand = Arc::clone(&clock);
    office.now = Arc::new(move || hand.load(Ordering::Relaxed));
    let digest = MailConfig { digest: Some(Duration::from_secs(hour)), ..config(&server, MailTls::None) };
    let postman = Postman::start(vec![receiver(digest)], outbox, &office).unwrap();
    desk.commit([1, 2, 3]).await;
    postman.news().send_replace(());
    // NOW is a whole hour, so what comes at it is due at once by the hour's clock.
    const { assert!(NOW % 3_600 == 0) };
    while server.got().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It was taken and the answer was lost; meanwhile more comes.
    desk.commit([4]).await;
    *server.does.lock().unwrap() = Does::Takes;
    desk.until("desk", |count| count.delivered == 4).await;
    let got = server.got();
    let (last, repeated) = got.split_last().unwrap();
    let ids: std::collections::BTreeSet<String> = repeated.iter().map(message_id).collect();
    assert_eq!(ids.len(), 1, "the same mail each time");
    assert!(repeated.iter().all(|mail| mail.text.contains("Subject: Groundswell everything: 3 detections")));
    assert!(last.text.contains("dam failure") && !ids.contains(&message_id(last)), "what came later is another mail");
    // Before the next hour nothing goes out.
    clock.store(NOW + 10, Ordering::Relaxed);
    postman.stop().await;
    let mut batch = groundswell_store::ReleaseBatch { now: NOW + 10, deliver: true, ..Default::default() };
    batch.detections.push(common::detection(5));
    desk.commit_batch(&batch).await;
    let outbox = desk.registered(&["desk"]).await;
    let digest = MailConfig { digest: Some(Duration::from_secs(hour)), ..config(&server, MailTls::None) };
    let _postman = Postman::start(vec![receiver(digest)], outbox, &office).unwrap();
    tokio::time::sleep(office.pace.look * 4).await;
    assert_eq!(desk.count("desk").await.waiting, 1);
    clock.store(NOW + 3_600, Ordering::Relaxed);
    desk.until("desk", |count| count.delivered == 5).await;
}

#[tokio::test]
async fn a_server_in_trouble_is_tried_again() {
    let mut desk = Desk::new().await;
    let server = Server::new(Does::Refuses(451), None, false).await;
    let outbox = desk.registered(&["desk"]).await;
    let mut office = office();
    office.pace.timeout = Duration::from_millis(300);
    let postman = Postman::start(vec![receiver(config(&server, MailTls::None))], outbox, &office).unwrap();
    desk.commit([1]).await;
    postman.news().send_replace(());
    tokio::time::sleep(Duration::from_millis(100)).await;
    *server.does.lock().unwrap() = Does::Hangs;
    tokio::time::sleep(Duration::from_millis(500)).await;
    *server.does.lock().unwrap() = Does::Takes;
    desk.until("desk", |count| count.delivered == 1).await;
    *server.does.lock().unwrap() = Does::Refuses(550);
    desk.commit([2]).await;
    desk.until("desk", |count| count.dead == 1).await;
    let dead = desk.outbox().await.dead_letters(None, 1).await.unwrap();
    assert_eq!(dead[0].trouble, "the mail server refused it for good");
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_without_an_address() {
    let server = Server::new(Does::Takes, None, false).await;
    let good = config(&server, MailTls::None);
    for (wrong, said) in [
        (MailConfig { from: "nobody".to_owned(), ..good.clone() }, "from: expected"),
        (MailConfig { to: vec!["jane".to_owned()], ..good.clone() }, "to: expected"),
        (MailConfig { to: Vec::new(), ..good.clone() }, "to: expected"),
        (MailConfig { tls: MailTls::Always, authority: Some(b"x".to_vec()), ..good.clone() }, ""),
    ] {
        let checked = Postman::check(&[receiver(wrong)], &office());
        if said.is_empty() {
            continue;
        }
        let (_, error) = checked.unwrap_err();
        assert!(matches!(error, ReceiverError::Mail(_)) && error.to_string().starts_with(said), "{error}");
        assert!(!error.to_string().contains("jane"));
    }
}
