//! Four known methods, each with one threshold: the higher, the fewer alarms. They look every five minutes, and an alarm of a subject is
//! not repeated within an hour of the last look that was above the threshold. All ask for k authors in the window that they look at.

use super::K;
use super::Told;
use super::world::{DAY, HISTORY_DAYS, Seen, World};

/// Minutes of a step.
const STEP: usize = 5;
/// Steps of an hour, and of a day.
const HOUR: usize = 12;
const DAY_STEPS: usize = 288;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Five minutes against mean and standard deviation of the 24 hours before.
    ZScore,
    /// An hour against the twelve before, as a ratio with one post added to both.
    LastHour,
    /// Kleinberg (2002), two states, the upper one twice as fast, run forwards: the likelihood ratio since it was last lowest.
    Kleinberg,
    /// Vallis, Hochenbaum, Kejariwal (2014): hour less the median of the same hour of the day less the median of all, two weeks back,
    /// in units of the median absolute deviation.
    Shesd,
}

pub(crate) const ALL: [Peer; 4] = [Peer::ZScore, Peer::LastHour, Peer::Kleinberg, Peer::Shesd];

impl Peer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ZScore => "z-score, moving day",
            Self::LastHour => "last hour by past twelve",
            Self::Kleinberg => "Kleinberg's automaton",
            Self::Shesd => "S-H-ESD",
        }
    }
}

/// The threshold at which a quiet world gives so many alarms a day.
pub(crate) fn calibrate(peer: Peer, quiet: &World, a_day: f64) -> f64 {
    // Each quiet stretch's highest score: with the n-th highest as threshold there are n alarms.
    let days = f64::from(quiet.end() / DAY - HISTORY_DAYS);
    let wanted = (a_day * days) as usize;
    let mut highest: Vec<f64> = Vec::new();
    for subject in 0..quiet.subjects() {
        let scores = scores(peer, &quiet.series(subject));
        // By six hours: a stretch above the threshold is one alarm.
        for stretch in scores[HISTORY_DAYS as usize * DAY_STEPS..].chunks(6 * HOUR) {
            highest.push(stretch.iter().copied().fold(f64::MIN, f64::max));
        }
    }
    highest.sort_unstable_by(|a, b| b.total_cmp(a));
    highest.get(wanted).copied().unwrap_or(0.0).max(1e-9)
}

/// When each planted burst is found, and what was told.
pub(crate) fn run(peer: Peer, world: &World, threshold: f64) -> (Vec<Option<u32>>, Told) {
    let mut found = vec![None; world.planted.len()];
    let (mut right, mut wrong) = (0, 0);
    for subject in 0..world.subjects() {
        let planted = world.planted.iter().position(|planted| planted.subject == subject);
        let scores = scores(peer, &world.series(subject));
        let mut last: Option<usize> = None;
        for (step, score) in scores.iter().enumerate().skip(HISTORY_DAYS as usize * DAY_STEPS) {
            if *score <= threshold {
                continue;
            }
            let minute = ((step + 1) * STEP) as u32;
            let is_new = last.is_none_or(|last| step > last + HOUR);
            last = Some(step);
            let at = planted.filter(|at| world.planted[*at].covers(subject, minute));
            match at {
                Some(at) if found[at].is_none() => {
                    found[at] = Some(minute);
                    right += 1;
                }
                None if is_new => wrong += 1,
                _ => {}
            }
        }
    }
    (found, Told { right, wrong })
}

fn scores(peer: Peer, series: &[Seen]) -> Vec<f64> {
    let posts: Vec<f64> = series.chunks(STEP).map(|five| five.iter().map(|seen| f64::from(seen.posts)).sum()).collect();
    let authors: Vec<u64> =
        series.chunks(STEP).map(|five| five.iter().map(|seen| u64::from(seen.authors)).sum()).collect();
    let hour_authors = |step: usize| authors[(step + 1).saturating_sub(HOUR)..=step].iter().sum::<u64>();
    match peer {
        Peer::ZScore => z_scores(&posts, &authors),
        Peer::LastHour => {
            let sum = |from: usize, to: usize| posts[from..to].iter().sum::<f64>();
            (0..posts.len())
                .map(|step| {
                    if step < 13 * HOUR || hour_authors(step) < K {
                        return 0.0;
                    }
                    let (from, to) = (step + 1 - HOUR, step + 1);
                    (sum(from, to) + 1.0) / (sum(from - 12 * HOUR, from) / 12.0 + 1.0)
                })
                .collect()
        }
        Peer::Kleinberg => kleinberg(&posts, |step| hour_authors(step) >= K),
        Peer::Shesd => shesd(&posts, |step| hour_authors(step) >= K),
    }
}

