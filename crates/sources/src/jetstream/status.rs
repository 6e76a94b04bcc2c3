//! What a live source is doing: for the page, for `/readyz`, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the connection is doing now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LiveState {
    /// Not started, or stopped.
    #[default]
    Stopped,
    /// Connecting to an endpoint.
    Connecting {
        /// Which one.
        endpoint: String,
    },
    /// Messages are coming.
    Live {
        /// From where.
        endpoint: String,
    },
    /// Connected, but no message has come for a while.
    Idle {
        /// From where.
        endpoint: String,
    },
    /// Waiting before the next try.
    Retrying {
        /// The endpoint that failed.
        endpoint: String,
        /// How long the wait is in all.
        wait: Duration,
        /// What went wrong.
        error: String,
    },
}

/// Shared between the connection's thread and whoever watches.
#[derive(Debug, Default)]
pub struct LiveStatus {
    state: Mutex<LiveState>,
    messages: AtomicU64,
    bytes: AtomicU64,
    connections: AtomicU64,
    failures: AtomicU64,
    too_long: AtomicU64,
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        pub fn $name(&self) -> u64 {
            self.$name.load(Ordering::Relaxed)
        }
    )* };
}

impl LiveStatus {
    /// What the connection is doing now.
    pub fn state(&self) -> LiveState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    counters! {
        /// Messages received since the start.
        messages,
        /// Bytes received since the start.
        bytes,
        /// How often a connection was made.
        connections,
        /// How often a connection failed or broke.
        failures,
        /// Messages over the bound, each of which ended its connection.
        too_long,
    }

    pub(crate) fn set(&self, state: LiveState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    pub(crate) fn count_message(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_too_long(&self) {
        self.too_long.fetch_add(1, Ordering::Relaxed);
    }
}
