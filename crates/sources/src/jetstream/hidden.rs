//! Accounts that ask, in their profile, not to be shown to the public.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

/// How many such accounts are remembered; more are counted in [`HiddenAccounts::left_out`] and not remembered.
pub const HIDDEN_ACCOUNTS_MAX: usize = 524_288;

/// The accounts whose profile was seen with `!no-unauthenticated`, as 64 bits of BLAKE3 over their DIDs, in memory only. Shared by
/// the workers that decode one source.
#[derive(Default)]
pub struct HiddenAccounts {
    accounts: RwLock<HashSet<u64>>,
    /// How many there are, so that nothing is computed as long as there is none.
    count: AtomicUsize,
    left_out: AtomicU64,
}

impl fmt::Debug for HiddenAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HiddenAccounts({} redacted)", self.count.load(Ordering::Relaxed))
    }
}

fn bits(did: &str) -> u64 {
    let mut bits = [0; 8];
    bits.copy_from_slice(&blake3::hash(did.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(bits)
}

impl HiddenAccounts {
    /// Accounts that could not be remembered ([`HIDDEN_ACCOUNTS_MAX`]).
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    pub(crate) fn contains(&self, did: &str) -> bool {
        self.count.load(Ordering::Acquire) > 0
            && self.accounts.read().unwrap_or_else(PoisonError::into_inner).contains(&bits(did))
    }

    /// Remembers what a profile says.
    pub(crate) fn set(&self, did: &str, hidden: bool) {
        if !hidden && self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        if !hidden {
            accounts.remove(&bits(did));
        } else if accounts.len() < HIDDEN_ACCOUNTS_MAX || accounts.contains(&bits(did)) {
            accounts.insert(bits(did));
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        self.count.store(accounts.len(), Ordering::Release);
    }
}
