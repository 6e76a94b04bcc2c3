//! [`Often`]: how often phrases have come of late, a byte for each of many, so that those are found that come more than once.

/// Slots for each phrase that is followed.
const SLOTS_A_PHRASE: usize = 128;
/// What one post counts: some is left of it after two blocks, and nothing after six.
const POST: u8 = 16;

/// Slots that are gone on with at a time.
const EIGHT: usize = 8;

/// Posts by the hash of a phrase, halved from block to block. Phrases that share a slot are counted together, so one may be followed
/// earlier than by its own posts, and is then taken to have had the others'.
pub(super) struct Often {
    slots: Vec<u8>,
    /// Of the minute that has begun. They count from the next one on, so that it does not matter in which order phrases come.
    coming: Vec<(u32, u8)>,
}

impl Often {
    /// For so many phrases that are followed.
    pub(super) fn new(followed_max: usize) -> Self {
        Self { slots: vec![0; (followed_max * SLOTS_A_PHRASE).next_power_of_two().max(EIGHT)], coming: Vec::new() }
    }

    fn slot_of(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    /// Posts that a phrase has had, at most, rounded.
    pub(super) fn posts(&self, hash: u64) -> u32 {
        (u32::from(self.slots[self.slot_of(hash)]) + u32::from(POST) / 2) / u32::from(POST)
    }

    /// Counts posts of a phrase, fewer than are followed.
    pub(super) fn note(&mut self, hash: u64, posts: u32) {
        let posts = (posts as u8).saturating_mul(POST);
        self.coming.push((self.slot_of(hash) as u32, posts));
    }

    /// Ends a minute.
    pub(super) fn settle(&mut self) {
        for (slot, posts) in self.coming.drain(..) {
            let slot = &mut self.slots[slot as usize];
            *slot = slot.saturating_add(posts);
        }
    }

    /// Goes on by so many blocks. Of a stream of few posts nearly all slots are empty: they are not written to, so they take no memory
    /// either.
    pub(super) fn fade(&mut self, blocks: u32) {
        let left = u64::from_ne_bytes([u8::MAX.checked_shr(blocks).unwrap_or(0); EIGHT]);
        for eight in self.slots.as_chunks_mut::<EIGHT>().0 {
            let slots = u64::from_ne_bytes(*eight);
            if slots != 0 {
                // What comes in from the slot beside is masked off.
                *eight = (slots.checked_shr(blocks).unwrap_or(0) & left).to_ne_bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_slot_is_halved_by_itself(slots in prop::collection::vec(any::<u8>(), 8 * EIGHT), blocks in 0..12_u32) {
            let mut often = Often { slots: slots.clone(), coming: Vec::new() };
            often.fade(blocks);
            let halved: Vec<u8> = slots.iter().map(|slot| slot.checked_shr(blocks).unwrap_or(0)).collect();
            prop_assert_eq!(often.slots, halved);
        }
    }
}
