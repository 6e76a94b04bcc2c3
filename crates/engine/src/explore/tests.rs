//! Tests of the index by itself, without the engine.

use groundswell_edge::Link;
use groundswell_gate::K;
use groundswell_watch::Frequencies;
use proptest::prelude::*;

use super::*;

/// Midnight.
const START: i64 = 1_800_057_600;
const DAY: i64 = 86_400;

fn at(unix: i64) -> EventTime {
    EventTime::from_unix(unix)
}

/// 0 is no token.
fn named(author: u64) -> AuthorToken {
    AuthorToken::from_bits(author + 1)
}

fn query(text: &str) -> Percolator {
    let query = groundswell_query::parse(text).unwrap();
    Percolator::compile([&query], &mut Analyzer::new(), &Frequencies::builtin()).unwrap()
}

fn post(author: u64, key: u64, time: i64, text: &str) -> EdgePost {
    EdgePost {
        time: at(time),
        author: Some(named(author)),
        key: Some(PostKey::from_bits(key)),
        text: text.to_owned(),
        ..EdgePost::default()
    }
}

/// Posts and authors by hour, in hours since the start; `None`: held back.
fn told(index: &ExploreIndex, text: &str, now: i64) -> Vec<(i64, Option<(u64, u64)>)> {
    let ticket = index.ticket(at(now)).unwrap();
    let trial = index.trial(ticket, &query(text), text, &Gate::exact(K::DEFAULT), at(now));
    let row = |row: &Released<VolumeRow>| {
        ((row.window.start - START) / 3_600, row.figures.map(|figures| (figures.posts, figures.authors)))
    };
    trial.hours.iter().map(row).collect()
}

/// A key that makes this the post's level.
fn key(level: u32, number: u64) -> u64 {
    (2 * number + 1) << level
}

#[test]
fn a_query_is_counted_by_closed_hours_and_below_k_is_held_back() {
    let index = ExploreIndex::new(2, 1 << 20);
    for author in 0..30 {
        let mut wet = post(author, key(0, author), START + author as i64, "Flood at the river");
        wet.hashtags.push("storm".to_owned());
        wet.links.push(Link { domain: "example.org".to_owned(), url: None });
        index.push(author as usize % 2, &wet, at(START));
        let words = if author < 9 { "the flood again" } else { "sunshine" };
        index.push(0, &post(author, key(0, 100 + author), START + 3_600, words), at(START));
        index.push(1, &post(author, key(0, 200 + author), START + 7_200, "a flood"), at(START));
    }
    assert_eq!(told(&index, "flood*", START), [], "no hour is closed yet");
    index.closed(START + 7_200);
    assert_eq!(told(&index, "flood*", START), [(0, Some((30, 30))), (1, None)]);
    assert_eq!(told(&index, "flood AND #storm AND domain:example.org", START), [(0, Some((30, 30))), (1, None)]);
    assert_eq!(told(&index, "volcano", START), [(0, None), (1, None)], "nothing and too few look alike");
    // What is shown is changed, and by the same number for the same query.
    let shown = |text: &str| {
        let ticket = index.ticket(at(START)).unwrap();
        index.trial(ticket, &query(text), text, &Gate::new(K::DEFAULT), at(START)).hours
    };
    assert_eq!(shown("flood*"), shown("flood*"));
}

#[test]
fn what_is_deleted_goes_also_where_it_comes_after_its_deletion() {
    let index = ExploreIndex::new(1, 1 << 20);
    let deletions = [DeleteKey::Post(PostKey::from_bits(key(0, 0))), DeleteKey::Author(named(1))];
    let late = DeleteKey::Post(PostKey::from_bits(key(0, 300)));
    index.delete(&[late], at(START));
    for number in 0..301 {
        index.push(0, &post(number, key(0, number), START, "flood"), at(START));
    }
    index.closed(START + 3_600);
    index.delete(&deletions, at(START + 10));
    index.tend(at(START + 20));
    let held: usize = index.held().1.iter().map(|block| count(block)).sum();
    assert_eq!(held, 298, "nobody had to ask");
    assert_eq!(told(&index, "flood", START + 20), [(0, Some((298, 298)))]);
    // Another author of the same number that comes after that was not meant.
    index.push(0, &post(1, key(0, 400), START, "flood"), at(START + 1_000));
    index.tend(at(START + 1_000));
    index.tend(at(START + 1_020));
    assert_eq!(told(&index, "flood", START + 1_020), [(0, Some((298, 298)))]);
}

