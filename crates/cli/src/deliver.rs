//! Settings of who receives which feed, and what the postman makes of them. Addresses and secrets are in the configuration and in files
//! of mode 0600, and nowhere else: the store knows receivers by name alone.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use groundswell_deliver::{How, MailConfig, MailTls, Office, Pace, Postman, Preview, ReceiverConfig, Signer, previews};
use groundswell_gate::{DetectionRow, Released};
use groundswell_serve::{DeliveryMessage, DeliveryPreview};
use groundswell_sources::Clock;
use groundswell_store::{Outbox, Receiver, is_feed_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::audit::{self, Trail};
use crate::failure::Failure;
use crate::kafka::secret;
use crate::pipeline;
use crate::settings::{Secret, Settings};

/// Receivers, at most: each has a task and a client of its own.
const RECEIVERS_MAX: usize = 256;

/// Who receives which feed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeliverSettings {
    /// Whether receivers may be on this machine or in a private network, and be reached without TLS.
    pub(crate) private_addresses: bool,
    /// The receivers.
    pub(crate) receivers: Vec<ReceiverSettings>,
}

/// How a receiver is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReceiverKind {
    /// A request, signed as Standard Webhooks does.
    #[default]
    Webhook,
    /// An incoming webhook of Slack, Mattermost or Rocket.Chat.
    Slack,
    /// A workflow of Microsoft Teams.
    Teams,
    /// Mail.
    Email,
    /// A topic of Kafka.
    Kafka,
}

/// How the way to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encryption {
    /// By STARTTLS; a server that does not offer it gets nothing. Mail only.
    #[default]
    Starttls,
    /// From the first byte on.
    Tls,
    /// Not; for a server on this machine.
    None,
}

/// One receiver of one feed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReceiverSettings {
    /// Its name, which the audit log and every reader of the feed may read: small letters, digits, `_` and `-`.
    pub(crate) name: String,
    /// The feed.
    pub(crate) feed: String,
    /// How it is reached.
    pub(crate) kind: ReceiverKind,
    /// File that holds the address of a webhook; readable by its owner only. Whoever knows that of Slack or Teams can write there.
    pub(crate) url_file: PathBuf,
    /// The address itself; `url_file` is the better place. Never shown.
    pub(crate) url: Secret,
    /// File that holds the secret that webhooks are signed with, `whsec_` and base64; readable by its owner only.
    pub(crate) secret_file: PathBuf,
    /// The secret itself; `secret_file` is the better place. Never shown.
    pub(crate) secret: Secret,
    /// The mail server.
    pub(crate) host: String,
    /// Its port; 0: 587, with `tls = "tls"` 465, with `tls = "none"` 25.
    pub(crate) port: u16,
    /// How the way to the mail server or the brokers is encrypted.
    pub(crate) tls: Encryption,
    /// Certificates of an authority of one's own, PEM, beside those that are compiled in.
    pub(crate) ca_file: PathBuf,
    /// `host:port` of some brokers of Kafka.
    pub(crate) brokers: Vec<String>,
    /// The topic; it is not made where it is missing.
    pub(crate) topic: String,
    /// How Kafka is told who we are, if there is a user: `scram-sha-512`, `scram-sha-256` or `plain`.
    pub(crate) sasl: String,
    /// Account at the mail server or the brokers; empty: none is asked for.
    pub(crate) user: String,
    /// File that holds its password; readable by its owner only.
    pub(crate) password_file: PathBuf,
    /// The password itself; `password_file` is the better place. Never shown.
    pub(crate) password: Secret,
    /// Who sends the mail.
    pub(crate) from: String,
    /// To whom.
    pub(crate) to: Vec<String>,
    /// As a digest, every so many hours; 0: each detection at once.
    pub(crate) digest_hours: u32,
}

impl Default for ReceiverSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            feed: "everything".to_owned(),
            kind: ReceiverKind::default(),
            url_file: PathBuf::new(),
            url: Secret::default(),
            secret_file: PathBuf::new(),
            secret: Secret::default(),
            host: String::new(),
            port: 0,
            tls: Encryption::default(),
            ca_file: PathBuf::new(),
            brokers: Vec::new(),
            topic: String::new(),
            sasl: "scram-sha-512".to_owned(),
            user: String::new(),
            password_file: PathBuf::new(),
            password: Secret::default(),
            from: String::new(),
            to: Vec::new(),
            digest_hours: 0,
        }
    }
}

