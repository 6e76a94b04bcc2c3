//! What the Kafka source is doing, beyond the state of its connection.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::Statistics;
use rdkafka::error::RDKafkaErrorCode;

use crate::clock::Clock;
use crate::counters::counters;
use crate::live::{LivePart, LiveStatus, Trouble};

/// Shared between the source's thread and whoever watches.
#[derive(Debug)]
pub struct KafkaReport {
    live: Arc<LiveStatus>,
    pub(crate) part: LivePart,
    pub(crate) partitions: AtomicU64,
    pub(crate) partitions_full: AtomicU64,
    pub(crate) empty: AtomicU64,
    pub(crate) too_long: AtomicU64,
    pub(crate) gone: AtomicU64,
    pub(crate) begun_anew: AtomicU64,
    brokers_up: AtomicU64,
    lag: AtomicI64,
    /// What the last statistics said of each partition and was not taken yet.
    behind: Mutex<Vec<(String, i32, bool)>>,
    trouble: Mutex<Option<Trouble>>,
    missing: Mutex<Vec<String>>,
}

impl KafkaReport {
    counters! {
        /// Partitions that are read.
        partitions,
        /// How often a partition was left out because [`super::PARTITIONS_MAX`] were open.
        partitions_full,
        /// Messages without a value or of white space alone, passed over.
        empty,
        /// Messages over the bound of a record, each a rejection.
        too_long,
        /// Messages that Kafka had dropped before they were read.
        gone,
        /// How often a partition's log was found to be another than before, and begun anew.
        begun_anew,
        /// Brokers with a working connection, as of the last second.
        brokers_up,
    }

    pub(crate) fn new(name: &str, clock: Arc<dyn Clock>) -> Self {
        let live = LiveStatus::new(clock);
        Self {
            part: live.part(name),
            live,
            partitions: AtomicU64::new(0),
            partitions_full: AtomicU64::new(0),
            empty: AtomicU64::new(0),
            too_long: AtomicU64::new(0),
            gone: AtomicU64::new(0),
            begun_anew: AtomicU64::new(0),
            brokers_up: AtomicU64::new(0),
            lag: AtomicI64::new(-1),
            behind: Mutex::default(),
            trouble: Mutex::default(),
            missing: Mutex::default(),
        }
    }

    /// The state of the connection and what came over it. One part stands for all brokers: librdkafka keeps a connection to
    /// each that leads a partition of ours.
    pub fn live(&self) -> &Arc<LiveStatus> {
        &self.live
    }

    /// Topics that cannot be read, each with the reason; told by their configured names.
    pub fn missing(&self) -> Vec<String> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_missing(&self, missing: Vec<String>) {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = missing;
    }

    /// Messages that are waiting in Kafka, over all our partitions; `None` where it is not known.
    pub fn lag(&self) -> Option<u64> {
        u64::try_from(self.lag.load(Ordering::Relaxed)).ok()
    }

    /// Partitions of which it was said anew whether they have unread messages.
    pub(crate) fn take_behind(&self) -> Vec<(String, i32, bool)> {
        std::mem::take(&mut *self.behind.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn set_trouble(&self, trouble: Option<Trouble>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what librdkafka says of itself every second.
    pub(crate) fn take(&self, statistics: &Statistics) {
        let up = statistics.brokers.values().filter(|broker| broker.nodeid >= 0 && broker.state == "UP").count();
        self.brokers_up.store(up as u64, Ordering::Relaxed);
        if up > 0 {
            self.part.sign_of_life();
        }
        let lags = statistics
            .topics
            .values()
            .flat_map(|topic| topic.partitions.values())
            .filter(|partition| partition.desired && partition.partition >= 0)
            .map(|partition| {
                // What was handed to us last, or where fetching begins while that was nothing.
                let at = if partition.app_offset >= 0 { partition.app_offset } else { partition.next_offset };
                if at < 0 || partition.ls_offset < 0 { -1 } else { (partition.ls_offset - at).max(0) }
            });
        let told = statistics.topics.iter().flat_map(|(topic, of)| {
            let told = move |partition: &rdkafka::statistics::Partition| {
                let behind = is_behind(partition.fetchq_cnt, partition.next_offset, partition.ls_offset)?;
                (partition.desired && partition.partition >= 0).then(|| (topic.clone(), partition.partition, behind))
            };
            of.partitions.values().filter_map(told)
        });
        *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = told.collect();
        // One that is not known makes the sum unknown.
        let lag = lags.fold(0_i64, |sum, lag| if sum < 0 || lag < 0 { -1 } else { sum.saturating_add(lag) });
        self.lag.store(lag, Ordering::Relaxed);
    }
}

/// Whether a partition has messages that were not handed to us: some that are fetched already, or some between the next fetch
/// and the end of its log. `None` where the ends are not known yet.
///
/// Not by the offset of the last message: what ends a transaction takes an offset and is never handed out.
fn is_behind(fetched: i64, next_fetch: i64, end: i64) -> Option<bool> {
    if fetched > 0 {
        return Some(true);
    }
    (next_fetch >= 0 && end >= 0).then_some(next_fetch < end)
}

/// What went wrong, in our words. `reason` is librdkafka's own text, of which only what the system said is looked at.
pub(crate) fn trouble_of(code: Option<RDKafkaErrorCode>, reason: &str) -> Trouble {
    use RDKafkaErrorCode as Code;
    match code {
        Some(Code::Resolve) => Trouble::NoAddress,
        Some(Code::SSL) => Trouble::Tls,
        Some(Code::BrokerTransportFailure) if reason.contains("SSL") => Trouble::Tls,
        Some(Code::BrokerTransportFailure) if reason.contains("refused") => Trouble::Refused,
        Some(Code::BrokerTransportFailure) if reason.contains("unreachable") => Trouble::Unreachable,
        Some(Code::BrokerTransportFailure) => Trouble::Broken,
        Some(Code::OperationTimedOut | Code::RequestTimedOut) => Trouble::TimedOut,
        Some(
            Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::GroupAuthorizationFailed,
        ) => Trouble::Unauthorized,
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => Trouble::NotOffered,
        Some(Code::BadMessage | Code::InvalidMessage) => Trouble::BadAnswer,
        Some(Code::BadCompression | Code::UnsupportedCompressionType) => Trouble::BadCompression,
        _ => Trouble::ServerError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_behind_while_anything_of_it_is_unread() {
        for (fetched, next_fetch, end, expected) in [
            (0, -1001, 5, None),
            (0, 5, -1, None),
            (0, 5, 5, Some(false)),
            (0, 4, 5, Some(true)),
            (3, 5, 5, Some(true)),
            (3, -1001, -1, Some(true)),
            // Offsets 5 to 7 were a transaction of two messages and its end.
            (0, 8, 8, Some(false)),
        ] {
            assert_eq!(is_behind(fetched, next_fetch, end), expected, "{fetched} {next_fetch} {end}");
        }
    }
}
