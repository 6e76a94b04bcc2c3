//! What holds of bursts whatever comes: shards do not matter, one tireless account is none, a gap is none, one burst is one event.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;

use groundswell_detect::burst::{Arbiter, BurstConfig, BurstCounters, Bursts, Counted};
use groundswell_gate::{AuthorBits, BurstCandidate, Dimension};
use groundswell_sketch::{CellKey, PARTITIONS, partition_of};

/// 2026-01-05, a Monday.
const MONDAY: i64 = 1_767_571_200;
const DAY: u32 = 1_440;

struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn poisson(&mut self, mean: f64) -> u32 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.unit(), 0);
        while product > limit {
            count += 1;
            product *= self.unit();
        }
        count
    }
}

/// Posts and authors of a subject in a minute.
#[derive(Clone)]
struct Cell {
    subject: usize,
    posts: u32,
    tokens: Vec<u64>,
}

fn hash(subject: usize) -> u64 {
    Rng(subject as u64 + 1).next()
}

/// Runs minutes through so many shards.
fn run(config: &BurstConfig, shards: usize, minutes: &[(u32, Vec<Cell>, u64)]) -> (Vec<BurstCandidate>, BurstCounters) {
    let mut bursts: Vec<Bursts> = (0..shards).map(|_| Bursts::new(config.clone())).collect();
    let mut arbiter = Arbiter::new(config.clone(), shards);
    let mut found = Vec::new();
    for (minute, cells, total) in minutes {
        let start = MONDAY + i64::from(*minute) * 60;
        bursts.iter_mut().for_each(|shard| shard.begin(start, *total, 1.0));
        for cell in cells {
            let mut bits = AuthorBits::default();
            cell.tokens.iter().for_each(|token| bits.insert(*token));
            let hash = hash(cell.subject);
            bursts[partition_of(hash) * shards / PARTITIONS].observe(&Counted {
                hash,
                dimension: Dimension::Term,
                value: &format!("subject{:04}", cell.subject),
                posts: cell.posts.into(),
                authors: cell.tokens.len() as u64,
                bits,
                key: CellKey::default(),
            });
        }
        // From the last to the first: they come in any order.
        for shard in bursts.iter_mut().rev() {
            arbiter.take(shard.end(&mut |_, _| None), &mut |candidate| found.push(candidate));
        }
    }
    let mut counters = BurstCounters::default();
    bursts.iter().for_each(|shard| counters.add(&shard.counters()));
    (found, counters)
}

/// Forty subjects of different loudness, with a day; `extra` adds to what a subject has in a minute.
fn world(days: u32, seed: u64, mut extra: impl FnMut(&mut Rng, u32, usize) -> Vec<u64>) -> Vec<(u32, Vec<Cell>, u64)> {
    let mut rng = Rng(seed);
    let mut minutes = Vec::new();
    for minute in 0..days * DAY {
        let season = 1.0 + 0.6 * (f64::from(minute % DAY) / f64::from(DAY) * std::f64::consts::TAU).sin();
        let mut cells = Vec::new();
        for subject in 0..40 {
            let posts = rng.poisson(4.0 / (1.0 + subject as f64) * season);
            let mut tokens: Vec<u64> = (0..posts).map(|_| rng.next()).collect();
            tokens.extend(extra(&mut rng, minute, subject));
            let posts = tokens.len() as u32;
            tokens.sort_unstable();
            tokens.dedup();
            if posts > 0 {
                cells.push(Cell { subject, posts, tokens });
            }
        }
        minutes.push((minute, cells, (3_000.0 * season) as u64));
    }
    minutes
}

