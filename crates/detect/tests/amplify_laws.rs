//! What must hold of amplifications whatever people write.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "amplify/bench.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod bench;

use std::collections::HashSet;

use bench::{Bench, said};
use groundswell_detect::amplify::{AmplifyConfig, AmplifyDelta, AmplifyLogs, AmplifyObserver};
use groundswell_edge::{AuthorToken, DeleteKey, EdgePost, Link, PostKey, PublisherItem};
use groundswell_gate::{AmplificationCandidate, Gate, K};
use groundswell_post::{Kind, Relation};
use groundswell_sketch::{Step, Window};
use groundswell_text::{Analysis, Analyzer};
use proptest::prelude::*;

const TEXT: &str = "Ask your senator today why the river report was hidden from all of us";

#[test]
fn a_campaign_is_found_and_told_with_all_that_belongs_to_it() {
    let mut bench = Bench::new(2);
    bench.until(0, 200);
    for author in 0..24 {
        let link = Link { domain: "petition.example".to_owned(), url: None };
        let post = EdgePost { links: vec![link], ..said((200 + author as i64 / 2) * 60, author, TEXT) };
        bench.take(author as usize % 2, post);
        let repost = EdgePost { relation: Relation::Repost, ..said(212 * 60, 500 + author, TEXT) };
        bench.take(author as usize % 2, repost);
    }
    bench.until(200, 400);
    let [found] = bench.found.as_slice() else { panic!("{:?}", bench.found) };
    assert_eq!(bench.texts()[0], TEXT.to_lowercase());
    assert!((20..=24).contains(&found.authors), "{}", found.authors);
    assert!(found.words.iter().all(|word| word.authors == 24));
    assert_eq!(found.domains[0].value, "petition.example");
    assert_eq!((found.reposts.posts, found.buckets.iter().map(|b| b.posts).sum::<u64>() <= 24), (24, true));
    assert_eq!(found.overlap, 0);
    let row = Gate::exact(K::DEFAULT).release_amplification(found.clone()).unwrap();
    assert_eq!(row.shared_text, TEXT.to_lowercase());
    assert!(row.synchrony >= 5.0 && row.reposts == Some(24));
}

#[test]
fn what_came_soon_after_the_start_is_told_when_more_is_known() {
    let mut bench = Bench::new(1);
    bench.until(0, 10);
    for author in 0..14 {
        bench.post((10 + author as i64 * 3) * 60, author, TEXT);
    }
    // It has stopped, but came in a third of all the time that is known.
    bench.until(10, 110);
    assert!(bench.found.is_empty(), "{:?}", bench.texts());
    bench.until(110, 240);
    assert_eq!(bench.texts(), [TEXT.to_lowercase()]);
    let row = Gate::exact(K::DEFAULT).release_amplification(bench.found[0].clone()).unwrap();
    // It is judged by all of it, and shown by whole buckets.
    assert!(row.synchrony >= 4.0, "{}", row.synchrony);
    assert_eq!(bench.owner.counters().families_held, 0);
}

#[test]
fn a_campaign_goes_on_over_a_restart_under_its_number() {
    for processes in [1, 3] {
        let mut bench = Bench::new(2);
        bench.until(0, 200);
        for author in 0..14 {
            bench.post((200 + author as i64 / 2) * 60, author, TEXT);
        }
        bench.until(200, 300);
        let before = bench.found.first().expect("it is found").clone();
        bench.restart(processes);
        assert!(bench.owner.len() == 1);
        for author in 0..12 {
            bench.post((300 + author as i64 / 2) * 60, 9_000 + author, TEXT);
        }
        bench.until(300, 400);
        let [after] = bench.found.as_slice() else { panic!("{:?}", bench.texts()) };
        assert_eq!((after.id, bench.texts()[0].as_str()), (before.id, TEXT.to_lowercase().as_str()));
        let posts = |found: &AmplificationCandidate| found.buckets.iter().map(|bucket| bucket.posts).sum::<u64>();
        assert!(posts(after) > posts(&before), "{} after {}", posts(after), posts(&before));
        assert!((10..=14).contains(&after.authors), "never the sum of both: {}", after.authors);
    }
}

