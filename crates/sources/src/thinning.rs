//! How much is kept of sources that cannot wait: one share for all of them, moved by whether there is room for their blocks.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use groundswell_post::Portion;

/// The share that sources which cannot wait stamp on their blocks (docs/architecture/flow.md).
///
/// A block that finds no room lowers it by an eighth, one that leaves at least half of the lane free raises it by a 256th. So it
/// falls to half within six blocks, and needs a hundred to come back: what is overloaded is relieved at once, and what has room
/// does not swing.
#[derive(Debug)]
pub struct Thinning {
    portion: AtomicU16,
    /// Blocks that found no room.
    waited: AtomicU64,
}

impl Default for Thinning {
    fn default() -> Self {
        Self { portion: AtomicU16::new(Portion::ALL.parts()), waited: AtomicU64::new(0) }
    }
}

impl Thinning {
    /// What is kept now.
    pub fn portion(&self) -> Portion {
        Portion::of_256(self.portion.load(Ordering::Relaxed))
    }

    /// How many blocks of sources that cannot wait found no room.
    pub fn waited(&self) -> u64 {
        self.waited.load(Ordering::Relaxed)
    }

    /// A block found no room; tells what is kept from now on.
    pub(crate) fn no_room(&self) -> Portion {
        self.waited.fetch_add(1, Ordering::Relaxed);
        let (before, now) = self.change(Portion::lowered);
        if before == Portion::ALL {
            tracing::warn!(
                target: "groundswell_sources::thinning",
                "the workers do not keep up with live sources: posts are left out, evenly and counted"
            );
        }
        now
    }

    /// A block was taken, and so many more of so many places are free.
    pub(crate) fn room(&self, free: usize, places: usize) {
        if free * 2 >= places && self.portion() != Portion::ALL {
            let (before, now) = self.change(Portion::raised);
            if now == Portion::ALL && before != now {
                tracing::info!(target: "groundswell_sources::thinning", "every post of live sources is kept again");
            }
        }
    }

    fn change(&self, change: impl Fn(Portion) -> Portion) -> (Portion, Portion) {
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        let moved = |parts| Some(change(Portion::of_256(parts)).parts());
        // The closure always gives a value, so both arms hold what was there before.
        let before = match self.portion.fetch_update(set, fetch, moved) {
            Ok(parts) | Err(parts) => Portion::of_256(parts),
        };
        (before, change(before))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn falls_fast_and_comes_back_slowly() {
        let thinning = Thinning::default();
        let fall = std::iter::repeat_with(|| thinning.no_room()).take_while(|portion| portion.parts() > 128).count();
        assert!(fall <= 6, "{fall} blocks to fall to half");
        // Room, but not enough.
        thinning.room(7, 16);
        assert!(thinning.portion().parts() <= 128);
        let mut blocks = 0;
        while thinning.portion() != Portion::ALL {
            thinning.room(8, 16);
            blocks += 1;
        }
        assert!((100..200).contains(&blocks), "{blocks} blocks to come back");
        for _ in 0..1_000 {
            thinning.no_room();
        }
        assert_eq!(thinning.portion(), Portion::LEAST);
    }

    proptest! {
        /// Nothing is left out before a block has found no room, and what is kept falls for no other reason.
        #[test]
        fn only_want_of_room_lowers_it(steps in prop::collection::vec((any::<bool>(), 0_usize..=16), 0..200)) {
            let thinning = Thinning::default();
            let mut waited = 0;
            for (full, free) in steps {
                let before = thinning.portion();
                if full {
                    waited += 1;
                    prop_assert_eq!(thinning.no_room(), thinning.portion());
                } else {
                    thinning.room(free, 16);
                    prop_assert!(thinning.portion() >= before);
                    prop_assert!(free >= 8 || thinning.portion() == before);
                }
                prop_assert_eq!(thinning.waited(), waited);
                prop_assert!(waited > 0 || thinning.portion() == Portion::ALL);
            }
        }
    }
}
