//! Which partitions to begin, and where: decided here without a broker, so that it can be tested without one.

use std::collections::BTreeSet;

use super::config::StartAt;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) topic: String,
    pub(crate) partition: i32,
}

impl Place {
    /// Its name, and the key of its positions.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.topic, self.partition)
    }
}

/// Partitions that a look has found and that are not open yet, in order.
pub(crate) fn new_places(open: &BTreeSet<Place>, found: &[Place], is_ours: impl Fn(i32) -> bool) -> Vec<Place> {
    let found: BTreeSet<&Place> = found.iter().filter(|place| is_ours(place.partition)).collect();
    found.into_iter().filter(|place| !open.contains(*place)).cloned().collect()
}

/// Where a partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// At this offset, nothing being lost.
    At(i64),
    /// At its oldest message: what stood at `kept` and before the oldest is gone.
    Expired { oldest: i64, gone: u64 },
    /// At its oldest message: the log ends before the position that is kept, so it is another log than it was.
    Anew { oldest: i64 },
    /// At the first message of this time, which the broker must be asked for.
    Time,
}

/// Where to begin, given the kept position, the oldest offset and the one that the next message will get.
///
/// `appeared`: it came into being while the topic was being read, here or in the run before, so that all of it is new.
pub(crate) fn begin(kept: Option<i64>, (oldest, next): (i64, i64), start: StartAt, appeared: bool) -> Begin {
    match kept {
        Some(kept) if kept > next => Begin::Anew { oldest },
        Some(kept) if kept < oldest => Begin::Expired { oldest, gone: kept.abs_diff(oldest) },
        Some(kept) => Begin::At(kept),
        None if appeared => Begin::At(oldest),
        None => match start {
            StartAt::Earliest => Begin::At(oldest),
            StartAt::Latest => Begin::At(next),
            StartAt::Time(_) => Begin::Time,
        },
    }
}

#[cfg(test)]
mod tests {
    use groundswell_post::EventTime;
    use proptest::prelude::*;

    use super::*;

    fn place(partition: i32) -> Place {
        Place { topic: "posts".to_owned(), partition }
    }

    #[test]
    fn only_what_is_new_and_ours_is_begun() {
        let open = BTreeSet::from([place(0)]);
        let found = [place(3), place(1), place(0), place(2), place(1)];
        assert_eq!(new_places(&open, &found, |_| true), [place(1), place(2), place(3)]);
        assert_eq!(new_places(&open, &found, |partition| partition % 2 == 0), [place(2)]);
    }

    #[test]
    fn a_partition_begins_where_it_must() {
        let time = StartAt::Time(EventTime::from_unix(1_474_588_800));
        for (kept, start, appeared, expected) in [
            (None, StartAt::Earliest, false, Begin::At(10)),
            (None, StartAt::Latest, false, Begin::At(50)),
            (None, time, false, Begin::Time),
            (None, StartAt::Latest, true, Begin::At(10)),
            (Some(10), StartAt::Latest, false, Begin::At(10)),
            (Some(50), StartAt::Earliest, true, Begin::At(50)),
            (Some(9), StartAt::Latest, false, Begin::Expired { oldest: 10, gone: 1 }),
            (Some(51), StartAt::Latest, false, Begin::Anew { oldest: 10 }),
        ] {
            assert_eq!(begin(kept, (10, 50), start, appeared), expected, "{kept:?} {start:?} {appeared}");
        }
    }

    proptest! {
        /// A kept position is never passed by, and what is skipped is counted.
        #[test]
        fn nothing_is_passed_by_unseen(kept in 0_i64..100, oldest in 0_i64..100, more in 0_i64..100) {
            match begin(Some(kept), (oldest, oldest + more), StartAt::Latest, false) {
                Begin::At(offset) => prop_assert_eq!(offset, kept),
                Begin::Expired { oldest: offset, gone } => prop_assert_eq!(offset as u64, kept as u64 + gone),
                Begin::Anew { oldest: offset } => prop_assert!(offset == oldest && kept > oldest + more),
                Begin::Time => prop_assert!(false, "a time is asked for only where no position is kept"),
            }
        }
    }
}
