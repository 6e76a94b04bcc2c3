//! [`Subject`]: the recent counts of one subject and its baseline, in 1.3 kB.

use groundswell_gate::AuthorBits;
use groundswell_sketch::TextBits;
use serde::{Deserialize, Serialize};

use super::config::{Reach, Scale};
use super::exposure::{BLOCK_MINUTES, DAY_BLOCKS, Exposure, FAST_KEPT, SLOW_KEPT, WEEK_BLOCKS, WEEK_KEPT, bin_of};
use super::season::{Seasons, WEEK_PRIOR};
use super::texts::{HELD, TextsOf};
use crate::packed::sparse;

mod kept;
mod saved;

pub(super) use kept::Kept;
pub(super) use saved::Earlier;

/// Minutes of the shortest look.
const MINUTES: u32 = 5;
/// Minutes of a slot of the middle look, and its slots.
const TEN: u32 = 10;
const TENS: u32 = 6;
/// Minutes in which a subject was seen of which its texts are held: a dozen posts are most bursts' first.
const TEXTS_OF: usize = 12;
/// Minutes of a day: author tokens change with it, so sets of authors of two days do not add up.
const DAY_MINUTES: u32 = 24 * 60;

/// Posts that the prior of a new subject is worth.
const PRIOR: f64 = 0.3;
/// Posts that the long memory is worth beside the short one, at most: a level moves by a fifth in hours without being news.
const LONG_WORTH_MAX: f64 = 25.0;
/// Scatter is measured with an error of about a quarter, and far out in the tail too little costs more than too much.
const SCATTER_DOUBT: f64 = 1.4;
/// Scatter that a subject's own counts are to tell from none.
const SCATTER_TOLD_APART: f64 = 0.25;
/// What the pooled scatter is worth beside the subject's own: so many blocks of a post or so.
const POOL_WORTH: f64 = 3.0;
/// A mean below this says nothing about scatter: it is taken for this.
const SCATTER_MEAN_MIN: f64 = 0.5;
/// One block's scatter, at most: what is wilder is a burst and no scatter.
const SCATTER_MAX: f64 = 60.0;
/// Of a block in which a burst was open, or that nothing is known to be like: it may be a burst, or how its hour is.
const SCATTER_AT_MOST_ONCE: f64 = 4.0;
/// Of the scatter that lasts, so much comes within an hour.
const MOVES: f64 = 0.25;
/// That scatter, at most, while seasons are being learnt: what swings with the day swings for hours.
const SWINGS_MAX: f64 = 0.15;
/// Blocks of [`Subject::burst_blocks`]: this one and the two before, and at midnight those of the day that is over.
const LATELY: u16 = 0b111;
const YESTERDAY: u16 = 0x1ffe;
/// Days after which a record counts half.
const RECORD_HALVED_DAYS: f64 = 14.0;
/// Standard deviations above the baseline up to which a block joins it as it was counted.
const CLIP: f64 = 3.0;

/// What was counted of one stretch of time. Who wrote is never written down.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    /// Who wrote, as far as 64 bits can tell.
    #[serde(skip)]
    pub(super) bits: AuthorBits,
    /// How many texts, likewise. Nothing if it is not known, after a restart.
    #[serde(skip)]
    pub(super) texts: TextBits,
    pub(super) posts: u32,
    /// Authors of each minute, added up.
    pub(super) authors: u32,
    pub(super) key: u32,
    /// Distinct authors of the minute that had most.
    pub(super) most: u32,
}

impl Slot {
    fn add(&mut self, other: &Self) {
        self.bits = self.bits.union(other.bits);
        self.texts = self.texts.union(other.texts);
        self.posts = self.posts.saturating_add(other.posts);
        self.authors = self.authors.saturating_add(other.authors);
        self.key = self.key.wrapping_add(other.key);
        self.most = self.most.max(other.most);
    }

    /// Distinct authors, or fewer.
    pub(super) fn authors_at_least(&self) -> u64 {
        self.bits.at_least().max(u64::from(self.most))
    }
}

/// What a look saw.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) reach: Reach,
    /// First minute, and the one after the last.
    pub(super) first: u32,
    pub(super) end: u32,
    pub(super) sum: Slot,
    /// Distinct authors, or fewer: those of the day that has more, where a look reaches over midnight.
    pub(super) authors: u64,
}

/// How scattered counts are beyond chance, as the inverse of the negative binomial's shape: pooled over subjects.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Scatter {
    pub(super) ten_minutes: f64,
    /// Of ten minutes, about the level of their block.
    pub(super) in_block: f64,
    pub(super) block: f64,
    pub(super) day: f64,
}

/// Something to add to a pool, in units of 2^-20: whole numbers, so that the order does not matter.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct ScatterSum {
    pub(super) scatter: [i64; SCATTERS],
    pub(super) weight: [i64; SCATTERS],
}

/// Stretches of which scatter is measured: ten minutes, a block, a day, and ten minutes about the level of their block.
pub(super) const SCATTERS: usize = 4;
const OF_TEN: usize = 0;
const OF_BLOCK: usize = 1;
const OF_DAY: usize = 2;
const IN_BLOCK: usize = 3;
/// Blocks from one measurement of each to the next.
const MEASURED_EVERY: [u32; SCATTERS] = [1, 1, DAY_BLOCKS, 1];

