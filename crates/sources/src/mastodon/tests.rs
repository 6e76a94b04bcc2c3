//! The connections against a server on this machine.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use groundswell_post::{DeleteTarget, EventTime, Record};

use super::*;
use crate::block::{Payload, Positions, SourceIx};
use crate::channel::{BlockReceiver, Stop, channel};
use crate::clock::{Clock, ManualClock};
use crate::decode::{DecodeOptions, DecodeScratch, decode};
use crate::live::{LiveState, LiveStatus, Trouble};
use crate::source::Source;

#[path = "../../tests/support/mastodon_server.rs"]
mod server;
use server::{Plan, Say, Server, Stream};

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(20);

const NOW: EventTime = EventTime::from_unix(1_800_000_000);

/// Ids as Mastodon makes them: a status a second.
fn id(number: u64) -> u64 {
    ((NOW.unix() as u64 - 10_000 + number) * 1_000) << 16 | 7
}

fn status(number: u64) -> String {
    status_of("https://a.example/s", number)
}

fn status_of(uri: &str, number: u64) -> String {
    format!(
        r#"{{"id":"{}","uri":"{uri}/{number}","created_at":"2026-11-25T08:00:00.000Z","visibility":"public","content":"<p>number {number}</p>","account":{{"acct":"ann"}}}}"#,
        id(number)
    )
}

fn updates(numbers: std::ops::Range<u64>) -> Vec<Say> {
    numbers.map(|number| Say::Event("update", status(number))).collect()
}

fn statuses(numbers: std::ops::Range<u64>) -> Vec<(u64, String)> {
    numbers.map(|number| (id(number), status(number))).collect()
}

struct Running {
    status: Arc<LiveStatus>,
    clock: Arc<ManualClock>,
    stop: Stop,
    receiver: BlockReceiver,
    thread: thread::JoinHandle<()>,
    told: Vec<String>,
    positions: Positions,
    ids: Vec<String>,
}

fn start(instances: Vec<InstanceConfig>) -> Running {
    start_with(instances, |_| {}, &Positions::new())
}

fn start_with(
    instances: Vec<InstanceConfig>,
    change: impl FnOnce(&mut MastodonConfig),
    positions: &Positions,
) -> Running {
    let mut config = MastodonConfig {
        instances,
        backoff_min: Duration::from_millis(20),
        backoff_max: Duration::from_millis(50),
        poll_every: Duration::from_millis(5),
        ..MastodonConfig::default()
    };
    change(&mut config);
    let clock = Arc::new(ManualClock::at(NOW));
    let mut source = Box::new(Mastodon::new(config, Arc::clone(&clock) as Arc<dyn Clock>));
    source.resume(positions);
    let status = source.status();
    let (feed, receiver) = channel(64, Duration::from_secs(30));
    let sender = feed.sender(SourceIx(0));
    let stop = Stop::default();
    let thread = thread::spawn({
        let stop = stop.clone();
        move || source.run(sender, stop).unwrap()
    });
    Running { status, clock, stop, receiver, thread, told: Vec::new(), positions: Positions::new(), ids: Vec::new() }
}

impl Running {
    /// Takes a block if one comes soon.
    fn take(&mut self) {
        let Ok(block) = self.receiver.recv_timeout(Duration::from_millis(20)) else { return };
        assert!(matches!(block.payload, Payload::Mastodon { .. } | Payload::Rejected(_)));
        decode(&block, &DecodeOptions::default(), NOW, &mut DecodeScratch::default(), &mut |_, record| {
            self.told.push(match record {
                Ok(Record::Post(post)) => {
                    self.ids.push(post.id.unwrap().into_owned());
                    post.text.into_owned()
                }
                Ok(Record::Delete(deletion)) => {
                    let DeleteTarget::Post(id) = deletion.target else { panic!("an author was deleted") };
                    let known = self.ids.iter().position(|seen| *seen == id);
                    known.map_or("deletes what is not known".to_owned(), |at| format!("deletes {at}"))
                }
                Err(rejection) => rejection.to_string(),
            });
        });
        if let Some(position) = &block.position {
            self.positions.insert(position.key.to_string(), position.value.to_string());
        }
    }

