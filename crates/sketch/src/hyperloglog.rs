//! HyperLogLog with 2^12 registers over tokens that are already uniform hashes.
//!
//! Standard error 1.04 / sqrt(2^12) = 1.63 %. A register holds at most 53; here each is a nibble above a common base, and
//! the few that do not fit stand in a short sorted list, so that a sketch takes 2 KiB and not 4. Four times the registers
//! would halve the error and take as much as the tokens of the largest exact count: most of a busy day's memory.

use serde::{Deserialize, Serialize};

/// Precision: the first `P` bits of a token choose its register.
const P: u32 = 12;
/// Number of registers.
const M: usize = 1 << P;
/// The rest of a token: its leading zeros are what a register remembers.
const Q: u32 = 64 - P;
/// The largest difference to the base that a nibble holds; one more means "look in the list".
const NIBBLE_MAX: u8 = 14;
/// The nibble that says that the register's value stands in the list.
const LISTED: u8 = 15;

/// The registers. Equal sets of tokens give equal registers, byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub(crate) struct HyperLogLog {
    /// The smallest register.
    base: u8,
    /// How many registers hold exactly the base.
    at_base: u32,
    /// Register less base, two a byte, the even register low.
    nibbles: Box<[u8]>,
    /// Registers above `base + NIBBLE_MAX`, sorted by index.
    listed: Vec<(u16, u8)>,
}

/// What crosses processes.
#[derive(Serialize, Deserialize)]
struct Wire {
    base: u8,
    nibbles: Vec<u8>,
    listed: Vec<(u16, u8)>,
}

impl From<HyperLogLog> for Wire {
    fn from(sketch: HyperLogLog) -> Self {
        Self { base: sketch.base, nibbles: sketch.nibbles.into_vec(), listed: sketch.listed }
    }
}

impl TryFrom<Wire> for HyperLogLog {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        if wire.nibbles.len() != M / 2 || u32::from(wire.base) > Q + 1 {
            return Err("a distinct count's registers have the wrong size");
        }
        let at_base = wire.nibbles.iter().map(|byte| u32::from(byte & 15 == 0) + u32::from(byte >> 4 == 0)).sum();
        let listed = wire.nibbles.iter().map(|b| usize::from(b & 15 == LISTED) + usize::from(b >> 4 == LISTED)).sum();
        let sketch = Self { base: wire.base, at_base, nibbles: wire.nibbles.into_boxed_slice(), listed: wire.listed };
        let sorted = sketch.listed.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let in_place = sketch.listed.iter().all(|&(index, value)| {
            usize::from(index) < M
                && sketch.nibble(usize::from(index)) == LISTED
                && value > sketch.base + NIBBLE_MAX
                && u32::from(value) <= Q + 1
        });
        if at_base == 0 || !sorted || !in_place || sketch.listed.len() != listed {
            return Err("a distinct count's registers contradict each other");
        }
        Ok(sketch)
    }
}

impl HyperLogLog {
    /// Memory of a sketch, but for its list.
    pub(crate) const BYTES: usize = size_of::<Self>() + M / 2;

    pub(crate) fn new() -> Self {
        Self { base: 0, at_base: M as u32, nibbles: vec![0; M / 2].into_boxed_slice(), listed: Vec::new() }
    }

    #[inline]
    fn nibble(&self, index: usize) -> u8 {
        self.nibbles[index / 2] >> (4 * (index % 2)) & 15
    }

    #[inline]
    fn set_nibble(&mut self, index: usize, value: u8) {
        let shift = 4 * (index % 2);
        let byte = &mut self.nibbles[index / 2];
        *byte = *byte & !(15 << shift) | value << shift;
    }

    #[inline]
    pub(crate) fn insert(&mut self, token: u64) {
        let index = (token >> Q) as usize;
        // The marker bit keeps the count at Q when all the rest is zero.
        let rest = token << P | 1 << (P - 1);
        self.raise(index, rest.leading_zeros() as u8 + 1);
    }

    /// Sets a register to the larger of its value and `value`.
    #[inline]
    fn raise(&mut self, index: usize, value: u8) {
        let nibble = self.nibble(index);
        // The common case: at or below what is there.
        if value <= self.base + nibble.min(NIBBLE_MAX) {
            return;
        }
        self.raise_past(index, nibble, value);
    }

    fn raise_past(&mut self, index: usize, nibble: u8, value: u8) {
        if value - self.base <= NIBBLE_MAX && nibble != LISTED {
            self.set_nibble(index, value - self.base);
        } else {
            match self.listed.binary_search_by_key(&(index as u16), |entry| entry.0) {
                Ok(at) => self.listed[at].1 = self.listed[at].1.max(value),
                Err(at) if value - self.base > NIBBLE_MAX => {
                    self.listed.insert(at, (index as u16, value));
                    self.set_nibble(index, LISTED);
                }
                Err(_) => unreachable!("a register marked as listed is in the list"),
            }
        }
        if nibble == 0 {
            self.at_base -= 1;
            if self.at_base == 0 {
                let values = self.values();
                *self = Self::from_values(&values);
            }
        }
    }

    /// All registers as they are.
    fn values(&self) -> Box<[u8; M]> {
        let mut values = Box::new([0; M]);
        for (pair, byte) in values.chunks_exact_mut(2).zip(&self.nibbles) {
            pair[0] = self.base + (byte & 15);
            pair[1] = self.base + (byte >> 4);
        }
        for &(index, value) in &self.listed {
            values[usize::from(index)] = value;
        }
        values
    }