/// Of which midnight something is.
#[derive(Clone, Copy)]
enum Midnight {
    BeforeLast,
    Last,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Subject {
    pub(super) hash: u64,
    pub(super) kind: u8,
    /// Whether a burst of it is open.
    pub(super) open: bool,
    /// The minute in which that began, its lower half.
    began: u16,
    /// The minute after its last burst: what begins before is that one still.
    pub(super) over: u32,
    /// Posts for an exposure, by reach of the look, where its bursts so far were loudest; as of the end of the last one. Upper halves of
    /// `f32`.
    records: [u16; Reach::ALL.len()],
    /// How many there were.
    bursts: u8,
    /// By block, the last one in the lowest bit: whether a burst of it was open.
    burst_blocks: u16,
    /// The last minute in which it was seen.
    pub(super) last: u32,
    #[serde(with = "sparse")]
    minutes: [Slot; MINUTES as usize],
    #[serde(with = "sparse")]
    tens: [Slot; TENS as usize],
    #[serde(with = "sparse")]
    blocks: [Slot; DAY_BLOCKS as usize],
    /// Texts of the last minutes in which it was seen, of the last hour, the newest first, and the lower halves of these. Never written
    /// down.
    #[serde(skip)]
    texts_of: [TextBits; TEXTS_OF],
    #[serde(skip)]
    texts_at: [u16; TEXTS_OF],
    /// Posts of the long memory, and its exposure. A subject that is not seen does not go on with time, and its exposure waits with it:
    /// only so are the two always of the same stretches.
    slow: f32,
    slow_exposure: f32,
    /// Posts of the short memory, and its exposure at this subject's season.
    fast: f32,
    fast_exposure: f32,
    /// Authors a post.
    authors_share: f32,
    /// Own scatter and its weight, of ten minutes, of a block and of a day.
    scatter: [f32; IN_BLOCK],
    weight: [f32; IN_BLOCK],
    /// Of ten minutes about the level of their block, upper halves of `f32`: asked for in the first days only.
    in_block: [u16; 2],
    /// What the day before today had beyond its mean, and that mean: it counts from the next midnight on, when no look reaches back to it.
    yesterday: [f32; 2],
    /// Scatter of blocks and its weight as they were at the last two midnights: what swings today is no measure of today.
    held: [[f32; 2]; 2],
    /// Of the stretches of ten minutes of this block that are over, x² and x m added up, m being what was expected.
    squares: f32,
    products: f32,
    /// Posts by block of the week, upper halves of `f32`.
    #[serde(with = "sparse")]
    week: [u16; WEEK_BLOCKS],
    /// And its exposure.
    #[serde(with = "sparse")]
    week_exposure: [u16; WEEK_BLOCKS],
    /// What its hours and the blocks about it are worth against a block itself, as of midnight; the upper half of an `f32`.
    week_prior: u16,
    /// How the rate of the block before, of this one and of the next one stands to the mean.
    season: [f32; 3],
}

pub(super) fn wide(short: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(short) << 16))
}

/// The upper half of an `f32`, for what is never below zero.
pub(super) fn short(number: f64) -> u16 {
    upper_half(number.max(0.0))
}

fn upper_half(number: f64) -> u16 {
    // To the nearest; sums are far from infinity.
    ((number as f32).to_bits().saturating_add(0x8000) >> 16) as u16
}

impl Subject {
    /// One that is followed from a minute on. `floor`: posts for an exposure that it may have had before, unnoticed; `seen`: posts
    /// that it had.
    pub(super) fn new(hash: u64, kind: u8, minute: u32, exposure: &Exposure, floor: f64, seen: u32) -> Self {
        Self {
            hash,
            kind,
            open: false,
            began: 0,
            over: 0,
            records: [short(0.0); Reach::ALL.len()],
            bursts: 0,
            burst_blocks: 0,
            last: minute,
            minutes: Default::default(),
            tens: Default::default(),
            blocks: Default::default(),
            texts_of: Default::default(),
            texts_at: Default::default(),
            slow: (floor * exposure.slow) as f32,
            slow_exposure: exposure.slow as f32,
            fast: (floor * exposure.fast) as f32 + seen as f32,
            fast_exposure: exposure.fast as f32,
            authors_share: 1.0,
            scatter: [0.0; IN_BLOCK],
            weight: [0.0; IN_BLOCK],
            in_block: [short(0.0); 2],
            yesterday: [0.0; 2],
            held: [[0.0; 2]; 2],
            squares: 0.0,
            products: 0.0,
            week: [short(0.0); WEEK_BLOCKS],
            week_exposure: exposure.week.map(short),
            week_prior: short(WEEK_PRIOR[0]),
            season: [1.0; 3],
        }
    }

    /// Goes on to a minute: what is past leaves the looks and joins the baseline.
    pub(super) fn roll(&mut self, minute: u32, exposure: &Exposure, pool: Scatter, sum: &mut ScatterSum) {
        let last = self.last;
        if minute <= last {
            return;
        }
        let (from, to) = (last / BLOCK_MINUTES, minute / BLOCK_MINUTES);
        self.forget_texts(minute);
        if minute / TEN > last / TEN {
            self.end_ten(exposure);
        }
        if to - from > WEEK_BLOCKS as u32 {
            self.forget_long(to - from, exposure);
        } else if to > from {
            self.note_tens(from, exposure, sum);
            for block in from + 1..=to {
                self.enter(block, exposure, pool, sum);
            }
        }
        if to > from {
            let seasons = self.seasons(exposure, pool);
            self.season = [to - 1, to, to + 1].map(|block| seasons.at(bin_of(block)) as f32);
        }
        for passed in last + 1..=minute.min(last + MINUTES) {
            self.minutes[(passed % MINUTES) as usize] = Slot::default();
        }
        if minute - last > MINUTES {
            self.minutes = Default::default();
        }
        let (from, to) = (last / TEN, minute / TEN);
        for passed in from + 1..=to.min(from + TENS) {
            self.tens[(passed % TENS) as usize] = Slot::default();
        }
        self.last = minute;
    }

