//! Jetstream, against a server on this machine that replays by cursor as the real one does.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use groundswell_sources::{DecodeOptions, Jetstream, JetstreamConfig, ManualClock};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use crate::harness::{Item, Made, NOW, Resume, SECRET, Subject, conformance, text_of, time_of};

struct Bluesky;

/// The message's time: posts a second apart, as in the script; what stands between them has the time of the post before.
fn message(item: Item, number: u64) -> String {
    let time_us = time_of(number).unix() * 1_000_000;
    let commit = |rest: String| {
        format!(
            r#"{{"did":"did:plc:{SECRET}","time_us":{time_us},"kind":"commit","commit":{{"collection":"app.bsky.feed.post",{rest}}}}}"#
        )
    };
    match item {
        Item::Post(number) => commit(format!(
            r#""operation":"create","rkey":"{number}","record":{{"$type":"app.bsky.feed.post","text":"{}"}}"#,
            text_of(number)
        )),
        Item::Bad => commit(format!(r#""operation":"create","rkey":"{SECRET}","record":{{"text":5}}"#)),
        Item::Delete(number) => commit(format!(r#""operation":"delete","rkey":"{number}""#)),
        Item::Unknown => format!(r#"{{"did":"did:plc:{SECRET}","time_us":{time_us},"kind":"{SECRET}"}}"#),
    }
}

impl Subject for Bluesky {
    fn make(&self, script: &[Item]) -> Made {
        let mut last = 0;
        let messages: Vec<(u64, String)> = script
            .iter()
            .map(|item| {
                if let Item::Post(number) = item {
                    last = *number;
                }
                (last, message(*item, last))
            })
            .collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let messages = messages.clone();
                tokio::spawn(async move {
                    let mut from = None;
                    #[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
                    let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
                        let query = request.uri().query().unwrap_or_default();
                        from = query.split('&').find_map(|pair| pair.strip_prefix("cursor=")?.parse::<i64>().ok());
                        Ok(response)
                    };
                    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, callback).await else { return };
                    for (number, message) in messages {
                        if from.is_none_or(|from| time_of(number).unix() * 1_000_000 >= from)
                            && socket.send(Message::text(message)).await.is_err()
                        {
                            return;
                        }
                    }
                    while let Some(Ok(_)) = socket.next().await {}
                });
            }
        });
        let config = JetstreamConfig {
            endpoints: vec![format!("ws://{address}/subscribe?wantedCollections=app.bsky.feed.post")],
            // A few messages a block, so that there are positions to go on from.
            batch_bytes: 2_000,
            backoff_max: Duration::from_millis(50),
            ..JetstreamConfig::default()
        };
        let source = Jetstream::new(config, Arc::new(ManualClock::at(NOW)));
        Made { source: Box::new(source), decode: DecodeOptions::default(), world: Box::new(runtime) }
    }

    fn ends(&self) -> bool {
        false
    }

    fn resume(&self) -> Resume {
        Resume::Overlap
    }
}

conformance!(Bluesky);
