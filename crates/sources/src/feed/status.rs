//! What has become of each feed, for the page, for `doctor` and for logs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use groundswell_post::EventTime;

/// What is known of one feed now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FeedState {
    /// It has not been asked yet.
    #[default]
    Waiting,
    /// It was read when it was last asked.
    Read,
    /// It was read, but breaks off.
    Broken(String),
    /// It could not be read.
    Failing {
        /// How often in a row.
        failures: u32,
        /// What went wrong.
        error: String,
    },
    /// Its server says that it is gone for good; it is not asked any more.
    Ended,
}

/// One feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedStatus {
    /// Its address, without user, password and query.
    pub address: String,
    /// What is known of it.
    pub state: FeedState,
    /// Its items that were sent on.
    pub items: u64,
    /// When it was last read.
    pub read_at: Option<EventTime>,
}

/// How many feeds are how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedsSummary {
    /// All of them.
    pub feeds: usize,
    /// Not asked yet.
    pub waiting: usize,
    /// Read when last asked, whole or in part.
    pub read: usize,
    /// Not read when last asked.
    pub failing: usize,
    /// Gone for good.
    pub ended: usize,
    /// One that fails, and why.
    pub trouble: Option<String>,
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters since the start.
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $( pub(crate) $name: AtomicU64, )* }

        impl FeedsStatus { $(
            $(#[$doc])*
            pub fn $name(&self) -> u64 {
                self.counters.$name.load(Ordering::Relaxed)
            }
        )* }
    };
}

counters! {
    /// Requests made, redirections among them.
    requests,
    /// Answers that a feed is as it was.
    unchanged,
    /// Requests that failed.
    failures,
    /// Items sent on.
    items,
    /// Items that were there before.
    items_known,
    /// Items that were too old when they were first seen, or stood there at a first look: remembered, not sent.
    items_old,
    /// Items sent on without a date that can be believed: they count when they were found.
    items_undated,
    /// Items over the bound of a document.
    items_cut,
    /// Feeds that moved for good.
    moved,
    /// Positions of an earlier run that could not be used.
    positions_refused,
}

/// Shared between the source's thread and whoever watches.
#[derive(Debug, Default)]
pub struct FeedsStatus {
    feeds: Mutex<Vec<FeedStatus>>,
    pub(crate) counters: Counters,
}

impl FeedsStatus {
    fn lock(&self) -> MutexGuard<'_, Vec<FeedStatus>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self, addresses: impl Iterator<Item = String>) {
        *self.lock() = addresses
            .map(|address| FeedStatus { address, state: FeedState::Waiting, items: 0, read_at: None })
            .collect();
    }

    pub(crate) fn change(&self, feed: u32, change: impl FnOnce(&mut FeedStatus)) {
        if let Some(feed) = self.lock().get_mut(feed as usize) {
            change(feed);
        }
    }

    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// All feeds, in the order of the configuration.
    pub fn feeds(&self) -> Vec<FeedStatus> {
        self.lock().clone()
    }

    /// How many feeds are how.
    pub fn summary(&self) -> FeedsSummary {
        let feeds = self.lock();
        let mut summary = FeedsSummary { feeds: feeds.len(), ..FeedsSummary::default() };
        for feed in feeds.iter() {
            match &feed.state {
                FeedState::Waiting => summary.waiting += 1,
                FeedState::Read | FeedState::Broken(_) => summary.read += 1,
                FeedState::Ended => summary.ended += 1,
                FeedState::Failing { error, .. } => {
                    summary.failing += 1;
                    summary.trouble.get_or_insert_with(|| format!("{}: {error}", feed.address));
                }
            }
        }
        summary
    }
}
