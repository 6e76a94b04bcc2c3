//! Kafka, against librdkafka's own test broker in this process.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use groundswell_sources::kafka::{Kafka, KafkaConfig, StartAt};
use groundswell_sources::{DecodeOptions, ManualClock};

use crate::harness::{Item, Made, NOW, Resume, SECRET, Subject, conformance, text_of, time_of};
use crate::kafka_broker::{Mock, Server as _};

const TOPIC: &str = "posts";

/// Keeps its brokers until the test is over: a source that goes on finds the log where it was.
#[derive(Default)]
struct Log {
    brokers: RefCell<Vec<Mock>>,
}

fn message(item: Item) -> Option<Vec<u8>> {
    let text = match item {
        Item::Post(number) => format!(
            "{{\"id\":\"{SECRET}-{number}\",\n\"author\":\"{SECRET}\",\"time\":{},\"text\":\"{}\"}}",
            time_of(number).unix(),
            text_of(number)
        ),
        Item::Bad => format!(r#"{{"id":"{SECRET}","text":"{SECRET}","time":"{SECRET}"}}"#),
        Item::Delete(number) => format!(r#"{{"delete":true,"id":"{SECRET}-{number}"}}"#),
        // What a compacted topic holds of a key that was deleted.
        Item::Unknown => return None,
    };
    Some(text.into_bytes())
}

impl Subject for Log {
    fn make(&self, script: &[Item]) -> Made {
        let broker = Mock::start(TOPIC, 1);
        let messages: Vec<Option<Vec<u8>>> = script.iter().map(|item| message(*item)).collect();
        broker.produce(TOPIC, false, messages.iter().map(|message| (0, message.as_deref())));
        let config = KafkaConfig {
            brokers: vec![broker.address()],
            topics: vec![TOPIC.to_owned()],
            start: StartAt::Earliest,
            look_every: Duration::from_millis(200),
            ..KafkaConfig::default()
        };
        self.brokers.borrow_mut().push(broker);
        let source = Kafka::new(config, Arc::new(ManualClock::at(NOW)));
        Made { source: Box::new(source), decode: DecodeOptions::default(), world: Box::new(()) }
    }

    fn ends(&self) -> bool {
        false
    }

    fn resume(&self) -> Resume {
        Resume::Exact
    }

    fn first_line(&self) -> u64 {
        0
    }
}

conformance!(Log::default());
