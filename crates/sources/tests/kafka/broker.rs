//! A broker of its own for each test, and a way to it that can be cut: from outside, that is what a restart looks like.
//!
//! Two brokers, since neither does all that Kafka does (docs/decisions/0011-kafka.md): Tansu, a program of its own that can be
//! killed, and librdkafka's, which keeps offsets, batches and bounds as Kafka does.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Names the broker's program; `scripts/kafka-broker` fetches one and prints where it is.
pub(crate) const VARIABLE: &str = "GROUNDSWELL_KAFKA_BROKER";

/// How long anything may take that must happen; only a defect takes as long.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What the way to the broker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Carries bytes.
    Open,
    /// Resets what is open and refuses what comes.
    Cut,
    /// Takes connections and carries nothing: from outside, that is a host that has lost its power.
    Still,
}

/// Waits until something is the case.
pub(crate) fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A broker, and the way to it.
pub(crate) struct Broker {
    program: String,
    child: Option<Child>,
    port: u16,
    /// What clients are told to connect to.
    way_port: u16,
    way: watch::Sender<Way>,
    runtime: Runtime,
}

impl Broker {
    /// Starts one, or says why the test is skipped.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// Starts one whose way speaks TLS.
    pub(crate) fn start_with(tls: Option<TlsAcceptor>) -> Option<Self> {
        let Ok(program) = std::env::var(VARIABLE) else {
            println!("SKIPPED: {VARIABLE} names no broker; `make test-kafka` fetches one");
            return None;
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let way_port = listener.local_addr().unwrap().port();
        let (way, ways) = watch::channel(Way::Open);
        let mut broker = Self { program, child: None, port: free_port(), way_port, way, runtime };
        broker.spawn();
        let target = SocketAddr::from(([127, 0, 0, 1], broker.port));
        broker.runtime.spawn(carry(listener, target, ways, tls));
        Some(broker)
    }

    fn spawn(&mut self) {
        let child = Command::new(&self.program)
            .arg("broker")
            .args(["--listener-url", &format!("tcp://127.0.0.1:{}", self.port)])
            .args(["--advertised-listener-url", &format!("tcp://127.0.0.1:{}", self.way_port)])
            .args(["--storage-engine", "memory://tansu/", "--silent"])
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
        self.child = Some(child);
        let port = self.port;
        wait_until("the broker listens", || StdStream::connect(("127.0.0.1", port)).is_ok());
    }

    pub(crate) fn set_way(&self, way: Way) {
        self.way.send_replace(way);
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        ClientConfig::new().set("bootstrap.servers", self.address()).create().unwrap()
    }

    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) {
        let topics = [NewTopic::new(topic, partitions, TopicReplication::Fixed(1))];
        let told = self.runtime.block_on(self.admin().create_topics(&topics, &AdminOptions::new())).unwrap();
        assert!(told.iter().all(Result::is_ok), "{told:?}");
    }
}

/// A cluster of librdkafka's own test broker, in this process and over TCP. It keeps offsets, bounds and batches as Kafka does,
/// and drops the oldest of a partition above 5 MiB. It keeps nothing when it ends.
pub(crate) struct Mock(pub(crate) MockCluster<'static, DefaultProducerContext>);

impl Mock {
    pub(crate) fn start(topic: &str, partitions: i32) -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(topic, partitions, 1).unwrap();
        Self(cluster)
    }
}

/// A door that leads to one broker and later to another: what a name does whose host was made anew.
pub(crate) struct Door {
    address: SocketAddr,
    target: Arc<Mutex<String>>,
}

impl Door {
    pub(crate) fn to(broker: &impl Server) -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let door = Self { address: listener.local_addr().unwrap(), target: Arc::new(Mutex::new(broker.address())) };
        let target = Arc::clone(&door.target);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(broker) = StdStream::connect(target.lock().unwrap().as_str()) else { continue };
                for (mut from, mut to) in [(client.try_clone().unwrap(), broker.try_clone().unwrap()), (broker, client)]
                {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Both);
                    });
                }
            }
        });
        door
    }

    pub(crate) fn lead_to(&self, broker: &impl Server) {
        *self.target.lock().unwrap() = broker.address();
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }
}

/// Something that speaks Kafka.
pub(crate) trait Server {
    /// What a client is given.
    fn address(&self) -> String;

    /// Sends messages, and waits until the broker has them. `singly`: each in a batch of its own.
    fn produce<'a>(&self, topic: &str, singly: bool, messages: impl IntoIterator<Item = (i32, Option<&'a [u8]>)>) {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", self.address()).set("queue.buffering.max.messages", "2000000");
        client
            .set("message.max.bytes", "20000000")
            .set("linger.ms", "5")
            .set("batch.num.messages", if singly { "1" } else { "1000" });
        let producer: BaseProducer = client.create().unwrap();
        for (partition, value) in messages {
            let mut record = BaseRecord::<(), [u8]>::to(topic).partition(partition);
            if let Some(value) = value {
                record = record.payload(value);
            }
            producer.send(record).map_err(|(error, _)| error).unwrap();
            producer.poll(Duration::ZERO);
        }
        producer.flush(PATIENCE).unwrap();
    }
}

impl Server for Broker {
    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.way_port)
    }
}

impl Server for Mock {
    fn address(&self) -> String {
        self.0.bootstrap_servers()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ = child.kill();
        let _ = child.wait();
        let mut said = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            let _ = stderr.read_to_string(&mut said);
        }
        if std::thread::panicking() && !said.is_empty() {
            println!("the broker said: {said}");
        }
    }
}

/// Carries connections to the broker while the way is open.
async fn carry(listener: TcpListener, target: SocketAddr, mut ways: watch::Receiver<Way>, tls: Option<TlsAcceptor>) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    loop {
        let way = *ways.borrow_and_update();
        match (way, listener.take()) {
            (Way::Cut, open) => {
                drop(open);
                if ways.changed().await.is_err() {
                    return;
                }
            }
            (Way::Open | Way::Still, None) => listener = Some(TcpListener::bind(address).await.unwrap()),
            (Way::Open | Way::Still, Some(open)) => {
                tokio::select! {
                    accepted = open.accept() => {
                        if let Ok((client, _)) = accepted {
                            tokio::spawn(one(client, target, ways.clone(), tls.clone()));
                        }
                    }
                    changed = ways.changed() => {
                        if changed.is_err() {
                            return;
                        }
                    }
                }
                listener = Some(open);
            }
        }
    }
}

async fn one(client: TcpStream, target: SocketAddr, mut ways: watch::Receiver<Way>, tls: Option<TlsAcceptor>) {
    let Ok(mut broker) = TcpStream::connect(target).await else { return };
    let carried = async move {
        if let Some(tls) = tls {
            let Ok(mut client) = tls.accept(client).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut client, &mut broker).await;
        } else {
            let mut client = client;
            let _ = tokio::io::copy_bidirectional(&mut client, &mut broker).await;
        }
    };
    tokio::pin!(carried);
    loop {
        let way = *ways.borrow_and_update();
        let changed = match way {
            Way::Cut => return,
            // Nothing is carried, and nothing is closed.
            Way::Still => ways.changed().await,
            Way::Open => tokio::select! {
                () = &mut carried => return,
                changed = ways.changed() => changed,
            },
        };
        if changed.is_err() {
            return;
        }
    }
}

/// A certificate for 127.0.0.1 that nobody has signed: the acceptor that shows it, and its PEM.
pub(crate) fn certificate() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let pem = made.cert.pem();
    let key = tokio_rustls::rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = tokio_rustls::rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), pem)
}
