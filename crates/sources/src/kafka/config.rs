//! Settings of the Kafka source, and librdkafka's words for them.

use std::time::Duration;

use groundswell_net::kafka::{Brokers, BrokersError, Sasl, Tls, is_topic};
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
    /// No way to the brokers.
    #[error(transparent)]
    Brokers(#[from] BrokersError),
    /// No topic.
    #[error("topics: expected at least one, found none")]
    NoTopics,
    /// A name that Kafka does not know.
    #[error("topics: expected 1 to 249 letters, digits, dots, underscores and hyphens, found `{0}`")]
    Topic(String),
}

impl KafkaConfig {
    /// Checks what can be checked without a broker.
    pub fn check(&self) -> Result<(), KafkaConfigError> {
        self.way().check()?;
        if self.topics.is_empty() {
            return Err(KafkaConfigError::NoTopics);
        }
        if let Some(topic) = self.topics.iter().find(|topic| !is_topic(topic)) {
            return Err(KafkaConfigError::Topic(topic.clone()));
        }
        Ok(())
    }

    /// Whether this process of the cluster reads a partition.
    pub(crate) fn is_ours(&self, partition: i32) -> bool {
        let (process, processes) = self.share;
        usize::try_from(partition).is_ok_and(|partition| partition % processes.max(1) == process)
    }

    fn way(&self) -> Brokers<'_> {
        Brokers { addresses: &self.brokers, tls: self.tls.as_ref(), sasl: self.sasl.as_ref() }
    }

    /// The same in librdkafka's words.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut client = self.way().client();
        let queued_kib = QUEUED_KIB_MAX.to_string();
        client
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
            // A half-open connection: a fetch is answered within `fetch.wait.max.ms`, so silence is trouble.
            .set("socket.timeout.ms", "15000")
            .set("statistics.interval.ms", "1000");
        client
    }
}

#[cfg(test)]
mod tests {
    use groundswell_net::kafka::SaslMechanism;

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
