//! Hours as the gate releases them, and random numbers for them.

use groundswell_gate::{CandidateCell, Dimension, Gate, K, Released, VolumeCandidate, VolumeRow};
use groundswell_sketch::{CellKey, Distinct, Step, Window};

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24;
/// A Monday.
pub(crate) const MONDAY: i64 = 1_767_571_200;
pub(crate) const BUDGETS: [f64; 3] = [1.0, 5.0, 20.0];

/// Random numbers from a seed.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 40.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64;
        }
        let (least, mut product, mut count) = ((-mean).exp(), self.unit(), 0);
        while product > least {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

/// As the gate releases it: seven of ten posts have an author of their own.
pub(crate) fn released(hour: i64, rows: &[(Dimension, String, u64)]) -> Vec<Released<VolumeRow>> {
    let window = Window { step: Step::Hour, start: MONDAY + hour * HOUR };
    let mut released = Vec::new();
    for dimension in [Dimension::Total, Dimension::Watch, Dimension::Language, Dimension::Source, Dimension::Domain] {
        let mut cells: Vec<CandidateCell> = (0_u64..)
            .zip(rows)
            .filter(|(_, row)| row.0 == dimension && (row.2 > 0 || dimension == Dimension::Watch))
            .map(|(nth, (_, value, posts))| {
                let tokens: Vec<u64> = (0..(posts * 7).div_ceil(10)).map(|author| nth << 32 | author).collect();
                // Tokens that are not scattered are no estimate of many; only small cells are folded.
                let authors = if dimension.is_folded() && tokens.len() < 1_000 {
                    Distinct::from_sorted_unique(&tokens)
                } else {
                    Distinct::of_number(tokens.len() as u64)
                };
                CandidateCell {
                    value: value.clone(),
                    posts: *posts,
                    publisher_posts: 0,
                    key: CellKey::of_author(hour as u64 * 1_000 + nth),
                    authors,
                    name_publishers: None,
                }
            })
            .collect();
        cells.sort_unstable_by(|a, b| a.value.cmp(&b.value));
        released.extend(Gate::new(K::DEFAULT).release(VolumeCandidate { window, dimension, cells }));
    }
    released
}