/// What was told of, for a message.
fn summary(found: &[BurstCandidate]) -> String {
    let line = |c: &BurstCandidate| {
        let at = |unix: i64| (unix - MONDAY) / 60;
        format!(
            "{} {:?} {} of {:.1} q {:.1} at {} from {}",
            c.subject.value,
            c.scale,
            c.posts,
            c.expected,
            c.log10_q,
            at(c.as_of),
            at(c.start)
        )
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn by_id(found: &[BurstCandidate]) -> BTreeMap<String, Vec<&BurstCandidate>> {
    let mut by_id: BTreeMap<String, Vec<&BurstCandidate>> = BTreeMap::new();
    found.iter().for_each(|candidate| by_id.entry(candidate.id.to_string()).or_default().push(candidate));
    by_id
}

#[test]
fn one_burst_is_one_event_with_start_peak_and_end() {
    let at = 4 * DAY + 600;
    let minutes = world(6, 1, |rng, minute, subject| {
        let more = if subject == 20 && (at..at + 60).contains(&minute) { 6 } else { 0 };
        (0..more).map(|_| rng.next()).collect()
    });
    let (found, _) = run(&BurstConfig::default(), 1, &minutes);
    let bursts = by_id(&found);
    let of_it = bursts.values().filter(|told| told[0].subject.value == "subject0020").collect::<Vec<_>>();
    assert!(of_it.len() == 1 && bursts.len() <= 3, "{}", summary(&found));
    let told = of_it[0];
    let (first, last) = (told[0], told[told.len() - 1]);
    let start = MONDAY + i64::from(at) * 60;
    assert!((first.start - start).abs() <= 300, "began {} s off", first.start - start);
    assert!(first.detected_at - start <= 240, "found after {} s", first.detected_at - start);
    assert!(first.end.is_none() && told.iter().all(|other| other.detected_at == first.detected_at));
    let end = last.end.unwrap();
    assert!((end - start - 3_600).abs() <= 1_800, "over {} s after its end", end - start - 3_600);
    assert!(last.peak >= first.start && last.peak < end);
    assert!(last.posts as f64 > 5.0 * last.expected && last.subject.value == "subject0020");
}

#[test]
fn quiet_days_are_quiet() {
    // Five times eight days.
    let (mut all, mut strong) = (0, 0);
    for seed in 30..35 {
        let (found, counters) = run(&BurstConfig::default(), 1, &world(8, seed, |_, _, _| Vec::new()));
        let within = |q: f64| by_id(&found).values().filter(|told| told.iter().any(|one| one.log10_q <= q)).count();
        all += within(0.0);
        strong += within(-1.0);
        assert_eq!(counters, BurstCounters::default());
    }
    // By chance there would be so many: as often as q says, or more rarely.
    assert!(all <= 40 && strong <= 8, "{all} within one a day, {strong} within a tenth");
}

#[test]
fn one_tireless_account_is_no_burst() {
    let at = 4 * DAY;
    let minutes = world(6, 5, |_, minute, subject| {
        // Thirty posts a minute for three hours, by one.
        if subject == 12 && (at..at + 180).contains(&minute) { vec![99; 30] } else { Vec::new() }
    });
    let (found, _) = run(&BurstConfig::default(), 1, &minutes);
    assert!(found.iter().all(|told| told.subject.value != "subject0012"), "{}", summary(&found));
}

#[test]
fn a_gap_is_no_burst_and_neither_is_its_end() {
    let mut minutes = world(7, 7, |_, _, _| Vec::new());
    // Six hours are missing, and in two others nine of ten posts.
    minutes.retain(|(minute, ..)| !(5 * DAY..5 * DAY + 360).contains(minute));
    for (minute, cells, total) in &mut minutes {
        if (6 * DAY..6 * DAY + 120).contains(minute) {
            cells.retain(|cell| (cell.subject as u32 + *minute).is_multiple_of(10));
            *total /= 10;
        }
    }
    let (found, _) = run(&BurstConfig::default(), 1, &minutes);
    assert!(found.iter().all(|told| told.start < MONDAY + i64::from(5 * DAY) * 60), "{}", summary(&found));
}

#[test]
fn more_of_everything_is_no_burst_of_anything() {
    // A source that brings as much again.
    let mut minutes = world(6, 9, |rng, minute, subject| {
        let more = if minute >= 5 * DAY { rng.poisson(4.0 / (1.0 + subject as f64)) } else { 0 };
        (0..more).map(|_| rng.next()).collect()
    });
    minutes.iter_mut().filter(|(minute, ..)| *minute >= 5 * DAY).for_each(|(_, _, total)| *total += 3_000);
    let (found, _) = run(&BurstConfig::default(), 1, &minutes);
    assert!(by_id(&found).len() <= 4, "{}", summary(&found));
}

#[test]
fn shards_do_not_matter() {
    let minutes = world(5, 11, |rng, minute, subject| {
        let at = 3 * DAY + subject as u32 * 31;
        let more = if subject > 8 && (at..at + 45).contains(&minute) { 7 } else { 0 };
        (0..more).map(|_| rng.next()).collect()
    });
    let config = BurstConfig { subjects_max: 64 * 8, ..BurstConfig::default() };
    let (one, _) = run(&config, 1, &minutes);
    assert!(by_id(&one).len() > 10, "the test says something");
    for shards in [2, 3, 7] {
        let (many, _) = run(&config, shards, &minutes);
        assert_eq!(one, many, "{shards} shards");
    }
}

#[test]
fn what_bursts_together_is_one() {
    let at = 4 * DAY;
    // The same people write both words.
    let minutes = world(5, 13, |_, minute, subject| {
        let both = [25, 31].contains(&subject) && (at..at + 40).contains(&minute);
        let people = (0..6).map(|nth| Rng(u64::from(minute) * 64 + nth).next());
        if both { people.collect() } else { Vec::new() }
    });
    let (found, _) = run(&BurstConfig::default(), 1, &minutes);
    let bursts = by_id(&found);
    let of_them =
        bursts.values().filter(|told| ["subject0025", "subject0031"].contains(&told[0].subject.value.as_str()));
    let of_them: Vec<_> = of_them.collect();
    assert_eq!(of_them.len(), 1, "{}", summary(&found));
    assert_eq!(of_them[0].last().unwrap().related.len(), 1);
}

#[test]
fn subjects_have_a_bound() {
    let config = BurstConfig { subjects_max: 1_024, ..BurstConfig::default() };
    let mut bursts = Bursts::new(config);
    for minute in 0..40_i64 {
        bursts.begin(MONDAY + minute * 60, 1_000, 1.0);
        for nth in 0..500 {
            let subject = minute as usize * 500 + nth;
            let hash = hash(subject);
            let value = subject.to_string();
            let bits = AuthorBits::default();
            let key = CellKey::default();
            bursts.observe(&Counted {
                hash,
                dimension: Dimension::Term,
                value: &value,
                posts: 1 + nth as u64 % 4,
                authors: 1,
                bits,
                key,
            });
        }
        bursts.end(&mut |_, _| None);
        assert!(bursts.subjects() <= 1_024 && bursts.young() <= 4_096);
    }
    assert!(bursts.counters().subjects_evicted > 10_000);
}

#[test]
fn nothing_prints_what_it_holds() {
    let mut bursts = Bursts::new(BurstConfig::default());
    bursts.begin(MONDAY, 10, 1.0);
    let counted = Counted {
        hash: 1,
        dimension: Dimension::Term,
        value: "canary",
        posts: 1,
        authors: 1,
        bits: AuthorBits::default(),
        key: CellKey::default(),
    };
    bursts.observe(&counted);
    let printed = format!("{bursts:?} {counted:?} {:?}", Arbiter::new(BurstConfig::default(), 1));
    assert!(!printed.contains("canary"), "{printed}");
}
