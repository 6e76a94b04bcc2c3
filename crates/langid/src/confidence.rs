//! From scores to a probability that means what it says.

use crate::{sum::LANES_MAX, table::STEPS};

/// How much scores are divided by, for texts of so many rows and fewer: neighbouring n-grams say the same thing twice,
/// and the more so the longer a text is. Fitted by `train` on two thirds of the labelled rows (`docs/methods/language.md`).
const COOLING: [(u32, f32); 7] = [(8, 1.0), (12, 1.05), (16, 1.2), (24, 1.25), (40, 1.55), (80, 2.8), (u32::MAX, 4.0)];

fn cooling(rows: u32) -> f32 {
    COOLING.iter().find(|&&(most, _)| rows <= most).map_or(1.0, |&(_, by)| by)
}

/// The likeliest of so many lanes, and its probability.
pub(crate) fn likeliest(scores: &[i32; LANES_MAX], lanes: usize, rows: u32) -> (usize, f32) {
    let lanes = &scores[..lanes];
    let (mut best, mut most) = (0, i32::MIN);
    for (lane, &score) in lanes.iter().enumerate() {
        if score > most {
            (best, most) = (lane, score);
        }
    }
    let scale = std::f32::consts::LOG2_E / (STEPS * cooling(rows));
    let total: f32 = lanes.iter().map(|&score| exp2((score - most) as f32 * scale)).sum();
    (best, 1.0 / total)
}

/// Less than this many halvings are told from nothing.
const HALVINGS_MAX: f32 = -24.0;

/// Two to the power of something not above zero, to about four digits. Without `floor`, which is a call where a processor
/// is asked for no more than every x86-64 has.
#[inline]
fn exp2(power: f32) -> f32 {
    if power >= 0.0 {
        return 1.0;
    }
    if power < HALVINGS_MAX {
        return 0.0;
    }
    let whole = power as i32 - 1;
    let part = power - whole as f32;
    let of_part = 1.0 + part * (0.695_975 + part * (0.224_940 + part * 0.079_020));
    f32::from_bits(((whole + 127) << 23) as u32) * of_part
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
