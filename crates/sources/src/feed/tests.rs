//! The whole source against a real server on this machine, that behaves as badly as servers do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use groundswell_post::{EventTime, Record};

use super::*;
use crate::block::{Positions, SourceIx};
use crate::channel::{BlockReceiver, Stop, channel};
use crate::clock::{Clock, ManualClock, SystemClock};
use crate::decode::{DecodeOptions, DecodeScratch, decode};
use crate::live::{LiveState, LiveStatus, Trouble};
use crate::source::{Source, SourceError};

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_mins(1);

const NOW: EventTime = EventTime::from_unix(1_800_000_000);

/// What the server does with one request.
enum Act {
    /// Answers, and closes the connection.
    Say(Vec<u8>),
    /// Answers with what is there, and breaks the connection with a reset.
    SayAndReset(Vec<u8>),
    /// Says nothing, and keeps the connection.
    Hang,
    /// Sends a byte now and then, for ever.
    Drip,
    /// Sends until nobody takes it any more.
    Flood(Vec<u8>),
}

/// One request, as the server saw it.
#[derive(Clone, Debug)]
struct Asked {
    path: String,
    head: String,
    /// The address at which it was asked, of the many that this machine has.
    at: IpAddr,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line.split_once(':')?.1.trim())
    }
}

#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<Asked>>,
    /// Requests in work: in all, at most in all, and by address.
    running: AtomicUsize,
    running_max: AtomicUsize,
    busy: Mutex<BTreeSet<IpAddr>>,
    /// Somebody asked an address that was busy.
    rude: Mutex<Vec<IpAddr>>,
    flooded: AtomicUsize,
}

struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
}

/// Serves on all addresses of this machine; the act is chosen by what is asked and how often that path was asked before.
fn serve(act: impl Fn(&Asked, usize) -> Act + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], listener.local_addr().unwrap().port()));
    let seen = Arc::new(Seen::default());
    let (act, serving) = (Arc::new(act), Arc::clone(&seen));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (act, seen) = (Arc::clone(&act), Arc::clone(&serving));
            thread::spawn(move || answer(&stream.unwrap(), &*act, &seen));
        }
    });
    Server { address, seen }
}

fn answer(stream: &TcpStream, act: &(dyn Fn(&Asked, usize) -> Act + Send + Sync), seen: &Seen) {
    let at = stream.local_addr().unwrap().ip();
    let mut head = String::new();
    for line in BufReader::new(stream).lines() {
        match line {
            Ok(line) if !line.is_empty() => head = head + &line + "\n",
            _ => break,
        }
    }
    let Some(path) = head.split(' ').nth(1).map(str::to_owned) else { return };
    let asked = Asked { path, head, at };
    let before = {
        let mut all = seen.asked.lock().unwrap();
        all.push(asked.clone());
        all.iter().filter(|other| other.path == asked.path).count() - 1
    };
    if !seen.busy.lock().unwrap().insert(at) {
        seen.rude.lock().unwrap().push(at);
    }
    let running = seen.running.fetch_add(1, Ordering::Relaxed) + 1;
    seen.running_max.fetch_max(running, Ordering::Relaxed);
    let act = act(&asked, before);
    // An answer that was sent whole is the end of its request: the next one may come before this thread runs again.
    let done = || {
        seen.busy.lock().unwrap().remove(&at);
        seen.running.fetch_sub(1, Ordering::Relaxed);
    };
    perform(stream, act, seen, done);
}

fn perform(mut stream: &TcpStream, act: Act, seen: &Seen, done: impl FnOnce()) {
    match act {
        Act::Say(bytes) => {
            let (last, bytes) = bytes.split_last().unwrap();
            let _ = stream.write_all(bytes);
            done();
            let _ = stream.write_all(&[*last]);
        }
        Act::SayAndReset(bytes) => {
            let _ = stream.write_all(&bytes);
            // What lies in the buffers is thrown away, and the client is told so.
            socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
            done();
        }
        Act::Hang => loop {
            thread::sleep(PATIENCE);
        },
        Act::Drip => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n<rss>");
            while stream.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        }
        Act::Flood(head) => {
            let _ = stream.write_all(&head);
            let chunk = vec![b' '; 1 << 16];
            while seen.flooded.load(Ordering::Relaxed) < 100 << 20 && stream.write_all(&chunk).is_ok() {
                seen.flooded.fetch_add(chunk.len(), Ordering::Relaxed);
            }
            done();
        }
    }
}

