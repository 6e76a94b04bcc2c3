//! How unlikely a share is that scatters more than chance has it.

use crate::anomaly::{SHARE_EDGE, log10_normal_above, logit};
use crate::burst::tail::{log10_at_least, log10_at_most};

/// The decimal logarithm of the probability that `count` or more of `of` have what a share of them should have, where the share's
/// log-odds scatter with variance `scatter` beyond chance. The larger of two: a normal distribution of log-odds, which has the longer
/// tail above, and a negative binomial of the rarer side, which is right for few. Zero where it is not above the share.
pub(super) fn log10_share_at_least(count: f64, of: f64, share: f64, scatter: f64) -> f64 {
    if of < 1.0 || share >= 1.0 - SHARE_EDGE || count <= of * share {
        return 0.0;
    }
    let count = count.min(of);
    let as_counts = if share <= 0.5 {
        log10_at_least(count.floor(), of * share, shape(scatter, share))
    } else {
        log10_at_most((of - count).ceil(), of * (1.0 - share), shape(scatter, 1.0 - share))
    };
    as_log_odds(count, of, share, scatter).max(as_counts)
}

/// The same of `count` or fewer.
pub(super) fn log10_share_at_most(count: f64, of: f64, share: f64, scatter: f64) -> f64 {
    if of < 1.0 || share <= SHARE_EDGE || count >= of * share {
        return 0.0;
    }
    // Those that have it not are so many or more.
    log10_share_at_least(of - count.max(0.0), of, 1.0 - share, scatter)
}

/// Of a rarer side with this share, whose log-odds scatter: the negative binomial's shape.
fn shape(scatter: f64, share: f64) -> f64 {
    1.0 / (scatter * (1.0 - share).powi(2)).max(1e-9)
}

fn as_log_odds(count: f64, of: f64, share: f64, scatter: f64) -> f64 {
    let observed = logit(count.clamp(0.5, (of - 0.5).max(0.5)) / of);
    let width = (scatter + 1.0 / (of * share * (1.0 - share))).sqrt();
    log10_normal_above((observed - logit(share)) / width)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The binomial tail by adding up.
    fn slowly(count: u32, of: u32, share: f64) -> f64 {
        let mut term = f64::from(of) * (1.0 - share).ln();
        let mut tail = 0.0;
        for at in 0..=of {
            if at >= count {
                tail += term.exp();
            }
            term += (f64::from(of - at) / f64::from(at + 1)).ln() + (share / (1.0 - share)).ln();
        }
        tail.log10()
    }

    proptest! {
        #[test]
        fn nothing_is_called_less_likely_than_it_is_by_chance(of in 20_u32..800, share in 0.02_f64..0.98, far in 0.0_f64..1.0) {
            let count = (f64::from(of) * (share + (1.0 - share) * far)).ceil();
            prop_assume!(count > f64::from(of) * share + 1.0);
            let said = log10_share_at_least(count, f64::from(of), share, 1e-9);
            // A Poisson tail of the rarer side is not everywhere above a binomial one; within a hundredth of a decade it is.
            prop_assert!(said >= slowly(count as u32, of, share) - 0.01, "{said} {}", slowly(count as u32, of, share));
        }

        #[test]
        fn both_sides_are_alike_and_scatter_makes_likelier(
            of in 40.0_f64..5_000.0,
            share in 0.05_f64..0.95,
            far in 0.05_f64..0.95,
            scatter in 0.001_f64..0.3,
        ) {
            let count = (of * (share + (1.0 - share) * far)).floor();
            prop_assume!(count > of * share);
            let above = log10_share_at_least(count, of, share, scatter);
            let below = log10_share_at_most(of - count, of, 1.0 - share, scatter);
            prop_assert!((above - below).abs() < 1e-6, "{above} {below}");
            prop_assert!(log10_share_at_least(count, of, share, scatter * 2.0) >= above - 0.05);
            prop_assert!(log10_share_at_most(of * share + 1.0, of, share, scatter) == 0.0);
        }
    }
}
