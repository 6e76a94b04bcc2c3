//! Receivers with every fault, and what becomes of what was meant for them and for others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{Desk, Does, Hook, KEY, NOW, detection, office, webhook};
use groundswell_deliver::{
    ATTEMPTS_MAX, How, Office, Postman, ReceiverConfig, ReceiverError, Secret, Signer, previews,
};
use groundswell_store::{DetectionQuery, ReleasedReader as _};
use serde_json::Value;
use tokio::net::TcpListener;

fn keys(ids: impl Iterator<Item = u64>) -> BTreeSet<String> {
    ids.map(|id| format!("everything_narrative-n{id:x}")).collect()
}

#[tokio::test]
async fn a_webhook_is_signed_and_says_everything() {
    let mut desk = Desk::new().await;
    let hook = Hook::new(Does::Takes).await;
    let outbox = desk.registered(&["newsroom"]).await;
    let postman = Postman::start(vec![webhook("newsroom", hook.address)], outbox, &office()).unwrap();
    desk.commit([1]).await;
    postman.news().send_replace(());
    desk.until("newsroom", |count| count.delivered == 1).await;
    let got = hook.got();
    let [request] = got.as_slice() else { panic!("{} requests", got.len()) };
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(header("webhook-id"), "everything_narrative-n1");
    assert!(!header("webhook-id").contains('.'), "a full stop parts what is signed");
    assert_eq!(header("idempotency-key"), header("webhook-id"));
    assert_eq!(header("webhook-timestamp"), NOW.to_string());
    let signature = Signer::parse(KEY).unwrap().sign(header("webhook-id"), NOW, request.body.as_bytes());
    assert_eq!(header("webhook-signature"), signature);
    assert_eq!(header("content-type"), "application/json");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((body["type"].as_str(), body["timestamp"].as_str()), (Some("detection"), Some("2016-09-23T00:30:00Z")));
    let data = &body["data"];
    assert_eq!(data["url"], "https://watch.example/detections/narrative-n1");
    assert_eq!(
        (data["program"]["version"].as_str(), data["program"]["build"].as_str()),
        (Some("0.1.0"), Some("abcdef"))
    );
    assert!(data["program"]["checkpoint"].as_str().unwrap().starts_with("example.org/ours\n3\n"));
    assert_eq!(data["detection"]["title"], detection(1).title);
    assert_eq!(data["detection"]["evidence"]["command"], "groundswell export narratives --id n1");
}

#[tokio::test]
async fn chats_are_told_in_their_forms() {
    let mut desk = Desk::new().await;
    let (slack, teams) = (Hook::new(Does::Takes).await, Hook::new(Does::Takes).await);
    let url = |hook: &Hook| Secret::new(format!("http://{}/T0/B0/x", hook.address));
    let receiver = |name: &str, how| ReceiverConfig { name: name.to_owned(), feed: "everything".to_owned(), how };
    let receivers =
        vec![receiver("slack", How::Slack { url: url(&slack) }), receiver("teams", How::Teams { url: url(&teams) })];
    let outbox = desk.registered(&["slack", "teams"]).await;
    let postman = Postman::start(receivers, outbox, &office()).unwrap();
    desk.commit([1]).await;
    postman.news().send_replace(());
    desk.until("slack", |count| count.delivered == 1).await;
    desk.until("teams", |count| count.delivered == 1).await;
    let body: Value = serde_json::from_str(&slack.got()[0].body).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("*The story 'dam failure, &lt;river&gt; &amp; ∗bridge∗' grows"), "{text}");
    assert!(text.ends_with("\n<https://watch.example/detections/narrative-n1|Look at it>"), "{text}");
    assert!(text.contains("\nnarrative · severity ") && !text.contains("groundswell export"), "{text}");
    let body: Value = serde_json::from_str(&teams.got()[0].body).unwrap();
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    assert_eq!((card["type"].as_str(), card["version"].as_str()), (Some("AdaptiveCard"), Some("1.4")));
    let title = card["body"][0]["text"].as_str().unwrap();
    assert!(title.contains("<river> & \\*bridge\\*"), "{title}");
    assert_eq!(card["actions"][0]["url"], "https://watch.example/detections/narrative-n1");
}

