//! Shifts of tone: posts of a watch that sound otherwise than usual are told, one account shifts nothing, a gap is none, and quiet days
//! keep the budget. Hours as the gate releases them. The figures stand in `docs/methods/tone-shifts.md`.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test, which prints its figures")]

#[path = "anomaly/hours.rs"]
#[allow(dead_code, reason = "the hours of volumes are not asked for here")]
mod hours;

use std::collections::{BTreeMap, BTreeSet};

use groundswell_detect::anomaly::{Anomalies, AnomalyCandidate, HeardHour};
use groundswell_detect::tone::shares;
use groundswell_gate::{
    CandidateCell, DetectionRow, Dimension, Gate, K, Released, TONE_CELLS, ToneCandidate, ToneClass, ToneRow,
    VolumeCandidate, tone_value,
};
use groundswell_sketch::{CellKey, Distinct, Step, Window};
use hours::{BUDGETS, DAY, HOUR, MONDAY, Rng};
use proptest::prelude::*;

/// How English posts of each class (negative, neutral, positive) fall into the cells: as training measured it.
const READ: [[f64; TONE_CELLS]; 3] = [
    [54.0, 93.0, 177.0, 52.0, 53.0, 10.0, 30.0, 18.0, 11.0],
    [50.0, 36.0, 31.0, 80.0, 105.0, 70.0, 60.0, 45.0, 25.0],
    [25.0, 14.0, 14.0, 50.0, 47.0, 34.0, 54.0, 95.0, 144.0],
];

/// How a watch's posts sound: how many there are an hour, and the log-odds of negative and of positive against neutral.
#[derive(Clone)]
struct Nature {
    watch: String,
    posts: f64,
    odds: [f64; 2],
    swing: f64,
    peak: f64,
    drift: f64,
    now: [f64; 2],
    /// Its posts are read a little otherwise than those that were measured.
    read: [[f64; TONE_CELLS]; 3],
}

struct Stream {
    rng: Rng,
    natures: Vec<Nature>,
}

impl Stream {
    fn new(seed: u64, watches: usize) -> Self {
        let mut rng = Rng(seed);
        let natures = (0..watches)
            .map(|nth| Nature {
                watch: format!("w{nth:02}"),
                posts: 150.0 * (rng.unit() * 3.5).exp(),
                odds: [rng.normal() * 0.6 - 0.3, rng.normal() * 0.6 - 0.3],
                swing: 0.3 * rng.unit(),
                peak: [13.0, 19.0, 4.0][nth % 3],
                drift: [0.0, 0.1, 0.2][nth % 3],
                now: [0.0; 2],
                read: READ.map(|row| row.map(|rate| rate * (0.2 * rng.normal()).exp())),
            })
            .collect();
        Self { rng, natures }
    }

    /// An hour's rows; `more` adds to the log-odds of negative.
    fn hour(&mut self, hour: i64, more: &dyn Fn(&Nature) -> f64) -> Vec<Released<ToneRow>> {
        let mut cells = Vec::new();
        for (nth, nature) in self.natures.iter_mut().enumerate() {
            for now in &mut nature.now {
                // Half is gone in four hours.
                *now = 0.84 * *now + 0.54 * self.rng.normal() * nature.drift;
            }
            let of_day = (std::f64::consts::TAU * ((hour % DAY) as f64 - nature.peak) / DAY as f64).cos();
            let week_end = if hour / DAY % 7 >= 5 { 0.1 } else { 0.0 };
            let negative = (nature.odds[0] + nature.now[0] + nature.swing * of_day + week_end + more(nature)).exp();
            let positive = (nature.odds[1] + nature.now[1] - nature.swing * of_day).exp();
            let all = negative + 1.0 + positive;
            let posts = nature.posts * (1.0 + 0.5 * of_day);
            let mut counts = [0; TONE_CELLS];
            for (share, read) in [negative / all, 1.0 / all, positive / all].into_iter().zip(&nature.read) {
                let sum: f64 = read.iter().sum();
                for (count, rate) in counts.iter_mut().zip(read) {
                    *count += self.rng.poisson(posts * share * rate / sum);
                }
            }
            cells.extend(cells_of(&nature.watch, counts, 0, hour as u64 * 1_000 + nth as u64));
        }
        released(hour, cells)
    }
}

