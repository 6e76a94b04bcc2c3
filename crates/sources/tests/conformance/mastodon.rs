//! Mastodon, by each of its ways, against a server on this machine.

use std::sync::Arc;
use std::time::Duration;

use groundswell_sources::mastodon::{InstanceConfig, Mastodon, MastodonConfig, StreamMode, Token};
use groundswell_sources::{DecodeOptions, ManualClock};

use crate::harness::{Item, Made, NOW, Resume, SECRET, Subject, conformance, text_of, time_of};
use crate::mastodon_server::{Plan, Say, Server, Stream};

struct Fediverse(StreamMode);

fn status(item: Item, id: usize) -> String {
    let (time, content, visibility) = match item {
        Item::Post(number) => (time_of(number), format!("\"<p>{}</p>\"", text_of(number)), "public"),
        Item::Unknown => (NOW, format!("\"{SECRET}\""), "unlisted"),
        _ => (NOW, "5".to_owned(), "public"),
    };
    format!(
        r#"{{"id":"{id}","uri":"https://{SECRET}.example/{id}","created_at":"{time}","visibility":"{visibility}","content":{content},"account":{{"acct":"{SECRET}"}}}}"#
    )
}

impl Subject for Fediverse {
    fn make(&self, script: &[Item]) -> Made {
        let says = script.iter().enumerate().map(|(at, item)| match item {
            Item::Delete(number) => Say::Event("delete", (1_000 + number).to_string()),
            Item::Unknown if at % 2 == 0 => Say::Event("filters_changed", String::new()),
            item => Say::Event("update", status(*item, 1_000 + at)),
        });
        let says: Vec<Say> = says.collect();
        let timeline = script.iter().enumerate().map(|(at, item)| (1_000 + at as u64, status(*item, 1_000 + at)));
        let server = Server::new(Plan {
            web_socket: vec![Stream::Stay(says.clone())],
            sse: vec![Stream::Stay(says)],
            timeline: Some((timeline.collect(), 30)),
            ..Plan::default()
        });
        let config = MastodonConfig {
            instances: vec![InstanceConfig {
                stream: self.0,
                token: Token::new("a-token"),
                ..InstanceConfig::new(server.host())
            }],
            backoff_max: Duration::from_millis(50),
            poll_every: Duration::from_millis(1),
            // A few messages a block, so that there are positions to go on from.
            batch_bytes: 2_000,
            ..MastodonConfig::default()
        };
        let source = Mastodon::new(config, Arc::new(ManualClock::at(NOW)));
        Made { source: Box::new(source), decode: DecodeOptions::default(), world: Box::new(server) }
    }

    fn ends(&self) -> bool {
        false
    }

    fn resume(&self) -> Resume {
        Resume::Overlap
    }

    fn deletes(&self) -> bool {
        self.0 != StreamMode::Poll
    }
}

mod web_socket {
    super::conformance!(super::Fediverse(super::StreamMode::WebSocket));
}

mod sse {
    super::conformance!(super::Fediverse(super::StreamMode::Sse));
}

mod poll {
    super::conformance!(super::Fediverse(super::StreamMode::Poll));
}
