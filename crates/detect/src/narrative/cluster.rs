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

    /// Its weightiest terms, weightiest first; equal ones by number.
    pub(super) fn top(&self, max: usize, out: &mut Vec<Share>) {
        out.clear();
        out.extend_from_slice(&self.shares);
        out.sort_unstable_by(|a, b| b.mass.total_cmp(&a.mass).then(a.term.cmp(&b.term)));
        out.truncate(max);
    }
}

/// How many of a cluster's terms are watched for standing together.
pub(super) const LEADS: usize = 8;
const PAIRS: usize = LEADS * (LEADS - 1) / 2;

/// Which of a cluster's leading terms stand together in a post: two groups that never do are two stories.
#[derive(Clone)]
pub(super) struct Leads {
    pub(super) terms: [TermId; LEADS],
    pub(super) count: usize,
    pub(super) posts: u32,
    pub(super) alone: [u32; LEADS],
    pairs: [u32; PAIRS],
    /// The size of the cluster at which they are chosen anew.
    pub(super) renew_at: u32,
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
const LEADS_WINDOW: u32 = 64;
/// Posts that must have been looked at.
pub(super) const LEADS_POSTS_MIN: u32 = 30;

impl Leads {
    pub(super) fn new(top: &[Share], posts: u32) -> Self {
        let mut terms = [0; LEADS];
        for (place, share) in terms.iter_mut().zip(top) {
            *place = share.term;
        }
        Self {
            terms,
            count: top.len().min(LEADS),
            posts: 0,
            alone: [0; LEADS],
            pairs: [0; PAIRS],
            renew_at: posts.saturating_mul(2),
        }
    }

    /// Notes which leads a post has.
    pub(super) fn note(&mut self, has: impl Fn(TermId) -> bool) {
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
        if self.posts >= LEADS_WINDOW {
            self.fade();
        }
        self.posts += 1;
        for a in 0..count {
            self.alone[found[a]] += 1;
            for b in a + 1..count {
                self.pairs[pair(found[a], found[b])] += 1;
            }
        }
    }

    /// Lets what was seen count half, so that words that no longer meet part.
    fn fade(&mut self) {
        self.posts /= 2;
        self.alone.iter_mut().for_each(|posts| *posts /= 2);
        self.pairs.iter_mut().for_each(|posts| *posts /= 2);
    }

    /// The two stories, if there are two: leads of the smaller one as bits, and the lead that both have, if any.
    pub(super) fn stories(&self) -> Option<(u32, Option<usize>)> {
        if self.posts < LEADS_POSTS_MIN {
            return None;
        }
        self.parted(None)
            .map(|bits| (bits, None))
            .or_else(|| (0..self.count).find_map(|bridge| self.parted(Some(bridge)).map(|bits| (bits, Some(bridge)))))
    }

    /// Leads of the second largest group of those that stand together, if it and the largest are stories of their own.
    fn parted(&self, without: Option<usize>) -> Option<u32> {
        let mut group = [usize::MAX; LEADS];
        let mut groups = 0;
        for start in 0..self.count {
            if group[start] != usize::MAX || Some(start) == without {
                continue;
            }
            let mut reached = vec![start];
            group[start] = groups;
            while let Some(at) = reached.pop() {
                for (next, of_next) in group.iter_mut().enumerate().take(self.count) {
                    let rarer = self.alone[at].min(self.alone[next]) as f32;
                    if *of_next == usize::MAX
                        && Some(next) != without
                        && self.pairs[pair_or_zero(at, next)] as f32 >= (TOGETHER * rarer).max(1.0)
                    {
                        *of_next = groups;
                        reached.push(next);
                    }
                }
            }
            groups += 1;
        }
        let size = |wanted: usize| {
            let of_group = (0..self.count).filter(|lead| group[*lead] == wanted);
            let most = of_group.clone().map(|lead| self.alone[lead]).max().unwrap_or(0);
            (most, of_group.count())
        };
        let mut sizes: Vec<(u32, usize, usize)> =
            (0..groups).map(|wanted| (size(wanted).0, size(wanted).1, wanted)).filter(|size| size.1 >= 2).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let [_, second, ..] = sizes.as_slice() else { return None };
        if (second.0 as f32) < STORY_SHARE * self.posts as f32 {
            return None;
        }
        let bits = (0..self.count).filter(|lead| group[*lead] == second.2).fold(0, |bits, lead| bits | 1 << lead);
        Some(bits)
    }
}

fn pair_or_zero(a: usize, b: usize) -> usize {
    if a == b { 0 } else { pair(a, b) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            one.note(|term| (term + post) % 3 != 0);
            two.note(|term| (term < 4) == (post % 3 != 0));
            bridged.note(|term| term == 0 || (term < 4) == (post % 2 == 0));
        }
        assert_eq!(one.stories(), None);
        assert_eq!(two.stories(), Some((0b1111_0000, None)));
        assert_eq!(bridged.stories().map(|(bits, bridge)| (bits & 1, bridge)), Some((0, Some(0))));
    }
}
