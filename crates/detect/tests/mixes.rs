//! Shifts of a mix: a share that is another than usual is found, a gap is none, what one's shift explains is none of the others', and
//! quiet days keep the budget. Hours as the gate releases them, of streams with days, weeks and drift. The figures stand in
//! `docs/methods/mix-shifts.md`.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test, which prints its figures")]

#[path = "anomaly/hours.rs"]
mod hours;

use std::collections::{BTreeMap, BTreeSet};

use groundswell_detect::anomaly::{Anomalies, AnomalyCandidate, HeardHour};
use groundswell_gate::{DetectionRow, Dimension, Figures, Gate, K, MixCandidate, Released, VolumeRow, readmit};
use hours::{BUDGETS, DAY, HOUR, MONDAY, Rng, released};
use proptest::prelude::*;

/// A share as it is: its part of what there is, by how much its day swings and when, how far it drifts in a few hours.
#[derive(Clone)]
struct Nature {
    dimension: Dimension,
    value: String,
    weight: f64,
    swing: f64,
    peak: f64,
    drift: f64,
    now: f64,
}

/// A stream: every post has one language and one source, and some have links.
struct Stream {
    rng: Rng,
    natures: Vec<Nature>,
    posts: f64,
}

impl Stream {
    fn new(seed: u64, posts: f64) -> Self {
        let mut rng = Rng(seed);
        let mut natures = Vec::new();
        for (dimension, count, steep) in
            [(Dimension::Language, 12, 4.0), (Dimension::Source, 4, 2.5), (Dimension::Domain, 10, 2.0)]
        {
            for nth in 0..count {
                natures.push(Nature {
                    dimension,
                    value: format!("{}{nth:02}", &dimension.as_str()[..1]),
                    weight: (rng.unit() * steep).exp(),
                    swing: 0.2 + 0.4 * rng.unit(),
                    peak: [13.0, 19.0, 4.0][nth % 3],
                    drift: [0.0, 0.1, 0.2][nth % 3],
                    now: 0.0,
                });
            }
        }
        // One post in twelve has one of these links, on average.
        let links: f64 =
            natures.iter().filter(|nature| nature.dimension == Dimension::Domain).map(|nature| nature.weight).sum();
        let of_domain = natures.iter_mut().filter(|nature| nature.dimension == Dimension::Domain);
        of_domain.for_each(|nature| nature.weight *= 0.5 / links);
        Self { rng, natures, posts }
    }

    fn only(seed: u64, natures: &[(Dimension, &str, f64)]) -> Self {
        let natures = natures
            .iter()
            .map(|(dimension, value, weight)| Nature {
                dimension: *dimension,
                value: (*value).to_owned(),
                weight: *weight,
                swing: 0.2,
                peak: 13.0,
                drift: 0.05,
                now: 0.0,
            })
            .collect();
        Self { rng: Rng(seed), natures, posts: 3_000.0 }
    }

