//! How much anybody may ask for: delays that grow with each wrong password, and a bucket of requests. Both remember callers by a keyed
//! hash whose key dies with the process; an address is kept nowhere.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

/// Callers that are remembered by each table.
pub const CALLERS_MAX: usize = 4_096;

/// Attempts to sign in to one account without a delay.
pub const ATTEMPTS_FREE: u32 = 5;

/// The longest delay of one account, in seconds. Short, since whoever attacks an account also delays its owner.
pub const ACCOUNT_DELAY_SECONDS_MAX: u64 = 60;

/// Attempts of one peer without a delay: several people may sit behind one address.
pub const PEER_ATTEMPTS_FREE: u32 = 20;

/// The longest delay of one peer, in seconds.
pub const PEER_DELAY_SECONDS_MAX: u64 = 900;

/// Attempts are forgotten after so long without one.
const FORGET: Duration = Duration::from_hours(1);

/// Requests a second of whoever has signed in or sends a token, in the long run.
pub const REQUESTS_PER_SECOND: u32 = 20;

/// And at once.
pub const REQUESTS_BURST: u32 = 200;

/// Requests a second of a peer that nobody knows.
pub const STRANGER_REQUESTS_PER_SECOND: u32 = 5;

/// And at once.
pub const STRANGER_REQUESTS_BURST: u32 = 60;

/// What a table knows a caller by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallerKey([u8; 32]);

/// Makes keys of callers.
pub(crate) struct CallerKeys([u8; 32]);

impl CallerKeys {
    /// `None` where the system has no random bytes.
    pub(crate) fn new() -> Option<Self> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).ok()?;
        Some(Self(key))
    }

    fn key(&self, kind: u8, bytes: &[u8]) -> CallerKey {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[kind]).update(bytes);
        CallerKey(*hasher.finalize().as_bytes())
    }

    /// A peer. Who has one address of IPv6 has 2^64.
    pub(crate) fn peer(&self, peer: Option<IpAddr>) -> CallerKey {
        match peer.map(|peer| peer.to_canonical()) {
            None => self.key(0, &[]),
            Some(IpAddr::V4(peer)) => self.key(4, &peer.octets()),
            Some(IpAddr::V6(peer)) => self.key(6, &peer.octets()[..8]),
        }
    }

    /// An account, or a token.
    pub(crate) fn name(&self, name: &str) -> CallerKey {
        self.key(1, name.as_bytes())
    }
}

#[derive(Clone, Copy)]
struct Attempts {
    number: u32,
    last: Instant,
    /// No attempt is looked at before this.
    until: Instant,
}

/// Delays that double with each attempt beyond the free ones.
pub(crate) struct Delays {
    free: u32,
    max: Duration,
    attempts: Mutex<BTreeMap<CallerKey, Attempts>>,
}

impl Delays {
    pub(crate) fn new(free: u32, max_seconds: u64) -> Self {
        Self { free, max: Duration::from_secs(max_seconds), attempts: Mutex::default() }
    }

    /// Counts an attempt before it is looked at, so that many at once are many; or says how long to wait.
    pub(crate) fn attempt(&self, key: CallerKey) -> Result<(), Duration> {
        let now = Instant::now();
        let mut all = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&key).copied().filter(|attempts| now - attempts.last < FORGET);
        if let Some(attempts) = known
            && attempts.until > now
        {
            return Err(attempts.until - now);
        }
        let number = known.map_or(0, |attempts| attempts.number).saturating_add(1);
        let delay = match number.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(beyond) => Duration::from_secs(1_u64 << beyond.min(20)).min(self.max),
        };
        if all.len() >= CALLERS_MAX && !all.contains_key(&key) {
            all.retain(|_, attempts| now - attempts.last < FORGET);
            // Whoever tried least goes first, so that nobody is forgotten because others try other names.
            let least = all.iter().min_by_key(|(_, attempts)| (attempts.number, attempts.last)).map(|(key, _)| *key);
            if let (true, Some(least)) = (all.len() >= CALLERS_MAX, least) {
                all.remove(&least);
            }
        }
        all.insert(key, Attempts { number, last: now, until: now + delay });
        Ok(())
    }

    /// An attempt was right: those before are forgotten.
    pub(crate) fn forgive(&self, key: CallerKey) {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// An attempt was right, and says nothing about those before.
    pub(crate) fn forgive_one(&self, key: CallerKey) {
        let mut all = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(attempts) = all.get_mut(&key) {
            attempts.number = attempts.number.saturating_sub(1);
            attempts.until = Instant::now();
        }
    }
}

