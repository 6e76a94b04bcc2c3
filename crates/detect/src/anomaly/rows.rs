//! [`HourRows`]: what was released of an hour, and what that says of those that stand in none of its rows.

use std::collections::BTreeMap;

use groundswell_gate::{Dimension, Figures, OTHER, PERTURBATION_MAX, Released, VolumeRow};
use groundswell_sketch::Step;

/// What a row is of.
pub(crate) type Key = (Dimension, String);

/// Rows of one hour; `None`: it is held back.
#[derive(Default)]
pub(crate) struct HourRows(BTreeMap<Key, Option<Figures>>);

/// What an hour had of something at most.
#[derive(Clone, Copy)]
pub(crate) struct AtMost {
    pub(crate) shown: Option<Figures>,
    /// `None`: a few authors may have written any number.
    pub(crate) posts: Option<f64>,
    pub(crate) authors: f64,
}

impl AtMost {
    /// The shown numbers are off by so much at most.
    fn of(figures: Figures) -> Self {
        let most = |shown: u64| (shown + PERTURBATION_MAX) as f64;
        Self { shown: Some(figures), posts: Some(most(figures.posts)), authors: most(figures.authors) }
    }

    fn below(k: u64) -> Self {
        Self { shown: None, posts: None, authors: k.saturating_sub(1) as f64 }
    }

    /// Posts to learn: of what is held back, one an author.
    pub(crate) fn posts_to_learn(self) -> f64 {
        self.shown.map_or(self.authors / 2.0, |shown| shown.posts as f64)
    }

    /// Authors to learn: half of those that may have written.
    pub(crate) fn authors_to_learn(self) -> f64 {
        self.shown.map_or(self.authors / 2.0, |shown| shown.authors as f64)
    }
}

impl HourRows {
    /// Takes a row of an hour that is of one of these dimensions. Publishers' own are passed over.
    pub(crate) fn take(&mut self, row: &Released<VolumeRow>, of: &[Dimension]) {
        if row.window.step == Step::Hour && of.contains(&row.dimension) && !row.publisher_only {
            self.0.insert((row.dimension, row.value.clone()), row.figures);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, Option<Figures>)> {
        self.0.iter().map(|(key, figures)| (key, *figures))
    }

    /// The row of all posts; `None` in it: they are held back.
    fn total_row(&self) -> Option<&Option<Figures>> {
        self.0.get(&(Dimension::Total, "all".to_owned()))
    }

    /// All posts, where they are shown.
    pub(crate) fn total(&self) -> Option<Figures> {
        self.total_row().copied().flatten()
    }

    /// What a subject had at most. Of what is in no row of its table it was less than k, or it is a part of "other". Nothing is said of a
    /// watch that is in no row while there are others: it is in no register any more.
    pub(crate) fn at_most(&self, key: &Key, k: u64) -> Option<AtMost> {
        let (dimension, _) = *key;
        match self.0.get(key) {
            Some(Some(figures)) => Some(AtMost::of(*figures)),
            Some(None) => Some(AtMost::below(k)),
            None if dimension == Dimension::Watch && self.total_row().is_some() => None,
            None => match self.0.get(&(dimension, OTHER.to_owned())).filter(|_| dimension.is_folded()) {
                Some(Some(other)) => Some(AtMost { shown: None, ..AtMost::of(*other) }),
                _ => Some(AtMost::below(k)),
            },
        }
    }
}