    fn forget_texts(&mut self, minute: u32) {
        for (at, texts) in self.texts_at.iter_mut().zip(&mut self.texts_of) {
            if minute - self.last >= HELD || u32::from((minute as u16).wrapping_sub(*at)) >= HELD {
                (*at, *texts) = (0, TextBits::UNKNOWN);
            }
        }
    }

    /// Adds what was counted of the minute to which it was rolled.
    pub(super) fn add(&mut self, slot: &Slot) {
        let minute = self.last;
        self.texts_of.rotate_right(1);
        self.texts_at.rotate_right(1);
        (self.texts_of[0], self.texts_at[0]) = (slot.texts, minute as u16);
        self.minutes[(minute % MINUTES) as usize].add(slot);
        self.tens[(minute / TEN % TENS) as usize].add(slot);
        self.blocks[(minute / BLOCK_MINUTES % DAY_BLOCKS) as usize].add(slot);
    }

    /// Of two months, nothing but the level is left.
    fn forget_long(&mut self, blocks: u32, exposure: &Exposure) {
        self.slow = (f64::from(self.slow) * SLOW_KEPT.powi(blocks as i32)) as f32;
        let weeks = WEEK_KEPT.powi((blocks / WEEK_BLOCKS as u32) as i32);
        self.week.iter_mut().for_each(|posts| *posts = short(wide(*posts) * weeks));
        self.slow_exposure = exposure.slow as f32;
        self.week_exposure = exposure.week.map(short);
        (self.fast, self.fast_exposure) = (0.0, exposure.fast as f32);
        self.blocks = Default::default();
        self.burst_blocks = 0;
        (self.squares, self.products) = (0.0, 0.0);
    }

    /// A block begins: the one before the last joins the short memory, that of a day ago the long one.
    fn enter(&mut self, block: u32, exposure: &Exposure, pool: Scatter, sum: &mut ScatterSum) {
        self.burst_blocks = self.burst_blocks << 1 | u16::from(self.open);
        if block.is_multiple_of(DAY_BLOCKS) {
            self.held = [self.held[1], [self.scatter[OF_BLOCK], self.weight[OF_BLOCK]]];
            self.note_day(block, exposure, pool, sum);
            self.week_prior = short(self.seasons(exposure, pool).prior());
        }
        let (recent, old) = (block - 2, block - DAY_BLOCKS);
        let [season_recent, season_old] = {
            let seasons = self.seasons(exposure, pool);
            [recent, old].map(|block| seasons.at(bin_of(block)))
        };
        let inverse = self.scatter_of(OF_BLOCK, pool);
        let of_recent = season_recent * exposure.block(recent);
        let slot = self.blocks[(recent % DAY_BLOCKS) as usize];
        let posts = f64::from(slot.posts);
        let expected = self.rate(exposure) * of_recent;
        let learning = exposure.learning();
        if exposure.fast_blocks >= 1.0 {
            let beyond = self.believed(beyond(posts, expected), LATELY, exposure);
            self.note_beyond(OF_BLOCK, beyond, expected, exposure, sum);
        }
        let in_burst = self.burst_blocks & LATELY != 0 && !learning;
        let joins = joining(posts, expected, inverse, in_burst);
        self.fast = (f64::from(self.fast) * FAST_KEPT + joins) as f32;
        // A block in which one account wrote without end says nothing of how many authors there usually are.
        if joins >= posts && slot.posts > 0 {
            let share = slot.authors as f32 / slot.posts as f32;
            self.authors_share += (share - self.authors_share) * (slot.posts as f32 / 500.0).min(0.1);
        }
        self.fast_exposure = (f64::from(self.fast_exposure) * FAST_KEPT + of_recent) as f32;

        let slot = &mut self.blocks[(block % DAY_BLOCKS) as usize];
        let posts = f64::from(slot.posts);
        *slot = Slot::default();
        let bin = bin_of(old);
        let in_burst = self.burst_blocks >> 10 & LATELY != 0 && !learning;
        // While there is hardly any long memory, there is nothing to hold the count against.
        let exposed = exposure.block(old);
        let joins = if exposure.slow_blocks < 6.0 && !in_burst {
            posts
        } else {
            let expected = self.base(exposure) * season_old * exposed;
            joining(posts, expected, inverse, in_burst)
        };
        self.slow = (f64::from(self.slow) * SLOW_KEPT + joins) as f32;
        self.slow_exposure = (f64::from(self.slow_exposure) * SLOW_KEPT + exposed) as f32;
        self.week[bin] = short(wide(self.week[bin]) * WEEK_KEPT + joins);
        self.week_exposure[bin] = short(wide(self.week_exposure[bin]) * WEEK_KEPT + exposed);
    }

    /// What is expected of ten minutes of the block that it was rolled to.
    fn of_ten(&self, ten: u32, exposure: &Exposure) -> f64 {
        let first = ten * TEN;
        self.rate(exposure) * self.season_at(first + TEN / 2) * exposure.between(first, first + TEN - 1)
    }

    /// The last ten minutes in which it was seen are over.
    fn end_ten(&mut self, exposure: &Exposure) {
        let ten = self.last / TEN;
        if exposure.fast_blocks < 1.0 || !exposure.holds(ten * TEN) {
            return;
        }
        let posts = f64::from(self.tens[(ten % TENS) as usize].posts);
        self.squares += (posts * posts) as f32;
        self.products += (posts * self.of_ten(ten, exposure)) as f32;
    }

