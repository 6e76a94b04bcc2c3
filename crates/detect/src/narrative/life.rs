//! The life of a narrative: its states, by a published rule, and its growth.

use groundswell_gate::NarrativeState as State;
use serde::{Deserialize, Serialize};

/// Growth compares this many minutes with as many before them.
pub const GROWTH_MINUTES: i64 = 15;
/// A narrative is called emerging for so many minutes from its birth, unless it fades.
pub const EMERGING_MINUTES: i64 = 60;
/// A narrative to which nobody wrote for so many minutes is dormant.
pub const DORMANT_MINUTES: i64 = 60;
/// A dormant narrative ends after so many minutes; what comes later is a new one.
pub const ENDED_MINUTES: i64 = 24 * 60;
/// Minutes that another state must hold before it is believed.
pub const STATE_MINUTES: u32 = 5;

/// Posts of the last [`GROWTH_MINUTES`] over posts of those before, with its uncertainty (see the
/// gate's [`groundswell_gate::Growth`], which is that of the shown counts).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// Posts of the last minutes.
    pub recent: u64,
    /// Posts of as many minutes before.
    pub before: u64,
    /// The ratio.
    pub ratio: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Growth {
    /// Of two counts.
    pub fn of(recent: u64, before: u64) -> Self {
        let groundswell_gate::Growth { ratio, low, high } = groundswell_gate::Growth::of(recent, before);
        Self { recent, before, ratio, low, high }
    }
}

/// The state that the figures speak for.
pub(super) fn state_of(minutes_of_age: i64, silent_minutes: i64, growth: &Growth) -> State {
    if silent_minutes >= DORMANT_MINUTES {
        State::Dormant
    } else if growth.high < 1.0 {
        State::Fading
    } else if minutes_of_age < EMERGING_MINUTES {
        State::Emerging
    } else if growth.low > 1.0 {
        State::Growing
    } else {
        State::Steady
    }
}

/// A state, and another one that the figures speak for since some minutes: it changes only when they insist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) state: State,
    other: State,
    minutes: u32,
}

impl Life {
    pub(super) const fn new() -> Self {
        Self { state: State::Emerging, other: State::Emerging, minutes: 0 }
    }

    /// A minute has passed. Silence and coming back from it need no patience.
    pub(super) fn pass(&mut self, figures: State) -> bool {
        if figures == self.state {
            self.minutes = 0;
            return false;
        }
        self.minutes = if figures == self.other { self.minutes + 1 } else { 1 };
        self.other = figures;
        let at_once = figures == State::Dormant || self.state == State::Dormant;
        if at_once || self.minutes >= STATE_MINUTES {
            self.state = figures;
            self.minutes = 0;
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_the_rule() {
        let up = Growth::of(60, 20);
        let down = Growth::of(20, 60);
        let even = Growth::of(21, 20);
        for (age, silent, growth, expected) in [
            (5, 0, up, State::Emerging),
            (5, 0, even, State::Emerging),
            (5, 0, down, State::Fading),
            (90, 0, up, State::Growing),
            (90, 0, even, State::Steady),
            (90, 3, down, State::Fading),
            (90, 60, down, State::Dormant),
            (90, 60, up, State::Dormant),
        ] {
            assert_eq!(state_of(age, silent, &growth), expected, "{age} {silent} {growth:?}");
        }
    }

    #[test]
    fn growth_knows_how_little_it_knows() {
        let few = Growth::of(3, 1);
        assert!(few.low < 1.0 && few.high > 1.0 && few.ratio > 2.0);
        let many = Growth::of(300, 100);
        assert!(many.low > 2.0 && many.high < 4.0);
        assert!(Growth::of(0, 0).ratio > 0.99);
    }

    #[test]
    fn one_minute_changes_no_state() {
        let mut life = Life::new();
        assert!(!life.pass(State::Fading));
        assert!(!life.pass(State::Emerging));
        for _ in 1..STATE_MINUTES {
            assert!(!life.pass(State::Growing));
        }
        assert!(life.pass(State::Growing));
        assert!(life.pass(State::Dormant));
        assert!(life.pass(State::Steady));
    }
}
