//! [`Texts`]: which texts a burst was in of late, minute by minute, so that it can be seen whether two are of the same ones.

use std::fmt;

use groundswell_sketch::TextBits;
use serde::{Deserialize, Serialize};

/// Minutes that are held.
pub(super) const HELD: u32 = 64;
/// With more bits set a minute tells nothing.
const FULL: u32 = 29;
/// Standard deviations of what two have in common by chance: what is beyond that is none.
const BEYOND_CHANCE: f64 = 3.0;
/// Of fewer texts that have both, it may be one that was passed on.
const MET_MIN: f64 = 2.0;
/// Bits of a minute.
const BITS: f64 = TextBits::BITS as f64;

/// Texts of a minute. Goes from a shard to the arbiter and is never written down.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TextsOf {
    /// Minutes since 1970.
    pub minute: u32,
    /// Which.
    pub texts: TextBits,
}

impl fmt::Debug for TextsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextsOf(redacted)")
    }
}

/// Texts of each minute of the last hour. A minute of which nothing is known says nothing.
#[derive(Clone)]
pub(super) struct Texts {
    last: u32,
    minutes: [TextBits; HELD as usize],
}

impl Default for Texts {
    fn default() -> Self {
        Self { last: 0, minutes: [TextBits::UNKNOWN; HELD as usize] }
    }
}

impl Texts {
    pub(super) fn note(&mut self, of: TextsOf) {
        let TextsOf { minute, texts } = of;
        for passed in (self.last + 1..=minute).rev().take(HELD as usize) {
            self.minutes[(passed % HELD) as usize] = TextBits::UNKNOWN;
        }
        self.last = self.last.max(minute);
        if minute + HELD > self.last {
            self.minutes[(minute % HELD) as usize] = texts;
        }
    }

    /// Whether so large a share of the fewer texts of each minute have both; none where the bits cannot tell.
    pub(super) fn are_same(&self, other: &Self, share: f64) -> Option<bool> {
        let mut shared = Shared::default();
        let (oldest, newest) = (self.last.max(other.last).saturating_sub(HELD - 1), self.last.min(other.last));
        for minute in oldest..=newest {
            let place = (minute % HELD) as usize;
            shared.add(self.minutes[place], other.minutes[place]);
        }
        shared.is_at_least(share)
    }
}

/// What two have in common, over minutes, beyond what two that share no text have there by chance.
#[derive(Default)]
struct Shared {
    beyond: f64,
    /// If all of the fewer texts were among the others.
    most: f64,
    variance: f64,
}

impl Shared {
    fn add(&mut self, one: TextBits, other: TextBits) {
        let [of_one, of_other] = [one, other].map(TextBits::at_least);
        if of_one.min(of_other) == 0 || of_one.max(of_other) > FULL {
            return;
        }
        let both = f64::from(of_one + of_other - one.union(other).at_least());
        let (of_one, of_other) = (f64::from(of_one), f64::from(of_other));
        let by_chance = of_one * of_other / BITS;
        self.beyond += both - by_chance;
        self.most += of_one.min(of_other) - by_chance;
        self.variance += by_chance * (BITS - of_one) * (BITS - of_other) / (BITS * (BITS - 1.0));
    }

    fn is_at_least(&self, share: f64) -> Option<bool> {
        let (least, chance) = (share * self.most, BEYOND_CHANCE * self.variance.sqrt());
        if self.beyond >= least.max(chance).max(MET_MIN) {
            return Some(true);
        }
        (least > chance.max(MET_MIN)).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: u32 = 30_000_000;

    fn bits(texts: &[u64]) -> TextBits {
        texts.iter().map(|text| text.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ text >> 7).collect()
    }

    fn texts(minutes: impl IntoIterator<Item = (u32, TextBits)>) -> Texts {
        let mut texts = Texts::default();
        minutes.into_iter().for_each(|(minute, of)| texts.note(TextsOf { minute: FIRST + minute, texts: of }));
        texts
    }

    /// One in so many posts of an event, of which there are so many in each minute, has a word; or as many others have it.
    fn word_of(event: u32, one_in: u32, seed: u64, is_part: bool) -> Option<bool> {
        let token = |minute: u32, nth: u32| seed << 32 | u64::from(minute) << 12 | u64::from(nth);
        let all = |minute| (0..event).map(|nth| token(minute, nth)).collect::<Vec<_>>();
        let some = |minute: u32| {
            let has = |nth: &u32| (minute * event + nth).is_multiple_of(one_in);
            let of = |nth| token(minute, nth) ^ if is_part { 0 } else { 1 << 63 | 1 << 20 };
            (0..event).filter(has).map(of).collect::<Vec<_>>()
        };
        let one = texts((0..HELD).map(|minute| (minute, bits(&all(minute)))));
        // It is not seen in most minutes.
        let other = (0..HELD).map(|minute| (minute, bits(&some(minute)))).filter(|(_, bits)| bits.at_least() > 0);
        one.are_same(&texts(other), 0.45)
    }

    #[test]
    fn of_hundreds_of_posts_a_word_is_told_from_another_one() {
        let mut taken = 0;
        for (event, one_in) in [(2, 8), (8, 40), (30, 60)] {
            for seed in 1..200 {
                assert_eq!(word_of(event, one_in, seed, true), Some(true), "{event} a minute, one in {one_in}, {seed}");
                taken += u32::from(word_of(event, one_in, seed, false) == Some(true));
            }
        }
        assert!(taken <= 1, "{taken} of others were taken for parts");
    }

    proptest! {
        #[test]
        fn minutes_that_both_hold_are_compared(
            one in prop::collection::btree_map(0_u32..200, prop::collection::vec(any::<u64>(), 1..40), 1..100),
            other in prop::collection::btree_map(0_u32..200, prop::collection::vec(any::<u64>(), 1..40), 1..100),
        ) {
            let [one, other] = [one, other].map(|of| of.into_iter().map(|(at, of)| (at, bits(&of))).collect::<Vec<_>>());
            let mut shared = Shared::default();
            let newest = one.last().map(|(at, _)| *at).max(other.last().map(|(at, _)| *at)).unwrap_or_default();
            for (at, of_one) in &one {
                for (_, of_other) in other.iter().filter(|(also, _)| also == at && *at + HELD > newest) {
                    shared.add(*of_one, *of_other);
                }
            }
            let (one, other) = (texts(one), texts(other));
            prop_assert_eq!(one.are_same(&other, 0.1), shared.is_at_least(0.1));
            prop_assert_eq!(one.are_same(&other, 0.1), other.are_same(&one, 0.1));
        }
    }
}
