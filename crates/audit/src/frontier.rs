//! [`Frontier`]: the right edge of the tree, which is all that is needed to go on. At most 64 hashes, however long the log is.

use crate::Hash;

/// The roots of the complete trees that a log of some size is made of, the largest first: one for each bit of the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the hash of the next entry. `made` is told of each hash that is final from now on, in the order in which
    /// [`stored_before`](crate::stored_before) counts them: the entry's own, then those of the nodes that it completes.
    pub fn push(&mut self, entry: Hash, mut made: impl FnMut(Hash)) {
        made(entry);
        let mut hash = entry;
        let mut full = self.size;
        while full & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = Hash::of_node(left, hash);
            made(hash);
            full >>= 1;
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root over all entries so far (RFC 6962, section 2.1: the left part of a tree is the largest power of two below its
    /// size).
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev().copied();
        let Some(last) = peaks.next() else { return Hash::of_no_entries() };
        peaks.fold(last, |right, left| Hash::of_node(left, right))
    }
}