    /// The block that it was rolled to is over: all its tens, those without a post as well, say how far they scatter, about what was
    /// expected and about the block's own level. What swings with the hours is none of the second.
    fn note_tens(&mut self, block: u32, exposure: &Exposure, sum: &mut ScatterSum) {
        const TENS_OF_BLOCK: u32 = BLOCK_MINUTES / TEN;
        let [squares, products] = [&mut self.squares, &mut self.products].map(|sum| f64::from(std::mem::take(sum)));
        // Its first minutes, too, must have had a block behind them, or they were not counted.
        if exposure.fast_blocks < 1.0 + FAST_KEPT || !exposure.holds(block * BLOCK_MINUTES) {
            return;
        }
        let posts = f64::from(self.blocks[(block % DAY_BLOCKS) as usize].posts);
        let expected: [f64; TENS_OF_BLOCK as usize] =
            std::array::from_fn(|nth| self.of_ten(block * TENS_OF_BLOCK + nth as u32, exposure));
        let in_all = expected.iter().sum::<f64>();
        let of_squares: f64 = expected.iter().map(|ten| ten * ten).sum();
        // How far they lie off a level, if all that was expected is so many times as much.
        let mut note = |which: usize, level: f64, beyond: f64| {
            let floor: f64 = expected.iter().map(|ten| (level * ten).max(SCATTER_MEAN_MIN).powi(2)).sum();
            let mean = level * in_all / f64::from(TENS_OF_BLOCK);
            self.note_beyond(which, self.believed(beyond / floor, LATELY, exposure), mean, exposure, sum);
        };
        note(OF_TEN, 1.0, squares - 2.0 * products + of_squares - in_all);
        if posts > 0.0 && in_all > 0.0 && exposure.is_young() {
            let level = posts / in_all;
            let of_squares = level * level * of_squares;
            // Of posts that are shared out among tens by chance, the mean of this is zero.
            note(IN_BLOCK, level, squares - 2.0 * level * products + of_squares - posts + of_squares / posts);
        }
    }

    /// A day begins: the one before yesterday says how far days scatter, and yesterday waits, since looks of today reach back to it.
    fn note_day(&mut self, block: u32, exposure: &Exposure, pool: Scatter, sum: &mut ScatterSum) {
        let [beyond_mean, mean] = std::mem::take(&mut self.yesterday).map(f64::from);
        if mean > 0.0 {
            self.note_beyond(OF_DAY, beyond_mean, mean, exposure, sum);
        }
        if exposure.slow_blocks < f64::from(DAY_BLOCKS) {
            return;
        }
        let (mut posts, mut exposed) = (0.0, 0.0);
        let seasons = self.seasons(exposure, pool);
        for passed in block - DAY_BLOCKS..block {
            posts += f64::from(self.blocks[(passed % DAY_BLOCKS) as usize].posts);
            exposed += seasons.at(bin_of(passed)) * exposure.block(passed);
        }
        let expected = self.base(exposure) * exposed;
        self.yesterday = [self.believed(beyond(posts, expected), YESTERDAY, exposure) as f32, expected as f32];
    }

    /// What was measured as scatter, up to a bound. One burst in these blocks says nothing of scatter; a subject that has had some is one
    /// that bursts. While the hours of the day are not known, all that swings with them looks like scatter, and what explodes like more
    /// of it than everything else together.
    fn believed(&self, beyond: f64, blocks: u16, exposure: &Exposure) -> f64 {
        let in_burst = self.burst_blocks & blocks != 0 && self.bursts < 2 && !exposure.learning();
        let most = if in_burst || exposure.knows_no_hours() { SCATTER_AT_MOST_ONCE } else { SCATTER_MAX };
        beyond.clamp(-most, most)
    }

    fn note_beyond(&mut self, which: usize, beyond: f64, expected: f64, exposure: &Exposure, sum: &mut ScatterSum) {
        const UNIT: f64 = (1 << 20) as f64;
        // So much a count tells of the scatter of a subject that scatters by so much: the inverse of its variance.
        let worth = |scatter: f64| (expected / (1.0 + scatter * expected)).powi(2);
        // Of its own the loud hours tell most; in the pool, which stands for all, no subject counts more than another.
        let (weight, of_own) = (worth(1.0), worth(SCATTER_TOLD_APART));
        let kept = exposure.scatter_kept().powi(MEASURED_EVERY[which] as i32);
        let [own, weighed] = self.own(which);
        let (own, weighed) = (own * kept + of_own * beyond, weighed * kept + of_own);
        if which == IN_BLOCK {
            self.in_block = [own, weighed].map(upper_half);
        } else {
            (self.scatter[which], self.weight[which]) = (own as f32, weighed as f32);
        }
        sum.scatter[which] += (weight * beyond * UNIT) as i64;
        sum.weight[which] += (weight * UNIT) as i64;
    }

    /// Its own scatter and its weight.
    fn own(&self, which: usize) -> [f64; 2] {
        if which == IN_BLOCK {
            self.in_block.map(wide)
        } else {
            [self.scatter[which], self.weight[which]].map(f64::from)
        }
    }

    /// Its own scatter, drawn to the pooled one.
    fn scatter_of(&self, which: usize, pool: Scatter) -> f64 {
        drawn(self.own(which), [pool.ten_minutes, pool.block, pool.day, pool.in_block][which])
    }

    /// The same of blocks as it was at the last midnight, or at the one before: what has risen since is no scatter to measure it by.
    fn scatter_held(&self, midnight: Midnight, pool: Scatter) -> f64 {
        drawn(self.held[midnight as usize].map(f64::from), pool.block)
    }

    /// Posts for an exposure, as long memory has it.
    fn base(&self, exposure: &Exposure) -> f64 {
        (f64::from(self.slow) + PRIOR) / (f64::from(self.slow_exposure) + exposure.a_minute().max(1e-9))
    }

    /// Posts that it is worth, long memory beside short.
    fn long_worth(&self) -> f64 {
        PRIOR + f64::from(self.slow).min(LONG_WORTH_MAX)
    }