impl Server {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same server under another address of this machine.
    fn url_at(&self, host: [u8; 4], path: &str) -> String {
        format!("http://{}{path}", SocketAddr::from((host, self.address.port())))
    }

    fn asked(&self) -> Vec<Asked> {
        self.seen.asked.lock().unwrap().clone()
    }

    fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }
}

fn say(status: &str, headers: &str, body: &[u8]) -> Act {
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Act::Say(bytes)
}

fn ok(body: &str) -> Act {
    say("200 OK", "Content-Type: application/rss+xml\r\n", body.as_bytes())
}

fn rss(titles: &[&str]) -> String {
    let items: Vec<String> = titles
        .iter()
        .map(|title| {
            format!("<item><guid>{title}</guid><title>{title}</title><author>zxqv@example.org</author></item>")
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>News</title>{}</channel></rss>", items.concat())
}

fn config(urls: &[String]) -> FeedsConfig {
    FeedsConfig {
        feeds: urls.iter().map(FeedSpec::new).collect(),
        interval: Duration::from_millis(20),
        interval_min: Duration::from_millis(20),
        host_gap: Duration::from_millis(1),
        backoff_min: Duration::from_millis(20),
        backoff_max: Duration::from_millis(100),
        read_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_millis(600),
        private_addresses: true,
        ..FeedsConfig::default()
    }
}

struct Running {
    status: Arc<FeedsStatus>,
    live: Arc<LiveStatus>,
    stop: Stop,
    receiver: BlockReceiver,
    thread: thread::JoinHandle<Result<(), SourceError>>,
    told: Vec<String>,
    positions: Positions,
}

fn start(config: FeedsConfig) -> Running {
    start_at(config, &Positions::new(), Arc::new(ManualClock::at(NOW)))
}

fn start_at(config: FeedsConfig, positions: &Positions, clock: Arc<dyn Clock>) -> Running {
    let mut source = Box::new(Feeds::new(config, clock).unwrap());
    let (status, live) = (source.status(), source.live());
    if !positions.is_empty() {
        source.resume(positions);
    }
    let (feed, receiver) = channel(64, Duration::from_secs(30));
    let sender = feed.sender(SourceIx(0));
    let stop = Stop::default();
    let thread = thread::spawn({
        let stop = stop.clone();
        move || source.run(sender, stop)
    });
    Running { status, live, stop, receiver, thread, told: Vec::new(), positions: Positions::new() }
}

impl Running {
    /// Takes what has come.
    fn drain(&mut self) {
        while let Ok(block) = self.receiver.recv_timeout(Duration::from_millis(2)) {
            decode(&block, &DecodeOptions::default(), NOW, &mut DecodeScratch::default(), &mut |_, record| {
                self.told.push(match record {
                    Ok(Record::Post(post)) => {
                        assert!(post.author.is_none() && post.publisher.is_some() && post.id.is_some());
                        assert!(!post.text.contains("zxqv"), "an author was copied");
                        post.text.into_owned()
                    }
                    Ok(Record::Delete(_)) => unreachable!(),
                    Err(rejection) => rejection.to_string(),
                });
            });
            if let Some(position) = block.position {
                self.positions.insert(position.key.to_string(), position.value.to_string());
            }
        }
    }

    fn until(&mut self, what: &str, check: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !check(self) {
            let feeds = self.status.feeds();
            assert!(since.elapsed() < PATIENCE, "waited for {what} in vain; told {:?}; {feeds:?}", self.told);
            self.drain();
        }
    }

    fn until_told(&mut self, titles: &[&str]) {
        self.until("items", |running| running.told.len() >= titles.len());
        assert_eq!(self.told, titles);
    }

    fn until_state(&mut self, feed: usize, what: &str, check: impl Fn(&FeedState) -> bool) {
        self.until(what, |running| check(&running.status.feeds()[feed].state));
    }

    /// Waits until a feed fails, and says why.
    fn error(&mut self, feed: usize) -> String {
        self.until_state(feed, "a failure", |state| matches!(state, FeedState::Failing { .. }));
        // It may be trying again just now, but it fails again.
        let FeedState::Failing { error, .. } = self.status.feeds()[feed].state.clone() else { return self.error(feed) };
        error
    }

    fn stop(mut self) -> Positions {
        self.stop.stop();
        self.drain();
        self.thread.join().unwrap().unwrap();
        assert_eq!(self.live.state(), LiveState::Closed);
        self.positions
    }
}

#[test]
fn new_items_are_told_once_and_feeds_are_asked_conditionally() {
    let validators = "ETag: W/\"one\"\r\nLast-Modified: Wed, 25 Nov 2026 07:00:00 GMT\r\n";
    let server = serve(move |asked, before| match before {
        0 => say("200 OK", validators, rss(&["there before"]).as_bytes()),
        1 => say("304 Not Modified", validators, b" "),
        2 => ok(&rss(&["new", "there before", "also new"])),
        // Without a validator a feed may be sent whole again, and in another order.
        _ if asked.header("if-none-match").is_none() => ok(&rss(&["also new", "new", "there before"])),
        _ => ok("the validator should be gone"),
    });
    let mut running = start(config(&[server.url("/feed")]));
    running.until("five looks", |_| server.count("/feed") >= 5);
    running.until_told(&["new", "also new"]);
    let asked = server.asked();
    assert_eq!(asked[0].header("if-none-match"), None);
    for again in &asked[1..3] {
        assert_eq!(again.header("if-none-match"), Some("W/\"one\""));
        assert_eq!(again.header("if-modified-since"), Some("Wed, 25 Nov 2026 07:00:00 GMT"));
    }
    let agent = asked[0].header("user-agent").unwrap();
    assert!(agent.starts_with("Groundswell/") && agent.contains("+https://"), "{agent}");
    assert_eq!((running.status.items_old(), running.status.items(), running.status.unchanged()), (1, 2, 1));
    running.stop();
}

#[test]
fn an_item_holds_what_the_contract_says() {
    let item = r"<item><title>Floods &amp; storms</title><link>/news/1#top</link><dc:creator>zxqv</dc:creator>
        <description>&lt;p&gt;Heavy rain&lt;/p&gt;</description><pubDate>Fri, 15 Jan 2027 07:59:50 GMT</pubDate></item>";
    let server = serve(move |_, _| {
        ok(&format!("<rss><channel><title>T</title><language>en-us</language>{item}</channel></rss>"))
    });
    let mut config = config(&[server.url("/a/feed")]);
    config.feeds[0].name = Some("Example News".to_owned());
    let running = start(config);
    let block = running.receiver.recv_timeout(PATIENCE).unwrap();
    let mut posts = 0;
    decode(&block, &DecodeOptions::default(), NOW, &mut DecodeScratch::default(), &mut |_, record| {
        let Ok(Record::Post(post)) = record else { panic!("no post") };
        let publisher = post.publisher.unwrap();
        let url = format!("http://{}/news/1#top", server.address);
        assert_eq!(post.time.unix(), NOW.unix() - 10, "its own time, as it is within half the lateness");
        assert_eq!(post.text, "Floods & storms\nHeavy rain");
        assert_eq!((&*publisher.name, publisher.title.as_deref()), ("Example News", Some("Floods & storms")));
        assert_eq!((publisher.url.as_deref(), post.lang.as_deref()), (Some(&*url), Some("en-us")));
        assert_eq!(post.links.unwrap(), [url.as_str()]);
        assert_eq!((post.author, post.source, post.region), (None, None, None));
        posts += 1;
    });
    assert_eq!(posts, 1);
    running.stop();
}

#[test]
fn a_refused_connection_is_tried_again_with_growing_waits() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut running = start(config(&[format!("http://{free}/")]));
    assert_eq!(running.error(0), Trouble::Refused.phrase());
    running.until_state(0, "more failures", |state| matches!(state, FeedState::Failing { failures: 3.., .. }));
    assert!(matches!(running.live.state(), LiveState::Waiting { reason: Trouble::Refused, .. }));
    running.stop();
}

#[test]
fn a_connection_that_breaks_in_the_middle_is_a_failure_and_comes_again() {
    let server = serve(|_, before| {
        let body = rss(&["one", "two"]);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        match before {
            0 => ok(&rss(&[])),
            1 => Act::SayAndReset((head + &body[..body.len() / 2]).into_bytes()),
            _ => ok(&body),
        }
    });
    let mut running = start(config(&[server.url("/")]));
    running.until_told(&["one", "two"]);
    assert_eq!(running.status.failures(), 1);
    running.stop();
}

#[test]
fn a_document_that_breaks_off_gives_what_is_whole_and_is_asked_for_again_without_validators() {
    let whole = rss(&["one", "two"]);
    let half = whole[..whole.len() - 60].to_owned();
    let server = serve(move |_, before| match before {
        0 => ok(&rss(&[])),
        1 => say("200 OK", "ETag: \"half\"\r\n", half.as_bytes()),
        _ => ok(&whole),
    });
    let mut running = start(config(&[server.url("/")]));
    running.until_told(&["one", "two"]);
    assert!(server.asked().iter().all(|asked| asked.header("if-none-match").is_none()));
    running.stop();
}

#[test]
fn permanent_redirections_are_remembered_and_others_are_not() {
    let server = serve(|asked, before| match (&*asked.path, before) {
        ("/old", _) => say("301 Moved Permanently", "Location: /older\r\n", b"x"),
        ("/older", _) => say("308 Permanent Redirect", "Location: /new\r\n", b"x"),
        ("/elsewhere", _) => say("302 Found", "Location: /new2\r\n", b"x"),
        (_, 0) => ok(&rss(&[])),
        _ => ok(&rss(&["moved"])),
    });
    let mut running = start(config(&[server.url("/old"), server.url("/elsewhere")]));
    running.until("looks", |_| server.count("/new") >= 4 && server.count("/new2") >= 4);
    assert_eq!((server.count("/old"), server.count("/older")), (1, 1));
    assert!(server.count("/elsewhere") >= 4);
    assert_eq!(running.status.moved(), 1);
    let old = server.url("/old");
    running.until("a position", |running| running.positions.get(&old).is_some_and(|saved| saved.contains("/new")));
    let positions = running.stop();
    // After a restart as well.
    let mut running = start_at(config(&[old]), &positions, Arc::new(ManualClock::at(NOW)));
    assert_eq!(running.status.summary().read, 1, "until it is due it is as it was");
    let before = server.count("/new");
    running.until("a look", |_| server.count("/new") > before);
    assert_eq!(server.count("/old"), 1);
    running.stop();
}

#[test]
fn a_loop_of_redirections_ends() {
    let server = serve(|_, _| say("301 Moved Permanently", "Location: /\r\n", b"x"));
    let mut running = start(config(&[server.url("/")]));
    assert_eq!(running.error(0), format!("more than {REDIRECTS_MAX} redirections"));
    running.stop();
    let server = serve(|_, _| say("302 Found", "Location: file:///etc/passwd\r\n", b"x"));
    let mut running = start(config(&[server.url("/")]));
    assert_eq!(running.error(0), "the server redirects to nowhere");
    running.stop();
}

#[test]
fn what_is_gone_is_asked_no_more_not_even_after_a_restart() {
    let server = serve(|asked, _| match &*asked.path {
        "/gone" => say("410 Gone", "", b"x"),
        _ => ok(&rss(&[])),
    });
    let urls = [server.url("/gone"), server.url("/there")];
    let mut running = start(config(&urls));
    running.until("looks at the other", |_| server.count("/there") >= 4);
    assert_eq!(server.count("/gone"), 1);
    assert_eq!(running.status.feeds()[0].state, FeedState::Ended);
    let positions = running.stop();
    let mut running = start_at(config(&urls), &positions, Arc::new(ManualClock::at(NOW)));
    running.until("looks at the other", |_| server.count("/there") >= 8);
    assert_eq!((server.count("/gone"), running.status.summary().ended), (1, 1));
    running.stop();
}

#[test]
fn who_asks_to_be_left_alone_is_left_alone_and_others_are_not() {
    let server = serve(|asked, before| match (&*asked.path, before) {
        ("/limited", _) => say("429 Too Many Requests", "Retry-After: 3600\r\n", b"x"),
        ("/down", _) => say("503 Service Unavailable", "Retry-After: Sat, 16 Jan 2027 08:00:00 GMT\r\n", b"x"),
        (_, 0) => ok(&rss(&[])),
        _ => ok(&rss(&["new"])),
    });
    // A 429 means the whole host, a 503 the one feed; the last is on another host.
    let urls = [
        server.url_at([127, 0, 0, 2], "/limited"),
        server.url_at([127, 0, 0, 2], "/same-host"),
        server.url_at([127, 0, 0, 3], "/down"),
        server.url_at([127, 0, 0, 3], "/same-host-as-down"),
        server.url_at([127, 0, 0, 4], "/other"),
    ];
    let mut running = start(config(&urls));
    running.until("looks at others", |_| server.count("/other") >= 5 && server.count("/same-host-as-down") >= 5);
    assert_eq!((server.count("/limited"), server.count("/same-host"), server.count("/down")), (1, 0, 1));
    assert_eq!(running.error(0), "the server answers 429");
    let positions = running.stop();
    // Nor is it asked after a restart, before its time has come.
    let mut running = start_at(config(&urls), &positions, Arc::new(ManualClock::at(NOW)));
    running.until("looks at others", |_| server.count("/other") >= 10);
    assert_eq!((server.count("/limited"), server.count("/down")), (1, 1));
    running.stop();
}

#[test]
fn a_storm_of_errors_passes() {
    let server = serve(|_, before| match before {
        0 => ok(&rss(&[])),
        1..6 => say(["500 Oh", "502 Bad", "504 Late", "404 None"][before % 4], "", b"<rss>"),
        _ => ok(&rss(&["after"])),
    });
    let mut running = start(config(&[server.url("/")]));
    running.until_told(&["after"]);
    assert_eq!(running.status.failures(), 5);
    let gaps = running.live.gaps();
    assert_eq!(gaps.len(), 1, "one gap, however many tries: {gaps:?}");
    assert!(gaps[0].end.is_some() && gaps[0].recovered, "what appeared meanwhile was found: {gaps:?}");
    running.stop();
}

/// The machine's clock leaps by an hour while feeds are read: no feed is asked later or more often for it, and what appears after
/// the leap counts. After a leap forward a look is like one after an outage: what appeared just then is passed over, and counted.
#[test]
fn a_clock_that_leaps_an_hour_stops_no_feed() {
    for leap in [-3_600, 3_600] {
        let shown = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&shown);
        let server = serve(move |_, _| {
            let titles: Vec<String> =
                (0..counter.load(Ordering::SeqCst)).map(|number| format!("item {number}")).collect();
            ok(&rss(&titles.iter().map(String::as_str).collect::<Vec<_>>()))
        });
        let clock = Arc::new(ManualClock::at(NOW));
        let mut running = start_at(config(&[server.url("/")]), &Positions::new(), Arc::clone(&clock) as Arc<dyn Clock>);
        running.until("a first look", |_| server.count("/") >= 2);
        shown.store(1, Ordering::SeqCst);
        running.until_told(&["item 0"]);
        clock.set(EventTime::from_unix(NOW.unix() + leap));
        let before = server.count("/");
        running.until("looks after the leap", |_| server.count("/") >= before + 3);
        shown.store(2, Ordering::SeqCst);
        running.until_told(&["item 0", "item 1"]);
        assert_eq!(running.status.failures(), 0);
        running.stop();
    }
}

