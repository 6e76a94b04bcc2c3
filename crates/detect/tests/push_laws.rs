//! What must hold of pushed links and hashtags whatever people write.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "amplify/bench.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod bench;

use std::collections::HashSet;

use bench::{Bench, said};
use groundswell_detect::amplify::{AmplifyDelta, OBJECTS_ALONE_MAX, VALUES_MAX};
use groundswell_edge::{AuthorToken, DeleteKey, EdgePost, Link, PostKey, PublisherItem};
use groundswell_gate::{AmplificationCandidate, AmplificationObject, Gate, K, ObjectType};
use groundswell_post::{Kind, Relation};
use groundswell_sketch::{Step, Window};
use proptest::prelude::*;

const DAY_MINUTES: i64 = 24 * 60;
const URL: &str = "https://petition.example/the-river-report";

/// A post with an object in words that nobody else uses.
fn with(unix: i64, author: u64, object: &str) -> EdgePost {
    let text = format!("w{author} x{unix} y{}", author.wrapping_mul(unix as u64 | 1));
    match object.split_once("://") {
        Some((_, rest)) => {
            let domain = rest.split('/').next().unwrap().to_owned();
            let links = vec![Link { domain, url: Some(object.to_owned()) }];
            EdgePost { links, ..said(unix, author, &format!("{text} ⟨link⟩")) }
        }
        None => said(unix, author, &format!("{text} {object}")),
    }
}

impl Bench {
    /// Posts by so many authors, two a minute.
    fn push(&mut self, minute: i64, authors: std::ops::Range<u64>, object: &str) {
        for (nth, author) in (0..).zip(authors) {
            let process = author as usize % self.observers.len();
            self.take(process, with((minute + nth / 2) * 60 + nth % 7, author, object));
        }
    }

    /// Other talk a day before a minute and in the hours before it, so that a day is known.
    fn know_the_day_before(&mut self, minute: i64) {
        self.until(minute - DAY_MINUTES, minute - DAY_MINUTES + 1);
        self.until(minute - 200, minute);
    }

    fn objects(&self) -> Vec<&AmplificationObject> {
        self.found.iter().map(|found| &found.object).collect()
    }
}

fn hashtag(tag: &str) -> AmplificationObject {
    AmplificationObject::Hashtag(tag.to_owned())
}

fn link(url: &str) -> AmplificationObject {
    let domain = url.split("://").nth(1).unwrap().split('/').next().unwrap();
    AmplificationObject::Link { url: url.to_owned(), domain: domain.to_owned() }
}

fn posts(found: &AmplificationCandidate) -> u64 {
    found.buckets.iter().map(|bucket| bucket.posts).sum()
}

#[test]
fn a_pushed_link_is_found_though_the_texts_differ() {
    let mut bench = Bench::new(2);
    bench.know_the_day_before(1_500);
    bench.push(1_500, 0..24, URL);
    for author in 0..24 {
        let repost = EdgePost { relation: Relation::Repost, ..with(1_505 * 60, 500 + author, URL) };
        bench.take(author as usize % 2, repost);
    }
    bench.until(1_500, 1_700);
    let [found] = bench.found.as_slice() else { panic!("{:?}", bench.found) };
    assert_eq!(found.object, link(URL));
    assert!(
        (20..=24).contains(&found.authors) && (20..=24).contains(&posts(found)),
        "reposts are apart: {}",
        posts(found)
    );
    assert_eq!(found.reposts.posts, 24);
    assert!(found.q.is_some_and(|q| q <= 1.0), "{:?}", found.q);
    let row = Gate::exact(K::DEFAULT).release_amplification(found.clone()).unwrap();
    assert_eq!((row.object, row.shared_text.as_str()), (ObjectType::Link, URL));
    assert_eq!(row.domains, ["petition.example"]);
    assert!(row.synchrony >= 5.0 && row.q.is_some() && row.reposts == Some(24));
}

#[test]
fn a_pushed_hashtag_is_found_however_it_is_spelt() {
    let mut bench = Bench::new(3);
    bench.know_the_day_before(1_500);
    for author in 0..12 {
        let tag = ["#SaveTheRiver", "#savetheriver", "＃SAVETHERIVER"][author as usize % 3];
        bench.push(1_500 + author as i64 / 3, author..author + 1, tag);
    }
    bench.until(1_500, 1_800);
    assert_eq!(bench.objects(), [&hashtag("savetheriver")]);
    let row = Gate::exact(K::DEFAULT).release_amplification(bench.found[0].clone()).unwrap();
    assert_eq!((row.object, row.shared_text.as_str()), (ObjectType::Hashtag, "#savetheriver"));
}