fn z_scores(posts: &[f64], authors: &[u64]) -> Vec<f64> {
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut scores = vec![0.0; posts.len()];
    for step in 0..posts.len() {
        if step >= DAY_STEPS {
            let mean = sum / DAY_STEPS as f64;
            let deviation = (squares / DAY_STEPS as f64 - mean * mean).max(0.04).sqrt();
            if authors[step] >= K {
                scores[step] = (posts[step] - mean) / deviation;
            }
            let old = posts[step - DAY_STEPS];
            sum -= old;
            squares -= old * old;
        }
        sum += posts[step];
        squares += posts[step] * posts[step];
    }
    scores
}

fn kleinberg(posts: &[f64], enough: impl Fn(usize) -> bool) -> Vec<f64> {
    // The base rate is that of the last week; the automaton is in its upper state where the running ratio is above the threshold.
    let mut ratio = 0.0_f64;
    let mut mean = 0.0;
    let mut scores = vec![0.0; posts.len()];
    for (step, count) in posts.iter().enumerate() {
        let steps = step.min(7 * DAY_STEPS);
        if step >= DAY_STEPS {
            let base = (mean / steps as f64).max(0.02);
            ratio = (ratio + count * 2_f64.ln() - base).max(0.0);
            if enough(step) {
                scores[step] = ratio;
            }
        }
        mean += count;
        if step >= 7 * DAY_STEPS {
            mean -= posts[step - 7 * DAY_STEPS];
        }
    }
    scores
}

fn shesd(posts: &[f64], enough: impl Fn(usize) -> bool) -> Vec<f64> {
    let days = HISTORY_DAYS as usize;
    let sums: Vec<f64> = std::iter::once(0.0)
        .chain(posts.iter().scan(0.0, |sum, count| {
            *sum += count;
            Some(*sum)
        }))
        .collect();
    let hour_at = |step: usize| sums[step + 1] - sums[(step + 1).saturating_sub(HOUR)];
    let mut scores = vec![0.0; posts.len()];
    let (mut deviation, mut level) = (1.0, 0.0);
    let mut seasons = vec![0.0; DAY_STEPS];
    for step in days * DAY_STEPS..posts.len() {
        if step % DAY_STEPS == 0 {
            // Anew every day, from the two weeks before.
            let past: Vec<f64> = (step - days * DAY_STEPS..step).step_by(HOUR).map(hour_at).collect();
            level = median(past);
            for (at, season) in seasons.iter_mut().enumerate() {
                *season = median((1..=days).map(|day| hour_at(step + at - day * DAY_STEPS)).collect()) - level;
            }
            let rest = |past: usize| hour_at(past) - seasons[past % DAY_STEPS] - level;
            let rests: Vec<f64> = (step - days * DAY_STEPS..step).step_by(HOUR).map(rest).collect();
            let middle = median(rests.clone());
            deviation = 1.4826 * median(rests.into_iter().map(|rest| (rest - middle).abs()).collect());
        }
        if enough(step) {
            scores[step] = (hour_at(step) - seasons[step % DAY_STEPS] - level) / deviation.max(0.5);
        }
    }
    scores
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

/// The upper tail of the negative binomial, added up from where it is asked.
pub(crate) fn tail(count: f64, mean: f64, shape: f64) -> f64 {
    let mean = mean.max(1e-12);
    let chance = mean / (mean + shape);
    let ln = ln_gamma(count + shape) - ln_gamma(shape) - ln_gamma(count + 1.0)
        + count * chance.ln()
        + shape * (shape / (mean + shape)).ln();
    let (mut term, mut sum, mut at) = (1.0, 1.0, count);
    while term > sum * 1e-9 {
        term *= (at + shape) / (at + 1.0) * chance;
        at += 1.0;
        sum += term;
    }
    ln.exp() * sum
}

fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 8.0 {
        shift += x.ln();
        x += 1.0;
    }
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) - shift
}