#[test]
fn what_hangs_or_drips_is_given_up_and_delays_nobody() {
    let server = serve(|asked, before| match (&*asked.path, before) {
        ("/hangs", _) => Act::Hang,
        ("/drips", _) => Act::Drip,
        (_, 0) => ok(&rss(&[])),
        _ => ok(&rss(&["new"])),
    });
    let hanging = [server.url_at([127, 0, 0, 2], "/hangs"), server.url_at([127, 0, 0, 3], "/drips")];
    let mut config = config(&[&hanging[..], &[server.url("/good")]].concat());
    config.fetches_max = 3;
    let mut running = start(config);
    running.until_told(&["new"]);
    assert_eq!(running.error(0), Trouble::TimedOut.phrase());
    assert_eq!(running.error(1), "the answer took too long");
    running.stop();
}

#[test]
fn no_more_is_taken_than_the_bound() {
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n".to_vec();
    let endless = b"HTTP/1.1 200 OK\r\n\r\n<rss>".to_vec();
    let zeros = vec![b' '; 100 << 20];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&zeros).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    let server = serve(move |asked, _| match &*asked.path {
        "/announced" => Act::Flood(announced.clone()),
        "/endless" => Act::Flood(endless.clone()),
        _ => say("200 OK", "Content-Encoding: gzip\r\n", &bomb),
    });
    for path in ["/announced", "/endless", "/bomb"] {
        let mut config = config(&[server.url(path)]);
        config.request_timeout = PATIENCE;
        let mut running = start(config);
        assert_eq!(running.error(0), format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes"), "{path}");
        running.stop();
    }
    // Some of it lies in the buffers of both sides.
    let flooded = server.seen.flooded.load(Ordering::Relaxed);
    assert!(flooded < 90 << 20, "{flooded} bytes were taken");
}

