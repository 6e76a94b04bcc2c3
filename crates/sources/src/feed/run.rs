//! The source: asks feeds when they are due, and sends their new items on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use groundswell_post::EventTime;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::config::FeedsConfig;
use super::document::Item;
use super::fetch::{Failure, Fetcher, Outcome};
use super::list::{FEEDS_MAX, ListError, once_each, shown};
use super::look::{Feed, Step, Told};
use super::status::{FeedState, FeedsStatus};
use crate::block::{Payload, Position, Positions};
use crate::channel::{BlockSender, PartitionHandle, PartitionSpec, Stop, Stopped};
use crate::clock::Clock;
use crate::live::{LivePart, LiveStatus, Trouble};
use crate::source::{Source, SourceError};

/// How often it is looked whether a stop was asked for.
const STOP_POLL: Duration = Duration::from_millis(50);

/// RSS, Atom and JSON feeds as one live source.
#[derive(Debug)]
pub struct Feeds {
    config: FeedsConfig,
    clock: Arc<dyn Clock>,
    status: Arc<FeedsStatus>,
    live: Arc<LiveStatus>,
    part: LivePart,
    list: Vec<Feed>,
    /// How long each feed waits for its first look.
    waits: Vec<Duration>,
}

impl Feeds {
    /// A source that begins to fetch when it runs. A list that cannot be read from is refused here.
    pub fn new(mut config: FeedsConfig, clock: Arc<dyn Clock>) -> Result<Self, ListError> {
        let specs = once_each(std::mem::take(&mut config.feeds));
        if specs.len() > FEEDS_MAX {
            return Err(ListError::TooMany(specs.len()));
        }
        let feeds = specs.into_iter().map(|spec| Feed::new(spec, config.seed)).collect::<Result<Vec<_>, _>>()?;
        let status = Arc::new(FeedsStatus::default());
        status.begin(feeds.iter().map(|feed| shown(&feed.question().url)));
        let live = LiveStatus::new(Arc::clone(&clock));
        let part = live.part(&config.name);
        Ok(Self { config, clock, status, live, part, waits: vec![Duration::ZERO; feeds.len()], list: feeds })
    }

    /// What it is doing as a whole: connected while any feed can be read.
    pub fn live(&self) -> Arc<LiveStatus> {
        Arc::clone(&self.live)
    }

    /// What has become of each feed.
    pub fn status(&self) -> Arc<FeedsStatus> {
        Arc::clone(&self.status)
    }
}

impl Source for Feeds {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn resume(&mut self, positions: &Positions) {
        let now = self.clock.now();
        let mut last = None;
        for (number, (feed, wait)) in self.list.iter_mut().zip(&mut self.waits).enumerate() {
            let Some(value) = positions.get(&*feed.key) else { continue };
            if let Some(next) = feed.resume(value, now) {
                *wait = next;
                last = last.max(feed.read_at());
                // Until it is due it is as it was; what went wrong is not remembered.
                if let (Some(_), 0) = (feed.read_at(), feed.failures) {
                    self.status.change(number as u32, |status| {
                        status.state = FeedState::Read;
                        status.read_at = feed.read_at();
                    });
                }
            } else {
                FeedsStatus::add(&self.status.counters.positions_refused, 1);
                tracing::warn!(target: "groundswell_sources::feed", feed = %shown(&feed.question().url),
                    "its position cannot be read: it begins anew");
            }
        }
        if let Some(last) = last {
            self.part.resumes_from(last);
        }
    }

    fn run(self: Box<Self>, mut out: BlockSender, stop: Stop) -> Result<(), SourceError> {
        let Self { config, clock, status, live: _, part, list: feeds, waits } = *self;
        if feeds.is_empty() {
            return Err(SourceError::Config(format!("{}: no feed to read", config.name)));
        }
        let fetcher = Fetcher::new(&config, Arc::clone(&clock)).map_err(SourceError::Config)?;
        // One thread fetches and parses, this one plans and sends: while the workers are behind and sending waits, answers still
        // come in and nobody's server is left hanging. Names are looked up on threads of their own, by the system.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(config.fetches_max.max(1) * 2)
            .thread_name("feeds")
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| SourceError::System { name: config.name.clone(), action: "start its runtime", error })?;
        let spec = PartitionSpec { name: config.name.clone(), head_time: None, live: true, lateness: config.lateness };
        let partition = out.partition(spec, &stop);
        let schedule = super::schedule::Schedule::new(config.fetches_max, millis(config.host_gap));
        let mut run = Run {
            config,
            clock,
            status,
            feeds,
            fetcher,
            schedule,
            partition,
            part,
            stop,
            line: 1,
            connected: false,
            warned: false,
        };
        runtime.block_on(run.run(&waits));
        run.part.closed();
        // Does not wait for a look-up that hangs.
        runtime.shutdown_background();
        Ok(())
    }
}