    /// An hour's posts by subject; `times` says how much of a subject's there is.
    fn hour(&mut self, hour: i64, times: &dyn Fn(&Nature) -> f64) -> Vec<(Dimension, String, u64)> {
        let week_end = hour / DAY % 7 >= 5;
        let weights: Vec<f64> = self
            .natures
            .iter_mut()
            .map(|nature| {
                // Half is gone in four hours.
                nature.now = 0.84 * nature.now + 0.54 * self.rng.normal() * nature.drift;
                let of_day = std::f64::consts::TAU * ((hour % DAY) as f64 - nature.peak) / DAY as f64;
                let free = if week_end { 1.0 - nature.swing / 2.0 } else { 1.0 };
                nature.weight * (1.0 + nature.swing * of_day.cos()) * free * nature.now.exp() * times(nature)
            })
            .collect();
        let of = |natures: &[Nature], dimension| -> f64 {
            natures
                .iter()
                .zip(&weights)
                .filter(|(nature, _)| nature.dimension == dimension)
                .map(|(_, weight)| weight)
                .sum()
        };
        let (languages, sources) = (of(&self.natures, Dimension::Language), of(&self.natures, Dimension::Source));
        // A source that grows brings more posts.
        let grown: f64 = self
            .natures
            .iter()
            .zip(&weights)
            .filter(|(nature, _)| nature.dimension == Dimension::Source)
            .map(|(nature, weight)| weight / times(nature).max(1e-9))
            .sum();
        let usual: f64 = self
            .natures
            .iter()
            .filter(|nature| nature.dimension == Dimension::Language)
            .map(|nature| nature.weight)
            .sum();
        let posts = self.posts * languages / usual * sources / grown.max(1e-9);
        let mut rows = Vec::new();
        for (nature, weight) in self.natures.iter().zip(&weights) {
            let share = match nature.dimension {
                Dimension::Language => weight / languages,
                Dimension::Source => weight / sources,
                _ => weight.min(0.9),
            };
            rows.push((nature.dimension, nature.value.clone(), self.rng.poisson(posts * share)));
        }
        // The sources' posts are the same as the languages'.
        let sum = |rows: &[(Dimension, String, u64)], dimension| -> u64 {
            rows.iter().filter(|row| row.0 == dimension).map(|row| row.2).sum()
        };
        let total = sum(&rows, Dimension::Language);
        let off = total as i64 - sum(&rows, Dimension::Source) as i64;
        if let Some(largest) = rows.iter_mut().filter(|row| row.0 == Dimension::Source).max_by_key(|row| row.2) {
            largest.2 = largest.2.saturating_add_signed(off);
        }
        rows.push((Dimension::Total, "all".to_owned(), total));
        rows
    }
}

fn gated(candidate: &MixCandidate) -> Released<DetectionRow> {
    Gate::new(K::DEFAULT).release_mix(candidate.clone()).expect("the gate lets through what is told")
}

/// What is told of hours, each with how much of each subject's posts is there and what was heard.
fn run(
    stream: &mut Stream,
    anomalies: &mut Anomalies,
    hours: std::ops::Range<i64>,
    times: &dyn Fn(i64, &Nature) -> f64,
    heard: &dyn Fn(i64) -> f64,
) -> Vec<(i64, AnomalyCandidate)> {
    let mut told = Vec::new();
    for hour in hours {
        let rows = stream.hour(hour, &|nature| times(hour, nature));
        released(hour, &rows).iter().for_each(|row| anomalies.observe(row));
        let heard = HeardHour { start: MONDAY + hour * HOUR, coverage: heard(hour) };
        anomalies.end(heard, &mut |candidate| told.push((hour, candidate)));
    }
    told
}

/// For a message that says what was told.
fn titles(told: &[(i64, AnomalyCandidate)]) -> Vec<String> {
    let title = |candidate: &AnomalyCandidate| match candidate {
        AnomalyCandidate::Mix(mix) => gated(mix),
        AnomalyCandidate::Silence(silence) => {
            Gate::new(K::DEFAULT).release_silence(silence.clone()).expect("the gate lets through what is told")
        }
        AnomalyCandidate::Tone(_) => panic!("no tone was observed"),
    };
    told.iter()
        .map(|(hour, candidate)| {
            let row = title(candidate);
            format!("hour {hour}: {} ({:?}, {})", row.title, row.evidence.q, row.summary)
        })
        .collect()
}

fn mixes(told: &[(i64, AnomalyCandidate)]) -> Vec<(i64, &MixCandidate)> {
    told.iter()
        .filter_map(|(hour, told)| match told {
            AnomalyCandidate::Mix(mix) => Some((*hour, mix)),
            AnomalyCandidate::Silence(_) | AnomalyCandidate::Tone(_) => None,
        })
        .collect()
}

