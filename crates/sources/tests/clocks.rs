//! The laws of event-time clocks: what stood before a block, and what the watermark promises.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use groundswell_post::EventTime;
use groundswell_sources::{
    BlockReceiver, Clocks, ManualClock, PartitionHandle, PartitionSpec, Payload, SourceIx, Stop, channel,
};
use proptest::prelude::*;

const IDLE: Duration = Duration::from_secs(30);

fn time(unix: i64) -> EventTime {
    EventTime::from_unix(unix)
}

fn spec(head: Option<i64>, live: bool, lateness: u64) -> PartitionSpec {
    PartitionSpec { name: "test".to_owned(), head_time: head.map(time), live, lateness: Duration::from_secs(lateness) }
}

/// A channel with these partitions already registered.
fn open(specs: &[PartitionSpec]) -> (Vec<PartitionHandle>, Arc<Clocks>, BlockReceiver) {
    let (feed, receiver) = channel(4_096, IDLE);
    let mut sender = feed.sender(SourceIx(0));
    let handles = sender.partitions(specs, &Stop::default());
    (handles, receiver.clocks(), receiver)
}

fn send(handle: &mut PartitionHandle) {
    handle.send(1, Payload::Ndjson(Vec::new())).unwrap();
}

#[test]
fn there_is_no_watermark_before_every_source_has_registered() {
    let clock = ManualClock::at(time(2_000_000_000));
    let (feed, receiver) = channel(4, IDLE);
    let clocks = receiver.clocks();
    let (mut first, mut second) = (feed.sender(SourceIx(0)), feed.sender(SourceIx(1)));
    let stop = Stop::default();
    let a = first.partition(spec(Some(1_500_000_000), false, 10), &stop);
    assert_eq!(clocks.watermark(&clock), None);
    assert!(!clocks.all_done());
    let _b = second.partition(spec(Some(1_400_000_000), false, 10), &stop);
    assert_eq!(clocks.watermark(&clock), Some(time(1_399_999_990)));
    a.finish();
    drop((first, second, feed));
}

#[test]
fn a_source_that_ends_without_a_partition_holds_nothing_back() {
    let clock = ManualClock::at(time(2_000_000_000));
    let (feed, receiver) = channel(4, IDLE);
    let clocks = receiver.clocks();
    let (mut first, second) = (feed.sender(SourceIx(0)), feed.sender(SourceIx(1)));
    let _a = first.partition(spec(Some(1_500_000_000), false, 10), &Stop::default());
    drop(second);
    assert_eq!(clocks.watermark(&clock), Some(time(1_499_999_990)));
}

#[test]
fn a_partition_that_has_ended_no_longer_counts() {
    let clock = ManualClock::at(time(2_000_000_000));
    let (mut handles, clocks, _receiver) = open(&[spec(Some(100), false, 0), spec(Some(200), false, 0)]);
    assert_eq!(clocks.watermark(&clock), Some(time(100)));
    send(&mut handles[0]);
    handles.remove(0).finish();
    assert_eq!(clocks.watermark(&clock), Some(time(100)), "its last block is not published yet");
    clocks.publish(0, 0, Some(time(150)));
    assert_eq!(clocks.watermark(&clock), Some(time(200)));
    assert!(!clocks.all_done());
    handles.remove(0).finish();
    assert!(clocks.all_done());
    assert_eq!(clocks.watermark(&clock), Some(time(200)));
}