/// Cells of a watch: seven of ten posts have an author of their own, and `loud` negative ones are one account's.
fn cells_of(watch: &str, mut counts: [u64; TONE_CELLS], loud: u64, key: u64) -> Vec<CandidateCell> {
    let authors = |posts: u64| Distinct::of_number((posts * 7).div_ceil(10));
    let key = CellKey::of_author(key);
    let cell = |value: String, posts: u64, authors: Distinct| CandidateCell {
        value,
        posts,
        publisher_posts: 0,
        key,
        authors,
        name_publishers: None,
    };
    let all: u64 = counts.iter().sum();
    counts[2] += loud;
    let mut cells = vec![cell(tone_value(watch, "en", None), all + loud, authors(all))];
    for (nth, posts) in counts.into_iter().enumerate().filter(|(_, posts)| *posts > 0) {
        cells.push(cell(tone_value(watch, "en", Some(nth)), posts, authors(posts)));
    }
    cells
}

fn released(hour: i64, mut cells: Vec<CandidateCell>) -> Vec<Released<ToneRow>> {
    cells.sort_unstable_by(|a, b| a.value.cmp(&b.value));
    let window = Window { step: Step::Hour, start: MONDAY + hour * HOUR };
    Gate::new(K::DEFAULT).release_tone(VolumeCandidate { window, dimension: Dimension::Tone, cells }, shares)
}

fn gated(candidate: &ToneCandidate) -> Released<DetectionRow> {
    Gate::new(K::DEFAULT).release_tone_shift(candidate.clone()).expect("the gate lets through what is told")
}

type ToldOf = Vec<(i64, ToneCandidate)>;

fn end(anomalies: &mut Anomalies, hour: i64, coverage: f64, told: &mut ToldOf) {
    anomalies.end(HeardHour { start: MONDAY + hour * HOUR, coverage }, &mut |candidate| match candidate {
        AnomalyCandidate::Tone(tone) => told.push((hour, tone)),
        other => panic!("no volumes were observed: {other:?}"),
    });
}

/// What is told of hours, each with how much more negative each watch sounds and what was heard.
fn run(
    stream: &mut Stream,
    anomalies: &mut Anomalies,
    hours: std::ops::Range<i64>,
    more: &dyn Fn(i64, &Nature) -> f64,
    heard: &dyn Fn(i64) -> f64,
) -> ToldOf {
    let mut told = Vec::new();
    for hour in hours {
        let rows = stream.hour(hour, &|nature| more(hour, nature));
        rows.iter().for_each(|row| anomalies.observe_tone(row));
        end(anomalies, hour, heard(hour), &mut told);
    }
    told
}

/// Of what is told, what one is told who asks for one false alert in a hundred days.
fn surely(mut told: ToldOf) -> ToldOf {
    told.retain(|(_, candidate)| gated(candidate).evidence.q <= Some(0.01));
    told
}

fn titles(told: &ToldOf) -> Vec<String> {
    told.iter().map(|(hour, tone)| format!("hour {hour}: {}", gated(tone).title)).collect()
}

fn restored(saved: &[u8]) -> Anomalies {
    let mut anomalies = Anomalies::new(10);
    anomalies.restore(&bincode::deserialize(saved).unwrap());
    anomalies
}