#[test]
fn quiet_days_keep_the_budget() {
    let days = 44;
    for posts in [1_500.0, 20_000.0] {
        let seeds = if posts > 10_000.0 { 2 } else { 4 };
        let (mut told, mut silences) = ([0_u32; 3], 0_usize);
        for seed in 0..seeds {
            let (mut stream, mut anomalies) = (Stream::new(seed, posts), Anomalies::new(10));
            let found = run(&mut stream, &mut anomalies, 0..days * DAY, &|_, _| 1.0, &|_| 1.0);
            silences += found.len() - mixes(&found).len();
            let mut least: BTreeMap<String, f64> = BTreeMap::new();
            for (_, candidate) in mixes(&found) {
                let row = gated(candidate);
                let q = least.entry(row.id.clone()).or_insert(f64::MAX);
                *q = q.min(row.evidence.q.unwrap());
            }
            for (count, budget) in told.iter_mut().zip(BUDGETS) {
                *count += least.values().filter(|q| **q <= budget).count() as u32;
            }
        }
        let a_day = told.map(|count| f64::from(count) / (seeds * days as u64) as f64);
        eprintln!(
            "{posts} posts an hour: false shifts a day at budgets of {BUDGETS:?}: {a_day:.2?}; {silences} silences"
        );
        for (a_day, budget) in a_day.into_iter().zip(BUDGETS) {
            assert!(a_day <= budget, "{a_day} a day at a budget of {budget}");
        }
    }
}

#[test]
fn what_shifts_is_found_and_ends() {
    // Six hours of a weekday afternoon, of one subject at a time, whose odds are so many times what they are.
    let (from, to) = (24 * DAY + 12, 24 * DAY + 18);
    let mut others = 0;
    for odds in [0.25, 0.5, 1.5, 2.0, 3.0, 5.0] {
        let (mut planted, mut found, mut at_once, mut silent, mut events) = (0, 0, 0, 0, 0);
        for seed in 0..2 {
            let stream = Stream::new(seed, 6_000.0);
            let (warm, anomalies) = warmed(stream, from);
            for victim in warm.natures.clone().iter().filter(|nature| share_of(&warm, nature) >= 0.04) {
                let mut anomalies = restored(&anomalies);
                let mut stream = Stream { rng: Rng(warm.rng.0), natures: warm.natures.clone(), posts: warm.posts };
                let times = |hour: i64, nature: &Nature| {
                    let is_it = nature.value == victim.value && (from..to).contains(&hour);
                    if is_it { odds } else { 1.0 }
                };
                let told = run(&mut stream, &mut anomalies, from..to + 12, &times, &|_| 1.0);
                let told_of: Vec<_> = mixes(&told)
                    .into_iter()
                    .filter(|(_, candidate)| gated(candidate).evidence.q <= Some(5.0))
                    .collect();
                let of_it: Vec<_> =
                    told_of.iter().filter(|(_, candidate)| candidate.at.value == victim.value).collect();
                let of_others = told_of.iter().filter(|(_, candidate)| candidate.at.value != victim.value);
                let ids: BTreeSet<String> = of_others.map(|(_, candidate)| gated(candidate).id.clone()).collect();
                others += ids.len();
                planted += 1;
                silent += u32::from(mixes(&told).len() < told.len());
                found += u32::from(!of_it.is_empty());
                let Some((hour, first)) = of_it.first() else { continue };
                at_once += u32::from(*hour == from);
                assert_eq!(first.rises, odds > 1.0, "{}", victim.value);
                let (_, last) = of_it.last().unwrap();
                let end = last.at.end.map(|end| (end - MONDAY) / HOUR);
                assert!(end.is_none_or(|end| (from + 1..=to + 1).contains(&end)), "{} ends at {end:?}", victim.value);
                let ids: BTreeSet<String> = of_it.iter().map(|(_, candidate)| gated(candidate).id.clone()).collect();
                events += ids.len();
            }
        }
        eprintln!(
            "odds x {odds}: of {planted} shifts {found} are found at a budget of 5, {at_once} at the end of their first hour, as \
             {events} events; in {silent} a silence is told"
        );
        if odds >= 3.0 {
            assert!(f64::from(found) >= 0.9 * f64::from(planted), "{found} of {planted}");
        }
        if odds <= 0.25 {
            // A fall to less than half is a silence of a language or a source, and told as one.
            assert!(f64::from(found + silent) >= 0.9 * f64::from(planted), "{found} and {silent} of {planted}");
        }
    }
    eprintln!("told of others meanwhile: {others}");
}

/// What part of all posts it has on average.
fn share_of(stream: &Stream, nature: &Nature) -> f64 {
    let of: f64 =
        stream.natures.iter().filter(|other| other.dimension == nature.dimension).map(|other| other.weight).sum();
    nature.weight / if nature.dimension == Dimension::Domain { 1.0 } else { of }
}