#[test]
fn an_idle_live_partition_no_longer_holds_the_watermark_back() {
    let clock = ManualClock::at(time(10_000));
    let (mut handles, clocks, _receiver) = open(&[spec(None, true, 5), spec(None, true, 7)]);
    assert_eq!(clocks.watermark(&clock), None);
    send(&mut handles[0]);
    clocks.publish(0, 0, Some(time(9_900)));
    assert_eq!(clocks.watermark(&clock), None, "the other one may still send older posts");
    clock.advance_millis(29_999);
    send(&mut handles[0]);
    clocks.publish(0, 1, Some(time(9_930)));
    assert_eq!(clocks.watermark(&clock), None);
    clock.advance_millis(1);
    assert_eq!(clocks.watermark(&clock), Some(time(9_925)));
    // A block on its way is no silence.
    send(&mut handles[0]);
    clock.advance_millis(100_000);
    clocks.watermark(&clock);
    clock.advance_millis(100_000);
    assert_eq!(clocks.watermark(&clock), Some(time(9_925)));
    clocks.publish(0, 2, None);
    clocks.watermark(&clock);
    clock.advance_millis(30_000);
    // The newest post's time, and 230 seconds since it came.
    let silent = 9_930 + 230 - 7 - 30;
    assert_eq!(clocks.watermark(&clock), Some(time(silent)), "all are idle: the posts' own time runs on");
    // Who comes back with older posts does not turn it back.
    send(&mut handles[1]);
    clocks.publish(1, 0, Some(time(9_000)));
    assert_eq!(clocks.watermark(&clock), Some(time(silent)));
}

/// The machine's clock leaps by an hour while all sources are idle: windows close when they would have, and what comes then is
/// not late.
#[test]
fn a_wall_clock_that_leaps_moves_no_watermark() {
    for leap in [-3_600, 3_600] {
        let clock = ManualClock::at(time(1_000_000));
        let (mut handles, clocks, _receiver) = open(&[spec(None, true, 5)]);
        send(&mut handles[0]);
        clocks.publish(0, 0, Some(time(1_000_000)));
        assert_eq!(clocks.watermark(&clock), Some(time(999_995)));
        clock.set(time(1_000_000 + leap));
        clock.advance_millis(90_000);
        assert_eq!(clocks.watermark(&clock), Some(time(1_000_090 - 5 - 30)), "{leap}");
        send(&mut handles[0]);
        clocks.publish(0, 1, Some(time(1_000_100)));
        assert_eq!(clocks.watermark(&clock), Some(time(1_000_095)), "{leap}");
    }
    // Before the first post nothing else is known than the wall clock, and nothing is open that it could close.
    let clock = ManualClock::at(time(1_000_000));
    let (_handles, clocks, _receiver) = open(&[spec(None, true, 5)]);
    clocks.watermark(&clock);
    clock.advance_millis(30_000);
    assert_eq!(clocks.watermark(&clock), Some(time(1_000_030 - 5 - 30)));
}

#[test]
fn blocks_that_bring_no_post_make_nobody_wait() {
    let clock = ManualClock::at(time(10_000));
    let (mut handles, clocks, _receiver) = open(&[spec(None, true, 5), spec(None, true, 7)]);
    for handle in &mut handles {
        send(handle);
    }
    clocks.publish(0, 0, Some(time(10_000)));
    clocks.publish(1, 0, Some(time(9_000)));
    assert_eq!(clocks.watermark(&clock), Some(time(8_993)));
    // The second goes on sending, but only that there is nothing new.
    for second in 1..=30 {
        clock.advance_millis(1_000);
        for handle in &mut handles {
            send(handle);
        }
        clocks.publish(0, second, Some(time(10_000 + second as i64)));
        clocks.publish(1, second, None);
        let expected = if second < 30 { 8_993 } else { 10_025 };
        assert_eq!(clocks.watermark(&clock), Some(time(expected)));
    }
}

#[test]
fn a_stop_wakes_a_source_that_waits_for_room() {
    let (feed, _receiver) = channel(1, IDLE);
    let stop = Stop::default();
    let mut handle = feed.sender(SourceIx(0)).partition(spec(None, false, 0), &stop);
    send(&mut handle);
    let waiting = std::thread::spawn(move || handle.send(2, Payload::Ndjson(Vec::new())));
    stop.stop();
    assert!(waiting.join().unwrap().is_err());
}

#[test]
fn a_receiver_that_is_gone_ends_the_source() {
    let (feed, receiver) = channel(1, IDLE);
    let mut handle = feed.sender(SourceIx(0)).partition(spec(None, false, 0), &Stop::default());
    drop(receiver);
    assert!(handle.send(1, Payload::Ndjson(Vec::new())).is_err());
}

/// Blocks of one partition: the times of their posts.
fn blocks() -> impl Strategy<Value = Vec<Vec<i64>>> {
    prop::collection::vec(prop::collection::vec(0_i64..1_000, 0..4), 1..20)
}

