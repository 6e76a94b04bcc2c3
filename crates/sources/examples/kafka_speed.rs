//! How many messages a second of one core the Kafka source takes from a broker.
//!
//! `cargo run --release -p groundswell-sources --features kafka --example kafka_speed -- ADDRESS` reads from the broker at
//! ADDRESS (`scripts/kafka-broker` fetches one). The topic is made, and filled, by the program. What is measured is the CPU time
//! of this process from before the source is started to the last block, over all its threads (librdkafka's and ours), without decoding.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, run by hand")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use groundswell_sources::kafka::{Kafka, KafkaConfig, StartAt};
use groundswell_sources::{Payload, Source as _, SourceIx, Stop, SystemClock, channel};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

const MESSAGES: u64 = 1_000_000;
const PARTITIONS: i32 = 4;

/// CPU seconds of this process, all threads: fields 14 and 15 of its stat line, in ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = &stat[stat.rfind(')').unwrap() + 2..];
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    ticks as f64 / 100.0
}

fn main() {
    let address = std::env::args().nth(1).expect("the broker's address");
    let topic = format!("speed-{}", std::process::id());
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &address).set("queue.buffering.max.messages", "2000000").set("linger.ms", "20");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let admin: AdminClient<DefaultClientContext> = client.create().unwrap();
    let topics = [NewTopic::new(&topic, PARTITIONS, TopicReplication::Fixed(1))];
    runtime.block_on(admin.create_topics(&topics, &AdminOptions::new())).unwrap();
    let producer: BaseProducer = client.create().unwrap();
    let text = "a few words of text ".repeat(5);
    for id in 0..MESSAGES {
        let post = format!("{{\"time\":1474588800,\"author\":\"a{}\",\"text\":\"{text}\",\"id\":{id}}}", id % 9_973);
        let record = BaseRecord::<(), str>::to(&topic).partition((id % PARTITIONS as u64) as i32).payload(&post);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        if id % 1_000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_mins(2)).unwrap();
    drop((producer, admin));

    let (feed, blocks) = channel(16, Duration::from_secs(30));
    let sender = feed.sender(SourceIx(0));
    let (brokers, topics) = (vec![address], vec![topic]);
    let config = KafkaConfig { brokers, topics, start: StartAt::Earliest, ..KafkaConfig::default() };
    let source = Box::new(Kafka::new(config, Arc::new(SystemClock::default())));
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let stop = Stop::default();
    let told = stop.clone();
    let thread = std::thread::spawn(move || source.run(sender, told));
    let (mut count, mut bytes) = (0, 0);
    while count < MESSAGES {
        let block = blocks.recv_timeout(Duration::from_mins(1)).unwrap();
        if let Payload::Messages(messages) = &block.payload {
            count += messages.len() as u64;
            bytes += messages.bytes().len();
        }
    }
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!(
        "{count} messages, {bytes} bytes: {wall:.2} s, {cpu:.2} s of CPU: {:.0} messages/s a core",
        count as f64 / cpu
    );
    stop.stop();
    thread.join().unwrap().unwrap();
}
