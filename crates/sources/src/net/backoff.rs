//! Growing, jittered waits between tries.
//!
//! "Full jitter" after M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015: each wait is drawn evenly from
//! zero to a ceiling that doubles, so that many clients of a server that comes back do not come back at one moment.

use std::time::Duration;

use super::trouble::Failure;

/// The shortest wait, so that no draw makes a busy loop.
const WAIT_MIN: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    failures: u32,
    state: u64,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration, seed: u64) -> Self {
        Self { min, max, failures: 0, state: seed }
    }

    /// After a success the waits start small again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    fn ceiling(&self) -> Duration {
        self.min.saturating_mul(1_u32 << self.failures.min(20)).min(self.max)
    }

    pub(crate) fn next(&mut self) -> Duration {
        let ceiling = self.ceiling();
        self.failures = self.failures.saturating_add(1);
        // The top 53 bits as a fraction of one.
        let fraction = (self.random() >> 11) as f64 / (1_u64 << 53) as f64;
        ceiling.mul_f64(fraction).max(WAIT_MIN.min(ceiling))
    }

    /// The wait after a failure: what the server asked for and a little more, so that not all who were asked come back at one
    /// moment; the longest where somebody has to change something first.
    pub(crate) fn after(&mut self, failure: Failure) -> Duration {
        let wait = self.next();
        match failure.retry_after {
            Some(asked) => asked + wait.min(asked / 4),
            None if failure.trouble.needs_someone() => self.max,
            None => wait,
        }
    }

    /// splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_double_up_to_the_highest_and_start_again() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1), 1);
        let mut ceilings = Vec::new();
        for _ in 0..8 {
            let ceiling = backoff.ceiling();
            ceilings.push(ceiling.as_secs());
            assert!(backoff.next() <= ceiling);
        }
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.ceiling().as_secs(), 1);
    }

    #[test]
    fn waits_differ_by_seed_and_are_the_same_for_one_seed() {
        let waits = |seed| {
            let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1), seed);
            [(); 5].map(|()| backoff.next())
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }
}
