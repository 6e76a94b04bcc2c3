//! Live updates: one ring of events that all streams read, so that a slow reader costs nobody else anything.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use groundswell_gate::Released;
use groundswell_gate::{DetectionRow, Dimension, Outward, SourceStatus};
use groundswell_sketch::{Rfc3339, Window};
use groundswell_store::ReleaseBatch;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::feeds::hub::Hub;

/// Events that a stream can be behind, and that a stream which comes back can ask for. A stream further behind is ended
/// and counted; when it comes back it is told to read anew.
pub const EVENTS_KEPT_MAX: usize = 1_024;

/// Streams at the same time; one more is refused.
pub const STREAMS_MAX: usize = 64;

/// Where live updates come in and go out. Clones are the same.
#[derive(Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

struct Inner {
    /// Tells this run's ids from an earlier run's.
    run: u32,
    ring: Mutex<Ring>,
    sender: broadcast::Sender<Arc<Event>>,
    streams: AtomicUsize,
    dropped: AtomicU64,
    pruned: AtomicU64,
    hub: Hub,
}

#[derive(Debug, Default)]
struct Ring {
    published: u64,
    events: VecDeque<Arc<Event>>,
}

/// One event, as it is sent.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    number: u64,
    pub(crate) name: &'static str,
    pub(crate) data: String,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("streams", &self.streams()).finish_non_exhaustive()
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

/// A window that has just closed, on the wire.
#[derive(Serialize)]
struct ClosedWindow {
    step: &'static str,
    start: Rfc3339,
    end: Rfc3339,
}

#[derive(Serialize)]
struct Sources<'a> {
    items: &'a [Released<SourceStatus>],
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

