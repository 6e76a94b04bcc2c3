//! [`Seasons`]: how a subject's rate by block of the week stands to its mean, as far as its history can tell.
//!
//! A block of the week has been seen a few times at most, so it is drawn to what its hour has on all days, and that to how the blocks
//! about it stand to theirs: a weekend is no UTC's day. How hard it is drawn, all blocks of the week say together: if no more of them
//! lie off their hour than chance has it, one that does is an accident.

use super::exposure::{DAY_BLOCKS, WEEK_BLOCKS};
use super::subject::wide;

/// Posts that "like the whole" is worth against a subject's own hours of the day.
const DAY_PRIOR: f64 = 3.0;
/// And "like its hour on all days" against the blocks about it.
const NEAR_PRIOR: f64 = 8.0;
/// And what both say against the block itself, at least, and at most.
pub(super) const WEEK_PRIOR: [f64; 2] = [8.0, 1_000.0];
/// Blocks before and after one that are about it.
const NEAR_BLOCKS: usize = 2;
const HOURS: usize = DAY_BLOCKS as usize;

/// A subject's history, to ask for a block's season.
pub(super) struct Seasons<'a> {
    week: &'a [u16; WEEK_BLOCKS],
    exposure: &'a [u16; WEEK_BLOCKS],
    /// How often each block was seen.
    seen: &'a [f64; WEEK_BLOCKS],
    /// How posts scatter beyond chance.
    inverse: f64,
    /// What a block is worth against itself if it is like its hour and those about it.
    prior: f64,
    /// Posts for an exposure; zero where nothing is known.
    mean: f64,
    /// How each hour of the day stands to the mean.
    day: [f64; HOURS],
}

impl<'a> Seasons<'a> {
    pub(super) fn of(
        week: &'a [u16; WEEK_BLOCKS],
        exposure: &'a [u16; WEEK_BLOCKS],
        seen: &'a [f64; WEEK_BLOCKS],
        inverse: f64,
        prior: f64,
    ) -> Self {
        let (mut of_hour, mut exposed_hour, mut seen_hour) = ([0.0; HOURS], [0.0; HOURS], [0.0; HOURS]);
        for at in (0..WEEK_BLOCKS).step_by(HOURS) {
            for hour in 0..HOURS {
                of_hour[hour] += wide(week[at + hour]);
                exposed_hour[hour] += wide(exposure[at + hour]);
                seen_hour[hour] += seen[at + hour];
            }
        }
        let (posts, exposed) = (of_hour.iter().sum::<f64>(), exposed_hour.iter().sum::<f64>());
        let mean = if posts < 1.0 || exposed <= 0.0 { 0.0 } else { posts / exposed };
        let mut seasons = Self { week, exposure, seen, inverse, prior, mean, day: [1.0; HOURS] };
        for hour in 0..HOURS {
            let like = mean * exposed_hour[hour];
            seasons.day[hour] = seasons.level(of_hour[hour], like, seen_hour[hour], DAY_PRIOR);
        }
        seasons
    }

    /// How posts stand to what they are like, drawn to one by so many posts.
    fn level(&self, posts: f64, like: f64, seen: f64, prior: f64) -> f64 {
        if like <= 0.0 {
            return 1.0;
        }
        // So many posts tell as much as these do: they scatter more than chance.
        let (most, seen) = (posts.max(like).max(0.5), seen.max(0.1));
        let known = most * seen / (seen + self.inverse * most);
        (known * posts + prior * like) / ((known + prior) * like)
    }

    /// What a block would have if it were like its hour.
    fn like_hour(&self, bin: usize) -> f64 {
        self.mean * self.day[bin % HOURS] * wide(self.exposure[bin])
    }

    /// How a block would stand to the mean if it were like its hour and the blocks about it. Weeks follow each other.
    fn like(&self, bin: usize) -> f64 {
        let (mut near, mut like, mut seen) = (0.0, 0.0, 0.0);
        for at in bin + WEEK_BLOCKS - NEAR_BLOCKS..=bin + WEEK_BLOCKS + NEAR_BLOCKS {
            let at = at % WEEK_BLOCKS;
            near += wide(self.week[at]);
            like += self.like_hour(at);
            seen += self.seen[at];
        }
        self.day[bin % HOURS] * self.level(near, like, seen, NEAR_PRIOR)
    }

