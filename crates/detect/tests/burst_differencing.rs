//! The differencer against the times of bursts, as `crates/engine/tests/differencing_bursts.rs`, on the detector and the gate alone and so
//! in many more worlds: in how many do the times of all that is told say whether one person took part, beyond the boundary of k at which
//! PRIVACY section 11 lets it show? No more than a shown number gives may do so. The figures stand in `docs/methods/release.md`.
#![allow(clippy::print_stderr, reason = "a test, which prints what attackers gain")]

use std::collections::{BTreeMap, BTreeSet};

use groundswell_detect::burst::{Arbiter, BurstConfig, Bursts, Counted};
use groundswell_gate::{AuthorBits, BURST_START_GRID, BurstRow, BurstType, Gate, K};
use groundswell_sketch::{CellKey, TextBits};

/// A Monday.
const START: i64 = 1_767_571_200;
const QUIET_MINUTES: i64 = 660;
const MINUTES: i64 = 740;
const WORLDS: u64 = 200;
/// What a shown number gives who knows everything else, and two standard deviations.
const BOUND: f64 = 0.111 + 0.044;

fn mix(number: u64) -> u64 {
    let z = (number ^ 0x5851_f42d_4c95_7f2d).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (z ^ z >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 17
}

fn token(world: u64, author: u64) -> u64 {
    let z = mix(world << 20 ^ author ^ 0x00ab_cdef).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z ^ z >> 31 ^ z << 17
}

/// Twelve everyday posts a minute, and a new word by 10 to 60 people within 5 to 30 minutes, and perhaps by one more.
fn bursts(world: u64, took_part: bool) -> Vec<BurstRow> {
    let crowd = 10 + mix(world) % 51;
    let minutes = 5 + mix(world << 8) % 26;
    let within = |author: u64| QUIET_MINUTES + (mix((world << 40) | author) % (minutes * 60) / 60) as i64;
    let mut flood: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    let people = (0..crowd).chain(took_part.then_some(99_999));
    people.for_each(|author| flood.entry(within(author)).or_default().push(5_000 + author));
    let (mut bursts, mut arbiter) = (Bursts::new(BurstConfig::default()), Arbiter::new(BurstConfig::default(), 1));
    let mut rows = Vec::new();
    for minute in 0..MINUTES {
        let every: Vec<u64> = (0..12).map(|nth| mix((world << 32) | (minute as u64 * 12 + nth)) % 2_000).collect();
        let flood = flood.remove(&minute).unwrap_or_default();
        let all: Vec<u64> = every.iter().chain(&flood).copied().collect();
        bursts.begin(START + minute * 60, all.len() as u64, 1.0);
        let subjects = [
            (BurstType::Total, "all", &all),
            (BurstType::Language, "en", &all),
            (BurstType::Term, "meadow", &every),
            (BurstType::Term, "flood", &flood),
        ];
        for (hash, (kind, value, who)) in (1_u64..).zip(subjects).filter(|(_, subject)| !subject.2.is_empty()) {
            let (mut bits, mut key) = (AuthorBits::default(), CellKey::default());
            for author in who {
                bits.insert(token(world, *author));
                key.add(CellKey::of_author(token(world, *author)));
            }
            let authors = who.iter().collect::<BTreeSet<_>>().len() as u64;
            let hash = mix(hash) << 17 | hash;
            bursts.observe(&Counted {
                hash,
                kind,
                value,
                posts: who.len() as u64,
                authors,
                bits,
                key,
                texts: TextBits::UNKNOWN,
            });
        }
        // True counts, so that the boundary of k can be seen: times do not depend on how they are changed.
        arbiter.take(bursts.end(&mut |_, _| None), &mut |candidate| {
            rows.extend(Gate::exact(K::DEFAULT).release_burst(candidate).map(groundswell_gate::Released::into_inner));
        });
    }
    rows
}

fn times(row: &BurstRow) -> String {
    let BurstRow { id, subject, start, peak, end, window, detected_at, as_of, .. } = row;
    format!("{id} {} {start:?} {peak:?} {end:?} {window:?} {detected_at:?} {as_of:?}", subject.value)
}

#[test]
fn times_say_no_more_of_one_person_than_a_number_does() {
    let (mut told, mut boundary, mut beyond) = (0, 0, 0);
    for world in 0..WORLDS {
        let both = [false, true].map(|took_part| bursts(world, took_part));
        told += u32::from(!both[0].is_empty());
        for row in both.iter().flatten() {
            let told = [Some(row.start), Some(row.peak), row.end];
            assert!(told.into_iter().flatten().all(|time| time.0 % BURST_START_GRID == 0), "{}", times(row));
            assert!(row.end.is_none_or(|end| end <= row.as_of) && row.peak >= row.start);
        }
        let [without, with] = both.each_ref().map(|rows| rows.iter().map(times).collect::<Vec<_>>());
        if without != with {
            let at_k = both.iter().any(|rows| rows.first().is_none_or(|row| row.authors == K::DEFAULT.get()));
            *if at_k && without.first() != with.first() { &mut boundary } else { &mut beyond } += 1;
        }
    }
    eprintln!(
        "of {WORLDS} bursts {told} are told; times give one person away at the boundary of k in {boundary}, else in {beyond}"
    );
    assert!(told * 2 > WORLDS as u32, "the attack is on bursts that are told of");
    assert!(f64::from(beyond) <= WORLDS as f64 * BOUND, "more than docs/methods/release.md says");
}
