use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use groundswell_post::{EventTime, Record};
use proptest::prelude::*;

use super::*;
use crate::block::{Positions, SourceIx};
use crate::channel::{BlockReceiver, Stop, channel};
use crate::clock::ManualClock;
use crate::decode::{DecodeOptions, DecodeScratch, decode};
use crate::source::Source as _;

const NOW: EventTime = EventTime::from_unix(1_800_000_000);

/// No test waits for long: nothing else is at work in them.
const PATIENCE: Duration = Duration::ZERO;

struct Behind {
    door: PushDoor,
    source: Option<PushSource>,
}

fn made(positions: &Positions) -> Behind {
    let (door, mut source) = push(PushConfig::default(), Arc::new(ManualClock::at(NOW)));
    source.resume(positions);
    Behind { door, source: Some(source) }
}

impl Behind {
    fn take(&self, key: &str, body: &[u8]) -> Result<PushReceipt, PushError> {
        let key = (!key.is_empty()).then(|| key.parse().unwrap());
        self.door.take(key.as_ref(), body.to_vec(), Packing::Plain, PATIENCE)
    }

    /// Everything that was taken, as the workers see it, with the last position of each stream.
    fn drain(&mut self) -> (BlockReceiver, Vec<(String, u64)>, Positions) {
        let (feed, blocks) = channel(64, Duration::from_secs(30));
        let sender = feed.sender(SourceIx(0));
        drop(feed);
        let source = Box::new(self.source.take().unwrap());
        // With the door gone, the source ends when it has sent what is queued.
        let (door, _) = push(PushConfig::default(), Arc::new(ManualClock::at(NOW)));
        self.door = door;
        source.run(sender, Stop::default()).unwrap();
        let (mut posts, mut positions) = (Vec::new(), Positions::new());
        while let Ok(block) = blocks.try_recv() {
            let name = blocks.clocks().name(block.partition);
            decode(&block, &DecodeOptions::default(), NOW, &mut DecodeScratch::default(), &mut |line, record| {
                if let Ok(Record::Post(_)) = record {
                    posts.push((name.clone(), line));
                }
            });
            let position = block.position.unwrap();
            positions.insert(position.key.to_string(), position.value.into());
        }
        (blocks, posts, positions)
    }
}

const GOOD: &[u8] = b"{\"time\":1474588800,\"text\":\"words\"}\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn every_line_is_told() {
    let mut behind = made(&Positions::new());
    let body = [GOOD, b"\n  \nno json\n", b"{\"time\":1474588800}\n", b"\xff\xfe\n", GOOD.trim_ascii_end()].concat();
    let receipt = behind.take("shop/7", &body).unwrap();
    assert_eq!((receipt.lines, receipt.accepted, receipt.rejected), (5, 2, 3));
    let shown: Vec<String> = receipt.shown.iter().map(|shown| format!("{}: {}", shown.line, shown.rejection)).collect();
    assert_eq!(shown, ["4: record: not JSON", "5: text: missing", "6: record: not UTF-8"]);
    let (_, posts, positions) = behind.drain();
    assert_eq!(posts, [("push/shop".to_owned(), 1), ("push/shop".to_owned(), 7)]);
    assert_eq!(positions, Positions::from([("shop".to_owned(), "7".to_owned())]));
}

#[test]
fn the_list_of_bad_lines_is_bounded_and_their_number_is_not() {
    let behind = made(&Positions::new());
    let receipt = behind.take("", &b"x\n".repeat(REJECTIONS_SHOWN_MAX + 7)).unwrap();
    assert_eq!(receipt.shown.len(), REJECTIONS_SHOWN_MAX);
    assert_eq!(receipt.rejected, REJECTIONS_SHOWN_MAX as u64 + 7);
}

#[test]
fn a_batch_that_was_taken_is_not_taken_again_in_this_run_or_the_next() {
    let mut behind = made(&Positions::new());
    assert!(!behind.take("a/3", GOOD).unwrap().repeated);
    for key in ["a/3", "a/2"] {
        let again = behind.take(key, GOOD).unwrap();
        assert!(again.repeated && again.lines == 0, "{key}");
    }
    assert!(!behind.take("a/9", GOOD).unwrap().repeated, "numbers may leap");
    assert!(!behind.take("b/1", GOOD).unwrap().repeated, "each stream has numbers of its own");
    assert_eq!(behind.door.counts().repeated(), 2);
    let (_, posts, positions) = behind.drain();
    assert_eq!(posts.len(), 3);
    let behind = made(&positions);
    assert!(behind.take("a/9", GOOD).unwrap().repeated);
    assert!(!behind.take("a/10", GOOD).unwrap().repeated);
    assert_eq!(behind.door.last("a"), Some(10));
}