#[test]
fn compressed_answers_are_read() {
    let server = serve(|asked, before| {
        assert_eq!(asked.header("accept-encoding"), Some("gzip, deflate"));
        let body = rss(if before == 0 { &[] } else { &["packed"] });
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(body.as_bytes()).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(body.as_bytes()).unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(body.as_bytes()).unwrap();
        match &*asked.path {
            "/gzip" => say("200 OK", "Content-Encoding: gzip\r\n", &gzip.finish().unwrap()),
            "/zlib" => say("200 OK", "Content-Encoding: deflate\r\n", &zlib.finish().unwrap()),
            "/raw" => say("200 OK", "Content-Encoding: deflate\r\n", &raw.finish().unwrap()),
            "/broken" => say("200 OK", "Content-Encoding: gzip\r\n", b"no gzip at all"),
            _ => say("200 OK", "Content-Encoding: br\r\n", b"x"),
        }
    });
    for path in ["/gzip", "/zlib", "/raw"] {
        let mut running = start(config(&[server.url(path)]));
        running.until_told(&["packed"]);
        running.stop();
    }
    let mut running = start(config(&[server.url("/broken"), server.url("/other")]));
    assert_eq!(running.error(0), "the compressed answer is broken");
    assert_eq!(running.error(1), "the answer is compressed in a way that was not asked for");
    running.stop();
}