#[test]
fn quiet_days_keep_the_budget() {
    let (days, seeds) = (44, 3);
    let mut told = [0_u32; 3];
    for seed in 0..seeds {
        let (mut stream, mut anomalies) = (Stream::new(seed, 30), Anomalies::new(10));
        let mut least: BTreeMap<String, f64> = BTreeMap::new();
        for (_, candidate) in run(&mut stream, &mut anomalies, 0..days * DAY, &|_, _| 0.0, &|_| 1.0) {
            let row = gated(&candidate);
            let q = least.entry(row.id.clone()).or_insert(f64::MAX);
            *q = q.min(row.evidence.q.unwrap());
        }
        for (count, budget) in told.iter_mut().zip(BUDGETS) {
            *count += least.values().filter(|q| **q <= budget).count() as u32;
        }
    }
    let a_day = told.map(|count| f64::from(count) / (seeds * days as u64) as f64);
    eprintln!("false shifts of tone a day at budgets of {BUDGETS:?}: {a_day:.2?}");
    for (a_day, budget) in a_day.into_iter().zip(BUDGETS) {
        assert!(a_day <= budget, "{a_day} a day at a budget of {budget}");
    }
}

#[test]
fn what_shifts_is_found_and_ends() {
    // Six hours of a weekday, one watch at a time, whose negative posts are so many times what they are.
    let (from, to) = (24 * DAY + 12, 24 * DAY + 18);
    let mut others = 0;
    for odds in [0.25, 0.5, 2.0, 4.0, 8.0] {
        let (mut planted, mut found, mut at_once, mut late) = (0, 0, 0, 0);
        for seed in 0..2 {
            let (mut warm, mut anomalies) = (Stream::new(seed, 15), Anomalies::new(10));
            run(&mut warm, &mut anomalies, 0..from, &|_, _| 0.0, &|_| 1.0);
            let saved = bincode::serialize(&anomalies.save()).unwrap();
            for victim in &warm.natures {
                let mut stream = Stream { rng: Rng(warm.rng.0), natures: warm.natures.clone() };
                let more = |hour: i64, nature: &Nature| {
                    let is_it = nature.watch == victim.watch && (from..to).contains(&hour);
                    if is_it { f64::ln(odds) } else { 0.0 }
                };
                let mut told = run(&mut stream, &mut restored(&saved), from..to + 12, &more, &|_| 1.0);
                told.retain(|(_, candidate)| gated(candidate).evidence.q <= Some(5.0));
                let (of_it, of_others): (Vec<_>, Vec<_>) =
                    told.iter().partition(|(_, candidate)| candidate.at.value == victim.watch);
                others += of_others.iter().map(|(_, other)| gated(other).id.clone()).collect::<BTreeSet<_>>().len();
                planted += 1;
                let Some((hour, first)) = of_it.first() else { continue };
                found += 1;
                at_once += u32::from(*hour == from);
                assert_eq!(first.rises, (first.class == ToneClass::Negative) == (odds > 1.0), "{:?}", titles(&told));
                let (_, last) = of_it.last().unwrap();
                let end = last.at.end.map(|end| (end - MONDAY) / HOUR);
                // What drifts by itself may go on for hours.
                late += u32::from(end.is_none_or(|end| end > to + 1));
            }
        }
        eprintln!(
            "negative x {odds}: of {planted} shifts {found} are found at a budget of 5, {at_once} at the end of their first hour; {late} \
             go on for more than an hour after"
        );
        assert!(late * 4 <= found, "{late} of {found}");
        if odds >= 8.0 {
            assert!(f64::from(found) >= 0.9 * f64::from(planted), "{found} of {planted}");
        }
    }
    eprintln!("told of others meanwhile: {others}");
}

#[test]
fn a_gap_is_no_shift() {
    let gap = 15 * DAY + 9..15 * DAY + 14;
    let with = |coverage: f64| {
        let (mut stream, mut anomalies) = (Stream::new(3, 5), Anomalies::new(10));
        let more = |hour: i64, _: &Nature| if gap.contains(&hour) { 3.0 } else { 0.0 };
        let heard = |hour: i64| if gap.contains(&hour) { coverage } else { 1.0 };
        surely(run(&mut stream, &mut anomalies, 0..20 * DAY, &more, &heard))
    };
    assert!(!with(1.0).is_empty(), "it can be heard");
    // What was lost may have sounded as usual.
    let told = with(0.6);
    assert!(told.is_empty(), "{:?}", titles(&told));
}