    /// How a block stands to the mean.
    pub(super) fn at(&self, bin: usize) -> f64 {
        // Without history: the whole stream's season.
        if self.mean <= 0.0 {
            return 1.0;
        }
        let like = self.like(bin);
        let exposed = wide(self.exposure[bin]);
        like * self.level(wide(self.week[bin]), self.mean * like * exposed, self.seen[bin], self.prior)
    }

    /// What a block should be worth against itself: one over the variance by which blocks lie off what they are like, and over what that
    /// may be as well, for all that so many blocks tell.
    pub(super) fn prior(&self) -> f64 {
        let (mut beyond, mut squares, mut posts) = (0.0, 0.0, 0.0);
        for bin in 0..WEEK_BLOCKS {
            let like = self.mean * self.like(bin) * wide(self.exposure[bin]);
            let by_chance = like + like * like * self.inverse / self.seen[bin].max(0.1);
            beyond += (wide(self.week[bin]) - like).powi(2) - by_chance;
            squares += like * like;
            posts += like;
        }
        let apart = (beyond.max(0.0) + (2.0 * squares + posts).sqrt()) / squares.max(f64::MIN_POSITIVE);
        (1.0 / apart).clamp(WEEK_PRIOR[0], WEEK_PRIOR[1])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::subject::short;
    use super::*;

    /// Of a block, if the prior is what it should be.
    fn season(week: &[u16; WEEK_BLOCKS], exposure: &[u16; WEEK_BLOCKS], inverse: f64, bin: usize) -> f64 {
        let of = |prior: f64| Seasons::of(week, exposure, &[1.75; WEEK_BLOCKS], inverse, prior);
        of(of(WEEK_PRIOR[0]).prior()).at(bin)
    }

    /// One block of an even week with so many posts more.
    fn lone(more: f64) -> f64 {
        let week = std::array::from_fn(|at| short(if at == 40 { 100.0 + more } else { 100.0 }));
        season(&week, &[short(1_000.0); WEEK_BLOCKS], 0.0, 40)
    }

    #[test]
    fn a_block_that_lies_off_by_no_more_than_chance_is_an_accident() {
        assert!(lone(15.0) < 1.08, "{}", lone(15.0));
        assert!(lone(400.0) > 4.0, "{}", lone(400.0));
    }

    #[test]
    fn a_weekend_is_known_by_the_blocks_about_it() {
        let weekend = |at: usize| at >= 5 * HOURS;
        // One block of the weekend was never covered.
        let unseen = 6 * HOURS;
        let week = std::array::from_fn(|at| short(if weekend(at) || at == unseen { 4.0 } else { 40.0 }));
        let exposure = std::array::from_fn(|at| short(if at == unseen { 0.0 } else { 1_000.0 }));
        let of = |bin: usize| season(&week, &exposure, 0.01, bin);
        assert!(of(unseen) < 0.3 && of(2 * HOURS) > 1.2, "{} {}", of(unseen), of(2 * HOURS));
    }

    proptest! {
        /// Whatever was counted: a season is a positive number, of a mean of about one, and no wilder than the counts.
        #[test]
        fn is_never_wilder_than_what_was_counted(
            counted in prop::collection::vec((0.0_f64..500.0, 0.0_f64..1e6, 0.0_f64..3.0), WEEK_BLOCKS), inverse in 0.0_f64..20.0
        ) {
            let of = |pick: fn(&(f64, f64, f64)) -> f64| std::array::from_fn::<f64, WEEK_BLOCKS, _>(|at| pick(&counted[at]));
            let (week, exposure) = (of(|block| block.0).map(short), of(|block| block.1).map(short));
            let seen = of(|block| block.2);
            let seasons = |prior: f64| Seasons::of(&week, &exposure, &seen, inverse, prior);
            let prior = seasons(WEEK_PRIOR[0]).prior();
            prop_assert!((WEEK_PRIOR[0]..=WEEK_PRIOR[1]).contains(&prior));
            let seasons = seasons(prior);
            let rates = week.map(wide).into_iter().zip(exposure.map(wide)).map(|(posts, there)| posts / there);
            let mean = week.map(wide).iter().sum::<f64>() / exposure.map(wide).iter().sum::<f64>();
            let wildest = rates.fold(1.0, |most, rate| f64::max(most, rate / mean));
            for bin in 0..WEEK_BLOCKS {
                prop_assert!(seasons.at(bin) > 0.0 && seasons.at(bin) <= wildest * wildest * (1.0 + 1e-9), "{} {wildest}", seasons.at(bin));
            }
        }
    }
}
