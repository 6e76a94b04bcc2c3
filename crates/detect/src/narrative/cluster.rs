//! [`Cluster`]: the running sum of its posts, and nothing of any one of them but, while it has one post, of that one.

use super::terms::TermId;

/// A cluster's place and a check that it is still the same one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Handle {
    pub(super) slot: u32,
    pub(super) check: u32,
}

impl Handle {
    pub(super) const NONE: Self = Self { slot: u32::MAX, check: 0 };
}

/// A cluster within one worker; never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct LocalId(pub u64);

/// One term of a cluster.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) term: TermId,
    /// Sum over its posts of the term's part of a unit vector: the cluster's vector.
    pub(super) mass: f32,
    /// Sum over its posts, for the term's entropy.
    pub(super) count: f32,
}

/// What a cluster of one post must remember until it is told of.
#[derive(Clone, Copy, Default)]
pub(super) struct First {
    pub(super) minute: i64,
    pub(super) author: Option<u64>,
    pub(super) language: [u8; 2],
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Free,
    Live,
    /// It became part of another one.
    Moved(Handle),
}

impl Default for Handle {
    fn default() -> Self {
        Self::NONE
    }
}

#[derive(Default)]
pub(super) struct Cluster {
    pub(super) id: u64,
    pub(super) state: State,
    /// By term, ascending.
    pub(super) shares: Vec<Share>,
    /// Square of the vector's length.
    pub(super) norm2: f32,
    pub(super) posts: u32,
    /// The size from which on it is compared with larger ones again.
    pub(super) fold_at: u32,
    /// In busy seconds.
    pub(super) first: u32,
    pub(super) last: u32,
    /// Posts that joined as nearly identical to one before.
    pub(super) copies: u32,
    /// Written to since the last telling.
    pub(super) touched: bool,
    /// Written to since the last fold.
    pub(super) unfolded: bool,
    /// The owner knows it.
    pub(super) told: bool,
    pub(super) origin: Option<First>,
    pub(super) leads: Option<Box<Leads>>,
    /// The cluster that it was split from.
    pub(super) split_from: Option<u64>,
}

impl Cluster {
    pub(super) fn share(&self, term: TermId) -> Result<usize, usize> {
        self.shares.binary_search_by_key(&term, |share| share.term)
    }
}

impl Share {
    /// It as a part of a unit vector.
    pub(super) fn part_of(self, length: f32) -> Self {
        Self { mass: self.mass / length, ..self }
    }
}

/// The weightiest terms of a cluster, weightiest first; equal ones by number. Its room is used again.
#[derive(Default)]
pub(super) struct Top {
    pub(super) shares: Vec<Share>,
    /// By mass, falling, and place: as numbers, which are put in order several times as fast.
    order: Vec<u64>,
}

impl Top {
    pub(super) fn read(&mut self, cluster: &Cluster, max: usize) {
        self.weigh(cluster);
        if self.order.len() > max {
            self.order.select_nth_unstable(max - 1);
            self.order.truncate(max);
        }
        self.order.sort_unstable();
        self.shares.clear();
        self.shares.extend(self.order.iter().map(|place| cluster.shares[*place as u32 as usize]));
    }

    /// Takes all but the weightiest terms out of a cluster; what is gone is in [`Self::shares`], weightiest first.
    pub(super) fn keep(&mut self, cluster: &mut Cluster, max: usize) {
        self.weigh(cluster);
        self.shares.clear();
        if self.order.len() <= max {
            return;
        }
        self.order.select_nth_unstable(max);
        let gone = &mut self.order[max..];
        gone.sort_unstable();
        self.shares.extend(gone.iter().map(|place| cluster.shares[*place as u32 as usize]));
        gone.sort_unstable_by_key(|place| *place as u32);
        let mut gone = gone.iter().map(|place| *place as u32).peekable();
        let mut place = 0;
        cluster.shares.retain(|_| {
            let stays = gone.next_if_eq(&place).is_none();
            place += 1;
            stays
        });
    }

