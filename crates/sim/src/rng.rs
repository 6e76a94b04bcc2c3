//! Seeded randomness that gives the same bits on every platform.
//!
//! xoshiro256++ (Blackman and Vigna 2019), seeded through `SplitMix64` (Steele, Lea and Flood 2014). Everything above it uses
//! only the operations that IEEE 754 defines to the last bit (`+ - * /` and the square root), never a libm function, so
//! that one seed is one stream of bytes on every machine.

/// Mixes one word into another: the finaliser of `SplitMix64`, a bijection of 64-bit words.
pub(crate) fn mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A generator of 64-bit words.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// A generator for `seed` and a `stream` of its own, so that one part of the world never shifts another one's draws.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let base = mix(seed) ^ mix(stream.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ 0x5851_F42D_4C95_7F2D);
        let mut state = [0; 4];
        for (index, word) in state.iter_mut().enumerate() {
            *word = mix(base.wrapping_add((index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        }
        Self { state }
    }

    /// The next 64 bits.
    #[inline]
    pub(crate) fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A whole number below `bound` (Lemire's multiplication; the bias, below 2^-32, does not matter here).
    #[inline]
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A number in [0, 1).
    #[inline]
    pub(crate) fn unit(&mut self) -> f64 {
        unit(self.next())
    }

    /// A number in [low, high).
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A number in [low, high) whose logarithm is uniform.
    pub(crate) fn log_between(&mut self, low: f64, high: f64) -> f64 {
        low * exp2(log2(high / low) * self.unit())
    }

    /// True once in `1 / share` times.
    #[inline]
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// One of `items`.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len() as u32) as usize]
    }

    /// A Poisson count. Exact below 16 by Knuth's product; from there the rounded normal law, whose third moment is off by
    /// less than what any test of counts sees.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        if mean <= 0.0 {
            return 0;
        }
        if mean < 16.0 {
            let limit = exp2(-mean * std::f64::consts::LOG2_E);
            let mut product = self.unit();
            let mut count = 0;
            while product > limit {
                product *= self.unit();
                count += 1;
            }
            return count;
        }
        // The sum of twelve uniform numbers has variance 1 (Irwin and Hall).
        let normal = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        (mean + mean.sqrt() * normal + 0.5).max(0.0) as u32
    }
}

/// A number in [0, 1) from 64 random bits.
#[inline]
pub(crate) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// 2^x by an exact power and a polynomial of the rest (relative error below 2e-9): libm's differs between platforms.
pub(crate) fn exp2(x: f64) -> f64 {
    let x = x.clamp(-1000.0, 1000.0);
    let whole = x.floor();
    let y = (x - whole) * std::f64::consts::LN_2;
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..=10 {
        term = term * y / f64::from(n);
        sum += term;
    }
    let mut scale = 1.0;
    let step = if whole < 0.0 { 0.5 } else { 2.0 };
    for _ in 0..whole.abs() as u32 {
        scale *= step;
    }
    sum * scale
}

/// log2(x) for x > 0, by halving and the series of the area tangent: as exact as [`exp2`] and as portable.
pub(crate) fn log2(x: f64) -> f64 {
    let mut whole = 0.0;
    let mut y = x;
    while y >= 2.0 {
        y /= 2.0;
        whole += 1.0;
    }
    while y < 1.0 {
        y *= 2.0;
        whole -= 1.0;
    }
    let z = (y - 1.0) / (y + 1.0);
    let square = z * z;
    let mut power = z;
    let mut sum = 0.0;
    for n in 0..24 {
        sum += power / f64::from(2 * n + 1);
        power *= square;
    }
    whole + 2.0 * sum / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_and_logarithms_agree_with_the_library() {
        for step in -400..400 {
            let x = f64::from(step) / 17.0;
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 1e-8, "2^{x}");
            assert!((log2(x.exp2()) - x).abs() < 1e-8, "log2 of 2^{x}");
        }
    }

    #[test]
    fn poisson_has_its_mean_and_variance() {
        for mean in [0.02, 0.9, 7.0, 15.9, 16.1, 240.0] {
            let mut rng = Rng::new(7, 1);
            let draws = 40_000;
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..draws {
                let count = f64::from(rng.poisson(mean));
                sum += count;
                squares += count * count;
            }
            let found = sum / f64::from(draws);
            let variance = squares / f64::from(draws) - found * found;
            let tolerance = 5.0 * (mean / f64::from(draws)).sqrt();
            assert!((found - mean).abs() < tolerance, "mean {mean}: found {found}");
            assert!((variance / mean - 1.0).abs() < 0.15, "variance {mean}: found {variance}");
        }
    }

    #[test]
    fn streams_of_one_seed_differ() {
        let first: Vec<u64> = (0..64).map(|stream| Rng::new(1, stream).next()).collect();
        let mut unique = first.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), first.len());
    }
}