impl DeliverSettings {
    /// Checks what needs no file; an error names the setting.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        const KEY: &str = "deliver.receivers";
        if self.receivers.len() > RECEIVERS_MAX {
            return Err((KEY, format!("expected at most {RECEIVERS_MAX}, found {}", self.receivers.len())));
        }
        for (number, receiver) in self.receivers.iter().enumerate() {
            let wrong = |text: &str| Err((KEY, format!("receiver {}: {text}", number + 1)));
            if !is_feed_name(&receiver.name) {
                return wrong("name: expected small letters, digits, _ and -");
            }
            if !is_feed_name(&receiver.feed) {
                return wrong("feed: expected the name of a feed");
            }
            if self.receivers[..number].iter().any(|other| other.name == receiver.name) {
                return wrong("name: it stands there twice");
            }
            let given = |file: &Path, set: &Secret| (!file.as_os_str().is_empty(), !set.0.is_empty());
            let (url, key) = (given(&receiver.url_file, &receiver.url), given(&receiver.secret_file, &receiver.secret));
            if receiver.digest_hours > 0 && receiver.kind != ReceiverKind::Email {
                return wrong("digest_hours: only mail goes out as a digest");
            }
            if matches!(receiver.kind, ReceiverKind::Email | ReceiverKind::Kafka) {
                let (file, set) = given(&receiver.password_file, &receiver.password);
                if file && set || !receiver.user.is_empty() && !file && !set {
                    return wrong("password: expected password_file or password beside user");
                }
            }
            match receiver.kind {
                ReceiverKind::Kafka => {
                    if receiver.brokers.is_empty() || receiver.topic.is_empty() {
                        return wrong("expected brokers and topic for Kafka");
                    }
                    if receiver.tls == Encryption::Starttls {
                        return wrong("tls: expected tls or none for Kafka");
                    }
                    if !matches!(receiver.sasl.as_str(), "plain" | "scram-sha-256" | "scram-sha-512") {
                        return wrong("sasl: expected scram-sha-512, scram-sha-256 or plain");
                    }
                    if !cfg!(feature = "kafka") {
                        return wrong(
                            "kind: this build cannot write to Kafka; build it with `cargo build --release --features kafka` \
                             (package groundswell-cli)",
                        );
                    }
                }
                ReceiverKind::Email => {
                    if receiver.host.is_empty() || receiver.from.is_empty() || receiver.to.is_empty() {
                        return wrong("expected host, from and to for mail");
                    }
                    if receiver.digest_hours > 168 {
                        return wrong("digest_hours: expected at most 168");
                    }
                }
                kind => {
                    if url.0 == url.1 {
                        return wrong("url: expected url_file or url");
                    }
                    if kind == ReceiverKind::Webhook && key.0 == key.1 {
                        return wrong("secret: expected secret_file or secret");
                    }
                }
            }
        }
        Ok(())
    }
}

/// A secret from its file, which must be its owner's alone, else as it is set.
fn kept(key: &str, path: &Path, set: &Secret) -> Result<groundswell_deliver::Secret, Failure> {
    if !path.as_os_str().is_empty()
        && let Ok(metadata) = std::fs::metadata(path)
    {
        // What systemd hands on is opened to the service by an access control list, which shows as the group's right to read.
        let handed_on = std::env::var_os("CREDENTIALS_DIRECTORY")
            .is_some_and(|folder| !folder.is_empty() && path.starts_with(folder));
        let forbidden = if handed_on { 0o037 } else { 0o077 };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & forbidden != 0 {
            return Err(Failure::usage_text(format!(
                "{key}: {}: others can read it (mode {mode:o}); `chmod 600` it",
                path.display()
            )));
        }
    }
    secret(key, path, set).map(groundswell_deliver::Secret::new)
}

fn receiver(settings: &ReceiverSettings) -> Result<ReceiverConfig, Failure> {
    let key = |field: &str| format!("deliver.receivers: {}: {field}", settings.name);
    let url = || kept(&key("url_file"), &settings.url_file, &settings.url);
    let how = match settings.kind {
        ReceiverKind::Webhook => {
            let text = secret_text(&key("secret_file"), settings)?;
            let signer = Signer::parse(&text).map_err(|error| Failure::usage(error).context(key("secret")))?;
            How::Webhook { url: url()?, signer }
        }
        ReceiverKind::Slack => How::Slack { url: url()? },
        ReceiverKind::Teams => How::Teams { url: url()? },
        ReceiverKind::Email => How::Mail(Box::new(mail(settings, &key)?)),
        #[cfg(feature = "kafka")]
        ReceiverKind::Kafka => How::Kafka(Box::new(kafka(settings, &key)?)),
        #[cfg(not(feature = "kafka"))]
        ReceiverKind::Kafka => return Err(Failure::usage_text(format!("{}: this build has no Kafka", key("kind")))),
    };
    Ok(ReceiverConfig { name: settings.name.clone(), feed: settings.feed.clone(), how })
}

fn secret_text(key: &str, settings: &ReceiverSettings) -> Result<String, Failure> {
    kept(key, &settings.secret_file, &settings.secret)?;
    secret(key, &settings.secret_file, &settings.secret)
}

