//! One task a receiver: takes what is due from the outbox, sends it, and says what became of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use groundswell_net::Guard;
use groundswell_store::{FeedError, Outbox, Outgoing};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use crate::http::{Http, Signed};
use crate::mail::Mail;
use crate::message::{self, Sender};
use crate::receiver::{How, ReceiverConfig, ReceiverError, address};
use crate::sign::Signer;

/// Tries of one delivery; after so many it is a dead letter. With the waits between them that is a day and a half.
pub const ATTEMPTS_MAX: u32 = 12;

/// How long one try may take.
pub const SEND_SECONDS_MAX: u64 = 15;

/// Deliveries taken from the outbox at once.
const DUE_MAX: usize = 16;

/// Waits between tries, in seconds; the last one goes on.
const WAITS: [u64; 9] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800];

/// How fast everything goes; other than the default in tests.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Waits between tries; the last one goes on.
    pub waits: Vec<Duration>,
    /// How long one try may take.
    pub timeout: Duration,
    /// How often the outbox is looked into though nobody said that there is something.
    pub look: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            waits: WAITS.map(Duration::from_secs).to_vec(),
            timeout: Duration::from_secs(SEND_SECONDS_MAX),
            look: Duration::from_secs(5),
        }
    }
}

impl Pace {
    /// The wait after so many tries. Up to an eighth longer, by what is waited for: those who failed together do not come together.
    fn wait(&self, attempts: u32, salt: i64) -> Duration {
        let last = self.waits.len().saturating_sub(1);
        let wait = self.waits.get((attempts as usize).min(last)).copied().unwrap_or(Duration::ZERO);
        wait + wait / 8 * (salt.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u32 / 256
    }
}

/// What a postman needs of the program around it.
#[derive(Clone)]
pub struct Office {
    /// The wall clock, Unix time.
    pub now: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// The newest head of the audit log, a signed note. May read files.
    pub checkpoint: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    /// The program's version.
    pub version: String,
    /// SHA-256 of the program's file.
    pub build: String,
    /// Scheme and host at which readers reach the page; empty: messages have no link.
    pub page: String,
    /// Whether receivers may be on this machine or in a private network.
    pub private_addresses: bool,
    /// How fast everything goes.
    pub pace: Pace,
}

impl fmt::Debug for Office {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Office").field("version", &self.version).finish_non_exhaustive()
    }
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The receiver has it.
    Through,
    /// The receiver is in trouble: nothing is sent to it for a while.
    Later { trouble: &'static str, after: Option<Duration> },
    /// The receiver is well and does not take this one: it waits by itself, others go on.
    NotThis(&'static str),
    /// It will never be taken.
    Never(&'static str),
}

/// The way to a receiver.
enum Way {
    Webhook(Http, Url, Signer),
    Slack(Http, Url),
    Teams(Http, Url),
    Mail(Box<Mail>, Option<Duration>),
    #[cfg(feature = "kafka")]
    Kafka(Box<crate::kafka::Kafka>),
}

/// Takes what is in the outbox to its receivers, until it is dropped.
#[derive(Debug)]
pub struct Postman {
    tasks: JoinSet<()>,
    news: watch::Sender<()>,
}

impl Postman {
    /// Starts a task for each receiver. They must be registered in the outbox ([`Outbox::register`]). Must be called in a runtime.
    pub fn start(
        receivers: Vec<ReceiverConfig>,
        outbox: Outbox,
        office: &Office,
    ) -> Result<Self, (String, ReceiverError)> {
        let (outbox, news) = (Arc::new(Mutex::new(outbox)), watch::Sender::new(()));
        let mut rounds = Vec::new();
        for receiver in receivers {
            let way = way(&receiver.how, office).map_err(|error| (receiver.name.clone(), error))?;
            rounds.push(Round {
                name: receiver.name,
                way,
                outbox: Arc::clone(&outbox),
                office: office.clone(),
                news: news.subscribe(),
            });
        }
        let mut tasks = JoinSet::new();
        for round in rounds {
            tasks.spawn(round.go());
        }
        Ok(Self { tasks, news })
    }

    /// Whether the receivers can be reached at all, as far as their settings say.
    pub fn check(receivers: &[ReceiverConfig], office: &Office) -> Result<(), (String, ReceiverError)> {
        receivers.iter().try_for_each(|receiver| {
            way(&receiver.how, office).map(drop).map_err(|error| (receiver.name.clone(), error))
        })
    }

    /// There is something in the outbox.
    pub fn news(&self) -> watch::Sender<()> {
        self.news.clone()
    }

    /// Ends all tasks. What was on its way comes again at the next start, under the same key.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

fn way(how: &How, office: &Office) -> Result<Way, ReceiverError> {
    let guard = Guard { private_addresses: office.private_addresses };
    let http = || Http::new(guard, office.pace.timeout);
    Ok(match how {
        How::Webhook { url, signer } => Way::Webhook(http()?, address(url, guard)?, signer.clone()),
        How::Slack { url } => Way::Slack(http()?, address(url, guard)?),
        How::Teams { url } => Way::Teams(http()?, address(url, guard)?),
        How::Mail(config) => Way::Mail(Box::new(Mail::new(config, office.pace.timeout)?), config.digest),
        #[cfg(feature = "kafka")]
        How::Kafka(config) => Way::Kafka(Box::new(crate::kafka::Kafka::new(config, office.pace.timeout)?)),
    })
}

/// One receiver's task.
struct Round {
    name: String,
    way: Way,
    outbox: Arc<Mutex<Outbox>>,
    office: Office,
    news: watch::Receiver<()>,
}

impl Round {
    async fn go(mut self) {
        loop {
            let pause = match self.once().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(receiver = %self.name, error = %error, "the outbox cannot be used; it is tried again");
                    Some(self.office.pace.look)
                }
            };
            if let Some(pause) = pause {
                // In trouble: news change nothing.
                tokio::time::sleep(pause).await;
                continue;
            }
            tokio::select! {
                changed = self.news.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(self.office.pace.look) => {}
            }
        }
    }

    fn now(&self) -> i64 {
        (self.office.now)()
    }

    async fn sender(&self) -> Sender {
        let checkpoint = Arc::clone(&self.office.checkpoint);
        let checkpoint = tokio::task::spawn_blocking(move || checkpoint()).await.ok().flatten();
        let Office { page, version, build, .. } = &self.office;
        Sender { page: page.clone(), version: version.clone(), build: build.clone(), checkpoint }
    }

    /// Sends what is due. Says how long to leave the receiver alone; `None`: until there is more.
    async fn once(&mut self) -> Result<Option<Duration>, FeedError> {
        if let Way::Mail(_, Some(every)) = &self.way {
            let every = i64::try_from(every.as_secs()).unwrap_or(i64::MAX).max(1);
            return self.digest(every).await;
        }
        loop {
            let due = self.outbox.lock().await.due(&self.name, self.now(), DUE_MAX).await?;
            if due.is_empty() {
                return Ok(None);
            }
            let sender = self.sender().await;
            for out in due {
                let sent = self.send(std::slice::from_ref(&out), &out.key, &sender).await;
                if let Some(pause) = self.ended(&[out.id], out.attempts, sent, None).await? {
                    return Ok(Some(pause));
                }
            }
        }
    }

    /// Sends what has come together, once the hour of the digest has come.
    async fn digest(&mut self, every: i64) -> Result<Option<Duration>, FeedError> {
        let now = self.now();
        let hour = now.div_euclid(every) * every;
        loop {
            // What came before the last hour of the digest should have gone out with it.
            if self.outbox.lock().await.due(&self.name, hour, 1).await?.is_empty() {
                return Ok(None);
            }
            let Some(bundle) = self.outbox.lock().await.bundle(&self.name, now).await? else { return Ok(None) };
            let sender = self.sender().await;
            let sent = self.send(&bundle.items, &bundle.key, &sender).await;
            let ids: Vec<i64> = bundle.items.iter().map(|item| item.id).collect();
            let attempts = bundle.items.iter().map(|item| item.attempts).max().unwrap_or(0);
            // It stays due: what does not go out now is the next that does.
            let sent = if let Sent::NotThis(trouble) = sent { Sent::Later { trouble, after: None } } else { sent };
            if let Some(pause) = self.ended(&ids, attempts, sent, Some(hour)).await? {
                return Ok(Some(pause));
            }
        }
    }

    /// One try, within its time.
    async fn send(&self, items: &[Outgoing], key: &str, sender: &Sender) -> Sent {
        let late = Sent::Later { trouble: "it did not answer in time", after: None };
        // The client has a bound of its own; this one also holds where a look-up of a name hangs.
        let bound = self.office.pace.timeout + Duration::from_secs(1);
        tokio::time::timeout(bound, self.try_to_send(items, key, sender)).await.unwrap_or(late)
    }

    async fn try_to_send(&self, items: &[Outgoing], key: &str, sender: &Sender) -> Sent {
        let Some(first) = items.first() else { return Sent::Through };
        match &self.way {
            Way::Webhook(http, url, signer) => {
                let (body, timestamp) = (message::webhook(first, sender), self.now());
                let signature = signer.sign(key, timestamp, body.as_bytes());
                let signed = Signed { id: key.to_owned(), timestamp, signature };
                http.post(url, body, key, Some(signed)).await
            }
            Way::Slack(http, url) => http.post(url, message::slack(first, sender), key, None).await,
            Way::Teams(http, url) => http.post(url, message::teams(first, sender), key, None).await,
            Way::Mail(mail, _) => {
                let (subject, text) = message::mail(items, sender);
                mail.send(key, subject, text).await
            }
            #[cfg(feature = "kafka")]
            Way::Kafka(kafka) => kafka.send(first.row.id.as_str(), key, &message::webhook(first, sender)).await,
        }
    }

    /// Writes down what became of a try, and says how long to leave the receiver alone.
    async fn ended(
        &self,
        ids: &[i64],
        attempts: u32,
        sent: Sent,
        due: Option<i64>,
    ) -> Result<Option<Duration>, FeedError> {
        let (now, salt) = (self.now(), ids.first().copied().unwrap_or(0));
        let began = Instant::now();
        let (trouble, after, pauses) = match sent {
            Sent::Through => {
                self.outbox.lock().await.delivered(ids, now).await?;
                return Ok(None);
            }
            Sent::Never(trouble) => {
                tracing::warn!(receiver = %self.name, deliveries = ids.len(), "given up: {trouble}");
                self.outbox.lock().await.give_up(ids, trouble, now).await?;
                return Ok(None);
            }
            Sent::Later { trouble, after } => (trouble, after, true),
            Sent::NotThis(trouble) => (trouble, None, false),
        };
        let wait = self.office.pace.wait(attempts, salt).max(after.unwrap_or_default());
        if attempts + 1 >= ATTEMPTS_MAX {
            tracing::warn!(receiver = %self.name, deliveries = ids.len(), "given up after {ATTEMPTS_MAX} tries: {trouble}");
            self.outbox.lock().await.give_up(ids, trouble, now).await?;
        } else {
            if attempts == 0 {
                tracing::warn!(receiver = %self.name, "not delivered, it is tried again: {trouble}");
            }
            let due = due.unwrap_or_else(|| now.saturating_add(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX)));
            self.outbox.lock().await.failed(ids, trouble, now, due).await?;
        }
        Ok(pauses.then(|| wait.saturating_sub(began.elapsed())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_do_not_come_together() {
        let pace = Pace::default();
        let waits: Vec<u64> = (0..ATTEMPTS_MAX).map(|attempts| pace.wait(attempts, 0).as_secs()).collect();
        assert_eq!(waits, [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800, 28_800, 28_800]);
        let eighth = |salt| pace.wait(3, salt);
        assert!((1..100).all(|salt| (600..=675).contains(&eighth(salt).as_secs())));
        assert!((1..100).any(|salt| eighth(salt) != eighth(0)));
    }
}
