//! The rule by which a family of copies is an amplification: many authors, in short time, together beyond chance.

use std::collections::BTreeMap;

use groundswell_gate::synchrony;
use serde::{Deserialize, Serialize};

use super::config::WINDOW_SECONDS;

/// The copies must come in short time: this share of them …
pub const SHORT_SHARE: f64 = 0.8;
/// … within so many seconds.
pub const SHORT_SECONDS: i64 = 60 * 60;
/// And they must stand so many standard deviations above what would come there if each copy came at the time of a random post.
pub const SYNCHRONY_MIN: f64 = 5.0;
/// What spreads by itself does not stop at once. A family is judged when it did: when so long a silence …
pub const HALF_LIFE_SECONDS: i64 = 60 * 60;
/// … has at most this chance of something that halves in [`HALF_LIFE_SECONDS`].
pub const SILENCE_CHANCE_MAX: f64 = 3e-4;

/// What is known of a family's time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stretch {
    /// Share of its authors who wrote within its shortest stretch of [`SHORT_SHARE`].
    pub(super) share: f64,
    /// The length of that stretch.
    pub(super) seconds: i64,
    /// Share of all posts that came in it.
    pub(super) chance: f64,
}

impl Stretch {
    /// First second, end and share of authors, against the posts of everybody in the day up to `end`.
    pub(super) fn of((from, to, share): (i64, i64, f64), all: &Minutes, end: i64) -> Self {
        let known = all.posts(end - WINDOW_SECONDS, end).max(1);
        let chance = (all.posts(from, to) as f64 / known as f64).clamp(0.0, 1.0);
        Self { share, seconds: to - from, chance }
    }
}

/// Why a family is an amplification or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// It may go on: later.
    Open,
    /// A publisher carries the text: a headline.
    OfPublisher,
    /// Its copies are spread over a longer time.
    NotShort,
    /// So many in so short a time are no wonder.
    ByChance,
    Amplified(Stretch),
}

/// Minutes and what came in them; those of the last day.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Minutes(BTreeMap<i64, (u64, u64)>);

impl Minutes {
    pub(super) fn add(&mut self, minute: i64, posts: u64, authors: u64) {
        let known = self.0.entry(minute).or_default();
        known.0 += posts;
        known.1 += authors;
        while self.0.first_key_value().is_some_and(|(first, _)| *first <= minute - WINDOW_SECONDS) {
            self.0.pop_first();
        }
    }

    pub(super) fn take(&mut self, other: &Self) {
        other.0.iter().for_each(|(minute, (posts, authors))| self.add(*minute, *posts, *authors));
    }

    /// Memory beyond the value itself, roughly: a node of the tree has eleven places.
    pub(super) fn bytes(&self) -> usize {
        (self.0.len() * 3 / 2 + 11) * size_of::<(i64, (u64, u64))>()
    }

    pub(super) fn posts(&self, from: i64, to: i64) -> u64 {
        self.0.range(from..to).map(|(_, (posts, _))| posts).sum()
    }

    pub(super) fn authors_in(&self, from: i64, to: i64) -> u64 {
        self.0.range(from..to).map(|(_, (_, authors))| authors).sum()
    }

    /// The authors between two seconds, and the end of the last minute there that had any.
    pub(super) fn within(&self, from: i64, to: i64) -> (u64, i64) {
        let last = self.0.range(from..to).rev().find(|(_, (_, authors))| *authors > 0);
        (self.authors_in(from, to), last.map_or(from, |(minute, _)| minute + 60))
    }

    /// Minutes and the authors of each, where there were any.
    pub(super) fn list(&self) -> Vec<(i64, u64)> {
        let list = self.0.iter().map(|(minute, (_, authors))| (*minute, *authors));
        list.filter(|(_, authors)| *authors > 0).collect()
    }

    fn authors(&self) -> u64 {
        self.0.values().map(|(_, authors)| authors).sum()
    }

    /// How much of the day up to `end` is known, in seconds. Of a day that is known but for an hour, all is.
    pub(super) fn known(&self, end: i64) -> i64 {
        let known = self.first().map_or(0, |first| end - first);
        if known >= WINDOW_SECONDS - 3_600 { WINDOW_SECONDS } else { known }
    }

    pub(super) fn first(&self) -> Option<i64> {
        self.0.first_key_value().map(|(minute, _)| *minute)
    }

    fn last(&self) -> Option<i64> {
        self.0.last_key_value().map(|(minute, _)| *minute)
    }

    /// The shortest stretch of whole minutes that holds [`SHORT_SHARE`] of the authors, each author counted once a minute; the
    /// earliest of several. First minute, end, share.
    pub(super) fn shortest(&self) -> Option<(i64, i64, f64)> {
        let list = self.list();
        let all: u64 = list.iter().map(|(_, authors)| authors).sum();
        let asked = (all as f64 * SHORT_SHARE).ceil() as u64;
        let (mut from, mut held) = (0, 0);
        let mut best: Option<(i64, i64, f64)> = None;
        for (minute, authors) in &list {
            held += authors;
            while held - list[from].1 >= asked.max(1) {
                held -= list[from].1;
                from += 1;
            }
            let (start, end) = (list[from].0, minute + 60);
            if held >= asked.max(1) && best.is_none_or(|(first, last, _)| end - start < last - first) {
                best = Some((start, end, held as f64 / all as f64));
            }
        }
        best
    }
}