/// Of the first hours alone, anything may be usual; a large one stands out earlier than a small one, and both do once a day is known.
#[test]
fn a_push_of_the_first_hours_is_told_when_more_of_the_day_is_known() {
    let mut bench = Bench::new(2);
    bench.until(0, 100);
    bench.push(100, 0..14, "#few");
    for author in 1_000..1_200 {
        bench.take(author as usize % 2, with((100 + author as i64 / 8 % 25) * 60, author, "#many"));
    }
    bench.until(100, 5 * 60);
    assert_eq!(bench.objects(), [&hashtag("many")]);
    bench.until(5 * 60, DAY_MINUTES);
    assert_eq!(bench.objects(), [&hashtag("many"), &hashtag("few")]);
}

#[test]
fn what_goes_on_is_none() {
    let mut bench = Bench::new(2);
    for minute in 0..900 {
        bench.until(minute, minute + 1);
        if minute % 7 == 0 {
            bench.push(minute, minute as u64..minute as u64 + 1, "#caturday");
        }
        // Half as many every hour.
        if minute >= 300 && (1.5 * (-((minute - 300) as f64) / 60.0).exp2() * 1e6) as i64 > (minute * 7_919) % 1_000_003
        {
            bench.push(minute, 5_000 + minute as u64..5_001 + minute as u64, "https://paper.example/a-story");
        }
    }
    assert!(bench.found.is_empty(), "{:?}", bench.found.iter().map(posts).collect::<Vec<_>>());
}

#[test]
fn one_tireless_account_reposts_and_publishers_are_none() {
    let mut bench = Bench::new(1);
    bench.know_the_day_before(1_500);
    for nth in 0..40 {
        bench.take(0, with(1_500 * 60 + nth * 20, 7, "#mine"));
        bench.take(
            0,
            EdgePost { relation: Relation::Repost, ..with(1_500 * 60 + nth * 20, 100 + nth as u64, "#theirs") },
        );
        bench.take(0, with(1_500 * 60 + nth * 20, 1_000 + nth as u64, "https://paper.example/a-story"));
    }
    let item = PublisherItem {
        name: "The Paper".to_owned(),
        url: Some("https://paper.example/a-story".to_owned()),
        ..PublisherItem::default()
    };
    let of_publisher = said(1_500 * 60, 0, "A story of the river");
    bench.take(0, EdgePost { kind: Kind::Publisher, publisher: Some(item), author: None, ..of_publisher });
    bench.until(1_500, 1_800);
    assert!(bench.found.is_empty(), "{}", bench.found.len());
    assert_eq!(bench.owner.counters().pushes_of_publishers, 1);
}

#[test]
fn a_push_of_one_text_is_told_as_the_text() {
    let mut bench = Bench::new(2);
    bench.know_the_day_before(1_500);
    for author in 0..20 {
        let text = "Ask your senator today why the river report was hidden from all of us #river";
        let post = EdgePost { text: text.to_owned(), ..with((1_500 + author as i64 / 2) * 60, author, URL) };
        bench.take(author as usize % 2, post);
    }
    bench.until(1_500, 1_800);
    assert_eq!(bench.objects(), [&AmplificationObject::Text]);
    assert_eq!(bench.owner.counters().pushes_of_texts, 2);
}

#[test]
fn a_hashtag_beside_its_link_is_the_same_push() {
    let mut bench = Bench::new(2);
    bench.know_the_day_before(1_500);
    for author in 0..20 {
        let post = with((1_500 + author as i64 / 2) * 60, author, URL);
        let text = format!("{} #river", post.text);
        bench.take(author as usize % 2, EdgePost { text, ..post });
    }
    bench.until(1_500, 1_700);
    assert_eq!(bench.found.len(), 1);
    // The same accounts with something else, hours later, are another one, and carry both.
    bench.push(1_700, 0..20, "#bridge");
    bench.until(1_700, 1_900);
    assert_eq!(bench.found.len(), 2);
    assert_eq!(bench.found.iter().map(|found| found.overlap).max(), Some(20));
}

