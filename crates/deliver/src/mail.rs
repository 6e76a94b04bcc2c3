//! Mail: one message at once, or what has come together as a digest.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Mailboxes, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use crate::Secret;
use crate::postman::Sent;

/// Receivers of one mail.
const TO_MAX: usize = 50;

/// How the way to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// By STARTTLS, or not at all: a server that does not offer it gets nothing.
    #[default]
    Starttls,
    /// From the first byte on.
    Always,
    /// Not. For a server on this machine.
    None,
}

/// Mail by a server.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is encrypted.
    pub tls: MailTls,
    /// An authority of one's own, in PEM, beside those that are compiled in.
    pub authority: Option<Vec<u8>>,
    /// Name and password, where it asks for them.
    pub account: Option<(String, Secret)>,
    /// Who sends.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// As a digest, so often; `None`: each at once.
    pub digest: Option<Duration>,
}

/// Why mail cannot be sent with these settings. Quotes no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailConfigError {
    /// The sender.
    #[error("from: expected an address such as groundswell@example.org")]
    From,
    /// The receivers.
    #[error("to: expected one to {TO_MAX} addresses such as desk@example.org")]
    To,
    /// The authority.
    #[error("ca_file: expected certificates in PEM")]
    Authority,
    /// The server's name.
    #[error("host: expected the name of a mail server")]
    Host,
}

/// A way to send mail.
pub(crate) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Mailboxes,
}

impl Mail {
    pub(crate) fn new(config: &MailConfig, timeout: Duration) -> Result<Self, MailConfigError> {
        let from: Mailbox = config.from.parse().map_err(|_| MailConfigError::From)?;
        if config.to.is_empty() || config.to.len() > TO_MAX {
            return Err(MailConfigError::To);
        }
        let mut to = Mailboxes::new();
        for address in &config.to {
            to.push(address.parse().map_err(|_| MailConfigError::To)?);
        }
        let tls = match config.tls {
            MailTls::None => Tls::None,
            MailTls::Starttls => Tls::Required(parameters(config)?),
            MailTls::Always => Tls::Wrapper(parameters(config)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.as_str())
            .port(config.port)
            .tls(tls)
            // The machine's own name is nobody's business.
            .hello_name(ClientId::Domain("groundswell.invalid".to_owned()))
            .timeout(Some(timeout));
        if let Some((name, password)) = &config.account {
            builder = builder.credentials(Credentials::new(name.clone(), password.as_str().to_owned()));
        }
        Ok(Self { transport: builder.build(), from, to })
    }

    /// Sends a mail under a key: a repetition has the same Message-ID, by which mail servers and programs know it.
    pub(crate) async fn send(&self, key: &str, subject: String, text: String) -> Sent {
        let id = format!("<{key}@{}>", self.from.email.domain());
        let mut builder: MessageBuilder = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN);
        for mailbox in self.to.iter() {
            builder = builder.to(mailbox.clone());
        }
        let Ok(message) = builder.body(text) else { return Sent::NotThis("it cannot be put into a mail") };
        match self.transport.send(message).await {
            Ok(_) => Sent::Through,
            Err(error) if error.is_permanent() => Sent::NotThis("the mail server refused it for good"),
            Err(error) if error.is_transient() => {
                Sent::Later { trouble: "the mail server refused it for now", after: None }
            }
            Err(error) if error.is_timeout() => {
                Sent::Later { trouble: "the mail server did not answer in time", after: None }
            }
            Err(error) if error.is_tls() => {
                Sent::Later { trouble: "the mail server's certificate is not good, or it offers no TLS", after: None }
            }
            Err(_) => Sent::Later { trouble: "the mail server cannot be reached, or broke off", after: None },
        }
    }
}

fn parameters(config: &MailConfig) -> Result<TlsParameters, MailConfigError> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.authority {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(|_| MailConfigError::Authority)?);
    }
    builder.build_rustls().map_err(|_| MailConfigError::Host)
}
