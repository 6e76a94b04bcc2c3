//! [`Carriers`]: which names publishers carried in the last seven days.
//!
//! Every shard's owner has one, and all are the same: the workers send what publishers' items carried to all of them, and each takes a
//! minute's in when that minute closes. So what the gate is told of a name does not depend on how posts or shards are spread.
//!
//! [`Known`] has two of them: one of what publishers carried, and one of hashtags that anybody spelt as a name (`#JaneDoe`). That is
//! known of their normal form (`janedoe`) for as long, whoever else writes it in small letters.

use std::collections::BTreeMap;
use std::fmt;

use groundswell_gate::NAME_PUBLISHERS;
use groundswell_sketch::Carried;
use serde::{Deserialize, Serialize};

/// How long it counts that a publisher carried a name, in seconds of event time.
pub const NAME_CARRIED_SECONDS: i64 = 7 * 24 * 60 * 60;
/// Names of which it is remembered who carried them. When there are more, those not carried for longest are forgotten, down to three
/// quarters (`carried_names_forgotten`): they are held back until publishers carry them again.
pub const CARRIED_NAMES_MAX: usize = 1 << 17;

/// As many as the gate asks for: of more publishers, those who carried a name last decide.
const KEPT: usize = NAME_PUBLISHERS as usize;

/// Hashtags of which it is remembered that somebody spelt them as a name. When there are more, those not spelt so for longest are
/// forgotten, down to three quarters (`spelt_names_forgotten`): they are decided about by their small letters until somebody does.
pub const SPELT_NAMES_MAX: usize = 1 << 17;

/// What is known of names by what was read in the last seven days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    carried: Carriers,
    spelt: Carriers,
}

/// How many of each kind were forgotten for lack of room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Forgotten {
    pub(super) carried: u64,
    pub(super) spelt: u64,
}

impl Known {
    /// Takes in what was noted in a minute; minutes in their order.
    pub(super) fn note(
        &mut self,
        minute: i64,
        noted: impl Iterator<Item = Carried> + Clone,
        carried_max: usize,
        spelt_max: usize,
    ) -> Forgotten {
        let is_spelt = |noted: &Carried| noted.publisher == Carried::SPELT;
        Forgotten {
            carried: self.carried.note(minute, noted.clone().filter(|noted| !is_spelt(noted)), carried_max),
            spelt: self.spelt.note(minute, noted.filter(is_spelt), spelt_max),
        }
    }

    /// How many publishers carried a name in the seven days before a second, as far as the gate counts.
    pub(super) fn publishers(&self, name: u64, before_unix: i64) -> u32 {
        self.carried.count(name, before_unix)
    }

    /// Whether anybody spelt it as a name in the seven days before a second.
    pub(super) fn is_spelt(&self, name: u64, before_unix: i64) -> bool {
        self.spelt.count(name, before_unix) > 0
    }

    /// Takes what another one knows as well.
    pub(super) fn merge(&mut self, other: &Self) {
        self.carried.merge(&other.carried);
        self.spelt.merge(&other.spelt);
    }
}

/// That a publisher carried a name in a minute.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Sighting {
    minute: i64,
    publisher: u64,
}

/// The publishers who carried names, by the names' keys.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Carriers {
    /// Latest first.
    names: BTreeMap<u64, Vec<Sighting>>,
}

impl Carriers {
    /// Takes in what was carried in a minute; minutes in their order. Says how many names were forgotten for lack of room.
    pub(super) fn note(&mut self, minute: i64, carried: impl Iterator<Item = Carried>, names_max: usize) -> u64 {
        for Carried { name, publisher } in carried {
            add(self.names.entry(name).or_default(), Sighting { minute, publisher });
        }
        if self.names.len() <= names_max {
            return 0;
        }
        self.names.retain(|_, sightings| latest(sightings) > minute - NAME_CARRIED_SECONDS);
        if self.names.len() <= names_max {
            return 0;
        }
        let mut by_age: Vec<(i64, u64)> =
            self.names.iter().map(|(name, sightings)| (latest(sightings), *name)).collect();
        by_age.sort_unstable();
        let gone = self.names.len() - names_max / 4 * 3;
        for (_, name) in &by_age[..gone] {
            self.names.remove(name);
        }
        gone as u64
    }

