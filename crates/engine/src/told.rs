//! What is told of counts while they grow: to whoever looks at a running service, many times, whenever they like.
//!
//! A count of now to the digit shows when somebody writes in a source where few do, to the second. So what is told of a source
//! - moves on whole minutes of wall time only,
//! - moves, where people write, only once k different people have written since it moved last (PRIVACY section 4: a count rests
//!   on k authors), however much fewer of them write,
//! - is rounded down to a multiple of k.
//!
//! The newest event time moves with the count, and so does the rate, which is the difference of two counts that were told. What
//! could not be read, came late or was left out is rounded by the minute, as in the coverage ledger. Publishers' items need no
//! company.

use std::sync::PoisonError;

use groundswell_edge::AuthorToken;
use groundswell_gate::{AtLeast, Gate, Minute};
use groundswell_post::EventTime;

use crate::counters::SourceCounters;

/// What may be told of a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToldSource {
    /// Posts that went past the edge.
    pub posts: AtLeast,
    /// Those of them that people wrote.
    pub people: AtLeast,
    /// Records that could not be read.
    pub rejected: AtLeast,
    /// Posts that came after their window had closed.
    pub late: AtLeast,
    /// Posts that were left out because the workers did not keep up.
    pub thinned: AtLeast,
    /// The newest event time when `posts` moved last.
    pub newest: Option<Minute>,
    /// How much `posts` moved in the last minute, a second.
    pub rate: f64,
    /// For how many minutes `posts` has not moved.
    pub quiet_minutes: u64,
}

/// Different people of one epoch: as many as are needed, no more, so never above k of them. A token is another each UTC day, so
/// those of two days are never added up: the newer day begins anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    needed: usize,
    day: i64,
    tokens: Vec<AuthorToken>,
}

impl People {
    pub(crate) fn needed(needed: usize) -> Self {
        Self { needed, ..Self::default() }
    }

    pub(crate) fn are_enough(&self) -> bool {
        self.tokens.len() >= self.needed
    }

    /// One of them wrote at a time.
    pub(crate) fn wrote(&mut self, time: EventTime, author: AuthorToken) {
        if !self.are_enough() {
            self.add(time.day(), author);
        }
    }

    fn add(&mut self, day: i64, author: AuthorToken) {
        if self.tokens.is_empty() || day > self.day {
            self.day = day;
            self.tokens.clear();
        }
        if day == self.day && !self.tokens.contains(&author) {
            self.tokens.push(author);
        }
    }

    fn merge(&mut self, other: &Self) {
        for author in &other.tokens {
            if self.are_enough() {
                return;
            }
            self.add(other.day, *author);
        }
    }

    fn forget(&mut self, author: AuthorToken) {
        self.tokens.retain(|token| *token != author);
    }
}

/// Counts of a source at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Now {
    pub(crate) accepted: u64,
    /// Those of `accepted` that are publishers' items.
    pub(crate) published: u64,
    pub(crate) rejected: u64,
    pub(crate) late: u64,
    pub(crate) thinned: u64,
    pub(crate) newest: Option<EventTime>,
    pub(crate) newest_published: Option<EventTime>,
}

/// What was told of a source, and who has written since.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// People who wrote since the count of their posts moved.
    people: People,
    /// Counts as they are told; `accepted` and `newest` are of people and of when they moved last.
    now: Now,
    /// The minute of the last look, the posts told in it, and the rate up to it.
    look: Option<(i64, u64, f64)>,
    /// The minute in which posts moved last.
    moved: i64,
}

impl Told {
    pub(crate) fn new(gate: Gate) -> Self {
        Self { people: People::needed(usize::try_from(gate.k().get()).unwrap_or(usize::MAX)), ..Self::default() }
    }

    fn posts(&self, gate: Gate) -> u64 {
        let people = gate.at_least(self.now.accepted).get();
        gate.at_least(people + self.now.published).get()
    }

    /// Takes up what may be told in a minute.
    fn look(&mut self, minute: i64, now: &Now, gate: Gate) {
        let due = self.look.is_none_or(|(last, ..)| minute > last);
        if !due && !gate.is_exact() {
            return;
        }
        let before = self.posts(gate);
        let Now { accepted, newest, .. } = self.now;
        self.now = Now { accepted, newest, ..*now };
        if gate.is_exact() || self.people.are_enough() {
            self.now.accepted = now.accepted - now.published;
            self.now.newest = now.newest;
            self.people.tokens.clear();
        }
        let posts = self.posts(gate);
        if posts != before || self.look.is_none() {
            self.moved = minute;
        }
        if due {
            let rate = self.look.map_or(0.0, |(last, before, _)| {
                posts.saturating_sub(before) as f64 / (minute - last) as f64 / MINUTE as f64
            });
            self.look = Some((minute, posts, rate));
        }
    }
}

