//! Settings of the Kafka source, and librdkafka's words for them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use groundswell_post::EventTime;
use rdkafka::ClientConfig;

use super::connect::QUEUED_KIB_MAX;

/// Where a partition begins of which no position is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartAt {
    /// With its oldest message.
    Earliest,
    /// With what comes from now on. A partition that appears while running begins with its oldest message all the same.
    #[default]
    Latest,
    /// With the first message that Kafka's own timestamp puts at or after this time.
    Time(EventTime),
}

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

/// Settings of the Kafka source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaConfig {
    /// The source's name.
    pub name: String,
    /// `host:port` of some brokers; the others are learnt from these.
    pub brokers: Vec<String>,
    /// The topics.
    pub topics: Vec<String>,
    /// Where to begin without a position.
    pub start: StartAt,
    /// How far out of order a partition's posts may be.
    pub lateness: Duration,
    /// `None`: in the clear.
    pub tls: Option<Tls>,
    /// `None`: nobody in particular.
    pub sasl: Option<Sasl>,
    /// How often to look for new partitions, and for a topic that is missing.
    pub look_every: Duration,
    /// Which process of a cluster this is, and of how many.
    pub share: (usize, usize),
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            name: "kafka".to_owned(),
            brokers: Vec::new(),
            topics: Vec::new(),
            start: StartAt::default(),
            lateness: Duration::from_mins(1),
            tls: None,
            sasl: None,
            look_every: Duration::from_secs(30),
            share: (0, 1),
        }
    }
}

/// Why settings cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaConfigError {
    /// No broker.
    #[error("brokers: expected at least one host:port, found none")]
    NoBrokers,
    /// No `host:port`.
    #[error("brokers: expected host:port, found `{0}`")]
    Broker(String),
    /// No topic.
    #[error("topics: expected at least one, found none")]
    NoTopics,
    /// A name that Kafka does not know.
    #[error("topics: expected 1 to 249 letters, digits, dots, underscores and hyphens, found `{0}`")]
    Topic(String),
    /// The password would be readable on its way.
    #[error("sasl: PLAIN sends the password as it is; switch tls on, or use scram-sha-256 or scram-sha-512")]
    PlainInTheClear,
    /// A file of certificates or keys that cannot be read.
    #[error("tls: {0}: cannot be read: {1}")]
    File(PathBuf, std::io::ErrorKind),
}

