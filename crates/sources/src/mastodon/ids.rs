//! What an instance's workers share: which status an id means, for deletions.
//!
//! A `delete` names a status by the instance's own id, and posts are known by their `uri`. So the hash by which a post goes to
//! the edge is remembered under the id for a while: neither `uri` nor id is kept as it was.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How many statuses of an instance are remembered at most, for deletions; at least half as many of the latest. A deletion of
/// an older one finds nothing that is still buffered: counted windows hold no one.
pub const STATUS_IDS_MAX: usize = 131_072;

/// 128 bits of BLAKE3 over a status' `uri`.
pub(crate) type UriHash = [u8; 16];

/// Stands for a status that was deleted before it was read (two blocks are decoded at one time).
const DELETED: UriHash = [0; 16];

/// One instance as its decoders see it.
pub struct Instance {
    host: Arc<str>,
    domain: OnceLock<String>,
    ids: Mutex<Generations>,
    unknown: AtomicU64,
}

#[derive(Default)]
struct Generations {
    new: HashMap<u64, UriHash>,
    old: HashMap<u64, UriHash>,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instance({}, redacted)", self.host)
    }
}

impl Instance {
    /// An instance of which nothing is known but its host.
    pub fn new(host: &str) -> Self {
        Self { host: Arc::from(host), domain: OnceLock::new(), ids: Mutex::default(), unknown: AtomicU64::new(0) }
    }

    /// The domain of accounts of this instance, which may differ from its host.
    pub(crate) fn domain(&self) -> &str {
        self.domain.get().map_or(&self.host, String::as_str)
    }

    pub(crate) fn set_domain(&self, domain: &str) {
        let _ = self.domain.set(domain.to_ascii_lowercase());
    }

    /// Deletions of statuses that were not, or no longer, known.
    pub fn unknown_deletions(&self) -> u64 {
        self.unknown.load(Ordering::Relaxed)
    }

    /// Remembers what an id means; true if it was deleted already.
    pub(crate) fn seen(&self, id: &str, hash: UriHash) -> bool {
        let id = number(id);
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.get(id) == Some(DELETED) {
            return true;
        }
        ids.set(id, hash);
        false
    }

    /// What a deleted id means, if it is known.
    pub(crate) fn deleted(&self, id: &str) -> Option<UriHash> {
        let id = number(id);
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let known = ids.get(id).filter(|hash| *hash != DELETED);
        ids.set(id, DELETED);
        if known.is_none() {
            self.unknown.fetch_add(1, Ordering::Relaxed);
        }
        known
    }
}

impl Generations {
    fn get(&self, id: u64) -> Option<UriHash> {
        self.new.get(&id).or_else(|| self.old.get(&id)).copied()
    }

    fn set(&mut self, id: u64, hash: UriHash) {
        if self.new.len() >= STATUS_IDS_MAX / 2 {
            std::mem::swap(&mut self.new, &mut self.old);
            self.new.clear();
        }
        self.new.insert(id, hash);
    }
}

/// Ids are digits on Mastodon and words elsewhere.
fn number(id: &str) -> u64 {
    id.parse().unwrap_or_else(|_| {
        let hash = blake3::hash(id.as_bytes());
        let mut bits = [0; 8];
        bits.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(bits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_finds_its_status_in_either_order() {
        let instance = Instance::new("a.example");
        assert!(!instance.seen("17", [1; 16]));
        assert!(!instance.seen("17", [1; 16]), "an edit is no deletion");
        assert_eq!(instance.deleted("17"), Some([1; 16]));
        assert_eq!(instance.deleted("AbC"), None);
        assert!(instance.seen("AbC", [2; 16]), "deleted before it was read");
        assert_eq!(instance.unknown_deletions(), 1);
    }

    #[test]
    fn remembers_at_least_half_of_its_bound() {
        let instance = Instance::new("a.example");
        for id in 0..STATUS_IDS_MAX * 2 {
            instance.seen(&id.to_string(), [7; 16]);
        }
        let ids = instance.ids.lock().unwrap();
        assert!(ids.new.len() + ids.old.len() <= STATUS_IDS_MAX);
        drop(ids);
        assert_eq!(instance.deleted(&(STATUS_IDS_MAX * 2 - STATUS_IDS_MAX / 2).to_string()), Some([7; 16]));
        assert_eq!(instance.deleted("0"), None);
    }
}