/// A stream that has been listened to up to an hour.
fn warmed(mut stream: Stream, to: i64) -> (Stream, Vec<u8>) {
    let mut anomalies = Anomalies::new(10);
    run(&mut stream, &mut anomalies, 0..to, &|_, _| 1.0, &|_| 1.0);
    (stream, bincode::serialize(&anomalies.save()).unwrap())
}

fn restored(saved: &[u8]) -> Anomalies {
    let mut anomalies = Anomalies::new(10);
    anomalies.restore(&bincode::deserialize(saved).unwrap());
    anomalies
}

/// Two sources, each with a language of its own.
const TWO: [(Dimension, &str, f64); 5] = [
    (Dimension::Source, "near", 0.75),
    (Dimension::Source, "far", 0.25),
    (Dimension::Language, "en", 0.75),
    (Dimension::Language, "ja", 0.25),
    (Dimension::Domain, "example.org", 0.1),
];

fn of_far(nature: &Nature) -> bool {
    nature.value == "far" || nature.value == "ja"
}

#[test]
fn a_gap_is_no_shift() {
    let gap = 15 * DAY + 9..15 * DAY + 14;
    let times = |hour: i64, nature: &Nature| if gap.contains(&hour) && of_far(nature) { 0.05 } else { 1.0 };
    let heard = |hour: i64| if gap.contains(&hour) { 0.75 } else { 1.0 };
    let with = |heard: &dyn Fn(i64) -> f64| {
        let (mut stream, mut anomalies) = (Stream::only(3, &TWO), Anomalies::new(10));
        run(&mut stream, &mut anomalies, 0..20 * DAY, &times, heard)
    };
    assert_eq!(with(&heard).len(), 0, "the ledger speaks of a gap");
    let told = with(&|_| 1.0);
    assert!(!told.is_empty(), "nothing speaks of a gap");
    assert!(mixes(&told).is_empty(), "what is told as a silence is no shift: {:#?}", titles(&told));
}

#[test]
fn what_a_source_explains_is_no_shift_of_a_language() {
    let more = 15 * DAY + 9..15 * DAY + 14;
    let with = |which: &dyn Fn(&Nature) -> bool| {
        let times = |hour: i64, nature: &Nature| if more.contains(&hour) && which(nature) { 3.0 } else { 1.0 };
        let (mut stream, mut anomalies) = (Stream::only(3, &TWO), Anomalies::new(10));
        let told = run(&mut stream, &mut anomalies, 0..20 * DAY, &times, &|_| 1.0);
        let mut values: Vec<String> = mixes(&told).iter().map(|(_, told)| told.at.value.clone()).collect();
        values.dedup();
        values
    };
    let both = with(&of_far);
    assert_eq!(both.len(), 1, "{both:?}");
    assert!(["far", "near"].contains(&both[0].as_str()), "{both:?}");
    let alone = with(&|nature: &Nature| nature.value == "ja");
    assert_eq!(alone.len(), 1, "{alone:?}");
    assert!(["en", "ja"].contains(&alone[0].as_str()), "{alone:?}");
    assert_eq!(with(&|nature: &Nature| nature.dimension == Dimension::Domain), ["example.org"]);
}

#[test]
fn one_that_lasts_becomes_how_things_are_and_nothing_follows_from_it() {
    let from = 15 * DAY + 9;
    for gone in [false, true] {
        let times = |hour: i64, nature: &Nature| {
            if hour >= from && of_far(nature) { if gone { 0.0 } else { 4.0 } } else { 1.0 }
        };
        let (mut stream, mut anomalies) = (Stream::only(3, &TWO), Anomalies::new(10));
        let told = run(&mut stream, &mut anomalies, 0..32 * DAY, &times, &|_| 1.0);
        assert!(told.iter().any(|(hour, _)| *hour == from), "{gone}: {told:?}");
        let late: Vec<_> = told.iter().filter(|(hour, _)| *hour > from + 73).collect();
        assert!(late.is_empty(), "{gone}: {:#?}", titles(&told));
    }
}

