//! The connection against real servers on this machine that do what servers do wrong.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use groundswell_post::{EventTime, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use super::*;
use crate::block::{Block, Payload, Positions, SourceIx};
use crate::channel::{BlockReceiver, Stop, channel};
use crate::clock::{Clock, ManualClock};
use crate::decode::{DecodeOptions, DecodeScratch, decode};
use crate::live::{LiveState, LiveStatus, Trouble};
use crate::source::Source;

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// The first message's time.
const BEGAN: u64 = 1_783_175_888_000_300;

/// The wall clock of the tests.
const NOW: EventTime = EventTime::from_unix(1_783_180_000);

fn time_us(number: u64) -> u64 {
    BEGAN + number * 10_000_000
}

fn message(number: u64) -> String {
    format!(r#"{{"did":"did:plc:a","time_us":{},"kind":"identity"}}"#, time_us(number))
}

fn post(number: u64) -> String {
    format!(
        r#"{{"did":"did:plc:a","time_us":{},"kind":"commit","commit":{{"collection":"app.bsky.feed.post","operation":"create","rkey":"{number}","record":{{"text":"number {number}"}}}}}}"#,
        time_us(number)
    )
}

/// What a server does with one connection.
#[derive(Clone)]
enum Act {
    /// Sends these and drops the connection without a word.
    SendAndDrop(Vec<Message>),
    /// Sends these and stays, answering pings.
    SendAndStay(Vec<Message>),
    /// Sends these and reads nothing any more: what a host does that has lost its power.
    SendAndHang(Vec<Message>),
    /// Sends this, raw, after the handshake, and drops the connection.
    Raw(Vec<u8>),
    /// The same, but what is on its way is thrown away and the connection reset.
    RawAndReset(Vec<u8>),
    /// Answers the handshake with this.
    Answer(&'static str),
}

/// A server: what it does with one connection after another, and what it was asked.
struct Served {
    address: SocketAddr,
    queries: mpsc::Receiver<String>,
    _runtime: tokio::runtime::Runtime,
}

impl Served {
    fn new(acts: Vec<Act>) -> Self {
        Self::on(std::net::TcpListener::bind("127.0.0.1:0").unwrap(), acts)
    }

    fn on(listener: std::net::TcpListener, acts: Vec<Act>) -> Self {
        let address = listener.local_addr().unwrap();
        let (told, queries) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        listener.set_nonblocking(true).unwrap();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let mut kept = Vec::new();
            for act in acts {
                let (stream, _) = listener.accept().await.unwrap();
                serve(stream, act, &told, &mut kept).await;
            }
            std::future::pending::<()>().await;
        });
        Self { address, queries, _runtime: runtime }
    }

    fn url(&self) -> String {
        format!("ws://{}/subscribe?wantedCollections=app.bsky.feed.post", self.address)
    }

    fn query(&self) -> String {
        self.queries.recv_timeout(PATIENCE).unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    act: Act,
    told: &mpsc::Sender<String>,
    kept: &mut Vec<Box<dyn std::any::Any + Send>>,
) {
    if let Act::Answer(answer) = act {
        let mut asked = [0; 4_096];
        let length = stream.read(&mut asked).await.unwrap();
        told.send(String::from_utf8_lossy(&asked[..length]).into_owned()).unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        return;
    }
    let mut socket = accept(stream, told).await;
    match act {
        Act::SendAndDrop(messages) => send(&mut socket, messages).await,
        Act::SendAndHang(messages) => {
            send(&mut socket, messages).await;
            kept.push(Box::new(socket));
        }
        Act::SendAndStay(messages) => {
            send(&mut socket, messages).await;
            tokio::spawn(async move { while let Some(Ok(_)) = socket.next().await {} });
        }
        Act::Raw(ref bytes) | Act::RawAndReset(ref bytes) => {
            socket.get_mut().write_all(bytes).await.unwrap();
            socket.get_mut().flush().await.unwrap();
            if matches!(act, Act::RawAndReset(_)) {
                socket2::SockRef::from(socket.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
            }
        }
        Act::Answer(_) => unreachable!("answered above"),
    }
}

async fn send(socket: &mut tokio_tungstenite::WebSocketStream<TcpStream>, messages: Vec<Message>) {
    for message in messages {
        // A client that has had enough is what some tests are about.
        let _ = socket.send(message).await;
    }
}

async fn accept(stream: TcpStream, told: &mpsc::Sender<String>) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    let told = Mutex::new(told.clone());
    #[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
    let callback = move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        told.lock().unwrap().send(query).unwrap();
        Ok(response)
    };
    tokio_tungstenite::accept_hdr_async(stream, callback).await.unwrap()
}

