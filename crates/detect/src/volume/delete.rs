//! [`Deletions`]: a set of keys against which every record of a minute is tested.

use std::collections::HashSet;

use groundswell_edge::DeleteKey;

/// Post and author keys, sorted, behind a filter of one bit a key: nearly all records are told apart by the filter.
pub(crate) struct Deletions {
    filter: Vec<u64>,
    posts: Vec<u64>,
    authors: Vec<u64>,
}

const FILTER_BITS: usize = 1 << 16;

impl Deletions {
    pub(crate) fn new(keys: &HashSet<DeleteKey>) -> Self {
        let (mut posts, mut authors) = (Vec::new(), Vec::new());
        let mut filter = vec![0; FILTER_BITS / 64];
        #[allow(clippy::iter_over_hash_type, reason = "both lists are sorted before they are used")]
        for key in keys {
            let (list, bits) = match key {
                DeleteKey::Post(key) => (&mut posts, key.bits()),
                DeleteKey::Author(token) => (&mut authors, token.bits()),
            };
            list.push(bits);
            let bit = bits as usize % FILTER_BITS;
            filter[bit / 64] |= 1 << (bit % 64);
        }
        posts.sort_unstable();
        authors.sort_unstable();
        Self { filter, posts, authors }
    }

    #[inline]
    fn may_hold(&self, bits: u64) -> bool {
        let bit = bits as usize % FILTER_BITS;
        self.filter[bit / 64] >> (bit % 64) & 1 == 1
    }

    #[inline]
    pub(crate) fn names(&self, key: Option<u64>, author: Option<u64>) -> bool {
        key.is_some_and(|key| self.may_hold(key) && self.posts.binary_search(&key).is_ok())
            || author.is_some_and(|author| self.may_hold(author) && self.authors.binary_search(&author).is_ok())
    }
}