struct Run {
    config: FeedsConfig,
    clock: Arc<dyn Clock>,
    status: Arc<FeedsStatus>,
    feeds: Vec<Feed>,
    fetcher: Fetcher,
    schedule: super::schedule::Schedule,
    partition: PartitionHandle,
    part: LivePart,
    stop: Stop,
    line: u64,
    /// A feed could be read since the last time that none could.
    connected: bool,
    /// It was said that no feed can be read.
    warned: bool,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Run {
    async fn run(&mut self, waits: &[Duration]) {
        let started = Instant::now();
        self.part.connecting(&format!("{} feeds", self.feeds.len()));
        let since = || millis(started.elapsed());
        for (number, (feed, wait)) in self.feeds.iter().zip(waits).enumerate() {
            if feed.ended {
                self.status.change(number as u32, |status| status.state = FeedState::Ended);
            } else {
                self.schedule.plan(number as u32, &feed.host(), millis(*wait));
            }
        }
        let mut fetches: JoinSet<Outcome> = JoinSet::new();
        let mut running: BTreeMap<tokio::task::Id, (u32, Arc<str>)> = BTreeMap::new();
        while !self.stop.stopped() {
            let now = since();
            while let Some((number, host)) = self.schedule.next(now) {
                let question = self.feeds[number as usize].question();
                let fetcher = self.fetcher.clone();
                FeedsStatus::add(&self.status.counters.requests, 1);
                let task = fetches.spawn(async move { fetcher.fetch(question.url, question.known).await });
                running.insert(task.id(), (number, host));
            }
            let poll = now + millis(STOP_POLL);
            let wake = started + Duration::from_millis(self.schedule.wake_at().map_or(poll, |at| at.min(poll)));
            tokio::select! {
                Some(ended) = fetches.join_next_with_id(), if !fetches.is_empty() => {
                    let (id, outcome) = match ended {
                        Ok(ended) => ended,
                        Err(error) => (error.id(), Outcome::Failed(Failure::new(Trouble::BadAnswer, "the reader failed on it"))),
                    };
                    let Some((number, host)) = running.remove(&id) else { continue };
                    if self.take(number, &host, outcome, since()).is_err() {
                        return;
                    }
                }
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Takes the answer for a feed, plans its next request and sends what is new.
    fn take(&mut self, number: u32, host: &Arc<str>, outcome: Outcome, since: u64) -> Result<(), Stopped> {
        let now = self.clock.now();
        let feed = &mut self.feeds[number as usize];
        let step = feed.take(outcome, now, &self.config);
        self.schedule.done(host, since, millis(step.host_rest));
        if let Some(wait) = step.wait {
            self.schedule.plan(number, &feed.host(), since.saturating_add(millis(wait)));
        }
        if step.hop {
            return Ok(());
        }
        self.tell(number, &step, now);
        self.tell_live(&step);
        let feed = &self.feeds[number as usize];
        let mut lines = Vec::new();
        for (item, time) in &step.items {
            write_line(feed, &step, item, *time, &mut lines);
        }
        let count = step.items.len() as u64;
        let next = step.wait.map_or(0, |wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX / 4));
        let position = Position::new(&feed.key, feed.save(EventTime::from_unix(now.unix().saturating_add(next))));
        // Waits while the workers are behind. A look without news sends its position alone.
        self.partition.send_at(self.line, Payload::Ndjson(lines), Some(position))?;
        self.line += count;
        Ok(())
    }

    /// Says how the source as a whole is doing. One feed that fails is no gap of the source; all of them failing is.
    fn tell_live(&mut self, step: &Step) {
        match &step.told {
            Told::Read | Told::Broken(_) => {
                if !self.connected {
                    self.connected = true;
                    if std::mem::take(&mut self.warned) {
                        tracing::info!(target: "groundswell_sources::feed", "feeds can be read again");
                    }
                    self.part.connected();
                    // What appeared meanwhile is found at this look, unless so much time has passed that it counts as a first.
                    if !step.tally.first_look {
                        self.part.recovered();
                    }
                }
                self.part.message(step.bytes);
            }
            Told::Failing(trouble, _) => {
                let summary = self.status.summary();
                if summary.read == 0 {
                    if summary.waiting == 0 && !self.warned {
                        self.warned = true;
                        tracing::warn!(target: "groundswell_sources::feed", feeds = summary.feeds,
                            "no feed can be read ({trouble}); they are tried on");
                    }
                    self.connected = false;
                    self.part.failed(*trouble, step.wait.unwrap_or_default());
                }
            }
            Told::Ended => {}
        }
    }

    /// Counts, logs and shows one look.
    fn tell(&self, number: u32, step: &Step, now: EventTime) {
        let feed = &self.feeds[number as usize];
        let counters = &self.status.counters;
        FeedsStatus::add(&counters.items, step.items.len());
        FeedsStatus::add(&counters.items_known, step.tally.known);
        FeedsStatus::add(&counters.items_old, step.tally.old);
        FeedsStatus::add(&counters.items_undated, step.tally.undated);
        FeedsStatus::add(&counters.items_cut, step.tally.cut);
        FeedsStatus::add(&counters.moved, usize::from(step.tally.moved));
        FeedsStatus::add(&counters.unchanged, usize::from(step.tally.unchanged));
        let address = shown(&feed.question().url);
        let state = match &step.told {
            Told::Read => FeedState::Read,
            Told::Broken(error) => {
                tracing::debug!(target: "groundswell_sources::feed", feed = %address, "breaks off: {error}");
                FeedState::Broken(error.clone())
            }
            Told::Failing(_, error) => {
                FeedsStatus::add(&counters.failures, 1);
                // One of many that fails is shown among the sources and is no news for the log.
                tracing::debug!(target: "groundswell_sources::feed", feed = %address, failures = feed.failures, "{error}");
                FeedState::Failing { failures: feed.failures, error: error.clone() }
            }
            Told::Ended => {
                tracing::warn!(target: "groundswell_sources::feed", feed = %address,
                    "its server says that it is gone for good: it is asked no more; take it out of the list");
                FeedState::Ended
            }
        };
        let read = matches!(state, FeedState::Read | FeedState::Broken(_));
        self.status.change(number, |status| {
            status.address = address;
            status.state = state;
            status.items += step.items.len() as u64;
            if read {
                status.read_at = Some(now);
            }
        });
    }
}

/// An item in the file format of the contract.
#[derive(Serialize)]
struct Line<'a> {
    time: i64,
    id: &'a str,
    /// Absent where the item says nothing: the decoder counts it as a rejected record, like any other.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<&'a str>,
    publisher: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    /// The address of the item alone: links within it are the publisher's decoration.
    links: &'a [&'a str],
}

/// Writes an item that counts. It names no author: publishers' items pass the gate by being a publisher's.
fn write_line(feed: &Feed, step: &Step, item: &Item, time: EventTime, out: &mut Vec<u8>) {
    let host = feed.host();
    let named = |name: &str| !name.trim().is_empty();
    let publisher = feed.spec.name.as_deref().filter(|name| named(name)).unwrap_or(if named(&step.title) {
        &step.title
    } else {
        &host
    });
    let text = match (item.title.is_empty(), item.text.is_empty() || item.text.starts_with(&item.title)) {
        (true, _) | (false, true) if !item.text.is_empty() => item.text.clone(),
        (_, true) => item.title.clone(),
        (_, false) => format!("{}\n{}", item.title, item.text),
    };
    let lang = item.language.as_deref().or(feed.spec.language.as_deref()).or(step.language.as_deref());
    let link = item.link.as_deref();
    let line = Line {
        time: time.unix(),
        id: &id_of(feed, item),
        text: Some(text.as_str()).filter(|text| !text.is_empty()),
        lang: lang.map(str::trim),
        publisher,
        title: &item.title,
        url: link,
        links: link.as_slice(),
    };
    sonic_rs::to_writer(&mut *out, &line).expect("strings and numbers are always JSON");
    out.push(b'\n');
}

/// An id that is the same in all feeds that carry the item, where the item has one: the edge recognises it by that when a
/// publisher has it in two feeds. An id that only means something in its feed is taken together with the feed's host.
fn id_of(feed: &Feed, item: &Item) -> String {
    let global = |id: &&String| id.contains("://") || id.starts_with("tag:") || id.starts_with("urn:");
    match (&item.id, &item.link) {
        (Some(id), _) if global(&id) => id.clone(),
        (Some(id), _) => format!("{} {id}", feed.host()),
        (None, Some(link)) => link.clone(),
        (None, None) => {
            let hash = blake3::hash(format!("{}\n{}", item.title, item.text).as_bytes());
            format!("{} {}", feed.host(), hash.to_hex())
        }
    }
}