    /// Posts for an exposure at a mean season, as of now.
    fn rate(&self, exposure: &Exposure) -> f64 {
        let worth = self.long_worth();
        (worth + f64::from(self.fast)) / (worth / self.base(exposure) + f64::from(self.fast_exposure))
    }

    /// How its rate in a block of the week stands to its mean.
    fn seasons<'a>(&'a self, exposure: &'a Exposure, pool: Scatter) -> Seasons<'a> {
        let inverse = self.scatter_of(OF_BLOCK, pool);
        Seasons::of(&self.week, &self.week_exposure, &exposure.weeks_seen, inverse, wide(self.week_prior))
    }

    /// The slots of a scale, and the minutes of one.
    fn places(&self, scale: Scale) -> (&[Slot], u32) {
        match scale {
            Scale::Minutes => (&self.minutes, 1),
            Scale::Hour => (&self.tens, TEN),
            Scale::Day => (&self.blocks, BLOCK_MINUTES),
        }
    }

    /// What it sees in the look that ends with the last minute. `earlier`: how many authors there were before a restart.
    pub(super) fn look(&self, reach: Reach, earlier: Option<&Earlier>) -> Look {
        let scale = reach.scale();
        let (slots, each) = self.places(scale);
        let count = slots.len() as u32;
        let newest = self.last / each;
        let (mut sum, mut of_day) = (Slot::default(), [Slot::default(); 2]);
        let mut before = 0;
        let today = self.last / DAY_MINUTES;
        let oldest = newest.saturating_sub(reach.slots() - 1);
        for place in oldest..=newest {
            let slot = &slots[(place % count) as usize];
            sum.add(slot);
            of_day[usize::from(place * each / DAY_MINUTES == today)].add(slot);
            before = earlier.map_or(0, |earlier| earlier.authors(scale, place)).max(before);
        }
        let authors = of_day[0].authors_at_least().max(of_day[1].authors_at_least()).max(before);
        Look { reach, first: oldest * each, end: self.last + 1, sum, authors }
    }

