//! What the narrative detector costs a post, by the number of live clusters. `cargo bench -p groundswell-detect --bench
//! narrative [-- [twice] [same] CLUSTERS…]`; no divan, because a table of a million clusters is made once and measured once.
//!
//! A story has six words of 400,000; a post has five of its story's and four by Zipf's law. Each story has written once
//! before (`twice`: twice, so that the owner knows it), and two minutes of 60,000 posts of random stories have passed, so that
//! the tables have their size; then four such minutes are measured: core time (of this thread, as the kernel counts it) of reading features, logging, clustering, folding and telling,
//! and apart from it that of the owner.
//!
//! With `same`, no time is taken; all that was told and closed is hashed instead, so that two versions of the code can be
//! seen to answer the same.

#![allow(clippy::print_stdout, reason = "a bench prints")]

use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::time::Instant;

use groundswell_detect::narrative::{Closed, MinuteDelta, NarrativeConfig, NarrativeObserver, Narratives};
use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_gate as gate;
use groundswell_post::EventTime;
use groundswell_text::{Analysis, Word, hash_word};

/// The product's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WORDS: u64 = 400_000;
const COMMON: f64 = 20_000.0;
const MINUTE: u64 = 60_000;
const UNMEASURED: u64 = 2 * MINUTE;
const MEASURED: u64 = 4 * MINUTE;
/// Posts that are made before the clock runs.
const CHUNK: u64 = 1_000;

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
}

fn push(analysis: &mut Analysis, number: u64) {
    let start = analysis.normal.len() as u32;
    // Six letters, so that no two are one stem.
    let mut rest = number + 100_000;
    for _ in 0..6 {
        analysis.normal.push(char::from(b'a' + (rest % 26) as u8));
        rest /= 26;
    }
    let normal = (start, analysis.normal.len() as u32);
    let hash = hash_word(&analysis.normal[start as usize..]);
    analysis.normal.push(' ');
    analysis.words.push(Word { hash, normal, raw: (0, 0) });
}

fn write(seeded: &mut Seeded, story: u64, analysis: &mut Analysis) {
    analysis.clear();
    let mut own = Seeded(story.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let left_out = seeded.next() % 6;
    for place in 0..6 {
        let word = own.next() % WORDS;
        if place != left_out {
            push(analysis, word);
        }
    }
    for _ in 0..4 {
        push(analysis, WORDS + COMMON.powf(seeded.unit()) as u64);
    }
}

/// Nanoseconds that this thread was on a core.
fn core_ns(began: Instant) -> u64 {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let of_kernel = counted.and_then(|text| text.split(' ').next().and_then(|first| first.parse().ok()));
    of_kernel.unwrap_or_else(|| began.elapsed().as_nanos() as u64)
}

/// Of all that was written into it.
#[derive(Default)]
struct Hashed(DefaultHasher);

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Hashed {
    fn closed(&mut self, closed: Closed) {
        self.0.write(format!("{:?}", closed.events).as_bytes());
        for candidate in closed.candidates {
            bincode::serialize_into(&mut *self, &gate::NarrativeCandidate::from(candidate)).expect("it can be written");
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let (writes, is_hashed) = (if has("twice") { 2 } else { 1 }, has("same"));
    let asked: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![1_000, 10_000, 50_000, 100_000, 1_000_000] } else { asked };
    if !is_hashed {
        println!(
            "live clusters | at the owner | posts joined % | worker ns a post | owner ns a post | bytes a cluster beside terms | MB in all | bytes a story beside terms | MB in all"
        );
    }
    for stories in sizes {
        let written = stories * writes;
        let mut hashed = Hashed::default();
        let config = NarrativeConfig { clusters_max: 1 << 21, narratives_max: 1 << 21, ..NarrativeConfig::default() };
        let mut observer = NarrativeObserver::new(config.clone());
        let mut owner = Narratives::new(config, 10);
        let began = Instant::now();
        let mut seeded = Seeded(1);
        let (mut worker, mut at_owner, mut deltas): (u64, u64, Vec<MinuteDelta>) = (0, 0, Vec::new());
        let mut opened = 0;
        let mut posts: Vec<(EdgePost, Analysis)> = vec![(EdgePost::default(), Analysis::new()); CHUNK as usize];
        for start in (0..written + UNMEASURED + MEASURED).step_by(CHUNK as usize) {
            if start == written {
                // What comes now begins with a minute.
                observer.close(i64::MAX, &mut |delta| owner.merge(0, delta));
                owner.close(written.div_ceil(MINUTE) as i64 * 60);
            }
            if start == written + UNMEASURED {
                opened = observer.counters().clusters_opened;
                (worker, at_owner) = (0, 0);
            }
            let (of_part, first) =
                if start < written { (start, 0) } else { (start - written, written.div_ceil(MINUTE)) };
            let minute = first + of_part / MINUTE;
            for (number, (post, analysis)) in (start..).zip(&mut posts) {
                let story = if number < written { number % stories } else { seeded.next() % stories };
                write(&mut seeded, story, analysis);
                post.time = EventTime::from_unix((minute * 60 + of_part % MINUTE / 1_000) as i64);
                post.author = Some(AuthorToken::from_bits(seeded.next() % 100_000));
                post.key = Some(PostKey::from_bits(number));
            }
            let before = core_ns(began);
            posts.iter().for_each(|(post, analysis)| observer.observe(post, analysis, &[]));
            if (of_part + CHUNK).is_multiple_of(MINUTE) {
                observer.close(i64::MAX, &mut |delta| deltas.push(delta));
            }
            let between = core_ns(began);
            worker += between - before;
            if is_hashed {
                deltas.iter().for_each(|delta| bincode::serialize_into(&mut hashed, delta).expect("it can be written"));
            }
            if !deltas.is_empty() {
                let before = core_ns(began);
                deltas.drain(..).for_each(|delta| owner.merge(0, delta));
                let closed = std::hint::black_box(owner.close((minute as i64 + 1) * 60));
                if is_hashed {
                    hashed.closed(closed);
                } else {
                    drop(closed);
                }
                at_owner += core_ns(began) - before;
            }
        }
        if is_hashed {
            let (counters, of_owner) = (observer.counters(), owner.counters());
            println!("{stories}: {:016x} {counters:?} {of_owner:?}", hashed.0.finish());
            continue;
        }
        let joined = 100.0 - (observer.counters().clusters_opened - opened) as f64 * 100.0 / MEASURED as f64;
        let (beside, terms) = observer.clusterer().bytes();
        let (of_stories, of_their_terms) = owner.bytes();
        let live = observer.clusterer().live();
        println!(
            "{live:>13} | {:>12} | {joined:>14.1} | {:>16} | {:>15} | {:>28} | {:>9} | {:>26} | {:>9}",
            owner.len(),
            worker / MEASURED,
            at_owner / MEASURED,
            beside / live.max(1),
            (beside + terms) >> 20,
            of_stories / owner.len().max(1),
            (of_stories + of_their_terms) >> 20
        );
    }
}