fn mail(settings: &ReceiverSettings, key: &impl Fn(&str) -> String) -> Result<MailConfig, Failure> {
    let (tls, port) = match settings.tls {
        Encryption::Starttls => (MailTls::Starttls, 587),
        Encryption::Tls => (MailTls::Always, 465),
        Encryption::None => (MailTls::None, 25),
    };
    let authority = if settings.ca_file.as_os_str().is_empty() {
        None
    } else {
        let read = std::fs::read(&settings.ca_file);
        Some(
            read.with_context(|| format!("{}: {}: cannot be read", key("ca_file"), settings.ca_file.display()))
                .map_err(Failure::usage)?,
        )
    };
    let account = if settings.user.is_empty() {
        None
    } else {
        Some((settings.user.clone(), kept(&key("password_file"), &settings.password_file, &settings.password)?))
    };
    Ok(MailConfig {
        host: settings.host.clone(),
        port: if settings.port == 0 { port } else { settings.port },
        tls,
        authority,
        account,
        from: settings.from.clone(),
        to: settings.to.clone(),
        digest: (settings.digest_hours > 0).then(|| Duration::from_secs(u64::from(settings.digest_hours) * 3_600)),
    })
}

#[cfg(feature = "kafka")]
fn kafka(
    settings: &ReceiverSettings,
    key: &impl Fn(&str) -> String,
) -> Result<groundswell_deliver::KafkaReceiver, Failure> {
    use groundswell_deliver::{Sasl, SaslMechanism, Tls};

    let sasl = if settings.user.is_empty() {
        None
    } else {
        kept(&key("password_file"), &settings.password_file, &settings.password)?;
        Some(Sasl {
            mechanism: SaslMechanism::named(&settings.sasl).unwrap_or(SaslMechanism::ScramSha512),
            user: settings.user.clone(),
            password: secret(&key("password_file"), &settings.password_file, &settings.password)?,
        })
    };
    Ok(groundswell_deliver::KafkaReceiver {
        brokers: settings.brokers.clone(),
        topic: settings.topic.clone(),
        tls: (settings.tls == Encryption::Tls).then(|| Tls {
            authorities: (!settings.ca_file.as_os_str().is_empty()).then(|| settings.ca_file.clone()),
            ..Tls::default()
        }),
        sasl,
    })
}

/// Registers the receivers in the store, tells the audit log who they are, and starts the postman; `None`: nobody receives anything.
pub(crate) fn start(
    settings: &Settings,
    runtime: &Runtime,
    clock: &Arc<dyn Clock>,
    trail: &Trail,
) -> Result<Option<Postman>, Failure> {
    let receivers = settings.deliver.receivers.iter().map(receiver).collect::<Result<Vec<_>, _>>()?;
    let office = office(settings, clock);
    let named = |(name, error): (String, groundswell_deliver::ReceiverError)| {
        Failure::usage(error).context(format!("deliver.receivers: {name}"))
    };
    Postman::check(&receivers, &office).map_err(named)?;
    let mut by_feed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for receiver in &receivers {
        by_feed.entry(receiver.feed.clone()).or_default().push(receiver.name.clone());
    }
    let outbox = runtime.block_on(async {
        let options = pipeline::store_options(settings.gate.k, false)?;
        let mut outbox = Outbox::open(&settings.data, &options).await?;
        let register: Vec<Receiver> = receivers
            .iter()
            .map(|receiver| Receiver { name: receiver.name.clone(), feed: receiver.feed.clone() })
            .collect();
        for feed in outbox.register(&register, clock.now().unix()).await? {
            tracing::warn!(target: "groundswell", "deliver.receivers: there is no feed {feed} yet; `groundswell feed add` makes it");
        }
        Ok::<_, Failure>(outbox)
    })?;
    trail.receivers(&by_feed)?;
    if receivers.is_empty() {
        return Ok(None);
    }
    let _entered = runtime.enter();
    Postman::start(receivers, outbox, &office).map(Some).map_err(named)
}

/// Shows what would be sent, by what sends it.
pub(crate) struct Previews(Office);

impl Previews {
    pub(crate) fn new(settings: &Settings, clock: &Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self(office(settings, clock)))
    }
}

impl DeliveryPreview for Previews {
    fn preview(&self, feed: &str, row: Released<DetectionRow>) -> Vec<DeliveryMessage> {
        let message = |Preview { kind, subject, body }| DeliveryMessage { kind, subject, body };
        previews(feed, row, &self.0).into_iter().map(message).collect()
    }
}

fn office(settings: &Settings, clock: &Arc<dyn Clock>) -> Office {
    let (clock, read) = (Arc::clone(clock), settings.clone());
    Office {
        now: Arc::new(move || clock.now().unix()),
        checkpoint: Arc::new(move || Trail::newest_head(&read)),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: audit::build(),
        page: settings.server.public_url.trim_end_matches('/').to_owned(),
        private_addresses: settings.deliver.private_addresses,
        pace: Pace::default(),
    }
}