#[test]
fn documents_that_attack_their_reader_are_harmless() {
    let server = serve(|asked, before| {
        let doctype = match &*asked.path {
            // A billion laughs.
            "/bomb" => {
                let mut entities = "<!ENTITY a0 \"ha\">".to_owned();
                for level in 1..30 {
                    let before = format!("&a{};", level - 1).repeat(10);
                    write!(entities, "<!ENTITY a{level} \"{before}\">").unwrap();
                }
                format!("<!DOCTYPE rss [{entities}]>")
            }
            "/external" => format!(
                "<!DOCTYPE rss SYSTEM \"http://{0}/dtd\" [<!ENTITY a29 SYSTEM \"file:///etc/passwd\">\
                 <!ENTITY % b SYSTEM \"http://{0}/entity\"> %b;]>",
                asked.header("host").unwrap()
            ),
            _ => String::new(),
        };
        let deep = if asked.path == "/deep" && before > 0 { "<b>".repeat(100_000) } else { String::new() };
        let items = if before == 0 { "" } else { "<item><title>[&a29;]</title></item>" };
        ok(&format!("<?xml version=\"1.0\"?>{doctype}<rss><channel>{items}{deep}</channel></rss>"))
    });
    for path in ["/bomb", "/external", "/deep"] {
        let mut running = start(config(&[server.url(path)]));
        running.until_told(&["[ ]"]);
        running.stop();
    }
    let paths: BTreeSet<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(
        paths,
        ["/bomb", "/deep", "/external"].map(str::to_owned).into(),
        "nothing that a document names is fetched"
    );
}

