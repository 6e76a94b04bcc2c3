//! The rule by which a link or hashtag is pushed: many authors, in short time, beyond chance at that hour, and then nobody.
//!
//! Beyond chance is a scan statistic (Naus 1965; Wallenstein and Neff 1987): of the authors of a day, each at the time of a random post,
//! how likely is a window of any of several widths that holds as many as the fullest one does.
//!
//! In short time is said of a day. Of a stream that is younger, the rest of the day may yet show that the authors come all day: how likely
//! that is follows from those who came outside of the short time, a posterior predictive of Gamma and Poisson.

use super::super::config::WINDOW_SECONDS;
use super::super::judge::{HALF_LIFE_SECONDS, Minutes, SHORT_SECONDS, SHORT_SHARE, SILENCE_CHANCE_MAX, Stretch};
use crate::burst::ln_gamma;
use crate::burst::tail::log10_at_least;

/// Widths of the windows that are looked at, in minutes.
pub(super) const WIDTHS: [i64; 7] = [1, 2, 5, 10, 15, 30, 60];

/// What becomes of a link or hashtag that enough authors wrote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// It may go on: later.
    Open,
    /// Its authors are spread over a longer time.
    Spread,
    /// Many in short time, and then hardly anybody: by so small a chance that it may be told.
    Pushed {
        stretch: Stretch,
        /// The chance that the clock alone brings so many together.
        scan: f64,
        /// The chance that what spreads by itself falls silent so.
        silence: f64,
        /// The chance that a whole day would show its authors spread; none where a day is known.
        spread: f64,
    },
}

/// Judges what is known of its time at the end of a minute. `all` are the posts of everybody.
pub(super) fn judge(object: &Minutes, all: &Minutes, end: i64) -> Verdict {
    let Some((from, to, share)) = object.shortest().filter(|(from, to, _)| to - from <= SHORT_SECONDS) else {
        return Verdict::Spread;
    };
    // To the last one of the hour in which nearly all came.
    let (came, until) = object.within(from, from + SHORT_SECONDS);
    let silence = silence(came, until - from, object.authors_in(until, end), end - until);
    if silence > SILENCE_CHANCE_MAX {
        return Verdict::Open;
    }
    let known = all.posts(end - WINDOW_SECONDS, end).max(1) as f64;
    let stretch = Stretch::of((from, to, share), all, end);
    let list = object.list();
    let outside = list.iter().map(|(_, authors)| authors).sum::<u64>() - came;
    Verdict::Pushed {
        stretch,
        scan: scan(&list, &|from, to| all.posts(from, to) as f64 / known),
        silence,
        spread: spread(came, until - from, outside, all.known(end)),
    }
}

/// The chance that of the authors of a day fewer than [`SHORT_SHARE`] came in a stretch of `seconds` that brought `came`, when only `known`
/// seconds of the day are known and brought `outside` others. They come at a rate of which nothing was known before (Jeffreys' prior): how
/// many come in what is not known is a negative binomial.
fn spread(came: u64, seconds: i64, outside: u64, known: i64) -> f64 {
    let (seen, unseen) = (known - seconds, WINDOW_SECONDS - known);
    if unseen <= 0 {
        return 0.0;
    }
    if seen <= 0 {
        return 1.0;
    }
    let room = (came as f64 / SHORT_SHARE).floor() - (came + outside) as f64;
    let shape = outside as f64 + 0.5;
    10.0_f64.powf(log10_at_least(room + 1.0, shape * unseen as f64 / seen as f64, shape))
}

