//! [`Related`]: the narratives that are near one, and are not one with it.

use std::cmp::Reverse;

use groundswell_gate::NarrativeId;

use super::config::RELATED_MAX;
use super::stories::StoryKey;

/// A narrative that is near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) key: StoryKey,
    pub(super) id: NarrativeId,
    /// Its authors of whom was told when it was last found to be near.
    pub(super) authors: u64,
    /// How alike the two were when they were most alike, in thousandths.
    pub(super) likeness: u32,
}

impl Near {
    /// The nearest first; of two as near, the older one.
    fn rank(&self) -> (Reverse<u32>, NarrativeId) {
        (Reverse(self.likeness), self.id)
    }
}

/// At most [`RELATED_MAX`] narratives, the nearest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Related(Vec<Near>);

impl Related {
    pub(super) fn list(&self) -> &[Near] {
        &self.0
    }

    /// Whether there is room for one: it is known, or nearer than another one.
    pub(super) fn takes(&self, near: &Near) -> bool {
        let knows = self.0.iter().any(|known| known.id == near.id);
        knows || self.0.len() < RELATED_MAX || self.0.last().is_some_and(|last| near.rank() < last.rank())
    }

    /// Notes one. Says whether it is new, and which gave way to it.
    pub(super) fn note(&mut self, near: Near) -> (bool, Option<Near>) {
        let known = self.0.iter().position(|known| known.id == near.id).map(|at| self.0.swap_remove(at));
        let most = known.map_or(0, |known| known.likeness).max(near.likeness);
        self.0.push(Near { likeness: most, ..near });
        self.0.sort_unstable_by_key(Near::rank);
        let gone = if self.0.len() > RELATED_MAX { self.0.pop() } else { None };
        (known.is_none(), gone)
    }

    /// Forgets one; gives it back.
    pub(super) fn forget(&mut self, id: NarrativeId) -> Option<Near> {
        let at = self.0.iter().position(|known| known.id == id)?;
        Some(self.0.remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::Stories;
    use super::super::story::Story;
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_nearest_stay_each_once(told in proptest::collection::vec((0_u64..30, 0_u32..900), 0..80)) {
            let key = Stories::default().insert(Story::new(0, None));
            let mut related = Related::default();
            let mut known: Vec<(Reverse<u32>, u64)> = Vec::new();
            for (id, likeness) in told {
                let near = Near { key, id: NarrativeId(id), authors: 10, likeness };
                let place = known.iter().position(|(_, of)| *of == id);
                let most = place.map_or(likeness, |at| known.swap_remove(at).0.0.max(likeness));
                known.push((Reverse(most), id));
                known.sort_unstable();
                let last = if known.len() > RELATED_MAX { known.pop() } else { None };
                proptest::prop_assert_eq!(related.takes(&near), last.is_none_or(|(_, of)| of != id));
                let (is_new, gone) = related.note(near);
                proptest::prop_assert_eq!(is_new, place.is_none());
                proptest::prop_assert_eq!(gone.map(|near| near.id.0), last.map(|(_, of)| of));
                let list: Vec<_> = related.list().iter().map(|near| (Reverse(near.likeness), near.id.0)).collect();
                proptest::prop_assert_eq!(&list, &known);
            }
            if let Some((_, id)) = known.pop() {
                proptest::prop_assert!(related.forget(NarrativeId(id)).is_some());
                proptest::prop_assert!(related.forget(NarrativeId(id)).is_none() && related.list().len() == known.len());
            }
        }
    }
}