impl KafkaConfig {
    /// Checks what can be checked without a broker.
    pub fn check(&self) -> Result<(), KafkaConfigError> {
        if self.brokers.is_empty() {
            return Err(KafkaConfigError::NoBrokers);
        }
        let is_address = |broker: &String| {
            broker.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && !host.contains([',', '/', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
        };
        if let Some(broker) = self.brokers.iter().find(|broker| !is_address(broker)) {
            return Err(KafkaConfigError::Broker(broker.clone()));
        }
        if self.topics.is_empty() {
            return Err(KafkaConfigError::NoTopics);
        }
        let is_topic = |topic: &String| {
            (1..=249).contains(&topic.len())
                && topic != "."
                && topic != ".."
                && topic.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        if let Some(topic) = self.topics.iter().find(|topic| !is_topic(topic)) {
            return Err(KafkaConfigError::Topic(topic.clone()));
        }
        if let Some(tls) = &self.tls {
            for path in [&tls.authorities, &tls.certificate, &tls.key].into_iter().flatten() {
                // librdkafka says that something is wrong, and not with which file.
                std::fs::File::open(path).map_err(|error| KafkaConfigError::File(path.clone(), error.kind()))?;
            }
        }
        let plain = self.sasl.as_ref().is_some_and(|sasl| sasl.mechanism == SaslMechanism::Plain);
        if plain && self.tls.is_none() && !self.brokers.iter().all(|broker| is_loopback(broker)) {
            return Err(KafkaConfigError::PlainInTheClear);
        }
        Ok(())
    }

    /// Whether this process of the cluster reads a partition.
    pub(crate) fn is_ours(&self, partition: i32) -> bool {
        let (process, processes) = self.share;
        usize::try_from(partition).is_ok_and(|partition| partition % processes.max(1) == process)
    }

    /// The same in librdkafka's words.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        let queued_kib = QUEUED_KIB_MAX.to_string();
        client
            .set("client.id", "groundswell")
            .set("bootstrap.servers", self.brokers.join(","))
            // Needed to poll a consumer at all. No group is joined: partitions are assigned by ourselves, and nothing is
            // committed to it.
            .set("group.id", "groundswell")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // What to do about an offset that is gone is our decision, and it is told.
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("allow.auto.create.topics", "false")
            .set("check.crcs", "true")
            .set("queued.max.messages.kbytes", &queued_kib)
            .set("queued.min.messages", "100000")
            .set("fetch.message.max.bytes", "1048576")
            .set("fetch.max.bytes", "16777216")
            .set("fetch.wait.max.ms", "100")
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "5000")
            .set("socket.keepalive.enable", "true")
            // A half-open connection: a fetch is answered within `fetch.wait.max.ms`, so silence is trouble.
            .set("socket.timeout.ms", "15000")
            .set("socket.connection.setup.timeout.ms", "10000")
            .set("statistics.interval.ms", "1000")
            .set("log.connection.close", "false");
        let protocol = match (&self.tls, &self.sasl) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        client.set("security.protocol", protocol);
        if let Some(tls) = &self.tls {
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
        if let Some(sasl) = &self.sasl {
            client
                .set("sasl.mechanism", sasl.mechanism.as_str())
                .set("sasl.username", &sasl.user)
                .set("sasl.password", &sasl.password);
        }
        client
    }
}

fn is_loopback(broker: &str) -> bool {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> KafkaConfig {
        KafkaConfig {
            brokers: vec!["kafka.example:9092".to_owned()],
            topics: vec!["posts".to_owned()],
            ..KafkaConfig::default()
        }
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(config().check(), Ok(()));
        let sasl = Sasl { mechanism: SaslMechanism::Plain, user: "u".to_owned(), password: "hush".to_owned() };
        let plain = KafkaConfig { sasl: Some(sasl), ..config() };
        let errors = [
            KafkaConfig { brokers: Vec::new(), ..config() },
            KafkaConfig { brokers: vec!["kafka.example".to_owned()], ..config() },
            KafkaConfig { brokers: vec!["a:1,b:2".to_owned()], ..config() },
            KafkaConfig { topics: Vec::new(), ..config() },
            KafkaConfig { topics: vec!["^all.*".to_owned()], ..config() },
            plain.clone(),
        ]
        .map(|config| config.check().expect_err("cannot work").to_string());
        insta::assert_snapshot!(errors.join("\n"), @r"
        brokers: expected at least one host:port, found none
        brokers: expected host:port, found `kafka.example`
        brokers: expected host:port, found `a:1,b:2`
        topics: expected at least one, found none
        topics: expected 1 to 249 letters, digits, dots, underscores and hyphens, found `^all.*`
        sasl: PLAIN sends the password as it is; switch tls on, or use scram-sha-256 or scram-sha-512
        ");
        assert_eq!(KafkaConfig { tls: Some(Tls::default()), ..plain.clone() }.check(), Ok(()));
        assert_eq!(KafkaConfig { brokers: vec!["127.0.0.1:9092".to_owned()], ..plain.clone() }.check(), Ok(()));
        assert!(!format!("{plain:?}").contains("hush"));
    }

    #[test]
    fn librdkafka_takes_every_setting() {
        let sasl = Sasl { mechanism: SaslMechanism::ScramSha512, user: "u".to_owned(), password: "p".to_owned() };
        for (tls, sasl) in
            [(None, None), (Some(Tls::default()), None), (None, Some(sasl.clone())), (Some(Tls::default()), Some(sasl))]
        {
            let client = KafkaConfig { tls, sasl, ..config() }.client();
            client.create_native_config().expect("each is known and valid");
        }
    }

    #[test]
    fn each_partition_is_read_by_one_process() {
        for processes in 1..5 {
            for partition in 0..20 {
                let readers =
                    (0..processes).filter(|&i| KafkaConfig { share: (i, processes), ..config() }.is_ours(partition));
                assert_eq!(readers.count(), 1, "{partition} of {processes}");
            }
        }
    }
}