proptest! {
    /// Whatever order two workers publish in, each block learns what a sequential reader would have known, and learns it only
    /// when all blocks before it are published.
    #[test]
    fn prefix_is_what_a_sequential_reader_knows(blocks in blocks(), order in any::<u64>()) {
        let (mut handles, clocks, _receiver) = open(&[spec(None, false, 0)]);
        for _ in &blocks {
            send(&mut handles[0]);
        }
        let mut expected: Vec<Option<i64>> = vec![None];
        for block in &blocks {
            let newest = block.iter().copied().max();
            expected.push((*expected.last().unwrap()).max(newest));
        }
        // Two workers take blocks alternately from the queue and publish them in any interleaving.
        let mut queues = [Vec::new(), Vec::new()];
        for seq in (0..blocks.len()).rev() {
            queues[(order >> (seq % 64)) as usize & 1].push(seq);
        }
        let mut published = vec![false; blocks.len()];
        let mut choice = order.rotate_left(17) | 1;
        while queues.iter().any(|queue| !queue.is_empty()) {
            choice = choice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (choice >> 63) as usize;
            let Some(seq) = queues[at].pop().or_else(|| queues[1 - at].pop()) else { continue };
            clocks.publish(0, seq as u64, blocks[seq].iter().copied().max().map(time));
            published[seq] = true;
            for asked in 0..blocks.len() {
                let known = clocks.prefix(0, asked as u64);
                let all_before = published[..asked].iter().all(|&done| done);
                prop_assert_eq!(known, all_before.then(|| expected[asked].map(time)));
            }
        }
    }

    /// The watermark never goes back, and never passes a post that a sequential reading of its partition finds timely.
    #[test]
    fn watermark_keeps_its_promise(
        partitions in prop::collection::vec((blocks(), 0_u64..200), 1..4),
        order in prop::collection::vec(any::<u8>(), 0..80),
        heads in any::<bool>(),
    ) {
        let clock = ManualClock::at(time(0));
        let specs: Vec<_> = partitions
            .iter()
            .map(|(blocks, lateness)| {
                let head = if heads { blocks.iter().flatten().next().copied() } else { None };
                spec(head, false, *lateness)
            })
            .collect();
        let (mut handles, clocks, _receiver) = open(&specs);
        for (handle, (blocks, _)) in handles.iter_mut().zip(&partitions) {
            for _ in blocks {
                send(handle);
            }
        }
        drop(handles);
        // The oldest timely post of each partition from each block on, by reading it in order.
        let timely: Vec<Vec<Option<i64>>> = partitions
            .iter()
            .map(|(blocks, lateness)| {
                let mut newest: Option<i64> = None;
                blocks
                    .iter()
                    .map(|block| {
                        let mut oldest: Option<i64> = None;
                        for &post in block {
                            if newest.is_none_or(|newest| post >= newest - *lateness as i64) {
                                oldest = Some(oldest.map_or(post, |oldest| oldest.min(post)));
                                newest = newest.max(Some(post));
                            }
                        }
                        oldest
                    })
                    .collect()
            })
            .collect();
        let mut next = vec![0; partitions.len()];
        let mut last = None;
        for step in order.iter().map(|&b| b as usize).chain(std::iter::repeat_n(0, 80)) {
            let watermark = clocks.watermark(&clock);
            prop_assert!(watermark >= last);
            last = watermark;
            if let Some(watermark) = watermark {
                for (partition, &at) in next.iter().enumerate() {
                    for oldest in timely[partition][at..].iter().flatten() {
                        // A first record older than the head cannot be known before it is read; here the head is the first.
                        prop_assert!(*oldest >= watermark.unix(), "post {} at watermark {}", oldest, watermark.unix());
                    }
                }
            }
            let Some(partition) = (0..partitions.len()).map(|i| (i + step) % partitions.len())
                .find(|&i| next[i] < partitions[i].0.len()) else { break };
            let seq = next[partition];
            clocks.publish(partition as u32, seq as u64, partitions[partition].0[seq].iter().copied().max().map(time));
            next[partition] += 1;
        }
        prop_assert!(clocks.all_done());
    }
}
