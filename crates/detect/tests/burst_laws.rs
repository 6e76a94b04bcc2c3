//! What holds of bursts whatever comes: shards do not matter, one tireless account is none, a gap is none, one burst is one event.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;

use groundswell_detect::burst::{Arbiter, BurstConfig, BurstCounters, Bursts, Counted, SavedArbiter, SavedBursts};
use groundswell_gate::{AuthorBits, BurstCandidate, BurstType};
use groundswell_sketch::{CellKey, PARTITIONS, TextBits, partition_of};

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

/// Posts, authors and texts of a subject in a minute.
#[derive(Clone)]
struct Cell {
    subject: usize,
    posts: u32,
    tokens: Vec<u64>,
    texts: TextBits,
}

/// A text for each token, another one in each minute.
fn own_texts(minute: u32, tokens: &[u64]) -> TextBits {
    tokens.iter().map(|token| token.wrapping_add(u64::from(minute) << 32)).collect()
}

fn hash(subject: usize) -> u64 {
    Rng(subject as u64 + 1).next()
}

/// Runs minutes through so many shards.
fn run(config: &BurstConfig, shards: usize, minutes: &[(u32, Vec<Cell>, u64)]) -> (Vec<BurstCandidate>, BurstCounters) {
    let (found, counters, _) = run_with_restarts(config, shards, minutes, &[]);
    (found, counters)
}

/// Likewise; before some minutes everything is written down, and another process goes on with so many shards. And how large what was
/// written down was. Tokens stay the same: with others, 64 bits would tell authors apart a little better or worse by chance.
fn run_with_restarts(
    config: &BurstConfig,
    mut shards: usize,
    minutes: &[(u32, Vec<Cell>, u64)],
    restarts: &[(u32, usize)],
) -> (Vec<BurstCandidate>, BurstCounters, usize) {
    let mut bursts: Vec<Bursts> = (0..shards).map(|_| Bursts::new(config.clone())).collect();
    let mut arbiter = Arbiter::new(config.clone(), shards);
    let (mut found, mut written) = (Vec::new(), 0);
    for (minute, cells, total) in minutes {
        if let Some((_, now)) = restarts.iter().find(|(at, _)| at == minute) {
            let saved: Vec<SavedBursts> = bursts.iter().map(|shard| through_bytes(&shard.save())).collect();
            let told: SavedArbiter = through_bytes(&arbiter.save());
            written = saved.iter().map(SavedBursts::bytes).sum();
            shards = *now;
            bursts = (0..shards).map(|_| Bursts::new(config.clone())).collect();
            for (shard, bursts) in bursts.iter_mut().enumerate() {
                let owns = |partition: usize| partition.min(PARTITIONS - 1) * shards / PARTITIONS == shard;
                saved.iter().for_each(|saved| bursts.restore(saved, shard == 0, &owns));
            }
            arbiter = Arbiter::new(config.clone(), shards);
            arbiter.restore(&told);
        }
        let start = MONDAY + i64::from(*minute) * 60;
        bursts.iter_mut().for_each(|shard| shard.begin(start, *total, 1.0));
        for cell in cells {
            let mut bits = AuthorBits::default();
            cell.tokens.iter().for_each(|token| bits.insert(*token));
            let hash = hash(cell.subject);
            bursts[partition_of(hash) * shards / PARTITIONS].observe(&Counted {
                hash,
                kind: if cell.subject >= STORY { BurstType::Narrative } else { BurstType::Term },
                value: &format!("subject{:04}", cell.subject),
                posts: cell.posts.into(),
                authors: cell.tokens.len() as u64,
                bits,
                key: CellKey::default(),
                texts: cell.texts,
            });
        }
        // From the last to the first: they come in any order.
        for shard in bursts.iter_mut().rev() {
            arbiter.take(shard.end(&mut |_, _| None), &mut |candidate| found.push(candidate));
        }
    }
    let mut counters = BurstCounters::default();
    bursts.iter().for_each(|shard| counters.add(&shard.counters()));
    (found, counters, written)
}