    /// How many publishers carried a name in the seven days before a second, as far as the gate counts.
    pub(super) fn count(&self, name: u64, before_unix: i64) -> u32 {
        let Some(sightings) = self.names.get(&name) else { return 0 };
        sightings.iter().filter(|sighting| sighting.minute >= before_unix - NAME_CARRIED_SECONDS).count() as u32
    }

    /// Takes what another one knows as well.
    pub(super) fn merge(&mut self, other: &Self) {
        for (name, sightings) in &other.names {
            let own = self.names.entry(*name).or_default();
            sightings.iter().rev().for_each(|sighting| add(own, *sighting));
        }
    }
}

/// Adds a sighting: a publisher's latest, and of publishers the latest [`KEPT`].
fn add(sightings: &mut Vec<Sighting>, new: Sighting) {
    if let Some(known) = sightings.iter_mut().find(|known| known.publisher == new.publisher) {
        known.minute = known.minute.max(new.minute);
    } else {
        sightings.push(new);
    }
    // Among those of one minute, by publisher, so that their order of arrival does not matter.
    sightings.sort_unstable_by_key(|sighting| (std::cmp::Reverse(sighting.minute), sighting.publisher));
    sightings.truncate(KEPT);
}

fn latest(sightings: &[Sighting]) -> i64 {
    sightings.first().map_or(i64::MIN, |sighting| sighting.minute)
}

impl fmt::Debug for Carriers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Carriers({} names, redacted)", self.names.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 86_400;

    fn carried(name: u64, publisher: u64) -> Carried {
        Carried { name, publisher }
    }

    #[test]
    fn three_different_publishers_within_seven_days() {
        let mut carriers = Carriers::default();
        carriers.note(0, [carried(1, 10), carried(1, 10), carried(1, 11)].into_iter(), 100);
        assert_eq!(carriers.count(1, 60), 2);
        carriers.note(6 * DAY, [carried(1, 12)].into_iter(), 100);
        assert_eq!((carriers.count(1, 6 * DAY + 60), carriers.count(2, 60)), (3, 0));
        // What was carried seven days ago counts no more.
        assert_eq!((carriers.count(1, 7 * DAY), carriers.count(1, 7 * DAY + 1)), (3, 1));
        assert_eq!(carriers.count(1, 14 * DAY), 0);
    }

    #[test]
    fn a_full_one_forgets_the_oldest() {
        let mut carriers = Carriers::default();
        for name in 0..100 {
            assert_eq!(carriers.note(name as i64 * 60, [carried(name, 1)].into_iter(), 100), 0);
        }
        assert_eq!(carriers.note(6_000, [carried(100, 1)].into_iter(), 100), 26);
        assert_eq!((carriers.count(25, 6_060), carriers.count(26, 6_060), carriers.count(100, 6_060)), (0, 1, 1));
    }

    proptest! {
        #[test]
        fn as_a_slow_model_counts(
            items in proptest::collection::vec((0_i64..20, 0_u64..3, 0_u64..6), 0..80), days in 0_i64..30
        ) {
            let mut items = items;
            items.sort_unstable();
            let mut carriers = Carriers::default();
            for (day, name, publisher) in &items {
                carriers.note(day * DAY, std::iter::once(carried(*name, *publisher)), 100);
            }
            let before = days * DAY + 60;
            // Asked as of a time at which nothing later is known.
            let last = items.last().map_or(0, |item| item.0);
            prop_assume!(days >= last);
            for name in 0..3 {
                let of: std::collections::BTreeSet<u64> = items.iter()
                    .filter(|item| item.1 == name && item.0 * DAY >= before - NAME_CARRIED_SECONDS)
                    .map(|item| item.2)
                    .collect();
                prop_assert_eq!(carriers.count(name, before), NAME_PUBLISHERS.min(of.len() as u32));
            }
        }
    }
}