const MINUTE: i64 = 60;

impl SourceCounters {
    /// What may be told at a Unix second of wall time.
    pub(crate) fn told(&self, unix: i64, gate: Gate) -> ToldSource {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = unix.div_euclid(MINUTE);
        told.look(minute, &self.now(), gate);
        let now = &told.now;
        let newest = now.newest.max(now.newest_published);
        ToldSource {
            posts: gate.at_least(told.posts(gate)),
            people: gate.at_least(now.accepted),
            rejected: gate.at_least(now.rejected),
            late: gate.at_least(now.late),
            thinned: gate.at_least(now.thinned),
            newest: newest.map(|time| Minute::containing(time.unix())),
            rate: told.look.map_or(0.0, |(_, _, rate)| rate),
            quiet_minutes: minute.saturating_sub(told.moved).max(0).unsigned_abs(),
        }
    }

    /// Where a block notes its people: nobody is noted once there are enough.
    pub(crate) fn people(&self) -> People {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        People::needed(if told.people.are_enough() { 0 } else { told.people.needed })
    }

    /// These people wrote.
    pub(crate) fn wrote(&self, people: &People) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).people.merge(people);
    }

    /// Somebody's deletion came: nothing of them is kept.
    pub(crate) fn forget(&self, author: AuthorToken) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).people.forget(author);
    }
}

#[cfg(test)]
mod tests {
    use groundswell_edge::EdgePost;
    use groundswell_gate::K;
    use groundswell_post::Kind;
    use proptest::prelude::*;

    use super::*;
    use crate::counters::{BlockCounts, Counters};

    const START: i64 = 1_800_000_000;
    /// The k of these tests.
    const K_HERE: u64 = 10;

    /// One post that comes some seconds after the one before.
    #[derive(Clone, Copy, Debug)]
    struct Came {
        after: i64,
        author: u64,
    }

    /// Everything that anybody who looks at any second is told.
    #[derive(Clone, Debug, PartialEq)]
    struct Told {
        source: ToldSource,
        counters: Vec<(String, u64)>,
    }

    struct World {
        counters: Counters,
        at: i64,
    }

    impl World {
        fn new(gate: Gate) -> Self {
            let world = Self { counters: Counters::told_by(gate, 1), at: START };
            world.told();
            world
        }

        fn came(&mut self, post: Came) {
            self.at += post.after;
            self.count(&[post]);
        }

        /// Counts a block of posts of now.
        fn count(&self, posts: &[Came]) {
            let mut block = BlockCounts { people: self.counters.people(0), ..BlockCounts::default() };
            for post in posts {
                block.accept(&EdgePost {
                    time: EventTime::from_unix(self.at),
                    author: Some(AuthorToken::from_bits(post.author)),
                    ..EdgePost::default()
                });
                // What a lone post may leave behind in other counters.
                block.texts_truncated += 1;
            }
            self.counters.add_block(0, &block);
            self.counters.add_forgotten(posts.len() as u64);
        }

        fn told(&self) -> Told {
            let counters = self.counters.told(self.at);
            Told {
                source: self.counters.told_source(0, self.at).unwrap(),
                counters: counters.into_iter().map(|(name, count)| (name, count.get())).collect(),
            }
        }

        /// What is told in all minutes that follow.
        fn later(&mut self) -> Vec<Told> {
            (0..4)
                .map(|_| {
                    self.at += MINUTE;
                    self.told()
                })
                .collect()
        }
    }

    fn gate() -> Gate {
        Gate::new(K::DEFAULT)
    }

    fn posts(authors: std::ops::Range<u64>) -> impl Strategy<Value = Vec<Came>> {
        prop::collection::vec((0_i64..40, authors).prop_map(|(after, author)| Came { after, author }), 0..120)
    }

