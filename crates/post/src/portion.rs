//! How much is kept of the posts of a source that cannot wait.

/// A share of all posts, in 256ths: what is left of a stream that brings more than the workers can take.
///
/// Which posts are kept is decided by the bits of their keys and by nothing else, so a smaller share keeps a part of what a
/// larger one keeps, and whoever knows a post's key (the post itself, a repeat of it, its deletion) decides alike.
///
/// ```
/// use groundswell_post::Portion;
/// let half = Portion::of_256(128);
/// assert!(half.keeps(0) && !half.keeps(u64::MAX));
/// assert!((0..4).map(|n| n << 62).filter(|bits| half.keeps(*bits)).count() == 2);
/// assert!(Portion::ALL.keeps(u64::MAX));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Portion(u16);

impl Portion {
    /// Every post.
    pub const ALL: Self = Self(256);

    /// The smallest share: one post in 256. A source that is still too fast waits.
    pub const LEAST: Self = Self(1);

    /// So many of 256 posts, at least one and at most all.
    pub const fn of_256(parts: u16) -> Self {
        Self(if parts < Self::LEAST.0 {
            Self::LEAST.0
        } else if parts > Self::ALL.0 {
            Self::ALL.0
        } else {
            parts
        })
    }

    /// How many of 256 posts.
    pub const fn parts(self) -> u16 {
        self.0
    }

    /// Whether the post with this key is kept. The bits must be evenly spread, as those of a keyed hash are.
    pub const fn keeps(self, key_bits: u64) -> bool {
        key_bits >> 56 < self.0 as u64
    }

    /// An eighth less: there was no room.
    #[must_use]
    pub const fn lowered(self) -> Self {
        let less = if self.0 < 8 { 1 } else { self.0 / 8 };
        Self::of_256(self.0 - less)
    }

    /// A 256th more: there was room.
    #[must_use]
    pub const fn raised(self) -> Self {
        Self::of_256(self.0 + 1)
    }
}

impl Default for Portion {
    fn default() -> Self {
        Self::ALL
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is kept at a lower share is kept at a higher one, and only the bits decide.
        #[test]
        fn a_smaller_share_is_a_part_of_a_larger(a in 0_u16..400, b in 0_u16..400, bits in any::<u64>()) {
            let (lower, higher) = (Portion::of_256(a.min(b)), Portion::of_256(a.max(b)));
            prop_assert!(lower <= higher);
            prop_assert!(!lower.keeps(bits) || higher.keeps(bits));
            prop_assert!(Portion::ALL.keeps(bits));
        }

        /// Of evenly spread keys exactly the share is kept.
        #[test]
        fn a_share_is_what_it_says(parts in 1_u16..=256, low in any::<u64>()) {
            let kept = (0..256_u64).filter(|top| Portion::of_256(parts).keeps(top << 56 | low >> 8)).count();
            prop_assert_eq!(kept, usize::from(parts));
        }

        /// It falls fast, rises slowly, and never leaves its bounds.
        #[test]
        fn it_moves_within_its_bounds(parts in 1_u16..=256) {
            let portion = Portion::of_256(parts);
            prop_assert!(portion.lowered() < portion || portion == Portion::LEAST);
            prop_assert!(portion.raised() > portion || portion == Portion::ALL);
            prop_assert!(portion.raised().parts() <= parts + 1);
            prop_assert!(portion.lowered().parts() >= parts - parts.div_ceil(8));
        }
    }
}
