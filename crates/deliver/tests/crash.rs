//! Cut off at any moment: between commit and sending, between sending and the answer, between the answer and writing it down.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use common::{Desk, Does, Hook, office, webhook};
use groundswell_deliver::Postman;

#[tokio::test]
async fn what_was_taken_and_not_acknowledged_comes_again_under_the_same_key() {
    let mut desk = Desk::new().await;
    let hook = Hook::new(Does::Hangs).await;
    let outbox = desk.registered(&["newsroom"]).await;
    let mut patient = office();
    patient.pace.timeout = Duration::from_mins(10);
    let postman = Postman::start(vec![webhook("newsroom", hook.address)], outbox, &patient).unwrap();
    desk.commit([1]).await;
    postman.news().send_replace(());
    while hook.got().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The receiver has it, and the program is killed before it knows.
    drop(postman);
    hook.now_does(Does::Takes);
    let outbox = desk.registered(&["newsroom"]).await;
    let postman = Postman::start(vec![webhook("newsroom", hook.address)], outbox, &office()).unwrap();
    desk.until("newsroom", |count| count.delivered == 1).await;
    assert_eq!(hook.keys(), ["everything_narrative-n1", "everything_narrative-n1"]);
    let got = hook.got();
    assert_eq!(got[0].body, got[1].body);
    postman.stop().await;
}

/// Killed again and again, at moments that nothing chooses, with a receiver that does something else each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_nothing_is_lost() {
    let mut desk = Desk::new().await;
    let hook = Hook::new(Does::Takes).await;
    let moods =
        [Does::Takes, Does::HangsUp, Does::Takes, Does::Hangs, Does::Answers(503), Does::HangsUpEarly, Does::Garbage];
    drop(desk.registered(&["newsroom"]).await);
    let rounds = 40_u64;
    let mut ids = 0;
    for round in 0..rounds {
        hook.now_does(moods[round as usize % moods.len()].clone());
        // Between commit and the next start nothing runs: the outbox is all there is.
        if round % 3 == 0 {
            desk.commit(ids + 1..=ids + 3).await;
            ids += 3;
        }
        let outbox = desk.registered(&["newsroom"]).await;
        let mut hasty = office();
        hasty.pace.waits = vec![Duration::ZERO];
        hasty.pace.timeout = Duration::from_millis(50);
        let postman = Postman::start(vec![webhook("newsroom", hook.address)], outbox, &hasty).unwrap();
        if round % 3 == 1 {
            desk.commit(ids + 1..=ids + 2).await;
            ids += 2;
            postman.news().send_replace(());
        }
        tokio::time::sleep(Duration::from_micros(round * 733 % 9_000)).await;
        drop(postman);
    }
    hook.now_does(Does::Takes);
    let mut outbox = desk.registered(&["newsroom"]).await;
    // Whatever was given up in all that trouble is no loss either: it is there, and comes when it is asked for.
    outbox.revive("newsroom", common::NOW).await.unwrap();
    let postman = Postman::start(vec![webhook("newsroom", hook.address)], outbox, &office()).unwrap();
    desk.until("newsroom", |count| count.waiting == 0).await;
    postman.stop().await;
    let mut bodies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in hook.got() {
        bodies.entry(request.headers["webhook-id"].clone()).or_default().insert(request.body);
    }
    let expected: BTreeSet<String> = (1..=ids).map(|id| format!("everything_narrative-n{id:x}")).collect();
    assert_eq!(bodies.keys().cloned().collect::<BTreeSet<_>>(), expected, "everything came, and nothing else");
    assert!(bodies.values().all(|bodies| bodies.len() == 1), "what came again was the same");
    assert!(hook.got().len() as u64 > ids, "something came again, or this test says nothing");
}
