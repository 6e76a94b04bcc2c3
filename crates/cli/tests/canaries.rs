//! Many invented persons in a large stream: nothing of any of them comes out, at 1 and 2 workers, after a kill and a restart.
//!
//! `privacy.rs` looks at every kind of output for a few canaries; this looks for many in what is left on disk, printed and exported.
//! `GROUNDSWELL_CANARIES=10000 GROUNDSWELL_CANARY_POSTS=5000000 cargo test -p groundswell-cli --test canaries` for as many as one likes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop, and says what it did"
)]

mod common;

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use common::{Seeded, groundswell, perturbed, setting, succeed};

/// Unless more is asked for.
const CANARIES: u64 = 300;
const POSTS: u64 = 60_000;
/// Event time of the whole stream.
const SECONDS: u64 = 900;
/// Accounts that repeat an opinion, at most: one below k.
const CROWD_MAX: u64 = 9;

/// A word that nobody else writes, from a number and a letter that says what it is for.
fn word(kind: char, number: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wu", "da", "fe", "gi", "ho", "ju", "pa"];
    let mut word = format!("{kind}xq");
    for place in 0..4 {
        word.push_str(SYLLABLES[(number >> (4 * place)) as usize % 16]);
    }
    word
}

/// An invented person and what must never be seen again.
struct Canary {
    author: String,
    handle: String,
    email: String,
    phone: String,
    address: String,
    given: String,
    family: String,
    opinion: String,
    profile: String,
}

impl Canary {
    fn new(number: u64) -> Self {
        let capital = |word: String| word[..1].to_uppercase() + &word[1..];
        Self {
            author: format!("did:plc:{}", word('a', number)),
            handle: word('h', number),
            email: format!("{}@{}.example", word('e', number), word('m', number)),
            phone: format!("+4930{:08}", 55_000_000 + number),
            address: format!("{} {}", 1 + number % 200, capital(word('s', number)) + " Street"),
            given: capital(word('g', number)),
            family: capital(word('f', number)),
            opinion: word('o', number),
            profile: format!("https://twitter.com/{}", word('p', number)),
        }
    }

    fn needles(&self) -> Vec<String> {
        let Self { author, handle, email, phone, address, given, family, opinion, profile } = self;
        let mut needles: Vec<String> =
            [author, handle, email, phone, address, given, family, opinion, profile].map(Clone::clone).to_vec();
        // Parts that a careless scrub would leave.
        needles.push(email.split('@').next().unwrap().to_owned());
        needles.push(phone[3..].to_owned());
        needles.push(address.split(' ').nth(1).unwrap().to_owned());
        needles
    }

    /// What the person writes.
    fn text(&self) -> String {
        let Self { handle, email, phone, address, given, family, opinion, profile, .. } = self;
        format!(
            "I am {given} {family} @{handle} and say {opinion}: the flood is theirs. {email} {phone} {address} {profile} #{given}{family}"
        )
    }
}

fn record(second: u64, author: &str, id: &str, text: &str) -> String {
    let time = format!("2026-01-05T00:{:02}:{:02}Z", second / 60, second % 60);
    serde_json::json!({ "time": time, "author": author, "id": id, "text": text, "lang": "en" }).to_string()
}

/// The posts of all canaries, by time.
fn write_canaries(path: &Path, canaries: &[Canary]) -> u64 {
    let mut random = Seeded(7);
    let mut lines: Vec<(u64, String)> = Vec::new();
    for (number, canary) in canaries.iter().enumerate() {
        for nth in 0..=random.below(3) {
            let second = random.below(SECONDS);
            let id = format!("{}-{nth}", word('i', number as u64));
            lines.push((second, record(second, &canary.author, &id, &canary.text())));
        }
        if number % 10 == 0 {
            // A crowd below k says the same after them, with name and all.
            for account in 1..CROWD_MAX {
                let second = random.below(SECONDS);
                let author = format!("{}-{account}", word('c', number as u64));
                let text = format!("{} {} {}", canary.given, canary.family, canary.opinion);
                lines.push((second, record(second, &author, &format!("{author}-post"), &text)));
            }
        }
    }
    lines.sort_by_key(|(second, _)| *second);
    let mut file = BufWriter::new(std::fs::File::create(path).unwrap());
    lines.iter().for_each(|(_, line)| writeln!(file, "{line}").unwrap());
    lines.len() as u64
}

fn search(place: &str, bytes: &[u8], needles: &AhoCorasick) {
    if let Some(found) = needles.find(bytes) {
        let from = found.start().saturating_sub(60);
        panic!("{place} holds a canary: …{}", String::from_utf8_lossy(&bytes[from..found.end()]));
    }
}

fn search_folder(folder: &Path, needles: &AhoCorasick) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes += search_folder(&path, needles);
        } else {
            let content = std::fs::read(&path).unwrap();
            search(&path.display().to_string(), &content, needles);
            bytes += content.len() as u64;
        }
    }
    bytes
}

