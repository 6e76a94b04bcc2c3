//! The tails of the negative binomial distribution, as far out as false alerts a day over a million subjects ask for.

use std::f64::consts::{LN_10, PI};

/// Counts less scattered than this are taken for Poisson.
const SHAPE_MAX: f64 = 1e7;
/// Terms of the tail that are added one by one; the rest is bounded by a geometric series.
const TERMS: u32 = 24;
/// The same of the lower tail, which is asked for once an hour and can take its time.
const LOWER_TERMS: u32 = 1_000;

/// The decimal logarithm of the probability that a count with this mean and shape (variance = mean + mean² / shape) is `count` or more.
/// Zero where `count` is not above the mean: nobody asks. Never below the true
/// value; above it by some per cent, and where counts scatter as widely as their mean or the count is near it, by up to 2.5 times.
pub(crate) fn log10_at_least(count: f64, mean: f64, shape: f64) -> f64 {
    let mean = mean.max(1e-12);
    if count <= mean || count < 1.0 {
        return 0.0;
    }
    let shape = shape.clamp(1e-3, SHAPE_MAX);
    let chance = mean / (mean + shape);
    let first = ln_gamma(count + shape) - ln_gamma(shape) - ln_gamma(count + 1.0)
        + count * chance.ln()
        + shape * (shape / (mean + shape)).ln();
    let (mut sum, mut term, mut at) = (1.0, 1.0, count);
    for _ in 0..TERMS {
        term *= (at + shape) / (at + 1.0) * chance;
        at += 1.0;
        sum += term;
        if term < sum * 1e-6 {
            break;
        }
    }
    // From here on no ratio of neighbours is larger than the larger of this one and the limit.
    let ratio = ((at + shape) / (at + 1.0) * chance).max(chance).min(1.0 - 1e-9);
    sum += term * ratio / (1.0 - ratio);
    ((first + sum.ln()) / LN_10).min(0.0)
}

/// The decimal logarithm of the probability that a count with this mean and shape is `count` or less. Zero where `count` is not below the
/// mean. Right to a thousandth of a decade for counts of up to a thousand; of larger ones never below the true value.
pub(crate) fn log10_at_most(count: f64, mean: f64, shape: f64) -> f64 {
    let (count, mean) = (count.floor().max(0.0), mean.max(1e-12));
    if count >= mean {
        return 0.0;
    }
    let shape = shape.clamp(1e-3, SHAPE_MAX);
    let chance = mean / (mean + shape);
    let first = ln_gamma(count + shape) - ln_gamma(shape) - ln_gamma(count + 1.0)
        + count * chance.ln()
        + shape * (shape / (mean + shape)).ln();
    let down = |at: f64| at / ((at - 1.0 + shape) * chance);
    let (mut sum, mut term, mut at) = (1.0_f64, 1.0_f64, count);
    for _ in 0..LOWER_TERMS {
        if at < 1.0 || term < sum * 1e-6 {
            return ((first + sum.ln()) / LN_10).min(0.0);
        }
        term *= down(at);
        at -= 1.0;
        sum += term;
    }
    // Of a shape of more than 1, ratios fall on the way down: no later one is larger than this. Of others nothing is
    // claimed: nobody asks.
    let ratio = down(at);
    if shape > 1.0 && ratio < 1.0 {
        sum += term * (ratio / (1.0 - ratio)).min(at);
    } else {
        return 0.0;
    }
    ((first + sum.ln()) / LN_10).min(0.0)
}

/// Stirling's series, shifted to where it is good to about 1e-12.
pub(crate) fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 8.0 {
        shift += x.ln();
        x += 1.0;
    }
    let square = x * x;
    let series = (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The tail by adding up all that is below it.
    fn slowly(count: u32, mean: f64, shape: f64) -> f64 {
        let chance = mean / (mean + shape);
        let mut term = (shape * (shape / (mean + shape)).ln()).exp();
        let mut tail = 0.0;
        for at in 0..count + 60_000 {
            if at >= count {
                tail += term;
            }
            term *= (f64::from(at) + shape) / (f64::from(at) + 1.0) * chance;
        }
        tail
    }

    proptest! {
        #[test]
        fn is_what_adding_up_gives(count in 1_u32..200, mean in 0.01_f64..100.0, shape in 0.2_f64..200.0) {
            let (fast, slow) = (log10_at_least(f64::from(count), mean, shape), slowly(count, mean, shape).log10());
            if f64::from(count) > mean && slow > -250.0 {
                let loose = if shape >= 1.0 && f64::from(count) > 2.0 * mean { 0.08 } else { 0.4 };
                prop_assert!(fast >= slow - 1e-6 && fast - slow < loose, "{fast} {slow}");
            }
        }

        #[test]
        fn the_lower_one_is_what_adding_up_gives(count in 0_u32..2_500, mean in 0.01_f64..4_000.0, shape in 1.2_f64..200.0) {
            let (fast, slow) = (log10_at_most(f64::from(count), mean, shape), (1.0 - slowly(count + 1, mean, shape)).log10());
            // What is far from one is lost in the difference.
            if f64::from(count) < mean && slow > -7.0 {
                let loose = if count <= 1_000 { 1e-3 } else { 1.0 };
                prop_assert!(fast >= slow - 1e-4 && fast - slow < loose, "{fast} {slow}");
            }
        }

        #[test]
        fn falls_with_the_count_and_rises_with_the_scatter(count in 5_u32..500, mean in 0.1_f64..4.0, shape in 0.2_f64..200.0) {
            let count = f64::from(count);
            prop_assert!(log10_at_least(count + 1.0, mean, shape) < log10_at_least(count, mean, shape));
            if count > 3.0 * mean + 3.0 {
                prop_assert!(log10_at_least(count, mean, shape) >= log10_at_least(count, mean, shape * 2.0));
            }
        }
    }

    #[test]
    fn is_poisson_where_nothing_scatters() {
        // 1 - Poisson(9; 1) = 1.1142547833872067e-7.
        let tail = log10_at_least(10.0, 1.0, 1e9);
        assert!((tail - 1.114_254_783e-7_f64.log10()).abs() < 1e-4, "{tail}");
    }
}