#[test]
fn what_came_before_a_restart_is_judged_after_it() {
    let mut bench = Bench::new(2);
    bench.until(0, 200);
    for author in 0..14 {
        bench.post((200 + author as i64 / 2) * 60, author, TEXT);
    }
    bench.until(200, 208);
    assert!(bench.found.is_empty(), "it may go on");
    bench.restart(1);
    bench.until(208, 300);
    assert_eq!(bench.texts(), [TEXT.to_lowercase()]);
    // Another one, of which nothing was there: how much there was of everything is known.
    let other = "They never told anybody that the bridge at Tarnow was closed for months";
    for author in 0..14 {
        bench.post((300 + author as i64 / 4) * 60, 9_000 + author, other);
    }
    bench.until(300, 400);
    assert_eq!(bench.found.len(), 2, "{:?}", bench.texts());
}

#[test]
fn what_fewer_than_k_wrote_is_not_written_down() {
    let mut bench = Bench::new(2);
    bench.until(0, 200);
    let rare = "Ask your senator today why the quagga report was hidden from all of us";
    for author in 0..12 {
        bench.post((200 + author as i64 / 2) * 60, author, if author % 4 == 3 { rare } else { TEXT });
        if author < 9 {
            bench.post(200 * 60, author, "Nine of us say that okapis and nobody else should have this island back");
        }
    }
    bench.until(200, 250);
    let written = bench.restart(2);
    let holds = |word: &str| written.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(holds("senator") && !holds("quagga") && !holds("river") && !holds("okapis") && !holds("island"));
}

#[test]
fn one_tireless_account_reposts_and_headlines_are_none() {
    let mut bench = Bench::new(1);
    bench.until(0, 200);
    for nth in 0..40 {
        bench.post(200 * 60 + nth * 20, 7, "This one account says the very same words again and again and again");
        let repost = EdgePost { relation: Relation::Repost, ..said(200 * 60 + nth * 20, nth as u64, TEXT) };
        bench.take(0, repost);
        let headline = "Minister resigns over the hidden report on the great river dam at Tarnow";
        bench.post(200 * 60 + nth * 20 + 1, 100 + nth as u64, headline);
        if nth == 5 {
            // The item says more than what people pass on of it.
            let title = Some(headline.to_owned());
            let item = Some(PublisherItem { name: "The Times".to_owned(), title, ..PublisherItem::default() });
            let text =
                format!("{headline}. It had been known for years to all who worked there, says a former engineer");
            let post = EdgePost { kind: Kind::Publisher, publisher: item, author: None, ..said(201 * 60, 0, &text) };
            bench.take(0, post);
        }
    }
    bench.until(200, 500);
    assert!(bench.found.is_empty(), "{:?}", bench.texts());
    assert_eq!(bench.owner.counters().families_of_publishers, 1);
}

#[test]
fn what_goes_on_all_day_is_none() {
    let mut bench = Bench::new(1);
    for minute in 0..1_000 {
        bench.until(minute, minute + 1);
        if minute % 7 == 0 {
            bench.post(
                minute * 60 + 40,
                minute as u64,
                "Nobody ever asked for this and yet here we all are again, friends",
            );
        }
    }
    assert!(bench.found.is_empty(), "{:?}", bench.texts());
}

#[test]
fn short_texts_are_one_only_if_they_are_the_same() {
    let mut bench = Bench::new(1);
    bench.until(0, 200);
    for author in 0..12 {
        bench.post(200 * 60 + author as i64, author, "vote for blue tomorrow");
        bench.post(
            200 * 60 + author as i64,
            100 + author,
            &format!("vote for {} tomorrow", ["red", "green"][author as usize % 2]),
        );
        bench.post(200 * 60 + author as i64, 200 + author, "so good tonight");
    }
    bench.until(200, 400);
    assert_eq!(bench.texts(), ["vote for blue tomorrow"]);
}

#[test]
fn authors_of_two_days_do_not_add_up() {
    let mut bench = Bench::new(1);
    let midnight = 86_400 / 60;
    bench.until(midnight - 300, midnight);
    // Nine on one day and nine on the next: tokens cannot be compared, and they may be the same nine.
    for author in 0..9 {
        bench.post(midnight * 60 - 60, author, TEXT);
        bench.post(midnight * 60 + 60, 500 + author, TEXT);
    }
    bench.until(midnight, midnight + 400);
    assert!(bench.found.is_empty());
}