fn replay(folder: &Path, inputs: &[&Path], workers: u64) -> Command {
    std::fs::create_dir_all(folder.join("tmp")).unwrap();
    let mut command = perturbed();
    command.args(["replay", "-vvv", "--summary", "json", "--log-format", "json", "--workers", &workers.to_string()]);
    command.args(inputs).arg("--data").arg(folder.join("data"));
    command.env("TMPDIR", folder.join("tmp")).env("GROUNDSWELL_LOG", "trace");
    command.env("GROUNDSWELL_NARRATIVES_ENABLED", "true");
    // A kill is to come between two checkpoints, and a short run has little time for them.
    let every = if setting("GROUNDSWELL_CANARY_POSTS", POSTS) > 1_000_000 { "5" } else { "0.1" };
    command.env("GROUNDSWELL_STORE_CHECKPOINT_SECONDS", every);
    command
        .stdout(Stdio::piped())
        .stderr(std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap());
    command
}

#[test]
fn no_person_is_found_among_many() {
    let (count, posts) = (setting("GROUNDSWELL_CANARIES", CANARIES), setting("GROUNDSWELL_CANARY_POSTS", POSTS));
    assert!(count <= 1 << 16, "words for that many persons are not unique");
    let canaries: Vec<Canary> = (0..count).map(Canary::new).collect();
    let needles = AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .build(canaries.iter().flat_map(Canary::needles))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (planted, crowd) = (folder.path().join("planted.ndjson"), folder.path().join("crowd.ndjson"));
    let planted_posts = write_canaries(&planted, &canaries);
    let rate = posts.div_ceil(SECONDS).to_string();
    let duration = format!("{SECONDS}s");
    succeed(
        groundswell()
            .args(["simulate", "--scenario", "load", "--rate", &rate, "--duration", &duration, "--seed", "11", "--out"])
            .arg(&crowd),
    );
    assert!(needles.find(&std::fs::read(&planted).unwrap()).is_some(), "they are in what is read");
    let mut beginning = vec![0; 50_000_000];
    let read = std::io::Read::read(&mut std::fs::File::open(&crowd).unwrap(), &mut beginning).unwrap();
    search("the crowd", &beginning[..read], &needles);
    drop(beginning);

    let mut searched = 0;
    for (workers, kill) in [(1, false), (2, false), (2, true)] {
        let folder = folder.path().join(format!("{workers}-{kill}"));
        std::fs::create_dir(&folder).unwrap();
        let inputs = [planted.as_path(), crowd.as_path()];
        if kill {
            let mut child = replay(&folder, &inputs, workers).spawn().unwrap();
            // When the first checkpoint is there, and so in the middle.
            let begun = || {
                let mut names = std::fs::read_dir(folder.join("data")).into_iter().flatten().flatten();
                names.any(|entry| entry.file_name().to_string_lossy().starts_with("checkpoint-"))
            };
            while !begun() && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(5));
            }
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
            child.kill().unwrap();
            let stdout = child.wait_with_output().unwrap().stdout;
            search("what was printed before the kill", &stdout, &needles);
            searched += search_folder(&folder, &needles);
        }
        let printed = succeed(replay(&folder, &inputs, workers).stdout(Stdio::piped()));
        let summary: serde_json::Value = serde_json::from_str(&printed).unwrap();
        // The simulator keeps to its rate on average.
        assert!(summary["posts"]["accepted"].as_u64().unwrap() >= posts / 10 * 9 + planted_posts, "{printed}");
        search("the summary", printed.as_bytes(), &needles);
        searched += search_folder(&folder, &needles);
        let data = folder.join("data");
        let mut rows = String::new();
        for by in ["total", "watch", "language", "source", "kind", "relation", "region", "hashtag", "domain", "term"] {
            for step in ["minute", "hour", "day"] {
                for format in ["jsonl", "csv"] {
                    let out = succeed(
                        groundswell()
                            .args(["export", "volumes", "--by", by, "--step", step, "--format", format, "--data"])
                            .arg(&data),
                    );
                    search(&format!("export by {by}"), out.as_bytes(), &needles);
                    rows.push_str(&out);
                }
            }
        }
        for events in [&[][..], &["--events"]] {
            let told = succeed(groundswell().args(["export", "narratives"]).args(events).arg("--data").arg(&data));
            search("export narratives", told.as_bytes(), &needles);
            write!(rows, "{told}").unwrap();
        }
        let told = succeed(groundswell().args(["export", "bursts", "--data"]).arg(&data));
        search("export bursts", told.as_bytes(), &needles);
        let told = succeed(groundswell().args(["export", "amplifications", "--data"]).arg(&data));
        search("export amplifications", told.as_bytes(), &needles);
        write!(rows, "{told}").unwrap();
        let told = succeed(groundswell().args(["export", "detections", "--data"]).arg(&data));
        search("export detections", told.as_bytes(), &needles);
        assert!(rows.contains("\"flood\""), "a word that all of them wrote is there");
        searched += rows.len() as u64;
    }
    eprintln!(
        "{count} persons in {planted_posts} of {} posts: none found in {searched} bytes of files and exports",
        planted_posts + posts
    );
}