fn through_bytes<T: serde::Serialize + serde::de::DeserializeOwned>(what: &T) -> T {
    bincode::deserialize(&bincode::serialize(what).unwrap()).unwrap()
}

/// Subjects from this one on are narratives.
const STORY: usize = 1_000;

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
                let texts = own_texts(minute, &tokens);
                cells.push(Cell { subject, posts, tokens, texts });
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

/// On the first day nothing is known of anybody's hours, and one subject that explodes for half of it says nothing of another of its
/// partition.
#[test]
fn a_burst_of_the_first_day_is_found_beside_a_far_louder_one() {
    let pairs = (0..40).flat_map(|one| (one + 1..40).map(move |other| (one, other)));
    let together = |(one, other): &(usize, usize)| partition_of(hash(*one)) == partition_of(hash(*other));
    // The later number is the quieter one.
    let (loud, burst) = pairs.filter(together).find(|(_, other)| (4..20).contains(other)).unwrap();
    for seed in 1..=5 {
        let minutes = world(1, seed, |rng, minute, subject| {
            let times = if subject == loud && (135..620).contains(&minute) {
                47.0
            } else if subject == burst && (820..930).contains(&minute) {
                11.0
            } else {
                1.0
            };
            let more = 4.0 / (1.0 + subject as f64) * (times - 1.0);
            (0..rng.poisson(more)).map(|_| rng.next()).collect()
        });
        let (found, _) = run(&BurstConfig::default(), 1, &minutes);
        let first = found.iter().find(|told| told.subject.value == format!("subject{burst:04}"));
        let first = first.unwrap_or_else(|| panic!("seed {seed}, subject {burst}: {}", summary(&found)));
        let delay = (first.detected_at - MONDAY) / 60 - 820;
        let loudest = found.iter().filter(|told| told.subject.value == first.subject.value).map(|told| told.log10_q);
        let loudest = loudest.min_by(f64::total_cmp).unwrap();
        assert!((0..=20).contains(&delay) && loudest < -2.0, "seed {seed}: {delay} min, {}", summary(&found));
        // It is over when it is over, and not when its own beginning passes for how it was before.
        let end = found.iter().rfind(|told| told.id == first.id).and_then(|told| told.end);
        let end = end.map(|end| (end - MONDAY) / 60);
        assert!(end.is_some_and(|end| (915..=950).contains(&end)), "seed {seed}: {end:?}, {}", summary(&found));
    }
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
    // Others are told as often as chance has it.
    let others = bursts.values().flatten().filter(|told| told.subject.value != "subject0020" && told.log10_q < -1.0);
    assert!(of_it.len() == 1 && bursts.len() <= 6 && others.count() == 0, "{}", summary(&found));
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

/// How unlikely a subject's bursts from a minute on were told to be, at most.
fn told_of(minutes: &[(u32, Vec<Cell>, u64)], subject: &str, since: u32) -> Option<f64> {
    let (found, _) = run(&BurstConfig::default(), 1, minutes);
    let since = MONDAY + i64::from(since) * 60;
    let of_it = found.iter().filter(|told| told.subject.value == subject && told.as_of > since);
    of_it.map(|told| told.log10_q).min_by(f64::total_cmp)
}

#[test]
fn what_rises_all_day_is_found() {
    // From its usual level to eight times as much, in 22 hours: each hour is hardly louder than the one before.
    let (at, hours) = (6 * DAY, 22.0);
    let minutes = world(8, 17, |rng, minute, subject| {
        let age = f64::from(minute.saturating_sub(at)) / 60.0;
        let more = if subject == 30 && age < hours { rng.poisson(4.0 / 31.0 * 7.0 * age / hours) } else { 0 };
        (0..more).map(|_| rng.next()).collect()
    });
    let q = told_of(&minutes, "subject0030", at);
    assert!(q.is_some_and(|q| q < -1.0), "{q:?}");
}

#[test]
fn what_lasts_a_quarter_of_an_hour_stands_out_in_it() {
    let at = 5 * DAY + 137;
    let minutes = world(6, 19, |rng, minute, subject| {
        // Too few in five minutes, drowned in an hour.
        let more = subject == 35 && (at..at + 15).contains(&minute);
        (0..u32::from(more)).map(|_| rng.next()).collect()
    });
    let q = told_of(&minutes, "subject0035", at);
    assert!(q.is_some_and(|q| q < -1.5), "{q:?}");
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

/// What a platform's button passes on, whoever presses it, is one text; the same posts with texts of their own are a burst.
#[test]
fn one_text_that_many_pass_on_is_no_burst() {
    let at = 4 * DAY;
    let told = |texts: Option<&[u64]>| {
        let mut minutes = world(6, 5, |rng, minute, subject| {
            let more = if subject == 25 && (at..at + 180).contains(&minute) { 4 } else { 0 };
            (0..more).map(|_| rng.next()).collect()
        });
        for (minute, cells, _) in minutes.iter_mut().filter(|(minute, ..)| (at..at + 180).contains(minute)) {
            for cell in cells.iter_mut().filter(|cell| cell.subject == 25) {
                if let Some(texts) = texts {
                    // What is passed on, and what is written as ever.
                    cell.texts = own_texts(*minute, &cell.tokens[..cell.tokens.len() - 4]);
                    cell.texts = cell.texts.union(texts.iter().copied().collect());
                }
            }
        }
        let (found, _) = run(&BurstConfig::default(), 1, &minutes);
        found.iter().any(|told| told.subject.value == "subject0025")
    };
    assert!(told(None));
    assert!(!told(Some(&[7])));
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

/// The whole and one word over a week. For an hour the large one of two sources is away, and in the middle of it the word bursts;
/// `coverage` is what the detector is told of that time.
fn with_a_source_away(coverage: f32) -> Vec<BurstCandidate> {
    let (config, mut rng) = (BurstConfig::default(), Rng(41));
    let (mut bursts, mut arbiter) = (Bursts::new(config.clone()), Arbiter::new(config, 1));
    let (mut found, away) = (Vec::new(), 5 * DAY + 385..5 * DAY + 455);
    for minute in 0..7 * DAY {
        let season = 1.0 + 0.4 * (f64::from(minute % DAY) / f64::from(DAY) * std::f64::consts::TAU).sin();
        let heard = if away.contains(&minute) { 0.1 } else { 1.0 };
        let all = rng.poisson(100.0 * season * heard);
        let burst = if (5 * DAY + 400..5 * DAY + 430).contains(&minute) { 12 } else { 0 };
        let one = rng.poisson(2.0 * season * heard) + burst;
        let told = if away.contains(&minute) { coverage } else { 1.0 };
        bursts.begin(MONDAY + i64::from(minute) * 60, u64::from(all + burst), told);
        for (kind, value, posts) in [(BurstType::Total, "all", all + burst), (BurstType::Term, "word", one)] {
            let mut bits = AuthorBits::default();
            (0..posts).for_each(|_| bits.insert(rng.next()));
            let (hash, posts) = (hash(value.len()), u64::from(posts));
            bursts.observe(&Counted {
                hash,
                kind,
                value,
                posts,
                authors: posts,
                bits,
                key: CellKey::default(),
                texts: TextBits::UNKNOWN,
            });
        }
        arbiter.take(bursts.end(&mut |_, _| None), &mut |candidate| found.push(candidate));
    }
    found
}

#[test]
fn a_source_that_comes_back_is_no_burst_of_the_whole() {
    let of = |found: &[BurstCandidate], kind| -> Vec<BurstCandidate> {
        found.iter().filter(|told| told.subject.kind == kind).cloned().collect()
    };
    let told = with_a_source_away(0.1);
    let whole = of(&told, BurstType::Total);
    assert!(whole.is_empty(), "{}", summary(&whole));
    let word = of(&told, BurstType::Term);
    assert!(!word.is_empty() && word.iter().all(|told| (0.1..0.3).contains(&told.coverage)), "{}", summary(&word));
    // Who does not know of the gap takes its end for one.
    let unknowing = with_a_source_away(1.0);
    assert!(!of(&unknowing, BurstType::Total).is_empty(), "{}", summary(&unknowing));
    assert!(of(&unknowing, BurstType::Term).iter().all(|told| (told.coverage - 1.0).abs() < 1e-6));
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
fn what_lies_packed_is_found_all_the_same() {
    let minutes = world(5, 11, |rng, minute, subject| {
        let at = 3 * DAY + subject as u32 * 31;
        let more = if subject > 8 && (at..at + 45).contains(&minute) { 7 } else { 0 };
        (0..more).map(|_| rng.next()).collect()
    });
    let (awake, _) = run(&BurstConfig::default(), 2, &minutes);
    assert!(by_id(&awake).len() > 10, "the test says something");
    // All but those whose burst is open are packed every minute.
    let (packed, _) = run(&BurstConfig { awake_max: 0, ..BurstConfig::default() }, 2, &minutes);
    assert_eq!(awake, packed);
}

/// What is said of a burst beside who wrote, and how likely it is by accident, which rests on who wrote too.
fn but_for_authors(told: &BurstCandidate) -> (String, i64, Option<i64>, i64, i64, u64, String) {
    let BurstCandidate { scale, expected, shape, coverage, windows, peak, .. } = told;
    let numbers = format!("{scale:?} {expected:.9} {shape:.9} {coverage:.9} {windows} {peak}");
    (told.id.to_string(), told.start, told.end, told.from, told.to, told.posts, numbers)
}

#[test]
fn a_story_that_no_restart_outlives_has_an_end() {
    let (from, restart) = (2 * DAY + 60, 2 * DAY + 72);
    let mut minutes = world(3, 5, |_, _, _| Vec::new());
    let mut rng = Rng(9);
    for (_, cells, total) in &mut minutes[from as usize..restart as usize] {
        let tokens: Vec<u64> = (0..12).map(|_| rng.next()).collect();
        cells.push(Cell { subject: STORY, posts: 12, texts: own_texts(0, &tokens), tokens });
        *total += 12;
    }
    let (found, _, _) = run_with_restarts(&BurstConfig::default(), 2, &minutes, &[(restart, 3)]);
    let told: Vec<_> = found.iter().filter(|told| told.subject.kind == BurstType::Narrative).collect();
    let (first, last) = (told.first().expect("it is a burst"), told.last().unwrap());
    assert!(first.as_of <= MONDAY + i64::from(restart) * 60 && first.end.is_none());
    assert_eq!((last.end, last.as_of), (Some(last.to), MONDAY + i64::from(restart + 1) * 60));
    assert!(told.iter().all(|told| told.id == first.id));
}

#[test]
fn a_restart_finds_the_same() {
    let minutes = world(6, 11, |rng, minute, subject| {
        let at = 3 * DAY + subject as u32 * 61;
        let more = if subject > 8 && (at..at + 45).contains(&minute) { 9 } else { 0 };
        (0..more).map(|_| rng.next()).collect()
    });
    let config = BurstConfig { subjects_max: 64 * 8, ..BurstConfig::default() };
    let (whole, _) = run(&config, 2, &minutes);
    assert!(by_id(&whole).len() > 10, "the test says something");
    let unix = |minute: u32| MONDAY + i64::from(minute) * 60;
    for (before, after, restart) in [
        (1, 1, DAY + 77),
        (2, 3, 3 * DAY + 719),
        (1, 2, 3 * DAY + 12 * 61 + 5),
        (3, 1, 3 * DAY + 15 * 61 + 20),
        (2, 2, 3 * DAY + 20 * 61 + 50),
        (1, 3, 4 * DAY + 3),
    ] {
        let (found, _, written) = run_with_restarts(&config, before, &minutes, &[(restart, after)]);
        assert!(written > 5_000);
        let place = format!("{before} to {after} shards at {restart}:\n{}\nand\n{}", summary(&found), summary(&whole));
        let (ours, theirs) = (by_id(&found), by_id(&whole));
        let mut same = 0;
        for (id, told) in &theirs {
            let known = told[0].as_of <= unix(restart);
            if known || told[0].start > unix(restart + 60) {
                let found = ours.get(id).unwrap_or_else(|| panic!("{id} is lost, {place}"));
                assert_eq!(found[0].as_of, told[0].as_of, "{place}");
                let [ours, theirs] = [found, told].map(|told| told[told.len() - 1].end.unwrap());
                // Of one that was open, the last looks know of fewer authors, so it may be over sooner.
                let sooner = if known && theirs > unix(restart) { 3_600 } else { 0 };
                assert!(
                    (theirs - sooner..=theirs).contains(&ours),
                    "{} ends at {ours} and {theirs}, {place}",
                    told[0].subject.value
                );
                let [found, told] = [found, told].map(|told| {
                    // Of a look over the restart, it is not known how many there were on both sides together.
                    let clear = told.iter().filter(|told| told.to <= unix(restart) || told.from > unix(restart));
                    clear
                        .filter(|told| told.as_of <= unix(restart) || !known)
                        .map(|told| but_for_authors(told))
                        .collect::<Vec<_>>()
                });
                assert_eq!(found, told, "{place}");
                same += 1;
            } else {
                // It had begun and was not known yet: it is found, though perhaps later.
                let near = |other: &&Vec<&BurstCandidate>| {
                    other[0].subject.value == told[0].subject.value && (other[0].start - told[0].start).abs() < 3_600
                };
                let found = ours.values().find(near).unwrap_or_else(|| panic!("{id} is lost, {place}"));
                assert!((found[0].as_of - told[0].as_of).abs() <= 600, "{place}");
            }
        }
        assert_eq!(ours.len(), theirs.len(), "{place}");
        assert!(same + 2 >= theirs.len(), "{place}");
        let authors = |found: &[BurstCandidate]| found.iter().map(|told| told.subject.authors).max();
        assert!(authors(&found) <= authors(&whole));
    }
    // Who forgets everything finds less: the test can fail.
    let (forgetful, _) = run(&config, 1, &minutes[(3 * DAY + 12 * 61) as usize..]);
    assert!(by_id(&forgetful).len() < by_id(&whole).len());
}

/// What a checkpoint of as many subjects as there may be costs: `cargo test --release -p groundswell-detect --test burst_laws -- \
/// --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn what_a_quarter_of_a_million_subjects_cost_a_checkpoint() {
    const SUBJECTS: usize = 250_000;
    let mut bursts = Bursts::new(BurstConfig::default());
    let mut rng = Rng(3);
    for minute in (0..3 * DAY).step_by(60) {
        bursts.begin(MONDAY + i64::from(minute) * 60, 1_000_000, 1.0);
        // A few are in every hour, most in a few of them.
        for subject in (0..SUBJECTS).filter(|subject| (subject + minute as usize / 60).is_multiple_of(1 + subject % 13))
        {
            let mut bits = AuthorBits::default();
            let posts = 2 + rng.next() % 6;
            (0..posts).for_each(|_| bits.insert(rng.next()));
            let (hash, kind, key) = (hash(subject), BurstType::Term, CellKey::default());
            bursts.observe(&Counted {
                hash,
                kind,
                value: "x",
                posts,
                authors: posts,
                bits,
                key,
                texts: TextBits::UNKNOWN,
            });
        }
        bursts.end(&mut |_, _| None);
    }
    let timed = |what: &str, since: std::time::Instant| println!("{what}: {:.2} s", since.elapsed().as_secs_f64());
    println!("{} subjects", bursts.subjects());
    let since = std::time::Instant::now();
    let saved = bursts.save();
    timed("written to memory", since);
    println!("{} bytes, {} a subject", saved.bytes(), saved.bytes() / bursts.subjects());
    let bytes = bincode::serialize(&saved).unwrap();
    let since = std::time::Instant::now();
    let saved: SavedBursts = bincode::deserialize(&bytes).unwrap();
    timed("read and looked through", since);
    let mut restored = Bursts::new(BurstConfig::default());
    let since = std::time::Instant::now();
    restored.restore(&saved, true, &|_| true);
    timed("restored", since);
    assert_eq!(restored.subjects(), bursts.subjects());
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn the_form_has_not_changed_without_its_number() {
    // When this fails, what an earlier program wrote would be misread: raise `FORMAT` in `engine/src/checkpoint.rs`. Or libzstd is another
    // one, which packs otherwise and reads both: then only the first pair of numbers differs.
    let (mut bursts, bits) = (Bursts::new(BurstConfig::default()), AuthorBits::of_number(3));
    for minute in 0..300 {
        bursts.begin(MONDAY + minute * 60, 100, 0.5);
        let (kind, key) = (BurstType::Term, CellKey::from_bits(7));
        bursts.observe(&Counted {
            hash: 5,
            kind,
            value: "word",
            posts: 4,
            authors: 3,
            bits,
            key,
            texts: TextBits::UNKNOWN,
        });
        bursts.end(&mut |_, _| None);
    }
    let bytes = bincode::serialize(&bursts.save()).unwrap();
    assert_eq!((bytes.len(), checksum(&bytes)), (55_138, 17_579_387_339_114_524_938));
    let bytes = bincode::serialize(&Arbiter::new(BurstConfig::default(), 1).save()).unwrap();
    assert_eq!((bytes.len(), checksum(&bytes)), (530, 14_525_004_321_696_985_837));
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
fn words_of_an_event_of_many_people_are_parts_of_it() {
    let at = 4 * DAY;
    // Hundreds an hour write one word. An hour later some of them write a second one as well, and as many others a third.
    let minutes = world(5, 13, |_, minute, subject| {
        let person = |nth: u64| Rng(u64::from(minute) * 64 + nth).next();
        let later = (at + 60..at + 150).contains(&minute);
        match subject {
            25 if (at..at + 180).contains(&minute) => (0..9).map(person).collect(),
            31 if later => vec![person(0)],
            37 if later => vec![person(20)],
            _ => Vec::new(),
        }
    });
    let (found, _) = run(&BurstConfig::default(), 1, &minutes);
    let named = |subject: &str| found.iter().any(|told| told.subject.value == subject);
    assert!(named("subject0025") && !named("subject0031") && named("subject0037"), "{}", summary(&found));
    let parts: Vec<&str> = found
        .iter()
        .filter(|told| told.subject.value == "subject0025")
        .flat_map(|told| told.related.iter().map(|part| part.value.as_str()))
        .collect();
    assert!(parts.contains(&"subject0031") && !parts.contains(&"subject0037"), "{parts:?}");
    let (again, _) = run(&BurstConfig::default(), 3, &minutes);
    assert_eq!(found, again);
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
                kind: BurstType::Term,
                value: &value,
                posts: 1 + nth as u64 % 4,
                authors: 1,
                bits,
                key,
                texts: TextBits::UNKNOWN,
            });
        }
        bursts.end(&mut |_, _| None);
        assert!(bursts.subjects() <= 1_024 && bursts.young() <= 6_144);
    }
    assert!(bursts.counters().subjects_evicted > 10_000);
}

#[test]
fn nothing_prints_what_it_holds() {
    let mut bursts = Bursts::new(BurstConfig::default());
    bursts.begin(MONDAY, 10, 1.0);
    let counted = Counted {
        hash: 1,
        kind: BurstType::Term,
        value: "canary",
        posts: 1,
        authors: 1,
        bits: AuthorBits::default(),
        key: CellKey::default(),
        texts: TextBits::UNKNOWN,
    };
    bursts.observe(&counted);
    let printed = format!("{bursts:?} {counted:?} {:?}", Arbiter::new(BurstConfig::default(), 1));
    assert!(!printed.contains("canary"), "{printed}");
}