/// The chance of at most `after` authors in the `since` seconds after a stretch of `seconds` that brought `came`, of what spreads by
/// itself and halves every [`HALF_LIFE_SECONDS`]. How much of it there is in all is unknown: a negative binomial.
fn silence(came: u64, seconds: i64, after: u64, since: i64) -> f64 {
    let left = |seconds: i64| (-(seconds.max(0) as f64) / HALF_LIFE_SECONDS as f64).exp2();
    let (in_it, due) = (1.0 - left(seconds), left(seconds) * (1.0 - left(since)));
    if due <= 0.0 {
        return 1.0;
    }
    let here = in_it / (in_it + due);
    let (mut term, mut sum) = (1.0_f64, 1.0_f64);
    for nth in 0..after {
        term *= (came + nth) as f64 / (nth + 1) as f64 * (1.0 - here);
        sum += term;
    }
    (came as f64 * here.ln() + sum.ln()).exp().min(1.0)
}

/// The chance of a window as full as the fullest one, over all [`WIDTHS`]. `authors`: minutes in order, and who came in each for the
/// first time that day. `share`: which part of everybody's posts came between two seconds, so that the hour is in it.
fn scan(authors: &[(i64, u64)], share: &dyn Fn(i64, i64) -> f64) -> f64 {
    let all: u64 = authors.iter().map(|(_, authors)| authors).sum();
    let mut least = 1.0_f64;
    for width in WIDTHS.map(|minutes| minutes * 60) {
        let (mut to, mut held) = (0, 0);
        for (start, here) in authors {
            while authors.get(to).is_some_and(|(minute, _)| *minute < start + width) {
                held += authors[to].1;
                to += 1;
            }
            least = least.min(fullest(held, all, share(*start, start + width)));
            held -= here;
        }
    }
    (least * WIDTHS.len() as f64).min(1.0)
}

