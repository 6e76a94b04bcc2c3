//! [`Level`]: what share of all posts a subject usually has at an hour of the week, and what share of their authors.

use serde::{Deserialize, Serialize};

use crate::anomaly::{ExpectedOdds, Odds, SeenOdds, logit};

/// What an hour says of authors beside posts, at least.
const AUTHORS_LEARNT: f64 = 0.05;

/// What share an hour should have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) odds: ExpectedOdds,
    /// What is to be added for its share of authors.
    pub(super) of_authors: f64,
}

/// What an hour had: of so many posts and authors, which should have `share` of all.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) posts: f64,
    pub(super) authors: f64,
    pub(super) of_posts: f64,
    pub(super) of_authors: f64,
    pub(super) share: f64,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Level {
    posts: Odds,
    /// Log-odds of its share of authors less those of its share of posts.
    authors: f64,
}

impl Level {
    /// What the hour that begins at a second should have; `None` while that hour of the day is not known.
    pub(super) fn expected(&self, start: i64) -> Option<Expected> {
        Some(Expected { odds: self.posts.expected(start)?, of_authors: self.authors })
    }

    /// Learns an hour. Of a shift (`None`), what was to be expected is learnt: a shift is in no baseline.
    pub(super) fn learn(&mut self, start: i64, seen: Option<Seen>) {
        let hours_seen = self.posts.hours_seen();
        let odds = seen.map(|seen| seen.odds(self.posts.expected(start).map(|expected| expected.share())));
        self.posts.learn(start, odds);
        if let Some(seen) = seen {
            let off = logit((seen.authors + 0.5) / (seen.of_authors + 1.0))
                - logit((seen.posts + 0.5) / (seen.of_posts + 1.0));
            self.authors += (off - self.authors) * AUTHORS_LEARNT.max(1.0 / (1.0 + hours_seen));
        }
    }
}

impl Seen {
    /// Its share of all posts, as far as one can tell from its part of them; what chance makes of it where `expected` is what it should be.
    fn odds(&self, expected: Option<f64>) -> SeenOdds {
        let share = (expected.unwrap_or(self.share) / self.share).clamp(1e-6, 1.0 - 1e-6);
        let rarer = self.of_posts * share.min(1.0 - share);
        SeenOdds {
            log_odds: logit((self.posts + 0.5) / (self.of_posts + 1.0) * self.share),
            noise: 1.0 / (self.of_posts * share * (1.0 - share)).max(1e-9),
            weight: (rarer / (1.0 + rarer)).powi(2),
        }
    }
}
