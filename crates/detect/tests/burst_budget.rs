//! The budget on streams that burst by themselves: bursts as shards tell of them, told on or not.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, BTreeSet};

use groundswell_detect::burst::{Arbiter, BurstConfig, BurstNews, Scale, ShardMinute, TextsOf};
use groundswell_gate::{AuthorBits, BurstType};
use groundswell_sketch::{CellKey, TextBits};

const DAY: i64 = 1_440;
/// How long each burst is open, in minutes.
const OPEN: i64 = 30;

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
}

/// A burst of nobody else's words.
fn news(hash: u64, start: i64, log10_p: f64) -> BurstNews {
    news_of(hash, start, log10_p, 12)
}

/// Likewise, by so many authors.
fn news_of(hash: u64, start: i64, log10_p: f64, authors: u64) -> BurstNews {
    let mut bits = AuthorBits::default();
    let mut rng = Rng(hash);
    (0..authors).for_each(|_| bits.insert(rng.next()));
    BurstNews {
        hash,
        kind: BurstType::Term,
        value: format!("{hash:016x}"),
        name_publishers: None,
        start: start * 60,
        peak: start * 60,
        end: None,
        scale: Scale::Hour,
        from: start * 60,
        to: start * 60 + 3_600,
        posts: 20,
        authors,
        bits,
        key: CellKey::default(),
        expected: 1.0,
        expected_of_one: 0.01,
        shape: 10.0,
        known: 30.0,
        windows: 90,
        log10_p,
        log10_p_of_one: -0.3,
        coverage: 1.0,
    }
}

/// What the only shard says of a minute, at one look a day: q is p.
fn one_look(minute: i64, news: Vec<BurstNews>) -> ShardMinute {
    ShardMinute { minute: minute * 60, looks_a_day: 1.0, news, texts: Vec::new() }
}

/// A stream with so many bursts a day, each at its height at once, and one more that is as unlikely as `planted` in the middle of the
/// last day. Gives when each was told of with its lowest q, and whether the planted one was.
fn told(a_day: f64, days: i64, planted: f64) -> (Vec<(i64, f64)>, bool) {
    let mut arbiter = Arbiter::new(BurstConfig::default(), 1);
    let mut rng = Rng(7);
    let mut open: Vec<BurstNews> = Vec::new();
    let mut lowest: BTreeMap<String, (i64, f64)> = BTreeMap::new();
    let mut loud = BTreeSet::new();
    for minute in 0..days * DAY {
        let mut coming = Vec::new();
        if rng.unit() < a_day / DAY as f64 {
            // Five decades below the largest budget on average, and far more now and then.
            coming.push(news(rng.next(), minute, 1.3 + 5.0 * rng.unit().ln()));
        }
        if minute == days * DAY - DAY / 2 {
            coming.push(news(1, minute, planted));
        }
        open.retain_mut(|burst| {
            let over = burst.start / 60 + OPEN <= minute;
            if over {
                burst.end = Some(minute * 60);
                coming.push(burst.clone());
            }
            !over
        });
        open.extend(coming.iter().filter(|burst| burst.end.is_none()).cloned());
        arbiter.take(one_look(minute, coming), &mut |candidate| {
            let q = candidate.experience.log10_q(candidate.log10_q);
            if candidate.subject.value == format!("{:016x}", 1) {
                loud.insert(q <= 0.0);
                return;
            }
            let entry = lowest.entry(candidate.id.to_string()).or_insert((minute, q));
            entry.1 = entry.1.min(q);
        });
    }
    (lowest.into_values().collect(), loud.contains(&true))
}

fn a_day(told: &[(i64, f64)], budget: f64, days: i64) -> f64 {
    told.iter().filter(|(_, q)| *q <= budget.log10()).count() as f64 / days as f64
}

