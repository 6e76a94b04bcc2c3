//! Kafka: reads the partitions of topics, each message one post in the file format of the contract.
//!
//! Partitions are assigned by ourselves and not by a consumer group: where to go on is kept beside the counts that it belongs
//! to ([`crate::Position`]: key `topic/partition`, value the next offset), so that counts and place can never part.
//! A Kafka partition is one of our partitions, with a clock of its own; the workers take its blocks side by side.
//! Several processes of a cluster share a topic by number: partition `i` is read by process `i mod n`.
//!
//! Kafka can wait: while the channel is full nothing is polled, and librdkafka stops fetching at [`QUEUED_KIB_MAX`].
//!
//! Sources: the Kafka protocol guide; librdkafka's CONFIGURATION.md and INTRODUCTION.md.

mod batch;
mod config;
mod connect;
mod plan;
mod status;

pub use config::{KafkaConfig, KafkaConfigError, StartAt};
pub use connect::{BATCH_BYTES_MAX, Kafka, PARTITIONS_MAX, QUEUED_KIB_MAX};
pub use groundswell_net::kafka::{Sasl, SaslMechanism, Tls};
pub use status::KafkaReport;