/// The chance that nobody comes between `last` and `by`, of what brought so many authors between `first` and `last` and goes on as what
/// spreads by itself does, halving every [`HALF_LIFE_SECONDS`]. How much of it there is in all is unknown, and each amount as likely.
fn silence(authors: u64, first: i64, last: i64, by: i64) -> f64 {
    let left = |seconds: i64| (-(seconds as f64) / HALF_LIFE_SECONDS as f64).exp2();
    let at_last = left(last - first);
    let (came, due) = (1.0 - at_last, at_last * (1.0 - left(by - last)));
    (came / (came + due)).powf(authors as f64)
}

/// Judges a family that enough authors carry, at the end of a minute. `all` are the posts of everybody.
pub(super) fn judge(family: &Minutes, all: &Minutes, publishers: u64, end: i64) -> Verdict {
    let (Some(first), Some(last)) = (family.first(), family.last()) else { return Verdict::Open };
    if silence(family.authors(), first, last + 60, end) > SILENCE_CHANCE_MAX {
        return Verdict::Open;
    }
    if publishers > 0 { Verdict::OfPublisher } else { measure(family, all, end) }
}

/// Whether so many copies in so short a time are more than chance, whether or not they go on.
pub(super) fn measure(family: &Minutes, all: &Minutes, end: i64) -> Verdict {
    let Some((from, to, share)) = family.shortest() else { return Verdict::NotShort };
    if to - from > SHORT_SECONDS {
        return Verdict::NotShort;
    }
    let stretch = Stretch::of((from, to, share), all, end);
    if synchrony(family.authors(), share, stretch.chance) >= SYNCHRONY_MIN {
        Verdict::Amplified(stretch)
    } else {
        Verdict::ByChance
    }
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

    fn family(minutes: impl Iterator<Item = i64>) -> Minutes {
        let mut family = Minutes::default();
        minutes.for_each(|minute| family.add(minute * 60, 1, 1));
        family
    }

    #[test]
    fn what_comes_together_is_told_from_what_goes_on() {
        let all = even(12);
        let push = family((0..20).map(|nth| 300 + nth));
        assert_eq!(judge(&push, &all, 0, 325 * 60), Verdict::Open);
        let verdict = judge(&push, &all, 0, 350 * 60);
        let Verdict::Amplified(stretch) = verdict else { panic!("{verdict:?}") };
        assert_eq!((stretch.seconds, stretch.share), (16 * 60, 0.8));
        assert!((stretch.chance - 16.0 / 350.0).abs() < 1e-9);
        assert_eq!(judge(&push, &all, 1, 350 * 60), Verdict::OfPublisher);
        // The same number over the day.
        let meme = family((0..20).map(|nth| nth * 30));
        assert_eq!(judge(&meme, &all, 0, 12 * HOUR), Verdict::Open);
        assert_eq!(measure(&meme, &all, 12 * HOUR), Verdict::NotShort);
        // Nothing is known of the time before.
        let early = family(0..20);
        assert_eq!(measure(&early, &even(1), 20 * 60), Verdict::ByChance);
    }

    #[test]
    fn what_falls_off_slowly_is_not_short() {
        // A headline: half as many every hour.
        let mut headline = Minutes::default();
        let mut due = 0.0;
        for minute in 0..720 {
            due += 1.5 * (-f64::from(minute) / 60.0).exp2();
            let whole = due as u64;
            due -= whole as f64;
            if whole > 0 {
                headline.add(i64::from(minute) * 60, whole, whole);
            }
        }
        for end in 1..720 {
            let known = Minutes(headline.0.range(..end * 60).map(|(minute, counts)| (*minute, *counts)).collect());
            let verdict = judge(&known, &even(12), 0, end * 60);
            assert!(!matches!(verdict, Verdict::Amplified(_)), "{verdict:?} after {end} minutes");
        }
        assert_eq!(measure(&headline, &even(12), 12 * HOUR), Verdict::NotShort);
    }

    #[test]
    fn a_silence_is_measured_by_what_halves_every_hour() {
        // Of what is there in all, a half comes in the first hour and a quarter in the next: nobody of three quarters is two thirds.
        assert!((silence(10, 0, HOUR, 2 * HOUR) - (2.0_f64 / 3.0).powi(10)).abs() < 1e-12);
        assert!((silence(10, 0, HOUR, HOUR) - 1.0).abs() < 1e-12);
        assert!(silence(10, 0, 10 * HOUR, 90 * HOUR) > 0.9, "what is over by then says nothing");
    }

    #[test]
    fn a_day_is_remembered() {
        let minutes = even(30);
        assert_eq!(minutes.first(), Some(6 * HOUR));
        assert_eq!(minutes.posts(0, 30 * HOUR), 24 * 60 * 1_000);
    }
}