/// Of `all` points at random times the chance of `held` or more in some window that holds the share `p` of the time (Wallenstein and Neff).
fn fullest(held: u64, all: u64, p: f64) -> f64 {
    let (c, n) = (held as f64, all as f64);
    if !(p > 0.0 && p < 1.0) || c <= n * p || held < 2 {
        return 1.0;
    }
    let ln_one = ln_gamma(n + 1.0) - ln_gamma(c + 1.0) - ln_gamma(n - c + 1.0) + c * p.ln() + (n - c) * (-p).ln_1p();
    let (mut tail, mut term, mut at) = (1.0, 1.0, c);
    while at < n && term > tail * 1e-9 {
        term *= (n - at) / (at + 1.0) * p / (1.0 - p);
        at += 1.0;
        tail += term;
    }
    (ln_one.exp() * ((c / p - n - 1.0).max(0.0) + 2.0 * tail)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    fn even(hours: i64) -> Minutes {
        let mut all = Minutes::default();
        (0..hours * 60).for_each(|minute| all.add(minute * 60, 1_000, 0));
        all
    }

    fn object(minutes: impl Iterator<Item = i64>) -> Minutes {
        let mut object = Minutes::default();
        minutes.for_each(|minute| object.add(minute * 60, 1, 1));
        object
    }

    #[test]
    fn what_stops_is_told_from_what_goes_on() {
        let all = even(12);
        let push = object((0..20).map(|nth| 300 + nth));
        assert_eq!(judge(&push, &all, 325 * 60), Verdict::Open);
        let Verdict::Pushed { stretch, scan, silence, .. } = judge(&push, &all, 350 * 60) else { panic!() };
        assert_eq!((stretch.seconds, stretch.share), (16 * 60, 0.8));
        assert!(silence <= SILENCE_CHANCE_MAX && scan < 1e-9, "{silence} {scan}");
        // Somebody the evening before, and a few who come later, are no matter.
        let with_others = object([10].into_iter().chain((0..20).map(|nth| 300 + nth)).chain([400, 500]));
        assert!(matches!(judge(&with_others, &all, 12 * HOUR), Verdict::Pushed { .. }));
        assert_eq!(judge(&object((0..20).map(|nth| nth * 30)), &all, 12 * HOUR), Verdict::Spread);
        // Nothing is known of the time before: all of it is one window.
        let Verdict::Pushed { scan, .. } = judge(&object(0..20), &even(1), 60 * 60) else { panic!() };
        assert!(scan > 1e-4, "{scan}");
    }

    #[test]
    fn silence_is_that_of_a_negative_binomial() {
        // Of what is there in all, a half comes in the first hour and a quarter in the next: nobody of three quarters is two thirds.
        assert!((silence(10, HOUR, 0, HOUR) - (2.0_f64 / 3.0).powi(10)).abs() < 1e-12);
        let one = 10.0 * (2.0_f64 / 3.0).powi(10) / 3.0;
        assert!((silence(10, HOUR, 1, HOUR) - (2.0_f64 / 3.0).powi(10) - one).abs() < 1e-12);
        assert!((silence(10, HOUR, 1_000, HOUR) - 1.0).abs() < 1e-9);
        assert!((silence(10, HOUR, 0, 0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_known_of_the_day_may_spread_it() {
        let chance = |authors: i64, hours: i64| {
            let push = object((0..authors).map(|nth| 60 + nth % 30));
            match judge(&push, &even(hours), hours * HOUR) {
                Verdict::Pushed { spread, .. } => spread,
                verdict => panic!("{verdict:?}"),
            }
        };
        assert!(chance(20, 3) > 0.1 && chance(20, 12) < 0.1, "{} {}", chance(20, 3), chance(20, 12));
        assert!(chance(200, 6) < 1e-4, "a large one stands out earlier: {}", chance(200, 6));
        assert!(chance(20, 23) <= 0.0, "{}", chance(20, 23));
        // Four in two hours, and then one a minute: four of five came together, but what is not known is like the two hours.
        let usual = object([0, 30, 60, 90].into_iter().chain((0..24).map(|nth| 180 + nth)));
        let Verdict::Pushed { spread, .. } = judge(&usual, &even(5), 5 * HOUR) else { panic!() };
        assert!(spread > 0.9, "{spread}");
    }

    #[test]
    fn what_is_not_known_is_a_negative_binomial() {
        // As much is known as not, and nobody came beside the ten: of the rest, more than two would spread them.
        let half = i64::midpoint(WINDOW_SECONDS, HOUR);
        let exact = 1.0 - 0.5_f64.sqrt() * (1.0 + 0.25 + 0.09375);
        let told = spread(10, HOUR, 0, half);
        assert!(told >= exact && told < exact * 2.5, "{told} {exact}");
        assert_eq!((spread(10, HOUR, 0, HOUR), spread(10, HOUR, 0, WINDOW_SECONDS)), (1.0, 0.0));
        for hours in 2..23 {
            for outside in 0..10 {
                let now = spread(50, HOUR, outside, hours * HOUR);
                assert!(spread(50, HOUR, outside, (hours + 1) * HOUR) <= now, "{outside} in {hours} hours");
                assert!(spread(50, HOUR, outside + 1, hours * HOUR) >= now, "{outside} in {hours} hours");
                assert!(spread(60, HOUR, outside, hours * HOUR) <= now, "{outside} in {hours} hours");
            }
        }
    }

    /// Against points thrown at random: the chance is right where it is small, and never much too small.
    #[test]
    fn a_scan_statistic_is_what_random_points_do() {
        let mut state = 7_u64;
        let mut unit = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for (n, p, c) in [(20_usize, 0.05, 6_usize), (50, 0.02, 6), (12, 0.1, 6), (200, 0.01, 9)] {
            let rounds = 20_000;
            let mut full = 0;
            for _ in 0..rounds {
                let mut points: Vec<f64> = (0..n).map(|_| unit()).collect();
                points.sort_by(f64::total_cmp);
                full += u32::from(points.windows(c).any(|some| some[c - 1] - some[0] <= p));
            }
            let (seen, told) = (f64::from(full) / f64::from(rounds), fullest(c as u64, n as u64, p));
            assert!((seen / told - 1.0).abs() < 0.35, "{n} {p} {c}: seen {seen}, told {told}");
        }
    }
}