    /// Texts of the last minutes in which it was seen, oldest first.
    pub(super) fn texts(&self) -> impl Iterator<Item = TextsOf> + '_ {
        let held = self.texts_at.iter().zip(self.texts_of).rev().filter(|(_, texts)| *texts != TextBits::UNKNOWN);
        held.map(|(at, texts)| TextsOf { minute: self.last - u32::from((self.last as u16).wrapping_sub(*at)), texts })
    }

    /// Whether so many authors can have written in an hour: most subjects have a few a day, and need no look.
    pub(super) fn may_have(&self, authors: u64) -> bool {
        let block = self.last / BLOCK_MINUTES;
        let of = |block: u32| u64::from(self.blocks[(block % DAY_BLOCKS) as usize].authors);
        of(block) + of(block - 1) >= authors
    }

    /// The slots of a look, oldest first: first minute, minutes, what was counted.
    pub(super) fn slots(&self, reach: Reach) -> impl Iterator<Item = (u32, u32, Slot)> + '_ {
        let (slots, each) = self.places(reach.scale());
        let count = slots.len() as u32;
        let newest = self.last / each;
        (newest.saturating_sub(reach.slots() - 1)..=newest)
            .map(move |place| (place * each, each, slots[(place % count) as usize]))
    }

    /// What the baseline foretells for a stretch that ends with the last minute, and how many posts it rests on. `held`: how it stood before
    /// the burst that is open.
    pub(super) fn expected(
        &self,
        reach: Reach,
        first: u32,
        exposure: &Exposure,
        pool: Scatter,
        held: Option<Lately>,
    ) -> Expected {
        let last = self.last;
        if reach == Reach::Day {
            let (seasons, mut exposed) = (self.seasons(exposure, pool), 0.0);
            for block in first / BLOCK_MINUTES..=last / BLOCK_MINUTES {
                exposed += seasons.at(bin_of(block)) * exposure.block(block);
            }
            let inverse = self.scatter_of(OF_DAY, pool);
            let known = PRIOR + f64::from(self.slow);
            return Expected {
                mean: self.base(exposure) * exposed,
                shape: 1.0 / (inverse + 1.0 / known),
                known,
                of_one: exposed / f64::from(self.slow_exposure).max(1e-9),
                lately: None,
            };
        }
        let known = self.long_worth() + f64::from(self.fast);
        // Of the scatter of ten minutes, a part is there for hours and the rest is gone in minutes: in five it is twice as wide. While
        // the hours of the day are being learnt, they pass for scatter that lasts, and that part is no measure of anything.
        let young = exposure.is_young();
        let lasting = self.scatter_held(Midnight::Last, pool);
        let passing =
            if young { self.scatter_of(IN_BLOCK, pool) } else { (self.scatter_of(OF_TEN, pool) - lasting).max(0.0) };
        let exposed = if reach == Reach::Hours {
            let block = last / BLOCK_MINUTES;
            let begun = block * BLOCK_MINUTES;
            let before = f64::from(self.season[0]) * exposure.block(block - 1);
            before + self.season_at(u32::midpoint(begun, last)) * exposure.between(begun, last)
        } else {
            self.season_at(u32::midpoint(first, last)) * exposure.between(first, last)
        };
        let of_one = exposed / f64::from(self.fast_exposure).max(1e-9);
        let mean = self.rate(exposure) * exposed;
        // How far counts of this look scatter about the level of its hour.
        let passes = match reach {
            Reach::FiveMinutes => 2.0 * passing,
            Reach::Quarter => passing * f64::from(TEN) / f64::from(last + 1 - first),
            Reach::Hour | Reach::Hours | Reach::Day => 0.2 * passing,
        };
        let by_lately = match reach {
            Reach::FiveMinutes => true,
            Reach::Quarter | Reach::Hour => young && lasting > SWINGS_MAX,
            Reach::Hours | Reach::Day => false,
        };
        // What is in the burst that is open says nothing of how it would stand without it, and what it was before says less by the hour.
        let is_before = |to: u32| !self.open || young && self.began_after(to);
        let swings = MOVES * if young { lasting.min(SWINGS_MAX) } else { lasting };
        let stretch = self.lately(reach);
        let lately = if !by_lately {
            None
        } else if is_before(stretch.1) {
            self.stood_lately(stretch, exposure, lasting, passing, known).map(|lately| (lately, swings))
        } else {
            held.filter(|_| young).map(|held| (held, swings + MOVES * lasting * self.open_for() / 60.0))
        };
        if let Some((lately, swings)) = lately {
            let (level, sure) = (f64::from(lately.level), f64::from(lately.sure));
            return Expected {
                mean: mean * level,
                shape: 1.0 / (passes + 1.0 / sure + swings),
                known,
                of_one: of_one.max(mean * f64::from(lately.of_one)),
                lately: Some(lately),
            };
        }
        let inverse = match reach {
            // It may reach back over midnight.
            Reach::Hours => self.scatter_held(Midnight::BeforeLast, pool),
            Reach::FiveMinutes | Reach::Quarter | Reach::Hour | Reach::Day => lasting + passes,
        };
        Expected { mean, shape: 1.0 / (inverse + 1.0 / known), known, of_one, lately: None }
    }

    /// How it stands to its baseline of late: what lasts was there before a look, and shows there.
    fn stood_lately(
        &self,
        (from, to, posts): (u32, u32, u32),
        exposure: &Exposure,
        lasting: f64,
        passing: f64,
        known: f64,
    ) -> Option<Lately> {
        let expected = self.rate(exposure) * self.season_at(u32::midpoint(from, to)) * exposure.between(from, to);
        (expected > 0.0).then(|| {
            let prior = 1.0 / (lasting + 1.0 / known);
            // The passing part blurs what is seen of it.
            let blur = 1.0 + expected * passing * f64::from(TEN) / f64::from(to + 1 - from);
            let worth = f64::from(posts) / blur;
            Lately {
                level: ((prior + worth) / (prior + expected / blur)) as f32,
                sure: (prior + worth) as f32,
                of_one: (1.0 / (prior * blur + expected)) as f32,
            }
        })
    }

    /// The stretch before a look that ends with the last minute, and its posts.
    fn lately(&self, reach: Reach) -> (u32, u32, u32) {
        let newest = self.last / TEN;
        if reach == Reach::Hour {
            // What is left of this block and the one before without the look.
            let first = newest.saturating_sub(TENS - 1) * TEN;
            let block = self.last / BLOCK_MINUTES;
            let of = |block: u32| self.blocks[(block % DAY_BLOCKS) as usize].posts;
            let in_look: u32 = self.tens.iter().map(|ten| ten.posts).sum();
            return ((block - 1) * BLOCK_MINUTES, first - 1, (of(block - 1) + of(block)).saturating_sub(in_look));
        }
        let (from, to) = (newest.saturating_sub(TENS - 1), newest - 2);
        let posts = (from..=to).map(|ten| self.tens[(ten % TENS) as usize].posts).sum();
        (from * TEN, to * TEN + TEN - 1, posts)
    }

    /// Between the middles of blocks, on a straight line.
    fn season_at(&self, minute: u32) -> f64 {
        let here = self.last / BLOCK_MINUTES;
        let [before, now, next] = self.season.map(f64::from);
        let middle = f64::from(here * BLOCK_MINUTES + BLOCK_MINUTES / 2);
        let along = (f64::from(minute) + 0.5 - middle) / f64::from(BLOCK_MINUTES);
        if along < 0.0 { now + (now - before) * along.max(-1.0) } else { now + (next - now) * along.min(1.0) }
    }

    /// What was the loudest by scale in its bursts before, for the exposure of a look that ends now.
    pub(super) fn record(&self, look: &Look, exposure: &Exposure) -> f64 {
        let days = f64::from(self.last.saturating_sub(self.over)) / f64::from(DAY_MINUTES);
        let faded = (-days / RECORD_HALVED_DAYS).exp2();
        wide(self.records[look.reach as usize]) * faded * exposure.between(look.first, self.last)
    }

    /// A burst has begun in a minute of the last day.
    pub(super) fn begin_burst(&mut self, minute: u32) {
        (self.open, self.began) = (true, minute as u16);
    }

    /// Whether the burst that is open began after a minute of the last days.
    fn began_after(&self, minute: u32) -> bool {
        self.began.wrapping_sub(minute as u16).cast_signed() > 0
    }

    /// Minutes since the burst that is open began, of the last days.
    fn open_for(&self) -> f64 {
        f64::from((self.last as u16).wrapping_sub(self.began))
    }

    /// A burst is over: how loud it was is known from now on.
    pub(super) fn end_burst(&mut self, hot_end: u32, loudest: [f32; Reach::ALL.len()]) {
        let days = f64::from(hot_end.saturating_sub(self.over)) / f64::from(DAY_MINUTES);
        let faded = (-days / RECORD_HALVED_DAYS).exp2();
        for (record, loudest) in self.records.iter_mut().zip(loudest) {
            *record = short((wide(*record) * faded).max(f64::from(loudest)));
        }
        (self.open, self.over) = (false, hot_end);
        self.bursts = self.bursts.saturating_add(u8::from(loudest.iter().any(|loudest| *loudest > 0.0)));
    }

    /// Authors a post, usually.
    pub(super) fn authors_share(&self) -> f64 {
        f64::from(self.authors_share).clamp(0.05, 1.0)
    }

    /// Posts for an exposure, by the memory that has more.
    pub(super) fn rate_of_both(&self) -> f32 {
        let of = |posts: f32, exposure: f32| if exposure > 0.0 { posts / exposure } else { 0.0 };
        of(self.slow, self.slow_exposure).max(of(self.fast, self.fast_exposure))
    }

    /// How loud it is: what decides which subjects stay.
    pub(super) fn loudness(&self) -> u64 {
        let held: u64 = self.blocks.iter().map(|slot| u64::from(slot.posts)).sum();
        held + self.slow as u64
    }

    /// How things are now is how they are: a burst that does not end.
    pub(super) fn settle(&mut self, exposure: &Exposure) {
        let share: f64 = self.blocks.iter().map(|slot| f64::from(slot.posts)).sum::<f64>()
            / exposure.between(self.last.saturating_sub(22 * 60), self.last).max(1e-9);
        (self.slow, self.slow_exposure) = ((share * exposure.slow) as f32, exposure.slow as f32);
        self.fast = (share * exposure.fast) as f32;
        self.fast_exposure = exposure.fast as f32;
        for (bin, posts) in self.week.iter_mut().enumerate() {
            *posts = short(share * exposure.week[bin]);
        }
        self.week_exposure = exposure.week.map(short);
        (self.open, self.burst_blocks) = (false, 0);
    }
}