#[test]
fn accounts_that_carry_several_are_one_number() {
    let mut bench = Bench::new(1);
    bench.until(0, 200);
    let other = "They never told anybody that the bridge at Tarnow was closed for months";
    for author in 0..20 {
        bench.post(200 * 60 + author as i64, author, TEXT);
        bench.post(201 * 60 + author as i64, author + 5, other);
    }
    bench.until(200, 400);
    // The first that is found knows of no other yet.
    let overlaps: Vec<u64> = bench.found.iter().map(|found| found.overlap).collect();
    assert_eq!(overlaps.len(), 2);
    assert_eq!(overlaps.iter().max(), Some(&15));
}

#[cfg(debug_assertions)]
#[test]
fn of_a_deleted_post_nothing_is_held() {
    let mut bench = Bench::new(1);
    let alone = bench.post(60, 1, "quagga alone says what nobody else would ever say in these words");
    let first = bench.post(61, 2, "they opened the dam at midnight and quaggaone told nobody in town");
    let second = bench.post(62, 3, "they opened the dam at midnight and quaggatwo told nobody in town");
    let third = bench.post(63, 4, "they opened the dam at midnight and quaggatwo told nobody in town");
    bench.close(180);
    let open = bench.post(200, 5, "quaggaopen stands in a minute that is open, as long as it is");
    let keys =
        |posts: &[u64]| posts.iter().map(|key| DeleteKey::Post(PostKey::from_bits(*key))).collect::<HashSet<_>>();
    let held = bench.observers[0].held();
    assert!([alone, first, second, third, open].iter().all(|key| held.keys.contains(key)));
    assert!(held.values.contains("quaggatwo") && held.values.contains("quaggaopen"));
    let gone = keys(&[alone, first, second, open]);
    bench.observers[0].delete_held(&gone);
    assert_eq!(bench.observers[0].delete(Window::holding(Step::Minute, 200), &gone), 1);
    bench.close(300);
    let held = bench.observers[0].held();
    assert!([alone, first, second, open].iter().all(|key| !held.keys.contains(key)));
    assert!([1, 2, 3, 5].iter().all(|author| !held.authors.contains(author)), "{:?}", held.authors);
    // Of two left, or one, there is no family: nothing of what the three shared is left either.
    assert!(!held.values.contains("quagga"), "{}", held.values);
    // By author, of one who wrote twice.
    let again = bench.post(400, 8, TEXT);
    bench.post(401, 8, TEXT);
    bench.post(402, 9, &TEXT.replace("river", "quagga"));
    bench.post(403, 10, TEXT);
    bench.close(600);
    bench.observers[0].delete_held(&keys(&[again]));
    assert!(bench.observers[0].held().authors.contains(&8), "another of the author's posts is there");
    bench.observers[0].delete_held(&[9, 8].map(|author| DeleteKey::Author(AuthorToken::from_bits(author))).into());
    let held = bench.observers[0].held();
    assert!(!held.authors.contains(&8) && !held.authors.contains(&9) && !held.values.contains("quagga"));
}

#[test]
fn bounds_are_kept_and_counted() {
    let config = AmplifyConfig { singles_max: 50, families_max: 8, log_bytes_max: 40_000, ..AmplifyConfig::default() };
    let mut bench = Bench::with(1, config);
    for nth in 0..200_u64 {
        for text in [nth, nth, 1_000 + nth] {
            let text: Vec<String> = (0..10).map(|at| format!("word{text}of{at}")).collect();
            bench.post(nth as i64 * 2, bench.keys, &text.join(" "));
        }
    }
    bench.close(600);
    let counters = bench.observers[0].counters();
    assert!(bench.observers[0].live() <= 8, "{}", bench.observers[0].live());
    assert!(counters.families_evicted > 0 && counters.singles_forgotten > 0 && counters.posts_read_early > 0);
}

