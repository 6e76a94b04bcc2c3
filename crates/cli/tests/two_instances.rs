//! A status that two instances of the fediverse deliver is one post, and a deletion from either finds it: from the decoders of
//! `sources` through the real edge.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::Arc;

use groundswell_edge::{Admission, DeleteKey, Edge, EdgeConfig, EdgePost, EdgeShared};
use groundswell_post::{EventTime, Record};
use groundswell_sources::mastodon::Instance;
use groundswell_sources::{Block, DecodeOptions, DecodeScratch, Payload, decode};

const NOW: EventTime = EventTime::from_unix(1_800_000_000);
const SOURCE: &str = "mastodon";

fn status(id: u64, acct: &str) -> String {
    format!(
        "u{{\"id\":\"{id}\",\"uri\":\"https://a.example/s/1\",\"created_at\":\"2027-01-15T07:59:00.000Z\",\"visibility\":\"public\",\
         \"content\":\"<p>hello</p>\",\"account\":{{\"acct\":\"{acct}\"}}}}\n"
    )
}

fn block(partition: u32, instance: &Arc<Instance>, lines: &str) -> Block {
    let payload = Payload::Mastodon { instance: Arc::clone(instance), bytes: lines.as_bytes().to_vec() };
    Block { partition, ..Block::alone(1, payload) }
}

#[test]
fn one_status_is_counted_once_and_deleted_by_either() {
    let mut edge = Edge::new(Arc::new(EdgeShared::new(EdgeConfig::default())));
    let (home, other) = (Arc::new(Instance::new("a.example")), Arc::new(Instance::new("b.example")));
    let mut admitted = Vec::new();
    let mut deletions = Vec::new();
    for (partition, instance, lines) in [
        (0, &home, status(17, "Ann")),
        (1, &other, format!("{}d99\n", status(99, "ann@a.example"))),
        (0, &home, "d17\n".to_owned()),
    ] {
        let block = block(partition, instance, &lines);
        decode(&block, &DecodeOptions::default(), NOW, &mut DecodeScratch::default(), &mut |_, record| match record
            .unwrap()
        {
            Record::Post(post) => {
                let mut out = EdgePost::default();
                let admission = edge.admit(&post, SOURCE, &mut out);
                admitted.push((admission, out.key, out.author));
            }
            Record::Delete(deletion) => edge.deletion(&deletion, SOURCE, NOW, &mut deletions),
        });
    }
    assert_eq!(admitted[0].0, Admission::Accepted);
    assert_eq!(admitted[1].0, Admission::Repeated);
    assert_eq!(admitted[0].2, admitted[1].2, "one author on either instance");
    let key = admitted[0].1.unwrap();
    let found = deletions.iter().filter(|found| matches!(found, DeleteKey::Post(post) if *post == key)).count();
    assert_eq!(found, 2);
}