#[test]
fn a_stream_that_bursts_by_itself_is_told_of_within_the_budget() {
    for bursts in [60.0, 300.0] {
        let (told, loud) = told(bursts, 10, -60.0);
        for budget in [1.0, 5.0, 20.0] {
            let found = a_day(&told, budget, 10);
            assert!(found <= budget && (budget < 5.0 || found >= budget / 5.0), "{bursts} a day, {budget}: {found}");
        }
        assert!(loud, "what is louder than all of them is told of");
    }
}

#[test]
fn a_stream_of_few_bursts_is_told_of_each() {
    let (told, loud) = told(10.0, 10, -12.0);
    assert!(loud);
    let below = told.len();
    assert!(a_day(&told, 5.0, 10) >= 0.8 * below as f64 / 10.0, "{} of {below}", a_day(&told, 5.0, 10));
}

#[test]
fn two_crowds_that_share_nobody_are_two_bursts() {
    // Of 64 bits forty authors fill thirty, and of twelve others five or six fall among these.
    let mut joined = 0;
    for pair in 0..200 {
        let mut arbiter = Arbiter::new(BurstConfig::default(), 1);
        // Days without a burst, so that two are none too many.
        for minute in 0..3 * DAY {
            arbiter.take(one_look(minute, Vec::new()), &mut |_| {});
        }
        let at = 3 * DAY;
        let both = vec![news_of(2 * pair + 1, at, -9.0, 40), news_of(2 * pair + 2, at, -8.0, 12)];
        let mut told = BTreeSet::new();
        arbiter.take(one_look(at, both), &mut |candidate| {
            told.insert(candidate.id.to_string());
        });
        joined += u32::from(told.len() < 2);
    }
    assert!(joined <= 10, "{joined} of 200");
}

#[test]
fn a_part_that_is_found_first_is_joined_to_what_it_is_a_part_of() {
    let mut arbiter = Arbiter::new(BurstConfig::default(), 1);
    let mut rng = Rng(7);
    // So many bursts that what is hardly unlikely is not told of.
    let first = 3 * DAY;
    for minute in 0..first {
        let begun = news(rng.next(), minute, -3.0);
        let over = BurstNews { end: Some(minute * 60), ..begun.clone() };
        let coming = if minute % 10 == 0 { vec![begun, over] } else { Vec::new() };
        arbiter.take(one_look(minute, coming), &mut |_| {});
    }
    let (mut told, mut before) = (Vec::new(), Vec::new());
    for minute in first..first + 60 {
        // Two that are in the same texts, and a third one.
        let mut some = || (0..10).map(|_| rng.next()).collect::<TextBits>();
        let (same, others) = (some(), some());
        let coming = match minute - first {
            10 => vec![news_of(1, minute, 0.0, 60), news_of(2, minute, 0.0, 60)],
            40 => vec![news_of(3, minute, -60.0, 60)],
            _ => Vec::new(),
        };
        let of = |texts| TextsOf { minute: minute as u32, texts };
        // Of one that opens, also what was before it.
        let new = if coming.is_empty() { before.len() } else { 0 };
        before.extend([(1, of(same)), (2, of(others)), (3, of(same))]);
        let texts = before[new..].to_vec();
        let minute = ShardMinute { texts, ..one_look(minute, coming) };
        arbiter.take(minute, &mut |candidate| told.push((candidate.subject.value, candidate.related)));
    }
    // The louder one goes on for some minutes before the two are compared: it is told of again when there is news of it.
    let last = first + 60;
    let mut again = vec![news_of(3, last - 20, -61.0, 60)];
    again[0].to = last * 60;
    arbiter.take(one_look(last, again), &mut |candidate| told.push((candidate.subject.value, candidate.related)));
    let name = |hash: u64| format!("{hash:016x}");
    assert!(told.iter().all(|(value, _)| *value == name(3)), "only the louder one is told of");
    let parts: Vec<_> = told.last().unwrap().1.iter().map(|part| part.value.clone()).collect();
    assert_eq!(parts, [name(1)]);
}