/// Pairs that are alike by chance come and go; a text that many write while they do is found all the same.
#[test]
fn families_keep_to_their_memory() {
    const PROCESS: usize = 60_000;
    const OWNER: usize = 90_000;
    let config = AmplifyConfig { families_bytes_max: PROCESS, owned_bytes_max: OWNER, ..AmplifyConfig::default() };
    let mut bench = Bench::with(1, config);
    for minute in 0..300 {
        for nth in 0..10_u64 {
            let text: Vec<String> = (0..12).map(|at| format!("word{minute}by{nth}of{at}")).collect();
            for author in [1_000 * nth + 1, 1_000 * nth + 2] {
                bench.post(minute * 60, author, &text.join(" "));
            }
        }
        for author in (0..3).filter(|_| (100..120).contains(&minute)) {
            bench.post(minute * 60 + 20, 50_000 + minute as u64 * 3 + author, TEXT);
        }
        bench.close(minute * 60 + 60);
        assert!(bench.observers[0].families_bytes() <= PROCESS, "{}", bench.observers[0].families_bytes());
        assert!(bench.owner.bytes() <= OWNER, "{}", bench.owner.bytes());
    }
    assert!(bench.observers[0].counters().families_evicted > 100 && bench.owner.counters().families_evicted > 100);
    assert!(!bench.texts().is_empty(), "forgotten beside the pairs");
}

/// One account that writes the same for a week takes no more memory than one that does for an hour.
#[test]
fn a_tireless_account_is_bounded() {
    let mut bench = Bench::new(1);
    let mut most = 0;
    for minute in 0..600 {
        bench.post(minute * 60, 7, TEXT);
        bench.close(minute * 60 + 60);
        let bytes = bench.observers[0].families_bytes();
        if minute < 150 {
            most = most.max(bytes);
        }
        assert!(bytes <= most, "{bytes} after {most}");
    }
    assert!(bench.observers[0].counters().family_minutes_left_out > 400);
    // When others join, they are counted from then on, with the last hour of the one.
    for author in 0..30 {
        bench.post(600 * 60, 100 + author, TEXT);
    }
    bench.close(601 * 60);
    bench.until(601, 800);
    assert!(bench.texts().len() <= 1);
}

#[test]
fn nothing_prints_what_it_holds() {
    let mut bench = Bench::new(1);
    for author in 0..3 {
        bench.post(60, 4_242 + author, "canary words that three people say in the very same way today");
    }
    let mut deltas: Vec<AmplifyDelta> = Vec::new();
    bench.observers[0].close(600, &mut |delta| deltas.push(delta));
    let printed = format!("{:?} {deltas:?} {:?}", bench.observers, bench.owner);
    assert!(!printed.contains("canary") && !printed.contains("424"), "{printed}");
}

/// What a process with so many workers tells its owner of posts, to the byte. `order` is the one in which they are read; each goes to the
/// next worker.
fn told(workers: usize, order: &[usize], posts: &[EdgePost]) -> Vec<u8> {
    let config = AmplifyConfig::default();
    let mut logs: Vec<AmplifyLogs> = (0..workers).map(|_| AmplifyLogs::new(&config)).collect();
    let mut observer = AmplifyObserver::new(AmplifyConfig { singles_max: 1 << 12, ..config });
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    for (nth, at) in order.iter().enumerate() {
        analyzer.analyze(&posts[*at], &mut analysis);
        logs[nth % workers].observe(&posts[*at], &analysis);
    }
    let mut deltas = Vec::new();
    for before in (1..=5).map(|minute| minute * 60) {
        for logs in &mut logs {
            while let Some(minute) = logs.hand_over(before) {
                observer.take_in(minute);
            }
        }
        observer.close(before, &mut |delta| deltas.push(delta));
    }
    bincode::serialize(&deltas).unwrap()
}

/// Some posts: process, second, author, which text, and which of its words are changed.
fn talk() -> impl Strategy<Value = Vec<(usize, i64, u64, usize, Option<usize>)>> {
    let post = (0..3_usize, 0..240_i64, 0..40_u64, 0..3_usize, prop::option::weighted(0.3, 0..12_usize));
    prop::collection::vec(post, 0..120)
}

