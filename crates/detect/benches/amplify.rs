//! What the amplification detector costs a post: noting it, and at the close of its minute finding whether it has company.
//!
//! `cargo bench -p groundswell-detect --bench amplify`; no divan, because tables are filled once and measured once. A million posts of
//! everyday words at 200 a second, read before the clock runs, of which some shares are copies of a hundred texts with a tenth of their
//! words changed, and some have a hashtag or a link, half of them one of a thousand that are in use all the time. Core time is that of this thread, as the kernel counts it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints")]

#[path = "../tests/amplify/talk.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod talk;

use std::time::Instant;

use groundswell_detect::amplify::{Amplifications, AmplifyConfig, AmplifyObserver};
use groundswell_edge::{EdgePost, Link};
use groundswell_text::{Analysis, Analyzer};
use talk::{Language, Seeded, edited, post};

const POSTS: i64 = 1_000_000;
const RATE: i64 = 200;
/// Posts that are made before the clock runs: a minute.
const CHUNK: i64 = 60 * RATE;

/// Nanoseconds that this thread was on a core.
fn core_ns(began: Instant) -> u64 {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let of_kernel = counted.and_then(|text| text.split(' ').next().and_then(|first| first.parse().ok()));
    of_kernel.unwrap_or_else(|| began.elapsed().as_nanos() as u64)
}

fn main() {
    let language = Language::new();
    println!(
        "copies % | with hashtag or link % | note ns a post | find ns a post | owner ns a post | MiB of a process's tables | families live | MiB of the owner's objects"
    );
    for (copies, objects) in [(0.0, 0.0), (0.02, 0.0), (0.2, 0.0), (0.0, 0.3)] {
        let mut seeded = Seeded(3);
        let texts: Vec<Vec<String>> = (0..100).map(|_| language.text(16, &mut seeded)).collect();
        let (mut analyzer, began) = (Analyzer::new(), Instant::now());
        let mut observer = AmplifyObserver::new(AmplifyConfig::default());
        let mut owner = Amplifications::new(AmplifyConfig::default(), 10);
        let (mut note, mut find, mut at_owner) = (0, 0, 0);
        let mut chunk: Vec<(EdgePost, Analysis)> = Vec::new();
        for start in (0..POSTS).step_by(CHUNK as usize) {
            chunk.clear();
            for nth in start..start + CHUNK {
                let text = if seeded.chance(copies) {
                    edited(&texts[seeded.below(texts.len())], 0.1, true, &language, &mut seeded)
                } else {
                    language.text(3 + seeded.below(25), &mut seeded).join(" ")
                };
                let mut post = post(nth / RATE, seeded.next() % 1_000_000, seeded.next(), text, None);
                if seeded.chance(objects) {
                    let object = if seeded.chance(0.5) { seeded.below(1_000) as u64 } else { seeded.next() };
                    if seeded.chance(0.5) {
                        post.hashtags = vec![format!("tag{object}")];
                    } else {
                        let url = Some(format!("https://paper{}.example/news/{object}", object % 100));
                        post.links = vec![Link { domain: format!("paper{}.example", object % 100), url }];
                    }
                }
                let mut analysis = Analysis::new();
                analyzer.analyze(&post, &mut analysis);
                chunk.push((post, analysis));
            }
            let first = core_ns(began);
            chunk.iter().for_each(|(post, analysis)| observer.observe(post, analysis));
            let second = core_ns(began);
            let mut deltas = Vec::new();
            observer.close((start + CHUNK) / RATE, &mut |delta| deltas.push(delta));
            let third = core_ns(began);
            deltas.into_iter().for_each(|delta| owner.merge(0, delta));
            std::hint::black_box(owner.close((start + CHUNK) / RATE));
            note += second - first;
            find += third - second;
            at_owner += core_ns(began) - third;
        }
        println!(
            "{:>8.0} | {:>22.0} | {:>14} | {:>14} | {:>15} | {:>24} | {:>13} | {:>26}",
            copies * 100.0,
            objects * 100.0,
            note / POSTS as u64,
            find / POSTS as u64,
            at_owner / POSTS as u64,
            observer.bytes() >> 20,
            observer.live(),
            owner.pushes_bytes() >> 20
        );
    }
}
