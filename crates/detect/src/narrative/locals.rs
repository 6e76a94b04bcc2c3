//! [`Locals`]: the clusters that a story is made of.

use super::cluster::LocalId;

/// Clusters of workers as a set, ascending. Most stories have one, and a tree would take room for eleven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Locals(Vec<(u16, LocalId)>);

impl Locals {
    /// Adds one; whether it is new.
    pub(super) fn insert(&mut self, local: (u16, LocalId)) -> bool {
        let Err(place) = self.0.binary_search(&local) else { return false };
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
        self.0.insert(place, local);
        true
    }

    pub(super) fn remove(&mut self, local: (u16, LocalId)) {
        if let Ok(place) = self.0.binary_search(&local) {
            self.0.remove(place);
        }
    }

    pub(super) fn extend(&mut self, locals: &[(u16, LocalId)]) {
        locals.iter().for_each(|local| {
            self.insert(*local);
        });
    }

    pub(super) fn contains(&self, local: (u16, LocalId)) -> bool {
        self.0.binary_search(&local).is_ok()
    }

    pub(super) fn as_slice(&self) -> &[(u16, LocalId)] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Memory beyond the value itself.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(u16, LocalId)>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    proptest::proptest! {
        #[test]
        fn is_a_set(changes in proptest::collection::vec((0_u16..3, 0_u64..6, proptest::bool::ANY), 0..60)) {
            let (mut locals, mut known) = (Locals::default(), BTreeSet::new());
            for (worker, cluster, is_added) in changes {
                let local = (worker, LocalId(cluster));
                if is_added {
                    proptest::prop_assert_eq!(locals.insert(local), known.insert(local));
                } else {
                    locals.remove(local);
                    known.remove(&local);
                }
                proptest::prop_assert_eq!(locals.contains(local), is_added);
                proptest::prop_assert!(locals.as_slice().iter().eq(&known) && locals.is_empty() == known.is_empty());
            }
        }
    }
}