#[test]
fn what_is_told_on_the_day_after_is_told_once() {
    let midnight = 2 * DAY_MINUTES;
    let mut bench = Bench::new(2);
    bench.until(midnight - 300, midnight - 200);
    for author in 0..20 {
        let post = with((midnight - 200 + author as i64 / 2) * 60, author, URL);
        let text = format!("{} #river", post.text);
        bench.take(author as usize % 2, EdgePost { text, ..post });
    }
    bench.until(midnight - 200, midnight);
    assert!(bench.found.is_empty());
    bench.until(midnight, midnight + DAY_MINUTES - 300);
    assert_eq!(bench.found.len(), 1, "a hashtag beside its link");
}

#[test]
fn authors_of_two_days_do_not_add_up() {
    let mut bench = Bench::new(1);
    let midnight = 86_400 / 60;
    bench.know_the_day_before(midnight);
    bench.push(midnight - 5, 0..9, "#river");
    bench.push(midnight, 500..509, "#river");
    bench.until(midnight, midnight + 400);
    assert!(bench.found.is_empty());
}

#[test]
fn a_push_is_judged_and_goes_on_over_a_restart() {
    for processes in [1, 3] {
        let mut bench = Bench::new(2);
        bench.know_the_day_before(1_500);
        bench.push(1_500, 0..14, URL);
        bench.push(1_500, 50..59, "https://nine.example/quagga");
        bench.until(1_500, 1_508);
        assert!(bench.found.is_empty(), "it may go on");
        let written = bench.restart(processes);
        let holds = |word: &str| written.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(holds("river-report") && !holds("quagga"), "what fewer than k wrote is not written down");
        bench.until(1_508, 1_600);
        let before = bench.found.first().expect("it is found").clone();
        assert_eq!(before.object, link(URL));
        bench.push(1_600, 9_000..9_012, URL);
        bench.until(1_600, 1_700);
        let [after] = bench.found.as_slice() else { panic!("{}", bench.found.len()) };
        assert!(after.id == before.id && posts(after) > posts(&before));
        assert!((10..=14).contains(&after.authors), "never the sum of both: {}", after.authors);
    }
}

#[test]
fn values_and_objects_are_bounded() {
    let mut bench = Bench::new(1);
    let mut nth = 0;
    for minute in 0..12 {
        for _ in 0..(OBJECTS_ALONE_MAX / 160) {
            let tags: Vec<String> = (0..16).map(|at| format!("tag{nth}of{at}")).collect();
            nth += 1;
            bench.take(0, EdgePost { hashtags: tags, ..said(minute * 60, nth, "so") });
        }
        bench.close(minute * 60 + 60);
        assert!(bench.observers[0].bytes() < 64 << 20, "{}", bench.observers[0].bytes());
        assert!(bench.owner.pushes_bytes() < 64 << 20, "{}", bench.owner.pushes_bytes());
    }
    assert!(bench.observers[0].counters().values_forgotten > VALUES_MAX as u64 / 4);
    assert!(bench.owner.counters().objects_evicted > 0);
    let long = format!("https://long.example/{}", "a".repeat(600));
    bench.take(0, with(900, 1, &long));
    assert_eq!(bench.observers[0].counters().links_too_long, 1);
}

#[test]
fn nothing_prints_what_it_holds() {
    let mut bench = Bench::new(1);
    bench.push(1, 4_242..4_252, "#canary");
    let mut deltas: Vec<AmplifyDelta> = Vec::new();
    bench.observers[0].close(600, &mut |delta| deltas.push(delta));
    let printed = format!("{:?} {deltas:?} {:?}", bench.observers, bench.owner);
    assert!(!printed.contains("canary") && !printed.contains("424"), "{printed}");
}