    fn weigh(&mut self, cluster: &Cluster) {
        self.order.clear();
        // Shares stand in the order of their terms, so that their places say which term is first.
        self.order.extend(cluster.shares.iter().zip(0_u64..).map(|(share, place)| {
            let bits = share.mass.to_bits();
            // As `total_cmp` puts them in order.
            let rising = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
            u64::from(!rising) << 32 | place
        }));
    }
}

/// How many of a cluster's terms are watched for standing together.
pub(super) const LEADS: usize = 8;
const PAIRS: usize = LEADS * (LEADS - 1) / 2;

/// Which of a cluster's leading terms stand together in a post: two groups that never do are two stories, and so are two that did
/// and lately do not.
///
/// Sums over posts; of no post anything by itself.
#[derive(Clone)]
pub(super) struct Leads {
    pub(super) terms: [TermId; LEADS],
    pub(super) count: usize,
    all: Meetings,
    /// Of posts that are no copies: the last [`BLOCK_POSTS`] at most, as many before, and so on.
    lately: [Meetings; BLOCKS],
    /// Those before them.
    earlier: Meetings,
    /// The size of the cluster at which they are chosen anew.
    pub(super) renew_at: u32,
}

/// Two stories in one cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parting {
    /// Leads of the smaller one, as bits.
    pub(super) smaller: u32,
    /// Leads that both have.
    pub(super) both: u32,
    /// The smaller one's part of the posts.
    pub(super) share: f32,
}

fn pair(a: usize, b: usize) -> usize {
    let (low, high) = (a.min(b), a.max(b));
    high * (high - 1) / 2 + low
}

/// Leads that stand together in this part of the rarer one's posts belong together.
const TOGETHER: f32 = 0.10;
/// The least part of the posts that each of two stories must have.
const STORY_SHARE: f32 = 0.15;
/// When so many were, they count half from then on.
const LEADS_WINDOW: u16 = 64;
/// Posts that must have been looked at.
const LEADS_POSTS_MIN: u16 = 30;
/// Posts of a block, and how many blocks are lately: 24 to 32 posts.
const BLOCK_POSTS: u16 = 8;
const BLOCKS: usize = 4;
/// Leads that may begin two groups stand together in no more than this part of what chance would give.
const SEEDS_MET: f32 = 0.2;
/// A lead is of the group with whose first one it stands so many times as often, against chance, as with the other's.
const NEARER: f32 = 3.0;
/// Meetings between the groups that chance would give lately; with fewer nothing is known.
const EXPECTED_MIN: f32 = 6.0;
/// The part of them that there may be, and that there must have been earlier; so many at least.
const MET_LATELY: f32 = 0.05;
const MET_EARLIER: f32 = 0.5;
const MET_EARLIER_MIN: u16 = 3;

/// In how many posts each lead stood, and each two of them together.
#[derive(Clone, Copy, Default)]
struct Meetings {
    posts: u16,
    alone: [u16; LEADS],
    pairs: [u16; PAIRS],
}

