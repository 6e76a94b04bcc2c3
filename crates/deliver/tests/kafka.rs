//! A topic as a receiver, against librdkafka's own test broker: real TCP, and offsets as Kafka keeps them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{Desk, NOW, office};
use groundswell_deliver::{How, KafkaReceiver, Postman, ReceiverConfig};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

const TOPIC: &str = "detections";

fn receiver(brokers: String, topic: &str) -> ReceiverConfig {
    let how = KafkaReceiver { brokers: vec![brokers], topic: topic.to_owned(), tls: None, sasl: None };
    ReceiverConfig { name: "desk".to_owned(), feed: "everything".to_owned(), how: How::Kafka(Box::new(how)) }
}

/// All messages of the topic: by delivery key, the key and the body of each.
fn messages(brokers: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "test")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut all = TopicPartitionList::new();
    all.add_partition_offset(TOPIC, 0, Offset::Beginning).unwrap();
    consumer.assign(&all).unwrap();
    let mut got: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    loop {
        match consumer.poll(Duration::from_secs(30)).expect("the broker answers") {
            Ok(message) => {
                let headers = message.headers().unwrap();
                let id = headers.iter().find(|header| header.key == "webhook-id").unwrap().value.unwrap();
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let (key, body) = (text(message.key().unwrap()), text(message.payload().unwrap()));
                got.entry(text(id)).or_default().push((key, body));
            }
            Err(rdkafka::error::KafkaError::PartitionEOF(_)) => return got,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Waits until a delivery was tried in vain.
async fn tried(desk: &Desk) {
    let mut outbox = desk.outbox().await;
    for _ in 0..3_000 {
        if outbox.due("desk", NOW, 16).await.unwrap().iter().any(|out| out.attempts > 0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing was tried within a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_detection_is_one_message_also_over_a_broker_that_was_away() {
    let cluster: MockCluster<'static, DefaultProducerContext> = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let mut desk = Desk::new().await;
    let outbox = desk.registered(&["desk"]).await;
    let mut office = office();
    office.pace.timeout = Duration::from_secs(2);
    let postman = Postman::start(vec![receiver(brokers.clone(), TOPIC)], outbox, &office).unwrap();
    desk.commit(1..=3).await;
    postman.news().send_replace(());
    desk.until("desk", |count| count.delivered == 3).await;
    cluster.broker_down(1).unwrap();
    desk.commit(4..=6).await;
    postman.news().send_replace(());
    tried(&desk).await;
    let count = desk.count("desk").await;
    assert_eq!((count.delivered, count.waiting), (3, 3), "nothing is through that no broker has");
    cluster.broker_up(1).unwrap();
    desk.until("desk", |count| count.delivered == 6).await;
    let got = messages(&brokers);
    let ids: Vec<&str> = got.keys().map(String::as_str).collect();
    assert_eq!(ids, (1..=6).map(|id| format!("everything_narrative-n{id}")).collect::<Vec<_>>());
    for (id, copies) in got {
        // What timed out may have arrived all the same; then it came again, and was the same.
        assert!(copies.windows(2).all(|pair| pair[0] == pair[1]), "{id} came again as something else");
        let (key, body) = &copies[0];
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["data"]["detection"]["id"], *key.as_str());
        assert!(id.ends_with(key.as_str()), "{id} {key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_listens_it_waits() {
    let mut desk = Desk::new().await;
    let outbox = desk.registered(&["desk"]).await;
    let mut office = office();
    office.pace.timeout = Duration::from_secs(2);
    let postman = Postman::start(vec![receiver("127.0.0.1:1".to_owned(), TOPIC)], outbox, &office).unwrap();
    desk.commit([1]).await;
    postman.news().send_replace(());
    tried(&desk).await;
    let count = desk.count("desk").await;
    assert_eq!((count.delivered, count.waiting), (0, 1));
}