#[test]
fn bytes_that_are_no_text_and_types_that_are_wrong_cost_little() {
    let server = serve(|asked, before| {
        let mut body = rss(if before == 0 { &[] } else { &["caf?"] }).into_bytes();
        for byte in &mut body {
            if *byte == b'?' {
                *byte = 0xe9;
            }
        }
        match &*asked.path {
            "/invalid" => say("200 OK", "", &body),
            "/said" => say("200 OK", "Content-Type: text/html; charset=iso-8859-1\r\n", &body),
            "/page" => {
                say("200 OK", "Content-Type: application/rss+xml\r\n", b"<!DOCTYPE html><html><p>Sorry</p></html>")
            }
            "/json" => say("200 OK", "Content-Type: application/feed+json\r\n", b"{\"version\": 1"),
            "/other" => say("200 OK", "Content-Type: application/xml\r\n", b"<catalog><title>x</title></catalog>"),
            "/binary" => say("200 OK", "", b"\x00\x01\x02\x03"),
            _ => say("200 OK", "", b" \n"),
        }
    });
    for (path, title) in [("/invalid", "caf\u{fffd}"), ("/said", "café")] {
        let mut running = start(config(&[server.url(path)]));
        running.until_told(&[title]);
        running.stop();
    }
    let paths = ["/page", "/json", "/other", "/binary", "/empty"];
    let mut running = start(config(&paths.map(|path| server.url(path))));
    let errors: Vec<String> = (0..paths.len()).map(|feed| running.error(feed)).collect();
    assert_eq!(
        errors,
        [
            "a web page and no feed",
            "broken JSON",
            "neither RSS, Atom nor JSON Feed",
            "neither RSS, Atom nor JSON Feed",
            "the document is empty"
        ]
    );
    running.stop();
}

