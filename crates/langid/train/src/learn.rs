//! Softmax regression on the plain sum of rows.

use std::time::Instant;

use groundswell_langid::training::{Group, STEPS, ZERO};

use crate::{random::Random, sample::Sampler, teacher};

/// A sample of which no language's share is off by more teaches nothing.
const OFF_MIN: f32 = 0.01;
/// Added to a row's sum of squares, so that its first step is no leap.
const FIRST: f32 = 1.0;
/// Where learning starts: this share of ln P(row | language), the plain Bayesian answer. It is so little since the n-grams of
/// a word say much the same.
const PRIOR: f32 = 0.4;
/// What four bits can hold, in steps.
const LEAST: f32 = -8.0;
const MOST: f32 = 7.0;
/// What a row that a language never touches is taken to have.
const UNSEEN: f32 = 3e-7;

pub struct Options {
    pub samples: u64,
    pub rate: f32,
    pub seed: u64,
}

/// The weights of a group, quantised.
pub fn learn(group: &Group, sampler: &Sampler, options: &Options) -> Vec<u8> {
    match group.lanes {
        64 => with::<64>(group, sampler, options),
        16 => with::<16>(group, sampler, options),
        _ => unreachable!("groups have 16 or 64 lanes"),
    }
}

fn with<const LANES: usize>(group: &Group, sampler: &Sampler, options: &Options) -> Vec<u8> {
    let mut random = Random::new(options.seed);
    let mut weights = vec![[0.0_f32; LANES]; group.rows()];
    begin(&mut weights, group, sampler);
    let mut squares = vec![FIRST; group.rows()];
    let (mut symbols, mut rows, mut shares) = (Vec::new(), Vec::new(), [0.0; teacher::LANES]);
    let classes = sampler.languages() + 1;
    let began = Instant::now();
    let (mut right, mut taught, mut learnt) = (0_u64, 0_u64, 0_u64);
    for number in 0..options.samples {
        let lane = sampler.draw(&mut random, &mut symbols, &mut shares);
        rows.clear();
        group.rows_of(&symbols, |row| rows.push(row));
        let rate = options.rate * (1.0 - number as f32 / options.samples as f32);
        let (said, used) = step::<LANES>(&mut weights, &mut squares, &rows, &shares, classes, rate);
        taught += u64::from(likeliest(&shares[..classes]) == lane);
        right += u64::from(said == lane);
        learnt += u64::from(used);
        if (number + 1) % (options.samples / 5).max(1) == 0 {
            println!(
                "  {:>9} samples, {:.3} right, {:.3} as taught, {:.3} learnt from, {:.0} s",
                number + 1,
                right as f64 / (options.samples / 5) as f64,
                taught as f64 / (options.samples / 5) as f64,
                learnt as f64 / (options.samples / 5) as f64,
                began.elapsed().as_secs_f64()
            );
            (right, taught, learnt) = (0, 0, 0);
        }
    }
    let mut table = vec![0; group.size()];
    for (row, bytes) in weights.iter().zip(table.chunks_exact_mut(group.row_bytes())) {
        for (lane, weight) in row.iter().enumerate() {
            let place = group.half_byte_of(lane);
            let steps = (weight * STEPS).round().clamp(LEAST, MOST) as i8;
            bytes[place / 2] |= ((steps + ZERO as i8) as u8) << (place % 2 * 4);
        }
    }
    table
}

/// The Bayesian answer, from exact counts.
fn begin<const LANES: usize>(weights: &mut [[f32; LANES]], group: &Group, sampler: &Sampler) {
    let mut totals = [0.0_f32; LANES];
    for lane in 0..sampler.languages() {
        let mut total = 0.0_f64;
        for &(packed, symbols, count) in sampler.grams(lane) {
            let symbols = usize::from(symbols);
            let mut gram = [0_u16; 5];
            for (at, symbol) in gram[..symbols].iter_mut().enumerate() {
                *symbol = (packed >> ((symbols - 1 - at) * 12)) as u16 & 0xfff;
            }
            weights[group.row_of(&gram[..symbols]) as usize][lane] += count;
            total += f64::from(count);
        }
        totals[lane] = total as f32;
    }
    let languages = sampler.languages();
    for row in weights {
        let mut mean = 0.0;
        for (weight, total) in row.iter_mut().zip(&totals).take(languages) {
            *weight = PRIOR * (*weight / total + UNSEEN).ln();
            mean += *weight / languages as f32;
        }
        row[languages] = PRIOR * (10.0 * UNSEEN).ln();
        row[..=languages].iter_mut().for_each(|weight| *weight -= mean);
    }
}

fn step<const LANES: usize>(
    weights: &mut [[f32; LANES]],
    squares: &mut [f32],
    rows: &[u32],
    shares: &[f32; teacher::LANES],
    classes: usize,
    rate: f32,
) -> (usize, bool) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn fast<const LANES: usize>(
            weights: &mut [[f32; LANES]],
            squares: &mut [f32],
            rows: &[u32],
            shares: &[f32; teacher::LANES],
            classes: usize,
            rate: f32,
        ) -> (usize, bool) {
            step_by(weights, squares, rows, shares, classes, rate)
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has just said that it has AVX2. Without FMA, so the sums are the same.
            return unsafe { fast(weights, squares, rows, shares, classes, rate) };
        }
    }
    step_by(weights, squares, rows, shares, classes, rate)
}

#[inline(always)]
fn step_by<const LANES: usize>(
    weights: &mut [[f32; LANES]],
    squares: &mut [f32],
    rows: &[u32],
    shares: &[f32; teacher::LANES],
    classes: usize,
    rate: f32,
) -> (usize, bool) {
    let mut scores = [0.0_f32; LANES];
    for &row in rows {
        for (score, weight) in scores.iter_mut().zip(&weights[row as usize]) {
            *score += weight;
        }
    }
    let most = scores[..classes].iter().copied().fold(f32::MIN, f32::max);
    let said = likeliest(&scores[..classes]);
    let mut gradient = [0.0_f32; LANES];
    let mut total = 0.0;
    for (to, score) in gradient.iter_mut().zip(&scores).take(classes) {
        let below = score - most;
        if below > -16.0 {
            *to = below.exp();
            total += *to;
        }
    }
    gradient.iter_mut().for_each(|share| *share /= total);
    gradient.iter_mut().zip(shares).for_each(|(gradient, share)| *gradient -= share);
    if gradient.iter().all(|off| off.abs() < OFF_MIN) {
        return (said, false);
    }
    let square: f32 = gradient.iter().map(|g| g * g).sum();
    for &row in rows {
        let row = row as usize;
        squares[row] += square;
        let by = rate / squares[row].sqrt();
        for (weight, g) in weights[row].iter_mut().zip(&gradient) {
            *weight -= by * g;
        }
    }
    (said, true)
}

fn likeliest(of: &[f32]) -> usize {
    (0..of.len()).max_by(|&a, &b| of[a].total_cmp(&of[b])).unwrap_or(0)
}