/// What a baseline foretells.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    pub(super) mean: f64,
    /// Of the negative binomial distribution, with everything that is uncertain in it.
    pub(super) shape: f64,
    /// Posts that the baseline rests on.
    pub(super) known: f64,
    /// What one post in the baseline adds to the mean.
    pub(super) of_one: f64,
    /// How it stood of late, if that is in the mean.
    pub(super) lately: Option<Lately>,
}

/// How a subject stood to its baseline just before a look.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Lately {
    level: f32,
    /// Posts that this is worth.
    sure: f32,
    /// What one post more changes in it.
    of_one: f32,
}

/// A scatter with its weight, drawn to the pooled one.
fn drawn([own, weight]: [f64; 2], pooled: f64) -> f64 {
    ((own + pooled * POOL_WORTH) / (weight + POOL_WORTH)).max(0.0) * SCATTER_DOUBT
}

/// The square of what a count has beyond its mean, without what chance gives, for a mean of one.
fn beyond(posts: f64, expected: f64) -> f64 {
    ((posts - expected).powi(2) - expected) / expected.max(SCATTER_MEAN_MIN).powi(2)
}

/// What of a block joins the baseline: all of it up to a bound, and of a burst no more than was expected.
fn joining(posts: f64, expected: f64, inverse: f64, in_burst: bool) -> f64 {
    if in_burst {
        return posts.min(expected);
    }
    posts.min(expected + CLIP * (expected + expected * expected * inverse).sqrt() + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a day's look and one of some hours take for scatter, after a week of one post a minute and half a day of so many.
    fn shapes(today: u32) -> [f64; 2] {
        const WEEK: u32 = 7 * DAY_MINUTES;
        let begin = 20_000 * DAY_MINUTES;
        let mut exposure = Exposure::new(begin - 1);
        exposure.add(begin, 1_000.0);
        let mut subject = Subject::new(1, 0, begin, &exposure, 0.0, 0);
        let (pool, mut sum) =
            (Scatter { ten_minutes: 0.05, in_block: 0.05, block: 0.05, day: 0.05 }, ScatterSum::default());
        for minute in begin + 1..begin + WEEK + DAY_MINUTES / 2 {
            exposure.add(minute, 1_000.0);
            subject.roll(minute, &exposure, pool, &mut sum);
            let posts = if minute < begin + WEEK { 1 } else { today };
            subject.add(&Slot { posts, authors: posts, ..Slot::default() });
        }
        [Reach::Day, Reach::Hours].map(|reach| {
            let expected = subject.expected(reach, subject.look(reach, None).first, &exposure, pool, None);
            1.0 / expected.shape - 1.0 / expected.known
        })
    }

    #[test]
    fn what_is_counted_today_is_no_measure_of_today() {
        let usual = shapes(1);
        for today in [0, 3, 20] {
            let near = shapes(today).into_iter().zip(usual).all(|(one, other)| (one - other).abs() < 1e-9);
            assert!(near, "{today}: {:?} and {usual:?}", shapes(today));
        }
    }

    /// What all looks take for scatter, in the middle of the twentieth day of posts by block of the day.
    fn scatters(posts: impl Fn(u32, u32) -> u32) -> [f64; Reach::ALL.len()] {
        let begin = 20_000 * DAY_MINUTES;
        let mut exposure = Exposure::new(begin - 1);
        exposure.add(begin, 1_000.0);
        let mut subject = Subject::new(1, 0, begin, &exposure, 0.0, 0);
        let (pool, mut sum) =
            (Scatter { ten_minutes: 0.05, in_block: 0.05, block: 0.05, day: 0.05 }, ScatterSum::default());
        for minute in begin + 1..begin + 19 * DAY_MINUTES + DAY_MINUTES / 2 {
            exposure.add(minute, 1_000.0);
            subject.roll(minute, &exposure, pool, &mut sum);
            let block = (minute - begin) / BLOCK_MINUTES;
            let posts = posts(block / DAY_BLOCKS, block % DAY_BLOCKS);
            subject.add(&Slot { posts, authors: posts, ..Slot::default() });
        }
        Reach::ALL.map(|reach| {
            let expected = subject.expected(reach, subject.look(reach, None).first, &exposure, pool, None);
            1.0 / expected.shape - 1.0 / expected.known
        })
    }

    #[test]
    fn what_evens_out_within_a_day_is_no_scatter_of_days() {
        // One block of each day is four times as loud, another one every day.
        let of_blocks = scatters(|day, block| if block == day * 5 % DAY_BLOCKS { 8 } else { 2 });
        let of_days = scatters(|day, _| [2, 3, 8][(day * 5 % 3) as usize]);
        let steady = scatters(|_, _| 2);
        let [_, _, hour, hours, day] = of_blocks;
        assert!(day < 0.02 && hour > 0.1 && hours > 0.1, "{of_blocks:?}");
        assert!(of_days[4] > 0.1, "{of_days:?}");
        assert!(steady.iter().all(|scatter| *scatter < 0.02), "{steady:?}");
    }

    #[test]
    fn what_swings_for_hours_is_no_scatter_of_minutes() {
        let of = |posts: fn(u32) -> u32| {
            let begin = 20_000 * DAY_MINUTES;
            let mut exposure = Exposure::new(begin - 1);
            exposure.add(begin, 1_000.0);
            let mut subject = Subject::new(1, 0, begin, &exposure, 0.0, 0);
            let (pool, mut sum) = (Scatter::default(), ScatterSum::default());
            for minute in begin + 1..begin + 3 * DAY_MINUTES {
                exposure.add(minute, 1_000.0);
                subject.roll(minute, &exposure, pool, &mut sum);
                let posts = posts(minute - begin);
                subject.add(&Slot { posts, authors: posts, ..Slot::default() });
            }
            [IN_BLOCK, OF_BLOCK].map(|which| subject.scatter_of(which, pool))
        };
        let of_hours = of(|minute| [1, 2, 9, 5][(minute / BLOCK_MINUTES % 4) as usize]);
        let of_minutes = of(|minute| [1, 7][(minute / TEN % 2) as usize]);
        assert!(of_hours[0] < 0.02 && of_hours[1] > 0.3, "{of_hours:?}");
        assert!(of_minutes[0] > 0.3 && of_minutes[1] < 0.1, "{of_minutes:?}");
    }

    #[test]
    fn how_it_stood_before_a_burst_is_held_for_hours() {
        // On the first day, among subjects that swing with it.
        let begin = 20_000 * DAY_MINUTES;
        let pool = Scatter { ten_minutes: 0.9, in_block: 0.05, block: 0.9, day: 0.9 };
        let mut exposure = Exposure::new(begin - 1);
        exposure.add(begin, 1_000.0);
        let mut subject = Subject::new(1, 0, begin, &exposure, 0.0, 0);
        let mut sum = ScatterSum::default();
        let mut held = None;
        let looks = |subject: &Subject, exposure: &Exposure, held| {
            let of = |reach| subject.expected(reach, subject.look(reach, None).first, exposure, pool, held);
            [Reach::FiveMinutes, Reach::Quarter, Reach::Hour].map(of)
        };
        for minute in begin + 1..=begin + 14 * 60 + 90 {
            exposure.add(minute, 1_000.0);
            subject.roll(minute, &exposure, pool, &mut sum);
            let posts = if minute < begin + 14 * 60 { 1 } else { 8 };
            subject.add(&Slot { posts, authors: posts, ..Slot::default() });
            if minute == begin + 14 * 60 + 2 {
                held = looks(&subject, &exposure, None)[0].lately;
                subject.begin_burst(begin + 14 * 60);
            }
        }
        let with = looks(&subject, &exposure, held).map(|look| (look.mean, look.shape));
        let without = looks(&subject, &exposure, None).map(|look| (look.mean, look.shape));
        for ((mean, shape), minutes) in with.into_iter().zip([5.0, 20.0, 60.0]) {
            assert!((0.3..=1.3).contains(&(mean / minutes)) && shape > 1.5, "{with:?}");
        }
        // Else a subject that swings with the day is not told from one that bursts.
        assert!(without.into_iter().all(|(_, shape)| shape < 1.0), "{without:?}");
        assert!(held.is_some());
    }

    #[test]
    fn a_block_is_measured_by_its_part_of_the_week() {
        // Nobody writes on the weekend, and of one weekend hardly anything is known.
        let week = WEEK_BLOCKS as u32;
        let begin = 20_000 * week * BLOCK_MINUTES;
        let mut exposure = Exposure::new(begin - 1);
        exposure.add(begin, 1_000.0);
        let mut subject = Subject::new(1, 0, begin, &exposure, 0.0, 0);
        let (pool, mut sum) = (Scatter::default(), ScatterSum::default());
        for minute in begin + 1..begin + 15 * DAY_MINUTES {
            exposure.add(minute, 1_000.0);
            subject.roll(minute, &exposure, pool, &mut sum);
            let posts = u32::from((minute - begin) / DAY_MINUTES % 7 < 5 && minute % 10 == 0);
            subject.add(&Slot { posts, authors: posts, ..Slot::default() });
        }
        let seasons = subject.seasons(&exposure, pool);
        let of = |block: u32| seasons.at(bin_of(begin / BLOCK_MINUTES + block));
        let (weekday, weekend) = (of(2 * DAY_BLOCKS + 6), of(6 * DAY_BLOCKS));
        assert!(weekday > 1.2 && weekend < 0.2, "{weekday} {weekend}");
    }

    #[test]
    fn is_small() {
        assert!(size_of::<Subject>() <= 1_280, "{}", size_of::<Subject>());
    }

    #[test]
    fn short_numbers_are_right_to_a_half_per_cent() {
        for number in [0.0, 0.3, 1.0, 7.7, 1_234.0, 3.3e6] {
            assert!((wide(short(number)) - number).abs() <= number * 0.004);
        }
    }
}