#[cfg(debug_assertions)]
#[test]
fn of_a_deleted_post_nothing_is_held() {
    let mut bench = Bench::new(1);
    let alone = bench.take(0, with(60, 1, "https://quagga.example/alone"));
    let first = bench.take(0, with(61, 2, "#quaggaboth"));
    let second = bench.take(0, with(62, 3, "#quaggaboth"));
    let kept = bench.take(0, with(63, 4, "#okapi"));
    let gone_too = bench.take(0, with(64, 5, "#okapi"));
    bench.close(180);
    let open = bench.take(0, with(200, 6, "https://quagga.example/open"));
    let held = bench.observers[0].held();
    assert!([alone, first, second, kept, open].iter().all(|key| held.keys.contains(key)));
    let keys: HashSet<DeleteKey> =
        [alone, first, second, gone_too, open].map(|key| DeleteKey::Post(PostKey::from_bits(key))).into();
    bench.observers[0].delete_held(&keys);
    bench.observers[0].delete(Window::holding(Step::Minute, 200), &keys);
    let held = bench.observers[0].held();
    assert!([alone, first, second, gone_too, open].iter().all(|key| !held.keys.contains(key)));
    assert!([1, 2, 3, 5, 6].iter().all(|author| !held.authors.contains(author)), "{:?}", held.authors);
    assert!(!held.values.contains("quagga") && held.values.contains("okapi"), "{}", held.values);
    // By author, of one who wrote more often than is remembered.
    (0..40).for_each(|nth| {
        bench.take(0, with(400 + nth, 8, "#quaggaagain"));
    });
    bench.close(600);
    bench.observers[0].delete_held(&[DeleteKey::Author(AuthorToken::from_bits(8))].into());
    let held = bench.observers[0].held();
    assert!(!held.authors.contains(&8) && !held.values.contains("quagga"), "{}", held.values);
}

/// What one author alone wrote leaves its process as a hash.
#[test]
fn what_one_author_wrote_is_told_as_a_hash() {
    let mut bench = Bench::new(1);
    bench.push(1, 1..2, "https://quagga.example/alone");
    bench.push(1, 1..2, "https://quagga.example/alone");
    bench.push(1, 2..4, "#okapi");
    let mut told = Vec::new();
    bench.observers[0].close(600, &mut |delta| told.extend(bincode::serialize(&delta).unwrap()));
    let holds = |word: &str| told.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(!holds("quagga") && holds("okapi"));
}

/// Some posts: process, second, author, which object.
fn talk() -> impl Strategy<Value = Vec<(usize, i64, u64, usize)>> {
    let objects = [URL, "#river", "#bridge", "https://other.example/?id=7"].len();
    prop::collection::vec((0..3_usize, 0..600_i64, 0..30_u64, 0..objects), 0..160)
}

fn object_of(nth: usize) -> &'static str {
    [URL, "#river", "#bridge", "https://other.example/?id=7"][nth]
}

fn run(
    talk: &[(usize, i64, u64, usize)],
    order: &[usize],
    processes: usize,
    closing: &[usize],
) -> Vec<AmplificationCandidate> {
    let mut bench = Bench::new(processes);
    bench.know_the_day_before(1_600);
    for at in order {
        let (process, second, author, object) = talk[*at];
        // No more than one word: no text has company.
        let post = with(1_600 * 60 + second, author, object_of(object));
        let text = if post.links.is_empty() { object_of(object).to_owned() } else { "so".to_owned() };
        bench.take(process % processes, EdgePost { text, ..post });
    }
    for before in (1_600..2_000).map(|minute| (minute + 1) * 60) {
        for process in closing {
            let owner = &mut bench.owner;
            bench.observers[*process].close(before, &mut |delta| owner.merge(*process as u16, delta));
        }
        let found = bench.owner.close(before);
        bench.found.extend(found);
    }
    bench.found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn neither_order_nor_the_number_of_processes_matters(talk in talk(), seed in any::<u64>()) {
        let order: Vec<usize> = (0..talk.len()).collect();
        let mut shuffled = order.clone();
        shuffled.sort_by_key(|at| (*at as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let one = run(&talk, &order, 1, &[0]);
        prop_assert_eq!(&one, &run(&talk, &shuffled, 3, &[2, 0, 1]));
    }

    #[test]
    fn nothing_is_shown_that_fewer_than_k_wrote(talk in talk()) {
        let order: Vec<usize> = (0..talk.len()).collect();
        for found in run(&talk, &order, 3, &[0, 1, 2]) {
            let Some(row) = Gate::exact(K::DEFAULT).release_amplification(found) else { continue };
            let wrote: HashSet<u64> =
                talk.iter().filter(|post| object_of(post.3) == row.shared_text).map(|post| post.2).collect();
            prop_assert!(wrote.len() as u64 >= bench::K && row.authors <= wrote.len() as u64);
        }
    }
}