#[test]
fn what_was_taken_and_not_counted_is_taken_again_after_a_kill() {
    let mut behind = made(&Positions::new());
    behind.take("a/1", GOOD).unwrap();
    let (_, _, committed) = behind.drain();
    let behind = made(&committed);
    behind.take("a/2", GOOD).unwrap();
    // Killed here: nothing was committed since.
    let behind = made(&committed);
    assert!(!behind.take("a/2", GOOD).unwrap().repeated);
}

#[test]
fn a_batch_is_durable_when_its_position_is_committed() {
    let mut behind = made(&Positions::new());
    let receipt = behind.take("a/5", GOOD).unwrap();
    let first = behind.take("", GOOD).unwrap();
    let second = behind.take("", GOOD).unwrap();
    assert_eq!((first.number, second.number), (0, 1));
    let durability = Durability::default();
    let changes = durability.changes();
    assert!(!durability.is_committed(&receipt.stream, receipt.number));
    durability.committed(&Positions::from([("a".to_owned(), "4".to_owned()), ("c".to_owned(), "nonsense".to_owned())]));
    assert!(!durability.is_committed(&receipt.stream, receipt.number));
    let (_, _, positions) = behind.drain();
    durability.committed(&positions);
    for receipt in [receipt, first, second] {
        assert!(durability.is_committed(&receipt.stream, receipt.number), "{receipt:?}");
    }
    assert!(changes.has_changed().unwrap());
    // What is committed stays so.
    durability.committed(&Positions::from([("a".to_owned(), "1".to_owned())]));
    assert_eq!((durability.number("a"), durability.number("c")), (Some(5), None));
}

#[test]
fn a_full_queue_refuses_and_the_batch_can_be_sent_again() {
    let mut behind = made(&Positions::new());
    for number in 0..QUEUE_MAX {
        behind.take(&format!("a/{number}"), GOOD).unwrap();
    }
    let key = format!("a/{QUEUE_MAX}");
    assert_eq!(behind.take(&key, GOOD), Err(PushError::Full));
    assert_eq!(behind.take("", GOOD), Err(PushError::Full));
    assert_eq!(behind.take("b/1", GOOD), Err(PushError::Full));
    assert_eq!(behind.door.counts().refused_full(), 3);
    assert_eq!(behind.door.last("a"), Some(QUEUE_MAX as u64 - 1));
    assert_eq!(behind.door.streams(), 1, "a stream of which nothing was taken takes no place");
    let (_, posts, positions) = behind.drain();
    assert_eq!(posts.len(), QUEUE_MAX);
    let behind = made(&positions);
    assert!(!behind.take(&key, GOOD).unwrap().repeated);
}

#[test]
fn there_are_as_many_streams_as_there_may_be_and_no_more() {
    let kept: Positions = (0..STREAMS_MAX).map(|i| (format!("s{i}"), "1".to_owned())).collect();
    let behind = made(&kept);
    assert_eq!(behind.take("one-more/1", GOOD), Err(PushError::TooManyStreams));
    assert_eq!(behind.door.counts().streams_full(), 1);
    assert!(!behind.take("s7/2", GOOD).unwrap().repeated);
}

#[test]
fn a_source_that_is_gone_is_said_to_be() {
    let mut behind = made(&Positions::new());
    behind.source = None;
    assert_eq!(behind.take("a/1", GOOD), Err(PushError::Stopped));
}

