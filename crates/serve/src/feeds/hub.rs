//! From the store to a thousand live streams: one reader, one bounded ring, and whoever falls behind it reads from the store.
//!
//! The commit only says that something was found. One task reads it from the store, in the order in which it came into feeds, and gives
//! it to all: what was told first, and what comes into a feed later, since a burst grew. A
//! stream that lags goes on from where it was by itself, page by page out of the store; one that was cut comes back with `Last-Event-ID`
//! and does the same. Neither costs anybody else anything but a look-up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use groundswell_gate::Outward as _;
use groundswell_store::{Entered, FeedItem, ReadError, ReleasedReader as _};
use tokio::sync::{broadcast, watch};

use crate::ServerState;

/// Detections that a feed's live stream can be behind; one that is further behind is counted, and reads from the store.
pub const FEED_EVENTS_KEPT_MAX: usize = 256;

/// Live streams of feeds at the same time; one more is refused.
pub const FEED_STREAMS_MAX: usize = 1_024;

/// Detections read at once.
pub(super) const PAGE: usize = 500;

/// How often the store is asked though nobody said that something was found.
const LOOK_SECONDS: u64 = 5;

/// A detection, as it is sent.
#[derive(Debug)]
pub(super) struct FeedEvent {
    /// Where it stands in the order in which detections came into feeds.
    pub(super) place: u64,
    /// The feeds that it came into there.
    pub(super) feeds: Vec<String>,
    pub(super) id: String,
    pub(super) data: String,
}

impl FeedEvent {
    fn of(entered: &Entered) -> Self {
        let Entered { place, into, row } = entered;
        Self { place: *place, feeds: into.clone(), id: row.id.clone(), data: row.to_json() }
    }

    /// As one feed has it.
    pub(super) fn in_feed(feed: &str, item: &FeedItem) -> Self {
        let FeedItem { place, row, .. } = item;
        Self { place: *place, feeds: vec![feed.to_owned()], id: row.id.clone(), data: row.to_json() }
    }
}

/// What is given to the streams.
#[derive(Clone, Debug)]
pub(super) enum Given {
    Found(Arc<FeedEvent>),
    /// Another store is shown from now on.
    OtherStore,
}

/// Where detections come in and go out.
#[derive(Debug)]
pub(crate) struct Hub {
    found: watch::Sender<()>,
    sender: broadcast::Sender<Given>,
    /// Which store is read, once it is.
    ready: watch::Sender<Option<u64>>,
    streams: AtomicUsize,
    behind: AtomicU64,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            found: watch::Sender::new(()),
            sender: broadcast::Sender::new(FEED_EVENTS_KEPT_MAX),
            ready: watch::Sender::new(None),
            streams: AtomicUsize::new(0),
            behind: AtomicU64::new(0),
        }
    }
}

/// A stream's place.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) receiver: broadcast::Receiver<Given>,
    state: ServerState,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.state.live().hub().streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Place {
    pub(super) fn count_behind(&self) {
        self.state.live().hub().behind.fetch_add(1, Ordering::Relaxed);
    }
}

impl Hub {
    /// Something was found, or another store is shown.
    pub(crate) fn found(&self) {
        self.found.send_replace(());
    }

    /// Streams that are open.
    pub(crate) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    /// How often a stream was further behind than the ring reaches.
    pub(crate) fn behind(&self) -> u64 {
        self.behind.load(Ordering::Relaxed)
    }

    /// A place for a stream that reads the store of this generation; `None`: all are taken. From then on everything that is
    /// committed comes.
    pub(super) async fn take(state: &ServerState, generation: u64) -> Option<Place> {
        let hub = state.live().hub();
        let taken = hub.streams.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |streams| {
            (streams < FEED_STREAMS_MAX).then_some(streams + 1)
        });
        taken.ok()?;
        let mut place = Place { receiver: hub.sender.subscribe(), state: state.clone() };
        // An error would say that the hub is gone, and with it this state.
        let _ = hub.ready.subscribe().wait_for(|ready| ready.is_some_and(|ready| ready >= generation)).await;
        // What came while it waited was of the store before, or is in the store already.
        place.receiver = hub.sender.subscribe();
        Some(place)
    }
}

/// Gives everybody what is found, as long as the server runs.
pub(crate) async fn pump(state: ServerState) {
    let mut found = state.live().hub().found.subscribe();
    let mut at = None;
    loop {
        if let Err(error) = step(&state, &mut at).await {
            tracing::error!(error = %error, "detections cannot be read for live streams; it is tried again");
        }
        tokio::select! {
            changed = found.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(Duration::from_secs(LOOK_SECONDS)) => {}
        }
    }
}

/// How far the store was read.
#[derive(Clone, Copy, Debug)]
struct At {
    generation: u64,
    /// What came into feeds.
    entered: u64,
    /// What was told first, whether any feed takes it or not.
    told: u64,
}

async fn step(state: &ServerState, at: &mut Option<At>) -> Result<(), ReadError> {
    let hub = state.live().hub();
    let Ok((reader, generation)) = state.reader_and_generation() else { return Ok(()) };
    if at.is_none_or(|at| at.generation != generation) {
        let _ = hub.sender.send(Given::OtherStore);
        let last = reader.last_place().await?;
        *at = Some(At { generation, entered: last, told: last });
        hub.ready.send_replace(Some(generation));
    }
    let Some(at) = at else { return Ok(()) };
    loop {
        let entered = reader.entered_since(at.entered, PAGE).await?;
        for one in &entered {
            at.entered = one.place;
            // That nobody listens is no failure.
            let _ = hub.sender.send(Given::Found(Arc::new(FeedEvent::of(one))));
        }
        if entered.len() < PAGE {
            break;
        }
    }
    loop {
        let told = reader.detections_since(None, at.told, PAGE).await?;
        for item in &told {
            at.told = item.place;
            state.live().detected(&item.row);
        }
        if told.len() < PAGE {
            return Ok(());
        }
    }
}
