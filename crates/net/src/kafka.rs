//! The way to a Kafka broker, in librdkafka's words: for the source that reads topics and the receiver that writes to one.

use std::fmt;
use std::path::PathBuf;

use rdkafka::ClientConfig;

/// Encryption on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates that are trusted (PEM); the system's if none is given.
    pub authorities: Option<PathBuf>,
    /// Our own certificate (PEM), where the broker asks for one.
    pub certificate: Option<PathBuf>,
    /// Its key (PEM).
    pub key: Option<PathBuf>,
}

/// How we say who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslMechanism {
    /// User and password as they are: over TLS only.
    Plain,
    /// SCRAM with SHA-256.
    ScramSha256,
    /// SCRAM with SHA-512.
    ScramSha512,
}

impl SaslMechanism {
    /// The one of this name, in small letters as settings have it or as the protocol does.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Plain, Self::ScramSha256, Self::ScramSha512]
            .into_iter()
            .find(|mechanism| mechanism.as_str().eq_ignore_ascii_case(name))
    }

    /// The name by which the protocol knows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// User and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Sasl {
    /// The mechanism.
    pub mechanism: SaslMechanism,
    /// The user.
    pub user: String,
    /// The password; never shown.
    pub password: String,
}

impl fmt::Debug for Sasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sasl").field("mechanism", &self.mechanism).field("user", &self.user).finish_non_exhaustive()
    }
}

/// Why there is no such way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokersError {
    /// No broker.
    #[error("brokers: expected at least one host:port, found none")]
    None,
    /// No `host:port`.
    #[error("brokers: expected host:port, found `{0}`")]
    Address(String),
    /// The password would be readable on its way.
    #[error("sasl: PLAIN sends the password as it is; switch tls on, or use scram-sha-256 or scram-sha-512")]
    PlainInTheClear,
    /// A file of certificates or keys that cannot be read.
    #[error("tls: {0}: cannot be read: {1}")]
    File(PathBuf, std::io::ErrorKind),
}

/// Some brokers of a cluster, and how they are spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Brokers<'a> {
    /// `host:port` of some; the others are learnt from these.
    pub addresses: &'a [String],
    /// `None`: in the clear.
    pub tls: Option<&'a Tls>,
    /// `None`: nobody in particular.
    pub sasl: Option<&'a Sasl>,
}

impl Brokers<'_> {
    /// Checks what can be checked without a broker.
    pub fn check(&self) -> Result<(), BrokersError> {
        if self.addresses.is_empty() {
            return Err(BrokersError::None);
        }
        let is_address = |broker: &String| {
            broker.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && !host.contains([',', '/', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
        };
        if let Some(broker) = self.addresses.iter().find(|broker| !is_address(broker)) {
            return Err(BrokersError::Address(broker.clone()));
        }
        if let Some(tls) = self.tls {
            for path in [&tls.authorities, &tls.certificate, &tls.key].into_iter().flatten() {
                // librdkafka says that something is wrong, and not with which file.
                std::fs::File::open(path).map_err(|error| BrokersError::File(path.clone(), error.kind()))?;
            }
        }
        let plain = self.sasl.is_some_and(|sasl| sasl.mechanism == SaslMechanism::Plain);
        if plain && self.tls.is_none() && !self.addresses.iter().all(|broker| is_loopback(broker)) {
            return Err(BrokersError::PlainInTheClear);
        }
        Ok(())
    }

    /// Settings of a client, for its way to the brokers.
    pub fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("client.id", "groundswell")
            .set("bootstrap.servers", self.addresses.join(","))
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "5000")
            .set("socket.keepalive.enable", "true")
            .set("socket.connection.setup.timeout.ms", "10000")
            .set("log.connection.close", "false");
        let protocol = match (self.tls, self.sasl) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        client.set("security.protocol", protocol);
        if let Some(tls) = self.tls {
            client.set("ssl.endpoint.identification.algorithm", "https");
            for (key, path) in [
                ("ssl.ca.location", &tls.authorities),
                ("ssl.certificate.location", &tls.certificate),
                ("ssl.key.location", &tls.key),
            ] {
                if let Some(path) = path {
                    client.set(key, path.to_string_lossy());
                }
            }
        }
        if let Some(sasl) = self.sasl {
            client
                .set("sasl.mechanism", sasl.mechanism.as_str())
                .set("sasl.username", &sasl.user)
                .set("sasl.password", &sasl.password);
        }
        client
    }
}

/// Whether Kafka knows topics of this name.
pub fn is_topic(topic: &str) -> bool {
    (1..=249).contains(&topic.len())
        && topic != "."
        && topic != ".."
        && topic.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_loopback(broker: &str) -> bool {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
