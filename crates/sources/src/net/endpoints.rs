//! Several servers that offer the same: after a failure comes the next one that need not be waited for.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::trouble::Failure;

#[derive(Debug)]
struct Endpoint {
    backoff: Backoff,
    /// When it may be tried again.
    ready: Option<Instant>,
}

/// Which of the endpoints comes next, and when. Each has waits of its own: one that asks for an hour of patience does not
/// keep from the others.
#[derive(Debug)]
pub(crate) struct Endpoints {
    all: Vec<Endpoint>,
    current: usize,
}

impl Endpoints {
    pub(crate) fn new(count: usize, min: Duration, max: Duration, seed: u64) -> Self {
        let endpoint =
            |number: u64| Endpoint { backoff: Backoff::new(min, max, seed.wrapping_add(number)), ready: None };
        Self { all: (0..count as u64).map(endpoint).collect(), current: 0 }
    }

    pub(crate) fn current(&self) -> usize {
        self.current
    }

    /// A message came: the endpoint's waits start small again.
    pub(crate) fn proved(&mut self) {
        self.all[self.current].backoff.reset();
    }

    /// The current one failed: goes on to the next and tells how long to wait before it is tried.
    pub(crate) fn failed(&mut self, failure: Failure) -> Duration {
        let now = Instant::now();
        let endpoint = &mut self.all[self.current];
        endpoint.ready = Some(now + endpoint.backoff.after(failure));
        let count = self.all.len();
        let order = (1..=count).map(|step| (self.current + step) % count);
        self.current = order.min_by_key(|&at| self.all[at].ready.filter(|ready| *ready > now)).unwrap_or(self.current);
        self.all[self.current].ready.map_or(Duration::ZERO, |ready| ready.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Trouble;

    #[tokio::test(start_paused = true)]
    async fn the_next_one_that_need_not_be_waited_for_comes_next() {
        let (min, max) = (Duration::from_secs(1), Duration::from_secs(8));
        let mut endpoints = Endpoints::new(3, min, max, 1);
        let patience = Failure { trouble: Trouble::RateLimited, retry_after: Some(Duration::from_secs(100)) };
        assert_eq!((endpoints.failed(patience), endpoints.current()), (Duration::ZERO, 1));
        assert_eq!((endpoints.failed(Trouble::Refused.into()), endpoints.current()), (Duration::ZERO, 2));
        // All have failed: the first of the waits that ends.
        let wait = endpoints.failed(patience);
        assert_eq!(endpoints.current(), 1);
        assert!(wait <= min && wait > Duration::ZERO);
        tokio::time::advance(wait).await;
        for _ in 0..5 {
            let wait = endpoints.failed(Trouble::Refused.into());
            assert_eq!(endpoints.current(), 1, "the others asked for 100 s");
            assert!(wait <= max);
            tokio::time::advance(wait).await;
        }
        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(endpoints.failed(Trouble::Refused.into()), Duration::ZERO);
        assert_eq!(endpoints.current(), 2);
    }
}
