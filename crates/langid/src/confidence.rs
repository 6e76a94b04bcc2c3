//! From scores to a probability that means what it says.

use crate::{sum::LANES_MAX, table::STEPS};

/// How much scores are divided by, for texts of so many rows and fewer: neighbouring n-grams say the same thing twice,
/// and the more so the longer a text is. Fitted by `train` on two thirds of the labelled rows (`docs/methods/language.md`).
const COOLING: [(u32, f32); 6] = [(12, 1.05), (16, 1.2), (24, 1.3), (40, 1.7), (80, 3.15), (u32::MAX, 4.0)];

fn cooling(rows: u32) -> f32 {
    COOLING.iter().find(|&&(most, _)| rows <= most).map_or(1.0, |&(_, by)| by)
}

/// The likeliest of so many lanes, and its probability.
pub(crate) fn likeliest(scores: &[i16; LANES_MAX], lanes: usize, rows: u32) -> (usize, f32) {
    let lanes = &scores[..lanes];
    let most = lanes.iter().copied().fold(i16::MIN, i16::max);
    let best = lanes.iter().position(|&score| score == most).unwrap_or(0);
    let scale = std::f32::consts::LOG2_E / (STEPS * cooling(rows));
    // Four sums, which a processor adds up side by side.
    let mut totals = [0.0; 4];
    let (fours, rest) = lanes.as_chunks::<4>();
    for four in fours {
        for (total, &score) in totals.iter_mut().zip(four) {
            *total += exp2((f32::from(score) - f32::from(most)) * scale);
        }
    }
    for (total, &score) in totals.iter_mut().zip(rest) {
        *total += exp2((f32::from(score) - f32::from(most)) * scale);
    }
    (best, 1.0 / (totals[0] + totals[1] + totals[2] + totals[3]))
}

/// So many halvings leave less than a probability has digits for.
const HALVINGS_MAX: f32 = -64.0;

/// Two to the power of something not above zero, to about four digits. Without branches, and without `round`, which is a call
/// where a processor is asked for no more than every x86-64 has: the sum with this has no bits left behind the point, and its
/// lowest bits are the whole number.
#[inline]
fn exp2(power: f32) -> f32 {
    const NO_BITS_LEFT: f32 = 12_582_912.0;
    let power = if power > HALVINGS_MAX { power } else { HALVINGS_MAX };
    let moved = power + NO_BITS_LEFT;
    let part = power - (moved - NO_BITS_LEFT);
    let of_part =
        1.0 + part * (std::f32::consts::LN_2 + part * (0.240_226_5 + part * (0.055_504_1 + part * 0.009_618_1)));
    let whole = moved.to_bits().wrapping_sub(NO_BITS_LEFT.to_bits());
    f32::from_bits(whole.wrapping_add(127) << 23) * of_part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_close() {
        for step in 0..1_800 {
            let power = -0.013 * step as f32;
            assert!((exp2(power) / power.exp2() - 1.0).abs() < 1e-3, "{power}");
        }
    }

    #[test]
    fn the_first_of_equals_is_likeliest() {
        let mut scores = [0; LANES_MAX];
        let (best, probability) = likeliest(&scores, 4, 10);
        assert_eq!(best, 0);
        assert!((probability - 0.25).abs() < 1e-6);
        scores[3] = 10_000;
        let (best, probability) = likeliest(&scores, 4, 10);
        assert!(best == 3 && (probability - 1.0).abs() < 1e-6);
    }
}
