//! [`Explained`]: how much of a share that is another one need not be its own doing.

/// More than this is not explained by anything.
pub(crate) const EXPLAINED_MAX: f64 = 0.95;

/// What nobody knows whose it is: of what there should have been, the share that is lost, and of what there is, the share that came to it.
#[derive(Clone, Copy)]
pub(crate) struct Explained {
    pub(crate) lost: f64,
    pub(crate) gained: f64,
}

impl Explained {
    /// Between which two a share may be for that alone.
    pub(crate) fn range(self, low: f64, high: f64) -> (f64, f64) {
        let left = 1.0 - self.lost;
        let low = ((low - self.lost) / left).max(0.0) * (1.0 - self.gained);
        let high = (high / left).min(1.0) * (1.0 - self.gained) + self.gained;
        (low, high)
    }

    /// The same as shares of a part of the whole.
    pub(crate) fn of_part(self, part: f64) -> Self {
        let of = |share: f64| (share / part.max(1e-9)).clamp(0.0, EXPLAINED_MAX);
        Self { lost: of(self.lost), gained: of(self.gained) }
    }
}