#[test]
fn one_tireless_account_shifts_nothing() {
    let told = |loud: u64| {
        let mut rng = Rng(3);
        let (mut anomalies, mut told) = (Anomalies::new(10), Vec::new());
        for hour in 0..16 * DAY {
            let of_day = (15 * DAY + 9..15 * DAY + 12).contains(&hour);
            // Of those that are not one account's, half are as negative as the account in the hours in which it is silent.
            let counts: [u64; TONE_CELLS] = std::array::from_fn(|nth| rng.poisson(READ[1][nth]));
            let (counts, loud) = match loud {
                0 if of_day => (std::array::from_fn(|nth| counts[nth] + if nth == 2 { 600 } else { 0 }), 0),
                _ => (counts, if of_day { loud } else { 0 }),
            };
            let rows = released(hour, cells_of("water", counts, loud, hour as u64));
            rows.iter().for_each(|row| anomalies.observe_tone(row));
            end(&mut anomalies, hour, 1.0, &mut told);
        }
        told
    };
    assert!(told(600).is_empty(), "{:?}", titles(&told(600)));
    assert!(!told(0).is_empty(), "as many posts of people are a shift");
}

#[test]
fn a_restart_changes_nothing() {
    let more = |hour: i64, nature: &Nature| {
        if (9 * DAY + 9..9 * DAY + 20).contains(&hour) && nature.watch == "w01" { 2.5 } else { 0.0 }
    };
    let told = |restarts: &[i64]| {
        let (mut stream, mut anomalies) = (Stream::new(3, 5), Anomalies::new(10));
        let (mut told, mut from) = (Vec::new(), 0);
        for to in restarts.iter().copied().chain([11 * DAY]) {
            told.extend(run(&mut stream, &mut anomalies, from..to, &more, &|_| 1.0));
            anomalies = restored(&bincode::serialize(&anomalies.save()).unwrap());
            from = to;
        }
        told
    };
    let all = told(&[]);
    assert!(!all.is_empty());
    assert!(all == told(&[DAY, 9 * DAY + 12, 10 * DAY]));
}

#[test]
fn one_that_lasts_becomes_how_things_are() {
    let from = 15 * DAY + 9;
    let more = |hour: i64, nature: &Nature| if hour >= from && nature.watch == "w01" { 2.5 } else { 0.0 };
    let (mut stream, mut anomalies) = (Stream::new(3, 5), Anomalies::new(10));
    let mut told = run(&mut stream, &mut anomalies, 0..32 * DAY, &more, &|_| 1.0);
    told.retain(|(_, candidate)| candidate.at.value == "w01" && gated(candidate).evidence.q <= Some(1.0));
    assert!(told.iter().any(|(hour, _)| *hour <= from + 1), "{:?}", titles(&told));
    assert!(told.iter().all(|(hour, _)| *hour <= from + 73), "{:?}", titles(&told));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_no_shift_rests_on_fewer_than_k(
        seed in any::<u64>(),
        posts in 20.0_f64..400.0,
        breaks in proptest::collection::vec((0_i64..240, 1_i64..30, -4.0_f64..4.0, 0.4_f64..=1.0), 0..5),
    ) {
        let (mut stream, mut anomalies) = (Stream::new(seed, 3), Anomalies::new(10));
        stream.natures.iter_mut().for_each(|nature| nature.posts = posts);
        let at = |hour: i64| breaks.iter().find(|(from, long, ..)| (*from..from + long).contains(&hour));
        let more = |hour: i64, _: &Nature| at(hour).map_or(0.0, |(_, _, more, _)| *more);
        let told = run(&mut stream, &mut anomalies, 0..260, &more, &|hour| at(hour).map_or(1.0, |(.., heard)| *heard));
        for (_, candidate) in told {
            let row = gated(&candidate);
            prop_assert!(row.evidence.authors >= 10 && row.evidence.observed >= 100);
            prop_assert!(row.evidence.share.is_some_and(|share| (0.0..=1.0).contains(&share.expected)));
        }
    }
}