/// The row with so many posts more.
fn with_posts(row: &Released<VolumeRow>, more: u64) -> Released<VolumeRow> {
    let figures = row.figures.map(|figures| Figures { posts: figures.posts + more, ..figures });
    readmit(VolumeRow { figures, ..VolumeRow::clone(row) }, K::DEFAULT).unwrap()
}

#[test]
fn one_tireless_account_shifts_nothing() {
    // Half as many posts again in one language, and not one author more.
    let (mut stream, mut anomalies) = (Stream::only(3, &TWO), Anomalies::new(10));
    let mut told: Vec<(i64, AnomalyCandidate)> = Vec::new();
    for hour in 0..16 * DAY {
        let loud = (15 * DAY + 9..15 * DAY + 12).contains(&hour);
        let rows = stream.hour(hour, &|_| 1.0);
        for row in released(hour, &rows) {
            let is_ja = row.value == "ja" || row.dimension == Dimension::Total;
            anomalies.observe(&if loud && is_ja { with_posts(&row, 1_500) } else { row });
        }
        anomalies.end(HeardHour { start: MONDAY + hour * HOUR, coverage: 1.0 }, &mut |candidate| {
            told.push((hour, candidate));
        });
    }
    assert!(told.is_empty(), "{:#?}", titles(&told));
}

#[test]
fn a_restart_changes_nothing() {
    let more = 9 * DAY + 9..9 * DAY + 20;
    let times = |hour: i64, nature: &Nature| if more.contains(&hour) && nature.value == "ja" { 4.0 } else { 1.0 };
    let told = |restarts: &[i64]| {
        let (mut stream, mut anomalies) = (Stream::only(3, &TWO), Anomalies::new(10));
        let (mut told, mut from) = (Vec::new(), 0);
        for to in restarts.iter().copied().chain([11 * DAY]) {
            told.extend(run(&mut stream, &mut anomalies, from..to, &times, &|_| 1.0));
            anomalies = restored(&bincode::serialize(&anomalies.save()).unwrap());
            from = to;
        }
        told
    };
    let all = told(&[]);
    assert!(!mixes(&all).is_empty());
    assert!(all == told(&[DAY, 9 * DAY + 12, 10 * DAY]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_no_shift_rests_on_fewer_than_k(
        seed in any::<u64>(),
        posts in 10.0_f64..600.0,
        weights in proptest::collection::vec(0.0_f64..1.0, 6),
        breaks in proptest::collection::vec((0_i64..240, 1_i64..30, 0.0_f64..6.0, 0.4_f64..=1.0), 0..5),
    ) {
        let of = [
            (Dimension::Source, "a"),
            (Dimension::Source, "b"),
            (Dimension::Language, "en"),
            (Dimension::Language, "ja"),
            (Dimension::Domain, "example.org"),
            (Dimension::Domain, "example.net"),
        ];
        let natures: Vec<_> = of.iter().zip(&weights).map(|((dimension, value), weight)| (*dimension, *value, *weight + 0.01)).collect();
        let (mut stream, mut anomalies) = (Stream { posts, ..Stream::only(seed, &natures) }, Anomalies::new(10));
        let at = |hour: i64| breaks.iter().find(|(from, long, ..)| (*from..from + long).contains(&hour));
        let told = run(
            &mut stream,
            &mut anomalies,
            0..10 * DAY,
            &|hour, nature| at(hour).filter(|_| nature.value != "b" && nature.value != "en").map_or(1.0, |found| found.2),
            &|hour| at(hour).map_or(1.0, |found| found.3),
        );
        for (hour, candidate) in mixes(&told) {
            let row = Gate::new(K::DEFAULT).release_mix(candidate.clone());
            let row = row.expect("the gate lets through what is told");
            prop_assert!(row.evidence.authors >= 10 && candidate.at.shown.is_none_or(|shown| shown.authors >= 10));
            prop_assert!(candidate.at.as_of == MONDAY + (hour + 1) * HOUR);
            let [low, high] = candidate.interval;
            prop_assert!(0.0 <= low && low <= candidate.expected && candidate.expected <= high && high <= 1.0, "{low} {} {high}", candidate.expected);
        }
    }
}
