//! A topic of Kafka as a receiver: each detection is one message, and through when all replicas that are in step have it.

use std::time::Duration;

use groundswell_net::kafka::{Brokers, BrokersError, Sasl, Tls, is_topic};
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use tokio::sync::oneshot;

use crate::postman::Sent;

/// Settings of a topic that receives a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaReceiver {
    /// `host:port` of some brokers; the others are learnt from these.
    pub brokers: Vec<String>,
    /// The topic. It is not made where it is missing.
    pub topic: String,
    /// `None`: in the clear.
    pub tls: Option<Tls>,
    /// `None`: nobody in particular.
    pub sasl: Option<Sasl>,
}

/// Why settings cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KafkaReceiverError {
    /// The way to the brokers.
    #[error(transparent)]
    Brokers(#[from] BrokersError),
    /// A name that Kafka does not know.
    #[error("topic: expected 1 to 249 letters, digits, dots, underscores and hyphens, found `{0}`")]
    Topic(String),
    /// librdkafka takes no such settings.
    #[error("cannot make a Kafka client")]
    Client,
}

/// Hands what became of a message to whoever waits for it.
struct Told;

impl ClientContext for Told {
    // What librdkafka has to say of its connections is told as a trouble of the delivery.
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, _: KafkaError, _: &str) {}
}

impl ProducerContext for Told {
    type DeliveryOpaque = Box<oneshot::Sender<Option<RDKafkaErrorCode>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, told: Self::DeliveryOpaque) {
        let error =
            result.as_ref().err().map(|(error, _)| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail));
        // Nobody waits any longer: it is sent again, under the same key.
        let _ = told.send(error);
    }
}

/// A producer of one receiver.
pub(crate) struct Kafka {
    producer: ThreadedProducer<Told>,
    topic: String,
}

impl Kafka {
    pub(crate) fn new(config: &KafkaReceiver, timeout: Duration) -> Result<Self, KafkaReceiverError> {
        let brokers = Brokers { addresses: &config.brokers, tls: config.tls.as_ref(), sasl: config.sasl.as_ref() };
        brokers.check()?;
        if !is_topic(&config.topic) {
            return Err(KafkaReceiverError::Topic(config.topic.clone()));
        }
        let timeout = timeout.as_millis().clamp(1_000, 900_000).to_string();
        let mut client = brokers.client();
        client
            // All replicas in step; each message once as long as this producer lives. After a crash it comes again: its key says so.
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", &timeout)
            .set("socket.timeout.ms", "10000")
            .set("linger.ms", "0")
            .set("allow.auto.create.topics", "false")
            // One message at a time is on its way.
            .set("queue.buffering.max.kbytes", "16384")
            .set("compression.type", "zstd");
        let producer = client.create_with_context(Told).map_err(|_| KafkaReceiverError::Client)?;
        Ok(Self { producer, topic: config.topic.clone() })
    }

    /// Sends a body, keyed by the detection, and says what became of it. `key` goes along as `webhook-id`, as it does with webhooks.
    pub(crate) async fn send(&self, detection: &str, key: &str, body: &str) -> Sent {
        let (told, outcome) = oneshot::channel();
        let header = |name, value| Header { key: name, value: Some(value) };
        let headers =
            OwnedHeaders::new().insert(header("webhook-id", key)).insert(header("content-type", "application/json"));
        let record =
            BaseRecord::with_opaque_to(&self.topic, Box::new(told)).key(detection).payload(body).headers(headers);
        if let Err((error, _)) = self.producer.send(record) {
            return sent(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail));
        }
        match outcome.await {
            Ok(None) => Sent::Through,
            Ok(Some(error)) => sent(error),
            Err(_) => Sent::Later { trouble: "the message was dropped", after: None },
        }
    }
}

/// What an error means, in fixed words.
fn sent(error: RDKafkaErrorCode) -> Sent {
    use RDKafkaErrorCode as Code;
    let later = |trouble| Sent::Later { trouble, after: None };
    match error {
        Code::MessageSizeTooLarge | Code::InvalidMessageSize => Sent::NotThis("the message is too large for the topic"),
        Code::InvalidRecord | Code::InvalidMessage => Sent::NotThis("it answered that it does not understand this"),
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => later("there is no such topic"),
        Code::TopicAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::Authentication
        | Code::SaslAuthenticationFailed => later("it answered that this is not allowed"),
        Code::NotEnoughReplicas | Code::NotEnoughReplicasAfterAppend => later("too few replicas are in step"),
        Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve => later("no connection could be made"),
        Code::MessageTimedOut | Code::OperationTimedOut | Code::RequestTimedOut => later("it did not answer in time"),
        Code::QueueFull => later("too much is on its way already"),
        _ => later("it answered with an error of its own"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        let config = KafkaReceiver {
            brokers: vec!["kafka.example:9092".to_owned()],
            topic: "detections".to_owned(),
            tls: None,
            sasl: None,
        };
        let wrong = |config: KafkaReceiver| Kafka::new(&config, Duration::from_secs(5)).err().unwrap().to_string();
        assert!(Kafka::new(&config, Duration::from_secs(5)).is_ok(), "librdkafka takes every setting");
        assert_eq!(
            wrong(KafkaReceiver { brokers: Vec::new(), ..config.clone() }),
            "brokers: expected at least one host:port, found none"
        );
        assert!(wrong(KafkaReceiver { topic: "../x".to_owned(), ..config }).starts_with("topic: expected 1 to 249"));
    }
}