fn count(block: &Packed) -> usize {
    let mut count = 0;
    block.read(&mut EdgePost::default(), &mut |_, _| count += 1);
    count
}

#[test]
fn nothing_is_held_longer_than_its_keys_and_nothing_longer_than_72_hours() {
    let index = ExploreIndex::new(1, 1 << 20);
    for hour in 0..60 {
        for author in 0..20 {
            let time = START + hour * 3_600;
            index.push(0, &post(author, key(0, (hour * 20) as u64 + author), time, "flood"), at(time));
        }
    }
    index.closed(START + 2 * DAY - 1);
    assert_eq!(told(&index, "flood", START + 2 * DAY).first(), Some(&(0, Some((20, 20)))));
    index.closed(START + 2 * DAY);
    let hours = told(&index, "flood", START + 2 * DAY);
    assert_eq!((hours.first(), hours.len()), (Some(&(24, Some((20, 20)))), 24));
    // The stream stands still; the clock does not.
    index.tend(at(START + 60 * 3_600 + HELD_SECONDS));
    assert_eq!(told(&index, "flood", START + 60 * 3_600 + HELD_SECONDS), []);
}

#[test]
fn where_room_is_short_a_fair_part_is_held() {
    let room = 1 << 20;
    let index = ExploreIndex::new(1, room);
    // Pseudo-random words, which do not pack well.
    let mut seed = 1_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed ^ seed >> 29
    };
    let posts = 60_000_u64;
    for number in 0..posts {
        let text = format!("flood {:x} {:x} {:x} {:x}", next(), next(), next(), next());
        index.push(0, &post(number % 5_000, next(), START + (number / 30_000) as i64 * 3_600, &text), at(START));
        if number % 1_000 == 0 {
            let held: usize = lock(&index.shards[0]).iter().map(Blocks::held).sum();
            assert!(held <= room, "{held}");
        }
    }
    index.closed(START + 7_200);
    let ticket = index.ticket(at(START)).unwrap();
    let trial = index.trial(ticket, &query("flood"), "flood", &Gate::exact(K::DEFAULT), at(START));
    assert!(trial.one_in > 1 && trial.one_in.is_power_of_two());
    let held: u64 = trial.hours.iter().map(|row| row.figures.unwrap().posts).sum();
    let expected = posts / trial.one_in;
    // Five standard deviations.
    assert!(held.abs_diff(expected) < 5 * expected.isqrt(), "{held} of {posts}, one in {}", trial.one_in);
    let [first, second] = [0, 1].map(|hour| trial.hours[hour].figures.unwrap().posts);
    assert!(first.abs_diff(second) < 7 * expected.isqrt(), "{first} and {second}");
}

#[test]
fn a_day_has_so_many_trials_and_no_more() {
    let index = ExploreIndex::new(1, 1 << 20);
    let left = |now: i64| index.ticket(at(now)).map(|ticket| ticket.left).ok();
    for expected in (0..TRIALS_A_DAY).rev() {
        assert_eq!(left(START), Some(expected));
    }
    assert_eq!(left(START + DAY - 1), None);
    for expected in (0..TRIALS_A_DAY).rev() {
        assert_eq!(left(START + DAY), Some(expected));
    }
    assert_eq!(left(START), None, "also where the clock is set back");
}