/// A preview is no imitation: what each receiver gets is letter by letter what was shown before.
#[tokio::test]
async fn what_is_sent_is_what_was_shown() {
    let mut desk = Desk::new().await;
    let hooks = [Hook::new(Does::Takes).await, Hook::new(Does::Takes).await, Hook::new(Does::Takes).await];
    let url = |hook: &Hook| Secret::new(format!("http://{}/x", hook.address));
    let receiver = |name: &str, how| ReceiverConfig { name: name.to_owned(), feed: "everything".to_owned(), how };
    let receivers = vec![
        receiver("slack", How::Slack { url: url(&hooks[0]) }),
        receiver("teams", How::Teams { url: url(&hooks[1]) }),
        webhook("webhook", hooks[2].address),
    ];
    let outbox = desk.registered(&["slack", "teams", "webhook"]).await;
    let postman = Postman::start(receivers, outbox, &office()).unwrap();
    desk.commit([1]).await;
    let query = DetectionQuery { feed: Some("everything".to_owned()), limit: 1, ..DetectionQuery::default() };
    let found = desk.reader.detections(&query).await.unwrap().items.remove(0);
    let shown = previews("everything", found, &office());
    assert_eq!(shown.iter().map(|one| one.kind).collect::<Vec<_>>(), ["slack", "teams", "email", "webhook"]);
    assert_eq!(shown[2].subject.as_deref(), Some(detection(1).title.as_str()));
    // Where nobody said at which address the page is reached, the command is what leads further.
    let found = desk.reader.detections(&query).await.unwrap().items.remove(0);
    let alone = previews("everything", found, &Office { page: String::new(), ..office() });
    assert!(alone[..2].iter().all(|one| one.body.contains("groundswell export narratives")));
    assert!(shown[..2].iter().all(|one| !one.body.contains("groundswell export")));
    postman.news().send_replace(());
    for (name, hook) in ["slack", "teams", "webhook"].into_iter().zip(&hooks) {
        desk.until(name, |count| count.delivered == 1).await;
        let preview = shown.iter().find(|one| one.kind == name).unwrap();
        assert_eq!(hook.got()[0].body, preview.body, "{name}");
    }
}

/// The good one gets everything while all others are in trouble, and each of these everything when it is well again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_one_delays_another() {
    let mut desk = Desk::new().await;
    let faults = [
        ("error", Does::Answers(500)),
        ("busy", Does::Answers(429)),
        ("forbids", Does::Answers(403)),
        ("hangs", Does::Hangs),
        ("hangs-up", Does::HangsUp),
        ("hangs-up-early", Does::HangsUpEarly),
        ("garbage", Does::Garbage),
        ("drips", Does::Drips),
    ];
    let mut hooks = Vec::new();
    for (name, does) in faults {
        hooks.push((name, Hook::new(does).await));
    }
    let good = Hook::new(Does::Takes).await;
    // Nobody listens there.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut receivers: Vec<ReceiverConfig> = hooks.iter().map(|(name, hook)| webhook(name, hook.address)).collect();
    receivers.push(webhook("refuses", gone));
    receivers.push(webhook("good", good.address));
    let names: Vec<String> = receivers.iter().map(|receiver| receiver.name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let outbox = desk.registered(&names).await;
    let mut office = office();
    // So that nobody is given up while the test looks.
    office.pace.waits.push(Duration::from_millis(400));
    let postman = Postman::start(receivers, outbox, &office).unwrap();
    desk.commit(1..=50).await;
    postman.news().send_replace(());
    desk.until("good", |count| count.delivered == 50).await;
    assert_eq!(good.keys().len(), 50, "nothing came twice");
    for (name, _) in &hooks {
        let count = desk.count(name).await;
        assert_eq!((count.delivered, count.waiting), (0, 50), "{name} is still in trouble");
    }
    hooks.iter().for_each(|(_, hook)| hook.now_does(Does::Takes));
    for (name, hook) in &hooks {
        desk.until(name, |count| count.delivered == 50).await;
        let got: BTreeSet<String> = hook.keys().into_iter().collect();
        assert_eq!(got, keys(1..=50), "{name}: all of it, and what came again under the same keys");
    }
    assert_eq!(desk.count("refuses").await.waiting, 50);
}