#[test]
fn packed_batches_are_unpacked_within_the_bound() {
    let plain = GOOD.repeat(1_000);
    let two_members = [gzip(&plain), gzip(&plain)].concat();
    let zstd = zstd::encode_all(plain.as_slice(), 3).unwrap();
    for (bytes, packing, lines) in [
        (gzip(&plain), Packing::Gzip, 1_000),
        (two_members, Packing::Gzip, 2_000),
        (zstd.clone(), Packing::Zstd, 1_000),
    ] {
        let behind = made(&Positions::new());
        let receipt = behind.door.take(None, bytes, packing, PATIENCE).unwrap();
        assert_eq!(receipt.accepted, lines, "{packing:?}");
    }
    let bomb = vec![b' '; 64 * BATCH_BYTES_MAX];
    let wide = {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&bomb[..BATCH_BYTES_MAX]).unwrap();
        encoder.finish().unwrap()
    };
    let damaged = [&zstd[..zstd.len() / 2], b"x"].concat();
    for (bytes, packing, expected) in [
        (gzip(&bomb), Packing::Gzip, UnpackError::TooLarge),
        (zstd::encode_all(bomb.as_slice(), 1).unwrap(), Packing::Zstd, UnpackError::TooLarge),
        (bomb[..=BATCH_BYTES_MAX].to_vec(), Packing::Plain, UnpackError::TooLarge),
        (wide, Packing::Zstd, UnpackError::Damaged(0)),
        (plain.clone(), Packing::Gzip, UnpackError::Damaged(0)),
        (plain.clone(), Packing::Zstd, UnpackError::Damaged(0)),
    ] {
        let behind = made(&Positions::new());
        assert_eq!(behind.door.take(None, bytes, packing, PATIENCE), Err(PushError::Unpack(expected)), "{packing:?}");
    }
    let behind = made(&Positions::new());
    let cut_off = behind.door.take(None, damaged, Packing::Zstd, PATIENCE);
    assert!(matches!(cut_off, Err(PushError::Unpack(UnpackError::Damaged(_)))), "{cut_off:?}");
    assert_eq!(behind.door.last("~"), None);
}

#[test]
fn keys_are_read_or_refused() {
    for key in ["", "a", "a/", "/1", "a/-1", "a/1.5", "a b/1", "~/1", "a/99999999999999999999", "ä/1", "a//1"] {
        assert_eq!(key.parse::<PushKey>(), Err(PushError::Key), "{key}");
    }
    assert!("a".repeat(STREAM_BYTES_MAX + 1).parse::<PushKey>().is_err());
    assert_eq!("a/0018446744073709551615".parse::<PushKey>(), Err(PushError::Key));
    assert_eq!("a/18446744073709551615".parse::<PushKey>().unwrap().number(), u64::MAX);
}

proptest! {
    /// Whatever the bytes, the door says what the workers will find.
    #[test]
    fn the_door_says_what_the_workers_find(
        parts in prop::collection::vec(prop_oneof![
            Just(GOOD.to_vec()), Just(b"\n".to_vec()), prop::collection::vec(any::<u8>(), 0..40), Just(b"{\"time\":1}\n".to_vec()),
        ], 0..40),
        packing in 0..3,
    ) {
        let body = parts.concat();
        let mut behind = made(&Positions::new());
        let (bytes, packing) = match packing {
            0 => (body, Packing::Plain),
            1 => (gzip(&body), Packing::Gzip),
            _ => (zstd::encode_all(body.as_slice(), 1).unwrap(), Packing::Zstd),
        };
        let receipt = behind.door.take(None, bytes, packing, PATIENCE).unwrap();
        prop_assert_eq!(receipt.lines, receipt.accepted + receipt.rejected);
        prop_assert_eq!(receipt.shown.len() as u64, receipt.rejected.min(REJECTIONS_SHOWN_MAX as u64));
        let (_, posts, _) = behind.drain();
        prop_assert_eq!(posts.len() as u64, receipt.accepted);
    }

    /// However batches are repeated and wherever kills fall, each number is counted at most once, and those that were told to
    /// be durable exactly once.
    #[test]
    fn each_batch_is_counted_once(sends in prop::collection::vec((0_u64..8, any::<bool>()), 1..40)) {
        let mut committed = Positions::new();
        let mut counted: Vec<u64> = Vec::new();
        let mut behind = made(&committed);
        let mut taken: Vec<u64> = Vec::new();
        for (number, kill) in sends {
            match behind.take(&format!("a/{number}"), GOOD) {
                Ok(receipt) if !receipt.repeated => taken.push(number),
                Ok(_) => prop_assert!(taken.iter().chain(&counted).any(|before| *before >= number)),
                Err(error) => prop_assert_eq!(error, PushError::Full),
            }
            if kill {
                // What was taken is lost.
                taken.clear();
                behind = made(&committed);
            } else if taken.len() == QUEUE_MAX {
                let (_, _, positions) = behind.drain();
                committed.extend(positions);
                counted.append(&mut taken);
                behind = made(&committed);
            }
        }
        let mut once = counted.clone();
        once.dedup();
        prop_assert_eq!(&once, &counted);
        prop_assert!(counted.is_sorted());
    }

    #[test]
    fn any_bytes_are_refused_or_taken(bytes in prop::collection::vec(any::<u8>(), 0..400), packing in 0_usize..3) {
        let packing = [Packing::Plain, Packing::Gzip, Packing::Zstd][packing];
        let _ = made(&Positions::new()).door.take(None, bytes, packing, PATIENCE);
    }
}