/// Someone who listens: first what was missed, then what comes.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Events since the last one that the listener has seen.
    pub(crate) missed: VecDeque<Arc<Event>>,
    /// More was missed than is kept, or in an earlier run.
    pub(crate) lost: bool,
    pub(crate) receiver: broadcast::Receiver<Arc<Event>>,
    live: Live,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.live.inner.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Subscription {
    pub(crate) fn count_dropped(&self) {
        self.live.inner.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

impl Live {
    /// Nobody listens yet.
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                run: RandomState::new().hash_one(0_u8) as u32,
                ring: Mutex::default(),
                sender: broadcast::Sender::new(EVENTS_KEPT_MAX),
                streams: AtomicUsize::new(0),
                dropped: AtomicU64::new(0),
                pruned: AtomicU64::new(0),
                hub: Hub::default(),
            }),
        }
    }

    /// Tells all listeners about windows that were committed to the store.
    pub fn committed(&self, batch: &ReleaseBatch) {
        let mut windows: Vec<Window> = batch.windows.clone();
        windows.sort_unstable();
        windows.dedup();
        for window in windows {
            let closed =
                ClosedWindow { step: window.step.as_str(), start: window.start_text(), end: window.end_text() };
            self.publish("window", serde_json::to_string(&closed).expect("times can be written"));
        }
        for row in batch.rows.iter().filter(|row| row.dimension == Dimension::Total) {
            self.publish("volume", row.to_json());
        }
        if !batch.detections.is_empty() {
            self.inner.hub.found();
        }
    }

    /// Tells all listeners about a detection that is in the store.
    pub(crate) fn detected(&self, row: &Released<DetectionRow>) {
        self.publish("detection", row.to_json());
    }

    /// Detections were dropped since they were older than they are kept.
    pub fn pruned(&self, detections: u64) {
        self.inner.pruned.fetch_add(detections, Ordering::Relaxed);
    }

    /// Detections that were dropped since the start.
    pub fn detections_pruned(&self) -> u64 {
        self.inner.pruned.load(Ordering::Relaxed)
    }

    /// Live streams of feeds.
    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// Live streams of feeds that are open.
    pub fn feed_streams(&self) -> usize {
        self.inner.hub.streams()
    }

    /// How often a live stream of a feed was further behind than [`crate::FEED_EVENTS_KEPT_MAX`].
    pub fn feed_streams_behind(&self) -> u64 {
        self.inner.hub.behind()
    }

    pub(crate) fn sources(&self, items: &[Released<SourceStatus>], notice: Option<&'static str>) {
        let data = serde_json::to_string(&Sources { items, notice }).expect("released things can be written");
        self.publish("sources", data);
    }

    fn publish(&self, name: &'static str, data: String) {
        let mut ring = self.inner.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.published += 1;
        let number = ring.published;
        let event = Arc::new(Event { id: format!("{:08x}-{number}", self.inner.run), number, name, data });
        if ring.events.len() == EVENTS_KEPT_MAX {
            ring.events.pop_front();
        }
        ring.events.push_back(Arc::clone(&event));
        // Sent under the lock, so that the order is that of the ring. No listener is no failure.
        let _ = self.inner.sender.send(event);
    }

    /// Listens from after an id on; `None` if there are too many listeners.
    pub(crate) fn subscribe(&self, last: Option<&str>) -> Option<Subscription> {
        let taken = self
            .inner
            .streams
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |streams| {
                (streams < STREAMS_MAX).then_some(streams + 1)
            })
            .is_ok();
        if !taken {
            return None;
        }
        let ring = self.inner.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.inner.sender.subscribe();
        let (mut missed, mut lost) = (VecDeque::new(), false);
        if let Some(last) = last {
            let seen = last
                .split_once('-')
                .filter(|(run, _)| *run == format!("{:08x}", self.inner.run))
                .and_then(|(_, number)| number.parse::<u64>().ok())
                .filter(|number| *number <= ring.published);
            let oldest = ring.events.front().map_or(ring.published + 1, |event| event.number);
            match seen {
                Some(seen) if seen + 1 >= oldest => {
                    missed.extend(ring.events.iter().filter(|event| event.number > seen).cloned());
                }
                _ => lost = true,
            }
        }
        drop(ring);
        Some(Subscription { missed, lost, receiver, live: self.clone() })
    }

    /// Streams that are open.
    pub fn streams(&self) -> usize {
        self.inner.streams.load(Ordering::Relaxed)
    }

    /// Streams that were ended because they were too slow.
    pub fn dropped(&self) -> u64 {
        self.inner.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use groundswell_sketch::Step;

    use super::*;

    fn close(live: &Live, minute: i64) {
        let window = Window { step: Step::Minute, start: 60 * minute };
        live.committed(&ReleaseBatch { windows: vec![window], ..ReleaseBatch::default() });
    }

    #[test]
    fn a_listener_that_comes_back_gets_what_it_missed() {
        let live = Live::new();
        close(&live, 1);
        let mut first = live.subscribe(None).unwrap();
        assert!(first.missed.is_empty() && !first.lost);
        close(&live, 2);
        let seen = first.receiver.try_recv().unwrap();
        assert_eq!(seen.data, r#"{"step":"minute","start":"1970-01-01T00:02:00Z","end":"1970-01-01T00:03:00Z"}"#);
        drop(first);
        close(&live, 3);
        let again = live.subscribe(Some(&seen.id)).unwrap();
        assert!(!again.lost);
        assert_eq!(again.missed.len(), 1);
        assert_eq!(live.streams(), 1);
        for minute in 0..=EVENTS_KEPT_MAX as i64 {
            close(&live, minute);
        }
        let late = live.subscribe(Some(&seen.id)).unwrap();
        assert!(late.lost && late.missed.is_empty());
        for unknown in ["", "x", "00000000-1", "ffffffffff-1"] {
            assert!(live.subscribe(Some(unknown)).unwrap().lost);
        }
    }

    #[test]
    fn listeners_are_bounded() {
        let live = Live::new();
        let all: Vec<_> = (0..STREAMS_MAX).map(|_| live.subscribe(None).unwrap()).collect();
        assert!(live.subscribe(None).is_none());
        drop(all);
        assert!(live.subscribe(None).is_some());
    }
}