    /// Waits until so many records are told, in all.
    fn until_told(&mut self, count: usize) {
        let since = Instant::now();
        while self.told.len() < count {
            assert!(since.elapsed() < PATIENCE, "told {:?}, {:?}", self.told, self.status.parts());
            self.take();
        }
        assert_eq!(self.told.len(), count, "{:?}", self.told);
    }

    fn until_trouble(&self, trouble: Trouble) {
        let since = Instant::now();
        while self.status.parts()[0].last_error != Some(trouble) {
            assert!(since.elapsed() < PATIENCE, "waited for {trouble:?} in vain: {:?}", self.status.parts());
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn stop(self) {
        self.stop.stop();
        self.thread.join().unwrap();
        assert_eq!(self.status.state(), LiveState::Closed);
    }
}

fn instance(server: &Server, stream: StreamMode) -> InstanceConfig {
    InstanceConfig { stream, token: Token::new("s3cret"), ..InstanceConfig::new(server.host()) }
}

fn numbers(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|number| format!("number {number}")).collect()
}

#[test]
fn streams_posts_edits_and_deletions_on_either_way() {
    let says = [
        updates(0..2),
        vec![
            Say::Event("status.update", status(1).replace("number 1", "number 1, edited")),
            Say::Event("delete", id(0).to_string()),
            Say::Event("notification", "{}".to_owned()),
            Say::Event("delete", "77".to_owned()),
            Say::Event("update", "{\"id\":".to_owned()),
        ],
        updates(2..3),
    ]
    .concat();
    for mode in [StreamMode::WebSocket, StreamMode::Sse] {
        let plan = Plan {
            web_socket: vec![Stream::Stay(says.clone())],
            sse: vec![Stream::Stay(says.clone())],
            ..Plan::default()
        };
        let server = Server::new(plan);
        let mut running = start(vec![instance(&server, mode)]);
        running.until_told(7);
        let expected = [
            "number 0",
            "number 1",
            "number 1, edited",
            "deletes 0",
            "deletes what is not known",
            "record: not JSON",
            "number 2",
        ];
        assert_eq!(running.told, expected);
        let asked = server.asked();
        assert!(asked[0].starts_with("/api/v2/instance") && !asked[0].contains("token"), "{asked:?}");
        let stream =
            if mode == StreamMode::Sse { "/api/v1/streaming/public" } else { "/api/v1/streaming?stream=public" };
        assert_eq!(asked[1], format!("{stream} with a token"));
        running.stop();
    }
}

#[test]
fn where_streams_are_closed_the_timeline_is_asked_for() {
    let server = Server::new(Plan { timeline: Some((statuses(0..100), 30)), ..Plan::default() });
    let mut running = start(vec![InstanceConfig { local: true, ..InstanceConfig::new(server.host()) }]);
    running.until_told(100);
    assert_eq!(running.told, numbers(0..100));
    let asked = server.asked();
    assert_eq!(
        asked[..5],
        [
            "/api/v2/instance",
            "/api/v1/streaming?stream=public:local",
            "/api/v2/instance",
            "/api/v1/streaming/public/local",
            "/api/v2/instance",
        ]
    );
    assert_eq!(asked[5], "/api/v1/timelines/public?limit=40&local=true");
    assert_eq!(asked[6], format!("/api/v1/timelines/public?limit=40&local=true&min_id={}", id(29)));
    assert_eq!(running.status.state(), LiveState::Connected);
    running.stop();
}

#[test]
fn after_a_break_what_was_missed_is_asked_for() {
    // 90 statuses came while the connection was down: more than a page holds.
    let plan = Plan {
        web_socket: vec![Stream::Drop(updates(0..10)), Stream::Stay(updates(100..102))],
        timeline: Some((statuses(0..100), 100)),
        ..Plan::default()
    };
    let server = Server::new(plan);
    let mut running = start(vec![instance(&server, StreamMode::WebSocket)]);
    running.until_told(102);
    assert_eq!(running.told, numbers(0..102));
    let gaps = running.status.gaps();
    assert_eq!((gaps.len(), gaps[0].cause, gaps[0].recovered), (1, Trouble::Broken, true));
    running.stop();
}

#[test]
fn where_the_timeline_is_closed_too_a_break_is_a_gap() {
    let plan = Plan { web_socket: vec![Stream::Drop(updates(0..1)), Stream::Stay(updates(1..2))], ..Plan::default() };
    let server = Server::new(plan);
    let mut running = start(vec![instance(&server, StreamMode::WebSocket)]);
    running.until_told(2);
    let gaps = running.status.gaps();
    assert_eq!((gaps.len(), gaps[0].recovered, gaps[0].end.is_some()), (1, false, true));
    running.stop();
}

#[test]
fn goes_on_from_a_position_of_an_earlier_run() {
    let server = Server::new(Plan { timeline: Some((statuses(0..100), 100)), ..Plan::default() });
    let key = server.host().trim_start_matches("http://").to_owned();
    let second = |number: i64| NOW.unix() - 10_000 + number;
    let positions = Positions::from([(key.clone(), second(50).to_string())]);
    let mut running = start_with(vec![instance(&server, StreamMode::Poll)], |_| {}, &positions);
    running.until_told(50);
    // The second in which it stopped comes again.
    assert_eq!(running.told, numbers(50..100));
    assert_eq!(running.positions[&key], second(99).to_string());
    let gaps = running.status.gaps();
    assert_eq!((gaps.len(), gaps[0].cause, gaps[0].recovered), (1, Trouble::NotRunning, true));
    assert_eq!(gaps[0].start.unix(), second(50));
    running.stop();
}

#[test]
fn too_much_to_make_up_for_is_a_gap() {
    let count = (BACKFILL_PAGES_MAX as u64 + 5) * 40;
    let server = Server::new(Plan { timeline: Some((statuses(0..count), count as usize)), ..Plan::default() });
    let key = server.host().trim_start_matches("http://").to_owned();
    let positions = Positions::from([(key, (NOW.unix() - 10_000).to_string())]);
    let mut running = start_with(vec![instance(&server, StreamMode::Poll)], |_| {}, &positions);
    running.until_told((BACKFILL_PAGES_MAX + 1) * 40);
    assert_eq!(running.told.last(), Some(&format!("number {}", count - 1)));
    assert!(!running.status.gaps()[0].recovered);
    running.stop();
}

#[test]
fn one_status_from_two_instances_is_one() {
    let plan = |number: u64| Plan {
        about: Some(r#"{"domain":"a.example","configuration":{"urls":{"streaming":"wss://evil.example"}}}"#.to_owned()),
        // The same status under another id.
        web_socket: vec![Stream::Stay(vec![Say::Event(
            "update",
            status(7).replace(&id(7).to_string(), &number.to_string()),
        )])],
        ..Plan::default()
    };
    let (one, two) = (Server::new(plan(1)), Server::new(plan(22)));
    let mut running = start(vec![instance(&one, StreamMode::WebSocket), instance(&two, StreamMode::WebSocket)]);
    running.until_told(2);
    assert_eq!(running.ids[0], running.ids[1]);
    assert_eq!(running.status.parts().len(), 2);
    assert_eq!(running.status.connections(), 2, "and the stream was not looked for elsewhere");
    running.stop();
}

#[test]
fn servers_that_ask_for_patience_get_it() {
    let page = |number: u64| (200, "X-RateLimit-Remaining: 299\r\n", format!("[{}]", status(number)));
    let plan = Plan {
        timeline_first: vec![
            page(0),
            (503, "Retry-After: 0\r\n", String::new()),
            (429, "X-RateLimit-Reset: 2027-01-15T07:59:00.000Z\r\n", String::new()),
            page(1),
            (429, "Retry-After: 3000\r\n", String::new()),
        ],
        ..Plan::default()
    };
    let server = Server::new(plan);
    let mut running = start(vec![instance(&server, StreamMode::Poll)]);
    running.until_told(2);
    running.until_trouble(Trouble::RateLimited);
    let since = Instant::now();
    loop {
        if let LiveState::Waiting { wait, .. } = running.status.state()
            && wait >= Duration::from_secs(2_999)
        {
            break;
        }
        assert!(since.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(2));
    }
    let last_error = running.status.parts()[0].last_error;
    assert_eq!(last_error, Some(Trouble::RateLimited));
    running.stop();
}

#[test]
fn every_trouble_is_told_apart() {
    for (plan, mode, trouble) in [
        (Plan::default(), StreamMode::WebSocket, Trouble::Unauthorized),
        (Plan::default(), StreamMode::Poll, Trouble::Unauthorized),
        (Plan { sse: vec![Stream::Closed(404, "")], ..Plan::default() }, StreamMode::Sse, Trouble::NotOffered),
        (
            Plan { sse: vec![Stream::Closed(200, "Content-Type: text/html\r\n")], ..Plan::default() },
            StreamMode::Sse,
            Trouble::NotOffered,
        ),
        (
            Plan { sse: vec![Stream::Closed(302, "Location: http://127.0.0.1:1/\r\n")], ..Plan::default() },
            StreamMode::Sse,
            Trouble::NotOffered,
        ),
        (
            Plan { web_socket: vec![Stream::Closed(502, "")], ..Plan::default() },
            StreamMode::WebSocket,
            Trouble::ServerError,
        ),
        (
            Plan { timeline_first: vec![(200, "", "<html>".to_owned())], ..Plan::default() },
            StreamMode::Poll,
            Trouble::BadAnswer,
        ),
        (Plan { sse: vec![Stream::Drop(Vec::new())], ..Plan::default() }, StreamMode::Sse, Trouble::Ended),
    ] {
        let server = Server::new(plan);
        let running = start_with(
            vec![instance(&server, mode)],
            |config| config.backoff_min = Duration::from_secs(30),
            &Positions::new(),
        );
        running.until_trouble(trouble);
        running.stop();
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (host, trouble) in
        [(format!("http://{port}"), Trouble::Refused), ("http://no-such-host.invalid".to_owned(), Trouble::NoAddress)]
    {
        for mode in [StreamMode::WebSocket, StreamMode::Sse, StreamMode::Poll] {
            let instance = InstanceConfig { stream: mode, ..InstanceConfig::new(host.clone()) };
            let running = start(vec![instance]);
            running.until_trouble(trouble);
            running.stop();
        }
    }
}

#[test]
fn a_stream_on_which_nothing_is_heard_is_given_up() {
    for mode in [StreamMode::WebSocket, StreamMode::Sse] {
        let streams = vec![Stream::Hang(updates(0..1)), Stream::Stay(updates(1..2))];
        let server = Server::new(Plan { web_socket: streams.clone(), sse: streams, ..Plan::default() });
        let quick = |config: &mut MastodonConfig| {
            config.ping_after = Duration::from_millis(100);
            config.silence_max = Duration::from_millis(300);
        };
        let mut running = start_with(vec![instance(&server, mode)], quick, &Positions::new());
        running.until_told(1);
        running.clock.advance_millis(60_000);
        running.until_trouble(Trouble::Silent);
        running.until_told(2);
        assert_eq!(running.status.gaps()[0].start, NOW);
        running.stop();
    }
}

#[test]
fn what_is_too_long_or_no_json_is_counted_and_passed_over() {
    let long = Say::Event("update", "x".repeat(MESSAGE_BYTES_MAX + 1));
    let says = vec![Say::Raw("no JSON".to_owned()), Say::Raw("{\"stream\":[]}".to_owned())];
    let web_socket = vec![Stream::Stay([says, vec![long.clone()]].concat()), Stream::Stay(updates(0..1))];
    let sse = vec![Stream::Stay([vec![long], updates(0..1)].concat())];
    let server = Server::new(Plan { web_socket, sse, ..Plan::default() });
    let mut running = start(vec![instance(&server, StreamMode::WebSocket)]);
    running.until_told(3);
    assert_eq!(running.told, ["record: not JSON", "record: too long", "number 0"]);
    running.stop();
    // The same connection goes on.
    let mut running = start(vec![instance(&server, StreamMode::Sse)]);
    running.until_told(2);
    assert_eq!(running.told, ["record: too long", "number 0"]);
    assert_eq!(running.status.failures(), 0);
    running.stop();
}

const WAYS: [StreamMode; 3] = [StreamMode::WebSocket, StreamMode::Sse, StreamMode::Poll];

/// The head of a WebSocket's frame that says to have so many bytes.
fn frame_head(last: bool, opcode: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![if last { 0x80 } else { 0 } | opcode, 127];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes
}

fn frame(last: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    [frame_head(last, opcode, payload.len() as u64), payload.to_vec()].concat()
}

/// An `update` as it comes over a WebSocket.
fn wire(status: &str) -> String {
    format!(r#"{{"stream":["public"],"event":"update","payload":{}}}"#, serde_json::to_string(status).unwrap())
}

#[test]
fn a_certificate_that_nobody_signed_is_not_accepted_on_any_way() {
    let (address, heard) = crate::net::stranger();
    for mode in WAYS {
        let host = format!("https://localhost:{}", address.port());
        let instance = InstanceConfig { stream: mode, token: Token::new("s3cret"), ..InstanceConfig::new(host) };
        let running = start(vec![instance]);
        running.until_trouble(Trouble::Tls);
        running.stop();
    }
    assert_eq!(heard.load(std::sync::atomic::Ordering::SeqCst), 0, "the token was told to a stranger");
}

#[test]
fn a_storm_of_errors_passes_on_every_way() {
    let storm = [500, 502, 503, 504, 500].map(|status| Stream::Closed(status, ""));
    let after = [storm.to_vec(), vec![Stream::Stay(updates(0..2))]].concat();
    let timeline_first = [500, 502, 503, 504, 500].map(|status| (status, "", "<html>".to_owned())).to_vec();
    for mode in WAYS {
        let plan = Plan {
            web_socket: after.clone(),
            sse: after.clone(),
            timeline: Some((statuses(0..2), 2)),
            timeline_first: timeline_first.clone(),
            ..Plan::default()
        };
        let server = Server::new(plan);
        let mut running = start(vec![instance(&server, mode)]);
        running.until_trouble(Trouble::ServerError);
        running.until_told(2);
        assert_eq!(running.status.failures(), 5, "{mode:?}");
        let gaps = running.status.gaps();
        assert_eq!(gaps.len(), 1, "one gap, however many tries: {gaps:?}");
        running.stop();
    }
}

#[test]
fn streams_that_ask_for_patience_get_it_too() {
    for mode in [StreamMode::WebSocket, StreamMode::Sse] {
        let busy = vec![Stream::Closed(429, "Retry-After: 3000\r\n")];
        let server = Server::new(Plan { web_socket: busy.clone(), sse: busy, ..Plan::default() });
        let running = start(vec![instance(&server, mode)]);
        let since = Instant::now();
        while !matches!(running.status.state(), LiveState::Waiting { reason: Trouble::RateLimited, wait } if wait >= Duration::from_secs(2_999))
        {
            assert!(since.elapsed() < PATIENCE, "{:?}", running.status.parts());
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(server.asked().iter().filter(|asked| asked.contains("streaming")).count(), 1, "asked once");
        running.stop();
    }
}

#[test]
fn a_break_in_the_middle_of_a_message_loses_nothing() {
    let whole = wire(&status(2));
    let half_frame = [frame_head(true, 1, whole.len() as u64), whole.as_bytes()[..40].to_vec()].concat();
    let half_event = format!("event: update\ndata: {}", &status(2)[..40]).into_bytes();
    let page = format!("[{}]", status(1));
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", page.len());
    let half_page = (head + &page[..page.len() / 2]).into_bytes();
    for mode in WAYS {
        let plan = Plan {
            web_socket: vec![Stream::Reset(updates(0..2), half_frame.clone()), Stream::Stay(updates(3..4))],
            sse: vec![Stream::Reset(updates(0..2), half_event.clone()), Stream::Stay(updates(3..4))],
            timeline: Some((statuses(0..4), 4)),
            timeline_raw: if mode == StreamMode::Poll { vec![(half_page.clone(), true)] } else { Vec::new() },
            ..Plan::default()
        };
        let server = Server::new(plan);
        let mut running = start(vec![instance(&server, mode)]);
        running.until_trouble(Trouble::Broken);
        // What a reset took with it is asked for at the next connection; what comes both ways is the same post to the edge.
        let since = Instant::now();
        let mut told: Vec<String> = Vec::new();
        while told.len() < 4 {
            assert!(since.elapsed() < PATIENCE, "{mode:?}: {told:?}");
            running.take();
            told.clone_from(&running.told);
            told.sort();
            told.dedup();
        }
        assert_eq!(told, numbers(0..4), "{mode:?}");
        running.stop();
    }
}

#[test]
fn fragments_of_a_web_socket_are_one_message() {
    let text = wire(&status(0));
    let (head, tail) = text.as_bytes().split_at(30);
    let raw = [frame(false, 1, head), frame(true, 9, b""), frame(false, 0, b""), frame(true, 0, tail)].concat();
    let server = Server::new(Plan { web_socket: vec![Stream::Raw(raw, updates(1..2))], ..Plan::default() });
    let mut running = start(vec![instance(&server, StreamMode::WebSocket)]);
    running.until_told(2);
    assert_eq!(running.told, numbers(0..2));
    assert_eq!(running.status.failures(), 0);
    running.stop();
}

#[test]
fn a_hundred_megabytes_are_counted_and_not_held() {
    let mut line = b"event: update\ndata: ".to_vec();
    line.resize(100 << 20, b'x');
    line.extend_from_slice(b"\n\n");
    let plan = || Plan {
        web_socket: vec![Stream::Raw(frame_head(true, 1, 100 << 20), Vec::new()), Stream::Stay(updates(0..1))],
        ..Plan::default()
    };
    let server = Server::new(plan());
    let mut running = start(vec![instance(&server, StreamMode::WebSocket)]);
    running.until_told(2);
    assert_eq!(running.told, ["record: too long", "number 0"]);
    running.stop();
    let server = Server::new(Plan { sse: vec![Stream::Raw(line, updates(0..1))], ..Plan::default() });
    let mut running = start(vec![instance(&server, StreamMode::Sse)]);
    running.until_told(2);
    assert_eq!((&*running.told.join(", "), running.status.failures()), ("record: too long, number 0", 0));
    running.stop();
    let mut page = b"HTTP/1.1 200 OK\r\n\r\n[".to_vec();
    page.resize(100 << 20, b' ');
    let plan = Plan { timeline_raw: vec![(page, true)], timeline: Some((statuses(0..1), 1)), ..Plan::default() };
    let server = Server::new(plan);
    let mut running = start(vec![instance(&server, StreamMode::Poll)]);
    running.until_trouble(Trouble::TooLong);
    running.until_told(1);
    running.stop();
}

#[test]
fn bytes_that_are_no_text_cost_their_status_and_no_other() {
    let bad = |text: &str| {
        let mut bytes = text.replace("number 1", "number ?").into_bytes();
        bytes.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xff);
        bytes
    };
    // A frame that is no UTF-8 ends its connection; what came after is asked for.
    let raw = [frame(true, 1, wire(&status(0)).as_bytes()), frame(true, 1, &bad(&wire(&status(1))))].concat();
    let web_socket = vec![Stream::Raw(raw, Vec::new()), Stream::Stay(updates(2..3))];
    let server = Server::new(Plan { web_socket, ..Plan::default() });
    let mut running = start(vec![instance(&server, StreamMode::WebSocket)]);
    running.until_told(3);
    assert_eq!(running.told, ["number 0", "record: not UTF-8", "number 2"]);
    running.stop();
    // Server-sent events and pages go on behind it.
    let event = [b"event: update\ndata: ".to_vec(), bad(&status(1)), b"\n\n".to_vec()].concat();
    let server = Server::new(Plan { sse: vec![Stream::Raw(event, updates(2..3))], ..Plan::default() });
    let mut running = start(vec![instance(&server, StreamMode::Sse)]);
    running.until_told(2);
    assert_eq!(running.told, ["record: not UTF-8", "number 2"]);
    running.stop();
    let page =
        [b"[".to_vec(), status(2).into_bytes(), b",".to_vec(), bad(&status(1)), b",".to_vec(), status(0).into_bytes()];
    let page = [page.concat(), b"]".to_vec()].concat();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", page.len()).into_bytes();
    let timeline_raw = vec![([head, page].concat(), true)];
    let server = Server::new(Plan { timeline_raw, timeline: Some((statuses(0..4), 4)), ..Plan::default() });
    let mut running = start(vec![instance(&server, StreamMode::Poll)]);
    running.until_told(4);
    assert_eq!(running.told, ["number 0", "record: not UTF-8", "number 2", "number 3"]);
    assert_eq!(running.status.failures(), 0);
    running.stop();
}

#[test]
fn a_timeline_that_never_answers_is_given_up() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n[".to_vec();
    for hanging in [Vec::new(), half] {
        let plan =
            Plan { timeline_raw: vec![(hanging, false)], timeline: Some((statuses(0..1), 1)), ..Plan::default() };
        let server = Server::new(plan);
        let quick = |config: &mut MastodonConfig| config.connect_timeout = Duration::from_millis(300);
        let mut running = start_with(vec![instance(&server, StreamMode::Poll)], quick, &Positions::new());
        running.until_trouble(Trouble::TimedOut);
        running.until_told(1);
        running.stop();
    }
}

/// In whatever order and however often statuses come, each is told, and the place to go on from is that of the newest.
#[test]
fn statuses_out_of_order_and_again_move_no_position_back() {
    let says: Vec<Say> = [3, 0, 4, 4, 1, 2].iter().map(|number| Say::Event("update", status(*number))).collect();
    for mode in [StreamMode::WebSocket, StreamMode::Sse] {
        let streams = vec![Stream::Stay(says.clone())];
        let server = Server::new(Plan { web_socket: streams.clone(), sse: streams, ..Plan::default() });
        let mut running = start(vec![instance(&server, mode)]);
        running.until_told(6);
        let (ids, last) = (running.ids.clone(), running.positions.values().next().cloned());
        assert_eq!(ids[2], ids[3], "the edge knows the second by its id");
        assert_eq!(last, Some((NOW.unix() - 10_000 + 4).to_string()));
        running.stop();
    }
}

#[test]
fn one_instance_that_is_down_does_not_delay_the_others() {
    let down = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::new(Plan { web_socket: vec![Stream::Stay(updates(0..5))], ..Plan::default() });
    let mut running = start(vec![InstanceConfig::new(format!("http://{down}")), instance(&server, StreamMode::Auto)]);
    running.until_told(5);
    assert_eq!(running.status.state(), LiveState::Connected);
    running.until_trouble(Trouble::Refused);
    running.stop();
}

#[test]
fn nothing_prints_a_token() {
    let config = MastodonConfig {
        instances: vec![InstanceConfig { token: Token::new(" s3cret\n"), ..InstanceConfig::new("a.example") }],
        ..MastodonConfig::default()
    };
    let source = Mastodon::new(config.clone(), Arc::new(ManualClock::at(NOW)));
    assert!(!format!("{config:?} {source:?}").contains("s3cret"));
    assert!(Token::new(" \n").is_none() && Token::new("a b").is_none() && Token::new("a\r\nb").is_none());
}