#[test]
fn a_certificate_that_nobody_signed_is_not_accepted() {
    let (address, spoken) = crate::net::stranger();
    let mut running = start(config(&[format!("https://localhost:{}/", address.port())]));
    assert_eq!(running.error(0), Trouble::Tls.phrase());
    assert_eq!(spoken.load(Ordering::SeqCst), 0, "nothing was asked of a server that nobody knows");
    running.stop();
}

#[test]
fn this_machine_and_private_networks_are_not_asked() {
    let server = serve(|_, _| ok(&rss(&["secret"])));
    let port = server.address.port();
    // By number, by a name that leads here, and by a number in disguise.
    let urls = [server.url("/"), format!("http://localhost:{port}/"), format!("http://2130706433:{port}/")];
    let mut config = config(&urls);
    config.private_addresses = false;
    let mut running = start(config);
    for feed in 0..urls.len() {
        assert_eq!(running.error(feed), "the address is not public (feeds.private_addresses allows it)");
    }
    assert_eq!(server.asked().len(), 0);
    running.stop();
    // A redirection is a request like any other, and its target is checked like any other.
    let fetcher = fetch::Fetcher::new(&FeedsConfig::default(), Arc::new(SystemClock::default())).unwrap();
    let mut feed = look::Feed::new(FeedSpec::new("https://public.example/feed"), 1).unwrap();
    let to = url::Url::parse(&server.url("/metadata")).unwrap();
    let step = feed.take(fetch::Outcome::Moved { to, permanent: true }, NOW, &FeedsConfig::default());
    assert!(step.hop);
    let question = feed.question();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(fetcher.fetch(question.url, question.known));
    assert!(matches!(&outcome, fetch::Outcome::Failed(failure) if failure.error.contains("not public")), "{outcome:?}");
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn an_empty_or_broken_list_is_refused() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
    let broken = FeedsConfig { feeds: vec![FeedSpec::new("feed://x")], ..FeedsConfig::default() };
    assert!(matches!(Feeds::new(broken, Arc::clone(&clock)), Err(ListError::Address(_))));
    let many = (0..=FEEDS_MAX).map(|number| FeedSpec::new(format!("http://x/{number}"))).collect();
    let many = FeedsConfig { feeds: many, ..FeedsConfig::default() };
    assert!(matches!(Feeds::new(many, Arc::clone(&clock)), Err(ListError::TooMany(_))));
    let none = Feeds::new(FeedsConfig { feeds: Vec::new(), ..FeedsConfig::default() }, clock).unwrap();
    let (feed, _receiver) = channel(1, Duration::from_secs(1));
    let ended = Box::new(none).run(feed.sender(SourceIx(0)), Stop::default());
    assert!(matches!(ended, Err(SourceError::Config(_))));
}

