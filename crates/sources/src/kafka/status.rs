//! What the Kafka source is doing, beyond the state of its connection.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::Statistics;

use crate::jetstream::LiveStatus;

/// Shared between the source's thread and whoever watches.
#[derive(Debug, Default)]
pub struct KafkaReport {
    pub(crate) live: LiveStatus,
    pub(crate) partitions: AtomicU64,
    pub(crate) partitions_full: AtomicU64,
    pub(crate) empty: AtomicU64,
    pub(crate) too_long: AtomicU64,
    pub(crate) gone: AtomicU64,
    pub(crate) begun_anew: AtomicU64,
    brokers_up: AtomicU64,
    lag: AtomicI64,
    trouble: Mutex<Option<String>>,
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        pub fn $name(&self) -> u64 {
            self.$name.load(Ordering::Relaxed)
        }
    )* };
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

    /// The state of the connection and what came over it.
    pub fn live(&self) -> &LiveStatus {
        &self.live
    }

    /// Messages that are waiting in Kafka, over all our partitions; `None` where it is not known.
    pub fn lag(&self) -> Option<u64> {
        u64::try_from(self.lag.load(Ordering::Relaxed)).ok()
    }

    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn set_trouble(&self, text: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what librdkafka says of itself every second.
    pub(crate) fn take(&self, statistics: &Statistics) {
        let up = statistics.brokers.values().filter(|broker| broker.nodeid >= 0 && broker.state == "UP").count();
        self.brokers_up.store(up as u64, Ordering::Relaxed);
        let lags = statistics
            .topics
            .values()
            .flat_map(|topic| topic.partitions.values())
            .filter(|partition| partition.desired && partition.partition >= 0)
            .map(|partition| partition.consumer_lag);
        // One that is not known makes the sum unknown.
        let lag = lags.fold(0_i64, |sum, lag| if sum < 0 || lag < 0 { -1 } else { sum.saturating_add(lag) });
        self.lag.store(lag, Ordering::Relaxed);
    }
}
