//! Which feed is fetched when: no I/O, no clock, so that a test can drive it by hand.
//!
//! Feeds wait until they are due, then until their host is free: one request at a time a host, with a gap after each. Hosts take
//! turns, so a host with a thousand feeds takes no more than its turn, and a slow one holds back its own feeds only.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    Feed(u32, Arc<str>),
    Host(Arc<str>),
}

#[derive(Debug, Default)]
struct Host {
    /// Feeds that are due, in the order in which they became so.
    waiting: VecDeque<u32>,
    busy: bool,
    /// It stands in `ready`.
    ready: bool,
    /// It is not asked before.
    free_at: u64,
}

/// All times are milliseconds since some fixed moment.
#[derive(Debug)]
pub(crate) struct Schedule {
    due: BinaryHeap<Reverse<(u64, u64, Wake)>>,
    /// Only hosts that somebody waits for, that are busy or that rest: redirections could name any number of them.
    hosts: BTreeMap<Arc<str>, Host>,
    ready: VecDeque<Arc<str>>,
    running: usize,
    running_max: usize,
    gap: u64,
    /// Of two that are due at one moment, the one that was planned first goes first.
    planned: u64,
}

impl Schedule {
    pub(crate) fn new(running_max: usize, gap: u64) -> Self {
        Self {
            due: BinaryHeap::new(),
            hosts: BTreeMap::new(),
            ready: VecDeque::new(),
            running: 0,
            running_max: running_max.max(1),
            gap,
            planned: 0,
        }
    }

    /// Plans a feed for a moment.
    pub(crate) fn plan(&mut self, feed: u32, host: &Arc<str>, at: u64) {
        self.wake(at, Wake::Feed(feed, Arc::clone(host)));
    }

    fn wake(&mut self, at: u64, wake: Wake) {
        self.planned += 1;
        self.due.push(Reverse((at, self.planned, wake)));
    }

    /// The next feed to fetch now, if there is one and room for it.
    pub(crate) fn next(&mut self, now: u64) -> Option<(u32, Arc<str>)> {
        while self.due.peek().is_some_and(|Reverse((at, _, _))| *at <= now) {
            let Some(Reverse((_, _, wake))) = self.due.pop() else { break };
            let name = match wake {
                Wake::Feed(feed, name) => {
                    self.hosts.entry(Arc::clone(&name)).or_default().waiting.push_back(feed);
                    name
                }
                Wake::Host(name) => name,
            };
            self.offer(&name, now);
        }
        if self.running >= self.running_max {
            return None;
        }
        let name = self.ready.pop_front()?;
        let host = self.hosts.get_mut(&name)?;
        host.ready = false;
        let feed = host.waiting.pop_front()?;
        host.busy = true;
        self.running += 1;
        Some((feed, name))
    }

    /// Puts a host in the line where it can be asked, and forgets it where nobody wants it.
    fn offer(&mut self, name: &Arc<str>, now: u64) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        if host.busy || host.ready || host.free_at > now {
            return;
        }
        if host.waiting.is_empty() {
            self.hosts.remove(name);
        } else {
            host.ready = true;
            self.ready.push_back(Arc::clone(name));
        }
    }

    /// A fetch has ended; its host rests for the gap, or longer where it asked for it.
    pub(crate) fn done(&mut self, name: &Arc<str>, now: u64, rest: u64) {
        self.running -= 1;
        let free_at = now.saturating_add(rest.max(self.gap));
        if let Some(host) = self.hosts.get_mut(name) {
            host.busy = false;
            host.free_at = free_at;
        }
        self.wake(free_at, Wake::Host(Arc::clone(name)));
    }

    /// When something may become due.
    pub(crate) fn wake_at(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((at, _, _))| *at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(name: &str) -> Arc<str> {
        Arc::from(name)
    }

    #[test]
    fn a_slow_host_holds_back_its_own_feeds_only() {
        let mut schedule = Schedule::new(3, 100);
        let (a, b) = (host("a"), host("b"));
        for (feed, host) in [(0, &a), (1, &a), (2, &b), (3, &b)] {
            schedule.plan(feed, host, 0);
        }
        assert_eq!(schedule.next(0), Some((0, a.clone())));
        assert_eq!(schedule.next(0), Some((2, b.clone())));
        assert_eq!(schedule.next(0), None, "both hosts are busy");
        schedule.done(&b, 10, 0);
        assert_eq!(schedule.next(109), None, "b rests");
        assert_eq!(schedule.next(110), Some((3, b.clone())), "and a is still busy");
        schedule.done(&b, 120, 5_000);
        schedule.done(&a, 130, 0);
        assert_eq!(schedule.next(230), Some((1, a.clone())));
        schedule.done(&a, 240, 0);
        assert_eq!(schedule.wake_at(), Some(340));
        assert_eq!(schedule.next(6_000), None);
        assert!(schedule.hosts.is_empty(), "nobody wants them any more");
    }

    proptest! {
        /// Drives a schedule with fetches of random length: the promises hold, and every feed gets its turns.
        #[test]
        fn keeps_its_promises(
            feeds in prop::collection::vec((0_u8..5, 0_u64..200), 1..40),
            lengths in prop::collection::vec(0_u64..150, 1..20),
            running_max in 1_usize..6,
            gap in 0_u64..50,
        ) {
            let mut schedule = Schedule::new(running_max, gap);
            for (feed, (name, at)) in feeds.iter().enumerate() {
                schedule.plan(feed as u32, &host(&name.to_string()), *at);
            }
            let mut turns = vec![0; feeds.len()];
            let mut running: Vec<(u64, Arc<str>)> = Vec::new();
            let mut freed: BTreeMap<Arc<str>, u64> = BTreeMap::new();
            let mut started = 0;
            let mut now = 0;
            while turns.contains(&0) {
                prop_assert!(now < 100_000, "starved: {turns:?}");
                running.retain(|(end, name)| {
                    if *end <= now {
                        schedule.done(name, now, 0);
                        freed.insert(Arc::clone(name), now);
                    }
                    *end > now
                });
                while let Some((feed, name)) = schedule.next(now) {
                    prop_assert!(running.iter().all(|(_, other)| *other != name), "two at once at one host");
                    prop_assert!(freed.get(&name).is_none_or(|freed| now >= freed + gap), "no gap");
                    prop_assert!(feeds[feed as usize].1 <= now, "not due");
                    turns[feed as usize] += 1;
                    started += 1;
                    running.push((now + lengths[started % lengths.len()], name));
                    prop_assert!(running.len() <= running_max);
                }
                now += 1;
            }
        }
    }
}
