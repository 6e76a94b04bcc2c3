//! [`K`]: the number of distinct authors that a thing must rest on.

use std::fmt;

use thiserror::Error;

/// How many distinct authors a thing must rest on before it is shown. Never below [`K::FLOOR`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct K(u32);

/// A k below the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "k must be at least {} distinct authors, found {found}; the floor cannot be configured away (PRIVACY section 4)",
    K::FLOOR
)]
pub struct KTooLow {
    /// What was asked for.
    pub found: u32,
}

impl K {
    /// The lowest k there is.
    pub const FLOOR: u32 = 5;
    /// Where nothing else is configured.
    pub const DEFAULT: Self = Self(10);
    /// A higher k gains nothing that a reader could tell, and distinct counts are exact only so far.
    pub const CEILING: u32 = groundswell_sketch::EXACT_MAX as u32;

    /// Takes any k from the floor on; above [`Self::CEILING`] it is the ceiling.
    pub fn new(k: u32) -> Result<Self, KTooLow> {
        if k < Self::FLOOR { Err(KTooLow { found: k }) } else { Ok(Self(k.min(Self::CEILING))) }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0 as u64
    }
}

impl Default for K {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for K {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_floor() {
        assert_eq!(K::new(4), Err(KTooLow { found: 4 }));
        insta::assert_snapshot!(
            K::new(4).unwrap_err(),
            @"k must be at least 5 distinct authors, found 4; the floor cannot be configured away (PRIVACY section 4)"
        );
        assert_eq!(K::new(5).map(K::get), Ok(5));
        assert_eq!(K::new(u32::MAX).map(K::get), Ok(1_024));
        assert_eq!(K::default().get(), 10);
    }
}
