//! The laws of flow: two lanes, each bounded; who can wait waits, and who cannot is thinned (docs/architecture/flow.md).
#![allow(clippy::unwrap_used, reason = "a test")]

use std::thread;
use std::time::Duration;

use groundswell_post::Portion;
use groundswell_sources::{
    Block, BlockFeed, BlockReceiver, PartitionHandle, PartitionSpec, Payload, SourceIx, Stop, channel,
};
use proptest::prelude::*;

const IDLE: Duration = Duration::from_secs(30);

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(30);

fn spec() -> PartitionSpec {
    PartitionSpec { name: "test".to_owned(), head_time: None, live: true, lateness: Duration::ZERO }
}

fn patient(feed: &BlockFeed) -> PartitionHandle {
    feed.sender(SourceIx(0)).partition(spec(), &Stop::default())
}

fn live(feed: &BlockFeed) -> PartitionHandle {
    feed.sender(SourceIx(1)).partition(spec(), &Stop::default()).cannot_wait()
}

fn payload() -> Payload {
    Payload::Ndjson(b"{}\n".to_vec())
}

fn taken(blocks: &BlockReceiver) -> Vec<Block> {
    std::iter::from_fn(|| blocks.try_recv().ok()).collect()
}

#[test]
fn a_backlog_takes_no_place_from_live_sources_and_is_not_starved_by_them() {
    let (feed, blocks) = channel(12, IDLE);
    let (mut backlog, mut stream) = (patient(&feed), live(&feed));
    for _ in 0..12 {
        backlog.send(1, payload()).unwrap();
        stream.send_or_thin(1, payload(), None).unwrap();
    }
    assert_eq!(blocks.waiting(), 24);
    assert_eq!(blocks.thinning().waited(), 0, "a full lane of those that can wait is no want of room");
    let order: Vec<u16> = taken(&blocks).iter().map(|block| block.source.0).collect();
    assert_eq!(order.len(), 24);
    // As long as both have some, one block of four is the backlog's.
    assert_eq!(order[..16].iter().filter(|source| **source == 0).count(), 4);
    assert!(order[..16].windows(4).all(|four| four.contains(&0)));
}

#[test]
fn what_cannot_wait_is_thinned_while_there_is_no_room_and_comes_back_with_it() {
    let (feed, blocks) = channel(4, IDLE);
    let mut stream = live(&feed);
    for _ in 0..4 {
        stream.send_or_thin(1, payload(), None).unwrap();
    }
    assert!(blocks.thinning().portion() == Portion::ALL, "nothing is left out before a block found no room");
    // The fifth finds none; it is still sent, as it may hold a deletion.
    let sending = thread::spawn(move || {
        stream.send_or_thin(5, payload(), None).unwrap();
        stream
    });
    let mut portions = Vec::new();
    while portions.len() < 5 {
        // Only when it has been turned away there is room.
        if portions.is_empty() && blocks.thinning().waited() == 0 {
            thread::yield_now();
            continue;
        }
        portions.push(blocks.recv_timeout(PATIENCE).unwrap().portion);
    }
    let mut stream = sending.join().unwrap();
    assert_eq!(portions, [Portion::ALL, Portion::ALL, Portion::ALL, Portion::ALL, Portion::ALL.lowered()]);
    // A source that waits is not thinned in the same lane.
    stream.send_at(6, payload(), None).unwrap();
    assert_eq!(taken(&blocks)[0].portion, Portion::ALL);
    for _ in 0..40 {
        stream.send_or_thin(7, payload(), None).unwrap();
        assert_eq!(taken(&blocks).len(), 1);
    }
    assert_eq!(blocks.thinning().portion(), Portion::ALL);
    assert_eq!(blocks.thinning().waited(), 1);
}

#[test]
fn a_lane_whose_sources_have_ended_does_not_end_the_other() {
    let (feed, blocks) = channel(2, IDLE);
    let (mut backlog, mut stream) = (patient(&feed), live(&feed));
    drop(feed);
    assert!(blocks.recv_timeout(Duration::from_millis(1)).is_err());
    backlog.send(1, payload()).unwrap();
    backlog.finish();
    assert_eq!(blocks.recv_timeout(PATIENCE).unwrap().source, SourceIx(0));
    let sending = thread::spawn(move || stream.send_or_thin(1, payload(), None));
    assert_eq!(blocks.recv_timeout(PATIENCE).unwrap().source, SourceIx(1));
    sending.join().unwrap().unwrap();
    assert_eq!(blocks.recv_timeout(PATIENCE).unwrap_err(), crossbeam_channel::RecvTimeoutError::Disconnected);
}

#[test]
fn a_stop_wakes_a_live_source_that_waits_for_room() {
    let (feed, _blocks) = channel(1, IDLE);
    let stop = Stop::default();
    let mut stream = feed.sender(SourceIx(0)).partition(spec(), &stop).cannot_wait();
    stream.send_or_thin(1, payload(), None).unwrap();
    let waiting = thread::spawn(move || stream.send_or_thin(2, payload(), None));
    stop.stop();
    assert!(waiting.join().unwrap().is_err());
}

proptest! {
    /// Whatever is sent and taken in whatever order: no block is lost or overtakes another of its partition, no lane holds more
    /// than its bound, and only blocks that found no room lower what is kept.
    #[test]
    fn every_block_arrives_in_order_and_within_the_bounds(steps in prop::collection::vec(0_u8..4, 0..300), capacity in 1_usize..6) {
        let (feed, blocks) = channel(capacity, IDLE);
        let mut handles = [patient(&feed), live(&feed)];
        let (mut sent, mut taken, mut waiting) = ([0_u64; 2], [0_u64; 2], [0_usize; 2]);
        for step in steps {
            let lane = usize::from(step & 1);
            if step < 2 && waiting[lane] < capacity {
                let portion = blocks.thinning().portion();
                let line = sent[lane] + 1;
                match lane {
                    0 => handles[0].send(line, payload()).unwrap(),
                    _ => handles[1].send_or_thin(line, payload(), None).unwrap(),
                }
                prop_assert!(blocks.thinning().portion() >= portion);
                sent[lane] += 1;
                waiting[lane] += 1;
            } else if let Ok(block) = blocks.try_recv() {
                let lane = usize::from(block.source.0);
                taken[lane] += 1;
                waiting[lane] -= 1;
                prop_assert_eq!(block.first_line, taken[lane]);
                prop_assert_eq!(block.seq + 1, taken[lane]);
                prop_assert!(lane == 1 || block.portion == Portion::ALL);
            } else {
                prop_assert_eq!(waiting, [0, 0]);
            }
            prop_assert_eq!(blocks.waiting(), waiting.iter().sum::<usize>());
            prop_assert!(waiting.iter().all(|waiting| *waiting <= capacity));
        }
        prop_assert_eq!(blocks.thinning().waited(), 0);
        prop_assert_eq!(sent, [taken[0] + waiting[0] as u64, taken[1] + waiting[1] as u64]);
    }
}
