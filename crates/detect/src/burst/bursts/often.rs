//! [`Often`]: how often phrases have come of late, a byte for each of many, so that those are found that come more than once.

/// Slots for each phrase that is followed.
const SLOTS_A_PHRASE: usize = 128;
/// What one post counts: some is left of it after two blocks, and nothing after six.
const POST: u8 = 16;

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
        Self { slots: vec![0; (followed_max * SLOTS_A_PHRASE).next_power_of_two()], coming: Vec::new() }
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

    /// Goes on by so many blocks.
    pub(super) fn fade(&mut self, blocks: u32) {
        self.slots.iter_mut().for_each(|slot| *slot = slot.checked_shr(blocks).unwrap_or(0));
    }
}