/// The differencer with a day's trials, all spent in pairs with and without a word that only this person would write. He knows
/// every other post.
#[test]
#[allow(clippy::print_stderr, reason = "prints what the attacker gains")]
fn a_days_trials_tell_no_more_of_a_person_than_the_bound() {
    const PAIRS: u64 = TRIALS_A_DAY as u64 / 2;
    const WORLDS: u64 = 150;
    let queries: Vec<[(String, Percolator); 2]> = (0..PAIRS)
        .map(|pair| {
            [format!("flood AND NOT v{pair}"), format!("flood AND NOT v{pair} AND NOT zanzibar")].map(|text| {
                let compiled = query(&text);
                (text, compiled)
            })
        })
        .collect();
    let says_so = |world: u64, took_part: bool| {
        let index = ExploreIndex::new(1, 1 << 20);
        let token = |author: u64| CellKey::of_author(author + world * 1_000).draw(7);
        let author = |author: u64| token(author).into_iter().fold(0, |bits, part| bits << 32 | u64::from(part));
        for number in 0..200 {
            let text = format!("the flood v{}", number % PAIRS);
            index.push(0, &post(author(number), key(0, number), START, &text), at(START));
        }
        if took_part {
            index.push(0, &post(author(900), key(0, 900), START, "the flood at zanzibar"), at(START));
        }
        index.closed(START + 3_600);
        let shown = |(text, query): &(String, Percolator)| {
            let ticket = index.ticket(at(START)).unwrap();
            let trial = index.trial(ticket, query, text, &Gate::new(K::DEFAULT), at(START));
            i64::try_from(trial.hours[0].figures.unwrap().posts).unwrap()
        };
        let more: i64 = queries.iter().map(|[with, without]| shown(with) - shown(without)).sum();
        2 * more > PAIRS as i64
    };
    let said = |took_part: bool| (0..WORLDS).filter(|world| says_so(*world, took_part)).count() as f64;
    let advantage = (said(true) - said(false)) / WORLDS as f64;
    eprintln!("{PAIRS} pairs of trials, which is a day's, gain {advantage:.3} (bound .416, ± .13)");
    // 2Φ(√16 / 7.3) − 1, and three standard deviations of what was measured.
    assert!(advantage < 0.416 + 3.0 * (0.5 / WORLDS as f64).sqrt(), "{advantage}");
}

#[test]
fn it_prints_nothing() {
    let index = ExploreIndex::new(1, 1 << 20);
    index.push(0, &post(1, 1, START, "quagga"), at(START));
    assert_eq!(format!("{index:?}"), "ExploreIndex(redacted)");
}

proptest! {
    /// Whatever is pushed, deleted and closed in whatever order, what is held is what a list would hold.
    #[test]
    fn it_holds_what_a_list_holds(acts in prop::collection::vec((0..12_u8, 0..20_u64, 0..600_u64, 0..72_i64), 1..900)) {
        let index = ExploreIndex::new(2, 1 << 24);
        let mut list: Vec<(u64, u64, i64)> = Vec::new();
        let mut closed = START;
        for (number, (act, author, id, hour)) in acts.into_iter().enumerate() {
            // Long enough after each other that no deletion is looked for twice.
            let now = at(START + number as i64 * (DELETED_SECONDS + SWEEP_SECONDS));
            let deleted = match act {
                0 => DeleteKey::Post(PostKey::from_bits(key(0, id))),
                1 => DeleteKey::Author(named(author)),
                2 => {
                    closed = closed.max(START + hour * 3_600);
                    index.closed(closed);
                    index.sweep(at(START));
                    let first = (closed - START).div_euclid(DAY) * DAY - DAY;
                    list.retain(|(_, _, post_hour)| *post_hour * 3_600 >= first);
                    continue;
                }
                _ => {
                    let first = (closed - START).div_euclid(DAY) * DAY - DAY;
                    if hour * 3_600 >= first {
                        let text = format!("word {id} {author}");
                        index.push(number % 2, &post(author, key(0, id), START + hour * 3_600, &text), at(START));
                        list.push((author, key(0, id), hour));
                    }
                    continue;
                }
            };
            index.delete(&[deleted], now);
            // All were read at the same time, so that none is too old.
            index.sweep(at(START));
            lock(&index.deleted).keys.clear();
            list.retain(|(author, key, _)| {
                DeleteKey::Author(named(*author)) != deleted
                    && DeleteKey::Post(PostKey::from_bits(*key)) != deleted
            });
        }
        let mut held = Vec::new();
        for block in index.held().1 {
            block.read(&mut EdgePost::default(), &mut |head, post| {
                let key = post.key.unwrap().bits();
                let author = head.author().unwrap().bits() - 1;
                assert_eq!(post.text, format!("word {} {author}", key / 2));
                held.push((author, key, (head.hour() - START) / 3_600));
            });
        }
        held.sort_unstable();
        list.sort_unstable();
        prop_assert_eq!(held, list);
    }
}