impl Meetings {
    /// Counts a post that has these leads, in their order.
    fn note(&mut self, found: &[usize]) {
        self.posts += 1;
        for (place, a) in found.iter().enumerate() {
            self.alone[*a] += 1;
            for b in &found[place + 1..] {
                self.pairs[pair(*a, *b)] += 1;
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.posts += other.posts;
        self.alone.iter_mut().zip(other.alone).for_each(|(posts, more)| *posts += more);
        self.pairs.iter_mut().zip(other.pairs).for_each(|(posts, more)| *posts += more);
    }

    fn halve(&mut self) {
        self.posts /= 2;
        self.alone.iter_mut().for_each(|posts| *posts /= 2);
        self.pairs.iter_mut().for_each(|posts| *posts /= 2);
    }

    /// The part of the posts in which the most frequent lead of a group stands.
    fn share(&self, group: u32) -> f32 {
        let most = leads_of(group).map(|lead| self.alone[lead]).max().unwrap_or(0);
        f32::from(most) / f32::from(self.posts.max(1))
    }

    /// How often two leads would meet by chance.
    fn chance(&self, a: usize, b: usize) -> f32 {
        f32::from(self.alone[a]) * f32::from(self.alone[b]) / f32::from(self.posts.max(1))
    }

    /// How often leads of one group met leads of the other, and how often they would have by chance.
    fn between(&self, [one, other]: [u32; 2]) -> (u16, f32) {
        let mut sums = (0, 0.0);
        for a in leads_of(one) {
            for b in leads_of(other) {
                sums.0 += self.pairs[pair(a, b)];
                sums.1 += self.chance(a, b);
            }
        }
        sums
    }

    /// Two groups, begun by the two leads that chance would have meet most of those that hardly do; and the leads of neither.
    fn groups(&self) -> Option<([u32; 2], u32)> {
        let mut seeds: Option<(f32, [usize; 2])> = None;
        for b in 0..LEADS {
            for a in 0..b {
                let missed = self.chance(a, b) - f32::from(self.pairs[pair(a, b)]) / SEEDS_MET;
                if missed > 0.0 && seeds.is_none_or(|(most, _)| missed > most) {
                    seeds = Some((missed, [a, b]));
                }
            }
        }
        let (_, seeds) = seeds?;
        let (mut groups, mut both) = (seeds.map(|seed| 1 << seed), 0);
        for lead in (0..LEADS).filter(|lead| !seeds.contains(lead) && self.alone[*lead] > 0) {
            let lifts = seeds.map(|seed| f32::from(self.pairs[pair(lead, seed)]) / self.chance(lead, seed));
            match (0..2).find(|group| lifts[*group] > NEARER * lifts[1 - group]) {
                Some(group) => groups[group] |= 1 << lead,
                None => both |= 1 << lead,
            }
        }
        Some((groups, both))
    }
}

fn leads_of(group: u32) -> impl Iterator<Item = usize> {
    (0..LEADS).filter(move |lead| group >> lead & 1 == 1)
}

impl Leads {
    pub(super) fn new(top: &[Share], posts: u32) -> Self {
        let mut terms = [0; LEADS];
        for (place, share) in terms.iter_mut().zip(top) {
            *place = share.term;
        }
        Self {
            terms,
            count: top.len().min(LEADS),
            all: Meetings::default(),
            lately: [Meetings::default(); BLOCKS],
            earlier: Meetings::default(),
            renew_at: posts.saturating_mul(2),
        }
    }

    /// Notes which leads a post has. A copy says nothing of which words lately belong together.
    pub(super) fn note(&mut self, is_copy: bool, has: impl Fn(TermId) -> bool) {
        let mut found = [0; LEADS];
        let mut count = 0;
        for (index, term) in self.terms[..self.count].iter().enumerate() {
            if has(*term) {
                found[count] = index;
                count += 1;
            }
        }
        if count == 0 {
            return;
        }
        if self.all.posts >= LEADS_WINDOW {
            // So that words that no longer meet part.
            self.all.halve();
        }
        self.all.note(&found[..count]);
        if is_copy {
            return;
        }
        if self.lately[0].posts >= BLOCK_POSTS {
            self.lately.rotate_right(1);
            self.earlier.add(&std::mem::take(&mut self.lately[0]));
            if self.earlier.posts >= LEADS_WINDOW {
                self.earlier.halve();
            }
        }
        self.lately[0].note(&found[..count]);
    }

    /// The two stories, if there are two.
    pub(super) fn stories(&self) -> Option<Parting> {
        self.never_met().or_else(|| self.meet_no_more())
    }

    /// Two groups that never meet, also beside one lead that both have.
    fn never_met(&self) -> Option<Parting> {
        if self.all.posts < LEADS_POSTS_MIN {
            return None;
        }
        let parting = |smaller, both| Parting { smaller, both, share: self.all.share(smaller) };
        let beside = self.beside();
        self.parted(&beside, 0).map(|bits| parting(bits, 0)).or_else(|| {
            let mut bridges = (0..self.count).map(|bridge| 1 << bridge);
            bridges.find_map(|bridge| self.parted(&beside, bridge).map(|bits| parting(bits, bridge)))
        })
    }

    /// Two groups that met earlier and lately do not. No lead that both have stands in more posts than each of them.
    fn meet_no_more(&self) -> Option<Parting> {
        if self.lately[1..].iter().any(|block| block.posts < BLOCK_POSTS) {
            return None;
        }
        let mut lately = self.lately[0];
        self.lately[1..].iter().for_each(|block| lately.add(block));
        let (groups, both) = lately.groups()?;
        let shares = groups.map(|group| lately.share(group));
        let smaller = usize::from(shares[1] <= shares[0]);
        if shares[smaller] < STORY_SHARE.max(lately.share(both)) || groups.iter().any(|group| group.count_ones() < 2) {
            return None;
        }
        let ((met, chance), (met_earlier, chance_earlier)) = (lately.between(groups), self.earlier.between(groups));
        let is_told = chance >= EXPECTED_MIN
            && f32::from(met) <= MET_LATELY * chance
            && met_earlier >= MET_EARLIER_MIN
            && f32::from(met_earlier) >= MET_EARLIER * chance_earlier;
        is_told.then_some(Parting { smaller: groups[smaller], both, share: shares[smaller] })
    }

    /// Of each lead, those that stand together with it, as bits.
    fn beside(&self) -> [u32; LEADS] {
        let mut beside = [0; LEADS];
        for b in 0..self.count {
            for a in 0..b {
                let rarer = f32::from(self.all.alone[a].min(self.all.alone[b]));
                if f32::from(self.all.pairs[pair(a, b)]) >= (TOGETHER * rarer).max(1.0) {
                    beside[a] |= 1 << b;
                    beside[b] |= 1 << a;
                }
            }
        }
        beside
    }

    /// Leads of the second largest group of those that stand together, if it and the largest are stories of their own. `without` some.
    fn parted(&self, beside: &[u32; LEADS], without: u32) -> Option<u32> {
        let mut left = ((1 << self.count) - 1) & !without;
        // The largest and the second largest: by their most frequent lead, their size, and the later one.
        let mut largest: [Option<((u16, u32), u32)>; 2] = [None; 2];
        while left != 0 {
            let mut group = left & left.wrapping_neg();
            let mut next = group;
            while next != 0 {
                let more = leads_of(next).fold(0, |more, lead| more | beside[lead]) & left & !group;
                group |= more;
                next = more;
            }
            left &= !group;
            if group.count_ones() < 2 {
                continue;
            }
            let most = leads_of(group).map(|lead| self.all.alone[lead]).max().unwrap_or(0);
            let found = Some(((most, group.count_ones()), group));
            let is_larger =
                |than: Option<((u16, u32), u32)>| than.is_none_or(|(size, _)| found.is_some_and(|(of, _)| of >= size));
            if is_larger(largest[0]) {
                largest = [found, largest[0]];
            } else if is_larger(largest[1]) {
                largest[1] = found;
            }
        }
        let ((most, _), bits) = largest[1]?;
        (f32::from(most) >= STORY_SHARE * f32::from(self.all.posts)).then_some(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_weightiest_terms_come_first(masses in proptest::collection::vec(-1.0_f32..4.0, 0..60), max in 1..20_usize) {
            let share = |(term, mass): (u32, &f32)| Share { term, mass: (mass * 4.0).round(), count: 1.0 };
            let cluster = Cluster { shares: (0..).zip(&masses).map(share).collect(), ..Cluster::default() };
            let mut known = cluster.shares.clone();
            known.sort_by(|a, b| b.mass.total_cmp(&a.mass).then(a.term.cmp(&b.term)));
            let mut top = Top::default();
            top.read(&cluster, max);
            let terms = |shares: &[Share]| shares.iter().map(|share| share.term).collect::<Vec<_>>();
            let (kept, gone) = known.split_at(max.min(known.len()));
            proptest::prop_assert_eq!(terms(&top.shares), terms(kept));
            let mut cluster = cluster;
            top.keep(&mut cluster, max);
            proptest::prop_assert_eq!(terms(&top.shares), terms(gone));
            proptest::prop_assert!(cluster.shares.is_sorted_by(|a, b| a.term < b.term) && cluster.shares.len() == kept.len());
            proptest::prop_assert!(kept.iter().all(|share| cluster.share(share.term).is_ok()));
        }
    }

    fn leads() -> Leads {
        let top: Vec<Share> = (0..8).map(|term| Share { term, mass: 1.0, count: 1.0 }).collect();
        Leads::new(&top, 16)
    }

    #[test]
    fn two_groups_that_never_meet_are_two_stories() {
        let mut one = leads();
        let mut two = leads();
        let mut bridged = leads();
        for post in 0..60_u32 {
            one.note(false, |term| (term + post) % 3 != 0);
            two.note(false, |term| (term < 4) == (post % 3 != 0));
            bridged.note(false, |term| term == 0 || (term < 4) == (post % 2 == 0));
        }
        assert_eq!(one.stories(), None);
        assert_eq!(two.stories().map(|parting| (parting.smaller, parting.both)), Some((0b1111_0000, 0)));
        assert_eq!(bridged.stories().map(|parting| (parting.smaller & 1, parting.both)), Some((0, 1)));
    }

    /// Posts that have three of eight leads, of all of them or of one half, as often as a number says.
    fn told(leads: &mut Leads, posts: std::ops::Range<u32>, is_copy: bool, apart: bool) {
        for post in posts {
            let start = if apart { post % 2 * 4 } else { 0 };
            let of = if apart { 4 } else { 8 };
            let has = [post / 2, post / 2 + 1, post * 5 / 3].map(|lead| start + lead % of);
            leads.note(is_copy, |term| has.contains(&term));
        }
    }

    #[test]
    fn two_groups_that_met_and_meet_no_more_are_two_stories() {
        let mut parts = leads();
        told(&mut parts, 0..60, false, false);
        let mut stays = parts.clone();
        let mut copied = parts.clone();
        assert_eq!(parts.stories(), None);
        told(&mut parts, 60..92, false, true);
        let parting = parts.stories().unwrap();
        assert!([0b1111, 0b1111_0000].contains(&parting.smaller) && parting.both == 0, "{parting:?}");
        assert!((0.15..=0.5).contains(&parting.share), "{parting:?}");
        // Before long, and with no help of what is all too frequent.
        assert_eq!(parts.never_met(), None);
        told(&mut stays, 60..200, false, false);
        assert_eq!(stays.stories(), None);
        told(&mut copied, 60..92, true, true);
        assert_eq!(copied.stories(), None);
        // Of what never met otherwise, nothing is said by this rule.
        let mut never = leads();
        told(&mut never, 0..92, false, true);
        assert_eq!(never.meet_no_more(), None);
    }

    proptest::proptest! {
        #[test]
        fn what_parts_are_two_groups_of_leads(posts in proptest::collection::vec((0_u32..256, 0_u32..8), 0..200)) {
            let mut leads = leads();
            for (bits, copy) in posts {
                leads.note(copy == 0, |term| bits >> term & 1 == 1);
                let Some(parting) = leads.stories() else { continue };
                let share = (STORY_SHARE - 1e-6)..=1.0;
                proptest::prop_assert!(parting.smaller & parting.both == 0 && parting.smaller.count_ones() >= 2);
                proptest::prop_assert!((parting.smaller | parting.both).count_ones() + 2 <= LEADS as u32);
                proptest::prop_assert!(share.contains(&parting.share), "{parting:?}");
            }
        }
    }
}
