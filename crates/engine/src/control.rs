//! How a running dataflow is told to stop, and how it tells that it must.

use std::sync::atomic::{AtomicBool, Ordering};

/// Shared between the dataflow, its sources and whoever started it.
#[derive(Debug, Default)]
pub struct Control {
    stopped: AtomicBool,
}

impl Control {
    /// Asks for an ordered stop: sources end, windows still open are dropped.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Whether a stop was asked for.
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}
