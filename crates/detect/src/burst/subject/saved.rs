//! A subject as it is written down, and what is known after a restart of authors before it.
//!
//! Sets of authors are never written: the key under which their tokens mean anything ends with the run. Of each stretch the *number*
//! of its authors is kept, and of what it would have had together with all later ones, too, so that a look which reaches back over
//! the restart still knows how many there were before it. What came after is counted apart, and the larger number holds.

use groundswell_gate::AuthorBits;
use groundswell_sketch::TextBits;
use serde::{Deserialize, Serialize};

use super::super::config::Scale;
use super::{BLOCK_MINUTES, DAY_BLOCKS, DAY_MINUTES, MINUTES, Slot, Subject, TEN, TENS, WEEK_BLOCKS};

/// How many authors a subject had, at least, from each of its stretches up to the restart; those of one day.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(in super::super) struct Earlier {
    /// The subject's last minute before it.
    last: u32,
    minutes: [u8; MINUTES as usize],
    tens: [u8; TENS as usize],
    blocks: [u8; DAY_BLOCKS as usize],
}

impl Earlier {
    /// Authors from this stretch on. None of one that was over before what is remembered, or that began after it.
    pub(super) fn authors(&self, scale: Scale, place: u32) -> u64 {
        let (sizes, each): (&[u8], u32) = match scale {
            Scale::Minutes => (&self.minutes, 1),
            Scale::Hour => (&self.tens, TEN),
            Scale::Day => (&self.blocks, BLOCK_MINUTES),
        };
        let (count, newest) = (sizes.len() as u32, self.last / each);
        let known = place <= newest && place + count > newest;
        if known { u64::from(sizes[(place % count) as usize]) } else { 0 }
    }

    /// Whether no look can reach so far back any more.
    pub(in super::super) const fn is_over(&self, minute: u32) -> bool {
        minute > self.last + DAY_MINUTES + BLOCK_MINUTES
    }
}

impl Subject {
    /// What will be known of its authors after a restart; `None` where there is nothing that a look could still see.
    pub(in super::super) fn earlier(&self, before: Option<&Earlier>, now: u32) -> Option<Earlier> {
        let mut earlier = Earlier { last: self.last, ..Earlier::default() };
        if earlier.is_over(now) {
            return None;
        }
        for scale in Scale::ALL {
            let (slots, each) = self.places(scale);
            let (count, newest) = (slots.len() as u32, self.last / each);
            let (mut day, mut all, mut most) = (u32::MAX, AuthorBits::default(), 0);
            for place in (newest.saturating_sub(count - 1)..=newest).rev() {
                if place * each / DAY_MINUTES != day {
                    // Tokens of two days cannot be compared.
                    (day, all, most) = (place * each / DAY_MINUTES, AuthorBits::default(), 0);
                }
                all = all.union(slots[(place % count) as usize].bits);
                most = most.max(all.at_least()).max(before.map_or(0, |before| before.authors(scale, place)));
                let sizes: &mut [u8] = match scale {
                    Scale::Minutes => &mut earlier.minutes,
                    Scale::Hour => &mut earlier.tens,
                    Scale::Day => &mut earlier.blocks,
                };
                sizes[(place % count) as usize] = u8::try_from(most).unwrap_or(u8::MAX);
            }
        }
        (earlier.blocks.iter().any(|authors| *authors > 1)).then_some(earlier)
    }

    /// Without sets of authors, and its weeks as what differs from the whole's.
    pub(in super::super) fn for_saving(&self, week: &[u16; WEEK_BLOCKS]) -> Self {
        let mut saved = self.clone();
        let slots = saved.minutes.iter_mut().chain(&mut saved.tens).chain(&mut saved.blocks);
        slots.for_each(Slot::forget_who);
        for (own, whole) in saved.week_exposure.iter_mut().zip(week) {
            let apart = own.wrapping_sub(*whole) as i16;
            *own = (apart << 1 ^ apart >> 15) as u16;
        }
        saved
    }

    /// The other way round.
    pub(in super::super) fn restored(mut self, week: &[u16; WEEK_BLOCKS]) -> Self {
        for (own, whole) in self.week_exposure.iter_mut().zip(week) {
            let apart = (*own >> 1) as i16 ^ -((*own & 1) as i16);
            *own = whole.wrapping_add(apart as u16);
        }
        self
    }
}

impl Slot {
    fn forget_who(&mut self) {
        self.most = u32::try_from(self.authors_at_least()).unwrap_or(u32::MAX);
        (self.bits, self.texts) = (AuthorBits::default(), TextBits::default());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::config::Reach;
    use super::super::super::exposure::Exposure;
    use super::*;
    use crate::packed::{put, take};

    fn slot(tokens: &[u64]) -> Slot {
        let mut bits = AuthorBits::default();
        tokens.iter().for_each(|token| bits.insert(*token));
        let posts = tokens.len() as u32;
        Slot { bits, texts: TextBits::UNKNOWN, posts, authors: posts, key: 3, most: bits.at_least() as u32 }
    }

    proptest! {
        /// A look over a restart has at least the authors of either side and never more than there were.
        #[test]
        fn a_look_over_a_restart_has_those_of_the_fuller_side(
            seen in prop::collection::vec((1_u32..40, prop::collection::vec(0_u64..60, 1..12)), 1..40), cut in 0_usize..40
        ) {
            let exposure = Exposure::new(0);
            let mut whole = Subject::new(1, 0, 10_000, &exposure, 0.0, 0);
            let mut disturbed = whole.clone();
            let (mut earlier, mut minute) = (None, 10_000);
            for (nth, (step, tokens)) in seen.into_iter().enumerate() {
                if nth == cut {
                    earlier = disturbed.earlier(None, minute);
                    let mut bytes = Vec::new();
                    put(&mut bytes, &disturbed.for_saving(&[7; WEEK_BLOCKS]));
                    disturbed = take::<Subject>(&mut bytes.as_slice()).unwrap().restored(&[7; WEEK_BLOCKS]);
                }
                minute += step;
                for subject in [&mut whole, &mut disturbed] {
                    subject.roll(minute, &exposure, super::super::Scatter::default(), &mut super::super::ScatterSum::default());
                    subject.add(&slot(&tokens));
                }
                for reach in Reach::ALL {
                    let (full, less) = (whole.look(reach, None), disturbed.look(reach, earlier.as_ref()));
                    prop_assert_eq!((full.sum.posts, full.sum.authors, full.sum.key), (less.sum.posts, less.sum.authors, less.sum.key));
                    prop_assert!(less.authors <= full.authors && 2 * less.authors >= full.authors, "{} of {}", less.authors, full.authors);
                }
                for (one, other) in whole.slots(Reach::Hour).zip(disturbed.slots(Reach::Hour)) {
                    prop_assert!(other.2.authors_at_least() <= one.2.authors_at_least());
                }
            }
        }
    }
}
