//! [`Kept`]: a subject in memory. Those that are followed and hardly ever seen lie packed, in a fifth of the room. Nothing is lost by it:
//! who wrote stays in memory with it and goes nowhere else.

use groundswell_gate::AuthorBits;
use groundswell_sketch::TextBits;
use serde::{Deserialize, Serialize};

use super::{DAY_BLOCKS, MINUTES, Slot, Subject, TENS, TEXTS_OF};
use crate::packed::{put, sparse, take};

/// As it is, or packed.
pub(in super::super) enum Kept {
    Awake(Box<Subject>),
    Packed {
        /// What is asked of all subjects now and then.
        kind: u8,
        rate: f32,
        bytes: Box<[u8]>,
    },
}

/// What a subject's own form leaves out: who wrote, and which texts.
#[derive(Serialize, Deserialize)]
struct Who {
    #[serde(with = "sparse")]
    minutes: [(AuthorBits, TextBits); MINUTES as usize],
    #[serde(with = "sparse")]
    tens: [(AuthorBits, TextBits); TENS as usize],
    #[serde(with = "sparse")]
    blocks: [(AuthorBits, TextBits); DAY_BLOCKS as usize],
    #[serde(with = "sparse")]
    texts_of: [TextBits; TEXTS_OF],
    #[serde(with = "sparse")]
    texts_at: [u16; TEXTS_OF],
}

impl Who {
    fn of(subject: &Subject) -> Self {
        let of = |slot: Slot| (slot.bits, slot.texts);
        Self {
            minutes: subject.minutes.map(of),
            tens: subject.tens.map(of),
            blocks: subject.blocks.map(of),
            texts_of: subject.texts_of,
            texts_at: subject.texts_at,
        }
    }

    fn give_back(&self, subject: &mut Subject) {
        let to = |slots: &mut [Slot], bits: &[(AuthorBits, TextBits)]| {
            slots.iter_mut().zip(bits).for_each(|(slot, bits)| (slot.bits, slot.texts) = *bits);
        };
        to(&mut subject.minutes, &self.minutes);
        to(&mut subject.tens, &self.tens);
        to(&mut subject.blocks, &self.blocks);
        (subject.texts_of, subject.texts_at) = (self.texts_of, self.texts_at);
    }
}

fn unpack(mut bytes: &[u8]) -> Subject {
    let (mut subject, who): (Subject, Who) = take(&mut bytes).expect("what was packed here can be unpacked");
    who.give_back(&mut subject);
    subject
}

impl Kept {
    pub(in super::super) fn new(subject: Subject) -> Self {
        Self::Awake(Box::new(subject))
    }

    /// To change it. `awake` hears of it if it was packed.
    pub(in super::super) fn wake(&mut self, awake: &mut Vec<u64>) -> &mut Subject {
        if let Self::Packed { bytes, .. } = self {
            let subject = unpack(bytes);
            awake.push(subject.hash);
            *self = Self::new(subject);
        }
        match self {
            Self::Awake(subject) => subject,
            Self::Packed { .. } => unreachable!("it was unpacked above"),
        }
    }

    /// To look at it.
    pub(in super::super) fn read<R>(&self, look: impl FnOnce(&Subject) -> R) -> R {
        match self {
            Self::Awake(subject) => look(subject),
            Self::Packed { bytes, .. } => look(&unpack(bytes)),
        }
    }

    /// What it is counted by, and its posts for an exposure.
    pub(in super::super) fn rate(&self) -> (u8, f32) {
        match self {
            Self::Awake(subject) => (subject.kind, subject.rate_of_both()),
            Self::Packed { kind, rate, .. } => (*kind, *rate),
        }
    }

    /// Packs it, unless its burst is open. `bytes` is used again and again.
    pub(in super::super) fn pack(&mut self, bytes: &mut Vec<u8>) {
        if let Self::Awake(subject) = self
            && !subject.open
        {
            bytes.clear();
            put(bytes, &(&**subject, Who::of(subject)));
            let (kind, rate) = (subject.kind, subject.rate_of_both());
            *self = Self::Packed { kind, rate, bytes: bytes.as_slice().into() };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::exposure::Exposure;
    use super::super::{Scatter, ScatterSum};
    use super::*;

    proptest! {
        /// One that is packed now and then is to the last bit what one that never was is.
        #[test]
        fn packing_changes_nothing(
            seen in prop::collection::vec((1_u32..400, prop::collection::vec(0_u64..60, 1..12)), 1..60)
        ) {
            let mut exposure = Exposure::new(10_000);
            let mut kept = Kept::new(Subject::new(1, 0, 10_000, &exposure, 0.0, 2));
            let mut plain = Subject::new(1, 0, 10_000, &exposure, 0.0, 2);
            let (mut minute, mut bytes) = (10_000, Vec::new());
            for (step, tokens) in seen {
                if step > 20 {
                    kept.pack(&mut bytes);
                    prop_assert!(matches!(kept, Kept::Packed { .. }), "its burst is not open");
                    prop_assert_eq!(kept.rate(), (plain.kind, plain.rate_of_both()));
                }
                minute += step;
                exposure.add(minute, 1_000.0);
                let mut bits = AuthorBits::default();
                tokens.iter().for_each(|token| bits.insert(*token));
                let (posts, authors) = (tokens.len() as u32, bits.at_least() as u32);
                let texts = tokens.iter().copied().collect();
                let slot = Slot { bits, texts, posts, authors, key: minute ^ posts, most: authors };
                for subject in [kept.wake(&mut Vec::new()), &mut plain] {
                    subject.roll(minute, &exposure, Scatter::default(), &mut ScatterSum::default());
                    subject.add(&slot);
                }
                let whole = |subject: &Subject| {
                    let mut bytes = Vec::new();
                    put(&mut bytes, &(subject, Who::of(subject)));
                    bytes
                };
                prop_assert_eq!(kept.read(whole), whole(&plain));
            }
        }
    }

    #[test]
    fn one_of_a_few_posts_is_small() {
        let exposure = Exposure::new(10_000);
        let mut kept = Kept::new(Subject::new(u64::MAX, 3, 10_000, &exposure, 0.0, 3));
        for minute in [10_000, 10_012, 10_031, 10_055] {
            let mut bits = AuthorBits::default();
            bits.insert(u64::from(minute));
            let subject = kept.wake(&mut Vec::new());
            subject.roll(minute, &exposure, Scatter::default(), &mut ScatterSum::default());
            let texts = [u64::from(minute)].into_iter().collect();
            subject.add(&Slot { bits, texts, posts: 1, authors: 1, key: 0x7fff_ffff, most: 1 });
        }
        kept.pack(&mut Vec::new());
        let Kept::Packed { bytes, .. } = &kept else { panic!("it was packed") };
        assert!(bytes.len() < 300, "{} bytes", bytes.len());
    }
}