#[tokio::test]
async fn what_one_does_not_take_keeps_up_no_other_and_ends_as_a_dead_letter() {
    let mut desk = Desk::new().await;
    let hook = Hook::new(Does::Dislikes("\"narrative-n2\"".to_owned())).await;
    let outbox = desk.registered(&["newsroom"]).await;
    let postman = Postman::start(vec![webhook("newsroom", hook.address)], outbox, &office()).unwrap();
    desk.commit(1..=5).await;
    postman.news().send_replace(());
    let count = desk.until("newsroom", |count| count.waiting == 0).await;
    assert_eq!((count.delivered, count.dead), (4, 1));
    let tries = hook.keys().into_iter().filter(|key| key == "everything_narrative-n2").count();
    assert_eq!(tries, ATTEMPTS_MAX as usize);
    let mut outbox = desk.outbox().await;
    let dead = outbox.dead_letters(Some("newsroom"), 10).await.unwrap();
    assert_eq!((dead[0].detection.as_str(), dead[0].attempts), ("narrative-n2", ATTEMPTS_MAX));
    assert_eq!(dead[0].trouble, "it answered that it does not understand this");
    // Once it is mended, it can be tried again.
    hook.now_does(Does::Takes);
    outbox.revive("newsroom", NOW).await.unwrap();
    postman.news().send_replace(());
    desk.until("newsroom", |count| count.delivered == 5).await;
    assert_eq!(hook.keys().last().unwrap(), "everything_narrative-n2");
}

#[tokio::test]
async fn who_is_gone_for_good_is_not_asked_again() {
    let mut desk = Desk::new().await;
    let hook = Hook::new(Does::Answers(410)).await;
    let outbox = desk.registered(&["newsroom"]).await;
    let postman = Postman::start(vec![webhook("newsroom", hook.address)], outbox, &office()).unwrap();
    desk.commit([1]).await;
    postman.news().send_replace(());
    desk.until("newsroom", |count| count.dead == 1).await;
    assert_eq!(hook.got().len(), 1);
}

#[tokio::test]
async fn private_addresses_and_redirections_lead_nowhere() {
    let mut desk = Desk::new().await;
    let inside = Hook::new(Does::Takes).await;
    let redirects = Hook::new(Does::Redirects(format!("http://{}/", inside.address))).await;
    let mut careful = office();
    careful.private_addresses = false;
    let literal = ReceiverConfig {
        how: How::Slack { url: Secret::new(format!("https://{}/", inside.address)) },
        ..webhook("literal", inside.address)
    };
    let outbox = desk.registered(&["literal"]).await;
    let refused = Postman::start(vec![literal], outbox, &careful).unwrap_err();
    assert_eq!(refused, ("literal".to_owned(), ReceiverError::NotPublic));
    // A name that leads to this machine is looked up when it is asked, and then it is seen.
    let named = ReceiverConfig {
        how: How::Slack { url: Secret::new(format!("https://localhost:{}/", inside.address.port())) },
        ..webhook("named", inside.address)
    };
    let outbox = desk.registered(&["named"]).await;
    let postman = Postman::start(vec![named], outbox, &careful).unwrap();
    desk.commit([1]).await;
    postman.news().send_replace(());
    desk.until("named", |count| count.dead == 1).await;
    let dead = desk.outbox().await.dead_letters(Some("named"), 1).await.unwrap();
    assert_eq!(dead[0].trouble, "the address is not public");
    postman.stop().await;
    let outbox = desk.registered(&["redirects"]).await;
    let postman = Postman::start(vec![webhook("redirects", redirects.address)], outbox, &office()).unwrap();
    desk.commit([2]).await;
    postman.news().send_replace(());
    desk.until("redirects", |count| count.dead == 1).await;
    assert!(inside.got().is_empty(), "nobody was led there");
    assert_eq!(redirects.got().len(), ATTEMPTS_MAX as usize);
}

#[tokio::test]
async fn a_trouble_is_a_fixed_phrase() {
    let mut desk = Desk::new().await;
    let hook = Hook::new(Does::Garbage).await;
    let receiver = webhook("newsroom", hook.address);
    let printed = format!("{receiver:?}");
    assert!(!printed.contains("s3cret") && !printed.contains("127.0.0.1") && !printed.contains("MfKQ"), "{printed}");
    let outbox = desk.registered(&["newsroom"]).await;
    let postman = Postman::start(vec![receiver], outbox, &office()).unwrap();
    desk.commit([1]).await;
    postman.news().send_replace(());
    desk.until("newsroom", |count| count.dead == 1).await;
    let dead = desk.outbox().await.dead_letters(None, 1).await.unwrap();
    assert_eq!(dead[0].trouble, "the connection broke, or it answered garbage");
}