/// A bucket a caller that fills with time and from which each request takes one.
pub(crate) struct Buckets {
    per_second: f64,
    burst: f64,
    left: Mutex<BTreeMap<CallerKey, (Instant, f64)>>,
}

impl Buckets {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second: f64::from(per_second), burst: f64::from(burst), left: Mutex::default() }
    }

    /// Takes one, or says how long to wait for one.
    pub(crate) fn take(&self, key: CallerKey) -> Result<(), Duration> {
        let now = Instant::now();
        let filled =
            |(at, left): (Instant, f64)| ((now - at).as_secs_f64().mul_add(self.per_second, left)).min(self.burst);
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = all.get(&key).copied().map_or(self.burst, filled);
        if left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - left) / self.per_second));
        }
        if all.len() >= CALLERS_MAX && !all.contains_key(&key) {
            // A full bucket is as good as none.
            all.retain(|_, bucket| filled(*bucket) < self.burst);
            let fullest = all.iter().max_by(|a, b| filled(*a.1).total_cmp(&filled(*b.1))).map(|(key, _)| *key);
            if let (true, Some(fullest)) = (all.len() >= CALLERS_MAX, fullest) {
                all.remove(&fullest);
            }
        }
        all.insert(key, (now, left - 1.0));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> CallerKeys {
        CallerKeys::new().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn delays_double_to_the_longest_and_are_forgiven_or_forgotten() {
        let delays = Delays::new(2, 60);
        let key = keys().name("ada");
        let mut waits = Vec::new();
        for _ in 0..10 {
            while let Err(wait) = delays.attempt(key) {
                waits.push(wait.as_secs());
                tokio::time::advance(wait).await;
            }
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(delays.attempt(key).is_err());
        assert!(delays.attempt(keys().name("bea")).is_ok(), "others do not wait");
        delays.forgive(key);
        assert!(delays.attempt(key).is_ok() && delays.attempt(key).is_ok());
        assert!(delays.attempt(key).is_err());
        tokio::time::advance(FORGET).await;
        assert!(delays.attempt(key).is_ok() && delays.attempt(key).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_table_is_bounded_and_does_not_forget_whom_it_delays() {
        let delays = Delays::new(1, 60);
        let keys = keys();
        let attacked = keys.name("ada");
        for _ in 0..3 {
            while let Err(wait) = delays.attempt(attacked) {
                tokio::time::advance(wait).await;
            }
        }
        for number in 0..3 * CALLERS_MAX {
            let _ = delays.attempt(keys.name(&number.to_string()));
        }
        assert!(delays.attempts.lock().unwrap().len() <= CALLERS_MAX);
        assert!(delays.attempt(attacked).is_err());
        let buckets = Buckets::new(1, 2);
        for number in 0..3 * CALLERS_MAX {
            let _ = buckets.take(keys.name(&number.to_string()));
        }
        assert!(buckets.left.lock().unwrap().len() <= CALLERS_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_empties_and_fills() {
        let buckets = Buckets::new(2, 3);
        let key = keys().name("ada");
        for _ in 0..3 {
            assert!(buckets.take(key).is_ok());
        }
        assert_eq!(buckets.take(key).unwrap_err().as_millis(), 500);
        tokio::time::advance(Duration::from_millis(500)).await;
        assert!(buckets.take(key).is_ok() && buckets.take(key).is_err());
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!((0..9).filter(|_| buckets.take(key).is_ok()).count(), 3);
    }

    #[test]
    fn a_peer_is_its_network_and_a_key_is_no_address() {
        let keys = keys();
        let peer = |text: &str| keys.peer(Some(text.parse().unwrap()));
        assert_eq!(peer("192.0.2.1"), peer("::ffff:192.0.2.1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff"));
        assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
        assert_ne!(super::CallerKeys::new().unwrap().peer(None), keys.peer(None), "another process, another key");
    }
}
