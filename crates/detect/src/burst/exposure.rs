//! [`Exposure`]: what there was to be counted in, by which counts become rates. Every shard keeps the same one.
//!
//! For most subjects it is the number of all posts of a minute: a word's rate is its share of what is written, so the day and the
//! week of the whole stream, its growth and its gaps are in nobody's baseline as news. For the total it is covered time.

use serde::{Deserialize, Serialize};

use crate::packed::array;

/// Minutes whose sums are kept one by one: more than a day.
const MINUTES_KEPT: usize = 2_048;
/// Minutes of a block, the grain of baselines.
pub(super) const BLOCK_MINUTES: u32 = 120;
/// Blocks of a day, and of a week.
pub(super) const DAY_BLOCKS: u32 = 12;
pub(super) const WEEK_BLOCKS: usize = 84;
/// Blocks whose sums are kept.
const BLOCKS_KEPT: usize = 128;
/// What is left of the long memory after a block: half after two weeks.
pub(super) const SLOW_KEPT: f64 = 0.995_882_5;
/// What is left of the short memory after a block: half after eight hours.
pub(super) const FAST_KEPT: f64 = 0.840_896_4;
/// What is left of a week's hour after a week.
pub(super) const WEEK_KEPT: f64 = 0.75;

/// Sums of exposure over everything that baselines need. Baselines lag: a block joins the short memory when the next but one begins,
/// and the long one after a day, so that no look is compared with what is in it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Exposure {
    /// The last minute that was added.
    now: u32,
    /// Sum up to and with a minute, at its number modulo the length.
    #[serde(deserialize_with = "all_sums")]
    sums: Vec<f64>,
    #[serde(with = "array")]
    blocks: [f64; BLOCKS_KEPT],
    /// The long memory.
    pub(super) slow: f64,
    /// How many covered blocks it comes to.
    pub(super) slow_blocks: f64,
    /// The short memory.
    pub(super) fast: f64,
    pub(super) fast_blocks: f64,
    /// By block of the week.
    #[serde(with = "array")]
    pub(super) week: [f64; WEEK_BLOCKS],
    /// How often each was seen.
    #[serde(with = "array")]
    pub(super) weeks_seen: [f64; WEEK_BLOCKS],
}

fn all_sums<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let sums = Vec::deserialize(deserializer)?;
    if sums.len() == MINUTES_KEPT { Ok(sums) } else { Err(serde::de::Error::custom("not as many sums as minutes")) }
}

impl Exposure {
    /// Nothing before a minute.
    pub(super) fn new(now: u32) -> Self {
        Self {
            now,
            sums: vec![0.0; MINUTES_KEPT],
            blocks: [0.0; BLOCKS_KEPT],
            slow: 0.0,
            slow_blocks: 0.0,
            fast: 0.0,
            fast_blocks: 0.0,
            week: [0.0; WEEK_BLOCKS],
            weeks_seen: [0.0; WEEK_BLOCKS],
        }
    }

    /// Goes on to a minute and adds what was there. Minutes between are taken for empty.
    pub(super) fn add(&mut self, minute: u32, amount: f64) {
        let sum = self.sums[self.now as usize % MINUTES_KEPT];
        let first = (self.now + 1).max(minute.saturating_sub(MINUTES_KEPT as u32));
        for between in first..=minute {
            self.sums[between as usize % MINUTES_KEPT] = sum;
        }
        let (mut block, last) = (self.now / BLOCK_MINUTES, minute / BLOCK_MINUTES);
        if last - block > 8 * WEEK_BLOCKS as u32 {
            // Nothing of two months ago says how things are.
            *self = Self::new(minute);
            block = last;
        }
        while block < last {
            block += 1;
            self.enter(block);
        }
        self.now = minute;
        self.sums[minute as usize % MINUTES_KEPT] = sum + amount;
        self.blocks[last as usize % BLOCKS_KEPT] += amount;
    }

    fn enter(&mut self, block: u32) {
        let seen = |amount: f64| f64::from(u8::from(amount > 0.0));
        let (recent, old) = (self.block(block - 2), self.block(block - DAY_BLOCKS));
        self.fast = self.fast * FAST_KEPT + recent;
        self.fast_blocks = self.fast_blocks * FAST_KEPT + seen(recent);
        self.slow = self.slow * SLOW_KEPT + old;
        self.slow_blocks = self.slow_blocks * SLOW_KEPT + seen(old);
        let bin = bin_of(block - DAY_BLOCKS);
        self.week[bin] = self.week[bin] * WEEK_KEPT + old;
        self.weeks_seen[bin] = self.weeks_seen[bin] * WEEK_KEPT + seen(old);
        self.blocks[block as usize % BLOCKS_KEPT] = 0.0;
    }

    /// Of a block of the last ten days.
    pub(super) fn block(&self, block: u32) -> f64 {
        self.blocks[block as usize % BLOCKS_KEPT]
    }

    /// From one minute up to and with another, both of the last day.
    pub(super) fn between(&self, first: u32, last: u32) -> f64 {
        let at = |minute: u32| self.sums[minute as usize % MINUTES_KEPT];
        at(last) - at(first.wrapping_sub(1))
    }

    /// Whether there is less than a week: then what swings looks like bursts, and its season would never be learnt if it were left out.
    pub(super) fn learning(&self) -> bool {
        self.slow_blocks < (WEEK_BLOCKS - DAY_BLOCKS as usize) as f64
    }

    /// Whether there are less than four days, of which baselines have three.
    pub(super) fn is_young(&self) -> bool {
        self.slow_blocks < 3.0 * f64::from(DAY_BLOCKS)
    }

    /// Whether there is less than two days, of which baselines have one: then no hour of the day was seen before it is measured.
    pub(super) fn knows_no_hours(&self) -> bool {
        self.slow_blocks <= f64::from(DAY_BLOCKS)
    }

    /// What is left of measured scatter after a block: what was measured before the seasons were known is soon forgotten.
    pub(super) fn scatter_kept(&self) -> f64 {
        if self.is_young() { 0.9 } else { 0.985 }
    }

    /// Whether it still knows of a minute by itself.
    pub(super) const fn holds(&self, minute: u32) -> bool {
        minute + MINUTES_KEPT as u32 > self.now + 1
    }

    /// Of a mean covered minute.
    pub(super) fn a_minute(&self) -> f64 {
        let (amount, blocks) = (self.slow + self.fast, self.slow_blocks + self.fast_blocks);
        if blocks > 0.0 { amount / blocks / f64::from(BLOCK_MINUTES) } else { 0.0 }
    }
}

/// Which block of the week a block is.
pub(super) const fn bin_of(block: u32) -> usize {
    block as usize % WEEK_BLOCKS
}