/// Five thousand feeds on 250 hosts, among them hosts that hang, refuse, break and answer rubbish. All good ones are read, no host
/// is asked twice at once, and no more are asked side by side than allowed.
#[test]
fn five_thousand_feeds() {
    const FEEDS: usize = 5_000;
    const HOSTS: usize = 250;
    let server = serve(|asked, before| {
        let IpAddr::V4(at) = asked.at else { unreachable!() };
        match (at.octets()[3], before) {
            (1, _) => Act::Hang,
            (2, _) => say("500 Oh", "", b"x"),
            (3, _) => ok("<html>no feed</html>"),
            (4, _) => Act::Say(b"rubbish\r\n\r\n".to_vec()),
            (_, 0) => ok(&rss(&["old"])),
            _ => ok(&rss(&[&asked.path, "old"])),
        }
    });
    let urls: Vec<String> = (0..FEEDS)
        .map(|number| {
            let host = [127, 1, (number % HOSTS / 100) as u8, (number % HOSTS % 100 + 1) as u8];
            server.url_at(host, &format!("/{number}"))
        })
        .collect();
    let bad = |number: usize| number % HOSTS % 100 < 4;
    let config = FeedsConfig {
        // Looked at twice, and then not again for a while.
        interval: Duration::from_millis(1),
        interval_min: Duration::from_millis(1),
        interval_max: Duration::from_millis(1),
        ..config(&urls)
    };
    let mut running = start(config);
    let good = (0..FEEDS).filter(|number| !bad(*number)).count();
    running.until("all good feeds' new items", |running| running.told.len() >= good);
    let told: BTreeSet<String> = running.told.iter().cloned().collect();
    let expected: BTreeSet<String> =
        (0..FEEDS).filter(|number| !bad(*number)).map(|number| format!("/{number}")).collect();
    assert_eq!(told.len(), running.told.len(), "an item was told twice");
    assert_eq!(told, expected);
    let seen = &server.seen;
    // A host that hangs still holds the connection of which the client has long let go.
    let mut rude = seen.rude.lock().unwrap().clone();
    rude.retain(|at| !matches!(at, IpAddr::V4(at) if at.octets()[3] == 1));
    assert_eq!(rude, [] as [IpAddr; 0], "a host was asked while it was answering");
    let hung = server.asked().iter().filter(|asked| matches!(asked.at, IpAddr::V4(at) if at.octets()[3] == 1)).count();
    assert!(seen.running_max.load(Ordering::Relaxed) <= FETCHES_MAX + hung);
    let states: BTreeMap<&str, usize> = running.status.feeds().iter().fold(BTreeMap::new(), |mut states, feed| {
        let state = match feed.state {
            FeedState::Read => "read",
            FeedState::Waiting => "waiting",
            FeedState::Failing { .. } => "failing",
            _ => "other",
        };
        *states.entry(state).or_default() += 1;
        states
    });
    assert_eq!(states.get("read"), Some(&good), "{states:?}");
    running.stop();
}