    proptest! {
        /// The attack that this file is against: somebody who knows all that a few others write, and looks after every post.
        #[test]
        fn whether_one_person_writes_among_few_shows_in_nothing(
            others in posts(1..K_HERE - 1),
            wrote in prop::collection::vec(any::<bool>(), 120),
        ) {
            let (mut with, mut without) = (World::new(gate()), World::new(gate()));
            for (post, wrote) in others.iter().zip(wrote) {
                with.came(*post);
                without.came(*post);
                if wrote {
                    with.count(&[Came { after: 0, author: 99 }]);
                }
                prop_assert_eq!(with.told(), without.told());
            }
            prop_assert_eq!(with.later(), without.later());
        }

        #[test]
        fn what_is_told_moves_only_where_k_wrote_and_on_whole_minutes(all in posts(1..40)) {
            let mut world = World::new(gate());
            let (mut before, mut minute, mut since) = (world.told(), START / MINUTE, std::collections::HashSet::new());
            for (count, post) in (1..).zip(all) {
                world.came(post);
                since.insert(post.author);
                let told = world.told();
                let posts = told.source.posts.get();
                prop_assert!(posts <= count && posts.is_multiple_of(K_HERE));
                if posts == before.source.posts.get() {
                    prop_assert_eq!((told.source.newest, &told.counters), (before.source.newest, &before.counters));
                } else {
                    prop_assert!(since.len() as u64 >= K_HERE && world.at / MINUTE > minute);
                    since.clear();
                }
                (before, minute) = (told, world.at / MINUTE);
            }
        }

        /// Whatever the split over blocks, in the end everything is told, but for less than k.
        #[test]
        fn a_lively_source_is_told_of_whole(all in prop::collection::vec(posts(1..200), 1..5)) {
            let mut world = World::new(gate());
            let mut count = 0;
            for block in all {
                world.count(&block);
                world.at += MINUTE;
                world.told();
                count += block.len() as u64;
            }
            // So many different people write once more that it must be told.
            world.count(&(1_000..1_000 + K_HERE).map(|author| Came { after: 0, author }).collect::<Vec<_>>());
            count += K_HERE;
            let told = world.later().pop().unwrap();
            prop_assert_eq!(told.source.posts.get(), count - count % K_HERE);
            let accepted = told.counters.iter().find(|(name, _)| name == "accepted").unwrap().1;
            prop_assert_eq!(accepted, told.source.posts.get());
        }
    }

    #[test]
    fn one_who_writes_without_end_moves_nothing_and_midnight_makes_nobody_two() {
        let mut world = World::new(gate());
        for author in [0, 1, 2, 3, 4, 5] {
            world.came(Came { after: 600, author });
        }
        for _ in 0..1_000 {
            world.came(Came { after: 10, author: 0 });
        }
        let told = world.told();
        assert_eq!((told.source.posts.get(), told.source.newest, told.source.rate), (0, None, 0.0));
        // Six of today and six of yesterday are not twelve.
        world.at = (world.at / 86_400 + 1) * 86_400;
        for author in [100, 101, 102, 103, 104, 105] {
            world.came(Came { after: 1, author });
        }
        assert_eq!(world.later().pop().unwrap().source.posts.get(), 0);
        for author in [106, 107, 108, 109] {
            world.came(Came { after: 1, author });
        }
        assert_eq!(world.later().pop().unwrap().source.posts.get(), 1_010, "of 1,016");
    }

    #[test]
    fn who_is_deleted_is_no_company() {
        let mut world = World::new(gate());
        world.count(&(0..K_HERE - 1).map(|author| Came { after: 0, author }).collect::<Vec<_>>());
        world.counters.forget(AuthorToken::from_bits(3));
        world.count(&[Came { after: 0, author: 50 }]);
        assert_eq!(world.later().pop().unwrap().source.posts.get(), 0);
        world.count(&[Came { after: 0, author: 51 }]);
        assert_eq!(world.later().pop().unwrap().source.posts.get(), 10);
    }

    #[test]
    fn a_rate_is_that_of_the_last_minute_and_a_source_falls_quiet() {
        let mut world = World::new(gate());
        let crowd: Vec<Came> = (0..600).map(|author| Came { after: 0, author }).collect();
        world.count(&crowd);
        assert!(world.told().source.rate.abs() < f64::EPSILON, "the minute is not over");
        world.at += MINUTE;
        let told = world.told().source;
        assert_eq!((told.posts.get(), told.rate, told.quiet_minutes), (600, 10.0, 0));
        world.at += MINUTE;
        let told = world.told().source;
        assert_eq!((told.posts.get(), told.rate, told.quiet_minutes), (600, 0.0, 1));
    }

    #[test]
    fn publishers_need_no_company() {
        let item = |at| EdgePost { kind: Kind::Publisher, time: EventTime::from_unix(at), ..EdgePost::default() };
        let mut world = World::new(gate());
        let mut block = BlockCounts::default();
        (0..12).for_each(|_| block.accept(&item(START)));
        world.counters.add_block(0, &block);
        assert_eq!(world.later().pop().unwrap().source.posts.get(), 10);
    }
}
