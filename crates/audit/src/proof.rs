//! Proofs: that an entry is in a log (inclusion), and that one log is the beginning of another (consistency). Made as RFC 6962,
//! section 2.1, says, and verified as RFC 9162, sections 2.1.3.2 and 2.1.4.2, say.

use std::io;

use serde::{Deserialize, Serialize};

use crate::Hash;

/// Hashes of a proof, at most: two a level of a tree whose size is a 64-bit number.
pub const PROOF_HASHES_MAX: usize = 128;

/// How many hashes are stored before those that an entry makes: its predecessors made `2n` less the number of ones in `n`.
pub fn stored_before(entry: u64) -> u64 {
    2 * entry - u64::from(entry.count_ones())
}

/// Where the hash of a complete subtree is stored: with those that its last entry made, after those of the levels below.
fn place(level: u32, number: u64) -> u64 {
    let last = ((number + 1) << level) - 1;
    stored_before(last) + u64::from(level)
}

/// The hashes of complete subtrees, in the order in which [`Frontier::push`](crate::Frontier::push) makes them.
pub trait StoredHashes {
    /// The hash at a place, counted from 0.
    fn stored(&self, place: u64) -> io::Result<Hash>;
}

impl StoredHashes for [Hash] {
    fn stored(&self, place: u64) -> io::Result<Hash> {
        let at = usize::try_from(place).map_err(io::Error::other)?;
        self.get(at).copied().ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }
}

/// That an entry is in the log of a size and a root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionProof {
    /// Number of the entry, from 0.
    pub number: u64,
    /// Size of the log.
    pub size: u64,
    /// Hash of the entry.
    pub entry: Hash,
    /// Root of the log.
    pub root: Hash,
    /// The audit path, from the entry up.
    pub path: Vec<Hash>,
}

/// That a log of one size and root is the beginning of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsistencyProof {
    /// Size of the earlier log.
    pub from: u64,
    /// Size of the later log.
    pub to: u64,
    /// Root of the earlier log.
    pub from_root: Hash,
    /// Root of the later log.
    pub to_root: Hash,
    /// The path.
    pub path: Vec<Hash>,
}

/// The largest power of two below `size`, which must be 2 or more.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The root over the entries `from..to`, where `from` is where a subtree of the whole begins.
fn root_of(hashes: &(impl StoredHashes + ?Sized), from: u64, to: u64) -> io::Result<Hash> {
    let size = to - from;
    if size.is_power_of_two() {
        return hashes.stored(place(size.trailing_zeros(), from / size));
    }
    let middle = from + split(size);
    Ok(Hash::of_node(root_of(hashes, from, middle)?, root_of(hashes, middle, to)?))
}

/// The root of the first `size` entries.
pub fn root_at(hashes: &(impl StoredHashes + ?Sized), size: u64) -> io::Result<Hash> {
    if size == 0 { Ok(Hash::of_no_entries()) } else { root_of(hashes, 0, size) }
}

/// Proves that entry `number` is in the log of the first `size` entries. `None` where it is not.
pub fn prove_inclusion(
    hashes: &(impl StoredHashes + ?Sized),
    number: u64,
    size: u64,
) -> io::Result<Option<InclusionProof>> {
    if number >= size {
        return Ok(None);
    }
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if number < middle {
            path.push(root_of(hashes, middle, to)?);
            to = middle;
        } else {
            path.push(root_of(hashes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    let entry = hashes.stored(place(0, number))?;
    Ok(Some(InclusionProof { number, size, entry, root: root_at(hashes, size)?, path }))
}

/// Proves that the log of the first `from` entries is the beginning of that of the first `to`. `None` where it is longer.
pub fn prove_consistency(
    hashes: &(impl StoredHashes + ?Sized),
    from: u64,
    to: u64,
) -> io::Result<Option<ConsistencyProof>> {
    if from > to {
        return Ok(None);
    }
    let mut path = Vec::new();
    if from > 0 && from < to {
        // Whether the left edge is still the earlier log's own, whose root the verifier has.
        let (mut begin, mut end, mut whole) = (0, to, true);
        while from != end {
            let middle = begin + split(end - begin);
            if from <= middle {
                path.push(root_of(hashes, middle, end)?);
                end = middle;
            } else {
                path.push(root_of(hashes, begin, middle)?);
                begin = middle;
                whole = false;
            }
        }
        if !whole {
            path.push(root_of(hashes, begin, end)?);
        }
        path.reverse();
    }
    Ok(Some(ConsistencyProof { from, to, from_root: root_at(hashes, from)?, to_root: root_at(hashes, to)?, path }))
}

impl InclusionProof {
    /// Whether the proof proves what it says (RFC 9162, section 2.1.3.2). Whether its root is that of a signed head, and its
    /// entry the one that is meant, is for the caller to compare.
    pub fn holds(&self) -> bool {
        if self.number >= self.size || self.path.len() > PROOF_HASHES_MAX {
            return false;
        }
        let (mut number, mut last, mut hash) = (self.number, self.size - 1, self.entry);
        for side in &self.path {
            if last == 0 {
                return false;
            }
            if number & 1 == 1 || number == last {
                hash = Hash::of_node(*side, hash);
                while number & 1 == 0 && number != 0 {
                    number >>= 1;
                    last >>= 1;
                }
            } else {
                hash = Hash::of_node(hash, *side);
            }
            number >>= 1;
            last >>= 1;
        }
        last == 0 && hash == self.root
    }
}

impl ConsistencyProof {
    /// Whether the proof proves what it says (RFC 9162, section 2.1.4.2).
    pub fn holds(&self) -> bool {
        if self.from > self.to || self.path.len() > PROOF_HASHES_MAX {
            return false;
        }
        if self.from == self.to {
            return self.path.is_empty() && self.from_root == self.to_root;
        }
        if self.from == 0 {
            // Every log begins with nothing.
            return self.path.is_empty() && self.from_root == Hash::of_no_entries();
        }
        let mut path = self.path.iter().copied();
        // A log that is one complete tree has its own root in the path of the later one; it is left out.
        let first =
            if self.from.is_power_of_two() && !self.path.is_empty() { Some(self.from_root) } else { path.next() };
        let Some(first) = first else { return false };
        let (mut number, mut last) = (self.from - 1, self.to - 1);
        while number & 1 == 1 {
            number >>= 1;
            last >>= 1;
        }
        let (mut earlier, mut later) = (first, first);
        for side in path {
            if last == 0 {
                return false;
            }
            if number & 1 == 1 || number == last {
                earlier = Hash::of_node(side, earlier);
                later = Hash::of_node(side, later);
                while number & 1 == 0 && number != 0 {
                    number >>= 1;
                    last >>= 1;
                }
            } else {
                later = Hash::of_node(later, side);
            }
            number >>= 1;
            last >>= 1;
        }
        last == 0 && earlier == self.from_root && later == self.to_root
    }
}
