//! What the volume detector costs a post. `cargo bench -p groundswell-detect`; items are posts.
//!
//! Words follow Zipf's law over 400,000; a post has on average 14 terms, two fifths of a hashtag, a third of a domain and
//! one watch of 10,000. Authors are 100,000. A minute holds 60,000 posts.

use std::cell::RefCell;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use groundswell_detect::volume::{Merger, Observer, VolumeConfig};
use groundswell_edge::{AuthorToken, EdgePost, Link, PostKey};
use groundswell_gate::{Gate, K};
use groundswell_post::{EventTime, Relation};
use groundswell_sketch::{Summary, Window};
use groundswell_text::{Analysis, Hashtag, Language, Word, hash_word};
use groundswell_watch::WatchId;

const MINUTE_POSTS: usize = 60_000;
const WORDS: f64 = 400_000.0;

struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Zipf with exponent 1 over `WORDS` ranks, near enough.
    fn rank(&mut self) -> u64 {
        (WORDS.powf(self.unit()) - 1.0) as u64
    }
}

type Post = (EdgePost, Analysis, Vec<WatchId>);

fn post(random: &mut Seeded, minute: i64) -> Post {
    let mut analysis = Analysis::new();
    analysis.language = Language::from_code([*b"en", *b"de", *b"pt", *b"ja"][random.below(4) as usize]);
    let mut add = |text: &str| {
        let start = analysis.normal.len() as u32;
        analysis.normal.push_str(text);
        analysis.normal.push(' ');
        (hash_word(text), (start, start + text.len() as u32))
    };
    let words: Vec<Word> = (0..9 + random.below(11))
        .map(|_| {
            let (hash, normal) = add(&format!("word{}", random.rank()));
            Word { hash, normal, raw: (0, 0) }
        })
        .collect();
    let tags: Vec<Hashtag> = (0..random.below(5) / 3)
        .map(|_| {
            let (hash, normal) = add(&format!("tag{}", random.rank()));
            Hashtag { hash, normal, spelt: (0, 0) }
        })
        .collect();
    analysis.words = words;
    analysis.hashtags = tags;
    let links = (0..random.below(3) / 2)
        .map(|_| Link { domain: format!("d{}.example", random.rank() % 20_000), url: None })
        .collect();
    let author = random.rank() % 100_000;
    let post = EdgePost {
        time: EventTime::from_unix(minute * 60 + random.below(60) as i64),
        source: "bluesky".to_owned(),
        relation: Relation::ALL[random.below(4) as usize],
        author: Some(AuthorToken::from_bits(hash_word(&author.to_string()))),
        key: Some(PostKey::from_bits(random.next())),
        links,
        ..EdgePost::default()
    };
    let watches = (0..random.below(3)).map(|_| WatchId((random.rank() % 10_000) as u32)).collect();
    (post, analysis, watches)
}

fn posts(minutes: i64) -> Vec<Post> {
    let mut random = Seeded(1);
    (0..minutes).flat_map(|minute| (0..MINUTE_POSTS).map(move |_| minute)).map(|m| post(&mut random, m)).collect()
}

fn config(shards: usize) -> VolumeConfig {
    let watch_names: Arc<[String]> = (0..10_000).map(|n| format!("watch-{n}")).collect();
    VolumeConfig { shards, watch_names, ..VolumeConfig::default() }
}

fn observe_all(observer: &mut Observer, posts: &[Post]) {
    for (post, analysis, watches) in posts {
        observer.observe(post, analysis, watches);
    }
}

fn main() {
    divan::main();
}

/// Without the close: each round closes the minute of the round before outside of what is measured.
#[divan::bench(sample_count = 20)]
fn observe(bencher: Bencher<'_, '_>) {
    let posts = posts(1);
    let observer = RefCell::new(Observer::new(config(2)));
    observe_all(&mut observer.borrow_mut(), &posts);
    bencher
        .counter(ItemsCount::new(posts.len()))
        .with_inputs(|| observer.borrow_mut().close(i64::MAX, &mut |_, _, _| {}))
        .bench_local_values(|()| observe_all(&mut observer.borrow_mut(), &posts));
}

#[divan::bench(sample_count = 20)]
fn observe_and_close(bencher: Bencher<'_, '_>) {
    let posts = posts(1);
    let mut observer = Observer::new(config(2));
    bencher.counter(ItemsCount::new(posts.len())).bench_local(|| {
        observe_all(&mut observer, &posts);
        observer.close(i64::MAX, &mut |_, _, summary| drop(black_box(summary)));
    });
}

/// One shard of two merges the summaries of two workers, of ten minutes, and proposes; the gate decides.
#[divan::bench(sample_count = 3)]
fn merge_propose_and_gate(bencher: Bencher<'_, '_>) {
    let posts = posts(10);
    let config = config(2);
    let mut parts: Vec<(Window, Summary)> = Vec::new();
    for worker in 0..2 {
        let mut observer = Observer::new(config.clone());
        for (post, analysis, watches) in posts.iter().skip(worker).step_by(2) {
            observer.observe(post, analysis, watches);
        }
        observer.close(i64::MAX, &mut |shard, minute, summary| {
            if shard == 0 {
                parts.push((minute, summary));
            }
        });
    }
    // Half of the posts' cells: this shard's share.
    bencher.counter(ItemsCount::new(posts.len() / 2)).with_inputs(|| parts.clone()).bench_local_values(|parts| {
        let gate = Gate::new(K::DEFAULT);
        let mut merger = Merger::new(config.clone(), gate.k());
        for (minute, summary) in parts {
            merger.merge(minute, summary);
        }
        let mut released = 0;
        merger.finish(&mut |candidate| released += gate.release(candidate).len());
        released
    });
}
