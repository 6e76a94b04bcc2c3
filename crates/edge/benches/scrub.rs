//! The scrubber and the whole edge on real posts (the troll slice), and on made-up ones where it is absent.
//!
//! `cargo bench -p groundswell-edge`. A definition fixes its input; the count of posts with a placeholder is asserted, so
//! that a fast wrong answer is no result.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use divan::counter::{BytesCount, ItemsCount};
use groundswell_edge::scrub::{LinkSink, Scrubber};
use groundswell_edge::{Edge, EdgeConfig, EdgePost, EdgeShared};
use groundswell_post::{EventTime, RawPost};

const POSTS: usize = 50_000;

struct Post {
    author: String,
    id: String,
    text: String,
}

static TEXTS: LazyLock<Vec<Post>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/troll/troll-slice.ndjson.zst");
    if let Ok(file) = std::fs::File::open(path) {
        let lines = BufReader::new(zstd::Decoder::new(file).expect("the slice is zstd"));
        return lines
            .lines()
            // Every seventh, so that the languages are mixed as in the whole.
            .step_by(7)
            .take(POSTS)
            .map(|line| {
                let post: serde_json::Value = serde_json::from_str(&line.expect("UTF-8")).expect("JSON");
                let field = |name: &str| post[name].as_str().unwrap_or_default().to_owned();
                Post { author: field("author"), id: field("id"), text: field("text") }
            })
            .collect();
    }
    (0..POSTS)
        .map(|n| Post {
            author: format!("author-{}", n % 500),
            id: n.to_string(),
            text: format!("Something happened in town {n} today, see https://t.co/{n:08x} #news @someone"),
        })
        .collect()
});

fn main() {
    divan::main();
}

#[divan::bench]
fn scrub(bencher: divan::Bencher) {
    let mut scrubber = Scrubber::new();
    let (mut out, mut links) = (String::new(), LinkSink::default());
    let bytes: usize = TEXTS.iter().map(|post| post.text.len()).sum();
    bencher.counter(ItemsCount::new(TEXTS.len())).counter(BytesCount::new(bytes)).bench_local(|| {
        let mut replaced = 0;
        for post in TEXTS.iter() {
            out.clear();
            links.clear();
            scrubber.scrub(&post.text, &mut out, &mut links);
            replaced += usize::from(out.contains('⟨'));
        }
        assert!(replaced > TEXTS.len() / 10);
        replaced
    });
}

#[divan::bench]
fn admit(bencher: divan::Bencher) {
    let shared = Arc::new(EdgeShared::new(EdgeConfig { root_key: Some([1; 32]), opt_outs: None }));
    let mut edge = Edge::new(shared);
    let mut out = EdgePost::default();
    let mut time = 1_474_588_800;
    bencher.counter(ItemsCount::new(TEXTS.len())).bench_local(|| {
        // A new day each time: else every post but the first would be a repeated one.
        time += 86_400;
        for post in TEXTS.iter() {
            let raw = RawPost {
                time: EventTime::from_unix(time),
                author: Some(post.author.as_str().into()),
                id: Some(post.id.as_str().into()),
                text: post.text.as_str().into(),
                lang: Some("en".into()),
                region: Some("United States".into()),
                ..RawPost::default()
            };
            divan::black_box(edge.admit(&raw, "file", &mut out));
        }
    });
}
