//! Feeds: one RSS feed that grows from look to look, behind a server that answers conditional requests.
//!
//! The server remembers nothing of who asked: what it answers follows from the `ETag` that it is shown. So a source that goes on
//! from a position finds the world as it was.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use groundswell_sources::feed::{FeedSpec, Feeds, FeedsConfig};
use groundswell_sources::{DecodeOptions, ManualClock};

use crate::harness::{Item, Made, NOW, Resume, SECRET, Subject, conformance, text_of, time_of};

/// How many items appear between two looks.
const STEP: usize = 60;

struct OneFeed;

/// The server, with a script at each path.
struct World {
    address: SocketAddr,
    scripts: Mutex<BTreeMap<String, Vec<Item>>>,
}

fn world() -> &'static Arc<World> {
    static WORLD: OnceLock<Arc<World>> = OnceLock::new();
    WORLD.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let world = Arc::new(World { address: listener.local_addr().unwrap(), scripts: Mutex::default() });
        let serving = Arc::clone(&world);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.answer(&stream.unwrap()));
            }
        });
        world
    })
}

impl World {
    fn answer(&self, mut stream: &TcpStream) {
        let mut path = String::new();
        // At a first look the feed is empty: what stands there then is too old to count.
        let mut shown = 0;
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            if let Some(rest) = line.strip_prefix("GET ") {
                rest.split(' ').next().unwrap().clone_into(&mut path);
            } else if let Some(etag) = line.to_ascii_lowercase().strip_prefix("if-none-match: \"") {
                shown = STEP + etag.trim_end_matches('"').parse::<usize>().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        let script = self.scripts.lock().unwrap()[&path].clone();
        let answer = if shown >= script.len() + STEP {
            "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned()
        } else {
            let body = rss(&script[..shown.min(script.len())]);
            format!("HTTP/1.1 200 OK\r\nETag: \"{shown}\"\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        };
        let _ = stream.write_all(answer.as_bytes());
    }
}

fn rss(items: &[Item]) -> String {
    let mut body = String::from("<rss version=\"2.0\"><channel><title>News</title>");
    for (at, item) in items.iter().enumerate() {
        match item {
            Item::Post(number) => write!(
                body,
                "<item><guid>{SECRET}-{number}</guid><title>{}</title><author>{SECRET}</author><pubDate>{}</pubDate></item>",
                text_of(*number),
                time_of(*number)
            ),
            // An item that says nothing.
            Item::Bad => write!(body, "<item><guid>{SECRET} {at}</guid><pubDate>{SECRET}</pubDate></item>"),
            Item::Unknown => write!(body, "<{SECRET}><title>{SECRET}</title></{SECRET}>"),
            Item::Delete(_) => unreachable!("feeds have no deletions"),
        }
        .unwrap();
    }
    body + "</channel></rss>"
}

impl Subject for OneFeed {
    fn make(&self, script: &[Item]) -> Made {
        let world = world();
        let path = format!("/{}", path_of(script));
        let url = format!("http://{}{path}", world.address);
        world.scripts.lock().unwrap().insert(path, script.to_vec());
        let config = FeedsConfig {
            feeds: vec![FeedSpec::new(url)],
            interval: Duration::from_millis(5),
            interval_min: Duration::from_millis(5),
            host_gap: Duration::ZERO,
            private_addresses: true,
            ..FeedsConfig::default()
        };
        let source = Feeds::new(config, Arc::new(ManualClock::at(NOW))).unwrap();
        Made { source: Box::new(source), decode: DecodeOptions::default(), world: Box::new(()) }
    }

    fn ends(&self) -> bool {
        false
    }

    fn resume(&self) -> Resume {
        Resume::Exact
    }

    fn deletes(&self) -> bool {
        false
    }
}

/// A path for a script.
fn path_of(script: &[Item]) -> u64 {
    script.iter().fold(7, |sum: u64, item| {
        let number = match item {
            Item::Post(number) => *number,
            Item::Bad => 1 << 20,
            Item::Delete(_) => 1 << 21,
            Item::Unknown => 1 << 22,
        };
        sum.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number + 1)
    })
}

conformance!(OneFeed);