fn texts(numbers: std::ops::Range<u64>) -> Vec<Message> {
    numbers.map(|number| Message::text(message(number))).collect()
}

struct Running {
    status: Arc<LiveStatus>,
    clock: Arc<ManualClock>,
    stop: Stop,
    receiver: BlockReceiver,
    thread: thread::JoinHandle<()>,
    line: std::cell::Cell<u64>,
}

fn start(urls: Vec<String>) -> Running {
    start_with(urls, |_| {}, None)
}

fn start_with(urls: Vec<String>, change: impl FnOnce(&mut JetstreamConfig), cursor: Option<u64>) -> Running {
    let mut config = JetstreamConfig {
        endpoints: urls,
        backoff_min: Duration::from_millis(20),
        backoff_max: Duration::from_millis(50),
        ..JetstreamConfig::default()
    };
    change(&mut config);
    let clock = Arc::new(ManualClock::at(NOW));
    let mut source = Box::new(Jetstream::new(config, Arc::clone(&clock) as Arc<dyn Clock>));
    if let Some(cursor) = cursor {
        source.resume(&Positions::from([("cursor".to_owned(), cursor.to_string())]));
    }
    let status = source.status();
    let (feed, receiver) = channel(64, Duration::from_secs(30));
    let sender = feed.sender(SourceIx(0));
    let stop = Stop::default();
    let thread = thread::spawn({
        let stop = stop.clone();
        move || source.run(sender, stop).unwrap()
    });
    Running { status, clock, stop, receiver, thread, line: std::cell::Cell::new(1) }
}

impl Running {
    fn blocks(&self, mut each: impl FnMut(Block) -> bool) {
        let since = Instant::now();
        loop {
            assert!(since.elapsed() < PATIENCE, "waited for messages in vain: {:?}", self.status.state());
            let Ok(block) = self.receiver.recv_timeout(Duration::from_millis(20)) else { continue };
            if each(block) {
                return;
            }
        }
    }

    /// Waits for so many messages and checks that lines are numbered without gaps; a rejection counts as one.
    fn messages(&self, count: usize) -> Vec<String> {
        let mut found = Vec::new();
        self.blocks(|block| {
            assert_eq!(block.first_line, self.line.get());
            match &block.payload {
                Payload::Jetstream { bytes, .. } => {
                    let text = std::str::from_utf8(bytes).unwrap();
                    found.extend(text.lines().map(str::to_owned));
                    self.line.set(self.line.get() + text.lines().count() as u64);
                }
                Payload::Rejected(rejection) => {
                    found.push(rejection.to_string());
                    self.line.set(self.line.get() + 1);
                }
                _ => panic!("another payload"),
            }
            found.len() >= count
        });
        found
    }