fn copy_of(text: usize, changed: Option<usize>, author: u64) -> String {
    let texts = [
        TEXT,
        "They never told anybody that the bridge at Tarnow was closed for months on end",
        "short words all the same",
    ];
    let mut words: Vec<String> = texts[text].split(' ').map(str::to_owned).collect();
    if let Some(at) = changed {
        let at = at % words.len();
        words[at] = format!("word{author}");
    }
    words.join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn neither_order_of_arrival_nor_of_processes_matters(talk in talk(), seed in any::<u64>()) {
        let run = |order: &[usize], processes: &[usize]| {
            let mut bench = Bench::new(3);
            bench.until(0, 300);
            for at in order {
                let (process, second, author, text, changed) = talk[*at];
                bench.take(process, said(300 * 60 + second, author, &copy_of(text, changed, author)));
            }
            for (minute, before) in (300..600).map(|minute| (minute, (minute + 1) * 60)) {
                for process in processes {
                    let owner = &mut bench.owner;
                    bench.observers[*process].close(before, &mut |delta| owner.merge(*process as u16, delta));
                }
                let found = bench.owner.close(before);
                bench.found.extend(found);
                let _ = minute;
            }
            bench.found
        };
        let order: Vec<usize> = (0..talk.len()).collect();
        let mut shuffled = order.clone();
        // Posts of one process, second and text may change places: which of them is first is decided by nothing else.
        shuffled.sort_by_key(|at| (*at as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (one, other) = (run(&order, &[0, 1, 2]), run(&shuffled, &[2, 0, 1]));
        prop_assert_eq!(one, other);
    }

    /// Many write the same within a second, link to something, pass it on: which worker reads what is nobody's matter.
    #[test]
    fn what_is_told_is_the_same_at_any_number_of_workers(talk in talk(), seed in any::<u64>()) {
        let post = |(nth, (kind, second, author, text, changed)): (usize, &(usize, i64, u64, usize, Option<usize>))| {
            let link = || Link { domain: format!("site{author}.example"), url: Some(format!("https://site.example/{text}")) };
            let text = copy_of(*text, *changed, *author);
            let text = if *kind == 1 { text.to_uppercase() } else { format!("{text} #river") };
            EdgePost {
                key: Some(PostKey::from_bits(nth as u64 + 1)),
                relation: if *kind == 2 && author % 2 == 0 { Relation::Repost } else { Relation::default() },
                links: (*kind == 0).then(link).into_iter().collect(),
                language: Some(*b"en"),
                ..said(second / 20, *author, &text)
            }
        };
        let posts: Vec<EdgePost> = talk.iter().enumerate().map(post).collect();
        let order: Vec<usize> = (0..posts.len()).collect();
        let mut shuffled = order.clone();
        shuffled.sort_by_key(|at| (*at as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let alone = told(1, &order, &posts);
        for workers in [1, 2, 4] {
            prop_assert!(told(workers, &shuffled, &posts) == alone, "{workers} workers");
        }
    }

    #[test]
    fn no_word_is_shown_that_fewer_than_k_wrote(talk in talk()) {
        let mut bench = Bench::new(3);
        bench.until(0, 300);
        for (process, second, author, text, changed) in &talk {
            bench.take(*process, said(300 * 60 + second, *author, &copy_of(*text, *changed, *author)));
        }
        bench.until(300, 600);
        for found in &bench.found {
            let Some(row) = Gate::exact(K::DEFAULT).release_amplification(found.clone()) else { continue };
            for word in row.shared_text.split(' ').filter(|word| !["…", "⟨name⟩"].contains(word)) {
                let wrote = |(_, _, author, text, changed): &(usize, i64, u64, usize, Option<usize>)| {
                    let text = copy_of(*text, *changed, *author).to_lowercase();
                    text.split(' ').any(|other| other == word).then_some(*author)
                };
                let authors: HashSet<u64> = talk.iter().filter_map(wrote).collect();
                prop_assert!(authors.len() as u64 >= bench::K, "{word} by {}", authors.len());
            }
            let all: HashSet<u64> = talk.iter().map(|post| post.2).collect();
            prop_assert!(row.authors >= bench::K && row.authors <= all.len() as u64);
        }
    }
}