    fn from_values(values: &[u8; M]) -> Self {
        let base = values.iter().copied().min().unwrap_or(0);
        let mut sketch = Self::new();
        sketch.base = base;
        sketch.at_base = 0;
        for (index, &value) in values.iter().enumerate() {
            sketch.at_base += u32::from(value == base);
            if value - base <= NIBBLE_MAX {
                sketch.set_nibble(index, value - base);
            } else {
                sketch.set_nibble(index, LISTED);
                sketch.listed.push((index as u16, value));
            }
        }
        sketch
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        let mut values = self.values();
        for (value, theirs) in values.iter_mut().zip(other.values().iter()) {
            *value = (*value).max(*theirs);
        }
        *self = Self::from_values(&values);
    }

    /// Ertl's improved estimator (2017, algorithm 6): no bias to correct and no range to switch between.
    pub(crate) fn estimate(&self) -> f64 {
        let mut histogram = [0_u32; Q as usize + 2];
        for byte in &self.nibbles {
            for nibble in [byte & 15, byte >> 4] {
                if nibble != LISTED {
                    histogram[usize::from(self.base + nibble)] += 1;
                }
            }
        }
        for &(_, value) in &self.listed {
            histogram[usize::from(value)] += 1;
        }
        let m = M as f64;
        let mut z = m * tau(1.0 - f64::from(histogram[Q as usize + 1]) / m);
        for count in histogram[1..=Q as usize].iter().rev() {
            z = 0.5 * (z + f64::from(*count));
        }
        z += m * sigma(f64::from(histogram[0]) / m);
        m * m / (2.0 * std::f64::consts::LN_2 * z)
    }
}

#[allow(clippy::float_cmp, reason = "the series has converged when adding a term changes nothing")]
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

#[allow(clippy::float_cmp, reason = "the series has converged when adding a term changes nothing")]
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A plain generator of uniform tokens (SplitMix64).
    fn tokens(seed: u64) -> impl Iterator<Item = u64> {
        (1..).map(move |i: u64| {
            let mut z = (seed.wrapping_mul(0xd129_0ad3_9f64_5aa1) ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ z >> 31
        })
    }

    /// The textbook's registers.
    fn plain(tokens: &[u64]) -> Box<[u8; M]> {
        let mut values = Box::new([0; M]);
        for token in tokens {
            let rank = (0..Q).find(|bit| token >> (Q - 1 - bit) & 1 == 1).unwrap_or(Q) + 1;
            let register = &mut values[(token >> Q) as usize];
            *register = (*register).max(rank as u8);
        }
        values
    }

    #[test]
    fn errs_by_no_more_than_promised() {
        for count in [1_500, 5_000, 20_000, 60_000, 300_000, 2_000_000] {
            let mut squares = 0.0;
            let runs = if count > 100_000 { 6 } else { 30 };
            for seed in 0..runs {
                let mut sketch = HyperLogLog::new();
                tokens(seed).take(count).for_each(|token| sketch.insert(token));
                let error = sketch.estimate() / count as f64 - 1.0;
                assert!(error.abs() < 0.0163 * 4.5, "{count}: {error}");
                squares += error * error;
            }
            // The root mean square over few runs may lie above the standard error, but not twice above.
            assert!((squares / runs as f64).sqrt() < 0.0163 * 1.8, "{count}");
        }
    }

    #[test]
    fn packs_what_the_textbook_holds() {
        // A million: the base rises, and some registers do not fit into a nibble.
        let many: Vec<u64> = tokens(3).take(1_000_000).chain([0, u64::MAX, 1 << 50, 5 << 50]).collect();
        let mut sketch = HyperLogLog::new();
        many.iter().for_each(|token| sketch.insert(*token));
        assert_eq!(*sketch.values(), *plain(&many));
        assert!(sketch.base > 0 && !sketch.listed.is_empty());
        assert_eq!(sketch, HyperLogLog::from_values(&plain(&many)), "one form for one content");
        let bytes = bincode::serialize(&sketch).unwrap();
        assert_eq!(bincode::deserialize::<HyperLogLog>(&bytes).unwrap(), sketch);
    }

    #[test]
    fn refuses_registers_that_contradict_each_other() {
        let mut sketch = HyperLogLog::new();
        sketch.insert(0);
        for (base, size, listed) in
            [(0, M / 2 - 1, vec![]), (60, M / 2, vec![]), (0, M / 2, vec![(3, 40)]), (0, M / 2, vec![(1, 2)])]
        {
            let wire = Wire { base, nibbles: vec![0; size], listed };
            assert!(HyperLogLog::try_from(wire).is_err());
        }
        assert!(HyperLogLog::try_from(Wire::from(sketch)).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn merging_is_inserting_both(seeds in (0_u64..1000, 0_u64..1000), sizes in (0_usize..60_000, 0_usize..300_000)) {
            let one: Vec<u64> = tokens(seeds.0).take(sizes.0).collect();
            let two: Vec<u64> = tokens(seeds.1).take(sizes.1).map(|token| token & !(0x3fff << 30)).collect();
            let (mut a, mut b, mut both) = (HyperLogLog::new(), HyperLogLog::new(), HyperLogLog::new());
            one.iter().for_each(|token| a.insert(*token));
            two.iter().for_each(|token| b.insert(*token));
            one.iter().chain(&two).for_each(|token| both.insert(*token));
            let mut ab = a.clone();
            ab.merge(&b);
            b.merge(&a);
            prop_assert_eq!(&ab, &both);
            prop_assert_eq!(&b, &both);
            prop_assert_eq!(*both.values(), *plain(&[one, two].concat()));
        }
    }
}