    fn until(&self, what: &str, check: impl Fn(&LiveStatus) -> bool) {
        let since = Instant::now();
        while !check(&self.status) {
            assert!(since.elapsed() < PATIENCE, "waited for {what} in vain: {:?}", self.status.parts());
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn until_trouble(&self, trouble: Trouble) {
        self.until(trouble.as_str(), |status| status.parts()[0].last_error == Some(trouble));
    }

    fn stop(self) {
        self.stop.stop();
        self.thread.join().unwrap();
        assert_eq!(self.status.state(), LiveState::Closed);
    }
}

#[test]
fn what_happens_now_is_thinned_and_what_is_played_back_waits() {
    let now = (NOW.unix() as u64 * 1_000_000 - BEGAN) / 10_000_000;
    let served = Served::new(vec![Act::SendAndStay(texts(now - 20..now + 200))]);
    let live = start_with(vec![served.url()], |config| config.batch_bytes = 1, None);
    let since = Instant::now();
    // Nobody takes blocks, so the lane fills, and one finds no room.
    while live.receiver.thinning().waited() == 0 {
        assert!(since.elapsed() < PATIENCE, "no block was turned away");
        thread::sleep(Duration::from_millis(2));
    }
    assert!(live.receiver.thinning().portion() < groundswell_post::Portion::ALL);
    assert_eq!(live.messages(220).len(), 220, "what is sent is sent; the workers leave out");
    live.stop();

    // The same of an hour ago: the server keeps it.
    let served = Served::new(vec![Act::SendAndStay(texts(0..220))]);
    let played = start_with(vec![served.url()], |config| config.batch_bytes = 1, None);
    let since = Instant::now();
    while played.receiver.waiting() < 64 {
        assert!(since.elapsed() < PATIENCE, "the lane is not filled");
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(played.messages(220).len(), 220);
    assert_eq!(played.receiver.thinning().waited(), 0);
    played.stop();
}

/// A port that refuses: bound, noted, and closed again.
fn refusing() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn url_of(address: SocketAddr) -> String {
    format!("ws://{address}/subscribe?wantedCollections=app.bsky.feed.post")
}

#[test]
fn connects_when_the_server_comes_up_and_goes_on_by_cursor_when_it_drops() {
    let address = refusing();
    let running = start(vec![url_of(address)]);
    running.until("a refused connection", |status| status.failures() >= 2);
    running.until_trouble(Trouble::Refused);
    assert_eq!(running.status.connections(), 0);

    let listener = std::net::TcpListener::bind(address).unwrap();
    // The second connection repeats the last message, as a server does that still has it.
    let acts = vec![Act::SendAndDrop(texts(0..3)), Act::SendAndStay(texts(2..5))];
    let served = Served::on(listener, acts);
    let found = running.messages(6);
    assert_eq!(found, [0, 1, 2, 2, 3, 4].map(message));
    running
        .until("the second connection", |status| status.connections() == 2 && status.state() == LiveState::Connected);
    let (first, second) = (served.query(), served.query());
    assert_eq!(first, "wantedCollections=app.bsky.feed.post&maxMessageSizeBytes=1048576");
    // Goes on where it was, less the overlap: 2 × 10 s after the first message, 5 s back.
    assert_eq!(second, format!("{first}&cursor={}", time_us(2) - 5_000_000));
    let gaps = running.status.gaps();
    assert_eq!(gaps.iter().map(|gap| gap.cause).collect::<Vec<_>>(), [Trouble::Refused, Trouble::Broken]);
    assert_eq!(gaps.iter().map(|gap| gap.recovered).collect::<Vec<_>>(), [false, true]);
    assert!(gaps.iter().all(|gap| gap.end.is_some()));
    running.stop();
}

#[test]
fn goes_on_from_a_position_of_an_earlier_run() {
    let served = Served::new(vec![Act::SendAndStay(texts(6..8))]);
    let running = start_with(vec![served.url()], |_| {}, Some(time_us(6)));
    running.blocks(|block| {
        let position = block.position.expect("a live source with a cursor says where it is");
        assert_eq!(&*position.key, "cursor");
        *position.value == *(time_us(7) / 1_000_000 * 1_000_000).to_string()
    });
    assert!(served.query().ends_with(&format!("cursor={}", time_us(6) - 5_000_000)));
    let gaps = running.status.gaps();
    assert_eq!((gaps.len(), gaps[0].cause, gaps[0].recovered), (1, Trouble::NotRunning, true));
    assert_eq!(gaps[0].start.unix() as u64, time_us(6) / 1_000_000);
    running.stop();
}

#[test]
fn a_server_that_no_longer_has_what_was_missed_leaves_a_gap() {
    // The real server moves a cursor that is older than it remembers to its oldest message without a word.
    let served = Served::new(vec![Act::SendAndStay(texts(9..10))]);
    let running = start_with(vec![served.url()], |_| {}, Some(time_us(6)));
    running.messages(1);
    let gaps = running.status.gaps();
    assert_eq!((gaps.len(), gaps[0].recovered), (1, false));
    assert_eq!(gaps[0].start.unix() as u64, time_us(6) / 1_000_000);
    assert_eq!(gaps[0].end.map(|end| end.unix() as u64), Some(time_us(9) / 1_000_000));
    running.stop();
}

#[test]
fn a_cursor_that_makes_no_sense_is_not_used() {
    for cursor in [1, u64::MAX, time_us(100_000_000)] {
        let served = Served::new(vec![Act::SendAndStay(texts(0..1))]);
        let running = start_with(vec![served.url()], |_| {}, Some(cursor));
        running.messages(1);
        assert!(!served.query().contains("cursor="));
        running.stop();
    }
    // Nor is the time of a message from the far future: it would be the newest for ever.
    let far = format!(r#"{{"time_us":{},"kind":"identity"}}"#, time_us(100_000_000));
    let served = Served::new(vec![
        Act::SendAndDrop([texts(0..1), vec![Message::text(far)]].concat()),
        Act::SendAndStay(Vec::new()),
    ]);
    let running = start(vec![served.url()]);
    served.query();
    assert!(served.query().ends_with(&format!("cursor={}", time_us(0) - 5_000_000)));
    running.stop();
}

#[test]
fn fails_over_to_the_next_endpoint_and_back() {
    let second = Served::new(vec![Act::SendAndDrop(texts(0..2)), Act::SendAndStay(texts(2..3))]);
    let first = refusing();
    let running = start(vec![url_of(first), second.url()]);
    assert_eq!(running.messages(2), [0, 1].map(message));
    assert_eq!(running.messages(1), [message(2)]);
    second.query();
    assert!(second.query().contains("cursor="), "the cursor goes with it");
    assert_eq!(&*running.status.parts()[0].endpoint, format!("ws://{}/subscribe", second.address));
    running.stop();
}

#[test]
fn one_that_asks_for_patience_is_left_in_peace_and_the_other_one_is_read() {
    let busy = Served::new(vec![Act::Answer(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3000\r\nContent-Length: 0\r\n\r\n",
    )]);
    let other = Served::new(vec![
        Act::Answer("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"),
        Act::Answer("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nsorry"),
        Act::SendAndStay(texts(0..1)),
    ]);
    let running = start(vec![busy.url(), other.url()]);
    assert_eq!(running.messages(1), [message(0)]);
    assert!(busy.query().contains("user-agent: groundswell/"));
    assert!(busy.queries.try_recv().is_err(), "asked once");
    running.until_trouble(Trouble::ServerError);
    running.stop();
}

#[test]
fn alone_it_waits_as_long_as_it_is_asked_to() {
    let served = Served::new(vec![Act::Answer("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3000\r\n\r\n")]);
    let running = start(vec![served.url()]);
    running.until("the wait", |status| {
        matches!(status.state(), LiveState::Waiting { reason: Trouble::RateLimited, wait } if wait >= Duration::from_secs(2_999))
    });
    running.stop();
}

#[test]
fn what_is_no_stream_is_said_to_be_none() {
    for (answer, trouble) in [
        ("HTTP/1.1 401 Unauthorized\r\n\r\n", Trouble::Unauthorized),
        ("HTTP/1.1 404 Not Found\r\n\r\n", Trouble::NotOffered),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Trouble::NotOffered),
        ("SSH-2.0-OpenSSH_9.6\r\n", Trouble::BadAnswer),
        ("", Trouble::Broken),
    ] {
        let served = Served::new(vec![Act::Answer(answer)]);
        let running = start_with(vec![served.url()], |config| config.backoff_max = Duration::from_mins(10), None);
        running.until_trouble(trouble);
        running.stop();
    }
}

#[test]
fn a_name_without_address_and_a_certificate_of_nobody() {
    let running = start(vec!["ws://no-such-host.invalid/subscribe".to_owned()]);
    running.until_trouble(Trouble::NoAddress);
    running.stop();

    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    let running = start(vec![format!("wss://localhost:{}/subscribe", address.port())]);
    running.until_trouble(Trouble::Tls);
    running.stop();
}

#[test]
fn a_connection_on_which_nothing_is_heard_is_given_up() {
    let served = Served::new(vec![Act::SendAndHang(texts(0..1)), Act::SendAndStay(texts(1..2))]);
    let quick = |config: &mut JetstreamConfig| {
        config.ping_after = Duration::from_millis(100);
        config.silence_max = Duration::from_millis(300);
    };
    let running = start_with(vec![served.url()], quick, None);
    running.messages(1);
    let connected = running.status.parts()[0].last_event.unwrap();
    running.clock.advance_millis(60_000);
    running.until_trouble(Trouble::Silent);
    running.messages(1);
    assert_eq!(running.status.gaps()[0].start, connected, "from what was last heard, not from when it was noticed");
    running.stop();
}

#[test]
fn a_connection_that_answers_is_kept_unless_it_stalls() {
    let served = Served::new(vec![Act::SendAndStay(texts(0..1)), Act::SendAndStay(texts(1..2))]);
    let quick = |config: &mut JetstreamConfig| {
        config.ping_after = Duration::from_millis(20);
        config.silence_max = Duration::from_millis(1_500);
        config.stall_max = Duration::from_secs(3);
    };
    let running = start_with(vec![served.url()], quick, None);
    running.messages(2);
    // Pings were answered for twice as long as silence is borne.
    assert_eq!(running.status.parts()[0].last_error, Some(Trouble::Stalled));
    running.stop();
}

#[test]
fn fragments_are_one_message() {
    let text = message(0);
    let (head, tail) = text.as_bytes().split_at(20);
    let frame = |bytes: &[u8], code: Data, last: bool| {
        Message::Frame(Frame::from_payload(
            FrameHeader { is_final: last, opcode: OpCode::Data(code), ..FrameHeader::default() },
            bytes.to_vec().into(),
        ))
    };
    let parts = vec![
        frame(head, Data::Text, false),
        Message::Ping(Vec::new().into()),
        frame(b"", Data::Continue, false),
        frame(tail, Data::Continue, true),
    ];
    let served = Served::new(vec![Act::SendAndStay(parts)]);
    let running = start(vec![served.url()]);
    assert_eq!(running.messages(1), [text]);
    running.stop();
}

/// The head of a frame that says to have so many bytes.
fn frame_head(opcode: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode, 127];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes
}

#[test]
fn what_cannot_be_taken_is_counted_and_jumped_over_at_the_second_time() {
    // A frame that says to have 100 MB; text that is no UTF-8.
    let bad_text = [frame_head(1, 3), vec![0xff, 0xfe, b'{']].concat();
    for (raw, rejection, trouble) in [
        (frame_head(1, 100 << 20), "record: too long", Trouble::TooLong),
        (bad_text, "record: not UTF-8", Trouble::BadAnswer),
    ] {
        let served = Served::new(vec![
            Act::SendAndDrop(texts(0..1)),
            Act::Raw(raw.clone()),
            Act::Raw(raw),
            Act::SendAndStay(texts(1..2)),
        ]);
        let running = start(vec![served.url()]);
        assert_eq!(running.messages(4), [message(0), rejection.to_owned(), rejection.to_owned(), message(1)]);
        assert_eq!(running.status.too_long(), if trouble == Trouble::TooLong { 2 } else { 0 });
        running.until_trouble(trouble);
        let queries = [(); 4].map(|()| served.query());
        assert!(queries[2].contains("cursor="), "another try might bring it whole");
        assert!(!queries[3].contains("cursor="), "from the cursor the same message would come again");
        running.stop();
    }
}

#[test]
fn a_break_in_the_middle_of_a_frame_loses_nothing() {
    let mut half = frame_head(1, 500);
    half.extend_from_slice(&message(0).as_bytes()[..30]);
    for act in [Act::Raw(half.clone()), Act::RawAndReset(half)] {
        let served = Served::new(vec![act, Act::SendAndStay(texts(0..1))]);
        let running = start(vec![served.url()]);
        assert_eq!(running.messages(1), [message(0)]);
        running.until_trouble(Trouble::Broken);
        running.stop();
    }
}

/// The machine's clock leaps by an hour, in either direction, and is put right again: the cursor does not leap with it, and what
/// the source waits for is measured by a clock that does not leap.
#[test]
fn a_clock_that_leaps_an_hour_moves_no_cursor() {
    for leap in [-3_600, 3_600] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let first = Served::on(listener.try_clone().unwrap(), vec![Act::SendAndDrop(texts(0..2))]);
        let running = start(vec![first.url()]);
        assert_eq!(running.messages(2), [0, 1].map(message));
        running.clock.set(EventTime::from_unix(NOW.unix() + leap));
        // It comes back under the wrong clock, is told more, and loses that connection too.
        let second = Served::on(listener.try_clone().unwrap(), vec![Act::SendAndDrop(texts(2..3))]);
        assert_eq!(running.messages(1), [message(2)]);
        assert!(second.query().ends_with(&format!("cursor={}", time_us(1) - 5_000_000)), "{leap}");
        running.clock.set(NOW);
        let third = Served::on(listener, vec![Act::SendAndStay(texts(3..4))]);
        assert_eq!(running.messages(1), [message(3)]);
        assert!(third.query().ends_with(&format!("cursor={}", time_us(2) - 5_000_000)), "{leap}");
        running.until("the connection", |status| status.state() == LiveState::Connected);
        // Gaps are of the wall clock: they may be told too long by the leap, never left out.
        assert_eq!(running.status.gaps().len(), 2);
        running.stop();
    }
}

#[test]
fn kinds_that_nobody_knows_and_repeats_are_passed_on_and_over() {
    let odd = [
        r#"{"time_us":1783175888000301,"kind":"comet","tail":[1,2]}"#,
        r#"{"kind":"commit","commit":{"collection":"app.bsky.feed.repost","operation":"resync"}}"#,
        "",
        "{}",
    ];
    let mut messages: Vec<Message> = odd.iter().map(|text| Message::text(*text)).collect();
    messages.extend([post(1), post(1), "no JSON".to_owned(), post(2)].map(Message::text));
    let served = Served::new(vec![Act::SendAndStay(messages)]);
    let running = start(vec![served.url()]);
    let (mut told, mut scratch) = (Vec::new(), DecodeScratch::default());
    running.blocks(|block| {
        decode(&block, &DecodeOptions::default(), NOW, &mut scratch, &mut |line, record| {
            told.push(match record {
                Ok(Record::Post(post)) => format!("{line}: {}", post.text),
                Ok(Record::Delete(_)) => format!("{line}: a deletion"),
                Err(rejection) => format!("{line}: {rejection}"),
            });
        });
        told.len() >= 4
    });
    // The repeat is recognised by its id, at the edge.
    assert_eq!(told, ["5: number 1", "6: number 1", "7: record: not JSON", "8: number 2"]);
    running.stop();
}

fn dictionary() -> ZstdDictionary {
    let samples: Vec<String> = (0..2_000).map(post).collect();
    ZstdDictionary(zstd::dict::from_samples(&samples, 4_096).unwrap().into())
}

fn packed(text: &str, dictionary: &ZstdDictionary) -> Message {
    let mut compressor = zstd::bulk::Compressor::with_dictionary(3, &dictionary.0).unwrap();
    Message::Binary(compressor.compress(text.as_bytes()).unwrap().into())
}

#[test]
fn reads_compressed_messages_with_the_server_s_dictionary() {
    let dictionary = dictionary();
    let messages = (0..3).map(|number| packed(&post(number), &dictionary)).collect();
    let served = Served::new(vec![Act::SendAndStay(messages)]);
    let running = start_with(vec![served.url()], |config| config.dictionary = Some(dictionary), None);
    assert_eq!(running.messages(3), [0, 1, 2].map(post));
    assert!(served.query().contains("&compress=true"));
    running.stop();
}

#[test]
fn goes_on_uncompressed_where_the_dictionary_is_not_the_server_s_or_a_message_is_a_bomb() {
    let right = dictionary();
    let bomb = packed(&" ".repeat(MESSAGE_BYTES_MAX + 1), &right);
    let other: Vec<String> = (0..2_000).map(|number| format!("{number} something else {}", number * 7)).collect();
    let wrong = ZstdDictionary(zstd::dict::from_samples(&other, 4_096).unwrap().into());
    for (message, dictionary) in
        [(packed(&post(0), &right), wrong), (bomb, right.clone()), (Message::Binary(vec![1, 2, 3].into()), right)]
    {
        let served = Served::new(vec![Act::SendAndStay(vec![message]), Act::SendAndStay(vec![Message::text(post(0))])]);
        let running = start_with(vec![served.url()], |config| config.dictionary = Some(dictionary), None);
        assert_eq!(running.messages(1), [post(0)]);
        running.until_trouble(Trouble::BadCompression);
        assert!(served.query().contains("compress=true"));
        assert!(!served.query().contains("compress="));
        running.stop();
    }
}

#[test]
fn stops_while_it_waits_to_try_again() {
    let running = start_with(vec![url_of(refusing())], |config| config.backoff_min = Duration::from_mins(1), None);
    running.until("a failure", |status| matches!(status.state(), LiveState::Waiting { .. }));
    running.stop();
}
